package finding

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"joinery/criteria"
	"joinery/criteria/language"
	"joinery/fhir"
	"joinery/record/access"
	"joinery/timeline"
)

// The parts of resources that are written here.
type (
	coding struct {
		System  string `json:"system"`
		Version string `json:"version,omitempty"`
		Code    string `json:"code"`
		Display string `json:"display,omitempty"`
	}
	concept struct {
		Coding []coding `json:"coding,omitempty"`
		Text   string   `json:"text,omitempty"`
	}
	reference struct {
		Reference string `json:"reference"`
		Display   string `json:"display,omitempty"`
	}
	period struct {
		Start timeline.Day `json:"start,omitzero"`
		End   timeline.Day `json:"end,omitzero"`
	}
	meta struct {
		VersionID string   `json:"versionId,omitempty"`
		Security  []coding `json:"security,omitempty"`
		Tag       []coding `json:"tag,omitempty"`
	}
	prediction struct {
		Outcome   concept `json:"outcome"`
		Rationale string  `json:"rationale,omitempty"`
	}
	assessment struct {
		ResourceType string       `json:"resourceType"`
		ID           fhir.ID      `json:"id"`
		Meta         meta         `json:"meta,omitzero"`
		Status       string       `json:"status"`
		Method       concept      `json:"method"`
		Code         concept      `json:"code"`
		Subject      reference    `json:"subject"`
		Occurrence   period       `json:"occurrencePeriod"`
		Basis        []reference  `json:"basis,omitempty"`
		Prediction   []prediction `json:"prediction,omitempty"`
	}
)

// Systems of what is said beside the codes.
const (
	markSystem    = "urn:joinery:mark"    // what must be shown with a finding: unreviewed, unverified
	versionSystem = "urn:joinery:version" // codes are hashes of definitions
	testSystem    = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
	testCode      = "HTEST" // invented people, and so what is found of them
)

// current is what a person's RiskAssessment in the record says.
type current struct {
	assessment
	place   string // empty: nowhere
	patient fhir.ID
}

// readAssessment reads a RiskAssessment; ok is false when it is none of ours.
func readAssessment(res fhir.Value) (c current, ok bool) {
	if json.Unmarshal(res.Raw(), &c.assessment) != nil {
		return current{}, false
	}
	id, local := strings.CutPrefix(c.Subject.Reference, "Patient/")
	c.patient = fhir.ID(id)
	for _, code := range c.Code.Coding {
		ok = ok || code.System == definitionSystem
		if code.System == placeSystem {
			c.place = code.Code
		}
	}
	return c, ok && local
}

func docOf(v any) (*fhir.Doc, error) {
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	if err := out.Encode(v); err != nil {
		return nil, fmt.Errorf("write a finding: %w", err)
	}
	return fhir.Parse(b.Bytes()) //nolint:wrapcheck // it was just written
}

// definitionCoding is the coding of a definition.
func definitionCoding(d *language.Definition) coding {
	return coding{System: definitionSystem, Version: d.Version, Code: d.ID, Display: d.Title}
}

// marks are what must be shown with whatever comes of a definition.
func marks(d *language.Definition) []coding {
	var out []coding
	for _, m := range d.Marks() {
		code, _, _ := strings.Cut(m, ":")
		out = append(out, coding{System: markSystem, Code: slug(code), Display: m})
	}
	return out
}

// entered returns why a person is in a place. labels are the marks of all that
// is told of, tags those of the person. The place is a tag too, so that those who
// are in it can be counted: FHIR has no search by RiskAssessment.code.
func (one *finding) entered(labels access.Label, tags []coding) *assessment {
	d := one.definition
	_, called := Places(d)
	a := &assessment{
		ResourceType: "RiskAssessment", ID: one.id, Status: "final",
		Meta:    meta{Security: []coding{{System: access.LabelSystem, Code: "finding"}}, Tag: slices.Concat(marks(d), tags, []coding{{System: placeSystem, Code: one.place}})},
		Method:  concept{Coding: []coding{{System: versionSystem, Code: d.Hash}}, Text: d.Title + " " + d.Version},
		Code:    concept{Coding: []coding{definitionCoding(d), {System: placeSystem, Code: one.place}}, Text: called[one.place]},
		Subject: reference{Reference: "Patient/" + string(one.patient)}, Occurrence: period{Start: one.day},
	}
	for _, m := range labels.Marks() {
		a.Meta.Security = append(a.Meta.Security, coding{System: m.System, Code: m.Code})
	}
	told := map[string]bool{}
	for i := range one.reasons {
		r := &one.reasons[i]
		a.Prediction = append(a.Prediction, predictionOf(r))
		for _, e := range lastOf(r.Found) {
			if !told[e.Source] {
				told[e.Source] = true
				a.Basis = append(a.Basis, reference{Reference: e.Source, Display: eventText(&e)})
			}
		}
	}
	return a
}

// left returns what is said of a person who is in no place of the definition any
// more, from what is said now.
func (one *finding) left(now *current) *assessment {
	a := now.assessment
	a.Meta.VersionID = ""
	a.Code.Coding = slices.DeleteFunc(slices.Clone(a.Code.Coding), func(c coding) bool { return c.System == placeSystem })
	a.Meta.Tag = slices.DeleteFunc(slices.Clone(a.Meta.Tag), func(c coding) bool { return c.System == placeSystem })
	a.Occurrence.End = max(one.day, a.Occurrence.Start)
	a.Basis = nil
	a.Prediction = []prediction{{Outcome: concept{Text: "is not found any more"}, Rationale: one.why}}
	return &a
}

// most bounds how many events of one condition are told of; the last ones.
const most = 10

func lastOf(found []criteria.Fired) []criteria.Fired { return found[max(0, len(found)-most):] }

// predictionOf returns a condition and what made it hold, or not.
func predictionOf(r *criteria.Reason) prediction {
	p := prediction{Outcome: concept{Text: r.Says}}
	if !r.Holds {
		p.Outcome.Text = "not: " + r.Says
	}
	var parts []string
	for _, s := range []string{r.Number, r.Missing} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	for _, e := range lastOf(r.Found) {
		parts = append(parts, eventText(&e))
	}
	p.Rationale = strings.Join(parts, "; ")
	return p
}

// eventText says what an event was, for people.
func eventText(e *criteria.Fired) string {
	var parts []string
	for _, s := range []string{e.Date, e.Kind, e.Code, strings.TrimSpace(e.Value + " " + e.Unit), e.Status, e.Note} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, " ")
}

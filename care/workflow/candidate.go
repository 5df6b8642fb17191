package workflow

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"joinery/care/applied"
	"joinery/care/directory"
	"joinery/care/model"
	"joinery/criteria/language"
	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
	"joinery/record/access"
	"joinery/timeline"
)

// A candidate is somebody whom an applied model would help, by its definitions,
// and whom nobody has asked yet. Who finds them is care/finding; that they are
// candidates follows from its RiskAssessments each time it is asked for.

// Candidate is somebody whom a model found.
type Candidate struct {
	Patient fhir.ID
	Since   string   // the day from which all of it holds
	Reasons []string // what decided, one a condition, with the events that it rests on
	Judge   []string // what a person still has to judge

	model *model.Model // by which they were found
}

const (
	inviteState   = "urn:joinery:invite-state"
	placeSystem   = "urn:joinery:place"   // RiskAssessment.code, as care/finding writes it
	versionSystem = "urn:joinery:version" // RiskAssessment.method
	consentURL    = "urn:joinery:consent"
	maxCandidates = 10_000
)

// Candidates returns the people whom a model found and nobody has asked, as far as
// the subject may see them, by how long they have been found. The fault is Invalid
// when the model seeks nobody out. Where boroughs have different versions, who is
// found by one of them is a candidate, by whichever comes first.
func (f *Flow) Candidates(ctx context.Context, id string) ([]Candidate, error) {
	versions, err := f.seeking(ctx, id)
	if err != nil {
		return nil, err
	}
	asked := map[fhir.ID]bool{}
	err = f.each(ctx, func(h *held) { asked[idOf(h.get("for", "reference").Text(), "Patient/")] = true }, "Task", "code", ModelSystem+"|"+escape(id))
	if err != nil {
		return nil, err
	}
	var out []Candidate
	for _, m := range versions {
		found, err := f.foundBy(ctx, m)
		if err != nil {
			return nil, err
		}
		for p, c := range found {
			if !asked[p] {
				asked[p] = true
				c.model = m
				out = append(out, *c)
			}
		}
	}
	slices.SortFunc(out, func(a, b Candidate) int { return strings.Compare(a.Since+string(a.Patient), b.Since+string(b.Patient)) })
	return out, nil
}

// foundBy returns who meets all that is looked up of whom a model is for.
func (f *Flow) foundBy(ctx context.Context, m *model.Model) (map[fhir.ID]*Candidate, error) {
	found := map[fhir.ID]*Candidate{}
	var judge []string
	first := true
	for _, c := range m.Eligible {
		if c.Meets == nil {
			judge = append(judge, c.Says)
			continue
		}
		now, err := f.found(ctx, c.Meets)
		if err != nil {
			return nil, err
		}
		if first {
			found, first = now, false
			continue
		}
		maps.DeleteFunc(found, func(p fhir.ID, one *Candidate) bool {
			also := now[p]
			if also != nil {
				one.Since = max(one.Since, also.Since)
				one.Reasons = append(one.Reasons, also.Reasons...)
			}
			return also == nil
		})
	}
	for _, c := range m.Exclusions {
		if c.Meets == nil {
			judge = append(judge, "not: "+c.Says)
			continue
		}
		out, err := f.found(ctx, c.Meets)
		if err != nil {
			return nil, err
		}
		maps.DeleteFunc(found, func(p fhir.ID, _ *Candidate) bool { return out[p] != nil })
	}
	for _, c := range found {
		c.Judge = judge
	}
	return found, nil
}

// seeking returns the versions of a model that are in force and seek people out.
func (f *Flow) seeking(ctx context.Context, id string) ([]*model.Model, error) {
	today, _ := timeline.DayOf(f.clock())
	s, err := applied.Status(ctx, f.view, id)
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	names := s.Versions(today)
	if len(names) == 0 {
		return nil, fault.New(fault.NotFound, "This model of care is not in force yet.")
	}
	var out []*model.Model
	not := ""
	for _, name := range names {
		m, err := applied.Named(ctx, f.view, name)
		if err != nil {
			return nil, fmt.Errorf("look whom a model seeks: %w", err)
		}
		if len(m.Candidates.Invited) > 0 {
			out = append(out, m)
		}
		not = m.Candidates.Not
	}
	if len(out) == 0 {
		return nil, fault.New(fault.Invalid, "This model seeks nobody out: "+not+".")
	}
	return out, nil
}

// found returns who is in a definition now: in just the version of it that the
// model has.
func (f *Flow) found(ctx context.Context, d *language.Definition) (map[fhir.ID]*Candidate, error) {
	out := map[fhir.ID]*Candidate{}
	marked := f.view.Subject().Role() != access.CaseFinder // who is shown no marks, and nothing that lacks this one
	err := f.each(ctx, func(h *held) {
		res := h.doc.Root()
		patient := idOf(h.get("subject", "reference").Text(), "Patient/")
		if marked && access.Labels(res)&access.Finding == 0 || patient == "" || coded(h.get("code"), placeSystem) != d.ID {
			return
		}
		c := &Candidate{Patient: patient, Since: h.get("occurrencePeriod", "start").Text()}
		for p := range res.Get("prediction").Items() {
			says := p.At("outcome", "text").Text()
			if why := p.Get("rationale").Text(); why != "" {
				says += " (" + why + ")"
			}
			c.Reasons = append(c.Reasons, says)
		}
		out[patient] = c
	}, "RiskAssessment", "method", versionSystem+"|"+escape(d.Hash))
	return out, err
}

// each asks the record and calls visit for every match, page by page.
func (f *Flow) each(ctx context.Context, visit func(*held), typ string, params ...string) error {
	page, err := f.search(ctx, typ, append(params, "_count", "1000")...)
	for n := 0; err == nil; {
		for i := range page.Entries {
			if page.Entries[i].Mode != record.Match {
				continue
			}
			h, err := hold(&page.Entries[i].Version)
			if err != nil {
				return err
			}
			visit(h)
		}
		if n += len(page.Entries); page.Next == "" {
			return nil
		}
		if n >= maxCandidates {
			return fault.New(fault.TooLarge, "These are more people than are worked through at once; narrow the model's definitions or its area.")
		}
		page, err = f.view.Next(ctx, page.Next)
	}
	return err
}

// Invite notes that a candidate was invited, by whose organisation. The fault is
// Conflict when they were asked already.
func (f *Flow) Invite(ctx context.Context, id string, patient fhir.ID, organisation string) (*Now, error) {
	return f.ask(ctx, id, patient, organisation, "invited", "")
}

// Pass notes that a candidate is not invited, and why.
func (f *Flow) Pass(ctx context.Context, id string, patient fhir.ID, organisation, why string) (*Now, error) {
	if strings.TrimSpace(why) == "" {
		return nil, fault.New(fault.Invalid, "Say why this person is not invited: it is counted with the model.")
	}
	return f.ask(ctx, id, patient, organisation, "passed", why)
}

func (f *Flow) ask(ctx context.Context, id string, patient fhir.ID, organisation string, state State, why string) (*Now, error) {
	s := f.view.Subject()
	if s.Role() != access.System && s.Role() != access.CaseFinder || s.Role() == access.CaseFinder && !s.Is(organisation) {
		return nil, fault.New(fault.Denied, "Candidates are invited by a case-finder of the organisation, or an operator for it.")
	}
	if org := idOf(organisation, "Organization/"); !org.Valid() {
		return nil, fault.New(fault.Invalid, "Say for which organisation they are invited: Organization/x.")
	}
	all, err := f.Candidates(ctx, id)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(all, func(c Candidate) bool { return c.Patient == patient })
	if at < 0 {
		return nil, fault.New(fault.Conflict, "This person is no candidate of the model now: nobody found them, or they were asked already.")
	}
	m := all[at].model
	tags, err := f.person(ctx, patient)
	if err != nil {
		return nil, err
	}
	now := f.clock()
	to := Invites().Standing(state)
	t := task{
		ResourceType: "Task", Meta: marks(true, tags...), Status: to.Task, BusinessStatus: invited(state), Intent: "order",
		Extension: []extension{{URL: modelURL, Text: m.Name()}},
		Code:      concept{Coding: []coding{{System: KindSystem, Code: KindInvite}, {System: ModelSystem, Code: id}}, Text: m.Title},
		For:       reference{Reference: "Patient/" + string(patient)}, AuthoredOn: instant(now), LastModified: instant(now), Owner: reference{Reference: organisation},
	}
	step := Step{Move: "invite", At: now, By: f.side(""), Who: f.who(), Says: why}
	if !to.Over() {
		t.Meta.Tag = append(t.Meta.Tag, coding{System: OpenTag, Code: organisation})
	} else {
		step.Move = "pass"
		t.StatusReason = &concept{Text: why}
	}
	t.Extension = append(t.Extension, step.extension())
	op, err := creation("Task", name(1), t)
	if err != nil {
		return nil, err
	}
	made, again, err := f.view.Import(ctx, []byte("invite "+m.Name()+" "+string(patient)), []record.Op{op})
	if err != nil {
		return nil, fmt.Errorf("invite: %w", err)
	}
	if again {
		return nil, fault.New(fault.Conflict, "This person was asked already.")
	}
	h, err := hold(&made[0].Version)
	if err != nil {
		return nil, err
	}
	return f.job(h), nil
}

func invited(s State) concept {
	return concept{Coding: []coding{{System: inviteState, Code: string(s)}}, Text: Invites().Standing(s).Title}
}

// agreed refers somebody who said yes. Sent again, it is the same referral.
func (f *Flow) agreed(ctx context.Context, t *held, m *Making) error {
	if strings.TrimSpace(m.Says) == "" {
		return fault.New(fault.Invalid, "Say how the person agreed, and to what: it is kept with the referral.")
	}
	if !m.Service.Valid() {
		return fault.New(fault.Invalid, "Name the service of the model that they are referred to.")
	}
	s, err := directory.Find(ctx, f.view, m.Service)
	if err != nil {
		return err //nolint:wrapcheck // it says what it was doing
	}
	if s.Model != coded(t.get("code"), ModelSystem) {
		return fault.New(fault.Invalid, "This service is not one of the model that they were invited to.")
	}
	_, err = f.Refer(ctx, Asking{
		Key: "invite " + string(t.id), Patient: idOf(t.get("for", "reference").Text(), "Patient/"), Service: m.Service, Requester: t.get("owner", "reference").Text(),
		Reason: "Found by the model, and agreed to be referred", Consent: m.Says, Finding: true, invited: true,
	})
	return err
}

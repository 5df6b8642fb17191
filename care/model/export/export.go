// Package export writes a model of care as FHIR R4, for systems that do not read
// packs.
//
//	resources, err := export.FHIR(m)
//	text, err := export.Bundle(resources).JSON()
//
// The shape is that of a published care pathway: one PlanDefinition with an
// action to enrol (a condition for each criterion, named, so that the one that
// fails can be shown), one for each activity, one for each warning before the
// end; an ActivityDefinition for each of them; a HealthcareService for each site;
// a Measure for each measure; a Questionnaire for each questionnaire; a Library
// with the canonical bytes of the pack, one with the rules of its clocks, and
// those of its definitions.
//
// # Invariants
//
// The same model gives the same bytes. Every resource is a draft until a
// clinician's name stands in the model, and says so in its text. What FHIR has
// no place for (capacity, the hours of an activity) stands in extensions under
// our own address, none of which changes a meaning.
//
// # Trade-offs
//
// The pack stays the source: this does not read back, except that the Library
// holds the pack's bytes whole. Criteria that people judge are expressions of
// plain text, which no machine evaluates.
package export

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	criteria "joinery/criteria/export"
	"joinery/criteria/language"

	"joinery/care/model"
)

// Resource is a FHIR resource, or a part of one.
type Resource = criteria.Resource

// Bundle returns resources as one collection.
func Bundle(resources []Resource) Resource { return criteria.Bundle(resources) }

// Base begins the addresses of what is written.
const Base = criteria.Base

// writer writes one model.
type writer struct {
	m   *model.Model
	out []Resource
}

// FHIR returns the resources that carry a model. The fault is of the kind
// Unsupported where a definition cannot be written as CQL.
func FHIR(m *model.Model) ([]Resource, error) {
	w := &writer{m: m}
	if err := w.definitions(); err != nil {
		return nil, err
	}
	w.libraries()
	for _, q := range m.Questions {
		w.questionnaire(q)
	}
	for i := range m.Activities {
		w.activity(&m.Activities[i])
	}
	w.enrolment()
	for i := range m.Sites {
		w.site(&m.Sites[i])
	}
	for i := range m.Measures {
		w.measure(&m.Measures[i])
	}
	w.plan()
	return w.out, nil
}

// definitions writes what the model's criteria and measures refer to.
func (w *writer) definitions() error {
	seen := map[string]bool{}
	for _, d := range w.used() {
		resources, err := criteria.FHIR(d)
		if err != nil {
			return err //nolint:wrapcheck // it is fit to be shown
		}
		for _, r := range resources {
			if url := fmt.Sprint(r["url"]); !seen[url] {
				seen[url] = true
				w.out = append(w.out, r)
			}
		}
	}
	return nil
}

// used returns the definitions that the model names, each once.
func (w *writer) used() []*language.Definition {
	var out []*language.Definition
	add := func(d *language.Definition) {
		if d != nil && !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	for _, c := range slices.Concat(w.m.Eligible, w.m.Exclusions) {
		add(c.Meets)
	}
	for _, x := range w.m.Measures {
		add(w.m.Definitions.Definitions[x.Definition])
	}
	return out
}

// about returns what every resource says of the model.
func (w *writer) about(typ, id, title, description string) Resource {
	status := "draft"
	if w.m.Reviewer != "" {
		status = "active"
	}
	for _, mark := range w.m.Marks() {
		description += "\n" + mark + "."
	}
	r := Resource{
		"resourceType": typ, "id": id, "url": Base + "/" + typ + "/" + id, "version": w.m.Version, "name": name(id), "title": title,
		"status": status, "experimental": true, "description": description, "publisher": w.m.Owner,
		"identifier": []Resource{{"system": Base + "/model-hash", "value": w.m.Hash}},
	}
	if len(w.m.Area.Codes) > 0 {
		var codes []Resource
		for _, code := range w.m.Area.Codes {
			codes = append(codes, Resource{"system": "https://statistics.gov.uk/id/statistical-geography", "code": code})
		}
		r["jurisdiction"] = []Resource{{"coding": codes, "text": w.m.Area.Name}}
	}
	return r
}

// id returns the id of a part of the model, at most 64 letters as FHIR has it.
func (w *writer) id(part string) string {
	id := w.m.ID + "." + part
	if len(id) > 64 {
		id = id[:64]
	}
	return strings.TrimRight(id, ".-")
}

// address returns the canonical address of a resource.
func (w *writer) address(typ, part string) string {
	return Base + "/" + typ + "/" + w.id(part) + "|" + w.m.Version
}

// name returns an id as FHIR wants names: FallsResponseCar.
func name(id string) string {
	var b strings.Builder
	for _, part := range strings.FieldsFunc(id, func(r rune) bool { return r == '-' || r == '.' }) {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	if s := b.String(); s[0] >= 'A' && s[0] <= 'Z' {
		return s
	}
	return "M" + b.String()
}

func concept(system, code string) Resource {
	return Resource{"coding": []Resource{{"system": system, "code": code}}}
}

func text(s string) Resource { return Resource{"text": s} }

// note is an extension of ours.
func note(name, kind string, value any) Resource {
	return Resource{"url": Base + "/StructureDefinition/" + name, "value" + kind: value}
}

// clock is a response standard as the Library of clocks has it.
type clock struct {
	ID     string `json:"id"`
	Says   string `json:"says"`
	Clock  string `json:"clock,omitempty"`
	Starts string `json:"starts"`
	Stops  string `json:"stops"`
	Within string `json:"within"`
	During string `json:"during,omitempty"`
	Target string `json:"target"`
	Source string `json:"source"`
}

// libraries writes the pack itself, and the rules of its clocks.
func (w *writer) libraries() {
	m := w.m
	pack := w.about("Library", w.id("pack"), m.Title+", the pack", "The model of care as it is written, in one form. SHA-256: "+m.Hash+".")
	pack["type"] = concept("http://terminology.hl7.org/CodeSystem/library-type", "asset-collection")
	pack["content"] = []Resource{{"contentType": "application/json", "data": base64.StdEncoding.EncodeToString(m.Canonical())}}
	w.out = append(w.out, pack)
	if len(m.Standards) == 0 {
		return
	}
	var all []clock
	for _, s := range m.Standards {
		c := clock{s.ID, s.Says, s.Clock, s.Starts, s.Stops, s.Within.String(), "", fmt.Sprintf("%.0f%%", s.Target*100), s.Source}
		if s.During != nil {
			c.During = s.During.Text
		}
		all = append(all, c)
	}
	data, err := json.Marshal(all)
	if err != nil {
		panic(err) // texts are always written
	}
	clocks := w.about("Library", w.id("clocks"), m.Title+", its clocks", "How soon people are answered: what starts and stops each clock, and its limit.")
	clocks["type"] = concept("http://terminology.hl7.org/CodeSystem/library-type", "logic-library")
	clocks["content"] = []Resource{{"contentType": "application/json", "data": base64.StdEncoding.EncodeToString(data)}}
	w.out = append(w.out, clocks)
}

// itemTypes are FHIR's kinds of questions.
var itemTypes = map[model.AnswerKind]string{
	model.YesNo: "boolean", model.Choice: "choice", model.Number: "decimal", model.Words: "text", model.Date: "date", model.Score: "decimal",
}

func (w *writer) questionnaire(q *model.Questionnaire) {
	r := w.about("Questionnaire", w.id(q.ID), q.Title, q.Says)
	r["version"] = q.Version
	r["subjectType"] = []string{"Patient"}
	r["purpose"] = "From: " + q.Source + "."
	if q.Licence != "" {
		r["copyright"] = "The text is licensed by " + q.Licence + " and is not here; only the total is kept."
	}
	if q.Code != "" {
		r["code"] = []Resource{{"system": q.System, "code": q.Code}}
	}
	var items []Resource
	for i := range q.Items {
		items = append(items, item(&q.Items[i]))
	}
	r["item"] = items
	w.out = append(w.out, r)
}

func item(x *model.Item) Resource {
	r := Resource{"linkId": x.ID, "text": x.Asks, "type": itemTypes[x.Kind], "required": x.Required}
	var limits []Resource
	if x.From != nil {
		limits = append(limits, Resource{"url": "http://hl7.org/fhir/StructureDefinition/minValue", "valueDecimal": *x.From})
	}
	if x.To != nil {
		limits = append(limits, Resource{"url": "http://hl7.org/fhir/StructureDefinition/maxValue", "valueDecimal": *x.To})
	}
	if limits != nil {
		r["extension"] = limits
	}
	var options []Resource
	for i, o := range x.Options {
		options = append(options, Resource{"valueCoding": Resource{
			"code": fmt.Sprint(i + 1), "display": o.Says,
			"extension": []Resource{{"url": "http://hl7.org/fhir/StructureDefinition/ordinalValue", "valueDecimal": o.Points}},
		}})
	}
	if options != nil {
		r["answerOption"] = options
	}
	return r
}

// methods are FHIR's ways to refer; others are words.
var methods = map[model.Channel]string{model.Phone: "phone", model.System: "elec", model.Email: "semail", model.Letter: "mail"}

var weekdays = [7]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func (w *writer) site(s *model.Site) {
	m := w.m
	r := Resource{
		"resourceType": "HealthcareService", "id": w.id(s.ID), "active": m.Reviewer != "",
		"identifier": []Resource{{"system": Base + "/model", "value": m.Name()}},
		"name":       m.Title + ", " + s.Title, "comment": m.Residents, "extraDetails": strings.Join(m.Marks(), "\n"),
		"program": []Resource{text(m.Title)}, "characteristic": []Resource{text(m.Layer)},
	}
	capacity := []Resource{note("starts-a-week", "UnsignedInt", s.Starts)}
	if s.AtOnce > 0 {
		capacity = append(capacity, note("at-one-time", "UnsignedInt", s.AtOnce))
	}
	r["extension"] = []Resource{{"url": Base + "/StructureDefinition/capacity", "extension": capacity}}
	var eligible []Resource
	for _, c := range m.Eligible {
		eligible = append(eligible, Resource{"comment": c.Says})
	}
	for _, c := range m.Exclusions {
		eligible = append(eligible, Resource{"comment": "Not: " + c.Says})
	}
	r["eligibility"] = eligible
	var how []Resource
	seen := map[model.Channel]bool{}
	for _, x := range m.Referrers {
		for _, by := range x.By {
			if seen[by] {
				continue
			}
			seen[by] = true
			method := text(string(by))
			if code, ok := methods[by]; ok {
				method = concept("http://terminology.hl7.org/CodeSystem/service-referral-method", code)
			}
			how = append(how, method)
		}
	}
	r["referralMethod"] = how
	var days []string
	for d := 1; d <= 7; d++ {
		if s.Open.Days[d%7] {
			days = append(days, weekdays[d%7])
		}
	}
	r["availableTime"] = []Resource{{"daysOfWeek": days, "availableStartTime": clockTime(s.Open.From), "availableEndTime": clockTime(s.Open.To)}}
	w.out = append(w.out, r)
}

// clockTime writes minutes from midnight; FHIR's times end before midnight.
func clockTime(minute int) string {
	if minute >= 24*60 {
		return "23:59:59"
	}
	return fmt.Sprintf("%02d:%02d:00", minute/60, minute%60)
}

func (w *writer) measure(x *model.Measure) {
	r := w.about("Measure", w.id(x.ID), x.Title, "A measure of "+string(x.Aspect)+". "+x.Source)
	scoring, population := "continuous-variable", "measure-population"
	if x.Share() {
		scoring, population = "proportion", "numerator"
	}
	r["scoring"] = concept("http://terminology.hl7.org/CodeSystem/measure-scoring", scoring)
	r["topic"] = []Resource{text(string(x.Aspect))}
	notation := map[string]string{"higher": "increase", "lower": "decrease"}[x.Better]
	r["improvementNotation"] = concept("http://terminology.hl7.org/CodeSystem/measure-improvement-notation", notation)
	libraries := []string{w.address("Library", "pack")}
	counted := Resource{"language": "text/plain", "expression": told(x)}
	if x.Definition != "" {
		libraries = append(libraries, Base+"/Library/"+x.Definition)
		counted = Resource{"language": "text/cql", "expression": `"Answer" = 'met'`, "reference": Base + "/Library/" + x.Definition}
	}
	r["library"] = libraries
	group := func(code string, expression Resource) Resource {
		return Resource{"code": concept("http://terminology.hl7.org/CodeSystem/measure-population", code), "criteria": expression}
	}
	all := Resource{"language": "text/plain", "expression": "everybody who was in the model and has left it"}
	populations := []Resource{group("initial-population", all)}
	if x.Share() {
		populations = append(populations, group("denominator", all))
	}
	r["group"] = []Resource{{"population": append(populations, group(population, counted))}}
	w.out = append(w.out, r)
}

// told says in words from what a measure is worked out.
func told(x *model.Measure) string {
	switch {
	case x.Outcomes != nil:
		return "ended with: " + strings.Join(x.Outcomes, ", ")
	case x.Stage != "":
		return "came to the stage: " + x.Stage
	case x.Standard != "":
		return "the standard was met: " + x.Standard
	case x.Change:
		return "change of the score of " + x.Questionnaire + ", first to last"
	}
	return "score of " + x.Questionnaire + ", last"
}

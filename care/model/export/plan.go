package export

import (
	"fmt"
	"strings"

	"joinery/care/model"
)

// unitCodes are the UCUM codes of lengths of time, and those of FHIR's timings;
// working days are written as days, with a note.
var unitCodes = map[model.Unit]string{
	model.Minute: "min", model.Hour: "h", model.WorkingDay: "d", model.Day: "d", model.Week: "wk", model.Month: "mo",
}

func duration(v model.Wait) Resource {
	r := Resource{"value": v.N, "unit": v.Unit.String(), "system": "http://unitsofmeasure.org", "code": unitCodes[v.Unit]}
	if v.Unit == model.WorkingDay {
		r["extension"] = []Resource{note("working-days", "Boolean", true)}
	}
	return r
}

func weeks(n int) Resource { return duration(model.Wait{N: n, Unit: model.Week}) }

// activity writes what is done as an ActivityDefinition.
func (w *writer) activity(a *model.Activity) {
	says := a.Title + "."
	if len(a.Needs) > 0 {
		says += " Needs: " + strings.Join(a.Needs, "; ") + "."
	}
	r := w.about("ActivityDefinition", w.id(a.ID), a.Title, says)
	r["kind"] = "Task"
	r["code"] = text(a.Title)
	r["timingTiming"] = w.timing(a)
	var extra []Resource
	extra = append(extra, note("place", "String", a.Place))
	if a.Hours != nil {
		extra = append(extra, note("between", "String", a.Hours.Text))
	}
	if a.Group > 0 {
		extra = append(extra, note("group-of", "UnsignedInt", a.Group))
	}
	if a.Attended > 0 {
		extra = append(extra, note("attended", "Decimal", a.Attended))
	}
	for _, x := range []struct {
		name string
		of   []string
	}{{"kind", a.Kinds}, {"conflicts-with", a.Against}, {"assesses", a.Assesses}} {
		for _, what := range x.of {
			extra = append(extra, note(x.name, "String", what))
		}
	}
	r["extension"] = extra
	r["participant"] = w.participants(a.By)
	var related []Resource
	for _, q := range a.Asks {
		related = append(related, Resource{"type": "depends-on", "display": "asks " + q, "resource": w.address("Questionnaire", q)})
	}
	if related != nil {
		r["relatedArtifact"] = related
	}
	w.out = append(w.out, r)
}

// timing writes when an activity is done, for how long, and how often.
func (w *writer) timing(a *model.Activity) Resource {
	repeat := Resource{"duration": a.Minutes, "durationUnit": "min"}
	t := a.When
	switch t.Repeat {
	case model.Once:
		repeat["count"] = 1
	case model.AtWeeks:
		repeat["count"] = len(t.Weeks)
	case model.WhenNeeded:
	case model.Recurring:
		repeat["frequency"], repeat["period"], repeat["periodUnit"] = t.Times, t.Every, unitCodes[t.Unit]
		if t.UpTo {
			repeat["frequency"], repeat["frequencyMax"] = 1, t.Times
		}
		switch {
		case a.For != model.Wait{}:
			repeat["boundsDuration"] = duration(a.For)
		case w.m.Length != nil:
			repeat["boundsDuration"] = duration(w.m.Length.Is)
		}
	}
	return Resource{"repeat": repeat, "code": text(t.Text)}
}

func (w *writer) participants(roles []string) []Resource {
	var out []Resource
	for _, id := range roles {
		role := Resource{"text": id}
		if r := w.m.Role(id); r != nil {
			role["text"] = r.Title
			if r.Code != "" {
				role["coding"] = []Resource{{"system": "http://snomed.info/sct", "code": r.Code}}
			}
		}
		out = append(out, Resource{"type": "practitioner", "role": role})
	}
	return out
}

// enrolment writes what a referral and an enrolment are.
func (w *writer) enrolment() {
	refer := w.about("ActivityDefinition", w.id("refer"), "Refer to "+w.m.Title, w.m.Consent)
	refer["kind"], refer["intent"] = "ServiceRequest", "order"
	refer["code"] = text("Referral to " + w.m.Title)
	var who []Resource
	for _, x := range w.m.Referrers {
		kind := map[model.From]string{model.FromPerson: "patient", model.FromCarer: "related-person"}[x.From]
		if kind == "" {
			kind = "practitioner"
		}
		who = append(who, Resource{"type": kind, "role": text(x.Title + ", by " + channels(x.By))})
	}
	refer["participant"] = who
	enrol := w.about("ActivityDefinition", w.id("enrol"), "Enrol in "+w.m.Title, w.m.Consent)
	enrol["kind"], enrol["code"] = "Task", text("Enrolment in "+w.m.Title)
	enrol["participant"] = w.participants(w.m.CanDo(model.Decide))
	w.out = append(w.out, refer, enrol)
}

func channels(all []model.Channel) string {
	var words []string
	for _, c := range all {
		words = append(words, string(c))
	}
	return strings.Join(words, ", ")
}

// plan writes the model as a PlanDefinition.
func (w *writer) plan() {
	m := w.m
	r := w.about("PlanDefinition", m.ID, m.Title, m.Purpose)
	r["type"] = concept("http://terminology.hl7.org/CodeSystem/plan-definition-type", "workflow-definition")
	r["subjectCodeableConcept"] = concept("http://hl7.org/fhir/resource-types", "Patient")
	r["usage"] = "For residents: " + m.Residents
	r["useContext"] = []Resource{{
		"code":                 Resource{"system": "http://terminology.hl7.org/CodeSystem/usage-context-type", "code": "program"},
		"valueCodeableConcept": text(m.Layer),
	}}
	if m.Reviewer != "" {
		r["reviewer"] = []Resource{{"name": m.Reviewer}}
	}
	libraries := []string{w.address("Library", "pack")}
	if len(m.Standards) > 0 {
		libraries = append(libraries, w.address("Library", "clocks"))
	}
	for _, d := range w.used() {
		libraries = append(libraries, Base+"/Library/"+d.ID+"|"+d.Version)
	}
	r["library"] = libraries
	r["relatedArtifact"] = w.related()
	var goals []Resource
	for _, g := range m.Goals {
		goals = append(goals, Resource{
			"description": text(g.Says + ": " + g.Target),
			"target":      []Resource{{"measure": Resource{"coding": []Resource{{"system": Base + "/Measure", "code": w.id(g.Measure)}}, "text": g.Target}}},
		})
	}
	r["goal"] = goals
	r["action"] = w.actions()
	w.out = append(w.out, r)
}

// related writes sources, evidence and hazards.
func (w *writer) related() []Resource {
	var out []Resource
	for _, s := range w.m.Sources {
		out = append(out, Resource{"type": "derived-from", "display": s})
	}
	for _, e := range w.m.Evidence {
		out = append(out, Resource{"type": "citation", "label": e.Result, "display": fmt.Sprintf("%s (%s): %s", e.Study, e.Strength, e.Found), "citation": e.Source})
	}
	for _, h := range w.m.Hazards {
		out = append(out, Resource{"type": "documentation", "label": "hazard " + h.ID, "display": fmt.Sprintf("%s (%s, %s). Held back by: %s", h.What, h.Severity, h.Likelihood, strings.Join(h.Controls, "; "))})
	}
	return out
}

// actions writes the enrolment, the activities, and what is done at the end.
func (w *writer) actions() []Resource {
	m := w.m
	enrol := Resource{
		"id": "enrol", "title": "Enrol", "description": m.Consent, "condition": w.conditions(),
		"definitionCanonical": w.address("ActivityDefinition", "enrol"), "participant": w.participants(m.CanDo(model.Decide)),
	}
	if m.Length != nil {
		enrol["timingDuration"] = duration(m.Length.Is)
	}
	out := []Resource{{
		"id": "refer", "title": "Refer", "definitionCanonical": w.address("ActivityDefinition", "refer"),
	}, enrol}
	for i := range m.Activities {
		out = append(out, w.actionsOf(&m.Activities[i])...)
	}
	if l := m.Length; l != nil {
		for _, week := range l.Warn {
			out = append(out, Resource{
				"id": fmt.Sprintf("warn-%d", week), "title": fmt.Sprintf("Look ahead: week %d of %s", week, l.Is), "description": l.AtEnd,
				"relatedAction": []Resource{after("enrol", "after-start", weeks(week))},
			})
		}
		out = append(out, Resource{
			"id": "end", "title": "Close or extend", "description": l.AtEnd, "participant": w.participants(m.CanDo(model.Close)),
			"relatedAction": []Resource{after("enrol", "after-start", duration(l.Is))},
		})
	}
	return out
}

func after(action, how string, offset Resource) Resource {
	r := Resource{"actionId": action, "relationship": how}
	if offset != nil {
		r["offsetDuration"] = offset
	}
	return r
}

// conditions writes a condition for each criterion.
func (w *writer) conditions() []Resource {
	var out []Resource
	add := func(c *model.Criterion, not bool) {
		says := c.Says
		if not {
			says = "Not: " + says
		}
		x := Resource{"description": says, "name": name(c.ID), "language": "text/plain", "expression": says + " (judged by: " + c.Judged + ")"}
		if c.Meets != nil {
			holds := "="
			if not {
				holds = "!="
			}
			x["language"], x["reference"] = "text/cql", Base+"/Library/"+c.Meets.ID
			x["expression"] = fmt.Sprintf(`"Answer" %s 'met'`, holds)
		}
		out = append(out, Resource{"kind": "applicability", "expression": x})
	}
	for i := range w.m.Eligible {
		add(&w.m.Eligible[i], false)
	}
	for i := range w.m.Exclusions {
		add(&w.m.Exclusions[i], true)
	}
	return out
}

// actionsOf writes an activity as an action, or, where it is done at certain
// weeks, one for each.
func (w *writer) actionsOf(a *model.Activity) []Resource {
	action := func(id string, related []Resource) Resource {
		r := Resource{
			"id": id, "title": a.Title, "definitionCanonical": w.address("ActivityDefinition", a.ID), "participant": w.participants(a.By),
		}
		if len(a.Needs) > 0 {
			r["description"] = "Needs: " + strings.Join(a.Needs, "; ")
		}
		for _, before := range a.After {
			related = append(related, after(before, "after-end", nil))
		}
		if related != nil {
			r["relatedAction"] = related
		}
		return r
	}
	if a.When.Repeat == model.AtWeeks {
		var out []Resource
		for i, week := range a.When.Weeks {
			id := a.ID
			if i > 0 {
				id = fmt.Sprintf("%s-%d", a.ID, week)
			}
			var related []Resource
			if week > 0 {
				related = []Resource{after("enrol", "after-start", weeks(week))}
			}
			out = append(out, action(id, related))
		}
		return out
	}
	one := action(a.ID, nil)
	if a.Due != nil {
		one["timingDuration"] = duration(a.Due.Within)
	}
	return []Resource{one}
}

package model

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"joinery/written"
)

// learning reads what is hoped for, how that is told, what is known, what it
// costs and when to stop.
func (r *reader) learning(f *written.Fields) {
	m := r.m
	r.each(f, "goals", "a goal", "write what you hope for, each as \"- {goal: stay-home, says: People stay at home after a fall, measure: kept-home, target: 20 a week}\"", func(e *written.Fields) {
		g := Goal{ID: r.id(e, "goal", "stay-home"), Says: e.Required("says", "People stay at home after a fall"), Measure: e.Required("measure", "kept-home"), Target: e.Required("target", "20 people a week"), Line: e.Node.Line}
		r.measureNamed(e.Node, g.Measure)
		m.Goals = append(m.Goals, g)
	})
	r.each(f, "measures", "a measure", "write what tells whether the model works", func(e *written.Fields) {
		m.Measures = append(m.Measures, r.measure(e))
	})
	if len(m.Measures) > 0 {
		for i, missing := range []string{"something of people's health", "how people found it", "what might get worse elsewhere"} {
			aspect := aspects[i]
			if !slices.ContainsFunc(m.Measures, func(x Measure) bool { return string(x.Aspect) == aspect }) {
				r.Wrong(f.Key("measures"), "No measure is %s; add one that tells %s, with \"of: %s\".", aspect, missing, aspect)
			}
		}
	}
	r.evidence(f)
	r.each(f, "stop", "a rule for stopping", "write when the model is to be stopped or changed, each as \"- {says: …, measure: kept-home, under: 40%, for: 8 weeks, decides: the board}\"", func(e *written.Fields) {
		m.Stops = append(m.Stops, r.stop(e))
	})
	r.costs(f)
}

func (r *reader) measureNamed(n *yaml.Node, id string) {
	if id != "" {
		r.later = append(r.later, func() {
			if r.m.Measure(id) == nil {
				r.Wrong(n, "There is no measure %q%s", id, written.Meant(id, idsOf(r.m.Measures)))
			}
		})
	}
}

func (r *reader) measure(e *written.Fields) Measure {
	x := Measure{ID: r.id(e, "measure", "kept-home"), Title: e.Required("title", "Kept at home after a fall"), Line: e.Node.Line}
	x.Aspect = Aspect(r.oneOf(e, "of", aspects))
	x.Better = r.oneOf(e, "better", []string{"higher", "lower"})
	r.told(e, &x)
	x.Now, x.Hoped = r.number(e, "now"), r.number(e, "hoped")
	if v := r.number(e, "spread"); v != nil {
		x.Spread = *v
	}
	if x.Source = e.Text("source"); x.Source == "" && (x.Now != nil || x.Hoped != nil) {
		r.Wrong(e.Node, "The measure %q has figures without a source; add \"source: where they come from\".", x.ID)
	}
	r.hoped(e.Node, &x)
	return x
}

// told reads from what a measure is worked out.
func (r *reader) told(e *written.Fields, x *Measure) {
	at := e.Node
	x.Definition, x.Questionnaire, x.Stage, x.Standard = e.Text("definition"), e.Text("questionnaire"), e.Text("stage"), e.Text("standard")
	x.Outcomes = r.refs(e, "outcomes")
	x.Change, x.AtLeast = e.Yes("change"), r.number(e, "at least")
	n := 0
	for _, is := range []bool{x.Definition != "", x.Questionnaire != "", x.Stage != "", x.Standard != "", x.Outcomes != nil} {
		if is {
			n++
		}
	}
	if n != 1 {
		r.Wrong(at, "The measure %q must be told by one thing: definition, outcomes, questionnaire, stage or standard.", x.ID)
	}
	if (x.Change || x.AtLeast != nil) && x.Questionnaire == "" {
		r.Wrong(at, "Only a questionnaire has a score; leave change and \"at least\" out of the measure %q.", x.ID)
	}
	if x.Definition != "" {
		if _, ok := r.lib.Definitions[x.Definition]; !ok {
			r.Wrong(at, "There is no definition %q for the measure %q; write it in the folder criteria, or name one that is shipped.", x.Definition, x.ID)
		}
	}
	if x.Questionnaire != "" && r.m.Questionnaire(x.Questionnaire) == nil {
		r.Wrong(at, "There is no questionnaire %q in the folder questions; the measure %q needs it.", x.Questionnaire, x.ID)
	}
	if i := slices.Index(Stages, x.Stage); x.Stage != "" && i < 1 {
		r.Wrong(at, "stage: %q is no stage that people come to%s", x.Stage, written.Meant(x.Stage, Stages[1:]))
	}
	r.later = append(r.later, func() {
		for _, o := range x.Outcomes {
			if r.m.Outcome(o) == nil {
				r.Wrong(at, "There is no outcome %q%s", o, written.Meant(o, idsOf(r.m.Outcomes)))
			}
		}
		if x.Standard != "" && r.m.Standard(x.Standard) == nil {
			r.Wrong(at, "There is no standard %q%s", x.Standard, written.Meant(x.Standard, idsOf(r.m.Standards)))
		}
	})
}

// hoped checks the figures by which an effect could be shown.
func (r *reader) hoped(at *yaml.Node, x *Measure) {
	switch {
	case x.Now == nil && x.Hoped == nil:
	case x.Now == nil || x.Hoped == nil:
		r.Wrong(at, "The measure %q has one of now and hoped; write both, or neither.", x.ID)
	case *x.Now == *x.Hoped && x.Aspect != Balancing:
		r.Wrong(at, "The measure %q hopes for no change; write what would be worth having.", x.ID)
	case x.Share() && (*x.Now < 0 || *x.Now > 1 || *x.Hoped < 0 || *x.Hoped > 1):
		r.Wrong(at, "The measure %q is a share; write now and hoped from 0%% to 100%%.", x.ID)
	case !x.Share() && x.Spread <= 0:
		r.Wrong(at, "The measure %q is a score; write how far people differ, so that one can tell how many are needed: \"spread: 18\" (the standard deviation).", x.ID)
	case (x.Better == "higher") != (*x.Hoped > *x.Now) && x.Aspect != Balancing:
		r.Wrong(at, "The measure %q is better %s, and hopes for the opposite; change better, now or hoped.", x.ID, x.Better)
	}
}

func (r *reader) evidence(f *written.Fields) {
	m := r.m
	r.each(f, "evidence", "a study, or that there is none", "write what is known, null results too", func(e *written.Fields) {
		m.Evidence = append(m.Evidence, Evidence{
			Study: e.Required("study", "CYPHP trial, 2023"), Strength: r.oneOf(e, "strength", Strengths), Result: r.oneOf(e, "result", Results),
			Found: e.Required("found", "what it found, in figures"), Source: e.Required("source", "where it can be read"), Line: e.Node.Line,
		})
	})
	m.NoNull = f.Text("no null results")
	null := slices.ContainsFunc(m.Evidence, func(e Evidence) bool { return e.Result != "benefit" })
	if len(m.Evidence) > 0 && !null && m.NoNull == "" {
		r.Wrong(f.Key("evidence"), "All evidence shows benefit; add what did not, or say where you looked for it: \"no null results: looked in …\".")
	}
	if null && m.NoNull != "" {
		r.Wrong(f.Key("no null results"), "The evidence has a result that is no benefit, and \"no null results\" says that there is none; leave the latter out.")
	}
}

func (r *reader) stop(e *written.Fields) Stop {
	x := Stop{Says: e.Required("says", "Stop when fewer than 40% stay at home for 8 weeks"), Measure: e.Required("measure", "kept-home"), Line: e.Node.Line}
	r.measureNamed(e.Node, x.Measure)
	under, over := r.number(e, "under"), r.number(e, "over")
	switch {
	case (under == nil) == (over == nil):
		r.Wrong(e.Node, "A rule for stopping has one limit; write \"under: 40%%\" or \"over: 10%%\".")
	case under != nil:
		x.Under, x.Limit = true, *under
	default:
		x.Limit = *over
	}
	x.For = r.wait(e, "for", "A rule for stopping says how long it must be so; write \"for: 8 weeks\".")
	x.Decides = e.Required("decides", "who decides")
	return x
}

func (r *reader) costs(f *written.Fields) {
	m := r.m
	r.each(f, "costs", "a cost", "write what each role costs, as in \"- {role: nurse, pence an hour: 3100, source: …}\"", func(e *written.Fields) {
		x := Cost{Role: e.Text("role"), Item: e.Text("item"), Line: e.Node.Line}
		units := 0
		for _, unit := range []CostUnit{AnHour, AWeek, EachPerson} {
			if e.Has("pence " + string(unit)) {
				x.Pence, x.Each = r.whole(e, "pence "+string(unit), 1, ""), unit
				units++
			}
		}
		switch {
		case (x.Role == "") == (x.Item == ""):
			r.Wrong(e.Node, "A cost is of a role or of an item; write \"role: nurse\" or \"item: room\".")
		case units != 1:
			r.Wrong(e.Node, "A cost has one amount, in whole pence; write \"pence an hour: 3100\", \"pence a week: 60000\" or \"pence each person: 1500\".")
		case x.Role != "" && x.Each != AnHour:
			r.Wrong(e.Node, "A role is paid by the hour; write \"pence an hour: 3100\".")
		}
		r.role(e.Node, "role", x.Role)
		x.Source = e.Required("source", "where the figure comes from")
		m.Costs = append(m.Costs, x)
	})
}

// safety reads what is easily forgotten, what could harm, and what a place may
// set for itself.
func (r *reader) safety(f *written.Fields) {
	m := r.m
	r.sayings(f)
	r.each(f, "hazards", "a hazard", "write what could harm somebody and what holds it back", func(e *written.Fields) {
		x := Hazard{ID: r.id(e, "hazard", "long-lie"), What: e.Required("what", "what could happen to whom"), Line: e.Node.Line}
		x.Severity, x.Likelihood = r.oneOf(e, "severity", Severities), r.oneOf(e, "likelihood", Likelihoods)
		if n := e.Take("controls"); n == nil {
			r.Wrong(e.Node, "Nothing holds the hazard %q back; write \"controls: [what is done about it]\".", x.ID)
		} else {
			x.Controls = r.Texts(n, "controls")
		}
		m.Hazards = append(m.Hazards, x)
	})
	r.each(f, "parameters", "what a place may set for itself", "write what a place that takes the model over may set, or \"parameters: none\"", func(e *written.Fields) {
		m.Parameters = append(m.Parameters, r.parameter(e))
	})
}

func (r *reader) sayings(f *written.Fields) {
	n := f.Take("says on")
	if n == nil {
		r.Wrong(f.Node, "\"says on\" is missing; write what the model does, or why nothing, on each of: %s.", strings.Join(Subjects, ", "))
		return
	}
	g := r.Fields(n, "what the model says on "+strings.Join(Subjects, ", "))
	if g == nil {
		return
	}
	for _, subject := range Subjects {
		s := Saying{On: subject}
		v := g.Take(subject)
		switch {
		case v == nil:
			r.Wrong(n, "The model is silent on %s; write what it does, or \"%s: {no: the reason}\".", subject, subject)
			continue
		case v.Kind == yaml.MappingNode:
			why := r.Fields(v, "")
			s.Not = why.Required("no", "the reason")
			why.Done(fmt.Sprintf("What is said on %s", subject))
		default:
			if s.Is = r.Text(v, subject); s.Is == "" || strings.EqualFold(s.Is, "n/a") || strings.EqualFold(s.Is, "none") {
				r.Wrong(v, "The model says nothing on %s; write what it does, or \"%s: {no: the reason}\".", subject, subject)
			}
		}
		r.m.Says = append(r.m.Says, s)
	}
	g.Done("\"says on\"")
}

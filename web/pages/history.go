package pages

import (
	"fmt"
	"slices"
	"time"

	"joinery/care/workflow"
	"joinery/fhir"
	"joinery/record"
)

// planChange is one version of a care plan: who made it, and what it put in or took
// out against the version before.
type planChange struct {
	At    time.Time
	Who   []string // references and names, as the plan has them
	First bool
	In    []string // in words
	Out   []string
}

// shownChanges is how many versions of a plan are compared.
const shownChanges = 50

// planHistory compares the versions of a person's plan, the newest first.
func (c *call) planHistory(plan *workflow.Plan) ([]planChange, error) {
	if plan.ID == "" {
		return nil, nil
	}
	found, err := c.view.History(c.ctx, record.HistoryQuery{Type: "CarePlan", ID: plan.ID, Count: shownChanges + 1})
	if err != nil {
		return nil, fmt.Errorf("read what became of a plan: %w", err)
	}
	goals := map[string]string{}
	for _, g := range plan.Goals {
		goals["Goal/"+string(g.Goal)] = g.Says
	}
	var versions []fhir.Value
	for i := range found.Entries {
		doc, err := found.Entries[i].Version.Doc()
		if err != nil {
			return nil, fmt.Errorf("read a version of a plan: %w", err)
		}
		versions = append(versions, doc.Root())
	}
	var out []planChange
	for i, v := range versions[:min(len(versions), shownChanges)] {
		change := planChange{At: found.Entries[i].Version.At, First: i == len(versions)-1 && found.Next == ""}
		var before fhir.Value
		if i+1 < len(versions) {
			before = versions[i+1]
		}
		change.compare(c.tongue.text, before, v, goals)
		out = append(out, change)
	}
	return out, nil
}

// compare says what a version of a plan has that the one before had not, and what
// it lacks.
func (p *planChange) compare(say func(string) string, before, now fhir.Value, goals map[string]string) {
	was, is := saidIn(before), saidIn(now)
	for _, line := range is {
		if !slices.Contains(was, line) {
			p.In = append(p.In, say("plan.say-"+line.kind)+": "+line.text)
			if line.who != "" && !slices.Contains(p.Who, line.who) {
				p.Who = append(p.Who, line.who)
			}
		}
	}
	for _, line := range was {
		if !slices.Contains(is, line) {
			p.Out = append(p.Out, say("plan.say-"+line.kind)+": "+line.text)
		}
	}
	told := func(refs, others []string, into *[]string) {
		for _, ref := range refs {
			if text := goals[ref]; text != "" && !slices.Contains(others, ref) {
				*into = append(*into, say("plan.say-goal")+": "+text)
			}
		}
	}
	old, fresh := goalsOf(before), goalsOf(now)
	told(fresh, old, &p.In)
	told(old, fresh, &p.Out)
	for _, field := range []string{"title", "description", "status"} {
		if a, b := before.Get(field).Text(), now.Get(field).Text(); a != b && before.Exists() {
			p.In = append(p.In, say("plan.field-"+field)+": "+b)
			p.Out = append(p.Out, say("plan.field-"+field)+": "+a)
		}
	}
}

// saidLine is something that was said, as two versions are compared by it.
type saidLine struct{ kind, text, who string }

func saidIn(plan fhir.Value) []saidLine {
	words, worse, notes := workflow.Notes(plan)
	var out []saidLine
	for _, list := range []struct {
		kind string
		of   []workflow.Said
	}{{workflow.SayWords, words}, {workflow.SayWorse, worse}, {workflow.SayNote, notes}} {
		for _, s := range list.of {
			who := s.Written
			if who == "" {
				who = s.By
			}
			out = append(out, saidLine{list.kind, s.Text, who})
		}
	}
	return out
}

func goalsOf(plan fhir.Value) []string {
	var out []string
	for g := range plan.Get("goal").Items() {
		out = append(out, g.Get("reference").Text())
	}
	return out
}

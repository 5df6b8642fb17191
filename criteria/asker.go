package criteria

import (
	"joinery/timeline"
)

// Asker asks a Program of one person after another, as their timelines change.
// What it worked out about the Whats of one person's Set serves the next, as
// long as theirs continues it (timeline.Set.Continues), so that asking one
// person of thousands of Whats costs what their events cost. It is for one
// goroutine.
type Asker struct {
	program *Program
	m       *machine // nil: nobody was asked of yet
	last    []Outcome
}

// Asker returns an Asker of the program.
func (p *Program) Asker() *Asker { return &Asker{program: p, last: make([]Outcome, p.asked)} }

// Ask returns what each definition says of the i-th person of a Set on a day, in
// the order of Program.Definitions. The slice is the Asker's until it asks
// again.
func (a *Asker) Ask(set *timeline.Set, i int, on timeline.Day) []Outcome {
	switch {
	case a.m == nil || !set.Continues(a.m.set):
		a.m = a.program.bind(set).machine(on)
	default:
		a.m.extend(set)
	}
	if a.m.on != on {
		a.m.moveTo(on)
	}
	a.m.ask(set.Person(i))
	for k := range a.last {
		a.last[k] = a.m.outcome(a.program.plans[k])
	}
	return a.last
}

// Reason is one condition that decided an answer.
type Reason struct {
	Says    string  // the condition
	Holds   bool    // whether it is because it holds, or because it does not
	Number  string  // what a count or a score came to, or an attribute's value
	Missing string  // what would have to be there
	Found   []Fired // the events that were found
}

// Reasons returns the conditions that decided what the i-th definition says of
// the person who was asked of last: each leaf that holds where it must, or does
// not where it must not, with its events; of who is in none of it, none.
func (a *Asker) Reasons(i int) []Reason {
	plan := a.program.plans[i]
	o := a.m.outcome(plan)
	if o.Answer != Met && o.Answer != Gap {
		return nil
	}
	x := &explainer{machine: a.m, shown: map[node]bool{}}
	var out []Reason
	part := o.Why(plan.definition)
	for _, q := range x.questions(plan) {
		switch q.Role {
		case "population", "score", "value", "count", "event":
			out = q.reasons(out, true)
		case "numerator":
			out = q.reasons(out, o.Answer == Met)
		case "segment":
			if q.Reason == part {
				out = q.reasons(out, true)
			}
		}
	}
	return out
}

// reasons appends the leaves of a tree that are as they must be.
func (t *Tree) reasons(out []Reason, holds bool) []Reason {
	if (t.Holds == yes) != holds {
		return out
	}
	if len(t.Of) == 0 {
		if t.Points != nil && t.Holds != yes {
			return out
		}
		return append(out, Reason{Says: t.Says, Holds: t.Holds == yes, Number: t.Number, Missing: t.Missing, Found: t.Found})
	}
	within := holds
	if t.not {
		within = !holds
	}
	for i := range t.Of {
		out = t.Of[i].reasons(out, within)
	}
	return out
}

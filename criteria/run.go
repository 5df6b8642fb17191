package criteria

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"

	"joinery/criteria/language"
	"joinery/timeline"
)

// Results are what a Program says of everyone in a Set on a day. They never
// change and are safe for concurrent use.
type Results struct {
	Set         *timeline.Set
	On          timeline.Day
	Definitions []*Result // in the order of Program.Definitions
}

// Result is what one definition says.
type Result struct {
	Definition *language.Definition

	set      *timeline.Set
	on       timeline.Day
	outcomes []Outcome // of person i of the Set
	figures  []Figure  // of a rate, a continuous value or a time to an event
}

// block is how many people a worker takes at a time.
const block = 4096

// Run asks every definition of every person in one pass, with as many workers
// as it is told. The results do not depend on how many there are. The error is
// the context's, when it ends first.
func (p *Program) Run(ctx context.Context, set *timeline.Set, on timeline.Day, workers int) (*Results, error) {
	out := &Results{Set: set, On: on}
	n := set.Len()
	for _, plan := range p.plans[:p.asked] {
		r := &Result{Definition: plan.definition, set: set, on: on, outcomes: make([]Outcome, n)}
		switch plan.definition.Kind {
		case language.Rate, language.Continuous, language.TimeToEvent:
			r.figures = make([]Figure, n)
		case language.Group, language.Proportion, language.Segments:
		}
		out.Definitions = append(out.Definitions, r)
	}
	b := p.bind(set)
	var next atomic.Int64
	var working sync.WaitGroup
	for range max(workers, 1) {
		working.Go(func() {
			m := b.machine(on)
			for ctx.Err() == nil {
				end := int(next.Add(block))
				if end-block >= n {
					return
				}
				m.block(out, end-block, min(end, n))
			}
		})
	}
	working.Wait()
	return out, ctx.Err()
}

// block asks the people from first up to end.
func (m *machine) block(out *Results, first, end int) {
	for i := first; i < end; i++ {
		m.ask(m.set.Person(i))
		for k, r := range out.Definitions {
			p := m.program.plans[k]
			o := m.outcome(p)
			r.outcomes[i] = o
			if r.figures != nil && counted(p.definition.Kind, o.Answer) {
				r.figures[i] = m.figure(p)
			}
		}
	}
}

// counted reports whether a person with an answer has a figure: those who still
// wait for an event count too.
func counted(k language.Kind, a Answer) bool {
	return a == Met || k == language.TimeToEvent && a == Gap
}

// Outcome returns the outcome of the i-th person of the Set.
func (r *Result) Outcome(i int) Outcome { return r.outcomes[i] }

// Figure returns what the i-th person adds to a measure; nothing unless the
// person is counted.
func (r *Result) Figure(i int) Figure {
	if r.figures == nil {
		return Figure{}
	}
	return r.figures[i]
}

// People returns the people of whom an answer is given, by their place in the
// Set. The bitmap is the caller's.
func (r *Result) People(a Answer) *roaring.Bitmap {
	return r.where(func(o Outcome) bool { return o.Answer == a })
}

// Part returns the people in the i-th segment, by their place in the Set.
func (r *Result) Part(i int) *roaring.Bitmap {
	return r.where(func(o Outcome) bool { return o.Answer == Met && int(o.Which) == i })
}

func (r *Result) where(f func(Outcome) bool) *roaring.Bitmap {
	b := roaring.New()
	var some []uint32
	for i, o := range r.outcomes {
		if f(o) {
			some = append(some, uint32(i))
		}
		if len(some) == block {
			b.AddMany(some)
			some = some[:0]
		}
	}
	b.AddMany(some)
	b.RunOptimize()
	return b
}

// Step is a line of an attrition table: how many people are left after it.
type Step struct {
	Says string
	Left int
}

// Attrition returns, from everyone in the Set, how many people each condition
// leaves, in the order in which they are asked.
func (r *Result) Attrition() []Step {
	var counts [answers][256]int
	for _, o := range r.outcomes {
		counts[o.Answer][o.Which]++
	}
	left := len(r.outcomes)
	var steps []Step
	for _, l := range r.losses() {
		for a := range counts {
			for which, n := range counts[a] {
				if n > 0 && l.takes(Outcome{Answer(a), uint8(which)}) {
					left -= n
				}
			}
		}
		steps = append(steps, Step{l.says, left})
	}
	return steps
}

// loss is a condition with the outcomes of those whom it takes away.
type loss struct {
	says  string
	takes func(Outcome) bool
}

// losses returns the conditions in the order in which they are asked; the first
// takes nobody away.
func (r *Result) losses() []loss {
	out := []loss{{"everyone on record", func(Outcome) bool { return false }}}
	one := func(says string, a Answer, which int) {
		out = append(out, loss{says, func(o Outcome) bool { return o.Answer == a && int(o.Which) == which }})
	}
	d := r.Definition
	one("living on the day", NotApplicable, 0)
	population := conjuncts(d.Population)
	for i, x := range population {
		one(language.Describe(x), NotApplicable, i+1)
	}
	if d.Kind == language.TimeToEvent {
		one("has a start", NotApplicable, len(population)+1)
	}
	for i, x := range d.Exclusions {
		one("without: "+x.Says, Excluded, i)
	}
	for i, x := range d.Needs {
		one("is known: "+language.Describe(x.When), Unknown, i)
	}
	if slices.Contains(r.outcomes, Outcome{Unknown, elsewhere}) {
		one("is known, of what else is asked", Unknown, elsewhere)
	}
	for i, x := range d.Exceptions {
		one("not excused: "+x.Says, Excluded, len(d.Exclusions)+i)
	}
	if d.Kind != language.Group && d.Kind != language.Rate {
		out = append(out, loss{gapStep(d), func(o Outcome) bool { return o.Answer == Gap }})
	}
	return out
}

func gapStep(d *language.Definition) string {
	switch d.Kind {
	case language.Proportion:
		return "numerator: " + language.Brief(d.Numerator, "as the definition says")
	case language.Continuous:
		return "has a value"
	case language.TimeToEvent:
		return "has had the event"
	case language.Segments:
		return "in a segment"
	case language.Group, language.Rate:
	}
	return ""
}

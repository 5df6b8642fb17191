package criteria

import (
	"slices"

	"joinery/criteria/language"
	"joinery/timeline"
)

// Change is the next day on which an answer changes if nothing else happens.
type Change struct {
	On timeline.Day `json:"on"`
	To Outcome      `json:"to"`
}

// horizon is how far ahead changes are looked for.
var horizon = language.Period{N: 20, Unit: language.Years}

// next returns the first day after the machine's index date on which the
// outcome of a plan differs for its person, if nothing more is recorded.
//
// An answer can only change where a window begins or stops to hold an event,
// where an age is reached, or where a length of registration is: these days are
// listed, a few too many rather than too few, and the program is asked on each.
// It leaves the machine on another day.
func (m *machine) next(p *plan) (Change, bool) {
	before := m.outcome(p)
	start := m.on
	person := m.person
	for _, day := range m.turningDays(start) {
		m.moveTo(day)
		m.ask(person)
		if now := m.outcome(p); now != before {
			return Change{day, now}, true
		}
	}
	return Change{}, false
}

// turningDays returns the days after a day, up to the horizon, on which any
// condition of the program may change for the machine's person; ascending.
func (m *machine) turningDays(after timeline.Day) []timeline.Day {
	t := turning{after: after, until: horizon.After(after), seen: map[timeline.Day]bool{}}
	dates := m.datesOf()
	for _, l := range m.program.leaves {
		w := l.events.Window
		for _, d := range dates {
			switch w.Kind {
			case language.Within:
				t.past(w.Length, d)
			case language.Between:
				t.past(w.Length, d)
				t.past(w.Until, d)
			case language.EndsAgo:
				t.past(w.Until, d)
			case language.Ever, language.Dates, language.WithinAfter, language.WithinBefore, language.BetweenBefore, language.Since, language.BeforeAnchor, language.BetweenAnchors:
			}
		}
	}
	for _, d := range dates { // what is recorded with a later date comes in; what lasts ends
		t.around(d)
	}
	for _, p := range m.program.plans {
		d := p.definition
		m.personDays(&t, d)
	}
	if m.born != timeline.NoDay {
		t.around(m.born)
	}
	if died := m.person.Died(); died != timeline.NoDay {
		t.around(died)
	}
	if since := m.person.Registered(); since != timeline.NoDay {
		t.around(since)
	}
	return slices.Sorted(func(yield func(timeline.Day) bool) {
		for d := range t.seen {
			if !yield(d) {
				return
			}
		}
	})
}

// datesOf returns every date of the person's events that some leaf may find.
func (m *machine) datesOf() []timeline.Day {
	var out []timeline.Day
	for i, what := range m.events.What {
		if len(m.of(what)) == 0 {
			continue
		}
		out = append(out, m.events.Day[i])
		if l := m.events.Latest(i); l != m.events.Day[i] {
			out = append(out, l)
		}
		if end, ok := m.events.End(i); ok {
			out = append(out, end)
		}
		if r := m.events.Recorded(i); r != m.events.Day[i] {
			out = append(out, r)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// personDays adds the days on which conditions on the person change.
func (m *machine) personDays(t *turning, d *language.Definition) {
	seen := map[language.Expr]bool{}
	var walk func(language.Expr)
	walk = func(x language.Expr) {
		if x == nil || seen[x] {
			return
		}
		seen[x] = true
		switch x := x.(type) {
		case *language.Age:
			if m.born != timeline.NoDay {
				t.ages(m.born, x)
			}
		case *language.Registered:
			if since := m.person.Registered(); since != timeline.NoDay {
				t.past(x.For, since)
			}
		case *language.Events:
			m.anchorDays(t, x)
		case *language.Meets:
			walk(x.Term)
		}
		x.Each(walk)
	}
	d.Each(walk)
}

// anchorDays adds the ages that windows hang on.
func (m *machine) anchorDays(t *turning, e *language.Events) {
	for _, a := range []*language.Anchor{e.Window.Anchor, e.Window.Last} {
		if a != nil && a.Events == nil && m.born != timeline.NoDay {
			t.around(a.Age.Reached(m.born))
		}
	}
}

// turning gathers days.
type turning struct {
	after, until timeline.Day
	seen         map[timeline.Day]bool
}

// past adds the days around a date's leaving of a window of a length: with
// months of different lengths it may be any of a few.
func (t *turning) past(p language.Period, d timeline.Day) { t.around(p.After(d)) }

const slack = 4 // days

func (t *turning) around(d timeline.Day) {
	for x := max(d-slack, t.after+1); x <= min(d+slack, t.until); x++ {
		t.seen[x] = true
	}
}

// ages adds the days on which an age condition begins and stops to hold.
func (t *turning) ages(born timeline.Day, a *language.Age) {
	for _, bound := range []float64{a.Is.Low, a.Is.High} {
		for _, n := range []float64{bound, bound + 1} {
			if n >= 0 && n < 100000 {
				t.around(language.Period{N: int(n), Unit: a.Unit}.Reached(born))
			}
		}
	}
}

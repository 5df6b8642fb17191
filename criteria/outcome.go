package criteria

import (
	"joinery/criteria/language"
	"joinery/timeline"
)

// outcome returns what a definition says of the machine's person, working it
// out once a turn.
func (m *machine) outcome(p *plan) Outcome {
	r := &m.seen[p.at]
	if r.turn != m.turn {
		o := m.decide(p)
		*r = remembered{turn: m.turn, outcome: o}
	}
	return r.outcome
}

// decide asks in the order of docs/criteria.md: who the person is, the
// population, exclusions, needs, and then what the kind of definition asks.
func (m *machine) decide(p *plan) Outcome {
	if !m.lives(p.definition) {
		return Outcome{NotApplicable, 0}
	}
	sure := true
	for i, n := range p.population {
		switch n.ask(m) {
		case no:
			return Outcome{NotApplicable, uint8(i + 1)}
		case unknown:
			sure = false
		case yes:
		}
	}
	if p.start != nil && m.picked(p.start, p.definition.Start.Events.Op) < 0 {
		return Outcome{NotApplicable, uint8(len(p.population) + 1)}
	}
	if !sure {
		return Outcome{Unknown, elsewhere}
	}
	which, holds := m.firstOf(p.exclusions)
	switch holds {
	case yes:
		return Outcome{Excluded, which}
	case unknown:
		return Outcome{Unknown, elsewhere}
	case no:
	}
	for i, n := range p.needs {
		if n.ask(m) != yes {
			return Outcome{Unknown, uint8(i)}
		}
	}
	return m.finish(p)
}

// lives reports whether a person is there to be asked of on the index date.
func (m *machine) lives(d *language.Definition) bool {
	if m.born != timeline.NoDay && m.born > m.on {
		return false
	}
	died := m.person.Died()
	return d.IncludeDied || died == timeline.NoDay || died > m.on
}

// firstOf returns which of the conditions holds, the first of those that do.
func (m *machine) firstOf(of []node) (uint8, truth) {
	out := no
	for i, n := range of {
		switch n.ask(m) {
		case yes:
			return uint8(i), yes
		case unknown:
			out = unknown
		case no:
		}
	}
	return 0, out
}

// finish decides about a person who is in the population, not excluded, and of
// whom what is needed is known.
func (m *machine) finish(p *plan) Outcome {
	switch p.definition.Kind {
	case language.Group, language.Rate:
	case language.Proportion:
		return m.proportion(p)
	case language.Continuous:
		low, high, ok := m.continuous(p)
		switch {
		case !ok:
			return Outcome{Gap, 0}
		case low != high:
			return Outcome{Unknown, elsewhere}
		}
	case language.TimeToEvent:
		if m.picked(p.end.leaf, p.end.expr.Op) < 0 {
			return Outcome{Gap, 0}
		}
	case language.Segments:
		if len(p.parts) > 0 {
			which, holds := m.firstSure(p.parts)
			return part(which, holds)
		}
		return m.band(p)
	}
	return Outcome{Met, 0}
}

func (m *machine) proportion(p *plan) Outcome {
	numerator := p.numerator.ask(m)
	if numerator == yes {
		return Outcome{Met, 0}
	}
	which, excused := m.firstOf(p.exceptions)
	switch {
	case numerator == unknown, excused == unknown:
		return Outcome{Unknown, elsewhere}
	case excused == yes:
		return Outcome{Excluded, which + uint8(len(p.exclusions))}
	}
	return Outcome{Gap, 0}
}

// firstSure returns the first condition that holds; unknown when one before it
// might.
func (m *machine) firstSure(of []node) (uint8, truth) {
	for i, n := range of {
		if holds := n.ask(m); holds != no {
			return uint8(i), holds
		}
	}
	return 0, no
}

func part(which uint8, holds truth) Outcome {
	switch holds {
	case yes:
		return Outcome{Met, which}
	case unknown:
		return Outcome{Unknown, elsewhere}
	case no:
	}
	return Outcome{Gap, 0}
}

func (m *machine) band(p *plan) Outcome {
	low, high := p.points.points(m)
	for i, part := range p.definition.Parts {
		switch between(part.Is, low, high) {
		case yes:
			return Outcome{Met, uint8(i)}
		case unknown:
			return Outcome{Unknown, elsewhere}
		case no:
		}
	}
	return Outcome{Gap, 0}
}

// continuous returns the value of a person, or the lowest and highest that it
// may be; ok is false when there is none.
func (m *machine) continuous(p *plan) (low, high float64, ok bool) {
	switch {
	case p.value != nil:
		v, ok := p.value.number(m)
		return v, v, ok
	case p.change != nil:
		v, ok := p.change.number(m)
		return v, v, ok
	case p.points != nil:
		low, high := p.points.points(m)
		return low, high, true
	}
	return 0, 0, false
}

// Figure is what a measure of a rate, a value or a time counts of one person.
type Figure struct {
	Amount float64 `json:"amount"` // events or bed days; the value; days to the event, or to the end of waiting
	Over   float64 `json:"over"`   // of a rate: person-years or bed-days
}

// figure returns what a person who is counted adds to a measure.
func (m *machine) figure(p *plan) Figure {
	d := p.definition
	switch d.Kind {
	case language.Rate:
		var f Figure
		if p.stays != nil {
			f.Amount = p.stays.days(m)
		} else {
			f.Amount = float64(m.finding(p.count.leaf).count)
		}
		if f.Over = m.years(d.Over); p.bedDays != nil {
			f.Over = p.bedDays.days(m)
		}
		return f
	case language.Continuous:
		v, _, _ := m.continuous(p)
		return Figure{Amount: v}
	case language.TimeToEvent:
		start, _, _ := m.dated(d.Start.Events.Dated, m.picked(p.start, d.Start.Events.Op))
		end := m.on
		if i := m.picked(p.end.leaf, p.end.expr.Op); i >= 0 {
			end, _, _ = m.dated(d.End.Dated, i)
		} else if died := m.person.Died(); died != timeline.NoDay {
			end = min(end, max(died, start))
		}
		return Figure{Amount: float64(end - start)}
	case language.Group, language.Proportion, language.Segments:
	}
	return Figure{}
}

// years returns how long, in years of 365.25 days, the person was under
// observation in the period up to the index date: born, living and, where that
// is known, registered.
func (m *machine) years(over language.Period) float64 {
	first := max(over.Before(m.on)+1, m.born, m.person.Registered())
	last := m.on
	if died := m.person.Died(); died != timeline.NoDay {
		last = min(last, died)
	}
	return float64(max(0, last-first+1)) / 365.25
}

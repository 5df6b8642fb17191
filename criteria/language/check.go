package language

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// checker looks for what is well written and yet cannot be meant: units that do
// not fit, conditions that hold for nobody, a numerator outside its population.
type checker struct {
	problems *Problems
	rooms    map[Expr]*room // memo, so that shared terms cost no more than once
}

func (c *checker) wrong(at Place, format string, args ...any) {
	c.problems.Add(at, format, args...)
}

func (c *checker) definition(d *Definition) {
	for _, name := range sortedKeys(d.terms) {
		if t := d.terms[name]; t.of != nil {
			c.walk(t.of)
			c.somebody(t.at, c.room(t.of), fmt.Sprintf("the term %q", name))
		}
	}
	d.Each(c.walk)
	everybody := c.room(nil)
	population := everybody
	if d.Population != nil {
		population = c.room(d.Population)
		c.somebody(d.Population.Where(), population, d.ID)
	}
	inside := func(x Expr, what string) {
		if x == nil || population.never != "" {
			return
		}
		r := c.room(x)
		if c.somebody(x.Where(), r, what); r.never == "" {
			if both := population.and(r); both.never != "" {
				c.wrong(x.Where(), "Nobody of the population can be in %s: %s. Change one of the two.", what, both.never)
			}
		}
	}
	inside(d.Numerator, "the numerator")
	for _, r := range d.Exclusions {
		inside(r.When, "this exclusion")
	}
	for _, r := range d.Exceptions {
		inside(r.When, "this exception")
	}
	for _, p := range d.Parts {
		inside(p.When, fmt.Sprintf("the segment %q", p.Name))
	}
	c.bands(d)
	c.figures(d)
}

// somebody reports a condition that holds for nobody.
func (c *checker) somebody(at Place, r *room, what string) {
	if r.never != "" {
		if r.at.Line > 0 {
			at = r.at
		}
		c.wrong(at, "Nobody can be in %s: %s.", what, r.never)
	}
}

// walk checks each condition by itself.
func (c *checker) walk(x Expr) {
	if x == nil {
		return
	}
	switch x := x.(type) {
	case *Events:
		c.events(x)
	case *Change:
		c.change(x)
	case *Deprivation:
		if low, high := x.Is.whole(); low > 10 || high < 1 {
			c.wrong(x.Place, "Deciles of deprivation go from 1, the most deprived, to 10; %q holds for nobody.", x.Is)
		}
	}
	x.Each(c.walk)
}

func (c *checker) events(e *Events) {
	c.value(e, e.Value, "value")
	if len(e.Classes) > 0 && len(e.Kinds) > 0 && !slices.Contains(e.Kinds, "Encounter") {
		c.wrong(e.Place, "Only encounters have a class; write \"kind: Encounter\" or leave class out.")
	}
	if e.Ongoing && e.Dated == ByEnd {
		c.wrong(e.Place, "What is ongoing has not ended, so it has no end to be dated by; keep one of the two.")
	}
	if e.Is != nil {
		if _, high := e.Is.whole(); high < 0 {
			c.wrong(e.Place, "Nobody has a count of %s; a count is 0 or more.", e.Is)
		}
		if low, high := e.Is.whole(); low > high {
			c.wrong(e.Place, "No whole number is %s; write counts without decimals.", e.Is)
		}
		if e.Is.Unit != "" {
			c.wrong(e.Place, "A count has no unit; leave %q out.", e.Is.Unit)
		}
	}
	if e.Was != nil && e.Codes != nil && !slices.ContainsFunc(e.Was.Codes, func(k Code) bool { return e.Codes.Has(k.System, k.Code) }) {
		c.wrong(e.Place, "No code of %s is in %s, so the %s %s never was one; was names a part of the code set.", e.Was.ID, e.Codes.ID, e.Op, e.Codes.ID)
	}
	for _, a := range []*Anchor{e.Window.Anchor, e.Window.Last} {
		if a != nil && a.Events != nil {
			c.events(a.Events)
		}
	}
}

// value checks a comparison of values against the unit of the code set.
func (c *checker) value(e *Events, s *Span, key string) {
	if s == nil {
		return
	}
	if e.Codes == nil {
		if s.Unit == "" {
			c.wrong(e.Place, "%s: %q has no unit; write it, as in \"under 140 mm[Hg]\".", key, s)
		}
		return
	}
	own := e.Codes.Unit
	switch {
	case own == "":
		c.wrong(e.Place, "The code set %s says no unit, so its values cannot be compared; add \"unit: mm[Hg]\" (or 1 for plain numbers) to %s.", e.Codes.ID, e.Codes.File)
	case s.Unit == "" && own != "1":
		c.wrong(e.Place, "%s: %q has no unit; write \"%s %s\".", key, s, s, own)
	case s.Unit != "":
		if _, ok := Convert(s.Unit, own); !ok {
			c.wrong(e.Place, "%s: %q cannot be turned into %s, the unit of %s; give the limit in %s.", key, s.Unit, own, e.Codes.ID, own)
		}
	}
}

func (c *checker) change(x *Change) {
	from, to := x.From.Codes, x.To.Codes
	switch {
	case from == nil || to == nil:
		c.wrong(x.Place, "A change needs a code set with a unit at both ends, not any event.")
	case from.Unit == "" || to.Unit == "":
		c.wrong(x.Place, "A change is between two values; give the code sets %s and %s a unit (1 for plain numbers).", from.ID, to.ID)
	case from.Unit != to.Unit:
		if _, ok := Convert(to.Unit, from.Unit); !ok {
			c.wrong(x.Place, "A change from %s to %s has no meaning; compare values of one unit.", from.Unit, to.Unit)
		}
	case x.Value != nil && x.Value.Unit == "" && from.Unit != "1":
		c.wrong(x.Place, "value: %q has no unit; write \"%s %s\".", x.Value, x.Value, from.Unit)
	case x.Value != nil && x.Value.Unit != "":
		if _, ok := Convert(x.Value.Unit, from.Unit); !ok {
			c.wrong(x.Place, "value: %q cannot be turned into %s, the unit of %s.", x.Value.Unit, from.Unit, from.ID)
		}
	}
}

// bands checks that a score can reach each band.
func (c *checker) bands(d *Definition) {
	if d.Points == nil {
		return
	}
	low, high := d.Points.reach()
	for i, p := range d.Parts {
		if p.Is == nil {
			continue
		}
		if p.Is.Low > high || p.Is.High < low {
			c.wrong(p.Place, "Nobody can be in the band %q: the score goes from %v to %v.", p.Name, low, high)
		}
		for _, q := range d.Parts[:i] {
			if q.Is != nil && q.Is.covers(p.Is) {
				c.wrong(p.Place, "Nobody can be in the band %q: the band %q before it has all of them. Put the narrower first.", p.Name, q.Name)
			}
		}
	}
}

// reach returns the lowest and highest sum that points allow.
func (s *Score) reach() (low, high float64) {
	for _, t := range s.Terms {
		low += min(t.Points, 0)
		high += max(t.Points, 0)
	}
	return low, high
}

// figures checks what measures count.
func (c *checker) figures(d *Definition) {
	switch d.Kind {
	case Group, Proportion, Segments:
	case Continuous:
		if e, ok := d.Value.(*Events); ok && e.Op != Count && (e.Codes == nil || e.Codes.Unit == "") {
			c.wrong(e.Place, "The value has no unit to be shown in; give its code set one (1 for plain numbers).")
		}
	case Rate:
		e, ok := d.Count.(*Events)
		if s, stays := d.Count.(*Stays); stays {
			e, ok = s.Events, true
		}
		if !ok || e.Op != Count {
			c.wrong(d.Place, "A rate counts events or bed days; write \"count: {count: …}\" or \"count: {bed days: …}\".")
			return
		}
		if c.stays(d.Count); d.BedDays != nil {
			c.stays(d.BedDays)
		}
		if !d.Per.BedDays && (e.Window.Kind != Within || e.Window.Length != d.Over) {
			c.wrong(e.Place, "Events are counted %s, but people over %s, so the rate would mean nothing; write \"within: %s\".", e.Window, d.Over, d.Over)
		}
		if d.BedDays != nil && d.BedDays.Events.Window != e.Window {
			c.wrong(d.BedDays.Place, "Events are counted %s and bed days %s; give both one window.", e.Window, d.BedDays.Events.Window)
		}
	case TimeToEvent:
		if d.Start != nil && d.Start.Name == "" {
			c.wrong(d.Place, "A time to an event starts with one of the named events, not at an age; name it under events.")
			return
		}
		if d.End == nil || d.End.Op != First || d.End.Window.Anchor == nil || d.Start == nil || d.End.Window.Anchor.Name != d.Start.Name {
			at, name := d.Place, "referral"
			if d.Start != nil && d.Start.Name != "" {
				name = d.Start.Name
			}
			c.wrong(at, "The event of a time to an event is the first after its start; write \"event: {first: …, since: %s}\".", name)
		}
	}
}

// stays checks that bed days lie in a window that hangs on the index date, and
// are asked for nothing that is not counted.
func (c *checker) stays(x Expr) {
	s, ok := x.(*Stays)
	if !ok {
		return
	}
	switch e := s.Events; {
	case e.Window.Anchor != nil:
		c.wrong(e.Place, "Bed days are counted up to the index date, not %s; write \"within: 12 months\".", e.Window)
	case e.Ongoing || e.Value != nil || e.Days || e.Dated != ByStart:
		c.wrong(e.Place, "Bed days are those of all stays; leave out ongoing, value, \"dated by\" and \"on different days\".")
	}
}

// key is a text that two conditions on events share exactly when they find the
// same events and ask the same of them.
func (e *Events) key(window bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %v %v %v %v %d", e.Op, e.Subject, e.Kinds, e.Classes, e.Statuses, e.Ongoing, e.Dated)
	if window {
		b.WriteString(" " + e.Window.text)
	}
	for _, s := range []*Span{e.Value, e.Is} {
		if s != nil {
			b.WriteString(" " + s.text)
		}
	}
	fmt.Fprintf(&b, " %s %s %v %v", e.WasName, e.AnswerName, e.Days, e.Concepts)
	return b.String()
}

// covers reports whether every day of window v is one of window w.
func (w Window) covers(v Window) bool {
	if v.text == w.text {
		return true
	}
	switch w.Kind {
	case Ever:
		return true
	case Within:
		return (v.Kind == Within || v.Kind == Between) && days(v.Length) <= days(w.Length)-days(Period{3, Days})
	case Between, EndsAgo, Dates, WithinAfter, WithinBefore, BetweenBefore, Since, BeforeAnchor, BetweenAnchors:
	}
	return false
}

// room is what a condition leaves open of a person's attributes, so that two
// conditions that leave nothing in common are found.
type room struct {
	at    Place
	never string // why nothing is left; "" while something is
	age   [4]interval
	sexes []string // nil: any
	decil interval
	born  interval // days
	reg   *bool
}

type interval struct {
	low, high float64
	at        Place
}

func anybody() *room {
	r := &room{decil: interval{1, 10, Place{}}, born: interval{math.Inf(-1), math.Inf(1), Place{}}}
	for u := range r.age {
		r.age[u] = interval{math.Inf(-1), math.Inf(1), Place{}}
	}
	return r
}

func never(at Place, format string, args ...any) *room {
	r := anybody()
	r.at, r.never = at, fmt.Sprintf(format, args...)
	return r
}

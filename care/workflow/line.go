package workflow

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"joinery/care/model"
	"joinery/care/workflow/clock"
	"joinery/fhir"
)

// A line is who waits for a place at a service, in the order of its model of care.
// Nothing here reads the record: the same people at the same moment are in the
// same order, whichever order they were found in.

// waiter is somebody in a line, as far as the order has to know them.
type waiter struct {
	task     fhir.ID
	priority string
	since    time.Time // when help was asked for first, at whichever service
	target   time.Time // when the first of their clocks runs out; zero: none is open
	dated    time.Time // for when they are booked; zero: they have no date
	until    time.Time // until when they cannot take a place; zero: they can
}

// rule is one of those that decide who is before whom.
type rule struct {
	name    string
	compare func(a, b *waiter) int
	says    func(w *waiter) string // what it goes by, of one person
}

// bands are the priorities, the most urgent first.
var bands = []string{"stat", "asap", "urgent", "routine"}

func band(priority string) int {
	if i := slices.Index(bands, priority); i >= 0 {
		return i
	}
	return len(bands) - 1
}

func onDate(t time.Time) string { return t.In(clock.London).Format(time.DateOnly) }

// later puts a moment that is none after all others.
func later(a, b time.Time) int {
	if a.IsZero() || b.IsZero() {
		return cmp.Compare(btoi(a.IsZero()), btoi(b.IsZero()))
	}
	return a.Compare(b)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// The rules. Whoever was given a date is not passed over when it comes; the last
// two are there so that nobody is ever in two places.
var (
	byDate = rule{"has a date that has come", func(a, b *waiter) int { return later(a.dated, b.dated) }, func(w *waiter) string {
		if w.dated.IsZero() {
			return "no date is set"
		}
		return "booked for " + onDate(w.dated)
	}}
	modelRules = map[string]rule{
		"priority": {"priority", func(a, b *waiter) int { return band(a.priority) - band(b.priority) }, func(w *waiter) string {
			n := band(w.priority)
			return fmt.Sprintf("%s, band %d of %d", bands[n], n+1, len(bands))
		}},
		"longest wait": {"longest wait", func(a, b *waiter) int { return a.since.Compare(b.since) }, func(w *waiter) string {
			return "waiting since " + onDate(w.since)
		}},
		"nearest target date": {"nearest target date", func(a, b *waiter) int { return later(a.target, b.target) }, func(w *waiter) string {
			if w.target.IsZero() {
				return "no target date"
			}
			return "to be seen by " + onDate(w.target)
		}},
	}
	bySince = rule{"asked first", func(a, b *waiter) int { return a.since.Compare(b.since) }, func(w *waiter) string { return "asked for on " + onDate(w.since) }}
	byTask  = rule{"written first", func(a, b *waiter) int { return strings.Compare(string(a.task), string(b.task)) }, func(*waiter) string { return "of one moment" }}
)

// line is who waits at one service.
type line struct {
	rules []rule
	now   time.Time
	all   []waiter
}

// lineOf puts people in order. Who cannot take a place until later, and who has a
// date that has not come, is not in it.
func lineOf(order []string, now time.Time, all []waiter) *line {
	l := &line{now: now, rules: []rule{byDate}}
	for _, name := range order {
		l.rules = append(l.rules, modelRules[name])
	}
	l.rules = append(l.rules, bySince, byTask)
	for _, w := range all {
		if l.in(&w) {
			l.all = append(l.all, w)
		}
	}
	slices.SortFunc(l.all, func(a, b waiter) int { order, _ := l.compare(&a, &b); return order })
	return l
}

// in reports whether somebody could take a place now.
func (l *line) in(w *waiter) bool {
	today := onDate(l.now)
	return (w.until.IsZero() || !w.until.After(l.now)) && (w.dated.IsZero() || onDate(w.dated) <= today)
}

// compare says who is before whom, and by which rule.
func (l *line) compare(a, b *waiter) (int, *rule) {
	for i := range l.rules {
		if order := l.rules[i].compare(a, b); order != 0 {
			return order, &l.rules[i]
		}
	}
	return 0, nil
}

// Place is where somebody is in the line for a place, and why. It tells nothing of
// anybody else but how many there are.
type Place struct {
	Number     int       // 1 is next; 0: they cannot take a place now
	Of         int       // how many are in the line
	Free       int       // how many places are free now; less than 0: as many as come
	Ahead      []Ahead   // by which rules others are before them, in the rules' order
	Until      time.Time // until when they cannot take one; zero: they can
	Exceptions []model.Exception
}

// Ahead is how many are before somebody by one rule.
type Ahead struct {
	Rule   string
	Of     string // what the rule goes by, of the person themselves
	People int
}

// Next reports whether a place is free that nobody before them could take.
func (p *Place) Next() bool { return p.Number > 0 && (p.Free < 0 || p.Number <= p.Free) }

// place says where somebody is, be they in the line already or about to join it.
func (l *line) place(w *waiter) Place {
	p := Place{Of: len(l.all), Until: w.until}
	counts := map[string]int{}
	there := false
	for i := range l.all {
		if l.all[i].task == w.task {
			there = true
			continue
		}
		if order, by := l.compare(&l.all[i], w); order < 0 {
			counts[by.name]++
			p.Number++
		}
	}
	if !l.in(w) {
		p.Number = 0
		return p
	}
	p.Number++
	p.Until = time.Time{}
	if !there {
		p.Of++
	}
	for i := range l.rules {
		if n := counts[l.rules[i].name]; n > 0 {
			p.Ahead = append(p.Ahead, Ahead{l.rules[i].name, l.rules[i].says(w), n})
		}
	}
	return p
}

// Say is the place in words, a sentence each.
func (p *Place) Say() []string {
	free := "No place is free now."
	switch {
	case p.Free < 0:
		free = "There are as many places as people come."
	case p.Free == 1:
		free = "1 place is free now."
	case p.Free > 1:
		free = fmt.Sprintf("%d places are free now.", p.Free)
	}
	if p.Number == 0 {
		if p.Until.IsZero() {
			return []string{"Has a date; no place is held before it."}
		}
		return []string{"Cannot take a place until " + onDate(p.Until) + ", and is offered none before. The wait counts on."}
	}
	out := []string{fmt.Sprintf("Place %d of %d in the line. %s", p.Number, p.Of, free)}
	if p.Number == 1 {
		out = append(out, "Nobody is ahead.")
	}
	for _, a := range p.Ahead {
		out = append(out, fmt.Sprintf("%s ahead by the rule %q; this one: %s.", isAre(a.People), a.Rule, a.Of))
	}
	for _, e := range p.Exceptions {
		out = append(out, fmt.Sprintf("May go first by the exception %q: %s.", e.ID, e.Says))
	}
	return out
}

func isAre(n int) string {
	if n == 1 {
		return "1 person is"
	}
	return fmt.Sprintf("%d people are", n)
}

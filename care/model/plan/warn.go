package plan

import (
	"fmt"
	"math"
	"strings"
)

// warn says what a board must know before it agrees.
func (p *Part) warn(weeks int) {
	p.Measures = p.power()
	say := func(format string, args ...any) { p.Warnings = append(p.Warnings, fmt.Sprintf(format, args...)) }
	for _, s := range p.of.Set {
		if s.Wider {
			say("The place sets %s to %s, to the riskier side of the model's own %s.", s.Parameter, s.Value, s.Was)
		}
	}
	if !p.known {
		say("Fewer than 8 people are eligible: too few to tell how many, what work that is, or whether it helps.")
		return
	}
	if p.base == 0 {
		say("Nobody is eligible: look at the criteria, the area and what the population records.")
		return
	}
	p.warnOfPlaces(say, weeks)
	for _, w := range p.Work {
		if w.Over > 0 {
			say("%s: %s hours are needed in week %d, and there are %s; more than there are from week %d on.", w.Title, Figure(w.Peak), w.PeakWeek, Figure(w.Have), w.Over)
		}
	}
	for _, w := range p.Measures {
		months := float64(weeks) / weeksInYear * 12
		if w.Months == 0 || w.Months > months {
			when := "never"
			if w.Months > 0 {
				when = "after " + Figure(math.Ceil(w.Months)) + " months"
			}
			say("Too few people to show an effect on %q (%s): %s are needed, and as many to compare with; %s a year would be measured, so %s.",
				w.Title, p.aspect(w.Measure), thousands(int64(w.Needed)), Figure(math.Round(w.AYear)), when)
		}
	}
}

// warnOfPlaces says where capacity is below need.
func (p *Part) warnOfPlaces(say func(string, ...any), weeks int) {
	f := p.flow
	last := len(f.begin) - 1
	switch {
	case f.sentOn >= 1:
		say("Capacity is below need: %s people in %d weeks cannot be taken in time and go another way.", Figure(math.Round(f.sentOn)), weeks)
	case f.waiting[last] >= 1 && f.waiting[last] > f.waiting[last/2]:
		say("Capacity is below need: %s people a week would begin and %s can, so %s wait after %d weeks, and the list still grows.",
			Figure(p.Capacity.Need), Figure(tenth(f.rate(last))), Figure(math.Round(f.waiting[last])), weeks)
	}
	if p.Capacity.Need < float64(p.Capacity.AWeek)/2 {
		say("Most places would stand empty: %s people a week would begin, and there are places for %d.", Figure(p.Capacity.Need), p.Capacity.AWeek)
	}
	if week := p.late(); week > 0 {
		say("From week %d on, people wait longer than the %s that the model allows.", week, p.of.Waiting.AtMost)
	}
}

// Figure writes a number with commas, and a tenth where there is one.
func Figure(v float64) string {
	if v == math.Trunc(v) {
		return thousands(int64(v))
	}
	whole, rest := math.Modf(tenth(v))
	if rest == 0 {
		return thousands(int64(whole))
	}
	return thousands(int64(whole)) + strings.TrimPrefix(fmt.Sprintf("%.1f", rest), "0")
}

package language

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"joinery/timeline"
)

// parseDay reads a date written as 2026-01-31.
func parseDay(s string) (timeline.Day, error) {
	d, err := timeline.ParseDay(s)
	if err != nil || d < timeline.Date(1850, time.January, 1) || d > timeline.Date(2200, time.January, 1) {
		return timeline.NoDay, fmt.Errorf("%q is not a date; write it as 2026-01-31", s)
	}
	return d, nil
}

// Unit is a unit of civil time.
type Unit uint8

// The units of civil time.
const (
	Days Unit = iota
	Weeks
	Months
	Years
)

var unitNames = []string{"day", "week", "month", "year"}

func (u Unit) String() string { return unitNames[u] + "s" }

// Period is a length of civil time, such as 12 months. It is never negative.
type Period struct {
	N    int
	Unit Unit
}

func (p Period) String() string {
	if p.N == 1 {
		return "1 " + unitNames[p.Unit]
	}
	return fmt.Sprintf("%d %s", p.N, p.Unit)
}

// Before returns the day that lies the period before d. Months and years keep
// the day of the month, or take the last day of a month that has no such day:
// a month before 31 March is 28 or 29 February.
func (p Period) Before(d timeline.Day) timeline.Day { return p.shift(d, -p.N) }

// After returns the day that lies the period after d, in the same way.
func (p Period) After(d timeline.Day) timeline.Day { return p.shift(d, p.N) }

func (p Period) shift(d timeline.Day, n int) timeline.Day {
	switch p.Unit {
	case Days:
		return d + timeline.Day(n)
	case Weeks:
		return d + timeline.Day(7*n)
	case Years:
		n *= 12
	case Months:
	}
	year, month, day := d.Date()
	first := time.Date(year, month+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return timeline.Date(first.Year(), first.Month(), min(day, last))
}

// Reached returns the day on which someone born on a day reaches an age: the
// same day of the month, or, where a month has no such day, the first of the
// next. Someone born on 29 February is a year older on 1 March of a common
// year.
func (p Period) Reached(born timeline.Day) timeline.Day {
	switch p.Unit {
	case Days:
		return born + timeline.Day(p.N)
	case Weeks:
		return born + timeline.Day(7*p.N)
	case Months, Years:
	}
	n := p.N
	if p.Unit == Years {
		n *= 12
	}
	year, month, day := born.Date()
	first := time.Date(year, month+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	if last := first.AddDate(0, 1, -1).Day(); day > last {
		return timeline.Date(first.Year(), first.Month()+1, 1)
	}
	return timeline.Date(first.Year(), first.Month(), day)
}

// WholeAge returns how many whole units lie between the day of birth and a day; it
// is negative before birth.
func WholeAge(born, on timeline.Day, unit Unit) int {
	switch unit {
	case Days:
		return int(on - born)
	case Weeks:
		return int(math.Floor(float64(on-born) / 7))
	case Months, Years:
	}
	by, bm, bd := born.Date()
	y, m, d := on.Date()
	months := (y-by)*12 + int(m) - int(bm)
	if d < bd {
		months--
	}
	if unit == Months {
		return months
	}
	return int(math.Floor(float64(months) / 12))
}

const maxPeriod = 150 * 366 // no window is longer than a life

// parsePeriod reads "12 months" from the front of words, and returns what is
// left of them.
func parsePeriod(words []string) (Period, []string, error) {
	if len(words) < 2 {
		return Period{}, nil, fmt.Errorf("a length of time is missing; write it as %q", "12 months")
	}
	n, err := strconv.Atoi(words[0])
	if err != nil || n < 0 || n > maxPeriod {
		return Period{}, nil, fmt.Errorf("%q is not a whole number; write a length of time as %q", words[0], "12 months")
	}
	u, ok := parseUnit(words[1])
	if !ok {
		return Period{}, nil, fmt.Errorf("%q is not a unit of time; there are days, weeks, months and years", words[1])
	}
	return Period{n, u}, words[2:], nil
}

func parseUnit(word string) (Unit, bool) {
	for i, name := range unitNames {
		if strings.TrimSuffix(word, "s") == name {
			return Unit(i), true
		}
	}
	return 0, false
}

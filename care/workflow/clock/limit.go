package clock

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Unit is what a limit counts.
type Unit uint8

// Units. Minutes and hours are elapsed time; the rest are civil days in London,
// of which the last counts to its end.
const (
	Minutes Unit = iota
	Hours
	Days
	WorkingDays // Monday to Friday without bank holidays of England
	Weeks
)

var unitNames = [...]string{"minute", "hour", "day", "working day", "week"}

func (u Unit) civil() bool { return u >= Days }

// Limit is a length of time, as standards give it.
type Limit struct {
	N    int
	Unit Unit
}

// ParseLimit reads "2 hours", "18 weeks", "1 day" or "10 working days".
func ParseLimit(text string) (Limit, error) {
	number, unit, _ := strings.Cut(strings.TrimSpace(text), " ")
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > 10_000 || number[0] == '+' {
		return Limit{}, fmt.Errorf("a time is a number and a unit, such as 2 hours, and not %q", text)
	}
	for i, name := range unitNames {
		if unit == name && n == 1 || unit == name+"s" && n > 1 {
			return Limit{n, Unit(i)}, nil
		}
	}
	return Limit{}, fmt.Errorf("the units of time are minutes, hours, days, working days and weeks, and not %q", unit)
}

// elapsed returns the time of a limit of minutes or hours.
func (l Limit) elapsed() time.Duration {
	if l.Unit == Hours {
		return time.Duration(l.N) * time.Hour
	}
	return time.Duration(l.N) * time.Minute
}

func (l Limit) String() string {
	text := strconv.Itoa(l.N) + " " + unitNames[l.Unit]
	if l.N != 1 {
		text += "s"
	}
	return text
}

// After returns the last moment that is within the limit after an instant: 18
// weeks after any moment of a day end with the 126th day after it.
func (l Limit) After(t time.Time) time.Time {
	switch l.Unit {
	case Minutes:
		return t.Add(time.Duration(l.N) * time.Minute)
	case Hours:
		return t.Add(time.Duration(l.N) * time.Hour)
	case Days:
		return endOfDay(t, l.N)
	case Weeks:
		return endOfDay(t, 7*l.N)
	case WorkingDays:
	}
	n := 0
	for left := l.N; left > 0; {
		n++
		if year, month, day := onDay(t, n).Date(); WorkingDay(year, month, day) {
			left--
		}
	}
	return endOfDay(t, n)
}

// Before returns the moment from which there is no more than the limit until an
// instant; of days it is the beginning of a day.
func (l Limit) Before(t time.Time) time.Time {
	switch l.Unit {
	case Minutes:
		return t.Add(-time.Duration(l.N) * time.Minute)
	case Hours:
		return t.Add(-time.Duration(l.N) * time.Hour)
	case Days:
		return onDay(t, -l.N)
	case Weeks:
		return onDay(t, -7*l.N)
	case WorkingDays:
	}
	n := 0
	for left := l.N; left > 0; {
		n--
		if year, month, day := onDay(t, n).Date(); WorkingDay(year, month, day) {
			left--
		}
	}
	return onDay(t, n)
}

// onDay returns the beginning of the civil day n days after that of an instant.
func onDay(t time.Time, n int) time.Time {
	year, month, day := t.In(London).Date()
	return time.Date(year, month, day+n, 0, 0, 0, 0, London)
}

// endOfDay returns the last moment of the civil day n days after that of an
// instant.
func endOfDay(t time.Time, n int) time.Time { return onDay(t, n+1).Add(-time.Nanosecond) }

// dayNumber counts civil days.
func dayNumber(t time.Time) int {
	year, month, day := t.In(London).Date()
	return int(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

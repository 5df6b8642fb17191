package clock

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// During are times of day on some days of the week, in London, within which a
// standard holds: outside them its clock stands still.
type During struct {
	From, To int     // minutes from midnight; To may be 1440
	Days     [7]bool // by time.Weekday
	Working  bool    // bank holidays are not among the days
	Text     string
}

var (
	hoursPattern = regexp.MustCompile(`^(\d\d):(\d\d) to (\d\d):(\d\d)(?: (.+))?$`)
	weekdayNames = []string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
)

// ParseDuring reads "08:00 to 20:00 every day", "09:00 to 17:00 working days",
// "09:00 to 17:00 Monday to Friday" or "10:00 to 14:00 Saturday and Sunday".
func ParseDuring(text string) (*During, error) {
	wrong := fmt.Errorf("hours are written as 08:00 to 20:00 every day, working days, or Monday to Friday, and not %q", text)
	match := hoursPattern.FindStringSubmatch(strings.TrimSpace(text))
	if match == nil {
		return nil, wrong
	}
	h := &During{From: minutes(match[1], match[2]), To: minutes(match[3], match[4]), Text: strings.TrimSpace(text)}
	var ok bool
	if h.Days, h.Working, ok = parseDays(match[5]); !ok || h.From < 0 || h.To <= h.From {
		return nil, wrong
	}
	return h, nil
}

// minutes returns the minute of a day, less than 0 when there is none.
func minutes(hour, minute string) int {
	h, _ := strconv.Atoi(hour) // two digits
	m, _ := strconv.Atoi(minute)
	if m > 59 || h > 24 || h == 24 && m > 0 {
		return -1
	}
	return h*60 + m
}

func parseDays(text string) (days [7]bool, working, ok bool) {
	switch text {
	case "", "every day":
		return [7]bool{true, true, true, true, true, true, true}, false, true
	case "working days":
		return [7]bool{false, true, true, true, true, true, false}, true, true
	}
	if from, to, ranged := strings.Cut(text, " to "); ranged {
		i, j := slices.Index(weekdayNames, from), slices.Index(weekdayNames, to)
		if i < 0 || j < 0 {
			return days, false, false
		}
		for d := i; ; d = (d + 1) % 7 {
			days[d] = true
			if d == j {
				return days, false, true
			}
		}
	}
	for _, name := range strings.Fields(strings.NewReplacer(",", " ", " and ", " ").Replace(text)) {
		i := slices.Index(weekdayNames, name)
		if i < 0 {
			return days, false, false
		}
		days[i] = true
	}
	return days, false, true
}

func (h *During) String() string { return h.Text }

// window returns the hours of the civil day n days after that of an instant; ok is
// false when that day has none. Where clocks change, an hour that is not there is
// not counted, and one that is there twice is counted twice.
func (h *During) window(t time.Time, n int) (open, shut time.Time, ok bool) {
	year, month, day := onDay(t, n).Date()
	noon := time.Date(year, month, day, 12, 0, 0, 0, London)
	if !h.Days[noon.Weekday()] || h.Working && !WorkingDay(year, month, day) {
		return open, shut, false
	}
	return time.Date(year, month, day, 0, h.From, 0, 0, London), time.Date(year, month, day, 0, h.To, 0, 0, London), true
}

// farthest bounds how many days are looked through: longer than any limit, with
// hours on one day of the week.
const farthest = 200_000

// Next returns the first moment from an instant on that is within the hours.
func (h *During) Next(t time.Time) time.Time {
	for n := range farthest {
		open, shut, ok := h.window(t, n)
		switch {
		case !ok || !shut.After(t):
		case open.After(t):
			return open
		default:
			return t
		}
	}
	return t
}

// After returns the last moment that is within a limit after an instant: minutes
// and hours count within the hours alone; days, working days and weeks count from
// the first moment within them, and end with a civil day.
func (h *During) After(l Limit, t time.Time) time.Time {
	if l.Unit.civil() {
		return l.After(h.Next(t))
	}
	left := l.elapsed()
	for n := range farthest {
		open, shut, ok := h.window(t, n)
		if !ok || !shut.After(t) {
			continue
		}
		if open.Before(t) {
			open = t
		}
		if room := shut.Sub(open); left > room {
			left -= room
			continue
		}
		return open.Add(left)
	}
	return onDay(t, farthest)
}

// Before returns the moment from which there is no more than a limit, within the
// hours, until an instant.
func (h *During) Before(l Limit, t time.Time) time.Time {
	if l.Unit.civil() {
		return l.Before(t)
	}
	left := l.elapsed()
	for n := range farthest {
		open, shut, ok := h.window(t, -n)
		if !ok || !open.Before(t) {
			continue
		}
		if shut.After(t) {
			shut = t
		}
		if room := shut.Sub(open); left > room {
			left -= room
			continue
		}
		return shut.Add(-left)
	}
	return t
}

// Between returns how much of the time from one instant to another lies within the
// hours.
func (h *During) Between(from, to time.Time) time.Duration {
	var sum time.Duration
	for n := 0; to.After(from) && n <= dayNumber(to)-dayNumber(from); n++ {
		open, shut, ok := h.window(from, n)
		if !ok {
			continue
		}
		if open.Before(from) {
			open = from
		}
		if shut.After(to) {
			shut = to
		}
		if shut.After(open) {
			sum += shut.Sub(open)
		}
	}
	return sum
}

package synth

import (
	"strings"
	"time"
)

// holidayRule is when a service is open on a bank holiday.
type holidayRule uint8

// Rules for bank holidays.
const (
	closedOnHolidays holidayRule = iota
	asOnSunday
	asUsual
)

func holidayRuleOf(word string) holidayRule {
	switch word {
	case "closed":
		return closedOnHolidays
	case "sunday":
		return asOnSunday
	case "usual":
		return asUsual
	}
	panic("synth: a table holds the unknown rule for holidays " + word)
}

// weekOf returns the week of hours such as "09:00-13:00 14:00-18:00" on
// weekdays, Saturdays and Sundays; "-" is closed.
func weekOf(weekdays, saturday, sunday string) Week {
	week := Week{time.Saturday: spansOf(saturday), time.Sunday: spansOf(sunday)}
	for day := time.Monday; day <= time.Friday; day++ {
		week[day] = spansOf(weekdays)
	}
	return week
}

func spansOf(hours string) []Span {
	if hours == "-" {
		return nil
	}
	var spans []Span
	for span := range strings.FieldsSeq(hours) {
		from, to, _ := strings.Cut(span, "-")
		spans = append(spans, Span{minuteOf(from), minuteOf(to)})
	}
	return spans
}

// minuteOf returns the minute of the day of a time such as 18:30 or 24:00.
func minuteOf(clock string) int16 {
	hour, minute, _ := strings.Cut(clock, ":")
	return int16(whole(hour)*60 + whole(minute))
}

// bankHolidays are those of England, 2019 to 2027.
var bankHolidays = func() map[Day]bool {
	days := map[Day]bool{}
	for _, row := range table("bank-holidays") {
		t, err := time.Parse(time.DateOnly, row[0])
		if err != nil {
			panic("synth: bank holidays: " + err.Error())
		}
		days[dayOf(t.Date())] = true
	}
	return days
}()

// spans returns when the service is open on a day.
func (s *Service) spans(on Day) []Span {
	if s.Holidays != asUsual && holiday(on) {
		if s.Holidays == closedOnHolidays {
			return nil
		}
		return s.Hours[time.Sunday]
	}
	return s.Hours[on.Weekday()]
}

// OpenAt reports whether the service is open at an instant, by its hours and
// the bank holidays of England.
func (s *Service) OpenAt(at Moment) bool {
	on := at.Day()
	minute := int16(at.minuteOfDay())
	for _, span := range s.spans(on) {
		if span.From <= minute && minute < span.To {
			return true
		}
	}
	return false
}

// openFrom returns an instant at which the service is open: the wished one if
// it is open then, otherwise one on the same day, or the next day on which it
// opens. Never: it does not open within four weeks.
func (s *Service) openFrom(d dice, wished Moment) Moment {
	if s.OpenAt(wished) {
		return wished
	}
	minute := int16(wished.minuteOfDay())
	for k := range Day(28) {
		on := wished.Day() + k
		left := 0
		for _, span := range s.spans(on) {
			left += max(0, int(span.To-max(span.From, minute)))
		}
		if left > 0 {
			return on.At(s.minuteAfter(on, minute, d.rng.IntN(left)))
		}
		minute = 0
	}
	return Never
}

// minuteAfter returns the n-th open minute of a day from a minute on.
func (s *Service) minuteAfter(on Day, from int16, n int) int {
	for _, span := range s.spans(on) {
		start := max(span.From, from)
		if open := int(span.To - start); open > n {
			return int(start) + n
		} else if open > 0 {
			n -= open
		}
	}
	panic("synth: fewer open minutes than were counted")
}

// minuteOfDay returns the minute of the civil day in London.
func (m Moment) minuteOfDay() int {
	day := m.Day().Start()
	if summerTime(m) {
		m += 60
	}
	return int(m - day)
}

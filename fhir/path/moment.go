package path

import (
	"fmt"
	"time"
)

// moment is a date, a dateTime or a time of day, known to some precision. What
// lies beyond the precision is zero (or, of month and day, one).
type moment struct {
	kind         kind // date, dateTime or clock
	prec         precision
	year         int
	month, day   int
	hour, minute int
	second       int
	nano         int
	fraction     int  // digits after the second's point, as written
	zoned        bool // it says its offset
	utc          bool // written as Z
	offset       int  // minutes east of UTC
}

// precision is the smallest unit that a moment knows.
type precision uint8

const (
	toYear precision = iota + 1
	toMonth
	toDay
	toHour
	toMinute
	toSecond
	toFraction
)

// scan reads a moment piece by piece.
type scan[T string | []byte] struct {
	in T
	at int
}

// digits reads just n digits.
func (s *scan[T]) digits(n int) (int, bool) {
	if s.at+n > len(s.in) {
		return 0, false
	}
	v := 0
	for i := s.at; i < s.at+n; i++ {
		if !isDigit(s.in[i]) {
			return 0, false
		}
		v = v*10 + int(s.in[i]-'0')
	}
	s.at += n
	return v, true
}

func (s *scan[T]) accept(c byte) bool {
	if s.at < len(s.in) && s.in[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *scan[T]) done() bool { return s.at == len(s.in) }

// parseDate reads 2024, 2024-01 or 2024-01-31.
func parseDate[T string | []byte](in T) (moment, bool) {
	s := scan[T]{in: in}
	m, ok := s.date()
	m.kind = date
	return m, ok && s.done()
}

// parseDateTime reads a date, alone or followed by T, or by T and a time with
// or without offset.
func parseDateTime[T string | []byte](in T) (moment, bool) {
	s := scan[T]{in: in}
	m, ok := s.date()
	m.kind = dateTime
	if !ok || s.done() {
		return m, ok
	}
	if !s.accept('T') {
		return m, false
	}
	if s.done() {
		return m, true
	}
	if m.prec != toDay || !s.clock(&m) {
		return m, false
	}
	if s.done() {
		return m, true
	}
	return m, s.zone(&m) && s.done()
}

// parseTime reads 14, 14:30, 14:30:00 or 14:30:00.000.
func parseTime[T string | []byte](in T) (moment, bool) {
	s := scan[T]{in: in}
	m := moment{kind: clock, year: 1, month: 1, day: 1}
	return m, s.clock(&m) && s.done()
}

func (s *scan[T]) date() (moment, bool) {
	m := moment{month: 1, day: 1, prec: toYear}
	var ok bool
	if m.year, ok = s.digits(4); !ok || m.year == 0 {
		return m, false
	}
	if !s.accept('-') {
		return m, true
	}
	if m.month, ok = s.digits(2); !ok || m.month < 1 || m.month > 12 {
		return m, false
	}
	m.prec = toMonth
	if !s.accept('-') {
		return m, true
	}
	m.day, ok = s.digits(2)
	m.prec = toDay
	return m, ok && m.day >= 1 && m.day <= daysIn(m.year, m.month)
}

func (s *scan[T]) clock(m *moment) bool {
	var ok bool
	if m.hour, ok = s.digits(2); !ok || m.hour > 23 {
		return false
	}
	m.prec = toHour
	if !s.accept(':') {
		return true
	}
	if m.minute, ok = s.digits(2); !ok || m.minute > 59 {
		return false
	}
	m.prec = toMinute
	if !s.accept(':') {
		return true
	}
	if m.second, ok = s.digits(2); !ok || m.second > 60 { // 60: a leap second
		return false
	}
	m.prec = toSecond
	if !s.accept('.') {
		return true
	}
	m.prec = toFraction
	scale := 100_000_000
	for s.at < len(s.in) && isDigit(s.in[s.at]) {
		m.nano += int(s.in[s.at]-'0') * scale
		scale /= 10
		m.fraction++
		s.at++
	}
	return m.fraction > 0
}

func (s *scan[T]) zone(m *moment) bool {
	m.zoned = true
	if s.accept('Z') {
		m.utc = true
		return true
	}
	way := 1
	if s.accept('-') {
		way = -1
	} else if !s.accept('+') {
		return false
	}
	h, ok := s.digits(2)
	if !ok || !s.accept(':') {
		return false
	}
	min, ok := s.digits(2)
	m.offset = way * (h*60 + min)
	return ok && h <= 14 && min <= 59
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// momentOf returns a time with all its precision to the millisecond.
func momentOf(t time.Time) moment {
	_, offset := t.Zone()
	return moment{
		kind: dateTime, prec: toFraction,
		year: t.Year(), month: int(t.Month()), day: t.Day(),
		hour: t.Hour(), minute: t.Minute(), second: t.Second(),
		nano: t.Nanosecond() / 1e6 * 1e6, fraction: 3,
		zoned: true, offset: offset / 60,
	}
}

// time returns the first instant that the moment may mean, in UTC; without an
// offset, as if it were in UTC.
func (m *moment) time() time.Time {
	return time.Date(m.year, time.Month(m.month), m.day, m.hour, m.minute-m.offset, m.second, m.nano, time.UTC)
}

// setTime gives the moment the fields of t, which is in its own zone.
func (m *moment) setTime(t time.Time) {
	m.year, m.month, m.day = t.Year(), int(t.Month()), t.Day()
	m.hour, m.minute, m.second, m.nano = t.Hour(), t.Minute(), t.Second(), t.Nanosecond()
}

// after returns the first instant that the moment cannot mean any more.
func (m *moment) after() time.Time {
	t := m.time()
	switch m.prec {
	case toYear:
		return t.AddDate(1, 0, 0)
	case toMonth:
		return t.AddDate(0, 1, 0)
	case toDay:
		return t.AddDate(0, 0, 1)
	case toHour:
		return t.Add(time.Hour)
	case toMinute:
		return t.Add(time.Minute)
	}
	return t.Add(1)
}

// String writes the moment as FHIR does, a time of day without its T.
func (m *moment) String() string {
	var s string
	if m.kind != clock {
		switch {
		case m.prec == toYear:
			return fmt.Sprintf("%04d", m.year)
		case m.prec == toMonth:
			return fmt.Sprintf("%04d-%02d", m.year, m.month)
		}
		s = fmt.Sprintf("%04d-%02d-%02d", m.year, m.month, m.day)
		if m.prec == toDay {
			return s
		}
		s += "T"
	}
	s += fmt.Sprintf("%02d", m.hour)
	if m.prec >= toMinute {
		s += fmt.Sprintf(":%02d", m.minute)
	}
	if m.prec >= toSecond {
		s += fmt.Sprintf(":%02d", m.second)
	}
	if m.prec >= toFraction {
		s += "." + fmt.Sprintf("%09d", m.nano)[:min(m.fraction, 9)]
	}
	switch {
	case m.utc:
		s += "Z"
	case m.zoned && m.offset < 0:
		s += fmt.Sprintf("-%02d:%02d", -m.offset/60, -m.offset%60)
	case m.zoned:
		s += fmt.Sprintf("+%02d:%02d", m.offset/60, m.offset%60)
	}
	return s
}

// compareMoments orders two moments; false when it cannot be told, because one
// is less precise or one does not say its offset.
func compareMoments(a, b *moment) (int, bool) {
	if a.zoned != b.zoned {
		return compareZoned(a, b)
	}
	x, y := *a, *b
	if a.zoned && a.offset != b.offset {
		x.setTime(a.time())
		y.setTime(b.time())
	}
	upto := min(x.prec, y.prec)
	for p, pair := range [...][2]int{
		{x.year, y.year},
		{x.month, y.month},
		{x.day, y.day},
		{x.hour, y.hour},
		{x.minute, y.minute},
		{x.second, y.second},
		{x.nano, y.nano},
	} {
		if precision(p+1) > upto && precision(p+1) < toFraction {
			break // seconds and their fraction are one precision: 30 is 30.0
		}
		if pair[0] < pair[1] {
			return -1, true
		}
		if pair[0] > pair[1] {
			return 1, true
		}
	}
	return 0, min(x.prec, toSecond) == min(y.prec, toSecond)
}

// The offsets that are in use: a time without one may be any of these.
const (
	mostEast = 14 * time.Hour
	mostWest = -12 * time.Hour
)

// compareZoned compares when just one says its offset: it is known only when
// the other is earlier or later wherever on Earth it is meant.
func compareZoned(a, b *moment) (int, bool) {
	span := func(m *moment) (from, to time.Time) {
		from, to = m.time(), m.after()
		if !m.zoned {
			from, to = from.Add(-mostEast), to.Add(-mostWest)
		}
		return from, to
	}
	fromA, toA := span(a)
	fromB, toB := span(b)
	switch {
	case !toA.After(fromB):
		return -1, true
	case !toB.After(fromA):
		return 1, true
	}
	return 0, false
}

// add returns the moment so many units later, or earlier. Units finer than the
// moment's precision are turned into that, fractions dropped. It is false when
// the result is outside the years 1 to 9999.
func (m moment) add(n int64, unit string) (moment, bool) {
	const most = 1 << 50 // milliseconds of 35,000 years; what is beyond has no date
	if n > most || n < -most {
		return m, false
	}
	n, unit = m.coarsen(n, unit)
	switch unit {
	case "year", "month":
		if m.kind == clock {
			return m, false
		}
		if unit == "year" {
			n *= 12
		}
		months := int64(m.year)*12 + int64(m.month-1) + n
		if months < 12 || months >= 10000*12 {
			return m, false
		}
		m.year, m.month = int(months/12), int(months%12)+1
		m.day = min(m.day, daysIn(m.year, m.month))
		return m, true
	}
	t := time.Date(m.year, time.Month(m.month), m.day, m.hour, m.minute, m.second, m.nano, time.UTC)
	days, rest := n, time.Duration(0)
	if length := lengths[unit]; length > 0 {
		perDay := int64(24 * time.Hour / length)
		days, rest = n/perDay, time.Duration(n%perDay)*length
	}
	if m.kind == clock {
		days = 0
	}
	if days > 4_000_000 || days < -4_000_000 {
		return m, false
	}
	t = t.AddDate(0, 0, int(days)).Add(rest)
	if m.kind == clock { // the clock goes round
		t = time.Date(1, 1, 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	}
	m.setTime(t)
	if unit == "millisecond" && m.prec == toFraction {
		m.fraction = max(m.fraction, 3)
	}
	return m, m.year >= 1 && m.year <= 9999
}

var lengths = map[string]time.Duration{
	"hour": time.Hour, "minute": time.Minute, "second": time.Second, "millisecond": time.Millisecond,
}

// coarsen turns an amount of units into units that the moment knows.
func (m *moment) coarsen(n int64, unit string) (int64, string) {
	if unit == "week" {
		n, unit = n*7, "day"
	}
	for {
		var by int64
		var coarser string
		switch unit {
		case "month":
			if m.prec < toMonth {
				by, coarser = 12, "year"
			}
		case "day":
			switch m.prec {
			case toYear:
				by, coarser = 365, "year"
			case toMonth:
				by, coarser = 30, "month"
			}
		case "hour":
			if m.prec < toHour {
				by, coarser = 24, "day"
			}
		case "minute":
			if m.prec < toMinute {
				by, coarser = 60, "hour"
			}
		case "second":
			if m.prec < toSecond {
				by, coarser = 60, "minute"
			}
		case "millisecond":
			if m.prec < toFraction {
				by, coarser = 1000, "second"
			}
		}
		if by == 0 {
			return n, unit
		}
		n, unit = n/by, coarser
	}
}

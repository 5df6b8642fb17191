package synth

import "time"

// Moment is an instant in minutes since 1970 UTC. Of a whole civil day it is
// that day's midnight UTC, and the event's Grain says so.
type Moment int32

// Never is the Moment that stands for none.
const Never Moment = -1 << 31

// Day is a civil day in London, counted from 1 January 1970.
type Day int32

// Grain is how precisely a Moment is known.
type Grain uint8

// Grains.
const (
	ToTheMinute Grain = iota
	ToTheDay
	ToTheMonth
	ToTheYear
)

// dayOf returns the day of a date.
func dayOf(year int, month time.Month, day int) Day {
	return Day(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// Start returns the day as a Moment for an event whose Grain is a day or more.
func (d Day) Start() Moment { return Moment(d) * 1440 }

// At returns the instant of a day at so many minutes after midnight by the
// clocks of London. The hour that clocks skip in March is taken as the hour
// after it, the one they repeat in October as the first of the two.
func (d Day) At(minute int) Moment {
	m := Moment(d)*1440 + Moment(minute)
	if summerTime(m) {
		m -= 60
	}
	return m
}

// Date returns the year, month and day.
func (d Day) Date() (year int, month time.Month, day int) {
	return time.Unix(int64(d)*86400, 0).UTC().Date()
}

// Weekday returns the day of the week.
func (d Day) Weekday() time.Weekday { return time.Weekday(((int(d)+4)%7 + 7) % 7) }

// Day returns the civil day in London in which the instant lies.
func (m Moment) Day() Day {
	if summerTime(m) {
		m += 60
	}
	if m < 0 {
		return Day((m - 1439) / 1440)
	}
	return Day(m / 1440)
}

// Time returns the instant.
func (m Moment) Time() time.Time { return time.Unix(int64(m)*60, 0).UTC() }

// summerTime reports whether London's clocks are an hour ahead: from 01:00 UTC
// on the last Sunday of March to 01:00 UTC on the last Sunday of October, as
// the Summer Time Order 2002 has it. It is applied to earlier years as well,
// when the dates were other ones: no event before 2002 has a time of day.
func summerTime(m Moment) bool {
	year := time.Unix(int64(m)*60, 0).UTC().Year()
	return m >= lastSunday(year, time.March)+60 && m < lastSunday(year, time.October)+60
}

// lastSunday returns midnight of the last Sunday of a month that has 31 days.
func lastSunday(year int, month time.Month) Moment {
	d := dayOf(year, month, 31)
	return (d - Day(d.Weekday())).Start()
}

// ageOn returns the age in whole years on a day. Someone born on 29 February
// has their birthday on 1 March in other years, as in English law.
func ageOn(born, on Day) int {
	by, bm, bd := born.Date()
	y, m, d := on.Date()
	age := y - by
	if m < bm || m == bm && d < bd {
		age--
	}
	return age
}

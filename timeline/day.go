package timeline

import (
	"math"
	"sort"
	"sync"
	"time"
	_ "time/tzdata" // so that London's summer time is known on every machine
)

// Day is a civil day in Europe/London: 1 is 0001-01-01, and so on. The zero Day
// is none, so that what was not said is not a day.
type Day int32

// The zero Day, and the first and the last that can be written.
const (
	NoDay  Day = 0       // not known, or none
	DayMin Day = 1       // 0001-01-01
	DayMax Day = 3652059 // 9999-12-31
)

// epoch is 1970-01-01.
const epoch Day = 719163

// Date returns the day of a date. What overflows goes on into the next month or
// year, as in time.Date.
func Date(year int, month time.Month, day int) Day {
	return epoch + Day(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix()/secondsOfDay)
}

// ParseDay reads a day written as 2006-01-02.
func ParseDay(s string) (Day, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return NoDay, err
	}
	return Date(t.Date()), nil
}

// DayOf returns the civil day, and the minute in it, of a moment.
func DayOf(t time.Time) (d Day, minute int) { return civil(t.Unix()) }

// Date returns the date of a day.
func (d Day) Date() (year int, month time.Month, day int) {
	return time.Unix(int64(d-epoch)*secondsOfDay, 0).UTC().Date()
}

// String returns the day as 2006-01-02, and nothing for NoDay.
func (d Day) String() string {
	if d == NoDay {
		return ""
	}
	return time.Unix(int64(d-epoch)*secondsOfDay, 0).UTC().Format(time.DateOnly)
}

// MarshalText returns the day as String does.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (d *Day) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = NoDay
		return nil
	}
	day, err := ParseDay(string(text))
	if err != nil {
		return err
	}
	*d = day
	return nil
}

// latest returns the last day of a period that begins with d and is as long as
// an event's Minute says.
func latest(d Day, minute int16) Day {
	if minute >= DayOnly {
		return d
	}
	year, month, _ := d.Date()
	if minute == YearOnly {
		return Date(year, time.December, 31)
	}
	return Date(year, month+1, 0)
}

const secondsOfDay = 24 * 60 * 60

// offsets are the times from which London's clocks were so far ahead of UTC, in
// seconds, ascending.
type offsets struct{ from, ahead []int64 }

// london is worked out once, from 1900 to 2200 (before and after, no summer time
// is known): a binary search in a few hundred changes of the clock costs a
// fraction of what the time package takes, and there are 150 million events.
var london = sync.OnceValue(func() *offsets {
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err) // it is compiled in
	}
	ahead := func(unix int64) int64 {
		_, ahead := time.Unix(unix, 0).In(zone).Zone()
		return int64(ahead)
	}
	o := &offsets{from: []int64{math.MinInt64}, ahead: []int64{0}}
	first, last := time.Date(1900, time.January, 1, 0, 0, 0, 0, time.UTC), time.Date(2200, time.January, 1, 0, 0, 0, 0, time.UTC)
	for day := first.Unix(); day < last.Unix(); day += secondsOfDay {
		was, is := ahead(day), ahead(day+secondsOfDay)
		if was != is {
			second := sort.Search(secondsOfDay, func(s int) bool { return ahead(day+int64(s)) == is })
			o.from, o.ahead = append(o.from, day+int64(second)), append(o.ahead, is)
		}
	}
	return o
})

// civil returns the civil day of a moment, and the minute in it.
func civil(unix int64) (d Day, minute int) {
	o := london()
	i := sort.Search(len(o.from), func(i int) bool { return o.from[i] > unix }) - 1
	local := unix + o.ahead[i]
	day := floor(local, secondsOfDay)
	return epoch + Day(day), int(local-day*secondsOfDay) / 60
}

func floor(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

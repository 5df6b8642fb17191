package search

import (
	"math"
	"sync"
	"time"
	_ "time/tzdata" // so that London's summer time is known on every machine
)

// A period of time in milliseconds since 1970, UTC: low is in it, high is not.
// An open end is the least or the greatest int64.
const (
	beginning = math.MinInt64
	forever   = math.MaxInt64
)

// london is where days that name no zone begin and end.
var london = sync.OnceValue(func() *time.Location {
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic("record/search: the embedded time zones lack Europe/London: " + err.Error()) // cannot be: they are compiled in
	}
	return zone
})

// period returns the time that a FHIR date, dateTime or instant stands for, from
// its first moment to its end, as precise as it is written. Without a zone it is
// London's.
func period(text []byte) (low, high int64, ok bool) {
	var field [6]int // year, month, day, hour, minute, second
	n, rest, ok := fields(text, &field)
	if !ok {
		return 0, 0, false
	}
	year, month, day := field[0], max(field[1], 1), max(field[2], 1)
	if month > 12 || n > 2 && (day > daysIn(year, month) || field[2] < 1) || n > 1 && field[1] < 1 {
		return 0, 0, false
	}
	if n <= 3 {
		if len(rest) > 0 {
			return 0, 0, false
		}
		switch n {
		case 1:
			return civil(year, 1, 1), civil(year+1, 1, 1), true
		case 2:
			return civil(year, month, 1), civil(year, month+1, 1), true
		}
		return civil(year, month, day), civil(year, month, day+1), true
	}
	width := int64(60_000)
	if n == 6 {
		width = 1000
	}
	milli := int64(0)
	if n == 6 && len(rest) > 0 && rest[0] == '.' {
		i, scale := 1, int64(100)
		for ; i < len(rest) && rest[i] >= '0' && rest[i] <= '9'; i++ {
			milli += int64(rest[i]-'0') * scale
			scale /= 10
		}
		if i == 1 {
			return 0, 0, false
		}
		width = [3]int64{100, 10, 1}[min(i-2, 2)]
		rest = rest[i:]
	}
	offset, local, ok := zoneOffset(rest)
	if !ok || field[3] > 23 || field[4] > 59 || field[5] > 60 {
		return 0, 0, false
	}
	if local {
		low = time.Date(year, time.Month(month), day, field[3], field[4], field[5], 0, london()).UnixMilli()
	} else {
		low = (days(year, month, day)*86400 + int64(field[3]*3600+field[4]*60+field[5]-offset)) * 1000
	}
	low += milli
	return low, low + width, true
}

// fields reads as many of year-month-dayThour:minute:second as there are.
func fields(text []byte, field *[6]int) (n int, rest []byte, ok bool) {
	const before = "\x00--T::"
	for n < 6 {
		digits := 2
		if n == 0 {
			digits = 4
		} else {
			if len(text) == 0 || text[0] != before[n] {
				break
			}
			text = text[1:]
		}
		if len(text) < digits {
			return 0, nil, false
		}
		for _, c := range text[:digits] {
			if c < '0' || c > '9' {
				return 0, nil, false
			}
			field[n] = field[n]*10 + int(c-'0')
		}
		text = text[digits:]
		n++
	}
	return n, text, n != 0 && n != 4 && field[0] > 0
}

// zoneOffset reads Z, +hh:mm or nothing; a query's plus sign may have become a
// space on the way.
func zoneOffset(text []byte) (seconds int, local, ok bool) {
	switch {
	case len(text) == 0:
		return 0, true, true
	case len(text) == 1 && text[0] == 'Z':
		return 0, false, true
	case len(text) != 6 || text[3] != ':':
		return 0, false, false
	}
	for _, i := range [4]int{1, 2, 4, 5} {
		if text[i] < '0' || text[i] > '9' {
			return 0, false, false
		}
	}
	hours, minutes := int(text[1]-'0')*10+int(text[2]-'0'), int(text[4]-'0')*10+int(text[5]-'0')
	if hours > 14 || minutes > 59 {
		return 0, false, false
	}
	seconds = hours*3600 + minutes*60
	switch text[0] {
	case '+', ' ':
		return seconds, false, true
	case '-':
		return -seconds, false, true
	}
	return 0, false, false
}

// civil returns the first moment of a day in London. Month and day may be one
// too many.
func civil(year, month, day int) int64 {
	return time.Date(year, time.Month(month), day, 0, 0, 0, 0, london()).UnixMilli()
}

// days returns how many days lie between 1 January 1970 and a day.
// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
func days(year, month, day int) int64 {
	y, m := int64(year), int64(month)
	if m <= 2 {
		y--
	}
	era := y / 400
	yearOfEra := y - era*400
	dayOfYear := (153*((m+9)%12)+2)/5 + int64(day) - 1
	dayOfEra := yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear
	return era*146097 + dayOfEra - 719468
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

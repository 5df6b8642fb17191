package clock

import "time"

// date is a civil day.
type date struct {
	year  int
	month time.Month
	day   int
}

func dateOf(year int, month time.Month, day int) date {
	y, m, d := time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Date()
	return date{y, m, d}
}

func (d date) plus(days int) date { return dateOf(d.year, d.month, d.day+days) }

func (d date) weekday() time.Weekday {
	return time.Date(d.year, d.month, d.day, 0, 0, 0, 0, time.UTC).Weekday()
}

// What was proclaimed under the Banking and Financial Dealings Act 1971 beside
// its rules: holidays that were moved, and such as were there once. New ones are
// added here when they are proclaimed (www.gov.uk/bank-holidays).
var (
	movedHolidays = map[date]date{
		{2020, time.May, 4}:  {2020, time.May, 8},  // 75 years of VE day
		{2022, time.May, 30}: {2022, time.June, 2}, // Platinum Jubilee
	}
	addedHolidays = map[date]bool{
		{2022, time.June, 3}:       true, // Platinum Jubilee
		{2022, time.September, 19}: true, // state funeral of Queen Elizabeth II
		{2023, time.May, 8}:        true, // coronation of King Charles III
	}
)

// WorkingDay reports whether a civil day is a working day in England: Monday to
// Friday, and no bank holiday.
func WorkingDay(year int, month time.Month, day int) bool {
	d := dateOf(year, month, day)
	w := d.weekday()
	return w != time.Saturday && w != time.Sunday && !bankHoliday(d)
}

// BankHoliday reports whether a civil day is a bank holiday in England, by the
// rules of the Act and what was proclaimed. One that falls on a weekend is kept
// on the next weekday that is none itself; the day on the weekend is not counted.
func BankHoliday(year int, month time.Month, day int) bool {
	return bankHoliday(dateOf(year, month, day))
}

func bankHoliday(d date) bool {
	if addedHolidays[d] {
		return true
	}
	for was, is := range movedHolidays {
		if d == is || d == was {
			return d == is
		}
	}
	w := d.weekday()
	switch d.month { //nolint:exhaustive // the other months have none
	case time.January: // New Year's Day
		return w != time.Saturday && w != time.Sunday && (d.day == 1 || d.day <= 3 && w == time.Monday)
	case time.March, time.April: // Good Friday and Easter Monday
		sunday := easter(d.year)
		return d == sunday.plus(-2) || d == sunday.plus(1)
	case time.May: // the first and the last Monday
		return w == time.Monday && (d.day <= 7 || d.day > 24)
	case time.August: // the last Monday
		return w == time.Monday && d.day > 24
	case time.December: // Christmas Day and Boxing Day
		if w == time.Saturday || w == time.Sunday {
			return false
		}
		return d.day == 25 || d.day == 26 || (d.day == 27 || d.day == 28) && (w == time.Monday || w == time.Tuesday)
	}
	return false
}

// easter returns Easter Sunday by the anonymous Gregorian computus (Nature, 20
// April 1876; Meeus, Astronomical Algorithms, chapter 8).
func easter(year int) date {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	f := (b + 8) / 25
	g := (b - f + 1) / 3
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return date{year, time.Month(n / 31), n%31 + 1}
}

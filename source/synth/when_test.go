package synth

import (
	"maps"
	"slices"
	"testing"
	"time"
)

// proclaimed are the bank holidays of England that no rule gives, by what was
// proclaimed: days moved, and days added.
var (
	movedHolidays = map[Day]Day{
		dayOf(2020, time.May, 4):  dayOf(2020, time.May, 8),  // early May, for 75 years of VE day
		dayOf(2022, time.May, 30): dayOf(2022, time.June, 2), // spring, for the Platinum Jubilee
	}
	addedHolidays = []Day{
		dayOf(2022, time.June, 3),       // the Platinum Jubilee
		dayOf(2022, time.September, 19), // the state funeral of Queen Elizabeth II
		dayOf(2023, time.May, 8),        // the coronation of King Charles III
	}
)

// holidaysOf derives the bank holidays of a year, as the Banking and Financial
// Dealings Act 1971 and the proclamations under it have them: New Year's Day,
// Good Friday, Easter Monday, the first and last Monday of May, the last of
// August, Christmas Day and Boxing Day; what falls on a weekend has its
// substitute on the next weekday that is free.
func holidaysOf(year int) map[Day]bool {
	days := map[Day]bool{}
	substituted := func(day Day) {
		for day.Weekday() == time.Saturday || day.Weekday() == time.Sunday || days[day] {
			day++
		}
		days[day] = true
	}
	// Monday counts from the first of a month, or back from the first of the next.
	monday := func(month time.Month, step Day) Day {
		day := dayOf(year, month, 1)
		if step < 0 {
			day = dayOf(year, month+1, 1) - 1
		}
		for day.Weekday() != time.Monday {
			day += step
		}
		return day
	}
	substituted(dayOf(year, time.January, 1))
	sunday := easterByGauss(year)
	days[sunday-2], days[sunday+1] = true, true
	for _, day := range []Day{monday(time.May, 1), monday(time.May, -1), monday(time.August, -1)} {
		if moved, ok := movedHolidays[day]; ok {
			day = moved
		}
		days[day] = true
	}
	if christmas := dayOf(year, time.December, 25); christmas.Weekday() == time.Sunday {
		days[christmas+1] = true // Boxing Day is on the Monday itself
		substituted(christmas)
	} else {
		substituted(christmas)
		substituted(christmas + 1)
	}
	for _, day := range addedHolidays {
		if y, _, _ := day.Date(); y == year {
			days[day] = true
		}
	}
	return days
}

// easterByGauss finds Easter Sunday by Gauss's rule with its two exceptions: another
// way than the one that the package has.
func easterByGauss(year int) Day {
	a, b, c, k := year%19, year%4, year%7, year/100
	p := (13 + 8*k) / 25
	m, n := (15-p+k-k/4)%30, (4+k-k/4)%7
	d := (19*a + m) % 30
	e := (2*b + 4*c + 6*d + n) % 7
	switch {
	case d == 29 && e == 6:
		return dayOf(year, time.April, 19)
	case d == 28 && e == 6 && (11*m+11)%30 < 19:
		return dayOf(year, time.April, 18)
	}
	return dayOf(year, time.March, 22) + Day(d+e)
}

// TestBankHolidays derives the table's days, and those that the package finds by
// rule in the years around it.
func TestBankHolidays(t *testing.T) {
	derived := map[Day]bool{}
	for year := 2019; year <= 2027; year++ {
		maps.Copy(derived, holidaysOf(year))
	}
	if !maps.Equal(derived, bankHolidays) {
		for _, day := range slices.Sorted(maps.Keys(derived)) {
			if !bankHolidays[day] {
				t.Errorf("the table has not %s", longDate(day))
			}
		}
		for _, day := range slices.Sorted(maps.Keys(bankHolidays)) {
			if !derived[day] {
				t.Errorf("the table has %s, which is none", longDate(day))
			}
		}
	}
	for year := 2013; year <= 2050; year++ {
		want := holidaysOf(year)
		for day := dayOf(year, time.January, 1); day < dayOf(year+1, time.January, 1); day++ {
			weekend := day.Weekday() == time.Saturday || day.Weekday() == time.Sunday
			if got := holiday(day); got != want[day] && !weekend {
				t.Errorf("holiday(%s) = %v, want %v", longDate(day), got, want[day])
			}
		}
	}
}

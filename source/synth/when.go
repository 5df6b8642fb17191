package synth

import "time"

// workday returns the day, or the next on which practices and clinics are open.
func (l *life) workday(day Day) Day {
	for {
		switch w := day.Weekday(); {
		case w == time.Saturday, w == time.Sunday, holiday(day):
			day++
		default:
			return day
		}
	}
}

// clinic returns a time of a clinic's day on the day or the next one that is open.
func (l *life) clinic(r dice, day Day) Moment {
	return l.workday(day).At(9*60 + 5*r.between(0, 84)) // to 16:00
}

// surgery returns a time at which a practice sees people on an open day: most in
// the morning and the afternoon session, few at noon.
func surgery(r dice, day Day) Moment {
	switch u := r.uniform(); {
	case u < 0.52:
		return day.At(8*60 + 30 + 10*r.between(0, 20)) // to 11:50
	case u < 0.6:
		return day.At(12*60 + 10*r.between(0, 11))
	default:
		return day.At(14*60 + 10*r.between(0, 24)) // to 18:00
	}
}

// daytime returns a time between hours of any day, for those who work all week.
func daytime(r dice, day Day, from, to int) Moment {
	return day.At(from*60 + 5*r.between(0, (to-from)*12-1))
}

// aroundTheClock holds how attendances in emergency spread over the hours of
// the day, in 1,000. Source: NHS Digital, Hospital Accident and Emergency Activity 2019-20,
// arrivals by hour; K: not verified here, rounded.
var aroundTheClock = []float64{24, 19, 16, 14, 13, 14, 18, 28, 43, 58, 64, 66, 63, 61, 60, 59, 59, 60, 60, 57, 52, 45, 37, 30}

// anyHour returns a time of the day by the shape of emergencies.
func anyHour(r dice, day Day) Moment { return day.At(60*r.among(aroundTheClock) + r.between(0, 59)) }

// holiday reports whether a weekday is a bank holiday in England: by the table,
// and by rule in the years that it has not.
func holiday(day Day) bool {
	year, month, d := day.Date()
	if year >= 2019 && year <= 2027 {
		return bankHolidays[day]
	}
	w := day.Weekday()
	switch month { //nolint:exhaustive // nothing is to be done for the others
	case time.January:
		return d == 1 || d <= 3 && w == time.Monday
	case time.May:
		return w == time.Monday && (d <= 7 || d > 24)
	case time.August:
		return w == time.Monday && d > 24
	case time.December:
		return d == 25 || d == 26 || (d == 27 || d == 28) && (w == time.Monday || w == time.Tuesday)
	case time.March, time.April:
		sunday := easter(year)
		return day == sunday-2 || day == sunday+1
	}
	return false
}

// easter returns Easter Sunday by the Gregorian computus (Butcher, 1876).
func easter(year int) Day {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	g := (8*b + 13) / 25
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	m := (32 + 2*e + 2*i - h - k) % 7
	n := (a + 11*h + 19*m) / 433
	month := (h + m - 7*n + 90) / 25
	return dayOf(year, time.Month(month), (h+m-7*n+33*month+19)%32)
}

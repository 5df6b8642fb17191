package timeline

import "time"

// readMoment reads a date or dateTime of FHIR: the civil day, or the first day
// of the month or year that is all that is known, and the minute or how precise
// it is.
func readMoment(s string) (d Day, minute int16, ok bool) {
	year, ok := digits(s, 0, 4)
	switch {
	case !ok:
		return NoDay, 0, false
	case len(s) == 4:
		return dateIn(year, 1, 1, YearOnly)
	case s[4] != '-':
		return NoDay, 0, false
	}
	month, ok := digits(s, 5, 7)
	switch {
	case !ok:
		return NoDay, 0, false
	case len(s) == 7:
		return dateIn(year, month, 1, MonthOnly)
	case s[7] != '-':
		return NoDay, 0, false
	}
	day, ok := digits(s, 8, 10)
	switch {
	case !ok:
		return NoDay, 0, false
	case len(s) == 10:
		return dateIn(year, month, day, DayOnly)
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return NoDay, 0, false
	}
	d, m := civil(t.Unix())
	return d, int16(m), d >= DayMin && d <= DayMax
}

func digits(s string, from, to int) (n int, ok bool) {
	if len(s) < to {
		return 0, false
	}
	for _, c := range []byte(s[from:to]) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

func dateIn(year, month, day int, precision int16) (Day, int16, bool) {
	d := Date(year, time.Month(month), day)
	y, m, dd := d.Date()
	return d, precision, year >= 1 && y == year && int(m) == month && dd == day
}

package path

import "github.com/cockroachdb/apd/v3"

// finest is the precision that a boundary of a decimal may have, and usual the
// one it has when none is asked for.
const (
	finest = 31
	usual  = 8
)

// Precisions of moments count the digits that are written.
var (
	dateDigits  = map[precision]int{toYear: 4, toMonth: 6, toDay: 8, toHour: 10, toMinute: 12, toSecond: 14, toFraction: 17}
	clockDigits = map[precision]int{toHour: 2, toMinute: 4, toSecond: 6, toFraction: 9}
)

// precisionOf is precision(): the places of a decimal, the digits of a date.
func precisionOf(_ *run, c *call, in, out []Item) ([]Item, error) {
	i, ok, err := one(c, in)
	if err != nil || !ok {
		return out, err
	}
	switch i.kind {
	case integer:
		return append(out, integerItem(0)), nil
	case decimal:
		return append(out, integerItem(int64(places(i.decimal())))), nil
	case date, dateTime:
		return append(out, integerItem(int64(dateDigits[i.data.(*moment).prec]))), nil
	case clock:
		return append(out, integerItem(int64(clockDigits[i.data.(*moment).prec]))), nil
	}
	return out, problem("precision() is for numbers, dates and times, not %s.", i.Type())
}

// boundary makes lowBoundary() and highBoundary(): the least and the greatest
// that a value may mean, written with a precision.
func boundary(high bool) func(*run, *call, []Item, []Item) ([]Item, error) {
	return func(r *run, c *call, in, out []Item) ([]Item, error) {
		i, ok, err := one(c, in)
		if err != nil || !ok {
			return out, err
		}
		to, asked := 0, false
		if len(c.args) > 0 {
			if to, asked, err = r.integer(c, 0); err != nil || !asked {
				return out, err
			}
		}
		switch i.kind {
		case integer, decimal:
			d, ok := decimalBoundary(i.decimal(), to, asked, high)
			if ok {
				out = append(out, decimalItem(d))
			}
		case quantity:
			a := *i.data.(*amount)
			if d, ok := decimalBoundary(&a.value, to, asked, high); ok {
				a.value = *d
				out = append(out, amountItem(a))
			}
		case date, dateTime, clock:
			if m, ok := momentBoundary(*i.data.(*moment), to, asked, high); ok {
				out = append(out, momentItem(m))
			}
		default:
			return out, problem("%s() is for numbers, quantities, dates and times, not %s.", c.name, i.Type())
		}
		return out, nil
	}
}

// decimalBoundary goes half a unit of the last digit down or up, and writes that
// with so many places. As in the suite, what is cut off is rounded where the
// boundary lies away from zero, and dropped where it lies towards it.
func decimalBoundary(d *apd.Decimal, to int, asked, high bool) (*apd.Decimal, bool) {
	if !asked {
		to = usual
	}
	if to < 0 || to > finest {
		return nil, false
	}
	half := apd.New(5, -places(d)-1)
	half.Negative = !high
	var edge apd.Decimal
	if _, err := exact.Add(&edge, d, half); err != nil {
		return nil, false
	}
	c := exact
	if edge.Negative == high {
		c.Rounding = apd.RoundDown
	}
	var out apd.Decimal
	_, err := c.Quantize(&out, &edge, int32(-to))
	return &out, err == nil
}

// momentBoundary fills what the moment does not know with the least or greatest
// that it may be, including, when it has a time, the offset.
//
// An hour alone is taken for its first minute, as the specification's example
// of highBoundary() has it.
func momentBoundary(m moment, to int, asked, high bool) (moment, bool) {
	want := toFraction
	if m.kind == date {
		want = toDay
	}
	if asked {
		want = 0
		names := dateDigits
		if m.kind == clock {
			names = clockDigits
		}
		for p, n := range names {
			if n == to {
				want = p
			}
		}
		if want == 0 {
			return m, false
		}
	}
	if high {
		if m.prec < toMonth {
			m.month = 12
		}
		if m.prec < toDay {
			m.day = daysIn(m.year, m.month)
		}
		if m.prec < toHour {
			m.hour = 23
		}
		if m.prec < toMinute && m.prec != toHour {
			m.minute = 59
		}
		if m.prec < toSecond {
			m.second = 59
		}
		if m.prec < toFraction {
			m.nano = 999_000_000
		}
	}
	m.prec = want
	m.cut()
	if want == toFraction {
		m.fraction = 3
	}
	if m.kind == date && want > toDay {
		m.kind = dateTime
	}
	if m.kind == dateTime && want >= toHour && !m.zoned {
		m.zoned = true
		m.offset = 14 * 60 // the earliest that a clock shows it
		if high {
			m.offset = -12 * 60
		}
	}
	return m, true
}

// cut drops what is beyond the moment's precision.
func (m *moment) cut() {
	if m.prec < toMonth {
		m.month = 1
	}
	if m.prec < toDay {
		m.day = 1
	}
	if m.prec < toHour {
		m.hour, m.zoned, m.utc, m.offset = 0, false, false, 0
	}
	if m.prec < toMinute {
		m.minute = 0
	}
	if m.prec < toSecond {
		m.second = 0
	}
	if m.prec < toFraction {
		m.nano, m.fraction = 0, 0
	} else {
		m.nano = m.nano / 1e6 * 1e6
	}
}

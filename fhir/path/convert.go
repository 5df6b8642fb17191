package path

import (
	"strings"

	"github.com/cockroachdb/apd/v3"
)

var conversionFunctions = map[string]*function{
	"toBoolean":  {gives: aBoolean, do: converted(toBoolean)},
	"toInteger":  {gives: anInteger, do: converted(toInteger)},
	"toDecimal":  {gives: aDecimal, do: converted(toDecimal)},
	"toString":   {gives: aString, do: converted(toText)},
	"toDate":     {do: converted(toMoment(date))},
	"toDateTime": {do: converted(toMoment(dateTime))},
	"toTime":     {do: converted(toMoment(clock))},
	"toQuantity": {most: 1, do: toQuantity},

	"convertsToBoolean":  {gives: aBoolean, do: converts(toBoolean)},
	"convertsToInteger":  {gives: aBoolean, do: converts(toInteger)},
	"convertsToDecimal":  {gives: aBoolean, do: converts(toDecimal)},
	"convertsToString":   {gives: aBoolean, do: converts(toText)},
	"convertsToDate":     {gives: aBoolean, do: converts(toMoment(date))},
	"convertsToDateTime": {gives: aBoolean, do: converts(toMoment(dateTime))},
	"convertsToTime":     {gives: aBoolean, do: converts(toMoment(clock))},
	"convertsToQuantity": {most: 1, gives: aBoolean, do: convertsToQuantity},
}

// conversion turns a value into another type; false when it has none there.
type conversion func(Item) (Item, bool)

func one(c *call, in []Item) (Item, bool, error) {
	switch len(in) {
	case 0:
		return Item{}, false, nil
	case 1:
		return in[0].system(), true, nil
	}
	return Item{}, false, problem("%s() takes one value and was given several.", c.name)
}

func converted(f conversion) func(*run, *call, []Item, []Item) ([]Item, error) {
	return func(_ *run, c *call, in, out []Item) ([]Item, error) {
		i, ok, err := one(c, in)
		if err != nil || !ok {
			return out, err
		}
		if i, ok = f(i); ok {
			out = append(out, i)
		}
		return out, nil
	}
}

func converts(f conversion) func(*run, *call, []Item, []Item) ([]Item, error) {
	return func(_ *run, c *call, in, out []Item) ([]Item, error) {
		i, ok, err := one(c, in)
		if err != nil || !ok {
			return out, err
		}
		_, ok = f(i)
		return append(out, booleanItem(ok)), nil
	}
}

func toBoolean(i Item) (Item, bool) {
	switch i.kind {
	case boolean:
		return i, true
	case integer:
		return booleanItem(i.num == 1), i.num == 0 || i.num == 1
	case decimal:
		d := i.data.(*apd.Decimal)
		is := d.Cmp(apd.New(1, 0)) == 0
		return booleanItem(is), is || d.IsZero()
	case stringy:
		switch strings.ToLower(i.data.(string)) {
		case "true", "t", "yes", "y", "1", "1.0":
			return booleanItem(true), true
		case "false", "f", "no", "n", "0", "0.0":
			return booleanItem(false), true
		}
	}
	return i, false
}

func toInteger(i Item) (Item, bool) {
	switch i.kind {
	case integer:
		return i, true
	case boolean:
		return integerItem(i.num), true
	case stringy:
		n, ok := wholeNumber([]byte(i.data.(string)))
		return integerItem(n), ok
	}
	return i, false
}

func toDecimal(i Item) (Item, bool) {
	switch i.kind {
	case decimal:
		return i, true
	case integer:
		return decimalItem(i.decimal()), true
	case boolean:
		return decimalItem(apd.New(i.num*10, -1)), true
	case stringy:
		s := i.data.(string)
		bare := strings.TrimLeft(s, "+-")
		whole, rest, point := strings.Cut(bare, ".")
		if len(s)-len(bare) > 1 || whole == "" || span(whole, isDigit) < len(whole) ||
			span(rest, isDigit) < len(rest) || point && rest == "" {
			return i, false
		}
		d, ok := parseDecimal(s)
		return decimalItem(d), ok
	}
	return i, false
}

func toText(i Item) (Item, bool) {
	s, ok := i.Text()
	return stringItem(s), ok
}

// toMoment makes toDate() and its like.
func toMoment(to kind) conversion {
	return func(i Item) (Item, bool) {
		m, ok := i.moment()
		if i.kind == stringy {
			s := i.data.(string)
			switch to {
			case clock:
				m, ok = parseTime(strings.TrimPrefix(s, "T"))
			default:
				m, ok = parseDateTime(s)
			}
		}
		switch {
		case !ok || (m.kind == clock) != (to == clock):
			return i, false
		case to == date:
			m = moment{prec: min(m.prec, toDay), year: m.year, month: m.month, day: m.day}
		}
		m.kind = to
		return momentItem(m), true
	}
}

// asAmount is toQuantity() without a unit.
func asAmount(i Item) (Item, bool) {
	switch i.kind {
	case quantity:
		return i, true
	case integer, decimal:
		return quantityItem(*i.decimal(), "1", false), true
	case boolean:
		return quantityItem(*apd.New(i.num*10, -1), "1", false), true
	case stringy:
		a, ok := parseAmount(i.data.(string))
		return amountItem(a), ok
	}
	return i, false
}

// inUnitOf is toQuantity(): with an argument, in that unit.
func (r *run) inUnitOf(c *call, in []Item) (i Item, ok, given bool, err error) {
	i, given, err = one(c, in)
	if err != nil || !given {
		return i, false, given, err
	}
	i, ok = asAmount(i)
	if len(c.args) == 0 || !ok {
		return i, ok, given, nil
	}
	unit, asked, err := r.text(c, 0)
	if err != nil || !asked {
		return i, ok && err == nil, given, err
	}
	a := *i.data.(*amount)
	to := amount{unit: unit}
	if word := calendarUnits[unit]; word != "" {
		to = amount{unit: word, calendar: true}
	}
	if a.calendar == to.calendar && a.unit == to.unit {
		return i, true, given, nil
	}
	from, ok1 := a.ucum()
	target, ok2 := to.ucum()
	if !ok1 || !ok2 {
		return i, false, given, nil
	}
	d, ok := inUnit(&a.value, from, target)
	if !ok {
		return i, false, given, nil
	}
	return quantityItem(*d, to.unit, to.calendar), true, given, nil
}

func toQuantity(r *run, c *call, in, out []Item) ([]Item, error) {
	i, ok, _, err := r.inUnitOf(c, in)
	if err == nil && ok {
		out = append(out, i)
	}
	return out, err
}

func convertsToQuantity(r *run, c *call, in, out []Item) ([]Item, error) {
	_, ok, given, err := r.inUnitOf(c, in)
	if err == nil && given {
		out = append(out, booleanItem(ok))
	}
	return out, err
}

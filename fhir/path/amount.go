package path

import (
	"math/big"
	"strings"

	"github.com/cockroachdb/apd/v3"
	"github.com/iimos/ucum"

	"joinery/fhir/codes"
)

// amount is a quantity: a value and its unit, of UCUM ('1' for none) or, as in
// "4 weeks", of the calendar.
type amount struct {
	value    apd.Decimal
	unit     string
	calendar bool // unit is the singular word
}

// calendarUnits are the words that may follow a number, and their singular.
var calendarUnits = map[string]string{
	"year": "year", "years": "year", "month": "month", "months": "month",
	"week": "week", "weeks": "week", "day": "day", "days": "day",
	"hour": "hour", "hours": "hour", "minute": "minute", "minutes": "minute",
	"second": "second", "seconds": "second", "millisecond": "millisecond", "milliseconds": "millisecond",
}

// definite are the calendar units that UCUM has with the same length; its years
// and months ('a', 'mo') are averages and so are not those of the calendar.
var definite = map[string]string{
	"week": "wk", "day": "d", "hour": "h", "minute": "min", "second": "s", "millisecond": "ms",
}

// The UCUM units that may be added to a date.
var calendarOf = map[string]string{
	"wk": "week", "d": "day", "h": "hour", "min": "minute", "s": "second", "ms": "millisecond",
}

const (
	ucumSystem  = "http://unitsofmeasure.org"
	longestUnit = 100 // bytes; what is longer is not converted
)

// String writes the quantity as a literal, units of UCUM in quotes and those of
// the calendar in the plural unless there is just one.
func (a *amount) String() string {
	value := a.value.Text('f')
	if !a.calendar {
		return value + " '" + a.unit + "'"
	}
	if value == "1" {
		return value + " " + a.unit
	}
	return value + " " + a.unit + "s"
}

// fhirAmount returns a Quantity of a document, or one of its kinds such as Age,
// as a quantity. One with a comparator (<5 mg) is not a value.
func fhirAmount(i Item) (amount, bool) {
	var a amount
	if !i.typ.is(typeNamed("Quantity")) || i.val.Get("comparator").Exists() {
		return a, false
	}
	d, ok := parseDecimal(i.val.Get("value").TextBytes())
	if !ok {
		return a, false
	}
	a.value = *d
	a.unit = i.val.Get("code").Text()
	if system := i.val.Get("system"); system.Exists() && !system.Is(ucumSystem) {
		a.unit = system.Text() + "|" + a.unit // like only to itself
	}
	if a.unit == "" {
		a.unit = i.val.Get("unit").Text()
	}
	if a.unit == "" {
		a.unit = "1"
	}
	return a, true
}

// toAmount returns a number or quantity, of a document or not, as a quantity.
func toAmount(i Item) (amount, bool) {
	switch i = i.system(); i.kind {
	case quantity:
		return *i.data.(*amount), true
	case integer, decimal:
		return amount{value: *i.decimal(), unit: "1"}, true
	}
	return amount{}, false
}

// parseAmount reads a quantity as a literal is written: 4, 4 days, 4 'mg'.
func parseAmount(s string) (amount, bool) {
	var a amount
	n := 0
	if n < len(s) && (s[n] == '-' || s[n] == '+') {
		n++
	}
	whole := span(s[n:], isDigit)
	n += whole
	if whole == 0 {
		return a, false
	}
	if n+1 < len(s) && s[n] == '.' && isDigit(s[n+1]) {
		n++
		n += span(s[n:], isDigit)
	}
	d, ok := parseDecimal(s[:n])
	if !ok {
		return a, false
	}
	a.value, a.unit = *d, "1"
	rest := strings.TrimLeft(s[n:], " \t\r\n")
	switch {
	case rest == "":
		return a, n == len(s)
	case len(rest) > 2 && rest[0] == '\'' && strings.IndexByte(rest[1:], '\'') == len(rest)-2:
		a.unit = rest[1 : len(rest)-1]
		return a, true
	case calendarUnits[rest] != "" && n < len(s)-len(rest):
		a.unit, a.calendar = calendarUnits[rest], true
		return a, true
	}
	return a, false
}

// ucum returns the unit of UCUM that is just as long; false for years and
// months of the calendar.
func (a *amount) ucum() (string, bool) {
	if !a.calendar {
		return a.unit, true
	}
	u, ok := definite[a.unit]
	return u, ok
}

// months returns how many months of the calendar the quantity is, when its unit
// is of those.
func (a *amount) months() *apd.Decimal {
	if !a.calendar {
		return nil
	}
	switch a.unit {
	case "month":
		return &a.value
	case "year":
		var out apd.Decimal
		if _, err := exact.Mul(&out, &a.value, apd.New(12, 0)); err == nil {
			return &out
		}
	}
	return nil
}

// compareAmounts orders two quantities; false when their units cannot be
// compared.
func compareAmounts(a, b *amount) (int, bool) {
	if a.calendar == b.calendar && a.unit == b.unit {
		return a.value.Cmp(&b.value), true
	}
	if x, y := a.months(), b.months(); x != nil && y != nil {
		return x.Cmp(y), true
	}
	from, ok1 := b.ucum()
	to, ok2 := a.ucum()
	if !ok1 || !ok2 {
		return 0, false
	}
	converted, ok := convert(&b.value, from, to)
	if !ok {
		return 0, false
	}
	return rational(&a.value).Cmp(converted), true
}

// likeAmounts reports whether two quantities are equivalent: equal with the
// precision of the less precise one. A calendar year is like 1 'a'.
func likeAmounts(a, b *amount) bool {
	unit := func(q *amount) string {
		switch u, ok := q.ucum(); {
		case ok:
			return u
		case q.unit == "year":
			return "a"
		}
		return "mo"
	}
	ua, ub := unit(a), unit(b)
	if ua == ub {
		return likeNumbers(decimalItem(&a.value), decimalItem(&b.value))
	}
	if one, ok := convert(apd.New(1, 0), ub, ua); ok && one.Cmp(big.NewRat(1, 1)) > 0 {
		a, b, ua, ub = b, a, ub, ua // compare in the greater unit
	}
	converted, ok := convert(&b.value, ub, ua)
	if !ok {
		return false
	}
	d, ok := parseDecimal(converted.FloatString(digits))
	if !ok {
		return false
	}
	return likeNumbers(decimalItem(&a.value), decimalItem(tidy(d)))
}

// rational returns a decimal as the same fraction.
func rational(d *apd.Decimal) *big.Rat {
	n := new(big.Int).Set(d.Coeff.MathBigInt())
	if d.Negative {
		n.Neg(n)
	}
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(d.Exponent, -d.Exponent))), nil)
	if d.Exponent >= 0 {
		return new(big.Rat).SetInt(n.Mul(n, power))
	}
	return new(big.Rat).SetFrac(n, power)
}

// convert turns a value of one unit of UCUM into another, exactly; false when
// one is unknown or they do not measure the same.
func convert(value *apd.Decimal, from, to string) (out *big.Rat, ok bool) {
	if len(from) > longestUnit || len(to) > longestUnit || value.Exponent > 1000 || value.Exponent < -1000 {
		return nil, false
	}
	if from == to {
		return rational(value), true
	}
	// The library panics on units of zero and on logarithmic ones out of range,
	// such as 'YB'. codes refuses most of them.
	defer func() {
		if recover() != nil {
			out, ok = nil, false
		}
	}()
	_, a, ok1 := codes.Canonical("1", from)
	_, b, ok2 := codes.Canonical("1", to)
	if !ok1 || !ok2 || a != b {
		return nil, false
	}
	f, err := ucum.Parse([]byte(from))
	if err != nil {
		return nil, false
	}
	t, err := ucum.Parse([]byte(to))
	if err != nil {
		return nil, false
	}
	pair, err := ucum.NewPairConverter(f, t)
	if err != nil {
		return nil, false
	}
	out = pair.ConvBigRat(rational(value))
	return out, out != nil
}

// addAmounts adds or subtracts in the finer of the two units.
func addAmounts(op string, a, b *amount) (Item, bool) {
	if a.calendar == b.calendar && a.unit == b.unit {
		return sumOf(op, &a.value, &b.value, a.unit, a.calendar)
	}
	if x, y := a.months(), b.months(); x != nil && y != nil {
		return sumOf(op, x, y, "month", true)
	}
	ua, ok1 := a.ucum()
	ub, ok2 := b.ucum()
	if !ok1 || !ok2 {
		return Item{}, false
	}
	x, y, unit := &a.value, &b.value, ua
	one, ok := convert(apd.New(1, 0), ub, ua)
	if !ok {
		return Item{}, false
	}
	if one.Cmp(big.NewRat(1, 1)) < 0 {
		x, ok = inUnit(x, ua, ub)
		unit = ub
	} else {
		y, ok = inUnit(y, ub, ua)
	}
	if !ok {
		return Item{}, false
	}
	return sumOf(op, x, y, unit, false)
}

func sumOf(op string, x, y *apd.Decimal, unit string, calendar bool) (Item, bool) {
	sum, ok := calculate(op, decimalItem(x), decimalItem(y))
	if !ok {
		return Item{}, false
	}
	return quantityItem(*sum.decimal(), unit, calendar), true
}

// inUnit is convert to a decimal, rounded to the digits that we keep.
func inUnit(value *apd.Decimal, from, to string) (*apd.Decimal, bool) {
	r, ok := convert(value, from, to)
	if !ok {
		return nil, false
	}
	if r.IsInt() && len(r.Num().Bits()) > 20 { // beyond any number that we keep
		return nil, false
	}
	d, ok := parseDecimal(r.FloatString(2 * digits))
	if !ok {
		return nil, false
	}
	return tidy(d), true
}

// scaleAmounts multiplies or divides two quantities, and their units.
func scaleAmounts(op string, a, b *amount) (Item, bool) {
	ua, ok1 := a.ucum()
	ub, ok2 := b.ucum()
	if !ok1 || !ok2 || len(ua)+len(ub) > longestUnit {
		return Item{}, false
	}
	n, ok := calculate(op, decimalItem(&a.value), decimalItem(&b.value))
	if !ok {
		return Item{}, false
	}
	unit := ua
	switch {
	case ub == "1":
	case op == "/" && ua == ub:
		unit = "1"
	case op == "/":
		unit = ua + "/" + bracket(ub)
	case ua == "1":
		unit = ub
	default:
		unit = ua + "." + bracket(ub)
	}
	return quantityItem(*n.decimal(), unit, false), true
}

// bracket keeps a compound unit together.
func bracket(unit string) string {
	if strings.ContainsAny(unit, "./") {
		return "(" + unit + ")"
	}
	return unit
}

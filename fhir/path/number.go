package path

import (
	"github.com/cockroachdb/apd/v3"
)

// digits is how many significant digits a result keeps; the specification asks
// for 28.
const digits = 28

// exact is for sums and products, rough for what must be rounded: it has room
// for the digits that rounding drops.
var (
	exact = apd.Context{Precision: 60, MaxExponent: 2000, MinExponent: -2000, Rounding: apd.RoundHalfUp, Traps: trapped}
	rough = apd.Context{Precision: digits, MaxExponent: 2000, MinExponent: -2000, Rounding: apd.RoundHalfUp, Traps: trapped}
)

const trapped = apd.SystemOverflow | apd.SystemUnderflow | apd.Overflow | apd.Underflow | apd.Subnormal |
	apd.DivisionUndefined | apd.DivisionByZero | apd.DivisionImpossible | apd.InvalidOperation

// parseDecimal reads a number of JSON or FHIRPath with its digits as written.
// Numbers of an absurd size are refused, since they cost to compute with.
func parseDecimal[T string | []byte](s T) (*apd.Decimal, bool) {
	if len(s) > 200 {
		return nil, false
	}
	d, cond, err := apd.NewFromString(string(s))
	if err != nil || cond.Any() || d.Form != apd.Finite || d.Exponent > 1000 || d.Exponent < -1000 {
		return nil, false
	}
	return d, true
}

// places returns how many digits stand after the point.
func places(d *apd.Decimal) int32 { return max(0, -d.Exponent) }

// compareNumbers orders two numbers, items of kind integer or decimal.
func compareNumbers(a, b Item) int {
	if a.kind == integer && b.kind == integer {
		switch {
		case a.num < b.num:
			return -1
		case a.num > b.num:
			return 1
		}
		return 0
	}
	return a.decimal().Cmp(b.decimal())
}

// rounded returns d with so many places, half away from zero.
func rounded(d *apd.Decimal, places int32) *apd.Decimal {
	var out apd.Decimal
	if _, err := exact.Quantize(&out, d, -places); err != nil {
		return d // too long to round: then it has no places to drop
	}
	return &out
}

// tidy rounds the result of an inexact operation to the digits that we keep,
// and drops the zeros at its end.
func tidy(d *apd.Decimal) *apd.Decimal {
	var out apd.Decimal
	if _, err := rough.Round(&out, d); err != nil {
		return d
	}
	out.Reduce(&out)
	if out.Exponent > 0 { // 1E+2 is 100
		return rounded(&out, 0)
	}
	return &out
}

// whole returns d as an integer, if it is one and fits.
func whole(d *apd.Decimal) (Item, bool) {
	n, err := d.Int64()
	if err != nil || n < minInteger || n > maxInteger {
		return Item{}, false
	}
	return integerItem(n), true
}

// likeNumbers compares with the precision of the less precise one.
func likeNumbers(a, b Item) bool {
	if a.kind == integer && b.kind == integer {
		return a.num == b.num
	}
	x, y := a.decimal(), b.decimal()
	p := min(places(x), places(y))
	return rounded(x, p).Cmp(rounded(y, p)) == 0
}

// arithmetic computes on two numbers. No result (division by zero, overflow) is
// not an error.
func calculate(op string, a, b Item) (Item, bool) {
	if a.kind == integer && b.kind == integer && op != "/" {
		return calculateWhole(op, a.num, b.num)
	}
	x, y := a.decimal(), b.decimal()
	var out apd.Decimal
	var err error
	switch op {
	case "+":
		_, err = exact.Add(&out, x, y)
	case "-":
		_, err = exact.Sub(&out, x, y)
	case "*":
		_, err = exact.Mul(&out, x, y)
	case "/":
		if y.IsZero() {
			return Item{}, false
		}
		if _, err = rough.Quo(&out, x, y); err == nil {
			return decimalItem(tidy(&out)), true
		}
	case "div":
		if y.IsZero() {
			return Item{}, false
		}
		if _, err = exact.QuoInteger(&out, x, y); err == nil {
			return whole(&out)
		}
	case "mod":
		if y.IsZero() {
			return Item{}, false
		}
		_, err = exact.Rem(&out, x, y)
	}
	return decimalItem(&out), err == nil
}

func calculateWhole(op string, x, y int64) (Item, bool) {
	var n int64
	switch op {
	case "+":
		n = x + y
	case "-":
		n = x - y
	case "*":
		n = x * y
	default:
		if y == 0 {
			return Item{}, false
		}
		if op == "div" {
			n = x / y
		} else {
			n = x % y
		}
	}
	return integerItem(n), n >= minInteger && n <= maxInteger
}

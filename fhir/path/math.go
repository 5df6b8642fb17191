package path

import (
	"math"

	"github.com/cockroachdb/apd/v3"
)

var numberFunctions = map[string]*function{
	"abs":          {do: onNumber(plain, absolute)},
	"ceiling":      {gives: anInteger, do: onNumber(plain, toWhole(apd.RoundCeiling))},
	"floor":        {gives: anInteger, do: onNumber(plain, toWhole(apd.RoundFloor))},
	"truncate":     {gives: anInteger, do: onNumber(plain, toWhole(apd.RoundDown))},
	"round":        {most: 1, gives: aDecimal, do: round},
	"sqrt":         {gives: aDecimal, do: onNumber(transcendent, root)},
	"exp":          {gives: aDecimal, do: onNumber(transcendent, exponential)},
	"ln":           {gives: aDecimal, do: onNumber(transcendent, logarithm)},
	"log":          {least: 1, gives: aDecimal, do: logarithmTo},
	"power":        {least: 1, do: power},
	"lowBoundary":  {most: 1, do: boundary(false)},
	"highBoundary": {most: 1, do: boundary(true)},
	"precision":    {gives: anInteger, do: precisionOf},
	"comparable":   {least: 1, gives: aBoolean, do: comparable},
}

// fine is for functions whose result is rounded afterwards.
var fine = apd.Context{Precision: digits + 12, MaxExponent: 2000, MinExponent: -2000, Rounding: apd.RoundHalfEven, Traps: trapped}

// What functions of numbers cost, in steps.
const (
	plain        = 4
	transcendent = 2000 // exp(), ln(), power()
)

// onNumber makes a function of one on a number or quantity.
func onNumber(cost int, do func(i Item) (Item, bool)) func(*run, *call, []Item, []Item) ([]Item, error) {
	return func(r *run, c *call, in, out []Item) ([]Item, error) {
		i, ok, err := number1(c, in)
		if err != nil || !ok {
			return out, err
		}
		if err := r.spend(cost); err != nil {
			return out, err
		}
		if i, ok = do(i); ok {
			out = append(out, i)
		}
		return out, nil
	}
}

func number1(c *call, in []Item) (Item, bool, error) {
	i, ok, err := one(c, in)
	if err != nil || !ok {
		return i, false, err
	}
	if !isNumber(&i) && !(i.kind == quantity && c.name == "abs") {
		return i, false, problem("%s() is for numbers, not %s.", c.name, i.Type())
	}
	return i, true, nil
}

// numberArgument evaluates an argument that must be a number.
func (r *run) numberArgument(c *call, n int) (Item, bool, error) {
	i, ok, err := r.single(c.args[n])
	if err != nil || !ok {
		return i, false, err
	}
	if i = i.system(); !isNumber(&i) {
		return i, false, problem("argument %d of %s() must be a number, not %s.", n+1, c.name, i.Type())
	}
	return i, true, nil
}

func absolute(i Item) (Item, bool) {
	switch i.kind {
	case integer:
		if i.num < 0 {
			i.num = -i.num
		}
		return i, i.num <= maxInteger
	case quantity:
		a := *i.data.(*amount)
		var value apd.Decimal
		value.Abs(&a.value)
		a.value = value
		return amountItem(a), true
	}
	var out apd.Decimal
	out.Abs(i.decimal())
	return decimalItem(&out), true
}

func toWhole(how apd.Rounder) func(Item) (Item, bool) {
	return func(i Item) (Item, bool) {
		if i.kind == integer {
			return i, true
		}
		c := exact
		c.Rounding = how
		var out apd.Decimal
		if _, err := c.Quantize(&out, i.decimal(), 0); err != nil {
			return i, false
		}
		return whole(&out)
	}
}

func round(r *run, c *call, in, out []Item) ([]Item, error) {
	i, ok, err := number1(c, in)
	if err != nil || !ok {
		return out, err
	}
	places := 0
	if len(c.args) > 0 {
		if places, ok, err = r.integer(c, 0); err != nil || !ok {
			return out, err
		}
		if places < 0 {
			return out, problem("round() takes a precision of 0 or more.")
		}
	}
	return append(out, decimalItem(rounded(i.decimal(), int32(min(places, digits))))), nil
}

func root(i Item) (Item, bool) {
	d := i.decimal()
	if d.Negative && !d.IsZero() {
		return i, false
	}
	var out apd.Decimal
	_, err := fine.Sqrt(&out, d)
	return decimalItem(tidy(&out)), err == nil
}

// moderate tells that a number is small enough to raise something to it.
func moderate(d *apd.Decimal) bool {
	f, err := d.Float64()
	return err == nil && math.Abs(f) <= 5000
}

func exponential(i Item) (Item, bool) {
	d := i.decimal()
	if !moderate(d) {
		return i, false
	}
	var out apd.Decimal
	_, err := fine.Exp(&out, d)
	return decimalItem(tidy(&out)), err == nil
}

func logarithm(i Item) (Item, bool) {
	d := i.decimal()
	if d.Sign() <= 0 {
		return i, false
	}
	var out apd.Decimal
	_, err := fine.Ln(&out, d)
	return decimalItem(tidy(&out)), err == nil
}

func logarithmTo(r *run, c *call, in, out []Item) ([]Item, error) {
	i, ok, err := number1(c, in)
	if err != nil || !ok {
		return out, err
	}
	base, ok, err := r.numberArgument(c, 0)
	if err != nil || !ok {
		return out, err
	}
	x, y := i.decimal(), base.decimal()
	if x.Sign() <= 0 || y.Sign() <= 0 || y.Cmp(apd.New(1, 0)) == 0 {
		return out, nil
	}
	var a, b, q apd.Decimal
	_, err1 := fine.Ln(&a, x)
	_, err2 := fine.Ln(&b, y)
	_, err3 := fine.Quo(&q, &a, &b)
	if err1 == nil && err2 == nil && err3 == nil {
		out = append(out, decimalItem(tidy(&q)))
	}
	return out, r.spend(2 * transcendent)
}

func power(r *run, c *call, in, out []Item) ([]Item, error) {
	i, ok, err := number1(c, in)
	if err != nil || !ok {
		return out, err
	}
	by, ok, err := r.numberArgument(c, 0)
	if err != nil || !ok {
		return out, err
	}
	x, y := i.decimal(), by.decimal()
	if !moderate(y) || x.IsZero() && y.Sign() <= 0 && y.Sign() != 0 {
		return out, nil
	}
	if err := r.spend(transcendent); err != nil {
		return out, err
	}
	var result apd.Decimal
	if _, err := fine.Pow(&result, x, y); err != nil {
		return out, nil // a root of a negative number, or too large
	}
	d := tidy(&result)
	if i.kind == integer && by.kind == integer && y.Sign() >= 0 {
		if n, ok := whole(d); ok {
			return append(out, n), nil
		}
		return out, nil
	}
	return append(out, decimalItem(d)), nil
}

// comparable reports whether two quantities measure the same.
func comparable(r *run, c *call, in, out []Item) ([]Item, error) {
	i, ok, err := one(c, in)
	if err != nil || !ok {
		return out, err
	}
	other, ok, err := r.single(c.args[0])
	if err != nil || !ok {
		return out, err
	}
	a, ok1 := toAmount(i)
	b, ok2 := toAmount(other)
	if !ok1 || !ok2 {
		return out, problem("comparable() is for quantities.")
	}
	_, told := compareAmounts(&a, &b)
	return append(out, booleanItem(told)), r.spend(20)
}

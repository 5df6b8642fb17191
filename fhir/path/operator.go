package path

import (
	"strings"

	"github.com/cockroachdb/apd/v3"

	"joinery/fhir"
)

// pair evaluates both sides of an operator that takes one item each; ok is false
// when one gives nothing.
func (r *run) pair(a, b expr) (x, y Item, ok bool, err error) {
	x, okX, err := r.single(a)
	if err != nil {
		return x, y, false, err
	}
	y, okY, err := r.single(b)
	return x, y, okX && okY, err
}

// both evaluates both sides of an operator that takes collections.
func (r *run) both(a, b expr, then func(x, y []Item) error) error {
	x, err := a.eval(r, r.buffer())
	defer r.done(x)
	if err != nil {
		return err
	}
	y, err := b.eval(r, r.buffer())
	defer r.done(y)
	if err != nil {
		return err
	}
	return then(x, y)
}

// equality is = and !=.
type equality struct {
	not  bool
	a, b expr
}

func (e *equality) eval(r *run, out []Item) ([]Item, error) {
	x, err := e.a.eval(r, r.buffer())
	if err == nil {
		var y []Item
		y, err = e.b.eval(r, r.buffer())
		if err == nil {
			var t truth
			t, err = r.equal(x, y)
			out = e.flip(t).give(out)
		}
		r.done(y)
	}
	r.done(x)
	return out, err
}

func (e *equality) flip(t truth) truth {
	if e.not && t != nothing {
		return truthOf(t == no)
	}
	return t
}

// equivalence is ~ and !~.
type equivalence struct {
	not  bool
	a, b expr
}

func (e *equivalence) eval(r *run, out []Item) ([]Item, error) {
	err := r.both(e.a, e.b, func(x, y []Item) error {
		like, err := r.equivalent(x, y)
		out = append(out, booleanItem(like != e.not))
		return err
	})
	return out, err
}

// order is < > <= >=.
type order struct {
	op   string
	a, b expr
}

func (e *order) eval(r *run, out []Item) ([]Item, error) {
	x, y, ok, err := r.pair(e.a, e.b)
	if err != nil || !ok {
		return out, err
	}
	cmp, told, err := compare(&x, &y)
	if err != nil || !told {
		return out, err
	}
	var is bool
	switch e.op {
	case "<":
		is = cmp < 0
	case ">":
		is = cmp > 0
	case "<=":
		is = cmp <= 0
	case ">=":
		is = cmp >= 0
	}
	return append(out, booleanItem(is)), r.spend(1)
}

// compare orders two items. told is false when it cannot be known; the error is
// for items that have no order, or none between them.
func compare(a, b *Item) (cmp int, told bool, err error) {
	if x, ok := a.moment(); ok {
		if y, ok := b.moment(); ok && (x.kind == clock) == (y.kind == clock) {
			cmp, told = compareMoments(&x, &y)
			return cmp, told, nil
		}
	}
	x, y := a.system(), b.system()
	switch {
	case x.kind == stringy && y.kind == stringy:
		return strings.Compare(x.data.(string), y.data.(string)), true, nil
	case isNumber(&x) && isNumber(&y):
		return compareNumbers(x, y), true, nil
	case x.kind == quantity || y.kind == quantity:
		p, ok1 := toAmount(x)
		q, ok2 := toAmount(y)
		if ok1 && ok2 {
			cmp, told = compareAmounts(&p, &q)
			return cmp, told, nil
		}
	case x.kind == node && x.typ != nil && x.typ.as != node || y.kind == node && y.typ != nil && y.typ.as != node:
		return 0, false, nil // a primitive with extensions and no value
	}
	return 0, false, problem("%s and %s have no order between them.", x.Type(), y.Type())
}

func isNumber(i *Item) bool { return i.kind == integer || i.kind == decimal }

// logic is and, or, xor, implies, with three values.
type logic struct {
	op   string
	a, b expr
}

func (e *logic) eval(r *run, out []Item) ([]Item, error) {
	if err := r.spend(1); err != nil {
		return out, err
	}
	a, err := r.holds(e.a)
	if err != nil {
		return out, err
	}
	switch { // where the first side decides, the second is not asked
	case e.op == "and" && a == no:
		return no.give(out), nil
	case e.op == "or" && a == yes, e.op == "implies" && a == no:
		return yes.give(out), nil
	}
	b, err := r.holds(e.b)
	if err != nil {
		return out, err
	}
	return combine(e.op, a, b).give(out), nil
}

func combine(op string, a, b truth) truth {
	switch op {
	case "and":
		return min3(a, b)
	case "or":
		return not3(min3(not3(a), not3(b)))
	case "implies":
		return not3(min3(a, not3(b)))
	}
	if a == nothing || b == nothing {
		return nothing
	}
	return truthOf(a != b)
}

func min3(a, b truth) truth {
	switch {
	case a == no || b == no:
		return no
	case a == nothing || b == nothing:
		return nothing
	}
	return yes
}

func not3(a truth) truth {
	switch a {
	case yes:
		return no
	case no:
		return yes
	}
	return nothing
}

// union is |: what either side gives, each once.
type union struct{ a, b expr }

func (e *union) eval(r *run, out []Item) ([]Item, error) {
	from, vars := len(out), r.vars
	defer func() { r.vars = vars }() // what one side names, the other does not see
	out, err := e.a.eval(r, out)
	if err != nil {
		return out, err
	}
	r.vars = vars
	if out, err = e.b.eval(r, out); err != nil {
		return out, err
	}
	return r.distinct(out, from)
}

// membership is "in", and "contains" the other way round.
type membership struct{ one, of expr }

func (e *membership) eval(r *run, out []Item) ([]Item, error) {
	one, ok, err := r.single(e.one)
	if err != nil || !ok {
		return out, err
	}
	buf, err := e.of.eval(r, r.buffer())
	defer r.done(buf)
	if err != nil {
		return out, err
	}
	in, err := r.has(buf, &one)
	return append(out, booleanItem(in)), err
}

// concatenation is &: nothing counts as the empty string.
type concatenation struct{ a, b expr }

func (e *concatenation) eval(r *run, out []Item) ([]Item, error) {
	var s string
	for _, side := range [...]expr{e.a, e.b} {
		i, ok, err := r.single(side)
		if err != nil {
			return out, err
		}
		if !ok {
			continue
		}
		i = i.system()
		if i.kind != stringy {
			return out, problem("& joins strings, not %s.", i.Type())
		}
		s += i.data.(string)
	}
	return append(out, stringItem(s)), r.spend(1 + len(s))
}

// sign is a polarity before a number or quantity.
type sign struct {
	minus bool
	a     expr
}

func (e *sign) eval(r *run, out []Item) ([]Item, error) {
	i, ok, err := r.single(e.a)
	if err != nil || !ok {
		return out, err
	}
	i = i.system()
	if i.kind != integer && i.kind != decimal && i.kind != quantity {
		return out, problem("a sign stands before a number, not %s.", i.Type())
	}
	if !e.minus {
		return append(out, i), nil
	}
	switch i.kind {
	case integer:
		if i.num == minInteger {
			return out, nil
		}
		i.num = -i.num
	case decimal:
		i = decimalItem(negated(i.data.(*apd.Decimal)))
	case quantity:
		a := *i.data.(*amount)
		a.value = *negated(&a.value)
		i = amountItem(a)
	}
	return append(out, i), nil
}

func negated(d *apd.Decimal) *apd.Decimal {
	var out apd.Decimal
	out.Neg(d)
	return &out
}

// arithmetic is + - * / div mod.
type arithmetic struct {
	op   string
	a, b expr
}

func (e *arithmetic) eval(r *run, out []Item) ([]Item, error) {
	x, y, ok, err := r.pair(e.a, e.b)
	if err != nil || !ok {
		return out, err
	}
	if err := r.spend(4); err != nil {
		return out, err
	}
	x, y = x.system(), y.system()
	var got Item
	switch {
	case isNumber(&x) && isNumber(&y):
		got, ok = calculate(e.op, x, y)
	case x.kind == stringy && y.kind == stringy && e.op == "+":
		got = stringItem(x.data.(string) + y.data.(string))
		err = r.spend(len(got.data.(string)))
	case (x.kind == date || x.kind == dateTime || x.kind == clock) && y.kind == quantity && (e.op == "+" || e.op == "-"):
		got, ok, err = shift(e.op, *x.data.(*moment), y.data.(*amount))
	case x.kind == quantity || y.kind == quantity:
		got, ok, err = e.amounts(x, y)
	default:
		err = problem("%s cannot be used on %s and %s.", e.op, x.Type(), y.Type())
	}
	if err == nil && ok {
		out = append(out, got)
	}
	return out, err
}

func (e *arithmetic) amounts(x, y Item) (Item, bool, error) {
	a, ok1 := toAmount(x)
	b, ok2 := toAmount(y)
	if ok1 && ok2 {
		switch e.op {
		case "+", "-":
			if x.kind == y.kind {
				i, ok := addAmounts(e.op, &a, &b)
				return i, ok, nil
			}
		case "*", "/":
			i, ok := scaleAmounts(e.op, &a, &b)
			return i, ok, nil
		}
	}
	return Item{}, false, problem("%s cannot be used on %s and %s.", e.op, x.Type(), y.Type())
}

// shift adds a quantity of time to a moment. A part of a unit is dropped.
func shift(op string, m moment, by *amount) (Item, bool, error) {
	unit := by.unit
	if !by.calendar {
		if u, ok := calendarOf[unit]; ok {
			unit = u
		} else if u, ok := calendarUnits[unit]; ok {
			unit = u
		} else {
			return Item{}, false, problem("only amounts of time can be added to a date or time; years and months are those of the calendar, as in 1 month.")
		}
	}
	if m.kind == clock && (unit == "year" || unit == "month" || unit == "week" || unit == "day") {
		return Item{}, false, problem("a time of day has no %ss.", unit)
	}
	var n apd.Decimal
	if _, err := exact.QuoInteger(&n, &by.value, apd.New(1, 0)); err != nil {
		return Item{}, false, nil
	}
	count, err := n.Int64()
	if err != nil {
		return Item{}, false, nil
	}
	if op == "-" {
		count = -count
	}
	m, ok := m.add(count, unit)
	return momentItem(m), ok, nil
}

// test is "is".
type test struct {
	a   expr
	typ typeName
}

func (e *test) eval(r *run, out []Item) ([]Item, error) {
	i, ok, err := r.single(e.a)
	if err != nil || !ok {
		return out, err
	}
	return append(out, booleanItem(e.typ.covers(&i))), r.spend(1)
}

// cast is the operator "as", which on several items takes those of the type:
// the search parameters of R4 rely on that.
type cast struct {
	a   expr
	typ typeName
}

func (e *cast) eval(r *run, out []Item) ([]Item, error) {
	from := len(out)
	out, err := e.a.eval(r, out)
	if err != nil {
		return out, err
	}
	return e.typ.filter(out, from), r.spend(1 + len(out) - from)
}

// filter keeps of out, from an index on, what is of the type.
func (t typeName) filter(out []Item, from int) []Item {
	kept := out[:from]
	for i := from; i < len(out); i++ {
		if t.chooses(&out[i]) {
			kept = append(kept, out[i])
		}
	}
	return kept
}

// constant is %name.
type constant struct{ name string }

func (e *constant) eval(r *run, out []Item) ([]Item, error) {
	if err := r.spend(1); err != nil {
		return out, err
	}
	if c, ok := r.vars.find(e.name); ok {
		return append(out, c...), nil
	}
	if c, ok := r.env.Vars[e.name]; ok {
		return append(out, c...), nil
	}
	switch e.name {
	case "context":
		return append(out, r.context...), nil
	case "resource":
		return appendResource(out, r.resource()), nil
	case "rootResource":
		return appendResource(out, r.root()), nil
	}
	s, ok := standard(e.name)
	if !ok {
		return out, problem("there is no variable %%%s.", e.name)
	}
	return append(out, stringItem(s)), nil
}

func appendResource(out []Item, v fhir.Value) []Item {
	if !v.Exists() {
		return out
	}
	return append(out, Resource(v))
}

// standard returns the variables that FHIR defines as texts.
func standard(name string) (string, bool) {
	switch name {
	case "sct":
		return "http://snomed.info/sct", true
	case "loinc":
		return "http://loinc.org", true
	case "ucum":
		return ucumSystem, true
	}
	if vs, ok := strings.CutPrefix(name, "vs-"); ok {
		return "http://hl7.org/fhir/ValueSet/" + vs, true
	}
	if ext, ok := strings.CutPrefix(name, "ext-"); ok {
		return "http://hl7.org/fhir/StructureDefinition/" + ext, true
	}
	return "", false
}

// root returns the resource that %resource is contained in, or is itself.
func (r *run) root() fhir.Value { return container(r.resource()) }

// resource returns what %resource stands for.
func (r *run) resource() fhir.Value {
	if r.env.Resource.Exists() {
		return r.env.Resource
	}
	if len(r.context) == 0 {
		return fhir.Value{}
	}
	if v := r.context[0].val; typeOf(v) != nil {
		return v
	}
	return container(r.context[0].val)
}

package path

import (
	"regexp"
	"sync"

	"joinery/fault"
	"joinery/fhir"
	"joinery/fhir/r4"
)

// run is one evaluation.
type run struct {
	env         *Env
	left        int    // steps that remain
	context     []Item // %context
	this        []Item // $this
	index       int    // $index, -1 outside a loop
	total       []Item // $total
	summing     bool   // $total has a meaning
	vars        *variableScope
	spare       [][]Item // buffers that are free
	lastPattern *regexp.Regexp
	first       [1]Item
}

var runs = sync.Pool{New: func() any { return new(run) }}

var noEnv Env

func (r *run) start(env *Env, focus Item) {
	if env == nil {
		env = &noEnv
	}
	r.env, r.left = env, env.Steps
	if r.left <= 0 {
		r.left = DefaultSteps
	}
	r.first[0] = focus
	r.context = r.first[:]
	if focus.kind == node && !focus.val.Exists() && !focus.ext.Exists() {
		r.context = nil
	}
	r.this, r.index = r.context, -1
}

// stop lets go of the document.
func (r *run) stop() {
	*r = run{spare: r.spare}
}

// buffer returns an empty buffer to evaluate into; done gives it back.
func (r *run) buffer() []Item {
	if n := len(r.spare); n > 0 {
		b := r.spare[n-1]
		r.spare = r.spare[:n-1]
		return b
	}
	return make([]Item, 0, 8)
}

// done takes a buffer back, unless it has grown too large to keep.
func (r *run) done(b []Item) {
	if cap(b) > 1024 || len(r.spare) > 64 {
		return
	}
	clear(b)
	r.spare = append(r.spare, b[:0])
}

// spend counts work.
func (r *run) spend(n int) error {
	r.left -= n
	if r.left < 0 {
		return fault.New(fault.TooLarge, "FHIRPath: the expression takes too much work on this data.")
	}
	return nil
}

// single evaluates a part that must give one item at most.
func (r *run) single(e expr) (Item, bool, error) {
	buf, err := e.eval(r, r.buffer())
	defer r.done(buf)
	if err != nil || len(buf) == 0 {
		return Item{}, false, err
	}
	if len(buf) > 1 {
		return Item{}, false, problem("an operator or function that takes one value was given several.")
	}
	return buf[0], true, r.spend(buf[0].weight())
}

// weight is how much it costs to read an item's value, in steps.
func (i *Item) weight() int {
	switch i.kind {
	case stringy:
		return len(i.data.(string)) / 64
	case quantity:
		return 20 // units may have to be converted
	case node:
		if k := i.val.Kind(); k == fhir.String || k == fhir.Number {
			return len(i.val.Raw()) / 64
		}
	}
	return 0
}

// truth is a boolean, or nothing.
type truth uint8

const (
	nothing truth = iota
	no
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// give appends the boolean to out, when it is there.
func (t truth) give(out []Item) []Item {
	if t == nothing {
		return out
	}
	return append(out, booleanItem(t == yes))
}

// holds evaluates a part as a condition. One item that is not a boolean counts
// as true, as the specification's singleton evaluation has it.
func (r *run) holds(e expr) (truth, error) {
	buf, err := e.eval(r, r.buffer())
	defer r.done(buf)
	if err != nil {
		return nothing, err
	}
	return condition(buf)
}

func condition(c []Item) (truth, error) {
	switch len(c) {
	case 0:
		return nothing, nil
	case 1:
		if b := c[0].system(); b.kind == boolean {
			return truthOf(b.num != 0), nil
		}
		return yes, nil
	}
	return nothing, problem("a condition was given several values.")
}

type literal []Item

func (l literal) eval(r *run, out []Item) ([]Item, error) { return append(out, l...), r.spend(1) }

type this struct{}

func (this) eval(r *run, out []Item) ([]Item, error) { return append(out, r.this...), r.spend(1) }

type index struct{}

func (index) eval(r *run, out []Item) ([]Item, error) {
	if r.index < 0 {
		return out, problem("$index has a meaning only inside where(), select() and the like.")
	}
	return append(out, integerItem(int64(r.index))), nil
}

type total struct{}

func (total) eval(r *run, out []Item) ([]Item, error) {
	if !r.summing {
		return out, problem("$total has a meaning only inside aggregate().")
	}
	return append(out, r.total...), r.spend(1 + len(r.total))
}

// item is a[n].
type item struct{ target, at expr }

func (e *item) eval(r *run, out []Item) ([]Item, error) {
	at, ok, err := r.single(e.at)
	if err != nil || !ok {
		return out, err
	}
	at = at.system()
	if at.kind != integer {
		return out, problem("an index must be an integer.")
	}
	buf, err := e.target.eval(r, r.buffer())
	if err == nil && at.num >= 0 && at.num < int64(len(buf)) {
		out = append(out, buf[at.num])
	}
	r.done(buf)
	return out, err
}

// member is a step to an element, or at the start of a path the name of the type
// that $this must have.
type member struct {
	target expr // nil for $this
	name   string
	typ    *Type
}

func (m *member) eval(r *run, out []Item) ([]Item, error) {
	from := len(out)
	if m.target == nil {
		for i := range r.this {
			if m.typ != nil && r.this[i].kind == node && r.this[i].typ.is(m.typ) {
				out = append(out, r.this[i])
				continue
			}
			out = r.children(&r.this[i], m.name, out)
		}
		return out, r.spend(1 + len(out) - from)
	}
	buf, err := m.target.eval(r, r.buffer())
	if err == nil {
		for i := range buf {
			out = r.children(&buf[i], m.name, out)
		}
		err = r.spend(1 + len(buf) + len(out) - from)
	}
	r.done(buf)
	return out, err
}

// children appends the elements of a name that are in an item.
func (r *run) children(i *Item, name string, out []Item) []Item {
	if i.kind != node {
		if i.kind == typeInfo {
			return i.data.(*Type).reflect(name, out)
		}
		if i.kind == quantity {
			return i.data.(*amount).part(name, out)
		}
		return out
	}
	if i.typ == nil {
		return untyped(i.val.Get(name), out)
	}
	f := i.typ.field(name)
	if f == nil {
		return out
	}
	in := i.val
	if i.typ.primitive() {
		in = i.ext
	}
	for o := range f.options {
		option := &f.options[o]
		v := in.Get(option.member)
		var under fhir.Value
		if option.under != "" {
			under = in.Get(option.under)
		}
		if v.Exists() || under.Exists() {
			return elements(option.typ, v, under, out)
		}
	}
	return out
}

// elements appends what a JSON member and its twin with an underscore hold.
func elements(t *Type, v, under fhir.Value, out []Item) []Item {
	if v.Kind() != fhir.Array && under.Kind() != fhir.Array {
		return appendElement(out, t, v, under)
	}
	if !under.Exists() {
		for v := range v.Items() {
			out = appendElement(out, t, v, under)
		}
		return out
	}
	for n := range max(v.Len(), under.Len()) {
		out = appendElement(out, t, v.Item(n), under.Item(n))
	}
	return out
}

func appendElement(out []Item, t *Type, v, under fhir.Value) []Item {
	if v.Kind() <= fhir.Null && under.Kind() <= fhir.Null {
		return out
	}
	if t.made == r4.Abstract { // Resource: it tells itself which
		t = typeOf(v)
	}
	return append(out, Item{typ: t, val: v, ext: under})
}

// untyped appends what is in data of which we do not know the type.
func untyped(v fhir.Value, out []Item) []Item {
	for v := range v.Items() {
		out = append(out, Resource(v))
	}
	return out
}

// reflect appends a property of a type, for type().name.
func (t *Type) reflect(name string, out []Item) []Item {
	switch name {
	case "namespace":
		return append(out, stringItem(t.space))
	case "name":
		return append(out, stringItem(t.name))
	case "baseType":
		base := "System.Any"
		if t.base != nil {
			base = t.base.space + "." + t.base.name
		}
		return append(out, stringItem(base))
	}
	return out
}

// part appends a property of a quantity.
func (a *amount) part(name string, out []Item) []Item {
	switch name {
	case "value":
		return append(out, decimalItem(&a.value))
	case "unit", "code":
		return append(out, stringItem(a.unit))
	}
	return out
}

// call is a function, on a target or on $this.
type call struct {
	target expr // nil for $this
	name   string
	fn     *function
	args   []expr
	typ    typeName
}

func (c *call) eval(r *run, out []Item) ([]Item, error) {
	if err := r.spend(1); err != nil {
		return out, err
	}
	if c.target == nil {
		if len(r.this) == 1 {
			if err := r.spend(r.this[0].weight()); err != nil {
				return out, err
			}
		}
		return c.fn.do(r, c, r.this, out)
	}
	buf, err := c.target.eval(r, r.buffer())
	if err == nil && len(buf) == 1 {
		err = r.spend(buf[0].weight())
	}
	if err == nil {
		out, err = c.fn.do(r, c, buf, out)
	}
	r.done(buf)
	return out, err
}

// each evaluates a part for every item of in, as $this with its $index, and
// calls then with what it gives; then says whether to go on.
func (r *run) each(in []Item, e expr, then func(i int, got []Item) (bool, error)) error {
	this, at, vars := r.this, r.index, r.vars
	defer func() { r.this, r.index, r.vars = this, at, vars }()
	for i := range in {
		r.this, r.index, r.vars = in[i:i+1], i, vars
		buf, err := e.eval(r, r.buffer())
		more := false
		if err == nil {
			more, err = then(i, buf)
		}
		r.done(buf)
		if err != nil || !more {
			return err
		}
	}
	return nil
}

package path

import (
	"bytes"
	"slices"
	"strings"

	"joinery/fhir"
)

// place is where an element is, or would be, in a document: a member of an
// object and, in a list, an index.
type place struct {
	doc    *fhir.Doc
	owner  fhir.Value // the object; not there for the twin of a primitive that has none yet
	up     *place     // of the primitive whose twin the owner is or will be, else nil
	field  *field
	option *option
	index  int
	held   *slots
}

// slot is an element of a list, or the only one: its JSON and, of a primitive,
// that of its twin with an underscore; nil where there is none.
type slot struct{ value, under []byte }

// slots are the elements of a member.
type slots struct{ list []slot }

func (s *slots) cut(at int)              { s.list = slices.Delete(s.list, at, at+1) }
func (s *slots) insert(at int, one slot) { s.list = slices.Insert(s.list, at, one) }

// placeOf finds where an element is.
func placeOf(doc *fhir.Doc, i Item) (*place, bool) {
	if i.kind != node || i.typ == nil {
		return nil, false
	}
	at, under := i.val, false
	if !at.Exists() {
		at, under = i.ext, true
	}
	return holding(doc, at, under)
}

// holding finds the place of a value of a document: it goes down from the root
// into what holds the value.
func holding(doc *fhir.Doc, target fhir.Value, under bool) (*place, bool) {
	owner := Resource(doc.Root())
	if at := owner.val; at.Doc() != target.Doc() || at == target {
		return nil, false
	}
	var up *place
	for {
		name, v := memberHolding(owner.val, target)
		plain, twin := strings.CutPrefix(name, "_")
		if owner.typ == nil || !v.Exists() {
			return nil, false
		}
		h, ok := held(owner.typ, plain)
		if !ok {
			return nil, false
		}
		p := &place{doc: doc, owner: owner.val, up: up, field: h.field, option: h.option}
		if v.Kind() == fhir.Array {
			for item := range v.Items() {
				if within(item, target) {
					v = item
					break
				}
				p.index++
			}
		}
		if v == target && (!twin || under) {
			return p, true
		}
		if v.Kind() != fhir.Object {
			return nil, false
		}
		up = nil
		owner = Item{typ: p.option.typ, val: v}
		if twin {
			up, owner.typ = p, typeNamed("Element")
		} else if p.option.typ.open() {
			owner = Resource(v)
		}
	}
}

func memberHolding(owner, target fhir.Value) (string, fhir.Value) {
	for name, v := range owner.Members() {
		if within(v, target) {
			return name, v
		}
	}
	return "", fhir.Value{}
}

func within(v, target fhir.Value) bool {
	start, end := v.Span()
	from, to := target.Span()
	return start <= from && to <= end
}

// child returns the place of an element, there or not, in an item. name is the
// element's, or of a choice that of the member for one of its types.
func child(doc *fhir.Doc, i Item, name string) (*place, bool) {
	if i.kind != node || i.typ == nil {
		return nil, false
	}
	p := &place{doc: doc, owner: i.val}
	typ := i.typ
	if typ.primitive() {
		up, ok := placeOf(doc, i)
		if !ok {
			return nil, false
		}
		p.owner, p.up, typ = i.ext, up, typeNamed("Element")
	}
	if p.field = typ.field(name); p.field == nil {
		h, ok := held(typ, name)
		if !ok {
			return nil, false
		}
		p.field, p.option = h.field, h.option
	}
	if p.option == nil {
		p.option = &p.field.options[0]
		for n := range p.field.options {
			o := &p.field.options[n]
			if p.owner.Get(o.member).Exists() || o.under != "" && p.owner.Get(o.under).Exists() {
				p.option = o
			}
		}
	}
	return p, true
}

// slots returns what is at the place's member now; what is done to them is
// written by write.
func (p *place) slots() *slots {
	if p.held != nil {
		return p.held
	}
	p.held = &slots{}
	v, under := p.owner.Get(p.option.member), fhir.Value{}
	if p.option.under != "" {
		under = p.owner.Get(p.option.under)
	}
	values, unders := slices.Collect(v.Items()), slices.Collect(under.Items())
	for n := range max(len(values), len(unders)) {
		var s slot
		if n < len(values) && values[n].Kind() != fhir.Null {
			s.value = values[n].Raw()
		}
		if n < len(unders) && unders[n].Kind() != fhir.Null {
			s.under = unders[n].Raw()
		}
		p.held.list = append(p.held.list, s)
	}
	return p.held
}

// write returns the document with the place's slots, and those of other places
// in the same object, as they are now. An object that has nothing left goes,
// too.
func (p *place) write(others ...*place) []byte {
	changes := map[string][]byte{}
	var order []string
	for _, q := range append(others, p) {
		value, under := q.slots().json(q.field.many)
		changes[q.option.member] = value
		order = append(order, q.option.member)
		if q.option.under != "" {
			changes[q.option.under] = under
			order = append(order, q.option.under)
		}
	}
	object := rewrite(p.owner, changes, order)
	if p.up != nil { // the object is the twin of a primitive
		s := &p.up.slots().list[p.up.index]
		s.under = object
		if s.under == nil && s.value == nil {
			p.up.slots().cut(p.up.index)
		}
		return p.up.write()
	}
	if object == nil {
		if up, ok := holding(p.doc, p.owner, false); ok {
			up.slots().cut(up.index)
			return up.write()
		}
		object = []byte("{}")
	}
	start, end := p.owner.Span()
	return fhir.Splice(p.doc.Bytes(), []fhir.Edit{{Start: start, End: end, New: object}})
}

// json returns what a member and its twin hold for the slots; nil for nothing.
func (s *slots) json(many bool) (value, under []byte) {
	if !many {
		if len(s.list) == 0 {
			return nil, nil
		}
		return s.list[0].value, s.list[0].under
	}
	side := func(of func(slot) []byte) []byte {
		var parts [][]byte
		some := false
		for _, one := range s.list {
			part := of(one)
			some = some || part != nil
			if part == nil {
				part = []byte("null")
			}
			parts = append(parts, part)
		}
		if !some {
			return nil
		}
		return slices.Concat([]byte("["), bytes.Join(parts, []byte(",")), []byte("]"))
	}
	return side(func(one slot) []byte { return one.value }), side(func(one slot) []byte { return one.under })
}

// rewrite returns an object with members changed, new ones at its end in order,
// and nil when nothing is left.
func rewrite(object fhir.Value, changes map[string][]byte, order []string) []byte {
	out := []byte("{")
	put := func(name string, value []byte) {
		if value == nil {
			return
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(fhir.AppendQuoted(out, name), ':'), value...)
	}
	for name, v := range object.Members() {
		if value, changed := changes[name]; changed {
			put(name, value)
			continue
		}
		put(name, v.Raw())
	}
	for _, name := range order {
		if !object.Get(name).Exists() {
			put(name, changes[name])
		}
	}
	if len(out) == 1 {
		return nil
	}
	return append(out, '}')
}

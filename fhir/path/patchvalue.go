package path

import (
	"strings"

	"joinery/fhir"
	"joinery/fhir/r4"
)

// make turns the value of an operation into what an element holds, and says
// which of its types that is.
func (o *operation) make(f *field) (*option, slot, error) { return makeValue(o.value, f) }

// makeValue reads a part of a Parameters resource as an element: value[x], a
// resource, or parts for the elements of a type that has no name.
func makeValue(part fhir.Value, f *field) (*option, slot, error) {
	if v := part.Get("resource"); v.Exists() {
		if o := &f.options[0]; o.typ.open() {
			return o, slot{value: v.Raw()}, nil
		}
		return nil, slot{}, refuse(part, "value", "The element is not a resource.")
	}
	if part.Get("part").Exists() {
		o := &f.options[0]
		if len(f.options) > 1 || o.typ.primitive() || o.typ.open() {
			return nil, slot{}, refuse(part, "value", "The value must be given as value[x]: the element has a type with a name.")
		}
		object, err := makeObject(part, o.typ)
		if err == nil && object == nil {
			err = refuse(part, "required", "There are no parts, so there is no value.")
		}
		return o, slot{value: object}, err
	}
	typ, s := partValue(part)
	if typ == "" {
		return nil, slot{}, refuse(part, "required", "There is no value: it must be a value[x], a resource or parts.")
	}
	o, err := chosen(part, f, typ)
	return o, s, err
}

// partValue returns the value[x] of a part, and the name of its type.
func partValue(part fhir.Value) (string, slot) {
	var typ string
	var s slot
	for member, v := range part.Members() {
		plain, under := strings.CutPrefix(member, "_")
		e, ok := r4.Child("Parameters.parameter", plain)
		if !ok || e.Name != "value" || v.Kind() == fhir.Null {
			continue
		}
		typ = e.Types[0]
		if under {
			s.under = v.Raw()
		} else {
			s.value = v.Raw()
		}
	}
	return typ, s
}

// chosen returns which of an element's types a value is of. Where there is no
// choice, a primitive may be given as another that JSON writes alike: a string
// for a code.
func chosen(part fhir.Value, f *field, typ string) (*option, error) {
	given := typeNamed(typ)
	for n := range f.options {
		if f.options[n].typ == given {
			return &f.options[n], nil
		}
	}
	if o := &f.options[0]; len(f.options) == 1 && given.primitive() && o.typ.primitive() && written(given) == written(o.typ) {
		return o, nil
	}
	var names []string
	for _, o := range f.options {
		names = append(names, o.typ.String())
	}
	return nil, refuse(part, "value", "The element cannot be of this type; it is "+strings.Join(names, " or ")+".")
}

// written returns how JSON writes a primitive.
func written(t *Type) fhir.Kind {
	switch t.as {
	case boolean:
		return fhir.Bool
	case integer, decimal:
		return fhir.Number
	}
	return fhir.String
}

// makeObject builds an element of a type from parts that are its elements.
func makeObject(part fhir.Value, typ *Type) ([]byte, error) {
	made := map[string]*place{}
	var order []*place
	for sub := range part.Get("part").Items() {
		name := sub.Get("name").Text()
		f := typ.field(name)
		if f == nil {
			h, ok := held(typ, name)
			if !ok {
				return nil, refuse(sub, "value", "There is no element of this name in "+typ.String()+".")
			}
			f = h.field
		}
		o, s, err := makeValue(sub, f)
		if err != nil {
			return nil, err
		}
		p := made[f.name]
		if p == nil {
			p = &place{field: f, option: o, held: &slots{}}
			made[f.name] = p
			order = append(order, p)
		} else if !f.many {
			return nil, refuse(sub, "value", "This element is there twice and may not repeat.")
		}
		p.held.list = append(p.held.list, s)
	}
	changes := map[string][]byte{}
	var names []string
	for _, p := range order {
		value, under := p.held.json(p.field.many)
		changes[p.option.member] = value
		names = append(names, p.option.member)
		if p.option.under != "" {
			changes[p.option.under] = under
			names = append(names, p.option.under)
		}
	}
	return rewrite(fhir.Value{}, changes, names), nil
}

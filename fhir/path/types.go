package path

import (
	"maps"
	"strings"
	"sync"
	"sync/atomic"

	"joinery/fhir"
	"joinery/fhir/r4"
)

// Type is a type of FHIR R4 or of FHIRPath itself. Types are shared: two are the
// same when their pointers are.
type Type struct {
	space string // FHIR or System
	name  string
	base  *Type
	as    kind // of a primitive or System type: what its values are; else node
	made  r4.Kind
	has   atomic.Pointer[contents]
}

// field is an element of a type.
type field struct {
	name    string
	many    bool     // it may repeat, so JSON has an array
	options []option // one, or for a choice of types several
}

// option is a JSON member that may hold an element.
type option struct {
	member string
	under  string // the member with an underscore, of a primitive
	typ    *Type
}

// String returns the type's name, "HumanName", "Patient.contact" or, of
// FHIRPath's own, "System.Integer".
func (t *Type) String() string {
	if t.space == "System" {
		return "System." + t.name
	}
	return t.name
}

// is reports whether the type is another or specialises it.
func (t *Type) is(other *Type) bool {
	for ; t != nil; t = t.base {
		if t == other {
			return true
		}
	}
	return false
}

func (t *Type) primitive() bool { return t.made == r4.Primitive }

// open tells that what is of the type may have elements that the type itself
// has not: it is Resource and the like, or a type that we know only by name.
func (t *Type) open() bool { return t.made == r4.Abstract }

// kind is what an item is: an element of a document, or a value of one of
// FHIRPath's types.
type kind uint8

const (
	node kind = iota
	boolean
	integer
	decimal
	stringy
	date
	dateTime
	clock
	quantity
	typeInfo
)

var systemTypes = [...]*Type{
	node:     nil,
	boolean:  {space: "System", name: "Boolean", as: boolean},
	integer:  {space: "System", name: "Integer", as: integer},
	decimal:  {space: "System", name: "Decimal", as: decimal},
	stringy:  {space: "System", name: "String", as: stringy},
	date:     {space: "System", name: "Date", as: date},
	dateTime: {space: "System", name: "DateTime", as: dateTime},
	clock:    {space: "System", name: "Time", as: clock},
	quantity: {space: "System", name: "Quantity", as: quantity},
	typeInfo: {space: "System", name: "TypeInfo", as: typeInfo},
}

// values says what the primitives of FHIR are as values; those not here are
// strings.
var values = map[string]kind{
	"boolean": boolean, "integer": integer, "positiveInt": integer, "unsignedInt": integer,
	"decimal": decimal, "date": date, "dateTime": dateTime, "instant": dateTime, "time": clock,
}

// known holds the types that were asked for. The map is never changed but
// replaced by a larger one, so that reading needs no lock.
var known struct {
	sync.Mutex
	types atomic.Pointer[map[string]*Type]
}

// knownType returns a type that was asked for before.
func knownType[S string | []byte](name S) *Type {
	if m := known.types.Load(); m != nil {
		return (*m)[string(name)]
	}
	return nil
}

// typeNamed returns the FHIR type of a name, nil when there is none.
func typeNamed(name string) *Type {
	if t := knownType(name); t != nil {
		return t
	}
	made := r4.KindOf(name)
	if made == r4.Unknown {
		return nil
	}
	var base *Type
	if b := r4.Base(name); b != "" {
		base = typeNamed(b)
	}
	t := &Type{space: "FHIR", name: name, base: base, made: made}
	if made == r4.Primitive {
		t.as = stringy
		if k, ok := values[name]; ok {
			t.as = k
		}
	}
	known.Lock()
	defer known.Unlock()
	if other := knownType(name); other != nil {
		return other
	}
	all := map[string]*Type{name: t}
	if m := known.types.Load(); m != nil {
		maps.Copy(all, *m)
	}
	known.types.Store(&all)
	return t
}

// typeOf returns the type of a resource, nil when it does not say or says
// something unknown.
func typeOf(v fhir.Value) *Type {
	name := v.Get("resourceType").TextBytes()
	t := knownType(name)
	if t == nil {
		t = typeNamed(string(name))
	}
	if t == nil || t.made != r4.Resource {
		return nil
	}
	return t
}

// contents are the elements of a type.
type contents struct {
	byName   map[string]*field
	byMember map[string]holder
}

// holder is the element that a JSON member holds, and which of its options.
type holder struct {
	field  *field
	option *option
}

// field returns an element of the type by its FHIRPath name, or nil.
func (t *Type) field(name string) *field { return t.contents().byName[name] }

// held returns the element that a JSON member holds.
func held[S string | []byte](t *Type, member S) (holder, bool) {
	h, ok := t.contents().byMember[string(member)]
	return h, ok
}

// contents returns the elements of the type, read from r4 at first use. Those of
// a primitive are what every element has, its id and extensions.
func (t *Type) contents() *contents {
	if c := t.has.Load(); c != nil {
		return c
	}
	c := &contents{byName: map[string]*field{}, byMember: map[string]holder{}}
	from := t.name
	if t.primitive() {
		from = "Element"
	}
	for _, e := range r4.Elements(from) {
		f := &field{name: e.Name, many: e.Max > 1}
		for _, typ := range e.Types {
			o := option{member: e.Member, typ: typeNamed(typ)}
			if e.Choice {
				o.member = e.Name + strings.ToUpper(typ[:1]) + typ[1:]
			}
			if o.typ.primitive() {
				o.under = "_" + o.member
			}
			f.options = append(f.options, o)
		}
		for n := range f.options {
			c.byMember[f.options[n].member] = holder{f, &f.options[n]}
		}
		c.byName[e.Name] = f
	}
	t.has.Store(c)
	return c
}

// typeName is a type as an expression names it: Quantity alone may be FHIR's or
// FHIRPath's.
type typeName struct {
	fhir   *Type
	system *Type
}

// findType looks a type up. One that System does not have matches nothing; any
// other unknown name is an error.
func findType(space, name string) (typeName, bool) {
	var t typeName
	if space != "System" {
		t.fhir = typeNamed(name)
	}
	if space != "FHIR" {
		for _, s := range systemTypes {
			if s != nil && s.name == name {
				t.system = s
			}
		}
	}
	return t, t.fhir != nil || t.system != nil || space == "System"
}

// covers reports whether an item is of the type or one that specialises it.
func (t typeName) covers(i *Item) bool {
	if i.kind != node {
		return t.system != nil && t.system.as == i.kind
	}
	return t.fhir != nil && i.typ.is(t.fhir)
}

// chooses reports whether as() and ofType() let an item through. A primitive
// must be of just that type, so that a code is not taken for a string.
func (t typeName) chooses(i *Item) bool {
	if i.kind == node && i.typ.primitive() {
		return i.typ == t.fhir
	}
	return t.covers(i)
}

// String names the type for a message.
func (t typeName) String() string {
	switch {
	case t.fhir != nil:
		return t.fhir.String()
	case t.system != nil:
		return t.system.String()
	}
	return "a type that does not exist"
}

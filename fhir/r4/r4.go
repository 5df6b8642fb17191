// Package r4 knows what FHIR R4 (4.0.1) says of resources: their types and
// elements, the search parameters, the patient compartment; and it checks
// resources against that.
//
// There are no generated types. The specification is held as tables,
// elements.txt and search.txt, that internal/gen writes from the published
// definitions and that are read into memory once, at first use (a few
// milliseconds). Everything handed out is shared and must not be changed; all
// functions are safe for concurrent use.
//
// A type is named as the specification names it: "Patient", "HumanName",
// "code". An element that has elements of its own is a type too, named by its
// path: "Patient.contact".
//
// Validate checks the structure of a resource completely. It does not evaluate
// the specification's invariants (rules in FHIRPath such as obs-6), nor
// profiles, nor bindings that are not required.
//
// Trade-offs: names are looked up in maps where generated structs would have
// fields; in exchange the package is half a megabyte instead of tens, nothing
// of a resource is lost for want of a field, and the tables can be read.
package r4

//go:generate go run ./internal/gen ../../../shared/data/fhir/r4-definitions.zip

import (
	_ "embed"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
)

// Kind is what sort of type a type is.
type Kind uint8

// Kinds of type. Abstract are those that nothing is an instance of, such as
// Resource and Element.
const (
	Unknown Kind = iota
	Abstract
	Resource
	Complex   // a datatype with elements
	Part      // an element with elements of its own
	Primitive // a datatype that JSON writes as a string, number or boolean
)

// structure is a type and what it consists of.
type structure struct {
	name      string
	kind      Kind
	base      *structure
	primitive primitive // which primitive it is, or notPrimitive
	elems     []*Elem   // in the specification's order, inherited ones first
	members   map[string]*Elem
	byName    map[string]*Elem // by the name without [x]
	required  []*Elem
	refers    bool // it is Reference
}

type tables struct {
	types     map[string]*structure
	resources []string // alphabetical
	numbers   map[string]int
}

//go:embed elements.txt
var elementsText string

var load = sync.OnceValue(func() *tables {
	t, err := readElements(elementsText)
	if err != nil {
		panic("fhir/r4: elements.txt is damaged: " + err.Error()) // the generator's fault, found by every test
	}
	return t
})

// Types returns the names of all 146 resource types, in alphabetical order.
func Types() []string { return load().resources }

// TypeNumber returns the number of a resource type: its place in Types, from 1.
// R4 is closed, so the number never changes and may be stored.
func TypeNumber(name string) (int, bool) {
	n, ok := load().numbers[name]
	return n, ok
}

// TypeName returns the resource type that has a number, or the empty string.
func TypeName(n int) string {
	if names := load().resources; n >= 1 && n <= len(names) {
		return names[n-1]
	}
	return ""
}

// KindOf returns what sort of type a name stands for, Unknown when R4 has none
// of that name.
func KindOf(typ string) Kind {
	if s := load().types[typ]; s != nil {
		return s.kind
	}
	return Unknown
}

// Base returns the type that a type specialises, such as "Quantity" for "Age",
// "string" for "code" and "BackboneElement" for "Patient.contact"; the empty
// string for Resource, Element and what is not a type.
func Base(typ string) string {
	if s := load().types[typ]; s != nil && s.base != nil {
		return s.base.name
	}
	return ""
}

// Is reports whether a type is another or specialises it, at any remove.
func Is(typ, other string) bool {
	for s := load().types[typ]; s != nil; s = s.base {
		if s.name == other {
			return true
		}
	}
	return false
}

// readElements reads elements.txt.
func readElements(text string) (*tables, error) {
	t := &tables{types: map[string]*structure{}, numbers: map[string]int{}}
	var all []*structure
	var at *structure
	bases := map[*structure]string{}
	for n, line := range numbered(text) {
		fields := strings.Fields(line)
		if line[0] != '\t' {
			if len(fields) != 4 {
				return nil, fmt.Errorf("line %d: not a type", n)
			}
			at = &structure{name: fields[1], kind: kinds[fields[0]], primitive: primitives[fields[1]]}
			bases[at] = fields[3]
			t.types[at.name] = at
			all = append(all, at)
			continue
		}
		e, err := readElem(at.name, fields)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		at.elems = append(at.elems, e)
	}
	for _, s := range all {
		s.base = t.types[bases[s]]
		if s.kind == Resource {
			t.resources = append(t.resources, s.name)
		}
	}
	slices.Sort(t.resources)
	for i, name := range t.resources {
		t.numbers[name] = i + 1
	}
	return t, t.link(all)
}

var kinds = map[string]Kind{"abstract": Abstract, "resource": Resource, "type": Complex, "part": Part, "primitive": Primitive}

// link gives every type the elements of its base, and every element its type.
func (t *tables) link(all []*structure) error {
	done := map[*structure]bool{}
	var inherit func(s *structure)
	inherit = func(s *structure) {
		if done[s] {
			return
		}
		done[s] = true
		if s.base != nil {
			inherit(s.base)
			s.elems = append(slices.Clip(s.base.elems), s.elems...)
		}
	}
	for _, s := range all {
		inherit(s)
		s.members = make(map[string]*Elem, len(s.elems))
		s.byName = make(map[string]*Elem, len(s.elems))
		if len(s.elems) > maxElems {
			return fmt.Errorf("%s has %d elements, more than %d", s.name, len(s.elems), maxElems)
		}
		s.refers = s.name == "Reference"
		for i, e := range s.elems {
			e.index = i
			if err := t.enter(s, e); err != nil {
				return fmt.Errorf("%s: %w", e.Path, err)
			}
		}
	}
	return nil
}

// maxElems is how many elements a type may have for Validate to keep track.
const maxElems = 128

// numbered yields the lines of a table with their numbers, remarks left out.
func numbered(text string) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		n := 0
		for line := range strings.Lines(text) {
			n++
			line = strings.TrimRight(line, "\n")
			if line == "" || line[0] == '#' {
				continue
			}
			if !yield(n, line) {
				return
			}
		}
	}
}

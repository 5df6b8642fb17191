package r4

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"joinery/fhir/codes"
)

// Many is the Max of an element that may repeat without limit.
const Many = math.MaxInt32

// Elem is an element of a type.
type Elem struct {
	// Name is the element's name without [x]: "value" for Observation.value[x],
	// whichever of its types is meant.
	Name string

	// Member is the JSON member that holds it: "valueQuantity". It is empty for
	// a choice of types whose type has not been chosen.
	Member string

	// Path is where the specification declares it, such as
	// "Observation.value[x]" or, inherited, "DomainResource.text".
	Path string

	// Types are the types that it may have. An element with elements of its own
	// has its path as its type, or that of the element whose content it shares:
	// "Bundle.entry.link" has the type "Bundle.link".
	Types []string

	// Targets are the resource types that it may refer to, when it is a
	// Reference or canonical; nil when it may refer to anything.
	Targets []string

	// Min and Max say how often it may be there; Max may be Many.
	Min, Max int

	// Choice tells that it is one of several types, so that the JSON member
	// carries the type's name.
	Choice bool

	// Summary tells that it belongs to summaries, Modifier that it changes the
	// meaning of what it is in.
	Summary, Modifier bool

	// ValueSet is the URL of the value set that its codes must come from, or
	// empty.
	ValueSet string

	index     int        // its place in the types that have it
	refused   string     // why we do not take it, for what we could not obey
	of        *structure // the type, when there is just one
	whole     *Elem      // of a chosen type: the element with all its types
	choices   []*Elem    // of an element with all its types: the chosen ones
	simple    bool       // a quantity that may have no comparator
	alternate map[string]alternative
	set       *codes.Set // of ValueSet, nil when there is none or it is not known
}

// alternative is what a line says of one of an element's types.
type alternative struct {
	targets []string
	simple  bool
}

// Child returns the element that a JSON member of a type holds:
// Child("Observation", "valueQuantity") is Observation.value[x] as a Quantity.
// The name without [x], "value", gives the element with all its types. For a
// member with an underscore, ask for the name without it.
func Child(typ, name string) (*Elem, bool) {
	s := load().types[typ]
	if s == nil {
		return nil, false
	}
	if e := s.members[name]; e != nil {
		return e, true
	}
	e := s.byName[name]
	return e, e != nil
}

// Elements returns the elements of a type in the specification's order,
// inherited ones first; an element with a choice of types is there once.
func Elements(typ string) []*Elem {
	if s := load().types[typ]; s != nil {
		return s.elems
	}
	return nil
}

// SummaryElements returns the names of the elements directly in a type that a
// summary shows: those marked so and those that must be there.
func SummaryElements(typ string) []string {
	var names []string
	for _, e := range Elements(typ) {
		if e.Summary || e.Min > 0 {
			names = append(names, e.Name)
		}
	}
	return names
}

// refusals are the elements that we refuse although R4 has them: they change
// the meaning of what they are in, by rules that we do not know.
var refusals = map[string]string{
	"DomainResource.modifierExtension":  "A modifier extension changes the meaning of what it is in; Joinery knows none, so it cannot take this safely.",
	"BackboneElement.modifierExtension": "A modifier extension changes the meaning of what it is in; Joinery knows none, so it cannot take this safely.",
	"Resource.implicitRules":            "implicitRules change the meaning of the resource; Joinery knows none, so it cannot take this safely.",
}

// readElem reads a line of elements.txt about an element of a type:
// "value[x] 0..1 s Quantity,string =set".
func readElem(typ string, fields []string) (*Elem, error) {
	if len(fields) < 4 {
		return nil, fmt.Errorf("not an element")
	}
	name, choice := strings.CutSuffix(fields[0], "[x]")
	e := &Elem{
		Name:      name,
		Path:      typ + "." + fields[0],
		Choice:    choice,
		Summary:   strings.Contains(fields[2], "s"),
		Modifier:  strings.Contains(fields[2], "m"),
		alternate: map[string]alternative{},
	}
	least, most, _ := strings.Cut(fields[1], "..")
	var err error
	if e.Min, err = strconv.Atoi(least); err != nil {
		return nil, err
	}
	e.Max = Many
	if most != "*" {
		if e.Max, err = strconv.Atoi(most); err != nil {
			return nil, err
		}
	}
	for t := range strings.SplitSeq(fields[3], ",") {
		t, list, _ := strings.Cut(strings.TrimSuffix(t, ")"), "(")
		var a alternative
		t, a.simple = strings.CutSuffix(t, "~")
		if list != "" && list != "Resource" {
			a.targets = strings.Split(list, "|")
		}
		e.alternate[t] = a
		e.Types = append(e.Types, t)
	}
	if len(fields) > 4 {
		e.ValueSet = strings.TrimPrefix(fields[4], "=")
		if !strings.Contains(e.ValueSet, ":") {
			e.ValueSet = "http://hl7.org/fhir/ValueSet/" + e.ValueSet
		}
	}
	return e, nil
}

// enter files an element under the members that may hold it.
func (t *tables) enter(s *structure, e *Elem) error {
	s.byName[e.Name] = e
	e.refused = refusals[e.Path]
	if e.Min > 0 {
		s.required = append(s.required, e)
	}
	if e.ValueSet != "" && e.set == nil {
		e.set, _ = codes.Lookup(e.ValueSet)
	}
	if !e.Choice {
		if len(e.Types) != 1 {
			return fmt.Errorf("it has %d types and is no choice", len(e.Types))
		}
		e.Member, e.of = e.Name, t.types[e.Types[0]]
		a := e.alternate[e.Types[0]]
		e.Targets, e.simple = a.targets, a.simple
		if e.of == nil {
			return fmt.Errorf("there is no type %s", e.Types[0])
		}
		s.members[e.Member] = e
		return nil
	}
	if e.choices == nil {
		for _, typ := range e.Types {
			chosen := *e
			a := e.alternate[typ]
			chosen.Member = e.Name + strings.ToUpper(typ[:1]) + typ[1:]
			chosen.Types, chosen.of, chosen.whole = []string{typ}, t.types[typ], e
			chosen.Targets, chosen.simple = a.targets, a.simple
			if chosen.of == nil {
				return fmt.Errorf("there is no type %s", typ)
			}
			e.choices = append(e.choices, &chosen)
		}
	}
	for _, chosen := range e.choices {
		s.members[chosen.Member] = chosen
	}
	return nil
}

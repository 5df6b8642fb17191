package search

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"joinery/fhir/r4"
)

// table is what is known of the searching of one resource type.
type table struct {
	typ    string
	number int // r4.TypeNumber
	root   *node
	params map[string]*indexed
}

// indexed is a search parameter and where its keys are.
type indexed struct {
	*r4.Param
	slots    []uint8
	refersTo string   // only references to this type count; empty for all
	sets     []string // value sets that imply the system of its codes
	leading  []uint8  // of a composite: slots that hold its first component's values, nil when there are none
	paths    []string // the elements it is about, such as "Patient.name.given"
	parts    []*indexed
}

// node is a place in a resource: what is found there and what to visit below.
type node struct {
	leaves []leaf
	kids   []*kid
	named  map[string][]*kid // the kids by member, where they are many
}

type kid struct {
	step
	*node
}

// leaf is a value that keys are made of.
type leaf struct {
	slot  uint8
	kind  r4.ParamType
	typ   string  // FHIR type of the value
	parts []*node // of a composite: where each component is, from here
	tops  []*node // … and from the resource
}

var tables sync.Map // of *table by type

// tableOf returns the table of a resource type, nil when R4 has no such type.
func tableOf(typ string) *table {
	if t, ok := tables.Load(typ); ok {
		return t.(*table)
	}
	number, ok := r4.TypeNumber(typ)
	if !ok {
		return nil
	}
	t, err := buildTable(typ, number)
	if err != nil {
		panic("record/search: " + err.Error()) // cannot be: a test builds them all
	}
	got, _ := tables.LoadOrStore(typ, t)
	return got.(*table)
}

// sharedParams are the parameters of all types that are found by keys. They
// have the first slots, the same for each type. _id and _lastUpdated are not of
// the resource as it was sent, and found by the store's own columns.
var sharedParams = []string{"_profile", "_security", "_source", "_tag"}

func keyless(p *r4.Param) bool {
	return p.Type == r4.Special || p.Code == "_id" || p.Code == "_lastUpdated"
}

// buildTable compiles the parameters of a type. Each path is filed under the
// set of parameters that it serves, and each such set gets a slot.
func buildTable(typ string, number int) (*table, error) {
	t := &table{typ: typ, number: number, root: &node{}, params: map[string]*indexed{}}
	serves := map[string][]string{} // by kind and path, the parameters' codes
	found := map[string]path{}
	for _, p := range r4.SearchParams(typ) {
		in := &indexed{Param: p}
		t.params[p.Code] = in
		if keyless(p) {
			continue
		}
		paths, err := compile(typ, p.Expression)
		if err != nil {
			return nil, fmt.Errorf("parameter %s of %s: %w", p.Code, typ, err)
		}
		for i, at := range paths {
			if i > 0 && at.refersTo != in.refersTo {
				return nil, fmt.Errorf("parameter %s of %s: references are filtered in part", p.Code, typ)
			}
			in.refersTo = at.refersTo
			in.paths = append(in.paths, typ+at.String())
			if at.valueSet != "" && p.Type == r4.Token && !slices.Contains(in.sets, at.valueSet) {
				in.sets = append(in.sets, at.valueSet)
			}
			for _, leaf := range expand(p.Type, at) {
				key := p.Type.String() + leaf.String()
				if p.Type == r4.Composite {
					key += " " + p.Code
				}
				if !slices.Contains(serves[key], p.Code) {
					serves[key] = append(serves[key], p.Code)
				}
				found[key] = leaf
			}
		}
	}
	return t, t.fileAll(serves, found)
}

// fileAll gives slots to the paths and plants them into the tree.
func (t *table) fileAll(serves map[string][]string, found map[string]path) error {
	names := map[string]bool{}
	for key, codes := range serves {
		names[strings.Join(codes, ",")+" "+t.params[codes[0]].Type.String()] = true
		_ = key
	}
	ordered := make([]string, 0, len(names))
	for name := range names {
		ordered = append(ordered, name)
	}
	slices.SortFunc(ordered, func(a, b string) int {
		if shared := rank(b) - rank(a); shared != 0 {
			return shared
		}
		return strings.Compare(a, b)
	})
	if len(ordered) > 255 {
		return fmt.Errorf("%s has %d slots, more than a byte can number", t.typ, len(ordered))
	}
	keys := make([]string, 0, len(found))
	for key := range found {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	slots := map[string]uint8{}
	for _, key := range keys {
		codes := serves[key]
		kind := t.params[codes[0]].Type
		slot := uint8(slices.Index(ordered, strings.Join(codes, ",")+" "+kind.String()) + 1)
		slots[key] = slot
		for _, code := range codes {
			in := t.params[code]
			if !slices.Contains(in.slots, slot) {
				in.slots = append(in.slots, slot)
			}
		}
		leaf := leaf{slot: slot, kind: kind, typ: found[key].typ}
		if kind == r4.Composite {
			if err := t.compose(&leaf, t.params[codes[0]]); err != nil {
				return err
			}
		}
		t.root.plant(found[key].steps, leaf)
	}
	for _, in := range t.params {
		slices.Sort(in.slots)
		if in.Type == r4.Composite {
			in.leading = t.leading(in, slots)
		}
	}
	return nil
}

// rank puts the parameters of all types first, in their order.
func rank(name string) int {
	code, _, _ := strings.Cut(name, " ")
	if i := slices.Index(sharedParams, code); i >= 0 {
		return len(sharedParams) - i
	}
	return 0
}

// compose adds to a composite's leaf where its components are.
func (t *table) compose(l *leaf, in *indexed) error {
	in.parts = nil
	for i, c := range in.components() {
		below, top := &node{}, &node{}
		part := &indexed{Param: c.Definition, slots: []uint8{uint8(i + 1)}}
		paths, err := compile(l.typ, c.Expression)
		if err != nil {
			return fmt.Errorf("component %d of %s of %s: %w", i, in.Code, t.typ, err)
		}
		for _, at := range paths {
			if at.valueSet != "" {
				part.sets = append(part.sets, at.valueSet)
			}
			for _, end := range expand(c.Definition.Type, at) {
				from := below
				if at.absolute {
					from = top
				}
				from.plant(end.steps, leaf{slot: uint8(i + 1), kind: c.Definition.Type, typ: end.typ})
			}
		}
		l.parts, l.tops = append(l.parts, below), append(l.tops, top)
		in.parts = append(in.parts, part)
	}
	return nil
}

// components returns the parts of a composite. The definition of
// DocumentReference's "relationship" has the expressions of its two parts the
// wrong way round: here the reference is found by target, the token by code.
func (in *indexed) components() []r4.Component {
	parts := slices.Clone(in.Components)
	if len(parts) == 2 && parts[0].Definition.Type == r4.Reference && parts[0].Expression == "code" {
		parts[0].Expression, parts[1].Expression = parts[1].Expression, parts[0].Expression
	}
	return parts
}

// leading returns the slots that hold what a composite's first component is
// about, when it is a token of its own: by these a composite finds candidates.
func (t *table) leading(in *indexed, slots map[string]uint8) []uint8 {
	roots, err := compile(t.typ, in.Expression)
	first := in.components()[0]
	if err != nil || first.Definition.Type != r4.Token {
		return nil
	}
	var out []uint8
	for _, root := range roots {
		paths, err := compile(root.typ, first.Expression)
		if err != nil {
			return nil
		}
		for _, at := range paths {
			whole := at
			if !at.absolute {
				whole.steps = append(slices.Clone(root.steps), at.steps...)
			}
			slot, ok := slots[r4.Token.String()+whole.String()]
			if !ok {
				return nil
			}
			if !slices.Contains(out, slot) {
				out = append(out, slot)
			}
		}
	}
	return out
}

// plant adds a leaf at the end of a path.
func (n *node) plant(steps []step, l leaf) {
	if len(steps) == 0 {
		n.leaves = append(n.leaves, l)
		return
	}
	for _, k := range n.kids {
		if k.step == steps[0] {
			k.node.plant(steps[1:], l)
			return
		}
	}
	k := &kid{steps[0], &node{}}
	n.kids = append(n.kids, k)
	if len(n.kids) > manyKids {
		n.named = map[string][]*kid{}
		for _, k := range n.kids {
			n.named[k.member] = append(n.named[k.member], k)
		}
	}
	k.node.plant(steps[1:], l)
}

// manyKids is when going over a value's members is quicker than looking for each
// kid's.
const manyKids = 6

// Parts of names and addresses that a string parameter on the whole looks at.
var wholes = map[string][]string{
	"HumanName": {"text", "family", "given", "prefix", "suffix"},
	"Address":   {"text", "line", "city", "district", "state", "postalCode", "country"},
}

// expand returns the paths to the values that make keys: none when a parameter
// cannot be about such a type, as a date about an age, and of a name or an
// address its parts.
func expand(kind r4.ParamType, at path) []path {
	if kind == r4.String && wholes[at.typ] != nil {
		var out []path
		for _, name := range wholes[at.typ] {
			part := at
			part.steps = append(slices.Clone(at.steps), step{member: name, index: -1})
			part.typ = "string"
			out = append(out, part)
		}
		return out
	}
	if kind != r4.Composite && !slices.Contains(findable[kind], at.typ) {
		return nil
	}
	return []path{at}
}

// findable are the types whose values each kind of parameter finds.
var findable = map[r4.ParamType][]string{
	r4.Token:     {"code", "Coding", "CodeableConcept", "Identifier", "ContactPoint", "boolean", "string", "id", "uri", truth},
	r4.String:    {"string", "markdown"},
	r4.Date:      {"date", "dateTime", "instant", "Period", "Timing"},
	r4.Number:    {"integer", "decimal", "positiveInt", "unsignedInt", "Range"},
	r4.Quantity:  {"Quantity", "Age", "Duration", "Money", "Range", "SampledData"},
	r4.Reference: {"Reference", "canonical", "uri", "Resource"},
	r4.URI:       {"uri", "url", "canonical"},
}

package r4

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"joinery/fhir"
	"joinery/fhir/codes"
)

// maxIssues is how many faults Validate lists before it stops looking: more
// help nobody, and cost.
const maxIssues = 500

// Validate checks a resource against what R4 says of its structure: the
// resource type, unknown elements, JSON types, how often elements may be there,
// choices of one type, alignment of primitive extensions, the formats of
// primitives, required codes, the form and type of references, narrative. It
// refuses modifier extensions and implicitRules, since we could not obey them.
//
// The error is nil or an *fhir.Invalid with every fault (up to 500) and its
// place. Invariants in FHIRPath are not checked, nor profiles.
func Validate(doc *fhir.Doc) error {
	w := walker{path: make([]step, 0, 16)}
	w.resource(doc.Root(), "")
	if len(w.issues) == 0 {
		return nil
	}
	return &fhir.Invalid{Issues: w.issues}
}

// step is one step of the path to where the walk is.
type step struct {
	name  string
	index int // in an array, or -1
}

// walker goes through a resource once and notes what is wrong.
type walker struct {
	root   string // type of the outermost resource
	path   []step
	issues []fhir.Issue

	// Of the resource that references in it may point into.
	container fhir.Value
	ids       map[string]string // id → type of what it contains; made when first asked for
	contained bool              // the walk is in one of its contained resources
	batch     bool              // in a transaction or batch, whose references may be searches
}

func (w *walker) full() bool { return len(w.issues) >= maxIssues }

// fault notes what is wrong here.
func (w *walker) fault(code, say string) {
	if w.full() {
		return
	}
	w.issues = append(w.issues, fhir.Issue{Severity: fhir.Error, Code: code, Where: w.where(), Say: say})
	if w.full() {
		w.issues = append(w.issues, fhir.Issue{
			Severity: fhir.Error, Code: "too-costly",
			Say: "There is more wrong than is listed; correct these first.",
		})
	}
}

// faultIn notes what is wrong with a member of what the walk is at.
func (w *walker) faultIn(name, code, say string) {
	w.enter(name)
	w.fault(code, say)
	w.leave()
}

func (w *walker) enter(name string) { w.path = append(w.path, step{name, -1}) }
func (w *walker) leave()            { w.path = w.path[:len(w.path)-1] }
func (w *walker) at(index int)      { w.path[len(w.path)-1].index = index }

// where returns the FHIRPath location of the walk.
func (w *walker) where() string {
	var b strings.Builder
	b.WriteString(w.root)
	for _, s := range w.path {
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(s.name)
		if s.index >= 0 {
			b.WriteByte('[')
			b.WriteString(strconv.Itoa(s.index))
			b.WriteByte(']')
		}
	}
	return b.String()
}

// resource checks a whole resource; in is the member that holds it, empty for
// the outermost.
func (w *walker) resource(v fhir.Value, in string) {
	if v.Kind() != fhir.Object {
		w.fault("structure", "This must be a resource, a JSON object with a resourceType.")
		return
	}
	name := v.Get("resourceType")
	s := load().types[string(name.TextBytes())]
	if name.Kind() != fhir.String || s == nil || s.kind != Resource {
		w.unknownType(name)
		return
	}
	if in == "" {
		w.root = s.name
	}
	outer := *w
	if in == "contained" {
		w.containedResource(v)
		w.contained = true
	} else {
		w.container, w.ids, w.contained = v, nil, false
		if s.name == "Bundle" {
			t := v.Get("type")
			w.batch = t.Is("transaction") || t.Is("batch")
		}
	}
	w.object(v, s)
	w.contained, w.batch = outer.contained, outer.batch
	if in != "contained" {
		w.container, w.ids = outer.container, outer.ids
	}
}

func (w *walker) unknownType(name fhir.Value) {
	w.enter("resourceType")
	defer w.leave()
	switch {
	case !name.Exists():
		w.fault("required", "resourceType is missing: it says what the resource is, such as \"Patient\".")
	case name.Kind() != fhir.String:
		w.fault("structure", "resourceType must be a string, such as \"Patient\".")
	default:
		w.fault("structure", "This is not a resource type of FHIR R4."+didYouMean(name.Text(), Types()))
	}
}

// containedResource checks what holds for a contained resource as a whole
// (dom-2, dom-4, dom-5).
func (w *walker) containedResource(v fhir.Value) {
	if w.contained || v.Get("contained").Exists() {
		w.faultIn("contained", "structure", "A contained resource may not contain others; contain both in the outer resource.")
	}
	meta := v.Get("meta")
	for _, name := range []string{"versionId", "lastUpdated", "security"} {
		if meta.Get(name).Exists() {
			w.enter("meta")
			w.faultIn(name, "structure", "A contained resource may not have this: it shares that of the resource around it.")
			w.leave()
		}
	}
}

// seen is which elements of a type were there, by their place in it, and which
// member held a choice.
type seen struct {
	bits   [2]uint64
	chosen [4]*Elem
	n      int
}

func (s *seen) add(e *Elem)      { s.bits[e.index>>6] |= 1 << (e.index & 63) }
func (s *seen) has(e *Elem) bool { return s.bits[e.index>>6]&(1<<(e.index&63)) != 0 }

// other returns the other member that already holds a choice, if there is one.
func (s *seen) other(e *Elem) *Elem {
	for _, c := range s.chosen[:s.n] {
		if c.index == e.index && c != e {
			return c
		}
	}
	if s.n < len(s.chosen) {
		s.chosen[s.n] = e
		s.n++
	}
	return nil
}

// object checks an object against its type: each member, then what is missing.
func (w *walker) object(v fhir.Value, s *structure) {
	if v.Kind() != fhir.Object {
		w.fault("structure", "This must be a JSON object ("+s.describe()+"), not "+kindName(v.Kind())+".")
		return
	}
	var found seen
	members := 0
	for name, member := range v.Fields() {
		members++
		if w.full() {
			return
		}
		underscore := len(name) > 1 && name[0] == '_'
		if underscore {
			name = name[1:]
		}
		e := s.members[string(name)]
		switch {
		case e == nil && !underscore && s.kind == Resource && string(name) == "resourceType":
			continue
		case e == nil || underscore && e.of.kind != Primitive:
			w.unknown(s, name, underscore)
			continue
		}
		found.add(e)
		if e.Choice {
			if other := found.other(e); other != nil {
				w.faultIn(e.Name, "structure", "There may be only one of "+other.Member+" and "+e.Member+"; leave one out.")
				continue
			}
		}
		w.enter(e.Name)
		if underscore {
			w.extensions(v, e, member)
		} else {
			w.element(v, e, member)
		}
		w.leave()
	}
	switch {
	case members == 0:
		w.fault("structure", "An object may not be empty; leave it out.")
		return // what is missing in it follows from that
	case members == 1 && s.kind != Resource && s.kind != Abstract && v.Get("id").Exists():
		w.fault("structure", "There is nothing but an id here; leave it out.")
	}
	for _, e := range s.required {
		if !found.has(e) {
			w.faultIn(e.Name, "required", e.missing())
		}
	}
	w.special(v, s)
}

// element checks a member that holds an element: one value, or an array where
// it may repeat.
func (w *walker) element(parent fhir.Value, e *Elem, v fhir.Value) {
	if e.refused != "" {
		w.fault("extension", e.refused)
		return
	}
	if e.Max <= 1 {
		if v.Kind() == fhir.Array {
			w.fault("structure", "This may be there only once, and is no JSON array.")
			return
		}
		w.value(e, v)
		return
	}
	if v.Kind() != fhir.Array {
		w.fault("structure", "This may be there several times, so it must be a JSON array, even of one.")
		return
	}
	i, gaps := 0, 0
	for item := range v.Items() {
		if w.full() {
			break
		}
		w.at(i)
		if item.Kind() == fhir.Null && e.of.kind == Primitive {
			gaps++
		} else {
			w.value(e, item)
		}
		i++
	}
	w.at(-1)
	if i == 0 {
		w.fault("structure", "An array may not be empty; leave it out.")
	}
	if gaps > 0 {
		w.gaps(parent, e, v)
	}
}

// gaps checks the nulls in an array of primitives, which only stand where the
// primitive has extensions instead of a value.
func (w *walker) gaps(parent fhir.Value, e *Elem, v fhir.Value) {
	twin := slices.Collect(parent.Get("_" + e.Member).Items())
	i := 0
	for item := range v.Items() {
		if item.Kind() == fhir.Null && (i >= len(twin) || twin[i].Kind() != fhir.Object) {
			w.at(i)
			w.fault("structure", "null may stand here only when _"+e.Member+" has extensions in the same place; leave it out.")
		}
		i++
	}
	w.at(-1)
}

// value checks one value of an element.
func (w *walker) value(e *Elem, v fhir.Value) {
	switch {
	case v.Kind() == fhir.Null:
		w.fault("structure", "null is no value; leave the element out.")
	case e.of.kind == Primitive:
		w.primitive(e, v)
	case e.of.kind == Abstract: // Resource is the only abstract type that an element has
		w.resource(v, e.Name)
	default:
		w.object(v, e.of)
		w.coded(e, v)
		if e.simple && v.Get("comparator").Exists() {
			w.faultIn("comparator", "structure", "This quantity must be exact: it may have no comparator.")
		}
		if e.of.refers {
			w.reference(e, v)
		}
	}
}

// extensions checks the member with an underscore that holds the id and
// extensions of a primitive.
func (w *walker) extensions(parent fhir.Value, e *Elem, v fhir.Value) {
	if e.Max <= 1 {
		if v.Kind() == fhir.Array {
			w.fault("structure", "_"+e.Member+" may be there only once, and is no JSON array.")
			return
		}
		w.extended(e, v, parent.Get(e.Member))
		return
	}
	if v.Kind() != fhir.Array {
		w.fault("structure", "_"+e.Member+" must be a JSON array, as "+e.Member+" is.")
		return
	}
	values := slices.Collect(parent.Get(e.Member).Items())
	i := 0
	for item := range v.Items() {
		if w.full() {
			break
		}
		w.at(i)
		var value fhir.Value
		if i < len(values) {
			value = values[i]
		}
		if item.Kind() != fhir.Null {
			w.extended(e, item, value)
		} else if !value.Exists() {
			w.fault("structure", "There is neither a value nor an extension here; leave it out.")
		}
		i++
	}
	w.at(-1)
	if n := len(values); n > 0 && n != i {
		w.fault("structure", fmt.Sprintf("_%s has %d entries and %s has %d: they must be as many, with null where there is nothing.", e.Member, i, e.Member, n))
	}
}

// extended checks the id and extensions of one primitive beside its value, which
// may not be there.
func (w *walker) extended(e *Elem, v, value fhir.Value) {
	if v.Kind() == fhir.Null {
		w.fault("structure", "null is no value; leave _"+e.Member+" out.")
		return
	}
	w.object(v, load().types["Element"])
	if k := value.Kind(); (k == fhir.None || k == fhir.Null) && v.Len() == 1 && v.Get("id").Exists() {
		w.fault("structure", "There is nothing but an id here; leave it out.")
	}
	if e.of.primitive == pXHTML && v.Get("extension").Exists() {
		w.faultIn("extension", "structure", "Narrative may have no extensions.")
	}
}

// unknown notes a member that the type does not have.
func (w *walker) unknown(s *structure, name []byte, underscore bool) {
	shown := string(name)
	if !isName(name) {
		shown = "?"
	}
	if underscore {
		shown = "_" + shown
	}
	say := s.name + " has no element of this name."
	if e := s.byName[string(name)]; e != nil && e.Choice {
		say += " Write it with its type: " + listed(e.members()) + "."
	} else if underscore && s.members[string(name)] != nil {
		say = "Only a primitive has a twin with an underscore; put the extension into " + string(name) + " itself."
	} else if shown != "?" {
		names := make([]string, 0, len(s.members))
		for member := range s.members {
			names = append(names, member)
		}
		slices.Sort(names)
		say += didYouMean(string(name), names)
	}
	w.faultIn(shown, "structure", say)
}

// coded checks a CodeableConcept whose code must come from a value set.
func (w *walker) coded(e *Elem, v fhir.Value) {
	if e.set == nil {
		return
	}
	for coding := range v.Get("coding").Items() {
		if e.set.Has(coding.Get("system").Text(), coding.Get("code").Text()) {
			return
		}
	}
	w.fault("code-invalid", "One of the codings must be from the value set "+e.ValueSet+": "+choices(e.set)+".")
}

// special checks what only some types ask for.
func (w *walker) special(v fhir.Value, s *structure) {
	if s.name != "Extension" {
		return
	}
	value := false
	for name := range v.Fields() {
		name = trimUnderscore(name)
		value = value || len(name) > 5 && string(name[:5]) == "value"
	}
	switch nested := v.Get("extension").Exists(); {
	case value && nested:
		w.fault("structure", "An extension has either a value or extensions in it, not both.")
	case !value && !nested:
		w.fault("structure", "An extension must have a value or extensions in it.")
	}
}

func trimUnderscore(name []byte) []byte {
	if len(name) > 0 && name[0] == '_' {
		return name[1:]
	}
	return name
}

// choices lists the codes of a set for a person, if they are few enough.
func choices(set *codes.Set) string {
	all := set.Codes()
	switch {
	case len(all) == 0:
		return "such codes follow a form of their own"
	case len(all) > 20:
		return "it has " + strconv.Itoa(len(all)) + " codes, such as " + listed(all[:5])
	}
	return listed(all)
}

// listed joins names as in a sentence: "a, b or c".
func listed(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

func kindName(k fhir.Kind) string {
	switch k {
	case fhir.Null:
		return "null"
	case fhir.Bool:
		return "true or false"
	case fhir.Number:
		return "a number"
	case fhir.String:
		return "a string"
	case fhir.Array:
		return "an array"
	case fhir.Object:
		return "an object"
	}
	return "nothing"
}

// describe says what a type is, for a person.
func (s *structure) describe() string {
	if s.kind == Part {
		return "the parts of " + s.name
	}
	return "of type " + s.name
}

// missing says what is missing, for a person.
func (e *Elem) missing() string {
	say := "This is missing, and must be there"
	switch {
	case e.Choice:
		say += ": one of " + listed(e.members())
	case e.set != nil:
		say += ": " + choices(e.set)
	case e.Max > 1:
		say += " at least once"
	}
	return say + "."
}

// members returns the JSON members that may hold an element.
func (e *Elem) members() []string {
	if !e.Choice {
		return []string{e.Member}
	}
	if e.whole != nil {
		e = e.whole
	}
	names := make([]string, len(e.choices))
	for i, c := range e.choices {
		names[i] = c.Member
	}
	return names
}

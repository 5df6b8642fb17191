package path

import (
	"fmt"
	"strconv"

	"joinery/fault"
	"joinery/fhir"
)

// MaxOperations is how many operations a patch may have.
const MaxOperations = 1000

// What all operations of a patch together may cost: steps of evaluation, and
// bytes of the resource, which each operation reads afresh.
const (
	patchSteps = 5_000_000
	patchBytes = 256 << 20
)

// Patch applies a FHIRPath Patch, a Parameters resource of operations (add,
// insert, delete, replace, move), one after the other, and returns the patched
// resource. What no operation touches keeps its bytes.
//
// Nothing is applied unless all can be. The error is an *fhir.Invalid with the
// place in the Parameters of the operation that cannot. Whether the result is a
// valid resource is for the caller to check.
//
// Source: https://hl7.org/fhir/R4/fhirpatch.html
func Patch(doc *fhir.Doc, parameters fhir.Value) ([]byte, error) {
	if !parameters.Get("resourceType").Is("Parameters") {
		return nil, refuse(parameters, "structure", "A FHIRPath Patch is a Parameters resource.")
	}
	n, read, left := 0, 0, patchSteps
	for parameter := range parameters.Get("parameter").Items() {
		if n++; n > MaxOperations {
			return nil, refuse(parameters, "too-costly", fmt.Sprintf("A patch may have %d operations at most.", MaxOperations))
		}
		if read += len(doc.Bytes()); read > patchBytes {
			return nil, refuse(parameter, "too-costly", "The patch has too many operations for a resource of this size.")
		}
		o, err := readOperation(parameter)
		if err != nil {
			return nil, err
		}
		o.left = &left
		patched, err := o.apply(doc)
		if err != nil {
			return nil, err
		}
		if doc, err = fhir.Parse(patched); err != nil {
			return nil, fmt.Errorf("parse what operation %d made: %w", n, err)
		}
	}
	return doc.Bytes(), nil
}

// refuse says what is wrong with a part of the patch.
func refuse(at fhir.Value, code, say string) error {
	return &fhir.Invalid{Issues: []fhir.Issue{{Severity: fhir.Error, Code: code, Where: at.Where(), Say: say}}}
}

// operation is one parameter of a patch.
type operation struct {
	at    fhir.Value // where the patch has it
	kind  string
	path  *Expr
	name  string
	value fhir.Value            // the part that holds the value
	given map[string]fhir.Value // the parts, by name
	left  *int                  // steps of evaluation that the patch may still take
}

func readOperation(at fhir.Value) (*operation, error) {
	if !at.Get("name").Is("operation") {
		return nil, refuse(at, "value", `Each parameter of a FHIRPath Patch has the name "operation".`)
	}
	o := &operation{at: at, given: map[string]fhir.Value{}}
	for part := range at.Get("part").Items() {
		name := part.Get("name").Text()
		if o.given[name].Exists() {
			return nil, refuse(part, "value", "This part is there twice in one operation.")
		}
		o.given[name] = part
	}
	o.kind = o.text("type", "valueCode")
	o.name = o.text("name", "valueString")
	o.value = o.given["value"]
	needs := map[string][]string{
		"add": {"name", "value"}, "insert": {"index", "value"}, "delete": {}, "replace": {"value"}, "move": {"source", "destination"},
	}
	parts, ok := needs[o.kind]
	if !ok {
		return nil, refuse(at, "value", "The type of an operation is add, insert, delete, replace or move.")
	}
	for _, name := range append(parts, "path") {
		if !o.given[name].Exists() {
			return nil, refuse(at, "required", fmt.Sprintf("An operation of type %s needs the part %q.", o.kind, name))
		}
	}
	var err error
	if o.path, err = Compile(o.text("path", "valueString")); err != nil {
		return nil, refuse(o.given["path"], "value", fault.MessageOf(err))
	}
	return o, nil
}

// text returns a part's value, which may also be given as another kind of text.
func (o *operation) text(part, member string) string {
	v := o.given[part].Get(member)
	if !v.Exists() {
		for _, other := range []string{"valueString", "valueCode"} {
			if w := o.given[part].Get(other); w.Exists() {
				v = w
			}
		}
	}
	return v.Text()
}

// number returns a part's index, which must be from 0 to most.
func (o *operation) number(part string, most int) (int, error) {
	v := o.given[part].Get("valueInteger")
	n, err := strconv.Atoi(v.Text())
	if err != nil || v.Kind() != fhir.Number {
		return 0, refuse(o.given[part], "value", "This must be a valueInteger.")
	}
	if n < 0 || n > most {
		return 0, refuse(o.given[part], "value", fmt.Sprintf("This index must be from 0 to %d: there is nothing at %d.", most, n))
	}
	return n, nil
}

func (o *operation) apply(doc *fhir.Doc) ([]byte, error) {
	switch o.kind {
	case "add":
		return o.add(doc)
	case "insert", "move":
		return o.list(doc)
	}
	found, err := o.eval(o.path, Resource(doc.Root()))
	if err != nil {
		return nil, err
	}
	if len(found) > 1 {
		return nil, o.misses("The path of this operation must lead to one element, and leads to %d.", len(found))
	}
	if len(found) == 0 {
		if o.kind == "delete" {
			return doc.Bytes(), nil
		}
		return nil, o.misses("The path leads to nothing that could be replaced; use add.")
	}
	e, ok := placeOf(doc, found[0])
	if !ok {
		return nil, o.misses("The path must lead to an element of the resource.")
	}
	if o.kind == "delete" {
		e.slots().cut(e.index)
		return e.write(), nil
	}
	return o.replace(e)
}

func (o *operation) eval(e *Expr, focus Item) (Collection, error) {
	c, left, err := e.evalItem(&Env{Steps: max(*o.left, 1)}, focus)
	switch {
	case fault.KindOf(err) == fault.TooLarge:
		return nil, refuse(o.given["path"], "too-costly", fault.MessageOf(err))
	case err != nil:
		return nil, refuse(o.given["path"], "value", fault.MessageOf(err))
	}
	*o.left = left
	return c, nil
}

func (o *operation) misses(format string, args ...any) error {
	return refuse(o.given["path"], "value", fmt.Sprintf(format, args...))
}

// replace puts the operation's value where an element is.
func (o *operation) replace(e *place) ([]byte, error) {
	option, made, err := o.make(e.field)
	if err != nil {
		return nil, err
	}
	if option.member == e.option.member {
		s := e.slots()
		s.list[e.index] = made
		return e.write(), nil
	}
	e.slots().list = nil // another type of a choice: the member's name changes
	to := *e
	to.option, to.held = option, &slots{list: []slot{made}}
	return to.write(e), nil
}

// add puts the operation's value into an element under a name, at the end where
// it may repeat.
func (o *operation) add(doc *fhir.Doc) ([]byte, error) {
	found, err := o.eval(o.path, Resource(doc.Root()))
	if err != nil {
		return nil, err
	}
	if len(found) != 1 {
		return nil, o.misses("The path of an add must lead to one element, and leads to %d.", len(found))
	}
	in, ok := child(doc, found[0], o.name)
	if !ok {
		return nil, refuse(o.given["name"], "value", "What the path leads to has no element of this name.")
	}
	s := in.slots()
	if len(s.list) > 0 && !in.field.many {
		return nil, refuse(o.given["name"], "value", "This element is there already and may not repeat; use replace.")
	}
	option, made, err := o.make(in.field)
	if err != nil {
		return nil, err
	}
	in.option = option
	in.held = &slots{list: append(s.list, made)}
	return in.write(), nil
}

// list inserts into or moves within the list that the path ends in.
func (o *operation) list(doc *fhir.Doc) ([]byte, error) {
	step, ok := o.path.root.(*member)
	if !ok || step.typ != nil {
		return nil, o.misses("The path of this operation must end in the name of a list.")
	}
	owner := Collection{Resource(doc.Root())}
	if step.target != nil {
		var err error
		if owner, err = o.eval(&Expr{source: o.path.source, root: step.target}, owner[0]); err != nil {
			return nil, err
		}
	}
	if len(owner) != 1 {
		return nil, o.misses("The path of this operation must lead to one list, and leads to %d.", len(owner))
	}
	in, ok := child(doc, owner[0], step.name)
	if !ok || !in.field.many {
		return nil, o.misses("The path of this operation must end in the name of a list.")
	}
	s := in.slots()
	if o.kind == "move" {
		return o.move(in, s)
	}
	at, err := o.number("index", len(s.list))
	if err != nil {
		return nil, err
	}
	_, made, err := o.make(in.field)
	if err != nil {
		return nil, err
	}
	s.insert(at, made)
	return in.write(), nil
}

func (o *operation) move(in *place, s *slots) ([]byte, error) {
	if len(s.list) == 0 {
		return nil, o.misses("The list is empty: there is nothing to move.")
	}
	from, err := o.number("source", len(s.list)-1)
	if err != nil {
		return nil, err
	}
	to, err := o.number("destination", len(s.list)-1)
	if err != nil {
		return nil, err
	}
	moved := s.list[from]
	s.cut(from)
	s.insert(to, moved)
	return in.write(), nil
}

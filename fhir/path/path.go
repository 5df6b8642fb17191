// Package path evaluates FHIRPath over FHIR R4 resources, and changes them by
// FHIRPath Patch.
//
// An expression is compiled once and evaluated often, over the bytes that came
// in: a step along a path is a look in the document's index, and nothing is
// copied until a value is computed. The types of elements come from the tables
// of fhir/r4, so choice elements (value[x]), primitive extensions and the
// difference between FHIR's types and FHIRPath's own are known without asking
// the data.
//
// An expression that names an element which its type does not have, or a
// function or type that does not exist, is refused, whatever the data: a
// mistyped rule must not quietly find nothing. Where the type cannot be known
// beforehand (contained resources, resolve(), descendants()) such a name gives
// nothing.
//
// The language is FHIRPath N1 (2.0.0), with those functions of its 3.0 ballot
// that the official suite has, and FHIR's additions. docs/conformance.md lists
// how the suite goes, and testdata/excluded.txt each case we do not pass, with
// the reason. Decimals are never floats.
//
// Nothing here reads a clock, and nothing runs away: Env bounds the steps of an
// evaluation, and Compile the length and depth of an expression.
//
// Trade-offs: the tree is walked, not compiled to code; the search indexer does
// not use this package but walks all parameters of a type at once, and is
// tested against it.
package path

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"joinery/fault"
	"joinery/fhir"
)

// MaxLength is how long an expression may be, in bytes, MaxParts how many steps,
// calls and operators it may have, and MaxNesting how deep its brackets go. The
// longest of the specification's search parameters has under 4,000 bytes.
const (
	MaxLength  = 32 << 10
	MaxParts   = 4_000
	MaxNesting = 200
)

// DefaultSteps bounds an evaluation whose Env does not say: about a second of
// work.
const DefaultSteps = 10_000_000

// Expr is a compiled expression. It never changes and may be used by several
// goroutines at once.
type Expr struct {
	source  string
	root    expr
	checked atomic.Pointer[verdict] // the last type it was checked for
	others  sync.Map                // *Type to *verdict: all of them
}

// verdict is what checking an expression against a type said.
type verdict struct {
	typ *Type
	err error
}

// Env is what an expression may ask of its surroundings. The zero Env has no
// time, resolves nothing outside the document and bounds the work.
type Env struct {
	Now      time.Time                                // what now() and today() give; zero makes them errors
	Resource fhir.Value                               // %resource; when it is not there, the focus's own resource
	Vars     map[string]Collection                    // further %names
	Resolve  func(ref string) (v fhir.Value, ok bool) // resolve() beyond the document; may be nil
	Trace    func(label string, values Collection)    // what trace() tells; may be nil
	Steps    int                                      // how much work is allowed; 0 is DefaultSteps
}

// Compile reads an expression. The error is of the kind fault.Invalid and says
// at which character what is wrong.
func Compile(source string) (*Expr, error) {
	if len(source) > MaxLength {
		return nil, fault.New(fault.TooLarge, fmt.Sprintf("The FHIRPath expression is longer than %d bytes.", MaxLength))
	}
	root, err := parse(source)
	if err != nil {
		return nil, err
	}
	return &Expr{source: source, root: root}, nil
}

// String returns the expression as it was written.
func (e *Expr) String() string { return e.source }

// Check reports whether the expression makes sense for a type of R4, such as
// "Patient": whether the elements that it names exist. It is stricter than Eval
// in one thing: it refuses to take by position (first(), skip(), [0]) from what
// has no order, such as children().
func (e *Expr) Check(typ string) error {
	t := typeNamed(typ)
	if t == nil {
		return problem("There is no FHIR type of that name.")
	}
	c := checker{ordered: true}
	_, err := c.of(e.root, scope{this: only(t)})
	return err
}

// Eval evaluates the expression on a resource, or on an element whose type is
// not known (then names are looked up as the data has them). env may be nil.
//
// The error is of the kind fault.Invalid when the expression does not fit the
// resource, and fault.TooLarge when it needs more than env.Steps.
func (e *Expr) Eval(env *Env, focus fhir.Value) (Collection, error) {
	return e.EvalItem(env, Resource(focus))
}

// EvalItem is Eval on an item, which knows its type.
func (e *Expr) EvalItem(env *Env, focus Item) (Collection, error) {
	out, _, err := e.evalItem(env, focus)
	return out, err
}

// evalItem also returns how many steps were left.
func (e *Expr) evalItem(env *Env, focus Item) (Collection, int, error) {
	if err := e.fits(focus.typ); err != nil {
		return nil, 0, err
	}
	r := runs.Get().(*run)
	r.start(env, focus)
	buf, err := e.root.eval(r, r.buffer())
	var out Collection
	if err == nil && len(buf) > 0 {
		out = make(Collection, len(buf))
		copy(out, buf)
	}
	left := r.left
	r.done(buf)
	r.stop()
	runs.Put(r)
	return out, left, err
}

// fits checks the expression against a type, once a type.
func (e *Expr) fits(t *Type) error {
	if v := e.checked.Load(); v != nil && v.typ == t {
		return v.err
	}
	if v, ok := e.others.Load(t); ok {
		e.checked.Store(v.(*verdict))
		return v.(*verdict).err
	}
	v := &verdict{typ: t}
	this := unknown
	if t != nil {
		this = only(t)
	}
	_, v.err = (&checker{}).of(e.root, scope{this: this})
	e.others.Store(t, v)
	e.checked.Store(v)
	return v.err
}

// problem is an error of an expression, or of an expression on its data.
func problem(format string, args ...any) error {
	return fault.New(fault.Invalid, "FHIRPath: "+fmt.Sprintf(format, args...))
}

// syntax is an error of an expression's text.
func syntax(at int, say string) error {
	return problem("at character %d: %s.", at+1, say)
}

package search

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"joinery/fhir"
	fhirpath "joinery/fhir/path"
	"joinery/fhir/r4"
)

// resolve gives, of what a reference names, no more than its type.
func resolve(reference string) (fhir.Value, bool) {
	p, ok := readReference([]byte(reference))
	if !ok || p.typ == "" {
		return fhir.Value{}, false
	}
	doc, err := fhir.Parse([]byte(`{"resourceType":"` + p.typ + `"}`))
	return doc.Root(), err == nil
}

var compiled sync.Map

// evaluate gives what each alternative of an expression gives: all together, they
// would give equal values once.
func evaluate(t *testing.T, expression string, res fhir.Value) fhirpath.Collection {
	t.Helper()
	var all fhirpath.Collection
	for one := range strings.SplitSeq(expression, " | ") {
		all = append(all, evaluateOne(t, one, res)...)
	}
	return all
}

func evaluateOne(t *testing.T, expression string, res fhir.Value) fhirpath.Collection {
	t.Helper()
	e, ok := compiled.Load(expression)
	if !ok {
		made, err := fhirpath.Compile(expression)
		if err != nil {
			t.Fatalf("Compile(%s): %v", expression, err)
		}
		e, _ = compiled.LoadOrStore(expression, made)
	}
	found, err := e.(*fhirpath.Expr).Eval(&fhirpath.Env{Resource: res, Resolve: resolve}, res)
	if err != nil {
		t.Fatalf("Eval(%s): %v", expression, err)
	}
	return found
}

type extent struct{ start, end int }

func extentOf(v fhir.Value) extent {
	start, end := v.Span()
	return extent{start, end}
}

func (e extent) holds(o extent) bool { return e.start <= o.start && o.end <= e.end }

// TestExtractIsTheExpressions holds what the walk looks at against FHIRPath: for
// each parameter every value that its expression gives is looked at, and
// nothing else is.
func TestExtractIsTheExpressions(t *testing.T) {
	checked := 0
	for _, e := range examples(t) {
		res := e.doc.Root()
		table := tableOf(e.typ)
		for _, p := range r4.SearchParams(e.typ) {
			in := table.params[p.Code]
			if keyless(p) || p.Expression == deceasedCondition {
				continue
			}
			var looked []extent
			var loose []extent // references that name nothing: FHIRPath cannot resolve them
			w := &walker{root: res, systems: map[string]uint32{}, asked: in.slots, refersTo: in.refersTo}
			w.ask = func(it *item) {
				if in.refersTo != "" && len(it.source.Get("reference").TextBytes()) == 0 {
					loose = append(loose, extentOf(it.source))
					return
				}
				looked = append(looked, extentOf(it.source))
			}
			w.visit(table.root, res)
			var given []extent
			for _, item := range evaluate(t, p.Expression, res) {
				v, ok := item.Value()
				if p.Type == r4.Composite && !hasParts(t, in, item, res) {
					continue
				}
				if ok && (p.Type == r4.Composite || slices.Contains(findable[p.Type], item.Type()) || p.Type == r4.String && wholes[item.Type()] != nil) || ok && r4.KindOf(item.Type()) == r4.Resource {
					given = append(given, extentOf(v))
				}
			}
			for _, g := range given {
				if !slices.ContainsFunc(looked, g.holds) && !slices.ContainsFunc(loose, g.holds) && !hollow(res.Doc(), g) {
					t.Errorf("%s: %s gives %.80s, which Extract does not look at", e.name, p.Code, res.Doc().Bytes()[g.start:g.end])
				}
			}
			for _, l := range looked {
				if !slices.ContainsFunc(given, func(g extent) bool { return g.holds(l) }) {
					t.Errorf("%s: %s: Extract looks at %.80s, which %s does not give", e.name, p.Code, res.Doc().Bytes()[l.start:l.end], p.Expression)
				}
			}
			checked += len(given)
		}
	}
	t.Logf("%d values", checked)
	if checked == 0 {
		t.Error("no expression gave anything")
	}
}

// hasParts reports whether every component's expression gives something of a
// value that can be found.
func hasParts(t *testing.T, in *indexed, composite fhirpath.Item, res fhir.Value) bool {
	t.Helper()
	for _, c := range in.components() {
		some := false
		for one := range strings.SplitSeq(c.Expression, " | ") {
			one = strings.Replace(one, "DateTime", "dateTime", 1) // so written in code-value-date
			e, err := fhirpath.Compile(one)
			if err != nil {
				t.Fatalf("Compile(%s): %v", one, err)
			}
			found, err := e.EvalItem(&fhirpath.Env{Resource: res, Resolve: resolve}, composite)
			if err != nil {
				t.Fatalf("Eval(%s): %v", one, err)
			}
			some = some || slices.ContainsFunc(found, func(i fhirpath.Item) bool {
				return slices.Contains(findable[c.Definition.Type], i.Type())
			})
		}
		if !some {
			return false
		}
	}
	return true
}

// hollow reports whether a name or address has none of the parts that are
// searched.
func hollow(doc *fhir.Doc, g extent) bool {
	part, err := fhir.Parse(doc.Bytes()[g.start:g.end])
	if err != nil {
		return false
	}
	for _, names := range wholes {
		for _, name := range names {
			if part.Root().Get(name).Exists() {
				return false
			}
		}
	}
	return part.Root().Kind() == fhir.Object
}

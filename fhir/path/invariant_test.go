package path_test

import (
	"encoding/json"
	"strings"
	"testing"

	"joinery/fhir"
	"joinery/fhir/path"
)

// invariant is a rule of the specification, in FHIRPath, on a resource type.
type invariant struct {
	Key, Severity, Expression string
	compiled                  *path.Expr
}

// invariants reads the rules of R4, and compiles all: those of resources are
// returned by type.
func invariants(t *testing.T) map[string][]invariant {
	t.Helper()
	out := map[string][]invariant{}
	for _, file := range []string{"profiles-resources.json", "profiles-types.json"} {
		var bundle struct {
			Entry []struct {
				Resource struct {
					FHIRVersion, Derivation string
					Snapshot                struct {
						Element []struct {
							Path       string
							Constraint []invariant
						}
					}
				}
			}
		}
		if err := json.Unmarshal(zipped(t, "fhir/r4-definitions.zip", "definitions/"+file), &bundle); err != nil {
			t.Fatal(err)
		}
		for _, entry := range bundle.Entry {
			if entry.Resource.FHIRVersion != "4.0.1" || entry.Resource.Derivation == "constraint" {
				continue
			}
			for _, e := range entry.Resource.Snapshot.Element {
				for _, rule := range e.Constraint {
					if rule.Expression == "" {
						continue
					}
					var err error
					if rule.compiled, err = path.Compile(rule.Expression); err != nil {
						t.Errorf("%s of %s: Compile(%s): %v", rule.Key, e.Path, rule.Expression, err)
						continue
					}
					out[e.Path] = append(out[e.Path], rule)
				}
			}
		}
	}
	return out
}

// brokenRules are rules of R4 that its own examples break, or that name what
// does not exist.
var brokenRules = map[string]string{
	"bdl-7": "the example Bundle-dataelements has entries twice",
	"cid-0": "ChargeItemDefinition has no name",
	"evv-1": "names elements of R5",
}

// TestRulesOfTheSpecificationHoldOnItsExamples uses the invariants of R4 as a
// test of the engine: they must compile, evaluate without error and, where they
// are errors, not be broken.
func TestRulesOfTheSpecificationHoldOnItsExamples(t *testing.T) {
	if testing.Short() {
		t.Skip("reads all definitions of R4")
	}
	rules := invariants(t)
	n := 0
	check := func(name string, i path.Item, typ string, doc *fhir.Doc) {
		for _, rule := range rules[typ] {
			if brokenRules[rule.Key] != "" {
				continue
			}
			got, err := rule.compiled.EvalItem(&path.Env{Now: now, Resource: doc.Root()}, i)
			n++
			if err != nil {
				t.Errorf("%s: %s (%s): %v", name, rule.Key, rule.Expression, err)
			} else if len(got) > 0 && !got.IsTrue() && rule.Severity == "error" {
				t.Errorf("%s: %s (%s) = %v, want true", name, rule.Key, rule.Expression, got)
			}
		}
	}
	inside := map[string]*path.Expr{}
	for at := range rules {
		if strings.Contains(at, ".") && !strings.Contains(at, "[x]") {
			if e, err := path.Compile(at); err == nil {
				inside[at] = e
			}
		}
	}
	examples(t, func(name string, doc *fhir.Doc) {
		root := path.Resource(doc.Root())
		check(name, root, root.Type(), doc)
		for at, e := range inside {
			if !strings.HasPrefix(at, root.Type()+".") {
				continue
			}
			found, err := e.EvalItem(nil, root)
			if err != nil {
				continue // an element that R4 has not, from the definitions' other releases
			}
			for _, i := range found {
				check(name, i, at, doc)
				if i.Type() != at {
					check(name, i, i.Type(), doc)
				}
			}
		}
	})
	if n < 200_000 {
		t.Errorf("%d evaluations: the test does not reach enough", n)
	}
}

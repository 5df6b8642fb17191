package path_test

import (
	"archive/zip"
	"io"
	"testing"

	"joinery/fhir"
	"joinery/fhir/path"
	"joinery/fhir/r4"
)

// examples calls then for each of the specification's examples that is a
// resource of R4.
func examples(t testing.TB, then func(name string, doc *fhir.Doc)) {
	t.Helper()
	z, err := zip.OpenReader(data(t, "fhir/r4-examples.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		if err := in.Close(); err != nil {
			t.Fatal(err)
		}
		doc, err := fhir.Parse(b)
		if err != nil {
			continue // the parser's own tests say which and why
		}
		if _, ok := r4.TypeNumber(doc.Root().Get("resourceType").Text()); ok {
			then(f.Name, doc)
		}
	}
}

func TestEverySearchParameterCompilesAndEvaluates(t *testing.T) {
	compiled := map[string]*path.Expr{}
	used := 0
	for _, typ := range r4.Types() {
		for _, p := range r4.SearchParams(typ) {
			if p.Expression == "" {
				continue
			}
			e, err := path.Compile(p.Expression)
			if err != nil {
				t.Errorf("%s.%s: Compile(%s): %v", typ, p.Code, p.Expression, err)
				continue
			}
			if err := e.Check(typ); err != nil {
				t.Errorf("%s.%s: Check(%s): %v", typ, p.Code, p.Expression, err)
			}
			compiled[typ+"."+p.Code] = e
			for _, c := range p.Components {
				if _, err := path.Compile(c.Expression); err != nil {
					t.Errorf("%s.%s: Compile(%s): %v", typ, p.Code, c.Expression, err)
				}
			}
		}
	}
	found := map[string]bool{}
	examples(t, func(name string, doc *fhir.Doc) {
		typ := doc.Root().Get("resourceType").Text()
		for _, p := range r4.SearchParams(typ) {
			e := compiled[typ+"."+p.Code]
			if e == nil {
				continue
			}
			got, err := e.Eval(nil, doc.Root())
			if err != nil {
				t.Errorf("%s: %s: %v", name, p.Expression, err)
				continue
			}
			used++
			found[typ+"."+p.Code] = found[typ+"."+p.Code] || len(got) > 0
			if err := components(p, got); err != nil {
				t.Errorf("%s: %s: %v", name, p.Expression, err)
			}
		}
	})
	some := 0
	for _, f := range found {
		if f {
			some++
		}
	}
	t.Logf("%d expressions, %d evaluations, %d expressions found something", len(compiled), used, some)
	if used < 15_000 || some < 1_000 {
		t.Errorf("%d evaluations on examples of which %d expressions found something: the test does not reach enough", used, some)
	}
}

// components evaluates what a composite parameter has for each of its parts.
func components(p *r4.Param, got path.Collection) error {
	for _, c := range p.Components {
		e, err := path.Compile(c.Expression)
		if err != nil {
			return err
		}
		for _, i := range got {
			if _, err := e.EvalItem(nil, i); err != nil {
				return err
			}
		}
	}
	return nil
}

package search

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"joinery/fhir"
	"joinery/fhir/r4"
)

// example is a resource of the specification's own examples.
type example struct {
	name string
	typ  string
	doc  *fhir.Doc
}

var loadExamples = sync.OnceValues(func() ([]example, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	archive, err := zip.OpenReader(filepath.Join(dir, "../shared/data/fhir/r4-examples.zip"))
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	var out []example
	for _, f := range archive.File {
		if !strings.HasSuffix(f.Name, ".json") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(r)
		r.Close()
		if err != nil {
			return nil, err
		}
		doc, err := fhir.Parse(data)
		if err != nil {
			continue // fhir's own test says which
		}
		if typ := doc.Root().Get("resourceType").Text(); tableOf(typ) != nil {
			out = append(out, example{f.Name, typ, doc})
		}
	}
	return out, nil
})

// examples returns the specification's examples, or skips the test.
func examples(t testing.TB) []example {
	t.Helper()
	all, err := loadExamples()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the examples of R4 are missing: %v", err)
		}
		t.Skipf("the examples of R4 are missing: %v", err)
	}
	return all
}

func TestTablesOfAllTypes(t *testing.T) {
	most, mostType := uint8(0), ""
	for i, typ := range r4.Types() {
		table, err := buildTable(typ, i+1)
		if err != nil {
			t.Errorf("buildTable(%s): %v", typ, err)
			continue
		}
		for n, code := range sharedParams {
			if got := table.params[code].slots; len(got) != 1 || int(got[0]) != n+1 {
				t.Errorf("%s: slots of %s = %v, want [%d]: they must be the same in every type", typ, code, got, n+1)
			}
		}
		for _, p := range r4.SearchParams(typ) {
			in := table.params[p.Code]
			if !keyless(p) && len(in.slots) == 0 {
				t.Errorf("%s: parameter %s finds nothing", typ, p.Code)
			}
			for _, slot := range in.slots {
				if slot > most {
					most, mostType = slot, typ
				}
			}
		}
	}
	t.Logf("at most %d slots, in %s", most, mostType)
}

func BenchmarkExtract(b *testing.B) {
	for _, typ := range []string{"Patient", "Observation", "Encounter"} {
		for _, e := range examples(b) {
			if e.typ != typ {
				continue
			}
			b.Run(typ, func(b *testing.B) {
				b.ReportAllocs()
				var keys Keys
				for b.Loop() {
					keys = Extract(keys[:0], e.typ, e.doc.Root())
				}
				b.ReportMetric(float64(len(keys)), "bytes")
			})
			break
		}
	}
}

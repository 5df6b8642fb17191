package bundle_test

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"joinery/fault"
	"joinery/fhir"
	"joinery/source/bundle"
)

func TestOpenTakesEachEntryApart(t *testing.T) {
	b, err := bundle.Open([]byte(`{
	  "resourceType": "Bundle", "type": "transaction",
	  "entry": [
	    {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Patient", "name": [{"family": "a\"}]"}]},
	     "request": {"method": "POST", "url": "Patient", "ifNoneExist": "identifier=x|1"}},
	    {"request": {"method": "DELETE", "url": "Patient/2", "ifMatch": "W/\"3\""}}
	  ]}`), 10)
	if err != nil {
		t.Fatal(err)
	}
	if b.Type != bundle.Transaction || len(b.Entries) != 2 {
		t.Fatalf("Open = type %q with %d entries, want transaction with 2", b.Type, len(b.Entries))
	}
	first, second := b.Entries[0], b.Entries[1]
	if got, want := first.Resource.Root().At("name", "family").Text(), `a"}]`; got != want {
		t.Errorf("family = %q, want %q", got, want)
	}
	if first.FullURL != "urn:uuid:1" || first.Method != "POST" || first.IfNoneExist != "identifier=x|1" {
		t.Errorf("first entry = %+v", first)
	}
	if second.Resource != nil || second.Method != "DELETE" || second.URL != "Patient/2" || second.IfMatch != `W/"3"` {
		t.Errorf("second entry = %+v", second)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct{ name, data, where string }{
		{"no JSON", `{"resourceType":"Bundle"`, ""},
		{"another resource", `{"resourceType":"Patient"}`, "resourceType"},
		{"entries that are no array", `{"resourceType":"Bundle","entry":{}}`, "Bundle.entry"},
		{"an entry that is no object", `{"resourceType":"Bundle","entry":[7]}`, "Bundle.entry[0]"},
		{"a resource that is a number", `{"resourceType":"Bundle","entry":[{"resource":0}]}`, "Bundle.entry[0].resource"},
		{"a number under an escaped name", `{"resourceType":"Bundle","entry":[{"resource":{}},{"resourc\u0065":0}]}`, "Bundle.entry[1].resource"},
		{"a member twice in a resource", `{"resourceType":"Bundle","entry":[{},{"resource":{"resourceType":"Patient","id":"a","id":"b"}}]}`, "Bundle.entry[1].resource.id"},
		{"two resources in an entry", `{"resourceType":"Bundle","entry":[{"resource":{},"resource":{}}]}`, "Bundle.entry[0].resource"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := bundle.Open([]byte(c.data), 10)
			var invalid *fhir.Invalid
			if !errors.As(err, &invalid) {
				t.Fatalf("Open = %v, want a *fhir.Invalid", err)
			}
			if got := invalid.Issues[0].Where; got != c.where {
				t.Errorf("where = %q, want %q (%v)", got, c.where, invalid)
			}
		})
	}
}

func TestOpenCountsEntries(t *testing.T) {
	_, err := bundle.Open([]byte(`{"resourceType":"Bundle","entry":[{},{},{}]}`), 2)
	if got := fault.KindOf(err); got != fault.TooLarge {
		t.Errorf("three entries where two are allowed: %v, want %v", got, fault.TooLarge)
	}
}

func TestEscapedNamesAreStillRead(t *testing.T) {
	b, err := bundle.Open([]byte(`{"resourceType":"Bundle","entry":[{"resourc\u0065":{"resourceType":"Basic"}},{"resource":{"resourceType":"Patient"}}]}`), 9)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"Basic", "Patient"} {
		if got := b.Entries[i].Resource.Root().Get("resourceType").Text(); got != want {
			t.Errorf("entry %d is a %q, want %q", i, got, want)
		}
	}
}

func TestSyntheaBundlesComeApartWhole(t *testing.T) {
	archive, err := zip.OpenReader(shared(t, "synthea/r4-transaction-bundles-120.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	resources := 0
	for _, f := range archive.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		b, err := bundle.Open(data, 50_000)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		for i, e := range b.Entries {
			if e.Method != "POST" || e.Resource == nil || e.URL != e.Resource.Root().Get("resourceType").Text() {
				t.Fatalf("%s: entry %d = %+v", f.Name, i, e)
			}
		}
		resources += len(b.Entries)
		if testing.Short() {
			return
		}
	}
	if resources != 35_342 {
		t.Errorf("%d resources, want 35342", resources)
	}
}

func BenchmarkOpen(b *testing.B) {
	archive, err := zip.OpenReader(shared(b, "synthea/r4-transaction-bundles-120.zip"))
	if err != nil {
		b.Fatal(err)
	}
	in, err := archive.File[0].Open()
	if err != nil {
		b.Fatal(err)
	}
	data, err := io.ReadAll(in)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := bundle.Open(data, 50_000); err != nil {
			b.Fatal(err)
		}
	}
}

// shared returns the path of a file of the reference data, which lies beside
// the project.
func shared(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for !exists(filepath.Join(dir, "go.mod")) {
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(dir, "../shared/data", name)
	if !exists(path) {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing", path)
		}
		t.Skipf("passed over: %s is missing", path)
	}
	return path
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte(`{"resourceType":"Bundle","entry":[{"resource":{"a":1}},{"resource":[]}]}`))
	f.Add([]byte(`{"resourceType":"Bundle","entry":[{"\u0072esource":{}},{"resource":{}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := bundle.Open(data, 100)
		doc, whole := fhir.Parse(data)
		if err != nil {
			return
		}
		// What Open accepts is a document, and its resources are those of the document.
		if whole != nil {
			var invalid *fhir.Invalid
			if errors.As(whole, &invalid) && strings.Contains(fmt.Sprint(invalid), "deep") {
				return // each resource by itself is less deep
			}
			t.Fatalf("Open accepts what Parse refuses: %v", whole)
		}
		i := 0
		for e := range doc.Root().Get("entry").Items() {
			got := ""
			if b.Entries[i].Resource != nil {
				got = string(b.Entries[i].Resource.Bytes())
			}
			if want := string(e.Get("resource").Raw()); got != want {
				t.Fatalf("entry %d is %q, want %q", i, got, want)
			}
			i++
		}
	})
}

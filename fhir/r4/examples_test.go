package r4

import (
	"archive/zip"
	"bufio"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"joinery/fhir"
)

// shared opens a zip file of the reference data beside the module, and skips
// the test when it is not there, which CI does not allow.
func shared(t testing.TB, name string) *zip.Reader {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	file := filepath.Join(dir, "..", "shared", "data", name)
	archive, err := zip.OpenReader(file)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the reference data is missing: %v", err)
		}
		t.Skipf("the reference data is missing: %v", err)
	}
	t.Cleanup(func() { archive.Close() })
	return &archive.Reader
}

func content(t testing.TB, f *zip.File) []byte {
	t.Helper()
	r, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// examples returns the specification's examples in the order of their names.
func examples(t testing.TB) []*zip.File {
	files := slices.DeleteFunc(slices.Clone(shared(t, "fhir/r4-examples.zip").File), func(f *zip.File) bool {
		return f.Name == "package.json" // of the package, not an example
	})
	slices.SortFunc(files, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) })
	return files
}

// refused reads testdata/refused.txt: file → place of its first fault.
func refused(t testing.TB) map[string]string {
	t.Helper()
	f, err := os.Open("testdata/refused.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	list := map[string]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Split(lines.Text(), "\t")
		if strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) != 3 || fields[2] == "" {
			t.Fatalf("refused.txt: a line is not file, place, reason: %q", fields)
		}
		list[fields[0]] = fields[1]
	}
	return list
}

func TestExamplesOfTheSpecification(t *testing.T) {
	files := examples(t)
	if len(files) != 742 {
		t.Errorf("there are %d examples, want 742", len(files))
	}
	list := refused(t)
	for _, f := range files {
		doc, err := fhir.Parse(content(t, f))
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		err = Validate(doc)
		where, listed := list[f.Name]
		delete(list, f.Name)
		switch issues := issuesOf(err); {
		case !listed && err != nil:
			t.Errorf("%s is refused and not in refused.txt: %v", f.Name, issues[0])
		case listed && err == nil:
			t.Errorf("%s is in refused.txt and passes: take it out", f.Name)
		case listed && issues[0].Where != where:
			t.Errorf("%s is refused at %s, and refused.txt says %s", f.Name, issues[0].Where, where)
		}
	}
	for name := range list {
		t.Errorf("refused.txt lists %s, which is no example", name)
	}
}

func issuesOf(err error) []fhir.Issue {
	var invalid *fhir.Invalid
	if errors.As(err, &invalid) {
		return invalid.Issues
	}
	return nil
}

func TestSyntheaIsValid(t *testing.T) {
	bundles, resources := 0, 0
	for _, f := range shared(t, "synthea/r4-transaction-bundles-120.zip").File {
		if path.Ext(f.Name) != ".json" {
			continue
		}
		doc, err := fhir.Parse(content(t, f))
		if err != nil {
			t.Fatalf("bundle %d: %v", bundles, err)
		}
		if err := Validate(doc); err != nil {
			t.Errorf("bundle %d: %v", bundles, issuesOf(err)[0])
		}
		bundles++
		for entry := range doc.Root().Get("entry").Items() {
			one, err := fhir.Parse(entry.Get("resource").Raw())
			if err != nil {
				t.Fatalf("resource %d: %v", resources, err)
			}
			if err := Validate(one); err != nil {
				t.Errorf("resource %d: %v", resources, issuesOf(err)[0])
			}
			resources++
		}
	}
	if bundles != 120 || resources != 35342 {
		t.Errorf("there are %d bundles with %d resources, want 120 with 35,342", bundles, resources)
	}
}

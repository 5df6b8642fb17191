package path_test

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"joinery/fhir"
	"joinery/fhir/path"
)

var update = flag.Bool("update", false, "rewrite docs/conformance.md")

// suite is HL7's test suite for FHIRPath on R4.
type suite struct {
	Groups []struct {
		Name  string      `xml:"name,attr"`
		Tests []suiteTest `xml:"test"`
	} `xml:"group"`
}

type suiteTest struct {
	Name       string `xml:"name,attr"`
	Input      string `xml:"inputfile,attr"`
	Mode       string `xml:"mode,attr"`
	Predicate  bool   `xml:"predicate,attr"`
	Ordered    string `xml:"ordered,attr"`
	Expression struct {
		Text    string `xml:",chardata"`
		Invalid string `xml:"invalid,attr"`
		Mode    string `xml:"mode,attr"`
	} `xml:"expression"`
	Outputs []struct {
		Type string `xml:"type,attr"`
		Text string `xml:",chardata"`
	} `xml:"output"`
}

func (t *suiteTest) strict() bool { return t.Mode == "strict" || t.Expression.Mode == "strict" }

// data returns where a file of the shared data is; without it the test is
// skipped, or under CI fails.
func data(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("there is no go.mod above this test")
		}
	}
	file := filepath.Join(dir, "..", "shared", "data", filepath.FromSlash(name))
	if _, err := os.Stat(file); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing", file)
		}
		t.Skipf("%s is missing", file)
	}
	return file
}

// zipped returns the content of a file in a zip of the shared data.
func zipped(t testing.TB, archive, name string) []byte {
	t.Helper()
	z, err := zip.OpenReader(data(t, archive))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	f, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const cases = "suites/fhir-test-cases-r4.zip"

// input returns an input of the suite as JSON.
func input(t testing.TB, name string) *fhir.Doc {
	t.Helper()
	b := zipped(t, cases, "r4/"+name)
	if strings.HasSuffix(name, ".xml") {
		b = fromXML(t, b)
	}
	doc, err := fhir.Parse(b)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return doc
}

func readSuite(t testing.TB) suite {
	t.Helper()
	b, err := os.ReadFile(data(t, "suites/fhirpath-r4/tests-fhir-r4.xml"))
	if err != nil {
		t.Fatal(err)
	}
	var s suite
	if err := xml.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// excluded reads testdata/excluded.txt: a case a line, and why.
func excluded(t testing.TB) map[string]string {
	t.Helper()
	b, err := os.ReadFile("testdata/excluded.txt")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, reason, ok := strings.Cut(line, ": ")
		if !ok || reason == "" {
			t.Fatalf("testdata/excluded.txt: %q gives no reason", line)
		}
		out[name] = reason
	}
	return out
}

// outcome is how a group of the suite went.
type outcome struct {
	name           string
	passed, failed int
	missed         []string
}

func TestOfficialSuite(t *testing.T) {
	reasons := excluded(t)
	docs := map[string]*fhir.Doc{}
	var all []outcome
	seen := map[string]bool{}
	for _, g := range readSuite(t).Groups {
		o := outcome{name: g.Name}
		for _, test := range g.Tests {
			doc := docs[test.Input]
			if doc == nil && test.Input != "" {
				doc = input(t, test.Input)
				docs[test.Input] = doc
			}
			err := test.run(doc)
			reason, out := reasons[test.Name]
			seen[test.Name] = true
			switch {
			case err == nil && out:
				t.Errorf("%s/%s is excluded (%s) and passes: take it out of testdata/excluded.txt", g.Name, test.Name, reason)
			case err == nil:
				o.passed++
			case out:
				o.missed = append(o.missed, test.Name)
				o.failed++
			default:
				o.failed++
				t.Errorf("%s/%s: %s: %v", g.Name, test.Name, strings.Join(strings.Fields(test.Expression.Text), " "), err)
			}
		}
		all = append(all, o)
	}
	for name := range reasons {
		if !seen[name] {
			t.Errorf("testdata/excluded.txt excludes %s, which is not in the suite", name)
		}
	}
	passed, failed := 0, 0
	for _, o := range all {
		passed, failed = passed+o.passed, failed+o.failed
	}
	t.Logf("%d of %d pass", passed, passed+failed)
	if !t.Failed() {
		report(t, all, reasons)
	}
}

// now is the time of all tests.
var now = time.Date(2026, 11, 22, 15, 0, 0, 0, time.UTC)

// run evaluates the test and says what is wrong with the result. A test of
// something invalid passes when there is an error.
func (t *suiteTest) run(doc *fhir.Doc) (failure error) {
	got, err := t.eval(doc)
	if t.Expression.Invalid != "" {
		if err == nil {
			return fmt.Errorf("gives %v, want an error (%s)", got, t.Expression.Invalid)
		}
		return nil
	}
	if err != nil {
		return err
	}
	if t.Predicate {
		got = path.Collection{path.Boolean(len(got) > 0)}
	}
	var want, have []string
	for _, o := range t.Outputs {
		want = append(want, o.Text)
	}
	for n, i := range got {
		have = append(have, shown(i, n < len(want) && strings.HasPrefix(want[n], "@")))
	}
	if t.Ordered == "false" {
		if len(want) != len(have) {
			return fmt.Errorf("gives %q, want %q", have, want)
		}
		for _, w := range want {
			if !strings.Contains("\x00"+strings.Join(have, "\x00")+"\x00", "\x00"+w+"\x00") {
				return fmt.Errorf("gives %q, want %q", have, want)
			}
		}
		return nil
	}
	if strings.Join(want, "\x00") != strings.Join(have, "\x00") {
		return fmt.Errorf("gives %q, want %q", have, want)
	}
	for n, o := range t.Outputs {
		if o.Type != "" && !strings.EqualFold(strings.TrimPrefix(got[n].Type(), "System."), o.Type) {
			return fmt.Errorf("gives a %s, want a %s", got[n].Type(), o.Type)
		}
	}
	return nil
}

func (t *suiteTest) eval(doc *fhir.Doc) (path.Collection, error) {
	e, err := path.Compile(t.Expression.Text)
	if err != nil {
		return nil, err
	}
	if t.strict() {
		if err := e.Check(doc.Root().Get("resourceType").Text()); err != nil {
			return nil, err
		}
	}
	return e.Eval(&path.Env{Now: now}, doc.Root())
}

// shown writes an item as the suite writes what it expects.
func shown(i path.Item, at bool) string {
	s, _ := i.Text()
	switch {
	case at && i.Type() == "System.Time":
		return "@T" + s
	case at:
		return "@" + s
	}
	return s
}

func TestSuiteErrorsAreClassified(t *testing.T) {
	for _, g := range readSuite(t).Groups {
		for _, test := range g.Tests {
			if test.Expression.Invalid == "" || test.Input == "" {
				continue
			}
			_, err := test.eval(input(t, test.Input))
			var kind interface{ FaultMessage() string }
			if err != nil && !errors.As(err, &kind) {
				t.Errorf("%s: the error %v has no kind", test.Name, err)
			}
		}
	}
}

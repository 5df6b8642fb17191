package joinery

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "joinery"

// imports is the architecture: for every package of the module, the packages
// of the module that it may import. Data flows down this list; imports only
// point up it, so a line may name only packages listed above it.
//
// Do not edit this table to fix a build. Widening a line is a design decision:
// say why in docs/decisions.
var imports = []struct{ pkg, may string }{
	// What everything speaks.
	{"fault", ""},
	{"written", "fault"},
	{"fhir", "fault"},
	{"fhir/codes", "fault fhir"},
	{"fhir/r4", "fault fhir fhir/codes"},
	{"fhir/r4/internal/gen", ""},
	{"fhir/path", "fault fhir fhir/codes fhir/r4"},
	{"timeline", "fault fhir fhir/codes"},
	{"criteria/language", "written fhir/codes timeline"},
	{"criteria", "fault timeline criteria/language"},
	{"criteria/cases", "fhir timeline criteria criteria/language"},
	{"criteria/export", "fault criteria/language"},
	{"definitions", "criteria/language"},

	// Source: what comes in.
	{"source", "fault fhir"},
	{"source/bundle", "fault fhir fhir/r4 source"},
	{"source/synth", "fault"},

	// Record: one longitudinal record, behind one door.
	{"record/search", "fault fhir fhir/codes fhir/r4 fhir/path"},
	{"record/access", "fault fhir fhir/codes fhir/r4 record/search"},
	{"record/credential", "fault"},
	{"record/store/internal/dictionary", "fhir"},
	{"record/store", "fault fhir fhir/codes fhir/r4 fhir/path record/search record/access"},
	{"record/store/storetest", "fault fhir fhir/codes fhir/r4 fhir/path record/search record/access record/store"},
	{"record", "fault fhir fhir/codes fhir/r4 fhir/path source record/search record/access record/credential record/store"},
	{"record/timelines", "fault timeline record"},

	// Care: what is done for people, back through the record.
	{"care/finding", "fault fhir timeline criteria criteria/language record/access record record/timelines"},
	{"care/workflow/clock", "fault"},
	{"care/model", "fault written timeline criteria/language"},
	{"care/model/export", "criteria/export criteria/language care/model"},
	{"care/model/plan", "fault timeline criteria criteria/language care/model"},
	{"care/model/together", "care/model"},
	{"packs", "written"},
	{"care/workflow/script", "fault fhir care/workflow/clock"},
	{"care/directory", "fault fhir record/search record care/workflow/clock"},
	{"care/applied", "fault fhir timeline record/search record/access record care/model care/directory"},
	{"care/workflow", "fault fhir timeline criteria/language record/search record/access record care/model care/model/together care/workflow/clock care/directory care/applied"},

	{"care/notice", "fault fhir fhir/r4 record/search record/access record care/workflow/clock care/directory care/workflow"},

	// Faces.
	{"web", "fault fhir record record/access"},
	{"web/chart", ""},
	{"web/api", "fault fhir fhir/r4 fhir/path source/bundle record record/access record/search care/workflow web"},
	{"web/pages", "fault written fhir timeline criteria criteria/language definitions packs record/search record/access record care/finding care/workflow/clock care/model care/model/plan care/directory care/applied care/workflow web web/chart"},
	{"web/link", "fault fhir record/access care/workflow/clock care/workflow care/notice web"},
	{"cmd/joinery", "*"},

	// Measuring from outside: no package of the program.
	{"bench/cluster", ""},
	{"bench/processor", ""},
	{"bench", "bench/cluster"},

	// Where tests keep what is logged, to be searched: imported by tests alone.
	{"leaks", ""},
}

// TestArchitecture holds the module's imports to the table above.
//
// It reads the files itself rather than asking go list: the go command tracks
// the files a test opens, so a cached pass is a true one.
func TestArchitecture(t *testing.T) {
	may := map[string][]string{}
	var listed []string
	for _, r := range imports {
		may[r.pkg] = strings.Fields(r.may)
		for _, dep := range may[r.pkg] {
			if dep != "*" && !slices.Contains(listed, dep) {
				t.Errorf("%s may import %s, which is not listed above it", r.pkg, dep)
			}
		}
		listed = append(listed, r.pkg)
	}

	found := map[string]bool{}
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && file != "." &&
			(name == "testdata" || name == "vendor" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")) {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		pkg := filepath.ToSlash(filepath.Dir(file))
		if pkg == "." {
			return nil // the root package holds only documentation
		}
		allowed, ok := may[pkg]
		if !ok && !found[pkg] {
			t.Errorf("package %s is not in the table: place it", pkg)
		}
		found[pkg] = true

		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			dep, ours := strings.CutPrefix(path, module+"/")
			if ok && ours && !slices.Contains(allowed, dep) && !slices.Contains(allowed, "*") {
				t.Errorf("%s: %s must not import %s", file, pkg, dep)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, pkg := range listed {
		if !found[pkg] {
			t.Errorf("package %s is in the table but not in the module", pkg)
		}
	}
}

// TestOnlyTheWorkflowActsThroughIt: the hand that may write what others may not
// is used by care/workflow alone.
func TestOnlyTheWorkflowActsThroughIt(t *testing.T) {
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			return err
		}
		switch filepath.ToSlash(filepath.Dir(file)) {
		case "care/workflow", "record/access", "record":
			return nil
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "ByWorkflow" {
				t.Errorf("%s acts through the workflow, which only care/workflow may", file)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

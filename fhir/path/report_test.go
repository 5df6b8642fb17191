package path_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	conformance  = "../../docs/conformance.md"
	sectionBegin = "<!-- fhirpath:begin -->"
	sectionEnd   = "<!-- fhirpath:end -->"
)

// report compares FHIRPath's section of docs/conformance.md with how the suite
// went, or with -update rewrites it.
func report(t *testing.T, all []outcome, reasons map[string]string) {
	t.Helper()
	want := section(all, reasons)
	b, err := os.ReadFile(conformance)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(b), sectionBegin)
	got, after, closed := strings.Cut(rest, sectionEnd)
	if found && closed && got == want {
		return
	}
	if !*update {
		t.Errorf("docs/conformance.md does not say how the FHIRPath suite goes; run go test ./fhir/path -update")
		return
	}
	switch {
	case len(b) == 0:
		before, after = "# Conformance\n\nWritten by tests; see CONTRIBUTING.md.\n\n", "\n"
	case !found || !closed:
		before, after = strings.TrimRight(string(b), "\n")+"\n\n", "\n"
	}
	if err := os.MkdirAll(filepath.Dir(conformance), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(conformance, []byte(before+sectionBegin+want+sectionEnd+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func section(all []outcome, reasons map[string]string) string {
	var b strings.Builder
	passed, total := 0, 0
	for _, o := range all {
		passed, total = passed+o.passed, total+o.passed+o.failed
	}
	fmt.Fprintf(&b, "\n## FHIRPath\n\n")
	fmt.Fprintf(&b, "HL7's suite for R4 (tests-fhir-r4.xml): **%d of %d** cases pass. A case of an invalid expression passes only when it raises an error.\n\n", passed, total)
	b.WriteString("| group | pass | of | not passed |\n|---|--:|--:|---|\n")
	for _, o := range all {
		if o.passed+o.failed == 0 {
			continue
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %s |\n", strings.TrimSuffix(o.name, "()"), o.passed, o.passed+o.failed, strings.Join(o.missed, ", "))
	}
	names := make([]string, 0, len(reasons))
	for name := range reasons {
		names = append(names, name)
	}
	slices.Sort(names)
	if len(names) > 0 {
		b.WriteString("\nNot passed, and why:\n\n")
	}
	for _, name := range names {
		fmt.Fprintf(&b, "- %s: %s\n", name, reasons[name])
	}
	b.WriteString(differences)
	return b.String()
}

// differences is what the suite does not tell.
const differences = `
Beyond the suite, R4's own invariants (some 9,000) compile, and hold on the specification's examples. Further:

- An element that the type of the expression's focus does not have is an error, not an empty result; so is an unknown type, function or variable.
- ` + "`resolve() is T`" + ` reads the type from the reference and need not find the resource; the search parameters of R4 rely on it.
- The operator ` + "`as`" + ` on several items keeps those of the type, as search parameters need; the function ` + "`as()`" + ` refuses several, except straight after ` + "`children()` or `descendants()`" + `, as in R4's rule dom-3.
- ` + "`as`" + ` and ` + "`ofType()`" + ` choose a primitive only by its own type (a code is no string there), and other types also when they specialise.
- A date or time without an offset compares with one that has it only when the answer is the same wherever on Earth it is meant; otherwise the result is empty.
- Regular expressions are RE2: no look-around and no back-references.
- ` + "`memberOf()`" + ` knows the value sets of required bindings; of others it gives nothing. ` + "`conformsTo()`" + ` knows R4's own types; another profile is an error.
- Not supported (an error): ` + "`elementDefinition()`, `slice()`, `subsumes()`, `subsumedBy()`" + `, Long integers.
- Work is bounded: an expression has at most 32 KB, 4,000 parts and 200 levels of brackets, and an evaluation the steps that its caller allows.
`

package api

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"joinery/fhir/r4"
)

var update = flag.Bool("update", false, "write docs/conformance.md anew")

const (
	conformance = "../../docs/conformance.md"
	begin       = "<!-- rest:begin -->"
	end         = "<!-- rest:end -->"
)

// TestConformance holds the REST section of docs/conformance.md to the routes
// and to what searches take.
func TestConformance(t *testing.T) {
	page, err := os.ReadFile(conformance)
	if err != nil {
		t.Fatal(err)
	}
	want := begin + "\n" + section() + end
	before, rest, ok := strings.Cut(string(page), begin)
	have, after, closed := strings.Cut(rest, end)
	if ok && closed {
		if diff := cmp.Diff(want, begin+have+end); diff == "" {
			return
		} else if !*update {
			t.Fatalf("docs/conformance.md is not what the routes say; run go test ./web/api -run Conformance -update (-want +got):\n%s", diff)
		}
	} else if !*update {
		t.Fatal("docs/conformance.md has no REST section; run go test ./web/api -run Conformance -update")
	} else {
		before, after = strings.TrimRight(string(page), "\n")+"\n\n", "\n"
	}
	if err := os.WriteFile(conformance, []byte(before+want+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestRoutesAreWhole holds that every route says what docs and statement need.
func TestRoutesAreWhole(t *testing.T) {
	for _, rt := range table() {
		if rt.do == nil || rt.name() == "" || rt.level == "" || rt.patience == 0 || rt.note == "" {
			t.Errorf("the route %s lacks something", rt.pattern())
		}
		if rt.operation != "" && definition(rt.operation) == "" {
			t.Errorf("the operation $%s has no definition", rt.operation)
		}
		if rt.open != (rt.interaction == "capabilities") {
			t.Errorf("the route %s is open to all", rt.pattern())
		}
	}
}

// TestCapabilityIsStable holds that the statement does not depend on chance or
// on the time of day.
func TestCapabilityIsStable(t *testing.T) {
	o := Options{Base: "https://joinery.example/fhir", Version: "1"}
	if a, b := capability(o, table()), capability(o, table()); !bytes.Equal(a, b) {
		t.Error("two CapabilityStatements differ")
	}
}

// section writes the REST section of docs/conformance.md.
func section() string {
	var b strings.Builder
	b.WriteString("## REST\n\nFHIR R4 (4.0.1) under `/fhir`, JSON only. Generated from the routes of `web/api`; the CapabilityStatement at `/fhir/metadata` comes from the same table.\n\n")
	b.WriteString("| interaction | request | notes |\n|---|---|---|\n")
	for _, rt := range table() {
		path := rt.path
		if path == "" {
			path = "/"
		}
		path = strings.NewReplacer("{", "[", "}", "]", "[inside]", "[type]").Replace(path)
		fmt.Fprintf(&b, "| %s | `%s %s` | %s |\n", rt.name(), rt.method, path, rt.note)
	}
	counts, refused := map[r4.ParamType]int{}, map[string]bool{}
	inPatient := 0
	for _, typ := range r4.Types() {
		taken := map[string]bool{}
		for _, p := range params(typ) {
			taken[p.Name] = true
		}
		for _, p := range r4.SearchParams(typ) {
			if taken[p.Code] {
				counts[p.Type]++
			} else {
				refused["`"+p.Code+"`"] = true
			}
		}
		if typ == "Patient" || r4.Compartment(typ) != nil {
			inPatient++
		}
	}
	fmt.Fprintf(&b, "\nEvery interaction is there for each of the %d resource types, %d of them in the Patient compartment; AuditEvent is only read. Search parameters taken, over all types:\n\n", len(r4.Types()), inPatient)
	b.WriteString("| type | parameters |\n|---|--:|\n")
	for t := r4.Token; t <= r4.Special; t++ {
		if counts[t] > 0 {
			fmt.Fprintf(&b, "| %s | %d |\n", t, counts[t])
		}
	}
	if len(refused) > 0 {
		fmt.Fprintf(&b, "\nDefined by R4 and refused with 400: %s.\n", strings.Join(slices.Sorted(maps.Keys(refused)), ", "))
	}
	b.WriteString(differences)
	return b.String()
}

// differences says where we differ from the standard, and why.
const differences = `
Where this differs from what clients may expect, and why:

- An unknown parameter, element, modifier extension or repeated JSON name is refused, not ignored: a filter that is mistyped must not return everyone. ` + "`Prefer: handling=lenient`" + ` lists unknown parameters in the answer instead; a condition of a write is always read strictly.
- What is hidden from the caller and what is absent give the same 404.
- The server gives ids. ` + "`PUT`" + ` to a new id creates only for ` + "`system`" + ` clients with unfiltered write.
- ` + "`_total`" + ` is not computed unless asked for. Links are ` + "`self`" + ` and ` + "`next`" + `; a page is for who asked for the first, holds for an hour, shows the record as it was when the first was asked for, and the rights of now.
- Conditional delete takes one match at most. A condition that several resources match is 412.
- Answers to creates and updates hold the resource unless ` + "`Prefer: return=`" + ` says otherwise; in the answer to a bundle they do not unless ` + "`return=representation`" + ` asks.
- A transaction takes create, update, patch, delete, read and at most 20 searches; operations and histories go in a batch. Two entries cannot change one resource.
- Bodies may be gzip; they are at most 50 MB unfolded, and not over 100 times what was sent. XML is not read or written (406, 415).
- ` + "`Idempotency-Key`" + `, and on changes ` + "`If-None-Match`" + ` and ` + "`If-Unmodified-Since`" + `, are refused, since they are not kept: ` + "`If-None-Exist`" + ` makes a create safe to send again, ` + "`If-Match`" + ` a change.
- ` + "`$validate`" + ` checks what a write checks: structure, cardinality, primitive formats, required bindings, references. It does not check profiles, and not the constraints that FHIR writes in FHIRPath.
`

// name is by what the table of docs/conformance.md calls a route.
func (rt *route) name() string {
	if rt.operation != "" {
		return "$" + rt.operation
	}
	return rt.interaction
}

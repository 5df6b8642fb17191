// Package oracle holds definitions to an engine that knows nothing of Joinery:
// what is exported as CQL and FHIR is translated and run by others' programs over
// the same people's resources, and must say of everyone what the pass over
// everybody and the explanation of one person say.
//
// The engine is @cqframework/cql, cql-execution and cql-exec-fhir, on Node. What
// may differ stands in differences.txt with its reason, and must differ still.
package oracle

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"joinery/criteria"
	"joinery/criteria/export"
	"joinery/criteria/language"
	"joinery/definitions"
	"joinery/timeline"
)

var (
	all  = flag.Bool("all", false, "ask of 2,000 people of the district and all 120 of Synthea, not of a sample")
	only = flag.String("only", "", "ask the definitions alone whose id matches this regular expression")
)

const districtSize = 2000

// TestOracle asks every definition, shipped and of testdata, of a sample of the
// district that has somebody of every outcome of each, of some of Synthea, and of
// people who are odd, on two days.
func TestOracle(t *testing.T) {
	needEngine(t)
	began := time.Now()
	ds := allDefinitions(t)
	program := criteria.Compile(ds...)
	fromSynthea := 10
	if *all {
		fromSynthea = 1000
	}
	var cases []asked
	for _, p := range []*population{
		odd(t, "odd", timeline.Date(2026, time.January, 31)), odd(t, "later", timeline.Date(2026, time.October, 31)),
		district(t, districtSize), synthea(t, fromSynthea),
	} {
		if p == nil {
			continue
		}
		results, err := program.Run(t.Context(), p.set, p.on, 2)
		if err != nil {
			t.Fatal(err)
		}
		chosen := sample(results)
		if *all || p.name != "district" {
			chosen = everyone(p)
		}
		for _, i := range chosen {
			cases = append(cases, asked{p, i, results})
		}
	}
	t.Logf("%d people in %v", len(cases), time.Since(began).Round(time.Millisecond))
	answers := ask(t, ds, cases)
	compare(t, ds, cases, answers)
}

// asked is one person of a population, with what the pass over all of it said.
type asked struct {
	population *population
	at         int
	results    *criteria.Results
}

func (a *asked) id() string { return a.population.people[a.at].id }

// needEngine passes over the test where Node or the packages are not installed;
// in CI that fails.
func needEngine(t *testing.T) {
	t.Helper()
	for _, name := range []string{"run.mjs", "translate.mjs", "package-lock.json"} { // so that go test knows when they change
		if _, err := os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	missing := ""
	if _, err := exec.LookPath("node"); err != nil {
		missing = "Node is not installed"
	} else if _, err := os.Stat("node_modules/cql-execution"); err != nil {
		missing = "the engine is not installed: run make engine"
	}
	switch {
	case missing == "":
	case os.Getenv("CI") == "true" || *all:
		t.Fatal(missing)
	default:
		t.Skip(missing)
	}
}

// allDefinitions returns what is shipped and what testdata has to reach every
// part of the language, by id.
func allDefinitions(t *testing.T) []*language.Definition {
	t.Helper()
	var own []language.File
	for _, pattern := range []string{"testdata/*.yaml", "testdata/codes/*.yaml"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			own = append(own, language.File{Name: name, Data: data})
		}
	}
	lib, problems := language.Load(own, definitions.Shipped())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	wanted, err := regexp.Compile(*only)
	if err != nil {
		t.Fatal(err)
	}
	var ds []*language.Definition
	for _, d := range lib.Definitions {
		if wanted.MatchString(d.ID) {
			ds = append(ds, d)
		}
	}
	slices.SortFunc(ds, func(a, b *language.Definition) int { return strings.Compare(a.ID, b.ID) })
	return ds
}

// perOutcome is how many people a sample has of every outcome of a definition,
// where there are so many.
const perOutcome = 1

// sample returns people such that every outcome of every definition is there;
// who stands for one outcome stands for many.
func sample(results *criteria.Results) []int {
	chosen := map[int]bool{}
	for _, r := range results.Definitions {
		have := map[criteria.Outcome]int{}
		for i := range chosen {
			have[r.Outcome(i)]++
		}
		for i := range results.Set.Len() {
			if o := r.Outcome(i); have[o] < perOutcome && !chosen[i] {
				have[o]++
				chosen[i] = true
			}
		}
	}
	out := make([]int, 0, len(chosen))
	for i := range chosen {
		out = append(out, i)
	}
	slices.Sort(out)
	return out
}

func everyone(p *population) []int {
	out := make([]int, len(p.people))
	for i := range out {
		out[i] = i
	}
	return out
}

// said is what the engine says of a person: of each definition, what its
// library offers.
type said map[string]map[string]any

// ask runs the engine once for all definitions and people. What comes back is
// by population and person.
func ask(t *testing.T, ds []*language.Definition, cases []asked) map[string]said {
	t.Helper()
	dir := t.TempDir()
	if keep := os.Getenv("ORACLE_KEEP"); keep != "" {
		dir = keep
	}
	began := time.Now()
	writeLines(t, filepath.Join(dir, "definitions"), func(line func(any)) {
		for _, d := range ds {
			resources, err := export.FHIR(d)
			if err != nil {
				t.Fatalf("%s: %v", d.ID, err)
			}
			line(map[string]any{"id": d.ID, "bundle": export.Bundle(resources)})
		}
	})
	writeLines(t, filepath.Join(dir, "people"), func(line func(any)) {
		for _, c := range cases {
			var resources []json.RawMessage
			for _, r := range c.population.people[c.at].resources {
				resources = append(resources, r)
			}
			line(map[string]any{"id": c.population.name + "/" + c.id(), "on": c.population.on, "resources": resources})
		}
	})
	cmd := exec.CommandContext(t.Context(), "node", "run.mjs", filepath.Join(dir, "definitions"), filepath.Join(dir, "people"), filepath.Join(dir, "answers"))
	cmd.Env = append(os.Environ(), "TZ=UTC")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the engine stopped: %v\n%s", err, out)
	} else {
		t.Logf("the engine took %v\n%s", time.Since(began).Round(time.Millisecond), out)
	}
	return readAnswers(t, filepath.Join(dir, "answers"))
}

func writeLines(t *testing.T, name string, lines func(line func(any))) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	e := json.NewEncoder(w)
	lines(func(v any) {
		if err := e.Encode(v); err != nil {
			t.Fatal(err)
		}
	})
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func readAnswers(t *testing.T, name string) map[string]said {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]said{}
	for line := range bytes.Lines(text) {
		var one struct {
			ID      string `json:"id"`
			Answers said   `json:"answers"`
		}
		if err := json.Unmarshal(line, &one); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		out[one.ID] = one.Answers
	}
	return out
}

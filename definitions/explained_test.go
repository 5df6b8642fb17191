package definitions_test

import (
	"archive/zip"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"joinery/criteria"
	"joinery/criteria/language"
	"joinery/fhir"
	"joinery/timeline"
)

// TestExplanationsSayWhatThePassSays asks every definition of people one by one
// and all together: of some with every outcome that a definition has, and of
// every hundredth of the rest.
func TestExplanationsSayWhatThePassSays(t *testing.T) {
	lib := library(t)
	var ds []*language.Definition
	for _, d := range lib.Definitions {
		ds = append(ds, d)
	}
	for _, among := range []struct {
		name  string
		on    timeline.Day
		set   *timeline.Set
		every int
	}{
		{"synthetic", timeline.Date(2026, time.January, 31), people(t), 100},
		{"of Synthea", timeline.Date(2021, time.March, 31), synthea(t), 1},
	} {
		if among.set == nil {
			continue
		}
		results, err := criteria.Compile(ds...).Run(t.Context(), among.set, among.on, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results.Definitions {
			explained(t, among.name, r, among.set, among.on, among.every)
		}
	}
}

// explained holds the explanations of a definition to what the pass said.
func explained(t *testing.T, name string, r *criteria.Result, set *timeline.Set, on timeline.Day, every int) {
	t.Helper()
	const ofEach = 5 // of every outcome
	program := criteria.Compile(r.Definition)
	seen := map[criteria.Outcome]int{}
	for i := range set.Len() {
		o := r.Outcome(i)
		if seen[o]++; seen[o] > ofEach && i%every != 0 {
			continue
		}
		e := program.Explain(set, i, on)
		if e.Answer != o.Answer || e.Why != o.Why(r.Definition) {
			t.Errorf("%s, person %d %s: the explanation says %s (%s), everybody's pass %s (%s)",
				r.Definition.ID, i, name, e.Answer, e.Why, o.Answer, o.Why(r.Definition))
		}
		if e.Figure != nil && *e.Figure != r.Figure(i) {
			t.Errorf("%s, person %d %s: the explanation counts %v, everybody's pass %v", r.Definition.ID, i, name, *e.Figure, r.Figure(i))
		}
	}
	if len(seen) < 2 && every > 1 {
		t.Errorf("%s has the one outcome %v for everybody %s, so little is proved", r.Definition.ID, seen, name)
	}
}

// synthea returns the people of Synthea's bundles, registered with one practice
// since most definitions ask for one; nil without them.
func synthea(t *testing.T) *timeline.Set {
	t.Helper()
	const path = "../../shared/data/synthea/r4-transaction-bundles-120.zip"
	archive, err := zip.OpenReader(path)
	if err != nil && os.Getenv("CI") != "true" {
		t.Logf("without %s the people of Synthea are left out", path)
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	var b timeline.Builder
	key := int64(0)
	for _, f := range archive.File {
		if strings.HasSuffix(f.Name, ".json") {
			key++
			addBundle(t, &b, f, key)
		}
	}
	set, err := b.Set()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// addBundle adds the person of one bundle, and what happened to them.
func addBundle(t *testing.T, b *timeline.Builder, f *zip.File, key int64) {
	t.Helper()
	r, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var bundle struct {
		Entry []struct {
			Resource json.RawMessage `json:"resource"`
		} `json:"entry"`
	}
	if err := json.NewDecoder(r).Decode(&bundle); err != nil {
		t.Fatal(err)
	}
	for _, e := range bundle.Entry {
		doc, err := fhir.Parse(e.Resource)
		if err != nil {
			t.Fatal(err)
		}
		if doc.Root().Get("resourceType").Is("Patient") {
			p, _ := timeline.ProfileOf(doc.Root())
			p.Key, p.Practice = key, "larkfield"
			b.AddPerson(p)
		}
		for _, one := range timeline.EventsOf(doc.Root()) {
			b.AddEvent(key, one)
		}
	}
}

package timelines_test

import (
	"flag"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"joinery/bench/processor"
	"joinery/fhir"
	"joinery/record"
	"joinery/record/store/storetest"
)

var (
	long      = flag.Bool("long", false, "measure at scale")
	resources = flag.Int("resources", 40_000, "with -long, how many there are")
)

// TestScale says what building the timelines of a record takes, and what keeping
// them up takes, for each resource: by the clock, and of the processors, which
// is the measure on a machine that does other things too.
func TestScale(t *testing.T) {
	if !*long {
		t.Skip("only with -long")
	}
	for name, url := range map[string]func() string{
		"sqlite":   func() string { return "sqlite:" + filepath.Join(t.TempDir(), "test.db") },
		"postgres": func() string { return storetest.Postgres(t) },
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t, url())
			people := *resources / 100
			for p := range people {
				w.put("Patient", fmt.Sprint("p", p), registered)
			}
			w.fill(people, 0, *resources)
			w.measured("building", *resources, func() { w.keeper("scale") })
			follow := w.keeper("follow")
			w.fill(people, *resources, *resources/4)
			w.measured("keeping up", *resources/4, func() { w.step(follow) })
		})
	}
}

// fill stores observations of people in turn, with a component each.
func (w *world) fill(people, from, n int) {
	w.Helper()
	var ops []record.Op
	for i := from; i < from+n; i++ {
		id := fmt.Sprint("o", i)
		doc, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Observation","id":%q,"status":"final","code":{"coding":[{"system":"http://loinc.org","code":"%d-1"}]},`+
			`"effectiveDateTime":"20%02d-0%d-11T10:00:00Z","subject":{"reference":"Patient/p%d"},"performer":[{"reference":"Organization/gp"}],`+
			`"valueQuantity":{"value":%d.5,"code":"mm[Hg]","system":"http://unitsofmeasure.org"}}`, id, i%900+1000, i%25, i%9+1, i%people, i%200))
		if err != nil {
			w.Fatal(err)
		}
		ops = append(ops, record.Op{Kind: record.Update, Type: "Observation", ID: fhir.ID(id), Body: doc})
		if len(ops) == 500 || i == from+n-1 {
			if _, err := w.view(everything).Transact(w.Context(), ops); err != nil {
				w.Fatal(err)
			}
			ops = nil
		}
	}
}

func (w *world) measured(what string, n int, do func()) {
	w.Helper()
	before, start := processor.Time(), time.Now()
	do()
	took, used := time.Since(start), processor.Time()-before
	w.Logf("%s: %d resources in %.1f s, %.1f s of processors: %.0f µs each", what, n, took.Seconds(), used.Seconds(), float64(used.Microseconds())/float64(n))
}

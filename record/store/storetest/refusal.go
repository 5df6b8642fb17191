package storetest

import (
	"testing"

	"joinery/record/store"
)

// refusalsAreKept: what runs refused is kept in order, beside what they refused
// before; and what was mended is so in every run.
func refusalsAreKept(_ *testing.T, w *world) {
	here, there := []byte("here"), []byte("there")
	add := func(run int64, of ...store.Refusal) {
		if err := w.AddRefusals(w.ctx(), store.ImportRun{ID: run, At: w.clock(), Who: "olga"}, of); err != nil {
			w.Fatal(err)
		}
	}
	add(1, store.Refusal{Place: here, File: "a", Line: 3, Reason: "x"}, store.Refusal{Place: there, File: "b", Line: 3, Reason: "y"})
	add(2, store.Refusal{Place: here, File: "a", Line: 3, Reason: "x"})
	add(1, store.Refusal{Place: here, File: "a", Line: 0, Entry: 2, Reason: "z"})
	runs, err := w.ImportRuns(w.ctx(), 10)
	if err != nil || len(runs) != 2 || runs[0].ID != 2 || runs[1].Refused != 3 || runs[1].Who != "olga" {
		w.Errorf("the runs are %+v, %v", runs, err)
	}
	if err := w.MendRefusals(w.ctx(), []store.Refusal{{Place: here, Line: 3}}); err != nil {
		w.Fatal(err)
	}
	of, err := w.RefusalsOf(w.ctx(), 1)
	if err != nil || len(of) != 3 || of[0].Mended.IsZero() || !of[1].Mended.IsZero() || !of[2].Mended.IsZero() || of[2].Entry != 2 || of[2].Reason != "z" {
		w.Errorf("the first run refused %+v, %v", of, err)
	}
	open, err := w.OpenRefusals(w.ctx(), here)
	if err != nil || len(open) != 1 || open[0].Entry != 2 {
		w.Errorf("still open of the place are %+v, %v", open, err)
	}
}

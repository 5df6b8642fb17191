package storetest

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"joinery/record/store"
)

// trailOfPersons: what the audit says of a person is the same before and after it
// is indexed, and alerts are found among many lines.
func trailOfPersons(_ *testing.T, w *world) {
	const lines, persons = 45_000, 7
	want := map[store.Person][]int64{}
	var entries []store.AuditEntry
	for i := range lines {
		p := store.Person(i % persons) // 0 is nobody
		entry := "line"
		if i%9_000 == 1 {
			entry = "alert"
		}
		entries = append(entries, store.AuditEntry{Person: p, Entry: []byte(entry)})
		if len(entries) == 5_000 {
			if err := w.Audit(w.ctx(), entries, nil); err != nil {
				w.Fatal(err)
			}
			entries = nil
		}
		want[p] = append(want[p], int64(i+1))
	}
	read := func(of []store.Person, before int64, limit int) []int64 {
		var out []int64
		err := w.ViewTrail(w.ctx(), func(n *store.Snap) error {
			rows, err := n.AuditRows(of, before, limit)
			for _, r := range rows {
				out = append(out, r.N)
			}
			return err
		})
		if err != nil {
			w.Fatal(err)
		}
		return out
	}
	check := func(when string) {
		for _, of := range [][]store.Person{{1}, {2, 5}, {6}} {
			var all []int64
			for _, p := range of {
				all = append(all, want[p]...)
			}
			slices.Sort(all)
			slices.Reverse(all)
			var got []int64
			for before := int64(math.MaxInt64); ; {
				part := read(of, before, 4_000)
				if len(part) == 0 {
					break
				}
				got = append(got, part...)
				before = part[len(part)-1]
			}
			if !slices.Equal(got, all) {
				w.Errorf("%s: %d lines about %v, want %d", when, len(got), of, len(all))
			}
		}
	}
	check("before")
	if err := w.IndexTrail(w.ctx()); err != nil {
		w.Fatal(err)
	}
	check("indexed")
	for i := range 3 {
		if err := w.Audit(w.ctx(), []store.AuditEntry{{Person: 1, Entry: fmt.Appendf(nil, "later %d", i)}}, nil); err != nil {
			w.Fatal(err)
		}
		want[1] = append(want[1], int64(lines+1+i))
	}
	check("with newer lines")
	Sound(w, w.Store)
	if err := w.Reindex(w.ctx(), nil); err != nil {
		w.Fatal(err)
	}
	check("emptied by a reindex")
	var alerts []int64
	err := w.ViewTrail(w.ctx(), func(n *store.Snap) error {
		rows, err := n.AlertRows(math.MaxInt64, 3)
		for _, r := range rows {
			alerts = append(alerts, r.N)
		}
		return err
	})
	if err != nil || !slices.Equal(alerts, []int64{36_002, 27_002, 18_002}) {
		w.Errorf("alerts = %v, %v", alerts, err)
	}
}

package store

import (
	"context"
	"strings"
	"testing"
)

func BenchmarkFind(b *testing.B) {
	w := newWorld(b, onSQLite, synthea(b, 40))
	rights := everyone(b)
	var patient resource0
	for _, r := range w.all {
		if r.typ == "Patient" {
			patient = r
		}
	}
	for name, raw := range map[string]string{
		"newest":  "Observation?patient=" + string(patient.id) + "&code=8302-2&_sort=-date",
		"include": "Observation?patient=" + string(patient.id) + "&code=8302-2&_sort=-date&_include=Observation:encounter",
		"names":   "Patient?family=" + patient.doc.Root().At("name", "family").Text()[:5],
		"chain":   "Observation?patient.family=" + patient.doc.Root().At("name", "family").Text()[:5],
		"count":   "Observation?code=8302-2&_summary=count",
	} {
		typ, raw, _ := strings.Cut(raw, "?")
		q := query(b, typ, raw)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			found := 0
			for b.Loop() {
				err := w.View(context.Background(), func(n *Snap) error {
					f, err := n.Find(rights, q, nil)
					found = len(f.Found)
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(found), "found")
		})
	}
	b.Run("everything", func(b *testing.B) {
		found := 0
		for b.Loop() {
			err := w.View(context.Background(), func(n *Snap) error {
				f, err := n.Everything(rights.Read, patient.id, Everything{Count: 1000}, nil)
				found = len(f.Found)
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(found), "found")
	})
}

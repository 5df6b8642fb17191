package store

import (
	"context"
	"slices"
	"strings"
	"testing"

	"joinery/fhir"
	"joinery/record/access"
)

// listening is a connection that notes the statements that are asked.
type listening struct {
	conn
	asked map[string][]any
}

func (l *listening) query(ctx context.Context, sql string, args []any, each func(*row) error) error {
	l.asked[sql] = args
	return l.conn.query(ctx, sql, args, each)
}

// TestSearchesUseIndexes asks SQLite how it would carry out every statement of
// many searches. A table may be gone through from one key to another, never as a
// whole, and first comes what was chosen to.
func TestSearchesUseIndexes(t *testing.T) {
	w := newWorld(t, onSQLite, practice(t, synthea(t, 4)))
	staff, err := access.NewStaff(access.Who{Client: "ward", Purpose: access.Treatment}, access.Member{Practitioner: "d1", Organization: "gp"})
	if err != nil {
		t.Fatal(err)
	}
	var patient fhir.ID
	for _, r := range w.all {
		if r.typ == "Patient" {
			patient = r.id
		}
	}
	w.put(t, w.all[:10]...)
	statements := map[string][]any{}
	for _, rights := range []Rights{everyone(t), rightsOf(staff)} {
		for _, tt := range append(slices.Clone(asked),
			struct{ typ, raw string }{"Observation", "patient=" + string(patient) + "&code=8302-2&_sort=-date&_include=Observation:encounter&_revinclude=DiagnosticReport:result&_total=accurate"},
			struct{ typ, raw string }{"Observation", "_id=a,b&_lastUpdated=gt2020"},
		) {
			for _, old := range []int64{0, 1} {
				err := w.ViewAsOf(context.Background(), 1<<62-old*(1<<62-1), func(n *Snap) error {
					n.c = &listening{n.c, statements}
					found, err := n.Find(rights, query(t, tt.typ, tt.raw), nil)
					if err == nil && found.Next != nil {
						_, err = n.Find(rights, query(t, tt.typ, tt.raw), found.Next)
					}
					return err
				})
				if err != nil {
					t.Fatalf("%s?%s: %v", tt.typ, tt.raw, err)
				}
			}
		}
		err := w.View(context.Background(), func(n *Snap) error {
			n.c = &listening{n.c, statements}
			if _, err := n.Everything(everyone(t).Read, patient, Everything{Count: 10}, nil); err != nil {
				return err
			}
			_, err := n.Matching(rights.Search, query(t, "Patient", "identifier=x|1"), 2)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(statements) < 20 {
		t.Errorf("%d statements: too few to tell anything", len(statements))
	}
	err = w.View(context.Background(), func(n *Snap) error {
		for sql, args := range statements {
			if err := explained(t, n, sql, args); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func explained(t *testing.T, n *Snap, sql string, args []any) error {
	t.Helper()
	var steps []string
	if err := n.query("EXPLAIN QUERY PLAN "+sql, args, func(r *row) error {
		steps = append(steps, r.text(3))
		return nil
	}); err != nil {
		return err
	}
	for _, step := range steps {
		if strings.HasPrefix(step, "SCAN") && !strings.Contains(step, "json_each") && !strings.Contains(step, "few") && !strings.Contains(step, "CONSTANT") {
			t.Errorf("%s\nis carried out by %q", sql, steps)
		}
	}
	if strings.Contains(sql, "json_each") && len(steps) > 1 && !strings.Contains(steps[0], "json_each") {
		t.Errorf("%s\nbegins with %q, want the list first", sql, steps)
	}
	return nil
}

package record_test

import (
	"crypto/rand"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/leaks"
	"joinery/record"
	"joinery/record/access"
	"joinery/record/search"
)

// TestAsk: a question that is answered from what is kept elsewhere is decided
// and audited before the answer: about one person, as a read of theirs; and
// those who may not read everything are refused, which is audited too.
func TestAsk(t *testing.T) {
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	rec, err := record.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "ask.db"), record.Options{Log: leaks.Log(), Clock: func() time.Time { return now }, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	defer rec.Close()
	all := rec.As(loader(t))
	for _, id := range []fhir.ID{"a", "b"} {
		doc, err := fhir.Parse([]byte(`{"resourceType":"Patient","id":"` + string(id) + `"}`))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := all.Transact(t.Context(), []record.Op{{Kind: record.Update, Type: "Patient", ID: id, Body: doc}}); err != nil {
			t.Fatal(err)
		}
	}
	first, err := all.AskAll(t.Context(), "q=everybody")
	if err != nil || first == 0 {
		t.Fatalf("everybody: place %d, %v", first, err)
	}
	keys, at, err := all.AskOne(t.Context(), "a", "q=one")
	if err != nil || at != first || len(keys) != 1 {
		t.Fatalf("one: persons %v, place %d, %v", keys, at, err)
	}
	if _, _, err := all.AskOne(t.Context(), "nobody", "q=vain"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("nobody: %v", err)
	}
	patient, err := access.NewPatient(access.Who{Client: "app"}, "a")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := rec.As(patient).AskOne(t.Context(), "a", "q=own"); fault.KindOf(err) != fault.Denied {
		t.Errorf("a patient asks: %v", err)
	}
	if _, err := rec.As(patient).AskAll(t.Context(), "q=own"); fault.KindOf(err) != fault.Denied {
		t.Errorf("a patient asks about everybody: %v", err)
	}

	var ofA, anybody []string
	for _, e := range trail(t, all, now) {
		if e.Subtype[0].Code != "ask" {
			continue
		}
		said := e.Action + e.Outcome
		if slices.ContainsFunc(e.Entity, func(x entity) bool { return x.What.Reference == "Patient/a" && x.Type.Code == "1" }) {
			ofA = append(ofA, said)
		} else {
			anybody = append(anybody, said)
		}
	}
	if got, want := strings.Join(ofA, " "), "R0"; got != want {
		t.Errorf("in the trail of the person: %s, want %s", got, want)
	}
	if got, want := strings.Join(anybody, " "), "E4 R4 R4 E0"; got != want { // newest first
		t.Errorf("in the trail of nobody: %s, want %s", got, want)
	}
}

type entity struct {
	What struct{ Reference string }
	Type struct{ Code string }
}

type event struct {
	Subtype         []struct{ Code string }
	Action, Outcome string
	Entity          []entity
}

// trail reads the whole audit, newest first.
func trail(t *testing.T, v *record.View, now time.Time) []event {
	t.Helper()
	q, err := search.Parse("AuditEvent", []search.Pair{{Name: "_count", Value: "100"}}, search.Options{Strict: true, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	p, err := v.Search(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	var out []event
	for i := range p.Entries {
		var e event
		if err := json.Unmarshal(p.Entries[i].Version.JSON(), &e); err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

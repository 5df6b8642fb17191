package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record/store"
)

// told is what the oracle knows of a resource: its versions, "" when deleted.
type told []string

// randomRun commits random transactions and compares with a map.
func randomRun(t *testing.T, w *world) {
	oracle := map[string]told{}
	points := []point{}
	rapid.Check(t, func(r *rapid.T) { // the store goes on from run to run
		for range rapid.IntRange(1, 5).Draw(r, "transactions") {
			w.randomTx(r, oracle)
			if rapid.IntRange(0, 3).Draw(r, "remember") == 0 {
				points = append(points, point{w.t(), copyOf(oracle)})
				points = points[max(0, len(points)-5):]
			}
		}
		w.compare(r, oracle)
		at := points
		if len(at) > 0 {
			p := at[rapid.IntRange(0, len(at)-1).Draw(r, "then")]
			err := w.ViewAsOf(w.ctx(), p.t, func(n *store.Snap) error { return compareAt(r, w, n, p.oracle) })
			if err != nil {
				r.Fatal(err)
			}
		}
	})
}

type point struct {
	t      int64
	oracle map[string]told
}

func copyOf(m map[string]told) map[string]told {
	out := make(map[string]told, len(m))
	for k, v := range m {
		out[k] = v[:len(v):len(v)]
	}
	return out
}

func (w *world) randomTx(r *rapid.T, oracle map[string]told) {
	next := map[string]told{}
	tx := &store.Tx{}
	fails := false
	for range rapid.IntRange(1, 6).Draw(r, "changes") {
		typ := rapid.SampledFrom([]string{"Patient", "Observation", "Organization"}).Draw(r, "type")
		id := fhir.ID(fmt.Sprintf("%c", 'a'+rapid.IntRange(0, 5).Draw(r, "id")))
		key := typ + "/" + string(id)
		if _, twice := next[key]; twice {
			continue
		}
		had := oracle[key]
		there := len(had) > 0 && had[len(had)-1] != ""
		var c *store.Change
		body := ""
		if rapid.IntRange(0, 4).Draw(r, "delete") == 0 {
			c = w.remove(typ, id)
			fails = fails || !there
		} else {
			body = w.randomBody(r, typ)
			c = w.put(typ, id, body)
		}
		switch rapid.IntRange(0, 9).Draw(r, "condition") {
		case 0:
			c.Version = rapid.IntRange(1, 4).Draw(r, "version")
			fails = fails || c.Version != len(had)
		case 1:
			c.Expect = store.Something
			fails = fails || !there
		case 2:
			if body != "" {
				c.Expect = store.Nothing
				fails = fails || len(had) > 0
			}
		}
		next[key] = append(had[:len(had):len(had)], body)
		tx.Changes = append(tx.Changes, c)
	}
	_, err := w.Commit(w.ctx(), tx)
	if fails != (err != nil) {
		r.Fatalf("commit = %v, want it to fail: %v", err, fails)
	}
	var refused *store.Refused
	if err != nil && !errors.As(err, &refused) {
		r.Fatalf("commit: %v", err)
	}
	if err == nil {
		for k, v := range next {
			oracle[k] = v
		}
	}
}

func (w *world) randomBody(r *rapid.T, typ string) string {
	n := rapid.IntRange(0, 1000).Draw(r, "value")
	switch typ {
	case "Patient":
		return fmt.Sprintf(`"multipleBirthInteger":%d`, n)
	case "Organization":
		return fmt.Sprintf(`"name":"%d"`, n)
	}
	of := []string{}
	for range rapid.IntRange(0, 3).Draw(r, "patients") {
		of = append(of, string(rune('a'+rapid.IntRange(0, 7).Draw(r, "patient"))))
	}
	if len(of) == 0 {
		return `"status":"final"`
	}
	return observation(of...)
}

func (w *world) compare(r *rapid.T, oracle map[string]told) {
	err := w.View(w.ctx(), func(n *store.Snap) error { return compareAt(r, w, n, oracle) })
	if err != nil {
		r.Fatal(err)
	}
}

func compareAt(r *rapid.T, w *world, n *store.Snap, oracle map[string]told) error {
	for _, typ := range []string{"Patient", "Observation", "Organization"} {
		for i := range 6 {
			id := fhir.ID(fmt.Sprintf("%c", 'a'+i))
			versions := oracle[typ+"/"+string(id)]
			v, err := n.Get(w.all, typ, id)
			switch {
			case len(versions) == 0:
				if fault.KindOf(err) != fault.NotFound {
					r.Fatalf("%s/%s = %v, want it absent", typ, id, err)
				}
				continue
			case versions[len(versions)-1] == "":
				if fault.KindOf(err) != fault.Gone {
					r.Fatalf("%s/%s = %v, want it gone", typ, id, err)
				}
			case err != nil:
				r.Fatalf("%s/%s: %v", typ, id, err)
			case v.Number != len(versions) || !bytes.Contains(v.JSON(), []byte(versions[len(versions)-1])):
				r.Fatalf("%s/%s = version %d %s, want %d %s", typ, id, v.Number, v.JSON(), len(versions), versions[len(versions)-1])
			}
			found, _, err := n.History(w.all, store.HistoryQuery{Type: typ, ID: id}, nil)
			if err != nil {
				return err
			}
			if len(found) != len(versions) {
				r.Fatalf("%s/%s has %d versions, want %d", typ, id, len(found), len(versions))
			}
			for j := range found {
				want := versions[len(versions)-1-j]
				if found[j].Deleted() != (want == "") || want != "" && !bytes.Contains(found[j].JSON(), []byte(want)) {
					r.Fatalf("%s/%s version %d = %s, want %s", typ, id, found[j].Number, found[j].JSON(), want)
				}
			}
		}
	}
	return nil
}

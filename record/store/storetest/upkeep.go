package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record/store"
)

func reindexes(_ *testing.T, w *world) {
	w.commit(w.put("Patient", "a", verified("9000000009")), w.put("Patient", "b", verified("9000000009")))
	w.commit(w.put("Observation", "o", observation("a", "b")), w.put("Observation", "p", observation("b")))
	w.commit(w.put("CareTeam", "t", `"status":"active","subject":{"reference":"Patient/a"},"participant":[{"member":{"reference":"Practitioner/x"}}]`))
	w.commit(w.put("Group", "g", `"type":"person","actual":true,"member":[{"entity":{"reference":"Patient/b"}}]`))
	w.commit(w.remove("Observation", "p"))
	before := w.history(w.all, store.HistoryQuery{})
	t := w.t()
	told := int64(0)
	if err := w.Reindex(w.ctx(), func(rows int64) { told = rows }); err != nil {
		w.Fatalf("Reindex: %v", err)
	}
	if told != 6 {
		w.Errorf("%d rows were told of, want 6", told)
	}
	if after := w.history(w.all, store.HistoryQuery{}); !slices.Equal(before, after) || w.t() != t {
		w.Errorf("history is %v, was %v", after, before)
	}
	w.sees("b", "Patient", "a", true)
	w.commit(w.put("Observation", "q", observation("a")))
	w.sees("b", "Observation", "q", true)
}

func follows(_ *testing.T, w *world) {
	follow := func() *store.Follower {
		f, err := w.Follow(w.ctx(), "timeline", time.Minute)
		if err != nil {
			w.Fatal(err)
		}
		return f
	}
	for i := range 5 {
		w.commit(w.put("Patient", fhir.ID(fmt.Sprintf("p%d", i)), ""), w.put("Observation", fhir.ID(fmt.Sprintf("o%d", i)), observation(fmt.Sprintf("p%d", i))))
	}
	one, two := follow(), follow()
	first, err := one.Next(w.ctx(), 3)
	if err != nil || len(first) != 3 || len(first[0].Changed) != 2 {
		w.Fatalf("first = %+v, %v", first, err)
	}
	if c := first[2].Changed[1]; c.Type != "Observation" || c.ID != "o2" || c.Number != 1 || !slices.Equal(c.Persons, []store.Person{w.person("p2")}) {
		w.Errorf("the third transaction's second change = %+v", c)
	}
	_, err = two.Next(w.ctx(), 3)
	w.wantKind("a second follower of the name", err, fault.Unavailable)
	if again, err := one.Next(w.ctx(), 3); err != nil || again[0].T != first[0].T {
		w.Errorf("what was not done is not told again: %+v, %v", again, err)
	}
	if err := one.Done(w.ctx(), first[2].T); err != nil {
		w.Fatal(err)
	}
	w.setClock(w.clock().Add(2 * time.Minute)) // the first fell silent
	rest, err := two.Next(w.ctx(), 10)
	if err != nil || len(rest) != 2 || rest[0].T != first[2].T+1 {
		w.Errorf("the rest = %+v, %v", rest, err)
	}
	w.wantKind("who lost the lease", one.Done(w.ctx(), rest[1].T), fault.Conflict)
	if err := two.Done(w.ctx(), rest[1].T); err != nil {
		w.Error(err)
	}
	if none, err := two.Next(w.ctx(), 10); err != nil || len(none) != 0 {
		w.Errorf("after all was done: %+v, %v", none, err)
	}
	if err := two.Release(w.ctx()); err != nil {
		w.Error(err)
	}
	if _, err := one.Next(w.ctx(), 10); err != nil {
		w.Errorf("after the lease was given back: %v", err)
	}
}

func followsByAWrongClock(_ *testing.T, w *world) {
	w.commit(w.put("Patient", "p0", ""))
	follow := func() *store.Follower {
		f, err := w.Follow(w.ctx(), "clock", time.Minute)
		if err != nil {
			w.Fatal(err)
		}
		return f
	}
	one, two := follow(), follow()
	right := w.clock()
	w.setClock(right.AddDate(1, 0, 0)) // wrongly
	if _, err := one.Next(w.ctx(), 10); err != nil {
		w.Error(err)
	}
	w.setClock(right)
	if _, err := two.Next(w.ctx(), 10); err != nil {
		w.Errorf("a lease from a clock that was a year ahead keeps others waiting: %v", err)
	}
	_, err := one.After(w.ctx(), 0, 10)
	w.wantKind("who took it by the wrong clock", err, fault.Unavailable)
}

func followsLarge(_ *testing.T, w *world) {
	w.commit(w.put("Patient", "p0", ""))
	one, err := w.Follow(w.ctx(), "large", time.Minute)
	if err != nil {
		w.Fatal(err)
	}
	first, err := one.Next(w.ctx(), 10)
	if err != nil || len(first) != 1 {
		w.Fatalf("first = %+v, %v", first, err)
	}
	at := first[0].T
	for i := range 2 {
		var many []*store.Change
		for j := range 1_100 {
			many = append(many, w.put("Observation", fhir.ID(fmt.Sprintf("m%d-%d", i, j)), observation("p0")))
		}
		w.commit(many...)
	}
	if large, err := one.After(w.ctx(), at, 10); err != nil || len(large) != 1 || len(large[0].Changed) != 1_100 {
		w.Errorf("after the large ones: %d transactions, %v", len(large), err)
	}
}

func erases(_ *testing.T, w *world) {
	w.commit(w.put("Patient", "p", ""))
	w.commit(w.put("Observation", "o", observation("p")+`,"code":{"text":"first thing"}`))
	w.commit(w.put("Observation", "o", observation("p")+`,"code":{"text":"second thing"}`))
	if _, err := store.Erasure("Observation", "o", ""); err == nil {
		w.Error("an erasure without a reason is made")
	}
	c, err := store.Erasure("Observation", "o", "order of a court")
	if err != nil {
		w.Fatal(err)
	}
	w.commit(c)
	_, err = w.get(w.all, "Observation", "o")
	w.wantKind("what was erased", err, fault.Gone)
	w.view(func(n *store.Snap) error {
		_, err := n.GetVersion(w.all, "Observation", "o", 1)
		w.wantKind("a version that was erased", err, fault.Gone)
		found, _, err := n.History(w.all, store.HistoryQuery{Type: "Observation", ID: "o"}, nil)
		if len(found) != 3 {
			w.Errorf("%d versions are told of, want 3", len(found))
		}
		for _, v := range found {
			if v.JSON() != nil {
				w.Errorf("version %d still says %s", v.Number, v.JSON())
			}
		}
		return err
	})
	again := w.put("Observation", "o", observation("p"))
	w.refuses(store.Deleted, again)
}

package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record/access"
	"joinery/record/store"
)

// observation are the members of an Observation about the first patient, made
// by the others.
func observation(of ...string) string {
	members := `"status":"final"`
	for i, p := range of {
		reference := `{"reference":"Patient/` + p + `"}`
		switch i {
		case 0:
			members += `,"subject":` + reference
		case 1:
			members += `,"performer":[` + reference
		default:
			members += `,` + reference
		}
	}
	if len(of) > 1 {
		members += `]`
	}
	return members
}

func (w *world) person(id fhir.ID) store.Person {
	w.Helper()
	var p store.Person
	w.view(func(n *store.Snap) error {
		var ok bool
		var err error
		p, ok, err = n.PersonOf(id)
		if !ok {
			w.Errorf("Patient/%s has no person", id)
		}
		return err
	})
	return p
}

func (w *world) sees(patient fhir.ID, typ string, id fhir.ID, want bool) {
	w.Helper()
	_, err := w.get(w.patient(patient, access.Read), typ, id)
	if (err == nil) != want || err != nil && fault.KindOf(err) != fault.NotFound {
		w.Errorf("Patient/%s reads %s/%s: %v, want it to be seen: %v", patient, typ, id, err, want)
	}
}

func persons(_ *testing.T, w *world) {
	w.commit(w.put("Observation", "early", observation("a"))) // before its Patient
	early := w.person("a")
	done := w.commit(w.put("Observation", "same", observation("b")), w.put("Patient", "b", ""), w.put("Patient", "a", ""))
	if got := w.person("a"); got != early || done.Changed[2].Person != early {
		w.Errorf("Patient/a has person %d, was kept %d, written as %d", got, early, done.Changed[2].Person)
	}
	if done.Changed[0].Person != done.Changed[1].Person || done.Changed[0].Person == early {
		w.Errorf("persons in one transaction are %+v", done.Changed)
	}
	w.sees("a", "Observation", "early", true)
	w.sees("b", "Observation", "early", false)
	w.sees("b", "Observation", "same", true)
	w.commit(w.put("Observation", "nobody", observation()), w.put("Observation", "away", `"status":"final","subject":{"reference":"https://elsewhere.example/Patient/a"}`))
	for _, id := range []fhir.ID{"nobody", "away"} {
		if p := w.mustGet("Observation", id); p.Person() != 0 {
			w.Errorf("Observation/%s is of person %d, want nobody", id, p.Person())
		}
		w.sees("a", "Observation", id, false)
	}
	w.commit(w.put("Group", "g", `"type":"person","actual":true,"member":[{"entity":{"reference":"Patient/a"}},{"entity":{"reference":"Patient/b"}}]`))
	if v := w.mustGet("Group", "g"); v.Person() != 0 {
		w.Errorf("a Group is of person %d, want nobody", v.Person())
	}
	w.sees("a", "Group", "g", false)
}

func movesPersons(_ *testing.T, w *world) {
	w.commit(w.put("Patient", "a", ""), w.put("Patient", "b", ""))
	w.commit(w.put("Observation", "o", observation("a")))
	then := w.t()
	w.commit(w.put("Observation", "o", observation("b"))) // it was the wrong person
	w.sees("a", "Observation", "o", false)
	w.sees("b", "Observation", "o", true)
	w.commit(w.put("Observation", "o", observation("b", "a")))
	w.commit(w.put("Observation", "o", observation("a")))
	w.sees("b", "Observation", "o", false)
	w.commit(w.remove("Observation", "o"))
	w.commit(w.put("Observation", "o", observation("a")))
	w.sees("a", "Observation", "o", true)
	want := []string{"Observation/o/6", "Observation/o/5", "Observation/o/4", "Observation/o/3", "Observation/o/2", "Observation/o/1"}
	for _, q := range []store.HistoryQuery{{Type: "Observation", ID: "o"}, {Type: "Observation"}} {
		if got := w.history(w.all, q); !slices.Equal(got, want) {
			w.Errorf("history %+v = %v, want %v", q, got, want)
		}
	}
	err := w.ViewAsOf(w.ctx(), then, func(n *store.Snap) error {
		v, err := n.Get(w.all, "Observation", "o")
		if err != nil || v.Number != 1 || !bytes.Contains(v.JSON(), []byte("Patient/a")) {
			w.Errorf("as of then: version %d %s, %v", v.Number, v.JSON(), err)
		}
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
}

// verified are the members of a Patient with a verified NHS number.
func verified(number string) string {
	return `"identifier":[{"extension":[{"url":"https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus","valueCodeableConcept":{"coding":[{"code":"01"}]}}],"system":"https://fhir.nhs.uk/Id/nhs-number","value":"` + number + `"}]`
}

func (w *world) linked(id fhir.ID) []store.Person {
	w.Helper()
	p := w.person(id)
	var out []store.Person
	w.view(func(n *store.Snap) (err error) { out, err = n.Linked(p); return err })
	return out
}

func links(_ *testing.T, w *world) {
	w.commit(w.put("Patient", "a", verified("9000000009")), w.put("Observation", "oa", observation("a")))
	w.commit(w.put("Patient", "x", verified("9000000017")))
	w.commit(w.put("Patient", "unverified", `"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9000000009"}]`))
	if got := w.linked("unverified"); len(got) != 1 {
		w.Errorf("an unverified number linked %v", got)
	}
	w.commit(w.put("Patient", "b", verified("9000000009")), w.put("Observation", "ob", observation("b")))
	a, b := w.person("a"), w.person("b")
	if a == b {
		w.Error("a second Patient has the first one's number; none may change")
	}
	for _, id := range []fhir.ID{"a", "b"} {
		if got := w.linked(id); !slices.Equal(got, []store.Person{a, b}) {
			w.Errorf("Patient/%s is linked with %v, want %v", id, got, []store.Person{a, b})
		}
	}
	w.sees("a", "Observation", "ob", true)
	w.sees("b", "Observation", "oa", true)
	w.sees("x", "Observation", "oa", false)
	w.commit(w.put("Observation", "later", observation("b")))
	w.sees("a", "Observation", "later", true)

	if _, err := w.Commit(w.ctx(), &store.Tx{Apart: []store.Person{b}}); err != nil {
		w.Fatalf("set apart: %v", err)
	}
	w.sees("a", "Observation", "ob", false)
	w.sees("b", "Observation", "ob", true)
	w.commit(w.put("Patient", "c", verified("9000000009")))
	c := w.person("c")
	if got := w.linked("a"); !slices.Equal(got, []store.Person{a, c}) {
		w.Errorf("Patient/a is linked with %v, want %v: b was set apart", got, []store.Person{a, c})
	}
	if got := w.linked("b"); !slices.Equal(got, []store.Person{b}) {
		w.Errorf("b was set apart, and is linked with %v", got)
	}
}

func corrections(_ *testing.T, w *world) {
	w.commit(w.put("Patient", "a", verified("9000000009")), w.put("Observation", "oa", observation("a")))
	w.commit(w.put("Patient", "x", verified("9000000017")))
	w.commit(w.put("Patient", "b", verified("9000000009")), w.put("Observation", "ob", observation("b")))
	a := w.person("a")
	w.commit(w.put("Patient", "b", verified("9000000017"))) // it had been mistaken for a's
	if got := w.linked("a"); !slices.Equal(got, []store.Person{a}) {
		w.Errorf("after the correction Patient/a is linked with %v", got)
	}
	w.sees("a", "Observation", "ob", false)
	w.sees("b", "Observation", "oa", false)
	w.sees("x", "Observation", "ob", true)
	w.sees("b", "Observation", "ob", true)
}

func audit(_ *testing.T, w *world) {
	var wg sync.WaitGroup
	for i := range 300 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			var err error
			entry := store.AuditEntry{Entry: fmt.Appendf(nil, "entry %d", i)}
			if i%4 == 0 {
				_, err = w.Commit(w.ctx(), &store.Tx{Changes: []*store.Change{w.put("Patient", fhir.ID(fmt.Sprintf("p%d", i)), "")}, Audit: []store.AuditEntry{entry}})
			} else {
				err = w.Audit(w.ctx(), []store.AuditEntry{entry}, nil)
			}
			if err != nil {
				w.Errorf("audit %d: %v", i, err)
			}
		}()
	}
	wg.Wait()
	seen := map[string]bool{}
	w.trail(func(n *store.Snap) error {
		rows, err := n.AuditRows(nil, 1<<60, 1000)
		for i, r := range rows {
			if r.N != int64(len(rows)-i) {
				w.Errorf("row %d from the end has number %d of %d", i, r.N, len(rows))
			}
			seen[string(r.Entry)] = true
		}
		return err
	})
	if len(seen) != 300 {
		w.Errorf("%d entries are there, want 300", len(seen))
	}
	stale := w.put("Patient", "p0", "")
	stale.Version = 77
	if _, err := w.Commit(w.ctx(), &store.Tx{Changes: []*store.Change{stale}, Audit: []store.AuditEntry{{Entry: []byte("of a failure")}}}); err == nil {
		w.Error("a stale change was made")
	}
	w.trail(func(n *store.Snap) error {
		rows, err := n.AuditRows(nil, 1<<60, 1)
		if len(rows) != 1 || string(rows[0].Entry) == "of a failure" {
			w.Error("the audit of a transaction that failed was written")
		}
		return err
	})
	w.commit(w.put("Patient", "one", ""), w.put("Patient", "two", ""))
	each := store.AuditEntry{Entry: []byte("each"), Each: true}
	if _, err := w.Commit(w.ctx(), &store.Tx{Changes: []*store.Change{w.put("Observation", "o1", observation("one")), w.put("Observation", "o2", observation("two")), w.put("Observation", "o3", observation("one"))}, Audit: []store.AuditEntry{each}}); err != nil {
		w.Fatal(err)
	}
	w.trail(func(n *store.Snap) error {
		rows, err := n.AuditRows([]store.Person{w.person("one"), w.person("two")}, 1<<60, 10)
		if len(rows) != 2 {
			w.Errorf("%d lines about the two, want one each", len(rows))
		}
		return err
	})
}

func pages(_ *testing.T, w *world) {
	now := w.clock()
	p := store.Page{Handle: []byte("handle"), Owner: []byte("me"), Expires: now.Add(time.Hour), Data: []byte("where to go on")}
	if err := w.Audit(w.ctx(), []store.AuditEntry{{Entry: []byte("x")}}, []store.Page{p}); err != nil {
		w.Fatal(err)
	}
	if got, err := w.Page(w.ctx(), p.Handle, p.Owner, now); err != nil || string(got.Data) != string(p.Data) {
		w.Errorf("page = %q, %v", got.Data, err)
	}
	_, err := w.Page(w.ctx(), p.Handle, []byte("you"), now)
	w.wantKind("another's page", err, fault.NotFound)
	_, err = w.Page(w.ctx(), p.Handle, p.Owner, now.Add(time.Hour))
	w.wantKind("a page whose time is over", err, fault.NotFound)
	_, err = w.Page(w.ctx(), []byte("no handle"), p.Owner, now)
	w.wantKind("no page", err, fault.NotFound)
}

func tokens(_ *testing.T, w *world) {
	add := func(hash, name string) error {
		return w.AddToken(w.ctx(), store.Token{Hash: []byte(hash), Name: name, Scope: "s"})
	}
	if err := add("h2", "b"); err != nil {
		w.Fatal(err)
	}
	if err := add("h1", "a"); err != nil {
		w.Fatal(err)
	}
	w.wantKind("a name used twice", add("h3", "a"), fault.Conflict)
	got, err := w.Token(w.ctx(), []byte("h1"))
	if err != nil || got.Name != "a" || got.Made.IsZero() || !got.Revoked.IsZero() || !got.Expires.IsZero() {
		w.Errorf("token = %+v, %v", got, err)
	}
	all, err := w.Tokens(w.ctx())
	if err != nil || len(all) != 2 || all[0].Name != "a" || all[1].Name != "b" {
		w.Errorf("tokens = %+v, %v", all, err)
	}
	if err := w.RevokeToken(w.ctx(), "a"); err != nil {
		w.Fatal(err)
	}
	if got, err := w.Token(w.ctx(), []byte("h1")); err != nil || got.Revoked.IsZero() {
		w.Errorf("a revoked token = %+v, %v", got, err)
	}
	w.wantKind("revoked twice", w.RevokeToken(w.ctx(), "a"), fault.NotFound)
	w.wantKind("the name of a revoked token", add("h4", "a"), fault.Conflict)
	_, err = w.Token(w.ctx(), []byte("none"))
	w.wantKind("no token", err, fault.NotFound)
}

func writersAtOnce(_ *testing.T, w *world) {
	const writers, times = 8, 10
	w.commit(w.put("Patient", "counter", `"multipleBirthInteger":0`))
	var wg sync.WaitGroup
	for range writers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range times {
				for {
					v := w.mustGet("Patient", "counter")
					c := w.put("Patient", "counter", fmt.Sprintf(`"multipleBirthInteger":%d`, v.Number))
					c.Version = v.Number
					_, err := w.Commit(w.ctx(), &store.Tx{Changes: []*store.Change{c}})
					if err == nil {
						break
					}
					if fault.KindOf(err) != fault.Precondition {
						w.Errorf("commit: %v", err)
						return
					}
				}
			}
		}()
	}
	wg.Wait()
	v := w.mustGet("Patient", "counter")
	if want := fmt.Sprintf(`"multipleBirthInteger":%d`, writers*times); v.Number != writers*times+1 || !bytes.Contains(v.JSON(), []byte(want)) {
		w.Errorf("after %d increments: version %d, %s", writers*times, v.Number, v.JSON())
	}
}

func precision(_ *testing.T, w *world) {
	w.setClock(time.Date(2026, 10, 25, 0, 59, 59, 998_000_000, time.FixedZone("BST", 3600)))
	done := w.commit(w.put("Patient", "p", `"birthDate":"1950-01","deceasedDateTime":"2020-02-03T04:05:06.7+01:00"`))
	v := w.mustGet("Patient", "p")
	if !v.At.Equal(done.At) || v.At.Location() != time.UTC || v.At.Nanosecond()%1_000_000 != 0 || v.At.Nanosecond() == 0 {
		w.Errorf("stored at %v, said %v", v.At, done.At)
	}
	for _, want := range []string{`"birthDate":"1950-01"`, `"2020-02-03T04:05:06.7+01:00"`, `"lastUpdated":"2026-10-24T23:59:59.999Z"`} {
		if !bytes.Contains(v.JSON(), []byte(want)) {
			w.Errorf("%s is not in %s", want, v.JSON())
		}
	}
}

func reopens(_ *testing.T, w *world) {
	w.commit(w.put("Patient", "a", `"active":true`))
	secret := bytes.Clone(w.Secret())
	before := w.t()
	if err := w.Close(); err != nil {
		w.Fatalf("Close: %v", err)
	}
	w.open()
	if !bytes.Equal(w.Secret(), secret) || len(secret) != 32 {
		w.Error("the secret is another")
	}
	if got := w.t(); got != before {
		w.Errorf("t is %d, was %d", got, before)
	}
	w.commit(w.put("Patient", "b", ""))
	if a, b := w.person("a"), w.person("b"); a == b {
		w.Errorf("two persons have the number %d", a)
	}
	w.mustGet("Patient", "a")
	if got := w.history(w.all, store.HistoryQuery{}); len(got) != 2 {
		w.Errorf("history = %v", got)
	}
}

package record_test

import (
	"cmp"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"joinery/fhir"
	"joinery/leaks"
	"joinery/record"
	"joinery/record/access"
	"joinery/web"
)

// world is a record with a clock and a source of chance that the test holds.
type world struct {
	*record.Record
	now    atomic.Int64
	next   string      // handle, or address, of the page that follows the last answer
	server *web.Server // when it is asked over HTTP
	bearer string      // of the seat
}

func (w *world) clock() time.Time { return time.UnixMilli(w.now.Load()).UTC() }

// inMemory is the address of a new SQLite database, in memory where there is a
// file system for it.
func inMemory(t *testing.T) string {
	dir := t.TempDir()
	if memory, err := os.MkdirTemp("/dev/shm", "joinery-two-worlds-"); err == nil {
		dir = memory
		t.Cleanup(func() { _ = os.RemoveAll(memory) })
	}
	return "sqlite:" + filepath.Join(dir, "w.db")
}

// beginning is when the worlds begin.
var beginning = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// newWorld opens a record and stores what everyone's rights rest on, then the
// items. What both worlds have is stored at the same moments in both.
func newWorld(t *testing.T, l level, seat *seat, seed uint64, items []item) *world {
	t.Helper()
	w := &world{}
	w.now.Store(beginning.UnixMilli())
	var key [32]byte
	key[0], key[1] = byte(seed), byte(seed>>8)
	rec, err := record.Open(context.Background(), l.database(t), record.Options{
		Log: leaks.Log(), Clock: w.clock, Rand: rand.NewChaCha8(key), Readers: 2, StateDir: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Record = rec
	t.Cleanup(func() { _ = rec.Close() })
	if l.http {
		w.opens(t, key, seat.grant)
	}
	loader := rec.As(loader(t))
	for _, base := range foundations() {
		w.store(t, loader, base, 0)
	}
	slots := map[string]int64{}
	for _, typ := range typeNames() {
		for n := 1; n <= ids; n++ {
			slots[idOf(typ, n)] = int64(len(slots)+1) * 10_000
		}
	}
	slices.SortStableFunc(items, func(a, b item) int { return cmp.Compare(slots[a.id], slots[b.id]) })
	for _, it := range items {
		w.store(t, loader, it, slots[it.id])
	}
	w.now.Store(beginning.Add(time.Hour).UnixMilli())
	return w
}

func loader(t *testing.T) access.Subject {
	t.Helper()
	scopes, err := access.ParseScopes("system/*.cruds")
	if err != nil {
		t.Fatal(err)
	}
	s, err := access.NewSystem(access.Who{Client: "loader", Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// store writes the versions of an item, each second one.
func (w *world) store(t *testing.T, v *record.View, it item, at int64) {
	t.Helper()
	for i, c := range it.versions {
		w.now.Store(max(w.now.Load()+1, beginning.UnixMilli()+at+int64(i)*1000))
		op := record.Op{Kind: record.Delete, Type: it.typ, ID: fhir.ID(it.id)}
		if c != nil {
			doc, err := fhir.Parse([]byte(text(c)))
			if err != nil {
				t.Fatal(err)
			}
			op = record.Op{Kind: record.Update, Type: it.typ, ID: fhir.ID(it.id), Body: doc}
		}
		if _, err := v.Transact(context.Background(), []record.Op{op}); err != nil {
			t.Fatalf("store %s/%s: %v", it.typ, it.id, err)
		}
		if c != nil {
			w.comesBack(t, v, it, op.Body)
		}
	}
}

// comesBack checks that what was stored is what is read.
func (w *world) comesBack(t *testing.T, v *record.View, it item, want *fhir.Doc) {
	t.Helper()
	got, err := v.Read(context.Background(), it.typ, fhir.ID(it.id))
	if err != nil {
		t.Fatalf("read %s/%s: %v", it.typ, it.id, err)
	}
	doc, err := got.Doc()
	if err != nil {
		t.Fatalf("read %s/%s: %v", it.typ, it.id, err)
	}
	for name, member := range want.Root().Members() {
		if name != "meta" && !fhir.Equal(member, doc.Root().Get(name)) {
			t.Fatalf("%s/%s comes back as %s, stored was %s", it.typ, it.id, got.JSON(), want.Bytes())
		}
	}
}

// foundations are what the rights of the seats rest on: an agreement, a care
// team, a registration, a Consent, and the Group of people found.
func foundations() []item {
	one := func(typ, id string, c content) item {
		c["resourceType"], c["id"] = typ, id
		return item{typ, id, []content{c}}
	}
	ref := func(r string) content { return content{"reference": r} }
	purposes := []content{{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "TREAT"}, {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "POPHLTH"}}
	types := []content{}
	for _, typ := range []string{"Observation", "Patient", "Encounter"} {
		types = append(types, content{"system": "http://hl7.org/fhir/resource-types", "code": typ})
	}
	scope := content{"coding": []content{{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}}}
	category := []content{{"text": "sharing"}}
	team := func(id, person string) item {
		return one("CareTeam", id, content{"status": "active", "subject": about(person), "participant": []content{{"member": ref("Practitioner/d1")}}})
	}
	var everyone []content
	for n := 1; n <= ids+1; n++ {
		everyone = append(everyone, about(idOf("Patient", n)))
	}
	return []item{
		// The order in which people became known to the record is that of unsorted
		// searches; docs/security.md says so. Here it is the same in both.
		one("Communication", "everyone", content{"status": "completed", "recipient": everyone}),
		one("Organization", "a", content{"name": "Practice A"}), one("Organization", "z", content{"name": "Hospital Z"}),
		one("Practitioner", "d1", content{"name": []content{{"family": "One"}}}),
		one("Consent", "agreement", content{"status": "active", "scope": scope, "category": category, "policyRule": content{"text": "agreed"}, "provision": content{
			"type": "permit", "purpose": purposes,
			"actor": []content{{"role": content{"text": "party"}, "reference": ref("Organization/a")}, {"role": content{"text": "party"}, "reference": ref("Organization/z")}},
		}}),
		team("t-p1", "p1"), team("t-p4", "p4"),
		one("Consent", "carer", content{"status": "active", "scope": scope, "category": category, "policyRule": content{"text": "agreed"}, "patient": about("p1"), "provision": content{
			"type": "permit", "class": types, "actor": []content{{"role": content{"text": "carer"}, "reference": ref("RelatedPerson/carer")}},
		}}),
		one("Group", "found", content{"type": "person", "actual": true, "member": []content{{"entity": ref("Patient/p1")}, {"entity": ref("Patient/p4")}}}),
	}
}

// Package storetest holds the laws of a store, as sentences, to be run on every
// database; and a temporary PostgreSQL to run them on.
package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record/access"
	"joinery/record/store"
)

// Run checks every law. fresh returns the address of a new, empty database.
func Run(t *testing.T, fresh func(testing.TB) string) {
	for _, law := range []struct {
		says string
		test func(*testing.T, *world)
	}{
		{"a read sees its own write", readsOwnWrite},
		{"whoever reads after a write was acknowledged sees it", seesAcknowledged},
		{"what comes out is what went in", roundTrip},
		{"versions count from one and times never go back", versionsCount},
		{"history only grows", historyGrows},
		{"history is paged without gaps or repeats", historyPages},
		{"If-Match refuses the second writer", ifMatch},
		{"a failed transaction leaves nothing", failedLeavesNothing},
		{"a refused transaction does not harm its group", groupSurvives},
		{"a used id is not created again", usedID},
		{"the same content is written once when asked", unlessSame},
		{"a receipt is honoured once", receipts},
		{"all pages of an answer see one t", asOf},
		{"hidden and absent look the same", hiddenLooksAbsent},
		{"rights hold before and after a change", rightsBeforeAndAfter},
		{"a check sees what was committed before it", checks},
		{"a resource lies with its persons, whatever came first", persons},
		{"a resource that changes persons keeps its history", movesPersons},
		{"equal verified NHS numbers are linked, unless someone set them apart", links},
		{"the correction of an NHS number parts who was linked by it", corrections},
		{"the audit is complete and in order", audit},
		{"the audit of a person is found, indexed or not, and so are alerts", trailOfPersons},
		{"where somebody was last is remembered", visits},
		{"what imports refused is kept, and what was mended", refusalsAreKept},
		{"a page is its owner's, for its time", pages},
		{"tokens are kept, listed and revoked", tokens},
		{"writers at once lose nothing", writersAtOnce},
		{"times keep their precision", precision},
		{"a store opens again as it was", reopens},
		{"reindex changes no answer", reindexes},
		{"a follower is told of every transaction, in order, under a lease", follows},
		{"a follower's lease from a clock that ran ahead keeps nobody waiting", followsByAWrongClock},
		{"large transactions come one at a time, though more of them would be allowed", followsLarge},
		{"an erasure leaves the hash and the reason", erases},
		{"a random run is as a map would be", randomRun},
	} {
		t.Run(law.says, func(t *testing.T) {
			w := newWorld(t, fresh(t))
			law.test(t, w)
			Sound(t, w.Store)
		})
	}
}

// world is a store under test, with a clock of its own.
type world struct {
	testing.TB
	*store.Store
	url string

	mu  sync.Mutex
	now time.Time
	all *access.Filter // allows everything
}

// NewClock is when the clock of a test begins.
var NewClock = time.Date(2026, 3, 29, 0, 59, 59, 123_000_000, time.UTC)

func newWorld(t *testing.T, url string) *world {
	w := &world{TB: t, url: url, now: NewClock}
	w.all = System(t, "system/*.cruds", NewClock)
	w.open()
	t.Cleanup(func() { w.Close() })
	return w
}

func (w *world) open() {
	w.Helper()
	s, err := store.Open(w.ctx(), w.url, store.Options{Clock: w.clock, Rand: rand.NewChaCha8(sha256.Sum256([]byte(w.Name()))), Holder: "a test", StateDir: w.TempDir(), Alert: func(entry []byte) bool { return string(entry) == "alert" }})
	if err != nil {
		w.Fatalf("Open(%s): %v", w.url, err)
	}
	w.Store = s
}

func (w *world) ctx() context.Context { return context.Background() }

// clock goes on by a millisecond each time it is looked at.
func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(time.Millisecond)
	return w.now
}

func (w *world) setClock(t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = t
}

// System returns a filter that allows a system what its scopes do.
func System(t testing.TB, scopes string, now time.Time) *access.Filter {
	t.Helper()
	parsed, err := access.ParseScopes(scopes)
	if err != nil {
		t.Fatalf("ParseScopes(%s): %v", scopes, err)
	}
	s, err := access.NewSystem(access.Who{Client: "test", Scopes: parsed})
	if err != nil {
		t.Fatalf("NewSystem: %v", err)
	}
	return access.Shipped().Filter(s, access.Read, now)
}

// patient returns a filter that allows the patient of an id to do something.
func (w *world) patient(id fhir.ID, a access.Action) *access.Filter {
	w.Helper()
	s, err := access.NewPatient(access.Who{Client: "app"}, id)
	if err != nil {
		w.Fatalf("NewPatient: %v", err)
	}
	return access.Shipped().Filter(s, a, w.clock())
}

func (w *world) put(typ string, id fhir.ID, members string) *store.Change {
	w.Helper()
	return Change(w, store.Put, typ, id, members)
}

// Change prepares a change to a resource with the given further members.
func Change(t testing.TB, m store.Method, typ string, id fhir.ID, members string) *store.Change {
	t.Helper()
	text := fmt.Sprintf(`{"resourceType":%q,"id":%q`, typ, id)
	if members != "" {
		text += "," + members
	}
	doc, err := fhir.Parse([]byte(text + "}"))
	if err != nil {
		t.Fatalf("Parse(%s): %v", text, err)
	}
	c, err := store.Prepare(typ, id, m, doc)
	if err != nil {
		t.Fatalf("Prepare(%s/%s): %v", typ, id, err)
	}
	return c
}

func (w *world) remove(typ string, id fhir.ID) *store.Change {
	w.Helper()
	c, err := store.Deletion(typ, id)
	if err != nil {
		w.Fatalf("Deletion: %v", err)
	}
	return c
}

func (w *world) commit(changes ...*store.Change) store.Committed {
	w.Helper()
	done, err := w.Commit(w.ctx(), &store.Tx{Changes: changes})
	if err != nil {
		w.Fatalf("Commit: %v", err)
	}
	return done
}

// refuses commits what must be refused for a reason.
func (w *world) refuses(want store.Reason, changes ...*store.Change) *store.Refused {
	w.Helper()
	_, err := w.Commit(w.ctx(), &store.Tx{Changes: changes})
	var refused *store.Refused
	if !errors.As(err, &refused) {
		w.Fatalf("Commit = %v, want a refusal", err)
	}
	if refused.Reason != want {
		w.Fatalf("refused for reason %d (%v), want %d", refused.Reason, err, want)
	}
	return refused
}

func (w *world) view(do func(*store.Snap) error) {
	w.Helper()
	if err := w.View(w.ctx(), do); err != nil {
		w.Fatalf("View: %v", err)
	}
}

func (w *world) trail(do func(*store.Snap) error) {
	w.Helper()
	if err := w.ViewTrail(w.ctx(), do); err != nil {
		w.Fatalf("ViewTrail: %v", err)
	}
}

func (w *world) get(f *access.Filter, typ string, id fhir.ID) (v store.Version, err error) {
	w.Helper()
	w.view(func(n *store.Snap) error { v, err = n.Get(f, typ, id); return nil })
	return v, err
}

func (w *world) t() (t int64) {
	w.view(func(n *store.Snap) (err error) { t, err = n.T(); return err })
	return t
}

func (w *world) mustGet(typ string, id fhir.ID) store.Version {
	w.Helper()
	v, err := w.get(w.all, typ, id)
	if err != nil {
		w.Fatalf("Get(%s/%s): %v", typ, id, err)
	}
	return v
}

func (w *world) wantKind(what string, err error, want fault.Kind) {
	w.Helper()
	if err == nil || fault.KindOf(err) != want {
		w.Errorf("%s: error %v of kind %v, want %v", what, err, fault.KindOf(err), want)
	}
}

// versions returns the numbers of the versions of a history.
func (w *world) history(f *access.Filter, q store.HistoryQuery) []string {
	w.Helper()
	var out []string
	w.view(func(n *store.Snap) error {
		var after []byte
		for {
			found, next, err := n.History(f, q, after)
			if err != nil {
				return err
			}
			for _, v := range found {
				out = append(out, fmt.Sprintf("%s/%s/%d", v.Type, v.ID, v.Number))
			}
			if next == nil {
				return nil
			}
			after = next
		}
	})
	return out
}

func readsOwnWrite(_ *testing.T, w *world) {
	c := Change(w, store.Post, "Patient", "p1", `"active":true`)
	done := w.commit(c)
	v := w.mustGet("Patient", "p1")
	if v.Number != 1 || !v.At.Equal(done.At) || v.Method != store.Post {
		w.Errorf("read = version %d at %v by %v, want 1 at %v by POST", v.Number, v.At, v.Method, done.At)
	}
	if !done.Changed[0].Created || done.Changed[0].Person == 0 {
		w.Errorf("changed = %+v, want it created, of a person", done.Changed[0])
	}
	made, err := c.Made(done.Changed[0])
	if err != nil || string(made.JSON()) != string(v.JSON()) {
		w.Errorf("what the commit says it made is %s (%v), what is read is %s", made.JSON(), err, v.JSON())
	}
	_, err = w.get(w.all, "Patient", "p2")
	w.wantKind("absent", err, fault.NotFound)
}

// seesAcknowledged has several write and audit at once, so that each connection
// has a snapshot of its own age when it is asked for what was just written.
func seesAcknowledged(_ *testing.T, w *world) {
	var group sync.WaitGroup
	for i := range 6 {
		id := fhir.ID(fmt.Sprintf("p%d", i))
		group.Go(func() {
			for n := 1; n <= 25; n++ {
				if _, err := w.Commit(w.ctx(), &store.Tx{Changes: []*store.Change{w.put("Patient", id, fmt.Sprintf(`"birthDate":"2000-01-%02d"`, n))}}); err != nil {
					w.Errorf("commit: %v", err)
					return
				}
				for range 3 {
					v, err := w.get(w.all, "Patient", id)
					if err != nil || v.Number != n {
						w.Errorf("%s is at version %d (%v), want %d, which was acknowledged", id, v.Number, err, n)
						return
					}
					if err := w.Audit(w.ctx(), []store.AuditEntry{{Entry: []byte("read")}}, nil); err != nil {
						w.Errorf("audit: %v", err)
						return
					}
				}
			}
		})
	}
	group.Wait()
}

func roundTrip(_ *testing.T, w *world) {
	for i, members := range []string{
		``,
		`"meta":{"versionId":"7","lastUpdated":"2001-01-01T00:00:00Z","profile":["http://example.org/p"],"tag":[{"code":"a b"}]},"active":true`,
		"\"meta\" : {} ,\n \"text\":{\"status\":\"generated\",\"div\":\"<div xmlns=\\\"http://www.w3.org/1999/xhtml\\\">a  b\\\\</div>\"}",
		`"multipleBirthInteger":1,"_birthDate":{"extension":[{"url":"http://x","valueDecimal":1.500e-3}]},"name":[{"given":["\ud83d\ude00",null],"_given":[null,{"id":"x"}]}]`,
		`"contact":[` + strings.Repeat(`{"gender":"female"},`, 5000) + `{"gender":"male"}]`,
	} {
		id := fhir.ID(fmt.Sprintf("r%d", i))
		w.commit(w.put("Patient", id, members))
		v := w.mustGet("Patient", id)
		var got, want map[string]any
		if err := json.Unmarshal(v.JSON(), &got); err != nil {
			w.Fatalf("what is read is no JSON: %v: %s", err, v.JSON())
		}
		text := fmt.Sprintf(`{"resourceType":"Patient","id":%q`, id)
		if members != "" {
			text += "," + members
		}
		if err := json.Unmarshal([]byte(text+"}"), &want); err != nil {
			w.Fatal(err)
		}
		meta, _ := want["meta"].(map[string]any)
		if meta == nil {
			meta = map[string]any{}
		}
		meta["versionId"], meta["lastUpdated"] = "1", v.At.Format("2006-01-02T15:04:05.000Z")
		want["meta"] = meta
		if diff := cmp.Diff(want, got); diff != "" {
			w.Errorf("%s: came out other than it went in (-in +out):\n%s", id, diff)
		}
		if i == 3 && !strings.Contains(string(v.JSON()), "1.500e-3") {
			w.Errorf("the digits of a decimal changed: %s", v.JSON())
		}
	}
	for _, id := range []fhir.ID{"a", "fifteen-letters", "sixteen-letters.", fhir.ID(strings.Repeat("x", 64)), "018f428e-34f6-7707-8009-5ad742f901e7", "018F428E-34F6-7707-8009-5AD742F901E7"} {
		w.commit(w.put("Organization", id, `"name":"x"`))
		if v := w.mustGet("Organization", id); v.ID != id {
			w.Errorf("id %s came out as %s", id, v.ID)
		}
	}
}

func versionsCount(_ *testing.T, w *world) {
	w.commit(w.put("Patient", "p", ""))
	first := w.mustGet("Patient", "p")
	w.setClock(NewClock.Add(-time.Hour))
	w.commit(w.put("Patient", "p", `"active":true`))
	second := w.mustGet("Patient", "p")
	if first.Number != 1 || second.Number != 2 {
		w.Errorf("numbers are %d and %d, want 1 and 2", first.Number, second.Number)
	}
	if second.At.Before(first.At) {
		w.Errorf("version 2 is of %v, before version 1 of %v", second.At, first.At)
	}
}

func historyGrows(_ *testing.T, w *world) {
	w.commit(w.put("Patient", "p", `"active":true`))
	w.commit(w.put("Patient", "p", `"active":false`))
	w.commit(w.remove("Patient", "p"))
	_, err := w.get(w.all, "Patient", "p")
	w.wantKind("deleted", err, fault.Gone)
	w.commit(w.put("Patient", "p", `"gender":"female"`))
	if v := w.mustGet("Patient", "p"); v.Number != 4 {
		w.Errorf("written after a deletion it is version %d, want 4", v.Number)
	}
	want := []string{"Patient/p/4", "Patient/p/3", "Patient/p/2", "Patient/p/1"}
	for _, q := range []store.HistoryQuery{{Type: "Patient", ID: "p"}, {Type: "Patient"}, {}} {
		if diff := cmp.Diff(want, w.history(w.all, q)); diff != "" {
			w.Errorf("history %+v (-want +got):\n%s", q, diff)
		}
	}
	w.view(func(n *store.Snap) error {
		v, err := n.GetVersion(w.all, "Patient", "p", 1)
		if err != nil || !strings.Contains(string(v.JSON()), `"active":true`) {
			w.Errorf("version 1 = %s, %v", v.JSON(), err)
		}
		_, err = n.GetVersion(w.all, "Patient", "p", 3)
		w.wantKind("the version that says it was deleted", err, fault.Gone)
		_, err = n.GetVersion(w.all, "Patient", "p", 9)
		w.wantKind("a version that never was", err, fault.NotFound)
		return nil
	})
	w.refuses(store.Absent, w.remove("Patient", "never"))
	w.commit(w.remove("Patient", "p"))
	w.refuses(store.Deleted, w.remove("Patient", "p"))
}

func historyPages(_ *testing.T, w *world) {
	var want []string
	for i := range 25 {
		w.commit(w.put("Patient", "a", fmt.Sprintf(`"multipleBirthInteger":%d`, i)), w.put("Organization", "o", fmt.Sprintf(`"name":"%d"`, i)))
		want = append(want, fmt.Sprintf("Patient/a/%d", i+1), fmt.Sprintf("Organization/o/%d", i+1))
	}
	slices.Reverse(want)
	half := slices.DeleteFunc(slices.Clone(want), func(s string) bool { return strings.HasPrefix(s, "Org") })
	for _, count := range []int{1, 2, 7, 0} {
		if diff := cmp.Diff(want, w.history(w.all, store.HistoryQuery{Count: count})); diff != "" {
			w.Errorf("everything, %d a page (-want +got):\n%s", count, diff)
		}
		if diff := cmp.Diff(half, w.history(w.all, store.HistoryQuery{Type: "Patient", Count: count})); diff != "" {
			w.Errorf("a type, %d a page (-want +got):\n%s", count, diff)
		}
		if diff := cmp.Diff(half, w.history(w.all, store.HistoryQuery{Type: "Patient", ID: "a", Count: count})); diff != "" {
			w.Errorf("a resource, %d a page (-want +got):\n%s", count, diff)
		}
	}
	var tenth store.Version
	w.view(func(n *store.Snap) (err error) { tenth, err = n.GetVersion(w.all, "Patient", "a", 10); return err })
	for _, q := range []store.HistoryQuery{{Type: "Patient", ID: "a"}, {Type: "Patient"}} {
		q.Since = tenth.At
		if diff := cmp.Diff(half[:16], w.history(w.all, q)); diff != "" {
			w.Errorf("since version 10 (-want +got):\n%s", diff)
		}
		q.Since, q.At = time.Time{}, tenth.At
		if diff := cmp.Diff([]string{"Patient/a/10"}, w.history(w.all, q)); diff != "" {
			w.Errorf("at version 10 (-want +got):\n%s", diff)
		}
	}
}

func ifMatch(_ *testing.T, w *world) {
	w.commit(w.put("Patient", "p", ""))
	one, two := w.put("Patient", "p", `"active":true`), w.put("Patient", "p", `"active":false`)
	one.Version, two.Version = 1, 1
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i, c := range []*store.Change{one, two} {
		wg.Add(1)
		go func() {
			defer wg.Done()
			_, errs[i] = w.Commit(w.ctx(), &store.Tx{Changes: []*store.Change{c}})
		}()
	}
	wg.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		w.Fatalf("of two writers who saw version 1, the errors are %v and %v; want one to win", errs[0], errs[1])
	}
	lost := errors.Join(errs...)
	w.wantKind("the second writer", lost, fault.Precondition)
	var refused *store.Refused
	if !errors.As(lost, &refused) || refused.Wanted != 1 || refused.Found != 2 {
		w.Errorf("refused = %+v, want version 1 wanted and 2 found", refused)
	}
	absent := w.put("Patient", "q", "")
	absent.Version = 1
	w.refuses(store.Absent, absent)
}

func failedLeavesNothing(_ *testing.T, w *world) {
	w.commit(w.put("Patient", "old", ""))
	before := w.t()
	stale := w.put("Patient", "old", `"active":true`)
	stale.Version = 9
	w.refuses(store.Changing, w.put("Patient", "new", ""), w.put("Observation", "o", `"status":"final","subject":{"reference":"Patient/unheard-of"}`), stale)
	for _, id := range []fhir.ID{"new"} {
		_, err := w.get(w.all, "Patient", id)
		w.wantKind("what came with a refused change", err, fault.NotFound)
	}
	if after := w.t(); after != before {
		w.Errorf("t went from %d to %d by a failed transaction", before, after)
	}
	w.view(func(n *store.Snap) error {
		if p, ok, err := n.PersonOf("unheard-of"); ok || err != nil {
			w.Errorf("a failed transaction kept person %d for a Patient (%v)", p, err)
		}
		return nil
	})
	if got := w.history(w.all, store.HistoryQuery{}); len(got) != 1 {
		w.Errorf("history = %v, want one version", got)
	}
	if _, err := w.Commit(w.ctx(), &store.Tx{Changes: []*store.Change{w.put("Patient", "twice", ""), w.put("Patient", "twice", "")}}); fault.KindOf(err) != fault.Invalid {
		w.Errorf("a resource changed twice in one transaction: %v, want it refused", err)
	}
}

func groupSurvives(_ *testing.T, w *world) {
	var wg sync.WaitGroup
	errs := make([]error, 200)
	for i := range errs {
		wg.Add(1)
		go func() {
			defer wg.Done()
			c := w.put("Patient", fhir.ID(fmt.Sprintf("p%d", i)), "")
			if i%3 == 0 {
				c.Version = 5
			}
			_, errs[i] = w.Commit(w.ctx(), &store.Tx{Changes: []*store.Change{c}})
		}()
	}
	wg.Wait()
	for i, err := range errs {
		_, got := w.get(w.all, "Patient", fhir.ID(fmt.Sprintf("p%d", i)))
		if (i%3 == 0) != (err != nil) || (err == nil) != (got == nil) {
			w.Fatalf("writer %d: commit %v, then read %v", i, err, got)
		}
	}
}

func usedID(_ *testing.T, w *world) {
	create := func() *store.Change {
		c := Change(w, store.Post, "Patient", "p", "")
		c.Expect = store.Nothing
		return c
	}
	w.commit(create())
	w.refuses(store.Exists, create())
	w.commit(w.remove("Patient", "p"))
	w.refuses(store.Exists, create())
	update := w.put("Patient", "q", "")
	update.Expect = store.Something
	w.refuses(store.Absent, update)
}

func unlessSame(_ *testing.T, w *world) {
	first := w.commit(w.put("Patient", "p", `"active":true`))
	before := w.t()
	c := w.put("Patient", "p", ` "active" : true `)
	c.UnlessSame = true
	again := w.commit(c)
	if !again.Changed[0].Same || again.Changed[0].Number != 1 || !again.Changed[0].At.Equal(first.At) {
		w.Errorf("the same content again: %+v, want version 1 of %v", again.Changed[0], first.At)
	}
	if w.t() != before {
		w.Error("writing nothing took a t")
	}
	c = w.put("Patient", "p", `"active":false`)
	c.UnlessSame = true
	if got := w.commit(c).Changed[0]; got.Same || got.Number != 2 {
		w.Errorf("other content: %+v, want version 2", got)
	}
}

func receipts(_ *testing.T, w *world) {
	write := func() (store.Committed, error) {
		return w.Commit(w.ctx(), &store.Tx{Receipt: []byte("bundle 1"), Changes: []*store.Change{w.put("Patient", "p", "")}})
	}
	if done, err := write(); err != nil || done.Again {
		w.Fatalf("first: %+v, %v", done, err)
	}
	if done, err := write(); err != nil || !done.Again {
		w.Errorf("again: %+v, %v; want nothing written", done, err)
	}
	if v := w.mustGet("Patient", "p"); v.Number != 1 {
		w.Errorf("version %d, want 1", v.Number)
	}
}

func asOf(_ *testing.T, w *world) {
	w.commit(w.put("Patient", "kept", ""), w.put("Patient", "changed", `"active":true`), w.put("Patient", "deleted", ""))
	then := w.t()
	w.commit(w.put("Patient", "changed", `"active":false`))
	w.commit(w.put("Patient", "changed", `"gender":"male"`), w.remove("Patient", "deleted"), w.put("Patient", "new", ""))
	err := w.ViewAsOf(w.ctx(), then, func(n *store.Snap) error {
		for _, id := range []fhir.ID{"kept", "changed", "deleted"} {
			if v, err := n.Get(w.all, "Patient", id); err != nil || v.Number != 1 {
				w.Errorf("%s as of then = version %d, %v; want 1", id, v.Number, err)
			}
		}
		_, err := n.Get(w.all, "Patient", "new")
		w.wantKind("what was not there then", err, fault.NotFound)
		found, _, err := n.History(w.all, store.HistoryQuery{}, nil)
		if len(found) != 3 || err != nil {
			w.Errorf("history as of then has %d versions (%v), want 3", len(found), err)
		}
		_, err = n.GetVersion(w.all, "Patient", "changed", 2)
		w.wantKind("a version that was not there then", err, fault.NotFound)
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
}

func hiddenLooksAbsent(_ *testing.T, w *world) {
	w.commit(w.put("Patient", "me", ""), w.put("Patient", "other", ""))
	f := w.patient("me", access.Read)
	if _, err := w.get(f, "Patient", "me"); err != nil {
		w.Errorf("their own: %v", err)
	}
	_, hidden := w.get(f, "Patient", "other")
	_, absent := w.get(f, "Patient", "nobody")
	w.wantKind("hidden", hidden, fault.NotFound)
	if fault.MessageOf(hidden) != fault.MessageOf(absent) {
		w.Errorf("hidden says %q, absent %q", fault.MessageOf(hidden), fault.MessageOf(absent))
	}
	if !errors.Is(hidden, store.ErrHidden) || errors.Is(absent, store.ErrHidden) {
		w.Error("the audit cannot tell hidden from absent")
	}
	for _, q := range []store.HistoryQuery{{}, {Type: "Patient"}} {
		if got := w.history(w.patient("me", access.Changes), q); len(got) != 0 && !slices.Equal(got, []string{"Patient/me/1"}) {
			w.Errorf("history %+v of a patient = %v", q, got)
		}
	}
	w.view(func(n *store.Snap) error {
		_, _, err := n.History(w.patient("me", access.History), store.HistoryQuery{Type: "Patient", ID: "other"}, nil)
		w.wantKind("the history of what is hidden", err, fault.NotFound)
		_, err = n.GetVersion(w.patient("me", access.History), "Patient", "other", 1)
		w.wantKind("a version of what is hidden", err, fault.NotFound)
		return nil
	})
}

func rightsBeforeAndAfter(_ *testing.T, w *world) {
	w.commit(w.put("Patient", "me", ""), w.put("Patient", "other", ""))
	of := func(id fhir.ID, of string) *store.Change {
		return w.put("Observation", id, `"status":"final","subject":{"reference":"Patient/`+of+`"}`)
	}
	create := w.patient("me", access.Create)
	mine := of("o1", "me")
	mine.After = create
	w.commit(mine)
	theirs := of("o2", "other")
	theirs.After = create
	w.refuses(store.Forbidden, theirs)
	strange := of("o2", "of-whom-nobody-heard")
	strange.After = create
	w.refuses(store.Forbidden, strange)
	w.commit(of("o3", "other"))
	hidden := of("o3", "me")
	hidden.Before, hidden.After = w.patient("me", access.Read), create
	w.refuses(store.Hidden, hidden)
	if v := w.mustGet("Observation", "o3"); v.Number != 1 {
		w.Errorf("a refused change made version %d", v.Number)
	}
}

func checks(_ *testing.T, w *world) {
	var wg sync.WaitGroup
	won := make([]bool, 20)
	for i := range won {
		wg.Add(1)
		go func() {
			defer wg.Done()
			c := w.put("Patient", fhir.ID(fmt.Sprintf("p%d", i)), "")
			_, err := w.Commit(w.ctx(), &store.Tx{Changes: []*store.Change{c}, Check: func(n *store.Snap) error {
				found, _, err := n.History(w.all, store.HistoryQuery{Count: 1}, nil)
				if err == nil && len(found) > 0 {
					err = fault.New(fault.Conflict, "someone was first")
				}
				return err
			}})
			won[i] = err == nil
			if err != nil && fault.KindOf(err) != fault.Conflict {
				w.Errorf("writer %d: %v", i, err)
			}
		}()
	}
	wg.Wait()
	if n := len(w.history(w.all, store.HistoryQuery{})); n != 1 {
		w.Errorf("%d writers found that they were first, want 1", n)
	}
}

// Sound verifies a store.
func Sound(t testing.TB, s *store.Store) {
	t.Helper()
	if _, err := s.Verify(context.Background()); err != nil {
		t.Errorf("Verify: %v", err)
	}
}

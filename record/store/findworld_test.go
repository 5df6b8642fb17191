package store

import (
	"archive/zip"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"joinery/bench/cluster"
	"joinery/fault"
	"joinery/fhir"
	"joinery/fhir/r4"
	"joinery/record/access"
	"joinery/record/search"
)

var testNow = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// world is a store with some of Synthea's people, and the same in memory.
type world struct {
	*Store
	all     []resource0
	filter  *access.Filter // whom the oracle speaks for
	visible []resource0    // … and what they may see; nil: all
}

// resource0 is a resource as the oracle has it.
type resource0 struct {
	typ string
	id  fhir.ID
	doc *fhir.Doc
}

func (r resource0) name() string { return r.typ + "/" + string(r.id) }

// synthea returns the resources of n bundles, references made literal.
func synthea(t testing.TB, n int) []resource0 {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	z, err := zip.OpenReader(filepath.Join(dir, "../shared/data/synthea/r4-transaction-bundles-120.zip"))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("Synthea's bundles are missing: %v", err)
		}
		t.Skipf("Synthea's bundles are missing: %v", err)
	}
	t.Cleanup(func() { z.Close() })
	var out []resource0
	for _, f := range z.File {
		if !strings.HasSuffix(f.Name, ".json") || n == 0 {
			continue
		}
		n--
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		r.Close()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, readBundle(t, data)...)
	}
	return out
}

func readBundle(t testing.TB, data []byte) []resource0 {
	t.Helper()
	bundle, err := fhir.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for e := range bundle.Root().Get("entry").Items() {
		url, typ := e.Get("fullUrl").Text(), e.Get("resource").Get("resourceType").Text()
		names = append(names, `"`+url+`"`, `"`+typ+"/"+strings.TrimPrefix(url, "urn:uuid:")+`"`)
	}
	literal := strings.NewReplacer(names...)
	var out []resource0
	for e := range bundle.Root().Get("entry").Items() {
		res := e.Get("resource")
		id := strings.TrimPrefix(e.Get("fullUrl").Text(), "urn:uuid:")
		body := literal.Replace(string(res.Raw()))
		if !res.Get("id").Exists() {
			body = strings.Replace(body, "{", `{"id":"`+id+`",`, 1)
		}
		doc, err := fhir.Parse([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, resource0{res.Get("resourceType").Text(), fhir.ID(doc.Root().Get("id").Text()), doc})
	}
	return out
}

// backend names a new, empty database.
type backend func(t testing.TB) string

func onSQLite(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "test.db") }

// onBoth runs a test on either database.
func onBoth(t *testing.T, do func(t *testing.T, empty backend)) {
	t.Run("SQLite", func(t *testing.T) { do(t, onSQLite) })
	t.Run("PostgreSQL", func(t *testing.T) {
		c, err := cluster.New(context.Background())
		if err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
		t.Cleanup(func() { c.Stop() })
		n := 0
		do(t, func(t testing.TB) string {
			n++
			url, err := c.Create(context.Background(), fmt.Sprintf("find%d", n))
			if err != nil {
				t.Fatal(err)
			}
			return url
		})
	})
}

// newWorld stores resources in a new record.
func newWorld(t testing.TB, empty backend, all []resource0) *world {
	t.Helper()
	s, err := Open(context.Background(), empty(t), Options{Clock: func() time.Time { return testNow }, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	w := &world{Store: s}
	w.put(t, all...)
	return w
}

// put stores resources, each instead of the one before.
func (w *world) put(t testing.TB, all ...resource0) {
	t.Helper()
	where := map[string]int{}
	for i, r := range w.all {
		where[r.name()] = i
	}
	seen := map[string]bool{} // an Organization is in the bundle of each of its patients
	all = slices.DeleteFunc(slices.Clone(all), func(r resource0) bool {
		again := seen[r.name()]
		seen[r.name()] = true
		return again
	})
	for part := range slices.Chunk(all, 1000) {
		tx := &Tx{}
		for _, r := range part {
			c, err := Prepare(r.typ, r.id, Put, r.doc)
			if err != nil {
				t.Fatal(err)
			}
			tx.Changes = append(tx.Changes, c)
		}
		if _, err := w.Commit(context.Background(), tx); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range all {
		if i, ok := where[r.name()]; ok {
			w.all[i] = r
			continue
		}
		w.all = append(w.all, r)
	}
}

func (w *world) drop(t testing.TB, r resource0) {
	t.Helper()
	gone, err := Deletion(r.typ, r.id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(context.Background(), &Tx{Changes: []*Change{gone}}); err != nil {
		t.Fatal(err)
	}
	w.all = slices.DeleteFunc(w.all, func(o resource0) bool { return o.name() == r.name() })
}

// everyone is a system that may see all.
func everyone(t testing.TB) Rights {
	t.Helper()
	scopes, err := access.ParseScopes("system/*.cruds")
	if err != nil {
		t.Fatal(err)
	}
	subject, err := access.NewSystem(access.Who{Client: "test", Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	return rightsOf(subject)
}

func rightsOf(s access.Subject) Rights {
	p := access.Shipped()
	return Rights{p.Filter(s, access.Search, testNow), p.Filter(s, access.Read, testNow), p.Filter(s, access.Count, testNow)}
}

func query(t testing.TB, typ, raw string) *search.Query {
	t.Helper()
	pairs, err := search.Pairs(raw)
	if err != nil {
		t.Fatal(err)
	}
	q, err := search.Parse(typ, pairs, search.Options{Strict: true, Now: testNow, Base: "https://record.example/fhir"})
	if err != nil {
		t.Fatalf("Parse(%s, %s): %v", typ, raw, err)
	}
	return q
}

// pages asks for all pages of a query and returns the matches, and the includes
// of each page, by name.
func (w *world) pages(t testing.TB, rights Rights, q *search.Query, at int64) (matches, includes []string, total *int) {
	t.Helper()
	var after []byte
	for {
		var found Finding
		look := func(n *Snap) (err error) {
			found, err = n.Find(rights, q, after)
			return err
		}
		var err error
		if at == 0 {
			err = w.View(context.Background(), look)
		} else {
			err = w.ViewAsOf(context.Background(), at, look)
		}
		if err != nil {
			t.Fatalf("Find(%s?%s): %v", q.Type, q.Self(), err)
		}
		n := 0
		for _, f := range found.Found {
			name := f.Version.Type + "/" + string(f.Version.ID)
			if f.Include {
				includes = append(includes, name)
				continue
			}
			matches = append(matches, name)
			n++
		}
		if n > q.Count {
			t.Errorf("%s?%s: a page of %d, want at most %d", q.Type, q.Self(), n, q.Count)
		}
		if total == nil {
			total = found.Total
		}
		if after = found.Next; after == nil {
			return matches, includes, total
		}
	}
}

// oracle answers a query from memory, one clause after the other.
func (w *world) oracle(q *search.Query) []string {
	var out []string
	for _, r := range w.seen() {
		if q.Type != "" && r.typ != q.Type || q.Types != nil && !slices.Contains(q.Types, r.typ) {
			continue
		}
		if w.holdAll(q.Where, r) {
			out = append(out, r.name())
		}
	}
	return out
}

// seen are the resources that the subject whom the oracle speaks for may see.
func (w *world) seen() []resource0 {
	if w.visible == nil {
		return w.all
	}
	return w.visible
}

// barred reports whether a parameter must not find a resource.
func (w *world) barred(r resource0, code string) bool {
	if w.filter == nil {
		return false
	}
	number, _ := r4.TypeNumber(r.typ)
	return bars(w.filter.Barred(number, code), int64(access.Labels(r.doc.Root())))
}

// nothing is a resource with no elements.
func nothing(typ string) fhir.Value {
	doc, _ := fhir.Parse([]byte(`{"resourceType":"` + typ + `"}`))
	return doc.Root()
}

// as makes the oracle speak for a subject.
func (w *world) as(t testing.TB, rights Rights) {
	t.Helper()
	w.filter, w.visible = rights.Search, []resource0{}
	err := w.View(context.Background(), func(n *Snap) error {
		for _, r := range w.all {
			_, err := n.Get(rights.Search, r.typ, r.id)
			switch fault.KindOf(err) {
			case fault.NotFound:
				continue
			}
			if err != nil {
				return err
			}
			w.visible = append(w.visible, r)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) holdAll(clauses []*search.Clause, r resource0) bool {
	for _, c := range clauses {
		if !w.holds(c, r) {
			return false
		}
	}
	return true
}

func (w *world) holds(c *search.Clause, r resource0) bool {
	switch {
	case c.Plain() && c.Param.Code == "_lastUpdated":
		return c.MatchTime(testNow.UnixMilli())
	case c.Has == nil && w.barred(r, c.Param.Code):
		return c.Chain == nil && c.MatchBody(r.typ, nothing(r.typ))
	case c.Chain != nil:
		refers := c.Refers(nil, search.Extract(nil, r.typ, r.doc.Root()))
		for _, link := range c.Chain {
			for _, o := range w.seen() {
				if o.typ == link.Type && slices.Contains(refers, search.Hash(o.name())) && w.holds(link.Where, o) {
					return true
				}
			}
		}
		return false
	case c.Has != nil:
		for _, o := range w.seen() {
			if w.barred(o, c.Has.Param.Code) {
				continue
			}
			if o.typ == c.Has.Type && slices.Contains(c.Has.Refers(nil, search.Extract(nil, o.typ, o.doc.Root())), search.Hash(r.name())) && w.holds(c.Has.Where, o) {
				return true
			}
		}
		return false
	}
	return c.MatchBody(r.typ, r.doc.Root())
}

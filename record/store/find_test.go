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

	"github.com/google/go-cmp/cmp"

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

// asked are searches over Synthea's people.
var asked = []struct{ typ, raw string }{
	{"Patient", ""},
	{"Patient", "gender=female"},
	{"Patient", "gender:not=female"},
	{"Patient", "birthdate=lt1960&_sort=birthdate"},
	{"Patient", "birthdate=ge1960&_sort=-birthdate,family"},
	{"Patient", "name=a"},
	{"Patient", "family:contains=e&_sort=family"},
	{"Patient", "address-city:missing=false&deceased=false"},
	{"Patient", "death-date:missing=true&_sort=gender,-birthdate"},
	{"Patient", "_has:Observation:patient:code=8302-2"},
	{"Patient", "_has:Encounter:patient:_has:Claim:encounter:status=active"},
	{"Patient", "_has:Encounter:patient:service-provider.name:contains=a"},
	{"Practitioner", "name:contains=a&_sort=-name"},
	{"Practitioner", "_has:Encounter:participant:status=finished"},
	{"Organization", "_sort=name&_count=3"},
	{"Observation", "code=8302-2&_count=7"},
	{"Observation", "code=http://loinc.org|8302-2&_sort=-date&_count=7"},
	{"Observation", "code=8302-2,29463-7&value-quantity=gt100"},
	{"Observation", "code-value-quantity=8302-2$gt150"},
	{"Observation", "combo-code-value-quantity=8480-6$gt120|http://unitsofmeasure.org|mm[Hg]"},
	{"Observation", "value-quantity=gt1|http://unitsofmeasure.org|m"},
	{"Observation", "date=ge2015&date=lt2016&category=laboratory"},
	{"Observation", "patient.gender=male&code=8302-2"},
	{"Observation", "patient.family:contains=a&_count=50"},
	{"Observation", "encounter.service-provider.name:contains=a&code=8302-2"},
	{"Observation", "code:text=body&_sort=-value-quantity&_count=20"},
	{"Encounter", "class=AMB&date=gt2018"},
	{"Encounter", "participant:missing=false&_sort=-date"},
	{"Condition", "clinical-status=active&_sort=onset-date"},
	{"Condition", "code:text=viral"},
	{"DiagnosticReport", "result.code=2093-3"},
	{"MedicationRequest", "status=active&_sort=status,-authoredon"},
	{"Procedure", "date=2015,2016,2017"},
	{"Claim", "encounter:missing=true"},
	{"Immunization", "vaccine-code=140&_count=11"},
	{"", "_type=Patient,Practitioner"},
	{"", "_type=Patient,Organization&_sort=_lastUpdated&_count=10"},
	{"Device", ""},
}

func sorted(names []string) []string {
	out := slices.Clone(names)
	slices.Sort(out)
	return out
}

func TestFind(t *testing.T) {
	onBoth(t, func(t *testing.T, empty backend) {
		for _, law := range []struct {
			name string
			test func(*testing.T, backend)
		}{
			{"a search gives what the oracle does", testFindGivesWhatTheOracleDoes},
			{"a search gives what the subject may see", testFindBySubjects},
			{"a search is in the order asked for", testFindOrders},
			{"what is referred to is included", testFindIncludes},
			{"older pages see one state", testOlderPagesSeeOneState},
			{"everything of a person is given", testEverything},
			{"linked persons are found as one", testFindLinked},
			{"a resource of several persons is found once", testFindManyPersons},
			{"too costly searches are refused", testFindTooCostly},
		} {
			t.Run(law.name, func(t *testing.T) { law.test(t, empty) })
		}
	})
}

func testFindGivesWhatTheOracleDoes(t *testing.T, empty backend) {
	w := newWorld(t, empty, synthea(t, 6))
	rights := everyone(t)
	vain := 0
	for _, tt := range asked {
		q := query(t, tt.typ, tt.raw)
		want := sorted(w.oracle(q))
		got, _, _ := w.pages(t, rights, q, 0)
		if diff := cmp.Diff(want, sorted(got)); diff != "" {
			t.Errorf("%s?%s: %d found, want %d", tt.typ, tt.raw, len(got), len(want))
		}
		if len(want) == 0 {
			vain++
			t.Logf("%s?%s finds nothing", tt.typ, tt.raw)
		}
		counted := query(t, tt.typ, strings.TrimPrefix(tt.raw+"&_summary=count", "&"))
		if _, _, total := w.pages(t, rights, counted, 0); total == nil || *total != len(want) {
			t.Errorf("%s?%s: counted %v, want %d", tt.typ, tt.raw, total, len(want))
		}
	}
	if vain > len(asked)/4 {
		t.Errorf("%d of %d searches find nothing: they test too little", vain, len(asked))
	}
}

// practice gives some of Synthea's people a practice that shares, and one of
// them an address that must not be known.
func practice(t testing.TB, all []resource0) []resource0 {
	t.Helper()
	out := slices.Clone(all)
	n := 0
	for i, r := range out {
		if r.typ != "Patient" {
			continue
		}
		n++
		text := string(r.doc.Bytes())
		if n%2 == 0 {
			text = strings.Replace(text, "{", `{"generalPractitioner":[{"reference":"Organization/gp"}],`, 1)
		}
		if n%4 == 0 {
			security := `"security":[{"system":"urn:joinery:label","code":"protected-address"}]`
			if meta := strings.Index(text, `"meta"`); meta < 0 {
				text = strings.Replace(text, "{", `{"meta":{`+security+`},`, 1)
			} else {
				text = text[:meta] + strings.Replace(text[meta:], "{", "{"+security+",", 1)
			}
		}
		doc, err := fhir.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		out[i].doc = doc
	}
	for _, body := range []string{
		`{"resourceType":"Organization","id":"gp","name":"Practice"}`,
		`{"resourceType":"Consent","id":"share","status":"active","scope":{"text":"sharing"},"category":[{"text":"sharing agreement"}],"policyRule":{"text":"x"},"provision":{"type":"permit","actor":[{"role":{"text":"party"},"reference":{"reference":"Organization/gp"}},{"role":{"text":"party"},"reference":{"reference":"Organization/other"}}],"purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"}]}}`,
	} {
		doc, err := fhir.Parse([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, resource0{doc.Root().Get("resourceType").Text(), fhir.ID(doc.Root().Get("id").Text()), doc})
	}
	return out
}

func testFindBySubjects(t *testing.T, empty backend) {
	w := newWorld(t, empty, practice(t, synthea(t, 8)))
	var patient fhir.ID
	for _, r := range w.all {
		if r.typ == "Patient" {
			patient = r.id
		}
	}
	self, err := access.NewPatient(access.Who{}, patient)
	if err != nil {
		t.Fatal(err)
	}
	staff, err := access.NewStaff(access.Who{Client: "ward", Purpose: access.Treatment}, access.Member{Practitioner: "d1", Organization: "gp"})
	if err != nil {
		t.Fatal(err)
	}
	narrow, err := access.ParseScopes("system/Observation.rs system/Organization.rs")
	if err != nil {
		t.Fatal(err)
	}
	feed, err := access.NewSystem(access.Who{Client: "feed", Scopes: narrow})
	if err != nil {
		t.Fatal(err)
	}
	public, err := access.NewPublic(access.Who{})
	if err != nil {
		t.Fatal(err)
	}
	for name, subject := range map[string]access.Subject{"patient": self, "staff": staff, "feed": feed, "public": public} {
		rights := rightsOf(subject)
		w.as(t, rights)
		t.Logf("%s sees %d of %d", name, len(w.visible), len(w.all))
		if len(w.visible) == 0 || len(w.visible) == len(w.all) {
			t.Errorf("%s sees %d of %d: it tests nothing", name, len(w.visible), len(w.all))
		}
		for _, tt := range append(slices.Clone(asked), struct{ typ, raw string }{"Patient", "address-city:missing=true"}, struct{ typ, raw string }{"Patient", "_sort=address-city&_count=3"}) {
			q := query(t, tt.typ, tt.raw)
			want := w.oracle(q)
			got, _, _ := w.pages(t, rights, q, 0)
			if diff := cmp.Diff(sorted(want), sorted(got)); diff != "" {
				t.Errorf("%s: %s?%s: %d found, want %d", name, tt.typ, tt.raw, len(got), len(want))
			}
			counted := query(t, tt.typ, strings.TrimPrefix(tt.raw+"&_summary=count", "&"))
			if _, _, total := w.pages(t, rights, counted, 0); total == nil || *total != len(want) {
				t.Errorf("%s: %s?%s: counted %v, want %d", name, tt.typ, tt.raw, total, len(want))
			}
		}
		q := query(t, "Observation", "code=8302-2&_include=Observation:encounter&_include=Observation:subject&_include=Observation:performer&_revinclude=DiagnosticReport:result")
		_, includes, _ := w.pages(t, rights, q, 0)
		for _, name := range includes {
			if !slices.ContainsFunc(w.visible, func(r resource0) bool { return r.name() == name }) {
				t.Errorf("%s is included, and must not be seen", name)
			}
		}
	}
}

func testFindLinked(t *testing.T, empty backend) {
	const number = `"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9000000009","extension":[{"url":"https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus","valueCodeableConcept":{"coding":[{"system":"https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus","code":"01"}]}}]}]`
	var all []resource0
	for _, body := range []string{
		`{"resourceType":"Patient","id":"a",` + number + `}`,
		`{"resourceType":"Patient","id":"b",` + number + `}`,
		`{"resourceType":"Patient","id":"c"}`,
		`{"resourceType":"Observation","id":"oa","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"}}`,
		`{"resourceType":"Observation","id":"ob","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/b"}}`,
		`{"resourceType":"Observation","id":"oc","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/c"}}`,
		`{"resourceType":"Appointment","id":"ab","status":"booked","participant":[{"status":"accepted","actor":{"reference":"Patient/a"}},{"status":"accepted","actor":{"reference":"Patient/b"}},{"status":"accepted","actor":{"reference":"Patient/c"}}]}`,
	} {
		doc, err := fhir.Parse([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, resource0{doc.Root().Get("resourceType").Text(), fhir.ID(doc.Root().Get("id").Text()), doc})
	}
	w := newWorld(t, empty, all)
	for _, tt := range []struct {
		typ, raw string
		want     string
	}{
		{"Observation", "patient=a", "[Observation/oa Observation/ob]"},
		{"Observation", "patient=Patient/b&_count=1", "[Observation/oa Observation/ob]"},
		{"Observation", "patient=c", "[Observation/oc]"},
		{"Observation", "patient=nobody", "[]"},
		{"Appointment", "patient=a", "[Appointment/ab]"},
		{"Appointment", "status=booked&_count=1", "[Appointment/ab]"},
		{"Appointment", "_count=1", "[Appointment/ab]"},
		{"Appointment", "_sort=-date&_count=1", "[Appointment/ab]"},
		{"Appointment", "_id=ab", "[Appointment/ab]"},
		{"", "_type=Appointment,Observation&_count=1", "[Appointment/ab Observation/oa Observation/ob Observation/oc]"},
	} {
		got, _, total := w.pages(t, everyone(t), query(t, tt.typ, tt.raw+"&_total=accurate"), 0)
		if fmt.Sprint(sorted(got)) != tt.want {
			t.Errorf("%s?%s = %v, want %s", tt.typ, tt.raw, got, tt.want)
		}
		if *total != len(got) {
			t.Errorf("%s?%s: total %d, want %d", tt.typ, tt.raw, *total, len(got))
		}
	}
	q, err := search.ParseCompartment("Patient", "b", "", nil, search.Options{Strict: true, Now: testNow})
	if err != nil {
		t.Fatal(err)
	}
	got, _, _ := w.pages(t, everyone(t), q, 0)
	if want := "[Appointment/ab Observation/oa Observation/ob Patient/a Patient/b]"; fmt.Sprint(sorted(got)) != want {
		t.Errorf("compartment of b = %v, want %s", sorted(got), want)
	}
	err = w.View(context.Background(), func(n *Snap) error {
		found, err := n.Everything(everyone(t).Read, "a", Everything{}, nil)
		if len(found.Found) != 5 {
			t.Errorf("everything of a: %d, want 5", len(found.Found))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func testFindTooCostly(t *testing.T, empty backend) {
	w := newWorld(t, empty, synthea(t, 1))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := w.View(ctx, func(n *Snap) error {
		_, err := n.Find(everyone(t), query(t, "Observation", "code:text=x"), nil)
		return err
	})
	if err == nil {
		t.Error("a search whose time is over was answered")
	}
	s := &finder{scanned: maxScanned}
	if err := s.spend(maxBodies + 1); fault.KindOf(err) != fault.TooLarge {
		t.Errorf("spend = %v, want %v", err, fault.TooLarge)
	}
}

func testFindOrders(t *testing.T, empty backend) {
	w := newWorld(t, empty, synthea(t, 3))
	for _, raw := range []string{"_sort=-date&_count=9", "_sort=date", "_sort=code,-date&_count=50", "_sort=-value-quantity,date&_count=100", "_sort=_id", "_sort=-_lastUpdated"} {
		q := query(t, "Observation", raw)
		got, _, _ := w.pages(t, everyone(t), q, 0)
		byName := map[string]resource0{}
		for _, r := range w.all {
			byName[r.name()] = r
		}
		for i := 1; i < len(got); i++ {
			for _, key := range q.Sort {
				if key.Param.Code[0] == '_' {
					continue
				}
				a, b := byName[got[i-1]], byName[got[i]]
				order := key.Compare(key.ValueBody(a.typ, a.doc.Root()), key.ValueBody(b.typ, b.doc.Root()))
				if order > 0 {
					t.Fatalf("%s: %s stands before %s", raw, got[i-1], got[i])
				}
				if order < 0 {
					break
				}
			}
		}
	}
}

func testFindIncludes(t *testing.T, empty backend) {
	w := newWorld(t, empty, synthea(t, 2))
	for _, tt := range []struct{ typ, raw string }{
		{"Observation", "code=8302-2&_include=Observation:encounter&_include=Observation:subject"},
		{"Observation", "code=8302-2&_include=Observation:encounter&_include:iterate=Encounter:participant:Practitioner"},
		{"Patient", "_revinclude=Condition:patient&_revinclude:iterate=Encounter:diagnosis"},
		{"Encounter", "_count=5&_include=Encounter:subject&_revinclude:iterate=Encounter:subject&_include:iterate=Encounter:subject"},
	} {
		q := query(t, tt.typ, tt.raw)
		matches, includes, _ := w.pages(t, everyone(t), q, 0)
		if len(includes) == 0 {
			t.Errorf("%s?%s includes nothing", tt.typ, tt.raw)
		}
		for _, r := range w.all {
			if !slices.Contains(matches, r.name()) {
				continue
			}
			for i := range q.Include {
				if q.Include[i].Source != r.typ {
					continue
				}
				for _, at := range q.Include[i].Targets(r.doc.Root()) {
					name := at.Type + "/" + string(at.ID)
					if !slices.Contains(includes, name) && !slices.Contains(matches, name) {
						t.Errorf("%s?%s: %s is not included with %s", tt.typ, tt.raw, name, r.name())
					}
				}
			}
		}
	}
}

// testOlderPagesSeeOneState changes the record between the pages of a search.
func testOlderPagesSeeOneState(t *testing.T, empty backend) {
	w := newWorld(t, empty, synthea(t, 2))
	var at int64
	if err := w.View(context.Background(), func(n *Snap) error { at = n.T(); return nil }); err != nil {
		t.Fatal(err)
	}
	before := map[string][]string{}
	raws := []string{"code=8302-2&_count=3", "code=8302-2&_sort=-date&_count=3", "status=final&_count=40", "status:not=final", "patient.gender=female&_count=20"}
	for _, raw := range raws {
		before[raw], _, _ = w.pages(t, everyone(t), query(t, "Observation", raw), 0)
	}
	var changed []resource0
	for i, r := range w.all {
		switch {
		case r.typ != "Observation" && r.typ != "Patient" || i%3 == 0:
		case i%3 == 1 && r.typ == "Observation":
			w.drop(t, r)
		default:
			text := strings.NewReplacer(`"final"`, `"amended"`, `"female"`, `"other"`, "8302-2", "8302-3").Replace(string(r.doc.Bytes()))
			doc, err := fhir.Parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			changed = append(changed, resource0{r.typ, r.id, doc})
		}
	}
	w.put(t, changed...)
	for _, raw := range raws {
		q := query(t, "Observation", raw)
		if got, _, _ := w.pages(t, everyone(t), q, at); !slices.Equal(got, before[raw]) {
			t.Errorf("%s as it was: %d found, want the %d of before", raw, len(got), len(before[raw]))
		}
		if got, _, _ := w.pages(t, everyone(t), q, 0); !slices.Equal(sorted(got), sorted(w.oracle(q))) {
			t.Errorf("%s as it is: %d found, want %d", raw, len(got), len(w.oracle(q)))
		}
	}
}

func testEverything(t *testing.T, empty backend) {
	w := newWorld(t, empty, synthea(t, 3))
	var patient fhir.ID
	for _, r := range w.all {
		if r.typ == "Patient" {
			patient = r.id
		}
	}
	owners := map[uint64]struct{}{search.Hash("Patient/" + string(patient)): {}}
	var want []string
	for _, r := range w.all {
		if search.InCompartment(r.typ, search.Extract(nil, r.typ, r.doc.Root()), owners) {
			want = append(want, r.name())
		}
	}
	for _, count := range []int{0, 17} {
		var got, included []string
		var after []byte
		for {
			var found Finding
			err := w.View(context.Background(), func(n *Snap) (err error) {
				found, err = n.Everything(everyone(t).Read, patient, Everything{Count: count}, after)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range found.Found {
				if f.Include {
					included = append(included, f.Version.Type)
				} else {
					got = append(got, f.Version.Type+"/"+string(f.Version.ID))
				}
			}
			if after = found.Next; after == nil {
				break
			}
		}
		if diff := cmp.Diff(sorted(want), sorted(got)); diff != "" {
			t.Errorf("everything by %d: %d, want %d: %.500s", count, len(got), len(want), diff)
		}
		if !slices.Contains(included, "Practitioner") || !slices.Contains(included, "Organization") {
			t.Errorf("everything by %d includes %v, want practitioners and organisations", count, included)
		}
	}
	// The compartment gives the same, asked type by type.
	q, err := search.ParseCompartment("Patient", patient, "", nil, search.Options{Strict: true, Now: testNow})
	if err != nil {
		t.Fatal(err)
	}
	got, _, _ := w.pages(t, everyone(t), q, 0)
	if diff := cmp.Diff(sorted(want), sorted(got)); diff != "" {
		t.Errorf("compartment: %d, want %d", len(got), len(want))
	}
}

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

// testFindManyPersons has resources of several persons each, so that pages must
// not repeat or lose any.
func testFindManyPersons(t *testing.T, empty backend) {
	var all []resource0
	add := func(format string, args ...any) {
		doc, err := fhir.Parse([]byte(fmt.Sprintf(format, args...)))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, resource0{doc.Root().Get("resourceType").Text(), fhir.ID(doc.Root().Get("id").Text()), doc})
	}
	for i := range 40 {
		add(`{"resourceType":"Patient","id":"p%d"}`, i)
	}
	for i := range 60 {
		add(`{"resourceType":"Appointment","id":"a%d","status":"booked","start":"2026-01-%02dT10:00:00Z","participant":[{"status":"accepted","actor":{"reference":"Patient/p%d"}},{"status":"accepted","actor":{"reference":"Patient/p%d"}},{"status":"accepted","actor":{"reference":"Patient/p%d"}}]}`,
			i, 1+i%28, i%40, (i*7+3)%40, (i*13+11)%40)
	}
	w := newWorld(t, empty, all)
	for _, raw := range []string{"", "status=booked", "_sort=date", "_sort=-date", "patient=p1,p2,p3", "patient._id=p1,p2,p3,p4", "date=gt2026-01-10"} {
		for _, count := range []string{"1", "3", "7", "59", "60", "61"} {
			q := query(t, "Appointment", strings.TrimPrefix(raw+"&_total=accurate&_count="+count, "&"))
			got, _, total := w.pages(t, everyone(t), q, 0)
			want := w.oracle(q)
			if diff := cmp.Diff(sorted(want), sorted(got)); diff != "" || *total != len(want) {
				t.Errorf("%s by %s: %d found and %d counted, want %d", raw, count, len(got), *total, len(want))
			}
		}
	}
}

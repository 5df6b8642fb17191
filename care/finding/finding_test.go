package finding

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"joinery/criteria"
	"joinery/criteria/language"
	"joinery/fault"
	"joinery/fhir"
	"joinery/leaks"
	"joinery/record"
	"joinery/record/access"
	"joinery/record/search"
	"joinery/record/store/storetest"
	"joinery/record/timelines"
	"joinery/timeline"
)

func TestMain(m *testing.M) {
	code := m.Run()
	storetest.StopPostgres()
	os.Exit(code)
}

const header = `
version: 1.0.0
statement: For a test.
owner: Test
sources: [none]
review: 2030-01-01
`

// files are the definitions of the tests: a group, segments, a measure, and one
// that changes by age alone.
var files = []language.File{
	{Name: "twice.yaml", Data: []byte("definition: twice\ntitle: At A&E twice" + header + "who: {count: any Encounter, class: emergency, within: 12 months, is: 2 or more}\n")},
	{Name: "often.yaml", Data: []byte("definition: often\ntitle: How often at A&E" + header + `population: {registered: yes}
segments:
  - {name: Very often, when: {count: any Encounter, class: emergency, within: 12 months, is: 3 or more}}
  - {name: Sometimes, when: {has: any Encounter, class: emergency, within: 12 months}}
`)},
	{Name: "seen.yaml", Data: []byte("definition: seen\ntitle: Seen after A&E" + header + `measure: proportion
direction: higher is better
population: {has: any Encounter, class: emergency, within: 3 months}
numerator: {has: any Observation, within: 3 months}
`)},
	{Name: "of-age.yaml", Data: []byte("definition: of-age\ntitle: Grown up" + header + "who: {age: 18 or over}\n")},
}

func definitions(t testing.TB, ids ...string) []*language.Definition {
	t.Helper()
	lib, problems := language.Load(files, nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var out []*language.Definition
	for _, id := range ids {
		d, err := lib.Definition(id)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, d)
	}
	return out
}

// world is a record whose changes are followed, and a clock.
type world struct {
	testing.TB
	rec    *record.Record
	now    time.Time
	dir    string
	url    string
	keeper *timelines.Keeper
	finder *Finder
	ids    []string // of the definitions that are applied
}

func onBoth(t *testing.T, do func(*world)) {
	t.Run("sqlite", func(t *testing.T) { do(open(t, "sqlite:"+filepath.Join(t.TempDir(), "test.db"))) })
	t.Run("postgres", func(t *testing.T) { do(open(t, storetest.Postgres(t))) })
}

func open(t testing.TB, url string) *world {
	t.Helper()
	w := &world{TB: t, now: time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC), dir: t.TempDir(), url: url}
	rec, err := record.Open(t.Context(), url, record.Options{Log: leaks.Log(), Clock: w.clock, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	w.rec = rec
	t.Cleanup(func() {
		if err := rec.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *world) clock() time.Time { return w.now }

func (w *world) view() *record.View {
	w.Helper()
	scopes, err := access.ParseScopes("system/*.cruds label/*")
	if err != nil {
		w.Fatal(err)
	}
	s, err := access.NewSystem(access.Who{Client: "finding", Scopes: scopes})
	if err != nil {
		w.Fatal(err)
	}
	return w.rec.As(s)
}

// start begins to follow and to find.
func (w *world) start(ids ...string) {
	w.Helper()
	w.ids = ids
	var err error
	w.keeper, err = timelines.Open(w.Context(), w.view(), timelines.Options{Log: leaks.Log(), Path: filepath.Join(w.dir, "set"), Name: "timelines"})
	if err != nil {
		w.Fatal(err)
	}
	w.finder, err = New(w.Context(), w.view(), Options{Definitions: definitions(w, ids...), Clock: w.clock, Log: leaks.Log()})
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) stop() {
	w.Helper()
	if err := errors.Join(w.finder.Close(w.Context()), w.keeper.Close(w.Context())); err != nil {
		w.Fatal(err)
	}
}

var errEnough = errors.New("nothing changes any more")

// settle follows and finds until nothing changes any more.
func (w *world) settle() {
	w.Helper()
	ticks := make(chan time.Time)
	ctx, cancel := context.WithCancel(w.Context())
	defer cancel()
	now := w.now // the world goes on when the ticks still end
	go func() {
		for {
			select {
			case ticks <- now:
			case <-ctx.Done():
				return
			}
		}
	}()
	quiet := 0
	err := w.keeper.Run(ctx, ticks, func(ctx context.Context, changed []int64) error {
		if err := w.finder.Find(ctx, w.keeper, changed); err != nil {
			return err
		}
		if quiet++; len(changed) > 0 || len(w.finder.waiting) > 0 {
			quiet = 0
		}
		if quiet > 2 {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		w.Fatal(err)
	}
}

func (w *world) put(typ, id, members string) {
	w.Helper()
	doc, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":%q,"id":%q%s}`, typ, id, members))
	if err != nil {
		w.Fatalf("%s: %v", members, err)
	}
	w.do(record.Op{Kind: record.Update, Type: typ, ID: fhir.ID(id), Body: doc})
}

func (w *world) do(op record.Op) {
	w.Helper()
	if _, err := w.view().Transact(w.Context(), []record.Op{op}); err != nil {
		w.Fatalf("%s/%s: %v", op.Type, op.ID, err)
	}
}

func (w *world) remove(typ, id string) {
	w.Helper()
	w.do(record.Op{Kind: record.Delete, Type: typ, ID: fhir.ID(id)})
}

func attendance(patient, day, status string) string {
	return fmt.Sprintf(`,"status":%q,"class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"EMER"},"subject":{"reference":"Patient/%s"},"period":{"start":"%s","end":"%s"}`, status, patient, day, day)
}

func born(day string) string {
	return `,"birthDate":"` + day + `","generalPractitioner":[{"reference":"Organization/gp"}]`
}

func nhs(n string) string {
	return `,"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"` + n + `","extension":[{"url":"https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus","valueCodeableConcept":{"coding":[{"code":"01"}]}}]}]`
}

// found is what the record says of a person.
type found struct {
	current
	group group
}

// groups reads every person's Group of ours and the assessment that goes with
// it, and how many versions these have together.
func (w *world) groups() (all []found, versions int) {
	w.Helper()
	q, err := search.Parse("Group", []search.Pair{{Name: "actual", Value: "true"}, {Name: "_count", Value: "1000"}}, search.Options{Strict: true, Now: w.now})
	if err != nil {
		w.Fatal(err)
	}
	p, err := w.view().Search(w.Context(), q)
	if err != nil {
		w.Fatal(err)
	}
	for i := range p.Entries {
		doc, err := p.Entries[i].Version.Doc()
		if err != nil {
			w.Fatal(err)
		}
		var one found
		if err := json.Unmarshal(doc.Bytes(), &one.group); err != nil {
			w.Fatal(err)
		}
		v, err := w.view().Read(w.Context(), "RiskAssessment", one.group.ID)
		if err != nil {
			w.Fatal(err)
		}
		if doc, err = v.Doc(); err != nil {
			w.Fatal(err)
		}
		one.current, _ = readAssessment(doc.Root())
		m := one.group.Member[0]
		if m.Inactive != (one.place == "") || m.Entity != one.Subject || m.Period != one.Occurrence || v.Number != p.Entries[i].Version.Number {
			w.Errorf("a Group and its assessment differ:\n%s\n%s", p.Entries[i].Version.JSON(), v.JSON())
		}
		all = append(all, one)
		versions += v.Number
	}
	return all, versions
}

// says writes down who is where, and who left.
func (w *world) says() string {
	w.Helper()
	all, _ := w.groups()
	var out []string
	for i := range all {
		g := &all[i]
		m := g.group.Member[0]
		line := string(g.patient) + " " + g.place + " " + m.Period.Start.String()
		if g.place == "" {
			line = string(g.patient) + " -" + g.Code.Coding[0].Code + " " + m.Period.Start.String() + ".." + m.Period.End.String()
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}

func (w *world) expect(when, want string) {
	w.Helper()
	w.settle()
	if got := w.says(); got != want {
		w.Errorf("%s:\ngot  %s\nwant %s", when, got, want)
	}
}

// TestStory: what happens to a person, and what the record says of them.
func TestStory(t *testing.T) {
	onBoth(t, func(w *world) {
		w.start("twice")
		w.put("Patient", "a", born("1950-03-01"))
		w.put("Encounter", "1", attendance("a", "2025-12-01", "finished"))
		w.expect("once", "")
		w.put("Encounter", "2", attendance("a", "2026-01-04", "finished"))
		w.expect("twice", "a twice 2026-01-05")

		w.put("Encounter", "2", attendance("a", "2026-01-04", "entered-in-error"))
		w.now = w.now.AddDate(0, 0, 1)
		w.expect("entered in error", "a -twice 2026-01-05..2026-01-06")
		w.put("Encounter", "2", attendance("a", "2026-01-03", "finished"))
		w.now = w.now.AddDate(0, 0, 1)
		w.expect("corrected", "a twice 2026-01-07")
		w.put("Encounter", "0", attendance("a", "2025-11-01", "finished"))
		w.expect("a late one", "a twice 2026-01-07")
		w.remove("Encounter", "2")
		w.expect("one deleted", "a twice 2026-01-07")
		w.remove("Encounter", "0")
		w.expect("two deleted", "a -twice 2026-01-07..2026-01-07")

		w.put("Patient", "b", born("1950-03-01"))
		w.put("Encounter", "3", attendance("b", "2026-01-01", "finished"))
		w.put("Encounter", "4", attendance("b", "2026-01-02", "finished"))
		w.expect("another", "a -twice 2026-01-07..2026-01-07; b twice 2026-01-07")
		w.put("Patient", "a", born("1950-03-01")+nhs("9434765919"))
		w.put("Patient", "b", born("1950-03-01")+nhs("9434765919"))
		w.now = w.now.AddDate(0, 0, 1)
		w.expect("they are one", "a twice 2026-01-08; b -twice 2026-01-07..2026-01-08")
		w.put("Patient", "b", born("1950-03-01"))
		w.expect("they are not", "a -twice 2026-01-08..2026-01-08; b twice 2026-01-08")
		w.remove("Patient", "b")
		w.expect("nobody knows them any more", "a -twice 2026-01-08..2026-01-08; b -twice 2026-01-08..2026-01-08")
		w.put("Patient", "b", born("1950-03-01")+`,"deceasedDateTime":"2026-01-07"`)
		w.expect("back, and dead", "a -twice 2026-01-08..2026-01-08; b -twice 2026-01-08..2026-01-08")
		w.stop()
	})
}

// TestPlaces: segments and measures put people in one place after another.
func TestPlaces(t *testing.T) {
	onBoth(t, func(w *world) {
		w.start("often", "seen")
		w.put("Patient", "a", born("1950-03-01"))
		w.put("Encounter", "1", attendance("a", "2025-12-01", "finished"))
		w.expect("once", "a often.sometimes 2026-01-05; a seen.gap 2026-01-05")
		w.now = w.now.AddDate(0, 0, 1)
		w.put("Encounter", "2", attendance("a", "2025-12-02", "finished"))
		w.put("Encounter", "3", attendance("a", "2025-12-03", "finished"))
		w.put("Observation", "1", `,"status":"final","code":{"text":"x"},"effectiveDateTime":"2026-01-05","subject":{"reference":"Patient/a"}`)
		w.expect("more", "a often.very-often 2026-01-06; a seen.met 2026-01-06")
		w.now = time.Date(2026, 3, 4, 0, 30, 0, 0, time.UTC)
		w.expect("three months after the last", "a -seen 2026-01-06..2026-03-04; a often.very-often 2026-01-06") // 3 December is out of the window now
		for _, id := range []string{"finding.often.very-often", "finding.often.sometimes", "finding.seen.met", "finding.seen.gap"} {
			v, err := w.view().Read(w.Context(), "Group", fhir.ID(id))
			if err != nil {
				w.Errorf("%s: %v", id, err)
			} else if v.Number != 1 {
				w.Errorf("%s has %d versions", id, v.Number)
			}
		}
		w.stop()

		w.start("seen") // the other is not applied any more
		w.expect("withdrawn", "a -often 2026-01-06..2026-03-04; a -seen 2026-01-06..2026-03-04")
		w.stop()
	})
}

// TestReasons: a finding says what decided and by which events, carries the
// marks of its definition, and is as hidden as what it tells of.
func TestReasons(t *testing.T) {
	w := open(t, "sqlite:"+filepath.Join(t.TempDir(), "test.db"))
	w.start("twice", "seen")
	w.put("Patient", "a", `,"meta":{"tag":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"HTEST"}]}`+born("1950-03-01"))
	w.put("Encounter", "1", attendance("a", "2025-12-01", "finished"))
	w.put("Encounter", "2", `,"meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"SDV"}]}`+attendance("a", "2026-01-04", "finished"))
	w.settle()
	v := w.read("RiskAssessment", "twice")
	doc, err := v.Doc()
	if err != nil {
		t.Fatal(err)
	}
	if l := access.Labels(doc.Root()); l != access.Finding|access.Abuse {
		t.Errorf("labels: %s", l)
	}
	contains(t, v, `"reference":"Encounter/1"`, `"reference":"Encounter/2","display":"2026-01-04 Encounter finished"`, `"code":"unreviewed"`, `"code":"HTEST"`,
		`"text":"count of emergency encounter within 12 months is 2 or more"},"rationale":"2; 2025-12-01 Encounter finished; 2026-01-04 Encounter finished"`)
	v = w.read("Group", "twice")
	contains(t, v, `"reference":"Group/finding.twice"`, `"reference":"RiskAssessment/`+string(personal("twice", "a"))+`"`, `"code":"SDV"`)
	v = w.read("RiskAssessment", "seen")
	contains(t, v, `"text":"not: has observation within 3 months"},"rationale":"no observation within 3 months"`)
	w.remove("Encounter", "1")
	w.settle()
	v = w.read("RiskAssessment", "twice")
	contains(t, v, `"rationale":"not applicable: not: count of emergency encounter within 12 months is 2 or more"`)
	if strings.Contains(string(v.JSON()), "Encounter/") {
		t.Errorf("who left is still told of:\n%s", v.JSON())
	}
	w.stop()
}

func (w *world) read(typ, definition string) record.Version {
	w.Helper()
	v, err := w.view().Read(w.Context(), typ, personal(definition, "a"))
	if err != nil {
		w.Fatal(err)
	}
	return v
}

func contains(t *testing.T, v record.Version, all ...string) {
	t.Helper()
	for _, want := range all {
		if !strings.Contains(string(v.JSON()), want) {
			t.Errorf("%s/%s does not say %s:\n%s", v.Type, v.ID, want, v.JSON())
		}
	}
}

// TestTime: who comes in and goes out by the passing of time alone does so on the
// day that an explanation names, and not before.
func TestTime(t *testing.T) {
	w := open(t, "sqlite:"+filepath.Join(t.TempDir(), "test.db"))
	w.start("twice", "of-age")
	w.put("Patient", "a", born("2008-03-29"))
	w.put("Encounter", "1", attendance("a", "2025-12-01", "finished"))
	w.put("Encounter", "2", attendance("a", "2026-01-04", "finished"))
	w.expect("at first", "a twice 2026-01-05")
	next := map[string]timeline.Day{}
	set, err := w.keeper.Set()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range definitions(t, "twice", "of-age") {
		e := criteria.Compile(d).Explain(set, 0, w.finder.day)
		next[d.ID] = e.Next.On
	}
	if next["of-age"] != timeline.Date(2026, 3, 29) || next["twice"] != timeline.Date(2026, 12, 1) {
		t.Fatalf("the next changes are %v", next)
	}
	for _, c := range []struct{ at, want string }{
		{"2026-03-28T23:59:00Z", "a twice 2026-01-05"},
		{"2026-03-29T00:00:00Z", "a of-age 2026-03-29; a twice 2026-01-05"},
		{"2026-11-30T23:59:00Z", "a of-age 2026-03-29; a twice 2026-01-05"},
		{"2026-12-01T00:00:00Z", "a -twice 2026-01-05..2026-12-01; a of-age 2026-03-29"},
	} {
		if w.now, err = time.Parse(time.RFC3339, c.at); err != nil {
			t.Fatal(err)
		}
		w.expect(c.at, c.want)
	}
	w.stop()
}

// TestStops: whatever is stopped, killed or thrown away, memberships stay as they
// are, and nothing is written twice.
func TestStops(t *testing.T) {
	onBoth(t, func(w *world) {
		w.start("twice", "of-age")
		w.put("Patient", "a", born("1950-03-01"))
		w.put("Encounter", "1", attendance("a", "2025-12-01", "finished"))
		w.put("Encounter", "2", attendance("a", "2026-01-04", "finished"))
		killed := errors.New("killed")
		w.finder.before = func() error { return killed } // between deciding and writing
		if _, err := w.keeper.Step(w.Context()); err != nil {
			w.Fatal(err)
		}
		if err := w.finder.Find(w.Context(), w.keeper, nil); !errors.Is(err, killed) {
			w.Fatalf("killed, and %v", err)
		}
		if got := w.says(); got != "" {
			w.Errorf("killed before anything was written, and there is %s", got)
		}
		w.now = w.now.Add(2 * time.Minute) // the leases of who was killed are over
		w.start("twice", "of-age")
		want := "a of-age 2026-01-05; a twice 2026-01-05"
		w.expect("after it was killed", want)
		w.once("after it was killed", 2)

		// Written, and killed before the timelines knew.
		w.put("Patient", "b", born("1950-03-01"))
		changed, err := w.keeper.Step(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		for range 3 {
			if err := w.finder.Find(w.Context(), w.keeper, changed); err != nil {
				w.Fatal(err)
			}
		}
		w.once("found again by timelines that do not know of it", 3)
		w.now = w.now.Add(2 * time.Minute)
		w.start("twice", "of-age")
		want += "; b of-age 2026-01-05"
		w.expect("after it was killed again", want)
		w.once("after it was killed again", 3)

		w.stop()
		w.start("twice", "of-age")
		w.expect("stopped and started", want)
		w.stop()
		if err := os.Remove(filepath.Join(w.dir, "set")); err != nil {
			w.Fatal(err)
		}
		w.put("Patient", "c", born("1950-03-01"))
		w.remove("Patient", "a")
		w.start("twice", "of-age")
		w.expect("made anew, and one is gone meanwhile", "a -of-age 2026-01-05..2026-01-05; a -twice 2026-01-05..2026-01-05; b of-age 2026-01-05; c of-age 2026-01-05")
		w.once("made anew", 6)
		w.stop()
	})
}

// once checks how many versions all Groups have together.
func (w *world) once(when string, want int) {
	w.Helper()
	if _, got := w.groups(); got != want {
		w.Errorf("%s: %d versions of Groups, want %d", when, got, want)
	}
}

// TestAnyHistory: after any history, with stops in between, the record says what
// a pass over everybody says; and so it does when all is made anew.
func TestAnyHistory(t *testing.T) {
	ids := []string{"twice", "often", "seen", "of-age"}
	onBoth(t, func(w *world) {
		r := mathrand.New(mathrand.NewPCG(3, 4))
		pick := func(of ...string) string { return of[r.IntN(len(of))] }
		there := map[[2]string]bool{}
		w.start(ids...)
		for round := range 8 {
			for range 15 {
				patient, id := pick("a", "b", "c", "d"), pick("1", "2", "3", "4", "5", "6", "7", "8")
				typ := pick("Patient", "Encounter", "Encounter", "Encounter", "Observation")
				if typ == "Patient" {
					id = patient
				}
				if key := [2]string{typ, id}; r.IntN(6) == 0 && there[key] {
					w.remove(typ, id)
					there[key] = false
					continue
				}
				there[[2]string{typ, id}] = true
				day := w.now.AddDate(0, -r.IntN(14), 0).Format(time.DateOnly)
				switch typ {
				case "Patient":
					w.put(typ, id, born(pick("1950-03-01", "2008-02-01", "2010-01-01"))+pick("", nhs("9434765919"), nhs("9000000009"), `,"link":[{"type":"replaced-by","other":{"reference":"Patient/z"}}]`))
				case "Encounter":
					w.put(typ, id, attendance(patient, day, pick("finished", "finished", "finished", "cancelled", "entered-in-error")))
				default:
					w.put(typ, id, `,"status":"final","code":{"text":"x"},"effectiveDateTime":"`+day+`","subject":{"reference":"Patient/`+patient+`"}`)
				}
			}
			w.now = w.now.AddDate(0, 0, r.IntN(40))
			if round%3 == 1 {
				w.stop()
				if round%2 == 0 {
					if err := os.Remove(filepath.Join(w.dir, "set")); err != nil {
						w.Fatal(err)
					}
				}
				w.start(ids...)
			}
			w.settle()
			w.agrees(round)
		}
		_, before := w.groups()
		w.stop()
		if err := os.Remove(filepath.Join(w.dir, "set")); err != nil {
			w.Fatal(err)
		}
		w.start(ids...)
		w.settle()
		w.agrees(99)
		w.once("made anew", before)
		w.stop()
	})
}

// agrees compares the Groups with a pass over everybody.
func (w *world) agrees(round int) {
	w.Helper()
	set, err := w.keeper.Set()
	if err != nil {
		w.Fatal(err)
	}
	today, _ := timeline.DayOf(w.now)
	results, err := criteria.Compile(definitions(w, w.ids...)...).Run(w.Context(), set, today, 2)
	if err != nil {
		w.Fatal(err)
	}
	var want, got []string
	for i := range set.Len() {
		for _, r := range results.Definitions {
			if place := placeOf(r.Definition, r.Outcome(i)); place != "" {
				p := set.Person(i)
				want = append(want, string(p.ID())+" "+place)
			}
		}
	}
	all, _ := w.groups()
	for i := range all {
		if all[i].place != "" {
			got = append(got, string(all[i].patient)+" "+all[i].place)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		w.Fatalf("round %d:\ngot  %v\nwant %v", round, got, want)
	}
	if len(want) == 0 {
		w.Logf("round %d: nobody is found", round)
	}
}

// TestOneFinder: of several on one record one finds; another takes over when it
// lets go.
func TestOneFinder(t *testing.T) {
	onBoth(t, func(w *world) {
		w.start("of-age")
		w.settle()
		second, err := New(w.Context(), w.view(), Options{Definitions: definitions(w, "twice"), Clock: w.clock, Log: leaks.Log()})
		if err != nil {
			w.Fatal(err)
		}
		w.put("Patient", "a", born("1950-03-01"))
		if _, err := w.keeper.Step(w.Context()); err != nil {
			w.Fatal(err)
		}
		if err := second.Find(w.Context(), w.keeper, nil); err != nil || w.says() != "" {
			w.Errorf("another finds meanwhile: %v, %s", err, w.says())
		}
		w.put("Encounter", "1", attendance("a", "2025-12-01", "finished"))
		w.put("Encounter", "2", attendance("a", "2026-01-04", "finished"))
		w.expect("the first finds", "a of-age 2026-01-05")
		first := w.finder
		if err := first.Close(w.Context()); err != nil {
			w.Fatal(err)
		}
		w.finder = second
		w.expect("the second takes over", "a -of-age 2026-01-05..2026-01-05; a twice 2026-01-05")
		if err := second.Close(w.Context()); err != nil {
			w.Fatal(err)
		}
		w.finder = first
		w.expect("and the first again", "a -twice 2026-01-05..2026-01-05; a of-age 2026-01-05")
		w.stop()
	})
}

// TestRefused: a definition that asks who was found cannot be applied.
func TestRefused(t *testing.T) {
	w := open(t, "sqlite:"+filepath.Join(t.TempDir(), "test.db"))
	for _, who := range []string{"who: {not: {has: found}}", "who: {not: {has: any RiskAssessment}}"} {
		lib, problems := language.Load([]language.File{
			{Name: "not-found.yaml", Data: []byte("definition: not-found\ntitle: Not found yet" + header + who + "\n")},
			{Name: "codes/found.yaml", Data: []byte("codes: found\nversion: 1.0.0\ntitle: found\nsource: none\nsystem: urn:joinery:definition\ninclude: [{code: not-found, says: itself, mark: V}]\n")},
		}, nil)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		d, err := lib.Definition("not-found")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := New(t.Context(), w.view(), Options{Definitions: []*language.Definition{d}, Clock: w.clock}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: got %v", who, err)
		}
	}
}

// TestIDs: ids of Groups are valid, whatever definitions and segments are called.
func TestIDs(t *testing.T) {
	long := strings.Repeat("a-very-long-name-", 6)
	for _, place := range []string{"a", "a.gap", "a." + slug("Ünder 75 – “frail” & alone"), long, long + "b"} {
		if !GroupID(place).Valid() {
			t.Errorf("%s is no id", GroupID(place))
		}
	}
	if GroupID(long) == GroupID(long+"b") {
		t.Error("two places have one id")
	}
}

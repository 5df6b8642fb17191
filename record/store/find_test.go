package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record/search"
)

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
	{"Observation", "_lastUpdated=ge2026-11-22&_count=100&code=8302-2"},
	{"Patient", "_lastUpdated=2026-11-22,2020"},
	{"Patient", "_lastUpdated=lt2026-11-22"},
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
			{"pages are one order", testPagesAreOneOrder},
			{"conditions at random give what the oracle does", testFindAtRandom},
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
	if err := w.View(context.Background(), func(n *Snap) (err error) { at, err = n.T(); return err }); err != nil {
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

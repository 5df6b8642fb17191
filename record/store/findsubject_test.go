package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"joinery/fhir"
	"joinery/record/access"
)

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

// conditions are what testFindAtRandom puts searches together from.
var conditions = map[string][]string{
	"Patient": {
		"gender=female", "gender:not=male", "birthdate=ge1960", "birthdate=lt1990-06", "family:contains=a", "name=b", "address-city:missing=true",
		"_has:Observation:patient:code=8302-2", "_has:Condition:patient:code:text=a", "identifier:missing=false", "general-practitioner=gp", "deceased=true",
	},
	"Observation": {
		"code=8302-2", "code=8302-2,29463-7,8480-6", "code:not=8302-2", "status=final", "date=ge2014", "date=lt2018-03-05", "date=2017",
		"value-quantity=gt100", "value-quantity=le75|http://unitsofmeasure.org|kg", "combo-value-quantity=lt90", "patient.gender=female",
		"patient.birthdate=lt1970", "encounter.class=AMB", "category=vital-signs", "category:text=vital", "component-code:missing=false", "value-concept:missing=true",
	},
	"Encounter":    {"class=AMB", "date=gt2015", "type:text=e", "participant.name:contains=e", "service-provider:missing=false", "_has:Observation:encounter:code=8302-2", "reason-code:missing=true"},
	"Practitioner": {"name:contains=a", "_has:Encounter:participant:date=gt2016", "active=true", "address-city:contains=o"},
}

// testFindAtRandom asks for conditions put together at random, as one subject
// or the other.
func testFindAtRandom(t *testing.T, empty backend) {
	w := newWorld(t, empty, practice(t, synthea(t, 5)))
	staff, err := access.NewStaff(access.Who{Client: "ward", Purpose: access.Treatment}, access.Member{Practitioner: "d1", Organization: "gp"})
	if err != nil {
		t.Fatal(err)
	}
	type view struct {
		rights  Rights
		visible []resource0
	}
	var views []view
	for _, rights := range []Rights{everyone(t), rightsOf(staff)} {
		w.as(t, rights)
		views = append(views, view{rights, w.visible})
	}
	hits := 0
	rapid.Check(t, func(rt *rapid.T) {
		typ := rapid.SampledFrom([]string{"Patient", "Observation", "Encounter", "Practitioner"}).Draw(rt, "type")
		parts := rapid.SliceOfNDistinct(rapid.SampledFrom(conditions[typ]), 0, 3, rapid.ID).Draw(rt, "conditions")
		if sort := rapid.SampledFrom([]string{"", "", "_sort=_id", "_sort=-_lastUpdated", "_sort=" + map[string]string{"Patient": "-birthdate", "Observation": "-date", "Encounter": "date", "Practitioner": "name"}[typ]}).Draw(rt, "sort"); sort != "" {
			parts = append(parts, sort)
		}
		parts = append(parts, fmt.Sprintf("_count=%d", rapid.SampledFrom([]int{5, 50, 1000}).Draw(rt, "count")), "_total=accurate")
		as := views[rapid.IntRange(0, 1).Draw(rt, "as")]
		w.filter, w.visible = as.rights.Search, as.visible
		q := query(t, typ, strings.Join(parts, "&"))
		want := w.oracle(q)
		got, _, total := w.pages(t, as.rights, q, 0)
		if diff := cmp.Diff(sorted(want), sorted(got)); diff != "" || *total != len(want) {
			rt.Fatalf("%s?%s: %d found, %d counted, want %d", typ, q.Self(), len(got), *total, len(want))
		}
		hits += len(want)
	})
	if hits == 0 {
		t.Error("nothing was found: it tests nothing")
	}
}

package synth

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"joinery/fhir"
	"joinery/fhir/r4"
)

// lastDay is the end of the lives in tests.
var lastDay = dayOf(2026, time.January, 31)

func openDistrict(t testing.TB, seed uint64) *District {
	t.Helper()
	d, err := Open(Options{Seed: seed, Until: lastDay})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestEveryResourceIsValid writes the organisations and some thousand lives and
// holds each resource to R4, to its label, and to the others: nothing refers to
// what is not there, no id is given twice.
func TestEveryResourceIsValid(t *testing.T) {
	d := openDistrict(t, 3)
	there, wanted := map[string]bool{}, map[string]string{}
	faults := 0
	s := NewScribe(d, func(r Resource) {
		if faults > 20 {
			return
		}
		name := r.Type + "/" + r.ID
		if there[name] {
			faults++
			t.Errorf("%s is there twice", name)
		}
		there[name] = true
		doc, err := fhir.Parse(r.JSON)
		if err == nil {
			err = r4.Validate(doc)
		}
		if err != nil {
			faults++
			t.Errorf("%s: %v\n%s", name, err, r.JSON)
			return
		}
		if !doc.Root().At("meta", "tag", "code").Is("HTEST") {
			faults++
			t.Errorf("%s is not labelled as synthetic", name)
		}
		for _, to := range references(doc.Root()) {
			wanted[to] = name
		}
	})
	s.Places()
	blocks := int64(16)
	if testing.Short() {
		blocks = 4
	}
	for n := range blocks {
		for _, p := range d.Block(n) {
			s.Person(p)
		}
	}
	for to, from := range wanted {
		if !there[to] {
			t.Errorf("%s refers to %s, which is not there", from, to)
		}
	}
}

func references(v fhir.Value) []string {
	var out []string
	switch v.Kind() {
	case fhir.Object:
		for name, m := range v.Members() {
			if name == "reference" && m.Kind() == fhir.String {
				out = append(out, m.Text())
			}
			out = append(out, references(m)...)
		}
	case fhir.Array:
		for item := range v.Items() {
			out = append(out, references(item)...)
		}
	}
	return out
}

// everyKind is a person in whose life each kind of event happens, with every
// field that its resource has a place for.
func everyKind(d *District) *Person {
	code := &Concept{"http://snomed.info/sct", "38341003", "Hypertensive \"disorder\"", Verified}
	var practice *Organisation
	for _, o := range d.Organisations {
		if o.Type == "practice" && len(o.Sites) > 0 {
			practice = o
			break
		}
	}
	who := &Staff{ID: "sel-somebody", Family: "Tarn", Given: "Priya", Of: practice}
	p := &Person{
		Number: 7, NHSNumber: numberFor(d.Seed, 7), Sex: Female, Born: dayOf(1950, time.March, 1), Died: NotYet,
		Ethnicity: "H", Language: "gu", Interpreter: true, Needs: []*Concept{code},
		Names: []Name{
			{Use: "official", Family: "Patel", Given: []string{"Asha", "R"}, Prefix: "Mrs", Until: NotYet},
			{Use: "maiden", Family: "Shah", Until: dayOf(1975, time.June, 7)},
		},
		Practice: practice, Since: dayOf(2001, time.May, 4), Phone: "07700 900123", Email: "a@example.org",
		Household: &Household{Lines: []string{"1 Foundry Lane"}, Town: "Eastmere", Postcode: "ZZ1 1AB", Area: &d.Areas[0]},
	}
	carer := &Person{Number: 8, Sex: Male, Born: dayOf(1980, time.March, 1), Died: NotYet, Names: []Name{{Use: "official", Family: "Patel", Given: []string{"Dev"}, Until: NotYet}}, Household: p.Household, Mother: p}
	p.Carers = []*Person{carer}
	at := dayOf(2025, time.July, 2).At(605)
	add := func(e Event) {
		e.In, e.For = -1, -1
		if len(p.Events) > 1 && e.Kind != ServiceRequest {
			e.In, e.For = 1, int32(len(p.Events)%2)*2
		}
		e.Who, e.Org, e.Site, e.Recorded = who, practice, practice.Sites[0], at+1440
		p.Events = append(p.Events, e)
	}
	stages := map[Kind]string{
		Condition: "resolved", Observation: "final", Procedure: "completed", Immunization: "completed", MedicationRequest: "active",
		Encounter: "finished", ServiceRequest: "active", Appointment: "booked", AllergyIntolerance: "active", CarePlan: "active",
		EpisodeOfCare: "active", CareTeam: "active", Flag: "active",
	}
	add(Event{Kind: Condition, What: code, At: at, Until: at + 1440, Status: "resolved", Grain: ToTheMonth, Label: "PSY"})
	add(Event{Kind: Encounter, What: code, At: at, Until: at + 90, Status: "finished", Class: "EMER", Arrival: code, Outcome: code, Note: "Fell"})
	add(Event{Kind: ServiceRequest, What: code, At: at, Until: Never, Status: "active", Priority: "urgent"})
	for k := Condition; k <= Flag; k++ {
		add(Event{Kind: k, What: code, At: at, Until: at + 30, Status: stages[k], Class: "AMB", Outcome: code, Number: 12, Dose: "One a day", Note: "A line\nand another.", Category: code})
		add(Event{Kind: k, Text: "Words alone", At: at, Until: at + 30, Status: stages[k], Class: "VR"})
	}
	add(Event{Kind: Observation, What: code, At: at, Until: Never, Status: "final", Value: -0.04, Digits: 1, Unit: &Unit{"kg", "kg"}})
	add(Event{Kind: Observation, What: code, At: at, Until: Never, Status: "final", Answer: code})
	add(Event{Kind: Observation, What: code, At: at, Until: Never, Status: "final", Parts: []Part{{code, 141.6, &Unit{"mm[Hg]", "mmHg"}, 0}, {code, 80, &Unit{"mm[Hg]", "mmHg"}, 0}}})
	return p
}

// TestEveryKindOfEventIsValid writes every kind with all its fields, more than
// lives happen to use.
func TestEveryKindOfEventIsValid(t *testing.T) {
	d := openDistrict(t, 1)
	p := everyKind(d)
	kinds := map[string]int{}
	var whole strings.Builder
	NewScribe(d, func(r Resource) {
		kinds[r.Type]++
		fmt.Fprintf(&whole, "%s\n", r.JSON)
		doc, err := fhir.Parse(r.JSON)
		if err == nil {
			err = r4.Validate(doc)
		}
		if err != nil {
			t.Errorf("%s/%s: %v\n%s", r.Type, r.ID, err, r.JSON)
		}
	}).Person(p)
	for k := Condition; k <= Flag; k++ {
		if kinds[forms[k].typ] < 2 {
			t.Errorf("%s was written %d times, want at least 2", forms[k].typ, kinds[forms[k].typ])
		}
	}
	for _, want := range []string{
		`"onsetDateTime":"2025-07","abatementDateTime":"2025-07-03"`, `"start":"2025-07-02T09:05:00Z"`, `"value":0.0,`, `"value":142,`,
		`"A line\u000aand another."`, `"Hypertensive \"disorder\""`, `"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"PSY"}]`,
		`"relationship":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-RoleCode","code":"CHILD"`,
	} {
		if !strings.Contains(whole.String(), want) {
			t.Errorf("%s is nowhere in what was written", want)
		}
	}
}

func TestMomentsAreWrittenAsTheCalendarHasThem(t *testing.T) {
	for d := dayOf(1899, time.December, 1); d < dayOf(2051, time.January, 1); d++ {
		y, m, day := d.Date()
		want := fmt.Sprintf("%04d-%02d-%02d", y, m, day)
		if got := string(appendMoment(nil, d.Start(), ToTheDay)); got != want {
			t.Fatalf("day %d is written %s, want %s", d, got, want)
		}
	}
	if got := string(appendMoment(nil, dayOf(1969, time.December, 31).Start()+61, ToTheMinute)); got != "1969-12-31T01:01:00Z" {
		t.Errorf("an instant before 1970 is written %s", got)
	}
}

func BenchmarkScribe(b *testing.B) {
	d := openDistrict(b, 1)
	p := everyKind(d)
	n := 0
	s := NewScribe(d, func(Resource) { n++ })
	for b.Loop() {
		s.Person(p)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/resource")
}

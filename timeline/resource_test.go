package timeline

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"joinery/fhir"
)

// say writes an event down, for tables.
func say(e *Event) string {
	var codes []string
	for _, c := range e.Codes {
		codes = append(codes, strings.Trim(c.System+"|"+c.Code, "|"))
	}
	out := fmt.Sprintf("%s %s %s", e.Kind, strings.Join(codes, ","), e.Day)
	switch e.Minute {
	case YearOnly:
		out = strings.TrimSuffix(out, "-01-01")
	case MonthOnly:
		out = strings.TrimSuffix(out, "-01")
	case DayOnly:
	default:
		out += fmt.Sprintf("T%02d:%02d", e.Minute/60, e.Minute%60)
	}
	for _, part := range []struct{ name, value string }{
		{"status", e.Status}, {"class", e.Class}, {"until", e.End.String()}, {"recorded", e.Recorded.String()}, {"org", e.Organisation},
	} {
		if part.value != "" {
			out += " " + part.name + "=" + part.value
		}
	}
	if e.HasValue {
		out += fmt.Sprintf(" value=%s%v %s", e.Comparator, e.Value, e.Unit)
	}
	return out
}

func parse(t *testing.T, text string) fhir.Value {
	t.Helper()
	doc, err := fhir.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return doc.Root()
}

const gp = `{"reference":"Organization/gp"}`

// TestEventsOf has a case for every type of which events are made.
func TestEventsOf(t *testing.T) {
	cases := map[string][]string{ // the resource without type and id, and its events
		"AllergyIntolerance": {
			`"clinicalStatus":{"coding":[{"code":"active"}]},"code":{"coding":[{"system":"s","code":"c"}]},"onsetDateTime":"2010","recordedDate":"2012-03-04"`,
			"AllergyIntolerance s|c 2010 status=active recorded=2012-03-04",
		},
		"Appointment": {
			`"status":"booked","serviceType":[{"coding":[{"system":"s","code":"c"}]}],"start":"2024-07-01T08:30:00Z","end":"2024-07-01T09:00:00Z","created":"2024-06-01","participant":[{"actor":{"reference":"Patient/p"}},{"actor":` + gp + `}]`,
			"Appointment s|c 2024-07-01T09:30 status=booked until=2024-07-01 recorded=2024-06-01 org=gp",
		},
		"CarePlan": {
			`"status":"active","category":[{"coding":[{"system":"s","code":"c"}]}],"period":{"start":"2024-01-02","end":"2024-03"},"author":` + gp,
			"CarePlan s|c 2024-01-02 status=active until=2024-03-31 org=gp",
		},
		"CareTeam":      {`"status":"active","category":[{"text":"diabetes"}],"period":{"start":"2024-01-02"},"managingOrganization":[` + gp + `]`, "CareTeam diabetes 2024-01-02 status=active org=gp"},
		"Communication": {`"status":"completed","category":[{"text":"letter"}],"sent":"2024-01-02T10:00:00Z","sender":` + gp, "Communication letter 2024-01-02T10:00 status=completed org=gp"},
		"Condition": {
			`"clinicalStatus":{"coding":[{"code":"resolved"}]},"code":{"coding":[{"system":"z","code":"2"},{"system":"a","code":"1"},{"system":"z","code":"2"}],"text":"both"},"onsetDateTime":"2019-05","abatementDateTime":"2020","recordedDate":"2019-06-07","asserter":` + gp,
			"Condition a|1,z|2 2019-05 status=resolved until=2020-12-31 recorded=2019-06-07 org=gp",
		},
		"DiagnosticReport":         {`"status":"final","code":{"text":"bloods"},"effectiveDateTime":"2024-01-02","issued":"2024-01-03T09:00:00Z","performer":[` + gp + `]`, "DiagnosticReport bloods 2024-01-02 status=final recorded=2024-01-03 org=gp"},
		"Encounter":                {`"status":"finished","class":{"code":"EMER"},"type":[{"coding":[{"system":"s","code":"c"}]}],"period":{"start":"2024-06-30T23:30:00Z","end":"2024-07-01T02:00:00Z"},"serviceProvider":` + gp, "Encounter s|c 2024-07-01T00:30 status=finished class=EMER until=2024-07-01 org=gp"},
		"EpisodeOfCare":            {`"status":"active","type":[{"text":"falls"}],"period":{"start":"2024-01-02"},"managingOrganization":` + gp, "EpisodeOfCare falls 2024-01-02 status=active org=gp"},
		"Flag":                     {`"status":"active","code":{"text":"carer"},"period":{"start":"2024-01-02"},"author":` + gp, "Flag carer 2024-01-02 status=active org=gp"},
		"Goal":                     {`"lifecycleStatus":"active","description":{"text":"walk"},"startDate":"2024-01-02"`, "Goal walk 2024-01-02 status=active"},
		"Immunization":             {`"status":"completed","vaccineCode":{"coding":[{"system":"s","code":"c"}]},"occurrenceDateTime":"2024-01-02","recorded":"2024-02-01","performer":[{"actor":{"reference":"Practitioner/x"}},{"actor":` + gp + `}]`, "Immunization s|c 2024-01-02 status=completed recorded=2024-02-01 org=gp"},
		"MedicationAdministration": {`"status":"completed","medicationCodeableConcept":{"text":"m"},"effectivePeriod":{"start":"2024-01-02","end":"2024-01-03"}`, "MedicationAdministration m 2024-01-02 status=completed until=2024-01-03"},
		"MedicationDispense":       {`"status":"completed","medicationReference":{"reference":"Medication/m","display":"shown"},"whenHandedOver":"2024-01-02"`, "MedicationDispense shown 2024-01-02 status=completed"},
		"MedicationRequest":        {`"status":"active","contained":[{"resourceType":"Medication","id":"m","code":{"coding":[{"system":"s","code":"c"}]}}],"medicationReference":{"reference":"#m"},"authoredOn":"2024-01-02","dispenseRequest":{"validityPeriod":{"end":"2024-02-02"}},"requester":` + gp, "MedicationRequest s|c 2024-01-02 status=active until=2024-02-02 org=gp"},
		"MedicationStatement":      {`"status":"active","medicationCodeableConcept":{"coding":[{"code":"c","display":"d"}]},"effectiveDateTime":"2024","dateAsserted":"2025-01-01"`, "MedicationStatement c 2024 status=active recorded=2025-01-01"},
		"Observation": {
			`"status":"final","code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},"effectiveDateTime":"2024-01-02T10:00:00+00:00","issued":"2024-01-02T11:00:00Z","performer":[` + gp + `],"component":[` +
				`{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":140.5,"unit":"mmHg","code":"mm[Hg]"}},` +
				`{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":90,"comparator":">=","unit":"mmHg"}}]`,
			"Observation http://loinc.org|85354-9 2024-01-02T10:00 status=final org=gp",
			"Observation http://loinc.org|8480-6 2024-01-02T10:00 status=final org=gp value=140.5 mm[Hg]",
			"Observation http://loinc.org|8462-4 2024-01-02T10:00 status=final org=gp value=>=90 mmHg",
		},
		"Procedure":             {`"status":"not-done","code":{"text":"hip"},"performedPeriod":{"start":"2024-01-02","end":"2024-01-04"},"performer":[{"actor":{"reference":"Practitioner/x"},"onBehalfOf":` + gp + `}]`, "Procedure hip 2024-01-02 status=not-done until=2024-01-04 org=gp"},
		"QuestionnaireResponse": {`"status":"completed","questionnaire":"https://x/q","authored":"2024-01-02"`, "QuestionnaireResponse https://x/q 2024-01-02 status=completed"},
		"RiskAssessment":        {`"status":"final","code":{"text":"falls"},"occurrenceDateTime":"2024-01-02","performer":` + gp, "RiskAssessment falls 2024-01-02 status=final org=gp"},
		"ServiceRequest":        {`"status":"active","code":{"text":"physio"},"occurrenceDateTime":"2024-02-01","authoredOn":"2024-01-02","requester":{"reference":"Organization/other"},"performer":[` + gp + `]`, "ServiceRequest physio 2024-01-02 status=active org=gp"},
	}
	for _, kind := range Kinds() {
		c, ok := cases[kind]
		if !ok {
			t.Errorf("%s makes events and has no case here", kind)
			continue
		}
		events := EventsOf(parse(t, fmt.Sprintf(`{"resourceType":%q,"id":"x",%s}`, kind, c[0])))
		if len(events) != len(c)-1 {
			t.Errorf("%s: %d events, want %d", kind, len(events), len(c)-1)
			continue
		}
		for i, want := range c[1:] {
			if got := say(&events[i]); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if got := events[i].Source; got != kind+"/x" {
				t.Errorf("%s: source %s", kind, got)
			}
		}
	}
}

// TestVaccinationProcedure: UK Core says in an extension what was done, beside
// the product.
func TestVaccinationProcedure(t *testing.T) {
	events := EventsOf(parse(t, `{"resourceType":"Immunization","id":"x","status":"completed","occurrenceDateTime":"2026-01-12",`+
		`"extension":[{"url":"https://example.org/other","valueCodeableConcept":{"coding":[{"system":"s","code":"no"}]}},`+
		`{"url":"https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-VaccinationProcedure","valueCodeableConcept":{"coding":[{"system":"http://snomed.info/sct","code":"433733003"}]}}],`+
		`"vaccineCode":{"coding":[{"system":"http://snomed.info/sct","code":"34925111000001104"}]}}`))
	const want = "Immunization http://snomed.info/sct|34925111000001104,http://snomed.info/sct|433733003 2026-01-12 status=completed"
	if len(events) != 1 || say(&events[0]) != want {
		t.Errorf("got %v, want %s", events, want)
	}
}

// TestAnswers: an Observation's coded value is its answer, not what it is; a
// component has its own.
func TestAnswers(t *testing.T) {
	events := EventsOf(parse(t, `{"resourceType":"Observation","id":"x","status":"final","effectiveDateTime":"2026-01-12",`+
		`"code":{"coding":[{"system":"s","code":"q"}]},"valueCodeableConcept":{"coding":[{"system":"s","code":"b"},{"system":"s","code":"a"}]},`+
		`"component":[{"code":{"coding":[{"system":"s","code":"p"}]},"valueCodeableConcept":{"text":"Yes"}},{"code":{"coding":[{"system":"s","code":"r"}]},"valueInteger":1}]}`))
	want := [][]Code{{{"s", "a"}, {"s", "b"}}, {{"", "Yes"}}, nil}
	if len(events) != len(want) {
		t.Fatalf("%d events, want %d", len(events), len(want))
	}
	for i := range want {
		if !slices.Equal(events[i].Answer, want[i]) || len(events[i].Codes) != 1 {
			t.Errorf("event %d is %v and answers %v, want %v", i, events[i].Codes, events[i].Answer, want[i])
		}
	}
}

// TestNoEvents: what is not so, or is no event, leaves no trace.
func TestNoEvents(t *testing.T) {
	for _, text := range []string{
		`{"resourceType":"Observation","status":"entered-in-error","effectiveDateTime":"2024-01-02"}`,
		`{"resourceType":"Goal","lifecycleStatus":"entered-in-error","startDate":"2024-01-02"}`,
		`{"resourceType":"Condition","verificationStatus":{"coding":[{"code":"entered-in-error"}]},"onsetDateTime":"2024-01-02"}`,
		`{"resourceType":"Condition","verificationStatus":{"coding":[{"code":"refuted"}]},"onsetDateTime":"2024-01-02"}`,
		`{"resourceType":"FamilyMemberHistory","status":"completed","date":"2024-01-02"}`,
		`{"resourceType":"Patient","id":"p"}`, `{"resourceType":"Observation","status":"final"}`, `{}`, `[1]`,
	} {
		if events := EventsOf(parse(t, text)); len(events) != 0 {
			t.Errorf("%s: got %s", text, say(&events[0]))
		}
	}
}

func TestUndated(t *testing.T) {
	for text, want := range map[string]string{
		`"recordedDate":"2012-03"`:                      "Condition  2012-03",
		`"onsetString":"as a child"`:                    "Condition  2020-05-06",
		`"onsetPeriod":{"start":"2001"}`:                "Condition  2001",
		`"onsetPeriod":{"end":"2001-02-03"}`:            "Condition  2001-02-03",
		`"onsetDateTime":"2021-01-01T00:00:00.5+02:00"`: "Condition  2020-12-31T22:00",
	} {
		events := EventsOf(parse(t, `{"resourceType":"Condition","id":"x","meta":{"lastUpdated":"2020-05-06T07:08:09Z"},`+text+`}`))
		if len(events) != 1 || say(&events[0]) != want {
			t.Errorf("%s: got %+v, want %s", text, events, want)
		}
	}
}

func TestProfileOf(t *testing.T) {
	full := `{"resourceType":"Patient","id":"p1","active":false,"gender":"female","birthDate":"1950-03","deceasedDateTime":"2024-05-06T01:00:00Z",
		"extension":[{"url":"` + ethnicExtension + `","valueCodeableConcept":{"coding":[{"code":"M"}]}}],
		"communication":[{"language":{"coding":[{"code":"en"}]}},{"language":{"coding":[{"code":"pt"}]},"preferred":true}],
		"generalPractitioner":[{"reference":"Practitioner/x"},{"reference":"Organization/gp","extension":[{"url":"` + registeredExtension + `","valueDate":"2001-02-03"}]}],
		"address":[{"use":"old","extension":[{"url":"` + boroughExtension + `","valueCode":"E1"}]},
		{"use":"home","extension":[{"url":"` + censusExtension + `","valueString":"E01"},{"url":"` + deprivationExtension + `","valueInteger":3},{"url":"` + boroughExtension + `","valueCode":"E09000028"}]}]}`
	got, ok := ProfileOf(parse(t, full))
	want := Profile{
		ID: "p1", Born: Date(1950, 3, 1), Died: Date(2024, 5, 6), Registered: Date(2001, 2, 3), Sex: "female", Ethnicity: "M", Language: "pt",
		Practice: "gp", Borough: "E09000028", LSOA: "E01", Deprivation: 3, Resident: true,
	}
	if !ok || got != want {
		t.Errorf("got  %+v, %v\nwant %+v", got, ok, want)
	}
	if p, ok := ProfileOf(parse(t, `{"resourceType":"Patient","id":"p","deceasedBoolean":true,"communication":[{"language":{"coding":[{"code":"en"}]}}]}`)); !ok || p != (Profile{ID: "p", Died: DayMin}) {
		t.Errorf("dead since nobody knows when: got %+v, %v", p, ok)
	}
	if _, ok := ProfileOf(parse(t, `{"resourceType":"Patient","id":"p","link":[{"type":"replaced-by","other":{"reference":"Patient/q"}}]}`)); ok {
		t.Error("a Patient that was replaced is still a person")
	}
	practice, network := NetworkOf(parse(t, `{"resourceType":"Organization","id":"gp","partOf":{"reference":"Organization/n1"}}`))
	if practice != "gp" || network != "n1" {
		t.Errorf("NetworkOf = %s, %s", practice, network)
	}
}

func TestReadMoment(t *testing.T) {
	for _, bad := range []string{"", "20", "2020-", "2020-13", "2020-02-30", "2020-2-3", "0000", "2020-01-01T", "2020-01-01T25:00:00Z", "2020/01/01", "x020"} {
		if d, _, ok := readMoment(bad); ok {
			t.Errorf("%q was read as %s", bad, d)
		}
	}
}

// TestSynthea: the people of Synthea, each a bundle, have as many events as
// resources of the types that make them, and more for components.
func TestSynthea(t *testing.T) {
	const path = "../../shared/data/synthea/r4-transaction-bundles-120.zip"
	archive, err := zip.OpenReader(path)
	if err != nil && os.Getenv("CI") != "true" {
		t.Skipf("without %s", path)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	seen := 0
	for _, f := range archive.File {
		if seen == 10 || filepath.Ext(f.Name) != ".json" {
			continue
		}
		seen++
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		file := f.Name
		var bundle struct {
			Entry []struct {
				Resource json.RawMessage `json:"resource"`
			} `json:"entry"`
		}
		if err := json.Unmarshal(text, &bundle); err != nil {
			t.Fatal(err)
		}
		for _, entry := range bundle.Entry {
			res := parse(t, string(entry.Resource))
			kind := res.Get("resourceType").Text()
			want := 0
			if _, ok := shapes[kind]; ok && kind != "Goal" { // Synthea dates no Goal, and the record has not stored these
				want = 1 + res.Get("component").Len()
			}
			events := EventsOf(res)
			if len(events) != want {
				t.Fatalf("%s: a %s makes %d events, want %d", file, kind, len(events), want)
			}
			for _, e := range events {
				if e.Day == NoDay || len(e.Codes) == 0 && kind != "CareTeam" && kind != "CarePlan" {
					t.Fatalf("%s: %s of a %s", file, say(&e), kind)
				}
			}
		}
	}
	if seen != 10 {
		t.Errorf("%d people were read, want 10", seen)
	}
}

package search

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"joinery/fault"
	"joinery/fhir"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func parse(typ, raw string) (*Query, error) {
	pairs, err := Pairs(raw)
	if err != nil {
		return nil, err
	}
	return Parse(typ, pairs, Options{Strict: true, Now: noon, Base: "https://record.example/fhir"})
}

func TestParseTakes(t *testing.T) {
	for _, tt := range []struct{ typ, raw string }{
		{"Patient", "name=Ann&birthdate=ge1970-01&gender:not=male&_sort=-birthdate,family&_count=20"},
		{"Patient", "identifier=https://fhir.nhs.uk/Id/nhs-number|9000000009"},
		{"Patient", "identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|12345"},
		{"Patient", "general-practitioner:Practitioner.name=x&general-practitioner.name:exact=x"},
		{"Patient", "_has:Observation:patient:code=1234-5&_has:Observation:patient:_has:AuditEvent:entity:agent=x"},
		{"Patient", `family=a\,b,c\$d,e\|f,g\\h`},
		{"Patient", "deceased=true&active:missing=false&_id=1,2&_lastUpdated=gt2020-01-01"},
		{"Observation", "code=http://loinc.org|1-8,|x,http://loinc.org|&value-quantity=5.4|http://unitsofmeasure.org|mg"},
		{"Observation", "value-quantity=lt5.4||mg&value-quantity=5.40e-3&code-value-quantity=http://loinc.org|1-8$gt5"},
		{"Observation", "subject:Patient=1&subject=https://record.example/fhir/Patient/1&patient=Patient/1/_history/2&subject=Patient%252F2"},
		{"Observation", "subject:identifier=x|1&date=2013-01-14T10:00:00%2B01:00&date=2013-01-14T10:00:00+01:00&date=ap2020"},
		{"Observation", "patient.organization.partof.name=x&encounter.service-provider.name=y"},
		{"Observation", "_include=Observation:subject&_include:iterate=Patient:general-practitioner:Practitioner&_revinclude=Provenance:target"},
		{"Observation", "_total=accurate&_summary=count&_count=0"},
		{"Observation", "_elements=code,value&_tag=x|y&_security=R&_profile=http://a/b&_source=http://a"},
		{"ValueSet", "url:below=http://a/b&url:above=http://a/b/c"},
		{"RiskAssessment", "probability=gt0.8"},
		{"DocumentReference", "relationship=DocumentReference/1$appends"},
		{"", "_tag=x&_type=Patient,Observation&_sort=_lastUpdated"},
	} {
		if _, err := parse(tt.typ, tt.raw); err != nil {
			t.Errorf("Parse(%s, %s) = %v, want no error", tt.typ, tt.raw, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	long := "code=" + strings.TrimSuffix(strings.Repeat("a,", 1001), ",")
	var has []string
	for range 65 {
		has = append(has, "_has:Observation:patient:code=1")
	}
	for _, tt := range []struct{ typ, raw, say string }{
		{"Patient", "nom=x", "no such parameter"},
		{"Patient", "Name=x", "did you mean name?"},
		{"Patient", "name:near=x", ":near is not done"},
		{"Patient", "gender:in=http://x", ":in is not done"},
		{"Patient", "gender:above=x", ":above is not done"},
		{"Patient", "name=", "no value"},
		{"Patient", "name=a,,b", "empty one"},
		{"Patient", `name=a\b`, "backslash"},
		{"Patient", "name=---", "neither letters nor digits"},
		{"Patient", "active:missing=perhaps", "true or false"},
		{"Patient", "birthdate=1970-13", "must be a date"},
		{"Patient", "birthdate=1970-02-30", "must be a date"},
		{"Patient", "birthdate=xx1970", "must be a date"},
		{"Patient", "identifier=a|b|c", "bar within a value"},
		{"Patient", "general-practitioner:Patient=1", "never refers to Patient"},
		{"Patient", "general-practitioner:Practitioner=Organization/1", "not the one after the colon"},
		{"Patient", "name.family=x", "only references can be followed"},
		{"Patient", "_has:Observation:code:code=x", "type reference"},
		{"Patient", "_has:Observation:patient=x", "must be _has"},
		{"Patient", "_has:Nonsense:patient:code=x", "type reference"},
		{"Patient", "_has:Observation:encounter:code=x", "does not refer to Patient"},
		{"Patient", "_include=*", "everything cannot be included"},
		{"Patient", "_revinclude=*:*", "everything cannot be included"},
		{"Patient", "_include=Patient:name", "no parameter of type reference"},
		{"Patient", "_include=Observation:subject", "the search is for Patient"},
		{"Patient", "_include:recurse=Patient:link", "only modifier is :iterate"},
		{"Patient", "_include=Patient:link:Observation", "does not refer to the target"},
		{"Patient", "_sort=nonsense", "cannot be sorted"},
		{"Patient", "_sort=name&_sort=family", "only once"},
		{"Patient", "_count=-1", "whole number"},
		{"Patient", "_count=many", "whole number"},
		{"Patient", "_total=yes", "none, estimate or accurate"},
		{"Patient", "_summary=maybe", "true, text, data, count or false"},
		{"Patient", "_elements=nonsense", "no element"},
		{"Patient", "_type=Patient", "only for searches over every type"},
		{"Patient", "_filter=name eq x", "filter expressions"},
		{"Patient", "_text=x", "narrative"},
		{"Location", "near=1|2|3", "distances"},
		{"Observation", "value-quantity=5.4|mg", "number|system|unit"},
		{"Observation", "value-quantity=x", "must be a number"},
		{"Observation", "code-value-quantity=a", "2 values"},
		{"Observation", "code-value-quantity=a$b", "value 2"},
		{"Observation", long, "more than 1000 values"},
		{"Patient", strings.Join(has, "&"), "at most 64"},
		{"Observation", "focus.name=x", "say which"},
		{"Encounter", "subject." + strings.Replace(long, "code=", "identifier=", 1)[:1201], "more than 1000 values"},
		{"Organization", "partof.partof.partof.partof.partof.partof.name=x", "more than 5"},
		{"Nonsense", "", "no resource type"},
		{"", "name=x", "parameters that all types have"},
		{"", "_type=Nonsense", "not a resource type"},
	} {
		_, err := parse(tt.typ, tt.raw)
		var invalid *fhir.Invalid
		if !errors.As(err, &invalid) {
			t.Errorf("Parse(%s, %.60s) = %v, want an *fhir.Invalid", tt.typ, tt.raw, err)
			continue
		}
		if len(invalid.Issues) != 1 || !strings.Contains(invalid.Issues[0].Say, tt.say) {
			t.Errorf("Parse(%s, %.60s) says %q, want one issue with %q", tt.typ, tt.raw, invalid.Issues, tt.say)
		}
	}
}

func TestParseListsEveryFault(t *testing.T) {
	_, err := parse("Patient", "nom=x&birthdate=soon&_count=few&name=ok")
	var invalid *fhir.Invalid
	if !errors.As(err, &invalid) || len(invalid.Issues) != 3 {
		t.Fatalf("Parse = %v, want three issues", err)
	}
	if got := fault.KindOf(err); got != fault.Invalid {
		t.Errorf("kind = %v, want %v", got, fault.Invalid)
	}
}

func TestParseLenient(t *testing.T) {
	pairs, _ := Pairs("nom=x&name=Ann&_count=5")
	q, err := Parse("Patient", pairs, Options{Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(q.Ignored) != "[nom]" || len(q.Where) != 1 {
		t.Errorf("Ignored = %v and %d clauses, want [nom] and 1", q.Ignored, len(q.Where))
	}
	if got, want := q.Self(), "name=Ann&_count=5"; got != want {
		t.Errorf("Self() = %q, want %q", got, want)
	}
}

func TestParseCaps(t *testing.T) {
	q, err := parse("Patient", "_count=999999999999999999999")
	if err != nil || q.Count != MaxCount {
		t.Errorf("Count = %v, %v, want %d", q, err, MaxCount)
	}
	q, err = parse("Patient", "_count=0")
	if err != nil || q.Summary != SummaryCount {
		t.Errorf("_count=0 gives %v, %v, want a count", q, err)
	}
}

func TestSelfIsUnderstoodAgain(t *testing.T) {
	q, err := parse("Patient", "name=a%26b%3Dc,d&identifier=http://x|1%20%2B&_sort=-name")
	if err != nil {
		t.Fatal(err)
	}
	again, err := parse("Patient", q.Self())
	if err != nil || again.Self() != q.Self() {
		t.Errorf("Self() = %q, parsed again %v, %v", q.Self(), again, err)
	}
}

func TestParseCompartment(t *testing.T) {
	for _, tt := range []struct {
		compartment, id, typ string
		ok                   bool
	}{
		{"Patient", "1", "Observation", true},
		{"Patient", "1", "", true},
		{"Patient", "1,2", "Observation", false},
		{"Patient", "1", "Organization", false},
		{"Encounter", "1", "Observation", false},
	} {
		_, err := ParseCompartment(tt.compartment, fhir.ID(tt.id), tt.typ, nil, Options{Strict: true, Now: noon})
		if (err == nil) != tt.ok {
			t.Errorf("ParseCompartment(%s, %s, %s) = %v, want ok %v", tt.compartment, tt.id, tt.typ, err, tt.ok)
		}
	}
}

func TestParseCondition(t *testing.T) {
	for raw, ok := range map[string]bool{"identifier=x|1": true, "": false, "_count=1": false, "identifier=x|1&_sort=name": false, "nonsense=1": false} {
		if _, err := ParseCondition("Patient", raw, noon); (err == nil) != ok {
			t.Errorf("ParseCondition(%q) = %v, want ok %v", raw, err, ok)
		}
	}
}

// FuzzParse holds that no request makes Parse panic, and that what it took it
// takes again.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"name=Ann&birthdate=ge1970-01&_sort=-birthdate", "_has:Observation:patient:code=1", "subject:Patient.name:exact=x",
		"value-quantity=5.4|http://unitsofmeasure.org|mg", "code-value-quantity=a$gt5", "_include=Observation:subject", `name=a\,b`,
		"date=ap2020-01-01T00:00:00+01:00", "patient.organization.partof.name=x", "probability=gt1e300",
	} {
		f.Add("Observation", seed)
		f.Add("Patient", seed)
		f.Add("", seed)
	}
	f.Fuzz(func(t *testing.T, typ, raw string) {
		q, err := parse(typ, raw)
		if err != nil {
			if fault.KindOf(err) == fault.Internal {
				t.Fatalf("Parse(%q, %q) = %v: not classified", typ, raw, err)
			}
			return
		}
		again, err := parse(typ, q.Self())
		if err != nil || again.Self() != q.Self() {
			t.Fatalf("Self() of %q is %q, which gives %v", raw, q.Self(), err)
		}
		for _, c := range q.Where {
			if c.Plain() {
				c.Ranges(typ)
			}
		}
	})
}

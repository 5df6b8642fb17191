package search

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"joinery/fhir"
)

// found decides a query of plain clauses from keys, as the store does, and holds
// the laws on the way: keys never contradict the body, and a match is among the
// candidates.
func found(t interface {
	Helper()
	Errorf(string, ...any)
}, q *Query, typ string, res fhir.Value,
) bool {
	t.Helper()
	keys := Extract(nil, typ, res)
	rows := keys.Candidates(nil, typ)
	all := true
	for _, c := range q.Where {
		verdict, body := c.Match(keys), c.MatchBody(typ, res)
		if verdict == Yes && !body || verdict == No && body {
			t.Errorf("%s: keys say %v, the body %v", q.Self(), verdict, body)
		}
		if ranges := c.Ranges(typ); body && ranges != nil && !slices.ContainsFunc(rows, func(row Candidate) bool {
			return slices.ContainsFunc(ranges, func(r Range) bool { return r.P == row.P && r.From <= row.K && row.K <= r.To })
		}) {
			t.Errorf("%s: matches, and has no row in %v; rows %v", q.Self(), ranges, rows)
		}
		if c.Param.Code == "_lastUpdated" {
			at, _, _ := period(res.Get("meta").Get("lastUpdated").TextBytes())
			if from, to := c.TimeBounds(); body && (at < from || at >= to) {
				t.Errorf("%s: holds at %d, outside of [%d, %d)", q.Self(), at, from, to)
			}
		}
		all = all && body
	}
	return all
}

const (
	patient = `{"resourceType":"Patient","id":"1","meta":{"lastUpdated":"2024-05-17T09:30:00Z","tag":[{"system":"s","code":"T"}],"profile":["http://a/p|1.0"]},
 "identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9000000009"},{"value":"AB-12","type":{"coding":[{"system":"ids","code":"MR"}],"text":"Médical record"}}],
 "active":true,"name":[{"family":"O'Brien-Łuczak","given":["José","  Ann   Marie "],"text":"José O'Brien"}],
 "telecom":[{"system":"phone","value":"020 7946 0000"},{"system":"email","value":"Jo@example.org"}],
 "gender":"female","birthDate":"1970-03","deceasedBoolean":false,
 "address":[{"line":["1 High Street, which is a long name for a street that goes on and on"],"city":"Bromley"}],
 "generalPractitioner":[{"reference":"Practitioner/7"},{"reference":"https://record.example/fhir/Organization/8"}],
 "managingOrganization":{"identifier":{"system":"ods","value":"RJ1"},"display":"A trust"}}`

	observation = `{"resourceType":"Observation","id":"2","status":"final",
 "code":{"coding":[{"system":"http://loinc.org","code":"15074-8","display":"Glucose [Moles/volume]"},{"code":"gluc"}],"text":"Blood glucose"},
 "subject":{"reference":"Patient/1/_history/3"},"effectivePeriod":{"start":"2024-01-10T10:00:00Z","end":"2024-01-10T11:00:00Z"},
 "performer":[{"reference":"Practitioner/7","type":"Practitioner"},{"reference":"http://other.example/r4/Practitioner/9"}],
 "valueQuantity":{"value":6.3,"unit":"mmol per litre","system":"http://unitsofmeasure.org","code":"mmol/L"},
 "component":[{"code":{"coding":[{"system":"c","code":"sys"}]},"valueQuantity":{"value":120,"unit":"mm[Hg]"}},
              {"code":{"coding":[{"system":"c","code":"dia"}]},"valueQuantity":{"value":80,"unit":"mm[Hg]","comparator":"<"}}]}`
)

func TestMatch(t *testing.T) {
	for _, tt := range []struct {
		res, raw string
		want     bool
	}{
		{patient, "_id=1", true},
		{patient, "_id=2", false},
		{patient, "_id:not=2", true},
		{patient, "_lastUpdated=2024-05-17", true},
		{patient, "_lastUpdated=gt2024-05-17", false},
		{patient, "_lastUpdated=ge2024-05-17T09:30:00Z", true},
		{patient, "_lastUpdated=lt2024-05-17T09:30:00Z", false},
		{patient, "_lastUpdated=le2024-05-17T09:30:00Z,2001", true},
		{patient, "_tag=t", true},
		{patient, "_tag=s|T", true},
		{patient, "_tag=x|T", false},
		{patient, "_profile=http://a/p", true},
		{patient, "_profile=http://a/p|1.0", true},
		{patient, "_profile=http://a/p|2.0", false},
		{patient, "identifier=9000000009", true},
		{patient, "identifier=https://fhir.nhs.uk/Id/nhs-number|9000000009", true},
		{patient, "identifier=https://fhir.nhs.uk/Id/nhs-number|", true},
		{patient, "identifier=|9000000009", false},
		{patient, "identifier=|ab-12", true},
		{patient, "identifier:not=ab-12", false},
		{patient, "identifier:of-type=ids|MR|ab-12", true},
		{patient, "identifier:of-type=ids|MR|9000000009", false},
		{patient, "identifier:text=medical", true},
		{patient, "identifier:text=record", false},
		{patient, "name=jose", true},
		{patient, "name=JOS%C3%89 o", true},
		{patient, "family=obrienl", true},
		{patient, "family=luczak", false},
		{patient, "family:contains=luczak", true},
		{patient, "family:exact=O'Brien-%C5%81uczak", true},
		{patient, "family:exact=o'brien-%C5%81uczak", false},
		{patient, "given=ann marie", true},
		{patient, "given=ann  marie", true},
		{patient, "phonetic=ann", true},
		{patient, "address=brom", true},
		{patient, "address-city=brom", true},
		{patient, "address-postalcode:missing=true", true},
		{patient, "address=1 High Street which is a long name for a street that goes on and", true},
		{patient, "address=1 High Street which is a long name for a street that goes on to", false},
		{patient, "address:contains=on and on", true},
		{patient, "address:contains=goes off", false},
		{patient, "telecom=phone|020 7946 0000", true},
		{patient, "email=jo@example.org", true},
		{patient, "phone=jo@example.org", false},
		{patient, "gender=female", true},
		{patient, "gender=http://hl7.org/fhir/administrative-gender|female", true},
		{patient, "gender=http://other|female", false},
		{patient, "gender:not=male,other", true},
		{patient, "gender:not=male,female", false},
		{patient, "active=true", true},
		{patient, "deceased=false", true},
		{patient, "deceased=true", false},
		{patient, "birthdate=1970", true},
		{patient, "birthdate=1970-03", true},
		{patient, "birthdate=1970-03-15", false},
		{patient, "birthdate=ap1970-03-15", true},
		{patient, "birthdate=gt1970-03-15", true},
		{patient, "birthdate=lt1970-03-15", true},
		{patient, "birthdate=sa1970-02", true},
		{patient, "birthdate=eb1970-04", true},
		{patient, "birthdate=ne1970-03", false},
		{patient, "birthdate=le1970-02", false},
		{patient, "birthdate=ge1970-04", false},
		{patient, "birthdate:missing=false", true},
		{patient, "death-date:missing=true", true},
		{patient, "general-practitioner=Practitioner/7", true},
		{patient, "general-practitioner=7", true},
		{patient, "general-practitioner:Organization=7", false},
		{patient, "general-practitioner=Organization/8", true},
		{patient, "general-practitioner=https://record.example/fhir/Practitioner/7", true},
		{patient, "general-practitioner=Practitioner/7/", true},
		{patient, "general-practitioner=Practitioner%252F7", true},
		{patient, "general-practitioner=http://other.example/Practitioner/7", false},
		{patient, "organization:identifier=ods|RJ1", true},
		{patient, "organization:identifier=ods|RJ2", false},
		{patient, "organization:missing=false", true},
		{observation, "code=15074-8", true},
		{observation, "code=http://loinc.org|15074-8", true},
		{observation, "code=|gluc", true},
		{observation, "code=|15074-8", false},
		{observation, "code:text=blood gl", true},
		{observation, "code:text=glucose moles", true},
		{observation, "code:not=15074-8", false},
		{observation, "combo-code=dia", true},
		{observation, "component-code=15074-8", false},
		{observation, "patient=1", true},
		{observation, "patient=Patient/1", true},
		{observation, "subject=Patient/1/_history/2", true},
		{observation, "subject:Patient=1", true},
		{observation, "subject:Group=1", false},
		{observation, "patient:missing=false", true},
		{observation, "performer=http://other.example/r4/Practitioner/9", true},
		{observation, "performer=Practitioner/9", false},
		{observation, "date=2024-01-10", true},
		{observation, "date=2024", true},
		{observation, "date=2024-01-10T10:30:00Z", false},
		{observation, "date=ge2024-01-10T10:30:00Z", true},
		{observation, "date=le2024-01-10T10:30:00Z", true},
		{observation, "date=gt2024-01-10", false},
		{observation, "value-quantity=6.3", true},
		{observation, "value-quantity=6", true},
		{observation, "value-quantity=6.30", true},
		{observation, "value-quantity=6.2", false},
		{observation, "value-quantity=6.3|http://unitsofmeasure.org|mmol/L", true},
		{observation, "value-quantity=6.3||mmol/L", true},
		{observation, "value-quantity=6.3||mmol per litre", true},
		{observation, "value-quantity=6300|http://unitsofmeasure.org|umol/L", true},
		{observation, "value-quantity=6300||umol/L", false},
		{observation, "value-quantity=gt6299|http://unitsofmeasure.org|umol/L", true},
		{observation, "value-quantity=lt0.0063|http://unitsofmeasure.org|mol/L", false},
		{observation, "value-quantity=6.3|http://unitsofmeasure.org|mg/L", false},
		{observation, "value-quantity=ap8", false},
		{observation, "value-quantity=ap6.5", true},
		{observation, "component-value-quantity=lt10", true},
		{observation, "component-value-quantity=gt100", true},
		{observation, "code-value-quantity=15074-8$gt6", true},
		{observation, "code-value-quantity=15074-8$gt7", false},
		{observation, "component-code-value-quantity=sys$gt100", true},
		{observation, "component-code-value-quantity=dia$gt100", false},
		{observation, "combo-code-value-quantity=http://loinc.org|15074-8$6.3", true},
		{observation, "status=final", true},
		{observation, "status=http://hl7.org/fhir/observation-status|final", true},
		{observation, "encounter:missing=true", true},
	} {
		doc, err := fhir.Parse([]byte(tt.res))
		if err != nil {
			t.Fatal(err)
		}
		typ := doc.Root().Get("resourceType").Text()
		q, err := parse(typ, tt.raw)
		if err != nil {
			t.Errorf("Parse(%s) = %v", tt.raw, err)
			continue
		}
		if got := found(t, q, typ, doc.Root()); got != tt.want {
			t.Errorf("%s: found = %v, want %v", tt.raw, got, tt.want)
		}
	}
}

func TestPeriodInLondon(t *testing.T) {
	for _, tt := range []struct{ text, low, high string }{
		{"2024", "2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"},
		{"2024-07", "2024-06-30T23:00:00Z", "2024-07-31T23:00:00Z"},
		{"2024-03-31", "2024-03-31T00:00:00Z", "2024-03-31T23:00:00Z"}, // 23 hours long
		{"2024-02-29", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"},
		{"2024-07-01T10:00", "2024-07-01T09:00:00Z", "2024-07-01T09:01:00Z"},
		{"2024-07-01T10:00:00+05:30", "2024-07-01T04:30:00Z", "2024-07-01T04:30:01Z"},
		{"2024-07-01T10:00:00.25Z", "2024-07-01T10:00:00.25Z", "2024-07-01T10:00:00.26Z"},
		{"1899-12-31T23:59:60Z", "1900-01-01T00:00:00Z", "1900-01-01T00:00:01Z"},
	} {
		low, high, ok := period([]byte(tt.text))
		wantLow, _ := time.Parse(time.RFC3339, tt.low)
		wantHigh, _ := time.Parse(time.RFC3339, tt.high)
		if !ok || low != wantLow.UnixMilli() || high != wantHigh.UnixMilli() {
			t.Errorf("period(%s) = %v, %v, %v, want %s, %s", tt.text, time.UnixMilli(low).UTC(), time.UnixMilli(high).UTC(), ok, tt.low, tt.high)
		}
	}
}

func TestPeriodAgreesWithTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-60_000_000_000, 200_000_000_000).Draw(t, "second"), 0).UTC()
		low, high, ok := period([]byte(at.Format(time.RFC3339)))
		if !ok || low != at.UnixMilli() || high != low+1000 {
			t.Fatalf("period(%s) = %d, %d, %v, want %d", at.Format(time.RFC3339), low, high, ok, at.UnixMilli())
		}
	})
}

func TestPrecision(t *testing.T) {
	for _, tt := range []struct {
		text            string
		value, from, to float64
		ok              bool
	}{
		{"100", 100, 99.5, 100.5, true},
		{"100.00", 100, 99.995, 100.005, true},
		{"1e2", 100, 95, 105, true},
		{"5.40e-3", 0.0054, 0.005395, 0.005405, true},
		{"-2.5", -2.5, -2.55, -2.45, true},
		{"", 0, 0, 0, false},
		{"1.", 0, 0, 0, false},
		{"--1", 0, 0, 0, false},
		{"0x10", 0, 0, 0, false},
		{"NaN", 0, 0, 0, false},
		{"1e9999", 0, 0, 0, false},
	} {
		value, from, to, ok := precision(tt.text)
		if ok != tt.ok || ok && (value != tt.value || from != tt.from || to != tt.to) {
			t.Errorf("precision(%q) = %v, %v, %v, %v, want %v, %v, %v, %v", tt.text, value, from, to, ok, tt.value, tt.from, tt.to, tt.ok)
		}
	}
}

// asked turns what an example holds in a parameter's slots into values that a
// search might ask for.
func asked(t *table, code string, res fhir.Value) []string {
	in := t.params[code]
	var out []string
	w := &walker{root: res, systems: map[string]uint32{}, asked: in.slots, refersTo: in.refersTo}
	w.ask = func(it *item) {
		v := *it
		text := quote(string(v.code))
		switch v.kind {
		case kindToken, kindLogical:
			out = append(out, text, quote(string(v.system))+"|"+text, quote(string(v.system))+"|")
		case kindTokenBare, kindTokenImplied, kindLogicalBare:
			out = append(out, text, "|"+text)
		case kindText, kindURI:
			out = append(out, text, quote(firstRunes(string(v.code), 3)))
		case kindSpan:
			for _, at := range []int64{v.low, v.high - 1} {
				if at > -1<<50 && at < 1<<47 {
					out = append(out, time.UnixMilli(at).UTC().Format("2006-01-02T15:04:05.000Z"), time.UnixMilli(at).UTC().Format("2006-01-02"), time.UnixMilli(at).UTC().Format("2006"))
				}
			}
		case kindNumbers:
			out = append(out, fmt.Sprint(v.amount.low), fmt.Sprint(v.amount.high))
		case kindQuantity:
			unit := v.source
			out = append(out, fmt.Sprint(v.amount.low), fmt.Sprintf("%v|%s|%s", v.amount.low, quote(unit.Get("system").Text()), quote(unit.Get("code").Text())), fmt.Sprintf("%v||%s", v.amount.high, quote(unit.Get("unit").Text())))
		case kindLocal:
			_, id, _ := strings.Cut(text, "/")
			out = append(out, text, id)
		case kindAway:
			out = append(out, quote(string(v.system))+"/"+text, text)
		default:
		}
	}
	w.visit(t.root, res)
	return out
}

func firstRunes(s string, n int) string {
	r := []rune(s)
	return string(r[:min(n, len(r))])
}

func quote(s string) string {
	return strings.NewReplacer(`\`, `\\`, ",", `\,`, "$", `\$`, "|", `\|`).Replace(s)
}

// TestLaws asks random resources of the examples for random values, most of them
// taken from others of their kind.
func TestLaws(t *testing.T) {
	byType := map[string][]example{}
	for _, e := range examples(t) {
		byType[e.typ] = append(byType[e.typ], e)
	}
	var types []string
	for typ := range byType {
		types = append(types, typ)
	}
	slices.Sort(types)
	matches := 0
	rapid.Check(t, func(t *rapid.T) {
		typ := rapid.SampledFrom(types).Draw(t, "type")
		table := tableOf(typ)
		var codes []string
		for code, in := range table.params {
			if !keyless(in.Param) {
				codes = append(codes, code)
			}
		}
		slices.Sort(codes)
		code := rapid.SampledFrom(codes).Draw(t, "code")
		from := rapid.SampledFrom(byType[typ]).Draw(t, "from")
		var values []string
		if in := table.params[code]; len(in.parts) == 0 {
			values = asked(table, code, from.doc.Root())
		} else {
			first, second := asked(table, in.parts[0].Code, from.doc.Root()), asked(table, in.parts[1].Code, from.doc.Root())
			if len(first) > 0 && len(second) > 0 {
				values = []string{rapid.SampledFrom(first).Draw(t, "first") + "$" + rapid.SampledFrom(second).Draw(t, "second")}
			}
		}
		if len(values) == 0 {
			values = []string{"x", "2020", "true"}
		}
		value := rapid.SampledFrom(prefixes).Draw(t, "prefix")
		if rapid.Bool().Draw(t, "plain") {
			value = ""
		}
		value += rapid.SampledFrom(values).Draw(t, "value")
		modifier := rapid.SampledFrom([]string{"", "", "", ":not", ":text", ":exact", ":contains", ":identifier", ":missing", ":above", ":below"}).Draw(t, "modifier")
		if modifier == ":missing" {
			value = rapid.SampledFrom([]string{"true", "false"}).Draw(t, "missing")
		}
		q, err := Parse(typ, []Pair{{code + modifier, value}}, Options{Strict: true, Now: noon})
		if err != nil {
			t.Skip(err)
		}
		on := rapid.SampledFrom([]example{from, rapid.SampledFrom(byType[typ]).Draw(t, "on")}).Draw(t, "which")
		if found(t, q, typ, on.doc.Root()) {
			matches++
		}
	})
	if matches == 0 {
		t.Error("no search found anything: the test tests nothing")
	}
}

// TestEveryValueIsFound asks each example for each of its own values.
func TestEveryValueIsFound(t *testing.T) {
	n := 0
	for _, e := range examples(t) {
		table := tableOf(e.typ)
		for code, in := range table.params {
			if keyless(in.Param) || len(in.parts) > 0 {
				continue
			}
			for _, value := range asked(table, code, e.doc.Root()) {
				q, err := Parse(e.typ, []Pair{{code, value}}, Options{Strict: true, Now: noon})
				if err != nil {
					continue
				}
				found(t, q, e.typ, e.doc.Root())
				n++
			}
		}
	}
	t.Logf("%d searches", n)
}

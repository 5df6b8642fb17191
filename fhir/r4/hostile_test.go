package r4

import (
	"strings"
	"testing"
	"time"

	"joinery/bench/processor"
	"joinery/fhir"
)

// TestHostileJSON holds cases 33 and 34 of the threats that the project tests
// against: each is refused, and at once.
func TestHostileJSON(t *testing.T) {
	deep := func(open, middle, shut string, n int) string {
		return `{"resourceType":"Patient","extension":` + strings.Repeat(open, n) + middle + strings.Repeat(shut, n) + `}`
	}
	for name, in := range map[string]string{
		"nested arrays":      deep(`[`, ``, `]`, 1_000_000),
		"nested extensions":  deep(`[{"url":"x","extension":`, `[]`, `}]`, 5_000),
		"arrays not closed":  strings.Repeat(`[`, 1_000_000),
		"duplicate keys":     `{"resourceType":"Patient","active":true,"active":false}`,
		"id in capitals":     `{"resourceType":"Patient","ID":"x"}`,
		"type in capitals":   `{"RESOURCETYPE":"Patient"}`,
		"prototype":          `{"resourceType":"Patient","__proto__":{"active":true}}`,
		"not a number":       `{"resourceType":"Location","position":{"longitude":NaN,"latitude":1}}`,
		"a large power":      `{"resourceType":"Location","position":{"longitude":1e999999,"latitude":1}}`,
		"a million digits":   `{"resourceType":"Location","position":{"longitude":` + strings.Repeat("1", 1_000_000) + `,"latitude":1}}`,
		"a lone surrogate":   `{"resourceType":"Patient","language":"\ud800"}`,
		"overlong UTF-8":     "{\"resourceType\":\"Patient\",\"language\":\"\xc0\xaf\"}",
		"a byte order mark":  "\ufeff" + `{"resourceType":"Patient"}`,
		"something behind":   `{"resourceType":"Patient"}{}`,
		"a script":           `{"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><svg onload=\"x\"/></div>"}}`,
		"a script by escape": `{"resourceType":"Patient","text":{"status":"generated","div":"\u003cdiv xmlns=\"http://www.w3.org/1999/xhtml\"\u003e\u003cscript/\u003ex\u003c/div\u003e"}}`,
	} {
		start := processor.Time()
		doc, err := fhir.Parse([]byte(in))
		if err == nil {
			err = Validate(doc)
		}
		if len(issuesOf(err)) == 0 {
			t.Errorf("%s: %v, want it refused", name, err)
		}
		if took := processor.Time() - start; took > time.Second { // 50 ms on an idle machine
			t.Errorf("%s: it took %v", name, took)
		}
	}
}

// BenchmarkValidate checks a resource as the store meets them most.
func BenchmarkValidate(b *testing.B) {
	data := []byte(`{"resourceType":"Observation","id":"x","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"vital-signs"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"8302-2","display":"Body Height"}],"text":"Body Height"},"subject":{"reference":"urn:uuid:9b4be6b3-3b53-4e71-9b0a-d0a1d5a3e1f0"},"encounter":{"reference":"Encounter/1"},"effectiveDateTime":"2010-01-01T10:00:00+00:00","issued":"2010-01-01T10:00:00.123+00:00","valueQuantity":{"value":170.25,"unit":"cm","system":"http://unitsofmeasure.org","code":"cm"}}`)
	doc, err := fhir.Parse(data)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := Validate(doc); err != nil {
			b.Fatal(err)
		}
	}
}

package r4

import (
	"testing"

	"joinery/fhir"
)

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

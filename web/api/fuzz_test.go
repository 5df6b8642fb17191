package api

import (
	"testing"
	"time"

	"joinery/fault"
	"joinery/record/search"
	"joinery/source/bundle"
)

// now is when fuzzed searches are asked.
var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// FuzzBundle reads a body as a bundle, up to what the record would be asked to
// do: nothing panics, and every refusal can be shown to who sent it.
func FuzzBundle(f *testing.F) {
	f.Add([]byte(`{"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient","ifNoneExist":"identifier=a|b"}}]}`))
	f.Add([]byte(`{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient?name:exact=a&_sort=-birthdate"}}]}`))
	f.Add([]byte(`{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Binary","contentType":"application/json-patch+json","data":"W10="},"request":{"method":"PATCH","url":"Patient/1"}}]}`))
	f.Add([]byte(`{"resourceType":"Bundle","type":"transaction","entry":[{"resource":[],"request":null},7,{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := bundle.Open(data, maxEntries)
		if err == nil {
			var requests []bundle.Request
			if requests, err = b.Requests("https://joinery.example/fhir"); err == nil {
				_, err = Ops(requests, search.Options{Now: now, Base: "https://joinery.example/fhir"})
			}
		}
		if err != nil && (fault.KindOf(err) == fault.Internal || fault.MessageOf(err) == "") {
			t.Errorf("refused with %v, which says nothing to who sent it", err)
		}
	})
}

// FuzzQuery reads the query of an address up to what would be searched: nothing
// panics, every refusal can be shown, and what was understood is understood
// again from the link to itself.
func FuzzQuery(f *testing.F) {
	for _, raw := range []string{
		"name=a&birthdate=ge2020", "subject:Patient.name=a,b", "_has:Observation:patient:code=http://loinc.org|1", "%zz=%00", "a=b;c=d", "&&==",
		"_include=*&_revinclude:iterate=Observation:subject", "_count=9999999999999999999&_total=accurate&_summary=count&_elements=a,b", "value-quantity=5.4|http://unitsofmeasure.org|mg",
	} {
		f.Add("Observation", raw)
		f.Add("Patient", raw)
		f.Add("", raw)
	}
	f.Fuzz(func(t *testing.T, typ, raw string) {
		params, err := pairs(raw, nil)
		if err == nil {
			var q *search.Query
			o := search.Options{Strict: true, Now: now, Base: "https://joinery.example/fhir"}
			if q, err = search.Parse(typ, params, o); err == nil {
				again, err := pairs(q.Self(), nil)
				if err != nil {
					t.Fatalf("the link %q cannot be read: %v", q.Self(), err)
				}
				if q2, err := search.Parse(typ, again, o); err != nil || q2.Self() != q.Self() {
					t.Errorf("%q gives the link %q, which gives %v", raw, q.Self(), err)
				}
			}
		}
		if err != nil && (fault.KindOf(err) == fault.Internal || fault.MessageOf(err) == "") {
			t.Errorf("refused with %v, which says nothing to who sent it", err)
		}
	})
}

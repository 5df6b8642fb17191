package codes

import "testing"

func TestInValueSet(t *testing.T) {
	const hl7 = "http://hl7.org/fhir/ValueSet/"
	for _, c := range []struct {
		url, system, code string
		in, known         bool
	}{
		{hl7 + "administrative-gender", "", "female", true, true},
		{hl7 + "administrative-gender", "http://hl7.org/fhir/administrative-gender", "female", true, true},
		{hl7 + "administrative-gender", "http://example.org", "female", false, true},
		{hl7 + "administrative-gender", "", "Female", false, true},
		{hl7 + "administrative-gender", "", "", false, true},
		{hl7 + "currencies", "", "GBP", true, true},
		{hl7 + "currencies", "", "QQQ", false, true},
		{hl7 + "mimetypes", "", "application/fhir+json; charset=UTF-8", true, true},
		{hl7 + "mimetypes", "", "text\n", false, true},
		{hl7 + "ucum-units", "", "mg/dL", true, true},
		{hl7 + "ucum-units", "", "parrots", false, true},
		{hl7 + "units-of-time", "", "wk", true, true},
		{hl7 + "all-types", "", "Patient", true, true},
		{hl7 + "condition-code", "", "x", false, false},
	} {
		if in, known := InValueSet(c.url, c.system, c.code); in != c.in || known != c.known {
			t.Errorf("InValueSet(%s, %s, %s) = %v, %v; want %v, %v", c.url, c.system, c.code, in, known, c.in, c.known)
		}
	}
}

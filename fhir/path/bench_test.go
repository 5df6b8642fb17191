package path_test

import (
	"testing"

	"joinery/fhir/path"
)

const (
	benchPatient = `{"resourceType":"Patient","id":"example","active":true,"name":[{"use":"official","family":"Chalmers","given":["Peter","James"]},{"use":"usual","given":["Jim"]}],"telecom":[{"system":"phone","value":"(03) 5555 6473","use":"work"}],"gender":"male","birthDate":"1974-12-25","address":[{"use":"home","line":["534 Erewhon St"],"city":"PleasantVille","postalCode":"3999"}],"managingOrganization":{"reference":"Organization/1"}}`

	benchObservation = `{"resourceType":"Observation","id":"f001","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"15074-8","display":"Glucose [Moles/volume] in Blood"},{"system":"http://snomed.info/sct","code":"33747003"}]},"subject":{"reference":"Patient/f001"},"effectiveDateTime":"2013-04-02T09:30:10+01:00","issued":"2013-04-03T15:30:10+01:00","performer":[{"reference":"Practitioner/f005"}],"valueQuantity":{"value":6.3,"unit":"mmol/l","system":"http://unitsofmeasure.org","code":"mmol/L"},"interpretation":[{"coding":[{"code":"H"}]}]}`
)

func BenchmarkEval(b *testing.B) {
	for _, c := range []struct{ name, doc, expr string }{
		{"given", benchPatient, `name.given.first()`},
		{"whereExists", benchPatient, `name.where(use = 'official').exists()`},
		{"codeWhere", benchObservation, `Observation.code.coding.where(system = 'http://snomed.info/sct').exists()`},
		{"age", benchPatient, `birthDate <= today() - 18 years`},
		{"value", benchObservation, `(Observation.value as Quantity).value > 6.0`},
		{"refers", benchObservation, `Observation.subject.where(resolve() is Patient)`},
		{"descendants", benchObservation, `descendants().count()`},
	} {
		b.Run(c.name, func(b *testing.B) {
			doc := parsed(b, []byte(c.doc))
			e, err := path.Compile(c.expr)
			if err != nil {
				b.Fatal(err)
			}
			env := &path.Env{Now: now}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Eval(env, doc.Root()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		if _, err := path.Compile(`Observation.code.coding.where(system = 'http://snomed.info/sct').exists()`); err != nil {
			b.Fatal(err)
		}
	}
}

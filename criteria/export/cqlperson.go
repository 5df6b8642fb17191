package export

import (
	"fmt"
	"strings"

	"joinery/criteria/language"
)

// person is what is asked of the patient.
const person = `
define "Birth Day": Coalesce(Patient.birthDate.value, null as Date)

define "Death Day": "First Day"((Patient.deceased as FHIR.dateTime).value)

define "Born": "Birth Day" is null or "Birth Day" <= "On"

define "Living":
  "Born" and not Coalesce((Patient.deceased as FHIR.boolean).value, false) and ("Death Day" is null or "Death Day" > "On")

define "Practice":
  First(Patient.generalPractitioner P where StartsWith(P.reference.value, 'Organization/') return all P)

define "Registered Since":
  First("Practice".extension E where E.url.value = 'https://joinery.example/fhir/StructureDefinition/registered-since' return all (E.value as FHIR.date).value)

define "Registered":
  "Practice" is not null and ("Registered Since" is null or "Registered Since" <= "On")

define "Home":
  First(Patient.address A
    where not (Coalesce(A.use.value, '') in { 'old', 'billing' }) and A.period."end" is null
      and exists (A.extension E where E.url.value in {
        'https://joinery.example/fhir/StructureDefinition/borough', 'http://hl7.org/fhir/StructureDefinition/iso21090-ADXP-censusTract' } return all 1)
    return all A)

define "Borough":
  First("Home".extension E where E.url.value = 'https://joinery.example/fhir/StructureDefinition/borough' return all (E.value as FHIR.code).value)

define "LSOA":
  First("Home".extension E where E.url.value = 'http://hl7.org/fhir/StructureDefinition/iso21090-ADXP-censusTract' return all (E.value as FHIR.string).value)

define "Deprivation":
  First("Home".extension E where E.url.value = 'https://joinery.example/fhir/StructureDefinition/deprivation-decile' return all (E.value as FHIR.integer).value)

define "Ethnicity":
  First(Patient.extension E
    where E.url.value = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-EthnicCategory'
    return all (E.value as FHIR.CodeableConcept).coding[0].code.value)
`

// ofPerson writes a condition on the person; what is not known does not hold.
func (w *writer) ofPerson(x language.Expr) string {
	switch x := x.(type) {
	case *language.Age:
		return fmt.Sprintf("Coalesce(\"Birth Day\" <= \"On\" and %s, false)", spanOf(&x.Is, age(x.Unit)))
	case *language.Born:
		return born(x)
	case *language.Sex:
		return fmt.Sprintf("Coalesce(Patient.gender.value in { %s }, false)", texts(x.In))
	case *language.Ethnicity:
		return fmt.Sprintf("Coalesce(\"Ethnicity\" in { %s }, false)", texts(x.In))
	case *language.Deprivation:
		return fmt.Sprintf("Coalesce(%s, false)", spanOf(&x.Is, `"Deprivation"`))
	case *language.Area:
		if len(x.In) == 0 {
			return `("Borough" is not null)`
		}
		return fmt.Sprintf("Coalesce(\"Borough\" in { %s } or \"LSOA\" in { %s }, false)", texts(x.In), texts(x.In))
	case *language.Registered:
		return w.registered(x)
	}
	return w.unsupported(fmt.Sprintf("%T cannot be exported as CQL yet.", x))
}

func born(x *language.Born) string {
	var parts []string
	if x.From != 0 {
		parts = append(parts, "\"Birth Day\" >= @"+x.From.String())
	}
	if x.To != 0 {
		parts = append(parts, "\"Birth Day\" <= @"+x.To.String())
	}
	return fmt.Sprintf("Coalesce(%s, false)", strings.Join(parts, " and "))
}

func age(u language.Unit) string {
	unit := strings.TrimSuffix(u.String(), "s")
	return fmt.Sprintf("CalculateAgeIn%ssAt(\"Birth Day\", \"On\")", strings.ToUpper(unit[:1])+unit[1:])
}

func (w *writer) registered(x *language.Registered) string {
	switch {
	case x.Networks:
		return w.unsupported("A network hangs on the practice's own resource, which CQL about a patient does not see; name its practices instead.")
	case !x.Yes:
		return `(not "Registered")`
	case len(x.In) > 0:
		var in []string
		for _, id := range x.In {
			in = append(in, "Organization/"+id)
		}
		return fmt.Sprintf("(\"Registered\" and Coalesce(\"Practice\".reference.value in { %s }, false))", texts(in))
	case x.For.N > 0:
		return fmt.Sprintf("(\"Registered\" and Coalesce(\"Registered Since\" + %s <= \"On\", false))", period(x.For))
	}
	return `"Registered"`
}

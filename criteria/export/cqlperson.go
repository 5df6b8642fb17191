package export

import (
	"fmt"
	"strings"

	"joinery/criteria/language"
)

// person is what is asked of the patient.
const person = `
define "Birth Day": "First Of"(Patient.birthDate.value)

define "Months Old":
  (year from "On" - year from "Birth Day") * 12 + (month from "On" - month from "Birth Day")
    - (if day from "On" < day from "Birth Day" then 1 else 0)

define "Days Old": difference in days between "Birth Day" and "On"

// Of who has died on a day that is not known, the first of all days.
define "Death Day":
  if (Patient.deceased as FHIR.boolean).value is true then @0001-01-01
  else "First Day"("Civil"((Patient.deceased as FHIR.dateTime).value))

define "Born": "Birth Day" is null or "Birth Day" <= "On"

define "Living":
  "Born" and ("Death Day" is null or "Death Day" > "On")

define "Practice":
  First(Patient.generalPractitioner P where StartsWith(P.reference.value, 'Organization/') return all P)

define "Registered Since":
  First("Practice".extension E where E.url.value = 'https://joinery.example/fhir/StructureDefinition/registered-since' return all "First Of"((E.value as FHIR.date).value))

define "Network":
  First([Organization] O where 'Organization/' + O.id.value = "Practice".reference.value return all O.partOf.reference.value)

define "Registered":
  "Practice" is not null and ("Registered Since" is null or "Registered Since" <= "On")

define "Homes":
  Patient.address A
    where not (Coalesce(A.use.value, '') in { 'old', 'billing' }) and A.period."end" is null
    return all A

define "Home":
  Coalesce(
    First("Homes" A where exists (A.extension E where E.url.value = 'https://joinery.example/fhir/StructureDefinition/borough' return all 1) return all A),
    Last("Homes" A where exists (A.extension E where E.url.value = 'http://hl7.org/fhir/StructureDefinition/iso21090-ADXP-censusTract' return all 1) return all A))

define "Borough":
  First("Home".extension E where E.url.value = 'https://joinery.example/fhir/StructureDefinition/borough' return all (E.value as FHIR.code).value)

define "LSOA":
  First("Home".extension E where E.url.value = 'http://hl7.org/fhir/StructureDefinition/iso21090-ADXP-censusTract' return all (E.value as FHIR.string).value)

define "Deprivation":
  First("Home".extension E where E.url.value = 'https://joinery.example/fhir/StructureDefinition/deprivation-decile'
      and (E.value as FHIR.integer).value >= 1 and (E.value as FHIR.integer).value <= 10
    return all (E.value as FHIR.integer).value)

// How long the patient was under observation since a day, in years.
define function "Years"(since Date):
  ToDecimal(Max({ 0, 1 + (difference in days between Max({ since, "Birth Day", "Registered Since" }) and Min({ "On", "Death Day" })) })) / 365.25

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
		return registered(x)
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

// age writes the age in whole units, reached on the birthday.
func age(u language.Unit) string {
	switch u {
	case language.Years:
		return `("Months Old" div 12)`
	case language.Months:
		return `"Months Old"`
	case language.Weeks:
		return `("Days Old" div 7)`
	case language.Days:
	}
	return `"Days Old"`
}

func registered(x *language.Registered) string {
	switch {
	case !x.Yes:
		return `(not "Registered")`
	case len(x.In) > 0:
		var in []string
		for _, id := range x.In {
			in = append(in, "Organization/"+id)
		}
		where := `"Practice".reference.value`
		if x.Networks {
			where = `"Network"`
		}
		return fmt.Sprintf("(\"Registered\" and Coalesce(%s in { %s }, false))", where, texts(in))
	case x.For.N > 0:
		return fmt.Sprintf("(\"Registered\" and Coalesce(\"Registered Since\" + %s <= \"On\", false))", period(x.For))
	}
	return `"Registered"`
}

// groups are what people are told apart by; null where it is not known.
var groups = map[string]string{
	"practice":    `Substring("Practice".reference.value, 13)`,
	"network":     `Substring("Network", 13)`,
	"borough":     `"Borough"`,
	"ageband":     `if "Months Old" >= 1080 then '90+' else ToString(("Months Old" div 60) * 5) + '-' + ToString(("Months Old" div 60) * 5 + 4)`,
	"sex":         `Patient.gender.value`,
	"ethnicity":   `"Ethnicity"`,
	"deprivation": `ToString("Deprivation")`,
}

func grouped(by string) string { return quoted("By " + by) }

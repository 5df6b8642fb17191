package export

import (
	"fmt"
	"strings"
)

// kind says how a resource type becomes an event: CQL expressions of the
// resource X.
type kind struct {
	name, start, ended, recorded, status, class string
	concepts                                    string // a list of CodeableConcepts
	said                                        string // what stands for them where they say nothing
	is                                          string // what must hold for it to be one
}

// forms are the types of a date that is a choice, each with how it begins.
var forms = map[string]string{
	"dateTime": "(X.%[1]s as FHIR.dateTime).value",
	"instant":  "(X.%[1]s as FHIR.instant).value",
	"Period":   `(X.%[1]s as FHIR.Period)."start".value, (X.%[1]s as FHIR.Period)."end".value`,
	"Timing":   "(X.%[1]s as FHIR.Timing).event[0].value",
}

// dateOf writes when something began, by the types that the choice has.
func dateOf(element string, types ...string) string {
	var parts []string
	for _, t := range types {
		parts = append(parts, fmt.Sprintf(forms[t], element))
	}
	return strings.Join(parts, ", ")
}

func endOf(element string) string { return fmt.Sprintf("(X.%s as FHIR.Period).\"end\".value", element) }

// firstOf writes the first of some dates that is known. Coalesce takes five.
func firstOf(dates ...string) string {
	all := strings.Split(strings.Join(dates, ", "), ", ")
	if len(all) > 5 {
		all = append(all[:4:4], firstOf(all[4:]...))
	}
	return "Coalesce(" + strings.Join(all, ", ") + ")"
}

const (
	coded    = "X.status.value"
	clinical = "X.clinicalStatus.coding[0].code.value"
	begun    = `X.period."start".value, X.period."end".value`
	ended    = `X.period."end".value`
	code     = "{ X.code }"
	// The vaccine, and what was done, which UK Core has in an extension.
	vaccine   = "flatten { { X.vaccineCode }, (X.extension E where E.url.value = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-VaccinationProcedure' return all (E.value as FHIR.CodeableConcept)) }"
	medicine  = "{ (X.medication as FHIR.CodeableConcept) }"
	displayed = "(X.medication as FHIR.Reference).display.value"
	believed  = `"Is So"(X.verificationStatus)`
)

// kinds are the resource types that are read, as package timeline reads them.
var kinds = []kind{
	{name: "AllergyIntolerance", start: firstOf(dateOf("onset", "dateTime", "Period"), "X.recordedDate.value"), recorded: "X.recordedDate.value", status: clinical, concepts: code, is: believed},
	{name: "Appointment", start: firstOf(`X."start".value`, `X.requestedPeriod[0]."start".value`, `X.requestedPeriod[0]."end".value`, "X.created.value"), ended: `X."end".value`, recorded: "X.created.value", status: coded, concepts: "X.serviceType"},
	{name: "CarePlan", start: firstOf(begun, "X.created.value"), ended: ended, recorded: "X.created.value", status: coded, concepts: "X.category"},
	{name: "CareTeam", start: firstOf(begun), ended: ended, status: coded, concepts: "X.category"},
	{name: "Communication", start: firstOf("X.sent.value", "X.received.value"), status: coded, concepts: "X.category"},
	{name: "Condition", start: firstOf(dateOf("onset", "dateTime", "Period"), "X.recordedDate.value"), ended: firstOf("(X.abatement as FHIR.dateTime).value", endOf("abatement")), recorded: "X.recordedDate.value", status: clinical, concepts: code, is: believed},
	{name: "DiagnosticReport", start: firstOf(dateOf("effective", "dateTime", "Period"), "X.issued.value"), recorded: "X.issued.value", status: coded, concepts: code},
	{name: "Encounter", start: firstOf(begun), ended: ended, status: coded, class: "X.class.code.value", concepts: "X.type"},
	{name: "EpisodeOfCare", start: firstOf(begun), ended: ended, status: coded, concepts: "X.type"},
	{name: "Flag", start: firstOf(begun), ended: ended, status: coded, concepts: code},
	{name: "Goal", start: firstOf(`"Dated"((X."start" as FHIR.date).value)`, `"Dated"(X.statusDate.value)`), status: "X.lifecycleStatus.value", concepts: "{ X.description }"},
	{name: "Immunization", start: firstOf("(X.occurrence as FHIR.dateTime).value", "X.recorded.value"), recorded: "X.recorded.value", status: coded, concepts: vaccine},
	{name: "MedicationAdministration", start: firstOf(dateOf("effective", "dateTime", "Period")), ended: endOf("effective"), status: coded, concepts: medicine, said: displayed},
	{name: "MedicationDispense", start: firstOf("X.whenHandedOver.value", "X.whenPrepared.value"), status: coded, concepts: medicine, said: displayed},
	{name: "MedicationRequest", start: "X.authoredOn.value", ended: `X.dispenseRequest.validityPeriod."end".value`, status: coded, concepts: medicine, said: displayed},
	{name: "MedicationStatement", start: firstOf(dateOf("effective", "dateTime", "Period"), "X.dateAsserted.value"), ended: endOf("effective"), recorded: "X.dateAsserted.value", status: coded, concepts: medicine, said: displayed},
	{name: "Procedure", start: firstOf(dateOf("performed", "dateTime", "Period")), ended: endOf("performed"), status: coded, concepts: code},
	{name: "QuestionnaireResponse", start: "X.authored.value", status: coded, said: "X.questionnaire.value"},
	{name: "RiskAssessment", start: firstOf(dateOf("occurrence", "dateTime", "Period")), ended: endOf("occurrence"), status: coded, concepts: code},
	{name: "ServiceRequest", start: firstOf("X.authoredOn.value", dateOf("occurrence", "dateTime", "Period", "Timing")), status: coded, concepts: code},
}

// observed is an Observation; its components are events too.
var observed = kind{
	name: "Observation", start: firstOf(dateOf("effective", "dateTime", "instant", "Period", "Timing"), "X.issued.value"), ended: endOf("effective"),
	recorded: "X.issued.value", status: coded, concepts: code,
}

// event writes the event that a resource X is; measured says where its value
// is, if it has one.
func (k kind) event(measured string) string {
	or := func(s, otherwise string) string {
		if s == "" {
			return otherwise
		}
		return s
	}
	value := "null, null, null"
	if measured != "" {
		value = fmt.Sprintf("(%[1]s.value as FHIR.Quantity), (%[1]s.value as FHIR.integer).value, (%[1]s.value as FHIR.CodeableConcept)", measured)
	}
	return fmt.Sprintf("\"Event\"('%s', X.id.value, %s, X.meta.lastUpdated.value, %s, %s, %s, %s, %s, %s, %s)", k.name, k.start,
		or(k.ended, "null"), or(k.recorded, "null"), k.status, or(k.class, "null"), or(k.concepts, "{ null as FHIR.CodeableConcept }"), or(k.said, "null"), value)
}

// from writes the resources of a kind that say that they are so.
func (k kind) from() string {
	is := "Coalesce(" + k.status + ", '') != 'entered-in-error'"
	if k.is != "" {
		is += " and " + k.is
	}
	return fmt.Sprintf("[%s] X where %s", k.name, is)
}

// everything writes the list of all events of the patient, and what they are.
func everything() string {
	part := observed
	part.concepts = "{ P.code }"
	parts := []string{
		fmt.Sprintf("(%s\n      return all %s)", observed.from(), observed.event("X")),
		fmt.Sprintf("(flatten (%s and exists X.component\n      return all (X.component P return all %s)))", observed.from(), part.event("P")),
	}
	for _, k := range kinds {
		parts = append(parts, fmt.Sprintf("(%s\n      return all %s)", k.from(), k.event("")))
	}
	return "\ndefine \"Events\":\n  flatten {\n    " + strings.Join(parts, ",\n    ") + "\n  }\n" + `
define "Codes": distinct (flatten ("Events" E where exists E.codes return all E.codes))

define "Words": distinct ("Events" E where E.words is not null return all E.words)
`
}

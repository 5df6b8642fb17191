package timeline

import (
	"slices"
	"strconv"
	"strings"

	"joinery/fhir"
)

// shape says where a type of resource has what an event is made of. Members are
// named without the type of a choice: "onset" is onsetDateTime or onsetPeriod.
type shape struct {
	when     []string // the first that is there counts
	until    []string
	recorded []string
	code     string
	status   string
	orgs     []string // paths to references
}

// shapes are the types of which events are made. What is not here is not an
// event of a person's life: who they are, how care is organised, documents, what
// is said of relatives.
var shapes = map[string]shape{
	"AllergyIntolerance": {
		when: []string{"onset", "recordedDate"}, recorded: []string{"recordedDate"},
		code: "code", status: "clinicalStatus",
	},
	"Appointment": {
		when: []string{"start", "requestedPeriod", "created"}, until: []string{"end"}, recorded: []string{"created"},
		code: "serviceType", status: "status", orgs: []string{"participant.actor"},
	},
	"CarePlan": {
		when: []string{"period", "created"}, until: []string{"period"}, recorded: []string{"created"},
		code: "category", status: "status", orgs: []string{"author", "contributor"},
	},
	"CareTeam": {
		when: []string{"period"}, until: []string{"period"}, code: "category", status: "status", orgs: []string{"managingOrganization"},
	},
	"Communication": {
		when: []string{"sent", "received"}, code: "category", status: "status", orgs: []string{"sender"},
	},
	"Condition": {
		when: []string{"onset", "recordedDate"}, until: []string{"abatement"}, recorded: []string{"recordedDate"},
		code: "code", status: "clinicalStatus", orgs: []string{"asserter", "recorder"},
	},
	"DiagnosticReport": {
		when: []string{"effective", "issued"}, recorded: []string{"issued"}, code: "code", status: "status", orgs: []string{"performer"},
	},
	"Encounter": {
		when: []string{"period"}, until: []string{"period"}, code: "type", status: "status", orgs: []string{"serviceProvider"},
	},
	"EpisodeOfCare": {
		when: []string{"period"}, until: []string{"period"}, code: "type", status: "status", orgs: []string{"managingOrganization"},
	},
	"Flag": {
		when: []string{"period"}, until: []string{"period"}, code: "code", status: "status", orgs: []string{"author"},
	},
	"Goal": {
		when: []string{"start", "statusDate"}, code: "description", status: "lifecycleStatus",
	},
	"Immunization": {
		when: []string{"occurrence", "recorded"}, recorded: []string{"recorded"},
		code: "vaccineCode", status: "status", orgs: []string{"performer.actor"},
	},
	"MedicationAdministration": {
		when: []string{"effective"}, until: []string{"effective"}, code: "medication", status: "status", orgs: []string{"performer.actor"},
	},
	"MedicationDispense": {
		when: []string{"whenHandedOver", "whenPrepared"}, code: "medication", status: "status", orgs: []string{"performer.actor"},
	},
	"MedicationRequest": {
		when: []string{"authoredOn"}, until: []string{"dispenseRequest.validityPeriod"},
		code: "medication", status: "status", orgs: []string{"requester", "performer", "dispenseRequest.performer"},
	},
	"MedicationStatement": {
		when: []string{"effective", "dateAsserted"}, until: []string{"effective"}, recorded: []string{"dateAsserted"},
		code: "medication", status: "status", orgs: []string{"informationSource"},
	},
	"Observation": {
		when: []string{"effective", "issued"}, until: []string{"effective"}, recorded: []string{"issued"},
		code: "code", status: "status", orgs: []string{"performer"},
	},
	"Procedure": {
		when: []string{"performed"}, until: []string{"performed"}, code: "code", status: "status",
		orgs: []string{"performer.onBehalfOf", "performer.actor"},
	},
	"QuestionnaireResponse": {
		when: []string{"authored"}, code: "questionnaire", status: "status", orgs: []string{"author", "source"},
	},
	"RiskAssessment": {
		when: []string{"occurrence"}, until: []string{"occurrence"}, code: "code", status: "status", orgs: []string{"performer"},
	},
	"ServiceRequest": {
		when: []string{"authoredOn", "occurrence"}, code: "code", status: "status", orgs: []string{"performer", "requester"},
	},
}

// Kinds returns the resource types of which events are made, in order.
func Kinds() []string {
	var kinds []string
	for kind := range shapes {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	return kinds
}

// EventsOf returns the events that a FHIR resource is: none when it is of a type
// that makes none or says that it is not so (entered in error, refuted);
// otherwise one, and one more for each component of an Observation.
//
// Where there is no effective date, the date on which it was recorded stands in
// for it, and for that the day on which the version was stored: by then it was
// so. Nothing but the resource decides what comes out.
func EventsOf(res fhir.Value) []Event {
	kind := res.Get("resourceType").Text()
	s, ok := shapes[kind]
	if !ok || denied(res, s) {
		return nil
	}
	e := Event{Source: kind + "/" + res.Get("id").Text()}
	if e.Day, e.Minute, ok = s.effective(res); !ok {
		return nil
	}
	for _, name := range s.until {
		if last, ok := endOf(res, name); ok {
			e.End = last
			break
		}
	}
	for _, name := range s.recorded {
		if d, _, ok := startOf(res, name); ok && d != e.Day {
			e.Recorded = d
			break
		}
	}
	e.Organisation = organisationOf(res, s.orgs)
	e.What = What{Kind: kind, Status: statusOf(res.Get(s.status)), Codes: codesOf(res, s.code)}
	switch kind {
	case "Encounter":
		e.Class = res.Get("class").Get("code").Text()
	case "Immunization":
		e.What.Codes = vaccinationOf(res)
	}
	if kind != "Observation" {
		return []Event{e}
	}
	return observations(res, e)
}

// observations returns the event of an Observation and those of its components.
func observations(res fhir.Value, e Event) []Event {
	whole := e
	whole.measure(res)
	out := []Event{whole}
	for part := range res.Get("component").Items() {
		one := e
		one.What.Codes = codesOf(part, "code")
		one.measure(part)
		out = append(out, one)
	}
	return out
}

// measure reads the value of an Observation or a component.
func (e *Event) measure(v fhir.Value) {
	e.Answer = codesOf(v, "valueCodeableConcept")
	if n := v.Get("valueInteger"); n.Kind() == fhir.Number {
		e.Value, e.HasValue = number(n)
		return
	}
	q := v.Get("valueQuantity")
	if e.Value, e.HasValue = number(q.Get("value")); !e.HasValue {
		return
	}
	e.Comparator = q.Get("comparator").Text()
	if e.Unit = q.Get("code").Text(); e.Unit == "" {
		e.Unit = q.Get("unit").Text()
	}
}

func number(v fhir.Value) (float64, bool) {
	if v.Kind() != fhir.Number {
		return 0, false
	}
	n, err := strconv.ParseFloat(v.Text(), 64)
	return n, err == nil // out of range is no number
}

// denied reports whether a resource says that what it tells is not so.
func denied(res fhir.Value, s shape) bool {
	if res.Get(s.status).Is("entered-in-error") || res.Get("status").Is("entered-in-error") {
		return true
	}
	for c := range res.Get("verificationStatus").Get("coding").Items() {
		if code := c.Get("code"); code.Is("entered-in-error") || code.Is("refuted") {
			return true
		}
	}
	return false
}

func (s shape) effective(res fhir.Value) (Day, int16, bool) {
	for _, name := range s.when {
		if d, minute, ok := startOf(res, name); ok {
			return d, minute, true
		}
	}
	d, _, ok := readMoment(res.At("meta", "lastUpdated").Text())
	return d, DayOnly, ok
}

// startOf reads when something began: a date, or the start of a period.
func startOf(res fhir.Value, path string) (Day, int16, bool) {
	at, name := parent(res, path)
	for _, v := range []fhir.Value{at.Get(name), at.Get(name + "DateTime"), at.Get(name + "Date"), at.Get(name + "Instant")} {
		if v.Kind() == fhir.String {
			return readMoment(v.Text())
		}
	}
	for _, v := range []fhir.Value{at.Get(name), at.Get(name + "Period")} {
		if start := v.Item(0); start.Exists() { // Appointment.requestedPeriod repeats
			v = start
		}
		for _, member := range []string{"start", "end"} {
			if d, minute, ok := readMoment(v.Get(member).Text()); ok {
				return d, minute, true
			}
		}
	}
	return readMoment(at.Get(name + "Timing").At("event").Text())
}

// endOf reads the last day of something: a date, or the end of a period.
func endOf(res fhir.Value, path string) (Day, bool) {
	at, name := parent(res, path)
	for _, v := range []fhir.Value{at.Get(name).Get("end"), at.Get(name + "Period").Get("end")} {
		if d, minute, ok := readMoment(v.Text()); ok {
			return latest(d, minute), true
		}
	}
	if name != "abatement" && name != "end" {
		return NoDay, false
	}
	for _, v := range []fhir.Value{at.Get(name), at.Get(name + "DateTime")} {
		if d, minute, ok := readMoment(v.Text()); ok {
			return latest(d, minute), true
		}
	}
	return NoDay, false
}

// parent follows a path to its last member.
func parent(res fhir.Value, path string) (at fhir.Value, name string) {
	for {
		step, rest, more := strings.Cut(path, ".")
		if !more {
			return res, path
		}
		res, path = res.Get(step), rest
	}
}

// statusOf reads a code, or the first coding of a concept.
func statusOf(v fhir.Value) string {
	if v.Kind() == fhir.String {
		return v.Text()
	}
	return v.At("coding", "code").Text()
}

// codesOf reads what something is: all codings of the concept, or its text where
// there are none.
func codesOf(res fhir.Value, name string) []Code {
	concept := res.Get(name)
	if name == "medication" {
		concept = medicationOf(res)
	}
	if concept.Kind() == fhir.String { // a canonical URL
		return []Code{{Code: concept.Text()}}
	}
	return codesIn(slices.Collect(concept.Items()))
}

// codesIn returns all codings of some concepts, in order; where there are none,
// the first text.
func codesIn(concepts []fhir.Value) []Code {
	var codes []Code
	for _, one := range concepts {
		for c := range one.Get("coding").Items() {
			if code := c.Get("code").Text(); code != "" {
				codes = append(codes, Code{System: c.Get("system").Text(), Code: code})
			}
		}
	}
	if len(codes) == 0 {
		for _, one := range concepts {
			for _, text := range []string{one.Get("text").Text(), one.At("coding", "display").Text()} {
				if text != "" {
					return []Code{{Code: text}}
				}
			}
		}
	}
	slices.SortFunc(codes, Code.Compare)
	return slices.Compact(codes)
}

const vaccinationProcedure = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-VaccinationProcedure"

// vaccinationOf returns the codes of a vaccine with those of the procedure, which
// UK Core has in an extension: there the vaccine itself is a product, and which
// dose of which course it was the procedure says.
func vaccinationOf(res fhir.Value) []Code {
	concepts := slices.Collect(res.Get("vaccineCode").Items())
	for x := range res.Get("extension").Items() {
		if x.Get("url").Is(vaccinationProcedure) {
			concepts = append(concepts, x.Get("valueCodeableConcept"))
		}
	}
	return codesIn(concepts)
}

// medicationOf returns the concept of a medicine: its own, that of the contained
// Medication that it refers to, or what the reference shows.
func medicationOf(res fhir.Value) fhir.Value {
	if concept := res.Get("medicationCodeableConcept"); concept.Exists() {
		return concept
	}
	reference := res.At("medicationReference")
	if id, ok := strings.CutPrefix(reference.Get("reference").Text(), "#"); ok {
		for c := range res.Get("contained").Items() {
			if c.Get("id").Is(id) {
				return c.Get("code")
			}
		}
	}
	return reference.Get("display")
}

// organisationOf returns the id of the first Organization that one of the paths
// refers to.
func organisationOf(res fhir.Value, paths []string) string {
	for _, path := range paths {
		at, name := parent(res, path)
		for one := range at.Items() {
			for ref := range one.Get(name).Items() {
				if id, ok := organisation(ref); ok {
					return id
				}
			}
		}
	}
	return ""
}

func organisation(ref fhir.Value) (id string, ok bool) {
	id, ok = strings.CutPrefix(ref.Get("reference").Text(), "Organization/")
	id, _, _ = strings.Cut(id, "/")
	return id, ok && fhir.ID(id).Valid()
}

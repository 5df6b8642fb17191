package synth

import "strconv"

const terminology = "http://terminology.hl7.org/CodeSystem/"

func (s *Scribe) condition(e *Event) {
	s.raw(`,"clinicalStatus":{"coding":[{"system":"` + terminology + `condition-clinical"`)
	s.text("code", e.Status)
	s.raw(`}]},"verificationStatus":{"coding":[{"system":"` + terminology + `condition-ver-status","code":"confirmed"}]}`)
	s.category("condition-category", "problem-list-item", e)
	s.concept("code", e.What, e.Text)
	s.person("subject")
	s.within(e)
	s.when("onsetDateTime", e.At, e.Grain)
	s.when("abatementDateTime", e.Until, endGrain(e.Grain))
	s.when("recordedDate", e.Recorded, endGrain(e.Grain))
	if e.Who != nil {
		s.ref("recorder", "Practitioner", e.Who.ID)
	}
}

// category is the event's own category, or else a code of HL7's list for it.
func (s *Scribe) category(list, code string, e *Event) {
	if e.Category != nil {
		s.concepts("category", e.Category, "")
		return
	}
	s.raw(`,"category":[{"coding":[{"system":"` + terminology)
	s.raw(list)
	s.raw(`","code":"`)
	s.raw(code)
	s.raw(`"}]}]`)
}

func (s *Scribe) observation(e *Event) {
	s.text("status", e.Status)
	s.concepts("category", e.Category, "")
	s.concept("code", e.What, e.Text)
	s.person("subject")
	s.within(e)
	if e.Until != Never {
		s.span("effectivePeriod", e.At, e.Until, e.Grain)
	} else {
		s.when("effectiveDateTime", e.At, e.Grain)
	}
	s.when("issued", e.Recorded, ToTheMinute)
	s.doers("performer", "", e)
	switch {
	case e.Unit != nil:
		s.key("valueQuantity")
		s.amount(e.Value, e.Digits, e.Unit)
	case e.Answer != nil:
		s.concept("valueCodeableConcept", e.Answer, "")
	}
	if len(e.Parts) == 0 {
		return
	}
	s.raw(`,"component":[`)
	for i, part := range e.Parts {
		if i > 0 {
			s.raw(`,`)
		}
		s.raw(`{"code":`)
		s.says(part.What, "")
		s.key("valueQuantity")
		s.amount(part.Value, part.Digits, part.Unit)
		s.raw(`}`)
	}
	s.raw(`]`)
}

func (s *Scribe) procedure(e *Event) {
	s.cause("basedOn", ServiceRequest, e)
	s.text("status", e.Status)
	s.concept("category", e.Category, "")
	s.concept("code", e.What, e.Text)
	s.person("subject")
	s.within(e)
	if e.Until != Never {
		s.span("performedPeriod", e.At, e.Until, e.Grain)
	} else {
		s.when("performedDateTime", e.At, e.Grain)
	}
	s.doers("performer", "actor", e)
	if e.Site != nil {
		s.ref("location", "Location", e.Site.ID)
	}
	s.cause("reasonReference", Condition, e)
	s.concept("outcome", e.Outcome, "")
}

// immunization is written as UK Core has it, the procedure in an extension; and
// since dm+d names of vaccines have no code here, the procedure is vaccineCode
// as well, by which people search.
func (s *Scribe) immunization(e *Event) {
	if e.What != nil {
		s.raw(`,"extension":[{"url":"` + ukCore + `Extension-UKCore-VaccinationProcedure"`)
		s.concept("valueCodeableConcept", e.What, "")
		s.raw(`}]`)
	}
	s.text("status", e.Status)
	s.concept("vaccineCode", e.What, e.Text)
	s.person("patient")
	s.within(e)
	s.when("occurrenceDateTime", e.At, e.Grain)
	s.when("recorded", e.Recorded, endGrain(e.Grain))
	s.flag("primarySource", true)
	if e.Site != nil {
		s.ref("location", "Location", e.Site.ID)
	}
	s.doers("performer", "actor", e)
	s.cause("reasonReference", Condition, e)
	if e.Number > 0 {
		s.raw(`,"protocolApplied":[{"doseNumberPositiveInt":`)
		s.b = strconv.AppendInt(s.b, int64(e.Number), 10)
		s.raw(`}]`)
	}
}

func (s *Scribe) medication(e *Event) {
	s.text("status", e.Status)
	s.raw(`,"intent":"order"`)
	s.concept("medicationCodeableConcept", e.What, e.Text)
	s.person("subject")
	s.within(e)
	s.when("authoredOn", e.At, e.Grain)
	switch {
	case e.Who != nil:
		s.ref("requester", "Practitioner", e.Who.ID)
	case e.Org != nil:
		s.ref("requester", "Organization", e.Org.ID)
	}
	s.cause("reasonReference", Condition, e)
	if e.Dose != "" {
		s.raw(`,"dosageInstruction":[{"text":`)
		s.quote(e.Dose)
		s.raw(`}]`)
	}
	if e.Until != Never {
		s.raw(`,"dispenseRequest":{"validityPeriod":{"start":"`)
		s.b = appendMoment(s.b, e.At, e.Grain)
		s.raw(`"`)
		s.when("end", e.Until, endGrain(e.Grain))
		s.raw(`}}`)
	}
}

// classes are the displays of encounter classes.
var classes = map[string]string{
	"AMB": "ambulatory", "EMER": "emergency", "FLD": "field", "HH": "home health", "IMP": "inpatient encounter",
	"ACUTE": "inpatient acute", "NONAC": "inpatient non-acute", "OBSENC": "observation encounter", "PRENC": "pre-admission",
	"SS": "short stay", "VR": "virtual",
}

func (s *Scribe) encounter(e *Event) {
	s.arrival(e)
	s.text("status", e.Status)
	s.raw(`,"class":{"system":"` + terminology + `v3-ActCode"`)
	s.text("code", e.Class)
	s.text("display", classes[e.Class])
	s.raw(`}`)
	s.concepts("type", e.What, e.Text)
	s.person("subject")
	s.cause("basedOn", ServiceRequest, e)
	if e.Who != nil {
		s.raw(`,"participant":[{"individual":`)
		s.to("Practitioner", e.Who.ID)
		s.raw(`}]`)
	}
	s.span("period", e.At, e.Until, e.Grain)
	if e.Note != "" {
		s.concepts("reasonCode", nil, e.Note)
	}
	s.cause("reasonReference", Condition, e)
	if e.Outcome != nil && (e.Class == "IMP" || e.Class == "EMER") {
		s.raw(`,"hospitalization":{"dischargeDisposition":`)
		s.says(e.Outcome, "")
		s.raw(`}`)
	}
	if e.Site != nil {
		s.raw(`,"location":[{"location":`)
		s.to("Location", e.Site.ID)
		if e.Status == "in-progress" {
			s.raw(`,"status":"active"`)
		}
		s.raw(`}]`)
	}
	if e.Org != nil {
		s.ref("serviceProvider", "Organization", e.Org.ID)
	}
}

// arrival is what R4's Encounter has no element for: by what means someone came,
// and how an encounter outside a hospital ended.
func (s *Scribe) arrival(e *Event) {
	ended := e.Outcome != nil && e.Class != "IMP" && e.Class != "EMER"
	if e.Arrival == nil && !ended {
		return
	}
	s.raw(`,"extension":[`)
	if e.Arrival != nil {
		s.raw(`{"url":"` + ours + `arrival-mode"`)
		s.concept("valueCodeableConcept", e.Arrival, "")
		s.raw(`}`)
	}
	if ended {
		if e.Arrival != nil {
			s.raw(`,`)
		}
		s.raw(`{"url":"` + ours + `encounter-outcome"`)
		s.concept("valueCodeableConcept", e.Outcome, "")
		s.raw(`}`)
	}
	s.raw(`]`)
}

func (s *Scribe) referral(e *Event) {
	s.text("status", e.Status)
	s.raw(`,"intent":"order"`)
	s.concepts("category", e.Category, "")
	s.text("priority", e.Priority)
	s.concept("code", e.What, e.Text)
	s.person("subject")
	s.within(e)
	s.when("authoredOn", e.At, e.Grain)
	switch {
	case e.Who != nil:
		s.ref("requester", "Practitioner", e.Who.ID)
	case s.of.Practice != nil:
		s.ref("requester", "Organization", s.of.Practice.ID)
	}
	if e.Org != nil {
		s.refs("performer", "Organization", e.Org.ID)
	}
	s.cause("reasonReference", Condition, e)
}

func (s *Scribe) appointment(e *Event) {
	s.text("status", e.Status)
	s.concepts("serviceType", e.What, e.Text)
	s.cause("reasonReference", Condition, e)
	s.when("start", e.At, ToTheMinute)
	s.when("end", e.Until, ToTheMinute)
	s.when("created", e.Recorded, endGrain(e.Grain))
	s.text("comment", e.Note)
	s.cause("basedOn", ServiceRequest, e)
	s.raw(`,"participant":[{"actor":`)
	s.to("Patient", s.subject)
	s.raw(`,"status":"accepted"}`)
	if e.Who != nil {
		s.raw(`,{"actor":`)
		s.to("Practitioner", e.Who.ID)
		s.raw(`,"status":"accepted"}`)
	}
	if e.Site != nil {
		s.raw(`,{"actor":`)
		s.to("Location", e.Site.ID)
		s.raw(`,"status":"accepted"}`)
	}
	s.raw(`]`)
}

func (s *Scribe) allergy(e *Event) {
	s.raw(`,"clinicalStatus":{"coding":[{"system":"` + terminology + `allergyintolerance-clinical"`)
	s.text("code", e.Status)
	s.raw(`}]},"verificationStatus":{"coding":[{"system":"` + terminology + `allergyintolerance-verification","code":"confirmed"}]}`)
	s.concept("code", e.What, e.Text)
	s.person("patient")
	s.within(e)
	s.when("onsetDateTime", e.At, e.Grain)
	s.when("recordedDate", e.Recorded, endGrain(e.Grain))
	if e.Who != nil {
		s.ref("recorder", "Practitioner", e.Who.ID)
	}
}

func (s *Scribe) carePlan(e *Event) {
	s.text("status", e.Status)
	s.raw(`,"intent":"plan"`)
	s.concepts("category", e.What, "")
	s.text("title", e.Text)
	s.person("subject")
	s.within(e)
	s.span("period", e.At, e.Until, e.Grain)
	if e.Org != nil {
		s.ref("author", "Organization", e.Org.ID)
	}
	if e.Who != nil {
		s.refs("contributor", "Practitioner", e.Who.ID)
	}
	s.cause("addresses", Condition, e)
}

func (s *Scribe) episode(e *Event) {
	s.text("status", e.Status)
	s.concepts("type", e.What, e.Text)
	s.person("patient")
	if e.Org != nil {
		s.ref("managingOrganization", "Organization", e.Org.ID)
	}
	s.span("period", e.At, e.Until, e.Grain)
	s.cause("referralRequest", ServiceRequest, e)
	if e.Who != nil {
		s.ref("careManager", "Practitioner", e.Who.ID)
	}
}

func (s *Scribe) team(e *Event) {
	s.text("status", e.Status)
	s.concepts("category", e.What, e.Text)
	s.text("name", e.Text)
	s.person("subject")
	s.within(e)
	s.span("period", e.At, e.Until, e.Grain)
	if e.Who != nil {
		s.raw(`,"participant":[{"member":`)
		s.to("Practitioner", e.Who.ID)
		s.ref("onBehalfOf", "Organization", e.Who.Of.ID)
		s.raw(`}]`)
	}
	s.cause("reasonReference", Condition, e)
	if e.Org != nil {
		s.refs("managingOrganization", "Organization", e.Org.ID)
	}
}

func (s *Scribe) alert(e *Event) {
	s.text("status", e.Status)
	s.concepts("category", e.Category, "")
	s.concept("code", e.What, e.Text)
	s.person("subject")
	s.span("period", e.At, e.Until, e.Grain)
	s.within(e)
	switch {
	case e.Org != nil:
		s.ref("author", "Organization", e.Org.ID)
	case e.Who != nil:
		s.ref("author", "Practitioner", e.Who.ID)
	}
}

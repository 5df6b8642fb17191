package synth

import "strconv"

// ukCore is where the profiles and extensions of FHIR UK Core are named.
const ukCore = "https://fhir.hl7.org.uk/StructureDefinition/"

// ours is where the project's own extensions are named.
const ours = "https://joinery.example/fhir/StructureDefinition/"

const tag = `"tag":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"HTEST","display":"test health data"}]}`

// Resource is one FHIR resource.
type Resource struct {
	Type, ID string
	JSON     []byte // valid until the next one is given
}

// Scribe writes people and organisations as FHIR R4 resources in the shapes of
// UK Core. One Scribe serves one goroutine.
type Scribe struct {
	page
	give    func(Resource)
	typ, id string

	district *District
	of       *Person
	subject  string // the reference to the person's Patient
}

// NewScribe returns a Scribe that hands each resource to give.
func NewScribe(d *District, give func(Resource)) *Scribe {
	return &Scribe{district: d, give: give}
}

// begin begins a resource of a type that UK Core has a profile of. label is a
// sensitivity of v3-ActCode, "" for none.
func (s *Scribe) begin(typ, id, label string) {
	s.typ, s.id = typ, id
	s.b = s.b[:0]
	s.raw(`{"resourceType":"`)
	s.raw(typ)
	s.raw(`","id":"`)
	s.raw(id)
	s.raw(`","meta":{`)
	s.raw(`"profile":["` + ukCore + `UKCore-`)
	s.raw(typ)
	s.raw(`"],`)
	if label != "" {
		s.raw(`"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"`)
		s.raw(label)
		s.raw(`"}],`)
	}
	s.raw(tag)
}

// end ends the resource and hands it over.
func (s *Scribe) end() {
	s.raw(`}`)
	s.give(Resource{Type: s.typ, ID: s.id, JSON: s.b})
}

// Person writes a person: the Patient, those who care for them, and every event
// of their life in its order.
func (s *Scribe) Person(p *Person) {
	s.of, s.subject = p, p.ID()
	s.patient()
	for i, carer := range p.Carers {
		s.carer(i+1, carer)
	}
	for i := range p.Events {
		s.event(i)
	}
}

// form is how events of a kind are written.
type form struct {
	typ, word string // the FHIR resource, and its part of an id
	ends      bool   // whether it has a place for Until
	recorded  bool   // whether it has a place for Recorded
	placed    bool   // whether it names the Organization
	notes     bool   // whether it has a list of notes
}

// forms are indexed by Kind.
var forms = [...]form{
	Condition:          {"Condition", "condition", true, true, false, true},
	Observation:        {"Observation", "observation", true, true, true, true},
	Procedure:          {"Procedure", "procedure", true, false, true, true},
	Immunization:       {"Immunization", "immunization", false, true, true, true},
	MedicationRequest:  {"MedicationRequest", "medication", true, false, true, true},
	Encounter:          {"Encounter", "encounter", true, false, true, false},
	ServiceRequest:     {"ServiceRequest", "referral", false, false, true, true},
	Appointment:        {"Appointment", "appointment", true, true, false, false},
	AllergyIntolerance: {"AllergyIntolerance", "allergy", false, true, false, true},
	CarePlan:           {"CarePlan", "plan", true, false, true, true},
	EpisodeOfCare:      {"EpisodeOfCare", "episode", true, false, true, false},
	CareTeam:           {"CareTeam", "team", true, false, true, true},
	Flag:               {"Flag", "flag", true, false, true, false},
}

// eventID returns the id of the resource that an event becomes.
func (s *Scribe) eventID(i int) string {
	var buf [64]byte
	return string(s.appendEventID(buf[:0], i))
}

func (s *Scribe) appendEventID(b []byte, i int) []byte {
	b = append(b, s.subject...)
	b = append(b, '-')
	b = append(b, forms[s.of.Events[i].Kind].word...)
	b = append(b, '-')
	return strconv.AppendInt(b, int64(i)+1, 10)
}

// toEvent is the object of a Reference to the i-th event.
func (s *Scribe) toEvent(i int32) {
	s.raw(`{"reference":"`)
	s.raw(forms[s.of.Events[i].Kind].typ)
	s.raw(`/`)
	s.b = s.appendEventID(s.b, int(i))
	s.raw(`"}`)
}

// event writes the i-th event of the person.
func (s *Scribe) event(i int) {
	e := &s.of.Events[i]
	f := &forms[e.Kind]
	s.begin(f.typ, s.eventID(i), e.Label)
	s.rest(e)
	if f.notes && e.Note != "" {
		s.raw(`,"note":[{"text":`)
		s.quote(e.Note)
		s.raw(`}]`)
	}
	s.end()
}

// rest writes what is particular to the kind of an event.
func (s *Scribe) rest(e *Event) {
	switch e.Kind {
	case Condition:
		s.condition(e)
	case Observation:
		s.observation(e)
	case Procedure:
		s.procedure(e)
	case Immunization:
		s.immunization(e)
	case MedicationRequest:
		s.medication(e)
	case Encounter:
		s.encounter(e)
	case ServiceRequest:
		s.referral(e)
	case Appointment:
		s.appointment(e)
	case AllergyIntolerance:
		s.allergy(e)
	case CarePlan:
		s.carePlan(e)
	case EpisodeOfCare:
		s.episode(e)
	case CareTeam:
		s.team(e)
	case Flag:
		s.alert(e)
	}
}

// person is the reference to the person whose life it is.
func (s *Scribe) person(name string) { s.ref(name, "Patient", s.subject) }

// within is the reference to the encounter in which an event happened.
func (s *Scribe) within(e *Event) {
	if e.In >= 0 {
		s.key("encounter")
		s.toEvent(e.In)
	}
}

// refs is a list of one reference.
func (s *Scribe) refs(name, typ, id string) {
	s.key(name)
	s.raw(`[`)
	s.to(typ, id)
	s.raw(`]`)
}

// cause is a list of the event of a kind for which something was done: the
// condition that was its reason, or the referral that asked for it.
func (s *Scribe) cause(name string, kind Kind, e *Event) {
	if e.For >= 0 && s.of.Events[e.For].Kind == kind {
		s.key(name)
		s.raw(`[`)
		s.toEvent(e.For)
		s.raw(`]`)
	}
}

// doers is a list of references to who did something, each as the value of
// member, or by itself when that is empty.
func (s *Scribe) doers(name, member string, e *Event) {
	if e.Who == nil && e.Org == nil {
		return
	}
	open, closed := `{"`+member+`":`, `}`
	if member == "" {
		open, closed = "", ""
	}
	s.key(name)
	s.raw(`[`)
	if e.Who != nil {
		s.raw(open)
		s.to("Practitioner", e.Who.ID)
		s.raw(closed)
	}
	if e.Org != nil {
		if e.Who != nil {
			s.raw(`,`)
		}
		s.raw(open)
		s.to("Organization", e.Org.ID)
		s.raw(closed)
	}
	s.raw(`]`)
}

package synth

// Kind is the FHIR resource that an event becomes.
type Kind uint8

// Kinds of events, by the resource that they become.
const (
	Condition Kind = iota + 1
	Observation
	Procedure
	Immunization
	MedicationRequest
	Encounter
	ServiceRequest
	Appointment
	AllergyIntolerance
	CarePlan
	EpisodeOfCare
	CareTeam
	Flag
)

// Concept is a code with where it comes from and how sure we are of it.
type Concept struct {
	System, Code, Display string
	Mark                  Mark
}

// Mark is how far a code has been verified, as knowledge of the field has it.
type Mark string

// Marks of codes.
const (
	Verified   Mark = "V"  // in a public code list
	SeenOnce   Mark = "V1" // in one public repository only
	Unverified Mark = "K"  // from professional knowledge
)

// Unit is a unit of UCUM, and how people write it.
type Unit struct{ Code, Written string }

// Part is one value of an Observation that has several.
type Part struct {
	What   *Concept
	Value  float64
	Unit   *Unit
	Digits int8 // after the decimal point
}

// Event is something that happened in a life. It is the one source of both
// forms that a life takes: a FHIR resource and a row of a timeline.
type Event struct {
	Kind     Kind
	What     *Concept // nil: Text alone says it
	Text     string   // of a medicine its dm+d name
	At       Moment
	Until    Moment // Never: no end, or none yet
	Recorded Moment // Never: when it happened
	Grain    Grain
	Status   string // in FHIR's words for the kind
	Class    string // of an Encounter: v3-ActCode

	Value  float64 // of an Observation, if Unit is there
	Unit   *Unit
	Digits int8     // after the decimal point
	Answer *Concept // of an Observation whose value is a code
	Parts  []Part   // of an Observation with components

	Org  *Organisation // where it happened, or who did it
	Site *Site         // nil: not at a site
	Who  *Staff        // nil: nobody in particular

	In  int32 // the Encounter in which it happened: place in the person's Events, -1: none
	For int32 // the Condition or ServiceRequest for which it was done, -1: none

	Arrival  *Concept // of an Encounter in an emergency department: by what means
	Outcome  *Concept // of an Encounter: how it ended
	Priority string   // of a ServiceRequest: routine, urgent, asap, stat
	Dose     string   // of a MedicationRequest: its instruction
	Number   int8     // of an Immunization: which dose; 0: not counted
	Category *Concept // of an Observation, Condition or CarePlan
	Label    string   // v3-ActCode of sensitivity: PSY, HIV, STD, SDV, …
	Note     string   // a line of plain words, never with a name

	misfiled bool // it is in the record of another than whom it happened to
}

// snomed is the code system SNOMED CT.
const snomed = "http://snomed.info/sct"

package access

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"joinery/fault"
	"joinery/fhir"
)

// Who says who stands behind a request, for the audit and for what every role
// has in common.
type Who struct {
	Client   string  // the program through which they ask: the name of its token
	Name     string  // of the person or system, to show
	Operator string  // who typed the command, when one did
	Purpose  Purpose // why; each role has a default where only one makes sense
	Request  string  // id of the request
	Source   string  // network address it came from
	Scopes   Scopes  // what the program may do: a system's only rights, a limit to everyone else's
}

// Subject is who asks. It is made by New… alone, never changes, and cannot be
// made to say anything else. The zero Subject may do nothing.
type Subject struct{ *subject }

type subject struct {
	who     Who
	role    Role
	actors  []Actor // that relations may name
	orgs    []Actor // that agreements may name
	cleared Label   // sensitivity that they may see
	glass   *Glass
	through Hand    // by which they act; empty: their own
	org     fhir.ID // for which they work
	self    fhir.ID // the Patient that a member of staff is themselves
}

// Hand is a part of the program that changes the record for whoever asks, and
// does only what its own rules allow. The policy lets it write, in their name,
// what they may not write themselves.
type Hand string

// ByWorkflow is the hand of care/workflow: the legal moves of referrals,
// enrolments and tasks.
const ByWorkflow Hand = "workflow"

var hands = []Hand{ByWorkflow}

// Through returns the same subject acting by a hand: who asks stays who they
// are, for whom they may act and for the audit. Only the hand itself calls it.
func (s Subject) Through(h Hand) Subject {
	if s.subject == nil {
		return s
	}
	acting := *s.subject
	acting.through = h
	return Subject{&acting}
}

// Hand returns by which hand the subject acts, empty when by none.
func (s Subject) Hand() Hand {
	if s.subject == nil {
		return ""
	}
	return s.through
}

// Is reports whether the subject acts as what a reference names: themselves, as
// "Patient/x" or "Practitioner/x", or the organisation that they work for.
func (s Subject) Is(reference string) bool {
	if s.subject == nil {
		return false
	}
	key := ActorKey(reference)
	return slices.Contains(s.actors, key) || slices.Contains(s.orgs, key)
}

// Glass is the breaking of it: an emergency look at one person with whom there
// is no relation.
type Glass struct {
	Persons []int64   // the keys of the one person, linked ones included
	Reason  string    // why, in the words of who broke it; goes to the audit
	At      time.Time // when; it holds for GlassHolds
}

// GlassHolds is how long one breaking of the glass lets someone look.
const GlassHolds = 60 * time.Minute

// NewSystem returns the subject of a program that acts for itself. Its rights
// are its scopes, of which there must be at least one, and all must be of the
// level system.
func NewSystem(who Who) (Subject, error) {
	if !who.Scopes.only(levelSystem) {
		return Subject{}, fault.New(fault.Denied, "A system needs scopes: they begin with system/ or label/, or are launch.")
	}
	return newSubject(who, System, Operations, subject{})
}

// NewPatient returns the subject of a person who looks at their own record, by
// the id of their Patient. Linked records come with it.
func NewPatient(who Who, id fhir.ID) (Subject, error) {
	if !id.Valid() {
		return Subject{}, fault.New(fault.Denied, "A patient's subject needs the id of their Patient.")
	}
	return newSubject(who, Patient, PatientRequest, subject{actors: []Actor{ActorKey("Patient/" + string(id))}})
}

// NewCarer returns the subject of someone whom persons let see part of their
// records, by the ids of their RelatedPersons. What they may see is in Consents.
func NewCarer(who Who, ids ...fhir.ID) (Subject, error) {
	var s subject
	for _, id := range ids {
		if !id.Valid() {
			return Subject{}, fault.New(fault.Denied, "A carer's subject needs the ids of their RelatedPersons.")
		}
		s.actors = append(s.actors, ActorKey("RelatedPerson/"+string(id)))
	}
	if len(ids) == 0 {
		return Subject{}, fault.New(fault.Denied, "A carer's subject needs the ids of their RelatedPersons.")
	}
	return newSubject(who, Carer, FamilyRequest, s)
}

// Member says what a member of staff is for this session.
type Member struct {
	Practitioner fhir.ID   // who they are
	Role         fhir.ID   // PractitionerRole that they chose, if any
	Organization fhir.ID   // for which they work now; its agreements are theirs
	Locations    []fhir.ID // where they work, such as a care home
	Cleared      Label     // sensitivity that they may see
	Self         fhir.ID   // the Patient that they are themselves, where that is known: see record's flags
	Glass        *Glass    // set while they look in an emergency; the purpose must be BreakTheGlass
}

// NewStaff returns the subject of a member of staff. They must say a purpose.
func NewStaff(who Who, m Member) (Subject, error) {
	s := subject{cleared: m.Cleared & Sensitive}
	for _, a := range []struct {
		typ string
		ids []fhir.ID
	}{
		{"Practitioner", []fhir.ID{m.Practitioner}},
		{"PractitionerRole", []fhir.ID{m.Role}},
		{"Organization", []fhir.ID{m.Organization}},
		{"Location", m.Locations},
	} {
		for _, id := range a.ids {
			if id == "" {
				continue
			}
			if !id.Valid() {
				return Subject{}, fault.New(fault.Denied, "The id of a "+a.typ+" in a staff member's session is not valid.")
			}
			s.actors = append(s.actors, ActorKey(a.typ+"/"+string(id)))
		}
	}
	if m.Practitioner == "" || m.Organization == "" {
		return Subject{}, fault.New(fault.Denied, "A member of staff needs a Practitioner and the Organization they work for.")
	}
	s.orgs = []Actor{ActorKey("Organization/" + string(m.Organization))}
	s.org, s.self = m.Organization, m.Self
	if (m.Glass != nil) != (who.Purpose == BreakTheGlass) {
		return Subject{}, fault.New(fault.Denied, "Breaking the glass needs the purpose BTG, a person and a reason.")
	}
	if m.Glass != nil {
		g := *m.Glass
		g.Persons = slices.Clone(g.Persons)
		if len(g.Persons) == 0 || slices.Contains(g.Persons, 0) || len(strings.TrimSpace(g.Reason)) < 10 {
			return Subject{}, fault.New(fault.Denied, "Breaking the glass needs one person and a reason of at least 10 characters.")
		}
		s.glass = &g
	}
	if who.Purpose == "" {
		return Subject{}, fault.New(fault.Denied, "A member of staff must say for what purpose they look.")
	}
	return newSubject(who, Staff, "", s)
}

// Finder says for whom a case-finder works and which models' findings they
// follow up.
type Finder struct {
	Organization fhir.ID   // its agreements are theirs
	Groups       []fhir.ID // of the people found, one for each applied model that names this finder
}

// NewCaseFinder returns the subject of someone who gets in touch with the
// people whom applied models of care found.
func NewCaseFinder(who Who, f Finder) (Subject, error) {
	if !f.Organization.Valid() || len(f.Groups) == 0 {
		return Subject{}, fault.New(fault.Denied, "A case-finder needs an Organization and the Groups of the models that name it.")
	}
	s := subject{orgs: []Actor{ActorKey("Organization/" + string(f.Organization))}, org: f.Organization}
	for _, id := range f.Groups {
		if !id.Valid() {
			return Subject{}, fault.New(fault.Denied, "The id of a Group of a case-finder is not valid.")
		}
		s.actors = append(s.actors, ActorKey("Group/"+string(id)))
	}
	return newSubject(who, CaseFinder, PopulationHealth, s)
}

// NewAnalyst returns the subject of someone who may learn how many there are,
// with small numbers withheld, and nothing of anyone.
func NewAnalyst(who Who) (Subject, error) {
	return newSubject(who, Analyst, PublicHealth, subject{})
}

// NewLead returns the subject of someone who leads a network of services: they
// learn how many there are, and nothing of anyone.
func NewLead(who Who) (Subject, error) {
	return newSubject(who, Lead, Management, subject{})
}

// NewGovernance returns the subject of someone who answers for information
// governance: they see who looked at what.
func NewGovernance(who Who) (Subject, error) {
	return newSubject(who, Governance, Operations, subject{})
}

// NewAdministrator returns the subject of someone who keeps accounts, the
// directory and agreements.
func NewAdministrator(who Who) (Subject, error) {
	return newSubject(who, Administrator, Administration, subject{})
}

// NewPublic returns the subject of anyone: they see the directory of services
// and nothing of a person.
func NewPublic(who Who) (Subject, error) {
	return newSubject(who, Public, PatientRequest, subject{})
}

func newSubject(who Who, role Role, purpose Purpose, s subject) (Subject, error) {
	if who.Purpose == "" {
		who.Purpose = purpose
	}
	if !slices.Contains(Purposes(), who.Purpose) {
		return Subject{}, fault.New(fault.Denied, "The purpose of use is none that we know; TREAT, PATRQT and HOPERAT are some.")
	}
	if role != System && who.Scopes.has(levelPatient) && role != Patient && role != Carer {
		return Subject{}, fault.New(fault.Denied, "Scopes that begin with patient/ are for patients and their carers.")
	}
	s.who, s.role = who, role
	slices.Sort(s.actors)
	s.actors = slices.Compact(s.actors)
	return Subject{&s}, nil
}

// identify returns what tells one principal from another: all that rights
// depend on, and nothing of the single request.
func (s *subject) identify() string {
	h := sha256.New()
	fmt.Fprintf(h, "%d|%q|%q|%q|%s|%v|%v|%d|%s|%s", s.role, s.who.Client, s.who.Name, s.who.Operator, s.who.Purpose,
		s.actors, s.orgs, s.cleared, s.who.Scopes, s.through)
	if s.glass != nil {
		fmt.Fprintf(h, "|%v|%d", s.glass.Persons, s.glass.At.UnixMilli())
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Who returns who stands behind the request, with the purpose filled in.
func (s Subject) Who() Who {
	if s.subject == nil {
		return Who{}
	}
	return s.who
}

// Role returns the role, Nobody for the zero Subject.
func (s Subject) Role() Role {
	if s.subject == nil {
		return Nobody
	}
	return s.role
}

// Purpose returns why data is asked for.
func (s Subject) Purpose() Purpose { return s.Who().Purpose }

// Glass returns the breaking of the glass that the subject acts under, and nil
// when it does not. The caller must not change it.
func (s Subject) Glass() *Glass {
	if s.subject == nil {
		return nil
	}
	return s.glass
}

// Organization returns for whom a member of staff or a case-finder works, and
// nothing for others.
func (s Subject) Organization() fhir.ID {
	if s.subject == nil {
		return ""
	}
	return s.org
}

// Self returns the Patient that a member of staff is themselves, and nothing where
// that is not known.
func (s Subject) Self() fhir.ID {
	if s.subject == nil {
		return ""
	}
	return s.self
}

// Principal identifies who asks across requests: equal for equal rights of the
// same program and person. A page of a search may be fetched only by the
// principal that asked for the first.
func (s Subject) Principal() string {
	if s.subject == nil {
		return ""
	}
	return s.identify()
}

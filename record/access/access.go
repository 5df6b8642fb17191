// Package access decides who may see and do what.
//
// A Subject is who asks, and can be made only by this package's constructors. A
// Policy is a small typed language in files (policy/*.policy, explained in
// docs/access.md). For a subject, an action and an instant a policy gives a
// Filter, and a filter is one rule in two forms made from one source: an SQL
// predicate over the rows of the store, and a Go predicate over one Row. The
// planner puts the first into every query, so that what is hidden is not there
// for counts, order, pages, chains and includes; the second is asked again for
// every row before it leaves, and if the two ever disagree that is our fault and
// nothing leaves.
//
// Two pure functions tell the store what to keep beside a resource, in the same
// transaction: Labels (its sensitivity, and the categories that scopes may name)
// and Relations (whom it relates to which person, from when to when).
//
// What the store must do:
//
//   - Keep a row of rel (actor, person, basis, since, until) for every Relation
//     of every current version; when a version is replaced or deleted its rows
//     go. A Relation stands at the person of the Patient that its Of names, and
//     one whose Of is empty (an agreement) at person 0. Where there is no such
//     Patient there is no row.
//   - What Labels returns is the column lbl of head and res, of every row of the
//     resource.
//   - A relation to one of the linked keys of a person is a relation to all of
//     them: rel has a row for each, and linking or unlinking rewrites them.
//   - Reads need one row of a resource to be allowed; writes need every row, as
//     the resource was and as it will be, by the relations from before the write.
//   - Rights are those of now: every statement binds the instant, nothing is
//     remembered between requests.
//
// Everything here is safe for concurrent use, pure, and knows no clock.
//
// Trade-offs: a general policy engine (Cedar, Rego) would explain itself to
// more people, and none of them turns a rule into an indexable SQL predicate
// that can be checked row for row against the rule itself. So the language is
// ours, closed, and small enough to be read in one sitting.
package access

import (
	"crypto/sha256"
	"encoding/binary"

	"joinery/fhir/r4"
)

// Action is what a subject wants to do with resources.
type Action uint8

// Actions. A patch is an Update. Includes are Read, targets of chains and _has
// are Search; a search that asks only for a number is Count.
const (
	Read    Action = iota // one resource as it is, by its id; includes
	History               // former versions of one resource: vread and instance history
	Search                // find resources and get them
	Count                 // learn how many there are, and nothing else
	Changes               // history of a type or of everything
	Create
	Update
	Delete
)

var actionNames = [...]string{"read", "history", "search", "count", "changes", "create", "update", "delete"}

// Actions returns every action, for tables that must have a row for each.
func Actions() []Action {
	return []Action{Read, History, Search, Count, Changes, Create, Update, Delete}
}

func (a Action) String() string {
	if int(a) < len(actionNames) {
		return actionNames[a]
	}
	return "unknown"
}

// Writes reports whether the action changes the record.
func (a Action) Writes() bool { return a >= Create }

// Purpose is why data is asked for: a code of HL7's v3-ActReason.
type Purpose string

// Purposes of use.
const (
	Treatment          Purpose = "TREAT"
	EmergencyTreatment Purpose = "ETREAT"
	BreakTheGlass      Purpose = "BTG"
	PopulationHealth   Purpose = "POPHLTH" // finding people whom a model of care would help
	Operations         Purpose = "HOPERAT"
	Management         Purpose = "CAREMGT"
	Administration     Purpose = "HSYSADMIN"
	Research           Purpose = "HRESCH"
	PatientRequest     Purpose = "PATRQT"
	FamilyRequest      Purpose = "FAMRQT"
	PublicHealth       Purpose = "PUBHLTH"
)

// Purposes returns every purpose that a subject may state.
func Purposes() []Purpose {
	return []Purpose{
		Treatment, EmergencyTreatment, BreakTheGlass, PopulationHealth, Operations,
		Management, Administration, Research, PatientRequest, FamilyRequest, PublicHealth,
	}
}

// Role is what a subject is to the record; each has its own rules.
type Role uint8

// Roles. Nobody is the role of the zero Subject, and may do nothing.
const (
	Nobody        Role = iota
	System             // a program with scopes
	Patient            // a person, for their own record
	Carer              // someone whom a person lets see part of theirs
	Staff              // someone who treats or looks after people
	CaseFinder         // someone who contacts those whom a model of care found
	Analyst            // someone who counts
	Public             // anyone
	Lead               // someone who leads a network of services: counts, models, the directory
	Governance         // someone who answers for who looked at what
	Administrator      // someone who keeps accounts, the directory and agreements
)

var roleNames = [...]string{"nobody", "system", "patient", "carer", "staff", "casefinder", "analyst", "public", "lead", "governance", "administrator"}

// Roles returns every role but Nobody.
func Roles() []Role {
	return []Role{System, Patient, Carer, Staff, CaseFinder, Analyst, Public, Lead, Governance, Administrator}
}

func (r Role) String() string {
	if int(r) < len(roleNames) {
		return roleNames[r]
	}
	return "unknown"
}

// Row is what a decision needs to know of one row of the store: a resource as
// one of the persons it is of.
type Row struct {
	Person int64 // 0: nobody's
	Type   int   // r4.TypeNumber
	Labels Label
	Held   Held // what the subject holds for that person and type: HeldOf
}

// Reason says why something was allowed, for the audit.
type Reason struct {
	Rule    string // role and name of the rule, as "staff/treat"
	Basis   string // the relation it rests on, such as "practice"; empty when it needs none
	Purpose Purpose
}

func (r Reason) String() string {
	if r.Basis == "" {
		return r.Rule
	}
	return r.Rule + " by " + r.Basis
}

// Actor is the key by which rel knows an actor: see ActorKey.
type Actor int64

// ActorKey returns the key of a resource that may hold relations, such as
// Practitioner/x: the first 8 bytes of the SHA-256 of "Practitioner/x". It is
// the same hash as search uses for references.
func ActorKey(reference string) Actor {
	sum := sha256.Sum256([]byte(reference))
	return Actor(binary.BigEndian.Uint64(sum[:8]))
}

// personBits and typeBits say how rk, the key of a row, is made:
// person<<30 | type<<22 | number.
const (
	personShift = 30
	typeShift   = 22
	typeMask    = 0xff
)

// typeSet is a set of resource types by number.
type typeSet [4]uint64

func (s *typeSet) add(n int)     { s[n>>6] |= 1 << (n & 63) }
func (s typeSet) has(n int) bool { return n >= 0 && n < 256 && s[n>>6]&(1<<(n&63)) != 0 }
func (s typeSet) empty() bool    { return s == typeSet{} }

func (s typeSet) and(o typeSet) typeSet {
	for i := range s {
		s[i] &= o[i]
	}
	return s
}

func (s typeSet) or(o typeSet) typeSet {
	for i := range s {
		s[i] |= o[i]
	}
	return s
}

func (s typeSet) without(o typeSet) typeSet {
	for i := range s {
		s[i] &^= o[i]
	}
	return s
}

func (s typeSet) numbers() []int {
	var out []int
	for n := range 256 {
		if s.has(n) {
			out = append(out, n)
		}
	}
	return out
}

// everyType is the set of all resource types.
func everyType() typeSet {
	var s typeSet
	for i := range r4.Types() {
		s.add(i + 1)
	}
	return s
}

// compartment is the set of types that may be of a person: Patient and what is
// in the patient compartment.
func compartment() typeSet {
	var s typeSet
	for i, name := range r4.Types() {
		if name == "Patient" || len(r4.Compartment(name)) > 0 {
			s.add(i + 1)
		}
	}
	return s
}

package access

import (
	"math"
	"strings"
	"time"

	"joinery/fhir"
	"joinery/fhir/r4"
)

// Basis is what a relation rests on. In rel it is stored with the type that the
// relation is confined to, if any: basis<<8 | type number.
type Basis uint8

// Bases of relations. The numbers are stored: they are only appended to.
const (
	Self                  Basis = 1 + iota // it is their own record
	CareFor                                // a Consent of the person lets them see it
	CareTeam                               // they take part in a care team of the person
	Episode                                // an episode of care that is open or to come: its care manager and organisation
	Practice                               // the person is registered with them
	Residence                              // the person is now at the place where they work
	Admission                              // an encounter that is open: its participants and organisation
	Incident                               // an urgent or emergency encounter that is open
	Found                                  // a model of care found the person
	Agreement                              // not of a person: an agreement binds the organisation, for treatment
	AgreementPopulation                    // … for finding people whom a model would help, and other operations
	AgreementPublicHealth                  // … for public health
	AgreementResearch                      // … for research
)

var basisNames = [...]string{
	"", "self", "carefor", "careteam", "episode", "practice", "residence", "admission", "incident", "found",
	"agreement", "agreement-population", "agreement-publichealth", "agreement-research",
}

func (b Basis) String() string {
	if int(b) < len(basisNames) {
		return basisNames[b]
	}
	return "unknown"
}

// ofNobody reports whether relations of this basis stand at person 0.
func (b Basis) ofNobody() bool { return b >= Agreement }

// confinable reports whether relations of this basis may be confined to a type.
func (b Basis) confinable() bool { return b == CareFor || b.ofNobody() }

// Held is a set of bases that a subject holds for one person and type.
type Held uint32

func (h Held) has(b Basis) bool { return h&(1<<b) != 0 }

// bases returns the bases of the set.
func (h Held) bases() []Basis {
	var out []Basis
	for b := Basis(1); int(b) < len(basisNames); b++ {
		if h.has(b) {
			out = append(out, b)
		}
	}
	return out
}

// HeldOf returns the bases that count for a type, of those stored in rel.
func HeldOf(typ int, stored ...int64) Held {
	var h Held
	for _, s := range stored {
		b := Basis(s >> 8)
		if of := int(s & 0xff); b > 0 && int(b) < len(basisNames) && (of == 0 || of == typ && b.confinable()) {
			h |= 1 << b
		}
	}
	return h
}

// Always and Forever are the ends of a relation that has none.
const (
	Always  int64 = math.MinInt64
	Forever int64 = math.MaxInt64
)

// Relation says that an actor has to do with a person, from an instant to
// before another, in milliseconds since 1970 UTC.
type Relation struct {
	Actor        Actor
	Basis        Basis
	Type         int    // the only type of resource that it opens, by number; 0: any
	Of           string // the Patient whom it concerns, as "Patient/x"; empty: it is an agreement, and of nobody
	Since, Until int64
}

// Stored returns what the column basis of rel holds.
func (r Relation) Stored() int64 { return int64(r.Basis)<<8 | int64(r.Type) }

// Relations returns the relations that a resource gives, as long as it is the
// current version and not deleted. What is not understood to the end gives
// none: an agreement with an exception that we cannot keep opens nothing.
//
//	Patient         itself (self); generalPractitioner (practice)
//	Consent         of a person: those whom it permits (carefor), limited by period and types
//	                of organisations: those between whom it is (agreement…), by purpose
//	Contract        executed: its signers (agreement…), by the purposes of its terms' actions
//	CareTeam        active: its participants, each for its period (careteam)
//	EpisodeOfCare   planned, on a waiting list, active or on hold: careManager and
//	                managingOrganization (episode)
//	Encounter       arrived, triaged, in progress or on leave: locations where the person now is
//	                (residence), participants and serviceProvider (admission, or incident when its
//	                class is emergency or field)
//	Group           of actual persons: itself, and those that it says it is of, for each active
//	                member (found)
func Relations(res fhir.Value) []Relation {
	switch res.Get("resourceType").Text() {
	case "Patient":
		return patientRelations(res)
	case "Consent":
		if res.Get("patient").Exists() {
			return consentRelations(res)
		}
		return agreementConsent(res)
	case "Contract":
		return agreementContract(res)
	case "CareTeam":
		return careTeamRelations(res)
	case "EpisodeOfCare":
		return episodeRelations(res)
	case "Encounter":
		return encounterRelations(res)
	case "Group":
		return groupRelations(res)
	}
	return nil
}

func patientRelations(res fhir.Value) []Relation {
	self := "Patient/" + res.Get("id").Text()
	out := []Relation{{Actor: ActorKey(self), Basis: Self, Of: self, Since: Always, Until: Forever}}
	if res.Get("active").Kind() == fhir.Bool && !res.Get("active").IsTrue() {
		return out
	}
	for gp := range res.Get("generalPractitioner").Items() {
		out = related(out, gp, Practice, always, "Practitioner", "PractitionerRole", "Organization")
	}
	for i := range out {
		out[i].Of = self
	}
	return out
}

func careTeamRelations(res fhir.Value) []Relation {
	if !res.Get("status").Is("active") {
		return nil
	}
	whole := spanOf(res.Get("period"))
	var out []Relation
	for p := range res.Get("participant").Items() {
		out = related(out, p.Get("member"), CareTeam, whole.and(spanOf(p.Get("period"))), "Practitioner", "PractitionerRole", "Organization")
	}
	return ofOne(out, res.Get("subject"))
}

func episodeRelations(res fhir.Value) []Relation {
	switch res.Get("status").Text() {
	case "planned", "waitlist", "active", "onhold":
	default:
		return nil
	}
	during := spanOf(res.Get("period"))
	out := related(nil, res.Get("careManager"), Episode, during, "Practitioner", "PractitionerRole")
	out = related(out, res.Get("managingOrganization"), Episode, during, "Organization")
	return ofOne(out, res.Get("patient"))
}

func encounterRelations(res fhir.Value) []Relation {
	switch res.Get("status").Text() {
	case "arrived", "triaged", "in-progress", "onleave":
	default:
		return nil
	}
	during := spanOf(res.Get("period"))
	var out []Relation
	for l := range res.Get("location").Items() {
		if status := l.Get("status"); status.Exists() && !status.Is("active") {
			continue // planned, reserved, or left
		}
		out = related(out, l.Get("location"), Residence, during.and(spanOf(l.Get("period"))), "Location")
	}
	basis := Admission
	if class := res.Get("class"); class.Get("system").Is(actCode) && (class.Get("code").Is("EMER") || class.Get("code").Is("FLD")) {
		basis = Incident
	}
	for p := range res.Get("participant").Items() {
		out = related(out, p.Get("individual"), basis, during.and(spanOf(p.Get("period"))), "Practitioner", "PractitionerRole")
	}
	out = related(out, res.Get("serviceProvider"), basis, during, "Organization")
	return ofOne(out, res.Get("subject"))
}

// ofOne confines relations to the person whom a reference names: a resource may
// be of others too (a mother who takes part in her child's care team), whom the
// relation does not concern. Without such a person there are none.
func ofOne(relations []Relation, subject fhir.Value) []Relation {
	of, ok := localReference(subject.Get("reference").Text(), "Patient")
	if !ok {
		return nil
	}
	for i := range relations {
		relations[i].Of = of
	}
	return relations
}

func groupRelations(res fhir.Value) []Relation {
	if !res.Get("type").Is("person") || !res.Get("actual").IsTrue() || res.Get("active").Kind() == fhir.Bool && !res.Get("active").IsTrue() {
		return nil
	}
	actors := groupsOf(res)
	var out []Relation
	for m := range res.Get("member").Items() {
		of, ok := localReference(m.Get("entity").Get("reference").Text(), "Patient")
		during := spanOf(m.Get("period"))
		if !ok || m.Get("inactive").IsTrue() || during.empty() {
			continue
		}
		for _, actor := range actors {
			out = append(out, Relation{Actor: actor, Basis: Found, Of: of, Since: during.since, Until: during.until})
		}
	}
	return out
}

// FoundIn is the system and the code of the characteristic by which the Group
// of one person says to which greater Group it belongs.
const (
	FoundSystem = "urn:joinery:finding"
	FoundIn     = "found-in"
)

// groupsOf returns a Group and those that it says it belongs to.
func groupsOf(res fhir.Value) []Actor {
	actors := []Actor{ActorKey("Group/" + res.Get("id").Text())}
	for c := range res.Get("characteristic").Items() {
		if c.Get("exclude").IsTrue() {
			continue
		}
		for coding := range c.Get("code").Get("coding").Items() {
			if !coding.Get("system").Is(FoundSystem) || !coding.Get("code").Is(FoundIn) {
				continue
			}
			if group, ok := localReference(c.Get("valueReference").Get("reference").Text(), "Group"); ok {
				actors = append(actors, ActorKey(group))
			}
		}
	}
	return actors
}

// related adds the relation of whom a reference names, when it is of one of the
// types.
func related(out []Relation, reference fhir.Value, b Basis, during span, types ...string) []Relation {
	local, ok := localReference(reference.Get("reference").Text(), types...)
	if !ok || during.empty() {
		return out
	}
	return append(out, Relation{Actor: ActorKey(local), Basis: b, Since: during.since, Until: during.until})
}

// localReference returns "Type/id" when a reference is to something here of one
// of the types: not absolute (that is someone else's resource, which may have
// any id), contained or logical.
func localReference(reference string, types ...string) (string, bool) {
	for _, typ := range types {
		id, ok := strings.CutPrefix(reference, typ+"/")
		if !ok {
			continue
		}
		id, _, _ = strings.Cut(id, "/_history/")
		return typ + "/" + id, fhir.ID(id).Valid()
	}
	return "", false
}

// span is a time from an instant to before another.
type span struct{ since, until int64 }

var always = span{Always, Forever}

func (s span) empty() bool { return s.since >= s.until }

func (s span) and(o span) span { return span{max(s.since, o.since), min(s.until, o.until)} }

// spanOf returns the span of a Period; what cannot be read makes it empty. A
// date without time counts from its first to its last instant in UTC.
func spanOf(period fhir.Value) span {
	s := always
	if start := period.Get("start"); start.Exists() {
		from, _, ok := instants(start.Text())
		if !ok {
			return span{}
		}
		s.since = from
	}
	if end := period.Get("end"); end.Exists() {
		_, to, ok := instants(end.Text())
		if !ok {
			return span{}
		}
		s.until = to
	}
	return s
}

// instants returns the first millisecond of a FHIR dateTime and the one after
// its last.
func instants(text string) (from, to int64, ok bool) {
	day := func(t time.Time, years, months, days int) (int64, int64, bool) {
		return t.UnixMilli(), t.AddDate(years, months, days).UnixMilli(), true
	}
	if t, err := time.Parse("2006", text); err == nil {
		return day(t, 1, 0, 0)
	}
	if t, err := time.Parse("2006-01", text); err == nil {
		return day(t, 0, 1, 0)
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return day(t, 0, 0, 1)
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return 0, 0, false
	}
	if !strings.Contains(text, ".") { // a second is meant, all of it
		return t.UnixMilli(), t.UnixMilli() + 1000, true
	}
	return t.UnixMilli(), t.UnixMilli() + 1, true
}

// typeNumbers returns the numbers of the types that codings of the system
// resource-types name, and false when one is of something else.
func typeNumbers(codings fhir.Value) ([]int, bool) {
	var out []int
	for c := range codings.Items() {
		n, known := r4.TypeNumber(c.Get("code").Text())
		if !known || !c.Get("system").Is("http://hl7.org/fhir/resource-types") {
			return nil, false
		}
		out = append(out, n)
	}
	return out, true
}

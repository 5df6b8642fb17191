package record_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// The two worlds of the two-world test: what is in them, and how the second is
// made from the first so that it differs only in what a subject may not see.

// content is a resource in the making.
type content map[string]any

// item is one resource of a world: its versions in order, the last being the
// current one. A nil version is a deletion.
type item struct {
	typ, id  string
	versions []content
}

func (it item) current() content { return it.versions[len(it.versions)-1] }

// facts are what rights depend on, worked out here without the code under test.
type facts struct {
	typ     string
	persons []string // whose it is
	marks   []string
	shared  bool
	lab     bool
}

func (f facts) about(person string) bool    { return slices.Contains(f.persons, person) }
func (f facts) marked(marks ...string) bool { return slices.ContainsFunc(marks, f.markedBy) }
func (f facts) markedBy(mark string) bool   { return slices.Contains(f.marks, mark) }
func (f facts) of(types ...string) bool     { return slices.Contains(types, f.typ) }
func (f facts) sensitiveBut(but ...string) bool {
	return f.marked(slices.DeleteFunc(slices.Clone(sensitiveMarks), func(m string) bool { return slices.Contains(but, m) })...)
}

var (
	sensitiveMarks = []string{"HIV", "TBOO", "R", "third-party", "protected-address"}
	otherMarks     = []string{"not-for-carers", "finding"}
)

var markCodes = map[string]content{
	"HIV":               {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HIV"},
	"TBOO":              {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "TBOO"},
	"R":                 {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"},
	"third-party":       {"system": "urn:joinery:label", "code": "third-party"},
	"protected-address": {"system": "urn:joinery:label", "code": "protected-address"},
	"not-for-carers":    {"system": "urn:joinery:label", "code": "not-for-carers"},
	"finding":           {"system": "urn:joinery:label", "code": "finding"},
}

// owners are the elements by which a type is a person's.
var owners = map[string][]string{
	"Observation": {"subject", "performer"}, "Condition": {"subject", "asserter"}, "Encounter": {"subject"},
	"DocumentReference": {"subject", "author"}, "Communication": {"subject", "recipient", "sender"}, "RelatedPerson": {"patient"},
	"RiskAssessment": {"subject"}, "MedicationRequest": {"subject"}, "CareTeam": {"subject"}, "List": {"subject"},
}

// factsOf works out the facts of a resource.
func factsOf(typ, id string, c content) facts {
	f := facts{typ: typ}
	if meta, ok := c["meta"].(content); ok {
		for _, s := range meta["security"].([]content) {
			for mark, code := range markCodes {
				if code["code"] == s["code"] && code["system"] == s["system"] {
					f.marks = append(f.marks, mark)
				}
			}
		}
	}
	if typ == "Patient" {
		f.persons = []string{id}
		return f
	}
	for _, name := range owners[typ] {
		for _, person := range patientsIn(c[name]) {
			if !f.about(person) {
				f.persons = append(f.persons, person)
			}
		}
	}
	all := patientsIn(map[string]any(c))
	slices.Sort(all)
	f.shared = len(slices.Compact(all)) > 1
	if typ == "Observation" {
		f.lab = strings.Contains(text(c["category"]), `"laboratory"`)
	}
	return f
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// patientsIn returns the ids of the Patients that a value refers to.
func patientsIn(v any) []string {
	var out []string
	for _, part := range strings.Split(text(v), `"reference":"Patient/`)[1:] {
		id, _, _ := strings.Cut(part, `"`)
		out = append(out, id)
	}
	return out
}

// maker makes random content. Values come from small sets, so that what a
// request asks for is there about as often as not.
type maker struct{ *rand.Rand }

func pick[T any](m maker, from ...T) T { return from[m.IntN(len(from))] }

func (m maker) chance(percent int) bool { return m.IntN(100) < percent }

const ids = 6 // of each type

var (
	families = []string{"Ash", "Birch", "Cedar", "Éllm", "Fir"}
	cities   = []string{"Leeds", "York", "Bath"}
	codes    = []string{"c1", "c2", "c3", "c4"}
	dates    = []string{"2020-01-05", "2021-06-01", "2022", "2023-03", "2024-02-29"}
)

// typesMade are the types of random resources, and the letter of their ids.
var typesMade = map[string]string{
	"Patient": "p", "Observation": "o", "Condition": "c", "Encounter": "e", "DocumentReference": "d", "Communication": "m",
	"RelatedPerson": "r", "RiskAssessment": "k", "MedicationRequest": "q", "CareTeam": "t", "List": "l", "Group": "g", "Basic": "b",
	"Practitioner": "pr", "Organization": "or", "Location": "lo", "HealthcareService": "h",
}

func typeNames() []string { return slices.Sorted(maps.Keys(typesMade)) }

func idOf(typ string, n int) string { return typesMade[typ] + fmt.Sprint(n) }

func (m maker) reference(types ...string) content {
	typ := pick(m, types...)
	return content{"reference": typ + "/" + idOf(typ, 1+m.IntN(ids))}
}

func (m maker) code() content {
	return content{"coding": []content{{"system": "urn:c", "code": pick(m, codes...), "display": pick(m, families...)}}, "text": pick(m, cities...)}
}

// about makes a reference to a person.
func about(person string) content { return content{"reference": "Patient/" + person} }

// resource makes a resource of a type about a person.
func (m maker) resource(typ, id, person string) content {
	c := content{"resourceType": typ, "id": id}
	m.mark(c)
	someone := func() content { return m.reference("Practitioner", "Organization", "Patient", "RelatedPerson") }
	switch typ {
	case "Patient":
		m.patient(c)
	case "Observation":
		c["status"], c["code"], c["subject"] = pick(m, "final", "preliminary"), m.code(), about(person)
		c["category"] = []content{{"coding": []content{{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": pick(m, "laboratory", "vital-signs")}}}}
		c["effectiveDateTime"] = pick(m, dates...)
		c["valueQuantity"] = content{"value": 1 + m.IntN(4), "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"}
		c["encounter"] = m.reference("Encounter")
		if m.chance(40) {
			c["performer"] = []content{someone()}
		}
		if m.chance(30) {
			c["focus"] = []content{m.reference(typeNames()...)}
		}
		if m.chance(40) {
			c["hasMember"] = []content{m.reference("Observation")}
		}
	case "Condition":
		c["code"], c["subject"], c["encounter"] = m.code(), about(person), m.reference("Encounter")
		c["onsetDateTime"] = pick(m, dates...)
		if m.chance(30) {
			c["asserter"] = m.reference("Practitioner", "Patient")
		}
	case "Encounter":
		c["status"], c["subject"], c["serviceProvider"] = "finished", about(person), m.reference("Organization")
		c["class"] = content{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": pick(m, "AMB", "EMER")}
		c["period"] = content{"start": "2020-01-01", "end": pick(m, dates...)}
		c["participant"] = []content{{"individual": m.reference("Practitioner", "RelatedPerson")}}
		c["location"] = []content{{"location": m.reference("Location")}}
		if m.chance(40) {
			c["partOf"] = m.reference("Encounter")
		}
	case "DocumentReference":
		c["status"], c["subject"], c["date"] = "current", about(person), "2024-05-0"+fmt.Sprint(1+m.IntN(5))+"T10:00:00Z"
		c["description"], c["content"] = pick(m, families...), []content{{"attachment": content{"url": "urn:d:" + pick(m, codes...)}}}
		if m.chance(50) {
			c["author"] = []content{someone()}
		}
		c["context"] = content{"related": []content{m.reference(typeNames()...)}}
	case "Communication":
		c["status"], c["subject"], c["sender"] = "completed", about(person), m.reference("Practitioner")
		c["recipient"], c["category"] = []content{m.reference("Organization", "Patient")}, []content{m.code()}
	default:
		m.rest(c, typ, person)
	}
	return c
}

// rest makes resources of the smaller types.
func (m maker) rest(c content, typ, person string) {
	switch typ {
	case "RelatedPerson":
		c["patient"], c["name"] = about(person), []content{{"family": pick(m, families...)}}
		c["address"] = []content{{"city": pick(m, cities...)}}
	case "RiskAssessment":
		c["status"], c["subject"], c["code"] = "final", about(person), m.code()
		c["basis"] = []content{m.reference("Observation", "Condition")}
	case "MedicationRequest":
		c["status"], c["intent"], c["subject"] = "active", "order", about(person)
		c["medicationCodeableConcept"], c["requester"] = m.code(), m.reference("Practitioner")
	case "CareTeam":
		c["status"], c["subject"] = "active", about(person)
		c["participant"] = []content{{"member": m.reference("Practitioner", "Organization")}}
	case "List":
		c["status"], c["mode"], c["subject"] = "current", "working", about(person)
		c["entry"] = []content{{"item": m.reference(typeNames()...)}, {"item": m.reference("Observation")}}
	case "Group":
		c["type"], c["actual"], c["name"] = "person", true, pick(m, families...)
		c["member"] = []content{{"entity": m.reference("Patient")}, {"entity": m.reference("Patient")}}
	case "Basic":
		c["code"] = m.code()
	case "Practitioner":
		c["name"] = []content{{"family": pick(m, families...)}}
	case "Organization":
		c["name"], c["active"] = pick(m, families...), true
		if m.chance(40) {
			c["partOf"] = m.reference("Organization")
		}
	case "Location":
		c["name"], c["managingOrganization"] = pick(m, families...), m.reference("Organization")
	case "HealthcareService":
		c["name"], c["providedBy"] = pick(m, families...), m.reference("Organization")
		c["location"] = []content{m.reference("Location")}
	}
}

func (m maker) patient(c content) {
	c["name"] = []content{{"family": pick(m, families...), "given": []string{pick(m, families...)}}}
	c["telecom"] = []content{{"system": "phone", "value": fmt.Sprint(m.IntN(5))}}
	c["address"] = []content{{"city": pick(m, cities...), "postalCode": pick(m, codes...)}}
	m.vary(c)
}

// vary makes anew what a case-finder does not see of a Patient.
func (m maker) vary(c content) {
	c["birthDate"], c["gender"] = pick(m, "2020-01-05", "2021-06-01", "2024-02-29"), pick(m, "male", "female")
	c["identifier"] = []content{{"system": "urn:i", "value": pick(m, codes...)}}
	c["managingOrganization"] = m.reference("Organization")
	c["contact"] = []content{{"name": content{"family": pick(m, families...)}, "address": content{"city": pick(m, cities...)}}}
}

// mark gives a resource marks, often none.
func (m maker) mark(c content) {
	var security []content
	if m.chance(35) {
		security = append(security, markCodes[pick(m, sensitiveMarks...)])
	}
	if m.chance(25) {
		security = append(security, markCodes[pick(m, otherMarks...)])
	}
	meta := content{"tag": []content{{"system": "urn:t", "code": pick(m, codes...)}}}
	if security != nil {
		meta["security"] = security
		c["meta"] = meta
		return
	}
	meta["security"] = []content{markless}
	c["meta"] = meta
}

// markless is a security label that says nothing.
var markless = content{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "N"}

// history makes the versions of a resource.
func (m maker) history(typ, id string) item {
	it := item{typ: typ, id: id}
	for range 1 + m.IntN(3) {
		it.versions = append(it.versions, m.resource(typ, id, idOf("Patient", 1+m.IntN(ids))))
	}
	if m.chance(10) && typ != "Patient" {
		it.versions = append(it.versions, nil)
	}
	return it
}

// sees says whether a seat may see an item: by its last content, for a deleted
// one too.
func (s *seat) seesItem(it item) bool {
	for i := len(it.versions) - 1; i >= 0; i-- {
		if c := it.versions[i]; c != nil {
			return s.sees(factsOf(it.typ, it.id, c))
		}
	}
	return false
}

// worlds makes two worlds that differ only in what a seat does not see: in
// presence, values, references, marks and history.
func worlds(m maker, s *seat) (a, b []item, at *ways) {
	at = &ways{}
	for _, typ := range typeNames() {
		for n := 1; n <= ids; n++ {
			id := idOf(typ, n)
			it := m.history(typ, id)
			for slices.Contains(s.needs, id) && !s.seesItem(it) {
				it = m.history(typ, id)
			}
			if c := it.current(); c != nil && s.often != "" && m.chance(40) {
				c["meta"].(content)["security"] = []content{markCodes[s.often]}
			}
			if s.seesItem(it) {
				a = append(a, it)
				b = append(b, s.masked(m, it))
				if c := it.current(); c != nil && s.often != "" && factsOf(typ, id, c).marked(s.often) {
					at.marked = append(at.marked, id)
				}
				at.shown = append(at.shown, [2]string{typ, id})
				continue
			}
			at.hidden = append(at.hidden, [2]string{typ, id})
			if m.chance(80) {
				a = append(a, it)
			}
			if other, ok := s.hiddenInstead(m, it); ok {
				b = append(b, other)
			}
		}
	}
	return a, b, at
}

// ways knows what is hidden and what is shown, while the worlds change, and what
// had the mark that masks much for the seat to begin with: it keeps that, for its
// former versions differ in what is masked.
type ways struct {
	hidden, shown [][2]string
	marked        []string
}

// change makes a change that a loader makes in each world while others read: to
// something hidden, another in each or in one alone; to something shown, the
// same in both, or one that hides it in both.
func (w *ways) change(m maker, s *seat) (a, b item) {
	hide := func(at [2]string) item {
		for {
			it := item{typ: at[0], id: at[1], versions: []content{m.resource(at[0], at[1], idOf("Patient", 1+m.IntN(ids)))}}
			if !s.seesItem(it) {
				return it
			}
		}
	}
	show := func(at [2]string) (item, bool) {
		for range 50 {
			it := item{typ: at[0], id: at[1], versions: []content{m.resource(at[0], at[1], pick(m, "p1", "p2", "p4"))}}
			if slices.Contains(w.marked, at[1]) {
				meta := it.current()["meta"].(content)
				meta["security"] = append(meta["security"].([]content), markCodes[s.often])
			}
			if s.seesItem(it) {
				return it, true
			}
		}
		return item{}, false
	}
	if len(w.shown) > 0 && m.chance(40) {
		i := m.IntN(len(w.shown))
		at := w.shown[i]
		if it, ok := show(at); ok && m.chance(60) {
			return it, s.masked(m, it)
		}
		if s.hides(at) {
			w.shown = append(w.shown[:i], w.shown[i+1:]...)
			w.hidden = append(w.hidden, at)
			return hide(at), hide(at)
		}
	}
	at := w.hidden[m.IntN(len(w.hidden))]
	switch a, b = hide(at), hide(at); m.IntN(3) {
	case 0:
		a.versions = nil
	case 1:
		b.versions = nil
	}
	return a, b
}

// hides reports whether something shown may be hidden while the seat looks on:
// not who the seat is about.
func (s *seat) hides(at [2]string) bool {
	return !slices.Contains(s.needs, at[1]) && s.canHide(at[0])
}

// canHide reports whether some resource of a type is hidden from the seat.
func (s *seat) canHide(typ string) bool {
	return !s.sees(facts{typ: typ, marks: sensitiveMarks})
}

// hiddenInstead returns what stands in the second world where the first has
// something hidden: nothing, the same, or something else that is hidden too.
func (s *seat) hiddenInstead(m maker, it item) (item, bool) {
	switch k := m.IntN(10); {
	case k < 3:
		return item{}, false
	case k < 4:
		return it, true
	}
	for {
		if other := m.history(it.typ, it.id); !s.seesItem(other) {
			return other, true
		}
	}
}

// masked returns a visible item with other values where the seat sees none: in
// former versions that it may not see, and in what is masked for it.
func (s *seat) masked(m maker, it item) item {
	it.versions = slices.Clone(it.versions)
	for i, c := range it.versions[:len(it.versions)-1] { // former versions that were hidden stay so, and about the same person
		if c == nil || s.sees(factsOf(it.typ, it.id, c)) {
			continue
		}
		was := factsOf(it.typ, it.id, c).persons
		for range 100 {
			other := m.resource(it.typ, it.id, append(was, "p6")[0])
			if is := factsOf(it.typ, it.id, other); !s.sees(is) && slices.Equal(is.persons, was) {
				it.versions[i] = other
				break
			}
		}
	}
	if s.vary == nil {
		return it
	}
	out := item{typ: it.typ, id: it.id}
	for _, c := range it.versions {
		if c = maps.Clone(c); c != nil {
			if meta, ok := c["meta"].(content); ok {
				c["meta"] = maps.Clone(meta)
			}
			s.vary(m, factsOf(it.typ, it.id, it.current()), c)
		}
		out.versions = append(out.versions, c)
	}
	return out
}

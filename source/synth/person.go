package synth

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

var (
	womensNames = []string{"Ada", "Amina", "Beatrice", "Chloe", "Doris", "Efua", "Florence", "Grace", "Hana", "Ivy", "Jasmine", "Leila", "Mabel", "Nia", "Olive", "Pauline", "Rosa", "Sunita", "Thandi", "Zofia"}
	mensNames   = []string{"Albert", "Aidan", "Bilal", "Cedric", "Daniel", "Emeka", "Frank", "George", "Hugo", "Idris", "Jakub", "Kofi", "Leon", "Mohan", "Noah", "Oscar", "Percy", "Ravi", "Stanley", "Tariq"}
	surnames    = []string{"Ashgrove", "Brindlecote", "Copperfold", "Dunmere", "Elderwick", "Fernhollow", "Gorsebank", "Hazelmarch", "Inglebeck", "Juniperley", "Kestrelby", "Larchwater", "Mossfield", "Nettlebrook", "Oakensea", "Pippinworth", "Quillmark", "Rushcombe", "Sorrelgate", "Thistledown", "Umberstone", "Vinterbourne", "Willowmere", "Yarrowby"}
	streets     = []string{"Foundry Lane", "Orchard Rise", "Chandler Street", "Mill Pond Road", "Lantern Walk", "Ropewalk", "Saffron Close", "Tidewell Avenue"}
)

// subject is the person at hand.
type subject struct {
	ref      object
	id, name string
	sex      string
	age      int
	born     time.Time
	practice string
	gp       clinician
	inHome   bool
}

// person invents the i-th person (from 0) and their life so far.
func (w *world) person(i int) Bundle {
	p := &subject{id: fmt.Sprintf("demo-p%02d", i+1)}
	w.prefix, w.serial = p.id, map[string]int{}
	p.age = pick(w, [][2]int{{1, 17}, {18, 39}, {40, 59}, {60, 74}, {60, 79}, {75, 96}})[0] + w.rng.IntN(18)
	p.sex = pick(w, []string{"female", "male"})
	if i == 0 { // the one whom the guides are about
		p.age, p.sex = 82, "female"
	}
	p.inHome = i > 0 && p.age >= 78 && w.chance(0.8)
	p.born = w.today.AddDate(-p.age, -w.rng.IntN(11), -w.rng.IntN(27))
	p.practice, p.gp = Practice, clinicians[w.rng.IntN(2)]
	if i > 0 && w.chance(0.4) {
		p.practice, p.gp = OtherSite, clinicians[2]
	}
	w.patient(p, i)
	w.allergy(p)
	w.problems(p)
	w.jabs(p)
	w.visits(p)
	if i == 0 || p.age >= 70 && w.chance(0.5) {
		w.team(p, i == 0)
	}
	if i == 0 {
		w.carer(p)
	}
	return w.bundle(p.id)
}

func (w *world) patient(p *subject, i int) {
	given := womensNames[(i*7)%len(womensNames)]
	if p.sex == "male" {
		given = mensNames[(i*7)%len(mensNames)]
	}
	family := surnames[(i*5)%len(surnames)]
	p.name = given + " " + family
	address := obj("use", "home", "line", list(fmt.Sprintf("%d %s", w.between(1, 180), pick(w, streets))),
		"city", "Eastmere", "postalCode", fmt.Sprintf("ZZ%d %d%s", w.between(1, 9), w.between(1, 9), pick(w, []string{"AB", "DE", "HJ", "LN", "PQ"})))
	if p.inHome {
		address = obj("use", "home", "line", list("Willow Court Care Home", "2 Willow Court"), "city", "Eastmere", "postalCode", "ZZ1 4AA")
	}
	p.ref = w.add("Patient", p.id,
		"identifier", list(obj("use", "official", "system", "https://fhir.nhs.uk/Id/nhs-number", "value", nhsNumber(i))),
		"active", true,
		"name", list(obj("use", "official", "family", family, "given", list(given))),
		"telecom", list(obj("system", "phone", "value", fmt.Sprintf("07700 900%03d", i%1000), "use", "mobile")),
		"gender", p.sex,
		"birthDate", date(p.born),
		"address", list(address),
		"generalPractitioner", list(ref("Organization", p.practice), named(ref("Practitioner", p.gp.id), p.gp.given+" "+p.gp.family)),
		"managingOrganization", ref("Organization", p.practice))
	if p.inHome {
		// Who lives somewhere is there: an encounter that is not over, at its Location.
		w.add("Encounter", w.next("stay"),
			"status", "in-progress",
			"class", coding(hl7+"v3-ActCode", "HH", "home health"),
			"type", list(obj("text", "Care home residence")),
			"subject", p.ref, "period", obj("start", date(w.ago(w.between(60, 900)))),
			"location", list(obj("location", ref("Location", HomePlace), "status", "active")),
			"serviceProvider", ref("Organization", CareHome))
	}
}

// numberFor returns the i-th number of the test range that has a check digit.
func nhsNumber(i int) string {
	for n := 1000 + 13*i; ; n++ {
		digits := fmt.Sprintf("999%06d", n)
		sum := 0
		for k, c := range digits {
			sum += int(c-'0') * (10 - k)
		}
		switch check := (11 - sum%11) % 11; check {
		case 10:
			continue
		default:
			return digits + strconv.Itoa(check)
		}
	}
}

// problem is a long-term condition and what comes with it.
type problem struct {
	code, display string
	from, to      int     // the ages at which it begins
	chance        float64 // that a person of these ages has it
	medicine      string
	dose          string
	measure       func(w *world, p *subject)
	label         string // v3-ActCode: who sees it needs more
}

var problems = []problem{
	{"38341003", "Hypertensive disorder", 40, 99, 0.45, "Amlodipine 5 mg tablets", "One to be taken each morning", (*world).bloodPressures, ""},
	{"44054006", "Type 2 diabetes mellitus", 40, 99, 0.2, "Metformin 500 mg tablets", "One to be taken twice a day with food", (*world).sugars, ""},
	{"195967001", "Asthma", 5, 60, 0.15, "Salbutamol 100 micrograms/dose inhaler", "Two puffs when needed", nil, ""},
	{"13645005", "Chronic obstructive lung disease", 50, 99, 0.12, "Tiotropium 18 microgram inhalation powder capsules", "One to be inhaled each day", nil, ""},
	{"84114007", "Heart failure", 65, 99, 0.15, "Bisoprolol 2.5 mg tablets", "One to be taken each morning", (*world).weights, ""},
	{"49436004", "Atrial fibrillation", 65, 99, 0.15, "Apixaban 5 mg tablets", "One to be taken twice a day", nil, ""},
	{"52448006", "Dementia", 75, 99, 0.2, "", "", nil, ""},
	{"396275006", "Osteoarthritis", 55, 99, 0.3, "Paracetamol 500 mg tablets", "Two to be taken up to four times a day", nil, ""},
	{"248279007", "Frailty", 75, 99, 0.4, "", "", nil, ""},
	{"35489007", "Depressive disorder", 16, 80, 0.15, "Sertraline 50 mg tablets", "One to be taken each day", nil, "PSY"},
	{"58214004", "Schizophrenia", 20, 60, 0.04, "Olanzapine 10 mg tablets", "One to be taken at night", nil, "PSY"},
	{"86406008", "Human immunodeficiency virus infection", 20, 60, 0.04, "", "", nil, "HIV"},
}

func (w *world) problems(p *subject) {
	for i, c := range problems {
		has := p.age >= c.from && p.age <= c.to && w.chance(c.chance)
		if !has && (p.id != FirstOne || i != 0 && i != 4) { // the first person has hypertension and heart failure
			continue
		}
		years := w.between(1, max(1, min(15, p.age-c.from)))
		onset := w.ago(years*365 + w.rng.IntN(300))
		diagnosis := w.add("Condition", w.next("condition"),
			"clinicalStatus", concept(hl7+"condition-clinical", "active", "Active"),
			"verificationStatus", concept(hl7+"condition-ver-status", "confirmed", "Confirmed"),
			"category", list(concept(hl7+"condition-category", "problem-list-item", "Problem List Item")),
			"code", concept(snomed, c.code, c.display),
			"subject", p.ref, "onsetDateTime", date(onset), "recordedDate", date(onset.AddDate(0, 0, 7)),
			"recorder", ref("Practitioner", p.gp.id))
		w.label(c.label)
		if c.medicine != "" {
			w.add("MedicationRequest", w.next("medicine"),
				"status", "active", "intent", "order",
				"medicationCodeableConcept", obj("text", c.medicine),
				"subject", p.ref, "authoredOn", date(w.ago(w.between(5, 80))),
				"requester", ref("Practitioner", p.gp.id), "reasonReference", list(diagnosis),
				"dosageInstruction", list(obj("text", c.dose)))
			w.label(c.label)
		}
		if c.measure != nil {
			c.measure(w, p)
		}
	}
}

func (w *world) label(code string) {
	if code != "" {
		w.secure(hl7+"v3-ActCode", code)
	}
}

// observe adds an Observation with either a value or components.
func (w *world) observe(p *subject, category, display string, code object, at time.Time, value ...any) {
	w.add("Observation", w.next("observation"), append([]any{
		"status", "final",
		"category", list(concept(hl7+"observation-category", category, display)),
		"code", code, "subject", p.ref,
		"effectiveDateTime", instant(at), "performer", list(ref("Practitioner", p.gp.id)),
	}, value...)...)
}

func quantity(value, unit, code string) object {
	return obj("value", json.Number(value), "unit", unit, "system", ucum, "code", code)
}

func (w *world) bloodPressures(p *subject) {
	systolic := w.between(138, 172)
	for n := w.between(3, 6); n > 0; n-- {
		at := w.ago(n*170 + w.rng.IntN(40)).Add(time.Duration(w.between(8, 17)) * time.Hour)
		diastolic := systolic*55/100 + w.between(-4, 6)
		w.observe(p, "vital-signs", "Vital Signs", concept(loinc, "85354-9", "Blood pressure panel"), at,
			"component", list(
				obj("code", concept(loinc, "8480-6", "Systolic blood pressure"), "valueQuantity", quantity(strconv.Itoa(systolic), "mmHg", "mm[Hg]")),
				obj("code", concept(loinc, "8462-4", "Diastolic blood pressure"), "valueQuantity", quantity(strconv.Itoa(diastolic), "mmHg", "mm[Hg]"))))
		systolic = max(118, systolic+w.between(-11, 5))
	}
}

func (w *world) sugars(p *subject) {
	for n := w.between(2, 5); n > 0; n-- {
		at := w.ago(n*180 + w.rng.IntN(30)).Add(9 * time.Hour)
		w.observe(p, "laboratory", "Laboratory", concept(snomed, "999791000000106", "Haemoglobin A1c level (IFCC)"), at,
			"valueQuantity", quantity(strconv.Itoa(w.between(46, 78)), "mmol/mol", "mmol/mol"))
	}
}

func (w *world) weights(p *subject) {
	grams := w.between(58_000, 96_000)
	for n := w.between(3, 8); n > 0; n-- {
		at := w.ago(n*30 + w.rng.IntN(9)).Add(10 * time.Hour)
		w.observe(p, "vital-signs", "Vital Signs", concept(loinc, "29463-7", "Body weight"), at,
			"valueQuantity", quantity(fmt.Sprintf("%d.%d", grams/1000, grams%1000/100), "kg", "kg"))
		grams += w.between(-900, 1200)
	}
}

func (w *world) allergy(p *subject) {
	if !w.chance(0.25) && p.id != FirstOne {
		return
	}
	w.add("AllergyIntolerance", w.next("allergy"),
		"clinicalStatus", concept(hl7+"allergyintolerance-clinical", "active", "Active"),
		"verificationStatus", concept(hl7+"allergyintolerance-verification", "confirmed", "Confirmed"),
		"type", "allergy", "category", list("medication"), "criticality", "high",
		"code", concept(snomed, "91936005", "Allergy to penicillin"),
		"patient", p.ref, "recordedDate", date(w.ago(w.between(300, 6000))),
		"reaction", list(obj("manifestation", list(concept(snomed, "271807003", "Eruption of skin")))))
}

func (w *world) jabs(p *subject) {
	if p.age < 65 && !w.chance(0.2) {
		return
	}
	for years := range w.between(1, 3) {
		w.add("Immunization", w.next("jab"),
			"status", "completed",
			"vaccineCode", concept(snomed, "86198006", "Influenza vaccination"),
			"patient", p.ref, "occurrenceDateTime", date(w.ago(years*365+w.between(20, 60))),
			"primarySource", true,
			"performer", list(obj("actor", ref("Organization", p.practice))))
	}
}

func (w *world) visits(p *subject) {
	for n := w.between(1, 3); n > 0; n-- {
		at := w.ago(n*120 + w.rng.IntN(90)).Add(time.Duration(w.between(8, 17)) * time.Hour)
		w.add("Encounter", w.next("visit"),
			"status", "finished",
			"class", coding(hl7+"v3-ActCode", "AMB", "ambulatory"),
			"type", list(obj("text", pick(w, []string{"Consultation", "Medication review", "Telephone consultation", "Blood test"}))),
			"subject", p.ref,
			"participant", list(obj("individual", ref("Practitioner", p.gp.id))),
			"period", obj("start", instant(at), "end", instant(at.Add(15*time.Minute))),
			"serviceProvider", ref("Organization", p.practice))
	}
}

// team gives a person an episode with the community nurses and a care team.
func (w *world) team(p *subject, whole bool) {
	since := date(w.ago(w.between(30, 300)))
	members := list(obj("member", named(ref("Practitioner", Nurse), "Joan Rill"), "onBehalfOf", ref("Organization", Community)),
		obj("member", named(ref("Practitioner", p.gp.id), p.gp.given+" "+p.gp.family)))
	if whole {
		members = append(members, obj("member", named(ref("Practitioner", "demo-social-fenn"), "Grace Fenn")))
	}
	team := w.add("CareTeam", w.next("team"),
		"status", "active", "name", "Care team of "+p.name+" (synthetic)",
		"subject", p.ref, "period", obj("start", since), "participant", members,
		"managingOrganization", list(ref("Organization", Community)))
	w.add("EpisodeOfCare", w.next("episode"),
		"status", "active", "type", list(obj("text", "Community nursing")),
		"patient", p.ref, "managingOrganization", ref("Organization", Community),
		"period", obj("start", since), "careManager", ref("Practitioner", Nurse), "team", list(team))
}

// carer gives the first person a daughter who may see part of the record.
func (w *world) carer(p *subject) {
	daughter := w.add("RelatedPerson", CarerOfOne,
		"active", true, "patient", p.ref,
		"relationship", list(concept(hl7+"v3-RoleCode", "DAU", "natural daughter")),
		"name", list(obj("use", "official", "family", "Thistledown", "given", list("Maya"))),
		"gender", "female")
	w.add("Consent", w.next("consent"),
		"status", "active",
		"scope", concept(hl7+"consentscope", "patient-privacy", "Privacy Consent"),
		"category", list(concept(loinc, "59284-0", "Consent Document")),
		"patient", p.ref, "dateTime", date(w.ago(90)),
		"policyRule", concept(hl7+"v3-ActCode", "OPTIN", "opt-in"),
		"provision", obj("type", "permit", "period", obj("start", date(w.ago(90))),
			"actor", list(obj("role", concept(hl7+"v3-ParticipationType", "PRCP", "primary information recipient"), "reference", daughter))))
}

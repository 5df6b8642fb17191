package pages

import (
	"cmp"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"joinery/care/workflow"
	"joinery/fhir"
)

// banner says on which person a page is, by the rules of the NHS Common User
// Interface for a patient banner: always the same things in the same order.
type banner struct {
	ID        fhir.ID
	Family    string // in capitals
	Given     string
	Title     string
	Known     string // the name they go by, where it is another
	Born      dated
	Age       string
	Gender    string
	Number    string // NHS number, ten digits; empty: none is recorded
	Died      time.Time
	Dead      bool
	AgeAtEnd  string
	Address   []string
	Protected bool // the address is protected: it is not shown, and must not be told
	Phone     []string
	Email     string
	Practice  string
	Allergies allergies
}

// allergies are always in view, under exactly one of four labels.
type allergies struct {
	Label string // "known", "none", "unrecorded" or "unavailable"
	Of    []entry
}

// entry is one line of a block.
type entry struct {
	Text   string
	Detail string
	On     dated
	Source string
	New    bool // since whoever looks was here last
	Severe bool
	Tag    *Tag
	Href   string
	Seen   dated // when they last had to do with the person
}

// block is one part of the summary, with where it comes from.
type block struct {
	Key     string // of its heading
	Entries []entry
	Earlier []entry // what is over, to be opened
	Sources []origin
	Lack    []string // who looks after them, and has nothing in the block
	Unsaid  bool     // something in it does not say from which organisation it is
	AsOf    time.Time
	More    int // entries that are on the timeline
}

// trend is how one kind of result went.
type trend struct {
	What, Last, Unit string
	On               dated
	Source           string
	New              bool
	Range            string // within which it usually is, as who measured it says
	Beyond           string // "high" or "low", when it is not
	Drawing          template.HTML
	Says             string
}

// personView is the one page on somebody.
type personView struct {
	Banner    banner
	Needs     []string // accessible information
	Alerts    block
	Own       []entry // what matters to them, in their own words
	New       []entry // since whoever looks was here last
	NewMore   int     // that is new too
	Details   bool    // name, address or the like changed since then
	FirstTime bool
	Since     time.Time
	Problems  block
	Medicines block
	Results   []trend
	ResultsOf block
	People    block
	Plans     block
	Ceilings  block // what is to be done, and not done, when they get very ill
	Referrals block
	Disagreed []disagreement
	NotHere   []string
	Unbound   []string // who looks after them, and is bound by no agreement to share
	Silent    []string // who looks after them, and from whom nothing has come at all
	More      bool
	ReadAt    time.Time
}

// summarised are the types that the summary is made of.
var summarised = []string{
	"AllergyIntolerance", "Condition", "MedicationRequest", "MedicationStatement", "Observation", "Flag", "CarePlan", "Goal", "CareTeam",
	"EpisodeOfCare", "RelatedPerson", "Task", "Immunization", "Encounter", "Communication", "Consent",
}

// person answers GET /people/{id}.
func (c *call) person() (*page, error) {
	id, err := c.id("id")
	if err != nil {
		return nil, err
	}
	s, err := c.gather(id, summarised...)
	if err != nil {
		return nil, err
	}
	if s.newSince, err = c.view.Visit(c.ctx, "Patient/"+string(id)); err != nil {
		return nil, err //nolint:wrapcheck // it says what it was doing
	}
	v := c.summary(s)
	if v.Unbound, err = c.unbound(s); err != nil {
		return nil, err
	}
	return &page{name: "person", view: v}, nil
}

// summary makes the one page of a sheaf.
func (c *call) summary(s *sheaf) *personView {
	v := &personView{
		Banner: s.banner(), Needs: s.needs(), NotHere: c.pages.Site.NotHere, More: s.more, ReadAt: s.readAt, FirstTime: s.newSince.IsZero(), Since: s.newSince,
	}
	v.Alerts = s.block("alerts", s.of["Flag"], func(l leaf) bool { return l.status() == "active" }, func(l leaf) entry { return entry{Text: concept(l.Get("code"))} })
	v.Problems = s.block("problems", s.of["Condition"], active, func(l leaf) entry { return entry{Text: concept(l.Get("code")), Detail: notes(l)} })
	v.Medicines = s.block("medicines", append(slices.Clone(s.of["MedicationRequest"]), s.of["MedicationStatement"]...), active, medicine)
	v.Results, v.ResultsOf = s.results()
	v.People = s.people()
	v.Plans = s.plans()
	v.Own = s.ownWords()
	v.Ceilings = s.ceilings()
	v.Referrals = s.referrals()
	v.New = s.fresh()
	if len(v.New) > shownNew {
		v.New, v.NewMore = v.New[:shownNew], len(v.New)-shownNew
	}
	v.Silent, v.Disagreed = s.silent(), s.disagreements()
	v.Details = !s.newSince.IsZero() && s.changed.After(s.newSince)
	helpers := s.helping()
	for _, b := range []*block{&v.Problems, &v.Medicines, &v.ResultsOf} {
		b.lacks(helpers)
	}
	return v
}

// silent are those who look after somebody, and from whom nothing came: not a result,
// nor a contact.
func (s *sheaf) silent() []string {
	var all []leaf
	for _, leaves := range s.of {
		all = append(all, leaves...)
	}
	heard := block{Sources: s.sources(all), Unsaid: s.unsaid(all)}
	heard.lacks(s.helping())
	return heard.Lack
}

// lacks notes who looks after the person and has nothing in the block; nobody, where
// it cannot be told whose everything in it is.
func (b *block) lacks(helpers []string) {
	if b.Unsaid {
		return
	}
	for _, name := range helpers {
		if !slices.ContainsFunc(b.Sources, func(o origin) bool { return o.Name == name }) {
			b.Lack = append(b.Lack, name)
		}
	}
}

// active reports whether something still holds.
func active(l leaf) bool {
	switch l.status() {
	case "active", "recurrence", "relapse", "on-hold", "draft", "":
		return true
	}
	return false
}

func notes(l leaf) string {
	var out []string
	for n := range l.Get("note").Items() {
		out = append(out, n.Get("text").Text())
	}
	return strings.Join(out, " ")
}

const shownEarlier = 30

// block gathers entries: those that hold, and those that are over.
func (s *sheaf) block(key string, leaves []leaf, holds func(leaf) bool, say func(leaf) entry) block {
	b := block{Key: key, Sources: s.sources(leaves), Unsaid: s.unsaid(leaves), AsOf: asOf(leaves)}
	for _, l := range leaves {
		e := say(l)
		if e.Text == "" {
			continue
		}
		e.On, e.Source, e.New = l.on, s.from(l), s.isNew(l)
		switch {
		case holds(l):
			b.Entries = append(b.Entries, e)
		case len(b.Earlier) < shownEarlier:
			b.Earlier = append(b.Earlier, e)
		default:
			b.More++
		}
	}
	return b
}

func (s *sheaf) isNew(l leaf) bool { return !s.newSince.IsZero() && l.stored.After(s.newSince) }

// medicine says a medicine as the Common User Interface asks: the name stands
// apart, behind it dose, route and how often.
func medicine(l leaf) entry {
	var dose []string
	for _, name := range []string{"dosageInstruction", "dosage"} {
		for d := range l.Get(name).Items() {
			dose = append(dose, dosage(d))
		}
	}
	return entry{Text: concept(l.Get("medicationCodeableConcept")), Detail: strings.Join(dose, "; ")}
}

// dosage is one instruction: as it was written, or put together of its parts.
func dosage(d fhir.Value) string {
	if text := d.Get("text").Text(); text != "" {
		return text
	}
	var parts []string
	if q := d.Get("doseAndRate").Item(0).Get("doseQuantity"); q.Exists() {
		parts = append(parts, "DOSE "+strings.TrimSpace(q.Get("value").Text()+" "+q.Get("unit").Text()))
	}
	for _, v := range []fhir.Value{d.Get("route"), d.At("timing", "code")} {
		if text := concept(v); text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, " – ")
}

const (
	nhsNumberSystem = "https://fhir.nhs.uk/Id/nhs-number"
	needURL         = "https://joinery.example/fhir/StructureDefinition/accessible-information"
	talkURL         = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSCommunication"
	noKnownAllergy  = "716186003"
)

func (s *sheaf) banner() banner {
	p := s.patient
	name := officialName(p)
	b := banner{ID: s.id, Family: strings.ToUpper(name.Get("family").Text()), Title: name.Get("prefix").Item(0).Text(), Gender: p.Get("gender").Text()}
	var given []string
	for g := range name.Get("given").Items() {
		given = append(given, g.Text())
	}
	b.Given = strings.Join(given, " ")
	for n := range p.Get("name").Items() {
		if n.Get("use").Is("nickname") || n.Get("use").Is("usual") && n.Get("given").Item(0).Text() != name.Get("given").Item(0).Text() {
			b.Known = strings.TrimSpace(n.Get("given").Item(0).Text() + " " + n.Get("family").Text())
		}
	}
	for i := range p.Get("identifier").Items() {
		if i.Get("system").Is(nhsNumberSystem) {
			b.Number = i.Get("value").Text()
		}
	}
	b.Born = datedOf(p.Get("birthDate").Text())
	b.Died, _ = moment(p.Get("deceasedDateTime").Text())
	b.Dead = !b.Died.IsZero() || p.Get("deceasedBoolean").IsTrue()
	b.Age = age(b.Born.Time, s.readAt)
	if !b.Died.IsZero() {
		b.AgeAtEnd = age(b.Born.Time, b.Died)
	}
	home := p.Get("address").Item(0)
	for l := range home.Get("line").Items() {
		b.Address = append(b.Address, l.Text())
	}
	for _, part := range []string{"city", "postalCode"} {
		if text := home.Get(part).Text(); text != "" {
			b.Address = append(b.Address, text)
		}
	}
	for m := range p.At("meta").Get("security").Items() {
		b.Protected = b.Protected || m.Get("code").Is("protected-address")
	}
	for t := range p.Get("telecom").Items() {
		switch value := t.Get("value").Text(); t.Get("system").Text() {
		case "phone", "sms":
			b.Phone = append(b.Phone, value)
		case "email":
			b.Email = value
		}
	}
	for gp := range p.Get("generalPractitioner").Items() {
		if name := s.names[gp.Get("reference").Text()]; name != "" && strings.HasPrefix(gp.Get("reference").Text(), "Organization/") {
			b.Practice = name
		}
	}
	b.Allergies = s.allergies()
	return b
}

// age says how old somebody is as clinicians write it: in years, and for small
// children in months, weeks or days.
func age(born, at time.Time) string {
	if born.IsZero() || at.Before(born) {
		return ""
	}
	years := at.Year() - born.Year()
	if at.YearDay() < born.YearDay() && (at.Month() < born.Month() || at.Month() == born.Month() && at.Day() < born.Day()) || at.Month() < born.Month() {
		years--
	}
	months := (at.Year()-born.Year())*12 + int(at.Month()) - int(born.Month())
	if at.Day() < born.Day() {
		months--
	}
	days := int(at.Sub(born).Hours() / 24)
	switch {
	case years >= 2:
		return strconv.Itoa(years) + "y"
	case months >= 12:
		return strconv.Itoa(months) + "m"
	case days >= 28:
		return strconv.Itoa(days/7) + "w"
	}
	return strconv.Itoa(days) + "d"
}

// allergies are under "unavailable" where they were not read, or not all that there
// is of the person was: nobody may take that for "not recorded".
func (s *sheaf) allergies() allergies {
	a := allergies{Label: "unrecorded"}
	if s.more || !slices.Contains(s.read, "AllergyIntolerance") {
		a.Label = "unavailable"
	}
	for _, l := range s.of["AllergyIntolerance"] {
		if l.At("verificationStatus", "coding", "code").Is("entered-in-error") || !active(l) {
			continue
		}
		if l.At("code", "coding", "code").Is(noKnownAllergy) {
			if a.Label == "unrecorded" {
				a.Label = "none"
			}
			continue
		}
		a.Label = "known"
		e := entry{Text: concept(l.Get("code")), On: l.on, Source: s.source(l), New: s.isNew(l), Severe: l.Get("criticality").Is("high")}
		var harm []string
		for r := range l.Get("reaction").Items() {
			for m := range r.Get("manifestation").Items() {
				harm = append(harm, concept(m))
			}
			e.Severe = e.Severe || r.Get("severity").Is("severe")
		}
		e.Detail = strings.Join(harm, ", ")
		a.Of = append(a.Of, e)
	}
	return a
}

// needs are how somebody is to be written to and spoken with.
func (s *sheaf) needs() []string {
	var out []string
	for e := range s.patient.Get("extension").Items() {
		switch e.Get("url").Text() {
		case needURL:
			out = append(out, concept(e.Get("valueCodeableConcept")))
		case talkURL:
			language, interpreter := "", false
			for part := range e.Get("extension").Items() {
				switch part.Get("url").Text() {
				case "language":
					language = concept(part.Get("valueCodeableConcept"))
				case "interpreterRequired":
					interpreter = part.Get("valueBoolean").IsTrue()
				}
			}
			language = languageName(strings.TrimPrefix(language, "code "))
			switch {
			case interpreter:
				out = append(out, "Needs an interpreter: "+language)
			case language != "" && language != "English":
				out = append(out, "Speaks "+language)
			}
		}
	}
	return out
}

func (s *sheaf) plans() block {
	return s.block("plans", s.of["CarePlan"], active, func(l leaf) entry {
		e := entry{Text: cmp.Or(l.Get("title").Text(), concept(l.Get("category").Item(0))), Detail: l.Get("description").Text()}
		if e.Text == "" { // the one plan of a person, of which models are parts
			e.Text = "Care plan"
		}
		return e
	})
}

// ownWords are what somebody said matters to them, and the goals they have.
func (s *sheaf) ownWords() []entry {
	var out []entry
	for _, l := range s.of["CarePlan"] {
		words, _, _ := workflow.Notes(l.Value)
		for _, w := range words {
			out = append(out, entry{Text: w.Text, On: dated{Time: w.At}, New: !s.newSince.IsZero() && w.At.After(s.newSince), Source: w.Written})
		}
	}
	for _, l := range s.of["Goal"] {
		if words := concept(l.Get("description")); words != "" && (l.Get("lifecycleStatus").Is("active") || l.Get("lifecycleStatus").Is("accepted") || l.Get("lifecycleStatus").Is("proposed")) {
			out = append(out, entry{Text: words, On: l.on, New: s.isNew(l), Source: s.source(l)})
		}
	}
	return out
}

// referrals are those that are open, each with its room.
func (s *sheaf) referrals() block {
	tasks := slices.DeleteFunc(slices.Clone(s.of["Task"]), func(l leaf) bool { return kindOf(l.Value) != workflow.KindReferral })
	return s.block("referrals", tasks, func(l leaf) bool {
		switch l.status() {
		case "completed", "rejected", "failed", "cancelled", "entered-in-error":
			return false
		}
		return true
	}, func(l leaf) entry {
		return entry{Text: concept(l.Get("code")), Detail: l.At("businessStatus", "text").Text(), Href: "/referrals/" + string(l.id)}
	})
}

// kindOf returns the kind of a Task of the workflow.
func kindOf(v fhir.Value) string {
	for c := range v.Get("code").Get("coding").Items() {
		if c.Get("system").Is(workflow.KindSystem) {
			return c.Get("code").Text()
		}
	}
	return ""
}

const shownNew = 8

// fresh is what is new since whoever looks was here last.
func (s *sheaf) fresh() []entry {
	var out []entry
	for _, leaves := range s.of {
		for _, l := range leaves {
			if s.isNew(l) {
				out = append(out, entry{Text: kindWords[l.typ] + ": " + what(l), On: dated{Time: l.stored}, Source: s.source(l)})
			}
		}
	}
	slices.SortFunc(out, func(a, b entry) int { return cmp.Or(b.On.Compare(a.On.Time), strings.Compare(a.Text, b.Text)) })
	return out
}

// what says in words what a resource is of.
func what(l leaf) string {
	for _, v := range []fhir.Value{l.Get("code"), l.Get("vaccineCode"), l.Get("medicationCodeableConcept"), l.Get("type").Item(0), l.Get("serviceType").Item(0), l.Get("category").Item(0), l.Get("description")} {
		if text := concept(v); text != "" {
			return text
		}
	}
	if name := cmp.Or(l.Get("title").Text(), l.Get("name").Text()); name != "" {
		return name
	}
	return humanName(l.Value)
}

// kindWords are what clinicians call resources.
var kindWords = map[string]string{
	"AllergyIntolerance": "Allergy", "Condition": "Problem", "MedicationRequest": "Medicine", "MedicationStatement": "Medicine", "Observation": "Result",
	"Flag": "Alert", "CarePlan": "Care plan", "Goal": "Goal", "CareTeam": "Team", "EpisodeOfCare": "Service", "RelatedPerson": "Family or carer", "Task": "Task",
	"Immunization": "Vaccination", "Encounter": "Contact", "Communication": "Message", "Procedure": "Procedure", "ServiceRequest": "Referral",
	"Appointment": "Appointment", "DiagnosticReport": "Report", "DocumentReference": "Document", "QuestionnaireResponse": "Questionnaire",
}

// languageName is the English name of a language by its code.
func languageName(code string) string {
	tag, err := language.Parse(code)
	if err != nil {
		return code
	}
	return display.English.Tags().Name(tag)
}

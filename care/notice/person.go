package notice

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"joinery/care/workflow/clock"
	"joinery/fhir"
	"joinery/fhir/r4"
	"joinery/record"
	"joinery/record/access"
)

// Format is in which form somebody can read a letter.
type Format string

// Formats. Braille, audio and voice are made by somebody of what the letter says.
const (
	Standard Format = "standard"
	Large    Format = "large-print"
	EasyRead Format = "easy-read"
	Braille  Format = "braille"
	Audio    Format = "audio"
	Voice    Format = "voice" // said to them: no letter goes
)

// needCodes are accessible information needs as the district records them
// (source/synth: NHS England's value set of reasonable adjustments, SNOMED CT).
var needCodes = map[string]Format{
	"796161000000101": EasyRead,
	"936661000000109": Braille,
	"936601000000105": Audio,
	"957331000000109": Large,
	"367741000000102": Voice,
}

const (
	signCode      = "204331000000107" // British Sign Language interpreter needed
	needsURL      = "https://joinery.example/fhir/StructureDefinition/accessible-information"
	speaksURL     = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSCommunication"
	contactSystem = "urn:joinery:contact" // of Flag.code: how somebody must not be reached
)

// Flags by which somebody is not reached in a way; on a Flag of the person, while it
// is active.
const (
	NoPost    = "no-post"
	NoEmail   = "no-email"
	NoText    = "no-text"
	NoContact = "no-contact"
	NoCarers  = "not-carers" // carers get no copy
)

// Ages from which somebody is written to themselves, and by e-mail or text. Our own
// choice: England's online services open to people from 13.
const (
	ownLetters  = 13
	ownMessages = 16
)

// person is what a notice needs to know of somebody, as of a moment.
type person struct {
	id          fhir.ID
	name        string
	age         int // -1: not known
	died        bool
	protected   bool
	language    string // BCP 47; empty: English
	interpreter bool
	sign        bool
	format      Format
	address     []string // lines; none: no letter can go
	email       string
	mobile      string
	telephone   string // of any kind
	flags       []string
	carers      []carer
	tags        []coding
}

// carer is somebody whom the person lets see their referrals.
type carer struct {
	reference string
	name      string
	address   []string
}

func (p *person) flagged(flag string) bool { return slices.Contains(p.flags, flag) }

// readPerson reads what one search gave: the Patient, their RelatedPersons,
// Consents and Flags. It returns nil when there is no such Patient.
func readPerson(page record.Page, now time.Time) (*person, error) {
	var p *person
	var related, consents []fhir.Value
	var flags []string
	for i := range page.Entries {
		doc, err := page.Entries[i].Version.Doc()
		if err != nil {
			return nil, err //nolint:wrapcheck // the caller says what it was doing
		}
		switch res := doc.Root(); page.Entries[i].Version.Type {
		case "Patient":
			p = patientOf(res, now)
		case "RelatedPerson":
			related = append(related, res)
		case "Consent":
			consents = append(consents, res)
		case "Flag":
			if res.Get("status").Is("active") && during(res.Get("period"), now) {
				flags = append(flags, codes(res.Get("code"), contactSystem)...)
			}
		}
	}
	if p == nil {
		return nil, nil
	}
	p.flags = flags
	for _, r := range related {
		if c := carerOf(r, consents, now); c != nil {
			p.carers = append(p.carers, *c)
		}
	}
	slices.SortFunc(p.carers, func(a, b carer) int { return strings.Compare(a.reference, b.reference) })
	return p, nil
}

func patientOf(res fhir.Value, now time.Time) *person {
	p := &person{
		id: fhir.ID(res.Get("id").Text()), name: nameOf(res), age: ageOf(res.Get("birthDate").Text(), now),
		died:      res.Get("deceasedBoolean").IsTrue() || res.Get("deceasedDateTime").Exists(),
		protected: access.Labels(res)&access.Address != 0,
		format:    Standard, address: addressOf(res, now),
	}
	for t := range res.Get("telecom").Items() {
		if t.Get("use").Is("old") || t.Get("use").Is("work") || !during(t.Get("period"), now) {
			continue
		}
		switch value := t.Get("value").Text(); t.Get("system").Text() {
		case "email":
			p.email = cmp.Or(p.email, value)
		case "phone", "sms":
			p.telephone = cmp.Or(p.telephone, value)
			if isMobile(value) {
				p.mobile = cmp.Or(p.mobile, value)
			}
		}
	}
	p.reads(res)
	for t := range res.Get("meta").Get("tag").Items() {
		if t.Get("system").Is(testSystem) && t.Get("code").Is("HTEST") {
			p.tags = append(p.tags, coding{System: testSystem, Code: "HTEST", Display: t.Get("display").Text()})
		}
	}
	return p
}

// reads finds out in which language and form somebody reads.
func (p *person) reads(res fhir.Value) {
	for c := range res.Get("communication").Items() {
		if code := c.At("language", "coding", "code").Text(); code != "" && (p.language == "" || c.Get("preferred").IsTrue()) {
			p.language = code
		}
	}
	needs := map[Format]bool{}
	for e := range res.Get("extension").Items() {
		switch e.Get("url").Text() {
		case needsURL:
			for c := range e.At("valueCodeableConcept").Get("coding").Items() {
				code := c.Get("code").Text()
				p.sign = p.sign || code == signCode
				needs[needCodes[code]] = true
			}
		case speaksURL:
			for part := range e.Get("extension").Items() {
				switch {
				case part.Get("url").Is("interpreterRequired"):
					p.interpreter = part.Get("valueBoolean").IsTrue()
				case part.Get("url").Is("language") && p.language == "":
					p.language = part.At("valueCodeableConcept", "coding", "code").Text()
				}
			}
		}
	}
	// Who has several needs gets the form that helps those who need most.
	for _, f := range []Format{Voice, Braille, Audio, EasyRead, Large} {
		if needs[f] {
			p.format = f
			return
		}
	}
}

// languageName returns what a language is called, in English and in itself.
func languageName(code string) string {
	tag, err := language.Parse(code)
	if err != nil {
		return code
	}
	name, self := display.English.Languages().Name(tag), display.Self.Name(tag)
	switch {
	case name == "":
		return code
	case self == "" || self == name:
		return name
	}
	return name + " (" + self + ")"
}

func nameOf(res fhir.Value) string {
	best, rank := "", 0
	for n := range res.Get("name").Items() {
		r := 1
		switch n.Get("use").Text() {
		case "old", "maiden":
			continue
		case "usual":
			r = 3
		case "official", "":
			r = 2
		}
		if r <= rank {
			continue
		}
		var parts []string
		for _, of := range []string{"given", "family"} {
			value := n.Get(of)
			if of == "given" {
				value = value.Item(0)
			}
			if text := strings.TrimSpace(value.Text()); text != "" {
				parts = append(parts, text)
			}
		}
		name := strings.Join(parts, " ")
		if name == "" {
			name = strings.TrimSpace(n.Get("text").Text())
		}
		if name != "" {
			best, rank = name, r
		}
	}
	return best
}

func ageOf(born string, now time.Time) int {
	at, err := time.Parse("2006-01-02", born)
	if err != nil {
		if at, err = time.Parse("2006", born[:min(4, len(born))]); err != nil {
			return -1
		}
	}
	today := now.In(clock.London)
	age := today.Year() - at.Year()
	if today.Month() < at.Month() || today.Month() == at.Month() && today.Day() < at.Day() {
		age--
	}
	return age
}

// addressOf returns the lines of where letters go now: a temporary address while
// it lasts, else the home, a postal one before another.
func addressOf(res fhir.Value, now time.Time) []string {
	var best []string
	rank := 0
	for a := range res.Get("address").Items() {
		r := 2
		switch a.Get("use").Text() {
		case "old", "billing", "work":
			continue
		case "temp":
			r = 4
		case "home":
			r = 3
		}
		if a.Get("type").Is("postal") {
			r += 3
		}
		if lines := linesOf(a); r > rank && len(lines) > 0 && during(a.Get("period"), now) {
			best, rank = lines, r
		}
	}
	return best
}

func linesOf(a fhir.Value) []string {
	var out []string
	for line := range a.Get("line").Items() {
		out = append(out, line.Text())
	}
	if len(out) == 0 && a.Get("text").Exists() {
		out = append(out, strings.Split(a.Get("text").Text(), "\n")...)
	}
	if len(out) == 0 { // a postcode alone is no address
		return nil
	}
	for _, part := range []string{"city", "district", "postalCode"} {
		if text := a.Get(part).Text(); text != "" && !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}

// during reports whether a period holds at a moment; what has none always does.
func during(period fhir.Value, now time.Time) bool {
	today := now.In(clock.London).Format("2006-01-02")
	from, to := period.Get("start").Text(), period.Get("end").Text()
	return (from == "" || from[:min(10, len(from))] <= today) && (to == "" || to[:min(10, len(to))] >= today)
}

// isMobile reports whether a number is one that texts can be sent to.
func isMobile(number string) bool { return international(number) != "" }

// international writes a British mobile number as +447…, empty when it is none.
func international(number string) string {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, number)
	switch {
	case strings.HasPrefix(digits, "0044"):
		digits = digits[4:]
	case strings.HasPrefix(digits, "44"):
		digits = digits[2:]
	}
	digits = strings.TrimPrefix(digits, "0")
	if len(digits) != 10 || digits[0] != '7' {
		return ""
	}
	return "+44" + digits
}

// carerOf returns a RelatedPerson as somebody who gets copies: who is active, has an
// address, and is let see referrals by a Consent that is in force; nil otherwise.
func carerOf(res fhir.Value, consents []fhir.Value, now time.Time) *carer {
	c := &carer{reference: "RelatedPerson/" + res.Get("id").Text(), name: nameOf(res), address: addressOf(res, now)}
	inactive := res.Get("active").Kind() == fhir.Bool && !res.Get("active").IsTrue()
	if inactive || len(c.address) == 0 || !during(res.Get("period"), now) {
		return nil
	}
	requests, _ := r4.TypeNumber("ServiceRequest")
	actor, at := access.ActorKey(c.reference), now.UnixMilli()
	for _, consent := range consents {
		for _, r := range access.Relations(consent) {
			if r.Basis == access.CareFor && r.Actor == actor && r.Since <= at && at < r.Until && (r.Type == 0 || r.Type == requests) {
				return c
			}
		}
	}
	return nil
}

func codes(concept fhir.Value, system string) []string {
	var out []string
	for c := range concept.Get("coding").Items() {
		if c.Get("system").Is(system) {
			out = append(out, c.Get("code").Text())
		}
	}
	return out
}

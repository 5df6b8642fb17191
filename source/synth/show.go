package synth

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"joinery/fault"
)

// Person returns the person of a number. NotFound is for numbers below 0.
func (d *District) Person(number int64) (*Person, error) {
	if number < 0 || number >= MostPeople {
		return nil, fault.New(fault.NotFound, fmt.Sprintf("People have the numbers 0 to %d.", MostPeople-1))
	}
	return d.Block(number / BlockSize)[number%BlockSize], nil
}

// Tell writes a life to be read by people: who it is, their household, their
// problems and medicines, and then what happened, by date.
func (d *District) Tell(w io.Writer, p *Person) error {
	t := &teller{Writer: bufio.NewWriter(w), d: d, p: p}
	t.who()
	t.home()
	t.current("Problems", Condition, "active", "recurrence", "relapse")
	t.current("Medicines", MedicationRequest, "active")
	t.life()
	return t.Flush() //nolint:wrapcheck // the writer is the caller's
}

// teller tells one life.
type teller struct {
	*bufio.Writer
	d *District
	p *Person
}

func (t *teller) say(format string, args ...any) { fmt.Fprintf(t, format, args...) }

func (n Name) String() string {
	return strings.Join(strings.Fields(n.Prefix+" "+strings.Join(n.Given, " ")+" "+n.Family), " ")
}

func longDate(d Day) string {
	y, m, day := d.Date()
	return fmt.Sprintf("%d %s %d", day, m, y)
}

func (t *teller) who() {
	p := t.p
	t.say("%s  (person %d of seed %d; invented)\n", p.Names[0], p.Number, t.d.Seed)
	for _, n := range p.Names[1:] {
		t.say("  %s name: %s\n", n.Use, n)
	}
	end := t.d.Until
	if p.Died != NotYet {
		end = p.Died
	}
	t.say("  %s, born %s, ", p.Sex, longDate(p.Born))
	if p.Died != NotYet {
		t.say("died %s at %s", longDate(p.Died), age(p.Born, end))
	} else {
		t.say("%s", age(p.Born, end))
	}
	t.say("; %s\n", ethnicities[p.Ethnicity])
	if p.Language != "" {
		t.say("  speaks %s", languageName(p.Language))
		if p.Interpreter {
			t.say(", needs an interpreter")
		}
		t.say("\n")
	}
	for _, need := range p.Needs {
		t.say("  needs: %s\n", need.Display)
	}
	if n := p.NHSNumber; n != "" {
		t.say("  NHS number %s %s %s (%s)\n", n[:3], n[3:6], n[6:], strings.ToLower(numberStates[p.NumberStatus]))
	} else {
		t.say("  no NHS number\n")
	}
}

func age(born, on Day) string {
	if y := ageOn(born, on); y >= 2 {
		return fmt.Sprintf("%d years", y)
	}
	return fmt.Sprintf("%d months", int(on-born)*12/365)
}

func languageName(code string) string {
	tag, err := language.Parse(code)
	if err != nil {
		return code
	}
	if name := display.English.Tags().Name(tag); name != "" {
		return name
	}
	return code
}

func (t *teller) home() {
	p, h := t.p, t.p.Household
	switch {
	case h == nil:
	case h.Home == NoFixedAbode:
		t.say("  no fixed address\n")
	default:
		t.say("  lives at %s", strings.Join(append(append([]string{}, h.Lines...), h.Town+" "+h.Postcode), ", "))
		if h.Area != nil {
			t.say("; %s, decile %d of deprivation", boroughNames[h.Area.Borough], h.Area.Deprivation)
		}
		if h.Tenure != "" {
			t.say("; %s", h.Tenure)
		}
		if h.Overcrowded {
			t.say("; overcrowded")
		}
		t.say("\n")
		if h.Home == Private {
			t.people("  with", h.People)
		}
	}
	if p.Practice != nil {
		t.say("  registered at %s", p.Practice.Name)
		if p.Practice.PartOf != nil {
			t.say(" (%s)", p.Practice.PartOf.Name)
		}
		if p.Since != NotYet {
			t.say(" since %s", longDate(p.Since))
		}
		t.say("\n")
	} else {
		t.say("  registered nowhere here\n")
	}
	t.people("  cared for by", p.Carers)
	t.people("  cares for", p.CaresFor)
}

// people tells of others, each with their number and age.
func (t *teller) people(word string, others []*Person) {
	var all []string
	for _, o := range others {
		if o != t.p && (o.Died == NotYet || t.p.Died != NotYet) {
			all = append(all, fmt.Sprintf("%s (%d, %s)", o.Names[0], o.Number, age(o.Born, t.d.Until)))
		}
	}
	if len(all) > 0 {
		t.say("%s %s\n", word, strings.Join(all, ", "))
	}
}

// current lists what is so at the end: the latest of each that has one of the
// states.
func (t *teller) current(title string, kind Kind, states ...string) {
	last := map[string]int{}
	for i := range t.p.Events {
		if e := &t.p.Events[i]; e.Kind == kind {
			last[e.words()] = i
		}
	}
	titled := false
	for i := range t.p.Events {
		e := &t.p.Events[i]
		if e.Kind != kind || e.Category == ofEncounter || last[e.words()] != i || !slices.Contains(states, e.Status) {
			continue
		}
		if !titled {
			t.say("\n%s\n", title)
			titled = true
		}
		t.say("  %s, since %s", e.words(), e.moment())
		if e.Dose != "" {
			t.say(": %s", e.Dose)
		}
		t.say("\n")
	}
}

// words are what an event is about.
func (e *Event) words() string {
	switch {
	case e.Text != "":
		return e.Text
	case e.What != nil:
		return e.What.Display
	}
	return forms[e.Kind].word
}

// moment is when an event was, as precisely as it is known, by London's clocks.
func (e *Event) moment() string {
	m := e.At
	if e.Grain == ToTheMinute && summerTime(m) {
		m += 60
	}
	s := string(appendMoment(nil, m, e.Grain))
	if e.Grain == ToTheMinute {
		s = s[:10] + " " + s[11:16]
	}
	return s
}

func (t *teller) life() {
	t.say("\nLife\n")
	open := int32(-1) // the encounter that stands on the line before
	for i := range t.p.Events {
		e := &t.p.Events[i]
		if e.Kind == Encounter {
			open = int32(i)
		}
		switch {
		case e.In >= 0 && e.In == open && e.At.Day() > t.p.Events[open].At.Day():
			t.say("  %16s   %s: ", "", e.moment()[5:10])
		case e.In >= 0 && e.In == open:
			t.say("  %16s   - ", "")
		default:
			t.say("  %-16s ", e.moment())
		}
		t.event(e)
		t.say("\n")
	}
}

// eventWords are how a life tells of each kind.
var eventWords = [...]string{
	Condition: "problem: ", Procedure: "procedure: ", Immunization: "immunised: ", MedicationRequest: "prescribed: ",
	Encounter: "", Observation: "", ServiceRequest: "referral: ", Appointment: "appointment: ", AllergyIntolerance: "allergy: ",
	CarePlan: "care plan: ", EpisodeOfCare: "episode: ", CareTeam: "care team: ", Flag: "flag: ",
}

// ordinary are the states that need no words.
var ordinary = []string{"active", "final", "finished", "completed", "fulfilled"}

func (t *teller) event(e *Event) {
	word := eventWords[e.Kind]
	if e.Category == ofEncounter {
		word = "diagnosis: "
	}
	t.say("%s%s", word, e.words())
	if e.Unit != nil {
		t.say(" %.*f", int(e.Digits), rounded(e.Value, e.Digits))
		if e.Unit.Code != "{score}" && e.Unit.Code != "1" {
			t.say(" %s", e.Unit.Written)
		}
	}
	if e.Answer != nil {
		t.say(": %s", e.Answer.Display)
	}
	for i, part := range e.Parts {
		word := ", "
		if i == 0 {
			word = ": "
		}
		t.say("%s%s %.*f %s", word, part.What.Display, int(part.Digits), rounded(part.Value, part.Digits), part.Unit.Written)
	}
	if e.Dose != "" {
		t.say(", %s", e.Dose)
	}
	if e.Number > 0 {
		t.say(", dose %d", e.Number)
	}
	if e.Arrival != nil {
		t.say("; came by %s", strings.TrimPrefix(e.Arrival.Display, "Arrival by "))
	}
	if e.Kind == Encounter && e.Until != Never {
		t.say("; %s", lasting(e.Until-e.At))
	} else if e.Until != Never && forms[e.Kind].ends && e.Kind != Appointment {
		t.say("; until %s", appendMoment(nil, e.Until, ToTheDay))
	}
	if e.Outcome != nil {
		t.say("; then: %s", e.Outcome.Display)
	}
	if !slices.Contains(ordinary, e.Status) {
		t.say("; %s", e.Status)
	}
	if e.Priority != "" && e.Priority != "routine" {
		t.say("; %s", e.Priority)
	}
	t.place(e)
	if e.For >= 0 && (e.Kind == Encounter || e.Kind == MedicationRequest && e.In < 0) && t.p.Events[e.For].Kind == Condition {
		if about := &t.p.Events[e.For]; about.At < e.At {
			t.say("; for %s", about.words())
		}
	}
	if e.Note != "" {
		t.say("  (%s)", e.Note)
	}
}

func lasting(m Moment) string {
	switch {
	case m < 120:
		return fmt.Sprintf("%d minutes", m)
	case m < 2*1440:
		return fmt.Sprintf("%d hours", (m+30)/60)
	}
	return fmt.Sprintf("%d days", (m+720)/1440)
}

// place tells where and by whom, unless it is as in the encounter.
func (t *teller) place(e *Event) {
	if e.In >= 0 && e.Kind != ServiceRequest && e.Kind != Appointment {
		if in := &t.p.Events[e.In]; in.Org == e.Org && in.Who == e.Who {
			return
		}
	}
	switch {
	case e.Kind == ServiceRequest && e.Org != nil:
		t.say("; to %s", e.Org.Name)
	case e.Site != nil:
		t.say("; at %s", e.Site.Name)
	case e.Org != nil:
		t.say("; by %s", e.Org.Name)
	}
	if e.Who != nil {
		t.say(", %s %s (%s)", e.Who.Given, e.Who.Family, e.Who.Job)
	}
}

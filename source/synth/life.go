package synth

import (
	"cmp"
	"slices"
)

// snomedCT is the system of nearly every code in a life.
const snomedCT = "http://snomed.info/sct"

// sct returns a concept of SNOMED CT.
func sct(code, display string, mark Mark) *Concept {
	return &Concept{System: snomedCT, Code: code, Display: display, Mark: mark}
}

// life is a person's life while it is being told. Each part of it (conditions,
// the practice, hospital, motherhood, …) appends its events with dice of its
// own; at the end they are put in order and cut at death.
type life struct {
	d *District
	p *Person
	body
	from   Day // the first day that is told in full
	to     Day // the last day: of the life, or of all lives
	cause  cause
	events []Event
	vital  vitals
	tumour tumour             // if there is or was a cancer
	seen   []Day              // days on which the practice saw the person
	known  [illnesses]int32   // places of the Conditions, -1: not told
	before *Organisation      // the practice before the present one
	inHome bool               // lives in a care home in the end
	home   *Site              // the care home
	homely Day                // lives there since; NotYet: in none
	shutIn Day                // cannot leave home since; NotYet: can
	spans  []span             // in which a child is carried
	wary   [allergenCount]Day // since when an allergy is known; NotYet: none is
	nurse  *Staff             // who gave the last immunisation,
	jabbed Moment             // and when
	near   [purposes]*Service // whom the person turns to, once looked for
}

// live fills in the person's events and the day of their death, from what they
// are. It reads the people of the household, but not their events.
func (d *District) live(p *Person) {
	l := &life{d: d, p: p, body: d.bodyOf(p), from: max(d.Since+1, p.Born), to: d.Until}
	l.inHome, l.shutIn = p.Household.CareHome != nil, NotYet
	l.window()
	l.grow()
	l.die()
	l.lateCancer()
	l.movesIn()
	if p.Died != NotYet && p.Since > p.Died { // they would have moved later
		p.Since = max(p.Born, p.Died-300)
	}
	l.events = make([]Event, 0, 128)
	l.vital = l.measured()
	l.parts()
	p.Events = l.ordered()
}

// window narrows the days that are told in full to those on which the person
// lived in the district, as far as anybody there knew.
func (l *life) window() {
	if l.p.Arrived != NotYet {
		l.from = max(l.from, l.p.Arrived)
	}
	if l.p.Left != NotYet {
		l.to = l.p.Left
	}
	l.moved()
}

// parts tells one part of the life after the other.
func (l *life) parts() {
	l.allergies()
	l.motherhood()
	l.illnesses()
	l.cancerCare()
	l.mindCare()
	l.infancy()
	l.frailAge()
	l.caseload()
	l.social()
	l.guarded()
	l.jabs()
	l.screening()
	l.joined()
	l.followed()
	l.sentElsewhere()
	l.operations()
	l.dayTreated()
	l.consults()
	l.urgencies()
	l.enrol()
	l.dying()
}

// roll returns dice of the person's own for an aspect.
func (l *life) roll(aspect string) dice { return roll(l.d.Seed, aspect, l.p.Number) }

// age returns the age on a day in years and their parts.
func (l *life) age(on Day) float64 { return float64(on-l.p.Born) / 365.2425 }

// alive reports whether a day is one of the life.
func (l *life) alive(on Day) bool { return on >= l.p.Born && on <= l.to }

// service returns the service to which the person turns for a purpose: always
// the same. It is nil when there is none for them.
func (l *life) service(what purpose) *Service {
	if l.near[what] == nil {
		l.near[what] = l.d.care.find(roll(l.d.Seed, "service", l.p.Number*int64(purposes)+int64(what)), what, l.p.Household.Area)
	}
	return l.near[what]
}

// nearbyService returns the usual service for a purpose, or one time in six
// another that people of the area use as well.
func (l *life) nearbyService(r dice, what purpose) *Service {
	if r.chance(0.17) {
		return l.d.care.find(r, what, l.p.Household.Area)
	}
	return l.service(what)
}

// event returns an event of a kind that stands for itself.
func event(kind Kind, what *Concept, at Moment) Event {
	return Event{Kind: kind, What: what, At: at, Until: Never, Recorded: Never, In: -1, For: -1}
}

// add appends an event and returns its place, for others to refer to.
func (l *life) add(e Event) int32 {
	l.events = append(l.events, e)
	return int32(len(l.events) - 1)
}

// ordered returns the events by time. What would have come after the end of
// the life did not happen; what went on then ended with it. Only what was
// booked may lie beyond the last day. And who lies in hospital is nowhere else.
func (l *life) ordered() []Event {
	end := l.to.At(24*60 - 1)
	place := make([]int32, len(l.events)) // new places, -1: did not happen
	order := make([]int32, 0, len(l.events))
	for i := range l.events {
		e := &l.events[i]
		place[i] = -1
		booked := e.Kind == Appointment && e.Status == "booked" && l.p.Died == NotYet
		if e.At >= l.p.Born.Start() && (e.At <= end || booked) {
			order = append(order, int32(i))
		}
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(l.events[a].At, l.events[b].At) })
	order = l.away(order)
	for to, from := range order {
		place[from] = int32(to)
	}
	told := make([]Event, len(order))
	for to, from := range order {
		e := l.events[from]
		if e.In >= 0 {
			e.In = place[e.In]
		}
		if e.For >= 0 {
			e.For = place[e.For]
		}
		if e.Until > end && e.Kind != Appointment {
			e.cutAt(end, l.p.Died != NotYet, l.to < l.d.Until)
		}
		told[to] = e
	}
	return told
}

// away leaves out the encounters, with all that happened in them, for which the
// person would have had to leave a hospital bed. Of two stays at once the
// second is left out, unless it is the one in which the person died.
func (l *life) away(order []int32) []int32 {
	var until Moment // of the stay that goes on
	until = Never
	waits := Never // until when they are in an emergency department
	stay := int32(-1)
	missed := make([]bool, len(l.events))
	kept := order[:0]
	for _, i := range order {
		e := &l.events[i]
		if e.In >= 0 && missed[e.In] {
			if e.Kind == Condition && e.Category == nil { // it was found all the same
				e.In = -1
				kept = append(kept, i)
				continue
			}
			missed[i] = true
			continue
		}
		inBed := stay >= 0 && e.At < until
		if e.Kind == Encounter && e.Class == "EMER" {
			waits = e.Until
		}
		if e.Kind == Encounter && e.At < waits && e.Class != "EMER" && e.Class != "IMP" && !e.brings() {
			missed[i] = true // who is in the department is nowhere else
			continue
		}
		switch {
		case e.Kind == Appointment && inBed && e.Status == "noshow":
			missed[i] = true
			continue
		case e.Kind != Encounter:
		case inBed && e.Outcome == toMortuary:
			l.events[stay].Until = max(e.At-1, l.events[stay].At+1)
			until = e.Until
			stay = i
		case inBed && e.What != newborn:
			missed[i] = true
			continue
		case e.Class == "IMP":
			stay, until = i, e.Until
		}
		kept = append(kept, i)
	}
	return kept
}

// brings reports whether an encounter is an ambulance's that takes somebody to
// hospital.
func (e *Event) brings() bool { return e.What == ambulanceCall && e.Outcome == nil }

// cutAt ends an event that would have gone on after the end of the life, or
// leaves it open where the telling ends. What passes by itself is not left
// open for years in the record of somebody who has gone.
func (e *Event) cutAt(end Moment, died, gone bool) {
	if gone && !died && e.Kind == Condition && e.Category == ofEncounter {
		return
	}
	if died {
		if e.Kind == Condition { // it would have passed, and did not
			e.Until = Never
			if e.Status == "resolved" {
				e.Status = "active"
			}
			return
		}
		e.Until = end
		if e.Status == "active" || e.Status == "in-progress" {
			switch e.Kind { //nolint:exhaustive // nothing is to be done for the others
			case Encounter:
				e.Status = "finished"
			case MedicationRequest, CarePlan, EpisodeOfCare:
				e.Status = "completed"
			}
		}
		return
	}
	switch e.Kind { //nolint:exhaustive // nothing is to be done for the others
	case Encounter:
		e.Until, e.Status, e.Outcome = Never, "in-progress", nil
	case CarePlan, EpisodeOfCare, Flag:
		e.Until, e.Status = Never, "active"
	case MedicationRequest:
		e.Status = "active"
	case Condition:
		e.Until, e.Status = Never, "active"
	}
}

// days returns the days of a process that goes on between two days at a rate a
// year, in order.
func (d dice) days(from, to Day, perYear float64) []Day {
	if perYear <= 0 || to < from {
		return nil
	}
	var days []Day
	mean := 365.25 / perYear
	for at := float64(from) + d.wait(mean); at <= float64(to); at += d.wait(mean) {
		days = append(days, Day(at))
	}
	return days
}

// meets appends an Encounter and returns its place.
func (l *life) meets(what *Concept, class string, at Moment, minutes int, org *Organisation, site *Site) int32 {
	e := event(Encounter, what, at)
	e.Class, e.Status, e.Until = class, "finished", at+Moment(minutes)
	e.Org, e.Site = org, site
	if site != nil && org == nil {
		e.Org = site.Of
	}
	return l.add(e)
}

// within returns an event that happens in an encounter: there, then, by whoever
// the encounter was with.
func (l *life) within(kind Kind, what *Concept, in int32) Event {
	meeting := &l.events[in]
	e := event(kind, what, meeting.At)
	e.In, e.Org, e.Site, e.Who = in, meeting.Org, meeting.Site, meeting.Who
	return e
}

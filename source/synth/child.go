package synth

import "math"

// What children's social care is known by on a health record.
var (
	protected  = sct("342191000000101", "Subject to child protection plan", Verified)
	lookedFor  = sct("764841000000100", "Looked after child", Verified)
	needsLooks = "Assessment of a child in need"
)

// lookedAfter are the children in 10,000 that a council looked after, by borough
// as Boroughs has them, and outside. Source: London borough profiles 2015, GLA
// (children looked after, 2014).
var lookedAfter = [7]float64{46, 38, 85, 87, 77, 91, 54}

// Children in need of help, and children with a protection plan, of all at a time.
// Source: Department for Education, Characteristics of children in need 2023 (343
// and 43 in 10,000 in England); K: not verified here, rounded.
const (
	inNeed      = 0.034
	planned1000 = 4.3
)

// guarded tells of what a council does for children: assessments of those in
// need, protection plans, and care. All three are commoner where people are poor.
func (l *life) guarded() {
	if l.age(l.from) >= 18 {
		return
	}
	place := l.service(childrensSocialCare)
	if place == nil {
		return
	}
	r := l.roll("children's social care")
	poor := math.Exp(0.14 * (5.5 - float64(l.decile)))
	grown := l.p.Born + 18*365
	last := min(l.to, grown)
	for _, day := range r.days(l.from, last, inNeed*0.7*poor) {
		l.assessed(r, place, day)
	}
	for _, day := range r.days(l.from-300, last, planned1000/1000*poor*1.1) { // a plan runs for some ten months
		l.protects(r, place, day, last)
	}
	share := lookedAfter[l.borough] / 10000 * math.Exp(0.05*(5.5-float64(l.decile)))
	if l.p.Household.Home == Private && r.chance(share*1.25) { // some of whom are home again by the end
		l.looksAfter(r, place, max(l.p.Born+30, l.to-Day(r.wait(900))), last)
	}
}

// assessed tells of an assessment and the visits that follow for some.
func (l *life) assessed(r dice, place *Service, day Day) {
	visits := 0
	if r.chance(0.6) {
		visits = r.between(2, 6)
	}
	for n := range visits + 1 {
		at := l.clinic(r, day+Day(24*n))
		if day < l.from || !l.alive(at.Day()) {
			continue
		}
		in := l.meets(needsAssessed, "HH", at, 60, place.At.Of, nil)
		l.events[in].Text, l.events[in].Who = needsLooks, place.At.Of.somebody(r, "Social worker")
		if n > 0 {
			l.events[in].Text = "Visit to a child in need"
		}
	}
}

// protects tells of a protection plan, from the conference on, as the practice
// writes it down.
func (l *life) protects(r dice, place *Service, day, last Day) {
	ends := day + Day(clip(300*r.lognormal(0.5), 90, 900))
	if ends < l.from || !l.registered(max(day, l.from)) {
		return
	}
	l.assessed(r, place, day-30)
	l.underCouncil(place, protected, day, ends, last)
}

// looksAfter tells of a child in a council's care, with the health assessments
// that they have twice a year below five and each year after.
func (l *life) looksAfter(r dice, place *Service, since, last Day) {
	ends := since + Day(clip(1500*r.lognormal(0.7), 60, 6500))
	l.underCouncil(place, lookedFor, since, ends, last)
	clinic := l.service(healthVisiting)
	for day := since + 20; clinic != nil && day < min(ends, last); {
		if day >= l.from && r.chance(0.9) {
			in := l.meets(childReview, "AMB", l.clinic(r, day), 60, clinic.At.Of, clinic.At)
			l.events[in].Note = "Health assessment of a looked-after child"
			l.weigh(r, in)
		}
		every := 365
		if l.age(day) < 5 {
			every = 182
		}
		day += Day(every)
	}
}

// underCouncil appends what the practice's record says from a day to another, or
// to the last of childhood.
func (l *life) underCouncil(place *Service, what *Concept, day, ends, last Day) {
	e := event(Condition, what, day.Start())
	e.Grain, e.Status, e.Org = ToTheDay, "active", place.At.Of
	if over := min(ends, l.p.Born+18*365); over < l.d.Until {
		e.Until, e.Status = over.Start(), "resolved"
	}
	if day <= last {
		l.add(e)
	}
}

package synth

import (
	_ "embed"
	"math"
	"time"
)

//go:embed params/emergencies.tsv
var emergenciesTable string

// Encounters of urgent care, how people arrive and how they leave.
var (
	emergencyVisit  = sct("50849002", "Emergency room admission", SeenOnce)
	urgentVisit     = sct("4525004", "Emergency department patient visit", Unverified)
	emergencyStay   = sct("183452005", "Emergency hospital admission", SeenOnce)
	helplineCall    = sct("401267002", "Telephone triage encounter", SeenOnce)
	ambulanceCall   = sct("409972000", "Pre-hospital care", Unverified)
	byAmbulance     = sct("1048031000000100", "Arrival by emergency road ambulance", Verified)
	byOwnTransport  = sct("1048071000000103", "Arrival by own transport", Verified)
	byPublic        = sct("1048061000000105", "Arrival by public transport", Verified)
	byPolice        = sct("1048001000000106", "Arrival by police transport", Verified)
	toWard          = sct("306706006", "Discharge to ward", Verified)
	toCareHome      = sct("306691003", "Discharge to residential home", Verified)
	toMortuary      = sct("305398007", "Admission to mortuary", Verified)
	toNoHome        = sct("58000006", "Patient discharge", Unverified)
	seesPrimaryCare = sct("103697008", "Patient referral to primary care", Unverified)
)

// emergencyOf is an emergency: what it is and how it differs from others.
type emergencyOf struct {
	what             *Concept
	weights          [6]float64
	winter           float64
	admitted, nights float64
	minor            bool
	ambulance        float64 // chance of arriving by ambulance; 0: as for the age
	young, old       float64 // ages of whom it is told
	again            bool    // who comes very often comes with it again and again
	clinic           string  // that sees the person after; "": none
	back             float64 // chance of that
	soon             int     // days until then, at least
}

var emergencies = readEmergencies()

func readEmergencies() (all []emergencyOf) {
	for _, row := range readTable(emergenciesTable) {
		e := emergencyOf{what: sct(row[0], row[1], Mark(row[2])), winter: number(row[9]), admitted: number(row[10]), nights: number(row[11]), minor: row[12] == "1"}
		e.young, e.old = ageRange(row[13])
		e.again, e.back, e.soon = row[14] == "1", number(row[16]), whole(row[17])
		if row[15] != "-" {
			e.clinic = row[15]
		}
		for i := range e.weights {
			e.weights[i] = number(row[3+i])
		}
		all = append(all, e)
	}
	return all
}

// attendanceCurve holds attendances of all types a year by age. Source: NHS Digital,
// Hospital Accident and Emergency Activity 2019-20, attendances by age over ONS mid-2019 people;
// K: not verified here, rounded.
var attendanceCurve = []knot{{0, 0.95}, {1, 0.8}, {3, 0.5}, {6, 0.32}, {12, 0.31}, {18, 0.42}, {24, 0.44}, {35, 0.36}, {45, 0.31}, {60, 0.31}, {70, 0.37}, {80, 0.62}, {90, 1}, {100, 1.05}}

// along reads a curve between its points.
func along(curve []knot, age float64) float64 {
	for i, k := range curve {
		if age <= k.age {
			if i == 0 {
				return k.logit
			}
			b := curve[i-1]
			return b.logit + (k.logit-b.logit)*(age-b.age)/(k.age-b.age)
		}
	}
	return curve[len(curve)-1].logit
}

// attendanceRate is how often a year the person goes to an emergency department
// or urgent treatment centre, around the year's mean.
func (l *life) attendanceRate(on Day, luck float64) float64 {
	rate := along(attendanceCurve, l.age(on)) * luck * 1.02
	rate *= math.Exp(0.055 * (5.5 - float64(l.decile))) // the most deprived tenth near twice the least (NHS Digital 2019-20; K)
	rate *= 0.75 + 0.25*l.need(on)
	if l.p.Household.Home == NoFixedAbode {
		rate *= 4 // Homeless Link; K
	}
	if l.resident(on) {
		rate *= 1.25
	}
	if !l.registered(on) && l.age(on) > 1 {
		rate *= 1.15
	}
	return rate
}

// luckOfUse draws how much more than others alike a person attends: most near
// one, about four in a thousand very often (NHS England, high intensity use
// programme: 0.7 in 100 of people make 14 in 100 of attendances; K).
func (l *life) luckOfUse(r dice) float64 {
	luck := math.Exp(r.normal(-0.18, 0.6))
	if r.chance(0.004 * math.Exp(0.8*max(-1, l.mood))) {
		luck *= 9
	}
	return luck
}

// urgencies tells of urgent care: 111, 999, emergency departments, urgent
// treatment centres, and the admissions that follow.
func (l *life) urgencies() {
	r := l.roll("urgent")
	luck := l.luckOfUse(r)
	for year := l.from; year <= l.to; year += 365 {
		until := min(year+364, l.to)
		rate := l.attendanceRate(year, luck)
		const most = 1.25 * mostFactor // of season, week and what is planted
		for i, day := range r.days(year, until, rate*most) {
			if r.chance(seasonal(day) * weekly(day) / most * l.d.truths.emergencyFactor(l.p.Practice, day)) {
				// Each with dice of its own: what is planted changes which there are, and not the others.
				l.emergency(roll(l.d.Seed, "emergency", l.p.Number<<20+int64(year-l.from)<<8+int64(i)), day, luck > veryOften)
			}
		}
		for _, day := range r.days(year, until, callRate*luck*l.need(year)) {
			l.helpline(r, day)
		}
		for _, day := range r.days(year, until, rate*[...]float64{0.05, 0.05, 0.12, 0.14, 0.2, 0.28}[ageBand(l.age(year))]) { // seen by a crew and left where they are
			l.ambulance(r, anyHour(r, day), false)
		}
	}
}

// veryOften is the luck of those who come again and again.
const veryOften = 5

// callRate is how often a year somebody who needs no more than others rings 111,
// and is not sent to an emergency department. Set so that all calls come near
// what is published (callGauge).
const callRate = 0.27

// seasonal and weekly hold the shape of the year and the week, around 1. Month:
// A&E attendances of the district's trusts, April 2016 to March 2019 (NHS England,
// OGL v3.0) by day of each month over the mean; weekday: NHS Digital, Hospital Accident and
// Emergency Activity 2019-20, K.
func seasonal(day Day) float64 {
	_, month, _ := day.Date()
	return [...]float64{0.985, 1.005, 1.02, 0.99, 1.02, 1.015, 1.005, 0.935, 1.0, 1.005, 1.025, 0.995}[month-1]
}

func weekly(day Day) float64 {
	return [...]float64{1.02, 1.12, 1.02, 0.99, 0.98, 0.97, 0.9}[day.Weekday()]
}

// drunk is the code of alcohol intoxication.
const drunk = "25702006"

// emergency tells of one attendance; often: of somebody who comes very often.
func (l *life) emergency(r dice, day Day, often bool) {
	age := l.age(day)
	_, month, _ := day.Date()
	cold := month == time.December || month <= time.February
	var weights [64]float64
	for i := range emergencies {
		weights[i] = emergencies[i].weights[ageBand(age)]
		if cold {
			weights[i] *= emergencies[i].winter
		}
		if age < emergencies[i].young || age >= emergencies[i].old || emergencies[i].what.Code == drunk && (l.vital.drinks < 1 || l.carrying(day)) {
			weights[i] = 0
		}
	}
	what := &emergencies[r.among(weights[:len(emergencies)])]
	if own := r.between(0, 2); often && r.chance(0.62) {
		what = l.usualTrouble(own, weights[:len(emergencies)])
	}
	if what.minor && r.chance(0.62) || r.chance(0.12) && age < 75 {
		if l.treated(r, day, what) {
			return
		}
	}
	l.seenAfter(r, l.attends(r, day, *what), what)
}

// usualTrouble returns one of the three that bring somebody again and again.
func (l *life) usualTrouble(which int, weights []float64) *emergencyOf {
	r := l.roll("usual trouble")
	returning := make([]float64, len(weights))
	for i, w := range weights {
		if emergencies[i].again {
			returning[i] = w
		}
	}
	for range which {
		r.uniform()
	}
	return &emergencies[r.among(returning)]
}

// seenAfter tells of the clinic that sees somebody some days after they left the
// department or the ward.
func (l *life) seenAfter(r dice, left int32, what *emergencyOf) {
	place := l.service(outpatients)
	if left < 0 || place == nil || what.clinic == "" || !r.chance(what.back) {
		return
	}
	found := l.foundIn(left)
	day := l.events[left].Until.Day() + Day(what.soon+r.between(0, 2*what.soon))
	for visit, more := firstSeen, r.poisson(0.7); more >= 0; visit, more = seenAgain, more-1 {
		at := l.clinic(r, day)
		if !l.alive(at.Day()) {
			return
		}
		if l.misses(r, visit, at, place, what.clinic) {
			return
		}
		in := l.meets(visit, "AMB", at, 20, place.At.Of, place.At)
		l.events[in].Text, l.events[in].For = what.clinic, found
		day += Day(r.between(18, 60))
	}
}

// foundIn returns the place of what was found in an attendance, or before a
// stay; -1: nothing is told.
func (l *life) foundIn(in int32) int32 {
	if l.events[in].For >= 0 {
		return l.events[in].For
	}
	for i := in + 1; i < int32(len(l.events)); i++ {
		if e := &l.events[i]; e.In == in && e.Kind == Condition {
			return i
		}
	}
	return -1
}

// treated tells of a visit to an urgent treatment centre; it is false when none
// is near.
func (l *life) treated(r dice, day Day, what *emergencyOf) bool {
	place := l.service(urgentTreatment)
	if place == nil {
		return false
	}
	at := daytime(r, day, 8, 20)
	in := l.meets(urgentVisit, "AMB", at, r.between(40, 190), place.At.Of, place.At)
	l.events[in].Arrival, l.events[in].Outcome = l.ownWay(r, day), l.homeward(day)
	l.events[in].Text = "Urgent treatment centre"
	l.finding(r, in, what)
	return true
}

// finding appends the diagnosis of an emergency.
func (l *life) finding(r dice, in int32, what *emergencyOf) int32 {
	if what.what == nil {
		return -1
	}
	e := l.within(Condition, what.what, in)
	e.At += Moment(r.between(15, 35))
	e.Status, e.Until, e.Category = "resolved", e.At+Moment(r.between(2, 30)*1440), ofEncounter
	return l.add(e)
}

func (l *life) ownWay(r dice, on Day) *Concept {
	if l.p.Household.Home == NoFixedAbode || r.chance(0.16) && l.borough > 1 && l.age(on) >= 11 && l.age(on) < 80 {
		return byPublic
	}
	return byOwnTransport
}

// attends tells of an attendance at an emergency department, with the ambulance
// before and the admission after; it returns the place of the admission, or of
// the attendance when there was none; -1: there is no department.
func (l *life) attends(r dice, day Day, what emergencyOf) int32 {
	place := l.nearbyService(r, emergency)
	if place == nil || !l.alive(day) {
		return -1
	}
	age := l.age(day)
	at := anyHour(r, day)
	share := [...]float64{0.09, 0.09, 0.2, 0.27, 0.45, 0.68}[ageBand(age)]
	if what.ambulance > 0 {
		share = what.ambulance
	}
	if what.minor {
		share *= 0.4
	}
	if l.resident(day) {
		share = max(share, 0.88)
	}
	arrival := l.ownWay(r, day)
	switch {
	case r.chance(share):
		arrival = byAmbulance
		called := at - Moment(r.between(45, 120))
		l.ambulance(r, called, true)
		if r.chance(0.14) {
			l.helplineBefore(r, called-Moment(r.between(20, 70)))
		}
	case r.chance(0.09):
		l.helplineBefore(r, at-Moment(r.between(60, 400)))
	case r.chance(0.006) && age >= 16:
		arrival = byPolice
	}
	minutes := int(165 * r.lognormal(0.5))
	if r.chance(0.22) { // the four-hour standard was met for about 78 in 100 in 2018/19
		minutes = 240 + int(r.wait(150))
	}
	minutes = min(max(25, minutes), 1900)
	in := l.meets(emergencyVisit, "EMER", at, minutes, place.At.Of, place.At)
	l.events[in].Arrival = arrival
	found := l.finding(r, in, &what)
	if age >= 16 && (arrival == byAmbulance || r.chance(0.1)) {
		l.early(r, in, what.admitted)
	}
	admits := [...]float64{0.2, 0.15, 0.24, 0.37, 0.5, 0.46}[ageBand(age)] * what.admitted
	if arrival == byAmbulance {
		admits *= 1.35
	}
	if !r.chance(min(0.95, admits)) {
		l.events[in].Outcome = l.homeward(day)
		return in
	}
	l.events[in].Outcome = toWard
	return l.admit(r, in, found, what.nights, place)
}

// nightsCurve holds mean nights of an emergency admission by age. Source: NHS Digital,
// Hospital Admitted Patient Care Activity 2019-20; K: not verified here, rounded.
var nightsCurve = []knot{{0, 1.6}, {10, 1.4}, {20, 2}, {40, 3}, {60, 5}, {75, 7.5}, {85, 10}, {95, 11}}

// admit tells of an emergency admission from an encounter in a department.
func (l *life) admit(r dice, from, found int32, factor float64, place *Service) int32 {
	begins := l.events[from].Until
	mean := along(nightsCurve, l.age(begins.Day())) * factor
	minutes := int(mean * 1440 * r.wait(0.5) * r.lognormal(0.6) * 1.7)
	switch short := r.chance(0.3); { // same day and one night
	case factor >= 1.5:
		minutes = max(minutes, 2*1440)
	case short:
		minutes = r.between(300, 1700)
	}
	if factor < 0.6 {
		minutes = min(minutes, 3*1440)
	}
	minutes = max(240, min(minutes, 120*1440))
	ends := (begins + Moment(minutes)).Day()
	leaves := daytime(r, ends, 10, 20)
	if leaves <= begins+180 {
		leaves = begins + 240
	}
	in := l.meets(emergencyStay, "IMP", begins, int(leaves-begins), place.At.Of, place.At)
	l.events[in].Outcome, l.events[in].For = l.homeward(ends), found
	l.onTheWard(r, in)
	if l.age(ends) >= 75 {
		l.afterStay(r, ends, 0.13)
	}
	return in
}

// homeward is where the person goes from hospital on a day.
func (l *life) homeward(on Day) *Concept {
	switch {
	case l.resident(on):
		return toCareHome
	case l.p.Household.Home == NoFixedAbode:
		return toNoHome
	}
	return dischargeHome
}

// early appends an early warning score and the signs it is made from.
func (l *life) early(r dice, in int32, severity float64) {
	score := min(16, r.poisson(1.1+0.9*min(severity, 5)))
	e := l.within(Observation, newsTotal, in)
	e.At += Moment(r.between(5, 30))
	e.Status, e.Category, e.Value, e.Unit = "final", survey, float64(score), points
	l.add(e)
}

// ambulance tells of a crew's coming: to somebody whom it takes to hospital, or
// leaves where they are.
func (l *life) ambulance(r dice, at Moment, takes bool) {
	place := l.service(ambulance)
	if place == nil || at < l.from.Start() {
		return
	}
	minutes := r.between(35, 44)
	if !takes {
		minutes = r.between(40, 110)
	}
	in := l.meets(ambulanceCall, "FLD", at, minutes, place.At.Of, nil)
	e := &l.events[in]
	if !takes {
		e.Outcome = seesPrimaryCare
		if r.chance(0.35) && l.age(at.Day()) >= 65 {
			fell := l.within(Condition, fall, in)
			fell.Status, fell.Until = "resolved", fell.At+1440
			l.add(fell)
		}
	}
}

var fall = sct("217082002", "Accidental fall", Verified)

// helplineBefore tells of a call to 111 that sent the person to hospital.
func (l *life) helplineBefore(r dice, at Moment) {
	if place := l.service(helpline); place != nil && at >= l.from.Start() {
		l.meets(helplineCall, "VR", at, r.between(8, 20), place.At.Of, nil)
	}
}

// helpline tells of a call to 111 that ended in advice or at the practice.
func (l *life) helpline(r dice, day Day) {
	place := l.service(helpline)
	if place == nil {
		return
	}
	at := anyHour(r, day)
	if day.Weekday() != time.Saturday && day.Weekday() != time.Sunday && r.chance(0.6) { // mostly when practices are shut
		at = day.At(18*60 + 30 + r.between(0, 300))
	}
	in := l.meets(helplineCall, "VR", at, r.between(8, 20), place.At.Of, nil)
	if r.chance(0.76) { // of all calls that are triaged 63 in 100 (NHS England, NHS 111 Minimum Data Set, April 2015)
		l.events[in].Outcome = seesPrimaryCare
		if r.chance(0.6) && l.registered(day) {
			l.consult(r, l.workday(day+1))
		}
	}
}

package synth

import "math"

// Care of the mind.
var (
	teamVisit     = sct("390906007", "Follow-up encounter", SeenOnce)
	wardOfMind    = sct("183452005", "Emergency hospital admission", SeenOnce)
	careProgramme = sct("734163000", "Care plan", Verified)
	bodyCheck     = sct("885271000000107", "Antipsychotic drug therapy physical monitoring", Verified)
	learningCheck = sct("199751000000100", "Learning disabilities annual health assessment", Unverified)
	crisisVisit   = sct("439708006", "Home visit", Unverified)
)

// mindCare tells of severe mental illness, learning disability and the therapy
// and treatment of other troubles of the mind.
func (l *life) mindCare() {
	r := l.roll("mind")
	if l.began[psychosis] != NotYet && l.known[psychosis] >= 0 {
		l.severeIllness(r)
	}
	if l.began[disability] != NotYet {
		l.disabilityChecks(r)
	}
	l.therapies(r)
	if l.began[drugs] != NotYet || l.began[alcohol] != NotYet {
		l.addictionCare(r)
	}
}

// severeIllness tells of the yearly physical checks, the team, the care plan
// and admissions. Six checks in the year for 55-60 in 100 on the register (NHS
// England, physical health checks for people with SMI, 2022-23, London 61);
// about half in secondary care; a tenth of those admitted in a year for 30-40
// nights (NHS Digital, Mental Health Bulletin 2021-22); K: not verified here.
func (l *life) severeIllness(r dice) {
	label := conditions[psychosis].label
	begin := len(l.events)
	secondary := r.chance(0.48)
	began := max(l.from, l.began[psychosis]+20)
	place := l.service(mentalHealthTeam)
	year, _, _ := began.Date()
	for ; ; year++ {
		day := dayOf(year, 1, 15) + Day(r.between(0, 320))
		if day > l.to {
			break
		}
		if day >= began {
			l.sixChecks(r, day)
		}
	}
	if secondary && place != nil && began < l.to {
		e := event(CarePlan, careProgramme, l.clinic(r, began+Day(r.between(10, 60))))
		e.Status, e.Org, e.Site, e.For = "active", place.At.Of, place.At, l.known[psychosis]
		e.Text = "Care plan, community mental health"
		l.add(e)
		for day := began + Day(r.between(5, 40)); day <= l.to; day += Day(r.between(25, 90)) {
			l.teamSees(r, day, place)
		}
		for _, day := range r.days(began, l.to, 0.11) {
			l.admittedForMind(r, day)
		}
	}
	for i := begin; i < len(l.events); i++ {
		if l.events[i].Label == "" && l.events[i].Org != nil && l.events[i].Org.Type != "practice" {
			l.events[i].Label = label
		}
	}
}

func (l *life) teamSees(r dice, day Day, place *Service) {
	if r.chance(0.12) {
		e := event(Appointment, teamVisit, l.clinic(r, day))
		e.Status, e.Until, e.Org, e.Site = "noshow", e.At+30, place.At.Of, place.At
		l.add(e)
		return
	}
	class, site := "AMB", place.At
	if r.chance(0.3) {
		class, site = "HH", nil
	}
	in := l.meets(teamVisit, class, l.clinic(r, day), 40, place.At.Of, site)
	l.events[in].Text, l.events[in].For = place.Name, l.known[psychosis]
}

// admittedForMind tells of a crisis: home treatment, or a ward.
func (l *life) admittedForMind(r dice, day Day) {
	if crisis := l.service(crisisTeam); crisis != nil && r.chance(0.55) {
		for n := range r.between(4, 12) {
			if at := daytime(r, day+Day(2*n), 9, 20); l.alive(at.Day()) {
				in := l.meets(crisisVisit, "HH", at, 45, crisis.At.Of, nil)
				l.events[in].Text = crisis.Name
			}
		}
		return
	}
	ward := l.service(psychiatricWards)
	if ward == nil {
		return
	}
	nights := int(clip(28*r.lognormal(0.8), 2, 300))
	in := l.meets(wardOfMind, "IMP", anyHour(r, day), nights*1440+r.between(0, 300), ward.At.Of, ward.At)
	l.events[in].Text, l.events[in].For = ward.Name, l.known[psychosis]
	l.events[in].Outcome = l.homeward(day + Day(nights))
}

// sixChecks tells of the yearly physical check: all of the six, or some, or none.
func (l *life) sixChecks(r dice, day Day) {
	u := r.uniform()
	if u > 0.84 {
		return
	}
	in := l.sees(r, day, practiceNurse, 30)
	if in < 0 {
		return
	}
	day = l.events[in].At.Day()
	each := 1.0
	if u > 0.6 {
		each = 0.6
	}
	l.events[in].What, l.events[in].For = checkUp, l.known[psychosis]
	e := l.within(Procedure, bodyCheck, in)
	e.Status, e.For, e.Label = "completed", l.known[psychosis], conditions[psychosis].label
	l.add(e)
	if r.chance(each) {
		l.takePressure(r, in)
	}
	if r.chance(each) {
		l.weigh(r, in)
	}
	if r.chance(each) {
		l.askSmoking(in)
	}
	if r.chance(each) {
		l.observe(in, drinking, socialHistory, math.Round(l.vital.drinks), unitsAWeek, 0)
	}
	if r.chance(each) {
		total, good := l.lipidsOn(r, day)
		l.observe(in, cholesterol, laboratory, total, millimolesPerLitre, 1)
		l.observe(in, goodLipid, laboratory, good, millimolesPerLitre, 1)
	}
	if r.chance(each) {
		l.observe(in, sugar, laboratory, l.sugarOn(r, day), millimolesPerMole, 0)
	}
}

// disabilityChecks tells of the yearly health check from 14 on: three in four
// have it (NHS Digital, Health and Care of People with Learning Disabilities 2021-22; K).
func (l *life) disabilityChecks(r dice) {
	if l.known[disability] < 0 {
		return
	}
	easyRead(l.d, l.p)
	_, month, _ := l.p.Born.Date()
	year, _, _ := l.from.Date()
	for ; ; year++ {
		day := dayOf(year, month, 10) + Day(r.between(0, 60))
		if day > l.to {
			break
		}
		if day < l.from || day < l.began[disability] || l.age(day) < 14 || !r.chance(0.76) {
			continue
		}
		in := l.sees(r, day, generalist, 30)
		if in < 0 {
			continue
		}
		l.events[in].What, l.events[in].For = checkUp, l.known[disability]
		e := l.within(Procedure, learningCheck, in)
		e.Status, e.For = "completed", l.known[disability]
		l.add(e)
		l.takePressure(r, in)
		l.weigh(r, in)
		if r.chance(0.8) {
			plan := l.within(CarePlan, careProgramme, in)
			plan.Status, plan.Text, plan.Until = "completed", "Health action plan", plan.At+365*1440
			l.add(plan)
		}
	}
	place := l.service(learningTeam)
	if place == nil || !r.chance(0.4) {
		return
	}
	for day := l.from + Day(r.between(10, 200)); day <= l.to; day += Day(r.between(60, 260)) {
		if l.has(disability, day) && l.age(day) >= 18 {
			in := l.meets(teamVisit, "HH", l.clinic(r, day), 60, place.At.Of, nil)
			l.events[in].Text = place.Name
		}
	}
}

// therapies tells of talking therapy for those found to be depressed or anxious
// in the years told in full, and of assessment for children's conditions.
func (l *life) therapies(r dice) {
	for _, i := range []illness{depression, anxiety, ptsd, eating, personality} {
		if l.began[i] == NotYet || l.began[i] < l.from || l.known[i] < 0 || !r.chance(0.45) {
			continue
		}
		key := "talking"
		if i == eating || i == personality || r.chance(0.12) {
			key = "mind"
		}
		if l.age(l.began[i]) < 18 {
			key = "youth"
		}
		in := l.sees(r, l.began[i]+Day(r.between(10, 60)), generalist, 10)
		if in >= 0 && l.events[in].At.Day() <= l.to {
			l.events[in].For = l.known[i]
			l.refer(r, in, l.known[i], key)
			if i == depression {
				l.askMood(r, in, 11)
			}
		}
	}
	for _, i := range []illness{autism, adhd} { // asked for long before it is found
		if l.began[i] == NotYet || l.began[i] < l.from || l.age(l.began[i]) > 18 {
			continue
		}
		if in := l.sees(r, l.began[i]-Day(r.between(200, 500)), generalist, 15); in >= 0 {
			l.refer(r, in, -1, "youth")
		}
	}
}

// addictionCare tells of the service for drugs and alcohol: a quarter of those
// dependent on alcohol and more than half of those on opiates are in treatment
// (OHID, NDTMS 2021-22; K).
func (l *life) addictionCare(r dice) {
	place := l.service(addiction)
	share := 0.22
	if l.began[drugs] != NotYet {
		share = 0.58
	}
	if place == nil || !r.chance(share) {
		return
	}
	began := l.began[alcohol]
	if l.began[drugs] != NotYet {
		began = l.began[drugs]
	}
	start := max(l.from, began+30) + Day(r.between(0, 500))
	for n, day := 0, start; n < 24 && day <= l.to; n, day = n+1, day+Day(r.between(20, 60)) {
		in := l.meets(teamVisit, "AMB", l.clinic(r, day), 40, place.At.Of, place.At)
		l.events[in].Text, l.events[in].Label = place.Name, "ETH"
	}
}

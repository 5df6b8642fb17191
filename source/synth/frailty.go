package synth

// Frailty, falls and what is done about them at home.
var (
	frailties   = [4]*Concept{nil, sct("925791000000100", "Mild frailty", Verified), sct("925831000000107", "Moderate frailty", Verified), sct("925861000000102", "Severe frailty", Verified)}
	falls       = sct("161898004", "Falls", Verified)
	housebound  = sct("160689007", "Housebound", Verified)
	hipFracture = sct("359817006", "Closed fracture of hip", SeenOnce)
	hipRepair   = sct("397956004", "Prosthetic arthroplasty of the hip", Unverified)
	nurseVisit  = sct("439708006", "Home visit", Unverified)
	woundCare   = sct("225358003", "Wound care", SeenOnce)
	nursingHome = sct("160734000", "Lives in nursing home", Verified)
	careHome    = sct("394923006", "Lives in residential home", Verified)
	careReview  = sct("1239511000000100", "Structured medication review", Verified)
)

// deficits are the conditions that count in the electronic frailty index; what
// is not a condition of the table (mobility, memory, help with activities,
// weight, sleep, vulnerability and so on) is drawn by age and burden.
var deficits = [illnesses]bool{
	hypertension: true, type2: true, heartDisease: true, fibrillation: true, heartFailure: true, stroke: true, arterial: true,
	kidney: true, copd: true, asthma: true, dementia: true, osteoporosis: true, rheumatoid: true, osteoarthritis: true, thyroid: true,
	hearing: true, cataract: true, parkinsons: true, incontinence: true, anaemia: true, reflux: true,
}

// frailtyOn returns the electronic frailty index on a day, in 36ths, and the
// grade: 0 fit, 1 mild above 0.12, 2 moderate above 0.24, 3 severe above 0.36 (Clegg et
// al., Age and Ageing 2016, where 50, 35, 12 and 3 in 100 of those over 65 were so; K).
func (l *life) frailtyOn(on Day) (index float64, grade int) {
	n := 0.0
	for i := range illnesses {
		if deficits[i] && l.has(i, on) {
			n++
		}
	}
	age := l.age(on)
	n += 0.55 + max(0, (age-62)*0.135) + 0.9*max(-0.8, l.burden)*max(0, age-55)/20 + 0.25*max(0, age-84)
	if l.has(dementia, on) {
		n += 3
	}
	if l.home != nil && on > l.homely-365 {
		n += 5
	}
	index = clip(n/36, 0, 0.75)
	switch {
	case index > 0.36:
		return index, 3
	case index > 0.24:
		return index, 2
	case index > 0.12:
		return index, 1
	}
	return index, 0
}

// frailAge tells of frailty from 65 on: its being recorded as it grows, falls,
// broken hips, nurses at home, the care home.
func (l *life) frailAge() {
	if l.age(l.to) < 65 {
		return
	}
	r := l.roll("frailty")
	l.frailtyRecorded(r)
	l.hips(r)
	l.nursesAtHome(r)
	if l.home != nil {
		l.careHomeLife(r)
	}
}

// frailtyRecorded tells of the practice's noting of frailty: most of it, at a
// contact some time after it began.
func (l *life) frailtyRecorded(r dice) {
	grade := 0
	last := int32(-1)
	for day := l.from; day <= l.to; day += 91 {
		_, now := l.frailtyOn(day)
		if now <= grade || l.age(day) < 65 || !r.chance(0.5) {
			continue
		}
		in := int32(-1)
		e := event(Condition, frailties[now], day.Start())
		if day == l.from && grade == 0 {
			e.At, e.Grain = (day - Day(r.between(30, 700))).Start(), ToTheDay
		} else if in = l.sees(r, day+Day(r.between(0, 60)), generalist, 20); in >= 0 {
			e = l.within(Condition, frailties[now], in)
		} else {
			continue
		}
		e.Status = "active"
		if last >= 0 {
			l.events[last].Status, l.events[last].Until = "inactive", e.At
		}
		last, grade = l.add(e), now
		if in >= 0 && now >= 2 {
			review := l.within(Procedure, careReview, in)
			review.Status, review.For = "completed", last
			l.add(review)
		}
		if now == 3 && r.chance(0.4) {
			home := event(Condition, housebound, e.At+Moment(r.between(1, 200)*1440))
			home.Status = "active"
			home.Org, home.Grain = l.practice(home.At.Day()), ToTheDay
			home.At = home.At.Day().Start()
			l.shutIn = home.At.Day()
			l.add(home)
		}
	}
}

// hips tells of broken hips. Rates: National Hip Fracture Database 2019 over ONS people: of
// 1,000 women about 1.2 a year at 67, 4 at 77, 17 at 88, of men half; K, rounded.
func (l *life) hips(r dice) {
	rate := along([]knot{{60, 0.0006}, {67, 0.0012}, {77, 0.004}, {88, 0.017}, {100, 0.032}}, l.age(l.to))
	if l.p.Sex == Male {
		rate /= 2
	}
	if l.inHome || l.began[dementia] != NotYet {
		rate *= 2.2
	}
	if l.began[osteoporosis] != NotYet {
		rate *= 1.8
	}
	for _, day := range r.days(l.from, l.to, rate) {
		what := emergencyOf{what: hipFracture, admitted: 50, nights: 1.6, ambulance: 0.95}
		stay := l.attends(r, day, what)
		if stay < 0 || l.events[stay].What != emergencyStay {
			continue
		}
		e := l.within(Procedure, hipRepair, stay)
		e.At += Moment(r.between(14, 44) * 60)
		e.Until, e.Status = e.At+Moment(r.between(60, 130)), "completed"
		if l.events[stay].Until < e.Until+3*1440 {
			l.events[stay].Until = e.Until + Moment(r.between(5, 16)*1440)
		}
		l.add(e)
		l.afterStay(r, l.events[stay].Until.Day(), 0.5)
		break
	}
}

// nursesAtHome tells of district nurses and of falls noted by the practice.
// Contacts: NHS Benchmarking and Community Services Data Set, about 30 a year for
// one on the caseload, which is a tenth of those of 80 and over; K: not verified.
// A record has a visit a week at most, to keep it short.
func (l *life) nursesAtHome(r dice) {
	place := l.service(communityNursing)
	for year := l.from; year <= l.to; year += 365 {
		index, grade := l.frailtyOn(year)
		if place != nil && r.chance(0.5*index*index*float64(grade)*2) {
			l.nursed(r, place, year+Day(r.between(0, 364)))
		}
		if r.chance(0.05+0.25*index) && l.age(year) >= 65 {
			if in := l.sees(r, year+Day(r.between(0, 364)), generalist, 15); in >= 0 {
				e := l.within(Condition, falls, in)
				e.Status, e.Until = "resolved", e.At+1440
				known := l.add(e)
				if grade >= 1 && r.chance(0.25) {
					l.refer(r, in, known, "old")
				}
			}
		}
		if urgentTeam := l.service(urgentResponse); urgentTeam != nil && r.chance(0.18*index*float64(grade)) {
			day := year + Day(r.between(0, 364))
			for n := range r.between(1, 4) {
				if at := daytime(r, day+Day(n), 8, 20); l.alive(at.Day()) {
					in := l.meets(nurseVisit, "HH", at, 60, urgentTeam.At.Of, nil)
					l.events[in].Text = "Urgent community response"
				}
			}
		}
	}
}

// nursed tells of an episode of district nursing.
func (l *life) nursed(r dice, place *Service, day Day) {
	if !l.alive(day) || l.age(day) < 65 {
		return
	}
	visits := 2 + r.poisson(7)
	e := event(EpisodeOfCare, nil, day.Start())
	e.Grain, e.Text, e.Status, e.Org = ToTheDay, "District nursing", "finished", place.At.Of
	e.Until = (day + Day(7*visits)).Start()
	l.add(e)
	wound := r.chance(0.55)
	own := place.At.Of.somebody(r, "Community nurse") // who comes unless they are away
	for n := range visits {
		at := daytime(r, day+Day(7*n), 8, 18)
		if !l.alive(at.Day()) {
			return
		}
		in := l.meets(nurseVisit, "HH", at, 30, place.At.Of, nil)
		l.events[in].Text, l.events[in].Who = "District nursing", own
		if r.chance(0.25) {
			l.events[in].Who = place.At.Of.somebody(r, "Community nurse")
		}
		if wound && n%3 == 0 {
			care := l.within(Procedure, woundCare, in)
			care.Status = "completed"
			l.add(care)
		}
	}
}

// careHomeLife tells of life in a care home: that the person lives there, and
// the practice's rounds.
func (l *life) careHomeLife(r dice) {
	moved := l.homely
	what := careHome
	for _, s := range l.home.Services {
		if s.For == nursingCare {
			what = nursingHome
		}
	}
	e := event(Condition, what, moved.Start())
	e.Grain, e.Status, e.Org = ToTheDay, "active", l.practice(moved)
	l.add(e)
	l.stay(moved)
	for day := max(moved+20, l.from); day <= l.to; day += Day(r.between(45, 120)) {
		in := l.sees(r, day, generalist, 20)
		if in < 0 {
			continue
		}
		l.events[in].What, l.events[in].Class, l.events[in].Site = homeVisit, "HH", nil
		l.events[in].Note = "Care home round"
	}
	if day := moved + Day(r.between(20, 120)); day >= l.from && r.chance(0.6) {
		l.carePlanned(r, day, sct("1095151000000107", "Advance care plan", Verified), "Advance care plan")
	}
}

// carePlanned appends a care plan that the practice made.
func (l *life) carePlanned(r dice, day Day, what *Concept, name string) {
	if in := l.sees(r, day, generalist, 30); in >= 0 {
		e := l.within(CarePlan, what, in)
		e.Status, e.Text = "active", name
		l.add(e)
	}
}

// afterStay tells of help after a stay in hospital: reablement, or hospital at
// home instead of the last days of it.
func (l *life) afterStay(r dice, day Day, share float64) {
	if l.resident(day) || !r.chance(share) || !l.alive(day+2) {
		return
	}
	if day > dayOf(2022, 1, 1) && r.chance(0.25) {
		place := l.service(urgentResponse)
		if place == nil {
			return
		}
		in := l.meets(nurseVisit, "HH", (day + 1).At(10*60), r.between(4, 9)*1440, place.At.Of, nil)
		l.events[in].Text = "Hospital at home"
		return
	}
	place := l.service(reablement)
	if place == nil {
		return
	}
	e := event(CarePlan, careProgramme, (day + 1).At(9*60))
	e.Text, e.Org, e.Status = "Reablement, goals agreed", place.At.Of, "completed"
	e.Until = e.At + Moment(r.between(14, 42)*1440)
	l.add(e)
	for n := range r.between(2, 5) {
		if at := daytime(r, day+Day(1+5*n), 9, 18); l.alive(at.Day()) {
			in := l.meets(nurseVisit, "HH", at, 45, place.At.Of, nil)
			l.events[in].Text = "Reablement"
		}
	}
}

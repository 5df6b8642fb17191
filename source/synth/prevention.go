package synth

import (
	"math"
	"time"
)

var (
	flu         = sct("822851000000102", "Seasonal influenza vaccination", Verified)
	nasalFlu    = sct("884861000000100", "Administration of first intranasal seasonal influenza vaccination", SeenOnce)
	covidFirst  = sct("1324681000000101", "Administration of first dose of SARS-CoV-2 vaccine", Verified)
	covidSecond = sct("1324691000000104", "Administration of second dose of SARS-CoV-2 vaccine", Verified)
	covidBoost  = sct("1362591000000103", "Immunisation course to maintain protection against SARS-CoV-2", SeenOnce)
	pneumo      = sct("12866006", "Pneumococcal vaccination", Verified)
	shingles    = sct("722215002", "Herpes zoster vaccination", Verified)
	shingles2   = sct("1326111000000107", "Herpes zoster vaccination second dose", Verified)
	rsv         = sct("1303503001", "Administration of respiratory syncytial virus vaccine", SeenOnce)
)

// faith returns how ready the household is to be immunised and screened, as a
// power to which coverage is raised: 1 for most, more for the wary.
func (l *life) faith() float64 {
	r := roll(l.d.Seed, "faith", l.p.Household.People[0].Number)
	f := math.Exp(r.normal(0, 0.6) + 0.07*(5.5-float64(l.decile)))
	if l.black {
		f *= 1.7
	}
	return f
}

// immunised appends an Immunization at the practice or at school, on a day or the
// next that is open.
func (l *life) immunised(r dice, what *Concept, dose int8, day Day, school bool) {
	l.immunisedAt(r, what, "", dose, surgery(r, l.workday(day)), school)
}

// immunisedAt tells of an immunisation at an instant; what has no code is called
// by a name.
func (l *life) immunisedAt(r dice, what *Concept, called string, dose int8, at Moment, school bool) {
	day := at.Day()
	if !l.alive(day) {
		return
	}
	e := event(Immunization, what, at)
	e.Text, e.Status, e.Number = called, "completed", dose
	switch {
	case school:
		if place := l.service(healthVisiting); place != nil {
			e.At, e.Org = day.At(10*60+5*r.between(0, 40)), place.At.Of
		}
	case l.registered(day):
		e.Org = l.practice(day)
		if l.nurse == nil || l.jabbed != at || l.nurse.Of != e.Org {
			l.nurse, l.jabbed = e.Org.somebody(r, practiceNurse), at
		}
		e.Site, e.Who = e.Org.Sites[0], l.nurse
	default: // elsewhere, before: only the day is known
		e.At, e.Grain = day.Start(), ToTheDay
	}
	l.add(e)
}

// jabs tells of the immunisations.
func (l *life) jabs() {
	r := l.roll("jabs")
	faith := l.faith()
	young := l.age(l.d.Until) < 25
	if young {
		l.childJabs(r, faith)
	}
	if l.p.Practice == nil && l.age(l.d.Until) > 20 {
		return
	}
	l.winterJabs(r, faith)
	l.covidJabs(r, faith)
	l.olderJabs(r, faith)
}

// atRisk reports whether a condition puts the person among those to whom flu
// vaccination is offered.
func (l *life) atRisk(on Day) bool {
	for _, i := range []illness{type1, type2, heartDisease, heartFailure, fibrillation, stroke, kidney, copd, sickle, liver, hiv, sclerosis, disability, dementia, parkinsons} {
		if l.has(i, on) {
			return true
		}
	}
	return l.has(asthma, on) && l.known[asthma] >= 0
}

// winterJabs tells of flu vaccination in each autumn. Uptake: UK Health Security Agency,
// seasonal influenza vaccine uptake in GP patients, London 2022-23: 68 in 100 at 65 and
// over, 41 of those at risk, 37 of those of two and three; schools 43. K: not verified here.
func (l *life) winterJabs(r dice, faith float64) {
	first, _, _ := l.from.Date()
	last, _, _ := l.to.Date()
	habit := r.uniform() // who has it once has it again
	for year := first; year <= last; year++ {
		u, day := 0.75*habit+0.25*r.uniform(), dayOf(year, time.September, 15)+Day(min(r.wait(32), 130))
		if day < l.from || day > l.to {
			continue
		}
		age := l.age(day)
		coverage, what, school := 0.0, flu, false
		switch {
		case age >= 65:
			coverage = 0.665
		case age >= 2 && age < 4:
			coverage, what = 0.37, nasalFlu
		case age >= 4 && age < 12:
			coverage, what, school = 0.45, nasalFlu, true
		case l.atRisk(day) && age >= 0.5, len(l.p.CaresFor) > 0:
			coverage = 0.43
		}
		if u < math.Pow(coverage, faith) && coverage > 0 {
			l.immunised(r, what, 0, day, school)
		}
	}
}

// covidJabs tells of vaccination against COVID-19: first and second doses and a
// booster in 2021 by age, then each spring and autumn of those to whom it was
// offered. Uptake: UK Health Security Agency, COVID-19 vaccine coverage, London; K: not
// verified here, rounded.
func (l *life) covidJabs(r dice, faith float64) {
	start := dayOf(2020, time.December, 8)
	age := l.age(dayOf(2021, time.June, 1))
	if age < 12 {
		return
	}
	first := start + Day(max(5, 205-2.3*age)) + Day(r.wait(18))
	if l.atRisk(first) && age < 65 {
		first -= 40
	}
	coverage := clip(0.52+0.0062*age, 0.5, 0.95)
	luck := r.uniform()
	if luck > math.Pow(coverage, faith) {
		return
	}
	l.immunised(r, covidFirst, 1, first, false)
	if luck > math.Pow(coverage*0.96, faith) {
		return
	}
	second := first + Day(r.between(60, 84))
	l.immunised(r, covidSecond, 2, second, false)
	if luck > math.Pow(coverage*0.8, faith) {
		return
	}
	dose := int8(3)
	l.immunised(r, covidBoost, dose, max(second+170, dayOf(2021, time.October, 1)+Day(r.between(0, 80))), false)
	for year := 2022; year <= 2025; year++ {
		for _, month := range []time.Month{time.April, time.October} {
			day := dayOf(year, month, 5) + Day(r.wait(25))
			a := l.age(day)
			offered := a >= 75 || month == time.October && (a >= 65 || a >= 50 && year == 2022 || l.atRisk(day) && a >= 16 && year < 2025)
			if offered && luck < math.Pow(coverage*0.72, faith) && r.chance(0.8) {
				dose++
				l.immunised(r, covidBoost, dose, day, false)
			}
		}
	}
}

// olderJabs tells of what is given once at an age: pneumococcal at 65, shingles
// at 70 and since September 2023 at 65, RSV at 75 to 79 since September 2024.
func (l *life) olderJabs(r dice, faith float64) {
	birthday := func(n int) Day { return l.p.Born + Day(365.25*float64(n)) + Day(r.between(15, 500)) }
	if r.chance(math.Pow(0.72, faith)) {
		if day := birthday(65); day >= dayOf(2005, 1, 1) {
			l.immunised(r, pneumo, 0, day, false)
		}
	}
	if r.chance(math.Pow(0.58, faith)) {
		day := birthday(70)
		if change := dayOf(2023, time.September, 1); l.age(change) >= 60 && l.age(change) < 65 {
			day = max(change, birthday(65))
		}
		if day >= dayOf(2013, time.September, 1) {
			l.immunised(r, shingles, 1, day, false)
			if day > dayOf(2023, time.September, 1) {
				l.immunised(r, shingles2, 2, day+Day(r.between(180, 300)), false)
			}
		}
	}
	if day := dayOf(2024, time.September, 5) + Day(r.wait(60)); l.age(day) >= 75 && l.age(day) < 80 && r.chance(math.Pow(0.6, faith)) {
		l.immunised(r, rsv, 1, day, false)
	}
}

// Screening and health checks.
var (
	cervical    = sct("171149006", "Screening for malignant neoplasm of cervix", Unverified)
	mammography = sct("24623002", "Screening mammography", Verified)
	bowelScreen = sct("286901000000107", "Bowel cancer screening programme", Verified)
	eyeScreen   = sct("134395001", "Diabetic retinopathy screening", Unverified)
	healthCheck = sct("523221000000100", "NHS Health Check completed", SeenOnce)
)

// screen is a programme: whom it calls, how often, and how many come. Coverage: NHS Digital,
// Cervical Screening Programme 2021-22 (London 62-68 in 100), Breast Screening Programme
// 2021-22 (London 55-62), UK Health Security Agency bowel screening 2021-22 (London 60);
// recalls and positive tests from the same; K: not verified here, rounded.
type screen struct {
	what       *Concept
	women, men bool
	from, to   float64
	every      float64
	coverage   float64
	positive   float64
	next       string // specialty
}

var screens = []screen{
	{cervical, true, false, 24.5, 50, 3, 0.6, 0.08, "women"},
	{cervical, true, false, 50, 65, 5, 0.64, 0.05, "women"},
	{mammography, true, false, 50, 71, 3, 0.575, 0.04, "breast"},
	{bowelScreen, true, true, 60, 75, 2, 0.555, 0.018, "bowel"},
}

// screening tells of the screening to which the person is called in the years
// told in full: done, or, of the last call, not taken up.
func (l *life) screening() {
	r := l.roll("screening")
	luck := 0.7*r.uniform() + 0.3*math.Min(0.999, 0.2*l.faith())
	for i := range screens {
		s := &screens[i]
		if l.p.Sex == Male && !s.men || l.p.Sex == Female && !s.women {
			r.uniform()
			continue
		}
		for at := s.from + r.uniform()*s.every; at < s.to; at += s.every {
			day := l.p.Born + Day(at*365.25)
			if day < l.from || day > l.to || !l.registered(day) || l.waning(day) {
				continue
			}
			l.screened(r, s, day, 0.75*luck+0.25*r.uniform() < s.coverage*0.75+0.08)
		}
	}
	l.diabeticEyes(r)
	l.healthChecks(r)
}

// waning reports whether nobody would ask the person to be screened: they die
// before the year is over of what was seen to come, or cannot leave home.
func (l *life) waning(on Day) bool {
	return l.p.Died != NotYet && l.p.Died < on+330 && l.cause.foreseen() > 0.2 || l.atHome(on)
}

// screened tells of the answer to one call.
func (l *life) screened(r dice, s *screen, day Day, comes bool) {
	e := event(Procedure, s.what, Never)
	e.Status, e.Category = "completed", nil
	if !comes {
		if float64(l.d.Until-day) > s.every*365.25 || !r.chance(0.6) {
			return
		}
		e.At, e.Grain, e.Status = l.workday(day+Day(r.between(60, 150))).Start(), ToTheDay, "not-done"
		e.Org, e.Note = l.practice(day), "Called, did not take part"
		l.add(e)
		return
	}
	day += Day(r.between(7, 90))
	for s.what == cervical && l.carrying(day) { // not before three months after the birth
		day += 120
	}
	switch s.what {
	case cervical:
		in := l.sees(r, day, practiceNurse, 15)
		if in < 0 {
			return
		}
		l.events[in].What = checkUp
		e = l.within(Procedure, s.what, in)
		e.Status = "completed"
	case mammography:
		place := l.service(imaging)
		if place == nil {
			return
		}
		e.At, e.Org, e.Site = l.clinic(r, day), place.At.Of, place.At
	default: // a kit by post
		e.At, e.Grain = day.Start(), ToTheDay
	}
	me := l.add(e)
	if r.chance(s.positive) && e.At.Day() < l.to-30 {
		l.events[me].Note = "Further tests advised"
		l.referAfter(r, me, s.next, e.At.Day()+Day(r.between(5, 20)))
	} else {
		l.events[me].Note = "Normal"
	}
}

// referAfter tells of a referral that follows from a test, without an
// encounter.
func (l *life) referAfter(r dice, _ int32, key string, day Day) {
	if !l.registered(day) {
		return
	}
	in := l.sees(r, day, generalist, 10)
	if in >= 0 {
		l.events[in].What, l.events[in].Class = phoneCall, "VR"
		l.refer(r, in, -1, key)
	}
}

// diabeticEyes tells of the yearly photographs of the retina.
func (l *life) diabeticEyes(r dice) {
	_, month, _ := l.p.Born.Date()
	year, _, _ := l.from.Date()
	place := l.service(imaging)
	for ; place != nil; year++ {
		day := dayOf(year, month, 15) + Day(r.between(20, 120))
		if day > l.to {
			return
		}
		if day < l.from || !l.has(type2, day-90) && !l.has(type1, day-90) || !r.chance(0.75) {
			continue
		}
		e := event(Procedure, eyeScreen, l.clinic(r, day))
		e.Status, e.Org, e.Site = "completed", place.At.Of, place.At
		l.add(e)
	}
}

// healthChecks tells of the NHS Health Check: offered once in five years from
// 40 to 74 to those without the conditions that it looks for; about 45 in 100
// have it (OHID, 2018-23; K).
func (l *life) healthChecks(r dice) {
	for day := l.from + Day(r.between(0, 5*365)); day <= l.to; day += 5 * 365 {
		age := l.age(day)
		if age < 40 || age >= 75 || !r.chance(0.45) {
			continue
		}
		for _, i := range []illness{heartDisease, stroke, type1, type2, hypertension, kidney, fibrillation, heartFailure, arterial} {
			if l.everHad(i, day) {
				return
			}
		}
		in := l.sees(r, day, assistant, 20)
		if in < 0 {
			continue
		}
		l.events[in].What = checkUp
		e := l.within(Procedure, healthCheck, in)
		e.Status = "completed"
		l.add(e)
		l.takePressure(r, in)
		l.weigh(r, in)
		l.askSmoking(in)
		total, good := l.lipidsOn(r, day)
		l.observe(in, cholesterol, laboratory, total, millimolesPerLitre, 1)
		l.observe(in, goodLipid, laboratory, good, millimolesPerLitre, 1)
		l.observe(in, drinking, socialHistory, math.Round(l.vital.drinks), unitsAWeek, 0)
		l.observe(in, riskScore, survey, l.risk(r, day, total/good), percent, 1)
		if r.chance(0.35) {
			l.observe(in, sugar, laboratory, l.sugarOn(r, day), millimolesPerMole, 0)
		}
	}
}

// risk returns a ten-year risk of cardiovascular disease in per cent: the shape
// of QRISK3 by age, sex, smoking and lipids, not its formula.
func (l *life) risk(r dice, on Day, ratio float64) float64 {
	x := 0.35 * math.Exp(0.073*(l.age(on)-30))
	if l.p.Sex == Male {
		x *= 1.7
	}
	if l.smokes {
		x *= 1.6
	}
	if l.asian {
		x *= 1.25
	}
	x *= math.Exp(0.12 * (ratio - 3.8))
	x *= math.Exp(0.03 * (5.5 - float64(l.decile)))
	return clip(x*r.lognormal(0.15), 0.1, 70)
}

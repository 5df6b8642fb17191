package synth

// What weighs on people beside their health, and who helps.
var (
	livesAlone     = sct("105529008", "Lives alone", Verified)
	lonely         = sct("267076002", "Feeling lonely", Verified)
	housingBad     = sct("105531004", "Housing unsatisfactory", Verified)
	housingTrouble = sct("81877007", "Housing problems", Verified)
	homeless       = sct("32911000", "Homeless", SeenOnce)
	moneyTrouble   = sct("160932005", "Financial problem", Unverified)
	noWork         = sct("73438004", "Unemployed", Unverified)
	givesCare      = sct("224484003", "Person providing care", Verified)
	carerStrain    = sct("73595000", "Stress", Unverified)
	stopSmoking    = sct("710081004", "Smoking cessation therapy", Verified)
	needsAssessed  = sct("386053000", "Evaluation procedure", Unverified)
)

// social tells of needs that were recorded and of what was done about them.
// Shares: Census 2021 (living alone, carers), UCL CovidSocial and ONS Opinions 2022
// (loneliness 7 in 100 often), DWP (unemployment 5), as a practice notes them:
// assumption, about a quarter of what is there.
func (l *life) social() {
	r := l.roll("social")
	age := l.age(l.to)
	h := l.p.Household
	poor := 0.5 + 0.18*(6-float64(l.decile))/2.5
	if h.Home == NoFixedAbode {
		l.noted(r, homeless, 0.9, "housing")
	}
	if age >= 65 && len(h.People) == 1 && l.home == nil && h.Home == Private {
		l.noted(r, livesAlone, 0.4, "")
		if l.noted(r, lonely, 0.08+0.04*max(0, l.mood), "social") {
			l.joins(r, befriending)
		}
	} else if age >= 18 {
		l.noted(r, lonely, 0.012*poor, "social")
	}
	if h.Overcrowded && age >= 18 {
		l.noted(r, housingBad, 0.1, "")
	}
	if age >= 18 && age < 68 {
		if l.noted(r, moneyTrouble, 0.02*max(0.2, poor)*(1+max(0, l.mood)), "social") {
			l.joins(r, advice)
		}
		if h.Tenure == "private rent" || h.Tenure == "social rent" {
			l.noted(r, housingTrouble, 0.025*max(0.2, poor), "social")
		}
		l.noted(r, noWork, 0.035*max(0.2, poor), "")
	}
	l.carer(r, age)
	l.quits(r, age)
	l.councilCare(r)
}

// noted appends a finding that the practice recorded in the years told in full,
// with a chance; with a referral to social prescribing for some.
func (l *life) noted(r dice, what *Concept, chance float64, to string) bool {
	u, v := r.uniform(), r.uniform()
	if u >= chance {
		return false
	}
	day := l.from + Day(v*float64(l.to-l.from))
	in := l.sees(r, day, generalist, 15)
	if in < 0 {
		return false
	}
	e := l.within(Condition, what, in)
	e.Status = "active"
	known := l.add(e)
	if to == "social" && r.chance(0.55) && l.age(day) >= 18 {
		l.refer(r, in, known, "social")
		return true
	}
	return to != "" && r.chance(0.2)
}

// joins tells of contacts with a charity.
func (l *life) joins(r dice, what purpose) {
	place := l.service(what)
	if place == nil {
		return
	}
	helper := place.At.Of.somebody(r, "Support worker")
	day := l.to - Day(r.between(20, 900))
	began, last := Never, Never
	for range r.between(2, 8) {
		day += Day(r.between(7, 21))
		if day < l.from || !l.alive(day) {
			continue
		}
		at := place.openFrom(r, l.clinic(r, day))
		if at == Never {
			break
		}
		in := l.meets(teamVisit, "AMB", at, 60, place.At.Of, place.At)
		l.events[in].Text, l.events[in].Who = place.Name, helper
		if began == Never {
			began = at
		}
		last = at
	}
	if began != Never {
		l.supported(place, helper, began, last)
	}
}

// supported tells that a charity has somebody on its books, until some weeks after
// they last came.
func (l *life) supported(place *Service, helper *Staff, began, last Moment) {
	e := event(EpisodeOfCare, nil, began.Day().Start())
	e.Grain, e.Text, e.Org, e.Who = ToTheDay, place.Name, place.At.Of, helper
	e.Status, e.Until = "finished", (last.Day() + 60).Start()
	if e.Until.Day() >= l.d.Until && l.p.Died == NotYet {
		e.Status, e.Until = "active", Never
	}
	l.add(e)
}

// carer tells of somebody who cares for another of the household or elsewhere.
func (l *life) carer(r dice, age float64) {
	if len(l.p.CaresFor) == 0 {
		return
	}
	if l.noted(r, givesCare, 0.45, "") && age >= 18 {
		day := l.from + Day(r.uniform()*float64(l.to-l.from))
		if place := l.service(adultSocialCare); place != nil && r.chance(0.25) && l.alive(day) {
			in := l.meets(needsAssessed, "AMB", l.clinic(r, day), 60, place.At.Of, place.At)
			l.events[in].Text = "Carer's assessment"
		}
	}
	if l.noted(r, carerStrain, 0.12, "") {
		l.joins(r, carersSupport)
	}
}

// quits tells of help to stop smoking: one smoker in fifteen a year (NHS Digital,
// Statistics on NHS Stop Smoking Services 2021-22; K).
func (l *life) quits(r dice, age float64) {
	if !l.smokes || age < 18 {
		return
	}
	for _, day := range r.days(l.from, l.to, 0.065) {
		in := l.sees(r, day, practiceNurse, 20)
		if in < 0 {
			continue
		}
		l.askSmoking(in)
		e := l.within(Procedure, stopSmoking, in)
		e.Status = "completed"
		known := l.add(e)
		if r.chance(0.6) {
			l.prescribe(in, -1, "Nicotine 21mg/24hours transdermal patches", "One to be applied each morning", 56)
		}
		_ = known
	}
}

// councilCare tells of adult social care: asked for, assessed, a package that
// is reviewed each year. Source: NHS Digital, Adult Social Care Activity and Finance
// 2021-22: long-term support for 5 in 100 of 65 and over, 0.9 of younger; K.
func (l *life) councilCare(r dice) {
	place := l.service(adultSocialCare)
	if place == nil || l.age(l.to) < 18 {
		return
	}
	index, grade := l.frailtyOn(l.to)
	chance := 0.0
	switch {
	case l.has(disability, l.to):
		chance = 0.45
	case l.age(l.to) >= 65:
		chance = 0.25*float64(max(0, grade-1)) + 0.5*index*index
	case l.has(psychosis, l.to), l.has(sclerosis, l.to):
		chance = 0.15
	default:
		chance = 0.002
	}
	if l.home != nil {
		chance = 0.7
	}
	if !r.chance(chance) {
		return
	}
	asked := l.from + Day(r.uniform()*float64(l.to-l.from))
	if l.home != nil { // what leads to the home, or is looked at again after
		asked = l.homely - Day(r.between(15, 70))
	}
	if asked < l.from {
		l.careReviewed(r, place, l.from+Day(r.between(0, 360)))
		return
	}
	in := l.meets(needsAssessed, "HH", l.clinic(r, asked), 90, place.At.Of, nil)
	l.events[in].Text = "Needs assessment under the Care Act"
	l.events[in].Who = place.At.Of.somebody(r, "Social worker")
	plan := l.within(CarePlan, careProgramme, in)
	plan.At += Moment(r.between(7, 28) * 1440)
	plan.In, plan.Status = -1, "active"
	switch {
	case l.home != nil:
		plan.Text = "Placement in a care home"
		plan.At = max(l.events[in].At+1440, min(plan.At, (l.homely-2).At(11*60)))
	case grade >= 2:
		plan.Text = "Home care, " + [...]string{"7", "10", "14", "21"}[r.between(0, 3)] + " hours a week"
	default:
		plan.Text = "Personal budget, support in daily life"
	}
	l.add(plan)
	l.careReviewed(r, place, asked+Day(r.between(300, 420)))
}

// careReviewed tells of the yearly reviews of a package of care, from the
// first.
func (l *life) careReviewed(r dice, place *Service, day Day) {
	for ; day <= l.to; day += Day(r.between(330, 420)) {
		in := l.meets(needsAssessed, "HH", l.clinic(r, day), 60, place.At.Of, nil)
		l.events[in].Text = "Review of care and support plan"
	}
}

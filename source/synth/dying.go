package synth

// The end of life.
var (
	endOfLife     = sct("526631000000108", "On end of life care register", Verified)
	endPlan       = sct("713673000", "Has end of life care plan", Verified)
	placeOfDeath  = &Concept{"http://loinc.org", "58332-8", "Location of death", Unverified}
	inHospital    = sct("22232009", "Hospital", Unverified)
	atHome        = sct("264362003", "Home", Unverified)
	inNursingHome = sct("42665001", "Nursing home", Unverified)
	inHospice     = sct("284546000", "Hospice facility", Unverified)
	syringe       = "Morphine 10mg/1ml solution for injection ampoules"
	sedation      = "Midazolam 10mg/2ml solution for injection ampoules"
)

// foreseen is the chance that a death of a cause is foreseen, and the person
// put on the register for the end of life (National End of Life Care Intelligence
// Network 2018-19: about half of those who might be; K).
func (c cause) foreseen() float64 {
	switch c {
	case ofCancer:
		return 0.8
	case ofDementia:
		return 0.6
	case ofLungs, ofHeart, ofLiver, ofOther, ofStroke:
		return 0.25
	case stillAlive, ofInjury, ofInfancy, causes:
	}
	return 0
}

// dying tells of the last months and of where the person died. Places: OHID,
// Palliative and end of life care profiles, London 2022: hospital 49 in 100,
// home 28, care home 14, hospice 5; K: not verified here, rounded.
func (l *life) dying() {
	r := l.roll("dying")
	if l.p.Died == NotYet {
		l.nearingEnd(r)
		return
	}
	foreseen := (l.age(l.to) >= 50 || l.age(l.to) >= 18 && l.cause == ofCancer) && r.chance(l.cause.foreseen())
	if foreseen {
		l.lastMonths(r, l.to-Day(r.wait(190))-7)
	}
	var where *Concept
	u := r.uniform()
	switch {
	case l.home != nil && u < 0.7:
		where = inNursingHome
	case l.cause == ofInjury || l.cause == ofInfancy:
		where = inHospital
		if u < 0.35 && l.cause == ofInjury {
			where = atHome
		}
	case foreseen && (u < 0.26 && l.cause == ofCancer || u < 0.05):
		where = inHospice
	case foreseen && u < 0.6 || !foreseen && u < 0.29:
		where = atHome
	default:
		where = inHospital
	}
	l.dies(r, where)
}

// dies appends the last encounter and the place of death.
func (l *life) dies(r dice, where *Concept) {
	at := l.to.At(r.between(1, 1438))
	org := l.practice(l.to)
	switch where {
	case inHospital:
		what := l.lastIllness(r)
		back := Day(min(r.wait(9), 60))
		if l.cause == ofInjury || l.cause == ofInfancy {
			back = 0
		}
		stay := l.attends(r, max(l.to-back, l.p.Born), what)
		if stay >= 0 {
			e := &l.events[stay]
			if e.At >= at {
				at = min(e.At+Moment(r.between(30, 300)), (l.to+1).Start()-2)
			}
			e.Until, e.Outcome, org = max(at, e.At+1), toMortuary, e.Org
		}
	case inHospice:
		if place := l.service(hospice); place != nil {
			begins := max(at-Moment(r.between(2, 16)*1440), l.p.Born.Start())
			in := l.meets(emergencyStay, "IMP", begins, int(at-begins), place.At.Of, place.At)
			l.events[in].What, l.events[in].Text, l.events[in].Outcome = electiveStay, "Hospice", toMortuary
			org = place.At.Of
		}
	}
	e := event(Observation, placeOfDeath, at)
	e.Status, e.Category, e.Answer, e.Org = "final", socialHistory, where, org
	l.add(e)
}

// last is what somebody who dies of a cause in hospital comes in with.
type last struct {
	what  *Concept
	share float64
}

// lastIllnesses are by cause; what is left of the shares comes in with nothing
// that was written down. Shares: assumption.
var lastIllnesses = [causes][]last{
	ofCancer: {
		{sct("50417007", "Lower respiratory tract infection", SeenOnce), 0.3},
		{sct("91302008", "Sepsis", Unverified), 0.25},
		{sct("267036007", "Dyspnoea", Unverified), 0.2},
		{sct("21522001", "Abdominal pain", Unverified), 0.2},
	},
	ofHeart: {
		{sct("22298006", "Myocardial infarction", Verified), 0.5},
		{sct("84114007", "Heart failure", Verified), 0.3},
		{sct("267036007", "Dyspnoea", Unverified), 0.15},
	},
	ofStroke: {
		{sct("230690007", "Stroke", Verified), 0.95},
	},
	ofLungs: {
		{sct("50417007", "Lower respiratory tract infection", SeenOnce), 0.75},
		{sct("267036007", "Dyspnoea", Unverified), 0.2},
	},
	ofDementia: {
		{sct("50417007", "Lower respiratory tract infection", SeenOnce), 0.5},
		{sct("68566005", "Urinary tract infectious disease", SeenOnce), 0.2},
		{sct("130987000", "Acute confusion", Verified), 0.15},
		{sct("217082002", "Accidental fall", Verified), 0.1},
	},
	ofLiver: {
		{sct("12063002", "Rectal bleeding", Unverified), 0.3},
		{sct("91302008", "Sepsis", Unverified), 0.35},
		{sct("21522001", "Abdominal pain", Unverified), 0.3},
	},
	ofInjury: {
		{sct("55680006", "Drug overdose", SeenOnce), 0.4},
		{sct("217082002", "Accidental fall", Verified), 0.3},
	},
	ofInfancy: {
		{sct("91302008", "Sepsis", Unverified), 0.2},
	},
	ofOther: {
		{sct("91302008", "Sepsis", Unverified), 0.4},
		{sct("21522001", "Abdominal pain", Unverified), 0.2},
		{sct("68566005", "Urinary tract infectious disease", SeenOnce), 0.15},
		{sct("50417007", "Lower respiratory tract infection", SeenOnce), 0.2},
	},
}

// lastIllness returns with what the person comes to the hospital in which they
// die.
func (l *life) lastIllness(r dice) emergencyOf {
	what := emergencyOf{admitted: 50, nights: 1.3, ambulance: 0.8}
	u := r.uniform()
	for _, c := range lastIllnesses[l.cause] {
		if u -= c.share; u < 0 {
			what.what = c.what
			break
		}
	}
	if l.cause == ofInjury && l.age(l.to) >= 65 {
		what.what = fall
	}
	return what
}

// lastMonths tells of the register, the plan and the medicines kept ready.
func (l *life) lastMonths(r dice, from Day) {
	from = max(from, l.from)
	if l.began[cancer] != NotYet { // not before what they die of was found
		from = max(from, l.began[cancer]+Day(r.between(8, 25)))
	}
	in := l.sees(r, from, generalist, 30)
	if in < 0 || l.events[in].At.Day() > l.to {
		return
	}
	e := l.within(Condition, endOfLife, in)
	e.Status = "active"
	known := l.add(e)
	if r.chance(0.65) {
		plan := l.within(CarePlan, endPlan, in)
		plan.Status, plan.Text, plan.For = "active", "End of life care plan", known
		l.add(plan)
	}
	ready := l.to - Day(r.between(2, 20))
	if l.p.Died != NotYet && r.chance(0.6) && ready > l.events[in].At.Day() {
		if in := l.sees(r, ready, generalist, 20); in >= 0 && l.events[in].At.Day() <= l.to {
			l.events[in].What, l.events[in].Class, l.events[in].Site = homeVisit, "HH", nil
			l.prescribe(in, known, syringe, "2.5mg to 5mg under the skin when needed for pain", 28)
			l.prescribe(in, known, sedation, "2.5mg to 5mg under the skin when needed for agitation", 28)
		}
	}
	if place := l.service(hospice); place != nil && r.chance(0.4) {
		for day := l.events[in].At.Day() + 10; day <= l.to; day += Day(r.between(7, 25)) {
			visit := l.meets(nurseVisit, "HH", daytime(r, day, 9, 17), 45, place.At.Of, nil)
			l.events[visit].Text = "Hospice at home"
		}
	}
}

// nearingEnd puts on the register those of the living who are most likely to
// die soon: the share is set so that the register has its published size.
func (l *life) nearingEnd(r dice) {
	sum := 0.0
	for _, x := range l.hazards(l.to) {
		sum += x
	}
	if u := r.uniform(); sum > 0.04 && u < min(0.85, palliativeShare[l.borough]*(sum-0.03)) {
		l.lastMonths(r, l.to-Day(r.wait(200))-1)
	}
}

// palliativeShare is set by borough, and outside, so that the register comes near
// QOF's of palliative care (params/qof.tsv). Practices differ in whom they put on it.
var palliativeShare = [7]float64{0.92, 1.25, 0.86, 0.56, 0.66, 0.95, 0.85}

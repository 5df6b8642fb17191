package synth

// reviewed are the conditions for which people are called in each year.
var reviewed = [illnesses]bool{
	hypertension: true, hyperglycaemia: true, type1: true, type2: true, heartDisease: true, fibrillation: true, heartFailure: true,
	stroke: true, arterial: true, kidney: true, copd: true, asthma: true, dementia: true, epilepsy: true,
	rheumatoid: true, thyroid: true, osteoporosis: true,
}

// reviews tells of the yearly reviews of long-term conditions: one visit for
// all of them, in the month of birth, which about three in four keep; with
// diabetes a second after half a year. Source: QOF 2019/20, achievement of the
// review indicators (65-85 in 100); K: not verified here.
func (l *life) reviews() {
	r := l.roll("reviews")
	keeps := clip(r.normal(0.76, 0.12), 0.2, 0.97)
	_, month, _ := l.p.Born.Date()
	year, _, _ := l.from.Date()
	for ; ; year++ {
		day := dayOf(year, month, r.between(1, 28))
		if day > l.to {
			return
		}
		if day < l.from || !r.chance(keeps) {
			continue
		}
		l.review(r, day, false)
		if l.has(type2, day) || l.has(type1, day) {
			l.review(r, day+Day(r.between(165, 200)), true)
		}
	}
}

// review tells of one visit.
func (l *life) review(r dice, day Day, half bool) {
	var which [illnesses]illness
	n := 0
	for i := range illnesses {
		if reviewed[i] && l.has(i, day) && l.known[i] >= 0 && l.began[i] < day-90 {
			which[n] = i
			n++
		}
	}
	if n == 0 {
		return
	}
	if n == 1 && which[0] == hyperglycaemia && r.chance(0.4) {
		return
	}
	in := l.sees(r, day, practiceNurse, 20)
	if in < 0 {
		return
	}
	l.events[in].What = followUp
	l.events[in].For = l.known[which[0]]
	if half {
		l.observe(in, sugar, laboratory, l.sugarOn(r, l.events[in].At.Day()), millimolesPerMole, 0)
		if r.chance(0.4) {
			l.kidneyTests(r, in)
		}
		return
	}
	l.checkAll(r, in, which[:n])
}

// checkAll appends what is measured at a yearly review of some conditions, each
// thing once.
func (l *life) checkAll(r dice, in int32, which []illness) {
	var heart, sugars, kidneys, lipids, thyroids bool
	for _, i := range which {
		switch i { //nolint:exhaustive // nothing is to be done for the others
		case type1, type2:
			heart, sugars, kidneys, lipids = true, true, true, true
		case hyperglycaemia:
			sugars = true
		case hypertension, heartFailure, kidney, fibrillation:
			heart, kidneys = true, true
		case heartDisease, stroke, arterial:
			heart, lipids = true, true
		case thyroid:
			thyroids = true
		case copd:
			l.observe(in, lungVolume, examination, clip(r.normal(60, 14), 20, 90), percent, 0)
		case asthma:
			l.blow(r, in)
		}
	}
	day := l.events[in].At.Day()
	if heart {
		l.takePressure(r, in)
	}
	if heart || sugars || r.chance(0.3) {
		l.weigh(r, in)
	}
	if sugars {
		l.observe(in, sugar, laboratory, l.sugarOn(r, day), millimolesPerMole, 0)
	}
	if kidneys {
		l.kidneyTests(r, in)
	}
	if kidneys && r.chance(0.35) {
		l.fullCount(r, in, false)
	}
	if (lipids || sugars) && r.chance(0.45) {
		l.liverTests(r, in)
	}
	if sugars && kidneys || l.has(kidney, day) && r.chance(0.6) {
		l.observe(in, albumin, laboratory, clip(r.wait(2.4)+0.4, 0.4, 160), milligramsPerMmol, 1)
	}
	if lipids && r.chance(0.7) {
		l.fats(r, in)
	}
	if thyroids {
		l.observe(in, thyrotropin, laboratory, l.thyroidOn(r, day), milliunitsPerLitre, 1)
	}
	if l.age(day) >= 15 && r.chance(0.6) {
		l.askSmoking(in)
	}
	if len(which) >= 2 && r.chance(0.5) {
		e := l.within(Procedure, medicinesLookedAfter, in)
		e.Status = "completed"
		l.add(e)
	}
}

// blow appends a peak flow of somebody who has asthma. Expected values: Nunn and
// Gregg 1989 for adults, Godfrey 1970 for children; K, as rounded curves.
func (l *life) blow(r dice, in int32) {
	day := l.events[in].At.Day()
	age := l.age(day)
	if age < 6 {
		return
	}
	h := l.heightOn(day)
	expected := 5.2*h - 420
	if age >= 18 {
		expected = 3.4*h - 130 - 1.3*max(0, age-35)
		if l.p.Sex == Male {
			expected = 4.6*h - 200 - 1.6*max(0, age-35)
		}
	}
	v := clip(expected*r.normal(0.86, 0.1), 90, 780)
	l.observe(in, peakFlow, examination, float64(int(v/10)*10), litresPerMinute, 0)
}

// measureFor appends what is measured when somebody comes about one condition.
func (l *life) measureFor(r dice, i illness, in int32) {
	switch i { //nolint:exhaustive // nothing is to be done for the others
	case depression:
		l.askMood(r, in, 8)
	case anxiety:
		l.observe(in, anxietyScore, survey, clip(r.normal(8, 4), 0, 21), points, 0)
	case obesity:
		l.weigh(r, in)
	case type1, type2:
		l.observe(in, sugar, laboratory, l.sugarOn(r, l.events[in].At.Day()), millimolesPerMole, 0)
	case hypertension, heartDisease, heartFailure, fibrillation, kidney, stroke:
		l.takePressure(r, in)
	case asthma:
		l.blow(r, in)
	case anaemia:
		l.fullCount(r, in, false)
	case thyroid:
		l.observe(in, thyrotropin, laboratory, l.thyroidOn(r, l.events[in].At.Day()), milliunitsPerLitre, 1)
	}
}

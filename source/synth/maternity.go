package synth

import "time"

// Pregnancy and birth.
var (
	pregnant      = sct("77386006", "Pregnant", Verified)
	bookingVisit  = sct("424441002", "Prenatal initial visit", SeenOnce)
	antenatal     = sct("424619006", "Prenatal visit", SeenOnce)
	datingScan    = sct("268445003", "Ultrasound scan - obstetric", Unverified)
	anomalyScan   = sct("271442007", "Fetal anatomy study", SeenOnce)
	whooping      = sct("956951000000104", "Pertussis vaccination in pregnancy", Verified)
	sugarOfWomb   = sct("11687002", "Gestational diabetes mellitus", Unverified)
	preeclampsia  = sct("398254007", "Pre-eclampsia", SeenOnce)
	miscarriage   = sct("17369002", "Miscarriage", Unverified)
	labour        = sct("386216000", "Childbirth", Unverified)
	normalBirth   = sct("177184002", "Normal delivery procedure", Unverified)
	assistedBirth = sct("236974004", "Instrumental delivery", Unverified)
	caesarean     = sct("11466000", "Cesarean section", SeenOnce)
	postnatal     = sct("169762003", "Postnatal visit", SeenOnce)
	edinburgh     = sct("450320001", "Edinburgh postnatal depression scale score", Verified)
	lowAfterBirth = sct("58703003", "Postnatal depression", Verified)
	birthWeight   = sct("364589006", "Birth weight", Unverified)
	newborn       = sct("169826009", "Single live birth", Unverified)
	childReview   = sct("170099002", "Child examination", Unverified)
)

// delivery is how a child was born: what mother and child must agree about.
type delivery struct {
	gestation float64 // weeks
	at        Moment
	mode      *Concept
	home      bool
	kg        float64
	stay      int // minutes in hospital after it
	place     *Service
}

// deliveryOf draws a child's birth from the child's own dice, so that the
// mother's record and the child's say the same. Sources: NHS Digital, Maternity Statistics
// 2021-22: 7.6 in 100 before 37 weeks, caesarean 35, instrumental 11, at home 2; K.
func (d *District) deliveryOf(c, mother *Person) delivery {
	r := roll(d.Seed, "delivery", c.Number)
	b := delivery{gestation: clip(39.5+r.normal(0, 1.25), 36, 42), at: c.Born.At(r.between(0, 1439))}
	if r.chance(0.076) {
		b.gestation = clip(36.9-r.wait(1.9), 25, 36.9)
	}
	age := ageOn(mother.Born, c.Born)
	switch u := r.uniform(); {
	case u < 0.35+0.01*float64(age-31):
		b.mode, b.at = caesarean, c.Born.At(8*60+r.between(0, 600))
	case u < 0.46+0.01*float64(age-31):
		b.mode = assistedBirth
	default:
		b.mode = normalBirth
	}
	b.home = b.mode == normalBirth && b.gestation >= 37 && r.chance(0.035)
	b.kg = clip(3.4+0.19*(b.gestation-39.5)+r.normal(0, 0.42), 0.55, 5.2)
	b.stay = int(clip(22*r.lognormal(0.55), 6, 96) * 60)
	if b.mode == caesarean {
		b.stay = int(clip(48*r.lognormal(0.4), 26, 150) * 60)
	}
	if leaves := b.at + Moment(b.stay); leaves%1440 < 10*60 || leaves%1440 > 20*60 { // nobody is sent home at night
		b.stay = int(leaves - leaves%1440 + Moment(r.between(11*60, 18*60)) - b.at)
		if b.stay < 240 {
			b.stay += 1440
		}
	}
	b.place = d.care.find(roll(d.Seed, "service", mother.Number*int64(purposes)+int64(maternity)), maternity, mother.Household.Area)
	return b
}

// motherhood tells of the woman's pregnancies: of the children in her household,
// one that was lost, one that goes on.
func (l *life) motherhood() {
	if l.p.Sex != Female || l.age(l.d.Until) < 14 {
		return
	}
	r := l.roll("motherhood")
	last := NotYet
	for _, c := range l.p.Household.People {
		if c.Mother != l.p || c.Born == last { // the second of twins
			continue
		}
		last = c.Born
		l.pregnancy(r, c)
	}
	for year := l.from; year <= l.to; year += 365 { // one in six known pregnancies is lost (K)
		if r.chance(fertility(l.age(year))*0.19) && !l.expecting(year) {
			l.loses(r, year+Day(r.between(0, 364)))
		}
	}
	if conceived := l.to - Day(r.between(42, 275)); l.p.Died == NotYet && r.chance(fertility(l.age(l.to))*0.72) && !l.expecting(conceived) && conceived > l.from+30 {
		l.carries(r, conceived, conceived+280, nil)
	}
}

// fertility returns births a year of a woman of an age. Source: ONS, Births in England and
// Wales 2021, London; K: not verified here, rounded.
func fertility(age float64) float64 {
	if age < 15 || age > 47 {
		return 0
	}
	return along([]knot{{15, 0.002}, {18, 0.011}, {22, 0.035}, {27, 0.072}, {32, 0.108}, {37, 0.075}, {42, 0.019}, {47, 0.002}}, age)
}

// expecting reports whether the woman is pregnant, or lately was, on a day.
func (l *life) expecting(on Day) bool {
	for _, c := range l.p.Household.People {
		if c.Mother == l.p && on > c.Born-290 && on < c.Born+330 {
			return true
		}
	}
	return false
}

// loses tells of an early loss.
func (l *life) loses(r dice, day Day) {
	what := emergencyOf{what: miscarriage, admitted: 0.4, nights: 0.4}
	if day > l.to || l.expecting(day) {
		return
	}
	if r.chance(0.6) {
		if in := l.sees(r, day, generalist, 15); in >= 0 {
			e := l.within(Condition, miscarriage, in)
			e.Status, e.Until = "resolved", e.At+21*1440
			l.add(e)
			return
		}
	}
	l.attends(r, day, what)
}

// pregnancy tells of the pregnancy with a child and what comes after.
func (l *life) pregnancy(r dice, c *Person) {
	b := l.d.deliveryOf(c, l.p)
	if c.Born < l.from {
		l.spans = append(l.spans, span{c.Born - 270, c.Born})
		e := event(Procedure, b.mode, c.Born.Start())
		e.Grain, e.Status = ToTheDay, "completed"
		l.milestone(r, &e, c.Born)
		l.add(e)
		if c.Born > l.from-120 {
			l.afterBirth(r, c.Born)
		}
		return
	}
	l.carries(r, c.Born-Day(b.gestation*7)+14, c.Born, &b)
	if b.place == nil {
		return
	}
	begins := b.at - Moment(r.between(180, 1300))
	stay := b.stay
	class, kind := "IMP", labour
	switch {
	case b.mode == caesarean:
		begins = b.at - Moment(r.between(90, 300))
	case b.home:
		class, stay = "HH", r.between(120, 360)
	}
	in := l.meets(kind, class, begins, int(b.at-begins)+stay, b.place.At.Of, b.place.At)
	if b.home {
		l.events[in].Site = nil
	} else {
		l.events[in].Outcome = dischargeHome
	}
	e := l.within(Procedure, b.mode, in)
	e.At, e.Status = b.at, "completed"
	e.Until = b.at + 15
	l.add(e)
	l.afterBirth(r, c.Born)
}

// carries tells of a pregnancy from its being known to the last visit before
// the birth; b is nil while it still goes on.
func (l *life) carries(r dice, conceived, born Day, b *delivery) {
	l.spans = append(l.spans, span{conceived - 14, born})
	period := conceived - 14 // first day of the last one, from which weeks are counted
	week := func(w float64) Day { return period + Day(w*7) }
	first := int(l.parity(conceived))
	known := week(clip(r.normal(6.5, 1.5), 4.5, 12))
	e := event(Condition, pregnant, known.Start())
	e.Grain, e.Status, e.Until = ToTheDay, "resolved", born.Start()
	if b == nil {
		e.Status, e.Until = "active", Never
	}
	if in := l.sees(r, known, generalist, 10); in >= 0 {
		status, until := e.Status, e.Until
		e = l.within(Condition, pregnant, in)
		e.Status, e.Until = status, until
	}
	if y, m, day := (period + 280).Date(); true {
		e.Note = "Estimated date of delivery " + dateWords(y, m, day)
	}
	cond := l.add(e)
	place := l.service(maternity)
	if b != nil {
		place = b.place
	}
	if place == nil {
		return
	}
	l.antenatalVisits(r, week, born, first, cond, place)
	if l.age(conceived) > 15 && r.chance(0.58) && week(22) < born {
		l.immunised(r, whooping, 0, week(float64(r.between(17, 30))), false)
	}
	if r.chance(0.05+0.05*asFloat(l.asian || l.black)+0.08*asFloat(l.began[obesity] != NotYet)) && week(28) < born {
		l.complication(r, sugarOfWomb, week(26.5), born, place)
	}
	if r.chance(0.025+0.02*asFloat(first == 0)) && week(34) < born {
		l.complication(r, preeclampsia, week(33+r.uniform()*4), born, place)
	}
}

func asFloat(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// parity returns how many children the woman had before a day.
func (l *life) parity(before Day) (n int32) {
	for _, c := range l.p.Household.People {
		if c.Mother == l.p && c.Born < before {
			n++
		}
	}
	return n
}

func (l *life) complication(r dice, what *Concept, day, born Day, place *Service) {
	if day >= born-2 {
		day = born - 3
	}
	in := l.meets(antenatal, "AMB", l.clinic(r, day), 40, place.At.Of, place.At)
	e := l.within(Condition, what, in)
	e.Status, e.Until = "resolved", max((born+14).Start(), e.At+1440)
	l.add(e)
}

// antenatalVisits tells of booking, scans and the midwife's visits. Booking: NHS
// Digital, Maternity Services Data Set 2019: 57 in 100 by ten weeks, 84 by 12 weeks and
// six days; later among the deprived; K: not verified here. Visits: NICE NG201.
func (l *life) antenatalVisits(r dice, week func(float64) Day, born Day, first int, cond int32, place *Service) {
	booked := 7.6 + r.wait(2.3) + 0.09*(5.5-float64(l.decile))
	if r.chance(0.05) {
		booked = float64(r.between(13, 27))
	}
	if day := max(week(booked), l.events[cond].At.Day()+2); day < born-7 {
		in := l.meets(bookingVisit, "AMB", l.clinic(r, day), 60, place.At.Of, place.At)
		l.events[in].For = cond
		l.takePressure(r, in)
		l.weigh(r, in)
		l.askSmoking(in)
		l.fullCount(r, in, false)
	}
	for _, s := range []struct {
		at   float64
		what *Concept
	}{{12.3, datingScan}, {20.3, anomalyScan}} {
		if day := week(max(s.at, booked+1) + r.normal(0, 0.3)); day < born-7 {
			in := l.meets(antenatal, "AMB", l.clinic(r, day), 30, place.At.Of, place.At)
			l.events[in].For = cond
			e := l.within(Procedure, s.what, in)
			e.Status, e.For = "completed", cond
			l.add(e)
		}
	}
	visits := []float64{16, 28, 34, 36, 38, 40}
	if first == 0 {
		visits = []float64{16, 25, 28, 31, 34, 36, 38, 40, 41}
	}
	for _, w := range visits {
		day := week(w + r.normal(0, 0.3))
		if w < booked+2 || day >= born-1 || r.chance(0.03) || l.misses(r, antenatal, l.clinic(r, day), place, "Antenatal clinic") {
			continue
		}
		in := l.meets(antenatal, "AMB", l.clinic(r, day), 20, place.At.Of, place.At)
		l.events[in].For = cond
		if r.chance(0.6) {
			l.takePressure(r, in)
		}
		if w == 28 && r.chance(0.3) {
			l.observe(in, edinburgh, survey, l.mothersMood(r), points, 0)
		}
	}
}

// mothersMood returns an Edinburgh score.
func (l *life) mothersMood(r dice) float64 {
	return clip(5.2+2.2*l.mood+r.normal(0, 2.6), 0, 30)
}

// afterBirth tells of the midwife's and the practice's visits, and of low mood:
// one mother in ten has postnatal depression (NICE CG192; K).
func (l *life) afterBirth(r dice, born Day) {
	place := l.service(maternity)
	for _, after := range []int{1, 5, 10} {
		day := born + Day(after)
		if place == nil || day < l.from || !l.alive(day) {
			continue
		}
		in := l.meets(postnatal, "HH", daytime(r, day, 9, 17), 30, place.At.Of, nil)
		l.events[in].Note = "Midwife"
	}
	score := l.mothersMood(r)
	day := born + Day(r.between(42, 60))
	if day >= l.from && r.chance(0.88) {
		if in := l.sees(r, day, generalist, 15); in >= 0 {
			l.events[in].What = postnatal
			l.takePressure(r, in)
			if r.chance(0.6) {
				l.observe(in, edinburgh, survey, score, points, 0)
			}
		}
	}
	if score < 12 || !r.chance(0.75) {
		return
	}
	if in := l.sees(r, born+Day(r.between(62, 200)), generalist, 15); in >= 0 {
		e := l.within(Condition, lowAfterBirth, in)
		e.Status, e.Until = "resolved", e.At+Moment(r.between(90, 400)*1440)
		known := l.add(e)
		l.observe(in, edinburgh, survey, max(score, 13), points, 0)
		if r.chance(0.5) {
			l.prescribe(in, known, "Sertraline 50mg tablets", "One to be taken each day", 180)
		}
		l.refer(r, in, known, "talking")
	}
}

// infancy tells of the child's birth and the health visitor's reviews.
func (l *life) infancy() {
	if l.p.Born <= l.d.Since-3*365 {
		return
	}
	r := l.roll("infancy")
	if m := l.p.Mother; m != nil && l.p.Born >= l.from {
		b := l.d.deliveryOf(l.p, m)
		if b.place != nil {
			stay := b.stay
			if b.gestation < 34 {
				stay = int((36 - b.gestation) * 7 * 1440)
			}
			class := "IMP"
			if b.home {
				class = "HH"
			}
			in := l.meets(newborn, class, max(b.at, l.p.Born.Start()), stay, b.place.At.Of, b.place.At)
			l.events[in].Outcome = dischargeHome
			if b.home {
				l.events[in].Site, l.events[in].Outcome = nil, nil
			}
			l.observe(in, birthWeight, vitalSigns, b.kg, kilograms, 2)
		}
	}
	place := l.service(healthVisiting)
	for _, v := range []struct {
		days, spread int
		share        float64
		home         bool
	}{{11, 4, 0.93, true}, {45, 10, 0.85, false}, {365, 50, 0.74, false}, {820, 90, 0.7, false}} {
		day := l.workday(l.p.Born + Day(v.days+r.between(0, v.spread)))
		if place == nil || day < l.from || !l.alive(day) || !r.chance(v.share) {
			continue
		}
		var in int32
		if v.home {
			in = l.meets(childReview, "HH", l.clinic(r, day), 60, place.At.Of, nil)
		} else {
			in = l.meets(childReview, "AMB", l.clinic(r, day), 30, place.At.Of, place.At)
		}
		l.events[in].Note = "Health visitor"
		l.weigh(r, in)
	}
	if day := l.p.Born + Day(r.between(42, 60)); day >= l.from && r.chance(0.85) {
		if in := l.sees(r, day, generalist, 15); in >= 0 {
			l.events[in].What = childReview
			l.weigh(r, in)
		}
	}
}

// dateWords writes a date for a reader.
func dateWords(y int, m time.Month, d int) string {
	digits := func(n int) string { return string([]byte{byte('0' + n/10), byte('0' + n%10)}) }
	return digits(y/100) + digits(y%100) + "-" + digits(int(m)) + "-" + digits(d)
}

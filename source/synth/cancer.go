package synth

import "math"

// tumour is a cancer: where, how far it had gone when it was found, and how it
// came to be found.
type tumour struct {
	what   *Concept
	kind   *tumourKind
	stage  int // 1 to 4
	route  route
	treats bool
}

// route is how a cancer came to be found.
type route uint8

const (
	byReferral route = iota // urgent referral for suspected cancer
	byRoutine               // another referral or clinic
	byScreening
	byEmergency
)

// tumourKind is a kind of cancer: its share by age, how bad it is, the stages
// at which it is found. Sources: NHS Digital, Cancer Registration Statistics
// England 2019 (share, stage); National Disease Registration Service, Routes to
// Diagnosis 2018; ONS, Cancer survival in England 2019; K: not verified here, rounded.
type tumourKind struct {
	what             *Concept
	women, men       float64 // share of cancers of those below 50, then 50 and over
	womenOld, menOld float64
	deadly           float64    // factor on deaths
	stages           [4]float64 // 1 to 4
	screened         float64    // share found by screening at the ages that are screened
	emergency        float64
	specialty        string
	surgery          *Concept
}

var tumourKinds = []tumourKind{
	{sct("254837009", "Malignant neoplasm of breast", Unverified), 42, 0.2, 29, 0.4, 0.45, [4]float64{45, 38, 11, 6}, 0.32, 0.03, "breast", sct("392021009", "Lumpectomy of breast", Unverified)},
	{sct("399068003", "Malignant neoplasm of prostate", Unverified), 0, 4, 0, 28, 0.35, [4]float64{33, 21, 27, 19}, 0, 0.07, "urinefast", sct("90470006", "Prostatectomy", Unverified)},
	{sct("363406005", "Malignant neoplasm of colon", Unverified), 7, 9, 12, 12, 1, [4]float64{18, 26, 31, 25}, 0.12, 0.22, "bowel", sct("43075005", "Partial resection of colon", SeenOnce)},
	{sct("254637007", "Non-small cell lung cancer", Unverified), 2, 3, 13, 14, 2.1, [4]float64{20, 9, 22, 49}, 0, 0.33, "lungs", sct("173171007", "Lobectomy of lung", Unverified)},
	{sct("372244006", "Malignant melanoma", Unverified), 10, 8, 4, 5, 0.3, [4]float64{68, 21, 7, 4}, 0, 0.02, "skin", nil},
	{sct("118601006", "Non-Hodgkin's lymphoma", Unverified), 6, 11, 4, 5, 0.8, [4]float64{20, 17, 21, 42}, 0, 0.22, "blood", nil},
	{sct("93143009", "Leukaemia", Unverified), 5, 9, 3, 4, 0.9, [4]float64{25, 25, 25, 25}, 0, 0.35, "blood", nil},
	{sct("371973000", "Malignant neoplasm of uterus", Unverified), 4, 0, 7, 0, 0.5, [4]float64{73, 8, 12, 7}, 0, 0.07, "women", sct("236886002", "Hysterectomy", Unverified)},
	{sct("363443007", "Malignant neoplasm of ovary", Unverified), 5, 0, 4, 0, 1.2, [4]float64{30, 8, 38, 24}, 0, 0.26, "women", nil},
	{sct("363354003", "Malignant neoplasm of cervix", Unverified), 9, 0, 1, 0, 0.6, [4]float64{55, 14, 18, 13}, 0.3, 0.1, "women", nil},
	{sct("399326009", "Malignant neoplasm of urinary bladder", Unverified), 0.5, 2, 2, 5, 0.9, [4]float64{40, 27, 13, 20}, 0, 0.18, "urinefast", nil},
	{sct("363418001", "Malignant neoplasm of pancreas", Unverified), 1, 2, 4, 4, 3, [4]float64{10, 18, 16, 56}, 0, 0.45, "gut", nil},
	{sct("363402007", "Malignant neoplasm of oesophagus", Unverified), 0.4, 1.5, 2, 4, 2, [4]float64{12, 16, 34, 38}, 0, 0.2, "gut", nil},
	{sct("428061005", "Malignant neoplasm of brain", Unverified), 4, 8, 2, 2, 2.5, [4]float64{15, 20, 25, 40}, 0, 0.5, "nerves", nil},
	{sct("363478007", "Malignant neoplasm of thyroid gland", Unverified), 10, 5, 1, 0.6, 0.2, [4]float64{70, 15, 8, 7}, 0, 0.05, "ear", nil},
	{sct("363346000", "Malignant neoplastic disease", Verified), 6, 25, 10, 12, 1, [4]float64{30, 20, 22, 28}, 0, 0.2, "gut", nil},
}

// grow draws the person's cancer, if they are to have one. The curve of its
// table tells who lives with or after a cancer; of these cancers more than the
// curve would have lie in the last five years, since whoever died of an earlier
// one is no longer there (five-year prevalence about 45 in 100 of all: Macmillan
// and NCRAS, 2015; K).
func (l *life) grow() {
	if l.began[cancer] == NotYet {
		return
	}
	r := l.roll("cancer")
	if r.chance(0.45) && l.p.Born < l.d.Since {
		l.began[cancer] = l.d.Since + 1 + Day(r.uniform()*float64(l.d.Until-l.d.Since))
	}
	k := l.kindOfTumour(r)
	l.tumour = tumour{what: k.what, kind: k}
	t := &l.tumour
	lots := k.stages[:]
	if l.began[cancer] < l.from { // those found late rarely live on for years
		lots = []float64{k.stages[0], k.stages[1], k.stages[2] * 0.5, k.stages[3] * 0.08}
	}
	t.stage = 1 + r.among(lots)
	switch u := r.uniform(); {
	case u < k.emergency*(0.5+0.25*float64(t.stage)):
		t.route = byEmergency
	case u > 1-k.screened && l.age(l.began[cancer]) >= 50 && l.age(l.began[cancer]) < 75 && t.stage < 3:
		t.route = byScreening
	case r.chance(0.6):
		t.route = byReferral
	default:
		t.route = byRoutine
	}
	t.treats = t.stage < 4 || r.chance(0.6)
}

// kindOfTumour draws the kind of a cancer by the age at which it was found.
func (l *life) kindOfTumour(r dice) *tumourKind {
	age := l.age(l.began[cancer])
	weights := make([]float64, len(tumourKinds))
	for i := range tumourKinds {
		k := &tumourKinds[i]
		switch {
		case age < 20:
			weights[i] = map[string]float64{"93143009": 35, "428061005": 28, "118601006": 15, "363346000": 22}[k.what.Code]
		case l.p.Sex == Male && age < 50:
			weights[i] = k.men
		case l.p.Sex == Male:
			weights[i] = k.menOld
		case age < 50:
			weights[i] = k.women
		default:
			weights[i] = k.womenOld
		}
	}
	// Who lives on after many years had one that people live on with.
	if years := float64(l.from-l.began[cancer]) / 365; years > 0 {
		for i := range weights {
			weights[i] *= math.Exp(-0.25 * tumourKinds[i].deadly * min(years, 12))
		}
	}
	return &tumourKinds[r.among(weights)]
}

// lateCancer gives who died of a cancer that they are not among the counted to
// have had one that was found in their last months.
func (l *life) lateCancer() {
	if l.cause != ofCancer || l.began[cancer] != NotYet {
		return
	}
	r := l.roll("late cancer")
	l.began[cancer] = max(l.from, l.to-Day(25+r.wait(200)))
	k := l.kindOfTumour(r)
	for range 3 {
		if k.deadly < 0.8 { // few die of these so soon
			k = l.kindOfTumour(r)
		}
	}
	l.tumour = tumour{what: k.what, kind: k, stage: 3 + r.among([]float64{1, 3}), route: byRoutine, treats: r.chance(0.4)}
	if r.chance(k.emergency + 0.15) {
		l.tumour.route = byEmergency
	}
}

// hazard returns the deaths a year from the cancer on a day.
func (t *tumour) hazard(found, on Day) float64 {
	years := float64(on-found) / 365.25
	yearly := [5]float64{0, 0.012, 0.035, 0.11, 0.55}[t.stage]
	return yearly * t.kind.deadly * math.Exp(-0.22*max(0, years))
}

// What is done about cancers.
var (
	stageFound   = sct("399537006", "Clinical TNM stage grouping", Unverified)
	stages       = [5]*Concept{nil, sct("13104003", "Clinical stage I", Unverified), sct("60333009", "Clinical stage II", Unverified), sct("50283003", "Clinical stage III", Unverified), sct("2640006", "Clinical stage IV", Unverified)}
	chemotherapy = sct("367336001", "Chemotherapy", Unverified)
	radiotherapy = sct("108290001", "Radiation oncology AND/OR radiotherapy", Unverified)
	cancerReview = sct("720006006", "Cancer care review", Verified)
)

// cancerCare tells of the cancer from its being found to the reviews after.
func (l *life) cancerCare() {
	found := l.began[cancer]
	l.known[cancer] = -1
	if found == NotYet || found > l.to {
		return
	}
	r := l.roll("cancer care")
	e := event(Condition, l.tumour.what, found.Start())
	e.Grain, e.Status = ToTheDay, "active"
	if found < l.from {
		l.milestone(r, &e, found)
		l.known[cancer] = l.add(e)
		if found < l.from-4*365 {
			return
		}
		l.cancerAfter(r, found, 0)
		return
	}
	l.found(r, e)
}

// found tells of the way to the diagnosis and of the treatment.
func (l *life) found(r dice, e Event) {
	t := &l.tumour
	day := l.workday(l.began[cancer])
	if day > l.to {
		return
	}
	place := l.service(outpatients)
	if t.route == byReferral || t.route == byRoutine {
		wait := 12
		if t.route == byRoutine {
			wait = r.between(30, 120)
		}
		l.towardsDiagnosis(r, day-Day(wait), day, place)
	}
	var in int32
	if t.route != byEmergency {
		in = l.meets(firstSeen, "AMB", l.clinic(r, day), 30, place.At.Of, place.At)
		l.events[in].Text = "Oncology"
		e = l.within(Condition, t.what, in)
		e.Status = "active"
	} else {
		in = l.attends(r, l.began[cancer], emergencyOf{what: nil, admitted: 50, nights: 1.5, ambulance: 0.4})
		if in < 0 {
			return
		}
		e = l.within(Condition, t.what, in)
		e.At = min(e.At+Moment(r.between(200, 2000)), l.events[in].Until-1)
		e.Status = "active"
	}
	e.Note = [...]string{"Found by urgent referral for suspected cancer", "Found by routine referral", "Found by screening", "Found at an emergency attendance"}[t.route]
	l.known[cancer] = l.add(e)
	s := event(Observation, stageFound, e.At+Moment(r.between(2, 14)*1440))
	s.Status, s.Category, s.Answer, s.For = "final", examination, stages[t.stage], l.known[cancer]
	s.Org, s.Site = place.At.Of, place.At
	l.add(s)
	l.cancerTreated(r, e.At.Day(), place)
	l.cancerAfter(r, e.At.Day(), l.known[cancer])
}

// towardsDiagnosis tells of the symptom at the practice and the referral.
func (l *life) towardsDiagnosis(r dice, asked, seen Day, place *Service) {
	if asked < l.from || !l.registered(asked) {
		return
	}
	in := l.sees(r, asked, generalist, 15)
	if in < 0 {
		return
	}
	s := specialtyOf(l.tumour.kind.specialty)
	if l.age(asked) < 16 {
		s = specialtyOf("child")
	}
	e := l.within(ServiceRequest, s.code, in)
	if place != nil {
		e.Org, e.Site = place.At.Of, nil
	}
	e.Text, e.Priority, e.Status = s.name, "routine", "completed"
	if l.tumour.route == byReferral {
		e.Priority, e.Text = "urgent", s.name+" (suspected cancer)"
	}
	if l.events[in].At.Day() < seen {
		l.add(e)
	}
}

// cancerTreated tells of the treatments: within 62 days for most.
func (l *life) cancerTreated(r dice, found Day, place *Service) {
	t := &l.tumour
	if !t.treats {
		return
	}
	day := found + Day(float64(r.between(18, 40))*r.lognormal(0.3))
	begun := len(l.events)
	if t.kind.surgery != nil && t.stage <= 3 && r.chance(0.7) {
		l.operate(r, -1, &specialty{name: "Surgery for cancer"}, t.kind.surgery, place, day, 4)
		day += Day(r.between(35, 60))
	}
	clinic := l.service(cancerCare)
	if clinic == nil {
		clinic = place
	}
	if t.stage >= 2 && r.chance(0.6) {
		for cycle := range r.between(3, 6) {
			l.session(r, chemotherapy, day+Day(21*cycle), clinic)
		}
		day += 140
	}
	if r.chance(0.4) || len(l.events) == begun { // something is done for all who are treated
		for fraction := range r.between(1, 4) {
			l.session(r, radiotherapy, day+Day(7*fraction), clinic)
		}
	}
}

// session tells of a day of treatment.
func (l *life) session(r dice, what *Concept, day Day, place *Service) {
	day = l.workday(day)
	if !l.alive(day) {
		return
	}
	how := seenAgain
	if what == chemotherapy {
		how = dayCase
	}
	in := l.meets(how, "AMB", l.clinic(r, day), 180, place.At.Of, place.At)
	l.events[in].Text = "Oncology"
	e := l.within(Procedure, what, in)
	e.Status, e.Until, e.For = "completed", e.At+150, l.known[cancer]
	l.add(e)
}

// cancerAfter tells of the practice's review within a year and the visits of
// five years.
func (l *life) cancerAfter(r dice, found Day, _ int32) {
	if day := found + Day(r.between(60, 330)); day >= l.from && r.chance(0.85) {
		if in := l.sees(r, day, generalist, 20); in >= 0 {
			e := l.within(Procedure, cancerReview, in)
			e.Status, e.For = "completed", l.known[cancer]
			l.add(e)
		}
	}
	place := l.service(outpatients)
	for day := found + Day(r.between(150, 210)); day <= min(l.to, found+5*365); day += Day(r.between(150, 380)) {
		if day < l.from || place == nil {
			continue
		}
		in := l.meets(seenAgain, "AMB", l.clinic(r, day), 20, place.At.Of, place.At)
		l.events[in].Text, l.events[in].For = "Oncology follow-up", l.known[cancer]
	}
}

package synth

// dayTreatments are what some people with a condition come in for again and
// again. Shares: assumption; K.
var dayTreatments = []struct {
	of             illness
	share, perYear float64
	what           *Concept
	name           string
}{
	{rheumatoid, 0.1, 6, infusion, "Rheumatology"},
	{sclerosis, 0.35, 4, infusion, "Neurology"},
	{sickle, 0.15, 8, sct("116863004", "Transfusion of red blood cells", Unverified), "Haematology"},
	{anaemia, 0.05, 2, infusion, "Haematology"},
	{irritableBowel, 0.02, 6, infusion, "Gastroenterology"}, // some of whom have what is worse
}

var infusion = sct("14152002", "Intravenous infusion", Unverified)

// dayTreated tells of them.
func (l *life) dayTreated() {
	r := l.roll("day treatments")
	place := l.service(outpatients)
	for _, t := range dayTreatments {
		if l.began[t.of] == NotYet || l.known[t.of] < 0 || place == nil || !r.chance(t.share) {
			continue
		}
		step := Day(365 / t.perYear)
		for day := max(l.from, l.began[t.of]+150) + Day(r.between(0, int(step))); day <= l.to && l.has(t.of, day); day += step {
			l.operate(r, -1, &specialty{name: t.name}, t.what, place, day+Day(r.between(0, 6)), 0)
		}
	}
}

// clinicsOf is how often a year people with a condition are seen in a clinic, and
// in which. Assumption, so that outpatient attendances come near what is
// published (outpatientGauge).
var clinicsOf = []struct {
	of      illness
	perYear float64
	name    string
	years   float64 // after the diagnosis for which they are; 0: as long as it is there
}{
	{rheumatoid, 2.8, "Rheumatology", 0},
	{sclerosis, 1.6, "Neurology", 0},
	{epilepsy, 0.8, "Neurology", 0},
	{parkinsons, 2, "Neurology", 0},
	{sickle, 3, "Haematology", 0},
	{hiv, 2, "HIV clinic", 0},
	{kidney, 0.6, "Nephrology", 0},
	{heartFailure, 1.6, "Heart failure clinic", 0},
	{glaucoma, 2.1, "Ophthalmology", 0},
	{macular, 5, "Ophthalmology", 0},
	{type1, 2, "Diabetes clinic", 0},
	{type2, 0.4, "Diabetes clinic", 0},
	{liver, 1.4, "Hepatology", 0},
	{copd, 0.6, "Respiratory medicine", 0},
	{asthma, 0.15, "Respiratory medicine", 0},
	{heartDisease, 1.1, "Cardiology", 2.5},
	{fibrillation, 0.9, "Cardiology", 1.5},
	{stroke, 1.6, "Stroke clinic", 1.2},
	{apnoea, 0.9, "Sleep clinic", 3},
	{endometriosis, 0.8, "Gynaecology", 0},
	{eczema, 0.15, "Dermatology", 0},
	{osteoarthritis, 0.45, "Trauma and orthopaedics", 0},
	{prostate, 0.6, "Urology", 3},
	{psoriasis, 0.5, "Dermatology", 0},
	{anaemia, 0.2, "Haematology", 1},
	{hearing, 1, "Audiology", 1.5},
	{disability, 0.5, "Neurodevelopmental clinic", 0},
	{gout, 0.15, "Rheumatology", 1.5},
	{arterial, 1, "Vascular surgery", 3},
	{thyroid, 0.12, "Endocrinology", 2},
	{adhd, 0.6, "ADHD clinic", 0},
	{depression, 0.05, "Psychiatry", 0},
	{irritableBowel, 0.12, "Gastroenterology", 3},
	{reflux, 0.06, "Gastroenterology", 3},
	{cataract, 0.15, "Ophthalmology", 0},
	{backPain, 0.1, "Pain clinic", 0},
	{osteoporosis, 0.3, "Bone clinic", 3},
	{incontinence, 0.25, "Urogynaecology", 3},
	{polycystic, 0.1, "Gynaecology", 3},
	{obesity, 0.02, "Weight management", 0},
	{migraine, 0.1, "Neurology", 3},
}

// clinicsScale is set so that attendances come near what is published.
const clinicsScale = 1.45

// followed tells of the clinics in which a known condition is followed.
func (l *life) followed() {
	r := l.roll("clinics")
	place := l.service(outpatients)
	if place == nil {
		return
	}
	for _, c := range clinicsOf {
		if l.began[c.of] == NotYet || l.known[c.of] < 0 {
			continue
		}
		keen := min(r.wait(1), 2.5) // some are seen often, most seldom
		last := NotYet
		until := l.to
		if c.years > 0 {
			until = min(until, l.began[c.of]+Day(c.years*365))
		}
		for _, day := range r.days(max(l.from, l.began[c.of]+40), until, c.perYear*keen*clinicsScale) {
			if !l.has(c.of, day) || last != NotYet && day < last+42 || l.waning(day) && day > l.to-60 || c.of == adhd && l.age(day) > 55 {
				continue
			}
			last = day
			if l.misses(r, seenAgain, l.clinic(r, day), place, c.name) {
				continue
			}
			class := "AMB"
			if r.chance(0.22) {
				class = "VR"
			}
			in := l.meets(seenAgain, class, l.clinic(r, day), 20, place.At.Of, place.At)
			l.events[in].Text, l.events[in].For, l.events[in].Label = c.name, l.known[c.of], conditions[c.of].label
		}
	}
}

// otherClinic is a clinic to which dentists, opticians, health visitors and other
// clinics send people, for what is no condition here.
type otherClinic struct {
	name       string
	at         purpose
	perYear    [6]float64 // attendances of a person a year, by age
	men, women float64
}

// otherClinics are the commonest. Rates: assumption, in the proportions of NHS
// Digital, Hospital Outpatient Activity 2019-20 by treatment specialty; K.
var otherClinics = []otherClinic{
	{"Paediatrics", outpatients, [6]float64{0.32, 0.17, 0, 0, 0, 0}, 1.1, 0.9},
	{"Oral and maxillofacial surgery", outpatients, [6]float64{0.01, 0.06, 0.05, 0.05, 0.06, 0.04}, 1, 1},
	{"Orthodontics", outpatients, [6]float64{0, 0.1, 0.01, 0, 0, 0}, 0.9, 1.1},
	{"Orthoptics", outpatients, [6]float64{0.07, 0.05, 0, 0, 0, 0}, 1, 1},
	{"Ophthalmology", outpatients, [6]float64{0.01, 0.01, 0.02, 0.07, 0.16, 0.26}, 1, 1},
	{"Audiology", outpatients, [6]float64{0.05, 0.03, 0.01, 0.03, 0.1, 0.2}, 1, 1},
	{"Gynaecology", outpatients, [6]float64{0, 0.005, 0.05, 0.05, 0.02, 0.01}, 0, 2},
	{"Clinical haematology", outpatients, [6]float64{0.01, 0.01, 0.01, 0.02, 0.05, 0.06}, 1, 1},
	{"Physiotherapy", therapies, [6]float64{0.02, 0.05, 0.06, 0.09, 0.1, 0.1}, 0.9, 1.1},
	{"Podiatry", therapies, [6]float64{0, 0.01, 0.01, 0.04, 0.1, 0.17}, 1, 1},
	{"Dietetics", therapies, [6]float64{0.03, 0.02, 0.02, 0.03, 0.04, 0.04}, 0.9, 1.1},
}

// sentElsewhere tells of courses in such clinics: seen, and seen again once or twice.
func (l *life) sentElsewhere() {
	r := l.roll("other clinics")
	band := ageBand(l.age((l.from + l.to) / 2))
	const visits = 2.4 // of a course
	for i := range otherClinics {
		c := &otherClinics[i]
		rate := c.perYear[band] * c.women
		if l.p.Sex == Male {
			rate = c.perYear[band] * c.men
		}
		place := l.service(c.at)
		for _, day := range r.days(l.from, l.to, rate*clinicsScale/visits) {
			how := firstSeen
			for n := 1 + r.poisson(visits-1); n > 0 && place != nil && l.alive(day); n-- {
				if !l.misses(r, how, l.clinic(r, day), place, c.name) {
					in := l.meets(how, "AMB", l.clinic(r, day), 20, place.At.Of, place.At)
					l.events[in].Text = c.name
				}
				how, day = seenAgain, day+Day(r.between(25, 120))
			}
		}
	}
}

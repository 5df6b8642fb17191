package synth

// sent is to whom a practice sends somebody in whom it has found a condition, and
// how often.
type sent struct {
	of    illness
	to    string // specialty
	share float64
}

// sentTo are the referrals that follow from a diagnosis. Shares: assumption, after
// what the guidelines of NICE ask for; K.
var sentTo = []sent{
	{type1, "sugar", 0.95},
	{heartDisease, "heart", 0.7},
	{fibrillation, "heart", 0.35},
	{heartFailure, "heart", 0.85},
	{kidney, "kidneys", 0.12},
	{copd, "lungs", 0.2},
	{asthma, "lungs", 0.04},
	{dementia, "memory", 0.8},
	{epilepsy, "nerves", 0.9},
	{rheumatoid, "joints", 0.95},
	{osteoarthritis, "physio", 0.3},
	{osteoporosis, "joints", 0.1},
	{eczema, "skin", 0.06},
	{irritableBowel, "gut", 0.3},
	{migraine, "nerves", 0.1},
	{psoriasis, "skin", 0.3},
	{gout, "joints", 0.06},
	{prostate, "urine", 0.3},
	{hearing, "ear", 0.6},
	{cataract, "eyes", 0.6},
	{glaucoma, "eyes", 0.95},
	{macular, "eyes", 0.95},
	{parkinsons, "nerves", 0.95},
	{sclerosis, "nerves", 0.95},
	{sickle, "blood", 0.95},
	{liver, "gut", 0.7},
	{polycystic, "women", 0.15},
	{endometriosis, "women", 0.7},
	{incontinence, "urine", 0.15},
	{apnoea, "lungs", 0.7},
	{obesity, "weight", 0.04},
	{thyroid, "sugar", 0.06},
	{anaemia, "gut", 0.2},
}

// transient is the code of the transient ischaemic attack, which is seen within
// days.
const transient = "266257000"

// sendOn tells of the referral that follows from a condition that was found in an
// encounter of the practice.
func (l *life) sendOn(r dice, i illness, what *Concept, in, known int32) {
	u := r.uniform()
	switch {
	case what.Code == transient:
		if u < 0.9 {
			l.refer(r, in, known, "tia")
		}
		return
	case i == anaemia && l.age(l.events[in].At.Day()) >= 55: // of what may bleed inside
		if u < 0.65 {
			l.refer(r, in, known, "bowel")
		}
		return
	}
	for _, s := range sentTo {
		if s.of == i && u < s.share {
			l.refer(r, in, known, s.to)
		}
	}
}

// forAge returns the specialty that sees somebody of an age: for children mostly
// their own.
func forAge(key string, age float64) string {
	if age >= 16 {
		return key
	}
	switch key {
	case "heart", "lungs", "nerves", "gut", "sugar", "blood", "joints", "kidneys", "weight", "urine", "urinefast", "bowel", "old":
		return "child"
	}
	return key
}

// foundBy are the conditions that specialists find, after the practice has sent
// somebody whom it could not make out. Shares: assumption, after the guidelines.
var foundBy = []sent{
	{heartFailure, "heart", 0.6},
	{dementia, "memory", 0.8},
	{epilepsy, "nerves", 0.8},
	{rheumatoid, "joints", 0.9},
	{glaucoma, "eyes", 0.9},
	{macular, "eyes", 0.9},
	{parkinsons, "nerves", 0.95},
	{sclerosis, "nerves", 1},
	{liver, "gut", 0.5},
	{endometriosis, "women", 0.7},
	{apnoea, "lungs", 0.8},
}

// foundInClinic tells of a condition that a specialist found on a day, and of the
// way there. It returns the place of the visit; -1: it was found otherwise.
func (l *life) foundInClinic(r dice, i illness, day Day) int32 {
	u, wait := r.uniform(), r.lognormal(0.3)
	for _, f := range foundBy {
		if f.of != i || u >= f.share {
			continue
		}
		s := specialtyOf(forAge(f.to, l.age(day)))
		place, asked := l.service(s.at), day-Day(clip(s.wait*wait, 7, 300))
		if place == nil {
			return -1
		}
		at := l.clinic(r, day)
		request := int32(-1)
		if asked >= l.from {
			if in := l.sees(r, asked, generalist, 15); in >= 0 && l.events[in].At < at {
				e := l.within(ServiceRequest, s.code, in)
				e.Text, e.Priority, e.Status = s.name, s.priority, "completed"
				e.Org, e.Site = place.At.Of, nil
				request = l.add(e)
			}
		}
		in := l.meets(firstSeen, "AMB", at, s.minutes(), place.At.Of, place.At)
		l.events[in].For, l.events[in].Text, l.events[in].Label = request, s.name, conditions[i].label
		return in
	}
	return -1
}

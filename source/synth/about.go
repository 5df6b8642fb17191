package synth

import "time"

const repeatMedicines = "Repeat medicines"

// bringing is how often, against the commonest of them, a known condition is
// what somebody sees a doctor about: seldom what others follow, or what nobody
// can mend. What is not here counts as one. Assumption.
var bringing = [illnesses]float64{
	obesity: 0.25, hypertension: 0.8, hyperglycaemia: 0.3, kidney: 0.4, asthma: 0.7, heartFailure: 1.5, copd: 1.4,
	depression: 1.5, anxiety: 1.3, backPain: 1.3, dementia: 0.9, disability: 0.35, epilepsy: 0.4, osteoporosis: 0.2,
	rheumatoid: 0.6, thyroid: 0.5, eczema: 0.6, constipation: 0.5, irritableBowel: 0.5, hayFever: 0.15, migraine: 0.4,
	psoriasis: 0.35, gout: 0.4, prostate: 0.5, hearing: 0.08, cataract: 0.08, glaucoma: 0.06, macular: 0.06, sclerosis: 0.7,
	sickle: 0.5, autism: 0.15, adhd: 0.25, hiv: 0.2, anaemia: 0.5, polycystic: 0.2, endometriosis: 0.6, incontinence: 0.35, apnoea: 0.15,
}

// bringsOn is bringing on a day: hay fever has its season.
func (i illness) bringsOn(day Day) float64 {
	much := bringing[i]
	if much == 0 {
		return 1
	}
	if _, month, _ := day.Date(); i == hayFever && month >= time.April && month <= time.July {
		return 4 * much
	}
	return much
}

// nothingKnown weighs what people see a doctor about that is none of their
// conditions, as bringing weighs these.
const nothingKnown = 1.2

// aboutKnown tells of a contact about a condition that is known, with its
// measure, or about what else there is.
func (l *life) aboutKnown(r dice, in int32) {
	day := l.events[in].At.Day()
	var weights [illnesses + 1]float64
	for i := range illnesses {
		if l.has(i, day) && l.known[i] >= 0 && l.events[l.known[i]].At <= l.events[in].At {
			weights[i] = i.bringsOn(day)
		}
	}
	weights[illnesses] = nothingKnown
	i := illness(r.among(weights[:]))
	if i == illnesses {
		l.aboutOther(r, in)
		return
	}
	l.events[in].For = l.known[i]
	if l.events[in].Class == "AMB" && r.chance(0.4) {
		l.measureFor(r, i, in)
	}
}

// recent is what happened in the weeks before a moment that somebody may see
// the practice about.
type recent struct {
	tested  bool  // in a laboratory
	letter  bool  // from a hospital
	takes   bool  // medicines that are prescribed
	trouble int32 // that was told of, and may go on; -1: none
}

func (l *life) recent(at Moment) recent {
	late := recent{trouble: -1}
	const month = 30 * 1440
	for i := range l.events {
		e := &l.events[i]
		if e.At >= at || e.At < at-12*month {
			continue
		}
		switch e.Kind { //nolint:exhaustive // the others bring nobody to the practice
		case Observation:
			late.tested = late.tested || e.Category == laboratory && e.At > at-month
		case Encounter:
			late.letter = late.letter || e.At > at-2*month && e.Org != nil && e.Org.Type == "trust"
		case MedicationRequest:
			late.takes = late.takes || e.Until > at
		case Condition:
			if e.Category == ofEncounter && e.At > at-month && e.Until > at-7*1440 {
				late.trouble = int32(i)
			}
		}
	}
	return late
}

// aboutOther says what a contact was about that was about no condition: by what
// happened of late. Weights: assumption.
func (l *life) aboutOther(r dice, in int32) {
	at := l.events[in].At
	late, age := l.recent(at), l.age(at.Day())
	weight := func(holds bool, w float64) float64 {
		if holds {
			return w
		}
		return 0
	}
	words := [...]string{"Advice", "Test results", "Letter from the hospital", repeatMedicines, "Fit note", "Form or letter asked for", "Follow-up"}
	weights := [len(words)]float64{
		10, weight(late.tested, 40), weight(late.letter, 30), weight(late.takes, 14),
		weight(age >= 18 && age < 67, 9), weight(age >= 3, 6), weight(late.trouble >= 0, 35),
	}
	chosen := r.among(weights[:])
	l.events[in].Note = words[chosen]
	switch {
	case words[chosen] == "Follow-up":
		l.events[in].For = late.trouble
	case words[chosen] == "Advice" && age < 1:
		l.events[in].Note = "Feeding, crying or sleep"
	}
}

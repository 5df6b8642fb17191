package synth

import "strings"

// span is from one day to another, both included.
type span struct{ from, to Day }

// carrying reports whether the person is pregnant on a day.
func (l *life) carrying(on Day) bool {
	for _, s := range l.spans {
		if on >= s.from && on <= s.to {
			return true
		}
	}
	return false
}

// allergic reports whether one of some allergies is on the record on a day.
func (l *life) allergic(on Day, to ...allergenNumber) bool {
	for _, a := range to {
		if since := l.wary[a]; since != NotYet && since <= on {
			return true
		}
	}
	return false
}

// bar is why somebody is not given a medicine, and what they are given instead.
// Source: British National Formulary, contra-indications and first alternatives;
// K: from knowledge, not verified here.
type bar struct {
	stem       string // with which the names of the medicine begin
	holds      func(l *life, on Day) bool
	name, dose string // instead; "": nothing
}

// Reasons for not giving a medicine.
func noPenicillin(l *life, on Day) bool {
	return l.allergic(on, toPenicillin, toAmoxicillin)
}

func noAspirin(l *life, on Day) bool { return l.allergic(on, toAspirin) }

func noParacetamol(l *life, on Day) bool { return l.allergic(on, toParacetamol) }

func (l *life) hasAny(on Day, of ...illness) bool {
	for _, i := range of {
		if l.has(i, on) {
			return true
		}
	}
	return false
}

// noAntiInflammatory is for whom the like of naproxen does more harm than good.
func noAntiInflammatory(l *life, on Day) bool {
	return l.carrying(on) || l.age(on) >= 78 || noAspirin(l, on) ||
		l.hasAny(on, kidney, heartFailure, heartDisease, stroke, arterial, fibrillation, liver)
}

func weakKidneys(below float64) func(l *life, on Day) bool {
	return func(l *life, on Day) bool { return l.has(kidney, on) && l.usualFiltration(on) < below }
}

func wheezes(l *life, on Day) bool { return l.hasAny(on, asthma, copd) }

func narrowVessels(l *life, on Day) bool {
	return l.age(on) >= 66 || l.hasAny(on, heartDisease, stroke, arterial)
}

// takesAmlodipine is for whom simvastatin is too strong.
func takesAmlodipine(l *life, on Day) bool {
	for i := range l.events {
		e := &l.events[i]
		if e.Kind == MedicationRequest && e.At < on.Start()+1440 && e.Until > on.Start() && strings.HasPrefix(e.Text, "Amlodipine") {
			return true
		}
	}
	return false
}

// noCombinedPill is for whom oestrogen is too much of a risk (UK Medical
// Eligibility Criteria, categories 3 and 4; K).
func noCombinedPill(l *life, on Day) bool {
	return l.age(on) >= 35 && l.smoked || l.age(on) >= 50 || l.massOn(on) >= 35 ||
		l.hasAny(on, migraine, hypertension, stroke, heartDisease, fibrillation, cancer, sickle)
}

func hadCancer(l *life, on Day) bool { return l.everHad(cancer, on) }

// bars are asked in order, again for what is given instead.
var bars = []bar{
	{"Doxycycline", (*life).carrying, "Amoxicillin 500mg capsules", "One to be taken three times a day for 5 days"},
	{"Nitrofurantoin", weakKidneys(45), "Trimethoprim 200mg tablets", "One to be taken twice a day for 3 days"},
	{"Trimethoprim", (*life).carrying, "Cefalexin 500mg capsules", "One to be taken twice a day for 7 days"},
	{"Amoxicillin", noPenicillin, "Clarithromycin 500mg tablets", "One to be taken twice a day for 5 days"},
	{"Phenoxymethylpenicillin", noPenicillin, "Clarithromycin 500mg tablets", "One to be taken twice a day for 5 days"},
	{"Flucloxacillin", noPenicillin, "Clarithromycin 500mg tablets", "One to be taken twice a day for 7 days"},
	{"Lymecycline", (*life).carrying, "", ""},
	{"Naproxen", noAntiInflammatory, "Paracetamol 500mg tablets", "Two to be taken up to four times a day"},
	{"Ibuprofen 200mg", noAntiInflammatory, "Paracetamol 500mg tablets", "Two to be taken up to four times a day"},
	{"Ibuprofen 400mg", noAntiInflammatory, "Paracetamol 500mg tablets", "Two to be taken up to four times a day"},
	{"Ibuprofen 10%", (*life).carrying, "", ""},
	{"Paracetamol", noParacetamol, "", ""},
	{"Co-codamol", noParacetamol, "", ""},
	{"Aspirin", noAspirin, "Clopidogrel 75mg tablets", "One to be taken each day"},
	{"Propranolol", wheezes, "", ""},
	{"Sumatriptan", narrowVessels, "", ""},
	{"Rigevidon", (*life).carrying, "", ""},
	{"Rigevidon", noCombinedPill, "Desogestrel 75microgram tablets", "One to be taken each day"},
	{"Desogestrel", (*life).carrying, "", ""},
	{"Evorel", hadCancer, "", ""},
	{"Tranexamic", (*life).carrying, "", ""},
	{"Fluconazole", (*life).carrying, "", ""},
	{"Metformin", weakKidneys(30), "", ""},
	{"Methotrexate", weakKidneys(30), "", ""},
	{"Methotrexate", (*life).carrying, "", ""},
	{"Alendronic", weakKidneys(35), "", ""},
	{"Nicotine", (*life).carrying, "", ""},
	{"Ramipril", (*life).carrying, "Labetalol 100mg tablets", "One to be taken twice a day"},
	{"Losartan", (*life).carrying, "Labetalol 100mg tablets", "One to be taken twice a day"},
	{"Candesartan", (*life).carrying, "Labetalol 100mg tablets", "One to be taken twice a day"},
	{"Labetalol", wheezes, "", ""},
	{"Sacubitril", (*life).carrying, "", ""},
	{"Indapamide", (*life).carrying, "", ""},
	{"Spironolactone", (*life).carrying, "", ""},
	{"Atorvastatin", (*life).carrying, "", ""},
	{"Simvastatin", (*life).carrying, "", ""},
	{"Simvastatin", takesAmlodipine, "Atorvastatin 20mg tablets", "One to be taken at night"},
	{"Empagliflozin", (*life).carrying, "", ""},
	{"Dapagliflozin", (*life).carrying, "", ""},
	{"Sitagliptin", (*life).carrying, "", ""},
	{"Gliclazide", (*life).carrying, "", ""},
	{"Semaglutide", (*life).carrying, "", ""},
}

// safely returns what somebody is given of a medicine on a day: itself, what is
// given instead, in the form that a child takes; "": nothing.
func (l *life) safely(name, dose string, on Day) (string, string) {
	for i := range bars {
		if b := &bars[i]; strings.HasPrefix(name, b.stem) && b.holds(l, on) {
			if name, dose = b.name, b.dose; name == "" {
				return "", ""
			}
		}
	}
	return l.formed(name, dose, l.age(on))
}

// childForm is what a child is given of a medicine for adults, below an age.
type childForm struct {
	stem       string
	below      float64
	name, dose string
}

// childForms are asked in order. Source: British National Formulary for
// Children, doses by age band; K: from knowledge, not verified here.
var childForms = []childForm{
	{"Amoxicillin", 1, "Amoxicillin 125mg/5ml oral suspension sugar free", "5ml three times a day for 5 days"},
	{"Amoxicillin", 5, "Amoxicillin 250mg/5ml oral suspension sugar free", "5ml three times a day for 5 days"},
	{"Amoxicillin", 12, "Amoxicillin 250mg/5ml oral suspension sugar free", "10ml three times a day for 5 days"},
	{"Phenoxymethylpenicillin 250mg tablets", 1, "Phenoxymethylpenicillin 125mg/5ml oral solution sugar free", "2.5ml four times a day for 5 days"},
	{"Phenoxymethylpenicillin 250mg tablets", 6, "Phenoxymethylpenicillin 125mg/5ml oral solution sugar free", "5ml four times a day for 5 days"},
	{"Phenoxymethylpenicillin 250mg tablets", 12, "Phenoxymethylpenicillin 250mg/5ml oral solution sugar free", "5ml four times a day for 5 days"},
	{"Flucloxacillin", 2, "Flucloxacillin 125mg/5ml oral solution sugar free", "5ml four times a day for 7 days"},
	{"Flucloxacillin", 12, "Flucloxacillin 250mg/5ml oral solution sugar free", "5ml four times a day for 7 days"},
	{"Clarithromycin", 3, "Clarithromycin 125mg/5ml oral suspension", "2.5ml twice a day for 5 days"},
	{"Clarithromycin", 7, "Clarithromycin 125mg/5ml oral suspension", "5ml twice a day for 5 days"},
	{"Clarithromycin", 12, "Clarithromycin 125mg/5ml oral suspension", "10ml twice a day for 5 days"},
	{"Nitrofurantoin", 0.5, "", ""},
	{"Nitrofurantoin", 6, "Trimethoprim 50mg/5ml oral suspension sugar free", "5ml twice a day for 3 days"},
	{"Nitrofurantoin", 12, "Trimethoprim 50mg/5ml oral suspension sugar free", "10ml twice a day for 3 days"},
	{"Clotrimazole 500mg pessaries", 1, "Nystatin 100,000units/ml oral suspension", "1ml to be given four times a day after feeds"},
	{"Clotrimazole 500mg pessaries", 16, "Clotrimazole 1% cream", "Apply two or three times a day"},
	{"Naproxen", 16, "Ibuprofen 200mg tablets", "One to be taken three times a day with food"},
	{"Ibuprofen 400mg", 16, "Ibuprofen 200mg tablets", "One to be taken three times a day with food"},
}

// formed returns the form and dose in which somebody of an age takes a medicine.
func (l *life) formed(name, dose string, age float64) (string, string) {
	for i := range childForms {
		if f := &childForms[i]; age < f.below && strings.HasPrefix(name, f.stem) {
			return f.name, f.dose
		}
	}
	switch {
	case age >= 12 && strings.HasPrefix(name, "Amoxicillin 250mg/5ml"):
		return "Amoxicillin 500mg capsules", "One to be taken three times a day for 5 days"
	case l.p.Sex == Male && strings.HasPrefix(name, "Clotrimazole 500mg"):
		return "Clotrimazole 1% cream", "Apply two or three times a day"
	case l.p.Sex == Male && strings.HasPrefix(name, "Nitrofurantoin"), l.p.Sex == Male && strings.HasPrefix(name, "Trimethoprim 200mg"):
		return name, "One to be taken twice a day for 7 days"
	}
	return name, dose
}

// childs reports whether a preparation is one that a child takes.
func childs(name string) bool {
	for _, form := range []string{"suspension", "solution", "cream", "drops", "ointment"} {
		if strings.Contains(name, form) {
			return true
		}
	}
	return false
}

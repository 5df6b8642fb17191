package synth

// allergenNumber is a place in allergens.
type allergenNumber uint8

// What people are recorded as allergic to.
const (
	toPenicillin allergenNumber = iota
	toAmoxicillin
	toParacetamol
	toAspirin
	toNut
	toPeanut
	toEgg
	toMilk
	toLatex
	toMites
	allergenCount
)

// allergen is what people are recorded as allergic to, with its share of the
// recorded. Source: CPRD studies (penicillin allergy recorded in 6 in 100), National
// Child Measurement and EuroPrevall for foods; K: not verified here, rounded.
var allergens = [allergenCount]struct {
	what  *Concept
	share float64 // of people
	child bool
}{
	toPenicillin:  {sct("91936005", "Allergy to penicillin", SeenOnce), 0.058, false},
	toAmoxicillin: {sct("294505008", "Allergy to amoxicillin", Unverified), 0.008, false},
	toParacetamol: {sct("293584003", "Allergy to paracetamol", Unverified), 0.001, false},
	toAspirin:     {sct("293586001", "Allergy to aspirin", Unverified), 0.007, false},
	toNut:         {sct("91934008", "Allergy to nut", SeenOnce), 0.012, true},
	toPeanut:      {sct("91935009", "Allergy to peanut", SeenOnce), 0.012, true},
	toEgg:         {sct("91930004", "Allergy to egg", SeenOnce), 0.008, true},
	toMilk:        {sct("425525006", "Allergy to dairy product", SeenOnce), 0.01, true},
	toLatex:       {sct("300916003", "Latex allergy", SeenOnce), 0.003, false},
	toMites:       {sct("232350006", "House dust mite allergy", SeenOnce), 0.01, true},
}

// allergies tells of recorded allergies and intolerances.
func (l *life) allergies() {
	r := l.roll("allergies")
	for n, a := range allergens {
		l.wary[n] = NotYet
		u, when := r.uniform(), r.uniform()
		age := l.age(l.to)
		if l.has(eczema, l.to) && a.child {
			u /= 2.5
		}
		if !a.child { // found with the years
			u /= min(1, age/60)
		}
		if u >= a.share {
			continue
		}
		day := l.p.Born + Day(when*age*365)
		if a.child {
			day = l.p.Born + Day((0.5+6*when)*365)
		}
		if day > l.to {
			continue
		}
		l.wary[n] = day
		e := event(AllergyIntolerance, a.what, day.Start())
		e.Grain, e.Status = ToTheDay, "active"
		if day < l.from {
			l.milestone(r, &e, day)
		}
		l.add(e)
	}
}

package synth

// allergen is what people are recorded as allergic to, with its share of the
// recorded. Source: CPRD studies (penicillin allergy recorded in 6 in 100), National
// Child Measurement and EuroPrevall for foods; K: not verified here, rounded.
var allergens = []struct {
	what  *Concept
	share float64 // of people
	child bool
}{
	{sct("91936005", "Allergy to penicillin", SeenOnce), 0.058, false},
	{sct("294505008", "Allergy to amoxicillin", Unverified), 0.008, false},
	{sct("293584003", "Allergy to paracetamol", Unverified), 0.001, false},
	{sct("293586001", "Allergy to aspirin", Unverified), 0.007, false},
	{sct("91934008", "Allergy to nut", SeenOnce), 0.012, true},
	{sct("91935009", "Allergy to peanut", SeenOnce), 0.012, true},
	{sct("91930004", "Allergy to egg", SeenOnce), 0.008, true},
	{sct("425525006", "Allergy to dairy product", SeenOnce), 0.01, true},
	{sct("300916003", "Latex allergy", SeenOnce), 0.003, false},
	{sct("232350006", "House dust mite allergy", SeenOnce), 0.01, true},
}

// allergies tells of recorded allergies and intolerances.
func (l *life) allergies() {
	r := l.roll("allergies")
	for _, a := range allergens {
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
		e := event(AllergyIntolerance, a.what, day.Start())
		e.Grain, e.Status = ToTheDay, "active"
		if day < l.from {
			l.milestone(r, &e, day)
		}
		l.add(e)
	}
}

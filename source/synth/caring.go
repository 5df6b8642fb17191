package synth

// rates of unpaid care among people of five and over, by borough, and which
// part of it takes 20 to 49 and 50 hours a week and more. Source: Census 2021
// (ONS) by newsshopper.co.uk 23289508, for Bexley, Bromley, Greenwich and
// Lewisham; Lambeth and Southwark were not found, and have Lewisham's shares
// and the rate that their younger people would have of its (assumption).
var carers = map[string]struct{ rate, much, whole float64 }{
	"E09000004": {0.086, 0.19, 0.299}, "E09000006": {0.083, 0.17, 0.262}, "E09000011": {0.079, 0.2, 0.309},
	"E09000022": {0.066, 0.2, 0.257}, "E09000023": {0.076, 0.2, 0.257}, "E09000028": {0.068, 0.2, 0.257},
}

// caringAt weighs how often people of an age care for others. Assumption, the
// shape of the census: most between 50 and 64, and women half as often again.
func caringAt(age int, sex Sex) float64 {
	w := 0.0
	switch {
	case age < 5:
	case age < 18:
		w = 0.16
	case age < 25:
		w = 0.55
	case age < 35:
		w = 0.62
	case age < 50:
		w = 1.15
	case age < 65:
		w = 2.1
	case age < 75:
		w = 1.65
	case age < 85:
		w = 1.35
	default:
		w = 0.8
	}
	if sex == Female {
		return w * 1.18
	}
	return w * 0.82
}

// careShared works out by what the weights of caring become chances, so that in
// each borough as many care as were counted.
func careShared(strata []*stratum) {
	weighed, people := map[string]float64{}, map[string]float64{}
	for _, s := range strata {
		for age, n := range s.ages {
			female := femaleShare(age)
			weighed[s.borough] += n * (float64(female*caringAt(age, Female)) + float64((1-female)*caringAt(age, Male)))
			if age >= 5 {
				people[s.borough] += n
			}
		}
	}
	for _, s := range strata {
		s.caring = carers[s.borough].rate * people[s.borough] / weighed[s.borough]
	}
}

// caring decides who cares unpaid, and for whom: someone at home, their mother,
// or an older neighbour, as far as such people are in the block. Others care
// for somebody who isn't.
func (b *block) caring() {
	for i, p := range b.people {
		f := b.drafts[b.home[i]]
		age := ageOn(p.Born, b.d.Until)
		place := settle().strata[f.stratum]
		if f.standing != resident || age < 5 {
			continue
		}
		luck := roll(b.d.Seed, "caring", p.Number)
		if !luck.chance(place.caring * caringAt(age, p.Sex)) {
			continue
		}
		p.Caring = SomeCare
		rate := carers[place.borough]
		switch u := luck.uniform(); {
		case age < 18 && u > 0.1:
		case u < rate.whole:
			p.Caring = WholeCare
		case u < rate.whole+rate.much:
			p.Caring = MuchCare
		}
		if who := b.caredFor(luck, p); who != nil {
			p.CaresFor = append(p.CaresFor, who)
			who.Carers = append(who.Carers, p)
		}
	}
}

// caredFor returns for whom somebody cares; nil: nobody among the people.
func (b *block) caredFor(luck dice, p *Person) *Person {
	age := ageOn(p.Born, b.d.Until)
	weights := make([]float64, len(b.people))
	var sum float64
	for i, q := range b.people {
		weights[i] = b.needs(p, q, age)
		sum += weights[i]
	}
	// Somebody beyond the block: a mother in another borough, a neighbour.
	if beyond := 1.2; p.Caring == SomeCare && luck.uniform()*(sum+beyond) < beyond || sum == 0 {
		return nil
	}
	return b.people[luck.among(weights)]
}

// needs weighs how likely it is that p cares for q.
func (b *block) needs(p, q *Person, age int) float64 {
	if p == q || len(q.CaresFor) > 0 && q.CaresFor[0] == p || b.drafts[b.home[q.Number-b.first]].standing != resident {
		return 0
	}
	years := ageOn(q.Born, b.d.Until)
	frail := 0.03
	switch {
	case years >= 85:
		frail = 1
	case years >= 75:
		frail = 0.45
	case years >= 65:
		frail = 0.2
	case years >= 50:
		frail = 0.08
	}
	switch {
	case p.Household == q.Household && years < 18 && age >= 18 && q.Mother == p:
		return 0.1 // a disabled child
	case p.Household == q.Household && years < 18:
		return 0.03
	case p.Household == q.Household:
		return 6 * frail
	case p.Mother == q:
		return 4 * frail
	case age >= 18 && years >= 75 && p.Household.Area != nil && q.Household.Area != nil && p.Household.Area.Network == q.Household.Area.Network:
		return 0.1 * frail
	}
	return 0
}

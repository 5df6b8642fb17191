package synth

// register decides where a person of a draft is registered, since when, and
// what is known of their NHS number.
func (d *District) register(luck dice, p *Person, f draft) {
	p.Left, p.Arrived = NotYet, NotYet
	p.NHSNumber, p.NumberStatus = numberFor(d.Seed, p.Number), "01"
	if p.NHSNumber == "" {
		p.NumberStatus = "04" // the range for tests is spent
	}
	home := p.Household
	if d.registers(luck, p, f) {
		p.Practice = d.care.practiceFor(luck, home.Area)
		if first := home.People[0]; first != p && first.Practice != nil && luck.chance(0.9) {
			p.Practice = first.Practice // most of a household go to one practice
		}
	}
	d.moves(luck, p, f)
	switch {
	case p.NHSNumber == "":
	case p.Practice == nil && luck.chance(assumed["no NHS number"]):
		p.NHSNumber, p.NumberStatus = "", "04"
	case p.Practice == nil:
		p.NumberStatus = "03"
	case p.Born > d.Until-14:
		p.NumberStatus = "02"
	case luck.chance(assumed["not traced"]):
		p.NumberStatus = "02"
	}
}

// registers draws whether a person is on the list of a practice of the district.
func (d *District) registers(luck dice, p *Person, f draft) bool {
	switch f.standing {
	case movedAway, outside, inCareHome:
		return true
	case roofless:
		return luck.chance(assumed["no fixed abode registered"])
	case resident, inHall, inHostel:
	}
	// Children and older people are nearly all registered, young men least.
	weight := 0.3
	switch age := ageOn(p.Born, d.Until); {
	case age >= 18 && age < 35:
		weight = 1.9
	case age >= 35 && age < 50:
		weight = 1.3
	case age >= 50 && age < 65:
		weight = 0.7
	}
	if p.Sex == Male {
		weight *= 1.2
	} else {
		weight *= 0.8
	}
	weight *= unregistered
	return !luck.chance((assumed["registered elsewhere"] + assumed["registered nowhere"]) * weight)
}

// unregistered makes the weights of registers come to one on average.
const unregistered = 0.96

// moves draws since when a person has been registered, when they came to
// England if that is recent, and when they left if they have.
func (d *District) moves(luck dice, p *Person, f draft) {
	first := p.Household.People[0]
	age := ageOn(p.Born, d.Until)
	back := Day(luck.wait(years(staying(age))))
	if p != first && first.Since != NotYet && luck.chance(0.8) {
		back = d.Until - first.Since // they came together
	}
	p.Since = max(p.Born+Day(luck.between(7, 42)), d.Until-back, p.Born)
	p.Since = min(p.Since, d.Until)
	if first.Arrived != NotYet && first != p && p.Born < first.Arrived {
		p.Arrived = first.Arrived
	}
	if first == p && luck.chance(assumed["arrived"]*arriving(age)*foreign[p.Ethnicity[0]-'A']) {
		p.Arrived = d.Until - Day(luck.between(20, told*365))
	}
	if p.Arrived != NotYet {
		p.Since = min(max(p.Since, p.Arrived+Day(luck.wait(90))), d.Until)
	}
	if f.standing == movedAway {
		p.Left, p.Arrived = first.Left, NotYet
		if p == first {
			p.Left = min(d.Until, max(d.Until-Day(luck.wait(years(2.5))), f.youngest(d.Until)+30))
		}
		p.Since = max(p.Born, min(p.Since, p.Left-Day(luck.wait(years(2)))))
	}
	if p.Practice == nil {
		p.Since = NotYet
	}
}

// youngest returns the day on which the youngest of a draft was born.
func (f draft) youngest(until Day) Day {
	least := f.cast[0].age
	for _, m := range f.cast {
		least = min(least, m.age)
	}
	return until - Day(years(least))
}

func years(n float64) float64 { return n * 365.25 }

// staying returns for how many years people of an age have been registered
// where they are, on average. Assumption; it gives a turnover of about 15% a
// year, with young adults moving most (NHS Southwark CCG told of 16 to 28%).
func staying(age int) float64 {
	switch {
	case age < 18:
		return 8
	case age < 35:
		return 4
	case age < 50:
		return 8
	case age < 65:
		return 14
	}
	return 22
}

// arriving weighs how often the head of a household of an age came lately from abroad.
func arriving(age int) float64 {
	switch {
	case age < 25:
		return 2.2
	case age < 35:
		return 2.2
	case age < 45:
		return 1
	case age < 60:
		return 0.35
	}
	return 0.08
}

// foreign weighs the same by ethnic group, from A. Assumption.
var foreign = [26]float64{
	'A' - 'A': 0.08, 'B' - 'A': 1, 'C' - 'A': 2.3, 'D' - 'A': 0.1, 'E' - 'A': 0.3, 'F' - 'A': 0.4, 'G' - 'A': 1.2, 'H' - 'A': 2.6, 'J' - 'A': 1.5, 'K' - 'A': 1.2,
	'L' - 'A': 1.8, 'M' - 'A': 0.2, 'N' - 'A': 1.2, 'P' - 'A': 0.8, 'R' - 'A': 2.6, 'S' - 'A': 2.2,
}

package synth

// register decides where a person of a draft is registered, since when, and
// what is known of their NHS number.
func (d *District) register(luck dice, p *Person, f draft, as role) {
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
	d.moves(luck, p, f, as)
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
func (d *District) moves(luck dice, p *Person, f draft, as role) {
	first := p.Household.People[0]
	age := ageOn(p.Born, d.Until)
	back := Day(luck.wait(years(staying(age))))
	if p != first && first.Since != NotYet && luck.chance(0.8) {
		back = d.Until - first.Since // they came together
	}
	p.Since = max(p.Born+Day(luck.between(7, 42)), d.Until-back, p.Born)
	p.Since = min(p.Since, d.Until)
	d.arrives(luck, p, age, as)
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

// arrives draws whether a person was born abroad, and whether they came lately.
// Children were born where the head of their household lived then.
func (d *District) arrives(luck dice, p *Person, age int, as role) {
	first := p.Household.People[0]
	if as == asChild {
		if came := d.came(first); p.Born < came {
			p.BornAbroad, p.Arrived = true, first.Arrived
		}
		return
	}
	abroad := bornAbroad(p.Ethnicity[0], age)
	if p != first && first.BornAbroad {
		abroad = min(1, abroad*1.25)
	}
	if p.BornAbroad = luck.chance(abroad); !p.BornAbroad {
		return
	}
	switch {
	case p != first && as != asMate && first.Arrived != NotYet:
		p.Arrived = first.Arrived
	case luck.chance(arrivedLately(age)):
		p.Arrived = d.Until - Day(luck.between(20, told*365))
	}
}

// came returns when somebody born abroad came to England; NotYet: born here.
func (d *District) came(p *Person) Day {
	if !p.BornAbroad || p.Arrived != NotYet {
		return p.Arrived
	}
	return max(p.Born, d.Until-Day(years(told+roll(d.Seed, "came", p.Number).wait(14))))
}

// bornAbroad returns which part of an ethnic group's people of an age were born
// outside the United Kingdom. Assumption, after the Census 2021's country of
// birth by ethnic group; in 2014, 16 to 40% of the boroughs' people were (GLA
// borough profiles).
func bornAbroad(group byte, age int) float64 {
	part := map[byte]float64{
		'A': 0.03, 'B': 0.65, 'C': 0.9, 'D': 0.06, 'E': 0.25, 'F': 0.25, 'G': 0.4, 'H': 0.66, 'J': 0.55, 'K': 0.6,
		'L': 0.78, 'M': 0.14, 'N': 0.72, 'P': 0.4, 'R': 0.75, 'S': 0.8,
	}[group]
	switch {
	case group == 'M' && age >= 60:
		return 0.9
	case group == 'A':
		return part
	case age < 25:
		return part * 0.6
	}
	return part
}

// arrivedLately returns which part of people born abroad came in the years that
// are told in full. Assumption, so that it comes to about one in five of them.
func arrivedLately(age int) float64 {
	switch {
	case age < 25:
		return 0.5
	case age < 35:
		return 0.36
	case age < 45:
		return 0.14
	case age < 60:
		return 0.05
	}
	return 0.015
}

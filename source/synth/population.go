package synth

import "sort"

// settlement is how people are spread over the areas.
type settlement struct{ sum []float64 }

func settlementOf(areas []Area) *settlement {
	s := &settlement{}
	total := 0.0
	for _, a := range areas {
		total += float64(a.Population)
		s.sum = append(s.sum, total)
	}
	return s
}

func (s *settlement) draw(luck dice) int {
	at := luck.uniform() * s.sum[len(s.sum)-1]
	return sort.SearchFloat64s(s.sum, at)
}

// Block returns the n-th BlockSize people, from 0, in households, with their
// lives. It depends on the options and n alone, and is safe for concurrent use.
func (d *District) Block(n int64) []*Person {
	people := make([]*Person, 0, BlockSize)
	for len(people) < BlockSize {
		luck := roll(d.Seed, "household", n*BlockSize+int64(len(people)))
		area := &d.Areas[d.settle.draw(luck)]
		home := &Household{Lines: []string{"1 Foundry Lane"}, Town: "Eastmere", Postcode: "ZZ1 1AB", Area: area, Tenure: "private rent"}
		for range min(luck.between(1, 4), BlockSize-len(people)) {
			p := d.someone(n*BlockSize+int64(len(people)), home)
			home.People = append(home.People, p)
			people = append(people, p)
		}
	}
	return people
}

func (d *District) someone(number int64, home *Household) *Person {
	luck := roll(d.Seed, "person", number)
	p := &Person{Number: number, NHSNumber: numberFor(d.Seed, number), Sex: Sex(luck.between(0, 1)),
		Born: d.Until - Day(luck.between(0, 90*365)), Died: NotYet, Ethnicity: "A", Household: home}
	p.Names = []Name{{Use: "official", Family: "Thistledown", Given: []string{"Alex"}, Until: NotYet}}
	p.Practice = d.care.practiceFor(luck, home.Area)
	p.Since = max(p.Born, d.Until-Day(luck.between(0, 20*365)))
	return p
}

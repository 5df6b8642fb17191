package synth

// told is how many years of a life are told in full.
const told = 5

// draft is a household that is being put together.
type draft struct {
	lot
	first int // the place of its first dweller in the block
	cast  []dweller
}

// Block returns the n-th BlockSize people, from 0, in households, with their
// lives. It depends on the options and n alone, and is safe for concurrent use.
func (d *District) Block(n int64) []*Person {
	people := make([]*Person, 0, BlockSize)
	for _, f := range d.drafts(n) {
		people = append(people, d.household(n*BlockSize+int64(f.first), f)...)
	}
	for _, p := range people {
		d.live(p)
	}
	return people
}

// drafts returns households that fill a block exactly: rows of households are
// drawn until one does.
func (d *District) drafts(n int64) []draft {
	s := settle()
	luck := roll(d.Seed, "block", n)
	drafts := make([]draft, 0, 80)
	cast := make([]dweller, 0, 2*BlockSize)
	for {
		drafts, cast = drafts[:0], cast[:0]
		for len(cast) < BlockSize {
			lot, first := s.draw(luck), len(cast)
			cast = templates[lot.template].compose(luck, s.strata[lot.stratum], cast)
			if size := len(cast) - first; size > most || !luck.chance(s.keep[size]) {
				cast = cast[:first]
				continue
			}
			drafts = append(drafts, draft{lot, first, cast[first:len(cast):len(cast)]})
		}
		if len(cast) == BlockSize {
			return drafts
		}
	}
}

// household makes people of a draft; number is that of its first.
func (d *District) household(number int64, f draft) []*Person {
	s := settle()
	luck := roll(d.Seed, "household", number)
	place := s.strata[f.stratum]
	of := s.heritage(luck, f.lot)
	home := &Household{Area: &d.Areas[place.area(luck)]}
	for i, m := range f.cast {
		p := &Person{Number: number + int64(i), NHSNumber: numberFor(d.Seed, number+int64(i)), Sex: m.sex, Died: NotYet, Household: home}
		p.Born = d.Until - Day(m.age*365.25)
		if m.twin {
			p.Born = home.People[i-1].Born
		}
		e := of.head
		switch m.role {
		case asPartner:
			e = of.partner
		case asChild:
			e = of.child
		case asMate:
			e = s.heritage(luck, f.lot).head
		case asHead, asGrandparent:
		}
		p.Ethnicity = letters[e : e+1]
		p.Names = []Name{{Use: "official", Family: "Thistledown", Given: []string{"Alex"}, Until: NotYet}}
		p.Practice = d.care.practiceFor(luck, home.Area)
		p.Since = max(p.Born, d.Until-Day(luck.between(0, 20*365)))
		home.People = append(home.People, p)
	}
	return home.People
}

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
		d.second(p)
	}
	d.overlays(people)
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
	luck := roll(d.Seed, "household", number)
	of := settle().heritage(luck, f.lot)
	home := d.home(luck, f)
	for i, m := range f.cast {
		p := &Person{Number: number + int64(i), Sex: m.sex, Born: d.Until - Day(years(m.age)), Died: NotYet, Household: home}
		if m.twin {
			p.Born = home.People[i-1].Born
		}
		home.People = append(home.People, p)
		own := roll(d.Seed, "person", p.Number)
		p.Ethnicity = settle().group(own, f, of, m.role)
		d.register(own, p, f)
		p.Names = []Name{{Use: "official", Family: "Thistledown", Given: []string{"Alex"}, Until: NotYet}}
	}
	return home.People
}

// group returns the ethnic group of somebody with a role in a household.
func (s *settlement) group(luck dice, f draft, of heritage, as role) string {
	e := of.head
	switch as {
	case asPartner:
		e = of.partner
	case asChild:
		e = of.child
	case asMate:
		e = s.heritage(luck, f.lot).head
	case asHead, asGrandparent:
	}
	return letters[e : e+1]
}

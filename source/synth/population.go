package synth

import "math"

// told is how many years of a life are told in full.
const told = 5

// draft is a household that is being put together.
type draft struct {
	lot
	first int // the place of its first dweller in the block
	cast  []dweller
}

// block is people who are invented together, while they are.
type block struct {
	d      *District
	first  int64 // number of the first of them
	drafts []draft
	people []*Person
	bears  []lineage // by person: what they were born with
	heirs  []lineage // by draft: what its children are born with
	of     []heritage
	home   []int // by person: the place of their draft
}

// Block returns the n-th BlockSize people, from 0, in households, with their
// lives. It depends on the options and n alone, and is safe for concurrent use.
func (d *District) Block(n int64) []*Person {
	people := d.people(n)
	for _, p := range people {
		d.live(p)
	}
	for _, p := range people {
		d.state(p)
		d.second(p)
	}
	d.overlays(people)
	return people
}

// people returns the people of a block before they have lived.
func (d *District) people(n int64) []*Person {
	b := &block{d: d, first: n * BlockSize, drafts: d.drafts(n)}
	b.people = make([]*Person, 0, BlockSize)
	for i := range b.drafts {
		b.household(i)
	}
	b.kin()
	b.name()
	b.caring()
	for _, p := range b.people {
		d.reach(p)
	}
	return b.people
}

// drafts returns households that fill a block exactly: rows of households are
// drawn until one does.
func (d *District) drafts(n int64) []draft {
	s := settle()
	luck := roll(d.Seed, "block", n)
	_, part := math.Modf(roll(d.Seed, "blocks", 0).uniform() + float64(n)*math.Sqrt2)
	drafts := make([]draft, 0, 80)
	cast := make([]dweller, 0, 2*BlockSize)
	for {
		drafts, cast = drafts[:0], cast[:0]
		for len(cast) < BlockSize {
			// Steps of the golden section fall evenly, and so do blocks that begin at
			// multiples of another irrational number: few people are much like all.
			_, part = math.Modf(part + 1/math.Phi)
			lot, first := s.at(part), len(cast)
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

// household makes people of the i-th draft.
func (b *block) household(i int) {
	d, f := b.d, b.drafts[i]
	number := b.first + int64(f.first)
	luck := roll(d.Seed, "household", number)
	of := settle().heritage(luck, f.lot)
	b.of = append(b.of, of)
	home := d.home(luck, f)
	home.People = make([]*Person, 0, len(f.cast))
	for k, m := range f.cast {
		p := &Person{Number: number + int64(k), Sex: m.sex, Born: d.Until - Day(years(m.age)), Died: NotYet, Household: home}
		if m.twin {
			p.Born = home.People[k-1].Born
		}
		home.People = append(home.People, p)
		b.people, b.home = append(b.people, p), append(b.home, i)
		own := roll(d.Seed, "person", p.Number)
		p.Ethnicity = settle().group(own, f, of, m.role)
		d.register(own, p, f, m.role)
	}
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

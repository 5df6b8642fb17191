package synth

import (
	"math"
	"slices"
	"sort"
	"sync"
)

// settlement says how many households of each sort there are: what a household
// is drawn from. It is the same for every seed.
type settlement struct {
	strata []*stratum
	lots   []lot
	sum    []float64         // of the lots' households
	keep   [most + 1]float64 // chance that a household of a size that was drawn is taken into a block
	rooted [][]inheritance   // by stratum and template: whose people a household is
}

// lot is a sort of household: where, of whom, and how it is on the record.
type lot struct {
	stratum, template int
	standing          standing
	households        float64
}

// standing is how a household is on the record.
type standing uint8

const (
	resident   standing = iota
	inCareHome          // a resident of a care home
	inHall              // a student in a hall of residence
	inHostel
	roofless  // no fixed abode
	outside   // registered here, lives across the border
	movedAway // registered here, lives here no more, and no one has said so
)

// most is the number of people in the largest household.
const most = 12

// sample is what households of a template turn out to be.
type sample struct {
	people   [2 * len(cells)]float64 // a household's, by age and sex
	sizes    [most + 1]float64       // part of the households that have so many people
	size     float64
	children float64
}

// settle works out the settlement, once.
var settle = sync.OnceValue(func() *settlement {
	areas := readAreas()
	s := &settlement{strata: readStrata(areas)}
	samples := sampled(s.strata)
	var fitted [][]float64
	for i, place := range s.strata {
		private := s.communal(i, place)
		fitted = append(fitted, fit(private, total(place.tenures[:])*total(place.ages[:])/total(place.groups[:]), samples))
		for t, households := range fitted[i] {
			s.lots = append(s.lots, lot{i, t, resident, households})
		}
		s.rooted = append(s.rooted, root(place, place.living(fitted[i], samples), samples))
		place.furnish(fitted[i], samples)
	}
	careShared(s.strata)
	s.others(fitted, samples)
	at := 0.0
	for _, l := range s.lots {
		at += l.households
		s.sum = append(s.sum, at)
	}
	s.keep = keeping(s.sizes(samples))
	return s
})

// sampled makes households by each template and counts their people: what the
// templates make is measured by making it.
func sampled(strata []*stratum) []sample {
	const times = 1500
	var everywhere stratum
	for _, s := range strata {
		for i, n := range s.ages {
			everywhere.ages[i] += n
		}
	}
	samples := make([]sample, len(templates))
	var cast []dweller
	for t := range samples {
		luck := roll(0, "sample", int64(t))
		s := &samples[t]
		for range times {
			cast = templates[t].compose(luck, &everywhere, cast[:0])
			for _, m := range cast {
				s.people[cell(m.age, m.sex)] += 1. / times
				if m.role == asChild {
					s.children += 1. / times
				}
			}
			s.sizes[min(len(cast), most)] += 1. / times
		}
		s.size = total(s.people[:])
	}
	return samples
}

// communal adds the lots of communal homes in a stratum and returns the people
// by age and sex who are left for households: as many as are published, and
// those who were to die in the years that are told (see survival).
func (s *settlement) communal(i int, place *stratum) (left [2 * len(cells)]float64) {
	for age, people := range place.ages {
		for _, sex := range []Sex{Female, Male} {
			part := femaleShare(age)
			if sex == Male {
				part = 1 - part
			}
			left[cell(float64(age), sex)] += people * part / place.survive(age, sex)
		}
	}
	for t, template := range templates {
		if template.kind > manAlone {
			continue
		}
		age := bands[template.band]
		sex := Sex(template.kind) // womanAlone is Female, manAlone Male
		at := &left[cell(float64(age), sex)]
		parts := communalParts(place.borough, age, sex)
		parts[0] = frailer(parts[0], place.survive(age, sex))
		for home, part := range parts {
			if part > 0 {
				s.lots = append(s.lots, lot{i, t, inCareHome + standing(home), *at * part})
			}
		}
		*at *= 1 - total(parts[:])
	}
	return left
}

// survive returns which part of the people of an age, had they lived, have
// lived through the years that are told.
func (s *stratum) survive(age int, sex Sex) float64 {
	if age < 90 {
		return survival(float64(age)+0.5, sex, s.decile, told)
	}
	var sum, people float64
	for older := range 15 {
		share := math.Exp(-float64(older) / overNinety)
		sum += share * survival(90.5+float64(older), sex, s.decile, told)
		people += share
	}
	return sum / people
}

// living returns households of each template in proportion to those of their
// people who live through the years that are told.
func (s *stratum) living(fitted []float64, samples []sample) []float64 {
	all := make([]float64, len(fitted))
	for t := range all {
		var alive float64
		for c, n := range samples[t].people {
			alive += n * s.survive(cells[c/2], Sex(c%2))
		}
		all[t] = fitted[t] * alive / samples[t].size
	}
	return all
}

// frailer returns the part of people who must be in care homes so that, of
// those who live, a given part is. lives is which part of all live; in homes the
// hazard of death is nearly twice as high (see hazards).
func frailer(part, lives float64) float64 {
	const hazard = 1.8
	inHomes := math.Pow(lives, hazard)
	return part * lives / (float64((1-part)*inHomes) + float64(part*lives))
}

// communalParts returns which part of the people of an age live in care homes,
// halls of residence and hostels.
func communalParts(borough string, age int, sex Sex) (part [3]float64) {
	switch {
	case age >= 85:
		part[0] = assumed["care home 85"]
	case age >= 75:
		part[0] = assumed["care home 75"]
	case age >= 65:
		part[0] = assumed["care home 65"]
	case sex == Male:
		part[2] = assumed["hostel"] * 1.4
	default:
		part[2] = assumed["hostel"] * 0.6
	}
	outer := borough == Boroughs[0] || borough == Boroughs[1]
	if age < 20 && !outer {
		part[1] = assumed["student hall"]
	} else if age == 20 && !outer {
		part[1] = assumed["student hall"] / 3
	}
	return part
}

// fit returns how many households of each template there are, so that their
// people are as many as given by age and sex, and the households as many as
// given. It begins with the templates' priors and moves them as little as it
// must (the multiplicative updates of Richardson and Lucy).
func fit(people [2 * len(cells)]float64, households float64, samples []sample) []float64 {
	const rounds = 400
	w := make([]float64, len(templates))
	for t, template := range templates {
		from := cell(float64(bands[template.band]), Female)
		w[t] = template.prior * (people[from] + people[from+1]) / 100
	}
	for range rounds {
		var made [2 * len(cells)]float64
		for t := range w {
			for c, n := range samples[t].people {
				made[c] += float64(w[t] * n)
			}
		}
		short := households / total(w)
		var ratio [2 * len(cells)]float64
		for c := range ratio {
			if made[c] > 0 {
				ratio[c] = people[c] / made[c]
			}
		}
		for t := range w {
			sum := short
			for c, n := range samples[t].people {
				sum += float64(n * ratio[c])
			}
			w[t] *= sum / (samples[t].size + 1)
		}
	}
	return w
}

// others adds the lots of people who are on the record and aren't residents.
func (s *settlement) others(fitted [][]float64, samples []sample) {
	registered := assumed["residents"] * (1 - assumed["registered elsewhere"] - assumed["registered nowhere"])
	gone := assumed["registered"] - registered - assumed["outside"] - float64(assumed["no fixed abode"]*assumed["no fixed abode registered"])
	s.share(movedAway, gone, samples, fitted, func(t template) float64 { return restless[t.band] })
	s.share(outside, assumed["outside"], samples, fitted, func(template) float64 { return 1 })
	s.share(roofless, assumed["no fixed abode"], samples, fitted, func(t template) float64 {
		switch {
		case bands[t.band] >= 65 || t.kind > manAlone:
			return 0
		case t.kind == womanAlone:
			return 0.3
		}
		return 1
	})
}

// restless is how often households whose head is of a band have moved away and
// are still on a list. Assumption: as people move who rent.
var restless = [len(bands)]float64{0.3, 1, 1.6, 1.3, 0.8, 0.5, 0.35, 0.25, 0.2, 0.15, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1}

// share adds lots with so many people in a standing, in proportion to the
// residents' households and a weight.
func (s *settlement) share(as standing, people float64, samples []sample, fitted [][]float64, weight func(template) float64) {
	var sum float64
	for i := range fitted {
		for t, households := range fitted[i] {
			sum += households * weight(templates[t]) * samples[t].size
		}
	}
	for i := range fitted {
		for t, households := range fitted[i] {
			if n := households * weight(templates[t]) * people / sum; n > 0 {
				s.lots = append(s.lots, lot{i, t, as, n})
			}
		}
	}
}

// at returns the lot that lies a part of the way through all households.
func (s *settlement) at(part float64) lot {
	return s.lots[min(sort.SearchFloat64s(s.sum, part*s.sum[len(s.sum)-1]), len(s.lots)-1)]
}

// sizes returns which part of all households has so many people.
func (s *settlement) sizes(samples []sample) (sizes [most + 1]float64) {
	for _, l := range s.lots {
		for k, part := range samples[l.template].sizes {
			sizes[k] += float64(l.households * part)
		}
	}
	sum := total(sizes[:])
	for k := range sizes {
		sizes[k] /= sum
	}
	return sizes
}

// keeping returns with what chance a household of a size must be taken into a
// block so that, in blocks of households that fill them exactly, sizes are as
// given. Among rows of households that happen to fill a block, large ones are
// too few: this gives them back their part.
func keeping(sizes [most + 1]float64) (keep [most + 1]float64) {
	tilted := sizes
	for range 30 {
		var filled [BlockSize + 1]float64 // chance that some households fill the first so many places
		filled[0] = 1
		for n := 1; n <= BlockSize; n++ {
			for k := 1; k <= min(most, n); k++ {
				filled[n] += float64(tilted[k] * filled[n-k])
			}
		}
		for k := 1; k <= most; k++ {
			var times float64 // a household of this size stands in a block, for each chance that it is drawn
			for before := 0; before+k <= BlockSize; before++ {
				times += float64(filled[before] * filled[BlockSize-k-before])
			}
			tilted[k] = sizes[k] / times
		}
		sum := total(tilted[:])
		for k := range tilted {
			tilted[k] /= sum
		}
	}
	for k := range keep {
		if sizes[k] > 0 {
			keep[k] = tilted[k] / sizes[k]
		}
	}
	largest := slices.Max(keep[:])
	for k := range keep {
		keep[k] /= largest
	}
	return keep
}

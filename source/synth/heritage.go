package synth

import (
	_ "embed"
	"strings"
)

// heritage is of which ethnic groups the people of a household are, as places
// in letters.
type heritage struct {
	head, partner, child int
	mixed                bool
}

// inheritance is a heritage with how likely it is, it and those before it.
type inheritance struct {
	upTo float32
	of   heritage
}

// mixtures are the groups of couples who differ, with that of their children,
// and how often they live together for what their groups' sizes would have.
// Assumption: which there are, and how often those whose children are of one
// group; how often the others comes from the census's counts of mixed groups.
var mixtures = []struct {
	letters string // one, the other, their children
	often   float64
}{
	{"AMD", 0.3},
	{"CMD", 0.1},
	{"ANE", 0.2},
	{"CNE", 0.15},
	{"AHF", 0.2},
	{"ALF", 0.2},
	{"AJF", 0.1},
	{"ARF", 0.25},
	{"CLF", 0.1},
	{"ASG", 0.2},
	{"CSG", 0.15},
	{"CGG", 0.1},
	{"ADD", 0.2},
	{"AFF", 0.2},
	{"ACA", 0.2},
	{"ABA", 0.35},
	{"MNP", 0.1},
}

//go:embed params/profiles.tsv
var profilesTable string

// profiles are the parts of each ethnic group's people by age, in seven bands,
// and how many of its families have more or fewer children at home.
var profiles = func() (all [16][len(profileAges)]float64) {
	for row := range rows(profilesTable) {
		fill(all[strings.Index(letters, row[0])][:], row[1:])
	}
	return all
}()

// profileAges are the ages at which the bands of profiles begin.
var profileAges = [7]int{0, 16, 25, 35, 50, 65, 75}

// profileBand returns in which band of profiles an age lies.
func profileBand(age int) int {
	band := 0
	for band+1 < len(profileAges) && profileAges[band+1] <= age {
		band++
	}
	return band
}

// heritages are all that a household can have.
var heritages = func() (all []heritage) {
	for i := range letters {
		all = append(all, heritage{head: i, partner: i, child: i})
	}
	for _, m := range mixtures {
		at := func(i int) int { return strings.IndexByte(letters, m.letters[i]) }
		all = append(all,
			heritage{head: at(0), partner: at(1), child: at(2), mixed: true},
			heritage{head: at(1), partner: at(0), child: at(2), mixed: true})
	}
	return all
}()

// root returns how likely each heritage is for the households of each template
// in a stratum, so that people come out as many in each ethnic group as were
// counted.
func root(place *stratum, fitted []float64, samples []sample) []inheritance {
	weights := make([][]float64, len(templates))
	for t := range templates {
		weights[t] = likely(place, templates[t])
	}
	factor := make([]float64, len(heritages))
	for h := range factor {
		factor[h] = 1
	}
	const rounds = 60
	people := total(place.groups[:])
	for range rounds {
		made, each := [16]float64{}, make([][16]float64, len(heritages))
		for t, households := range fitted {
			var sum float64
			for h, w := range weights[t] {
				sum += float64(w * factor[h])
			}
			for h, w := range weights[t] {
				if w > 0 {
					heritages[h].count(&each[h], &samples[t], households*w*factor[h]/sum)
				}
			}
		}
		for h := range each {
			for e, n := range each[h] {
				made[e] += n
			}
		}
		all := total(made[:])
		for h := range factor {
			var sum, want float64
			for e, n := range each[h] {
				if made[e] > 0 {
					sum += n
					want += float64(n * place.groups[e] / people * all / made[e])
				}
			}
			if sum > 0 {
				factor[h] *= want / sum
			}
		}
	}
	return cumulative(weights, factor)
}

// cumulative returns the inheritances of every template, one after another.
func cumulative(weights [][]float64, factor []float64) []inheritance {
	var all []inheritance
	for _, of := range weights {
		var sum, upTo float64
		for h, w := range of {
			sum += float64(w * factor[h])
		}
		for h, w := range of {
			upTo += w * factor[h] / sum
			all = append(all, inheritance{float32(upTo), heritages[h]})
		}
	}
	return all
}

// likely returns how likely each heritage is for a template before the fit.
func likely(place *stratum, t template) []float64 {
	band := profileBand(bands[t.band])
	groups := total(place.groups[:])
	var density [16]float64
	for e, n := range place.groups {
		density[e] = n / groups * profiles[e][band] * homely(letters[e], t.kind)
	}
	sum := total(density[:])
	all := make([]float64, len(heritages))
	for h, of := range heritages {
		if !of.mixed {
			all[h] = density[of.head] / sum
			continue
		}
		if t.kind == couple || t.kind == family || t.kind == loneMother {
			all[h] = mixtures[(h-len(letters))/2].often * density[of.head] / sum * density[of.partner] / sum
		}
	}
	return all
}

// homely is how often people of a group live in households of a kind, for how
// often all do. Assumption, after the Census 2011 report of ONS on how family
// life differs between ethnic groups: three generations among South Asian
// families, lone parents among Black and Mixed, single older people among White
// and Caribbean.
func homely(letter byte, k kind) float64 {
	if letter >= 'D' && letter <= 'G' && (k == couple || k == family || k == threeGenerations) {
		return 0.12 // both of one mixed group is rare
	}
	switch k {
	case threeGenerations:
		return map[byte]float64{'H': 5, 'J': 5, 'K': 6, 'L': 3, 'N': 1.5, 'R': 1.5, 'S': 1.5}[letter] + 0.3
	case loneMother:
		return map[byte]float64{'M': 1.6, 'N': 1.2, 'P': 1.5, 'D': 1.8, 'E': 1.4, 'H': -0.6, 'R': -0.4, 'C': -0.3}[letter] + 1
	case family:
		return map[byte]float64{'H': 0.7, 'J': 1.2, 'K': 1.5, 'L': 0.5, 'N': 0.5, 'M': -0.4, 'B': -0.2}[letter] + 1
	case womanAlone, manAlone:
		return map[byte]float64{'H': -0.6, 'J': -0.6, 'K': -0.7, 'L': -0.4, 'N': -0.2, 'M': 0.4}[letter] + 1
	case sharers:
		return map[byte]float64{'C': 0.8, 'R': 0.8, 'J': -0.4, 'K': -0.4, 'M': -0.5}[letter] + 1
	case couple, loneFather, kinds:
	}
	return 1
}

// count adds the people of households of a heritage to their groups.
func (h heritage) count(n *[16]float64, s *sample, households float64) {
	adults := (s.size - s.children) * households
	n[h.child] += s.children * households
	if s.size < 1.5 {
		n[h.head] += adults
		return
	}
	n[h.head] += adults / 2
	n[h.partner] += adults / 2
}

// heritage draws whose people the household of a lot is.
func (s *settlement) heritage(luck dice, l lot) heritage {
	from := l.template * len(heritages)
	at := float32(luck.uniform())
	of := s.rooted[l.stratum][from : from+len(heritages)]
	for _, x := range of {
		if at < x.upTo {
			return x.of
		}
	}
	return of[0].of
}

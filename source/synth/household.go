package synth

import (
	_ "embed"
	"math"
	"slices"
)

// role is what somebody is in their household.
type role uint8

const (
	asHead role = iota
	asPartner
	asChild
	asGrandparent // mother or father of the head
	asMate        // shares a flat
)

// dweller is somebody in a household that is being put together, before they
// are anybody: the age is that at the last day, were nobody to die.
type dweller struct {
	age  float64
	sex  Sex
	role role
	twin bool // born with the one before
}

// kind is of whom a household consists.
type kind uint8

const (
	womanAlone kind = iota
	manAlone
	couple
	family
	loneMother
	loneFather
	threeGenerations
	sharers
	kinds
)

// bands are the ages at which the bands of heads begin.
var bands = [...]int{18, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90}

// upTo returns the age at which a band ends.
func upTo(band int) int {
	if band+1 < len(bands) {
		return bands[band+1]
	}
	return 91
}

// template is what households of a kind with a head of an age band are made by.
type template struct {
	kind  kind
	band  int
	prior float64 // households for 100 adults of the band, before the fit
}

//go:embed params/living.tsv
var livingTable string

var templates = func() (all []template) {
	var k kind
	for row := range rows(livingTable) {
		for band := range bands {
			if prior := number(row[1+band]); prior > 0 {
				all = append(all, template{k, band, prior})
			}
		}
		k++
	}
	return all
}()

// compose appends the members of a household to a list. s says how people of
// a band are spread over its years.
func (t template) compose(luck dice, s *stratum, cast []dweller) []dweller {
	age := s.age(luck, bands[t.band], upTo(t.band))
	switch t.kind {
	case womanAlone:
		return append(cast, dweller{age: age, sex: Female})
	case manAlone:
		return append(cast, dweller{age: age, sex: Male})
	case couple:
		return paired(luck, age, 0.03, cast)
	case family:
		return brood(luck, age, paired(luck, age, 0.005, cast))
	case loneMother:
		return brood(luck, age, append(cast, dweller{age: age, sex: Female}))
	case loneFather:
		return brood(luck, age-2, append(cast, dweller{age: age, sex: Male}))
	case threeGenerations:
		cast = brood(luck, age, paired(luck, age, 0, cast))
		elder := dweller{age: min(age+clamp(luck.normal(28, 5), 17, 42), 104), role: asGrandparent}
		if luck.chance(0.25) {
			elder.sex = Male
		}
		return append(cast, elder)
	case sharers, kinds:
	}
	cast = append(cast, dweller{age: age, sex: Sex(luck.between(0, 1))})
	for range luck.among([]float64{45, 30, 15, 7, 3}) + 1 {
		cast = append(cast, dweller{age: grown(age + luck.normal(0, 3)), sex: Sex(luck.between(0, 1)), role: asMate})
	}
	return cast
}

// paired appends a woman and her partner, and once in a while two of one sex.
// Men are about two years older than their partners (ONS, Marriages in England
// and Wales).
func paired(luck dice, age, alike float64, cast []dweller) []dweller {
	one, other := dweller{age: age, sex: Female}, dweller{sex: Male, role: asPartner}
	if luck.chance(alike) {
		one.sex = Sex(luck.between(0, 1))
		other.sex = one.sex
	}
	other.age = min(grown(age+luck.normal(2.2, 4)), 100)
	return append(cast, one, other)
}

// grown returns an age of at least 18: one below is as far above.
func grown(age float64) float64 { return 18 + math.Abs(age-18) }

// brood appends the children of a mother of an age who live with her, one at
// least. Assumptions: first births at 29 or so (ONS, Births in England and
// Wales by characteristics of birth: a mean age of 31 over all births, and
// twins in 1.5% of maternities), one to five or six children.
func brood(luck dice, mother float64, cast []dweller) []dweller {
	const tries = 6
	start := len(cast)
	for range tries {
		at := clamp(luck.normal(29, 5.5), 16, 43)
		for range luck.among([]float64{28, 44, 18, 7, 2, 1}) + 1 {
			age := mother - at
			if age < 0 || at > 46 {
				break
			}
			if luck.chance(athome(age)) {
				cast = append(cast, dweller{age: age, sex: boyOrGirl(luck), role: asChild})
				if luck.chance(0.015) {
					cast = append(cast, dweller{age: age, sex: boyOrGirl(luck), role: asChild, twin: true})
				}
			}
			at += 1.3 + luck.wait(1.9)
		}
		if len(cast) > start {
			return cast
		}
	}
	age := mother - clamp(16+luck.uniform()*24, 16, max(16.5, mother))
	return append(cast, dweller{age: max(age, 0), sex: boyOrGirl(luck), role: asChild})
}

// athome returns which part of children of an age live with their parents.
// Source: ONS, Young adults living with their parents, UK 2020, rounded; past
// 35 an assumption.
func athome(age float64) float64 {
	switch {
	case age < 18:
		return 1
	case age < 20:
		return 0.77
	case age < 25:
		return 0.6
	case age < 30:
		return 0.3
	case age < 35:
		return 0.14
	}
	return 0.05
}

func boyOrGirl(luck dice) Sex {
	if luck.chance(assumed["female at birth"]) {
		return Female
	}
	return Male
}

func clamp(x, low, high float64) float64 { return min(max(x, low), high) }

// cells are the ages by which the people that households make are counted:
// below the first bands of five years, then as published tables have them.
var cells = [...]int{0, 1, 5, 10, 15, 18, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90}

// cell returns the cell of an age and sex.
func cell(age float64, sex Sex) int {
	i, found := slices.BinarySearch(cells[:], int(age))
	if !found {
		i--
	}
	return i*2 + int(sex)
}

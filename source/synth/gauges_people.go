package synth

import (
	"slices"
	"strconv"
)

// resides reports whether somebody lived in the district on its last day.
func resides(_ *District, p *Person) bool {
	return p.Household.Area != nil && p.Died == NotYet && p.Left == NotYet
}

// isRegistered reports whether somebody was on a practice's list on the last day.
func isRegistered(p *Person) bool { return p.Practice != nil && p.Died == NotYet }

// boroughOf returns the place of a household's borough in Boroughs, -1 outside.
func boroughOf(p *Person) int {
	if p.Household.Area == nil {
		return -1
	}
	return slices.Index(Boroughs[:], p.Household.Area.Borough)
}

const ons2020 = "ONS mid-2020 population estimates"

// populationGauges hold who lives in the district, and where.
func populationGauges(d *District) []gauge {
	strata := readStrata(d.Areas)
	total, byBorough, byBand, byGroup := 0.0, [6]float64{}, [6][5]float64{}, [6][16]float64{}
	for _, s := range strata {
		b := slices.Index(Boroughs[:], s.borough)
		for age, n := range s.ages {
			total += n
			byBorough[b] += n
			byBand[b][lifeStage(age)] += n
		}
		for g, n := range s.groups {
			byGroup[b][g] += n
		}
	}
	boroughs := gauge{
		title: "Residents by borough", unit: "% of residents", scale: 100, source: ons2020,
		count: func(d *District, p *Person, add func(int, int64, int64)) {
			if resides(d, p) {
				for b := range Boroughs {
					add(b, whetherOne(b == boroughOf(p)), 1)
				}
			}
		},
	}
	ages := gauge{
		title: "Residents by age", unit: "% of the borough", scale: 100, source: ons2020,
		count: func(d *District, p *Person, add func(int, int64, int64)) {
			if resides(d, p) {
				for band := range lifeStages {
					add(boroughOf(p)*len(lifeStages)+band, whetherOne(band == lifeStage(ageOn(p.Born, d.Until))), 1)
				}
			}
		},
	}
	groups := gauge{
		title: "Residents by ethnic group", unit: "% of the borough, of those whose group is stated", scale: 100, source: "Census 2021, ONS",
		count: func(d *District, p *Person, add func(int, int64, int64)) {
			if !resides(d, p) {
				return
			}
			group := slices.Index([]byte(letters), p.Ethnicity[0])
			if group < 0 || len(p.Ethnicity) > 1 {
				return
			}
			for g := range len(letters) {
				add(boroughOf(p)*len(letters)+g, whetherOne(g == group), 1)
			}
		},
	}
	for b, code := range Boroughs {
		name := boroughNames[code]
		boroughs.cells = append(boroughs.cells, figure{name, 100 * byBorough[b] / total, 0.02})
		for band := range lifeStages {
			ages.cells = append(ages.cells, figure{name + ", " + lifeStages[band], 100 * byBand[b][band] / byBorough[b], 0.04})
		}
		sum := 0.0
		for _, n := range byGroup[b] {
			sum += n
		}
		for g := range len(letters) {
			groups.cells = append(groups.cells, figure{name + ", " + ethnicities[letters[g:g+1]], 100 * byGroup[b][g] / sum, 0.1})
		}
	}
	return []gauge{boroughs, ages, groups, deprivationGauge(d), registrationGauge()}
}

var lifeStages = [5]string{"0 to 17", "18 to 39", "40 to 64", "65 to 79", "80 and over"}

func lifeStage(age int) int {
	for band, below := range []int{18, 40, 65, 80} {
		if age < below {
			return band
		}
	}
	return len(lifeStages) - 1
}

func whetherOne(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// deprivationGauge holds how many live in areas of each decile.
func deprivationGauge(d *District) gauge {
	g := gauge{
		title: "Residents by deprivation of their area", unit: "% of residents", scale: 100,
		source: "English Indices of Deprivation 2019, MHCLG; " + ons2020,
		count: func(d *District, p *Person, add func(int, int64, int64)) {
			if resides(d, p) {
				for decile := range 10 {
					add(decile, whetherOne(p.Household.Area.Deprivation == decile+1), 1)
				}
			}
		},
	}
	var by [10]float64
	total := 0.0
	for _, a := range d.Areas {
		by[a.Deprivation-1] += float64(a.Population)
		total += float64(a.Population)
	}
	for decile, n := range by {
		g.cells = append(g.cells, figure{"decile " + strconv.Itoa(decile+1), 100 * n / total, 0.03})
	}
	return g
}

// registrationGauge holds that more are registered than live here.
func registrationGauge() gauge {
	return gauge{
		title: "Registered people", unit: "for 100 residents", scale: 100, source: "NHS Digital, Patients registered at a GP practice, April 2020; " + ons2020,
		cells: []figure{{"all practices", 100 * assumed["registered"] / assumed["residents"], 0.02}},
		count: func(d *District, p *Person, add func(int, int64, int64)) {
			add(0, whetherOne(isRegistered(p)), whetherOne(resides(d, p)))
		},
	}
}

// populationGaps are what is made of people without a published figure.
var populationGaps = []gap{
	{"sex by age", "estimates by sex were not at hand; the shape is from general knowledge (params/sexes.tsv)"},
	{"ages of ethnic groups", "each group's size is published for each borough; how groups differ by age is not (params/profiles.tsv)"},
	{"who lives with whom", "only the counts of people and households it is fitted to are published (params/living.tsv)"},
	{"people registered nowhere, or with a practice elsewhere", "no figure found (params/people.tsv)"},
	{"people without a fixed address", "published counts are of rough sleepers on a night, not of those who move about"},
	{"people who open their record to a carer", "nothing is published; three in four do here"},
}

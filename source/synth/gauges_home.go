package synth

import "slices"

const census2021 = "Census 2021, ONS"

// homeGauges hold how people are housed, and who cares for whom.
func homeGauges(d *District) []gauge {
	strata := readStrata(d.Areas)
	return []gauge{tenureGauge(strata), crowdingGauge(strata), carerGauge(), longCareGauge(), careHomeGauge()}
}

// firstAtHome reports whether somebody is the first of a household of the
// district: homes are counted by them.
func firstAtHome(p *Person) bool {
	h := p.Household
	return h.Home == Private && h.Area != nil && p.Left == NotYet && h.People[0] == p
}

func tenureGauge(strata []*stratum) gauge {
	var homes [6][4]float64
	for _, s := range strata {
		for k, n := range s.tenures {
			homes[slices.Index(Boroughs[:], s.borough)][k] += n
		}
	}
	g := gauge{
		title: "Homes by tenure", unit: "% of the borough's households", scale: 100,
		source: census2021 + "; temporary accommodation is counted with social rent",
		count: func(_ *District, p *Person, add func(int, int64, int64)) {
			if !firstAtHome(p) {
				return
			}
			of := slices.Index(tenures[:], p.Household.Tenure)
			for k := range tenures {
				add(boroughOf(p)*len(tenures)+k, whetherOne(k == of || k == 2 && of < 0), 1)
			}
		},
	}
	for b, code := range Boroughs {
		for k, tenure := range tenures {
			g.cells = append(g.cells, figure{boroughNames[code] + ", " + tenure, 100 * homes[b][k] / total(homes[b][:]), 0.06})
		}
	}
	return g
}

func crowdingGauge(strata []*stratum) gauge {
	var homes, crowded [6]float64
	for _, s := range strata {
		b := slices.Index(Boroughs[:], s.borough)
		homes[b] += total(s.tenures[:])
		crowded[b] += s.crowded * total(s.tenures[:])
	}
	g := gauge{
		title: "Homes with a bedroom too few", unit: "% of the borough's households", scale: 100, source: census2021,
		count: func(_ *District, p *Person, add func(int, int64, int64)) {
			if firstAtHome(p) {
				add(boroughOf(p), whetherOne(p.Household.Overcrowded), 1)
			}
		},
	}
	for b, code := range Boroughs {
		g.cells = append(g.cells, figure{boroughNames[code], 100 * crowded[b] / homes[b], 0.08})
	}
	return g
}

// sourcedCarers are the boroughs whose counts of carers were found.
var sourcedCarers = []string{"E09000004", "E09000006", "E09000011", "E09000023"}

func carerGauge() gauge {
	g := gauge{
		title: "Unpaid carers", unit: "% of residents of five and over", scale: 100, source: census2021 + ", by newsshopper.co.uk 23289508",
		count: func(d *District, p *Person, add func(int, int64, int64)) {
			if b := boroughOf(p); resides(d, p) && b >= 0 && ageOn(p.Born, d.Until) >= 5 {
				if cell := slices.Index(sourcedCarers, Boroughs[b]); cell >= 0 {
					add(cell, whetherOne(p.Caring != NoCare), 1)
				}
			}
		},
	}
	for _, code := range sourcedCarers {
		g.cells = append(g.cells, figure{boroughNames[code], 100 * carers[code].rate, 0.08})
	}
	return g
}

func longCareGauge() gauge {
	g := gauge{
		title: "Unpaid carers of 50 hours a week and more", unit: "% of carers", scale: 100, source: census2021 + ", by newsshopper.co.uk 23289508",
		count: func(d *District, p *Person, add func(int, int64, int64)) {
			if b := boroughOf(p); resides(d, p) && b >= 0 && p.Caring != NoCare {
				if cell := slices.Index(sourcedCarers, Boroughs[b]); cell >= 0 {
					add(cell, whetherOne(p.Caring == WholeCare), 1)
				}
			}
		},
	}
	for _, code := range sourcedCarers {
		g.cells = append(g.cells, figure{boroughNames[code], 100 * carers[code].whole, 0.12})
	}
	return g
}

// careHomeGauge holds how many older people live in care homes.
func careHomeGauge() gauge {
	from := [3]int{65, 75, 85}
	g := gauge{
		title: "Residents of care homes", unit: "% of residents of the age", scale: 100, source: "Census 2011, ONS, older resident care home population, England and Wales",
		count: func(d *District, p *Person, add func(int, int64, int64)) {
			age := ageOn(p.Born, d.Until)
			if !resides(d, p) || age < from[0] {
				return
			}
			band := 0
			for band+1 < len(from) && age >= from[band+1] {
				band++
			}
			add(band, whetherOne(p.Household.Home == CareHomeRoom), 1)
		},
	}
	for i, name := range []string{"65 to 74", "75 to 84", "85 and over"} {
		g.cells = append(g.cells, figure{name, 100 * assumed[[...]string{"care home 65", "care home 75", "care home 85"}[i]], 0.15})
	}
	return g
}

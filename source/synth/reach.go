package synth

import (
	"cmp"
	"math"
	"slices"
)

// chance is one of several outcomes with how likely it is, it and those before
// it. Chances are whole numbers, so that machines whose floating point differs
// in the last place draw alike.
type chance struct {
	upTo  uint32 // of certain
	which int32
}

const certain = 1 << 20

// draw returns an outcome.
func draw(d dice, among []chance) int32 {
	at := d.rng.Uint32N(certain)
	for _, c := range among {
		if at < c.upTo {
			return c.which
		}
	}
	return among[len(among)-1].which
}

// chances makes a table of weights: of those that matter, at most most.
func chances(weights []float64, most int) []chance {
	order := make([]int32, 0, len(weights))
	for i, w := range weights {
		if w > 0 {
			order = append(order, int32(i))
		}
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(weights[b], weights[a]), cmp.Compare(a, b))
	})
	if len(order) > most {
		order = order[:most]
	}
	var sum, before float64
	for _, i := range order {
		sum += weights[i]
	}
	table := make([]chance, len(order))
	for k, i := range order {
		before += weights[i]
		table[k] = chance{uint32(math.Round(before / sum * certain)), i}
	}
	return table
}

// apart returns how many kilometres lie between two places of the district.
func apart(lat, lon, lat2, lon2 float64) float64 {
	const perLat, perLon = 111.2, 69.4 // kilometres a degree at 51.45° north
	return math.Hypot((lat-lat2)*perLat, (lon-lon2)*perLon)
}

// willing is how many kilometres it takes for people's going somewhere to fall
// to a third. Assumptions: no published figure of the district was at hand.
func willing(what purpose) float64 {
	switch what { //nolint:exhaustive // nothing is to be done for the others
	case dispensing:
		return 0.5
	case extendedAccess, socialPrescribing, parentSupport, activityGroup:
		return 1
	case nursingCare, residentialCare, acuteWards, outpatients, imaging, maternity, childrensWards, psychiatricWards:
		return 3
	}
	return 2
}

// reachOf returns, for each area, the services for a purpose that its people
// use and how often.
func reachOf(what purpose, areas []Area, services []*Service) [][]chance {
	reach := make([][]chance, len(areas))
	weights := make([]float64, len(services))
	for i, a := range areas {
		for k, s := range services {
			weights[k] = math.Exp(-apart(a.Lat, a.Lon, s.At.Lat, s.At.Lon)/willing(what)) * float64(max(1, s.Capacity))
			if !s.takes(&a) {
				weights[k] = 0
			}
		}
		reach[i] = chances(weights, 8)
	}
	return reach
}

// takes reports whether a service takes people of an area.
func (s *Service) takes(a *Area) bool {
	return (!ofBorough[s.For] || s.At.Borough == a.Borough) && (s.Network < 0 || s.Network == a.Network)
}

// register returns, for each area, whose lists its people are on. Weights fall
// with distance and are then fitted in turn to the areas' people and to the
// practices' lists (iterative proportional fitting), so that both come out.
func register(areas []Area, practices []*Organisation) [][]chance {
	const near, rounds = 0.9, 30 // km: an assumption
	w := make([][]float64, len(areas))
	var people, registered float64
	for i, a := range areas {
		w[i] = make([]float64, len(practices))
		for k, o := range practices {
			w[i][k] = math.Exp(-apart(a.Lat, a.Lon, o.Sites[0].Lat, o.Sites[0].Lon) / near)
			if o.Borough != a.Borough {
				w[i][k] /= 4 // people cross a borough's border less than a street: an assumption
			}
		}
		people += float64(a.Population)
	}
	for _, o := range practices {
		registered += float64(o.List)
	}
	for range rounds {
		for k, o := range practices {
			var sum float64
			for i := range areas {
				sum += w[i][k]
			}
			for i := range areas {
				w[i][k] *= float64(o.List) / registered * people / sum
			}
		}
		for i, a := range areas {
			var sum float64
			for _, x := range w[i] {
				sum += x
			}
			for k := range w[i] {
				w[i][k] *= float64(a.Population) / sum
			}
		}
	}
	reach := make([][]chance, len(areas))
	for i := range areas {
		reach[i] = chances(w[i], 100)
	}
	return reach
}

// emergencyReach returns, for each area, which emergency departments its people
// go to: each trust has the share of each borough that is published, and
// within the borough nearer people go to the nearer department.
func emergencyReach(areas []Area, departments []*Service) [][]chance {
	share := map[[2]string]float64{} // borough, trust
	for _, row := range table("emergency-shares") {
		share[[2]string{row[0], row[1]}] = number(row[2])
	}
	w := make([][]float64, len(areas))
	for i, a := range areas {
		w[i] = make([]float64, len(departments))
		for k, s := range departments {
			if share[[2]string{a.Borough, s.At.Of.ID[len("sel-"):]}] > 0 {
				w[i][k] = math.Exp(-apart(a.Lat, a.Lon, s.At.Lat, s.At.Lon) / willing(emergency))
			}
		}
	}
	for range 30 {
		fitTrusts(w, areas, departments, share)
		for i := range areas {
			var sum float64
			for _, x := range w[i] {
				sum += x
			}
			for k := range w[i] {
				w[i][k] /= sum
			}
		}
	}
	reach := make([][]chance, len(areas))
	for i := range areas {
		reach[i] = chances(w[i], len(departments))
	}
	return reach
}

// fitTrusts scales each trust's weights so that it has its share of each borough.
func fitTrusts(w [][]float64, areas []Area, departments []*Service, share map[[2]string]float64) {
	sum, people := map[[2]string]float64{}, map[string]float64{}
	for i, a := range areas {
		people[a.Borough] += float64(a.Population)
		for k, s := range departments {
			sum[[2]string{a.Borough, s.At.Of.ID[len("sel-"):]}] += w[i][k] * float64(a.Population)
		}
	}
	for i, a := range areas {
		for k, s := range departments {
			key := [2]string{a.Borough, s.At.Of.ID[len("sel-"):]}
			if sum[key] > 0 {
				w[i][k] *= share[key] * people[a.Borough] / sum[key]
			}
		}
	}
}

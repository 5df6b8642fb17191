package plan

import (
	"math"

	"joinery/care/model"
)

// The usual bounds: one chance in twenty of taking chance for an effect, and
// four in five of seeing an effect that is there.
const (
	zSure = 1.959963984540054 // the 97.5th part in a hundred of the normal distribution
	zSeen = 0.8416212335729143
)

// Power is whether a measure could show what the model hopes for.
type Power struct {
	Measure string  `json:"measure"`
	Title   string  `json:"title"`
	Now     float64 `json:"now"`
	Hoped   float64 `json:"hoped"`
	Needed  int     `json:"needed"`  // people measured, and as many to compare with
	AYear   float64 `json:"aYear"`   // people measured in a year
	Months  float64 `json:"months"`  // until there are so many; 0: never
	IsShare bool    `json:"isShare"` // whether now and hoped are shares
}

// NeededForShares returns how many people are needed in each of two groups to
// tell a share p from a share q, with a chance of 5% of error and a power of 80%.
// Both lie between 0 and 1 and differ.
//
// Source: Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions,
// third edition (2003), formula 4.14, without the correction for continuity.
func NeededForShares(p, q float64) int {
	mean := (p + q) / 2
	root := zSure*math.Sqrt(2*mean*(1-mean)) + zSeen*math.Sqrt(p*(1-p)+q*(1-q))
	return int(math.Ceil(root * root / ((p - q) * (p - q))))
}

// NeededForMeans returns how many people are needed in each of two groups to
// tell a difference of means, given the standard deviation between people, with
// the same bounds. Both are above 0.
//
// Source: Armitage, Berry and Matthews, Statistical Methods in Medical Research,
// fourth edition (2002), section 4.6.
func NeededForMeans(difference, spread float64) int {
	z := zSure + zSeen
	return int(math.Ceil(2 * z * z * spread * spread / (difference * difference)))
}

// power returns what the measures of a model could show.
func (p *Part) power() []Power {
	if p.flow == nil {
		return nil
	}
	year := weeksInYear / float64(len(p.flow.begin))
	var out []Power
	for i := range p.of.Measures {
		x := &p.of.Measures[i]
		if x.Now == nil || *x.Now == *x.Hoped {
			continue
		}
		w := Power{Measure: x.ID, Title: x.Title, Now: *x.Now, Hoped: *x.Hoped, IsShare: x.Share()}
		if w.IsShare {
			w.Needed = NeededForShares(*x.Now, *x.Hoped)
		} else {
			w.Needed = NeededForMeans(math.Abs(*x.Hoped-*x.Now), x.Spread)
		}
		measured := p.flow.begun
		if x.Questionnaire != "" {
			measured *= p.of.Flow.Completed // who completes is asked at the end
		}
		w.AYear = tenth(measured * year)
		if w.AYear > 0 {
			w.Months = tenth(float64(w.Needed) / w.AYear * 12)
		}
		out = append(out, w)
	}
	return out
}

// aspect returns what a measure looks at.
func (p *Part) aspect(id string) model.Aspect {
	if x := p.of.Measure(id); x != nil {
		return x.Aspect
	}
	return ""
}

package criteria

import (
	"cmp"
	"math"
	"slices"

	"joinery/criteria/language"
)

// Value returns what a measure comes to for a cell: a proportion from 0 to 1, a
// rate by what the definition counts it by, a mean or median, the median time
// to an event in days. ok is false when there is nothing to take it of, or, of a
// median time, when fewer than half have had the event. A group and segments
// have no value.
func (c *Cell) Value(d *language.Definition) (v float64, ok bool) {
	switch d.Kind {
	case language.Proportion:
		n := c.Counted(d.Kind)
		return float64(c.Answers[Met]) / float64(max(n, 1)), n > 0
	case language.Rate:
		if c.Over <= 0 {
			return 0, false
		}
		return c.Events / c.Over * d.Per.N, true
	case language.Continuous:
		if d.Summary == "median" {
			return median(c.Amounts)
		}
		return mean(c.Amounts)
	case language.TimeToEvent:
		return medianTime(c.Amounts, c.Happened)
	case language.Group, language.Segments:
	}
	return 0, false
}

func mean(xs []float64) (float64, bool) {
	sum := 0.0
	for _, x := range xs {
		sum += x
	}
	return sum / float64(max(len(xs), 1)), len(xs) > 0
}

// median returns the middle value, or the mean of the two in the middle.
func median(xs []float64) (float64, bool) {
	if len(xs) == 0 {
		return 0, false
	}
	sorted := slices.Sorted(slices.Values(xs))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half], true
	}
	return (sorted[half-1] + sorted[half]) / 2, true
}

// medianTime returns the time by which half have had the event, allowing for
// those who still wait: the first at which the Kaplan–Meier estimate is at most
// a half.
//
// Source: Kaplan and Meier, JASA 53 (1958) 457–481.
func medianTime(days []float64, happened []bool) (float64, bool) {
	order := make([]int, len(days))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(days[a], days[b]) })
	waiting := 1.0
	for i := 0; i < len(order); {
		at, came, j := days[order[i]], 0, i
		for ; j < len(order) && days[order[j]] == at; j++ {
			if happened[order[j]] {
				came++
			}
		}
		waiting *= 1 - float64(came)/float64(len(order)-i)
		if waiting <= 0.5+1e-12 {
			return at, true
		}
		i = j
	}
	return math.NaN(), false
}

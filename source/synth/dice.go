package synth

import (
	"math"
	"math/rand/v2"
)

// dice draws at random, and the same again from the same beginnings. Each
// aspect of each household or person has dice of its own, so that a change of
// one leaves the others as they were.
type dice struct{ rng *rand.Rand }

// roll returns the dice of an aspect of the n-th thing under a seed.
func roll(seed uint64, aspect string, n int64) dice {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(aspect) {
		h = (h ^ uint64(aspect[i])) * 1099511628211
	}
	return dice{rand.New(rand.NewPCG(seed^h, mix(uint64(n)+h)))}
}

// mix is the finaliser of SplitMix64: neighbours become strangers.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// chance is true with probability p.
func (d dice) chance(p float64) bool { return d.rng.Float64() < p }

// between returns a whole number from low to high, both included.
func (d dice) between(low, high int) int { return low + d.rng.IntN(high-low+1) }

// uniform returns a number from 0 to below 1.
func (d dice) uniform() float64 { return d.rng.Float64() }

// normal returns a number of the normal distribution.
func (d dice) normal(mean, sd float64) float64 { return mean + float64(sd*d.rng.NormFloat64()) }

// wait returns a waiting time of the exponential distribution.
func (d dice) wait(mean float64) float64 { return mean * d.rng.ExpFloat64() }

// poisson returns a count of the Poisson distribution, for means below 500.
func (d dice) poisson(mean float64) int {
	n := 0
	for limit, p := math.Exp(-mean), d.rng.Float64(); p > limit; n++ {
		p *= d.rng.Float64()
	}
	return n
}

// among returns an index with a chance in proportion to its weight.
func (d dice) among(weights []float64) int {
	var sum float64
	for _, w := range weights {
		sum += w
	}
	at := d.rng.Float64() * sum
	for i, w := range weights {
		if at -= w; at < 0 {
			return i
		}
	}
	return len(weights) - 1
}

// anyOf returns one of a list.
func anyOf[T any](d dice, list []T) T { return list[d.rng.IntN(len(list))] }

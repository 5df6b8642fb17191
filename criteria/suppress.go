package criteria

import (
	"math"
	"strconv"
)

// smallest is the least count of people that may be told of an area smaller
// than the nation.
const smallest = 8

// Suppress returns a count as it may leave for those who may not see the people
// themselves: 0 stays 0, counts from 1 to 7 become "*", and others are rounded
// to the nearest 5. Totals are rounded from their own exact count, never added
// up from rounded ones.
//
// Source: NHS Digital, Hospital Episode Statistics analysis guide: suppression
// of small numbers at sub-national level.
func Suppress(n int) string {
	r, ok := rounded(n)
	if !ok {
		return "*"
	}
	return strconv.Itoa(r)
}

// rounded returns a count rounded to 5; ok is false when it is too small to be
// told.
func rounded(n int) (r int, ok bool) {
	if n == 0 {
		return 0, true
	}
	if n < smallest {
		return 0, false
	}
	return (n + 2) / 5 * 5, true
}

// SuppressedShare returns a proportion worked out from suppressed counts, so
// that it tells no more than they do.
func SuppressedShare(met, of int) (share float64, ok bool) {
	m, ok1 := rounded(met)
	n, ok2 := rounded(of)
	if !ok1 || !ok2 || n == 0 {
		return 0, false
	}
	return math.Min(1, float64(m)/float64(n)), true
}

// MayTell reports whether a mean, median or rate of so many people may be told.
func MayTell(n int) bool { return n >= smallest }

package chart

import (
	"math"
	"strconv"
	"time"
)

// scale maps amounts from nought to a round one above the greatest to pixels.
type scale struct {
	top      float64
	from, to float64 // pixels of nought and of the top
}

func (s scale) at(v float64) float64 { return s.from + v/s.top*(s.to-s.from) }

// steps are the round amounts of an axis from nought, about n of them and the
// last at least the greatest.
func steps(greatest float64, n int) []float64 {
	if greatest <= 0 {
		greatest = 1
	}
	step := math.Pow(10, math.Floor(math.Log10(greatest/float64(n))))
	for _, m := range []float64{1, 2, 5, 10} {
		if greatest/(step*m) <= float64(n) {
			step *= m
			break
		}
	}
	var out []float64
	for k := 0; ; k++ {
		v := float64(k) * step
		out = append(out, v)
		if v >= greatest*(1-1e-12) && k > 0 {
			return out
		}
	}
}

// plain writes an amount of an axis.
func plain(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e12 {
		return thousands(int(v))
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// span maps days to pixels.
type span struct {
	first, last time.Time
	from, to    float64
}

func (s span) at(t time.Time) float64 {
	whole := s.last.Sub(s.first)
	if whole <= 0 {
		return (s.from + s.to) / 2
	}
	return s.from + float64(t.Sub(s.first))/float64(whole)*(s.to-s.from)
}

// stretch widens a span so that a time is in it.
func (s *span) stretch(t time.Time) {
	if s.first.IsZero() || t.Before(s.first) {
		s.first = t
	}
	if s.last.IsZero() || t.After(s.last) {
		s.last = t
	}
}

// dates are the beginnings of days, months or years in a span, n of them at
// most, and how each is written.
func (s span) dates(n int) (at []time.Time, told []string) {
	for _, by := range []struct {
		years, months, days int
		layout              string
	}{
		{0, 0, 1, "2 Jan"},
		{0, 0, 7, "2 Jan"},
		{0, 0, 14, "2 Jan"},
		{0, 1, 0, "Jan 2006"},
		{0, 3, 0, "Jan 2006"},
		{1, 0, 0, "2006"},
		{2, 0, 0, "2006"},
		{5, 0, 0, "2006"},
		{10, 0, 0, "2006"},
		{20, 0, 0, "2006"},
		{50, 0, 0, "2006"},
	} {
		at, told = nil, nil
		y, m, d := s.first.Date()
		start := time.Date(y, m, d, 0, 0, 0, 0, s.first.Location())
		switch {
		case by.years > 0:
			start = time.Date(y-y%by.years, 1, 1, 0, 0, 0, 0, s.first.Location())
		case by.months > 0:
			start = time.Date(y, m-(m-1)%time.Month(by.months), 1, 0, 0, 0, 0, s.first.Location())
		}
		for t := start; !t.After(s.last) && len(at) <= n; t = t.AddDate(by.years, by.months, by.days) {
			if !t.Before(s.first) {
				at, told = append(at, t), append(told, t.Format(by.layout))
			}
		}
		if len(at) <= n {
			return at, told
		}
	}
	return nil, nil
}

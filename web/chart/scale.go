package chart

import (
	"math"
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
func (s span) dates(n int, w *Words) (at []time.Time, told []string) {
	for _, by := range []struct {
		years, months, days int
		text                string
	}{
		{0, 0, 1, w.DayOfYear},
		{0, 0, 7, w.DayOfYear},
		{0, 0, 14, w.DayOfYear},
		{0, 1, 0, w.Month},
		{0, 3, 0, w.Month},
		{1, 0, 0, "{year}"},
		{2, 0, 0, "{year}"},
		{5, 0, 0, "{year}"},
		{10, 0, 0, "{year}"},
		{20, 0, 0, "{year}"},
		{50, 0, 0, "{year}"},
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
				at, told = append(at, t), append(told, dated(by.text, &w.Short, t))
			}
		}
		if len(at) <= n {
			return at, told
		}
	}
	return nil, nil
}

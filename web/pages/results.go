package pages

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"joinery/fhir"
	"joinery/web/chart"
)

const (
	shownResults = 12
	shownPoints  = 12
)

// results are the latest of each kind of measurement, with how they went.
func (s *sheaf) results() ([]trend, block) {
	byWhat := map[string][]leaf{}
	var order []string
	var used []leaf
	for _, l := range s.of["Observation"] {
		if !measured(l) {
			continue
		}
		what := concept(l.Get("code"))
		if byWhat[what] == nil {
			order = append(order, what)
		}
		byWhat[what] = append(byWhat[what], l)
		used = append(used, l)
	}
	b := block{Key: "results", Sources: s.sources(used), Unsaid: s.unsaid(used), AsOf: asOf(used), More: max(0, len(order)-shownResults)}
	var out []trend
	for i, what := range order[:min(len(order), shownResults)] {
		out = append(out, s.trend(what, "trend-"+strconv.Itoa(i), byWhat[what]))
	}
	return out, b
}

func measured(l leaf) bool {
	if l.Get("valueQuantity").Exists() {
		return true
	}
	for p := range l.Get("component").Items() {
		if p.Get("valueQuantity").Exists() {
			return true
		}
	}
	return false
}

func (s *sheaf) trend(what, id string, leaves []leaf) trend {
	last := leaves[0]
	t := trend{What: what, On: last.on, Source: s.source(last), New: s.isNew(last)}
	t.Last, t.Unit = amount(last)
	t.Range, t.Beyond = usual(last)
	var points []chart.Amount
	var since time.Time
	for _, l := range leaves[:min(len(leaves), shownPoints)] {
		q := l.Get("valueQuantity").Get("value")
		if !q.Exists() {
			q = l.Get("component").Item(0).At("valueQuantity", "value")
		}
		if of, err := strconv.ParseFloat(q.Text(), 64); err == nil {
			text, _ := amount(l)
			points, since = append(points, chart.Amount{Of: of, Told: text}), l.on.Time
		}
	}
	slices.Reverse(points)
	if len(points) > 1 {
		t.Says = fmt.Sprintf("%d results since %s", len(points), shortDate(since))
		t.Drawing = chart.Sparkline(id, what+": "+t.Says, points)
	}
	return t
}

// told says the last result in a line.
func (t *trend) told() string {
	text := strings.TrimSpace(t.Last + " " + t.Unit)
	if t.Beyond != "" {
		text += ", " + t.Beyond
	}
	if t.Range != "" {
		text += " (usually " + t.Range + ")"
	}
	return text
}

// usual says within which range a result usually is, by who measured it, and
// whether it is beyond: as they say themselves, or else by the range.
func usual(l leaf) (text, beyond string) {
	for one := range l.Get("interpretation").Items() {
		for c := range one.Get("coding").Items() {
			switch c.Get("code").Text() {
			case "H", "HH", "HU":
				beyond = "high"
			case "L", "LL", "LU":
				beyond = "low"
			}
		}
	}
	r := l.Get("referenceRange").Item(0)
	low, high := r.At("low", "value").Text(), r.At("high", "value").Text()
	switch {
	case low != "" && high != "":
		text = low + " to " + high
	case low != "":
		text = low + " or more"
	case high != "":
		text = "up to " + high
	default:
		return r.Get("text").Text(), beyond
	}
	value, err := strconv.ParseFloat(l.At("valueQuantity", "value").Text(), 64)
	if err != nil || beyond != "" || !sameUnit(l.Get("valueQuantity"), r) {
		return text, beyond
	}
	if least, err := strconv.ParseFloat(low, 64); err == nil && value < least {
		return text, "low"
	}
	if most, err := strconv.ParseFloat(high, 64); err == nil && value > most {
		return text, "high"
	}
	return text, ""
}

// sameUnit reports whether a range is in the unit of what was measured: a range in
// another one says nothing here.
func sameUnit(q, r fhir.Value) bool {
	for _, end := range []string{"low", "high"} {
		unit := cmp.Or(r.At(end, "code").Text(), r.At(end, "unit").Text())
		if unit != "" && unit != cmp.Or(q.Get("code").Text(), q.Get("unit").Text()) && unit != q.Get("unit").Text() {
			return false
		}
	}
	return true
}

// amount says what was measured, a blood pressure as one.
func amount(l leaf) (text, unit string) {
	if q := l.Get("valueQuantity"); q.Exists() {
		return q.Get("value").Text(), q.Get("unit").Text()
	}
	var parts []string
	for p := range l.Get("component").Items() {
		parts = append(parts, p.At("valueQuantity", "value").Text())
		unit = p.At("valueQuantity", "unit").Text()
	}
	return strings.Join(parts, "/"), unit
}

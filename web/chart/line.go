package chart

import (
	"html/template"
	"slices"
	"strings"
	"time"
)

// Lines show how amounts went over time.
type Lines struct {
	Heading
	Unit   string // of the amounts
	Lines  []Line // four at most have marks of their own
	Target *Target
}

// Line is one series of amounts, in order of time.
type Line struct {
	Label  string
	Points []Point
}

// Point is an amount at a time.
type Point struct {
	At     time.Time
	Amount Amount
}

var strokes = []struct{ colour, dash string }{{accent, ""}, {muted, "6 3"}, {target, "2 3"}, {ink, "8 3 2 3"}}

// Figure draws the lines. Where an amount is withheld the line has a gap.
func (l Lines) Figure(id string, w *Words) Figure {
	head := []string{w.Date}
	at := map[time.Time][]string{}
	var times []time.Time
	for i, one := range l.Lines {
		head = append(head, one.Label)
		for _, p := range one.Points {
			if at[p.At] == nil {
				at[p.At] = make([]string, len(l.Lines))
				times = append(times, p.At)
			}
			at[p.At][i] = p.Amount.Told
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	rows := make([][]string, 0, len(times))
	for _, t := range times {
		rows = append(rows, append([]string{w.day(t)}, at[t]...))
	}
	return figure(l.Heading, id, w, head, rows, l.draw)
}

func (l Lines) draw(c *canvas) {
	if !slices.ContainsFunc(l.Lines, func(one Line) bool { _, ok := lastKnown(one.Points); return ok }) {
		c.text(2, 18, from, muted, c.words.Nothing)
		return
	}
	most, named := 0.0, 0.0
	var days span
	for _, one := range l.Lines {
		named = max(named, room(one.Label))
		for _, p := range one.Points {
			days.stretch(p.At)
			if p.Amount.known() {
				most = max(most, p.Amount.Of)
			}
		}
	}
	if l.Target != nil && l.Target.Amount.known() {
		most = max(most, l.Target.Amount.Of)
	}
	const top, bottom = 30, 250
	marks := steps(most, 5)
	up := scale{top: marks[len(marks)-1], from: bottom, to: top}
	left := 0.0
	for _, v := range marks {
		left = max(left, room(c.words.plain(v))+10)
	}
	named = min(named, c.width/3)
	days.from, days.to = left+8, c.width-named-14

	c.text(2, 14, from, muted, l.Unit)
	for _, v := range marks {
		c.line(left, up.at(v), days.to+6, up.at(v), faint, "")
		c.text(left-6, up.at(v)+5, upTo, muted, c.words.plain(v))
	}
	dateAxis(c, days, bottom)
	if t := l.Target; t != nil && t.Amount.known() {
		y := up.at(t.Amount.Of)
		c.line(left, y, days.to+6, y, target, "2 3")
		c.text(left+4, y-5, from, target, c.words.named(t.Label, t.Amount))
	}
	taken := []float64{}
	for i, one := range l.Lines {
		l.drawLine(c, i, one, days, up)
		if end, ok := lastKnown(one.Points); ok {
			y := apart(up.at(end.Amount.Of)+5, taken)
			taken = append(taken, y)
			c.text(days.to+10, y, from, strokes[i%len(strokes)].colour, cut(one.Label, named+8))
		}
	}
}

// drawLine draws a line from point to point, and its marks when there is room.
func (l Lines) drawLine(c *canvas, i int, one Line, days span, up scale) {
	s := strokes[i%len(strokes)]
	var d strings.Builder
	pen := "M"
	for _, p := range one.Points {
		if !p.Amount.known() {
			pen = "M"
			continue
		}
		d.WriteString(pen + num(days.at(p.At)) + " " + num(up.at(p.Amount.Of)))
		pen = "L"
	}
	if d.Len() > 0 {
		c.path(d.String(), s.colour, 2, s.dash)
	}
	for _, p := range one.Points {
		if p.Amount.known() && len(one.Points) <= 40 {
			c.mark(i, days.at(p.At), up.at(p.Amount.Of), 3.5, s.colour, c.words.named(filled(c.words.OnDay, "name", one.Label, "day", c.words.day(p.At)), p.Amount))
		}
	}
}

func lastKnown(points []Point) (Point, bool) {
	for _, p := range slices.Backward(points) {
		if p.Amount.known() {
			return p, true
		}
	}
	return Point{}, false
}

// apart moves a label down until it is clear of those that are there.
func apart(y float64, taken []float64) float64 {
	for slices.ContainsFunc(taken, func(t float64) bool { return t-y < 15 && y-t < 15 }) {
		y += 3
	}
	return y
}

// dateAxis draws the dates of a span below a drawing.
func dateAxis(c *canvas, days span, y float64) {
	n := 6
	if c.narrow() {
		n = 3
	}
	at, told := days.dates(n, c.words)
	for i, t := range at {
		x := days.at(t)
		c.line(x, y, x, y+5, muted, "")
		c.text(x, y+20, anchored(x, told[i], c.width), muted, told[i])
	}
}

// Sparkline returns a small drawing for a line of text: the amounts in order,
// the last one marked. says is what it shows, in words; id is unique on the page.
func Sparkline(id, says string, amounts []Amount) template.HTML {
	c := &canvas{width: 90, height: 20, words: &Words{}} // it has no texts of its own
	lo, hi, found := 0.0, 0.0, false
	for _, a := range amounts {
		if a.known() {
			if !found {
				lo, hi, found = a.Of, a.Of, true
			}
			lo, hi = min(lo, a.Of), max(hi, a.Of)
		}
	}
	if hi == lo {
		lo, hi = lo-1, hi+1
	}
	place := func(i int, a Amount) (x, y float64) {
		return 4 + float64(i)/float64(max(len(amounts)-1, 1))*80, 18 - (a.Of-lo)/(hi-lo)*14
	}
	var d strings.Builder
	pen, last := "M", -1
	for i, a := range amounts {
		if !a.known() {
			pen = "M"
			continue
		}
		x, y := place(i, a)
		d.WriteString(pen + num(x) + " " + num(y))
		pen, last = "L", i
	}
	if last >= 0 {
		c.path(d.String(), muted, 1.5, "")
		x, y := place(last, amounts[last])
		c.mark(0, x, y, 3, accent, "")
	}
	return c.svg(id, says, says)
}

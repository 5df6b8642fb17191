package chart

import "fmt"

// Funnel shows how many came to each stage on a way, and why the others did not
// go on.
type Funnel struct {
	Heading
	Unit   string // "people"
	Hidden string // said in the drawing when no amount is known; empty: nothing is said
	Stages []Stage
}

// Stage is how many came so far.
type Stage struct {
	Label  string
	Amount Amount
	Left   []Bar // who did not go on from here, by reason
}

// Figure draws each stage below the one before, as wide as its share of the
// first.
func (f Funnel) Figure(id string, w *Words) Figure {
	head := []string{w.Stage, f.Unit, w.Before, w.Left}
	rows := make([][]string, 0, len(f.Stages))
	for i, s := range f.Stages {
		rows = append(rows, []string{s.Label, s.Amount.Told, f.ofFormer(i, w), reasons(s.Left, w)})
	}
	return figure(f.Heading, id, w, head, rows, f.draw)
}

// ofFormer tells which share of a stage came to the next, when both are known
// and there was someone.
func (f Funnel) ofFormer(i int, w *Words) string {
	if i == 0 || !f.Stages[i].Amount.known() || !f.Stages[i-1].Amount.known() || f.Stages[i-1].Amount.Of <= 0 {
		return ""
	}
	return w.ShareOf(f.Stages[i].Amount.Of / f.Stages[i-1].Amount.Of).Told
}

func reasons(left []Bar, w *Words) string {
	s := ""
	for i, r := range left {
		next := w.named(r.Label, r.Amount)
		if i > 0 {
			next = filled(w.List, "one", s, "next", next)
		}
		s = next
	}
	return s
}

func (f Funnel) draw(c *canvas) {
	most, told, known := 1e-9, 0.0, false
	for i, s := range f.Stages {
		told = max(told, room(f.tells(i, c.words)))
		if s.Amount.known() {
			most, known = max(most, s.Amount.Of), true
		}
	}
	across := scale{top: most, from: 2, to: max(c.width-told-12, c.width/4)}
	y := 2.0
	if !known && f.Hidden != "" {
		c.text(2, y+14, from, ink, cut(f.Hidden, c.width-4))
		y += 30
	}
	for i, s := range f.Stages {
		c.text(2, y+14, from, ink, cut(s.Label, c.width-4))
		if !s.Amount.known() {
			c.hidden(y+20, s.Label, s.Amount.Told)
			y += 48
			continue
		}
		shown := Bar{Label: s.Label, Amount: Amount{Of: s.Amount.Of, Told: f.tells(i, c.words)}}
		bar(c, across, y+20, shown, accent)
		y += 48
	}
}

// hidden draws the place of an amount that is withheld: an outline, as long for
// each, so that its length tells nothing.
func (c *canvas) hidden(y float64, label, told string) {
	const long = 64
	fmt.Fprintf(&c.b, `<rect x="2.5" y="%s" width="%d" height="19" fill="#fff" stroke="%s" stroke-dasharray="4 3"`, num(y+0.5), long, muted)
	c.tip("rect", filled(c.words.Named, "name", label, "amount", told))
	c.reach(y + 20)
	c.text(2+long+8, y+15, from, muted, told)
}

// tells is what stands beside a stage.
func (f Funnel) tells(i int, w *Words) string {
	told := f.Stages[i].Amount.Told
	if share := f.ofFormer(i, w); share != "" {
		told = filled(w.Beside, "amount", told, "share", share)
	}
	return told
}

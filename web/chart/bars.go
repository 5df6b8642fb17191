package chart

// Bars compare amounts, in the order in which they are given.
type Bars struct {
	Heading
	Of     string // what each bar is of: "Site"
	Unit   string // of the amounts: "people"
	Bars   []Bar
	Target *Target
}

// Bar is one amount.
type Bar struct {
	Label  string
	Amount Amount
}

// Target is an amount that is to be reached, or not to be passed.
type Target struct {
	Label  string
	Amount Amount
}

// Figure draws the bars, each below its label.
func (b Bars) Figure(id string, w *Words) Figure {
	head := []string{b.Of, b.Unit}
	rows := make([][]string, 0, len(b.Bars)+1)
	for _, one := range b.Bars {
		rows = append(rows, []string{one.Label, one.Amount.Told})
	}
	if b.Target != nil {
		rows = append(rows, []string{b.Target.Label, b.Target.Amount.Told})
	}
	return figure(b.Heading, id, w, head, rows, b.draw)
}

func (b Bars) greatest() float64 {
	most := 0.0
	for _, one := range b.Bars {
		if one.Amount.known() {
			most = max(most, one.Amount.Of)
		}
	}
	if b.Target != nil && b.Target.Amount.known() {
		most = max(most, b.Target.Amount.Of)
	}
	return most
}

func (b Bars) draw(c *canvas) {
	told := 0.0 // room beside the longest bar
	for _, one := range b.Bars {
		if one.Amount.known() {
			told = max(told, room(one.Amount.Told))
		}
	}
	across := scale{top: max(b.greatest(), 1e-9), from: 2, to: c.width - told - 12}
	if t := b.Target; t != nil && t.Amount.known() {
		x, end := across.at(t.Amount.Of), 48*float64(len(b.Bars))
		c.line(x, 2, x, end, target, "2 3")
		label := c.words.named(t.Label, t.Amount)
		c.text(x, end+16, anchored(x, label, c.width), target, label)
	}
	y := 2.0
	for _, one := range b.Bars {
		c.text(2, y+14, from, ink, cut(one.Label, c.width-4))
		bar(c, across, y+20, one, muted)
		y += 48
	}
}

// bar draws one amount.
func bar(c *canvas, across scale, y float64, one Bar, colour string) {
	if !one.Amount.known() {
		c.text(2, y+15, from, muted, one.Amount.Told)
		return
	}
	end := across.at(max(one.Amount.Of, 0))
	c.rect(2, y, end-2, 20, colour, c.words.named(one.Label, one.Amount))
	c.text(end+6, y+15, from, ink, one.Amount.Told)
}

// anchored says on which side of x a text has room.
func anchored(x float64, s string, width float64) string {
	switch half := room(s) / 2; {
	case x-half < 0:
		return from
	case x+half > width:
		return upTo
	default:
		return around
	}
}

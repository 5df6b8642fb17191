package chart

import "time"

// Timeline shows what happened when, in lanes: one for each agency, or each kind
// of thing.
type Timeline struct {
	Heading
	Lanes []Lane
}

// Lane is a row of a timeline.
type Lane struct {
	Label  string
	Events []Event
}

// Event is something that happened at a time, or lasted.
type Event struct {
	Label      string
	Start, End time.Time // End is zero of what did not last
}

// Figure draws a lane below the other: marks for what happened, bars for what
// lasted.
func (t Timeline) Figure(id string, w *Words) Figure {
	var rows [][]string
	for _, lane := range t.Lanes {
		for _, e := range lane.Events {
			until := ""
			if !e.End.IsZero() {
				until = w.day(e.End)
			}
			rows = append(rows, []string{e.Label, lane.Label, w.day(e.Start), until})
		}
	}
	return figure(t.Heading, id, w, []string{w.What, w.Where, w.When, w.Until}, rows, t.draw)
}

func (t Timeline) draw(c *canvas) {
	days := span{from: 8, to: c.width - 8}
	for _, lane := range t.Lanes {
		for _, e := range lane.Events {
			days.stretch(e.Start)
			if !e.End.IsZero() {
				days.stretch(e.End)
			}
		}
	}
	y := 2.0
	for i, lane := range t.Lanes {
		c.text(2, y+14, from, ink, cut(lane.Label, c.width-4))
		c.line(2, y+32, c.width-2, y+32, faint, "")
		s := strokes[i%len(strokes)]
		for _, e := range lane.Events {
			x := days.at(e.Start)
			if e.End.IsZero() {
				c.mark(i, x, y+32, 4.5, s.colour, filled(c.words.OnDay, "name", e.Label, "day", c.words.day(e.Start)))
				continue
			}
			c.rect(x, y+26, max(days.at(e.End)-x, 3), 12, s.colour, filled(c.words.Lasted, "name", e.Label, "from", c.words.day(e.Start), "until", c.words.day(e.End)))
		}
		y += 48
	}
	if !days.first.IsZero() {
		dateAxis(c, days, y)
	}
}

package chart

import (
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// Heading is what stands around every drawing.
type Heading struct {
	Title  string
	Says   string // what the drawing shows, in one plain sentence
	Source string // where the numbers are from, and of when
}

// Figure is a drawing as a page shows it.
type Figure struct {
	Heading
	ID           string        // of the elements in it; unique on the page
	Wide, Narrow template.HTML // the same drawing, 640 and 340 pixels wide
	Head         []string      // of the table of its numbers
	Rows         [][]string
	words        *Words
}

// Amount is a number as it is drawn and as it is told.
type Amount struct {
	Of   float64 // not a number: it is withheld
	Told string
}

// Withheld returns an amount that is not told, and what is said instead.
func Withheld(instead string) Amount { return Amount{Of: math.NaN(), Told: instead} }

// known reports whether there is something to draw.
func (a Amount) known() bool { return !math.IsNaN(a.Of) && !math.IsInf(a.Of, 0) }

// HTML returns the whole figure: the sentence, the drawing, and the numbers in a
// table that opens. level is that of its heading, from 2.
func (f Figure) HTML(level int) template.HTML {
	h := "h" + strconv.Itoa(level)
	title := html.EscapeString(f.Title)
	var b strings.Builder
	w := func(parts ...string) {
		for _, p := range parts {
			b.WriteString(p)
		}
	}
	w(`<figure class="chart" id="`, html.EscapeString(f.ID), `"><`, h, `>`, title, `</`, h, `>`)
	w(`<p>`, html.EscapeString(f.Says), `</p>`)
	w(`<div class="chart-wide">`, string(f.Wide), `</div><div class="chart-narrow">`, string(f.Narrow), `</div>`)
	w(`<details><summary>`, html.EscapeString(f.words.Numbers), `</summary><table><caption>`, title, `</caption><thead><tr>`)
	for _, c := range f.Head {
		w(`<th scope="col">`, html.EscapeString(c), `</th>`)
	}
	w(`</tr></thead><tbody>`)
	for _, row := range f.Rows {
		w(`<tr>`)
		for i, c := range row {
			if i == 0 {
				w(`<th scope="row">`, html.EscapeString(c), `</th>`)
			} else {
				w(`<td>`, html.EscapeString(c), `</td>`)
			}
		}
		w(`</tr>`)
	}
	w(`</tbody></table></details>`)
	if f.Source != "" {
		w(`<figcaption>`, html.EscapeString(filled(f.words.Source, "source", f.Source)), `</figcaption>`)
	}
	w(`</figure>`)
	return template.HTML(b.String()) //nolint:gosec // every text in it was escaped
}

// Widths of the two drawings, in pixels.
const (
	wide   = 640
	narrow = 340
)

// figure draws both widths.
func figure(h Heading, id string, w *Words, head []string, rows [][]string, draw func(c *canvas)) Figure {
	f := Figure{Heading: h, ID: id, Head: head, Rows: rows, words: w}
	for width, to := range map[float64]*template.HTML{wide: &f.Wide, narrow: &f.Narrow} {
		c := &canvas{width: width, words: w}
		draw(c)
		*to = c.svg(id+"-"+strconv.Itoa(int(width)), h.Title, h.Says)
	}
	return f
}

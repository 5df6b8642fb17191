package chart

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// Colours that keep a contrast of at least 3 to 1 on white, and 4.5 for text.
const (
	ink    = "#212b32"
	faint  = "#d8dde0"
	muted  = "#4c6272"
	accent = "#00594c"
	target = "#a8320a"
)

// canvas is a drawing as it grows. It is as high as what is drawn on it.
type canvas struct {
	b      strings.Builder
	words  *Words
	width  float64
	height float64
}

func (c *canvas) reach(y float64) { c.height = max(c.height, y) }

func (c *canvas) narrow() bool { return c.width < wide }

// num writes a length with one decimal at most.
func num(f float64) string { return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64) }

// tip writes the end of an element, with what it says when it is pointed at.
func (c *canvas) tip(element, says string) {
	if says == "" {
		c.b.WriteString("/>")
		return
	}
	fmt.Fprintf(&c.b, "><title>%s</title></%s>", html.EscapeString(c.words.shown(says)), element)
}

func (c *canvas) rect(x, y, w, h float64, fill, says string) {
	fmt.Fprintf(&c.b, `<rect x="%s" y="%s" width="%s" height="%s" fill="%s"`, num(x), num(y), num(max(w, 0)), num(h), fill)
	c.tip("rect", says)
	c.reach(y + h)
}

// line draws a straight line, dashed by a pattern or whole when it is empty.
func (c *canvas) line(x1, y1, x2, y2 float64, colour, dash string) {
	c.path("M"+num(x1)+" "+num(y1)+"L"+num(x2)+" "+num(y2), colour, 1, dash)
	c.reach(max(y1, y2))
}

func (c *canvas) path(d, colour string, thick float64, dash string) {
	fmt.Fprintf(&c.b, `<path d="%s" fill="none" stroke="%s" stroke-width="%s"`, d, colour, num(thick))
	if dash != "" {
		fmt.Fprintf(&c.b, ` stroke-dasharray="%s"`, dash)
	}
	c.b.WriteString("/>")
}

// Where a text stands to its place.
const (
	from   = "start"
	around = "middle"
	upTo   = "end"
)

func (c *canvas) text(x, y float64, anchor, colour, s string) {
	fmt.Fprintf(&c.b, `<text x="%s" y="%s" text-anchor="%s" fill="%s">%s</text>`, num(x), num(y), anchor, colour, html.EscapeString(c.words.shown(s)))
	c.reach(y + 4)
}

// mark draws the k-th kind of mark: a disc, a square, a diamond, a triangle.
func (c *canvas) mark(k int, x, y, r float64, colour, says string) {
	switch k % 4 {
	case 0:
		fmt.Fprintf(&c.b, `<circle cx="%s" cy="%s" r="%s" fill="%s"`, num(x), num(y), num(r), colour)
		c.tip("circle", says)
	case 1:
		c.rect(x-r, y-r, 2*r, 2*r, colour, says)
	default:
		d := fmt.Sprintf("M%s %sl%s %sl%s %sl%s %sz", num(x), num(y-1.4*r), num(1.4*r), num(1.4*r), num(-1.4*r), num(1.4*r), num(-1.4*r), num(-1.4*r))
		if k%4 == 3 {
			d = fmt.Sprintf("M%s %sl%s %sh%sz", num(x), num(y-1.3*r), num(1.3*r), num(2.3*r), num(-2.6*r))
		}
		fmt.Fprintf(&c.b, `<path d="%s" fill="%s"`, d, colour)
		c.tip("path", says)
	}
	c.reach(y + r)
}

// svg returns the drawing, with its title and description. It runs from left to
// right on every page: time and amounts do; its texts go their own way.
func (c *canvas) svg(id, title, says string) template.HTML {
	id = html.EscapeString(id)
	w, h := num(c.width), num(c.height+4)
	return template.HTML(fmt.Sprintf( //nolint:gosec // every text in it was escaped
		`<svg role="img" aria-labelledby="%[1]s-t %[1]s-d" viewBox="0 0 %[2]s %[3]s" width="%[2]s" height="%[3]s" direction="ltr" font-family="Arial, sans-serif" font-size="14">`+
			`<title id="%[1]s-t">%[4]s</title><desc id="%[1]s-d">%[5]s</desc><rect width="100%%" height="100%%" fill="#fff"/>%[6]s</svg>`,
		id, w, h, html.EscapeString(title), html.EscapeString(says), c.b.String()))
}

// room is about how wide a text is, in pixels: enough to keep labels apart.
func room(s string) float64 { return 7.4 * float64(len([]rune(s))) }

// cut shortens a text to a width.
func cut(s string, width float64) string {
	r := []rune(s)
	n := int(width / 7.4)
	if len(r) <= n || n < 2 {
		return s
	}
	return strings.TrimRight(string(r[:n-1]), " ") + "…"
}

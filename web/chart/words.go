package chart

import (
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Words are what a drawing says of itself, in the language of the page that it
// stands on, and how numbers and days are written there. Whoever draws brings them:
// this package knows no language. What is in braces is filled in, and every field
// is needed. Words are only read, so many drawings may share them.
type Words struct {
	Numbers string // what opens the table: "Show the numbers"
	Source  string // "Source: {source}"
	Nothing string // in place of a drawing of nothing: "Nothing to show yet"

	Date, Stage, Before, Left, What, Where, When, Until string // heads of columns

	Named  string // a name and its amount: "{name}: {amount}"
	OnDay  string // what happened when: "{name}, {day}"
	Lasted string // what lasted: "{name}, {from} to {until}"
	Beside string // an amount and its share: "{amount} ({share})"
	List   string // one thing and the next: "{one}; {next}"

	Number string // how numbers are written, by the one of 1234.5: "1,234.5"
	Share  string // so many in a hundred: "{n}%"

	Day       string // "{day} {month} {year}"
	DayOfYear string // on an axis: "{day} {month}"
	Month     string // on an axis: "{month} {year}"
	Months    [12]string
	Short     [12]string // months on an axis

	// RightToLeft says that the language is written so. Drawings run from left to
	// right all the same, as time and amounts do; their texts go their own way.
	RightToLeft bool
}

// Count returns the amount of a number of things.
func (w *Words) Count(n int) Amount { return Amount{Of: float64(n), Told: w.whole(n)} }

// ShareOf returns the amount of a share, of 1, told in per cent without decimals.
func (w *Words) ShareOf(of float64) Amount {
	return Amount{Of: 100 * of, Told: filled(w.Share, "n", strconv.FormatFloat(100*of, 'f', 0, 64))}
}

// marks are what stands between thousands, and before decimals.
func (w *Words) marks() (thousands, decimals string) {
	marks := strings.FieldsFunc(w.Number, unicode.IsDigit)
	switch len(marks) {
	case 0:
		return "", "."
	case 1: // 1234.5
		return "", marks[0]
	default:
		return marks[0], marks[1]
	}
}

func (w *Words) whole(n int) string {
	thousands, _ := w.marks()
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + thousands + s[i:]
	}
	return s
}

// plain writes an amount of an axis.
func (w *Words) plain(v float64) string {
	if v == float64(int(v)) && v < 1e12 && v > -1e12 {
		return w.whole(int(v))
	}
	_, decimals := w.marks()
	return strings.Replace(strconv.FormatFloat(v, 'g', 3, 64), ".", decimals, 1)
}

func (w *Words) day(t time.Time) string { return dated(w.Day, &w.Months, t) }

// dated fills a day into a text.
func dated(text string, months *[12]string, t time.Time) string {
	return filled(text, "day", strconv.Itoa(t.Day()), "month", months[t.Month()-1], "year", strconv.Itoa(t.Year()))
}

func (w *Words) named(name string, a Amount) string {
	return filled(w.Named, "name", name, "amount", a.Told)
}

// filled puts values where a text names them, names and values in turn.
func filled(text string, with ...string) string {
	pairs := make([]string, len(with))
	for i := 0; i+1 < len(with); i += 2 {
		pairs[i], pairs[i+1] = "{"+with[i]+"}", with[i+1]
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// Around a text that runs by its own first letter, whatever stands beside it.
const isolate, isolated = "\u2068", "\u2069"

// shown is a text as a drawing holds it: in a language that is written from right
// to left it is kept together, since the drawing itself runs the other way.
func (w *Words) shown(s string) string {
	if !w.RightToLeft || s == "" {
		return s
	}
	return isolate + s + isolated
}

package leaks

import (
	"regexp"
	"strings"
	"time"
	"unicode"
)

// hit is something of somebody in a text.
type hit struct {
	kind     string
	from, to int
}

// word is a word of a text, small.
type word struct {
	text     string
	from, to int
}

var wordShape = regexp.MustCompile(`[\p{L}\p{M}]+(?:['’-][\p{L}\p{M}]+)*`)

// words returns the words of a text, and of those with hyphens and apostrophes the
// parts as well.
func words(text string) []word {
	var out []word
	for _, at := range wordShape.FindAllStringIndex(text, -1) {
		whole := text[at[0]:at[1]]
		out = append(out, word{strings.ToLower(whole), at[0], at[1]})
		from := at[0]
		for i, r := range whole + "-" {
			if unicode.IsLetter(r) || unicode.IsMark(r) {
				continue
			}
			if to := at[0] + i; from > at[0] || to < at[1] {
				out = append(out, word{strings.ToLower(text[from:to]), from, to})
			}
			from = at[0] + i + len(string(r))
		}
	}
	return out
}

func digits(text string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
}

var (
	numberShape   = regexp.MustCompile(`[0-9](?:[ .()-]{0,2}[0-9]){8,}`)
	mailShape     = regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+`)
	postcodeShape = regexp.MustCompile(`(?i)[A-Z]{1,2}[0-9][A-Z0-9]?[ +]?[0-9][A-Z]{2}`)
	partShape     = regexp.MustCompile(`[^\s,;:"()\[\]{}|+&=?]+`)
)

// in returns what a text holds of the people.
func (p *people) in(text string) []hit {
	out := p.numbersIn(text)
	for _, at := range mailShape.FindAllStringIndex(text, -1) {
		if p.mails[strings.ToLower(text[at[0]:at[1]])] {
			out = append(out, hit{"e-mail address", at[0], at[1]})
		}
	}
	for _, at := range postcodeShape.FindAllStringIndex(text, -1) {
		if p.postcodes[strings.ToUpper(strings.NewReplacer(" ", "", "+", "").Replace(text[at[0]:at[1]]))] {
			out = append(out, hit{"postcode", at[0], at[1]})
		}
	}
	for _, w := range words(text) {
		if p.names[w.text] {
			out = append(out, hit{"name", w.from, w.to})
		}
	}
	return append(append(out, p.streetsIn(text)...), p.datesIn(text)...)
}

// numbersIn finds NHS numbers and telephone numbers, however their digits are
// grouped, and in the midst of others.
func (p *people) numbersIn(text string) []hit {
	var out []hit
	for _, at := range numberShape.FindAllStringIndex(text, -1) {
		d := digits(text[at[0]:at[1]])
		for i := range d {
			if i+10 <= len(d) && p.numbers[d[i:i+10]] {
				out = append(out, hit{"NHS number", at[0], at[1]})
			}
			for n := 10; n <= 11; n++ {
				if i+n <= len(d) && p.phones[d[i:i+n]] || i+n-1 <= len(d) && strings.HasPrefix(d, "44") && p.phones["0"+d[i:i+n-1]] {
					out = append(out, hit{"telephone number", at[0], at[1]})
				}
			}
		}
	}
	return out
}

// streetsIn finds lines of addresses among the words of a text.
func (p *people) streetsIn(text string) []hit {
	var out []hit
	parts := partShape.FindAllStringIndex(text, -1)
	for i := range parts {
		line := strings.ToLower(text[parts[i][0]:parts[i][1]])
		for n := i + 1; n < min(len(parts), i+p.longest); n++ {
			line += " " + strings.ToLower(text[parts[n][0]:parts[n][1]])
			if p.streets[line] {
				out = append(out, hit{"street", parts[i][0], parts[n][1]})
			}
		}
	}
	return out
}

// dates are the forms in which dates are written.
var dates = []struct {
	shape   *regexp.Regexp
	layouts []string
}{
	{regexp.MustCompile(`[0-9]{4}-[0-9]{2}-[0-9]{2}`), []string{"2006-01-02"}},
	{regexp.MustCompile(`[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}`), []string{"2006/1/2"}},
	{regexp.MustCompile(`\b[0-9]{8}\b`), []string{"20060102", "02012006"}},
	{regexp.MustCompile(`\b[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}\b`), []string{"2/1/2006", "1/2/2006"}},
	{regexp.MustCompile(`\b[0-9]{1,2}/[0-9]{1,2}/[0-9]{2}\b`), []string{"2/1/06", "1/2/06"}},
	{regexp.MustCompile(`\b[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4}\b`), []string{"2.1.2006"}},
	{regexp.MustCompile(`\b[0-9]{1,2}-[0-9]{1,2}-[0-9]{4}\b`), []string{"2-1-2006", "1-2-2006"}},
	{regexp.MustCompile(`(?i)\b[0-9]{1,2}[ -][a-z]{3}[ -][0-9]{4}\b`), []string{"2 Jan 2006", "2-Jan-2006"}},
	{regexp.MustCompile(`(?i)\b[0-9]{1,2} [a-z]{3,9},? [0-9]{4}\b`), []string{"2 January 2006", "2 January, 2006"}},
	{regexp.MustCompile(`(?i)\b[a-z]{3,9} [0-9]{1,2},? [0-9]{4}\b`), []string{"January 2, 2006", "January 2 2006", "Jan 2, 2006", "Jan 2 2006"}},
}

// datesIn finds birth dates.
func (p *people) datesIn(text string) []hit {
	var out []hit
	for _, d := range dates {
		for _, at := range d.shape.FindAllStringIndex(text, -1) {
			for _, layout := range d.layouts {
				day, err := time.Parse(layout, text[at[0]:at[1]])
				if err != nil {
					continue
				}
				century := day.AddDate(-100, 0, 0) // of a year of two digits
				if p.born[day.Format(time.DateOnly)] || strings.HasSuffix(layout, "/06") && p.born[century.Format(time.DateOnly)] {
					out = append(out, hit{"birth date", at[0], at[1]})
				}
			}
		}
	}
	return out
}

package notice

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"
	"time"

	"joinery/care/workflow/clock"
)

// letterWords returns what a letter says, heading first, as a person or a carer of
// theirs reads it.
func (o *Outbox) letterWords(e *event, p *person, name string, c *carer) []string {
	speaks, easy, reader := p.language, p.format == EasyRead, p.name
	if c != nil {
		speaks, easy, reader = "", false, c.name
	}
	t, ours := speak(speaks)
	in := o.facts(e, p, t)
	heading, body := t.letter(name, easy).filled(in)
	words := []string{heading}
	if c == nil && p.age >= 0 && p.age < ownLetters {
		words = append(words, t.words("parent", in))
		reader = ""
	}
	in["person"] = reader
	dear := "dear"
	if reader == "" {
		dear = "dear-nobody"
	}
	words = append(words, t.words(dear, in))
	in["person"] = p.name
	if c != nil {
		words = append(words, t.words("copy", in))
	}
	words = append(words, body...)
	if !ours {
		in["language"] = languageName(speaks)
		words = append(words, t.words("no-language", in))
	}
	if c == nil {
		words = append(words, p.helped(t, in)...)
	}
	words = append(words, t.words("ring", in))
	if in["phone"] != o.opts.Contact {
		words = append(words, t.words("ring-contact", in))
	}
	words = append(words, t.words("worse", in))
	if !easy {
		words = append(words, t.words("formats", in))
	}
	return append(words, t.words("bye", in), o.opts.Sender)
}

// helped says which interpreter somebody will have.
func (p *person) helped(t *tongue, in map[string]string) []string {
	var out []string
	if p.interpreter && p.language != "" {
		in["language"] = languageName(p.language)
		out = append(out, t.words("interpreter", in))
	}
	if p.sign {
		out = append(out, t.words("sign", in))
	}
	return out
}

// facts are what may be put into a letter.
func (o *Outbox) facts(e *event, p *person, t *tongue) map[string]string {
	in := map[string]string{
		"person": p.name, "service": e.service.Name, "phone": e.service.Phone, "where": e.where,
		"contact": o.opts.Contact, "sender": o.opts.Sender, "question": e.step.Says,
	}
	if !e.step.When.IsZero() {
		in["when"] = londonTime(e.step.When)
	}
	if e.next != nil {
		in["next"], in["phone"] = e.next.Name, e.next.Phone
	}
	if in["phone"] == "" {
		in["phone"] = o.opts.Contact
	}
	if in["where"] == "" {
		in["where"] = t.words("where-told", in)
	}
	switch {
	case e.Person != "declined" && e.Person != "failed":
	case e.next != nil:
		in["next"] = t.words("next-service", in)
	default:
		in["next"] = t.words("next-referrer", in)
	}
	return in
}

// shortWords returns what an e-mail or a text message says.
func (o *Outbox) shortWords(language, name, link string) []string {
	t, _ := speak(language)
	heading, paragraphs := t.short(name, o.opts.Contact, o.opts.Sender, link)
	return append([]string{heading}, paragraphs...)
}

// Page is a letter as it is printed.
type Page struct {
	Address  []string
	Date     string
	Words    []string // heading first
	Format   Format
	Language string // of the words
	Note     string // to whoever prints it; not part of the letter
}

// page lays a letter out.
func page(n *Notice, address []string, now time.Time) *Page {
	p := &Page{Address: address, Date: now.In(clock.London).Format("2 January 2006"), Words: n.Words, Format: n.Format}
	t, _ := speak(n.Language)
	p.Language = t.code
	switch n.Format {
	case Braille:
		p.Note = "To be put into braille (contracted, grade 2) before it is sent."
	case Audio:
		p.Note = "To be read aloud and recorded before it is sent."
	case Voice:
		p.Note = "To be said to them: they cannot read a letter."
	case Standard, Large, EasyRead:
	}
	return p
}

// Heading is what a letter is about.
func (p *Page) Heading() string {
	if len(p.Words) == 0 {
		return ""
	}
	return p.Words[0]
}

// Body is what stands under the heading.
func (p *Page) Body() []string {
	if len(p.Words) == 0 {
		return nil
	}
	return p.Words[1:]
}

// Class is how large a letter is printed.
func (p *Page) Class() string {
	switch p.Format {
	case Large, EasyRead:
		return string(p.Format)
	case Standard, Braille, Audio, Voice:
	}
	return string(Standard)
}

//go:embed letter.html
var letterText string

var letterTemplate = template.Must(template.New("letter").Parse(letterText))

// HTML returns a letter as a page to print, on A4 for a window envelope.
func (p *Page) HTML() ([]byte, error) {
	var b bytes.Buffer
	if err := letterTemplate.Execute(&b, p); err != nil {
		return nil, fmt.Errorf("lay out a letter: %w", err)
	}
	return b.Bytes(), nil
}

// Plain returns a letter as plain text, in lines of at most 72 characters.
func (p *Page) Plain() string {
	var b strings.Builder
	if p.Note != "" {
		fmt.Fprintf(&b, "[%s]\n\n", p.Note)
	}
	for _, line := range p.Address {
		fmt.Fprintln(&b, line)
	}
	fmt.Fprintf(&b, "\n%s\n\n", p.Date)
	for _, paragraph := range p.Words {
		wrap(&b, paragraph, 72)
		b.WriteByte('\n')
	}
	return b.String()
}

// wrap writes a paragraph in lines of at most width characters.
func wrap(b *strings.Builder, paragraph string, width int) {
	column := 0
	for word := range strings.FieldsSeq(paragraph) {
		n := len([]rune(word))
		switch {
		case column == 0:
		case column+1+n > width:
			b.WriteByte('\n')
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	b.WriteByte('\n')
}

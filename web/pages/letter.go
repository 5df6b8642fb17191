package pages

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// letterView is the summary as it is filed in another system.
type letterView struct {
	Person *personView
	Parts  []letterPart
	Plain  Area // the same as plain text, to be copied
	By     string
	At     time.Time
}

// letterPart is one heading of a letter and its lines.
type letterPart struct {
	Title string
	Lines []string
}

// letter answers GET /people/{id}/letter: to be printed.
func (c *call) letter() (*page, error) {
	v, err := c.written()
	if err != nil {
		return nil, err
	}
	v.Plain = Area{Field: Field{ID: "plain", Name: "plain", Label: c.tongue.text("letter.plain-text"), Value: v.text()}, Rows: 12}
	return &page{name: "letter", view: v}, nil
}

// plainText answers GET /people/{id}/text: to be pasted. It is shown, and not sent
// as a file, whose name would be left behind on the machine.
func (c *call) plainText() (*page, error) {
	v, err := c.written()
	if err != nil {
		return nil, err
	}
	return &page{text: v.text()}, nil
}

// text is the letter as plain text.
func (v *letterView) text() string {
	var b strings.Builder
	p := &v.Person.Banner
	fmt.Fprintf(&b, "%s, %s", p.Family, p.Given)
	if p.Title != "" {
		fmt.Fprintf(&b, " (%s)", p.Title)
	}
	fmt.Fprintf(&b, "\nBorn %s  NHS No. %s\n", shortDate(p.Born), orUnrecorded(spaced(p.Number)))
	for _, part := range v.Parts {
		fmt.Fprintf(&b, "\n%s\n", strings.ToUpper(part.Title))
		for _, line := range part.Lines {
			fmt.Fprintf(&b, "- %s\n", line)
		}
	}
	fmt.Fprintf(&b, "\nFrom the shared record, as %s may see it, %s. What is sensitive or not shared is not in it.\n", v.By, shortMoment(v.At))
	return b.String()
}

func orUnrecorded(s string) string {
	if s == "" {
		return "not recorded"
	}
	return s
}

// allergyWords are the four labels, as they stand in a text.
var allergyWords = map[string]string{
	"known": "Known allergies", "none": "No known allergies", "unrecorded": "Allergies not recorded", "unavailable": "Allergies unavailable",
}

// written makes a summary into headings and lines.
func (c *call) written() (*letterView, error) {
	id, err := c.id("id")
	if err != nil {
		return nil, err
	}
	if err := c.view.Exports(); err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	s, err := c.gather(id, summarised...)
	if err != nil {
		return nil, err
	}
	p := c.summary(s)
	v := &letterView{Person: p, At: s.readAt, By: c.who.Subject.Who().Name}
	v.part(allergyWords[p.Banner.Allergies.Label], p.Banner.Allergies.Of)
	v.part("What matters to me", p.Own)
	if len(p.Needs) > 0 {
		v.Parts = append(v.Parts, letterPart{"How to write to and speak with this person", p.Needs})
	}
	v.part("Alerts", p.Alerts.Entries)
	v.part("If this person gets very ill", p.Ceilings.Entries)
	v.part("Problems", p.Problems.Entries)
	v.part("Medicines", p.Medicines.Entries)
	var results []entry
	for _, r := range p.Results {
		results = append(results, entry{Text: r.What, Detail: r.told(), On: r.On, Source: r.Source})
	}
	v.part("Recent results", results)
	v.part("Referrals", p.Referrals.Entries)
	v.part("Plans", p.Plans.Entries)
	v.part("People involved", p.People.Entries)
	if p.Unbound, err = c.unbound(s); err != nil {
		return nil, err
	}
	if none := slices.Concat(p.NotHere, p.Unbound, p.Silent); len(none) > 0 {
		v.Parts = append(v.Parts, letterPart{"Not available from", none})
	}
	return v, nil
}

func (v *letterView) part(title string, entries []entry) {
	part := letterPart{Title: title}
	for _, e := range entries {
		line := e.Text
		if e.Tag != nil {
			line = e.Tag.Text + ": " + line
		}
		if e.Severe {
			line = "SEVERE: " + line
		}
		if e.Detail != "" {
			line += ": " + e.Detail
		}
		if !e.On.IsZero() {
			line += " (" + shortDate(e.On) + ")"
		}
		if !e.Seen.IsZero() {
			line += ", last contact " + shortDate(e.Seen)
		}
		part.Lines = append(part.Lines, line)
	}
	if len(part.Lines) == 0 {
		part.Lines = []string{"Nothing is recorded here."}
	}
	v.Parts = append(v.Parts, part)
}

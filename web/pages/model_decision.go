package pages

import (
	"slices"
	"strconv"
	"time"

	"joinery/timeline"
)

// What a decision about a model asks for, whichever it is: where, from when, and why.

// decisionForm is what is filled in.
type decisionForm struct {
	Areas Choice // no options: the model has one area, or none of its own
	From  Date
	Why   Area
}

// decision is what a form says.
type decision struct {
	areas []string // none: there is nothing to choose
	from  timeline.Day
	why   string
}

// decisionForm makes an empty form; the areas of chosen are ticked.
func (c *call) decisionForm(areas, chosen []string) decisionForm {
	now := c.now()
	f := decisionForm{
		From: Date{
			Field: Field{ID: "from", Name: "from", Label: c.word("decision.from"), Hint: c.word("decision.from-hint"), Size: "s"},
			Day:   strconv.Itoa(now.Day()), Month: strconv.Itoa(int(now.Month())), Year: strconv.Itoa(now.Year()),
			Words: [3]string{c.word("decision.day"), c.word("decision.month"), c.word("decision.year")},
		},
		Why: Area{Field: Field{ID: "why", Name: "why", Label: c.word("decision.why"), Hint: c.word("decision.why-hint"), Size: "s"}, Rows: 3},
	}
	if len(areas) > 1 {
		f.Areas = c.areaChoice(areas, chosen, c.word("decision.areas"), c.word("decision.areas-hint"))
	}
	return f
}

// decisionFields are the names of its fields, beside that of the areas.
var decisionFields = []string{"day", "month", "year", "why"}

// decision reads the form, and says what is wrong with it.
func (c *call) decision(f *decisionForm) (decision, []mistake) {
	d := decision{why: c.field("why")}
	var wrong []mistake
	lacks := func(field *Field, at, key string) {
		field.Error = c.word(key)
		wrong = append(wrong, mistake{at, field.Error})
	}
	for i := range f.Areas.Options {
		o := &f.Areas.Options[i]
		if o.Chosen = slices.Contains(c.sent["area"], o.Value); o.Chosen {
			d.areas = append(d.areas, o.Value)
		}
	}
	if len(f.Areas.Options) > 0 && len(d.areas) == 0 {
		lacks(&f.Areas.Field, "area", "decision.lacks-areas")
	}
	f.From.Day, f.From.Month, f.From.Year = c.field("day"), c.field("month"), c.field("year")
	day, ok := filledDay(f.From)
	today, _ := timeline.DayOf(c.now())
	if d.from = day; !ok || day < today {
		lacks(&f.From.Field, "from-day", "decision.lacks-from")
	}
	f.Why.Value = d.why
	if d.why == "" {
		lacks(&f.Why.Field, "why", "decision.lacks-why")
	}
	return d, wrong
}

// decisionRows say what was filled in.
func (c *call) decisionRows(d decision) []Row {
	rows := []Row{}
	if len(d.areas) > 0 {
		rows = append(rows, Row{Key: c.word("decision.areas"), Value: areaNames(d.areas)})
	}
	return append(rows,
		Row{Key: c.word("decision.from"), Value: shortDate(midnight(d.from))},
		Row{Key: c.word("decision.why"), Value: d.why},
		Row{Key: c.word("decision.by"), Value: c.who.Subject.Who().Name})
}

// kept are the fields of the form, to be sent again when it is confirmed.
func (c *call) kept(names ...string) []Hidden {
	var out []Hidden
	for _, name := range append(names, decisionFields...) {
		out = append(out, Hidden{name, c.field(name)})
	}
	for _, area := range c.sent["area"] {
		out = append(out, Hidden{"area", area})
	}
	return out
}

// midnight is the first moment of a day, as dates are written.
func midnight(d timeline.Day) time.Time {
	year, month, day := d.Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// filledDay reads a day as it is filled in.
func filledDay(d Date) (timeline.Day, bool) {
	var n [3]int
	for i, text := range []string{d.Day, d.Month, d.Year} {
		var err error
		if n[i], err = strconv.Atoi(text); err != nil {
			return 0, false
		}
	}
	at := time.Date(n[2], time.Month(n[1]), n[0], 0, 0, 0, 0, time.UTC)
	if at.Day() != n[0] || int(at.Month()) != n[1] || n[2] < 1900 || n[2] > 2200 {
		return 0, false
	}
	return timeline.Date(n[2], time.Month(n[1]), n[0]), true
}

// checkView is what was filled in, before it is done.
type checkView struct {
	ID, Title   string
	Rows        []Row
	Marks       []string
	Fields      []Hidden
	Differences []difference
	Plan        string // where the plan of it is
}

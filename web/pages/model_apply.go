package pages

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"joinery/care/applied"
	"joinery/care/model"
	"joinery/fault"
	"joinery/fhir"
	"joinery/timeline"
)

// applyView is the form by which a version of a model is put in force.
type applyView struct {
	ID, Title, Version, Hash string
	Was                      string // the name of the version in force; empty: none is
	WasVersion               string
	Marks                    []string
	Changes                  int
	Provider                 Choice
	From                     Date
	Why                      Area
}

// applyCheck is what was filled in, before it is done.
type applyCheck struct {
	ID, Title string
	Rows      []Row
	Marks     []string
	Fields    []Hidden
}

// applying is what a form says.
type applying struct {
	provider string
	from     timeline.Day
	why      string
}

// applyForm answers GET /models/{id}/apply.
func (c *call) applyForm() (*page, error) {
	v, err := c.applyView()
	return &page{name: "apply", view: v}, err
}

// applied is the version that the program ships, beside the one in force.
func (c *call) applyView() (*applyView, error) {
	was, s, err := c.modelAsked()
	if err != nil {
		return nil, err
	}
	is := shipped()[was.ID]
	if is == nil {
		return nil, fault.New(fault.Invalid, "This model is a local one. Whoever keeps its folder puts it in force with joinery model apply.")
	}
	today, _ := timeline.DayOf(c.now())
	v := &applyView{ID: is.ID, Title: is.Title, Version: is.Version, Hash: is.Hash, Marks: is.Marks()}
	if s != nil {
		if v.Was = s.On(today); v.Was != "" {
			v.WasVersion, v.Changes = was.Version, len(model.Diff(was, is))
		}
	}
	if v.Was == is.Name() {
		return nil, fault.New(fault.Conflict, "This version is in force already.")
	}
	if v.Provider, err = c.providers(s); err != nil {
		return nil, err
	}
	now := c.now()
	v.From = Date{
		Field: Field{ID: "from", Name: "from", Label: c.word("apply.from"), Hint: c.word("apply.from-hint"), Size: "s"},
		Day:   strconv.Itoa(now.Day()), Month: strconv.Itoa(int(now.Month())), Year: strconv.Itoa(now.Year()),
		Words: [3]string{c.word("apply.day"), c.word("apply.month"), c.word("apply.year")},
	}
	v.Why = Area{Field: Field{ID: "why", Name: "why", Label: c.word("apply.why"), Hint: c.word("apply.why-hint"), Size: "s"}, Rows: 3}
	return v, nil
}

// providers are the organisations that can provide a model; the one that does is
// chosen.
func (c *call) providers(s *applied.Standing) (Choice, error) {
	out := Choice{Field: Field{ID: "provider", Name: "provider", Label: c.word("apply.provider"), Size: "s"}}
	provides := ""
	if s != nil && len(s.Services) > 0 {
		v, err := c.view.Read(c.ctx, "HealthcareService", fhir.ID(s.Services[0]))
		if err != nil {
			return out, err //nolint:wrapcheck // it is fit to be shown
		}
		doc, err := v.Doc()
		if err != nil {
			return out, err //nolint:wrapcheck // the record's own bytes
		}
		provides = doc.Root().At("providedBy", "reference").Text()
	}
	found, err := c.search("Organization", "active:not", "false", "_sort", "name", "_count", "1000")
	if err != nil {
		return out, err
	}
	out.Options = append(out.Options, Option{Text: c.word("apply.choose")})
	for i := range found.Entries {
		doc, err := found.Entries[i].Version.Doc()
		if err != nil {
			return out, err //nolint:wrapcheck // the record's own bytes
		}
		ref := "Organization/" + string(found.Entries[i].Version.ID)
		out.Options = append(out.Options, Option{Value: ref, Text: nameOf(doc.Root()), Chosen: ref == provides})
	}
	return out, nil
}

// apply answers POST /models/{id}/apply: first it shows what was filled in, then it
// is done.
func (c *call) apply() (*page, error) {
	v, err := c.applyView()
	if err != nil {
		return nil, err
	}
	c.back = "/models/" + v.ID + "/apply"
	if err := c.only("hash", "was", "provider", "day", "month", "year", "why", "sure"); err != nil {
		return nil, err
	}
	if c.field("hash") != v.Hash || c.field("was") != v.Was {
		return nil, fault.New(fault.Conflict, "Another version was put in force, or is shipped, since this form was made. Nothing was done. Look at it again.")
	}
	a, wrong := c.applying(v)
	switch {
	case len(wrong) > 0:
		return &page{status: http.StatusBadRequest, name: "apply", view: v, errors: wrong}, nil
	case c.field("sure") != "yes":
		return &page{name: "applycheck", view: c.applyCheck(v, a)}, nil
	}
	view, err := c.operates(appliesModels)
	if err != nil {
		return nil, err
	}
	_, err = applied.Apply(c.ctx, view, applied.Application{Model: shipped()[v.ID], From: a.from, Provider: a.provider, Why: a.why, At: c.now()})
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	return &page{to: "/models/" + v.ID}, nil
}

// applying reads the form, and says what is wrong with it.
func (c *call) applying(v *applyView) (applying, []mistake) {
	a := applying{provider: c.field("provider"), why: c.field("why")}
	var wrong []mistake
	lacks := func(f *Field, key string) {
		f.Error = c.word(key)
		wrong = append(wrong, mistake{f.ID, f.Error})
	}
	known := false
	for i := range v.Provider.Options {
		o := &v.Provider.Options[i]
		if o.Chosen = o.Value == a.provider; o.Chosen && o.Value != "" {
			known = true
		}
	}
	if !known {
		lacks(&v.Provider.Field, "apply.lacks-provider")
	}
	v.From.Day, v.From.Month, v.From.Year = c.field("day"), c.field("month"), c.field("year")
	day, ok := filledDay(v.From)
	today, _ := timeline.DayOf(c.now())
	if !ok || day < today {
		lacks(&v.From.Field, "apply.lacks-from")
		wrong[len(wrong)-1].Field = "from-day"
	}
	a.from = day
	v.Why.Value = a.why
	if a.why == "" {
		lacks(&v.Why.Field, "apply.lacks-why")
	}
	return a, wrong
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

// applyCheck shows what will be done.
func (c *call) applyCheck(v *applyView, a applying) *applyCheck {
	out := &applyCheck{ID: v.ID, Title: v.Title, Marks: v.Marks}
	provider := ""
	for _, o := range v.Provider.Options {
		if o.Value == a.provider {
			provider = o.Text
		}
	}
	version := v.Version
	if v.WasVersion != "" {
		version = fmt.Sprintf("%s (%s)", v.Version, c.word("apply.instead")+" "+v.WasVersion)
	}
	year, month, day := a.from.Date()
	out.Rows = []Row{
		{Key: c.word("apply.version"), Value: version},
		{Key: c.word("apply.provider"), Value: provider},
		{Key: c.word("apply.from"), Value: shortDate(time.Date(year, month, day, 0, 0, 0, 0, time.UTC))},
		{Key: c.word("apply.why"), Value: a.why},
		{Key: c.word("apply.by"), Value: c.who.Subject.Who().Name},
	}
	for _, name := range []string{"hash", "was", "provider", "day", "month", "year", "why"} {
		out.Fields = append(out.Fields, Hidden{name, c.field(name)})
	}
	return out
}

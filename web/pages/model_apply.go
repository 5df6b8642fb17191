package pages

import (
	"net/http"
	"net/url"
	"slices"

	"joinery/care/applied"
	"joinery/care/model"
	"joinery/fault"
	"joinery/fhir"
	"joinery/timeline"
)

// applyView is the form by which a version of a model is put in force.
type applyView struct {
	ID, Title, Version, Hash string
	Seen                     string     // the decisions that it was made from; empty: there were none
	Now                      []areaLine // what is in force where
	Marks                    []string
	Provider                 Choice
	decisionForm

	stands *applied.Standing
}

// applyForm answers GET /models/{id}/apply.
func (c *call) applyForm() (*page, error) {
	v, err := c.applyView()
	return &page{name: "apply", view: v}, err
}

// applyView is the form for the version that the program ships, beside what is in
// force. Areas where something else holds are ticked.
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
	v := &applyView{ID: is.ID, Title: is.Title, Version: is.Version, Hash: is.Hash, Marks: is.Marks(), stands: s}
	open := slices.Clone(is.Area.Codes)
	if s != nil {
		if everywhere(s, is, today) {
			return nil, fault.New(fault.Conflict, "This version is in force already.")
		}
		v.Seen, v.Now = s.ETag(), areaLines(is, s, today)
		open = slices.DeleteFunc(open, func(area string) bool { return s.In(area, today) == is.Name() })
	}
	v.decisionForm = c.decisionForm(areasOf(is, nil), open)
	v.Provider, err = c.providers(s)
	return v, err
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

// apply answers POST /models/{id}/apply: first it shows what was filled in and what
// that changes, then it is done.
func (c *call) apply() (*page, error) {
	v, err := c.applyView()
	if err != nil {
		return nil, err
	}
	c.back = "/models/" + v.ID + "/apply"
	if err := c.onlyWith("area", append([]string{"hash", "seen", "provider", "sure"}, decisionFields...)...); err != nil {
		return nil, err
	}
	if c.field("hash") != v.Hash || c.field("seen") != v.Seen {
		return nil, fault.New(fault.Conflict, "Another version was put in force, or is shipped, since this form was made. Nothing was done. Look at it again.")
	}
	d, wrong := c.decision(&v.decisionForm)
	provider := ""
	for i := range v.Provider.Options {
		o := &v.Provider.Options[i]
		if o.Chosen = o.Value == c.field("provider"); o.Chosen {
			provider = o.Value
		}
	}
	if provider == "" {
		v.Provider.Error = c.word("apply.lacks-provider")
		wrong = slices.Insert(wrong, 0, mistake{"provider", v.Provider.Error})
	}
	is := shipped()[v.ID]
	switch {
	case len(wrong) > 0:
		return &page{status: http.StatusBadRequest, name: "apply", view: v, errors: wrong}, nil
	case c.field("sure") != "yes":
		return c.applyCheck(v, is, d)
	}
	view, err := c.operates(appliesModels)
	if err != nil {
		return nil, err
	}
	_, err = applied.Apply(c.ctx, view, applied.Application{Model: is, Areas: d.areas, From: d.from, Provider: provider, Why: d.why, At: c.now(), Seen: &v.Seen})
	return &page{to: "/models/" + v.ID}, err //nolint:wrapcheck // it is fit to be shown
}

// applyCheck shows what will be done.
func (c *call) applyCheck(v *applyView, is *model.Model, d decision) (*page, error) {
	out := &checkView{ID: v.ID, Title: v.Title, Marks: v.Marks, Fields: c.kept("hash", "seen", "provider"), Plan: planPath(is, d.areas)}
	out.Rows = []Row{{Key: c.word("apply.version"), Value: v.Version + " (" + short(is.Name()) + ")"}}
	for _, o := range v.Provider.Options {
		if o.Chosen {
			out.Rows = append(out.Rows, Row{Key: c.word("apply.provider"), Value: o.Text})
		}
	}
	out.Rows = append(out.Rows, c.decisionRows(d)...)
	areas := d.areas
	if len(areas) == 0 {
		areas = is.Area.Codes
	}
	var err error
	out.Differences, err = c.differences(is, v.stands, areas, d.from)
	return &page{name: "applycheck", title: "applycheck.title", view: out}, err
}

// planPath is where the plan of a version is, in areas or, of none, in its own.
func planPath(m *model.Model, areas []string) string {
	q := url.Values{"version": {short(m.Name())}}
	if len(areas) < len(m.Area.Codes) {
		q["area"] = areas
	}
	return "/models/" + m.ID + "/plan?" + q.Encode()
}

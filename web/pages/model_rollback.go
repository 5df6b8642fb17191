package pages

import (
	"net/http"
	"slices"

	"joinery/care/applied"
	"joinery/fault"
	"joinery/timeline"
)

// rollbackView is the form by which an earlier version is put in force again.
type rollbackView struct {
	ID, Title string
	Seen      string
	To        Choice
	decisionForm
}

// rollbackForm answers GET /models/{id}/rollback.
func (c *call) rollbackForm() (*page, error) {
	v, _, err := c.rollbackView()
	return &page{name: "rollback", view: v}, err
}

func (c *call) rollbackView() (*rollbackView, *applied.Standing, error) {
	m, s, err := c.modelAsked()
	if err != nil {
		return nil, nil, err
	}
	today, _ := timeline.DayOf(c.now())
	if s == nil || len(backTo(s, today)) == 0 {
		return nil, nil, fault.New(fault.Invalid, "There is no earlier version of this model to go back to.")
	}
	v := &rollbackView{ID: m.ID, Title: m.Title, Seen: s.ETag(), To: Choice{Field: Field{ID: "to", Name: "to", Label: c.word("rollback.to"), Size: "s"}}}
	for i, name := range backTo(s, today) {
		hint := ""
		for _, d := range s.Decisions {
			if d.Name == name {
				hint = c.word("rollback.was-from") + " " + d.From.String()
				if len(d.Areas) > 0 {
					hint += ", " + areaNames(d.Areas)
				}
				hint += ". " + d.Why
			}
		}
		v.To.Options = append(v.To.Options, Option{Value: short(name), Text: versionOf(name) + " (" + short(name) + ")", Hint: hint, Chosen: i == 0})
	}
	v.decisionForm = c.decisionForm(s.Areas(), s.Decisions[len(s.Decisions)-1].Areas)
	return v, s, nil
}

// rollback answers POST /models/{id}/rollback: first it shows what was filled in and
// what that changes, then it is done.
func (c *call) rollback() (*page, error) {
	v, s, err := c.rollbackView()
	if err != nil {
		return nil, err
	}
	c.back = "/models/" + v.ID + "/rollback"
	if err := c.onlyWith("area", append([]string{"seen", "to", "sure"}, decisionFields...)...); err != nil {
		return nil, err
	}
	if c.field("seen") != v.Seen {
		return nil, fault.New(fault.Conflict, "Somebody decided about this model since this form was made. Nothing was done. Look at it again.")
	}
	d, wrong := c.decision(&v.decisionForm)
	to := ""
	for i := range v.To.Options {
		o := &v.To.Options[i]
		o.Chosen = o.Value == c.field("to")
	}
	for _, one := range s.Decisions {
		if short(one.Name) == c.field("to") {
			to = one.Name
		}
	}
	if to == "" {
		v.To.Error = c.word("rollback.lacks-to")
		wrong = slices.Insert(wrong, 0, mistake{"to", v.To.Error})
	}
	var back *applied.Decision
	if len(wrong) == 0 {
		if back, err = s.Back(to, d.areas, d.from); err != nil {
			wrong = append(wrong, mistake{"to", fault.MessageOf(err)})
		}
	}
	if len(wrong) > 0 {
		return &page{status: http.StatusBadRequest, name: "rollback", view: v, errors: wrong}, nil
	}
	if c.field("sure") != "yes" {
		return c.rollbackCheck(v, s, d, back)
	}
	view, err := c.operates(appliesModels)
	if err != nil {
		return nil, err
	}
	_, err = applied.Rollback(c.ctx, view, applied.Reversal{ID: v.ID, To: to, Areas: d.areas, From: d.from, Why: d.why, At: c.now(), Seen: &v.Seen})
	return &page{to: "/models/" + v.ID}, err //nolint:wrapcheck // it is fit to be shown
}

// rollbackCheck shows what would be done.
func (c *call) rollbackCheck(v *rollbackView, s *applied.Standing, d decision, back *applied.Decision) (*page, error) {
	m, err := applied.Named(c.ctx, c.view, back.Name)
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what it was doing
	}
	d.from, d.areas = back.From, back.Areas
	out := &checkView{ID: v.ID, Title: m.Title, Marks: m.Marks(), Fields: c.kept("seen", "to"), Plan: planPath(m, d.areas)}
	out.Rows = append([]Row{{Key: c.word("rollback.to"), Value: m.Version + " (" + short(m.Name()) + ")"}}, c.decisionRows(d)...)
	out.Differences, err = c.differences(m, s, d.areas, d.from)
	return &page{name: "rollbackcheck", title: "rollbackcheck.title", view: out}, err
}

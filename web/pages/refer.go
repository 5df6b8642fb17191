package pages

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"joinery/care/applied"
	"joinery/care/directory"
	"joinery/care/model"
	"joinery/care/workflow"
	"joinery/fault"
	"joinery/fhir"
	"joinery/record/search"
	"joinery/timeline"
)

// referView is the form by which somebody is referred. First the service is chosen;
// then the page asks what that service asks.
type referView struct {
	Banner    banner
	Open      block // referrals that are open already
	Services  Choice
	Service   *directory.Service // nil: none is chosen yet
	Duplicate *entry             // an open referral to this service
	Criteria  []criterion
	Model     string // title of the model that the service is of
	Reason    Area
	Note      Area
	Priority  Choice
	Agreed    Choice
	Again     bool // the duplicate was looked at
	Version   string
	Key       string
	Check     []Row    // the answers, to be looked at before it is sent; empty: they are being given
	Answers   []Hidden // the same, as the form sends them
}

// criterion is something that the service asks of whom it takes.
type criterion struct {
	ID, Says string
	Known    string // what the record says that it rests on; empty: it is asked
	Not      bool   // it is a reason against
	Asked    Choice
}

// refer answers GET /people/{id}/refer.
func (c *call) refer() (*page, error) {
	v, err := c.referForm(fhir.ID(c.asked.Get("service")))
	if err != nil {
		return nil, err
	}
	return &page{name: "refer", view: v}, nil
}

// referForm makes the form, with what was filled in.
func (c *call) referForm(service fhir.ID) (*referView, error) {
	id, err := c.id("id")
	if err != nil {
		return nil, err
	}
	s, err := c.gather(id, "AllergyIntolerance", "Task")
	if err != nil {
		return nil, err
	}
	v := &referView{Banner: s.banner(), Open: s.referrals(), Version: s.etag, Key: c.key()}
	say := c.tongue.text
	if err := c.services(v, service, say); err != nil {
		return nil, err
	}
	area := func(name string, rows int) Area {
		return Area{Field: Field{ID: name, Name: name, Label: say("refer." + name), Hint: say("refer." + name + "-hint"), Value: c.field(name)}, Rows: rows}
	}
	v.Reason, v.Note = area("reason", 5), area("note", 3)
	priority := c.field("priority")
	if priority == "" {
		priority = "routine"
	}
	v.Priority = Choice{Field: Field{ID: "priority", Name: "priority", Label: say("refer.priority")}}
	for _, p := range []string{"routine", "urgent", "asap", "stat"} {
		v.Priority.Options = append(v.Priority.Options, Option{Value: p, Text: say("refer." + p), Chosen: p == priority})
	}
	v.Agreed = Choice{Field: Field{ID: "agreed", Name: "agreed", Label: say("refer.agreed")}}
	for _, a := range []string{"yes", "best"} {
		v.Agreed.Options = append(v.Agreed.Options, Option{Value: a, Text: say("refer.agreed-" + a), Chosen: c.field("agreed") == a})
	}
	if v.Service != nil {
		if err := c.criteria(v, s.id, say); err != nil {
			return nil, err
		}
		v.duplicates(s)
	}
	return v, nil
}

// services fills in which services take referrals of professionals.
func (c *call) services(v *referView, chosen fhir.ID, say func(string) string) error {
	all, err := directory.All(c.ctx, c.view, []search.Pair{{Name: "active", Value: "true"}, {Name: "_sort", Value: "name"}}, search.Options{Strict: true, Now: c.now()})
	if err != nil {
		return err //nolint:wrapcheck // it says what it was doing
	}
	v.Services = Choice{Field: Field{ID: "service", Name: "service", Label: say("refer.service")}, Options: []Option{{}}}
	for _, s := range all {
		if !s.Takes(directory.FromProfessional) || s.Usable() != nil {
			continue
		}
		v.Services.Options = append(v.Services.Options, Option{Value: string(s.ID), Text: strings.TrimSuffix(s.Name, " (synthetic)"), Chosen: s.ID == chosen})
		if s.ID == chosen {
			v.Service = s
		}
	}
	if chosen != "" && v.Service == nil {
		return errAbsent
	}
	return nil
}

// criteria are what the model of the service asks: what the record says already is
// shown with what it rests on, the rest is asked.
func (c *call) criteria(v *referView, patient fhir.ID, say func(string) string) error {
	if v.Service.Model == "" {
		return nil
	}
	today, _ := timeline.DayOf(c.now())
	m, err := applied.Find(c.ctx, c.view, v.Service.Model, today)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return nil
	}
	if err != nil {
		return err //nolint:wrapcheck // it is fit to be shown
	}
	v.Model = m.Title
	for _, group := range []struct {
		of  []model.Criterion
		not bool
	}{{m.Eligible, false}, {m.Exclusions, true}} {
		for _, one := range group.of {
			k := criterion{ID: one.ID, Says: one.Says, Not: group.not}
			if one.Meets != nil {
				if k.Known, err = c.known(patient, one.Meets.Hash); err != nil {
					return err
				}
			}
			name := "holds-" + one.ID
			k.Asked = Choice{Field: Field{ID: name, Name: name, Label: one.Says}, Options: []Option{
				{Value: "yes", Text: say("refer.met"), Chosen: c.field(name) == "yes"}, {Value: "no", Text: say("refer.unmet"), Chosen: c.field(name) == "no"},
			}}
			v.Criteria = append(v.Criteria, k)
		}
	}
	return nil
}

// known says what the record rests on when it has found that a definition holds of
// somebody, empty when it has not.
func (c *call) known(patient fhir.ID, hash string) (string, error) {
	found, err := c.search("RiskAssessment", "patient", "Patient/"+string(patient), "method", "urn:joinery:version|"+hash, "_count", "1")
	if err != nil || len(found.Entries) == 0 {
		return "", err
	}
	doc, err := found.Entries[0].Version.Doc()
	if err != nil {
		return "", fmt.Errorf("read a finding: %w", err)
	}
	var why []string
	for p := range doc.Root().Get("prediction").Items() {
		why = append(why, strings.TrimSpace(p.At("outcome", "text").Text()+" "+p.Get("rationale").Text()))
	}
	return strings.Join(why, "; "), nil
}

// duplicates notes an open referral to the service that is chosen.
func (v *referView) duplicates(s *sheaf) {
	for _, l := range s.of["Task"] {
		if kindOf(l.Value) != workflow.KindReferral || workflow.At(l.Value) != v.Service.ID {
			continue
		}
		for _, e := range v.Open.Entries {
			if e.Href == "/referrals/"+string(l.id) {
				v.Duplicate = &e
			}
		}
	}
}

// referred answers POST /people/{id}/refer.
func (c *call) referred() (*page, error) {
	v, err := c.referForm(fhir.ID(c.field("service")))
	if err != nil {
		return nil, err
	}
	c.back = "/people/" + string(v.Banner.ID) + "/refer"
	names := []string{"person", "version", "key", "service", "reason", "note", "priority", "agreed", "again", "do"}
	for _, k := range v.Criteria {
		names = append(names, k.Asked.Name)
	}
	if err := c.only(names...); err != nil {
		return nil, err
	}
	if c.field("person") != string(v.Banner.ID) || c.field("version") != v.Version {
		return nil, fault.New(fault.Conflict, "This form was made for another person, or before this person's details changed, so nothing was sent. Look whom you are referring.")
	}
	wrong, err := c.referWrong(v)
	if err != nil {
		return nil, err
	}
	if len(wrong) > 0 {
		return &page{name: "refer", view: v, errors: wrong, status: http.StatusUnprocessableEntity}, nil
	}
	switch c.field("do") {
	case "check":
		c.answers(v, names)
		return &page{name: "refer", view: v}, nil
	case "change":
		return &page{name: "refer", view: v}, nil
	}
	r, err := c.flow().Refer(c.ctx, workflow.Asking{
		Key: "page " + v.Key, Patient: v.Banner.ID, Service: v.Service.ID, Requester: c.organisation(),
		Reason: c.field("reason"), Note: c.referNote(v), Priority: c.field("priority"), Consent: v.Agreed.chosen(),
	})
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	return &page{to: "/referrals/" + string(r.Task)}, nil
}

// chosen returns the text of the option that is.
func (c Choice) chosen() string {
	for _, o := range c.Options {
		if o.Chosen {
			return o.Text
		}
	}
	return ""
}

// answers puts together what was answered, to be looked at before it is sent.
func (c *call) answers(v *referView, names []string) {
	say := c.tongue.text
	v.Check = []Row{
		{Key: say("refer.service"), Value: strings.TrimSuffix(v.Service.Name, " (synthetic)")},
		{Key: say("refer.reason"), Value: c.field("reason")},
	}
	if note := c.field("note"); note != "" {
		v.Check = append(v.Check, Row{Key: say("refer.note"), Value: note})
	}
	for _, k := range v.Criteria {
		row := Row{Key: k.Says, Value: k.Asked.chosen()}
		if k.Known != "" {
			row.Value = say("refer.known") + " " + k.Known
		}
		v.Check = append(v.Check, row)
	}
	v.Check = append(v.Check, Row{Key: say("refer.priority"), Value: v.Priority.chosen()}, Row{Key: say("refer.agreed"), Value: v.Agreed.chosen()})
	for _, name := range names {
		if value := c.field(name); value != "" && name != "do" {
			v.Answers = append(v.Answers, Hidden{name, value})
		}
	}
}

// referNote is what else the service is told: what was noted, and how its questions
// were answered.
func (c *call) referNote(v *referView) string {
	parts := []string{c.field("note")}
	for _, k := range v.Criteria {
		switch {
		case k.Known != "":
			parts = append(parts, k.Says+": as the record has it")
		default:
			parts = append(parts, k.Says+": "+k.Asked.chosen())
		}
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "\n")
}

// referWrong says what is missing in the form.
func (c *call) referWrong(v *referView) ([]mistake, error) {
	var wrong []mistake
	var failed error
	note := func(f *Field, key string) {
		m, err := c.wrong(f, f.ID, key)
		if err != nil {
			failed = err
		}
		wrong = append(wrong, m)
	}
	if v.Service == nil {
		note(&v.Services.Field, "refer.need-service")
		return wrong, failed
	}
	if c.field("reason") == "" {
		note(&v.Reason.Field, "refer.need-reason")
	}
	for i := range v.Criteria {
		k := &v.Criteria[i]
		switch answer := c.field(k.Asked.Name); {
		case k.Not && (k.Known != "" || answer == "yes"):
			note(&k.Asked.Field, "refer.excluded")
		case k.Known == "" && answer != "yes" && answer != "no":
			note(&k.Asked.Field, "refer.missing")
		}
	}
	if v.Agreed.chosen() == "" {
		note(&v.Agreed.Field, "refer.need-agreed")
	}
	if v.Duplicate != nil && c.field("again") != "yes" {
		text, err := c.tongue.say("refer.need-duplicate")
		failed = err
		wrong = append(wrong, mistake{"again", text})
	}
	v.Again = c.field("again") == "yes"
	return wrong, failed
}

package pages

import (
	"net/http"
	"strings"

	"joinery/care/workflow"
	"joinery/fault"
	"joinery/fhir"
)

// planView is somebody's one care plan: their own words first, then what is to be
// done by whom, and what two models ask that does not go together.
type planView struct {
	Banner banner
	Plan   *workflow.Plan
	Forms  []sayForm
	Mine   string // the organisation of whoever looks
	Names  map[string]string
	Done   bool

	Review    *workflow.PlanAction // when it is to be looked at again; nil: nobody said
	Changes   []planChange
	Disagreed []disagreement // between the sources of what the plan rests on
	Key       string         // of its forms
}

// That a plan is to be looked at again is something to be done: it stands on the list
// of who said so, by its day, and is known by its words.
const (
	sayReview    = "review"
	reviewAction = "Look at the care plan again"
)

// sayForm is one thing that can be put into a plan.
type sayForm struct {
	What  string
	Title string
	Open  bool
	Text  Area // without a name: there is nothing to write
	By    *Choice
	Owner *Choice
	Due   *Date
	Goal  *Input // what tells whether it is reached
}

// plan answers GET /people/{id}/plan.
func (c *call) plan() (*page, error) {
	id, err := c.id("id")
	if err != nil {
		return nil, err
	}
	v, err := c.planOf(id)
	if err != nil {
		return nil, err
	}
	v.Done = c.asked.Get("done") == "yes"
	return &page{name: "plan", view: v}, nil
}

func (c *call) planOf(id fhir.ID) (*planView, error) {
	s, err := c.gather(id, "AllergyIntolerance", "RelatedPerson", "Condition", "MedicationRequest", "MedicationStatement", "Encounter")
	if err != nil {
		return nil, err
	}
	plan, err := c.flow().Plan(c.ctx, id)
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	v := &planView{Banner: s.banner(), Plan: plan, Mine: c.organisation(), Key: c.key(), Names: map[string]string{}}
	v.Disagreed = s.disagreements()
	for i := range plan.Actions {
		if plan.Actions[i].Says == reviewAction {
			v.Review = &plan.Actions[i] // the first: what is due first stands first
			break
		}
	}
	if v.Changes, err = c.planHistory(plan); err != nil {
		return nil, err
	}
	wanted := map[string][]string{}
	note := func(ref string) {
		if typ, ref, ok := strings.Cut(ref, "/"); ok && (typ == "Organization" || typ == "HealthcareService") {
			wanted[typ] = append(wanted[typ], ref)
		}
	}
	for _, a := range plan.Actions {
		note(a.Owner)
	}
	for _, x := range plan.Conflicts {
		note(x.Owner)
	}
	if err := c.lookUp(v.Names, wanted); err != nil {
		return nil, err
	}
	v.Names["Patient/"+string(id)] = c.tongue.text("plan.person")
	for _, l := range s.of["RelatedPerson"] {
		v.Names["RelatedPerson/"+string(l.id)] = humanName(l.Value)
	}
	c.sayForms(v)
	return v, nil
}

// Who names whom a reference means, as far as it is known here.
func (v *planView) Who(ref string) string {
	if name := v.Names[ref]; name != "" {
		return name
	}
	if strings.Contains(ref, "/") {
		return ""
	}
	return ref
}

// sayForms are what can be said, with what was filled in.
func (c *call) sayForms(v *planView) {
	say := c.tongue.text
	for _, what := range append(workflow.Sayings(), sayReview) {
		sent := c.field("what") == what
		value := func(name string) string {
			if sent {
				return c.field(name)
			}
			return ""
		}
		field := func(name string) Field {
			return Field{ID: what + "-" + name, Name: name, Label: say("plan." + name), Value: value(name)}
		}
		f := sayForm{What: what, Title: say("plan.say-" + what), Open: sent, Text: Area{Field: field("text"), Rows: 3}}
		if what == sayReview {
			f.Text = Area{}
		} else {
			f.Text.Label = say("plan.text-" + what)
		}
		if what == workflow.SayWords || what == workflow.SayWorse {
			f.By = &Choice{Field: field("by"), Options: []Option{{Value: "person", Text: say("plan.by-person"), Chosen: value("by") != "me"}, {Value: "me", Text: say("plan.by-me"), Chosen: value("by") == "me"}}}
			if what == workflow.SayWords {
				f.By = nil // a person's own words are theirs
			}
		}
		if what == workflow.SayAction {
			f.Owner = &Choice{Field: field("owner"), Options: []Option{{Value: "us", Text: say("plan.owner-us"), Chosen: value("owner") != "person"}, {Value: "person", Text: say("plan.owner-person"), Chosen: value("owner") == "person"}}}
		}
		if what == workflow.SayAction || what == workflow.SayGoal || what == sayReview {
			f.Due = &Date{Field: field("due"), Day: value("day"), Month: value("month"), Year: value("year"), Words: [3]string{say("find.day"), say("find.month"), say("find.year")}}
			if what == workflow.SayGoal {
				f.Due.Hint = say("plan.due-hint")
			}
		}
		if what == workflow.SayGoal {
			f.Goal = &Input{Field: field("target")}
		}
		v.Forms = append(v.Forms, f)
	}
}

// said answers POST /people/{id}/plan. The form is bound to its person, and not to a
// version: nothing is taken out of a plan, and what two write at once both stands.
func (c *call) said() (*page, error) {
	id, err := c.id("id")
	if err != nil {
		return nil, err
	}
	if err := c.only("person", "key", "what", "text", "by", "owner", "day", "month", "year", "target"); err != nil {
		return nil, err
	}
	if c.field("person") != string(id) {
		return nil, fault.New(fault.Conflict, "This form was made for another person than the one it was sent for, so nothing was written. Go back and look whom you are working on.")
	}
	s := workflow.Saying{Key: c.field("key"), What: c.field("what"), Text: c.field("text"), Target: c.field("target")}
	if s.What == sayReview {
		s.What, s.Text, s.Owner = workflow.SayAction, reviewAction, c.organisation()
	}
	if c.field("by") == "person" {
		s.By = "Patient/" + string(id)
	}
	switch c.field("owner") {
	case "us":
		s.Owner = c.organisation()
	case "person":
		s.Owner = "Patient/" + string(id)
	}
	if c.field("day")+c.field("month")+c.field("year") != "" {
		due, ok := dayOf(c.field("day"), c.field("month"), c.field("year"))
		if !ok {
			return c.saidAgain(id, c.tongue.text("find.need-birth"), c.field("what")+"-due-day")
		}
		s.Due = due.Format("2006-01-02")
	}
	_, err = c.flow().Say(c.ctx, id, s)
	switch {
	case fault.KindOf(err) == fault.Invalid && err != nil:
		field := c.field("what") + "-text"
		if c.field("what") == sayReview {
			field = sayReview + "-due-day"
		}
		return c.saidAgain(id, fault.MessageOf(err), field)
	case err != nil:
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	return &page{to: "/people/" + string(id) + "/plan?done=yes"}, nil
}

// saidAgain shows the plan once more, with what is missing.
func (c *call) saidAgain(id fhir.ID, says, field string) (*page, error) {
	v, err := c.planOf(id)
	if err != nil {
		return nil, err
	}
	for i := range v.Forms {
		if v.Forms[i].Open && field == v.Forms[i].What+"-text" {
			v.Forms[i].Text.Error = says
		}
	}
	return &page{name: "plan", view: v, errors: []mistake{{field, says}}, status: http.StatusUnprocessableEntity}, nil
}

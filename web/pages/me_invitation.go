package pages

import (
	"net/http"
	"strings"

	"joinery/care/applied"
	"joinery/care/directory"
	"joinery/care/workflow"
	"joinery/fault"
	"joinery/fhir"
	"joinery/record/search"
)

// invitationView is a model of care that somebody is invited to.
type invitationView struct {
	Own        own
	Task       fhir.ID
	ETag       string
	Title      string
	Says       string // what it means for residents, in the model's words
	For        []string
	Consent    string
	Marks      []string // what is not certain about the model; no setting takes them away
	Unreviewed bool     // no clinician has put their name to it
	From       ringing  // who invites
	Open       bool     // it waits for an answer that they may give
	State      workflow.State
	Yes, No    Choice
}

// invitation answers GET /me/invitations/{task}.
func (c *call) invitation() (*page, error) {
	now, o, err := c.invited()
	if err != nil {
		return nil, err
	}
	v, err := c.invitationView(now, o)
	return &page{name: "invitation", view: v}, err
}

// invited returns the invitation in the address, and whose it is.
func (c *call) invited() (*workflow.Now, *own, error) {
	return c.ownTask(func(now *workflow.Now) bool {
		return now.Kind == workflow.KindInvite && now.State != "passed" // whom nobody invited does not learn of it here
	})
}

func (c *call) invitationView(now *workflow.Now, o *own) (*invitationView, error) {
	m, err := applied.Named(c.ctx, c.view, now.Model)
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what it was doing
	}
	v := &invitationView{
		Own: *o, Task: now.Task, ETag: now.ETag, Title: m.Title, Says: m.Residents, Consent: m.Consent, Marks: m.Marks(), Unreviewed: m.Reviewer == "",
		Open: len(now.Moves) > 0, State: now.State,
	}
	for _, e := range m.Eligible {
		v.For = append(v.For, e.Says)
	}
	if v.From, err = c.ring(now.Owner); err != nil {
		return nil, err
	}
	services, err := directory.All(c.ctx, c.view, []search.Pair{{Name: "active", Value: "true"}, {Name: "characteristic", Value: workflow.ModelSystem + "|" + m.ID}}, search.Options{Strict: true, Now: c.now()})
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what it was doing
	}
	v.Yes = Choice{Field: Field{ID: "service", Name: "service", Label: c.word("invitation.where")}}
	for _, s := range services {
		v.Yes.Options = append(v.Yes.Options, Option{Value: string(s.ID), Text: strings.TrimPrefix(s.Name, m.Title+", "), Chosen: len(services) == 1, Recorded: true})
	}
	v.No = Choice{Field: Field{ID: "reason", Name: "reason", Label: c.word("invitation.why")}}
	for _, r := range workflow.Invites().ReasonsOf("refuse") {
		v.No.Options = append(v.No.Options, Option{Value: r.Code, Text: c.word("invitation.no-" + r.Code)})
	}
	return v, nil
}

// answerInvitation answers POST /me/invitations/{task}.
func (c *call) answerInvitation() (*page, error) {
	now, o, err := c.invited()
	if err != nil {
		return nil, err
	}
	c.back = "/me/invitations/" + string(now.Task) + o.Query
	if err := c.only("person", "version", "answer", "service", "reason"); err != nil {
		return nil, err
	}
	if err := c.madeFor(now.Patient); err != nil {
		return nil, err
	}
	making := workflow.Making{Version: c.field("version"), Service: fhir.ID(c.field("service")), Reason: c.field("reason")}
	var lacks mistake
	switch c.field("answer") {
	case "yes":
		making.Move, making.Reason = "agree", ""
		making.Says = "Said yes on their own page, having read what they agree to."
		if o.Acts {
			making.Says = "Their carer said yes for them on a page, having read what they agree to."
		}
		lacks.Field = "service"
	case "no":
		making.Move, making.Service = "refuse", ""
		lacks.Field = "reason"
	default:
		return nil, fault.New(fault.Invalid, "Say yes or no.")
	}
	if c.field(lacks.Field) == "" {
		return c.invitationAgain(now, o, lacks)
	}
	if _, err := c.flow().Do(c.ctx, now.Task, making); err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	return &page{to: c.back}, nil
}

// invitationAgain shows the form with what it lacks.
func (c *call) invitationAgain(now *workflow.Now, o *own, lacks mistake) (*page, error) {
	v, err := c.invitationView(now, o)
	if err != nil {
		return nil, err
	}
	lacks.Says = c.word("invitation.lacks-" + lacks.Field)
	if lacks.Field == "service" {
		v.Yes.Error = lacks.Says
	} else {
		v.No.Error = lacks.Says
	}
	return &page{status: http.StatusBadRequest, name: "invitation", view: v, errors: []mistake{lacks}}, nil
}

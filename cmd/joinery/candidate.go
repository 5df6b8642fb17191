package main

import (
	"context"
	"fmt"
	"net/http"

	"joinery/care/workflow"
	"joinery/fhir"
)

// candidateCommand groups what is done with the people whom a model found.
type candidateCommand struct {
	List    candidateList    `cmd:"" help:"List the people whom a model found and nobody has asked, with the reasons."`
	Invite  candidateInvite  `cmd:"" help:"Note that somebody was invited."`
	Decline candidateDecline `cmd:"" help:"Note that somebody is not invited, and why."`
	Answer  candidateAnswer  `cmd:"" help:"Note what somebody said: yes, and they are referred; or no, and why."`
}

type candidateList struct {
	Model string `arg:"" help:"The id of a model in force."`
}

// seeking is what a desk is told about a candidate.
type seeking struct {
	Model   string  `json:"model"`
	Patient fhir.ID `json:"patient,omitempty"`
	For     string  `json:"for,omitempty"`
	Why     string  `json:"why,omitempty"`
}

// Help is shown by joinery candidate list --help.
func (candidateList) Help() string {
	return `With each stands what decided, so that whoever invites can say why. joinery serve --find keeps them up to date.

    joinery candidate list escape-pain --purpose TREAT`
}

// Run is the command.
func (c *candidateList) Run(ctx context.Context, a *app) error {
	var list []workflow.Candidate
	if err := a.tell(ctx, "candidate", "/candidate/list", seeking{Model: c.Model}, &list); err != nil {
		return err
	}
	if a.flags.JSON {
		return a.printJSON(list)
	}
	for _, one := range list {
		fmt.Fprintf(a.out, "Patient/%s, since %s\n", one.Patient, one.Since)
		for _, r := range one.Reasons {
			fmt.Fprintf(a.out, "  %s\n", r)
		}
		for _, j := range one.Judge {
			fmt.Fprintf(a.out, "  to be judged: %s\n", j)
		}
	}
	if len(list) == 0 {
		fmt.Fprintln(a.out, "Nobody is to be asked.")
	}
	return nil
}

type candidateInvite struct {
	Model   string `arg:"" help:"The id of a model in force."`
	Patient string `arg:"" help:"Id of the Patient."`
	For     string `required:"" help:"The organisation that invites: Organization/ID." placeholder:"WHO"`
}

// Help is shown by joinery candidate invite --help.
func (candidateInvite) Help() string {
	return `The invitation waits for an answer; its clock runs from now.

    joinery candidate invite escape-pain p1 --for Organization/classes --purpose TREAT`
}

// Run is the command.
func (c *candidateInvite) Run(ctx context.Context, a *app) error {
	return a.stands(ctx, "candidate", "/candidate/invite", seeking{Model: c.Model, Patient: fhir.ID(c.Patient), For: c.For})
}

type candidateDecline struct {
	Model   string `arg:"" help:"The id of a model in force."`
	Patient string `arg:"" help:"Id of the Patient."`
	For     string `required:"" help:"The organisation that would invite: Organization/ID." placeholder:"WHO"`
	Reason  string `required:"" help:"Why they are not invited." placeholder:"TEXT"`
}

// Help is shown by joinery candidate decline --help.
func (candidateDecline) Help() string {
	return `The person is not listed again for this version of the model, and the reason is counted.

    joinery candidate decline escape-pain p1 --for Organization/classes --reason "In hospital" --purpose TREAT`
}

// Run is the command.
func (c *candidateDecline) Run(ctx context.Context, a *app) error {
	return a.stands(ctx, "candidate", "/candidate/decline", seeking{Model: c.Model, Patient: fhir.ID(c.Patient), For: c.For, Why: c.Reason})
}

type candidateAnswer struct {
	Task    string `arg:"" help:"Id of the invitation's Task."`
	Answer  string `arg:"" help:"yes or no." enum:"yes,no"`
	Service string `help:"With yes: id of the model's service that they are referred to." placeholder:"ID"`
	Consent string `help:"With yes: how they agreed, and to what." placeholder:"TEXT"`
	Reason  string `help:"With no: said-no, has-help, too-far, not-now, unwell." placeholder:"CODE"`
}

// Help is shown by joinery candidate answer --help.
func (candidateAnswer) Help() string {
	return `With yes the person is referred in the same step; with no the reason is counted.

    joinery candidate answer 0190… yes --service model-escape-pain-leisure-centre --consent "By telephone, to take part" --purpose TREAT
    joinery candidate answer 0190… no --reason not-now --purpose TREAT`
}

// Run is the command.
func (c *candidateAnswer) Run(ctx context.Context, a *app) error {
	m := workflow.Making{Move: "refuse", Reason: c.Reason}
	if c.Answer == "yes" {
		m = workflow.Making{Move: "agree", Service: fhir.ID(c.Service), Says: c.Consent}
	}
	return a.stands(ctx, "candidate", "/task/move", doing{taskID(c.Task), m})
}

func (d *desk) candidateList(_ http.ResponseWriter, r *http.Request) (any, error) {
	var of seeking
	flow, err := d.flow(r, &of)
	if err != nil {
		return nil, err
	}
	list, err := flow.Candidates(r.Context(), of.Model)
	if list == nil {
		list = []workflow.Candidate{}
	}
	return list, err //nolint:wrapcheck // it is fit to be shown
}

func (d *desk) candidateInvite(_ http.ResponseWriter, r *http.Request) (any, error) {
	var of seeking
	flow, err := d.flow(r, &of)
	if err != nil {
		return nil, err
	}
	now, err := flow.Invite(r.Context(), of.Model, of.Patient, of.For)
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	return d.standing(now), nil
}

func (d *desk) candidateDecline(_ http.ResponseWriter, r *http.Request) (any, error) {
	var of seeking
	flow, err := d.flow(r, &of)
	if err != nil {
		return nil, err
	}
	now, err := flow.Pass(r.Context(), of.Model, of.Patient, of.For, of.Why)
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	return d.standing(now), nil
}

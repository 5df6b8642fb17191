package main

import (
	"bytes"
	"encoding/json"
	"net/http"

	"joinery/care/workflow"
	"joinery/fault"
	"joinery/record"
)

// flow returns the workflow as the operator of a request moves it, and reads what
// the command says.
func (d *desk) flow(r *http.Request, what any) (*workflow.Flow, error) {
	view, err := d.reads(r, what)
	if err != nil {
		return nil, err
	}
	return workflow.Of(view, d.clock), nil
}

// reads returns the record as the operator of a request sees it, and reads what the
// command says.
func (d *desk) reads(r *http.Request, what any) (*record.View, error) {
	view, err := d.view(r)
	if err != nil {
		return nil, err
	}
	data, err := readWhole(r)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(what); err != nil {
		return nil, fault.Wrap(fault.Invalid, "What is asked of the desk cannot be read: are both programs of one version?", err)
	}
	return view, nil
}

func (d *desk) referralCreate(_ http.ResponseWriter, r *http.Request) (any, error) {
	var asking workflow.Asking
	flow, err := d.flow(r, &asking)
	if err != nil {
		return nil, err
	}
	made, err := flow.Refer(r.Context(), asking)
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	return d.standing(flow.Stands(made)), nil
}

func (d *desk) taskShow(_ http.ResponseWriter, r *http.Request) (any, error) {
	var of named1
	flow, err := d.flow(r, &of)
	if err != nil {
		return nil, err
	}
	now, err := flow.Now(r.Context(), of.Task)
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	return d.standing(now), nil
}

func (d *desk) taskMove(_ http.ResponseWriter, r *http.Request) (any, error) {
	var do doing
	flow, err := d.flow(r, &do)
	if err != nil {
		return nil, err
	}
	now, err := flow.Do(r.Context(), do.Task, do.Making)
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	return d.standing(now), nil
}

func (d *desk) taskList(_ http.ResponseWriter, r *http.Request) (any, error) {
	var of workflow.List
	flow, err := d.flow(r, &of)
	if err != nil {
		return nil, err
	}
	return flow.Worklist(r.Context(), of) //nolint:wrapcheck // it is fit to be shown
}

// standing is what a command is told of a task.
func (d *desk) standing(n *workflow.Now) standing {
	s := standing{
		Task: n.Task, Kind: n.Kind, State: string(n.State), Title: n.Title, About: n.About, Patient: n.Patient, Owner: n.Owner,
		Claimed: n.Claimed, Due: n.Due, Version: n.ETag,
	}
	if n.Referral != nil {
		now := d.clock()
		for i := range n.Referral.Clocks {
			k := &n.Referral.Clocks[i]
			s.Clocks = append(s.Clocks, k.Standard.Title+": "+k.Say(now))
		}
	}
	if n.Place != nil {
		s.Place = n.Place.Say()
	}
	for _, m := range n.Moves {
		o := offered{Name: m.Name, Title: m.Title}
		for _, need := range m.Needs {
			o.Needs = append(o.Needs, string(need))
		}
		s.Moves = append(s.Moves, o)
	}
	return s
}

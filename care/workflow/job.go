package workflow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
	"joinery/record/access"
)

// Now is how a task stands, whatever its kind, and what the subject may do with
// it.
type Now struct {
	Task     fhir.ID
	Kind     string
	State    State
	Title    string
	Patient  fhir.ID
	About    string    // what it is, in words
	Owner    string    // whose it is
	Claimed  string    // who does it, as "Practitioner/x"; empty: nobody yet
	Due      time.Time // zero: no time is set
	ETag     string
	Moves    []*Move
	Model    string    // of an invitation or a part of a model's care: id|version|hash of its version
	Referral *Referral // of a referral: all of it
	Place    *Place    // in the line for a place, of who waits for one
}

const jobSystem = "urn:joinery:task-state"

// machine returns the table of a kind of task that is no referral, and the system
// of its states.
func machine(kind string) (*Table, string) {
	if kind == KindInvite {
		return Invites(), inviteState
	}
	return Tasks(), jobSystem
}

func todo(s State) concept {
	return concept{Coding: []coding{{System: jobSystem, Code: string(s)}}, Text: Tasks().Standing(s).Title}
}

// Now returns how a task stands. The fault is NotFound when there is none, or the
// subject may not see it.
func (f *Flow) Now(ctx context.Context, id fhir.ID) (*Now, error) {
	r, err := f.find(ctx, id)
	if errors.Is(err, errOtherTask) {
		return f.job(r.task), nil
	}
	if err != nil {
		return nil, err
	}
	return f.waits(ctx, f.Stands(r))
}

// waits adds where somebody is in the line, if they wait for a place, and if the
// subject may know the model that says so.
func (f *Flow) waits(ctx context.Context, n *Now) (*Now, error) {
	p, err := f.Place(ctx, n.Referral)
	if kind := fault.KindOf(err); err != nil && kind != fault.Denied && kind != fault.NotFound {
		return nil, err
	}
	n.Place = p
	return n, nil
}

// Do makes a move of a task, whatever its kind; its faults are those of Move.
func (f *Flow) Do(ctx context.Context, id fhir.ID, m Making) (*Now, error) {
	r, err := f.find(ctx, id)
	switch {
	case errors.Is(err, errOtherTask):
		return f.doJob(ctx, r.task, m)
	case err != nil:
		return nil, err
	}
	if r, err = f.move(ctx, r, m); err != nil {
		return nil, err
	}
	return f.waits(ctx, f.Stands(r))
}

// Stands returns how a referral stands that was just read or made.
func (f *Flow) Stands(r *Referral) *Now {
	r.read(f.clock())
	return &Now{
		Task: r.Task, Kind: KindReferral, State: r.State, Title: Referrals().Standing(r.State).Title, Patient: r.Patient, About: r.ServiceName,
		Owner: r.Organization, Claimed: tagged(r.task.doc.Root(), ClaimTag), Due: r.Due, ETag: r.ETag,
		Moves: Referrals().Legal(r.State, f.sides(r)...), Referral: r,
	}
}

// job reads a task that is no referral.
func (f *Flow) job(t *held) *Now {
	n := &Now{
		Task: t.id, Kind: coded(t.get("code"), KindSystem),
		Patient: idOf(t.get("for", "reference").Text(), "Patient/"), About: t.get("code", "text").Text(),
		Owner: t.get("owner", "reference").Text(), Claimed: tagged(t.doc.Root(), ClaimTag), ETag: t.etag,
		Model: extended(t.doc.Root(), modelURL).Get("valueString").Text(),
	}
	if says := t.get("description").Text(); says != "" {
		n.About += ": " + says
	}
	table, system := machine(n.Kind)
	n.State = State(coded(t.get("businessStatus"), system))
	if s := table.Standing(n.State); s != nil {
		n.Title = s.Title
	}
	n.Due, _ = time.Parse(time.RFC3339, t.get("restriction", "period", "end").Text())
	n.Moves = table.Legal(n.State, f.holder(n)...)
	return n
}

// holder returns what the subject is to a task. An invitation is the person's to
// answer, and a carer's whom they let see it, whoever invites.
func (f *Flow) holder(n *Now) []Side {
	s, owner := f.view.Subject(), n.Owner
	switch {
	case n.Kind == KindInvite && s.Role() == access.Patient:
		return []Side{Person}
	case n.Kind == KindInvite && s.Role() == access.Carer:
		return []Side{Carer}
	case s.Role() == access.System:
		return []Side{Operator}
	case s.Role() == access.Patient && strings.HasPrefix(owner, "Patient/"):
		return []Side{Person}
	case s.Role() == access.Staff && s.Is(owner):
		return []Side{Receiver}
	case s.Role() == access.CaseFinder && s.Is(owner):
		return []Side{Finder}
	}
	return nil
}

// doJob makes a move of a task that is no referral.
func (f *Flow) doJob(ctx context.Context, t *held, m Making) (*Now, error) {
	n := f.job(t)
	table, system := machine(n.Kind)
	move := table.Move(m.Move)
	from := string(t.id) + " " + m.Version
	switch sides := f.holder(n); {
	case move == nil:
		return nil, fault.New(fault.Invalid, "There is no such move of this task. Ask for $actions to see which can be made.")
	case m.Version != "" && m.Version != t.etag:
		for e := range t.get("extension").Items() {
			if s := stepOf(e); e.Get("url").Is(moveURL) && s.made == from && s.Move == m.Move {
				return n, nil
			}
		}
		return nil, fault.New(fault.Conflict, "This has moved on meanwhile: it is now "+n.Title+". Look at it again.")
	case !slices.ContainsFunc(sides, func(s Side) bool { return slices.Contains(move.By, s) }):
		return nil, fault.New(fault.Denied, "This move is for whoever has the task.")
	case !slices.Contains(move.From, n.State):
		return nil, fault.New(fault.Conflict, "The task is "+n.Title+"; from there it cannot "+move.Name+".")
	}
	if move.needs(NeedReason) {
		if err := table.reason(move, m.Reason); err != nil {
			return nil, err
		}
	}
	if move.needs(NeedWhen) && m.When.IsZero() {
		return nil, fault.New(fault.Invalid, "Say for when it is planned.")
	}
	if n.Kind == KindInvite && move.Name == "agree" {
		if err := f.agreed(ctx, t, &m); err != nil {
			return nil, err
		}
	}
	now := f.clock()
	to := table.Standing(move.To)
	step := Step{Move: move.Name, At: now, By: f.holder(n)[0], Who: f.who(), Reason: m.Reason, Says: strings.TrimSpace(m.Says + " " + m.Outcome), made: string(t.id) + " " + t.etag}
	t.add("extension", step.extension())
	t.set("status", to.Task)
	t.set("businessStatus", concept{Coding: []coding{{System: system, Code: string(move.To)}}, Text: to.Title})
	t.set("lastModified", instant(now))
	if m.Reason != "" {
		t.set("statusReason", concept{Coding: []coding{{System: reasonCodes, Code: m.Reason}}, Text: m.Says})
	}
	if m.Outcome != "" {
		t.add("output", output{Type: concept{Text: "outcome"}, Text: m.Outcome})
	}
	if to.Over() {
		t.set("meta", retag(t.doc.Root(), []string{OpenTag, ClaimTag}))
	}
	if len(m.Answers) > 0 && move.Name != "done" {
		return nil, fault.New(fault.Invalid, "Answers go with a task that is done.")
	}
	answers, err := f.answers(ctx, t, m.Answers)
	if err != nil {
		return nil, err
	}
	next, err := f.next(ctx, t, move.To)
	if err != nil {
		return nil, err
	}
	if move.Name == "plan" {
		if next, err = f.meets(ctx, t, m.When); err != nil {
			return nil, err
		}
		t.add("extension", extension{URL: plannedURL, DateTime: instant(m.When)})
	}
	return f.change(ctx, t, append(next, answers...)...)
}

// change writes a task that is no referral, and what follows from it.
func (f *Flow) change(ctx context.Context, t *held, next ...record.Op) (*Now, error) {
	op, err := t.op()
	if err != nil {
		return nil, err
	}
	made, err := f.view.Transact(ctx, append([]record.Op{op}, next...))
	if kind := fault.KindOf(err); err != nil && (kind == fault.Conflict || kind == fault.Precondition) {
		return nil, fault.Wrap(fault.Conflict, "Somebody else changed this task at the same moment. Look at it again.", err)
	}
	if err != nil {
		return nil, fmt.Errorf("change a task: %w", err)
	}
	h, err := hold(&made[0].Version)
	if err != nil {
		return nil, err
	}
	return f.job(h), nil
}

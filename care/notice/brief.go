package notice

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"joinery/care/directory"
	"joinery/care/workflow"
	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
	"joinery/record/search"
)

// Brief is what a service needs to know of a referral to say yes or no: what a link
// shows.
type Brief struct {
	Service  string    `json:"service"`
	State    string    `json:"state"` // in words
	Version  string    `json:"version"`
	Priority string    `json:"priority"`
	AskedBy  string    `json:"asked_by"`
	AskedAt  time.Time `json:"asked_at"`
	Reason   string    `json:"reason"`
	Note     string    `json:"note,omitempty"`
	Said     []string  `json:"said,omitempty"` // questions and answers so far

	Name        string   `json:"name"`
	Age         int      `json:"age"`  // -1: not known
	Area        string   `json:"area"` // the first half of the postcode; empty: not known, or protected
	Telephone   string   `json:"telephone,omitempty"`
	Language    string   `json:"language,omitempty"` // when it is another than English
	Interpreter bool     `json:"interpreter,omitempty"`
	Format      string   `json:"format,omitempty"` // in which they read, when not the usual
	Never       []string `json:"never,omitempty"`  // how they must not be reached

	Accept  bool      `json:"can_accept"`
	Decline bool      `json:"can_decline"`
	Back    bool      `json:"goes_back"` // who is declined goes back to who asked, who is told what to do; else to one of Onward
	Onward  []Door    `json:"onward,omitempty"`
	Until   time.Time `json:"until"`
	Uses    int       `json:"uses_left"`
}

// Door is a service that somebody can be sent on to.
type Door struct {
	ID   fhir.ID `json:"id"`
	Name string  `json:"name"`
}

var flagWords = map[string]string{
	NoPost: "Do not write to them by post.", NoEmail: "Do not send them e-mail.", NoText: "Do not send them text messages: somebody else may read them.",
	NoContact: "Do not get in touch with them directly: ask whoever referred them.", NoCarers: "Say nothing to those who care for them.",
}

// Brief returns what a link shows, as the service may see it.
func (l *Links) Brief(ctx context.Context, o *Opened) (*Brief, error) {
	r, moves, err := workflow.Of(o.View, l.clock).Actions(ctx, o.Task)
	if err != nil {
		return nil, hidden(err)
	}
	p, err := findPerson(ctx, o.View, l.clock(), o.Patient)
	if err != nil || p == nil {
		return nil, hidden(err)
	}
	b := &Brief{
		Service: o.Service.Name, State: workflow.Referrals().Standing(r.State).Title, Version: r.ETag, Priority: r.Priority, AskedAt: r.Written,
		Name: p.name, Age: p.age, Interpreter: p.interpreter, Until: o.Until, Uses: o.Uses, Back: strings.HasPrefix(r.Requester, "Organization/"),
	}
	b.person(p)
	for _, m := range moves {
		b.Accept, b.Decline = b.Accept || m.Name == "accept", b.Decline || m.Name == "decline"
	}
	for _, s := range r.History {
		if (s.Move == "ask" || s.Move == "answer") && s.Says != "" {
			b.Said = append(b.Said, map[string]string{"ask": "Asked: ", "answer": "Answered: "}[s.Move]+s.Says)
		}
	}
	if err := b.request(ctx, o.View, r); err != nil {
		return nil, err
	}
	if b.Decline && !b.Back {
		b.Onward, err = hubs(ctx, o, l.clock())
	}
	return b, err
}

// hidden makes what the service may not see look as a link that never was.
func hidden(err error) error {
	if kind := fault.KindOf(err); err == nil || kind == fault.NotFound || kind == fault.Denied {
		return errNoLink
	}
	return err
}

func (b *Brief) person(p *person) {
	if p.language != "" && p.language != fallback && !strings.HasPrefix(p.language, fallback+"-") {
		b.Language = languageName(p.language)
	}
	if p.format != Standard {
		b.Format = string(p.format)
	}
	for _, f := range p.flags {
		if words := flagWords[f]; words != "" && !slices.Contains(b.Never, words) {
			b.Never = append(b.Never, words)
		}
	}
	if p.protected {
		return
	}
	if len(p.address) > 0 {
		last := strings.Fields(p.address[len(p.address)-1])
		if len(last) == 2 && len(last[1]) == 3 { // a postcode: its second half would tell the street
			b.Area = last[0]
		}
	}
	if !p.flagged(NoContact) {
		b.Telephone = p.telephone
	}
}

// request reads what was asked for, and by whom.
func (b *Brief) request(ctx context.Context, v *record.View, r *workflow.Referral) error {
	found, err := v.Read(ctx, "ServiceRequest", r.Request)
	if err != nil {
		return hidden(err)
	}
	doc, err := found.Doc()
	if err != nil {
		return fmt.Errorf("read a referral: %w", err)
	}
	b.Reason = doc.Root().At("reasonCode", "text").Text()
	b.Note = doc.Root().At("note", "text").Text()
	switch typ, id := cut(r.Requester); typ {
	case "Organization":
		org, err := v.Read(ctx, typ, id)
		if err != nil {
			return hidden(err)
		}
		if doc, err = org.Doc(); err != nil {
			return fmt.Errorf("read a referral: %w", err)
		}
		b.AskedBy = doc.Root().Get("name").Text()
	case "Patient":
		b.AskedBy = "the person themselves"
	default:
		b.AskedBy = "somebody who cares for the person"
	}
	return nil
}

// hubs returns the services that take somebody on whom another could not help.
func hubs(ctx context.Context, o *Opened, now time.Time) ([]Door, error) {
	all, err := directory.All(ctx, o.View, []search.Pair{{Name: "characteristic", Value: directory.RoleSystem + "|hub"}}, search.Options{Strict: true, Now: now})
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what it was doing
	}
	var out []Door
	for _, s := range all {
		if s.ID != o.Service.ID && s.Active && s.Takes(directory.FromService) {
			out = append(out, Door{s.ID, s.Name})
		}
	}
	return out, nil
}

// Decision is what a service says by a link.
type Decision struct {
	Move    string // accept or decline
	Version string // of the Brief that it was made from
	Reason  string // of a decline: code
	Says    string // of a decline: what whoever asked is to do
	Service fhir.ID
}

// Decide makes a decision that a link lets a service make. Its faults are those of
// workflow.Flow.Move.
func (l *Links) Decide(ctx context.Context, o *Opened, d Decision) error {
	m := workflow.Making{Move: d.Move, Version: d.Version, Reason: d.Reason, Service: d.Service}
	switch d.Move {
	case "accept":
	case "decline":
		if d.Service == "" {
			m.Back = d.Says
		}
	default:
		return fault.New(fault.Invalid, "By this link you can say yes or no.")
	}
	_, err := workflow.Of(o.View, l.clock).Move(ctx, o.Task, m)
	if fault.KindOf(err) == fault.NotFound {
		return errNoLink
	}
	return err //nolint:wrapcheck // it is fit to be shown
}

// Declining returns the reasons for which somebody can be declined.
func Declining() []*workflow.Reason {
	var out []*workflow.Reason
	for _, r := range workflow.Referrals().Reasons {
		if slices.Contains(r.Of, "decline") {
			out = append(out, r)
		}
	}
	return out
}

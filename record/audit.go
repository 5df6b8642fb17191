package record

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record/access"
	"joinery/record/store"
)

// line is what the audit keeps of one interaction, beside when it was and whom
// it is about. Its JSON is what the chain of the audit is made over: fields are
// added at the end, and none is ever renamed.
type line struct {
	Interaction string   `json:"do"`           // of FHIR's restful-interaction, or an operation such as $everything
	Action      string   `json:"a"`            // C, R, U, D or E
	Outcome     string   `json:"o,omitempty"`  // of audit-event-outcome; empty is success
	Why         string   `json:"w,omitempty"`  // what kind of failure
	Role        string   `json:"r"`            // of the subject
	Client      string   `json:"c,omitempty"`  // the program
	Name        string   `json:"n,omitempty"`  // of the person or system
	Operator    string   `json:"by,omitempty"` // who typed the command
	Purpose     string   `json:"p,omitempty"`
	Request     string   `json:"q,omitempty"` // id of the request
	Source      string   `json:"ip,omitempty"`
	Rules       []string `json:"l,omitempty"` // of the policy, by which it was allowed
	What        []string `json:"e,omitempty"` // resources, as Type/id or Type/id/_history/n
	Query       string   `json:"s,omitempty"` // as it was asked
	Count       int      `json:"k,omitempty"` // of resources disclosed or changed
	Reason      string   `json:"g,omitempty"` // why the glass was broken

	Organisation string   `json:"og,omitempty"` // id of the one that they work for
	Flags        []string `json:"f,omitempty"`  // why somebody must look at this: see flags.go
	Via          string   `json:"v,omitempty"`  // the system whose link was followed, and which: see launch.go
}

// maxNamed is how many resources one line names; the count says the rest.
const maxNamed = 20

func (l *line) name(typ string, id fhir.ID, version int) {
	l.Count++
	if len(l.What) == maxNamed {
		return
	}
	what := typ + "/" + string(id)
	if version > 0 {
		what = fmt.Sprintf("%s/_history/%d", what, version)
	}
	l.What = append(l.What, what)
}

// rule notes why a row was allowed, once.
func (l *line) rule(r access.Reason) {
	said := r.String()
	for _, have := range l.Rules {
		if have == said {
			return
		}
	}
	if said != "" {
		l.Rules = append(l.Rules, said)
	}
}

// entry makes the store's row of a line.
func (v *View) entry(l line) (store.AuditEntry, error) {
	who := v.subject.Who()
	l.Role, l.Client, l.Name, l.Operator = v.subject.Role().String(), who.Client, who.Name, who.Operator
	l.Purpose, l.Request, l.Source = string(who.Purpose), who.Request, who.Source
	l.Organisation = string(v.subject.Organization())
	if g := v.subject.Glass(); g != nil {
		l.Reason = g.Reason
	}
	b, err := json.Marshal(l)
	if err != nil {
		return store.AuditEntry{}, fmt.Errorf("write an audit line: %w", err)
	}
	return store.AuditEntry{Entry: b}, nil
}

// audit writes a line that is about nobody in particular, before the answer
// leaves. The error is for the caller to answer with instead.
func (v *View) audit(ctx context.Context, l line) error { return v.disclose(ctx, nil, l, 0) }

// disclose writes a line about a person, and the handles of pages to come,
// before the answer leaves.
func (v *View) disclose(ctx context.Context, pages []store.Page, l line, p store.Person) error {
	if err := v.flag(ctx, &l, p); err != nil {
		return err
	}
	entry, err := v.entry(l)
	if err != nil {
		return err
	}
	entry.Person = p
	return v.write(ctx, []store.AuditEntry{entry}, pages)
}

// write makes the audit durable. Until it returns without error nothing may
// leave.
func (v *View) write(ctx context.Context, entries []store.AuditEntry, pages []store.Page) error {
	err := v.rec.store.Audit(ctx, entries, pages)
	if err != nil && fault.KindOf(err) == fault.Internal {
		return fault.Wrap(fault.Unavailable, "The audit cannot be written, so nothing can be shown now. Try again later.", err)
	}
	return err
}

// refusal makes a line the record of a failure.
func refusal(l line, err error) line {
	l.Count = 0
	switch kind := fault.KindOf(err); kind {
	case fault.Internal, fault.Unavailable:
		l.Outcome, l.Why = "8", kind.String()
	default:
		l.Outcome, l.Why = "4", kind.String()
	}
	var refused *store.Refused
	if errors.Is(err, store.ErrHidden) || errors.As(err, &refused) && refused.Reason == store.Hidden {
		l.Why = "hidden"
	}
	return l
}

// line says what a transaction does.
func (t *transaction) line() line {
	l := line{Interaction: "transaction", Action: "E"}
	for i := range t.ops {
		op := &t.ops[i]
		if op.Kind < Create {
			continue
		}
		if len(t.ops) > 1 { // the line of one person must not name what is another's; the log says which versions came of it
			l.Count++
			continue
		}
		id := op.ID
		if i < len(t.todo) && t.todo[i].id != "" {
			id = t.todo[i].id
		}
		l.name(op.Type, id, 0)
	}
	if len(t.ops) != 1 {
		return l
	}
	switch t.ops[0].Kind {
	case Create:
		l.Interaction, l.Action = "create", "C"
	case Update:
		l.Interaction, l.Action = "update", "U"
	case Patch:
		l.Interaction, l.Action = "patch", "U"
	case Delete:
		l.Interaction, l.Action = "delete", "D"
	case Read, Search:
	}
	return l
}

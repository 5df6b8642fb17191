package record

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"joinery/fault"
	"joinery/fhir"
	"joinery/fhir/r4"
	"joinery/record/access"
	"joinery/record/store"
)

// commit writes the changes and their audit together.
func (t *transaction) commit(ctx context.Context, changes []*store.Change) (store.Committed, bool, error) {
	tx := &store.Tx{Changes: changes, Receipt: t.receipt}
	if len(t.searched)+len(t.limits) > 0 {
		tx.Check = func(n *store.Snap) error {
			if err := t.withinLimits(n); err != nil {
				return err
			}
			return t.stillFound(n)
		}
	}
	if t.writes() {
		entry, err := t.view.entry(t.line())
		if err != nil {
			return store.Committed{}, false, err
		}
		entry.Each = true
		tx.Audit = []store.AuditEntry{entry}
	}
	if len(changes) == 0 && len(tx.Audit) == 0 {
		return store.Committed{}, false, nil
	}
	done, err := t.view.rec.store.Commit(ctx, tx)
	var refused *store.Refused
	if errors.As(err, &refused) {
		return done, false, t.refused(ctx, refused)
	}
	return done, done.Again, err
}

// writes reports whether the transaction is to change anything.
func (t *transaction) writes() bool {
	return slices.ContainsFunc(t.ops, func(op Op) bool { return op.Kind >= Create })
}

// stillFound makes sure, in the moment of the commit, that conditions find what
// they found before.
func (t *transaction) stillFound(n *store.Snap) error {
	for _, c := range t.searched {
		found, err := n.Matching(t.view.filter(access.Search), c.query, 2)
		if err != nil {
			return err
		}
		same := len(found) == len(c.found)
		for i := 0; same && i < len(found); i++ {
			same = found[i].ID == c.found[i]
		}
		if !same {
			return fault.Wrap(fault.Conflict, "What a condition of the request finds was changed meanwhile; send it again.", errMoved)
		}
	}
	return nil
}

// refused explains the store's refusal of a change as the subject may know it.
func (t *transaction) refused(ctx context.Context, r *store.Refused) error {
	at := slices.IndexFunc(t.todo, func(s step) bool { return s.change != nil && s.place == r.Change })
	if at < 0 {
		return r
	}
	op, s := &t.ops[at], &t.todo[at]
	switch r.Reason {
	case store.Hidden:
		// Who may see it is told that they may not change it; to others it is absent.
		if err := t.view.may(ctx, access.Read, op.Type, s.id); err == nil {
			return &OpError{at, fmt.Errorf("%w: %w", denied(op.Kind.action(), op.Type), r)}
		}
	case store.Forbidden:
		return &OpError{at, fmt.Errorf("%w: %w", denied(op.Kind.action(), op.Type), r)}
	case store.Changing:
		if op.Kind == Patch && op.IfMatch == "" {
			return &OpError{at, fmt.Errorf("%w: %w", r, errMoved)}
		}
	case store.Exists:
		if op.Kind == Update {
			return &OpError{at, fmt.Errorf("%w: %w", r, errMoved)}
		}
	case store.Absent, store.Deleted:
	}
	return &OpError{at, r}
}

// denied says that a subject may not do something to a type of resource.
func denied(a access.Action, typ string) *fault.Error {
	return fault.New(fault.Denied, "Your rights do not let you "+a.String()+" this "+typ+".")
}

// results gathers what each op asked for, after the commit.
func (t *transaction) results(ctx context.Context, done store.Committed) ([]Result, error) {
	out := make([]Result, len(t.ops))
	for i := range t.ops {
		op, s := &t.ops[i], &t.todo[i]
		var err error
		switch {
		case op.Kind == Read:
			out[i].Version, err = t.view.Read(ctx, op.Type, op.ID)
		case op.Kind == Search:
			var p Page
			p, err = t.view.Search(ctx, op.Where)
			out[i].Page = &p
		case s.found != nil:
			out[i].Version = *s.found
		case s.change != nil:
			changed := done.Changed[s.place]
			out[i].Created = changed.Created
			out[i].Version, err = t.view.made(s.change, changed)
		}
		if err != nil {
			return nil, &OpError{i, err}
		}
	}
	return out, nil
}

// made shows what a change made. Most who write do not want it back, so where
// nothing is masked from them the content is made only when asked for.
func (v *View) made(c *store.Change, done store.Changed) (Version, error) {
	f := v.filter(access.Read)
	number, _ := r4.TypeNumber(c.Type)
	if !f.Masks(number, access.Label(c.Labels())) {
		return Version{
			Type: c.Type, ID: c.ID, Number: done.Number, At: done.At,
			Deleted: c.Method == store.Delete, Method: c.Method.String(),
			late: func() (store.Version, error) { return c.Made(done) },
		}, nil
	}
	made, err := c.Made(done)
	if err != nil {
		return Version{}, err
	}
	return show(f, &made)
}

// ifMatch reads an ETag, 0 when there is none.
func ifMatch(etag string) (int, error) {
	if etag == "" {
		return 0, nil
	}
	number, weak := strings.CutPrefix(etag, "W/")
	if len(number) > 2 && number[0] == '"' && number[len(number)-1] == '"' {
		if n, err := strconv.Atoi(number[1 : len(number)-1]); err == nil && n > 0 && weak {
			return n, nil
		}
	}
	return 0, fault.New(fault.Invalid, `If-Match must be the ETag of a version as this server gave it, such as W/"3".`)
}

// withID returns the edits that give a resource an id in place of the one it
// came with, if it did.
func withID(doc *fhir.Doc, id fhir.ID) []fhir.Edit {
	root := doc.Root()
	has := root.Get("id")
	switch {
	case has.Is(string(id)):
		return nil
	case has.Exists():
		start, end := has.Span()
		return []fhir.Edit{{Start: start, End: end, New: fhir.AppendQuoted(nil, string(id))}}
	}
	start, _ := root.Span()
	member := append(fhir.AppendQuoted([]byte(`"id":`), string(id)), ',')
	return []fhir.Edit{{Start: start + 1, End: start + 1, New: member}}
}

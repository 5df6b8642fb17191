package record

import (
	"context"
	"fmt"
	"sync"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record/access"
	"joinery/record/search"
	"joinery/record/store"
)

// Places and waiting lists are of everybody: whoever has a place, or waits before
// somebody, is there whether or not the subject may see them. So the workflow
// counts what it keeps of all, and numbers alone leave it. Why this is not a way
// past the door is in docs/decisions/0014-places-are-counted-of-everybody.md.

// Limit is how many resources of a kind there may be, seen by the subject or not.
type Limit struct {
	Of   *search.Query
	Most int
	Full error // what a transaction is refused with when there are so many
}

// maxTallied is how many resources one tally looks at.
const maxTallied = 5000

// TransactWithin is Transact, but refused with a limit's Full when, in the moment
// of the commit and before what it changes, there are as many resources as the
// limit allows. So a transaction that adds one never goes over it, whichever nodes
// write at the same time. The fault is Denied to whoever does not act through the
// workflow.
func (v *View) TransactWithin(ctx context.Context, ops []Op, limits ...Limit) ([]Result, error) {
	if err := v.tallies(); err != nil {
		return nil, err
	}
	results, _, err := v.transact(ctx, ops, nil, limits)
	return results, err
}

// Tally returns how many resources a query finds, of everybody. When each is not
// nil it is shown those that the workflow keeps, to tell them apart by; nothing but
// numbers may come of it. It is audited as a question about all. The fault is
// Denied to whoever does not act through the workflow, and TooLarge for more than
// five thousand to be shown.
func (v *View) Tally(ctx context.Context, q *search.Query, each func(fhir.Value)) (int, error) {
	if err := v.tallies(); err != nil {
		return 0, err
	}
	n, err := v.tally(ctx, q, each)
	l := line{Interaction: "tally", Action: "E", Query: q.Type + "?" + q.Self()}
	if err != nil {
		l = refusal(l, err)
	}
	if audit := v.audit(ctx, l); audit != nil {
		return 0, audit
	}
	return n, err
}

func (v *View) tallies() error {
	if v.subject.Hand() != access.ByWorkflow {
		return fault.New(fault.Denied, "Places and waiting lists are counted by the workflow alone.")
	}
	return nil
}

func (v *View) tally(ctx context.Context, q *search.Query, each func(fhir.Value)) (n int, err error) {
	var found []store.Version
	err = v.rec.store.View(ctx, func(s *store.Snap) error {
		if each == nil {
			n, err = v.countAll(s, q)
			return err
		}
		found, err = s.Matching(v.everybody(access.Search), q, maxTallied+1)
		return err
	})
	switch {
	case err != nil || each == nil:
		return n, err
	case len(found) > maxTallied:
		return 0, fault.New(fault.TooLarge, "More people wait here than are worked through at once.")
	}
	for i := range found {
		doc, err := fhir.Parse(found[i].JSON())
		if err != nil {
			return 0, fmt.Errorf("count what the workflow keeps: %w", err)
		}
		if access.Labels(doc.Root())&access.Workflow != 0 {
			n++
			each(doc.Root())
		}
	}
	return n, nil
}

// countAll counts what a query finds of everybody.
func (v *View) countAll(n *store.Snap, q *search.Query) (int, error) {
	f := v.everybody(access.Count)
	counting := *q
	counting.Summary = search.SummaryCount
	found, err := n.Find(store.Rights{Search: f, Read: f, Count: f}, &counting, nil)
	if err != nil {
		return 0, err
	}
	return *found.Total, nil
}

// withinLimits makes sure, in the moment of the commit, that no limit is reached.
func (t *transaction) withinLimits(n *store.Snap) error {
	for _, l := range t.limits {
		count, err := t.view.countAll(n, l.Of)
		if err != nil {
			return err
		}
		if count >= l.Most {
			return l.Full
		}
	}
	return nil
}

// everybody is the filter of a subject from whom nothing is hidden.
func (v *View) everybody(a access.Action) *access.Filter {
	return v.rec.policy.Filter(allSeeing(), a, v.rec.clock())
}

var allSeeing = sync.OnceValue(func() access.Subject {
	scopes, err := access.ParseScopes("system/*.rs label/*")
	if err == nil {
		var s access.Subject
		if s, err = access.NewSystem(access.Who{Client: "joinery", Scopes: scopes}); err == nil {
			return s
		}
	}
	panic("record: " + err.Error()) // found by every test
})

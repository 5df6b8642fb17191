package notice

import (
	"context"
	"fmt"
	"strings"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
)

// Desk is notices as somebody at the desk sees and handles them.
type Desk struct {
	view  *record.View
	clock func() time.Time
}

// At returns the notices over a view of the record.
func At(v *record.View, clock func() time.Time) *Desk { return &Desk{v, clock} }

// List says which notices are wanted.
type List struct {
	ByHand  bool    // those that somebody has to do something about
	Waiting bool    // those that are to be sent
	Patient fhir.ID // of one person; empty: of all
}

// listed is how many notices a list holds.
const listed = 200

// List returns notices, the latest written last; more reports whether there are
// others.
func (d *Desk) List(ctx context.Context, l List) (all []*Notice, more bool, err error) {
	params := []string{"category", KindSystem + "|", "_count", fmt.Sprint(listed), "_sort", "_lastUpdated"}
	for _, queue := range []struct {
		on   bool
		name string
	}{{l.ByHand, byHand}, {l.Waiting, waiting}} {
		if queue.on {
			params = append(params, "_tag", QueueTag+"|"+queue.name)
		}
	}
	if l.Patient != "" {
		params = append(params, "subject", "Patient/"+string(l.Patient))
	}
	page, err := find(ctx, d.view, d.clock(), "Communication", params...)
	if err != nil {
		return nil, false, err
	}
	for i := range page.Entries {
		n, err := read(&page.Entries[i].Version)
		if err != nil {
			return nil, false, err
		}
		all = append(all, n)
	}
	return all, page.Next != "", nil
}

// Show returns a notice and, of a letter, the page as it would be printed now; nil
// when it cannot go by post. The fault is NotFound when there is no such notice.
func (d *Desk) Show(ctx context.Context, id fhir.ID) (*Notice, *Page, error) {
	n, err := d.get(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if n.Medium != Letter && n.Medium != Spoken {
		return n, nil, nil
	}
	p, err := findPerson(ctx, d.view, d.clock(), n.Patient)
	if err != nil || p == nil || p.died || p.protected {
		return n, nil, err
	}
	lines := addressed(p.addressee(), p.address)
	if c := p.carer(n.To); c != nil {
		lines = addressed(c.name, c.address)
	}
	return n, page(n, lines, d.clock()), nil
}

func (d *Desk) get(ctx context.Context, id fhir.ID) (*Notice, error) {
	v, err := d.view.Read(ctx, "Communication", id)
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return nil, errNoNotice
		}
		return nil, fmt.Errorf("look up a notice: %w", err)
	}
	return read(&v)
}

// Send has a notice that waits sent now. The fault is Conflict when it does not
// wait.
func (d *Desk) Send(ctx context.Context, id fhir.ID) (*Notice, error) {
	return d.change(ctx, id, func(n *Notice) error {
		if n.Status != Preparation || n.ByHand {
			return fault.New(fault.Conflict, "It does not wait to be sent. What was not done is put in line again by: joinery notice retry.")
		}
		n.Next = d.clock()
		return nil
	})
}

// Retry puts a notice that was not done in line again, with all its tries. Whether
// it may be sent is looked at anew. The fault is Conflict when it was done, or is to
// be said.
func (d *Desk) Retry(ctx context.Context, id fhir.ID) (*Notice, error) {
	return d.change(ctx, id, func(n *Notice) error {
		switch {
		case n.Status != NotDone:
			return fault.New(fault.Conflict, "Only what was not done can be tried again.")
		case n.Medium == Spoken:
			return fault.New(fault.Conflict, "This is to be said to them: note that it was, with --told.")
		case n.Reason == NotByLetter, n.Reason == Unbound:
			return fault.New(fault.Conflict, "It would end in the same way: "+n.Why()+".")
		}
		n.Status, n.Reason, n.Failures, n.ByHand, n.Next = Preparation, "", 0, false, d.clock()
		if n.Link != nil {
			n.Link.Until = d.clock().Add(linkHolds)
		}
		return nil
	})
}

// Told notes that somebody told them by hand, and how: printed, rung, visited. The
// fault is Conflict when it was sent already.
func (d *Desk) Told(ctx context.Context, id fhir.ID, how string) (*Notice, error) {
	if strings.TrimSpace(how) == "" {
		return nil, fault.New(fault.Invalid, "Say how they were told.")
	}
	return d.change(ctx, id, func(n *Notice) error {
		if n.Status == Completed || n.Status == InProgress {
			return fault.New(fault.Conflict, "It was sent already, or is on its way.")
		}
		n.Status, n.Reason, n.Told, n.Sent, n.ByHand, n.Next = Completed, "", how, d.clock(), false, time.Time{}
		return nil
	})
}

// Stop ends a notice that was not sent yet, or the link in one that was.
func (d *Desk) Stop(ctx context.Context, id fhir.ID) (*Notice, error) {
	return d.change(ctx, id, func(n *Notice) error {
		if n.Link != nil {
			n.Link.Uses, n.Link.Until = 0, d.clock()
		}
		switch {
		case n.Status == Completed && n.Link == nil:
			return fault.New(fault.Conflict, "It was sent already.")
		case n.Status != Completed:
			n.fail(Stopped)
		}
		return nil
	})
}

func (d *Desk) change(ctx context.Context, id fhir.ID, do func(*Notice) error) (*Notice, error) {
	n, err := d.get(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := do(n); err != nil {
		return nil, err
	}
	return keep(ctx, d.view, n)
}

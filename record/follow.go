package record

import (
	"context"
	"fmt"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record/access"
	"joinery/record/store"
)

// Follower reads what changed in the record, in order, for what is kept of it
// elsewhere: timelines, memberships. It is for one goroutine.
//
// What it reads stays inside the server. So the audit has one line when
// following begins, and one with how much was read for each Done, instead of one
// for each resource.
type Follower struct {
	view *View
	f    *store.Follower
	name string
	read int // resources since the last Done
}

// Position is a place in the log. It must stay inside the server.
type Position int64

// Changed names a resource that changed.
type Changed struct {
	Type string
	ID   fhir.ID
}

// Standing is a resource as it is now, and whose it is, by persons' keys.
type Standing struct {
	Changed
	Doc    *fhir.Doc // nil: it is no more, or the subject may not see it
	Now    []int64   // whose it is
	Former []int64   // whose it was
}

// Holding is a resource of a person.
type Holding struct {
	Key int64 // of the person
	Version
}

// Follow returns a follower under a name, of which there is one at a time; lease
// is how long one that fell silent keeps others waiting. The subject must be a
// system: the fault is Denied otherwise, and with what Follower returns
// Unavailable while another follows under the name.
func (v *View) Follow(ctx context.Context, name string, lease time.Duration) (*Follower, error) {
	if v.subject.Role() != access.System {
		err := fault.New(fault.Denied, "Only a system may follow the record.")
		if audit := v.audit(ctx, refusal(line{Interaction: "follow", Action: "R", Query: name}, err)); audit != nil {
			return nil, audit
		}
		return nil, err
	}
	if err := v.audit(ctx, line{Interaction: "follow", Action: "R", Query: name}); err != nil {
		return nil, err
	}
	f, err := v.rec.store.Follow(ctx, name, lease)
	if err != nil {
		return nil, err //nolint:wrapcheck // the store says what it was doing
	}
	return &Follower{view: v, f: f, name: name}, nil
}

// Begin takes the lease and returns up to where all is done, and the newest
// place.
func (f *Follower) Begin(ctx context.Context) (done, newest Position, err error) {
	t, err := f.f.Cursor(ctx)
	if err != nil {
		return 0, 0, err //nolint:wrapcheck // the store says what it was doing
	}
	err = f.view.rec.store.View(ctx, func(n *store.Snap) error {
		t, err := n.T()
		newest = Position(t)
		return err
	})
	return Position(t), newest, err
}

// After returns which resources changed in up to limit transactions after a
// place, each once, oldest change first, and the place they lead to. Of large
// transactions it takes fewer.
func (f *Follower) After(ctx context.Context, at Position, limit int) ([]Changed, Position, error) {
	entries, err := f.f.After(ctx, int64(at), limit)
	if err != nil {
		return nil, at, err //nolint:wrapcheck // the store says what it was doing
	}
	var out []Changed
	seen := map[Changed]bool{}
	for _, e := range entries {
		for _, c := range e.Changed {
			if one := (Changed{c.Type, c.ID}); !seen[one] {
				seen[one] = true
				out = append(out, one)
			}
		}
		at = Position(e.T)
	}
	return out, at, nil
}

// Now returns how it is with resources now.
func (f *Follower) Now(ctx context.Context, which []Changed) ([]Standing, error) {
	filter := f.view.filter(access.Read)
	out := make([]Standing, 0, len(which))
	err := f.view.rec.store.View(ctx, func(n *store.Snap) error {
		for _, c := range which {
			s, err := n.Standing(filter, c.Type, c.ID)
			if err != nil {
				return err
			}
			one := Standing{Changed: c, Now: keys(s.Now), Former: keys(s.Former)}
			if s.Version != nil {
				v, err := f.show(filter, s.Version)
				if err != nil {
					return err
				}
				if one.Doc, err = v.Doc(); err != nil {
					return err
				}
			}
			out = append(out, one)
		}
		return nil
	})
	return out, err
}

func keys(persons []store.Person) []int64 {
	out := make([]int64, len(persons))
	for i, p := range persons {
		out[i] = int64(p)
	}
	return out
}

func (f *Follower) show(filter *access.Filter, s *store.Version) (Version, error) {
	f.read++
	return show(filter, s)
}

// People returns what the record now holds of persons from a key on, ordered by
// person: about as many resources as limit says, of whole persons. next is the
// key to go on with, 0 when there are no more.
func (f *Follower) People(ctx context.Context, from int64, limit int) (held []Holding, next int64, err error) {
	err = f.holdings(ctx, &held, func(n *store.Snap, filter *access.Filter) ([]store.Version, error) {
		found, more, err := n.Living(filter, store.Person(from), limit)
		next = int64(more)
		return found, err
	})
	return held, next, err
}

// Person returns what the record now holds of a person.
func (f *Follower) Person(ctx context.Context, key int64) (held []Holding, err error) {
	err = f.holdings(ctx, &held, func(n *store.Snap, filter *access.Filter) ([]store.Version, error) {
		return n.LivingOf(filter, store.Person(key), "")
	})
	return held, err
}

// Nobodys returns what the record now holds of a type that is nobody's.
func (f *Follower) Nobodys(ctx context.Context, typ string) (held []Holding, err error) {
	err = f.holdings(ctx, &held, func(n *store.Snap, filter *access.Filter) ([]store.Version, error) {
		return n.LivingOf(filter, 0, typ)
	})
	return held, err
}

func (f *Follower) holdings(ctx context.Context, held *[]Holding, find func(*store.Snap, *access.Filter) ([]store.Version, error)) error {
	filter := f.view.filter(access.Read)
	return f.view.rec.store.View(ctx, func(n *store.Snap) error {
		found, err := find(n, filter)
		if err != nil {
			return err
		}
		for i := range found {
			v, err := f.show(filter, &found[i])
			if err != nil {
				return err
			}
			*held = append(*held, Holding{Key: int64(found[i].Person()), Version: v})
		}
		return nil
	})
}

// Links returns, for everyone who is one with somebody else, the key by which
// all of them are known.
func (f *Follower) Links(ctx context.Context) (roots map[int64]int64, err error) {
	roots = map[int64]int64{}
	err = f.view.rec.store.View(ctx, func(n *store.Snap) error {
		links, err := n.Links()
		for p, root := range links {
			roots[int64(p)] = int64(root)
		}
		return err
	})
	return roots, err
}

// Linked returns the keys of everyone who is one with a person, theirs included.
func (f *Follower) Linked(ctx context.Context, key int64) (all []int64, err error) {
	err = f.view.rec.store.View(ctx, func(n *store.Snap) error {
		persons, err := n.Linked(store.Person(key))
		all = keys(persons)
		return err
	})
	return all, err
}

// Done notes that everything up to a place is dealt with, and how much was read
// for that. The fault is Conflict when the lease was lost meanwhile.
func (f *Follower) Done(ctx context.Context, at Position) error {
	l := line{Interaction: "follow", Action: "R", Query: f.name, Count: f.read}
	if err := f.view.audit(ctx, l); err != nil {
		return err
	}
	f.read = 0
	if err := f.f.Done(ctx, int64(at)); err != nil {
		return fmt.Errorf("follow the record: %w", err)
	}
	return nil
}

// Release lets another follow under the name.
func (f *Follower) Release(ctx context.Context) error {
	return f.f.Release(ctx) //nolint:wrapcheck // the store says what it was doing
}

package store

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/fhir/r4"
)

// Follower reads the log from where its name left off, under a lease: of all
// processes and goroutines that follow by one name, one at a time does.
// It is for one goroutine.
type Follower struct {
	s     *Store
	name  string
	owner string
	lease time.Duration
	until time.Time // of the lease, as far as this follower knows
}

// LogEntry is one transaction, as followers see it.
type LogEntry struct {
	T       int64 // stays inside the server
	At      time.Time
	Changed []LogChange
}

// LogChange is one version that a transaction made.
type LogChange struct {
	Type    string
	ID      fhir.ID
	Number  int
	Method  Method
	Persons []Person // whose rows it made; 0 for nobody's
}

// Follow returns a follower of a name, from the beginning of the log the first
// time. lease is how long a follower that fell silent keeps others waiting.
func (s *Store) Follow(ctx context.Context, name string, lease time.Duration) (*Follower, error) {
	b := make([]byte, 8)
	if _, err := io.ReadFull(s.opts.Rand, b); err != nil {
		return nil, fmt.Errorf("name a follower: %w", err)
	}
	err := s.db.write(ctx, func(c conn) error {
		_, err := c.exec(ctx, "INSERT INTO follower (name, t, owner, until) VALUES (?, 0, '', 0) ON CONFLICT DO NOTHING", name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("follow the log as %s: %w", name, err)
	}
	return &Follower{s: s, name: name, owner: hex.EncodeToString(b), lease: lease}, nil
}

// Next returns up to limit transactions after those that were done, oldest
// first; none when there are none yet. The fault is Unavailable while another
// has the lease.
func (f *Follower) Next(ctx context.Context, limit int) ([]LogEntry, error) {
	from, err := f.Cursor(ctx)
	if err != nil {
		return nil, err
	}
	return f.read(ctx, from, limit)
}

// After is Next from a t that the follower keeps itself, being further than what
// it says is done. It writes only when half the lease is over, so that it can be
// asked many times a second.
func (f *Follower) After(ctx context.Context, t int64, limit int) ([]LogEntry, error) {
	if left := f.until.Sub(f.s.opts.Clock()); left < f.lease/2 || left > f.lease { // more when the clock was put back
		if _, err := f.Cursor(ctx); err != nil {
			return nil, err
		}
	}
	return f.read(ctx, t, limit)
}

func (f *Follower) read(ctx context.Context, from int64, limit int) ([]LogEntry, error) {
	var found []LogEntry
	err := f.s.View(ctx, func(n *Snap) error {
		var lists [][]entry
		err := n.query("SELECT t, at, what FROM log WHERE t > ? ORDER BY t LIMIT ?", []any{from, limit}, func(r *row) error {
			var list []entry
			for e, err := range entries(r.bytes(2)) {
				if err != nil {
					return damaged("log", r.int(0), err.Error())
				}
				list = append(list, e)
			}
			lists = append(lists, list)
			found = append(found, LogEntry{T: r.int(0), At: time.UnixMilli(r.int(1)).UTC()})
			return nil
		})
		found = found[:enough(lists)]
		for i := range found {
			for _, e := range lists[i] {
				change, err := n.logChange(e)
				if err != nil {
					return err
				}
				found[i].Changed = append(found[i].Changed, change)
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("follow the log as %s: %w", f.name, err)
	}
	return found, nil
}

// enoughChanges is about how many changes are read at once, so that a follower
// that fell behind large transactions need not hold them all.
const enoughChanges = 2_000

// enough returns how many of some transactions have enough changes together: one
// at least.
func enough(lists [][]entry) int {
	changes := 0
	for i, list := range lists {
		if changes += len(list); changes > enoughChanges && i > 0 {
			return i
		}
	}
	return len(lists)
}

func (n *Snap) logChange(e entry) (LogChange, error) {
	c := LogChange{Type: r4.TypeName(e.rk.typ()), Number: e.ver, Method: e.method, Persons: []Person{e.rk.person()}}
	for _, k := range e.others {
		c.Persons = append(c.Persons, k.person())
	}
	err := n.query("SELECT id FROM res WHERE rk = ?", []any{e.rk}, func(r *row) error { c.ID = unpackID(r.bytes(0)); return nil })
	return c, err
}

// tooLong is how many times as long as a lease one may still run: what runs
// longer was taken by a clock that was wrong, and keeps nobody waiting.
const tooLong = 10

// Cursor takes or keeps the lease, and returns the t up to which all is done.
// The fault is Unavailable while another has the lease.
func (f *Follower) Cursor(ctx context.Context) (t int64, err error) {
	now := f.s.opts.Clock()
	err = f.s.db.write(ctx, func(c conn) error {
		n, err := c.exec(ctx, "UPDATE follower SET owner = ?, until = ? WHERE name = ? AND (owner = ?1 OR until < ? OR until > ?)",
			f.owner, now.Add(f.lease).UnixMilli(), f.name, now.UnixMilli(), now.Add(tooLong*f.lease).UnixMilli())
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Unavailable, "Another process follows the record under this name.")
		}
		return c.query(ctx, "SELECT t FROM follower WHERE name = ?", []any{f.name}, func(r *row) error { t = r.int(0); return nil })
	})
	if err != nil {
		return 0, fmt.Errorf("take the lease of follower %s: %w", f.name, err)
	}
	f.until = now.Add(f.lease)
	return t, nil
}

// Done notes that everything up to a transaction was dealt with. The fault is
// Conflict when the lease was lost meanwhile: another then deals with it.
func (f *Follower) Done(ctx context.Context, t int64) error {
	err := f.s.db.write(ctx, func(c conn) error {
		n, err := c.exec(ctx, "UPDATE follower SET t = ? WHERE name = ? AND owner = ? AND t <= ?1", t, f.name, f.owner)
		if err == nil && n == 0 {
			err = fault.New(fault.Conflict, "Another process took over following the record.")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("move follower %s on: %w", f.name, err)
	}
	return nil
}

// Release gives the lease back.
func (f *Follower) Release(ctx context.Context) error {
	return f.s.db.write(ctx, func(c conn) error {
		_, err := c.exec(ctx, "UPDATE follower SET until = 0 WHERE name = ? AND owner = ?", f.name, f.owner)
		return err
	})
}

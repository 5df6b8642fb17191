package store

import (
	"context"
	"fmt"
)

// Snap is the record at one t, for the time of the function it was given to and
// for one goroutine.
//
// What finds rows reads head and gx as they are now, which may be newer than t
// when the Snap is one of an older t (ViewAsOf): rows with t > n.t were not yet
// there, and what they replaced is in hist, from histFrom(n.t) on.
type Snap struct {
	s     *Store
	ctx   context.Context
	c     conn
	t     int64 // what it sees: versions with t ≤ this, not yet replaced by it
	last  int64 // the newest t when it was taken, or latest
	trail bool  // the trail is in it
}

// latest is greater than any t. It stands for that of a Snap which sees all that
// there is, as long as nobody asks.
const latest int64 = 1 << 42

// T returns the snapshot's t, to remember with a page. It must not leave the
// server.
func (n *Snap) T() (int64, error) {
	if n.last == latest {
		err := n.query("SELECT n FROM tip WHERE what = 0", nil, func(r *row) error { n.last = r.int(0); return nil })
		if err != nil {
			return 0, fmt.Errorf("read how far the record has come: %w", err)
		}
	}
	return min(n.t, n.last), nil
}

// query runs a statement in the snapshot; see conn.
func (n *Snap) query(sql string, args []any, each func(*row) error) error {
	return n.c.query(n.ctx, sql, args, each)
}

// words returns what the database at hand says in its own way.
func (n *Snap) words() *dialect { return n.c.words() }

// old reports whether something was written since the snapshot's t.
func (n *Snap) old() bool { return n.t < n.last }

// posBits is how many versions one transaction may replace.
const posBits = 20

// histFrom is the lowest hist.n of versions that a snapshot at t still sees, if
// their own t is not after it.
func histFrom(t int64) int64 { return (t + 1) << posBits }

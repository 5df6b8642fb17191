// Package record is the longitudinal record, behind one door.
//
//	rec, err := record.Open(ctx, "sqlite:joinery.db", record.Options{Clock: time.Now, Rand: rand.Reader})
//	view := rec.As(subject)
//	version, err := view.Read(ctx, "Patient", id)
//
// As gives a View: the record as one subject may see and change it. There is no
// way to data outside a View, and no subject that record/access did not make. A
// View decides by policy inside the query (record/access, record/store), and
// writes the audit before the answer leaves: a read that cannot be audited does
// not happen, a write and its audit are one transaction, and what is refused is
// audited too. What is hidden and what is absent look alike from outside.
//
// A View holds nothing between calls; rights are those of the moment of each.
// Everything here is safe for concurrent use.
//
// Trade-offs: writes are validated here, whoever validated before, because the
// door is the one place that nothing goes around. What a patient's trail says is
// kept as short rows and shown as AuditEvents when asked for (auditevent.go).
package record

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"joinery/record/access"
	"joinery/record/credential"
	"joinery/record/store"
)

// Options are what a Record needs from outside.
type Options struct {
	Clock func() time.Time // required
	Rand  io.Reader        // required: ids, tokens and the secret of page handles come from it
	Log   *slog.Logger     // nil: nothing is said

	// Policy is who may do what; nil is the one that Joinery ships.
	Policy *access.Policy
	// StateDir is where the audit reserve lies when the database is not a file.
	StateDir string
	// Holder is told to whoever finds the SQLite file taken.
	Holder string
	// Readers is how many queries run at once, a number by the machine when 0.
	Readers int
	// Passwords is what hashing one takes: credential.Usual when zero. Less is
	// for tests.
	Passwords credential.Cost
	// NoAudit leaves out the audit, to measure what it costs. Never in use.
	NoAudit bool
}

// Record is an open record.
type Record struct {
	store  *store.Store
	policy *access.Policy
	clock  func() time.Time
	ids    *idSource
	hasher *credential.Hasher
	grants grants
	near   nearness
}

// Open opens the record in a database, sqlite:PATH or postgres://…, and brings
// its schema up to date. A SQLite file belongs to one process: when another has
// it, the error is a *store.Locked that says who.
func Open(ctx context.Context, db string, o Options) (*Record, error) {
	s, err := store.Open(ctx, db, store.Options{
		Clock: o.Clock, Rand: o.Rand, Log: o.Log, StateDir: o.StateDir, Holder: o.Holder, Readers: o.Readers, Alert: isAlert, NoAudit: o.NoAudit,
	})
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	if o.Policy == nil {
		o.Policy = access.Shipped()
	}
	if o.Passwords == (credential.Cost{}) {
		o.Passwords = credential.Usual
	}
	ids := newIDSource(o.Clock, o.Rand)
	return &Record{store: s, policy: o.Policy, clock: o.Clock, ids: ids, hasher: credential.NewHasher(o.Passwords, ids)}, nil
}

// Close finishes what was accepted and closes the database.
func (r *Record) Close() error { return r.store.Close() }

// As returns the record as a subject may see and change it. It holds nothing:
// make one for each request.
func (r *Record) As(s access.Subject) *View { return &View{rec: r, subject: s} }

// View is the record as one subject may see and change it.
type View struct {
	rec     *Record
	subject access.Subject
}

// Through returns the view of the same subject acting by a hand: see
// access.Hand.
func (v *View) Through(h access.Hand) *View { return v.rec.As(v.subject.Through(h)) }

// Subject returns who it is that sees.
func (v *View) Subject() access.Subject { return v.subject }

// filter returns what the subject may do now.
func (v *View) filter(a access.Action) *access.Filter {
	return v.rec.policy.Filter(v.subject, a, v.rec.clock())
}

// Ready reports whether the record can answer: nil, or why not.
func (r *Record) Ready(ctx context.Context) error {
	return r.store.ViewTrail(ctx, func(n *store.Snap) error {
		_, err := n.T()
		return err
	})
}

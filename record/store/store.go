// Package store keeps the record: every version of every resource, in SQLite or
// in PostgreSQL, with what they are found by, who may be related to whom, and
// the trail of who did what.
//
//	s, err := store.Open(ctx, "sqlite:joinery.db", store.Options{Clock: time.Now, Rand: rand.Reader})
//	c, err := store.Prepare("Patient", id, store.Post, doc)    // in the caller's goroutine, in parallel
//	done, err := s.Commit(ctx, &store.Tx{Changes: []*store.Change{c}, Audit: entries})
//	err = s.View(ctx, func(n *store.Snap) error { v, err := n.Get(filter, "Patient", id); … })
//	err = s.Audit(ctx, entries, pages)                         // returns when it is durable
//
// # Writing
//
// What costs time is done before the writer is asked: Prepare checks nothing
// (the caller has validated), splits the body from what the server sets, hashes
// and compresses it, and works out its search keys, labels, relations and the
// patients it is about. One goroutine a Store writes. It takes what waits, up to
// 64 transactions or 5,000 changes, checks each one's conditions against what is
// there at that moment (Change.Expect, Version, Before, After; Tx.Check), writes
// them with statements of many rows, and commits them together. A transaction
// that is refused leaves nothing and does not harm the others of its group. What
// only audits goes first and never waits for more than the commit in progress.
// An answer is given only after the commit reached the disk. When a commit
// fails on the way to the disk, nothing is acknowledged any more until the
// database was opened and checked again: an fsync is never tried twice.
//
// # Versions and t
//
// Each transaction has a number t, given under one lock, so that t grows in the
// order of commits, on PostgreSQL over all nodes. The log has a row for each t
// with a hash over the row before and over every version's content hash. A Snap
// sees one t, also if it is read page by page hours later (ViewAsOf): current
// rows with t ≤ t0 and replaced rows with t ≤ t0 < until. t stays inside the
// server.
//
// # Persons
//
// The first Patient of a person gives a new number, which never changes. Every
// resource in a Patient's compartment is stored under the number of each person
// it is about, one row a person, one of which (home) has the body. What is about
// nobody has 0. A reference to a Patient that is not there yet keeps a number for
// it, so the order of an import does not matter. A Group is nobody's: its
// members must not find each other through it. Persons whose verified NHS
// numbers are equal are linked when written (person_link); relations hold for
// all that are linked.
//
// # Layout
//
// Rows are clustered by person: rk = person<<30 | type<<22 | seq. See the
// migrations for the tables. Index rows are few: head has all keys of a resource
// as one value, gx says which persons (or which of nobody's rows) can match at
// all. Whoever searches narrows by gx and rights, scans heads in Go and loads
// what is left.
//
// Trade-offs: the queries of a search are worked out here instead of by the
// database's planner, which buys half the disk and twice the write rate of one
// index row a key (docs/performance.md). A writer of its own a node means that
// one core bounds the rate of writing.
package store

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"joinery/fault"
)

// Options are what a Store needs from outside.
type Options struct {
	Clock func() time.Time // required
	Rand  io.Reader        // required: names leases and keeps the secret of page handles
	Log   *slog.Logger     // nil: nothing is said

	// StateDir is where the audit reserve lies. It defaults to the folder of the
	// SQLite file; on PostgreSQL, without one there is no reserve.
	StateDir string
	// Reserve is the size of the audit reserve in bytes, 4 MiB when 0, none when
	// negative.
	Reserve int64
	// Readers is how many queries run at once, a number by the machine when 0.
	Readers int
	// Holder is said to whoever finds the SQLite file taken, beside process and
	// host, such as "joinery serve".
	Holder string
	// Alert reports whether a line of the trail is one that somebody must look at;
	// nil: none is. AlertRows finds those.
	Alert func(entry []byte) bool
	// NoAudit leaves out the audit, to measure what it costs. Never in use.
	NoAudit bool
}

// Store is an open record. Its methods may be called by any number of
// goroutines.
type Store struct {
	opts    Options
	log     *slog.Logger
	ctx     context.Context // of what is done for nobody in particular
	db      database
	owner   bool // nobody else writes to the database
	writer  *writer
	secret  []byte
	lock    *lockFile
	tokens  tokenCache
	sums    *sums
	reserve *reserve

	accountKey struct {
		mu  sync.Mutex
		key []byte
	}
}

// Open opens the record at url, sqlite:PATH or postgres://…, and brings its
// schema up to date. A SQLite file belongs to one process: when another has it,
// the error is *Locked.
func Open(ctx context.Context, url string, opts Options) (*Store, error) {
	if opts.Clock == nil || opts.Rand == nil {
		return nil, fault.New(fault.Internal, "store.Open needs a clock and a source of chance")
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{opts: opts, log: opts.Log, ctx: context.WithoutCancel(ctx)}
	scheme, rest, _ := strings.Cut(url, ":")
	var err error
	switch scheme {
	case "sqlite":
		err = s.openSQLite(ctx, rest)
	case "postgres", "postgresql":
		err = s.openPostgres(ctx, url)
	default:
		err = fault.New(fault.Invalid, `A database is named "sqlite:PATH" or "postgres://…".`)
	}
	if err == nil {
		err = s.start(ctx)
	}
	if err != nil {
		s.Close() // what was opened; the first error says more
		return nil, fmt.Errorf("open the record: %w", err)
	}
	return s, nil
}

// start readies what both databases need.
func (s *Store) start(ctx context.Context) error {
	if err := s.readSecret(ctx); err != nil {
		return err
	}
	var err error
	if s.reserve, err = s.openReserve(); err != nil {
		return err
	}
	s.writer = newWriter(s)
	if err := s.refreshDerived(ctx); err != nil {
		return err
	}
	return s.drainReserve(ctx)
}

func (s *Store) openSQLite(ctx context.Context, path string) error {
	lock, err := takeLock(path, s.opts.Holder, s.opts.Clock())
	if err != nil {
		return err
	}
	s.lock = lock
	sums, err := openSums(path)
	if err != nil {
		return fmt.Errorf("read the checksums of the file: %w", err)
	}
	if sums.bad != nil {
		s.log.ErrorContext(ctx, "the database file changed since it was closed; run joinery verify", slog.Any("error", sums.bad))
	}
	db, err := openSQLite(ctx, path, s.opts.Readers)
	if db != nil {
		s.db, s.sums, s.owner = db, sums, true
	}
	return err
}

func (s *Store) openPostgres(ctx context.Context, url string) error {
	db, err := openPostgres(ctx, url, s.opts.Readers)
	if db != nil {
		s.db = db
	}
	return err
}

// readSecret reads the secret of page handles, making it in a new record.
func (s *Store) readSecret(ctx context.Context) error {
	fresh := make([]byte, 32)
	if _, err := io.ReadFull(s.opts.Rand, fresh); err != nil {
		return fmt.Errorf("make a secret: %w", err)
	}
	return s.db.write(ctx, func(c conn) error {
		_, err := c.exec(ctx, "INSERT INTO meta (name, value) VALUES ('secret', ?) ON CONFLICT DO NOTHING", fresh)
		if err != nil {
			return fmt.Errorf("keep the secret: %w", err)
		}
		return c.query(ctx, "SELECT value FROM meta WHERE name = 'secret'", nil, func(r *row) error {
			s.secret = r.copy(0)
			return nil
		})
	})
}

// Secret returns 32 random bytes that are the same for as long as the record
// is, on every node, to make page handles with.
func (s *Store) Secret() []byte { return s.secret }

// Close finishes what is being written and lets go of the database. What waits
// is refused.
func (s *Store) Close() error {
	if s.writer != nil {
		s.writer.close()
	}
	var err error
	if s.db != nil {
		err = s.db.close()
	}
	if db, ok := s.db.(*sqliteDB); ok && err == nil {
		err = s.sums.close(db.path)
	}
	s.reserve.close()
	if s.lock != nil {
		s.lock.release()
	}
	return err
}

// Commit writes a transaction, and returns when it is on disk. When one of its
// changes cannot be made the error is a *Refused (or what Check returned) and
// nothing was written. When ctx ends before the writer has begun, nothing is
// written either.
func (s *Store) Commit(ctx context.Context, tx *Tx) (Committed, error) {
	seen := make(map[string]bool, len(tx.Changes))
	for _, c := range tx.Changes {
		if seen[c.key] {
			return Committed{}, fault.New(fault.Invalid, fmt.Sprintf("%s/%s is changed twice in one transaction; send it once.", c.Type, c.ID))
		}
		seen[c.key] = true
	}
	if len(tx.Changes) > groupRows {
		return Committed{}, fault.New(fault.TooLarge, fmt.Sprintf("A transaction may have %d changes at most.", groupRows))
	}
	return s.writer.submit(ctx, tx)
}

// Audit appends to the trail, and remembers pages, and returns when both are on
// disk: what they tell of may then be disclosed. When the database cannot take
// them they go to the reserve, until that is spent: then the error is
// fault.Unavailable, and nothing may be disclosed.
func (s *Store) Audit(ctx context.Context, entries []AuditEntry, pages []Page) error {
	if s.opts.NoAudit {
		entries = nil
	}
	if len(entries)+len(pages) == 0 {
		return nil
	}
	_, err := s.writer.submit(ctx, &Tx{Audit: entries, Pages: pages})
	return err
}

// View gives do a snapshot of the record as it is when it begins, with everything
// that was acknowledged, but without the trail. do must not write, nor keep the
// snapshot.
func (s *Store) View(ctx context.Context, do func(*Snap) error) error {
	return s.db.view(ctx, func(c conn) error {
		return do(&Snap{s: s, ctx: ctx, c: c, t: latest, last: latest})
	})
}

// ViewTrail is View with the trail.
func (s *Store) ViewTrail(ctx context.Context, do func(*Snap) error) error {
	return s.db.read(ctx, func(c conn) error {
		return do(&Snap{s: s, ctx: ctx, c: c, t: latest, last: latest, trail: true})
	})
}

// ViewAsOf is View of the record as it was at t. Rights and links of persons
// are those of now.
func (s *Store) ViewAsOf(ctx context.Context, t int64, do func(*Snap) error) error {
	return s.View(ctx, func(n *Snap) error {
		last, err := n.T()
		if err != nil {
			return err
		}
		n.t = min(t, last)
		return do(n)
	})
}

// Page returns what was kept under a handle for an owner, in an Audit or a
// Commit. The fault is NotFound when there is none, it is another's, or its time
// is over by now.
func (s *Store) Page(ctx context.Context, handle, owner []byte, now time.Time) (Page, error) {
	if p, ok := s.reserve.page(handle); ok && string(p.Owner) == string(owner) && p.Expires.After(now) {
		return p, nil
	}
	p := Page{Handle: handle, Owner: owner}
	found := false
	err := s.db.read(ctx, func(c conn) error {
		return c.query(ctx, "SELECT expires, data FROM page WHERE handle = ? AND owner = ? AND expires > ?", []any{handle, owner, now.UnixMilli()}, func(r *row) error {
			p.Expires, p.Data, found = time.UnixMilli(r.int(0)).UTC(), r.copy(1), true
			return nil
		})
	})
	switch {
	case err != nil:
		return Page{}, fmt.Errorf("look up a page: %w", err)
	case !found:
		return Page{}, fault.New(fault.NotFound, "There is no such page, or its time is over. Ask for the first page again.")
	}
	return p, nil
}

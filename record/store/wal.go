package store

import (
	"context"
	"time"
)

// Each commit makes SQLite throw away the pages that a reading connection has in
// memory, as soon as that begins its next transaction. Most commits only note
// what was read. So a connection keeps its transaction open from one view to the
// next, with its pages, until the record itself has changed.
//
// What is kept holds up the checkpoint: the log of writes (WAL) can begin anew
// only when nobody reads from it. So checkpoints are not left to SQLite; they are
// made here, when all connections were asked to let go.

// keptSnapshot is the transaction that a connection has open between views.
type keptSnapshot struct {
	open    bool
	changes int64 // sqliteDB.changes before it began
}

// view runs do in a snapshot in which every change is that was acknowledged.
func (db *sqliteDB) view(ctx context.Context, do func(conn) error) error {
	return db.reading(ctx, func(q *sqliteConn) error {
		err := q.keep(ctx, db.changes.Load())
		if err == nil {
			err = do(q)
		}
		// What failed may have left the transaction in any state; and what has
		// changed meanwhile will not be looked at again.
		if err != nil || q.kept.changes != db.changes.Load() {
			q.letGo()
		}
		return commitFailed(err)
	})
}

// keep sees to it that a transaction is open that sees so many changes.
func (q *sqliteConn) keep(ctx context.Context, changes int64) error {
	if q.kept.open && q.kept.changes == changes {
		return nil
	}
	q.letGo()
	if _, err := q.exec(ctx, "BEGIN"); err != nil {
		return err
	}
	q.kept = keptSnapshot{open: true, changes: changes}
	return nil
}

// letGo ends the transaction that is kept.
func (q *sqliteConn) letGo() {
	if q.kept.open {
		q.kept.open = false
		q.rollback()
	}
}

const (
	walPages   = 8000                 // how many pages the WAL has before a checkpoint
	walNotes   = 64                   // after so many commits that only note, its length is asked for
	walPatient = 5 * time.Millisecond // how long a checkpoint waits for who is reading
)

// walSize is what is known of the WAL.
type walSize struct {
	most    int64 // walPages
	changes int64 // sqliteDB.changes when it was measured
	commits int   // since then
	tried   int64 // its length when a checkpoint could not be finished
}

// checkpoint moves the WAL into the file when it has become long. A failure is
// not told: everything is on disk in the WAL, and it is tried again.
func (db *sqliteDB) checkpoint(ctx context.Context) {
	size := &db.wal
	size.commits++
	changes := db.changes.Load()
	if changes == size.changes && size.commits < walNotes {
		return
	}
	size.changes, size.commits = changes, 0
	length, moved, err := db.w.checkpoint(ctx, "PRAGMA wal_checkpoint(NOOP)")
	if err != nil || length-moved < size.most || length >= size.tried && length < size.tried+size.most/4 {
		return
	}
	readers := db.collect()
	length, moved, err = db.w.checkpoint(ctx, "PRAGMA wal_checkpoint(PASSIVE)")
	for _, r := range readers {
		db.readers <- r
	}
	size.tried = 0
	if err != nil || moved < length {
		size.tried = length
	}
}

// collect takes the connections that read, as far as they come back soon, and
// makes them let go.
func (db *sqliteDB) collect() []*sqliteConn {
	late := time.NewTimer(walPatient)
	defer late.Stop()
	var all []*sqliteConn
	for len(all) < db.n {
		select {
		case r := <-db.readers:
			r.letGo()
			all = append(all, r)
		case <-late.C:
			return all
		}
	}
	return all
}

// checkpoint runs a statement that tells how many pages the WAL has and how many
// of them were moved.
func (q *sqliteConn) checkpoint(ctx context.Context, sql string) (length, moved int64, err error) {
	err = q.query(ctx, sql, nil, func(r *row) error {
		length, moved = r.int(1), r.int(2)
		return nil
	})
	return length, moved, err
}

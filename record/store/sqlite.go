package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // for goose, which speaks database/sql
	"zombiezen.com/go/sqlite"

	"joinery/fault"
)

// database is the one or the other database: how to get a connection in a
// transaction.
type database interface {
	// read runs do in a transaction that only reads and sees one state, with
	// everything that was acknowledged.
	read(ctx context.Context, do func(conn) error) error
	// view is read of what changes the record: of the trail and of pages it may
	// see less than was acknowledged.
	view(ctx context.Context, do func(conn) error) error
	// write runs do in a transaction and returns when it is on disk.
	write(ctx context.Context, do func(conn) error) error
	// note is write of what a view need not see: the trail and pages.
	note(ctx context.Context, do func(conn) error) error
	// mend is called after a failure that leaves in doubt what is on disk, with no
	// other call under way. It returns nil when everything committed is safe.
	mend(ctx context.Context) error
	close() error
}

// oldestSQLite is the first SQLite without the WAL-reset corruption.
const oldestSQLite = 3_051_003

// sqliteDB is a SQLite file: one connection that writes, several that read.
type sqliteDB struct {
	path    string
	n       int
	mending sync.RWMutex // held by all that use connections, alone by mend
	writing sync.Mutex
	w       *sqliteConn
	readers chan *sqliteConn

	changes atomic.Int64 // how often the record was changed; what only notes is not counted
	wal     walSize      // of the goroutine that has writing
}

func openSQLite(ctx context.Context, path string, readers int) (*sqliteDB, error) {
	if err := migrateSQLite(ctx, path); err != nil {
		return nil, err
	}
	if readers <= 0 {
		readers = min(max(4, 2*runtime.GOMAXPROCS(0)), 16)
	}
	db := &sqliteDB{path: path, n: readers, wal: walSize{most: walPages}}
	return db, db.connect(ctx)
}

func (db *sqliteDB) connect(ctx context.Context) error {
	w, err := openConn(ctx, db.path, sqlite.OpenReadWrite, "PRAGMA cache_size = -65536", "PRAGMA wal_autocheckpoint = 0")
	if err != nil {
		return err
	}
	db.w = w
	readers := make(chan *sqliteConn, db.n)
	db.readers = readers
	for range db.n {
		r, err := openConn(ctx, db.path, sqlite.OpenReadWrite, "PRAGMA query_only = ON", "PRAGMA cache_size = -12288")
		if err != nil {
			return err
		}
		db.readers <- r
	}
	return nil
}

func openConn(ctx context.Context, path string, flags sqlite.OpenFlags, pragmas ...string) (*sqliteConn, error) {
	c, err := sqlite.OpenConn(path, flags)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	q := &sqliteConn{c: c, bulk: map[bulkKey]*sqlite.Stmt{}}
	c.SetBusyTimeout(10 * time.Second)
	for _, p := range append([]string{
		"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON", "PRAGMA trusted_schema = OFF",
		"PRAGMA cell_size_check = ON", "PRAGMA secure_delete = ON", "PRAGMA temp_store = MEMORY",
	}, pragmas...) {
		if err := q.query(ctx, p, nil, func(*row) error { return nil }); err != nil {
			c.Close()
			return nil, fmt.Errorf("%s on %s: %w", p, path, err)
		}
	}
	q.interruptible()
	return q, nil
}

// migrateSQLite makes the file, if there is none, and brings its schema up to
// date.
func migrateSQLite(ctx context.Context, path string) error {
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return fault.Wrap(fault.Invalid, "The folder of the database is not there; make it first.", err)
	}
	u := url.URL{
		Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(),
		RawQuery: "_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)",
	}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	defer db.Close()
	var version string
	if err := db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version); err != nil {
		return fault.Wrap(fault.Unavailable, "The database file cannot be opened.", fmt.Errorf("%s: %w", path, err))
	}
	var a, b, c int
	if _, err := fmt.Sscanf(version, "%d.%d.%d", &a, &b, &c); err != nil || a*1_000_000+b*1000+c < oldestSQLite {
		return fmt.Errorf("SQLite %s is too old: before 3.51.3 a checkpoint could corrupt the database", version)
	}
	return migrate(ctx, db, sqliteWords)
}

// interruptible arranges that stop ends what the connection is doing.
func (q *sqliteConn) interruptible() {
	q.stopped = make(chan struct{})
	q.c.SetInterrupt(q.stopped)
}

// until makes queries fail once ctx ends; the returned function undoes it.
func (q *sqliteConn) until(ctx context.Context) func() {
	if ctx.Done() == nil {
		return func() {}
	}
	stop := context.AfterFunc(ctx, func() { close(q.stopped) })
	return func() {
		if !stop() {
			<-q.stopped
			q.interruptible()
		}
	}
}

func (db *sqliteDB) read(ctx context.Context, do func(conn) error) error {
	return db.reading(ctx, func(q *sqliteConn) error {
		q.letGo()
		return q.transact(ctx, "BEGIN", do)
	})
}

// reading runs do with a connection that only reads.
func (db *sqliteDB) reading(ctx context.Context, do func(*sqliteConn) error) error {
	db.mending.RLock()
	defer db.mending.RUnlock()
	if db.readers == nil {
		return fault.New(fault.Unavailable, "The database is being opened again.")
	}
	var q *sqliteConn
	select {
	case q = <-db.readers:
	default:
		select {
		case q = <-db.readers:
		case <-ctx.Done():
			return fault.Wrap(fault.Unavailable, "The record is busy; try again.", ctx.Err())
		}
	}
	defer func() { db.readers <- q }() // before mending is unlocked
	defer q.until(ctx)()
	if err := ctx.Err(); err != nil {
		return err
	}
	return do(q)
}

func (db *sqliteDB) write(ctx context.Context, do func(conn) error) error {
	return db.writes(ctx, do, func() { db.changes.Add(1) })
}

func (db *sqliteDB) note(ctx context.Context, do func(conn) error) error {
	return db.writes(ctx, do, func() {})
}

// writes runs do in a transaction, and then, before anybody is told of it.
func (db *sqliteDB) writes(ctx context.Context, do func(conn) error, then func()) error {
	db.mending.RLock()
	defer db.mending.RUnlock()
	db.writing.Lock()
	defer db.writing.Unlock()
	if db.w == nil {
		return fault.New(fault.Unavailable, "The database is being opened again.")
	}
	err := db.w.transact(ctx, "BEGIN IMMEDIATE", do)
	then() // also when it failed: it may be on disk
	if err == nil {
		db.checkpoint(ctx)
	}
	return err
}

// transact runs do between begin and COMMIT.
func (q *sqliteConn) transact(ctx context.Context, begin string, do func(conn) error) (err error) {
	if _, err := q.exec(ctx, begin); err != nil {
		return commitFailed(err)
	}
	done := false
	defer func() {
		if !done && !q.c.AutocommitEnabled() { // also when do panics
			q.rollback()
		}
	}()
	if err := do(q); err != nil {
		return commitFailed(err)
	}
	if _, err := q.exec(ctx, "COMMIT"); err != nil {
		return commitFailed(err)
	}
	done = true
	return nil
}

func (q *sqliteConn) rollback() {
	if q.c.CheckReset() != "" || q.row.stmt != nil {
		q.row.stmt = nil
	}
	old := q.c.SetInterrupt(nil) // a cancelled caller must not keep the transaction open
	if stmt, err := q.c.Prepare("ROLLBACK"); err == nil {
		_, _ = stmt.Step() // it fails only when SQLite has rolled back already
		_ = stmt.Reset()
	}
	q.c.SetInterrupt(old)
}

// mend opens the file anew and moves the log of writes into it. After a failed
// fsync the kernel may believe that pages are on disk which are not; moving
// writes them again. Only when that and its own fsync succeed is all safe.
func (db *sqliteDB) mend(ctx context.Context) error {
	db.mending.Lock()
	defer db.mending.Unlock()
	if err := db.disconnect(); err != nil {
		return err
	}
	if err := db.connect(ctx); err != nil {
		return err
	}
	busy := int64(1)
	err := db.w.query(ctx, "PRAGMA wal_checkpoint(TRUNCATE)", nil, func(r *row) error { busy = r.int(0); return nil })
	if err == nil && busy != 0 {
		err = errors.New("the checkpoint was not complete")
	}
	if err == nil {
		err = db.w.query(ctx, "PRAGMA quick_check(1)", nil, func(r *row) error {
			if said := r.text(0); said != "ok" {
				return errors.New(said)
			}
			return nil
		})
	}
	return err
}

// close waits for what is under way.
func (db *sqliteDB) close() error {
	db.mending.Lock()
	defer db.mending.Unlock()
	return db.disconnect()
}

func (db *sqliteDB) disconnect() error {
	var errs []error
	for range db.n {
		if db.readers == nil {
			break
		}
		select {
		case r := <-db.readers:
			errs = append(errs, r.close())
		default: // connecting stopped midway
		}
	}
	if db.w != nil {
		errs = append(errs, db.w.close())
	}
	db.w, db.readers = nil, nil
	return errors.Join(errs...)
}

func (q *sqliteConn) close() error { return q.c.Close() }

// commitFailed classifies a failure of SQLite.
func commitFailed(err error) error {
	if fault.KindOf(err) != fault.Internal {
		return err
	}
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultFull:
		return fault.Wrap(fault.Unavailable, "The disk is full: nothing can be written now.", err)
	case sqlite.ResultIOErr, sqlite.ResultCorrupt, sqlite.ResultNotADB:
		return &inDoubt{err}
	case sqlite.ResultInterrupt:
		return fault.Wrap(fault.Unavailable, "This took too long.", err)
	default:
		return err
	}
}

// inDoubt is a failure after which nobody knows what is on disk.
type inDoubt struct{ err error }

func (e *inDoubt) Error() string { return "what is on disk is in doubt: " + e.err.Error() }
func (e *inDoubt) Unwrap() error { return e.err }

func (e *inDoubt) FaultKind() fault.Kind { return fault.Unavailable }
func (e *inDoubt) FaultMessage() string {
	return "The record cannot tell whether this was stored. Look before you try again."
}

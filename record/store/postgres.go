package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"joinery/fault"
)

// oldestPostgres is the first PostgreSQL that is supported.
const oldestPostgres = 150000

// postgresDB is a PostgreSQL database, which other nodes may share. What reads has
// connections of its own: its statements are of few shapes and find rows by
// index, so a plan made once is as good as one made for the values at hand, and
// making it takes longer than the look-up. What writes joins with long lists, and
// is planned by their length.
type postgresDB struct {
	pool, readers *pgxpool.Pool
}

func openPostgres(ctx context.Context, url string, readers int) (*postgresDB, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "The address of the PostgreSQL database is not understood; it is postgres://user:password@host:port/database.", withoutSecrets(err))
	}
	if readers <= 0 {
		readers = min(max(8, 4*runtime.GOMAXPROCS(0)), 32)
	}
	config.MaxConns = 3 // two that write, one for tokens
	config.MaxConnIdleTime = 10 * time.Minute
	params := config.ConnConfig.RuntimeParams
	for name, value := range map[string]string{
		"application_name": "joinery", "statement_timeout": "10s", "lock_timeout": "10s",
		"idle_in_transaction_session_timeout": "30s", "synchronous_commit": "on", "jit": "off",
		"default_transaction_isolation": "read committed", "timezone": "UTC",
	} {
		params[name] = value
	}
	if err := migratePostgres(ctx, config.ConnConfig); err != nil {
		return nil, err
	}
	reading := config.Copy()
	reading.MaxConns = int32(readers)
	reading.ConnConfig.RuntimeParams["plan_cache_mode"] = "force_generic_plan"
	db := &postgresDB{}
	if db.pool, err = pgxpool.NewWithConfig(ctx, config); err == nil {
		db.readers, err = pgxpool.NewWithConfig(ctx, reading)
	}
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, "The PostgreSQL database cannot be reached.", err)
	}
	return db, nil
}

// withoutSecrets keeps a password out of an error: pgx quotes the address.
func withoutSecrets(err error) error {
	var parse *pgconn.ParseConfigError
	if errors.As(err, &parse) {
		return errors.New("the address cannot be parsed")
	}
	return err
}

func migratePostgres(ctx context.Context, config *pgx.ConnConfig) error {
	c := config.Copy()
	c.RuntimeParams["statement_timeout"] = "0"
	c.RuntimeParams["lock_timeout"] = "0"
	db := stdlib.OpenDB(*c)
	defer db.Close()
	var version int
	if err := db.QueryRowContext(ctx, "SELECT current_setting('server_version_num')::int").Scan(&version); err != nil {
		return fault.Wrap(fault.Unavailable, "The PostgreSQL database cannot be reached.", err)
	}
	if version < oldestPostgres {
		return fault.New(fault.Unsupported, fmt.Sprintf("This is PostgreSQL %d; Joinery needs 15 or newer.", version/10000))
	}
	return migrate(ctx, db, postgresWords)
}

const beginRead = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

// read ends its transaction after it has returned: whoever asked need not wait
// for that.
func (db *postgresDB) read(ctx context.Context, do func(conn) error) error {
	c, err := acquire(ctx, db.readers)
	if err != nil {
		return err
	}
	q := &postgresConn{c: c.Conn(), queue: &pgx.Batch{}}
	q.queue.Queue(beginRead)
	if err := do(q); err != nil {
		q.rollback(ctx)
		c.Release()
		return classified(err)
	}
	if q.c.PgConn().TxStatus() == 'I' { // nothing was asked
		c.Release()
		return nil
	}
	go func() {
		q.rollback(ctx) // what only reads has nothing to commit
		c.Release()
	}()
	return nil
}

func (db *postgresDB) view(ctx context.Context, do func(conn) error) error {
	return db.read(ctx, do)
}

func (db *postgresDB) note(ctx context.Context, do func(conn) error) error {
	return db.write(ctx, do)
}

// write runs do, again when the database asks for it.
func (db *postgresDB) write(ctx context.Context, do func(conn) error) error {
	var err error
	for range 5 {
		err = db.transact(ctx, do)
		var code *pgconn.PgError
		if !errors.As(err, &code) || code.Code != "40001" && code.Code != "40P01" {
			break
		}
	}
	return err
}

// acquire takes a connection. The pool closes one that is given back in a
// transaction.
func acquire(ctx context.Context, pool *pgxpool.Pool) (*pgxpool.Conn, error) {
	c, err := pool.Acquire(ctx)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, "The database cannot be reached.", err)
	}
	return c, nil
}

func (db *postgresDB) transact(ctx context.Context, do func(conn) error) error {
	c, err := acquire(ctx, db.pool)
	if err != nil {
		return err
	}
	defer c.Release()
	q := &postgresConn{c: c.Conn(), queue: &pgx.Batch{}}
	q.queue.Queue("BEGIN")
	if err := do(q); err != nil {
		q.rollback(ctx)
		return classified(err)
	}
	q.queue.Queue("COMMIT")
	if err := q.send(ctx); err != nil {
		lost := c.Conn().IsClosed()
		q.rollback(ctx)
		return committing(err, lost)
	}
	return nil
}

// once runs one statement, which is a transaction of its own.
func (db *postgresDB) once(ctx context.Context, sql string, args []any) (rows int64, err error) {
	c, err := acquire(ctx, db.pool)
	if err != nil {
		return 0, err
	}
	defer c.Release()
	done, err := c.Exec(ctx, sql, args...)
	if err != nil {
		return 0, committing(err, c.Conn().IsClosed())
	}
	return done.RowsAffected(), nil
}

// committing classifies an error of a commit: when the connection was lost with
// it, nobody knows what came of it.
func committing(err error, lost bool) error {
	if lost {
		return &inDoubt{err}
	}
	return classified(err)
}

// mend needs do nothing: PostgreSQL recovers by itself, and stops when it cannot
// sync. It only waits until there is a database again.
func (db *postgresDB) mend(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return db.pool.Ping(ctx)
}

func (db *postgresDB) close() error {
	if db.readers != nil {
		db.readers.Close()
	}
	db.pool.Close()
	return nil
}

// classified gives an error of PostgreSQL its kind, by code.
func classified(err error) error {
	var code *pgconn.PgError
	if errors.As(err, &code) {
		switch code.Code {
		case "53100", "53200", "53300", "53400": // disk full, out of memory, too many connections
			return fault.Wrap(fault.Unavailable, "The database is full or overloaded: nothing can be written now.", err)
		case "57014", "55P03": // statement or lock timeout
			return fault.Wrap(fault.Unavailable, "This took too long.", err)
		case "57P01", "57P02", "57P03", "25006": // going down, starting up, read-only
			return fault.Wrap(fault.Unavailable, "The database is not available now.", err)
		}
		return err
	}
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) || pgconn.Timeout(err) || pgconn.SafeToRetry(err) {
		return fault.Wrap(fault.Unavailable, "The database cannot be reached.", err)
	}
	return err
}

// postgresConn is a connection of PostgreSQL in a transaction. What gives no
// rows is put in a queue and sent with the next that does, or the commit, to
// spare the time of a round trip for each.
type postgresConn struct {
	c     *pgx.Conn
	queue *pgx.Batch
}

var postgresWords = &dialect{postgres: true}

func (q *postgresConn) words() *dialect { return postgresWords }

func (q *postgresConn) query(ctx context.Context, sql string, args []any, each func(*row) error) (err error) {
	sql, args = numbered(sql), postgresArgs(args)
	if q.queue.Len() == 0 {
		rows, err := q.c.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		return eachRow(rows, each)
	}
	queued := q.queue.Len()
	q.queue.Queue(sql, args...)
	results := q.c.SendBatch(ctx, q.queue)
	q.queue = &pgx.Batch{}
	defer func() {
		if e := results.Close(); err == nil {
			err = e
		}
	}()
	for range queued {
		if _, err := results.Exec(); err != nil {
			return err
		}
	}
	rows, err := results.Query()
	if err != nil {
		return err
	}
	return eachRow(rows, each)
}

func eachRow(rows pgx.Rows, each func(*row) error) error {
	defer rows.Close()
	r := row{rows: rows}
	for rows.Next() {
		r.raw = rows.RawValues()
		if err := each(&r); err != nil {
			if errors.Is(err, errEnough) {
				return nil
			}
			return err
		}
	}
	return rows.Err()
}

func (q *postgresConn) exec(ctx context.Context, sql string, args ...any) (int64, error) {
	if err := q.send(ctx); err != nil {
		return 0, err
	}
	done, err := q.c.Exec(ctx, numbered(sql), postgresArgs(args)...)
	return done.RowsAffected(), err
}

// later puts a statement in the queue.
func (q *postgresConn) later(_ context.Context, sql string, args ...any) error {
	q.queue.Queue(numbered(sql), postgresArgs(args)...)
	return nil
}

// send sends what is in the queue.
func (q *postgresConn) send(ctx context.Context) error {
	if q.queue.Len() == 0 {
		return nil
	}
	results := q.c.SendBatch(ctx, q.queue)
	q.queue = &pgx.Batch{}
	return results.Close()
}

func (q *postgresConn) rollback(ctx context.Context) {
	if q.c.IsClosed() || q.c.PgConn().TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if _, err := q.c.Exec(ctx, "ROLLBACK"); err != nil {
		_ = q.c.Close(ctx) // the pool makes a new one
	}
}

func postgresArgs(args []any) []any {
	for i, a := range args {
		switch a := a.(type) {
		case rk:
			args[i] = int64(a)
		case Person:
			args[i] = int64(a)
		case uint64:
			args[i] = int64(a)
		case uint32:
			args[i] = int64(a)
		}
	}
	return args
}

// copyFrom is from how many rows on COPY is faster than an INSERT of arrays.
const copyFrom = 500

func (q *postgresConn) insert(ctx context.Context, b *batch) error {
	order := b.order()
	if b.table.exists == fails && len(order) >= copyFrom {
		if err := q.send(ctx); err != nil {
			return err
		}
		names := make([]string, len(b.table.columns))
		for i, c := range b.table.columns {
			names[i] = c.name
		}
		if _, err := q.c.CopyFrom(ctx, pgx.Identifier{b.table.name}, names, &batchRows{b: b, order: order, at: -1}); err != nil {
			return fmt.Errorf("write %s: %w", b.table.name, err)
		}
		return nil
	}
	q.queue.Queue(b.table.unnest(), b.columns(order)...)
	return nil
}

// columns returns the rows of a batch as one array a column.
func (b *batch) columns(order []int32) []any {
	args := make([]any, len(b.table.columns))
	for c := range b.table.columns {
		if b.table.columns[c].bytes {
			column := make([][]byte, len(order))
			for i, at := range order {
				column[i] = b.bytes[c][at]
			}
			args[c] = column
		} else {
			column := make([]int64, len(order))
			for i, at := range order {
				column[i] = b.ints[c][at]
			}
			args[c] = column
		}
	}
	return args
}

// batchRows gives the rows of a batch to COPY.
type batchRows struct {
	b      *batch
	order  []int32
	at     int
	values []any
}

func (r *batchRows) Next() bool { r.at++; return r.at < len(r.order) }
func (r *batchRows) Err() error { return nil }

func (r *batchRows) Values() ([]any, error) {
	r.values = r.values[:0]
	i := r.order[r.at]
	for c := range r.b.table.columns {
		switch {
		case !r.b.table.columns[c].bytes:
			r.values = append(r.values, r.b.ints[c][i])
		case r.b.bytes[c][i] == nil:
			r.values = append(r.values, nil)
		default:
			r.values = append(r.values, r.b.bytes[c][i])
		}
	}
	return r.values, nil
}

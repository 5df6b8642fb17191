package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"zombiezen.com/go/sqlite"
)

// conn is one connection of either database, in one transaction. It is the only
// place where the two meet; statements are written with ? for each value (or ?3
// for the third, as access.Filter does when asked for access.SQLite, which is to be
// asked for with both), and where the databases differ in words, dialect has them.
//
// A value is an int64 (or a rk, Person, int, uint64, taken bit by bit), a string,
// a []byte or nil. A []int64 is a list, for dialect.in.
type conn interface {
	// query calls each for every row, in order. A *row and the bytes it gives
	// are good only until each returns; errEnough from each ends the query
	// without an error. each must not use the connection.
	query(ctx context.Context, sql string, args []any, each func(*row) error) error
	// exec runs a statement that gives no rows and returns how many it changed.
	exec(ctx context.Context, sql string, args ...any) (int64, error)
	// later runs such a statement now or before the next query or the commit.
	later(ctx context.Context, sql string, args ...any) error
	// insert writes a batch of rows.
	insert(ctx context.Context, b *batch) error
	words() *dialect
}

// errEnough ends a query early.
var errEnough = errors.New("enough rows")

// dialect is what the two databases say differently.
type dialect struct {
	postgres bool
}

// in returns a condition that holds when column is in a list, given as one
// []int64 argument.
func (d *dialect) in(column string) string {
	if d.postgres {
		return column + " = ANY (?)"
	}
	return column + " IN (SELECT value FROM json_each(?))"
}

// list returns a table expression "name(v)" of the values of one []int64
// argument, in no order, to join from.
func (d *dialect) list(name string) string {
	if d.postgres {
		return "unnest(?::bigint[]) AS " + name + "(v)"
	}
	return "(SELECT value AS v FROM json_each(?)) AS " + name
}

// row is a row of a query's answer.
type row struct {
	stmt *sqlite.Stmt
	rows pgx.Rows
	raw  [][]byte
	buf  []byte
}

func (r *row) null(i int) bool {
	if r.stmt != nil {
		return r.stmt.ColumnIsNull(i)
	}
	return r.raw[i] == nil
}

// int returns column i, 0 when it is null.
func (r *row) int(i int) int64 {
	if r.stmt != nil {
		return r.stmt.ColumnInt64(i)
	}
	switch b := r.raw[i]; len(b) {
	case 8:
		return int64(binary.BigEndian.Uint64(b))
	case 4:
		return int64(int32(binary.BigEndian.Uint32(b)))
	case 2:
		return int64(int16(binary.BigEndian.Uint16(b)))
	case 1:
		return int64(b[0])
	}
	return 0
}

func (r *row) rk(i int) rk { return rk(r.int(i)) }

// bytes returns column i, good until the next row; nil when it is null.
func (r *row) bytes(i int) []byte {
	if r.stmt == nil {
		return r.raw[i]
	}
	n := r.stmt.ColumnLen(i)
	if n == 0 {
		return nil
	}
	from := len(r.buf)
	if cap(r.buf)-from < n { // bytes of this row given out before stay where they are
		r.buf, from = make([]byte, 0, max(2*cap(r.buf), n, 1024)), 0
	}
	r.buf = r.buf[:from+n]
	return r.buf[from : from+r.stmt.ColumnBytes(i, r.buf[from:])]
}

// copy returns column i for keeps.
func (r *row) copy(i int) []byte { return append([]byte(nil), r.bytes(i)...) }

func (r *row) text(i int) string {
	if r.stmt != nil {
		return r.stmt.ColumnText(i)
	}
	return string(r.raw[i])
}

// sqliteConn is a connection of SQLite, held by one goroutine at a time.
type sqliteConn struct {
	c   *sqlite.Conn
	row row
	// bulk statements by table and number of rows, see insert
	bulk    map[bulkKey]*sqlite.Stmt
	stopped chan struct{} // closed when what it does should end
	kept    keptSnapshot
}

var sqliteWords = &dialect{}

func (q *sqliteConn) words() *dialect { return sqliteWords }

func (q *sqliteConn) query(_ context.Context, sql string, args []any, each func(*row) error) error {
	stmt, err := q.c.Prepare(steady(sql))
	if err != nil {
		return err
	}
	if err := bindSQLite(stmt, args); err != nil {
		return err
	}
	r := &q.row
	if r.stmt != nil {
		return errors.New("a query was asked while another was being read")
	}
	r.stmt = stmt
	defer func() { r.stmt = nil }()
	for {
		more, err := stmt.Step()
		if err != nil || !more {
			if e := stmt.Reset(); err == nil {
				err = e
			}
			return err
		}
		r.buf = r.buf[:0]
		if err := each(r); err != nil {
			_ = stmt.Reset() // what it says was said by Step
			if errors.Is(err, errEnough) {
				return nil
			}
			return err
		}
	}
}

func (q *sqliteConn) exec(_ context.Context, sql string, args ...any) (int64, error) {
	stmt, err := q.c.Prepare(steady(sql))
	if err != nil {
		return 0, err
	}
	if err := bindSQLite(stmt, args); err != nil {
		return 0, err
	}
	for {
		more, err := stmt.Step()
		if err != nil {
			_ = stmt.Reset() // what it says was said by Step
			return 0, err
		}
		if !more {
			return int64(q.c.Changes()), stmt.Reset()
		}
	}
}

func (q *sqliteConn) later(ctx context.Context, sql string, args ...any) error {
	_, err := q.exec(ctx, sql, args...)
	return err
}

func bindSQLite(stmt *sqlite.Stmt, args []any) error {
	for i, a := range args {
		switch a := a.(type) {
		case int64:
			stmt.BindInt64(i+1, a)
		case rk:
			stmt.BindInt64(i+1, int64(a))
		case Person:
			stmt.BindInt64(i+1, int64(a))
		case int:
			stmt.BindInt64(i+1, int64(a))
		case uint64:
			stmt.BindInt64(i+1, int64(a))
		case uint32:
			stmt.BindInt64(i+1, int64(a))
		case string:
			stmt.BindText(i+1, a)
		case []byte:
			stmt.BindBytes(i+1, a)
		case []int64:
			stmt.BindText(i+1, jsonList(a))
		case nil:
			stmt.BindNull(i + 1)
		default:
			return fmt.Errorf("bind value %d: a %T cannot be a value", i+1, a)
		}
	}
	return nil
}

func jsonList(v []int64) string {
	b := make([]byte, 0, 2+12*len(v))
	b = append(b, '[')
	for i, n := range v {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, n, 10)
	}
	return string(append(b, ']'))
}

var steadyText sync.Map // statement with ? → with +?

// steady returns a statement with a plus before every value. To SQLite a value
// compared in a join is a reason to plan the statement anew each time another is
// bound, which takes ten times as long as the look-up; behind a plus it is an
// expression like any other, and an index serves it as well.
func steady(sql string) string {
	if s, ok := steadyText.Load(sql); ok {
		return s.(string)
	}
	s := strings.ReplaceAll(sql, "?", "+?")
	steadyText.Store(sql, s)
	return s
}

var numberedText sync.Map // statement with ? → with $1, $2, …

// numbered returns a statement with its values named as PostgreSQL wants them:
// ? is the one after the highest so far, ?3 is the third, as in SQLite.
// Statements have no ? but for values. Their texts are few: shapes are constant
// and lists are one value.
func numbered(sql string) string {
	if s, ok := numberedText.Load(sql); ok {
		return s.(string)
	}
	var b strings.Builder
	highest := 0
	for i := 0; i < len(sql); i++ {
		if sql[i] != '?' {
			b.WriteByte(sql[i])
			continue
		}
		end := i + 1
		for end < len(sql) && sql[end] >= '0' && sql[end] <= '9' {
			end++
		}
		n := highest + 1
		if end > i+1 {
			n, _ = strconv.Atoi(sql[i+1 : end]) // digits only
		}
		highest = max(highest, n)
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(n))
		i = end - 1
	}
	numberedText.Store(sql, b.String())
	return b.String()
}

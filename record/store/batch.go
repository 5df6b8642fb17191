package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"zombiezen.com/go/sqlite"
)

// batch is rows for one table, column by column, that are written together.
type batch struct {
	table   *table
	ints    [][]int64  // per column; nil for a column of bytes
	bytes   [][][]byte // per column; nil for a column of numbers
	rows    int
	ordered []int32
}

// table is what a batch writes to.
type table struct {
	name    string
	columns []column
	sortBy  int // rows are written in the order of this many leading columns
	exists  exists
}

type column struct {
	name  string
	bytes bool
}

// array is how PostgreSQL is told of an array of the column's values.
func (c *column) array() string {
	if c.bytes {
		return "::bytea[]"
	}
	return "::bigint[]"
}

// exists says what becomes of a row whose key is in use.
type exists uint8

const (
	fails    exists = iota // the statement fails
	stays                  // the row that is there stays
	replaced               // the new row replaces it
)

func newTable(name string, sortBy int, e exists, columns string) *table {
	t := &table{name: name, sortBy: sortBy, exists: e}
	for c := range strings.FieldsSeq(columns) {
		plain, isBytes := strings.CutSuffix(c, "*")
		t.columns = append(t.columns, column{plain, isBytes})
	}
	return t
}

// Tables that are written in batches; * marks columns of bytes.
var (
	resNew    = newTable("res", 1, fails, "rk id* ver t at method lbl home hash* body*")
	resNext   = newTable("res", 1, replaced, "rk id* ver t at method lbl home hash* body*")
	headNew   = newTable("head", 1, fails, "rk t at lbl home keys*")
	headNext  = newTable("head", 1, replaced, "rk t at lbl home keys*")
	idsTable  = newTable("ids", 0, fails, "id* typ rk")
	gxTable   = newTable("gx", 3, stays, "p k who")
	relTable  = newTable("rel", 0, stays, "actor person basis src since until")
	logTable  = newTable("log", 0, fails, "t at what* hash*")
	auditRows = newTable("audit", 0, fails, "n at person t alert entry* hash*")
	pageTable = newTable("page", 0, fails, "handle* owner* expires data*")
	receipts  = newTable("receipt", 0, fails, "name* t")
	nhsTable  = newTable("nhs_number", 0, stays, "number person")
)

func newBatch(t *table) *batch {
	b := &batch{table: t, ints: make([][]int64, len(t.columns)), bytes: make([][][]byte, len(t.columns))}
	return b
}

// add appends a row: first the numbers of its columns of numbers in order, then
// the values of its columns of bytes in order.
func (b *batch) add(ints []int64, bytes ...[]byte) {
	i, j := 0, 0
	for c := range b.table.columns {
		if b.table.columns[c].bytes {
			b.bytes[c] = append(b.bytes[c], bytes[j])
			j++
		} else {
			b.ints[c] = append(b.ints[c], ints[i])
			i++
		}
	}
	b.rows++
}

func (b *batch) reset() {
	for c := range b.table.columns {
		b.ints[c] = b.ints[c][:0]
		clear(b.bytes[c])
		b.bytes[c] = b.bytes[c][:0]
	}
	b.rows = 0
}

// order returns the rows in the order in which they are best written: that of
// the key, so that pages are visited once. Rows that are to stay when there is one
// already are given once.
func (b *batch) order() []int32 {
	b.ordered = b.ordered[:0]
	for i := range b.rows {
		b.ordered = append(b.ordered, int32(i))
	}
	if b.table.sortBy == 0 {
		return b.ordered
	}
	keys := b.ints[:b.table.sortBy]
	compare := func(x, y int32) int {
		for _, k := range keys {
			if a, b := k[x], k[y]; a != b {
				if a < b {
					return -1
				}
				return 1
			}
		}
		return int(x - y)
	}
	slices.SortFunc(b.ordered, compare)
	if b.table.exists == stays {
		b.ordered = slices.CompactFunc(b.ordered, func(x, y int32) bool {
			for _, k := range keys {
				if k[x] != k[y] {
					return false
				}
			}
			return true
		})
	}
	return b.ordered
}

// bulkKey names a statement of many rows.
type bulkKey struct {
	table *table
	rows  int
}

// bulkRows is how many rows a statement of SQLite writes.
const bulkRows = 16

func (q *sqliteConn) insert(_ context.Context, b *batch) error {
	order := b.order()
	for len(order) > 0 {
		n := bulkRows
		if len(order) < n {
			n = 1
		}
		stmt, err := q.bulkStatement(b.table, n)
		if err != nil {
			return err
		}
		at := 1
		for _, i := range order[:n] {
			for c := range b.table.columns {
				if b.table.columns[c].bytes {
					if v := b.bytes[c][i]; v == nil {
						stmt.BindNull(at)
					} else {
						stmt.BindBytes(at, v)
					}
				} else {
					stmt.BindInt64(at, b.ints[c][i])
				}
				at++
			}
		}
		if _, err := stmt.Step(); err != nil {
			_ = stmt.Reset()
			return fmt.Errorf("write %s: %w", b.table.name, err)
		}
		if err := stmt.Reset(); err != nil {
			return fmt.Errorf("write %s: %w", b.table.name, err)
		}
		order = order[n:]
	}
	return nil
}

func (q *sqliteConn) bulkStatement(t *table, rows int) (*sqlite.Stmt, error) {
	key := bulkKey{t, rows}
	if stmt := q.bulk[key]; stmt != nil {
		return stmt, nil
	}
	one := "(?" + strings.Repeat(",?", len(t.columns)-1) + ")"
	verb := [...]string{fails: "INSERT", stays: "INSERT OR IGNORE", replaced: "INSERT OR REPLACE"}[t.exists]
	stmt, err := q.c.Prepare(verb + " INTO " + t.name + " (" + t.names() + ") VALUES " + one + strings.Repeat(","+one, rows-1))
	if err != nil {
		return nil, fmt.Errorf("prepare to write %s: %w", t.name, err)
	}
	q.bulk[key] = stmt
	return stmt, nil
}

// unnest is the statement by which PostgreSQL writes rows given as one array a
// column.
func (t *table) unnest() string {
	var b strings.Builder
	b.WriteString("INSERT INTO " + t.name + " (" + t.names() + ") SELECT * FROM unnest(")
	for i, c := range t.columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(i+1) + c.array())
	}
	b.WriteString(")")
	switch t.exists {
	case fails:
	case stays:
		b.WriteString(" ON CONFLICT DO NOTHING")
	case replaced:
		b.WriteString(" ON CONFLICT (" + t.columns[0].name + ") DO UPDATE SET ")
		for i, c := range t.columns[1:] {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(c.name + " = EXCLUDED." + c.name)
		}
	}
	return b.String()
}

func (t *table) names() string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.name
	}
	return strings.Join(names, ", ")
}

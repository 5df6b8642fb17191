package store

import (
	"slices"
	"strconv"
	"strings"
)

// commit writes the group and returns when it is on disk.
func (g *group) commit() error {
	if slices.ContainsFunc(g.items, func(it *item) bool { return !it.small() }) {
		return g.s.db.write(g.ctx, g.run)
	}
	if db, ok := g.s.db.(*postgresDB); ok {
		if done, err := g.noteAtOnce(db); done || err != nil {
			return err
		}
	}
	return g.s.db.note(g.ctx, g.run)
}

// noteAtOnce writes the trail and pages to PostgreSQL in one statement instead of
// a transaction that first asks how far the trail has come: that is known as
// long as no other lane or node went on with it. It reports false, and nothing
// is written, when one did.
func (g *group) noteAtOnce(db *postgresDB) (done bool, err error) {
	before := g.lane.state.audit
	if before.n == 0 || len(g.kept) > 0 {
		return false, nil
	}
	g.ready()
	g.state = g.lane.state
	g.addNotes()
	if g.lines.rows == 0 || g.sweeps() {
		return false, nil
	}
	args := []any{g.audit.n, g.audit.at, g.audit.hash, before.n}
	args = append(args, g.pages.columns(g.pages.order())...)
	args = append(args, g.lines.columns(g.lines.order())...)
	rows, err := db.once(g.ctx, noteStatement, args)
	return rows > 0, err
}

var noteStatement = func() string {
	var b strings.Builder
	b.WriteString("WITH moved AS (UPDATE tip SET n = $1, at = $2, hash = $3 WHERE what = 1 AND n = $4 RETURNING what), kept AS (")
	next := insertMoved(&b, pageTable, 5)
	b.WriteString(") ")
	insertMoved(&b, auditRows, next)
	return b.String()
}()

// insertMoved writes an INSERT of rows given as one array a column, which does
// nothing unless the trail was moved on. It returns the number of the next
// argument.
func insertMoved(b *strings.Builder, t *table, arg int) int {
	b.WriteString("INSERT INTO " + t.name + " (" + t.names() + ") SELECT u.* FROM moved, unnest(")
	for i, c := range t.columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(arg) + c.array())
		arg++
	}
	b.WriteString(") AS u")
	return arg
}

package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"time"
)

// state is what the writer knows from the group before: how far the chains have
// come, the numbers to give next, and whose number is whose. It is good as long
// as nobody else wrote (t is as it left it).
type state struct {
	log, audit link
	person     Person           // the last number given
	seqs       map[rk]int64     // firstRK(person, typ) → the last seq given
	patients   map[string]int64 // key of a Patient → person
	swept      int64            // when old pages were taken away, ms
}

// link is the last link of a chain.
type link struct {
	n, at int64
	hash  []byte
}

// group is some transactions that are committed together.
type group struct {
	lane   *lane
	s      *Store
	ctx    context.Context
	items  []*item
	open   bool   // what only audits and comes meanwhile is taken along
	kept   []kept // from the reserve
	c      conn
	runs   int
	given  Person // the last number given before the group
	linked bool   // persons were linked, or parted, in this group
	now    int64

	state
	known   map[string]*resource
	pending []*resource // whose rows are in a batch, not in the database yet

	*batches

	archiveN, archiveRK []int64 // rows of res that go to hist, and as what
	headGone, relGone   []int64 // rows that leave head; sources whose relations go
	nhsGone             []int64 // persons whose numbers go
	linking             []linking
	relations           bool // what waits to be written changes rights
	what                []byte
	position            int64 // of the next row that the transaction sends to hist
	rows                int
	erasing             []erasing
	company             map[Person][]Person // persons of whom it is known with whom they are linked
}

// resource is what is there of a resource, while a group changes it.
type resource struct {
	rows    []oldRow
	pending bool
}

type oldRow struct {
	rk     rk
	ver    int
	t, at  int64
	method Method // 0: the rk is kept for it, and there is no row
	labels int64
	home   rk
	hash   []byte
	inHead bool
}

// main returns the row with the newest version, nil when there never was one.
func (r *resource) main() *oldRow {
	for i := range r.rows {
		if row := &r.rows[i]; row.home == row.rk && row.method != moved && row.method != 0 {
			return row
		}
	}
	return nil
}

// of returns the row of a person, be it one that is no longer in use.
func (r *resource) of(p Person) *oldRow {
	for i := range r.rows {
		if r.rows[i].rk.person() == p {
			return &r.rows[i]
		}
	}
	return nil
}

// live returns the rows of the newest version.
func (r *resource) live() []*oldRow {
	var out []*oldRow
	for i := range r.rows {
		if m := r.rows[i].method; m != moved && m != 0 {
			out = append(out, &r.rows[i])
		}
	}
	return out
}

// run writes the group; it is called in a transaction of the database, and again
// when the database wants that.
func (g *group) run(c conn) error {
	g.c = c
	if g.runs++; g.runs > 1 {
		g.lane.state = state{} // numbers were given that are not taken
	}
	g.state = g.lane.state
	if err := g.begin(); err != nil {
		return err
	}
	g.given = g.person
	if err := g.look(); err != nil {
		return err
	}
	for _, it := range g.items {
		it.out, it.err = Committed{}, nil
		if it.small() {
			continue
		}
		if err := it.ctx.Err(); err != nil {
			it.err = timedOut(err)
			continue
		}
		refusal, err := g.admit(it)
		if err != nil {
			return err
		}
		it.err = refusal
	}
	if err := g.flush(); err != nil {
		return err
	}
	if g.open {
		g.open = false
		g.items = append(g.items, g.lane.w.takeSmalls()...)
	}
	return g.end()
}

// admit checks a transaction and, if nothing stands against it, adds its rows to
// the batches. What it is refused for is the first result; the second is a
// failure of the database.
func (g *group) admit(it *item) (refusal, err error) {
	if err := g.settleBefore(it); err != nil {
		return nil, err
	}
	if again, err := g.again(it); again || err != nil {
		return nil, err
	}
	if it.tx.Check != nil {
		n := &Snap{s: g.s, ctx: it.ctx, c: g.c, t: latest, last: latest}
		if err := it.tx.Check(n); err != nil {
			return err, nil
		}
	}
	same := make([]bool, len(it.tx.Changes))
	written := len(it.tx.Apart)
	for i, c := range it.tx.Changes {
		refusal, err := g.refuse(i, c)
		if refusal != nil || err != nil {
			return refusal, err
		}
		same[i] = g.same(c)
		if !same[i] {
			written++
		}
	}
	return nil, g.carryOut(it, same, written)
}

// carryOut adds the rows of a transaction that nothing stands against.
func (g *group) carryOut(it *item, same []bool, written int) error {
	before := g.log
	it.out.Changed = make([]Changed, len(it.tx.Changes))
	if written > 0 {
		g.log.n++
		g.log.at = max(g.log.at, g.now)
	}
	it.out.At = time.UnixMilli(max(g.log.at, g.now)).UTC()
	g.what, g.position = g.what[:0], 0
	var sum *chain
	if written > 0 {
		sum = newChain(before.hash, g.log.n, g.log.at, it.tx.Receipt)
	}
	for i, c := range it.tx.Changes {
		if same[i] {
			row := c.have.main()
			it.out.Changed[i] = Changed{Number: row.ver, At: time.UnixMilli(row.at).UTC(), Person: row.rk.person(), Same: true}
			continue
		}
		made, err := g.apply(c, sum)
		if err != nil {
			return err
		}
		it.out.Changed[i] = made
	}
	for _, p := range it.tx.Apart {
		g.linking = append(g.linking, linking{person: p, apart: true, t: g.log.n})
	}
	if written == 0 {
		return nil
	}
	it.out.t = g.log.n
	g.log.hash = sum.sum()
	g.txs.add([]int64{g.log.n, g.log.at}, append(make([]byte, 0, len(g.what)), g.what...), g.log.hash)
	if it.tx.Receipt != nil {
		g.receipts.add([]int64{g.log.n}, it.tx.Receipt)
	}
	g.rows += written
	return nil
}

// again reports whether the transaction was written before.
func (g *group) again(it *item) (bool, error) {
	if it.tx.Receipt == nil {
		return false, nil
	}
	for _, name := range g.receipts.bytes[0] {
		it.out.Again = it.out.Again || bytes.Equal(name, it.tx.Receipt)
	}
	err := g.c.query(g.ctx, "SELECT t FROM receipt WHERE name = ?", []any{it.tx.Receipt}, func(*row) error { it.out.Again = true; return nil })
	if err != nil {
		return false, fmt.Errorf("look for a receipt: %w", err)
	}
	return it.out.Again, nil
}

// settleBefore writes what waits in the batches when this transaction depends
// on it.
func (g *group) settleBefore(it *item) error {
	depends := it.tx.Check != nil
	for _, c := range it.tx.Changes {
		depends = depends || c.have.pending || g.relations && (c.Before != nil || c.After != nil)
	}
	if !depends || g.rows == 0 {
		return nil
	}
	var again []string
	for _, c := range it.tx.Changes {
		if c.have.pending {
			c.have.rows = nil
			again = append(again, c.key)
		}
	}
	if err := g.flush(); err != nil {
		return err
	}
	return g.load(again)
}

// refuse returns why a change cannot be made, nil when it can.
func (g *group) refuse(i int, c *Change) (refusal, err error) {
	have := c.have
	now := have.main()
	no := func(why Reason) (error, error) {
		r := &Refused{Change: i, Reason: why, Wanted: c.Version}
		if now != nil {
			r.Found = now.ver
		}
		return r, nil
	}
	if now != nil && c.Before != nil {
		seen, all, err := g.allowed(c.Before, have.live())
		switch {
		case err != nil:
			return nil, err
		case !seen:
			return no(Hidden)
		case !all:
			return no(Forbidden)
		}
	}
	gone := now != nil && (now.method == Delete || now.method == Erase)
	switch {
	case c.Expect == Nothing && now != nil:
		return no(Exists)
	case now != nil && now.method == Erase:
		return no(Deleted)
	case c.Expect == Something && now == nil:
		return no(Absent)
	case c.Expect == Something && gone && c.Method != Erase:
		return no(Deleted)
	case c.Version != 0 && now == nil:
		return no(Absent)
	case c.Version != 0 && c.Version != now.ver:
		return no(Changing)
	}
	if c.After != nil && c.body != nil {
		_, all, err := g.allowed(c.After, g.wouldBe(c))
		if err != nil {
			return nil, err
		}
		if !all {
			return no(Forbidden)
		}
	}
	return nil, nil
}

// same reports whether a change would only repeat what is there.
func (g *group) same(c *Change) bool {
	if !c.UnlessSame || c.body == nil {
		return false
	}
	now := c.have.main()
	return now != nil && now.inHead && string(now.hash) == string(c.hash[:])
}

// end writes what goes with the group: the trail, the pages, and how far the
// chains have come.
func (g *group) end() error {
	before := g.lane.state
	if !g.s.owner {
		if err := g.tips("what = 1"); err != nil {
			return err
		}
		before.audit = g.audit
	}
	for _, k := range g.kept {
		if err := g.addKept(k); err != nil {
			return err
		}
	}
	g.addNotes()
	for _, b := range []*batch{g.lines, g.pages} {
		if b.rows > 0 {
			if err := g.c.insert(g.ctx, b); err != nil {
				return err
			}
		}
	}
	for what, l := range []link{g.log, g.audit, {n: int64(g.person), hash: []byte{}}} {
		if l.n == before.chain(what) {
			continue
		}
		if err := g.c.later(g.ctx, "UPDATE tip SET n = ?, at = ?, hash = ? WHERE what = ?", l.n, l.at, l.hash, what); err != nil {
			return fmt.Errorf("note how far the record has come: %w", err)
		}
	}
	return g.sweepPages()
}

// addNotes adds the trail and the pages of all that was not refused.
func (g *group) addNotes() {
	for _, it := range g.items {
		if it.err != nil {
			continue
		}
		for _, e := range it.tx.Audit {
			g.addAudit(it, e)
		}
		for _, p := range it.tx.Pages {
			g.pages.add([]int64{p.Expires.UnixMilli()}, p.Handle, p.Owner, p.Data)
		}
	}
}

// sweepEvery is how often, in milliseconds, pages whose time is over go.
const sweepEvery = 60_000

func (g *group) sweepPages() error {
	if !g.sweeps() {
		return nil
	}
	g.swept = g.now
	if err := g.c.later(g.ctx, "DELETE FROM page WHERE expires < ?", g.now); err != nil {
		return fmt.Errorf("sweep old pages: %w", err)
	}
	return nil
}

func (g *group) sweeps() bool { return g.pages.rows > 0 && g.now >= g.swept+sweepEvery }

// chain returns how far a chain had come before the group.
func (s *state) chain(what int) int64 { return [...]int64{s.log.n, s.audit.n, int64(s.person)}[what] }

// addAudit adds a line of the trail to the batch, with Each one for each person.
func (g *group) addAudit(it *item, e AuditEntry) {
	if g.s.opts.NoAudit {
		return
	}
	if !e.Each {
		if e.Person == 0 && len(it.out.Changed) > 0 {
			e.Person = it.out.Changed[0].Person
		}
		g.addLine(it.out.t, e)
		return
	}
	var told []Person
	for _, c := range it.out.Changed {
		if !slices.Contains(told, c.Person) {
			told = append(told, c.Person)
			e.Person = c.Person
			g.addLine(it.out.t, e)
		}
	}
	if len(told) == 0 {
		g.addLine(it.out.t, e)
	}
}

func (g *group) addLine(t int64, e AuditEntry) {
	n := g.audit.n + 1
	at := max(g.now, g.audit.at)
	if !e.At.IsZero() {
		at = e.At.UnixMilli()
	}
	hash := auditHash(g.audit.hash, n, at, int64(e.Person), t, e.Entry)
	g.audit = link{n, max(at, g.audit.at), hash}
	g.lines.add([]int64{n, at, int64(e.Person), t, g.s.alerts(e.Entry)}, e.Entry, hash)
}

// auditHash is a link of the audit's chain.
func auditHash(prev []byte, n, at, person, t int64, entry []byte) []byte {
	var small [1024]byte
	b := append(small[:0], prev...)
	for _, v := range [...]int64{n, at, person, t} {
		b = binary.BigEndian.AppendUint64(b, uint64(v))
	}
	sum := sha256.Sum256(append(b, entry...))
	return sum[:]
}

// settle answers everyone in the group.
func (g *group) settle(err error) {
	for _, it := range g.items {
		if it.err != nil {
			err := it.err
			it.finish(err)
			continue
		}
		g.s.settle(it, err)
	}
}

// settle answers one. What only audits and the database does not take is kept
// in the reserve.
func (s *Store) settle(it *item, err error) {
	if err != nil && it.small() {
		err = s.reserve.keep(it.tx, err)
	}
	if err != nil {
		it.out = Committed{}
	}
	it.finish(err)
}

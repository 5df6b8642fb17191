package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
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
	pending map[string]bool // resources whose rows are in a batch, not in the database yet

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
	rows []oldRow
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

// begin reads how far the log has come. On PostgreSQL that is the lock under
// which t is given.
func (g *group) begin() error {
	if g.lane.batches == nil {
		g.lane.batches = newBatches()
	}
	g.batches = g.lane.batches
	g.batches.reset()
	g.company = map[Person][]Person{}
	g.archiveN, g.archiveRK, g.headGone, g.relGone, g.nhsGone = nil, nil, nil, nil, nil
	g.linking, g.erasing, g.relations, g.rows, g.linked = nil, nil, false, 0, false
	g.now = g.s.opts.Clock().UnixMilli()
	if len(g.patients) > remembered || len(g.seqs) > remembered {
		clear(g.patients)
		clear(g.seqs)
	}
	if g.seqs != nil && g.s.ownsDatabase() || !g.lane.bigs {
		return nil // nobody else writes, or nothing is to be written to the log
	}
	last := g.log.n
	if err := g.tips("what <> 1"); err != nil {
		return err
	}
	if g.s.ownsDatabase() {
		if err := g.tips("what = 1"); err != nil {
			return err
		}
	}
	if g.seqs == nil || g.log.n != last {
		g.seqs, g.patients = map[rk]int64{}, map[string]int64{}
	}
	return nil
}

// remembered is how many numbers are kept from group to group.
const remembered = 200_000

// tips reads, and on PostgreSQL locks, how far chains have come.
func (g *group) tips(which string) error {
	lock := ""
	if g.c.words().postgres {
		lock = " FOR UPDATE"
	}
	err := g.c.query(g.ctx, "SELECT what, n, at, hash FROM tip WHERE "+which+" ORDER BY what"+lock, nil, func(r *row) error {
		switch r.int(0) {
		case 0:
			g.log = link{r.int(1), r.int(2), r.copy(3)}
		case 1:
			g.audit = link{r.int(1), r.int(2), r.copy(3)}
		case 2:
			g.person = Person(r.int(1))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read how far the record has come: %w", err)
	}
	return nil
}

// look loads what is there of what the group changes.
func (g *group) look() error {
	g.known, g.pending = map[string]*resource{}, map[string]bool{}
	var keys []string
	for _, it := range g.items {
		keys = g.keysOf(keys, it)
	}
	if err := g.load(keys); err != nil {
		return err
	}
	if g.c.words().postgres {
		return g.lookAhead()
	}
	return nil
}

// lookAhead asks PostgreSQL at once what would otherwise be asked for each
// change: the last rows of persons, and with whom they are linked.
func (g *group) lookAhead() error {
	seqs, whom := map[rk]bool{}, map[Person]bool{}
	for _, it := range g.items {
		for _, c := range it.tx.Changes {
			if len(g.known[c.key].rows) > 0 {
				continue
			}
			if len(c.patients) == 0 {
				seqs[firstRK(0, c.typ)] = true
			}
			for _, key := range c.patients {
				if p := g.knownPerson(key); p != 0 {
					seqs[firstRK(p, c.typ)] = true
					whom[p] = whom[p] || len(c.relations) > 0
				}
			}
		}
	}
	var from, persons []int64
	for k := range seqs {
		if _, ok := g.seqs[k]; !ok {
			from = append(from, int64(k))
		}
	}
	for p, relates := range whom {
		if relates {
			persons = append(persons, int64(p))
		}
	}
	if err := g.loadSeqs(from); err != nil {
		return err
	}
	return g.loadCompany(persons)
}

// knownPerson returns a Patient's person, 0 when there is none yet.
func (g *group) knownPerson(key string) Person {
	if p, ok := g.patients[key]; ok {
		return Person(p)
	}
	if r := g.known[key]; r != nil && len(r.rows) > 0 {
		return r.rows[0].rk.person()
	}
	return 0
}

func (g *group) loadSeqs(from []int64) error {
	if len(from) == 0 {
		return nil
	}
	err := g.c.query(g.ctx, "SELECT l.v, (SELECT max(rk) FROM res WHERE rk >= l.v AND rk < l.v + 4194304) FROM "+g.c.words().list("l"), []any{from}, func(r *row) error {
		g.seqs[r.rk(0)] = r.rk(1).seq()
		return nil
	})
	if err != nil {
		return fmt.Errorf("look up the last rows of persons: %w", err)
	}
	return nil
}

func (g *group) loadCompany(persons []int64) error {
	if len(persons) == 0 {
		return nil
	}
	for _, p := range persons {
		g.company[Person(p)] = []Person{Person(p)}
	}
	err := g.c.query(g.ctx, "SELECT person FROM person_link WHERE until = ? AND basis <> ? AND "+g.c.words().in("person"), []any{open, linkApart, persons}, func(r *row) error {
		delete(g.company, Person(r.int(0))) // they are few: each is asked for
		return nil
	})
	if err != nil {
		return fmt.Errorf("look up whom persons are linked with: %w", err)
	}
	return nil
}

// linkedWith returns everyone who is one with a person.
func (g *group) linkedWith(p Person) ([]Person, error) {
	if all, ok := g.company[p]; ok {
		return all, nil
	}
	if p > g.given && !g.linked { // given in this group
		return []Person{p}, nil
	}
	return linked(g.ctx, g.c, p)
}

// keysOf appends the resources that a transaction needs to know of.
func (g *group) keysOf(keys []string, it *item) []string {
	need := func(key string) {
		if _, ok := g.known[key]; !ok {
			g.known[key] = &resource{}
			keys = append(keys, key)
		}
	}
	for _, c := range it.tx.Changes {
		need(c.key)
		for _, p := range c.patients {
			if _, ok := g.patients[p]; !ok {
				need(p)
			}
		}
		for _, r := range c.relations {
			if _, ok := g.patients[r.of]; !ok && r.of != "" {
				need(r.of)
			}
		}
	}
	return keys
}

const loadRow = "i.rk, r.ver, r.t, r.at, r.method, r.lbl, r.home, r.hash FROM ids i LEFT JOIN res r ON r.rk = i.rk"

// load reads what is there of resources.
func (g *group) load(keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	if g.c.words().postgres {
		return g.loadMany(keys)
	}
	for _, key := range keys {
		typ, id := keyParts(key)
		into := g.known[key]
		err := g.c.query(g.ctx, "SELECT "+loadRow+" WHERE i.id = ? AND i.typ = ?", []any{id, typ}, func(r *row) error {
			into.rows = append(into.rows, scanOld(r, 0))
			return nil
		})
		if err != nil {
			return fmt.Errorf("look up a resource: %w", err)
		}
	}
	return nil
}

func (g *group) loadMany(keys []string) error {
	typs, ids := make([]int64, len(keys)), make([][]byte, len(keys))
	for i, key := range keys {
		typ, id := keyParts(key)
		typs[i], ids[i] = int64(typ), id
	}
	err := g.c.query(g.ctx, "SELECT k.at, "+loadRow+" JOIN unnest(?::bytea[], ?::bigint[]) WITH ORDINALITY AS k(id, typ, at) ON i.id = k.id AND i.typ = k.typ",
		[]any{ids, typs}, func(r *row) error {
			into := g.known[keys[r.int(0)-1]]
			into.rows = append(into.rows, scanOld(r, 1))
			return nil
		})
	if err != nil {
		return fmt.Errorf("look up resources: %w", err)
	}
	return nil
}

func scanOld(r *row, at int) oldRow {
	o := oldRow{rk: r.rk(at), method: Method(r.int(at + 4))}
	if o.method == 0 {
		return o
	}
	o.ver, o.t, o.at, o.labels, o.home, o.hash = int(r.int(at+1)), r.int(at+2), r.int(at+3), r.int(at+5), r.rk(at+6), r.copy(at+7)
	o.inHead = o.method != moved && o.method != Delete && o.method != Erase
	return o
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
		n := &Snap{s: g.s, ctx: it.ctx, c: g.c, t: g.log.n, last: g.log.n, at: time.UnixMilli(max(g.log.at, g.now)).UTC()}
		if err := it.tx.Check(n); err != nil {
			return err, nil
		}
	}
	same := make([]bool, len(it.tx.Changes))
	written := 0
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
			row := g.known[c.key].main()
			it.out.Changed[i] = Changed{Number: row.ver, At: time.UnixMilli(row.at).UTC(), Person: row.rk.person(), Same: true}
			continue
		}
		made, err := g.apply(c, sum)
		if err != nil {
			return nil, err
		}
		it.out.Changed[i] = made
	}
	if written == 0 {
		return nil, nil
	}
	it.out.t = g.log.n
	g.log.hash = sum.sum()
	g.txs.add([]int64{g.log.n, g.log.at}, slices.Clone(g.what), g.log.hash)
	if it.tx.Receipt != nil {
		g.receipts.add([]int64{g.log.n}, it.tx.Receipt)
	}
	g.rows += written
	return nil, nil
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
	seen := make(map[string]bool, len(it.tx.Changes))
	depends := it.tx.Check != nil
	for _, c := range it.tx.Changes {
		if seen[c.key] {
			return errors.New("a transaction changes a resource twice") // Commit has refused it
		}
		seen[c.key] = true
		depends = depends || g.pending[c.key] || g.relations && (c.Before != nil || c.After != nil)
	}
	if !depends || g.rows == 0 {
		return nil
	}
	var again []string
	for _, c := range it.tx.Changes {
		if g.pending[c.key] {
			g.known[c.key].rows = nil
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
	have := g.known[c.key]
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
	now := g.known[c.key].main()
	return now != nil && now.inHead && string(now.hash) == string(c.hash[:])
}

// end writes what goes with the group: the trail, the pages, and how far the
// chains have come.
func (g *group) end() error {
	before := g.lane.state
	if !g.s.ownsDatabase() {
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

// sweepEvery is how often, in milliseconds, pages whose time is over go.
const sweepEvery = 60_000

func (g *group) sweepPages() error {
	if g.pages.rows == 0 || g.now < g.swept+sweepEvery {
		return nil
	}
	g.swept = g.now
	if err := g.c.later(g.ctx, "DELETE FROM page WHERE expires < ?", g.now); err != nil {
		return fmt.Errorf("sweep old pages: %w", err)
	}
	return nil
}

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
	g.lines.add([]int64{n, at, int64(e.Person), t}, e.Entry, hash)
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

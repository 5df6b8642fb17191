package store

import (
	"fmt"
	"slices"
	"time"

	"joinery/fhir/r4"
)

// batches are the rows that a group has to write. A lane uses its own again and
// again.
type batches struct {
	resNew, resNext, headNew, headNext, ids, gx, rel, txs, lines, pages, nhs, receipts *batch
}

func newBatches() *batches {
	return &batches{
		resNew: newBatch(resNew), resNext: newBatch(resNext), headNew: newBatch(headNew), headNext: newBatch(headNext),
		ids: newBatch(idsTable), gx: newBatch(gxTable), rel: newBatch(relTable), txs: newBatch(logTable),
		lines: newBatch(auditRows), pages: newBatch(pageTable), nhs: newBatch(nhsTable), receipts: newBatch(receipts),
	}
}

// changed are the batches of what changes the record, in the order in which they
// are written.
func (b *batches) changed() []*batch {
	return []*batch{b.ids, b.resNew, b.resNext, b.headNew, b.headNext, b.gx, b.rel, b.nhs, b.txs, b.receipts}
}

func (b *batches) reset() {
	for _, one := range append(b.changed(), b.lines, b.pages) {
		one.reset()
	}
}

// personOf returns the person of a Patient, giving a number when there is none
// yet.
func (g *group) personOf(key string) (Person, error) {
	if p, ok := g.patients[key]; ok {
		return Person(p), nil
	}
	r := g.known[key]
	if r == nil {
		return 0, fmt.Errorf("a Patient was not looked up")
	}
	if len(r.rows) == 0 {
		k, err := newRK(g.person+1, patientType, 1)
		if err != nil {
			return 0, err
		}
		g.person++
		g.seqs[firstRK(g.person, patientType)] = 1
		r.rows = append(r.rows, oldRow{rk: k})
		typ, id := keyParts(key)
		g.ids.add([]int64{int64(typ), int64(k)}, id)
	}
	p := r.rows[0].rk.person()
	g.patients[key] = int64(p)
	return p, nil
}

// wouldBe returns the rows that a change would make, as far as rights depend on
// them. A person who has no number yet is one to whom nobody has a relation.
func (g *group) wouldBe(c *Change) []*oldRow {
	var out []*oldRow
	for _, key := range c.patients {
		p, ok := g.patients[key]
		if !ok {
			if r := g.known[key]; len(r.rows) > 0 {
				p = int64(r.rows[0].rk.person())
			} else {
				p = int64(g.person) + 1
			}
		}
		out = append(out, &oldRow{rk: firstRK(Person(p), c.typ), labels: c.labels})
	}
	if len(out) == 0 {
		out = append(out, &oldRow{rk: firstRK(0, c.typ), labels: c.labels})
	}
	return out
}

// persons returns whose a resource is, each once, or nobody.
func (g *group) persons(c *Change) ([]Person, error) {
	var out []Person
	for _, key := range c.patients {
		p, err := g.personOf(key)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	if len(out) == 0 {
		out = []Person{0}
	}
	return out, nil
}

// seq gives the next number of a person and type.
func (g *group) seq(p Person, typ int) (rk, error) {
	from := firstRK(p, typ)
	last, ok := g.seqs[from]
	if !ok && p <= g.given {
		err := g.c.query(g.ctx, "SELECT max(rk) FROM res WHERE rk >= ? AND rk < ?", []any{from, from + 1<<seqBits}, func(r *row) error {
			if !r.null(0) {
				last = r.rk(0).seq()
			}
			return nil
		})
		if err != nil {
			return 0, fmt.Errorf("look up the last row of a person: %w", err)
		}
	}
	k, err := newRK(p, typ, last+1)
	if err == nil {
		g.seqs[from] = last + 1
	}
	return k, err
}

// apply adds a change's rows to the batches.
func (g *group) apply(c *Change, sum *chain) (Changed, error) {
	have := c.have
	before := have.main()
	if c.body == nil {
		return g.applyEnd(c, have, sum)
	}
	persons, err := g.persons(c)
	if err != nil {
		return Changed{}, err
	}
	ver, created := 1, true
	if before != nil {
		ver, created = before.ver+1, !before.inHead
		if j := slices.Index(persons, before.rk.person()); j > 0 { // the body stays where it is
			persons[0], persons[j] = persons[j], persons[0]
		}
		g.archive(have)
	}
	rks := make([]rk, len(persons))
	for j, p := range persons {
		if rks[j], err = g.place(c, have, p); err != nil {
			return Changed{}, err
		}
	}
	g.leave([]byte(c.key[1:]), have, rks)
	for j, k := range rks {
		g.write(c, have, k, rks[0], ver, j == 0)
	}
	if err := g.relate(c, rks[0], persons); err != nil {
		return Changed{}, err
	}
	if c.typ == patientType {
		g.number(c, rks[0].person(), before != nil)
	}
	g.what = appendEntry(g.what, entry{rks[0], ver, c.Method, rks[1:]})
	sum.add(rks[0], ver, c.Method, c.hash[:])
	have.pending = true
	g.pending = append(g.pending, have)
	return Changed{Number: ver, At: time.UnixMilli(g.log.at).UTC(), Person: rks[0].person(), Created: created}, nil
}

// place returns the rk of a resource as one person's.
func (g *group) place(c *Change, have *resource, p Person) (rk, error) {
	if row := have.of(p); row != nil {
		return row.rk, nil
	}
	k, err := g.seq(p, c.typ)
	if err != nil {
		return 0, err
	}
	have.rows = append(have.rows, oldRow{rk: k})
	g.ids.add([]int64{int64(c.typ), int64(k)}, []byte(c.key[1:]))
	return k, nil
}

// archive sends the rows of the newest version to hist.
func (g *group) archive(have *resource) {
	for _, row := range have.live() {
		g.archiveN = append(g.archiveN, g.log.n<<posBits|g.position)
		g.position++
		g.archiveRK = append(g.archiveRK, int64(row.rk))
	}
	if row := have.main(); relates[row.rk.typ()] {
		g.relGone = append(g.relGone, int64(row.rk))
		g.relations = true
	}
}

// leave marks the rows that are no longer the resource's, because it is no
// longer about their persons.
func (g *group) leave(id []byte, have *resource, stay []rk) {
	for _, row := range have.live() {
		if slices.Contains(stay, row.rk) {
			continue
		}
		g.resNext.add([]int64{int64(row.rk), int64(row.ver), g.log.n, g.log.at, int64(moved), row.labels, int64(stay[0])}, id, []byte{}, nil)
		if row.inHead {
			g.headGone = append(g.headGone, int64(row.rk))
		}
	}
}

// write adds one row of a new version.
func (g *group) write(c *Change, have *resource, k, home rk, ver int, main bool) {
	old := have.of(k.person())
	res, head := g.resNew, g.headNew
	if old.method != 0 {
		res = g.resNext
	}
	if old.inHead {
		head = g.headNext
	}
	body, content := c.body, c.hash[:]
	if !main {
		body, content = nil, []byte{}
	}
	res.add([]int64{int64(k), int64(ver), g.log.n, g.log.at, int64(c.Method), c.labels, int64(home)}, []byte(c.key[1:]), content, body)
	head.add([]int64{int64(k), g.log.n, g.log.at, c.labels, int64(home)}, c.keys)
	who := k.who()
	for _, cand := range c.candidates {
		g.gx.add([]int64{int64(cand.P), cand.K, who})
	}
}

// applyEnd adds the rows of a deletion or an erasure: without a body, and not to be
// found.
func (g *group) applyEnd(c *Change, have *resource, sum *chain) (Changed, error) {
	before := have.main()
	if before == nil {
		return Changed{}, fmt.Errorf("%s cannot end: it never was", c.Type)
	}
	ver := before.ver + 1
	live := have.live()
	g.archive(have)
	for _, row := range live {
		content := c.hash[:]
		if row.rk != before.rk {
			content = []byte{}
		}
		g.resNext.add([]int64{int64(row.rk), int64(ver), g.log.n, g.log.at, int64(c.Method), row.labels, int64(before.rk)}, []byte(c.key[1:]), content, nil)
		if row.inHead {
			g.headGone = append(g.headGone, int64(row.rk))
		}
	}
	if c.typ == patientType {
		g.numberGone(before.rk.person())
	}
	if c.Method == Erase {
		g.erasing = append(g.erasing, erasing{have: have, t: g.log.n, ver: ver, reason: c.reason})
	}
	var others []rk
	for _, row := range live {
		if row.rk != before.rk {
			others = append(others, row.rk)
		}
	}
	g.what = appendEntry(g.what, entry{before.rk, ver, c.Method, others})
	sum.add(before.rk, ver, c.Method, c.hash[:])
	have.pending = true
	g.pending = append(g.pending, have)
	return Changed{Number: ver, At: time.UnixMilli(g.log.at).UTC(), Person: before.rk.person()}, nil
}

// relates are the types that may give relations.
var relates = func() (types [1 << typeBits]bool) {
	for _, typ := range []string{"Patient", "Consent", "Contract", "CareTeam", "EpisodeOfCare", "Encounter", "Group"} {
		n, _ := r4.TypeNumber(typ)
		types[n] = true
	}
	return types
}()

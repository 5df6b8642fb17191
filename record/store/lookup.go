package store

import "fmt"

// begin reads how far the log has come. On PostgreSQL that is the lock under
// which t is given.
func (g *group) begin() error {
	g.ready()
	g.company = map[Person][]Person{}
	g.archiveN, g.archiveRK, g.headGone, g.relGone, g.nhsGone = nil, nil, nil, nil, nil
	g.pending = nil
	g.linking, g.erasing, g.relations, g.rows, g.linked = nil, nil, false, 0, false
	if len(g.patients) > remembered || len(g.seqs) > remembered {
		clear(g.patients)
		clear(g.seqs)
	}
	if g.seqs != nil && g.s.owner || !g.lane.bigs {
		return nil // nobody else writes, or nothing is to be written to the log
	}
	last := g.log.n
	if err := g.tips("what <> 1"); err != nil {
		return err
	}
	if g.s.owner {
		if err := g.tips("what = 1"); err != nil {
			return err
		}
	}
	if g.seqs == nil || g.log.n != last {
		g.seqs, g.patients = map[rk]int64{}, map[string]int64{}
	}
	return nil
}

// ready empties the batches and looks at the clock.
func (g *group) ready() {
	if g.lane.batches == nil {
		g.lane.batches = newBatches()
	}
	g.batches = g.lane.batches
	g.batches.reset()
	g.now = g.s.opts.Clock().UnixMilli()
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
	g.known = map[string]*resource{}
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
			if len(c.have.rows) > 0 {
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
	need := func(key string) *resource {
		r := g.known[key]
		if r == nil {
			r = &resource{}
			g.known[key] = r
			keys = append(keys, key)
		}
		return r
	}
	for _, c := range it.tx.Changes {
		c.have = need(c.key)
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

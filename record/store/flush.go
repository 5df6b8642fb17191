package store

import "fmt"

// flush writes what the batches hold.
func (g *group) flush() error {
	if err := g.archiveRows(); err != nil {
		return err
	}
	for _, gone := range []struct {
		from, column string
		rows         *[]int64
	}{{"rel", "src", &g.relGone}, {"nhs_number", "person", &g.nhsGone}, {"head", "rk", &g.headGone}} {
		if len(*gone.rows) == 0 {
			continue
		}
		if err := g.c.later(g.ctx, "DELETE FROM "+gone.from+" WHERE "+g.c.words().in(gone.column), *gone.rows); err != nil {
			return fmt.Errorf("take rows out of %s: %w", gone.from, err)
		}
		*gone.rows = nil
	}
	for _, b := range g.changed() {
		if b.rows == 0 {
			continue
		}
		if err := g.c.insert(g.ctx, b); err != nil {
			return err
		}
		b.reset()
	}
	if err := g.link(); err != nil {
		return err
	}
	if err := g.erase(); err != nil {
		return err
	}
	for _, r := range g.pending {
		r.pending = false
	}
	g.pending = g.pending[:0]
	g.rows, g.relations = 0, false
	return nil
}

const archived = "rk, id, ver, t, at, method, lbl, home, hash, body"

// archiveRows copies rows of res to hist before they are replaced.
func (g *group) archiveRows() error {
	if len(g.archiveRK) == 0 {
		return nil
	}
	defer func() { g.archiveN, g.archiveRK = nil, nil }()
	if g.c.words().postgres {
		err := g.c.later(g.ctx, "INSERT INTO hist (n, "+archived+") SELECT a.n, r.rk, r.id, r.ver, r.t, r.at, r.method, r.lbl, r.home, r.hash, r.body FROM unnest(?::bigint[], ?::bigint[]) AS a(n, rk) JOIN res r ON r.rk = a.rk",
			g.archiveN, g.archiveRK)
		if err != nil {
			return fmt.Errorf("keep replaced versions: %w", err)
		}
		return nil
	}
	for i, k := range g.archiveRK {
		if _, err := g.c.exec(g.ctx, "INSERT INTO hist (n, "+archived+") SELECT ?, "+archived+" FROM res WHERE rk = ?", g.archiveN[i], k); err != nil {
			return fmt.Errorf("keep a replaced version: %w", err)
		}
	}
	return nil
}

// relateAgain works out anew the relations of all that gives any to persons
// whose links changed.
func (g *group) relateAgain(persons []Person) error {
	list := make([]int64, len(persons))
	for i, p := range persons {
		list[i] = int64(p)
	}
	var sources []int64
	err := g.c.query(g.ctx, "SELECT DISTINCT src FROM rel WHERE "+g.c.words().in("person"), []any{list}, func(r *row) error {
		sources = append(sources, r.int(0))
		return nil
	})
	if err != nil {
		return fmt.Errorf("look up who gives relations: %w", err)
	}
	n := &Snap{s: g.s, ctx: g.ctx, c: g.c, t: latest, last: latest}
	for _, src := range sources {
		v, err := n.load(rk(src))
		if err != nil {
			return err
		}
		if err := g.relateOne(&v); err != nil {
			return fmt.Errorf("relations of row %d: %w", src, err)
		}
	}
	if g.rel.rows > 0 {
		if err := g.c.insert(g.ctx, g.rel); err != nil {
			return err
		}
		g.rel.reset()
	}
	return nil
}

// relateOne replaces the relations that one stored resource gives.
func (g *group) relateOne(v *Version) error {
	if _, err := g.c.exec(g.ctx, "DELETE FROM rel WHERE src = ?", v.rk); err != nil {
		return err
	}
	c, err := v.describe(&scratch{})
	if err != nil {
		return err
	}
	var keys []string
	for _, key := range c.patients {
		keys = g.alsoNeed(keys, key)
	}
	for _, r := range c.relations {
		keys = g.alsoNeed(keys, r.of)
	}
	if err := g.load(keys); err != nil {
		return err
	}
	persons, err := g.persons(c)
	if err != nil {
		return err
	}
	return g.relate(c, v.rk, persons)
}

func (g *group) alsoNeed(keys []string, key string) []string {
	if key == "" || g.known[key] != nil {
		return keys
	}
	if _, ok := g.patients[key]; ok {
		return keys
	}
	g.known[key] = &resource{}
	return append(keys, key)
}

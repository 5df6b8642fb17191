package store

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"sync"

	"joinery/record/search"
)

// reindexChunk is how many rows are read at once.
const reindexChunk = 2000

// Reindex makes anew all that is derived from the current versions: labels,
// search keys, candidates, relations and NHS numbers. It changes no answer,
// unless the rules by which they are derived changed. Nothing can be written
// meanwhile. told, which may be nil, is called with how many rows are done.
func (s *Store) Reindex(ctx context.Context, told func(rows int64)) error {
	err := s.db.write(ctx, func(c conn) error {
		g := &group{lane: &lane{w: s.writer, bigs: true}, s: s, ctx: ctx, c: c}
		if err := g.begin(); err != nil { // on PostgreSQL the lock that all writers want
			return err
		}
		g.known, g.given = map[string]*resource{}, maxPerson
		if s.owner {
			g.seqs, g.patients = map[rk]int64{}, map[string]int64{}
		} else if _, err := c.exec(ctx, "SET LOCAL statement_timeout = 0"); err != nil {
			return err
		}
		if _, err := c.exec(ctx, "DELETE FROM meta WHERE name = ?", trailMeta); err != nil {
			return fmt.Errorf("empty looked: %w", err)
		}
		for _, table := range []string{"head", "gx", "rel", "nhs_number", "looked"} {
			if _, err := c.exec(ctx, "DELETE FROM "+table); err != nil {
				return fmt.Errorf("empty %s: %w", table, err)
			}
		}
		rows := int64(0)
		for from := rk(0); ; {
			found, err := g.reindexChunk(from)
			if err != nil {
				return err
			}
			if len(found) == 0 {
				return noteDerived(ctx, c)
			}
			from = found[len(found)-1].rk + 1
			if rows += int64(len(found)); told != nil {
				told(rows)
			}
		}
	})
	if err != nil {
		return fmt.Errorf("reindex: %w", err)
	}
	return nil
}

// derivedBy names the rules by which this version derives what it derives. What
// was derived by others is made anew when the record is opened.
func derivedBy() []byte { return fmt.Appendf(nil, "store 1, search %d", search.Version) }

// refreshDerived reindexes a record whose derived rows are of other rules.
func (s *Store) refreshDerived(ctx context.Context) error {
	var by []byte
	rows := 0
	err := s.db.read(ctx, func(c conn) error {
		if err := c.query(ctx, "SELECT value FROM meta WHERE name = 'derived'", nil, func(r *row) error { by = r.copy(0); return nil }); err != nil {
			return err
		}
		return c.query(ctx, "SELECT rk FROM res LIMIT 1", nil, func(*row) error { rows++; return nil })
	})
	if err != nil {
		return fmt.Errorf("look by what rules the indexes were made: %w", err)
	}
	if bytes.Equal(by, derivedBy()) {
		return nil
	}
	if rows > 0 {
		s.log.InfoContext(ctx, "the indexes are made anew, for this version of Joinery")
		return s.Reindex(ctx, nil)
	}
	return s.db.write(ctx, func(c conn) error { return noteDerived(ctx, c) })
}

func noteDerived(ctx context.Context, c conn) error {
	_, err := c.exec(ctx, "INSERT INTO meta (name, value) VALUES ('derived', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", derivedBy())
	return err
}

// reindexChunk makes anew what is derived from the rows from an rk on.
func (g *group) reindexChunk(from rk) ([]Version, error) {
	n := &Snap{s: g.s, ctx: g.ctx, c: g.c, t: g.log.n, last: g.log.n}
	var found []Version
	err := n.query("SELECT "+versionRow+" FROM res r WHERE r.rk >= ? AND r.method IN (1, 2, 3) ORDER BY r.rk LIMIT ?", []any{from, reindexChunk}, func(r *row) error {
		v, err := scanVersion(r)
		found = append(found, v)
		return err
	})
	if err != nil {
		return nil, err
	}
	for i := range found {
		if err := n.fill(&found[i]); err != nil {
			return nil, err
		}
	}
	changes, err := describeAll(found)
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, c := range changes {
		for _, r := range c.relations {
			keys = g.alsoNeed(keys, r.of)
		}
	}
	if err := g.load(keys); err != nil {
		return nil, err
	}
	for i := range found {
		if err := g.reindexOne(&found[i], changes[i]); err != nil {
			return nil, err
		}
	}
	for _, b := range []*batch{g.headNew, g.gx, g.rel, g.nhs} {
		if b.rows > 0 {
			if err := g.c.insert(g.ctx, b); err != nil {
				return nil, err
			}
			b.reset()
		}
	}
	return found, nil
}

func (g *group) reindexOne(v *Version, c *Change) error {
	g.headNew.add([]int64{int64(v.rk), v.t, v.At.UnixMilli(), c.labels, int64(v.home)}, c.keys)
	who := v.rk.who()
	for _, cand := range c.candidates {
		g.gx.add([]int64{int64(cand.P), cand.K, who})
	}
	if uint64(c.labels) != v.Labels {
		if err := g.c.later(g.ctx, "UPDATE res SET lbl = ? WHERE rk = ?", c.labels, v.rk); err != nil {
			return err
		}
	}
	if c.nhs != 0 {
		g.nhs.add([]int64{c.nhs, int64(v.rk.person())})
	}
	return g.relate(&Change{prepared: prepared{relations: relationsAt(v, c)}}, v.home, []Person{v.rk.person()})
}

// relationsAt returns the relations that a row gives: those that concern one
// person are given by the home alone.
func relationsAt(v *Version, c *Change) []relation {
	var out []relation
	for _, r := range c.relations {
		if r.of == "" || v.home == v.rk {
			out = append(out, r)
		}
	}
	return out
}

// describeAll describes versions in parallel.
func describeAll(found []Version) ([]*Change, error) {
	changes := make([]*Change, len(found))
	errs := make([]error, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for w := range errs {
		wg.Add(1)
		go func() {
			defer wg.Done()
			var b scratch
			for i := w; i < len(found) && errs[w] == nil; i += len(errs) {
				changes[i], errs[w] = found[i].describe(&b)
			}
		}()
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return changes, nil
}

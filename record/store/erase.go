package store

import (
	"fmt"

	"joinery/fhir/r4"
	"joinery/record/search"
)

// erasing is a resource whose content is to be destroyed.
type erasing struct {
	have   *resource
	t      int64
	ver    int
	reason string
}

// erase destroys the content of every version of resources, after their ends
// were written. Hashes stay, in the rows and in the log.
func (g *group) erase() error {
	for _, e := range g.erasing {
		var rks []int64
		for _, row := range e.have.rows {
			rks = append(rks, int64(row.rk))
		}
		for _, k := range rks {
			if err := g.forgetKeys(rk(k)); err != nil {
				return err
			}
		}
		in := g.c.words().in("rk")
		for _, stmt := range []struct {
			what string
			args []any
		}{
			{"INSERT INTO erased (rk, ver, t, reason) SELECT rk, ver, ?, ? FROM hist WHERE body IS NOT NULL AND " + in, []any{e.t, e.reason, rks}},
			{"UPDATE hist SET body = NULL WHERE " + in, []any{rks}},
		} {
			if _, err := g.c.exec(g.ctx, stmt.what, stmt.args...); err != nil {
				return fmt.Errorf("erase: %w", err)
			}
		}
	}
	g.erasing = g.erasing[:0]
	return nil
}

// forgetKeys takes out of gx what only an erased row explains: the candidates of
// its type and person are made anew from the heads that are left.
func (g *group) forgetKeys(k rk) error {
	typ := k.typ()
	_, err := g.c.exec(g.ctx, "DELETE FROM gx WHERE p >= ? AND p < ? AND who = ?", int64(typ)<<16, int64(typ+1)<<16, k.who())
	if err != nil {
		return fmt.Errorf("erase search keys: %w", err)
	}
	if k.person() == 0 {
		return nil
	}
	from := firstRK(k.person(), typ)
	var candidates []search.Candidate
	err = g.c.query(g.ctx, "SELECT keys FROM head WHERE rk >= ? AND rk < ?", []any{from, from + 1<<seqBits}, func(r *row) error {
		candidates = search.Keys(r.bytes(0)).Candidates(candidates, r4.TypeName(typ))
		return nil
	})
	if err != nil {
		return fmt.Errorf("make search keys anew: %w", err)
	}
	for _, c := range candidates {
		g.gx.add([]int64{int64(c.P), c.K, k.who()})
	}
	if err := g.c.insert(g.ctx, g.gx); err != nil {
		return err
	}
	g.gx.reset()
	return nil
}

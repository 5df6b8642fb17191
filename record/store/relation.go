package store

import (
	"fmt"
	"math"
	"slices"

	"joinery/record/access"
)

// relate adds the relations that a resource gives: to the one patient whom the
// relation concerns, or to all whose the resource is, and to everyone linked
// with them.
func (g *group) relate(c *Change, src rk, persons []Person) error {
	for _, r := range c.relations {
		whom := persons
		if r.of != "" {
			p, err := g.personOf(r.of)
			if err != nil {
				return err
			}
			whom = []Person{p}
		}
		for _, p := range whom {
			all, err := g.linkedWith(p)
			if err != nil {
				return err
			}
			for _, q := range all {
				g.rel.add([]int64{r.actor, int64(q), r.basis, int64(src), r.since, r.until})
			}
		}
		g.relations = true
	}
	return nil
}

// allowed asks a filter about rows: whether it allows some of them, and whether
// all.
func (g *group) allowed(f *access.Filter, rows []*oldRow) (some, all bool, err error) {
	all = true
	for _, row := range rows {
		held, err := heldOf(g.ctx, g.c, f, row.rk)
		if err != nil {
			return false, false, err
		}
		_, ok := f.Allows(access.Row{Person: int64(row.rk.person()), Type: row.rk.typ(), Labels: access.Label(row.labels), Held: held})
		some, all = some || ok, all && ok
	}
	return some, all, nil
}

// open is the t or moment until which something holds that has no end yet.
const open int64 = math.MaxInt64

// Ways in which persons are linked.
const (
	linkNHS   = 1 // their verified NHS numbers are equal
	linkApart = 9 // someone said that they are not one; root is the person
)

// linking is a Patient whose verified NHS number may have changed.
type linking struct {
	person Person
	number int64 // 0: none now
	was    bool  // there was a version before, perhaps with a number
	apart  bool  // nothing of the kind: the person is to be parted from everyone
	t      int64
}

// number notes the verified NHS number of a Patient; flush links by it.
func (g *group) number(c *Change, p Person, was bool) {
	if c.nhs != 0 {
		g.nhs.add([]int64{c.nhs, int64(p)})
	}
	if c.nhs != 0 || was {
		g.linking = append(g.linking, linking{person: p, number: c.nhs, was: was, t: g.log.n})
	}
	if was {
		g.nhsGone = append(g.nhsGone, int64(p))
	}
}

// numberGone notes that a Patient was deleted. Who was linked stays linked:
// what was written about them still is about one person.
func (g *group) numberGone(p Person) { g.nhsGone = append(g.nhsGone, int64(p)) }

// link links, or unlinks, by NHS numbers, after the Patients were written.
func (g *group) link() error {
	for _, l := range g.linking {
		changed := []Person{}
		if l.apart {
			company, err := linked(g.ctx, g.c, l.person)
			if err == nil && len(company) > 1 {
				err = g.part(l.person, company, l.t)
			}
			if err == nil {
				err = g.setRoot(l.person, l.person, linkApart, l.t)
			}
			if err != nil {
				return err
			}
			changed = company
		}
		if l.was {
			left, err := g.unlinkUnequal(l)
			if err != nil {
				return err
			}
			changed = append(changed, left...)
		}
		if l.number != 0 {
			joined, err := g.linkEqual(l)
			if err != nil {
				return err
			}
			changed = append(changed, joined...)
		}
		if len(changed) > 0 {
			g.relations, g.linked = true, true
			clear(g.company)
			if err := g.relateAgain(changed); err != nil {
				return err
			}
		}
	}
	g.linking = g.linking[:0]
	return nil
}

// linkEqual links everyone with a number.
func (g *group) linkEqual(l linking) ([]Person, error) {
	var same []Person
	err := g.c.query(g.ctx, "SELECT n.person FROM nhs_number n WHERE n.number = ? AND NOT EXISTS (SELECT 1 FROM person_link a WHERE a.person = n.person AND a.until = ? AND a.basis = ?) ORDER BY n.person",
		[]any{l.number, open, linkApart}, func(r *row) error { same = append(same, Person(r.int(0))); return nil })
	if err != nil {
		return nil, fmt.Errorf("look for an equal NHS number: %w", err)
	}
	if len(same) < 2 || !slices.Contains(same, l.person) {
		return nil, nil
	}
	roots := make(map[Person]Person, len(same))
	root := same[0]
	for _, p := range same {
		r, err := rootOf(g.ctx, g.c, p)
		if err != nil {
			return nil, err
		}
		roots[p] = r
		if r != 0 {
			root = min(root, r)
		}
	}
	var changed []Person
	for _, p := range same {
		if roots[p] == root {
			continue
		}
		if err := g.setRoot(p, root, linkNHS, l.t); err != nil {
			return nil, err
		}
		changed = append(changed, p)
	}
	if len(changed) == 0 {
		return nil, nil
	}
	return append(changed, same...), nil
}

// unlinkUnequal takes a person whose number changed out of the company of those
// who have the old one.
func (g *group) unlinkUnequal(l linking) ([]Person, error) {
	company, err := linked(g.ctx, g.c, l.person)
	if err != nil || len(company) < 2 {
		return nil, err
	}
	var equal []Person
	err = g.c.query(g.ctx, "SELECT person FROM nhs_number WHERE number = ?", []any{l.number}, func(r *row) error {
		equal = append(equal, Person(r.int(0)))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for an equal NHS number: %w", err)
	}
	for _, p := range company {
		if p != l.person && slices.Contains(equal, p) {
			return nil, nil
		}
	}
	return company, g.part(l.person, company, l.t)
}

// part ends a person's link; who is left alone by that has none either.
func (g *group) part(p Person, company []Person, t int64) error {
	if err := g.setRoot(p, 0, 0, t); err != nil {
		return err
	}
	left := slices.DeleteFunc(slices.Clone(company), func(q Person) bool { return q == p })
	root := slices.Min(left)
	for _, q := range left {
		to := root
		if len(left) == 1 {
			to = 0
		}
		if err := g.setRoot(q, to, linkNHS, t); err != nil {
			return err
		}
	}
	return nil
}

// setRoot ends the link that a person has and, with a root, begins another.
func (g *group) setRoot(p, root Person, basis int, t int64) error {
	if _, err := g.c.exec(g.ctx, "UPDATE person_link SET until = ? WHERE person = ? AND until = ? AND t < ?", t, p, open, t); err != nil {
		return fmt.Errorf("end a link of persons: %w", err)
	}
	if _, err := g.c.exec(g.ctx, "DELETE FROM person_link WHERE person = ? AND t = ?", p, t); err != nil {
		return fmt.Errorf("end a link of persons: %w", err)
	}
	if root == 0 {
		return nil
	}
	if _, err := g.c.exec(g.ctx, "INSERT INTO person_link (person, root, t, until, basis) VALUES (?, ?, ?, ?, ?)", p, root, t, open, basis); err != nil {
		return fmt.Errorf("link persons: %w", err)
	}
	return nil
}

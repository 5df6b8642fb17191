package store

import (
	"fmt"

	"joinery/fhir"
	"joinery/fhir/r4"
	"joinery/record/access"
)

// Standing is a resource as it is now, and whose it is.
type Standing struct {
	Version *Version // nil: it is no more, never was, or is hidden
	Now     []Person // whose it is, 0 for nobody's
	Former  []Person // whose it was
}

// Standing returns how it now is with a resource, whatever it was.
func (n *Snap) Standing(f *access.Filter, typ string, id fhir.ID) (Standing, error) {
	number, ok := r4.TypeNumber(typ)
	if !ok || !id.Valid() {
		return Standing{}, errAbsent
	}
	var rows []Version
	err := n.query("SELECT "+versionRow+" FROM ids i JOIN res r ON r.rk = i.rk WHERE i.id = ? AND i.typ = ? ORDER BY r.rk", []any{packID(id), number}, func(r *row) error {
		v, err := scanVersion(r)
		rows = append(rows, v)
		return err
	})
	if err != nil {
		return Standing{}, fmt.Errorf("look how it is with a %s: %w", typ, err)
	}
	var out Standing
	for i := range rows {
		v := &rows[i]
		allowed := false
		if v.Method != moved && !v.Deleted() {
			if allowed, err = n.allows(f, v); err != nil {
				return out, err
			}
		}
		if !allowed {
			out.Former = append(out.Former, v.rk.person())
			continue
		}
		out.Now = append(out.Now, v.rk.person())
		if out.Version == nil {
			out.Version = v
		}
	}
	if out.Version == nil {
		return out, nil
	}
	return out, n.fill(out.Version)
}

func (n *Snap) allows(f *access.Filter, v *Version) (bool, error) {
	if f.All(v.rk.typ()) {
		return true, nil
	}
	_, ok, err := n.Reason(f, v)
	return ok, err
}

// Living returns what is there of persons from a number on, ordered by person:
// about as many resources as limit says, of whole persons. next is the person to
// go on with, 0 when there are no more.
func (n *Snap) Living(f *access.Filter, from Person, limit int) (found []Version, next Person, err error) {
	found, err = n.living(firstRK(from, 0), firstRK(maxPerson, 0), limit)
	if err != nil || len(found) < limit {
		return n.seen(f, found, 0, err)
	}
	next = found[len(found)-1].rk.person()
	if whole := found[:countBefore(found, next)]; len(whole) > 0 {
		return n.seen(f, whole, next, nil)
	}
	found, err = n.living(firstRK(next, 0), firstRK(next+1, 0), maxSeq) // one person has more than that
	return n.seen(f, found, next+1, err)
}

// LivingOf returns what is there of one person; of nobody, when typ is one, that
// of the type.
func (n *Snap) LivingOf(f *access.Filter, p Person, typ string) ([]Version, error) {
	from, to := firstRK(p, 0), firstRK(p+1, 0)
	if number, ok := r4.TypeNumber(typ); ok {
		from, to = firstRK(p, number), firstRK(p, number+1)
	}
	found, err := n.living(from, to, maxSeq)
	found, _, err = n.seen(f, found, 0, err)
	return found, err
}

func countBefore(found []Version, p Person) (n int) {
	for n < len(found) && found[n].rk.person() < p {
		n++
	}
	return n
}

func (n *Snap) living(from, to rk, limit int) (found []Version, err error) {
	err = n.query("SELECT "+versionRow+" FROM res r WHERE r.rk >= ? AND r.rk < ? AND r.method IN (1, 2, 3) ORDER BY r.rk LIMIT ?", []any{from, to, limit}, func(r *row) error {
		v, err := scanVersion(r)
		found = append(found, v)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read what is there of persons: %w", err)
	}
	return found, nil
}

// seen leaves of what was found what the filter allows, with bodies.
func (n *Snap) seen(f *access.Filter, found []Version, next Person, err error) ([]Version, Person, error) {
	var out []Version
	for i := range found {
		if err != nil {
			break
		}
		var ok bool
		if ok, err = n.allows(f, &found[i]); ok && err == nil {
			err = n.fill(&found[i])
			out = append(out, found[i])
		}
	}
	return out, next, err
}

// Links returns, for everyone who is one with somebody else, the person by whom
// all of them are known.
func (n *Snap) Links() (map[Person]Person, error) {
	roots := map[Person]Person{}
	err := n.query("SELECT person, root FROM person_link WHERE until = ? AND basis <> ?", []any{open, linkApart}, func(r *row) error {
		roots[Person(r.int(0))] = Person(r.int(1))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read who is linked with whom: %w", err)
	}
	return roots, nil
}

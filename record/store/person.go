package store

import (
	"context"
	"fmt"

	"joinery/fhir"
	"joinery/record/access"
)

// rootOf returns the person by whom a linked person is known, 0 when they are
// not linked.
func rootOf(ctx context.Context, c conn, p Person) (Person, error) {
	var root Person
	err := c.query(ctx, "SELECT root FROM person_link WHERE person = ? AND until = ? AND basis <> ?", []any{p, open, linkApart},
		func(r *row) error { root = Person(r.int(0)); return nil })
	if err != nil {
		return 0, fmt.Errorf("look up whom a person is linked with: %w", err)
	}
	return root, nil
}

// linked returns everyone who is one with a person, that person included.
func linked(ctx context.Context, c conn, p Person) ([]Person, error) {
	if p == 0 {
		return []Person{0}, nil
	}
	root, err := rootOf(ctx, c, p)
	if err != nil {
		return nil, err
	}
	if root == 0 {
		return []Person{p}, nil
	}
	var out []Person
	err = c.query(ctx, "SELECT person FROM person_link WHERE root = ? AND until = ? AND basis <> ? ORDER BY person", []any{root, open, linkApart},
		func(r *row) error { out = append(out, Person(r.int(0))); return nil })
	if err != nil {
		return nil, fmt.Errorf("look up whom a person is linked with: %w", err)
	}
	return out, nil
}

// heldOf returns what a subject holds for the person of a row.
func heldOf(ctx context.Context, c conn, f *access.Filter, k rk) (access.Held, error) {
	if !f.Relies(k.typ()) {
		return 0, nil
	}
	query, args := f.HeldQuery(access.SQLite, int64(k.person()), 1)
	if query == "" {
		return 0, nil
	}
	var stored []int64
	if err := c.query(ctx, query, args, func(r *row) error { stored = append(stored, r.int(0)); return nil }); err != nil {
		return 0, fmt.Errorf("look up relations: %w", err)
	}
	return access.HeldOf(k.typ(), stored...), nil
}

// Linked returns everyone who is one with a person, that person included.
func (n *Snap) Linked(p Person) ([]Person, error) { return linked(n.ctx, n.c, p) }

// PersonOf returns the number of a Patient's person. There may be one for a
// Patient that is only referred to; false when there is none at all.
func (n *Snap) PersonOf(id fhir.ID) (Person, bool, error) {
	var p Person
	err := n.query("SELECT rk FROM ids WHERE id = ? AND typ = ?", []any{packID(id), patientType}, func(r *row) error {
		p = r.rk(0).person()
		return nil
	})
	if err != nil {
		return 0, false, fmt.Errorf("look up a person: %w", err)
	}
	return p, p != 0, nil
}

// Reason asks a filter, in its second form, whether it allows a version as the
// row in which it was found, and why.
func (n *Snap) Reason(f *access.Filter, v *Version) (access.Reason, bool, error) {
	held, err := heldOf(n.ctx, n.c, f, v.rk)
	if err != nil {
		return access.Reason{}, false, err
	}
	reason, ok := f.Allows(access.Row{Person: int64(v.rk.person()), Type: v.rk.typ(), Labels: access.Label(v.Labels), Held: held})
	return reason, ok, nil
}

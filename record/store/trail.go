package store

import (
	"errors"
	"fmt"
	"time"

	"joinery/fhir"
	"joinery/record/access"
)

var errNoTrail = errors.New("the audit is read in a View without it; ViewTrail has it")

// AuditRow returns one row of the audit. The fault is NotFound when there is no
// such row.
func (n *Snap) AuditRow(number int64) (AuditEntry, error) {
	if !n.trail {
		return AuditEntry{}, errNoTrail
	}
	var found []AuditEntry
	err := n.query("SELECT n, at, person, entry FROM audit WHERE n = ?", []any{number}, func(r *row) error {
		found = append(found, scanAudit(r))
		return nil
	})
	if err != nil {
		return AuditEntry{}, fmt.Errorf("read a row of the audit: %w", err)
	}
	if len(found) == 0 {
		return AuditEntry{}, errAbsent
	}
	return found[0], nil
}

// AuditRows returns up to limit rows of the audit before a number, newest
// first: about any of the persons, or, of nil, about anyone.
func (n *Snap) AuditRows(of []Person, before int64, limit int) ([]AuditEntry, error) {
	if !n.trail {
		return nil, errNoTrail
	}
	const columns = "SELECT n, at, person, entry FROM audit WHERE "
	var found []AuditEntry
	collect := func(r *row) error { found = append(found, scanAudit(r)); return nil }
	var err error
	if of == nil {
		err = n.query(columns+"n < ? ORDER BY n DESC LIMIT ?", []any{before, limit}, collect)
	} else {
		persons := make([]int64, len(of))
		for i, p := range of {
			persons[i] = int64(p)
		}
		err = n.query(columns+n.words().in("person")+" AND n < ? ORDER BY n DESC LIMIT ?", []any{persons, before, limit}, collect)
	}
	if err != nil {
		return nil, fmt.Errorf("read the audit: %w", err)
	}
	return found, nil
}

func scanAudit(r *row) AuditEntry {
	return AuditEntry{N: r.int(0), At: time.UnixMilli(r.int(1)).UTC(), Person: Person(r.int(2)), Entry: r.copy(3)}
}

// Held returns what the subject of a filter holds for a person, where that
// matters for resources of a type.
func (n *Snap) Held(f *access.Filter, p Person, typ int) (access.Held, error) {
	return heldOf(n.ctx, n.c, f, firstRK(p, typ))
}

// PatientOf returns the id of a Patient of a person, empty when none was ever
// named.
func (n *Snap) PatientOf(p Person) (fhir.ID, error) {
	var id fhir.ID
	from, to := firstRK(p, patientType), firstRK(p, patientType+1)
	err := n.query("SELECT id FROM res WHERE rk >= ? AND rk < ? ORDER BY rk", []any{from, to}, func(r *row) error {
		id = unpackID(r.bytes(0))
		return errEnough
	})
	if err != nil {
		return "", fmt.Errorf("look up a Patient: %w", err)
	}
	return id, nil
}

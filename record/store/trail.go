package store

import (
	"context"
	"encoding/binary"
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
// first: about any of the persons, or, of nil, about anyone. Of persons it is
// quick as far as the index goes: see IndexTrail.
func (n *Snap) AuditRows(of []Person, before int64, limit int) ([]AuditEntry, error) {
	if !n.trail {
		return nil, errNoTrail
	}
	const columns = "SELECT n, at, person, entry FROM audit WHERE "
	if of != nil {
		return n.trailOf(of, before, limit)
	}
	var found []AuditEntry
	err := n.query(columns+"n < ? ORDER BY n DESC LIMIT ?", []any{before, limit}, func(r *row) error {
		found = append(found, scanAudit(r))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the audit: %w", err)
	}
	return found, nil
}

// trailOf is AuditRows of some persons: the newest are looked through, those before
// found by the index.
func (n *Snap) trailOf(of []Person, before int64, limit int) ([]AuditEntry, error) {
	persons := make([]int64, len(of))
	for i, p := range of {
		persons[i] = int64(p)
	}
	var found []AuditEntry
	collect := func(r *row) error { found = append(found, scanAudit(r)); return nil }
	mark, err := trailMark(n.ctx, n.c)
	if err == nil {
		err = n.query("SELECT n, at, person, entry FROM audit WHERE n > ? AND n < ? AND "+n.words().in("person")+" ORDER BY n DESC LIMIT ?",
			[]any{mark, before, persons, limit}, collect)
	}
	if err == nil && len(found) < limit {
		err = n.query("SELECT a.n, a.at, a.person, a.entry FROM looked l JOIN audit a ON a.n = l.n WHERE "+n.words().in("l.person")+" AND l.n < ? AND l.n <= ? ORDER BY l.n DESC LIMIT ?",
			[]any{persons, before, mark, limit - len(found)}, collect)
	}
	if err != nil {
		return nil, fmt.Errorf("read the audit of a person: %w", err)
	}
	return found, nil
}

// AlertRows returns up to limit rows of the audit that somebody must look at,
// before a number, newest first.
func (n *Snap) AlertRows(before int64, limit int) ([]AuditEntry, error) {
	if !n.trail {
		return nil, errNoTrail
	}
	var found []AuditEntry
	err := n.query("SELECT n, at, person, entry FROM audit WHERE alert <> 0 AND n < ? ORDER BY n DESC LIMIT ?", []any{before, limit}, func(r *row) error {
		found = append(found, scanAudit(r))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the alerts of the audit: %w", err)
	}
	return found, nil
}

func (s *Store) alerts(entry []byte) int64 {
	if s.opts.Alert != nil && s.opts.Alert(entry) {
		return 1
	}
	return 0
}

// An index of the audit by person, kept with each line, would dirty a page of its
// person's for every read. So lines are gathered: as many as trailBatch are looked
// through each time, and older ones are in the table looked, to which they are
// added in one go, sorted, by whoever asks next.
const (
	trailBatch   = 20_000
	trailBatches = 10 // at once, so that nobody waits long for the first time
	trailMeta    = "looked"
)

// IndexTrail brings the index of the audit by person up to date, when it is far
// behind. It need not be called; answers are the same without.
func (s *Store) IndexTrail(ctx context.Context) error {
	for range trailBatches {
		more := false
		err := s.db.note(ctx, func(c conn) error {
			mark, err := trailMark(ctx, c)
			if err != nil {
				return err
			}
			last := int64(0)
			if err := c.query(ctx, "SELECT n FROM tip WHERE what = 1", nil, func(r *row) error { last = r.int(0); return nil }); err != nil {
				return err
			}
			if more = last-mark >= trailBatch; !more {
				return nil
			}
			_, err = c.exec(ctx, "INSERT INTO looked (person, n) SELECT person, n FROM audit WHERE n > ? AND n <= ? AND person <> 0 ORDER BY person, n ON CONFLICT DO NOTHING", mark, mark+trailBatch)
			if err != nil {
				return err
			}
			_, err = c.exec(ctx, "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE meta.value < excluded.value", trailMeta, binary.BigEndian.AppendUint64(nil, uint64(mark+trailBatch)))
			return err
		})
		if err != nil {
			return fmt.Errorf("index the audit by person: %w", err)
		}
		if !more {
			return nil
		}
	}
	return nil
}

// trailMark returns up to which line the index of the audit goes.
func trailMark(ctx context.Context, c conn) (mark int64, err error) {
	err = c.query(ctx, "SELECT value FROM meta WHERE name = ?", []any{trailMeta}, func(r *row) error {
		if b := r.bytes(0); len(b) == 8 {
			mark = int64(binary.BigEndian.Uint64(b))
		}
		return nil
	})
	return mark, err
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

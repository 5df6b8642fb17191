package store

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/fhir/r4"
	"joinery/record/access"
)

// What Get and its like answer with when there is nothing to give. Absent and
// ErrHidden look the same outside; which of the two it was is for the audit.
var (
	errAbsent = fault.New(fault.NotFound, "There is no such resource.")
	errGone   = fault.New(fault.Gone, "This was deleted.")

	// ErrHidden is what the error is, beside fault.NotFound, when there is such a
	// resource and the filter does not allow it.
	ErrHidden = errors.New("hidden by access rules")
)

func hidden() error { return fault.Wrap(fault.NotFound, "There is no such resource.", ErrHidden) }

// versionRow is what scanVersion reads, of res or hist under the alias r.
const versionRow = "r.rk, r.id, r.ver, r.t, r.at, r.method, r.lbl, r.home, r.hash, r.body"

// formerRow is versionRow where a version may be a former one: its labels are
// its own and those that the resource has now, since what is masked now was
// never to be seen.
const formerRow = "r.rk, r.id, r.ver, r.t, r.at, r.method, " +
	"r.lbl | coalesce((SELECT c.lbl FROM ids j JOIN res c ON c.rk = j.rk WHERE j.id = r.id AND j.typ = ((r.rk >> 22) & 255) AND c.method <> 9 LIMIT 1), 0), " +
	"r.home, r.hash, r.body"

// scanVersion reads a version from a row of res or hist. A row that is not the home has no body: see fill.
func scanVersion(r *row) (Version, error) {
	k := r.rk(0)
	v := Version{
		Type: r4.TypeName(k.typ()), ID: unpackID(r.bytes(1)), Number: int(r.int(2)),
		At: time.UnixMilli(r.int(4)).UTC(), Method: Method(r.int(5)), Labels: uint64(r.int(6)),
		rk: k, t: r.int(3), home: r.rk(7), hash: r.copy(8),
	}
	var err error
	if v.rest, err = decompress(r.bytes(9)); err != nil {
		return v, fmt.Errorf("row %d version %d: %w", k, v.Number, err)
	}
	// What was damaged is never given out as what was stored. It costs a
	// microsecond.
	if v.rest != nil {
		if hash := contentHash(v.Type, v.ID, v.rest); !bytes.Equal(hash[:], v.hash) {
			return v, fmt.Errorf("row %d version %d: the content is not what was stored; run joinery verify", k, v.Number)
		}
	}
	return v, nil
}

// fill gets the body of a version that was found in a row of another person
// than that which has it.
func (n *Snap) fill(v *Version) error {
	if v.home == v.rk || v.rest != nil || v.Deleted() {
		return nil
	}
	found := false
	from := func(table string) error {
		return n.query("SELECT "+versionRow+" FROM "+table+" r WHERE r.rk = ? AND r.ver = ? AND r.method <> 9", []any{v.home, v.Number}, func(r *row) error {
			main, err := scanVersion(r)
			v.rest, v.hash, found = main.rest, main.hash, true
			return err
		})
	}
	err := from("res")
	if err == nil && !found {
		err = from("hist")
	}
	if err == nil && !found {
		err = errors.New("it is not there")
	}
	if err != nil {
		return fmt.Errorf("the body of row %d version %d at row %d: %w", v.rk, v.Number, v.home, err)
	}
	return nil
}

// load returns what is now in a row of res.
func (n *Snap) load(k rk) (Version, error) {
	var v Version
	found := false
	err := n.query("SELECT "+versionRow+" FROM res r WHERE r.rk = ?", []any{k}, func(r *row) (err error) {
		v, err = scanVersion(r)
		found = true
		return err
	})
	if err == nil && !found {
		err = fmt.Errorf("row %d is not there", k)
	}
	if err != nil {
		return v, fmt.Errorf("load a version: %w", err)
	}
	return v, n.fill(&v)
}

// Get returns a resource as the snapshot sees it. The error is NotFound when
// there is none or the filter allows none of its rows (then it is also
// ErrHidden), and Gone when it was deleted.
func (n *Snap) Get(f *access.Filter, typ string, id fhir.ID) (Version, error) {
	number, ok := r4.TypeNumber(typ)
	if !ok || !id.Valid() {
		return Version{}, errAbsent
	}
	if n.old() {
		return n.getOld(f, number, id)
	}
	condition, args := f.Predicate(access.SQLite, "r", number, 3)
	var v Version
	found := false
	err := n.query("SELECT "+versionRow+" FROM ids i JOIN res r ON r.rk = i.rk WHERE i.id = ?1 AND i.typ = ?2 AND r.method <> 9 AND "+condition,
		append([]any{packID(id), number}, args...), func(r *row) (err error) {
			v, err = scanVersion(r)
			found = true
			if err == nil {
				err = errEnough
			}
			return err
		})
	if err != nil {
		return v, fmt.Errorf("read %s/%s: %w", typ, id, err)
	}
	if !found {
		return v, n.absentOrHidden(number, id)
	}
	if v.Deleted() {
		return v, errGone
	}
	return v, n.fill(&v)
}

// absentOrHidden tells the two apart, for the audit.
func (n *Snap) absentOrHidden(typ int, id fhir.ID) error {
	there := false
	err := n.query("SELECT r.rk FROM ids i JOIN res r ON r.rk = i.rk WHERE i.id = ? AND i.typ = ? AND r.t <= ?", []any{packID(id), typ, n.t}, func(*row) error {
		there = true
		return errEnough
	})
	switch {
	case err != nil:
		return fmt.Errorf("look whether a resource is hidden: %w", err)
	case there:
		return hidden()
	}
	return errAbsent
}

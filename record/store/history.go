package store

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"joinery/fhir"
	"joinery/fhir/r4"
	"joinery/record/access"
)

// A former version may be seen by whoever may see both what it was then and
// what the resource is now: a label that was put on later counts, as does one
// that was taken off. Rights are always those of now.

// seenNow is a condition on the alias r of res or hist: the resource, as it is
// now, may be seen too. Its arguments start at number arg.
func seenNow(f *access.Filter, typ, arg int) (condition string, args []any) {
	if f.All(typ) {
		return "1=1", nil
	}
	allowed, args := f.Predicate(access.SQLite, "c", typ, arg)
	return "EXISTS (SELECT 1 FROM ids j JOIN res c ON c.rk = j.rk WHERE j.id = r.id AND j.typ = ((r.rk >> 22) & 255) AND c.method <> 9 AND " + allowed + ")", args
}

// versionsWhere reads versions of one resource, of res or hist as r, that the
// filter allows.
func (n *Snap) versionsWhere(table string, f *access.Filter, typ int, id fhir.ID, where string, args ...any) ([]Version, error) {
	args = append([]any{packID(id), typ}, args...)
	allowed, more := f.Predicate(access.SQLite, "r", typ, len(args)+1)
	args = append(args, more...)
	now, more := seenNow(f, typ, len(args)+1)
	args = append(args, more...)
	var out []Version
	err := n.query("SELECT "+formerRow+" FROM ids i JOIN "+table+" r ON r.rk = i.rk WHERE i.id = ?1 AND i.typ = ?2 AND r.method <> 9 AND "+where+" AND "+allowed+" AND "+now,
		args, func(r *row) error {
			v, err := scanVersion(r)
			out = append(out, v)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("read versions of %s/%s: %w", r4.TypeName(typ), id, err)
	}
	for i := range out {
		if err := n.fill(&out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// getOld is Get in a snapshot of an earlier t.
func (n *Snap) getOld(f *access.Filter, typ int, id fhir.ID) (Version, error) {
	found, err := n.versionsWhere("res", f, typ, id, "r.t <= ?3", n.t)
	if err == nil && len(found) == 0 {
		found, err = n.versionsWhere("hist", f, typ, id, "r.t <= ?3 AND r.n >= ?4", n.t, histFrom(n.t))
	}
	switch {
	case err != nil:
		return Version{}, err
	case len(found) == 0:
		return Version{}, n.absentOrHidden(typ, id)
	case found[0].Deleted():
		return found[0], errGone
	}
	return found[0], nil
}

// GetVersion returns one version of a resource, be it a former one. The error
// is as with Get; that of a version that says that the resource was deleted, or
// of one whose content was erased, is Gone.
func (n *Snap) GetVersion(f *access.Filter, typ string, id fhir.ID, number int) (Version, error) {
	no, ok := r4.TypeNumber(typ)
	if !ok || !id.Valid() {
		return Version{}, errAbsent
	}
	found, err := n.versionsWhere("res", f, no, id, "r.ver = ?3 AND r.t <= ?4", number, n.t)
	if err == nil && len(found) == 0 {
		found, err = n.versionsWhere("hist", f, no, id, "r.ver = ?3 AND r.t <= ?4", number, n.t)
	}
	switch {
	case err != nil:
		return Version{}, err
	case len(found) == 0:
		return Version{}, n.absentOrHidden(no, id)
	case found[0].Deleted(), found[0].Erased():
		return found[0], errGone
	}
	return found[0], nil
}

// HistoryQuery asks for versions, newest first.
type HistoryQuery struct {
	Type  string    // "": of every type
	ID    fhir.ID   // "": of every resource
	Since time.Time // only versions made then or later
	At    time.Time // only versions that were the newest at this moment
	Count int       // at most this many; 0: no limit
}

// position is a place in a history.
type position struct {
	t int64
	i int
}

func (p position) bytes() []byte {
	if p.t == 0 {
		return nil
	}
	return binary.AppendUvarint(binary.AppendUvarint(nil, uint64(p.t)), uint64(p.i))
}

func readPosition(b []byte) position {
	t, n := binary.Uvarint(b)
	if n <= 0 {
		return position{}
	}
	i, _ := binary.Uvarint(b[n:])
	return position{int64(t), int(i)}
}

// History returns versions that the filter allows, as they were at the
// snapshot's t. Erased and deleted ones are among them, without content. after
// is the next of the page before, or nil; next is nil on the last page, and
// must stay inside the server.
func (n *Snap) History(f *access.Filter, q HistoryQuery, after []byte) (versions []Version, next []byte, err error) {
	typ, ok := r4.TypeNumber(q.Type)
	if !ok && q.Type != "" {
		return nil, nil, errAbsent
	}
	if q.ID != "" {
		return n.instanceHistory(f, typ, q, readPosition(after))
	}
	return n.logHistory(f, typ, q, readPosition(after))
}

func (n *Snap) instanceHistory(f *access.Filter, typ int, q HistoryQuery, after position) (versions []Version, next []byte, err error) {
	if !q.ID.Valid() {
		return nil, nil, errAbsent
	}
	now, err := n.versionsWhere("res", f, typ, q.ID, "r.t <= ?3", n.t)
	if err != nil {
		return nil, nil, err
	}
	then, err := n.versionsWhere("hist", f, typ, q.ID, "r.t <= ?3", n.t)
	if err != nil {
		return nil, nil, err
	}
	all := append(now, then...)
	if len(all) == 0 {
		return nil, nil, n.absentOrHidden(typ, q.ID)
	}
	slices.SortStableFunc(all, func(a, b Version) int { return b.Number - a.Number })
	all = slices.CompactFunc(all, func(a, b Version) bool { return a.Number == b.Number })
	for _, v := range all {
		switch {
		case after.t != 0 && v.t >= after.t, v.At.Before(q.Since), !q.At.IsZero() && v.At.After(q.At):
			continue
		}
		if q.Count > 0 && len(versions) == q.Count {
			return versions, position{t: versions[len(versions)-1].t}.bytes(), nil
		}
		versions = append(versions, v)
		if !q.At.IsZero() {
			break // older ones were no longer the newest
		}
	}
	return versions, nil, nil
}

// step is one version that a walk of the log comes by.
type step struct {
	entry
	at position
}

// logHistory walks the log from the newest transaction back.
func (n *Snap) logHistory(f *access.Filter, typ int, q HistoryQuery, after position) (versions []Version, next []byte, err error) {
	w, err := n.newWalk(f, typ, q, after)
	if err != nil {
		return nil, nil, err
	}
	given := after
	for {
		steps, err := w.next()
		if err != nil || len(steps) == 0 {
			return versions, nil, err
		}
		for _, s := range steps {
			v, ok, err := n.versionAt(f, s.entry)
			if err != nil {
				return nil, nil, err
			}
			if !ok {
				continue
			}
			if q.Count > 0 && len(versions) == q.Count {
				return versions, given.bytes(), nil
			}
			versions = append(versions, v)
			given = s.at
		}
	}
}

// walk goes through the log backwards and gives what may be of interest.
type walk struct {
	n       *Snap
	typ     int
	from    int64           // the t to go on with
	skip    position        // what is not to be given again
	since   int64           // ms
	at      int64           // ms; 0: any
	whose   map[Person]bool // nil: everyone's
	seen    map[rk]bool     // with at: resources that were given
	drained bool
}

func (n *Snap) newWalk(f *access.Filter, typ int, q HistoryQuery, after position) (*walk, error) {
	w := &walk{n: n, typ: typ, from: n.t, skip: after}
	if after.t != 0 {
		w.from = min(w.from, after.t)
	}
	if !q.Since.IsZero() {
		w.since = q.Since.UnixMilli()
	}
	if !q.At.IsZero() {
		w.at, w.seen = q.At.UnixMilli(), map[rk]bool{}
		w.from = n.t // what was seen before must be known
	}
	w.drained = f.None(typ)
	p := f.Persons(access.SQLite, typ, 1)
	if p.Every {
		return w, nil
	}
	w.whose = map[Person]bool{0: p.Nobody}
	if p.Query == "" {
		return w, nil
	}
	err := n.query(p.Query, p.Args, func(r *row) error { w.whose[Person(r.int(0))] = true; return nil })
	if err != nil {
		return nil, fmt.Errorf("look up whose history may be seen: %w", err)
	}
	return w, nil
}

// walkSteps is about how many versions are looked at before their rows are read.
const walkSteps = 200

func (w *walk) next() ([]step, error) {
	var steps []step
	for len(steps) == 0 && !w.drained {
		rows := 0
		err := w.n.query("SELECT t, at, what FROM log WHERE t <= ? ORDER BY t DESC LIMIT ?", []any{w.from, walkSteps}, func(r *row) error {
			rows++
			t, at := r.int(0), r.int(1)
			w.from = t - 1
			if at < w.since {
				w.drained = true
				return errEnough
			}
			if w.at != 0 && at > w.at {
				return nil
			}
			var err error
			steps, err = w.add(steps, t, r.bytes(2))
			if err == nil && len(steps) >= walkSteps {
				rows = walkSteps
				err = errEnough
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read the log: %w", err)
		}
		w.drained = w.drained || rows < walkSteps
	}
	return steps, nil
}

// add appends what is of interest in a transaction, last first.
func (w *walk) add(steps []step, t int64, what []byte) ([]step, error) {
	from, i := len(steps), 0
	for e, err := range entries(what) {
		if err != nil {
			return nil, fmt.Errorf("t %d: %w", t, err)
		}
		i++
		if (w.typ == 0 || e.rk.typ() == w.typ) && w.mayBe(e) {
			steps = append(steps, step{e, position{t, i}})
		}
	}
	slices.Reverse(steps[from:])
	return slices.DeleteFunc(steps, func(s step) bool {
		if s.at.t != t {
			return false
		}
		if w.seen != nil {
			if w.seen[s.rk] {
				return true
			}
			w.seen[s.rk] = true
		}
		return w.skip.t != 0 && (t > w.skip.t || t == w.skip.t && s.at.i >= w.skip.i)
	}), nil
}

// mayBe reports whether one of an entry's rows may be someone's whose rows the
// filter can allow.
func (w *walk) mayBe(e entry) bool {
	if w.whose == nil || w.whose[e.rk.person()] {
		return true
	}
	return slices.ContainsFunc(e.others, func(k rk) bool { return w.whose[k.person()] })
}

// versionAt reads the version that an entry of the log is about, in the first
// of its rows that the filter allows.
func (n *Snap) versionAt(f *access.Filter, e entry) (Version, bool, error) {
	typ := e.rk.typ()
	for _, k := range append([]rk{e.rk}, e.others...) {
		for _, table := range []string{"res", "hist"} {
			allowed, args := f.Predicate(access.SQLite, "r", typ, 3)
			now, more := seenNow(f, typ, 3+len(args))
			args = append(append([]any{k, e.ver}, args...), more...)
			var v Version
			found := false
			err := n.query("SELECT "+formerRow+" FROM "+table+" r WHERE r.rk = ?1 AND r.ver = ?2 AND r.method <> 9 AND "+allowed+" AND "+now, args, func(r *row) (err error) {
				v, err = scanVersion(r)
				found = true
				return err
			})
			if err == nil && found {
				err = n.fill(&v)
			}
			if err != nil || found {
				return v, found, err
			}
		}
	}
	return Version{}, false, nil
}

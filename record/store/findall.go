package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/fhir/r4"
	"joinery/record/access"
	"joinery/record/search"
)

// Everything narrows what is given of a person.
type Everything struct {
	Since      time.Time // only what was stored then or later
	Start, End time.Time // of the care given; what has no date is given as well
	Types      []string  // only these; nil: all
	Count      int       // a page; 0: all of it
}

// maxEverything is how many resources of a person are given without pages.
const maxEverything = 20_000

// Everything returns what the record holds of a Patient and whoever is one with
// them, and after that what it refers to of nobody's, as includes: all that the
// filter allows. The fault is NotFound or Gone when the Patient cannot be seen.
func (n *Snap) Everything(f *access.Filter, id fhir.ID, e Everything, after []byte) (Finding, error) {
	if _, err := n.Get(f, "Patient", id); err != nil {
		return Finding{}, err
	}
	persons, owners, err := n.compartment(id)
	if err != nil {
		return Finding{}, err
	}
	w := &wholeRecord{Snap: n, filter: f, asked: e, owners: owners}
	if after != nil {
		if err := json.Unmarshal(after, &w.after); err != nil {
			return Finding{}, fmt.Errorf("read where a page starts: %w", err)
		}
	}
	for _, name := range e.Types {
		number, ok := r4.TypeNumber(name)
		if !ok {
			return Finding{}, fault.New(fault.Invalid, "_type names something that is not a resource type.")
		}
		w.types = append(w.types, number)
	}
	slices.Sort(persons)
	for _, p := range persons {
		if err := w.person(p); err != nil {
			return Finding{}, fmt.Errorf("read everything of a person: %w", err)
		}
	}
	return w.finding()
}

// wholeRecord gathers all of a person.
type wholeRecord struct {
	*Snap
	filter *access.Filter
	asked  Everything
	types  []int // nil: all
	owners map[uint64]struct{}
	after  place
	rows   []Version
}

// full reports whether a page is full, with one more to tell that there is one.
func (w *wholeRecord) full() bool { return w.asked.Count > 0 && len(w.rows) > w.asked.Count }

// person reads the rows of one person.
func (w *wholeRecord) person(p Person) error {
	if w.full() {
		return nil
	}
	from := max(firstRK(p, 0), w.after.RK+1)
	if from >= firstRK(p+1, 0) {
		return nil
	}
	if w.old() {
		if err := w.replaced(p, from); err != nil {
			return err
		}
	}
	allowed, args := w.filter.Predicate(access.SQLite, "r", 0, 5)
	sql := "SELECT " + versionRow + " FROM res r WHERE r.rk >= ?1 AND r.rk < ?2 AND r.t <= ?3 AND r.at >= ?4 AND r.method < 4 AND " + allowed + " ORDER BY r.rk"
	since := int64(0)
	if !w.asked.Since.IsZero() {
		since = w.asked.Since.UnixMilli()
	}
	fresh := 0
	err := w.query(sql, append([]any{from, firstRK(p+1, 0), w.t, since}, args...), func(r *row) error {
		if w.types != nil && !slices.Contains(w.types, r.rk(0).typ()) {
			return nil
		}
		v, err := scanVersion(r)
		if err != nil {
			return err
		}
		w.rows = append(w.rows, v)
		fresh++
		if w.asked.Count > 0 && !w.dated() && fresh > w.asked.Count {
			return errEnough
		}
		if len(w.rows) > maxEverything {
			return tooCostly(fmt.Sprintf("there are more than %d resources of this person. Ask for pages with _count.", maxEverything))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return w.sift()
}

// dated reports whether rows are chosen by when care was given.
func (w *wholeRecord) dated() bool { return !w.asked.Start.IsZero() || !w.asked.End.IsZero() }

// replaced adds versions of a person's that were replaced since.
func (w *wholeRecord) replaced(p Person, from rk) error {
	allowed, args := w.filter.Predicate(access.SQLite, "r", 0, 5)
	now, more := seenNow(w.filter, 0, 5+len(args))
	args = append(append([]any{histFrom(w.t), w.t, from, firstRK(p+1, 0)}, args...), more...)
	return w.query("SELECT "+formerRow+" FROM hist r WHERE r.n >= ?1 AND r.t <= ?2 AND r.rk >= ?3 AND r.rk < ?4 AND r.method < 4 AND "+allowed+" AND "+now,
		args, func(r *row) error {
			v, err := scanVersion(r)
			if err == nil && (w.types == nil || slices.Contains(w.types, v.rk.typ())) && !v.At.Before(w.asked.Since) {
				w.rows = append(w.rows, v)
			}
			return err
		})
}

// sift fills in bodies, leaves out what is not of the time asked for, and what
// is there twice, and puts the rest in order.
func (w *wholeRecord) sift() error {
	slices.SortFunc(w.rows, func(a, b Version) int { return compareHits(nil, &hit{rk: a.rk}, &hit{rk: b.rk}) })
	slices.SortFunc(w.rows, func(a, b Version) int {
		if a.rk < b.rk {
			return -1
		}
		return 1
	})
	seen := map[rk]bool{}
	var failed error
	w.rows = slices.DeleteFunc(w.rows, func(v Version) bool {
		again := seen[v.home]
		seen[v.home] = true
		return again
	})
	for i := range w.rows {
		if failed = w.fill(&w.rows[i]); failed != nil {
			return failed
		}
	}
	if !w.dated() {
		return nil
	}
	w.rows = slices.DeleteFunc(w.rows, func(v Version) bool {
		doc, err := fhir.Parse(v.JSON())
		if err != nil {
			failed = fmt.Errorf("read row %d: %w", v.rk, err)
			return true
		}
		return !search.During(v.Type, doc.Root(), w.asked.Start, w.asked.End)
	})
	return failed
}

// finding makes the page, with what it refers to.
func (w *wholeRecord) finding() (Finding, error) {
	var out Finding
	if w.full() {
		w.rows = w.rows[:w.asked.Count]
		var err error
		if out.Next, err = json.Marshal(place{RK: w.rows[len(w.rows)-1].rk}); err != nil {
			return out, fmt.Errorf("keep where the next page starts: %w", err)
		}
	}
	out.Found = make([]Found, len(w.rows))
	for i := range w.rows {
		out.Found[i].Version = w.rows[i]
	}
	seen := map[search.Place]bool{}
	for i := range w.rows {
		seen[placeOf(&w.rows[i])] = true
	}
	var wanted []search.Place
	met := map[string]bool{} // most refer to the same few
	for i := range w.rows {
		for text := range literals(w.rows[i].rest) {
			if met[string(text)] {
				continue
			}
			met[string(text)] = true
			at, ok := localPlace(text)
			if ok && at.Type != "Patient" && !seen[at] && (w.types == nil || slices.Contains(w.types, number(at.Type))) {
				seen[at] = true
				wanted = append(wanted, at)
			}
		}
	}
	more, err := w.resources(w.filter, wanted)
	if err != nil {
		return out, err
	}
	for i := range more {
		if more[i].Person() == 0 {
			out.Found = append(out.Found, Found{Version: more[i], Include: true})
		}
	}
	return out, nil
}

func number(typ string) int {
	n, _ := r4.TypeNumber(typ)
	return n
}

// literals yields the texts of references in a stored body, without parsing it.
func literals(rest []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		word := []byte(`"reference":`)
		for {
			i := bytes.Index(rest, word)
			if i < 0 {
				return
			}
			rest = bytes.TrimLeft(rest[i+len(word):], " \t\r\n")
			if len(rest) == 0 || rest[0] != '"' {
				continue
			}
			end := bytes.IndexByte(rest[1:], '"')
			if end < 0 || !yield(rest[1:1+end]) {
				return
			}
			rest = rest[1+end:]
		}
	}
}

// localPlace reads a reference to a resource of this record.
func localPlace(reference []byte) (search.Place, bool) {
	typ, id, ok := bytes.Cut(reference, []byte("/"))
	id, _, _ = bytes.Cut(id, []byte("/_history/"))
	_, known := r4.TypeNumber(string(typ))
	at := search.Place{Type: string(typ), ID: fhir.ID(id)}
	return at, ok && known && at.ID.Valid()
}

package store

import (
	"errors"
	"fmt"
	"slices"

	"joinery/fhir"
	"joinery/record/access"
	"joinery/record/search"
)

// headRow is what a scan reads of head under the alias r.
const headRow = "r.rk, r.at, r.lbl, r.home, r.keys"

// gather returns the rows that answer, all of them or, when nothing is sorted,
// the first as many as are enough. When counting it returns none and keeps
// count.
func (s *finder) gather(a *ask) ([]hit, error) {
	src, err := s.plan(a)
	if err != nil {
		return nil, err
	}
	return s.scanAll(a, src)
}

func (s *finder) scanAll(a *ask, src *source) ([]hit, error) {
	var all []hit
	if s.old() {
		old, err := s.scanOld(a, src)
		if err != nil {
			return nil, err
		}
		all = a.past(once(old)) // a resource that is replaced in one of its rows is in all
	}
	first := a.enough > 0 && len(a.sort) == 0 // the first in the order of rows will do
	if first && a.after != nil && a.after.Type == a.typ {
		src.from = a.after.RK
	}
	for {
		found, more, err := s.scan(a, src)
		if err != nil {
			return nil, err
		}
		if found, err = s.settle(a, found); err != nil {
			return nil, err
		}
		all = s.trim(a, append(all, a.past(found)...))
		if !a.counting {
			all = once(all)
		}
		if !more || first && fresh(all) >= a.enough {
			break
		}
	}
	return once(all), nil
}

// fresh returns how many hits are of rows as they are now. These are read in
// order, so when they are enough no row that is still to be read comes before.
func fresh(hits []hit) int {
	n := 0
	for i := range hits {
		if hits[i].version == nil {
			n++
		}
	}
	return n
}

// past leaves out what was on the pages before.
func (a *ask) past(hits []hit) []hit {
	if a.after == nil {
		return hits
	}
	return slices.DeleteFunc(hits, func(h hit) bool { return !a.after.past(a.sort, &h) })
}

// note counts a hit.
func (a *ask) note(h *hit) {
	a.homes = append(a.homes, int64(h.home))
	a.several = a.several || h.home != h.rk
}

// once leaves, of a resource of several persons, the first row.
func once(hits []hit) []hit {
	if !slices.ContainsFunc(hits, func(h hit) bool { return h.home != h.rk }) {
		return hits
	}
	first := map[rk]rk{}
	for i := range hits {
		if at, ok := first[hits[i].home]; !ok || hits[i].rk < at {
			first[hits[i].home] = hits[i].rk
		}
	}
	return slices.DeleteFunc(hits, func(h hit) bool { return first[h.home] != h.rk })
}

// trim drops hits that cannot be on the page, when there are many.
func (s *finder) trim(a *ask, all []hit) []hit {
	switch {
	case a.counting:
		for i := range all {
			a.note(&all[i])
		}
		return all[:0]
	case a.enough == 0:
		return all
	}
	if len(all) > 4*a.enough+200 {
		all = once(all)
		slices.SortFunc(all, func(x, y hit) int { return compareHits(a.sort, &x, &y) })
		all = all[:min(len(all), a.enough)]
	}
	return all
}

// scan reads heads from the source's next part. It reports whether there is
// more.
func (s *finder) scan(a *ask, src *source) (found []hit, more bool, err error) {
	st, more, err := s.next(a, src)
	if err != nil || st.sql == "" {
		return nil, more, err
	}
	rows, maybe := 0, 0
	err = s.query(st.sql, st.args, func(r *row) error {
		rows++
		h := hit{rk: r.rk(0), at: r.int(1), lbl: r.int(2), home: r.rk(3)}
		keys := search.Keys(r.bytes(4))
		if st.ordered {
			src.from = h.rk
		}
		if !a.take(&h, keys) {
			return nil
		}
		found = append(found, h)
		if h.verdict == search.Maybe {
			maybe++
		}
		if st.ordered && (maybe >= 500 || a.enough > 0 && len(a.sort) == 0 && len(found) >= a.enough+maybe) {
			more = true
			return errEnough
		}
		return nil
	})
	if err != nil {
		return nil, false, fmt.Errorf("read what may match: %w", err)
	}
	if st.ordered {
		src.done = !more
	}
	if s.scanned += rows; s.scanned > maxScanned {
		return nil, false, tooCostly("too many resources would have to be looked at. Say more of what is wanted, such as the patient.")
	}
	return found, more, nil
}

// take decides a row and fills in what is to be kept of a hit.
func (a *ask) take(h *hit, k search.Keys) bool {
	h.own, _ = k.Own()
	if h.verdict = a.decide(h, k); h.verdict == search.No {
		return false
	}
	if a.has != nil {
		if bars(a.barTo, h.lbl) {
			return false
		}
		h.refers = a.has.Refers(nil, k)
	}
	if len(a.sort) == 0 {
		return true
	}
	h.values = make([]search.SortValue, len(a.sort))
	for i := range a.sort {
		switch key := &a.sort[i]; {
		case bars(a.order[i], h.lbl):
		case key.Param.Code == "_lastUpdated":
			h.values[i] = search.SortValue{Some: true, Number: uint64(h.at)}
		case key.FromKeys():
			h.values[i] = key.Value(k)
		}
	}
	return true
}

// settle decides from bodies what keys could not, and fills in orders that only
// bodies tell.
func (s *finder) settle(a *ask, hits []hit) ([]hit, error) {
	byBody := slices.ContainsFunc(a.sort, func(k search.SortKey) bool {
		return !k.FromKeys() && k.Param.Code != "_lastUpdated"
	})
	var open []hit
	for i := range hits {
		if byBody || hits[i].verdict == search.Maybe {
			open = append(open, hits[i])
		}
	}
	if len(open) == 0 {
		return hits, nil
	}
	keep := map[rk]*hit{}
	for part := range slices.Chunk(open, 500) {
		if err := s.spend(len(part)); err != nil {
			return nil, err
		}
		bodies, err := s.bodiesOf(s.filter, part)
		if err != nil {
			return nil, err
		}
		for i := range part {
			h := &part[i]
			v := bodies[h.rk]
			if v == nil {
				continue
			}
			good, err := a.whole(h, v)
			if err != nil {
				return nil, err
			}
			if good {
				keep[h.rk] = h
			}
		}
	}
	out := hits[:0]
	for _, h := range hits {
		switch {
		case !byBody && h.verdict != search.Maybe:
			out = append(out, h)
		case keep[h.rk] != nil:
			out = append(out, *keep[h.rk])
		}
	}
	return out, nil
}

// whole decides a hit from its body.
func (a *ask) whole(h *hit, v *Version) (bool, error) {
	doc, err := fhir.Parse(v.JSON())
	if err != nil {
		return false, fmt.Errorf("read row %d: %w", v.rk, err)
	}
	res := doc.Root()
	if h.verdict == search.Maybe && !a.decideBody(h, res, search.Extract(nil, a.name, res)) {
		return false, nil
	}
	h.verdict = search.Yes
	for i := range a.sort {
		key := &a.sort[i]
		switch {
		case key.FromKeys(), key.Param.Code == "_lastUpdated", bars(a.order[i], h.lbl):
		case key.Param.Code == "_id":
			h.values[i] = search.SortValue{Some: true, Text: string(v.ID)}
		default:
			h.values[i] = key.ValueBody(a.name, res)
		}
	}
	return true, nil
}

// scanOld looks at versions that were replaced after the snapshot's t.
func (s *finder) scanOld(a *ask, src *source) ([]hit, error) {
	allowed, args := s.filter.Predicate(access.SQLite, "r", a.typ, 5)
	now, more := seenNow(s.filter, a.typ, 5+len(args))
	args = append(append([]any{histFrom(s.t), s.t, a.typ, maxOld}, args...), more...)
	var versions []Version
	rows := 0
	err := s.query("SELECT "+formerRow+" FROM hist r WHERE r.n >= ?1 AND r.t <= ?2 AND r.method < 4 AND ((r.rk >> 22) & 255) = ?3 AND "+allowed+" AND "+now+" LIMIT ?4",
		args, func(r *row) error {
			if rows++; !src.mayHave(r.rk(0)) {
				return nil
			}
			v, err := scanVersion(r)
			versions = append(versions, v)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("look at what was replaced: %w", err)
	}
	if rows >= maxOld {
		return nil, tooCostly("too much has changed since its first page. Ask for the first page again.")
	}
	var out []hit
	for i := range versions {
		v := &versions[i]
		if err := s.fill(v); err != nil {
			return nil, err
		}
		if v.Erased() {
			continue
		}
		doc, err := fhir.Parse(v.JSON())
		if err != nil {
			return nil, fmt.Errorf("read row %d: %w", v.rk, errors.Join(err))
		}
		h := hit{rk: v.rk, home: v.home, at: v.At.UnixMilli(), lbl: int64(v.Labels), version: v}
		if !a.take(&h, search.Extract(nil, a.name, doc.Root())) {
			continue
		}
		good, err := a.whole(&h, v)
		if err != nil {
			return nil, err
		}
		if good {
			out = append(out, h)
		}
	}
	return out, nil
}

package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"joinery/fault"
	"joinery/fhir"
	"joinery/fhir/r4"
	"joinery/record/access"
	"joinery/record/search"
)

// Finding is done in three steps. The plan says where rows may be that answer a
// query: candidates of one condition from gx, rows of the persons whom the
// subject may see, or all of a type. The scan reads the heads there, always
// through the filter's predicate, and decides every condition from their keys;
// what keys cannot decide is decided from the body. Then the page is cut out of
// what was found, and what it asks to include is added.
//
// A condition on other resources is carried out first: a chain becomes the set
// of resources that rows must refer to, a _has the set of those that they must
// be among. Only visible rows are ever in such a set.
//
// Rows are in order of their rk where nothing else is asked: the order in which
// persons, and of a person resources, came. The order tells nothing of what is
// not shown. A resource of several persons is found once, in the first of its
// rows that are visible.

// Limits of one search. What goes over them is refused as too costly rather than
// cut short: an answer that is not whole must not look as if it were.
const (
	maxScanned  = 2_000_000 // heads that one search reads
	maxSet      = 50_000    // resources that a link of a chain or _has may lead to
	maxBodies   = 20_000    // bodies that are read to decide or to sort
	maxIncluded = 5_000     // resources that are included with a page
	maxRounds   = 8         // how far :iterate goes
	maxOld      = 50_000    // replaced versions that an older page looks at
)

func tooCostly(what string) error {
	return fault.New(fault.TooLarge, "This search is too costly: "+what)
}

// Rights are what a search may do: Search finds, Read includes, Count counts.
type Rights struct {
	Search, Read, Count *access.Filter
}

// Found is a resource on a page.
type Found struct {
	Version Version
	Include bool // it was not asked for by itself, but by _include or _revinclude
}

// Finding is a page of what a search found.
type Finding struct {
	Found []Found
	Next  []byte // where the next page starts, to be given to the same search; nil: this is the last
	Total *int   // how many matches there are, when it was asked for
}

// place is where a page ended.
type place struct {
	Values []search.SortValue `json:",omitempty"`
	Type   int                `json:",omitempty"`
	RK     rk
	Total  *int `json:",omitempty"`
}

// Find returns a page of what a query finds. after is Next of the page before,
// nil for the first. The fault is TooLarge when the search would cost too much.
func (n *Snap) Find(rights Rights, q *search.Query, after []byte) (Finding, error) {
	s := &finder{Snap: n, q: q, filter: rights.Search}
	var out Finding
	var err error
	if after != nil {
		s.after = &place{}
		if err = json.Unmarshal(after, s.after); err != nil {
			return Finding{}, fmt.Errorf("read where a page starts: %w", err)
		}
		out.Total = s.after.Total
	}
	if (q.Total != search.TotalNone || q.Summary == search.SummaryCount) && s.after == nil {
		c := &finder{Snap: n, q: q, filter: rights.Count}
		total, err := c.count()
		if err != nil {
			return Finding{}, fmt.Errorf("count what is searched for: %w", err)
		}
		out.Total = &total
	}
	if q.Summary == search.SummaryCount {
		return out, nil
	}
	hits, err := s.page(q.Count)
	if err != nil {
		return Finding{}, fmt.Errorf("search: %w", err)
	}
	if len(hits) > q.Count {
		hits = hits[:q.Count]
		last := hits[len(hits)-1]
		next := place{Values: last.values, Type: last.rk.typ(), RK: last.rk, Total: out.Total}
		if out.Next, err = json.Marshal(next); err != nil {
			return Finding{}, fmt.Errorf("keep where the next page starts: %w", err)
		}
	}
	if out.Found, err = s.versions(hits); err != nil {
		return Finding{}, fmt.Errorf("search: %w", err)
	}
	if len(q.Include)+len(q.RevInclude) > 0 {
		i := &includer{Snap: n, q: q, filter: rights.Read}
		if out.Found, err = i.include(out.Found); err != nil {
			return Finding{}, fmt.Errorf("include with a search: %w", err)
		}
	}
	return out, nil
}

// Matching returns up to limit resources that a query finds, to decide
// conditional operations by.
func (n *Snap) Matching(f *access.Filter, q *search.Query, limit int) ([]Version, error) {
	s := &finder{Snap: n, q: q, filter: f}
	hits, err := s.page(limit - 1)
	if err != nil {
		return nil, fmt.Errorf("find what a condition matches: %w", err)
	}
	found, err := s.versions(hits[:min(limit, len(hits))])
	if err != nil {
		return nil, fmt.Errorf("find what a condition matches: %w", err)
	}
	out := make([]Version, len(found))
	for i := range found {
		out[i] = found[i].Version
	}
	return out, nil
}

// finder carries out one search by one filter in one snapshot.
type finder struct {
	*Snap
	q       *search.Query
	filter  *access.Filter
	after   *place
	scanned int
	bodies  int
	persons []Person // whom the compartment is of
	owners  map[uint64]struct{}
	given   map[int][]rk // of types whose rows are known beforehand: only these are looked at
}

// hit is a row that answers the query.
type hit struct {
	rk, home rk
	at, lbl  int64
	verdict  search.Verdict
	own      uint64   // Hash of its Type/id
	refers   []uint64 // what it refers to, where that was asked for
	values   []search.SortValue
	version  *Version // of a replaced version: there is no other way to it
}

// types returns the numbers of the types that are searched, in order.
func (s *finder) types() []int {
	if s.q.Type != "" {
		number, _ := r4.TypeNumber(s.q.Type)
		return []int{number}
	}
	var out []int
	for _, number := range s.filter.Types() {
		name := r4.TypeName(number)
		if s.q.Types != nil && !slices.Contains(s.q.Types, name) {
			continue
		}
		if s.q.Compartment != nil && name != "Patient" && r4.Compartment(name) == nil {
			continue
		}
		out = append(out, number)
	}
	return out
}

// page returns the matches of a page, in order, and one more if there is one.
func (s *finder) page(count int) ([]hit, error) {
	if err := s.enterCompartment(); err != nil {
		return nil, err
	}
	if s.q.Compartment != nil && len(s.persons) == 0 {
		return nil, nil
	}
	var all []hit
	for _, typ := range s.types() {
		if s.filter.None(typ) || len(s.q.Sort) == 0 && s.after != nil && typ < s.after.Type {
			continue
		}
		a, err := s.top(typ)
		if err != nil {
			return nil, err
		}
		a.sort, a.order = s.q.Sort, s.needs(s.q.Sort)
		a.enough, a.after = count+1, s.after
		src, err := s.plan(a)
		if err != nil {
			return nil, err
		}
		s.note(typ, src)
		hits, err := s.scanAll(a, src)
		if err != nil {
			return nil, err
		}
		all = append(all, hits...)
		if len(s.q.Sort) == 0 && len(all) > count {
			break
		}
		if len(s.q.Sort) > 0 && len(all) > 4*(count+1) {
			all = s.first(all, count+1)
		}
	}
	return s.first(all, count+1), nil
}

// note keeps which rows of a type a page is made from, for shownBefore.
func (s *finder) note(typ int, src *source) {
	if src.kind != given {
		return
	}
	if s.given == nil {
		s.given = map[int][]rk{}
	}
	s.given[typ] = src.rows
}

// first returns the first of hits in order.
func (s *finder) first(hits []hit, n int) []hit {
	var sort []search.SortKey
	if s.q != nil {
		sort = s.q.Sort
	}
	slices.SortFunc(hits, func(a, b hit) int { return compareHits(sort, &a, &b) })
	return hits[:min(n, len(hits))]
}

func compareHits(sort []search.SortKey, a, b *hit) int {
	for i := range sort {
		if order := sort[i].Compare(a.values[i], b.values[i]); order != 0 {
			return order
		}
	}
	if a.rk.typ() != b.rk.typ() {
		return a.rk.typ() - b.rk.typ()
	}
	switch {
	case a.rk < b.rk:
		return -1
	case a.rk > b.rk:
		return 1
	}
	return 0
}

// past reports whether a hit stands after where the page before ended.
func (p *place) past(sort []search.SortKey, h *hit) bool {
	if p == nil {
		return true
	}
	end := hit{rk: p.RK, values: p.Values}
	return compareHits(sort, &end, h) < 0
}

// count returns how many resources the query finds.
func (s *finder) count() (int, error) {
	if err := s.enterCompartment(); err != nil {
		return 0, err
	}
	if s.q.Compartment != nil && len(s.persons) == 0 {
		return 0, nil
	}
	total := 0
	for _, typ := range s.types() {
		if s.filter.None(typ) {
			continue
		}
		a, err := s.top(typ)
		if err != nil {
			return 0, err
		}
		a.counting = true
		if _, err := s.gather(a); err != nil {
			return 0, err
		}
		total += a.counted()
	}
	return total, nil
}

// enterCompartment finds the persons whose compartment is searched: nobody when
// the subject may not see the Patient.
func (s *finder) enterCompartment() error {
	c := s.q.Compartment
	if c == nil || s.owners != nil {
		return nil
	}
	s.owners = map[uint64]struct{}{}
	var err error
	s.persons, s.owners, err = s.compartment(c.ID)
	return err
}

// compartment returns the persons who are one with a Patient, and the hashes of
// their Patients' names.
func (n *Snap) compartment(id fhir.ID) ([]Person, map[uint64]struct{}, error) {
	owners := map[uint64]struct{}{search.Hash("Patient/" + string(id)): {}}
	person, ok, err := n.PersonOf(id)
	if err != nil || !ok {
		return nil, owners, err
	}
	all, err := n.Linked(person)
	if err != nil {
		return nil, nil, err
	}
	if len(all) > 1 {
		same, err := n.patientsOfPersons(all)
		if err != nil {
			return nil, nil, err
		}
		for _, id := range same {
			owners[search.Hash("Patient/"+string(id))] = struct{}{}
		}
	}
	return all, owners, nil
}

// patientsOfPersons returns the ids of the Patients of persons.
func (n *Snap) patientsOfPersons(persons []Person) ([]fhir.ID, error) {
	var out []fhir.ID
	for _, p := range persons {
		err := n.query("SELECT r.id FROM res r WHERE r.rk >= ? AND r.rk < ? AND r.method < 4", []any{firstRK(p, patientType), firstRK(p, patientType+1)}, func(r *row) error {
			out = append(out, unpackID(r.bytes(0)))
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("look up the patients of linked persons: %w", err)
		}
	}
	return out, nil
}

// samePatients returns the other Patients of the same person, for
// search.Clause.WithTargets.
func (n *Snap) samePatients(typ string, id fhir.ID) ([]fhir.ID, error) {
	if typ != "Patient" || !id.Valid() {
		return nil, nil
	}
	var others []Person
	err := n.query(`SELECT o.person FROM ids i CROSS JOIN person_link l CROSS JOIN person_link o
		WHERE i.id = ?1 AND i.typ = ?2 AND l.person = (i.rk >> 30) AND l.until = ?3 AND l.basis <> ?4
		AND o.root = l.root AND o.until = ?3 AND o.basis <> ?4`,
		[]any{packID(id), patientType, open, linkApart}, func(r *row) error {
			others = append(others, Person(r.int(0)))
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("look up whom a person is linked with: %w", err)
	}
	ids, err := n.patientsOfPersons(others)
	return slices.DeleteFunc(ids, func(other fhir.ID) bool { return other == id }), err
}

// versions loads what was found, in order.
func (s *finder) versions(hits []hit) ([]Found, error) {
	out := make([]Found, 0, len(hits))
	loaded, err := s.bodiesOf(s.filter, hits)
	if err != nil {
		return nil, err
	}
	for i := range hits {
		v := loaded[hits[i].rk]
		if v == nil {
			return nil, fmt.Errorf("load row %d: %w", hits[i].rk, errors.New("it is not there, though its head is"))
		}
		if s.after != nil {
			again, err := s.shownBefore(&hits[i], v)
			if err != nil {
				return nil, err
			}
			if again {
				continue
			}
		}
		out = append(out, Found{Version: *v})
	}
	return out, nil
}

// shownBefore reports whether a resource of several persons was on a page before
// in another of its rows.
func (s *finder) shownBefore(h *hit, v *Version) (bool, error) {
	typ := h.rk.typ()
	allowed, args := s.filter.Predicate(access.SQLite, "r", typ, 5)
	found := false
	err := s.query("SELECT r.rk FROM ids i CROSS JOIN head r WHERE i.id = ?1 AND i.typ = ?2 AND i.rk < ?3 AND r.rk = i.rk AND r.t <= ?4 AND "+allowed,
		append([]any{packID(v.ID), typ, h.rk, s.t}, args...), func(r *row) error {
			found = found || s.looksAt(r.rk(0))
			return nil
		})
	if err != nil {
		return false, fmt.Errorf("look whether a resource was shown: %w", err)
	}
	return found, nil
}

// looksAt reports whether a page may have a row: it is of the compartment, and of
// the rows that are known beforehand.
func (s *finder) looksAt(at rk) bool {
	if s.persons != nil && !slices.Contains(s.persons, at.person()) {
		return false
	}
	rows, known := s.given[at.typ()]
	if !known {
		return true
	}
	_, in := slices.BinarySearch(rows, at)
	return in
}

// bodiesOf loads the versions of hits, as far as they are there and the filter
// allows them.
func (n *Snap) bodiesOf(f *access.Filter, hits []hit) (map[rk]*Version, error) {
	out := make(map[rk]*Version, len(hits))
	byType := map[int][]int64{}
	for i := range hits {
		if h := &hits[i]; h.version != nil {
			out[h.rk] = h.version
		} else {
			byType[h.rk.typ()] = append(byType[h.rk.typ()], int64(h.rk))
		}
	}
	var away []*Version
	for typ, list := range byType {
		allowed, args := f.Predicate(access.SQLite, "r", typ, 2)
		sql := "SELECT " + versionRow + " FROM " + n.words().list("w") + " CROSS JOIN res r WHERE r.rk = w.v AND r.method < 4 AND " + allowed
		err := n.query(sql, append([]any{list}, args...), func(r *row) error {
			v, err := scanVersion(r)
			out[v.rk] = &v
			if v.home != v.rk {
				away = append(away, &v)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("load what was found: %w", err)
		}
	}
	for _, v := range away {
		if err := n.fill(v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

package store

import (
	"fmt"
	"maps"
	"slices"

	"joinery/fhir"
	"joinery/fhir/r4"
	"joinery/record/access"
	"joinery/record/search"
)

// ask is a question about the rows of one type, ready to be scanned for.
type ask struct {
	typ   int
	name  string
	conds []cond
	has   *search.Has // keep what hits refer to by this
	barTo access.Label

	persons  []Person // of a compartment: only rows of these
	from, to int64    // when rows were stored at the earliest, and before when
	timed    bool     // … if that matters

	sort  []search.SortKey
	order []access.Label // for each of sort, the labels that bar it
	after *place

	enough   int // as many hits as are wanted, when nothing is sorted; 0: all
	counting bool
	homes    []int64 // when counting, of every hit
	several  bool    // when counting, some hits are not at home
}

// cond is one condition on a row.
type cond struct {
	clause *search.Clause
	barred access.Label // rows with one of these labels act as without the element; ^0: all rows

	refer map[uint64]struct{} // of a chain: what the row must refer to
	own   map[uint64]struct{} // of _has and _id: which the row must be, or with not, must not be
	rows  []rk                // … and where those are, when that is known
	not   bool

	owners map[uint64]struct{} // of a compartment: the patients whose it is
	name   string              // … and the type of the rows
}

// ask prepares conditions on rows of a type: what depends on other resources is
// looked up.
func (s *finder) ask(typ int, clauses []*search.Clause) (*ask, error) {
	a := &ask{typ: typ, name: r4.TypeName(typ)}
	for _, c := range clauses {
		one, err := s.cond(typ, a.name, c)
		if err != nil {
			return nil, err
		}
		a.conds = append(a.conds, one)
		if c.Plain() && c.Param.Code == "_lastUpdated" {
			a.within(c)
		}
	}
	return a, nil
}

// within narrows the rows to those stored when a condition on _lastUpdated can
// hold.
func (a *ask) within(c *search.Clause) {
	from, to := c.TimeBounds()
	if !a.timed {
		a.timed, a.from, a.to = true, from, to
		return
	}
	a.from, a.to = max(a.from, from), min(a.to, to)
}

// when is a condition on the alias r of head: that a row was stored when it must
// have been. Its arguments start at number arg.
func (a *ask) when(arg int) (condition string, args []any) {
	if !a.timed {
		return "", nil
	}
	return fmt.Sprintf(" AND r.at >= ?%d AND r.at < ?%d", arg, arg+1), []any{a.from, a.to}
}

// top is ask for the query itself, within its compartment.
func (s *finder) top(typ int) (*ask, error) {
	a, err := s.ask(typ, s.q.Where)
	if err == nil && s.q.Compartment != nil {
		a.persons = s.persons
		a.conds = append(a.conds, cond{owners: s.owners, name: a.name})
	}
	return a, err
}

func (s *finder) cond(typ int, name string, c *search.Clause) (cond, error) {
	switch {
	case c.Has != nil:
		return s.hasCond(typ, name, c)
	case c.Chain != nil:
		return s.chainCond(typ, c)
	}
	one := cond{clause: c, barred: s.filter.Barred(typ, c.Param.Code)}
	var err error
	switch {
	case c.Param.Code == "_id":
		err = s.idCond(&one, name)
	case c.Param.Type == r4.Reference:
		one.clause, err = c.WithTargets(s.samePatients)
	}
	return one, err
}

// idCond makes of a condition on _id the rows of those ids.
func (s *finder) idCond(one *cond, name string) error {
	ids, named := one.clause.IDs()
	one.not = !named
	one.own = make(map[uint64]struct{}, len(ids))
	one.rows = []rk{}
	var places []search.Place
	for _, id := range ids {
		one.own[search.Hash(name+"/"+string(id))] = struct{}{}
		if !one.not && id.Valid() {
			places = append(places, search.Place{Type: name, ID: id})
		}
	}
	rows, err := s.rowsOf(places)
	one.rows = append(one.rows, slices.Concat(rows...)...)
	return err
}

// rowsOf returns where the rows of resources are, each in order; nothing of what
// is there. PostgreSQL is asked once for all: a round trip costs more than a
// look-up.
func (n *Snap) rowsOf(places []search.Place) ([][]rk, error) {
	out := make([][]rk, len(places))
	ids, typs := make([][]byte, len(places)), make([]int64, len(places))
	for i, at := range places {
		number, _ := r4.TypeNumber(at.Type)
		ids[i], typs[i] = packID(at.ID), int64(number)
	}
	var err error
	if n.words().postgres && len(places) > 1 {
		err = n.query("SELECT k.at, i.rk FROM unnest(?::bytea[], ?::bigint[]) WITH ORDINALITY AS k(id, typ, at) JOIN ids i ON i.id = k.id AND i.typ = k.typ ORDER BY i.rk",
			[]any{ids, typs}, func(r *row) error {
				i := r.int(0) - 1
				out[i] = append(out[i], r.rk(1))
				return nil
			})
	} else {
		for i := 0; i < len(places) && err == nil; i++ {
			err = n.query("SELECT rk FROM ids WHERE id = ? AND typ = ? ORDER BY rk", []any{ids[i], typs[i]}, func(r *row) error {
				out[i] = append(out[i], r.rk(0))
				return nil
			})
		}
	}
	if err != nil {
		return nil, fmt.Errorf("look up where resources are: %w", err)
	}
	return out, nil
}

// chainCond finds the resources at the far end of a chain's next link.
func (s *finder) chainCond(typ int, c *search.Clause) (cond, error) {
	one := cond{clause: c, barred: s.filter.Barred(typ, c.Param.Code), refer: map[uint64]struct{}{}}
	for _, link := range c.Chain {
		number, _ := r4.TypeNumber(link.Type)
		if s.filter.None(number) {
			continue
		}
		a, err := s.ask(number, []*search.Clause{link.Where})
		if err != nil {
			return one, err
		}
		hits, err := s.gather(a)
		if err != nil {
			return one, err
		}
		for i := range hits {
			one.refer[hits[i].own] = struct{}{}
		}
		if len(one.refer) > maxSet {
			return one, tooCostly(fmt.Sprintf("a link of its chain leads to more than %d resources. Say more of them.", maxSet))
		}
	}
	return one, nil
}

// hasCond finds the resources that refer, and from them where those are that
// they refer to.
func (s *finder) hasCond(typ int, name string, c *search.Clause) (cond, error) {
	one := cond{clause: c, own: map[uint64]struct{}{}, rows: []rk{}}
	number, _ := r4.TypeNumber(c.Has.Type)
	if s.filter.None(number) {
		return one, nil
	}
	a, err := s.ask(number, []*search.Clause{c.Has.Where})
	if err != nil {
		return one, err
	}
	a.has, a.barTo = c.Has, s.filter.Barred(number, c.Has.Param.Code)
	sources, err := s.gather(a)
	if err != nil {
		return one, err
	}
	for i := range sources {
		for _, hash := range sources[i].refers {
			one.own[hash] = struct{}{}
		}
	}
	if len(one.own) > maxSet {
		return one, tooCostly(fmt.Sprintf("its _has leads to more than %d resources. Say more of them.", maxSet))
	}
	one.rows, err = s.referred(typ, name, c.Has, sources, one.own)
	return one, err
}

// referred returns where the resources of a type are that sources refer to.
// Mostly they are the same person's; what is not found there is looked up by
// name, which only bodies tell.
func (s *finder) referred(typ int, name string, has *search.Has, sources []hit, wanted map[uint64]struct{}) ([]rk, error) {
	left := maps.Clone(wanted)
	var out []rk
	if personal(name) {
		persons := map[int64]struct{}{}
		for i := range sources {
			if p := sources[i].rk.person(); p != 0 {
				persons[int64(p)] = struct{}{}
			}
		}
		list := &source{list: slices.Sorted(maps.Keys(persons))}
		near := &ask{typ: typ, name: name, conds: []cond{{own: wanted}}}
		hits, err := s.scanAll(near, list)
		if err != nil {
			return nil, err
		}
		for i := range hits {
			out = append(out, hits[i].rk)
			delete(left, hits[i].own)
		}
	}
	var far []hit
	for i := range sources {
		some := false
		for _, hash := range sources[i].refers {
			if _, ok := left[hash]; ok {
				delete(left, hash)
				some = true
			}
		}
		if some {
			far = append(far, sources[i])
		}
	}
	rows, err := s.referredAfar(name, has, far)
	return append(out, rows...), err
}

func (s *finder) referredAfar(name string, has *search.Has, far []hit) ([]rk, error) {
	var places []search.Place
	seen := map[search.Place]bool{}
	for part := range slices.Chunk(far, 500) {
		if err := s.spend(len(part)); err != nil {
			return nil, err
		}
		bodies, err := s.bodiesOf(s.filter, part)
		if err != nil {
			return nil, err
		}
		for _, v := range bodies {
			doc, err := fhir.Parse(v.JSON())
			if err != nil {
				return nil, fmt.Errorf("read row %d: %w", v.rk, err)
			}
			for _, at := range has.Targets(doc.Root()) {
				if at.Type != name || seen[at] {
					continue
				}
				seen[at] = true
				places = append(places, at)
			}
		}
	}
	rows, err := s.rowsOf(places)
	return slices.Concat(rows...), err
}

// spend counts bodies that are read.
func (s *finder) spend(bodies int) error {
	if s.bodies += bodies; s.bodies > maxBodies {
		return tooCostly(fmt.Sprintf("more than %d resources would have to be read whole. Narrow it, or sort by something else.", maxBodies))
	}
	return nil
}

// needs returns, for each order, the labels that bar it.
func (s *finder) needs(sort []search.SortKey) []access.Label {
	var out []access.Label
	for i := range sort {
		var l access.Label
		for _, typ := range s.types() {
			l |= s.filter.Barred(typ, sort[i].Param.Code)
		}
		out = append(out, l)
	}
	return out
}

func bars(barred access.Label, lbl int64) bool {
	return barred == ^access.Label(0) || uint64(barred)&uint64(lbl) != 0
}

// decide says whether a row answers, from its keys.
func (a *ask) decide(h *hit, k search.Keys) search.Verdict {
	verdict := search.Yes
	for i := range a.conds {
		verdict = min(verdict, a.conds[i].decide(h, k))
		if verdict == search.No {
			break
		}
	}
	return verdict
}

func (c *cond) decide(h *hit, k search.Keys) search.Verdict {
	holds := false
	switch {
	case c.owners != nil:
		holds = search.InCompartment(c.name, k, c.owners)
	case c.own != nil:
		_, in := c.own[h.own]
		holds = in != c.not
	case bars(c.barred, h.lbl):
		if c.refer != nil {
			return search.No
		}
		return c.clause.Match(nil)
	case c.refer != nil:
		var room [8]uint64
		for _, hash := range c.clause.Refers(room[:0], k) {
			if _, in := c.refer[hash]; in {
				holds = true
				break
			}
		}
	case c.clause.Param.Code == "_lastUpdated":
		holds = c.clause.MatchTime(h.at)
	default:
		return c.clause.Match(k)
	}
	if holds {
		return search.Yes
	}
	return search.No
}

// decideBody says whether a resource answers the conditions that its keys could
// not decide.
func (a *ask) decideBody(h *hit, res fhir.Value, k search.Keys) bool {
	for i := range a.conds {
		c := &a.conds[i]
		if c.decide(h, k) == search.Maybe && !c.clause.MatchBody(a.name, res) {
			return false
		}
	}
	return true
}

// counted returns how many resources the hits of a count are.
func (a *ask) counted() int {
	if a.several {
		slices.Sort(a.homes)
		a.homes = slices.Compact(a.homes)
	}
	return len(a.homes)
}

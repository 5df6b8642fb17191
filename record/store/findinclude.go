package store

import (
	"fmt"

	"joinery/fault"
	"joinery/fhir"
	"joinery/fhir/r4"
	"joinery/record/access"
	"joinery/record/search"
)

// includer adds what a page's matches refer to and what refers to them.
type includer struct {
	*Snap
	q      *search.Query
	filter *access.Filter
	out    []Found
	there  map[search.Place]bool
}

// include returns the matches and what is included with them.
func (n *includer) include(matches []Found) ([]Found, error) {
	n.out, n.there = matches, map[search.Place]bool{}
	for i := range matches {
		n.there[placeOf(&matches[i].Version)] = true
	}
	from := 0
	for round := 0; from < len(n.out); round++ {
		if round > maxRounds {
			return nil, tooCostly(fmt.Sprintf("its includes lead over more than %d resources.", maxRounds))
		}
		to := len(n.out)
		for i := range n.q.Include {
			if inc := &n.q.Include[i]; round == 0 || inc.Iterate {
				if err := n.forward(inc, from, to); err != nil {
					return nil, err
				}
			}
		}
		for i := range n.q.RevInclude {
			if inc := &n.q.RevInclude[i]; round == 0 || inc.Iterate {
				if err := n.backward(inc, from, to); err != nil {
					return nil, err
				}
			}
		}
		from = to
	}
	return n.out, nil
}

func placeOf(v *Version) search.Place { return search.Place{Type: v.Type, ID: v.ID} }

func (n *includer) add(v Version) error {
	n.there[placeOf(&v)] = true
	n.out = append(n.out, Found{Version: v, Include: true})
	if len(n.out) > search.MaxCount+maxIncluded {
		return tooCostly(fmt.Sprintf("its page would include more than %d resources. Ask for a smaller _count.", maxIncluded))
	}
	return nil
}

// forward includes what the resources from one place to another refer to.
func (n *includer) forward(inc *search.Include, from, to int) error {
	number, _ := r4.TypeNumber(inc.Source)
	barred := n.filter.Barred(number, inc.Param.Code)
	var wanted []search.Place
	for i := from; i < to; i++ {
		v := &n.out[i].Version
		if v.Type != inc.Source || bars(barred, int64(v.Labels)) {
			continue
		}
		doc, err := fhir.Parse(v.JSON())
		if err != nil {
			return fmt.Errorf("read row %d: %w", v.rk, err)
		}
		for _, at := range inc.Targets(doc.Root()) {
			if !n.there[at] {
				n.there[at] = true // also when it may not be seen: once is enough to look
				wanted = append(wanted, at)
			}
		}
	}
	found, err := n.resources(n.filter, wanted)
	if err != nil {
		return err
	}
	for i := range found {
		if err := n.add(found[i]); err != nil {
			return err
		}
	}
	return nil
}

// resources returns those of some resources that are there and that the filter
// allows, in order.
func (n *Snap) resources(f *access.Filter, wanted []search.Place) ([]Version, error) {
	out := make([]Version, 0, len(wanted))
	if n.old() {
		for _, at := range wanted {
			v, err := n.Get(f, at.Type, at.ID)
			if kind := fault.KindOf(err); err != nil && (kind == fault.NotFound || kind == fault.Gone) {
				continue
			}
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	}
	rows, err := n.rowsOf(wanted)
	if err != nil {
		return nil, err
	}
	var all []hit
	for _, of := range rows {
		for _, k := range of {
			all = append(all, hit{rk: k})
		}
	}
	bodies, err := n.bodiesOf(f, all)
	if err != nil {
		return nil, err
	}
	for _, of := range rows {
		for _, k := range of {
			if v := bodies[k]; v != nil {
				out = append(out, *v)
				break
			}
		}
	}
	return out, nil
}

// backward includes what refers to the resources from one place to another.
func (n *includer) backward(inc *search.Include, from, to int) error {
	number, _ := r4.TypeNumber(inc.Source)
	if n.filter.None(number) {
		return nil
	}
	c := cond{clause: inc.Clause(), refer: map[uint64]struct{}{}, barred: n.filter.Barred(number, inc.Param.Code)}
	for i := from; i < to; i++ {
		v := &n.out[i].Version
		if inc.Target == "" || inc.Target == v.Type {
			c.refer[search.Hash(v.Type+"/"+string(v.ID))] = struct{}{}
		}
	}
	if len(c.refer) == 0 {
		return nil
	}
	s := &finder{Snap: n.Snap, filter: n.filter}
	hits, err := s.gather(&ask{typ: number, name: inc.Source, conds: []cond{c}})
	if err != nil {
		return err
	}
	if len(hits) > maxIncluded {
		return tooCostly(fmt.Sprintf("its page would include more than %d resources. Ask for a smaller _count.", maxIncluded))
	}
	found, err := s.versions(s.first(hits, len(hits)))
	if err != nil {
		return err
	}
	for i := range found {
		if v := &found[i].Version; !n.there[placeOf(v)] {
			if err := n.add(*v); err != nil {
				return err
			}
		}
	}
	return nil
}

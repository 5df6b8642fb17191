package path

import "joinery/fhir"

// set holds items that differ from each other. Texts, which are what there is
// most of, it finds by hash; other items are compared with each.
type set struct {
	hint  int // how many items will be tried
	texts map[string]bool
	rest  []Item
}

// few is how many items are faster compared than hashed.
const few = 16

// setOf returns the set of a collection.
func (r *run) setOf(c []Item) (*set, error) {
	s := &set{hint: len(c)}
	for i := range c {
		if _, err := s.add(r, &c[i]); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// add puts an item in, and reports whether no equal one was there.
func (s *set) add(r *run, i *Item) (bool, error) {
	if in, err := s.has(r, i); in || err != nil {
		return false, err
	}
	if t, ok := i.hashable(); ok && s.hint > few {
		if s.texts == nil {
			s.texts = make(map[string]bool, few)
		}
		s.texts[string(t)] = true
		return true, nil
	}
	s.rest = append(s.rest, *i)
	return true, nil
}

// has reports whether an item equal to i is in the set.
func (s *set) has(r *run, i *Item) (bool, error) {
	if s.hint > few {
		if t, ok := i.hashable(); ok {
			return s.texts[string(t)], r.spend(1 + len(t)/64)
		}
	}
	return r.has(s.rest, i)
}

// hashable returns the text of an item that is equal to another just when that
// is a text, too, and the same.
func (i *Item) hashable() ([]byte, bool) {
	switch {
	case i.kind == stringy:
		return []byte(i.data.(string)), true
	case i.kind == node && i.typ != nil && i.typ.as == stringy && i.val.Kind() == fhir.String:
		return i.val.TextBytes(), true
	}
	return nil, false
}

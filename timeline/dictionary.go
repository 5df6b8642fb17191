package timeline

import (
	"slices"
	"strings"
)

// dictionary gives numbers to values, in the order in which they came until it
// is sorted.
type dictionary[T any] struct {
	list    []T
	numbers map[string]uint32
	key     func([]byte, T) []byte
	compare func(T, T) int
	scratch []byte
}

// number returns the number of a value, a new one when it is new.
func (d *dictionary[T]) number(v T) uint32 {
	d.scratch = d.key(d.scratch[:0], v)
	n, ok := d.numbers[string(d.scratch)]
	if !ok {
		n = uint32(len(d.list))
		d.list = append(d.list, v)
		d.numbers[string(d.scratch)] = n
	}
	return n
}

// sort puts the values in order and returns, for each number that there was, the
// one that it has now.
func (d *dictionary[T]) sort() []uint32 {
	now := sortNumbers(&d.list, d.compare)
	for k, n := range d.numbers {
		d.numbers[k] = now[n]
	}
	return now
}

// sortNumbers puts a list in order and returns, for each number that there was,
// the one that it has now.
func sortNumbers[T any](list *[]T, compare func(T, T) int) []uint32 {
	order := make([]uint32, len(*list))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int { return compare((*list)[a], (*list)[b]) })
	now := make([]uint32, len(order))
	sorted := make([]T, len(order))
	for to, from := range order {
		now[from] = uint32(to)
		sorted[to] = (*list)[from]
	}
	*list = sorted
	return now
}

func newWhats() *dictionary[What] {
	return &dictionary[What]{numbers: map[string]uint32{}, compare: What.Compare, key: appendWhat}
}

// newStrings returns a dictionary whose number 0 is, and stays, the empty
// string.
func newStrings() *dictionary[string] {
	d := &dictionary[string]{
		numbers: map[string]uint32{}, compare: strings.Compare,
		key: func(dst []byte, s string) []byte { return append(dst, s...) },
	}
	d.number("")
	return d
}

// appendWhat appends a form of a What that no other has.
func appendWhat(dst []byte, w What) []byte {
	for _, s := range []string{w.Kind, w.Class, w.Status, w.Unit, w.Comparator} {
		dst = append(append(dst, s...), 0)
	}
	for _, codes := range [][]Code{w.Codes, w.Answer} {
		for _, c := range codes {
			dst = append(append(append(append(dst, c.System...), 0), c.Code...), 0)
		}
		dst = append(dst, 1) // no system begins so
	}
	return dst
}

// dictionaries are all those of a Set.
type dictionaries struct {
	whats  *dictionary[What]
	values [attributes]*dictionary[string]
	orgs   *dictionary[string]
}

func newDictionaries() *dictionaries {
	d := &dictionaries{whats: newWhats(), orgs: newStrings()}
	for a := range d.values {
		d.values[a] = newStrings()
	}
	return d
}

// set returns a Set of parts as the dictionaries are now.
func (d *dictionaries) set(parts []*part, order []place) *Set {
	s := &Set{whats: slices.Clip(d.whats.list), orgs: slices.Clip(d.orgs.list), parts: parts, order: order, of: d}
	for a, v := range d.values {
		s.values[a] = slices.Clip(v.list)
	}
	return s
}

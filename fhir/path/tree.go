package path

import (
	"cmp"
	"slices"
	"strings"

	"joinery/fhir"
	"joinery/fhir/r4"
)

func childrenOf(r *run, _ *call, in, out []Item) ([]Item, error) {
	from := len(out)
	for i := range in {
		out = in[i].all(out)
	}
	return out, r.spend(len(out) - from)
}

// descendants gives children, and their children after them, level by level.
func descendants(r *run, _ *call, in, out []Item) ([]Item, error) {
	from := len(out)
	out, err := childrenOf(r, nil, in, out)
	for at := from; err == nil && at < len(out); at++ {
		size := len(out)
		out = out[at].all(out)
		err = r.spend(len(out) - size)
	}
	return out, err
}

// all appends every element of an item, in the order of the document.
func (i *Item) all(out []Item) []Item {
	if i.kind != node {
		return out
	}
	in := i.val
	if i.typ != nil && i.typ.primitive() {
		in = i.ext
	}
	for member, v := range in.Members() {
		if member == "resourceType" && i.typ != nil && i.typ.made == r4.Resource {
			continue
		}
		if i.typ == nil {
			out = untyped(v, out)
			continue
		}
		plain, under := strings.CutPrefix(member, "_")
		if under && in.Get(plain).Exists() {
			continue // it comes with its twin
		}
		if f, o := i.typ.child(plain); f != nil {
			if under {
				out = elements(o.typ, fhir.Value{}, v, out)
			} else if o.under != "" {
				out = elements(o.typ, v, in.Get(o.under), out)
			} else {
				out = elements(o.typ, v, fhir.Value{}, out)
			}
		}
	}
	return out
}

// child returns the element that a JSON member of an item of the type holds.
func (t *Type) child(member string) (*field, *option) {
	if t.primitive() {
		return typeNamed("Element").held(member)
	}
	return t.held(member)
}

// sortItems is sort(): by the items, or by keys, each descending after a minus.
// What has no key comes first, whichever the direction.
func sortItems(r *run, c *call, in, out []Item) ([]Item, error) {
	keys := c.args
	if len(keys) == 0 {
		keys = []expr{this{}}
	}
	type row struct {
		item Item
		keys []Item
		has  []bool
	}
	rows := make([]row, len(in))
	down := make([]bool, len(keys))
	for k, e := range keys {
		if s, ok := e.(*sign); ok && s.minus {
			e, down[k] = s.a, true
		}
		err := r.each(in, e, func(i int, got []Item) (bool, error) {
			if len(got) > 1 {
				return false, problem("a key of sort() must be one value.")
			}
			key := append(slices.Clone(got), Item{})[0]
			rows[i].item = in[i]
			rows[i].keys, rows[i].has = append(rows[i].keys, key), append(rows[i].has, len(got) > 0)
			return true, r.spend(1)
		})
		if err != nil {
			return out, err
		}
	}
	var failed error
	slices.SortStableFunc(rows, func(a, b row) int {
		for k := range keys {
			if !a.has[k] || !b.has[k] {
				if n := cmp.Compare(boolInt(a.has[k]), boolInt(b.has[k])); n != 0 {
					return n
				}
				continue
			}
			n, _, err := compare(&a.keys[k], &b.keys[k])
			if err != nil {
				failed = err
			}
			if down[k] {
				n = -n
			}
			if n != 0 {
				return n
			}
		}
		return 0
	})
	for i := range rows {
		out = append(out, rows[i].item)
	}
	return out, failed
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

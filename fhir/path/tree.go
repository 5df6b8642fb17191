package path

import (
	"bytes"
	"cmp"
	"slices"

	"joinery/fhir"
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
	for member, v := range in.Fields() {
		if i.typ == nil {
			out = untyped(v, out)
			continue
		}
		plain, under := bytes.CutPrefix(member, []byte("_"))
		h, ok := held(i.typ, plain)
		switch {
		case !ok: // resourceType, or what no element is
		case !under && h.option.under != "":
			out = elements(h.option.typ, v, in.Get(h.option.under), out)
		case !under:
			out = elements(h.option.typ, v, fhir.Value{}, out)
		case !in.Get(h.option.member).Exists(): // else it came with its twin
			out = elements(h.option.typ, fhir.Value{}, v, out)
		}
	}
	return out
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

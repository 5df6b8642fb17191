package path

import (
	"bytes"
	"slices"
	"strings"
	"unicode"

	"joinery/fhir"
)

// equal compares two collections as = does: in order, and nothing where a side
// is empty or a part cannot be told.
func (r *run) equal(a, b []Item) (truth, error) {
	if len(a) == 0 || len(b) == 0 {
		return nothing, nil
	}
	if len(a) != len(b) {
		return no, nil
	}
	all := yes
	for i := range a {
		t, err := r.same(&a[i], &b[i])
		if err != nil || t == no {
			return t, err
		}
		all = min3(all, t)
	}
	return all, nil
}

// same compares two items as = does.
func (r *run) same(a, b *Item) (truth, error) {
	if err := r.spend(1 + a.weight() + b.weight()); err != nil {
		return nothing, err
	}
	// The commonest case, an element compared with a text, needs no copy.
	if a.kind == node && b.kind == stringy && a.typ != nil && a.typ.as == stringy {
		return truthOf(a.val.Is(b.data.(string))), nil
	}
	if x, ok := a.moment(); ok {
		y, ok := b.moment()
		if !ok || (x.kind == clock) != (y.kind == clock) {
			return no, nil
		}
		cmp, told := compareMoments(&x, &y)
		if !told {
			return nothing, nil
		}
		return truthOf(cmp == 0), nil
	}
	x, y := a.system(), b.system()
	if x.kind == node && y.kind == node {
		if x.typ != y.typ && x.typ != nil && y.typ != nil {
			return no, nil
		}
		same, err := r.alike(x.val, y.val, exactly)
		if same && err == nil {
			same, err = r.alike(x.ext, y.ext, exactly)
		}
		return truthOf(same), err
	}
	return sameValues(x, y), nil
}

// sameValues compares two values that are not both elements, nor moments.
func sameValues(x, y Item) truth {
	switch {
	case isNumber(&x) && isNumber(&y):
		return truthOf(compareNumbers(x, y) == 0)
	case x.kind == quantity || y.kind == quantity:
		p, ok1 := toAmount(x)
		q, ok2 := toAmount(y)
		if !ok1 || !ok2 {
			return no
		}
		cmp, told := compareAmounts(&p, &q)
		if !told {
			return nothing
		}
		return truthOf(cmp == 0)
	case x.kind != y.kind:
		return no
	case x.kind == boolean:
		return truthOf(x.num == y.num)
	case x.kind == stringy:
		return truthOf(x.data.(string) == y.data.(string))
	case x.kind == typeInfo:
		return truthOf(x.data == y.data)
	}
	return no
}

// equivalent compares two collections as ~ does: whatever the order, and always
// with an answer.
func (r *run) equivalent(a, b []Item) (bool, error) {
	if len(a) != len(b) {
		return false, nil
	}
	taken := make([]bool, len(b))
	for i := range a {
		found := false
		for j := range b {
			if taken[j] {
				continue
			}
			like, err := r.like(&a[i], &b[j])
			if err != nil {
				return false, err
			}
			if like {
				taken[j], found = true, true
				break
			}
		}
		if !found {
			return false, nil
		}
	}
	return true, nil
}

// like compares two items as ~ does.
func (r *run) like(a, b *Item) (bool, error) {
	if err := r.spend(1); err != nil {
		return false, err
	}
	x, y := a.system(), b.system()
	switch {
	case x.kind == stringy && y.kind == stringy:
		s, t := x.data.(string), y.data.(string)
		return normal(s) == normal(t), r.spend(len(s) + len(t))
	case isNumber(&x) && isNumber(&y):
		return likeNumbers(x, y), nil
	case x.kind == node && y.kind == node:
		if x.typ != y.typ && x.typ != nil && y.typ != nil {
			return false, nil
		}
		return r.alike(x.val, y.val, roughly)
	case x.kind == quantity || y.kind == quantity:
		p, ok1 := toAmount(x)
		q, ok2 := toAmount(y)
		return ok1 && ok2 && likeAmounts(&p, &q), nil
	}
	if m, ok := x.moment(); ok {
		n, ok := y.moment()
		if !ok || (m.kind == clock) != (n.kind == clock) {
			return false, nil
		}
		cmp, told := compareMoments(&m, &n)
		return told && cmp == 0, nil
	}
	return sameValues(x, y) == yes, nil
}

// normal brings a text to the form in which ~ compares it: small letters, each
// white space a blank.
func normal(s string) string {
	return strings.ToLower(strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) {
			return ' '
		}
		return c
	}, s))
}

// How alike compares: as = or as ~.
type likeness bool

const (
	exactly likeness = false
	roughly likeness = true
)

// alike compares two pieces of JSON: members in any order, numbers by value;
// roughly, arrays in any order, texts without case, ids left out.
func (r *run) alike(a, b fhir.Value, how likeness) (bool, error) {
	if err := r.spend(1); err != nil {
		return false, err
	}
	if a.Kind() != b.Kind() {
		return false, nil
	}
	switch a.Kind() {
	case fhir.Object:
		return r.alikeObjects(a, b, how)
	case fhir.Array:
		return r.alikeArrays(a, b, how)
	case fhir.String:
		if how == roughly {
			return normal(a.Text()) == normal(b.Text()), r.spend(len(a.Raw()))
		}
		return bytes.Equal(a.Raw(), b.Raw()) || a.Text() == b.Text(), r.spend(len(a.Raw()) / 16)
	case fhir.Number:
		if bytes.Equal(a.Raw(), b.Raw()) {
			return true, nil
		}
		x, ok1 := parseDecimal(a.Raw())
		y, ok2 := parseDecimal(b.Raw())
		if !ok1 || !ok2 {
			return false, nil
		}
		if how == roughly {
			return likeNumbers(decimalItem(x), decimalItem(y)), nil
		}
		return x.Cmp(y) == 0, nil
	}
	return bytes.Equal(a.Raw(), b.Raw()), nil
}

func (r *run) alikeObjects(a, b fhir.Value, how likeness) (bool, error) {
	skip := func(name string) bool { return how == roughly && (name == "id" || name == "_id") }
	count := func(v fhir.Value) int {
		n := v.Len()
		if how == roughly {
			for name := range v.Members() {
				if skip(name) {
					n--
				}
			}
		}
		return n
	}
	if count(a) != count(b) {
		return false, nil
	}
	for name, x := range a.Members() {
		if skip(name) {
			continue
		}
		if like, err := r.alike(x, b.Get(name), how); !like || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (r *run) alikeArrays(a, b fhir.Value, how likeness) (bool, error) {
	rest := slices.Collect(b.Items())
	if a.Len() != len(rest) {
		return false, nil
	}
	for x := range a.Items() {
		found := false
		for j, y := range rest {
			like, err := r.alike(x, y, how)
			if err != nil {
				return false, err
			}
			if like {
				rest, found = slices.Delete(rest, j, j+1), true
				break
			}
			if how == exactly {
				break
			}
		}
		if !found {
			return false, nil
		}
	}
	return true, nil
}

// has reports whether a collection has an item equal to one.
func (r *run) has(in []Item, one *Item) (bool, error) {
	for i := range in {
		t, err := r.same(&in[i], one)
		if err != nil || t == yes {
			return t == yes, err
		}
	}
	return false, nil
}

// distinct drops what is there already, from an index on.
func (r *run) distinct(out []Item, from int) ([]Item, error) {
	kept := out[:from]
	seen := set{hint: len(out) - from}
	for i := from; i < len(out); i++ {
		var there bool
		var err error
		if seen.hint > few {
			there, err = seen.add(r, &out[i])
			there = !there
		} else {
			there, err = r.has(kept[from:], &out[i])
		}
		if err != nil {
			return out, err
		}
		if !there {
			kept = append(kept, out[i])
		}
	}
	return kept, nil
}

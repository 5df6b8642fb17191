package path

import (
	"math"
	"slices"
)

// function is one of the language's functions.
type function struct {
	least, most int  // arguments
	typed       bool // its argument is a type
	loop        bool // its arguments see each item of the input as $this
	positional  bool // it needs its input to have an order
	gives       result
	do          func(r *run, c *call, in, out []Item) ([]Item, error)
}

// many is the most of a function that takes any number of arguments.
const many = math.MaxInt32

// result is what is known beforehand of the type that a function gives.
type result uint8

const (
	anything   result = iota
	likeInput         // what it was given
	likeArg           // what its argument gives
	likeBoth          // what it was given and what its argument gives
	disordered        // anything, in no order
	aBoolean
	anInteger
	aDecimal
	aString
)

// functions are those of FHIRPath and those that FHIR adds.
var functions = gathered(collectionFunctions, stringFunctions, numberFunctions, conversionFunctions, fhirFunctions)

func gathered(groups ...map[string]*function) map[string]*function {
	all := map[string]*function{}
	for _, group := range groups {
		for name, f := range group {
			f.most = max(f.most, f.least)
			all[name] = f
		}
	}
	return all
}

var collectionFunctions = map[string]*function{
	// Existence
	"empty":      {gives: aBoolean, do: isEmpty},
	"exists":     {most: 1, loop: true, gives: aBoolean, do: exists},
	"all":        {least: 1, loop: true, gives: aBoolean, do: all},
	"allTrue":    {gives: aBoolean, do: booleans(no, false)},
	"anyTrue":    {gives: aBoolean, do: booleans(yes, true)},
	"allFalse":   {gives: aBoolean, do: booleans(yes, false)},
	"anyFalse":   {gives: aBoolean, do: booleans(no, true)},
	"subsetOf":   {least: 1, gives: aBoolean, do: subsetOf},
	"supersetOf": {least: 1, gives: aBoolean, do: supersetOf},
	"count":      {gives: anInteger, do: count},
	"distinct":   {gives: likeInput, do: distinct},
	"isDistinct": {gives: aBoolean, do: isDistinct},

	// Filtering and projection
	"where":     {least: 1, loop: true, gives: likeInput, do: where},
	"select":    {least: 1, loop: true, gives: likeArg, do: selects},
	"repeat":    {least: 1, loop: true, do: repeat(true)},
	"repeatAll": {least: 1, loop: true, do: repeat(false)},
	"ofType":    {typed: true, do: ofType},
	"as":        {typed: true, do: asType},
	"is":        {typed: true, gives: aBoolean, do: isType},

	// Subsetting
	"single":    {gives: likeInput, do: single},
	"first":     {positional: true, gives: likeInput, do: first},
	"last":      {positional: true, gives: likeInput, do: last},
	"tail":      {positional: true, gives: likeInput, do: tail},
	"skip":      {least: 1, positional: true, gives: likeInput, do: skip},
	"take":      {least: 1, positional: true, gives: likeInput, do: take},
	"intersect": {least: 1, gives: likeInput, do: intersect},
	"exclude":   {least: 1, gives: likeInput, do: exclude},
	"sort":      {most: many, loop: true, gives: likeInput, do: sortItems},

	// Combining
	"union":    {least: 1, gives: likeBoth, do: unionWith},
	"combine":  {least: 1, most: 2, gives: likeBoth, do: combineWith},
	"coalesce": {least: 1, most: many, do: coalesce},

	// The rest
	"not":            {gives: aBoolean, do: not},
	"iif":            {least: 2, most: 3, loop: true, do: iif},
	"aggregate":      {least: 1, most: 2, loop: true, do: aggregate},
	"children":       {gives: disordered, do: childrenOf},
	"descendants":    {gives: disordered, do: descendants},
	"type":           {do: typesOf},
	"trace":          {least: 1, most: 2, loop: true, gives: likeInput, do: trace},
	"defineVariable": {least: 1, most: 2, loop: true, gives: likeInput, do: defineVariable},
}

func isEmpty(r *run, _ *call, in, out []Item) ([]Item, error) {
	return append(out, booleanItem(len(in) == 0)), nil
}

func exists(r *run, c *call, in, out []Item) ([]Item, error) {
	if len(c.args) == 0 {
		return append(out, booleanItem(len(in) > 0)), nil
	}
	found := false
	err := r.each(in, c.args[0], func(_ int, got []Item) (bool, error) {
		t, err := condition(got)
		found = t == yes
		return !found, err
	})
	return append(out, booleanItem(found)), err
}

func all(r *run, c *call, in, out []Item) ([]Item, error) {
	every := true
	err := r.each(in, c.args[0], func(_ int, got []Item) (bool, error) {
		t, err := condition(got)
		every = t == yes
		return every, err
	})
	return append(out, booleanItem(every)), err
}

// booleans makes allTrue and its like: the answer is then if an item is seek,
// and otherwise not then.
func booleans(seek truth, then bool) func(*run, *call, []Item, []Item) ([]Item, error) {
	return func(r *run, c *call, in, out []Item) ([]Item, error) {
		found := false
		for i := range in {
			b := in[i].system()
			if b.kind != boolean {
				return out, problem("%s() takes booleans, not %s.", c.name, b.Type())
			}
			found = found || truthOf(b.num != 0) == seek
		}
		return append(out, booleanItem(found == then)), nil
	}
}

// other evaluates the first argument and calls then with what it gives.
func (r *run) other(c *call, then func(got []Item) error) error {
	buf, err := c.args[0].eval(r, r.buffer())
	if err == nil {
		err = then(buf)
	}
	r.done(buf)
	return err
}

func (r *run) within(some, whole []Item) (bool, error) {
	all, err := r.setOf(whole)
	if err != nil {
		return false, err
	}
	for i := range some {
		if in, err := all.has(r, &some[i]); !in || err != nil {
			return false, err
		}
	}
	return true, nil
}

func subsetOf(r *run, c *call, in, out []Item) ([]Item, error) {
	err := r.other(c, func(other []Item) error {
		is, err := r.within(in, other)
		out = append(out, booleanItem(is))
		return err
	})
	return out, err
}

func supersetOf(r *run, c *call, in, out []Item) ([]Item, error) {
	err := r.other(c, func(other []Item) error {
		is, err := r.within(other, in)
		out = append(out, booleanItem(is))
		return err
	})
	return out, err
}

func count(r *run, _ *call, in, out []Item) ([]Item, error) {
	return append(out, integerItem(int64(len(in)))), nil
}

func distinct(r *run, _ *call, in, out []Item) ([]Item, error) {
	return r.distinct(append(out, in...), len(out))
}

func isDistinct(r *run, _ *call, in, out []Item) ([]Item, error) {
	seen := set{hint: len(in)}
	for i := range in {
		if fresh, err := seen.add(r, &in[i]); !fresh || err != nil {
			return append(out, booleanItem(false)), err
		}
	}
	return append(out, booleanItem(true)), nil
}

func where(r *run, c *call, in, out []Item) ([]Item, error) {
	err := r.each(in, c.args[0], func(i int, got []Item) (bool, error) {
		t, err := condition(got)
		if t == yes {
			out = append(out, in[i])
		}
		return true, err
	})
	return out, err
}

func selects(r *run, c *call, in, out []Item) ([]Item, error) {
	err := r.each(in, c.args[0], func(_ int, got []Item) (bool, error) {
		out = append(out, got...)
		return true, r.spend(len(got))
	})
	return out, err
}

// repeat makes repeat(): what the projection gives, and what it gives of that,
// until there is nothing new.
func repeat(once bool) func(*run, *call, []Item, []Item) ([]Item, error) {
	return func(r *run, c *call, in, out []Item) ([]Item, error) {
		from := len(out)
		seen := set{hint: few + 1} // there is no telling how many
		step := func(in []Item) error {
			return r.each(in, c.args[0], func(_ int, got []Item) (bool, error) {
				for i := range got {
					if once {
						fresh, err := seen.add(r, &got[i])
						if err != nil {
							return false, err
						}
						if !fresh {
							continue
						}
					}
					out = append(out, got[i])
				}
				return true, r.spend(1 + len(got))
			})
		}
		if err := step(in); err != nil {
			return out, err
		}
		for at := from; at < len(out); at++ {
			next := [1]Item{out[at]} // out may move while it grows
			if err := step(next[:]); err != nil {
				return out, err
			}
		}
		return out, nil
	}
}

func ofType(r *run, c *call, in, out []Item) ([]Item, error) {
	for i := range in {
		if c.typ.chooses(&in[i]) {
			out = append(out, in[i])
		}
	}
	return out, r.spend(len(in))
}

func asType(r *run, c *call, in, out []Item) ([]Item, error) {
	if len(in) > 1 {
		return out, problem("as() takes one value and was given several; ofType() takes many.")
	}
	return ofType(r, c, in, out)
}

func isType(r *run, c *call, in, out []Item) ([]Item, error) {
	switch len(in) {
	case 0:
		return out, nil
	case 1:
		return append(out, booleanItem(c.typ.covers(&in[0]))), nil
	}
	return out, problem("is() takes one value and was given several.")
}

func single(r *run, _ *call, in, out []Item) ([]Item, error) {
	if len(in) > 1 {
		return out, problem("single() was given several values.")
	}
	return append(out, in...), nil
}

func first(r *run, _ *call, in, out []Item) ([]Item, error) {
	return append(out, in[:min(1, len(in))]...), nil
}

func last(r *run, _ *call, in, out []Item) ([]Item, error) {
	return append(out, in[max(0, len(in)-1):]...), nil
}

func tail(r *run, _ *call, in, out []Item) ([]Item, error) {
	return append(out, in[min(1, len(in)):]...), nil
}

func skip(r *run, c *call, in, out []Item) ([]Item, error) {
	n, ok, err := r.integer(c, 0)
	if err != nil || !ok {
		return out, err
	}
	return append(out, in[min(max(n, 0), len(in)):]...), nil
}

func take(r *run, c *call, in, out []Item) ([]Item, error) {
	n, ok, err := r.integer(c, 0)
	if err != nil || !ok {
		return out, err
	}
	return append(out, in[:min(max(n, 0), len(in))]...), nil
}

func intersect(r *run, c *call, in, out []Item) ([]Item, error) {
	from := len(out)
	err := r.other(c, func(other []Item) error {
		all, err := r.setOf(other)
		if err != nil {
			return err
		}
		for i := range in {
			if shared, err := all.has(r, &in[i]); err != nil {
				return err
			} else if shared {
				out = append(out, in[i])
			}
		}
		return nil
	})
	if err != nil {
		return out, err
	}
	return r.distinct(out, from)
}

func exclude(r *run, c *call, in, out []Item) ([]Item, error) {
	err := r.other(c, func(other []Item) error {
		all, err := r.setOf(other)
		if err != nil {
			return err
		}
		for i := range in {
			if shared, err := all.has(r, &in[i]); err != nil {
				return err
			} else if !shared {
				out = append(out, in[i])
			}
		}
		return nil
	})
	return out, err
}

func unionWith(r *run, c *call, in, out []Item) ([]Item, error) {
	from := len(out)
	out, err := c.args[0].eval(r, append(out, in...))
	if err != nil {
		return out, err
	}
	return r.distinct(out, from)
}

func combineWith(r *run, c *call, in, out []Item) ([]Item, error) {
	return c.args[0].eval(r, append(out, in...))
}

func coalesce(r *run, c *call, in, out []Item) ([]Item, error) {
	from := len(out)
	for _, e := range c.args {
		var err error
		if out, err = e.eval(r, out); err != nil || len(out) > from {
			return out, err
		}
	}
	return out, nil
}

func not(r *run, _ *call, in, out []Item) ([]Item, error) {
	t, err := condition(in)
	return not3(t).give(out), err
}

// iif evaluates just the branch that applies. Inside it, $this is the input.
func iif(r *run, c *call, in, out []Item) ([]Item, error) {
	if len(in) > 1 {
		return out, problem("iif() takes one value and was given several.")
	}
	if c.target != nil {
		was := r.this
		defer func() { r.this = was }()
		r.this = in
	}
	criterion, ok, err := r.single(c.args[0])
	if err != nil {
		return out, err
	}
	criterion = criterion.system()
	switch {
	case ok && criterion.kind != boolean:
		return out, problem("the criterion of iif() must be a boolean, not %s.", criterion.Type())
	case ok && criterion.num != 0:
		return c.args[1].eval(r, out)
	case len(c.args) > 2:
		return c.args[2].eval(r, out)
	}
	return out, nil
}

func aggregate(r *run, c *call, in, out []Item) ([]Item, error) {
	total, summing := r.total, r.summing
	defer func() { r.total, r.summing = total, summing }()
	var sum []Item
	if len(c.args) > 1 {
		var err error
		if sum, err = c.args[1].eval(r, nil); err != nil {
			return out, err
		}
	}
	r.total, r.summing = sum, true
	err := r.each(in, c.args[0], func(_ int, got []Item) (bool, error) {
		r.total = slices.Clone(got)
		return true, r.spend(len(got))
	})
	return append(out, r.total...), err
}

func typesOf(r *run, _ *call, in, out []Item) ([]Item, error) {
	for i := range in {
		switch {
		case in[i].kind != node:
			out = append(out, typeItem(systemTypes[in[i].kind]))
		case in[i].typ != nil:
			out = append(out, typeItem(in[i].typ))
		}
	}
	return out, nil
}

// trace tells the environment what passes, and passes it on.
func trace(r *run, c *call, in, out []Item) ([]Item, error) {
	label, _, err := r.text(c, 0)
	if err != nil {
		return out, err
	}
	seen := in
	if len(c.args) > 1 {
		seen = nil
		err := r.each(in, c.args[1], func(_ int, got []Item) (bool, error) {
			seen = append(seen, got...)
			return true, r.spend(len(got))
		})
		if err != nil {
			return out, err
		}
	}
	if r.env.Trace != nil {
		r.env.Trace(label, slices.Clone(seen))
	}
	return append(out, in...), nil
}

// variableScope holds what defineVariable() has named; the newest comes first.
type variableScope struct {
	name  string
	value []Item
	outer *variableScope
}

func (v *variableScope) find(name string) ([]Item, bool) {
	for ; v != nil; v = v.outer {
		if v.name == name {
			return v.value, true
		}
	}
	return nil, false
}

func defineVariable(r *run, c *call, in, out []Item) ([]Item, error) {
	name, ok, err := r.text(c, 0)
	if err != nil || !ok {
		return out, err
	}
	if _, ok := r.vars.find(name); ok {
		return out, problem("the variable %%%s is defined twice.", name)
	}
	value := slices.Clone(in)
	if len(c.args) > 1 {
		was := r.this
		r.this = in
		value, err = c.args[1].eval(r, nil)
		r.this = was
	}
	r.vars = &variableScope{name, value, r.vars}
	return append(out, in...), err
}

package criteria

import (
	"fmt"
	"slices"
	"strings"

	"joinery/criteria/language"
	"joinery/timeline"
)

// binding is a Program resolved to the Whats of one Set: for each What, the
// searches that it may be found by. Everything about an event except its dates
// and its value is decided here, once.
type binding struct {
	program *Program
	set     *timeline.Set
	exact   map[language.Code][]*leaf // leaves by the codes that they look for
	rest    []*leaf                   // those that must be tried with every What
	first   []uint32                  // of each What, its first ref; one more at the end
	direct  []uint32                  // of each What, the end of its refs of direct leaves, which stand first
	refs    []ref
	concept []uint32          // of each What, a number that those of one concept share; empty where nobody asks
	numbers map[string]uint32 // of concepts; nil where nobody asks
}

// ref says that events of a What may be found by a leaf.
type ref struct {
	leaf       uint32
	plain      bool // whether the day of the event alone decides
	comparator byte // of values: 0, '<', 'l' (<=), 'g' (>=), '>'
	convert    language.Conversion
}

func (p *Program) bind(set *timeline.Set) *binding {
	b := &binding{program: p, first: make([]uint32, 1, len(set.Whats())+1)}
	b.exact, b.rest = p.byCode()
	if slices.ContainsFunc(p.leaves, func(l *leaf) bool { return l.events.Concepts }) {
		b.numbers = map[string]uint32{}
	}
	b.extend(set)
	return b
}

// extend goes on to a Set that continues the one that is bound.
func (b *binding) extend(set *timeline.Set) {
	b.set = set
	whats := set.Whats()
	for i := len(b.first) - 1; i < len(whats); i++ {
		found := slices.Clone(b.rest)
		for _, c := range whats[i].Codes {
			key := language.Code{System: c.System, Code: c.Code}
			if c.System == "" {
				key.Code = strings.ToLower(c.Code)
			}
			found = append(found, b.exact[key]...)
		}
		slices.SortFunc(found, func(a, b *leaf) int {
			if a.direct != b.direct {
				return compareBool(b.direct, a.direct)
			}
			return a.at - b.at
		})
		end := uint32(len(b.refs))
		for _, l := range slices.Compact(found) {
			if r, ok := l.takes(&whats[i]); ok {
				b.refs = append(b.refs, r)
				if l.direct {
					end = uint32(len(b.refs))
				}
			}
		}
		b.direct = append(b.direct, end)
		b.first = append(b.first, uint32(len(b.refs)))
		if b.numbers != nil {
			b.concept = append(b.concept, b.conceptOf(&whats[i]))
		}
	}
}

// conceptOf numbers what a What is, whatever its kind, status and unit: all its
// codings, or its words in small letters.
func (b *binding) conceptOf(w *timeline.What) uint32 {
	var key strings.Builder
	for _, c := range w.Codes {
		code := c.Code
		if c.System == "" {
			code = strings.ToLower(code)
		}
		fmt.Fprintf(&key, "%q|%q ", c.System, code)
	}
	n, ok := b.numbers[key.String()]
	if !ok {
		n = uint32(len(b.numbers))
		b.numbers[key.String()] = n
	}
	return n
}

// byCode returns the leaves by each code that they look for, and those that
// must be tried with every What.
func (p *Program) byCode() (exact map[language.Code][]*leaf, rest []*leaf) {
	exact = map[language.Code][]*leaf{}
	for _, l := range p.leaves {
		if l.events.Codes == nil {
			rest = append(rest, l)
			continue
		}
		begins := false
		for _, c := range l.events.Codes.Codes {
			begins = begins || c.Begins
			key := language.Code{System: c.System, Code: c.Code}
			exact[key] = append(exact[key], l)
		}
		if begins {
			rest = append(rest, l)
		}
	}
	return exact, rest
}

// takes reports whether a leaf finds events of a What, dates and values apart,
// and how their values are read.
func (l *leaf) takes(w *timeline.What) (ref, bool) {
	r, why := l.match(w)
	return r, why == ""
}

// match is takes, with what is in the way: "" is nothing, unitOnly the unit
// alone.
func (l *leaf) match(w *timeline.What) (r ref, why string) {
	e := l.events
	switch {
	case len(e.Kinds) > 0 && !slices.Contains(e.Kinds, w.Kind):
		return r, "kind"
	case len(e.Classes) > 0 && !slices.Contains(e.Classes, w.Class):
		return r, "class"
	case len(e.Statuses) > 0 && !slices.Contains(e.Statuses, w.Status):
		return r, "status"
	case len(e.Statuses) == 0 && slices.Contains(language.NeverHappened, w.Status):
		return r, "status"
	case e.Codes != nil && !holds(e.Codes, w.Codes):
		return r, "code"
	case e.Answer != nil && len(w.Answer) == 0, l.answer != nil && !holds(l.answer, w.Answer):
		return r, "answer"
	}
	r = ref{leaf: uint32(l.at), comparator: comparator(w.Comparator), plain: l.plain()}
	ok := false
	if r.convert, ok = language.Convert(w.Unit, l.unit); !ok {
		if l.valued {
			return r, unitOnly
		}
		r.convert = language.Conversion{} // has no value to this leaf
	}
	return r, ""
}

const unitOnly = "unit"

func holds(s *language.CodeSet, codes []timeline.Code) bool {
	return slices.ContainsFunc(codes, func(c timeline.Code) bool { return s.Has(c.System, c.Code) })
}

func comparator(s string) byte {
	switch s {
	case "<", ">":
		return s[0]
	case "<=":
		return 'l'
	case ">=":
		return 'g'
	}
	return 0
}

// plain reports whether the leaf looks at nothing but when an event was.
func (l *leaf) plain() bool {
	e := l.events
	return e.Dated == language.ByStart && !e.Ongoing && !e.Days && !l.valued
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// of returns the refs of a What.
func (b *binding) of(what uint32) []ref { return b.refs[b.first[what]:b.first[what+1]] }

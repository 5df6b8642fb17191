package search

import (
	"cmp"
	"math"
	"strings"

	"joinery/fhir"
	"joinery/fhir/r4"
)

// SortValue is what a resource is ordered by under one key. The zero value is
// that of a resource without one, which stands last in either direction.
type SortValue struct {
	Some   bool
	Number uint64 // dates, numbers and quantities, in order
	Text   string // everything else
}

// Compare orders two values of one key: negative when a stands before b. What
// is equal is left to the caller, which must break the tie.
func (s SortKey) Compare(a, b SortValue) int {
	switch {
	case !a.Some && !b.Some:
		return 0
	case !a.Some:
		return 1
	case !b.Some:
		return -1
	}
	order := cmp.Compare(a.Number, b.Number)
	if order == 0 {
		order = strings.Compare(a.Text, b.Text)
	}
	if s.Descending {
		return -order
	}
	return order
}

// FromKeys reports whether Value knows the order; of tokens, references and
// URIs keys hold only hashes, and ValueBody is to be asked. _id and
// _lastUpdated are the store's own.
func (s SortKey) FromKeys() bool {
	switch s.Param.Type {
	case r4.String, r4.Date, r4.Number, r4.Quantity:
		return !keyless(s.Param)
	case r4.Token, r4.Reference, r4.URI, r4.Composite, r4.Special:
	}
	return false
}

// Value returns what a resource with these keys is ordered by: of several
// values the least, or for a descending order the greatest. Texts are compared
// as far as keys keep them.
func (s SortKey) Value(k Keys) SortValue {
	var best SortValue
	for _, slot := range s.slots {
		for rest := k.slot(slot); ; {
			r, after, ok := rest.next()
			if !ok || r.slot != slot {
				break
			}
			rest = after
			if v := s.of(r); v.Some && (!best.Some || s.Compare(v, best) < 0) {
				best = v
			}
		}
	}
	return best
}

func (s SortKey) of(r record) SortValue {
	switch {
	case r.kind == kindText || r.kind == kindTextCut:
		return SortValue{Some: true, Text: string(r.data)}
	case r.kind == kindQuantity:
		a, _ := r.amount()
		if a.canonical {
			return SortValue{Some: true, Number: s.pick(orderedFloat(a.canonicalLow), orderedFloat(a.canonicalH))}
		}
		return SortValue{Some: true, Number: s.pick(orderedFloat(a.low), orderedFloat(a.high))}
	}
	if low, high, ok := r.times(); ok {
		return SortValue{Some: true, Number: s.pick(orderedTime(low), orderedTime(high))}
	}
	if low, high, ok := r.numbers(); ok {
		return SortValue{Some: true, Number: s.pick(orderedFloat(low), orderedFloat(high))}
	}
	return SortValue{}
}

// pick returns which end of a range orders it.
func (s SortKey) pick(low, high uint64) uint64 {
	if s.Descending {
		return high
	}
	return low
}

func orderedTime(milli int64) uint64 { return uint64(milli) ^ 1<<63 }

func orderedFloat(f float64) uint64 {
	bits := math.Float64bits(f)
	if bits>>63 != 0 {
		return ^bits
	}
	return bits | 1<<63
}

// ValueBody returns what a whole resource of a type is ordered by.
func (s SortKey) ValueBody(typ string, res fhir.Value) SortValue {
	t := tableOf(typ)
	if t == nil {
		return SortValue{}
	}
	var best SortValue
	w := &walker{root: res, systems: map[string]uint32{}, asked: s.slots}
	if in := t.params[s.Param.Code]; in != nil {
		w.refersTo = in.refersTo
	}
	w.ask = func(it *item) {
		v := s.whole(it)
		if v.Some && (!best.Some || s.Compare(v, best) < 0) {
			best = v
		}
	}
	w.visit(t.root, res)
	return best
}

func (s SortKey) whole(it *item) SortValue {
	switch it.kind {
	case kindToken, kindTokenBare, kindTokenImplied:
		return SortValue{Some: true, Text: string(appendFolded(nil, it.code))}
	case kindLocal, kindURI, kindAway:
		return SortValue{Some: true, Text: string(it.code)}
	case kindText:
		return SortValue{Some: true, Text: string(appendNormal(nil, it.code))}
	case kindSpan:
		return SortValue{Some: true, Number: s.pick(orderedTime(it.low), orderedTime(it.high))}
	case kindNumbers:
		return SortValue{Some: true, Number: s.pick(orderedFloat(it.amount.low), orderedFloat(it.amount.high))}
	case kindQuantity:
		if it.amount.canonical {
			return SortValue{Some: true, Number: s.pick(orderedFloat(it.amount.canonicalLow), orderedFloat(it.amount.canonicalH))}
		}
		return SortValue{Some: true, Number: s.pick(orderedFloat(it.amount.low), orderedFloat(it.amount.high))}
	default:
		return SortValue{}
	}
}

// InCompartment reports whether keys of a resource of a type put it into the
// compartment of one of some patients, given by the Hash of their references. A
// Patient is in its own alone.
func InCompartment(typ string, k Keys, patients map[uint64]struct{}) bool {
	if typ == "Patient" {
		own, ok := k.Own()
		_, in := patients[own]
		return ok && in
	}
	t := tableOf(typ)
	if t == nil {
		return false
	}
	for _, code := range r4.Compartment(typ) {
		in := t.params[code]
		if in == nil {
			continue
		}
		by := reader{slots: in.slots}
		var room [8]uint64
		for _, hash := range by.Refers(room[:0], k) {
			if _, in := patients[hash]; in {
				return true
			}
		}
	}
	return false
}

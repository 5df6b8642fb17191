package search

import (
	"encoding/binary"
	"math"
	"slices"

	"joinery/fhir/r4"
)

// Candidate is a row of the global index: P says which slot of which type, K is
// a coarse form of a key.
type Candidate struct {
	P uint32
	K int64
}

// Range is a piece of the global index, both ends included.
type Range struct {
	P        uint32
	From, To int64
}

// Exact reports whether the range is one key.
func (r Range) Exact() bool { return r.From == r.To }

// Coarse keys beside hashes and numbers.
const (
	coarseNothing = math.MinInt64     // a value that nothing but :missing finds
	coarseWide    = math.MinInt64 + 1 // a period or range over many buckets
	coarseUnits   = 1 << 20           // added to canonical quantities
	bucketMilli   = 24 * 86400 * 1000 // the length of a date's bucket
	maxBuckets    = 16                // a period over more of them is wide
)

// place16 is which slot of which type a row is of.
func slotOf(typ int, slot uint8) uint32 { return uint32(typ)<<16 | uint32(slot) }

// Candidates appends the rows that a resource of a type has in the global
// index, sorted and each once. Composites have none of their own: their first
// component's are used.
func (k Keys) Candidates(dst []Candidate, typ string) []Candidate {
	number, _ := r4.TypeNumber(typ)
	start := len(dst)
	for {
		r, rest, ok := k.next()
		if !ok {
			break
		}
		k = rest
		if r.slot == 0 {
			continue
		}
		dst = r.candidates(dst, slotOf(number, r.slot))
	}
	rows := dst[start:]
	slices.SortFunc(rows, func(a, b Candidate) int {
		if a.P != b.P {
			return int(a.P) - int(b.P)
		}
		switch {
		case a.K < b.K:
			return -1
		case a.K > b.K:
			return 1
		}
		return 0
	})
	return dst[:start+len(slices.Compact(rows))]
}

func (r record) candidates(dst []Candidate, p uint32) []Candidate {
	switch r.kind {
	case kindPresent:
		return append(dst, Candidate{p, coarseNothing})
	case kindToken, kindTokenBare, kindTokenImplied, kindLogical, kindLogicalBare, kindLocal, kindAway, kindURI:
		return append(dst, Candidate{p, coarseHash(binary.BigEndian.Uint64(r.data))})
	case kindText, kindTextCut:
		k, _ := coarseText(r.data)
		return append(dst, Candidate{p, k})
	case kindInstant, kindSecond, kindSpan:
		low, high, _ := r.times()
		from, to := bucket(low), bucket(max(low, high-1))
		return appendBuckets(dst, p, from, to, 0)
	case kindNumber, kindNumbers:
		low, high, _ := r.numbers()
		return appendBuckets(dst, p, coarseNumber(low), coarseNumber(high), 0)
	case kindQuantity:
		a, _ := r.amount()
		if !a.canonical || a.unit != 0 && a.unit != a.code {
			dst = appendBuckets(dst, p, coarseNumber(a.low), coarseNumber(a.high), 0)
		}
		if a.canonical {
			dst = appendBuckets(dst, p, coarseNumber(a.canonicalLow), coarseNumber(a.canonicalH), coarseUnits)
		}
		return dst
	case kindGroup:
	}
	return dst
}

func appendBuckets(dst []Candidate, p uint32, from, to, offset int64) []Candidate {
	if from > to {
		from, to = to, from
	}
	if to-from >= maxBuckets || to-from < 0 {
		return append(dst, Candidate{p, coarseWide})
	}
	for b := from; b <= to; b++ {
		dst = append(dst, Candidate{p, b + offset})
	}
	return dst
}

func coarseHash(hash uint64) int64 { return int64(hash >> 1) }

// coarseText returns the first eight bytes of a text as a number in the same
// order, and the last number that texts so beginning may have.
func coarseText(text []byte) (from, to int64) {
	var low, high uint64
	for i := range 8 {
		low, high = low<<8, high<<8|0xFF
		if i < len(text) {
			low |= uint64(text[i])
			high = high&^0xFF | uint64(text[i])
		}
	}
	return int64(low >> 1), int64(high >> 1)
}

// bucket returns which 24 days a moment is in.
func bucket(milli int64) int64 {
	b := milli / bucketMilli
	if milli%bucketMilli < 0 {
		b--
	}
	return b
}

// coarseNumber keeps sign, exponent and two binary digits, in order.
func coarseNumber(f float64) int64 {
	bits := math.Float64bits(f)
	if bits>>63 != 0 {
		bits = ^bits
	} else {
		bits |= 1 << 63
	}
	return int64(bits >> 50)
}

// Ranges returns pieces of the global index in one of which every resource of
// the type that the plain clause matches has a row. nil means that the clause
// does not narrow the search; an empty list, that nothing can match.
func (c *Clause) Ranges(typ string) []Range {
	number, ok := r4.TypeNumber(typ)
	if !ok || !c.Plain() || keyless(c.Param) {
		return nil
	}
	slots := c.slots
	out := []Range{}
	if c.Modifier == Missing {
		if c.missing || c.Param.Type == r4.Composite {
			return nil
		}
		for _, slot := range slots {
			out = append(out, Range{slotOf(number, slot), math.MinInt64, math.MaxInt64})
		}
		return out
	}
	if c.Param.Type == r4.Composite {
		if slots = c.in.leading; slots == nil {
			return nil
		}
	}
	for i := range c.operands {
		pieces, ok := c.operands[i].pieces(c)
		if !ok {
			return nil
		}
		for _, slot := range slots {
			for _, piece := range pieces {
				out = append(out, Range{slotOf(number, slot), piece[0], piece[1]})
			}
		}
	}
	return out
}

// pieces returns where in a slot's rows matches of one value are.
func (o *operand) pieces(c *Clause) (pieces [][2]int64, ok bool) {
	switch c.Modifier {
	case Not, Text, Contains, Above, Below:
		return nil, false
	case NoModifier, Missing, Exact, Identifier, OfType:
	}
	kind := c.Param.Type
	if c.Modifier == Identifier {
		kind = r4.Token
	}
	if kind == r4.Composite {
		o, kind = &o.parts[0], r4.Token
	}
	switch kind {
	case r4.Token:
		return [][2]int64{{coarseHash(o.hash), coarseHash(o.hash)}}, o.code != nil
	case r4.URI:
		return [][2]int64{{coarseHash(o.hash), coarseHash(o.hash)}}, true
	case r4.String:
		from, to := coarseText(o.text)
		return [][2]int64{{from, to}}, true
	case r4.Reference:
		for i := range o.targets {
			k := coarseHash(o.targets[i].hash)
			pieces = append(pieces, [2]int64{k, k})
		}
		return pieces, true
	case r4.Date:
		return o.datePieces()
	case r4.Number:
		return numberPieces(o.prefix, o.value, o.from, o.to, 0)
	case r4.Quantity:
		pieces, ok = numberPieces(o.prefix, o.value, o.from, o.to, 0)
		u := &o.unit
		if !u.given { // the rows of canonical quantities do not tell how they were written
			return nil, false
		}
		if ok && u.canonical {
			more, _ := numberPieces(o.prefix, u.value, u.from, u.to, coarseUnits)
			pieces = append(pieces, more...)
		}
		return pieces, ok
	case r4.Composite, r4.Special:
	}
	return nil, false
}

// Bounds that no bucket reaches.
const (
	firstBucket = math.MinInt64 + 2
	lastBucket  = math.MaxInt64
)

func (o *operand) datePieces() (pieces [][2]int64, ok bool) {
	wide := [2]int64{coarseWide, coarseWide}
	from, end := bucket(o.low), bucket(o.high-1)
	switch o.prefix {
	case equal:
		if end-from < maxBuckets-1 { // what lies within is not wide
			return [][2]int64{{from, end}}, true
		}
		return [][2]int64{{from, end}, wide}, true
	case about:
		return [][2]int64{{from, end}, wide}, true
	case less, endsBefore:
		return [][2]int64{{firstBucket, bucket(o.low)}, wide}, true
	case lessOrEqual:
		return [][2]int64{{firstBucket, end}, wide}, true
	case greater, startsAfter:
		return [][2]int64{{bucket(o.high), lastBucket}, wide}, true
	case greaterOrEqual:
		return [][2]int64{{from, lastBucket}, wide}, true
	case notEqual:
	}
	return nil, false
}

func numberPieces(p prefix, value, from, to float64, offset int64) (pieces [][2]int64, ok bool) {
	wide := [2]int64{coarseWide, coarseWide}
	const least, most = 0, 1<<14 - 1
	piece := func(a, b int64) ([][2]int64, bool) {
		return [][2]int64{{a + offset, b + offset}, wide}, true
	}
	switch p {
	case equal, about:
		return piece(coarseNumber(from), coarseNumber(to))
	case less, lessOrEqual, endsBefore:
		return piece(least, coarseNumber(value))
	case greater, greaterOrEqual, startsAfter:
		return piece(coarseNumber(value), most)
	case notEqual:
	}
	return nil, false
}

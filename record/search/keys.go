package search

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
)

// Keys is everything that one resource is found by, in a compact form: records
// in the order of their slots, without duplicates. A slot stands for the values
// that one set of search parameters is about, so that Patient's given names are
// there once though they are found by given, name and phonetic.
//
// Slot 0 is the resource itself: the reference by which others find it.
//
// A record is a slot (one byte), a kind (one byte) and what the kind says:
//
//	present             nothing: there is a value, but none that could be found
//	token               8 bytes hash of the folded code, 4 of the system
//	tokenBare           8 bytes hash of a code that has no system
//	tokenImplied        8 bytes hash of a code whose system the element implies
//	text, textCut       length byte, normalised text; textCut: there is more of it
//	instant, second     8 bytes: the first millisecond; one millisecond or second long
//	span                8 + 8 bytes: first millisecond, and the one after the last
//	number              8 bytes: float64
//	numbers             8 + 8 bytes: least and greatest, either may be infinite
//	quantity            flags; least, greatest (unless equal); hashes of unit, code and
//	                    system; least, greatest and hash of the canonical unit
//	local               8 bytes hash of "Type/id"
//	away                8 bytes hash of "Type/id" or of what else identifies it, 4 of the base
//	logical, logicalBare  like token and tokenBare: the identifier of a reference
//	uri                 8 bytes hash
//	group               2 bytes length, records: one combination of a composite
//
// Numbers are big-endian; a hash is the first bytes of a SHA-256.
type Keys []byte

// Version changes whenever the form of Keys or Candidates or the meaning of a
// slot does: what was stored under another version must be extracted again.
const Version = 2

type kind uint8

const (
	kindPresent kind = iota + 1
	kindToken
	kindTokenBare
	kindTokenImplied
	kindText
	kindTextCut
	kindInstant
	kindSecond
	kindSpan
	kindNumber
	kindNumbers
	kindQuantity
	kindLocal
	kindAway
	kindLogical
	kindLogicalBare
	kindURI
	kindGroup
)

// sizes are how long each kind's payload is; -1: one byte says, -2: two do.
var sizes = [...]int{
	kindPresent: 0, kindToken: 12, kindTokenBare: 8, kindTokenImplied: 8, kindText: -1, kindTextCut: -1,
	kindInstant: 8, kindSecond: 8, kindSpan: 16, kindNumber: 8, kindNumbers: 16, kindQuantity: -1,
	kindLocal: 8, kindAway: 12, kindLogical: 12, kindLogicalBare: 8, kindURI: 8, kindGroup: -2,
}

// record is one record of Keys.
type record struct {
	slot uint8
	kind kind
	data []byte // without a length
}

// next reads the first record and returns what is left. Of damaged Keys there
// is nothing more to be read.
func (k Keys) next() (r record, rest Keys, ok bool) {
	if len(k) < 2 || k[1] == 0 || int(k[1]) >= len(sizes) {
		return record{}, nil, false
	}
	r.slot, r.kind = k[0], kind(k[1])
	k = k[2:]
	size := sizes[r.kind]
	switch {
	case size == -1 && len(k) >= 1:
		size, k = int(k[0]), k[1:]
	case size == -2 && len(k) >= 2:
		size, k = int(binary.BigEndian.Uint16(k)), k[2:]
	}
	if size < 0 || size > len(k) {
		return record{}, nil, false
	}
	r.data = k[:size:size]
	return r, k[size:], true
}

// slot returns the records of one slot and those after it.
func (k Keys) slot(n uint8) Keys {
	for len(k) > 0 && k[0] < n {
		_, rest, ok := k.next()
		if !ok {
			return nil
		}
		k = rest
	}
	return k
}

// Own returns the Hash of the resource's own "Type/id"; ok is false when it had
// no id.
func (k Keys) Own() (hash uint64, ok bool) {
	r, _, ok := k.next()
	if !ok || r.slot != 0 || r.kind != kindLocal {
		return 0, false
	}
	return binary.BigEndian.Uint64(r.data), true
}

// Hash returns the first eight bytes of the SHA-256 of a text: of "Type/id" the
// key that references to a resource are found by.
func Hash(text string) uint64 { return hashBytes([]byte(text)) }

func hashBytes(text []byte) uint64 {
	sum := sha256.Sum256(text)
	return binary.BigEndian.Uint64(sum[:])
}

func hashShort(text []byte) uint32 {
	sum := sha256.Sum256(text)
	return binary.BigEndian.Uint32(sum[:])
}

// times returns the period of a date's record.
func (r record) times() (low, high int64, ok bool) {
	switch r.kind {
	case kindInstant, kindSecond, kindSpan:
		low = int64(binary.BigEndian.Uint64(r.data))
		switch r.kind {
		case kindInstant:
			return low, low + 1, true
		case kindSecond:
			return low, low + 1000, true
		}
		return low, int64(binary.BigEndian.Uint64(r.data[8:])), true
	}
	return 0, 0, false
}

// numbers returns the bounds of a number's record.
func (r record) numbers() (low, high float64, ok bool) {
	switch r.kind {
	case kindNumber:
		low = float(r.data)
		return low, low, true
	case kindNumbers:
		return float(r.data), float(r.data[8:]), true
	}
	return 0, 0, false
}

func float(b []byte) float64 { return math.Float64frombits(binary.BigEndian.Uint64(b)) }

// amount is a quantity: bounds as written and, if its unit is one of UCUM's, in
// the canonical units.
type amount struct {
	low, high                float64
	unit, code, system       uint32 // hashes; 0 when there is none
	canonical                bool
	canonicalLow, canonicalH float64
	base                     uint32
}

const (
	amountRange = 1 << iota
	amountUnit
	amountCode
	amountSystem
	amountSameUnit // the unit's text is its code
	amountCanonical
)

func (a *amount) append(dst []byte) []byte {
	flags := byte(0)
	set := func(on bool, flag byte) bool {
		if on {
			flags |= flag
		}
		return on
	}
	start := len(dst)
	dst = append(dst, 0)
	dst = appendFloat(dst, a.low)
	if set(a.low != a.high, amountRange) {
		dst = appendFloat(dst, a.high)
	}
	if set(a.code != 0, amountCode) {
		dst = binary.BigEndian.AppendUint32(dst, a.code)
	}
	switch {
	case a.unit == 0:
	case a.unit == a.code:
		flags |= amountSameUnit
	default:
		flags |= amountUnit
		dst = binary.BigEndian.AppendUint32(dst, a.unit)
	}
	if set(a.system != 0, amountSystem) {
		dst = binary.BigEndian.AppendUint32(dst, a.system)
	}
	if set(a.canonical, amountCanonical) {
		dst = appendFloat(dst, a.canonicalLow)
		if a.low != a.high {
			dst = appendFloat(dst, a.canonicalH)
		}
		dst = binary.BigEndian.AppendUint32(dst, a.base)
	}
	dst[start] = flags
	return dst
}

// amount reads a quantity's record.
func (r record) amount() (a amount, ok bool) {
	if r.kind != kindQuantity || len(r.data) == 0 {
		return a, false
	}
	flags, b := r.data[0], r.data[1:]
	ok = true
	take := func(n int) []byte {
		if len(b) < n {
			ok = false
			return make([]byte, n)
		}
		out := b[:n]
		b = b[n:]
		return out
	}
	a.low = float(take(8))
	a.high = a.low
	if flags&amountRange != 0 {
		a.high = float(take(8))
	}
	if flags&amountCode != 0 {
		a.code = binary.BigEndian.Uint32(take(4))
	}
	switch {
	case flags&amountSameUnit != 0:
		a.unit = a.code
	case flags&amountUnit != 0:
		a.unit = binary.BigEndian.Uint32(take(4))
	}
	if flags&amountSystem != 0 {
		a.system = binary.BigEndian.Uint32(take(4))
	}
	if flags&amountCanonical != 0 {
		a.canonical = true
		a.canonicalLow = float(take(8))
		a.canonicalH = a.canonicalLow
		if flags&amountRange != 0 {
			a.canonicalH = float(take(8))
		}
		a.base = binary.BigEndian.Uint32(take(4))
	}
	return a, ok
}

func appendFloat(dst []byte, f float64) []byte {
	if f == 0 {
		f = 0 // no negative zero
	}
	return binary.BigEndian.AppendUint64(dst, math.Float64bits(f))
}

package store

import (
	"encoding/hex"
	"fmt"

	"joinery/fault"
	"joinery/fhir"
)

// Person is the record's own number of a person, 0 for nobody.
type Person int64

// rk names one row: whose it is, of which type, and which of those.
// rk = person<<30 | type<<22 | seq.
type rk int64

const (
	seqBits   = 22
	typeBits  = 8
	maxSeq    = 1<<seqBits - 1
	maxPerson = 1<<33 - 1
)

func newRK(p Person, typ int, seq int64) (rk, error) {
	switch {
	case seq > maxSeq:
		return 0, fault.Wrap(fault.TooLarge, "This person has as many resources of one type as the record can hold.", fmt.Errorf("person %d type %d: seq %d", p, typ, seq))
	case p > maxPerson:
		return 0, fault.Wrap(fault.TooLarge, "The record holds as many persons as it can.", fmt.Errorf("person %d", p))
	case p < 0, seq < 0, typ < 1, typ >= 1<<typeBits:
		return 0, fmt.Errorf("no such key: person %d type %d seq %d", p, typ, seq)
	}
	return firstRK(p, typ) | rk(seq), nil
}

// firstRK is the lowest rk that a row of a person and type can have;
// firstRK(p, typ+1) is past the last, as is firstRK(p+1, 0) of a person's.
func firstRK(p Person, typ int) rk { return rk(p)<<(seqBits+typeBits) | rk(typ)<<seqBits }

func (k rk) person() Person { return Person(k >> (seqBits + typeBits)) }
func (k rk) typ() int       { return int(k>>seqBits) & (1<<typeBits - 1) }
func (k rk) seq() int64     { return int64(k) & maxSeq }

// who is how gx names the row: its person, or for what is nobody's, the row.
func (k rk) who() int64 {
	if p := k.person(); p != 0 {
		return int64(p)
	}
	return -int64(k)
}

// packID returns an id as it is stored: a UUID in lower case as its 16 bytes,
// anything else as its text after one '=', or after two where one would make
// it 16 bytes long. Order among ids means nothing.
func packID(id fhir.ID) []byte {
	if u, ok := packUUID(id); ok {
		return u
	}
	lead := "="
	if len(id)+1 == 16 {
		lead = "=="
	}
	return append(append(make([]byte, 0, len(lead)+len(id)), lead...), id...)
}

func packUUID(id fhir.ID) ([]byte, bool) {
	if len(id) != 36 || id[8] != '-' || id[13] != '-' || id[18] != '-' || id[23] != '-' {
		return nil, false
	}
	return appendUUID(make([]byte, 0, 16), []byte(id))
}

// appendUUID appends the 16 bytes of a UUID in lower case, whose dashes are where
// they belong.
func appendUUID(dst, text []byte) ([]byte, bool) {
	for i := 0; i < 36; {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			i++
			continue
		}
		hi, lo := lowerHex[text[i]], lowerHex[text[i+1]]
		if hi|lo > 15 {
			return dst, false
		}
		dst = append(dst, hi<<4|lo)
		i += 2
	}
	return dst, true
}

// appendHexUUID appends a UUID as text.
func appendHexUUID(dst, b []byte) []byte {
	var out [36]byte
	hex.Encode(out[:8], b[:4])
	hex.Encode(out[9:13], b[4:6])
	hex.Encode(out[14:18], b[6:8])
	hex.Encode(out[19:23], b[8:10])
	hex.Encode(out[24:], b[10:16])
	out[8], out[13], out[18], out[23] = '-', '-', '-', '-'
	return append(dst, out[:]...)
}

// lowerHex is the value of a lower-case hexadecimal digit, 255 of anything else.
var lowerHex = func() (v [256]byte) {
	for i := range v {
		v[i] = 255
	}
	for i, c := range "0123456789abcdef" {
		v[c] = byte(i)
	}
	return v
}()

func unpackID(b []byte) fhir.ID {
	if len(b) != 16 {
		for len(b) > 0 && b[0] == '=' {
			b = b[1:]
		}
		return fhir.ID(b)
	}
	return fhir.ID(appendHexUUID(nil, b))
}

package store

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/s2"
)

// Bodies are compressed one by one, with a dictionary, as a resource alone is
// too short to show what repeats: UUIDs become their 16 bytes, and the rest is
// compressed with S2. The first byte of a stored body says how: not at all, or
// with which dictionary. Dictionaries are never changed or taken away, only
// added; they are made of invented examples (internal/dictionary), never of
// anybody's data.
//
// Trade-off: zstd with the same dictionary makes bodies a fifth smaller, and
// took 18.7 µs a resource where this takes 3; it was a third of all the work of
// an import (docs/performance.md).
const (
	plain       = 0
	dictionary1 = 1

	newest = dictionary1
)

//go:generate go run ./internal/dictionary -o dictionary1.txt

//go:embed dictionary1.txt
var dictionary1Bytes []byte

var dictionaries = sync.OnceValue(func() *s2.Dict { return s2.MakeDict(dictionary1Bytes, nil) })

// shortBody is the length up to which compressing costs more than it saves.
const shortBody = 64

// largestBody is the length over which a body cannot be one: no face takes any
// near it.
const largestBody = 256 << 20

var errBody = errors.New("a compressed body is damaged")

// compress returns the body as it is stored. buffer is used meanwhile and given
// back.
func compress(body, buffer []byte) (stored, used []byte) {
	if len(body) <= shortBody {
		return append(append(make([]byte, 0, 1+len(body)), plain), body...), buffer
	}
	packed := packUUIDs(buffer[:0], body)
	at := len(packed)
	most := s2.MaxEncodedLen(at)
	if cap(packed)-at < most+1 {
		packed = append(make([]byte, 0, at+most+1), packed...)
	}
	room := packed[at : at+1+most]
	room[0] = newest
	n := len(dictionaries().Encode(room[1:], packed[:at]))
	return append(make([]byte, 0, 1+n), room[:1+n]...), packed[:0]
}

// decompress undoes compress; nil stays nil.
func decompress(stored []byte) ([]byte, error) {
	if len(stored) == 0 {
		return nil, nil
	}
	switch stored[0] {
	case plain:
		return append([]byte(nil), stored[1:]...), nil
	case dictionary1:
		if n, err := s2.DecodedLen(stored[1:]); err != nil || n > largestBody {
			return nil, errBody
		}
		b := scratches.Get().(*scratch)
		defer scratches.Put(b)
		packed, err := dictionaries().Decode(b.packed, stored[1:])
		if err != nil {
			return nil, errBody
		}
		if cap(packed) <= largestScratch {
			b.packed = packed[:0]
		}
		return unpackUUIDs(packed)
	}
	return nil, fmt.Errorf("a body is compressed in a way, %d, that this version does not know", stored[0])
}

// largestScratch is how much one large body may leave of room for the next.
const largestScratch = 64 << 10

// uuidMark stands before the 16 bytes of a UUID. JSON has no such byte; the
// length that a body begins with may have, and is left as it is.
const uuidMark = 0x01

// lengthSize returns how many bytes the length takes that a body begins with.
func lengthSize(body []byte) int {
	_, n := binary.Uvarint(body)
	return max(n, 0)
}

// packUUIDs appends a body with its UUIDs, where they are in lower case, as 17
// bytes each.
func packUUIDs(dst, body []byte) []byte {
	from := 0
	for i := lengthSize(body) + 8; i+28 <= len(body); {
		if body[i] != '-' {
			i++
			continue
		}
		if body[i+5] != '-' || body[i+10] != '-' || body[i+15] != '-' || i-8 < from {
			i++
			continue
		}
		at := len(dst)
		dst = append(dst, body[from:i-8]...)
		dst = append(dst, uuidMark)
		var ok bool
		if dst, ok = appendUUID(dst, body[i-8:i+28]); !ok {
			dst = dst[:at]
			i++
			continue
		}
		from = i + 28
		i = from + 8
	}
	return append(dst, body[from:]...)
}

// unpackUUIDs undoes packUUIDs.
func unpackUUIDs(packed []byte) ([]byte, error) {
	marks := bytes.Count(packed, []byte{uuidMark}) // in the bytes of a UUID too: then there is room to spare
	out := make([]byte, 0, len(packed)+19*marks)
	from, i := 0, lengthSize(packed)
	for {
		n := bytes.IndexByte(packed[i:], uuidMark)
		if n < 0 {
			return append(out, packed[from:]...), nil
		}
		i += n
		if i+17 > len(packed) {
			return nil, errBody
		}
		out = append(out, packed[from:i]...)
		out = appendHexUUID(out, packed[i+1:i+17])
		i += 17
		from = i
	}
}

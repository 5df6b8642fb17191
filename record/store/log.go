package store

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"iter"
)

// chain makes the hash of a row of the log: over the row before, t, the moment,
// the receipt, and each version's row, number, method and content hash.
type chain struct{ h hash.Hash }

func newChain(prev []byte, t, at int64, receipt []byte) *chain {
	c := &chain{sha256.New()}
	c.h.Write(prev)
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], uint64(t))
	binary.BigEndian.PutUint64(b[8:], uint64(at))
	c.h.Write(b[:])
	c.h.Write(receipt)
	return c
}

func (c *chain) add(k rk, ver int, m Method, content []byte) {
	var b [13]byte
	binary.BigEndian.PutUint64(b[:], uint64(k))
	binary.BigEndian.PutUint32(b[8:], uint32(ver))
	b[12] = byte(m)
	c.h.Write(b[:])
	c.h.Write(content)
}

func (c *chain) sum() []byte { return c.h.Sum(nil) }

// entry says, in a row of the log, that a transaction made a version.
type entry struct {
	rk     rk // the row that has, or had, the body
	ver    int
	method Method
	others []rk // the rows of other persons
}

func appendEntry(dst []byte, e entry) []byte {
	dst = binary.AppendUvarint(dst, uint64(e.rk))
	dst = binary.AppendUvarint(dst, uint64(e.ver))
	dst = append(dst, byte(e.method))
	dst = binary.AppendUvarint(dst, uint64(len(e.others)))
	for _, k := range e.others {
		dst = binary.AppendUvarint(dst, uint64(k))
	}
	return dst
}

var errLogRow = errors.New("a row of the log is damaged")

// entries reads a row of the log.
func entries(what []byte) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		number := func() uint64 {
			v, n := binary.Uvarint(what)
			if n <= 0 {
				what = nil
				return 0
			}
			what = what[n:]
			return v
		}
		for len(what) > 0 {
			e := entry{rk: rk(number()), ver: int(number())}
			if len(what) < 2 {
				yield(entry{}, errLogRow)
				return
			}
			e.method = Method(what[0])
			what = what[1:]
			others := number()
			if others > uint64(len(what)) {
				yield(entry{}, errLogRow)
				return
			}
			for range others {
				e.others = append(e.others, rk(number()))
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

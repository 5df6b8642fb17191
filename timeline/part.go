package timeline

import "math/bits"

// part is some people's columns, people by key and each one's events in order.
type part struct {
	key                    []int64
	id                     texts
	born, died, registered []Day
	attribute              [attributes][]uint32
	deprivation            []uint8
	resident               []bool
	first                  []uint32 // of each person, the first event; one more at the end

	what     []uint32
	day      []Day
	minute   []int16
	org      []uint16
	value    sparse[float64]
	end      sparse[Day]
	recorded sparse[Day]
	source   texts // empty when no event has one
}

// span returns where the events of a person lie.
func (p *part) span(row int) (first, end int) { return int(p.first[row]), int(p.first[row+1]) }

// sparse is a column in which many rows have nothing: a bit for each row, and
// the values of those that have one. before[w] counts the values of the rows
// before word w, so that any row is found in one step.
type sparse[T any] struct {
	has    []uint64
	before []uint32
	values []T
}

func (s *sparse[T]) at(i int) (v T, ok bool) {
	word, bit := s.has[i/64], uint64(1)<<(i%64)
	if word&bit == 0 {
		return v, false
	}
	return s.values[int(s.before[i/64])+bits.OnesCount64(word&(bit-1))], true
}

// expect makes room for n rows.
func (s *sparse[T]) expect(n int) {
	s.has = make([]uint64, 0, n/64+1)
	s.before = make([]uint32, 0, n/64+1)
}

// add appends a row, the i-th.
func (s *sparse[T]) add(i int, v T, ok bool) {
	if i%64 == 0 {
		s.has = append(s.has, 0)
		s.before = append(s.before, uint32(len(s.values)))
	}
	if ok {
		s.has[i/64] |= 1 << (i % 64)
		s.values = append(s.values, v)
	}
}

// texts is a column of short texts, one after another.
type texts struct {
	bytes []byte
	ends  []uint32
}

// at returns a row, empty when the column has none.
func (t *texts) at(i int) []byte {
	if len(t.ends) == 0 {
		return nil
	}
	start := uint32(0)
	if i > 0 {
		start = t.ends[i-1]
	}
	return t.bytes[start:t.ends[i]]
}

// between returns the rows from first to before end, one after another.
func (t *texts) between(first, end int) []byte {
	if len(t.ends) == 0 || first == end {
		return nil
	}
	start := uint32(0)
	if first > 0 {
		start = t.ends[first-1]
	}
	return t.bytes[start:t.ends[end-1]]
}

func (t *texts) add(s string) {
	t.bytes = append(t.bytes, s...)
	t.ends = append(t.ends, uint32(len(t.bytes)))
}

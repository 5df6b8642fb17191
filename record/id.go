package record

import (
	"fmt"
	"io"
	"sync"
	"time"

	"joinery/fhir"
)

// idSource gives ids to new resources: UUIDs of version 7 (RFC 9562), which
// begin with the time and so lie together in an index.
type idSource struct {
	clock func() time.Time
	mu    sync.Mutex
	rand  io.Reader
	pool  [1024]byte // chance read ahead
	left  []byte
}

func newIDSource(clock func() time.Time, rand io.Reader) *idSource {
	return &idSource{clock: clock, rand: rand}
}

// next returns an id that was never given.
func (s *idSource) next() (fhir.ID, error) {
	var b [16]byte
	if err := s.read(b[6:]); err != nil {
		return "", err
	}
	ms := uint64(s.clock().UnixMilli())
	for i := range 6 {
		b[i] = byte(ms >> (40 - 8*i))
	}
	b[6] = b[6]&0x0f | 0x70
	b[8] = b[8]&0x3f | 0x80
	return fhir.ID(uuid(b)), nil
}

// secret returns n bytes that nobody can guess.
func (s *idSource) secret(n int) ([]byte, error) {
	b := make([]byte, n)
	return b, s.read(b)
}

func (s *idSource) read(b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.left) < len(b) {
		if _, err := io.ReadFull(s.rand, s.pool[:]); err != nil {
			return fmt.Errorf("read the random source: %w", err)
		}
		s.left = s.pool[:]
	}
	copy(b, s.left[:len(b)])
	s.left = s.left[len(b):]
	return nil
}

// uuid writes 16 bytes in the form of RFC 9562.
func uuid(b [16]byte) string {
	const digits = "0123456789abcdef"
	out := make([]byte, 0, 36)
	for i, c := range b {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			out = append(out, '-')
		}
		out = append(out, digits[c>>4], digits[c&15])
	}
	return string(out)
}

// Read is part of io.Reader, for not more than the pool holds.
func (s *idSource) Read(b []byte) (int, error) { return len(b), s.read(b) }

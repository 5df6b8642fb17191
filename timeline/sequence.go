package timeline

import (
	"fmt"
	"math"

	"joinery/fault"
)

// Sequence makes a Set of people who come in the order of their keys, each with
// all their events, which may be in any order. It needs little more memory than
// the Set. It is for one goroutine.
type Sequence struct {
	d   *dictionaries
	all *part
}

// NewSequence returns a Sequence of nobody.
func NewSequence() *Sequence {
	return &Sequence{d: newDictionaries(), all: &part{first: []uint32{0}}}
}

// Add appends a person, whose events it puts in order. The fault is Invalid when
// the key is not above the last one or a value is not a number, and TooLarge when
// there are more organisations or events than can be numbered.
func (s *Sequence) Add(who *Profile, events []Event) error {
	if n := len(s.all.key); n > 0 && s.all.key[n-1] >= who.Key {
		return fault.New(fault.Invalid, fmt.Sprintf("Two people have the number %d, or they are out of order.", who.Key))
	}
	return s.all.add(s.d, who, events)
}

// Set returns the Set, after which the Sequence is over.
func (s *Sequence) Set() *Set {
	now := s.d.whats.sort()
	for i, n := range s.all.what {
		s.all.what[i] = now[n]
	}
	now = s.d.orgs.sort()
	for i, n := range s.all.org {
		s.all.org[i] = uint16(now[n])
	}
	for a, v := range s.d.values {
		now := v.sort()
		for i, n := range s.all.attribute[a] {
			s.all.attribute[a][i] = now[n]
		}
	}
	return s.d.set([]*part{s.all}, nil)
}

// check refuses an event that columns cannot hold.
func (e *Event) check() error {
	if e.HasValue && (math.IsNaN(e.Value) || math.IsInf(e.Value, 0)) {
		return fault.New(fault.Invalid, "The value of an event is not a number.")
	}
	return nil
}

package main

import (
	"sync/atomic"
	"time"

	"joinery/care/workflow/clock"
	"joinery/source/synth"
)

// playClock is the clock of a process that makes a demonstration: it can be set back,
// so that what is made lies in the past, and goes on to the time of day.
type playClock struct {
	real func() time.Time
	back atomic.Int64 // by how many nanoseconds it is set back
}

func (s *playClock) now() time.Time { return s.real().Add(-time.Duration(s.back.Load())) }

// at goes on to a time, and never back.
func (s *playClock) at(t time.Time) {
	if t.After(s.now()) {
		s.back.Store(int64(s.real().Sub(t)))
	}
}

// begin sets the clock back to a time.
func (s *playClock) begin(t time.Time) { s.back.Store(int64(s.real().Sub(t))) }

// end goes on to the time of day.
func (s *playClock) end() { s.back.Store(0) }

// dayBefore is London's day before that of a moment.
func dayBefore(t time.Time) synth.Day {
	y, m, d := t.In(clock.London).Date()
	return synth.Day(time.Date(y, m, d-1, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

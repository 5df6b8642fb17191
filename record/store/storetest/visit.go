package storetest

import (
	"testing"
	"time"

	"joinery/record/store"
)

// visits: the end of the visit before is remembered while one goes on, apart for
// each who and what, and a look is noted no oftener than is asked.
func visits(_ *testing.T, w *world) {
	began := time.Date(2026, 2, 3, 9, 0, 0, 0, time.UTC)
	for _, step := range []struct {
		who, what string
		after     time.Duration // since it began
		want      time.Duration // since it began; negative: never
	}{
		{"a", "x", 0, -1},
		{"a", "x", time.Minute, -1}, // not noted
		{"b", "x", time.Minute, -1},
		{"a", "y", time.Minute, -1},
		{"a", "x", 29 * time.Minute, -1},
		{"a", "x", 58 * time.Minute, -1}, // one long visit
		{"a", "x", 3 * time.Hour, 58 * time.Minute},
		{"a", "x", 3*time.Hour + 20*time.Minute, 58 * time.Minute},
		{"a", "x", 2 * time.Hour, 58 * time.Minute}, // by a clock that is behind
		{"a", "x", 9 * time.Hour, 3*time.Hour + 20*time.Minute},
		{"b", "x", 9 * time.Hour, time.Minute},
	} {
		got, err := w.Visit(w.ctx(), store.Visit{Who: []byte(step.who), What: []byte(step.what), At: began.Add(step.after), Lasts: 30 * time.Minute, Noted: 5 * time.Minute})
		want := began.Add(step.want)
		if step.want < 0 {
			want = time.Time{}
		}
		if err != nil || !got.Equal(want) {
			w.Errorf("%s at %s after %v: the visit before ended %v (%v), want %v", step.who, step.what, step.after, got, err, want)
		}
	}
}

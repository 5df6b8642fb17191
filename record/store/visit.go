package store

import (
	"context"
	"fmt"
	"time"

	"joinery/fault"
)

// Visit is somebody's looking at something again: who and what are hashes of the
// caller's.
type Visit struct {
	Who, What []byte
	At        time.Time
	Lasts     time.Duration // what comes within it of the look before is one visit
	Noted     time.Duration // a look within it of one that was noted is not noted again
}

// Visit returns when the visit before this one ended, the zero time when there was
// none, and notes that this one goes on. That the disk is full keeps nobody from
// looking: then nothing is noted.
func (s *Store) Visit(ctx context.Context, v Visit) (before time.Time, err error) {
	var last int64
	var ended int64
	err = s.db.read(ctx, func(c conn) error {
		return c.query(ctx, "SELECT before, last FROM visit WHERE who = ? AND what = ?", []any{v.Who, v.What}, func(r *row) error {
			ended, last = r.int(0), r.int(1)
			return nil
		})
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("look up a visit: %w", err)
	}
	now := v.At.UnixMilli()
	if now-last > v.Lasts.Milliseconds() {
		ended = last
	}
	if now-last >= v.Noted.Milliseconds() {
		err = s.db.note(ctx, func(c conn) error {
			_, err := c.exec(ctx, "INSERT INTO visit (who, what, before, last) VALUES (?, ?, ?, ?) ON CONFLICT (who, what) DO UPDATE SET before = excluded.before, last = excluded.last WHERE visit.last < excluded.last", v.Who, v.What, ended, now)
			return err
		})
		if err != nil && fault.KindOf(err) != fault.Unavailable {
			return time.Time{}, fmt.Errorf("note a visit: %w", err)
		}
	}
	if ended == 0 {
		return time.Time{}, nil
	}
	return time.UnixMilli(ended).UTC(), nil
}

package store

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Attempt is something that is counted so that it cannot be tried without end.
type Attempt struct {
	Who  []byte                          // a hash of what is counted
	Wait func(times int64) time.Duration // how long after so many times until the next
}

// attemptsHold is how long after the last of them attempts are remembered.
const attemptsHold = 6 * time.Hour

// Try counts an attempt before it is made, so that many at once are no more than
// that many one by one. When one of what is counted has to wait, nothing is
// counted (whoever keeps trying does not make another wait longer) and the answer
// is how long, on every node.
func (s *Store) Try(ctx context.Context, attempts []Attempt) (wait time.Duration, err error) {
	now := s.opts.Clock().UnixMilli()
	slices.SortFunc(attempts, func(a, b Attempt) int { return slices.Compare(a.Who, b.Who) })
	err = s.db.note(ctx, func(c conn) error {
		wait = 0
		times := make([]int64, len(attempts))
		for i, a := range attempts {
			// Taken first, it is locked until this is done.
			_, err := c.exec(ctx, "INSERT INTO attempt (who, n, at, until) VALUES (?, 0, ?, 0) ON CONFLICT (who) DO UPDATE SET until = attempt.until", a.Who, now)
			if err != nil {
				return err
			}
			err = c.query(ctx, "SELECT n, at, until FROM attempt WHERE who = ?", []any{a.Who}, func(r *row) error {
				if r.int(1) > now-attemptsHold.Milliseconds() {
					times[i] = r.int(0)
				}
				wait = max(wait, time.Duration(r.int(2)-now)*time.Millisecond)
				return nil
			})
			if err != nil {
				return err
			}
		}
		if wait > 0 {
			return nil
		}
		for i, a := range attempts {
			until := now + a.Wait(times[i]+1).Milliseconds()
			if _, err := c.exec(ctx, "UPDATE attempt SET n = ?, at = ?, until = ? WHERE who = ?", times[i]+1, now, until, a.Who); err != nil {
				return err
			}
		}
		_, err := c.exec(ctx, "DELETE FROM attempt WHERE at < ?", now-attemptsHold.Milliseconds())
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("count an attempt: %w", err)
	}
	return wait, nil
}

// Succeeded takes an attempt that came to good out of the count: what is alone
// the caller's is forgotten, and of what is counted of others too one is taken
// away.
func (s *Store) Succeeded(ctx context.Context, alone []byte, others ...[]byte) error {
	err := s.db.note(ctx, func(c conn) error {
		for _, who := range others {
			if _, err := c.exec(ctx, "UPDATE attempt SET n = n - 1 WHERE who = ? AND n > 0", who); err != nil {
				return err
			}
		}
		_, err := c.exec(ctx, "DELETE FROM attempt WHERE who = ?", alone)
		return err
	})
	if err != nil {
		return fmt.Errorf("take an attempt out of the count: %w", err)
	}
	return nil
}

package store

import (
	"context"
	"fmt"
	"time"

	"joinery/fault"
)

// AddLaunch keeps the link by which another system opens a person's page, until a
// moment, and forgets those whose time is over.
func (s *Store) AddLaunch(ctx context.Context, hash, data []byte, until time.Time) error {
	now := s.opts.Clock().UnixMilli()
	err := s.db.note(ctx, func(c conn) error {
		if _, err := c.exec(ctx, "DELETE FROM launch WHERE until <= ?", now); err != nil {
			return err
		}
		_, err := c.exec(ctx, "INSERT INTO launch (hash, until, data) VALUES (?, ?, ?)", hash, until.UnixMilli(), data)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep a launch link: %w", err)
	}
	return nil
}

var errNoLaunch = fault.New(fault.NotFound, "There is no such link.")

// TakeLaunch returns what is kept of a link, and forgets it: of many who take it
// at once, on whichever nodes, one has it. The fault is NotFound when there is
// none, or its time is over.
func (s *Store) TakeLaunch(ctx context.Context, hash []byte) (data []byte, err error) {
	now := s.opts.Clock().UnixMilli()
	err = s.db.read(ctx, func(c conn) error { // who tries at random makes no write
		return c.query(ctx, "SELECT data FROM launch WHERE hash = ? AND until > ?", []any{hash, now}, func(r *row) error { data = r.copy(0); return nil })
	})
	if err == nil && data == nil {
		return nil, errNoLaunch
	}
	if err == nil {
		err = s.db.note(ctx, func(c conn) error {
			n, err := c.exec(ctx, "DELETE FROM launch WHERE hash = ?", hash)
			if err == nil && n == 0 {
				err = errNoLaunch
			}
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("take a launch link: %w", err)
	}
	return data, nil
}

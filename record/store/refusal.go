package store

import (
	"context"
	"fmt"
	"time"
)

// Refusal is a part of an import that was not taken, without what was sent.
type Refusal struct {
	Place       []byte // digest of the name of where it came from
	File        string // that name as it may be shown
	Line, Entry int    // from 1; 0: not said
	Reason      string
	Mended      time.Time // when a later run took what stands there; zero: none did
}

// ImportRun is one import that refused something.
type ImportRun struct {
	ID      int64
	At      time.Time
	Who     string
	Refused int // of these, the first keptRefusals are kept one by one
}

// keptRefusals is how many refusals of a run are kept one by one.
const keptRefusals = 10_000

// AddRefusals keeps what a run refused, beside what it refused before.
func (s *Store) AddRefusals(ctx context.Context, run ImportRun, of []Refusal) error {
	err := s.db.write(ctx, func(c conn) error {
		_, err := c.exec(ctx, "INSERT INTO import_run (run, at, who, refused) VALUES (?, ?, ?, ?) ON CONFLICT (run) DO UPDATE SET refused = import_run.refused + excluded.refused", run.ID, run.At.UnixMilli(), run.Who, int64(len(of)))
		if err != nil {
			return err
		}
		next := int64(0)
		if err := c.query(ctx, "SELECT COALESCE(MAX(n), 0) FROM refusal WHERE run = ?", []any{run.ID}, func(r *row) error { next = r.int(0); return nil }); err != nil {
			return err
		}
		for _, one := range of {
			if next++; next > keptRefusals {
				break
			}
			_, err := c.exec(ctx, "INSERT INTO refusal (run, n, place, file, line, entry, reason, mended) VALUES (?, ?, ?, ?, ?, ?, ?, 0)", run.ID, next, one.Place, one.File, int64(one.Line), int64(one.Entry), one.Reason)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep what was refused: %w", err)
	}
	return nil
}

// OpenRefusals returns what was refused of a place and not taken since.
func (s *Store) OpenRefusals(ctx context.Context, place []byte) ([]Refusal, error) {
	return s.refusals(ctx, "place = ? AND mended = 0 ORDER BY run, n", place)
}

// RefusalsOf returns what a run refused, in the order in which it was kept.
func (s *Store) RefusalsOf(ctx context.Context, run int64) ([]Refusal, error) {
	return s.refusals(ctx, "run = ? ORDER BY n", run)
}

func (s *Store) refusals(ctx context.Context, where string, arg any) ([]Refusal, error) {
	var out []Refusal
	err := s.db.read(ctx, func(c conn) error {
		return c.query(ctx, "SELECT place, file, line, entry, reason, mended FROM refusal WHERE "+where, []any{arg}, func(r *row) error {
			out = append(out, Refusal{r.copy(0), r.text(1), int(r.int(2)), int(r.int(3)), r.text(4), moment(r.int(5))})
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read what was refused: %w", err)
	}
	return out, nil
}

// MendRefusals notes that what stands at some lines and entries of a place was taken
// now, whichever runs refused it.
func (s *Store) MendRefusals(ctx context.Context, of []Refusal) error {
	now := s.opts.Clock().UnixMilli()
	err := s.db.write(ctx, func(c conn) error {
		for _, one := range of {
			if _, err := c.exec(ctx, "UPDATE refusal SET mended = ? WHERE place = ? AND line = ? AND entry = ? AND mended = 0", now, one.Place, int64(one.Line), int64(one.Entry)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("note what was mended: %w", err)
	}
	return nil
}

// ImportRuns returns the newest runs that refused something, the newest first.
func (s *Store) ImportRuns(ctx context.Context, limit int) ([]ImportRun, error) {
	var out []ImportRun
	err := s.db.read(ctx, func(c conn) error {
		return c.query(ctx, "SELECT run, at, who, refused FROM import_run ORDER BY run DESC LIMIT ?", []any{limit}, func(r *row) error {
			out = append(out, ImportRun{r.int(0), moment(r.int(1)), r.text(2), int(r.int(3))})
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the runs of imports: %w", err)
	}
	return out, nil
}

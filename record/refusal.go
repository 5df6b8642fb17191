package record

import (
	"context"
	"slices"
	"time"

	"joinery/record/access"
	"joinery/record/store"
)

// Refusal is a part of an import that was not taken: where it stood and why, and
// nothing of what was sent. Whoever keeps one answers for that.
type Refusal = store.Refusal

// ImportRun is one import that refused something.
type ImportRun struct {
	store.ImportRun
	Refusals []Refusal
}

// runsShown is how many runs are looked at.
const runsShown = 100

// KeepRefusals keeps what a run of an import refused. The fault is Denied to whoever
// is no operator at the record's own desk.
func (v *View) KeepRefusals(ctx context.Context, run int64, at time.Time, of []Refusal) error {
	if err := v.administers(); err != nil {
		return err
	}
	if len(of) == 0 {
		return nil
	}
	if err := v.audit(ctx, line{Interaction: "refusal-keep", Action: "C"}); err != nil {
		return err
	}
	return v.rec.store.AddRefusals(ctx, store.ImportRun{ID: run, At: at, Who: v.subject.Who().Operator}, of)
}

// MendRefusals notes which of what was refused of a place, and not taken since, was
// taken now. The fault is that of KeepRefusals.
func (v *View) MendRefusals(ctx context.Context, place []byte, taken func(Refusal) bool) error {
	if err := v.administers(); err != nil {
		return err
	}
	open, err := v.rec.store.OpenRefusals(ctx, place)
	if err != nil {
		return err
	}
	open = slices.DeleteFunc(open, func(r Refusal) bool { return !taken(r) })
	if len(open) == 0 {
		return nil
	}
	return v.rec.store.MendRefusals(ctx, open)
}

// Refused returns the newest runs that refused something, the newest first, with what
// they refused. The fault is Denied to whoever neither is an administrator nor an
// operator at the desk.
func (v *View) Refused(ctx context.Context) ([]ImportRun, error) {
	if v.subject.Role() != access.Administrator {
		if err := v.administers(); err != nil {
			return nil, err
		}
	}
	if err := v.audit(ctx, line{Interaction: "refusal-list", Action: "R"}); err != nil {
		return nil, err
	}
	runs, err := v.rec.store.ImportRuns(ctx, runsShown)
	if err != nil {
		return nil, err
	}
	out := make([]ImportRun, len(runs))
	for i, run := range runs {
		out[i].ImportRun = run
		if out[i].Refusals, err = v.rec.store.RefusalsOf(ctx, run.ID); err != nil {
			return nil, err
		}
	}
	return out, nil
}

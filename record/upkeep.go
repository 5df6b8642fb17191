package record

import (
	"context"

	"joinery/fault"
	"joinery/record/access"
	"joinery/record/store"
)

// Verify reads the whole record and checks that it is as it was written: see
// store.Verify. The subject must be an operator at the record's own desk. What
// is damaged is in the *store.Damaged that the error is then; it holds no data
// of anyone.
func (v *View) Verify(ctx context.Context) (store.Verified, error) {
	if err := v.operates(ctx, "verify"); err != nil {
		return store.Verified{}, err
	}
	return v.rec.store.Verify(ctx)
}

// Reindex makes anew all that searches and rights are answered from, and
// returns how many rows that took. The subject must be an operator at the
// record's own desk.
func (v *View) Reindex(ctx context.Context) (rows int64, err error) {
	if err := v.operates(ctx, "reindex"); err != nil {
		return 0, err
	}
	err = v.rec.store.Reindex(ctx, func(n int64) { rows = n })
	return rows, err
}

// operates refuses who is not an operator, and audits who is.
func (v *View) operates(ctx context.Context, what string) error {
	if v.subject.Role() != access.System || v.subject.Who().Operator == "" {
		return fault.New(fault.Denied, "The record is looked after by an operator with the joinery command.")
	}
	return v.audit(ctx, line{Interaction: what, Action: "E"})
}

package record

import (
	"context"
	"fmt"

	"joinery/fault"
	"joinery/fhir"
	"joinery/fhir/r4"
	"joinery/record/access"
	"joinery/record/store"
)

// CouldSee tells who answers for information governance whether the holder of an
// account could read a resource now, and by which rule of the policy. It shows
// nothing of the resource; what is not there and what they could not see are one
// answer. The fault is Denied to anyone else, and NotFound when there is no such
// account.
func (v *View) CouldSee(ctx context.Context, account, typ string, id fhir.ID) (access.Reason, bool, error) {
	l := line{Interaction: "could-see", Action: "E", Query: folded(account)}
	l.name(typ, id, 0)
	reason, ok, err := v.couldSee(ctx, account, typ, id)
	if err != nil {
		if audit := v.audit(ctx, refusal(l, err)); audit != nil {
			return access.Reason{}, false, audit
		}
		return access.Reason{}, false, err
	}
	return reason, ok, v.audit(ctx, l)
}

func (v *View) couldSee(ctx context.Context, account, typ string, id fhir.ID) (access.Reason, bool, error) {
	var none access.Reason
	if !v.filter(access.Search).All(auditNumber) {
		return none, false, fault.New(fault.Denied, "This is for who answers for information governance.")
	}
	if _, ok := r4.TypeNumber(typ); !ok || !id.Valid() {
		return none, false, fault.New(fault.Invalid, "Say which resource: its type, such as Observation, and its id.")
	}
	kept, err := v.rec.store.Account(ctx, folded(account))
	if err != nil {
		return none, false, err
	}
	listed, err := accountOf(&kept)
	if err != nil || !listed.Disabled.IsZero() {
		return none, false, err
	}
	holder, err := v.rec.holder(&kept, access.Who{})
	if err != nil {
		return none, false, fmt.Errorf("ask for an account: %w", err)
	}
	f := v.rec.As(holder).filter(access.Read)
	var reason access.Reason
	err = v.rec.store.View(ctx, func(n *store.Snap) error {
		found, err := n.Get(f, typ, id)
		if err != nil {
			return err
		}
		reason, err = allowed(n, f, &found)
		return err
	})
	switch kind := fault.KindOf(err); {
	case kind == fault.NotFound || kind == fault.Gone || kind == fault.Denied:
		return none, false, nil
	case err != nil:
		return none, false, err
	}
	return reason, true, nil
}

package record

import (
	"context"

	"joinery/fhir"
	"joinery/fhir/r4"
	"joinery/record/access"
	"joinery/record/store"
)

var patientNumber, _ = r4.TypeNumber("Patient")

// Unbound returns which of some organisations are bound by no agreement to share for
// somebody's treatment now: they see nothing here of the people they look after, and
// what they know may not be here. It is for staff, of whom others learn as little as
// the directory tells them: of nobody else anything is said. It tells nothing of any
// person, so it is not audited.
func (v *View) Unbound(ctx context.Context, organisations []fhir.ID) ([]fhir.ID, error) {
	if v.subject.Role() != access.Staff || len(organisations) == 0 {
		return nil, nil
	}
	var out []fhir.ID
	err := v.rec.store.View(ctx, func(n *store.Snap) error {
		for _, id := range organisations {
			member, err := access.NewStaff(access.Who{Name: "somebody of it", Purpose: access.Treatment}, access.Member{Practitioner: "somebody", Organization: id})
			if err != nil {
				continue // what cannot be an organisation's id
			}
			held, err := n.Held(v.rec.policy.Filter(member, access.Read, v.rec.clock()), 0, patientNumber)
			if err != nil {
				return err
			}
			if held&(1<<access.Agreement) == 0 {
				out = append(out, id)
			}
		}
		return nil
	})
	return out, err
}

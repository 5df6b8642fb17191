package record

import (
	"context"
	"slices"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record/access"
	"joinery/record/store"
)

// Some questions are answered from what is kept of the record elsewhere, such as
// timelines, and not by reading it: who is in a definition, and why someone is.
// They are decided and audited here all the same, before the answer is worked
// out.

// AskAll lets a subject ask a question about everybody: the answer is numbers,
// never anyone's data. It returns the place of the log up to which whatever
// answers must have come, so that the answer holds all that was acknowledged
// before. The fault is Denied to whoever may not read everything.
func (v *View) AskAll(ctx context.Context, question string) (Position, error) {
	l := line{Interaction: "ask", Action: "E", Query: question}
	var newest Position
	err := v.seesAll()
	if err == nil {
		newest, err = v.newest(ctx)
	}
	if err != nil {
		if audit := v.audit(ctx, refusal(l, err)); audit != nil {
			return 0, audit
		}
		return 0, err
	}
	return newest, v.audit(ctx, l)
}

// AskOne lets a subject ask a question about one person, by the id of a Patient
// that they may read; it is a read of all that is held of that person. It
// returns the keys of everyone who is one with the person, the lowest first,
// and what AskAll returns. The fault is that of Read, and Denied to whoever may
// not read everything.
func (v *View) AskOne(ctx context.Context, patient fhir.ID, question string) ([]int64, Position, error) {
	l := line{Interaction: "ask", Action: "R", Query: question}
	l.name("Patient", patient, 0)
	var persons []store.Person
	var person store.Person
	err := v.rec.store.View(ctx, func(n *store.Snap) error {
		f := v.filter(access.Read)
		found, err := n.Get(f, "Patient", patient)
		if err != nil {
			return err
		}
		reason, err := allowed(n, f, &found)
		if err != nil {
			return err
		}
		l.rule(reason)
		person = found.Person()
		persons, err = n.Linked(person)
		return err
	})
	if err == nil {
		err = v.seesAll()
	}
	var newest Position
	if err == nil {
		newest, err = v.newest(ctx)
	}
	if err != nil {
		if audit := v.audit(ctx, refusal(l, err)); audit != nil {
			return nil, 0, audit
		}
		return nil, 0, err
	}
	all := keys(persons)
	slices.Sort(all)
	return all, newest, v.disclose(ctx, nil, l, person)
}

// seesAll refuses who may not read every resource: what is kept elsewhere is not
// parted by what each may see.
func (v *View) seesAll() error {
	if !v.filter(access.Read).All(0) {
		return fault.New(fault.Denied, "Questions about people are for those who may read the whole record.")
	}
	return nil
}

func (v *View) newest(ctx context.Context) (at Position, err error) {
	err = v.rec.store.View(ctx, func(n *store.Snap) error {
		t, err := n.T()
		at = Position(t)
		return err
	})
	return at, err
}

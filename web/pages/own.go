package pages

import (
	"slices"
	"strings"

	"joinery/care/workflow"
	"joinery/fault"
	"joinery/fhir"
	"joinery/record/access"
)

// own is whom a page of /me is about: whoever is signed in, or somebody for whom
// they act.
type own struct {
	ID     fhir.ID
	Name   string // of whom they act for; empty where that is not open to them
	Acts   bool   // a carer looks
	Query  string // "?for=…", to stay with this person; empty for oneself
	Others []Link // the same page, of the others for whom they act
}

// own returns whom a page is about. The fault is NotFound when a carer asks for
// somebody who has not opened their record to them, and when nobody has.
func (c *call) own() (*own, error) {
	if c.role() == access.Patient {
		return &own{ID: c.who.Grant.Patient}, nil
	}
	people, err := c.actsFor()
	if err != nil {
		return nil, err
	}
	asked := fhir.ID(c.asked.Get("for"))
	if c.sent != nil {
		asked = fhir.ID(c.field("person"))
	}
	i := slices.IndexFunc(people, func(p own) bool { return asked == "" || asked == p.ID })
	if i < 0 {
		return nil, fault.New(fault.NotFound, "Nobody's record is open to you here.")
	}
	o := people[i]
	for _, p := range people {
		if p.ID != o.ID {
			o.Others = append(o.Others, Link{c.r.URL.Path + p.Query, p.Name})
		}
	}
	return &o, nil
}

// ownTask returns the task in the address and whose it is, for a page about tasks of
// one kind.
func (c *call) ownTask(fits func(*workflow.Now) bool) (*workflow.Now, *own, error) {
	id, err := c.id("task")
	if err != nil {
		return nil, nil, err
	}
	now, err := c.flow().Now(c.ctx, id)
	if err != nil {
		return nil, nil, err //nolint:wrapcheck // it is fit to be shown
	}
	if !fits(now) {
		return nil, nil, errAbsent
	}
	o, err := c.ownOf(now.Patient)
	return now, o, err
}

// ownOf is own for a page about a resource of somebody: they must be who it is of.
func (c *call) ownOf(patient fhir.ID) (*own, error) {
	if c.role() == access.Carer && c.sent == nil {
		c.asked.Set("for", string(patient))
	}
	o, err := c.own()
	switch {
	case err != nil:
		return nil, err
	case o.ID != patient && c.role() == access.Carer && c.sent != nil:
		return nil, errAnother
	case o.ID != patient:
		return nil, errAbsent
	}
	o.Others = nil
	return o, nil
}

var errAnother = fault.New(fault.Conflict, "This form was made for somebody else, so nothing was done. Go back and load the page again.")

// opened are types that people open to their carers, by which a carer is known to
// act for them where the Patient itself is not open.
const opened = "Task,ServiceRequest,Appointment,CarePlan,Goal,EpisodeOfCare,Observation,Condition,MedicationRequest,AllergyIntolerance,Immunization"

// actsFor returns the people whose records are open to a carer now.
func (c *call) actsFor() ([]own, error) {
	found, err := c.search("Patient", "_count", "50")
	if err != nil {
		return nil, err
	}
	var out []own
	seen := map[fhir.ID]bool{}
	add := func(id fhir.ID, name string) {
		if id.Valid() && !seen[id] {
			seen[id] = true
			out = append(out, own{ID: id, Name: name, Acts: true, Query: "?for=" + string(id)})
		}
	}
	for i := range found.Entries {
		doc, err := found.Entries[i].Version.Doc()
		if err != nil {
			return nil, err //nolint:wrapcheck // the record's own bytes
		}
		add(found.Entries[i].Version.ID, humanName(doc.Root()))
	}
	if len(out) >= len(c.who.Grant.RelatedPersons) {
		return out, nil
	}
	if found, err = c.search("", "_type", opened, "_count", "200"); err != nil {
		return nil, err
	}
	for i := range found.Entries {
		doc, err := found.Entries[i].Version.Doc()
		if err != nil {
			return nil, err //nolint:wrapcheck // the record's own bytes
		}
		for _, name := range []string{"for", "subject", "patient"} {
			if id, ok := strings.CutPrefix(doc.Root().At(name, "reference").Text(), "Patient/"); ok {
				add(fhir.ID(id), "")
			}
		}
	}
	return out, nil
}

// gatherOwn reads what a page of /me is made of. To a carer the person themselves
// need not be open.
func (c *call) gatherOwn(o *own, types ...string) (*sheaf, error) {
	s, err := c.gather(o.ID, types...)
	if o.Acts && fault.KindOf(err) == fault.NotFound {
		s = c.sheafOf(o.ID)
		err = c.fill(s, types)
	}
	return s, err
}

package pages

import (
	"fmt"
	"slices"
	"time"

	"joinery/fhir"
	"joinery/record"
)

// sharingView is who acts for somebody, and what each may see and until when.
type sharingView struct {
	Acting []acting
	Ended  []acting
}

// acting is somebody whom a person lets see part of their record.
type acting struct {
	ID    fhir.ID // of the Consent
	ETag  string
	Who   []string
	Sees  []string // kinds of things, as keys of texts; empty: all
	Since time.Time
	Until time.Time // zero: without end
}

// sharing answers GET /me/sharing.
func (c *call) sharing() (*page, error) {
	v := &sharingView{}
	all, err := c.actors()
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		if a.Until.IsZero() || a.Until.After(c.now()) {
			v.Acting = append(v.Acting, a)
		} else {
			v.Ended = append(v.Ended, a)
		}
	}
	return &page{name: "sharing", view: v}, nil
}

// actors are those to whom whoever is signed in opened their record, ended or not.
func (c *call) actors() ([]acting, error) {
	s, err := c.gather(c.who.Grant.Patient, "Consent", "RelatedPerson")
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, l := range s.of["RelatedPerson"] {
		name := humanName(l.Value)
		if kin := concept(l.Get("relationship").Item(0)); kin != "" {
			name += " (" + kin + ")"
		}
		names["RelatedPerson/"+string(l.id)] = name
	}
	var out []acting
	for _, l := range s.of["Consent"] {
		provision := l.Get("provision")
		if !provision.Get("type").Is("permit") || l.status() != "active" && l.status() != "inactive" {
			continue
		}
		a := acting{ID: l.id, ETag: l.etag}
		a.Since, _ = moment(provision.At("period", "start").Text())
		a.Until, _ = moment(provision.At("period", "end").Text())
		if l.status() == "inactive" && a.Until.IsZero() {
			a.Until = l.stored
		}
		for actor := range provision.Get("actor").Items() {
			if name := names[actor.At("reference", "reference").Text()]; name != "" {
				a.Who = append(a.Who, name)
			}
		}
		for class := range provision.Get("class").Items() {
			if key := seen(class.Get("code").Text()); !slices.Contains(a.Sees, key) {
				a.Sees = append(a.Sees, key)
			}
		}
		if len(a.Who) > 0 {
			out = append(out, a)
		}
	}
	return out, nil
}

// kinds says under which heading what a type holds is spoken of.
var kinds = map[string]string{
	"Patient": "name", "ServiceRequest": "referrals", "Task": "referrals", "EpisodeOfCare": "referrals", "Appointment": "appointments",
	"CarePlan": "plan", "Goal": "plan", "CareTeam": "plan", "Condition": "problems", "AllergyIntolerance": "allergies",
	"MedicationRequest": "medicines", "MedicationStatement": "medicines", "Observation": "results", "DiagnosticReport": "results",
	"Immunization": "vaccinations", "Procedure": "procedures", "Encounter": "contacts", "DocumentReference": "documents",
}

func seen(typ string) string {
	if key := kinds[typ]; key != "" {
		return key
	}
	return "other"
}

// endSharing answers GET /me/sharing/{id}: what ending it means, before it is done.
func (c *call) endSharing() (*page, error) {
	a, err := c.actor()
	return &page{name: "ending", view: a}, err
}

// actor returns the one in the address, who may see something now.
func (c *call) actor() (*acting, error) {
	id, err := c.id("id")
	if err != nil {
		return nil, err
	}
	all, err := c.actors()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(a acting) bool { return a.ID == id && (a.Until.IsZero() || a.Until.After(c.now())) })
	if i < 0 {
		return nil, errAbsent
	}
	return &all[i], nil
}

// endedSharing answers POST /me/sharing/{id}: from now on they see nothing.
func (c *call) endedSharing() (*page, error) {
	if err := c.only("version"); err != nil {
		return nil, err
	}
	id, err := c.id("id")
	if err != nil {
		return nil, err
	}
	c.back = "/me/sharing"
	a, err := c.actor()
	if err != nil {
		return nil, err
	}
	if a.ETag != c.field("version") {
		return nil, errMoved
	}
	if err := c.endConsent(id, a.ETag); err != nil {
		return nil, err
	}
	return &page{to: c.back}, nil
}

// endConsent makes a Consent inactive, from the version that was seen: what it
// opened is closed at the next request.
func (c *call) endConsent(id fhir.ID, version string) error {
	found, err := c.view.Read(c.ctx, "Consent", id)
	if err != nil {
		return err //nolint:wrapcheck // it is fit to be shown
	}
	if found.ETag() != version {
		return errMoved
	}
	doc, err := found.Doc()
	if err != nil {
		return err //nolint:wrapcheck // the record's own bytes
	}
	start, end := doc.Root().Get("status").Span()
	body := fhir.Splice(doc.Bytes(), []fhir.Edit{{Start: start, End: end, New: fhir.AppendQuoted(nil, "inactive")}})
	if doc, err = fhir.Parse(body); err != nil {
		return fmt.Errorf("end a consent: %w", err)
	}
	_, err = c.view.Transact(c.ctx, []record.Op{{Kind: record.Update, Type: "Consent", ID: id, Body: doc, IfMatch: version}})
	if err != nil {
		return fmt.Errorf("end a consent: %w", err)
	}
	return nil
}

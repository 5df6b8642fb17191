package record

import (
	"context"
	"time"

	"joinery/fhir"
	"joinery/fhir/r4"
	"joinery/record/access"
	"joinery/record/store"
)

// Read returns a resource as it is now. The fault is NotFound when there is
// none or the subject may not see it, Gone when one that they might see was
// deleted.
func (v *View) Read(ctx context.Context, typ string, id fhir.ID) (Version, error) {
	if typ == auditType {
		return v.readAuditEvent(ctx, id)
	}
	return v.one(ctx, line{Interaction: "read", Action: "R"}, access.Read, typ, id, 0)
}

// VRead returns one version of a resource, by the rights of now: what is hidden
// now was never there.
func (v *View) VRead(ctx context.Context, typ string, id fhir.ID, number int) (Version, error) {
	if typ == auditType && number == 1 {
		return v.readAuditEvent(ctx, id)
	}
	return v.one(ctx, line{Interaction: "vread", Action: "R"}, access.History, typ, id, number)
}

func (v *View) one(ctx context.Context, l line, a access.Action, typ string, id fhir.ID, number int) (Version, error) {
	f := v.filter(a)
	l.name(typ, id, number)
	var found store.Version
	var reason access.Reason
	err := v.rec.store.View(ctx, func(n *store.Snap) error {
		var err error
		if number == 0 {
			found, err = n.Get(f, typ, id)
		} else {
			found, err = n.GetVersion(f, typ, id, number)
		}
		if err == nil {
			reason, err = allowed(n, f, &found)
		}
		return err
	})
	var seen Version
	if err == nil {
		seen, err = show(f, &found)
	}
	if err != nil {
		if audit := v.audit(ctx, refusal(l, err)); audit != nil {
			return Version{}, audit
		}
		return Version{}, err
	}
	l.rule(reason)
	if err := v.disclose(ctx, nil, l, found.Person()); err != nil {
		return Version{}, err
	}
	return seen, nil
}

// may asks whether the subject may do something to a resource, without audit:
// for decisions inside the record. The error is that of Read.
func (v *View) may(ctx context.Context, a access.Action, typ string, id fhir.ID) error {
	return v.rec.store.View(ctx, func(n *store.Snap) error {
		_, err := n.Get(v.filter(a), typ, id)
		return err
	})
}

// Validate checks a resource as a create or update of the type would, and
// stores nothing. The error is an *fhir.Invalid with all that is wrong.
func (v *View) Validate(_ context.Context, typ string, doc *fhir.Doc) error {
	if got := doc.Root().Get("resourceType"); !got.Is(typ) {
		return &fhir.Invalid{Issues: []fhir.Issue{{Severity: fhir.Error, Code: "value", Where: "resourceType", Say: "The resource must be a " + typ + "."}}}
	}
	return r4.Validate(doc)
}

// mask returns what the subject may see of a version where that is less than
// all, and nil where it is all.
func mask(f *access.Filter, s *store.Version) ([]byte, error) {
	number, _ := r4.TypeNumber(s.Type)
	labels := access.Label(s.Labels)
	if s.Deleted() || !f.Masks(number, labels) {
		return nil, nil
	}
	doc, err := fhir.Parse(s.JSON())
	if err != nil {
		return nil, err
	}
	return f.Mask(doc, labels), nil
}

// HistoryQuery asks for versions: of one resource, of a type, or, with neither,
// of all, newest first.
type HistoryQuery struct {
	Type  string
	ID    fhir.ID
	Since time.Time // versions stored at this moment or later; zero: all
	At    time.Time // versions that were current at this moment; zero: all
	Count int       // a page; 0: search.DefaultCount
}

// History returns the first page of versions, by the rights of now.
func (v *View) History(ctx context.Context, q HistoryQuery) (Page, error) {
	return v.page(ctx, turn{Of: OfHistory, History: &q})
}

// EverythingQuery narrows $everything.
type EverythingQuery struct {
	Since      time.Time
	Start, End time.Time // of the care given, by the resource's date; End is not included
	Types      []string
	Count      int // a page; 0: all of it
}

// Everything returns what the record holds of a person, and what that refers to
// of nobody's, such as practitioners and organisations.
func (v *View) Everything(ctx context.Context, id fhir.ID, q EverythingQuery) (Page, error) {
	t := turn{Of: OfSearch, Everything: &q, Patient: id}
	if err := v.Exports(); err != nil {
		if audit := v.audit(ctx, refusal(t.line(), err)); audit != nil {
			return Page{}, audit
		}
		return Page{}, err
	}
	return v.page(ctx, t)
}

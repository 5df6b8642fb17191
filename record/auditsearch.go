package record

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"joinery/fault"
	"joinery/fhir"
	"joinery/fhir/r4"
	"joinery/record/access"
	"joinery/record/search"
	"joinery/record/store"
)

// AuditEvents are not rows of resources: they are read from the audit itself,
// newest first, by the same policy and the same search parameters. Whoever may
// not see all of them must say of whom.

// maxAuditScan is how many rows one page may look at.
const maxAuditScan = 100_000

var auditNumber, _ = r4.TypeNumber(auditType)

// readAuditEvent returns one row of the audit.
func (v *View) readAuditEvent(ctx context.Context, id fhir.ID) (Version, error) {
	l := line{Interaction: "read", Action: "R"}
	l.name(auditType, id, 0)
	var seen Version
	var person store.Person
	err := v.rec.store.ViewTrail(ctx, func(n *store.Snap) error {
		number, ok := v.rec.unseal(id)
		if !ok {
			return fault.New(fault.NotFound, "There is no such resource.")
		}
		row, err := n.AuditRow(number)
		if err != nil {
			return err
		}
		trail := v.trail(n, access.Read)
		reason, ok, err := trail.allows(row.Person)
		if err != nil {
			return err
		}
		if !ok {
			return fault.Wrap(fault.NotFound, "There is no such resource.", store.ErrHidden)
		}
		l.rule(reason)
		person = row.Person
		seen, err = trail.show(&row)
		return err
	})
	if err != nil {
		if audit := v.audit(ctx, refusal(l, err)); audit != nil {
			return Version{}, audit
		}
		return Version{}, err
	}
	return seen, v.disclose(ctx, nil, l, person)
}

// trail reads the audit for one subject in one snapshot.
type trail struct {
	view     *View
	snap     *store.Snap
	filter   *access.Filter
	decided  map[store.Person]decision
	patients map[store.Person]string
}

type decision struct {
	reason access.Reason
	ok     bool
}

func (v *View) trail(n *store.Snap, a access.Action) *trail {
	return &trail{view: v, snap: n, filter: v.filter(a), decided: map[store.Person]decision{}, patients: map[store.Person]string{}}
}

// allows decides on the rows about a person.
func (t *trail) allows(p store.Person) (access.Reason, bool, error) {
	if d, ok := t.decided[p]; ok {
		return d.reason, d.ok, nil
	}
	held, err := t.snap.Held(t.filter, p, auditNumber)
	if err != nil {
		return access.Reason{}, false, err
	}
	reason, ok := t.filter.Allows(access.Row{Person: int64(p), Type: auditNumber, Held: held})
	t.decided[p] = decision{reason, ok}
	return reason, ok, nil
}

// show makes an AuditEvent of a row.
func (t *trail) show(row *store.AuditEntry) (Version, error) {
	patient, known := t.patients[row.Person]
	if !known && row.Person != 0 {
		id, err := t.snap.PatientOf(row.Person)
		if err != nil {
			return Version{}, err
		}
		if id != "" {
			patient = "Patient/" + string(id)
		}
		t.patients[row.Person] = patient
	}
	event, err := t.view.rec.event(row, patient)
	if err != nil {
		return Version{}, err
	}
	b, err := json.Marshal(event)
	if err != nil {
		return Version{}, fmt.Errorf("show audit row %d: %w", row.N, err)
	}
	return Version{Type: auditType, ID: fhir.ID(event.ID), Number: 1, At: row.At, Method: "POST", json: b}, nil
}

// indexTrail readies the audit to be asked about one person. That the disk is
// full must not keep anybody from reading it.
func (v *View) indexTrail(ctx context.Context) error {
	if err := v.rec.store.IndexTrail(ctx); err != nil && fault.KindOf(err) != fault.Unavailable {
		return err
	}
	return nil
}

// searchAudit finds a page of AuditEvents.
func (v *View) searchAudit(n *store.Snap, t *turn) ([]told, error) {
	q := t.query
	if err := auditable(q); err != nil {
		return nil, err
	}
	tr := v.trail(n, access.Search)
	of, err := tr.about(q)
	if err != nil {
		return nil, err
	}
	before := int64(math.MaxInt64)
	if len(t.After) == 8 {
		before = int64(binary.BigEndian.Uint64(t.After))
	}
	t.After = nil
	last := before
	var found []told
	for scanned := 0; ; {
		rows, err := n.AuditRows(of, before, 500)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			before = rows[i].N
			hit, ok, err := tr.match(q, &rows[i])
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
			if len(found) == q.Count {
				t.After = binary.BigEndian.AppendUint64(nil, uint64(last))
				return found, nil
			}
			found, last = append(found, hit), rows[i].N
		}
		if scanned += len(rows); len(rows) == 0 {
			return found, nil
		}
		if scanned >= maxAuditScan {
			return nil, fault.New(fault.TooLarge, "This search would read too much of the audit. Say of whom (patient=) or since when (date=ge…).")
		}
	}
}

// match returns a row as an AuditEvent if it is what the query asks for and the
// subject may see it.
func (t *trail) match(q *search.Query, row *store.AuditEntry) (told, bool, error) {
	reason, ok, err := t.allows(row.Person)
	if err != nil || !ok {
		return told{}, false, err
	}
	v, err := t.show(row)
	if err != nil {
		return told{}, false, err
	}
	doc, err := v.Doc()
	if err != nil {
		return told{}, false, err
	}
	for _, c := range q.Where {
		switch _, ids := c.IDs(); {
		case ids:
			ok = c.MatchID(string(v.ID))
		case c.Param.Code == "_lastUpdated":
			ok = c.MatchTime(v.At.UnixMilli())
		default:
			ok = c.MatchBody(auditType, doc.Root())
		}
		if !ok {
			return told{}, false, nil
		}
	}
	return told{shown: &v, person: row.Person, mode: Match, by: t.filter, reason: reason}, true, nil
}

// about returns whose rows a query is about, nil for everyone's, and refuses
// who must say it and does not.
func (t *trail) about(q *search.Query) ([]store.Person, error) {
	var ids []string
	if q.Compartment != nil {
		ids = append(ids, string(q.Compartment.ID))
	}
	for _, c := range q.Where {
		if places, ok := c.Places(); ok && c.Param.Code == "patient" && len(places) == 1 {
			if id, ok := strings.CutPrefix(places[0], "Patient/"); ok {
				ids = append(ids, id)
			}
		}
	}
	if len(ids) == 0 {
		if t.filter.All(auditNumber) {
			return nil, nil
		}
		return nil, fault.New(fault.Denied, "Say whose audit you ask for: patient=Patient/… .")
	}
	p, ok, err := t.snap.PersonOf(fhir.ID(ids[0]))
	if err != nil || !ok {
		return []store.Person{}, err
	}
	return t.snap.Linked(p)
}

// auditable refuses what a search of the audit does not do.
func auditable(q *search.Query) error {
	for _, c := range q.Where {
		if !c.Plain() {
			return fault.New(fault.Unsupported, "AuditEvents are searched by their own parameters, without chains and _has.")
		}
	}
	if len(q.Include)+len(q.RevInclude) > 0 || q.Total == search.TotalAccurate || q.Summary == search.SummaryCount {
		return fault.New(fault.Unsupported, "AuditEvents are searched without includes and totals.")
	}
	for _, s := range q.Sort {
		if !s.Descending || s.Param.Code != "date" && s.Param.Code != "_lastUpdated" {
			return fault.New(fault.Unsupported, "AuditEvents are given newest first: _sort=-date is the order there is.")
		}
	}
	return nil
}

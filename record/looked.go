package record

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record/access"
	"joinery/record/store"
)

// Look is what somebody did with a person's record, in one go: one visit of a
// page is many lines of the audit, and one Look.
type Look struct {
	At           time.Time // of the last line
	Since        time.Time // of the first
	Name         string    // of who looked; empty for a program
	Role         string    // of access.Roles
	Organisation string    // that they work for, by its name
	OrganisedID  fhir.ID   // the same by its id
	Program      string    // by which they looked
	Purpose      access.Purpose
	Kind         LookKind
	Types        []string // of what was shown or changed, such as Observation
	Count        int      // of what was
	Reason       string   // that was given for an emergency
	Own          bool     // it was the person

	// Only for who answers for information governance: see Alerts.
	Patient fhir.ID
	Flags   []string // in words
}

// LookKind is what was done.
type LookKind uint8

// What can be done with a record.
const (
	DidLook     LookKind = iota // read or found
	DidChange                   // written
	InEmergency                 // looked at under broken glass
)

// WhoLookedQuery asks for some of the looks at a record.
type WhoLookedQuery struct {
	Before string // the Next of the answer before; empty: from the newest
	Count  int    // how many at most; 50 when 0
}

// Looks are some of the looks at a record, the newest first.
type Looks struct {
	Looks []Look
	Next  string // to go on with, empty at the end
}

// Limits of one answer: how many lines it may read, and how far apart those of
// one visit may be.
const (
	looksAtOnce = 50
	linesAtOnce = 5_000
	oneVisit    = 30 * time.Minute
)

// WhoLooked tells who looked at a person's record, or changed it, when and why: to
// the person themselves, and to who may read the audit. What was refused is not
// among it, for it showed nothing. The fault is NotFound for anyone else.
func (v *View) WhoLooked(ctx context.Context, patient fhir.ID, q WhoLookedQuery) (Looks, error) {
	l := line{Interaction: "who-looked", Action: "R"}
	l.name("Patient", patient, 0)
	if err := v.indexTrail(ctx); err != nil {
		return Looks{}, err
	}
	before, err := v.rec.placeOf(q.Before)
	if err != nil {
		return Looks{}, err
	}
	if q.Count <= 0 || q.Count > looksAtOnce {
		q.Count = looksAtOnce
	}
	var out Looks
	var person store.Person
	err = v.rec.store.ViewTrail(ctx, func(n *store.Snap) error {
		p, ok, err := n.PersonOf(patient)
		if err != nil {
			return err
		}
		var reason access.Reason
		if ok {
			reason, ok, err = v.trail(n, access.Read).allows(p)
		}
		if err == nil && !ok {
			err = fault.Wrap(fault.NotFound, "There is no such resource.", store.ErrHidden)
		}
		if err != nil {
			return err
		}
		person = p
		l.rule(reason)
		linked, err := n.Linked(p)
		if err != nil {
			return err
		}
		g := &gathering{view: v, snap: n, names: map[fhir.ID]string{}, most: q.Count}
		out, err = g.gather(before, func(before int64) ([]store.AuditEntry, error) { return n.AuditRows(linked, before, 500) })
		return err
	})
	if err != nil {
		if audit := v.audit(ctx, refusal(l, err)); audit != nil {
			return Looks{}, audit
		}
		return Looks{}, err
	}
	l.Count = len(out.Looks)
	return out, v.disclose(ctx, nil, l, person)
}

// Alerts tells who answers for information governance what they must look at, the
// newest first: broken glass, and looks of staff at themselves, their family or
// their colleagues. The fault is Denied to anyone else.
func (v *View) Alerts(ctx context.Context, q WhoLookedQuery) (Looks, error) {
	l := line{Interaction: "alerts", Action: "R"}
	before, err := v.rec.placeOf(q.Before)
	if err == nil && !v.filter(access.Search).All(auditNumber) {
		err = fault.New(fault.Denied, "This is for who answers for information governance.")
	}
	if err != nil {
		if audit := v.audit(ctx, refusal(l, err)); audit != nil {
			return Looks{}, audit
		}
		return Looks{}, err
	}
	if q.Count <= 0 || q.Count > looksAtOnce {
		q.Count = looksAtOnce
	}
	var out Looks
	err = v.rec.store.ViewTrail(ctx, func(n *store.Snap) error {
		g := &gathering{view: v, snap: n, names: map[fhir.ID]string{}, most: q.Count, alerts: true}
		var err error
		out, err = g.gather(before, func(before int64) ([]store.AuditEntry, error) { return n.AlertRows(before, 500) })
		return err
	})
	if err != nil {
		return Looks{}, err
	}
	l.Count = len(out.Looks)
	return out, v.audit(ctx, l)
}

var errNoPlace = fault.New(fault.Invalid, "There is no such place in the list. Begin with the newest.")

// placeOf returns the line of the audit that a place in a list stands for.
func (r *Record) placeOf(place string) (int64, error) {
	if place == "" {
		return math.MaxInt64, nil
	}
	n, ok := r.unseal(fhir.ID(place))
	if !ok {
		return 0, errNoPlace
	}
	return n, nil
}

// gathering makes looks of lines of the audit.
type gathering struct {
	view   *View
	snap   *store.Snap
	names  map[fhir.ID]string // of organisations
	most   int
	alerts bool // lines are about many, and show whom

	open map[string]int // which look a line may still belong to, by who and why
	out  Looks
}

// gather reads lines, newest first, until there are enough looks.
func (g *gathering) gather(before int64, rows func(before int64) ([]store.AuditEntry, error)) (Looks, error) {
	g.open = map[string]int{}
	for read := 0; ; {
		lines, err := rows(before)
		if err != nil || len(lines) == 0 {
			return g.out, err
		}
		for i := range lines {
			full, err := g.add(&lines[i])
			if err != nil {
				return g.out, err
			}
			if full {
				g.out.Next = string(g.view.rec.seal(before))
				return g.out, nil
			}
			before = lines[i].N
		}
		if read += len(lines); read >= linesAtOnce {
			g.out.Next = string(g.view.rec.seal(before))
			return g.out, nil
		}
	}
}

// add adds a line to the look that it belongs to, or begins one; full when there
// are enough already.
func (g *gathering) add(row *store.AuditEntry) (full bool, err error) {
	var l line
	if err := json.Unmarshal(row.Entry, &l); err != nil {
		return false, fmt.Errorf("read audit row %d: %w", row.N, err)
	}
	if l.Outcome != "" || l.Interaction == "who-looked" && l.Role == access.Patient.String() {
		return false, nil
	}
	k := kindOf(&l)
	key := fmt.Sprintf("%d|%d|%q|%q|%q|%q|%q|%q", k, row.Person, l.Role, l.Name, l.Client, l.Purpose, l.Reason, l.Flags)
	if !g.alerts {
		key = fmt.Sprintf("%d|%q|%q|%q|%q|%q", k, l.Role, l.Name, l.Client, l.Purpose, l.Reason)
	}
	if i, ok := g.open[key]; ok && g.out.Looks[i].Since.Sub(row.At) <= oneVisit {
		g.extend(&g.out.Looks[i], &l, row.At)
		return false, nil
	}
	if len(g.out.Looks) == g.most {
		return true, nil
	}
	look := Look{
		At: row.At, Since: row.At, Name: l.Name, Role: l.Role, OrganisedID: fhir.ID(l.Organisation), Program: l.Client,
		Purpose: access.Purpose(l.Purpose), Kind: k, Reason: l.Reason, Own: l.Role == access.Patient.String(),
	}
	if look.Organisation, err = g.organisation(look.OrganisedID); err != nil {
		return false, err
	}
	if g.alerts {
		for _, f := range l.Flags {
			look.Flags = append(look.Flags, flagged[f])
		}
		if look.Patient, err = g.snap.PatientOf(row.Person); err != nil {
			return false, err
		}
	}
	g.extend(&look, &l, row.At)
	g.open[key] = len(g.out.Looks)
	g.out.Looks = append(g.out.Looks, look)
	return false, nil
}

func (g *gathering) extend(look *Look, l *line, at time.Time) {
	look.Since = at
	look.Count += max(l.Count, len(l.What))
	for _, what := range l.What {
		typ, _, _ := strings.Cut(what, "/")
		if !slices.Contains(look.Types, typ) {
			look.Types = append(look.Types, typ)
		}
	}
	slices.Sort(look.Types)
}

func kindOf(l *line) LookKind {
	switch {
	case l.Reason != "":
		return InEmergency
	case slices.Contains([]string{"C", "U", "D"}, l.Action), l.Interaction == "transaction":
		return DidChange
	}
	return DidLook
}

// organisation returns the name of an organisation, as whoever asks may see it.
func (g *gathering) organisation(id fhir.ID) (string, error) {
	if id == "" {
		return "", nil
	}
	if name, ok := g.names[id]; ok {
		return name, nil
	}
	name := ""
	if v, err := g.snap.Get(g.view.filter(access.Read), "Organization", id); err == nil {
		doc, err := fhir.Parse(v.JSON())
		if err != nil {
			return "", fmt.Errorf("read the name of an organisation: %w", err)
		}
		name = doc.Root().Get("name").Text()
	}
	g.names[id] = name
	return name, nil
}

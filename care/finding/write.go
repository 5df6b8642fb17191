package finding

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
	"joinery/record/access"
)

// batch is how many findings are written in one transaction.
const batch = 100

// change is what one finding takes: the person's assessment and their Group.
type change struct {
	ops [2]record.Op
	key int64
}

// write brings the record up to what was found. What the record says already is
// not written again: it is read now, since what was asked may be older. It
// returns the keys of those whose findings somebody else changed at that very
// moment, who are to be looked at again.
func (f *Finder) write(ctx context.Context, all []finding) (again map[int64]bool, err error) {
	changes, err := f.changes(ctx, all)
	if err != nil {
		return nil, err
	}
	if f.before != nil {
		if err := f.before(); err != nil {
			return nil, err
		}
	}
	again = map[int64]bool{}
	for some := range slices.Chunk(changes, batch) {
		if err := f.transact(ctx, some, again); err != nil {
			return nil, err
		}
	}
	return again, nil
}

// transact writes findings together; when one of them cannot be written, each by
// itself.
func (f *Finder) transact(ctx context.Context, some []change, again map[int64]bool) error {
	var ops []record.Op
	for i := range some {
		ops = append(ops, some[i].ops[:]...)
	}
	_, err := f.view.Transact(ctx, ops)
	var one *record.OpError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &one):
		return fmt.Errorf("write who was found: %w", err)
	case len(some) > 1:
		for i := range some {
			if err := f.transact(ctx, some[i:i+1], again); err != nil {
				return err
			}
		}
		return nil
	}
	switch fault.KindOf(err) {
	case fault.Conflict, fault.Precondition:
		again[some[0].key] = true
		return nil
	case fault.Invalid, fault.Denied, fault.Gone, fault.NotFound:
		// It would be refused again: it is told, and looked at again with everybody.
		f.opts.Log.ErrorContext(ctx, "a finding cannot be written", slog.String("id", string(ops[0].ID)), slog.Any("error", err))
		return nil
	default:
		return fmt.Errorf("write who was found: %w", err)
	}
}

// changes returns what findings take in the record.
func (f *Finder) changes(ctx context.Context, all []finding) (changes []change, err error) {
	if len(all) == 0 {
		return nil, nil
	}
	which := make([]record.Changed, len(all))
	for i := range all {
		which[i] = record.Changed{Type: "RiskAssessment", ID: all[i].id}
	}
	now, err := f.follower.Now(ctx, which)
	if err != nil {
		return nil, fmt.Errorf("read who was found: %w", err)
	}
	told, err := f.read(ctx, all)
	if err != nil {
		return nil, err
	}
	for i := range all {
		var is current
		if now[i].Doc != nil {
			is, _ = readAssessment(now[i].Doc.Root())
		}
		a := all[i].toBe(&is, told)
		if a == nil {
			continue
		}
		c := change{key: all[i].key}
		for k, body := range []any{a, membership(a, all[i].place)} {
			c.ops[k] = record.Op{Kind: record.Update, Type: [...]string{"RiskAssessment", "Group"}[k], ID: a.ID}
			if c.ops[k].Body, err = docOf(body); err != nil {
				return nil, err
			}
		}
		if v := is.Meta.VersionID; v != "" {
			c.ops[0].IfMatch = `W/"` + v + `"`
		}
		changes = append(changes, c)
	}
	return changes, nil
}

// toBe returns what the record is to say, nil when it says the same already.
func (one *finding) toBe(is *current, told map[string]fhir.Value) *assessment {
	switch {
	case is.place == one.place:
		return nil
	case one.place == "":
		return one.left(is)
	}
	var labels access.Label
	for source := range one.sources() {
		if res, ok := told[source]; ok {
			labels |= access.Labels(res)
		}
	}
	var tags []coding
	person := told["Patient/"+string(one.patient)]
	for tag := range person.Get("meta").Get("tag").Items() {
		if tag.Get("system").Is(testSystem) && tag.Get("code").Is(testCode) {
			tags = append(tags, coding{System: testSystem, Code: testCode, Display: tag.Get("display").Text()})
		}
	}
	return one.entered(labels&^access.Address, tags)
}

// sources yields the resources that the reasons of a finding tell of, and the
// person's Patient.
func (one *finding) sources() func(yield func(string) bool) {
	return func(yield func(string) bool) {
		if one.place == "" || !yield("Patient/"+string(one.patient)) {
			return
		}
		for _, r := range one.reasons {
			for _, e := range r.Found {
				if !yield(e.Source) {
					return
				}
			}
		}
	}
}

// read reads the resources that findings tell of, for their labels.
func (f *Finder) read(ctx context.Context, all []finding) (map[string]fhir.Value, error) {
	told := map[string]fhir.Value{}
	var which []record.Changed
	for i := range all {
		for source := range all[i].sources() {
			typ, id, ok := strings.Cut(source, "/")
			if _, twice := told[source]; ok && !twice {
				told[source] = fhir.Value{}
				which = append(which, record.Changed{Type: typ, ID: fhir.ID(id)})
			}
		}
	}
	now, err := f.follower.Now(ctx, which)
	if err != nil {
		return nil, fmt.Errorf("read what findings tell of: %w", err)
	}
	for i := range now {
		source := now[i].Type + "/" + string(now[i].ID)
		if delete(told, source); now[i].Doc != nil {
			told[source] = now[i].Doc.Root()
		}
	}
	return told, nil
}

// announce writes the Groups of nobody's that stand for the places of the
// definitions, where the record does not have them as they are.
func (f *Finder) announce(ctx context.Context) error {
	var want []*group
	var which []record.Changed
	for _, d := range f.program.Definitions() {
		all, called := Places(d)
		for _, place := range all {
			g := placeGroup(d, place, called[place])
			want, which = append(want, g), append(which, record.Changed{Type: "Group", ID: g.ID})
		}
	}
	now, err := f.follower.Now(ctx, which)
	if err != nil {
		return fmt.Errorf("read which definitions are applied: %w", err)
	}
	var ops []record.Op
	for i, g := range want {
		if now[i].Doc != nil && said(now[i].Doc.Root(), g) {
			continue
		}
		body, err := docOf(g)
		if err != nil {
			return err
		}
		ops = append(ops, record.Op{Kind: record.Update, Type: "Group", ID: g.ID, Body: body})
	}
	if len(ops) == 0 {
		return nil
	}
	if _, err := f.view.Transact(ctx, ops); err != nil {
		return fmt.Errorf("write which definitions are applied: %w", err)
	}
	return nil
}

// said reports whether a Group of the record says what it should.
func said(res fhir.Value, want *group) bool {
	var is group
	if json.Unmarshal(res.Raw(), &is) != nil {
		return false
	}
	is.Meta.VersionID = ""
	return reflect.DeepEqual(&is, want)
}

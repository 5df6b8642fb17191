package applied

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"joinery/care/directory"
	"joinery/care/model"
	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
	"joinery/record/access"
	"joinery/timeline"
)

// Application is a decision to put a version in force.
type Application struct {
	Model    *model.Model
	From     timeline.Day
	Areas    []string // where, by codes of boroughs; none: where the model is for
	Provider string   // who provides it, as "Organization/x"
	Why      string
	At       time.Time // when it is decided
	Seen     *string   // ETag of the decisions by which it was made up; nil: whichever they are
}

// Apply puts a version of a model in force from a day. The fault is Denied to
// whoever is no operator at the desk, Conflict when other decisions stand than were
// seen, and Invalid when the same version is in force on that day already.
func Apply(ctx context.Context, v *record.View, a Application) (*Standing, error) {
	if err := decides(v, a.Why); err != nil {
		return nil, err
	}
	if id, ok := strings.CutPrefix(a.Provider, "Organization/"); !ok || !fhir.ID(id).Valid() {
		return nil, fault.New(fault.Invalid, "Say which organisation provides the model: Organization/x.")
	}
	s, err := standing(ctx, v, a.Model.ID)
	if fault.KindOf(err) == fault.NotFound {
		s, err = &Standing{ID: a.Model.ID}, nil
	}
	if err != nil {
		return nil, err
	}
	if err := s.seen(a.Seen); err != nil {
		return nil, err
	}
	if err := a.where(); err != nil {
		return nil, err
	}
	if s.holds(&a) {
		return nil, fault.New(fault.Invalid, "This version is in force then already.")
	}
	s.Title, s.Area = a.Model.Title, a.Model.Area.Name
	s.Decisions = append(s.Decisions, Decision{Name: a.Model.Name(), Areas: a.Areas, From: a.From, At: a.At, By: v.Subject().Who().Operator, Why: a.Why})
	ops := []record.Op{}
	if _, err := v.Read(ctx, "Library", libraryID(a.Model.Hash)); err != nil {
		kind := fault.KindOf(err)
		if kind != fault.NotFound {
			return nil, fmt.Errorf("apply a model: %w", err)
		}
		op, err := put("Library", libraryID(a.Model.Hash), "", library(a.Model))
		if err != nil {
			return nil, err
		}
		ops = append(ops, op)
	}
	places, err := s.open(ctx, v, a.Model, a.Areas, a.Provider)
	if err != nil {
		return nil, err
	}
	return s.write(ctx, v, append(ops, places...))
}

var areaCode = regexp.MustCompile(`^[EWSN]\d{8}$`)

// where fills in the areas, and refuses those that the model is not for.
func (a *Application) where() error {
	if len(a.Areas) == 0 {
		a.Areas = a.Model.Area.Codes
	}
	a.Areas = slices.Clone(a.Areas)
	slices.Sort(a.Areas)
	a.Areas = slices.Compact(a.Areas)
	for _, area := range a.Areas {
		if !areaCode.MatchString(area) {
			return fault.New(fault.Invalid, "An area is the code of a borough, such as E09000011.")
		}
		if of := a.Model.Area.Codes; len(of) > 0 && !slices.Contains(of, area) {
			return fault.New(fault.Invalid, "The model is not for "+area+". It is for: "+strings.Join(of, ", ")+".")
		}
	}
	return nil
}

// holds reports whether a version is in force already wherever it is to be.
func (s *Standing) holds(a *Application) bool {
	if len(a.Areas) == 0 {
		return len(s.Decisions) > 0 && len(s.Areas()) == 0 && s.On(a.From) == a.Model.Name()
	}
	return !slices.ContainsFunc(a.Areas, func(area string) bool { return s.In(area, a.From) != a.Model.Name() })
}

// open returns the writing of the services by which a model's sites are reached in
// some areas. A service that is for other areas too stays theirs, without these.
func (s *Standing) open(ctx context.Context, v *record.View, m *model.Model, areas []string, provider string) ([]record.Op, error) {
	var ops []record.Op
	for i := range m.Sites {
		id, narrowed, err := s.place(ctx, v, siteID(m.ID, m.Sites[i].ID), areas)
		if err != nil {
			return nil, err
		}
		ops = append(ops, narrowed...)
		for _, x := range []struct {
			typ  string
			body map[string]any
		}{{"HealthcareService", service(m, &m.Sites[i], id, areas, provider)}, {"Location", location(&m.Sites[i], provider)}} {
			op, err := put(x.typ, id, "", x.body)
			if err != nil {
				return nil, err
			}
			ops = append(ops, op)
		}
		if !slices.Contains(s.Services, string(id)) {
			s.Services = append(s.Services, string(id))
		}
	}
	return ops, nil
}

var areaEnding = regexp.MustCompile(`^-[ewsn]\d{8}$`)

// place returns the id of the service by which a site is reached in some areas: one
// that is for none but these, or a new one. It returns too what takes these areas
// from the site's other services.
func (s *Standing) place(ctx context.Context, v *record.View, site fhir.ID, areas []string) (id fhir.ID, narrowed []record.Op, err error) {
	for _, one := range s.Services {
		ending, of := strings.CutPrefix(one, string(site))
		if !of || ending != "" && !areaEnding.MatchString(ending) {
			continue
		}
		was, err := directory.Find(ctx, v, fhir.ID(one))
		if err != nil {
			return "", nil, err //nolint:wrapcheck // it says what it was doing
		}
		left := slices.DeleteFunc(slices.Clone(was.Areas), func(a string) bool { return slices.Contains(areas, a) })
		alone := len(areas) == 0 || len(was.Areas) > 0 && len(left) == 0
		switch {
		case alone && id == "":
			id = fhir.ID(one)
		case alone || len(left) < len(was.Areas):
			op, err := narrow(ctx, v, fhir.ID(one), areas, alone)
			if err != nil {
				return "", nil, err
			}
			narrowed = append(narrowed, op)
		}
	}
	for _, ending := range append([]string{""}, areas...) {
		if ending != "" {
			ending = "-" + strings.ToLower(ending)
		}
		if id == "" && !slices.Contains(s.Services, string(site)+ending) {
			id = site + fhir.ID(ending)
		}
	}
	if id == "" {
		return "", nil, fault.New(fault.Invalid, "Each of these areas has a service of this site for other areas too: put the version in force for one area at a time.")
	}
	return id, narrowed, nil
}

// narrow takes areas out of those of a service; one that has none left is closed.
func narrow(ctx context.Context, v *record.View, id fhir.ID, areas []string, closed bool) (record.Op, error) {
	version, err := v.Read(ctx, "HealthcareService", id)
	if err != nil {
		return record.Op{}, fmt.Errorf("narrow a service: %w", err)
	}
	var body map[string]any
	if err := json.Unmarshal(version.JSON(), &body); err != nil {
		return record.Op{}, fmt.Errorf("narrow a service: %w", err)
	}
	delete(body, "meta")
	if closed {
		body["active"] = false
		return put("HealthcareService", id, version.ETag(), body)
	}
	all, _ := body["characteristic"].([]any)
	for _, c := range all {
		concept, _ := c.(map[string]any)
		codings, _ := concept["coding"].([]any)
		concept["coding"] = slices.DeleteFunc(codings, func(x any) bool {
			coding, _ := x.(map[string]any)
			code, _ := coding["code"].(string)
			return coding["system"] == directory.AreaSystem && slices.Contains(areas, code)
		})
	}
	return put("HealthcareService", id, version.ETag(), body)
}

// seen refuses what was made up by other decisions than stand now.
func (s *Standing) seen(etag *string) error {
	if etag != nil && *etag != s.etag {
		return fault.New(fault.Conflict, "Somebody decided about this model since you looked at it. Nothing was done. Look at it again.")
	}
	return nil
}

// Reversal is a decision to go back to an earlier version.
type Reversal struct {
	ID    string
	To    string   // id|version|hash of the version; empty: the one before the last decision
	Areas []string // where, by codes of boroughs; none: where the last decision was for
	From  timeline.Day
	Why   string
	At    time.Time
	Seen  *string // as of an Application
}

// Rollback puts an earlier version in force again. The faults are those of Apply,
// and Invalid when there is no such version.
func Rollback(ctx context.Context, v *record.View, r Reversal) (*Standing, error) {
	if err := decides(v, r.Why); err != nil {
		return nil, err
	}
	s, err := standing(ctx, v, r.ID)
	if err != nil {
		return nil, err
	}
	if err := s.seen(r.Seen); err != nil {
		return nil, err
	}
	back, err := s.Back(r.To, r.Areas, r.From)
	if err != nil {
		return nil, err
	}
	back.At, back.By, back.Why = r.At, v.Subject().Who().Operator, r.Why
	s.Decisions = append(s.Decisions, *back)
	m, err := Named(ctx, v, back.Name)
	if err != nil {
		return nil, err
	}
	s.Title, s.Area = m.Title, m.Area.Name
	provider, err := s.provider(ctx, v)
	if err != nil {
		return nil, err
	}
	ops, err := s.open(ctx, v, m, back.Areas, provider)
	if err != nil {
		return nil, err
	}
	return s.write(ctx, v, ops)
}

// Back returns what would go back, decided by nobody yet: to a version that was
// decided on earlier or, of "", to the one before the last decision; in areas or,
// of none, where the last decision was for; from a day, or from when the last
// decision is to hold. The fault is Invalid when there is nothing to go back to.
func (s *Standing) Back(to string, areas []string, from timeline.Day) (*Decision, error) {
	last := len(s.Decisions) - 1
	for last >= 0 && len(areas) > 0 && !slices.ContainsFunc(areas, s.Decisions[last].covers) {
		last--
	}
	none := fault.New(fault.Invalid, "There is no earlier version of this model to go back to.")
	if last < 1 {
		return nil, none
	}
	if len(areas) == 0 {
		areas = s.Decisions[last].Areas
	}
	back := &Decision{Areas: areas, From: max(from, s.Decisions[last].From)}
	switch {
	case to != "":
		return back, s.again(back, to, last)
	case len(areas) == 0:
		back.Name = s.Decisions[last-1].Name
		return back, nil
	}
	for _, area := range areas {
		switch name := in(s.Decisions[:last], area, s.Decisions[last].From); {
		case name == "":
			return nil, none
		case back.Name != "" && back.Name != name:
			return nil, fault.New(fault.Invalid, "These areas had different versions before: go back in one after the other.")
		default:
			back.Name = name
		}
	}
	return back, nil
}

// again fills in a version that was decided on before. It must have been so wherever
// it is to hold, and be another than holds there.
func (s *Standing) again(back *Decision, to string, last int) error {
	was := func(area string) bool {
		return slices.ContainsFunc(s.Decisions[:last+1], func(d Decision) bool { return d.Name == to && (area == "" || d.covers(area)) })
	}
	areas := back.Areas
	if len(areas) == 0 {
		areas = []string{""}
	}
	if slices.ContainsFunc(areas, func(area string) bool { return !was(area) }) {
		return fault.New(fault.Invalid, "That version was never in force there. Choose one that was, or areas where it was.")
	}
	if !slices.ContainsFunc(areas, func(area string) bool { return s.In(area, back.From) != to }) {
		return fault.New(fault.Invalid, "This version is in force then already.")
	}
	back.Name = to
	return nil
}

// provider returns who provides the model's services.
func (s *Standing) provider(ctx context.Context, v *record.View) (string, error) {
	if len(s.Services) == 0 {
		return "", fault.New(fault.Invalid, "This model has no services.")
	}
	was, err := directory.Find(ctx, v, fhir.ID(s.Services[len(s.Services)-1]))
	if err != nil {
		return "", err //nolint:wrapcheck // it says what it was doing
	}
	return was.Organization, nil
}

func decides(v *record.View, why string) error {
	if v.Subject().Role() != access.System || v.Subject().Who().Operator == "" {
		return fault.New(fault.Denied, "Models are put in force by an operator with the joinery command.")
	}
	if strings.TrimSpace(why) == "" {
		return fault.New(fault.Invalid, "Say why, and who decided it: it is kept with the model.")
	}
	return nil
}

// Package applied keeps which models of care are in force, in the record itself:
// their canonical bytes and hash as a Library, and for each model a PlanDefinition
// that says which version holds from which day, where, and who decided it.
//
//	err := applied.Apply(ctx, view, applied.Application{Model: m, From: day, …})
//	m, err := applied.Find(ctx, view, "falls-response-car", today)
//
// Every node loads a model from here and never from a disk, so that all run the
// same bytes. A Library never changes: its id is its hash. Nothing is taken out of
// a PlanDefinition's list either: to roll back is one more decision, which names an
// earlier version. Which version holds follows from the list and the day alone, so
// a version may be put in force ahead of time and no job has to run on the day.
// Whoever is in a model stays on the version that they began with: their episode
// names it (care/workflow), and Named loads it.
//
// A decision is for areas (codes of boroughs): a version may hold in some and another
// elsewhere, and later in more. In an area that version holds whose decision for it
// came last. Each site is a service; where areas have different versions, they have
// services of their own.
//
// Only an operator at the desk decides; what they do is in the audit. Applying also
// writes the HealthcareServices by which the model's sites are reached, with who
// may refer, which standards hold and how many they can take (care/directory).
package applied

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"joinery/care/directory"
	"joinery/care/model"
	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
	"joinery/record/search"
	"joinery/timeline"
)

// Decision is one line of a model's list: which version, where, from when, by whom.
type Decision struct {
	Name  string   // id|version|hash
	Areas []string // codes of boroughs; none: everywhere
	From  timeline.Day
	At    time.Time
	By    string
	Why   string
}

// covers reports whether a decision is about an area.
func (d *Decision) covers(area string) bool {
	return len(d.Areas) == 0 || slices.Contains(d.Areas, area)
}

// Standing is a model and the decisions about it, oldest first.
type Standing struct {
	ID        string
	Title     string
	Area      string
	Decisions []Decision
	Services  []string // HealthcareServices by which its sites are reached

	etag string
}

// ETag names the decisions as they stand: it is another after each. Empty when
// nobody decided yet.
func (s *Standing) ETag() string { return s.etag }

// On returns the name of the version that was last decided on and is in force on a
// day, wherever; empty when none is.
func (s *Standing) On(day timeline.Day) string {
	name := ""
	for _, d := range s.Decisions {
		if d.From <= day {
			name = d.Name
		}
	}
	return name
}

// In returns the name of the version in force in an area on a day, empty when none
// is: that of the last decision about it which holds from then or before. The area
// "" is that of a service that says none: of decisions for everywhere, if there are
// any.
func (s *Standing) In(area string, day timeline.Day) string {
	if area != "" {
		return in(s.Decisions, area, day)
	}
	name := ""
	for _, d := range s.Decisions {
		if d.From <= day && len(d.Areas) == 0 {
			name = d.Name
		}
	}
	return cmp.Or(name, s.On(day))
}

func in(decisions []Decision, area string, day timeline.Day) string {
	name := ""
	for i := range decisions {
		if d := &decisions[i]; d.From <= day && d.covers(area) {
			name = d.Name
		}
	}
	return name
}

// Areas returns the codes of all areas that were decided on, sorted; none when all
// decisions are for everywhere.
func (s *Standing) Areas() []string {
	var out []string
	for _, d := range s.Decisions {
		out = append(out, d.Areas...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Versions returns the names of the versions in force on a day, in any area.
func (s *Standing) Versions(day timeline.Day) []string {
	var out []string
	for _, area := range s.Areas() {
		if name := s.In(area, day); name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	if name := s.On(day); name != "" && !slices.Contains(out, name) && len(out) == 0 {
		out = append(out, name)
	}
	return out
}

const (
	urlPrefix   = "urn:joinery:model:"
	decisionURL = "urn:joinery:decision"
	serviceURL  = "urn:joinery:service"
)

func planID(id string) fhir.ID { return fhir.ID("model-" + id) }

// libraryID names the Library of a hash; the hash is the model's content.
func libraryID(hash string) fhir.ID { return fhir.ID("model-" + hash[:min(len(hash), 48)]) }

// write writes the list, and with it what goes along.
func (s *Standing) write(ctx context.Context, v *record.View, ops []record.Op) (*Standing, error) {
	op, err := put("PlanDefinition", planID(s.ID), s.etag, s.plan())
	if err != nil {
		return nil, err
	}
	done, err := v.Transact(ctx, append(ops, op))
	if err != nil {
		return nil, fmt.Errorf("put a model in force: %w", err)
	}
	s.etag = done[len(done)-1].Version.ETag()
	return s, nil
}

func put(typ string, id fhir.ID, etag string, body map[string]any) (record.Op, error) {
	body["resourceType"], body["id"] = typ, string(id)
	raw, err := json.Marshal(body)
	if err != nil {
		return record.Op{}, fmt.Errorf("write a %s: %w", typ, err)
	}
	doc, err := fhir.Parse(raw)
	if err != nil {
		return record.Op{}, fmt.Errorf("write a %s: %w", typ, err)
	}
	return record.Op{Kind: record.Update, Type: typ, ID: id, Body: doc, IfMatch: etag}, nil
}

func library(m *model.Model) map[string]any {
	return map[string]any{
		"url": urlPrefix + m.ID, "version": m.Version, "name": m.ID, "title": m.Title, "status": "active",
		"type":       map[string]any{"coding": []any{map[string]any{"system": "http://terminology.hl7.org/CodeSystem/library-type", "code": "logic-library"}}},
		"identifier": []any{map[string]any{"system": "urn:joinery:hash", "value": m.Hash}},
		"content":    []any{map[string]any{"contentType": "application/json", "data": base64.StdEncoding.EncodeToString(m.Canonical())}},
	}
}

func (s *Standing) plan() map[string]any {
	last := s.Decisions[len(s.Decisions)-1]
	_, rest, _ := strings.Cut(last.Name, "|")
	version, _, _ := strings.Cut(rest, "|")
	var extensions []any
	for _, d := range s.Decisions {
		parts := []any{
			map[string]any{"url": "model", "valueString": d.Name},
			map[string]any{"url": "from", "valueDate": d.From.String()},
			map[string]any{"url": "at", "valueInstant": d.At.UTC().Format("2006-01-02T15:04:05.000Z")},
			map[string]any{"url": "by", "valueString": d.By},
			map[string]any{"url": "why", "valueString": d.Why},
		}
		for _, area := range d.Areas {
			parts = append(parts, map[string]any{"url": "area", "valueString": area})
		}
		extensions = append(extensions, map[string]any{"url": decisionURL, "extension": parts})
	}
	for _, id := range s.Services {
		extensions = append(extensions, map[string]any{"url": serviceURL, "valueReference": map[string]any{"reference": "HealthcareService/" + id}})
	}
	return map[string]any{
		"extension": extensions, "url": urlPrefix + s.ID, "version": version, "name": s.ID, "title": s.Title, "status": "active",
		"type":            map[string]any{"coding": []any{map[string]any{"system": "http://terminology.hl7.org/CodeSystem/plan-definition-type", "code": "workflow-definition"}}},
		"useContext":      s.venues(),
		"effectivePeriod": map[string]any{"start": last.From.String()},
		"library":         []any{urlPrefix + s.ID + "|" + version},
	}
}

// venues are where the model is in use.
func (s *Standing) venues() []any {
	venue := func(text string) any {
		return map[string]any{"code": map[string]any{"system": "http://terminology.hl7.org/CodeSystem/usage-context-type", "code": "venue"}, "valueCodeableConcept": map[string]any{"text": text}}
	}
	out := []any{venue(s.Area)}
	for _, area := range s.Areas() {
		out = append(out, venue(area))
	}
	return out
}

func siteID(model, site string) fhir.ID { return fhir.ID("model-" + model + "-" + site) }

// service returns the HealthcareService by which a site of a model is reached.
func service(m *model.Model, site *model.Site, id fhir.ID, areas []string, provider string) map[string]any {
	code := func(system, code string) map[string]any { return map[string]any{"system": system, "code": code} }
	codings := []any{code("urn:joinery:model", m.ID)}
	seen := map[string]bool{}
	for _, r := range m.Referrers {
		if !seen[string(r.From)] {
			seen[string(r.From)] = true
			codings = append(codings, code(directory.ReferrerSystem, string(r.From)))
		}
	}
	for _, area := range areas {
		codings = append(codings, code(directory.AreaSystem, area))
	}
	if m.NoSelf == "" && !seen["person"] {
		codings = append(codings, code(directory.ReferrerSystem, "person"))
	}
	capacity := []any{}
	for _, c := range []struct {
		url string
		n   int
	}{{"starts-a-week", site.Starts}, {"at-once", site.AtOnce}} {
		if c.n > 0 {
			capacity = append(capacity, map[string]any{"url": c.url, "valuePositiveInt": c.n})
		}
	}
	body := map[string]any{
		"active": true, "location": []any{map[string]any{"reference": "Location/" + string(id)}}, "name": m.Title + ", " + site.Title, "providedBy": map[string]any{"reference": provider},
		"characteristic": []any{map[string]any{"coding": codings}}, "comment": m.Residents,
		"availableTime": []any{openTimes(&site.Open)},
	}
	if site.Open.Working {
		body["notAvailable"] = []any{map[string]any{"description": "Bank holidays of England"}}
	}
	if len(capacity) > 0 {
		body["extension"] = []any{map[string]any{"url": directory.CapacityURL, "extension": capacity}}
	}
	return body
}

// location returns the Location of a site, by which lists of one site are asked for.
func location(site *model.Site, provider string) map[string]any {
	return map[string]any{"status": "active", "name": site.Title, "mode": "instance", "managingOrganization": map[string]any{"reference": provider}}
}

func openTimes(h *model.Hours) map[string]any {
	names := []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	var days []string
	for i, open := range h.Days {
		if open {
			days = append(days, names[i])
		}
	}
	out := map[string]any{"daysOfWeek": days}
	if h.From == 0 && h.To >= 1440 {
		out["allDay"] = true
		return out
	}
	at := func(minute int) string { return fmt.Sprintf("%02d:%02d:00", minute/60, minute%60) }
	out["availableStartTime"], out["availableEndTime"] = at(h.From), at(min(h.To, 1439))
	return out
}

// standing reads a model's list. The fault is NotFound when nobody applied it.
func standing(ctx context.Context, v *record.View, id string) (*Standing, error) {
	if !planID(id).Valid() {
		return nil, fault.New(fault.NotFound, "There is no model of care of this name in force.")
	}
	version, err := v.Read(ctx, "PlanDefinition", planID(id))
	if fault.KindOf(err) == fault.NotFound {
		return nil, fault.Wrap(fault.NotFound, "There is no model of care of this name in force.", err)
	}
	if err != nil {
		return nil, fmt.Errorf("look up a model: %w", err)
	}
	doc, err := version.Doc()
	if err != nil {
		return nil, fmt.Errorf("look up a model: %w", err)
	}
	return read(doc.Root(), version.ETag()), nil
}

func read(res fhir.Value, etag string) *Standing {
	s := &Standing{ID: res.Get("name").Text(), Title: res.Get("title").Text(), etag: etag}
	s.Area = res.At("useContext", "valueCodeableConcept", "text").Text()
	for e := range res.Get("extension").Items() {
		switch e.Get("url").Text() {
		case decisionURL:
			var d Decision
			for part := range e.Get("extension").Items() {
				switch part.Get("url").Text() {
				case "model":
					d.Name = part.Get("valueString").Text()
				case "from":
					d.From, _ = timeline.ParseDay(part.Get("valueDate").Text())
				case "at":
					d.At, _ = time.Parse(time.RFC3339, part.Get("valueInstant").Text())
				case "by":
					d.By = part.Get("valueString").Text()
				case "area":
					d.Areas = append(d.Areas, part.Get("valueString").Text())
				case "why":
					d.Why = part.Get("valueString").Text()
				}
			}
			s.Decisions = append(s.Decisions, d)
		case serviceURL:
			s.Services = append(s.Services, strings.TrimPrefix(e.At("valueReference", "reference").Text(), "HealthcareService/"))
		}
	}
	return s
}

// All returns how it stands with every model that anybody applied, by id.
func All(ctx context.Context, v *record.View) ([]*Standing, error) {
	q, err := search.Parse("PlanDefinition", []search.Pair{{Name: "type", Value: "http://terminology.hl7.org/CodeSystem/plan-definition-type|workflow-definition"}, {Name: "_count", Value: "1000"}}, search.Options{Strict: true})
	if err != nil {
		return nil, fmt.Errorf("list models: %w", err)
	}
	page, err := v.Search(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("list models: %w", err)
	}
	var out []*Standing
	for i := range page.Entries {
		version := &page.Entries[i].Version
		doc, err := version.Doc()
		if err != nil {
			return nil, fmt.Errorf("list models: %w", err)
		}
		if s := read(doc.Root(), version.ETag()); version.ID == planID(s.ID) {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b *Standing) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}

// Status returns how it stands with a model. The fault is NotFound when nobody
// applied it.
func Status(ctx context.Context, v *record.View, id string) (*Standing, error) {
	return standing(ctx, v, id)
}

// Running returns the versions of all models that are in force on a day, in any
// area, by their ids.
func Running(ctx context.Context, v *record.View, day timeline.Day) ([]*model.Model, error) {
	all, err := All(ctx, v)
	if err != nil {
		return nil, err
	}
	var out []*model.Model
	for _, s := range all {
		for _, name := range s.Versions(day) {
			m, err := Named(ctx, v, name)
			if err != nil {
				return nil, err
			}
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b *model.Model) int { return strings.Compare(a.Name(), b.Name()) })
	return out, nil
}

// Find returns the model in force on a day: of several versions in different areas,
// the one that was last decided on. The fault is NotFound when none is.
func Find(ctx context.Context, v *record.View, id string, day timeline.Day) (*model.Model, error) {
	s, err := standing(ctx, v, id)
	if err != nil {
		return nil, err
	}
	return force(ctx, v, s.On(day))
}

// FindIn returns the model in force in an area on a day, "" for a service that says
// none. The fault is NotFound when
// none is.
func FindIn(ctx context.Context, v *record.View, id, area string, day timeline.Day) (*model.Model, error) {
	s, err := standing(ctx, v, id)
	if err != nil {
		return nil, err
	}
	return force(ctx, v, s.In(area, day))
}

func force(ctx context.Context, v *record.View, name string) (*model.Model, error) {
	if name == "" {
		return nil, fault.New(fault.NotFound, "This model of care is not in force yet.")
	}
	return Named(ctx, v, name)
}

// Named returns the model of a name, id|version|hash, in force or not: the one
// that an episode holds to. Its bytes are held to the hash.
func Named(ctx context.Context, v *record.View, name string) (*model.Model, error) {
	parts := strings.Split(name, "|")
	if len(parts) != 3 || !libraryID(parts[2]).Valid() {
		return nil, fault.New(fault.Invalid, "A model is named by its id, version and hash.")
	}
	version, err := v.Read(ctx, "Library", libraryID(parts[2]))
	if err != nil {
		return nil, fmt.Errorf("load a model: %w", err)
	}
	doc, err := version.Doc()
	if err != nil {
		return nil, fmt.Errorf("load a model: %w", err)
	}
	data, err := base64.StdEncoding.DecodeString(doc.Root().At("content", "data").Text())
	if err != nil {
		return nil, fmt.Errorf("load a model: %w", err)
	}
	sum := sha256.Sum256(data)
	if known, ok := loaded.Load(sum); ok && known.(*model.Model).Name() == name {
		return known.(*model.Model), nil
	}
	m, err := model.ReadCanonical(data)
	if err != nil {
		return nil, fmt.Errorf("load a model: %w", err)
	}
	if m.Name() != name {
		return nil, fmt.Errorf("the model kept as %s is %s", name, m.Name())
	}
	loaded.Store(sum, m)
	return m, nil
}

// loaded are the models that were read, by the sum of their bytes: a version never
// changes, and reading it takes longer than a move may. The bytes are read from the
// record each time all the same, with the rights of whoever asks.
var loaded sync.Map

package pages

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"joinery/fhir"
	"joinery/record"
	"joinery/record/search"
)

// sheaf is what the record holds of one person, as far as whoever is signed in may
// see it: the newest first.
type sheaf struct {
	patient  fhir.Value
	id       fhir.ID
	etag     string
	of       map[string][]leaf // by type
	names    map[string]string // of those that resources refer to
	more     bool              // there is more than is shown
	readAt   time.Time
	newSince time.Time // what came after it is new to whoever looks; zero: they look for the first time
}

// leaf is one resource of a sheaf.
type leaf struct {
	fhir.Value
	typ    string
	id     fhir.ID
	etag   string
	stored time.Time // when it came into the record, or was last changed
	on     dated     // when it was, by the resource itself
}

// gathered is how many resources of a person are worked through for one page.
const gathered = 4000

// gather reads a person and the resources of some types that are theirs. The fault
// is NotFound when there is no such person, or not for whoever asks.
func (c *call) gather(id fhir.ID, types ...string) (*sheaf, error) {
	patient, err := c.view.Read(c.ctx, "Patient", id)
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	doc, err := patient.Doc()
	if err != nil {
		return nil, fmt.Errorf("read a person: %w", err)
	}
	s := c.sheafOf(id)
	s.patient, s.etag = doc.Root(), patient.ETag()
	return s, c.fill(s, types)
}

func (c *call) sheafOf(id fhir.ID) *sheaf {
	return &sheaf{id: id, of: map[string][]leaf{}, names: map[string]string{}, readAt: c.now()}
}

// fill reads the resources of some types that are a person's.
func (c *call) fill(s *sheaf, types []string) error {
	q, err := search.ParseCompartment("Patient", s.id, "", pairs([]string{"_type", strings.Join(types, ","), "_count", "1000"}), search.Options{Strict: true, Now: c.now()})
	if err != nil {
		return fmt.Errorf("gather: %w", err)
	}
	found, err := c.view.Search(c.ctx, q)
	for n := 0; ; {
		if err != nil {
			return fmt.Errorf("gather: %w", err)
		}
		for i := range found.Entries {
			if found.Entries[i].Mode == record.Match {
				if err := s.add(&found.Entries[i].Version); err != nil {
					return err
				}
			}
		}
		if n += len(found.Entries); found.Next == "" {
			break
		}
		if n >= gathered {
			s.more = true
			break
		}
		found, err = c.view.Next(c.ctx, found.Next)
	}
	for _, leaves := range s.of {
		slices.SortStableFunc(leaves, func(a, b leaf) int {
			return cmp.Or(b.on.Compare(a.on.Time), strings.Compare(string(a.id), string(b.id)))
		})
	}
	return c.nameAll(s)
}

func (s *sheaf) add(v *record.Version) error {
	doc, err := v.Doc()
	if err != nil {
		return fmt.Errorf("gather: %w", err)
	}
	l := leaf{Value: doc.Root(), typ: v.Type, id: v.ID, etag: v.ETag(), stored: v.At}
	l.on = when(l.Value)
	s.of[v.Type] = append(s.of[v.Type], l)
	return nil
}

// whens are the elements that say when a resource was, the best first.
var whens = [][]string{
	{"effectiveDateTime"},
	{"effectivePeriod", "start"},
	{"occurrenceDateTime"},
	{"performedDateTime"},
	{"performedPeriod", "start"},
	{"onsetDateTime"},
	{"period", "start"},
	{"authoredOn"},
	{"start"},
	{"recordedDate"},
	{"date"},
	{"issued"},
	{"dateTime"},
	{"sent"},
	{"authored"},
}

func when(v fhir.Value) dated {
	for _, path := range whens {
		if text := v.At(path...).Text(); text != "" {
			return datedOf(text)
		}
	}
	return dated{}
}

// dated is a moment as exactly as it was written: what was written as a year is not
// shown as its first day.
type dated struct {
	time.Time
	layout string // of what was written, when that is less than a day
}

func datedOf(text string) dated {
	at, _ := moment(text)
	switch len(text) {
	case len("2006"):
		return dated{at, "2006"}
	case len("2006-01"):
		return dated{at, "Jan-2006"}
	}
	return dated{at, ""}
}

// moment reads a FHIR date or instant; the zero time when it is none.
func moment(text string) (at time.Time, day bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02", "2006-01", "2006"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, layout != time.RFC3339
		}
	}
	return time.Time{}, false
}

// referring are the elements that say who made or did something.
var referring = [][]string{
	{"performer"},
	{"performer", "actor"},
	{"recorder"},
	{"requester"},
	{"author"},
	{"serviceProvider"},
	{"managingOrganization"},
	{"careManager"},
	{"participant", "member"},
	{"participant", "individual"},
	{"asserter"},
	{"custodian"},
	{"owner"},
}

// nameAll looks up the names of organisations and people that the sheaf refers to,
// in one search a type.
func (c *call) nameAll(s *sheaf) error {
	wanted := map[string][]string{}
	note := func(ref string) {
		typ, id, ok := strings.Cut(ref, "/")
		if !ok || !slices.Contains([]string{"Organization", "Practitioner", "HealthcareService", "PractitionerRole", "Location"}, typ) {
			return
		}
		if _, known := s.names[ref]; !known && fhir.ID(id).Valid() {
			s.names[ref] = ""
			wanted[typ] = append(wanted[typ], id)
		}
	}
	for gp := range s.patient.Get("generalPractitioner").Items() {
		note(gp.Get("reference").Text())
	}
	for _, leaves := range s.of {
		for _, l := range leaves {
			for _, path := range referring {
				for one := range l.Get(path[0]).Items() {
					note(one.At(append(slices.Clone(path[1:]), "reference")...).Text())
				}
			}
		}
	}
	return c.lookUp(s.names, wanted)
}

// lookUp fills names in, by reference.
func (c *call) lookUp(names map[string]string, wanted map[string][]string) error {
	for typ, ids := range wanted {
		for batch := range slices.Chunk(ids, 200) {
			found, err := c.search(typ, "_id", strings.Join(batch, ","), "_count", "1000")
			if err != nil {
				return err
			}
			for i := range found.Entries {
				doc, err := found.Entries[i].Version.Doc()
				if err != nil {
					return fmt.Errorf("look up names: %w", err)
				}
				names[typ+"/"+string(found.Entries[i].Version.ID)] = nameOf(doc.Root())
			}
		}
	}
	return nil
}

// nameOf returns the name of an organisation, a service, a place or a person.
func nameOf(v fhir.Value) string {
	if name := v.Get("name"); name.Kind() == fhir.String {
		return strings.TrimSuffix(name.Text(), " (synthetic)")
	}
	return humanName(v)
}

// humanName returns a person's usual name, given name first.
func humanName(v fhir.Value) string {
	n := officialName(v)
	if text := n.Get("text").Text(); text != "" {
		return text
	}
	parts := []string{n.Get("prefix").Item(0).Text()}
	for g := range n.Get("given").Items() {
		parts = append(parts, g.Text())
	}
	return strings.Join(strings.Fields(strings.Join(append(parts, n.Get("family").Text()), " ")), " ")
}

// officialName returns the name to be called by: the official one, or else the
// first that is not old.
func officialName(v fhir.Value) fhir.Value {
	var first fhir.Value
	for n := range v.Get("name").Items() {
		switch use := n.Get("use").Text(); {
		case use == "official":
			return n
		case use != "old" && use != "nickname" && !first.Exists():
			first = n
		}
	}
	if !first.Exists() {
		first = v.Get("name").Item(0)
	}
	return first
}

// concept returns the words of a CodeableConcept.
func concept(v fhir.Value) string {
	if text := v.Get("text").Text(); text != "" {
		return text
	}
	for c := range v.Get("coding").Items() {
		if display := c.Get("display").Text(); display != "" {
			return display
		}
	}
	if code := v.Get("coding").Item(0).Get("code").Text(); code != "" {
		return "code " + code
	}
	return ""
}

// source names whoever a resource came from; empty when it does not say.
func (s *sheaf) source(l leaf) string {
	for _, path := range referring {
		for one := range l.Get(path[0]).Items() {
			ref := one
			if len(path) > 1 {
				ref = one.At(path[1:]...)
			}
			if name := s.names[ref.Get("reference").Text()]; name != "" {
				return name
			}
			if name := ref.Get("display").Text(); name != "" {
				return name
			}
		}
	}
	return ""
}

// sources names everyone whom resources came from, each once, by name.
func (s *sheaf) sources(leaves []leaf) []string {
	var out []string
	for _, l := range leaves {
		if name := s.source(l); name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// asOf is when the newest of some resources came into the record.
func asOf(leaves []leaf) time.Time {
	var newest time.Time
	for _, l := range leaves {
		if l.stored.After(newest) {
			newest = l.stored
		}
	}
	return newest
}

// status returns the code of a resource's status, wherever it stands.
func (l leaf) status() string {
	if s := l.Get("status").Text(); s != "" {
		return s
	}
	return l.At("clinicalStatus", "coding", "code").Text()
}

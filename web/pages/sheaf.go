package pages

import (
	"cmp"
	"fmt"
	"maps"
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
	patient   fhir.Value
	id        fhir.ID
	etag      string
	of        map[string][]leaf // by type
	read      []string          // the types that were asked for
	names     map[string]string // of those that resources refer to
	worksFor  map[string]string // which organisation a practitioner works for, where it is one
	contactOf map[string]string // which organisation's an Encounter was
	more      bool              // there is more than is shown
	readAt    time.Time
	changed   time.Time // when the Patient itself last did
	newSince  time.Time // what came after it is new to whoever looks; zero: they look for the first time
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
	s.patient, s.etag, s.changed = doc.Root(), patient.ETag(), patient.At
	return s, c.fill(s, types)
}

func (c *call) sheafOf(id fhir.ID) *sheaf {
	return &sheaf{id: id, of: map[string][]leaf{}, names: map[string]string{}, worksFor: map[string]string{}, contactOf: map[string]string{}, readAt: c.now()}
}

// fill reads the resources of some types that are a person's.
func (c *call) fill(s *sheaf, types []string) error {
	q, err := search.ParseCompartment("Patient", s.id, "", pairs([]string{"_type", strings.Join(types, ","), "_count", "1000"}), search.Options{Strict: true, Now: c.now()})
	if err != nil {
		return fmt.Errorf("gather: %w", err)
	}
	s.read = append(s.read, types...)
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
	if l.typ == "Encounter" {
		s.contactOf["Encounter/"+string(l.id)] = l.At("serviceProvider", "reference").Text()
	}
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
	{"informationSource"},
	{"organization"},
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
	if err := c.workplaces(s, wanted["Practitioner"], note); err != nil {
		return err
	}
	return c.lookUp(s.names, wanted)
}

// workplaces notes for which organisation practitioners work: where somebody works
// for several, for whom they did something is not known.
func (c *call) workplaces(s *sheaf, practitioners []string, note func(string)) error {
	several := map[string]bool{}
	for batch := range slices.Chunk(practitioners, 200) {
		found, err := c.search("PractitionerRole", "practitioner", "Practitioner/"+strings.Join(batch, ",Practitioner/"), "_count", "1000")
		if err != nil {
			return err
		}
		for i := range found.Entries {
			doc, err := found.Entries[i].Version.Doc()
			if err != nil {
				return fmt.Errorf("look up where people work: %w", err)
			}
			who, org := doc.Root().At("practitioner", "reference").Text(), doc.Root().At("organization", "reference").Text()
			if before := s.worksFor[who]; before != "" && before != org {
				several[who] = true
			}
			s.worksFor[who] = org
		}
	}
	for who, org := range s.worksFor {
		if several[who] {
			delete(s.worksFor, who)
			continue
		}
		note(org)
	}
	return nil
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

// party is the organisation that a resource came from, as a reference that is named
// here: the one that it names, that of its contact, or the one that whoever it names
// works for. Empty when it does not say.
func (s *sheaf) party(l leaf) string {
	var people []string
	for _, path := range referring {
		for one := range l.Get(path[0]).Items() {
			ref := one.At(append(slices.Clone(path[1:]), "reference")...).Text()
			switch typ, _, _ := strings.Cut(ref, "/"); typ {
			case "Organization", "HealthcareService":
				if s.names[ref] != "" {
					return ref
				}
			case "Practitioner":
				people = append(people, ref)
			}
		}
	}
	if ref := s.contactOf[l.At("encounter", "reference").Text()]; s.names[ref] != "" {
		return ref
	}
	for _, who := range people {
		if ref := s.worksFor[who]; s.names[ref] != "" {
			return ref
		}
	}
	return ""
}

// organisation names the party of a resource.
func (s *sheaf) organisation(l leaf) string { return s.names[s.party(l)] }

// from names from whom a resource came: the organisation, where it is known.
func (s *sheaf) from(l leaf) string { return cmp.Or(s.organisation(l), s.source(l)) }

// origin is somebody from whom resources came, and when the last of them did.
type origin struct {
	Name string
	Last time.Time
}

// sources are all from whom resources came, each once, by name: organisations,
// where they are known.
func (s *sheaf) sources(leaves []leaf) []origin {
	last := map[string]time.Time{}
	for _, l := range leaves {
		if name := s.from(l); name != "" && l.stored.After(last[name]) {
			last[name] = l.stored
		}
	}
	var out []origin
	for _, name := range slices.Sorted(maps.Keys(last)) {
		out = append(out, origin{name, last[name]})
	}
	return out
}

// unsaid reports whether a resource does not say from which organisation it came.
func (s *sheaf) unsaid(leaves []leaf) bool {
	return slices.ContainsFunc(leaves, func(l leaf) bool { return s.organisation(l) == "" })
}

// originsInWords names a few of them, each with the day of the last that came.
func originsInWords(all []origin) string {
	var out []string
	for _, o := range all {
		out = append(out, o.Name+" ("+shortDate(o.Last)+")")
	}
	return some(out)
}

// helpers are the organisations that look after somebody by what is known here, as
// references, the practice first.
func (s *sheaf) helpers() []string {
	var out []string
	add := func(ref string) {
		if s.names[ref] != "" && !slices.Contains(out, ref) {
			out = append(out, ref)
		}
	}
	for gp := range s.patient.Get("generalPractitioner").Items() {
		if ref := gp.Get("reference").Text(); strings.HasPrefix(ref, "Organization/") {
			add(ref)
		}
	}
	for _, typ := range []string{"EpisodeOfCare", "CareTeam", "CarePlan", "Encounter"} {
		for _, l := range s.of[typ] {
			if typ != "Encounter" && !open(l) || typ == "Encounter" && s.readAt.Sub(l.on.Time) > lately {
				continue
			}
			add(s.party(l))
		}
	}
	return out
}

// helping names the helpers, each once.
func (s *sheaf) helping() []string {
	var out []string
	for _, ref := range s.helpers() {
		if !slices.Contains(out, s.names[ref]) {
			out = append(out, s.names[ref])
		}
	}
	return out
}

// unbound names the helpers that no agreement to share binds now.
func (c *call) unbound(s *sheaf) ([]string, error) {
	var ids []fhir.ID
	for _, ref := range s.helpers() {
		if id, ok := strings.CutPrefix(ref, "Organization/"); ok {
			ids = append(ids, fhir.ID(id))
		}
	}
	found, err := c.view.Unbound(c.ctx, ids)
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what it was doing
	}
	var out []string
	for _, id := range found {
		out = append(out, s.names["Organization/"+string(id)])
	}
	return out, nil
}

// lately is how long ago somebody who was in contact with a person is still named as
// looking after them.
const lately = 365 * 24 * time.Hour

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

package pages

import (
	"cmp"
	"slices"
	"strings"

	"joinery/care/workflow"
	"joinery/fhir"
)

// people are who looks after somebody and when they last did: next of kin first,
// then the practice, teams, services and family; then who else was in contact lately.
func (s *sheaf) people() block {
	b := block{Key: "people"}
	last, used := s.contacts()
	kin, family := s.family()
	b.Entries = append(b.Entries, kin...)
	named := map[string]bool{}
	for gp := range s.patient.Get("generalPractitioner").Items() {
		ref := gp.Get("reference").Text()
		if name := s.names[ref]; name != "" {
			what := "Usual GP"
			if strings.HasPrefix(ref, "Organization/") {
				what = "GP practice"
			}
			b.Entries = append(b.Entries, entry{Text: name, Detail: what, Seen: last[name].on})
			named[name] = true
		}
	}
	for _, typ := range []string{"CareTeam", "EpisodeOfCare"} {
		for _, l := range s.of[typ] {
			name := cmp.Or(s.source(l), s.organisation(l))
			what := cmp.Or(l.Get("name").Text(), concept(l.Get("type").Item(0)), concept(l.Get("category").Item(0)))
			if !open(l) || name == "" {
				continue
			}
			seen := cmp.Or(s.organisation(l), name)
			named[name], named[seen] = true, true
			used = append(used, l)
			if !slices.ContainsFunc(b.Entries, func(e entry) bool { return e.Text == name && e.Detail == what }) { // a team and its episode are one
				b.Entries = append(b.Entries, entry{Text: name, Detail: what, On: l.on, New: s.isNew(l), Seen: last[seen].on})
			}
		}
	}
	b.Entries = append(b.Entries, s.lately(last, named)...)
	b.Entries = append(b.Entries, family...)
	used = append(used, s.of["RelatedPerson"]...)
	b.Sources, b.AsOf = s.sources(used), asOf(used)
	return b
}

// contact is the last that somebody had with a person.
type contact struct {
	on   dated
	what string
}

// contacts are the last ones of each organisation and of each member of staff, by
// name, and the resources that say so.
func (s *sheaf) contacts() (last map[string]contact, used []leaf) {
	last = map[string]contact{}
	for _, l := range s.of["Encounter"] { // newest first
		switch l.status() {
		case "planned", "cancelled", "entered-in-error":
			continue
		}
		if l.on.IsZero() || l.on.After(s.readAt) {
			continue
		}
		names := []string{s.organisation(l)}
		for p := range l.Get("participant").Items() {
			names = append(names, s.names[p.At("individual", "reference").Text()])
		}
		for _, name := range names {
			if _, known := last[name]; name != "" && !known {
				last[name] = contact{l.on, concept(l.Get("type").Item(0))}
				used = append(used, l)
			}
		}
	}
	return last, used
}

const shownLately = 6

// lately are organisations that were in contact in the past year and are not named
// otherwise, the last first.
func (s *sheaf) lately(last map[string]contact, named map[string]bool) []entry {
	var out []entry
	for _, name := range s.helping() {
		if at, ok := last[name]; ok && !named[name] {
			out = append(out, entry{Text: name, Detail: at.what, Seen: at.on})
		}
	}
	slices.SortStableFunc(out, func(a, b entry) int { return b.Seen.Compare(a.Seen.Time) })
	return out[:min(len(out), shownLately)]
}

// kinCodes are what HL7's roles and relationships have for who is next of kin.
// Source: HL7 v2 table 0131.
var kinCodes = []string{"N"}

// family are the people around somebody: next of kin, and the others.
func (s *sheaf) family() (kin, others []entry) {
	add := func(name string, relationship []fhir.Value, phone string, isNew bool) {
		e := entry{Text: name, New: isNew}
		next := false
		var parts []string
		for _, r := range relationship {
			for c := range r.Get("coding").Items() {
				next = next || slices.Contains(kinCodes, c.Get("code").Text()) && strings.HasSuffix(c.Get("system").Text(), "0131")
			}
			parts = append(parts, concept(r))
		}
		parts = append(parts, phone)
		e.Detail = strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), ", ")
		if next {
			e.Tag = &Tag{Text: "Next of kin", Colour: "blue"}
			kin = append(kin, e)
			return
		}
		others = append(others, e)
	}
	for p := range s.patient.Get("contact").Items() {
		name := p.Get("name")
		text := cmp.Or(name.Get("text").Text(), strings.TrimSpace(name.Get("given").Item(0).Text()+" "+name.Get("family").Text()))
		if text != "" {
			add(text, slices.Collect(p.Get("relationship").Items()), p.Get("telecom").Item(0).Get("value").Text(), false)
		}
	}
	for _, l := range s.of["RelatedPerson"] {
		if l.Get("active").Kind() == fhir.Bool && !l.Get("active").IsTrue() {
			continue
		}
		add(humanName(l.Value), slices.Collect(l.Get("relationship").Items()), l.Get("telecom").Item(0).Get("value").Text(), s.isNew(l))
	}
	return kin, others
}

// open reports whether care is going on or to come.
func open(l leaf) bool {
	switch l.status() {
	case "active", "planned", "waitlist", "onhold", "proposed":
		return true
	}
	return false
}

// Codes by which decisions in advance are known. Sources: FHIR R4's consent scopes
// and categories; SNOMED CT for an advance care plan, as in source/synth; the flag
// category of the NHS booking and referral standard for a ReSPECT form.
const (
	advanceScope    = "adr"
	advanceCarePlan = "1095151000000107"
	respectFlag     = "RT"
)

var advanceCategories = []string{"acd", "dnr", "emrgonly", "polst"}

// ceilings are what was decided for when somebody gets very ill: what is to be done
// and what not. The words for when things get worse, of the one care plan, are among
// it.
func (s *sheaf) ceilings() block {
	b := block{Key: "ceilings"}
	var used []leaf
	note := func(l leaf, e entry) {
		e.On, e.Source, e.New = l.on, s.from(l), s.isNew(l)
		b.Entries = append(b.Entries, e)
		used = append(used, l)
	}
	for _, l := range s.of["Consent"] {
		category := coding(l, advanceCategories...)
		if l.status() != "active" || category == nil && !l.At("scope", "coding", "code").Is(advanceScope) {
			continue
		}
		e := entry{Text: "Decision in advance", Detail: cmp.Or(l.At("policyRule", "text").Text(), concept(l.At("provision", "code").Item(0)))}
		if category != nil {
			e.Text = cmp.Or(concept(*category), e.Text)
		}
		note(l, e)
	}
	for _, l := range s.of["Flag"] {
		if active(l) && coding(l, respectFlag) != nil {
			note(l, entry{Text: concept(l.Get("code"))})
		}
	}
	for _, l := range s.of["CarePlan"] {
		if !active(l) {
			continue
		}
		if coding(l, advanceCarePlan) != nil {
			note(l, entry{Text: cmp.Or(l.Get("title").Text(), "Advance care plan"), Detail: l.Get("description").Text()})
		}
		_, worse, _ := workflow.Notes(l.Value)
		for _, w := range worse {
			note(l, entry{Text: w.Text, Detail: w.Written})
		}
	}
	b.Sources, b.AsOf = s.sources(used), asOf(used)
	return b
}

// coding returns the category of a resource that has one of some codes, nil when
// none has.
func coding(l leaf, codes ...string) *fhir.Value {
	for one := range l.Get("category").Items() {
		for c := range one.Get("coding").Items() {
			if slices.Contains(codes, c.Get("code").Text()) {
				return &one
			}
		}
	}
	return nil
}

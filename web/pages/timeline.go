package pages

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// timelineView is everything that happened, whoever it was with.
type timelineView struct {
	Banner banner
	Kinds  Choice
	From   Choice
	Months []timelineMonth
	Total  int
	More   bool
}

// timelineMonth is what happened in one month.
type timelineMonth struct {
	Title   string
	Entries []timelineEntry
}

type timelineEntry struct {
	entry
	Kind string
}

// told are the types that a timeline tells of.
var told = []string{
	"Encounter", "Appointment", "Condition", "MedicationRequest", "Observation", "Procedure", "Immunization", "AllergyIntolerance", "ServiceRequest",
	"Task", "CarePlan", "EpisodeOfCare", "DiagnosticReport", "DocumentReference", "Communication", "QuestionnaireResponse", "Flag",
}

const shownTold = 200

// timeline answers GET /people/{id}/timeline.
func (c *call) timeline() (*page, error) {
	id, err := c.id("id")
	if err != nil {
		return nil, err
	}
	s, err := c.gather(id, told...)
	if err != nil {
		return nil, err
	}
	kind, from := c.asked.Get("kind"), c.asked.Get("from")
	v := &timelineView{Banner: s.banner(), More: s.more}
	var all []leaf
	kinds, sources := map[string]bool{}, map[string]bool{}
	for _, leaves := range s.of {
		for _, l := range leaves {
			source := s.from(l)
			kinds[kindWords[l.typ]], sources[source] = true, true
			if (kind == "" || kindWords[l.typ] == kind) && (from == "" || source == from) {
				all = append(all, l)
			}
		}
	}
	slices.SortFunc(all, func(a, b leaf) int {
		return cmp.Or(b.on.Compare(a.on.Time), strings.Compare(string(a.id), string(b.id)))
	})
	v.Total = len(all)
	if len(all) > shownTold {
		all, v.More = all[:shownTold], true
	}
	v.tell(s, all)
	every, err := c.tongue.say("timeline.everything")
	if err != nil {
		return nil, err
	}
	everyone, err := c.tongue.say("timeline.everyone")
	if err != nil {
		return nil, err
	}
	v.Kinds = Choice{Field: Field{ID: "kind", Name: "kind"}, Options: optionsOf(kinds, kind, every)}
	v.From = Choice{Field: Field{ID: "from", Name: "from"}, Options: optionsOf(sources, from, everyone)}
	if v.Kinds.Label, err = c.tongue.say("timeline.kind"); err != nil {
		return nil, err
	}
	v.From.Label, err = c.tongue.say("timeline.from")
	return &page{name: "timeline", view: v}, err
}

// optionsOf are the values of a filter, in order, after the one for all of them.
func optionsOf(values map[string]bool, chosen, all string) []Option {
	out := []Option{{Text: all, Chosen: chosen == ""}}
	var names []string
	for name := range values {
		if name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		out = append(out, Option{Value: name, Text: name, Chosen: name == chosen})
	}
	return out
}

func (v *timelineView) tell(s *sheaf, all []leaf) {
	for _, l := range all {
		title := ""
		if !l.on.IsZero() {
			title = l.on.Format("January 2006")
			if l.on.layout == "2006" {
				title = l.on.Format("2006")
			}
		}
		if n := len(v.Months); n == 0 || v.Months[n-1].Title != title {
			v.Months = append(v.Months, timelineMonth{Title: title})
		}
		m := &v.Months[len(v.Months)-1]
		m.Entries = append(m.Entries, timelineEntry{Kind: kindWords[l.typ], entry: entry{Text: what(l), Detail: detail(l), On: l.on, Source: s.from(l)}})
	}
}

// detail says more of something that happened: a value, a dose, how it ended.
func detail(l leaf) string {
	var parts []string
	switch l.typ {
	case "Observation":
		if text, unit := amount(l); text != "" {
			parts = append(parts, strings.TrimSpace(text+" "+unit))
		}
		parts = append(parts, concept(l.Get("valueCodeableConcept")))
	case "MedicationRequest":
		parts = append(parts, medicine(l).Detail)
	case "Encounter":
		parts = append(parts, concept(l.Get("reasonCode").Item(0)))
		if end, _ := moment(l.At("period", "end").Text()); end.Sub(l.on.Time) > 24*time.Hour {
			parts = append(parts, "until "+shortDate(end))
		}
	case "Task":
		parts = append(parts, l.At("businessStatus", "text").Text())
	default:
		if s := l.status(); s != "" && s != "active" && s != "completed" && s != "finished" && s != "final" {
			parts = append(parts, s)
		}
	}
	parts = append(parts, notes(l))
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "; ")
}

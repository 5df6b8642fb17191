package finding

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"joinery/criteria"
	"joinery/criteria/language"
	"joinery/fhir"
	"joinery/timeline"
)

// Systems of the codes by which findings say what they are of.
const (
	definitionSystem = "urn:joinery:definition" // codes are ids of definitions
	placeSystem      = "urn:joinery:place"      // codes are a definition's id, or that and a place in it
)

// finding is what the record should say of a person, and does not.
type finding struct {
	id         fhir.ID // of the person's assessment and Group
	patient    fhir.ID
	definition *language.Definition // nil: of one that is not applied, or of someone who is another now
	index      int                  // of the definition
	place      string               // where the person is; empty: nowhere
	day        timeline.Day
	key        int64
	reasons    []criteria.Reason
	why        string // of who left
}

// placeOf returns the place that an outcome puts a person in, empty for none.
func placeOf(d *language.Definition, o criteria.Outcome) string {
	switch {
	case d.Kind == language.Segments && o.Answer == criteria.Met:
		return d.ID + "." + slug(d.Parts[o.Which].Name)
	case d.Kind == language.Segments:
		return ""
	case d.Kind == language.Group && o.Answer == criteria.Met:
		return d.ID
	case o.Answer == criteria.Met:
		return d.ID + ".met"
	case o.Answer == criteria.Gap:
		return d.ID + ".gap"
	}
	return ""
}

// Places returns every place of a definition that people are found in, and how people call it.
func Places(d *language.Definition) (all []string, called map[string]string) {
	called = map[string]string{}
	add := func(place, name string) {
		all = append(all, place)
		called[place] = name
	}
	switch d.Kind {
	case language.Group:
		add(d.ID, d.Title)
	case language.Segments:
		for _, part := range d.Parts {
			add(d.ID+"."+slug(part.Name), d.Title+": "+part.Name)
		}
	case language.Proportion, language.Rate, language.Continuous, language.TimeToEvent:
		add(d.ID+".met", d.Title+": met")
		add(d.ID+".gap", d.Title+": gap")
	}
	return all, called
}

// slug makes a name into a part of an id.
func slug(name string) string {
	var b strings.Builder
	for _, word := range strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }) {
		if b.Len() > 0 {
			b.WriteByte('-')
		}
		b.WriteString(word)
	}
	return b.String()
}

// GroupID returns the id of the Group of nobody's that stands for a place of a
// definition: the definition's id; or, of segments and measures, that, a dot,
// and the segment's name, met or gap. Case-finders are named by it.
func GroupID(place string) fhir.ID {
	const prefix, longest = "finding.", 64
	id := prefix + place
	if len(id) > longest {
		sum := sha256.Sum256([]byte(place))
		id = id[:longest-9] + "." + hex.EncodeToString(sum[:4])
	}
	return fhir.ID(id)
}

// personal returns the id of a person's own assessment and Group for a definition.
func personal(definition string, patient fhir.ID) fhir.ID {
	sum := sha256.Sum256([]byte(definition + "\x00" + string(patient)))
	return fhir.ID("finding-" + hex.EncodeToString(sum[:20]))
}

// written returns, of each What, the place that the assessments of it say, and
// whether they are of ours.
func written(whats []timeline.What) func(what uint32) (place string, ours bool) {
	return func(what uint32) (place string, ours bool) {
		if whats[what].Kind != "RiskAssessment" {
			return "", false
		}
		for _, c := range whats[what].Codes {
			ours = ours || c.System == definitionSystem
			if c.System == placeSystem {
				place = c.Code
			}
		}
		return place, ours
	}
}

// differ returns in what a person's assessments, which are among the events of
// their timeline, are not as the outcomes of the definitions would have them.
func (f *Finder) differ(p timeline.Person, outcomes []criteria.Outcome, written func(uint32) (string, bool)) []finding {
	var said map[fhir.ID]string // places by id
	events := p.Events()
	for i, what := range events.What {
		if place, ours := written(what); ours {
			if said == nil {
				said = map[fhir.ID]string{}
			}
			said[fhir.ID(strings.TrimPrefix(events.Source(i), "RiskAssessment/"))] = place
		}
	}
	var out []finding
	for i, d := range f.program.Definitions() {
		want := placeOf(d, outcomes[i])
		if want == "" && said == nil {
			continue
		}
		id := personal(d.ID, p.ID())
		if want != said[id] {
			out = append(out, finding{id: id, patient: p.ID(), definition: d, index: i, place: want})
		}
		delete(said, id)
	}
	for _, id := range slices.Sorted(maps.Keys(said)) {
		if said[id] != "" {
			out = append(out, finding{id: id, patient: p.ID(), why: "the definition is no longer applied, or the person is known by another Patient now"})
		}
	}
	return out
}

package criteria

import (
	"fmt"
	"slices"

	"joinery/criteria/language"
)

// Answer is what a definition says of a person on a day.
type Answer uint8

// The five answers. Of a group: Met is in it, NotApplicable is not. Of a
// proportion: Met is in the numerator, Gap in the population only. Of a rate or
// a continuous value: Met is counted, Gap has no value. Of segments: Met is in
// the one that Outcome.Which numbers, Gap in none. Of a time to an event: Met
// has had it, Gap is waiting.
const (
	NotApplicable Answer = iota
	Met
	Gap
	Excluded
	Unknown

	answers = iota
)

var answerNames = [answers]string{"not applicable", "met", "gap", "excluded", "unknown"}

// Answers returns every answer.
func Answers() []Answer { return []Answer{NotApplicable, Met, Gap, Excluded, Unknown} }

func (a Answer) String() string { return answerNames[a] }

// MarshalText returns the answer's name.
func (a Answer) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads an answer's name.
func (a *Answer) UnmarshalText(text []byte) error { return named(a, text, answerNames[:]) }

// named reads the number of a name.
func named[T ~uint8](to *T, text []byte, names []string) error {
	i := slices.Index(names, string(text))
	if i < 0 {
		return fmt.Errorf("%q is none of %q", text, names)
	}
	*to = T(i)
	return nil
}

// Outcome is an answer with what decided it.
type Outcome struct {
	Answer Answer `json:"answer"`

	// Which numbers, from 0: of NotApplicable, the condition of the population
	// that does not hold, after 0 for nobody to be asked of (not born, or dead);
	// of Excluded, the exclusion, and after these the exception; of Unknown, the
	// need, or elsewhere; of Met, the segment.
	Which uint8 `json:"which"`
}

// elsewhere is the Which of an Unknown that comes from another definition.
const elsewhere = 255

// Why says in words what decided an outcome of a definition.
func (o Outcome) Why(d *language.Definition) string {
	switch o.Answer {
	case Met:
		if d.Kind == language.Segments {
			return d.Parts[o.Which].Name
		}
	case Excluded:
		if i := int(o.Which); i < len(d.Exclusions) {
			return d.Exclusions[i].Says
		} else if i -= len(d.Exclusions); i < len(d.Exceptions) {
			return d.Exceptions[i].Says
		}
	case Unknown:
		if int(o.Which) < len(d.Needs) {
			return d.Needs[o.Which].Says
		}
		return "something that it needs to know is not recorded"
	case NotApplicable:
		if o.Which == 0 {
			return "not living on that day"
		}
		if steps := conjuncts(d.Population); int(o.Which) <= len(steps) {
			return "not: " + language.Describe(steps[o.Which-1])
		}
		return "nothing to start from"
	case Gap:
		switch d.Kind {
		case language.Proportion:
			return "not: " + language.Brief(d.Numerator, "the numerator")
		case language.Segments:
			return "in none of the segments"
		case language.TimeToEvent:
			return "still waiting"
		case language.Group, language.Rate, language.Continuous:
			return "no value"
		}
	}
	return ""
}

// maxConjuncts is how many conditions of a population are told apart in
// outcomes; the rest count as one.
const maxConjuncts = 200

// conjuncts returns the conditions of a population that must all hold, in the
// order in which they are asked.
func conjuncts(x language.Expr) []language.Expr {
	if all, ok := x.(*language.All); ok && len(all.Of) <= maxConjuncts {
		return all.Of
	}
	if x == nil {
		return nil
	}
	return []language.Expr{x}
}

// truth is what a condition says: the values of Kleene's three-valued logic.
type truth uint8

const (
	no truth = iota
	yes
	unknown
)

var truthNames = [...]string{"no", "yes", "unknown"}

func (t truth) String() string { return truthNames[t] }

// MarshalText returns the word.
func (t truth) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads the word.
func (t *truth) UnmarshalText(text []byte) error { return named(t, text, truthNames[:]) }

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

package pages

import (
	"cmp"
	"slices"
	"strings"
)

// disagreement is something on which two sources say what cannot both be so. It is
// for somebody to ask the person about; the record takes neither side.
type disagreement struct {
	Key  string // of what it is about
	Says []string
}

// disagreements are those between the sources of a sheaf: allergies of which one
// says that there are none, a medicine at two doses, a problem that goes on for one
// and is over for another.
func (s *sheaf) disagreements() []disagreement {
	var out []disagreement
	if d := s.allergiesDiffer(); d != nil {
		out = append(out, *d)
	}
	medicines := slices.DeleteFunc(append(slices.Clone(s.of["MedicationRequest"]), s.of["MedicationStatement"]...), func(l leaf) bool { return l.status() != "active" })
	out = append(out, s.differ("medicine", medicines, func(l leaf) (what, how string) {
		e := medicine(l)
		return medicineName(e.Text), strings.TrimSpace(e.Text + " – " + e.Detail)
	})...)
	return append(out, s.differ("problem", s.of["Condition"], func(l leaf) (what, how string) {
		code := l.At("code", "coding", "code").Text()
		if code == "" || l.status() == "" {
			return "", ""
		}
		if active(l) {
			return code, concept(l.Get("code")) + " – active"
		}
		return code, concept(l.Get("code")) + " – " + l.status()
	})...)
}

func (s *sheaf) allergiesDiffer() *disagreement {
	var none, some []string
	for _, l := range s.of["AllergyIntolerance"] {
		if l.At("verificationStatus", "coding", "code").Is("entered-in-error") || !active(l) {
			continue
		}
		line := s.line(l, concept(l.Get("code")))
		if l.At("code", "coding", "code").Is(noKnownAllergy) {
			none = append(none, line)
			continue
		}
		some = append(some, line)
	}
	if len(none) == 0 || len(some) == 0 {
		return nil
	}
	return &disagreement{"allergy", append(none, some...)}
}

// differ finds what two sources tell of one thing in two ways: of each source its
// newest word counts.
func (s *sheaf) differ(key string, leaves []leaf, tell func(leaf) (what, how string)) []disagreement {
	type word struct{ from, how, line string }
	said := map[string][]word{}
	var order []string
	for _, l := range leaves { // newest first
		what, how := tell(l)
		from := s.organisation(l)
		if what == "" || from == "" || slices.ContainsFunc(said[what], func(w word) bool { return w.from == from }) {
			continue
		}
		if said[what] == nil {
			order = append(order, what)
		}
		said[what] = append(said[what], word{from, how, s.line(l, how)})
	}
	var out []disagreement
	for _, what := range order {
		words := said[what]
		if !slices.ContainsFunc(words, func(w word) bool { return !strings.EqualFold(w.how, words[0].how) }) {
			continue
		}
		d := disagreement{Key: key}
		for _, w := range words {
			d.Says = append(d.Says, w.line)
		}
		out = append(out, d)
	}
	return out
}

// line says who tells something, and when.
func (s *sheaf) line(l leaf, how string) string {
	return cmp.Or(s.from(l), "Somebody") + ", " + shortDate(l.on) + ": " + how
}

// medicineName is what a medicine is called without its strength and form: the words
// before the first number.
func medicineName(text string) string {
	name := text
	if i := strings.IndexAny(text, "0123456789"); i >= 0 {
		name = text[:i]
	}
	return strings.ToLower(strings.TrimSpace(name))
}

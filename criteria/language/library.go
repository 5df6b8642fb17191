package language

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"joinery/written"
)

// Library is definitions and code sets that have been read, resolved and
// checked together. It is never changed, and is safe for concurrent use.
type Library struct {
	Definitions map[string]*Definition
	CodeSets    map[string]*CodeSet
}

// Load reads files, each one definition or one code set. What own files define
// goes before what shipped files define under the same id. The problems are
// those of own files, and of what they use; the library is usable only when
// there are none.
func Load(own, shipped []File) (*Library, Problems) {
	l := &Library{Definitions: map[string]*Definition{}, CodeSets: map[string]*CodeSet{}}
	var problems Problems
	l.read(own, &problems, false)
	l.read(shipped, &problems, true)
	for _, id := range sortedKeys(l.CodeSets) {
		l.CodeSets[id].resolve(l, &problems)
	}
	if len(problems) > 0 {
		// What is misread would only be misunderstood further on.
		return l, problems.Tidy()
	}
	for _, id := range sortedKeys(l.Definitions) {
		l.resolve(l.Definitions[id], &problems)
	}
	if len(problems) > 0 {
		return l, problems.Tidy()
	}
	c := &checker{problems: &problems, rooms: map[Expr]*room{}}
	for _, id := range sortedKeys(l.Definitions) {
		c.definition(l.Definitions[id])
	}
	return l, problems.Tidy()
}

// Definition returns a definition by its id, or says which there are.
func (l *Library) Definition(id string) (*Definition, error) {
	if d, ok := l.Definitions[id]; ok {
		return d, nil
	}
	return nil, Problems{{Place: Place{File: id}, Message: "There is no such definition" + written.Meant(id, sortedKeys(l.Definitions))}}
}

func (l *Library) read(files []File, problems *Problems, shadowed bool) {
	for _, file := range files {
		r := newReader(file.Name, problems)
		doc := r.Document(file.Data)
		if doc == nil {
			continue
		}
		first := doc.Content[0].Value
		switch first {
		case "codes":
			s := r.codeSet(doc)
			if other, twice := l.CodeSets[s.ID]; !twice {
				l.CodeSets[s.ID] = s
			} else if !shadowed {
				problems.Add(s.Place, "The code set %q is already in %s; give this one another id.", s.ID, other.Place)
			}
		case "definition":
			d := r.definition(doc)
			d.text = file.Data
			if other, twice := l.Definitions[d.ID]; !twice {
				l.Definitions[d.ID] = d
				r.hang()
			} else if !shadowed {
				problems.Add(d.Place, "The definition %q is already in %s; give this one another id.", d.ID, other.Place)
			}
		default:
			r.Wrong(doc.Content[0], "A file begins with \"definition: an-id\" or \"codes: an-id\"; this one begins with %q.", first)
		}
	}
}

// hang ties the windows of a definition to its events.
func (r *reader) hang() {
	for _, a := range r.hanging {
		event, ok := r.events[a.Name]
		if !ok {
			known := append(sortedKeys(r.events), "birth", "age")
			r.Problems.Add(a.Place, "There is no event %q here%s; name it under events, as in \"%s: {last: its-code-set}\".", a.Name, strings.TrimSuffix(written.Meant(a.Name, known), "?"), a.Name)
			continue
		}
		a.Events = event.Events
	}
	for _, name := range sortedKeys(r.events) {
		seen := map[*Events]bool{}
		for e := r.events[name].Events; e != nil; {
			if seen[e] {
				r.Problems.Add(r.events[name].Place, "The event %q hangs on itself; hang its window on the index date or on another event.", name)
				break
			}
			seen[e] = true
			if e.Window.Anchor == nil {
				break
			}
			e = e.Window.Anchor.Events
		}
		for _, a := range []*Anchor{r.events[name].Events.Window.Last} {
			if a != nil && a.Events != nil && a.Events.Window.Anchor != nil {
				r.Problems.Add(a.Place, "The window of %q ends at %q, which hangs on an event itself; end it at one that does not.", name, a.Name)
			}
		}
	}
}

const (
	untouched = iota
	busy
	settled
)

// resolve gathers the codes of a set from its own lines and the sets it names.
func (s *CodeSet) resolve(l *Library, problems *Problems) {
	if s.state != untouched {
		return
	}
	s.state = busy
	s.Codes = append([]Code(nil), s.own...)
	for _, ref := range s.include {
		if other := l.other(s, ref, problems); other != nil {
			s.Codes = append(s.Codes, other.Codes...)
		}
	}
	drop := append([]Code(nil), s.drop...)
	for _, ref := range s.exclude {
		if other := l.other(s, ref, problems); other != nil {
			drop = append(drop, other.Codes...)
		}
	}
	s.Codes = slices.DeleteFunc(s.Codes, func(c Code) bool {
		return slices.ContainsFunc(drop, func(d Code) bool { return compareCodes(c, d) == 0 })
	})
	if len(s.Codes) == 0 {
		problems.Add(s.Place, "The code set %q is empty, so nothing would ever be found; give it codes under include.", s.ID)
	}
	s.settle()
	s.state = settled
}

func (l *Library) other(s *CodeSet, ref setRef, problems *Problems) *CodeSet {
	other, ok := l.CodeSets[ref.id]
	switch {
	case !ok:
		problems.Add(ref.Place, "There is no code set %q%s", ref.id, written.Meant(ref.id, sortedKeys(l.CodeSets)))
		return nil
	case other.state == busy:
		problems.Add(ref.Place, "The code sets %q and %q include each other; take one of the lines out.", s.ID, ref.id)
		return nil
	}
	other.resolve(l, problems)
	return other
}

// resolve finds what a definition names: code sets, terms, other definitions.
func (l *Library) resolve(d *Definition, problems *Problems) {
	if d.state == settled {
		return
	}
	d.state = busy
	for _, name := range sortedKeys(d.terms) {
		l.term(d, d.terms[name], problems)
	}
	d.Each(func(x Expr) { l.names(d, x, problems) })
	h := sha256.New()
	h.Write(d.text)
	for _, id := range sortedKeys(d.uses) {
		fmt.Fprintf(h, "\n%s %s", id, d.uses[id].Hash)
	}
	for _, m := range d.meets {
		if m.Definition != nil {
			fmt.Fprintf(h, "\n%s %s", m.Name, m.Definition.Hash)
		}
	}
	d.Hash = hex.EncodeToString(h.Sum(nil))
	d.state = settled
}

func (l *Library) term(d *Definition, t *term, problems *Problems) {
	if t.state != untouched {
		return
	}
	t.state = busy
	if t.of != nil {
		l.names(d, t.of, problems)
	}
	t.state = settled
}

// names resolves the names in a condition and in those within it.
func (l *Library) names(d *Definition, x Expr, problems *Problems) {
	switch x := x.(type) {
	case *Events:
		l.events(d, x, problems)
	case *Meets:
		l.met(d, x, problems)
	}
	x.Each(func(y Expr) { l.names(d, y, problems) })
}

func (l *Library) events(d *Definition, e *Events, problems *Problems) {
	if e.Subject != "any" {
		e.Codes = l.codeSet(d, e.Place, e.Subject, problems)
	}
	if e.WasName != "" {
		e.Was = l.codeSet(d, e.Place, e.WasName, problems)
	}
	if e.AnswerName != "" {
		e.Answer = l.codeSet(d, e.Place, e.AnswerName, problems)
	}
	for _, a := range []*Anchor{e.Window.Anchor, e.Window.Last} {
		if a != nil && a.Events != nil && (a.Events.Codes == nil && a.Events.Subject != "any") {
			l.events(d, a.Events, problems)
		}
	}
}

func (l *Library) codeSet(d *Definition, at Place, id string, problems *Problems) *CodeSet {
	s, ok := l.CodeSets[id]
	if !ok {
		problems.Add(at, "There is no code set %q%s Code sets are files of their own, in the folder codes beside the definition", id, written.Meant(id, sortedKeys(l.CodeSets)))
		return nil
	}
	d.uses[id] = s
	return s
}

func (l *Library) met(d *Definition, m *Meets, problems *Problems) {
	if t, ok := d.terms[m.Name]; ok {
		if t.state == busy {
			problems.Add(m.Place, "The term %q is defined by itself; take this line out of it.", m.Name)
			return
		}
		l.term(d, t, problems)
		m.Term = t.of
		return
	}
	other, ok := l.Definitions[m.Name]
	switch {
	case !ok:
		known := append(sortedKeys(d.terms), sortedKeys(l.Definitions)...)
		problems.Add(m.Place, "There is no term or definition %q%s", m.Name, written.Meant(m.Name, known))
		return
	case other.state == busy:
		problems.Add(m.Place, "%q and %q are each defined by the other; take one of the two references out.", d.ID, m.Name)
		return
	case other.Kind == Continuous || other.Kind == Rate:
		problems.Add(m.Place, "%q is a %s measure, which nobody meets; refer to a group, a proportion or segments.", m.Name, other.Kind)
		return
	}
	l.resolve(other, problems)
	m.Definition = other
	d.meets = append(d.meets, m)
}

// Each calls f with every condition of the definition, but not with those
// within them.
func (d *Definition) Each(f func(Expr)) {
	call := func(x Expr) {
		if x != nil {
			f(x)
		}
	}
	call(d.Population)
	for _, list := range [][]Reason{d.Exclusions, d.Exceptions, d.Needs} {
		for _, r := range list {
			call(r.When)
		}
	}
	call(d.Numerator)
	call(d.Count)
	call(d.Value)
	if d.BedDays != nil {
		f(d.BedDays)
	}
	if d.Start != nil && d.Start.Events != nil {
		f(d.Start.Events)
	}
	if d.End != nil {
		f(d.End)
	}
	if d.Points != nil {
		f(d.Points)
	}
	for _, p := range d.Parts {
		call(p.When)
	}
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

func unsureCodes(s *CodeSet) string {
	return fmt.Sprintf("unverified: of the codes of %s, %d of %d have no second source", s.ID, s.Unsure(), len(s.Codes))
}

// Files returns the names of the files that definitions rest on: their own,
// those of the definitions they refer to, and those of the code sets of all of
// them, each once, in order.
func (l *Library) Files(ds ...*Definition) []string {
	names := map[string]bool{}
	for _, d := range ds {
		l.files(d, names)
	}
	return sortedKeys(names)
}

func (l *Library) files(d *Definition, names map[string]bool) {
	if names[d.File] {
		return
	}
	names[d.File] = true
	for _, s := range d.uses {
		l.setFiles(s, names)
	}
	for _, other := range d.Meets() {
		l.files(other, names)
	}
}

func (l *Library) setFiles(s *CodeSet, names map[string]bool) {
	if names[s.File] {
		return
	}
	names[s.File] = true
	for _, refs := range [][]setRef{s.include, s.exclude} {
		for _, ref := range refs {
			if other, ok := l.CodeSets[ref.id]; ok {
				l.setFiles(other, names)
			}
		}
	}
}

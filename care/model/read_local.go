package model

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"joinery/written"
)

// settableUnder are the parts of model.yaml in which a parameter may lie. For
// whom a model is, what could harm, what is known of it and when it stops are
// the same everywhere.
var settableUnder = []string{"team", "activities", "length", "standards", "sites", "waiting list", "costs", "flow"}

// parameter reads what a place may set for itself.
func (r *reader) parameter(e *written.Fields) Parameter {
	x := Parameter{ID: r.id(e, "parameter", "places"), Says: e.Required("says", "How many people may begin in a week"), Line: e.Node.Line}
	path := e.Required("changes", "sites/town-hall/starts a week")
	for _, step := range strings.Split(path, "/") {
		x.Path = append(x.Path, strings.TrimSpace(step))
	}
	n := e.Take("may be")
	switch {
	case n == nil:
		r.Wrong(e.Node, "The parameter %q may be anything; write \"may be: 5 to 60\", a list of words, or \"times of day\".", x.ID)
	case n.Kind == yaml.SequenceNode:
		x.OneOf = r.Texts(n, "may be")
	case r.Text(n, "may be") == "times of day":
		x.Hours = true
	default:
		low, high, ok := strings.Cut(r.Text(n, "may be"), " to ")
		from, err1 := strconv.ParseFloat(strings.TrimSuffix(low, "%"), 64)
		to, err2 := strconv.ParseFloat(strings.TrimSuffix(high, "%"), 64)
		if !ok || err1 != nil || err2 != nil || from >= to {
			r.Wrong(n, "may be: %q is not understood; write \"5 to 60\", a list of words such as [10, 12], or \"times of day\".", n.Value)
			break
		}
		x.From, x.To = &from, &to
	}
	x.Riskier = r.oneOf(e, "riskier", []string{"higher", "lower", "no"})
	return x
}

// settable checks that a parameter changes something that there is, and that
// the model's own value is one that it may have.
func (r *reader) settable(x *Parameter) {
	if !slices.Contains(settableUnder, x.Path[0]) {
		r.wrongLine(x.Line, "A place may not change %q; what it may change lies under: %s.", x.Path[0], strings.Join(settableUnder, ", "))
		return
	}
	n := at(r.doc, x.Path)
	if n == nil || n.Kind != yaml.ScalarNode {
		r.wrongLine(x.Line, "changes: nothing stands at %q; write the keys from the top, with the names of entries, as in \"sites/town-hall/starts a week\".", strings.Join(x.Path, "/"))
		return
	}
	if why := x.refuses(n.Value, n.Value); why != "" && !r.isSet(x.ID) {
		r.wrongLine(x.Line, "The model's own value of %q is %q, and %s.", x.ID, n.Value, why)
	}
}

func (r *reader) isSet(id string) bool {
	return r.localFile != nil && slices.ContainsFunc(r.localFile.set, func(s Setting) bool { return s.Parameter == id })
}

// refuses says why a value may not be set in place of another, "" when it may.
func (x *Parameter) refuses(value, than string) string {
	switch {
	case x.Hours:
		if _, ok := parseHours(value); !ok {
			return "it may be times of day, as in \"08:00 to 20:00 every day\""
		}
	case x.OneOf != nil:
		if !slices.Contains(x.OneOf, value) {
			return "it may be one of: " + strings.Join(x.OneOf, ", ")
		}
	case x.From != nil:
		v, unit, ok := leading(value)
		_, own, _ := leading(than)
		if !ok || v < *x.From || v > *x.To || unit != own {
			return "it may be from " + number(*x.From) + " to " + number(*x.To) + own
		}
	}
	return ""
}

// like gives a bare number the unit of the value that it takes the place of:
// 90 in place of "60 minutes" is "90 minutes".
func (x *Parameter) like(value, than string) string {
	if x.From != nil {
		_, unit, ok := leading(value)
		if _, own, _ := leading(than); ok && unit == "" {
			return value + own
		}
	}
	return value
}

// leading returns the number with which a value begins, and its unit: of
// "12 weeks" 12 and " weeks".
func leading(value string) (v float64, unit string, ok bool) {
	end := strings.IndexAny(value, " %")
	if end < 0 {
		end = len(value)
	}
	v, err := strconv.ParseFloat(value[:end], 64)
	return v, value[end:], err == nil && v == v
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// riskier reports whether a value goes to the riskier side of another.
func (x *Parameter) riskier(value, than string) bool {
	side := 0
	if x.Hours {
		a, _ := parseHours(value)
		b, _ := parseHours(than)
		side = cmp.Compare(a.Week(), b.Week())
	} else if v, _, ok := leading(value); ok {
		w, _, _ := leading(than)
		side = cmp.Compare(v, w)
	} else {
		side = cmp.Compare(slices.Index(x.OneOf, value), slices.Index(x.OneOf, than))
	}
	return x.Riskier == "higher" && side > 0 || x.Riskier == "lower" && side < 0
}

// at finds the node at a path: keys of mappings, and ids of lists' entries.
func at(n *yaml.Node, path []string) *yaml.Node {
	for _, step := range path {
		var next *yaml.Node
		for i, c := range n.Content {
			switch {
			case n.Kind == yaml.MappingNode && i%2 == 0 && c.Value == step:
				next = n.Content[i+1]
			case n.Kind == yaml.SequenceNode && c.Kind == yaml.MappingNode && len(c.Content) > 1 && c.Content[1].Value == step:
				next = c
			}
		}
		if next == nil {
			return nil
		}
		n = next
	}
	return n
}

// localFile is local.yaml: what a place sets for itself.
type localFile struct {
	written.Place
	id, version, owner string
	base               Base
	area               Area
	set                []Setting
}

var localLanguage = written.Language{
	Is:    "local copy of a model",
	Begin: "begin with \"local: an-id\"",
	Reuse: "write it out where it belongs",
}

// readLocal reads local.yaml, if there is one.
func (p *pack) readLocal() *localFile {
	if p.local == nil {
		return nil
	}
	r := &reader{pack: p, Reader: p.reader(p.local.Name, localLanguage)}
	doc := r.Document(p.local.Data)
	if doc == nil {
		return nil
	}
	if doc.Content[0].Value != "local" {
		r.Wrong(doc, "A local copy begins with \"local: an-id\".")
		return nil
	}
	f := r.Fields(doc, "a local copy")
	l := &localFile{Place: r.Place(doc), id: r.ID(f.Take("local"), "local"), version: r.version(f), owner: f.Required("owner", "who answers for it here")}
	if n := f.Take("base"); n == nil {
		r.Wrong(doc, "base is missing; make local copies with \"joinery model adopt\", which writes it.")
	} else if g := r.Fields(n, "the model that this is a copy of"); g != nil {
		l.base = Base{g.Required("model", "falls-response-car"), g.Required("version", "1.0.0"), g.Required("hash", "its hash")}
		g.Done("base")
	}
	if n := f.Take("area"); n == nil {
		r.Wrong(doc, "area is missing; write \"area: {name: Bexley, codes: [E09000004]}\".")
	} else {
		l.area = readArea(r.Reader, n)
	}
	if n := f.Take("set"); n != nil {
		if g := r.Fields(n, "parameters with their values"); g != nil {
			for _, key := range g.Keys {
				v := g.Take(key.Value)
				l.set = append(l.set, Setting{Place: r.Place(key), Parameter: key.Value, Value: r.Text(v, key.Value)})
			}
		}
	}
	f.Done("A local copy")
	return l
}

// patch puts the values of a local copy where the model has its own.
func (l *localFile) patch(r *reader) {
	for i := range l.set {
		s := &l.set[i]
		x := r.permitted(s)
		if x == nil {
			continue
		}
		n := at(r.doc, x.Path)
		if n == nil || n.Kind != yaml.ScalarNode {
			continue // settable says so
		}
		s.Value = x.like(s.Value, n.Value)
		if why := x.refuses(s.Value, n.Value); why != "" {
			r.Problems.Add(s.Place, "%s: %q is not allowed; %s.", s.Parameter, s.Value, why)
			continue
		}
		s.Was, s.Wider = n.Value, x.riskier(s.Value, n.Value)
		n.Value = s.Value
	}
}

// permitted returns the parameter that a setting names, as model.yaml has it,
// before all of the model is read.
func (r *reader) permitted(s *Setting) *Parameter {
	var known []string
	if list := at(r.doc, []string{"parameters"}); list != nil {
		for _, entry := range list.Content {
			if entry.Kind != yaml.MappingNode || len(entry.Content) < 2 {
				continue
			}
			known = append(known, entry.Content[1].Value)
			if entry.Content[1].Value == s.Parameter {
				quiet := &reader{pack: r.pack, Reader: &written.Reader{File: r.File, Problems: &written.Problems{}}}
				x := quiet.parameter(quiet.Fields(entry, "a parameter"))
				return &x
			}
		}
	}
	if len(known) == 0 {
		r.Problems.Add(s.Place, "The model lets no place set anything, so %q cannot be set.", s.Parameter)
	} else {
		r.Problems.Add(s.Place, "The model does not let a place set %q%s", s.Parameter, written.Meant(s.Parameter, known))
	}
	return nil
}

// apply makes a local copy of a model.
func (l *localFile) apply(r *reader, baseHash string) {
	m := r.m
	if l.base.ID != m.ID || l.base.Version != m.Version || l.base.Hash != baseHash {
		r.Problems.Add(l.Place, "This is a copy of %s %s (hash %.12s), but what stands here is %s %s (hash %.12s): something other than a parameter was changed. Take the change back, or adopt the new version.", l.base.ID, l.base.Version, l.base.Hash, m.ID, m.Version, baseHash)
	}
	m.Base = &l.base
	m.ID, m.Version, m.Owner, m.Area, m.Set = l.id, l.version, l.owner, l.area, l.set
	m.Place = l.Place
}

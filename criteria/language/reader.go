package language

import (
	"go.yaml.in/yaml/v3"

	"joinery/written"
)

// reader reads one file, gathering problems as it goes.
type reader struct {
	*written.Reader
	events  map[string]*Anchor // of the definition being read
	hanging []*Anchor          // windows' ends that name an event
}

func newReader(file string, problems *Problems) *reader {
	return &reader{Reader: &written.Reader{File: file, Problems: problems, Language: written.Language{
		Is:    "definition",
		Begin: "begin with \"definition: an-id\" or, for a code set, \"codes: an-id\"",
		Reuse: "name the condition under terms and write \"meets: its-name\"",
		Twice: ", or put both under all or any",
	}}}
}

// spanOf returns the span of a key, or nil.
func (r *reader) spanOf(f *written.Fields, key string) *Span {
	n := f.Take(key)
	if n == nil {
		return nil
	}
	return r.span(n, key)
}

func (r *reader) span(n *yaml.Node, key string) *Span {
	s, err := parseSpan(r.Text(n, key))
	if err != nil {
		r.Wrong(n, "%s: %v.", key, err)
		return nil
	}
	return &s
}

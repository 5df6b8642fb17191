package language

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Limits of a file. A definition beyond them is refused with the reason.
const (
	maxFile  = 4 << 20 // bytes
	maxDepth = 64      // conditions within conditions
)

// reader reads one file's YAML, gathering problems as it goes.
type reader struct {
	file     string
	problems *Problems
	events   map[string]*Anchor // of the definition being read
	hanging  []*Anchor          // windows' ends that name an event
}

func (r *reader) place(n *yaml.Node) Place { return Place{r.file, n.Line} }

func (r *reader) wrong(n *yaml.Node, format string, args ...any) {
	r.problems.add(r.place(n), format, args...)
}

// document returns the one mapping that a file holds, or nil.
func (r *reader) document(data []byte) *yaml.Node {
	if len(data) > maxFile {
		r.problems.add(Place{r.file, 0}, "The file has %d bytes, and one definition may have %d; split it by meets.", len(data), maxFile)
		return nil
	}
	var doc yaml.Node
	decoder := yaml.NewDecoder(strings.NewReader(string(data)))
	if err := decoder.Decode(&doc); err != nil {
		r.unreadable(err)
		return nil
	}
	if more := new(yaml.Node); decoder.Decode(more) == nil {
		r.wrong(more, "A file holds one definition or one code set; put what follows --- in a file of its own.")
		return nil
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		r.problems.add(Place{r.file, 1}, "This is no definition; begin with \"definition: an-id\" or, for a code set, \"codes: an-id\".")
		return nil
	}
	if !r.plain(doc.Content[0], 0) {
		return nil
	}
	return doc.Content[0]
}

// unreadable says where the YAML itself is broken.
func (r *reader) unreadable(err error) {
	message, line := strings.TrimPrefix(err.Error(), "yaml: "), 0
	if n, _ := fmt.Sscanf(message, "line %d:", &line); n == 1 {
		_, message, _ = strings.Cut(message, ": ")
	}
	if message == "EOF" {
		message = "it is empty"
	}
	hint := "Look for a missing colon, a tab or uneven indents here or just above"
	if strings.Contains(message, "',' or") {
		hint = "Inside {…} brackets and commas need quotes; write mmHg for mm[Hg], or the keys on lines of their own"
	}
	r.problems.add(Place{r.file, max(line, 1)}, "The file is not YAML: %s. %s.", message, hint)
}

// plain reports whether the nodes are free of what YAML has and the language
// has not: anchors, aliases, tags and endless depth.
func (r *reader) plain(n *yaml.Node, depth int) bool {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		r.wrong(n, "Anchors (&) and aliases (*) are not part of the language; name the condition under terms and write \"meets: its-name\".")
		return false
	case depth > 4*maxDepth:
		r.wrong(n, "This is nested too deeply; name the inner conditions under terms.")
		return false
	case n.Style&yaml.TaggedStyle != 0:
		r.wrong(n, "Tags (!) are not part of the language; leave %s out.", n.Tag)
		return false
	}
	for _, c := range n.Content {
		if !r.plain(c, depth+1) {
			return false
		}
	}
	return true
}

// fields is a mapping whose keys are taken one by one, so that those left over
// are known to be unknown.
type fields struct {
	r     *reader
	node  *yaml.Node
	at    map[string]*yaml.Node // the values not taken yet
	keys  []*yaml.Node
	known []string
}

// fields returns the mapping's fields, having reported keys that stand twice.
// It returns nil, after a report, when the node is no mapping.
func (r *reader) fields(n *yaml.Node, what string) *fields {
	if n.Kind != yaml.MappingNode {
		r.wrong(n, "Here belongs %s; it is written as lines of \"key: value\".", what)
		return nil
	}
	f := &fields{r: r, node: n, at: map[string]*yaml.Node{}}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode {
			r.wrong(key, "A key is a word; this is a list or a group.")
			continue
		}
		if _, twice := f.at[key.Value]; twice {
			r.wrong(key, "%q stands twice; keep one, or put both under all or any.", key.Value)
			continue
		}
		f.at[key.Value] = n.Content[i+1]
		f.keys = append(f.keys, key)
	}
	return f
}

// take returns the value of a key, or nil, and marks the key as known.
func (f *fields) take(key string) *yaml.Node {
	f.known = append(f.known, key)
	n := f.at[key]
	delete(f.at, key)
	return n
}

// done reports the keys that nobody took.
func (f *fields) done(what string) {
	for _, key := range f.keys {
		if _, left := f.at[key.Value]; left {
			f.r.wrong(key, "%s has no key %q%s", what, key.Value, meant(key.Value, f.known))
		}
	}
}

// text returns the text of a key, "" when it is not there.
func (f *fields) text(key string) string {
	n := f.take(key)
	if n == nil {
		return ""
	}
	return f.r.text(n, key)
}

// required is text, and reports when it is missing or empty; for is what to
// write.
func (f *fields) required(key, example string) string {
	n := f.take(key)
	if n == nil {
		f.r.wrong(f.node, "%s is missing; write \"%s: %s\".", key, key, example)
		return ""
	}
	s := f.r.text(n, key)
	if s == "" {
		f.r.wrong(n, "%s is empty; write \"%s: %s\".", key, key, example)
	}
	return s
}

func (r *reader) text(n *yaml.Node, key string) string {
	if n.Kind != yaml.ScalarNode {
		r.wrong(n, "%s is one piece of text; this is a list or a group.", key)
		return ""
	}
	return strings.Join(strings.Fields(n.Value), " ")
}

// texts returns the texts of a key: a list, or one alone.
func (f *fields) texts(key string) []string {
	n := f.take(key)
	if n == nil {
		return nil
	}
	return f.r.texts(n, key)
}

func (r *reader) texts(n *yaml.Node, key string) []string {
	nodes := n.Content
	if n.Kind != yaml.SequenceNode {
		nodes = []*yaml.Node{n}
	}
	var out []string
	for _, c := range nodes {
		if s := r.text(c, key); s != "" {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		r.wrong(n, "%s is empty; leave it out or fill it in.", key)
	}
	return out
}

// yes returns the truth of a key that is yes or no.
func (f *fields) yes(key string) bool {
	n := f.take(key)
	if n == nil {
		return false
	}
	switch f.r.text(n, key) {
	case "yes", "true":
		return true
	case "no", "false":
		return false
	}
	f.r.wrong(n, "%s is yes or no.", key)
	return false
}

// span returns the span of a key, or nil.
func (f *fields) span(key string) *Span {
	n := f.take(key)
	if n == nil {
		return nil
	}
	return f.r.span(n, key)
}

func (r *reader) span(n *yaml.Node, key string) *Span {
	s, err := parseSpan(r.text(n, key))
	if err != nil {
		r.wrong(n, "%s: %v.", key, err)
		return nil
	}
	return &s
}

// list returns the nodes of a list under a key.
func (r *reader) list(n *yaml.Node, key string) []*yaml.Node {
	if n.Kind != yaml.SequenceNode {
		r.wrong(n, "%s is a list; begin each line under it with \"- \".", key)
		return nil
	}
	if len(n.Content) == 0 {
		r.wrong(n, "The list of %s is empty.", key)
	}
	return n.Content
}

// Package written reads the YAML files that people write by hand: definitions,
// code sets, models of care.
//
//	var problems written.Problems
//	r := &written.Reader{File: "model.yaml", Problems: &problems, Language: …}
//	if doc := r.Document(data); doc != nil {
//		f := r.Fields(doc, "a model of care")
//		title := f.Required("title", "Falls response car")
//		f.Done("A model of care")
//	}
//
// Who writes such a file is a clinician and no programmer, so a mistake is
// answered with its file, its line and what to write instead; reading goes on
// to the next mistake; and a key that nobody knows is a mistake too, with the
// key that was meant. What YAML has beyond lists, mappings and words (anchors,
// aliases, tags, several documents, endless depth) is refused.
//
// # Invariants
//
// Reading never panics and always ends, whatever the bytes. A Fields reports
// every key that was not taken.
//
// # Trade-offs
//
// Nodes of the YAML library show in the signatures: they carry the lines, and
// hiding them would mean a second tree. Readers of one language differ in a few
// sentences alone, which stand in Language.
package written

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Limits of a file. One beyond them is refused with the reason.
const (
	maxFile = 4 << 20 // bytes
	// MaxDepth is how deep a language may let things stand in one another.
	MaxDepth = 64
)

// Language is what messages say of the files that are read.
type Language struct {
	Is    string // what a file holds: "definition"
	Begin string // how it begins, after "This is no definition; "
	Reuse string // what to write where YAML has anchors, or nests deeply
	Twice string // what to write, beside keeping one, where a key stands twice
}

// Reader reads one file's YAML, gathering problems as it goes.
type Reader struct {
	File     string
	Problems *Problems
	Language Language
}

// Place returns where a node stands.
func (r *Reader) Place(n *yaml.Node) Place { return Place{r.File, n.Line} }

// Wrong reports a problem at a node.
func (r *Reader) Wrong(n *yaml.Node, format string, args ...any) {
	r.Problems.Add(r.Place(n), format, args...)
}

// Document returns the one mapping that a file holds, or nil after a report.
func (r *Reader) Document(data []byte) *yaml.Node {
	if len(data) > maxFile {
		r.Problems.Add(Place{r.File, 0}, "The file has %d bytes, and one %s may have %d; split it.", len(data), r.Language.Is, maxFile)
		return nil
	}
	var doc yaml.Node
	decoder := yaml.NewDecoder(strings.NewReader(string(data)))
	if err := decoder.Decode(&doc); err != nil {
		r.unreadable(err)
		return nil
	}
	if more := new(yaml.Node); decoder.Decode(more) == nil {
		r.Wrong(more, "A file holds one %s; put what follows --- in a file of its own.", r.Language.Is)
		return nil
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		r.Problems.Add(Place{r.File, 1}, "This is no %s; %s.", r.Language.Is, r.Language.Begin)
		return nil
	}
	if !r.plain(doc.Content[0], 0) {
		return nil
	}
	return doc.Content[0]
}

// unreadable says where the YAML itself is broken.
func (r *Reader) unreadable(err error) {
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
	r.Problems.Add(Place{r.File, max(line, 1)}, "The file is not YAML: %s. %s.", message, hint)
}

// plain reports whether the nodes are free of what YAML has and these languages
// have not: anchors, aliases, tags and endless depth.
func (r *Reader) plain(n *yaml.Node, depth int) bool {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		r.Wrong(n, "Anchors (&) and aliases (*) are not part of the language; %s.", r.Language.Reuse)
		return false
	case depth > 4*MaxDepth:
		r.Wrong(n, "This is nested too deeply; %s.", r.Language.Reuse)
		return false
	case n.Style&yaml.TaggedStyle != 0:
		r.Wrong(n, "Tags (!) are not part of the language; leave %s out.", n.Tag)
		return false
	}
	for _, c := range n.Content {
		if !r.plain(c, depth+1) {
			return false
		}
	}
	return true
}

var idPattern = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

const maxID = 64

// IsID reports whether a word may name a thing: small letters, digits and
// single hyphens.
func IsID(s string) bool { return idPattern.MatchString(s) && len(s) <= maxID }

// ID returns the id that a node holds, having reported one that is none.
func (r *Reader) ID(n *yaml.Node, what string) string {
	id := r.Text(n, what)
	if !IsID(id) {
		r.Wrong(n, "%q is no id; use small letters, digits and single hyphens, at most %d, as in blood-pressure.", id, maxID)
	}
	return id
}

// Text returns the text of a node, with single spaces. key is what it is called.
func (r *Reader) Text(n *yaml.Node, key string) string {
	if n.Kind != yaml.ScalarNode {
		r.Wrong(n, "%s is one piece of text; this is a list or a group.", key)
		return ""
	}
	return strings.Join(strings.Fields(n.Value), " ")
}

// Texts returns the texts of a node: a list, or one alone.
func (r *Reader) Texts(n *yaml.Node, key string) []string {
	nodes := n.Content
	if n.Kind != yaml.SequenceNode {
		nodes = []*yaml.Node{n}
	}
	var out []string
	for _, c := range nodes {
		if s := r.Text(c, key); s != "" {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		r.Wrong(n, "%s is empty; leave it out or fill it in.", key)
	}
	return out
}

// Words returns one or more of a few known words.
func (r *Reader) Words(n *yaml.Node, key string, known []string) []string {
	var out []string
	for _, w := range r.Texts(n, key) {
		if !slices.Contains(known, w) {
			r.Wrong(n, "%s cannot be %q%s", key, w, Meant(w, known))
			continue
		}
		out = append(out, w)
	}
	return out
}

// List returns the nodes of a list.
func (r *Reader) List(n *yaml.Node, key string) []*yaml.Node {
	if n.Kind != yaml.SequenceNode {
		r.Wrong(n, "%s is a list; begin each line under it with \"- \".", key)
		return nil
	}
	if len(n.Content) == 0 {
		r.Wrong(n, "The list of %s is empty.", key)
	}
	return n.Content
}

// Fields is a mapping whose keys are taken one by one, so that those left over
// are known to be unknown.
type Fields struct {
	Node *yaml.Node
	Keys []*yaml.Node

	r     *Reader
	at    map[string]*yaml.Node // the values not taken yet
	known []string
}

// Fields returns the mapping's fields, having reported keys that stand twice.
// It returns nil, after a report, when the node is no mapping. what is what
// belongs there.
func (r *Reader) Fields(n *yaml.Node, what string) *Fields {
	if n.Kind != yaml.MappingNode {
		r.Wrong(n, "Here belongs %s; it is written as lines of \"key: value\".", what)
		return nil
	}
	f := &Fields{r: r, Node: n, at: map[string]*yaml.Node{}}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode {
			r.Wrong(key, "A key is a word; this is a list or a group.")
			continue
		}
		if _, twice := f.at[key.Value]; twice {
			r.Wrong(key, "%q stands twice; keep one%s.", key.Value, r.Language.Twice)
			continue
		}
		f.at[key.Value] = n.Content[i+1]
		f.Keys = append(f.Keys, key)
	}
	return f
}

// Take returns the value of a key, or nil, and marks the key as known.
func (f *Fields) Take(key string) *yaml.Node {
	f.known = append(f.known, key)
	n := f.at[key]
	delete(f.at, key)
	return n
}

// Key returns the node of a key, or the mapping where there is none: the place
// to report what is missing under it.
func (f *Fields) Key(key string) *yaml.Node {
	for _, k := range f.Keys {
		if k.Value == key {
			return k
		}
	}
	return f.Node
}

// Has reports whether a key is there, taken or not.
func (f *Fields) Has(key string) bool { return f.Key(key) != f.Node }

// Done reports the keys that nobody took.
func (f *Fields) Done(what string) {
	for _, key := range f.Keys {
		value, left := f.at[key.Value]
		switch {
		case !left:
		case f.Node.Style&yaml.FlowStyle != 0 && value.Tag == "!!null" && value.Value == "":
			f.r.Wrong(key, "%q is cut off by a comma; inside {…} a text with a comma needs quotes around it.", key.Value)
		default:
			f.r.Wrong(key, "%s has no key %q%s", what, key.Value, Meant(key.Value, f.known))
		}
	}
}

// Text returns the text of a key, "" when it is not there.
func (f *Fields) Text(key string) string {
	n := f.Take(key)
	if n == nil {
		return ""
	}
	return f.r.Text(n, key)
}

// Required is Text, and reports when it is missing or empty; example is what to
// write.
func (f *Fields) Required(key, example string) string {
	n := f.Take(key)
	if n == nil {
		f.r.Wrong(f.Node, "%s is missing; write \"%s: %s\".", key, key, example)
		return ""
	}
	s := f.r.Text(n, key)
	if s == "" && n.Kind == yaml.ScalarNode {
		f.r.Wrong(n, "%s is empty; write \"%s: %s\".", key, key, example)
	}
	return s
}

// Texts returns the texts of a key: a list, or one alone.
func (f *Fields) Texts(key string) []string {
	n := f.Take(key)
	if n == nil {
		return nil
	}
	return f.r.Texts(n, key)
}

// Yes returns the truth of a key that is yes or no; no when it is not there.
func (f *Fields) Yes(key string) bool {
	n := f.Take(key)
	if n == nil {
		return false
	}
	switch f.r.Text(n, key) {
	case "yes", "true":
		return true
	case "no", "false":
		return false
	}
	f.r.Wrong(n, "%s is yes or no.", key)
	return false
}

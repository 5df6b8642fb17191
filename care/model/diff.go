package model

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Change is one difference between two versions of a model.
type Change struct {
	Path string `json:"path"`          // where it stands, entries of lists by their names
	Was  string `json:"was,omitempty"` // "" when it is new
	Is   string `json:"is,omitempty"`  // "" when it is gone
}

// Diff returns what differs between two models, as they run: with what a local
// copy sets, and with the definitions and questionnaires that they use. It is in
// the order of the paths, and empty exactly when they run alike.
func Diff(was, is *Model) []Change {
	a, b := was.leaves, is.leaves
	var out []Change
	for path, before := range a {
		if after, ok := b[path]; !ok || after != before {
			out = append(out, Change{path, before, after})
		}
	}
	for path, after := range b {
		if _, ok := a[path]; !ok {
			out = append(out, Change{Path: path, Is: after})
		}
	}
	slices.SortFunc(out, func(x, y Change) int { return cmp.Compare(x.Path, y.Path) })
	return out
}

// flatten writes every text of a document under the path to it.
func flatten(into map[string]string, path string, n *yaml.Node) {
	switch {
	case n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			flatten(into, join(path, n.Content[i].Value), n.Content[i+1])
		}
	case n.Kind == yaml.SequenceNode && words(n):
		var all []string
		for _, c := range n.Content {
			all = append(all, spaced(c.Value))
		}
		into[path] = strings.Join(all, "; ")
	case n.Kind == yaml.SequenceNode:
		for i, c := range n.Content {
			flatten(into, join(path, entryName(c, i)), c)
		}
	default:
		into[path] = spaced(n.Value)
	}
}

func join(path, step string) string { return strings.TrimPrefix(path+"/"+step, "/") }

func spaced(s string) string { return strings.Join(strings.Fields(s), " ") }

// words reports whether a list holds texts alone.
func words(n *yaml.Node) bool {
	return !slices.ContainsFunc(n.Content, func(c *yaml.Node) bool { return c.Kind != yaml.ScalarNode })
}

// entryName is how an entry of a list is called: by its first value, where that
// is its name, else by its place.
func entryName(n *yaml.Node, i int) string {
	if n.Kind == yaml.MappingNode && len(n.Content) > 1 && n.Content[1].Kind == yaml.ScalarNode {
		if name := spaced(n.Content[1].Value); len(name) <= 64 {
			return name
		}
	}
	return fmt.Sprint(i + 1)
}

package model

import (
	"fmt"
	"slices"
	"strings"

	"joinery/written"
)

// Local is what a place says when it takes a model over.
type Local struct {
	ID, Owner string
	Area      Area
	Set       [][2]string // parameters with their values
}

// Adopt returns the files of a local copy of a model: the model's own, as they
// are, with all definitions that it uses, and local.yaml, which names what it
// was made from and what the place sets. What may not be set is found when the
// copy is read. A copy of a copy is refused.
func (m *Model) Adopt(files []written.File, l Local) ([]written.File, error) {
	if m.Base != nil {
		return nil, written.Problems{{Place: m.Place, Message: fmt.Sprintf("This is a local copy of %s itself; adopt that.", m.Base.ID)}}
	}
	var out []written.File
	for _, f := range files {
		if f.Name == "README.md" || strings.HasPrefix(f.Name, "cases/") {
			out = append(out, f)
		}
	}
	for _, f := range m.files {
		out = append(out, written.File{Name: f.Name, Data: []byte(f.Text)})
	}
	out = append(out, written.File{Name: "local.yaml", Data: []byte(l.text(m))})
	slices.SortFunc(out, func(a, b written.File) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// text is local.yaml.
func (l *Local) text(m *Model) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# A local copy. What may be set stands under parameters in model.yaml; change nothing there.\n")
	fmt.Fprintf(&b, "local: %s\nversion: %s\nowner: %s\nbase:\n  model: %s\n  version: %s\n  hash: %s\n", l.ID, m.Version, quoted(l.Owner), m.ID, m.Version, m.Hash)
	fmt.Fprintf(&b, "area:\n  name: %s\n", quoted(l.Area.Name))
	if len(l.Area.Codes) > 0 {
		fmt.Fprintf(&b, "  codes: [%s]\n", strings.Join(l.Area.Codes, ", "))
	}
	for i, s := range l.Set {
		if i == 0 {
			b.WriteString("set:\n")
		}
		fmt.Fprintf(&b, "  %s: %s\n", quoted(s[0]), quoted(s[1]))
	}
	return b.String()
}

// quoted writes a text so that YAML reads it back as it is.
func quoted(s string) string {
	if written.IsID(s) {
		return s
	}
	return "\"" + strings.NewReplacer("\\", "\\\\", "\"", "\\\"", "\n", " ").Replace(s) + "\""
}

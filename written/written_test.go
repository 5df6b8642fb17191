package written_test

import (
	"testing"

	"pgregory.net/rapid"

	"joinery/fault"
	"joinery/written"
)

var recipes = written.Language{
	Is: "recipe", Begin: "begin with \"recipe: an-id\"", Reuse: "write it out", Twice: ", the better one",
}

// read reads a small language: an id, a title, tags.
func read(data string) written.Problems {
	var problems written.Problems
	r := &written.Reader{File: "soup.yaml", Problems: &problems, Language: recipes}
	doc := r.Document([]byte(data))
	if doc == nil {
		return problems
	}
	f := r.Fields(doc, "a recipe")
	if n := f.Take("recipe"); n != nil {
		r.ID(n, "recipe")
	}
	f.Required("title", "Pea soup")
	f.Texts("with")
	f.Yes("vegan")
	f.Done("A recipe")
	return problems.Tidy()
}

func TestMistakesAreNamedWithWhatToWriteInstead(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"nothing wrong", "recipe: pea-soup\ntitle: Pea soup\nwith: [peas, mint]\nvegan: yes\n", ""},
		{"empty", "", `soup.yaml:1: The file is not YAML: it is empty. Look for a missing colon, a tab or uneven indents here or just above.`},
		{"a list", "- recipe\n", `soup.yaml:1: This is no recipe; begin with "recipe: an-id".`},
		{"a missing key", "recipe: pea-soup\n", `soup.yaml:1: title is missing; write "title: Pea soup".`},
		{"an empty key", "recipe: pea-soup\ntitle:\n", `soup.yaml:2: title is empty; write "title: Pea soup".`},
		{"a list for a text", "recipe: pea-soup\ntitle: [a, b]\n", `soup.yaml:2: title is one piece of text; this is a list or a group.`},
		{"an unknown key", "recipe: pea-soup\ntitle: Pea soup\nvegam: yes\n", `soup.yaml:3: A recipe has no key "vegam"; write "vegan"?`},
		{"a comma in a text", "{recipe: pea-soup, title: Soup, with peas}\n", `soup.yaml:1: "with peas" is cut off by a comma; inside {…} a text with a comma needs quotes around it.`},
		{"a key twice", "recipe: pea-soup\ntitle: Pea soup\ntitle: Soup\n", `soup.yaml:3: "title" stands twice; keep one, the better one.`},
		{"neither yes nor no", "recipe: pea-soup\ntitle: Pea soup\nvegan: mostly\n", `soup.yaml:3: vegan is yes or no.`},
		{"no id", "recipe: Pea Soup\ntitle: Pea soup\n", `soup.yaml:1: "Pea Soup" is no id; use small letters, digits and single hyphens, at most 64, as in blood-pressure.`},
		{"an anchor", "recipe: &a pea-soup\ntitle: *a\n", `soup.yaml:1: Anchors (&) and aliases (*) are not part of the language; write it out.`},
		{"a tag", "recipe: !id pea-soup\ntitle: Pea soup\n", `soup.yaml:1: Tags (!) are not part of the language; leave !id out.`},
		{"two documents", "recipe: a\ntitle: A\n---\nrecipe: b\n", `soup.yaml:3: A file holds one recipe; put what follows --- in a file of its own.`},
	} {
		t.Run(c.name, func(t *testing.T) {
			problems := read(c.data)
			if got := problems.Error(); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if fault.KindOf(problems) != fault.Invalid {
				t.Errorf("the kind is %v, want Invalid", fault.KindOf(problems))
			}
		})
	}
}

func TestReadingAlwaysEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOf(rapid.SampledFrom([]string{"recipe", "title", ":", " ", "\n", "- ", "{", "}", "[", "]", "&a", "*a", "!", "---", "\t", "\"", "é", "\x00"}))
		data := ""
		for _, part := range text.Draw(t, "parts") {
			data += part
		}
		read(data)
	})
}

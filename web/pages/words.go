package pages

import (
	"embed"
	"fmt"
	"strings"

	"joinery/fhir"
)

// glossary says in plain words what codes mean, for the people whom the record is
// about. A code that it does not have is shown as the record says it.
type glossary struct {
	says     map[string]string // by code of SNOMED CT
	reviewed string            // who has checked the words; "nobody"
}

//go:embed words/*.txt
var wordFiles embed.FS

// readGlossaries reads the glossary of each language that has one.
func readGlossaries() (map[string]*glossary, error) {
	entries, err := wordFiles.ReadDir("words")
	if err != nil {
		return nil, fmt.Errorf("words: %w", err)
	}
	out := map[string]*glossary{}
	for _, e := range entries {
		data, err := wordFiles.ReadFile("words/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("words: %w", err)
		}
		if out[strings.TrimSuffix(e.Name(), ".txt")], err = readGlossary(string(data)); err != nil {
			return nil, fmt.Errorf("words/%s: %w", e.Name(), err)
		}
	}
	return out, nil
}

// glossary returns the plain words in the language of a page. Where a language has
// none, nothing stands beside an entry.
func (c *call) glossary(page string) *glossary {
	if g := c.pages.words[c.speaks(page).code]; g != nil {
		return g
	}
	return &glossary{reviewed: "there is nothing to check"}
}

// readGlossary reads a file of words. The error says which line is wrong.
func readGlossary(text string) (*glossary, error) {
	g := &glossary{says: map[string]string{}}
	number := 0
	for line := range strings.Lines(text) {
		number++
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		cells := strings.Split(line, "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case cells[0] == "reviewed-by" && len(cells) == 2:
			g.reviewed = cells[1]
		case len(cells) != 3 || cells[1] == "" || cells[2] == "" || g.says[cells[0]] != "":
			return nil, fmt.Errorf("line %d: write code | words | page, each code once", number)
		default:
			g.says[cells[0]] = cells[1]
		}
	}
	if g.reviewed == "" {
		return nil, fmt.Errorf("it does not say who has checked the words: reviewed-by | nobody")
	}
	return g, nil
}

// plain returns the plain words of a CodeableConcept, empty when there are none.
func (g *glossary) plain(v fhir.Value) string {
	for c := range v.Get("coding").Items() {
		if c.Get("system").Is("http://snomed.info/sct") {
			if says := g.says[c.Get("code").Text()]; says != "" {
				return says
			}
		}
	}
	return ""
}

// unreviewed reports whether nobody has checked the words.
func (g *glossary) unreviewed() bool { return g.reviewed == "nobody" }

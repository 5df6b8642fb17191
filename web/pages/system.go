package pages

import (
	"embed"
	"slices"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"

	"joinery/care/finding"
	"joinery/care/model"
	"joinery/criteria/language"
	"joinery/definitions"
	"joinery/record/access"
	"joinery/written"
)

// The living picture of the system. What is on it is data (system.yaml); what is
// live are its counts.

//go:embed system.yaml
var systemFile embed.FS

// layer is a ring of the picture.
type layer struct {
	ID, Title, Says string
	Tiles           []*tile
}

// tile is one part of the picture.
type tile struct {
	ID, Title, Says, Source string
	Models                  []string // layers of models of care
	Networks                bool     // the networks of the directory are listed
	Found                   []string // places of definitions
	Counts                  []countOf
	Measures                []string // ids of definitions
}

// countOf is something of which there are some.
type countOf struct {
	Title, Of string
	Where     []string // names and values of a search, in turn
}

// picture is the whole of it.
type picture struct {
	Source string
	Layers []*layer
}

// drawn is the picture as it is shipped.
var drawn = sync.OnceValue(func() *picture {
	data, err := systemFile.ReadFile("system.yaml")
	if err == nil {
		var p *picture
		if p, err = readPicture("system.yaml", data); err == nil {
			return p
		}
	}
	panic("web/pages: " + err.Error()) // found by every test
})

// readPicture reads a picture. The fault is Invalid and says what is wrong where.
func readPicture(file string, data []byte) (*picture, error) {
	var problems written.Problems
	r := &written.Reader{File: file, Problems: &problems}
	p := &picture{}
	if doc := r.Document(data); doc != nil {
		f := r.Fields(doc, "a picture")
		if f == nil {
			return nil, problems.Tidy()
		}
		p.Source = f.Required("source", "where the picture is from")
		ids := map[string]bool{}
		for _, n := range listOf(r, f, "layers") {
			l := r.Fields(n, "a layer")
			if l == nil {
				continue
			}
			one := &layer{ID: l.Required("layer", "pathways"), Title: l.Required("title", "Five pathways"), Says: l.Required("says", "what it is")}
			for _, n := range listOf(r, l, "tiles") {
				t := readTile(r, n)
				if ids[t.ID] {
					r.Wrong(n, "there are two tiles of the id %s", t.ID)
				}
				ids[t.ID] = true
				one.Tiles = append(one.Tiles, t)
			}
			l.Done("A layer")
			p.Layers = append(p.Layers, one)
		}
		f.Done("A picture")
	}
	if len(problems) > 0 {
		return nil, problems.Tidy()
	}
	return p, nil
}

// listOf returns the nodes of a list, none where there is no such key.
func listOf(r *written.Reader, f *written.Fields, key string) []*yaml.Node {
	n := f.Take(key)
	if n == nil {
		return nil
	}
	return r.List(n, key)
}

func readTile(r *written.Reader, n *yaml.Node) *tile {
	t := &tile{}
	f := r.Fields(n, "a tile")
	if f == nil {
		return t
	}
	t.ID, t.Title, t.Says = f.Required("tile", "maternity"), f.Required("title", "Maternity"), f.Required("says", "what it is")
	t.Source = f.Required("source", "where that is written")
	t.Models, t.Found, t.Measures = f.Texts("models"), f.Texts("found"), f.Texts("measures")
	for _, l := range t.Models {
		if !slices.Contains(model.Layers, l) {
			r.Wrong(n, "no model of care can have the layer %q", l)
		}
	}
	for _, id := range slices.Concat(t.Found, t.Measures) {
		if definition, _, _ := strings.Cut(id, "."); library().Definitions[definition] == nil {
			r.Wrong(n, "there is no definition %q", id)
		}
	}
	t.Networks = f.Text("networks") == "listed"
	for _, n := range listOf(r, f, "counts") {
		one := r.Fields(n, "something to count")
		if one == nil {
			continue
		}
		c := countOf{Title: one.Required("title", "People"), Of: one.Required("of", "Patient")}
		for pair := range strings.SplitSeq(one.Text("where"), "&") {
			if name, value, ok := strings.Cut(pair, "="); ok {
				c.Where = append(c.Where, name, value)
			}
		}
		one.Done("Something to count")
		t.Counts = append(t.Counts, c)
	}
	f.Done("A tile")
	return t
}

// library are the definitions that are shipped.
var library = sync.OnceValue(func() *language.Library {
	lib, problems := language.Load(nil, definitions.Shipped())
	if len(problems) > 0 {
		panic("web/pages: the shipped definitions are damaged: " + problems.Error()) // found by every test
	}
	return lib
})

// systemView is the picture with its counts.
type systemView struct {
	Source string
	Layers []layerView
	At     time.Time
}

type layerView struct {
	ID, Title, Says string
	Tiles           []*tileView
}

// tileView is a tile with what there is of it now.
type tileView struct {
	*tile
	InForce   []modelLine
	Shipped   []modelLine
	Counted   []countedLine
	Networks  []networkLine
	People    []foundLine
	Measured  []measuredLine
	Untouched bool // nothing of it is in this record
	Staff     bool
}

// foundLine is a definition, and how many people are found in its places.
type foundLine struct {
	ID, Title string
	Marks     []string
	Lines     []countedLine
}

// Any reports whether surely somebody is found.
func (f foundLine) Any() bool {
	return slices.ContainsFunc(f.Lines, func(l countedLine) bool { return l.Any() })
}

// countedLine is how many there are of something.
type countedLine struct {
	Title string
	tally
}

// measuredLine is how many of whom something is asked meet it.
type measuredLine struct {
	Title string
	Share string // empty: too few to tell
	Of    tally
	Marks []string
}

// system answers GET /system.
func (c *call) system() (*page, error) {
	in, rest, err := c.modelLines()
	if err != nil {
		return nil, err
	}
	p := drawn()
	v := &systemView{Source: p.Source, At: c.now()}
	for _, l := range p.Layers {
		row := layerView{ID: l.ID, Title: l.Title, Says: l.Says}
		for _, t := range l.Tiles {
			one, err := c.tileView(t, in, rest, false)
			if err != nil {
				return nil, err
			}
			row.Tiles = append(row.Tiles, one)
		}
		v.Layers = append(v.Layers, row)
	}
	return &page{name: "system", view: v}, nil
}

// systemTile answers GET /system/{tile}.
func (c *call) systemTile() (*page, error) {
	for _, l := range drawn().Layers {
		for _, t := range l.Tiles {
			if t.ID != c.r.PathValue("tile") {
				continue
			}
			in, rest, err := c.modelLines()
			if err != nil {
				return nil, err
			}
			v, err := c.tileView(t, in, rest, true)
			return &page{name: "tile", view: v}, err
		}
	}
	return nil, errAbsent
}

// tileView counts what there is of a tile; whole: its measures too.
func (c *call) tileView(t *tile, in, rest []modelLine, whole bool) (*tileView, error) {
	v := &tileView{tile: t, Untouched: true, Staff: c.role() == access.Staff}
	of := func(lines []modelLine) []modelLine {
		return slices.DeleteFunc(slices.Clone(lines), func(l modelLine) bool { return !slices.Contains(t.Models, l.Layer) })
	}
	v.InForce, v.Shipped = of(in), of(rest)
	for _, one := range t.Counts {
		n, err := c.counted(one.Of, one.Where...)
		if err != nil {
			return nil, err
		}
		v.Counted = append(v.Counted, countedLine{Title: one.Title, tally: n})
	}
	for _, id := range t.Found {
		line, err := c.inPlaces(id)
		if err != nil {
			return nil, err
		}
		v.People = append(v.People, line)
	}
	v.Untouched = len(v.InForce) == 0 && !slices.ContainsFunc(v.Counted, countedLine.Any) && !slices.ContainsFunc(v.People, foundLine.Any)
	if !whole {
		return v, nil
	}
	if t.Networks {
		var err error
		if v.Networks, err = c.networks(); err != nil {
			return nil, err
		}
	}
	for _, id := range t.Measures {
		line, err := c.measured(id)
		if err != nil {
			return nil, err
		}
		v.Measured = append(v.Measured, line)
	}
	return v, nil
}

// placeTag is the tag of an assessment that says in which place it found somebody.
const placeTag = "urn:joinery:place|"

// inPlaces counts who is found in a place of a definition, or in each of its places
// when the definition alone is named.
func (c *call) inPlaces(id string) (foundLine, error) {
	definition, _, single := strings.Cut(id, ".")
	d := library().Definitions[definition]
	places, called := finding.Places(d)
	out := foundLine{ID: definition, Title: d.Title, Marks: d.Marks()}
	for _, place := range places {
		if single && place != id {
			continue
		}
		n, err := c.counted("RiskAssessment", "_tag", placeTag+place)
		if err != nil {
			return out, err
		}
		out.Lines = append(out.Lines, countedLine{called[place], n})
	}
	return out, nil
}

// measured says which share of those who are asked about meet a measure, by what
// finding keeps of it.
func (c *call) measured(id string) (measuredLine, error) {
	d := library().Definitions[id]
	line := measuredLine{Title: d.Title, Marks: d.Marks()}
	places, _ := finding.Places(d)
	var n []tally
	for _, place := range places {
		one, err := c.counted("RiskAssessment", "_tag", placeTag+place)
		if err != nil {
			return line, err
		}
		n = append(n, one)
	}
	if len(n) == 2 && n[0].Told && n[1].Told {
		line.Of = tally{n[0].N + n[1].N, true}
		line.Share = c.drawn("tile").ShareOf(float64(n[0].N) / float64(max(line.Of.N, 1))).Told
	}
	if len(n) == 1 {
		line.Of = n[0]
	}
	return line, nil
}

package clock

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"joinery/fault"
)

// Standard is a response standard: within which time what has to happen after
// what.
type Standard struct {
	ID       string
	Title    string
	Source   string // of the rule
	Note     string // what of it is not verified, or left out
	Starts   []Kind // whichever is first begins the clock
	Stops    []Kind // whichever is first is what had to happen
	Closes   []Kind // these end it otherwise
	Restarts []Kind // after it was stopped, these begin a new one
	Within   Limit
	During   *During // within which it holds; nil: at all hours
	Warns    Limit   // how long before the end it is due soon; N is 0: never
	Share    int     // of 100, how many should meet it; 0: not said
}

// written is how a standard stands in YAML.
type written struct {
	Standard string   `yaml:"standard"`
	Title    string   `yaml:"title"`
	Source   string   `yaml:"source"`
	Note     string   `yaml:"note"`
	Starts   []string `yaml:"starts"`
	Stops    []string `yaml:"stops"`
	Closes   []string `yaml:"closes"`
	Restarts []string `yaml:"starts again"`
	Within   string   `yaml:"within"`
	During   string   `yaml:"during"`
	Warns    string   `yaml:"warns before"`
	Share    int      `yaml:"share"`
}

//go:embed standards.yaml
var shippedText []byte

var shipped = sync.OnceValue(func() []*Standard {
	list, err := Parse("standards.yaml", shippedText)
	if err != nil {
		panic("clock: " + err.Error()) // found by every test
	}
	return list
})

// Shipped returns the standards that come with Joinery, by their ids.
func Shipped() []*Standard { return slices.Clone(shipped()) }

// Find returns the shipped standard of an id.
func Find(id string) (*Standard, bool) {
	for _, s := range shipped() {
		if s.ID == id {
			return s, true
		}
	}
	return nil, false
}

// Parse reads standards, one a YAML document. The fault is Invalid and names
// every mistake with its standard.
func Parse(file string, data []byte) ([]*Standard, error) {
	var out []*Standard
	var wrong []string
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	for {
		var w written
		err := dec.Decode(&w)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			wrong = append(wrong, strings.TrimPrefix(err.Error(), "yaml: "))
			break
		}
		s, mistakes := w.read()
		for _, m := range mistakes {
			wrong = append(wrong, fmt.Sprintf("%s: %s", w.Standard, m))
		}
		if slices.ContainsFunc(out, func(other *Standard) bool { return other.ID == s.ID }) {
			wrong = append(wrong, s.ID+": there is a standard of this name already")
		}
		out = append(out, s)
	}
	if len(wrong) > 0 {
		return nil, fault.New(fault.Invalid, file+" is not valid:\n"+strings.Join(wrong, "\n"))
	}
	slices.SortFunc(out, func(a, b *Standard) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}

func (w *written) read() (*Standard, []string) {
	s := &Standard{ID: w.Standard, Title: w.Title, Source: w.Source, Note: w.Note, Share: w.Share}
	var wrong []string
	fail := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	for _, f := range []struct{ name, value string }{{"standard", w.Standard}, {"title", w.Title}, {"source", w.Source}, {"within", w.Within}} {
		if strings.TrimSpace(f.value) == "" {
			fail("it does not say %q", f.name)
		}
	}
	kinds := func(name string, from []string, needed bool) []Kind {
		if needed && len(from) == 0 {
			fail("it does not say %q", name)
		}
		var out []Kind
		for _, k := range from {
			if !slices.Contains(Kinds(), Kind(k)) {
				fail("%q: there is no event %q; there are %s", name, k, kindNames())
				continue
			}
			out = append(out, Kind(k))
		}
		return out
	}
	s.Starts, s.Stops = kinds("starts", w.Starts, true), kinds("stops", w.Stops, true)
	s.Closes, s.Restarts = kinds("closes", w.Closes, false), kinds("starts again", w.Restarts, false)
	for _, k := range s.Stops {
		if slices.Contains(s.Starts, k) || slices.Contains(s.Closes, k) {
			fail("the event %q stands in two places", k)
		}
	}
	if w.Within != "" {
		var err error
		if s.Within, err = ParseLimit(w.Within); err != nil {
			fail("within: %v", err)
		}
	}
	if w.During != "" {
		var err error
		if s.During, err = ParseDuring(w.During); err != nil {
			fail("during: %v", err)
		}
	}
	if w.Warns != "" {
		var err error
		if s.Warns, err = ParseLimit(w.Warns); err != nil {
			fail("warns before: %v", err)
		}
	}
	if w.Share < 0 || w.Share > 100 {
		fail("share is of 100 people, from 0 to 100")
	}
	return s, wrong
}

func kindNames() string {
	var names []string
	for _, k := range Kinds() {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

package language

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"joinery/timeline"
	"joinery/written"
)

// Kind is what a definition is for.
type Kind uint8

// A Group is whom something is for; a proportion, a rate, a continuous value
// and a time to an event are measures; Segments put each person in one part.
const (
	Group Kind = iota
	Proportion
	Rate
	Continuous
	TimeToEvent
	Segments
)

var kindNames = []string{"group", "proportion", "rate", "continuous", "time to event", "segments"}

func (k Kind) String() string { return kindNames[k] }

// Definition is one file of the language: whom it counts, and how.
type Definition struct {
	Place
	ID, Version, Title string
	Statement          string // in plain words, for residents
	Owner              string
	Sources            []string
	Review             timeline.Day
	Reviewer           string   // "" is shown wherever the definition is used
	Unverified         []string // what the author says is not verified
	Hash               string   // of the file and of everything it uses

	Kind        Kind
	Population  Expr // of a group: who
	Exclusions  []Reason
	Exceptions  []Reason
	Needs       []Reason
	IncludeDied bool

	Numerator Expr   // Proportion
	Count     Expr   // Rate: *Events or *Stays
	Per       Per    // Rate
	BedDays   *Stays // Rate per bed-days
	Over      Period // Rate per person-time: the time up to the index date
	Value     Expr   // Continuous: *Events, *Change or *Score
	Summary   string // mean or median
	Start     *Anchor
	End       *Events // TimeToEvent

	Parts  []Part // Segments, in order
	Points *Score // Segments by bands of a score

	Direction string // higher is better, lower is better, neither
	Minimum   int    // denominator below which no figure is shown
	GroupBy   []string

	terms map[string]*term
	text  []byte
	uses  map[string]*CodeSet
	meets []*Meets
	state int // of resolving
}

// term is a named condition of a definition.
type term struct {
	at    Place
	of    Expr
	state int
}

// Reason is a condition with what to say when it decides.
type Reason struct {
	When Expr
	Says string
}

// Part is one segment.
type Part struct {
	Place
	Name string
	When Expr  // nil in bands
	Is   *Span // of the score, in bands
}

// Per is what a rate is counted by.
type Per struct {
	N       float64
	BedDays bool // else person-years
}

// CodeSets returns the sets that the definition uses itself, by id.
func (d *Definition) CodeSets() map[string]*CodeSet { return d.uses }

// Meets returns the other definitions that the definition refers to, each once.
func (d *Definition) Meets() []*Definition {
	var out []*Definition
	for _, m := range d.meets {
		if m.Definition != nil && !slices.Contains(out, m.Definition) {
			out = append(out, m.Definition)
		}
	}
	return out
}

// Marks returns what must be shown with every result of the definition: that
// nobody has reviewed it, and what is not verified. No setting takes them away.
func (d *Definition) Marks() []string {
	var marks []string
	if d.Reviewer == "" {
		marks = append(marks, "unreviewed: no clinician has put their name to this definition")
	}
	return append(marks, d.unsure(map[*Definition]bool{})...)
}

func (d *Definition) unsure(seen map[*Definition]bool) []string {
	if seen[d] {
		return nil
	}
	seen[d] = true
	var marks []string
	for _, u := range d.Unverified {
		marks = append(marks, "unverified: "+u)
	}
	for _, id := range sortedKeys(d.uses) {
		if s := d.uses[id]; s.Unsure() > 0 {
			marks = append(marks, unsureCodes(s))
		}
	}
	for _, m := range d.meets {
		if m.Definition != nil {
			marks = append(marks, m.Definition.unsure(seen)...)
		}
	}
	return marks
}

// definition reads a file that holds a definition.
func (r *reader) definition(doc *yaml.Node) *Definition {
	f := r.Fields(doc, "a definition")
	d := &Definition{Place: r.Place(doc), ID: r.ID(f.Take("definition"), "definition"), terms: map[string]*term{}, uses: map[string]*CodeSet{}}
	r.about(f, d)
	r.events = map[string]*Anchor{}
	if n := f.Take("events"); n != nil {
		r.named(n, d)
	}
	if n := f.Take("terms"); n != nil {
		r.terms(n, d)
	}
	r.shape(f, d)
	d.Exclusions = r.reasons(f, "exclusions", "when")
	d.Exceptions = r.reasons(f, "exceptions", "when")
	d.Needs = r.reasons(f, "needs", "what")
	d.IncludeDied = f.Yes("include people who have died")
	if n := f.Take("minimum"); n != nil {
		if s := r.span(n, "minimum"); s != nil && s.LowIn {
			d.Minimum = int(s.Low)
		}
	}
	if n := f.Take("group by"); n != nil {
		d.GroupBy = r.Words(n, "group by", Groupings)
	}
	f.Done("A definition")
	if len(d.Exceptions) > 0 && d.Kind != Proportion {
		r.Wrong(doc, "Exceptions excuse people who miss a proportion's numerator; in a %s write exclusions.", d.Kind)
	}
	return d
}

// Groupings are what results can be grouped by.
var Groupings = []string{"practice", "network", "borough", "ageband", "sex", "ethnicity", "deprivation"}

var directions = []string{"higher is better", "lower is better", "neither"}

// about reads what a definition says of itself.
func (r *reader) about(f *written.Fields, d *Definition) {
	d.Version = f.Required("version", "1.0.0")
	d.Title = f.Required("title", "Hypertension treated to target")
	d.Statement = f.Required("statement", "what this means for residents, in plain words")
	d.Owner = f.Required("owner", "who answers for it")
	d.Reviewer = f.Text("reviewer")
	d.Unverified = f.Texts("unverified")
	if n := f.Take("sources"); n == nil {
		r.Wrong(f.Node, "sources is missing; write where each rule and number comes from.")
	} else {
		d.Sources = r.Texts(n, "sources")
	}
	if n := f.Take("review"); n == nil {
		r.Wrong(f.Node, "review is missing; write the date by which the definition is to be looked at again, as in \"review: 2027-03-31\".")
	} else if day, err := parseDay(r.Text(n, "review")); err != nil {
		r.Wrong(n, "review: %v.", err)
	} else {
		d.Review = day
	}
}

// shape reads what kind of definition it is, and the keys of that kind.
func (r *reader) shape(f *written.Fields, d *Definition) {
	who, measure, segments, bands := f.Take("who"), f.Take("measure"), f.Take("segments"), f.Take("bands")
	population := f.Take("population")
	n := 0
	for _, head := range []*yaml.Node{who, measure, segments, bands} {
		if head != nil {
			n++
		}
	}
	if n != 1 {
		r.Wrong(f.Node, "A definition has one of: who (a group of people), measure, segments, bands (segments by a score).")
		return
	}
	if population != nil {
		d.Population = r.expr(population, 0)
	}
	switch {
	case who != nil:
		if population != nil {
			r.Wrong(population, "A group has who alone; put these conditions there.")
		}
		d.Population = r.expr(who, 0)
	case measure != nil:
		if population == nil {
			r.Wrong(measure, "A measure has a population: whom it is about.")
		}
		r.measure(f, measure, d)
	case segments != nil:
		d.Kind = Segments
		r.parts(segments, d, "when")
	case bands != nil:
		d.Kind = Segments
		if n := f.Take("score"); n == nil {
			r.Wrong(bands, "Bands need a score: a list of conditions with points.")
		} else {
			d.Points = r.score(n, 0)
		}
		r.parts(bands, d, "is")
	}
}

func (r *reader) measure(f *written.Fields, n *yaml.Node, d *Definition) {
	switch what := r.Text(n, "measure"); what {
	case "proportion":
		d.Kind = Proportion
		d.Numerator = r.part(f, "numerator", "who of the population meets it")
	case "rate":
		d.Kind = Rate
		r.rate(f, d)
	case "continuous":
		d.Kind = Continuous
		d.Value = r.figure(f, "value")
		d.Summary = f.Required("summary", "mean")
		if d.Summary != "mean" && d.Summary != "median" {
			r.Wrong(n, "summary is mean or median.")
		}
	case "time to event":
		d.Kind = TimeToEvent
		if start := f.Take("start"); start == nil {
			r.Wrong(n, "A time to an event has a start: one of the named events.")
		} else {
			d.Start, _ = r.anchor(start, strings.Fields(r.Text(start, "start")))
		}
		if end, ok := r.part(f, "event", "what is waited for, as in {first: treatment, since: referral}").(*Events); ok {
			d.End = end
		}
	default:
		r.Wrong(n, "%q is no kind of measure%s", what, written.Meant(what, kindNames[Proportion:Segments]))
	}
	if n := f.Take("direction"); n == nil {
		r.Wrong(f.Node, "direction is missing; write \"higher is better\", \"lower is better\" or \"neither\".")
	} else if s := r.Words(n, "direction", directions); len(s) == 1 {
		d.Direction = s[0]
	}
}

// rate reads what is counted and by what.
func (r *reader) rate(f *written.Fields, d *Definition) {
	d.Count = r.figure(f, "count")
	per := f.Required("per", "1000 person-years")
	words := strings.Fields(per)
	n, err := 0.0, error(nil)
	if len(words) == 2 {
		n, err = number(words[0])
	}
	switch {
	case len(words) != 2 || err != nil || n <= 0:
		r.Wrong(f.Node, "per: %q is not understood; write \"1000 person-years\" or \"1000 bed-days\".", per)
	case words[1] == "person-years":
		d.Per = Per{N: n}
		over := f.Required("over", "12 months")
		if p, rest, err := parsePeriod(strings.Fields(over)); err != nil || len(rest) > 0 || p.N == 0 {
			r.Wrong(f.Node, "over: %q is not understood; write the time in which people are counted, as in \"12 months\".", over)
		} else {
			d.Over = p
		}
	case words[1] == "bed-days":
		d.Per = Per{N: n, BedDays: true}
		if s, ok := r.figure(f, "bed days").(*Stays); ok {
			d.BedDays = s
		}
	default:
		r.Wrong(f.Node, "per: %q is not understood; write \"1000 person-years\" or \"1000 bed-days\".", per)
	}
}

// part reads a condition under a key that must be there.
func (r *reader) part(f *written.Fields, key, what string) Expr {
	n := f.Take(key)
	if n == nil {
		r.Wrong(f.Node, "%s is missing: %s.", key, what)
		return nil
	}
	return r.expr(n, 0)
}

// parts reads segments, or bands of a score.
func (r *reader) parts(n *yaml.Node, d *Definition, key string) {
	seen := map[string]bool{}
	for _, entry := range r.List(n, "segments") {
		f := r.Fields(entry, "a segment")
		if f == nil {
			continue
		}
		p := Part{Place: r.Place(entry), Name: f.Required("name", "complex")}
		if seen[p.Name] && p.Name != "" {
			r.Wrong(entry, "The segment %q stands twice; put its conditions together under any.", p.Name)
		}
		seen[p.Name] = true
		if key == "when" {
			p.When = r.part(f, "when", "who is in this segment, unless an earlier one has them")
		} else if p.Is = r.spanOf(f, "is"); p.Is == nil {
			r.Wrong(entry, "The band says no scores; write \"is: 5 to 8\".")
		}
		f.Done("A segment")
		d.Parts = append(d.Parts, p)
	}
	if len(d.Parts) > maxParts {
		r.Wrong(n, "There are %d segments; at most %d can be told apart.", len(d.Parts), maxParts)
	}
}

const maxParts = 100

// reasons reads a list of conditions, each with its reason.
func (r *reader) reasons(f *written.Fields, key, when string) []Reason {
	n := f.Take(key)
	if n == nil {
		return nil
	}
	var out []Reason
	for _, entry := range r.List(n, key) {
		e := r.Fields(entry, "a condition with its reason")
		if e == nil {
			continue
		}
		out = append(out, Reason{When: r.part(e, when, "the condition"), Says: e.Required("reason", "what to tell the person who asks")})
		e.Done("An entry of " + key)
	}
	if len(out) > maxParts {
		r.Wrong(n, "There are %d %s; at most %d can be told apart.", len(out), key, maxParts)
	}
	return out
}

// named reads the events that windows may hang on.
func (r *reader) named(n *yaml.Node, _ *Definition) {
	f := r.Fields(n, "a name for each event")
	if f == nil {
		return
	}
	for _, key := range f.Keys {
		name, node := key.Value, f.Take(key.Value)
		if !written.IsID(name) || name == "birth" || name == "age" {
			r.Wrong(key, "%q cannot name an event; use small letters, digits and hyphens, as in first-visit.", name)
			continue
		}
		e, ok := r.expr(node, 0).(*Events)
		if !ok || e.Op != First && e.Op != Last {
			r.Wrong(node, "The event %q must be one event; write {first: …} or {last: …}.", name)
			continue
		}
		r.events[name] = &Anchor{at: at{r.Place(key)}, Name: name, Events: e}
	}
}

// terms reads the named conditions.
func (r *reader) terms(n *yaml.Node, d *Definition) {
	f := r.Fields(n, "a name for each condition")
	if f == nil {
		return
	}
	for _, key := range f.Keys {
		if !written.IsID(key.Value) {
			r.Wrong(key, "%q cannot name a term; use small letters, digits and hyphens, as in on-treatment.", key.Value)
		}
		d.terms[key.Value] = &term{at: r.Place(key), of: r.expr(f.Take(key.Value), 0)}
	}
}

package criteria

import (
	"fmt"
	"strconv"
	"strings"

	"joinery/criteria/language"
	"joinery/timeline"
)

// Explanation says why a definition gives one person its answer.
type Explanation struct {
	Definition string       `json:"definition"`
	Version    string       `json:"version"`
	Hash       string       `json:"hash"`
	Title      string       `json:"title"`
	Marks      []string     `json:"marks,omitempty"` // what must be shown with the answer: unreviewed, unverified
	On         timeline.Day `json:"on"`
	Person     string       `json:"person,omitempty"` // id of the Patient
	Answer     Answer       `json:"answer"`
	Why        string       `json:"why,omitempty"`
	Figure     *Figure      `json:"figure,omitempty"` // of a measure that is not a proportion
	Next       *Change      `json:"next,omitempty"`   // the next day on which the answer changes, if nothing else happens; nil: not in 20 years
	NextWhy    string       `json:"nextWhy,omitempty"`
	Questions  []Question   `json:"questions,omitempty"`
}

// Question is one question that was asked, in order, such as the population or an
// exclusion.
type Question struct {
	Role   string `json:"role"`             // population, exclusion, needs, numerator, exception, segment, score, start, event, value or count
	Reason string `json:"reason,omitempty"` // of an exclusion, need or exception; the name of a segment or start
	Tree
}

// Tree is a condition with what it says of the person, and why.
type Tree struct {
	Says    string   `json:"says"`
	File    string   `json:"file,omitempty"`
	Line    int      `json:"line"`
	Holds   truth    `json:"holds"`
	Points  *float64 `json:"points,omitempty"`  // of a term of a score
	Found   []Fired  `json:"found,omitempty"`   // the events that were found
	Number  string   `json:"number,omitempty"`  // what a count or a score came to, or an attribute's value
	Missing string   `json:"missing,omitempty"` // what would have to be there, where it is not
	Of      []Tree   `json:"of,omitempty"`

	not bool // it holds when what is in it does not
}

// Fired is an event that a condition found, or that it passed over.
type Fired struct {
	Date         string `json:"date,omitempty"` // as precisely as it is known
	Kind         string `json:"kind,omitempty"`
	Code         string `json:"code,omitempty"` // system|code, or the text
	Value        string `json:"value,omitempty"`
	Unit         string `json:"unit,omitempty"`
	Status       string `json:"status,omitempty"`
	Organisation string `json:"organisation,omitempty"`
	Source       string `json:"source,omitempty"`
	Note         string `json:"note,omitempty"` // why it counts or not, where that is not plain
}

// Explain asks one definition of the i-th person of a Set, running the very
// program that Run runs. p must be of that definition alone.
func (p *Program) Explain(set *timeline.Set, i int, on timeline.Day) *Explanation {
	m := p.bind(set).machine(on)
	m.ask(set.Person(i))
	plan := p.plans[0]
	d := plan.definition
	o := m.outcome(plan)
	e := &Explanation{
		Definition: d.ID, Version: d.Version, Hash: d.Hash, Title: d.Title, Marks: d.Marks(),
		On: on, Person: string(m.person.ID()), Answer: o.Answer, Why: o.Why(d),
	}
	if counted(d.Kind, o.Answer) && (d.Kind == language.Rate || d.Kind == language.Continuous || d.Kind == language.TimeToEvent) {
		f := m.figure(plan)
		e.Figure = &f
	}
	x := &explainer{machine: m, shown: map[node]bool{}}
	e.Questions = x.questions(plan)
	if c, ok := m.next(plan); ok {
		e.Next, e.NextWhy = &c, c.To.Why(d)
	}
	return e
}

// explainer builds trees. A term or definition that several conditions share is
// laid out once.
type explainer struct {
	*machine
	shown map[node]bool
}

func (x *explainer) questions(p *plan) []Question {
	d := p.definition
	var out []Question
	add := func(role, says string, n node) { out = append(out, Question{role, says, x.tree(n)}) }
	for _, n := range p.population {
		add("population", "", n)
	}
	if p.start != nil {
		add("start", d.Start.Name, &eventNode{d.Start.Events, p.start})
	}
	for i, n := range p.exclusions {
		add("exclusion", d.Exclusions[i].Says, n)
	}
	for i, n := range p.needs {
		add("needs", d.Needs[i].Says, n)
	}
	if p.numerator != nil {
		add("numerator", "", p.numerator)
	}
	for i, n := range p.exceptions {
		add("exception", d.Exceptions[i].Says, n)
	}
	for i, n := range p.parts {
		add("segment", d.Parts[i].Name, n)
	}
	if p.count != nil {
		add("count", "", p.count)
	}
	if p.value != nil {
		add("value", "", p.value)
	}
	if p.change != nil {
		out = append(out, Question{"value", "", x.change(p.change)})
	}
	if p.points != nil {
		out = append(out, Question{"score", "", x.score(p.points)})
	}
	if p.end != nil {
		add("event", "", p.end)
	}
	return out
}

// tree explains a condition and all within it, whether or not they were needed
// to decide.
func (x *explainer) tree(n node) Tree {
	switch n := n.(type) {
	case *allNode:
		return x.group(n, "all of:", n.of)
	case *anyNode:
		return x.group(n, "one of:", n.of)
	case *notNode:
		t := x.group(n, "not:", []node{n.of})
		t.not = true
		return t
	case *needingNode:
		return x.group(n, "what is needed, and:", []node{n.needs, n.of})
	case *atLeastNode:
		t := x.group(n, fmt.Sprintf("at least %d of:", n.expr.N), n.of)
		sure, _ := n.tally(x.machine)
		t.Says = fmt.Sprintf("at least %d of %d", n.expr.N, len(n.of))
		t.Number = strconv.Itoa(sure)
		if sure < n.expr.N {
			t.Missing = fmt.Sprintf("needs %d more", n.expr.N-sure)
		}
		return t
	case *scoreNode:
		return x.score(n)
	case *termNode:
		return x.shared(n, n.of)
	case *definitionNode:
		return x.definition(n)
	case *eventNode:
		return x.event(n)
	case *changeNode:
		return x.change(n)
	}
	t := x.leafless(n)
	t.Number = x.attribute(n.source())
	return t
}

func (x *explainer) leafless(n node) Tree {
	source := n.source()
	at := source.Where()
	return Tree{Says: language.Describe(source), File: at.File, Line: at.Line, Holds: n.ask(x.machine)}
}

func (x *explainer) group(n node, says string, of []node) Tree {
	t := x.leafless(n)
	t.Says = says
	for _, y := range of {
		t.Of = append(t.Of, x.tree(y))
	}
	return t
}

func (x *explainer) shared(n, of node) Tree {
	t := x.leafless(n)
	if x.shown[n] {
		t.Number = "as above"
		return t
	}
	x.shown[n] = true
	t.Of = []Tree{x.tree(of)}
	return t
}

func (x *explainer) definition(n *definitionNode) Tree {
	t := x.leafless(n)
	o := x.outcome(n.plan)
	t.Number = strings.TrimSuffix(o.Answer.String()+": "+o.Why(n.plan.definition), ": ")
	for key := range x.shown {
		if other, ok := key.(*definitionNode); ok && other.plan == n.plan {
			t.Number += "; as above"
			return t
		}
	}
	x.shown[n] = true
	for _, s := range x.questions(n.plan) {
		t.Of = append(t.Of, s.Tree)
	}
	return t
}

func (x *explainer) score(n *scoreNode) Tree {
	at := n.expr.Where()
	t := Tree{Says: language.Describe(n.expr), File: at.File, Line: at.Line, Holds: yes}
	low, high := n.points(x.machine)
	if n.expr.Is != nil {
		t.Holds = between(n.expr.Is, low, high)
	}
	if t.Number = number(low); low != high {
		t.Number += " to " + number(high)
	}
	for i, y := range n.of {
		of := x.tree(y)
		points := n.expr.Terms[i].Points
		of.Points = &points
		t.Of = append(t.Of, of)
	}
	return t
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func (x *explainer) event(n *eventNode) Tree {
	t := x.leafless(n)
	f := x.finding(n.leaf)
	switch n.expr.Op {
	case language.Has, language.Count:
		t.Found = x.all(n.leaf)
	case language.First, language.Last:
		if i := x.picked(n.leaf, n.expr.Op); i >= 0 {
			t.Found = []Fired{x.fired(n.leaf, i)}
		}
	}
	if n.expr.Op == language.Count {
		t.Number = strconv.Itoa(int(f.count))
	}
	if t.Holds == no {
		t.Missing = x.missing(n)
	}
	return t
}

func (x *explainer) change(n *changeNode) Tree {
	at := n.expr.Where()
	t := Tree{Says: language.Describe(n.expr), File: at.File, Line: at.Line}
	v, ok := n.number(x.machine)
	if n.expr.Value != nil {
		t.Holds = n.ask(x.machine)
	} else {
		t.Holds = truthOf(ok)
	}
	if ok {
		t.Number = number(n.convert.Of(v))
	} else {
		t.Missing = "two values, one after the other"
	}
	for _, end := range []struct {
		l *leaf
		e *language.Events
	}{{n.from, n.expr.From}, {n.to, n.expr.To}} {
		if i := x.picked(end.l, end.e.Op); i >= 0 {
			t.Found = append(t.Found, x.fired(end.l, i))
		}
	}
	return t
}

// most bounds how many events are shown of one condition; the last ones.
const most = 20

// all returns the events that a leaf has found.
func (x *explainer) all(l *leaf) []Fired {
	low, high, apart := x.window(l)
	var out []Fired
	x.each(l, func(i int, r *ref) {
		if i != apart {
			if _, ok := x.takes(l, r, i, low, high); ok {
				out = append(out, x.fired(l, i))
			}
		}
	})
	if len(out) > most {
		out[len(out)-most].Note = fmt.Sprintf("and %d earlier ones", len(out)-most)
		out = out[len(out)-most:]
	}
	return out
}

// fired returns an event as people read it.
func (x *explainer) fired(l *leaf, i int) Fired {
	e := x.events.Event(i)
	f := Fired{
		Date: written(e.Day, e.Minute), Kind: e.Kind, Status: e.Status, Organisation: e.Organisation, Source: e.Source, Unit: e.Unit,
	}
	f.Code = code(l, e.What)
	if len(e.Answer) > 0 {
		f.Value = e.Answer[0].Code
	}
	if e.HasValue {
		f.Value = e.Comparator + number(e.Value)
		if v, _, ok := x.value(l, i); ok && e.Unit != l.unit && v != e.Value {
			f.Note = fmt.Sprintf("%s %s", number(v), l.unit)
		}
	}
	switch l.events.Dated {
	case language.ByStart:
	case language.ByEnd:
		f.Note = joinNotes(f.Note, "ended "+e.End.String())
	case language.ByRecord:
		f.Note = joinNotes(f.Note, "entered "+x.events.Recorded(i).String())
	}
	return f
}

func joinNotes(a, b string) string { return strings.TrimPrefix(a+"; "+b, "; ") }

// code returns the coding by which a leaf finds a What, or its first.
func code(l *leaf, w timeline.What) string {
	if len(w.Codes) == 0 {
		return ""
	}
	found := w.Codes[0]
	display := ""
	if s := l.events.Codes; s != nil {
		for _, c := range w.Codes {
			if s.Has(c.System, c.Code) {
				found = c
				display = s.Display(c.System, c.Code)
				break
			}
		}
	}
	text := found.Code
	if found.System != "" {
		text = found.System + "|" + found.Code
	}
	if display != "" {
		text += " " + display
	}
	return text
}

// written returns a date as precisely as it is known.
func written(d timeline.Day, minute int16) string {
	s := d.String()
	switch {
	case minute == timeline.YearOnly:
		return s[:4]
	case minute == timeline.MonthOnly:
		return s[:7]
	case minute >= 0:
		return fmt.Sprintf("%s %02d:%02d", s, minute/60, minute%60)
	}
	return s
}

// missing says what a condition on events lacks, and what comes nearest to it.
func (x *explainer) missing(n *eventNode) string {
	e := n.expr
	f := x.finding(n.leaf)
	switch {
	case e.Op == language.Count && e.Is != nil:
		if low := e.Is.Low; float64(f.count) < low || !e.Is.LowIn && float64(f.count) == low {
			return fmt.Sprintf("needs %s, has %d", e.Is, f.count)
		}
		return fmt.Sprintf("has %d, more than %s", f.count, e.Is)
	case f.count > 0 && e.Value != nil:
		return "the value is not " + e.Value.String()
	case f.count > 0 && e.Answer != nil:
		return "the answer is not " + e.Answer.Title
	case f.count > 0:
		return "it was not " + e.Was.Title
	}
	text := "no " + e.Name()
	if e.Window.Kind != language.Ever {
		text += " " + e.Window.String()
	}
	if near := x.nearest(n.leaf); near != "" {
		text += "; " + near
	}
	return text
}

// nearest says which event a leaf came nearest to finding, and why it did not.
func (x *explainer) nearest(l *leaf) string {
	best, why := -1, ""
	whats := x.binding.set.Whats()
	for i, what := range x.events.What {
		w := &whats[what]
		if l.events.Codes == nil || !holds(l.events.Codes, w.Codes) || x.events.Day[i] > x.on {
			continue
		}
		best = i
		switch _, reason := l.match(w); reason {
		case "":
			why = "is outside the time or the values asked for"
			if end, ok := x.events.End(i); ok && l.events.Ongoing && end <= x.on {
				why = "has ended"
			}
		case unitOnly:
			why = "has no value in a unit that becomes " + l.unit
		default:
			why = "is of another " + reason
		}
	}
	if best < 0 {
		return ""
	}
	f := x.fired(l, best)
	text := "the last one, of " + f.Date
	if f.Value != "" {
		text += ", " + strings.TrimSpace(f.Value+" "+f.Unit)
	}
	return text + ", " + why
}

// attribute returns what is known of the person that a condition asks about.
func (x *explainer) attribute(e language.Expr) string {
	p := x.person
	known := func(s string) string {
		if s == "" {
			return "not known"
		}
		return s
	}
	switch e := e.(type) {
	case *language.Age:
		if x.born == timeline.NoDay {
			return "date of birth not known"
		}
		return fmt.Sprintf("%d %s", language.WholeAge(x.born, x.on, e.Unit), e.Unit)
	case *language.Born:
		if x.born == timeline.NoDay {
			return "date of birth not known"
		}
		return x.born.String()
	case *language.Sex:
		return known(p.Value(timeline.Sex))
	case *language.Ethnicity:
		return known(p.Value(timeline.Ethnicity))
	case *language.Deprivation:
		if p.Deprivation() == 0 {
			return "not known"
		}
		return strconv.Itoa(p.Deprivation())
	case *language.Area:
		return known(p.Value(timeline.Borough))
	case *language.Registered:
		if p.Number(timeline.Practice) == 0 {
			return "registered nowhere"
		}
		text := "registered with " + p.Value(timeline.Practice)
		if since := p.Registered(); since != timeline.NoDay {
			text += " since " + since.String()
		}
		return text
	}
	return ""
}

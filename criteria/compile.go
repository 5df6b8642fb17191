package criteria

import (
	"fmt"

	"joinery/criteria/language"
)

// Program is definitions compiled together. Conditions that ask the same of the
// same events are one, whichever definitions they stand in. A Program never
// changes and is safe for concurrent use.
type Program struct {
	plans  []*plan // of the definitions asked for, in their order, and then of those they meet
	asked  int
	leaves []*leaf
	terms  int // how many named terms are remembered for a person
}

// plan is one definition, compiled.
type plan struct {
	at         int // in Program.plans
	definition *language.Definition
	population []node
	exclusions []node
	exceptions []node
	needs      []node
	numerator  node
	count      *eventNode // Rate
	stays      *stayNode  // Rate, of bed days
	bedDays    *stayNode
	value      *eventNode
	change     *changeNode
	points     *scoreNode // Continuous, Segments by bands
	start      *leaf
	end        *eventNode
	parts      []node
}

// leaf is a search for events: what the pass over a person's events fills in.
type leaf struct {
	at     int // in Program.leaves
	events *language.Events
	unit   string             // of values, "" when none are wanted
	direct bool               // whether the window hangs on the index date alone
	anchor *leaf              // of an anchored window, when it is an event
	last   *leaf              // of a window between two anchors
	valued bool               // whether only events with a value in the unit are found
	each   bool               // whether each event's value must lie in Events.Value
	answer *language.CodeSet  // what each event's answer must be; nil: anything
	lines  []*language.Events // other places that ask the same
}

// Compile compiles definitions of one library.
func Compile(definitions ...*language.Definition) *Program {
	c := &compiler{
		program: &Program{},
		plans:   map[*language.Definition]*plan{},
		leaves:  map[string]*leaf{},
		terms:   map[language.Expr]*termNode{},
	}
	for _, d := range definitions {
		c.enter(d)
	}
	c.program.asked = len(c.program.plans)
	for i := 0; i < len(c.program.plans); i++ { // meeting others adds to them
		c.plan(c.program.plans[i])
	}
	return c.program
}

// Definitions returns the definitions that were asked for, in order and once.
func (p *Program) Definitions() []*language.Definition {
	out := make([]*language.Definition, p.asked)
	for i := range out {
		out[i] = p.plans[i].definition
	}
	return out
}

type compiler struct {
	program *Program
	plans   map[*language.Definition]*plan
	leaves  map[string]*leaf
	terms   map[language.Expr]*termNode
}

// enter returns the plan of a definition, which may still be empty.
func (c *compiler) enter(d *language.Definition) *plan {
	p, ok := c.plans[d]
	if !ok {
		p = &plan{at: len(c.program.plans), definition: d}
		c.plans[d] = p
		c.program.plans = append(c.program.plans, p)
	}
	return p
}

func (c *compiler) plan(p *plan) {
	d := p.definition
	p.population = c.nodes(conjuncts(d.Population))
	p.exclusions, p.exceptions, p.needs = c.reasons(d.Exclusions), c.reasons(d.Exceptions), c.reasons(d.Needs)
	if d.Numerator != nil {
		p.numerator = c.node(d.Numerator)
	}
	switch x := d.Count.(type) {
	case *language.Events:
		p.count = c.eventNode(x)
	case *language.Stays:
		p.stays = c.stayNode(x)
	}
	if d.BedDays != nil {
		p.bedDays = c.stayNode(d.BedDays)
	}
	switch x := d.Value.(type) {
	case *language.Events:
		p.value = c.eventNode(x)
	case *language.Change:
		p.change = c.changeNode(x)
	case *language.Score:
		p.points = c.scoreNode(x)
	}
	if d.Start != nil && d.Start.Events != nil {
		p.start = c.leaf(d.Start.Events, false)
	}
	if d.End != nil {
		p.end = c.eventNode(d.End)
	}
	if d.Points != nil {
		p.points = c.scoreNode(d.Points)
	}
	for _, part := range d.Parts {
		if part.When != nil {
			p.parts = append(p.parts, c.node(part.When))
		}
	}
}

func (c *compiler) nodes(of []language.Expr) []node {
	out := make([]node, len(of))
	for i, x := range of {
		out[i] = c.node(x)
	}
	return out
}

func (c *compiler) reasons(of []language.Reason) []node {
	out := make([]node, len(of))
	for i, r := range of {
		out[i] = c.node(r.When)
	}
	return out
}

// node compiles a condition.
func (c *compiler) node(x language.Expr) node {
	switch x := x.(type) {
	case *language.All:
		return &allNode{x, c.nodes(x.Of)}
	case *language.Any:
		return &anyNode{x, c.nodes(x.Of)}
	case *language.Not:
		return &notNode{x, c.node(x.Of)}
	case *language.AtLeast:
		return &atLeastNode{x, c.nodes(x.Of)}
	case *language.Score:
		return c.scoreNode(x)
	case *language.Needing:
		return &needingNode{x, c.node(x.Needs), c.node(x.Of)}
	case *language.Meets:
		return c.meets(x)
	case *language.Events:
		return c.eventNode(x)
	case *language.Change:
		return c.changeNode(x)
	}
	return personNode(x)
}

// meets compiles a reference. A term is one node however often it is named, so
// that it is worked out once for a person.
func (c *compiler) meets(x *language.Meets) node {
	if x.Definition != nil {
		return &definitionNode{x, c.enter(x.Definition)}
	}
	t, ok := c.terms[x.Term]
	if !ok {
		t = &termNode{expr: x, at: c.program.terms}
		c.program.terms++
		c.terms[x.Term] = t
		t.of = c.node(x.Term)
	}
	return t
}

func (c *compiler) scoreNode(x *language.Score) *scoreNode {
	s := &scoreNode{expr: x}
	for _, t := range x.Terms {
		s.of = append(s.of, c.node(t.When))
	}
	return s
}

func (c *compiler) eventNode(x *language.Events) *eventNode { return &eventNode{x, c.leaf(x, false)} }

func (c *compiler) stayNode(x *language.Stays) *stayNode {
	return &stayNode{x, c.leaf(x.Events, false)}
}

func (c *compiler) changeNode(x *language.Change) *changeNode {
	n := &changeNode{expr: x, from: c.leaf(x.From, true), to: c.leaf(x.To, true)}
	if x.Value != nil && x.Value.Unit != "" {
		n.convert, _ = language.Convert(x.From.Codes.Unit, x.Value.Unit)
	} else {
		n.convert = language.Conversion{Scale: 1}
	}
	unit := x.From.Codes.Unit
	n.between, _ = language.Convert(x.To.Codes.Unit, unit)
	return n
}

// leaf returns the search that a condition on events needs. valued asks for
// events with a value in the code set's unit only.
func (c *compiler) leaf(e *language.Events, valued bool) *leaf {
	l := &leaf{events: e, valued: valued || e.Value != nil, direct: true}
	switch {
	case e.Value != nil && e.Value.Unit != "":
		l.unit = e.Value.Unit
	case e.Codes != nil:
		l.unit = e.Codes.Unit
	}
	if e.Op == language.Has || e.Op == language.Count {
		l.each, l.answer = e.Value != nil, e.Answer
	}
	if a := e.Window.Anchor; a != nil {
		l.direct = false
		if a.Events != nil {
			l.anchor = c.leaf(a.Events, false)
		}
	}
	if a := e.Window.Last; a != nil && a.Events != nil {
		l.last = c.leaf(a.Events, false)
	}
	if e.Days && e.Dated != language.ByStart {
		l.direct = false // its days are not in the order of the events
	}
	if e.Concepts {
		l.direct = false // equal codes are known only once all its events are
	}
	key := l.key()
	if known, ok := c.leaves[key]; ok {
		known.lines = append(known.lines, e)
		return known
	}
	l.at = len(c.program.leaves)
	c.leaves[key] = l
	c.program.leaves = append(c.program.leaves, l)
	return l
}

// key is shared by searches that find the same.
func (l *leaf) key() string {
	e := l.events
	w := e.Window
	key := fmt.Sprintf("%s %v %v %v %v %d %v %v %v %s|%d %v %v %d %d", e.Subject, e.Kinds, e.Classes, e.Statuses, e.Ongoing, e.Dated, e.Days, e.Concepts, l.valued, l.unit,
		w.Kind, w.Length, w.Until, w.From, w.To)
	if l.each {
		v := e.Value
		key += fmt.Sprintf("|%v %v %v %v", v.Low, v.High, v.LowIn, v.HighIn)
	}
	if e.Answer != nil {
		key += "|answered"
	}
	if l.answer != nil {
		key += " " + l.answer.ID
	}
	for _, a := range []*language.Anchor{w.Anchor, w.Last} {
		if a != nil && a.Events == nil {
			key += fmt.Sprintf("|age %v", a.Age)
		}
	}
	for _, a := range []*leaf{l.anchor, l.last} {
		if a != nil {
			key += fmt.Sprintf("|%d %s", a.at, a.events.Op)
		}
	}
	return key
}

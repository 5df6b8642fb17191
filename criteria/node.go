package criteria

import (
	"slices"

	"joinery/criteria/language"
	"joinery/timeline"
)

// node is a compiled condition.
type node interface {
	// ask returns what the condition says of the machine's person.
	ask(m *machine) truth
	// source returns the condition as it was written.
	source() language.Expr
}

type (
	allNode struct {
		expr *language.All
		of   []node
	}
	anyNode struct {
		expr *language.Any
		of   []node
	}
	notNode struct {
		expr *language.Not
		of   node
	}
	atLeastNode struct {
		expr *language.AtLeast
		of   []node
	}
	scoreNode struct {
		expr *language.Score
		of   []node
	}
	needingNode struct {
		expr      *language.Needing
		needs, of node
	}
	termNode struct {
		expr *language.Meets
		at   int // in machine.memo
		of   node
	}
	definitionNode struct {
		expr *language.Meets
		plan *plan
	}
	eventNode struct {
		expr *language.Events
		leaf *leaf
	}
	changeNode struct {
		expr             *language.Change
		from, to         *leaf
		between, convert language.Conversion // to the unit of from; from that to the one asked for
	}
	stayNode struct {
		expr *language.Stays
		leaf *leaf
	}
)

func (n *allNode) source() language.Expr        { return n.expr }
func (n *anyNode) source() language.Expr        { return n.expr }
func (n *notNode) source() language.Expr        { return n.expr }
func (n *atLeastNode) source() language.Expr    { return n.expr }
func (n *scoreNode) source() language.Expr      { return n.expr }
func (n *needingNode) source() language.Expr    { return n.expr }
func (n *termNode) source() language.Expr       { return n.expr }
func (n *definitionNode) source() language.Expr { return n.expr }
func (n *eventNode) source() language.Expr      { return n.expr }
func (n *changeNode) source() language.Expr     { return n.expr }

func (n *allNode) ask(m *machine) truth {
	out := yes
	for _, x := range n.of {
		switch x.ask(m) {
		case no:
			return no
		case unknown:
			out = unknown
		case yes:
		}
	}
	return out
}

func (n *anyNode) ask(m *machine) truth {
	out := no
	for _, x := range n.of {
		switch x.ask(m) {
		case yes:
			return yes
		case unknown:
			out = unknown
		case no:
		}
	}
	return out
}

func (n *notNode) ask(m *machine) truth { return n.of.ask(m).not() }

func (t truth) not() truth {
	switch t {
	case no:
		return yes
	case yes:
		return no
	case unknown:
	}
	return unknown
}

func (n *atLeastNode) ask(m *machine) truth {
	sure, perhaps := n.tally(m)
	switch {
	case sure >= n.expr.N:
		return yes
	case sure+perhaps >= n.expr.N:
		return unknown
	}
	return no
}

func (n *atLeastNode) tally(m *machine) (sure, perhaps int) {
	for _, x := range n.of {
		switch x.ask(m) {
		case yes:
			sure++
		case unknown:
			perhaps++
		case no:
		}
	}
	return sure, perhaps
}

// points returns the lowest and the highest sum that what is known allows.
func (n *scoreNode) points(m *machine) (low, high float64) {
	for i, x := range n.of {
		p := n.expr.Terms[i].Points
		switch x.ask(m) {
		case yes:
			low += p
			high += p
		case unknown:
			low += min(p, 0)
			high += max(p, 0)
		case no:
		}
	}
	return low, high
}

func (n *scoreNode) ask(m *machine) truth {
	low, high := n.points(m)
	return between(n.expr.Is, low, high)
}

// between says whether every number from low to high lies in a span, or none,
// or, unknown, some.
func between(s *language.Span, low, high float64) truth {
	switch {
	case s.Has(low) && s.Has(high):
		return yes
	case low == high, low > s.High, high < s.Low, low == s.High && !s.HighIn, high == s.Low && !s.LowIn:
		return no
	}
	return unknown
}

func (n *needingNode) ask(m *machine) truth {
	if n.needs.ask(m) != yes {
		return unknown
	}
	return n.of.ask(m)
}

func (n *termNode) ask(m *machine) truth {
	r := &m.memo[n.at]
	if r.turn != m.turn {
		holds := n.of.ask(m)
		*r = remembered{turn: m.turn, holds: holds}
	}
	return r.holds
}

func (n *definitionNode) ask(m *machine) truth {
	switch m.outcome(n.plan).Answer {
	case Met:
		return yes
	case Unknown:
		return unknown
	case NotApplicable, Gap, Excluded:
	}
	return no
}

func (n *eventNode) ask(m *machine) truth {
	f := m.finding(n.leaf)
	switch n.expr.Op {
	case language.Has:
		return truthOf(f.count > 0)
	case language.Count:
		return truthOf(n.expr.Is == nil || n.expr.Is.Has(float64(f.count)))
	case language.First, language.Last:
	}
	i := m.picked(n.leaf, n.expr.Op)
	if i < 0 {
		return no
	}
	if s := n.expr.Value; s != nil {
		v, comparator, ok := m.value(n.leaf, i)
		if !ok || !in(s, v, comparator) {
			return no
		}
	}
	w := &m.binding.set.Whats()[m.events.What[i]]
	if n.expr.Answer != nil && !holds(n.expr.Answer, w.Answer) {
		return no
	}
	return truthOf(n.expr.Was == nil || holds(n.expr.Was, w.Codes))
}

// number returns the count, or the value of the picked event.
func (n *eventNode) number(m *machine) (float64, bool) {
	if n.expr.Op == language.Count {
		return float64(m.finding(n.leaf).count), true
	}
	i := m.picked(n.leaf, n.expr.Op)
	if i < 0 {
		return 0, false
	}
	v, comparator, ok := m.value(n.leaf, i)
	return v, ok && comparator == 0
}

func (n *changeNode) ask(m *machine) truth {
	v, ok := n.number(m)
	return truthOf(ok && n.expr.Value.Has(n.convert.Of(v)))
}

// number returns the later value less the earlier, in the unit of the earlier.
// One event alone is no change.
func (n *changeNode) number(m *machine) (float64, bool) {
	from, to := m.picked(n.from, n.expr.From.Op), m.picked(n.to, n.expr.To.Op)
	if from < 0 || to < 0 || from >= to {
		return 0, false
	}
	a, bound, ok := m.value(n.from, from)
	b, bound2, ok2 := m.value(n.to, to)
	return roundOff(n.between.Of(b) - a), ok && ok2 && bound == 0 && bound2 == 0
}

// roundOff takes off what subtraction of decimals in binary leaves behind.
func roundOff(x float64) float64 {
	c := language.Conversion{Scale: 1, Offset: 1e-300}
	return c.Of(x)
}

// days returns how many days of the window were spent in stays: the midnights
// between start and end. A stay that has not ended on the index date lasts until then.
func (n *stayNode) days(m *machine) float64 {
	var total timeline.Day
	low, high := direct(n.leaf.events.Window, m.on)
	m.each(n.leaf, func(i int, _ *ref) {
		end := m.on // as for one that has not ended: what comes later is not read
		if last, ok := m.events.End(i); ok {
			end = min(end, last)
		}
		if start := m.events.Day[i]; start != timeline.NoDay {
			total += max(0, min(end, high+1)-max(start, low))
		}
	})
	return float64(total)
}

// personNode compiles a condition on the person.
func personNode(x language.Expr) node {
	switch x := x.(type) {
	case *language.Age:
		return &attributeNode{x, func(m *machine) bool {
			if m.born == timeline.NoDay || m.born > m.on {
				return false
			}
			return x.Is.Has(m.age(x.Unit))
		}}
	case *language.Born:
		return &attributeNode{x, func(m *machine) bool {
			return m.born != timeline.NoDay && m.born >= x.From && (x.To == timeline.NoDay || m.born <= x.To)
		}}
	case *language.Sex:
		return &attributeNode{x, oneOf(timeline.Sex, x.In)}
	case *language.Ethnicity:
		return &attributeNode{x, oneOf(timeline.Ethnicity, x.In)}
	case *language.Deprivation:
		return &attributeNode{x, func(m *machine) bool {
			d := m.person.Deprivation()
			return d > 0 && x.Is.Has(float64(d))
		}}
	case *language.Area:
		if len(x.In) == 0 {
			return &attributeNode{x, func(m *machine) bool { return m.person.Resident() }}
		}
		borough, lsoa := oneOf(timeline.Borough, x.In), oneOf(timeline.LSOA, x.In)
		return &attributeNode{x, func(m *machine) bool { return borough(m) || lsoa(m) }}
	case *language.Registered:
		return &attributeNode{x, registered(x)}
	}
	panic("criteria: a condition that the compiler does not know") // the language is closed; a test walks it
}

type attributeNode struct {
	expr  language.Expr
	holds func(*machine) bool
}

func (n *attributeNode) source() language.Expr { return n.expr }
func (n *attributeNode) ask(m *machine) truth  { return truthOf(n.holds(m)) }

func oneOf(a timeline.Attribute, in []string) func(*machine) bool {
	return func(m *machine) bool { return slices.Contains(in, m.person.Value(a)) }
}

func registered(x *language.Registered) func(*machine) bool {
	in := oneOf(timeline.Practice, x.In)
	if x.Networks {
		in = oneOf(timeline.Network, x.In)
	}
	return func(m *machine) bool {
		since := m.person.Registered()
		now := m.person.Number(timeline.Practice) != 0 && since <= m.on // NoDay: since nobody knows when
		switch {
		case !x.Yes:
			return !now
		case !now, len(x.In) > 0 && !in(m):
			return false
		case x.For.N > 0:
			return since != timeline.NoDay && x.For.After(since) <= m.on
		}
		return true
	}
}

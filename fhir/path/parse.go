package path

import (
	"fmt"
	"strings"
)

// expr is a part of an expression. eval appends what it gives to out, which is
// never the run's $this.
type expr interface {
	eval(r *run, out []Item) ([]Item, error)
}

// parser makes a tree of tokens, by precedence climbing.
type parser struct {
	tokens []token
	at     int
	parts  int
	nested int
}

func parse(source string) (expr, error) {
	ts, err := tokens(source)
	if err != nil {
		return nil, err
	}
	p := parser{tokens: ts}
	e, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != end {
		return nil, syntax(t.at, "an operator or the end should stand here, not "+t.String())
	}
	return e, nil
}

func (t token) String() string {
	if t.kind == end {
		return "the end"
	}
	return fmt.Sprintf("%q", t.text)
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) take() token {
	t := p.tokens[p.at]
	if t.kind != end {
		p.at++
	}
	return t
}

// accept takes the next token if it is this symbol or keyword.
func (p *parser) accept(s string) bool {
	if t := p.peek(); (t.kind == symbol || t.kind == name) && t.text == s {
		p.at++
		return true
	}
	return false
}

func (p *parser) expect(s string) error {
	if p.accept(s) {
		return nil
	}
	t := p.peek()
	return syntax(t.at, fmt.Sprintf("%q should stand here, not %s", s, t))
}

// part counts what the expression is made of.
func (p *parser) part() error {
	p.parts++
	if p.parts > MaxParts {
		return syntax(p.peek().at, fmt.Sprintf("the expression has more than %d parts", MaxParts))
	}
	return nil
}

// levels gives the binary operators their precedence: a higher one binds
// tighter.
var levels = map[string]int{
	"implies": 1, "or": 2, "xor": 2, "and": 3, "in": 4, "contains": 4,
	"=": 5, "!=": 5, "~": 5, "!~": 5, "<": 6, ">": 6, "<=": 6, ">=": 6, "|": 7, "is": 8, "as": 8,
	"+": 9, "-": 9, "&": 9, "*": 10, "/": 10, "div": 10, "mod": 10,
}

// expression reads operators that bind at least as tight as a level.
func (p *parser) expression(level int) (expr, error) {
	p.nested++
	defer func() { p.nested-- }()
	if p.nested > 2*MaxNesting { // brackets and operators each nest
		return nil, syntax(p.peek().at, "the expression is nested too deep")
	}
	left, err := p.polarity()
	if err != nil {
		return nil, err
	}
	for {
		t := p.peek()
		l := levels[t.text]
		if l == 0 || l < level || t.kind != symbol && t.kind != name {
			return left, nil
		}
		p.take()
		if err := p.part(); err != nil {
			return nil, err
		}
		if l == levels["is"] {
			typ, err := p.typeName()
			if err != nil {
				return nil, err
			}
			left = typed(left, t.text, typ)
			continue
		}
		right, err := p.expression(l + 1)
		if err != nil {
			return nil, err
		}
		left = binary(t.text, left, right)
	}
}

func binary(op string, a, b expr) expr {
	switch op {
	case "implies", "or", "xor", "and":
		return &logic{op, a, b}
	case "in":
		return &membership{a, b}
	case "contains":
		return &membership{b, a}
	case "=", "!=":
		return &equality{op == "!=", a, b}
	case "~", "!~":
		return &equivalence{op == "!~", a, b}
	case "<", ">", "<=", ">=":
		return &order{op, a, b}
	case "|":
		return &union{a, b}
	case "&":
		return &concatenation{a, b}
	}
	return &arithmetic{op, a, b}
}

// typed makes a type test or cast. "resolve() is T" becomes a test of the
// reference, which need not be resolved to tell its type.
func typed(a expr, op string, typ typeName) expr {
	if op == "as" {
		return &cast{a, typ}
	}
	if c, ok := a.(*call); ok && c.name == "resolve" && typ.fhir != nil {
		return &refers{c, typ}
	}
	return &test{a, typ}
}

// polarity reads signs, which bind tighter than any binary operator and less
// than a path: -1.abs() is -(1.abs()).
func (p *parser) polarity() (expr, error) {
	if t := p.peek(); t.kind == symbol && (t.text == "-" || t.text == "+") {
		p.take()
		if err := p.part(); err != nil {
			return nil, err
		}
		e, err := p.expression(levels["*"] + 1)
		if err != nil {
			return nil, err
		}
		return &sign{t.text == "-", e}, nil
	}
	return p.steps()
}

// steps reads a term and the steps after it.
func (p *parser) steps() (expr, error) {
	e, err := p.term()
	if err != nil {
		return nil, err
	}
	for {
		if err := p.part(); err != nil {
			return nil, err
		}
		switch {
		case p.accept("."):
			e, err = p.invocation(e)
		case p.accept("["):
			var at expr
			if at, err = p.expression(0); err != nil {
				return nil, err
			}
			e, err = &item{e, at}, p.expect("]")
		default:
			return e, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func (p *parser) term() (expr, error) {
	t := p.peek()
	switch t.kind {
	case text:
		p.take()
		return literal{stringItem(t.text)}, nil
	case number:
		p.take()
		return p.quantity(t)
	case instant:
		p.take()
		return instantLiteral(t)
	case variable:
		p.take()
		switch t.text {
		case "this":
			return this{}, nil
		case "index":
			return index{}, nil
		case "total":
			return total{}, nil
		}
		return nil, syntax(t.at, "the variables are $this, $index and $total")
	case name, quotedName:
		if t.kind == name && (t.text == "true" || t.text == "false") {
			p.take()
			return literal{booleanItem(t.text == "true")}, nil
		}
		return p.invocation(nil)
	case symbol:
		return p.bracket()
	}
	return nil, syntax(t.at, "a value or path should stand here, not "+t.String())
}

func (p *parser) bracket() (expr, error) {
	t := p.take()
	switch t.text {
	case "(":
		e, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		return e, p.expect(")")
	case "{":
		return literal{}, p.expect("}")
	case "%":
		n := p.take()
		if n.kind != name && n.kind != quotedName && n.kind != text {
			return nil, syntax(n.at, "a name should follow %")
		}
		return &constant{n.text}, nil
	}
	return nil, syntax(t.at, "a value or path should stand here, not "+t.String())
}

// quantity reads the unit that may follow a number.
func (p *parser) quantity(t token) (expr, error) {
	value, err := numberItem(t.text)
	if err != nil {
		return nil, syntax(t.at, err.Error())
	}
	unit := p.peek()
	switch {
	case unit.kind == text:
		p.take()
		return literal{quantityItem(*value.decimal(), unit.text, false)}, nil
	case unit.kind == name && calendarUnits[unit.text] != "":
		p.take()
		return literal{quantityItem(*value.decimal(), calendarUnits[unit.text], true)}, nil
	}
	return literal{value}, nil
}

func instantLiteral(t token) (expr, error) {
	var m moment
	ok := false
	switch {
	case t.text[0] == 'T':
		m, ok = parseTime(t.text[1:])
	case strings.Contains(t.text, "T"):
		m, ok = parseDateTime(t.text)
	default:
		m, ok = parseDate(t.text)
	}
	if !ok {
		return nil, syntax(t.at, "there is no such date or time")
	}
	return literal{momentItem(m)}, nil
}

// invocation reads a member or a call, on a target or (nil) on $this.
func (p *parser) invocation(target expr) (expr, error) {
	t := p.take()
	switch t.kind {
	case name, quotedName:
	case variable:
		if target != nil && t.text == "this" {
			return target, nil
		}
		fallthrough
	default:
		return nil, syntax(t.at, "the name of an element or function should stand here, not "+t.String())
	}
	if next := p.peek(); next.kind == symbol && next.text == "(" {
		p.take()
		return p.call(target, t)
	}
	m := &member{target: target, name: t.text}
	if target == nil {
		m.typ = typeNamed(t.text)
	}
	return m, nil
}

func (p *parser) call(target expr, t token) (expr, error) {
	f, ok := functions[t.text]
	if !ok {
		return nil, syntax(t.at, fmt.Sprintf("there is no function %s()", t.text))
	}
	c := &call{target: target, name: t.text, fn: f}
	if f.typed {
		typ, err := p.typeName()
		if err != nil {
			return nil, err
		}
		c.typ = typ
	} else if err := p.arguments(c); err != nil {
		return nil, err
	}
	if err := p.expect(")"); err != nil {
		return nil, err
	}
	if len(c.args) < f.least || len(c.args) > f.most {
		return nil, syntax(t.at, fmt.Sprintf("%s() takes %s, not %d", t.text, f.arguments(), len(c.args)))
	}
	if t.text == "is" && target != nil {
		return typed(target, "is", c.typ), nil
	}
	// R4's own rule dom-3 says descendants().as(canonical) and means each.
	if of, ok := target.(*call); ok && t.text == "as" && of.fn.gives == disordered {
		return typed(target, "as", c.typ), nil
	}
	return c, nil
}

func (p *parser) arguments(c *call) error {
	if t := p.peek(); t.kind == symbol && t.text == ")" {
		return nil
	}
	for {
		e, err := p.expression(0)
		if err != nil {
			return err
		}
		c.args = append(c.args, e)
		if !p.accept(",") {
			return nil
		}
	}
}

// typeName reads a type, alone or after its namespace.
func (p *parser) typeName() (typeName, error) {
	first := p.take()
	if first.kind != name && first.kind != quotedName {
		return typeName{}, syntax(first.at, "the name of a type should stand here, not "+first.String())
	}
	space, local := "", first.text
	if first.text == "FHIR" || first.text == "System" {
		if p.accept(".") {
			t := p.take()
			if t.kind != name && t.kind != quotedName {
				return typeName{}, syntax(t.at, "the name of a type should stand here, not "+t.String())
			}
			space, local = first.text, t.text
		}
	}
	typ, ok := findType(space, local)
	if !ok {
		return typeName{}, syntax(first.at, fmt.Sprintf("there is no type %s", local))
	}
	return typ, nil
}

// arguments says how many arguments the function takes.
func (f *function) arguments() string {
	switch {
	case f.most == f.least && f.least == 1:
		return "1 argument"
	case f.most == f.least:
		return fmt.Sprintf("%d arguments", f.least)
	case f.most >= many:
		return fmt.Sprintf("at least %d arguments", f.least)
	}
	return fmt.Sprintf("%d to %d arguments", f.least, f.most)
}

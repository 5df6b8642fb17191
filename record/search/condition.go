package search

import (
	"fmt"
	"slices"
	"strings"

	"joinery/fhir/r4"
)

// condition reads a parameter that matches must meet. It reports whether the
// parameter is known; one that is not is refused, or else listed as ignored.
func (p *parser) condition(at Pair) bool {
	known := true
	c := p.clause(p.query.Type, at.Name, at.Name, at.Value, 0, &known)
	if !known {
		if p.opts.Strict {
			p.refuseIn(at.Name, "not-supported", p.unknown(at.Name))
		} else {
			p.query.Ignored = append(p.query.Ignored, at.Name)
		}
		return false
	}
	if c != nil {
		p.query.Where = append(p.query.Where, c)
	}
	return true
}

// unknown says what to do about a parameter that does not exist.
func (p *parser) unknown(name string) string {
	if p.query.Type == "" {
		return "a search over several types has only the parameters that all types have, such as _id and _tag."
	}
	base, _, _ := strings.Cut(name, ":")
	base, _, _ = strings.Cut(base, ".")
	var known []string
	for _, in := range r4.SearchParams(p.query.Type) {
		if strings.EqualFold(in.Code, base) {
			return "did you mean " + in.Code + "?"
		}
		if in.Code[0] != '_' {
			known = append(known, in.Code)
		}
	}
	return fmt.Sprintf("%s has no such parameter; it has %s.", p.query.Type, strings.Join(known, ", "))
}

// clause reads one condition on resources of a type. whole is the parameter's
// name as it came, for messages. It returns nil after a refusal, and clears
// known when a type has no such parameter.
func (p *parser) clause(typ, whole, name, value string, depth int, known *bool) *Clause {
	if rest, ok := strings.CutPrefix(name, "_has:"); ok {
		return p.has(typ, whole, rest, value, depth, known)
	}
	first, rest, chained := strings.Cut(name, ".")
	code, modifier, modified := strings.Cut(first, ":")
	if say := unsupported[code]; say != "" {
		p.refuseIn(whole, "not-supported", say)
		return nil
	}
	in := p.param(typ, code)
	if in == nil {
		*known = false
		return nil
	}
	c := &Clause{Type: typ, Param: in.Param, in: in, reader: p.reader(typ, in)}
	if chained {
		return p.chain(c, whole, modifier, rest, value, depth, known)
	}
	narrowTo := ""
	if modified && !p.modify(c, whole, modifier, &narrowTo) {
		return nil
	}
	if c.Modifier == Missing {
		switch strings.TrimSpace(value) {
		case "true":
			c.missing = true
		case "false":
		default:
			p.refuseIn(whole, "value", "with :missing it must be true or false.")
			return nil
		}
		return c
	}
	if !p.operands(c, whole, value, narrowTo) {
		return nil
	}
	return c
}

// allowed are the modifiers of each type of parameter, beside :missing.
var allowed = map[r4.ParamType][]Modifier{
	r4.Token:     {Not, Text, OfType},
	r4.String:    {Exact, Contains},
	r4.Reference: {Identifier},
	r4.URI:       {Above, Below},
}

// modify reads a modifier. That of a reference may be a type.
func (p *parser) modify(c *Clause, whole, modifier string, narrowTo *string) bool {
	if c.Param.Type == r4.Reference {
		if _, ok := r4.TypeNumber(modifier); ok {
			*narrowTo = modifier
			if !c.in.mayTarget(modifier) {
				p.refuseIn(whole, "value", "it never refers to "+modifier+".")
				return false
			}
			return true
		}
	}
	m := Modifier(slices.Index(modifierNames, modifier))
	special := c.Param.Code == "_id" || c.Param.Code == "_lastUpdated"
	if modifier != "" && (m == Missing && !special || slices.Contains(allowed[c.Param.Type], m) && (!special || m == Not)) {
		c.Modifier = m
		return true
	}
	var can []string
	for _, m := range allowed[c.Param.Type] {
		can = append(can, ":"+m.String())
	}
	if c.Param.Type == r4.Reference {
		can = append(can, ":[type]")
	}
	can = append(can, ":missing")
	p.refuseIn(whole, "not-supported", fmt.Sprintf("the modifier :%s is not done here for a parameter of type %s; what is: %s.",
		strings.Trim(shown(modifier), `"`), c.Param.Type, strings.Join(can, ", ")))
	return false
}

// chain reads what follows the first full stop of a chain, for each type that
// the reference may lead to.
func (p *parser) chain(c *Clause, whole, typ, rest, value string, depth int, known *bool) *Clause {
	if c.Param.Type != r4.Reference {
		p.refuseIn(whole, "value", "only references can be followed with a full stop, and "+c.Param.Code+" is of type "+c.Param.Type.String()+".")
		return nil
	}
	if !p.link(whole, depth) {
		return nil
	}
	able := p.leads(c, whole, typ, rest, known)
	if able == nil {
		return nil
	}
	// The parameter may be good for one of the types and not for another, as
	// when only one has a code of that type: what one takes is enough.
	before, refused := len(p.issues), 0
	some := false
	for _, t := range able {
		from := len(p.issues)
		good := true
		if where := p.clause(t, whole, rest, value, depth+1, &good); where != nil {
			c.Chain = append(c.Chain, Link{Type: t, Where: where})
		} else if len(p.issues) > from {
			if p.issues[from].Code == "too-costly" { // not of the type: it must not just drop out
				p.issues = append(p.issues[:before], p.issues[from])
				return nil
			}
			refused++
			p.issues = p.issues[:from+1]
		}
		some = some || good
	}
	if len(c.Chain) > 0 {
		p.issues = p.issues[:before]
		return c
	}
	if refused > 0 {
		p.issues = p.issues[:before+1]
		return nil
	}
	*known = some
	return nil
}

// leads returns the types that a chain's reference may lead to and that have the
// parameter that comes next; nil after a refusal, or when none has it.
func (p *parser) leads(c *Clause, whole, typ, rest string, known *bool) []string {
	types := c.in.Targets
	switch {
	case typ != "":
		if _, ok := r4.TypeNumber(typ); !ok || !c.in.mayTarget(typ) {
			p.refuseIn(whole, "value", "the type after the colon is not one that "+c.Param.Code+" refers to.")
			return nil
		}
		types = []string{typ}
	case c.in.refersTo != "":
		types = []string{c.in.refersTo}
	case types == nil:
		types = r4.Types()
	}
	next, _, _ := strings.Cut(rest, ".")
	next, _, _ = strings.Cut(next, ":")
	var able []string
	for _, t := range types {
		if next == "_has" || p.param(t, next) != nil {
			able = append(able, t)
		}
	}
	switch {
	case len(able) == 0:
		*known = false
	case len(able) > maxBranches:
		p.refuseIn(whole, "too-costly", fmt.Sprintf("%s may refer to many types; say which, as in %s:Patient.%s.", c.Param.Code, c.Param.Code, rest))
		return nil
	}
	return able
}

// link counts a link of a chain or _has, and refuses one too many.
func (p *parser) link(whole string, depth int) bool {
	p.links++
	switch {
	case depth >= maxDepth:
		p.refuseIn(whole, "too-costly", fmt.Sprintf("it leads over more than %d resources.", maxDepth))
		return false
	case p.links > maxLinks:
		p.refuseIn(whole, "too-costly", "there are too many chains in this search.")
		return false
	}
	return true
}

// has reads what follows "_has:": Type:reference:condition.
func (p *parser) has(typ, whole, rest, value string, depth int, known *bool) *Clause {
	fields := strings.SplitN(rest, ":", 3)
	if len(fields) < 3 {
		p.refuseIn(whole, "value", "it must be _has:Type:reference:parameter, as in _has:Observation:patient:code.")
		return nil
	}
	if !p.link(whole, depth) {
		return nil
	}
	in := p.param(fields[0], fields[1])
	switch {
	case typ == "":
		*known = false
		return nil
	case fields[0] == "" || in == nil || in.Type != r4.Reference:
		p.refuseIn(whole, "value", "after _has: there must be a type and one of its parameters of type reference.")
		return nil
	case !in.mayTarget(typ):
		p.refuseIn(whole, "value", fmt.Sprintf("%s of %s does not refer to %s.", in.Code, fields[0], typ))
		return nil
	}
	where := p.clause(fields[0], whole, fields[2], value, depth+1, known)
	if where == nil {
		return nil
	}
	return &Clause{Type: typ, Has: &Has{Type: fields[0], Param: in.Param, Where: where, reader: p.reader(fields[0], in)}}
}

// operands reads a list of values, joined by commas.
func (p *parser) operands(c *Clause, whole, value, narrowTo string) bool {
	values, ok := split(value, ',')
	if !ok {
		p.refuseIn(whole, "value", `a backslash must stand before a comma, a dollar sign, a bar or a backslash.`)
		return false
	}
	if p.values += len(values); p.values > maxValues {
		p.refuseIn(whole, "too-costly", fmt.Sprintf("there are more than %d values in this search.", maxValues))
		return false
	}
	for _, v := range values {
		if v = strings.TrimSpace(v); v == "" {
			p.refuseIn(whole, "value", "it has no value, or an empty one in its list.")
			return false
		}
		o, say := p.operand(c.in, c.Modifier, v, narrowTo)
		if say != "" {
			p.refuseIn(whole, "value", say)
			return false
		}
		c.operands = append(c.operands, o)
	}
	return true
}

// split divides at a separator that no backslash stands before. Backslashes are
// left as they are; ok is false when one is before something that needs none.
func split(value string, separator byte) (parts []string, ok bool) {
	from := 0
	for i := 0; i < len(value); i++ {
		switch value[i] {
		case '\\':
			if i+1 == len(value) || strings.IndexByte(`,$|\`, value[i+1]) < 0 {
				return nil, false
			}
			i++
		case separator:
			parts = append(parts, value[from:i])
			from = i + 1
		}
	}
	return append(parts, value[from:]), true
}

// unescape takes the backslashes out.
func unescape(value string) string {
	if strings.IndexByte(value, '\\') < 0 {
		return value
	}
	out := make([]byte, 0, len(value))
	for i := 0; i < len(value); i++ {
		if value[i] == '\\' && i+1 < len(value) {
			i++
		}
		out = append(out, value[i])
	}
	return string(out)
}

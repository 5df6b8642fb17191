package path

// types is what is known, before any data is seen, of the types that a part may
// give.
type types struct {
	any       bool // it may be of any type
	list      []*Type
	unordered bool
}

var unknown = types{any: true}

func only(t *Type) types { return types{list: []*Type{t}} }

// scope is what a part may refer to.
type scope struct{ this types }

// checker finds the elements that an expression names and its types do not have.
type checker struct {
	ordered bool // also refuse to take by position from what has no order
}

func (c *checker) of(e expr, s scope) (types, error) {
	switch e := e.(type) {
	case this:
		return s.this, nil
	case literal:
		return literalTypes(e), nil
	case *member:
		return c.member(e, s)
	case *item:
		if _, err := c.of(e.at, s); err != nil {
			return unknown, err
		}
		t, err := c.of(e.target, s)
		if err == nil && c.ordered && t.unordered {
			err = problem("an index takes by position from what has no order.")
		}
		return t, err
	case *call:
		return c.call(e, s)
	case *union:
		return c.union(e.a, e.b, s)
	case *cast:
		t, err := c.of(e.a, s)
		return e.typ.types(t), err
	case *test:
		_, err := c.of(e.a, s)
		return only(systemTypes[boolean]), err
	case *refers:
		_, err := c.of(e.to, s)
		return only(systemTypes[boolean]), err
	case *sign:
		_, err := c.of(e.a, s)
		return unknown, err
	}
	return c.operands(e, s)
}

// operands checks the operators whose result's type is plain.
func (c *checker) operands(e expr, s scope) (types, error) {
	var a, b expr
	gives := only(systemTypes[boolean])
	switch e := e.(type) {
	case *equality:
		a, b = e.a, e.b
	case *equivalence:
		a, b = e.a, e.b
	case *order:
		a, b = e.a, e.b
	case *logic:
		a, b = e.a, e.b
	case *membership:
		a, b = e.one, e.of
	case *concatenation:
		a, b, gives = e.a, e.b, only(systemTypes[stringy])
	case *arithmetic:
		a, b, gives = e.a, e.b, unknown
	default: // index, total, constant
		return unknown, nil
	}
	if _, err := c.of(a, s); err != nil {
		return unknown, err
	}
	_, err := c.of(b, s)
	return gives, err
}

func literalTypes(l literal) types {
	var t types
	for i := range l {
		t.list = append(t.list, systemTypes[l[i].kind])
	}
	return t
}

func (c *checker) member(m *member, s scope) (types, error) {
	in := s.this
	if m.target != nil {
		var err error
		if in, err = c.of(m.target, s); err != nil {
			return unknown, err
		}
	} else if m.typ != nil {
		return types{list: []*Type{m.typ}, unordered: in.unordered}, nil
	}
	if in.any {
		return types{any: true, unordered: in.unordered}, nil
	}
	out := types{unordered: in.unordered}
	found := len(in.list) == 0 // of nothing, anything is nothing
	for _, t := range in.list {
		switch {
		case t == nil || t.open() || t.space == "System" && (t.as == typeInfo || t.as == quantity):
			out.any, found = true, true
		default:
			if f := t.field(m.name); f != nil {
				found = true
				for _, o := range f.options {
					out.list = append(out.list, o.typ)
					out.any = out.any || o.typ.open()
				}
			}
		}
	}
	if !found {
		return out, problem("%s has no element %s.", in, m.name)
	}
	return out, nil
}

// String names the types for a message.
func (t types) String() string {
	s := ""
	for n, typ := range t.list {
		switch {
		case n == 4:
			return s + " …"
		case n > 0:
			s += " or "
		}
		s += typ.String()
	}
	return s
}

func (c *checker) union(a, b expr, s scope) (types, error) {
	x, err := c.of(a, s)
	if err != nil {
		return unknown, err
	}
	y, err := c.of(b, s)
	return x.or(y), err
}

func (t types) or(u types) types {
	return types{
		any:       t.any || u.any,
		list:      append(append([]*Type(nil), t.list...), u.list...),
		unordered: t.unordered || u.unordered,
	}
}

// types returns what as() and ofType() leave.
func (t typeName) types(in types) types {
	out := types{unordered: in.unordered}
	if t.fhir != nil {
		out.list = append(out.list, t.fhir)
	}
	if t.system != nil {
		out.list = append(out.list, t.system)
	}
	return out
}

func (c *checker) call(e *call, s scope) (types, error) {
	in := s.this
	if e.target != nil {
		var err error
		if in, err = c.of(e.target, s); err != nil {
			return unknown, err
		}
	}
	if c.ordered && e.fn.positional && in.unordered {
		return unknown, problem("%s() takes by position from what has no order.", e.name)
	}
	inner := s
	if e.fn.loop {
		inner.this = in
	}
	if e.name == "repeat" || e.name == "repeatAll" {
		return c.repeated(e, in)
	}
	arg := types{}
	for n, a := range e.args {
		t, err := c.of(a, inner)
		if err != nil {
			return unknown, err
		}
		if n == 0 {
			arg = t
		}
	}
	return e.gives(in, arg), nil
}

// gives returns the types of a call's result.
func (c *call) gives(in, arg types) types {
	if c.fn.typed && c.name != "is" {
		return c.typ.types(in)
	}
	switch c.fn.gives {
	case likeInput:
		if c.name == "sort" {
			in.unordered = false
		}
		return in
	case likeArg:
		arg.unordered = arg.unordered || in.unordered
		return arg
	case likeBoth:
		return in.or(arg)
	case disordered:
		return types{any: true, unordered: true}
	case aBoolean:
		return only(systemTypes[boolean])
	case anInteger:
		return only(systemTypes[integer])
	case aDecimal:
		return only(systemTypes[decimal])
	case aString:
		return only(systemTypes[stringy])
	}
	if c.name == "extension" {
		return types{list: []*Type{typeNamed("Extension")}, unordered: in.unordered}
	}
	return unknown
}

// repeated checks the projection of repeat() against its input. What it gives
// of its own results may be of other types, of which only some have the element:
// there it is not asked for.
func (c *checker) repeated(e *call, in types) (types, error) {
	_, err := c.of(e.args[0], scope{this: in})
	return unknown, err
}

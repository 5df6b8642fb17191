package search

import (
	"fmt"
	"strconv"
	"strings"

	"joinery/fhir/r4"
)

// The expressions of R4's search parameters are a small part of FHIRPath:
// member names, "as", where() with an equality or resolve() is, an index, and
// alternatives. They are compiled to the JSON members to visit, so that all
// keys of a resource come from one walk over it. A test holds that against
// FHIRPath itself, over every example of the specification.

// step leads from a JSON value to members of it.
type step struct {
	member string // the JSON member's name
	index  int    // only this element of it, -1 for all
	where  string // only elements whose member of this name …
	is     string // … is this text
}

// path leads from a resource to the values that a parameter is about.
type path struct {
	steps    []step
	typ      string // FHIR type of the values
	refersTo string // only references to this type; empty for all
	absolute bool   // of a composite's component: from the resource, not from the composite's value
	valueSet string // required binding of the values, when they are codes
}

// String is what two paths to the same values have in common: the filter of
// references is left out.
func (p path) String() string {
	var b strings.Builder
	for _, s := range p.steps {
		b.WriteByte('.')
		b.WriteString(s.member)
		if s.index >= 0 {
			fmt.Fprintf(&b, "[%d]", s.index)
		}
		if s.where != "" {
			fmt.Fprintf(&b, "[%s=%s]", s.where, s.is)
		}
	}
	return b.String()
}

// truth is the type of the value that the expression of Patient's parameter
// "deceased" calculates, the only one that is not a path.
const (
	truth             = "truth"
	deceasedCondition = "Patient.deceased.exists() and Patient.deceased != false"
)

// compile returns the paths of an expression that starts at a type.
func compile(typ, expression string) ([]path, error) {
	if expression == deceasedCondition {
		return []path{{steps: []step{{member: "deceased", index: -1}}, typ: truth}}, nil
	}
	c := &compiler{start: typ, rest: expression}
	found, err := c.alternatives()
	if err == nil && c.rest != "" {
		err = fmt.Errorf("%q is left", c.rest)
	}
	if err != nil {
		return nil, fmt.Errorf("expression %q: %w", expression, err)
	}
	return found, nil
}

// compiler reads an expression from the left. A path whose type is a choice has
// all of them in typ, joined by bars, until a type is chosen.
type compiler struct {
	start, rest string
}

func (c *compiler) skip(token string) bool {
	rest := strings.TrimLeft(c.rest, " ")
	if after, ok := strings.CutPrefix(rest, token); ok {
		c.rest = strings.TrimLeft(after, " ")
		return true
	}
	return false
}

func (c *compiler) expect(token string) error {
	if !c.skip(token) {
		return fmt.Errorf("%q was expected before %q", token, c.rest)
	}
	return nil
}

func (c *compiler) word() string {
	i := 0
	for i < len(c.rest) && (c.rest[i] >= 'a' && c.rest[i] <= 'z' || c.rest[i] >= 'A' && c.rest[i] <= 'Z' || c.rest[i] >= '0' && c.rest[i] <= '9') {
		i++
	}
	w := c.rest[:i]
	c.rest = c.rest[i:]
	return w
}

func (c *compiler) alternatives() ([]path, error) {
	var all []path
	for {
		found, err := c.term()
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
		if !c.skip("|") {
			break
		}
	}
	var chosen []path
	for _, p := range all {
		chosen = append(chosen, spread(p)...)
	}
	return chosen, nil
}

func (c *compiler) term() ([]path, error) {
	at, err := c.head()
	for err == nil {
		switch {
		case c.skip("."):
			at, err = c.dot(at)
		case c.skip("["):
			digits := c.word()
			n, bad := strconv.Atoi(digits)
			if bad != nil {
				return nil, bad
			}
			for i := range at {
				at[i].steps[len(at[i].steps)-1].index = n
			}
			err = c.expect("]")
		case c.skip("as "):
			at = narrow(at, c.word())
		default:
			return at, nil
		}
	}
	return nil, err
}

func (c *compiler) head() ([]path, error) {
	switch {
	case c.skip("("):
		at, err := c.alternatives0()
		if err != nil {
			return nil, err
		}
		return at, c.expect(")")
	case c.skip("%resource"):
		return []path{{typ: c.start[:strings.IndexAny(c.start+".", ".")], absolute: true}}, nil
	}
	w := c.word()
	switch {
	case w == c.start, w == "Resource", w == "DomainResource":
		return []path{{typ: c.start}}, nil
	case w == "":
		return nil, fmt.Errorf("a name was expected before %q", c.rest)
	}
	return member([]path{{typ: c.start}}, w)
}

// alternatives0 is a bracket's content: its choices stay open, for "as" may
// follow.
func (c *compiler) alternatives0() ([]path, error) { return c.term() }

// dot reads what follows a full stop: a member or a function.
func (c *compiler) dot(at []path) ([]path, error) {
	w := c.word()
	switch {
	case w == "as" && c.skip("("):
		return narrow(at, c.word()), c.expect(")")
	case w == "where" && c.skip("("):
		if c.skip("resolve() is ") {
			typ := c.word()
			for i := range at {
				at[i].refersTo = typ
			}
			return at, c.expect(")")
		}
		name := c.word()
		if err := c.expect("='"); err != nil {
			return nil, err
		}
		is, rest, ok := strings.Cut(c.rest, "')")
		if !ok {
			return nil, fmt.Errorf("where() has no end")
		}
		c.rest = rest
		for i := range at {
			s := &at[i].steps[len(at[i].steps)-1]
			s.where, s.is = name, is
		}
		return at, nil
	}
	return member(at, w)
}

// member follows a name from each path, through whichever type it may have.
func member(at []path, name string) ([]path, error) {
	var out []path
	for _, p := range at {
		for _, open := range spread(p) {
			e, ok := r4.Child(open.typ, name)
			if !ok {
				return nil, fmt.Errorf("%s has no %s", open.typ, name)
			}
			next := open
			next.steps = append(append([]step{}, open.steps...), step{member: name, index: -1})
			next.typ = strings.Join(e.Types, "|")
			if e.Choice && e.Member == "" {
				next.steps[len(next.steps)-1].member = name + "[x]"
			}
			next.valueSet = ""
			if len(e.Types) == 1 && e.Types[0] == "code" {
				next.valueSet = e.ValueSet
			}
			out = append(out, next)
		}
	}
	return out, nil
}

// narrow keeps, of the types that a choice may have, one.
func narrow(at []path, typ string) []path {
	if typ == "DateTime" { // so written in code-value-date
		typ = "dateTime"
	}
	var out []path
	for _, p := range at {
		for _, chosen := range spread(p) {
			if chosen.typ == typ {
				out = append(out, chosen)
			}
		}
	}
	return out
}

// spread makes a path to a choice of types into one path a type.
func spread(p path) []path {
	if len(p.steps) == 0 {
		return []path{p}
	}
	name, choice := strings.CutSuffix(p.steps[len(p.steps)-1].member, "[x]")
	if !choice {
		return []path{p}
	}
	var out []path
	for typ := range strings.SplitSeq(p.typ, "|") {
		one := p
		one.steps = append([]step{}, p.steps...)
		one.steps[len(one.steps)-1].member = name + strings.ToUpper(typ[:1]) + typ[1:]
		one.typ = typ
		out = append(out, one)
	}
	return out
}

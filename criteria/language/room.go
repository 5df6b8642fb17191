package language

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"joinery/timeline"
)

// room returns what a condition leaves open; of nil, everything.
func (c *checker) room(x Expr) *room {
	if x == nil {
		return anybody()
	}
	if r, ok := c.rooms[x]; ok {
		return r
	}
	r := c.rooms1(x)
	c.rooms[x] = r
	return r
}

func (c *checker) rooms1(x Expr) *room {
	switch x := x.(type) {
	case *All:
		return c.all(x)
	case *Any:
		return c.any(x.Place, x.Of)
	case *Not:
		return c.not(x)
	case *AtLeast:
		return c.atLeast(x)
	case *Needing:
		return c.room(x.Of)
	case *Score:
		low, high := x.reach()
		if x.Is != nil && (x.Is.Low > high || x.Is.Low == high && !x.Is.LowIn || x.Is.High < low || x.Is.High == low && !x.Is.HighIn) {
			return never(x.Place, "the score goes from %v to %v, and %s is asked for", low, high, x.Is)
		}
	case *Meets:
		if x.Term != nil {
			return c.room(x.Term)
		}
		if x.Definition != nil && x.Definition.Population != nil {
			r := c.room(x.Definition.Population)
			if x.Definition.Numerator != nil {
				r = r.and(c.room(x.Definition.Numerator))
			}
			return r
		}
	case *Age:
		r := anybody()
		low, high := x.Is.whole()
		if high < 0 || low > high {
			return never(x.Place, "no age in whole %s is %s", x.Unit, x.Is)
		}
		r.age[x.Unit] = interval{max(low, 0), high, x.Place}
		return r
	case *Born:
		r := anybody()
		r.born = x.room()
		return r
	case *Sex:
		r := anybody()
		r.at, r.sexes = x.Place, x.In
		return r
	case *Deprivation:
		r := anybody()
		low, high := x.Is.whole()
		r.decil = interval{max(low, 1), min(high, 10), x.Place}
		return r
	case *Registered:
		r := anybody()
		r.reg = &x.Yes
		r.at = x.Place
		return r
	}
	return anybody()
}

func (c *checker) all(x *All) *room {
	r := anybody()
	for _, y := range x.Of {
		if r = r.and(c.room(y)); r.never != "" {
			return r
		}
	}
	for i, y := range x.Of {
		for _, z := range x.Of[:i] {
			if why := contradict(y, z); why != "" {
				return never(y.Where(), "%s", why)
			}
			if why := contradict(z, y); why != "" {
				return never(y.Where(), "%s", why)
			}
		}
		if i > maxPairs {
			break
		}
	}
	return r
}

// maxPairs bounds how many conditions of one list are compared in pairs.
const maxPairs = 500

// contradict says why y, which asks that something is not there, and z cannot
// both hold.
func contradict(y, z Expr) string {
	n, ok := y.(*Not)
	if !ok {
		return ""
	}
	absent, ok := n.Of.(*Events)
	if !ok {
		return ""
	}
	present, ok := z.(*Events)
	if !ok || absent.Op != Has || present.Op != Has || absent.key(false) != present.key(false) {
		return ""
	}
	if absent.Window.covers(present.Window) {
		return fmt.Sprintf("%s must be there (line %d) and must not be there (line %d)", present.Subject, present.Line, absent.Line)
	}
	return ""
}

func (c *checker) any(at Place, of []Expr) *room {
	var out *room
	why := ""
	for _, y := range of {
		r := c.room(y)
		switch {
		case r.never != "":
			why = r.never
		case out == nil:
			out = r
		default:
			out = out.or(r)
		}
	}
	if out == nil && len(of) > 0 {
		return never(at, "none of the conditions can hold (%s)", why)
	}
	if out == nil {
		return anybody()
	}
	return out
}

func (c *checker) not(x *Not) *room {
	r := anybody()
	switch y := x.Of.(type) {
	case *Age:
		low, high := y.Is.whole()
		switch {
		case low <= 0 && math.IsInf(high, 1):
			return never(x.Place, "nobody is not %s", y.Is)
		case low <= 0:
			r.age[y.Unit] = interval{high + 1, math.Inf(1), x.Place}
		case math.IsInf(high, 1):
			r.age[y.Unit] = interval{0, low - 1, x.Place}
		}
	case *Sex:
		for _, s := range []string{"female", "male", "other", "unknown"} {
			if !slices.Contains(y.In, s) {
				r.sexes = append(r.sexes, s)
			}
		}
		r.at = x.Place
	case *Registered:
		if len(y.In) == 0 && y.For.N == 0 {
			no := !y.Yes
			r.reg = &no
			r.at = x.Place
		}
	}
	return r
}

func (c *checker) atLeast(x *AtLeast) *room {
	if x.N > len(x.Of) {
		return never(x.Place, "at least %d of %d conditions can never hold", x.N, len(x.Of))
	}
	possible := 0
	for _, y := range x.Of {
		if c.room(y).never == "" {
			possible++
		}
	}
	if possible < x.N {
		return never(x.Place, "only %d of the conditions can hold, and %d must", possible, x.N)
	}
	if x.N == len(x.Of) {
		r := anybody()
		for _, y := range x.Of {
			r = r.and(c.room(y))
		}
		return r
	}
	return c.any(x.Place, x.Of)
}

// and returns what both leave open.
func (r *room) and(s *room) *room {
	if r.never != "" {
		return r
	}
	if s.never != "" {
		return s
	}
	out := *r
	if out.at.Line == 0 {
		out.at = s.at
	}
	for u := range out.age {
		out.age[u] = r.age[u].and(s.age[u])
		if a, b := r.age[u], s.age[u]; out.age[u].low > out.age[u].high {
			return never(b.at, "line %d and line %d ask for ages that nobody has at once", a.at.Line, b.at.Line)
		}
	}
	if why, at := out.mixedAges(); why != "" {
		return never(at, "%s", why)
	}
	if out.decil = r.decil.and(s.decil); out.decil.low > out.decil.high {
		return never(s.decil.at, "line %d and line %d ask for different deprivation", r.decil.at.Line, s.decil.at.Line)
	}
	if out.born = r.born.and(s.born); out.born.low > out.born.high {
		return never(s.born.at, "line %d and line %d ask for dates of birth that nobody has at once", r.born.at.Line, s.born.at.Line)
	}
	switch {
	case r.sexes == nil:
		out.sexes = s.sexes
	case s.sexes != nil:
		out.sexes = slices.DeleteFunc(slices.Clone(r.sexes), func(x string) bool { return !slices.Contains(s.sexes, x) })
		if len(out.sexes) == 0 {
			return never(s.at, "they must be %s (line %d) and %s (line %d)", strings.Join(r.sexes, " or "), r.at.Line, strings.Join(s.sexes, " or "), s.at.Line)
		}
	}
	if out.reg == nil {
		out.reg = s.reg
	} else if s.reg != nil && *s.reg != *out.reg {
		return never(s.at, "they must be registered and not registered (line %d)", s.at.Line)
	}
	return &out
}

// mixedAges finds ages in different units that cannot be had at once, allowing
// for months and years of different lengths.
func (r *room) mixedAges() (string, Place) {
	length := [4]float64{1, 7, 30.44, 365.25}
	for u, a := range r.age {
		for v, b := range r.age {
			if u != v && a.low*length[u] > (b.high+1)*length[v]+3 {
				return fmt.Sprintf("line %d and line %d ask for ages that nobody has at once", a.at.Line, b.at.Line), b.at
			}
		}
	}
	return "", Place{}
}

// or returns what either leaves open.
func (r *room) or(s *room) *room {
	out := *r
	for u := range out.age {
		out.age[u] = r.age[u].or(s.age[u])
	}
	out.decil = r.decil.or(s.decil)
	out.born = r.born.or(s.born)
	if r.sexes == nil || s.sexes == nil {
		out.sexes = nil
	} else {
		out.sexes = append(slices.Clone(r.sexes), s.sexes...)
	}
	if r.reg == nil || s.reg == nil || *r.reg != *s.reg {
		out.reg = nil
	}
	return &out
}

func (b *Born) room() interval {
	out := interval{float64(b.From), float64(b.To), b.Place}
	if b.To == timeline.NoDay {
		out.high = math.Inf(1)
	}
	return out
}

func (i interval) and(j interval) interval {
	out := interval{max(i.low, j.low), min(i.high, j.high), i.at}
	if out.at.Line == 0 {
		out.at = j.at
	}
	return out
}

func (i interval) or(j interval) interval {
	return interval{min(i.low, j.low), max(i.high, j.high), i.at}
}

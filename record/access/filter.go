package access

import (
	"slices"
	"time"
)

// Filter is what one subject may do in one way at one instant. It never
// changes. It is for one request: rights are those of now.
type Filter struct {
	subject Subject
	action  Action
	now     int64
	clauses []clause // of which one must hold
	masks   []*Mask
	rounded bool
}

// clause is a rule as it stands for a subject: what can be known without a row
// has been decided.
type clause struct {
	rule      *rule
	types     typeSet       // whatever the category
	narrowed  map[int]Label // only in one of these categories
	person    personTerm
	related   Held // one of these, with the person; 0: no relation asked for
	agreement Basis
	glass     []int64
	with      Label
	without   Label
}

type personTerm uint8

const (
	anyone personTerm = iota
	nobody
	somebody
)

// Filter returns what the subject may do by the action at an instant.
func (p *Policy) Filter(s Subject, a Action, now time.Time) *Filter {
	f := &Filter{subject: s, action: a, now: now.UnixMilli()}
	role := p.roles[s.Role()]
	if role == nil {
		return f
	}
	f.rounded = role.rounded
	for _, m := range role.masks {
		if m.When == 0 || m.When&^s.clearance(a) != 0 {
			f.masks = append(f.masks, m)
		}
	}
	for _, r := range role.rules {
		if r.actions&(1<<a) == 0 || r.purposes != nil && !slices.Contains(r.purposes, s.Purpose()) {
			continue
		}
		if c, ok := f.clause(r); ok {
			f.clauses = append(f.clauses, c)
		}
	}
	return f
}

// clearance returns the sensitivity that the subject may see.
func (s Subject) clearance(a Action) Label {
	if s.subject == nil {
		return 0
	}
	if s.role == System {
		return s.cleared | s.who.Scopes.cleared(a)
	}
	return s.cleared
}

// agreementFor returns the agreement that a purpose needs, 0 when there is none
// for it.
func agreementFor(p Purpose) Basis {
	if p == EmergencyTreatment || p == BreakTheGlass {
		p = Treatment
	}
	return agreements[p]
}

// clause decides what can be known of a rule without a row, and reports false
// when it cannot hold for any.
func (f *Filter) clause(r *rule) (clause, bool) {
	s := f.subject
	c := clause{rule: r, types: r.types}
	scoped := s.role != System && !s.who.Scopes.empty() // a program in between may do no more than its scopes
	for _, t := range r.terms {
		switch t.kind {
		case termRelated:
			if len(s.actors) == 0 {
				return c, false
			}
			c.related, c.person = t.bases, somebody
		case termAgreement:
			if c.agreement = agreementFor(s.Purpose()); c.agreement == 0 || len(s.orgs) == 0 {
				return c, false
			}
		case termScoped:
			scoped = true
		case termAnyone:
		case termNobody:
			c.person = nobody
		case termSomebody:
			c.person = somebody
		case termGlass:
			if s.glass == nil || f.now < s.glass.At.UnixMilli() || f.now >= s.glass.At.Add(GlassHolds).UnixMilli() {
				return c, false
			}
			c.glass, c.person = s.glass.Persons, somebody
		case termThrough:
			if s.through != t.hand {
				return c, false
			}
		case termLabelled:
			c.with |= t.labels
		case termExcept:
			without := t.labels
			if t.clearing {
				without &^= s.clearance(f.action)
			}
			c.without |= without
		}
	}
	if scoped {
		c.narrow(s.who.Scopes.reach(f.action))
	}
	return c, !c.types.empty() || len(c.narrowed) > 0
}

func (c *clause) narrow(r reach) {
	for n, l := range r.narrowed {
		if c.types.has(n) {
			if c.narrowed == nil {
				c.narrowed = map[int]Label{}
			}
			c.narrowed[n] = l
		}
	}
	c.types = c.types.and(r.types)
}

// reaches reports whether the clause can hold for rows of a type, and in which
// categories only (0: any).
func (c *clause) reaches(typ int) (Label, bool) {
	if c.types.has(typ) {
		return 0, true
	}
	l, ok := c.narrowed[typ]
	return l, ok
}

// Action returns the action that the filter is for.
func (f *Filter) Action() Action { return f.action }

// None reports whether no row of a type can be allowed; of type 0, no row at
// all. Then the answer is a refusal that needs no look at the data.
func (f *Filter) None(typ int) bool {
	if typ == 0 {
		return len(f.clauses) == 0
	}
	for i := range f.clauses {
		if _, ok := f.clauses[i].reaches(typ); ok {
			return false
		}
	}
	return true
}

// All reports whether every row of a type is allowed, whatever it is; of type
// 0, every row of every type.
func (f *Filter) All(typ int) bool {
	for i := range f.clauses {
		c := &f.clauses[i]
		if c.person != anyone || c.related != 0 || c.agreement != 0 || c.with != 0 || c.without != 0 {
			continue
		}
		if typ != 0 && c.types.has(typ) || typ == 0 && everyType().without(c.types).empty() {
			return true
		}
	}
	return false
}

// Types returns the numbers of the types of which some row may be allowed, in
// order.
func (f *Filter) Types() []int {
	var s typeSet
	for i := range f.clauses {
		s = s.or(f.clauses[i].types)
		for n := range f.clauses[i].narrowed {
			s.add(n)
		}
	}
	return s.numbers()
}

// Places reports whether a subject may choose the id of a new resource of a
// type by an update. Only a system that may create and update every resource of
// the type may: for anyone else the answer would tell whether something that
// they cannot see is there.
func (p *Policy) Places(s Subject, typ int, now time.Time) bool {
	return s.Role() == System && p.Filter(s, Create, now).All(typ) && p.Filter(s, Update, now).All(typ)
}

// Allows decides on one row, and says why it is allowed. It is the same rule as
// Predicate.
func (f *Filter) Allows(row Row) (Reason, bool) {
	for i := range f.clauses {
		if basis, ok := f.clauses[i].allows(row); ok {
			c := &f.clauses[i]
			r := Reason{Rule: c.rule.role.String() + "/" + c.rule.name, Purpose: f.subject.Purpose()}
			if basis != 0 {
				r.Basis = basis.String()
			}
			return r, true
		}
	}
	return Reason{}, false
}

func (c *clause) allows(row Row) (Basis, bool) {
	in, ok := c.reaches(row.Type)
	switch {
	case !ok, in != 0 && row.Labels&in == 0, row.Labels&c.with != c.with, row.Labels&c.without != 0:
		return 0, false
	case c.person == nobody && row.Person != 0, c.person == somebody && row.Person == 0:
		return 0, false
	case c.glass != nil && !slices.Contains(c.glass, row.Person):
		return 0, false
	case c.agreement != 0 && !row.Held.has(c.agreement):
		return 0, false
	case c.related == 0:
		return 0, true
	}
	for b := Basis(1); b < Agreement; b++ {
		if c.related.has(b) && row.Held.has(b) {
			return b, true
		}
	}
	return 0, false
}

// Relies reports whether a decision on rows of a type may need to know what the
// subject holds: whether Row.Held matters.
func (f *Filter) Relies(typ int) bool {
	for i := range f.clauses {
		c := &f.clauses[i]
		if _, ok := c.reaches(typ); ok && (c.related != 0 || c.agreement != 0) {
			return true
		}
	}
	return false
}

// Counted returns how a number of resources may be told: as it is, or, to those
// who may only learn rounded counts, to the nearest 5; told is false when the
// number is too small to be told at all.
func (f *Filter) Counted(n int) (shown int, told bool) {
	if !f.rounded {
		return n, true
	}
	return Suppress(n)
}

// Suppress returns a count of people or of what is theirs as it may be
// published: to the nearest 5, and nothing when it is less than 5, nought
// included, for else nought would tell of the others.
func Suppress(n int) (shown int, told bool) {
	if n < 5 {
		return 0, false
	}
	return (n + 2) / 5 * 5, true
}

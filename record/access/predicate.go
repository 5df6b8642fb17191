package access

import (
	"slices"
	"strconv"
	"strings"

	"joinery/fhir/r4"
)

// Dialect is how a database writes the places of arguments.
type Dialect uint8

// Dialects.
const (
	SQLite     Dialect = iota // ?1
	PostgreSQL                // $1
)

// statement is SQL in the making. Its text depends on the shape of the rule and
// on scopes, never on values, so that a database can keep it prepared.
type statement struct {
	strings.Builder
	dialect Dialect
	next    int // number of the next argument
	args    []any
}

func (s *statement) write(parts ...string) {
	for _, p := range parts {
		s.WriteString(p)
	}
}

// bind writes the place of an argument.
func (s *statement) bind(v int64) {
	if s.dialect == PostgreSQL {
		s.WriteByte('$')
	} else {
		s.WriteByte('?')
	}
	s.WriteString(strconv.Itoa(s.next))
	s.next++
	s.args = append(s.args, v)
}

// bindList writes the places of a list, whose length is rounded up to a power
// of two by repeating the last, so that texts are few.
func (s *statement) bindList(values []int64) {
	n := 1
	for n < len(values) {
		n *= 2
	}
	s.WriteByte('(')
	for i := range n {
		if i > 0 {
			s.WriteByte(',')
		}
		s.bind(values[min(i, len(values)-1)])
	}
	s.WriteByte(')')
}

func (s *statement) numbers(values []int) {
	s.WriteByte('(')
	for i, v := range values {
		if i > 0 {
			s.WriteByte(',')
		}
		s.WriteString(strconv.Itoa(v))
	}
	s.WriteByte(')')
}

// Predicate returns the rule as an SQL condition over the columns rk and lbl of
// row, the alias of a relation, and over the table rel. typ is the type that
// all the rows are of, which makes it cheaper, or 0. The first argument has the
// number arg (from 1); there are as many as args. A rule that always holds is
// "1=1", one that never does "1=0".
func (f *Filter) Predicate(d Dialect, row string, typ, arg int) (condition string, args []any) {
	if f.None(typ) {
		return "1=0", nil
	}
	if f.All(typ) {
		return "1=1", nil
	}
	s := &statement{dialect: d, next: arg}
	s.WriteByte('(')
	first := true
	for i := range f.clauses {
		c := &f.clauses[i]
		if _, ok := c.reaches(typ); typ != 0 && !ok {
			continue
		}
		if !first {
			s.WriteString(" OR ")
		}
		first = false
		f.clauseSQL(s, c, row, typ)
	}
	s.WriteByte(')')
	return s.String(), s.args
}

// askedOfARow ends an EXISTS so that it is asked of each row that is reached.
// Without it PostgreSQL turns it into a join, and may start from all rows there
// are instead of those that the query has narrowed down to.
const askedOfARow = " LIMIT 1 OFFSET 0)"

// clauseSQL writes one clause: its parts joined by AND, the cheap ones first.
func (f *Filter) clauseSQL(s *statement, c *clause, row string, typ int) {
	s.WriteByte('(')
	c.typeSQL(s, row, typ)
	if c.with != 0 {
		s.write(" AND (", row, ".lbl & ")
		s.bind(int64(c.with))
		s.WriteString(") = ")
		s.bind(int64(c.with))
	}
	if c.without != 0 {
		s.write(" AND (", row, ".lbl & ")
		s.bind(int64(c.without))
		s.WriteString(") = 0")
	}
	switch c.person {
	case nobody:
		s.write(" AND ", row, ".rk < 1073741824")
	case somebody:
		s.write(" AND ", row, ".rk >= 1073741824")
	case anyone:
	}
	if c.glass != nil {
		s.write(" AND (", row, ".rk >> 30) IN ")
		s.bindList(c.glass)
	}
	if c.agreement != 0 {
		s.WriteString(" AND EXISTS (SELECT 1 FROM rel AS a WHERE a.person = 0")
		f.relSQL(s, "a", f.subject.orgs, 1<<c.agreement, row, typ)
		s.WriteString(askedOfARow)
	}
	if c.related != 0 {
		s.write(" AND EXISTS (SELECT 1 FROM rel AS g WHERE g.person = (", row, ".rk >> 30)")
		f.relSQL(s, "g", f.subject.actors, c.related, row, typ)
		s.WriteString(askedOfARow)
	}
	s.WriteByte(')')
}

// typeSQL writes the condition on type and category.
func (c *clause) typeSQL(s *statement, row string, typ int) {
	if typ != 0 {
		in, _ := c.reaches(typ)
		if in == 0 {
			s.WriteString("1=1")
			return
		}
		s.write("(", row, ".lbl & ")
		s.bind(int64(in))
		s.WriteString(") <> 0")
		return
	}
	if len(c.narrowed) == 0 && len(c.types.numbers()) == len(r4.Types()) {
		s.WriteString("1=1")
		return
	}
	of := "((" + row + ".rk >> 22) & 255)"
	s.WriteByte('(')
	if !c.types.empty() {
		s.write(of, " IN ")
		s.numbers(c.types.numbers())
	}
	for i, n := range sortedKeys(c.narrowed) {
		if i > 0 || !c.types.empty() {
			s.WriteString(" OR ")
		}
		s.write("(", of, " = ", strconv.Itoa(n), " AND (", row, ".lbl & ")
		s.bind(int64(c.narrowed[n]))
		s.WriteString(") <> 0)")
	}
	s.WriteByte(')')
}

// relSQL writes that a row of rel, by its alias, is of one of the actors, rests
// on one of the bases and holds now.
func (f *Filter) relSQL(s *statement, rel string, actors []Actor, bases Held, row string, typ int) {
	s.write(" AND ", rel, ".actor IN ")
	s.bindList(actorKeys(actors))
	// The plus keeps it out of the look-up, which would else be made once for each
	// pair of an actor and a basis.
	s.write(" AND +", rel, ".basis IN (")
	for i, b := range bases.bases() {
		if i > 0 {
			s.WriteByte(',')
		}
		s.WriteString(strconv.Itoa(int(b) << 8))
		switch {
		case !b.confinable():
		case typ != 0:
			s.write(",", strconv.Itoa(int(b)<<8|typ))
		default:
			s.write(",", strconv.Itoa(int(b)<<8), " + ((", row, ".rk >> 22) & 255)")
		}
	}
	s.write(") AND ", rel, ".since <= ")
	s.bind(f.now)
	s.write(" AND ", rel, ".until > ")
	s.bind(f.now)
}

// Persons is whose rows a filter can allow, to drive a query from. It is never
// too few and may be too many: the predicate still decides.
type Persons struct {
	Every  bool   // it cannot be told without looking at rows
	Nobody bool   // rows of nobody (person 0) are among them
	Query  string // SELECT of their keys, 0 left out; empty when there are none
	Args   []any
}

// Persons returns whose rows of a type, or of type 0 whose rows at all, the
// filter can allow. Arguments are numbered as Predicate does.
func (f *Filter) Persons(d Dialect, typ, arg int) Persons {
	var p Persons
	s := &statement{dialect: d, next: arg}
	for i := range f.clauses {
		c := &f.clauses[i]
		if _, ok := c.reaches(typ); typ != 0 && !ok {
			continue
		}
		p.Nobody = p.Nobody || c.person != somebody
		if c.person == nobody {
			continue
		}
		if c.related == 0 && c.glass == nil {
			return Persons{Every: true, Nobody: true}
		}
		if s.Len() > 0 {
			s.WriteString(" UNION ")
		}
		f.personsSQL(s, c)
	}
	p.Query, p.Args = s.String(), s.args
	return p
}

// OfPerson returns an SQL condition on a column that holds persons' keys, 0 left
// out: that the filter can allow rows of a type, or of type 0 any, of that
// person. It is what Persons lists, asked of one person at a time. Arguments
// are numbered as Predicate does.
func (f *Filter) OfPerson(d Dialect, column string, typ, arg int) (condition string, args []any) {
	s := &statement{dialect: d, next: arg}
	for i := range f.clauses {
		c := &f.clauses[i]
		if _, ok := c.reaches(typ); typ != 0 && !ok || c.person == nobody {
			continue
		}
		if c.related == 0 && c.glass == nil {
			return "1=1", nil
		}
		if s.Len() > 0 {
			s.WriteString(" OR ")
		}
		if c.related == 0 {
			s.write(column, " IN ")
			s.bindList(c.glass)
			continue
		}
		s.write("EXISTS (SELECT 1 FROM rel AS g WHERE g.person = ", column, " AND g.actor IN ")
		f.holdsSQL(s, c)
		s.WriteString(askedOfARow)
	}
	if s.Len() == 0 {
		return "1=0", nil
	}
	return "(" + s.String() + ")", s.args
}

func (f *Filter) personsSQL(s *statement, c *clause) {
	if c.related == 0 {
		for i, person := range c.glass {
			if i > 0 {
				s.WriteString(" UNION ")
			}
			s.WriteString("SELECT CAST(")
			s.bind(person)
			s.WriteString(" AS BIGINT) AS person")
		}
		return
	}
	s.WriteString("SELECT g.person AS person FROM rel AS g WHERE g.person > 0 AND g.actor IN ")
	f.holdsSQL(s, c)
}

// holdsSQL writes which actors, bases and time a relation of a clause has.
func (f *Filter) holdsSQL(s *statement, c *clause) {
	s.bindList(actorKeys(f.subject.actors))
	s.WriteString(" AND (g.basis >> 8) IN (")
	for i, b := range c.related.bases() {
		if i > 0 {
			s.WriteByte(',')
		}
		s.WriteString(strconv.Itoa(int(b)))
	}
	s.WriteString(") AND g.since <= ")
	s.bind(f.now)
	s.WriteString(" AND g.until > ")
	s.bind(f.now)
}

// firstAgreement is the least that rel stores of an agreement (Basis.ofNobody).
var firstAgreement = strconv.Itoa(int(Agreement) << 8)

// HeldQuery returns a query for the bases that the subject holds with a person,
// and those of its organisation's agreements: what HeldOf wants. Each is taken
// only from where the predicate looks for it: an agreement at nobody and of an
// organisation, any other at the person. It is empty when the subject holds
// nothing of anyone.
func (f *Filter) HeldQuery(d Dialect, person int64, arg int) (query string, args []any) {
	if f.subject.subject == nil || len(f.subject.actors)+len(f.subject.orgs) == 0 {
		return "", nil
	}
	s := &statement{dialect: d, next: arg}
	s.WriteString("SELECT g.basis FROM rel AS g WHERE g.since <= ")
	s.bind(f.now)
	s.WriteString(" AND g.until > ")
	s.bind(f.now)
	s.WriteString(" AND (")
	if len(f.subject.actors) > 0 {
		s.write("g.basis < ", firstAgreement, " AND g.person = ")
		s.bind(person)
		s.WriteString(" AND g.actor IN ")
		s.bindList(actorKeys(f.subject.actors))
	}
	if len(f.subject.orgs) > 0 {
		if len(f.subject.actors) > 0 {
			s.WriteString(" OR ")
		}
		s.write("g.basis >= ", firstAgreement, " AND g.person = 0 AND g.actor IN ")
		s.bindList(actorKeys(f.subject.orgs))
	}
	s.WriteByte(')')
	return s.String(), s.args
}

func actorKeys(actors []Actor) []int64 {
	out := make([]int64, len(actors))
	for i, a := range actors {
		out[i] = int64(a)
	}
	return out
}

func sortedKeys(m map[int]Label) []int {
	out := make([]int, 0, len(m))
	for n := range m {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

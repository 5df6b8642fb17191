// Package search knows what a search asks, and whether a resource answers it.
//
// It has two sides. Parse reads the parameters of a request into a Query: every
// fault is found and said, nothing unknown is passed over unless the caller
// asked for leniency. Extract goes over a resource and writes down, as Keys, all
// that it can be found by. Between them stands Match, which decides from keys
// alone, and MatchBody, which decides from the whole resource where keys do not
// hold enough: a text that was cut, :exact, :text, :contains.
//
// To find candidates among many, Keys give rows for a global index
// (Candidates), and a Clause gives the ranges of that index in which every
// match has a row (Ranges). More rows than matches lie there, never fewer.
//
// The package reads no clock and no store. What needs other resources (chains,
// _has, includes, compartments over several records) is only described by a
// Query; record/store carries it out. Queries and Keys do not change once made
// and may be shared between goroutines.
//
// Where R4 leaves room: tokens compare without regard to case; a date without a
// zone is London's; numbers compare with a tolerance taken from how precisely
// the query writes them; strings compare from the beginning, without case,
// accents, punctuation and extra white space. See FHIR R4 section 3.1.1.
//
// Trade-offs: hashes stand for codes and references in keys. Eight bytes of
// SHA-256 do not meet by chance; MatchBody looks at the text itself.
package search

import (
	"net/url"
	"strings"
	"time"

	"joinery/fhir"
	"joinery/fhir/r4"
)

// Limits of one query.
const (
	DefaultCount = 50   // matches a page when _count is not given
	MaxCount     = 1000 // a greater _count gets this many
	maxValues    = 1000 // values in all its lists
	maxClauses   = 64   // parameters
	maxDepth     = 5    // links of a chain, and _has within _has
	maxLinks     = 200  // links of all chains and _has together
	maxBranches  = 12   // types that a link of a chain may lead to
	maxSort      = 5
	maxText      = 64 // bytes of a normalised text that are kept as a key
)

// Pair is a parameter as it came, decoded.
type Pair struct {
	Name, Value string
}

// Options are the circumstances of a request.
type Options struct {
	Strict bool      // refuse unknown parameters instead of listing them in Query.Ignored
	Now    time.Time // for dates that are "about" something
	Base   string    // our own URL, without a slash at its end: references to it are local
}

// Query is what a search asks.
type Query struct {
	Type        string   // resource type; empty: every type, or those of Types
	Types       []string // of a search over every type, those wanted; nil: all
	Compartment *Compartment
	Where       []*Clause // all must hold
	Include     []Include
	RevInclude  []Include
	Sort        []SortKey
	Count       int // matches a page, 1 to MaxCount
	Total       TotalMode
	Summary     SummaryMode
	Elements    []string // names of the elements wanted, nil: all
	Ignored     []string // names of unknown parameters, when lenient

	// Asked are the circumstances of the request: with them, Self parses to the
	// same query again.
	Asked Options

	given []Pair // what was understood, in the order it came
}

// Compartment is the record of one patient, as a bound on a search.
type Compartment struct {
	Type string // always Patient
	ID   fhir.ID
}

// TotalMode says how the number of all matches is wanted.
type TotalMode uint8

// Modes of _total.
const (
	TotalNone TotalMode = iota
	TotalEstimate
	TotalAccurate
)

// SummaryMode says which part of each resource is wanted.
type SummaryMode uint8

// Modes of _summary.
const (
	SummaryFalse SummaryMode = iota
	SummaryTrue
	SummaryText
	SummaryData
	SummaryCount // no resources at all, only how many
)

// Include asks for what matches refer to (_include), or for what refers to
// matches (_revinclude).
type Include struct {
	Source  string    // type of the resource that has the reference
	Param   *r4.Param // its parameter
	Target  string    // only resources of this type; empty: any that Param allows
	Iterate bool      // also from what was included
	reader
}

// SortKey is one of the orders asked for, the first being the foremost.
type SortKey struct {
	Param      *r4.Param
	Descending bool
	slots      []uint8
	typ        string
}

// Self returns the query as URL parameters, for the link to itself: what was
// understood, in the order it came.
func (q *Query) Self() string {
	var b strings.Builder
	for i, p := range q.given {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(escape(p.Name))
		b.WriteByte('=')
		b.WriteString(escape(p.Value))
	}
	return b.String()
}

// escape escapes for a query what must be, and leaves what FHIR's parameters are
// full of.
func escape(s string) string {
	s = url.QueryEscape(s)
	return unescaper.Replace(s)
}

var unescaper = strings.NewReplacer("%3A", ":", "%2C", ",", "%2F", "/", "%24", "$")

// Clause is one condition. It is plain, when Chain and Has are nil: Match and
// MatchBody decide it. Otherwise it depends on other resources.
type Clause struct {
	Type     string // the type whose parameter it is; empty: every type
	Param    *r4.Param
	Modifier Modifier

	// Chain says that the resource must refer, by Param, to one that meets one
	// of the links.
	Chain []Link

	// Has says that a resource must refer to this one and meet a condition.
	Has *Has

	operands []operand
	missing  bool // the value of :missing
	in       *indexed
	reader
}

// Link is a possible next resource of a chain.
type Link struct {
	Type  string
	Where *Clause
}

// Has is a condition on the resources of Type that refer by Param.
type Has struct {
	Type  string
	Param *r4.Param
	Where *Clause
	reader
}

// Plain reports whether the clause can be decided from the resource alone.
func (c *Clause) Plain() bool { return c.Chain == nil && c.Has == nil }

// Modifier changes what a parameter's values mean.
type Modifier uint8

// Modifiers. That of a reference's type is not among them: it is part of the
// values.
const (
	NoModifier Modifier = iota
	Missing
	Not
	Text
	Exact
	Contains
	Identifier
	OfType
	Above
	Below
)

var modifierNames = []string{"", "missing", "not", "text", "exact", "contains", "identifier", "of-type", "above", "below"}

// String returns the modifier as it is written in a request.
func (m Modifier) String() string { return modifierNames[m] }

// operand is one of the values that a clause accepts.
type operand struct {
	prefix    prefix
	code      []byte // of a token, folded, or of a uri or logical reference; nil: any
	system    []byte
	anySystem bool // no system was named
	implied   bool // the element's own code system is the one named
	hash      uint64
	systemH   uint32
	kindCode  []byte // of :of-type, the type's code, folded, and system
	kindIn    []byte
	raw       []byte // a string as it came
	text      []byte // a string normalised
	low, high int64  // a date
	value     float64
	from, to  float64 // a number: what its precision covers
	unit      unitOperand
	targets   []target
	parts     []operand // of a composite
}

// target is a resource that a reference may point to.
type target struct {
	hash uint64
	base uint32 // hash of the base
	home bool   // it is ours: local references count, and those by our base
	typ  string // resource type, when known
	text []byte // identity
	at   []byte // base
}

// WithTargets returns the clause with more values for a reference parameter: the
// further resources that stand for one asked for, as those of linked persons
// do. same is asked for each resource that the clause names, and returns the
// others; the clause itself is returned when there are none.
func (c *Clause) WithTargets(same func(typ string, id fhir.ID) ([]fhir.ID, error)) (*Clause, error) {
	if !c.Plain() || c.Param.Type != r4.Reference || c.Modifier != NoModifier && c.Modifier != Not {
		return c, nil
	}
	var more []target
	for i := range c.operands {
		for _, t := range c.operands[i].targets {
			_, id, ok := strings.Cut(string(t.text), "/")
			if !t.home || !ok {
				continue
			}
			ids, err := same(t.typ, fhir.ID(id))
			if err != nil {
				return nil, err
			}
			for _, id := range ids {
				other := t
				other.text = []byte(t.typ + "/" + string(id))
				other.hash = hashBytes(other.text)
				more = append(more, other)
			}
		}
	}
	if len(more) == 0 {
		return c, nil
	}
	wider := *c
	wider.operands = append(append([]operand{}, c.operands...), operand{targets: more})
	return &wider, nil
}

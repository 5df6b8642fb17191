package language

import "joinery/timeline"

// Expr is a condition that holds for a person on a day, does not hold, or,
// where needs says so, is unknown. The kinds are All, Any, Not, AtLeast,
// Score, Needing, Meets, Events, Change, and those of the person: Age, Born,
// Sex, Registered, Area, Deprivation, Ethnicity.
type Expr interface {
	// Where returns where the condition stands.
	Where() Place
	// Each calls f with every condition directly within this one.
	Each(f func(Expr))
}

type at struct{ Place }

func (a at) Where() Place  { return a.Place }
func (at) Each(func(Expr)) {}

// All holds when each of its conditions does.
type All struct {
	at
	Of []Expr
}

// Any holds when one of its conditions does.
type Any struct {
	at
	Of []Expr
}

// Not holds when its condition does not.
type Not struct {
	at
	Of Expr
}

// AtLeast holds when at least N of its conditions do.
type AtLeast struct {
	at
	N  int
	Of []Expr
}

// Score adds the points of the terms that hold. As a condition it holds when
// the sum lies in Is; in segments with bands, Is is nil.
type Score struct {
	at
	Terms []Term
	Is    *Span
}

// Term is a condition that is worth points.
type Term struct {
	Points float64
	When   Expr
}

// Needing is Of, but unknown where Needs does not hold.
type Needing struct {
	at
	Needs, Of Expr
}

// Meets holds when another definition, or a term of this one, is met.
type Meets struct {
	at
	Name string

	Definition *Definition // the other definition, or nil when it is a term
	Term       Expr        // the term, or nil
}

// EventOp is what an Events condition asks of the events that it finds.
type EventOp uint8

// Has asks for one event, Count for a number of them; First and Last pick one.
const (
	Has EventOp = iota
	Count
	First
	Last
)

var eventOps = []string{"has", "count", "first", "last"}

func (o EventOp) String() string { return eventOps[o] }

// Dating is which of an event's dates places it in time.
type Dating uint8

// ByStart is the day the event began, ByEnd the day it ended (an event without
// an end is then not found), ByRecord the day it was entered.
const (
	ByStart Dating = iota
	ByEnd
	ByRecord
)

// Events is a condition on the events of a person.
type Events struct {
	at
	Op         EventOp
	Subject    string   // the id of a code set, or "any"
	Codes      *CodeSet // nil when the subject is "any"
	Kinds      []string // FHIR resource types; empty: any
	Classes    []string // classes of Encounter; empty: any
	Statuses   []string // empty: all but those that say that it did not happen
	Ongoing    bool     // only events that have not ended by the index date
	Dated      Dating
	Window     Window
	Value      *Span    // of each event (Has, Count) or of the picked one
	Was        *CodeSet // what the picked event must be
	WasName    string
	Answer     *CodeSet // what the coded value must be: of each event (Has, Count) or of the picked one
	AnswerName string
	Is         *Span // of the number counted; nil where a number is wanted
	Days       bool  // count days on which events lie, not events
	Concepts   bool  // count different codes, not events
}

// NeverHappened are the statuses that say that a thing did not happen, or not
// yet. They are found only by a condition that names them.
var NeverHappened = []string{
	"cancelled", "draft", "entered-in-error", "not-done", "on-hold", "planned", "preparation", "proposed", "registered", "rejected",
	"requested", "revoked", "waitlist",
}

// Change is the value of the second picked event less that of the first.
type Change struct {
	at
	From, To *Events
	Value    *Span // nil where a number is wanted
}

// Stays adds up the days of the events that it finds which lie in its window:
// bed-days, when they are stays in hospital.
type Stays struct {
	at
	Events *Events
}

// Age holds when the age on the index date, in whole units, lies in the span.
type Age struct {
	at
	Is   Span
	Unit Unit
}

// Born holds when the date of birth is none of the days before From or after To;
// an end that is NoDay is open.
type Born struct {
	at
	From, To timeline.Day
	text     string
}

// String returns the dates as they were written.
func (b *Born) String() string { return b.text }

// Sex holds when the administrative gender is one of these FHIR codes.
type Sex struct {
	at
	In []string
}

// Registered holds when the person is registered with a practice on the index
// date, for at least a period, and, when In is not empty, with one of these
// practices or one of a network of these.
type Registered struct {
	at
	Yes      bool
	For      Period
	In       []string
	Networks bool // In are networks
}

// Area holds when the person lives in the area (In is empty) or in one of
// these boroughs or LSOAs.
type Area struct {
	at
	In []string
}

// Deprivation holds when the decile of deprivation lies in the span; 1 is the
// most deprived.
type Deprivation struct {
	at
	Is Span
}

// Ethnicity holds when the ethnic category is one of these letters.
type Ethnicity struct {
	at
	In []string
}

// Each calls f with each condition.
func (e *All) Each(f func(Expr)) { each(e.Of, f) }

// Each calls f with each condition.
func (e *Any) Each(f func(Expr)) { each(e.Of, f) }

// Each calls f with the condition.
func (e *Not) Each(f func(Expr)) { f(e.Of) }

// Each calls f with each condition.
func (e *AtLeast) Each(f func(Expr)) { each(e.Of, f) }

// Each calls f with the need and the condition.
func (e *Needing) Each(f func(Expr)) { f(e.Needs); f(e.Of) }

// Each calls f with the two events.
func (e *Change) Each(f func(Expr)) { f(e.From); f(e.To) }

// Each calls f with the events.
func (e *Stays) Each(f func(Expr)) { f(e.Events) }

// Each calls f with the condition of each term.
func (s *Score) Each(f func(Expr)) {
	for _, t := range s.Terms {
		f(t.When)
	}
}

func each(of []Expr, f func(Expr)) {
	for _, x := range of {
		f(x)
	}
}

// Window is the days in which events are looked for. Every window ends on the
// index date at the latest.
type Window struct {
	Kind   WindowKind
	Length Period       // Within, Between, WithinAfter, WithinBefore, BetweenBefore: the farther end
	Until  Period       // Between, EndsAgo, BetweenBefore: the nearer end
	From   timeline.Day // Dates
	To     timeline.Day
	Anchor *Anchor
	Last   *Anchor // BetweenAnchors
	text   string
}

// String returns the window as it was written, or "ever".
func (w Window) String() string { return w.text }

// WindowKind is the way in which a window was given. a is an anchor's day and
// d the index date.
type WindowKind uint8

// The windows. A window that is relative to an anchor is empty where the
// anchor is not.
const (
	Ever           WindowKind = iota // up to d
	Within                           // after d − Length, up to d
	Between                          // after d − Length, up to d − Until
	EndsAgo                          // up to d − Until
	Dates                            // from From to To
	WithinAfter                      // from a to a + Length
	WithinBefore                     // from a − Length to a
	BetweenBefore                    // from a − Length to a − Until
	Since                            // from a to d
	BeforeAnchor                     // up to the day before a
	BetweenAnchors                   // from a to the day before Last
)

// Anchor is what a window hangs on: a named event, or the day on which the
// person reaches an age (0 days: the day of birth).
type Anchor struct {
	at
	Name   string
	Age    Period
	Events *Events // nil for an age
}

func (a *Anchor) String() string {
	if a.Name != "" {
		return a.Name
	}
	if a.Age.N == 0 {
		return "birth"
	}
	return "age " + a.Age.String()
}

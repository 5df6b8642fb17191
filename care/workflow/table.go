package workflow

import (
	"embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"joinery/care/workflow/clock"
	"joinery/fault"
)

// State is where a referral stands at the service that has it now.
type State string

// Side is what somebody is to a referral.
type Side string

// Sides.
const (
	Referrer Side = "referrer" // of the organisation that asked
	Receiver Side = "receiver" // of the one that was asked
	Hub      Side = "hub"      // of one that passes on
	Person   Side = "person"
	Carer    Side = "carer"
	Finder   Side = "finder"
	Operator Side = "operator" // at the desk
)

// Sides returns every side.
func Sides() []Side { return []Side{Referrer, Receiver, Hub, Person, Carer, Finder, Operator} }

// Need is what a move must be told.
type Need string

// Needs.
const (
	NeedReason   Need = "reason"
	NeedOnward   Need = "onward"
	NeedService  Need = "service"
	NeedQuestion Need = "question"
	NeedAnswer   Need = "answer"
	NeedWhen     Need = "when"
	NeedOutcome  Need = "outcome"
)

func needs() []Need {
	return []Need{NeedReason, NeedOnward, NeedService, NeedQuestion, NeedAnswer, NeedWhen, NeedOutcome}
}

// Standing is a state, and what its resources say in it.
type Standing struct {
	State   State
	Request string // ServiceRequest.status; empty: it depends on who takes the person on
	Task    string // Task.status
	Episode string // EpisodeOfCare.status; empty: there is none
	Turn    Side   // whose turn it is; "onward" and "nobody" in states that are over
	Title   string
}

// Over reports whether the referral is over at this service.
func (s *Standing) Over() bool { return s.Turn == "nobody" || s.Turn == "onward" }

// Move is one that may be made.
type Move struct {
	Name  string
	From  []State
	To    State
	By    []Side
	Needs []Need
	Event clock.Kind // empty: clocks do not see it
	Title string
}

// Needs reports whether the move must be told something.
func (m *Move) needs(n Need) bool { return slices.Contains(m.Needs, n) }

// Reason is why a move may be made.
type Reason struct {
	Code  string
	Of    []string // moves
	Title string
}

// Table is how referrals go. It never changes.
type Table struct {
	States  []*Standing
	Moves   []*Move
	Reasons []*Reason
}

//go:embed referrals.txt tasks.txt invites.txt
var texts embed.FS

func shipped(file string) func() *Table {
	return sync.OnceValue(func() *Table {
		text, err := texts.ReadFile(file)
		if err == nil {
			var t *Table
			if t, err = readTable(file, string(text)); err == nil {
				return t
			}
		}
		panic("care/workflow: " + err.Error()) // found by every test
	})
}

var referrals, tasks, invites = shipped("referrals.txt"), shipped("tasks.txt"), shipped("invites.txt")

// Referrals returns how referrals go.
func Referrals() *Table { return referrals() }

// Invites returns how it goes with those whom a model found.
func Invites() *Table { return invites() }

// Tasks returns how other tasks go.
func Tasks() *Table { return tasks() }

// Standing returns a state, nil when there is none of the name.
func (t *Table) Standing(s State) *Standing {
	for _, one := range t.States {
		if one.State == s {
			return one
		}
	}
	return nil
}

// Move returns a move, nil when there is none of the name.
func (t *Table) Move(name string) *Move {
	for _, m := range t.Moves {
		if m.Name == name {
			return m
		}
	}
	return nil
}

// Legal returns the moves that somebody who is on these sides may make from a
// state, in the table's order.
func (t *Table) Legal(s State, sides ...Side) []*Move {
	var out []*Move
	for _, m := range t.Moves {
		if slices.Contains(m.From, s) && slices.ContainsFunc(sides, func(side Side) bool { return slices.Contains(m.By, side) }) {
			out = append(out, m)
		}
	}
	return out
}

// ReasonsOf returns the reasons that a move may be given.
func (t *Table) ReasonsOf(move string) []*Reason {
	var out []*Reason
	for _, r := range t.Reasons {
		if slices.Contains(r.Of, move) {
			out = append(out, r)
		}
	}
	return out
}

var gap = regexp.MustCompile(`\s{2,}`)

// readTable reads the sections of a table, each under the line that names its
// columns.
func readTable(file, text string) (*Table, error) {
	t := &Table{}
	section := ""
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		cells := gap.Split(line, -1)
		if name := cells[0]; (name == "state" || name == "move" || name == "reason") && cells[len(cells)-1] == "title" {
			section = name
			continue
		}
		if err := t.row(section, cells); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, number, err)
		}
	}
	return t, t.check()
}

func (t *Table) row(section string, cells []string) error {
	columns := map[string]int{"state": 6, "move": 7, "reason": 3}[section]
	if len(cells) != columns {
		return fmt.Errorf("a %s has %d columns, not %d", section, columns, len(cells))
	}
	for i := range cells {
		if cells[i] == "-" {
			cells[i] = ""
		}
	}
	switch section {
	case "state":
		t.States = append(t.States, &Standing{State(cells[0]), cells[1], cells[2], cells[3], Side(cells[4]), cells[5]})
	case "move":
		m := &Move{Name: cells[0], To: State(cells[2]), Event: clock.Kind(cells[5]), Title: cells[6]}
		for word := range strings.FieldsSeq(cells[1]) {
			m.From = append(m.From, State(word))
		}
		for word := range strings.FieldsSeq(cells[3]) {
			m.By = append(m.By, Side(word))
		}
		for word := range strings.FieldsSeq(cells[4]) {
			m.Needs = append(m.Needs, Need(word))
		}
		t.Moves = append(t.Moves, m)
	case "reason":
		t.Reasons = append(t.Reasons, &Reason{cells[0], strings.Fields(cells[1]), cells[2]})
	}
	return nil
}

// check refuses a table that names what there is not.
func (t *Table) check() error {
	for _, m := range t.Moves {
		for _, s := range append(slices.Clone(m.From), m.To) {
			if t.Standing(s) == nil {
				return fmt.Errorf("the move %s names the state %q, which there is not", m.Name, s)
			}
		}
		for _, side := range m.By {
			if !slices.Contains(Sides(), side) {
				return fmt.Errorf("the move %s is by %q, which is no side", m.Name, side)
			}
		}
		for _, n := range m.Needs {
			if !slices.Contains(needs(), n) {
				return fmt.Errorf("the move %s needs %q, which nobody can give", m.Name, n)
			}
		}
		if m.Event != "" && !slices.Contains(clock.Kinds(), m.Event) {
			return fmt.Errorf("the move %s is the event %q, which clocks do not know", m.Name, m.Event)
		}
		if m.needs(NeedReason) != (len(t.ReasonsOf(m.Name)) > 0) {
			return fmt.Errorf("the move %s needs a reason, or has some, but not both", m.Name)
		}
	}
	for _, r := range t.Reasons {
		for _, m := range r.Of {
			if t.Move(m) == nil {
				return fmt.Errorf("the reason %s is of %q, which is no move", r.Code, m)
			}
		}
	}
	return nil
}

// reason refuses a reason that a move does not have.
func (t *Table) reason(m *Move, code string) error {
	var names []string
	for _, r := range t.ReasonsOf(m.Name) {
		if r.Code == code {
			return nil
		}
		names = append(names, r.Code+" ("+r.Title+")")
	}
	if code == "" {
		return fault.New(fault.Invalid, "Give a reason, one of: "+strings.Join(names, ", ")+".")
	}
	return fault.New(fault.Invalid, "That is no reason to "+m.Name+". Reasons are: "+strings.Join(names, ", ")+".")
}

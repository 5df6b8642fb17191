package model

import "slices"

// May is what a role is allowed to do.
type May string

// What roles may do.
const (
	SeeCandidates May = "see candidates"
	Invite        May = "invite"
	Refer         May = "refer" // on to others
	Decide        May = "accept and decline"
	Book          May = "book"
	Assess        May = "assess"
	WritePlan     May = "write the plan"
	DoActivities  May = "do activities"
	Close         May = "close"
)

var mays = []string{
	string(SeeCandidates), string(Invite), string(Refer), string(Decide), string(Book),
	string(Assess), string(WritePlan), string(DoActivities), string(Close),
}

// Role is a part that people of the team play.
type Role struct {
	ID, Title    string
	Code         string   // SNOMED CT, of the occupation; "" where none is known
	Competencies []string // what somebody must be able to do
	May          []May
	Hours        float64 // a week, of all who play it together, for this model
	Line         int
}

// Can reports whether the role may do a thing.
func (r *Role) Can(what May) bool { return slices.Contains(r.May, what) }

// Cost is what a role or a thing costs.
type Cost struct {
	Role  string // the id of a role, whose Pence are for an hour; or
	Item  string // what else is paid
	Pence int
	Each  CostUnit
	// Source says where the figure comes from.
	Source string
	Line   int
}

// CostUnit is what a cost is for.
type CostUnit string

// What a cost is for.
const (
	AnHour     CostUnit = "an hour"
	AWeek      CostUnit = "a week"
	EachPerson CostUnit = "each person"
)

// CanDo returns the ids of the roles that may do a thing, in the team's order.
func (m *Model) CanDo(what May) []string {
	var out []string
	for i := range m.Team {
		if m.Team[i].Can(what) {
			out = append(out, m.Team[i].ID)
		}
	}
	return out
}

// PenceAnHour returns what an hour of a role costs, 0 when nothing is said.
func (m *Model) PenceAnHour(role string) int {
	for _, c := range m.Costs {
		if c.Role == role {
			return c.Pence
		}
	}
	return 0
}

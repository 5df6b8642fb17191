// Package plan says what a model of care would reach, cost and cause, before
// anything happens.
//
//	p, err := plan.Make(ctx, people, plan.Question{Models: models, On: today}, workers)
//	fmt.Print(p.Text())
//
// It asks the model's criteria of everybody once, and follows those who are
// eligible through the author's own assumptions, week by week: who comes, who
// agrees, who can begin, who waits, what work that is for each role and what it
// costs. It changes nothing, and knows of nobody by name.
//
// # Invariants
//
// The same people, models and day give the same plan, whatever the number of
// workers. Unless it is exact, every count of people has gone through
// criteria.Suppress, and every figure that follows from how many are eligible
// follows from the count as it is shown, so that it tells no more. A model's
// marks stand at its head; no setting takes them away.
//
// # Trade-offs
//
// The flow is worked out with average numbers, not by chance, so it says how a
// waiting list grows and nothing of how it sways. Everybody who begins is taken
// to have all the work there is to the end: the work is the most that is to be
// expected. Criteria that people judge cannot be looked up, so the eligible are
// the most there can be.
package plan

import (
	"context"
	"slices"
	"strconv"

	"github.com/RoaringBitmap/roaring/v2"

	"joinery/care/model"
	"joinery/criteria"
	"joinery/criteria/language"
	"joinery/fault"
	"joinery/timeline"
)

// Question is what is asked.
type Question struct {
	Models []*model.Model // what is planned
	Beside []*model.Model // what runs already, for whom people have in common
	Was    []*model.Model // the versions in force, to say what would change
	On     timeline.Day   // from when
	Areas  []string       // codes of boroughs in place of the models' own; "everywhere" for no limit
	Weeks  int            // how far ahead; 0: 52
	Exact  bool           // small numbers as they are, for those who treat these people

	// Released are the counts of each model, where they have been held to what
	// was told before; then nothing else is counted.
	Released []Counts
	// Common are the people in common, where they have been held to what was told
	// before.
	Common *Overlap
}

// Counts are how many people a model is for, as they may be shown.
type Counts struct {
	Eligible string
	Steps    []Step
	Groups   []Groups
}

// Groupings are the ways in which the eligible are told apart.
var Groupings = []criteria.Grouping{criteria.Borough, criteria.AgeBand, criteria.Sex, criteria.Ethnicity, criteria.Deprivation}

// AreasOf returns the codes of where a model would be, none for everywhere.
func (q *Question) AreasOf(of *model.Model) []string {
	switch {
	case len(q.Areas) == 1 && q.Areas[0] == everywhere:
		return nil
	case len(q.Areas) > 0:
		return q.Areas
	}
	return of.Area.Codes
}

// everywhere is the area that has everybody.
const everywhere = "everywhere"

// Plan is what would happen, ready to be shown.
type Plan struct {
	On      timeline.Day `json:"on"`
	Weeks   int          `json:"weeks"`
	Exact   bool         `json:"exact"`
	People  string       `json:"people"` // of the population, in the area or not
	Models  []Part       `json:"models"`
	Overlap *Overlap     `json:"overlap,omitempty"` // where there is more than one model
}

// Part is what one model would do.
type Part struct {
	Model    string    `json:"model"`
	Version  string    `json:"version"`
	Hash     string    `json:"hash"`
	Title    string    `json:"title"`
	Marks    []string  `json:"marks,omitempty"`
	Area     string    `json:"area"`
	Eligible string    `json:"eligible"`
	Steps    []Step    `json:"steps"`
	Judged   []string  `json:"judged,omitempty"` // criteria that are decided only when somebody comes
	Groups   []Groups  `json:"groups,omitempty"`
	Flow     []Stage   `json:"flow,omitempty"` // none when too few are eligible to tell
	Assumes  []string  `json:"assumes"`
	Capacity Capacity  `json:"capacity"`
	Waiting  []Waiting `json:"waiting,omitempty"`
	Work     []Work    `json:"work,omitempty"`
	Cost     Cost      `json:"cost"`
	Measures []Power   `json:"measures,omitempty"`
	Changes  *Changes  `json:"changes,omitempty"`
	Warnings []string  `json:"warnings,omitempty"`

	of    *model.Model
	who   *roaring.Bitmap
	base  float64 // how many are eligible, as everything that follows may know it
	known bool    // false when they are too few to tell
	flow  *flow
}

// Step is how many people a criterion leaves.
type Step struct {
	Says string `json:"says"`
	Left string `json:"left"`
}

// Groups are the eligible by one way to tell them apart.
type Groups struct {
	By   string  `json:"by"`
	Rows []Group `json:"rows"`
}

// Group is how many of the eligible are in a group.
type Group struct {
	Name   string `json:"name"` // "" for not known
	People string `json:"people"`
}

// Make makes a plan for the people of a Set. The error is the context's when it
// ends first, or of the kind fault.Invalid when nothing is planned.
func Make(ctx context.Context, set *timeline.Set, q Question, workers int) (*Plan, error) {
	if len(q.Models) == 0 {
		return nil, fault.New(fault.Invalid, "Name a model to plan.")
	}
	if q.Weeks <= 0 {
		q.Weeks = 52
	}
	show := criteria.Suppress
	if q.Exact {
		show = strconv.Itoa
	}
	m := &maker{q: q, set: set, show: show, met: map[string]*roaring.Bitmap{}}
	if q.Released == nil {
		if err := m.ask(ctx, workers); err != nil {
			return nil, err
		}
	}
	p := &Plan{On: q.On, Weeks: q.Weeks, Exact: q.Exact, People: show(set.Len())}
	for i, of := range q.Models {
		p.Models = append(p.Models, m.part(i, of))
	}
	if p.Overlap = q.Common; q.Released == nil {
		p.Overlap = m.overlap(p.Models)
	}
	return p, nil
}

// maker makes one plan.
type maker struct {
	q    Question
	set  *timeline.Set
	show func(int) string
	met  map[string]*roaring.Bitmap // who meets a definition, by its hash
	all  *roaring.Bitmap            // everybody living
	home []string                   // the boroughs, by number
}

// ask asks every definition of every model of everybody, in one pass.
func (m *maker) ask(ctx context.Context, workers int) error {
	var ds []*language.Definition
	for _, of := range slices.Concat(m.q.Models, m.q.Beside, m.q.Was) {
		for _, c := range slices.Concat(of.Eligible, of.Exclusions) {
			if c.Meets != nil && !slices.ContainsFunc(ds, func(d *language.Definition) bool { return d.Hash == c.Meets.Hash }) {
				ds = append(ds, c.Meets)
			}
		}
	}
	if len(ds) > 0 {
		results, err := criteria.Compile(ds...).Run(ctx, m.set, m.q.On, workers)
		if err != nil {
			return err //nolint:wrapcheck // the context's
		}
		for _, r := range results.Definitions {
			m.met[r.Definition.Hash] = r.People(criteria.Met)
		}
	}
	m.home = m.set.Values(timeline.Borough)
	m.all = m.where(func(p timeline.Person) bool {
		died := p.Died()
		return p.Born() <= m.q.On && (died == timeline.NoDay || died > m.q.On)
	})
	return nil
}

// where returns the people for whom something holds.
func (m *maker) where(holds func(timeline.Person) bool) *roaring.Bitmap {
	b := roaring.New()
	var some []uint32
	for i := range m.set.Len() {
		if holds(m.set.Person(i)) {
			some = append(some, uint32(i)) //nolint:gosec // people are numbered from 0
		}
	}
	b.AddMany(some)
	b.RunOptimize()
	return b
}

// eligible returns who meets a model's criteria, and how many each leaves.
func (m *maker) eligible(of *model.Model) (who *roaring.Bitmap, steps []Step) {
	who = m.all.Clone()
	if codes := m.q.AreasOf(of); len(codes) > 0 {
		in := map[uint32]bool{}
		for i, home := range m.home {
			in[uint32(i)] = slices.Contains(codes, home) //nolint:gosec // values are few
		}
		who.And(m.where(func(p timeline.Person) bool { return in[p.Number(timeline.Borough)] }))
	}
	step := func(says string) { steps = append(steps, Step{says, m.show(int(who.GetCardinality()))}) } //nolint:gosec // people are few
	step("living in the area")
	for _, c := range of.Eligible {
		if c.Meets != nil {
			who.And(m.met[c.Meets.Hash])
			step(c.Says)
		}
	}
	for _, c := range of.Exclusions {
		if c.Meets != nil {
			who.AndNot(m.met[c.Meets.Hash])
			step("without: " + c.Says)
		}
	}
	return who, steps
}

// part plans the i-th model.
func (m *maker) part(i int, of *model.Model) Part {
	p := Part{Model: of.ID, Version: of.Version, Hash: of.Hash, Title: of.Title, Marks: of.Marks(), Area: of.Area.Name, of: of}
	if len(m.q.Areas) > 0 {
		p.Area = "as asked"
		if m.q.AreasOf(of) == nil {
			p.Area = everywhere
		}
	}
	m.count(i, &p)
	for _, c := range of.Eligible {
		if c.Meets == nil {
			p.Judged = append(p.Judged, c.Says)
		}
	}
	for _, c := range of.Exclusions {
		if c.Meets == nil {
			p.Judged = append(p.Judged, "without: "+c.Says)
		}
	}
	m.follow(&p)
	p.Changes = m.changes(&p)
	p.warn(m.q.Weeks)
	return p
}

// count says how many people the i-th model is for.
func (m *maker) count(i int, p *Part) {
	if m.q.Released != nil {
		c := m.q.Released[i]
		p.Eligible, p.Steps, p.Groups = c.Eligible, c.Steps, c.Groups
	} else {
		p.who, p.Steps = m.eligible(p.of)
		p.Eligible = m.show(int(p.who.GetCardinality())) //nolint:gosec // people are few
		for _, by := range Groupings {
			p.Groups = append(p.Groups, m.groups(p.who, by))
		}
	}
	v, err := strconv.Atoi(p.Eligible)
	p.base, p.known = float64(v), err == nil
}

func (m *maker) groups(who *roaring.Bitmap, by criteria.Grouping) Groups {
	g := Groups{By: by.String()}
	for _, c := range criteria.Count(m.set, m.q.On, who, by) {
		g.Rows = append(g.Rows, Group{c.Group[0], m.show(c.Answers[criteria.Met])})
	}
	return g
}

// NotTold stands for a count that cannot be told: the two models rest on different
// versions of one definition.
const NotTold = "not told"

// Overlap is how many people several models have in common.
type Overlap struct {
	Once  string   `json:"once,omitempty"`  // how many are eligible for any, each counted once; "" where that was not asked
	Added string   `json:"added,omitempty"` // how many that would be if they were added up
	Pairs []Common `json:"pairs,omitempty"`
}

// Common is how many people two models have in common.
type Common struct {
	A      string `json:"a"`
	B      string `json:"b"`
	Runs   bool   `json:"runs"` // whether B runs already
	People string `json:"people"`
}

// overlap counts the people of several models once.
func (m *maker) overlap(parts []Part) *Overlap {
	if len(parts)+len(m.q.Beside) < 2 {
		return nil
	}
	type one struct {
		id   string
		who  *roaring.Bitmap
		runs bool
	}
	var all []one
	for i := range parts {
		all = append(all, one{parts[i].Model, parts[i].who, false})
	}
	for _, of := range m.q.Beside {
		who, _ := m.eligible(of)
		all = append(all, one{of.ID, who, true})
	}
	union, added := roaring.New(), 0
	o := &Overlap{}
	for i, a := range all {
		union.Or(a.who)
		added += int(a.who.GetCardinality()) //nolint:gosec // people are few
		for _, b := range all[i+1:] {
			if !a.runs || !b.runs {
				o.Pairs = append(o.Pairs, Common{a.id, b.id, b.runs, m.show(int(a.who.AndCardinality(b.who)))}) //nolint:gosec // people are few
			}
		}
	}
	o.Once, o.Added = m.show(int(union.GetCardinality())), m.show(added) //nolint:gosec // people are few
	return o
}

// Changes are what would be otherwise than with the version in force.
type Changes struct {
	Version string         `json:"version"`
	Both    string         `json:"both,omitempty"`   // eligible by both; "" where counts are held to others
	Gained  string         `json:"gained,omitempty"` // by the new one alone
	Lost    string         `json:"lost,omitempty"`   // by the one in force alone
	Of      []model.Change `json:"of,omitempty"`
}

// changes compares a model with the version in force, if there is one.
func (m *maker) changes(p *Part) *Changes {
	i := slices.IndexFunc(m.q.Was, func(was *model.Model) bool {
		return was.ID == p.of.ID || p.of.Base != nil && was.ID == p.of.Base.ID
	})
	if i < 0 {
		return nil
	}
	was := m.q.Was[i]
	if m.q.Released != nil {
		return &Changes{Version: was.Version, Of: model.Diff(was, p.of)}
	}
	before, _ := m.eligible(was)
	count := func(b *roaring.Bitmap) string { return m.show(int(b.GetCardinality())) } //nolint:gosec // people are few
	return &Changes{
		Version: was.Version,
		Both:    count(roaring.And(before, p.who)), Gained: count(roaring.AndNot(p.who, before)), Lost: count(roaring.AndNot(before, p.who)),
		Of: model.Diff(was, p.of),
	}
}

package criteria

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/RoaringBitmap/roaring/v2"

	"joinery/criteria/language"
	"joinery/fault"
	"joinery/timeline"
)

// Grouping is a way to tell people apart in results.
type Grouping uint8

// Groupings.
const (
	Practice Grouping = iota
	Network
	Borough
	AgeBand
	Sex
	Ethnicity
	Deprivation
)

// ParseGrouping reads the name of a grouping, one of language.Groupings.
func ParseGrouping(name string) (Grouping, error) {
	if i := slices.Index(language.Groupings, name); i >= 0 {
		return Grouping(i), nil
	}
	return 0, fault.New(fault.Invalid, fmt.Sprintf("Results cannot be grouped by %q; there are %v.", name, language.Groupings))
}

func (g Grouping) String() string { return language.Groupings[g] }

// Cell is the people of one group: how many have each answer, and what a
// measure comes to.
type Cell struct {
	Group    []string // the value of each grouping; "" for not known
	Answers  [answers]int
	Parts    []int // of segments, how many are in each
	Events   float64
	Over     float64 // person-years or bed-days
	Amounts  []float64
	Happened []bool // of a time to an event, whether it came, by Amounts
}

// Counted is how many people the group's figure is about: of a proportion the
// denominator, of all else those who are met (or, of a time, waiting).
func (c *Cell) Counted(k language.Kind) int {
	switch k {
	case language.Proportion, language.Segments, language.TimeToEvent:
		return c.Answers[Met] + c.Answers[Gap]
	case language.Group, language.Rate, language.Continuous:
	}
	return c.Answers[Met]
}

// By returns a cell for every group that has anybody of the population in it,
// in the order of their values, ages in their own. Without groupings it is one
// cell of everybody.
func (r *Result) By(by ...Grouping) []Cell {
	g := newGrouper(r.set, r.on, by)
	near, far := make([]*Cell, min(g.size(), maxNear)), map[uint64]*Cell{}
	var cells []*Cell
	for i, o := range r.outcomes {
		if o.Answer == NotApplicable {
			continue
		}
		key := g.key(i)
		var c *Cell
		if key < maxNear {
			c = near[key]
		} else {
			c = far[key]
		}
		if c == nil {
			c = r.cell(g.values(key))
			if cells = append(cells, c); key < maxNear {
				near[key] = c
			} else {
				far[key] = c
			}
		}
		r.add(c, i, o)
	}
	if len(by) == 0 && len(cells) == 0 {
		cells = append(cells, &Cell{Group: []string{}, Parts: make([]int, len(r.Definition.Parts))})
	}
	out := make([]Cell, 0, len(cells))
	for _, c := range cells {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b Cell) int { return slices.CompareFunc(a.Group, b.Group, compareGroups) })
	return out
}

// maxNear is how many groups are found by their number in a list; with more, as
// of several groupings at once, the rest is looked up.
const maxNear = 1 << 16

func (r *Result) cell(group []string) *Cell {
	c := &Cell{Group: group}
	if r.Definition.Kind == language.Segments {
		c.Parts = make([]int, len(r.Definition.Parts))
	}
	return c
}

// Count returns how many of some people, by their places in the Set, are in
// every group that has any, in the order of By.
func Count(set *timeline.Set, on timeline.Day, people *roaring.Bitmap, by ...Grouping) []Cell {
	g := newGrouper(set, on, by)
	counts := map[uint64]int{}
	for it := people.Iterator(); it.HasNext(); {
		counts[g.key(int(it.Next()))]++
	}
	out := make([]Cell, 0, len(counts))
	for key, n := range counts {
		c := Cell{Group: g.values(key)}
		c.Answers[Met] = n
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b Cell) int { return slices.CompareFunc(a.Group, b.Group, compareGroups) })
	return out
}

// compareGroups puts ages, and other numbers, in their own order.
func compareGroups(a, b string) int {
	return cmp.Or(cmp.Compare(leading(a), leading(b)), cmp.Compare(a, b))
}

func leading(s string) int {
	end := 0
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	n, _ := strconv.Atoi(s[:end])
	return n
}

func (r *Result) add(c *Cell, i int, o Outcome) {
	c.Answers[o.Answer]++
	if c.Parts != nil && o.Answer == Met {
		c.Parts[o.Which]++
	}
	if r.figures == nil || !counted(r.Definition.Kind, o.Answer) {
		return
	}
	f := r.figures[i]
	if r.Definition.Kind == language.Rate {
		c.Events += f.Amount
		c.Over += f.Over
		return
	}
	c.Amounts = append(c.Amounts, f.Amount)
	if r.Definition.Kind == language.TimeToEvent {
		c.Happened = append(c.Happened, o.Answer == Met)
	}
}

// grouper numbers the groups of people.
type grouper struct {
	set   *timeline.Set
	on    timeline.Day
	by    []Grouping
	sizes []uint64
}

var groupAttribute = map[Grouping]timeline.Attribute{
	Practice: timeline.Practice, Network: timeline.Network, Borough: timeline.Borough, Sex: timeline.Sex, Ethnicity: timeline.Ethnicity,
}

const ageBands = 20 // 0-4 … 90+, and not known

func newGrouper(set *timeline.Set, on timeline.Day, by []Grouping) *grouper {
	g := &grouper{set: set, on: on, by: by}
	for _, k := range by {
		size := uint64(ageBands)
		if a, ok := groupAttribute[k]; ok {
			size = uint64(len(set.Values(a)))
		} else if k == Deprivation {
			size = 11
		}
		g.sizes = append(g.sizes, size)
	}
	return g
}

// size is one more than the highest key.
func (g *grouper) size() uint64 {
	n := uint64(1)
	for _, size := range g.sizes {
		n *= size
	}
	return n
}

func (g *grouper) key(i int) uint64 {
	p := g.set.Person(i)
	key := uint64(0)
	for k, by := range g.by {
		n := uint64(0)
		switch by {
		case AgeBand:
			n = ageBand(p.Born(), g.on)
		case Deprivation:
			n = uint64(p.Deprivation())
		case Practice, Network, Borough, Sex, Ethnicity:
			n = uint64(p.Number(groupAttribute[by]))
		}
		key = key*g.sizes[k] + n
	}
	return key
}

func ageBand(born, on timeline.Day) uint64 {
	if born == timeline.NoDay || born > on {
		return ageBands - 1
	}
	return uint64(min(language.WholeAge(born, on, language.Years)/5, 18))
}

func (g *grouper) values(key uint64) []string {
	out := make([]string, len(g.by))
	for k := len(g.by) - 1; k >= 0; k-- {
		n := key % g.sizes[k]
		key /= g.sizes[k]
		switch by := g.by[k]; by {
		case AgeBand:
			switch n {
			case ageBands - 1:
			case 18:
				out[k] = "90+"
			default:
				out[k] = fmt.Sprintf("%d-%d", n*5, n*5+4)
			}
		case Deprivation:
			if n > 0 {
				out[k] = strconv.FormatUint(n, 10)
			}
		case Practice, Network, Borough, Sex, Ethnicity:
			out[k] = g.set.Values(groupAttribute[by])[n]
		}
	}
	return out
}

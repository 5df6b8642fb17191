package criteria

import (
	"fmt"
	"slices"

	"joinery/criteria/language"
	"joinery/fault"
	"joinery/timeline"
)

// Whoever may not see people can still find one out by asking twice: of a group,
// and of the same group without the person. Suppression does not stop that, since
// each answer is large; so what may be asked lies on a grid, and an answer is held
// to those that were told before.
//
// It is a guard against the plain ways, not a proof: who knows much of many people
// can ask of groups that differ by more. Rounding is what stands in their way.

// Releasable refuses a question of whoever may not see people that is not on the
// grid: the index date is the last day of a month, so that two dates are never
// days apart, and results are grouped by one place and one characteristic at
// most. The fault is Invalid.
func Releasable(on timeline.Day, by ...Grouping) error {
	if last := MonthEnd(on); on != last {
		return fault.New(fault.Invalid, fmt.Sprintf("Counts of 1 to 7 could be found out from those of two days, so for who may not see people the day is the last of a month, such as %s.", last))
	}
	places, others := 0, 0
	for _, g := range by {
		switch g {
		case Practice, Network, Borough:
			places++
		case AgeBand, Sex, Ethnicity, Deprivation:
			others++
		}
	}
	if places > 1 || others > 1 {
		return fault.New(fault.Invalid, "Groups so narrow tell of single people, so for who may not see people results are grouped by one place (practice, network or borough) and one of the rest (ageband, sex, ethnicity or deprivation).")
	}
	return nil
}

// MonthEnd returns the last day of a day's month.
func MonthEnd(d timeline.Day) timeline.Day {
	y, m, _ := d.Date()
	return timeline.Date(y, m+1, 1) - 1
}

// Release returns what Report does for whoever may not see people, and besides
// withholds, as "*", each count of which the people differ by 1 to 7 from those
// of a count, not itself suppressed, that an earlier result tells in the same
// group; and, with it, the group's value. Earlier results are of the same Set and day; one of the same
// definition takes nothing away.
func (r *Result) Release(earlier []*Result, by ...Grouping) Report {
	out := r.Report(false, by...)
	hide := func(row *Row, rest []ReportStep, near []bool) {
		for i, is := range near {
			if is {
				hideCount(row, rest, i)
				row.Value = ""
			}
		}
	}
	everybody := r.newGroups(nil)
	groups := r.newGroups(by)
	for _, e := range earlier {
		if e.Definition.Hash == r.Definition.Hash {
			continue
		}
		hide(&out.Total, out.Attrition, r.near(e, everybody, true)[0])
		if len(by) == 0 {
			continue
		}
		for g, near := range r.near(e, groups, false) {
			if row := out.row(groups.names[g]); row != nil {
				hide(row, nil, near)
			}
		}
	}
	return out
}

// row returns the row of a group; nil when nobody of the population is in it.
func (r *Report) row(group []string) *Row {
	for i := range r.Rows {
		if slices.Equal(r.Rows[i].Group, group) {
			return &r.Rows[i]
		}
	}
	return nil
}

// hideCount withholds the i-th count of a row, in the order of told.
func hideCount(row *Row, rest []ReportStep, i int) {
	counts := []*string{&row.Population, &row.Met, &row.Gap, &row.Excluded, &row.Unknown}
	for k := range row.Parts {
		counts = append(counts, &row.Parts[k])
	}
	for k := range rest {
		counts = append(counts, &rest[k].Left)
	}
	if c := counts[i]; *c != "0" {
		*c = "*"
	}
}

// told returns the counts that are told of a result, each as the outcomes that
// it takes in: of a row, and, with the attrition table, those of its steps.
func (r *Result) told(attrition bool) []func(Outcome) bool {
	is := func(a Answer) func(Outcome) bool { return func(o Outcome) bool { return o.Answer == a } }
	out := []func(Outcome) bool{func(o Outcome) bool { return o.Answer != NotApplicable }, is(Met), is(Gap), is(Excluded), is(Unknown)}
	if r.Definition.Kind == language.Segments {
		for i := range r.Definition.Parts {
			out = append(out, func(o Outcome) bool { return o.Answer == Met && int(o.Which) == i })
		}
	}
	if !attrition {
		return out
	}
	losses := r.losses()
	for i := range losses {
		out = append(out, func(o Outcome) bool {
			return !slices.ContainsFunc(losses[:i+1], func(l loss) bool { return l.takes(o) })
		})
	}
	return out
}

// groups are the groups of people: of person i the place of theirs in names.
type groups struct {
	of    []int32
	names [][]string
}

func (r *Result) newGroups(by []Grouping) groups {
	out := groups{of: make([]int32, len(r.outcomes))}
	g := newGrouper(r.set, r.on, by)
	places := map[uint64]int32{}
	for i := range out.of {
		key := g.key(i)
		place, ok := places[key]
		if !ok {
			place = int32(len(out.names))
			places[key] = place
			out.names = append(out.names, g.values(key))
		}
		out.of[i] = place
	}
	if len(out.names) == 0 { // nobody at all
		out.names = [][]string{make([]string, len(by))}
	}
	return out
}

// near returns, of each group, which of one result's counts are of people who
// differ by 1 to 7 from those of any of the other's.
func (r *Result) near(e *Result, in groups, attrition bool) [][]bool {
	mine, other := r.classes(attrition), e.classes(attrition)
	size := len(mine.all) * len(other.all)
	pairs := make([]int, len(in.names)*size) // how many people are in a group, and of both classes
	for i, g := range in.of {
		pairs[int(g)*size+int(mine.of[i])*len(other.all)+int(other.of[i])]++
	}
	ours, theirs := r.told(attrition), e.told(attrition)
	out := make([][]bool, len(in.names))
	for g := range out {
		out[g] = nearIn(pairs[g*size:][:size], mine.all, other.all, ours, theirs)
	}
	return out
}

// nearIn is near in one group, by how many people are of each pair of classes.
func nearIn(table []int, mine, other []Outcome, ours, theirs []func(Outcome) bool) []bool {
	out := make([]bool, len(ours))
	for i, our := range ours {
		for _, their := range theirs {
			both, alone, without := 0, 0, 0
			for a := range mine {
				in := our(mine[a])
				for b := range other {
					switch n := table[a*len(other)+b]; {
					case in && their(other[b]):
						both += n
					case in:
						alone += n
					case their(other[b]):
						without += n
					}
				}
			}
			if d := alone + without; d > 0 && d < smallest && both+alone >= smallest && both+without >= smallest {
				out[i] = true
				break
			}
		}
	}
	return out
}

// classes are the outcomes of people as far as counts tell them apart, and of
// person i the place of theirs in all.
type classes struct {
	all []Outcome
	of  []uint16
}

// classes tells outcomes apart as the attrition table does, or as rows do: there
// it matters why only to those who are in a segment.
func (r *Result) classes(attrition bool) classes {
	out := classes{of: make([]uint16, len(r.outcomes))}
	var places [answers][256]uint16 // one more than the place
	for i, o := range r.outcomes {
		if !attrition && (o.Answer != Met || r.Definition.Kind != language.Segments) {
			o.Which = 0
		}
		place := &places[o.Answer][o.Which]
		if *place == 0 {
			out.all = append(out.all, o)
			*place = uint16(len(out.all))
		}
		out.of[i] = *place - 1
	}
	return out
}

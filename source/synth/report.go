package synth

import (
	"context"
	"math"
	"slices"
)

// gauge compares what is made with what is published: it counts something in
// people, and has a cell for each published figure. A gauge stands beside the
// parameters that it is about, and in gauges.
type gauge struct {
	title  string
	unit   string  // what the figures are in, such as "% of residents"
	scale  float64 // by which hits over of become the unit: 100, or 365.25*1000 a year and 1,000 people
	source string
	cells  []figure

	// count adds what a person is to the cells: how often something is so (hits),
	// out of how much (of): people, days, or the like, in whole numbers.
	count func(d *District, p *Person, add func(cell int, hits, of int64))
}

// figure is a published figure.
type figure struct {
	name      string
	want      float64 // in the gauge's unit
	tolerance float64 // by how much what is made may differ: a part of want
}

// gap is something that is made without a published figure to hold it to.
type gap struct{ what, why string }

// Finding is a line of a report.
type Finding struct {
	Title, Name, Unit, Source string
	Target, Made, Difference  float64
	Tolerance                 float64 // of the difference
	Noise                     float64 // what chance may add with so few people: three and a half standard errors
	Hits, Of                  int64
	Verdict                   Verdict
}

// Verdict is what a report says of a figure.
type Verdict string

// Verdicts.
const (
	Met       Verdict = "met"       // within the tolerance
	MetByLuck Verdict = "uncertain" // within the tolerance and what chance may add
	Missed    Verdict = "missed"
	Unseen    Verdict = "unseen" // nobody to count it in
)

// Report is what was made beside what is published.
type Report struct {
	Seed         uint64
	People       int64
	Findings     []Finding
	Uncalibrated []Uncalibrated
}

// Uncalibrated is something that is made without a published figure.
type Uncalibrated struct{ What, Why string }

// Green reports whether nothing was missed.
func (r *Report) Green() bool {
	return !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Verdict == Missed })
}

// tallies are the counts of every cell of every gauge: hits and of.
type tallies [][][2]int64

func newTallies(gauges []gauge) tallies {
	t := make(tallies, len(gauges))
	for i, g := range gauges {
		t[i] = make([][2]int64, len(g.cells))
	}
	return t
}

func (t tallies) plus(o tallies) {
	for i := range t {
		for j := range t[i] {
			t[i][j][0] += o[i][j][0]
			t[i][j][1] += o[i][j][1]
		}
	}
}

// Measure counts so many people and compares them with what is published. The
// people are not kept. progress is told how many more were counted; it may be
// nil.
func (d *District) Measure(ctx context.Context, people int64, workers int, progress func(int64)) (*Report, error) {
	set := Set{People: people, Progress: progress}
	all := gauges(d)
	sum := newTallies(all)
	err := inOrder(ctx, workers, set.blocks(),
		func(n int64) (tallies, error) {
			t := newTallies(all)
			for _, p := range set.people(d, n) {
				for i := range all {
					all[i].count(d, p, func(cell int, hits, of int64) {
						t[i][cell][0] += hits
						t[i][cell][1] += of
					})
				}
			}
			return t, nil
		},
		func(t tallies) error {
			sum.plus(t)
			set.progress(BlockSize)
			return nil
		})
	if err != nil {
		return nil, err
	}
	r := &Report{Seed: d.Seed, People: people}
	for i, g := range all {
		for j, c := range g.cells {
			r.Findings = append(r.Findings, g.find(c, sum[i][j][0], sum[i][j][1]))
		}
	}
	for _, g := range gaps {
		r.Uncalibrated = append(r.Uncalibrated, Uncalibrated{g.what, g.why})
	}
	return r, nil
}

// find compares a cell with what was counted.
func (g *gauge) find(c figure, hits, of int64) Finding {
	f := Finding{
		Title: g.title, Name: c.name, Unit: g.unit, Source: g.source,
		Target: c.want, Tolerance: c.tolerance * c.want, Hits: hits, Of: of, Verdict: Unseen,
	}
	if of == 0 {
		return f
	}
	f.Made = float64(hits) / float64(of) * g.scale
	f.Difference = f.Made - f.Target
	// What is expected varies as counts do. People come in households, and events
	// to some more than to others, which makes counts vary more: by half as much
	// again, an assumption that the spread between seeds bears out.
	expected := max(c.want/g.scale*float64(of), 1)
	f.Noise = 3.5 * 1.5 * math.Sqrt(expected) / float64(of) * g.scale
	switch off := math.Abs(f.Difference); {
	case off <= f.Tolerance:
		f.Verdict = Met
	case off <= f.Tolerance+f.Noise:
		f.Verdict = MetByLuck
	default:
		f.Verdict = Missed
	}
	return f
}

// gauges are all that is held to published figures.
func gauges(d *District) []gauge {
	return slices.Concat(populationGauges(d), homeGauges(d), registerGauges(d), lifeGauges(d))
}

// gaps are what is made without a published figure to hold it to.
var gaps = slices.Concat(populationGaps, lifeGaps)

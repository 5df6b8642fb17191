package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"

	"joinery/care/applied"
	"joinery/care/model"
	"joinery/care/workflow"
	"joinery/criteria"
	"joinery/criteria/language"
	"joinery/record"
	"joinery/timeline"
)

// measureCommand groups what is counted.
type measureCommand struct {
	Run measureRun `cmd:"" help:"Count a model's people and work out its measures: how far they came, why some did not, what it changed."`
}

type measureRun struct {
	Model string `arg:"" help:"The id of a model in force."`
	Exact bool   `help:"Show small numbers, and all others exactly; for those who treat these people."`
}

// Help is shown by joinery measure run --help.
func (measureRun) Help() string {
	return `How many were found, invited, referred and helped, and why others were not; how it ended, which clocks were met, and the model's measures with how many people each is of. Every number is of the record as it is now. Who does not treat these people sees counts from 1 to 7 as *, others to the nearest 5, shares of what is shown, and means of eight people or more.

    joinery measure run falls-response-car --purpose HOPERAT
    joinery measure run escape-pain --exact --purpose TREAT`
}

// measuring is what a desk is asked.
type measuring struct {
	Model string `json:"model"`
	Exact bool   `json:"exact,omitempty"`
}

// shownCounts is a funnel with its measures as it may be shown.
type shownCounts struct {
	Model    string          `json:"model"`
	Exact    bool            `json:"exact"`
	Stages   []shownCount    `json:"stages"`
	Reasons  []shownCount    `json:"reasons"`
	Outcomes []shownCount    `json:"outcomes"`
	Clocks   []shownShare    `json:"clocks"`
	Measures []shownMeasured `json:"measures"`
}

type shownCount struct {
	Says   string `json:"says"`
	People string `json:"people"`
}

type shownShare struct {
	Says string `json:"says"`
	Of   string `json:"of"`
	All  string `json:"all"`
}

// shownMeasured is a measure: its value in words, "*" when it may not be told and
// "" when there is nobody yet.
type shownMeasured struct {
	Measure string   `json:"measure"`
	Title   string   `json:"title"`
	Aspect  string   `json:"aspect"`
	Better  string   `json:"better"`
	Value   string   `json:"value"`
	Of      string   `json:"of,omitempty"`  // of a share: the numerator
	All     string   `json:"all,omitempty"` // … and the denominator; of a score, of how many it is
	Once    string   `json:"once,omitempty"`
	Now     *float64 `json:"now,omitempty"`
	Hoped   *float64 `json:"hoped,omitempty"`
	Share   bool     `json:"share"`
}

// Run is the command.
func (c *measureRun) Run(ctx context.Context, a *app) error {
	var s shownCounts
	if err := a.tell(ctx, "measure", "/measure/run", measuring{Model: c.Model, Exact: c.Exact}, &s); err != nil {
		return err
	}
	if a.flags.JSON {
		return a.printJSON(s)
	}
	s.print(a.out)
	return nil
}

func (s *shownCounts) print(out io.Writer) {
	if !s.Exact {
		fmt.Fprintln(out, "Counts of people from 1 to 7 are shown as *, others to the nearest 5.")
	}
	for _, part := range []struct {
		title string
		of    []shownCount
	}{{"", s.Stages}, {"Why some did not go on:", s.Reasons}, {"How it ended:", s.Outcomes}} {
		if part.title != "" && len(part.of) > 0 {
			fmt.Fprintln(out, part.title)
		}
		for _, c := range part.of {
			fmt.Fprintf(out, "%6s  %s\n", c.People, c.Says)
		}
	}
	if len(s.Clocks) > 0 {
		fmt.Fprintln(out, "In time, of those decided:")
	}
	for _, c := range s.Clocks {
		fmt.Fprintf(out, "%6s of %s  %s\n", c.Of, c.All, c.Says)
	}
	if len(s.Measures) > 0 {
		fmt.Fprintln(out, "Measures:")
	}
	for i := range s.Measures {
		fmt.Fprintln(out, s.Measures[i].line())
	}
}

func (m *shownMeasured) line() string {
	value := m.Value
	switch {
	case value == "" && m.Once != "" && m.Once != "0":
		value = "nobody was asked twice yet"
	case value == "":
		value = "nobody yet"
	case m.Share && m.Of != "":
		value += fmt.Sprintf(" (%s of %s people)", m.Of, m.All)
	default:
		value += fmt.Sprintf(" (%s people)", m.All)
	}
	line := fmt.Sprintf("  %-10s  %s: %s", m.Aspect, m.Title, value)
	if m.Once != "" && m.Once != "0" {
		line += fmt.Sprintf(", %s asked once", m.Once)
	}
	if m.Hoped != nil {
		line += ", hoped " + figureOf(*m.Hoped, m.Share)
	}
	return line + " [" + m.Better + " is better]"
}

func figureOf(v float64, share bool) string {
	if share {
		return strconv.FormatFloat(math.Round(v*1000)/10, 'f', -1, 64) + "%"
	}
	return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
}

func (d *desk) measureRun(_ http.ResponseWriter, r *http.Request) (any, error) {
	var of measuring
	flow, err := d.flow(r, &of)
	if err != nil {
		return nil, err
	}
	view, err := d.view(r)
	if err != nil {
		return nil, err
	}
	if of.Exact {
		if err := treats(string(view.Subject().Purpose()), "An exact count"); err != nil {
			return nil, err
		}
	}
	f, err := flow.Funnel(r.Context(), of.Model)
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	s := countsOf(f, of.Exact)
	for i := range f.Measures {
		if f.Measures[i].Definition != "" {
			if err := d.measured(r.Context(), view, &of, f.Measures[i].Definition, &s.Measures[i]); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// countsOf makes of a funnel what may be shown.
func countsOf(f *workflow.Funnel, exact bool) *shownCounts {
	show := criteria.Suppress
	if exact {
		show = strconv.Itoa
	}
	s := &shownCounts{Model: f.Model, Exact: exact}
	for _, row := range []struct {
		says string
		n    int
	}{
		{"found, not asked yet", f.Candidates},
		{"not invited", f.Passed},
		{"invited", f.Invited},
		{"said yes", f.Agreed},
		{"referred", f.Referred},
		{"waiting", f.Waiting},
		{"began", f.Began},
		{"in the model now", f.There},
		{"completed", f.Completed},
		{"taken on by another", f.Turned},
		{"withdrew", f.Withdrew},
		{"turned away to nobody", f.WrongDoors},
	} {
		s.Stages = append(s.Stages, shownCount{row.says, show(row.n)})
	}
	for _, part := range []struct {
		of   map[string]int
		into *[]shownCount
	}{{f.Reasons, &s.Reasons}, {f.Outcomes, &s.Outcomes}} {
		for _, says := range slices.Sorted(maps.Keys(part.of)) {
			*part.into = append(*part.into, shownCount{says, show(part.of[says])})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(f.Clocks)) {
		s.Clocks = append(s.Clocks, shownShare{id, show(f.Clocks[id].Of), show(f.Clocks[id].All)})
	}
	for i := range f.Measures {
		s.Measures = append(s.Measures, shownMeasure(&f.Measures[i], exact, show))
	}
	return s
}

func shownMeasure(m *workflow.Measured, exact bool, show func(int) string) shownMeasured {
	out := shownMeasured{Measure: m.Measure, Title: m.Title, Aspect: string(m.Aspect), Better: m.Better, Now: m.Now, Hoped: m.Hoped, Share: m.Share}
	if m.Once > 0 {
		out.Once = show(m.Once)
	}
	switch {
	case m.Share && m.All > 0:
		out.Of, out.All = show(m.Of), show(m.All)
		share, told := criteria.SuppressedShare(m.Of, m.All)
		if exact {
			share, told = float64(m.Of)/float64(m.All), true
		}
		if out.Value = "*"; told {
			out.Value = figureOf(share, true)
		}
	case !m.Share && m.People > 0:
		out.All = show(m.People)
		if out.Value = "*"; exact || criteria.MayTell(m.People) {
			out.Value = figureOf(m.Mean, false)
		}
	}
	return out
}

// measured fills in a measure of the criteria language.
func (d *desk) measured(ctx context.Context, view *record.View, of *measuring, definition string, into *shownMeasured) error {
	today, _ := timeline.DayOf(d.clock())
	m, err := applied.Find(ctx, view, of.Model, today)
	if err != nil {
		return err //nolint:wrapcheck // it is fit to be shown
	}
	report, err := d.measure(ctx, view, m, definition, of.Exact)
	if err != nil {
		return err
	}
	into.Value, into.Of, into.All, into.Share = report.Total.Value, report.Total.Met, report.Total.Population, true
	return nil
}

// measure asks a measure of the criteria language of everybody's timelines: as it
// is now by who treats these people, else as of the last day of the month before,
// held to all that was told before.
func (d *desk) measure(ctx context.Context, view *record.View, m *model.Model, definition string, exact bool) (*criteria.Report, error) {
	today, _ := timeline.DayOf(d.clock())
	on := today
	if !exact {
		year, month, _ := today.Date()
		on = timeline.Date(year, month, 1) - 1
	}
	at, err := view.AskAll(ctx, "measure="+m.Name()+"/"+definition+"&on="+on.String())
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	keeper, err := d.timelines(ctx, at)
	if err != nil {
		return nil, err
	}
	set, err := keeper.Set()
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what it was doing
	}
	return d.measureReport(ctx, set, m, definition, on, exact)
}

// toldMeasure is a measure as it may be told to anyone.
func (d *desk) toldMeasure(ctx context.Context, view *record.View, m *model.Model, definition string) (*criteria.Report, error) {
	return d.measure(ctx, view, m, definition, false)
}

func (d *desk) measureReport(ctx context.Context, set *timeline.Set, m *model.Model, definition string, on timeline.Day, exact bool) (*criteria.Report, error) {
	_, files := m.Who(nil)
	lib, problems := language.Load(files, nil)
	if len(problems) > 0 {
		return nil, fmt.Errorf("the measure %s: %w", definition, problems)
	}
	q := &question{Files: files, IDs: []string{definition}, On: on, Exact: exact}
	ds := []*language.Definition{lib.Definitions[definition]}
	ask := d.releases
	if exact {
		ask = reports
	}
	all, err := ask(ctx, set, ds, q)
	if err != nil {
		return nil, err
	}
	return &all[0], nil
}

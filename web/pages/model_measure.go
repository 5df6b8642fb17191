package pages

import (
	"math"
	"strconv"

	"joinery/care/model"
	"joinery/care/workflow"
	"joinery/criteria"
	"joinery/fault"
	"joinery/record"
	"joinery/web/chart"
)

// measureLine is a measure of a model, and how it stands.
type measureLine struct {
	Title, Aspect, Better string
	Value                 string // empty: see State
	State                 string // "told", "withheld", "nobody", "once", "elsewhere"
	Of, All               string // of a share; of a score, All alone: of how many it is
	Once                  string // people who were asked once, and are not in it
	Now, Hoped            string
	Source                string
	Short                 bool   // it is not where it is hoped to be
	Says                  string // why it is not shown, in words
	Marks                 []string
}

// measureLines works out the measures of the version in force.
func (c *call) measureLines(view *record.View, m *model.Model, f *workflow.Funnel) ([]measureLine, error) {
	var out []measureLine
	w := c.drawn("model")
	for i := range f.Measures {
		x := &f.Measures[i]
		line := measureLine{Title: x.Title, Aspect: string(x.Aspect), Better: x.Better, Now: goalOf(x.Now, x.Share, w), Hoped: goalOf(x.Hoped, x.Share, w)}
		for k := range m.Measures {
			if m.Measures[k].ID == x.Measure {
				line.Source = m.Measures[k].Source
			}
		}
		if x.Definition == "" {
			line.fill(x, w)
		} else if err := c.looksUp(view, m, x, &line); err != nil {
			return nil, err
		}
		out = append(out, line)
	}
	return out, nil
}

// fill says what may be told of a measure of those who came: counts that went through
// criteria.Suppress, a share made of such, a mean of eight people or more.
func (l *measureLine) fill(x *workflow.Measured, w *chart.Words) {
	if x.Once > 0 {
		l.Once = criteria.Suppress(x.Once)
	}
	value, told, anybody := x.Mean, criteria.MayTell(x.People), x.People > 0
	switch {
	case x.Share && x.All > 0:
		l.Of, l.All, anybody = criteria.Suppress(x.Of), criteria.Suppress(x.All), true
		value, told = criteria.SuppressedShare(x.Of, x.All)
	case anybody:
		l.All = criteria.Suppress(x.People)
	}
	switch {
	case told:
		l.State, l.Value = "told", goalOf(&value, x.Share, w)
		l.Short = x.Hoped != nil && (x.Better == "higher" && value < *x.Hoped || x.Better == "lower" && value > *x.Hoped)
	case anybody:
		l.State = "withheld"
	case l.Once != "":
		l.State = "once"
	default:
		l.State = "nobody"
	}
}

// looksUp asks a measure of the criteria language of everybody. What it is refused
// for is said in its place.
func (c *call) looksUp(view *record.View, m *model.Model, x *workflow.Measured, l *measureLine) error {
	l.State = "elsewhere"
	if c.pages.Measure == nil {
		return nil
	}
	r, err := c.pages.Measure(c.ctx, view, m, x.Definition)
	switch kind := fault.KindOf(err); {
	case kind == fault.TooMany || kind == fault.Denied || kind == fault.Invalid:
		l.Says = fault.MessageOf(err)
		return nil
	case err != nil:
		return err
	}
	l.ofReport(r)
	return nil
}

// ofReport says what may be told of a measure of everybody.
func (l *measureLine) ofReport(r *criteria.Report) {
	l.Of, l.All, l.Value, l.Marks = r.Total.Met, r.Total.Population, r.Total.Value, r.Marks
	switch {
	case l.Value != "":
		l.State = "told"
	case l.All == "0":
		l.State = "nobody"
	default:
		l.State = "withheld"
	}
}

// goalOf writes a share or a score; empty of none.
func goalOf(v *float64, share bool, w *chart.Words) string {
	switch {
	case v == nil:
		return ""
	case share:
		return w.ShareOf(*v).Told
	}
	return strconv.FormatFloat(math.Round(*v*10)/10, 'f', -1, 64)
}

package pages

import (
	"html/template"
	"maps"
	"slices"
	"strconv"
	"strings"

	"joinery/care/model"
	"joinery/care/workflow"
	"joinery/care/workflow/clock"
	"joinery/criteria"
	"joinery/web/chart"
)

// funnelView is how far people came in a model, as counts that may be told.
type funnelView struct {
	Figure   template.HTML
	Rows     []countRow
	Outcomes []countRow
	Clocks   []clockRow
}

// countRow is how many people something is said of.
type countRow struct{ Key, Says, Told string }

// clockRow is how often a standard was kept.
type clockRow struct {
	Says, Told, Of, Target string
	Short                  bool // of the share that is aimed at
}

// funnel counts a model's people. Every count goes through criteria.Suppress by
// itself, as on the command line.
func (c *call) funnel(m *model.Model) (*funnelView, error) {
	view, err := c.operates(readsAll)
	if err != nil {
		return nil, err
	}
	f, err := workflow.Of(view, c.pages.Clock).Funnel(c.ctx, m.ID)
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	return c.funnelView(m, f), nil
}

func (c *call) funnelView(m *model.Model, f *workflow.Funnel) *funnelView {
	v, w := &funnelView{}, c.drawn("model")
	stage := func(key string, n int, left ...string) chart.Stage {
		s := chart.Stage{Label: c.word(key), Amount: amountOf(n, w)}
		for _, says := range slices.Sorted(maps.Keys(f.Reasons)) {
			for _, prefix := range left {
				if why, ok := strings.CutPrefix(says, prefix); ok {
					s.Left = append(s.Left, chart.Bar{Label: why, Amount: amountOf(f.Reasons[says], w)})
				}
			}
		}
		return s
	}
	figure := chart.Funnel{
		Heading: chart.Heading{Title: c.word("model.funnel"), Says: c.word("model.funnel-says"), Source: c.word("model.funnel-source")},
		Unit:    c.word("model.people"),
		Stages: []chart.Stage{
			stage("model.stage-found", f.Candidates+f.Invited+f.Passed, "not invited: "),
			stage("model.stage-invited", f.Invited, "refuse: ", "lose: "),
			stage("model.stage-agreed", f.Agreed),
			stage("model.stage-referred", f.Referred, "declined: ", "rerouted: ", "cancelled: "),
			stage("model.stage-began", f.Began, "failed: "),
			stage("model.stage-completed", f.Completed),
		},
	}
	v.Figure = figure.Figure("funnel", w).HTML(3)
	for _, row := range []struct {
		key string
		n   int
	}{
		{"candidates", f.Candidates}, {"waiting", f.Waiting}, {"there", f.There}, {"turned", f.Turned}, {"withdrew", f.Withdrew}, {"wrong-doors", f.WrongDoors},
	} {
		v.Rows = append(v.Rows, countRow{Key: row.key, Told: criteria.Suppress(row.n)})
	}
	for _, says := range slices.Sorted(maps.Keys(f.Outcomes)) {
		v.Outcomes = append(v.Outcomes, countRow{Says: says, Told: criteria.Suppress(f.Outcomes[says])})
	}
	for _, id := range slices.Sorted(maps.Keys(f.Clocks)) {
		v.Clocks = append(v.Clocks, keptClock(m, id, f.Clocks[id], w))
	}
	return v
}

// keptClock says how often a standard was kept, and what is aimed at.
func keptClock(m *model.Model, id string, share workflow.Share, w *chart.Words) clockRow {
	row := clockRow{Says: id, Of: criteria.Suppress(share.All), Told: "*"}
	target := 0.0
	if s, ok := clock.Find(id); ok {
		row.Says = s.Title
	}
	if s := m.Standard(strings.TrimPrefix(id, m.ID+"/")); s != nil {
		row.Says, target = s.Says, s.Target
	}
	if of, ok := criteria.SuppressedShare(share.Of, share.All); ok {
		row.Told = w.ShareOf(of).Told
		row.Short = target > 0 && of < target
	}
	if target > 0 {
		row.Target = w.ShareOf(target).Told
	}
	return row
}

// amountOf is a number of people as it may be told.
func amountOf(n int, w *chart.Words) chart.Amount { return amountTold(criteria.Suppress(n), w) }

// amountTold is a count that was suppressed already.
func amountTold(told string, w *chart.Words) chart.Amount {
	n, err := strconv.Atoi(told)
	if err != nil {
		return chart.Withheld("1 to 7")
	}
	return w.Count(n)
}

package pages

import (
	"html/template"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"joinery/care/model"
	"joinery/care/workflow"
	"joinery/care/workflow/clock"
	"joinery/criteria"
	"joinery/web/chart"
)

// funnelView is how far people came in a model, as counts that may be told.
type funnelView struct {
	Nobody   bool // nobody was found, invited or referred yet
	Figure   template.HTML
	Rows     []countRow
	Outcomes []countRow
	Clocks   []clockRow
}

// countRow is how many people something is said of.
type countRow struct{ Key, Says, Told string }

// clockRow is how often a standard was kept, and how long it took.
type clockRow struct {
	Says, Within     string
	Told, Of, Target string
	Missed, Late     string
	Half             string // within which half of them were done; empty: too few to tell
	Short            bool   // of the share that is aimed at
	Undecided        bool   // nobody's clock has been decided yet
}

// how counts a model's people, its clocks and its measures. Every count goes through
// criteria.Suppress by itself, as on the command line.
func (c *call) how(m *model.Model, v *modelView) error {
	view, err := c.operates(readsAll)
	if err != nil {
		return err
	}
	f, err := workflow.Of(view, c.pages.Clock).Funnel(c.ctx, m.ID)
	if err != nil {
		return err //nolint:wrapcheck // it is fit to be shown
	}
	v.Funnel = c.funnelView(m, f)
	v.Measures, err = c.measureLines(view, m, f)
	return err
}

func (c *call) funnelView(m *model.Model, f *workflow.Funnel) *funnelView {
	v, w := &funnelView{Nobody: f.Candidates+f.Passed+f.Invited+f.Referred == 0}, c.drawn("model")
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
		Hidden:  c.word("model.funnel-withheld"),
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
	known := slices.Sorted(maps.Keys(f.Clocks))
	for i := range m.Standards {
		if id := m.ID + "/" + m.Standards[i].ID; f.Clocks[id] == (workflow.Share{}) && !slices.Contains(known, id) {
			known = append(known, id)
		}
	}
	for _, id := range known {
		v.Clocks = append(v.Clocks, c.keptClock(m, id, f, w))
	}
	return v
}

// keptClock says how often a standard was kept, how long it took, and what is aimed
// at.
func (c *call) keptClock(m *model.Model, id string, f *workflow.Funnel, w *chart.Words) clockRow {
	share, waits := f.Clocks[id], f.Waits[id]
	row := clockRow{
		Says: id, Told: "*", Of: criteria.Suppress(share.All), Missed: criteria.Suppress(share.All - share.Of), Late: criteria.Suppress(f.Late[id]), Undecided: share.All == 0,
	}
	target := 0.0
	if s, ok := clock.Find(id); ok {
		row.Says, row.Within, target = s.Title, s.Within.String(), float64(s.Share)/100
	}
	if s := m.Standard(strings.TrimPrefix(id, m.ID+"/")); s != nil {
		row.Says, row.Within, target = s.Says, s.Within.String(), s.Target
	}
	if of, ok := criteria.SuppressedShare(share.Of, share.All); ok {
		row.Told = w.ShareOf(of).Told
		row.Short = target > 0 && of < target
	}
	if target > 0 {
		row.Target = w.ShareOf(target).Told
	}
	if criteria.MayTell(len(waits)) {
		row.Half = c.lasted(waits[(len(waits)-1)/2])
	}
	return row
}

// lasted says how long something took, as exactly as matters.
func (c *call) lasted(d time.Duration) string {
	key, n := "model.days", int(math.Round(d.Hours()/24))
	switch {
	case d <= 2*time.Hour:
		key, n = "model.minutes", int(math.Round(d.Minutes()))
	case d <= 48*time.Hour:
		key, n = "model.hours", int(math.Round(d.Hours()))
	}
	text, err := c.speaks("model").say(key, "n", n)
	if err != nil {
		return d.String()
	}
	return text
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

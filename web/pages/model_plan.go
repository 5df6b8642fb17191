package pages

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"

	"joinery/care/model"
	"joinery/care/model/plan"
	"joinery/criteria"
	"joinery/fault"
	"joinery/timeline"
	"joinery/web/chart"
)

// modelPlanView is what a model would reach, cost and cause, on one page.
type modelPlanView struct {
	ID, On   string
	Weeks    int
	People   string
	Part     *plan.Part
	Groups   []planGroup
	Flow     []flowRow
	Waiting  template.HTML
	Work     []hoursRow
	Cost     []Row
	Power    []powerRow
	AtOnce   string
	Need     string
	Overlap  *plan.Overlap
	Days     []Option // days that may be asked for
	Versions []Option // that may be planned, when there are several
	Areas    Choice   // where it would be; no options: there is nothing to choose
	Elsewise string   // nothing is planned here: why not
}

// planGroup are those eligible by one way to tell them apart.
type planGroup struct {
	Figure  template.HTML
	Printed bool   // its figure is on paper too, where there is room for one
	Title   string // of the line that is on paper in its place
	Line    string
}

// printedBars is how many bars a figure may have on the sheet of a board.
const printedBars = 10

type flowRow struct{ Name, Year, Share string }

type hoursRow struct {
	Title, Have, Mean, Peak string
	Week                    int
	Short                   bool // there is more work than hours
}

type powerRow struct{ Title, Now, Hoped, Needed, AYear, When string }

// plannedMonths is how many month ends can be chosen for a plan.
const plannedMonths = 6

// modelPlan answers GET /models/{id}/plan: of the version that the address names or,
// where it names none, of that which is shipped or else in force.
func (c *call) modelPlan() (*page, error) {
	m, s, err := c.modelAsked()
	if err != nil {
		return nil, err
	}
	is := shipped()[m.ID]
	if is != nil && c.asked.Get("version") == "" {
		m = is
	}
	if c.pages.Plan == nil {
		return nil, fault.New(fault.Unavailable, "This server does not plan models. Ask for joinery model plan.")
	}
	v := &modelPlanView{ID: m.ID}
	var names []string
	if is != nil {
		names = append(names, is.Name())
	}
	if s != nil {
		for _, d := range slices.Backward(s.Decisions) {
			names = append(names, d.Name)
		}
	}
	for i, name := range names {
		if !slices.Contains(names[:i], name) {
			v.Versions = append(v.Versions, Option{Value: short(name), Text: versionOf(name) + " (" + short(name) + ")", Chosen: name == m.Name()})
		}
	}
	areas := c.asked["area"]
	for _, area := range areas {
		if !slices.Contains(m.Area.Codes, area) {
			return nil, fault.New(fault.Invalid, "The model is not for that area. Choose areas that it is for.")
		}
	}
	q := plan.Question{Models: []*model.Model{m}, On: c.plannedDay(v)}
	if len(areas) > 0 && len(areas) < len(m.Area.Codes) {
		q.Areas = slices.Sorted(slices.Values(areas))
	} else {
		areas = m.Area.Codes
	}
	v.Areas = c.areaChoice(areasOf(m, nil), areas, c.word("modelplan.areas"), "")
	return c.planned(v, q)
}

// plannedDay is the day that a plan is asked for, one of some month ends; NoDay of
// another. The days that can be chosen go into the view.
func (c *call) plannedDay(v *modelPlanView) timeline.Day {
	today, _ := timeline.DayOf(c.now())
	on, asked := timeline.NoDay, c.asked.Get("on")
	last := criteria.MonthEnd(today)
	if last > today {
		last = monthBefore(last)
	}
	for range plannedMonths {
		chosen := asked == last.String() || asked == "" && on == timeline.NoDay
		if chosen {
			on = last
		}
		v.Days = append(v.Days, Option{Value: last.String(), Text: c.speaks("modelplan").long(midnight(last)), Chosen: chosen})
		last = monthBefore(last)
	}
	return on
}

// monthBefore returns the last day of the month before a day's.
func monthBefore(d timeline.Day) timeline.Day {
	year, month, _ := d.Date()
	return timeline.Date(year, month, 1) - 1
}

// planned asks for the plan and makes the view.
func (c *call) planned(v *modelPlanView, q plan.Question) (*page, error) {
	if q.On == timeline.NoDay {
		return nil, fault.New(fault.Invalid, "A plan is of the last day of a month.")
	}
	view, err := c.operates(readsAll)
	if err != nil {
		return nil, err
	}
	p, err := c.pages.Plan(c.ctx, view, q)
	switch kind := fault.KindOf(err); {
	case kind == fault.TooMany || kind == fault.Denied || kind == fault.Invalid:
		v.Elsewise = fault.MessageOf(err)
		return &page{name: "modelplan", view: v}, nil
	case err != nil:
		return nil, err
	}
	v.fill(c, p, c.drawn("modelplan"))
	return &page{name: "modelplan", view: v}, nil
}

// fill puts a plan into the words and figures of a page.
func (v *modelPlanView) fill(c *call, p *plan.Plan, w *chart.Words) {
	part := &p.Models[0]
	v.Part, v.On, v.Weeks, v.People, v.Overlap = part, p.On.String(), p.Weeks, p.People, p.Overlap
	printed := false
	for _, g := range part.Groups {
		if len(g.Rows) < 2 {
			continue
		}
		of := c.word("modelplan.by-" + g.By)
		group := planGroup{Title: of, Printed: !printed && len(g.Rows) <= printedBars}
		printed = printed || group.Printed
		bars := chart.Bars{Heading: chart.Heading{Title: c.word("modelplan.eligible") + ", " + of, Says: c.word("modelplan.groups-say")}, Of: of, Unit: c.word("modelplan.people")}
		var line []string
		for _, r := range g.Rows {
			name := plan.Named(g.By, r.Name)
			bars.Bars = append(bars.Bars, chart.Bar{Label: name, Amount: amountTold(r.People, w)})
			line = append(line, name+": "+r.People)
		}
		group.Line = strings.Join(line, ", ")
		group.Figure = bars.Figure("group-"+g.By, w).HTML(3)
		v.Groups = append(v.Groups, group)
	}
	for _, s := range part.Flow {
		v.Flow = append(v.Flow, flowRow{s.Name, plan.Figure(s.Year), s.Share})
	}
	v.Need = plan.Figure(part.Capacity.Need)
	if part.Capacity.AtOnce > 0 {
		v.AtOnce = strconv.Itoa(part.Capacity.AtOnce)
	}
	v.waiting(p, w)
	for _, work := range part.Work {
		sum := 0.0
		for _, h := range work.ByWeek {
			sum += h
		}
		v.Work = append(v.Work, hoursRow{work.Title, plan.Figure(work.Have), plan.Figure(math.Round(10*sum/float64(max(len(work.ByWeek), 1))) / 10), plan.Figure(work.Peak), work.PeakWeek, work.Over > 0})
	}
	v.costs(&part.Cost)
	for _, m := range part.Measures {
		row := powerRow{Title: m.Title, Now: plan.Figure(m.Now), Hoped: plan.Figure(m.Hoped), Needed: strconv.Itoa(m.Needed), AYear: plan.Figure(math.Round(m.AYear)), When: "never"}
		if m.IsShare {
			row.Now, row.Hoped = w.ShareOf(m.Now).Told, w.ShareOf(m.Hoped).Told
		}
		if m.Months > 0 {
			row.When = fmt.Sprintf("after %s months", plan.Figure(math.Ceil(m.Months)))
		}
		v.Power = append(v.Power, row)
	}
}

// waiting draws how many wait, week by week.
func (v *modelPlanView) waiting(p *plan.Plan, words *chart.Words) {
	part := &p.Models[0]
	if len(part.Waiting) == 0 {
		return
	}
	start := midnight(p.On)
	wait, inside := chart.Line{Label: "wait"}, chart.Line{Label: "in the model"}
	for _, w := range part.Waiting {
		at := start.AddDate(0, 0, 7*w.Week)
		wait.Points = append(wait.Points, chart.Point{At: at, Amount: chart.Amount{Of: w.People, Told: plan.Figure(math.Round(w.People))}})
		inside.Points = append(inside.Points, chart.Point{At: at, Amount: chart.Amount{Of: w.Inside, Told: plan.Figure(math.Round(w.Inside))}})
	}
	last := part.Waiting[len(part.Waiting)-1]
	says := fmt.Sprintf("At the end %s people wait, %s weeks for who comes last, and %s are in the model.", plan.Figure(math.Round(last.People)), plan.Figure(last.Weeks), plan.Figure(math.Round(last.Inside)))
	v.Waiting = chart.Lines{Heading: chart.Heading{Title: "Waiting list", Says: says, Source: "average numbers from the model's own assumptions"}, Unit: "people", Lines: []chart.Line{wait, inside}}.Figure("waiting", words).HTML(3)
}

func (v *modelPlanView) costs(c *plan.Cost) {
	v.Cost = []Row{
		{Key: "Team", Value: plan.Pounds(c.Team)},
		{Key: "of which the work uses", Value: plan.Pounds(c.Work)},
		{Key: "Other", Value: plan.Pounds(c.Items)},
		{Key: "Together", Value: plan.Pounds(c.Total)},
	}
	if c.EachBegun > 0 {
		v.Cost = append(v.Cost, Row{Key: "For each who begins", Value: plan.Pounds(c.EachBegun)})
	}
	if c.EachFinished > 0 {
		v.Cost = append(v.Cost, Row{Key: "For each who completes", Value: plan.Pounds(c.EachFinished)})
	}
}

// comma puts what stands between thousands into a count as it is told.
func (l *tongue) comma(told string) string {
	n, err := strconv.Atoi(told)
	if err != nil {
		return told
	}
	return l.drawn.Count(n).Told
}

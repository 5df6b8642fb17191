package plan

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"joinery/care/model"
)

const weeksInYear = 365.25 / 7

// Stage is how many people a year come to a stage.
type Stage struct {
	Name  string  `json:"name"`
	Year  float64 `json:"year"` // people a year, to a tenth
	Share string  `json:"share,omitempty"`
}

// Capacity is how many people the model can take.
type Capacity struct {
	AWeek  int     `json:"aWeek"`  // may begin in a week, at all sites
	AtOnce int     `json:"atOnce"` // there may be at one time; 0: as many as begin
	Need   float64 `json:"need"`   // who would begin in a week, if there were places
	Sites  []Site  `json:"sites"`
}

// Site is how many people one site can take.
type Site struct {
	Title string `json:"title"`
	AWeek int    `json:"aWeek"`
	Open  string `json:"open"`
}

// Waiting is the waiting list at the end of a week.
type Waiting struct {
	Week   int     `json:"week"`
	People float64 `json:"people"` // to a tenth
	Weeks  float64 `json:"weeks"`  // how long who comes last waits
	Inside float64 `json:"inside"` // people in the model
}

// Work is what a role has to do.
type Work struct {
	Role     string    `json:"role"`
	Title    string    `json:"title"`
	Have     float64   `json:"have"` // hours a week
	Peak     float64   `json:"peak"` // the most hours in a week
	PeakWeek int       `json:"peakWeek"`
	Over     int       `json:"over"` // the first week in which there is more than they have; 0: none
	ByWeek   []float64 `json:"byWeek"`
}

// Cost is what the model costs over the weeks of the plan, in pence.
type Cost struct {
	Team         int64 `json:"teamPence"` // the team's hours, used or not
	Work         int64 `json:"workPence"` // the hours that are used, of them
	Items        int64 `json:"itemsPence"`
	Total        int64 `json:"totalPence"` // team and items
	EachBegun    int64 `json:"eachBegunPence,omitempty"`
	EachFinished int64 `json:"eachFinishedPence,omitempty"`
}

// flow is what happens week by week, in average numbers of people.
type flow struct {
	come, agree, want []float64 // who comes, who agrees, who would begin
	begin             []float64
	waiting           []float64 // at the week's end
	inside            []float64
	begun, sentOn     float64
	waits             bool // whether people wait at all, or go another way
}

// follow follows the eligible through a model, week by week.
func (m *maker) follow(p *Part) {
	of := p.of
	p.Assumes = slices.Clone(of.Flow.Sources)
	places := math.Inf(1)
	for _, s := range of.Sites {
		p.Capacity.AWeek += s.Starts
		p.Capacity.AtOnce += s.AtOnce
		p.Capacity.Sites = append(p.Capacity.Sites, Site{s.Title, s.Starts, s.Open.Text})
	}
	for _, s := range of.Sites {
		if s.AtOnce == 0 {
			p.Capacity.AtOnce = 0
		}
	}
	if p.Capacity.AtOnce > 0 {
		places = float64(p.Capacity.AtOnce)
	}
	if p.known {
		p.flow = run(of, p.base, float64(p.Capacity.AWeek), places, m.q.Weeks)
		p.stages()
		p.list()
	}
	p.work(m.q.Weeks)
	p.cost(m.q.Weeks)
}

// stay returns for how many weeks somebody is in a model.
func stay(of *model.Model) float64 {
	if of.Length == nil {
		return math.Inf(1)
	}
	return of.Length.Is.Days() / 7
}

// run lets average numbers of people go through a model.
func run(of *model.Model, eligible, aWeek, places float64, weeks int) *flow {
	x := of.Flow
	coming := eligible * (x.Arrivals/1000 + x.Invited) / weeksInYear
	f := &flow{waits: of.Waiting.AtMost.Days() >= 7}
	long := stay(of)
	waiting := 0.0
	for w := range weeks {
		agree := coming * x.Consented
		want := agree * x.Active
		inside := 0.0 // of those who began before, still here as the week begins
		for back := 1; back <= w && float64(back) < long; back++ {
			inside += f.begin[w-back]
		}
		begin := max(0, min(waiting+want, aWeek, places-inside))
		if waiting += want - begin; !f.waits {
			f.sentOn += waiting
			waiting = 0
		}
		f.come, f.agree, f.want = append(f.come, coming), append(f.agree, agree), append(f.want, want)
		f.begin, f.waiting, f.inside = append(f.begin, begin), append(f.waiting, waiting), append(f.inside, inside+begin)
		f.begun += begin
	}
	return f
}

// stages tells the flow of a year without limits of capacity.
func (p *Part) stages() {
	x := p.of.Flow
	invited, came := p.base*x.Invited, p.base*x.Arrivals/1000
	add := func(name string, n float64, share string) { p.Flow = append(p.Flow, Stage{name, tenth(n), share}) }
	add("eligible", p.base, "")
	if x.Invited > 0 {
		add("invited", invited, share(x.Invited)+" of the eligible")
	}
	if x.Arrivals > 0 {
		add("come unasked", came, strconv.FormatFloat(x.Arrivals, 'f', -1, 64)+" of 1000 eligible")
	}
	n := (invited + came) * x.Consented
	add("agree", n, share(x.Consented))
	n *= x.Active
	add("would begin", n, share(x.Active))
	p.Capacity.Need = tenth(n / weeksInYear)
	n = p.flow.begun * weeksInYear / float64(len(p.flow.begin))
	add("can begin", n, "by capacity")
	add("completed", n*x.Completed, share(x.Completed))
}

func tenth(v float64) float64 { return math.Round(v*10) / 10 }

func share(v float64) string { return strconv.FormatFloat(math.Round(v*1000)/10, 'f', -1, 64) + "%" }

// list tells the waiting list, every 4 weeks at first and then every 13.
func (p *Part) list() {
	f := p.flow
	for w := 1; w <= len(f.begin); w++ {
		if w%13 != 0 && w != 4 && w != 8 && w != len(f.begin) {
			continue
		}
		x := Waiting{Week: w, People: tenth(f.waiting[w-1]), Inside: tenth(f.inside[w-1])}
		if rate := f.rate(w - 1); rate > 0 {
			x.Weeks = tenth(f.waiting[w-1] / rate)
		}
		p.Waiting = append(p.Waiting, x)
	}
}

// rate returns how many people a week begin around a week.
func (f *flow) rate(w int) float64 {
	sum, n := 0.0, 0
	for v := max(0, w-12); v <= w; v++ {
		sum += f.begin[v]
		n++
	}
	return sum / float64(n)
}

// late returns the first week at whose end who comes last waits longer than the
// model allows; 0: none.
func (p *Part) late() int {
	f := p.flow
	most := p.of.Waiting.AtMost.Days() / 7
	for w := range f.begin {
		if rate := f.rate(w); f.waits && rate > 0 && f.waiting[w]/rate > most {
			return w + 1
		}
	}
	return 0
}

// work adds up the hours of each role in each week.
func (p *Part) work(weeks int) {
	of := p.of
	for i := range of.Team {
		role := &of.Team[i]
		w := Work{Role: role.ID, Title: role.Title, Have: role.Hours, ByWeek: make([]float64, weeks)}
		if p.flow == nil {
			p.Work = append(p.Work, w)
			continue
		}
		for k := range of.Activities {
			a := &of.Activities[k]
			for _, by := range a.By {
				if by == role.ID {
					p.flow.spread(of, a, w.ByWeek)
				}
			}
		}
		for week := range w.ByWeek {
			v := tenth(w.ByWeek[week])
			w.ByWeek[week] = v
			if v > w.Peak {
				w.Peak, w.PeakWeek = v, week+1
			}
			if v > w.Have+0.05 && w.Over == 0 {
				w.Over = week + 1
			}
		}
		p.Work = append(p.Work, w)
	}
}

// spread adds the hours of an activity to the weeks in which it is done.
func (f *flow) spread(of *model.Model, a *model.Activity, into []float64) {
	hours := float64(a.Minutes) / 60 / float64(max(1, a.Group))
	people, at := f.begin, profile(of, a)
	if a.Due != nil && (a.Due.Of == "referral" || a.Due.Of == "acceptance" || a.Due.Of == "invitation") && a.Place == "phone" {
		people = f.agree // it is done of all who come, before they have a place
	}
	for w := range into {
		for offset, times := range at {
			if back := w - offset; back >= 0 && times > 0 {
				into[w] += people[back] * times * hours
			}
		}
	}
}

// profile returns how often one person has an activity in each week from the
// start.
func profile(of *model.Model, a *model.Activity) []float64 {
	times := of.Times(a)
	switch a.When.Repeat {
	case model.Once:
		return []float64{times}
	case model.AtWeeks:
		out := make([]float64, a.When.Weeks[len(a.When.Weeks)-1]+1)
		for _, w := range a.When.Weeks {
			out[w]++
		}
		return out
	case model.Recurring, model.WhenNeeded:
	}
	days := a.For.Days()
	if days == 0 && of.Length != nil {
		days = of.Length.Is.Days()
	}
	if days == 0 {
		days = 365.25
	}
	n := max(1, int(math.Ceil(days/7)))
	out := make([]float64, n)
	for w := range out {
		out[w] = times / float64(n)
	}
	return out
}

// cost adds up what the model costs over the weeks of the plan.
func (p *Part) cost(weeks int) {
	c := &p.Cost
	finished := 0.0
	if p.flow != nil {
		finished = p.flow.begun * p.of.Flow.Completed
	}
	for _, w := range p.Work {
		pence := float64(p.of.PenceAnHour(w.Role))
		c.Team += int64(math.Round(w.Have * float64(weeks) * pence))
		for _, hours := range w.ByWeek {
			c.Work += int64(math.Round(hours * pence))
		}
	}
	for _, x := range p.of.Costs {
		switch {
		case x.Role != "" || x.Each == model.AnHour:
		case x.Each == model.AWeek:
			c.Items += int64(x.Pence) * int64(weeks)
		case x.Each == model.EachPerson && p.flow != nil:
			c.Items += int64(math.Round(float64(x.Pence) * p.flow.begun))
		}
	}
	c.Total = c.Team + c.Items
	if p.flow != nil && p.flow.begun >= 1 {
		c.EachBegun = int64(math.Round(float64(c.Total) / p.flow.begun))
	}
	if finished >= 1 {
		c.EachFinished = int64(math.Round(float64(c.Total) / finished))
	}
}

// Pounds writes pence as pounds, whole ones from ten thousand on.
func Pounds(pence int64) string {
	if pence >= 10_000_00 {
		return "£" + thousands((pence+50)/100)
	}
	return fmt.Sprintf("£%s.%02d", thousands(pence/100), pence%100)
}

// thousands writes a number with commas.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

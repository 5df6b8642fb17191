package plan

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Text is the plan as a board reads it: a page for each model, warnings first.
func (p *Plan) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "PLAN for %d weeks from %s, of a population of %s. Nothing has been changed.\n", p.Weeks, p.On, comma(p.People))
	if !p.Exact {
		b.WriteString("Counts of people from 1 to 7 are shown as *, others to the nearest 5; what follows from them follows from what is shown.\n")
	}
	for i := range p.Models {
		b.WriteString("\n")
		p.Models[i].text(&b, p.Weeks)
	}
	if o := p.Overlap; o != nil {
		switch {
		case o.Once == "":
			b.WriteString("\nPEOPLE IN COMMON\n")
		case o.Added == "":
			fmt.Fprintf(&b, "\nPEOPLE IN COMMON: %s people are eligible for one or more, each counted once.\n", comma(o.Once))
		default:
			fmt.Fprintf(&b, "\nPEOPLE IN COMMON: %s people are eligible for one or more, each counted once (%s if they were added up).\n", comma(o.Once), comma(o.Added))
		}
		for _, c := range o.Pairs {
			runs := ""
			if c.Runs {
				runs = ", which runs already"
			}
			fmt.Fprintf(&b, "  %s: %s and %s%s\n", comma(c.People), c.A, c.B, runs)
		}
	}
	return b.String()
}

// comma puts commas into a count as it is shown.
func comma(s string) string {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return thousands(n)
	}
	return s
}

func (p *Part) text(b *strings.Builder, weeks int) {
	fmt.Fprintf(b, "%s (%s %s, hash %.12s), %s\n", strings.ToUpper(p.Title), p.Model, p.Version, p.Hash, p.Area)
	for _, mark := range p.Marks {
		wrapped(b, "  ", mark)
	}
	if len(p.Warnings) > 0 {
		b.WriteString("Look at this first\n")
		for _, w := range p.Warnings {
			wrapped(b, "  ! ", w)
		}
	}
	p.textEligible(b)
	p.textFlow(b)
	p.textWork(b, weeks)
	p.textMeasures(b)
	p.textChanges(b)
}

func table(w io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(w, 0, 0, 2, ' ', 0) }

func (p *Part) textEligible(b *strings.Builder) {
	fmt.Fprintf(b, "Eligible now: %s\n", comma(p.Eligible))
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, s := range p.Steps {
		fmt.Fprintf(t, "  %s\t  %s\n", comma(s.Left), s.Says)
	}
	_ = t.Flush()
	if len(p.Judged) > 0 {
		wrapped(b, "  judged when they come: ", strings.Join(p.Judged, "; "))
	}
	for _, g := range p.Groups {
		if len(g.Rows) < 2 && g.By != "borough" {
			continue
		}
		var rows []string
		for _, r := range g.Rows {
			rows = append(rows, Named(g.By, r.Name)+" "+comma(r.People))
		}
		wrapped(b, "  by "+g.By+": ", strings.Join(rows, ", "))
	}
}

func (p *Part) textFlow(b *strings.Builder) {
	if len(p.Flow) > 0 {
		b.WriteString("Expected in a year\n")
		t := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
		for _, s := range p.Flow {
			fmt.Fprintf(t, "  %s\t  %s", Figure(whole(s.Year)), s.Name)
			if s.Share != "" {
				fmt.Fprintf(t, " (%s)", s.Share)
			}
			fmt.Fprintln(t)
		}
		_ = t.Flush()
		wrapped(b, "  assumes: ", strings.Join(p.Assumes, "; "))
	}
	var sites []string
	for _, s := range p.Capacity.Sites {
		sites = append(sites, fmt.Sprintf("%s %d (%s)", s.Title, s.AWeek, s.Open))
	}
	room := ""
	if p.Capacity.AtOnce > 0 {
		room = fmt.Sprintf("; there is room for %s at one time", thousands(int64(p.Capacity.AtOnce)))
	}
	wrapped(b, "Places: ", fmt.Sprintf("%d may begin in a week, %s would%s. %s.", p.Capacity.AWeek, Figure(p.Capacity.Need), room, strings.Join(sites, "; ")))
	var waits []string
	for _, w := range p.Waiting {
		if w.People == 0 {
			continue
		}
		waits = append(waits, fmt.Sprintf("week %d: %s wait (%s weeks), %s inside", w.Week, Figure(whole(w.People)), Figure(w.Weeks), Figure(whole(w.Inside))))
	}
	switch {
	case len(waits) > 0:
		wrapped(b, "Waiting list: ", strings.Join(waits, "; "))
	case len(p.Waiting) > 0:
		fmt.Fprintf(b, "Waiting list: nobody waits; %s people in the model at the end\n", Figure(whole(p.Waiting[len(p.Waiting)-1].Inside)))
	}
}

// whole rounds numbers from ten on: a tenth of a person tells nothing there.
func whole(v float64) float64 {
	if v < 10 {
		return v
	}
	return float64(int64(v + 0.5))
}

func (p *Part) textWork(b *strings.Builder, weeks int) {
	b.WriteString("Work, hours a week\n")
	t := table(b)
	for _, w := range p.Work {
		sum := 0.0
		for _, h := range w.ByWeek {
			sum += h
		}
		fmt.Fprintf(t, "  %s\thave %s\tneed %s on average\tat most %s, in week %d\n", w.Title, Figure(w.Have), Figure(tenth(sum/float64(len(w.ByWeek)))), Figure(w.Peak), w.PeakWeek)
	}
	_ = t.Flush()
	c := p.Cost
	cost := fmt.Sprintf("team %s (of which the work uses %s), other %s, together %s in %d weeks", Pounds(c.Team), Pounds(c.Work), Pounds(c.Items), Pounds(c.Total), weeks)
	if c.EachBegun > 0 {
		cost += fmt.Sprintf("; %s for each who begins", Pounds(c.EachBegun))
	}
	if c.EachFinished > 0 {
		cost += fmt.Sprintf(", %s for each who completes", Pounds(c.EachFinished))
	}
	wrapped(b, "Cost: ", cost+".")
}

func (p *Part) textMeasures(b *strings.Builder) {
	for i, w := range p.Measures {
		if i == 0 {
			b.WriteString("Could an effect be seen? (5% error, 80% power, against as many others)\n")
		}
		now, hoped := Figure(tenth(w.Now)), Figure(tenth(w.Hoped))
		if w.IsShare {
			now, hoped = share(w.Now), share(w.Hoped)
		}
		when := "never"
		if w.Months > 0 {
			when = "after " + Figure(math.Ceil(w.Months)) + " months"
		}
		wrapped(b, "  ", fmt.Sprintf("%s, from %s to %s: %s people are needed, %s a year are measured: %s", w.Title, now, hoped, thousands(int64(w.Needed)), Figure(whole(w.AYear)), when))
	}
}

// most bounds how many changes are told on the page; JSON has all.
const most = 12

func (p *Part) textChanges(b *strings.Builder) {
	c := p.Changes
	if c == nil {
		return
	}
	fmt.Fprintf(b, "Against version %s in force: ", c.Version)
	if c.Both != "" {
		fmt.Fprintf(b, "%s people stay eligible, %s become so, %s no longer are. ", comma(c.Both), comma(c.Gained), comma(c.Lost))
	}
	fmt.Fprintf(b, "%d changes. People in the model stay on their version.\n", len(c.Of))
	for i, d := range c.Of {
		if i == most {
			fmt.Fprintf(b, "  and %d more changes\n", len(c.Of)-most)
			break
		}
		switch {
		case d.Was == "":
			wrapped(b, "  new: ", d.Path+": "+d.Is)
		case d.Is == "":
			wrapped(b, "  gone: ", d.Path+": "+d.Was)
		default:
			wrapped(b, "  ", d.Path+": "+d.Was+" -> "+d.Is)
		}
	}
}

// width is how many letters a line of the page has.
const width = 100

// wrapped writes a text in lines of a page, the later ones under the first.
func wrapped(b *strings.Builder, head, text string) {
	indent := strings.Repeat(" ", len(head)-len(strings.TrimLeft(head, " "))+2)
	line := head
	for i, word := range strings.Fields(text) {
		if i > 0 && len([]rune(line))+1+len([]rune(word)) > width {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = indent + word
			continue
		}
		if i > 0 {
			line += " "
		}
		line += word
	}
	b.WriteString(line + "\n")
}

package synth

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// TestShow prints lives when SHOW names how many; it is how we read them.
func TestShow(t *testing.T) {
	var n int
	if fmt.Sscan(os.Getenv("SHOW"), &n); n == 0 {
		t.Skip("SHOW is not set")
	}
	d := open(t, 7)
	var b strings.Builder
	for k := range int64(n+BlockSize-1) / BlockSize {
		for _, p := range d.Block(k) {
			if int(p.Number) < n {
				print(&b, p)
			}
		}
	}
	t.Log("\n" + b.String())
}

var kindWords = [...]string{"", "Condition", "Observation", "Procedure", "Immunization", "Medication", "Encounter", "Referral", "Appointment", "Allergy", "CarePlan", "Episode", "CareTeam", "Flag"}

func print(b *strings.Builder, p *Person) {
	day := func(d Day) string {
		y, m, dd := d.Date()
		return fmt.Sprintf("%d-%02d-%02d", y, m, dd)
	}
	fmt.Fprintf(b, "\n=== %d sex %d born %s", p.Number, p.Sex, day(p.Born))
	if p.Died != NotYet {
		fmt.Fprintf(b, " died %s", day(p.Died))
	}
	fmt.Fprintf(b, " eth %s home %d since %s events %d", p.Ethnicity, p.Household.Home, day(p.Since), len(p.Events))
	if p.Household.Area != nil {
		fmt.Fprintf(b, " decile %d", p.Household.Area.Deprivation)
	}
	b.WriteString("\n")
	for i, e := range p.Events {
		at := day(e.At.Day())
		switch e.Grain {
		case ToTheMinute:
			at = e.At.Time().Format("2006-01-02 15:04")
		case ToTheMonth:
			at = at[:7]
		case ToTheYear:
			at = at[:4]
		}
		fmt.Fprintf(b, "%3d %-16s %-11s", i, at, kindWords[e.Kind])
		if e.What != nil {
			b.WriteString(" " + e.What.Display)
		}
		if e.Text != "" {
			b.WriteString(" [" + e.Text + "]")
		}
		if e.Unit != nil {
			fmt.Fprintf(b, " = %.*f %s", int(e.Digits), e.Value, e.Unit.Written)
		}
		for _, part := range e.Parts {
			fmt.Fprintf(b, " %.0f", part.Value)
		}
		if e.Answer != nil {
			b.WriteString(" = " + e.Answer.Display)
		}
		if e.Dose != "" {
			b.WriteString(" (" + e.Dose + ")")
		}
		if e.Arrival != nil {
			b.WriteString(" via " + e.Arrival.Display)
		}
		if e.Outcome != nil {
			b.WriteString(" -> " + e.Outcome.Display)
		}
		if e.Status != "final" && e.Status != "finished" && e.Status != "completed" {
			b.WriteString(" {" + e.Status + "}")
		}
		if e.Until != Never {
			if e.Kind == Encounter {
				fmt.Fprintf(b, " %dmin", e.Until-e.At)
			} else {
				b.WriteString(" until " + day(e.Until.Day()))
			}
		}
		if e.In >= 0 {
			fmt.Fprintf(b, " in %d", e.In)
		}
		if e.For >= 0 {
			fmt.Fprintf(b, " for %d", e.For)
		}
		if e.Site != nil && e.Kind == Encounter {
			b.WriteString(" @" + e.Site.Name)
		} else if e.Org != nil && e.Kind == Encounter {
			b.WriteString(" @" + e.Org.Name)
		}
		if e.Note != "" {
			b.WriteString(" «" + e.Note + "»")
		}
		b.WriteString("\n")
	}
}

func TestCounts(t *testing.T) {
	d := open(t, 7)
	var n, events, died int
	var by [16]int
	begin := time.Now()
	for k := range int64(20) {
		for _, p := range d.Block(k) {
			n++
			events += len(p.Events)
			for _, e := range p.Events {
				by[e.Kind]++
			}
			if p.Died != NotYet {
				died++
			}
		}
	}
	t.Logf("%d people, %.1f events each, %.3f ms each, %d died", n, float64(events)/float64(n), float64(time.Since(begin).Microseconds())/1000/float64(n), died)
	for k, c := range by {
		if c > 0 {
			t.Logf("%s %.2f", kindWords[k], float64(c)/float64(n))
		}
	}
}

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

// TestPick prints one life of each of several sorts when PICK is set.
func TestPick(t *testing.T) {
	if os.Getenv("PICK") == "" {
		t.Skip("PICK is not set")
	}
	d, people := peopleOf(t, 21, 40)
	sorts := []struct {
		name string
		is   func(p *Person) bool
	}{
		{"mother", func(p *Person) bool { return has(p, func(e *Event) bool { return e.What == bookingVisit }) }},
		{"newborn", func(p *Person) bool { return has(p, func(e *Event) bool { return e.What == newborn }) }},
		{"psychosis", func(p *Person) bool { return has(p, func(e *Event) bool { return e.What == bodyCheck }) }},
		{"cancer died", func(p *Person) bool {
			return p.Died != NotYet && has(p, func(e *Event) bool { return e.What == stageFound })
		}},
		{"care home", func(p *Person) bool { return p.Household.CareHome != nil }},
		{"hip", func(p *Person) bool { return has(p, func(e *Event) bool { return e.What == hipRepair }) }},
		{"end of life", func(p *Person) bool {
			return p.Died != NotYet && has(p, func(e *Event) bool { return e.What == endOfLife })
		}},
		{"homeless", func(p *Person) bool { return p.Household.Home == NoFixedAbode }},
		{"disability", func(p *Person) bool { return has(p, func(e *Event) bool { return e.What == learningCheck }) }},
		{"hospice", func(p *Person) bool { return has(p, func(e *Event) bool { return e.Answer == inHospice }) }},
		{"unregistered", func(p *Person) bool { return p.Practice == nil && len(p.Events) > 10 }},
		{"asthma child", func(p *Person) bool {
			return p.Born > d.Until-12*365 && has(p, func(e *Event) bool { return e.What == conditions[asthma].concept })
		}},
	}
	var b strings.Builder
	for _, s := range sorts {
		for _, p := range people {
			if s.is(p) {
				b.WriteString("\n##### " + s.name)
				print(&b, p)
				break
			}
		}
	}
	t.Log(b.String())
}

func has(p *Person, is func(e *Event) bool) bool {
	for i := range p.Events {
		if is(&p.Events[i]) {
			return true
		}
	}
	return false
}

package oracle

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"joinery/criteria"
	"joinery/criteria/language"
	"joinery/timeline"
)

// expected returns what a library should offer of a person, from the pass over
// everybody and, for a score, from the explanation.
func expected(r *criteria.Result, c asked, e *criteria.Explanation) map[string]any {
	i := c.at
	o, d, f := r.Outcome(i), r.Definition, r.Figure(i)
	out := map[string]any{"Answer": o.Answer.String()}
	counted := o.Answer == criteria.Met || o.Answer == criteria.Gap
	if o.Answer == criteria.Excluded {
		out["Reason"] = o.Why(d)
	}
	if score, ok := scoreOf(e); ok && counted && d.Points != nil {
		out["Score"] = score
	}
	met := o.Answer == criteria.Met
	switch d.Kind {
	case language.Segments:
		if met {
			out["Segment"] = o.Why(d)
		}
	case language.Continuous:
		if met {
			out["Value"] = f.Amount
		}
	case language.Rate:
		if met {
			out["Counted"], out["Over"] = f.Amount, f.Over
		}
	case language.TimeToEvent:
		if counted {
			out["Days"] = f.Amount
		}
	case language.Group, language.Proportion:
	}
	p := c.population.set.Person(i)
	for _, by := range d.GroupBy {
		if v := groupOf(p, by, c.population.on); v != "" {
			out["By "+by] = v
		}
	}
	return out
}

// groupOf returns what a person is told apart by.
func groupOf(p timeline.Person, by string, on timeline.Day) string {
	switch by {
	case "ageband":
		if p.Born() == timeline.NoDay {
			return ""
		}
		if five := language.WholeAge(p.Born(), on, language.Years) / 5 * 5; five < 90 {
			return fmt.Sprintf("%d-%d", five, five+4)
		}
		return "90+"
	case "deprivation":
		if p.Deprivation() == 0 {
			return ""
		}
		return strconv.Itoa(p.Deprivation())
	}
	return p.Value(map[string]timeline.Attribute{
		"practice": timeline.Practice, "network": timeline.Network, "borough": timeline.Borough, "sex": timeline.Sex, "ethnicity": timeline.Ethnicity,
	}[by])
}

// scoreOf returns what a score came to, if it is known.
func scoreOf(e *criteria.Explanation) (float64, bool) {
	for _, q := range e.Questions {
		if q.Role == "score" {
			v, err := strconv.ParseFloat(q.Number, 64)
			return v, err == nil
		}
	}
	return 0, false
}

// same reports whether two things offered are equal; numbers to eight decimals,
// which is what CQL's have.
func same(want, got any) bool {
	a, ok := want.(float64)
	b, ok2 := got.(float64)
	if ok && ok2 {
		return math.Abs(a-b) <= 1e-8*max(1, math.Abs(a))
	}
	return want == got
}

// tally counts what was compared of one definition in one population.
type tally struct {
	answers map[string]int
	people  int
	differ  int
}

// compare holds the explanation to the pass over everybody, and the engine to
// both.
func compare(t *testing.T, ds []*language.Definition, cases []asked, answers map[string]said) {
	t.Helper()
	known := readDifferences(t)
	tallies := map[string]*tally{}
	for k, d := range ds {
		program := criteria.Compile(d)
		for _, c := range cases {
			r := c.results.Definitions[k]
			e := program.Explain(c.population.set, c.at, c.population.on)
			where := d.ID + " " + c.population.name + "/" + c.id()
			explained(t, where, r, c.at, e)
			n := tallyOf(tallies, d.ID+" "+c.population.name)
			n.people++
			n.answers[r.Outcome(c.at).Answer.String()]++
			got, ok := answers[c.population.name+"/"+c.id()][d.ID]
			if !ok {
				t.Errorf("%s: the engine says nothing", where)
				continue
			}
			if diff := differing(expected(r, c, e), got); diff != "" {
				n.differ++
				if !known.expects(where) {
					t.Errorf("%s: %s", where, diff)
				}
			} else {
				known.agrees(where)
			}
		}
	}
	report(t, ds, tallies)
	known.check(t)
}

// explained holds the explanation to the pass over everybody.
func explained(t *testing.T, where string, r *criteria.Result, i int, e *criteria.Explanation) {
	t.Helper()
	o := r.Outcome(i)
	if e.Answer != o.Answer || e.Why != o.Why(r.Definition) {
		t.Errorf("%s: everybody's pass says %s (%s), the explanation %s (%s)", where, o.Answer, o.Why(r.Definition), e.Answer, e.Why)
	}
	if e.Figure != nil && *e.Figure != r.Figure(i) {
		t.Errorf("%s: everybody's pass counts %v, the explanation %v", where, r.Figure(i), *e.Figure)
	}
}

// differing says in what two sets of things offered differ, "" if in nothing.
func differing(want, got map[string]any) string {
	var out []string
	names := map[string]bool{}
	for name := range want {
		names[name] = true
	}
	for name := range got {
		names[name] = true
	}
	for name := range names {
		if !same(want[name], got[name]) {
			out = append(out, fmt.Sprintf("%s is %v, the engine says %v", name, want[name], got[name]))
		}
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}

func tallyOf(tallies map[string]*tally, key string) *tally {
	n, ok := tallies[key]
	if !ok {
		n = &tally{answers: map[string]int{}}
		tallies[key] = n
	}
	return n
}

// report prints what was compared, and fails where nobody was in: that would
// prove little.
func report(t *testing.T, ds []*language.Definition, tallies map[string]*tally) {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "\n%-34s %-9s %6s %6s %6s %6s %6s %6s %6s\n", "definition", "of", "people", "met", "gap", "n/a", "excl", "unkn", "differ")
	for _, d := range ds {
		met := 0
		for _, population := range []string{"odd", "later", "district", "synthea"} {
			n, ok := tallies[d.ID+" "+population]
			if !ok {
				continue
			}
			met += n.answers["met"]
			fmt.Fprintf(&b, "%-34s %-9s %6d %6d %6d %6d %6d %6d %6d\n", d.ID, population, n.people, n.answers["met"], n.answers["gap"],
				n.answers["not applicable"], n.answers["excluded"], n.answers["unknown"], n.differ)
		}
		if met == 0 {
			t.Errorf("%s: nobody is met, so little is proved", d.ID)
		}
	}
	t.Log(b.String())
	if path := os.Getenv("ORACLE_REPORT"); path != "" {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Error(err)
		}
	}
}

// differences are those that are understood: by definition and person, the
// reason.
type differences struct {
	reason map[string]string
	seen   map[string]bool // whether it differs still
}

// readDifferences reads differences.txt: on each line a definition, a
// population/person, and the reason.
func readDifferences(t *testing.T) *differences {
	t.Helper()
	text, err := os.ReadFile("differences.txt")
	if err != nil {
		t.Fatal(err)
	}
	out := &differences{reason: map[string]string{}, seen: map[string]bool{}}
	for i, line := range strings.Split(string(text), "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		words := strings.SplitN(line, " ", 3)
		if len(words) < 3 {
			t.Fatalf("differences.txt:%d gives no reason", i+1)
		}
		out.reason[words[0]+" "+words[1]] = words[2]
	}
	return out
}

func (d *differences) expects(where string) bool {
	_, ok := d.reason[where]
	if ok {
		d.seen[where] = true
	}
	return ok
}

func (d *differences) agrees(where string) {
	if _, ok := d.reason[where]; ok {
		d.seen[where] = false
	}
}

// check fails for what is listed and differs no more. In a sample not everyone
// who is listed is asked.
func (d *differences) check(t *testing.T) {
	t.Helper()
	for where, reason := range d.reason {
		differs, asked := d.seen[where]
		switch {
		case asked && !differs:
			t.Errorf("%s differs no more (%s): take the line out of differences.txt", where, reason)
		case !asked && *all && *only == "":
			t.Errorf("%s is in differences.txt and was not asked", where)
		}
	}
}

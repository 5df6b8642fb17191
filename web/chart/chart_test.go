package chart

import (
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden files")

// english is what these drawings say of themselves.
var english = &Words{
	Numbers: "Show the numbers", Source: "Source: {source}", Nothing: "Nothing to show yet",
	Date: "Date", Stage: "Stage", Before: "Of the stage before", Left: "Not gone on, and why", What: "What", Where: "Where", When: "When", Until: "Until",
	Named: "{name}: {amount}", OnDay: "{name}, {day}", Lasted: "{name}, {from} to {until}", Beside: "{amount} ({share})", List: "{one}; {next}",
	Number: "1,234.5", Share: "{n}%", Day: "{day} {month} {year}", DayOfYear: "{day} {month}", Month: "{month} {year}",
	Months: [12]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
	Short:  [12]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
}

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

// shown are figures of every kind, with what is hard in each: something
// withheld, nothing at all, long labels, texts that look like markup.
func shown() map[string]Figure {
	months := func(from int, amounts ...float64) []Point {
		var out []Point
		for i, a := range amounts {
			p := Point{At: day(2025, time.Month(i+1), 1), Amount: english.Count(int(a))}
			if math.IsNaN(a) {
				p.Amount = Withheld("fewer than 5")
			}
			out = append(out, p)
		}
		return out[from:]
	}
	gap := math.NaN()
	return map[string]Figure{
		"bars": Bars{
			Heading: Heading{Title: "Waiting, by site", Says: "Most people wait at the north site.", Source: "invented for this test"},
			Of:      "Site", Unit: "people",
			Bars: []Bar{
				{"North", english.Count(1241)},
				{"South, with a name that is far too long for a telephone held upright", english.Count(310)},
				{"East <b>&amp;</b>", Withheld("fewer than 5")},
				{"West", english.Count(0)},
			},
			Target: &Target{"At most", english.Count(400)},
		}.Figure("waiting", english),
		"funnel": Funnel{
			Heading: Heading{Title: "From found to finished", Says: "Half of those invited did not answer.", Source: "invented for this test"},
			Unit:    "people",
			Stages: []Stage{
				{"Eligible", english.Count(800), nil},
				{"Invited", english.Count(400), []Bar{{"no room", english.Count(390)}, {"not suitable", english.Count(10)}}},
				{"Consented", english.Count(200), []Bar{{"no answer", english.Count(180)}, {"said no", english.Count(20)}}},
				{"Active", english.Count(150), nil},
				{"Completed", Withheld("fewer than 5"), nil},
			},
		}.Figure("funnel", english),
		"lines": Lines{
			Heading: Heading{Title: "Seen in time", Says: "North reached its target in June; South did not.", Source: "invented for this test"},
			Unit:    "people a month",
			Lines:   []Line{{"North", months(0, 10, 14, gap, 22, 25, 31, 30)}, {"South", months(1, 0, 12, 13, 12, 14, 13, 29)}},
			Target:  &Target{"Target", english.Count(28)},
		}.Figure("lines", english),
		"timeline": Timeline{
			Heading: Heading{Title: "Who saw Amina", Says: "Two agencies saw her after the fall."},
			Lanes: []Lane{
				{"Ambulance", []Event{{Label: "Fall", Start: day(2026, 2, 3)}}},
				{"Hospital", []Event{{Label: "Stay", Start: day(2026, 2, 3), End: day(2026, 2, 9)}, {Label: "Clinic", Start: day(2026, 3, 20)}}},
			},
		}.Figure("who", english),
		"nothing": Lines{Heading: Heading{Title: "Nothing yet", Says: "Nothing was counted."}, Unit: "people"}.Figure("none", english),
	}
}

func TestFiguresStayAsTheyWere(t *testing.T) {
	for name, f := range shown() {
		got := string(f.HTML(2)) + "\n"
		path := filepath.Join("testdata", name+".html")
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), got); d != "" {
			t.Errorf("%s changed; look at it, then -update:\n%s", name, d)
		}
	}
	spark := string(Sparkline("s", "Blood pressure fell from 160 to 140.", []Amount{english.Count(160), Withheld("not known"), english.Count(150), english.Count(140)}))
	inspect(t, spark)
}

// TestWhateverComesInIsDrawn draws anything, and holds the drawing to what a page
// may show.
func TestWhateverComesInIsDrawn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", `"><script>`, "</title>", "a & b", "متابعة"}))
		amount := rapid.Custom(func(t *rapid.T) Amount {
			if rapid.Bool().Draw(t, "withheld") {
				return Withheld(text.Draw(t, "instead"))
			}
			return english.Count(rapid.IntRange(0, 2_000_000).Draw(t, "n"))
		})
		heading := Heading{Title: text.Draw(t, "title"), Says: text.Draw(t, "says"), Source: text.Draw(t, "source")}
		bars := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Bar { return Bar{text.Draw(t, "label"), amount.Draw(t, "amount")} }), 0, 6).Draw(t, "bars")
		var aim *Target
		if rapid.Bool().Draw(t, "target") {
			aim = &Target{text.Draw(t, "aim"), amount.Draw(t, "aim amount")}
		}
		when := rapid.Custom(func(t *rapid.T) time.Time {
			return day(2000, 1, 1).AddDate(0, 0, rapid.IntRange(0, 20_000).Draw(t, "day"))
		})
		var stages []Stage
		var line Line
		var lane Lane
		for _, b := range bars {
			stages = append(stages, Stage{b.Label, b.Amount, bars})
			line.Points = append(line.Points, Point{when.Draw(t, "at"), b.Amount})
			lane.Events = append(lane.Events, Event{Label: b.Label, Start: when.Draw(t, "start")})
		}
		for _, f := range []Figure{
			Bars{Heading: heading, Of: "of", Unit: "u", Bars: bars, Target: aim}.Figure("a", english),
			Funnel{Heading: heading, Unit: "u", Stages: stages}.Figure("b", english),
			Lines{Heading: heading, Unit: "u", Lines: []Line{line}, Target: aim}.Figure("c", english),
			Timeline{Heading: heading, Lanes: []Lane{lane}}.Figure("d", english),
		} {
			inspect(t, string(f.Wide))
			inspect(t, string(f.Narrow))
			inspect(t, string(f.HTML(2)))
			for _, b := range bars {
				if !strings.Contains(strings.ReplaceAll(strings.Join(flat(f.Rows), "\x00"), "\n", " "), strings.ReplaceAll(b.Label, "\n", " ")) && f.ID != "c" {
					t.Fatalf("%q is not in the table of %s", b.Label, f.ID)
				}
			}
		}
	})
}

func flat(rows [][]string) []string {
	var out []string
	for _, r := range rows {
		out = append(out, r...)
	}
	return out
}

// inspect reads a drawing as XML and refuses what a strict content security
// policy does, and what is no number.
func inspect(t interface{ Fatalf(string, ...any) }, s string) {
	d := xml.NewDecoder(strings.NewReader(s))
	d.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errors.New("no other charset") }
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil && !strings.Contains(err.Error(), "illegal character code") { // HTML allows them
			t.Fatalf("not well formed: %v\n%s", err, s)
		}
		if err != nil {
			return
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch e.Name.Local {
		case "script", "style", "a", "image", "use", "foreignObject", "b":
			t.Fatalf("there is a %s", e.Name.Local)
		}
		for _, a := range e.Attr {
			switch name := strings.ToLower(a.Name.Local); {
			case name == "style", strings.HasPrefix(name, "on"), name == "href":
				t.Fatalf("%s has %s", e.Name.Local, name)
			case strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf"):
				if name != "id" && name != "aria-labelledby" {
					t.Fatalf("%s=%q", name, a.Value)
				}
			}
		}
	}
}

func TestStepsAreRoundAndReachTheGreatest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		greatest := rapid.Float64Range(0, 1e9).Draw(t, "greatest")
		s := steps(greatest, 5)
		if s[0] != 0 || s[len(s)-1] < greatest*(1-1e-9) || len(s) > 7 {
			t.Fatalf("steps(%v) = %v", greatest, s)
		}
		if scaled := s[1] / math.Pow(10, math.Floor(math.Log10(s[1])+1e-9)); math.Abs(scaled-1) > 1e-6 && math.Abs(scaled-2) > 1e-6 && math.Abs(scaled-5) > 1e-6 {
			t.Fatalf("a step of %v is not round", s[1])
		}
	})
}

func TestDatesLieInTheSpan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := span{first: day(1930, 1, 1).AddDate(0, 0, rapid.IntRange(0, 30_000).Draw(t, "first")), to: 600}
		s.last = s.first.AddDate(0, 0, rapid.IntRange(0, 36_000).Draw(t, "days"))
		at, told := s.dates(6, english)
		if len(at) > 6 || len(at) != len(told) {
			t.Fatalf("%d dates, %d texts", len(at), len(told))
		}
		for _, d := range at {
			if d.Before(s.first) || d.After(s.last) {
				t.Fatalf("%v is not between %v and %v", d, s.first, s.last)
			}
		}
	})
}

func ExampleBars() {
	f := Bars{
		Heading: Heading{Title: "Waiting", Says: "Most wait in the north."},
		Of:      "Site", Unit: "people",
		Bars: []Bar{{"North", english.Count(41)}, {"South", Withheld("fewer than 5")}},
	}.Figure("waiting", english)
	_, _ = os.Stdout.WriteString(strings.Join(flat(f.Rows), ", ") + "\n")
	// Output: North, 41, South, fewer than 5
}

// TestADrawingSpeaksTheLanguageItIsGiven: with words of another language nothing in
// a drawing, its table or its axes is English but what came in.
func TestADrawingSpeaksTheLanguageItIsGiven(t *testing.T) {
	greek := &Words{
		Numbers: "αα", Source: "βα {source}", Nothing: "γα", Date: "δα", Stage: "εα", Before: "ζα", Left: "ηα", What: "θα", Where: "ια", When: "κα", Until: "λα",
		Named: "{name} μα {amount}", OnDay: "{name} να {day}", Lasted: "{name} ξα {from} οα {until}", Beside: "{amount} πα {share}", List: "{one} ρα {next}",
		Number: "1·234,5", Share: "{n}σα", Day: "{day} {month} {year}", DayOfYear: "{month} {day}", Month: "{year} {month}", RightToLeft: true,
	}
	for i := range greek.Months {
		greek.Months[i], greek.Short[i] = "τα", "υα"
	}
	h := Heading{Title: "φα", Says: "χα", Source: "ψα"}
	one := []Bar{{"ωα", greek.Count(1234)}, {"ωβ", greek.Count(617)}}
	at := day(2025, 3, 1)
	for _, f := range []Figure{
		Bars{Heading: h, Of: "ωα", Unit: "ωγ", Bars: one, Target: &Target{"ωδ", greek.Count(1)}}.Figure("1", greek),
		Funnel{Heading: h, Unit: "ωγ", Stages: []Stage{{"ωα", one[0].Amount, one}, {"ωβ", one[1].Amount, nil}}}.Figure("2", greek),
		Lines{Heading: h, Unit: "ωγ", Lines: []Line{{"ωα", []Point{{at, one[0].Amount}, {at.AddDate(0, 7, 0), Amount{Of: 0.5, Told: "0,5"}}}}}}.Figure("3", greek),
		Lines{Heading: h, Unit: "ωγ"}.Figure("4", greek),
		Timeline{Heading: h, Lanes: []Lane{{"ωα", []Event{{"ωβ", at, at.AddDate(0, 0, 9)}, {"ωγ", at, time.Time{}}}}}}.Figure("5", greek),
	} {
		text := string(f.HTML(2))
		for _, piece := range inText.FindAllStringSubmatch(text, -1) {
			if strings.ContainsFunc(piece[1], func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }) {
				t.Errorf("%s says %q", f.ID, piece[1])
			}
		}
		if strings.Contains(text, "1,234") || strings.Contains(text, "1.234") {
			t.Errorf("%s writes a number by no rule of its language", f.ID)
		}
	}
	funnel := string(Funnel{Heading: h, Unit: "ωγ", Stages: []Stage{{"ωα", one[0].Amount, one}, {"ωβ", one[1].Amount, nil}}}.Figure("2", greek).HTML(2))
	for _, want := range []string{"617 πα 50σα", "ωα μα 1·234 ρα ωβ μα 617", "\u2068ωα\u2069"} {
		if !strings.Contains(funnel, want) {
			t.Errorf("the stages lack %q", want)
		}
	}
}

var inText = regexp.MustCompile(`>([^<]+)<`)

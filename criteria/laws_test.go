package criteria_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"joinery/criteria"
	"joinery/criteria/language"
	"joinery/fhir"
	"joinery/timeline"
)

// anyCondition draws a condition as an author might write it, in one line.
func anyCondition(t *rapid.T, depth int) string {
	pick := func(of ...string) string { return rapid.SampledFrom(of).Draw(t, "word") }
	if depth > 0 && rapid.Bool().Draw(t, "nested") {
		a, b := anyCondition(t, depth-1), anyCondition(t, depth-1)
		switch rapid.IntRange(0, 5).Draw(t, "connective") {
		case 0:
			return "{all: [" + a + ", " + b + "]}"
		case 1:
			return "{any: [" + a + ", " + b + "]}"
		case 2:
			return "{not: " + a + "}"
		case 3:
			return "{at least: 2, of: [" + a + ", " + b + ", " + anyCondition(t, depth-1) + "]}"
		case 4:
			return "{score: [" + strings.Replace(a, "{", "{points: 2, ", 1) + ", " + b + "], is: " + pick("2 or more", "1 to 2", "under 3") + "}"
		default:
			return strings.TrimSuffix(a, "}") + ", needs: " + b + "}"
		}
	}
	set := pick("diabetes", "fall", "systolic", "stay")
	when := pick("", ", within: "+pick("1 month", "6 weeks", "12 months", "2 years", "90 days"), ", between: 3 and 15 months ago", ", before: 6 months ago",
		", from: 2025-01-01, to: 2025-12-31", ", since: 2025-06-01", ", within: 28 days after discharge", ", within: 3 months before discharge",
		", between: 2 weeks and 6 months before discharge",
		", since: discharge", ", before: discharge", ", since: age 50 years", ", before: age 60 years", ", between: age 1 year and age 70 years")
	dated := pick("", "", "", ", dated by: end", ", dated by: record")
	switch rapid.IntRange(0, 7).Draw(t, "leaf") {
	case 0:
		return "{age: " + pick("65 or over", "under 18", "18 to 64", "over 75", "6 to 780 months", "under 3000 weeks") + "}"
	case 1:
		return "{registered: " + pick("yes", "no", "at least 6 months") + "}"
	case 2:
		return "{sex: " + pick("female", "male", "[female, other]") + "}"
	case 3:
		return "{count: " + set + when + dated + pick("", ", on different days: yes", ", of different codes: yes") + ", is: " + pick("2 or more", "exactly 1", "under 3", "exactly 0") + "}"
	case 4:
		return "{" + pick("first", "last", "has") + ": systolic" + when + dated + ", value: " + pick("under 140 mmHg", "18 or more kPa", "120 to 140 mmHg") + "}"
	case 5:
		return "{" + pick("first", "last") + ": fall" + when + dated + ", was: fall}"
	case 6:
		return "{has: stay, ongoing: yes" + when + "}"
	}
	return "{has: " + set + when + dated + "}"
}

// anyDefinition draws a whole definition that passes its check.
func anyDefinition(t *rapid.T) (*language.Library, string) {
	rest := "events:\n  discharge: {last: stay, dated by: end, within: 18 months}\n"
	if rapid.Bool().Draw(t, "proportion") {
		rest += "measure: proportion\ndirection: neither\npopulation: " + anyCondition(t, 2) + "\nnumerator: " + anyCondition(t, 2) +
			"\nexclusions:\n  - {reason: a, when: " + anyCondition(t, 1) + "}\nexceptions:\n  - {reason: b, when: " + anyCondition(t, 1) + "}\n"
	} else {
		rest += "who: " + anyCondition(t, 3) + "\n"
	}
	lib, problems := language.Load(append(setFiles(), definition("it", rest)), nil)
	if len(problems) > 0 {
		t.Skip(problems.Error()) // such as: nobody could meet it
	}
	return lib, rest
}

var when = timeline.Date(2026, 1, 31)

// somebody makes up a person and their events from a seed.
func somebody(r *rand.Rand, key int64) (timeline.Profile, []timeline.Event) {
	back := func(days int) timeline.Day { return when + 40 - timeline.Day(r.IntN(days)) }
	p := timeline.Profile{Key: key, ID: fhir.ID(fmt.Sprintf("p%d", key)), Born: back(36000), Sex: []string{"female", "male", "other", ""}[r.IntN(4)]}
	if r.IntN(20) == 0 {
		p.Born = timeline.NoDay
	}
	if r.IntN(3) > 0 {
		p.Practice = "p"
		if r.IntN(3) > 0 {
			p.Registered = back(900)
		}
	}
	if r.IntN(10) == 0 {
		p.Died = back(400)
	}
	var events []timeline.Event
	for range r.IntN(12) {
		e := timeline.Event{Day: back(1200), Minute: timeline.DayOnly}
		code := []string{"73211009", "1912002", "161898004", "271649006", "32485007"}[r.IntN(5)]
		e.What = timeline.What{Kind: "Observation", Codes: []timeline.Code{{System: "http://snomed.info/sct", Code: code}}}
		switch {
		case code == "271649006":
			e.HasValue, e.Value, e.Unit = true, float64(110+r.IntN(60)), "mm[Hg]"
			switch r.IntN(6) {
			case 0:
				e.Value, e.Unit = 18.5, "kPa"
			case 1:
				e.Unit = "%"
			case 2:
				e.Comparator = []string{"<", "<=", ">", ">="}[r.IntN(4)]
			}
		case code == "32485007":
			e.Kind = "Encounter"
			if r.IntN(4) > 0 {
				e.End = e.Day + timeline.Day(r.IntN(30))
			}
		}
		switch r.IntN(8) {
		case 0:
			e.Minute = timeline.MonthOnly
			y, m, _ := e.Day.Date()
			e.Day = timeline.Date(y, m, 1)
		case 1:
			e.Minute = timeline.YearOnly
			y, _, _ := e.Day.Date()
			e.Day = timeline.Date(y, 1, 1)
		case 2:
			e.Minute = int16(r.IntN(1440))
		}
		if r.IntN(3) == 0 {
			e.Recorded = e.Day + timeline.Day(r.IntN(200))
		}
		if r.IntN(15) == 0 {
			e.Status = "not-done"
		}
		events = append(events, e)
	}
	return p, events
}

func crowd(t testing.TB, seed uint64, n int, order func([]timeline.Event)) *timeline.Set {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	var b timeline.Builder
	for i := range n {
		p, events := somebody(r, int64(i+1))
		b.AddPerson(p)
		order(events)
		for _, e := range events {
			b.AddEvent(p.Key, e)
		}
	}
	set, err := b.Set()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func asTheyCame([]timeline.Event) {}

func backwards(events []timeline.Event) {
	for i := range len(events) / 2 {
		events[i], events[len(events)-1-i] = events[len(events)-1-i], events[i]
	}
}

func outcomes(t interface{ Fatal(...any) }, lib *language.Library, set *timeline.Set, on timeline.Day, workers int) []criteria.Outcome {
	results, err := criteria.Compile(lib.Definitions["it"]).Run(context.Background(), set, on, workers)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]criteria.Outcome, set.Len())
	for i := range out {
		out[i] = results.Definitions[0].Outcome(i)
	}
	return out
}

func TestM31ExplainedAsEverybody(t *testing.T) {
	set := crowd(t, 1, 60, asTheyCame)
	rapid.Check(t, func(t *rapid.T) {
		lib, rest := anyDefinition(t)
		d := lib.Definitions["it"]
		all := outcomes(t, lib, set, when, 2)
		program := criteria.Compile(d)
		for i := range min(set.Len(), 15) {
			e := program.Explain(set, i, when)
			if e.Answer != all[i].Answer || e.Why != all[i].Why(d) {
				t.Fatalf("person %d: the explanation says %s (%s), everybody's pass %s (%s) of\n%s", i, e.Answer, e.Why, all[i].Answer, all[i].Why(d), rest)
			}
		}
	})
}

// TestM32NextChange holds the next change to asking on each of 400 days.
func TestM32NextChange(t *testing.T) {
	set := crowd(t, 2, 12, asTheyCame)
	rapid.Check(t, func(t *rapid.T) {
		lib, rest := anyDefinition(t)
		program := criteria.Compile(lib.Definitions["it"])
		const days = 400
		before := outcomes(t, lib, set, when, 1)
		changes := make([]timeline.Day, set.Len())
		for d := when + 1; d <= when+days; d++ {
			for i, o := range outcomes(t, lib, set, d, 1) {
				if changes[i] == timeline.NoDay && o != before[i] {
					changes[i] = d
				}
			}
		}
		for i, want := range changes {
			got := timeline.NoDay
			if e := program.Explain(set, i, when); e.Next != nil && e.Next.On <= when+days {
				got = e.Next.On
			}
			if got != want {
				t.Fatalf("person %d changes on %q, want %q, of\n%s", i, got, want, rest)
			}
		}
	})
}

func TestOrderOfEventsIsIrrelevant(t *testing.T) {
	one, other := crowd(t, 3, 40, asTheyCame), crowd(t, 3, 40, backwards)
	rapid.Check(t, func(t *rapid.T) {
		lib, rest := anyDefinition(t)
		a, b := outcomes(t, lib, one, when, 1), outcomes(t, lib, other, when, 3)
		for i := range a {
			if a[i] != b[i] {
				t.Fatalf("person %d is %v in one order and %v in the other, of\n%s", i, a[i], b[i], rest)
			}
		}
	})
}

// TestConnectivesKeepTheirLaws compares conditions that must mean the same.
func TestConnectivesKeepTheirLaws(t *testing.T) {
	set := crowd(t, 4, 40, asTheyCame)
	same := func(t *rapid.T, a, b string) {
		head := "events:\n  discharge: {last: stay, dated by: end, within: 18 months}\nwho: "
		one, p1 := language.Load(append(setFiles(), definition("it", head+a+"\n")), nil)
		two, p2 := language.Load(append(setFiles(), definition("it", head+b+"\n")), nil)
		if len(p1)+len(p2) > 0 {
			t.Skip("one of them cannot be met")
		}
		x, y := outcomes(t, one, set, when, 1), outcomes(t, two, set, when, 1)
		for i := range x {
			if x[i].Answer != y[i].Answer {
				t.Fatalf("person %d: %s is %s, and %s is %s", i, a, x[i].Answer, b, y[i].Answer)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := anyCondition(t, 1), anyCondition(t, 1), anyCondition(t, 1)
		switch rapid.IntRange(0, 8).Draw(t, "law") {
		case 0:
			same(t, "{not: {all: ["+a+", "+b+"]}}", "{any: [{not: "+a+"}, {not: "+b+"}]}")
		case 1:
			same(t, "{not: {any: ["+a+", "+b+"]}}", "{all: [{not: "+a+"}, {not: "+b+"}]}")
		case 2:
			same(t, "{not: {not: "+a+"}}", a)
		case 3:
			same(t, "{all: ["+a+", "+b+"]}", "{all: ["+b+", "+a+"]}")
		case 4:
			same(t, "{all: ["+a+", {any: ["+b+", "+c+"]}]}", "{any: [{all: ["+a+", "+b+"]}, {all: ["+a+", "+c+"]}]}")
		case 5:
			same(t, "{at least: 1, of: ["+a+", "+b+"]}", "{any: ["+a+", "+b+"]}")
		case 6:
			same(t, "{at least: 3, of: ["+a+", "+b+", "+c+"]}", "{all: ["+a+", "+b+", "+c+"]}")
		case 7:
			same(t, "{all: ["+a+", {any: ["+a+", "+b+"]}]}", a)
		case 8:
			same(t, "{score: [{any: ["+a+"]}, {any: ["+b+"]}, {any: ["+c+"]}], is: 2 or more}", "{at least: 2, of: ["+a+", "+b+", "+c+"]}")
		}
	})
}

// TestWindowsAreMonotone holds that a longer window finds no less, and that one
// window is the sum of two that meet.
func TestWindowsAreMonotone(t *testing.T) {
	set := crowd(t, 5, 200, asTheyCame)
	met := func(t *rapid.T, condition string, on timeline.Day) []bool {
		lib, problems := language.Load(append(setFiles(), definition("it", "include people who have died: yes\nwho: "+condition+"\n")), nil)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		var out []bool
		for _, o := range outcomes(t, lib, set, on, 1) {
			out = append(out, o.Answer == criteria.Met)
		}
		return out
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 30).Draw(t, "months")
		more := n + rapid.IntRange(1, 12).Draw(t, "more")
		on := when - timeline.Day(rapid.IntRange(0, 800).Draw(t, "day"))
		short, long := met(t, fmt.Sprintf("{has: fall, within: %d months}", n), on), met(t, fmt.Sprintf("{has: fall, within: %d months}", more), on)
		rest := met(t, fmt.Sprintf("{any: [{has: fall, within: %d months}, {has: fall, between: %d and %d months ago}]}", n, n, more), on)
		for i := range short {
			if short[i] && !long[i] {
				t.Fatalf("person %d has a fall within %d months, and none within %d", i, n, more)
			}
			if rest[i] && !long[i] {
				t.Fatalf("person %d has a fall within %d or between %d and %d months, and none within %d", i, n, n, more, more)
			}
		}
	})
}

// TestMovingADayChangesOnlyWhatItShould holds that a condition without a date,
// an age or a window answers alike on two days between which nothing happened
// and nobody died.
func TestMovingADayChangesOnlyWhatItShould(t *testing.T) {
	set := crowd(t, 6, 100, asTheyCame)
	rapid.Check(t, func(t *rapid.T) {
		lib, problems := language.Load(append(setFiles(), definition("it", "include people who have died: yes\nwho: "+
			rapid.SampledFrom([]string{"{has: fall}", "{count: fall, is: 2 or more}", "{last: systolic, value: under 140 mmHg}", "{sex: female}"}).Draw(t, "condition")+"\n")), nil)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		on := when - timeline.Day(rapid.IntRange(0, 1000).Draw(t, "day"))
		today, tomorrow := outcomes(t, lib, set, on, 1), outcomes(t, lib, set, on+1, 1)
		for i := range today {
			if today[i] != tomorrow[i] && !happens(set.Person(i), on+1) {
				t.Fatalf("person %d changes on %s, when nothing happened", i, on+1)
			}
		}
	})
}

// happens reports whether anything about a person has a day.
func happens(p timeline.Person, d timeline.Day) bool {
	if p.Born() == d {
		return true
	}
	e := p.Events()
	for i := range e.Len() {
		if e.Day[i] == d || e.Latest(i) == d || e.Recorded(i) == d {
			return true
		}
	}
	return false
}

package clock

import (
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"joinery/fault"
)

func london(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", text, London)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestCases holds the shipped standards to testdata/cases.txt, and every one of
// them to have a case.
func TestCases(t *testing.T) {
	text, err := os.ReadFile("testdata/cases.txt")
	if err != nil {
		t.Fatal(err)
	}
	had := map[string]bool{}
	for block := range strings.SplitSeq(string(text), "\n\n") {
		var name, last string
		var s *Standard
		var events []Event
		checked := 0
		for line := range strings.Lines(block) {
			line = strings.TrimSpace(line)
			if line == "" || line[0] == '#' {
				continue
			}
			if rest, ok := strings.CutPrefix(line, "case: "); ok {
				name = rest
				continue
			}
			if id, ok := strings.CutPrefix(line, "standard: "); ok {
				if s, ok = Find(id); !ok {
					t.Fatalf("%s: there is no standard %s", name, id)
				}
				had[id] = true
				continue
			}
			if text, ok := strings.CutPrefix(line, "during: "); ok {
				held := *s
				if held.During, err = ParseDuring(text); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				s = &held
				continue
			}
			if rest, ok := strings.CutPrefix(line, "at "); ok {
				at, want := rest[:16], rest[18:]
				now := london(t, at)
				r := s.Read(events, now)
				if got := r.Say(now); got != want {
					t.Errorf("%s, at %s: %q, want %q", name, at, got, want)
				}
				if at < last {
					t.Errorf("%s: the moments are not in order", name)
				}
				last = at
				checked++
				continue
			}
			kind := Kind(line[17:])
			if !slices.Contains(Kinds(), kind) {
				t.Fatalf("%s: there is no event %q", name, kind)
			}
			events = append(events, Event{london(t, line[:16]), kind})
		}
		if s != nil && checked == 0 {
			t.Errorf("%s: nothing is expected", name)
		}
	}
	for _, s := range Shipped() {
		if !had[s.ID] {
			t.Errorf("there is no case of %s", s.ID)
		}
		if s.Source == "" {
			t.Errorf("%s has no source", s.ID)
		}
	}
}

// history draws events of a few days, some of them at one moment.
func history(t *rapid.T) []Event {
	var out []Event
	base := rapid.SampledFrom([]string{"2026-03-28 20:00", "2026-10-24 20:00", "2028-02-27 09:00", "2026-12-23 09:00"}).Draw(t, "base")
	at, err := time.ParseInLocation("2006-01-02 15:04", base, London)
	if err != nil {
		t.Fatal(err)
	}
	for range rapid.IntRange(0, 12).Draw(t, "events") {
		at = at.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 30, 61, 600, 5000, 60_000}).Draw(t, "minutes")) * time.Minute)
		out = append(out, Event{at, rapid.SampledFrom(Kinds()).Draw(t, "kind")})
	}
	return out
}

// held draws a standard that is shipped, at all hours or during some.
func held(t *rapid.T) *Standard {
	s := *rapid.SampledFrom(Shipped()).Draw(t, "standard")
	if text := rapid.SampledFrom(append([]string{""}, someHours...)).Draw(t, "during"); text != "" {
		s.During = hoursOf(t, text)
	}
	return &s
}

// TestNeverBackwards: as time goes on, a clock goes through its states in their
// order, its start and due stay, and the time it ran does not shrink; what is
// over stays as it is until a new period begins.
func TestNeverBackwards(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := held(t)
		events := history(t)
		var before Reading
		var elapsed time.Duration
		first := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		if len(events) > 0 {
			first = events[0].At.Add(-time.Hour)
		}
		now := first
		for range 60 {
			now = now.Add(time.Duration(rapid.IntRange(0, 4000).Draw(t, "later")) * time.Minute)
			r := s.Read(events, now)
			if r.Period == before.Period {
				if r.State < before.State {
					t.Fatalf("%s went from %s back to %s", s.ID, before.State, r.State)
				}
				if !r.Start.Equal(before.Start) || !r.Due.Equal(before.Due) {
					t.Fatalf("%s: the start went from %s to %s", s.ID, before.Start, r.Start)
				}
				if e := r.Elapsed(now); e < elapsed {
					t.Fatalf("%s: it had run %s and then %s", s.ID, elapsed, e)
				}
				if !before.Stop.IsZero() && !r.Stop.Equal(before.Stop) {
					t.Fatalf("%s: it stopped at %s and then at %s", s.ID, before.Stop, r.Stop)
				}
			} else if r.Period < before.Period {
				t.Fatalf("%s: period %d after %d", s.ID, r.Period, before.Period)
			}
			if r.Period > 0 && (r.Due.Before(r.Start) || r.Warn.After(r.Due) || r.Warn.Before(r.Start)) {
				t.Fatalf("%s: start %s, warning %s, due %s", s.ID, r.Start, r.Warn, r.Due)
			}
			before, elapsed = r, r.Elapsed(now)
		}
	})
}

// TestOrderDoesNotMatter: events come as they are found.
func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := held(t)
		events := history(t)
		now := time.Date(2028, 12, 1, 0, 0, 0, 0, time.UTC)
		want := s.Read(events, now)
		shuffled := slices.Clone(events)
		rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if got := s.Read(shuffled, now); got.State != want.State || !got.Start.Equal(want.Start) || !got.Stop.Equal(want.Stop) {
			t.Fatalf("%s of the same events in another order: %s, was %s", s.ID, got.State, want.State)
		}
	})
}

// TestARerouteKeepsTheStart puts any number of re-routes, each with the sending
// that follows it, between a start and what had to happen.
func TestARerouteKeepsTheStart(t *testing.T) {
	for _, s := range Shipped() {
		if !slices.Contains(s.Starts, Sent) || slices.Contains(s.Stops, Rerouted) {
			continue
		}
		start := london(t, "2026-02-03 09:10")
		events := []Event{{start, Sent}}
		for i := range 5 {
			at := start.Add(time.Duration(i+1) * time.Minute)
			events = append(events, Event{at, []Kind{Rerouted, Declined}[i%2]}, Event{at, Sent})
			now := at.Add(time.Second)
			if r := s.Read(events, now); !r.Start.Equal(start) || r.State != Running && r.State != Soon {
				t.Errorf("%s after %d re-routes: %s since %s, want running since %s", s.ID, i+1, r.State, r.Start, start)
			}
		}
	}
}

// TestLimitsOfDays: each civil day is there once, whatever its length, and the
// limit is the last moment of it.
func TestLimitsOfDays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := time.Unix(rapid.Int64Range(1_577_836_800, 1_893_456_000).Draw(t, "from"), 0)
		n := rapid.IntRange(1, 400).Draw(t, "days")
		end := Limit{n, Days}.After(from)
		if got := dayNumber(end) - dayNumber(from); got != n {
			t.Fatalf("%d days after %s is %s: %d days", n, from.In(London), end, got)
		}
		if dayNumber(end.Add(1)) != dayNumber(end)+1 {
			t.Fatalf("%s is not the last moment of its day", end)
		}
		if w := (Limit{n, Weeks}).After(from); !w.Equal(Limit{7 * n, Days}.After(from)) {
			t.Fatalf("%d weeks after %s is %s", n, from.In(London), w)
		}
		work := Limit{min(n, 60), WorkingDays}.After(from)
		count := 0
		for d := 1; dayNumber(from)+d <= dayNumber(work); d++ {
			if y, m, day := onDay(from, d).Date(); WorkingDay(y, m, day) {
				count++
			}
		}
		if y, m, day := work.Date(); count != min(n, 60) || !WorkingDay(y, m, day) {
			t.Fatalf("%d working days after %s is %s, which is %d", min(n, 60), from.In(London), work, count)
		}
		for _, l := range []Limit{{n, Minutes}, {n, Hours}} {
			if got := l.Before(l.After(from)); !got.Equal(from) {
				t.Fatalf("%s before %s after %s is %s", l, l, from, got)
			}
		}
	})
}

func TestLimitsAreReadAsWritten(t *testing.T) {
	for _, text := range []string{"1 minute", "90 minutes", "2 hours", "1 day", "10 working days", "18 weeks"} {
		l, err := ParseLimit(text)
		if err != nil || l.String() != text {
			t.Errorf("ParseLimit(%q) = %s, %v", text, l, err)
		}
	}
	for _, text := range []string{"", "2", "two hours", "2 hour", "1 days", "0 days", "-1 days", "+2 hours", "3 fortnights", "1.5 hours", "20000 days"} {
		if l, err := ParseLimit(text); err == nil {
			t.Errorf("ParseLimit(%q) = %s, want a refusal", text, l)
		}
	}
}

func TestBankHolidays(t *testing.T) {
	text, err := os.ReadFile("testdata/holidays.txt")
	if err != nil {
		t.Fatal(err)
	}
	years := 0
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if words[0] == "#" {
			continue
		}
		years++
		var got []string
		day, err := time.Parse("2006", words[0])
		if err != nil {
			t.Fatal(err)
		}
		for year := day.Year(); day.Year() == year; day = day.AddDate(0, 0, 1) {
			if BankHoliday(day.Date()) {
				got = append(got, day.Format("01-02"))
			}
		}
		if !slices.Equal(got, words[1:]) {
			t.Errorf("%s has %v, published are %v", words[0], got, words[1:])
		}
	}
	if years < 10 {
		t.Errorf("only %d years were looked at", years)
	}
	if WorkingDay(2026, time.April, 3) || WorkingDay(2026, time.April, 5) || !WorkingDay(2026, time.April, 7) {
		t.Error("Easter 2026: the 3rd and 5th of April are no working days, the 7th is one")
	}
}

// TestMistakesInStandards: each is named, with its standard.
func TestMistakesInStandards(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"standard: x\ntitle: T\nsource: S\nstarts: [sent]\nstops: [started]\n", `x: it does not say "within"`},
		{"standard: x\ntitle: T\nstarts: [sent]\nstops: [started]\nwithin: 2 hours\n", `x: it does not say "source"`},
		{"standard: x\ntitle: T\nsource: S\nstops: [started]\nwithin: 2 hours\n", `x: it does not say "starts"`},
		{"standard: x\ntitle: T\nsource: S\nstarts: [sent]\nwithin: 2 hours\n", `x: it does not say "stops"`},
		{"standard: x\ntitle: T\nsource: S\nstarts: [begun]\nstops: [started]\nwithin: 2 hours\n", `there is no event "begun"`},
		{"standard: x\ntitle: T\nsource: S\nstarts: [sent]\nstops: [sent]\nwithin: 2 hours\n", `"sent" stands in two places`},
		{"standard: x\ntitle: T\nsource: S\nstarts: [sent]\nstops: [started]\nwithin: soon\n", "such as 2 hours"},
		{"standard: x\ntitle: T\nsource: S\nstarts: [sent]\nstops: [started]\nwithin: 2 hours\nwarns before: never\n", "warns before"},
		{"standard: x\ntitle: T\nsource: S\nstarts: [sent]\nstops: [started]\nwithin: 2 hours\nshare: 170\n", "from 0 to 100"},
		{"standard: x\ntitle: T\nsource: S\nstarts: [sent]\nstops: [started]\nwithin: 2 hours\npauses: [waiting]\n", "pauses"},
		{"standard: x\ntitle: T\nsource: S\nstarts: [sent]\nstops: [started]\nwithin: 2 hours\n---\nstandard: x\ntitle: T\nsource: S\nstarts: [sent]\nstops: [started]\nwithin: 2 hours\n", "already"},
	} {
		_, err := Parse("my.yaml", []byte(c.text))
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(fault.MessageOf(err), c.want) {
			t.Errorf("Parse(%q) = %v, want a refusal that says %q", c.text, err, c.want)
		}
	}
}

package timeline

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"joinery/fault"
	"joinery/fhir"
)

func TestDays(t *testing.T) {
	for _, c := range []struct {
		day  Day
		want string
	}{
		{NoDay, ""},
		{DayMin, "0001-01-01"},
		{DayMax, "9999-12-31"},
		{Date(1970, 1, 1), "1970-01-01"},
		{Date(2024, 2, 29), "2024-02-29"},
		{Date(2023, 2, 29), "2023-03-01"},
		{Date(1969, 12, 31), "1969-12-31"},
	} {
		if got := c.day.String(); got != c.want {
			t.Errorf("day %d is %q, want %q", c.day, got, c.want)
		}
		if c.day == NoDay {
			continue
		}
		if got, err := ParseDay(c.want); err != nil || got != c.day {
			t.Errorf("ParseDay(%s) = %d, %v, want %d", c.want, got, err, c.day)
		}
	}
	if _, err := ParseDay("2023-02-29"); err == nil {
		t.Error("2023-02-29 was taken for a day")
	}
}

// TestCivil holds the table of London's clock to what the time package says of
// it.
func TestCivil(t *testing.T) {
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-2208988800, 7258118399).Draw(t, "unix"), 0)
		day, minute := DayOf(at)
		local := at.In(zone)
		if got, want := fmt.Sprint(day, minute), fmt.Sprint(local.Format(time.DateOnly), " ", local.Hour()*60+local.Minute()); got != want {
			t.Fatalf("%s: got %s, want %s", at.UTC(), got, want)
		}
	})
	for _, c := range []struct {
		at, day string
		minute  int
	}{
		{"2024-03-31T00:59:59Z", "2024-03-31", 59},
		{"2024-03-31T01:00:00Z", "2024-03-31", 120},
		{"2024-06-30T23:30:00Z", "2024-07-01", 30},
		{"2024-10-27T01:30:00Z", "2024-10-27", 90},
		{"2024-12-31T23:59:00Z", "2024-12-31", 1439},
		{"1840-05-05T00:00:00Z", "1840-05-05", 0},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		if day, minute := DayOf(at); day.String() != c.day || minute != c.minute {
			t.Errorf("%s: got %s %d, want %s %d", c.at, day, minute, c.day, c.minute)
		}
	}
}

func TestPartialDates(t *testing.T) {
	for _, c := range []struct {
		event Event
		want  string
	}{
		{Event{Day: Date(2024, 2, 1), Minute: MonthOnly}, "2024-02-29"},
		{Event{Day: Date(2023, 1, 1), Minute: YearOnly}, "2023-12-31"},
		{Event{Day: Date(2023, 1, 1), Minute: DayOnly}, "2023-01-01"},
		{Event{Day: Date(2023, 1, 1), Minute: 30}, "2023-01-01"},
	} {
		if got := c.event.Latest().String(); got != c.want {
			t.Errorf("%+v: latest day %s, want %s", c.event, got, c.want)
		}
	}
}

// drawPeople draws people whose events meet in days, codes and all else, so that
// their order is decided by every field in turn.
func drawPeople(t *rapid.T, most int) ([]Profile, map[int64][]Event) {
	var people []Profile
	events := map[int64][]Event{}
	pick := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
	day := rapid.SampledFrom([]Day{NoDay, Date(1950, 1, 1), Date(2020, 2, 29), Date(2021, 6, 1)})
	for key := range rapid.Int64Range(0, 5).Draw(t, "people") {
		people = append(people, Profile{
			Key: key * 7, ID: fhir.ID(fmt.Sprint("p", key)), Born: day.Draw(t, "born"), Died: day.Draw(t, "died"), Registered: day.Draw(t, "registered"),
			Sex: pick("sex", "", "male", "female"), Ethnicity: pick("ethnicity", "", "A", "M"),
			Practice: pick("practice", "", "gp-1", "gp-2"), Borough: pick("borough", "", "E09000028"),
			Deprivation: rapid.IntRange(0, 10).Draw(t, "decile"), Resident: rapid.Bool().Draw(t, "resident"),
		})
		for range rapid.IntRange(0, most).Draw(t, "events") {
			e := Event{
				What: What{
					Kind: pick("kind", "Condition", "Observation"), Status: pick("status", "", "final"), Unit: pick("unit", "", "mm[Hg]"),
					Codes: slices.Repeat([]Code{{"http://loinc.org", pick("code", "8480-6", "8462-4")}}, rapid.IntRange(0, 2).Draw(t, "codings")),
				},
				Day: max(DayMin, day.Draw(t, "day")), Minute: rapid.SampledFrom([]int16{YearOnly, MonthOnly, DayOnly, 0, 600}).Draw(t, "minute"),
				End: day.Draw(t, "end"), Organisation: pick("org", "", "trust-1"), HasValue: rapid.Bool().Draw(t, "has"),
				Source: pick("source", "", "Condition/c1", "Condition/c2"),
			}
			if e.HasValue {
				e.Value = rapid.SampledFrom([]float64{0, 120, 7.1}).Draw(t, "value")
			}
			if e.Recorded = day.Draw(t, "recorded"); e.Recorded == e.Day {
				e.Recorded = NoDay
			}
			events[key*7] = append(events[key*7], e)
		}
	}
	return people, events
}

func build(t interface{ Fatal(...any) }, people []Profile, events map[int64][]Event) *Set {
	var b Builder
	for _, p := range people {
		b.AddPerson(p)
	}
	for key, list := range events {
		for _, e := range list {
			b.AddEvent(key, e)
		}
	}
	set, err := b.Set()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

var columns = cmp.Options{
	cmp.AllowUnexported(Set{}, part{}, place{}, texts{}, sparse[float64]{}, sparse[Day]{}), cmpopts.EquateEmpty(),
	cmpopts.IgnoreFields(Set{}, "of"), // whose numbers they are, not what they say
}

// TestOrderOfArrival: what is the same gives the same bytes however it came, and
// gives back what was put in.
func TestOrderOfArrival(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		people, events := drawPeople(t, 90)
		set := build(t, people, events)

		shuffled := map[int64][]Event{}
		for key, list := range events {
			shuffled[key] = rapid.Permutation(list).Draw(t, "order")
		}
		if d := cmp.Diff(set, build(t, rapid.Permutation(people).Draw(t, "people"), shuffled), columns); d != "" {
			t.Fatalf("another order of arrival gave another set (-one +other):\n%s", d)
		}

		if set.Len() != len(people) {
			t.Fatalf("%d people, want %d", set.Len(), len(people))
		}
		for i, want := range people {
			p := set.Person(i)
			if d := cmp.Diff(want, p.Profile()); d != "" {
				t.Fatalf("person %d (-put in +given back):\n%s", want.Key, d)
			}
			if found, ok := set.Find(want.ID); !ok || found != i {
				t.Fatalf("Find(%s) = %d, %v, want %d", want.ID, found, ok, i)
			}
			list := slices.Clone(events[want.Key])
			for j := range list {
				list[j].Codes = slices.Compact(slices.Clone(list[j].Codes))
			}
			slices.SortFunc(list, func(a, b Event) int { return a.compare(&b) })
			got := p.Events()
			for j, e := range list {
				if d := cmp.Diff(e, got.Event(j)); d != "" {
					t.Fatalf("person %d, event %d (-put in +given back):\n%s", want.Key, j, d)
				}
			}
			if got.Len() != len(list) {
				t.Fatalf("person %d has %d events, want %d", want.Key, got.Len(), len(list))
			}
		}
	})
}

// TestSeveralCodings: a resource is one event, whatever codings it has and in
// whatever order they stand.
func TestSeveralCodings(t *testing.T) {
	a, b := Code{"http://snomed.info/sct", "73211009"}, Code{"http://hl7.org/fhir/sid/icd-10", "E11"}
	set := build(t, []Profile{{Key: 1, ID: "p1"}}, map[int64][]Event{1: {
		{What: What{Kind: "Condition", Codes: []Code{a, b}}, Day: Date(2020, 1, 1), Minute: DayOnly},
		{What: What{Kind: "Condition", Codes: []Code{b, a, b}}, Day: Date(2021, 1, 1), Minute: DayOnly},
	}})
	if got := len(set.Whats()); got != 1 {
		t.Errorf("one concept is %d Whats: %v", got, set.Whats())
	}
	if got := set.Events(); got != 2 {
		t.Errorf("two resources are %d events", got)
	}
}

func TestBuilderRefuses(t *testing.T) {
	var zero float64
	for name, fill := range map[string]func(*Builder){
		"two of one key":   func(b *Builder) { b.AddPerson(Profile{Key: 1}); b.AddPerson(Profile{Key: 1}) },
		"events of nobody": func(b *Builder) { b.AddEvent(1, Event{}) },
		"no number": func(b *Builder) {
			b.AddPerson(Profile{Key: 1})
			b.AddEvent(1, Event{HasValue: true, Value: zero / zero})
		},
		"too many organisations": func(b *Builder) {
			b.AddPerson(Profile{Key: 1})
			for i := range 1 << 16 {
				b.AddEvent(1, Event{Organisation: fmt.Sprint("o", i)})
			}
		},
	} {
		var b Builder
		fill(&b)
		if _, err := b.Set(); err == nil || fault.MessageOf(err) == "" {
			t.Errorf("%s: got %v, want a refusal that says why", name, err)
		}
	}
}

package timeline

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"pgregory.net/rapid"

	"joinery/fault"
)

// flatPerson and flatEvent are rows of the flat form, written with the
// encodings that a writer would choose.
type flatPerson struct {
	Person      int64   `parquet:"person,delta"`
	ID          string  `parquet:"id"`
	Born        *int32  `parquet:"born,optional,date"`
	Died        *int32  `parquet:"died,optional,date"`
	Sex         string  `parquet:"sex,dict"`
	Ethnicity   *string `parquet:"ethnicity,optional,dict"`
	Practice    *string `parquet:"practice,optional,dict"`
	Registered  *int32  `parquet:"registered,optional,date"`
	Network     *string `parquet:"network,optional,dict"`
	Borough     *string `parquet:"borough,optional,dict"`
	LSOA        *string `parquet:"lsoa,optional,dict"`
	Deprivation *int32  `parquet:"deprivation,optional"`
	Resident    bool    `parquet:"resident"`
	Language    *string `parquet:"language,optional,dict"`
}

type flatEvent struct {
	Person       int64    `parquet:"person,dict"`
	Kind         string   `parquet:"kind,dict"`
	System       string   `parquet:"system,dict"`
	Code         string   `parquet:"code,dict"`
	Class        *string  `parquet:"class,optional,dict"`
	At           int64    `parquet:"at,timestamp(millisecond)"`
	Precision    string   `parquet:"precision,dict"`
	Until        *int64   `parquet:"until,optional,timestamp(microsecond)"`
	Recorded     *int64   `parquet:"recorded,optional,timestamp(millisecond)"`
	Value        *float64 `parquet:"value,optional"`
	Unit         *string  `parquet:"unit,optional"`
	Status       string   `parquet:"status"`
	Organisation *string  `parquet:"organisation,optional,dict"`
}

func optional[T comparable](v T) *T {
	var none T
	if v == none {
		return nil
	}
	return &v
}

func flatDay(d Day) *int32 {
	if d == NoDay {
		return nil
	}
	return new(int32(d - epoch))
}

func flatMoment(d Day, minute, perSecond int64) *int64 {
	if d == NoDay {
		return nil
	}
	return new((int64(d-epoch)*secondsOfDay + minute*60) * perSecond)
}

func flatOf(people []Profile, events map[int64][]Event) (flatPeople []flatPerson, flatEvents []flatEvent) {
	for _, p := range people {
		flatPeople = append(flatPeople, flatPerson{
			Person: p.Key, ID: string(p.ID), Born: flatDay(p.Born), Died: flatDay(p.Died), Registered: flatDay(p.Registered),
			Sex: p.Sex, Ethnicity: optional(p.Ethnicity), Practice: optional(p.Practice), Network: optional(p.Network),
			Borough: optional(p.Borough), LSOA: optional(p.LSOA), Language: optional(p.Language),
			Deprivation: optional(int32(p.Deprivation)), Resident: p.Resident,
		})
		for _, e := range events[p.Key] {
			flat := flatEvent{
				Person: p.Key, Kind: e.Kind, Class: optional(e.Class), At: *flatMoment(e.Day, int64(max(0, e.Minute)), 1000),
				Precision: map[int16]string{YearOnly: "year", MonthOnly: "month", DayOnly: "day"}[e.Minute],
				Until:     flatMoment(e.End, 0, 1e6), Recorded: flatMoment(e.Recorded, 0, 1000),
				Unit: optional(e.Unit), Status: e.Status, Organisation: optional(e.Organisation),
			}
			if len(e.Codes) > 0 {
				flat.System, flat.Code = e.Codes[0].System, e.Codes[0].Code
			}
			if flat.Precision == "" {
				flat.Precision = "instant"
			}
			if e.HasValue {
				flat.Value = new(e.Value)
			}
			flatEvents = append(flatEvents, flat)
		}
	}
	return flatPeople, flatEvents
}

func writeParquet[T any](t testing.TB, path string, rows []T, options ...parquet.WriterOption) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := parquet.NewGenericWriter[T](f, options...)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func writeAbout(t testing.TB, folder string, about About) {
	t.Helper()
	text, err := json.Marshal(about)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "about.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func writeFlat(t testing.TB, people []flatPerson, events []flatEvent, options ...parquet.WriterOption) string {
	t.Helper()
	folder := t.TempDir()
	writeParquet(t, filepath.Join(folder, "people.parquet"), people)
	writeParquet(t, filepath.Join(folder, "events.parquet"), events, options...)
	writeAbout(t, folder, About{Format: Format, Synthetic: true, People: len(people), Events: len(events), Until: "2026-01-31"})
	return folder
}

// flatten takes from events what flat files cannot say, so that both ways have
// the same: no source, one coding; and winter dates, on which London is on UTC.
func flatten(events map[int64][]Event) {
	for _, list := range events {
		for i := range list {
			e := &list[i]
			e.Source = ""
			e.Codes = slices.Compact(slices.Clone(e.Codes))
			if e.Day == Date(2021, 6, 1) {
				e.Day = Date(2021, 12, 1)
			}
			switch year, month, _ := e.Day.Date(); e.Minute {
			case YearOnly:
				e.Day = Date(year, 1, 1)
			case MonthOnly:
				e.Day = Date(year, month, 1)
			}
			if e.Recorded == e.Day {
				e.Recorded = NoDay
			}
		}
	}
}

// TestLoad: the same people give the same bytes by files and by Builder,
// whatever the files' pages and row groups are and however a person's events are
// ordered in them, also when a row group ends in the middle of a person.
func TestLoad(t *testing.T) {
	outer := t
	rapid.Check(t, func(t *rapid.T) {
		people, events := drawPeople(t, 60)
		flatten(events)
		flatPeople, flatEvents := flatOf(people, events)
		folder := writeFlat(outer, flatPeople, flatEvents,
			parquet.MaxRowsPerRowGroup(rapid.SampledFrom([]int64{5, 64, 1000}).Draw(t, "row group")),
			parquet.PageBufferSize(rapid.SampledFrom([]int{16, 200, 1 << 16}).Draw(t, "page")),
			parquet.DataPageVersion(rapid.IntRange(1, 2).Draw(t, "page version")),
			parquet.Compression(rapid.SampledFrom([]compress.Codec{&parquet.Uncompressed, &parquet.Snappy, &parquet.Zstd}).Draw(t, "codec")),
		)
		got, about, err := Load(outer.Context(), folder, 2)
		if err != nil {
			t.Fatal(err)
		}
		if !about.Synthetic || about.Until != "2026-01-31" {
			t.Fatalf("about.json was read as %+v", about)
		}
		if d := cmp.Diff(build(t, people, events), got, columns); d != "" {
			t.Fatalf("files gave another set (-builder +files):\n%s", d)
		}
	})
}

func TestLoadSummer(t *testing.T) {
	at := time.Date(2024, 6, 30, 23, 30, 0, 0, time.UTC).UnixMilli()
	folder := writeFlat(t, []flatPerson{{Person: 1, ID: "p1"}}, []flatEvent{
		{Person: 1, Kind: "Encounter", At: at, Precision: "instant", Until: new((at + 3600_000) * 1000)},
		{Person: 1, Kind: "Condition", At: time.Date(2024, 7, 2, 0, 0, 0, 0, time.UTC).UnixMilli(), Precision: "day"},
	})
	set, _, err := Load(t.Context(), folder, 1)
	if err != nil {
		t.Fatal(err)
	}
	events := set.Person(0).Events()
	if got, want := fmt.Sprint(events.Day, events.Minute), "[2024-07-01 2024-07-02] [30 -1]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestLoadRefuses(t *testing.T) {
	people := []flatPerson{{Person: 1, ID: "p1"}, {Person: 2, ID: "p2"}}
	event := func(change func(*flatEvent)) flatEvent {
		e := flatEvent{Person: 1, Kind: "Condition", At: 0, Precision: "day"}
		change(&e)
		return e
	}
	good := event(func(*flatEvent) {})
	for _, c := range []struct {
		name   string
		people []flatPerson
		events []flatEvent
		about  func(*About)
		say    string
	}{
		{name: "person unknown", events: []flatEvent{good, event(func(e *flatEvent) { e.Person = 3 })}, say: "Row 2 of events.parquet is of a person who is not in people.parquet."},
		{name: "person before all", events: []flatEvent{event(func(e *flatEvent) { e.Person = 0 })}, say: "Row 1 of events.parquet is of a person who"},
		{name: "people disordered", events: []flatEvent{event(func(e *flatEvent) { e.Person = 2 }), good}, say: "row 2 is out of it"},
		{name: "precision unknown", events: []flatEvent{event(func(e *flatEvent) { e.Precision = "week" })}, say: "Row 1 of events.parquet has no date and precision"},
		{name: "no kind", events: []flatEvent{good, good, event(func(e *flatEvent) { e.Kind = "" })}, say: "Row 3 of events.parquet has no kind"},
		{name: "no number", events: []flatEvent{event(func(e *flatEvent) { e.Value = new(nan()) })}, say: "Row 1 of events.parquet has a value that is not a number."},
		{name: "end out of range", events: []flatEvent{event(func(e *flatEvent) { e.Until = new(int64(1 << 62)) })}, say: "has a date out of range under until"},
		{name: "date out of range", events: []flatEvent{event(func(e *flatEvent) { e.At = 1 << 62 })}, say: "has no date and precision"},
		{name: "person twice", people: []flatPerson{people[0], people[0]}, say: "people.parquet must have each person once, in ascending order; row 2 has not."},
		{name: "id", people: []flatPerson{{Person: 1, ID: "no id!"}}, say: "Row 1 of people.parquet: the id"},
		{name: "decile", people: []flatPerson{people[0], {Person: 2, ID: "p2", Deprivation: new(int32(11))}}, say: "Row 2 of people.parquet: deprivation is a decile from 1 to 10."},
		{name: "people miscounted", about: func(a *About) { a.People++ }, say: "about.json says 3 people, people.parquet has 2."},
		{name: "events miscounted", about: func(a *About) { a.Events++ }, say: "about.json says 1 events, events.parquet has 0."},
		{name: "another form", about: func(a *About) { a.Format = "x" }, say: `about.json names the format "x"`},
	} {
		if c.people == nil {
			c.people = people
		}
		folder := writeFlat(t, c.people, c.events)
		if c.about != nil {
			about := About{Format: Format, People: len(c.people), Events: len(c.events)}
			c.about(&about)
			writeAbout(t, folder, about)
		}
		_, _, err := Load(t.Context(), folder, 2)
		if got := fault.MessageOf(err); !strings.Contains(got, c.say) {
			t.Errorf("%s: got %q (%v), want %q", c.name, got, err, c.say)
		}
	}
	if _, _, err := Load(t.Context(), t.TempDir(), 1); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an empty folder: got %v, want a NotFound", err)
	}
}

func nan() float64 { var zero float64; return zero / zero }

func TestLoadRefusesColumns(t *testing.T) {
	type strange struct {
		flatPerson
		Postcode string `parquet:"postcode"`
	}
	type text struct {
		Person string `parquet:"person"`
		ID     string `parquet:"id"`
	}
	type few struct {
		Person int64 `parquet:"person"`
	}
	for say, write := range map[string]func(path string){
		`people.parquet has a column "postcode", which the form does not know.`: func(path string) { writeParquet(t, path, []strange{{}}) },
		`Column "person" of people.parquet is STRING; it must be INT64.`:        func(path string) { writeParquet(t, path, []text{{}}) },
		`people.parquet has no column "id".`:                                    func(path string) { writeParquet(t, path, []few{{}}) },
	} {
		folder := writeFlat(t, nil, nil)
		write(filepath.Join(folder, "people.parquet"))
		if _, _, err := Load(t.Context(), folder, 1); fault.MessageOf(err) != say {
			t.Errorf("got %v, want %q", err, say)
		}
	}
}

func TestLoadStops(t *testing.T) {
	folder := writeFlat(t, []flatPerson{{Person: 1, ID: "p1"}}, []flatEvent{{Person: 1, Kind: "Condition", Precision: "day"}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := Load(ctx, folder, 1); err == nil {
		t.Error("loaded although it was called off")
	}
}

// FuzzLoad: whatever a file holds, loading it ends with a Set or a refusal.
func FuzzLoad(f *testing.F) {
	people, events := []flatPerson{{Person: 1, ID: "p1", Sex: "female"}}, make([]flatEvent, 40)
	for i := range events {
		events[i] = flatEvent{Person: 1, Kind: "Observation", Precision: "day", At: int64(i) * 1e8, Value: new(float64(i)), Unit: new("kg")}
	}
	folder := writeFlat(f, people, events, parquet.MaxRowsPerRowGroup(16))
	whole, err := os.ReadFile(filepath.Join(folder, "events.parquet"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	for i := range 200 {
		broken := slices.Clone(whole)
		broken[i*len(whole)/200] ^= byte(1 + i)
		f.Add(broken)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(filepath.Join(folder, "events.parquet"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		set, _, err := Load(t.Context(), folder, 1)
		if err == nil && set.Events() != len(events) {
			t.Errorf("%d events, want %d", set.Events(), len(events))
		}
	})
}

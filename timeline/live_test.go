package timeline

import (
	"bytes"
	"cmp"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestLive changes people in any order, compacting now and then, at once or while
// changes go on, and at each step holds the Set to what a Builder makes of the
// same people.
func TestLive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		people, events := drawPeople(t, 8)
		for i := range people {
			people[i].Network = "" // follows from the practice
		}
		l := NewLive(build(t, people[:len(people)/2], only(events, people[:len(people)/2])))
		now := map[int64]Profile{}
		for _, p := range people[:len(people)/2] {
			now[p.Key] = p
		}
		networks := map[string]string{}
		var frozen *Frozen
		t.Repeat(map[string]func(*rapid.T){
			"freeze": func(t *rapid.T) { frozen = l.Freeze() },
			"take": func(t *rapid.T) {
				if frozen == nil {
					t.Skip("nobody is frozen")
				}
				base, err := frozen.Compact()
				if err != nil {
					t.Fatal(err)
				}
				if err := l.Take(frozen, base); err != nil {
					t.Fatal(err)
				}
				frozen = nil
			},
			"put": func(t *rapid.T) {
				if len(people) == 0 {
					t.Skip("nobody")
				}
				p := rapid.SampledFrom(people).Draw(t, "who")
				p.Deprivation = rapid.IntRange(0, 10).Draw(t, "decile")
				list := slices.Clone(events[p.Key])
				events[p.Key] = list[:rapid.IntRange(0, len(list)).Draw(t, "how many")]
				if err := l.Put(p, slices.Clone(codesOnce(events[p.Key]))); err != nil {
					t.Fatal(err)
				}
				now[p.Key] = p
			},
			"edit": func(t *rapid.T) {
				if len(people) == 0 {
					t.Skip("nobody")
				}
				key := rapid.SampledFrom(people).Draw(t, "who").Key
				_, there := now[key]
				// What came of some sources leaves, and some of it comes back changed.
				edits := map[string][]Event{}
				var kept []Event
				for _, e := range events[key] {
					switch {
					case e.Source == "" || rapid.Bool().Draw(t, "stays"):
						kept = append(kept, e)
					default:
						edits[e.Source] = nil
					}
				}
				kept = slices.DeleteFunc(kept, func(e Event) bool { _, gone := edits[e.Source]; return gone })
				for source := range edits {
					if rapid.Bool().Draw(t, "comes back") {
						e := Event{What: What{Kind: "Observation", Codes: []Code{{System: "s", Code: "new"}}}, Day: Day(rapid.IntRange(0, 9).Draw(t, "day")), Minute: DayOnly, End: NoDay, Recorded: NoDay, Source: source}
						edits[source] = []Event{e}
					}
				}
				for _, list := range edits {
					kept = append(kept, list...)
				}
				known, err := l.Edit(key, edits)
				if err != nil || known != there {
					t.Fatalf("edit: known %v, %v; want known %v", known, err, there)
				}
				if there {
					events[key] = kept
				}
			},
			"remove": func(t *rapid.T) {
				if len(people) == 0 {
					t.Skip("nobody")
				}
				key := rapid.SampledFrom(people).Draw(t, "who").Key
				l.Remove(key)
				delete(now, key)
			},
			"practice": func(t *rapid.T) {
				practice := rapid.SampledFrom([]string{"gp-1", "gp-2", "gp-3"}).Draw(t, "practice")
				networks[practice] = rapid.SampledFrom([]string{"", "n1", "n2"}).Draw(t, "network")
				l.Practice(practice, networks[practice])
			},
			"compact": func(t *rapid.T) {
				if _, err := l.Compact(); err != nil {
					t.Fatal(err)
				}
			},
			"": func(t *rapid.T) {
				list := slices.SortedFunc(maps.Values(now), func(p, q Profile) int { return cmp.Compare(p.Key, q.Key) })
				for i := range list {
					list[i].Network = networks[list[i].Practice]
				}
				want := build(t, list, only(events, list))
				got, err := l.Set()
				if err != nil {
					t.Fatal(err)
				}
				same(t, want, got)
				for i := range list {
					p, ok := l.Person(list[i].Key)
					if !ok {
						t.Fatalf("person %d is not found", list[i].Key)
					}
					if events := want.Person(i).Events(); gocmp.Diff(events.All(), all(p)) != "" {
						t.Fatalf("person %d alone has other events", list[i].Key)
					}
					if alone := p.Alone(); alone.Len() != 1 || alone.Person(0).Key() != list[i].Key {
						t.Fatalf("person %d is not alone", list[i].Key)
					}
				}
				base, err := l.Freeze().Compact() // beside it: another base would make Take do nothing
				if err != nil {
					t.Fatal(err)
				}
				if d := gocmp.Diff(want, base, columns); d != "" {
					t.Fatalf("compacted, it is not what a builder makes (-builder +compacted):\n%s", d)
				}
			},
		})
	})
}

// TestTake: whoever changes, comes or goes while a base is made, and a practice
// that moves, is as it is now once the base is taken.
func TestTake(t *testing.T) {
	one := []Event{{What: What{Kind: "Condition"}, Day: Date(2020, 1, 1)}}
	two := []Event{{What: What{Kind: "Condition"}, Day: Date(2020, 1, 1)}, {What: What{Kind: "Observation"}, Day: Date(2021, 1, 1)}}
	l := NewLive(nil)
	put := func(key int64, events []Event) {
		if err := l.Put(Profile{Key: key, Practice: "gp"}, slices.Clone(events)); err != nil {
			t.Fatal(err)
		}
	}
	for key := range int64(4) {
		put(key+1, one)
	}
	if _, err := l.Compact(); err != nil {
		t.Fatal(err)
	}
	put(2, two)
	put(5, one)
	frozen := l.Freeze()
	put(1, two)
	put(2, one)
	put(6, two)
	l.Remove(3)
	l.Remove(5)
	l.Practice("gp", "n1")
	base, err := frozen.Compact()
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Take(frozen, base); err != nil {
		t.Fatal(err)
	}
	if l.Begun() != 5 {
		t.Errorf("the base has %d people, want those of the freezing", l.Begun())
	}
	who := func(key int64) Profile { return Profile{Key: key, Practice: "gp", Network: "n1"} }
	want := build(t, []Profile{who(1), who(2), who(4), who(6)}, map[int64][]Event{1: two, 2: one, 4: one, 6: two})
	got, err := l.Set()
	if err != nil {
		t.Fatal(err)
	}
	same(t, want, got)
}

func all(p Person) []Event { e := p.Events(); return e.All() }

func codesOnce(events []Event) []Event {
	out := slices.Clone(events)
	for i := range out {
		out[i].Codes = slices.Compact(slices.Clone(out[i].Codes))
		if len(out[i].Codes) == 0 {
			out[i].Codes = nil
		}
	}
	return out
}

func only(events map[int64][]Event, people []Profile) map[int64][]Event {
	out := map[int64][]Event{}
	for _, p := range people {
		out[p.Key] = codesOnce(events[p.Key])
	}
	return out
}

// same reports what differs between Sets that may be laid out otherwise.
func same(t interface{ Fatalf(string, ...any) }, want, got *Set) {
	if want.Len() != got.Len() || want.Events() != got.Events() {
		t.Fatalf("%d people with %d events, want %d with %d", got.Len(), got.Events(), want.Len(), want.Events())
	}
	for i := range want.Len() {
		w, g := want.Person(i), got.Person(i)
		if d := gocmp.Diff(w.Profile(), g.Profile()); d != "" {
			t.Fatalf("person %d (-want +got):\n%s", w.Key(), d)
		}
		if d := gocmp.Diff(all(w), all(g)); d != "" {
			t.Fatalf("events of person %d (-want +got):\n%s", w.Key(), d)
		}
	}
}

// TestSave: a Set comes back from its bytes as it was, and the same Set is the
// same bytes; any damage is noticed.
func TestSave(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		people, events := drawPeople(t, 70)
		set := build(t, people, events)
		var one, two bytes.Buffer
		for _, to := range []*bytes.Buffer{&one, &two} {
			if err := set.write(to, []byte("42")); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(one.Bytes(), two.Bytes()) {
			t.Fatal("written twice, it is not the same")
		}
		got, note, err := decode(one.Bytes())
		if err != nil || string(note) != "42" {
			t.Fatalf("note %q, %v", note, err)
		}
		if d := gocmp.Diff(set, got, columns); d != "" {
			t.Fatalf("read back (-saved +read):\n%s", d)
		}
		two.Bytes()[rapid.IntRange(0, two.Len()-1).Draw(t, "damage")] ^= 1
		if _, _, err := decode(two.Bytes()); !errors.Is(err, ErrStale) {
			t.Fatalf("damaged: %v", err)
		}
	})
}

func TestSaveFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "timelines")
	set := build(t, []Profile{{Key: 1, ID: "p1"}}, map[int64][]Event{1: {{What: What{Kind: "Condition"}, Day: DayMin}}})
	for _, note := range []string{"one", "two"} {
		if err := set.Save(path, []byte(note)); err != nil {
			t.Fatal(err)
		}
		got, gotNote, err := ReadSet(path)
		if err != nil || string(gotNote) != note {
			t.Fatalf("note %q, %v, want %q", gotNote, err, note)
		}
		same(t, set, got)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("%d files, %v", len(left), err)
	}
	if _, _, err := ReadSet(path + "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

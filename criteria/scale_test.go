package criteria_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"joinery/bench/processor"
	"joinery/criteria"
	"joinery/criteria/language"
	"joinery/definitions"
	"joinery/timeline"
)

var long = flag.Bool("long", false, "measure at scale")

// TestRunScale says how long a pass over everybody takes, of twelve definitions
// at once and grouped by practice: on the folder of the flat form that
// TIMELINE_SCALE names, with code sets taken from what its events are, so that
// a third of them are found by something.
func TestRunScale(t *testing.T) {
	folder := os.Getenv("TIMELINE_SCALE")
	if !*long || folder == "" {
		t.Skip("only with -long and TIMELINE_SCALE")
	}
	start := time.Now()
	set, about, err := timeline.Load(t.Context(), folder, runtime.GOMAXPROCS(0))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d people with %d events loaded in %.1f s", set.Len(), about.Events, time.Since(start).Seconds())
	lib, problems := language.Load(scaleFiles(set), nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var all []*language.Definition
	for i := range 24 {
		all = append(all, lib.Definitions[fmt.Sprintf("d%d", i)])
	}
	_, last := spread(set)
	for _, n := range []int{12, 12, 24} {
		start = time.Now()
		before := processor.Time()
		results, err := criteria.Compile(all[:n]...).Run(t.Context(), set, last, runtime.GOMAXPROCS(0))
		if err != nil {
			t.Fatal(err)
		}
		pass, used := time.Since(start), processor.Time()-before
		cells, met := 0, uint64(0)
		for _, r := range results.Definitions {
			cells += len(r.By(criteria.Practice))
		}
		took := time.Since(start)
		for _, r := range results.Definitions {
			met += r.People(criteria.Met).GetCardinality()
		}
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		t.Logf("%d definitions: pass %.2f s, with groups by practice (%d cells) %.2f s: %.1f million people × definitions a second, %.1f ns of processor an event; %d answers met; %d MB from the system",
			n, pass.Seconds(), cells, took.Seconds(), float64(set.Len()*n)/took.Seconds()/1e6,
			float64(used.Nanoseconds())/float64(about.Events), met, memory.Sys>>20)
	}
}

// TestShippedScale says how long a pass of all shipped definitions takes, with
// the groups by practice, of the folders of the flat form that SCALE_POPULATIONS
// names (twice as many people each time, say); and, on the first of them, how
// that grows with events and with definitions.
func TestShippedScale(t *testing.T) {
	folders := os.Getenv("SCALE_POPULATIONS")
	if !*long || folders == "" {
		t.Skip("only with -long and SCALE_POPULATIONS; see docs/performance.md")
	}
	all := shipped(t, func(text string) string { return text })
	for k, folder := range strings.Split(folders, ",") {
		start := time.Now()
		set, about, err := timeline.Load(t.Context(), folder, runtime.GOMAXPROCS(0))
		if err != nil {
			t.Fatal(err)
		}
		on := day(t, about.Until)
		t.Logf("%d people with %d events loaded in %.1f s", set.Len(), set.Events(), time.Since(start).Seconds())
		byPractice(t, "all shipped", set, on, all)
		if k > 0 {
			continue
		}
		byPractice(t, "every second", set, on, everySecond(all))
		byPractice(t, "all, and all with windows a month longer", set, on, slices.Concat(all, shipped(t, longer)))
		byPractice(t, "all shipped, everything happened twice", twice(t, set), on, all)
	}
}

// shipped returns the definitions that are shipped, changed by edit.
func shipped(t *testing.T, edit func(string) string) []*language.Definition {
	t.Helper()
	files := definitions.Shipped()
	for i := range files {
		files[i].Data = []byte(edit(string(files[i].Data)))
	}
	lib, problems := language.Load(files, nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var all []*language.Definition
	for _, id := range slices.Sorted(maps.Keys(lib.Definitions)) {
		all = append(all, lib.Definitions[id])
	}
	return all
}

var window = regexp.MustCompile(`within: (\d+) months`)

// longer makes every window in months a month longer, so that next to nothing is
// asked that another definition asks too.
func longer(text string) string {
	return window.ReplaceAllStringFunc(text, func(s string) string {
		var n int
		fmt.Sscanf(s, "within: %d months", &n)
		return fmt.Sprintf("within: %d months", n+1)
	})
}

func everySecond(all []*language.Definition) (out []*language.Definition) {
	for i := 0; i < len(all); i += 2 {
		out = append(out, all[i])
	}
	return out
}

// twice returns a set in which everything happened a second time, a week before.
func twice(t *testing.T, set *timeline.Set) *timeline.Set {
	t.Helper()
	seq := timeline.NewSequence()
	for i := range set.Len() {
		p := set.Person(i)
		who, events := p.Profile(), p.Events()
		list := events.All()
		for _, e := range list {
			e.Day -= 7
			list = append(list, e)
		}
		if err := seq.Add(&who, list); err != nil {
			t.Fatal(err)
		}
	}
	return seq.Set()
}

// byPractice asks definitions of everybody in one pass, and says what it takes.
func byPractice(t *testing.T, name string, set *timeline.Set, on timeline.Day, ds []*language.Definition) {
	t.Helper()
	start, before := time.Now(), processor.Time()
	results, err := criteria.Compile(ds...).Run(t.Context(), set, on, runtime.GOMAXPROCS(0))
	if err != nil {
		t.Fatal(err)
	}
	pass := time.Since(start)
	cells := 0
	for _, r := range results.Definitions {
		cells += len(r.By(criteria.Practice))
	}
	took, used := time.Since(start), processor.Time()-before
	t.Logf("%s: %d definitions of %d people with %d events: pass %.2f s, with %d groups %.2f s (%.2f s of processor): %.1f million people × definitions a second, %.1f ns of processor an event",
		name, len(ds), set.Len(), set.Events(), pass.Seconds(), cells, took.Seconds(), used.Seconds(),
		float64(set.Len()*len(ds))/took.Seconds()/1e6, float64(used.Nanoseconds())/float64(set.Events()))
}

// spread returns the days between which most events of a set lie.
func spread(set *timeline.Set) (first, last timeline.Day) {
	events := set.Person(0).Events()
	return events.Day[0], events.Day[events.Len()-1]
}

// scaleFiles returns forty code sets, of a third of what the events are, and
// twenty-four definitions, in the proportions of those that are shipped.
func scaleFiles(set *timeline.Set) []language.File {
	members := make([]map[string]bool, 40)
	for i, w := range set.Whats() {
		if i%3 == 0 && len(w.Codes) > 0 {
			k := i / 3 % 40
			if members[k] == nil {
				members[k] = map[string]bool{}
			}
			members[k][w.Codes[0].Code] = true
		}
	}
	var out []language.File
	for k, codes := range members {
		var b strings.Builder
		fmt.Fprintf(&b, "codes: s%d\nversion: 1.0.0\ntitle: s%d\nsource: the test\nsystem: snomed\nunit: mm[Hg]\ninclude:\n", k, k)
		for code := range codes {
			fmt.Fprintf(&b, "  - {code: %s, says: it, mark: K}\n", code)
		}
		out = append(out, language.File{Name: fmt.Sprintf("s%d.yaml", k), Data: []byte(b.String())})
	}
	for i := range 24 {
		s := func(n int) string { return fmt.Sprintf("s%d", (i*7+n)%40) }
		var rest strings.Builder
		switch i % 6 {
		case 0: // treated to target
			fmt.Fprintf(&rest, "measure: proportion\ndirection: neither\npopulation: {all: [{age: 18 or over}, {has: %s}]}\nnumerator: {all: [{last: %s, within: 12 months, value: under 140 mmHg}, {last: %s, within: 12 months, value: under 90 mmHg}]}\n", s(0), s(1), s(2))
		case 1: // five of eight
			rest.WriteString("who:\n  at least: 5\n  of:\n")
			for n := range 8 {
				fmt.Fprintf(&rest, "    - has: %s\n", s(n))
			}
		case 2: // six checks in a year
			fmt.Fprintf(&rest, "measure: proportion\ndirection: neither\npopulation: {any: [{has: %s}, {has: %s, within: 6 months}]}\nnumerator:\n  all:\n", s(0), s(1))
			for n := range 6 {
				fmt.Fprintf(&rest, "    - {has: %s, within: 12 months}\n", s(n+2))
			}
		case 3: // a frailty index
			rest.WriteString("population: {age: 18 or over}\nbands: [{name: fit, is: under 5}, {name: mild, is: 5 to 8}, {name: moderate, is: 9 to 12}, {name: severe, is: over 12}]\nscore:\n")
			for n := range 36 {
				fmt.Fprintf(&rest, "  - has: %s\n", s(n))
			}
		case 4: // high users, and who comes back within a month
			fmt.Fprintf(&rest, "events: {e: {first: %s, within: 24 months}}\nwho: {any: [{count: %s, within: 12 months, is: 5 or more}, {has: %s, within: 28 days after e}]}\n", s(0), s(0), s(1))
		case 5: // segments
			fmt.Fprintf(&rest, "segments: [{name: a, when: {all: [{has: %s}, {count: %s, within: 12 months, is: 2 or more}]}}, {name: b, when: {at least: 2, of: [{has: %s}, {has: %s}, {has: %s}]}}, {name: c, when: {has: %s}}]\n", s(0), s(1), s(2), s(3), s(4), s(5))
		}
		out = append(out, definition(fmt.Sprintf("d%d", i), rest.String()))
	}
	return out
}

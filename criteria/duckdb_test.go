package criteria_test

import (
	"encoding/csv"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"joinery/bench/processor"
	"joinery/criteria"
	"joinery/criteria/language"
	"joinery/definitions"
	"joinery/timeline"
)

// compared are the shipped definitions that testdata/duckdb has in SQL: a count
// in a window, last values with an exclusion, and a score with medicines.
var compared = []string{"high-intensity-use-five", "hypertension-treated-to-target", "electronic-frailty-index"}

// TestAsDuckDB asks three shipped definitions of a folder of the flat form, and
// DuckDB the same in SQL of the same Parquet: every practice has the same
// number of people with each answer. It says how long either took. The SQL is
// written by hand from docs/criteria.md; only the lists of codes are shared.
func TestAsDuckDB(t *testing.T) {
	folder := os.Getenv("COMPARE_POPULATION")
	if !*long || folder == "" {
		t.Skip("only with -long and COMPARE_POPULATION; see make compare")
	}
	start := time.Now()
	set, about, err := timeline.Load(t.Context(), folder, runtime.GOMAXPROCS(0))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("joinery: %d people with %d events loaded in %.1f s", set.Len(), about.Events, time.Since(start).Seconds())
	on := day(t, about.Until)
	lib, problems := language.Load(definitions.Shipped(), nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var all []*language.Definition
	for _, id := range compared {
		all = append(all, lib.Definitions[id])
		counts(t, set, on, lib.Definitions[id])
	}
	ours := counts(t, set, on, all...)
	theirs := duckDB(t, lib, folder, on)
	for _, id := range compared {
		sameCounts(t, id, ours[id], theirs[id])
	}
}

// answered is a practice and an answer.
type answered struct{ practice, answer string }

// counts asks definitions of everybody in one pass, and says how long it took.
func counts(t *testing.T, set *timeline.Set, on timeline.Day, of ...*language.Definition) map[string]map[answered]int {
	t.Helper()
	start, used := time.Now(), processor.Time()
	results, err := criteria.Compile(of...).Run(t.Context(), set, on, runtime.GOMAXPROCS(0))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]map[answered]int{}
	for _, r := range results.Definitions {
		d := r.Definition
		out[d.ID] = map[answered]int{}
		for _, c := range r.By(criteria.Practice) {
			for a, n := range c.Answers {
				if answer := criteria.Answer(a); n > 0 && (answer != criteria.Met || d.Kind != language.Segments) {
					out[d.ID][answered{c.Group[0], answer.String()}] = n
				}
			}
			for i, n := range c.Parts {
				if n > 0 {
					out[d.ID][answered{c.Group[0], d.Parts[i].Name}] = n
				}
			}
		}
	}
	name := of[0].ID
	if len(of) > 1 {
		name = "all " + strconv.Itoa(len(of)) + " in one pass"
	}
	t.Logf("joinery: %s by practice: %.2f s, %.2f s of processor", name, time.Since(start).Seconds(), (processor.Time() - used).Seconds())
	return out
}

// duckDB asks DuckDB.
func duckDB(t *testing.T, lib *language.Library, folder string, on timeline.Day) map[string]map[answered]int {
	t.Helper()
	whole, err := filepath.Abs(folder)
	if err != nil {
		t.Fatal(err)
	}
	args := append([]string{"ask.mjs", whole, codesFile(t, lib), on.String(), strconv.Itoa(runtime.GOMAXPROCS(0))}, compared...)
	command := exec.CommandContext(t.Context(), "node", args...)
	command.Dir, command.Stderr = "testdata/duckdb", os.Stderr
	text, err := command.Output()
	if err != nil {
		t.Fatalf("DuckDB could not be asked: %v (make compare installs it)", err)
	}
	type took struct{ Seconds, Processor float64 }
	var said struct {
		Version string
		Loaded  took
		Asked   map[string]struct {
			took
			People []struct {
				Practice, Answer string
				People           int
			}
		}
	}
	if err := json.Unmarshal(text, &said); err != nil {
		t.Fatal(err)
	}
	t.Logf("DuckDB %s: loaded in %.1f s, %.1f s of processor", said.Version, said.Loaded.Seconds, said.Loaded.Processor)
	out := map[string]map[answered]int{}
	seconds, used := 0.0, 0.0
	for _, id := range compared {
		asked := said.Asked[id]
		t.Logf("DuckDB: %s by practice: %.2f s, %.2f s of processor", id, asked.Seconds, asked.Processor)
		seconds, used = seconds+asked.Seconds, used+asked.Processor
		out[id] = map[answered]int{}
		for _, p := range asked.People {
			out[id][answered{p.Practice, p.Answer}] = p.People
		}
	}
	t.Logf("DuckDB: all %d: %.2f s, %.2f s of processor", len(compared), seconds, used)
	return out
}

// codesFile writes the codes of all code sets for SQL to join.
func codesFile(t *testing.T, lib *language.Library) string {
	t.Helper()
	rows := [][]string{{"code_set", "system", "code"}}
	for _, id := range slices.Sorted(maps.Keys(lib.CodeSets)) {
		for _, c := range lib.CodeSets[id].Codes {
			rows = append(rows, []string{id, c.System, c.Code})
		}
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "codes.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if err := csv.NewWriter(f).WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

// sameCounts fails where the two differ, and where neither has found anybody.
func sameCounts(t *testing.T, id string, ours, theirs map[answered]int) {
	t.Helper()
	people := 0
	for a, n := range ours {
		people += n
		if theirs[a] != n {
			t.Errorf("%s: practice %q has %d people who are %s, by DuckDB %d", id, a.practice, n, a.answer, theirs[a])
		}
	}
	for a, n := range theirs {
		if _, ok := ours[a]; !ok {
			t.Errorf("%s: practice %q has %d people who are %s by DuckDB, and none by us", id, a.practice, n, a.answer)
		}
	}
	if people == 0 {
		t.Errorf("%s: nobody is in its population, so nothing was compared", id)
	}
	t.Logf("%s: %d people in %d groups, compared", id, people, len(ours))
}

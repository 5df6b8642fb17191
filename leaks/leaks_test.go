package leaks

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"joinery/source/synth"
)

var (
	logs   = flag.String("logs", "", "search the logs of this folder, which a run of all tests left there")
	update = flag.Bool("update", false, "write testdata/said.txt anew")
)

// TestNothingOfAnyoneIsLogged searches what all tests left in logs.
func TestNothingOfAnyoneIsLogged(t *testing.T) {
	if *logs == "" {
		t.Skip("no folder of logs is named: make logs, after the tests with LEAKS_FOLDER, names one")
	}
	began := time.Now()
	r := &reader{invented(t), read(t, "..")}
	r.join(r.source.people)
	found, lines, size := map[string]int{}, 0, int64(0)
	kept := map[string]int{}
	err := filepath.WalkDir(*logs, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		pkg, err := filepath.Rel(*logs, filepath.Dir(file))
		if err != nil {
			return err
		}
		kept[filepath.ToSlash(pkg)] += 0
		in := bufio.NewScanner(f)
		in.Buffer(nil, 16<<20)
		for in.Scan() {
			lines++
			size += int64(len(in.Bytes())) + 1
			kept[filepath.ToSlash(pkg)]++
			for _, what := range r.finds(in.Bytes()) {
				found[filepath.ToSlash(pkg)+": "+what]++
			}
		}
		return in.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, what := range slices.Sorted(maps.Keys(found)) {
		t.Errorf("%d times %s", found[what], what)
	}
	for _, pkg := range r.keepers {
		if _, ok := kept[pkg]; !ok {
			t.Errorf("the tests of %s keep what is logged, and left nothing to be searched", pkg)
		}
	}
	for _, pkg := range r.loggers {
		if kept[pkg] == 0 && kept[pkg+"/"+path.Base(pkg)+"test"] == 0 {
			t.Errorf("%s logs, and its tests left no line to be searched", pkg)
		}
	}
	// What CI shows is what a test says when it fails; this is for the eyes of who asks.
	fmt.Printf("searched %d lines (%d bytes) of %d packages for %s: %d finds, in %.1f s\n", lines, size, len(kept), r.people, len(found), time.Since(began).Seconds())
}

// TestWhatIsSaidIsReviewed: messages and keys are constants, nothing is given whole,
// all tests keep their logs, and each attribute stands in a list that is read when it
// changes. What an attribute may hold: numbers, ids that we made, words of a closed
// list, errors. An error must not repeat what came in.
func TestWhatIsSaidIsReviewed(t *testing.T) {
	s := read(t, "..")
	for _, fault := range s.faults {
		t.Error(fault)
	}
	const file = "testdata/said.txt"
	got := strings.Join(s.said, "\n") + "\n"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("what is given to the log has changed. If it can hold nothing of a person, write the list anew with -update:\n%s", got)
	}
}

// someone is whom the tests below plant.
const someone = `{"resourceType":"Patient","id":"may","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000042"}],"name":[{"family":"Amin-Canary","given":["May","Grâce"]}],"telecom":[{"system":"phone","value":"020 7946 0123"},{"system":"email","value":"may.amin@example.com"}],"address":[{"line":["Flat 2","14b Elm Tree Street"],"postalCode":"ZZ1 1ZZ"}],"birthDate":"1941-08-14"}`

// small is a reader for one person and one block of invented ones, and for a source
// of a few words.
func small(t *testing.T) *reader {
	t.Helper()
	s := &source{
		messages: map[string]bool{"request": true, "a notice was not sent": true}, routes: map[string]bool{}, phrases: map[string][]*regexp.Regexp{}, people: nobody(),
		ids: map[string]bool{"starts-hall": true, "may-fair": true}, typed: map[string]bool{"grâce": true, "may-walks": true},
		keys: map[string]bool{"time": true, "level": true, "msg": true, "request": true, "route": true, "status": true, "elapsed": true, "client": true, "error": true, "stack": true},
	}
	s.addRoute("GET /people/{id}")
	s.addPhrases("it may be tried again in %d seconds")
	s.addPhrases("cannot read %s of a person: %w")
	s.addPhrases("write it as 1941-08-14, or leave it out")
	d, err := synth.Open(synth.Options{Seed: 1, Until: synth.Day(time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC).Unix() / 86400)})
	if err != nil {
		t.Fatal(err)
	}
	p := nobody()
	p.addAll(t.Context(), d, synth.BlockSize)
	p.addWritten("const x = `\n" + someone + "\n`")
	return &reader{p, s}
}

// entry is a line as web.NewLogHandler writes it, with more in it.
func entry(more string) string {
	return `{"time":"1941-08-14T09:10:00.123456789Z","level":"INFO","msg":"request","request":"00000000000000009990000042abcdef"` + more + `}`
}

// TestPlantedLeaksAreFound: whatever is of somebody is found, however it is written
// and wherever it stands.
func TestPlantedLeaksAreFound(t *testing.T) {
	r := small(t)
	d, _ := synth.Open(synth.Options{Seed: 1, Until: synth.Day(time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC).Unix() / 86400)})
	third, err := d.Person(3)
	if err != nil {
		t.Fatal(err)
	}
	for kind, texts := range map[string][]string{
		"name": {
			"no such person: Amin-Canary", "AMIN-CANARY, May", "amin_canary", "…/people?family=canary&given=x", "cannot read May of a person: EOF", "may", "It may be tried again in 3 seconds",
			"it may be tried again in May seconds", "may-be", "fair-may", "Grâce", third.Names[0].Family, strings.ToUpper(third.Names[0].Given[0]),
		},
		"NHS number":       {"9990000042", "999 000 0042", "no 999-000-0042 here", "nhs9990000042x", "12 999 000 0042", third.NHSNumber},
		"telephone number": {"020 7946 0123", "02079460123", "+44 20 7946 0123", "(020) 7946-0123"},
		"e-mail address":   {"550 <may.amin@example.com>", "MAY.AMIN@EXAMPLE.COM"},
		"street":           {"at 14b Elm Tree Street, Elmgreen", "14B ELM TREE STREET", `["14b Elm Tree Street"]`, "flat 2"},
		"postcode":         {"ZZ1 1ZZ", "zz11zz", "postcode=ZZ1+1ZZ", "x ZZ1 1ZZ is no postcode"},
		"birth date":       {"1941-08-14", "write it as 14-Aug-1941, or leave it out", "it is 1941-08-14, or leave it out", "14-Aug-1941", "14 Aug 1941", "14 August 1941", "August 14, 1941", "14/08/1941", "14/8/1941", "14.8.1941", "14/08/41", "19410814", "14081941", "born 1941/8/14"},
	} {
		for _, text := range texts {
			quoted, _ := json.Marshal(text)
			for where, line := range map[string]string{
				"an error": entry(`,"error":` + string(quoted)), "a route": entry(`,"route":` + string(quoted)), "a client": entry(`,"client":` + string(quoted)),
				"a stack": entry(`,"stack":` + string(quoted)), "a command's words": "joinery: " + text,
			} {
				finds := strings.Join(r.finds([]byte(line)), "\n")
				if !strings.Contains(finds, kind) {
					t.Errorf("in %s, %q is no %s: found %q", where, text, kind, finds)
				}
			}
		}
	}
	for what, line := range map[string]string{
		"a number that is one":             entry(`,"status":9990000042`),
		"a message that is no constant":    strings.Replace(entry(""), `"request"`, `"request of May"`, 1),
		"a key that no call has":           entry(`,"family":"x"`),
		"a resource in an attribute":       entry(`,"error":` + strings.ReplaceAll(someone, `"9990000042"`, `"0"`)),
		"a moment that is none":            strings.Replace(entry(""), "T09:10", " 09:10", 1),
		"a level that is none":             strings.Replace(entry(""), "INFO", "AMIN", 1),
		"an id in place of a pattern":      entry(`,"route":"/people/amin-canary"`),
		"a stack whose frame holds a name": entry(`,"stack":"goroutine 1 [running]:\nmain.main(\"May\")\n\t/src/main.go:3 +0x1d"`),
	} {
		if len(r.finds([]byte(line))) == 0 {
			t.Errorf("%s is not found: %s", what, line)
		}
	}
}

// TestOrdinaryLinesAreLeftAlone: words of the source, ids, moments and frames of a
// stack are of nobody, though they look alike.
func TestOrdinaryLinesAreLeftAlone(t *testing.T) {
	r := small(t)
	for _, line := range []string{
		entry(""),
		entry(`,"route":"/people/{id}","status":200,"elapsed":19410814,"client":"client-00ada0000bea"`),
		entry(`,"error":"it may be tried again in 3 seconds"`),
		entry(`,"stack":"goroutine 7 [running]:\nmain.(*route).may(0xc000, {0x1, 0x2})\n\t/src/main.go:3 +0x1d\ncreated by main.may in goroutine 1"`),
		"joinery: write it as 1941-08-14, or leave it out",
		"joinery: cannot read x of a person: EOF",
		"joinery: may-walks/model.yaml:1: no may-walks-questions, grâce: may-fair",
		"",
	} {
		if finds := r.finds([]byte(line)); len(finds) > 0 {
			t.Errorf("%s: found %q", line, finds)
		}
	}
}

// TestEverybodyIsLookedFor: the needles are of the demonstration's people and of
// those in tests.
func TestEverybodyIsLookedFor(t *testing.T) {
	p := read(t, "..").people
	for _, name := range []string{"amin-canary", "canary", "hidden-canary", "ashgrove"} {
		if !p.names[name] {
			t.Errorf("%s, who stands in a test, is not looked for", name)
		}
	}
	if !p.numbers["9990000042"] || !p.postcodes["ZZ11ZZ"] || !p.streets["1 elm street"] || !p.born["1941-08-14"] || !p.phones["02079460123"] {
		t.Errorf("Amina of the pages' tests is not looked for: %v", p)
	}
}

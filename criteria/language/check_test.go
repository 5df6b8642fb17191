package language

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const head = `definition: it
version: 1.0.0
title: It
statement: a test
owner: the tests
sources: [the tests]
review: 2030-01-01
` // the rest begins on line 8

func codeSet(id, unit string, codes ...string) File {
	text := "codes: " + id + "\nversion: 1.0.0\ntitle: " + id + "\nsource: the tests\nsystem: snomed\n"
	if unit != "" {
		text += "unit: '" + unit + "'\n"
	}
	text += "include:\n"
	for _, c := range codes {
		text += "  - {code: " + c + ", says: it, mark: V}\n"
	}
	return File{Name: id + ".yaml", Data: []byte(text)}
}

func sets() []File {
	return []File{
		codeSet("fall", "", "1912002"), codeSet("diabetes", "", "73211009"), codeSet("systolic", "mm[Hg]", "271649006"),
		codeSet("hba1c", "mmol/mol", "999791000000106"), codeSet("score", "1", "720433000"),
	}
}

// TestMistakesAreNamed holds every check to naming the line and what to write
// instead.
func TestMistakesAreNamed(t *testing.T) {
	for _, c := range []struct {
		name, rest string
		line       int
		says       []string
	}{
		{"unknown key", "who: {has: fall}\nownr: me\n", 9, []string{`no key "ownr"`, `write "owner"?`}},
		{"unknown key of a condition", "who: {has: fall, withn: 12 months}\n", 8, []string{`"withn"`, `write "within"?`}},
		{"unknown condition", "who: {hass: fall}\n", 8, []string{`"hass"`, `write "has"?`}},
		{"two conditions in one", "who: {has: fall, age: 18 or over}\n", 8, []string{"2 conditions in one", "under all or any"}},
		{"list without a word", "who:\n  - has: fall\n", 9, []string{"write all, any or"}},
		{"key twice", "who: {has: fall}\ntitle: again\n", 9, []string{`"title" stands twice`}},
		{"missing code set", "who: {has: fal}\n", 8, []string{`no code set "fal"`, `write "fall"?`}},
		{"no kind", "population: {has: fall}\n", 1, []string{"one of: who"}},
		{"missing unit", "who: {last: systolic, value: under 140}\n", 8, []string{"no unit", `"under 140 mm[Hg]"`}},
		{"wrong unit", "who: {last: systolic, value: under 140 kg}\n", 8, []string{`"kg" cannot be turned into mm[Hg]`, "in mm[Hg]"}},
		{"per cent of HbA1c", "who: {last: hba1c, value: under 7 %}\n", 8, []string{"cannot be turned into mmol/mol"}},
		{"values of what has none", "who: {last: fall, value: under 3 kg}\n", 8, []string{"says no unit", "fall.yaml"}},
		{"time from an age", "measure: time to event\ndirection: neither\npopulation: {has: fall}\nstart: age 60 years\nevent: {first: fall, since: age 60 years}\n", 1, []string{"one of the named events", "under events"}},
		{"bed days after an event", "measure: rate\ndirection: neither\nevents: {a: {first: fall}}\npopulation: {has: fall}\ncount: {bed days: any Encounter, since: a}\nper: 10 bed-days\nbed days: {bed days: any Encounter, since: a}\n", 12, []string{"up to the index date"}},
		{"bed days of what lasts", "measure: rate\ndirection: neither\npopulation: {has: fall}\ncount: {bed days: any Encounter, ongoing: yes, within: 1 year}\nper: 10 person-years\nover: 1 year\n", 11, []string{"leave out ongoing"}},
		{"numerator outside", "measure: proportion\ndirection: neither\npopulation: {age: 65 or over}\nnumerator: {age: under 65}\n", 11, []string{"Nobody of the population can be in the numerator", "line 10 and line 11"}},
		{"numerator of the other sex", "measure: proportion\ndirection: neither\npopulation: {sex: female}\nnumerator: {all: [{has: fall}, {sex: male}]}\n", 11, []string{"Nobody of the population", "female (line 10) and male (line 11)"}},
		{"exclusion of nobody", "who: {age: 65 or over}\nexclusions:\n  - {when: {age: under 18}, reason: child}\n", 10, []string{"this exclusion"}},
		{"reading ahead", "who: {has: fall, within: 28 days after the index date}\n", 8, []string{"after the index date", `"within: 28 days"`}},
		{"window without an end", "who: {has: fall, after: birth}\n", 8, []string{"no end", `"within: 28 days after birth"`}},
		{"dates without an end", "who: {has: fall, from: 2025-04-01}\n", 8, []string{"no end", `"to: 2026-03-31"`}},
		{"neither before nor after", "events: {a: {last: fall}}\nwho: {has: fall, within: 28 days of a}\n", 9, []string{"on which side", `"within: 28 days after a"`}},
		{"unknown event", "who: {has: fall, within: 28 days after discharge}\n", 8, []string{`no event "discharge"`, "under events"}},
		{"window backwards", "who: {has: fall, from: 2025-04-01, to: 2024-04-01}\n", 8, []string{"ends before it begins"}},
		{"ages backwards", "who: {has: fall, between: age 2 years and age 12 months}\n", 8, []string{"ends before it begins"}},
		{"time twice", "who: {has: fall, within: 12 months, since: birth}\n", 8, []string{"given twice"}},
		{"term of itself", "terms: {a: {not: {meets: a}}}\nwho: {meets: a}\n", 8, []string{"defined by itself"}},
		{"definition of itself", "who: {not: {meets: it}}\n", 8, []string{"each defined by the other"}},
		{"events in a ring", "events:\n  a: {last: fall, since: b}\n  b: {last: fall, since: a}\nwho: {has: fall, since: a}\n", 9, []string{"hangs on itself"}},
		{"nobody by age", "who: {all: [{age: over 75}, {age: under 18}]}\n", 8, []string{"Nobody can be in it", "ages that nobody has at once"}},
		{"nobody by units of age", "who: {all: [{age: under 6 months}, {age: 2 or over}]}\n", 8, []string{"Nobody can be in it"}},
		{"nobody by number", "who: {at least: 3, of: [{has: fall}, {has: diabetes}]}\n", 8, []string{"at least 3 of 2"}},
		{"nobody by score", "who: {score: [{has: fall, points: 2}, {has: diabetes}], is: 4 or more}\n", 8, []string{"the score goes from 0 to 3"}},
		{"nobody by contradiction", "who:\n  all:\n    - {has: fall, within: 12 months}\n    - {not: {has: fall, within: 24 months}}\n", 11, []string{"must be there (line 10) and must not be there (line 11)"}},
		{"nobody by count", "who: {count: fall, is: under 0}\n", 8, []string{"a count is 0 or more"}},
		{"nobody in a band", "score: [{has: fall}]\nbands: [{name: low, is: under 1}, {name: high, is: 5 or more}]\n", 9, []string{`band "high"`, "from 0 to 1"}},
		{"a band taken", "score: [{has: fall}]\nbands: [{name: all, is: 0 or more}, {name: one, is: exactly 1}]\n", 9, []string{`"all" before it`}},
		{"no direction", "measure: proportion\npopulation: {has: fall}\nnumerator: {has: diabetes}\n", 1, []string{"direction is missing"}},
		{"no reason", "who: {has: fall}\nexclusions:\n  - when: {has: diabetes}\n", 10, []string{"reason is missing"}},
		{"bare number", "who: {count: fall, is: 5}\n", 8, []string{`"5 or more"`, `"exactly 5"`}},
		{"days and codes at once", "who: {count: fall, on different days: yes, of different codes: yes, is: 2 or more}\n", 8, []string{"keep one of"}},
		{"two ends that are one", "events: {a: {last: fall}}\nwho: {has: fall, between: 3 and 3 months before a}\n", 9, []string{"holds nothing"}},
		{"count of nothing", "who: {count: fall}\n", 8, []string{`add "is: 2 or more"`}},
		{"rate of two windows", "measure: rate\ndirection: neither\npopulation: {has: fall}\ncount: {count: fall, within: 6 months}\nper: 1000 person-years\nover: 12 months\n", 11, []string{`"within: 12 months"`}},
		{"bad ethnicity", "who: {ethnicity: Irish}\n", 8, []string{"letters"}},
		{"bad kind", "who: {has: fall, kind: Conditon}\n", 8, []string{`write "Condition"?`}},
		{"bad class", "who: {count: any Encounter, class: emergancy, is: 2 or more}\n", 8, []string{`write "emergency"?`}},
		{"alias", "who: &a {has: fall}\n", 8, []string{"Anchors (&)"}},
		{"not YAML", "who: {has: fall\n", 7, []string{"not YAML"}},
		{"was never one", "who: {last: fall, was: diabetes}\n", 8, []string{"No code of diabetes is in fall"}},
		{"born in no order", "who: {born: 2024-07-01 to 2022-09-01}\n", 8, []string{"Nobody was born", "earlier day first"}},
		{"born at no date", "who: {born: since July}\n", 8, []string{"write it as 2026-01-31"}},
		{"born without a word", "who: {born: 2024-07-01}\n", 8, []string{`"born: since 2024-07-01"`}},
		{"born at two times", "who: {all: [{born: since 2024-07-01}, {born: before 2024-07-01}]}\n", 8, []string{"dates of birth that nobody has at once"}},
		{"decile", "who: {deprivation: 11 or more}\n", 8, []string{"from 1, the most deprived, to 10"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, problems := Load(append(sets(), File{Name: "it.yaml", Data: []byte(head + c.rest)}), nil)
			if len(problems) == 0 {
				t.Fatalf("it passes the check:\n%s", c.rest)
			}
			for _, p := range problems {
				ok := p.File == "it.yaml" && p.Line == c.line
				for _, s := range c.says {
					ok = ok && strings.Contains(p.Message, s)
				}
				if ok {
					return
				}
			}
			t.Errorf("line %d with %q is not among:\n%v", c.line, c.says, problems)
		})
	}
}

func TestMistakesInCodeSets(t *testing.T) {
	const top = "codes: x\nversion: 1.0.0\ntitle: x\nsource: x\nsystem: snomed\n"
	for name, c := range map[string]struct{ text, says string }{
		"none":        {top, "no codes"},
		"empty":       {top + "include: [{code: 1, says: one, mark: V}]\nexclude: [{code: 1}]\n", `"x" is empty`},
		"no mark":     {top + "include: [{code: 1, says: one}]\n", "mark: V"},
		"no words":    {top + "include: [{code: 1, mark: V}]\n", "says: its description"},
		"other set":   {top + "include: [{set: fal}]\n", `write "fall"?`},
		"itself":      {top + "include: [{set: x}]\n", "include each other"},
		"no system":   {strings.Replace(top, "system: snomed\n", "", 1) + "include: [{code: 1, says: one, mark: V}]\n", "no code system"},
		"no unit":     {top + "unit: mmHg\ninclude: [{code: 1, says: one, mark: V}]\n", "not a UCUM unit"},
		"unknown key": {top + "inclde: []\ninclude: [{code: 1, says: one, mark: V}]\n", `write "include"?`},
	} {
		_, problems := Load(append(sets(), File{Name: "x.yaml", Data: []byte(c.text)}), nil)
		if !strings.Contains(problems.Error(), c.says) || !strings.HasPrefix(problems.Error(), "x.yaml:") {
			t.Errorf("%s: got %q, want it to say %q", name, problems.Error(), c.says)
		}
	}
}

func TestOwnFilesGoBeforeShippedOnes(t *testing.T) {
	own := codeSet("fall", "", "161898004")
	own.Name = "mine.yaml"
	lib, problems := Load([]File{own}, sets())
	if len(problems) > 0 || lib.CodeSets["fall"].File != "mine.yaml" {
		t.Errorf("the code set is that of %s, want mine.yaml; %v", lib.CodeSets["fall"].File, problems)
	}
	if _, problems = Load(append(sets(), own), nil); !strings.Contains(problems.Error(), "already in") {
		t.Errorf("two files with one id: got %q, want it refused", problems.Error())
	}
}

// TestHash holds that a hash changes with everything that a definition rests on.
func TestHash(t *testing.T) {
	hash := func(rest string, fall File) string {
		lib, problems := Load(append(sets()[1:], fall, File{Name: "it.yaml", Data: []byte(head + rest)}), nil)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		return lib.Definitions["it"].Hash
	}
	fall := codeSet("fall", "", "1912002")
	a := hash("who: {has: fall}\n", fall)
	if b := hash("who: {has: fall}\n", codeSet("fall", "", "1912002", "161898004")); a == b {
		t.Error("another code in a code set leaves the hash as it was")
	}
	if b := hash("who: {has: fall, within: 1 year}\n", fall); a == b {
		t.Error("another condition leaves the hash as it was")
	}
	if b := hash("who: {has: fall}\n", fall); a != b {
		t.Error("the same files have two hashes")
	}
}

// TestTenThousandConditions holds that big definitions are answered, and that
// shared terms cost no more than they say.
func TestTenThousandConditions(t *testing.T) {
	var wide strings.Builder
	wide.WriteString(head + "who:\n  any:\n")
	for i := range 10000 {
		fmt.Fprintf(&wide, "    - {has: fall, within: %d days}\n", i+1)
	}
	var doubling strings.Builder
	doubling.WriteString(head + "terms:\n  t0: {has: fall}\n")
	for i := range 60 {
		fmt.Fprintf(&doubling, "  t%d: {all: [{meets: t%d}, {any: [{meets: t%d}]}]}\n", i+1, i, i)
	}
	doubling.WriteString("who: {meets: t60}\n")
	for name, text := range map[string]string{"wide": wide.String(), "doubling": doubling.String()} {
		start := time.Now()
		if _, problems := Load(append(sets(), File{Name: "it.yaml", Data: []byte(text)}), nil); len(problems) > 0 {
			t.Errorf("%s: %v", name, problems[0])
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
	deep := head + "who: " + strings.Repeat("{not: ", 200) + "{has: fall}" + strings.Repeat("}", 200) + "\n"
	if _, problems := Load(append(sets(), File{Name: "it.yaml", Data: []byte(deep)}), nil); !strings.Contains(problems.Error(), "deep") {
		t.Errorf("200 conditions in one another: got %q, want it refused as too deep", problems.Error())
	}
}

// FuzzLoad holds that no file makes the reader panic or hang.
func FuzzLoad(f *testing.F) {
	names, err := filepath.Glob("../../definitions/*.yaml")
	if err != nil || len(names) == 0 {
		f.Fatalf("no definitions to begin with: %v", err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, rest := range []string{
		"events: {a: {last: fall, dated by: end}}\nwho: {has: fall, within: 28 days after a}\n",
		"score: [{has: fall, points: -1.5}]\nbands: [{name: a, is: -2 to 0}]\n",
		"measure: rate\ndirection: neither\npopulation: {sex: female}\ncount: {bed days: any Encounter, within: 1 year}\nper: 1000 bed-days\nbed days: {bed days: fall, within: 1 year}\n",
		"measure: continuous\ndirection: neither\npopulation: {meets: it}\nvalue: {change: {from: {first: score}, to: {last: score}}}\nsummary: mean\n",
		"measure: time to event\n? [a]\n: b\n", "---\n---\n", "- \x00", "codes: a\ninclude: [{set: a}]\n",
	} {
		f.Add([]byte(head + rest))
	}
	shipped := sets()
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, problems := Load([]File{{Name: "fuzz.yaml", Data: data}}, shipped)
		_ = problems.Error()
	})
}

package criteria_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"joinery/criteria"
	"joinery/criteria/cases"
	"joinery/criteria/language"
)

// sets are the code sets of the tests below, one a line: id, unit, codes.
const sets = `
diabetes - 73211009 44054006
asthma - 195967001
fall - 1912002 161898004
assessment - 408423009
stay - 32485007
systolic mm[Hg] 271649006
weight kg 27113001
hba1c mmol/mol 999791000000106
glucose mmol/L 1003141000000105
phq-9 1 720433000
smoking - 77176002 8517006
smoker - 77176002
tobacco - 365981007
answers-no - 373067005
vaccine - 38598009
`

func setFiles() []language.File {
	var out []language.File
	for _, line := range strings.Split(strings.TrimSpace(sets), "\n") {
		words := strings.Fields(line)
		text := "codes: " + words[0] + "\nversion: 1.0.0\ntitle: " + words[0] + "\nsource: the tests\nsystem: snomed\n"
		if words[1] != "-" {
			text += "unit: " + words[1] + "\n"
			if words[1] == "1" {
				text = strings.Replace(text, "unit: 1", "unit: '1'", 1)
			}
		}
		text += "include:\n"
		for _, code := range words[2:] {
			text += "  - {code: " + code + ", says: " + words[0] + ", mark: V}\n"
		}
		out = append(out, language.File{Name: words[0] + ".yaml", Data: []byte(text)})
	}
	return out
}

// definition returns a file of a definition with a head and the rest given.
func definition(id, rest string) language.File {
	return language.File{Name: id + ".yaml", Data: []byte("definition: " + id + `
version: 1.0.0
title: ` + id + `
statement: a test
owner: the tests
reviewer: nobody
sources: [the tests]
review: 2030-01-01
` + rest)}
}

func load(t *testing.T, files ...language.File) *language.Library {
	t.Helper()
	lib, problems := language.Load(append(files, setFiles()...), nil)
	if len(problems) > 0 {
		t.Fatalf("the definition does not pass its check:\n%v", problems)
	}
	return lib
}

// group is a group of whom one condition holds.
func group(condition string) string { return "who:\n  " + condition + "\n" }

// hold fails unless people are answered as the cases expect, both by the
// explanation and by the pass over everybody. A case line begins with "|" for a
// new person: "| name | lines; of; the; case".
func hold(t *testing.T, rest, text string) {
	t.Helper()
	lib := load(t, definition("it", rest))
	holdIn(t, lib, text)
}

func holdIn(t *testing.T, lib *language.Library, text string) {
	t.Helper()
	on := "on 2026-01-31\n"
	if strings.HasPrefix(strings.TrimSpace(text), "on ") {
		on = ""
	}
	var b strings.Builder
	b.WriteString("definition it\n" + on)
	for _, line := range strings.Split(text, "\n") {
		name, lines, ok := strings.Cut(line, " | ")
		if !ok {
			b.WriteString(line + "\n")
			continue
		}
		b.WriteString("person " + strings.TrimSpace(name) + "\n")
		for _, l := range strings.Split(lines, ";") {
			b.WriteString(strings.TrimSpace(l) + "\n")
		}
		b.WriteString("because the statement says so\n")
	}
	all, problems := cases.Parse("cases", []byte(b.String()), lib)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if len(all) == 0 {
		t.Fatal("there are no cases")
	}
	wrong, err := cases.Check(lib, all)
	if err != nil {
		t.Fatal(err)
	}
	if len(wrong) > 0 {
		t.Errorf("\n%v", wrong)
	}
	for i := range all {
		bulkAgrees(t, lib, &all[i])
	}
}

// bulkAgrees holds the pass over everybody to the explanation.
func bulkAgrees(t *testing.T, lib *language.Library, c *cases.Case) {
	t.Helper()
	set, err := c.Set()
	if err != nil {
		t.Fatal(err)
	}
	program := criteria.Compile(lib.Definitions["it"])
	results, err := program.Run(t.Context(), set, c.On, 1)
	if err != nil {
		t.Fatal(err)
	}
	got := results.Definitions[0].Outcome(0)
	if e := program.Explain(set, 0, c.On); e.Answer != got.Answer || e.Why != got.Why(lib.Definitions["it"]) {
		t.Errorf("%s: everybody's pass says %s (%s), the explanation %s (%s)", c.Name, got.Answer, got.Why(lib.Definitions["it"]), e.Answer, e.Why)
	}
}

// run runs the definition "it" over the people of cases as one Set each and
// returns the cell of everybody.
func run(t *testing.T, rest, text string) (*language.Definition, *criteria.Cell) {
	t.Helper()
	lib := load(t, definition("it", rest))
	set := people(t, lib, text)
	results, err := criteria.Compile(lib.Definitions["it"]).Run(context.WithoutCancel(t.Context()), set, day(t, "2026-01-31"), 2)
	if err != nil {
		t.Fatal(err)
	}
	cells := results.Definitions[0].By()
	if len(cells) != 1 {
		t.Fatalf("there are %d cells of everybody, want 1", len(cells))
	}
	return lib.Definitions["it"], &cells[0]
}

// TestEveryStatementHasATest holds docs/criteria.md to the tests of this
// package: each of its numbered statements is named by one.
func TestEveryStatementHasATest(t *testing.T) {
	page, err := os.ReadFile("../docs/criteria.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	tested := map[string]bool{}
	named := regexp.MustCompile(`(?m)^func Test(M\d+)[A-Z]`)
	for _, file := range files {
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range named.FindAllStringSubmatch(string(code), -1) {
			tested[m[1]] = true
		}
	}
	statements := regexp.MustCompile(`(?m)^(M\d+)\. `).FindAllStringSubmatch(string(page), -1)
	if len(statements) < 30 {
		t.Fatalf("docs/criteria.md has %d statements; is it still numbered M1, M2, …?", len(statements))
	}
	for _, m := range statements {
		if !tested[m[1]] {
			t.Errorf("no test names the statement %s", m[1])
		}
	}
}

const proportion = `
measure: proportion
direction: higher is better
population: {has: diabetes}
exclusions:
  - {when: {has: asthma}, reason: has asthma}
  - {when: {has: fall}, reason: has fallen}
needs:
  - {what: {has: weight, within: 12 months}, reason: weight of the past year}
numerator: {last: hba1c, within: 12 months, value: at most 58 mmol/mol}
exceptions:
  - {when: {has: assessment}, reason: assessed}
`

func TestM1FiveAnswers(t *testing.T) {
	var names []string
	for _, a := range criteria.Answers() {
		names = append(names, a.String())
	}
	if got, want := strings.Join(names, ", "), "not applicable, met, gap, excluded, unknown"; got != want {
		t.Errorf("the answers are %s, want %s", got, want)
	}
	hold(t, proportion, `
		nobody | expect not applicable
		met | Condition diabetes 2020; Observation weight 2025-06-01 80; Observation hba1c 2025-06-01 50; expect met
		gap | Condition diabetes 2020; Observation weight 2025-06-01 80; expect gap
		excluded | Condition diabetes 2020; Condition asthma 2020; expect excluded; why has asthma
		unknown | Condition diabetes 2020; expect unknown; why weight of the past year`)
}

func TestM2Order(t *testing.T) {
	hold(t, proportion, `
		the dead come first | died 2025-01-01; Condition diabetes 2020; Condition asthma 2020; expect not applicable; why not living
		the population before exclusions | Condition asthma 2020; expect not applicable; why diabetes
		exclusions before needs | Condition diabetes 2020; Condition asthma 2020; expect excluded
		the first exclusion speaks | Condition diabetes 2020; Condition fall 2020; Condition asthma 2020; expect excluded; why has asthma
		the second alone | Condition diabetes 2020; Condition fall 2020; expect excluded; why has fallen
		needs before the numerator | Condition diabetes 2020; Observation hba1c 2025-06-01 50; expect unknown`)
}

func TestM3ExceptionsExcuseOnlyWhoMissed(t *testing.T) {
	hold(t, proportion, `
		met and excused is met | Condition diabetes 2020; Observation weight 2025-06-01 80; Observation hba1c 2025-06-01 50; Procedure assessment 2025; expect met
		missed and excused | Condition diabetes 2020; Observation weight 2025-06-01 80; Procedure assessment 2025-01-01; expect excluded; why assessed
		missed | Condition diabetes 2020; Observation weight 2025-06-01 80; expect gap`)
	hold(t, group("has: diabetes"), "in a group | Condition diabetes 2020; expect met\nout of it | expect not applicable")
}

func TestM4TheFirstSegmentHolds(t *testing.T) {
	hold(t, `
population: {has: diabetes}
segments:
  - {name: falling, when: {has: fall}}
  - {name: wheezing, when: {has: asthma}}
`, `
		both | Condition diabetes 2020; Condition asthma 2020; Condition fall 2020; expect met; why falling
		the second | Condition diabetes 2020; Condition asthma 2020; expect met; why wheezing
		none | Condition diabetes 2020; expect gap
		outside | Condition fall 2020; expect not applicable`)
	hold(t, `
score: [{has: fall, points: 2}, {has: asthma}, {has: diabetes, points: 3}]
bands:
  - {name: fit, is: under 1}
  - {name: mild, is: 1 to 2}
  - {name: severe, is: 3 or more}
`, `
		nothing | expect met; why fit
		one | Condition asthma 2020; expect met; why mild
		four | Condition asthma 2020; Condition diabetes 2020; expect met; why severe`)
}

func TestM5ClosedWorld(t *testing.T) {
	hold(t, group("not: {has: diabetes}"), "not recorded is not there | expect met")
	hold(t, group("{last: systolic, value: under 140 mmHg}"), "no reading is no low reading | expect not applicable")
	hold(t, group("{last: systolic, value: under 140 mmHg, needs: {has: systolic}}"), `
		unless it is needed | expect unknown
		and there | Observation systolic 2020-01-01 120; expect met`)
}

func TestM6Kleene(t *testing.T) {
	// asthma stands for a, diabetes for b; each is unknown without a fall of its own kind
	a := "{has: asthma, needs: {has: weight}}"
	b := "{has: diabetes}"
	const yesA, noA, unA = "Condition asthma 2020; Observation weight 2020-01-01 80", "Observation weight 2020-01-01 80", "Condition asthma 2020"
	const yesB = "Condition diabetes 2020"
	for name, table := range map[string]struct{ condition, rows string }{
		"all": {"{all: [" + a + ", " + b + "]}", `
			y y | ` + yesA + "; " + yesB + `; expect met
			y n | ` + yesA + `; expect not applicable
			u y | ` + unA + "; " + yesB + `; expect unknown
			u n | ` + unA + `; expect not applicable
			n y | ` + noA + "; " + yesB + `; expect not applicable`},
		"any": {"{any: [" + a + ", " + b + "]}", `
			y n | ` + yesA + `; expect met
			n n | ` + noA + `; expect not applicable
			u y | ` + unA + "; " + yesB + `; expect met
			u n | ` + unA + `; expect unknown`},
		"not": {"{not: " + a + "}", `
			y | ` + yesA + `; expect not applicable
			n | ` + noA + `; expect met
			u | ` + unA + `; expect unknown`},
	} {
		t.Run(name, func(t *testing.T) { hold(t, "who: "+table.condition+"\n", table.rows) })
	}
	hold(t, `
measure: proportion
direction: neither
population: {has: diabetes}
exclusions: [{when: `+a+`, reason: asthma}, {when: {has: fall}, reason: fall}]
numerator: {has: smoking}
`, `
		an unknown exclusion | Condition diabetes 2020; expect unknown
		a sure one beside it | Condition diabetes 2020; Condition fall 2020; expect excluded; why fall`)
}

func TestM7AtLeastAndScores(t *testing.T) {
	unsure := "{has: asthma, needs: {has: weight}}"
	hold(t, group("{at least: 2, of: [{has: diabetes}, {has: fall}, "+unsure+"]}"), `
		two | Condition diabetes 2020; Condition fall 2020; expect met
		one and perhaps | Condition diabetes 2020; expect unknown
		none and perhaps | expect not applicable`)
	hold(t, group("{score: [{has: diabetes, points: 2}, {points: 3, has: asthma, needs: {has: weight}}], is: 2 to 4}"), `
		two or five | Condition diabetes 2020; expect unknown
		nought or three | expect unknown
		two | Condition diabetes 2020; Observation weight 2020-01-01 80; expect met
		five | Condition diabetes 2020; Condition asthma 2020; Observation weight 2020-01-01 80; expect not applicable`)
}

func TestM8MeetsAnotherDefinition(t *testing.T) {
	lib := load(t, definition("other", proportion), definition("it", group("any: [{meets: other}]")))
	holdIn(t, lib, `
		met | Condition diabetes 2020; Observation weight 2025-06-01 80; Observation hba1c 2025-06-01 50; expect met
		gap | Condition diabetes 2020; Observation weight 2025-06-01 80; expect not applicable
		excluded | Condition diabetes 2020; Condition asthma 2020; expect not applicable
		not applicable | expect not applicable
		unknown | Condition diabetes 2020; expect unknown`)
	hold(t, "terms:\n  sugar: {has: diabetes}\nwho: {all: [{meets: sugar}, {not: {not: {meets: sugar}}}]}\n",
		"a term | Condition diabetes 2020; expect met\nnot | expect not applicable")
}

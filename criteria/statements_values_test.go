package criteria_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"joinery/criteria"
	"joinery/criteria/cases"
	"joinery/criteria/language"
	"joinery/timeline"
)

func TestM19WhatDidNotHappen(t *testing.T) {
	hold(t, group("has: vaccine"), `
		given | Immunization vaccine 2025-01-01 status completed; expect met
		refused | Immunization vaccine 2025-01-01 status not-done; expect not applicable
		in error | Immunization vaccine 2025-01-01 status entered-in-error; expect not applicable`)
	hold(t, group("{has: vaccine, status: not-done}"), "asked for | Immunization vaccine 2025-01-01 status not-done; expect met")
	hold(t, group("has: diabetes"), "resolved counts | Condition diabetes 2020 status resolved; expect met")
	hold(t, group("{has: diabetes, status: [active, recurrence]}"), `
		unless it is said | Condition diabetes 2020 status resolved; expect not applicable
		active | Condition diabetes 2020 status active; expect met`)
}

func TestM20OneConceptCountsOnce(t *testing.T) {
	lib := load(t, definition("it", group("{count: fall, is: exactly 1}")))
	var b timeline.Builder
	b.AddPerson(timeline.Profile{Key: 1, ID: "p"})
	b.AddEvent(1, timeline.Event{What: timeline.What{Kind: "Condition", Codes: []timeline.Code{
		{System: "http://snomed.info/sct", Code: "1912002"}, {System: "http://snomed.info/sct", Code: "161898004"}, {System: "", Code: "Fell"},
	}}, Day: day(t, "2025-01-01"), Minute: timeline.DayOnly})
	set, err := b.Set()
	if err != nil {
		t.Fatal(err)
	}
	if e := criteria.Compile(lib.Definitions["it"]).Explain(set, 0, day(t, "2026-01-31")); e.Answer != criteria.Met {
		t.Errorf("one fall with two codes is %s, want met: it counts once", e.Answer)
	}
}

func TestM21OrderOfArrival(t *testing.T) {
	hold(t, group("{last: smoking, was: smoker}"), `
		as it happened | Observation smoking 2024-01-01 code 8517006; Observation smoking 2025-01-01 code 77176002; expect met
		the other way round | Observation smoking 2025-01-01 code 77176002; Observation smoking 2024-01-01 code 8517006; expect met`)
	hold(t, group("{last: systolic, value: under 140 mmHg}"), `
		the higher of one minute is the last | Observation systolic 2025-01-01 150; Observation systolic 2025-01-01 130; expect not applicable
		either way | Observation systolic 2025-01-01 130; Observation systolic 2025-01-01 150; expect not applicable`)
}

func TestM36DifferentCodes(t *testing.T) {
	hold(t, group("{count: any MedicationRequest, of different codes: yes, within: 6 months, is: 2 or more}"), `
		one medicine twice | MedicationRequest - 2025-12-01 called amlodipine; MedicationRequest - 2026-01-01 called amlodipine; expect not applicable
		in capitals | MedicationRequest - 2025-12-01 called amlodipine; MedicationRequest - 2026-01-01 called Amlodipine; expect not applicable
		stopped and begun again | MedicationRequest - 2025-12-01 called amlodipine status stopped; MedicationRequest - 2026-01-01 called amlodipine status active; expect not applicable
		two | MedicationRequest - 2025-12-01 called amlodipine; MedicationRequest - 2025-12-01 called ramipril; expect met; changes 2026-06-01 to not applicable
		the other too long ago | MedicationRequest - 2025-12-01 called amlodipine; MedicationRequest - 2025-07-31 called ramipril; expect not applicable
		codes and words | MedicationRequest - 2025-12-01 code 386864001; MedicationRequest - 2025-12-01 called ramipril; expect met
		neither | MedicationRequest - 2025-12-01; MedicationRequest - 2026-01-01; expect not applicable`)
	hold(t, group("{count: diabetes, of different codes: yes, is: exactly 1}"), `
		one code of two kinds | Condition diabetes 2020 code 44054006; Observation diabetes 2021 code 44054006; expect met
		two codes | Condition diabetes 2020 code 44054006; Condition diabetes 2021 code 73211009; expect not applicable`)
}

func TestM22OfNothing(t *testing.T) {
	hold(t, group("{count: fall, is: exactly 0}"), "a count is 0 | expect met")
	hold(t, group("first: fall"), "first is no | expect not applicable")
	hold(t, group("last: fall"), "last is no | expect not applicable")
	hold(t, group("{score: [{has: fall}], is: under 1}"), "a score is 0 | expect met")
	_, problems := language.Load([]language.File{definition("it", group("all: []"))}, nil)
	if len(problems) == 0 {
		t.Error("an empty list of conditions passes the check, want it refused")
	}
	d, c := run(t, "measure: continuous\ndirection: neither\npopulation: {has: diabetes}\nvalue: {last: weight}\nsummary: mean\n", "nobody | ")
	if v, ok := c.Value(d); ok {
		t.Errorf("the mean of nothing is %v, want none", v)
	}
}

func TestM23UnitsAreConvertedNeverGuessed(t *testing.T) {
	hold(t, group("{last: weight, value: under 80 kg}"), `
		grams | Observation weight 2025-01-01 79000 g; expect met
		pounds | Observation weight 2025-01-01 176 [lb_av]; expect met
		just over | Observation weight 2025-01-01 177 [lb_av]; expect not applicable
		at the limit | Observation weight 2025-01-01 80000 g; expect not applicable
		not a weight | Observation weight 2025-01-01 50 cm; expect not applicable`)
	hold(t, group("{last: hba1c, value: under 48 mmol/mol}"), `
		per cent is another scale | Observation hba1c 2025-01-01 4 %; expect not applicable
		its own | Observation hba1c 2025-01-01 42 mmol/mol; expect met`)
	hold(t, group("{last: glucose, value: under 7 mmol/L}"), "mg/dL needs the substance | Observation glucose 2025-01-01 90 mg/dL; expect not applicable")
	hold(t, group("{last: systolic, value: under 18.7 kPa}"), "the other way | Observation systolic 2025-01-01 140 mm[Hg]; expect met")
}

func TestM24OnlyWhatHasAValue(t *testing.T) {
	hold(t, group("{last: systolic, value: under 140 mmHg}"), `
		the last without a value is passed over | Observation systolic 2025-01-01 130; Observation systolic 2025-02-01; expect met
		the last with one decides | Observation systolic 2025-01-01 130; Observation systolic 2025-02-01 150; expect not applicable`)
	hold(t, group("{has: systolic, value: under 140 mmHg}"), "any reading | Observation systolic 2025-01-01 130; Observation systolic 2025-02-01 150; expect met")
	hold(t, group("{count: systolic, value: at least 140 mmHg, is: 2 or more}"), `
		two of three | Observation systolic 2025-01-01 140; Observation systolic 2025-02-01 150; Observation systolic 2025-03-01 130; expect met
		one | Observation systolic 2025-01-01 140; Observation systolic 2025-02-01 130; expect not applicable`)
	hold(t, group("{count: fall, on different days: yes, is: 2 or more}"), `
		twice on a day | Condition fall 2025-01-01; Observation fall 2025-01-01; expect not applicable
		on two days | Condition fall 2025-01-01; Condition fall 2025-01-02; expect met`)
}

func TestM39Answers(t *testing.T) {
	hold(t, group("{last: tobacco, answer: smoker}"), `
		smokes | Observation tobacco 2025-06-01 answer smoker; expect met
		did before | Observation tobacco 2025-06-01 answer smoker; Observation tobacco 2025-09-01 answer answers-no; expect not applicable; why last tobacco, answer smoker
		asked again without an answer | Observation tobacco 2025-06-01 answer smoker; Observation tobacco 2025-09-01; expect met
		never answered | Observation tobacco 2025-06-01; expect not applicable
		is of the set, and does not answer so | Observation smoker 2025-06-01; expect not applicable`)
	hold(t, group("{has: tobacco, answer: smoker}"), `
		ever | Observation tobacco 2025-06-01 answer smoker; Observation tobacco 2025-09-01 answer answers-no; expect met
		never | Observation tobacco 2025-09-01 answer answers-no; expect not applicable`)
	hold(t, group("{count: tobacco, answer: smoker, is: exactly 1}"), "each | Observation tobacco 2025-06-01 answer smoker; Observation tobacco 2025-09-01 answer answers-no; expect met")
	hold(t, group("{has: smoker}"), "an answer is not what an event is | Observation tobacco 2025-06-01 answer smoker; expect not applicable")
	_, problems := language.Load(append(setFiles(), definition("it", group("{last: weight, value: over 80 kg, answer: smoker}"))), nil)
	if len(problems) != 1 || !strings.Contains(problems.Error(), "a number or an answer") {
		t.Errorf("a value and an answer at once: %v", problems)
	}
}

func TestM25ValuesWithABound(t *testing.T) {
	lib := load(t, definition("low", group("{last: glucose, value: under 140 mmol/L}")), definition("high", group("{last: glucose, value: at least 3 mmol/L}")),
		definition("at", group("{last: glucose, value: under 5 mmol/L}")))
	var b timeline.Builder
	b.AddPerson(timeline.Profile{Key: 1, ID: "p"})
	b.AddEvent(1, timeline.Event{What: timeline.What{
		Kind: "Observation", Unit: "mmol/L", Comparator: "<", Codes: []timeline.Code{{System: "http://snomed.info/sct", Code: "1003141000000105"}},
	}, Day: day(t, "2025-01-01"), Minute: timeline.DayOnly, HasValue: true, Value: 5})
	set, err := b.Set()
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]criteria.Answer{"low": criteria.Met, "high": criteria.NotApplicable, "at": criteria.Met} {
		if e := criteria.Compile(lib.Definitions[id]).Explain(set, 0, day(t, "2026-01-31")); e.Answer != want {
			t.Errorf("%s: \"< 5 mmol/L\" is %s, want %s", id, e.Answer, want)
		}
	}
}

func TestM26Change(t *testing.T) {
	hold(t, group("{change: {from: {first: phq-9, within: 12 months}, to: {last: phq-9, within: 12 months}}, value: -5 or less}"), `
		a fall of six | Observation phq-9 2025-05-01 16; Observation phq-9 2025-11-01 10; expect met
		a fall of four | Observation phq-9 2025-05-01 16; Observation phq-9 2025-11-01 12; expect not applicable
		one reading | Observation phq-9 2025-05-01 16; expect not applicable`)
}

const rate = `
measure: rate
direction: lower is better
population: {has: diabetes}
count: {count: fall, within: 12 months}
per: 1000 person-years
over: 12 months
`

func TestM27Rates(t *testing.T) {
	d, c := run(t, rate, `
		a whole year, two falls | born 1950-01-01; Condition diabetes 2020; Condition fall 2025-05-01; Condition fall 2025-06-01
		registered for 73 days | born 1950-01-01; practice p; registered 2025-11-20; Condition diabetes 2020
		not in the population | born 1950-01-01; Condition fall 2025-05-01`)
	years := (365.0 + 73.0) / 365.25
	if c.Events != 2 || math.Abs(c.Over-years) > 1e-12 {
		t.Errorf("%v events in %v person-years, want 2 in %v", c.Events, c.Over, years)
	}
	if v, ok := c.Value(d); !ok || math.Abs(v-2/years*1000) > 1e-9 {
		t.Errorf("the rate is %v, want %v", v, 2/years*1000)
	}
}

func TestM28BedDays(t *testing.T) {
	_, c := run(t, strings.Replace(rate, "count: {count: fall, within: 12 months}", "count: {bed days: any Encounter, class: inpatient, within: 12 months}", 1), `
		Monday to Wednesday | Condition diabetes 2020; Encounter - 2025-06-02 until 2025-06-04 class IMP
		a day case | Condition diabetes 2020; Encounter - 2025-06-02 until 2025-06-02 class IMP
		still in, for three nights | Condition diabetes 2020; Encounter - 2026-01-28 class IMP
		still in, for three nights, and out next week | Condition diabetes 2020; Encounter - 2026-01-28 until 2026-02-05 class IMP
		over the edge of the window, one night inside | Condition diabetes 2020; Encounter - 2025-01-20 until 2025-02-02 class IMP
		in A&E | Condition diabetes 2020; Encounter - 2025-06-02 until 2025-06-04 class EMER`)
	if c.Events != 2+0+3+3+1 {
		t.Errorf("%v bed days, want 9", c.Events)
	}
}

func TestM29MeansAndMedians(t *testing.T) {
	const people = `
		a | Condition diabetes 2020; Observation weight 2025-01-01 70
		b | Condition diabetes 2020; Observation weight 2025-01-01 80
		c | Condition diabetes 2020; Observation weight 2025-01-01 84
		d | Condition diabetes 2020; Observation weight 2025-01-01 102
		without | Condition diabetes 2020`
	for summary, want := range map[string]float64{"mean": 84, "median": 82} {
		d, c := run(t, "measure: continuous\ndirection: neither\npopulation: {has: diabetes}\nvalue: {last: weight}\nsummary: "+summary+"\n", people)
		if v, ok := c.Value(d); !ok || v != want {
			t.Errorf("the %s is %v, want %v", summary, v, want)
		}
		if c.Answers[criteria.Met] != 4 || c.Answers[criteria.Gap] != 1 {
			t.Errorf("%v have a value or not, want 4 and 1", c.Answers)
		}
	}
}

func TestM30TimeToAnEvent(t *testing.T) {
	const measure = `
measure: time to event
direction: lower is better
events:
  referral: {first: asthma, within: 12 months}
population: {has: diabetes}
start: referral
event: {first: assessment, since: referral}
`
	d, c := run(t, measure, `
		ten days | Condition diabetes 2020; Condition asthma 2025-06-01; Procedure assessment 2025-06-11
		twenty days | Condition diabetes 2020; Condition asthma 2025-06-01; Procedure assessment 2025-06-21
		waiting for fifteen | Condition diabetes 2020; Condition asthma 2026-01-16
		waiting for thirty | Condition diabetes 2020; Condition asthma 2026-01-01
		never referred | Condition diabetes 2020`)
	// after 10 days 3/4 wait; the one of 15 days leaves unseen; at 20 days 3/4 × 1/2
	if v, ok := c.Value(d); !ok || v != 20 {
		t.Errorf("the median time is %v (%v), want 20 days", v, ok)
	}
	if c.Answers[criteria.Met] != 2 || c.Answers[criteria.Gap] != 2 {
		t.Errorf("answers %v, want 2 met and 2 waiting", c.Answers)
	}
	d, c = run(t, measure, "waiting | Condition diabetes 2020; Condition asthma 2026-01-01")
	if v, ok := c.Value(d); ok {
		t.Errorf("the median of who all still wait is %v, want none", v)
	}
}

func TestM33SmallNumbers(t *testing.T) {
	for n, want := range map[int]string{0: "0", 1: "*", 7: "*", 8: "10", 12: "10", 13: "15", 1002: "1000", 1003: "1005"} {
		if got := criteria.Suppress(n); got != want {
			t.Errorf("%d is shown as %s, want %s", n, got, want)
		}
	}
	if _, ok := criteria.SuppressedShare(5, 100); ok {
		t.Error("the share of 5 in 100 is shown, want it hidden: it tells the 5")
	}
	if v, ok := criteria.SuppressedShare(99, 101); !ok || v != 1 {
		t.Errorf("the share of 99 in 101 is %v, want 100 in 100", v)
	}
	if criteria.MayTell(7) || !criteria.MayTell(8) {
		t.Error("a mean is told of 8 people or more, and of no fewer")
	}
}

func TestM34Marks(t *testing.T) {
	bare := strings.Replace(string(definition("it", group("has: unsure")).Data), "reviewer: nobody\n", "unverified: [the cut-off]\n", 1)
	unsure := "codes: unsure\nversion: 1.0.0\ntitle: unsure\nsource: x\nsystem: snomed\ninclude: [{code: 1, says: one, mark: K}, {code: 2, says: two, mark: V}]\n"
	lib, problems := language.Load([]language.File{{Name: "it.yaml", Data: []byte(bare)}, {Name: "u.yaml", Data: []byte(unsure)}}, nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	marks := fmt.Sprint(lib.Definitions["it"].Marks())
	for _, want := range []string{"unreviewed", "the cut-off", "of the codes of unsure, 1 of 2"} {
		if !strings.Contains(marks, want) {
			t.Errorf("the marks are %s, want %q among them", marks, want)
		}
	}
}

// people makes a Set of the people of cases, without expectations.
func people(t *testing.T, lib *language.Library, text string) *timeline.Set {
	t.Helper()
	var b strings.Builder
	b.WriteString("definition it\non 2026-01-31\n")
	for _, line := range strings.Split(text, "\n") {
		name, lines, ok := strings.Cut(line, " | ")
		if !ok {
			continue
		}
		b.WriteString("person " + strings.TrimSpace(name) + "\nexpect met\nbecause it is no case\n")
		for _, l := range strings.Split(lines, ";") {
			b.WriteString(strings.TrimSpace(l) + "\n")
		}
	}
	all, problems := cases.Parse("people", []byte(b.String()), lib)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	set, err := cases.Together(all)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

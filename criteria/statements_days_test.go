package criteria_test

import (
	"testing"
	"time"

	"joinery/criteria"
	"joinery/timeline"
)

func day(t *testing.T, s string) timeline.Day {
	t.Helper()
	d, err := timeline.ParseDay(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestM9DaysAreLondons(t *testing.T) {
	lib := load(t, definition("it", group("{has: fall, within: 1 day}")))
	for _, c := range []struct {
		at, on string
		want   criteria.Answer
	}{
		{"2026-06-30T22:59:00Z", "2026-06-30", criteria.Met},
		{"2026-06-30T23:00:00Z", "2026-06-30", criteria.NotApplicable}, // midnight in London
		{"2026-06-30T23:30:00Z", "2026-07-01", criteria.Met},
		{"2026-01-30T23:30:00Z", "2026-01-30", criteria.Met}, // no summer time
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		d, minute := timeline.DayOf(at)
		var b timeline.Builder
		b.AddPerson(timeline.Profile{Key: 1, ID: "p"})
		b.AddEvent(1, timeline.Event{
			What: timeline.What{Kind: "Condition", Codes: []timeline.Code{{System: "http://snomed.info/sct", Code: "1912002"}}},
			Day:  d, Minute: int16(minute),
		})
		set, err := b.Set()
		if err != nil {
			t.Fatal(err)
		}
		if got := criteria.Compile(lib.Definitions["it"]).Explain(set, 0, day(t, c.on)).Answer; got != c.want {
			t.Errorf("what happens at %s is %s on %s, want %s", c.at, got, c.on, c.want)
		}
	}
}

func TestM10NothingAfterTheIndexDate(t *testing.T) {
	for _, condition := range []string{
		"has: fall", "{has: fall, within: 12 months}", "{has: fall, from: 2026-01-01, to: 2027-01-01}", "{has: fall, since: 2026-01-01}",
		"{has: fall, since: birth}", "{has: fall, within: 100 years after birth}", "{has: fall, before: age 90 years}",
	} {
		hold(t, group(condition), `
			tomorrow | born 1950-01-01; Condition fall 2026-02-01; expect not applicable; changes 2026-02-01 to met
			today | born 1950-01-01; Condition fall 2026-01-31; expect met`)
	}
}

func TestM11WithinHoldsNoDayTwice(t *testing.T) {
	hold(t, group("{has: fall, within: 12 months}"), `
		on 2026-03-31
		first day | Condition fall 2025-04-01; expect met; changes 2026-04-01 to not applicable
		the day before | Condition fall 2025-03-31; expect not applicable`)
	hold(t, group("{has: fall, within: 7 days}"), `
		seventh | Condition fall 2026-01-25; expect met
		eighth | Condition fall 2026-01-24; expect not applicable`)
	hold(t, group("{has: fall, between: 12 and 24 months ago}"), `
		on 2026-03-31
		the last day | Condition fall 2025-03-31; expect met
		the day after | Condition fall 2025-04-01; expect not applicable; changes 2026-04-01 to met
		the first | Condition fall 2024-04-01; expect met
		before | Condition fall 2024-03-31; expect not applicable`)
	hold(t, group("{has: fall, before: 12 months ago}"), `
		a year ago | Condition fall 2025-01-31; expect met
		less | Condition fall 2025-02-01; expect not applicable`)
}

func TestM12MonthsOfDifferentLengths(t *testing.T) {
	hold(t, group("{has: fall, within: 1 month}"), `
		on 2025-03-31
		February has no 31st | Condition fall 2025-03-01; expect met
		its last day is a month ago | Condition fall 2025-02-28; expect not applicable
		on 2024-03-31
		a leap year | Condition fall 2024-02-29; expect not applicable
		the day after | Condition fall 2024-03-01; expect met`)
	hold(t, group("{has: fall, within: 1 year}"), `
		on 2024-02-29
		a year before leap day | Condition fall 2023-02-28; expect not applicable
		the day after | Condition fall 2023-03-01; expect met`)
}

const discharge = "events:\n  discharge: {last: stay, dated by: end, within: 12 months}\n"

func TestM13WindowsOnEvents(t *testing.T) {
	hold(t, discharge+group("{has: fall, within: 28 days after discharge}"), `
		the same day | Encounter stay 2025-09-20 until 2025-10-01; Condition fall 2025-10-01; expect met
		28 days later | Encounter stay 2025-09-20 until 2025-10-01; Condition fall 2025-10-29; expect met
		29 days later | Encounter stay 2025-09-20 until 2025-10-01; Condition fall 2025-10-30; expect not applicable
		in hospital | Encounter stay 2025-09-20 until 2025-10-01; Condition fall 2025-09-25; expect not applicable`)
	hold(t, discharge+group("{has: fall, within: 7 days before discharge}"), `
		seven days | Encounter stay 2025-09-20 until 2025-10-01; Condition fall 2025-09-24; expect met
		eight days | Encounter stay 2025-09-20 until 2025-10-01; Condition fall 2025-09-23; expect not applicable`)
	hold(t, discharge+group("{has: fall, between: 1 and 3 months before discharge}"), `
		a month | Encounter stay 2025-09-20 until 2025-10-01; Condition fall 2025-09-01; expect met
		a day less | Encounter stay 2025-09-20 until 2025-10-01; Condition fall 2025-09-02; expect not applicable
		three months | Encounter stay 2025-09-20 until 2025-10-01; Condition fall 2025-07-01; expect met; changes 2026-10-01 to not applicable
		a day more | Encounter stay 2025-09-20 until 2025-10-01; Condition fall 2025-06-30; expect not applicable
		some day of the month before | Encounter stay 2025-09-20 until 2025-10-01; Condition fall 2025-08; expect met
		perhaps too early | Encounter stay 2025-09-20 until 2025-10-01; Condition fall 2025; expect not applicable
		never in hospital | Condition fall 2025-09-01; expect not applicable`)
	hold(t, discharge+group("{has: fall, before: discharge}"), `
		the day before | Encounter stay 2025-09-20 until 2025-10-01; Condition fall 2025-09-30; expect met
		the day | Encounter stay 2025-09-20 until 2025-10-01; Condition fall 2025-10-01; expect not applicable`)
	hold(t, "events:\n  first-fall: {first: fall}\n"+group("{has: fall, since: first-fall}"), `
		one fall does not follow itself | Condition fall 2025-10-01; expect not applicable
		two do | Condition fall 2025-10-01; Condition fall 2025-10-02; expect met`)
	hold(t, group("{has: vaccine, between: age 1 year and age 2 years}"), `
		first birthday | born 2023-05-01; Immunization vaccine 2024-05-01; expect met
		the day before | born 2023-05-01; Immunization vaccine 2024-04-30; expect not applicable
		second birthday | born 2023-05-01; Immunization vaccine 2025-05-01; expect not applicable
		the day before that | born 2023-05-01; Immunization vaccine 2025-04-30; expect met`)
}

func TestM14WithoutAnAnchorTheWindowIsEmpty(t *testing.T) {
	hold(t, discharge+group("{has: fall, since: discharge}"), "never in hospital | Condition fall 2025-10-01; expect not applicable")
	hold(t, discharge+group("{count: fall, since: discharge, is: exactly 0}"), "a count is 0 | Condition fall 2025-10-01; expect met")
	hold(t, group("{has: fall, since: age 12 months}"), "no date of birth | Condition fall 2025-10-01; expect not applicable")
}

func TestM15Birthdays(t *testing.T) {
	hold(t, group("age: 18 or over"), `
		on 2022-02-28
		leap day | born 2004-02-29; expect not applicable; changes 2022-03-01 to met
		on 2022-03-01
		leap day | born 2004-02-29; expect met
		on 2024-02-29
		leap day in a leap year | born 2004-02-29; expect met`)
	hold(t, group("age: 1 or more months"), `
		on 2026-02-28
		born on the 31st | born 2026-01-31; expect not applicable; changes 2026-03-01 to met`)
	hold(t, group("age: over 75"), "75 | born 1951-01-31; expect not applicable; changes 2027-01-31 to met\n76 | born 1950-01-31; expect met")
	hold(t, group("age: 75 or over"), "75 today | born 1951-01-31; expect met\ntomorrow | born 1951-02-01; expect not applicable")
	hold(t, group("age: under 6 weeks"), "41 days | born 2025-12-21; expect met; changes 2026-02-01 to not applicable")
}

func TestM35Born(t *testing.T) {
	hold(t, group("born: since 2024-07-01"), "that day | born 2024-07-01; expect met; changes never\nthe day before | born 2024-06-30; expect not applicable\nno date of birth | expect not applicable")
	hold(t, group("born: before 2024-07-01"), "that day | born 2024-07-01; expect not applicable\nthe day before | born 2024-06-30; expect met")
	hold(t, group("born: 2022-09-01 to 2024-06-30"), `
		the first day | born 2022-09-01; expect met
		the last day | born 2024-06-30; expect met
		the day before | born 2022-08-31; expect not applicable
		the day after | born 2024-07-01; expect not applicable
		no date of birth | expect not applicable`)
	hold(t, group("not: {born: before 2024-07-01}"), "no date of birth: nor is it so | expect met")
}

func TestM16PartialDates(t *testing.T) {
	hold(t, group("{has: fall, within: 12 months}"), `
		all of the month lies inside | Condition fall 2025-02; expect met
		part of the month | Condition fall 2025-01; expect not applicable
		part of the year | Condition fall 2025; expect not applicable
		the year has not ended | Condition fall 2026; expect not applicable
		but it was entered before now | Condition fall 2026 recorded 2026-01-20; expect met`)
	hold(t, group("has: fall"), "a year long past | Condition fall 1999; expect met")
	hold(t, group("{last: smoking, was: smoker}"), `
		the day is later than its year | Observation smoking 2025 code 8517006; Observation smoking 2025-01-01 code 77176002; expect met`)
}

func TestM17WhichDate(t *testing.T) {
	hold(t, group("{has: stay, dated by: end, within: 12 months}"), `
		began before | Encounter stay 2024-12-01 until 2025-03-01; expect met
		has not ended | Encounter stay 2025-12-01; expect not applicable`)
	hold(t, group("{has: stay, within: 12 months}"), "by its start | Encounter stay 2024-12-01 until 2025-03-01; expect not applicable")
	hold(t, group("{has: fall, dated by: record, within: 12 months}"), `
		entered late | Condition fall 2019-01-01 recorded 2025-06-01; expect met
		entered at once | Condition fall 2019-01-01; expect not applicable`)
	hold(t, group("{has: stay, ongoing: yes}"), `
		in | Encounter stay 2026-01-01; expect met
		until tomorrow | Encounter stay 2026-01-01 until 2026-02-01; expect met; changes 2026-02-01 to not applicable
		until today | Encounter stay 2026-01-01 until 2026-01-31; expect not applicable`)
	hold(t, "events:\n  discharge: {last: stay, dated by: end}\n"+group("{has: fall, since: discharge}"), `
		the stay that ended last | Encounter stay 2025-01-01 until 2025-12-01; Encounter stay 2025-02-01 until 2025-03-01; Condition fall 2025-11-01; expect not applicable`)
}

func TestM18Living(t *testing.T) {
	hold(t, group("not: {has: fall}"), `
		not yet born | born 2026-02-01; expect not applicable; changes 2026-02-01 to met
		died today | died 2026-01-31; expect not applicable
		dies tomorrow | died 2026-02-01; expect met; changes 2026-02-01 to not applicable`)
	hold(t, "include people who have died: yes\n"+group("has: fall"), "asked for | died 2020-01-01; Condition fall 2019-01-01; expect met")
	hold(t, group("age: 0 or over"), "no date of birth | expect not applicable")
	hold(t, group("not: {age: under 18}"), "nor under 18 | expect met")
}

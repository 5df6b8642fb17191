package criteria_test

import (
	"fmt"
	"strings"
	"testing"

	"joinery/criteria"
	"joinery/criteria/language"
	"joinery/timeline"
)

// crowded runs definitions over 40 people of ages 41 to 80, every other one
// female, registered with two practices.
func crowded(t *testing.T, rests ...string) []*criteria.Result {
	t.Helper()
	var files []language.File
	for i, rest := range rests {
		files = append(files, definition(called(i), rest))
	}
	lib := load(t, files...)
	var b strings.Builder
	for i := range 40 {
		fmt.Fprintf(&b, "%d | born %d-06-01; sex %s; practice %s\n", i, 1984-i, []string{"female", "male"}[i%2], []string{"larkfield", "rookery"}[i/20])
	}
	var out []*criteria.Result
	set := people(t, lib, b.String())
	for i := range rests {
		results, err := criteria.Compile(lib.Definitions[called(i)]).Run(t.Context(), set, day(t, "2026-01-31"), 2)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, results.Definitions[0])
	}
	return out
}

// called is the id of the i-th definition; people asks for an "it".
func called(i int) string { return "it" + strings.Repeat("-again", i) }

// TestM37OneAnswerIsHeldToAnother asks of a group, and then of the same without
// some: the second count is withheld where they are few.
func TestM37OneAnswerIsHeldToAnother(t *testing.T) {
	const everyone = "who: {age: 41 or over}\n"
	for _, c := range []struct{ name, first, then, told string }{
		{"without one person", everyone, "who: {age: 42 or over}\n", "*"},
		{"without seven", everyone, "who: {age: 48 or over}\n", "*"},
		{"without eight", everyone, "who: {age: 49 or over}\n", "30"},
		{"some out and as many in", "who: {age: 41 to 60}\n", "who: {age: 43 to 62}\n", "*"},
		{"in another form", everyone, "measure: proportion\ndirection: neither\npopulation: {age: 0 or over}\nnumerator: {not: {all: [{sex: female}, {age: 41 to 43}]}}\n", "*"},
		{"the same people", everyone, "who: {not: {age: under 41}}\n", "40"},
		{"the same definition", everyone, everyone, "40"},
	} {
		r := crowded(t, c.first, c.then)
		if got := r[0].Release(nil).Total.Met; got == "*" {
			t.Errorf("%s: what is asked first is withheld", c.name)
		}
		if got := r[1].Release(r[:1]).Total.Met; got != c.told {
			t.Errorf("%s: %s are told, want %s", c.name, got, c.told)
		}
	}
}

// TestM37InEveryGroup holds the rows, values and steps of attrition, too.
func TestM37InEveryGroup(t *testing.T) {
	const measure = "measure: proportion\ndirection: neither\npopulation: %s\nnumerator: {sex: female}\n"
	r := crowded(t, fmt.Sprintf(measure, "{age: 0 or over}"), fmt.Sprintf(measure, "{age: 43 or over}"))
	whole := r[1].Release(nil, criteria.Practice)
	held := r[1].Release(r[:1], criteria.Practice)
	if got := fmt.Sprint(held.Total); got != "{[] * * * 0 0 [] }" {
		t.Errorf("the total is %v, want all but nothing withheld", got)
	}
	if got := fmt.Sprint(held.Rows[0]); got != "{[larkfield] * * * 0 0 [] }" {
		t.Errorf("the row in which they differ is %v, want it withheld", got)
	}
	if got, want := fmt.Sprint(held.Rows[1]), fmt.Sprint(whole.Rows[1]); got != want || strings.Contains(got, "*") {
		t.Errorf("the row in which they do not differ is %v, want %v", got, want)
	}
	steps := held.Attrition
	if steps[0].Left != "40" || steps[2].Left != "*" {
		t.Errorf("the steps are %v, want that of the population withheld", steps)
	}
}

// TestM38TheGrid refuses days and groups so near or narrow that single people
// show.
func TestM38TheGrid(t *testing.T) {
	for _, c := range []struct {
		on string
		by []criteria.Grouping
		ok bool
	}{
		{"2026-01-31", nil, true},
		{"2024-02-29", []criteria.Grouping{criteria.Practice, criteria.AgeBand}, true},
		{"2024-02-28", nil, false},
		{"2026-01-30", nil, false},
		{"2025-12-31", []criteria.Grouping{criteria.Practice, criteria.Network}, false},
		{"2025-12-31", []criteria.Grouping{criteria.Sex, criteria.AgeBand}, false},
	} {
		on, err := timeline.ParseDay(c.on)
		if err != nil {
			t.Fatal(err)
		}
		if err := criteria.Releasable(on, c.by...); (err == nil) != c.ok {
			t.Errorf("%s by %v: %v", c.on, c.by, err)
		}
	}
}

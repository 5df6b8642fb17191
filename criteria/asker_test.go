package criteria_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"joinery/criteria"
	"joinery/criteria/language"
	"joinery/definitions"
	"joinery/timeline"
)

// TestAsker: asking one person after another, while timelines change and new
// Whats come, gives what the pass over everybody gives; also after everything is
// laid down anew and numbered otherwise.
func TestAsker(t *testing.T) {
	lib, problems := language.Load(nil, definitions.Shipped())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var ds []*language.Definition
	var found []timeline.Code
	for _, d := range lib.Definitions {
		ds = append(ds, d)
		for _, set := range d.CodeSets() {
			for _, c := range set.Codes {
				found = append(found, timeline.Code{System: c.System, Code: c.Code})
			}
		}
	}
	r := rand.New(rand.NewPCG(5, 6))
	program := criteria.Compile(ds...)
	asker := program.Asker()
	live := timeline.NewLive(nil)
	on := timeline.Date(2026, 1, 31)
	differ := 0
	for round := range 300 {
		key := int64(r.IntN(12) + 1)
		var events []timeline.Event
		for range r.IntN(40) {
			e := timeline.Event{Day: on - timeline.Day(r.IntN(2000)), Minute: timeline.DayOnly}
			e.What = timeline.What{Kind: []string{"Condition", "Observation", "Encounter"}[r.IntN(3)], Status: "active", Codes: []timeline.Code{found[r.IntN(len(found))]}}
			if r.IntN(4) == 0 {
				e.Unit, e.Value, e.HasValue = []string{"mm[Hg]", "mmol/mol", "%"}[r.IntN(3)], float64(r.IntN(200)), true
			}
			events = append(events, e)
		}
		who := timeline.Profile{Key: key, ID: "p", Born: on - timeline.Day(r.IntN(36000)), Sex: "female", Practice: fmt.Sprint("gp", r.IntN(3))}
		if err := live.Put(who, events); err != nil {
			t.Fatal(err)
		}
		if r.IntN(20) == 0 {
			if _, err := live.Compact(); err != nil {
				t.Fatal(err)
			}
		}
		p, _ := live.Person(key)
		alone := p.Alone()
		day := on + timeline.Day(round/100)
		got := asker.Ask(alone, 0, day)
		results, err := program.Run(t.Context(), alone, day, 1)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range results.Definitions {
			if got[i] != want.Outcome(0) {
				t.Fatalf("round %d, %s: asked %v, run %v", round, want.Definition.ID, got[i], want.Outcome(0))
			}
			if got[i].Answer == criteria.Met || got[i].Answer == criteria.Gap {
				differ++
				asker.Reasons(i)
			}
		}
	}
	if differ < 100 {
		t.Errorf("only %d answers were met or gaps: nothing was tried", differ)
	}
}

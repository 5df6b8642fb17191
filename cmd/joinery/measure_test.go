package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"joinery/care/model"
	"joinery/care/workflow"
	"joinery/care/workflow/script"
	"joinery/definitions"
	"joinery/packs"
)

// TestScoresOfThePlayedWeeks: the scores before and after come out of the six weeks
// of classes that are played, with who came often enough and who stopped; and to who
// may not see small numbers nothing of it is told.
func TestScoresOfThePlayedWeeks(t *testing.T) {
	files, _ := packs.Pack("escape-pain")
	m, problems := model.Read("escape-pain", files, definitions.Shipped())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	text, err := packs.Files.ReadFile("escape-pain/cases/weeks.txt")
	if err != nil {
		t.Fatal(err)
	}
	b, err := script.Read("weeks.txt", string(text))
	if err != nil {
		t.Fatal(err)
	}
	th := &theatre{T: t, url: "sqlite:" + filepath.Join(t.TempDir(), "case.db"), now: time.Date(2026, 1, 1, 8, 0, 0, 0, time.UTC), tokens: map[string]string{}}
	th.open()
	defer func() { th.close() }()
	th.stock(b, m)
	run := script.Start(b, b.Cases[0], th.stage())
	for done := false; !done; {
		var wrong string
		if wrong, done = run.Step(); wrong != "" {
			t.Fatal(wrong)
		}
	}
	f, err := workflow.Of(th.desk(), th.clock).Funnel(t.Context(), "escape-pain")
	if err != nil {
		t.Fatal(err)
	}
	var exact, told bytes.Buffer
	countsOf(f, true).print(&exact)
	countsOf(f, false).print(&told)
	for _, line := range []string{
		"  clinical    Change of pain, first to last class (0 to 100, 100 is best): 18 (1 people), 1 asked once, hoped 10 [higher is better]",
		"  clinical    Change of function, first to last class (0 to 100): 9 (1 people), 1 asked once, hoped 9 [higher is better]",
		"  experience  Suited, within reach, and able to go on (0 to 9): 6 (1 people) [higher is better]",
		"  balancing   Stopped coming, of those who ended: 50% (1 of 2 people), hoped 20% [lower is better]",
		"  process     Came to at least 75% of the classes, of those who began: 50% (1 of 2 people) [higher is better]",
		"  process     First class within six weeks: 100% (2 of 2 people) [higher is better]",
	} {
		if !strings.Contains(exact.String(), line+"\n") {
			t.Errorf("the measures do not say %q:\n%s", line, exact.String())
		}
	}
	for _, line := range []string{"Change of pain, first to last class (0 to 100, 100 is best): * (* people), * asked once", "Stopped coming, of those who ended: * (* of * people)", "     *  began", "     0  turned away to nobody"} {
		if !strings.Contains(told.String(), line) {
			t.Errorf("shown with small numbers suppressed it does not say %q:\n%s", line, told.String())
		}
	}
}

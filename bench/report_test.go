package main

import (
	"strings"
	"testing"
)

func TestTheReportShowsGoalsAndGrowth(t *testing.T) {
	r := result{When: "today", Machine: "this", Mode: "quick", Version: "joinery", Lines: []line{
		{Name: lineNewest, Backend: "sqlite", Audit: "on", Resources: 35_000, Connections: 8, Rate: 6_500, Gate: 3_000, Goal: 6_000},
		{Name: lineNewest, Backend: "sqlite", Audit: "on", Resources: 200_000, Connections: 8, Rate: 3_250, Gate: 3_000, Goal: 6_000},
		{Name: lineDisk, Backend: "sqlite", Audit: "on", Resources: 200_000, Rate: 800, Gate: 750, Goal: 600},
		{Name: lineChain, Backend: "sqlite", Audit: "on", Connections: 8, Rate: 9_999, Gate: 1_500, Goal: 3_000, Wrong: 1},
	}}
	got := r.markdown()
	for _, want := range []string{
		"| 6,500/s | 0.00 / 0.00 | 0 / 0 | 0.0 + 0.0, 0.0 | 0 | 3,000 / 6,000 | goal |",
		"| gate |", "| 800 |", "| short |", "| wrong answers |",
		"| 35,000 | 6,500 | 0.00 | 200,000 | 3,250 | 0.00 | 50 % |",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the report lacks %q:\n%s", want, got)
		}
	}
	if n := strings.Count(got, "50 %"); n != 1 {
		t.Errorf("growth is shown %d times, want once", n)
	}
}

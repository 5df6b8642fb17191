package pages

import (
	"testing"
	"time"
	"unicode"

	"joinery/web/chart"
)

// arabic is the language that runs from right to left.
func arabic(t testing.TB) *tongue {
	t.Helper()
	tongues, err := readTongues()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range tongues {
		if l.code == "ar" {
			return l
		}
	}
	t.Fatal("there is no Arabic")
	return nil
}

// TestADrawingInArabic has no English of ours in it, and Western digits.
func TestADrawingInArabic(t *testing.T) {
	w := arabic(t).drawn
	h := chart.Heading{Title: "الانتظار", Says: "ينتظر أكثر الناس.", Source: "سجل للتجربة"}
	many, at := w.Count(1234), time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)
	for _, f := range []chart.Figure{
		chart.Bars{Heading: h, Of: "مكان", Unit: "شخص", Bars: []chart.Bar{{Label: "شمال", Amount: many}}}.Figure("bars", w),
		chart.Funnel{Heading: h, Unit: "شخص", Stages: []chart.Stage{{Label: "أول", Amount: many}, {Label: "ثان", Amount: w.Count(600)}}}.Figure("funnel", w),
		chart.Lines{Heading: h, Unit: "شخص", Lines: []chart.Line{{Label: "خط", Points: []chart.Point{{At: at, Amount: many}, {At: at.AddDate(1, 0, 0), Amount: many}}}}}.Figure("lines", w),
		chart.Timeline{Heading: h, Lanes: []chart.Lane{{Label: "خط", Events: []chart.Event{{Label: "حدث", Start: at, End: at.AddDate(0, 1, 0)}}}}}.Figure("time", w),
	} {
		text := plainly(string(f.HTML(2)))
		for _, r := range text {
			if unicode.Is(unicode.Latin, r) || unicode.IsDigit(r) && r > '9' {
				t.Errorf("%s has %q in it: %s", f.ID, r, text)
				break
			}
		}
	}
}

package plan

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"joinery/care/model"
)

// TestNobodyIsLost holds the flow to account: who would begin has begun, waits,
// or was sent another way; no more begin than may; no more are inside than there
// is room for.
func TestNobodyIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		of := &model.Model{
			Flow: model.Flow{
				Arrivals:  rapid.Float64Range(0, 5000).Draw(t, "arrivals"),
				Invited:   rapid.Float64Range(0, 1).Draw(t, "invited"),
				Consented: rapid.Float64Range(0, 1).Draw(t, "consented"),
				Active:    rapid.Float64Range(0, 1).Draw(t, "active"),
			},
			Waiting: model.Waiting{AtMost: model.Wait{N: rapid.IntRange(1, 20).Draw(t, "at most"), Unit: rapid.SampledFrom([]model.Unit{model.Hour, model.Week}).Draw(t, "unit")}},
		}
		if rapid.Bool().Draw(t, "limited") {
			of.Length = &model.Length{Is: model.Wait{N: rapid.IntRange(1, 30).Draw(t, "length"), Unit: model.Week}}
		}
		aWeek := rapid.Float64Range(1, 100).Draw(t, "a week")
		places := rapid.Float64Range(1, 500).Draw(t, "places")
		f := run(of, rapid.Float64Range(0, 1e6).Draw(t, "eligible"), aWeek, places, rapid.IntRange(1, 120).Draw(t, "weeks"))
		want := 0.0
		for w := range f.begin {
			want += f.want[w]
			if f.begin[w] < 0 || f.begin[w] > aWeek+1e-9 {
				t.Fatalf("in week %d %g begin, and %g may", w+1, f.begin[w], aWeek)
			}
			if f.inside[w] > places+1e-6 {
				t.Fatalf("in week %d %g are inside, and there is room for %g", w+1, f.inside[w], places)
			}
			if f.waiting[w] < -1e-9 || f.waiting[w] > 0 && !f.waits {
				t.Fatalf("in week %d %g wait", w+1, f.waiting[w])
			}
		}
		if got := f.begun + f.waiting[len(f.waiting)-1] + f.sentOn; math.Abs(got-want) > 1e-6*(1+want) {
			t.Fatalf("%g would begin; %g began, wait or went another way", want, got)
		}
	})
}

func TestWorkIsThatOfWhoBegins(t *testing.T) {
	of := &model.Model{Length: &model.Length{Is: model.Wait{N: 4, Unit: model.Week}}}
	f := &flow{begin: []float64{10, 0, 0, 0, 0, 0}, agree: []float64{0, 0, 0, 0, 0, 0}}
	sum := func(a model.Activity) float64 {
		into := make([]float64, 6)
		f.spread(of, &a, into)
		total := 0.0
		for _, h := range into {
			total += h
		}
		return total
	}
	for _, c := range []struct {
		name string
		a    model.Activity
		want float64
	}{
		{"once", model.Activity{Minutes: 60, When: model.Timing{Repeat: model.Once}}, 10},
		{"at weeks", model.Activity{Minutes: 30, When: model.Timing{Repeat: model.AtWeeks, Weeks: []int{0, 3}}}, 10},
		{"twice a week for four weeks", model.Activity{Minutes: 60, When: model.Timing{Repeat: model.Recurring, Times: 2, Every: 1, Unit: model.Week}}, 80},
		{"the same in groups of eight", model.Activity{Minutes: 60, Group: 8, When: model.Timing{Repeat: model.Recurring, Times: 2, Every: 1, Unit: model.Week}}, 10},
		{"up to three times a day, five expected", model.Activity{Minutes: 60, Expected: 5, When: model.Timing{Repeat: model.Recurring, Times: 3, Every: 1, Unit: model.Day, UpTo: true}}, 50},
		{"when needed, half of them", model.Activity{Minutes: 60, Expected: 0.5, When: model.Timing{Repeat: model.WhenNeeded}}, 5},
	} {
		if got := sum(c.a); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %g hours, want %g", c.name, got, c.want)
		}
	}
}

package synth

import (
	"flag"
	"math"
	"testing"
)

var long = flag.Bool("long", false, "measure 1,000,000 people instead of 12,000")

// TestTheReportIsGreen reads the calibration report. With few people much is put
// down to chance; -long takes that away.
func TestTheReportIsGreen(t *testing.T) {
	if testing.Short() {
		t.Skip("measures thousands of people")
	}
	people := int64(12_000)
	if *long {
		people = 1_000_000
	}
	r, err := openDistrict(t, 1).Measure(t.Context(), people, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	met := 0
	for _, f := range r.Findings {
		if f.Source == "" || f.Unit == "" || f.Tolerance <= 0 || math.IsNaN(f.Made) {
			t.Errorf("%s, %s has no source, unit or tolerance: %+v", f.Title, f.Name, f)
		}
		if f.Verdict == Missed {
			t.Errorf("%s, %s: made %.3g %s, published %.3g; off by %.2g, where %.2g is tolerated and %.2g chance", f.Title, f.Name, f.Made, f.Unit, f.Target, f.Difference, f.Tolerance, f.Noise)
		}
		if f.Verdict == Met {
			met++
		}
	}
	if met < len(r.Findings)/3 || len(r.Findings) < 200 {
		t.Errorf("%d of %d figures are met", met, len(r.Findings))
	}
	if len(r.Uncalibrated) == 0 {
		t.Error("nothing is listed as made without a published figure")
	}
}

// TestAVerdict holds find to numbers that can be worked out by hand.
func TestAVerdict(t *testing.T) {
	g := gauge{scale: 100}
	for _, c := range []struct {
		hits, of int64
		want     Verdict
	}{
		{0, 0, Unseen},
		{100, 1000, Met},         // 10%, as wanted
		{109, 1000, Met},         // within a tenth
		{125, 1000, MetByLuck},   // 100 expected: chance adds 5.25%
		{165, 1000, Missed},      // 6.5% off, where 1 is tolerated and 5.25 chance
		{16000, 100_000, Missed}, // nothing left to chance
	} {
		if f := g.find(figure{"x", 10, 0.1}, c.hits, c.of); f.Verdict != c.want {
			t.Errorf("%d of %d is %s, want %s: %+v", c.hits, c.of, f.Verdict, c.want, f)
		}
	}
}

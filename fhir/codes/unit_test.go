package codes

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCanonical(t *testing.T) {
	for _, c := range []struct {
		value, unit string
		v           float64
		base        string
	}{
		{"1.5", "mg/dL", 15, "g.m-3"},
		{"0.015", "g/L", 15, "g.m-3"},
		{"100", "mmol/L", 100, "mol.m-3"},
		{"100", "meq/L", 100, "mol.m-3"},
		{"72", "/min", 1.2, "s-1"},
		{"72", "1/min", 1.2, "s-1"},
		{"72", "{beats}/min", 1.2, "s-1"},
		{"4.5", "10*3/uL", 4.5e12, "m-3"},
		{"4.5", "10*9/L", 4.5e12, "m-3"},
		{"120", "mm[Hg]", 120 * 133322, "g.m-1.s-2"},
		{"16", "kPa", 16e6, "g.m-1.s-2"},
		{"37", "Cel", 310.15, "K"},
		{"98.6", "[degF]", 310.15, "K"},
		{"310.15", "K", 310.15, "K"},
		{"3", "{score}", 3, "1"},
		{"3", "1", 3, "1"},
		{"50", "%", 0.5, "1"},
		{"25", "kg/m2", 25000, "g.m-2"},
		{"1", "[iU]/L", 1000, "m-3.[iU]"},
		{"1", "[IU]/L", 1000, "m-3.[iU]"},
		{"1", "k[iU]/L", 1e6, "m-3.[iU]"},
		{"60", "U/L", 0.001, "mol.m-3.s-1"},
		{"1", "mL/min/{1.73_m2}", 1e-6 / 60, "m3.s-1"},
		{"1", "mg/(24.h)", 0.001 / 86400, "g.s-1"},
		{"1", "mg/(kg.d)", 1e-6 / 86400, "s-1"},
		{"2", "[in_i]", 0.0508, "m"},
		{"1", "J", 1000, "g.m2.s-2"},
		{"1", "N.m", 1000, "g.m2.s-2"},
		{"1", "Ohm.A", 1000, "g.m2.s-2.C-1"},
		{"1", "V", 1000, "g.m2.s-2.C-1"},
		{"1", "C/F", 1000, "g.m2.s-2.C-1"},
		{"1", "RAD", 0.01, "m2.s-2"},
		{"7.4", "[pH]", 7.4, "[pH]"},
		{"1E-3", "kg", 1, "g"},
		{"-0", "Cel", 273.15, "K"},
	} {
		v, base, ok := Canonical(c.value, c.unit)
		if !ok || base != c.base || math.Abs(v-c.v) > 1e-12*math.Abs(c.v) {
			t.Errorf("Canonical(%s, %s) = %v %s %v, want %v %s", c.value, c.unit, v, base, ok, c.v, c.base)
		}
	}
}

func TestCanonicalIsHonest(t *testing.T) {
	for _, c := range [][2]string{
		{"1", ""},
		{"1", "parrots"},
		{"1", "mmHg"},
		{"1", "dB"},
		{"1", "J/Cel"},
		{"1", "Cel2"},
		{"1", "m0"},
		{"1", "mg dL"},
		{"", "mg"},
		{"x", "mg"},
		{"1/2", "mg"},
		{"0x1", "mg"},
		{"1_0", "mg"},
		{"1e99999999", "mg"},
		{"Inf", "mg"},
		{"1e400", "mg"},
		{strings.Repeat("9", 65), "mg"},
		{"1", strings.Repeat("m.", 40) + "m"},
		{"1", "m/0"},
	} {
		if v, base, ok := Canonical(c[0], c[1]); ok {
			t.Errorf("Canonical(%q, %q) = %v %s, want it refused", c[0], c[1], v, base)
		}
	}
}

// TestSameQuantitySameNumber: one quantity written in two units comes out as
// the same floating-point number, so that it can be compared and indexed.
func TestSameQuantitySameNumber(t *testing.T) {
	pairs := [][3]string{{"mg/dL", "g/L", "e-2"}, {"mm", "m", "e-3"}, {"ug", "kg", "e-9"}, {"mL", "L", "e-3"}, {"mmol/L", "umol/mL", ""}}
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom(pairs).Draw(t, "units")
		n := rapid.StringMatching(`-?(0|[1-9][0-9]{0,6})(\.[0-9]{1,6})?`).Draw(t, "value")
		a, base, ok := Canonical(n, p[0])
		b, other, ok2 := Canonical(n+p[2], p[1])
		if !ok || !ok2 || base != other || a != b {
			t.Fatalf("%s %s = %v %s, but %s%s %s = %v %s", n, p[0], a, base, n, p[2], p[1], b, other)
		}
	})
}

func TestUnitsAreForgottenWhenTooMany(t *testing.T) {
	for i := range maxKnown + 100 {
		Canonical("1", "m{"+strings.Repeat("x", i%40)+string(rune('a'+i%26))+strings.Repeat("y", i/1040)+"}")
	}
	n := 0
	units.known.Range(func(any, any) bool { n++; return true })
	if n > maxKnown {
		t.Errorf("%d units are kept, want at most %d", n, maxKnown)
	}
}

func BenchmarkCanonical(b *testing.B) {
	for b.Loop() {
		Canonical("1.5", "mg/dL")
	}
}

func TestUnitsWithoutARatioAreRefusedQuietly(t *testing.T) {
	for _, unit := range []string{"YB", "dB", "Np", "B[SPL]", "10^400.m", "Ym10000"} {
		if _, base, ok := Canonical("1", unit); ok && base == "" {
			t.Errorf("Canonical(1, %q) has no base", unit)
		}
	}
	if _, _, ok := Canonical("1", "YB"); ok {
		t.Error("a yottabel has a canonical unit; want none")
	}
}

package language

import (
	"math"
	"strconv"
	"strings"

	"joinery/fhir/codes"
)

// Conversion turns a value in one unit into a value in another.
type Conversion struct{ Scale, Offset float64 }

// Of converts a value. The result is rounded to 12 significant digits, so that
// 7 g/L is exactly 0.7 g/dL and lies where its reader expects at a cut-off.
func (c Conversion) Of(x float64) float64 {
	if c.Scale == 1 && c.Offset == 0 {
		return x
	}
	y := x*c.Scale + c.Offset
	if y == 0 || math.IsInf(y, 0) || math.IsNaN(y) {
		return y
	}
	y, _ = strconv.ParseFloat(strconv.FormatFloat(y, 'g', 12, 64), 64)
	return y
}

// Convert returns how values in one UCUM unit become values in another. ok is
// false where the one cannot be turned into the other by arithmetic alone:
// mmol/L and mg/dL need to know the substance, and HbA1c in mmol/mol (IFCC) and
// in per cent (NGSP) are two scales, not one. A unit of "" is that of a plain
// number, "1".
func Convert(from, to string) (c Conversion, ok bool) {
	if from == "" {
		from = "1"
	}
	if to == "" {
		to = "1"
	}
	if from == to {
		return Conversion{Scale: 1}, codes.IsUnit(from)
	}
	if strings.Contains(from, "mol") != strings.Contains(to, "mol") {
		return c, false
	}
	from0, base, ok0 := codes.Canonical("0", from)
	from1, _, ok1 := codes.Canonical("1", from)
	to0, toBase, ok2 := codes.Canonical("0", to)
	to1, _, ok3 := codes.Canonical("1", to)
	if !ok0 || !ok1 || !ok2 || !ok3 || base != toBase || to1 == to0 {
		return c, false
	}
	return Conversion{Scale: (from1 - from0) / (to1 - to0), Offset: (from0 - to0) / (to1 - to0)}, true
}

package synth

import "math"

func survival(age float64, sex Sex, decile int, years float64) float64 {
	return math.Exp(-years * 0.00003 * math.Exp(0.09*age))
}

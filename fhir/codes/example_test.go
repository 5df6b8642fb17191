package codes_test

import (
	"fmt"

	"joinery/fhir/codes"
)

func ExampleCanonical() {
	a, base, _ := codes.Canonical("5.5", "mmol/L")
	b, _, _ := codes.Canonical("5500", "umol/L")
	fmt.Println(a, base, a == b)
	// Output: 5.5 mol.m-3 true
}

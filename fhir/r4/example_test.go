package r4_test

import (
	"fmt"

	"joinery/fhir"
	"joinery/fhir/r4"
)

func ExampleValidate() {
	doc, err := fhir.Parse([]byte(`{"resourceType":"Patient","gendre":"female","birthDate":"1951-02-30"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := r4.Validate(doc); err != nil {
		fmt.Println(err)
	}
	// Output: Patient.gendre: Patient has no element of this name. Did you mean gender?; Patient.birthDate: This must be a date such as 1951-06-04, 1951-06 or 1951.
}

func ExampleChild() {
	e, _ := r4.Child("Observation", "valueQuantity")
	fmt.Println(e.Path, e.Types, e.Max)
	// Output: Observation.value[x] [Quantity] 1
}

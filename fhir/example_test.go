package fhir_test

import (
	"fmt"

	"joinery/fhir"
)

func ExampleParse() {
	doc, err := fhir.Parse([]byte(`{"resourceType":"Patient","name":[{"family":"Invented","given":["Ada","Bea"]}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	given := doc.Root().At("name").Get("given")
	fmt.Println(given.Item(1).Text(), given.Item(1).Where())
	// Output: Bea Patient.name[0].given[1]
}

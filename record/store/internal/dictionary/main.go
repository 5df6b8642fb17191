// Command dictionary makes the dictionary that bodies are compressed with, from
// examples.ndjson: resources that were invented for it, and are nobody's, with
// the URIs and displays that are often met.
//
// A dictionary that was released never changes, as what was compressed with it
// can only be read with it. For a better one write the next number.
package main

import (
	"bytes"
	_ "embed"
	"flag"
	"fmt"
	"os"

	"joinery/fhir"
)

//go:embed examples.ndjson
var examples []byte

// metas are how the members of meta, which come first in a body, often are.
var metas = []string{
	`"profile":["http://hl7.org/fhir/us/core/StructureDefinition/us-core-`,
	`"profile":["https://fhir.hl7.org.uk/StructureDefinition/UKCore-`,
	`"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"PSY"},{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"}]`,
	`"source":"https://`,
	`"tag":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"HTEST","display":"test health data"}]`,
	`"tag":[{"system":"https://smarthealthit.org/tags","code":"synthea-`,
}

func main() {
	out := flag.String("o", "", "file to write")
	flag.Parse()
	dictionary, err := build()
	if err == nil {
		err = os.WriteFile(*out, dictionary, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "dictionary:", err)
		os.Exit(1)
	}
}

// build puts the examples one after the other, the most frequent types last, as
// bodies are: without the type, and without what stands for ids.
func build() ([]byte, error) {
	var out []byte
	for _, m := range metas {
		out = append(out, m...)
	}
	for n, line := range bytes.Split(bytes.TrimSpace(examples), []byte("\n")) {
		doc, err := fhir.Parse(line)
		if err != nil || !doc.Root().Get("resourceType").Exists() {
			return nil, fmt.Errorf("line %d is no resource: %w", n+1, err)
		}
		_, body, _ := bytes.Cut(line, []byte(","))
		out = append(out, bytes.ReplaceAll(bytes.TrimSuffix(body, []byte("}")), []byte("/@"), []byte("/"))...)
	}
	if len(out) > 64<<10 {
		return nil, fmt.Errorf("%d bytes are more than a dictionary may have", len(out))
	}
	return out, nil
}

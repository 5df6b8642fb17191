package main

import (
	"fmt"
	"runtime"
)

type versionCommand struct{}

// Help is shown by joinery version --help.
func (versionCommand) Help() string {
	return `    joinery version
    joinery version --json`
}

// Run is the command.
func (versionCommand) Run(a *app) error {
	if a.flags.JSON {
		return a.printJSON(map[string]string{"version": version, "go": runtime.Version(), "fhir": "4.0.1"})
	}
	fmt.Fprintf(a.out, "joinery %s, FHIR 4.0.1, %s\n", version, runtime.Version())
	return nil
}

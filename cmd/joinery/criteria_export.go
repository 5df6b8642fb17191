package main

import (
	"fmt"

	"joinery/criteria/export"
	"joinery/criteria/language"
	"joinery/fault"
)

type criteriaCQL struct {
	Definition string `arg:"" help:"The id of a shipped definition, or a file."`
}

// Help is shown by joinery criteria cql --help.
func (criteriaCQL) Help() string {
	return `One CQL library (FHIR 4.0.1, without FHIRHelpers) with all that the definition refers to. Its parameter On is the index date, and its expression Answer one of the five answers.

    joinery criteria cql health-1000 > health-1000.cql`
}

// Run is the command.
func (c *criteriaCQL) Run(a *app) error {
	d, err := oneDefinition(c.Definition)
	if err != nil {
		return err
	}
	text, err := export.CQL(d)
	if err != nil {
		return err
	}
	fmt.Fprint(a.out, text)
	return nil
}

type criteriaExport struct {
	Definition string `arg:"" help:"The id of a shipped definition, or a file."`
	FHIR       bool   `name:"fhir" help:"As FHIR R4: ValueSets, a Library with the CQL, and a Measure or a PlanDefinition." default:"true"`
}

// Help is shown by joinery criteria export --help.
func (criteriaExport) Help() string {
	return `A Bundle of what carries the definition elsewhere. Its resources are drafts until a clinician's name stands in the definition.

    joinery criteria export health-1000 --fhir > health-1000.json`
}

// Run is the command.
func (c *criteriaExport) Run(a *app) error {
	d, err := oneDefinition(c.Definition)
	if err != nil {
		return err
	}
	resources, err := export.FHIR(d)
	if err != nil {
		return err
	}
	text, err := export.Bundle(resources).JSON()
	if err != nil {
		return err
	}
	_, err = a.out.Write(text)
	return err
}

func oneDefinition(arg string) (*language.Definition, error) {
	_, ds, err := library([]string{arg})
	if err != nil {
		return nil, err
	}
	if len(ds) != 1 {
		return nil, fault.New(fault.Invalid, "Name one definition.")
	}
	return ds[0], nil
}

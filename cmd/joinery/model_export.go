package main

import "joinery/care/model/export"

type modelExport struct {
	Model string `arg:"" help:"A folder, or the id of a shipped model."`
	FHIR  bool   `name:"fhir" help:"As FHIR R4." default:"true"`
}

// Help is shown by joinery model export --help.
func (modelExport) Help() string {
	return `A Bundle of a PlanDefinition, ActivityDefinitions, HealthcareServices, Measures, Questionnaires and Libraries, with the pack itself in one of them. They are drafts until a clinician's name stands in the model.

    joinery model export escape-pain --fhir > escape-pain.json`
}

// Run is the command.
func (c *modelExport) Run(a *app) error {
	m, err := readPack(c.Model)
	if err != nil {
		return err
	}
	resources, err := export.FHIR(m)
	if err != nil {
		return err //nolint:wrapcheck // it is fit to be shown
	}
	text, err := export.Bundle(resources).JSON()
	if err != nil {
		return err //nolint:wrapcheck // it says what it was doing
	}
	_, err = a.out.Write(text)
	return err //nolint:wrapcheck // of writing to standard output
}

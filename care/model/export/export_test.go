package export_test

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"joinery/care/model"
	"joinery/care/model/export"
	"joinery/definitions"
	"joinery/fhir"
	"joinery/fhir/r4"
	"joinery/packs"
	"joinery/written"
)

func read(t *testing.T, files []written.File) *model.Model {
	t.Helper()
	m, problems := model.Read("pack", files, definitions.Shipped())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return m
}

// all are the shipped models, the example of a new one, and one with every
// timing there is.
func all(t *testing.T) map[string]*model.Model {
	t.Helper()
	out := map[string]*model.Model{"walks": read(t, model.Starter("walks"))}
	for _, id := range packs.IDs() {
		files, _ := packs.Pack(id)
		out[id] = read(t, files)
	}
	every := model.Starter("every")
	for i := range every {
		every[i].Data = []byte(strings.NewReplacer(
			"    when: once a week\n    for: 12 weeks\n", "    when: up to 3 times a day\n    expected: 20\n    for: 2 weeks\n", "    attended: 75%\n", "    attended: 75%\n",
			"at week 12", "at weeks 0, 6 and 12", "open: 09:00 to 17:00 Monday to Friday", "open: 20:00 to 24:00 Saturday and Sunday",
			"# reviewer: Dr", "reviewer: Dr",
		).Replace(string(every[i].Data)))
	}
	out["every"] = read(t, every)
	return out
}

func TestExportedResourcesAreValid(t *testing.T) {
	for id, m := range all(t) {
		resources, err := export.FHIR(m)
		if err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		kinds := map[string]int{}
		ids := map[string]bool{}
		for _, r := range resources {
			text, err := r.JSON()
			if err != nil {
				t.Fatal(err)
			}
			doc, err := fhir.Parse(text)
			if err != nil {
				t.Fatalf("%s: %v does not parse: %v", id, r["url"], err)
			}
			if err := r4.Validate(doc); err != nil {
				t.Errorf("%s: %v/%v is not valid: %v", id, r["resourceType"], r["id"], err)
			}
			key := r["resourceType"].(string) + "/" + r["id"].(string)
			if ids[key] {
				t.Errorf("%s: %s stands twice", id, key)
			}
			ids[key] = true
			kinds[r["resourceType"].(string)]++
			if status, ok := r["status"]; ok && m.Reviewer == "" && status != "draft" {
				t.Errorf("%s: %s has the status %v, and nobody has reviewed it", id, key, status)
			}
			if m.Reviewer == "" && r["resourceType"] != "ValueSet" && !bytes.Contains(text, []byte("unreviewed")) {
				t.Errorf("%s: %s does not say that nobody has reviewed it", id, key)
			}
		}
		for _, kind := range []string{"PlanDefinition", "ActivityDefinition", "HealthcareService", "Measure", "Library", "Questionnaire"} {
			if kinds[kind] == 0 {
				t.Errorf("%s has no %s", id, kind)
			}
		}
		if n := kinds["ActivityDefinition"]; n != len(m.Activities)+2 {
			t.Errorf("%s has %d ActivityDefinitions for %d activities", id, n, len(m.Activities))
		}
	}
}

func TestTheLibraryHoldsThePack(t *testing.T) {
	m := all(t)["escape-pain"]
	resources, err := export.FHIR(m)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(resources, func(r export.Resource) bool { return r["id"] == "escape-pain.pack" })
	data, err := base64.StdEncoding.DecodeString(resources[i]["content"].([]export.Resource)[0]["data"].(string))
	if err != nil {
		t.Fatal(err)
	}
	again, err := model.ReadCanonical(data)
	if err != nil {
		t.Fatal(err)
	}
	if again.Name() != m.Name() {
		t.Errorf("the Library holds %s, want %s", again.Name(), m.Name())
	}
}

// TestActionsNameWhatThereIs holds every related action to one of the plan's, so
// that nothing comes after what is not there.
func TestActionsNameWhatThereIs(t *testing.T) {
	for id, m := range all(t) {
		resources, err := export.FHIR(m)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range resources {
			if r["resourceType"] != "PlanDefinition" || r["id"] != m.ID {
				continue
			}
			actions := r["action"].([]export.Resource)
			ids := map[any]bool{}
			for _, a := range actions {
				if ids[a["id"]] {
					t.Errorf("%s: the action %v stands twice", id, a["id"])
				}
				ids[a["id"]] = true
			}
			for _, a := range actions {
				related, _ := a["relatedAction"].([]export.Resource)
				for _, x := range related {
					if !ids[x["actionId"]] {
						t.Errorf("%s: %v comes after %v, which is no action", id, a["id"], x["actionId"])
					}
				}
			}
			if n := len(actions[1]["condition"].([]export.Resource)); n != len(m.Eligible)+len(m.Exclusions) {
				t.Errorf("%s: enrolment has %d conditions for %d criteria", id, n, len(m.Eligible)+len(m.Exclusions))
			}
		}
	}
}

func TestTheSameModelGivesTheSameBytes(t *testing.T) {
	m := all(t)["living-well-network"]
	var texts [2][]byte
	for i := range texts {
		resources, err := export.FHIR(m)
		if err != nil {
			t.Fatal(err)
		}
		if texts[i], err = export.Bundle(resources).JSON(); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(texts[0], texts[1]) {
		t.Error("two exports of one model differ")
	}
}

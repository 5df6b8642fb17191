package export_test

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"

	"joinery/criteria/export"
	"joinery/criteria/language"
	"joinery/definitions"
	"joinery/fhir"
	"joinery/fhir/r4"
)

const head = `definition: it
version: 1.0.0
title: It
statement: a test
owner: the tests
sources: [the tests]
review: 2030-01-01
`

func load(t *testing.T, rest string) *language.Definition {
	t.Helper()
	lib, problems := language.Load([]language.File{{Name: "it.yaml", Data: []byte(head + rest)}}, definitions.Shipped())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return lib.Definitions["it"]
}

func shipped(t *testing.T) map[string]*language.Definition {
	t.Helper()
	lib, problems := language.Load(definitions.Shipped(), nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return lib.Definitions
}

// TestExportedResourcesAreValid holds what is written as FHIR to our own check
// of R4, and to saying what is not reviewed.
func TestExportedResourcesAreValid(t *testing.T) {
	all := shipped(t)
	all["every-part"] = load(t, everyPart)
	for id, d := range all {
		valid(t, id, d)
	}
}

// valid holds the resources of a definition to our own check, and to saying
// what is not reviewed.
func valid(t *testing.T, id string, d *language.Definition) {
	t.Helper()
	resources, err := export.FHIR(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range append(resources, export.Bundle(resources)) {
		text, err := r.JSON()
		if err != nil {
			t.Fatal(err)
		}
		doc, err := fhir.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v: %v", id, r["resourceType"], err)
		}
		if err := r4.Validate(doc); err != nil {
			t.Errorf("%s: %v: %v", id, r["resourceType"], err)
		}
		odd, err := fhir.Parse(bytes.Replace(text, []byte("{"), []byte(`{"oddity": 1,`), 1))
		if err != nil {
			t.Fatal(err)
		}
		if r4.Validate(odd) == nil {
			t.Errorf("%s: the check of a %v finds nothing wrong with what R4 does not know", id, r["resourceType"])
		}
		if typ := r["resourceType"]; d.Reviewer == "" && typ != "ValueSet" && typ != "Bundle" && !bytes.Contains(text, []byte("unreviewed")) {
			t.Errorf("%s: the %v does not say that nobody has reviewed it", id, typ)
		}
	}
}

// TestWhatIsExportedIsWhole holds that an engine finds all that it is sent to: a
// Measure's or a plan's library, the ValueSets that the CQL names, and in the CQL
// what the Library says it offers and every expression of a Measure.
func TestWhatIsExportedIsWhole(t *testing.T) {
	all := shipped(t)
	all["every-part"] = load(t, everyPart)
	for id, d := range all {
		resources, err := export.FHIR(d)
		if err != nil {
			t.Fatal(err)
		}
		cql, err := export.CQL(d)
		if err != nil {
			t.Fatal(err)
		}
		urls := map[any]bool{}
		for _, r := range resources {
			urls[r["url"]] = true
		}
		for _, r := range resources {
			for _, url := range libraries(r) {
				if !urls[url] {
					t.Errorf("%s: the %v is of a library %s that is not there", id, r["resourceType"], url)
				}
			}
			for _, name := range names(r) {
				if !strings.Contains(cql, "\ndefine \""+name+"\":") && !strings.Contains(cql, "\nparameter \""+name+"\"") {
					t.Errorf("%s: the %v names %q, which the CQL does not define", id, r["resourceType"], name)
				}
			}
		}
		for _, m := range regexp.MustCompile(`(?m)^valueset .*: '(.*)'$`).FindAllStringSubmatch(cql, -1) {
			if !urls[m[1]] {
				t.Errorf("%s: the CQL is of a ValueSet %s that is not there", id, m[1])
			}
		}
	}
}

func libraries(r export.Resource) []string {
	of, _ := r["library"].([]string)
	return of
}

// names returns what a resource says the CQL defines: parameters, and what its
// expressions name.
func names(r export.Resource) []string {
	var out []string
	parameters, _ := r["parameter"].([]export.Resource)
	for _, p := range parameters {
		out = append(out, p["name"].(string))
	}
	text, err := r.JSON()
	if err != nil {
		return nil
	}
	for _, m := range regexp.MustCompile(`"expression": "(.*)"`).FindAllStringSubmatch(string(text), -1) {
		for _, name := range regexp.MustCompile(`\\"([^"\\]+)\\"`).FindAllStringSubmatch(m[1], -1) {
			out = append(out, name[1])
		}
	}
	return out
}

const everyPart = `
events: {stay: {last: any Encounter, class: inpatient, dated by: end, within: 12 months}}
terms: {bp: {last: systolic, within: 12 months, value: under 18.7 kPa}}
measure: proportion
direction: lower is better
population:
  all:
    - {registered: at least 6 months}
    - {sex: [female, male]}
    - {any: [{born: since 1990-01-01}, {born: before 1940-07-01}, {born: 1950-01-01 to 1960-12-31}]}
    - {deprivation: 1 to 5}
    - {any: [{ethnicity: [A, M]}, {area: resident}, {practice: larkfield}]}
exclusions:
  - {when: {has: end-of-life, needs: {has: dementia}}, reason: a}
numerator:
  all:
    - {meets: bp}
    - {not: {meets: health-1000}}
    - {at least: 1, of: [{count: diabetes, since: stay, of different codes: yes, is: under 3}, {has: copd, before: age 60 years}, {has: copd, between: 1 and 6 months before stay}]}
    - {score: [{has: lithium, ongoing: yes, points: 2}, {has: depression, status: active}], is: under 3}
    - {any: [{change: {from: {first: body-mass-index}, to: {last: body-mass-index}}, value: -1 kg/m2 or less}, {last: smoking-status, was: smoking-status, dated by: record}]}
exceptions:
  - {when: {count: copd, on different days: yes, between: 3 and 15 months ago, is: 1 to 2}, reason: b}
`

// TestCQLNamesWhatItUses holds that every name in the CQL is defined in it, that
// no query drops what is equal, and that no FHIRHelpers is needed. Whether an
// engine takes it, and gives the same answers, the oracle says.
func TestCQLNamesWhatItUses(t *testing.T) {
	all := shipped(t)
	all["every-part"] = load(t, everyPart)
	quoted := regexp.MustCompile(`"([^"\n]+)"`)
	defined := regexp.MustCompile(`(?m)^(?:define|define function|valueset|parameter) "([^"\n]+)"`)
	for id, d := range all {
		text, err := export.CQL(d)
		if err != nil {
			t.Fatal(err)
		}
		code := regexp.MustCompile(`(?m)^//.*$`).ReplaceAllString(text, "")
		known := map[string]bool{"start": true, "end": true}
		for _, m := range defined.FindAllStringSubmatch(code, -1) {
			if known[m[1]] {
				t.Errorf("%s: %q is defined twice", id, m[1])
			}
			known[m[1]] = true
		}
		for _, m := range quoted.FindAllStringSubmatch(code, -1) {
			if !known[m[1]] {
				t.Errorf("%s: %q is used and not defined", id, m[1])
			}
		}
		if strings.Contains(code, "FHIRHelpers") || regexp.MustCompile(`\breturn [^ad]`).MatchString(code) {
			t.Errorf("%s: a query returns neither all nor distinct, or FHIRHelpers is used", id)
		}
		again, _ := export.CQL(d)
		if again != text {
			t.Errorf("%s: exported twice, the CQL differs", id)
		}
	}
}

// TestLibraryCarriesTheCQL holds that the Library is the CQL and no other.
func TestLibraryCarriesTheCQL(t *testing.T) {
	d := shipped(t)["health-1000"]
	cql, err := export.CQL(d)
	if err != nil {
		t.Fatal(err)
	}
	resources, err := export.FHIR(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range resources {
		if r["resourceType"] != "Library" {
			continue
		}
		text, err := r.JSON()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(text, []byte(base64.StdEncoding.EncodeToString([]byte(cql)))) {
			t.Error("the Library does not hold the CQL")
		}
		return
	}
	t.Error("there is no Library")
}

// TestEveryKindOfMeasure holds what a library offers beside its answer, and how
// FHIR has the measure.
func TestEveryKindOfMeasure(t *testing.T) {
	for _, c := range []struct{ name, rest, offers, scoring string }{
		{"rate", "measure: rate\ndirection: neither\npopulation: {has: diabetes}\ncount: {count: copd, within: 12 months}\nper: 1000 person-years\nover: 12 months\n", "Counted Over", "ratio"},
		{"rate of bed days", "measure: rate\ndirection: neither\npopulation: {has: diabetes}\ncount: {bed days: any Encounter, within: 12 months}\nper: 1000 person-years\nover: 12 months\n", "Counted Over", "ratio"},
		{"continuous score", "measure: continuous\ndirection: neither\nsummary: median\npopulation: {has: diabetes}\nvalue: {score: [{has: copd}, {has: dementia, points: 2}]}\n", "Value", "continuous-variable"},
		{"time to event", "measure: time to event\ndirection: neither\nevents: {a: {first: copd}}\npopulation: {has: diabetes}\nstart: a\nevent: {first: dementia, since: a}\n", "Days", "continuous-variable"},
		{"proportion by network", "measure: proportion\ndirection: neither\ngroup by: [network]\npopulation: {network: larks}\nnumerator: {has: copd}\n", "By#network", "proportion"},
		{"bands", "bands: [{name: a, is: under 2}]\nscore: [{has: copd}]\n", "Score Segment", ""},
	} {
		d := load(t, c.rest)
		cql, err := export.CQL(d)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		for _, name := range strings.Fields(c.offers) {
			if name = strings.ReplaceAll(name, "#", " "); !strings.Contains(cql, "define \""+name+"\":") {
				t.Errorf("the CQL of a %s does not define %q", c.name, name)
			}
		}
		resources, err := export.FHIR(d)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		last, err := resources[len(resources)-1].JSON()
		if err != nil {
			t.Fatal(err)
		}
		if c.scoring != "" && !bytes.Contains(last, []byte(`"code": "`+c.scoring+`"`)) {
			t.Errorf("the Measure of a %s is not scored as %s", c.name, c.scoring)
		}
		valid(t, c.name, d)
	}
}

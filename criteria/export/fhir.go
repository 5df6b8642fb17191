package export

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	"joinery/criteria/language"
)

// Resource is a FHIR resource, or a part of one, as JSON is written: with its
// members in the order of their names, so that the same definition gives the
// same bytes.
type Resource map[string]any

// FHIR returns the resources that carry a definition: a ValueSet for each code
// set with codes, a Library with the CQL, a Measure where it is one, and
// otherwise a PlanDefinition whose action applies to whom the definition is met
// by. They are drafts while nobody has reviewed the definition, and experimental
// always, and what is unverified stands in their text.
//
// The fault is that of CQL.
func FHIR(d *language.Definition) ([]Resource, error) {
	cql, err := CQL(d)
	if err != nil {
		return nil, err
	}
	var out []Resource
	sets := map[string]*language.CodeSet{}
	gather(d, sets, map[*language.Definition]bool{})
	for _, id := range sorted(sets) {
		if v := valueSet(sets[id]); v != nil {
			out = append(out, v)
		}
	}
	out = append(out, library(d, cql))
	if d.Kind == language.Group || d.Kind == language.Segments {
		return append(out, plan(d)), nil
	}
	return append(out, measure(d)), nil
}

// gather adds the code sets of a definition and of those that it meets.
func gather(d *language.Definition, sets map[string]*language.CodeSet, seen map[*language.Definition]bool) {
	if seen[d] {
		return
	}
	seen[d] = true
	for id, s := range d.CodeSets() {
		sets[id] = s
	}
	for _, other := range d.Meets() {
		gather(other, sets, seen)
	}
}

// valueSet returns the coded part of a set; nil when it is all words.
func valueSet(s *language.CodeSet) Resource {
	concepts := map[string][]Resource{}
	for _, c := range s.Codes {
		if c.System == "" {
			continue
		}
		concept := Resource{"code": c.Code}
		if c.Display != "" {
			concept["display"] = c.Display
		}
		concepts[c.System] = append(concepts[c.System], concept)
	}
	if len(concepts) == 0 {
		return nil
	}
	var include []Resource
	for _, system := range sorted(concepts) {
		include = append(include, Resource{"system": system, "concept": concepts[system]})
	}
	return Resource{
		"resourceType": "ValueSet", "id": s.ID, "url": ValueSet(s), "version": s.Version, "name": title(s.ID), "title": s.Title,
		"status": "draft", "experimental": true, "purpose": fmt.Sprintf("From: %s. SHA-256 of the codes: %s.", s.Source, s.Hash),
		"compose": Resource{"include": include},
	}
}

// title returns an id as FHIR wants names: Health1000.
func title(id string) string {
	out := []rune{'D'}
	up := true
	for _, r := range id {
		if r == '-' {
			up = true
			continue
		}
		if up && r >= 'a' && r <= 'z' {
			r -= 'a' - 'A'
		}
		up = false
		out = append(out, r)
	}
	if out[1] >= 'A' && out[1] <= 'Z' {
		out = out[1:]
	}
	return string(out)
}

// about returns what every exported resource says of its definition.
func about(d *language.Definition, typ string) Resource {
	status, purpose := "draft", d.Statement
	if d.Reviewer != "" {
		status = "active"
	}
	for _, m := range d.Marks() {
		purpose += "\n" + m + "."
	}
	var related []Resource
	for _, s := range d.Sources {
		related = append(related, Resource{"type": "derived-from", "display": s})
	}
	r := Resource{
		"resourceType": typ, "id": d.ID, "url": Base + "/" + typ + "/" + d.ID, "version": d.Version, "name": title(d.ID), "title": d.Title,
		"status": status, "experimental": true, "description": d.Statement, "purpose": purpose, "publisher": d.Owner, "relatedArtifact": related,
		"identifier": []Resource{{"system": Base + "/definition-hash", "value": d.Hash}},
	}
	if d.Reviewer != "" {
		r["reviewer"] = []Resource{{"name": d.Reviewer}}
	}
	return r
}

func library(d *language.Definition, cql string) Resource {
	r := about(d, "Library")
	r["type"] = Resource{"coding": []Resource{{"system": "http://terminology.hl7.org/CodeSystem/library-type", "code": "logic-library"}}}
	r["content"] = []Resource{{"contentType": "text/cql", "data": base64.StdEncoding.EncodeToString([]byte(cql))}}
	parameters := []Resource{
		{"name": "On", "use": "in", "min": 1, "max": "1", "type": "date"},
		{"name": "Answer", "use": "out", "min": 1, "max": "1", "type": "string"},
	}
	for _, o := range outputs(d) {
		parameters = append(parameters, Resource{"name": o.name, "use": "out", "min": 0, "max": "1", "type": o.typ})
	}
	for _, by := range d.GroupBy {
		parameters = append(parameters, Resource{"name": "By " + by, "use": "out", "min": 0, "max": "1", "type": "string"})
	}
	r["parameter"] = parameters
	return r
}

func expression(text string) Resource {
	return Resource{"language": "text/cql", "expression": text}
}

// scorings say how FHIR has the measures of the language: the scoring, the
// populations with their expressions, and how people's figures become one.
var scorings = map[language.Kind]struct {
	scoring     string
	populations [][2]string
	together    string
}{
	language.Proportion: {"proportion", [][2]string{
		{"initial-population", asked},
		{"denominator", asked},
		{"denominator-exclusion", `"Answer" = 'excluded' or "Answer" = 'unknown'`},
		{"numerator", met},
		{"denominator-exception", "false"},
	}, "the numerator divided by the denominator less the exclusions"},
	language.Rate: {"ratio", [][2]string{
		{"initial-population", asked}, {"denominator", met}, {"measure-observation", `"Over"`}, {"numerator", met}, {"measure-observation", `"Counted"`},
	}, "the sum of Counted divided by the sum of Over"},
	language.Continuous: {"continuous-variable", [][2]string{
		{"initial-population", asked}, {"measure-population", met}, {"measure-observation", `"Value"`},
	}, "the %s of Value"},
	language.TimeToEvent: {"continuous-variable", [][2]string{
		{"initial-population", asked}, {"measure-population", `"Answer" in { 'met', 'gap' }`}, {"measure-observation", `"Days"`},
	}, "the median of Days by Kaplan and Meier, who have the answer gap being censored"},
}

const (
	met   = `"Answer" = 'met'`
	asked = `"Answer" != 'not applicable'`
)

func measure(d *language.Definition) Resource {
	r := about(d, "Measure")
	r["library"] = []string{Base + "/Library/" + d.ID}
	how := scorings[d.Kind]
	r["scoring"] = Resource{"coding": []Resource{{"system": "http://terminology.hl7.org/CodeSystem/measure-scoring", "code": how.scoring}}}
	if r["rateAggregation"] = how.together; d.Kind == language.Continuous {
		r["rateAggregation"] = fmt.Sprintf(how.together, d.Summary)
	}
	switch d.Direction {
	case "higher is better":
		r["improvementNotation"] = improvement("increase")
	case "lower is better":
		r["improvementNotation"] = improvement("decrease")
	}
	var populations []Resource
	for _, p := range how.populations {
		populations = append(populations, Resource{
			"code":     Resource{"coding": []Resource{{"system": "http://terminology.hl7.org/CodeSystem/measure-population", "code": p[0]}}},
			"criteria": expression(p[1]),
		})
	}
	group := Resource{"population": populations}
	var stratifiers []Resource
	for _, by := range d.GroupBy {
		stratifiers = append(stratifiers, Resource{"code": Resource{"text": by}, "criteria": expression(grouped(by))})
	}
	if len(stratifiers) > 0 {
		group["stratifier"] = stratifiers
	}
	r["group"] = []Resource{group}
	return r
}

func improvement(code string) Resource {
	return Resource{"coding": []Resource{{"system": "http://terminology.hl7.org/CodeSystem/measure-improvement-notation", "code": code}}}
}

func plan(d *language.Definition) Resource {
	r := about(d, "PlanDefinition")
	r["library"] = []string{Base + "/Library/" + d.ID}
	r["type"] = Resource{"coding": []Resource{{"system": "http://terminology.hl7.org/CodeSystem/plan-definition-type", "code": "eca-rule"}}}
	r["action"] = []Resource{{
		"title":     "Offer: " + d.Title,
		"condition": []Resource{{"kind": "applicability", "expression": expression(met)}},
	}}
	return r
}

// Bundle returns the resources as one collection.
func Bundle(resources []Resource) Resource {
	var entries []Resource
	for _, r := range resources {
		entries = append(entries, Resource{"fullUrl": r["url"], "resource": r})
	}
	return Resource{"resourceType": "Bundle", "type": "collection", "entry": entries}
}

// JSON returns a resource as indented JSON.
func (r Resource) JSON() ([]byte, error) {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write %v: %w", r["resourceType"], err)
	}
	return append(b, '\n'), nil
}

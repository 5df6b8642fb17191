package main

import "slices"

// corrected puts right what the definitions of a type have that R4 4.0.1 has
// not.
func corrected(typ string, elements []element) []element {
	if typ != "EvidenceVariable" {
		return elements
	}
	// The package carries R5's EvidenceVariable.characteristic under R4's
	// version. The specification: https://hl7.org/fhir/R4/evidencevariable.html
	const path = "EvidenceVariable.characteristic"
	elements = slices.DeleteFunc(slices.Clone(elements), func(e element) bool {
		return len(e.Path) > len(path) && e.Path[:len(path)+1] == path+"." && e.Base.Path == e.Path
	})
	for i := range elements {
		if elements[i].Path == path {
			elements[i].Min, elements[i].IsSummary = 1, true
		}
	}
	add := func(name string, least int, most string, summary bool, types ...elementType) {
		e := element{Path: path + "." + name, Min: least, Max: most, IsSummary: summary, Type: types}
		e.Base.Path = e.Path
		elements = append(elements, e)
	}
	t := func(code string) elementType { return elementType{Code: code} }
	add("description", 0, "1", false, t("string"))
	add("definition[x]", 1, "1", true,
		elementType{Code: "Reference", TargetProfile: []string{profiles + "Group"}},
		elementType{Code: "canonical", TargetProfile: []string{profiles + "ActivityDefinition"}},
		t("CodeableConcept"), t("Expression"), t("DataRequirement"), t("TriggerDefinition"))
	add("usageContext", 0, "*", false, t("UsageContext"))
	add("exclude", 0, "1", false, t("boolean"))
	add("participantEffective[x]", 0, "1", false, t("dateTime"), t("Period"), t("Duration"), t("Timing"))
	add("timeFromStart", 0, "1", false, t("Duration"))
	add("groupMeasure", 0, "1", false, t("code"))
	last := &elements[len(elements)-1]
	last.Binding.Strength, last.Binding.ValueSet = "required", valueSets+"group-measure"
	return elements
}

// expressions are search parameters' expressions as they should read: these
// name the element without its type.
var expressions = map[string]string{
	"http://hl7.org/fhir/SearchParameter/InsurancePlan-name": "InsurancePlan.name | InsurancePlan.alias",
}

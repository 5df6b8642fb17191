package bundle

import (
	"strconv"
	"strings"

	"joinery/fhir"
	"joinery/fhir/r4"
)

// unknown appends an issue for each member of the skeleton, at a place and of a
// type, that the specification does not have or that changes the meaning of the
// rest: nothing of a Bundle is passed over. The resources of entries, which
// numbers stand for here, are looked at by whoever stores them.
func unknown(issues []fhir.Issue, where, typ string, v fhir.Value) []fhir.Issue {
	if v.Kind() == fhir.Array {
		for i := range v.Len() {
			issues = unknown(issues, where+"["+strconv.Itoa(i)+"]", typ, v.Item(i))
		}
		return issues
	}
	for name, member := range v.Members() {
		at := where + "." + name
		elem, known := r4.Child(typ, strings.TrimPrefix(name, "_"))
		switch {
		case name == "resourceType" && typ == "Bundle", name == "resource" && typ == "Bundle.entry":
		case name == "modifierExtension":
			issues = append(issues, fhir.Issue{Severity: fhir.Error, Code: "extension", Where: at, Say: "Modifier extensions are not understood, and so cannot be taken."})
		case !known:
			issues = append(issues, fhir.Issue{Severity: fhir.Error, Code: "structure", Where: at, Say: "There is no element of this name here."})
		case len(elem.Types) == 1 && r4.KindOf(elem.Types[0]) == r4.Part:
			issues = unknown(issues, at, elem.Types[0], member)
		}
	}
	return issues
}

// Package fhir holds FHIR R4 data as values over the JSON bytes that came in.
//
// There are no generated types. A Doc is a piece of JSON, checked once for
// syntax, and an index of where each value lies in it; a Value is a position in
// that index. So nothing is lost that a type would have no field for: decimals
// keep their digits, primitive extensions, contained resources and the nulls
// that align arrays stay, and what comes out is what went in. What the
// specification says of elements is in fhir/r4, as tables.
//
// Docs and Values never change and may be shared between goroutines.
//
// Input is strict. Syntax, UTF-8, depth and duplicate keys are checked by Parse;
// everything that the specification says of the content by fhir/r4.
//
// Trade-offs: the index costs 16 bytes a value while a document is in use, and
// buys navigation without allocation. Finding a member is a linear search,
// which for FHIR's small objects beats a map.
package fhir

import (
	"fmt"
	"strings"

	"joinery/fault"
)

// ID is the logical id of a resource: 1 to 64 characters of A–Z, a–z, 0–9, '-'
// and '.'.
type ID string

// Valid reports whether the id has the form that FHIR asks for.
func (id ID) Valid() bool {
	if len(id) == 0 || len(id) > 64 {
		return false
	}
	for i := range len(id) {
		switch c := id[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '.':
		default:
			return false
		}
	}
	return true
}

// Severity says how much an issue matters.
type Severity string

// Severities of OperationOutcome.issue.
const (
	Fatal       Severity = "fatal"
	Error       Severity = "error"
	Warning     Severity = "warning"
	Information Severity = "information"
)

// Issue is one thing wrong, or worth knowing, about a piece of input.
type Issue struct {
	Severity Severity
	Code     string // of OperationOutcome.issue.code, such as "structure", "required", "value"
	Where    string // FHIRPath location, such as Patient.name[0].given[1]; empty when it concerns the whole
	Say      string // what is wrong and what would be right, in words a person can act on
}

func (i Issue) String() string {
	if i.Where == "" {
		return i.Say
	}
	return i.Where + ": " + i.Say
}

// Invalid is the refusal of a piece of input: all that is wrong with it.
type Invalid struct {
	Issues []Issue
}

// Error lists every issue, for the operator. Issues never repeat input values
// that could identify a person.
func (e *Invalid) Error() string {
	said := make([]string, len(e.Issues))
	for i, issue := range e.Issues {
		said[i] = issue.String()
	}
	return strings.Join(said, "; ")
}

// FaultKind makes an Invalid a classified fault: TooLarge when an issue says
// so, and otherwise Invalid.
func (e *Invalid) FaultKind() fault.Kind {
	for _, i := range e.Issues {
		if i.Code == "too-long" || i.Code == "too-costly" {
			return fault.TooLarge
		}
	}
	return fault.Invalid
}

// FaultMessage returns the first issue and how many more there are.
func (e *Invalid) FaultMessage() string {
	switch len(e.Issues) {
	case 0:
		return "The input is not valid."
	case 1:
		return e.Issues[0].String()
	}
	return fmt.Sprintf("%s (and %d more)", e.Issues[0], len(e.Issues)-1)
}

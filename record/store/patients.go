package store

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"joinery/fhir"
	"joinery/fhir/r4"
)

// Whose a resource is follows from the patient compartment: the parameters that
// r4.Compartment names are plain paths to references. A Patient is its own alone
// (Patient.link makes nobody's record another's), and a Group is nobody's.

var compartmentPaths = sync.OnceValue(func() map[string][][]string {
	paths := map[string][][]string{}
	for _, typ := range r4.Types() {
		if typ == "Patient" || typ == "Group" {
			continue
		}
		for _, code := range r4.Compartment(typ) {
			p, ok := r4.SearchParam(typ, code)
			if !ok {
				panic(fmt.Sprintf("fhir/r4: the patient compartment names %s.%s, which is no parameter", typ, code))
			}
			for alternative := range strings.SplitSeq(p.Expression, "|") {
				path := strings.TrimSuffix(strings.TrimSpace(alternative), ".where(resolve() is Patient)")
				if strings.ContainsAny(path, "( )") {
					panic(fmt.Sprintf("fhir/r4: %s.%s is no plain path: %s", typ, code, path))
				}
				steps := strings.Split(path, ".")[1:]
				if !slices.ContainsFunc(paths[typ], func(have []string) bool { return slices.Equal(have, steps) }) {
					paths[typ] = append(paths[typ], steps)
				}
			}
		}
	}
	return paths
})

// patientsOf returns the ids of the patients in whose compartment a resource
// is, in the order in which the compartment's paths name them, each once.
func patientsOf(typ string, id fhir.ID, res fhir.Value) []fhir.ID {
	if typ == "Patient" {
		return []fhir.ID{id}
	}
	var ids []fhir.ID
	for _, path := range compartmentPaths()[typ] {
		ids = follow(ids, res, path)
	}
	return ids
}

// follow appends the patients that the references at a path are to.
func follow(ids []fhir.ID, at fhir.Value, path []string) []fhir.ID {
	for i, step := range path {
		at = at.Get(step)
		if at.Kind() == fhir.Array {
			for item := range at.Items() {
				ids = follow(ids, item, path[i+1:])
			}
			return ids
		}
	}
	if id, ok := patientID(at.Get("reference").TextBytes()); ok && !slices.Contains(ids, id) {
		ids = append(ids, id)
	}
	return ids
}

// patientID returns the id in a reference such as Patient/x or
// Patient/x/_history/2. A reference to another server names nobody here.
func patientID(reference []byte) (fhir.ID, bool) {
	const prefix = "Patient/"
	if len(reference) <= len(prefix) || string(reference[:len(prefix)]) != prefix {
		return "", false
	}
	rest := string(reference[len(prefix):])
	if cut := strings.IndexAny(rest, "/#"); cut >= 0 {
		rest = rest[:cut]
	}
	id := fhir.ID(rest)
	return id, id.Valid()
}

const (
	nhsSystem = "https://fhir.nhs.uk/Id/nhs-number"
	nhsStatus = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus"
	nhsOld    = "https://fhir.hl7.org.uk/STU3/StructureDefinition/Extension-CareConnect-NHSNumberVerificationStatus-1"
)

// verifiedNHS returns the NHS number of a Patient when it has exactly one that
// is said to be present and verified, and 0 otherwise: without certainty nobody
// is linked.
func verifiedNHS(res fhir.Value) int64 {
	var found int64
	for ident := range res.Get("identifier").Items() {
		if !ident.Get("system").Is(nhsSystem) || ident.Get("use").Is("old") || !isVerified(ident) {
			continue
		}
		n, ok := nhsNumber(ident.Get("value").Text())
		if !ok || found != 0 && found != n {
			return 0
		}
		found = n
	}
	return found
}

func isVerified(ident fhir.Value) bool {
	for ext := range ident.Get("extension").Items() {
		if url := ext.Get("url"); !url.Is(nhsStatus) && !url.Is(nhsOld) {
			continue
		}
		for c := range ext.Get("valueCodeableConcept").Get("coding").Items() {
			if code := c.Get("code"); code.Is("01") || code.Is("number-present-and-verified") {
				return true
			}
		}
	}
	return false
}

// NHSNumber reports whether a text has the form of an NHS number, and its check
// digit. Source: NHS Data Dictionary, NHS NUMBER.
func NHSNumber(s string) bool {
	_, ok := nhsNumber(s)
	return ok
}

// nhsNumber checks form and check digit (modulus 11) of an NHS number.
func nhsNumber(s string) (int64, bool) {
	var n, sum int64
	digits := 0
	for i := range len(s) {
		c := s[i]
		if c == ' ' {
			continue
		}
		if c < '0' || c > '9' || digits == 10 {
			return 0, false
		}
		d := int64(c - '0')
		if digits < 9 {
			sum += d * int64(10-digits)
		}
		n = n*10 + d
		digits++
	}
	check := 11 - sum%11
	if check == 11 {
		check = 0
	}
	return n, digits == 10 && check == n%10
}

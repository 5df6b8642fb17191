package access

import (
	"slices"

	"joinery/fhir"
)

const actReason = "http://terminology.hl7.org/CodeSystem/v3-ActReason"

// consentRelations returns whom a person's Consent permits to see their record:
// a provision of the type permit, with the RelatedPersons whom it names, for its
// period, confined to the resource types of its class. Provisions within it may
// only take types away. Anything else that limits it (purpose, action, security
// labels, code, data) cannot be kept, and so the Consent opens nothing.
func consentRelations(res fhir.Value) []Relation {
	root := res.Get("provision")
	if !res.Get("status").Is("active") || !root.Get("type").Is("permit") || limitedBeyond(root, "actor", "class", "period") {
		return nil
	}
	types, ok := consentTypes(root)
	during := spanOf(root.Get("period"))
	if !ok || during.empty() {
		return nil
	}
	var out []Relation
	for a := range root.Get("actor").Items() {
		for _, typ := range types {
			from := len(out)
			out = related(out, a.Get("reference"), CareFor, during, "RelatedPerson")
			for i := range out[from:] {
				out[from+i].Type = typ
			}
		}
	}
	return ofOne(out, res.Get("patient"))
}

// limitedBeyond reports whether a provision has members that limit it, other
// than those named.
func limitedBeyond(provision fhir.Value, kept ...string) bool {
	for name := range provision.Members() {
		switch name {
		case "type", "provision", "id":
		default:
			if !slices.Contains(kept, name) {
				return true
			}
		}
	}
	return false
}

// consentTypes returns the types of resource that a Consent opens: 0 for all.
func consentTypes(root fhir.Value) ([]int, bool) {
	types, ok := typeNumbers(root.Get("class"))
	if !ok {
		return nil, false
	}
	var denied typeSet
	for p := range root.Get("provision").Items() {
		taken, ok := typeNumbers(p.Get("class"))
		if !ok || len(taken) == 0 || !p.Get("type").Is("deny") || p.Get("provision").Exists() || limitedBeyond(p, "class") {
			return nil, false
		}
		for _, n := range taken {
			denied.add(n)
		}
	}
	switch {
	case denied.empty() && len(types) == 0:
		return []int{0}, true
	case len(types) == 0:
		return compartment().without(denied).numbers(), true
	}
	return slices.DeleteFunc(types, denied.has), true
}

// agreements says which basis an agreement gives for a purpose that it names.
var agreements = map[Purpose]Basis{
	Treatment:        Agreement,
	PopulationHealth: AgreementPopulation,
	Operations:       AgreementPopulation,
	Management:       AgreementPopulation,
	PublicHealth:     AgreementPublicHealth,
	Research:         AgreementResearch,
}

// agreementConsent returns what a Consent of organisations opens: for each
// organisation that it names as an actor, for each purpose, from date to date,
// confined to the types of its class.
func agreementConsent(res fhir.Value) []Relation {
	root := res.Get("provision")
	if !res.Get("status").Is("active") || !root.Get("type").Is("permit") || root.Get("provision").Exists() ||
		limitedBeyond(root, "actor", "class", "period", "purpose") {
		return nil
	}
	types, ok := typeNumbers(root.Get("class"))
	if !ok {
		return nil
	}
	var parties []fhir.Value
	for a := range root.Get("actor").Items() {
		parties = append(parties, a.Get("reference"))
	}
	return agreed(parties, purposesOf(root.Get("purpose")), types, spanOf(root.Get("period")))
}

// agreementContract returns what a Contract of organisations opens: for each
// organisation that signed it, for the purposes that its terms' actions intend,
// while it applies. A Contract about subjects of its own, or with terms that
// name assets or labels, is of another kind and opens nothing.
func agreementContract(res fhir.Value) []Relation {
	if !res.Get("status").Is("executed") || res.Get("subject").Exists() {
		return nil
	}
	var parties []fhir.Value
	for s := range res.Get("signer").Items() {
		parties = append(parties, s.Get("party"))
	}
	during := spanOf(res.Get("applies"))
	var out []Relation
	for term := range res.Get("term").Items() {
		if term.Get("asset").Exists() || term.Get("securityLabel").Exists() || term.Get("group").Exists() {
			return nil
		}
		var purposes []Basis
		for action := range term.Get("action").Items() {
			if action.Get("doNotPerform").IsTrue() || action.Get("subject").Exists() || action.Get("securityLabelNumber").Exists() {
				return nil
			}
			purposes = append(purposes, purposesOf(action.Get("intent").Get("coding"))...)
		}
		out = append(out, agreed(parties, purposes, nil, during.and(spanOf(term.Get("applies"))))...)
	}
	return out
}

func purposesOf(codings fhir.Value) []Basis {
	var out []Basis
	for c := range codings.Items() {
		b := agreements[Purpose(c.Get("code").Text())]
		if c.Get("system").Is(actReason) && b != 0 && !slices.Contains(out, b) {
			out = append(out, b)
		}
	}
	return out
}

// agreed returns the relations between each party and nobody in particular. An
// agreement binds at least two.
func agreed(parties []fhir.Value, purposes []Basis, types []int, during span) []Relation {
	if len(types) == 0 {
		types = []int{0}
	}
	var out []Relation
	actors := map[Actor]bool{}
	for _, p := range parties {
		for _, b := range purposes {
			for _, typ := range types {
				from := len(out)
				out = related(out, p, b, during, "Organization")
				for i := range out[from:] {
					out[from+i].Type = typ
					actors[out[from+i].Actor] = true
				}
			}
		}
	}
	if len(actors) < 2 {
		return nil
	}
	return out
}

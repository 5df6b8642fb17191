package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"joinery/fhir"
	"joinery/fhir/r4"
	"joinery/record/search"
)

// released is the date of the CapabilityStatement: when the interface was last
// changed.
const released = "2026-11-25"

// metadata answers GET metadata.
func (c *call) metadata() (*reply, error) {
	if err := c.only("mode"); err != nil {
		return nil, err
	}
	if mode := c.param("mode"); mode != "" && mode != "full" {
		return nil, issue("value", "http.mode", "The mode that is there is full.")
	}
	return &reply{status: http.StatusOK, body: c.api.capability}, nil
}

// Parts of a CapabilityStatement.
type (
	capCode struct {
		Code string `json:"code"`
	}
	capOperation struct {
		Name       string `json:"name"`
		Definition string `json:"definition"`
	}
	capParam struct {
		Name       string `json:"name"`
		Definition string `json:"definition,omitempty"`
		Type       string `json:"type"`
	}
	capResource struct {
		Type              string         `json:"type"`
		Interaction       []capCode      `json:"interaction"`
		Versioning        string         `json:"versioning"`
		ReadHistory       bool           `json:"readHistory"`
		UpdateCreate      bool           `json:"updateCreate"`
		ConditionalCreate bool           `json:"conditionalCreate"`
		ConditionalRead   string         `json:"conditionalRead"`
		ConditionalUpdate bool           `json:"conditionalUpdate"`
		ConditionalDelete string         `json:"conditionalDelete"`
		ReferencePolicy   []string       `json:"referencePolicy"`
		SearchInclude     []string       `json:"searchInclude,omitempty"`
		SearchParam       []capParam     `json:"searchParam,omitempty"`
		Operation         []capOperation `json:"operation,omitempty"`
	}
	capRest struct {
		Mode        string         `json:"mode"`
		Security    capSecurity    `json:"security"`
		Resource    []capResource  `json:"resource"`
		Interaction []capCode      `json:"interaction"`
		SearchParam []capParam     `json:"searchParam"`
		Operation   []capOperation `json:"operation,omitempty"`
		Compartment []string       `json:"compartment"`
	}
	capSecurity struct {
		CORS        bool   `json:"cors"`
		Description string `json:"description"`
	}
	capSoftware struct {
		Name    string `json:"name"`
		Version string `json:"version,omitempty"`
	}
	capImplementation struct {
		Description string `json:"description"`
		URL         string `json:"url"`
	}
	capStatement struct {
		ResourceType   string            `json:"resourceType"`
		Status         string            `json:"status"`
		Date           string            `json:"date"`
		Kind           string            `json:"kind"`
		Software       capSoftware       `json:"software"`
		Implementation capImplementation `json:"implementation"`
		FHIRVersion    string            `json:"fhirVersion"`
		Format         []string          `json:"format"`
		PatchFormat    []string          `json:"patchFormat"`
		Rest           []capRest         `json:"rest"`
	}
)

// capability returns the CapabilityStatement of the routes and of the
// specification's search parameters.
func capability(o Options, routes []route) []byte {
	rest := capRest{
		Mode: "server",
		Security: capSecurity{Description: "Every request but this one carries a bearer token of this server. " +
			"What a client may see is decided for each resource; what is hidden looks like what is absent. Every access is audited."},
		SearchParam: params("Resource"),
		Compartment: []string{"http://hl7.org/fhir/CompartmentDefinition/patient"},
	}
	for i := range routes {
		if rt := &routes[i]; rt.level == atSystem {
			if code := rt.interaction; code != "" && code != "capabilities" {
				rest.Interaction = with(rest.Interaction, code)
			}
			if rt.interaction == "transaction" {
				rest.Interaction = with(rest.Interaction, "batch")
			}
		}
	}
	for _, typ := range r4.Types() {
		rest.Resource = append(rest.Resource, resourceOf(typ, o, routes))
	}
	out, err := json.Marshal(capStatement{
		ResourceType: "CapabilityStatement", Status: "active", Date: released, Kind: "instance",
		Software:       capSoftware{"Joinery", o.Version},
		Implementation: capImplementation{"A record of care", o.Base},
		FHIRVersion:    "4.0.1", Format: []string{"json"},
		PatchFormat: []string{jsonPatch, "application/fhir+json"},
		Rest:        []capRest{rest},
	})
	if err != nil {
		return []byte("{}") // cannot be: strings and booleans always marshal
	}
	return out
}

func resourceOf(typ string, o Options, routes []route) capResource {
	res := capResource{
		Type: typ, Versioning: "versioned", ReadHistory: true, UpdateCreate: true,
		ConditionalCreate: true, ConditionalRead: "full-support", ConditionalUpdate: true, ConditionalDelete: "single",
		ReferencePolicy: []string{"literal", "logical"},
		SearchParam:     params(typ),
	}
	if slices.Contains(o.Guarded, typ) {
		res.Versioning = "versioned-update"
	}
	for i := range routes {
		rt := &routes[i]
		switch {
		case rt.level == atSystem || readOnly(typ) && changes(rt):
		case rt.operation != "" && only[rt.operation] != "" && only[rt.operation] != typ:
		case rt.operation != "":
			op := capOperation{rt.operation, definition(rt.operation)}
			if !slices.Contains(res.Operation, op) {
				res.Operation = append(res.Operation, op)
			}
		default:
			res.Interaction = with(res.Interaction, rt.interaction)
		}
	}
	if readOnly(typ) {
		res.UpdateCreate, res.ConditionalCreate, res.ConditionalUpdate, res.ConditionalDelete = false, false, false, "not-supported"
	}
	for _, p := range r4.SearchParams(typ) {
		if p.Type == r4.Reference {
			res.SearchInclude = append(res.SearchInclude, typ+":"+p.Code)
		}
	}
	return res
}

// readOnly reports whether the record alone writes a type: the trail is not for
// anyone to change.
func readOnly(typ string) bool { return typ == "AuditEvent" }

// changes reports whether a route changes the record.
func changes(rt *route) bool {
	switch rt.interaction {
	case "create", "update", "patch", "delete":
		return true
	}
	return false
}

// only says which type has an operation, where not all have.
var only = map[string]string{
	"everything": "Patient", "refer": "ServiceRequest", "actions": "Task", "move": "Task", "claim": "Task", "worklist": "Task",
	"plan": "Patient", "plan-say": "Patient", "launch": "Patient",
}

func definition(operation string) string {
	switch operation {
	case "everything":
		return "http://hl7.org/fhir/OperationDefinition/Patient-everything"
	case "validate":
		return "http://hl7.org/fhir/OperationDefinition/Resource-validate"
	case "refer", "actions", "move", "claim", "worklist", "plan", "plan-say", "launch":
		return "urn:joinery:operation:" + operation
	}
	return ""
}

func with(codes []capCode, code string) []capCode {
	if slices.Contains(codes, capCode{code}) {
		return codes
	}
	return append(codes, capCode{code})
}

// params returns the search parameters of a type that a search takes: it is
// asked for each.
func params(typ string) []capParam {
	of := typ
	if typ == "Resource" {
		of = ""
	}
	var out []capParam
	for _, p := range r4.SearchParams(typ) {
		_, err := search.Parse(of, []search.Pair{pair(p.Code, "1")}, search.Options{Strict: true})
		if !refusedAs(err, "not-supported") {
			out = append(out, capParam{p.Code, p.URL, p.Type.String()})
		}
	}
	return out
}

func refusedAs(err error, code string) bool {
	var invalid *fhir.Invalid
	return errors.As(err, &invalid) && slices.ContainsFunc(invalid.Issues, func(i fhir.Issue) bool { return i.Code == code })
}

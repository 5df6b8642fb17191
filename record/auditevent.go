package record

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"joinery/record/store"
)

// The record's own trail is kept as short rows (store.AuditEntry) and shown as
// AuditEvent resources in the shape of IHE's Basic Audit Log Patterns 1.1.3:
// one event a patient disclosed, who asked through which client, by what policy
// and for what purpose, and the raw query. The rendering is a function of the
// row, so it never needs to be stored or migrated.

type (
	coding struct {
		System  string `json:"system"`
		Code    string `json:"code"`
		Display string `json:"display,omitempty"`
	}
	concept struct {
		Coding []coding `json:"coding,omitempty"`
		Text   string   `json:"text,omitempty"`
	}
	identifier struct {
		System string `json:"system,omitempty"`
		Value  string `json:"value"`
	}
	reference struct {
		Reference  string      `json:"reference,omitempty"`
		Identifier *identifier `json:"identifier,omitempty"`
		Display    string      `json:"display,omitempty"`
	}
	network struct {
		Address string `json:"address"`
		Type    string `json:"type"`
	}
	agent struct {
		Type         concept   `json:"type"`
		Who          reference `json:"who"`
		Name         string    `json:"name,omitempty"`
		Requestor    bool      `json:"requestor"`
		Policy       []string  `json:"policy,omitempty"`
		Network      *network  `json:"network,omitempty"`
		PurposeOfUse []concept `json:"purposeOfUse,omitempty"`
	}
	source struct {
		Observer reference `json:"observer"`
		Type     []coding  `json:"type"`
	}
	entity struct {
		What        *reference `json:"what,omitempty"`
		Type        coding     `json:"type"`
		Role        *coding    `json:"role,omitempty"`
		Description string     `json:"description,omitempty"`
		Query       string     `json:"query,omitempty"`
	}
	meta struct {
		VersionID   string   `json:"versionId"`
		LastUpdated string   `json:"lastUpdated"`
		Profile     []string `json:"profile,omitempty"`
	}
	auditEvent struct {
		ResourceType   string    `json:"resourceType"`
		ID             string    `json:"id"`
		Meta           meta      `json:"meta"`
		Type           coding    `json:"type"`
		Subtype        []coding  `json:"subtype,omitempty"`
		Action         string    `json:"action"`
		Recorded       string    `json:"recorded"`
		Outcome        string    `json:"outcome"`
		OutcomeDesc    string    `json:"outcomeDesc,omitempty"`
		PurposeOfEvent []concept `json:"purposeOfEvent,omitempty"`
		Agent          []agent   `json:"agent"`
		Source         source    `json:"source"`
		Entity         []entity  `json:"entity,omitempty"`
	}
)

const (
	dicom       = "http://dicom.nema.org/resources/ontology/DCM"
	entityTypes = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
	objectRoles = "http://terminology.hl7.org/CodeSystem/object-role"
	actReasons  = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
	policyURN   = "urn:joinery:policy:"
	balp        = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
)

// auditType is the resource type in which the trail is shown.
const auditType = "AuditEvent"

// event shows a row of the audit as an AuditEvent. patient is the reference of
// the person whom it is about, empty for none.
func (r *Record) event(row *store.AuditEntry, patient string) (*auditEvent, error) {
	var l line
	if err := json.Unmarshal(row.Entry, &l); err != nil {
		return nil, fmt.Errorf("read audit row %d: %w", row.N, err)
	}
	at := row.At.UTC().Format(time.RFC3339Nano)
	e := &auditEvent{
		ResourceType: auditType,
		ID:           string(r.seal(row.N)),
		Meta:         meta{VersionID: "1", LastUpdated: at, Profile: l.profile(patient)},
		Type:         coding{"http://terminology.hl7.org/CodeSystem/audit-event-type", "rest", "RESTful Operation"},
		Subtype:      []coding{{"http://hl7.org/fhir/restful-interaction", l.Interaction, ""}},
		Action:       l.Action,
		Recorded:     at,
		Outcome:      l.Outcome,
		OutcomeDesc:  l.Why,
		Source: source{
			Observer: reference{Display: "Joinery"},
			Type:     []coding{{"http://terminology.hl7.org/CodeSystem/security-source-type", "4", "Application Server"}},
		},
	}
	if e.Outcome == "" {
		e.Outcome = "0"
	}
	if code, ok := userAuthentication[l.Interaction]; ok {
		e.Type, e.Subtype = coding{dicom, "110114", "User Authentication"}, []coding{code}
		e.Meta.Profile = nil
	}
	if l.Purpose != "" {
		e.PurposeOfEvent = []concept{{Coding: []coding{{actReasons, l.Purpose, ""}}}}
	}
	e.Agent = l.agents(e.PurposeOfEvent)
	e.Entity = l.entities(patient)
	return e, nil
}

// userAuthentication are the interactions that are not with the record.
var userAuthentication = map[string]coding{
	interactionSignIn:  {dicom, "110122", "Login"},
	interactionSignOut: {dicom, "110123", "Logout"},
}

// profile returns the pattern of IHE's that an event is made after.
func (l *line) profile(patient string) []string {
	names := map[string]string{"C": "Create", "R": "Read", "U": "Update", "D": "Delete", "E": "Query"}
	name, ok := names[l.Action]
	if !ok || l.Interaction == "transaction" || l.Outcome != "" {
		return nil
	}
	if patient != "" {
		name = "Patient" + name
	}
	return []string{balp + name}
}

// agents are the program, which asked, and this server; whoever stands behind the
// program; and the system from which they came.
func (l *line) agents(purpose []concept) []agent {
	from := coding{dicom, "110153", "Source Role ID"}
	to := coding{dicom, "110152", "Destination Role ID"}
	client, server := from, to // a write goes from the client to the server
	if l.Action == "R" || l.Action == "E" && l.Interaction != "transaction" {
		client, server = to, from
	}
	asked := agent{Type: concept{Coding: []coding{client}}, Who: reference{Display: l.Client}, Requestor: l.Name == "" && l.Operator == ""}
	if l.Client == "" {
		asked.Who.Display = l.Role
	}
	if l.Source != "" {
		asked.Network = &network{l.Source, "2"}
	}
	for _, rule := range l.Rules {
		asked.Policy = append(asked.Policy, policyURN+strings.ReplaceAll(rule, " ", ":"))
	}
	out := []agent{asked, {Type: concept{Coding: []coding{server}}, Who: reference{Display: "Joinery"}}}
	if l.Name != "" || l.Operator != "" {
		person := agent{
			Type: concept{Coding: []coding{{"http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP", "information recipient"}}, Text: l.Role},
			Who:  reference{Display: l.Name}, Name: l.Operator, Requestor: true, PurposeOfUse: purpose,
		}
		if l.Name == "" {
			person.Who.Display = l.Operator
		}
		out = append(out, person)
	}
	if l.Via != "" {
		out = append(out, agent{Type: concept{Coding: []coding{{dicom, "110150", "Application"}}, Text: "opened from"}, Who: reference{Display: l.Via}})
	}
	return out
}

// entities are the patient, the resources, the query and the request.
func (l *line) entities(patient string) []entity {
	var out []entity
	if patient != "" {
		out = append(out, entity{
			What: &reference{Reference: patient},
			Type: coding{entityTypes, "1", "Person"}, Role: &coding{objectRoles, "1", "Patient"},
		})
	}
	domain := coding{objectRoles, "4", "Domain Resource"}
	for _, what := range l.What {
		e := entity{What: &reference{Reference: what}, Type: coding{entityTypes, "2", "System Object"}, Role: &domain}
		if !strings.Contains(what, "/") { // the name of a token or an account
			e.What = &reference{Display: what}
		}
		out = append(out, e)
	}
	if l.Query != "" {
		out = append(out, entity{
			Type: coding{entityTypes, "2", "System Object"}, Role: &coding{objectRoles, "24", "Query"},
			Query: base64.StdEncoding.EncodeToString([]byte(l.Query)),
		})
	}
	if l.Count > len(l.What) {
		out = append(out, entity{
			Type: coding{entityTypes, "2", "System Object"}, Role: &domain,
			Description: fmt.Sprintf("%d resources in all", l.Count),
		})
	}
	for _, flag := range l.Flags {
		out = append(out, entity{Type: coding{entityTypes, "4", "Other"}, Description: "To be looked at: " + flagged[flag]})
	}
	if l.Reason != "" {
		out = append(out, entity{
			Type: coding{entityTypes, "4", "Other"}, Description: "The glass was broken: " + l.Reason,
		})
	}
	if l.Request != "" {
		out = append(out, entity{
			What: &reference{Identifier: &identifier{Value: l.Request}},
			Type: coding{"https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType", "XrequestId", ""},
		})
	}
	return out
}

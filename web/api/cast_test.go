package api_test

import (
	"flag"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"joinery/fhir"
	"joinery/record"
	"joinery/web/api"
)

// canary is in everything of P2's. No byte of it may reach anyone else.
const canary = "Canarybird"

// cast is a world with two patients who have nothing to do with each other,
// and who asks for them.
//
//	P1, P2  patients, for themselves
//	D1      staff in P1's care team, whose organisation has an agreement
//	D2      staff of another organisation, with nobody
//	C1      a carer of P1, whose Consent lets them see Observations alone
//	F1      a case-finder for a model that found P1
//	U1      anyone
//	S1      a system that may read and find Observations
//	A1      an analyst
//	L1      the lead of a network
//	G1      who answers for information governance
//	M1      an administrator
//	feed    a system that may do everything
type cast struct {
	*world
	p1, p2, obs1, obs2 string // references
}

func newCast(t *testing.T) *cast {
	t.Helper()
	w := newWorld(t)
	c := &cast{world: w, p1: w.make(patient("Ode"))}
	c.p2 = w.make(strings.ReplaceAll(patient(canary), "Lewisham", canary))
	c.obs1, c.obs2 = w.make(observation(c.p1, "of P1")), w.make(observation(c.p2, canary))
	orgA := w.make(`{"resourceType":"Organization","name":"Surgery A"}`)
	orgB := w.make(`{"resourceType":"Organization","name":"Surgery B"}`)
	doctor := w.make(`{"resourceType":"Practitioner","name":[{"family":"Dee"}]}`)
	other := w.make(`{"resourceType":"Practitioner","name":[{"family":"Dum"}]}`)
	w.make(`{"resourceType":"CareTeam","status":"active","subject":{"reference":"` + c.p1 + `"},"participant":[{"member":{"reference":"` + doctor + `"}}]}`)
	w.make(`{"resourceType":"Consent","status":"active","scope":{"coding":[{"code":"patient-privacy"}]},"category":[{"coding":[{"code":"x"}]}],"policyRule":{"coding":[{"code":"x"}]},` +
		`"provision":{"type":"permit","purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"},{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"POPHLTH"}],"actor":[` +
		actor(orgA) + `,` + actor(orgB) + `]}}`)
	carer := w.make(`{"resourceType":"RelatedPerson","patient":{"reference":"` + c.p1 + `"}}`)
	w.make(`{"resourceType":"Consent","status":"active","scope":{"coding":[{"code":"patient-privacy"}]},"category":[{"coding":[{"code":"x"}]}],"policyRule":{"coding":[{"code":"x"}]},"patient":{"reference":"` + c.p1 +
		`"},"provision":{"type":"permit","class":[{"system":"http://hl7.org/fhir/resource-types","code":"Observation"}],"actor":[` + actor(carer) + `]}}`)
	found := w.make(`{"resourceType":"Group","type":"person","actual":true,"member":[{"entity":{"reference":"` + c.p1 + `"}}]}`)
	w.grant("C1", record.Grant{Role: "carer", Scope: "patient/*.cruds", RelatedPersons: []fhir.ID{idOf(carer)}})
	w.grant("F1", record.Grant{Role: "casefinder", Scope: "user/*.cruds", Organization: idOf(orgA), Groups: []fhir.ID{idOf(found)}})
	w.grant("U1", record.Grant{Role: "public", Scope: "user/*.rs"})
	w.grant("P1", record.Grant{Role: "patient", Scope: "patient/*.cruds", Patient: idOf(c.p1)})
	w.grant("P2", record.Grant{Role: "patient", Scope: "patient/*.cruds", Patient: idOf(c.p2)})
	w.grant("D1", record.Grant{Role: "staff", Scope: "user/*.cruds", Purpose: "TREAT", Practitioner: idOf(doctor), Organization: idOf(orgA)})
	w.grant("D2", record.Grant{Role: "staff", Scope: "user/*.cruds", Purpose: "TREAT", Practitioner: idOf(other), Organization: idOf(orgB)})
	w.grant("S1", record.Grant{Scope: "system/Observation.rs"})
	w.grant("A1", record.Grant{Role: "analyst", Scope: "user/*.rs"})
	w.grant("L1", record.Grant{Role: "lead", Scope: "user/*.rs"})
	w.grant("G1", record.Grant{Role: "governance", Scope: "user/*.rs"})
	w.grant("M1", record.Grant{Role: "administrator", Scope: "user/*.cruds"})
	return c
}

func actor(organization string) string {
	return `{"role":{"coding":[{"code":"PRCP"}]},"reference":{"reference":"` + organization + `"}}`
}

// blind are those who may not learn that P2 is there.
var blind = []string{"P1", "D1", "D2", "C1", "F1", "U1", "A1", "L1", "G1", "M1", ""}

// ask is do, and holds that nothing of P2's reaches who is blind to it.
func (c *cast) ask(as, method, path, body string, headers ...string) answer {
	c.Helper()
	a := c.do(as, method, path, body, headers...)
	if slices.Contains(blind, as) && !strings.Contains(path+body+strings.Join(headers, " "), canary) {
		for _, lines := range a.Header() {
			if strings.Contains(strings.Join(lines, "\n"), canary) {
				c.Errorf("%s: %s %s lets something of P2's out in a header", as, method, path)
			}
		}
		if strings.Contains(a.Body.String(), canary) {
			c.Errorf("%s: %s %s lets something of P2's out: %s", as, method, path, a.Body)
		}
	}
	return a
}

// audited are the AuditEvents of an answer's request, each as interaction,
// outcome and why.
func (c *cast) audited(a answer) string {
	c.Helper()
	var out []string
	for _, e := range c.want(200, "feed", "GET", "/fhir/AuditEvent?_count=100", "").entries() {
		if strings.Contains(string(e.Raw()), a.Header().Get("X-Request-Id")) {
			out = append(out, strings.TrimSpace(e.At("subtype", "code").Text()+" "+e.Get("outcome").Text()+" "+e.Get("outcomeDesc").Text()))
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// same reports how two answers differ, apart from the number of their request.
func same(a, b answer) string {
	headers := func(a answer) http.Header {
		h := a.Header().Clone()
		h.Del("X-Request-Id")
		return h
	}
	return cmp.Diff([]any{a.Code, a.Body.String(), headers(a)}, []any{b.Code, b.Body.String(), headers(b)})
}

var update = flag.Lookup("update")

// TestRights asks every route as everyone, about P1 and P2, and holds the
// statuses to a table that people review.
func TestRights(t *testing.T) {
	const golden = "testdata/rights.txt"
	everyone := []string{"", "P1", "P2", "D1", "D2", "C1", "F1", "U1", "S1", "A1", "L1", "G1", "M1", "feed"}
	var out strings.Builder
	out.WriteString("Written by TestRights -update: what each route answers to each caller, about\n" +
		"P1's Observation or Patient / P2's. X is nobody; the others stand in cast_test.go.\n\n")
	line := func(cells ...string) {
		for i, cell := range cells {
			width := 10
			if i == 0 {
				width = 44
			}
			out.WriteString(cell + strings.Repeat(" ", max(1, width-len(cell))))
		}
		out.WriteString("\n")
	}
	line("", "X", "P1", "P2", "D1", "D2", "C1", "F1", "U1", "S1", "A1", "L1", "G1", "M1", "feed")
	c := newCast(t)
	for _, route := range api.Routes() {
		row := []string{route[0] + " " + route[1]}
		for _, as := range everyone {
			if route[0] != http.MethodGet { // what one changed is not what the next is asked about
				c.obs1, c.obs2 = c.make(observation(c.p1, "of P1")), c.make(observation(c.p2, canary))
			}
			row = append(row, c.try(as, route, c.p1, c.obs1)+"/"+c.try(as, route, c.p2, c.obs2))
		}
		line(row...)
	}
	if update != nil && update.Value.String() == "true" {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(out.String(), "\n")); diff != "" {
		t.Errorf("rights are not what testdata/rights.txt says (-want +got):\n%s", diff)
	}
}

// try asks a route about a patient or one of their Observations, and returns
// the status.
func (c *cast) try(as string, route [2]string, patient, observation string) string {
	c.Helper()
	method, path := route[0], route[1]
	of := observation
	if strings.Contains(path, "$everything") || strings.Contains(path, "{inside}") {
		of = patient
	}
	typ, id, _ := strings.Cut(of, "/")
	path = strings.NewReplacer("{type}", typ, "{id}", id, "{version}", "1", "{inside}", "Observation").Replace(path)
	where := path + "?_id=" + string(idOf(observation))
	full := strings.Replace(observationOf(patient), `{`, `{"id":"`+string(idOf(observation))+`",`, 1)
	body, headers := "", []string(nil)
	switch {
	case strings.HasSuffix(path, "_search"):
		body, headers = "_count=10", []string{"Content-Type", "application/x-www-form-urlencoded"}
	case path == "" && method == http.MethodPost:
		body = bundle("transaction", send("", "PUT", observation, full))
	case strings.HasSuffix(path, "$everything"):
	case method == http.MethodPatch:
		body, headers = `[{"op":"replace","path":"/status","value":"amended"}]`, []string{"Content-Type", "application/json-patch+json"}
		if path == "/"+typ {
			path = where
		}
	case method == http.MethodPut && path == "/"+typ:
		path, body = where, full
	case method == http.MethodDelete && path == "/"+typ:
		path = where
	case path == "/_page":
		path += "?handle=AAAA"
	case method == http.MethodPost || method == http.MethodPut:
		body = full
	}
	a := c.do(as, method, "/fhir"+path, body, headers...)
	if patient == c.p2 && slices.Contains(blind, as) && !strings.Contains(body, canary) && strings.Contains(a.Body.String(), canary) {
		c.Errorf("%s: %s %s lets something of P2's out: %s", as, method, path, a.Body)
	}
	return strings.TrimSpace(statusText(a.Code))
}

func statusText(code int) string {
	const digits = "0123456789"
	return string([]byte{digits[code/100], digits[code/10%10], digits[code%10]})
}

func observationOf(subject string) string { return observation(subject, "new") }

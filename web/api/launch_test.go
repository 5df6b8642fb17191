package api_test

import (
	"strings"
	"testing"

	"joinery/record"
)

const knownNumber = "9990000042"

func numbered(number string, more ...string) string {
	return `{"resourceType":"Parameters","parameter":[` + strings.Join(append(more, `{"name":"identifier","valueIdentifier":{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"`+number+`"}}`), ",") + `]}`
}

// TestALaunchLink: made by a system with the right to it alone, the same whether
// there is such a person or not, and without the number.
func TestALaunchLink(t *testing.T) {
	w := newWorld(t)
	w.grant("elm", record.Grant{Scope: "launch"})
	w.make(`{"resourceType":"Patient","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"` + knownNumber + `"}]}`)
	const at = "/fhir/Patient/$launch"
	made := map[string]answer{}
	for _, number := range []string{knownNumber, "9990000050"} {
		a := w.want(200, "elm", "POST", at, numbered(number))
		link := said(a, "url")
		if len(link) != 1 || !strings.HasPrefix(link[0], "https://joinery.example/launch/jnl_") || len(said(a, "expires")) != 1 || strings.Contains(a.Body.String(), number) {
			t.Errorf("the link for %s: %s", number, a.Body)
		}
		a.Body.Reset()
		made[number] = a
	}
	if diff := same(made[knownNumber], made["9990000050"]); strings.Contains(diff, "Code") || diff != "" {
		t.Errorf("whether there is such a person shows: %s", diff)
	}
	w.want(200, "elm", "POST", at, numbered(knownNumber, `{"name":"user","valueString":"gray"}`))
	w.want(200, "elm", "POST", at, numbered(knownNumber, `{"name":"issuer","valueString":"https://trust.example"}`, `{"name":"subject","valueString":"s1"}`))

	w.want(403, "feed", "POST", at, numbered(knownNumber))
	w.want(401, "", "POST", at, numbered(knownNumber))
	w.want(404, "elm", "POST", "/fhir/Observation/$launch", numbered(knownNumber))
	w.want(404, "elm", "GET", at, "")
	for what, body := range map[string]string{
		"a wrong check digit":      numbered("9990000043"),
		"another kind of number":   strings.Replace(numbered(knownNumber), "nhs-number", "ods", 1),
		"no number":                params("user", "gray"),
		"something else":           numbered(knownNumber, `{"name":"purpose","valueString":"x"}`),
		"twice":                    numbered(knownNumber, `{"name":"user","valueString":"a"}`, `{"name":"user","valueString":"b"}`),
		"half of whom":             numbered(knownNumber, `{"name":"subject","valueString":"s1"}`),
		"a number that is no text": strings.Replace(numbered(knownNumber), `"`+knownNumber+`"`, knownNumber, 1),
	} {
		a := w.do("elm", "POST", at, body)
		if a.Code != 400 || strings.Contains(a.Body.String(), "999000004") {
			t.Errorf("%s = %d %s", what, a.Code, a.Body)
		}
	}
	w.want(400, "elm", "POST", at+"?identifier=x", numbered(knownNumber))
	if log := w.log.String(); strings.Contains(log, knownNumber) || strings.Contains(log, "jnl_") {
		t.Error("the log holds a number or the secret of a link")
	}
}

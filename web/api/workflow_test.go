package api_test

import (
	"slices"
	"strings"
	"testing"

	"joinery/fhir"
	"joinery/record"
)

// ward is a world in which a practice, a falls car and a hub have to do with one
// another.
func ward(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	for _, body := range []string{
		`{"resourceType":"Organization","id":"gp","name":"Elm Practice"}`,
		`{"resourceType":"Organization","id":"falls","name":"Falls car provider"}`,
		`{"resourceType":"Organization","id":"team","name":"Community team"}`,
		`{"resourceType":"HealthcareService","id":"falls-s","name":"Falls car","providedBy":{"reference":"Organization/falls"},"characteristic":[{"coding":[{"system":"urn:joinery:standard","code":"falls-response"}]}]}`,
		`{"resourceType":"HealthcareService","id":"team-s","name":"Community team","providedBy":{"reference":"Organization/team"},"characteristic":[{"coding":[{"system":"urn:joinery:referrer","code":"person"},{"system":"urn:joinery:referrer","code":"service"}]}]}`,
		`{"resourceType":"Patient","id":"amina","generalPractitioner":[{"reference":"Organization/gp"}]}`,
		`{"resourceType":"Consent","id":"agreement","status":"active","scope":{"coding":[{"code":"treatment"}]},"category":[{"text":"agreement"}],"policyRule":{"text":"x"},"provision":{"type":"permit","purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"}],"actor":[` +
			actor("Organization/gp") + `,` + actor("Organization/falls") + `,` + actor("Organization/team") + `]}}`,
	} {
		doc, err := fhir.Parse([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		w.want(201, "feed", "PUT", "/fhir/"+doc.Root().Get("resourceType").Text()+"/"+doc.Root().Get("id").Text(), body)
	}
	for _, o := range []string{"gp", "falls", "team"} {
		w.grant(o, record.Grant{Role: "staff", Purpose: "TREAT", Display: "Nurse of " + o, Practitioner: fhir.ID("n-" + o), Organization: fhir.ID(o)})
	}
	w.grant("amina", record.Grant{Role: "patient", Patient: "amina"})
	return w
}

// params writes a Parameters resource of names and values in turn.
func params(pairs ...string) string {
	var parts []string
	for i := 0; i+1 < len(pairs); i += 2 {
		parts = append(parts, `{"name":"`+pairs[i]+`","valueString":"`+pairs[i+1]+`"}`)
	}
	return `{"resourceType":"Parameters","parameter":[` + strings.Join(parts, ",") + `]}`
}

// said returns the values of a parameter of an answer.
func said(a answer, name string, parts ...string) (out []string) {
	doc, err := fhir.Parse(a.Body.Bytes())
	if err != nil {
		return nil
	}
	value := func(p fhir.Value) string {
		for member, v := range p.Members() {
			if strings.HasPrefix(member, "value") {
				return v.Text() + v.Get("reference").Text() + v.Get("code").Text()
			}
		}
		return ""
	}
	for p := range doc.Root().Get("parameter").Items() {
		if !p.Get("name").Is(name) {
			continue
		}
		if len(parts) == 0 {
			out = append(out, value(p))
		}
		for part := range p.Get("part").Items() {
			if len(parts) == 1 && part.Get("name").Is(parts[0]) {
				out = append(out, value(part))
			}
		}
	}
	return out
}

// TestAReferralOverHTTP: from the practice's asking to the onward owner, by each
// operation.
func TestAReferralOverHTTP(t *testing.T) {
	w := ward(t)
	ask := params("patient", "Patient/amina", "service", "HealthcareService/falls-s", "requester", "Organization/gp", "reason", "Fell at home", "key", "call-1")
	made := w.want(201, "gp", "POST", "/fhir/ServiceRequest/$refer", ask)
	task := said(made, "task")[0]
	if again := w.want(201, "gp", "POST", "/fhir/ServiceRequest/$refer", ask); said(again, "task")[0] != task || !strings.HasSuffix(made.Header().Get("Location"), "/fhir/"+task) {
		t.Errorf("sent again it is %s, want %s", said(again, "task"), task)
	}
	now := w.want(200, "falls", "GET", "/fhir/"+task+"/$actions", "")
	if got := said(now, "move", "name"); !slices.Equal(got, []string{"receive", "accept", "decline", "reroute", "close"}) {
		t.Errorf("the car is offered %v", got)
	}
	if got := said(now, "clock", "says"); len(got) != 2 || !strings.HasPrefix(got[1], "running, due 2026-11-22 14:00") {
		t.Errorf("the clocks say %v", got)
	}
	if got := said(now, "move", "needs"); !slices.Contains(got, "onward") {
		t.Errorf("what moves need is not said: %v", got)
	}
	w.want(404, "team", "GET", "/fhir/"+task+"/$actions", "")
	if got := said(w.want(200, "amina", "GET", "/fhir/"+task+"/$actions", ""), "move", "name"); !slices.Equal(got, []string{"cancel"}) {
		t.Errorf("the person is offered %v", got)
	}

	list := w.want(200, "falls", "GET", "/fhir/Task/$worklist?of=HealthcareService/falls-s&sort=most+urgent+first", "")
	if got := said(list, "item", "task"); !slices.Equal(got, []string{task}) {
		t.Errorf("the car's list has %v", got)
	}
	w.want(400, "falls", "GET", "/fhir/Task/$worklist?of=HealthcareService/falls-s&sort=by+magic", "")
	w.want(400, "falls", "GET", "/fhir/Task/$worklist", "")

	claimed := w.want(200, "falls", "POST", "/fhir/"+task+"/$claim", params("by", "Practitioner/n-falls"))
	if got := said(claimed, "claimed"); !slices.Equal(got, []string{"Practitioner/n-falls"}) {
		t.Errorf("claimed by %v", got)
	}
	w.want(403, "gp", "POST", "/fhir/"+task+"/$claim", params("by", "Practitioner/n-gp"))
	if got := said(w.want(200, "falls", "GET", "/fhir/Task/$worklist?by=Practitioner/n-falls", ""), "item", "task"); !slices.Equal(got, []string{task}) {
		t.Errorf("what the nurse does has %v", got)
	}
	w.want(200, "falls", "POST", "/fhir/"+task+"/$claim", params("by", "Practitioner/m-falls", "over", "true"))
	w.want(409, "falls", "POST", "/fhir/"+task+"/$claim", params("by", "Practitioner/n-falls"))

	etag := w.want(200, "falls", "GET", "/fhir/"+task+"/$actions", "").Header().Get("ETag")
	accepted := w.want(200, "falls", "POST", "/fhir/"+task+"/$move", params("move", "accept"), "If-Match", etag)
	if again := w.want(200, "falls", "POST", "/fhir/"+task+"/$move", params("move", "accept"), "If-Match", etag); again.Header().Get("ETag") != accepted.Header().Get("ETag") {
		t.Error("the same move was made twice")
	}
	w.want(409, "falls", "POST", "/fhir/"+task+"/$move", params("move", "start"), "If-Match", etag)
	w.want(403, "gp", "POST", "/fhir/"+task+"/$move", params("move", "start"))
	w.want(400, "falls", "POST", "/fhir/"+task+"/$move", params("move", "decline", "reason", "no-room"))
	w.want(400, "falls", "POST", "/fhir/"+task+"/$move", params("move", "fly"))
	w.want(400, "falls", "POST", "/fhir/"+task+"/$move", params("move", "accept", "colour", "red"))
	w.want(400, "falls", "POST", "/fhir/"+task+"/$move", params("move", "book", "when", "tomorrow"))
	next := w.want(200, "falls", "POST", "/fhir/"+task+"/$move", params("move", "decline", "reason", "no-room", "service", "team-s"))
	if got := said(next, "state")[0]; got != "sent" || said(next, "task")[0] == task {
		t.Errorf("declined it is %s with %s", got, said(next, "task"))
	}
	w.want(404, "falls", "GET", "/fhir/"+said(next, "task")[0]+"/$actions", "")
	w.want(200, "team", "GET", "/fhir/"+said(next, "task")[0]+"/$actions", "")
}

// TestSeveralAreMovedOrNone: one move of several tasks is made of all, or of none
// when one of them could not make it.
func TestSeveralAreMovedOrNone(t *testing.T) {
	w := ward(t)
	var tasks []string
	for _, key := range []string{"a", "b", "c"} {
		made := w.want(201, "gp", "POST", "/fhir/ServiceRequest/$refer", params("patient", "amina", "service", "falls-s", "requester", "Organization/gp", "reason", "Fell", "key", key))
		tasks = append(tasks, said(made, "task")[0])
	}
	all := params("move", "accept", "task", tasks[0], "task", tasks[1], "task", tasks[2])
	w.want(200, "falls", "POST", "/fhir/"+tasks[1]+"/$move", params("move", "accept"))
	refused := w.want(200, "falls", "POST", "/fhir/Task/$move", all)
	if got := said(refused, "done")[0]; got != "false" || len(said(refused, "outcome", "refused")) != 1 {
		t.Errorf("done = %s, outcomes %s", got, refused.Body)
	}
	if got := said(w.want(200, "falls", "GET", "/fhir/"+tasks[0]+"/$actions", ""), "state")[0]; got != "sent" {
		t.Errorf("one was moved though another could not: %s", got)
	}
	done := w.want(200, "falls", "POST", "/fhir/Task/$move", params("move", "accept", "task", tasks[0], "task", tasks[2]))
	if got := said(done, "outcome", "state"); !slices.Equal(got, []string{"accepted", "accepted"}) || said(done, "done")[0] != "true" {
		t.Errorf("moved together: %s", done.Body)
	}
	w.want(400, "falls", "POST", "/fhir/Task/$move", params("move", "accept"))
	hidden := w.want(200, "team", "POST", "/fhir/Task/$move", params("move", "accept", "task", tasks[0], "task", "nothing"))
	if got := said(hidden, "outcome", "refused"); len(got) != 2 || got[0] != got[1] {
		t.Errorf("what is hidden and what is not there are told apart: %v", got)
	}
}

// TestOperationsAreWhereTheyBelong: not at other types, and not by other methods.
func TestOperationsAreWhereTheyBelong(t *testing.T) {
	w := ward(t)
	w.want(404, "gp", "POST", "/fhir/Task/$refer", params())
	w.want(404, "gp", "GET", "/fhir/Patient/amina/$actions", "")
	w.want(404, "gp", "POST", "/fhir/Patient/amina/$move", params("move", "accept"))
	w.want(404, "gp", "POST", "/fhir/Patient/$move", params("move", "accept"))
	w.want(404, "gp", "GET", "/fhir/Patient/$worklist", "")
	w.want(404, "gp", "POST", "/fhir/Patient/amina/$claim", params())
	w.want(401, "", "POST", "/fhir/ServiceRequest/$refer", params())
	w.want(400, "amina", "POST", "/fhir/ServiceRequest/$refer", params("patient", "amina", "service", "falls-s", "reason", "I fell"))
	own := w.want(201, "amina", "POST", "/fhir/ServiceRequest/$refer", params("patient", "amina", "service", "team-s", "reason", "I fell"))
	batch := w.want(200, "team", "POST", "/fhir", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"`+said(own, "task")[0]+`/$actions"}},{"resource":`+params("move", "accept")+`,"request":{"method":"POST","url":"`+said(own, "task")[0]+`/$move"}}]}`)
	if !strings.Contains(batch.Body.String(), `"valueCode":"accepted"`) {
		t.Errorf("a move in a batch: %s", batch.Body)
	}
}

// TestAPlanOverHTTP: the person says what matters, the practice adds, and both read
// one plan; a service that has nothing to do with them does not.
func TestAPlanOverHTTP(t *testing.T) {
	w := ward(t)
	w.want(200, "amina", "POST", "/fhir/Patient/amina/$plan-say", params("what", "words", "text", "I want to see my garden again"))
	a := w.want(200, "gp", "POST", "/fhir/Patient/amina/$plan-say", params("what", "goal", "text", "Walk to the shop", "target", "400 metres", "due", "2026-05-01"))
	if got := said(a, "words", "text"); !slices.Equal(got, []string{"I want to see my garden again"}) {
		t.Errorf("the words are %q", got)
	}
	if got := said(a, "goal", "target"); !slices.Equal(got, []string{"400 metres"}) {
		t.Errorf("the target is %q", got)
	}
	if a.Header().Get("ETag") != `W/"2"` {
		t.Errorf("the plan's version is %s", a.Header().Get("ETag"))
	}
	w.want(200, "gp", "POST", "/fhir/Patient/amina/$plan-say", params("what", "action", "text", "Ask for a rail", "owner", "Organization/gp", "due", "2026-03-01"))
	if got := said(w.want(200, "amina", "GET", "/fhir/Patient/amina/$plan", ""), "action", "owner"); !slices.Equal(got, []string{"Organization/gp"}) {
		t.Errorf("the action is %q's", got)
	}
	w.want(404, "falls", "GET", "/fhir/Patient/amina/$plan", "")
	w.want(404, "falls", "POST", "/fhir/Patient/amina/$plan-say", params("what", "note", "text", "x"))
	w.want(400, "gp", "POST", "/fhir/Patient/amina/$plan-say", params("what", "wish", "text", "x"))
	w.want(404, "gp", "GET", "/fhir/Task/amina/$plan", "")
}

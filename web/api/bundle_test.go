package api_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestTransaction(t *testing.T) {
	w := newWorld(t)
	old := w.make(patient("Old"))
	gone := w.make(patient("Gone"))
	const urn = "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a"
	a := w.want(200, "feed", "POST", "/fhir", bundle(
		"transaction",
		ask("GET", "Patient?family=New"),
		ask("GET", old),
		send("", "PUT", old, strings.Replace(patient("Older"), `{`, `{"id":"`+string(idOf(old))+`",`, 1)),
		send("urn:uuid:79378cb8-8f58-48e8-a5e8-60ac2755b674", "POST", "Observation", observation(urn, "x")),
		send(urn, "POST", "Patient", patient("New")),
		ask("DELETE", gone),
		send("", "POST", "Observation", observation("Patient?family=Old", "y")),
	))
	if got, want := a.statuses(), "200 200 200 201 201 204 201"; got != want {
		t.Fatalf("transaction answers %s, want %s: %s", got, want, a.Body)
	}
	if !a.doc.Get("type").Is("transaction-response") {
		t.Errorf("type = %s", a.doc.Get("type").Raw())
	}
	entry := a.doc.Get("entry")
	made := entry.Item(4).At("response", "location").Text()
	if !strings.HasPrefix(made, "Patient/") || !strings.HasSuffix(made, "/_history/1") {
		t.Errorf("location = %q, want that of version 1", made)
	}
	if entry.Item(4).Get("resource").Exists() {
		t.Error("a created resource came back without being asked for")
	}
	if got := entry.Item(0).At("resource", "entry", "resource", "name", "family").Text(); got != "New" {
		t.Errorf("the search in the transaction found %q, want what the transaction made", got)
	}
	if got := entry.Item(1).At("resource", "name", "family").Text(); got != "Older" {
		t.Errorf("the read in the transaction shows %q, want what the transaction changed", got)
	}
	obs, _, _ := strings.Cut(entry.Item(3).At("response", "location").Text(), "/_history")
	got := w.want(200, "feed", "GET", "/fhir/"+obs, "")
	if want, _, _ := strings.Cut(made, "/_history"); got.doc.At("subject", "reference").Text() != want {
		t.Errorf("urn:uuid became %s, want %s", got.doc.At("subject", "reference").Text(), want)
	}
	obs, _, _ = strings.Cut(entry.Item(6).At("response", "location").Text(), "/_history")
	if got := w.want(200, "feed", "GET", "/fhir/"+obs, ""); got.doc.At("subject", "reference").Text() != old {
		t.Errorf("the conditional reference became %s, want %s", got.doc.At("subject", "reference").Text(), old)
	}
	w.want(410, "feed", "GET", "/fhir/"+gone, "")
}

func TestTransactionIsAllOrNothing(t *testing.T) {
	w := newWorld(t)
	old := w.make(patient("Old"))
	body := `{"resourceType":"Patient","id":"` + string(idOf(old)) + `"}`
	for _, c := range []struct {
		name, entry string
		status      int
		where       string
	}{
		{"an invalid resource", send("", "POST", "Patient", `{"resourceType":"Patient","nonsense":1}`), 400, "Bundle.entry[1].resource.nonsense"},
		{"a stale version", send("", "PUT", old, body, `,"ifMatch":"W/\"7\""`), 412, "Bundle.entry[1]"},
		{"a resource that is not there", ask("DELETE", "Patient/nobody"), 404, ""},
		{"a read of what is not there", ask("GET", "Patient/nobody"), 404, ""},
		{"an unknown parameter", ask("GET", "Patient?nonsense=1"), 400, "Bundle.entry[1]"},
		{"a reference to no entry", send("", "POST", "Observation", observation("urn:uuid:aaaaaaaa-bfdc-4613-8bf2-c5e300945f0a", "x")), 400, "Bundle.entry[1]"},
		{"a conditional reference to nothing", send("", "POST", "Observation", observation("Patient?family=Nobody", "x")), 412, "Bundle.entry[1]"},
		{"a conditional reference to several", send("", "POST", "Observation", observation("Patient?gender=female", "x")), 412, "Bundle.entry[1]"},
		{"an operation", ask("GET", old+"/$everything"), 400, "Bundle.entry[1]"},
		{"a history", ask("GET", old+"/_history"), 400, "Bundle.entry[1]"},
		{"the trail", ask("DELETE", "AuditEvent/1"), 400, "Bundle.entry[1]"},
		{"a patch that does not fit", send("", "PATCH", old, `{"resourceType":"Binary","contentType":"application/json-patch+json","data":"W3sib3AiOiJyZW1vdmUiLCJwYXRoIjoiL25vdGhlcmUifV0="}`), 400, "Bundle.entry[1]"},
	} {
		w.make(patient("Also"))
		before := w.want(200, "feed", "GET", "/fhir/_history", "").Body.String()
		a := w.do("feed", "POST", "/fhir", bundle("transaction", send("", "POST", "Patient", patient("First")), c.entry))
		if a.Code != c.status {
			t.Errorf("%s: %d %s, want %d", c.name, a.Code, a.Body, c.status)
		}
		if !strings.Contains(a.Body.String(), c.where) {
			t.Errorf("%s: %s, want it to name %s", c.name, a.Body, c.where)
		}
		if after := w.want(200, "feed", "GET", "/fhir/_history", "").Body.String(); after != before {
			t.Errorf("%s: something was stored", c.name)
		}
	}
}

func TestTransactionListsEveryFault(t *testing.T) {
	w := newWorld(t)
	a := w.want(400, "feed", "POST", "/fhir", bundle(
		"transaction",
		ask("GET", "Patient?nonsense=1"), ask("BREW", "Patient"), ask("GET", "Patient?also=1"),
	))
	if got := a.doc.Get("issue").Len(); got != 1 { // the method stops it before searches are read
		t.Errorf("%d issues: %s", got, a.Body)
	}
	a = w.want(400, "feed", "POST", "/fhir", bundle("transaction", ask("GET", "Patient?nonsense=1"), ask("GET", "Patient?also=1")))
	if got := a.doc.Get("issue").Len(); got != 2 {
		t.Errorf("%d issues for two faults: %s", got, a.Body)
	}
}

func TestTransactionPrefersRepresentation(t *testing.T) {
	w := newWorld(t)
	a := w.want(200, "feed", "POST", "/fhir", bundle("transaction", send("", "POST", "Patient", patient("A"))), "Prefer", "return=representation")
	if got := a.doc.At("entry", "resource", "name", "family").Text(); got != "A" {
		t.Errorf("return=representation gave %s", a.Body)
	}
}

func TestBatch(t *testing.T) {
	w := newWorld(t)
	old := w.make(patient("Old"))
	a := w.want(200, "feed", "POST", "/fhir", bundle(
		"batch",
		ask("GET", old),
		ask("GET", "Patient/nobody"),
		ask("GET", old+"/_history"),
		ask("GET", old+"/$everything"),
		ask("GET", "metadata"),
		ask("GET", "Patient?nonsense=1"),
		ask("GET", "_history?_count=1"),
		send("", "POST", "Patient", `{"resourceType":"Patient","nonsense":1}`),
		send("", "POST", "Patient", patient("New"), `,"ifNoneExist":"family=Old"`),
		send("", "PATCH", old, `{"resourceType":"Binary","contentType":"application/json-patch+json","data":"W3sib3AiOiJyZW1vdmUiLCJwYXRoIjoiL2dlbmRlciJ9XQ=="}`),
		`{"request":{"method":"GET","url":"`+old+`","ifNoneMatch":"W/\"2\""}}`,
		ask("HEAD", old),
		ask("GET", old+"/$nonsense"),
		ask("DELETE", "AuditEvent/1"),
	))
	if got, want := a.statuses(), "200 404 200 200 200 400 200 400 200 200 304 200 404 405"; got != want {
		t.Fatalf("batch answers %s, want %s: %.3000s", got, want, a.Body)
	}
	entry := a.doc.Get("entry")
	if !entry.Item(1).At("response", "outcome").Get("resourceType").Is("OperationOutcome") {
		t.Errorf("a failed entry says %s, want an outcome", entry.Item(1).Raw())
	}
	if got := entry.Item(0).At("resource", "gender"); got.Exists() {
		t.Error("the read was before the patch, want after")
	}
	if entry.Item(11).Get("resource").Exists() {
		t.Error("HEAD came back with a resource")
	}
	w.want(400, "feed", "POST", "/fhir", bundle("batch", send("", "POST", "", bundle("batch", ask("GET", old)))))
}

func TestBundleLimits(t *testing.T) {
	w := newWorld(t)
	many := func(n int) string {
		return bundle("batch", strings.TrimSuffix(strings.Repeat(ask("GET", "metadata?x=1")+",", n), ","))
	}
	w.want(200, "feed", "POST", "/fhir", many(10))
	if got := w.want(413, "feed", "POST", "/fhir", many(5001)); !strings.Contains(got.Body.String(), "5000") {
		t.Errorf("refusal = %s, want it to say how many are taken", got.Body)
	}
	w.want(413, "feed", "POST", "/fhir", many(1_000_000))
	loud := w.want(200, "feed", "POST", "/fhir", bundle("batch", strings.TrimSuffix(strings.Repeat(ask("GET", "metadata")+",", 500), ",")))
	if n := loud.Body.Len(); n > 70<<20 || !strings.HasSuffix(loud.statuses(), " 413") {
		t.Errorf("a small batch made an answer of %d MB, ending in %.8s", n>>20, loud.statuses()[len(loud.statuses())-8:])
	}
	w.want(413, "feed", "POST", "/fhir", bundle("transaction", strings.TrimSuffix(strings.Repeat(ask("GET", "Patient?_count=1000")+",", 21), ",")))
	for _, body := range []string{`{}`, `[]`, `""`, `{"resourceType":"Bundle"}`, bundle("collection"), bundle("history"), `{"resourceType":"Patient"}`, ``} {
		if a := w.do("feed", "POST", "/fhir", body, "Content-Type", "application/fhir+json"); a.Code != 400 {
			t.Errorf("POST of %q as a bundle = %d %s, want 400", body, a.Code, a.Body)
		}
	}
	if a := w.want(200, "feed", "POST", "/fhir/", bundle("transaction")); a.doc.Get("entry").Exists() {
		t.Errorf("an empty transaction answers %s", a.Body)
	}
}

func TestValidate(t *testing.T) {
	w := newWorld(t)
	at := "/fhir/" + w.make(patient("Ode"))
	severities := func(a answer) string {
		var out []string
		for i := range a.doc.Get("issue").Items() {
			out = append(out, i.Get("severity").Text()+"@"+i.At("expression").Text())
		}
		return strings.Join(out, " ")
	}
	parameters := func(resource, more string) string {
		return fmt.Sprintf(`{"resourceType":"Parameters","parameter":[{"name":"resource","resource":%s}%s]}`, resource, more)
	}
	stored := w.want(200, "feed", "GET", at, "").Body.String()
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "/fhir/Patient/$validate", patient("A"), 200, "information@"},
		{"POST", "/fhir/Patient/$validate?mode=create", parameters(patient("A"), ""), 200, "information@"},
		{"POST", "/fhir/Patient/$validate", `{"resourceType":"Patient","x":1,"gender":"no"}`, 200, "error@Patient.x error@Patient.gender"},
		{"POST", "/fhir/Patient/$validate", `{"resourceType":"Observation"}`, 200, "error@resourceType"},
		{"POST", "/fhir/Patient/$validate", `{"resourceType":"Patient","id":"1","id":"2"}`, 200, "error@Patient.id"},
		{"POST", "/fhir/Patient/$validate?mode=delete", "", 415, ""},
		{"POST", "/fhir/Patient/$validate", parameters(patient("A"), `,{"name":"mode","valueCode":"delete"}`), 200, "information@"},
		{"POST", "/fhir/Patient/$validate?mode=nonsense", patient("A"), 400, ""},
		{"POST", "/fhir/Patient/$validate?profile=http://x", patient("A"), 501, ""},
		{"GET", at + "/$validate", "", 200, "information@"},
		{"GET", at + "/$validate?mode=delete", "", 200, "information@"},
		{"POST", at + "/$validate", stored, 200, "information@"},
		{"POST", at + "/$validate", patient("A"), 200, "error@id"},
		{"GET", "/fhir/Patient/nobody/$validate", "", 404, ""},
		{"POST", "/fhir/Patient/nobody/$validate", patient("A"), 404, ""},
	} {
		a := w.do("feed", c.method, c.path, c.body)
		if a.Code != c.status || c.want != "" && severities(a) != c.want {
			t.Errorf("%s %s of %.60s = %d %s, want %d %s", c.method, c.path, c.body, a.Code, a.Body, c.status, c.want)
		}
	}
	if got := len(w.want(200, "feed", "GET", "/fhir/_history", "").entries()); got != 1 {
		t.Errorf("after validating there are %d versions, want the one from before", got)
	}
}

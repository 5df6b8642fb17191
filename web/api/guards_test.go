package api_test

import (
	"fmt"
	"strings"
	"testing"
)

// Guards that others stand behind: what is refused is refused all the same without
// them, in other words or later.

// What is not known in a condition is never passed over: the change would be made
// to more than was meant.
func TestConditionsAreStrictWhateverIsPreferred(t *testing.T) {
	w := newWorld(t)
	kept := w.make(patient("Kept"))
	lenient := []string{"Prefer", "handling=lenient"}
	a := w.do("feed", "DELETE", "/fhir/Patient?colour=red", "", lenient...)
	if a.Code != 400 {
		t.Errorf("a conditional delete by an unknown parameter = %d %s, want 400", a.Code, a.Body)
	}
	for _, condition := range []string{"Patient?colour=red", "Patient?family=Kept&colour=red"} {
		if a = w.do("feed", "POST", "/fhir", bundle("transaction", ask("DELETE", condition)), lenient...); a.Code != 400 {
			t.Errorf("%s in a transaction = %d %s, want 400", condition, a.Code, a.Body)
		}
		a = w.want(200, "feed", "POST", "/fhir", bundle("batch", ask("DELETE", condition)), lenient...)
		if got := a.statuses(); got != "400" {
			t.Errorf("%s in a batch = %s, want 400", condition, got)
		}
	}
	w.want(200, "feed", "GET", "/fhir/"+kept, "")
}

func TestParametersAreCounted(t *testing.T) {
	w := newWorld(t)
	many := func(n int) string { return "/fhir/Patient/_history?" + strings.Repeat("_count=1&", n) }
	if a := w.do("feed", "GET", many(301), ""); a.Code != 400 || !strings.Contains(a.Body.String(), "more parameters than we take") {
		t.Errorf("301 parameters = %d %s, want 400 for their number", a.Code, a.Body)
	}
	if a := w.do("feed", "GET", many(300), ""); strings.Contains(a.Body.String(), "more parameters than we take") {
		t.Errorf("300 parameters = %d %s, want them taken", a.Code, a.Body)
	}
}

// A parameter's name is told back only when it looks like one.
func TestNamesOfParametersAreNotRepeated(t *testing.T) {
	w := newWorld(t)
	for name, want := range map[string]string{
		"colour":                      "http.colour",
		"Zebedee%20Smith":             "http.parameter",
		"%3Cscript%3E":                "http.parameter",
		strings.Repeat("zebedee", 10): "http.parameter",
	} {
		a := w.do("feed", "GET", "/fhir/Patient/_history?"+name+"=1", "")
		if a.Code != 400 || !strings.Contains(a.Body.String(), `"`+want+`"`) {
			t.Errorf("the parameter %s = %d %s, want 400 at %s", name, a.Code, a.Body, want)
		}
	}
}

// An id that cannot be one is nowhere, for a change too.
func TestWhatIsNoIDIsNowhere(t *testing.T) {
	w := newWorld(t)
	for _, id := range []string{"a_b", "ä", strings.Repeat("x", 65)} {
		body := strings.Replace(patient("X"), "{", fmt.Sprintf(`{"id":%q,`, id), 1)
		for method, body := range map[string]string{"GET": "", "PUT": body, "DELETE": ""} {
			if a := w.do("feed", method, "/fhir/Patient/"+id, body); a.Code != 404 {
				t.Errorf("%s Patient/%s = %d %s, want 404", method, id, a.Code, a.Body)
			}
		}
	}
}

func TestBundlesInBundlesAreNotProcessed(t *testing.T) {
	w := newWorld(t)
	inner := bundle("transaction", send("", "POST", "Patient", patient("Inner")))
	for _, url := range []string{"/", "", "/fhir", "https://joinery.example/fhir"} {
		if a := w.do("feed", "POST", "/fhir", bundle("batch", send("", "POST", url, inner))); a.Code != 400 && a.statuses() != "501" {
			t.Errorf("a bundle in a batch, posted to %q = %d %s, want it refused", url, a.Code, a.Body)
		}
	}
	if n := len(w.want(200, "feed", "GET", "/fhir/Patient", "").entries()); n != 0 {
		t.Errorf("%d Patients were made of it, want none", n)
	}
}

// What an entry of a batch must bring, and may not.
func TestEntriesOfABatchBringWhatTheyNeed(t *testing.T) {
	w := newWorld(t)
	a := w.want(200, "feed", "POST", "/fhir", bundle("batch", ask("POST", "Patient/_search"), ask("POST", "Patient/$validate")))
	if got := a.statuses(); got != "501 200" {
		t.Errorf("a search by form and a validation of nothing = %s, want 501 200: %s", got, a.Body)
	}
	if !strings.Contains(a.Body.String(), "A resource is needed") {
		t.Errorf("a validation of nothing says %s, want what is missing", a.Body)
	}
}

// A patch that is none is refused for what it is, whether or not there is
// something to patch.
func TestPatchesThatAreNone(t *testing.T) {
	w := newWorld(t)
	there := w.make(patient("Ode"))
	for _, c := range []struct{ name, body, media, where string }{
		{"a Binary of text", `{"resourceType":"Binary","contentType":"text/plain","data":"W10="}`, "application/fhir+json", "Binary.contentType"},
		{"a Binary that is not base64", `{"resourceType":"Binary","contentType":"application/json-patch+json","data":"%%%"}`, "application/fhir+json", "Binary.data"},
		{"another resource", patient("Ode"), "application/fhir+json", "resourceType"},
		{"not JSON", `[{"op":`, "application/json-patch+json", ""},
	} {
		for _, at := range []string{there, "Patient/nobody"} {
			a := w.do("feed", "PATCH", "/fhir/"+at, c.body, "Content-Type", c.media)
			if a.Code != 400 || !strings.Contains(a.Body.String(), c.where) {
				t.Errorf("PATCH %s by %s = %d %s, want 400 at %q", at, c.name, a.Code, a.Body, c.where)
			}
		}
	}
}

func TestParametersOfAnOperationArePlain(t *testing.T) {
	w := newWorld(t)
	at := "/fhir/" + w.make(patient("Ode")) + "/$everything"
	for _, p := range []string{`{"name":"_type","valueCoding":{"code":"Observation"}}`, `{"name":"_count"}`} {
		a := w.do("feed", "POST", at, `{"resourceType":"Parameters","parameter":[`+p+`]}`)
		if a.Code != 400 || !strings.Contains(a.Body.String(), "plain value") {
			t.Errorf("$everything with %s = %d %s, want 400", p, a.Code, a.Body)
		}
	}
}

// What an interaction needs and does not have is said in words of its own.
func TestWhatIsMissingIsSaid(t *testing.T) {
	w := newWorld(t)
	obs := w.make(observation("Patient/x", "n"))
	parameters := func(p string) string { return `{"resourceType":"Parameters","parameter":[` + p + `]}` }
	for _, c := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"GET", obs + "/$everything", "", 404, "$everything is there for a Patient"},
		{"GET", "_page?handle=AAAA&colour=red", "", 400, "no such parameter"},
		{"POST", "Patient/$validate", parameters(``), 400, "There is no resource to validate"},
		{"POST", "Patient/$validate", parameters(`{"name":"mode","valueCode":"delete"}`), 400, "Deleting is checked for one resource"},
		{"POST", "Patient/$validate", parameters(`{"name":"resource","valueString":"x"}`), 400, "must hold a resource"},
		{"POST", "Patient/$validate", parameters(`{"name":"colour","valueCode":"red"}`), 400, "$validate has the parameters"},
		{"PUT", "Patient/1", patient("Ode"), 400, "must say the id"},
	} {
		if a := w.do("feed", c.method, "/fhir/"+c.path, c.body); a.Code != c.status || !strings.Contains(a.Body.String(), c.says) {
			t.Errorf("%s %s of %.80s = %d %s, want %d saying %q", c.method, c.path, c.body, a.Code, a.Body, c.status, c.says)
		}
	}
	whole := bundle("transaction", send("", "POST", "Patient", patient("Ode")))
	if a := w.do("feed", "POST", "/fhir", whole, "If-Match", `W/"1"`); a.Code != 400 || len(w.want(200, "feed", "GET", "/fhir/Patient", "").entries()) != 0 {
		t.Errorf("a transaction with If-Match = %d %s, want 400 and nothing stored", a.Code, a.Body)
	}
}

func TestParametersWhereThereAreNone(t *testing.T) {
	w := newWorld(t)
	ref := w.make(patient("Ode"))
	whole := bundle("transaction", send("", "POST", "Patient", patient("Other")))
	if a := w.do("feed", "POST", "/fhir?colour=red", whole); a.Code != 400 {
		t.Errorf("a transaction with parameters = %d %s, want 400", a.Code, a.Body)
	}
	if a := w.do("feed", "POST", "/fhir", bundle("transaction", ask("GET", ref+"?_elements=name"))); a.Code != 400 || !strings.Contains(a.Body.String(), "a read has no parameters") {
		t.Errorf("a read with parameters in a transaction = %d %s, want 400", a.Code, a.Body)
	}
	if a := w.do("feed", "POST", "/fhir/Patient", patient("Other"), "Content-Type", "application/fhir+json; fhirVersion=5.0"); a.Code != 415 {
		t.Errorf("a body of FHIR 5 = %d %s, want 415", a.Code, a.Body)
	}
	if n := len(w.want(200, "feed", "GET", "/fhir/Patient", "").entries()); n != 1 {
		t.Errorf("afterwards there are %d Patients, want 1", n)
	}
}

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

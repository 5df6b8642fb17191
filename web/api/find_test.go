package api_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// modes are the types of a page's entries, each with why it is there.
func (a answer) modes() string {
	var out []string
	for e := range a.doc.Get("entry").Items() {
		out = append(out, e.At("resource", "resourceType").Text()+" "+e.At("search", "mode").Text())
	}
	return strings.Join(out, ", ")
}

func TestSearchBundles(t *testing.T) {
	c := newCast(t)
	id := string(idOf(c.p1))
	const form = "application/x-www-form-urlencoded"
	for _, k := range []struct {
		as, method, path, body string
		want, self             string
	}{
		{"feed", "GET", "/fhir/Observation?subject=Patient/" + id + "&_include=Observation:subject", "", "Observation match, Patient include", "/Observation?subject=Patient/" + id + "&_include=Observation:subject"},
		{"feed", "GET", "/fhir/Patient?_id=" + id + "&_revinclude=Observation:subject", "", "Patient match, Observation include", ""},
		{"feed", "GET", "/fhir/Patient?name=ode%20&_format=json&_pretty=true", "", "Patient match", "/Patient?name=ode"},
		{"feed", "POST", "/fhir/Patient/_search?gender=female", "name=ode", "Patient match", "/Patient?gender=female&name=ode"},
		{"feed", "POST", "/fhir/_search", "_id=" + id + "&_type=Patient,Observation", "Patient match", "?_id=" + id},
		{"feed", "GET", "/fhir?_type=Patient&_id=" + id, "", "Patient match", "?_type=Patient&_id=" + id},
		{"feed", "GET", "/fhir/" + c.p1 + "/Observation?status=final", "", "Observation match", "/" + c.p1 + "/Observation?status=final"},
		{"feed", "POST", "/fhir/" + c.p1 + "/Observation/_search", "status=final", "Observation match", "/" + c.p1 + "/Observation?status=final"},
		{"feed", "GET", "/fhir/" + c.p1 + "/Observation?status=amended", "", "", ""},
		{"P1", "GET", "/fhir/" + c.p1 + "/*", "", "CareTeam match, Consent match, Observation match, Patient match, RelatedPerson match", "/" + c.p1 + "/*"},
		{"P1", "GET", "/fhir/" + c.p2 + "/*", "", "", "/" + c.p2 + "/*"},
		{"P1", "GET", "/fhir/Observation", "", "Observation match", "/Observation"},
		{"A1", "GET", "/fhir/Observation", "", "", "/Observation"},
	} {
		var headers []string
		if k.body != "" {
			headers = []string{"Content-Type", form}
		}
		a := c.ask(k.as, k.method, k.path, k.body, headers...)
		if a.Code != 200 {
			t.Errorf("%s: %s %s = %d %s", k.as, k.method, k.path, a.Code, a.Body)
			continue
		}
		got := strings.Split(a.modes(), ", ")
		if want := strings.Split(k.want, ", "); fmt.Sprint(sortedOf(got)) != fmt.Sprint(sortedOf(want)) {
			t.Errorf("%s: %s %s gives %v, want %v", k.as, k.method, k.path, got, want)
		}
		if self := a.link("self"); !strings.HasPrefix(self, base+k.self) {
			t.Errorf("%s: %s %s has the link %s, want %s…", k.as, k.method, k.path, self, base+k.self)
		}
	}
	if a := c.do("feed", "POST", "/fhir/Patient/_search", `{"name":"x"}`); a.Code != 415 {
		t.Errorf("a search by JSON = %d, want 415", a.Code)
	}
}

func sortedOf(s []string) map[string]int {
	out := map[string]int{}
	for _, x := range s {
		out[x]++
	}
	return out
}

func TestLeniency(t *testing.T) {
	w := newWorld(t)
	w.make(patient("Ode"))
	a := w.want(400, "feed", "GET", "/fhir/Patient?name=Ode&nonsense=1&also=2", "")
	if n := a.doc.Get("issue").Len(); n != 2 {
		t.Errorf("two unknown parameters make %d issues: %s", n, a.Body)
	}
	a = w.want(200, "feed", "GET", "/fhir/Patient?name=Ode&nonsense=1", "", "Prefer", "handling=lenient")
	if got := a.modes(); got != "Patient match, OperationOutcome outcome" {
		t.Errorf("lenient search gives %s", got)
	}
	if self := a.link("self"); strings.Contains(self, "nonsense") {
		t.Errorf("the link to itself is %s, want only what was understood", self)
	}
	w.want(400, "feed", "GET", "/fhir/Patient?name=Ode&nonsense=1", "", "Prefer", "handling=strict")
	w.want(400, "feed", "GET", "/fhir/Patient/_history?nonsense=1", "")
	w.want(200, "feed", "GET", "/fhir/Patient/_history?nonsense=1", "", "Prefer", "handling=lenient")
}

func TestTotals(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		w.make(patient("Ode"))
	}
	for query, want := range map[string]string{"": "", "_total=none": "", "_total=accurate": "3", "_summary=count": "3", "_total=accurate&_count=1": "3"} {
		a := w.want(200, "feed", "GET", "/fhir/Patient?name=ode&"+query, "")
		if got := a.doc.Get("total").Text(); got != want {
			t.Errorf("total with %q = %q, want %q", query, got, want)
		}
	}
}

func TestEverything(t *testing.T) {
	c := newCast(t)
	at := "/fhir/" + c.p1 + "/$everything"
	all := c.ask("P1", "GET", at, "")
	if got := sortedOf(strings.Split(all.modes(), ", ")); got["Patient match"] != 1 || got["Observation match"] != 1 {
		t.Errorf("$everything gives %v", got)
	}
	for _, k := range []struct{ method, query, body, want string }{
		{"GET", "?_type=Observation", "", "Observation"},
		{"POST", "", `{"resourceType":"Parameters","parameter":[{"name":"_type","valueCode":"Observation"}]}`, "Observation"},
		{"GET", "?_type=Observation&start=2026-11-02", "", ""},
		{"GET", "?_type=Observation&start=2026-11-01&end=2026-11-01", "", "Observation"},
		{"GET", "?_since=2030-01-01T00:00:00Z", "", ""},
	} {
		a := c.want(200, "P1", k.method, at+k.query, k.body)
		if got := a.doc.At("entry", "resource", "resourceType").Text(); got != k.want {
			t.Errorf("%s %s %s gives %s, want %s", k.method, k.query, k.body, a.Body, k.want)
		}
	}
	for _, query := range []string{"?_type=Nonsense", "?start=soon", "?_since=2026", "?nonsense=1", "?_count=x"} {
		c.want(400, "P1", "GET", at+query, "")
	}
	seen, pages := map[string]bool{}, 0
	for next := at + "?_count=1"; next != ""; pages++ {
		a := c.want(200, "P1", "GET", next, "")
		for _, e := range a.entries() {
			seen[e.Get("id").Text()] = true
		}
		next = strings.TrimPrefix(a.link("next"), strings.TrimSuffix(base, "/fhir"))
		if pages > 10 {
			t.Fatal("pages do not end")
		}
	}
	if n := len(all.entries()); len(seen) != n || pages < 2 {
		t.Errorf("%d pages hold %d resources, want several with %d", pages, len(seen), n)
	}
}

func TestHistoryPagesAndMoments(t *testing.T) {
	w := newWorld(t)
	ref := w.make(patient("Ode"))
	at := "/fhir/" + ref
	first := w.want(200, "feed", "GET", at, "")
	for i := range 3 {
		w.want(200, "feed", "PUT", at, strings.Replace(first.Body.String(), "Ode", fmt.Sprintf("Ode%d", i), 1))
	}
	second := w.want(200, "feed", "GET", at+"/_history/2", "").doc.At("meta", "lastUpdated").Text()
	count := func(query string) int {
		return len(w.want(200, "feed", "GET", at+"/_history?"+query, "").entries())
	}
	if got := count("_since=" + url.QueryEscape(second)); got != 3 {
		t.Errorf("_since the second version gives %d, want 3", got)
	}
	if got := count("_at=" + url.QueryEscape(second)); got != 1 {
		t.Errorf("_at the second version gives %d, want 1", got)
	}
	if got := count("_since=2026-11-22T12:00:00+00:00"); got != 4 {
		t.Errorf("_since with a plus that was not escaped gives %d, want 4", got)
	}
	numbers := ""
	for next := at + "/_history?_count=2"; next != ""; {
		a := w.want(200, "feed", "GET", next, "")
		if !a.doc.Get("type").Is("history") {
			t.Fatalf("a page of a history is a %s", a.doc.Get("type").Text())
		}
		for _, e := range a.entries() {
			numbers += e.At("meta", "versionId").Text()
		}
		next = strings.TrimPrefix(a.link("next"), strings.TrimSuffix(base, "/fhir"))
	}
	if numbers != "4321" {
		t.Errorf("pages of the history hold %s, want 4321", numbers)
	}
	w.want(400, "feed", "GET", at+"/_history?_since=yesterday", "")
	w.want(404, "feed", "GET", "/fhir/Patient/nobody/_history", "")
}

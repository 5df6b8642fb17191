package main

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// found is what a search gives an actor, with canaries swept.
func (w *stage) found(a *actor, query string) (hits, included []string, total any) {
	w.t.Helper()
	for at := "/fhir/" + query; at != ""; {
		got := w.see(a, "GET", at, nil)
		if got.status != 200 {
			w.t.Fatalf("%s as %s: status %d\n%.300s", query, a.name, got.status, got.body)
		}
		b := readBundle(w.t, got.body)
		if total == nil {
			total = deref(b.Total)
		}
		for _, e := range b.Entry {
			switch e.Search.Mode {
			case "match":
				hits = append(hits, named(w.t, e.Resource))
			case "include":
				included = append(included, named(w.t, e.Resource))
			}
		}
		at = path(b.next())
	}
	return hits, included, total
}

// finds checks the hits of a search as an actor; 403 and 400 count as nothing
// found where nothing must be.
func (w *stage) finds(a *actor, query string, want ...string) {
	w.t.Helper()
	if len(want) == 0 {
		if got := w.see(a, "GET", "/fhir/"+query, nil); got.status == 403 || got.status == 400 {
			return
		}
	}
	hits, _, _ := w.found(a, query)
	slices.Sort(hits)
	slices.Sort(want)
	if !slices.Equal(hits, want) {
		w.t.Errorf("%s as %s finds %v, want %v", query, a.name, hits, want)
	}
}

func (w *stage) includeHidden() {
	for _, a := range []*actor{w.p1, w.c1, w.d1} {
		hits, included, total := w.found(a, "Observation?code=urn:proof%7Clinked&_include=Observation:derived-from&_total=accurate")
		if len(hits) != 1 || len(included) != 0 || total != 1 {
			w.t.Errorf("as %s: %d hits, %d included, total %v; want 1, 0, 1", a.name, len(hits), len(included), total)
		}
	}
	if _, included, _ := w.found(&actor{name: "admin", token: w.admin, sees: []string{"CANARY-P1-LINKED", "CANARY-P2-OBSERVATION"}}, "Observation?code=urn:proof%7Clinked&_include=Observation:derived-from"); len(included) != 1 {
		w.t.Errorf("the administrator's include gives %d, want 1: the case proves nothing", len(included))
	}
	_, included, _ := w.found(w.s1, "Observation?code=urn:proof%7Ccommon&_include=Observation:subject")
	if len(included) != 0 {
		w.t.Errorf("S1, who may see Observations alone, was given %v", included)
	}
}

func (w *stage) includeEverything() {
	for _, a := range []*actor{w.p1, w.c1, w.d1, w.d2, w.s1} {
		for _, query := range []string{
			"Patient?_revinclude=*:*", "Patient?_revinclude=*", "Observation?_include=*", "Observation?_include=*:*",
			"Observation?_include:iterate=Observation:derived-from&_include:iterate=Observation:has-member&_revinclude:iterate=Observation:derived-from",
			"Encounter?_revinclude:iterate=Condition:encounter&_include:iterate=Condition:subject&_revinclude:iterate=Encounter:subject",
		} {
			began := w.worked()
			if got := w.see(a, "GET", "/fhir/"+query, nil); got.status != 200 && got.status != 400 && got.status != 403 {
				w.t.Errorf("%s as %s: status %d", query, a.name, got.status)
			}
			if took := w.worked() - began; took > 5*time.Second {
				w.t.Errorf("%s as %s took %v", query, a.name, took)
			}
		}
	}
}

func (w *stage) hasHidden() {
	sct := url.QueryEscape("http://snomed.info/sct|86406008")
	for _, query := range []string{
		"Patient?_has:Condition:patient:code=" + sct,
		"Patient?_has:Condition:patient:_security=http://terminology.hl7.org/CodeSystem/v3-ActCode%7CHIV",
		"Encounter?_has:Condition:encounter:code=" + sct,
		"Condition?code=" + sct,
		"Condition?_security=http://terminology.hl7.org/CodeSystem/v3-ActCode%7CHIV",
	} {
		for _, a := range []*actor{w.p2, w.c1, w.d1, w.d2, w.s1} {
			w.finds(a, query)
		}
	}
	w.finds(w.p1, "Condition?code="+sct, w.sealed)
	w.finds(w.d1, "Patient?_has:Condition:patient:code=urn:proof%7Cplain", w.patient1)
	for _, a := range []*actor{w.c1, w.s1} { // Conditions are closed to them
		w.finds(a, "Patient?_has:Condition:patient:code=urn:proof%7Cplain")
	}
}

func (w *stage) chainHidden() {
	for _, a := range []*actor{w.p1, w.c1, w.d1} {
		for _, query := range []string{
			"Observation?derived-from:Observation.code=urn:proof%7Ccommon",
			"Observation?derived-from:Observation.patient.family=CANARY-P2-NAME",
			"Observation?derived-from:Observation.date=2020-02-02",
			"Observation?patient.family=CANARY-P2-NAME",
			"Observation?patient:Patient.name:contains=P2",
		} {
			w.finds(a, query)
		}
	}
	for _, query := range []string{"Observation?patient.family=CANARY-P1-NAME", "Observation?subject:Patient.birthdate=1980-01-02"} {
		w.finds(w.s1, query) // a system that may see Observations alone
		w.finds(w.c1, query) // a carer who may see Observations alone
	}
	w.finds(w.d1, "Observation?patient.family=CANARY-P1-NAME", w.ofP1["Observation"], w.linked)
}

func (w *stage) countHidden() {
	for _, c := range []struct {
		a     *actor
		query string
		want  int
	}{
		{w.p1, "Observation?code=urn:proof%7Ccommon", 1},
		{w.d1, "Observation?code=urn:proof%7Ccommon", 1},
		{w.d1, "Condition?subject=" + w.patient1, 1},
		{w.p1, "Condition?subject=" + w.patient1, 2},
		{w.d2, "Observation?code=urn:proof%7Ccommon", 0},
		{w.s1, "Observation?code=urn:proof%7Ccommon", 2},
		{w.d1, "Patient?birthdate=1980-01-02", 1},
		{w.d2, "Patient?birthdate=1980-01-02", 0},
	} {
		for _, more := range []string{"&_total=accurate", "&_summary=count", "&_count=0&_total=accurate", "&_sort=-_lastUpdated&_total=accurate"} {
			got := w.see(c.a, "GET", "/fhir/"+c.query+more, nil)
			if got.status != 200 {
				w.t.Errorf("%s%s as %s: status %d", c.query, more, c.a.name, got.status)
				continue
			}
			b := readBundle(w.t, got.body)
			if deref(b.Total) != c.want {
				w.t.Errorf("%s%s as %s: total %v, want %d", c.query, more, c.a.name, deref(b.Total), c.want)
			}
			if strings.Contains(more, "count") && strings.Contains(more, "summary") && len(b.Entry) > 0 {
				w.t.Errorf("%s%s as %s gives entries", c.query, more, c.a.name)
			}
		}
	}
	for _, sort := range []string{"_sort=patient.family", "_sort=subject", "_sort=derived-from"} {
		w.see(w.d1, "GET", "/fhir/Observation?"+sort, nil)
	}
}

// masked: an address that is protected is not shown to those who may see the
// rest, and cannot be asked for.
func (w *stage) masked() {
	name := w.create(w.admin, `{"resourceType":"Patient","meta":{"security":[{"system":"urn:joinery:label","code":"protected-address"}]},"name":[{"family":"Hidden"}],"address":[{"line":["1 CANARY-ADDRESS Road"],"city":"CANARY-TOWN"}]}`)
	w.create(w.admin, fmt.Sprintf(`{"resourceType":"CareTeam","status":"active","subject":{"reference":%q},"participant":[{"member":{"reference":%q}}]}`, name, w.practitioner1()))
	got := w.see(w.d1, "GET", "/fhir/"+name, nil)
	if got.status != 200 || strings.Contains(string(got.body), "address\":[") {
		w.t.Errorf("as D1: status %d, want the Patient without the address: %.300s", got.status, got.body)
	}
	for _, query := range []string{"Patient?address=1", "Patient?address-city=CANARY-TOWN", "Patient?address:contains=ROAD", "Patient?address:missing=false"} {
		w.finds(w.d1, query)
	}
	for _, more := range []string{"?_elements=address", "?_summary=true", "?_summary=data", "/_history", "/_history/1", "/$everything"} {
		w.see(w.d1, "GET", "/fhir/"+name+more, nil)
	}
	w.finds(w.d1, "Patient?family=Hidden", name)
}

// practitioner1 is the name of D1's Practitioner.
func (w *stage) practitioner1() string {
	hits, _, _ := w.all(w.admin, "Practitioner?family=One")
	return hits[0]
}

func (w *stage) spellings() {
	id := strings.TrimPrefix(w.patient1, "Patient/")
	host := "http://" + w.address + "/fhir/"
	want := []string{w.ofP1["Observation"], w.linked}
	for _, value := range []string{w.patient1, id, host + w.patient1} {
		w.finds(w.d1, "Observation?subject="+url.QueryEscape(value), want...)
		w.finds(w.d2, "Observation?subject="+url.QueryEscape(value))
	}
	other := strings.TrimPrefix(w.patient2, "Patient/")
	for _, value := range []string{
		w.patient2, other, host + w.patient2, w.patient2 + "/_history/1", w.patient2 + "/", "Patient%2F" + other, "urn:uuid:" + other,
		"http://other.example/fhir/" + w.patient2, "//" + w.patient2, "./" + w.patient2,
	} {
		for _, a := range []*actor{w.p1, w.c1, w.d1, w.d2} {
			w.finds(a, "Observation?subject="+url.QueryEscape(value))
			w.finds(a, "Observation?patient="+url.QueryEscape(value))
		}
	}
	for _, value := range []string{w.patient1 + "," + w.patient2} {
		w.finds(w.d1, "Observation?subject="+value, want...)
	}
	for _, at := range []string{"/fhir/Patient%2F" + other, "/fhir//" + w.patient2, "/fhir/" + w.patient2 + "/", "/fhir/Patient/./" + other, "/fhir/Patient/" + other + "%00", "/fhir/Patient/" + strings.ToUpper(other)} {
		if got := w.see(w.p1, "GET", at, nil); got.status == 200 {
			w.t.Errorf("%s as P1: status 200", at)
		}
	}
}

func (w *stage) pages() {
	for i := range 30 {
		w.create(w.admin, fmt.Sprintf(`{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"urn:proof","code":"paged"}],"text":"CANARY-P1-OBSERVATION"},"subject":{"reference":%q},"valueInteger":%d}`, w.patient1, i))
	}
	first := readBundle(w.t, w.see(w.d1, "GET", "/fhir/Observation?code=urn:proof%7Cpaged&_count=10", nil).body)
	next := path(first.next())
	if next == "" {
		w.t.Fatal("30 hits by 10 have no next page")
	}
	if strings.Contains(next, "Patient") || strings.Contains(next, "paged") {
		w.t.Errorf("the next link tells what was asked: %s", next)
	}
	for _, a := range []*actor{w.p1, w.p2, w.c1, w.d2, w.s1, w.a1, w.x, {name: "admin", token: w.admin, sees: nil}} {
		if got := w.see(a, "GET", next, nil); got.status < 400 {
			w.t.Errorf("D1's next page as %s: status %d", a.name, got.status)
		}
	}
	for i := len(next) - 3; i > len(next)-12; i-- { // the last letter of base64 has bits that mean nothing
		tampered := next[:i] + string(next[i]^1) + next[i+1:]
		if got := w.see(w.d1, "GET", tampered, nil); got.status < 400 {
			w.t.Errorf("a tampered next page: status %d", got.status)
		}
	}
	if got := w.see(w.d1, "GET", next, nil); got.status != 200 {
		w.t.Errorf("D1's own next page: status %d", got.status)
	}
}

func (w *stage) caches() {
	own := w.see(w.p1, "GET", "/fhir/"+w.patient1, nil)
	if cache := own.header.Get("Cache-Control"); !strings.Contains(cache, "no-store") {
		w.t.Errorf("Cache-Control is %q, want no-store in it", cache)
	}
	tag := own.header.Get("ETag")
	for _, headers := range [][]string{{"If-None-Match", tag}, {"If-None-Match", "*"}, {"If-Modified-Since", time.Now().Add(time.Hour).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")}} {
		if got := w.see(w.p2, "GET", "/fhir/"+w.patient1, nil, headers...); got.status != 404 {
			w.t.Errorf("P2 with %s: status %d, want 404", headers[0], got.status)
		}
		w.uniform(w.p2, "GET", w.patient1, "", nil, headers...)
	}
	one, two := w.see(w.p1, "GET", "/fhir/Observation?code=urn:proof%7Ccommon", nil), w.see(w.p2, "GET", "/fhir/Observation?code=urn:proof%7Ccommon", nil)
	if string(one.body) == string(two.body) {
		w.t.Error("one address gives two patients one answer")
	}
}

func (w *stage) carer() {
	w.finds(w.c1, "Observation?code=urn:proof%7Ccommon", w.ofP1["Observation"])
	for _, name := range []string{w.patient1, w.ofP1["Condition"], w.ofP1["Encounter"], w.sealed, w.consent} {
		if got := w.see(w.c1, "GET", "/fhir/"+name, nil); got.status != 404 && got.status != 403 {
			w.t.Errorf("C1 reads %s, which was not opened to them: status %d", name, got.status)
		}
	}
	grant := fmt.Sprintf(`{"resourceType":"Consent","status":"active","scope":{"text":"x"},"category":[{"text":"x"}],"policyRule":{"text":"x"},"patient":{"reference":%q},"provision":{"type":"permit","actor":[{"role":{"text":"x"},"reference":{"reference":"RelatedPerson/%s"}}]}}`, w.patient1, absentID)
	if got := w.see(w.c1, "POST", "/fhir/Consent", []byte(grant)); got.status < 400 {
		w.t.Errorf("a carer hands on what they were given: status %d", got.status)
	}
	body := w.must(200, w.admin, "GET", "/fhir/"+w.consent, nil).body
	ended := strings.Replace(string(body), `"status":"active"`, `"status":"inactive"`, 1)
	w.must(200, w.admin, "PUT", "/fhir/"+w.consent, []byte(ended))
	w.finds(w.c1, "Observation?code=urn:proof%7Ccommon")
	w.uniform(w.c1, "GET", w.ofP1["Observation"], "", nil)
}

func (w *stage) analyst() {
	for _, at := range []string{w.patient1, w.ofP1["Observation"], w.patient1 + "/$everything", w.patient1 + "/_history"} {
		if got := w.see(w.a1, "GET", "/fhir/"+at, nil); got.status == 200 {
			w.t.Errorf("an analyst gets %s", at)
		}
	}
	for _, query := range []string{"Observation?code=urn:proof%7Ccommon", "Patient?birthdate=1980-01-02", "Patient?_id=" + strings.TrimPrefix(w.patient1, "Patient/"), "Observation?code=urn:proof%7Cpaged"} {
		for _, more := range []string{"", "&_total=accurate", "&_summary=count", "&_elements=id", "&_sort=_lastUpdated"} {
			got := w.see(w.a1, "GET", "/fhir/"+query+more, nil)
			if got.status != 200 {
				continue
			}
			b := readBundle(w.t, got.body)
			if len(b.Entry) > 0 {
				w.t.Errorf("%s%s gives an analyst rows", query, more)
			}
			if n, ok := deref(b.Total).(int); ok && n%5 != 0 {
				w.t.Errorf("%s%s gives an analyst the total %d, which is not rounded to 5", query, more, n)
			}
		}
	}
	if got := w.see(w.a1, "POST", "/fhir/Observation", fmt.Appendf(nil, `{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":%q}}`, w.patient1)); got.status != 403 {
		w.t.Errorf("an analyst writes: status %d", got.status)
	}
}

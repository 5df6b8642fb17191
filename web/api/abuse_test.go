package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"joinery/bench/processor"
)

// The numbers are those of the abuse cases of knowledge/trust.md.

// Cases 1 and 3: what is hidden answers like what is not there, to every
// method, and each try is in the trail.
func TestHiddenLooksAbsent(t *testing.T) {
	c := newCast(t)
	const nobody = "Patient/01a20320-0000-7000-8000-000000000000"
	for _, as := range []string{"P1", "D2"} {
		for _, k := range []struct{ method, after, body, media, trail string }{
			{"GET", "", "", "", "read 4 hidden"},
			{"HEAD", "", "", "", "read 4 hidden"},
			{"GET", "/_history", "", "", ""},
			{"GET", "/_history/1", "", "", "vread 4 hidden"},
			{"GET", "/$everything", "", "", ""},
			{"GET", "/$validate", "", "", "read 4 hidden"},
			{"GET", "/Observation", "", "", ""},
			{"PUT", "", patient("New"), "", ""},
			{"PATCH", "", `[{"op":"remove","path":"/gender"}]`, "application/json-patch+json", ""},
			{"PATCH", "", `[{"op":"test","path":"/gender","value":"male"}]`, "application/json-patch+json", ""},
			{"DELETE", "", "", "", ""},
		} {
			ask := func(ref string) answer {
				body, headers := k.body, []string(nil)
				if k.method == "PUT" {
					body = strings.Replace(body, `{`, `{"id":"`+string(idOf(ref))+`",`, 1)
				}
				if k.media != "" {
					headers = []string{"Content-Type", k.media}
				}
				return c.ask(as, k.method, "/fhir/"+ref+k.after, body, headers...)
			}
			hidden, absent := ask(c.p2), ask(nobody)
			if diff := strings.ReplaceAll(same(hidden, absent), nobody, c.p2); diff != "" && !sameButForSelf(hidden, absent, c.p2, nobody) {
				t.Errorf("%s: %s %s tells hidden from absent (-hidden +absent):\n%s", as, k.method, k.after, diff)
			}
			if k.trail != "" {
				if got := c.audited(hidden); got != k.trail {
					t.Errorf("%s: %s %s left %q in the trail, want %q", as, k.method, k.after, got, k.trail)
				}
			}
			for _, condition := range []string{"If-Match", "If-None-Match"} {
				if k.method != "GET" && condition == "If-None-Match" {
					continue
				}
				hidden := c.ask(as, k.method, "/fhir/"+c.p2+k.after, hiddenBody(k.method, k.body, c.p2), media(k.media, condition, `W/"1"`)...)
				absent := c.ask(as, k.method, "/fhir/"+nobody+k.after, hiddenBody(k.method, k.body, nobody), media(k.media, condition, `W/"1"`)...)
				if diff := same(hidden, absent); diff != "" && !sameButForSelf(hidden, absent, c.p2, nobody) {
					t.Errorf("%s: %s %s with %s tells hidden from absent:\n%s", as, k.method, k.after, condition, diff)
				}
			}
		}
	}
	if got := c.want(200, "feed", "GET", "/fhir/"+c.p2, ""); got.Header().Get("ETag") != `W/"1"` {
		t.Errorf("P2 was changed: %s", got.Body)
	}
	hidden := c.want(404, "P1", "GET", "/fhir/"+c.p2, "")
	if hidden.code() != "not-found" {
		t.Errorf("read of the hidden = %s", hidden.Body)
	}
	for _, path := range []string{"Patient/a_b", c.p2 + "/_history/7", c.p2 + "/_history/x", c.p1 + "/_history/7", "Observation/" + string(idOf(c.p1)), "_page?handle=x"} {
		if diff := same(c.want(404, "P1", "GET", "/fhir/"+path, ""), hidden); diff != "" {
			t.Errorf("GET %s is absent in other words than what is hidden:\n%s", path, diff)
		}
	}
}

func hiddenBody(method, body, ref string) string {
	if method == "PUT" {
		return strings.Replace(body, `{`, `{"id":"`+string(idOf(ref))+`",`, 1)
	}
	return body
}

func media(typ string, more ...string) []string {
	if typ != "" {
		return append(more, "Content-Type", typ)
	}
	return more
}

// sameButForSelf reports whether two answers are the same when each repeats
// only the address that it was asked for.
func sameButForSelf(a, b answer, refA, refB string) bool {
	return a.Code == b.Code && strings.ReplaceAll(a.Body.String(), refA, refB) == b.Body.String()
}

// Case 5.
func TestNobodyWritesOfAnother(t *testing.T) {
	c := newCast(t)
	before := c.want(200, "feed", "GET", "/fhir/_history?_count=1", "").Body.String()
	a := c.ask("P1", "POST", "/fhir/Observation", observation(c.p2, "by P1"))
	if a.Code != 403 || a.code() != "forbidden" {
		t.Errorf("P1 writes of P2 = %d %s, want 403", a.Code, a.Body)
	}
	if got := c.audited(a); !strings.HasPrefix(got, "create 4") {
		t.Errorf("the trail has %q, want the refusal", got)
	}
	if after := c.want(200, "feed", "GET", "/fhir/_history?_count=1", "").Body.String(); selfless(after) != selfless(before) {
		t.Error("something was stored")
	}
	c.want(201, "P1", "POST", "/fhir/Observation", observation(c.p1, "by P1"))
	absent := c.ask("P1", "POST", "/fhir/Observation", observation("Patient/01a20320-0000-7000-8000-000000000000", "by P1"))
	if diff := same(a, absent); diff != "" {
		t.Errorf("writing of the hidden differs from writing of the absent:\n%s", diff)
	}
}

// selfless drops a page's links, whose handles differ.
func selfless(bundle string) string {
	_, after, _ := strings.Cut(bundle, `"entry"`)
	return after
}

// Case 12: what is masked is neither shown in another shape nor found by.
func TestMasksHoldInEveryShape(t *testing.T) {
	c := newCast(t)
	for _, path := range []string{"", "?_summary=true", "?_summary=data", "?_elements=birthDate,gender", "/$everything", "/$validate"} {
		a := c.want(200, "F1", "GET", "/fhir/"+c.p1+path, "")
		if strings.Contains(a.Body.String(), "1970") || strings.Contains(a.Body.String(), "female") {
			t.Errorf("F1: GET %s shows what is masked: %s", path, a.Body)
		}
	}
	if a := c.want(200, "F1", "GET", "/fhir/"+c.p1, ""); a.doc.At("name", "family").Text() != "Ode" {
		t.Errorf("F1 sees %s, want the name", a.Body)
	}
	for _, query := range []string{"birthdate=1970-03-01", "gender=female", "birthdate:missing=false"} {
		if a := c.do("F1", "GET", "/fhir/Patient?"+query, ""); a.Code == 200 && len(a.entries()) > 0 {
			t.Errorf("F1 finds by what is masked: %s", query)
		}
	}
}

// Case 15: however a hidden resource is named, it is not there.
func TestReferenceForms(t *testing.T) {
	c := newCast(t)
	for _, k := range []struct {
		form    string
		matches bool
	}{
		{"Patient/%s", true},
		{"%s", true},
		{base + "/Patient/%s", true},
		{"https://elsewhere.example/fhir/Patient/%s", false},
		{"Patient/%s/_history/1", true},
		{"urn:uuid:%s", false},
		{"Patient/%s/", true},
		{"Patient%%252F%s", true},
		{"Group/%s", false},
		{"/Patient/%s", true},
	} {
		for ref, as := range map[string][2]string{c.p1: {"P1", "P2"}, c.p2: {"P2", "P1"}} {
			path := "/fhir/Observation?subject=" + fmt.Sprintf(k.form, idOf(ref))
			for _, who := range []string{as[0], as[1], "feed", "D2"} {
				a := c.do(who, "GET", path, "")
				if a.Code != 200 && a.Code != 400 {
					t.Errorf("%s: GET %s = %d %s", who, path, a.Code, a.Body)
				}
				n := len(a.entries())
				may := who == as[0] || who == "feed"
				if want := may && k.matches; a.Code == 200 && (n > 0) != want {
					t.Errorf("%s: GET %s found %d, want any: %v", who, path, n, want)
				}
			}
		}
	}
}

// Case 17.
func TestPagesAreForWhoAsked(t *testing.T) {
	c := newCast(t)
	for i := range 5 {
		c.make(observation(c.p1, fmt.Sprint(i)))
	}
	first := c.want(200, "P1", "GET", "/fhir/Observation?subject="+c.p1+"&_count=2", "")
	next := strings.TrimPrefix(first.link("next"), strings.TrimSuffix(base, "/fhir"))
	if next == "" || strings.Contains(next, string(idOf(c.p1))) || strings.Contains(first.link("self"), "handle") {
		t.Fatalf("links: next %q, self %q; want an opaque one and one without a handle", next, first.link("self"))
	}
	seen, pages := map[string]bool{}, 0
	for at := next; at != ""; pages++ {
		p := c.want(200, "P1", "GET", at, "")
		for _, e := range p.entries() {
			seen[e.Get("id").Text()] = true
		}
		if strings.Contains(p.link("self"), "handle") {
			t.Errorf("self of a later page is %q", p.link("self"))
		}
		at = strings.TrimPrefix(p.link("next"), strings.TrimSuffix(base, "/fhir"))
	}
	if len(seen) != 4 || pages != 2 {
		t.Errorf("later pages: %d resources on %d, want 4 on 2", len(seen), pages)
	}
	none := c.ask("P1", "GET", "/fhir/_page?handle=AAAAAAAAAAAAAAAAAAAAAAAAAAA", "")
	tampered := next[:len(next)-2] + "zz"
	for as, at := range map[string]string{"P2": next, "D2": next, "feed": next, "P1": tampered} {
		if diff := same(c.ask(as, "GET", at, ""), none); diff != "" {
			t.Errorf("%s gets at a page of P1's something other than of one that is not there:\n%s", as, diff)
		}
	}
	c.want(401, "", "GET", next, "")
	if err := c.desk.RevokeToken(t.Context(), "P1"); err != nil {
		t.Fatal(err)
	}
	c.want(401, "P1", "GET", next, "")
}

// Case 17: rights are those of now, on every page.
func TestPagesForgetWhatIsNoLongerShared(t *testing.T) {
	c := newCast(t)
	for i := range 4 {
		c.make(observation(c.p1, fmt.Sprint(i)))
	}
	first := c.want(200, "D1", "GET", "/fhir/Observation?subject="+c.p1+"&_count=2", "")
	if len(first.entries()) != 2 {
		t.Fatalf("D1 finds %d, want the 2 of a page", len(first.entries()))
	}
	next := strings.TrimPrefix(first.link("next"), strings.TrimSuffix(base, "/fhir"))
	consent := c.want(200, "feed", "GET", "/fhir/Consent?_count=1", "").entries()[0]
	c.want(200, "feed", "PUT", "/fhir/Consent/"+consent.Get("id").Text(), strings.Replace(string(consent.Raw()), `"active"`, `"inactive"`, 1))
	if got := c.ask("D1", "GET", next, ""); len(got.entries()) != 0 {
		t.Errorf("after the agreement ended the next page has %d, want none: %s", len(got.entries()), got.Body)
	}
	c.want(404, "D1", "GET", "/fhir/"+c.obs1, "")
	c.want(404, "D1", "GET", "/fhir/"+c.obs1+"/_history/1", "") // case 19
}

// Case 18.
func TestCachesAreNotShared(t *testing.T) {
	c := newCast(t)
	mine := c.want(200, "P1", "GET", "/fhir/"+c.p1, "")
	etag, modified := mine.Header().Get("ETag"), mine.Header().Get("Last-Modified")
	for _, as := range []string{"P2", "D2", "A1"} {
		for _, header := range [][]string{{"If-None-Match", etag}, {"If-Modified-Since", modified}, {"If-None-Match", "*"}} {
			if got := c.do(as, "GET", "/fhir/"+c.p1, "", header...); got.Code != 404 {
				t.Errorf("%s with %v = %d, want 404 as if it were not there", as, header, got.Code)
			}
		}
	}
	for _, path := range []string{"/fhir/" + c.p1, "/fhir/" + c.p2, "/fhir/Observation", "/fhir/metadata", "/fhir/nonsense"} {
		if got := c.ask("P1", "GET", path, "").Header().Get("Cache-Control"); got != "private, no-store" {
			t.Errorf("GET %s has Cache-Control %q", path, got)
		}
	}
	known := c.want(304, "P1", "GET", "/fhir/"+c.p1, "", "If-None-Match", etag)
	if got := c.audited(known); got != "read 0" {
		t.Errorf("a read that was not modified left %q in the trail, want it audited as a read", got)
	}
}

// Case 21.
func TestBundlesAskLikeOneByOne(t *testing.T) {
	c := newCast(t)
	paths := []string{c.p2, c.obs2, c.p2 + "/_history/1", c.obs1, "Observation?subject=" + c.p2, c.p2 + "/$everything", c.p2 + "/Observation", "Patient/nobody"}
	var entries []string
	for _, p := range paths {
		entries = append(entries, ask("GET", p))
	}
	entries = append(entries, ask("DELETE", c.p2), send("", "POST", "Observation", observation(c.p2, "x")))
	a := c.ask("P1", "POST", "/fhir", bundle("batch", entries...))
	if a.Code != 200 {
		t.Fatalf("batch = %d %s", a.Code, a.Body)
	}
	i := 0
	for e := range a.doc.Get("entry").Items() {
		if i == len(paths) {
			break
		}
		alone := c.ask("P1", "GET", "/fhir/"+paths[i], "")
		if got, want := e.At("response", "status").Text(), fmt.Sprintf("%d %s", alone.Code, http.StatusText(alone.Code)); got != want {
			t.Errorf("GET %s in a batch = %s, alone %s", paths[i], got, want)
		}
		body := e.Get("resource")
		if alone.Code >= 400 {
			body = e.At("response", "outcome")
		}
		if got, want := string(body.Raw()), alone.Body.String(); got != want {
			t.Errorf("GET %s in a batch gives %s, alone %s", paths[i], got, want)
		}
		i++
	}
	if got := a.statuses(); !strings.HasSuffix(got, "404 403") && !strings.HasSuffix(got, "403 403") {
		t.Errorf("statuses = %s, want the writes refused as they are alone", got)
	}
	before := c.want(200, "feed", "GET", "/fhir/_history?_count=1", "").Body.String()
	for _, entry := range []string{ask("GET", c.p2), ask("GET", c.obs2), send("", "POST", "Observation", observation(c.p2, "x"))} {
		a := c.ask("P1", "POST", "/fhir", bundle("transaction", send("", "POST", "Observation", observation(c.p1, "x")), entry))
		if a.Code != 404 && a.Code != 403 {
			t.Errorf("transaction with %s = %d %s, want it refused", entry, a.Code, a.Body)
		}
	}
	if after := c.want(200, "feed", "GET", "/fhir/_history?_count=1", "").Body.String(); selfless(after) != selfless(before) {
		t.Error("a part of a refused transaction was stored")
	}
}

// Case 23: names of entries and searches as references do not lead to what is
// hidden.
func TestReferencesDoNotReachTheHidden(t *testing.T) {
	c := newCast(t)
	const urn = "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a"
	nobody := "Patient/01a20320-0000-7000-8000-000000000000"
	with := func(ref string) []string {
		body := strings.Replace(patient("x"), `{`, `{"id":"`+string(idOf(ref))+`",`, 1)
		return []string{
			bundle("transaction", send(urn, "PUT", ref, body), send("", "POST", "Observation", observation(urn, "x"))),
			bundle("transaction", send("", "POST", "Observation", observation("Patient?_id="+string(idOf(ref)), "x"))),
			bundle("transaction", send(urn, "POST", "Patient", patient("x"), `,"ifNoneExist":"_id=`+string(idOf(ref))+`"`), send("", "POST", "Observation", observation(urn, "x"))),
			bundle("transaction", send("", "POST", "Observation", observation(base+"/"+ref, "x"))),
		}
	}
	hidden, absent := with(c.p2), with(nobody)
	for i := range hidden {
		a, b := c.ask("P1", "POST", "/fhir", hidden[i]), c.ask("P1", "POST", "/fhir", absent[i])
		if a.Code < 400 {
			t.Errorf("transaction %d = %d %s, want it refused", i, a.Code, a.Body)
		}
		if diff := same(a, b); diff != "" && !sameButForSelf(a, b, c.p2, nobody) {
			t.Errorf("transaction %d tells hidden from absent:\n%s", i, diff)
		}
	}
}

// Cases 33 and 34.
func TestHostileJSON(t *testing.T) {
	w := newWorld(t)
	deep := func(open, shut string, n int) string { return strings.Repeat(open, n) + strings.Repeat(shut, n) }
	extension := `{"resourceType":"Patient","extension":[` + deep(`{"url":"u","extension":[`, `]}`, 170_000/24) + `]}`
	in := func(member string) string { return `{"resourceType":"Patient",` + member + `}` }
	for _, c := range []struct{ name, body string }{
		{"100,000 arrays", deep("[", "]", 100_000)},
		{"1,000,000 objects", deep(`{"a":`, "}", 1_000_000)},
		{"1,000,000 arrays that do not close", strings.Repeat("[", 1_000_000)},
		{"nested extensions", extension},
		{"a name twice", in(`"gender":"male","gender":"female"`)},
		{"a name twice by escape", in(`"gender":"male","\u0067ender":"female"`)},
		{"another case", in(`"Gender":"male"`)},
		{"the id in another case", in(`"ID":"1"`)},
		{"__proto__", in(`"__proto__":{"active":true}`)},
		{"constructor", in(`"constructor":{}`)},
		{"NaN", in(`"multipleBirthInteger":NaN`)},
		{"a huge exponent", in(`"multipleBirthInteger":1e999999`)},
		{"a million digits", in(`"multipleBirthInteger":` + strings.Repeat("9", 1_000_000))},
		{"a lone surrogate", in(`"name":[{"family":"\ud800"}]`)},
		{"overlong UTF-8", in("\"name\":[{\"family\":\"\xc0\xaf\"}]")},
		{"a byte order mark", "\ufeff" + in(`"active":true`)},
		{"something behind", in(`"active":true`) + `{}`},
		{"two resources", in(`"active":true`) + "\n" + in(`"active":true`)},
		{"a comment", in(`"active":true/**/`)},
		{"control characters", in("\"name\":[{\"family\":\"\x00\"}]")},
		{"a modifier extension", in(`"modifierExtension":[{"url":"http://x","valueBoolean":true}]`)},
		{"nothing", " "},
	} {
		start := processor.Time()
		a := w.do("feed", "POST", "/fhir/Patient", c.body)
		if a.Code != 400 || a.code() == "" {
			t.Errorf("%s: %d %.300s, want 400", c.name, a.Code, a.Body)
		}
		if took := processor.Time() - start; took > time.Second {
			t.Errorf("%s: took %v", c.name, took)
		}
	}
	if n := len(w.want(200, "feed", "GET", "/fhir/_history", "").entries()); n != 0 {
		t.Errorf("%d of them were stored", n)
	}
}

// Case 35: what is too large costs little.
func TestHostileSizesCostLittle(t *testing.T) {
	w := newWorld(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := httptest.NewRequest("POST", "/fhir", endless{})
	r.ContentLength = -1
	r.Header.Set("Content-Type", "application/fhir+json")
	r.Header.Set("Authorization", "Bearer "+w.tokens["feed"])
	rec := httptest.NewRecorder()
	w.server.ServeHTTP(rec, r)
	if rec.Code != 413 {
		t.Errorf("a body without end = %d, want 413", rec.Code)
	}
	runtime.ReadMemStats(&after)
	if spent := (after.TotalAlloc - before.TotalAlloc) >> 20; spent > 200 {
		t.Errorf("refusing it took %d MB, want at most 200", spent)
	}
	r = httptest.NewRequest("POST", "/fhir/Patient", strings.NewReader("{}"))
	r.ContentLength = 1 << 40
	r.Header.Set("Content-Type", "application/fhir+json")
	r.Header.Set("Authorization", "Bearer "+w.tokens["feed"])
	rec = httptest.NewRecorder()
	w.server.ServeHTTP(rec, r)
	if rec.Code != 413 {
		t.Errorf("a body said to be 1 TB = %d, want 413", rec.Code)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// Cases 38 and 39.
func TestHostileSearches(t *testing.T) {
	w := newWorld(t)
	w.make(patient("Ode"))
	w.make(observation("Patient/x", "n"))
	for _, c := range []struct {
		name, path string
		status     int
	}{
		{"a chain too long", "/fhir/Observation?subject:Patient.general-practitioner:Practitioner._has:PractitionerRole:practitioner:organization.partof.partof.partof.partof.name=x", 400},
		{"too many _has", "/fhir/Patient?" + strings.Repeat("_has:Observation:patient:code=1&", 200), 0},
		{"ten thousand values", "/fhir/Patient?_id=" + strings.Repeat("a,", 10_000), 0},
		{"too many parameters", "/fhir/Patient?" + strings.Repeat("active=true&", 5000), 0},
		{"a huge _count", "/fhir/Patient?_count=1000000000", 200},
		{"a negative _count", "/fhir/Patient?_count=-1", 400},
		{"a _count of digits", "/fhir/Patient?_count=" + strings.Repeat("9", 1000), 0},
		{"SQL in a string", "/fhir/Patient?name=%27%20OR%201%3D1--", 200},
		{"SQL in a token", "/fhir/Patient?identifier=%27%3B%20DROP%20TABLE%20res%3B--%7C%27", 200},
		{"SQL in _sort", "/fhir/Patient?_sort=(select%201)", 400},
		{"SQL in a name", "/fhir/Patient?na%27me=1", 400},
		{"SQL in a reference", "/fhir/Observation?subject=Patient/%27%20OR%20%27a%27%3D%27a", 0},
		{"SQL in _id", "/fhir/Patient?_id=%27%20OR%201%3D1--", 0},
		{"a bad percent sign", "/fhir/Patient?name=%zz", 400},
		{"bytes that are not UTF-8", "/fhir/Patient?name=%ff%fe", 400},
		{"a zero byte", "/fhir/Patient?name=a%00b", 400},
		{"a pattern", "/fhir/Patient?name:contains=%25%25a%25_%25", 200},
		{"a slow expression", "/fhir/Patient?name:contains=(a%2B)%2B%24", 200},
	} {
		start := processor.Time()
		a := w.do("feed", "GET", c.path, "")
		if c.status != 0 && a.Code != c.status || a.Code >= 500 || c.status == 0 && a.Code != 200 && a.Code/100 != 4 {
			t.Errorf("%s: %d %.300s, want %d", c.name, a.Code, a.Body, c.status)
		}
		if strings.Contains(c.name, "SQL") && len(a.entries()) > 0 {
			t.Errorf("%s found something: %s", c.name, a.Body)
		}
		if took := processor.Time() - start; took > 2*time.Second {
			t.Errorf("%s: took %v", c.name, took)
		}
	}
	if n := len(w.want(200, "feed", "GET", "/fhir/Patient", "").entries()); n != 1 {
		t.Errorf("afterwards there are %d patients, want 1", n)
	}
}

// Case 42.
func TestBinariesStayInert(t *testing.T) {
	w := newWorld(t)
	at := "/fhir/" + w.make(`{"resourceType":"Binary","contentType":"text/html","data":"PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg=="}`)
	a := w.want(200, "feed", "GET", at, "", "Accept", "text/html,*/*;q=0.1")
	if got := a.Header().Get("Content-Type"); !strings.HasPrefix(got, "application/fhir+json") {
		t.Errorf("a Binary comes as %s", got)
	}
	if csp := a.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "sandbox") || a.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("a Binary comes with the headers %v", a.Header())
	}
	w.want(406, "feed", "GET", at+"?_format=html", "")
	w.want(406, "feed", "GET", at, "", "Accept", "text/html")
	w.want(400, "feed", "POST", "/fhir/Binary", `{"resourceType":"Binary","contentType":"text/html\r\nSet-Cookie: a=b"}`)
	w.want(400, "feed", "POST", "/fhir/Patient", `{"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><script>1</script></div>"}}`)
}

// Case 67: whatever goes wrong, nothing of a person is in the log.
func TestLogsHoldNothingOfAPerson(t *testing.T) {
	c := newCast(t)
	const secret = "Kanarienvogel"
	for _, as := range []string{"feed", "P1", "S1", "A1", ""} {
		for _, k := range []struct{ method, path, body string }{
			{"GET", "/fhir/Patient/" + secret, ""},
			{"GET", "/fhir/Patient?family=" + secret, ""},
			{"GET", "/fhir/Patient?" + secret + "=1", ""},
			{"GET", "/fhir/Patient?birthdate=" + secret, ""},
			{"GET", "/fhir/" + secret, ""},
			{"GET", "/fhir/Patient/1/" + secret, ""},
			{"GET", "/fhir/_page?handle=" + secret, ""},
			{"GET", "/" + secret, ""},
			{secret, "/fhir/Patient", ""},
			{"POST", "/fhir/Patient", patient(secret)},
			{"POST", "/fhir/Patient", `{"resourceType":"Patient","` + secret + `":1}`},
			{"POST", "/fhir/Patient", `{"resourceType":"Patient","gender":"` + secret + `","birthDate":"` + secret + `"}`},
			{"POST", "/fhir/Patient", `{"` + secret},
			{"POST", "/fhir/Patient/$validate", `{"resourceType":"Patient","gender":"` + secret + `"}`},
			{"POST", "/fhir", bundle("transaction", send("", "POST", "Patient", `{"resourceType":"Patient","`+secret+`":1}`), ask("GET", "Patient/"+secret))},
			{"POST", "/fhir", bundle("batch", ask("GET", "Patient/"+secret), ask("GET", "Patient?"+secret+"=1"))},
			{"PATCH", "/fhir/" + c.p1, `[{"op":"add","path":"/` + secret + `","value":"` + secret + `"}]`},
			{"PUT", "/fhir/Patient/" + secret, `{"resourceType":"Patient","id":"` + secret + `"}`},
			{"DELETE", "/fhir/Patient?identifier=" + secret, ""},
		} {
			media := "application/fhir+json"
			if k.method == "PATCH" {
				media = "application/json-patch+json"
			}
			c.do(as, k.method, k.path, k.body, "Content-Type", media, "X-Request-Id", secret, "X-Patient-Id", secret, "User-Agent", secret, "If-None-Exist", "identifier="+secret)
		}
	}
	c.do("", "GET", "/fhir/Patient", "", "Authorization", "Bearer "+secret)
	for _, word := range []string{secret, "Ode\"", "1970-03", "Lewisham", canary, c.tokens["feed"], string(idOf(c.p1))} {
		if i := strings.Index(c.log.String(), word); i >= 0 {
			t.Errorf("the log holds %q: %s", word, c.log.String()[max(0, i-200):i+50])
		}
	}
	if !strings.Contains(c.log.String(), `"route":"/fhir/{type}/{id}"`) {
		t.Error("the log does not name routes")
	}
}

// Case 69.
func TestRaces(t *testing.T) {
	w := newWorld(t)
	at := "/fhir/" + w.make(patient("Ode"))
	body := w.want(200, "feed", "GET", at, "").Body.String()
	together := func(n int, do func() int) map[int]int {
		var mu sync.Mutex
		var all sync.WaitGroup
		got := map[int]int{}
		for range n {
			all.Go(func() {
				code := do()
				mu.Lock()
				defer mu.Unlock()
				got[code]++
			})
		}
		all.Wait()
		return got
	}
	if got := together(20, func() int { return w.do("feed", "PUT", at, body, "If-Match", `W/"1"`).Code }); got[200] != 1 || got[200]+got[412]+got[409] != 20 {
		t.Errorf("20 updates of one version: %v, want one 200 and the others refused", got)
	}
	one := `{"resourceType":"Patient","identifier":[{"system":"https://example.org/id","value":"1"}]}`
	got := together(20, func() int {
		return w.do("feed", "POST", "/fhir/Patient", one, "If-None-Exist", "identifier=https://example.org/id|1").Code
	})
	if got[201] != 1 || got[201]+got[200]+got[409]+got[412] != 20 {
		t.Errorf("20 conditional creates of one thing: %v, want one 201", got)
	}
	if n := len(w.want(200, "feed", "GET", "/fhir/Patient?identifier=https://example.org/id|1", "").entries()); n != 1 {
		t.Errorf("afterwards there are %d, want 1", n)
	}
}

// Case 70.
func TestGuardedTypesAreChangedOnPurpose(t *testing.T) {
	w := newWorld(t, "Patient")
	ref := w.make(patient("Ode"))
	body := w.want(200, "feed", "GET", "/fhir/"+ref, "").Body.String()
	put := send("", "PUT", ref, body)
	for _, c := range []struct{ method, path, body string }{
		{"PUT", "/fhir/" + ref, body},
		{"DELETE", "/fhir/" + ref, ""},
		{"PUT", "/fhir/Patient?family=Ode", body},
		{"DELETE", "/fhir/Patient?family=Ode", ""},
		{"POST", "/fhir", bundle("transaction", put)},
	} {
		if a := w.do("feed", c.method, c.path, c.body); a.Code != 428 {
			t.Errorf("%s %s without If-Match = %d %s, want 428", c.method, c.path, a.Code, a.Body)
		}
	}
	if got := w.want(200, "feed", "POST", "/fhir", bundle("batch", put)).statuses(); got != "428" {
		t.Errorf("update in a batch without ifMatch = %s, want 428", got)
	}
	w.want(200, "feed", "PUT", "/fhir/"+ref, body, "If-Match", `W/"1"`)
	w.want(412, "feed", "PUT", "/fhir/"+ref, body, "If-Match", `W/"1"`)
	w.want(400, "feed", "PUT", "/fhir/"+ref, body, "If-Match", `nonsense`)
	if got := w.do("feed", "GET", "/fhir/metadata", "").Body.String(); strings.Count(got, `"versioned-update"`) != 1 {
		t.Error("the CapabilityStatement does not say that Patients are guarded")
	}
}

// Case 71: what we do not promise is refused, and what we offer instead holds.
func TestReplays(t *testing.T) {
	w := newWorld(t)
	a := w.want(400, "feed", "POST", "/fhir/Patient", patient("Ode"), "Idempotency-Key", "k")
	if a.code() != "not-supported" || !strings.Contains(a.Body.String(), "If-None-Exist") {
		t.Errorf("Idempotency-Key is answered with %s", a.Body)
	}
	for _, c := range []struct{ method, path, body, header, value string }{
		{"POST", "/fhir", bundle("transaction", send("", "POST", "Patient", patient("Ode"))), "Idempotency-Key", "k"},
		{"PUT", "/fhir/Patient/1", `{"resourceType":"Patient","id":"1"}`, "If-None-Match", "*"},
		{"PUT", "/fhir/Patient/1", `{"resourceType":"Patient","id":"1"}`, "If-Unmodified-Since", "Sun, 22 Nov 2026 11:00:00 GMT"},
		{"PUT", "/fhir/Patient/1", `{"resourceType":"Patient","id":"1"}`, "Content-Range", "bytes 0-10/20"},
		{"PUT", "/fhir/Patient/1", `{"resourceType":"Patient","id":"1"}`, "If-None-Exist", "name=x"},
		{"POST", "/fhir/Patient", patient("Ode"), "If-Match", `W/"1"`},
		{"POST", "/fhir", bundle("transaction", `{"request":{"method":"GET","url":"Patient/1","ifNoneMatch":"*"}}`), "Accept", "*/*"},
	} {
		if a := w.do("feed", c.method, c.path, c.body, c.header, c.value); a.Code != 400 {
			t.Errorf("%s %s with %s = %d %s, want 400", c.method, c.path, c.header, a.Code, a.Body)
		}
	}
	if n := len(w.want(200, "feed", "GET", "/fhir/_history", "").entries()); n != 0 {
		t.Errorf("it was stored all the same: %d", n)
	}
	tx := bundle("transaction", send("", "POST", "Patient", `{"resourceType":"Patient","identifier":[{"system":"https://example.org/id","value":"1"}]}`, `,"ifNoneExist":"identifier=https://example.org/id|1"`))
	for range 3 {
		w.want(200, "feed", "POST", "/fhir", tx)
	}
	if n := len(w.want(200, "feed", "GET", "/fhir/_history", "").entries()); n != 1 {
		t.Errorf("three sendings made %d versions, want 1", n)
	}
}

// Case 75: headers that proxies and frameworks obey say nothing here.
func TestHeadersThatWeIgnore(t *testing.T) {
	c := newCast(t)
	plain := c.want(200, "P1", "GET", "/fhir/Observation", "")
	spoofed := c.want(200, "P1", "GET", "/fhir/Observation", "",
		"X-Patient-Id", string(idOf(c.p2)), "X-Forwarded-Host", "evil.example", "X-Forwarded-For", "127.0.0.1", "Forwarded", "host=evil.example",
		"X-HTTP-Method-Override", "DELETE", "X-Original-URL", "/fhir/"+c.p2, "X-Rewrite-URL", "/fhir/"+c.p2, "X-Joinery-Operator", "root", "Operator", "root")
	if diff := same(plain, spoofed); diff != "" {
		t.Errorf("headers changed the answer:\n%s", diff)
	}
	for _, path := range []string{"/fhir/" + c.p1 + "/_history", "/fhir/Observation?status=final", "/fhir/" + c.p1 + "/Observation", "/fhir/" + c.p1 + "/$everything"} {
		r := httptest.NewRequest("GET", path, nil)
		r.Host = "evil.example"
		r.Header.Set("Authorization", "Bearer "+c.tokens["P1"])
		rec := httptest.NewRecorder()
		c.server.ServeHTTP(rec, r)
		if rec.Code != 200 || strings.Contains(rec.Body.String(), "evil") || !strings.Contains(rec.Body.String(), base) {
			t.Errorf("GET %s with another Host: %d %s, want links to %s", path, rec.Code, rec.Body, base)
		}
	}
	c.want(200, "feed", "GET", "/fhir/"+c.p1, "", "X-HTTP-Method-Override", "DELETE")
	c.want(200, "feed", "GET", "/fhir/"+c.p1+"?_pretty=true", "")
	if got := c.audited(spoofed); strings.Contains(got, "root") {
		t.Errorf("the trail says %s", got)
	}
}

// A later page reads the search as the first did: a reference by our own
// absolute address is still ours.
func TestLaterPagesKnowOurOwnAddress(t *testing.T) {
	c := newCast(t)
	for i := range 3 {
		c.make(observation(c.p1, fmt.Sprint(i)))
	}
	first := c.want(200, "P1", "GET", "/fhir/Observation?subject="+base+"/"+c.p1+"&_count=2", "")
	next := strings.TrimPrefix(first.link("next"), strings.TrimSuffix(base, "/fhir"))
	if second := c.want(200, "P1", "GET", next, ""); len(second.entries()) == 0 {
		t.Error("the second page of a search by an absolute reference is empty")
	}
}

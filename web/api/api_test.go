package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"joinery/fhir"
	"joinery/fhir/r4"
	"joinery/leaks"
	"joinery/record"
	"joinery/record/access"
	"joinery/web"
	"joinery/web/api"
)

const base = "https://joinery.example/fhir"

// world is a real server over a real record, and who uses it.
type world struct {
	testing.TB
	rec    *record.Record
	server *web.Server
	log    *output
	desk   *record.View
	tokens map[string]string
}

// output is a log that a test can read while the server writes it.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// clock is a time of day that moves on by a millisecond each time it is asked.
func clock() func() time.Time {
	var mu sync.Mutex
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Millisecond)
		return now
	}
}

// chance is a source of random bytes that is the same in every run.
func chance() io.Reader { return &locked{r: rand.NewChaCha8([32]byte{1})} }

type locked struct {
	mu sync.Mutex
	r  io.Reader
}

func (l *locked) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.r.Read(p)
}

func newWorld(t testing.TB, guarded ...string) *world {
	t.Helper()
	now, random, log := clock(), chance(), &output{}
	rec, err := record.Open(context.Background(), "sqlite:"+filepath.Join(t.TempDir(), "joinery.db"), record.Options{Log: leaks.Log(), Clock: now, Rand: random})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rec.Close(); err != nil {
			t.Errorf("Close = %v, want no error", err)
		}
	})
	server := web.New(web.Options{Log: slog.New(web.NewLogHandler(leaks.Keep(log), slog.LevelInfo)), Clock: time.Now, Rand: random})
	if _, err := api.New(server, rec, api.Options{Base: base, Clock: now, Version: "test", Guarded: guarded}); err != nil {
		t.Fatal(err)
	}
	scopes, err := access.ParseScopes("system/*.cruds")
	if err != nil {
		t.Fatal(err)
	}
	operator, err := access.NewSystem(access.Who{Client: "desk", Operator: "test", Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{TB: t, rec: rec, server: server, log: log, desk: rec.As(operator), tokens: map[string]string{}}
	w.grant("feed", record.Grant{Scope: "system/*.cruds"})
	return w
}

// grant makes a token by the name of who uses it.
func (w *world) grant(name string, g record.Grant) {
	w.Helper()
	token, err := w.desk.CreateToken(context.Background(), name, g, time.Time{})
	if err != nil {
		w.Fatal(err)
	}
	w.tokens[name] = token
}

// answer is what came back.
type answer struct {
	*httptest.ResponseRecorder
	doc fhir.Value
}

// do asks as someone; as nobody when as is empty. Headers come in pairs. A body
// is FHIR JSON unless a header says otherwise.
func (w *world) do(as, method, path, body string, headers ...string) answer {
	w.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	if as != "" {
		token, ok := w.tokens[as]
		if !ok {
			w.Fatalf("nobody is called %s", as)
		}
		r.Header.Set("Authorization", "Bearer "+token)
	}
	seen := map[string]bool{}
	for i := 0; i < len(headers); i += 2 {
		if !seen[headers[i]] {
			r.Header.Del(headers[i])
		}
		seen[headers[i]] = true
		r.Header.Add(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	w.server.ServeHTTP(rec, r)
	a := answer{ResponseRecorder: rec}
	if strings.HasPrefix(rec.Header().Get("Content-Type"), "application/fhir+json") && rec.Body.Len() > 0 {
		doc, err := fhir.Parse(rec.Body.Bytes())
		if err != nil {
			w.Fatalf("%s %s answered %s: %v", method, path, rec.Body, err)
		}
		a.doc = doc.Root()
	}
	return a
}

// want asks, and fails the test when the status is another.
func (w *world) want(status int, as, method, path, body string, headers ...string) answer {
	w.Helper()
	a := w.do(as, method, path, body, headers...)
	if a.Code != status {
		w.Fatalf("%s: %s %s = %d %s, want %d", as, method, path, a.Code, a.Body, status)
	}
	return a
}

// code is the code of the first issue of an OperationOutcome.
func (a answer) code() string { return a.doc.At("issue", "code").Text() }

func (a answer) id() string { return a.doc.Get("id").Text() }

// entries are the resources of a Bundle.
func (a answer) entries() []fhir.Value {
	var out []fhir.Value
	for e := range a.doc.Get("entry").Items() {
		out = append(out, e.Get("resource"))
	}
	return out
}

func (a answer) link(relation string) string {
	for l := range a.doc.Get("link").Items() {
		if l.Get("relation").Is(relation) {
			return l.Get("url").Text()
		}
	}
	return ""
}

// make creates a resource as the feed, and returns its reference.
func (w *world) make(body string) string {
	w.Helper()
	var of struct{ ResourceType string }
	if err := json.Unmarshal([]byte(body), &of); err != nil {
		w.Fatal(err)
	}
	a := w.want(201, "feed", "POST", "/fhir/"+of.ResourceType, body)
	return of.ResourceType + "/" + a.id()
}

func idOf(reference string) fhir.ID {
	_, id, _ := strings.Cut(reference, "/")
	return fhir.ID(id)
}

func patient(family string) string {
	return `{"resourceType":"Patient","active":true,"name":[{"family":"` + family + `","given":["Ann"]}],"gender":"female","birthDate":"1970-03-01","address":[{"city":"Lewisham"}]}`
}

func observation(subject, note string) string {
	return `{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]},"subject":{"reference":"` + subject +
		`"},"effectiveDateTime":"2026-11-01T09:00:00Z","valueQuantity":{"value":72.50,"unit":"/min","system":"http://unitsofmeasure.org","code":"/min"},"note":[{"text":"` + note + `"}]}`
}

func TestCreateReadUpdateDelete(t *testing.T) {
	w := newWorld(t)
	a := w.want(201, "feed", "POST", "/fhir/Patient", `{"id":"mine",`+patient("Ode")[1:])
	id := a.id()
	if id == "mine" || id == "" {
		t.Fatalf("id = %q, want one that the server gave", id)
	}
	at := "/fhir/Patient/" + id
	for name, want := range map[string]string{
		"Location": base + "/Patient/" + id + "/_history/1", "ETag": `W/"1"`, "Cache-Control": "private, no-store",
		"Content-Type": "application/fhir+json; charset=utf-8",
	} {
		if got := a.Header().Get(name); got != want {
			t.Errorf("create has %s = %q, want %q", name, got, want)
		}
	}
	read := w.want(200, "feed", "GET", at, "")
	if got, want := read.Body.String(), a.Body.String(); got != want {
		t.Errorf("read gives %s, create gave %s", got, want)
	}
	if read.Header().Get("Last-Modified") == "" || read.doc.At("meta", "versionId").Text() != "1" {
		t.Errorf("read has headers %v and meta %s", read.Header(), read.doc.Get("meta").Raw())
	}
	head := w.want(200, "feed", "HEAD", at, "")
	if head.Body.Len() != 0 || head.Header().Get("ETag") != `W/"1"` {
		t.Errorf("HEAD has a body of %d bytes and the ETag %q, want none and version 1", head.Body.Len(), head.Header().Get("ETag"))
	}
	changed := strings.Replace(read.Body.String(), "Ode", "Oder", 1)
	up := w.want(200, "feed", "PUT", at, changed, "If-Match", `W/"1"`)
	if got := up.Header().Get("ETag"); got != `W/"2"` {
		t.Errorf("update has the ETag %s, want 2", got)
	}
	if got := w.want(412, "feed", "PUT", at, changed, "If-Match", `W/"1"`); got.code() != "conflict" {
		t.Errorf("stale update = %s, want the issue code conflict", got.Body)
	}
	w.want(400, "feed", "PUT", at, patient("No id"))
	w.want(400, "feed", "PUT", at, strings.Replace(changed, id, "another", 1))
	w.want(400, "feed", "PUT", at, strings.Replace(observation(at, "x"), `{`, `{"id":"`+id+`",`, 1))
	first := w.want(200, "feed", "GET", at+"/_history/1", "")
	if first.Body.String() != read.Body.String() {
		t.Errorf("vread of version 1 = %s, want it as it was", first.Body)
	}
	w.want(204, "feed", "DELETE", at, "")
	if got := w.want(410, "feed", "GET", at, ""); got.code() != "deleted" {
		t.Errorf("read after delete = %s, want the issue code deleted", got.Body)
	}
	w.want(410, "feed", "GET", at+"/_history/3", "")
	w.want(404, "feed", "GET", at+"/_history/4", "")
	w.want(404, "feed", "GET", at+"/_history/01", "")
	h := w.want(200, "feed", "GET", at+"/_history", "")
	var methods []string
	for e := range h.doc.Get("entry").Items() {
		methods = append(methods, e.At("request", "method").Text()+" "+e.At("response", "status").Text())
	}
	if got, want := strings.Join(methods, ", "), "DELETE 204, PUT 200, POST 201"; got != want {
		t.Errorf("history = %s, want %s", got, want)
	}
	if got := len(w.want(200, "feed", "GET", "/fhir/Patient/_history", "").entries()); got != 3 {
		t.Errorf("history of the type has %d entries, want 3", got)
	}
	if got := len(w.want(200, "feed", "GET", "/fhir/_history?_count=2", "").entries()); got != 2 {
		t.Errorf("history of the system has %d entries, want the 2 asked for", got)
	}
}

func TestConditionalRead(t *testing.T) {
	w := newWorld(t)
	at := "/fhir/" + w.make(patient("Ode"))
	modified := w.want(200, "feed", "GET", at, "").Header().Get("Last-Modified")
	for _, c := range []struct {
		name, value string
		status      int
	}{
		{"If-None-Match", `W/"1"`, 304},
		{"If-None-Match", `"1"`, 304},
		{"If-None-Match", `W/"7", W/"1"`, 304},
		{"If-None-Match", `*`, 304},
		{"If-None-Match", `W/"2"`, 200},
		{"If-Modified-Since", modified, 304},
		{"If-Modified-Since", "Sun, 22 Nov 2026 11:00:00 GMT", 200},
		{"If-Modified-Since", "yesterday", 200},
	} {
		a := w.want(c.status, "feed", "GET", at, "", c.name, c.value)
		if c.status == 304 && (a.Body.Len() != 0 || a.Header().Get("ETag") != `W/"1"`) {
			t.Errorf("%s %s: body of %d bytes, ETag %q; want none and version 1", c.name, c.value, a.Body.Len(), a.Header().Get("ETag"))
		}
	}
}

func TestPatch(t *testing.T) {
	w := newWorld(t)
	at := "/fhir/" + w.make(patient("Ode"))
	const jsonPatch = "application/json-patch+json"
	a := w.want(200, "feed", "PATCH", at, `[{"op":"test","path":"/gender","value":"female"},{"op":"replace","path":"/name/0/family","value":"Oder"}]`, "Content-Type", jsonPatch)
	_ = a
	for _, c := range []struct {
		name, body, media string
		status            int
	}{
		{"test that fails", `[{"op":"test","path":"/gender","value":"male"}]`, jsonPatch, 400},
		{"not a patch", `{"op":"add"}`, jsonPatch, 400},
		{"not JSON", `[`, jsonPatch, 400},
		{"makes it invalid", `[{"op":"add","path":"/nonsense","value":1}]`, jsonPatch, 400},
		{"changes the id", `[{"op":"replace","path":"/id","value":"x"}]`, jsonPatch, 400},
		{"changes the type", `[{"op":"replace","path":"/resourceType","value":"Person"}]`, jsonPatch, 400},
		{"FHIRPath Patch", `{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"replace"},{"name":"path","valueString":"Patient.birthDate"},{"name":"value","valueDate":"1971-03-01"}]}]}`, "application/fhir+json", 200},
		{"a resource", patient("x"), "application/fhir+json", 400},
		{"XML patch", `<diff/>`, "application/xml-patch+xml", 415},
	} {
		got := w.do("feed", "PATCH", at, c.body, "Content-Type", c.media)
		if got.Code != c.status || c.status >= 400 && got.code() == "" {
			t.Errorf("%s: %d %s, want %d", c.name, got.Code, got.Body, c.status)
		}
	}
	got := w.want(200, "feed", "GET", at, "")
	if got.doc.At("name", "family").Text() != "Oder" || got.doc.Get("birthDate").Text() != "1971-03-01" || got.doc.At("meta", "versionId").Text() != "3" {
		t.Errorf("after two patches: %s", got.Body)
	}
	w.want(412, "feed", "PATCH", at, `[{"op":"remove","path":"/gender"}]`, "Content-Type", jsonPatch, "If-Match", `W/"1"`)
	w.want(200, "feed", "PATCH", "/fhir/Patient?family=Oder", `[{"op":"remove","path":"/gender"}]`, "Content-Type", jsonPatch)
	w.want(404, "feed", "PATCH", "/fhir/Patient?family=Nobody", `[{"op":"remove","path":"/gender"}]`, "Content-Type", jsonPatch)
}

func TestConditionalCreateUpdateDelete(t *testing.T) {
	w := newWorld(t)
	one := `{"resourceType":"Patient","identifier":[{"system":"https://example.org/id","value":"1"}]}`
	const where = "identifier=https://example.org/id|1"
	a := w.want(201, "feed", "POST", "/fhir/Patient", one, "If-None-Exist", where)
	b := w.want(200, "feed", "POST", "/fhir/Patient", one, "If-None-Exist", where)
	if a.id() != b.id() || b.Header().Get("Location") != a.Header().Get("Location") {
		t.Errorf("second conditional create gave %s at %s, want %s", b.id(), b.Header().Get("Location"), a.id())
	}
	up := w.want(200, "feed", "PUT", "/fhir/Patient?"+where, strings.Replace(one, `{`, `{"active":true,`, 1))
	if up.id() != a.id() || up.Header().Get("ETag") != `W/"2"` {
		t.Errorf("conditional update gave %s %s, want version 2 of %s", up.id(), up.Header().Get("ETag"), a.id())
	}
	w.want(201, "feed", "PUT", "/fhir/Patient?identifier=https://example.org/id|2", strings.Replace(one, `"1"`, `"2"`, 1))
	both := "identifier=https://example.org/id|"
	for _, method := range []string{"PUT", "DELETE"} {
		body := one
		if method == "DELETE" {
			body = ""
		}
		if got := w.want(412, "feed", method, "/fhir/Patient?"+both, body); got.code() != "conflict" {
			t.Errorf("%s of several = %s, want the issue code conflict", method, got.Body)
		}
	}
	w.want(412, "feed", "POST", "/fhir/Patient", one, "If-None-Exist", both)
	w.want(400, "feed", "POST", "/fhir/Patient", one, "If-None-Exist", "nonsense=1")
	w.want(400, "feed", "POST", "/fhir/Patient", one, "If-None-Exist", "")
	w.want(400, "feed", "PUT", "/fhir/Patient", one)
	w.want(400, "feed", "DELETE", "/fhir/Patient", "")
	w.want(400, "feed", "DELETE", "/fhir/Patient?nonsense=1", "", "Prefer", "handling=lenient")
	w.want(400, "feed", "DELETE", "/fhir/Patient?nonsense=1&"+where, "", "Prefer", "handling=lenient")
	w.want(204, "feed", "DELETE", "/fhir/Patient?"+where, "")
	w.want(204, "feed", "DELETE", "/fhir/Patient?"+where, "")
	w.want(410, "feed", "GET", "/fhir/Patient/"+a.id(), "")
}

func TestPreferReturn(t *testing.T) {
	w := newWorld(t)
	if got := w.want(201, "feed", "POST", "/fhir/Patient", patient("A"), "Prefer", "return=minimal"); got.Body.Len() != 0 {
		t.Errorf("return=minimal gave %s, want nothing", got.Body)
	}
	if got := w.want(201, "feed", "POST", "/fhir/Patient", patient("A"), "Prefer", "respond-async, return=OperationOutcome"); !got.doc.Get("resourceType").Is("OperationOutcome") {
		t.Errorf("return=OperationOutcome gave %s", got.Body)
	}
	if got := w.want(201, "feed", "POST", "/fhir/Patient", patient("A"), "Prefer", "return=representation"); !got.doc.Get("resourceType").Is("Patient") {
		t.Errorf("return=representation gave %s", got.Body)
	}
}

func TestForms(t *testing.T) {
	w := newWorld(t)
	at := "/fhir/" + w.make(patient("Ode"))
	for _, c := range []struct {
		path, accept string
		status       int
	}{
		{at, "", 200},
		{at, "*/*", 200},
		{at, "application/json", 200},
		{at, "text/html,application/xhtml+xml,*/*;q=0.8", 200},
		{at, "application/fhir+json; fhirVersion=4.0", 200},
		{at, "application/fhir+json; fhirVersion=5.0", 406},
		{at, "application/fhir+xml", 406},
		{at, "application/json;q=0", 406},
		{at + "?_format=json", "application/fhir+xml", 200},
		{at + "?_format=application/fhir%2Bjson", "", 200},
		{at + "?_format=application/fhir+json", "", 200},
		{at + "?_format=xml", "", 406},
		{at + "?_format=html", "", 406},
		{"/fhir/Patient?_format=ttl", "", 406},
	} {
		got := w.do("feed", "GET", c.path, "", "Accept", c.accept)
		if got.Code != c.status || !strings.HasPrefix(got.Header().Get("Content-Type"), "application/fhir+json") {
			t.Errorf("GET %s accepting %q = %d as %s, want %d as JSON", c.path, c.accept, got.Code, got.Header().Get("Content-Type"), c.status)
		}
	}
	pretty := w.want(200, "feed", "GET", at+"?_pretty=true", "")
	if !strings.Contains(pretty.Body.String(), "\n  \"id\"") {
		t.Errorf("_pretty=true gave %s", pretty.Body)
	}
	for media, status := range map[string]int{
		"application/fhir+json": 201, "application/json; charset=UTF-8": 201, "application/json; charset=latin1": 415,
		"application/fhir+xml": 415, "text/plain": 415, "application/x-www-form-urlencoded": 415, "nonsense;;": 415, "": 415,
	} {
		if got := w.do("feed", "POST", "/fhir/Patient", patient("A"), "Content-Type", media); got.Code != status {
			t.Errorf("POST as %q = %d %s, want %d", media, got.Code, got.Body, status)
		}
	}
}

func TestSummaryAndElements(t *testing.T) {
	w := newWorld(t)
	ref := w.make(strings.Replace(observation("Patient/x", "a note"), `{`, `{"meta":{"tag":[{"code":"t"}]},"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>"},`, 1))
	for _, c := range []struct{ query, has, hasNot string }{
		{"_summary=true", "status code subject effectiveDateTime valueQuantity", "note text"},
		{"_summary=text", "text status code", "note subject valueQuantity"},
		{"_summary=data", "note status subject", "text"},
		{"_summary=false", "note text", ""},
		{"_elements=subject", "subject status code", "note text valueQuantity"},
		{"_elements=value", "valueQuantity status code", "note text subject"},
		{"_elements=note,subject", "note subject status", "valueQuantity"},
	} {
		for _, path := range []string{"/fhir/" + ref + "?" + c.query, "/fhir/Observation?_id=" + string(idOf(ref)) + "&" + c.query} {
			got := w.want(200, "feed", "GET", path, "").doc
			if got.Get("resourceType").Is("Bundle") {
				got = got.At("entry", "resource")
			}
			for _, name := range strings.Fields("resourceType id meta " + c.has) {
				if !got.Get(name).Exists() {
					t.Errorf("GET %s leaves out %s: %s", path, name, got.Raw())
				}
			}
			for _, name := range strings.Fields(c.hasNot) {
				if got.Get(name).Exists() {
					t.Errorf("GET %s shows %s: %s", path, name, got.Raw())
				}
			}
			if tagged := strings.Contains(string(got.Get("meta").Raw()), "SUBSETTED"); tagged != (c.query != "_summary=false") {
				t.Errorf("GET %s: meta = %s, want SUBSETTED where it is not whole", path, got.Get("meta").Raw())
			}
			if !strings.Contains(string(got.Get("meta").Raw()), `"code":"t"`) {
				t.Errorf("GET %s lost a tag: %s", path, got.Get("meta").Raw())
			}
		}
	}
	w.want(400, "feed", "GET", "/fhir/"+ref+"?_summary=some", "")
	w.want(400, "feed", "GET", "/fhir/"+ref+"?_elements=nonsense", "")
	w.want(400, "feed", "GET", "/fhir/"+ref+"?nonsense=1", "")
	w.want(200, "feed", "GET", "/fhir/"+ref+"?nonsense=1", "", "Prefer", "handling=lenient")
	count := w.want(200, "feed", "GET", "/fhir/Observation?_summary=count", "")
	if count.doc.Get("total").Text() != "1" || len(count.entries()) != 0 {
		t.Errorf("_summary=count = %s, want total 1 and no entry", count.Body)
	}
}

func TestMethodsAndAddresses(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"PUT", "/fhir", 405, "GET, HEAD, POST, OPTIONS"},
		{"POST", "/fhir/Patient/1", 405, "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"},
		{"DELETE", "/fhir/metadata", 404, ""},
		{"OPTIONS", "/fhir", 204, "GET, HEAD, POST, OPTIONS"},
		{"PUT", "/fhir/Patient/1/_history/1", 405, "GET, HEAD, OPTIONS"},
		{"TRACE", "/fhir/Patient/1", 405, "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"},
		{"OPTIONS", "/fhir/Patient/1", 204, "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"},
		{"GET", "/fhir/Patient/1/2/3/4/5", 404, ""},
		{"GET", "/fhir/Patient/", 404, ""},
		{"GET", "/fhir//Patient", 404, ""},
		{"GET", "/fhir/../fhir/metadata", 404, ""},
		{"GET", "/fhir/Patient/..", 404, ""},
		{"GET", "/fhir/Patient%2F1", 404, ""},
		{"GET", "/fhir/patient/1", 404, ""},
		{"GET", "/fhir/Patient/$match", 404, ""},
		{"GET", "/fhir/Patient/1/$graph", 404, ""},
		{"GET", "/fhir/$export", 404, ""},
		{"POST", "/fhir/$meta", 404, ""},
		{"GET", "/fhir/Observation/1/Patient", 404, ""},
		{"GET", "/fhir/Patient/1/Organization", 404, ""},
		{"POST", "/fhir/AuditEvent", 405, "GET, HEAD, OPTIONS"},
		{"PUT", "/fhir/AuditEvent/1", 405, "GET, HEAD, OPTIONS"},
		{"PATCH", "/fhir/AuditEvent/1", 405, "GET, HEAD, OPTIONS"},
		{"DELETE", "/fhir/AuditEvent/1", 405, "GET, HEAD, OPTIONS"},
		{"DELETE", "/fhir/AuditEvent?_id=1", 405, "GET, HEAD, OPTIONS"},
	} {
		got := w.do("feed", c.method, c.path, "")
		if got.Code != c.status || got.Header().Get("Allow") != c.allow {
			t.Errorf("%s %s = %d, Allow %q, want %d, %q", c.method, c.path, got.Code, got.Header().Get("Allow"), c.status, c.allow)
		}
		if c.status >= 400 && !got.doc.Get("resourceType").Is("OperationOutcome") {
			t.Errorf("%s %s answers %s, want an OperationOutcome", c.method, c.path, got.Body)
		}
	}
}

func TestWhoAsks(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		header string
		status int
	}{
		{"", 401},
		{"Bearer " + w.tokens["feed"], 200},
		{"bearer " + w.tokens["feed"], 200},
		{"Bearer wrong", 401},
		{"Bearer ", 401},
		{"Basic " + w.tokens["feed"], 401},
		{"Digest " + w.tokens["feed"], 401},
		{w.tokens["feed"], 401},
		{"Bearer " + w.tokens["feed"] + "x", 401},
		{"Bearer " + w.tokens["feed"] + ", Bearer x", 401},
	} {
		var headers []string
		if c.header != "" {
			headers = []string{"Authorization", c.header}
		}
		got := w.do("", "GET", "/fhir/Patient", "", headers...)
		if got.Code != c.status || c.status == 401 && (got.code() != "login" || got.Header().Get("WWW-Authenticate") == "") {
			t.Errorf("Authorization %q = %d %s, want %d", c.header, got.Code, got.Body, c.status)
		}
	}
	token := "Bearer " + w.tokens["feed"]
	if got := w.do("", "GET", "/fhir/Patient", "", "Authorization", token, "Authorization", token); got.Code != 401 {
		t.Errorf("two Authorization headers = %d, want 401", got.Code)
	}
	if got := w.do("", "GET", "/fhir/Patient?access_token="+w.tokens["feed"], ""); got.Code != 401 {
		t.Errorf("token in the address = %d, want 401", got.Code)
	}
	if err := w.desk.RevokeToken(context.Background(), "feed"); err != nil {
		t.Fatal(err)
	}
	w.want(401, "feed", "GET", "/fhir/Patient", "")
}

func TestMetadata(t *testing.T) {
	w := newWorld(t)
	got := w.want(200, "", "GET", "/fhir/metadata", "")
	doc, err := fhir.Parse(got.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.desk.Validate(context.Background(), "CapabilityStatement", doc); err != nil {
		t.Errorf("the CapabilityStatement is not valid: %v", err)
	}
	rest := got.doc.At("rest")
	if n := rest.Get("resource").Len(); n != len(r4.Types()) {
		t.Errorf("the CapabilityStatement has %d resource types, want %d", n, len(r4.Types()))
	}
	// What it says, a request finds true.
	for res := range rest.Get("resource").Items() {
		typ := res.Get("type").Text()
		said := map[string]bool{}
		for i := range res.Get("interaction").Items() {
			said[i.Get("code").Text()] = true
		}
		if a := w.do("feed", "POST", "/fhir/"+typ, `{}`); said["create"] != (a.Code == 400) {
			t.Errorf("%s: create is said %v, POST of an empty resource = %d", typ, said["create"], a.Code)
		}
		if a := w.do("feed", "GET", "/fhir/"+typ+"?_count=1", ""); said["search-type"] != (a.Code == 200) {
			t.Errorf("%s: search is said %v, a search = %d %s", typ, said["search-type"], a.Code, a.Body)
		}
	}
}

func ask(method, url string) string {
	return fmt.Sprintf(`{"request":{"method":%q,"url":%q}}`, method, url)
}

func send(fullURL, method, url, resource string, more ...string) string {
	return fmt.Sprintf(`{"fullUrl":%q,"resource":%s,"request":{"method":%q,"url":%q%s}}`, fullURL, resource, method, url, strings.Join(more, ""))
}

func bundle(typ string, entries ...string) string {
	return `{"resourceType":"Bundle","type":"` + typ + `","entry":[` + strings.Join(entries, ",") + `]}`
}

// statuses are the statuses of a response Bundle's entries.
func (a answer) statuses() string {
	var out []string
	for e := range a.doc.Get("entry").Items() {
		status, _, _ := strings.Cut(e.At("response", "status").Text(), " ")
		out = append(out, status)
	}
	return strings.Join(out, " ")
}

package record_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"joinery/leaks"
	"joinery/record"
	"joinery/record/access"
	"joinery/record/search"
	"joinery/web"
	"joinery/web/api"
)

// The requests of the two-world test as a client sends them.

const (
	host     = "http://here"
	fhirJSON = "application/fhir+json"
)

// wire is a request over HTTP, or an entry of a bundle.
type wire struct {
	method, path string // the path after /fhir/
	header       http.Header
	body         string

	next          bool   // not this, but the page that follows the last answer
	full          string // the address of what is sent, in a bundle
	match, ifNone string // If-Match, If-None-Exist
}

func get(path string, pairs ...search.Pair) wire {
	if len(pairs) > 0 {
		path += "?" + encode(pairs)
	}
	return wire{method: http.MethodGet, path: path}
}

func encode(pairs []search.Pair) string {
	var out []string
	for _, p := range pairs {
		out = append(out, url.QueryEscape(p.Name)+"="+url.QueryEscape(p.Value))
	}
	return strings.Join(out, "&")
}

// together is one request for all: itself when it is one, a transaction of more.
func together(all []wire) wire {
	if len(all) == 1 {
		return all[0]
	}
	type request struct {
		Method      string `json:"method"`
		URL         string `json:"url"`
		IfMatch     string `json:"ifMatch,omitempty"`
		IfNoneExist string `json:"ifNoneExist,omitempty"`
	}
	type entry struct {
		FullURL  string          `json:"fullUrl,omitempty"`
		Resource json.RawMessage `json:"resource,omitempty"`
		Request  request         `json:"request"`
	}
	var entries []entry
	for _, w := range all {
		e := entry{w.full, json.RawMessage(w.body), request{w.method, w.path, w.match, w.ifNone}}
		if w.method == http.MethodPatch {
			e.Resource = json.RawMessage(text(content{"resourceType": "Binary", "contentType": "application/json-patch+json", "data": base64.StdEncoding.EncodeToString([]byte(w.body))}))
		}
		entries = append(entries, e)
	}
	return wire{method: http.MethodPost, body: text(content{"resourceType": "Bundle", "type": "transaction", "entry": entries})}
}

// dress asks for the same in one of the other ways that HTTP has.
func (m maker) dress(w wire) wire {
	w.header = http.Header{}
	set := func(name, value string) {
		if value != "" {
			w.header.Set(name, value)
		}
	}
	set("If-Match", w.match)
	set("If-None-Exist", w.ifNone)
	switch w.method {
	case http.MethodPatch:
		set("Content-Type", "application/json-patch+json")
	case http.MethodPost, http.MethodPut:
		set("Content-Type", fhirJSON)
	}
	if m.chance(20) {
		set("Prefer", pick(m, "handling=lenient", "return=minimal", "return=representation", "return=OperationOutcome"))
	}
	if w.method != http.MethodGet {
		if m.chance(30) { // each for itself
			w.body = strings.Replace(w.body, `"type":"transaction"`, `"type":"batch"`, 1)
		}
		return w
	}
	path, query, _ := strings.Cut(w.path, "?")
	instance := strings.Contains(path, "/")
	switch {
	case m.chance(10):
		w.method = http.MethodHead
	case m.chance(10) && query != "" && !instance:
		w.method, w.path, w.body = http.MethodPost, strings.TrimLeft(path+"/_search", "/"), query
		set("Content-Type", "application/x-www-form-urlencoded")
	case m.chance(15) && instance:
		set("If-None-Match", pick(m, `W/"1"`, `W/"2"`, `W/"3"`, "*"))
	case m.chance(10) && instance:
		set("If-Modified-Since", beginning.Add(time.Duration(m.IntN(1200))*time.Second).Format(http.TimeFormat))
	case m.chance(10):
		w.path = strings.TrimRight(path+"?"+query, "?&") + pick(m, "?", "&") + pick(m, "_summary=true", "_elements=name,subject,code", "_pretty=true", "_summary=text", "unknown=1")
	case m.chance(5) && instance && query == "":
		w.path += "/$validate"
	}
	return w
}

// opens serves a world over HTTP, and gives the seat a token.
func (w *world) opens(t *testing.T, key [32]byte, grant record.Grant) {
	t.Helper()
	w.server = web.New(web.Options{Log: leaks.Log(), Clock: w.clock, Rand: rand.NewChaCha8(key)})
	if _, err := api.New(w.server, w.Record, api.Options{Base: host + "/fhir", Clock: w.clock, Version: "test"}); err != nil {
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
	if w.bearer, err = w.As(operator).CreateToken(context.Background(), "seat", grant, time.Time{}); err != nil {
		t.Fatal(err)
	}
}

// over sends a request and returns all that leaves: status, headers and body.
func (w *world) over(r wire) string {
	target := host + strings.TrimRight("/fhir/"+r.path, "/")
	if r.next {
		if w.next == "" {
			return "no page to follow"
		}
		r.method, target = http.MethodGet, w.next
	}
	req := httptest.NewRequest(r.method, target, strings.NewReader(r.body))
	req.Header = r.header.Clone()
	req.Header.Set("Authorization", "Bearer "+w.bearer)
	rec := httptest.NewRecorder()
	w.server.ServeHTTP(rec, req)
	var b strings.Builder
	fmt.Fprintln(&b, rec.Code)
	for _, name := range slices.Sorted(maps.Keys(rec.Header())) {
		fmt.Fprintln(&b, name, rec.Header()[name])
	}
	b.Write(rec.Body.Bytes())
	w.next = ""
	if _, rest, ok := strings.Cut(rec.Body.String(), `"relation":"next","url":"`); ok {
		w.next, _, _ = strings.Cut(rest, `"`)
	}
	return b.String()
}

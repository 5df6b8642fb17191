package api

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/leaks"
	"joinery/record"
	"joinery/record/search"
	"joinery/source/bundle"
	"joinery/web"
)

// Guards that no request reaches today, since what stands before or behind them
// answers alike. Each is asked by itself, so that it holds when those change.

func TestABundleInABundleIsRefusedBeforeItIsRead(t *testing.T) {
	c := &call{within: &within{}, r: httptest.NewRequest("POST", "/fhir", strings.NewReader("not JSON"))}
	if _, err := c.bundle(); fault.KindOf(err) != fault.Unsupported {
		t.Errorf("bundle() in a bundle = %v, want Unsupported", err)
	}
}

func TestWhatATransactionSaysOfAnEntry(t *testing.T) {
	requests := []bundle.Request{{Entry: &bundle.Entry{}, Index: 4}}
	at := func(err error) error { return &record.OpError{Index: 0, Err: err} }
	broken := at(errors.New("disk I/O error"))
	if got := entryOf(broken, requests); got != broken {
		t.Errorf("a failure of ours becomes %v, want it as it was", got)
	}
	got := entryOf(at(fault.New(fault.NotFound, "There is no Patient of this id.")), requests)
	if fault.KindOf(got) != fault.NotFound || fault.MessageOf(got) != missing {
		t.Errorf("what is not there becomes %q, want %q: which entry it was would tell that it is there", fault.MessageOf(got), missing)
	}
	got = entryOf(at(fault.New(fault.Conflict, "Somebody was faster.")), requests)
	if want := "Bundle.entry[4]: Somebody was faster."; fault.KindOf(got) != fault.Conflict || fault.MessageOf(got) != want {
		t.Errorf("a conflict becomes %q, want %q", fault.MessageOf(got), want)
	}
}

func TestAConditionOfATransactionNeedsASearch(t *testing.T) {
	for _, q := range []bundle.Request{
		{Entry: &bundle.Entry{Method: "DELETE"}, Type: "Patient", Query: "_count=1"},
		{Entry: &bundle.Entry{Method: "PUT"}, Type: "Patient", Query: "_sort=family"},
		{Entry: &bundle.Entry{Method: "POST", IfNoneExist: "?_count=1"}, Type: "Patient"},
		{Entry: &bundle.Entry{Method: "POST", IfNoneExist: "&"}, Type: "Patient"},
	} {
		_, err := Ops([]bundle.Request{q}, search.Options{})
		var invalid *fhir.Invalid
		if !errors.As(err, &invalid) || invalid.Issues[0].Code != "required" {
			t.Errorf("%s by %q%q = %v, want it refused for the search that is missing", q.Method, q.Query, q.IfNoneExist, err)
		}
	}
}

func TestAHandleThatIsNoneIsNotLookedUp(t *testing.T) {
	for _, handle := range []string{"", strings.Repeat("A", 260)} {
		c := &call{params: []search.Pair{pair("handle", handle)}} // without a view: to look it up would panic
		if _, err := c.next(); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a handle of %d characters = %v, want NotFound", len(handle), err)
		}
	}
}

func TestGivenUpAndTakingTooLongAreNoFailures(t *testing.T) {
	broken := errors.New("interrupted")
	left, leave := context.WithCancel(t.Context())
	leave()
	late, stop := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer stop()
	r := httptest.NewRequest("GET", "/fhir/Patient", nil)
	for _, c := range []struct {
		name    string
		ctx     context.Context
		request context.Context
		kind    fault.Kind
		says    string
	}{
		{"whose client left", left, left, fault.Unavailable, "given up"},
		{"that took too long", late, t.Context(), fault.Unavailable, "took too long"},
		{"that broke", t.Context(), t.Context(), fault.Internal, ""},
	} {
		got := gaveUp(c.ctx, r.WithContext(c.request), broken)
		if fault.KindOf(got) != c.kind || !strings.Contains(fault.MessageOf(got), c.says) || !errors.Is(got, broken) {
			t.Errorf("a request %s fails with %v (%v), want %v", c.name, got, fault.KindOf(got), c.kind)
		}
	}
}

func TestABatchStopsWhenNobodyWaits(t *testing.T) {
	left, leave := context.WithCancel(t.Context())
	leave()
	c := &call{ctx: left} // without an API: to carry out an entry would panic
	if _, err := c.batch([]bundle.Request{{Entry: &bundle.Entry{Method: "GET"}, Type: "Patient"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("batch() that nobody waits for = %v, want it stopped", err)
	}
}

func TestAnEntryThatNothingAnswersIsRefused(t *testing.T) {
	a := &API{mux: http.NewServeMux()}
	a.mux.HandleFunc("/fhir/", a.other)
	a.mux.HandleFunc("GET /fhir/{type}", func(http.ResponseWriter, *http.Request) {})
	c := &call{api: a, ctx: t.Context(), r: httptest.NewRequest("POST", "/fhir", nil)}
	got := c.one(bundle.Request{Entry: &bundle.Entry{Method: "OPTIONS"}, Type: "Patient"})
	if got.err == nil || web.Status(got.err) != http.StatusMethodNotAllowed {
		t.Errorf("an entry that nothing answers = %v, want it refused", got.err)
	}
}

func TestTheOperatorIsToldOfAFailureInABatch(t *testing.T) {
	var log bytes.Buffer
	server := web.New(web.Options{Log: slog.New(web.NewLogHandler(leaks.Keep(&log), slog.LevelInfo)), Clock: time.Now, Rand: strings.NewReader(strings.Repeat("x", 64))})
	var body []byte
	server.Handle("POST /fhir", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &call{r: r, w: w}
		body, _ = c.outcome(outcome{call: c, err: errors.New("disk I/O error")})
		w.WriteHeader(http.StatusInternalServerError)
	}))
	server.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/fhir", nil))
	if !strings.Contains(log.String(), "disk I/O error") || bytes.Contains(body, []byte("disk")) {
		t.Errorf("the log is %s and the entry %s, want the cause in the log alone", &log, body)
	}
}

func TestABaseIsAWholeAddress(t *testing.T) {
	server := web.New(web.Options{Log: leaks.Log(), Clock: time.Now, Rand: strings.NewReader("")})
	for _, base := range []string{"", "/fhir", "joinery.example/fhir", "https:///fhir", "https://joinery.example/fhir/", "https://joinery.example/fhir?a=b", "https://joinery.example/fhir#a", "https://joi nery/fhir"} {
		if _, err := New(server, nil, Options{Base: base}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("New with the base %q = %v, want Invalid", base, err)
		}
	}
}

package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	chance "math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/leaks"
)

// lines is a log that a test can read while the server writes it.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func server(t *testing.T) (*Server, *lines) {
	t.Helper()
	log := &lines{}
	return New(Options{Log: slog.New(NewLogHandler(leaks.Keep(log), slog.LevelInfo)), Clock: time.Now, Rand: rand.Reader, Bodies: 64 << 20}), log
}

// listen serves on a port of its own until the test ends, and returns the
// address.
func listen(t *testing.T, s *Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("Serve = %v, want no error", err)
		}
	})
	return l.Addr().String()
}

func do(s http.Handler, method, target string, body io.Reader) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(method, target, body))
	return w
}

func TestEveryKindHasAFace(t *testing.T) {
	want := map[fault.Kind]int{
		fault.Internal: 500, fault.Invalid: 400, fault.NotFound: 404, fault.Gone: 410, fault.Conflict: 409,
		fault.Precondition: 412, fault.Unidentified: 401, fault.Denied: 403, fault.TooLarge: 413,
		fault.TooMany: 429, fault.Unsupported: 501, fault.Unavailable: 503,
	}
	for _, k := range fault.Kinds() {
		status, ok := want[k]
		if !ok {
			t.Errorf("the test does not know %v: give it a status", k)
		}
		err := fault.New(k, "Say.")
		if got := Status(err); got != status {
			t.Errorf("Status(%v) = %d, want %d", k, got, status)
		}
		if k != fault.Internal && faceOf(k).code == faceOf(fault.Internal).code {
			t.Errorf("%v has no issue code of its own", k)
		}
	}
}

func TestFailuresOfOursShowOnlyAReference(t *testing.T) {
	s, log := server(t)
	s.Handle("GET /broken", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		Fail(w, r, fmt.Errorf("fetch: %w", errors.New("disk I/O error")))
	}))
	w := do(s, "GET", "/broken?name=CANARY", nil)
	id := w.Header().Get("X-Request-Id")
	if w.Code != 500 || len(id) != 32 || !strings.Contains(w.Body.String(), id) || strings.Contains(w.Body.String(), "disk") {
		t.Errorf("answer = %d %s (request %q), want 500 with the reference and no cause", w.Code, w.Body, id)
	}
	if !strings.Contains(log.String(), "disk I/O error") || !strings.Contains(log.String(), id) {
		t.Errorf("the operator is not told: %s", log)
	}
	if strings.Contains(log.String(), "CANARY") {
		t.Errorf("the log repeats the query: %s", log)
	}
}

func TestPanicIsAnsweredAndItsWordsAreWithheld(t *testing.T) {
	s, log := server(t)
	s.Handle("GET /panic", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("CANARY born 1970") }))
	s.Handle("GET /index", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_ = []int{}[len(r.URL.Path)]
	}))
	for _, path := range []string{"/panic", "/index"} {
		w := do(s, "GET", path, nil)
		if w.Code != 500 || !strings.Contains(w.Body.String(), w.Header().Get("X-Request-Id")) {
			t.Errorf("GET %s = %d %s, want 500 with a reference", path, w.Code, w.Body)
		}
	}
	if strings.Contains(log.String(), "CANARY") {
		t.Errorf("the log repeats what was panicked with: %s", log)
	}
	if !strings.Contains(log.String(), "index out of range") || !strings.Contains(log.String(), "web_test.go") {
		t.Errorf("the log does not say where it panicked: %s", log)
	}
}

func TestOneLineARequest(t *testing.T) {
	s, log := server(t)
	s.Handle("GET /fhir/{type}/{id}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := Of(r)
		e.Client, e.Type, e.Count = "loader", "Patient", 3
		Write(w, 200, []byte("{}"))
	}))
	do(s, "GET", "/fhir/Patient/CANARY-1?family=CANARY-2", nil)
	do(s, "CANARY-3", "/fhir/Patient/CANARY-1", nil)
	if strings.Contains(log.String(), "CANARY") {
		t.Errorf("the log holds what the client sent: %s", log)
	}
	var line map[string]any
	first, _, _ := strings.Cut(log.String(), "\n")
	if err := json.Unmarshal([]byte(first), &line); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{"msg": "request", "method": "GET", "route": "/fhir/{type}/{id}", "status": 200.0, "client": "loader", "type": "Patient", "count": 3.0} {
		if line[key] != want {
			t.Errorf("log line has %s = %v, want %v", key, line[key], want)
		}
	}
	if got := strings.Count(log.String(), "\n"); got != 2 {
		t.Errorf("two requests made %d lines, want 2", got)
	}
}

func TestLogWithholdsWhatItDoesNotKnow(t *testing.T) {
	type person struct{ Name string }
	var withheld bytes.Buffer
	log := slog.New(NewLogHandler(&withheld, slog.LevelInfo))
	log.With("name", "CANARY").WithGroup("g").Info("request",
		"family", "CANARY", "id", person{"CANARY"}, "type", []string{"CANARY"}, "count", &person{"CANARY"},
		slog.Group("request", "nhs", "CANARY"), "status", 200)
	if strings.Contains(withheld.String(), "CANARY") {
		t.Errorf("log line = %s, want nothing of a person", withheld.String())
	}
	if !strings.Contains(withheld.String(), `"status":200`) {
		t.Errorf("log line = %s, want what is known", withheld.String())
	}
}

// TestLogDoesNotRepeatWhatWasRead: errors of libraries quote what they could not read.
func TestLogDoesNotRepeatWhatWasRead(t *testing.T) {
	_, number := strconv.Atoi("999 000 0042")
	_, moment := time.Parse(time.DateOnly, "14/08/1941 Amin-Canary")
	_, longer := time.Parse(time.DateOnly, "1941-08-14 Amin-Canary")
	var text struct{ A int8 }
	typed := json.Unmarshal([]byte(`{"A":9990000042}`), &text)
	_, address := url.Parse(strings.Repeat("https://[Amin-Canary/\"", 1))
	refused := &textproto.Error{Code: 550, Msg: "no such user: amin-canary@example.com"}
	for _, err := range []error{number, moment, longer, typed, address, refused, errors.Join(refused, fmt.Errorf("line 3: %w", number))} {
		if err == nil {
			t.Fatal("one of the errors is none")
		}
		log := &lines{}
		slog.New(NewLogHandler(leaks.Keep(log), slog.LevelInfo)).Error("panic", slog.Any("error", fmt.Errorf("import: %w", err)))
		var line struct{ Error string }
		if err := json.Unmarshal([]byte(log.String()), &line); err != nil {
			t.Fatal(err)
		}
		for _, of := range []string{"999", "1941", "anary", "0042"} {
			if strings.Contains(line.Error, of) {
				t.Errorf("the log repeats %q: %s", of, line.Error)
			}
		}
		if !strings.HasPrefix(line.Error, "import: ") || !strings.Contains(line.Error, "[withheld]") {
			t.Errorf("the log does not say what went wrong: %s", line.Error)
		}
	}
}

func TestClientsHaveMarksInTheLog(t *testing.T) {
	mark := Mark("Mrs Amin's telephone")
	if mark != Mark("Mrs Amin's telephone") || mark == Mark("Mrs Amin's tablet") || strings.Contains(mark, "Amin") || len(mark) != 19 {
		t.Errorf("the mark is %q", mark)
	}
}

func TestEveryAnswerIsHardened(t *testing.T) {
	s, _ := server(t)
	for _, path := range []string{"/livez", "/readyz", "/nothing", "/.git/config", "/debug/pprof/", "/metrics", "/_config"} {
		w := do(s, "GET", path, nil)
		for name, want := range map[string]string{
			"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("GET %s has %s = %q, want %q", path, name, got, want)
			}
		}
		if !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("GET %s lets a page load things", path)
		}
		if !strings.HasSuffix(path, "z") && w.Code != 404 {
			t.Errorf("GET %s = %d, want 404", path, w.Code)
		}
	}
}

func TestRequestIDsAreOurs(t *testing.T) {
	s, _ := server(t)
	r := httptest.NewRequest("GET", "/livez", nil)
	r.Header.Set("X-Request-Id", "CANARY")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if got := w.Header().Get("X-Request-Id"); got == "CANARY" || len(got) != 32 {
		t.Errorf("request id = %q, want one of ours", got)
	}
}

func TestReadinessSaysNoWithoutSayingWhy(t *testing.T) {
	s, log := server(t)
	s.Ready = func(context.Context) error { return errors.New("audit reserve spent") }
	w := do(s, "GET", "/readyz", nil)
	if w.Code != 503 || w.Body.String() != "not ready\n" {
		t.Errorf("readyz = %d %q, want 503 and no reason", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "audit reserve spent") {
		t.Errorf("log = %s, want the reason", log)
	}
}

// echo answers with how long the body was.
func echo(s *Server, limit int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := s.Body(w, r, limit)
		if err != nil {
			Fail(w, r, err)
			return
		}
		fmt.Fprintf(w, "%d", len(body))
	})
}

func zipped(t *testing.T, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.CopyN(z, zeros{}, int64(n)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestBodyLimits(t *testing.T) {
	s, _ := server(t)
	const limit = 4 << 20
	s.Handle("POST /", echo(s, limit))
	plain := func(n int) io.Reader { return io.LimitReader(zeros{}, int64(n)) }
	for _, c := range []struct {
		name, encoding string
		body           io.Reader
		length         int64
		status         int
		answer         string
	}{
		{"nothing", "", http.NoBody, 0, 200, "0"},
		{"small", "", plain(10), 10, 200, "10"},
		{"just fits", "", plain(limit), limit, 200, fmt.Sprint(limit)},
		{"chunked", "", plain(limit), -1, 200, fmt.Sprint(limit)},
		{"said to be too large", "", plain(limit + 1), limit + 1, 413, "too-costly"},
		{"chunked without end", "", zeros{}, -1, 413, "too-costly"},
		{"gzip", "gzip", bytes.NewReader(zipped(t, 500)), -1, 200, "500"},
		{"gzip under the ratio's threshold", "gzip", bytes.NewReader(zipped(t, 1<<20)), -1, 200, fmt.Sprint(1 << 20)},
		{"gzip bomb", "gzip", bytes.NewReader(zipped(t, 3<<20)), -1, 413, "100 times"},
		{"gzip that is cut", "gzip", bytes.NewReader(zipped(t, 5000)[:20]), -1, 400, "whole"},
		{"not gzip", "gzip", strings.NewReader("{}"), 2, 400, "whole"},
		{"gzip in gzip", "gzip, gzip", strings.NewReader("{}"), 2, 415, "gzip"},
		{"deflate", "deflate", strings.NewReader("{}"), 2, 415, "gzip"},
		{"brotli", "br", strings.NewReader("{}"), 2, 415, "gzip"},
	} {
		r := httptest.NewRequest("POST", "/", c.body)
		r.ContentLength = c.length
		if c.encoding != "" {
			r.Header.Set("Content-Encoding", c.encoding)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.answer) {
			t.Errorf("%s: %d %s, want %d with %q", c.name, w.Code, w.Body, c.status, c.answer)
		}
	}
	if held := s.held.Load(); held != 0 {
		t.Errorf("%d bytes are still held after all requests, want 0", held)
	}
}

// counted counts what is read of a body.
type counted struct {
	io.Reader
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

// endless is gzip that never ends and unfolds to about ten times what is sent,
// so that no ratio stops it.
func endless(t *testing.T) io.Reader {
	t.Helper()
	r, w := io.Pipe()
	t.Cleanup(func() { r.Close() })
	go func() {
		z := gzip.NewWriter(w)
		noise := chance.NewChaCha8([32]byte{})
		block := make([]byte, 10<<10)
		for {
			_, _ = noise.Read(block[:1<<10])
			if _, err := z.Write(block); err != nil {
				return // nobody reads any more
			}
		}
	}()
	return r
}

func TestGzipStopsAtTheByteCap(t *testing.T) {
	s, _ := server(t)
	const limit = 4 << 20
	s.Handle("POST /", echo(s, limit))
	sent := &counted{Reader: endless(t)}
	r := httptest.NewRequest("POST", "/", sent)
	r.ContentLength = -1
	r.Header.Set("Content-Encoding", "gzip")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != 413 || !strings.Contains(w.Body.String(), "larger than the 4 MB") {
		t.Errorf("gzip without end = %d %s, want 413 for its size", w.Code, w.Body)
	}
	if sent.n > limit/4 {
		t.Errorf("%d bytes were read that unfold to ten times as many, want no more than unfold to %d", sent.n, limit)
	}
}

// What says that it is too large is not read at all.
func TestTooLargeIsNotRead(t *testing.T) {
	s, _ := server(t)
	s.Handle("POST /", echo(s, 4<<20))
	sent := &counted{Reader: zeros{}}
	r := httptest.NewRequest("POST", "/", sent)
	r.ContentLength = 4<<20 + 1
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != 413 || sent.n > 0 {
		t.Errorf("a body said to be too large = %d after %d bytes, want 413 after none", w.Code, sent.n)
	}
}

func TestAllBodiesTogetherAreBounded(t *testing.T) {
	s, _ := server(t)
	s.Bodies = 1 << 20
	s.Handle("POST /", echo(s, 4<<20))
	w := do(s, "POST", "/", io.LimitReader(zeros{}, 2<<20))
	if w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("body over what all may hold = %d, want 503 with Retry-After", w.Code)
	}
	if held := s.held.Load(); held != 0 {
		t.Errorf("%d bytes are still held, want 0", held)
	}
}

// A body takes no more room than the most that is taken of it.
func TestABodyTakesNoMoreRoomThanItMay(t *testing.T) {
	s, _ := server(t)
	const limit = 5 << 20
	s.Bodies = limit + 1<<10
	s.Handle("POST /", echo(s, limit))
	if w := do(s, "POST", "/", io.LimitReader(zeros{}, limit)); w.Code != 200 {
		t.Errorf("a body that fits into what all may hold = %d %s, want 200", w.Code, w.Body)
	}
}

func TestIssuesListEveryFault(t *testing.T) {
	err := fmt.Errorf("create: %w", &fhir.Invalid{Issues: []fhir.Issue{{Severity: fhir.Error, Code: "value", Where: "Patient.birthDate", Say: "One."}, {Severity: fhir.Error, Code: "required", Where: "Patient.x", Say: "Two."}}})
	if got := Issues(err, "r"); len(got) != 2 || got[1].Where != "Patient.x" {
		t.Errorf("Issues = %v, want both", got)
	}
	hidden := fault.Wrap(fault.Denied, "You may not do this.", err)
	if got := Issues(hidden, "r"); len(got) != 1 || got[0].Say != "You may not do this." {
		t.Errorf("Issues(denied because of %v) = %v, want only the refusal", err, got)
	}
}

package web

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/leaks"
)

// Nothing is added to an answer that has begun when its handler panics.
func TestAPanicInMidAnswerAddsNothing(t *testing.T) {
	s, log := server(t)
	s.Handle("GET /begun", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "begun")
		_ = []int{}[len(r.URL.Path)]
	}))
	if w := do(s, "GET", "/begun", nil); w.Code != 200 || w.Body.String() != "begun" || w.Header().Get("Connection") != "close" {
		t.Errorf("answer = %d %q, Connection %q, want what had begun and the connection closed", w.Code, w.Body, w.Header().Get("Connection"))
	}
	if !strings.Contains(log.String(), "index out of range") {
		t.Errorf("the operator is not told: %s", log)
	}
}

// A handler that gives up its connection on purpose is let do so.
func TestGivingUpAConnectionIsNoFailure(t *testing.T) {
	s, log := server(t)
	s.Handle("GET /", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("what comes through is %v, want the abort", p)
		}
		if strings.Contains(log.String(), "panic") {
			t.Errorf("the log tells of a failure: %s", log)
		}
	}()
	do(s, "GET", "/x", nil)
}

// failing is a listener that takes nobody in.
type failing struct{ net.Listener }

func (failing) Accept() (net.Conn, error) { return nil, errors.New("too many open files") }

func TestConnectionsAreBounded(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	b := &bounded{Listener: l, places: make(chan struct{}, 1)}
	dial(t, l.Addr().String())
	dial(t, l.Addr().String())
	first, err := b.Accept()
	if err != nil {
		t.Fatal(err)
	}
	taken := make(chan error, 1)
	go func() {
		second, err := b.Accept()
		if err == nil {
			err = second.Close()
		}
		taken <- err
	}()
	select {
	case <-taken:
		t.Error("a second connection was taken where one may be open")
	case <-time.After(50 * time.Millisecond):
	}
	if err := errors.Join(first.Close(), <-taken); err != nil {
		t.Errorf("closing the first lets the second in: %v", err)
	}
	if len(b.places) != 0 {
		t.Errorf("%d places are taken after all closed, want none", len(b.places))
	}
	b.Listener = failing{l}
	for range 3 {
		if _, err := b.Accept(); err == nil || len(b.places) != 0 {
			t.Errorf("a failure to accept = %v and keeps %d places, want none kept", err, len(b.places))
		}
	}
}

// deadlines is a connection that notes until when it may be read.
type deadlines struct {
	http.ResponseWriter
	read []time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error { d.read = append(d.read, t); return nil }

// Who sends as fast as is asked for has time for as much as they send.
func TestABodyAtThePaceHasItsTime(t *testing.T) {
	began := time.Date(2026, 1, 31, 9, 0, 0, 0, time.UTC)
	d := &deadlines{ResponseWriter: httptest.NewRecorder()}
	p := &paced{r: io.LimitReader(zeros{}, 3*pace), control: http.NewResponseController(d), started: began}
	if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, p, make([]byte, pace/2)); err != nil {
		t.Fatal(err)
	}
	if len(d.read) != 3 || !d.read[2].Equal(began.Add(grace+3*time.Second)) {
		t.Errorf("deadlines = %v, want one for each %d bytes, the last %v after the beginning", d.read, pace, grace+3*time.Second)
	}
}

// What a Content-Length says is not set aside before it comes.
func TestALengthIsNotBelieved(t *testing.T) {
	s, _ := server(t)
	s.Bodies = 2 << 20
	s.Handle("POST /", echo(s, 64<<20))
	r := httptest.NewRequest("POST", "/", io.MultiReader(strings.NewReader("{"), failingReader{}))
	r.ContentLength = 50 << 20
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != 400 {
		t.Errorf("50 MB that do not come = %d %s, want 400 for what is missing", w.Code, w.Body)
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// What net/http complains of may quote a request.
func TestComplaintsQuoteNothing(t *testing.T) {
	_, log := server(t)
	c := complaints{slog.New(NewLogHandler(leaks.Keep(log), slog.LevelInfo)), t.Context()}
	if _, err := io.WriteString(c, "http: bad header CANARY"); err != nil {
		t.Fatal(err)
	}
	if got := log.String(); strings.Contains(got, "CANARY") || !strings.Contains(got, "connection trouble") {
		t.Errorf("log = %s, want that there was trouble and nothing of it", got)
	}
}

// A search that asks for too much is a bad request; a value that is too long
// makes the request too large.
func TestTooMuchAndTooLong(t *testing.T) {
	for code, want := range map[string]int{"too-costly": 400, "too-long": 413} {
		err := fault.Wrap(fault.TooLarge, "Too much.", &fhir.Invalid{Issues: []fhir.Issue{{Severity: fhir.Error, Code: code, Say: "Too much."}}})
		if got := Status(err); got != want {
			t.Errorf("Status of %s = %d, want %d", code, got, want)
		}
	}
}

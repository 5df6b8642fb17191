// Package web is the HTTP server that every face stands behind: it says how
// long a request may take and how large it may be, numbers it, logs one line
// about it that holds nothing of a person, and turns what went wrong into an
// answer a person can act on.
//
// It knows nothing of FHIR's interactions, which are web/api's, and nothing of
// who may see what, which is the record's. A handler finds the Event of its
// request by Of and fills in what the log line should say.
//
// Nothing that a client sends in a header changes whose data it sees, where
// links point, or what the log calls the request: X-Forwarded-*, X-Patient-Id,
// X-Request-Id, method overrides and their like are ignored. One is believed, from
// configured addresses alone and only as to where a request came from: see source.
//
// Trade-offs: a body is read whole before a handler looks at it, since a
// resource is decided on as a whole; in return all bodies together are held to
// Options.Bodies bytes, and who comes when that is spent gets 503.
package web

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"joinery/fault"
)

// Times that a connection is held to. A client that sends a body or takes an
// answer slower than pace is cut off after grace.
const (
	headerTime   = 5 * time.Second
	idleTime     = 60 * time.Second
	answerTime   = 150 * time.Second // until the first byte of an answer
	grace        = 8 * time.Second
	pace         = 32 << 10 // bytes a second
	shutdownTime = 15 * time.Second
)

const (
	maxHeader      = 64 << 10
	maxConnections = 8192
)

const nothingHere = "There is nothing at this address."

// Options say what a Server works with. Log, Clock and Rand are needed.
type Options struct {
	Log   *slog.Logger
	Clock func() time.Time // the time of day now, for deadlines and how long things took
	Rand  io.Reader        // for request ids

	// Ready says why requests cannot be served now, nil when they can. The
	// reason goes to the log, never to whoever asks.
	Ready func(context.Context) error

	// Proxies are the networks of those in front of this server, whose
	// X-Forwarded-For is believed. None: every address is the connection's.
	Proxies []netip.Prefix

	// Bodies is how many bytes of request bodies may be held at once, over all
	// requests; 256 MB when zero.
	Bodies int64
}

// Server serves handlers under the rules of the package. It is safe for
// concurrent use once all handlers are registered.
type Server struct {
	Options
	mux     *http.ServeMux
	other   http.Handler // what no pattern takes
	held    atomic.Int64 // bytes of bodies
	leaving atomic.Bool  // shutting down
}

// New returns a Server with the health pages: /livez says that the process
// answers, /readyz that it can serve. Neither says anything else.
func New(o Options) *Server {
	if o.Bodies == 0 {
		o.Bodies = 256 << 20
	}
	s := &Server{Options: o, mux: http.NewServeMux()}
	s.mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") })
	s.mux.HandleFunc("GET /readyz", s.ready)
	s.other = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		Fail(w, r, fault.New(fault.NotFound, nothingHere))
	})
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.other.ServeHTTP(w, r) })
	return s
}

// Otherwise sets what answers an address that no handler has, in place of an
// OperationOutcome.
func (s *Server) Otherwise(h http.Handler) { s.other = h }

// Handle registers a handler for a pattern of http.ServeMux.
func (s *Server) Handle(pattern string, h http.Handler) { s.mux.Handle(pattern, h) }

func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	var err error
	if s.Ready != nil {
		err = s.Ready(r.Context())
	}
	if s.leaving.Load() {
		err = errors.New("shutting down")
	}
	if err != nil {
		Of(r).Err = err
		plain(w, http.StatusServiceUnavailable, "not ready\n")
		return
	}
	plain(w, http.StatusOK, "ready\n")
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // whoever asked is gone: nobody to tell
}

// Event is what is told of a request: the server starts it, handlers fill it
// in, and one line of the log is made of it.
type Event struct {
	ID     string // of the request: in X-Request-Id, the log and the audit
	Source string // the address it came from
	Client string // by which it was made, when known: a mark (log.go), or the id of a session
	Type   string // the resource type it concerned
	Count  int    // resources in the answer
	Err    error  // what went wrong, when something did

	// Show answers a failure in the handler's own form, such as a page. It must not
	// fail by Fail again. Nil: an OperationOutcome.
	Show func(w http.ResponseWriter, r *http.Request, err error)

	held int64
}

// about is a request's context: it carries the Event at the price of one
// allocation.
type about struct {
	context.Context
	event Event
}

type eventKey struct{}

func (a *about) Value(key any) any {
	if _, ok := key.(eventKey); ok {
		return &a.event
	}
	return a.Context.Value(key)
}

// Of returns the Event of a request, an empty one when the Server did not start
// it.
func Of(r *http.Request) *Event {
	if e, ok := r.Context().Value(eventKey{}).(*Event); ok {
		return e
	}
	return &Event{}
}

// ServeHTTP serves one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := s.Clock()
	a := &about{Context: r.Context(), event: Event{ID: s.number(), Source: s.source(r)}}
	r = r.WithContext(a)
	out := &answer{ResponseWriter: w, clock: s.Clock, method: r.Method}
	harden(w.Header(), a.event.ID)
	defer s.finish(out, r, &a.event, started)
	if err := s.admit(out, r, started); err != nil {
		Fail(out, r, err)
		return
	}
	s.mux.ServeHTTP(out, r)
}

// number returns a new request id: 128 random bits.
func (s *Server) number() string {
	var b [16]byte
	if _, err := io.ReadFull(s.Rand, b[:]); err != nil {
		return "" // chance failed us; the request can do without a number
	}
	return hex.EncodeToString(b[:])
}

// Values of the headers that every answer has. They are shared: a handler that
// wants another value sets it, and must not append.
var (
	noStore     = []string{"private, no-store"}
	noSniff     = []string{"nosniff"}
	noReferrer  = []string{"no-referrer"}
	noContent   = []string{"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox"}
	sameOrigin  = []string{"same-origin"}
	noPowers    = []string{"camera=(), geolocation=(), microphone=()"}
	closingDown = []string{"close"}
)

func harden(h http.Header, id string) {
	h["Cache-Control"] = noStore
	h["X-Content-Type-Options"] = noSniff
	h["Referrer-Policy"] = noReferrer
	h["Content-Security-Policy"] = noContent
	h["Cross-Origin-Resource-Policy"] = sameOrigin
	h["Cross-Origin-Opener-Policy"] = sameOrigin
	h["Permissions-Policy"] = noPowers
	h["X-Request-Id"] = []string{id}
}

// admit refuses what no handler should see, and bounds how long the body may
// take to come.
func (s *Server) admit(w *answer, r *http.Request, now time.Time) error {
	if p := r.URL.Path; p != "/" && path.Clean(p) != strings.TrimSuffix(p, "/") {
		// The mux would redirect to the cleaned path, repeating what was asked.
		return fault.New(fault.NotFound, nothingHere)
	}
	if r.ContentLength == 0 {
		return nil
	}
	if len(r.TransferEncoding) > 0 {
		// Whatever follows a chunked body on its connection may be what a proxy
		// in front took for part of it: do not read it as a request.
		w.Header()["Connection"] = closingDown
	}
	// An error means that there is no connection to bound, as in a test.
	_ = http.NewResponseController(w.ResponseWriter).SetReadDeadline(now.Add(grace))
	return nil
}

// finish answers a panic, gives back what the request held and logs its line.
func (s *Server) finish(w *answer, r *http.Request, e *Event, started time.Time) {
	if p := recover(); p != nil {
		if p == http.ErrAbortHandler { //nolint:errorlint // the server compares it like this too
			panic(p)
		}
		s.panicked(w, r, e, p)
	}
	s.held.Add(-e.held)
	level, attrs := slog.LevelInfo, make([]slog.Attr, 0, 10)
	attrs = append(attrs,
		slog.String("request", e.ID),
		slog.String("method", knownMethod(r.Method)),
		slog.String("route", pattern(r)),
		slog.Int("status", w.status),
		slog.Duration("elapsed", s.Clock().Sub(started)))
	if e.Client != "" {
		attrs = append(attrs, slog.String("client", e.Client))
	}
	if e.Type != "" {
		attrs = append(attrs, slog.String("type", e.Type))
	}
	if e.Count > 0 {
		attrs = append(attrs, slog.Int("count", e.Count))
	}
	if e.Err != nil {
		attrs = append(attrs, slog.String("kind", fault.KindOf(e.Err).String()))
		if w.status >= http.StatusInternalServerError {
			// A refusal's words are for who was refused. Only what is ours to
			// mend is told to the operator.
			level = slog.LevelError
			attrs = append(attrs, slog.Any("error", e.Err))
		}
	}
	s.Log.LogAttrs(r.Context(), level, "request", attrs...)
}

// knownMethod keeps a made-up method out of the log.
func knownMethod(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}

// pattern returns the route that was taken, never the path: it holds ids.
func pattern(r *http.Request) string {
	_, path, ok := strings.Cut(r.Pattern, " ")
	if !ok {
		return r.Pattern
	}
	return path
}

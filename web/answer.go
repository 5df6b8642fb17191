package web

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"joinery/fault"
	"joinery/fhir"
)

// FHIR is the media type of what the FHIR interfaces answer.
const FHIR = "application/fhir+json; charset=utf-8"

var fhirType = []string{FHIR}

// face is how a kind of failure looks from outside.
type face struct {
	status int
	code   string // of OperationOutcome.issue.code
}

func faceOf(k fault.Kind) face {
	switch k {
	case fault.Invalid:
		return face{http.StatusBadRequest, "invalid"}
	case fault.NotFound:
		return face{http.StatusNotFound, "not-found"}
	case fault.Gone:
		return face{http.StatusGone, "deleted"}
	case fault.Conflict:
		return face{http.StatusConflict, "conflict"}
	case fault.Precondition:
		return face{http.StatusPreconditionFailed, "conflict"}
	case fault.Unidentified:
		return face{http.StatusUnauthorized, "login"}
	case fault.Denied:
		return face{http.StatusForbidden, "forbidden"}
	case fault.TooLarge:
		return face{http.StatusRequestEntityTooLarge, "too-costly"}
	case fault.TooMany:
		return face{http.StatusTooManyRequests, "throttled"}
	case fault.Unsupported:
		return face{http.StatusNotImplemented, "not-supported"}
	case fault.Unavailable:
		return face{http.StatusServiceUnavailable, "transient"}
	case fault.Internal:
	}
	return face{http.StatusInternalServerError, "exception"}
}

// Refusal is a failure that HTTP has a status of its own for: a method, a media
// type, a missing header.
type Refusal struct {
	Status  int
	Code    string // of OperationOutcome.issue.code
	Message string // fit to show a person
}

func (e *Refusal) Error() string { return e.Message }

// FaultKind makes a Refusal a classified fault: the request breaks a rule.
func (e *Refusal) FaultKind() fault.Kind { return fault.Invalid }

// FaultMessage returns the message.
func (e *Refusal) FaultMessage() string { return e.Message }

// Status returns the HTTP status that an error is answered with.
func Status(err error) int {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return refusal.Status
	}
	var invalid *fhir.Invalid
	if errors.As(err, &invalid) && fault.KindOf(err) == fault.TooLarge && !slices.ContainsFunc(invalid.Issues, tooLong) {
		return http.StatusBadRequest // it asks for too much; the request itself is not too large
	}
	return faceOf(fault.KindOf(err)).status
}

func tooLong(i fhir.Issue) bool { return i.Code == "too-long" }

// Issues returns what may be said outside about an error: every issue of an
// *fhir.Invalid, otherwise the message, and for a failure of ours only the
// reference under which the operator finds it.
func Issues(err error, reference string) []fhir.Issue {
	kind := fault.KindOf(err)
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return []fhir.Issue{{Severity: fhir.Error, Code: refusal.Code, Say: refusal.Message}}
	}
	var invalid *fhir.Invalid
	if errors.As(err, &invalid) && kind == invalid.FaultKind() && len(invalid.Issues) > 0 {
		return invalid.Issues
	}
	say := fault.MessageOf(err)
	if kind == fault.Internal || say == "" {
		say = "Something went wrong on our side. Please report it with the reference " + reference + "."
	}
	return []fhir.Issue{{Severity: fhir.Error, Code: faceOf(kind).code, Say: say}}
}

// Fail answers a request with an error: its status and an OperationOutcome, or
// whatever the handler shows in its place. The error is noted for the log.
func Fail(w http.ResponseWriter, r *http.Request, err error) {
	e := Of(r)
	e.Err = err
	h := w.Header()
	status := Status(err)
	if show := e.Show; show != nil {
		e.Show = nil
		show(w, r, err)
		return
	}
	switch status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="joinery"`)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		h.Set("Retry-After", "5")
	}
	Write(w, status, fhir.Outcome(Issues(err, e.ID)))
}

// Write answers with a status and FHIR JSON.
func Write(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h["Content-Type"] = fhirType
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	_, _ = w.Write(body) // who asked is gone: nobody to tell
}

// answer is the ResponseWriter that handlers get: it knows the status, and cuts
// off who takes the answer too slowly.
type answer struct {
	http.ResponseWriter
	clock  func() time.Time
	method string
	status int
}

// Unwrap lets http.ResponseController through to the connection.
func (w *answer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *answer) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// piece is how much is written under one deadline.
const piece = 128 << 10

func (w *answer) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if w.method == http.MethodHead {
		return len(p), nil
	}
	control := http.NewResponseController(w.ResponseWriter)
	sent := 0
	for {
		part := p[sent:min(len(p), sent+piece)]
		// An error means that there is no connection to bound, as in a test.
		_ = control.SetWriteDeadline(w.clock().Add(grace))
		n, err := w.ResponseWriter.Write(part)
		sent += n
		if err != nil {
			return sent, fmt.Errorf("send the answer: %w", err)
		}
		if sent >= len(p) {
			return sent, nil
		}
	}
}

// panicked answers a request whose handler panicked, when nothing was sent yet,
// and tells the operator where. What was panicked with may hold anything, so
// only the runtime's own words are logged.
func (s *Server) panicked(w *answer, r *http.Request, e *Event, p any) {
	err := fmt.Errorf("panic with a %T", p)
	if own, ok := p.(runtime.Error); ok {
		err = fmt.Errorf("panic: %w", own)
	}
	s.Log.LogAttrs(r.Context(), slog.LevelError, "panic",
		slog.String("request", e.ID), slog.Any("error", err), slog.String("stack", string(debug.Stack())))
	if w.status != 0 {
		e.Err = err
		w.Header()["Connection"] = closingDown
		return
	}
	clear(w.Header())
	harden(w.Header(), e.ID)
	Fail(w, r, err)
}

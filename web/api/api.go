// Package api is the record's FHIR R4 REST interface.
//
// One table of routes (routes.go) says which interaction is at which method
// and path. The handlers, the CapabilityStatement and the REST section of
// docs/conformance.md all come from it, so they cannot disagree.
//
// A handler works on a call: who asks, for what, in which form. It answers with
// a reply or an error, and never writes to the connection. The entries of a
// batch are calls too, made through the same routes, so that nothing is decided
// differently in a batch than alone.
//
// What is hidden and what is absent look the same: one answer for both, from
// one function (missing). What a client may do is for the record to say; this
// package only tells it who asks.
package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"joinery/fault"
	"joinery/record"
	"joinery/web"
)

// Limits on what is taken at once.
const (
	maxBody  = 50 << 20
	maxForm  = 256 << 10 // a search sent by POST
	maxPairs = 300
)

// Options say what an API works with.
type Options struct {
	// Base is the absolute URL that clients reach /fhir by, without a slash at
	// the end. Links and locations start with it; what a request says of its
	// host is not believed.
	Base string
	// Clock says the time of day: what "now" is to a search.
	Clock func() time.Time
	// Version is the program's, for the CapabilityStatement.
	Version string
	// Guarded are the resource types that are changed only by who says, with
	// If-Match, which version they looked at.
	Guarded []string
}

// API serves the record under /fhir. It is safe for concurrent use.
type API struct {
	rec        *record.Record
	server     *web.Server
	base       string
	prefix     string // the path of base
	clock      func() time.Time
	guarded    map[string]bool
	mux        *http.ServeMux
	capability []byte
}

// New registers the API of a record with a server.
func New(server *web.Server, rec *record.Record, o Options) (*API, error) {
	base, err := url.Parse(o.Base)
	if err != nil || !base.IsAbs() || base.Host == "" || base.RawQuery != "" || base.Fragment != "" || strings.HasSuffix(o.Base, "/") {
		return nil, fault.Wrap(fault.Invalid, "The base address must be an absolute http or https URL without a query or a slash at its end, such as https://joinery.example/fhir.", err)
	}
	a := &API{rec: rec, server: server, base: o.Base, prefix: base.Path, clock: o.Clock, guarded: map[string]bool{}, mux: http.NewServeMux()}
	for _, typ := range o.Guarded {
		a.guarded[typ] = true
	}
	routes := table()
	a.capability = capability(o, routes)
	for i := range routes {
		rt := &routes[i]
		h := a.serve(rt)
		a.mux.HandleFunc(rt.pattern(), h)
		if rt.path == "" {
			a.mux.HandleFunc(rt.method+" /fhir/{$}", h)
		}
	}
	a.mux.HandleFunc("/fhir", a.other)
	a.mux.HandleFunc("/fhir/", a.other)
	server.Handle("/fhir", a)
	server.Handle("/fhir/", a)
	return a, nil
}

// ServeHTTP serves one request under /fhir.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mux.ServeHTTP(w, r)
}

// other answers what no route matches: OPTIONS, a method that the path does not
// have, and a path that is not there.
func (a *API) other(w http.ResponseWriter, r *http.Request) {
	allowed := a.allowed(r)
	if len(allowed) == 0 {
		a.finish(w, r, nil, nil, fault.New(fault.NotFound, "There is nothing at this address."))
		return
	}
	w.Header().Set("Allow", strings.Join(append(allowed, http.MethodOptions), ", "))
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	a.finish(w, r, nil, nil, &web.Refusal{
		Status: http.StatusMethodNotAllowed, Code: "not-supported",
		Message: "This address does not take that method. The Allow header lists those it takes.",
	})
}

func (a *API) allowed(r *http.Request) []string {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		_, pattern := a.mux.Handler(&http.Request{Method: method, URL: r.URL, Host: r.Host})
		if pattern != "" && pattern != "/fhir" && pattern != "/fhir/" {
			allowed = append(allowed, method)
		}
	}
	return allowed
}

// serve returns the handler of a route: it makes the call, and answers.
func (a *API) serve(rt *route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), rt.patience)
		defer cancel()
		c := &call{api: a, ctx: ctx, r: r, w: w}
		c.within, _ = r.Context().Value(withinKey{}).(*within)
		rep, err := c.do(rt)
		if err != nil && fault.KindOf(err) == fault.Internal {
			err = gaveUp(ctx, r, err)
		}
		a.finish(w, r, c, rep, err)
	}
}

// gaveUp tells a request that took too long, or whose client left, from a
// failure of ours.
func gaveUp(ctx context.Context, r *http.Request, err error) error {
	switch {
	case r.Context().Err() != nil:
		return fault.Wrap(fault.Unavailable, "The request was given up.", err)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fault.Wrap(fault.Unavailable, "This took too long and was stopped. Ask for less: fewer results, fewer chained parameters, or a narrower search.", err)
	}
	return err
}

// finish hands a call's outcome to who asked: the client, or the batch that the
// call is an entry of.
func (a *API) finish(w http.ResponseWriter, r *http.Request, c *call, rep *reply, err error) {
	if entry, ok := w.(*entryWriter); ok {
		entry.call, entry.reply, entry.err = c, rep, err
		return
	}
	if err == nil {
		err = c.send(rep)
	}
	if err != nil {
		web.Fail(w, r, hide(err))
	}
}

// missing is the one answer for what is not there and for what the caller may
// not know of.
const missing = "There is no such resource, or not for you."

// hide makes every NotFound alike.
func hide(err error) error {
	var absent *unknownAddress
	if fault.KindOf(err) != fault.NotFound || errors.As(err, &absent) {
		return err
	}
	return fault.Wrap(fault.NotFound, missing, err)
}

// unknownAddress is a NotFound that tells nothing of the record: the address
// itself is not one of FHIR's.
type unknownAddress struct{ say string }

func (e *unknownAddress) Error() string         { return e.say }
func (e *unknownAddress) FaultKind() fault.Kind { return fault.NotFound }
func (e *unknownAddress) FaultMessage() string  { return e.say }

// do authenticates, reads what every route understands and runs the handler.
func (c *call) do(rt *route) (*reply, error) {
	if err := c.read(); err != nil {
		return nil, err
	}
	if !rt.open {
		if err := c.identify(); err != nil {
			return nil, err
		}
	}
	if err := c.negotiate(); err != nil {
		return nil, err
	}
	if err := c.locate(); err != nil {
		return nil, err
	}
	if changes(rt) && readOnly(c.typ) {
		return nil, fixed(c.w)
	}
	if changes(rt) || rt.interaction == "transaction" {
		if err := c.counts(rt); err != nil {
			return nil, err
		}
	}
	return rt.do(c)
}

// fixed refuses to change what only the record writes.
func fixed(w http.ResponseWriter) error {
	w.Header().Set("Allow", "GET, HEAD, OPTIONS")
	return &web.Refusal{
		Status: http.StatusMethodNotAllowed, Code: "not-supported",
		Message: "AuditEvents are written by the record alone and never change.",
	}
}

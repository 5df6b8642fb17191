package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
	"joinery/record/search"
	"joinery/source/bundle"
	"joinery/web"
)

// Limits on a bundle.
const (
	maxEntries  = 5000
	maxSearches = 20       // in a transaction, whose answer cannot be cut short
	maxOutcomes = 64 << 20 // bytes of a batch's answer; what would be read after that is refused
)

// bundle answers POST of the base: a transaction or a batch.
func (c *call) bundle() (*reply, error) {
	if c.within != nil {
		return nil, fault.New(fault.Unsupported, "A bundle inside a bundle is not processed. Send it by itself.")
	}
	if err := c.only(); err != nil {
		return nil, err
	}
	body, err := c.bytes()
	if err != nil {
		return nil, err
	}
	b, err := bundle.Open(body, maxEntries)
	if err != nil {
		return nil, err
	}
	requests, err := b.Requests(c.api.base)
	if err != nil {
		return nil, err
	}
	web.Of(c.r).Count = len(requests)
	if b.Type == bundle.Batch {
		return c.batch(requests)
	}
	return c.transaction(requests)
}

// Ops turns the requests of a transaction into what the record carries out, in
// the same order. Searches are strict.
//
// The error is an *fhir.Invalid with all that is wrong, each at its entry.
func Ops(requests []bundle.Request, o search.Options) ([]record.Op, error) {
	o.Strict = true
	var bad fhir.Invalid
	ops := make([]record.Op, len(requests))
	for i := range requests {
		op, err := opOf(&requests[i], o)
		if err != nil {
			bad.Issues = append(bad.Issues, bundle.Under(bundle.Where(requests[i].Index), err)...)
		}
		ops[i] = op
	}
	if len(bad.Issues) > 0 {
		return nil, &bad
	}
	return ops, nil
}

func opOf(q *bundle.Request, o search.Options) (record.Op, error) {
	op := record.Op{Type: q.Type, ID: q.ID, FullURL: q.FullURL, IfMatch: q.IfMatch, Body: q.Resource}
	if q.Rest != "" {
		return op, issue("not-supported", "", "A transaction takes create, update, patch, delete, read and search. Send this by itself or in a batch.")
	}
	if q.IfNoneMatch != "" || q.IfModified != "" {
		return op, issue("not-supported", "", "In a transaction, a read has no conditions. Send this by itself or in a batch.")
	}
	where, condition := q.Query, &op.Where
	if readOnly(q.Type) && q.Method != http.MethodGet && q.Method != http.MethodHead {
		return op, issue("not-supported", "", "AuditEvents are written by the record alone and never change.")
	}
	var err error
	switch q.Method {
	case http.MethodPost:
		op.Kind, where, condition = record.Create, strings.TrimPrefix(q.IfNoneExist, "?"), &op.IfNoneExist
	case http.MethodPut:
		op.Kind = record.Update
	case http.MethodDelete:
		op.Kind = record.Delete
	case http.MethodPatch:
		op.Kind, op.Body = record.Patch, nil
		op.Patch, err = patchOf(q.Resource)
	case http.MethodGet, http.MethodHead:
		op.Kind = record.Read
		if q.ID == "" {
			op.Kind = record.Search
		} else if where != "" {
			err = issue("not-supported", "", "In a transaction, a read has no parameters. Send this by itself or in a batch.")
		}
	}
	if err != nil || where == "" && op.Kind != record.Search {
		return op, err
	}
	params, err := pairs(where, nil)
	if err != nil {
		return op, err
	}
	q1, err := search.Parse(q.Type, params, o)
	if err != nil {
		return op, err
	}
	if len(q1.Where) == 0 && op.Kind != record.Search {
		return op, issue("required", "", "A conditional interaction needs a search, as in identifier=https://example.org|123.")
	}
	*condition = q1
	return op, nil
}

// transaction carries out all requests or none.
func (c *call) transaction(requests []bundle.Request) (*reply, error) {
	ops, err := Ops(requests, c.searching())
	if err != nil {
		return nil, err
	}
	searches := 0
	for i, op := range ops {
		switch op.Kind {
		case record.Update, record.Patch, record.Delete:
			if err := c.api.guard(op); err != nil {
				return nil, fmt.Errorf("%s: %w", bundle.Where(requests[i].Index), err)
			}
		case record.Search:
			searches++
		case record.Create, record.Read:
		}
	}
	if searches > maxSearches {
		return nil, fault.New(fault.TooLarge, fmt.Sprintf("A transaction has at most %d searches. Send them in a batch.", maxSearches))
	}
	results, err := c.view.Transact(c.ctx, ops)
	if err != nil {
		return nil, entryOf(err, requests)
	}
	outcomes := make([][]byte, len(requests))
	for i, result := range results {
		o := outcome{call: c}
		switch ops[i].Kind {
		case record.Read:
			v := result.Version
			o.reply = &reply{status: http.StatusOK, version: &v, bare: requests[i].Method == http.MethodHead}
		case record.Search:
			// Each search has its own shape and its own address.
			of := *c
			o.call, o.reply = &of, of.paged("searchset", *result.Page)
		case record.Create, record.Update, record.Patch, record.Delete:
			o.reply = changed(ops[i], result)
		}
		if outcomes[requests[i].Index], err = c.outcome(o); err != nil {
			return nil, err
		}
	}
	return response("transaction-response", outcomes), nil
}

// entryOf says at which entry of the bundle a transaction failed: the record
// counts the operations in the order they were carried out.
func entryOf(err error, requests []bundle.Request) error {
	var at *record.OpError
	if !errors.As(err, &at) || at.Index < 0 || at.Index >= len(requests) {
		return err
	}
	where := bundle.Where(requests[at.Index].Index)
	var invalid *fhir.Invalid
	switch {
	case fault.KindOf(err) == fault.Internal:
		return err
	case errors.As(err, &invalid):
		return &fhir.Invalid{Issues: bundle.Under(where+".resource", invalid)}
	case fault.KindOf(err) == fault.NotFound:
		return fault.Wrap(fault.NotFound, missing, err)
	}
	return fault.Wrap(fault.KindOf(err), where+": "+fault.MessageOf(err), err)
}

// outcome is what became of one entry.
type outcome struct {
	call  *call
	reply *reply
	err   error
}

// entryWriter is what the call of a batch's entry is answered to. Headers that
// handlers set are of no use in a bundle.
type entryWriter struct {
	header http.Header
	outcome
}

func (w *entryWriter) Header() http.Header         { return w.header }
func (w *entryWriter) Write(p []byte) (int, error) { return len(p), nil }
func (w *entryWriter) WriteHeader(int)             {}

// batch carries out each request by itself, as if it had come alone.
func (c *call) batch(requests []bundle.Request) (*reply, error) {
	outcomes, size := make([][]byte, len(requests)), 0
	for _, q := range requests {
		if err := c.ctx.Err(); err != nil {
			return nil, err
		}
		o := outcome{call: c, err: errMuch}
		if size < maxOutcomes || q.Method != http.MethodGet {
			o = c.one(q)
		}
		var err error
		if outcomes[q.Index], err = c.outcome(o); err != nil {
			return nil, err
		}
		size += len(outcomes[q.Index])
	}
	web.Of(c.r).Count = len(requests)
	return response("batch-response", outcomes), nil
}

var errMuch = fault.New(fault.TooLarge, fmt.Sprintf("The answer to the batch is over %d MB already. Ask for this by itself.", maxOutcomes>>20))

// one makes the call of a batch's entry, through the routes.
func (c *call) one(q bundle.Request) outcome {
	path := "/fhir"
	for _, part := range []string{q.Type, string(q.ID), q.Rest} {
		if part != "" {
			path += "/" + part
		}
	}
	r := &http.Request{
		Method: q.Method, URL: &url.URL{Path: path, RawQuery: q.Query}, Host: c.r.Host, Header: http.Header{},
		Proto: c.r.Proto, ProtoMajor: c.r.ProtoMajor, ProtoMinor: c.r.ProtoMinor, Body: http.NoBody,
	}
	for name, value := range map[string]string{"If-Match": q.IfMatch, "If-None-Match": q.IfNoneMatch, "If-Modified-Since": q.IfModified, "If-None-Exist": q.IfNoneExist} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	r.Header["Prefer"] = c.r.Header["Prefer"]
	w := &entryWriter{header: http.Header{}}
	c.api.ServeHTTP(w, r.WithContext(context.WithValue(c.ctx, withinKey{}, &within{c.view, q})))
	if w.reply == nil && w.err == nil {
		w.err = &web.Refusal{Status: http.StatusMethodNotAllowed, Code: "not-supported", Message: "This is not something that an entry of a batch can ask for."}
	}
	if w.call == nil {
		w.call = c
	}
	return w.outcome
}

// response is the reply to a bundle: for each entry what became of it.
func response(kind string, outcomes [][]byte) *reply {
	size := 64
	for _, o := range outcomes {
		size += len(o) + 1
	}
	body := append(make([]byte, 0, size), `{"resourceType":"Bundle","type":"`...)
	body = append(append(body, kind...), '"')
	for i, o := range outcomes {
		body = append(opening(body, i), o...)
	}
	if len(outcomes) > 0 {
		body = append(body, ']')
	}
	return &reply{status: http.StatusOK, body: append(body, '}')}
}

// outcome writes the entry that says what became of one.
func (c *call) outcome(o outcome) ([]byte, error) {
	dst := make([]byte, 0, 256)
	if o.err != nil {
		e := web.Of(c.r)
		if fault.KindOf(o.err) == fault.Internal {
			e.Err = o.err
		}
		err := hide(o.err)
		dst = append(dst, `{"response":{"status":`...)
		dst = appendStatus(dst, web.Status(err))
		dst = append(dst, `,"outcome":`...)
		dst = append(dst, fhir.Outcome(web.Issues(err, e.ID))...)
		return append(dst, "}}"...), nil
	}
	rep, of := o.reply, *o.call
	dst = append(dst, '{')
	if of.returns == "" && rep.made {
		of.returns = "minimal" // what was sent need not come back, unless it is asked for
	}
	before := len(dst)
	dst = append(dst, `"resource":`...)
	start := len(dst)
	var err error
	if o.call.r.Method != http.MethodHead {
		dst, err = of.appendBody(dst, rep)
	}
	switch {
	case err != nil:
		return nil, err
	case len(dst) == start:
		dst = dst[:before]
	default:
		dst = append(dst, ',')
	}
	dst = append(dst, `"response":{"status":`...)
	dst = appendStatus(dst, rep.status)
	if v := rep.version; v != nil {
		if rep.made {
			dst = append(dst, `,"location":`...)
			dst = fhir.AppendQuoted(dst, versioned(v))
		}
		dst = append(dst, `,"etag":`...)
		dst = fhir.AppendQuoted(dst, v.ETag())
		dst = append(dst, `,"lastModified":"`...)
		dst = v.At.UTC().AppendFormat(dst, instantForm)
		dst = append(dst, '"')
	}
	return append(dst, "}}"...), nil
}

func appendStatus(dst []byte, status int) []byte {
	return fhir.AppendQuoted(dst, fmt.Sprintf("%d %s", status, http.StatusText(status)))
}

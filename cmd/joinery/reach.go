package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/user"
	"strings"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
	"joinery/record/access"
	"joinery/web"
)

// Headers in which a command says to a desk who runs it and why. They are
// believed because only this user can reach a desk.
const (
	operatorHeader = "X-Joinery-Operator"
	purposeHeader  = "X-Joinery-Purpose"
	commandHeader  = "X-Joinery-Command"
)

// reached is a desk as a command sees it: in this process, or behind the local
// socket of the process that owns the database.
type reached struct {
	http     http.Client
	operator string
	purpose  access.Purpose
	command  string
	close    func()
}

// reach finds the desk of the database. purpose is the command's own when the
// operator states none; empty means that they must.
func (a *app) reach(ctx context.Context, command string, purpose access.Purpose) (*reached, error) {
	if err := checkSetting("purpose", a.flags.Purpose); err != nil {
		return nil, misuse{err}
	}
	if a.flags.Purpose != "" {
		purpose = access.Purpose(strings.ToUpper(a.flags.Purpose))
	}
	if purpose == "" {
		return nil, misuse{fault.New(fault.Invalid, "Say why with --purpose: this discloses people's data, and the audit must say for what. HRESCH, HOPERAT and PATRQT are some.")}
	}
	path, sqlite := sqlitePath(a.flags.DB)
	if sqlite {
		if dial := socketDialer(path); dial != nil {
			r := &reached{operator: a.operator(), purpose: purpose, command: command, close: func() {}}
			r.http.Transport = &http.Transport{DialContext: dial, DisableCompression: true}
			return r, r.sameVersion(ctx)
		}
	}
	rec, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	ask, forget := a.once(rec, slog.New(web.NewLogHandler(a.err, slog.LevelWarn)))
	r := a.through(rec, command, purpose, ask)
	r.close = func() {
		if err := forget(context.WithoutCancel(ctx)); err != nil {
			fmt.Fprintf(a.err, "joinery: the timelines were not kept for the next time: %v\n", err)
		}
		if err := rec.Close(); err != nil {
			fmt.Fprintf(a.err, "joinery: the database did not close cleanly: %v\n", err)
		}
	}
	return r, nil
}

// through returns the desk of a record that this process has open.
func (a *app) through(rec *record.Record, command string, purpose access.Purpose, ask answering) *reached {
	return &reached{
		http:     http.Client{Transport: inProcess{newDesk(rec, a.clock, ask, &told{path: a.toldPath()})}},
		operator: a.operator(), purpose: purpose, command: command, close: func() {},
	}
}

// sameVersion refuses to work through another version's desk: what they say to
// each other is nobody's contract.
func (r *reached) sameVersion(ctx context.Context) error {
	var about struct {
		Version string `json:"version"`
	}
	if err := r.do(ctx, http.MethodGet, "/about", nil, nil, &about); err != nil {
		return err
	}
	if about.Version != version {
		return fault.New(fault.Conflict, fmt.Sprintf("The joinery that owns the database is %s and this one is %s: restart that one, or use its version.", about.Version, version))
	}
	return nil
}

// operator returns who runs the command.
func (a *app) operator() string {
	if a.flags.Operator != "" {
		return a.flags.Operator
	}
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return fmt.Sprintf("user %d", os.Getuid())
}

// sqlitePath returns the file of a database that is in one.
func sqlitePath(db string) (string, bool) { return strings.CutPrefix(db, "sqlite:") }

// socketPath returns where the process that owns a SQLite file is reached.
func socketPath(file string) string { return file + ".sock" }

// socketDialer returns how to reach the owner of a SQLite file, and nil when
// nobody listens.
func socketDialer(file string) func(context.Context, string, string) (net.Conn, error) {
	conn, err := net.Dial("unix", socketPath(file))
	if err != nil {
		return nil
	}
	conn.Close()
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socketPath(file))
	}
}

// inProcess carries requests to a handler of this process.
type inProcess struct{ handler http.Handler }

// RoundTrip is part of http.RoundTripper.
func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	pr, pw := io.Pipe()
	w := &pipeWriter{PipeWriter: pw, header: http.Header{}, ready: make(chan struct{}), status: http.StatusOK}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	go func() {
		defer pw.Close()
		defer w.start()
		p.handler.ServeHTTP(w, r)
	}()
	<-w.ready
	return &http.Response{StatusCode: w.status, Header: w.header, Body: pr, Request: r, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}, nil
}

type pipeWriter struct {
	*io.PipeWriter
	header  http.Header
	status  int
	started bool
	ready   chan struct{}
}

func (w *pipeWriter) Header() http.Header { return w.header }

func (w *pipeWriter) WriteHeader(status int) {
	if !w.started {
		w.status = status
		w.start()
	}
}

func (w *pipeWriter) start() {
	if !w.started {
		w.started = true
		close(w.ready)
	}
}

func (w *pipeWriter) Write(p []byte) (int, error) {
	w.start()
	return w.PipeWriter.Write(p)
}

// ask sends a request to the desk. The caller closes the body of the answer.
func (r *reached) ask(ctx context.Context, method, path string, query url.Values, body []byte) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://desk"+path+"?"+query.Encode(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ask the desk: %w", err)
	}
	req.Header.Set(operatorHeader, r.operator)
	req.Header.Set(purposeHeader, string(r.purpose))
	req.Header.Set(commandHeader, r.command)
	resp, err := r.http.Do(req)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, "The joinery that owns the database stopped answering. Run this again when it is back.", err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	return nil, readFailure(resp.Body)
}

// do asks the desk and reads its answer into out.
func (r *reached) do(ctx context.Context, method, path string, query url.Values, body []byte, out any) error {
	answer, err := r.ask(ctx, method, path, query, body)
	if err != nil {
		return err
	}
	defer answer.Close()
	if err := json.NewDecoder(answer).Decode(out); err != nil {
		return fault.Wrap(fault.Unavailable, "The joinery that owns the database stopped in the middle of its answer.", err)
	}
	return nil
}

// failure is how a desk tells of an error.
type failure struct {
	Kind    fault.Kind   `json:"kind"`
	Message string       `json:"message"`
	Cause   string       `json:"cause,omitempty"` // for the operator, who has the machine anyway
	Issues  []fhir.Issue `json:"issues,omitempty"`
}

func writeFailure(w http.ResponseWriter, err error) {
	f := failure{Kind: fault.KindOf(err), Message: fault.MessageOf(err), Cause: err.Error()}
	var invalid *fhir.Invalid
	if errors.As(err, &invalid) {
		f.Issues = invalid.Issues
	}
	w.WriteHeader(http.StatusInternalServerError)
	_ = json.NewEncoder(w).Encode(f) // whoever asked is gone: nobody to tell
}

func readFailure(from io.Reader) error {
	var f failure
	if err := json.NewDecoder(from).Decode(&f); err != nil {
		return fault.Wrap(fault.Unavailable, "The joinery that owns the database gave an answer that makes no sense: are both of one version?", err)
	}
	if len(f.Issues) > 0 {
		return &fhir.Invalid{Issues: f.Issues}
	}
	if f.Message == "" {
		return errors.New(f.Cause)
	}
	return fault.Wrap(f.Kind, f.Message, errors.New(f.Cause))
}

// printJSON prints a value for scripts.
func (a *app) printJSON(v any) error {
	out := json.NewEncoder(a.out)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(v) //nolint:wrapcheck // nothing to add
}

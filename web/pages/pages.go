// Package pages is what people see of Joinery in a browser: pages made here, on
// the server, that work on an old phone, by keyboard, by a screen reader, on
// paper, and without JavaScript.
//
// One table of routes (routes.go) says which page is where and who may ask for
// it; navigation, refusals and the tests of every role at every address come from
// it. A handler works on a call: who asks, what the record shows them, what they
// filled in. It answers with a page, which is a template and a typed view, or with
// an error, and never writes to the connection.
//
// # Invariants
//
// Everything a page says of anyone comes from record.As of the subject who is
// signed in, and every change goes through care/workflow: no page has another way
// to either. What is hidden and what is absent are one page. Titles and addresses
// hold resource ids at most, never a name, a number or a birthday: a title is a
// text of the message files and takes no values. A form names the person and the
// version that it was made from, and what has changed since is a page of its own
// (409), so that nobody acts on another person than they see. Fields that a form
// does not have are refused. GET changes nothing.
//
// Nothing comes from other sites, and the content security policy lets nothing of
// them in. No page needs a script.
//
// # Trade-offs
//
// html/template finds a wrong field name only when it runs, so a test renders
// every page, filled and empty. The components are those of nhsuk-frontend, held
// to its own fixtures, in a theme of our own: its logo, letters, typeface and blue
// belong to organisations that have the right to them, which can bring them as a
// theme (site.go).
package pages

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"joinery/care/model"
	"joinery/care/model/plan"
	"joinery/criteria"
	"joinery/fault"
	"joinery/record"
	"joinery/record/access"
	"joinery/web"
)

// Visitor is somebody who is signed in.
type Visitor struct {
	Subject access.Subject
	Grant   record.Grant // whom they act for: the ids that a subject does not give away
}

// Options say what the pages work with. Clock is needed.
type Options struct {
	Clock func() time.Time
	// Who returns who is signed in. The fault is Unidentified when nobody is. Nil:
	// who has a session of the record, from the page at /sign-in (signin.go).
	Who func(*http.Request) (Visitor, error)
	// SignIn is where people sign in; empty: at /sign-in.
	SignIn string
	// Secure keeps cookies to encrypted connections. Only a browser on the same
	// machine does without.
	Secure bool
	// Provider is another way to sign in; nil: there is none.
	Provider *Provider
	// Plan plans models of care for the people of the record, as joinery model plan
	// does, for whoever is signed in as an operator there. Nil: pages plan nothing.
	Plan func(context.Context, *record.View, plan.Question) (*plan.Plan, error)
	// Measure works out a measure of the criteria language of everybody, as it may be
	// told, for whoever is signed in as an operator there. Nil: such measures are not
	// shown.
	Measure func(ctx context.Context, v *record.View, of *model.Model, definition string) (*criteria.Report, error)
	// Site is whose pages these are; nil: nobody's yet.
	Site *Site
}

// Pages serves the pages. It is safe for concurrent use.
type Pages struct {
	Options
	rec      *record.Record
	server   *web.Server
	assets   *assets
	screens  *screens
	words    map[string]*glossary // by language
	tallies  tallies
	crossing *http.CrossOriginProtection
}

// New registers the pages of a record with a server.
func New(server *web.Server, rec *record.Record, o Options) (*Pages, error) {
	if o.Site == nil {
		o.Site = &Site{}
	}
	if err := o.Site.check(); err != nil {
		return nil, err
	}
	p := &Pages{Options: o, rec: rec, server: server, crossing: http.NewCrossOriginProtection()}
	if p.SignIn == "" {
		p.SignIn = signInPath
	}
	var err error
	if p.assets, err = collect(o.Site); err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	if p.words, err = readGlossaries(); err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	if p.screens, err = readScreens(p.assets); err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	for _, rt := range table() {
		server.Handle(rt.pattern(), p.serve(rt))
	}
	server.Handle("GET "+p.assets.root+"{file}", p.assets)
	server.Otherwise(p.serve(&route{who: anyone, title: "error.absent", do: nowhere}))
	return p, nil
}

// nowhere answers an address that no page has.
func nowhere(*call) (*page, error) {
	return nil, fault.New(fault.NotFound, "There is nothing at this address.")
}

// patience is how long a page may take.
const patience = 10 * time.Second

// serve returns the handler of a route.
func (p *Pages) serve(rt *route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		c := &call{pages: p, route: rt, ctx: ctx, r: r, w: w, tongue: p.screens.spoken(r)}
		p.harden(w.Header())
		web.Of(r).Show = c.fail
		if err := c.answer(); err != nil {
			web.Fail(w, r, err)
		}
	})
}

func (p *Pages) harden(h http.Header) {
	h["Content-Security-Policy"] = policy
	h["Vary"] = varies
}

// policy lets a page have what is served here beside it, and nothing else: no
// script or style within it, no other site, no frame around it.
var (
	policy = []string{"default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; script-src 'self'; connect-src 'self'; " +
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"}
	varies = []string{"Cookie, Accept-Language"}
)

// answer makes the page of a call and sends it.
func (c *call) answer() error {
	if err := c.pages.crossing.Check(c.r); err != nil {
		return fault.Wrap(fault.Denied, "This form was sent from another site, so nothing was done. Go to the page here and send it again.", err)
	}
	if err := c.identify(); err != nil {
		return err
	}
	switch {
	case c.who == nil && !c.route.open() && c.r.Method == http.MethodGet:
		return c.send(&page{to: c.toSignIn()})
	case c.who == nil && !c.route.open():
		return fault.New(fault.Unidentified, "Sign in to see this page.")
	case c.mustChange() && !c.route.open():
		return c.send(&page{to: passwordPath})
	case !c.route.may(c.role()):
		return fault.New(fault.Denied, "This page is for others: your sign-in does not open it.")
	}
	if err := c.read(); err != nil {
		return err
	}
	made, err := c.route.do(c)
	if err != nil {
		return fmt.Errorf("%s: %w", c.route.path, err)
	}
	return c.send(made)
}

// identify finds out who asks. Who is not signed in sees what anyone may.
func (c *call) identify() error {
	e := web.Of(c.r)
	err := c.signedIn()
	if err != nil && fault.KindOf(err) != fault.Unidentified {
		return err
	}
	if c.who != nil {
		e.Client = web.Mark(c.who.Subject.Who().Client) // the log does not say by what name somebody signs in
		if c.session != nil {
			e.Client = c.session.ID
		}
		if !c.mustChange() {
			c.view = c.pages.rec.As(c.as())
			return nil
		}
	}
	anyone, err := access.NewPublic(access.Who{Client: "pages", Request: e.ID, Source: e.Source})
	if err != nil {
		return fmt.Errorf("the public: %w", err)
	}
	c.view = c.pages.rec.As(anyone)
	return nil
}

// failure is what the page of an error says.
type failure struct {
	Key       string // of its texts: "absent", "denied" …
	Says      string // in the words of what refused it; empty: the key's own text
	English   string // the same, where it cannot be said in the page's language
	Reference string // of the request, to be told when it is reported
	Back      string // where to go on
}

// failures are the pages of errors, by status.
var failures = map[int]string{
	http.StatusUnauthorized:        "unknown",
	http.StatusForbidden:           "denied",
	http.StatusNotFound:            "absent",
	http.StatusGone:                "absent",
	http.StatusConflict:            "conflict",
	http.StatusPreconditionFailed:  "conflict",
	http.StatusServiceUnavailable:  "later",
	http.StatusTooManyRequests:     "later",
	http.StatusInternalServerError: "broken",
}

// fail shows an error as a page. What is hidden and what is absent are one page,
// and so is what was deleted.
func (c *call) fail(w http.ResponseWriter, r *http.Request, err error) {
	status := web.Status(err)
	if status == http.StatusGone {
		status = http.StatusNotFound
	}
	key, ok := failures[status]
	if !ok {
		key = "refused"
	}
	f := failure{Key: key, Back: "/"}
	switch kind := fault.KindOf(err); {
	case status >= http.StatusInternalServerError && kind != fault.Unavailable:
		f.Reference = web.Of(r).ID
		if errors.Is(c.ctx.Err(), context.DeadlineExceeded) {
			f.Key, status = "later", http.StatusServiceUnavailable
		}
	case kind == fault.NotFound || kind == fault.Gone:
	default:
		f.Says, f.English = c.refused("error", fault.MessageOf(err))
	}
	if c.r.Method == http.MethodPost && c.back != "" {
		f.Back = c.back
	}
	c.pages.harden(w.Header())
	page := &page{status: status, name: "error", title: "error." + f.Key + ".title", view: f}
	if again := c.send(page); again != nil { // a template of ours is broken: say it plainly
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = fmt.Fprintln(w, "Something went wrong on our side.", web.Of(r).ID)
	}
}

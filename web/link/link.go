// Package link is the door for a service that has only e-mail: a page, or JSON,
// that shows one referral of one person to whoever has the link, and lets them say
// yes or no.
//
// What a link opens, and for how long, is care/notice's to say; who may see and do
// what, the record's. This package shows it.
//
// # What always holds
//
// To get the address discloses nothing and spends nothing: programs that look
// through e-mail follow every link in it. The page that comes is the same for every
// address; a press of its button opens the referral. A link that is unknown, has run
// out, was used up or revoked is answered the same. Whoever tries many is refused
// for a while, before the record is asked.
//
// The secret stands in the path, which the log does not have; nothing is loaded from
// elsewhere, no address is told on (no-referrer), nothing is kept (no-store).
package link

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"joinery/care/notice"
	"joinery/care/workflow"
	"joinery/care/workflow/clock"
	"joinery/fault"
	"joinery/fhir"
	"joinery/record/access"
	"joinery/web"
)

const (
	maxForm = 16 << 10
	longest = 100 // characters of a secret that anybody was given, and some
)

// face serves links.
type face struct {
	server  *web.Server
	links   *notice.Links
	tries   *tries
	guarded *http.CrossOriginProtection
}

// Register has a server answer links.
func Register(server *web.Server, links *notice.Links, now func() time.Time) {
	f := &face{server: server, links: links, tries: newTries(now), guarded: http.NewCrossOriginProtection()}
	server.Handle("GET /link/{secret}", http.HandlerFunc(f.look))
	server.Handle("POST /link/{secret}", http.HandlerFunc(f.open))
}

// shown is what a page shows.
type shown struct {
	Title   string
	Problem string
	Brief   *notice.Brief
	Reasons []*workflow.Reason
	Said    notice.Decision // what was said and refused, so that it need not be typed again
	Closed  bool            // there is no button to open it
}

// Asked is when the referral was made, as people say it.
func (s *shown) Asked() string { return london(s.Brief.AskedAt) }

// Until is how long the link holds.
func (s *shown) Until() string { return london(s.Brief.Until) }

func london(t time.Time) string { return t.In(clock.London).Format("2 January 2006, 15:04") }

// look answers whoever follows a link: with a button, whatever the link is.
func (f *face) look(w http.ResponseWriter, r *http.Request) {
	if wantsJSON(r) {
		write(w, http.StatusOK, "application/json; charset=utf-8", []byte(`{"next":"POST to this address to open the referral."}`+"\n"))
		return
	}
	f.page(w, r, http.StatusOK, &shown{Title: "A referral for your service"})
}

// open opens a link, and does what its form says.
func (f *face) open(w http.ResponseWriter, r *http.Request) {
	e := web.Of(r)
	e.Client = "link"
	form, err := f.form(w, r)
	if err != nil {
		f.fail(w, r, err)
		return
	}
	secret := r.PathValue("secret")
	if !f.tries.may(e.Source) {
		f.fail(w, r, fault.New(fault.TooMany, "There were too many links that do not work. Try again in some minutes."))
		return
	}
	if len(secret) > longest {
		secret = ""
	}
	opened, err := f.links.Open(r.Context(), secret, access.Who{Request: e.ID, Source: e.Source})
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			f.tries.failed(e.Source)
		}
		f.fail(w, r, err)
		return
	}
	f.decide(w, r, opened, form)
}

// form reads what was sent: nothing, to look; or a decision.
func (f *face) form(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if err := f.guarded.Check(r); err != nil {
		return nil, fault.Wrap(fault.Denied, "This was sent from another site. Open the link from your e-mail.", err)
	}
	body, err := f.server.Body(w, r, maxForm)
	if err != nil {
		return nil, err //nolint:wrapcheck // it is classified
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "What was sent is no form.", err)
	}
	return form, nil
}

// decide makes the decision of a form, if it has one, and shows how the referral
// stands then.
func (f *face) decide(w http.ResponseWriter, r *http.Request, o *notice.Opened, form url.Values) {
	var s shown
	var refused error
	if move := form.Get("do"); move != "" {
		d := notice.Decision{Move: move, Version: form.Get("version"), Reason: form.Get("reason"), Says: strings.TrimSpace(form.Get("says")), Service: fhir.ID(form.Get("service"))}
		refused = f.links.Decide(r.Context(), o, d)
		switch fault.KindOf(refused) {
		case fault.Invalid, fault.Conflict, fault.Denied:
			s.Problem, s.Said = fault.MessageOf(refused), d
		default:
			if refused != nil {
				f.fail(w, r, refused)
				return
			}
		}
		if refused == nil && move == "decline" { // the service does not see the person any more
			f.done(w, r)
			return
		}
	}
	brief, err := f.links.Brief(r.Context(), o)
	if err != nil {
		f.fail(w, r, err)
		return
	}
	status := http.StatusOK
	if refused != nil {
		web.Of(r).Err = refused
		status = web.Status(refused)
	}
	if wantsJSON(r) {
		f.json(w, status, struct {
			Problem string `json:"problem,omitempty"`
			*notice.Brief
		}{s.Problem, brief})
		return
	}
	s.Title, s.Brief, s.Reasons = "A referral for "+brief.Service, brief, notice.Declining()
	f.page(w, r, status, &s)
}

// done says that somebody was declined, and is not the service's any more.
func (f *face) done(w http.ResponseWriter, r *http.Request) {
	const says = "Thank you. Whoever takes them on has been told. This link shows nothing any more."
	if wantsJSON(r) {
		f.json(w, http.StatusOK, map[string]string{"state": "declined", "says": says})
		return
	}
	f.page(w, r, http.StatusOK, &shown{Title: "You said no", Problem: says, Closed: true})
}

func wantsJSON(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Accept"), "application/json")
}

// fail answers with what went wrong, in the form that was asked for.
func (f *face) fail(w http.ResponseWriter, r *http.Request, err error) {
	e := web.Of(r)
	e.Err = err
	status, says := web.Status(err), fault.MessageOf(err)
	if says == "" {
		says = "Something went wrong on our side. Try again later; if you ring, say " + e.ID + "."
	}
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "60")
	}
	if wantsJSON(r) {
		f.json(w, status, map[string]string{"problem": says})
		return
	}
	f.page(w, r, status, &shown{Title: "This cannot be shown", Problem: says, Closed: true})
}

func (f *face) json(w http.ResponseWriter, status int, what any) {
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	_ = out.Encode(what) // strings, numbers and times
	write(w, status, "application/json; charset=utf-8", b.Bytes())
}

//go:embed link.html
var pageText string

//go:embed link.css
var style string

var (
	pageTemplate = template.Must(template.New("link").Funcs(template.FuncMap{"style": func() template.CSS { return template.CSS(style) }}).Parse(pageText))

	// policy lets the page have its own style and send its own forms, and nothing else.
	policy = func() []string {
		sum := sha256.Sum256([]byte(style))
		return []string{"default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"}
	}()
)

func (f *face) page(w http.ResponseWriter, r *http.Request, status int, s *shown) {
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, s); err != nil {
		web.Fail(w, r, err)
		return
	}
	w.Header()["Content-Security-Policy"] = policy
	w.Header().Set("X-Robots-Tag", "noindex, nofollow")
	write(w, status, "text/html; charset=utf-8", b.Bytes())
}

func write(w http.ResponseWriter, status int, typ string, body []byte) {
	w.Header().Set("Content-Type", typ)
	w.WriteHeader(status)
	_, _ = w.Write(body) // who asked is gone: nobody to tell
}

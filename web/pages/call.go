package pages

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"joinery/care/workflow"
	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
	"joinery/record/access"
	"joinery/record/search"
	"joinery/web"
)

// call is one request on its way to a page.
type call struct {
	pages   *Pages
	route   *route
	ctx     context.Context
	r       *http.Request
	w       http.ResponseWriter
	who     *Visitor // nil: nobody is signed in
	view    *record.View
	tongue  *tongue
	asked   url.Values        // of the address
	sent    url.Values        // of the form
	back    string            // where to go on after an error
	session *record.Session   // by which they are signed in; nil where Options.Who says who is
	glass   *record.Emergency // under which the page is seen
}

// page is what a handler answers with.
type page struct {
	status int    // 200 when 0
	name   string // of its template
	title  string // key of its title; empty: that of its route
	view   any
	errors []mistake // what is wrong with the form on it
	to     string    // instead: where to go
	text   string    // instead: a text to be taken away
	media  string    // what kind of text; empty: plain
	bare   bool      // nothing stands around it
	refuse string    // what was refused, in English, where it cannot be said in the page's language
	json   any       // instead: for the script of a page
}

// mistake is what is wrong with one field of a form.
type mistake struct {
	Field string // id of the field
	Says  string
}

const (
	maxForm  = 64 << 10
	formType = "application/x-www-form-urlencoded"
)

// read takes the address's parameters and the form.
func (c *call) read() error {
	var err error
	if c.asked, err = values(c.r.URL.RawQuery); err != nil {
		return err
	}
	if c.r.Method != http.MethodPost {
		return nil
	}
	if typ, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type")); err != nil || typ != formType {
		return &web.Refusal{Status: http.StatusUnsupportedMediaType, Code: "not-supported", Message: "This address takes forms as a browser sends them, and nothing else."}
	}
	body, err := c.pages.server.Body(c.w, c.r, maxForm)
	if err != nil {
		return err //nolint:wrapcheck // it is fit to be shown
	}
	c.sent, err = values(string(body))
	return err
}

// values reads a query or a form; nothing in it may be control characters but
// line ends of a text.
func values(raw string) (url.Values, error) {
	v, err := url.ParseQuery(raw)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "What was sent is not well encoded.", errors.New("a query or form"))
	}
	for name, all := range v {
		for _, s := range all {
			if !utf8.ValidString(name+s) || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' }) {
				return nil, fault.New(fault.Invalid, "What was sent is not plain text.")
			}
		}
	}
	return v, nil
}

// only refuses fields of a form that it does not have: nothing is filled in that
// was not asked for. Each may be there once.
func (c *call) only(names ...string) error {
	for name, all := range c.sent {
		if !slices.Contains(names, name) || len(all) > 1 {
			return fault.New(fault.Invalid, "The form has a field that this page does not ask for. Go back, load the page again and fill it in anew.")
		}
	}
	return nil
}

// onlyWith is only, but for one field that may be there several times.
func (c *call) onlyWith(several string, names ...string) error {
	once := maps.Clone(c.sent)
	delete(once, several)
	return (&call{sent: once}).only(names...)
}

// field returns what was filled in, without white space around it.
func (c *call) field(name string) string { return strings.TrimSpace(c.sent.Get(name)) }

// role is that of whoever asks.
func (c *call) role() access.Role {
	if c.who == nil {
		return access.Nobody
	}
	return c.who.Subject.Role()
}

// practitioner is who is signed in, as a reference.
func (c *call) practitioner() string {
	if c.who == nil || c.who.Grant.Practitioner == "" {
		return ""
	}
	return "Practitioner/" + string(c.who.Grant.Practitioner)
}

func (c *call) now() time.Time { return c.pages.Clock() }

// id returns the id in the address. What cannot be one is not there.
func (c *call) id(name string) (fhir.ID, error) {
	id := fhir.ID(c.r.PathValue(name))
	if !id.Valid() {
		return "", errAbsent
	}
	return id, nil
}

var errAbsent = fault.New(fault.NotFound, "There is nothing here, or not for you.")

// search asks the record, with names and values in turn.
func (c *call) search(typ string, params ...string) (record.Page, error) {
	q, err := search.Parse(typ, pairs(params), search.Options{Strict: true, Now: c.now()})
	if err != nil {
		return record.Page{}, fmt.Errorf("look for a %s: %w", typ, err)
	}
	found, err := c.view.Search(c.ctx, q)
	if err != nil {
		return record.Page{}, fmt.Errorf("look for a %s: %w", typ, err)
	}
	return found, nil
}

func pairs(params []string) []search.Pair {
	out := make([]search.Pair, 0, len(params)/2)
	for i := 0; i+1 < len(params); i += 2 {
		out = append(out, search.Pair{Name: params[i], Value: params[i+1]})
	}
	return out
}

// local returns a path on this site, "/" for anything else.
func local(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return "/"
	}
	return path
}

// organisation is the one that whoever is signed in works for, as a reference.
func (c *call) organisation() string {
	if c.who == nil || c.who.Grant.Organization == "" {
		return ""
	}
	return "Organization/" + string(c.who.Grant.Organization)
}

// key is by what a form is known again that is sent twice: that of the form, or for a
// new one that of the request it was asked for with.
func (c *call) key() string { return cmp.Or(c.field("key"), web.Of(c.r).ID) }

func (c *call) flow() *workflow.Flow { return workflow.Of(c.view, c.pages.Clock) }

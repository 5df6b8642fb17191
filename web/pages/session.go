package pages

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"joinery/record"
)

// A session that ends by itself says so beforehand (WCAG 2.2.1). Where scripts
// run, a dialog covers the page warned before the end, and offers to stay; nobody
// is led away from what they typed (own/session.js). Where none run, a page on
// which nothing can be typed leads to /session, which says the same and has
// nothing of anyone on it; one on which something can says at its top until when,
// and stays. To ask how long is left never makes it longer.

const (
	sessionPath = "/session"
	warned      = 2 * time.Minute // before the end
	jsonType    = "application/json"
)

// remaining is what a page says of how long its session lasts.
type remaining struct {
	Left int    `json:"left"` // whole seconds, 0 when it is over
	Ends string `json:"ends"` // the time of day
	Last bool   `json:"last"` // it ends then whatever is done
	Mark string `json:"mark"` // tells whose it is from whose it is not, and nothing else

	Warned int    `json:"-"` // seconds, as the constant
	Typed  bool   `json:"-"` // something can be typed on the page
	Kept   bool   `json:"-"` // what was typed came back with it
	Back   string `json:"-"` // where to go on afterwards
	Lead   string `json:"-"` // without scripts: in how many seconds to be led where
}

func (c *call) remaining(s *record.Session) *remaining {
	mark := sha256.Sum256([]byte("joinery session\x00" + s.Account))
	return &remaining{
		Left: max(0, int(s.Ends.Sub(c.now())/time.Second)), Ends: clockTime(s.Ends), Last: !s.Ends.Before(s.Until),
		Mark: hex.EncodeToString(mark[:8]), Warned: int(warned / time.Second),
	}
}

// fields are what somebody can type in or choose, as components have it.
var fields = regexp.MustCompile(`<textarea|<select|<input class="nhsuk-`)

// lasts says on a page how long its session does.
func (f *frame) lasts(c *call, main string) {
	if c.session == nil || c.route.path == sessionPath || f.Bare {
		return
	}
	f.Session = c.remaining(c.session)
	f.Session.Typed = fields.MatchString(main)
	f.Session.Kept = f.Session.Typed && c.r.Method == http.MethodPost
	f.Session.Back = f.Here
	if f.Here == c.r.URL.Path && c.r.URL.RawQuery != "" {
		f.Session.Back += "?" + c.r.URL.RawQuery
	}
	f.Session.Lead = fmt.Sprintf("%d; url=%s", max(0, f.Session.Left-f.Session.Warned), sessionAt(f.Session.Back))
}

func sessionAt(back string) string { return sessionPath + "?" + url.Values{"to": {back}}.Encode() }

type sessionView struct {
	*remaining
	Minutes int  // that are left
	Soon    bool // it is time to warn
	To      string
}

// sessionPage answers GET /session: how long the session lasts, as a page that
// goes on by itself to the end, or as JSON for the script of a page.
func (c *call) sessionPage() (*page, error) {
	if c.session == nil {
		return c.sessionOver(c.asked.Get("to"))
	}
	left := c.remaining(c.session)
	if c.wantsJSON() {
		return &page{json: left}, nil
	}
	v := sessionView{remaining: left, Minutes: (left.Left + 30) / 60, Soon: left.Left <= left.Warned, To: local(c.asked.Get("to"))}
	wait, at := left.Left+1, sessionAt(v.To)
	if !v.Soon {
		wait = left.Left - left.Warned
	}
	c.w.Header().Set("Refresh", strconv.Itoa(wait)+"; url="+at)
	p := &page{name: "session", view: v}
	if v.Soon {
		p.title = "session.soon-title"
	}
	return p, nil
}

// staySignedIn answers POST /session, by which a session goes on like by any
// other request.
func (c *call) staySignedIn() (*page, error) {
	if err := c.only("to"); err != nil {
		return nil, err
	}
	switch {
	case c.session == nil:
		return c.sessionOver(c.field("to"))
	case c.wantsJSON():
		return &page{json: c.remaining(c.session)}, nil
	}
	return &page{to: local(c.field("to"))}, nil
}

// sessionOver says that nobody is signed in.
func (c *call) sessionOver(to string) (*page, error) {
	if c.wantsJSON() {
		return &page{json: &remaining{}}, nil
	}
	return &page{to: c.pages.SignIn + "?" + url.Values{"ended": {"yes"}, "to": {local(to)}}.Encode()}, nil
}

func (c *call) wantsJSON() bool { return strings.HasPrefix(c.r.Header.Get("Accept"), jsonType) }

// sendJSON answers the script of a page.
func (c *call) sendJSON(what any) error {
	b, err := json.Marshal(what)
	if err != nil {
		return fmt.Errorf("answer a script: %w", err)
	}
	c.w.Header().Set("Content-Type", jsonType)
	c.w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	_, _ = c.w.Write(b) // who asked is gone: nobody to tell
	return nil
}

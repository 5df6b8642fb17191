package pages

import (
	"net/http"
	"net/url"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
	"joinery/record/access"
	"joinery/web"
)

// People sign in by a name, a password and a one-time code, all on one page: the
// answer never tells which was wrong. What a browser keeps of it are two cookies,
// each a secret that no script can read and no other site's form brings along:
// that of the session, until the browser is closed, and the mark of a device on
// which somebody signed in before (record.SignedIn).

const (
	signInPath   = "/sign-in"
	passwordPath = "/password"
	deviceKept   = 180 * 24 * time.Hour
)

// cookie returns the name of a cookie. With the prefix __Host- no other host can
// set it; that needs an encrypted connection, which only a browser on the same
// machine does without.
func (p *Pages) cookie(name string) string {
	if p.Secure {
		return "__Host-" + name
	}
	return name
}

func (c *call) keepCookie(name, value string, holds time.Duration) {
	http.SetCookie(c.w, &http.Cookie{
		Name: c.pages.cookie(name), Value: value, Path: "/", MaxAge: int(holds / time.Second),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: c.secure(),
	})
}

func (p *Pages) kept(r *http.Request, name string) string {
	cookie, err := r.Cookie(p.cookie(name))
	if err != nil {
		return ""
	}
	return cookie.Value
}

// signedIn finds out who has the session of a request's cookie, or whom
// Options.Who says.
func (c *call) signedIn() error {
	if c.pages.Who != nil {
		who, err := c.pages.Who(c.r)
		if err == nil {
			c.who = &who
		}
		return err
	}
	secret := c.pages.kept(c.r, "session")
	if secret == "" {
		return nil
	}
	of := c.pages.rec.Session
	if c.route.path == sessionPath && c.r.Method != http.MethodPost {
		of = c.pages.rec.PeekSession
	}
	s, err := of(c.ctx, secret, from(c.r))
	if err != nil {
		return err //nolint:wrapcheck // it is fit to be shown
	}
	c.session, c.who = &s, &Visitor{s.Subject, s.Grant}
	return nil
}

// from says what is known of a request, for the audit.
func from(r *http.Request) access.Who {
	e := web.Of(r)
	return access.Who{Request: e.ID, Source: e.Source}
}

// as takes the subject that a visitor has at the address asked for: under broken
// glass at that one person's.
func (c *call) as() access.Subject {
	if c.session == nil || c.session.Glass == nil || c.session.Glass.Patient != fhir.ID(c.r.PathValue("id")) {
		return c.who.Subject
	}
	c.glass = c.session.Glass
	return c.glass.Subject
}

// mustChange reports whether somebody has to change their password before
// anything else.
func (c *call) mustChange() bool {
	return c.session != nil && c.session.MustChange
}

// toSignIn is where somebody is led who is not signed in, or not any more.
func (c *call) toSignIn() string {
	q := url.Values{"to": {c.r.URL.Path}}
	if c.pages.kept(c.r, "session") != "" {
		q.Set("ended", "yes")
	}
	return c.pages.SignIn + "?" + q.Encode()
}

type signInView struct {
	Name, Password, Code Input
	To                   string
	Provider             string // the name of another way to sign in
	Ended                bool   // the session that was there has ended
}

func (c *call) signInForm(name, to string) signInView {
	return signInView{
		Name:     Input{Field: Field{ID: "name", Name: "name", Value: name, Label: c.text("signin.name")}, Autocomplete: "username"},
		Password: Input{Field: Field{ID: "password", Name: "password", Label: c.text("signin.password")}, Type: "password", Autocomplete: "current-password"},
		Code:     Input{Field: Field{ID: "code", Name: "code", Label: c.text("signin.code"), Hint: c.text("signin.code-hint")}, Autocomplete: "one-time-code", Width: "10"},
		To:       local(to),
		Provider: c.pages.Provider.name(),
	}
}

func (p *Provider) name() string {
	if p == nil {
		return ""
	}
	return p.Name
}

// text is a text that is there, as a test sees to.
func (c *call) text(key string) string {
	l := c.tongue
	if _, there := l.texts[key]; !there {
		l = c.pages.screens.tongues[0]
	}
	said, err := l.say(key)
	if err != nil {
		return key
	}
	return said
}

// signInPage answers GET /sign-in.
func (c *call) signInPage() (*page, error) {
	v := c.signInForm("", c.asked.Get("to"))
	v.Ended = c.asked.Get("ended") != ""
	return &page{name: "signin", view: v}, nil
}

// signIn answers POST /sign-in.
func (c *call) signIn() (*page, error) {
	if err := c.only("name", "password", "code", "to"); err != nil {
		return nil, err
	}
	again := c.signInForm(c.field("name"), c.field("to"))
	if c.field("name") == "" || c.sent.Get("password") == "" {
		return &page{status: http.StatusBadRequest, name: "signin", view: again, errors: []mistake{{"name", c.text("signin.empty")}}}, nil
	}
	in, err := c.pages.rec.SignIn(c.ctx, record.SignIn{
		Name: c.field("name"), Password: c.sent.Get("password"), Code: c.field("code"), Device: c.pages.kept(c.r, "device"), From: from(c.r),
	})
	if err != nil {
		return c.notDone("signin", again, "name", err)
	}
	c.keepCookie("device", in.Device, deviceKept)
	return c.begun(&in, again.To), nil
}

// notDone shows a form again with what was refused, when it is of the kind that a
// person can put right.
func (c *call) notDone(name string, view any, field string, err error) (*page, error) {
	switch fault.KindOf(err) {
	case fault.Unidentified, fault.TooMany, fault.Invalid, fault.NotFound:
		web.Of(c.r).Err = err
		says, asWritten := c.refused(name, fault.MessageOf(err))
		if says == "" {
			says = c.text("error.refused.title")
		}
		return &page{status: web.Status(err), name: name, view: view, errors: []mistake{{field, says}}, refuse: asWritten}, nil
	default:
		return nil, err
	}
}

// begun keeps a new session and leads on.
func (c *call) begun(in *record.SignedIn, to string) *page {
	c.keepCookie("session", in.Secret, 0)
	if in.Session.MustChange {
		return &page{to: passwordPath + "?" + url.Values{"to": {to}}.Encode()}
	}
	return &page{to: to}
}

// signOut answers POST /sign-out.
func (c *call) signOut() (*page, error) {
	if err := c.pages.rec.SignOut(c.ctx, c.pages.kept(c.r, "session"), from(c.r)); err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	c.keepCookie("session", "", -time.Second)
	c.keepCookie(launchCookie, "", -time.Second)
	c.keepCookie(filtersCookie, "", -time.Second)
	return &page{to: "/"}, nil
}

type emergencyView struct {
	NHS, Code Input
	Born      Date
	Reason    Area
	Minutes   int
}

func (c *call) emergencyForm() emergencyView {
	f := func(id, key, hint string) Field {
		field := Field{ID: id, Name: id, Label: c.text(key), Value: c.field(id)}
		if hint != "" {
			field.Hint = c.text(hint)
		}
		return field
	}
	v := emergencyView{
		NHS:     Input{Field: f("nhs", "emergency.nhs", "emergency.nhs-hint"), Mode: "numeric", Width: "20"},
		Born:    Date{Field: f("born", "emergency.born", ""), Day: c.field("day"), Month: c.field("month"), Year: c.field("year")},
		Reason:  Area{Field: f("reason", "emergency.reason", "emergency.reason-hint")},
		Code:    Input{Field: f("code", "signin.code", "emergency.code-hint"), Autocomplete: "one-time-code", Width: "10"},
		Minutes: int(access.GlassHolds / time.Minute),
	}
	v.Code.Value = ""
	v.Born.Words = [3]string{c.text("emergency.day"), c.text("emergency.month"), c.text("emergency.year")}
	return v
}

// emergencyPage answers GET /emergency.
func (c *call) emergencyPage() (*page, error) {
	return &page{name: "emergency", view: c.emergencyForm()}, nil
}

// breakGlass answers POST /emergency.
func (c *call) breakGlass() (*page, error) {
	if err := c.only("nhs", "day", "month", "year", "reason", "code"); err != nil {
		return nil, err
	}
	v := c.emergencyForm()
	born := ""
	if day, ok := dayOf(c.field("day"), c.field("month"), c.field("year")); ok {
		born = day.Format(time.DateOnly)
	}
	s, err := c.pages.rec.BreakGlass(c.ctx, c.pages.kept(c.r, "session"), record.BreakGlass{
		NHSNumber: c.field("nhs"), Born: born, Reason: c.field("reason"), Code: c.field("code"),
	}, from(c.r))
	if err != nil {
		field := map[fault.Kind]string{fault.Invalid: "reason", fault.NotFound: "nhs"}[fault.KindOf(err)]
		if field == "" {
			field = "code"
		}
		return c.notDone("emergency", v, field, err)
	}
	return &page{to: "/people/" + string(s.Glass.Patient)}, nil
}

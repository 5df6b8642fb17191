package pages

import (
	"net/http"
	"time"

	"joinery/fault"
)

// What somebody changes about their own sign-in: the password, the recovery codes,
// and where they are signed in.

type passwordView struct {
	Old, Fresh, Again Input
	To                string
	First             bool   // they must, before anything else
	Name              string // for a password manager

	Codes    *codesForm // nil: they have none
	Told     []string   // recovery codes that were just made
	Sessions []openSession
}

// codesForm is the form for new recovery codes.
type codesForm struct {
	Left           int
	Password, Code Input
}

// openSession is one place where somebody is signed in.
type openSession struct {
	ID    string
	Began time.Time
	From  string
	Here  bool
}

func (c *call) passwordForm(to string) (passwordView, error) {
	input := func(id, key, fill string) Input {
		return Input{Field: Field{ID: id, Name: id, Label: c.text(key)}, Type: "password", Autocomplete: fill}
	}
	v := passwordView{
		Old: input("old", "password.old", "current-password"), Fresh: input("fresh", "password.fresh", "new-password"),
		Again: input("again", "password.again", "new-password"), To: local(to), First: c.mustChange(),
	}
	v.Fresh.Hint = c.text("password.hint")
	if c.session == nil {
		return v, nil
	}
	v.Name = c.session.Account
	if c.mustChange() {
		return v, nil
	}
	if c.session.Codes {
		v.Codes = &codesForm{c.session.Recovery, input("codes-password", "password.old", "current-password"), Input{
			Field: Field{ID: "codes-code", Name: "codes-code", Label: c.text("signin.code"), Hint: c.text("password.code-hint")}, Autocomplete: "one-time-code", Width: "10",
		}}
	}
	open, err := c.pages.rec.Sessions(c.ctx, c.pages.kept(c.r, "session"), from(c.r))
	for i := range open {
		v.Sessions = append(v.Sessions, openSession{open[i].ID, open[i].Began, open[i].From, open[i].ID == c.session.ID})
	}
	return v, err
}

// passwordPage answers GET /password.
func (c *call) passwordPage() (*page, error) {
	if c.who == nil {
		return &page{to: c.toSignIn()}, nil
	}
	v, err := c.passwordForm(c.asked.Get("to"))
	return &page{name: "password", view: v}, err
}

// changePassword answers POST /password.
func (c *call) changePassword() (*page, error) {
	if c.session == nil {
		return nil, fault.New(fault.Unidentified, "Sign in to change your password.")
	}
	if err := c.only("old", "fresh", "again", "to"); err != nil {
		return nil, err
	}
	v, err := c.passwordForm(c.field("to"))
	if err != nil {
		return nil, err
	}
	fresh := c.sent.Get("fresh")
	if fresh != c.sent.Get("again") {
		v.Again.Error = c.text("password.differ")
		return &page{status: http.StatusBadRequest, name: "password", view: v, errors: []mistake{{"again", v.Again.Error}}}, nil
	}
	in, err := c.pages.rec.ChangePassword(c.ctx, c.pages.kept(c.r, "session"), c.sent.Get("old"), fresh, from(c.r))
	if err != nil {
		field := "fresh"
		if fault.KindOf(err) != fault.Invalid {
			field = "old"
		}
		return c.notDone("password", v, field, err)
	}
	return c.begun(&in, v.To), nil
}

// renewCodes answers POST /password/codes with new recovery codes, this once.
func (c *call) renewCodes() (*page, error) {
	if err := c.owns("codes-password", "codes-code"); err != nil {
		return nil, err
	}
	codes, err := c.pages.rec.RenewRecovery(c.ctx, c.pages.kept(c.r, "session"), c.sent.Get("codes-password"), c.field("codes-code"), from(c.r))
	v, again := c.passwordForm("")
	if again != nil {
		return nil, again
	}
	if err != nil {
		return c.notDone("password", v, "codes-password", err)
	}
	v.Told = codes
	v.Codes = nil
	return &page{name: "password", title: "password.told", view: v}, nil
}

// endSessions answers POST /password/sessions: it ends one of them, or all.
func (c *call) endSessions() (*page, error) {
	if err := c.owns("id"); err != nil {
		return nil, err
	}
	secret := c.pages.kept(c.r, "session")
	if id := c.field("id"); id != "" {
		return &page{to: passwordPath}, c.pages.rec.EndSession(c.ctx, secret, id, from(c.r))
	}
	if err := c.pages.rec.SignOutEverywhere(c.ctx, secret, from(c.r)); err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	c.keepCookie("session", "", -time.Second)
	return &page{to: c.pages.SignIn}, nil
}

// owns refuses whoever has no session of their own to change, and fields that the
// form does not have.
func (c *call) owns(names ...string) error {
	if c.session == nil || c.mustChange() {
		return fault.New(fault.Unidentified, "Sign in to change how you sign in.")
	}
	return c.only(names...)
}

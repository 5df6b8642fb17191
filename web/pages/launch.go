package pages

import (
	"net/http"
	"net/url"
	"time"

	"joinery/fault"
	"joinery/record"
	"joinery/record/access"
)

// Another system leads its user here by a link with a secret for one use
// (record.View.Launch). To get the link does nothing: browsers fetch pages before
// anybody asked. The page that comes is the same for every link; its button, which
// the script presses where there is one, follows it. Who is not signed in signs in
// first; the link is kept meanwhile by a cookie, under another secret.

const (
	launchPath   = "/launch"
	launchCookie = "launch"
)

type launchView struct {
	Spent bool // the link does not work, or not any more
}

// launchPage answers GET /launch/{token} and GET /launch: its button leads to the
// address that it is at, which the page does not repeat.
func (c *call) launchPage() (*page, error) {
	return &page{name: "launch", view: launchView{}}, nil
}

// launched answers POST /launch/{token}: it opens the link, or keeps it until
// whoever followed it has signed in.
func (c *call) launched() (*page, error) {
	if err := c.only(); err != nil {
		return nil, err
	}
	secret := c.r.PathValue("token")
	if c.who != nil && !c.mustChange() {
		return c.openLaunch(secret)
	}
	held, err := c.pages.rec.HoldLaunch(c.ctx, secret)
	if err != nil {
		return c.spentLaunch(err)
	}
	c.keepCookie(launchCookie, held, record.LaunchWaits)
	at := c.pages.SignIn
	if c.who != nil {
		at = passwordPath
	}
	return &page{to: at + "?" + url.Values{"to": {launchPath}}.Encode()}, nil
}

// heldLaunch answers POST /launch: it opens the link that was kept.
func (c *call) heldLaunch() (*page, error) {
	if err := c.only(); err != nil {
		return nil, err
	}
	secret := c.pages.kept(c.r, launchCookie)
	c.keepCookie(launchCookie, "", -time.Second)
	return c.openLaunch(secret)
}

func (c *call) openLaunch(secret string) (*page, error) {
	if c.role() != access.Staff {
		return nil, fault.New(fault.Denied, "This page is for others: your sign-in does not open it.")
	}
	id, err := c.view.OpenLaunch(c.ctx, secret)
	if err != nil {
		return c.spentLaunch(err)
	}
	return &page{to: "/people/" + string(id)}, nil
}

// spentLaunch says that a link does not work, when that is what is wrong.
func (c *call) spentLaunch(err error) (*page, error) {
	if fault.KindOf(err) != fault.Gone {
		return nil, err
	}
	return &page{status: http.StatusGone, name: "launch", title: "launch.spent-title", view: launchView{Spent: true}}, nil
}

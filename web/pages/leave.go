package pages

import (
	"strings"
)

// Somebody may look at their record beside a person who must not see it. Every page
// of /me has a way to leave it quickly: it ends the session, and leads to where
// nothing speaks of care. With a script the page is hidden at once, the way back
// through the browser's history is put out, and three times Shift does the same.

// leaves reports whether a page has the way to leave it quickly.
func (c *call) leaves() bool {
	return c.who != nil && (c.route.path == "/me" || strings.HasPrefix(c.route.path, "/me/"))
}

// leave answers POST /leave.
func (c *call) leave() (*page, error) {
	if _, err := c.signOut(); err != nil {
		return nil, err
	}
	return &page{to: "/left"}, nil
}

// left answers GET /left: a page with nothing on it, which goes on to where the
// site says. A form may not lead to another site (the policy of every page), so that
// a page has to.
func (c *call) left() (*page, error) {
	if exit := c.pages.Site.Exit; exit != "" {
		c.w.Header().Set("Refresh", "0; url="+exit)
	}
	return &page{name: "left", bare: true}, nil
}

package pages

import (
	"joinery/care/directory"
	"joinery/record/access"
	"joinery/record/search"
)

// homeView is the page that anyone sees first.
type homeView struct {
	SignIn   string
	SignedIn bool
	To       []Link // where who is signed in goes on
	Services []*directory.Service
}

// home answers GET /.
func (c *call) home() (*page, error) {
	v := homeView{SignIn: c.pages.SignIn, SignedIn: c.who != nil}
	for _, rt := range table() {
		if c.who == nil || rt.menu == "" || !rt.may(c.role()) {
			continue
		}
		text, err := c.speaks("home").orEnglish(rt.menu)
		if err != nil {
			return nil, err
		}
		v.To = append(v.To, Link{rt.path, text})
	}
	services, err := directory.All(c.ctx, c.view, []search.Pair{{Name: "active", Value: "true"}}, search.Options{Strict: true, Now: c.now()})
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what it was doing
	}
	for _, s := range services { // those that a person can turn to themselves
		if s.Takes(directory.FromPerson) && len(v.Services) < 50 && c.role() != access.Staff {
			v.Services = append(v.Services, s)
		}
	}
	return &page{name: "home", view: v}, nil
}

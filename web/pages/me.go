package pages

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"joinery/care/workflow"
	"joinery/care/workflow/clock"
	"joinery/fault"
	"joinery/fhir"
	"joinery/record/access"
)

// coming is something that is to happen, or to be done.
type coming struct {
	Key   string // of what kind it is: me.next-…
	What  string
	Where string
	When  time.Time // zero: no time is set
	Day   bool      // a day, without an hour
	In    string    // the same, from today: "in 3 days"
	Href  string
	Late  bool

	Task fhir.ID // of what they can say is done themselves; empty: nothing to say
	ETag string
}

// standing is how a referral stands.
type standing struct {
	Href    string
	Service string
	State   workflow.State
	Over    bool
	Booked  time.Time
	In      string // when that is, from today
	Waits   []wait
	Ring    ringing
	On      time.Time // when it was asked for
}

// wait is until when something should happen.
type wait struct {
	Key  string // of its text
	What string // where there is none, as the model says it
	By   time.Time
	In   string // the same, from today
	Late bool
}

// ringing is whom to ring.
type ringing struct {
	Name   string
	Phones []string
}

// meView is the first page of /me.
type meView struct {
	Own       own
	Next      []coming
	Invited   []coming
	Referrals []standing
	Over      int
	Ring      ringing
	Help      string
	Hello     string
}

// shownNext is how much of what comes stands on the first page.
const shownNext = 10

// me answers GET /me.
func (c *call) me() (*page, error) {
	o, err := c.own()
	if c.role() == access.Carer && fault.KindOf(err) == fault.NotFound && c.asked.Get("for") == "" {
		return &page{name: "closed"}, nil
	}
	if err != nil {
		return nil, err
	}
	s, err := c.gatherOwn(o, "Task", "Appointment")
	if err != nil {
		return nil, err
	}
	v := &meView{Own: *o, Help: c.pages.Site.Help}
	if !o.Acts {
		v.Hello = officialName(s.patient).Get("given").Item(0).Text()
	}
	if v.Referrals, v.Over, err = c.standings(s, o); err != nil {
		return nil, err
	}
	for _, r := range v.Referrals {
		if r.State == "booked" && !r.Booked.IsZero() {
			v.Next = append(v.Next, coming{Key: "booked", What: r.Service, When: r.Booked, Href: r.Href})
		}
	}
	v.Next = append(v.Next, s.appointments()...)
	c.tasks(v, s, o)
	slices.SortStableFunc(v.Next, func(a, b coming) int {
		if a.When.IsZero() != b.When.IsZero() {
			if a.When.IsZero() {
				return 1
			}
			return -1
		}
		return a.When.Compare(b.When)
	})
	v.Next = v.Next[:min(len(v.Next), shownNext)]
	for i := range v.Next {
		v.Next[i].In = c.fromToday(v.Next[i].When)
	}
	v.Ring, err = c.practice(s)
	return &page{name: "me", view: v}, err
}

// tasks puts what is to be done, and what they are asked, into the view.
func (c *call) tasks(v *meView, s *sheaf, o *own) {
	for _, l := range s.of["Task"] {
		kind := kindOf(l.Value)
		about := l.At("code", "text").Text()
		due, _ := moment(l.At("restriction", "period", "end").Text())
		mine := strings.HasPrefix(l.At("owner", "reference").Text(), "Patient/")
		next := coming{What: about, Where: s.source(l), When: due, Day: true, Late: !due.IsZero() && c.now().After(due)}
		switch state := l.status(); {
		case state != "requested" && state != "in-progress":
		case kind == workflow.KindInvite:
			next.Href = "/me/invitations/" + string(l.id) + o.Query
			v.Invited = append(v.Invited, next)
		case kind == workflow.KindQuestion && mine:
			next.Key, next.Href = "question", "/me/referrals/"+string(l.id)+o.Query
			v.Next = append(v.Next, next)
		case mine:
			next.Key, next.Task, next.ETag = "task", l.id, l.etag
			v.Next = append(v.Next, next)
		case kind == workflow.KindActivity:
			next.Key = "activity"
			v.Next = append(v.Next, next)
		}
	}
}

// appointments are those to come.
func (s *sheaf) appointments() []coming {
	var out []coming
	for _, l := range s.of["Appointment"] {
		at, day := moment(l.Get("start").Text())
		if at.Before(s.readAt.Add(-time.Hour)) || l.status() != "booked" && l.status() != "pending" && l.status() != "arrived" {
			continue
		}
		next := coming{Key: "appointment", What: cmp.Or(l.Get("description").Text(), what(l)), When: at, Day: day}
		for p := range l.Get("participant").Items() {
			ref := p.At("actor", "reference").Text()
			if name := p.At("actor", "display").Text(); name != "" && !strings.HasPrefix(ref, "Patient/") {
				next.Where = name
			}
		}
		out = append(out, next)
	}
	return out
}

// standings are the referrals that are open, and how many are over.
func (c *call) standings(s *sheaf, o *own) (open []standing, over int, err error) {
	for _, l := range s.of["Task"] {
		if kindOf(l.Value) != workflow.KindReferral {
			continue
		}
		state := workflow.Referrals().Standing(workflow.State(stateCode(l)))
		if state == nil || state.Over() {
			over++
			continue
		}
		r, err := c.flow().Referral(c.ctx, l.id)
		if fault.KindOf(err) == fault.NotFound { // of a carer to whom part of it is not open
			continue
		}
		if err != nil {
			return nil, 0, err //nolint:wrapcheck // it is fit to be shown
		}
		one, err := c.standing(r, o)
		if err != nil {
			return nil, 0, err
		}
		open = append(open, one)
	}
	return open, over, nil
}

// stateCode returns the state of a referral's Task.
func stateCode(l leaf) string {
	for c := range l.At("businessStatus").Get("coding").Items() {
		if c.Get("system").Is(workflow.StateSystem) {
			return c.Get("code").Text()
		}
	}
	return ""
}

// standing says how a referral stands.
func (c *call) standing(r *workflow.Referral, o *own) (standing, error) {
	out := standing{Href: "/me/referrals/" + string(r.Task) + o.Query, Service: r.ServiceName, State: r.State, On: r.Written, Over: workflow.Referrals().Standing(r.State).Over()}
	if r.State == "booked" {
		out.Booked, out.In = r.Booked, c.fromToday(r.Booked)
	}
	for i := range r.Clocks {
		if reading := &r.Clocks[i]; reading.State.Open() {
			w := wait{By: reading.Due, In: c.fromToday(reading.Due), Late: c.now().After(reading.Due)}
			w.Key, w.What = c.standard(reading.Standard)
			out.Waits = append(out.Waits, w)
		}
	}
	slices.SortStableFunc(out.Waits, func(a, b wait) int { return a.By.Compare(b.By) })
	var err error
	out.Ring, err = c.ring("HealthcareService/"+string(r.Service), r.Organization)
	return out, err
}

// standard says what should happen by when: the key of plain words where there are
// some, and else the standard's own.
func (c *call) standard(s *clock.Standard) (key, title string) {
	key = "me.clock-" + s.ID
	if c.word(key) != key {
		return key, ""
	}
	return "", s.Title
}

// fromToday says how far away a day is, in words; nothing of one that is past.
func (c *call) fromToday(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	day := func(t time.Time) time.Time {
		y, m, d := t.In(clock.London).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	days := int(day(t).Sub(day(c.now())) / (24 * time.Hour))
	key, n := "me.in-days", days
	switch {
	case days < 0:
		return ""
	case days == 0:
		return c.word("me.today")
	case days == 1:
		return c.word("me.tomorrow")
	case days >= 70:
		key, n = "me.in-months", (days+15)/30
	case days >= 14:
		key, n = "me.in-weeks", (days+3)/7
	}
	says, err := c.speaks("me").say(key, "n", n)
	if err != nil {
		return ""
	}
	return says
}

// ring returns whom to ring: the first of some services and organisations that has
// a number. Without any it is the name of the last.
func (c *call) ring(refs ...string) (ringing, error) {
	var out ringing
	for _, ref := range refs {
		typ, id, _ := strings.Cut(ref, "/")
		if !fhir.ID(id).Valid() {
			continue
		}
		found, err := c.view.Read(c.ctx, typ, fhir.ID(id))
		if kind := fault.KindOf(err); kind == fault.NotFound || kind == fault.Gone || kind == fault.Denied {
			continue
		}
		if err != nil {
			return out, err //nolint:wrapcheck // it is fit to be shown
		}
		doc, err := found.Doc()
		if err != nil {
			return out, err //nolint:wrapcheck // the record's own bytes
		}
		out.Name = nameOf(doc.Root())
		for t := range doc.Root().Get("telecom").Items() {
			if t.Get("system").Is("phone") {
				out.Phones = append(out.Phones, t.Get("value").Text())
			}
		}
		if len(out.Phones) > 0 {
			break
		}
	}
	return out, nil
}

// practice returns the GP practice, to be rung.
func (c *call) practice(s *sheaf) (ringing, error) {
	var refs []string
	for gp := range s.patient.Get("generalPractitioner").Items() {
		if ref := gp.Get("reference").Text(); strings.HasPrefix(ref, "Organization/") {
			refs = append(refs, ref)
		}
	}
	return c.ring(refs...)
}

// taskDone answers POST /me/tasks/{task}: what was for the person to do is done.
func (c *call) taskDone() (*page, error) {
	if err := c.only("person", "version"); err != nil {
		return nil, err
	}
	now, o, err := c.ownTask(func(*workflow.Now) bool { return true })
	if err != nil {
		return nil, err
	}
	c.back = "/me" + o.Query
	if err := c.madeFor(now.Patient); err != nil {
		return nil, err
	}
	if _, err := c.flow().Do(c.ctx, now.Task, workflow.Making{Move: "done", Version: c.field("version")}); err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	return &page{to: "/me" + o.Query}, nil
}

// madeFor refuses a form that was not made for a person, or not from a version.
func (c *call) madeFor(patient fhir.ID) error {
	switch {
	case fhir.ID(c.field("person")) != patient:
		return errAnother
	case c.field("version") == "":
		return fault.New(fault.Invalid, "The form does not say what it was made from. Go back, load the page again and fill it in anew.")
	}
	return nil
}

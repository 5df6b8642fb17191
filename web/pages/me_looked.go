package pages

import (
	"net/url"
	"slices"
	"time"

	"joinery/care/workflow/clock"
	"joinery/record"
)

// lookedView is who looked at somebody's record, in plain words.
type lookedView struct {
	Looks []lookLine
	Next  string // address of what was before
}

// lookLine is one look at a record, or change of it.
type lookLine struct {
	Who          string // empty: a program
	Organisation string
	Program      string
	At           time.Time
	Since        time.Time // of the first of several on one day; zero: it was one
	Kind         string    // key of its text
	Purpose      string    // key of its text
	What         []string
	Reason       string
	Own          bool
	Patient      string   // for who answers for information governance
	Flags        []string // likewise
}

var lookKinds = map[record.LookKind]string{record.DidLook: "looked", record.DidChange: "changed", record.InEmergency: "emergency"}

// whoLooked answers GET /me/looked.
func (c *call) whoLooked() (*page, error) {
	found, err := c.view.WhoLooked(c.ctx, c.who.Grant.Patient, record.WhoLookedQuery{Before: c.asked.Get("before")})
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	v := lookedOf(found, "/me/looked")
	v.foldDays()
	return &page{name: "looked", view: v}, nil
}

func lookedOf(found record.Looks, path string) *lookedView {
	v := &lookedView{}
	if found.Next != "" {
		v.Next = path + "?before=" + url.QueryEscape(found.Next)
	}
	for i := range found.Looks {
		l := &found.Looks[i]
		line := lookLine{
			Who: l.Name, Organisation: l.Organisation, Program: l.Program, At: l.At, Kind: lookKinds[l.Kind], Purpose: string(l.Purpose),
			Reason: l.Reason, Own: l.Own, Patient: string(l.Patient), Flags: l.Flags,
		}
		for _, typ := range l.Types {
			if key := seen(typ); !slices.Contains(line.What, key) {
				line.What = append(line.What, key)
			}
		}
		slices.Sort(line.What)
		v.Looks = append(v.Looks, line)
	}
	return v
}

// foldDays makes one line of what one person did for one reason on one day.
func (v *lookedView) foldDays() {
	var out []lookLine
	for _, l := range v.Looks {
		i := slices.IndexFunc(out, func(o lookLine) bool { return o.like(&l) })
		if i < 0 {
			out = append(out, l)
			continue
		}
		one := &out[i]
		one.Since = l.At
		for _, key := range l.What {
			if !slices.Contains(one.What, key) {
				one.What = append(one.What, key)
			}
		}
		slices.Sort(one.What)
	}
	v.Looks = out
}

// like reports whether two lines are of one day, and differ in nothing but the hour
// and in what was seen.
func (l *lookLine) like(o *lookLine) bool {
	day := func(t time.Time) string { return t.In(clock.London).Format(time.DateOnly) }
	return day(l.At) == day(o.At) && l.Who == o.Who && l.Organisation == o.Organisation && l.Program == o.Program && l.Own == o.Own &&
		l.Kind == o.Kind && l.Purpose == o.Purpose && l.Reason == o.Reason
}

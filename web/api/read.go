package api

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/fhir/r4"
	"joinery/record"
)

// readOne answers GET {type}/{id}.
func (c *call) readOne() (*reply, error) {
	if err := c.shaped(); err != nil {
		return nil, err
	}
	v, err := c.view.Read(c.ctx, c.typ, c.id)
	if err != nil {
		return nil, err
	}
	return c.version(&v), nil
}

// readVersion answers GET {type}/{id}/_history/{version}.
func (c *call) readVersion() (*reply, error) {
	if err := c.shaped(); err != nil {
		return nil, err
	}
	number, ok := versionNumber(c.r.PathValue("version"))
	if !ok {
		return nil, fault.New(fault.NotFound, missing)
	}
	v, err := c.view.VRead(c.ctx, c.typ, c.id, number)
	if err != nil {
		return nil, err
	}
	return c.version(&v), nil
}

func (c *call) version(v *record.Version) *reply {
	if c.notModified(v) {
		return &reply{status: http.StatusNotModified, version: v, bare: true}
	}
	return &reply{status: http.StatusOK, version: v}
}

// versionNumber reads a version id as we give it: a number from 1, without
// zeros in front.
func versionNumber(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n > 0 && strconv.Itoa(n) == s
}

// history answers GET _history of a resource, a type or the system.
func (c *call) history() (*reply, error) {
	if err := c.only("_since", "_at", "_count"); err != nil {
		return nil, err
	}
	q := record.HistoryQuery{Type: c.typ, ID: c.id}
	var err error
	if q.Since, err = c.instant("_since"); err != nil {
		return nil, err
	}
	if q.At, err = c.instant("_at"); err != nil {
		return nil, err
	}
	if q.Count, err = c.count(); err != nil {
		return nil, err
	}
	p, err := c.view.History(c.ctx, q)
	if err != nil {
		return nil, err
	}
	return c.paged("history", p), nil
}

// instant reads a parameter that is a moment, to the second at least, with its
// zone.
func (c *call) instant(name string) (time.Time, error) {
	s := c.param(name)
	if s == "" {
		return time.Time{}, nil
	}
	// A plus that was not escaped arrives as a space.
	t, err := time.Parse(time.RFC3339Nano, strings.ReplaceAll(s, " ", "+"))
	if err != nil {
		return time.Time{}, issue("value", "http."+name, "This must be a moment with its time zone, as in 2026-03-01T09:30:00Z.")
	}
	return t, nil
}

// maxCount is the largest page.
const maxCount = 1000

func (c *call) count() (int, error) {
	s := c.param("_count")
	if s == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0, issue("value", "http._count", "This must be a whole number from 0.")
	}
	return min(n, maxCount), nil
}

// everything answers GET and POST Patient/{id}/$everything.
func (c *call) everything() (*reply, error) {
	if c.typ != "Patient" {
		return nil, &unknownAddress{"$everything is there for a Patient."}
	}
	if c.r.Method == http.MethodPost {
		if err := c.parameters(); err != nil {
			return nil, err
		}
	}
	if err := c.only("_since", "_type", "_count", "start", "end"); err != nil {
		return nil, err
	}
	var q record.EverythingQuery
	var err error
	if q.Since, err = c.instant("_since"); err != nil {
		return nil, err
	}
	if q.Count, err = c.count(); err != nil {
		return nil, err
	}
	if q.Start, err = c.day("start"); err != nil {
		return nil, err
	}
	if q.End, err = c.day("end"); err != nil {
		return nil, err
	}
	if !q.End.IsZero() {
		q.End = q.End.AddDate(0, 0, 1) // the day named is in
	}
	for typ := range strings.SplitSeq(c.param("_type"), ",") {
		if typ == "" {
			continue
		}
		if _, ok := r4.TypeNumber(typ); !ok {
			return nil, issue("value", "http._type", "This must be resource types of FHIR R4, separated by commas.")
		}
		q.Types = append(q.Types, typ)
	}
	p, err := c.view.Everything(c.ctx, c.id, q)
	if err != nil {
		return nil, err
	}
	return c.paged("searchset", p), nil
}

// day reads a parameter that is a date, and returns when it begins.
func (c *call) day(name string) (time.Time, error) {
	s := c.param(name)
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return time.Time{}, issue("value", "http."+name, "This must be a date, as in 2026-03-01.")
	}
	return t, nil
}

// parameters takes an operation's parameters from a Parameters resource in the
// body, if there is one.
func (c *call) parameters() error {
	if c.within == nil && c.r.ContentLength == 0 || c.within != nil && c.within.entry.Resource == nil {
		return nil
	}
	doc, err := c.resource("Parameters")
	if err != nil {
		return err
	}
	for p := range doc.Root().Get("parameter").Items() {
		var value fhir.Value
		for name, v := range p.Members() {
			if strings.HasPrefix(name, "value") {
				value = v
			}
		}
		switch value.Kind() {
		case fhir.String, fhir.Number, fhir.Bool:
		default:
			return issue("value", p.Where(), "Each parameter of this operation is a plain value.")
		}
		name := p.Get("name").Text()
		if name == "_type" && named(c.params, name) { // it may be there more than once
			for i := range c.params {
				if c.params[i].Name == name {
					c.params[i].Value += "," + value.Text()
				}
			}
			continue
		}
		c.params = append(c.params, pair(name, value.Text()))
	}
	return nil
}

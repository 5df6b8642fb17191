// Package directory knows the services that people can be sent to, as far as
// routing needs it: whose they are, who may refer to them, when they are open,
// how many they can take.
//
// Services are the HealthcareServices of the record, of nobody's, which everyone
// may see. What FHIR R4 has no element for stands in HealthcareService.
// characteristic as codings:
//
//	urn:joinery:referrer   who may refer: person, carer, professional, service
//	urn:joinery:standard   which response standards its referrals are held to
//	urn:joinery:role       hub: it takes referrals in for other services
//	urn:joinery:model      of which model of care it is
//	urn:joinery:area       for which boroughs, by their codes; none: for all
//
// and in the extension urn:joinery:capacity, one for each site: how many may
// begin in a week, and how many may be there at one time. A service of which
// referralMethod says semail (e-mail) and not elec is told of a referral by e-mail.
//
// A service that does not say who may refer takes referrals of professionals and
// services: nobody is led to a door that does not open for them.
//
// Finding services for the public comes later, and builds on this.
package directory

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"joinery/care/workflow/clock"
	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
	"joinery/record/search"
)

// Systems of what characteristics say.
const (
	ReferrerSystem = "urn:joinery:referrer"
	StandardSystem = "urn:joinery:standard"
	RoleSystem     = "urn:joinery:role"
	ModelSystem    = "urn:joinery:model"
	AreaSystem     = "urn:joinery:area"
	CapacityURL    = "urn:joinery:capacity"
)

// From is who refers.
type From string

// Who may refer.
const (
	FromPerson       From = "person"
	FromCarer        From = "carer"
	FromProfessional From = "professional"
	FromService      From = "service"
)

// Service is a service as the record has it.
type Service struct {
	ID           fhir.ID
	Name         string
	Active       bool
	Organization string // that provides it, as "Organization/x"; empty: it cannot be sent anybody
	Sites        []string
	Types        []string // codes and texts of what it is
	From         []From
	Standards    []string
	Model        string   // id of the model of care that it is of; empty: none
	Areas        []string // codes of the boroughs that it is for; none: all
	Hub          bool
	Phone        string
	Email        string
	ByEmail      bool   // e-mail is all that it has: referrals reach it by a link
	Eligible     string // in words
	Capacity     []Capacity

	open   []opening
	closed []span // days on which it is not there
	bank   bool   // closed on bank holidays
}

// Capacity is how many a site can take.
type Capacity struct {
	Site   string // "Location/x"; empty: the service as a whole
	Starts int    // who may begin in a week; 0: not said
	AtOnce int    // who may be there at one time; 0: not said
}

type opening struct {
	days     [7]bool // by time.Weekday
	from, to string  // HH:MM:SS, of the clock in London
}

type span struct{ from, to string } // days, both included; empty: without end

// Reference returns the service as others refer to it.
func (s *Service) Reference() string { return "HealthcareService/" + string(s.ID) }

// Site returns where the service is, as "Location/x"; empty where it has several
// sites, or says none.
func (s *Service) Site() string {
	if len(s.Sites) != 1 {
		return ""
	}
	return s.Sites[0]
}

// Area returns the first of the areas that the service is for, empty when it is for
// all.
func (s *Service) Area() string {
	if len(s.Areas) == 0 {
		return ""
	}
	return s.Areas[0]
}

// Takes reports whether the service takes referrals of someone.
func (s *Service) Takes(f From) bool {
	if len(s.From) == 0 {
		return f == FromProfessional || f == FromService
	}
	return slices.Contains(s.From, f)
}

// Find returns a service by its id. The fault is NotFound when there is none.
func Find(ctx context.Context, v *record.View, id fhir.ID) (*Service, error) {
	version, err := v.Read(ctx, "HealthcareService", id)
	if err != nil {
		return nil, fmt.Errorf("look up a service: %w", err)
	}
	doc, err := version.Doc()
	if err != nil {
		return nil, fmt.Errorf("look up a service: %w", err)
	}
	return Of(doc.Root()), nil
}

// All returns the services that a search finds, up to a thousand: by name, by
// service-type and whatever else FHIR has for HealthcareService.
func All(ctx context.Context, v *record.View, params []search.Pair, o search.Options) ([]*Service, error) {
	q, err := search.Parse("HealthcareService", append(slices.Clip(params), search.Pair{Name: "_count", Value: "1000"}), o)
	if err != nil {
		return nil, fmt.Errorf("look up services: %w", err)
	}
	page, err := v.Search(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("look up services: %w", err)
	}
	var out []*Service
	for i := range page.Entries {
		doc, err := page.Entries[i].Version.Doc()
		if err != nil {
			return nil, fmt.Errorf("look up services: %w", err)
		}
		out = append(out, Of(doc.Root()))
	}
	slices.SortFunc(out, func(a, b *Service) int { return strings.Compare(a.Name+string(a.ID), b.Name+string(b.ID)) })
	return out, nil
}

// Of reads a HealthcareService.
func Of(res fhir.Value) *Service {
	s := &Service{
		ID: fhir.ID(res.Get("id").Text()), Name: res.Get("name").Text(),
		Active:       res.Get("active").Kind() != fhir.Bool || res.Get("active").IsTrue(),
		Organization: local(res.Get("providedBy"), "Organization/"),
	}
	for l := range res.Get("location").Items() {
		if site := local(l, "Location/"); site != "" {
			s.Sites = append(s.Sites, site)
		}
	}
	for t := range res.Get("type").Items() {
		s.Types = append(s.Types, words(t)...)
	}
	for c := range res.Get("characteristic").Items() {
		s.characteristic(c)
	}
	s.reached(res)
	for e := range res.Get("eligibility").Items() {
		s.Eligible = strings.TrimSpace(s.Eligible + " " + e.Get("comment").Text())
	}
	for e := range res.Get("extension").Items() {
		if e.Get("url").Is(CapacityURL) {
			s.Capacity = append(s.Capacity, capacity(e))
		}
	}
	s.times(res)
	return s
}

func (s *Service) characteristic(c fhir.Value) {
	for coding := range c.Get("coding").Items() {
		code := coding.Get("code").Text()
		switch coding.Get("system").Text() {
		case ReferrerSystem:
			s.From = append(s.From, From(code))
		case StandardSystem:
			s.Standards = append(s.Standards, code)
		case ModelSystem:
			s.Model = code
		case AreaSystem:
			s.Areas = append(s.Areas, code)
		case RoleSystem:
			s.Hub = s.Hub || code == "hub"
		}
	}
}

// referralMethods is FHIR's code system of how a service takes referrals.
const referralMethods = "http://terminology.hl7.org/CodeSystem/service-referral-method"

// reached reads how a service is reached.
func (s *Service) reached(res fhir.Value) {
	for t := range res.Get("telecom").Items() {
		value := t.Get("value").Text()
		switch system := t.Get("system"); {
		case t.Get("use").Is("old"):
		case system.Is("phone") && s.Phone == "":
			s.Phone = value
		case system.Is("email") && s.Email == "":
			s.Email = value
		}
	}
	electronic := false
	for m := range res.Get("referralMethod").Items() {
		for c := range m.Get("coding").Items() {
			ours := c.Get("system").Is(referralMethods)
			s.ByEmail = s.ByEmail || ours && c.Get("code").Is("semail")
			electronic = electronic || ours && c.Get("code").Is("elec")
		}
	}
	s.ByEmail = s.ByEmail && !electronic && s.Email != ""
}

func capacity(e fhir.Value) Capacity {
	var c Capacity
	for part := range e.Get("extension").Items() {
		n := 0
		if _, err := fmt.Sscanf(part.Get("valuePositiveInt").Text(), "%d", &n); err != nil {
			n = 0
		}
		switch part.Get("url").Text() {
		case "site":
			c.Site = local(part.Get("valueReference"), "Location/")
		case "starts-a-week":
			c.Starts = n
		case "at-once":
			c.AtOnce = n
		}
	}
	return c
}

var weekdays = map[string]time.Weekday{
	"mon": time.Monday, "tue": time.Tuesday, "wed": time.Wednesday, "thu": time.Thursday,
	"fri": time.Friday, "sat": time.Saturday, "sun": time.Sunday,
}

func (s *Service) times(res fhir.Value) {
	for a := range res.Get("availableTime").Items() {
		o := opening{from: a.Get("availableStartTime").Text(), to: a.Get("availableEndTime").Text()}
		if a.Get("allDay").IsTrue() || o.from == "" {
			o.from, o.to = "00:00:00", "24:00:00"
		}
		any := false
		for d := range a.Get("daysOfWeek").Items() {
			o.days[weekdays[d.Text()]] = true
			any = true
		}
		if !any {
			o.days = [7]bool{true, true, true, true, true, true, true}
		}
		s.open = append(s.open, o)
	}
	for n := range res.Get("notAvailable").Items() {
		during := n.Get("during")
		if !during.Exists() {
			s.bank = s.bank || strings.HasPrefix(n.Get("description").Text(), "Bank holidays")
			continue
		}
		s.closed = append(s.closed, span{firstTen(during.Get("start").Text()), firstTen(during.Get("end").Text())})
	}
}

// Open reports whether the service is open at a moment. One that says nothing of
// its hours is open.
func (s *Service) Open(at time.Time) bool {
	at = at.In(clock.London)
	day, minute := at.Format(time.DateOnly), at.Format(time.TimeOnly)
	if s.bank && clock.BankHoliday(at.Date()) {
		return false
	}
	for _, c := range s.closed {
		if (c.from == "" || day >= c.from) && (c.to == "" || day <= c.to) {
			return false
		}
	}
	return len(s.open) == 0 || slices.ContainsFunc(s.open, func(o opening) bool {
		return o.days[at.Weekday()] && minute >= o.from && minute < o.to
	})
}

// Usable refuses a service that nobody can be sent to.
func (s *Service) Usable() error {
	switch {
	case !s.Active:
		return fault.New(fault.Invalid, "This service is closed and takes nobody.")
	case s.Organization == "":
		return fault.New(fault.Invalid, "The directory does not say which organisation provides this service, so nobody would have the referral.")
	}
	return nil
}

func local(v fhir.Value, prefix string) string {
	text := v.Get("reference").Text()
	if id, ok := strings.CutPrefix(text, prefix); ok && fhir.ID(id).Valid() {
		return text
	}
	return ""
}

func words(concept fhir.Value) []string {
	var out []string
	for c := range concept.Get("coding").Items() {
		out = append(out, c.Get("code").Text())
	}
	if text := concept.Get("text").Text(); text != "" {
		out = append(out, text)
	}
	return out
}

func firstTen(s string) string { return s[:min(len(s), 10)] }

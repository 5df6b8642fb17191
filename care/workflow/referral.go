package workflow

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"joinery/care/directory"
	"joinery/care/workflow/clock"
	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
	"joinery/record/access"
)

// Referral is a referral as it stands at one service: the Task, the
// ServiceRequest that all its Tasks have in common, and the EpisodeOfCare by
// which the service sees the person.
type Referral struct {
	Task         fhir.ID
	Request      fhir.ID
	Patient      fhir.ID
	State        State
	Requester    string  // who asked: "Organization/x", "Patient/x" or "RelatedPerson/x"
	Organization string  // that has it, as "Organization/x"
	Service      fhir.ID // that has it
	ServiceName  string
	Site         string  // where, as "Location/x"; empty where the service has several, or none
	Wanted       fhir.ID // the service that is meant; another than Service at a hub
	Priority     string
	Model        string // id of the model of care, if it is one's
	ModelName    string // id|version|hash of the version that it holds to at this service; empty at a hub
	Written      time.Time
	History      []Step // of all services that had it, oldest first
	Clocks       []clock.Reading
	Due          time.Time // when the first of its open clocks runs out; zero: none is open
	Booked       time.Time // the date that was given last; zero: none was
	ETag         string    // of the Task

	task, request, episode, question *held
	next                             fhir.ID // Task at the service that it was sent on to
	standards                        []*clock.Standard
	finding                          bool
	asked                            string // the version of a model that was in force when it was asked for
}

// Step is a move that was made.
type Step struct {
	Move    string
	At      time.Time
	By      Side
	Who     string  // name of who made it, where they are no patient or carer
	Service fhir.ID // at which
	Reason  string  // code
	Says    string
	When    time.Time // for when it was booked
	// Exception is that of the model by which the person went before others.
	Exception string
	made      string // Task and version that it was made from: what makes it come once
}

// Flow is the workflow as one subject may move it. It holds nothing between
// calls and is safe for concurrent use.
type Flow struct {
	view  *record.View // of the subject, acting through the workflow
	clock func() time.Time
}

// Of returns the workflow over a view of the record.
func Of(v *record.View, clock func() time.Time) *Flow {
	return &Flow{view: v.Through(access.ByWorkflow), clock: clock}
}

// Referral returns the referral of a Task as it stands now. The fault is NotFound
// when there is none, or the subject may not see it.
func (f *Flow) Referral(ctx context.Context, task fhir.ID) (*Referral, error) {
	r, err := f.find(ctx, task)
	if err != nil {
		return nil, err
	}
	r.read(f.clock())
	return r, nil
}

// find reads a referral's resources, in one search: the Task, what it is about,
// the episodes and tasks that go with it.
func (f *Flow) find(ctx context.Context, id fhir.ID) (*Referral, error) {
	if !id.Valid() {
		return nil, errNoReferral
	}
	page, err := f.search(ctx, "Task", "_id", string(id), "_include", "Task:focus:ServiceRequest",
		"_revinclude:iterate", "EpisodeOfCare:incoming-referral", "_revinclude", "Task:part-of")
	if err != nil {
		return nil, err
	}
	r := &Referral{Task: id}
	var episodes []*held
	for i := range page.Entries {
		h, err := hold(&page.Entries[i].Version)
		if err != nil {
			return nil, err
		}
		switch {
		case h.typ == "Task" && h.id == id:
			r.task = h
		case h.typ == "Task" && coded(h.get("code"), KindSystem) == KindQuestion && h.get("status").Is("requested"):
			r.question = h
		case h.typ == "Task" && coded(h.get("code"), KindSystem) == KindReferral && h.get("partOf", "reference").Is("Task/"+string(id)):
			r.next = h.id
		case h.typ == "ServiceRequest":
			r.request = h
		case h.typ == "EpisodeOfCare":
			episodes = append(episodes, h)
		}
	}
	if r.task == nil || !kept(r.task.doc.Root()) {
		return nil, errNoReferral
	}
	if coded(r.task.get("code"), KindSystem) == KindQuestion { // the referral that waits for it is meant
		_, main, _ := strings.Cut(r.task.get("partOf", "reference").Text(), "/")
		return f.find(ctx, fhir.ID(main))
	}
	if coded(r.task.get("code"), KindSystem) != KindReferral {
		return r, errOtherTask
	}
	if r.request == nil {
		return nil, errNoReferral
	}
	r.open(episodes)
	return r, nil
}

var (
	errNoReferral = fault.New(fault.NotFound, "There is no such referral, or not for you.")
	errOtherTask  = fault.New(fault.Invalid, "This task is no referral.")
)

// began returns when help was asked for first, at whichever service.
func (r *Referral) began() time.Time {
	for _, s := range r.History {
		if s.Move == "send" {
			return s.At
		}
	}
	return r.Written
}

// search asks the record, with names and values in turn.
func (f *Flow) search(ctx context.Context, typ string, params ...string) (record.Page, error) {
	q, err := f.query(typ, params...)
	if err != nil {
		return record.Page{}, err
	}
	page, err := f.view.Search(ctx, q)
	if err != nil {
		return record.Page{}, fmt.Errorf("look for a %s: %w", typ, err)
	}
	return page, nil
}

// open reads what the resources say.
func (r *Referral) open(episodes []*held) {
	t, q := r.task, r.request
	r.ETag, r.Request = t.etag, q.id
	r.State = State(coded(t.get("businessStatus"), StateSystem))
	r.Requester = q.get("requester", "reference").Text()
	r.Organization = t.get("owner", "reference").Text()
	service := extended(t.doc.Root(), serviceURL).Get("valueReference")
	r.Service = idOf(service.Get("reference").Text(), "HealthcareService/")
	r.ServiceName = service.Get("display").Text()
	r.Wanted = idOf(q.get("performer", "reference").Text(), "HealthcareService/")
	r.Patient = idOf(t.get("for", "reference").Text(), "Patient/")
	r.Priority = t.get("priority").Text()
	r.Model = coded(t.get("code"), ModelSystem)
	r.Site = tagged(t.doc.Root(), SiteTag)
	r.finding = access.Labels(q.doc.Root())&access.Finding != 0
	r.Written, _ = time.Parse(time.RFC3339, q.get("authoredOn").Text())
	r.History = History(q.doc.Root())
	for e := range t.get("extension").Items() {
		if e.Get("url").Is(bookedURL) {
			r.Booked, _ = time.Parse(time.RFC3339, e.Get("valueDateTime").Text())
		}
	}
	for e := range q.get("extension").Items() {
		switch e.Get("url").Text() {
		case standardURL:
			if s := standardOf(e); s != nil {
				r.standards = append(r.standards, s)
			}
		case modelURL:
			r.asked = e.Get("valueString").Text()
		}
	}
	r.ModelName = extended(t.doc.Root(), modelURL).Get("valueString").Text()
	if r.ModelName == "" && r.Model != "" && r.Service == r.Wanted { // of a Task from before they said so
		r.ModelName = r.asked
	}
	for _, e := range episodes { // of this service: there is one for each that had it
		if e.get("managingOrganization", "reference").Is(r.Organization) && idOf(extended(e.doc.Root(), serviceURL).At("valueReference", "reference").Text(), "HealthcareService/") == r.Service {
			r.episode = e
		}
	}
}

// History returns the moves that a ServiceRequest or a Task tells of, oldest
// first. Of a Task that is no referral, these are its own; a referral's are in its
// ServiceRequest. They are only ever added to.
func History(res fhir.Value) []Step {
	var out []Step
	for e := range res.Get("extension").Items() {
		if e.Get("url").Is(moveURL) {
			out = append(out, stepOf(e))
		}
	}
	return out
}

// At returns which service a Task or an EpisodeOfCare is at; empty: at none.
func At(res fhir.Value) fhir.ID {
	return idOf(extended(res, serviceURL).At("valueReference", "reference").Text(), "HealthcareService/")
}

// Kind returns of which kind a Task is, empty when the workflow does not keep it.
func Kind(task fhir.Value) string {
	if !kept(task) {
		return ""
	}
	return coded(task.Get("code"), KindSystem)
}

func idOf(reference, prefix string) fhir.ID {
	id, ok := strings.CutPrefix(reference, prefix)
	if !ok {
		return ""
	}
	return fhir.ID(id)
}

func stepOf(e fhir.Value) Step {
	var s Step
	for part := range e.Get("extension").Items() {
		switch part.Get("url").Text() {
		case "do":
			s.Move = part.Get("valueCode").Text()
		case "at":
			s.At, _ = time.Parse(time.RFC3339, part.Get("valueInstant").Text())
		case "by":
			s.By = Side(part.Get("valueCode").Text())
		case "who":
			s.Who = part.Get("valueString").Text()
		case "service":
			s.Service = idOf(part.At("valueReference", "reference").Text(), "HealthcareService/")
		case "reason":
			s.Reason = part.Get("valueCode").Text()
		case "says":
			s.Says = part.Get("valueString").Text()
		case "exception":
			s.Exception = part.Get("valueCode").Text()
		case "when":
			s.When, _ = time.Parse(time.RFC3339, part.Get("valueInstant").Text())
		case "made-from":
			s.made = part.Get("valueString").Text()
		}
	}
	return s
}

func (s *Step) extension() extension {
	parts := []extension{{URL: "do", Code: s.Move}, {URL: "at", Instant: instant(s.At)}, {URL: "by", Code: string(s.By)}}
	for _, p := range []extension{{URL: "who", Text: s.Who}, {URL: "reason", Code: s.Reason}, {URL: "says", Text: s.Says}, {URL: "exception", Code: s.Exception}, {URL: "made-from", Text: s.made}} {
		if p.Text != "" || p.Code != "" {
			parts = append(parts, p)
		}
	}
	if !s.When.IsZero() {
		parts = append(parts, extension{URL: "when", Instant: instant(s.When)})
	}
	if s.Service != "" {
		parts = append(parts, extension{URL: "service", Reference: &reference{Reference: "HealthcareService/" + string(s.Service)}})
	}
	return extension{URL: moveURL, Extension: parts}
}

// events returns what clocks see of the history.
func (r *Referral) events() []clock.Event {
	var out []clock.Event
	for _, s := range r.History {
		switch s.Move {
		case "enrol":
			out = append(out, clock.Event{At: s.At, Kind: clock.Enrolled})
		case "end":
			out = append(out, clock.Event{At: s.At, Kind: clock.Ended})
		}
		if m := Referrals().Move(s.Move); m != nil && m.Event != "" {
			out = append(out, clock.Event{At: s.At, Kind: m.Event})
		}
	}
	return out
}

// read works the clocks out, as of a moment.
func (r *Referral) read(now time.Time) {
	events := r.events()
	r.Clocks, r.Due = nil, time.Time{}
	for _, s := range r.standards {
		reading := s.Read(events, now)
		r.Clocks = append(r.Clocks, reading)
		if reading.State.Open() && (r.Due.IsZero() || reading.Due.Before(r.Due)) {
			r.Due = reading.Due
		}
	}
}

// sides returns what the subject is to the referral.
func (f *Flow) sides(r *Referral) []Side {
	s := f.view.Subject()
	switch s.Role() {
	case access.System:
		if r.Wanted != r.Service { // for the hub too
			return []Side{Operator, Hub}
		}
		return []Side{Operator}
	case access.Patient:
		return []Side{Person}
	case access.Carer:
		return []Side{Carer}
	case access.CaseFinder:
		return []Side{Finder}
	case access.Staff:
		var out []Side
		if s.Is(r.Organization) {
			out = append(out, Receiver)
			if r.Wanted != r.Service {
				out = append(out, Hub)
			}
		}
		if s.Is(r.Requester) {
			out = append(out, Referrer)
		}
		return out
	case access.Nobody, access.Analyst, access.Public, access.Lead, access.Governance, access.Administrator:
	}
	return nil
}

// from says as what a subject refers, by who asks.
func (f *Flow) from(requester string) directory.From {
	switch {
	case strings.HasPrefix(requester, "Patient/"):
		return directory.FromPerson
	case strings.HasPrefix(requester, "RelatedPerson/"):
		return directory.FromCarer
	}
	return directory.FromProfessional
}

// had reports whether a service had the referral and gave it away.
func (r *Referral) had(service fhir.ID) bool {
	return slices.ContainsFunc(r.History, func(s Step) bool {
		return s.Service == service && (s.Move == "decline" || s.Move == "reroute" || s.Move == "forward" || s.Move == "fail")
	})
}

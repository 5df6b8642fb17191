package workflow

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"joinery/care/directory"
	"joinery/care/model"
	"joinery/care/workflow/clock"
	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
	"joinery/record/access"
)

// Asking is a referral to be made.
type Asking struct {
	// Key makes the referral come once: what is asked again under it is answered
	// with what came of it the first time. Empty: each is another.
	Key       string
	Patient   fhir.ID
	Service   fhir.ID // that is meant
	Via       fhir.ID // a hub that takes it in first; empty: none
	Requester string  // who asks: an Organization, or empty for a person or a carer themselves
	Reason    string  // what help is needed, in words
	Note      string
	Priority  string   // routine, urgent, asap or stat; empty: routine
	Standards []string // ids of response standards, beside those that the service names
	Draft     bool     // to be sent later
	Consent   string   // how the person agreed, when they were asked
	Finding   bool     // it comes of a model's having found the person

	model   *model.Model // in force for the service
	invited bool         // the requester asked them to come: the door is open, whoever says yes
}

// takenUp is the standard that every referral is held to.
const takenUp = "referral-taken-up"

// Refer makes a referral, and sends it unless it is a draft. The receiver sees
// the person from then on. The fault is Invalid when the service does not take
// referrals of this kind, NotFound when there is no such person or service.
func (f *Flow) Refer(ctx context.Context, a Asking) (*Referral, error) {
	if err := f.complete(&a); err != nil {
		return nil, err
	}
	if a.Key != "" {
		if made, err := f.keyed(ctx, a.Key); err != nil || made != nil {
			return made, err
		}
	}
	meant, first, err := f.doors(ctx, &a)
	if err != nil {
		return nil, err
	}
	if a.model, err = f.inForce(ctx, meant); err != nil {
		return nil, err
	}
	tags, err := f.person(ctx, a.Patient)
	if err != nil {
		return nil, err
	}
	ops, err := f.referral(&a, meant, first, tags)
	if err != nil {
		return nil, err
	}
	var receipt []byte
	if a.Key != "" {
		sum := sha256.Sum256([]byte("refer " + a.Key))
		receipt = sum[:]
	}
	made, again, err := f.view.Import(ctx, receipt, ops)
	if err != nil {
		return nil, fmt.Errorf("refer: %w", err)
	}
	if again { // someone else was quicker under the same key
		return f.keyed(ctx, a.Key)
	}
	return f.made(made)
}

// complete fills in what follows from who asks, and refuses what cannot be.
func (f *Flow) complete(a *Asking) error {
	if !a.Patient.Valid() || !a.Service.Valid() || a.Via != "" && !a.Via.Valid() {
		return fault.New(fault.Invalid, "A referral needs the ids of a Patient and of the HealthcareService that is meant.")
	}
	if strings.TrimSpace(a.Reason) == "" {
		return fault.New(fault.Invalid, "Say what help is needed: whoever takes it up has to know.")
	}
	if a.Priority == "" {
		a.Priority = "routine"
	}
	if !slices.Contains([]string{"routine", "urgent", "asap", "stat"}, a.Priority) {
		return fault.New(fault.Invalid, "The priorities are routine, urgent, asap and stat.")
	}
	for _, id := range a.Standards {
		if _, ok := clock.Find(id); !ok {
			return fault.New(fault.Invalid, "There is no response standard of this name.")
		}
	}
	s := f.view.Subject()
	if a.Requester == "" && s.Role() == access.Patient {
		a.Requester = "Patient/" + string(a.Patient)
	}
	typ, id, _ := strings.Cut(a.Requester, "/")
	if !fhir.ID(id).Valid() || !slices.Contains([]string{"Organization", "Patient", "RelatedPerson"}, typ) {
		return fault.New(fault.Invalid, "Say who asks, so that there is someone to answer: an Organization, a Patient or a RelatedPerson, such as Organization/x.")
	}
	switch {
	case a.invited, s.Role() == access.System, s.Is(a.Requester), s.Role() == access.Patient && typ == "Patient":
	default:
		return fault.New(fault.Denied, "You can refer in your own name or that of the organisation you work for, and in no other.")
	}
	return nil
}

// doors finds the service that is meant and the one that takes the referral in,
// and asks whether that is open to who refers.
func (f *Flow) doors(ctx context.Context, a *Asking) (meant, first *directory.Service, err error) {
	if meant, err = directory.Find(ctx, f.view, a.Service); err != nil {
		return nil, nil, err //nolint:wrapcheck // it says what it was doing
	}
	first = meant
	if a.Via != "" && a.Via != a.Service {
		if first, err = directory.Find(ctx, f.view, a.Via); err != nil {
			return nil, nil, err //nolint:wrapcheck // it says what it was doing
		}
		if !first.Hub {
			return nil, nil, fault.New(fault.Invalid, "The service that this was to go by is no hub: it does not pass referrals on.")
		}
		if err := meant.Usable(); err != nil {
			return nil, nil, err //nolint:wrapcheck // it is fit to be shown
		}
	}
	if err := first.Usable(); err != nil {
		return nil, nil, err //nolint:wrapcheck // it is fit to be shown
	}
	if from := f.from(a.Requester); !a.invited && !first.Takes(from) {
		return nil, nil, fault.New(fault.Invalid, fmt.Sprintf("This service does not take referrals of a %s. It may be reached by a hub, or by somebody who knows the person.", from))
	}
	return meant, first, nil
}

// person makes sure that there is such a person, and returns the tags that go
// with what is written of them. A carer may refer whom they may not look up.
func (f *Flow) person(ctx context.Context, id fhir.ID) ([]coding, error) {
	v, err := f.view.Read(ctx, "Patient", id)
	if err != nil && f.view.Subject().Role() == access.Carer && fault.KindOf(err) == fault.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("refer: %w", err)
	}
	doc, err := v.Doc()
	if err != nil {
		return nil, fmt.Errorf("refer: %w", err)
	}
	return testTags(doc.Root()), nil
}

// keyed returns the referral that was made under a key, nil when none was.
func (f *Flow) keyed(ctx context.Context, key string) (*Referral, error) {
	page, err := f.search(ctx, "ServiceRequest", "identifier", KeySystem+"|"+escape(key), "_revinclude", "Task:focus")
	if err != nil {
		return nil, err
	}
	var first *record.Version
	for i := range page.Entries {
		if v := &page.Entries[i].Version; v.Type == "Task" && (first == nil || v.ID < first.ID) {
			first = v
		}
	}
	if first == nil {
		return nil, nil
	}
	return f.Referral(ctx, first.ID)
}

// escape writes a value so that a search takes it as it is.
func escape(value string) string {
	return strings.NewReplacer(`\`, `\\`, `,`, `\,`, `$`, `\$`, `|`, `\|`).Replace(value)
}

// referral returns the making of a referral's resources.
func (f *Flow) referral(a *Asking, meant, first *directory.Service, tags []coding) ([]record.Op, error) {
	now := f.clock()
	patient := reference{Reference: "Patient/" + string(a.Patient)}
	q := serviceRequest{
		ResourceType: "ServiceRequest", Meta: marks(a.Finding, tags...), Status: "active", Intent: "order", Priority: a.Priority,
		Code: &concept{Text: meant.Name}, Subject: patient, AuthoredOn: instant(now), Requester: reference{Reference: a.Requester},
		Performer: []reference{{Reference: meant.Reference(), Display: meant.Name}}, ReasonCode: []concept{{Text: a.Reason}},
	}
	if a.Note != "" {
		q.Note = []annotation{{Text: a.Note}}
	}
	if a.Consent != "" {
		q.Extension = append(q.Extension, extension{URL: consentURL, Text: a.Consent})
	}
	if a.Key != "" {
		q.Identifier = []identifier{{System: KeySystem, Value: a.Key}}
	}
	held := []string{takenUp}
	for _, id := range slices.Concat(meant.Standards, first.Standards, a.Standards) {
		if _, known := clock.Find(id); known && !slices.Contains(held, id) {
			held = append(held, id)
		}
	}
	r := &Referral{State: "sent", Service: first.ID, ServiceName: first.Name, Organization: first.Organization, Priority: a.Priority, Patient: a.Patient, finding: a.Finding}
	for _, id := range held {
		q.Extension = append(q.Extension, extension{URL: standardURL, Code: id})
		s, _ := clock.Find(id)
		r.standards = append(r.standards, s)
	}
	r.Site = first.Site()
	if a.model != nil {
		r.Model = a.model.ID
		if first.ID == meant.ID {
			r.ModelName = a.model.Name()
		}
		q.Extension = append(q.Extension, extension{URL: modelURL, Text: a.model.Name()})
		for _, s := range standardsOf(a.model) {
			r.standards = append(r.standards, s)
			q.Extension = append(q.Extension, standardExtension(s))
		}
	}
	t := f.task(r, patient, a.Requester, tags)
	if a.Draft {
		q.Status, t.Status, r.State = "draft", "draft", "draft"
		t.BusinessStatus = stateOf("draft")
		for i := range t.Meta.Tag {
			if t.Meta.Tag[i].System == OpenTag {
				t.Meta.Tag[i].Code = a.Requester
			}
		}
	} else {
		step := Step{Move: "send", At: now, By: f.side(a.Requester), Who: f.who(), Service: first.ID}
		r.History = []Step{step}
		q.Extension = append(q.Extension, step.extension())
	}
	r.read(now)
	t.due(r)
	t.Focus = &reference{Reference: name(1)}
	return f.creations(&q, t, r, patient, tags)
}

// creations returns the making of the request, the task at a service and, once
// it is sent, the episode there.
func (f *Flow) creations(q *serviceRequest, t *task, r *Referral, patient reference, tags []coding) ([]record.Op, error) {
	request, err := creation("ServiceRequest", name(1), q)
	if err != nil {
		return nil, err
	}
	job, err := creation("Task", name(2), t)
	if err != nil {
		return nil, err
	}
	ops := []record.Op{request, job}
	if r.State == "draft" {
		return ops, nil
	}
	episode, err := f.episode(r, patient, name(1), name(3), tags)
	return append(ops, episode), err
}

// task returns the Task of a referral at the service that it names.
func (f *Flow) task(r *Referral, patient reference, requester string, tags []coding) *task {
	now := f.clock()
	kind := concept{Coding: []coding{{System: KindSystem, Code: KindReferral}}, Text: r.ServiceName}
	if r.Model != "" {
		kind.Coding = append(kind.Coding, coding{System: ModelSystem, Code: r.Model})
	}
	service := "HealthcareService/" + string(r.Service)
	since := r.began()
	if since.IsZero() {
		since = now
	}
	marked := append(slices.Clone(tags), coding{System: OpenTag, Code: service})
	if r.Site != "" {
		marked = append(marked, coding{System: SiteTag, Code: r.Site})
	}
	t := &task{
		ResourceType: "Task", Meta: marks(r.finding, marked...),
		Extension: []extension{{URL: serviceURL, Reference: &reference{Reference: service, Display: r.ServiceName}}, {URL: sinceURL, DateTime: instant(since)}},
		Status:    Referrals().Standing("sent").Task, BusinessStatus: stateOf("sent"), Intent: "order", Priority: r.Priority, Code: kind,
		For: patient, AuthoredOn: instant(now), LastModified: instant(now),
		Requester: &reference{Reference: requester}, Owner: reference{Reference: r.Organization},
	}
	if r.ModelName != "" {
		t.Extension = append(t.Extension, extension{URL: modelURL, Text: r.ModelName})
	}
	return t
}

// due notes on a task until when something has to happen.
func (t *task) due(r *Referral) {
	t.Restriction = nil
	if !r.Due.IsZero() {
		t.Restriction = &restriction{Period: period{End: instant(r.Due)}}
	}
}

// episode returns the making of the EpisodeOfCare by which the receiver sees the
// person.
func (f *Flow) episode(r *Referral, patient reference, request, named string, tags []coding) (record.Op, error) {
	now := instant(f.clock())
	e := episodeOfCare{
		ResourceType: "EpisodeOfCare", Meta: marks(r.finding, tags...), Status: "planned",
		Extension: []extension{{URL: serviceURL, Reference: &reference{Reference: "HealthcareService/" + string(r.Service), Display: r.ServiceName}}},
		History:   []episodeStatus{{Status: "planned", Period: period{Start: now}}},
		Type:      []concept{{Text: r.ServiceName}}, Patient: patient, Managing: reference{Reference: r.Organization},
		Period: period{Start: now}, Referral: []reference{{Reference: request}},
	}
	if r.Model != "" {
		e.Type[0].Coding = []coding{{System: ModelSystem, Code: r.Model}}
	}
	return creation("EpisodeOfCare", named, e)
}

func stateOf(s State) concept {
	return concept{Coding: []coding{{System: StateSystem, Code: string(s)}}, Text: Referrals().Standing(s).Title}
}

// side is what the subject is to a referral that they make.
func (f *Flow) side(requester string) Side {
	switch f.view.Subject().Role() {
	case access.Patient:
		return Person
	case access.Carer:
		return Carer
	case access.CaseFinder:
		return Finder
	case access.System:
		return Operator
	case access.Staff, access.Nobody, access.Analyst, access.Public, access.Lead, access.Governance, access.Administrator:
	}
	if strings.HasPrefix(requester, "Patient/") {
		return Person
	}
	return Referrer
}

// who names the subject where that is not the person or their carer, of whom
// history says only what they are.
func (f *Flow) who() string {
	s := f.view.Subject()
	if s.Role() == access.Patient || s.Role() == access.Carer {
		return ""
	}
	who := s.Who()
	if who.Operator != "" {
		return who.Operator
	}
	return who.Name
}

// made reads what a transaction made of a referral, without asking the record
// again.
func (f *Flow) made(results []record.Result) (*Referral, error) {
	r := &Referral{}
	var episodes []*held
	for i := range results {
		v := &results[i].Version
		if v.Type == "" {
			continue
		}
		h, err := hold(v)
		if err != nil {
			return nil, err
		}
		switch kind := coded(h.get("code"), KindSystem); {
		case h.typ == "Task" && kind == KindReferral && (r.task == nil || results[i].Created):
			r.task, r.Task = h, h.id // of two, the one that it was passed on to
		case h.typ == "Task" && kind == KindQuestion && h.get("status").Is("requested"):
			r.question = h
		case h.typ == "ServiceRequest":
			r.request = h
		case h.typ == "EpisodeOfCare":
			episodes = append(episodes, h)
		}
	}
	if r.task == nil || r.request == nil {
		return nil, fmt.Errorf("a move gave back no referral")
	}
	r.open(episodes)
	r.read(f.clock())
	return r, nil
}

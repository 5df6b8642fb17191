package workflow

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"joinery/care/applied"
	"joinery/care/directory"
	"joinery/care/model"
	"joinery/care/workflow/clock"
	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
	"joinery/timeline"
)

// A referral at a service of a model of care holds to the version that was in
// force when it was made (modelURL). When it begins, the person is enrolled: a
// part of their one care plan, a team, and the tasks of the model's activities,
// one at a time, each due by rule. When it ends, these end with it, in the same
// transaction.

const (
	modelURL      = "urn:joinery:model"
	activitySys   = "urn:joinery:activity"
	roleSystem    = "urn:joinery:role"
	ofTag         = "urn:joinery:of"   // meta.tag: of which enrolment, by its Task
	planTag       = "urn:joinery:plan" // meta.tag of the one plan of a person
	occurrenceURL = "urn:joinery:occurrence"
)

// inForce returns the model that a service is of, nil when it is of none.
func (f *Flow) inForce(ctx context.Context, s *directory.Service) (*model.Model, error) {
	if s.Model == "" {
		return nil, nil
	}
	today, _ := timeline.DayOf(f.clock())
	m, err := applied.FindIn(ctx, f.view, s.Model, s.Area(), today)
	if fault.KindOf(err) == fault.NotFound {
		return nil, fault.Wrap(fault.Invalid, "The model of care of this service is not in force.", err)
	}
	if err != nil {
		return nil, fmt.Errorf("refer: %w", err)
	}
	return m, nil
}

// standardsOf returns the response standards of a model, as clocks read them: the
// moments of models are kinds of event.
func standardsOf(m *model.Model) []*clock.Standard {
	var out []*clock.Standard
	for i := range m.Standards {
		s := &m.Standards[i]
		out = append(out, &clock.Standard{
			ID: m.ID + "/" + s.ID, Title: s.Says, Source: s.Source, Starts: []clock.Kind{clock.Kind(s.Starts)}, Stops: []clock.Kind{clock.Kind(s.Stops)},
			Closes: []clock.Kind{clock.Cancelled, clock.Failed}, Within: limitOf(s.Within), During: duringOf(s.During),
		})
	}
	return out
}

// duringOf returns the hours of a model as clocks keep them, nil for all.
func duringOf(h *model.Hours) *clock.During {
	if h == nil {
		return nil
	}
	return &clock.During{From: h.From, To: h.To, Days: h.Days, Working: h.Working, Text: h.Text}
}

func limitOf(w model.Wait) clock.Limit {
	switch w.Unit {
	case model.Minute:
		return clock.Limit{N: w.N, Unit: clock.Minutes}
	case model.Hour:
		return clock.Limit{N: w.N, Unit: clock.Hours}
	case model.WorkingDay:
		return clock.Limit{N: w.N, Unit: clock.WorkingDays}
	case model.Week:
		return clock.Limit{N: w.N, Unit: clock.Weeks}
	case model.Month:
		return clock.Limit{N: int(w.Days() + 0.5), Unit: clock.Days}
	case model.Day:
	}
	return clock.Limit{N: w.N, Unit: clock.Days}
}

// standardExtension writes a model's standard into the referral that is held to
// it, so that it stays held to what it began with.
func standardExtension(s *clock.Standard) extension {
	parts := []extension{
		{URL: "id", Text: s.ID},
		{URL: "title", Text: s.Title},
		{URL: "starts", Code: string(s.Starts[0])},
		{URL: "stops", Code: string(s.Stops[0])},
		{URL: "within", Text: s.Within.String()},
	}
	if s.During != nil {
		parts = append(parts, extension{URL: "during", Text: s.During.Text})
	}
	return extension{URL: standardURL, Extension: parts}
}

// standardOf reads a standard of a referral: one that is shipped, by its id, or
// what standardExtension wrote.
func standardOf(e fhir.Value) *clock.Standard {
	if s, ok := clock.Find(e.Get("valueCode").Text()); ok {
		return s
	}
	s := &clock.Standard{Closes: []clock.Kind{clock.Cancelled, clock.Failed}}
	for part := range e.Get("extension").Items() {
		text, code := part.Get("valueString").Text(), clock.Kind(part.Get("valueCode").Text())
		switch part.Get("url").Text() {
		case "id":
			s.ID = text
		case "title":
			s.Title = text
		case "starts":
			s.Starts = []clock.Kind{code}
		case "stops":
			s.Stops = []clock.Kind{code}
		case "within":
			s.Within, _ = clock.ParseLimit(text)
		case "during":
			s.During, _ = clock.ParseDuring(text)
		}
	}
	if s.ID == "" || s.Within.N == 0 {
		return nil
	}
	return s
}

// begin enrols the person: their plan's part, their team, the first tasks.
func (k *making) begin(ctx context.Context) error {
	m, err := applied.Named(ctx, k.view, k.r.ModelName)
	if err != nil {
		return fmt.Errorf("enrol: %w", err)
	}
	k.log(Step{Move: "enrol", At: k.now, By: k.side, Who: k.who(), Service: k.r.Service, Says: m.Name()})
	patient := reference{Reference: "Patient/" + string(k.r.Patient)}
	tags := testTags(k.r.task.doc.Root())
	of := coding{System: ofTag, Code: "Task/" + string(k.r.Task)}
	during := period{Start: instant(k.now)}
	if m.Length != nil {
		during.End = instant(limitOf(m.Length.Is).After(k.now))
	}
	one, err := onePlan(patient, tags, k.name(), k.now, nil, nil)
	if err != nil {
		return err
	}
	goals, aims, err := k.modelGoals(m, patient, tags)
	if err != nil {
		return err
	}
	body := map[string]any{
		"resourceType": "CarePlan", "meta": marks(k.r.finding, append(slices.Clone(tags), of, coding{System: atTag, Code: "HealthcareService/" + string(k.r.Service)})...), "status": "active", "intent": "plan",
		"title": m.Title, "description": m.Residents, "subject": patient, "period": during, "instantiatesUri": []string{"urn:joinery:model:" + m.ID + "|" + m.Version},
		"extension": []extension{{URL: modelURL, Text: m.Name()}}, "partOf": []reference{{Reference: one.FullURL}},
		"activity": k.outline(m),
	}
	if len(aims) > 0 {
		body["goal"] = aims
	}
	part, err := creation("CarePlan", k.name(), body)
	if err != nil {
		return err
	}
	team, err := creation("CareTeam", k.name(), map[string]any{
		"resourceType": "CareTeam", "meta": marks(k.r.finding, append(slices.Clone(tags), of)...), "status": "active", "name": m.Title, "subject": patient,
		"period": period{Start: instant(k.now)}, "participant": []any{map[string]any{"member": reference{Reference: k.r.Organization}, "period": period{Start: instant(k.now)}}},
		"managingOrganization": []reference{{Reference: k.r.Organization}},
	})
	if err != nil {
		return err
	}
	k.ops = append(append(k.ops, one, part, team), goals...)
	if err := k.compare(ctx, m, during); err != nil {
		return err
	}
	e := enrolment{model: m, flow: k.Flow, task: k.r.Task, patient: k.r.Patient, owner: k.r.Organization, service: k.r.Service, finding: k.r.finding, tags: append(slices.Clone(tags), siteTags(k.r.task.doc.Root())...), start: k.now, events: k.r.events(), priority: k.r.Priority}
	return e.follow(&k.ops, k.name, nil)
}

// outline is what the plan's part says will be done.
func (k *making) outline(m *model.Model) []any {
	var out []any
	for i := range m.Activities {
		a := &m.Activities[i]
		out = append(out, map[string]any{"detail": map[string]any{
			"code": concept{Coding: []coding{{System: activitySys, Code: a.ID}}, Text: a.Title}, "status": "not-started", "description": a.When.String(),
		}})
	}
	return out
}

// end closes what the enrolment opened: its part of the plan, its team, and the
// tasks that are open still.
func (k *making) end(ctx context.Context) error {
	page, err := k.search(ctx, "", "_tag", ofTag+"|"+escape("Task/"+string(k.r.Task)), "_type", "CarePlan,CareTeam,Goal,Task", "_count", "1000")
	if err != nil {
		return err
	}
	k.log(Step{Move: "end", At: k.now, By: k.side, Who: k.who(), Service: k.r.Service})
	status := "completed"
	if k.to.State != "completed" {
		status = "revoked"
	}
	for i := range page.Entries {
		h, err := hold(&page.Entries[i].Version)
		if err != nil {
			return err
		}
		switch {
		case h.typ == "CarePlan" && h.get("status").Is("active"):
			h.set("status", status)
			h.set("period", period{Start: h.get("period", "start").Text(), End: instant(k.now)})
		case h.typ == "CareTeam" && h.get("status").Is("active"):
			h.set("status", "inactive")
			h.set("period", period{Start: h.get("period", "start").Text(), End: instant(k.now)})
		case h.typ == "Goal" && h.get("lifecycleStatus").Is("active"):
			h.set("lifecycleStatus", map[string]string{"completed": "completed", "revoked": "cancelled"}[status])
			h.set("statusDate", onDate(k.now))
		case h.typ == "Task" && !Tasks().Standing(State(coded(h.get("businessStatus"), jobSystem))).Over():
			h.set("status", Tasks().Standing("dropped").Task)
			h.set("businessStatus", todo("dropped"))
			h.set("statusReason", concept{Text: "the person's time in the model ended"})
			h.set("lastModified", instant(k.now))
			h.set("meta", retag(h.doc.Root(), []string{OpenTag, ClaimTag}))
		default:
			continue
		}
		op, err := h.op()
		if err != nil {
			return err
		}
		k.ops = append(k.ops, op)
	}
	return nil
}

// enrolment is somebody's time in a model, as far as its tasks follow from it.
type enrolment struct {
	flow     *Flow
	model    *model.Model
	task     fhir.ID // of the referral
	patient  fhir.ID
	owner    string
	service  fhir.ID
	priority string
	finding  bool
	tags     []coding
	start    time.Time
	events   []clock.Event
}

// done is an activity that was done, or not: how often it came.
type done struct {
	activity   string
	occurrence int
}

// follow makes the tasks that come next: at the beginning those that wait for
// nothing; after one was done its next occurrence, or what waited for it alone.
func (e *enrolment) follow(ops *[]record.Op, named func() string, after []done) error {
	finished := map[string]bool{}
	for _, d := range after {
		finished[d.activity] = true
	}
	for i := range e.model.Activities {
		a := &e.model.Activities[i]
		n := 0
		switch {
		case a.When.Repeat == model.WhenNeeded:
			continue
		case len(after) == 0:
			if len(a.After) > 0 {
				continue
			}
		case after[0].activity == a.ID: // it was just done: does it come again?
			if n = after[0].occurrence + 1; !e.again(a, n) {
				continue
			}
		case !slices.Contains(a.After, after[0].activity) || finished[a.ID]:
			continue
		case slices.ContainsFunc(a.After, func(id string) bool { return !finished[id] }):
			continue
		}
		op, err := e.make(a, n, named())
		if err != nil {
			return err
		}
		*ops = append(*ops, op)
	}
	return nil
}

// again reports whether an activity comes an nth time, from 0.
func (e *enrolment) again(a *model.Activity, n int) bool {
	switch a.When.Repeat {
	case model.AtWeeks:
		return n < len(a.When.Weeks)
	case model.Recurring:
		limit := a.For
		if limit.N == 0 && e.model.Length != nil {
			limit = e.model.Length.Is
		}
		return limit.N == 0 || !e.due(a, n).After(limitOf(limit).After(e.start))
	case model.Once, model.WhenNeeded:
	}
	return false
}

// due returns until when the nth occurrence of an activity is to be done; zero:
// no time is set.
func (e *enrolment) due(a *model.Activity, n int) time.Time {
	now := e.flow.clock()
	switch a.When.Repeat {
	case model.AtWeeks:
		return clock.Limit{N: 7*a.When.Weeks[n] + 6, Unit: clock.Days}.After(e.start)
	case model.Recurring:
		each := model.Wait{N: max(a.When.Every, 1), Unit: a.When.Unit}.Days() / float64(max(a.When.Times, 1))
		return e.start.Add(time.Duration(float64(n+1) * each * float64(24*time.Hour)))
	case model.Once, model.WhenNeeded:
	}
	if a.Due == nil {
		return time.Time{}
	}
	from := now
	switch a.Due.Of {
	case "referral":
		from = e.first(clock.Sent)
	case "acceptance":
		from = e.first(clock.Accepted)
	case "start":
		from = e.start
	case "invitation":
		from = e.first(clock.Invited)
	case "end":
		if e.model.Length != nil {
			return limitOf(a.Due.Within).Before(limitOf(e.model.Length.Is).After(e.start))
		}
	}
	return limitOf(a.Due.Within).After(from)
}

// first returns when something happened first; the start, when it did not.
func (e *enrolment) first(kind clock.Kind) time.Time {
	for _, x := range e.events {
		if x.Kind == kind {
			return x.At
		}
	}
	return e.start
}

func (e *enrolment) make(a *model.Activity, n int, named string) (record.Op, error) {
	now := e.flow.clock()
	service := "HealthcareService/" + string(e.service)
	tags := append(slices.Clone(e.tags), coding{System: OpenTag, Code: service}, coding{System: ofTag, Code: "Task/" + string(e.task)})
	t := task{
		ResourceType: "Task", Meta: marks(e.finding, tags...), Status: "requested", BusinessStatus: todo("todo"), Intent: "order", Priority: e.priority,
		Extension: []extension{
			{URL: serviceURL, Reference: &reference{Reference: service}},
			{URL: modelURL, Text: e.model.Name()},
			{URL: occurrenceURL, Text: strconv.Itoa(n)},
			{URL: "urn:joinery:began", DateTime: instant(e.start)},
		},
		PartOf: []reference{{Reference: "Task/" + string(e.task)}}, Code: concept{Text: a.Title, Coding: []coding{
			{System: KindSystem, Code: KindActivity}, {System: ModelSystem, Code: e.model.ID}, {System: activitySys, Code: a.ID},
		}},
		For: reference{Reference: "Patient/" + string(e.patient)}, AuthoredOn: instant(now), LastModified: instant(now), Owner: reference{Reference: e.owner},
	}
	if len(a.Needs) > 0 {
		t.Description = "needs " + strings.Join(a.Needs, "; ")
	}
	for _, role := range a.By {
		title := role
		if r := e.model.Role(role); r != nil {
			title = r.Title
		}
		t.PerformerType = append(t.PerformerType, concept{Coding: []coding{{System: roleSystem, Code: role}}, Text: title})
	}
	if due := e.due(a, n); !due.IsZero() {
		t.Restriction = &restriction{Period: period{End: instant(due)}}
	}
	return creation("Task", named, t)
}

// next returns the making of the tasks that follow when a task of an enrolment is
// done.
func (f *Flow) next(ctx context.Context, t *held, moved State) ([]record.Op, error) {
	if coded(t.get("code"), KindSystem) != KindActivity || moved != "done" && moved != "undone" {
		return nil, nil
	}
	m, err := applied.Named(ctx, f.view, extended(t.doc.Root(), modelURL).Get("valueString").Text())
	if err != nil {
		return nil, fmt.Errorf("what comes next: %w", err)
	}
	of := tagged(t.doc.Root(), ofTag)
	page, err := f.search(ctx, "Task", "_tag", ofTag+"|"+escape(of), "_count", "1000")
	if err != nil {
		return nil, err
	}
	n, _ := strconv.Atoi(extended(t.doc.Root(), occurrenceURL).Get("valueString").Text())
	after := []done{{coded(t.get("code"), activitySys), n}}
	for i := range page.Entries {
		h, err := hold(&page.Entries[i].Version)
		if err != nil {
			return nil, err
		}
		if state := h.get("status").Text(); h.id != t.id && (state == "completed" || state == "failed") {
			after = append(after, done{activity: coded(h.get("code"), activitySys)})
		}
	}
	e := enrolment{
		flow: f, model: m, task: idOf(of, "Task/"), patient: idOf(t.get("for", "reference").Text(), "Patient/"), owner: t.get("owner", "reference").Text(),
		service: idOf(extended(t.doc.Root(), serviceURL).At("valueReference", "reference").Text(), "HealthcareService/"), priority: t.get("priority").Text(),
		tags: append(testTags(t.doc.Root()), siteTags(t.doc.Root())...),
	}
	e.start, _ = time.Parse(time.RFC3339, extended(t.doc.Root(), "urn:joinery:began").Get("valueDateTime").Text())
	var ops []record.Op
	names := 0
	err = e.follow(&ops, func() string { names++; return name(names) }, after)
	return ops, err
}

package workflow

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"joinery/care/model"
	"joinery/care/model/together"
	"joinery/care/workflow/clock"
	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
	"joinery/record/access"
	"joinery/record/search"
	"joinery/timeline"
)

// Saying is something that is put into a person's plan.
type Saying struct {
	What string // one of Sayings
	Text string
	// By is who says it: "Patient/x", "RelatedPerson/x", or empty for whoever
	// writes it down. A person's own words are theirs, whoever writes.
	By      string
	Owner   string // of an action: "Organization/x", or "Patient/x" for the person themselves
	Due     string // of a goal or an action: a day
	Measure string // of a goal, in words: what tells whether it is reached
	Target  string // of a goal, in words

	// Key makes it be said once: what is said again under it, word for word, is
	// answered with the plan as it is. Empty: it is said each time.
	Key string
}

// What can be said.
const (
	SayWords  = "words"  // what matters to me
	SayWorse  = "worse"  // what to do if things get worse, whom to ring
	SayNote   = "note"   // whatever else is to be known
	SayGoal   = "goal"   // something to reach
	SayAction = "action" // something to do, by somebody, by a day
)

// Sayings returns what can be said.
func Sayings() []string { return []string{SayWords, SayWorse, SayNote, SayGoal, SayAction} }

var errNoPerson = fault.New(fault.NotFound, "There is no such person, or not for you.")

// Say puts something into a person's plan and returns the plan as it is then. The
// fault is Denied when the subject may not write it, Invalid when something that it
// needs is missing.
func (f *Flow) Say(ctx context.Context, patient fhir.ID, s Saying) (*Plan, error) {
	if !patient.Valid() {
		return nil, errNoPerson
	}
	if err := f.complain(patient, &s); err != nil {
		return nil, err
	}
	tags, err := f.person(ctx, patient)
	if err != nil {
		return nil, err
	}
	for try := 0; ; try++ {
		ops, err := f.saying(ctx, patient, &s, tags)
		if err != nil {
			return nil, err
		}
		made, again, err := f.view.Import(ctx, s.receipt(patient), ops)
		if err == nil && again { // sent twice
			return f.Plan(ctx, patient)
		}
		kind := fault.KindOf(err)
		var op *record.OpError
		if moved := errors.As(err, &op) && (kind == fault.Conflict || kind == fault.Precondition); moved && try < 3 {
			continue // somebody else wrote at the same moment; both stand
		}
		if err != nil {
			return nil, fmt.Errorf("write in a care plan: %w", err)
		}
		if ops[0].Kind == record.Create && ops[0].IfNoneExist != nil && !made[0].Created {
			continue // the plan was made at the same moment
		}
		return f.Plan(ctx, patient)
	}
}

// receipt is by what a thing that was said is known again.
func (s *Saying) receipt(patient fhir.ID) []byte {
	if s.Key == "" {
		return nil
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "say %s %q", patient, *s))
	return sum[:]
}

// complain refuses what cannot be said, and fills in who says it.
func (f *Flow) complain(patient fhir.ID, s *Saying) error {
	s.Text = strings.TrimSpace(s.Text)
	self := "Patient/" + string(patient)
	if f.view.Subject().Role() == access.Patient {
		s.By = self
	}
	if s.What == SayWords && s.By == "" {
		s.By = self
	}
	switch typ, id, _ := strings.Cut(s.By, "/"); {
	case !slices.Contains(Sayings(), s.What):
		return fault.New(fault.Invalid, "What can be said is: "+strings.Join(Sayings(), ", ")+".")
	case s.Text == "":
		return fault.New(fault.Invalid, "Say it in words.")
	case len(s.Text) > 10_000:
		return fault.New(fault.Invalid, "This is more than a plan holds in one note: 10,000 letters.")
	case s.By != "" && s.By != self && (typ != "RelatedPerson" || !fhir.ID(id).Valid()):
		return fault.New(fault.Invalid, "Who says it is the person, somebody who cares for them (RelatedPerson/x), or whoever writes.")
	case s.What == SayAction && s.Owner == "":
		return fault.New(fault.Invalid, "Say who does it: an Organization, or the person themselves as Patient/x.")
	case s.What == SayAction && s.Due == "":
		return fault.New(fault.Invalid, "Say by which day it is to be done.")
	}
	if typ, id, _ := strings.Cut(s.Owner, "/"); s.Owner != "" && s.Owner != self && (typ != "Organization" || !fhir.ID(id).Valid()) {
		return fault.New(fault.Invalid, "Who does it is an Organization, or the person themselves as Patient/x.")
	}
	if s.Due != "" {
		if _, err := timeline.ParseDay(s.Due); err != nil {
			return fault.Wrap(fault.Invalid, "A day is written as 2026-02-01.", err)
		}
	}
	return nil
}

// saying returns the making of what is said: the plan first, which it is made if
// there is none.
func (f *Flow) saying(ctx context.Context, patient fhir.ID, s *Saying, tags []coding) ([]record.Op, error) {
	r, err := f.planned(ctx, patient)
	if err != nil {
		return nil, err
	}
	self := reference{Reference: "Patient/" + string(patient)}
	names := 1
	var extra []record.Op
	var note, goal any
	switch s.What {
	case SayGoal:
		names++
		op, err := creation("Goal", name(names), f.goal(s, self, tags))
		if err != nil {
			return nil, err
		}
		extra = append(extra, op)
		goal = reference{Reference: name(names)}
	case SayAction:
		op, err := f.action(s, self, tags)
		if err != nil {
			return nil, err
		}
		extra = append(extra, op)
	default:
		note = f.note(s)
	}
	if r.one == nil {
		op, err := onePlan(self, tags, name(1), f.clock(), note, goal)
		return append([]record.Op{op}, extra...), err
	}
	if note == nil && goal == nil {
		return extra, nil
	}
	if note != nil {
		r.one.add("note", note)
	}
	if goal != nil {
		r.one.add("goal", goal)
	}
	op, err := r.one.op()
	return append([]record.Op{op}, extra...), err
}

// note is what was said as the plan keeps it: by whom, when, and who wrote it down.
func (f *Flow) note(s *Saying) map[string]any {
	parts := []extension{{URL: "kind", Code: s.What}}
	n := map[string]any{"time": instant(f.clock()), "text": s.Text}
	who := f.who()
	if s.By != "" {
		n["authorReference"] = reference{Reference: s.By}
		if who != "" {
			parts = append(parts, extension{URL: "written-by", Text: who})
		}
	} else {
		n["authorString"] = who
	}
	n["extension"] = []extension{{URL: saidURL, Extension: parts}}
	return n
}

func (f *Flow) goal(s *Saying, self reference, tags []coding) map[string]any {
	g := map[string]any{
		"resourceType": "Goal", "meta": marks(false, tags...), "lifecycleStatus": "active", "description": concept{Text: s.Text}, "subject": self,
		"startDate": onDate(f.clock()),
	}
	if s.By != "" {
		g["expressedBy"] = reference{Reference: s.By}
	}
	target := map[string]any{}
	if s.Measure != "" {
		target["measure"] = concept{Text: s.Measure}
	}
	if s.Target != "" {
		target["detailString"] = s.Target
		if s.Measure == "" { // a detail is of a measure
			target["measure"] = concept{Text: s.Text}
		}
	}
	if s.Due != "" {
		target["dueDate"] = s.Due
	}
	if len(target) > 0 {
		g["target"] = []any{target}
	}
	return g
}

func (f *Flow) action(s *Saying, self reference, tags []coding) (record.Op, error) {
	now := f.clock()
	day, _ := time.ParseInLocation(time.DateOnly, s.Due, clock.London)
	t := task{
		ResourceType: "Task", Meta: marks(false, append(slices.Clone(tags), coding{System: OpenTag, Code: s.Owner})...), Status: "requested",
		BusinessStatus: todo("todo"), Intent: "plan", Code: concept{Coding: []coding{{System: KindSystem, Code: KindAction}}, Text: s.Text},
		For: self, AuthoredOn: instant(now), LastModified: instant(now), Owner: reference{Reference: s.Owner},
		Restriction: &restriction{Period: period{End: instant(day.AddDate(0, 0, 1).Add(-time.Second))}},
	}
	return creation("Task", name(3), t)
}

// onePlan returns the making of the person's one care plan, which is not made when
// it is there already.
func onePlan(patient reference, tags []coding, named string, now time.Time, note, goal any) (record.Op, error) {
	body := map[string]any{
		"resourceType": "CarePlan", "meta": marks(false, append(slices.Clone(tags), coding{System: planTag, Code: "one"})...), "status": "active", "intent": "plan",
		"title": "My care plan", "subject": patient,
	}
	if note != nil {
		body["note"] = []any{note}
	}
	if goal != nil {
		body["goal"] = []any{goal}
	}
	op, err := creation("CarePlan", named, body)
	if err != nil {
		return op, err
	}
	op.IfNoneExist, err = search.Parse("CarePlan", []search.Pair{{Name: "patient", Value: patient.Reference}, {Name: "_tag", Value: planTag + "|one"}}, search.Options{Strict: true, Now: now})
	if err != nil {
		return op, fmt.Errorf("look for the person's plan: %w", err)
	}
	return op, nil
}

// modelGoals returns the making of the goals that a model has for each person in
// it: those that a questionnaire of that person tells.
func (k *making) modelGoals(m *model.Model, patient reference, tags []coding) (ops []record.Op, refs []reference, err error) {
	for _, g := range m.Goals {
		measure := m.Measure(g.Measure)
		if measure == nil || measure.Questionnaire == "" {
			continue
		}
		target := map[string]any{"measure": concept{Coding: []coding{{System: measureSystem, Code: m.ID + "/" + measure.ID}}, Text: measure.Title}}
		if g.Target != "" {
			target["detailString"] = g.Target
		}
		of := []coding{{System: ofTag, Code: "Task/" + string(k.r.Task)}, {System: ModelSystem, Code: m.ID}}
		op, err := creation("Goal", k.name(), map[string]any{
			"resourceType": "Goal", "meta": marks(k.r.finding, append(slices.Clone(tags), of...)...), "lifecycleStatus": "active",
			"description": concept{Text: g.Says}, "subject": patient, "startDate": onDate(k.now), "target": []any{target},
		})
		if err != nil {
			return nil, nil, err
		}
		ops, refs = append(ops, op), append(refs, reference{Reference: op.FullURL})
	}
	return ops, refs, nil
}

// compare looks for what the model that begins asks and does not go together with
// those that the person is in, and puts it on the lists of both.
func (k *making) compare(ctx context.Context, m *model.Model, during period) error {
	r, err := k.planned(ctx, k.r.Patient)
	if err != nil {
		return err
	}
	beside := &together.Part{Model: m, From: k.now}
	beside.To, _ = time.Parse(time.RFC3339, during.End)
	found, err := k.conflicts(ctx, r, beside)
	if err != nil {
		return err
	}
	services := r.servicesOf()
	services[m.ID] = "HealthcareService/" + string(k.r.Service)
	ops, err := k.undecided(r, found, k.r.Organization, k.r.Patient, testTags(k.r.task.doc.Root()), services, k.name)
	k.ops = append(k.ops, ops...)
	return err
}

// meets looks whether a task that is planned for a time is at one time with
// another, and puts that on the lists of both.
func (f *Flow) meets(ctx context.Context, t *held, at time.Time) ([]record.Op, error) {
	patient := idOf(t.get("for", "reference").Text(), "Patient/")
	r, err := f.planned(ctx, patient)
	if err != nil {
		return nil, err
	}
	r.tasks = slices.DeleteFunc(r.tasks, func(h *held) bool { return h.id == t.id })
	late := *t
	late.planned = at
	r.tasks = append(r.tasks, &late)
	found, err := f.conflicts(ctx, r, nil)
	if err != nil {
		return nil, err
	}
	names := 0
	return f.undecided(r, found, t.get("owner", "reference").Text(), patient, testTags(t.doc.Root()), r.servicesOf(), func() string { names++; return name(names) })
}

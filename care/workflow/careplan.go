package workflow

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"joinery/care/applied"
	"joinery/care/model/together"
	"joinery/fhir"
	"joinery/record"
)

// A person has one care plan, with a part for each model that they are in. What
// they say themselves stands first. Nothing is taken out of it: what is said later
// stands before what was said earlier, and each change is a version. What two
// models ask that does not go together is found each time the plan is looked at,
// and is on somebody's list until it was decided.

const (
	saidURL       = "urn:joinery:said" // of a note of the plan: what it is
	plannedURL    = "urn:joinery:planned-for"
	measureSystem = "urn:joinery:measure"
	conflictCode  = "urn:joinery:conflict" // Task.code: which conflict is to be decided
)

// Plan is a person's care plan as a subject may see it.
type Plan struct {
	Patient   fhir.ID        `json:"patient"`
	ID        fhir.ID        `json:"id,omitempty"`      // of the CarePlan; empty: nothing was written yet
	Version   string         `json:"version,omitempty"` // its ETag
	At        time.Time      `json:"at"`
	Words     []Said         `json:"words"`     // what matters to the person, in their own words, the newest first
	Worse     []Said         `json:"worse"`     // what to do if things get worse
	Notes     []Said         `json:"notes"`     // what else was written
	Goals     []PlanGoal     `json:"goals"`     // those that are open first
	Actions   []PlanAction   `json:"actions"`   // what is to be done, what is due first
	Parts     []PlanPart     `json:"parts"`     // of models, those that go on first
	Conflicts []PlanConflict `json:"conflicts"` // undecided ones first
}

// Said is something that was said, by whom and when, and who wrote it down.
type Said struct {
	Text    string    `json:"text"`
	By      string    `json:"by"`                // "Patient/x", "RelatedPerson/x" or a name
	Written string    `json:"written,omitempty"` // who wrote it down, if another
	At      time.Time `json:"at"`
}

// PlanGoal is a goal of the person.
type PlanGoal struct {
	Goal    fhir.ID `json:"goal"`
	Says    string  `json:"says"`
	Measure string  `json:"measure,omitempty"` // model/measure that tells
	Target  string  `json:"target,omitempty"`
	By      string  `json:"by,omitempty"` // whose goal it is, or the model
	Due     string  `json:"due,omitempty"`
	Status  string  `json:"status"`
}

// PlanAction is something that is to be done.
type PlanAction struct {
	Task    fhir.ID   `json:"task"`
	Says    string    `json:"says"`
	Owner   string    `json:"owner"`
	Claimed string    `json:"claimed,omitempty"`
	Model   string    `json:"model,omitempty"`
	Due     time.Time `json:"due,omitzero"`
	Planned time.Time `json:"planned,omitzero"`
	Late    bool      `json:"late,omitempty"`
	Title   string    `json:"title"` // of the state
}

// PlanPart is a person's time in one model.
type PlanPart struct {
	Plan   fhir.ID   `json:"plan"`
	Title  string    `json:"title"`
	Model  string    `json:"model"` // id|version|hash
	Says   string    `json:"says"`
	Status string    `json:"status"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to,omitzero"`
}

// PlanConflict is something that two models ask and that does not go together.
type PlanConflict struct {
	Key     string    `json:"key"`
	Says    string    `json:"says"`
	Do      string    `json:"do"`
	On      time.Time `json:"on,omitzero"`
	Task    fhir.ID   `json:"task,omitempty"`    // by which it is decided
	Owner   string    `json:"owner,omitempty"`   // who is to decide
	Decided string    `json:"decided,omitempty"` // what was; empty: nothing yet
}

// planned is what is read of a person's plan.
type planned struct {
	one   *held
	parts []*held
	goals []*held
	tasks []*held
}

// Plan returns a person's care plan. The fault is NotFound when there is no such
// person for the subject.
func (f *Flow) Plan(ctx context.Context, patient fhir.ID) (*Plan, error) {
	if !patient.Valid() {
		return nil, errNoPerson
	}
	if _, err := f.person(ctx, patient); err != nil {
		return nil, err
	}
	r, err := f.planned(ctx, patient)
	if err != nil {
		return nil, err
	}
	p := &Plan{Patient: patient, At: f.clock()}
	r.notes(p)
	for _, g := range r.goals {
		p.Goals = append(p.Goals, goalOf(g))
	}
	slices.SortStableFunc(p.Goals, func(a, b PlanGoal) int { return btoi(a.Status != "active") - btoi(b.Status != "active") })
	for _, h := range r.parts {
		p.Parts = append(p.Parts, partOf(h))
	}
	slices.SortStableFunc(p.Parts, func(a, b PlanPart) int { return btoi(a.Status != "active") - btoi(b.Status != "active") })
	r.actions(p)
	found, err := f.conflicts(ctx, r, nil)
	if err != nil {
		return nil, err
	}
	for i := range found {
		p.Conflicts = append(p.Conflicts, r.conflict(&found[i]))
	}
	slices.SortStableFunc(p.Conflicts, func(a, b PlanConflict) int { return btoi(a.Decided != "") - btoi(b.Decided != "") })
	return p, nil
}

// planned reads all that a person's plan is made of.
func (f *Flow) planned(ctx context.Context, patient fhir.ID) (*planned, error) {
	out := &planned{}
	of := "Patient/" + string(patient)
	keep := func(into *[]*held) func(*held) {
		return func(h *held) {
			if kept(h.doc.Root()) {
				*into = append(*into, h)
			}
		}
	}
	var plans []*held
	if err := f.each(ctx, keep(&plans), "CarePlan", "patient", of); err != nil {
		return nil, err
	}
	for _, h := range plans {
		if tagged(h.doc.Root(), planTag) == "one" {
			out.one = h
		} else {
			out.parts = append(out.parts, h)
		}
	}
	if err := f.each(ctx, keep(&out.goals), "Goal", "patient", of); err != nil {
		return nil, err
	}
	return out, f.each(ctx, keep(&out.tasks), "Task", "patient", of)
}

// notes reads what was said.
func (r *planned) notes(p *Plan) {
	if r.one == nil {
		return
	}
	p.ID, p.Version = r.one.id, r.one.etag
	p.Words, p.Worse, p.Notes = Notes(r.one.doc.Root())
}

// Notes returns what was said in a CarePlan, the newest first: what matters to the
// person in their own words, what to do if things get worse, and whatever else.
func Notes(plan fhir.Value) (words, worse, notes []Said) {
	for n := range plan.Get("note").Items() {
		s := Said{Text: n.Get("text").Text(), By: n.Get("authorString").Text() + n.At("authorReference", "reference").Text()}
		s.At, _ = time.Parse(time.RFC3339, n.Get("time").Text())
		into := &notes
		for part := range extended(n, saidURL).Get("extension").Items() {
			switch {
			case part.Get("url").Is("written-by"):
				s.Written = part.Get("valueString").Text()
			case !part.Get("url").Is("kind"):
			case part.Get("valueCode").Is(SayWords):
				into = &words
			case part.Get("valueCode").Is(SayWorse):
				into = &worse
			}
		}
		*into = append(*into, s)
	}
	for _, list := range [][]Said{words, worse, notes} {
		slices.SortStableFunc(list, func(a, b Said) int { return b.At.Compare(a.At) })
	}
	return words, worse, notes
}

func goalOf(g *held) PlanGoal {
	measure := g.get("target", "measure")
	return PlanGoal{
		Goal: g.id, Says: g.get("description", "text").Text(), Status: g.get("lifecycleStatus").Text(), By: g.get("expressedBy", "reference").Text() + tagged(g.doc.Root(), ModelSystem),
		Measure: cmp.Or(coded(measure, measureSystem), measure.Get("text").Text()), Target: g.get("target", "detailString").Text(), Due: g.get("target", "dueDate").Text(),
	}
}

func partOf(h *held) PlanPart {
	p := PlanPart{
		Plan: h.id, Title: h.get("title").Text(), Model: extended(h.doc.Root(), modelURL).Get("valueString").Text(),
		Says: h.get("description").Text(), Status: h.get("status").Text(),
	}
	p.From, _ = time.Parse(time.RFC3339, h.get("period", "start").Text())
	p.To, _ = time.Parse(time.RFC3339, h.get("period", "end").Text())
	return p
}

// actions lists what is to be done: activities of models, and what was agreed
// beside them.
func (r *planned) actions(p *Plan) {
	for _, h := range r.tasks {
		kind := coded(h.get("code"), KindSystem)
		state := Tasks().Standing(State(coded(h.get("businessStatus"), jobSystem)))
		if kind != KindActivity && kind != KindAction || state == nil || state.Over() {
			continue
		}
		i := itemOf(h, p.At, p.At)
		p.Actions = append(p.Actions, PlanAction{
			Task: i.Task, Says: i.About, Owner: i.Owner, Claimed: i.Claimed, Model: i.Model, Due: i.Due, Late: i.Late, Title: state.Title, Planned: plannedFor(h),
		})
	}
	when := func(a *PlanAction) time.Time {
		if !a.Planned.IsZero() {
			return a.Planned
		}
		return a.Due
	}
	slices.SortStableFunc(p.Actions, func(a, b PlanAction) int {
		return cmp.Or(later(when(&a), when(&b)), strings.Compare(string(a.Task), string(b.Task)))
	})
}

// plannedFor returns for when a task is planned; the last that was said holds.
func plannedFor(t *held) (at time.Time) {
	if !t.planned.IsZero() {
		return t.planned
	}
	for e := range t.get("extension").Items() {
		if e.Get("url").Is(plannedURL) {
			at, _ = time.Parse(time.RFC3339, e.Get("valueDateTime").Text())
		}
	}
	return at
}

// conflicts finds what a person's models ask that does not go together, with a part
// that is about to begin.
func (f *Flow) conflicts(ctx context.Context, r *planned, beside *together.Part) ([]together.Conflict, error) {
	var parts []together.Part
	for _, h := range r.parts {
		if !h.get("status").Is("active") {
			continue
		}
		one := partOf(h)
		m, err := applied.Named(ctx, f.view, one.Model)
		if err != nil {
			return nil, fmt.Errorf("compare a person's models: %w", err)
		}
		p := together.Part{Model: m, From: one.From, To: one.To}
		for _, t := range r.tasks {
			if tagged(t.doc.Root(), ofTag) == tagged(h.doc.Root(), ofTag) && coded(t.get("code"), KindSystem) == KindActivity {
				p.Times = append(p.Times, timeOf(t))
			}
		}
		parts = append(parts, p)
	}
	if beside != nil {
		parts = append(parts, *beside)
	}
	if len(parts) < 2 {
		return nil, nil
	}
	return together.Find(parts, f.clock()), nil
}

func timeOf(t *held) together.Time {
	out := together.Time{Activity: coded(t.get("code"), activitySys), At: plannedFor(t)}
	if t.get("status").Is("completed") {
		out.Done = true
		out.At, _ = time.Parse(time.RFC3339, t.get("lastModified").Text())
	}
	return out
}

// conflict tells a conflict with what was decided of it, or who is to decide.
func (r *planned) conflict(c *together.Conflict) PlanConflict {
	out := PlanConflict{Key: c.Key, Says: c.Says, Do: c.Do, On: c.On}
	for _, h := range r.tasks {
		if coded(h.get("code"), conflictCode) != c.Key {
			continue
		}
		out.Task, out.Owner = h.id, h.get("owner", "reference").Text()
		if h.get("status").Is("completed") {
			out.Decided = "done"
			for o := range h.get("output").Items() {
				out.Decided = o.Get("valueString").Text()
			}
		}
	}
	return out
}

// undecided returns the making of the tasks by which conflicts are decided that
// nobody has to decide yet. They are on the lists of all services that ask for what
// does not go together; the one whose move brought it about decides.
func (f *Flow) undecided(r *planned, found []together.Conflict, owner string, patient fhir.ID, tags []coding, services map[string]string, named func() string) ([]record.Op, error) {
	var out []record.Op
	for i := range found {
		c := &found[i]
		if slices.ContainsFunc(r.tasks, func(h *held) bool { return coded(h.get("code"), conflictCode) == c.Key }) {
			continue
		}
		lists := slices.Clone(tags)
		for _, side := range c.Of {
			list := coding{System: OpenTag, Code: services[side.Model]}
			if list.Code != "" && !slices.Contains(lists, list) {
				lists = append(lists, list)
			}
		}
		now := f.clock()
		t := task{
			ResourceType: "Task", Meta: marks(false, lists...), Status: "requested", BusinessStatus: todo("todo"), Intent: "order", Priority: "urgent",
			Code:        concept{Coding: []coding{{System: KindSystem, Code: KindConflict}, {System: conflictCode, Code: c.Key}}, Text: "Decide what does not go together"},
			Description: c.Says + " " + c.Do, For: reference{Reference: "Patient/" + string(patient)},
			AuthoredOn: instant(now), LastModified: instant(now), Owner: reference{Reference: owner},
		}
		op, err := creation("Task", named(), t)
		if err != nil {
			return nil, err
		}
		out = append(out, op)
	}
	return out, nil
}

// servicesOf returns by which service a person is in each model that goes on.
func (r *planned) servicesOf() map[string]string {
	out := map[string]string{}
	for _, h := range r.parts {
		if h.get("status").Is("active") {
			id, _, _ := strings.Cut(partOf(h).Model, "|")
			out[id] = tagged(h.doc.Root(), atTag)
		}
	}
	return out
}

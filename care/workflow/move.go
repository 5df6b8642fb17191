package workflow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"joinery/care/applied"
	"joinery/care/directory"
	"joinery/care/model"
	"joinery/care/workflow/clock"
	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
)

// Making is a move to be made.
type Making struct {
	Move string
	// Version is the ETag of the Task that it is made from: whoever moved since is
	// not overrun, and the same move sent twice is made once. Empty: as it is now.
	Version  string
	Reason   string  // code
	Says     string  // in words: the question, the answer, or whatever is to be said
	Service  fhir.ID // that is to have it: of a re-route, or of who takes the person on
	Back     string  // instead: what the referrer's organisation is to do now, in words
	When     time.Time
	Outcome  string // code or words
	Priority string // of a wait
	// Answers are what was answered while an activity was done, by
	// "questionnaire/question".
	Answers map[string]string
	// Exception is by which of the model's exceptions somebody goes before others
	// who wait.
	Exception string
}

// Actions returns the moves that the subject may make now, which is none for who
// is on no side of the referral.
func (f *Flow) Actions(ctx context.Context, task fhir.ID) (*Referral, []*Move, error) {
	r, err := f.Referral(ctx, task)
	if err != nil {
		return nil, nil, err
	}
	return r, Referrals().Legal(r.State, f.sides(r)...), nil
}

// Move makes a move, and returns the referral as it is then: at the next service
// when it was sent on. The fault is Denied when the subject is on no side that
// may make it, Invalid when something that it needs is missing, and Conflict,
// with the present state, when it cannot be made from that: somebody else was
// quicker, perhaps.
func (f *Flow) Move(ctx context.Context, task fhir.ID, m Making) (*Referral, error) {
	r, err := f.Referral(ctx, task)
	if err != nil {
		return nil, err
	}
	return f.move(ctx, r, m)
}

func (f *Flow) move(ctx context.Context, r *Referral, m Making) (*Referral, error) {
	move := Referrals().Move(m.Move)
	if move == nil {
		return nil, fault.New(fault.Invalid, "There is no such move. Ask for $actions to see which can be made.")
	}
	if m.Version != "" && m.Version != r.ETag {
		if r.already(&m) {
			return f.ahead(ctx, r)
		}
		return nil, moved(r)
	}
	side, err := f.may(r, move)
	if err != nil {
		return nil, err
	}
	made, err := f.make(ctx, r, move, &m, side)
	var op *record.OpError
	if errors.As(err, &op) && (fault.KindOf(err) == fault.Conflict || fault.KindOf(err) == fault.Precondition) {
		if now, again := f.Referral(ctx, r.Task); again == nil {
			return nil, moved(now)
		}
	}
	return made, err
}

// already reports whether the move was made from the version that it names.
func (r *Referral) already(m *Making) bool {
	from := string(r.Task) + " " + m.Version
	return slices.ContainsFunc(r.History, func(s Step) bool { return s.made == from && s.Move == m.Move })
}

// ahead returns the referral at the service that it was sent on to, as far as the
// subject may see it there: what a move that was made already is answered with.
func (f *Flow) ahead(ctx context.Context, r *Referral) (*Referral, error) {
	if r.next == "" {
		return r, nil
	}
	next, err := f.Referral(ctx, r.next)
	if fault.KindOf(err) == fault.NotFound {
		return r, nil
	}
	return next, err
}

func moved(r *Referral) error {
	return fault.New(fault.Conflict, "This has moved on meanwhile: it is now "+Referrals().Standing(r.State).Title+". Look at it again.")
}

// may refuses who may not make a move now, and says on which side they make it.
func (f *Flow) may(r *Referral, move *Move) (Side, error) {
	at := -1
	sides := f.sides(r)
	for i, side := range sides {
		if slices.Contains(move.By, side) {
			at = i
			break
		}
	}
	if at < 0 {
		return "", fault.New(fault.Denied, "This move is for "+listOf(move.By)+" of the referral, and you are none of these.")
	}
	if !slices.Contains(move.From, r.State) {
		return "", fault.New(fault.Conflict, "The referral is "+Referrals().Standing(r.State).Title+"; from there it cannot "+move.Name+".")
	}
	return sides[at], nil
}

func listOf(sides []Side) string {
	var words []string
	for _, s := range sides {
		words = append(words, "the "+string(s))
	}
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// making is a move on its way.
type making struct {
	*Flow
	r     *Referral
	move  *Move
	m     *Making
	side  Side
	now   time.Time
	to    *Standing
	next  *directory.Service // to which it goes on; nil: none
	model *model.Model       // that is in force there; nil: none
	ops   []record.Op
	names int

	limits []record.Limit
}

func (f *Flow) make(ctx context.Context, r *Referral, move *Move, m *Making, side Side) (*Referral, error) {
	k := &making{Flow: f, r: r, move: move, m: m, side: side, now: f.clock(), to: Referrals().Standing(move.To)}
	if err := k.needed(ctx); err != nil {
		return nil, err
	}
	if begins := r.ModelName != "" && (move.Name == "start" || move.Name == "book"); begins {
		if err := k.turn(ctx); err != nil {
			return nil, err
		}
	} else if m.Exception != "" {
		return nil, fault.New(fault.Invalid, "An exception is for who begins, or gets a date, at a model of care before others.")
	}
	if err := k.change(ctx); err != nil {
		return nil, err
	}
	made, err := f.view.TransactWithin(ctx, k.ops, k.limits...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", move.Name, err)
	}
	return f.made(made)
}

// needed refuses a move that lacks something, and looks up what it names.
func (k *making) needed(ctx context.Context) error {
	if k.move.needs(NeedReason) {
		if err := Referrals().reason(k.move, k.m.Reason); err != nil {
			return err
		}
	}
	for _, n := range []struct {
		need    Need
		missing bool
		say     string
	}{
		{NeedQuestion, strings.TrimSpace(k.m.Says) == "", "Say what you need to know."},
		{NeedAnswer, strings.TrimSpace(k.m.Says) == "", "Say what the answer is."},
		{NeedWhen, k.m.When.IsZero(), "Say for when it is booked, or until when it is put off."},
		{NeedOutcome, strings.TrimSpace(k.m.Outcome) == "", "Say how it ended: the outcome."},
	} {
		if k.move.needs(n.need) && n.missing {
			return fault.New(fault.Invalid, n.say)
		}
	}
	if k.move.needs(NeedWhen) && k.m.When.Before(k.now.Add(-24*time.Hour)) {
		return fault.New(fault.Invalid, "That date is past.")
	}
	if k.m.Priority != "" && !slices.Contains(bands, k.m.Priority) {
		return fault.New(fault.Invalid, "The priorities are routine, urgent, asap and stat.")
	}
	return k.onward(ctx)
}

// onward finds who takes the person on. A move that ends a referral here without
// helping cannot be made without.
func (k *making) onward(ctx context.Context) error {
	target := k.m.Service
	switch {
	case k.move.needs(NeedOnward) && target == "" && strings.TrimSpace(k.m.Back) == "":
		return fault.New(fault.Invalid, "Nobody is turned away without somebody who takes them on: name a service, or say what the referrer's organisation is to do.")
	case k.move.needs(NeedOnward) && target == "":
		if !strings.HasPrefix(k.r.Requester, "Organization/") {
			return fault.New(fault.Invalid, "This was asked for by the person or their carer, who cannot be left with it: name a service that takes them on.")
		}
		return nil
	case k.move.Name == "forward" && target == "":
		target = k.r.Wanted
	case !k.move.needs(NeedOnward) && !k.move.needs(NeedService):
		return nil
	case target == "":
		return fault.New(fault.Invalid, "Name the service that it goes on to.")
	}
	if target == k.r.Service {
		return fault.New(fault.Invalid, "It is with that service already: name another.")
	}
	if k.r.had(target) {
		return fault.New(fault.Invalid, "That service had this referral and gave it away: name another, so that nobody is sent round in circles.")
	}
	var err error
	if k.next, err = directory.Find(ctx, k.view, target); err != nil {
		return err //nolint:wrapcheck // it says what it was doing
	}
	if err := k.next.Usable(); err != nil {
		return err //nolint:wrapcheck // it is fit to be shown
	}
	if !k.next.Takes(directory.FromService) && !k.next.Takes(directory.FromProfessional) {
		return fault.New(fault.Invalid, "That service does not take referrals of other services.")
	}
	if asked, _, _ := strings.Cut(k.r.asked, "|"); k.next.ID == k.r.Wanted && asked == k.next.Model && asked != "" {
		k.model, err = applied.Named(ctx, k.view, k.r.asked) // as it was when it was asked for
	} else {
		k.model, err = k.inForce(ctx, k.next)
	}
	if err != nil {
		return fmt.Errorf("send on: %w", err)
	}
	return nil
}

// log adds a step to the history.
func (k *making) log(s Step) {
	k.r.History = append(k.r.History, s)
	k.r.request.add("extension", s.extension())
}

func (k *making) name() string {
	k.names++
	return name(k.names)
}

// change writes the move into the referral's resources.
func (k *making) change(ctx context.Context) error {
	step := Step{Move: k.move.Name, At: k.now, By: k.side, Who: k.who(), Service: k.r.Service, Reason: k.m.Reason, Says: k.says(), When: k.m.When, Exception: k.m.Exception, made: string(k.r.Task) + " " + k.r.ETag}
	k.log(step)
	if k.next != nil {
		k.log(Step{Move: "send", At: k.now, By: k.side, Who: k.who(), Service: k.next.ID})
	}
	was := k.r.State
	k.r.State = k.move.To
	switch {
	case k.r.ModelName == "":
	case k.move.To == "active" && Referrals().Standing(was).Task != "in-progress" && was != "paused":
		if err := k.begin(ctx); err != nil {
			return err
		}
	case k.to.Over() && (was == "active" || was == "paused"):
		if err := k.end(ctx); err != nil {
			return err
		}
	}
	k.r.read(k.now)
	k.changeTask()
	k.changeRequest()
	for _, do := range []func() error{k.changeEpisode, k.changeQuestion, k.passOn, k.giveBack} {
		if err := do(); err != nil {
			return err
		}
	}
	for _, h := range []*held{k.r.request, k.r.task} {
		op, err := h.op()
		if err != nil {
			return err
		}
		k.ops = append(k.ops, op)
	}
	return nil
}

// says is what history keeps of what was said.
func (k *making) says() string {
	var parts []string
	for _, s := range []string{k.m.Says, k.m.Outcome, k.m.Back} {
		if s = strings.TrimSpace(s); s != "" {
			parts = append(parts, s)
		}
	}
	if !k.m.When.IsZero() {
		parts = append(parts, "for "+instant(k.m.When))
	}
	if k.m.Priority != "" {
		parts = append(parts, "priority "+k.m.Priority)
	}
	return strings.Join(parts, "; ")
}

func (k *making) changeTask() {
	t := k.r.task
	t.set("status", k.to.Task)
	t.set("businessStatus", stateOf(k.move.To))
	t.set("lastModified", instant(k.now))
	if k.m.Reason != "" {
		t.set("statusReason", concept{Coding: []coding{{System: reasonCodes, Code: k.m.Reason}}, Text: k.m.Says})
	}
	if k.m.Outcome != "" {
		t.add("output", output{Type: concept{Text: "outcome"}, Code: &concept{Coding: []coding{{System: "urn:joinery:outcome", Code: slug(k.m.Outcome)}}, Text: k.m.Outcome}})
	}
	if k.m.Priority != "" {
		t.set("priority", k.m.Priority)
	}
	switch k.move.Name {
	case "book":
		t.add("extension", extension{URL: bookedURL, DateTime: instant(k.m.When)})
	case "defer":
		t.add("extension", extension{URL: deferredURL, DateTime: instant(k.m.When)})
	case "wait": // whoever was left out of the line is back in it
		t.add("extension", extension{URL: deferredURL, DateTime: instant(k.now)})
	}
	service := "HealthcareService/" + string(k.r.Service)
	switch {
	case k.to.Over():
		t.set("meta", retag(t.doc.Root(), []string{OpenTag, ClaimTag}))
		t.set("restriction", nil)
		return
	case k.move.Name == "send":
		t.add("extension", extension{URL: sinceURL, DateTime: instant(k.now)})
		t.set("meta", retag(t.doc.Root(), []string{OpenTag}, coding{System: OpenTag, Code: service}))
	}
	t.set("restriction", nil)
	if !k.r.Due.IsZero() {
		t.set("restriction", restriction{Period: period{End: instant(k.r.Due)}})
	}
}

func slug(s string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, s), "-")
}

func (k *making) changeRequest() {
	q := k.r.request
	status := k.to.Request
	if status == "" { // it depends on who takes the person on
		status = "revoked"
		if k.next != nil {
			status = "active"
		}
	}
	q.set("status", status)
	k.hold()
	if k.next != nil && k.next.ID != k.r.Wanted {
		q.set("performer", []reference{{Reference: k.next.Reference(), Display: k.next.Name}})
	}
}

// hold holds a referral that is sent on to what the next service and its model hold
// it to, beside what it is held to already: their clocks begin when it was asked for
// first.
func (k *making) hold() {
	if k.next == nil {
		return
	}
	add := func(s *clock.Standard, e extension) {
		if !slices.ContainsFunc(k.r.standards, func(one *clock.Standard) bool { return one.ID == s.ID }) {
			k.r.standards = append(k.r.standards, s)
			k.r.request.add("extension", e)
		}
	}
	for _, id := range k.next.Standards {
		if s, known := clock.Find(id); known {
			add(s, extension{URL: standardURL, Code: id})
		}
	}
	if k.model == nil {
		return
	}
	for _, s := range standardsOf(k.model) {
		add(s, standardExtension(s))
	}
	if k.model.Name() != k.r.asked {
		k.r.request.add("extension", extension{URL: modelURL, Text: k.model.Name()})
	}
}

func (k *making) changeEpisode() error {
	if k.move.Name == "send" {
		op, err := k.episode(k.r, reference{Reference: "Patient/" + string(k.r.Patient)}, "ServiceRequest/"+string(k.r.Request), k.name(), testTags(k.r.task.doc.Root()))
		k.ops = append(k.ops, op)
		return err
	}
	e := k.r.episode
	if e == nil || k.to.Episode == "" || e.get("status").Is(k.to.Episode) {
		return nil
	}
	return k.episodeTo(e, k.to.Episode)
}

// episodeTo brings an episode into another status, and keeps when it was in the
// one before.
func (k *making) episodeTo(e *held, status string) error {
	var history []any
	for h := range e.get("statusHistory").Items() {
		one := episodeStatus{Status: h.Get("status").Text(), Period: period{Start: h.At("period", "start").Text(), End: h.At("period", "end").Text()}}
		if one.Period.End == "" {
			one.Period.End = instant(k.now)
		}
		history = append(history, one)
	}
	now := episodeStatus{Status: status, Period: period{Start: instant(k.now)}}
	if status == "finished" || status == "cancelled" {
		now.Period.End = instant(k.now)
		e.set("period", period{Start: e.get("period", "start").Text(), End: instant(k.now)})
	}
	e.set("statusHistory", append(history, now))
	e.set("status", status)
	op, err := e.op()
	k.ops = append(k.ops, op)
	return err
}

// changeQuestion asks the referrer, or ends the asking.
func (k *making) changeQuestion() error {
	if k.move.Name == "ask" {
		t := task{
			ResourceType: "Task", Meta: marks(k.r.finding, append(testTags(k.r.task.doc.Root()), coding{System: OpenTag, Code: k.r.Requester})...),
			PartOf: []reference{{Reference: "Task/" + string(k.r.Task)}}, Status: "requested",
			BusinessStatus: concept{Text: "waits for an answer"}, Intent: "order", Priority: k.r.Priority,
			Code:        concept{Coding: []coding{{System: KindSystem, Code: KindQuestion}}, Text: "Answer a question of " + k.r.ServiceName},
			Description: k.m.Says, For: reference{Reference: "Patient/" + string(k.r.Patient)},
			AuthoredOn: instant(k.now), LastModified: instant(k.now), Owner: reference{Reference: k.r.Requester},
		}
		op, err := creation("Task", k.name(), t)
		k.ops = append(k.ops, op)
		return err
	}
	if k.r.question == nil {
		return nil
	}
	q := k.r.question
	q.set("status", "cancelled")
	if k.move.Name == "answer" {
		q.set("status", "completed")
		q.add("output", output{Type: concept{Text: "answer"}, Text: k.m.Says})
	}
	q.set("lastModified", instant(k.now))
	q.set("meta", retag(q.doc.Root(), []string{OpenTag}))
	op, err := q.op()
	k.ops = append(k.ops, op)
	return err
}

// passOn makes the Task and the episode at the next service.
func (k *making) passOn() error {
	if k.next == nil {
		return nil
	}
	r := &Referral{
		Service: k.next.ID, ServiceName: k.next.Name, Organization: k.next.Organization, Site: k.next.Site(), Priority: k.r.Priority,
		Patient: k.r.Patient, History: k.r.History, standards: k.r.standards, finding: k.r.finding, State: "sent",
	}
	if k.model != nil {
		r.Model, r.ModelName = k.model.ID, k.model.Name()
	}
	r.read(k.now)
	patient := reference{Reference: "Patient/" + string(k.r.Patient)}
	tags := testTags(k.r.task.doc.Root())
	t := k.task(r, patient, k.r.Requester, tags)
	t.Focus = &reference{Reference: "ServiceRequest/" + string(k.r.Request)}
	t.PartOf = []reference{{Reference: "Task/" + string(k.r.Task)}}
	t.due(r)
	job, err := creation("Task", k.name(), t)
	if err != nil {
		return err
	}
	episode, err := k.episode(r, patient, "ServiceRequest/"+string(k.r.Request), k.name(), tags)
	k.ops = append(k.ops, job, episode)
	return err
}

// giveBack makes the task of the referrer's organisation when it takes the person
// on.
func (k *making) giveBack() error {
	if !k.move.needs(NeedOnward) || k.next != nil {
		return nil
	}
	t := task{
		ResourceType: "Task", Meta: marks(k.r.finding, append(testTags(k.r.task.doc.Root()), coding{System: OpenTag, Code: k.r.Requester})...),
		BasedOn: []reference{{Reference: "ServiceRequest/" + string(k.r.Request)}},
		PartOf:  []reference{{Reference: "Task/" + string(k.r.Task)}}, Status: "requested",
		BusinessStatus: todo("todo"), Intent: "order", Priority: k.r.Priority,
		Code:        concept{Coding: []coding{{System: KindSystem, Code: KindOnward}}, Text: k.r.ServiceName + " could not help"},
		Description: k.m.Back, For: reference{Reference: "Patient/" + string(k.r.Patient)},
		AuthoredOn: instant(k.now), LastModified: instant(k.now), Owner: reference{Reference: k.r.Requester},
	}
	op, err := creation("Task", k.name(), t)
	k.ops = append(k.ops, op)
	return err
}

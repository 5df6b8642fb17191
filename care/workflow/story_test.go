package workflow_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"joinery/care/workflow"
	"joinery/care/workflow/clock"
	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
	"joinery/record/access"
)

func reading(t *testing.T, r *workflow.Referral, id string) clock.Reading {
	t.Helper()
	for _, c := range r.Clocks {
		if c.Standard.ID == id {
			return c
		}
	}
	t.Fatalf("the referral is not held to %s", id)
	return clock.Reading{}
}

// TestAReferralGoesFromDoorToDoor: a practice asks the falls car by the hub; the
// hub passes it on, the car sends it on to a team, which asks, is answered, and
// helps. The clock of the fall never begins again.
func TestAReferralGoesFromDoorToDoor(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		r, err := w.as(w.staff("gp")).Refer(t.Context(), workflow.Asking{Patient: "amina", Service: "falls-s", Via: "hub-s", Requester: "Organization/gp", Reason: "Fell at home, not hurt", Priority: "asap"})
		if err != nil {
			t.Fatal(err)
		}
		start := w.now
		if r.State != "sent" || r.Service != "hub-s" || r.Wanted != "falls-s" {
			t.Fatalf("it is %s with %s for %s, want sent with hub-s for falls-s", r.State, r.Service, r.Wanted)
		}
		w.pass(5 * time.Minute)
		r = w.do(w.staff("hub"), r, workflow.Making{Move: "forward"})
		if r.Service != "falls-s" || r.State != "sent" || r.Organization != "Organization/falls" {
			t.Fatalf("the hub passed it on to %s", r.Service)
		}
		w.pass(5 * time.Minute)
		r = w.do(w.staff("falls"), r, workflow.Making{Move: "reroute", Reason: "unsuitable", Service: "team-s"})
		w.pass(5 * time.Minute)
		r = w.do(w.staff("team"), r, workflow.Making{Move: "receive"})
		w.do(w.staff("team"), r, workflow.Making{Move: "ask", Says: "Can she get to the door?"})
		list, err := w.as(w.staff("gp")).Worklist(t.Context(), workflow.List{Of: "Organization/gp"})
		if err != nil || len(list.Items) != 1 || list.Items[0].Kind != workflow.KindQuestion {
			t.Fatalf("the practice's list has %v (%v), want the question", list, err)
		}
		w.pass(5 * time.Minute)
		now, err := w.as(w.staff("gp")).Do(t.Context(), list.Items[0].Task, workflow.Making{Move: "answer", Says: "Yes, slowly"})
		if err != nil {
			t.Fatal(err)
		}
		r = now.Referral
		if list, err = w.as(w.staff("gp")).Worklist(t.Context(), workflow.List{Of: "Organization/gp"}); err != nil || len(list.Items) != 0 {
			t.Errorf("after the answer the practice's list has %v (%v)", list, err)
		}
		r = w.do(w.staff("team"), r, workflow.Making{Move: "accept"})
		w.pass(30 * time.Minute)
		r = w.do(w.staff("team"), r, workflow.Making{Move: "start"})
		if c := reading(t, r, "falls-response"); !c.Start.Equal(start) || c.State != clock.Met {
			t.Errorf("the fall's clock is %s since %s, want met since %s", c.State, c.Start, start)
		}
		w.pass(time.Hour)
		r = w.do(w.staff("team"), r, workflow.Making{Move: "complete", Outcome: "Stayed at home"})
		if r.State != "completed" || len(r.History) != 11 {
			t.Errorf("it is %s after %d steps, want completed after 11", r.State, len(r.History))
		}
		for organisation, want := range map[string]bool{"gp": true, "hub": false, "falls": false, "team": false} {
			if _, err := w.rec.As(w.staff(organisation)).Read(t.Context(), "Patient", "amina"); (err == nil) != want {
				t.Errorf("%s sees the person = %v, want %v", organisation, err == nil, want)
			}
		}
	})
}

// TestNoWrongDoor: nobody is turned away without somebody who takes them on.
func TestNoWrongDoor(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		r := w.refer(workflow.Asking{})
		falls := w.as(w.staff("falls"))
		refused := func(m workflow.Making, say string) {
			t.Helper()
			_, err := falls.Do(t.Context(), r.Task, m)
			if fault.KindOf(err) != fault.Invalid || !strings.Contains(fault.MessageOf(err), say) {
				t.Errorf("%+v: %v, want a refusal that says %q", m, err, say)
			}
		}
		refused(workflow.Making{Move: "decline", Service: "team-s"}, "Give a reason, one of: no-room")
		refused(workflow.Making{Move: "decline", Reason: "died", Service: "team-s"}, "no reason to decline")
		refused(workflow.Making{Move: "decline", Reason: "no-room"}, "Nobody is turned away")
		refused(workflow.Making{Move: "decline", Reason: "no-room", Back: "  "}, "Nobody is turned away")
		refused(workflow.Making{Move: "decline", Reason: "no-room", Service: "falls-s"}, "with that service already")
		refused(workflow.Making{Move: "decline", Reason: "no-room", Service: "shut-s"}, "closed")
		refused(workflow.Making{Move: "decline", Reason: "no-room", Service: "nobodys-s"}, "which organisation")
		refused(workflow.Making{Move: "reroute", Reason: "no-room"}, "Name the service")
		if _, err := falls.Do(t.Context(), r.Task, workflow.Making{Move: "decline", Reason: "no-room", Service: "nowhere"}); fault.KindOf(err) != fault.NotFound {
			t.Errorf("declined to a service that is not there: %v", err)
		}
		r = w.do(w.staff("falls"), r, workflow.Making{Move: "decline", Reason: "no-room", Service: "team-s"})
		if r.Service != "team-s" || r.State != "sent" {
			t.Fatalf("it is %s with %s, want sent with team-s", r.State, r.Service)
		}
		_, err := w.as(w.staff("team")).Do(t.Context(), r.Task, workflow.Making{Move: "decline", Reason: "no-room", Service: "falls-s"})
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(fault.MessageOf(err), "round in circles") {
			t.Errorf("sent back to a service that declined: %v", err)
		}
		back := w.do(w.staff("team"), r, workflow.Making{Move: "decline", Reason: "unsuitable", Back: "See her at the practice this week"})
		if back.State != "declined" {
			t.Errorf("given back it is %s, want declined", back.State)
		}
		if got := w.read("ServiceRequest", r.Request).Get("status"); !got.Is("revoked") {
			t.Errorf("given back the ServiceRequest is %s, want revoked", got.Text())
		}
		list, err := w.as(w.staff("gp")).Worklist(t.Context(), workflow.List{Of: "Organization/gp"})
		if err != nil || len(list.Items) != 1 || list.Items[0].Kind != workflow.KindOnward || !strings.Contains(list.Items[0].About, "See her at the practice this week") {
			t.Fatalf("the practice's list has %+v (%v), want what it is to do", list, err)
		}
		done, err := w.as(w.staff("gp")).Do(t.Context(), list.Items[0].Task, workflow.Making{Move: "done", Outcome: "Seen"})
		if err != nil || done.State != "done" {
			t.Errorf("the practice's task: %+v, %v", done, err)
		}
	})
}

// TestWhoeverAsksForThemselvesIsNotLeftWithIt: a person's own referral cannot be
// given back to them.
func TestWhoeverAsksForThemselvesIsNotLeftWithIt(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		r, err := w.as(w.self("amina")).Refer(t.Context(), workflow.Asking{Patient: "amina", Service: "hub-s", Reason: "I am lonely"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.as(w.staff("hub")).Do(t.Context(), r.Task, workflow.Making{Move: "decline", Reason: "unsuitable", Back: "Ring someone else"})
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(fault.MessageOf(err), "cannot be left with it") {
			t.Errorf("a person was left with it: %v", err)
		}
		r = w.do(w.staff("hub"), r, workflow.Making{Move: "receive"})
		r = w.do(w.staff("hub"), r, workflow.Making{Move: "ask", Says: "What would you like to do?"})
		r = w.do(w.self("amina"), r, workflow.Making{Move: "answer", Says: "Sing"})
		if r.State != "received" || r.History[len(r.History)-1].By != workflow.Person {
			t.Errorf("after the person's answer it is %s by %s", r.State, r.History[len(r.History)-1].By)
		}
		r = w.do(w.self("amina"), r, workflow.Making{Move: "cancel", Reason: "helped"})
		if r.State != "cancelled" {
			t.Errorf("withdrawn it is %s", r.State)
		}
		if _, err := w.as(w.self("amina")).Refer(t.Context(), workflow.Asking{Patient: "amina", Service: "falls-s", Reason: "I fell"}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("a service that takes no referrals of people themselves took one: %v", err)
		}
		if _, err := w.as(w.self("amina")).Refer(t.Context(), workflow.Asking{Patient: "bashir", Service: "hub-s", Reason: "He is lonely"}); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a person referred another: %v", err)
		}
	})
}

// TestACarerRefers: where the person's Consent opens referrals to them, and not
// otherwise.
func TestACarerRefers(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := workflow.Asking{Patient: "amina", Service: "team-s", Requester: "RelatedPerson/carer", Reason: "She eats too little"}
		r, err := w.as(w.carer()).Refer(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		if last := r.History[0]; last.By != workflow.Carer || last.Who != "" {
			t.Errorf("history says %s %q", last.By, last.Who)
		}
		if _, err := w.rec.As(w.staff("team")).Read(t.Context(), "Patient", "amina"); err != nil {
			t.Errorf("the team does not see whom it has: %v", err)
		}
		seer := w.subject(access.NewCarer(access.Who{}, "seer"))
		a.Requester = "RelatedPerson/seer"
		if _, err := w.as(seer).Refer(t.Context(), a); fault.KindOf(err) != fault.Denied && fault.KindOf(err) != fault.NotFound {
			t.Errorf("a carer referred whose Consent opens observations alone: %v", err)
		}
		a.Requester = "RelatedPerson/carer"
		if _, err := w.as(seer).Refer(t.Context(), a); fault.KindOf(err) != fault.Denied {
			t.Errorf("a carer referred in another's name: %v", err)
		}
	})
}

// TestAPlainWriteIsRefused: what the workflow keeps is not changed past its moves,
// by nobody but a loader; nor made, nor its mark taken away.
func TestAPlainWriteIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		r := w.refer(workflow.Asking{Service: "team-s"})
		task := string(w.read("Task", r.Task).Raw())
		plain := func(s access.Subject, text string) error {
			doc, err := fhir.Parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			_, err = w.rec.As(s).Transact(t.Context(), []record.Op{{Kind: record.Update, Type: "Task", ID: r.Task, Body: doc}})
			return err
		}
		completed := strings.Replace(task, `"status":"requested"`, `"status":"completed"`, 1)
		unmarked := strings.Replace(task, `{"system":"urn:joinery:label","code":"workflow"}`, `{"system":"urn:joinery:label","code":"finding"}`, 1)
		if completed == task || unmarked == task {
			t.Fatal("the test does not change the Task")
		}
		for name, s := range map[string]access.Subject{"the receiver": w.staff("team"), "the practice": w.staff("gp"), "the person": w.self("amina"), "the carer": w.carer()} {
			for what, text := range map[string]string{"completing it": completed, "taking its mark away": unmarked} {
				if err := plain(s, text); fault.KindOf(err) != fault.Denied && fault.KindOf(err) != fault.NotFound {
					t.Errorf("%s by a plain write of %s: %v", what, name, err)
				}
			}
		}
		made, err := fhir.Parse([]byte(strings.Replace(completed, `"id":"`+string(r.Task)+`",`, "", 1)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.rec.As(w.staff("team")).Transact(t.Context(), []record.Op{{Kind: record.Create, Type: "Task", Body: made}}); fault.KindOf(err) != fault.Denied {
			t.Errorf("a task of the workflow was made by hand: %v", err)
		}
		if err := plain(w.operator(), completed); err != nil {
			t.Errorf("a loader cannot write it: %v", err)
		}
	})
}

// TestOnce: a move that names its version, and a referral that has a key, come
// once however often they are sent; of two different ones that are made at once
// one wins.
func TestOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := workflow.Asking{Key: "call-17", Service: "falls-s"}
		r := w.refer(a)
		if again := w.refer(a); again.Task != r.Task {
			t.Errorf("the same referral came twice: %s and %s", r.Task, again.Task)
		}
		accept := workflow.Making{Move: "accept", Version: r.ETag}
		first := w.do(w.staff("falls"), r, accept)
		if again := w.do(w.staff("falls"), r, accept); again.ETag != first.ETag || len(again.History) != len(first.History) {
			t.Errorf("the same move was made twice: %s, then %s", first.ETag, again.ETag)
		}
		_, err := w.as(w.staff("falls")).Do(t.Context(), r.Task, workflow.Making{Move: "start", Version: r.ETag})
		if fault.KindOf(err) != fault.Conflict || !strings.Contains(fault.MessageOf(err), "it is now accepted") {
			t.Errorf("a move from a version that is past: %v", err)
		}
		moves := []workflow.Making{{Move: "start"}, {Move: "wait"}, {Move: "cancel", Reason: "helped"}, {Move: "decline", Reason: "no-room", Service: "team-s"}}
		errs := make([]error, len(moves))
		var all sync.WaitGroup
		for i := range moves {
			moves[i].Version = first.ETag
			all.Go(func() { _, errs[i] = w.as(w.operator()).Do(t.Context(), r.Task, moves[i]) })
		}
		all.Wait()
		won := 0
		for i, err := range errs {
			if err == nil {
				won++
			} else if fault.KindOf(err) != fault.Conflict {
				t.Errorf("%s at the same time: %v", moves[i].Move, err)
			}
		}
		if won != 1 {
			t.Errorf("%d of %d moves at one time were made, want 1: %v", won, len(moves), errs)
		}
	})
}

// TestTheKeyHoldsAmongMany: several who send the same referral at once make one.
func TestTheKeyHoldsAmongMany(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		made := make([]fhir.ID, 6)
		var all sync.WaitGroup
		for i := range made {
			all.Go(func() {
				r, err := w.as(w.operator()).Refer(t.Context(), workflow.Asking{Key: "k,1|2", Patient: "amina", Service: "falls-s", Requester: "Organization/gp", Reason: "Fell"})
				if err == nil {
					made[i] = r.Task
				} else {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if slices.ContainsFunc(made, func(id fhir.ID) bool { return id != made[0] || id == "" }) {
			t.Errorf("one key made %v", made)
		}
	})
}

// TestWhatIsMissingIsSaid: a referral that nobody could take up is refused.
func TestWhatIsMissingIsSaid(t *testing.T) {
	w := newWorld(t, "sqlite:"+inMemory(t)+"/w.db")
	whole := workflow.Asking{Patient: "amina", Service: "falls-s", Requester: "Organization/gp", Reason: "Fell"}
	for _, c := range []struct {
		change func(*workflow.Asking)
		kind   fault.Kind
		say    string
	}{
		{func(a *workflow.Asking) { a.Patient = "" }, fault.Invalid, "needs the ids"},
		{func(a *workflow.Asking) { a.Patient = "nobody" }, fault.NotFound, ""},
		{func(a *workflow.Asking) { a.Service = "nowhere" }, fault.NotFound, ""},
		{func(a *workflow.Asking) { a.Service = "shut-s" }, fault.Invalid, "closed"},
		{func(a *workflow.Asking) { a.Via = "team-s" }, fault.Invalid, "no hub"},
		{func(a *workflow.Asking) { a.Service, a.Via = "shut-s", "hub-s" }, fault.Invalid, "closed"},
		{func(a *workflow.Asking) { a.Reason = " " }, fault.Invalid, "what help"},
		{func(a *workflow.Asking) { a.Priority = "soon" }, fault.Invalid, "priorities"},
		{func(a *workflow.Asking) { a.Requester = "" }, fault.Invalid, "who asks"},
		{func(a *workflow.Asking) { a.Requester = "Device/x" }, fault.Invalid, "who asks"},
		{func(a *workflow.Asking) { a.Standards = []string{"never"} }, fault.Invalid, "standard"},
	} {
		a := whole
		c.change(&a)
		if _, err := w.as(w.operator()).Refer(t.Context(), a); fault.KindOf(err) != c.kind || !strings.Contains(fault.MessageOf(err), c.say) {
			t.Errorf("%+v: %v, want %v that says %q", a, err, c.kind, c.say)
		}
	}
	if _, err := w.as(w.staff("gp")).Refer(t.Context(), workflow.Asking{Patient: "amina", Service: "falls-s", Requester: "Organization/team", Reason: "Fell"}); fault.KindOf(err) != fault.Denied {
		t.Errorf("referred in another's name: %v", err)
	}
}

// TestSentOnTwice: whoever sends somebody on and is cut off before the answer is
// told the same as the first time, when they send it again.
func TestSentOnTwice(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		r := w.refer(workflow.Asking{})
		m := workflow.Making{Move: "decline", Reason: "no-room", Service: "team-s", Version: r.ETag}
		first, err := w.as(w.operator()).Move(t.Context(), r.Task, m)
		if err != nil {
			t.Fatal(err)
		}
		again, err := w.as(w.operator()).Move(t.Context(), r.Task, m)
		if err != nil || again.Task != first.Task || again.State != "sent" || again.Service != "team-s" {
			t.Errorf("sent again, it is %+v, %v; the first time it was %+v", again, err, first)
		}
	})
}

package workflow_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"joinery/care/workflow"
	"joinery/fault"
	"joinery/fhir"
	"joinery/leaks"
	"joinery/record"
	"joinery/record/access"
	"joinery/record/search"
	"joinery/record/store/storetest"
)

// accepted refers somebody new to the car, and has it accept them.
func (w *world) accepted(priority string) *workflow.Referral {
	w.Helper()
	r := w.refer(workflow.Asking{Patient: w.person(), Service: carService, Priority: priority})
	return w.do(w.staff("falls"), r, workflow.Making{Move: "accept"})
}

func (w *world) waiting(priority string) *workflow.Referral {
	w.Helper()
	return w.do(w.staff("falls"), w.accepted(priority), workflow.Making{Move: "wait"})
}

// place returns where somebody is in the line, as somebody is told.
func (w *world) place(s access.Subject, r *workflow.Referral) *workflow.Place {
	w.Helper()
	now, err := w.as(s).Now(w.Context(), r.Task)
	if err != nil {
		w.Fatal(err)
	}
	if now.Place == nil {
		w.Fatalf("who is %s has no place in the line", now.State)
	}
	return now.Place
}

// TestAFreePlaceIsOfferedInTurn: it goes to who is first; nobody passes another
// but by an exception that the model names; and each is told why they stand where
// they do, the person themselves included.
func TestAFreePlaceIsOfferedInTurn(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.apply(car(t, "1", "10"))
		falls := w.staff("falls")
		first := w.do(falls, w.accepted("routine"), workflow.Making{Move: "start"})
		slow := w.waiting("routine")
		w.pass(time.Hour)
		later := w.waiting("routine")
		w.pass(time.Hour)
		urgent := w.waiting("urgent")
		if got := w.place(w.self(slow.Patient), slow); got.Number != 2 || got.Of != 3 || got.Free != 0 || got.Ahead[0].Rule != "priority" {
			t.Errorf("the one who waits longest is told %+v", got)
		}
		if got := w.place(falls, later); got.Number != 3 || len(got.Ahead) != 2 || got.Ahead[1] != (workflow.Ahead{Rule: "longest wait", Of: "waiting since 2026-02-03", People: 1}) {
			t.Errorf("who came later is told %+v", got)
		}
		w.do(falls, first, workflow.Making{Move: "complete", Outcome: "kept-home"})
		refused := func(r *workflow.Referral, m workflow.Making, kind fault.Kind, say string) {
			t.Helper()
			_, err := w.as(falls).Do(t.Context(), r.Task, m)
			if fault.KindOf(err) != kind || !strings.Contains(fault.MessageOf(err), say) {
				t.Errorf("%+v: %v, want a refusal that says %q", m, err, say)
			}
		}
		refused(later, workflow.Making{Move: "start"}, fault.Conflict, `1 person is ahead by the rule "priority". 1 person is ahead by the rule "longest wait".`)
		refused(w.accepted("routine"), workflow.Making{Move: "start"}, fault.Conflict, "not this person's turn")
		refused(later, workflow.Making{Move: "book", When: w.now.AddDate(0, 0, 3)}, fault.Conflict, "not this person's turn")
		refused(later, workflow.Making{Move: "start", Exception: "friend"}, fault.Invalid, "does not name this exception. It names: worse")
		refused(later, workflow.Making{Move: "wait", Exception: "worse"}, fault.Invalid, "An exception is for who begins")
		refused(later, workflow.Making{Move: "wait", Priority: "now"}, fault.Invalid, "priorities")
		if list, err := w.as(falls).Worklist(t.Context(), workflow.List{Of: "HealthcareService/" + carService, Kind: workflow.KindReferral, Sort: workflow.InLine}); err != nil {
			t.Error(err)
		} else if list.Items[0].Task != urgent.Task || !list.Items[0].Next || list.Items[1].Task != slow.Task || list.Items[1].Next || list.Items[3].Place != 0 {
			t.Errorf("in waiting order the list is %+v", list.Items)
		}
		began := w.do(falls, urgent, workflow.Making{Move: "start"})
		refused(later, workflow.Making{Move: "start", Exception: "worse"}, fault.Conflict, "1 of 1 places are taken")
		w.do(falls, began, workflow.Making{Move: "complete", Outcome: "kept-home"})
		passed := w.do(falls, later, workflow.Making{Move: "start", Exception: "worse"})
		if step := passed.History[len(passed.History)-1]; step.Move != "enrol" || passed.History[len(passed.History)-2].Exception != "worse" {
			t.Errorf("the exception is not kept: %+v", passed.History)
		}
	})
}

// TestWhoCannotTakeAPlaceDoesNotHoldItUp: they are left out of the line until a
// date, and are back where they stood then; who has a date is not passed over when
// it comes.
func TestWhoCannotTakeAPlaceDoesNotHoldItUp(t *testing.T) {
	w := newWorld(t, "sqlite:"+inMemory(t)+"/w.db")
	w.apply(car(t, "2", "10"))
	falls := w.staff("falls")
	gone := w.do(falls, w.accepted("routine"), workflow.Making{Move: "start"})
	w.do(falls, w.accepted("routine"), workflow.Making{Move: "start"})
	away := w.waiting("routine")
	w.pass(time.Hour)
	next := w.waiting("routine")
	if _, err := w.as(falls).Do(t.Context(), away.Task, workflow.Making{Move: "defer", Reason: "away"}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("put off without a date: %v", err)
	}
	w.do(falls, away, workflow.Making{Move: "defer", Reason: "away", When: w.now.AddDate(0, 0, 4)})
	if p := w.place(falls, away); p.Number != 0 || !strings.Contains(p.Say()[0], "until 2026-02-07") {
		t.Errorf("who is away is told %v", p.Say())
	}
	if p := w.place(falls, next); p.Number != 1 || p.Of != 1 {
		t.Errorf("behind who is away: %v", p.Say())
	}
	booked := w.do(falls, next, workflow.Making{Move: "book", When: w.now.AddDate(0, 0, 5)})
	w.pass(4*24*time.Hour + time.Hour)
	if p := w.place(falls, away); p.Number != 1 {
		t.Errorf("back in the line: %v", p.Say())
	}
	w.pass(24 * time.Hour)
	if p := w.place(falls, away); p.Number != 2 || p.Ahead[0].Rule != "has a date that has come" {
		t.Errorf("on the day of the other's date: %v", p.Say())
	}
	w.do(falls, gone, workflow.Making{Move: "complete", Outcome: "kept-home"})
	if _, err := w.as(falls).Do(t.Context(), away.Task, workflow.Making{Move: "start"}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("the place of who has a date was taken: %v", err)
	}
	w.do(falls, booked, workflow.Making{Move: "start"})
}

// TestTwoNodesDoNotPassOnePlace: two nodes on one PostgreSQL, or two views of one
// SQLite, begin with many at once, and no more begin than there are places.
func TestTwoNodesDoNotPassOnePlace(t *testing.T) {
	url := storetest.Postgres(t)
	w := newWorld(t, url)
	other := &world{TB: t, now: w.now}
	rec, err := record.Open(t.Context(), url, record.Options{Log: leaks.Log(), Clock: other.clock, Rand: rand.NewChaCha8([32]byte{9}), Readers: 2, StateDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rec.Close() }()
	other.rec = rec
	const places, people = 3, 16
	w.apply(car(t, fmt.Sprint(places), "10"))
	var all []*workflow.Referral
	for range people {
		all = append(all, w.accepted("routine"))
	}
	began := make([]bool, people)
	var running sync.WaitGroup
	gate := make(chan struct{})
	for i, r := range all {
		node := []*world{w, other}[i%2]
		running.Go(func() {
			<-gate
			_, err := node.as(node.staff("falls")).Do(t.Context(), r.Task, workflow.Making{Move: "start"})
			began[i] = err == nil
			if err != nil && fault.KindOf(err) != fault.Conflict {
				t.Error(err)
			}
		})
	}
	close(gate)
	running.Wait()
	if n := len(slices.DeleteFunc(began, func(b bool) bool { return !b })); n != places {
		t.Errorf("%d began at two nodes, and there are %d places", n, places)
	}
}

// TestAnyoneMayCome: whatever is done at a service in whichever order, never are
// more there than there are places, and whoever begins was first, or went first by
// an exception.
func TestAnyoneMayCome(t *testing.T) {
	w := newWorld(t, "sqlite:"+inMemory(t)+"/w.db")
	w.apply(car(t, "2", "30"))
	falls := w.staff("falls")
	var waits, there []*workflow.Referral
	draw := rand.New(rand.NewPCG(3, 5))
	for range 120 {
		if draw.IntN(4) == 0 {
			w.pass(7 * 24 * time.Hour)
		}
		switch draw.IntN(4) {
		case 0:
			waits = append(waits, w.waiting([]string{"routine", "urgent", "stat"}[draw.IntN(3)]))
		case 1:
			if len(there) > 0 {
				w.do(falls, there[0], workflow.Making{Move: "complete", Outcome: "kept-home"})
				there = there[1:]
			}
		default:
			if len(waits) == 0 {
				continue
			}
			i := draw.IntN(len(waits))
			m := workflow.Making{Move: "start", Exception: []string{"", "", "worse"}[draw.IntN(3)]}
			p := w.place(falls, waits[i])
			may := len(there) < 2 && (p.Number <= 2-len(there) || m.Exception != "")
			if _, err := w.as(falls).Do(t.Context(), waits[i].Task, m); (err == nil) != may {
				t.Fatalf("place %d with %d there, %q: %v", p.Number, len(there), m.Exception, err)
			}
			if may {
				there = append(there, waits[i])
				waits = slices.Delete(waits, i, i+1)
			}
		}
		if n := w.counted("CarePlan?_tag=urn:joinery:at|HealthcareService/" + carService + "&status=active"); n != len(there) || n > 2 {
			t.Fatalf("%d are there, want %d of 2", n, len(there))
		}
	}
}

// TestOnlyTheWorkflowCounts: numbers of everybody are not for the asking.
func TestOnlyTheWorkflowCounts(t *testing.T) {
	w := newWorld(t, "sqlite:"+inMemory(t)+"/w.db")
	q, err := search.Parse("Patient", nil, search.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []access.Subject{w.operator(), w.staff("gp"), w.self("amina")} {
		if _, err := w.rec.As(s).Tally(t.Context(), q, nil); fault.KindOf(err) != fault.Denied {
			t.Errorf("counted past the workflow: %v", err)
		}
		if _, err := w.rec.As(s).TransactWithin(t.Context(), nil); fault.KindOf(err) != fault.Denied {
			t.Errorf("a limit past the workflow: %v", err)
		}
	}
	shown := 0
	n, err := w.rec.As(w.self("amina")).Through(access.ByWorkflow).Tally(t.Context(), q, func(fhir.Value) { shown++ })
	if err != nil || n != 0 || shown != 0 {
		t.Errorf("a tally showed %d (%v) that the workflow does not keep", shown, err)
	}
}

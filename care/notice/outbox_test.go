package notice_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"joinery/care/notice"
	"joinery/care/workflow"
	"joinery/fault"
)

// TestItIsTriedAgain after growing waits, given up in the end, and then somebody
// sees it; put in line again, it is sent.
func TestItIsTriedAgain(t *testing.T) {
	w := onSQLite(t)
	w.somebody("amina", "")
	tried := 0
	w.letters.fail = func(*notice.Message) error { tried++; return errDown }
	w.refer(workflow.Asking{Patient: "amina"})
	w.settle()
	var waits []time.Duration
	for range notice.Tries {
		n := w.only("amina", "referred", notice.Letter)
		if n.Failures != tried || n.Problem != "nobody answers" {
			t.Fatalf("after %d tries it says %d failures, %q", tried, n.Failures, n.Problem)
		}
		if n.Status == notice.NotDone {
			break
		}
		wait := n.Next.Sub(w.clock())
		waits = append(waits, wait)
		w.pass(wait - time.Second)
		w.settle()
		if n.Failures != tried {
			t.Fatalf("it was tried before its time, after %d tries", tried)
		}
		w.pass(time.Second)
		w.settle()
	}
	if want := "[1m0s 5m0s 15m0s 1h0m0s 4h0m0s 12h0m0s 24h0m0s]"; fmt.Sprint(waits) != want {
		t.Errorf("it waited %v, want %s", waits, want)
	}
	n := w.only("amina", "referred", notice.Letter)
	if tried != notice.Tries || n.Status != notice.NotDone || n.Reason != notice.GaveUp || !n.ByHand {
		t.Errorf("after %d tries it is %s, %q, by hand %v", tried, n.Status, n.Reason, n.ByHand)
	}
	if list, _, err := w.desk().List(t.Context(), notice.List{ByHand: true}); err != nil || len(list) != 1 || list[0].ID != n.ID {
		t.Errorf("the list of what is to be done by hand has %v, %v", list, err)
	}
	w.letters.fail = nil
	w.pass(time.Minute)
	if _, err := w.desk().Retry(t.Context(), n.ID); err != nil {
		t.Fatal(err)
	}
	w.settle()
	if n = w.only("amina", "referred", notice.Letter); n.Status != notice.Completed || n.ByHand || len(w.letters.sent) != 1 {
		t.Errorf("put in line again, it is %s, by hand %v; %d letters", n.Status, n.ByHand, len(w.letters.sent))
	}
	if _, err := w.desk().Retry(t.Context(), n.ID); fault.KindOf(err) != fault.Conflict {
		t.Errorf("what was sent is put in line again: %v", err)
	}
}

// TestWhatIsRefused is not tried again.
func TestWhatIsRefused(t *testing.T) {
	w := onSQLite(t)
	w.somebody("amina", "")
	w.letters.fail = func(*notice.Message) error { return &notice.Rejection{Err: errors.New("never")} }
	w.refer(workflow.Asking{Patient: "amina"})
	w.settle()
	if n := w.only("amina", "referred", notice.Letter); n.Status != notice.NotDone || n.Reason != notice.Refused || !n.ByHand || n.Failures != 0 {
		t.Errorf("it is %s, %q, %d failures", n.Status, n.Reason, n.Failures)
	}
}

// TestOneFailureDoesNotHoldUpTheOthers: letters go while the mail server is away,
// and a mail server that is away is not knocked at for each mail.
func TestOneFailureDoesNotHoldUpTheOthers(t *testing.T) {
	w := onSQLite(t)
	knocked := 0
	w.texts.fail = func(*notice.Message) error { knocked++; return errDown }
	for i := range 10 {
		id := fmt.Sprintf("p%d", i)
		w.somebody(id, `,"address":[{"use":"home","city":"x"}]`)
		w.refer(workflow.Asking{Patient: patient(id)})
	}
	w.somebody("written", "")
	w.refer(workflow.Asking{Patient: "written"})
	w.settle()
	if knocked != 1 {
		t.Errorf("it was knocked %d times at once", knocked)
	}
	if len(w.letters.sent) != 1 {
		t.Errorf("%d letters left meanwhile, want 1", len(w.letters.sent))
	}
	w.texts.fail = nil
	w.pass(2 * time.Minute)
	w.settle()
	if len(w.texts.sent) != 10 {
		t.Errorf("%d of 10 texts left afterwards", len(w.texts.sent))
	}
}

// TestTextsAreNotSentAtNight.
func TestTextsAreNotSentAtNight(t *testing.T) {
	w := onSQLite(t)
	w.now = time.Date(2026, 7, 3, 21, 30, 0, 0, time.UTC) // half past ten in London
	w.somebody("amina", `,"address":[{"use":"home","city":"x"}]`)
	w.refer(workflow.Asking{Patient: "amina"})
	w.settle()
	w.pass(9*time.Hour + 29*time.Minute)
	w.settle()
	if len(w.texts.sent) != 0 {
		t.Fatal("a text was sent at night")
	}
	w.pass(time.Minute)
	w.settle()
	if len(w.texts.sent) != 1 {
		t.Fatalf("%d texts at eight in the morning, want 1", len(w.texts.sent))
	}
}

// TestOnceAfterAnyStop: an outbox is stopped at every call of the record and of a
// sender, in turn; whoever goes on leaves each move told once, and each letter under
// one id.
func TestOnceAfterAnyStop(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.somebody("amina", "")
		r := w.refer(workflow.Asking{Patient: "amina"})
		w.do(r, workflow.Making{Move: "accept"})
		stops := 0
		for at := 1; ; at++ {
			ctx, cancel := context.WithCancel(t.Context())
			n := 0
			count := func() { // the parts of a step: each asks for the time, or sends
				if n++; n == at {
					cancel()
				}
			}
			clock := func() time.Time { count(); return w.clock() }
			w.letters.fail = func(*notice.Message) error { count(); return nil } // it leaves, and nobody hears of it
			box := w.outbox(func(o *notice.Options) { o.Clock = clock })
			var err error
			for busy := true; busy && err == nil; {
				busy, err = box.Step(ctx)
			}
			cancel()
			if err == nil && n < at {
				break
			}
			stops++
			w.pass(2 * time.Minute) // the lease of who was killed runs out
		}
		w.box = w.outbox(nil)
		w.settle()
		ids := map[string]int{}
		for _, m := range w.letters.sent {
			ids[string(m.ID)]++
		}
		texts := map[string]int{}
		for _, n := range w.all() {
			texts[n.Text]++
			if n.Status != notice.Completed {
				t.Errorf("%s is %s, %q", n.Text, n.Status, n.Problem)
			}
			if ids[string(n.ID)] == 0 {
				t.Errorf("%s was never sent", n.Text)
			}
		}
		if texts["referred"] != 1 || texts["accepted"] != 1 || len(texts) != 2 || len(ids) != 2 {
			t.Errorf("in the record there are %v, sent under %d ids; want each once", texts, len(ids))
		}
		if stops < 5 || len(w.letters.sent) < 3 {
			t.Errorf("it was stopped %d times and %d letters left: too few to prove anything", stops, len(w.letters.sent))
		}
		t.Logf("stopped %d times; %d letters left under %d ids", stops, len(w.letters.sent), len(ids))
	})
}

// TestOneOutboxAtATime: a second one waits, and takes over from one that fell
// silent.
func TestOneOutboxAtATime(t *testing.T) {
	w := onSQLite(t)
	w.somebody("amina", "")
	w.settle()
	other := w.outbox(nil)
	w.refer(workflow.Asking{Patient: "amina"})
	if busy, err := other.Step(t.Context()); busy || err != nil || len(w.all()) != 0 {
		t.Errorf("a second outbox works beside the first: %v, %v", busy, err)
	}
	w.pass(2 * time.Minute)
	w.box = other
	w.settle()
	if len(w.letters.sent) != 1 {
		t.Errorf("%d letters after it took over", len(w.letters.sent))
	}
}

// TestWhatIsOld: of what happened before there was an outbox nobody is told; what
// could not be told in time is on somebody's list.
func TestWhatIsOld(t *testing.T) {
	w := onSQLite(t)
	w.somebody("before", "")
	w.somebody("late", "")
	w.refer(workflow.Asking{Patient: "before"})
	w.pass(8 * 24 * time.Hour)
	w.settle()
	r := w.refer(workflow.Asking{Patient: "late"})
	w.pass(8 * 24 * time.Hour)
	w.settle()
	if all := w.of("before"); len(all) != 0 {
		t.Errorf("what was before is told: %+v", all[0])
	}
	if n := w.only("late", "referred", notice.Letter); n.Status != notice.NotDone || n.Reason != notice.TooLate || !n.ByHand || len(n.Words) == 0 {
		t.Errorf("what is late is %s, %q", n.Status, n.Reason)
	}
	w.do(r, workflow.Making{Move: "accept"})
	w.settle()
	if n := w.only("late", "accepted", notice.Letter); n.Status != notice.Completed {
		t.Errorf("what comes then is %s", n.Status)
	}
}

// TestWhatComesFromAFeed is not moved here, and not told.
func TestWhatComesFromAFeed(t *testing.T) {
	w := onSQLite(t)
	w.somebody("amina", "")
	w.store(`{"resourceType":"ServiceRequest","id":"r","extension":[{"url":"urn:joinery:move","extension":[{"url":"do","valueCode":"accept"},{"url":"at","valueInstant":"2026-02-03T09:00:00Z"},{"url":"by","valueCode":"receiver"},{"url":"service","valueReference":{"reference":"HealthcareService/falls-s"}}]}],"status":"active","intent":"order","subject":{"reference":"Patient/amina"}}`)
	w.settle()
	if all := w.all(); len(all) != 0 {
		t.Errorf("it is told: %+v", all[0])
	}
}

// TestTheDesk: what may be done by hand, and what not.
func TestTheDesk(t *testing.T) {
	w := onSQLite(t)
	w.somebody("amina", "")
	w.letters.fail = func(*notice.Message) error { return errDown }
	w.refer(workflow.Asking{Patient: "amina"})
	w.settle()
	n := w.only("amina", "referred", notice.Letter)
	desk := w.desk()
	w.letters.fail = nil
	w.pass(40 * time.Second)
	if _, err := desk.Send(t.Context(), n.ID); err != nil {
		t.Fatal(err)
	}
	w.settle()
	if len(w.letters.sent) != 1 {
		t.Fatal("it was not sent at once")
	}
	for what, err := range map[string]error{
		"sent again":    second(desk.Send(t.Context(), n.ID)),
		"told as well":  second(desk.Told(t.Context(), n.ID, "Rang")),
		"stopped":       second(desk.Stop(t.Context(), n.ID)),
		"told silently": second(desk.Told(t.Context(), n.ID, " ")),
		"of nothing":    second(desk.Send(t.Context(), "nothing")),
	} {
		if kind := fault.KindOf(err); kind != fault.Conflict && kind != fault.Invalid && kind != fault.NotFound {
			t.Errorf("what was sent is %s: %v", what, err)
		}
	}
	shown, page, err := desk.Show(t.Context(), n.ID)
	if err != nil || shown.ID != n.ID || page == nil || page.Address[0] != "Amina Of-amina" {
		t.Errorf("shown: %+v %+v %v", shown, page, err)
	}
	w.letters.fail = func(*notice.Message) error { return errDown }
	w.refer(workflow.Asking{Patient: "amina", Service: "team-s"})
	w.settle()
	list, _, err := desk.List(t.Context(), notice.List{Waiting: true})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	stopped, err := desk.Stop(t.Context(), list[0].ID)
	if err != nil || stopped.Status != notice.NotDone || stopped.Reason != notice.Stopped || stopped.ByHand {
		t.Errorf("stopped: %+v %v", stopped, err)
	}
}

func second[T any](_ T, err error) error { return err }

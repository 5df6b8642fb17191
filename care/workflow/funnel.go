package workflow

import (
	"context"
	"fmt"
	"slices"
	"time"

	"joinery/care/applied"
	"joinery/care/workflow/clock"
	"joinery/fault"
	"joinery/record/access"
	"joinery/timeline"
)

// Funnel is how far people came in a model, counted from the record, and why some
// did not move on. A person is counted once for each time they came.
type Funnel struct {
	Model      string
	Candidates int // found, and not asked yet
	Passed     int // not invited, for a reason
	Invited    int
	Agreed     int
	Referred   int // by whichever way
	Waiting    int // of these, on the waiting list now
	Began      int
	There      int // in the model now
	Completed  int
	Turned     int // gave away with an onward owner: declined, sent on, could not be done
	Withdrew   int

	Reasons  map[string]int // of those who did not move on
	Outcomes map[string]int // of those who completed
	// Clocks says for each standard, by its id, how many met it and of how many
	// whose clock has been decided: met, missed, or late now.
	Clocks map[string]Share
	// Waits are how long those clocks ran, the shortest first: until what had to
	// happen did or, of those that are late, until now.
	Waits map[string][]time.Duration
	// Late is how many of those clocks are late now.
	Late map[string]int
	// Measures are those of the version in force, in its order.
	Measures []Measured
	// WrongDoors is how many were turned away without anybody who took them on. The
	// moves cannot make one, so another number than 0 is a fault of ours.
	WrongDoors int
}

// Share is so many of how many.
type Share struct{ Of, All int }

// Funnel counts a model's people, as far as the subject may see them. It is for
// systems and operators: a part of it would mislead. The fault is Denied to others.
func (f *Flow) Funnel(ctx context.Context, id string) (*Funnel, error) {
	if f.view.Subject().Role() != access.System {
		return nil, fault.New(fault.Denied, "A model's funnel is counted by an operator, who sees all of it.")
	}
	out := &Funnel{Model: id, Reasons: map[string]int{}, Outcomes: map[string]int{}, Clocks: map[string]Share{}, Waits: map[string][]time.Duration{}, Late: map[string]int{}}
	list, err := f.Candidates(ctx, id)
	if err != nil && fault.KindOf(err) != fault.Invalid {
		return nil, err
	}
	out.Candidates = len(list)
	var referrals []*Referral
	done := map[string]map[string]int{}
	parents := map[string]bool{} // tasks that another came of
	code := ModelSystem + "|" + escape(id)
	err = f.each(ctx, func(h *held) {
		parents[h.get("partOf", "reference").Text()] = true
		switch coded(h.get("code"), KindSystem) {
		case KindInvite:
			out.invite(h)
		case KindActivity:
			tally(done, h)
		case KindReferral:
			referrals = append(referrals, &Referral{Task: h.id, task: h})
		}
	}, "Task", "code", code)
	if err != nil {
		return nil, err
	}
	now := f.clock()
	for i, r := range referrals {
		full, err := f.Referral(ctx, r.Task)
		if err != nil {
			return nil, fmt.Errorf("count a model's people: %w", err)
		}
		out.referral(full, parents["Task/"+string(r.Task)])
		out.clocks(full, now)
		referrals[i] = full
	}
	for _, waits := range out.Waits {
		slices.Sort(waits)
	}
	today, _ := timeline.DayOf(now)
	m, err := applied.Find(ctx, f.view, id, today)
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	return out, f.measures(ctx, m, out, referrals, done)
}

func (f *Funnel) invite(h *held) {
	state := State(coded(h.get("businessStatus"), inviteState))
	switch state {
	case "passed":
		f.Passed++
		f.Reasons["not invited: "+h.get("statusReason", "text").Text()]++
		return
	case "agreed":
		f.Agreed++
	case "refused", "unreached":
		for _, r := range Invites().Reasons {
			if r.Code == coded(h.get("statusReason"), reasonCodes) {
				move := map[State]string{"refused": "refuse", "unreached": "lose"}[state]
				f.Reasons[move+": "+r.Title]++
			}
		}
	}
	f.Invited++
}

func (f *Funnel) referral(r *Referral, passedOn bool) {
	f.Referred++
	last := r.History[max(0, len(r.History)-1):]
	for _, s := range r.History {
		if s.Move == "enrol" && s.Service == r.Service {
			f.Began++
		}
	}
	switch r.State {
	case "waiting":
		f.Waiting++
	case "active", "paused":
		f.There++
	case "completed":
		f.Completed++
		f.Outcomes[r.outcome()]++
	case "declined", "rerouted", "failed":
		f.Turned++
		if !passedOn && len(last) > 0 && last[0].Says == "" {
			f.WrongDoors++
		}
	case "cancelled":
		f.Withdrew++
	}
	if why := coded(r.task.get("statusReason"), reasonCodes); why != "" && Referrals().Standing(r.State).Over() {
		for _, reason := range Referrals().Reasons {
			if reason.Code == why {
				f.Reasons[string(r.State)+": "+reason.Title]++
			}
		}
	}
}

// clocks counts a referral's clocks.
func (f *Funnel) clocks(r *Referral, now time.Time) {
	for i := range r.Clocks {
		c := &r.Clocks[i]
		id := c.Standard.ID
		share := f.Clocks[id]
		switch c.State {
		case clock.Met:
			share.Of++
			share.All++
		case clock.Passed:
			share.All++
		case clock.Late:
			share.All++
			f.Late[id]++
		case clock.NotStarted, clock.Running, clock.Soon, clock.Closed:
			f.Clocks[id] = share
			continue
		}
		f.Clocks[id] = share
		f.Waits[id] = append(f.Waits[id], c.Elapsed(now))
	}
}

// outcome returns how the referral ended, in the words of who ended it.
func (r *Referral) outcome() string {
	for o := range r.task.get("output").Items() {
		if o.At("type", "text").Is("outcome") {
			return o.At("valueCodeableConcept", "text").Text()
		}
	}
	return ""
}

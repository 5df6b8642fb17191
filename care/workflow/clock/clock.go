// Package clock says how a response standard stands: when it began, by when
// something has to happen, and whether it did.
//
//	reading := standard.Read(events, now)
//
// A Standard is data (standards.yaml, and what models of care add); events are
// what happened to a referral or an enrolment. Nothing is kept: a clock is worked
// out from events each time it is looked at, so it cannot be stopped by a program
// that did not run, and no nightly job is needed for anyone to be late.
//
// What always holds, and is tested: a clock never runs backwards, whatever comes
// later; a referral that is sent on keeps its start; there are no pauses (the
// rules of referral to treatment have had none since October 2015); a limit of
// hours is elapsed time, through changes of the clocks, and a limit of days or
// weeks ends with a civil day in London. A standard that holds during hours has its
// clock stand still outside them: whoever asks at night is due in the morning.
//
// Trade-offs: a standard looks at kinds of event, not at what they say; a rule
// that needs more (a first appointment missed nullifies a clock) is an event of
// its own, decided by a person. Everything here is pure and safe for concurrent
// use; Standards must not be changed once read.
package clock

import (
	"fmt"
	"slices"
	"time"
	_ "time/tzdata" // so that London's summer time is known on every machine
)

// Kind is a kind of event that clocks look at.
type Kind string

// Kinds of event.
const (
	Sent          Kind = "sent"             // a referral reached a service: one record, so it is there as it is sent
	Received      Kind = "received"         // someone there took it up
	Accepted      Kind = "accepted"         // they will see the person
	Waiting       Kind = "waiting"          // on a waiting list
	Booked        Kind = "booked"           // there is a date
	Missed        Kind = "missed"           // the person did not attend
	Started       Kind = "started"          // first contact: someone is with the person
	Assessed      Kind = "assessed"         // their needs were assessed
	Treated       Kind = "treated"          // first definitive treatment began
	NotTreated    Kind = "decided-not"      // it was decided not to treat
	Watched       Kind = "active-monitored" // active monitoring began
	ToBeTreated   Kind = "decided-to-treat" // after monitoring: a new clock
	Rerouted      Kind = "rerouted"         // sent on to another service
	Declined      Kind = "declined"         // a service declined, with an onward owner
	Completed     Kind = "completed"
	Cancelled     Kind = "cancelled"
	Failed        Kind = "failed"
	Invited       Kind = "invited"        // someone whom a model found was invited
	Answered      Kind = "answered"       // they said yes or no
	Enrolled      Kind = "enrolled"       // a package of care began
	Ended         Kind = "package-ended"  // it ended
	AskedForInfo  Kind = "info-requested" // the service asked the referrer
	InfoAnswered  Kind = "info-answered"  // and was answered
	PlanReviewed  Kind = "reviewed"
	TargetReached Kind = "done" // a task was done
)

// Kinds returns every kind of event.
func Kinds() []Kind {
	return []Kind{
		Sent, Received, Accepted, Waiting, Booked, Missed, Started, Assessed, Treated, NotTreated, Watched, ToBeTreated,
		Rerouted, Declined, Completed, Cancelled, Failed, Invited, Answered, Enrolled, Ended, AskedForInfo, InfoAnswered,
		PlanReviewed, TargetReached,
	}
}

// Event is something that happened.
type Event struct {
	At   time.Time
	Kind Kind
}

// State is how a clock stands.
type State uint8

// States. A clock goes through them in this order and never back, except that a
// new period may begin after one that is over.
const (
	NotStarted State = iota
	Running
	Soon   // due within the standard's warning
	Late   // due before now, and still open
	Met    // what had to happen did, in time
	Passed // it did, too late
	Closed // it ended otherwise: withdrawn, for one
)

var stateNames = [...]string{"not started", "running", "due soon", "late", "met", "missed", "closed"}

func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}

// Open reports whether something is still to happen.
func (s State) Open() bool { return s == Running || s == Soon || s == Late }

// Reading is how a standard stands for a list of events at a moment.
type Reading struct {
	Standard *Standard
	State    State
	Start    time.Time // when it began; zero: it has not
	Warn     time.Time // from when it is due soon
	Due      time.Time // the last moment that is in time
	Stop     time.Time // when it was met, missed or closed; zero: it is open
	Period   int       // which clock this is, from 1: a new one may begin after one that was stopped
}

// London is where civil days and hours are reckoned.
var London = func() *time.Location {
	l, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic("clock: " + err.Error()) // the zones are in the program
	}
	return l
}()

// Read returns how the standard stands at a moment, by what had happened until
// then: later events are as if they were not there. The order of events does not
// matter, and which of those of one moment comes first neither.
func (s *Standard) Read(events []Event, now time.Time) Reading {
	past := make([]Event, 0, len(events))
	for _, e := range events {
		if !e.At.After(now) {
			past = append(past, e)
		}
	}
	// At one moment what begins a clock comes first, then what meets it: whoever is
	// seen as they are referred was seen in time.
	rank := func(k Kind) int {
		switch {
		case slices.Contains(s.Starts, k) || slices.Contains(s.Restarts, k):
			return 0
		case slices.Contains(s.Stops, k):
			return 1
		}
		return 2
	}
	slices.SortStableFunc(past, func(a, b Event) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		return rank(a.Kind) - rank(b.Kind)
	})
	r := Reading{Standard: s}
	for _, e := range past {
		r.take(e)
	}
	r.settle(now)
	return r
}

// take follows one event.
func (r *Reading) take(e Event) {
	s := r.Standard
	switch {
	case r.Period == 0 && slices.Contains(s.Starts, e.Kind),
		!r.Stop.IsZero() && slices.Contains(s.Restarts, e.Kind):
		r.Period++
		r.State, r.Start, r.Stop = Running, e.At, time.Time{}
		r.Due = s.due(e.At)
		r.Warn = r.Due
		if s.Warns.N > 0 {
			r.Warn = s.warn(r.Due)
			if r.Warn.Before(r.Start) {
				r.Warn = r.Start
			}
		}
	case r.Period == 0 || !r.Stop.IsZero():
	case slices.Contains(s.Stops, e.Kind):
		r.State, r.Stop = Met, e.At
		if e.At.After(r.Due) {
			r.State = Passed
		}
	case slices.Contains(s.Closes, e.Kind):
		r.State, r.Stop = Closed, e.At
	}
}

// due returns the last moment that is in time after a start.
func (s *Standard) due(start time.Time) time.Time {
	if s.During != nil {
		return s.During.After(s.Within, start)
	}
	return s.Within.After(start)
}

// warn returns from when something due is due soon.
func (s *Standard) warn(due time.Time) time.Time {
	if s.During != nil {
		return s.During.Before(s.Warns, due)
	}
	return s.Warns.Before(due)
}

// settle says how a clock that is open stands now.
func (r *Reading) settle(now time.Time) {
	switch {
	case r.State != Running:
	case now.After(r.Due):
		r.State = Late
	case r.Standard.Warns.N > 0 && !now.Before(r.Warn):
		r.State = Soon
	}
}

// Elapsed is how long the clock ran, or has run until now.
func (r *Reading) Elapsed(now time.Time) time.Duration {
	switch {
	case r.Start.IsZero():
		return 0
	case !r.Stop.IsZero():
		return r.Stop.Sub(r.Start)
	case now.Before(r.Start):
		return 0
	}
	return now.Sub(r.Start)
}

// Say is the reading in words, as of a moment.
func (r *Reading) Say(now time.Time) string {
	at := func(t time.Time) string {
		if r.Standard.Within.Unit.civil() {
			return t.In(London).Format(time.DateOnly)
		}
		return t.In(London).Format("2006-01-02 15:04")
	}
	var text string
	switch r.State {
	case NotStarted:
		return r.State.String()
	case Running, Soon:
		text = fmt.Sprintf("%s, due %s", r.State, at(r.Due))
	case Late:
		text = fmt.Sprintf("late, was due %s", at(r.Due))
	case Met, Passed, Closed:
		text = fmt.Sprintf("%s after %s", r.State, r.took(r.Stop))
	}
	if r.Period > 1 {
		text += fmt.Sprintf(" (clock %d)", r.Period)
	}
	return text
}

// took says how long it is from the start to a moment.
func (r *Reading) took(until time.Time) string {
	if r.Standard.Within.Unit.civil() {
		n := dayNumber(until) - dayNumber(r.Start)
		if n == 1 {
			return "1 day"
		}
		return fmt.Sprintf("%d days", n)
	}
	d, of := until.Sub(r.Start), ""
	if during := r.Standard.During; during != nil {
		d, of = during.Between(r.Start, until), " of its hours"
	}
	if h := int(d.Hours()); h > 0 {
		return fmt.Sprintf("%d h %02d min%s", h, int(d.Minutes())%60, of)
	}
	return fmt.Sprintf("%d min%s", int(d.Minutes()), of)
}

package notice

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"joinery/care/directory"
	"joinery/care/workflow/clock"
	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
)

// waits are how long it is waited after each failure; after as many tries as there
// are waits and one, it is given up.
var waits = []time.Duration{
	time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 4 * time.Hour, 12 * time.Hour, 24 * time.Hour,
}

// Tries is how often a notice is tried before it is given up, which is after nearly
// two days.
const Tries = 8

const (
	restPause = 30 * time.Second // for which a medium that failed is let alone
	sendTime  = 10 * time.Second // one sending may take; less than half a lease
	textsFrom = 8                // texts are sent from eight
	textsTo   = 21               // until nine in the evening, in London
)

// send sends some of what is due.
func (o *Outbox) send(ctx context.Context) (more bool, err error) {
	now := o.opts.Clock()
	if !o.scan && (o.wake.IsZero() || now.Before(o.wake)) {
		return false, nil
	}
	due, all, err := o.due(ctx, now)
	if err != nil {
		return false, err
	}
	for _, n := range due {
		if mine, err := o.lead(ctx); err != nil || !mine {
			return false, err
		}
		if err := o.deliver(ctx, n); err != nil {
			o.scan = true
			return false, err
		}
		if n.Status == Preparation {
			o.wakeAt(n.Next)
		}
	}
	o.scan = !all
	return !all, nil
}

// wakeAt notes that something is due at a moment.
func (o *Outbox) wakeAt(at time.Time) {
	if o.wake.IsZero() || at.Before(o.wake) {
		o.wake = at
	}
}

// due returns some of the notices that are to be sent now, who waited longest
// first; all reports whether there are no others.
func (o *Outbox) due(ctx context.Context, now time.Time) (due []*Notice, all bool, err error) {
	o.wake = time.Time{}
	page, err := find(ctx, o.view, now, "Communication", "_tag", QueueTag+"|"+waiting, "_sort", "_lastUpdated", "_count", "200")
	for ; err == nil; page, err = o.view.Next(ctx, page.Next) {
		for i := range page.Entries {
			n, err := read(&page.Entries[i].Version)
			if err != nil {
				return nil, false, err
			}
			at := n.Next
			if rest := o.resting[n.Medium]; rest.After(at) {
				at = rest
			}
			switch {
			case at.After(now):
				o.wakeAt(at)
			case len(due) == stepSend:
				return due, false, nil
			default:
				due = append(due, n)
			}
		}
		if page.Next == "" {
			return due, true, nil
		}
	}
	return nil, false, fmt.Errorf("look for notices: %w", err)
}

// deliver sends a notice, or says why not.
func (o *Outbox) deliver(ctx context.Context, n *Notice) error {
	now := o.opts.Clock()
	p, err := o.person(ctx, n.Patient)
	if err != nil {
		return err
	}
	if rest := o.resting[n.Medium]; rest.After(now) { // it failed for another in this very step
		n.Next = rest
		return nil
	}
	if n.Medium == Text && asleep(now) {
		n.Next = morning(now)
		_, err := o.keep(ctx, n)
		return err
	}
	m, reason, err := o.message(ctx, n, p, now)
	if err != nil {
		return err
	}
	if reason != "" {
		n.fail(reason)
		_, err := o.keep(ctx, n)
		return err
	}
	if err := o.claim(ctx, n, m); err != nil {
		if fault.KindOf(err) == fault.Conflict || fault.KindOf(err) == fault.Precondition {
			return nil // an operator was quicker
		}
		return err
	}
	limit, cancel := context.WithTimeout(ctx, sendTime)
	failure := o.sender(n.Medium).Send(limit, m)
	cancel()
	if ctx.Err() != nil {
		return ctx.Err() //nolint:wrapcheck // the caller's own; it is tried again
	}
	o.settle(ctx, n, failure)
	_, err = o.keep(ctx, n)
	return err
}

// claim notes that a notice is on its way. A link gets its secret here: its hash is
// kept before it leaves, and it is kept nowhere else.
func (o *Outbox) claim(ctx context.Context, n *Notice, m *Message) error {
	n.Status, n.Next = InProgress, time.Time{}
	if n.Link != nil {
		secret, hash, err := newSecret(o.opts.Rand)
		if err != nil {
			return err
		}
		n.linkHashes = append(n.linkHashes, hash)
		m.Words = o.shortWords("", n.Text, o.opts.Links+secret)
	}
	kept, err := o.keep(ctx, n)
	if err == nil {
		n.ETag = kept.ETag
	}
	return err
}

// settle notes what came of a try.
func (o *Outbox) settle(ctx context.Context, n *Notice, failure error) {
	now := o.opts.Clock()
	var rejected *Rejection
	switch {
	case failure == nil:
		n.Status, n.Sent, n.Problem = Completed, now, ""
		return
	case errors.As(failure, &rejected):
		n.fail(Refused)
	default:
		o.resting[n.Medium] = now.Add(restPause)
		if n.Failures++; n.Failures >= Tries {
			n.fail(GaveUp)
			break
		}
		n.Status, n.Next = Preparation, now.Add(waits[n.Failures-1])
	}
	n.Problem = failure.Error()
	o.opts.Log.WarnContext(ctx, "a notice was not sent", slog.String("notice", string(n.ID)), slog.String("medium", string(n.Medium)), slog.Int("failures", n.Failures), slog.Bool("given_up", n.Status == NotDone))
}

// message makes what is carried of a notice, as things are now; or says why it must
// not be sent.
func (o *Outbox) message(ctx context.Context, n *Notice, p *person, now time.Time) (m *Message, reason string, err error) {
	m = &Message{ID: n.ID, At: n.Written, Words: n.Words}
	typ, id := cut(n.To)
	switch {
	case p == nil:
		return nil, NoWay, nil
	case p.died:
		return nil, Died, nil
	case o.sender(n.Medium) == nil:
		return nil, NoWay, nil
	}
	switch typ {
	case "Patient":
		if reason := p.unreachable(n.Medium); reason != "" {
			return nil, reason, nil
		}
		m.To = map[Medium]string{Email: p.email, Text: international(p.mobile)}[n.Medium]
		m.Letter = page(n, addressed(p.addressee(), p.address), now)
	case "RelatedPerson":
		c := p.carer(n.To)
		if c == nil || p.protected || p.flagged(NoContact) || p.flagged(NoCarers) {
			return nil, NotWanted, nil
		}
		m.Letter = page(n, addressed(c.name, c.address), now)
	case "HealthcareService":
		s, err := directory.Find(ctx, o.view, id)
		if err != nil {
			return nil, "", err //nolint:wrapcheck // it says what it was doing
		}
		m.To = s.Email
	case "Organization":
		if m.To, err = o.organisationEmail(ctx, n.To); err != nil {
			return nil, "", err
		}
	}
	if n.Medium == Letter {
		return m, "", nil
	}
	if m.To == "" {
		return nil, NoWay, nil
	}
	secrets, err := o.secrets(ctx, n, p)
	if err == nil && leaks(n.Words, secrets) {
		reason = Unsafe
	}
	return m, reason, err
}

// cut parts a reference into type and id.
func cut(reference string) (typ string, id fhir.ID) {
	typ, rest, _ := strings.Cut(reference, "/")
	return typ, fhir.ID(rest)
}

func (p *person) carer(reference string) *carer {
	for i := range p.carers {
		if p.carers[i].reference == reference {
			return &p.carers[i]
		}
	}
	return nil
}

// addressee is to whom a letter goes: of a child, to whoever looks after them.
func (p *person) addressee() string {
	if p.age < 0 || p.age >= ownLetters {
		return p.name
	}
	t, _ := speak(p.language)
	return t.words("parent", map[string]string{"person": p.name})
}

// addressed puts a name over an address.
func addressed(name string, address []string) []string {
	if name == "" {
		return address
	}
	return append([]string{name}, address...)
}

// asleep reports whether it is a time at which nobody wants to get a text.
func asleep(now time.Time) bool {
	hour := now.In(clock.London).Hour()
	return hour < textsFrom || hour >= textsTo
}

// morning returns when texts are sent again.
func morning(now time.Time) time.Time {
	here := now.In(clock.London)
	at := time.Date(here.Year(), here.Month(), here.Day(), textsFrom, 0, 0, 0, clock.London)
	if !at.After(now) {
		at = time.Date(here.Year(), here.Month(), here.Day()+1, textsFrom, 0, 0, 0, clock.London)
	}
	return at
}

// keep writes a notice as it stands now.
func (o *Outbox) keep(ctx context.Context, n *Notice) (*Notice, error) { return keep(ctx, o.view, n) }

func keep(ctx context.Context, v *record.View, n *Notice) (*Notice, error) {
	op, err := n.op()
	if err != nil {
		return nil, err
	}
	made, err := v.Transact(ctx, []record.Op{op})
	if err != nil {
		return nil, fmt.Errorf("keep a notice: %w", err)
	}
	return read(&made[0].Version)
}

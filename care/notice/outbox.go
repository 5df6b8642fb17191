package notice

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
	"joinery/record/access"
	"joinery/record/search"
)

// Options say how notices leave.
type Options struct {
	Clock   func() time.Time // required
	Letters Sender           // required: where letters go
	Mail    Sender           // nil: no e-mail
	Texts   Sender           // nil: no text messages
	Sender  string           // who writes, as people know them; it stands in e-mails and texts, so it must not tell what is treated there
	Contact string           // required: whom to ring or ask about any letter
	Links   string           // where links lead, such as https://record.example/link/; empty: none are sent

	// As gives the record as somebody else sees it: a link opens only what its
	// service may see. Required with Links.
	As   func(access.Subject) *record.View
	Rand io.Reader // what secrets of links come from; required with Links

	Lease time.Duration // how long an Outbox that fell silent keeps others waiting; a minute when 0
	Log   *slog.Logger  // nil: nothing is said
}

// Sender carries a message to somebody. It may be given one twice, under the same
// id. An error that is a *Rejection is for good; after any other it is tried again.
type Sender interface {
	Send(ctx context.Context, m *Message) error
}

// Message is what a Sender carries.
type Message struct {
	ID     fhir.ID
	At     time.Time // when it was first to be sent
	To     string    // an e-mail address or a number; empty for a letter
	Words  []string  // heading first
	Letter *Page     // of a letter
}

// Rejection says that a message will never be taken.
type Rejection struct{ Err error }

func (r *Rejection) Error() string { return "it was refused: " + r.Err.Error() }

// Unwrap returns why.
func (r *Rejection) Unwrap() error { return r.Err }

// Outbox writes and sends notices. It is for one goroutine.
type Outbox struct {
	opts     Options
	view     *record.View
	follower *record.Follower
	at       record.Position
	leads    bool
	until    time.Time            // by when the lease is to be renewed
	began    time.Time            // of what came before nobody is told
	told     map[string]int       // how many moves of a referral or an invitation were told
	scan     bool                 // what waits is to be looked through
	wake     time.Time            // when the first of what waits is due; zero: nothing waits
	resting  map[Medium]time.Time // until when a medium that failed is let alone
}

// name is under which the log is followed.
const name = "notice"

// How much is done in a step, how old a move may be to be told, and how many
// referrals are remembered as told.
const (
	stepLog    = 50 // transactions
	stepSend   = 25
	freshness  = 7 * 24 * time.Hour
	remembered = 20_000
)

// New returns an Outbox. The subject of the view must be a system that may read and
// write everything.
func New(ctx context.Context, v *record.View, o Options) (*Outbox, error) {
	if o.Letters == nil || strings.TrimSpace(o.Contact) == "" {
		return nil, fault.New(fault.Invalid, "Notices need a place for letters, and whom people can ring about them.")
	}
	if o.Lease == 0 {
		o.Lease = time.Minute
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	follower, err := v.Follow(ctx, name, o.Lease)
	if err != nil {
		return nil, fmt.Errorf("write notices: %w", err)
	}
	return &Outbox{opts: o, view: v, follower: follower, told: map[string]int{}, resting: map[Medium]time.Time{}}, nil
}

// Run works until the context ends, a step at each tick and another at once as long
// as there is more to do. What fails is logged and tried again.
func (o *Outbox) Run(ctx context.Context, ticks <-chan time.Time) error {
	for {
		busy, err := o.Step(ctx)
		if err != nil && ctx.Err() == nil {
			o.opts.Log.ErrorContext(ctx, "notices are not written or sent", slog.Any("error", err))
		}
		if busy && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return o.close(context.WithoutCancel(ctx))
		case <-ticks:
		}
	}
}

// Step writes notices of what moved since the last, and sends some of what is due.
// busy reports whether there may be more to do at once.
func (o *Outbox) Step(ctx context.Context) (busy bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err //nolint:wrapcheck // the caller's own
	}
	mine, err := o.lead(ctx)
	if err != nil || !mine {
		return false, err
	}
	read, err := o.follow(ctx)
	if err != nil {
		return false, err
	}
	sent, err := o.send(ctx)
	return read || sent, err
}

// lead takes or keeps the lease, and reports whether it is ours. Whoever comes anew
// begins where all is done.
func (o *Outbox) lead(ctx context.Context) (bool, error) {
	now := o.opts.Clock()
	if left := o.until.Sub(now); o.leads && left > 0 && left <= o.opts.Lease/2 {
		return true, nil
	}
	done, _, err := o.follower.Begin(ctx)
	if err != nil {
		o.leads = false
		if fault.KindOf(err) == fault.Unavailable {
			return false, nil
		}
		return false, fmt.Errorf("write notices: %w", err)
	}
	o.until = now.Add(o.opts.Lease / 2)
	if o.leads {
		return true, nil
	}
	if o.began, err = o.beginning(ctx); err != nil {
		return false, err
	}
	o.leads, o.at, o.scan = true, done, true
	clear(o.told)
	return true, nil
}

// beginningID is the resource that keeps since when notices are written.
const beginningID = "notices-began"

// beginning returns since when moves are told: from when an Outbox first ran on the
// record, and a little before. Of older referrals nobody expects a letter.
func (o *Outbox) beginning(ctx context.Context) (time.Time, error) {
	v, err := o.view.Read(ctx, "Basic", beginningID)
	if fault.KindOf(err) == fault.NotFound {
		since := o.opts.Clock().Add(-freshness)
		doc, err := fhir.Parse([]byte(`{"resourceType":"Basic","id":"` + beginningID + `","code":{"text":"Since when notices are written"},"extension":[{"url":"` + noticeURL + `","valueInstant":"` + instant(since) + `"}]}`))
		if err != nil {
			return time.Time{}, fmt.Errorf("write notices: %w", err)
		}
		if _, err := o.view.Transact(ctx, []record.Op{{Kind: record.Update, Type: "Basic", ID: beginningID, Body: doc}}); err != nil {
			return time.Time{}, fmt.Errorf("write notices: %w", err)
		}
		return since, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("write notices: %w", err)
	}
	doc, err := v.Doc()
	if err != nil {
		return time.Time{}, fmt.Errorf("write notices: %w", err)
	}
	return moment(doc.Root().At("extension", "valueInstant").Text()), nil
}

// follow reads the log a little further and writes the notices of what moved.
func (o *Outbox) follow(ctx context.Context) (more bool, err error) {
	changed, at, err := o.follower.After(ctx, o.at, stepLog)
	if err != nil {
		o.leads = false
		if fault.KindOf(err) == fault.Unavailable {
			return false, nil
		}
		return false, fmt.Errorf("write notices: %w", err)
	}
	if at == o.at {
		return false, nil
	}
	var which []record.Changed
	for _, c := range changed {
		switch c.Type {
		case "Communication": // written here, or moved by an operator
			o.scan = true
		case "ServiceRequest", "Task":
			which = append(which, c)
		}
	}
	now, err := o.follower.Now(ctx, which)
	if err != nil {
		return false, fmt.Errorf("write notices: %w", err)
	}
	for i := range now {
		if now[i].Doc == nil {
			continue
		}
		if err := o.tell(ctx, now[i].Type, now[i].Doc.Root()); err != nil {
			return false, err
		}
	}
	if err := o.follower.Done(ctx, at); err != nil {
		o.leads = false
		return false, fmt.Errorf("write notices: %w", err)
	}
	o.at = at
	return true, nil
}

// close lets another write and send.
func (o *Outbox) close(ctx context.Context) error {
	if !o.leads {
		return nil
	}
	o.leads = false
	if err := o.follower.Release(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("write notices: %w", err)
	}
	return nil
}

// Close lets another write and send. The Outbox may go on later.
func (o *Outbox) Close(ctx context.Context) error { return o.close(ctx) }

// find asks the record, with names and values in turn, for one page.
func find(ctx context.Context, v *record.View, now time.Time, typ string, params ...string) (record.Page, error) {
	var pairs []search.Pair
	for i := 0; i+1 < len(params); i += 2 {
		pairs = append(pairs, search.Pair{Name: params[i], Value: params[i+1]})
	}
	q, err := search.Parse(typ, pairs, search.Options{Strict: true, Now: now})
	if err != nil {
		return record.Page{}, fmt.Errorf("look for a %s: %w", typ, err)
	}
	page, err := v.Search(ctx, q)
	if err != nil {
		return record.Page{}, fmt.Errorf("look for a %s: %w", typ, err)
	}
	return page, nil
}

// person reads whom a notice is about, as they are now; nil when there is no such
// Patient.
func (o *Outbox) person(ctx context.Context, id fhir.ID) (*person, error) {
	return findPerson(ctx, o.view, o.opts.Clock(), id)
}

func findPerson(ctx context.Context, v *record.View, now time.Time, id fhir.ID) (*person, error) {
	page, err := find(ctx, v, now, "Patient", "_id", string(id),
		"_revinclude", "RelatedPerson:patient", "_revinclude", "Consent:patient", "_revinclude", "Flag:patient")
	if err != nil {
		return nil, err
	}
	return readPerson(page, now)
}

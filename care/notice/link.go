package notice

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"joinery/care/directory"
	"joinery/care/workflow"
	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
	"joinery/record/access"
)

// A link lets a service that has only e-mail see one referral of one person, and
// accept or decline it. Its secret is 256 random bits, of which the record keeps
// only hashes: one for each time that the e-mail was tried, since any of these may
// have arrived. It holds for a week and a number of uses, and no longer than the
// service may see the person at all: what it opens is decided by the record, for a
// member of staff of the service's organisation.

// LinkSystem is of the identifiers by which a link's hash is found.
const LinkSystem = "urn:joinery:link"

const (
	linkHolds = 7 * 24 * time.Hour
	linkUses  = 20
	linkPlace = "…" // stands in the words that are kept, where the link was
)

// newSecret returns a secret and its hash.
func newSecret(random io.Reader) (secret, hash string, err error) {
	var b [32]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", "", fmt.Errorf("make a link: %w", err)
	}
	secret = base64.RawURLEncoding.EncodeToString(b[:])
	return secret, hashOf(secret), nil
}

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Links opens links. It is safe for concurrent use.
type Links struct {
	view  *record.View
	as    func(access.Subject) *record.View
	clock func() time.Time
}

// NewLinks returns what opens links: view is the program's own, as gives the record
// as the service sees it.
func NewLinks(view *record.View, as func(access.Subject) *record.View, clock func() time.Time) *Links {
	return &Links{view: view, as: as, clock: clock}
}

// Opened is what a link opens.
type Opened struct {
	Notice  fhir.ID
	Task    fhir.ID
	Patient fhir.ID
	Service *directory.Service
	Until   time.Time
	Uses    int          // left
	View    *record.View // of the service; whoever holds it shows the one referral
}

// errNoLink is all that is said of a link that is unknown, was revoked, has run out
// or was used up.
var errNoLink = fault.New(fault.NotFound, "This link does not work. It may have run out: ask whoever sent it for another.")

// Open spends one use of a link and returns what it opens. The fault is NotFound,
// always the same, when it opens nothing. who says what is known of the request.
func (l *Links) Open(ctx context.Context, secret string, who access.Who) (*Opened, error) {
	for range 5 { // others may use it in the same moment
		n, err := l.find(ctx, secret)
		if err != nil {
			return nil, err
		}
		n.Link.Uses--
		_, err = keep(ctx, l.view, n)
		if kind := fault.KindOf(err); kind == fault.Conflict || kind == fault.Precondition {
			continue
		}
		if err != nil {
			return nil, err
		}
		return l.open(ctx, n, who)
	}
	return nil, fault.New(fault.Unavailable, "This link is being used by many at once. Try again in a moment.")
}

func (l *Links) find(ctx context.Context, secret string) (*Notice, error) {
	now := l.clock()
	page, err := find(ctx, l.view, now, "Communication", "identifier", LinkSystem+"|"+hashOf(secret), "_count", "2")
	if err != nil {
		return nil, err
	}
	if len(page.Entries) != 1 {
		return nil, errNoLink
	}
	n, err := read(&page.Entries[0].Version)
	if err != nil || n.Link == nil || n.Status == NotDone || n.Link.Uses < 1 || !now.Before(n.Link.Until) {
		return nil, errNoLink
	}
	return n, nil
}

func (l *Links) open(ctx context.Context, n *Notice, who access.Who) (*Opened, error) {
	_, id := cut(n.To)
	s, err := directory.Find(ctx, l.view, id)
	if err != nil {
		return nil, errNoLink
	}
	subject, err := linkSubject(n, s, who)
	if err != nil {
		return nil, errNoLink
	}
	return &Opened{Notice: n.ID, Task: n.task(), Patient: n.Patient, Service: s, Until: n.Link.Until, Uses: n.Link.Uses, View: l.as(subject)}, nil
}

// task returns the Task that a link is for.
func (n *Notice) task() fhir.ID {
	for _, of := range n.Of {
		if id := trim(of, "Task/"); id != "" {
			return fhir.ID(id)
		}
	}
	return ""
}

// linkSubject is who acts by a link: somebody of the service's organisation, whom
// nobody knows better.
func linkSubject(n *Notice, s *directory.Service, who access.Who) (access.Subject, error) {
	key := n.ID
	if key == "" {
		key = fhir.ID(hashOf(n.key)[:32])
	}
	who.Client, who.Name, who.Purpose = "joinery link", "By an e-mailed link: "+s.Name+", of "+s.Organization, access.Treatment
	return access.NewStaff(who, access.Member{Practitioner: "link-" + key, Organization: fhir.ID(trim(s.Organization, "Organization/"))}) //nolint:wrapcheck // it is fit to be shown
}

// bound reports whether a link would open anything: whether the service may see the
// referral at all.
func (o *Outbox) bound(ctx context.Context, n *Notice) (bool, error) {
	if n.task() == "" || o.opts.As == nil {
		return false, nil
	}
	_, id := cut(n.To)
	s, err := directory.Find(ctx, o.view, id)
	if err != nil {
		return false, err //nolint:wrapcheck // it says what it was doing
	}
	subject, err := linkSubject(n, s, access.Who{})
	if err != nil {
		return false, nil //nolint:nilerr // nobody can act for a service of nobody's
	}
	_, err = workflow.Of(o.opts.As(subject), o.opts.Clock).Referral(ctx, n.task())
	if kind := fault.KindOf(err); err != nil && kind != fault.NotFound && kind != fault.Denied {
		return false, err //nolint:wrapcheck // it says what it was doing
	}
	return err == nil, nil
}

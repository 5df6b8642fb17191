package record

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record/access"
	"joinery/record/credential"
	"joinery/record/search"
	"joinery/record/store"
)

// Another system opens the page of the person whom its user looks at: it asks for
// a link, and the user's browser follows it. The link is a secret for one use. It
// signs nobody in: whoever follows it sees what they may see anyway, and of whom
// they may not see, that there is nothing here. The number of the person is looked
// for only then, with the rights of who follows, so that the system learns nothing
// by asking for links.
//
// Of a link its hash is kept, with its data encrypted by a key made of the secret:
// nothing of a person can be read in the database, also of links that nobody
// follows.

// How long a link holds: until it is followed, and, for who has to sign in first,
// until they have.
const (
	LaunchHolds = time.Minute
	LaunchWaits = 5 * time.Minute
)

// Launch says whose page a link opens, and for whom.
type Launch struct {
	NHSNumber string

	// For whom alone: the name of an account, or whom an outside provider of
	// OpenID Connect knows as Subject. Empty: for whoever follows the link.
	Account         string
	Issuer, Subject string
}

// Launched is a link that was made.
type Launched struct {
	Secret string // once; for the address of the link, and for nobody else
	Until  time.Time
}

// keptLaunch is what is kept of a link, encrypted.
type keptLaunch struct {
	Number  string `json:"number"`
	From    string `json:"from"` // which system's link, and which, for the audit
	Account string `json:"account,omitempty"`
	Linked  []byte `json:"linked,omitempty"` // of an issuer and subject: see linkKey
	Held    bool   `json:"held,omitempty"`   // it was followed, by somebody who had to sign in
}

const (
	interactionLaunchLink = "launch-link"
	interactionLaunch     = "launch"
)

// Launch makes the link by which somebody opens a person's page. The subject must
// be a system with the scope launch, which no other scope brings along. Whether
// there is such a person, or such an account, is not looked at and not told. The
// fault is Invalid when the number is not an NHS number, Denied to anyone else.
func (v *View) Launch(ctx context.Context, asked Launch) (Launched, error) {
	l := line{Interaction: interactionLaunchLink, Action: "C"}
	if err := v.launches(&asked); err != nil {
		if audit := v.audit(ctx, refusal(l, err)); audit != nil {
			return Launched{}, audit
		}
		return Launched{}, err
	}
	mark, err := v.rec.ids.secret(8)
	if err != nil {
		return Launched{}, err
	}
	k := keptLaunch{Number: asked.NHSNumber, From: v.subject.Who().Client + ", link " + hex.EncodeToString(mark), Account: folded(asked.Account)}
	if asked.Account != "" {
		l.Query = url.Values{"user": {k.Account}}.Encode()
	}
	if asked.Issuer != "" {
		k.Linked = linkKey(asked.Issuer, asked.Subject)
		l.Query = url.Values{"issuer": {asked.Issuer}, "subject": {asked.Subject}}.Encode()
	}
	l.Via = k.From
	if err := v.audit(ctx, l); err != nil {
		return Launched{}, err
	}
	return v.rec.keepLaunch(ctx, &k, LaunchHolds)
}

// launches refuses who may not make a link, and one that cannot be made.
func (v *View) launches(asked *Launch) error {
	who := v.subject.Who()
	switch {
	case v.subject.Role() != access.System || !who.Scopes.Launches():
		return fault.New(fault.Denied, "Links that open a person's page are made by a system whose token has the scope launch.")
	case len(asked.NHSNumber) != 10 || !store.NHSNumber(asked.NHSNumber):
		return fault.New(fault.Invalid, "That is not an NHS number: it has ten digits without spaces, and the last must fit the others.")
	case asked.Account != "" && asked.Issuer != "":
		return fault.New(fault.Invalid, "Say for whom by the name of their account, or by issuer and subject, and not by both.")
	case (asked.Issuer == "") != (asked.Subject == ""):
		return fault.New(fault.Invalid, "Issuer and subject go together: one says nothing without the other.")
	}
	return nil
}

// HoldLaunch takes a link that was followed by somebody who is not signed in, and
// returns a secret for their browser alone, which stands for it while they sign
// in, for LaunchWaits. The fault is Gone when the link is unknown, was used, or is
// too old, without saying which.
func (r *Record) HoldLaunch(ctx context.Context, secret string) (string, error) {
	k, err := r.takeLaunch(ctx, secret)
	if err != nil {
		return "", err
	}
	if k.Held { // nobody makes it last by following it again
		return "", errSpent
	}
	k.Held = true
	held, err := r.keepLaunch(ctx, k, LaunchWaits)
	return held.Secret, err
}

// OpenLaunch takes a link, or what stands for it, and returns the Patient whose
// page it opens, to whoever follows it. The faults are Gone, as of HoldLaunch, and
// when the link is for somebody else; NotFound when there is nobody of the number,
// or nobody whom the subject may see; Conflict when there are two.
func (v *View) OpenLaunch(ctx context.Context, secret string) (fhir.ID, error) {
	l := line{Interaction: interactionLaunch, Action: "E"}
	k, err := v.rec.takeLaunch(ctx, secret)
	if err == nil {
		l.Via = k.From
		err = v.isFor(ctx, k)
	}
	var found store.Version
	var reason access.Reason
	if err == nil {
		found, reason, err = v.numbered(ctx, k.Number)
	}
	if err != nil {
		if audit := v.audit(ctx, refusal(l, err)); audit != nil {
			return "", audit
		}
		return "", err
	}
	l.name("Patient", found.ID, 0)
	l.rule(reason)
	return found.ID, v.disclose(ctx, nil, l, found.Person())
}

var errSpent = fault.New(fault.Gone, "This link has been used or is too old. Open the person again from your system.")

// spent returns that error; why is for the audit and the log.
func spent(why string) error {
	return fault.Wrap(fault.Gone, errSpent.FaultMessage(), errors.New(why))
}

// isFor refuses whoever a link is not for.
func (v *View) isFor(ctx context.Context, k *keptLaunch) error {
	name := k.Account
	if k.Linked != nil {
		a, err := v.rec.store.LinkedAccount(ctx, k.Linked)
		if fault.KindOf(err) == fault.NotFound && err != nil {
			return spent("the link is for nobody who is known")
		}
		if err != nil {
			return err
		}
		name = a.Name
	}
	if name != "" && v.subject.Who().Client != accountClient(name) {
		return spent("the link is for somebody else")
	}
	return nil
}

// numbered finds the one Patient of an NHS number whom the subject may see.
func (v *View) numbered(ctx context.Context, number string) (one store.Version, reason access.Reason, err error) {
	q, err := search.Parse("Patient", []search.Pair{{Name: "identifier", Value: nhsNumbers + "|" + number}, {Name: "_count", Value: "20"}}, search.Options{Strict: true, Now: v.rec.clock()})
	if err != nil {
		return one, reason, err
	}
	f := v.filter(access.Search)
	err = v.rec.store.View(ctx, func(n *store.Snap) error {
		found, err := n.Find(store.Rights{Search: f, Read: v.filter(access.Read), Count: v.filter(access.Count)}, q, nil)
		if err != nil {
			return err
		}
		if len(found.Found) == 0 {
			return errNobodyThere
		}
		one = found.Found[0].Version
		if err := onePerson(n, found.Found); err != nil {
			return err
		}
		reason, err = allowed(n, f, &one)
		return err
	})
	return one, reason, err
}

var errNobodyThere = fault.New(fault.NotFound, "There is nothing here, or not for you.")

// onePerson refuses records of several people: whoever followed a link to one of
// them must not land at another.
func onePerson(n *store.Snap, found []store.Found) error {
	root := found[0].Version.Person()
	linked, err := n.Linked(root)
	if err != nil {
		return err
	}
	known := map[store.Person]bool{}
	for _, p := range linked {
		known[p] = true
	}
	for i := range found {
		if !known[found[i].Version.Person()] {
			return fault.New(fault.Conflict, "Two people here have this NHS number. Find the person by name and date of birth, and tell whoever looks after the records.")
		}
	}
	return nil
}

// keepLaunch keeps a link under a new secret.
func (r *Record) keepLaunch(ctx context.Context, k *keptLaunch, holds time.Duration) (Launched, error) {
	random, err := r.ids.secret(32)
	if err != nil {
		return Launched{}, err
	}
	secret := "jnl_" + base64.RawURLEncoding.EncodeToString(random)
	hash, key := launchKeys(secret)
	plain, err := json.Marshal(k)
	if err != nil {
		return Launched{}, fmt.Errorf("write a launch link: %w", err)
	}
	data, err := credential.Seal(key, interactionLaunch, string(plain), r.ids)
	if err != nil {
		return Launched{}, err //nolint:wrapcheck // nothing to add
	}
	until := r.clock().Add(holds)
	return Launched{Secret: secret, Until: until}, r.store.AddLaunch(ctx, hash, data, until)
}

// takeLaunch takes the link of a secret, so that nobody takes it again.
func (r *Record) takeLaunch(ctx context.Context, secret string) (*keptLaunch, error) {
	hash, key := launchKeys(secret)
	data, err := r.store.TakeLaunch(ctx, hash)
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			err = spent("unknown, used, or too old")
		}
		return nil, err
	}
	plain, err := credential.Open(key, interactionLaunch, data)
	if err != nil {
		return nil, fmt.Errorf("read a launch link: %w", err)
	}
	var k keptLaunch
	if err := json.Unmarshal([]byte(plain), &k); err != nil {
		return nil, fmt.Errorf("read a launch link: %w", err)
	}
	return &k, nil
}

// launchKeys returns by what a link is found, and by what it is read: neither
// gives away the other, or the secret.
func launchKeys(secret string) (hash, key []byte) {
	found, read := sha256.Sum256([]byte(secret)), sha256.Sum256([]byte("joinery launch\x00"+secret))
	return found[:], read[:]
}

package record

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"joinery/fault"
	"joinery/record/access"
	"joinery/record/credential"
	"joinery/record/store"
)

// How long a session holds: so long without a request, and so long in all. Those
// for staff are what NIST SP 800-63B asks at AAL3, the others NHS login's.
const (
	StaffIdle    = 15 * time.Minute
	ResidentIdle = 30 * time.Minute
	SessionHolds = 12 * time.Hour
)

// seenEvery is how exactly it is known when a session was last in use: noting it
// is a write. A session may end that much before its time of idleness.
const seenEvery = 30 * time.Second

// Session is somebody who is signed in, as it is now.
type Session struct {
	ID      string // by which it is listed and ended; no secret
	Account string
	Began   time.Time
	Ends    time.Time // if nothing more is asked
	Until   time.Time // whatever is asked
	From    string    // the address from which it began

	Recovery   int  // how many recovery codes are left
	Codes      bool // a one-time code is asked for
	Resident   bool // a patient or a carer, not somebody at work
	MustChange bool // the password, before anything else

	// Subject is who they are to the record, by the rights of now. It is the
	// zero Subject, who may do nothing, while MustChange.
	Subject access.Subject
	Grant   Grant // whom they act for: the ids that a Subject does not give away

	// Glass is a look at one person in an emergency, while it lasts; see For.
	Glass *Emergency

	hash []byte
}

// sessionData is what the store keeps of a session beside its times.
type sessionData struct {
	From  string     `json:"from,omitempty"`
	Glass *keptGlass `json:"glass,omitempty"`
}

// begin makes a session for the holder of an account.
func (r *Record) begin(ctx context.Context, a *store.Account, from access.Who) (SignedIn, error) {
	random, err := r.ids.secret(32 + 8)
	if err != nil {
		return SignedIn{}, err
	}
	secret := "jns_" + base64.RawURLEncoding.EncodeToString(random[:32])
	hash := sha256.Sum256([]byte(secret))
	g, err := r.grants.of(a.Rights)
	if err != nil {
		return SignedIn{}, err
	}
	data, err := json.Marshal(sessionData{From: networkOf(from.Source)})
	if err != nil {
		return SignedIn{}, fmt.Errorf("write a session: %w", err)
	}
	now := r.clock()
	kept := store.Session{
		Hash: hash[:], ID: hex.EncodeToString(random[32:]), Account: a.Name, Stamp: a.Stamp,
		Began: now, Seen: now, Idle: StaffIdle, Until: now.Add(SessionHolds), Data: data,
	}
	if g.resident() {
		kept.Idle = ResidentIdle
	}
	n, err := r.session(&kept, a, from)
	if err != nil {
		return SignedIn{}, err
	}
	if err := r.auditSession(ctx, &n, a, from, interactionSignIn); err != nil {
		return SignedIn{}, err
	}
	return SignedIn{Session: n, Secret: secret}, r.store.AddSession(ctx, kept)
}

// auditSession writes that a session began or ended, in the name of its holder.
func (r *Record) auditSession(ctx context.Context, n *Session, a *store.Account, from access.Who, what string) error {
	s, err := r.holder(a, from)
	if err != nil {
		return err
	}
	return r.As(s).audit(ctx, line{Interaction: what, Action: "E", What: []string{n.Account}})
}

// holder returns the subject of the holder of an account.
func (r *Record) holder(a *store.Account, from access.Who) (access.Subject, error) {
	g, err := r.grants.of(a.Rights)
	if err != nil {
		return access.Subject{}, err
	}
	who := access.Who{Client: accountClient(a.Name), Request: from.Request, Source: from.Source}
	return g.subject(g.parsed, who)
}

// session tells of a session that holds.
func (r *Record) session(s *store.Session, a *store.Account, from access.Who) (Session, error) {
	var kept sessionData
	if err := json.Unmarshal(s.Data, &kept); err != nil {
		return Session{}, fmt.Errorf("read a session: %w", err)
	}
	data, err := dataOf(a)
	if err != nil {
		return Session{}, err
	}
	n := Session{
		ID: s.ID, Account: s.Account, Began: s.Began, Until: s.Until, Ends: s.Seen.Add(s.Idle), From: kept.From,
		MustChange: data.MustChange, Codes: data.Secret != nil, Recovery: len(data.Recovery), hash: s.Hash,
	}
	if n.Until.Before(n.Ends) {
		n.Ends = n.Until
	}
	g, err := r.grants.of(a.Rights)
	if err != nil {
		return Session{}, err
	}
	n.Resident, n.Grant = g.resident(), g.Grant
	if n.MustChange {
		return n, nil
	}
	if n.Subject, err = r.holder(a, from); err == nil {
		n.Glass, err = r.emergency(a, kept.Glass, from)
	}
	return n, err
}

var errNoSession = fault.New(fault.Unidentified, "You are signed out. Sign in again to go on.")

// Session returns whose session a secret is, with the rights of now, and notes
// that it is in use. from says what is known of the request: its id, its source.
// The fault is Unidentified when there is none, or it has ended, without saying
// why: its time was over, somebody signed out, the password or the rights
// changed, or the account was disabled. That is asked of the database for every
// request, so what ends a session ends it on every node from the next on.
func (r *Record) Session(ctx context.Context, secret string, from access.Who) (Session, error) {
	s, a, err := r.storedSession(ctx, secret)
	if err != nil {
		return Session{}, err
	}
	if now := r.clock(); now.Sub(s.Seen) >= seenEvery {
		// A disk that is full must not sign anybody out who only reads.
		if err := r.store.SeeSession(ctx, s.Hash, now); err != nil && fault.KindOf(err) != fault.Unavailable {
			return Session{}, err
		}
		s.Seen = now
	}
	return r.session(&s, &a, from)
}

// PeekSession returns whose session a secret is, as Session does, and does not
// note that it is in use: to say how long it lasts, which must not make it last.
func (r *Record) PeekSession(ctx context.Context, secret string, from access.Who) (Session, error) {
	s, a, err := r.storedSession(ctx, secret)
	if err != nil {
		return Session{}, err
	}
	return r.session(&s, &a, from)
}

func (r *Record) storedSession(ctx context.Context, secret string) (store.Session, store.Account, error) {
	hash := sha256.Sum256([]byte(secret))
	s, a, err := r.store.Session(ctx, hash[:], r.clock())
	if fault.KindOf(err) == fault.NotFound && err != nil {
		err = errNoSession
	}
	return s, a, err
}

// SignOut ends a session. One that has ended already is no error.
func (r *Record) SignOut(ctx context.Context, secret string, from access.Who) error {
	s, a, err := r.storedSession(ctx, secret)
	if err != nil {
		if fault.KindOf(err) == fault.Unidentified {
			return nil
		}
		return err
	}
	n := Session{Account: a.Name}
	if err := r.store.EndSession(ctx, s.Hash); err != nil {
		return err
	}
	return r.auditSession(ctx, &n, &a, from, interactionSignOut)
}

// Sessions lists the sessions of whoever has one, on all their devices.
func (r *Record) Sessions(ctx context.Context, secret string, from access.Who) ([]Session, error) {
	_, a, err := r.storedSession(ctx, secret)
	if err != nil {
		return nil, err
	}
	kept, err := r.store.Sessions(ctx, a.Name, r.clock())
	if err != nil {
		return nil, err
	}
	out := make([]Session, len(kept))
	for i := range kept {
		if out[i], err = r.session(&kept[i], &a, from); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// EndSession ends another session of the same account, by its ID.
func (r *Record) EndSession(ctx context.Context, secret, id string, from access.Who) error {
	_, a, err := r.storedSession(ctx, secret)
	if err != nil {
		return err
	}
	if err := r.store.EndSessionOf(ctx, a.Name, id); err != nil {
		return err
	}
	return r.auditSession(ctx, &Session{Account: a.Name}, &a, from, interactionSignOut)
}

// SignOutEverywhere ends every session of whoever has one, this one too, on every
// node.
func (r *Record) SignOutEverywhere(ctx context.Context, secret string, from access.Who) error {
	_, a, err := r.storedSession(ctx, secret)
	if err != nil {
		return err
	}
	if err := r.changeAccount(ctx, a.Name, func(a *store.Account, _ *accountData) error { a.Stamp++; return nil }); err != nil {
		return err
	}
	return r.auditSession(ctx, &Session{Account: a.Name}, &a, from, interactionSignOut)
}

// RenewRecovery gives whoever is signed in new recovery codes, and takes the old
// ones away. They must say their password and a one-time code, not one of the old
// ones: what was found on paper is no way to more of it. The codes are told once.
// The faults are those of SignIn; Denied for an account without codes; Conflict
// for that of a demonstration, and before the first password is changed.
func (r *Record) RenewRecovery(ctx context.Context, secret, password, code string, from access.Who) ([]string, error) {
	_, a, err := r.storedSession(ctx, secret)
	if err != nil {
		return nil, err
	}
	data, err := dataOf(&a)
	switch {
	case err != nil:
		return nil, err
	case data.Demo:
		return nil, fault.New(fault.Conflict, "The account of a demonstration keeps its codes.")
	case data.MustChange:
		return nil, fault.New(fault.Conflict, "Choose a password of your own first.")
	}
	err = r.again(ctx, &a, func() error {
		if err := r.samePassword(ctx, password, data.Hash); err != nil {
			return err
		}
		return r.takeOneTimeCode(ctx, &a, code)
	})
	if err != nil {
		return nil, err
	}
	codes, hashes, err := credential.RecoveryCodes(r.ids, recoveryCodes)
	if err != nil {
		return nil, err //nolint:wrapcheck // nothing to add
	}
	if err := r.auditSession(ctx, &Session{Account: a.Name}, &a, from, "recovery-renew"); err != nil {
		return nil, err
	}
	return codes, r.changeAccount(ctx, a.Name, func(_ *store.Account, d *accountData) error { d.Recovery = hashes; return nil })
}

// samePassword refuses a password that is not the one that somebody has.
func (r *Record) samePassword(ctx context.Context, password, hash string) error {
	right, _, err := r.hasher.Check(ctx, password, hash)
	if err == nil && !right {
		err = fault.New(fault.Unidentified, "That is not the password that you have now.")
	}
	return err //nolint:wrapcheck // it is fit to be shown
}

// ChangePassword changes the password of whoever is signed in, who must say the
// one that they have. All their sessions end, and a new one begins. The faults
// are those of SignIn, and Invalid when the new password will not do.
func (r *Record) ChangePassword(ctx context.Context, secret, old, fresh string, from access.Who) (SignedIn, error) {
	_, a, err := r.storedSession(ctx, secret)
	if err != nil {
		return SignedIn{}, err
	}
	data, err := dataOf(&a)
	if err != nil {
		return SignedIn{}, err
	}
	if data.Demo {
		return SignedIn{}, fault.New(fault.Conflict, "The account of a demonstration keeps its stated password.")
	}
	if err := r.again(ctx, &a, func() error { return r.samePassword(ctx, old, data.Hash) }); err != nil {
		return SignedIn{}, err
	}
	if err := credential.Acceptable(fresh, a.Name); err != nil {
		return SignedIn{}, err //nolint:wrapcheck // it is fit to be shown
	}
	if fresh == old {
		return SignedIn{}, fault.New(fault.Invalid, "The new password is the old one. Choose another.")
	}
	hash, err := r.hasher.Hash(ctx, fresh)
	if err != nil {
		return SignedIn{}, err //nolint:wrapcheck // it is fit to be shown
	}
	if err := r.auditSession(ctx, &Session{Account: a.Name}, &a, from, "password-change"); err != nil {
		return SignedIn{}, err
	}
	err = r.changeAccount(ctx, a.Name, func(a *store.Account, d *accountData) error {
		a.Stamp++
		d.Hash, d.MustChange = hash, false
		return nil
	})
	if err != nil {
		return SignedIn{}, err
	}
	if a, err = r.store.Account(ctx, a.Name); err != nil {
		return SignedIn{}, err
	}
	return r.begin(ctx, &a, from)
}

// again has somebody who is signed in prove once more that it is they, and counts
// failures by the account: who found a screen unlocked cannot try for long.
func (r *Record) again(ctx context.Context, a *store.Account, proof func() error) error {
	c := r.counts(a.Name, "", "signed in "+a.Name, true)
	wait, err := r.store.Try(ctx, c.attempts())
	if err != nil {
		return err
	}
	if wait > 0 {
		return &Wait{For: wait}
	}
	if err := proof(); err != nil {
		return err
	}
	return r.store.Succeeded(ctx, c.own)
}

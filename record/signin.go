package record

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"joinery/fault"
	"joinery/record/access"
	"joinery/record/credential"
	"joinery/record/search"
	"joinery/record/store"
)

// SignIn is what somebody says to sign in. It is asked for all at once, and the
// answer does not tell which of it was wrong.
type SignIn struct {
	Name     string
	Password string
	Code     string     // a one-time code, or a recovery code
	Device   string     // that an earlier sign-in on this device gave: see SignedIn
	From     access.Who // the request's id and source
}

// SignedIn is what came of a sign-in.
type SignedIn struct {
	Session Session
	Secret  string // by which the session is found: for a cookie, and shown to nobody

	// Device is for a cookie that outlives the session. Who signs in with it
	// waits for no one else's failures at their account: nobody can lock
	// another out.
	Device string
}

// The same words whatever was wrong.
var errNotSignedIn = fault.New(fault.Unidentified, "That name, password and code do not belong together. Check them and try again.")

// notSignedIn returns that error; why is for the audit and the log.
func notSignedIn(why string) error {
	return fault.Wrap(fault.Unidentified, errNotSignedIn.FaultMessage(), errors.New(why))
}

// SignIn signs somebody in: a new session, whatever there was before. The fault
// is Unidentified when name, password and code do not belong together, in the
// same words and as slowly whether there is such an account or not; TooMany when
// they must wait because of too many failures; Unavailable when too many sign in
// at once.
func (r *Record) SignIn(ctx context.Context, s SignIn) (SignedIn, error) {
	name := folded(s.Name)
	device, known := r.deviceOf(s.Device, name)
	counts := r.counts(name, s.From.Source, device, known)
	wait, err := r.store.Try(ctx, counts.attempts())
	if err != nil {
		return SignedIn{}, err
	}
	if wait > 0 {
		return SignedIn{}, &Wait{For: wait}
	}
	a, err := r.proves(ctx, name, s)
	if err != nil {
		if audit := r.signInFailed(ctx, s.From, a, err); audit != nil {
			return SignedIn{}, audit
		}
		return SignedIn{}, err
	}
	if err := r.store.Succeeded(ctx, counts.own, counts.others...); err != nil {
		return SignedIn{}, err
	}
	done, err := r.begin(ctx, a, s.From)
	if err != nil {
		return SignedIn{}, err
	}
	done.Device = s.Device
	if !known {
		done.Device, err = r.newDevice(name)
	}
	return done, err
}

// SignInLinked signs in whom an outside provider of OpenID Connect has said to be
// its subject: the caller has checked that it did.
func (r *Record) SignInLinked(ctx context.Context, issuer, subject string, from access.Who) (SignedIn, error) {
	a, err := r.store.LinkedAccount(ctx, linkKey(issuer, subject))
	if err == nil {
		err = r.inForce(ctx, &a)
	}
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			err = fault.Wrap(fault.Unidentified, "You are known to your organisation, but have no account here yet. Ask its administrator for one.", err)
		}
		if audit := r.signInFailed(ctx, from, &a, err); audit != nil {
			return SignedIn{}, audit
		}
		return SignedIn{}, err
	}
	return r.begin(ctx, &a, from)
}

// proves returns the account of whoever has proved to be its holder. Also when
// they have not, the account is returned if there is one: for the audit.
func (r *Record) proves(ctx context.Context, name string, s SignIn) (*store.Account, error) {
	a, err := r.store.Account(ctx, name)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return nil, err
	}
	if err != nil { // nobody's password takes as long to be wrong
		if _, _, err := r.hasher.Check(ctx, s.Password, ""); err != nil {
			return nil, err //nolint:wrapcheck // it is fit to be shown
		}
		return nil, notSignedIn("there is no such account")
	}
	data, err := dataOf(&a)
	if err != nil {
		return &a, err
	}
	right, outdated, err := r.hasher.Check(ctx, s.Password, data.Hash)
	switch {
	case err != nil:
		return &a, err //nolint:wrapcheck // it is fit to be shown
	case !right:
		return &a, notSignedIn("the password is wrong")
	}
	if err := r.inForce(ctx, &a); err != nil {
		return &a, err
	}
	if err := r.takeCode(ctx, &a, s.Code, true); err != nil {
		return &a, err
	}
	if outdated {
		return &a, r.hashAgain(ctx, name, s.Password)
	}
	return &a, nil
}

// inForce refuses an account that is disabled, and that of a demonstration where
// there are real people.
func (r *Record) inForce(ctx context.Context, a *store.Account) error {
	data, err := dataOf(a)
	if err != nil {
		return err
	}
	if !data.Disabled.IsZero() {
		return notSignedIn("the account is disabled")
	}
	if data.Demo {
		return r.inventedOnly(ctx)
	}
	return nil
}

// takeCode checks a one-time code, or a recovery code where those are taken too,
// and takes it, so that it is not taken again. An account without codes needs
// none.
func (r *Record) takeCode(ctx context.Context, a *store.Account, code string, recovery bool) error {
	data, err := dataOf(a)
	if err != nil || data.Secret == nil {
		return err
	}
	key, err := r.store.AccountKey(ctx)
	if err != nil {
		return err
	}
	secret, err := credential.Open(key, a.Name, data.Secret)
	if err != nil {
		return fmt.Errorf("read the secret of an account: %w", err)
	}
	step, right, err := credential.Check(secret, code, r.clock())
	if err != nil {
		return err //nolint:wrapcheck // nothing to add
	}
	if right {
		fresh, err := r.store.TakeStep(ctx, a.Name, step)
		if err == nil && !fresh {
			err = notSignedIn("the code was used before")
		}
		return err
	}
	if !recovery {
		return notSignedIn("the code is wrong")
	}
	used := credential.RecoveryHash(code)
	return r.changeAccount(ctx, a.Name, func(_ *store.Account, d *accountData) error {
		left := slices.DeleteFunc(slices.Clone(d.Recovery), func(h []byte) bool { return bytes.Equal(h, used) })
		if len(left) == len(d.Recovery) {
			return notSignedIn("the code is wrong")
		}
		d.Recovery = left
		return nil
	})
}

// hashAgain makes the hash of a password as new ones are made.
func (r *Record) hashAgain(ctx context.Context, name, password string) error {
	hash, err := r.hasher.Hash(ctx, password)
	if err != nil {
		return err //nolint:wrapcheck // it is fit to be shown
	}
	return r.changeAccount(ctx, name, func(_ *store.Account, d *accountData) error { d.Hash = hash; return nil })
}

// inventedOnly refuses when the record holds anyone who is not marked as
// invented.
func (r *Record) inventedOnly(ctx context.Context) error {
	f, err := r.everyPatient()
	if err != nil {
		return err
	}
	const notTest = "http://terminology.hl7.org/CodeSystem/v3-ActReason|HTEST"
	q, err := search.Parse("Patient", []search.Pair{{Name: "_tag:not", Value: notTest}, {Name: "_count", Value: "1"}}, search.Options{Strict: true, Now: r.clock()})
	if err != nil {
		return err
	}
	real := false
	err = r.store.View(ctx, func(n *store.Snap) error {
		found, err := n.Find(store.Rights{Search: f, Read: f, Count: f}, q, nil)
		real = len(found.Found) > 0
		return err
	})
	if err == nil && real {
		err = notSignedIn("an account of a demonstration in a record of real people")
	}
	return err
}

// signInFailed audits a sign-in that failed. Who tried is known only when there
// is such an account: what else is typed in the place of a name may be a
// password.
func (r *Record) signInFailed(ctx context.Context, from access.Who, a *store.Account, failed error) error {
	l := refusal(line{Interaction: interactionSignIn, Action: "E"}, failed)
	if why := errors.Unwrap(failed); why != nil && fault.KindOf(failed) == fault.Unidentified {
		l.Why = why.Error()
	}
	if a != nil && a.Name != "" {
		l.What = []string{a.Name}
	}
	nobody, err := access.NewPublic(access.Who{Request: from.Request, Source: from.Source})
	if err != nil {
		return err
	}
	return r.As(nobody).audit(ctx, l)
}

// Interactions of the audit that are of sessions.
const (
	interactionSignIn  = "sign-in"
	interactionSignOut = "sign-out"
)

// Wait is the error of who must wait because of too many failures, theirs or
// others'.
type Wait struct{ For time.Duration }

func (e *Wait) Error() string { return "too many failures: " + e.FaultMessage() }

// FaultKind classifies the refusal.
func (e *Wait) FaultKind() fault.Kind { return fault.TooMany }

// FaultMessage says it to a person.
func (e *Wait) FaultMessage() string {
	if s := int(e.For/time.Second) + 1; s <= 90 {
		return fmt.Sprintf("There were too many tries. Wait %d seconds and try again.", s)
	}
	return fmt.Sprintf("There were too many tries. Wait %d minutes and try again.", int(e.For/time.Minute)+1)
}

// counts says where the failures of a sign-in are counted.
type counts struct {
	own    []byte   // what is this person's alone
	others [][]byte // what others have a part in
	waits  map[string]func(int64) time.Duration
}

// counts returns where a sign-in is counted. On a device where the account
// signed in before, only by the device: whatever others do, its holder can sign
// in there. Anywhere else by name and address together, by name, so that many
// addresses are no way around, and by address, so that many names are none.
func (r *Record) counts(name, source, device string, known bool) counts {
	from := networkOf(source)
	c := counts{waits: map[string]func(int64) time.Duration{}}
	add := func(what string, free int64, longest time.Duration) []byte {
		mac := hmac.New(sha256.New, r.store.Secret())
		mac.Write([]byte("joinery attempts\x00" + what))
		key := mac.Sum(nil)
		c.waits[string(key)] = growing(free, longest)
		return key
	}
	if known {
		c.own = add("device\x00"+device, 3, 15*time.Minute)
		return c
	}
	c.own = add("name and address\x00"+name+"\x00"+from, 3, 15*time.Minute)
	c.others = [][]byte{add("name\x00"+name, 10, time.Minute), add("address\x00"+from, 100, time.Minute)}
	return c
}

func (c *counts) attempts() []store.Attempt {
	var out []store.Attempt
	for key, wait := range c.waits {
		out = append(out, store.Attempt{Who: []byte(key), Wait: wait})
	}
	return out
}

// growing waits for nothing the first times, and then twice as long each time.
func growing(free int64, longest time.Duration) func(int64) time.Duration {
	return func(times int64) time.Duration {
		if times <= free {
			return 0
		}
		return min(longest, time.Second<<min(times-free-1, 20))
	}
}

// networkOf returns what addresses are counted by: one of IPv4, and of IPv6 the
// network that one subscriber has.
func networkOf(source string) string {
	at, err := netip.ParseAddrPort(source)
	addr := at.Addr()
	if err != nil {
		if addr, err = netip.ParseAddr(source); err != nil {
			return source
		}
	}
	if addr = addr.Unmap(); addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			return p.String()
		}
	}
	return addr.String()
}

// deviceHolds is how long a device is known.
const deviceHolds = 180 * 24 * time.Hour

// newDevice returns the mark of a device on which an account signed in: until
// when, chance, and an HMAC over both and the name.
func (r *Record) newDevice(name string) (string, error) {
	mark, err := r.ids.secret(8 + 16)
	if err != nil {
		return "", err
	}
	binary.BigEndian.PutUint64(mark, uint64(r.clock().Add(deviceHolds).Unix()))
	return base64.RawURLEncoding.EncodeToString(append(mark, r.deviceMAC(name, mark)...)), nil
}

// deviceOf returns what the failures of a device are counted by, and false when
// the account of a name is not known on it.
func (r *Record) deviceOf(device, name string) (string, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(device)
	if err != nil || len(raw) != 8+16+sha256.Size {
		return "", false
	}
	mark, mac := raw[:24], raw[24:]
	if !hmac.Equal(mac, r.deviceMAC(name, mark)) || int64(binary.BigEndian.Uint64(mark)) < r.clock().Unix() {
		return "", false
	}
	return string(mark), true
}

func (r *Record) deviceMAC(name string, mark []byte) []byte {
	mac := hmac.New(sha256.New, r.store.Secret())
	fmt.Fprintf(mac, "joinery device\x00%s\x00%s", name, mark)
	return mac.Sum(nil)
}

package record

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"joinery/fault"
	"joinery/record/access"
	"joinery/record/credential"
	"joinery/record/store"
)

// Account is somebody who signs in by a name, as it is listed: never a password
// or a code.
type Account struct {
	Name       string
	Grant      Grant
	Made       time.Time
	Disabled   time.Time // zero: in force
	MustChange bool      // the password is to be changed before anything else
	Codes      bool      // a one-time code is asked for
	Recovery   int       // how many recovery codes are left
}

// NewAccount is an account to be made.
type NewAccount struct {
	Name     string
	Grant    Grant  // no scopes, and not the role system: that is for programs
	Password string // empty: one is made. Either must be changed at the first sign-in

	// WithoutCodes is for patients and carers only: a password is enough.
	WithoutCodes bool

	// Demo is an account of a demonstration: with a stated password and secret
	// that stay, and of use only while everyone in the record is invented, marked
	// with the tag HTEST.
	Demo   bool
	Secret string // of one-time codes; empty: one is made
}

// Handover is what somebody needs to sign in for the first time. It is told once
// and cannot be had again.
type Handover struct {
	Name     string
	Password string
	Secret   string   // of one-time codes, for an authenticator app; empty when none are asked for
	Address  string   // the same as an address that the app takes
	Recovery []string // codes that stand once for a one-time code
}

// accountData is what the store keeps of an account beside its grant.
type accountData struct {
	Hash       string    `json:"hash"`             // of the password
	Secret     []byte    `json:"secret,omitempty"` // of one-time codes, encrypted with the key of the accounts
	Recovery   [][]byte  `json:"recovery,omitempty"`
	Disabled   time.Time `json:"disabled,omitzero"`
	MustChange bool      `json:"must_change,omitempty"`
	Demo       bool      `json:"demo,omitempty"`
	Reasons    [][]byte  `json:"reasons,omitempty"` // hashes of those for which the glass was broken
}

// recoveryCodes is how many an account is given.
const recoveryCodes = 10

// folded returns the name of an account as names are compared.
func folded(name string) string {
	return strings.ToLower(norm.NFKC.String(strings.TrimSpace(name)))
}

// CreateAccount makes an account. The subject must be an operator at the record's
// own desk, or an administrator. The fault is Conflict when there is one of the
// name.
func (v *View) CreateAccount(ctx context.Context, n NewAccount) (Handover, error) {
	if err := v.keepsAccounts(); err != nil {
		return Handover{}, err
	}
	name := folded(n.Name)
	if err := checkName(name); err != nil {
		return Handover{}, err
	}
	rights, err := rightsOf(n.Grant)
	if err != nil {
		return Handover{}, err
	}
	if n.WithoutCodes && !n.Grant.resident() {
		return Handover{}, fault.New(fault.Invalid, "Only patients and carers may sign in without a one-time code.")
	}
	if n.Password != "" {
		if err := credential.Acceptable(n.Password, name); err != nil {
			return Handover{}, err //nolint:wrapcheck // it is fit to be shown
		}
	}
	data := accountData{MustChange: !n.Demo, Demo: n.Demo}
	told, err := v.rec.credentials(ctx, name, n, &data)
	if err != nil {
		return Handover{}, err
	}
	kept, err := json.Marshal(data)
	if err != nil {
		return Handover{}, fmt.Errorf("write an account: %w", err)
	}
	if err := v.audit(ctx, line{Interaction: "account-create", Action: "C", What: []string{name}}); err != nil {
		return Handover{}, err
	}
	err = v.rec.store.AddAccount(ctx, store.Account{Name: name, Rights: rights, Data: kept})
	return told, err
}

func checkName(name string) error {
	if len(name) < 3 || len(name) > 100 || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == '/' || r == '�' }) {
		return fault.New(fault.Invalid, "An account needs a name of 3 to 100 characters, without slashes, to sign in by: an e-mail address is one.")
	}
	return nil
}

// rightsOf writes down the grant of an account, when somebody can have it.
func rightsOf(g Grant) (string, error) {
	if g.Role == "" || g.Role == "system" {
		return "", fault.New(fault.Invalid, "People sign in by accounts, and programs have tokens: the role system is for a token.")
	}
	if g.Scope != "" {
		return "", fault.New(fault.Invalid, "An account has no scopes: those limit programs.")
	}
	if _, err := g.subject(access.Scopes{}, access.Who{}); err != nil {
		return "", err
	}
	b, err := json.Marshal(g)
	if err != nil {
		return "", fmt.Errorf("write a grant: %w", err)
	}
	return string(b), nil
}

// resident reports whether a grant is of somebody who looks after themselves or
// their own, not at work.
func (g Grant) resident() bool { return g.Role == "patient" || g.Role == "carer" }

// credentials makes what an account proves itself with.
func (r *Record) credentials(ctx context.Context, name string, n NewAccount, data *accountData) (Handover, error) {
	told := Handover{Name: name, Password: n.Password}
	var err error
	if told.Password == "" {
		if told.Password, err = credential.Made(r.ids, 5); err != nil {
			return Handover{}, err //nolint:wrapcheck // nothing to add
		}
	}
	if data.Hash, err = r.hasher.Hash(ctx, told.Password); err != nil {
		return Handover{}, err //nolint:wrapcheck // it is fit to be shown
	}
	if n.WithoutCodes {
		return told, nil
	}
	key, err := r.store.AccountKey(ctx)
	if err != nil {
		return Handover{}, err
	}
	if told.Secret = n.Secret; told.Secret == "" {
		if told.Secret, err = credential.NewSecret(r.ids); err != nil {
			return Handover{}, err //nolint:wrapcheck // nothing to add
		}
	}
	told.Address = credential.Address(told.Secret, name)
	if data.Secret, err = credential.Seal(key, name, told.Secret, r.ids); err != nil {
		return Handover{}, err //nolint:wrapcheck // nothing to add
	}
	told.Recovery, data.Recovery, err = credential.RecoveryCodes(r.ids, recoveryCodes)
	return told, err //nolint:wrapcheck // nothing to add
}

// Accounts lists all accounts by name.
func (v *View) Accounts(ctx context.Context) ([]Account, error) {
	if err := v.keepsAccounts(); err != nil {
		return nil, err
	}
	if err := v.audit(ctx, line{Interaction: "account-list", Action: "R"}); err != nil {
		return nil, err
	}
	stored, err := v.rec.store.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Account, len(stored))
	for i := range stored {
		if out[i], err = accountOf(&stored[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func accountOf(s *store.Account) (Account, error) {
	a := Account{Name: s.Name, Made: s.Made}
	data, err := dataOf(s)
	if err == nil {
		err = json.Unmarshal([]byte(s.Rights), &a.Grant)
	}
	if err != nil {
		return Account{}, fmt.Errorf("read the grant of an account: %w", err)
	}
	a.Disabled, a.MustChange, a.Codes, a.Recovery = data.Disabled, data.MustChange, data.Secret != nil, len(data.Recovery)
	return a, nil
}

func dataOf(s *store.Account) (accountData, error) {
	var d accountData
	if err := json.Unmarshal(s.Data, &d); err != nil {
		return d, fmt.Errorf("read an account: %w", err)
	}
	return d, nil
}

// DisableAccount ends an account and its sessions, on every node at once. It
// stays in the list; ResetAccount brings it back.
func (v *View) DisableAccount(ctx context.Context, name string) error {
	return v.changeAccount(ctx, "account-disable", name, func(_ *store.Account, d *accountData) error {
		if !d.Disabled.IsZero() {
			return fault.New(fault.Conflict, "This account is disabled already.")
		}
		d.Disabled = v.rec.clock().UTC()
		return nil
	})
}

// ResetAccount gives an account a new password, which is to be changed at the
// first sign-in, a new secret and new recovery codes. Its sessions end, and if it
// was disabled it is so no longer.
func (v *View) ResetAccount(ctx context.Context, name string) (Handover, error) {
	name = folded(name)
	if err := v.keepsAccounts(); err != nil {
		return Handover{}, err
	}
	a, err := v.rec.store.Account(ctx, name)
	if err != nil {
		return Handover{}, err
	}
	was, err := dataOf(&a)
	if err != nil {
		return Handover{}, err
	}
	if was.Demo {
		return Handover{}, fault.New(fault.Conflict, "The account of a demonstration keeps its stated password.")
	}
	fresh := accountData{MustChange: true}
	told, err := v.rec.credentials(ctx, name, NewAccount{WithoutCodes: was.Secret == nil}, &fresh)
	if err != nil {
		return Handover{}, err
	}
	return told, v.changeAccount(ctx, "account-reset", name, func(_ *store.Account, d *accountData) error {
		fresh.Reasons = d.Reasons
		*d = fresh
		return nil
	})
}

// ChangeRights gives an account another grant. Its sessions end.
func (v *View) ChangeRights(ctx context.Context, name string, g Grant) error {
	rights, err := rightsOf(g)
	if err != nil {
		return err
	}
	return v.changeAccount(ctx, "account-rights", name, func(a *store.Account, d *accountData) error {
		if d.Secret == nil && !g.resident() {
			return fault.New(fault.Conflict, "Whoever works with the record signs in with one-time codes: make them an account of their own.")
		}
		a.Rights = rights
		return nil
	})
}

// LinkAccount lets the holder of an account sign in by an outside provider of
// OpenID Connect: the one that calls itself issuer, where they are known as
// subject. The fault is Conflict when that is somebody else here.
func (v *View) LinkAccount(ctx context.Context, name, issuer, subject string) error {
	if err := v.keepsAccounts(); err != nil {
		return err
	}
	if issuer == "" || subject == "" {
		return fault.New(fault.Invalid, "A link needs the provider's issuer and the subject by which it knows the person.")
	}
	name = folded(name)
	if err := v.notOneself(name); err != nil {
		return err
	}
	if err := v.audit(ctx, line{Interaction: "account-link", Action: "U", What: []string{name}}); err != nil {
		return err
	}
	return v.rec.store.LinkAccount(ctx, linkKey(issuer, subject), name)
}

func linkKey(issuer, subject string) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q", issuer, subject))
	return sum[:]
}

// changeAccount changes an account so that its sessions end.
func (v *View) changeAccount(ctx context.Context, what, name string, change func(*store.Account, *accountData) error) error {
	if err := v.keepsAccounts(); err != nil {
		return err
	}
	name = folded(name)
	if err := v.notOneself(name); err != nil {
		return err
	}
	if _, err := v.rec.store.Account(ctx, name); err != nil {
		return err
	}
	if err := v.audit(ctx, line{Interaction: what, Action: "U", What: []string{name}}); err != nil {
		return err
	}
	return v.rec.changeAccount(ctx, name, func(a *store.Account, d *accountData) error {
		a.Stamp++
		return change(a, d)
	})
}

func (r *Record) changeAccount(ctx context.Context, name string, change func(*store.Account, *accountData) error) error {
	return r.store.ChangeAccount(ctx, name, func(a *store.Account) error {
		d, err := dataOf(a)
		if err != nil {
			return err
		}
		if err := change(a, &d); err != nil {
			return err
		}
		if a.Data, err = json.Marshal(d); err != nil {
			return fmt.Errorf("write an account: %w", err)
		}
		return nil
	})
}

// keepsAccounts refuses who may not keep accounts.
func (v *View) keepsAccounts() error {
	if v.subject.Role() == access.Administrator || v.subject.Role() == access.System && v.subject.Who().Operator != "" {
		return nil
	}
	return fault.New(fault.Denied, "Accounts are kept by an administrator, or by an operator with the joinery command.")
}

// notOneself refuses to change the account by which somebody is signed in: nobody
// gives themselves more rights.
func (v *View) notOneself(name string) error {
	if v.subject.Who().Client == accountClient(name) {
		return fault.New(fault.Denied, "Nobody changes their own account: ask another administrator.")
	}
	return nil
}

// accountClient is how the audit calls the program of somebody who signed in.
func accountClient(name string) string { return "account " + name }

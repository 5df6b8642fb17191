package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"joinery/fault"
	"joinery/record"
	"joinery/record/access"
	"joinery/record/credential"
)

// accountCommand groups what is done with the accounts of people.
type accountCommand struct {
	Add     accountAdd     `cmd:"" help:"Make an account, and print once what its holder needs to sign in."`
	List    accountList    `cmd:"" help:"List accounts: names and roles, never passwords."`
	Rights  accountRights  `cmd:"" help:"Give an account another role, or other people to act for."`
	Disable accountDisable `cmd:"" help:"End an account and all its sessions, at once and everywhere."`
	Reset   accountReset   `cmd:"" help:"Give an account a new password and new codes; this also ends its sessions."`
	Link    accountLink    `cmd:"" help:"Let an account sign in by an outside provider of OpenID Connect."`
	Code    accountCode    `cmd:"" help:"Show the one-time code of an account of the demonstration."`
}

// roleOf is what an account may be: tokens also stand for programs.
type roleOf struct {
	Role string `help:"What they are: ${enum}." enum:"patient,carer,staff,casefinder,analyst,lead,governance,administrator" required:""`
}

type accountAdd struct {
	Name string `arg:"" help:"What they sign in by, such as their e-mail address."`
	roleOf
	grantee
	PasswordFile string `help:"Take the first password from this file instead of making one. It must be changed at the first sign-in either way." placeholder:"FILE" type:"existingfile"`
	WithoutCodes bool   `help:"Ask for no one-time codes (roles patient and carer)."`
}

// Help is shown by joinery account add --help.
func (accountAdd) Help() string {
	return `What is printed is shown once: the first password, the secret that an authenticator app takes, and ten recovery codes, each of which stands once for a one-time code. Hand them over in person, or by two different ways.

    joinery account add sedge@surgery.example --role staff --person "Dr Sedge" --practitioner sel-staff-00001 --organisation sel-practice-001 --use TREAT
    joinery account add ada@home.example --role patient --patient sel-728 --person "Ada Lovelace" --without-codes`
}

// newAccount is what the desk is asked to make.
type newAccount struct {
	Name, Role string
	Grantee    grantee
	Password   string
	NoCodes    bool
	Demo       bool
	Secret     string
}

// Run is the command.
func (c *accountAdd) Run(ctx context.Context, a *app) error {
	ask := newAccount{Name: c.Name, Role: c.Role, Grantee: c.grantee, NoCodes: c.WithoutCodes}
	if c.PasswordFile != "" {
		text, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			return fault.Wrap(fault.Invalid, "The file with the password cannot be read.", err)
		}
		ask.Password = strings.TrimRight(string(text), "\r\n")
	}
	desk, err := a.reach(ctx, "account add", access.Administration)
	if err != nil {
		return err
	}
	defer desk.close()
	told, err := desk.makeAccount(ctx, ask)
	if err != nil {
		return err
	}
	return a.printHandover(told, ask.Password != "")
}

func (r *reached) makeAccount(ctx context.Context, n newAccount) (record.Handover, error) {
	body, err := json.Marshal(n)
	if err != nil {
		return record.Handover{}, fmt.Errorf("ask for an account: %w", err)
	}
	var told record.Handover
	err = r.do(ctx, http.MethodPost, "/accounts", nil, body, &told)
	return told, err
}

// printHandover prints what the holder of an account needs. A password that came
// from a file is not repeated.
func (a *app) printHandover(told record.Handover, known bool) error {
	if known {
		told.Password = ""
	}
	if a.flags.JSON {
		return a.printJSON(told)
	}
	fmt.Fprintf(a.out, "name:      %s\n", told.Name)
	if !known {
		fmt.Fprintf(a.out, "password:  %s\n", told.Password)
	}
	if told.Secret != "" {
		fmt.Fprintf(a.out, "codes:     %s\n           %s\nrecovery:  %s\n", told.Secret, told.Address, strings.Join(told.Recovery, "\n           "))
	}
	fmt.Fprintln(a.err, "This is shown once. The password is to be changed at the first sign-in.")
	return nil
}

// readAccount reads what is asked for, and what it grants: to the account that the
// address names, or else to a new one.
func readAccount(r *http.Request) (n newAccount, g record.Grant, err error) {
	if err := json.NewDecoder(r.Body).Decode(&n); err != nil {
		return n, g, fault.Wrap(fault.Invalid, "What was asked for cannot be read.", err)
	}
	if g, err = n.Grantee.grant(n.Role); g.Display == "" {
		g.Display = cmp.Or(r.PathValue("name"), n.Name)
	}
	return n, g, err
}

// createAccount answers with what the holder of a new account needs.
func (d *desk) createAccount(_ http.ResponseWriter, r *http.Request) (any, error) {
	view, err := d.view(r)
	if err != nil {
		return nil, err
	}
	n, g, err := readAccount(r)
	if err != nil {
		return nil, err
	}
	return view.CreateAccount(r.Context(), record.NewAccount{
		Name: n.Name, Grant: g, Password: n.Password, WithoutCodes: n.NoCodes, Demo: n.Demo, Secret: n.Secret,
	})
}

type accountList struct{}

// Help is shown by joinery account list --help.
func (accountList) Help() string {
	return `    joinery account list
    joinery account list --json | jq -r '.[].name'`
}

// listedAccount is an account as the list shows it.
type listedAccount struct {
	Name       string       `json:"name"`
	Grant      record.Grant `json:"grant"`
	Made       time.Time    `json:"made"`
	Disabled   *time.Time   `json:"disabled,omitempty"`
	MustChange bool         `json:"must_change"`
	Codes      bool         `json:"codes"`
	Recovery   int          `json:"recovery"`
}

// Run is the command.
func (accountList) Run(ctx context.Context, a *app) error {
	desk, err := a.reach(ctx, "account list", access.Administration)
	if err != nil {
		return err
	}
	defer desk.close()
	accounts := []listedAccount{}
	if err := desk.do(ctx, http.MethodGet, "/accounts", nil, nil, &accounts); err != nil {
		return err
	}
	if a.flags.JSON {
		return a.printJSON(accounts)
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tROLE\tWHO\tSTATE")
	for _, t := range accounts {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", t.Name, t.Grant.Role, t.Grant.Display, t.state())
	}
	return w.Flush() //nolint:wrapcheck // nothing to add
}

func (t *listedAccount) state() string {
	switch {
	case t.Disabled != nil:
		return "disabled " + t.Disabled.Format(time.DateOnly)
	case t.MustChange:
		return "has not signed in yet"
	case !t.Codes:
		return "works, by password alone"
	}
	return fmt.Sprintf("works, %d recovery codes left", t.Recovery)
}

// listAccounts answers with every account.
func (d *desk) listAccounts(_ http.ResponseWriter, r *http.Request) (any, error) {
	view, err := d.view(r)
	if err != nil {
		return nil, err
	}
	accounts, err := view.Accounts(r.Context())
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	out := make([]listedAccount, len(accounts))
	for i, t := range accounts {
		out[i] = listedAccount{Name: t.Name, Grant: t.Grant, Made: t.Made, MustChange: t.MustChange, Codes: t.Codes, Recovery: t.Recovery}
		if !t.Disabled.IsZero() {
			out[i].Disabled = &accounts[i].Disabled
		}
	}
	return out, nil
}

type accountRights struct {
	Name string `arg:"" help:"What they sign in by."`
	roleOf
	grantee
}

// Help is shown by joinery account rights --help.
func (accountRights) Help() string {
	return `Says anew what the account is and whom it acts for; its sessions end, so that nobody goes on with rights of before.

    joinery account rights sedge@surgery.example --role staff --person "Dr Sedge" --practitioner sel-staff-00001 --organisation sel-practice-002 --use TREAT`
}

// Run is the command.
func (c *accountRights) Run(ctx context.Context, a *app) error {
	body, err := json.Marshal(newAccount{Role: c.Role, Grantee: c.grantee})
	if err != nil {
		return fmt.Errorf("ask for other rights: %w", err)
	}
	return a.changeAccount(ctx, c.Name, "rights", body)
}

func (d *desk) accountRights(_ http.ResponseWriter, r *http.Request) (any, error) {
	view, err := d.view(r)
	if err != nil {
		return nil, err
	}
	_, g, err := readAccount(r)
	if err != nil {
		return nil, err
	}
	return true, view.ChangeRights(r.Context(), r.PathValue("name"), g)
}

type accountDisable struct {
	Name string `arg:"" help:"What they sign in by."`
}

// Help is shown by joinery account disable --help.
func (accountDisable) Help() string {
	return `The account stays in the list. joinery account reset brings it back.

    joinery account disable sedge@surgery.example`
}

// Run is the command.
func (c *accountDisable) Run(ctx context.Context, a *app) error {
	return a.changeAccount(ctx, c.Name, "disable", nil)
}

// changeAccount has the desk change an account, and says so.
func (a *app) changeAccount(ctx context.Context, name, what string, body []byte) error {
	desk, err := a.reach(ctx, "account "+what, access.Administration)
	if err != nil {
		return err
	}
	defer desk.close()
	var done bool
	if err := desk.do(ctx, http.MethodPost, "/accounts/"+url.PathEscape(name)+"/"+what, nil, body, &done); err != nil {
		return err
	}
	fmt.Fprintf(a.err, "%s: its sessions have ended\n", name)
	return nil
}

func (d *desk) disableAccount(_ http.ResponseWriter, r *http.Request) (any, error) {
	view, err := d.view(r)
	if err != nil {
		return nil, err
	}
	return true, view.DisableAccount(r.Context(), r.PathValue("name"))
}

type accountReset struct {
	Name string `arg:"" help:"What they sign in by."`
}

// Help is shown by joinery account reset --help.
func (accountReset) Help() string {
	return `For who forgot the password or lost the phone: make sure that it is they. What is printed is shown once, as by joinery account add.

    joinery account reset sedge@surgery.example`
}

// Run is the command.
func (c *accountReset) Run(ctx context.Context, a *app) error {
	desk, err := a.reach(ctx, "account reset", access.Administration)
	if err != nil {
		return err
	}
	defer desk.close()
	var told record.Handover
	if err := desk.do(ctx, http.MethodPost, "/accounts/"+url.PathEscape(c.Name)+"/reset", nil, nil, &told); err != nil {
		return err
	}
	return a.printHandover(told, false)
}

func (d *desk) resetAccount(_ http.ResponseWriter, r *http.Request) (any, error) {
	view, err := d.view(r)
	if err != nil {
		return nil, err
	}
	return view.ResetAccount(r.Context(), r.PathValue("name"))
}

type accountLink struct {
	Name    string `arg:"" help:"What they sign in by."`
	Issuer  string `help:"What the provider calls itself." placeholder:"URL" required:""`
	Subject string `help:"By what the provider knows them." placeholder:"TEXT" required:""`
}

// Help is shown by joinery account link --help.
func (accountLink) Help() string {
	return `    joinery account link sedge@surgery.example --issuer https://login.example --subject 9f2c7a`
}

// Run is the command.
func (c *accountLink) Run(ctx context.Context, a *app) error {
	desk, err := a.reach(ctx, "account link", access.Administration)
	if err != nil {
		return err
	}
	defer desk.close()
	var done bool
	q := url.Values{"issuer": {c.Issuer}, "subject": {c.Subject}}
	if err := desk.do(ctx, http.MethodPost, "/accounts/"+url.PathEscape(c.Name)+"/link", q, nil, &done); err != nil {
		return err
	}
	fmt.Fprintf(a.err, "%s signs in by %s from now on\n", c.Name, c.Issuer)
	return nil
}

func (d *desk) linkAccount(_ http.ResponseWriter, r *http.Request) (any, error) {
	view, err := d.view(r)
	if err != nil {
		return nil, err
	}
	q := r.URL.Query()
	return true, view.LinkAccount(r.Context(), r.PathValue("name"), q.Get("issuer"), q.Get("subject"))
}

type accountCode struct {
	Name string `arg:"" help:"A name that joinery demo printed, such as demo.nurse."`
}

// Help is shown by joinery account code --help.
func (accountCode) Help() string {
	return `The secrets of a demonstration's accounts follow from their names, so that anybody can try them; the accounts work only while everyone in the record is invented. Nobody else's code can be had this way.

    joinery account code demo.nurse`
}

// Run is the command.
func (c *accountCode) Run(a *app) error {
	name := strings.ToLower(c.Name)
	if !strings.HasPrefix(name, demoPrefix) {
		return fault.New(fault.Denied, "Only the accounts of a demonstration have stated secrets; other codes come from their holder's app.")
	}
	code, err := credential.Code(demoSecret(name), a.clock())
	if err != nil {
		return err //nolint:wrapcheck // nothing to add
	}
	fmt.Fprintln(a.out, code)
	return nil
}

// demoPrefix begins the names of accounts of a demonstration.
const demoPrefix = "demo."

// demoPassword is that of all accounts of a demonstration.
const demoPassword = "only invented people"

// demoSecret is the stated secret of an account of a demonstration.
func demoSecret(name string) string {
	sum := sha256.Sum256([]byte("joinery demonstration " + name))
	return base32.StdEncoding.EncodeToString(sum[:20])
}

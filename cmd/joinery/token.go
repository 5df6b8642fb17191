package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
	"joinery/record/access"
	"joinery/web"
)

// tokenCommand groups what is done with tokens.
type tokenCommand struct {
	Create tokenCreate `cmd:"" help:"Make a token and print it, alone, on standard output."`
	List   tokenList   `cmd:"" help:"List tokens: names, roles and scopes, never the tokens."`
	Revoke tokenRevoke `cmd:"" help:"End a token, at once and everywhere."`
}

type tokenCreate struct {
	Name  string        `help:"What the token is called, in the list and in the audit." required:""`
	Scope string        `help:"SMART v2 scopes, as in 'system/*.rs' or 'user/*.cruds'." required:""`
	Role  string        `help:"Who signs in: ${enum}." enum:"system,patient,carer,staff,casefinder,analyst,public,lead,governance,administrator" default:"system"`
	For   time.Duration `help:"How long it works." default:"8760h" placeholder:"HOURS"`

	grantee
}

// grantee says whom a token or an account acts for.
type grantee struct {
	Person           string    `help:"Who signs in, to be shown in the audit (default: the name of the token or account)." placeholder:"TEXT"`
	Patient          fhir.ID   `help:"The Patient's id (role patient)." placeholder:"ID"`
	Related          []fhir.ID `help:"Ids of the carer's RelatedPersons (role carer)." placeholder:"ID"`
	Practitioner     fhir.ID   `help:"The Practitioner's id (role staff)." placeholder:"ID"`
	PractitionerRole fhir.ID   `help:"The PractitionerRole's id (role staff)." placeholder:"ID"`
	Organisation     fhir.ID   `help:"The id of the Organization they work for (roles staff and casefinder)." placeholder:"ID" aliases:"organization"`
	Location         []fhir.ID `help:"Ids of the Locations where they work, such as a care home (role staff)." placeholder:"ID"`
	Group            []fhir.ID `help:"Ids of the Groups whose members are found (role casefinder)." placeholder:"ID"`
	Self             fhir.ID   `help:"The id of the Patient that they are themselves, so that looks at their own record and their family's are flagged (role staff)." placeholder:"ID"`
	Clear            []string  `help:"Sensitivity labels that they may see: PSY, HIV, STD, SDV and so on (role staff)." placeholder:"LABEL"`
	Use              string    `help:"The purpose of use of what is done: TREAT, ETREAT, HOPERAT and so on (default: by role; needed for staff)." placeholder:"CODE"`
}

// grant returns what a grantee of a role may do.
func (g *grantee) grant(role string) (record.Grant, error) {
	if err := checkSetting("purpose", g.Use); err != nil {
		return record.Grant{}, err
	}
	return record.Grant{
		Role: role, Display: g.Person, Purpose: access.Purpose(strings.ToUpper(g.Use)),
		Patient: g.Patient, RelatedPersons: g.Related, Practitioner: g.Practitioner, RoleID: g.PractitionerRole,
		Organization: g.Organisation, Locations: g.Location, Cleared: g.Clear, Groups: g.Group, Self: g.Self,
	}, nil
}

// Help is shown by joinery token create --help.
func (tokenCreate) Help() string {
	return `The token is shown once and stored only as a hash; keep it like a password.

A system has what its scopes say. Everyone else has what their role and relations to a person give, and the scopes narrow that.

    joinery token create --name loader --scope 'system/*.cruds'
    joinery token create --name "Dr Sedge" --scope 'user/*.cruds' --role staff --practitioner sel-staff-00001 --organisation sel-practice-001 --use TREAT
    joinery token create --name elm-practice-system --scope launch
    joinery token create --name "Ada's app" --scope 'patient/*.rs' --role patient --patient sel-728 --for 24h`
}

// Run is the command.
func (c *tokenCreate) Run(ctx context.Context, a *app) error {
	desk, err := a.reach(ctx, "token create", access.Administration)
	if err != nil {
		return err
	}
	defer desk.close()
	made, err := desk.makeToken(ctx, *c)
	if err != nil {
		return err
	}
	if a.flags.JSON {
		return a.printJSON(made)
	}
	fmt.Fprintln(a.out, made.Token)
	return nil
}

// madeToken is a new token.
type madeToken struct {
	Name    string    `json:"name"`
	Token   string    `json:"token"`
	Expires time.Time `json:"expires"`
}

func (r *reached) makeToken(ctx context.Context, c tokenCreate) (madeToken, error) {
	body, err := json.Marshal(c)
	if err != nil {
		return madeToken{}, fmt.Errorf("ask for a token: %w", err)
	}
	var made madeToken
	err = r.do(ctx, http.MethodPost, "/tokens", nil, body, &made)
	return made, err
}

// createToken answers with a new token.
func (d *desk) createToken(_ http.ResponseWriter, r *http.Request) (any, error) {
	view, err := d.view(r)
	if err != nil {
		return nil, err
	}
	var c tokenCreate
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		return nil, fault.Wrap(fault.Invalid, "What was asked for cannot be read.", err)
	}
	if c.For <= 0 {
		return nil, fault.New(fault.Invalid, "A token must work for some time: --for 24h.")
	}
	if c.Person == "" {
		c.Person = c.Name
	}
	g, err := c.grant(c.Role)
	if err != nil {
		return nil, err
	}
	g.Scope = c.Scope
	made := madeToken{Name: c.Name, Expires: d.clock().Add(c.For).UTC().Truncate(time.Second)}
	made.Token, err = view.CreateToken(r.Context(), c.Name, g, made.Expires)
	return made, err
}

type tokenList struct{}

// Help is shown by joinery token list --help.
func (tokenList) Help() string {
	return `    joinery token list
    joinery token list --json | jq -r '.[].name'`
}

// listed is a token as the list shows it.
type listed struct {
	Name    string     `json:"name"`
	Log     string     `json:"log"` // how the log calls it
	Role    string     `json:"role"`
	Scope   string     `json:"scope"`
	Made    time.Time  `json:"made"`
	Expires time.Time  `json:"expires"`
	Revoked *time.Time `json:"revoked,omitempty"`
}

// Run is the command.
func (tokenList) Run(ctx context.Context, a *app) error {
	desk, err := a.reach(ctx, "token list", access.Administration)
	if err != nil {
		return err
	}
	defer desk.close()
	tokens := []listed{}
	if err := desk.do(ctx, http.MethodGet, "/tokens", nil, nil, &tokens); err != nil {
		return err
	}
	if a.flags.JSON {
		return a.printJSON(tokens)
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tROLE\tSCOPE\tSTATE\tIN THE LOG")
	for _, t := range tokens {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", t.Name, t.Role, t.Scope, t.state(a.clock()), t.Log)
	}
	return w.Flush() //nolint:wrapcheck // nothing to add
}

func (t listed) state(now time.Time) string {
	switch {
	case t.Revoked != nil:
		return "revoked " + t.Revoked.Format(time.DateOnly)
	case !t.Expires.IsZero() && !t.Expires.After(now):
		return "ended " + t.Expires.Format(time.DateOnly)
	case t.Expires.IsZero():
		return "works"
	}
	return "works until " + t.Expires.Format(time.DateOnly)
}

// listTokens answers with every token.
func (d *desk) listTokens(_ http.ResponseWriter, r *http.Request) (any, error) {
	view, err := d.view(r)
	if err != nil {
		return nil, err
	}
	tokens, err := view.Tokens(r.Context())
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	out := make([]listed, len(tokens))
	for i, t := range tokens {
		out[i] = listed{Name: t.Name, Log: web.Mark(t.Name), Role: t.Grant.Role, Scope: t.Grant.Scope, Made: t.Made, Expires: t.Expires}
		if !t.Revoked.IsZero() {
			out[i].Revoked = &tokens[i].Revoked
		}
	}
	return out, nil
}

type tokenRevoke struct {
	Name string `arg:"" help:"Its name, as in the list."`
}

// Help is shown by joinery token revoke --help.
func (tokenRevoke) Help() string {
	return `Requests made with it are refused from now on: at once by this database's owner, within a second by every other joinery on the same PostgreSQL.

    joinery token revoke loader`
}

// Run is the command.
func (c *tokenRevoke) Run(ctx context.Context, a *app) error {
	desk, err := a.reach(ctx, "token revoke", access.Administration)
	if err != nil {
		return err
	}
	defer desk.close()
	if err := desk.revoke(ctx, c.Name); err != nil {
		return err
	}
	fmt.Fprintf(a.err, "revoked %s\n", c.Name)
	return nil
}

func (r *reached) revoke(ctx context.Context, name string) error {
	var done bool
	return r.do(ctx, http.MethodDelete, "/tokens/"+url.PathEscape(name), nil, nil, &done)
}

// revokeToken ends a token.
func (d *desk) revokeToken(_ http.ResponseWriter, r *http.Request) (any, error) {
	view, err := d.view(r)
	if err != nil {
		return nil, err
	}
	return true, view.RevokeToken(r.Context(), r.PathValue("name"))
}

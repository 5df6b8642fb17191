package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"joinery/care/finding"
	"joinery/fault"
	"joinery/fhir"
	"joinery/record/access"
	"joinery/record/search"
	"joinery/source/synth"
)

type demoCommand struct {
	People int64         `help:"How many people to invent." default:"2000"`
	Seed   uint64        `help:"Another number invents other people." default:"1"`
	For    time.Duration `help:"How long the tokens work." default:"24h" placeholder:"HOURS"`
	Listen string        `help:"Where joinery serve listens, for the examples that are printed." default:"127.0.0.1:8080" placeholder:"HOST:PORT" env:"JOINERY_LISTEN"`
}

// Help is shown by joinery demo --help.
func (demoCommand) Help() string {
	return `Invents people of a synthetic district, with their practices, hospitals, care homes and charities, all of them labelled as test data (tag HTEST), takes them into the record as any feed comes, and prints a token for each of several roles, and a name to sign in by. Run it again for new tokens, and for more people with --people; the old tokens end. In a record that holds anyone else it refuses to.

joinery serve --demo does the same, lets six weeks of care pass by models of care that are put in force, and has the people grow in number while it serves.

    joinery demo
    joinery demo --db sqlite:try.db --people 200 --seed 7`
}

// Run is the command.
func (c *demoCommand) Run(ctx context.Context, a *app) error {
	desk, err := a.reach(ctx, "demo", access.Operations)
	if err != nil {
		return err
	}
	defer desk.close()
	d, err := openDemonstration(ctx, desk, c.Seed, a.clock())
	if err != nil {
		return err
	}
	sum, err := d.fill(ctx, a, c.People)
	if err != nil {
		return err
	}
	people, err := d.seats(ctx, a, c.People, c.For)
	if err != nil {
		return err
	}
	if a.flags.JSON {
		return a.printJSON(map[string]any{"created": sum.Created, "types": sum.Types, "personas": people})
	}
	a.printDemo(c.Listen, c.For, c.People, sum, people)
	return nil
}

// persona is somebody to try the record as.
type persona struct {
	Who   string `json:"who"`
	Try   string `json:"try"` // the path of a request that shows what they see
	Token string `json:"token"`
	// SignIn is the name by which they sign in to pages; empty for a program.
	SignIn string `json:"sign_in,omitempty"`
	as     tokenCreate
}

// personas are the roles of a demonstration, as far as so few people have them.
func personas(c synth.Cast) []persona {
	all := []persona{{
		Who: "a system that may read everything", Try: "Patient?_count=3&_elements=name,birthDate",
		as: tokenCreate{Name: "demo: system", Role: "system", Scope: "system/*.rs"},
	}}
	if g := c.GP; g != nil {
		all = append(all, persona{
			Who: fmt.Sprintf("Dr %s, GP of %s: sees those registered there", g.Family, plain(g.Of.Name)), Try: "Patient?_count=3&_elements=name,birthDate",
			SignIn: demoPrefix + "gp",
			as:     tokenCreate{Name: "demo: GP", Role: "staff", Scope: "user/*.cruds", grantee: grantee{Practitioner: fhir.ID(g.ID), Organisation: fhir.ID(g.Of.ID), Use: "TREAT"}},
		})
	}
	if n := c.Nurse; n != nil {
		all = append(all, persona{
			Who: fmt.Sprintf("Nurse %s of %s: sees whom its community nurses look after", n.Family, plain(n.Of.Name)), Try: "Patient?_summary=count",
			SignIn: demoPrefix + "nurse",
			as:     tokenCreate{Name: "demo: nurse", Role: "staff", Scope: "user/*.rs", grantee: grantee{Practitioner: fhir.ID(n.ID), Organisation: fhir.ID(n.Of.ID), Use: "TREAT"}},
		})
	}
	if n := c.HomeNurse; n != nil {
		all = append(all, persona{
			Who: fmt.Sprintf("Nurse %s of %s: sees its residents", n.Family, plain(n.Of.Name)), Try: "Patient?_elements=name",
			SignIn: demoPrefix + "carehome",
			as:     tokenCreate{Name: "demo: care home nurse", Role: "staff", Scope: "user/*.rs", grantee: grantee{Practitioner: fhir.ID(n.ID), Organisation: fhir.ID(n.Of.ID), Location: []fhir.ID{fhir.ID(c.Home.ID)}, Use: "TREAT"}},
		})
	}
	if n := c.Networker; n != nil {
		all = append(all, persona{
			Who: fmt.Sprintf("%s %s, care coordinator of %s: sees whom she or he has in a model of care", n.Given, n.Family, plain(n.Of.Name)), Try: "Patient?_elements=name",
			SignIn: demoPrefix + "coordinator",
			as:     tokenCreate{Name: "demo: care coordinator", Role: "staff", Scope: "user/*.rs", grantee: grantee{Practitioner: fhir.ID(n.ID), Organisation: fhir.ID(n.Of.ID), Use: "TREAT"}},
		})
	}
	if n := c.Networker; n != nil {
		all = append(all, persona{
			Who: fmt.Sprintf("%s: sees whom models found, why, and how to reach them", finderName(c)), Try: "Patient?_elements=name,telecom",
			SignIn: demoPrefix + "finder",
			as:     tokenCreate{Name: "demo: case-finder", Role: "casefinder", Scope: "user/*.cruds", grantee: grantee{Organisation: fhir.ID(n.Of.ID), Group: []fhir.ID{finding.GroupID(foundFor)}, Use: "POPHLTH"}},
		})
	}
	if n := c.Paramedic; n != nil {
		all = append(all, persona{
			Who: fmt.Sprintf("%s %s, paramedic of %s: sees people while their incident is open, and none is", n.Given, n.Family, plain(n.Of.Name)), Try: "Patient?_summary=count",
			SignIn: demoPrefix + "paramedic",
			as:     tokenCreate{Name: "demo: paramedic", Role: "staff", Scope: "user/*.rs", grantee: grantee{Practitioner: fhir.ID(n.ID), Organisation: fhir.ID(n.Of.ID), Use: "ETREAT"}},
		})
	}
	if n := c.Supporter; n != nil {
		all = append(all, persona{
			Who: fmt.Sprintf("%s %s, coordinator at %s: sees whom the charity supports", n.Given, n.Family, plain(n.Of.Name)), Try: "Patient?_elements=name",
			SignIn: demoPrefix + "charity",
			as:     tokenCreate{Name: "demo: charity coordinator", Role: "staff", Scope: "user/*.rs", grantee: grantee{Practitioner: fhir.ID(n.ID), Organisation: fhir.ID(n.Of.ID), Use: "TREAT"}},
		})
	}
	if p := c.Patient; p != nil {
		all = append(all, persona{
			Who: p.Names[0].String() + ", a patient: sees herself", Try: "Patient/" + p.ID() + "/$everything?_count=5",
			SignIn: demoPrefix + "resident",
			as:     tokenCreate{Name: "demo: patient", Role: "patient", Scope: "patient/*.rs", grantee: grantee{Patient: fhir.ID(p.ID())}},
		}, persona{
			Who: c.CarerName + ", her carer, whom she lets see", Try: "Condition?patient=" + p.ID() + "&_count=5",
			SignIn: demoPrefix + "carer",
			as:     tokenCreate{Name: "demo: carer", Role: "carer", Scope: "patient/*.rs", grantee: grantee{Related: []fhir.ID{fhir.ID(c.Carer)}}},
		})
		if p.Sex == synth.Male {
			for i := range all[len(all)-2:] {
				who := &all[len(all)-2+i].Who
				*who = strings.NewReplacer("sees herself", "sees himself", ", her carer, whom she", ", his carer, whom he").Replace(*who)
			}
		}
	}
	return append(all, officers(c)...)
}

// finderName is who invites those whom models found.
func finderName(c synth.Cast) string {
	return "the case-finder of " + plain(c.Networker.Of.Name)
}

// officers are the personas who look after many people and treat none.
func officers(c synth.Cast) []persona {
	all := []persona{{
		Who: "an analyst: counts only, small ones withheld", Try: "Condition?_summary=count&code=59621000",
		SignIn: demoPrefix + "analyst",
		as:     tokenCreate{Name: "demo: analyst", Role: "analyst", Scope: "user/*.s"},
	}}
	if n := c.Lead; n != nil {
		all = append(all, persona{
			Who: "the lead of " + plain(n.Name) + ": counts, models and services", Try: "Encounter?_summary=count&class=EMER",
			SignIn: demoPrefix + "lead",
			as:     tokenCreate{Name: "demo: network lead", Role: "lead", Scope: "user/*.rs"},
		})
	}
	return append(all, persona{
		Who: "the information-governance lead: reads who has seen what, and nothing else", Try: "AuditEvent?_count=3&_sort=-date",
		SignIn: demoPrefix + "governance",
		as:     tokenCreate{Name: "demo: information governance", Role: "governance", Scope: "user/*.rs"},
	}, persona{
		Who: "an administrator: keeps the directory of organisations, places, services and staff", Try: "HealthcareService?_count=3&_elements=name",
		SignIn: demoPrefix + "administrator",
		as:     tokenCreate{Name: "demo: administrator", Role: "administrator", Scope: "user/*.cruds"},
	})
}

// plain is a name without the word that marks it as invented, which the whole
// of a demonstration is.
func plain(name string) string { return strings.TrimSuffix(name, " (synthetic)") }

// seats makes what each persona tries the record with: a token, and an account
// where there is a folder for the key of accounts.
func (d *demonstration) seats(ctx context.Context, a *app, of int64, period time.Duration) ([]persona, error) {
	people, err := d.tokens(ctx, of, period, a.clock())
	if err != nil {
		return nil, err
	}
	if a.keepsAccounts() {
		return people, d.accounts(ctx, people)
	}
	for i := range people {
		people[i].SignIn = ""
	}
	return people, nil
}

// tokens makes a token and an account for each persona, and ends the tokens of an
// earlier run.
func (d *demonstration) tokens(ctx context.Context, of int64, period time.Duration, now time.Time) ([]persona, error) {
	var old []listed
	if err := d.desk.do(ctx, http.MethodGet, "/tokens", nil, nil, &old); err != nil {
		return nil, err
	}
	for _, t := range old {
		if strings.HasPrefix(t.Name, "demo: ") && t.Revoked == nil {
			if err := d.desk.revoke(ctx, t.Name); err != nil {
				return nil, err
			}
		}
	}
	people := personas(d.district.Cast(of))
	for i := range people {
		as := &people[i].as
		as.For, as.Person = period, as.Name
		as.Name += now.UTC().Format(" 20060102T150405.000") // a name is used once
		made, err := d.desk.makeToken(ctx, *as)
		if err != nil {
			return nil, fmt.Errorf("make the token of %s: %w", as.Name, err)
		}
		people[i].Token = made.Token
	}
	return people, nil
}

// keepsAccounts reports whether there is a folder for the key of accounts.
func (a *app) keepsAccounts() bool {
	_, beside := sqlitePath(a.flags.DB)
	return beside || a.flags.State != ""
}

// accounts makes an account for each persona, unless it is there.
func (d *demonstration) accounts(ctx context.Context, people []persona) error {
	var have []listedAccount
	if err := d.desk.do(ctx, http.MethodGet, "/accounts", nil, nil, &have); err != nil {
		return err
	}
	for _, p := range people {
		if p.SignIn == "" || slices.ContainsFunc(have, func(a listedAccount) bool { return a.Name == p.SignIn }) {
			continue
		}
		who, _, _ := strings.Cut(p.Who, ":")
		g := p.as.grantee
		g.Person = who
		_, err := d.desk.makeAccount(ctx, newAccount{
			Name: p.SignIn, Role: p.as.Role, Grantee: g, Password: demoPassword, Demo: true, Secret: demoSecret(p.SignIn),
			NoCodes: p.as.Role == "patient" || p.as.Role == "carer",
		})
		if err != nil {
			return fmt.Errorf("make the account %s: %w", p.SignIn, err)
		}
	}
	return nil
}

func (a *app) printDemo(listen string, period time.Duration, invented int64, sum taken, people []persona) {
	if sum.Created > 0 {
		fmt.Fprintf(a.out, "%d resources of %d invented people were made. None of it is about anyone.\n\n", sum.Created, invented)
	}
	fmt.Fprintf(a.out, "Tokens, for %.0f hours. With joinery serve running, try in another terminal:\n", period.Hours())
	for _, p := range people {
		fmt.Fprintf(a.out, "\n# %s\ncurl -s -H 'Authorization: Bearer %s' \\\n  'http://%s/fhir/%s'\n", p.Who, p.Token, listen, p.Try)
	}
	if !a.keepsAccounts() {
		fmt.Fprint(a.out, "\nNobody can sign in: accounts need a folder for their key, which --state names.\n\n")
		return
	}
	fmt.Fprintf(a.out, "\nTo sign in at http://%s/sign-in, which works only while everyone in the record is invented:\n\n  password %q, and but for the resident and the carer a code: joinery account code NAME\n\n", listen, demoPassword)
	for _, p := range people {
		if p.SignIn != "" {
			who, _, _ := strings.Cut(p.Who, ":")
			fmt.Fprintf(a.out, "  %-20s %s\n", p.SignIn, who)
		}
	}
	fmt.Fprintln(a.out)
}

// count answers with how many resources of a type a search finds.
func (d *desk) count(_ http.ResponseWriter, r *http.Request) (any, error) {
	view, err := d.view(r)
	if err != nil {
		return nil, err
	}
	of := r.URL.Query()
	pairs := []search.Pair{{Name: of.Get("param"), Value: of.Get("value")}, {Name: "_summary", Value: "count"}}
	q, err := search.Parse(of.Get("type"), pairs, search.Options{Strict: true, Now: d.clock()})
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	page, err := view.Search(r.Context(), q)
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	if page.Total == nil {
		return nil, fault.New(fault.Internal, "a count without a number")
	}
	return json.Number(strconv.Itoa(*page.Total)), nil
}

// countPatients asks the desk how many Patients a search finds.
func (r *reached) countPatients(ctx context.Context, param, value string) (n int, err error) {
	err = r.do(ctx, http.MethodGet, "/count", url.Values{"type": {"Patient"}, "param": {param}, "value": {value}}, nil, &n)
	return n, err
}

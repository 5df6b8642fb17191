package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record/access"
	"joinery/record/search"
	"joinery/source"
	"joinery/source/synth"
)

type demoCommand struct {
	People  int           `help:"How many people to invent." default:"40"`
	Seed    uint64        `help:"Another number invents other people." default:"1"`
	For     time.Duration `help:"How long the tokens work." default:"24h" placeholder:"HOURS"`
	IfEmpty bool          `help:"Do nothing, successfully, when the record holds people who are not from a demonstration."`
	Listen  string        `help:"Where joinery serve listens, for the examples that are printed." default:"127.0.0.1:8080" placeholder:"HOST:PORT" env:"JOINERY_LISTEN"`
}

// Help is shown by joinery demo --help.
func (demoCommand) Help() string {
	return `Invents people, practices, a care home and those who work there, all of them labelled as test data (tag HTEST), takes them into the record, and prints a token for each of several roles. Run it again for new tokens; the old ones end. In a record that holds anyone else it does nothing.

    joinery demo
    joinery demo --db sqlite:try.db --people 200 --seed 7`
}

// persona is somebody to try the record as.
type persona struct {
	Who   string      `json:"who"`
	Try   string      `json:"try"` // the path of a request that shows what they see
	Token string      `json:"token"`
	as    tokenCreate `json:"-"`
}

// personas are the roles of a demonstration.
func personas() []persona {
	return []persona{
		{
			Who: "a system that may read everything", Try: "Patient?_count=3&_elements=name,birthDate",
			as: tokenCreate{Name: "demo: system", Role: "system", Scope: "system/*.rs"},
		},
		{
			Who: "Dr Sedge, GP of Larkfield Surgery: sees those registered there", Try: "Patient?name=ash",
			as: tokenCreate{Name: "demo: Dr Sedge", Role: "staff", Scope: "user/*.cruds", Practitioner: synth.GP, Organisation: synth.Practice, Use: "TREAT"},
		},
		{
			Who: "Nurse Rill, in the care teams of some", Try: "Patient?_summary=count",
			as: tokenCreate{Name: "demo: Nurse Rill", Role: "staff", Scope: "user/*.rs", Practitioner: synth.Nurse, Organisation: synth.Community, Use: "TREAT"},
		},
		{
			Who: "Nurse Vetch of Willow Court: sees its residents", Try: "Patient?_elements=name",
			as: tokenCreate{Name: "demo: Nurse Vetch", Role: "staff", Scope: "user/*.rs", Practitioner: synth.HomeNurse, Organisation: synth.CareHome, Location: []fhir.ID{synth.HomePlace}, Use: "TREAT"},
		},
		{
			Who: "Ada Ashgrove, a patient: sees herself", Try: "Patient/" + synth.FirstOne + "/$everything?_count=5",
			as: tokenCreate{Name: "demo: Ada Ashgrove", Role: "patient", Scope: "patient/*.rs", Patient: synth.FirstOne},
		},
		{
			Who: "her daughter, whom she lets see", Try: "Condition?patient=" + synth.FirstOne,
			as: tokenCreate{Name: "demo: carer", Role: "carer", Scope: "patient/*.rs", Related: []fhir.ID{synth.CarerOfOne}},
		},
		{
			Who: "an analyst: counts only, small ones withheld", Try: "Condition?_summary=count&code=38341003",
			as: tokenCreate{Name: "demo: analyst", Role: "analyst", Scope: "user/*.s"},
		},
	}
}

// Run is the command.
func (c *demoCommand) Run(ctx context.Context, a *app) error {
	desk, err := a.reach(ctx, "demo", access.Operations)
	if err != nil {
		return err
	}
	defer desk.close()
	var real, all int
	if err := desk.countPatients(ctx, "_tag:not", &real); err != nil {
		return err
	}
	if real > 0 {
		if c.IfEmpty {
			fmt.Fprintln(a.err, "The record holds people already: no demonstration is made.")
			return nil
		}
		return fault.New(fault.Conflict, "The record holds people who are not from a demonstration, and invented ones must not come among them. Use another --db.")
	}
	if err := desk.countPatients(ctx, "_tag", &all); err != nil {
		return err
	}
	sum := taken{Types: map[string]int{}}
	if all == 0 {
		if sum, err = c.fill(ctx, desk, a.clock()); err != nil {
			return err
		}
	}
	people, err := c.tokens(ctx, desk, a.clock())
	if err != nil {
		return err
	}
	if a.flags.JSON {
		return a.printJSON(map[string]any{"created": sum.Created, "types": sum.Types, "personas": people})
	}
	a.printDemo(c, sum, people)
	return nil
}

func (r *reached) countPatients(ctx context.Context, param string, n *int) error {
	return r.do(ctx, http.MethodGet, "/count", url.Values{"type": {"Patient"}, "param": {param}, "value": {synth.Tag}}, nil, n)
}

// fill takes the invented world into the record.
func (c *demoCommand) fill(ctx context.Context, desk *reached, now time.Time) (taken, error) {
	sum := taken{Types: map[string]int{}}
	for _, b := range synth.World(c.Seed, c.People, now) {
		var t taken
		q := url.Values{"from": {"demo " + b.Name}, "form": {strconv.Itoa(int(source.JSON))}}
		if err := desk.do(ctx, http.MethodPost, "/import", q, b.JSON, &t); err != nil {
			return sum, fmt.Errorf("make the demonstration's %s: %w", b.Name, err)
		}
		if len(t.Refused) > 0 {
			return sum, fmt.Errorf("make the demonstration's %s: %s", b.Name, t.Refused[0].Reason())
		}
		sum.add(t)
	}
	return sum, nil
}

// tokens makes a token for each persona, and ends those of an earlier run.
func (c *demoCommand) tokens(ctx context.Context, desk *reached, now time.Time) ([]persona, error) {
	var old []listed
	if err := desk.do(ctx, http.MethodGet, "/tokens", nil, nil, &old); err != nil {
		return nil, err
	}
	for _, t := range old {
		if strings.HasPrefix(t.Name, "demo: ") && t.Revoked == nil {
			if err := desk.revoke(ctx, t.Name); err != nil {
				return nil, err
			}
		}
	}
	people := personas()
	for i := range people {
		as := &people[i].as
		as.For, as.Person = c.For, as.Name
		as.Name += now.UTC().Format(" 20060102T150405.000") // a name is used once
		made, err := desk.makeToken(ctx, *as)
		if err != nil {
			return nil, fmt.Errorf("make the token of %s: %w", as.Name, err)
		}
		people[i].Token = made.Token
	}
	return people, nil
}

func (a *app) printDemo(c *demoCommand, sum taken, people []persona) {
	if sum.Created > 0 {
		fmt.Fprintf(a.out, "%d resources of %d invented people were made. None of it is about anyone.\n\n", sum.Created, sum.Types["Patient"])
	}
	fmt.Fprintf(a.out, "Tokens, for %.0f hours. With joinery serve running, try in another terminal:\n", c.For.Hours())
	for _, p := range people {
		fmt.Fprintf(a.out, "\n# %s\ncurl -s -H 'Authorization: Bearer %s' \\\n  'http://%s/fhir/%s'\n", p.Who, p.Token, c.Listen, p.Try)
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

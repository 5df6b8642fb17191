package pages

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
)

// auditView is a search of the audit, and what it found.
type auditView struct {
	Person, Who Input
	Outcome     Choice
	Since       Date
	Asked       bool
	Rows        []auditRow
	More        bool
}

// auditRow is one line of the audit, in words.
type auditRow struct {
	At       time.Time
	Who      string
	Role     string
	Did      string
	What     []string
	Asked    string // the question, as it was asked
	Purpose  string
	Rules    []string
	Refused  string // why; empty: it was allowed
	Emergent string
}

// auditPage answers GET /admin/audit.
func (c *call) auditPage() (*page, error) { return &page{name: "audit", view: c.auditForm()}, nil }

func (c *call) auditForm() *auditView {
	f := func(id, hint string) Input {
		in := Input{Field: Field{ID: id, Name: id, Label: c.word("audit.field-" + id), Value: c.field(id)}, Autocomplete: "off"}
		if hint != "" {
			in.Hint = c.word(hint)
		}
		return in
	}
	v := &auditView{
		Person: f("person", "audit.person-hint"), Who: f("who", ""),
		Outcome: Choice{Field: Field{ID: "outcome", Name: "outcome", Label: c.word("audit.field-outcome")}},
		Since: Date{
			Field: Field{ID: "since", Name: "since", Label: c.word("audit.field-since")}, Day: c.field("day"), Month: c.field("month"), Year: c.field("year"),
			Words: [3]string{c.word("agreements.day"), c.word("agreements.month"), c.word("agreements.year")},
		},
	}
	for _, o := range []string{"any", "refused"} {
		v.Outcome.Options = append(v.Outcome.Options, Option{Value: o, Text: c.word("audit.outcome-" + o), Chosen: c.field("outcome") == o || o == "any" && c.field("outcome") == ""})
	}
	return v
}

// auditSearch answers POST /admin/audit. What is looked for stands in no address.
func (c *call) auditSearch() (*page, error) {
	c.back = "/admin/audit"
	if err := c.only("person", "who", "outcome", "day", "month", "year"); err != nil {
		return nil, err
	}
	v := c.auditForm()
	v.Asked = true
	params := []string{"_sort", "-date", "_count", "100"}
	if id := c.field("person"); id != "" {
		if !fhir.ID(id).Valid() {
			v.Person.Error = c.word("audit.lacks-person")
			return &page{status: 400, name: "audit", view: v, errors: []mistake{{"person", v.Person.Error}}}, nil
		}
		params = append(params, "patient", "Patient/"+id)
	}
	if who := c.field("who"); who != "" {
		params = append(params, "agent-name", escapeValue(who))
	}
	if c.field("outcome") == "refused" {
		params = append(params, "outcome", "4,8,12")
	}
	if v.Since.Day+v.Since.Month+v.Since.Year != "" {
		day, ok := filledDay(v.Since)
		if !ok {
			v.Since.Error = c.word("agreements.lacks-until")
			return &page{status: 400, name: "audit", view: v, errors: []mistake{{"since-day", v.Since.Error}}}, nil
		}
		params = append(params, "date", "ge"+day.String())
	}
	found, err := c.search("AuditEvent", params...)
	if err != nil {
		return nil, err
	}
	v.More = found.Next != ""
	for i := range found.Entries {
		doc, err := found.Entries[i].Version.Doc()
		if err != nil {
			return nil, fmt.Errorf("read the audit: %w", err)
		}
		v.Rows = append(v.Rows, auditRowOf(doc.Root()))
	}
	return &page{name: "audit", view: v}, nil
}

// escapeValue writes a value so that a search takes it as it is.
func escapeValue(value string) string {
	return strings.NewReplacer(`\`, `\\`, `,`, `\,`, `$`, `\$`, `|`, `\|`).Replace(value)
}

func auditRowOf(res fhir.Value) auditRow {
	row := auditRow{Did: res.At("subtype", "code").Text(), Refused: res.Get("outcomeDesc").Text(), Purpose: res.At("purposeOfEvent", "coding", "code").Text()}
	row.At, _ = moment(res.Get("recorded").Text())
	for a := range res.Get("agent").Items() {
		if name := a.At("who", "display").Text(); a.Get("requestor").IsTrue() || row.Who == "" && name != "Joinery" {
			row.Who = name
		}
		if role := a.At("type", "text").Text(); role != "" {
			row.Role = role
		}
		for p := range a.Get("policy").Items() {
			row.Rules = append(row.Rules, strings.TrimPrefix(p.Text(), "urn:joinery:policy:"))
		}
	}
	for e := range res.Get("entity").Items() {
		if what := e.At("what", "reference").Text(); what != "" && !slices.Contains(row.What, what) {
			row.What = append(row.What, what)
		}
		if q, err := base64.StdEncoding.DecodeString(e.Get("query").Text()); err == nil && len(q) > 0 {
			row.Asked = string(q)
		}
		if why := e.Get("description").Text(); strings.HasPrefix(why, "The glass was broken") {
			row.Emergent = why
		}
	}
	if res.Get("outcome").Is("0") {
		row.Refused = ""
	} else if row.Refused == "" {
		row.Refused = "refused"
	}
	return row
}

// alerts answers GET /admin/alerts: what whoever answers for privacy must look at.
func (c *call) alerts() (*page, error) {
	found, err := c.view.Alerts(c.ctx, record.WhoLookedQuery{Before: c.asked.Get("before")})
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	return &page{name: "alerts", view: lookedOf(found, "/admin/alerts")}, nil
}

// whyView asks who could see something, and why.
type whyView struct {
	Account, Type, ID Input
	Asked             bool
	May               bool
	Rule, Basis       string // keys of texts
	RuleName          string
	Purpose           string
}

// whyPage answers GET /admin/why.
func (c *call) whyPage() (*page, error) { return &page{name: "why", view: c.whyForm()}, nil }

func (c *call) whyForm() *whyView {
	f := func(id string) Input {
		return Input{Field: Field{ID: id, Name: id, Label: c.word("why.field-" + id), Value: c.field(id)}, Autocomplete: "off"}
	}
	return &whyView{Account: f("account"), Type: f("type"), ID: f("id")}
}

// why answers POST /admin/why.
func (c *call) why() (*page, error) {
	c.back = "/admin/why"
	if err := c.only("account", "type", "id"); err != nil {
		return nil, err
	}
	v := c.whyForm()
	reason, ok, err := c.view.CouldSee(c.ctx, c.field("account"), c.field("type"), fhir.ID(c.field("id")))
	if kind := fault.KindOf(err); kind == fault.Invalid || kind == fault.NotFound {
		return &page{status: 400, name: "why", view: v, errors: []mistake{{"account", fault.MessageOf(err)}}}, nil
	}
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	v.Asked, v.May, v.RuleName, v.Purpose = true, ok, reason.Rule, string(reason.Purpose)
	role, rule, _ := strings.Cut(reason.Rule, "/")
	v.Rule = role + "-" + rule
	v.Basis = reason.Basis
	return &page{name: "why", view: v}, nil
}

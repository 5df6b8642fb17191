package pages

import (
	"fmt"
	"slices"
	"strings"

	"joinery/fhir"
	"joinery/record"
)

// organisationsView are the organisations of the directory, or those that were
// looked for.
type organisationsView struct {
	Find          string
	Organisations []organisationLine
	All           int
	More          bool // than are shown
}

type organisationLine struct {
	ID, Name, Kind string
	Ended          bool
}

// listed is how many organisations a page shows.
const listed = 100

// organisations answers GET /admin/organisations: those in whose name, kind or id all
// words are that the address asks for.
func (c *call) organisations() (*page, error) {
	found, err := c.search("Organization", "_sort", "name", "_count", "1000")
	if err != nil {
		return nil, err
	}
	v := &organisationsView{Find: strings.TrimSpace(c.asked.Get("find"))}
	words := strings.Fields(strings.ToLower(v.Find))
	for i := range found.Entries {
		doc, err := found.Entries[i].Version.Doc()
		if err != nil {
			return nil, fmt.Errorf("read an organisation: %w", err)
		}
		line := organisationLine{string(found.Entries[i].Version.ID), nameOf(doc.Root()), c.kindOf(doc.Root()), doc.Root().Get("active").Text() == "false"}
		text := strings.ToLower(line.Name + " " + line.Kind + " " + line.ID)
		v.All++
		if slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(text, word) }) {
			continue
		}
		if v.More = len(v.Organisations) >= listed; v.More {
			break
		}
		v.Organisations = append(v.Organisations, line)
	}
	v.More = v.More || found.Next != ""
	return &page{name: "organisations", view: v}, nil
}

// kindOf says what an organisation is: in its own words, or in ours for its code.
func (c *call) kindOf(org fhir.Value) string {
	kind := org.Get("type").Item(0)
	coding := kind.Get("coding").Item(0)
	if kind.Get("text").Text() == "" && coding.Get("display").Text() == "" && coding.Get("system").Is(organizationTypes) {
		if slices.Contains(entryKinds["organisation"].fields[1].choose, coding.Get("code").Text()) {
			return c.word("entry.kind-" + coding.Get("code").Text())
		}
	}
	return concept(kind)
}

// organisationView is one organisation, and what hangs on it.
type organisationView struct {
	ID, Name, Kind          string
	Rows                    []Row
	Ended                   bool
	Places, Services, Roles []entryLine
	Agreements, Over        []agreement
	Accounts                []record.Account
	Tokens                  []record.Token
}

// entryLine is an entry of the directory in a list.
type entryLine struct {
	Kind, ID, Name, Says string
	Ended, OfModel       bool
}

// organisationPage answers GET /admin/organisations/{id}.
func (c *call) organisationPage() (*page, error) {
	id, err := c.id("id")
	if err != nil {
		return nil, err
	}
	found, err := c.view.Read(c.ctx, "Organization", id)
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	doc, err := found.Doc()
	if err != nil {
		return nil, fmt.Errorf("read an organisation: %w", err)
	}
	org := doc.Root()
	v := &organisationView{ID: string(id), Name: nameOf(org), Kind: c.kindOf(org), Ended: org.Get("active").Text() == "false"}
	for t := range org.Get("telecom").Items() {
		v.Rows = append(v.Rows, Row{Key: c.word("organisation.by-" + t.Get("system").Text()), Value: t.Get("value").Text()})
	}
	for one := range org.Get("identifier").Items() {
		v.Rows = append(v.Rows, Row{Key: one.Get("system").Text(), Value: one.Get("value").Text()})
	}
	if err := c.directoryOf(v); err != nil {
		return nil, err
	}
	return &page{name: "organisation", view: v}, c.boundTo(v)
}

// directoryOf fills in the places, services and people of an organisation.
func (c *call) directoryOf(v *organisationView) error {
	for _, list := range []struct {
		kind, element string
		into          *[]entryLine
	}{{"place", "organization", &v.Places}, {"service", "organization", &v.Services}, {"role", "organization", &v.Roles}} {
		found, err := c.search(entryKinds[list.kind].typ, list.element, "Organization/"+v.ID, "_count", "1000")
		if err != nil {
			return err
		}
		names, wanted := map[string]string{}, map[string][]string{}
		for i := range found.Entries {
			entry, err := wholeOf(found.Entries[i].Version.JSON())
			if err != nil {
				return err
			}
			line := entryLine{Kind: list.kind, ID: string(found.Entries[i].Version.ID), Name: textOf(entry["name"]), Ended: entryKinds[list.kind].over(entry), OfModel: ofModel(entry)}
			if list.kind == "role" {
				of, _ := entry["practitioner"].(map[string]any)
				line.Name, line.Says = textOf(of["reference"]), readRole(entry)
				if _, id, ok := strings.Cut(line.Name, "Practitioner/"); ok {
					wanted["Practitioner"] = append(wanted["Practitioner"], id)
				}
			}
			*list.into = append(*list.into, line)
		}
		if err := c.lookUp(names, wanted); err != nil {
			return err
		}
		for i := range *list.into {
			if l := &(*list.into)[i]; names[l.Name] != "" {
				l.Name = names[l.Name]
			}
		}
		slices.SortStableFunc(*list.into, func(a, b entryLine) int { return strings.Compare(a.Name, b.Name) })
	}
	return nil
}

// boundTo fills in the agreements, accounts and tokens of an organisation.
func (c *call) boundTo(v *organisationView) error {
	all, err := c.agreementsView()
	if err != nil {
		return err
	}
	ours := func(list []agreement) []agreement {
		return slices.DeleteFunc(list, func(a agreement) bool { return !slices.Contains(a.of, "Organization/"+v.ID) })
	}
	v.Agreements, v.Over = ours(all.InForce), ours(all.Over)
	accounts, err := c.view.Accounts(c.ctx)
	if err != nil {
		return err //nolint:wrapcheck // it is fit to be shown
	}
	for i := range accounts {
		if string(accounts[i].Grant.Organization) == v.ID {
			v.Accounts = append(v.Accounts, accounts[i])
		}
	}
	tokens, err := c.view.Tokens(c.ctx)
	if err != nil {
		return err //nolint:wrapcheck // it is fit to be shown
	}
	for _, t := range tokens {
		if string(t.Grant.Organization) == v.ID && t.Revoked.IsZero() && (t.Expires.IsZero() || t.Expires.After(c.now())) {
			v.Tokens = append(v.Tokens, t)
		}
	}
	return nil
}

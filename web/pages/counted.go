package pages

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"joinery/fault"
	"joinery/record"
	"joinery/record/access"
	"joinery/record/search"
	"joinery/web"
)

// tally is how many there are of something, as it may be told: to the nearest 5,
// and not at all when they are fewer than 5, nought included (access.Suppress).
type tally struct {
	N    int
	Told bool
}

// Any reports whether there are surely some.
func (t tally) Any() bool { return t.Told && t.N > 0 }

// tallies keeps counts for a while: whoever looks at a page of counts sees the same
// ones, and a page that everybody opens in the morning counts once.
type tallies struct {
	mu   sync.Mutex
	kept map[string]keptTally
}

type keptTally struct {
	tally
	at time.Time
}

// countsHold is how long a count stands on pages.
const countsHold = time.Minute

// counted counts what is anybody's, for pages about the whole system. It asks as an
// analyst does, in the name of whoever is signed in: so the record gives a rounded
// number and nothing else, and the audit says for whom.
func (c *call) counted(typ string, params ...string) (tally, error) {
	key := typ + "?" + strings.Join(params, "&")
	all := &c.pages.tallies
	all.mu.Lock()
	kept, ok := all.kept[key]
	all.mu.Unlock()
	if ok && c.now().Sub(kept.at) < countsHold && !c.now().Before(kept.at) {
		return kept.tally, nil
	}
	view, err := c.countingOf(typ)
	if err != nil {
		return tally{}, err
	}
	q, err := search.Parse(typ, pairs(append(params, "_summary", "count")), search.Options{Strict: true, Now: c.now()})
	if err != nil {
		return tally{}, fmt.Errorf("count: %w", err)
	}
	found, err := view.Search(c.ctx, q)
	if err != nil {
		return tally{}, fmt.Errorf("count: %w", err)
	}
	var out tally
	if found.Total != nil {
		out = tally{*found.Total, true}
	}
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.kept == nil || len(all.kept) > 1000 {
		all.kept = map[string]keptTally{}
	}
	all.kept[key] = keptTally{out, c.now()}
	return out, nil
}

// countingOf is the record as it may be counted: the directory as anyone sees it,
// all else as an analyst does.
func (c *call) countingOf(typ string) (*record.View, error) {
	if typ == "PractitionerRole" { // of the directory too, and nothing for the public
		return c.view, nil
	}
	who := c.named()
	who.Purpose = access.Operations
	subject := access.NewAnalyst
	if typ == "Organization" || typ == "HealthcareService" || typ == "Location" {
		subject, who.Purpose = access.NewPublic, ""
	}
	s, err := subject(who)
	if err != nil {
		return nil, fmt.Errorf("count: %w", err)
	}
	return c.pages.rec.As(s), nil
}

// named says who is signed in, for a subject that acts in their name.
func (c *call) named() access.Who {
	e, who := web.Of(c.r), c.who.Subject.Who()
	return access.Who{Client: who.Client, Name: who.Name, Request: e.ID, Source: e.Source}
}

// operates is the record as an operator sees it, in the name of a network lead who
// is signed in: for what a command does that only an operator may, such as putting
// a model in force, or counting a funnel that would mislead if it were a part of
// it. What it reads of people never leaves but as numbers that went through
// criteria.Suppress, or the plan of a model, which is made of such. The audit says
// which lead it was. The scopes are what the page needs.
func (c *call) operates(scopes string) (*record.View, error) {
	if c.role() != access.Lead {
		return nil, fault.New(fault.Denied, "This is for those who lead a network.")
	}
	who := c.named()
	who.Purpose = access.Operations
	if who.Operator = who.Name; who.Operator == "" {
		who.Operator = who.Client
	}
	var err error
	if who.Scopes, err = access.ParseScopes(scopes); err != nil {
		return nil, fmt.Errorf("act as an operator: %w", err)
	}
	s, err := access.NewSystem(who)
	if err != nil {
		return nil, fmt.Errorf("act as an operator: %w", err)
	}
	return c.pages.rec.As(s), nil
}

// Scopes of operators on pages.
const (
	readsAll      = "system/*.rs label/*"
	appliesModels = "system/Organization.rs system/Library.cruds system/PlanDefinition.cruds system/HealthcareService.cruds system/Location.cruds label/*"
)

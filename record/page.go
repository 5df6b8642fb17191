package record

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record/access"
	"joinery/record/search"
	"joinery/record/store"
)

// pageHolds is how long the next page of an answer can be asked for.
const pageHolds = time.Hour

// turn is a request for one page: what was asked at first, and from where to go
// on. It is kept in the store under the handle of the page; outside goes the
// handle alone, since where a page stands would tell of what is not shown.
type turn struct {
	Of         Of
	History    *HistoryQuery    `json:",omitempty"`
	Everything *EverythingQuery `json:",omitempty"`
	Patient    fhir.ID          `json:",omitempty"`
	Type       string           `json:",omitempty"` // of a search
	Query      string           `json:",omitempty"` // of a search: its parameters
	Within     fhir.ID          `json:",omitempty"` // of a search: the patient whose compartment it is in
	Options    search.Options   // of a search: the circumstances it was asked in
	Asked      time.Time        // when the first page was
	T          int64            // what all pages see; 0 on the first: the newest
	After      []byte           `json:",omitempty"` // where the page starts
	Number     int

	query *search.Query
}

// Search returns the first page of what a query finds. Only what the subject
// may see takes part in it: in matches, counts, order, chains and includes.
func (v *View) Search(ctx context.Context, q *search.Query) (Page, error) {
	t := turn{Of: OfSearch, Type: q.Type, Query: q.Self(), Options: q.Asked, query: q}
	if q.Compartment != nil {
		t.Within = q.Compartment.ID
	}
	return v.page(ctx, t)
}

// Next returns the page that a handle stands for, as the record was when the
// first page was asked for and by the rights of now. The fault is NotFound when
// the handle is unknown, another's, or older than an hour.
func (v *View) Next(ctx context.Context, handle string) (Page, error) {
	raw, err := base64.RawURLEncoding.DecodeString(handle)
	if err != nil {
		return Page{}, errNoPage
	}
	kept, err := v.rec.store.Page(ctx, raw, []byte(v.subject.Principal()), v.rec.clock())
	if err != nil {
		return Page{}, err
	}
	var t turn
	if err := json.Unmarshal(kept.Data, &t); err != nil {
		return Page{}, fmt.Errorf("read what is kept of a page: %w", err)
	}
	if t.History == nil && t.Everything == nil {
		if t.query, err = t.parse(); err != nil {
			return Page{}, fmt.Errorf("read the query of a page: %w", err)
		}
	}
	return v.page(ctx, t)
}

var errNoPage = fault.New(fault.NotFound, "There is no such page, or its time is over. Ask for the first page again.")

// parse reads the query of a later page.
func (t *turn) parse() (*search.Query, error) {
	params, err := pairs(t.Query)
	if err != nil {
		return nil, err
	}
	if t.Within != "" {
		return search.ParseCompartment("Patient", t.Within, t.Type, params, t.Options)
	}
	return search.Parse(t.Type, params, t.Options)
}

// pairs reads URL parameters in their order.
func pairs(raw string) ([]search.Pair, error) {
	var out []search.Pair
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(name)
		if err == nil {
			value, err = url.QueryUnescape(value)
		}
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, "The search has a percent sign that is not followed by two hexadecimal digits.", err)
		}
		out = append(out, search.Pair{Name: name, Value: value})
	}
	return out, nil
}

// page finds the page of a turn, audits it and keeps where the next one starts.
func (v *View) page(ctx context.Context, t turn) (Page, error) {
	l := t.line()
	if t.Asked.IsZero() {
		t.Asked = v.rec.clock()
	}
	p, found, err := v.find(ctx, &t)
	if err != nil {
		if audit := v.audit(ctx, refusal(l, err)); audit != nil {
			return Page{}, audit
		}
		return Page{}, err
	}
	var pages []store.Page
	if t.After != nil {
		kept, handle, err := v.keep(&t)
		if err != nil {
			return Page{}, err
		}
		pages, p.Next = []store.Page{kept}, handle
	}
	if err := v.disclosePage(ctx, l, found, pages); err != nil {
		return Page{}, err
	}
	return p, nil
}

// find reads the page of a turn and moves the turn on to the next.
func (v *View) find(ctx context.Context, t *turn) (Page, []told, error) {
	p := Page{Of: t.Of, Query: t.query}
	var found []told
	look := func(n *store.Snap) error {
		var err error
		if found, err = v.look(n, t, &p); err == nil && t.After != nil {
			t.T, err = n.T()
		}
		return err
	}
	var err error
	switch {
	case t.query != nil && t.query.Type == auditType:
		if err = v.indexTrail(ctx); err != nil {
			return Page{}, nil, err
		}
		err = v.rec.store.ViewTrail(ctx, look)
	case t.T == 0:
		err = v.rec.store.View(ctx, look)
	default:
		err = v.rec.store.ViewAsOf(ctx, t.T, look)
	}
	if err != nil {
		return Page{}, nil, err
	}
	p.Entries = make([]Entry, len(found))
	for i := range found {
		f := &found[i]
		p.Entries[i].Mode = f.mode
		if f.shown != nil {
			p.Entries[i].Version = *f.shown
			continue
		}
		if p.Entries[i].Version, err = show(f.by, &f.version); err != nil {
			return Page{}, nil, err
		}
	}
	return p, found, nil
}

// told is a version that is about to be told, and why it may be.
type told struct {
	version store.Version
	shown   *Version // of the audit, which is not stored as versions
	person  store.Person
	mode    Mode
	by      *access.Filter
	reason  access.Reason
}

// look finds what a turn is about in a snapshot.
func (v *View) look(n *store.Snap, t *turn, p *Page) ([]told, error) {
	var found store.Finding
	var err error
	matched, included := v.filter(access.Search), v.filter(access.Read)
	switch {
	case t.History != nil:
		matched = v.filter(historyAction(t.History))
		var versions []store.Version
		versions, t.After, err = n.History(matched, store.HistoryQuery(*t.History), t.After)
		for i := range versions {
			found.Found = append(found.Found, store.Found{Version: versions[i]})
		}
	case t.Everything != nil:
		matched = included
		found, err = n.Everything(included, t.Patient, store.Everything(*t.Everything), t.After)
		t.After = found.Next
	case t.query.Type == auditType:
		return v.searchAudit(n, t)
	default:
		counted := v.filter(access.Count)
		found, err = n.Find(store.Rights{Search: matched, Read: included, Count: counted}, t.query, t.After)
		t.After = found.Next
		if found.Total != nil {
			p.Total = total(counted, *found.Total)
		}
	}
	if err != nil {
		return nil, err
	}
	t.Number++
	out := make([]told, len(found.Found))
	for i := range found.Found {
		f := &found.Found[i]
		out[i] = told{version: f.Version, person: f.Version.Person(), mode: Match, by: matched}
		if f.Include {
			out[i].mode, out[i].by = Include, included
		}
		if out[i].reason, err = allowed(n, out[i].by, &out[i].version); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// allowed asks the filter in its second form about a version that the query
// let through in its first. That they disagree cannot be; if it is, nothing
// leaves.
func allowed(n *store.Snap, f *access.Filter, s *store.Version) (access.Reason, error) {
	reason, ok, err := n.Reason(f, s)
	if err == nil && !ok {
		err = fmt.Errorf("the two forms of an access rule disagree about a %s", s.Type)
	}
	return reason, err
}

func historyAction(q *HistoryQuery) access.Action {
	if q.ID != "" {
		return access.History
	}
	return access.Changes
}

// total returns a count as the subject may be told it.
func total(f *access.Filter, n int) *int {
	shown, told := f.Counted(n)
	if !told {
		return nil
	}
	return &shown
}

// keep makes the row from which a turn's next page will be found. Its handle
// says nothing: it is drawn from the secret, the request and the page's number.
func (v *View) keep(t *turn) (store.Page, string, error) {
	data, err := json.Marshal(t)
	if err != nil {
		return store.Page{}, "", fmt.Errorf("keep a page: %w", err)
	}
	mac := hmac.New(sha256.New, v.rec.store.Secret())
	random, err := v.rec.ids.secret(16)
	if err != nil {
		return store.Page{}, "", err
	}
	mac.Write(random)
	handle := mac.Sum(nil)[:20]
	kept := store.Page{Handle: handle, Owner: []byte(v.subject.Principal()), Expires: t.Asked.Add(pageHolds), Data: data}
	return kept, base64.RawURLEncoding.EncodeToString(handle), nil
}

// line says what a turn asks.
func (t *turn) line() line {
	switch {
	case t.History != nil && t.History.ID != "":
		return line{Interaction: "history-instance", Action: "R", Query: t.History.Type + "/" + string(t.History.ID)}
	case t.History != nil && t.History.Type != "":
		return line{Interaction: "history-type", Action: "R", Query: t.History.Type}
	case t.History != nil:
		return line{Interaction: "history-system", Action: "R"}
	case t.Everything != nil:
		return line{Interaction: "$everything", Action: "E", Query: "Patient/" + string(t.Patient)}
	case t.Type == "":
		return line{Interaction: "search-system", Action: "E", Query: "?" + t.Query}
	}
	return line{Interaction: "search-type", Action: "E", Query: t.Type + "?" + t.Query}
}

// disclosePage writes one line for each person of whom a page tells, which
// names what it tells of them and of nobody else.
func (v *View) disclosePage(ctx context.Context, l line, found []told, pages []store.Page) error {
	lines := map[store.Person]*line{}
	var persons []store.Person
	for i := range found {
		f := &found[i]
		p := f.person
		if p == 0 {
			continue
		}
		own := lines[p]
		if own == nil {
			c := l
			own = &c
			lines[p] = own
			persons = append(persons, p)
		}
		if f.shown == nil {
			own.name(f.version.Type, f.version.ID, 0)
		} else {
			own.name(auditType, f.shown.ID, 0)
		}
		own.rule(f.reason)
	}
	if len(persons) == 0 {
		l.Count = len(found)
		return v.disclose(ctx, pages, l, 0)
	}
	entries := make([]store.AuditEntry, len(persons))
	for i, p := range persons {
		err := v.flag(ctx, lines[p], p)
		if err == nil {
			entries[i], err = v.entry(*lines[p])
		}
		if err != nil {
			return err
		}
		entries[i].Person = p
	}
	return v.write(ctx, entries, pages)
}

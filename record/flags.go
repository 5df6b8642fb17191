package record

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"joinery/fhir"
	"joinery/record/access"
	"joinery/record/store"
)

// Looks that somebody must look at are not prevented: a nurse may be on duty when
// her neighbour is brought in. They are flagged in the audit, with what is known
// of who looks (Grant.Self) and of who is looked at: for who answers for
// information governance, who asks (Alerts). The person sees them as any other.
const (
	flagSelf      = "self"
	flagAddress   = "address"
	flagFamily    = "family"
	flagColleague = "colleague"
)

// flagged says what a flag stands for.
var flagged = map[string]string{
	flagSelf:      "it is their own record",
	flagAddress:   "the person has the same address",
	flagFamily:    "the person has the same surname and lives near them",
	flagColleague: "the person works for the same organisation",
}

// isAlert reports whether a line of the audit is one that somebody must look at:
// it has flags, or the glass was broken. A quotation mark within a text of the
// line has a backslash before it, so neither can be a text that was typed.
func isAlert(entry []byte) bool {
	return bytes.Contains(entry, []byte(`"f":["`)) || bytes.Contains(entry, []byte(`{"do":"`+interactionGlass+`"`))
}

// flag notes on a line what is close between who looks and the person. Refusals
// disclose nothing.
func (v *View) flag(ctx context.Context, l *line, p store.Person) error {
	if p == 0 || l.Outcome != "" || v.subject.Role() != access.Staff {
		return nil
	}
	flags, err := v.rec.near.of(ctx, v.rec, v.subject.Self(), v.subject.Organization(), p)
	l.Flags = flags
	return err
}

// nearness remembers for a while what is close between staff and persons.
type nearness struct {
	mu     sync.Mutex
	known  map[closeness][]string
	staff  map[store.Person][]fhir.ID // who is staff, and of which organisations
	loaded time.Time
}

type closeness struct {
	self, org fhir.ID
	person    store.Person
}

// nearHolds is how long what is remembered holds: an address may change.
const nearHolds = time.Minute

func (n *nearness) of(ctx context.Context, r *Record, self, org fhir.ID, p store.Person) ([]string, error) {
	key := closeness{self, org, p}
	flags, known, err := n.recall(ctx, r, key)
	if err != nil || known {
		return flags, err
	}
	if self != "" {
		err := r.store.View(ctx, func(s *store.Snap) error {
			var err error
			flags, err = r.closeTo(s, self, p)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if slices.Contains(n.staff[p], org) && !slices.Contains(flags, flagSelf) {
		flags = append(flags, flagColleague)
	}
	n.known[key] = flags
	return flags, nil
}

// recall returns what is remembered, and begins anew when that is old.
func (n *nearness) recall(ctx context.Context, r *Record, key closeness) (flags []string, known bool, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := r.clock()
	if n.known == nil || now.Sub(n.loaded) >= nearHolds || now.Before(n.loaded) {
		staff, err := r.staffPersons(ctx)
		if err != nil {
			return nil, false, err
		}
		n.known, n.staff, n.loaded = map[closeness][]string{}, staff, now
	}
	flags, known = n.known[key]
	return flags, known, nil
}

// staffPersons returns which persons are staff with an account.
func (r *Record) staffPersons(ctx context.Context) (map[store.Person][]fhir.ID, error) {
	accounts, err := r.store.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	out := map[store.Person][]fhir.ID{}
	return out, r.store.View(ctx, func(s *store.Snap) error {
		for i := range accounts {
			g, err := r.grants.of(accounts[i].Rights)
			if err != nil || g.Self == "" {
				continue
			}
			p, ok, err := s.PersonOf(g.Self)
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
			all, err := s.Linked(p)
			if err != nil {
				return err
			}
			for _, q := range all {
				out[q] = append(out[q], g.Organization)
			}
		}
		return nil
	})
}

// closeTo compares a member of staff, as a Patient, with a person.
func (r *Record) closeTo(s *store.Snap, self fhir.ID, p store.Person) ([]string, error) {
	if self == "" {
		return nil, nil
	}
	own, ok, err := s.PersonOf(self)
	if err != nil || !ok {
		return nil, err
	}
	linked, err := s.Linked(own)
	if err != nil {
		return nil, err
	}
	if slices.Contains(linked, p) {
		return []string{flagSelf}, nil
	}
	theirs, err := s.PatientOf(p)
	if err != nil || theirs == "" {
		return nil, err
	}
	mine, err := r.home(s, self)
	if err != nil {
		return nil, err
	}
	other, err := r.home(s, theirs)
	if err != nil {
		return nil, err
	}
	switch {
	case mine.sharesAddress(other):
		return []string{flagAddress}, nil
	case mine.sharesNameNear(other):
		return []string{flagFamily}, nil
	}
	return nil, nil
}

// home is where somebody lives and how they are called, as far as it is compared.
type home struct {
	families  []string
	addresses []string // first line and postcode
	areas     []string // postcode
}

func (r *Record) home(s *store.Snap, id fhir.ID) (home, error) {
	f, err := r.everyPatient()
	if err != nil {
		return home{}, err
	}
	var h home
	v, err := s.Get(f, "Patient", id)
	if err != nil {
		return h, nil //nolint:nilerr // who was deleted lives nowhere
	}
	doc, err := fhir.Parse(v.JSON())
	if err != nil {
		return h, err //nolint:wrapcheck // our own bytes
	}
	for name := range doc.Root().Get("name").Items() {
		if family := plainWords(name.Get("family").Text()); family != "" {
			h.families = append(h.families, family)
		}
	}
	for a := range doc.Root().Get("address").Items() {
		code := strings.ReplaceAll(plainWords(a.Get("postalCode").Text()), " ", "")
		if code == "" || a.Get("use").Is("old") {
			continue
		}
		h.areas = append(h.areas, code)
		if line := plainWords(a.Get("line").Item(0).Text()); line != "" {
			h.addresses = append(h.addresses, line+"|"+code)
		}
	}
	return h, nil
}

func (h home) sharesAddress(o home) bool {
	return slices.ContainsFunc(h.addresses, func(a string) bool { return slices.Contains(o.addresses, a) })
}

func (h home) sharesNameNear(o home) bool {
	return slices.ContainsFunc(h.families, func(f string) bool { return slices.Contains(o.families, f) }) &&
		slices.ContainsFunc(h.areas, func(a string) bool { return slices.Contains(o.areas, a) })
}

// plainWords is a text without case, commas and double blanks.
func plainWords(s string) string {
	return strings.Join(strings.Fields(strings.ToLower(strings.NewReplacer(",", " ", ".", " ").Replace(s))), " ")
}

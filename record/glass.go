package record

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record/access"
	"joinery/record/search"
	"joinery/record/store"
)

// BreakGlass is a look, in an emergency, at the record of somebody with whom one
// has nothing to do.
type BreakGlass struct {
	// Whom: the id of their Patient, or, for who does not see them yet, their NHS
	// number with their date of birth (YYYY-MM-DD).
	Patient   fhir.ID
	NHSNumber string
	Born      string

	Reason string // in at least 10 characters, for this person alone; they will read it
	Code   string // a one-time code: it is you, and not who found the screen unlocked
}

// Emergency is a look under broken glass that a session has.
type Emergency struct {
	Patient fhir.ID
	Reason  string
	Until   time.Time
	Subject access.Subject // who may look, and only at this person
}

// For returns who somebody is to the record of one person: themselves, or, while
// they have broken the glass for that person, themselves in that emergency.
func (s *Session) For(patient fhir.ID) access.Subject {
	if s.Glass != nil && s.Glass.Patient == patient {
		return s.Glass.Subject
	}
	return s.Subject
}

// keptGlass is what the store keeps of broken glass with the session.
type keptGlass struct {
	Patient fhir.ID   `json:"patient"`
	Persons []int64   `json:"persons"`
	Reason  string    `json:"reason"`
	At      time.Time `json:"at"`
}

// Limits of a reason, in characters, and how many of an account's are remembered,
// so that none is used twice.
const (
	shortestReason = 10
	longestReason  = 500
	reasonsKept    = 200
)

// NoticeSystem and BrokenGlass are the system and the code of the category of the
// Communication that tells somebody that the glass was broken.
const (
	NoticeSystem = "urn:joinery:notice"
	BrokenGlass  = "broken-glass"
)

const interactionGlass = "break-glass"

// BreakGlass opens one person's record to the holder of a session, who must be
// staff whose organisation is bound by an agreement, for access.GlassHolds: to
// read on the screen, not to write or to export, and nothing that is marked as
// sensitive. It is in the audit of that person, is an alert to who answers for
// information governance, and is written to the person as a Communication, before
// anything can be seen. The faults are those of Session and SignIn; Invalid when
// the reason will not do; Denied to who may not; NotFound when there is nobody of
// the kind.
func (r *Record) BreakGlass(ctx context.Context, secret string, b BreakGlass, from access.Who) (Session, error) {
	s, a, err := r.storedSession(ctx, secret)
	if err != nil {
		return Session{}, err
	}
	n, err := r.session(&s, &a, from)
	if err != nil {
		return Session{}, err
	}
	if n.Subject.Role() != access.Staff {
		return Session{}, fault.New(fault.Denied, "Only staff who look after people can look at a record in an emergency.")
	}
	reason := strings.Join(strings.Fields(b.Reason), " ")
	used, err := r.fitReason(&a, reason)
	if err != nil {
		return Session{}, err
	}
	if err := r.again(ctx, &a, func() error { return r.takeOneTimeCode(ctx, &a, b.Code) }); err != nil {
		return Session{}, err
	}
	glass := keptGlass{Reason: reason, At: r.clock().UTC()}
	if glass.Patient, glass.Persons, err = r.whom(ctx, b); err != nil {
		if audit := r.As(n.Subject).audit(ctx, refusal(line{Interaction: interactionGlass, Action: "E"}, err)); audit != nil {
			return Session{}, audit
		}
		return Session{}, err
	}
	e, err := r.emergency(&a, &glass, from)
	if err != nil {
		return Session{}, err
	}
	if err := r.tellOfGlass(ctx, e, &glass); err != nil {
		return Session{}, err
	}
	err = r.changeAccount(ctx, a.Name, func(_ *store.Account, d *accountData) error {
		d.Reasons = append(d.Reasons[max(0, len(d.Reasons)-reasonsKept+1):], used)
		return nil
	})
	if err != nil {
		return Session{}, err
	}
	data, err := json.Marshal(sessionData{From: n.From, Glass: &glass})
	if err != nil {
		return Session{}, fmt.Errorf("write a session: %w", err)
	}
	n.Glass = e
	return n, r.store.SetSession(ctx, s.Hash, data)
}

// fitReason says what is wrong with a reason, and returns by what it is known
// again.
func (r *Record) fitReason(a *store.Account, reason string) ([]byte, error) {
	switch n := len([]rune(reason)); {
	case n < shortestReason:
		return nil, fault.New(fault.Invalid, fmt.Sprintf("Say why, in at least %d characters. The person will read it.", shortestReason))
	case n > longestReason:
		return nil, fault.New(fault.Invalid, fmt.Sprintf("Say why in at most %d characters.", longestReason))
	}
	d, err := dataOf(a)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(strings.ToLower(reason)))
	if slices.ContainsFunc(d.Reasons, func(h []byte) bool { return bytes.Equal(h, sum[:]) }) {
		return nil, fault.New(fault.Invalid, "You gave this reason before. Say why for this person, now.")
	}
	return sum[:], nil
}

// takeOneTimeCode takes a one-time code of who is signed in, and no recovery code.
func (r *Record) takeOneTimeCode(ctx context.Context, a *store.Account, code string) error {
	d, err := dataOf(a)
	if err != nil {
		return err
	}
	if d.Secret == nil {
		return fault.New(fault.Denied, "Your account has no one-time codes, so it cannot be made sure that it is you.")
	}
	if err := r.takeCode(ctx, a, code, false); err != nil {
		if fault.KindOf(err) == fault.Unidentified {
			err = fault.Wrap(fault.Unidentified, "That code is not right, or was used before. Wait for the next one.", err)
		}
		return err
	}
	return nil
}

var errNobody = fault.New(fault.NotFound, "There is nobody here of that number and date of birth. Check both.")

// whom finds the person of an emergency, with whoever they are linked with.
func (r *Record) whom(ctx context.Context, b BreakGlass) (fhir.ID, []int64, error) {
	id := b.Patient
	var persons []int64
	err := r.store.View(ctx, func(n *store.Snap) error {
		if id == "" {
			var err error
			if id, err = r.byNumber(n, b.NHSNumber, b.Born); err != nil {
				return err
			}
		}
		p, ok, err := n.PersonOf(id)
		if err == nil && !ok {
			err = errNobody
		}
		if err != nil {
			return err
		}
		all, err := n.Linked(p)
		for _, q := range all {
			persons = append(persons, int64(q))
		}
		return err
	})
	return id, persons, err
}

const nhsNumbers = "https://fhir.nhs.uk/Id/nhs-number"

// byNumber returns the Patient of an NHS number and a date of birth.
func (r *Record) byNumber(n *store.Snap, number, born string) (fhir.ID, error) {
	number = strings.Map(func(c rune) rune {
		if c == ' ' || c == '-' {
			return -1
		}
		return c
	}, number)
	if _, err := time.Parse(time.DateOnly, born); err != nil || len(number) != 10 || strings.Trim(number, "0123456789") != "" {
		return "", errNobody
	}
	f, err := r.everyPatient()
	if err != nil {
		return "", err
	}
	q, err := search.Parse("Patient", []search.Pair{{Name: "identifier", Value: nhsNumbers + "|" + number}, {Name: "birthdate", Value: born}, {Name: "_count", Value: "1"}}, search.Options{Strict: true, Now: r.clock()})
	if err != nil {
		return "", err //nolint:wrapcheck // it is fit to be shown
	}
	found, err := n.Find(store.Rights{Search: f, Read: f, Count: f}, q, nil)
	if err == nil && len(found.Found) == 0 {
		err = errNobody
	}
	if err != nil {
		return "", err
	}
	return found.Found[0].Version.ID, nil
}

// everyPatient is the filter by which the record itself looks for somebody, to
// decide and never to tell.
func (r *Record) everyPatient() (*access.Filter, error) {
	scopes, err := access.ParseScopes("system/Patient.rs label/*")
	if err != nil {
		return nil, err //nolint:wrapcheck // nothing to add
	}
	s, err := access.NewSystem(access.Who{Client: "the record itself", Scopes: scopes})
	if err != nil {
		return nil, err //nolint:wrapcheck // nothing to add
	}
	return r.policy.Filter(s, access.Search, r.clock()), nil
}

// emergency returns what a session has of broken glass, nil when its time is
// over.
func (r *Record) emergency(a *store.Account, k *keptGlass, from access.Who) (*Emergency, error) {
	if k == nil || !r.clock().Before(k.At.Add(access.GlassHolds)) {
		return nil, nil
	}
	g, err := r.grants.of(a.Rights)
	if err != nil {
		return nil, err
	}
	who := access.Who{Client: accountClient(a.Name), Request: from.Request, Source: from.Source}
	s, err := g.breaking(who, &access.Glass{Persons: k.Persons, Reason: k.Reason, At: k.At})
	if err != nil {
		return nil, err
	}
	return &Emergency{Patient: k.Patient, Reason: k.Reason, Until: k.At.Add(access.GlassHolds), Subject: s}, nil
}

// tellOfGlass writes to the audit and to the person that the glass was broken.
// That the policy lets it be written, in the name of who breaks it, is how it is
// decided that they may: an agreement binds their organisation.
func (r *Record) tellOfGlass(ctx context.Context, e *Emergency, k *keptGlass) error {
	v := r.As(e.Subject)
	l := line{Interaction: interactionGlass, Action: "E"}
	l.name("Patient", k.Patient, 0)
	if err := v.disclose(ctx, nil, l, store.Person(k.Persons[0])); err != nil {
		return err
	}
	who := e.Subject.Who().Name
	body, err := json.Marshal(map[string]any{
		"resourceType": "Communication", "status": "completed",
		"meta":      map[string]any{"security": []coding{{System: access.LabelSystem, Code: string(access.ByWorkflow)}}},
		"category":  []concept{{Coding: []coding{{NoticeSystem, BrokenGlass, ""}}, Text: "Your record was looked at in an emergency"}},
		"subject":   reference{Reference: "Patient/" + string(k.Patient)},
		"recipient": []reference{{Reference: "Patient/" + string(k.Patient)}},
		"sent":      k.At.Format(time.RFC3339),
		"payload": []map[string]string{{"contentString": fmt.Sprintf(
			"%s looked at your record in an emergency, without having to do with your care before. The reason they gave: %s. They could see it for %d minutes, and nothing of what is marked as especially private. Somebody who answers for privacy was told too.",
			who, strings.TrimRight(k.Reason, "."), int(access.GlassHolds/time.Minute))}},
	})
	if err != nil {
		return fmt.Errorf("write that the glass was broken: %w", err)
	}
	doc, err := fhir.Parse(body)
	if err != nil {
		return fmt.Errorf("write that the glass was broken: %w", err)
	}
	_, err = v.Through(access.ByWorkflow).Transact(ctx, []Op{{Kind: Create, Type: "Communication", Body: doc}})
	return err
}

// Exports refuses who may look at records on the screen only, because they broke
// the glass: what hands out a record as a whole asks it first.
func (v *View) Exports() error {
	if v.subject.Glass() != nil {
		return fault.New(fault.Denied, "In an emergency a record is looked at on the screen, and not printed or taken away.")
	}
	return nil
}

package record

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record/access"
	"joinery/record/store"
)

// Grant is what a token stands for: a role, and whom it acts for in it.
type Grant struct {
	Role    string         `json:"role"` // of access.Roles; empty: system
	Scope   string         `json:"scope,omitempty"`
	Display string         `json:"display,omitempty"` // of the person or system, shown in the audit
	Purpose access.Purpose `json:"purpose,omitempty"`

	Patient        fhir.ID   `json:"patient,omitempty"`         // of a patient
	RelatedPersons []fhir.ID `json:"related_persons,omitempty"` // of a carer
	Practitioner   fhir.ID   `json:"practitioner,omitempty"`    // of staff
	RoleID         fhir.ID   `json:"practitioner_role,omitempty"`
	Organization   fhir.ID   `json:"organization,omitempty"` // of staff and case-finders
	Locations      []fhir.ID `json:"locations,omitempty"`    // of staff
	Cleared        []string  `json:"cleared,omitempty"`      // of staff: names of sensitivity labels
	Groups         []fhir.ID `json:"groups,omitempty"`       // of case-finders
	Self           fhir.ID   `json:"self,omitempty"`         // of staff: the Patient that they are themselves
}

// scopes returns the scopes of a grant; without any, it is no more than the
// role has, and no less.
func (g Grant) scopes() (access.Scopes, error) {
	if g.Scope == "" {
		return access.Scopes{}, nil
	}
	return access.ParseScopes(g.Scope)
}

// subject makes the subject of a grant with its scopes.
func (g Grant) subject(scopes access.Scopes, who access.Who) (access.Subject, error) {
	who.Scopes, who.Name = scopes, g.Display
	if g.Purpose != "" {
		who.Purpose = g.Purpose
	}
	switch g.Role {
	case "", "system":
		return access.NewSystem(who)
	case "patient":
		return access.NewPatient(who, g.Patient)
	case "carer":
		return access.NewCarer(who, g.RelatedPersons...)
	case "staff":
		return g.staff(who, nil)
	case "casefinder":
		return access.NewCaseFinder(who, access.Finder{Organization: g.Organization, Groups: g.Groups})
	case "analyst":
		return access.NewAnalyst(who)
	case "public":
		return access.NewPublic(who)
	case "lead":
		return access.NewLead(who)
	case "governance":
		return access.NewGovernance(who)
	case "administrator":
		return access.NewAdministrator(who)
	}
	return access.Subject{}, fault.New(fault.Invalid, "There is no role of this name. Roles are system, patient, carer, staff, casefinder, analyst, public, lead, governance and administrator.")
}

// staff makes the subject of a member of staff, with the glass broken or whole.
func (g Grant) staff(who access.Who, glass *access.Glass) (access.Subject, error) {
	m := access.Member{Practitioner: g.Practitioner, Role: g.RoleID, Organization: g.Organization, Locations: g.Locations, Self: g.Self, Glass: glass}
	for _, name := range g.Cleared {
		l, ok := access.LabelNamed(name)
		if !ok {
			return access.Subject{}, fault.New(fault.Invalid, "There is no sensitivity label of this name to be cleared for.")
		}
		m.Cleared |= l
	}
	return access.NewStaff(who, m)
}

// breaking makes the subject of a member of staff who breaks the glass.
func (g Grant) breaking(who access.Who, glass *access.Glass) (access.Subject, error) {
	who.Name, who.Purpose = g.Display, access.BreakTheGlass
	return g.staff(who, glass)
}

// Token is a bearer token as it is listed: never the secret, which nobody keeps.
type Token struct {
	Name    string
	Grant   Grant
	Made    time.Time
	Expires time.Time // zero: never
	Revoked time.Time // zero: in force
}

// CreateToken makes a bearer token and returns its secret, which cannot be had
// again. The subject must be an operator at the record's own desk. A name can
// be used once.
func (v *View) CreateToken(ctx context.Context, name string, g Grant, expires time.Time) (secret string, err error) {
	if err := v.administers(); err != nil {
		return "", err
	}
	if strings.TrimSpace(name) == "" {
		return "", fault.New(fault.Invalid, "A token needs a name, by which it is listed and revoked.")
	}
	scopes, err := g.scopes()
	if err != nil {
		return "", err
	}
	if _, err := g.subject(scopes, access.Who{Client: name}); err != nil {
		return "", err
	}
	grant, err := json.Marshal(g)
	if err != nil {
		return "", fmt.Errorf("write a grant: %w", err)
	}
	random, err := v.rec.ids.secret(32)
	if err != nil {
		return "", err
	}
	secret = "jny_" + base64.RawURLEncoding.EncodeToString(random)
	hash := sha256.Sum256([]byte(secret))
	if err := v.audit(ctx, line{Interaction: "token-create", Action: "C", What: []string{name}}); err != nil {
		return "", err
	}
	err = v.rec.store.AddToken(ctx, store.Token{Hash: hash[:], Name: name, Scope: string(grant), Expires: expires})
	return secret, err
}

// Tokens lists all tokens by name.
func (v *View) Tokens(ctx context.Context) ([]Token, error) {
	if err := v.endsTokens(); err != nil {
		return nil, err
	}
	if err := v.audit(ctx, line{Interaction: "token-list", Action: "R"}); err != nil {
		return nil, err
	}
	stored, err := v.rec.store.Tokens(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Token, len(stored))
	for i, t := range stored {
		out[i] = Token{Name: t.Name, Made: t.Made, Expires: t.Expires, Revoked: t.Revoked}
		if err := json.Unmarshal([]byte(t.Scope), &out[i].Grant); err != nil {
			return nil, fmt.Errorf("read the grant of a token: %w", err)
		}
	}
	return out, nil
}

// RevokeToken ends a token, on every node within a second.
func (v *View) RevokeToken(ctx context.Context, name string) error {
	if err := v.endsTokens(); err != nil {
		return err
	}
	if err := v.audit(ctx, line{Interaction: "token-revoke", Action: "D", What: []string{name}}); err != nil {
		return err
	}
	return v.rec.store.RevokeToken(ctx, name)
}

// administers refuses who is not an operator at the record's own desk.
func (v *View) administers() error {
	if v.subject.Role() != access.System || v.subject.Who().Operator == "" {
		return fault.New(fault.Denied, "Tokens are made and ended by an operator with the joinery command.")
	}
	return nil
}

// endsTokens refuses who may neither make tokens nor, as an administrator, list
// and end them. Making one is not for administrators: it could read everything.
func (v *View) endsTokens() error {
	if v.subject.Role() == access.Administrator {
		return nil
	}
	return v.administers()
}

// Subject returns who a bearer token stands for. who says what is known of the
// request: its id, its source. The fault is Unidentified when the token is not
// known, has expired or was revoked, without saying which.
func (r *Record) Subject(ctx context.Context, bearer string, who access.Who) (access.Subject, error) {
	hash := sha256.Sum256([]byte(bearer))
	t, err := r.store.Token(ctx, hash[:])
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return access.Subject{}, errNoToken
		}
		return access.Subject{}, err
	}
	now := r.clock()
	if !t.Revoked.IsZero() || !t.Expires.IsZero() && !now.Before(t.Expires) {
		return access.Subject{}, errNoToken
	}
	g, err := r.grants.of(t.Scope)
	if err != nil {
		return access.Subject{}, err
	}
	who.Client = t.Name
	return g.subject(g.parsed, who)
}

// grants remembers what the texts of grants mean. A grant never changes, so
// what is remembered cannot be out of date; whether its token still holds is
// asked of the store each time.
type grants struct {
	mu   sync.Mutex
	read map[string]readGrant
}

type readGrant struct {
	Grant
	parsed access.Scopes
}

// maxGrants is how many are remembered; past it the memory starts anew.
const maxGrants = 10_000

func (g *grants) of(text string) (readGrant, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if known, ok := g.read[text]; ok {
		return known, nil
	}
	var fresh readGrant
	err := json.Unmarshal([]byte(text), &fresh.Grant)
	if err == nil {
		fresh.parsed, err = fresh.scopes()
	}
	if err != nil {
		return readGrant{}, fmt.Errorf("read the grant of a token: %w", err)
	}
	if g.read == nil || len(g.read) >= maxGrants {
		g.read = map[string]readGrant{}
	}
	g.read[text] = fresh
	return fresh, nil
}

var errNoToken = fault.Wrap(fault.Unidentified, "This token is not valid here.", errors.New("unknown, expired or revoked"))

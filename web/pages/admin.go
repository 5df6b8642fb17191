package pages

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
	"joinery/record/access"
)

// adminView is where those begin who keep the record's accounts and agreements, or
// answer for who looked at what.
type adminView struct{ To []Link }

// admin answers GET /admin.
func (c *call) admin() (*page, error) {
	v := &adminView{}
	for _, rt := range table() {
		if strings.HasPrefix(rt.path, "/admin/") && rt.method == "GET" && rt.may(c.role()) && !strings.Contains(rt.path, "{") {
			text, err := c.speaks("admin").say(rt.title)
			if err != nil {
				return nil, err
			}
			v.To = append(v.To, Link{rt.path, text})
		}
	}
	return &page{name: "admin", view: v}, nil
}

// agreementsView are the agreements of organisations to share.
type agreementsView struct {
	InForce, Over []agreement
	Form          agreementForm
}

// agreement is one of them.
type agreement struct {
	ID           fhir.ID
	ETag         string
	Title        string
	Parties      []string
	Purposes     []string
	Since, Until time.Time

	of []string // the parties, as references
}

// agreementForm is what is filled in to start one.
type agreementForm struct {
	Key      string
	Title    Input
	Parties  Choice
	Purposes Choice
	Until    Date
}

const reasons = "http://terminology.hl7.org/CodeSystem/v3-ActReason"

// agreements answers GET /admin/agreements.
func (c *call) agreements() (*page, error) {
	v, err := c.agreementsView()
	return &page{name: "agreements", view: v}, err
}

func (c *call) agreementsView() (*agreementsView, error) {
	v := &agreementsView{}
	names, err := c.organisationNames()
	if err != nil {
		return nil, err
	}
	found, err := c.search("Consent", "_count", "1000")
	if err != nil {
		return nil, err
	}
	for i := range found.Entries {
		version := &found.Entries[i].Version
		doc, err := version.Doc()
		if err != nil {
			return nil, fmt.Errorf("read an agreement: %w", err)
		}
		a := agreementOf(doc.Root(), names)
		a.ID, a.ETag = version.ID, version.ETag()
		if over := doc.Root().Get("status").Text() != "active" || !a.Until.IsZero() && a.Until.Before(c.now()); over {
			v.Over = append(v.Over, a)
		} else {
			v.InForce = append(v.InForce, a)
		}
	}
	v.Form = c.agreementForm(names)
	return v, nil
}

func agreementOf(res fhir.Value, names map[string]string) agreement {
	a := agreement{Title: concept(res.Get("category").Item(0))}
	if text := res.At("policyRule", "text").Text(); text != "" {
		a.Title = text
	}
	p := res.Get("provision")
	a.Since, _ = moment(p.At("period", "start").Text())
	a.Until, _ = moment(p.At("period", "end").Text())
	for actor := range p.Get("actor").Items() {
		ref := actor.At("reference", "reference").Text()
		a.of = append(a.of, ref)
		if name := names[ref]; name != "" {
			ref = name
		}
		a.Parties = append(a.Parties, ref)
	}
	for purpose := range p.Get("purpose").Items() {
		a.Purposes = append(a.Purposes, purpose.Get("code").Text())
	}
	return a
}

// organisationNames are the organisations of the directory, by reference.
func (c *call) organisationNames() (map[string]string, error) {
	found, err := c.search("Organization", "_sort", "name", "_count", "1000")
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for i := range found.Entries {
		doc, err := found.Entries[i].Version.Doc()
		if err != nil {
			return nil, fmt.Errorf("read an organisation: %w", err)
		}
		out["Organization/"+string(found.Entries[i].Version.ID)] = nameOf(doc.Root())
	}
	return out, nil
}

// sharedFor are the purposes for which organisations can agree to share.
var sharedFor = []access.Purpose{access.Treatment, access.PopulationHealth, access.Operations, access.Management, access.PublicHealth, access.Research}

func (c *call) agreementForm(names map[string]string) agreementForm {
	f := agreementForm{
		Key:      c.key(),
		Title:    Input{Field: Field{ID: "title", Name: "title", Label: c.word("agreements.what"), Size: "s"}},
		Parties:  Choice{Field: Field{ID: "party", Name: "party", Label: c.word("agreements.parties"), Hint: c.word("agreements.at-least"), Size: "s"}},
		Purposes: Choice{Field: Field{ID: "purpose", Name: "purpose", Label: c.word("agreements.purposes"), Size: "s"}},
		Until: Date{
			Field: Field{ID: "until", Name: "until", Label: c.word("agreements.until"), Hint: c.word("agreements.open-ended"), Size: "s"},
			Words: [3]string{c.word("agreements.day"), c.word("agreements.month"), c.word("agreements.year")},
		},
	}
	refs := make([]string, 0, len(names))
	for ref := range names {
		refs = append(refs, ref)
	}
	slices.SortFunc(refs, func(a, b string) int { return strings.Compare(names[a]+a, names[b]+b) })
	for _, ref := range refs {
		f.Parties.Options = append(f.Parties.Options, Option{Value: ref, Text: names[ref]})
	}
	for _, p := range sharedFor {
		f.Purposes.Options = append(f.Purposes.Options, Option{Value: string(p), Text: c.word("agreements.for-" + string(p))})
	}
	return f
}

// startAgreement answers POST /admin/agreements: from now on they share.
func (c *call) startAgreement() (*page, error) {
	v, err := c.agreementsView()
	if err != nil {
		return nil, err
	}
	c.back = "/admin/agreements"
	body, wrong := c.agreementBody(&v.Form)
	if len(wrong) > 0 {
		return &page{status: 400, name: "agreements", view: v, errors: wrong}, nil
	}
	doc, err := fhir.Parse(body)
	if err != nil {
		return nil, fmt.Errorf("write an agreement: %w", err)
	}
	if c.field("key") == "" {
		return nil, fault.New(fault.Invalid, "The form does not say what it was made from. Go back, load the page again and fill it in anew.")
	}
	once := sha256.Sum256([]byte("agreement " + c.sent.Encode())) // sent twice, it is one
	if _, _, err := c.view.Import(c.ctx, once[:], []record.Op{{Kind: record.Create, Type: "Consent", Body: doc}}); err != nil {
		return nil, fmt.Errorf("start an agreement: %w", err)
	}
	return &page{to: c.back}, nil
}

// endAgreement answers POST /admin/agreements/{id}: from now on they do not.
func (c *call) endAgreement() (*page, error) {
	id, err := c.id("id")
	if err != nil {
		return nil, err
	}
	c.back = "/admin/agreements"
	if err := c.only("version"); err != nil {
		return nil, err
	}
	if err := c.endConsent(id, c.field("version")); err != nil {
		return nil, err
	}
	return &page{to: c.back}, nil
}

// tokensView are the tokens of programs.
type tokensView struct {
	Tokens []record.Token
	Now    time.Time
}

// tokens answers GET /admin/tokens.
func (c *call) tokens() (*page, error) {
	all, err := c.view.Tokens(c.ctx)
	return &page{name: "tokens", view: &tokensView{all, c.now()}}, err //nolint:wrapcheck // it is fit to be shown
}

// revokeToken answers POST /admin/tokens.
func (c *call) revokeToken() (*page, error) {
	c.back = "/admin/tokens"
	if err := c.only("name"); err != nil {
		return nil, err
	}
	if c.field("name") == "" {
		return nil, fault.New(fault.Invalid, "Say which token.")
	}
	if err := c.view.RevokeToken(c.ctx, c.field("name")); err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	return &page{to: c.back}, nil
}

// agreementBody reads the form of an agreement, and says what is wrong with it.
func (c *call) agreementBody(f *agreementForm) ([]byte, []mistake) {
	var wrong []mistake
	lacks := func(field *Field, id, key string) {
		field.Error = c.word(key)
		wrong = append(wrong, mistake{id, field.Error})
	}
	for name := range c.sent {
		if !slices.Contains([]string{"key", "title", "party", "purpose", "day", "month", "year"}, name) {
			wrong = append(wrong, mistake{"title", c.word("agreements.lacks-known")})
		}
	}
	f.Title.Value = c.field("title")
	if f.Title.Value == "" {
		lacks(&f.Title.Field, "title", "agreements.lacks-what")
	}
	coded := func(choice *Choice, name string) (chosen []string) {
		for i := range choice.Options {
			o := &choice.Options[i]
			if o.Chosen = slices.Contains(c.sent[name], o.Value); o.Chosen {
				chosen = append(chosen, o.Value)
			}
		}
		return chosen
	}
	parties, purposes := coded(&f.Parties, "party"), coded(&f.Purposes, "purpose")
	if len(parties) < 2 {
		lacks(&f.Parties.Field, "party", "agreements.lacks-parties")
	}
	if len(purposes) == 0 {
		lacks(&f.Purposes.Field, "purpose", "agreements.lacks-purposes")
	}
	f.Until.Day, f.Until.Month, f.Until.Year = c.field("day"), c.field("month"), c.field("year")
	during := map[string]any{"start": c.now().UTC().Format(time.RFC3339)}
	if f.Until.Day+f.Until.Month+f.Until.Year != "" {
		day, ok := filledDay(f.Until)
		if during["end"] = day.String(); !ok {
			lacks(&f.Until.Field, "until-day", "agreements.lacks-until")
		}
	}
	var actors, codes []any
	for _, p := range parties {
		actors = append(actors, map[string]any{"role": map[string]any{"text": "party"}, "reference": map[string]any{"reference": p}})
	}
	for _, p := range purposes {
		codes = append(codes, map[string]any{"system": reasons, "code": p})
	}
	body, err := json.Marshal(map[string]any{
		"resourceType": "Consent", "status": "active",
		"scope":      map[string]any{"coding": []any{map[string]any{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "treatment"}}},
		"category":   []any{map[string]any{"text": "sharing agreement"}},
		"policyRule": map[string]any{"text": f.Title.Value},
		"provision":  map[string]any{"type": "permit", "period": during, "purpose": codes, "actor": actors},
	})
	if err != nil {
		panic("web/pages: " + err.Error()) // maps and strings always marshal
	}
	return body, wrong
}

// accountsView are the accounts of people who sign in.
type accountsView struct {
	Accounts []record.Account
	Form     accountForm
	Told     *record.Handover // of one that was just made or reset, to be handed over now
}

// accountForm is what is filled in to make an account.
type accountForm struct {
	Name, Display, Practitioner, Organisation, Patient, Related Input
	Role                                                        Choice
}

// accounts answers GET /admin/accounts.
func (c *call) accounts() (*page, error) {
	v, err := c.accountsView()
	return &page{name: "accounts", view: v}, err
}

func (c *call) accountsView() (*accountsView, error) {
	all, err := c.view.Accounts(c.ctx)
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	input := func(id string) Input {
		return Input{Field: Field{ID: id, Name: id, Label: c.word("accounts.field-" + id), Value: c.field(id)}, Autocomplete: "off"}
	}
	v := &accountsView{Accounts: all, Form: accountForm{
		Name: input("name"), Display: input("display"), Practitioner: input("practitioner"), Organisation: input("organisation"), Patient: input("patient"), Related: input("related"),
		Role: Choice{Field: Field{ID: "role", Name: "role", Label: c.word("accounts.field-role"), Size: "s"}},
	}}
	for _, r := range []access.Role{access.Staff, access.CaseFinder, access.Lead, access.Analyst, access.Governance, access.Administrator, access.Patient, access.Carer} {
		v.Form.Role.Options = append(v.Form.Role.Options, Option{Value: r.String(), Text: c.word("accounts.role-" + r.String()), Chosen: c.field("role") == r.String()})
	}
	return v, nil
}

// makeAccount answers POST /admin/accounts: it makes one, resets one or disables
// one. What is to be handed over is shown once, and kept nowhere.
func (c *call) makeAccount() (*page, error) {
	c.back = "/admin/accounts"
	if err := c.only("do", "name", "display", "role", "practitioner", "organisation", "patient", "related"); err != nil {
		return nil, err
	}
	var told record.Handover
	var err error
	switch c.field("do") {
	case "make":
		g := record.Grant{
			Role: c.field("role"), Display: c.field("display"), Practitioner: fhir.ID(c.field("practitioner")), Organization: fhir.ID(c.field("organisation")), Patient: fhir.ID(c.field("patient")),
		}
		if g.Role == access.Staff.String() {
			g.Purpose = access.Treatment
		}
		if related := c.field("related"); related != "" {
			g.RelatedPersons = []fhir.ID{fhir.ID(related)}
		}
		told, err = c.view.CreateAccount(c.ctx, record.NewAccount{Name: c.field("name"), Grant: g, WithoutCodes: g.Role == "patient" || g.Role == "carer"})
	case "reset":
		told, err = c.view.ResetAccount(c.ctx, c.field("name"))
	case "disable":
		if err := c.view.DisableAccount(c.ctx, c.field("name")); err != nil {
			return nil, err //nolint:wrapcheck // it is fit to be shown
		}
		return &page{to: c.back}, nil
	default:
		return nil, fault.New(fault.Invalid, "An account is made, reset or disabled.")
	}
	if kind := fault.KindOf(err); kind == fault.Invalid || kind == fault.Conflict {
		v, again := c.accountsView()
		return &page{status: 400, name: "accounts", view: v, errors: []mistake{{"name", fault.MessageOf(err)}}}, again
	}
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	v, err := c.accountsView()
	if err != nil {
		return nil, err
	}
	v.Told = &told
	return &page{name: "accounts", view: v}, nil
}

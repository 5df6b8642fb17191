package pages

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"joinery/fault"
	"joinery/written"
)

// Provider is an outside provider of OpenID Connect by which people sign in: their
// organisation's, CIS2, NHS login. It says who somebody is there; which account
// that is here says a link (record.View.LinkAccount). That it asks for a second
// factor is its own affair, and to be agreed with it.
type Provider struct {
	Name   string // on the page: "Sign in with …"
	Issuer string // what it calls itself, an address
	Client string // as what it knows this Joinery
	Secret string // shared with it; empty: PKCE alone
	Base   string // the address of these pages, such as https://record.example

	mu    sync.Mutex
	found *oidc.Provider
	http  *http.Client
}

// ReadProvider reads a provider from a YAML file:
//
//	name: Elmgreen Trust
//	issuer: https://login.elmgreen.example
//	client: joinery
//	secret-file: client.secret   # beside the file
//
// It is to send people back to /sign-in/back. The error is Invalid and says what is
// wrong where.
func ReadProvider(file string) (*Provider, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "The file of the provider of sign-in cannot be read: "+filepath.Base(file)+".", err)
	}
	var problems written.Problems
	r := &written.Reader{File: filepath.Base(file), Problems: &problems}
	p := &Provider{}
	if doc := r.Document(data); doc != nil {
		f := r.Fields(doc, "a provider")
		p.Name, p.Issuer, p.Client = f.Text("name"), f.Text("issuer"), f.Text("client")
		if secret := f.Text("secret-file"); secret != "" {
			text, err := os.ReadFile(filepath.Join(filepath.Dir(file), filepath.Base(secret)))
			if err != nil {
				r.Wrong(f.Key("secret-file"), "the secret is not beside this file")
			}
			p.Secret = strings.TrimSpace(string(text))
		}
		f.Done("A provider")
	}
	if len(problems) > 0 {
		return nil, problems.Tidy()
	}
	u, err := url.Parse(p.Issuer)
	if err != nil || u.Scheme != "https" && u.Hostname() != "127.0.0.1" || u.Host == "" || p.Name == "" || p.Client == "" {
		return nil, fault.New(fault.Invalid, "A provider of sign-in needs a name, a client, and an issuer that begins with https://.")
	}
	return p, nil
}

const (
	providerPath  = "/sign-in/provider"
	backPath      = "/sign-in/back"
	providerWaits = 10 * time.Minute // for somebody to come back
	providerTime  = 5 * time.Second  // for the provider to answer
)

// meet asks the provider, the first time, where its pages and its keys are.
func (p *Provider) meet(ctx context.Context) (*oidc.Provider, context.Context, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.http == nil {
		p.http = &http.Client{Timeout: providerTime, CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("the provider leads elsewhere") }}
	}
	ctx = oidc.ClientContext(ctx, p.http)
	if p.found == nil {
		found, err := oidc.NewProvider(context.WithoutCancel(ctx), p.Issuer) // its keys are asked for later, too
		if err != nil {
			return nil, ctx, fault.Wrap(fault.Unavailable, "The other sign-in does not answer. Sign in here, or try again in a few minutes.", err)
		}
		p.found = found
	}
	return p.found, ctx, nil
}

func (p *Provider) asks(found *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{ClientID: p.Client, ClientSecret: p.Secret, Endpoint: found.Endpoint(), RedirectURL: p.Base + backPath, Scopes: []string{oidc.ScopeOpenID}}
}

// toProvider answers GET /sign-in/provider: it leads to the provider, with what
// binds the way back to this browser and this request.
func (c *call) toProvider() (*page, error) {
	p := c.pages.Provider
	if p == nil {
		return nil, errAbsent
	}
	found, _, err := p.meet(c.ctx)
	if err != nil {
		return nil, err
	}
	state, nonce, verifier := oauth2.GenerateVerifier(), oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	kept := url.Values{"state": {state}, "nonce": {nonce}, "verifier": {verifier}, "to": {local(c.asked.Get("to"))}}
	c.keepCookie("provider", url.QueryEscape(kept.Encode()), providerWaits)
	return &page{to: p.asks(found).AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier))}, nil
}

// errNotSaid is told whatever was wrong with what came back.
var errNotSaid = fault.New(fault.Unidentified, "The other sign-in did not say who you are. Go to the sign-in page and try again.")

func notSaid(why string, err error) error {
	return fault.Wrap(fault.Unidentified, errNotSaid.FaultMessage(), fmt.Errorf("%s: %w", why, err))
}

var errOther = errors.New("it is another's, or comes twice")

// fromProvider answers GET /sign-in/back, to which the provider sends people.
func (c *call) fromProvider() (*page, error) {
	p := c.pages.Provider
	if p == nil {
		return nil, errAbsent
	}
	text, err := url.QueryUnescape(c.pages.kept(c.r, "provider"))
	if err != nil {
		return nil, notSaid("the cookie", err)
	}
	kept, err := url.ParseQuery(text)
	if err != nil {
		return nil, notSaid("the cookie", err)
	}
	c.keepCookie("provider", "", -time.Second) // once
	state := kept.Get("state")
	if state == "" || subtle.ConstantTimeCompare([]byte(state), []byte(c.asked.Get("state"))) != 1 {
		return nil, notSaid("the state", errOther)
	}
	if iss := c.asked.Get("iss"); iss != "" && iss != p.Issuer { // RFC 9207
		return nil, notSaid("the issuer", errOther)
	}
	subject, err := c.saidBy(p, c.asked.Get("code"), kept.Get("verifier"), kept.Get("nonce"))
	if err != nil {
		return nil, err
	}
	in, err := c.pages.rec.SignInLinked(c.ctx, p.Issuer, subject, from(c.r))
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	return c.begun(&in, local(kept.Get("to"))), nil
}

// saidBy exchanges a code for who somebody is at the provider.
func (c *call) saidBy(p *Provider, code, verifier, nonce string) (string, error) {
	found, ctx, err := p.meet(c.ctx)
	if err != nil {
		return "", err
	}
	token, err := p.asks(found).Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		return "", notSaid("the code", err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := found.Verifier(&oidc.Config{ClientID: p.Client, Now: c.now}).Verify(ctx, raw)
	if err != nil {
		return "", notSaid("the token", err)
	}
	if nonce == "" || subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(nonce)) != 1 || id.Subject == "" {
		return "", notSaid("the nonce", errOther)
	}
	return id.Subject, nil
}

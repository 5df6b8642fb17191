package pages

import (
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// issuer is a small provider of OpenID Connect. What it says can be spoilt.
type issuer struct {
	*httptest.Server
	key   *rsa.PrivateKey
	asked url.Values // of the last request to sign somebody in
	spoil func(header, claims map[string]any)
	clock func() time.Time
	used  bool
}

func b64(v any) string {
	b, ok := v.([]byte)
	if !ok {
		b, _ = json.Marshal(v) // maps of plain values
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func newIssuer(t *testing.T, clock func() time.Time) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	o := &issuer{key: key, clock: clock}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": o.URL, "authorization_endpoint": o.URL + "/authorize", "token_endpoint": o.URL + "/token", "jwks_uri": o.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]any{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "k", "n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes())}}})
	})
	mux.HandleFunc("POST /token", o.token)
	o.Server = httptest.NewServer(mux)
	t.Cleanup(o.Close)
	return o
}

// token answers an exchange, when the verifier is that of the challenge, once.
func (o *issuer) token(w http.ResponseWriter, r *http.Request) {
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	_, secret, _ := r.BasicAuth()
	if o.used || r.FormValue("code") != "the-code" || b64(sum[:]) != o.asked.Get("code_challenge") || o.asked.Get("code_challenge_method") != "S256" || secret != "shared" {
		http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
		return
	}
	o.used = true
	header := map[string]any{"alg": "RS256", "kid": "k", "typ": "JWT"}
	claims := map[string]any{"iss": o.URL, "sub": "s-1", "aud": "joinery", "nonce": o.asked.Get("nonce"), "iat": o.clock().Unix(), "exp": o.clock().Add(time.Minute).Unix()}
	if o.spoil != nil {
		o.spoil(header, claims)
	}
	said := b64(header) + "." + b64(claims)
	digest := sha256.Sum256([]byte(said))
	var signature []byte
	switch header["alg"] {
	case "RS256":
		signature, _ = rsa.SignPKCS1v15(rand.Reader, o.key, crypto.SHA256, digest[:]) // a key that was just made
	case "HS256":
		mac := hmac.New(sha256.New, o.key.N.Bytes())
		mac.Write([]byte(said))
		signature = mac.Sum(nil)
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"access_token":"a","token_type":"Bearer","id_token":"%s.%s"}`, said, b64(signature))
}

func TestSigningInElsewhere(t *testing.T) {
	g := newGate(t, false)
	o := newIssuer(t, g.clock)
	provider := &Provider{Name: "Elmgreen Trust", Issuer: o.URL, Client: "joinery", Secret: "shared", Base: "http://127.0.0.1:8080"}
	g.pages.Provider = provider
	g.account("gray", gp)
	told := g.account("gray2", gp)
	g.enters(told, "/")
	g.cookies = map[string]*http.Cookie{}
	if err := g.rec.As(g.operator()).LinkAccount(context.Background(), "gray2", o.URL, "s-1"); err != nil {
		t.Fatal(err)
	}
	g.wants(g.visit("/sign-in?to=/people/amina"), 200, "Elmgreen Trust", `href="/sign-in/provider?to=%2fpeople%2famina"`)

	// leave goes to the provider, and returns what it would send back.
	leave := func() url.Values {
		a := g.visit("/sign-in/provider?to=/people/amina")
		at, err := url.Parse(a.Header().Get("Location"))
		if a.Code != 303 || err != nil || !strings.HasPrefix(at.String(), o.URL+"/authorize?") {
			t.Fatalf("leaving = %d to %s", a.Code, at)
		}
		o.asked, o.used, o.spoil = at.Query(), false, nil
		if o.asked.Get("redirect_uri") != "http://127.0.0.1:8080/sign-in/back" || o.asked.Get("client_id") != "joinery" || o.asked.Get("nonce") == "" || len(o.asked.Get("state")) < 40 || o.asked.Get("scope") != "openid" {
			t.Errorf("the provider is asked %v", o.asked)
		}
		return url.Values{"code": {"the-code"}, "state": {o.asked.Get("state")}}
	}
	back := func(q url.Values) answer { return g.visit("/sign-in/back?" + q.Encode()) }

	for what, spoil := range map[string]func(header, claims map[string]any){
		"no signature":         func(h, _ map[string]any) { h["alg"] = "none" },
		"the public key's MAC": func(h, _ map[string]any) { h["alg"] = "HS256" },
		"another's nonce":      func(_, c map[string]any) { c["nonce"] = "other" },
		"no nonce":             func(_, c map[string]any) { delete(c, "nonce") },
		"for another":          func(_, c map[string]any) { c["aud"] = "other" },
		"by another":           func(_, c map[string]any) { c["iss"] = "https://other.example" },
		"too late":             func(_, c map[string]any) { c["exp"] = g.now.Add(-time.Hour).Unix() },
		"somebody unknown":     func(_, c map[string]any) { c["sub"] = "s-2" },
		"nobody":               func(_, c map[string]any) { c["sub"] = "" },
	} {
		q := leave()
		o.spoil = spoil
		if a := back(q); a.Code != 401 || g.cookies["session"] != nil {
			t.Errorf("%s = %d, cookies %v", what, a.Code, g.cookies)
		}
	}
	for what, change := range map[string]func(url.Values){
		"another state":  func(q url.Values) { q.Set("state", "other") },
		"no state":       func(q url.Values) { q.Del("state") },
		"another code":   func(q url.Values) { q.Set("code", "other") },
		"another issuer": func(q url.Values) { q.Set("iss", "https://other.example") },
		"no cookie":      func(url.Values) { delete(g.cookies, "provider") },
		"an error":       func(q url.Values) { q.Set("error", "access_denied"); q.Del("code") },
	} {
		q := leave()
		change(q)
		if a := back(q); a.Code != 401 || g.cookies["session"] != nil {
			t.Errorf("%s = %d, cookies %v", what, a.Code, g.cookies)
		}
	}

	q := leave()
	a := back(q)
	if a.Code != 303 || a.Header().Get("Location") != "/people/amina" || g.cookies["session"] == nil || g.cookies["provider"] != nil {
		t.Fatalf("coming back = %d to %s: %s", a.Code, a.Header().Get("Location"), plainly(a.text))
	}
	g.wants(g.visit("/people/amina"), 200, "AMIN-CANARY")
	delete(g.cookies, "session")
	if a := back(q); a.Code != 401 || g.cookies["session"] != nil {
		t.Errorf("coming back twice = %d", a.Code)
	}
	// A provider that does not answer is no reason to be shown anything else.
	o.Close()
	g.pages.Provider = &Provider{Name: "x", Issuer: o.URL, Client: "joinery"}
	if a := g.visit("/sign-in/provider"); a.Code != 503 {
		t.Errorf("a provider that does not answer = %d", a.Code)
	}
	g.pages.Provider = nil
	g.wants(g.visit("/sign-in/provider"), 404)
	g.wants(g.visit("/sign-in/back"), 404)
}

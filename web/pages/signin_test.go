package pages

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"joinery/fhir"
	"joinery/leaks"
	"joinery/record"
	"joinery/record/access"
	"joinery/record/credential"
	"joinery/web"
)

// gate is a world whose people sign in as everybody does, with a browser that
// keeps cookies.
type gate struct {
	*world
	pages   *Pages
	secure  bool
	cookies map[string]*http.Cookie
}

func newGate(t *testing.T, secure bool) *gate {
	t.Helper()
	g := &gate{world: &world{TB: t, now: time.Date(2026, 2, 3, 9, 10, 0, 0, time.UTC), log: &lines{}}, secure: secure, cookies: map[string]*http.Cookie{}}
	rec, err := record.Open(context.Background(), "sqlite:"+filepath.Join(t.TempDir(), "w.db"), record.Options{
		Log: leaks.Log(), Clock: g.clock, Rand: rand.Reader, Readers: 2, Passwords: credential.Cost{Memory: 64, Passes: 1, Threads: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rec.Close() })
	g.rec = rec
	g.server = web.New(web.Options{Log: slog.New(web.NewLogHandler(leaks.Keep(g.log), slog.LevelInfo)), Clock: time.Now, Rand: rand.Reader})
	if g.pages, err = New(g.server, rec, Options{Clock: g.clock, Secure: secure}); err != nil {
		t.Fatal(err)
	}
	g.store(foundations)
	g.store(someone)
	return g
}

var gp = record.Grant{Role: "staff", Display: "Dr Ann Gray", Purpose: access.Treatment, Practitioner: "gray", Organization: "gp"}

func (g *gate) account(name string, grant record.Grant) record.Handover {
	g.Helper()
	told, err := g.rec.As(g.operator()).CreateAccount(context.Background(), record.NewAccount{Name: name, Grant: grant})
	if err != nil {
		g.Fatal(err)
	}
	return told
}

func (g *gate) code(told record.Handover) string {
	g.Helper()
	g.now = g.now.Add(credential.Step) // each is taken once
	code, err := credential.Code(told.Secret, g.now)
	if err != nil {
		g.Fatal(err)
	}
	return code
}

// browse sends a request with the browser's cookies, and keeps what comes back.
func (g *gate) browse(method, path string, form url.Values) answer {
	g.Helper()
	var b strings.Builder
	for _, c := range g.cookies {
		b.WriteString(c.Name + "=" + c.Value + "; ")
	}
	a := g.do("", method, path, strings.NewReader(form.Encode()), "Cookie", b.String())
	for _, c := range a.Result().Cookies() {
		g.cookies[c.Name] = c
		if c.MaxAge < 0 {
			delete(g.cookies, c.Name)
		}
	}
	return a
}

func (g *gate) visit(path string) answer { return g.browse(http.MethodGet, path, nil) }
func (g *gate) send(path string, form ...string) answer {
	v := url.Values{}
	for i := 0; i+1 < len(form); i += 2 {
		v.Set(form[i], form[i+1])
	}
	return g.browse(http.MethodPost, path, v)
}

// enters signs in for the first time and chooses a password.
func (g *gate) enters(told record.Handover, to string) {
	g.Helper()
	const chosen = "four plain garden words"
	if a := g.send("/sign-in", "name", told.Name, "password", told.Password, "code", g.code(told), "to", to); a.Code != 303 || !strings.HasPrefix(a.Header().Get("Location"), "/password") {
		g.Fatalf("the first sign-in = %d to %s: %s", a.Code, a.Header().Get("Location"), plainly(a.text))
	}
	if a := g.send("/password", "old", told.Password, "fresh", chosen, "again", chosen, "to", to); a.Code != 303 || a.Header().Get("Location") != to {
		g.Fatalf("choosing a password = %d to %s: %s", a.Code, a.Header().Get("Location"), plainly(a.text))
	}
}

func TestSigningIn(t *testing.T) {
	g := newGate(t, true)
	told := g.account("gray@elm.example", gp)
	a := g.visit("/people/amina")
	if a.Code != 303 || a.Header().Get("Location") != "/sign-in?to=%2Fpeople%2Famina" {
		t.Fatalf("not signed in = %d to %s", a.Code, a.Header().Get("Location"))
	}
	g.wants(g.visit("/sign-in?to=/people/amina"), 200, `autocomplete="username"`, `autocomplete="current-password"`, `autocomplete="one-time-code"`, `name="to" value="/people/amina"`)
	g.wants(g.send("/sign-in"), 400, "Enter your name")

	// The first password opens nothing but the page on which it is changed.
	if a := g.send("/sign-in", "name", told.Name, "password", told.Password, "code", g.code(told), "to", "/people/amina"); a.Code != 303 || a.Header().Get("Location") != "/password?to=%2Fpeople%2Famina" {
		t.Fatalf("the first sign-in = %d to %s", a.Code, a.Header().Get("Location"))
	}
	first := g.cookies["__Host-session"]
	if a := g.visit("/people/amina"); a.Code != 303 || a.Header().Get("Location") != "/password" {
		t.Errorf("before the password is changed, a record = %d to %s", a.Code, a.Header().Get("Location"))
	}
	g.wants(g.visit("/password"), 200, "for the first time only")
	g.wants(g.send("/password", "old", told.Password, "fresh", "four plain garden words", "again", "four plain garden wards"), 400, "not the same")
	g.wants(g.send("/password", "old", told.Password, "fresh", "short", "again", "short"), 400, "at least 12 characters")
	g.wants(g.send("/password", "old", "wrong wrong wrong", "fresh", "four plain garden words", "again", "four plain garden words"), 401, "not the password that you have now")
	if a := g.send("/password", "old", told.Password, "fresh", "four plain garden words", "again", "four plain garden words", "to", "//evil.example"); a.Code != 303 || a.Header().Get("Location") != "/" {
		t.Fatalf("changed = %d to %s: %s", a.Code, a.Header().Get("Location"), plainly(a.text))
	}

	// Cookies: of this host alone, encrypted, out of reach of scripts and of forms elsewhere; and new.
	for _, name := range []string{"__Host-session", "__Host-device"} {
		c := g.cookies[name]
		if c == nil || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("the cookie %s is %v", name, c)
		}
	}
	second := g.cookies["__Host-session"]
	if second.Value == first.Value || second.MaxAge != 0 {
		t.Error("the session is the one of before, or outlives the browser")
	}
	g.wants(g.visit("/people/amina"), 200, "AMIN-CANARY", "Dr Ann Gray", "you are signed out at")

	// A session that somebody else chose is not taken on.
	g.cookies["__Host-session"] = &http.Cookie{Name: "__Host-session", Value: "jns_chosen-by-another"}
	if a := g.send("/sign-in", "name", told.Name, "password", "four plain garden words", "code", g.code(told)); a.Code != 303 || g.cookies["__Host-session"].Value == "jns_chosen-by-another" {
		t.Errorf("fixation: %d", a.Code)
	}

	// Signed out: the secret of before is worth nothing, here and on the way back.
	third := g.cookies["__Host-session"]
	if a := g.send("/sign-out"); a.Code != 303 || g.cookies["__Host-session"] != nil {
		t.Errorf("signing out = %d, cookies %v", a.Code, g.cookies)
	}
	for _, old := range []*http.Cookie{first, second, third} {
		g.cookies["__Host-session"] = old
		a := g.visit("/people/amina")
		if old != second && a.Code != 303 {
			t.Errorf("a session that has ended = %d", a.Code)
		}
	}
	if strings.Contains(g.log.String(), "gray@elm") || strings.Contains(g.log.String(), "garden") || strings.Contains(g.log.String(), "jns_") {
		t.Error("the log holds a name, a password or a secret")
	}
}

// TestSignInTellsNothing: whatever was wrong, the page is the same, and nothing
// that was typed comes back but the name.
func TestSignInTellsNothing(t *testing.T) {
	g := newGate(t, false)
	told := g.account("gray", gp)
	g.enters(told, "/")
	delete(g.cookies, "session")
	delete(g.cookies, "device")
	pages := map[string]bool{}
	for what, form := range map[string][]string{
		"no such name":   {"name", "grey", "password", "four plain garden words", "code", g.code(told)},
		"wrong password": {"name", "gray", "password", "Typed-Canary words", "code", g.code(told)},
		"wrong code":     {"name", "gray", "password", "four plain garden words", "code", "Typed-Canary"},
		"no code":        {"name", "gray", "password", "four plain garden words"},
	} {
		g.now = g.now.Add(7 * time.Hour)
		a := g.send("/sign-in", form...)
		g.wants(a, 401, "do not belong together")
		if strings.Contains(a.text, "Typed-Canary") || strings.Contains(a.text, "garden") || g.cookies["session"] != nil {
			t.Errorf("%s: the page says what was typed, or signs in", what)
		}
		pages[strings.ReplaceAll(a.text, "grey", "gray")] = true
	}
	if len(pages) != 1 {
		t.Errorf("%d pages for what was wrong", len(pages))
	}
	for range 6 {
		_ = g.send("/sign-in", "name", "gray", "password", "guess guess guess", "code", "123456")
	}
	g.wants(g.send("/sign-in", "name", "gray", "password", "guess guess guess", "code", "123456"), 429, "too many tries")
}

// TestSignInFromElsewhere: no other site signs anybody in or out.
func TestSignInFromElsewhere(t *testing.T) {
	g := newGate(t, true)
	told := g.account("gray", gp)
	g.enters(told, "/")
	session := g.cookies["__Host-session"]
	for _, header := range [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}} {
		for path, form := range map[string]string{
			"/sign-in":  url.Values{"name": {"gray"}, "password": {"four plain garden words"}, "code": {g.code(told)}}.Encode(),
			"/sign-out": "", "/password": "old=a&fresh=b&again=b", "/emergency": "reason=because+I+say+so",
		} {
			r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form))
			r.Header.Set("Content-Type", formType)
			r.Header.Set(header[0], header[1])
			r.AddCookie(session)
			out := httptest.NewRecorder()
			g.server.ServeHTTP(out, r)
			if out.Code != 403 || len(out.Result().Cookies()) > 0 {
				t.Errorf("%s from %v = %d with cookies %v", path, header, out.Code, out.Result().Cookies())
			}
		}
	}
	if a := g.visit("/people/amina"); a.Code != 200 {
		t.Errorf("and the session has ended: %d", a.Code)
	}
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
		if a := g.browse(method, "/sign-out?_method=POST", nil); a.Code < 400 || g.cookies["__Host-session"] == nil {
			t.Errorf("%s /sign-out = %d", method, a.Code)
		}
	}
}

// TestRightsEndInAnOpenSession: what ends a right, or the session, ends it with
// the next request.
func TestRightsEndInAnOpenSession(t *testing.T) {
	g := newGate(t, false)
	told := g.account("gray", gp)
	g.enters(told, "/people/amina")
	g.wants(g.visit("/people/amina"), 200, "AMIN-CANARY")
	before := strings.Split(strings.TrimSpace(foundations), "\n")
	for _, line := range before {
		if strings.Contains(line, `"id":"agreement"`) {
			g.store(strings.Replace(line, `"status":"active"`, `"status":"inactive"`, 1))
			g.wants(g.visit("/people/amina"), 404)
			g.store(line)
		}
	}
	g.wants(g.visit("/people/amina"), 200, "AMIN-CANARY")
	g.now = g.now.Add(15 * time.Minute)
	if a := g.visit("/people/amina"); a.Code != 303 || a.Header().Get("Location") != "/sign-in?ended=yes&to=%2Fpeople%2Famina" {
		t.Errorf("left alone for 15 minutes = %d to %s", a.Code, a.Header().Get("Location"))
	}
	g.wants(g.visit("/sign-in?ended=yes&to=%2Fpeople%2Famina"), 200, "You were signed out")
	if a := g.send("/sign-in", "name", "gray", "password", "four plain garden words", "code", g.code(told)); a.Code != 303 {
		t.Fatalf("signing in again = %d", a.Code)
	}
	if err := g.rec.As(g.operator()).DisableAccount(context.Background(), "gray"); err != nil {
		t.Fatal(err)
	}
	if a := g.visit("/people/amina"); a.Code != 303 {
		t.Errorf("a disabled account = %d", a.Code)
	}
}

func TestAnEmergency(t *testing.T) {
	g := newGate(t, false)
	told := g.account("gray", gp)
	g.enters(told, "/")
	g.wants(g.visit("/people/nobody"), 404)
	g.wants(g.visit("/emergency"), 200, "The person is told", "privacy lead", "cannot be printed")
	fill := func(changed ...string) []string {
		form := map[string]string{"nhs": "999 000 0018", "day": "2", "month": "02", "year": "1950", "reason": "Found unconscious in the street", "code": g.code(told)}
		for i := 0; i+1 < len(changed); i += 2 {
			form[changed[i]] = changed[i+1]
		}
		var out []string
		for k, v := range form {
			out = append(out, k, v)
		}
		return out
	}
	g.wants(g.send("/emergency", fill("reason", "")...), 400, "Say why", `value="999 000 0018"`)
	g.wants(g.send("/emergency", fill("code", "")...), 401, "That code is not right")
	g.wants(g.send("/emergency", fill("day", "3")...), 404, "nobody here of that number")
	g.wants(g.send("/emergency", fill("purpose", "TREAT")...), 400)
	g.wants(g.visit("/people/nobody"), 404)
	a := g.send("/emergency", fill()...)
	if a.Code != 303 || a.Header().Get("Location") != "/people/nobody" {
		t.Fatalf("breaking the glass = %d to %s: %s", a.Code, a.Header().Get("Location"), plainly(a.text))
	}
	g.wants(g.visit("/people/nobody"), 200, "HIDDEN-CANARY", "in an emergency, until", `class="jy-glass"`)
	if a := g.visit("/people/amina"); strings.Contains(a.text, "in an emergency, until") {
		t.Error("another's page says that it is seen in an emergency")
	}
	for range 7 {
		g.now = g.now.Add(10 * time.Minute)
		_ = g.visit("/")
	}
	g.wants(g.visit("/people/nobody"), 404)

	g.cookies = map[string]*http.Cookie{}
	ada := g.account("amina", record.Grant{Role: "patient", Display: "Amina", Patient: fhir.ID("amina")})
	g.enters(ada, "/")
	g.wants(g.visit("/emergency"), 403)
}

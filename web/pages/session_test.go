package pages

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"joinery/record"
)

// asks is what the script of a page asks, and its answer.
func (g *gate) asks(method string) (left remaining) {
	g.Helper()
	r := httptest.NewRequest(method, "/session", nil)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Content-Type", formType)
	for _, c := range g.cookies {
		r.AddCookie(c)
	}
	out := httptest.NewRecorder()
	g.server.ServeHTTP(out, r)
	if err := json.Unmarshal(out.Body.Bytes(), &left); err != nil || out.Code != 200 || out.Header().Get("Content-Type") != "application/json" {
		g.Fatalf("%s /session = %d %s: %v", method, out.Code, out.Body, err)
	}
	return left
}

func TestASessionSaysThatItEnds(t *testing.T) {
	g := newGate(t, false)
	g.enters(g.account("gray", gp), "/")
	began := g.now
	summary := g.visit("/people/amina")
	g.wants(summary, 200, `<noscript><meta http-equiv="refresh" content="780; url=/session?to=%2Fpeople%2Famina"></noscript>`, `data-left="900" data-warned="120"`)
	if strings.Contains(summary.text, "Send what you fill in") {
		t.Error("a page with nothing to fill in says until when to send it")
	}
	form := g.visit("/people")
	g.wants(form, 200, "<noscript><div class=\"nhsuk-inset-text\">", "Send what you fill in here by "+clockTime(began.Add(15*time.Minute)))
	if strings.Contains(form.text, "http-equiv") || strings.Contains(form.text, "data-kept") {
		t.Error("a page that can be filled in leads elsewhere by itself, or says that it was filled in")
	}
	g.wants(g.send("/people", "by", "number", "number", "12"), 422, "data-kept")

	// To be asked how long is left does not make it longer, in either form.
	g.now = began.Add(12 * time.Minute)
	a := g.visit("/session?to=/people/amina")
	g.wants(a, 200, "You are signed in", "in 3 minutes")
	if got := a.Header().Get("Refresh"); got != "60; url=/session?to=%2Fpeople%2Famina" {
		t.Errorf("before it is time to warn the page goes on by %q", got)
	}
	for range 4 {
		g.now = g.now.Add(40 * time.Second)
		a = g.visit("/session?to=/people/amina")
		if left := g.asks(http.MethodGet); left.Left != int(began.Add(15*time.Minute).Sub(g.now)/time.Second) || left.Last {
			t.Fatalf("%v after it began %+v is left", g.now.Sub(began), left)
		}
	}
	g.wants(a, 200, "You will soon be signed out", `role="alert"`, "in about 0 minutes", "Stay signed in")
	if got := a.Header().Get("Refresh"); got != "21; url=/session?to=%2Fpeople%2Famina" {
		t.Errorf("the warning goes on by %q", got)
	}
	if strings.Contains(strings.ToUpper(a.text), "AMIN-CANARY") || strings.Contains(a.text, "http-equiv") || strings.Contains(a.text, "<dialog") {
		t.Error("the warning shows somebody, or leads elsewhere by itself in another way too")
	}
	g.leads("to stay", g.send("/session", "to", "/people/amina"), "/people/amina")
	if left := g.asks(http.MethodGet); left.Left != 900 {
		t.Errorf("having stayed, %+v is left", left)
	}
	g.leads("to stay, and go elsewhere", g.send("/session", "to", "//evil.example"), "/")
	g.wants(g.send("/session", "id", "amina"), 400)

	g.now = g.now.Add(15 * time.Minute)
	g.leads("after the end", g.visit("/session?to=/people/amina"), "/sign-in?ended=yes&to=%2Fpeople%2Famina")
	g.leads("to stay after the end", g.send("/session", "to", "/people/amina"), "/sign-in?ended=yes&to=%2Fpeople%2Famina")
	if left := g.asks(http.MethodPost); left != (remaining{}) {
		t.Errorf("after the end %+v is left", left)
	}
}

// TestASessionThatEndsWhateverIsDone says so.
func TestASessionThatEndsWhateverIsDone(t *testing.T) {
	g := newGate(t, false)
	g.enters(g.account("gray", gp), "/")
	began := g.now
	g.stays(began.Add(record.SessionHolds - 10*time.Minute))
	g.wants(g.visit("/people/amina"), 200, "data-last", `data-left="600"`)
	g.wants(g.visit("/session"), 200, "A sign-in lasts 12 hours", "Go back to where I was")
	if left := g.asks(http.MethodPost); left.Left != 600 || !left.Last {
		t.Errorf("it is made longer: %+v", left)
	}
}

// stays does something every ten minutes until a time.
func (g *gate) stays(until time.Time) {
	for g.now.Before(until) {
		_ = g.visit("/")
		g.now = g.now.Add(min(10*time.Minute, until.Sub(g.now)))
	}
}

// TestWhoseSession: the mark that a page has of it is the person's, whichever
// session of theirs, and says nothing of them.
func TestWhoseSession(t *testing.T) {
	g := newGate(t, false)
	mark := func(name string) string {
		g.cookies = map[string]*http.Cookie{}
		g.enters(g.account(name, gp), "/")
		first := g.asks(http.MethodGet).Mark
		g.send("/sign-out")
		if a := g.visit("/session"); a.Code != 303 {
			t.Errorf("signed out, /session = %d", a.Code)
		}
		return first
	}
	gray, bea := mark("gray"), mark("bea")
	if gray == bea || len(gray) != 16 || strings.Contains(gray, "gray") {
		t.Errorf("marks %q and %q", gray, bea)
	}
	resident := g.account("amina", record.Grant{Role: "patient", Display: "Amina", Patient: "amina"})
	g.enters(resident, "/")
	g.wants(g.visit("/me"), 200, `content="1680; url=/session?to=%2Fme"`, `data-left="1800"`)
}

// quickly has the timers of pages run a thousand times as fast.
const quickly = `window.setTimeout = (later => (what, ms, ...more) => later(what, ms / 1000, ...more))(window.setTimeout)`

// TestAWarningInABrowser: what was typed outlives the session, nobody else's
// session takes it over, and of a page without any nothing stays on the screen.
func TestAWarningInABrowser(t *testing.T) {
	g := newGate(t, false)
	told, other := g.account("gray", gp), g.account("bea", gp)
	g.server.Handle("GET /testing/session/{secret}", http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		http.SetCookie(out, &http.Cookie{Name: "session", Value: r.PathValue("secret"), Path: "/", HttpOnly: true})
	}))
	g.enters(told, "/")
	b := newBrowser(t, g.world)
	b.do(chromedp.Navigate(b.base+"/testing/session/"+g.cookies["session"].Value), chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, cdpage.AddScriptToEvaluateOnNewDocument, cdpage.AddScriptToEvaluateOnNewDocumentParams{Source: quickly})
		return err
	}))
	const kept = `document.querySelector('#family').value`
	typed := func(what string) {
		t.Helper()
		if got := b.scriptText(kept); got != "Ashgrove" {
			t.Errorf("%s the form holds %q", what, got)
		}
	}
	gone := func() { b.loaded("Find a person") }

	b.open("/people", 320)
	b.typeIn("#family", "Ashgrove")
	g.now = g.now.Add(13*time.Minute + 30*time.Second)
	b.loaded("You will soon be signed out")
	if at := b.focused(); !strings.Contains(at, "Stay signed in") {
		t.Errorf("the focus is on %q, want the button that stays", at)
	}
	b.check("gray", "/people before the end", 320)
	b.press("\r")
	gone()
	typed("having stayed,")
	g.now = g.now.Add(13*time.Minute + 30*time.Second)
	b.loaded("You will soon be signed out")
	b.press("\x1b")
	gone()
	typed("having stayed by the key Escape,")

	g.now = g.now.Add(20 * time.Minute)
	b.loaded("What you filled in is still on this page")
	b.check("gray", "/people after the end", 320)
	if title := b.title(); !strings.HasPrefix(title, "Find a person") {
		t.Errorf("it was led away: %q", title)
	}
	b.press("\x1b")
	again := `dialog [data-do="again"]`
	b.click(again)
	b.loaded("You are not signed in yet")
	for _, who := range []record.Handover{other, told} {
		g.cookies = map[string]*http.Cookie{}
		if who.Name == told.Name {
			g.leads("to sign in again", g.send("/sign-in", "name", who.Name, "password", "four plain garden words", "code", g.code(who), "to", "/session"), "/session")
		} else {
			g.enters(who, "/")
		}
		b.script(`fetch('/testing/session/` + g.cookies["session"].Value + `')`)
		time.Sleep(200 * time.Millisecond)
		b.click(again)
		if who.Name == told.Name {
			gone()
		} else {
			b.loaded("or somebody else is")
		}
		typed("with the session of " + who.Name)
	}

	for _, one := range []struct{ as, path string }{{"gray", "/session?to=/people/amina"}, {"gray", "/password"}} {
		for _, width := range []int64{1280, 320} {
			b.open(one.path, width)
			b.check(one.as, one.path, width)
		}
	}
	b.open("/people/amina", 1280)
	b.loaded("Known allergies")
	g.now = g.now.Add(20 * time.Minute)
	b.loaded("You were signed out")
	if to := b.scriptText(`document.querySelector('input[name=to]').value`); to != "/people/amina" {
		t.Errorf("it goes on at %q", to)
	}
	b.check("gray", "after the end", 1280)

	// Without scripts the page itself leads to the warning; here that of the twelve hours.
	g.cookies = map[string]*http.Cookie{}
	g.leads("to sign in again", g.send("/sign-in", "name", "gray", "password", "four plain garden words", "code", g.code(told), "to", "/"), "/")
	g.stays(g.now.Add(record.SessionHolds - 121*time.Second))
	b.do(chromedp.Navigate(b.base + "/testing/session/" + g.cookies["session"].Value))
	b.scripts(false)
	b.open("/people/amina", 320)
	b.loaded("A sign-in lasts 12 hours, and this one ends then")
	b.scripts(true)
}

package pages

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"joinery/record"
	"joinery/record/access"
)

const (
	aminasNumber = "9990000042" // a canary of TestEveryRoleAtEveryRoute
	hiddenNumber = "9990000018"
	freeNumber   = "9990000026"
)

// link is where the other system of the practice leads its user.
func (w *world) link(asked record.Launch) string {
	w.Helper()
	scopes, err := access.ParseScopes("launch")
	if err != nil {
		w.Fatal(err)
	}
	system, err := access.NewSystem(access.Who{Client: "elm system", Scopes: scopes})
	if err != nil {
		w.Fatal(err)
	}
	made, err := w.rec.As(system).Launch(context.Background(), asked)
	if err != nil {
		w.Fatal(err)
	}
	return "/launch/" + made.Secret
}

func (g *gate) leads(what string, a answer, to string) {
	g.Helper()
	if a.Code != 303 || a.Header().Get("Location") != to {
		g.Errorf("%s = %d to %q, want to be led to %q: %s", what, a.Code, a.Header().Get("Location"), to, plainly(a.text))
	}
}

// spentSays is all that is said of a link that does not work.
const spentSays = "This link has been used or is too old. Open the person again from your system."

func TestALaunch(t *testing.T) {
	g := newGate(t, true)
	told := g.account("gray", gp)
	g.enters(told, "/")

	// To get it, however often and by whatever fetches pages ahead, spends nothing.
	at := g.link(record.Launch{NHSNumber: aminasNumber})
	none := g.visit("/launch/jnl_none")
	for _, purpose := range []string{"", "prefetch", "prefetch;prerender"} {
		a := g.do("", http.MethodGet, at, nil, "Sec-Purpose", purpose)
		if a.Code != 200 || len(a.Result().Cookies()) > 0 {
			t.Errorf("to get the link (%s) = %d with cookies %v", purpose, a.Code, a.Result().Cookies())
		}
	}
	a := g.visit(at)
	g.wants(a, 200, `<form method="post" data-launch>`)
	if a.text != none.text {
		t.Error("a link that works and one that does not look different")
	}
	g.leads("the link", g.send(at), "/people/amina")
	g.wants(g.send(at), 410, spentSays)
	g.wants(g.visit("/people/amina"), 200, "AMIN-CANARY")

	late := g.link(record.Launch{NHSNumber: aminasNumber})
	g.now = g.now.Add(time.Minute)
	g.wants(g.send(late), 410, spentSays)
	tampered := g.link(record.Launch{NHSNumber: aminasNumber})
	g.wants(g.send(tampered[:len(tampered)-2]), 410, spentSays)
	g.wants(g.send(g.link(record.Launch{NHSNumber: aminasNumber, Account: "bea"})), 410, spentSays)
	g.leads("the link for her", g.send(g.link(record.Launch{NHSNumber: aminasNumber, Account: "GRAY"})), "/people/amina")

	// Whom she may not see, and whom nobody is, are the one page of what is absent.
	absent := g.visit("/people/there-is-none")
	for _, number := range []string{hiddenNumber, freeNumber} {
		a := g.send(g.link(record.Launch{NHSNumber: number}))
		if a.Code != 404 || plainly(a.text) != plainly(absent.text) {
			t.Errorf("the link to %s = %d %s", number, a.Code, plainly(a.text))
		}
	}

	// No other site follows one in her name, and no form brings more along.
	spare := g.link(record.Launch{NHSNumber: aminasNumber})
	for _, header := range [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}} {
		r := httptest.NewRequest(http.MethodPost, spare, nil)
		r.Header.Set("Content-Type", formType)
		r.Header.Set(header[0], header[1])
		r.AddCookie(g.cookies["__Host-session"])
		out := httptest.NewRecorder()
		if g.server.ServeHTTP(out, r); out.Code != 403 {
			t.Errorf("from %v = %d", header, out.Code)
		}
	}
	g.wants(g.send(spare, "id", "nobody"), 400)
	g.leads("afterwards the link", g.send(spare), "/people/amina")

	log := g.log.String()
	for _, s := range []string{aminasNumber, hiddenNumber, freeNumber, "jnl_"} {
		if strings.Contains(log, s) {
			t.Errorf("the log holds %s", s)
		}
	}
}

// TestALaunchBeforeSignIn: the link leads to the sign-in, and then on; it signs
// nobody in.
func TestALaunchBeforeSignIn(t *testing.T) {
	g := newGate(t, true)
	told := g.account("gray", gp)
	const to = "/sign-in?to=%2Flaunch"
	at := g.link(record.Launch{NHSNumber: aminasNumber, Account: "gray"})
	g.leads("the link", g.send(at), to)
	if g.cookies["__Host-session"] != nil {
		t.Fatal("the link signs somebody in")
	}
	c := g.cookies["__Host-launch"]
	if c == nil || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.MaxAge != 300 || strings.HasSuffix(at, c.Value) {
		t.Fatalf("the cookie is %v", c)
	}
	g.leads("what was kept, not signed in", g.visit("/launch"), to)
	g.wants(g.send("/launch"), 401)
	g.wants(g.send(at), 410, spentSays)
	g.wants(g.send("/launch/"+c.Value), 410, spentSays) // it does not last longer by being followed; and is gone by that

	g.leads("another link", g.send(g.link(record.Launch{NHSNumber: aminasNumber, Account: "gray"})), to)
	g.enters(told, "/launch") // a password is chosen first, too
	g.wants(g.visit("/launch"), 200, `<form method="post" data-launch>`)
	g.leads("then the link", g.send("/launch"), "/people/amina")
	g.wants(g.send("/launch"), 410, spentSays)

	// Signed out, it is nobody's: nor does what was kept outlive that.
	g.send("/sign-out")
	g.leads("signed out, a link", g.send(g.link(record.Launch{NHSNumber: aminasNumber})), to)
	g.send("/sign-out")
	if g.cookies["__Host-launch"] != nil {
		t.Error("what was kept of a link is there after signing out")
	}

	// Kept by one, opened by another: for her alone it is worth nothing to him.
	g.leads("a link for her", g.send(g.link(record.Launch{NHSNumber: aminasNumber, Account: "gray"})), to)
	kept := g.cookies["__Host-launch"]
	g.cookies = map[string]*http.Cookie{}
	g.enters(g.account("bea", gp), "/launch")
	g.cookies["__Host-launch"] = kept
	g.wants(g.send("/launch"), 410, spentSays)

	// Who is not staff gets no further, and spends nothing.
	g.cookies = map[string]*http.Cookie{}
	spare := g.link(record.Launch{NHSNumber: aminasNumber})
	g.enters(g.account("amina", record.Grant{Role: "patient", Display: "Amina", Patient: "amina"}), "/")
	g.wants(g.send(spare), 403)
	g.wants(g.visit("/launch"), 403)
	g.cookies = map[string]*http.Cookie{}
	g.leads("afterwards the link", g.send(spare), to)
	if strings.Contains(g.log.String(), "jnl_") || strings.Contains(g.log.String(), aminasNumber) {
		t.Error("the log holds a number, or the secret of a link")
	}
}

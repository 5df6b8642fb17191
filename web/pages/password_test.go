package pages

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func TestOnesOwnSignIn(t *testing.T) {
	g := newGate(t, false)
	told := g.account("gray", gp)
	if a := g.send("/password/codes", "codes-password", "x", "codes-code", "1"); a.Code != 401 {
		t.Errorf("codes for nobody = %d", a.Code)
	}
	if a := g.send("/password/sessions"); a.Code != 401 {
		t.Errorf("sessions of nobody = %d", a.Code)
	}
	g.enters(told, "/")
	const password = "four plain garden words"
	elsewhere := g.cookies
	g.cookies = map[string]*http.Cookie{}
	g.leads("a second sign-in", g.send("/sign-in", "name", "gray", "password", password, "code", g.code(told)), "/")
	a := g.visit("/password")
	g.wants(a, 200, "You have 10 recovery codes left", "Where you are signed in", "Sign out there", "Sign out everywhere")
	if n := strings.Count(a.text, "(here)"); n != 1 {
		t.Errorf("%d sessions are here", n)
	}
	g.wants(g.send("/password/codes", "codes-password", "wrong wrong wrong", "codes-code", g.code(told)), 401, "not the password that you have now", "#codes-password")
	done := g.send("/password/codes", "codes-password", password, "codes-code", g.code(told))
	g.wants(done, 200, "Your new recovery codes", "shown this once")
	codes := regexp.MustCompile(`<code>([a-z0-9-]+)</code>`).FindAllStringSubmatch(done.text, -1)
	if len(codes) != 10 || strings.Contains(done.text, told.Recovery[0]) {
		t.Fatalf("%d codes are shown", len(codes))
	}
	if again := g.visit("/password"); strings.Contains(again.text, codes[0][1]) {
		t.Error("the codes are shown again")
	}

	here := g.cookies
	id := regexp.MustCompile(`name="id" value="([0-9a-f]+)"`).FindStringSubmatch(a.text)
	g.leads("to sign out there", g.send("/password/sessions", "id", id[1]), "/password")
	g.cookies = elsewhere
	if a := g.visit("/people/amina"); a.Code != 303 {
		t.Errorf("what was signed out there = %d", a.Code)
	}
	g.cookies = here
	g.wants(g.visit("/people/amina"), 200)
	session := g.cookies["session"]
	g.leads("to sign out everywhere", g.send("/password/sessions"), "/sign-in")
	g.cookies["session"] = session
	if a := g.visit("/people/amina"); a.Code != 303 {
		t.Errorf("afterwards the session = %d", a.Code)
	}
	if strings.Contains(g.log.String(), codes[0][1]) {
		t.Error("the log holds a recovery code")
	}
}

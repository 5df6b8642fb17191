package pages

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"joinery/fault"
)

// elmgreen writes the file of a site with all that it can have, and what lies beside
// it, and returns its name.
func elmgreen(t *testing.T, more string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"elmgreen.svg":   `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><circle cx="5" cy="5" r="4" fill="#fff"/></svg>`,
		"elmgreen.woff2": "wOF2" + strings.Repeat("x", 100),
		"loud.svg":       `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`,
		"far.svg":        `<svg xmlns="http://www.w3.org/2000/svg"><image href="https://elsewhere.example/x.png"/></svg>`,
		"plain.ttf":      "no font",
		"site.yaml": `organisation: Elmgreen Community Trust
help: Ring 020 7946 0000, every day from 8 to 8.
colour: "#3b1f4e"
accent: "#5a2a78"
logo-text: Elmgreen Community Trust
not-here: [the council]
exit: https://www.example.org/weather
` + more,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "site.yaml")
}

// themed is all that a theme may say: four things with nothing of a page's content.
var themed = regexp.MustCompile(`^:root\{--brand:#[0-9a-f]{6};--accent:#[0-9a-f]{6};\}\n@font-face\{[^}]*\}\nbody,button,input,select,textarea,\[class\*="nhsuk-"\]\{font-family:[^;}]*\}\n$`)

// TestASiteIsALookAndNoMore: an organisation's name, logo, colours and typeface are on
// every page, come from here alone, and take away nothing of what pages warn of.
func TestASiteIsALookAndNoMore(t *testing.T) {
	site, err := ReadSite(elmgreen(t, "logo: elmgreen.svg\nfont: elmgreen.woff2\n"))
	if err != nil {
		t.Fatal(err)
	}
	w := newSite(t, site)
	visits := w.myPages()
	root := regexp.MustCompile(`/assets/[0-9a-f]+/`).FindString(w.get("", "/").text)
	for _, v := range visits {
		a := w.get(v.as, v.path)
		w.wants(a, 200, "Elmgreen Community Trust", `alt="Elmgreen Community Trust"`, root+"logo.svg", root+"theme.css", "020 7946 0000")
		if strings.Contains(a.text, "https://") {
			t.Errorf("%s names another site", v.path)
		}
		if policy := a.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "font-src 'self'") || strings.Contains(policy, "http") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s has the policy %q", v.path, policy)
		}
		switch {
		case strings.HasPrefix(v.path, "/me/invitations/"):
			w.wants(a, 200, "No doctor or nurse has put their name to this yet", "unreviewed")
		case v.path == "/me/record":
			w.wants(a, 200, "No doctor or nurse has checked these plain words yet")
		}
		w.wants(w.get(v.as, v.path, inArabic...), 200, arabic(t).text("frame.unreviewed"))
	}
	theme := w.get("", root+"theme.css")
	w.wants(theme, 200, "--brand:#3b1f4e", "--accent:#5a2a78", `url("site.woff2")`)
	if !themed.MatchString(theme.text) {
		t.Errorf("the theme says more than colours and a typeface: %s", theme.text)
	}
	if font := w.get("", root+"site.woff2"); font.Code != 200 || font.Header().Get("Content-Type") != "font/woff2" {
		t.Errorf("the typeface = %d, %s", font.Code, font.Header().Get("Content-Type"))
	}
	if logo := w.get("", root+"logo.svg"); !strings.Contains(logo.Header().Get("Content-Security-Policy"), "sandbox") {
		t.Error("the logo may run what is in it when it is opened by itself")
	}
}

// TestASiteThatIsRefused says what is wrong, in words that can be acted on.
func TestASiteThatIsRefused(t *testing.T) {
	for more, want := range map[string]string{
		"logo: none.svg":     "not beside this file",
		"logo: loud.svg":     "no script",
		"logo: far.svg":      "nothing of other sites",
		"logo: plain.ttf":    "must be an SVG",
		"font: none.woff2":   "not beside this file",
		"font: plain.ttf":    "WOFF2",
		"font: ../site.yaml": "WOFF2",
		"banners: off":       "banners",
		"style: x.css":       "style",
	} {
		_, err := ReadSite(elmgreen(t, more+"\n"))
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(fault.MessageOf(err), want) && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want it refused with %q", more, err, want)
		}
	}
	for _, s := range []*Site{{Colour: "#fff"}, {Colour: "#ffff00"}, {Accent: `#000;}*{}`}, {Exit: "http://plain.example/"}, {Exit: "https://x.example/; url=y"}, {Exit: "javascript:alert(1)"}, {Logo: bytes.Repeat([]byte("<svg"), maxLogo), LogoText: "x"}} {
		if s.check() == nil {
			t.Errorf("%q %q %q was taken", s.Colour, s.Accent, s.Exit)
		}
	}
}

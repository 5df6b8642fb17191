package pages

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"joinery/record"
)

func TestTheSummary(t *testing.T) {
	w := newWorld(t)
	a := w.get("gp", "/people/amina")
	w.wants(a, 200, "AMIN-CANARY", "Amina Hodan", "(Mrs)", "14-Aug-1941", "(84y)", "Female", "999 000 0042", "Known allergies", "Allergy to penicillin", "Anaphylaxis", "Severe",
		"Needs an interpreter: Somali", "large font", "Key safe", "I want to walk to the mosque", "Type 2 diabetes mellitus", "Metformin 500 mg tablets", "1 tablet twice a day",
		"HbA1c", "52 mmol/mol", "2 results since 01-Mar-2024", "<svg", "142/81", "Elm Practice", "Diabetes team", "Yusuf Amin", "Diabetes care plan", "1 earlier", "Chest infection",
		"Not available from", "the council&#39;s social care records", "for the first time")
	if strings.Contains(a.text, "Sealed-Canary") {
		t.Error("the summary shows what is sealed")
	}
	bare := w.get("gp", "/people/bare")
	w.wants(bare, 200, "BARE", "Allergies not recorded", "No problem is recorded", "No current medicine", "Nothing is recorded in this person", "Not recorded")
	for _, label := range []string{"Known allergies", "No known allergies", "Allergies unavailable"} {
		if strings.Contains(bare.text, label) {
			t.Errorf("two labels of allergies: %q too", label)
		}
	}
}

// What came since the last visit is new, and stays so for as long as the visit.
func TestNewSinceTheLastVisit(t *testing.T) {
	w := newWorld(t)
	look := func() answer { return w.get("gp", "/people/amina") }
	w.wants(look(), 200, "for the first time")
	w.now = w.now.Add(2 * time.Hour)
	w.wants(look(), 200, "Nothing new since your last visit")
	w.now = w.now.Add(10 * time.Minute)
	w.store(`{"resourceType":"Flag","id":"f2","status":"active","code":{"text":"Dog in the garden"},"subject":{"reference":"Patient/amina"},"author":{"reference":"Organization/team"}}`)
	w.now = w.now.Add(time.Hour)
	w.wants(look(), 200, "New since your last visit", "Alert: Dog in the garden")
	w.now = w.now.Add(10 * time.Minute)
	w.wants(look(), 200, "Alert: Dog in the garden")
	w.now = w.now.Add(time.Hour)
	w.wants(look(), 200, "Nothing new since your last visit")
}

// What is hidden and what is absent are one page, without anything of anyone.
func TestHiddenAndAbsentAreOnePage(t *testing.T) {
	w := newWorld(t)
	absent := w.get("gp", "/people/there-is-none")
	w.store(`{"resourceType":"Patient","id":"erased","name":[{"family":"Erased-Canary"}],"generalPractitioner":[{"reference":"Organization/gp"}]}`)
	w.wants(w.get("gp", "/people/erased"), 200)
	if _, err := w.rec.As(w.operator()).Transact(t.Context(), []record.Op{{Kind: record.Delete, Type: "Patient", ID: "erased"}}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/people/nobody", "/people/erased", "/people/" + strings.Repeat("x", 65), "/nothing/here"} {
		a := w.get("gp", path)
		if a.Code != 404 || plainly(a.text) != plainly(absent.text) {
			t.Errorf("%s = %d %s, want 404 and the page of what is absent", path, a.Code, plainly(a.text))
		}
		if strings.Contains(a.text, "Hidden-Canary") {
			t.Errorf("%s shows what is hidden", path)
		}
	}
}

var scripts = regexp.MustCompile(`<script(?: type="module" src="/assets/[0-9a-f]+/start\.js")?>|\son[a-z]+="|style="|javascript:|<iframe|<object|<embed`)

// Every answer has the headers that keep a page to itself.
func TestHeaders(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/", "/people/amina", "/people/nobody", "/nothing"} {
		a := w.get("gp", path)
		h := a.Header()
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin", "Permissions-Policy": "camera=()",
		} {
			if !strings.Contains(h.Get(name), want) {
				t.Errorf("%s: %s = %q, want %q in it", path, name, h.Get(name), want)
			}
		}
		if strings.Contains(h.Get("Content-Security-Policy"), "unsafe") {
			t.Errorf("%s: the policy allows what is unsafe", path)
		}
		for _, bad := range scripts.FindAllString(a.text, -1) {
			if !strings.Contains(bad, "/assets/") {
				t.Errorf("%s has %s in it", path, bad)
			}
		}
		if strings.Contains(a.text, "http://") && !strings.Contains(a.text, `xmlns="http://www.w3.org`) || strings.Contains(a.text, "https://") {
			t.Errorf("%s names another site", path)
		}
	}
}

// A form from another site does nothing.
func TestFormsFromElsewhereAreRefused(t *testing.T) {
	w := newWorld(t)
	for name, r := range map[string][2]string{"another site": {"Sec-Fetch-Site", "cross-site"}, "another origin": {"Origin", "https://evil.example"}, "a site beside": {"Sec-Fetch-Site", "same-site"}} {
		req := httptest.NewRequest(http.MethodPost, "/language", strings.NewReader("language=ar&to=/"))
		req.Header.Set("Content-Type", formType)
		req.Header.Set(r[0], r[1])
		out := httptest.NewRecorder()
		w.server.ServeHTTP(out, req)
		if out.Code != 403 || len(out.Result().Cookies()) > 0 {
			t.Errorf("from %s = %d with cookies %v, want 403 and nothing done", name, out.Code, out.Result().Cookies())
		}
	}
	for _, typ := range []string{"text/plain", "application/json", "multipart/form-data; boundary=x", ""} {
		req := httptest.NewRequest(http.MethodPost, "/language", strings.NewReader("language=ar&to=/"))
		req.Header.Set("Content-Type", typ)
		out := httptest.NewRecorder()
		w.server.ServeHTTP(out, req)
		if out.Code != 415 {
			t.Errorf("a form as %q = %d, want 415", typ, out.Code)
		}
	}
	if a := w.post("", "/language", map[string][]string{"language": {"ar"}, "role": {"admin"}}); a.Code != 400 {
		t.Errorf("a form with a field of its own = %d, want 400", a.Code)
	}
}

func TestTheLanguageIsKept(t *testing.T) {
	w := newWorld(t)
	a := w.post("", "/language", map[string][]string{"language": {"ar"}, "to": {"//evil.example"}})
	if a.Code != 303 || a.Header().Get("Location") != "/" {
		t.Fatalf("choosing = %d to %s, want 303 to /", a.Code, a.Header().Get("Location"))
	}
	set := a.Result().Cookies()
	if len(set) != 1 || !set[0].HttpOnly || set[0].SameSite != http.SameSiteLaxMode {
		t.Fatalf("cookies = %v, want the language, HttpOnly and Lax", set)
	}
	page := w.get("", "/", "Cookie", "language=ar")
	w.wants(page, 200, `lang="ar"`, `dir="rtl"`, "ui.rtl.css")
	w.wants(w.get("", "/", "Accept-Language", "ar-EG,en;q=0.5"), 200, `lang="ar"`)
	w.wants(w.get("", "/", "Accept-Language", "fr"), 200, `lang="en-GB"`)
	w.wants(w.get("gp", "/people/amina", "Cookie", "language=ar"), 200, `lang="en-GB"`, "not in your language yet", `<p lang="ar" dir="rtl">هذه الصفحة ليست متاحة بلغتك بعد`)
}

// Every text that a template or a handler names is there, and none is left over.
func TestTexts(t *testing.T) {
	tongues, err := readTongues()
	if err != nil {
		t.Fatal(err)
	}
	english := tongues[0]
	if english.code != "en-GB" {
		t.Fatalf("the first language is %s, want English", english.code)
	}
	used := usedTexts(t)
	for key := range used {
		if english.texts[key] == "" && english.texts[key+".other"] == "" && !strings.HasSuffix(key, "-") && !strings.HasSuffix(key, ".") {
			t.Errorf("the text %s is used and not there", key)
		}
	}
	for key := range english.texts {
		base, _ := pluralKey(key)
		if !used[base] && !slices.ContainsFunc(prefixes(used), func(p string) bool { return strings.HasPrefix(base, p) }) {
			t.Errorf("the text %s is there and not used", key)
		}
	}
	for _, l := range tongues[1:] {
		for key, text := range l.texts {
			base, _ := pluralKey(key)
			of := english.texts[key]
			if of == "" {
				of = english.texts[base+".other"]
			}
			if of == "" {
				t.Errorf("%s: the text %s is not one of English", l.code, key)
				continue
			}
			if got, want := holes(text), holes(of); !slices.Equal(got, want) && !strings.HasSuffix(key, ".one") && !strings.HasSuffix(key, ".two") && !strings.HasSuffix(key, ".zero") {
				t.Errorf("%s: %s fills in %v, English %v", l.code, key, got, want)
			}
		}
		for p, complete := range l.parts {
			some := false
			for key := range l.texts {
				some = some || part(key) == p
			}
			if some && !complete {
				t.Errorf("%s: the part %s is half done", l.code, p)
			}
		}
	}
}

var hole = regexp.MustCompile(`\{[a-z]+\}`)

func holes(text string) []string {
	out := hole.FindAllString(text, -1)
	slices.Sort(out)
	return out
}

// TestHostileTexts: what others wrote is a text on the page, whatever it holds.
func TestHostileTexts(t *testing.T) {
	w := newWorld(t)
	const evil = `<script>alert(1)</script><img src=x onerror=alert(2)>\" onmouseover=\"alert(3)`
	w.store(`{"resourceType":"Condition","id":"evil","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">Narrative-Canary</div>"},"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},"code":{"text":"` + evil + `"},"subject":{"reference":"Patient/amina"}}
{"resourceType":"Observation","id":"evil","status":"final","code":{"text":"` + evil + `"},"subject":{"reference":"Patient/amina"},"effectiveDateTime":"2025-03-02","valueQuantity":{"value":1,"unit":"` + evil + `"}}
{"resourceType":"Observation","id":"evil2","status":"final","code":{"text":"` + evil + `"},"subject":{"reference":"Patient/amina"},"effectiveDateTime":"2025-03-01","valueQuantity":{"value":2,"unit":"` + evil + `"}}`)
	for _, path := range []string{"/people/amina", "/people/amina/timeline", "/people/amina/letter"} {
		a := w.get("gp", path)
		w.wants(a, 200, "&lt;script&gt;alert(1)")
		for _, bad := range []string{"<script>alert", "<img src=x", `" onmouseover="`, "Narrative-Canary"} {
			if strings.Contains(a.text, bad) {
				t.Errorf("%s holds %s as it was written", path, bad)
			}
		}
	}
	if a := w.get("gp", "/people/amina/text"); a.Header().Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(a.Header().Get("Content-Type"), "text/plain") {
		t.Error("the plain text could be taken for a page")
	}
}

// TestTheFirstPageIsLight: what a browser fetches for its first page, compressed as
// it is sent, stays under 100 kB.
func TestTheFirstPageIsLight(t *testing.T) {
	w := newWorld(t)
	first := w.get("", "/")
	sum := first.Body.Len()
	fetched := 0
	for _, m := range regexp.MustCompile(`(?:href|src)="(/assets/[^"]+)"`).FindAllStringSubmatch(first.text, -1) {
		a := w.get("", m[1], "Accept-Encoding", "gzip")
		if a.Code != 200 || !strings.Contains(a.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s = %d, kept %q", m[1], a.Code, a.Header().Get("Cache-Control"))
		}
		sum += a.Body.Len()
		fetched++
	}
	root := regexp.MustCompile(`/assets/[0-9a-f]+/`).FindString(first.text)
	if js := w.get("", root+"ui.js", "Accept-Encoding", "gzip"); js.Code == 200 { // the script asks for it
		sum += js.Body.Len()
	}
	t.Logf("%d bytes with %d files", sum, fetched)
	if sum > 100_000 || fetched < 3 {
		t.Errorf("the first page takes %d bytes and %d files, want at most 100,000", sum, fetched)
	}
	if a := w.get("", "/assets/0000/ui.css"); a.Code != 404 {
		t.Errorf("assets at another hash = %d, want 404", a.Code)
	}
}

// TestDatesAreAsExactAsWritten: what was recorded as a year or a month is shown as
// that, not as its first day.
func TestDatesAreAsExactAsWritten(t *testing.T) {
	w := newWorld(t)
	w.store(`{"resourceType":"Condition","id":"y","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},"code":{"text":"Asthma"},"subject":{"reference":"Patient/amina"},"onsetDateTime":"1985"}
{"resourceType":"Condition","id":"m","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},"code":{"text":"Eczema"},"subject":{"reference":"Patient/amina"},"onsetDateTime":"1987-06"}`)
	for _, path := range []string{"/people/amina", "/people/amina/timeline", "/people/amina/letter", "/people/amina/text"} {
		a := w.get("gp", path)
		w.wants(a, 200, "Jun-1987", "1985")
		for _, made := range []string{"01-Jan-1985", "01-Jun-1987", "January 1985"} {
			if strings.Contains(a.text, made) {
				t.Errorf("%s shows %s, which nobody wrote", path, made)
			}
		}
	}
}

// TestAProtectedAddress is not shown, and said to be protected rather than missing.
func TestAProtectedAddress(t *testing.T) {
	w := newWorld(t)
	w.store(`{"resourceType":"Patient","id":"shy","meta":{"security":[{"system":"urn:joinery:label","code":"protected-address"}]},"name":[{"family":"Shy"}],"birthDate":"1990-01-01","address":[{"line":["Refuge-Canary"],"postalCode":"ZZ9 9ZZ"}],"generalPractitioner":[{"reference":"Organization/gp"}]}`)
	for _, a := range []answer{w.get("gp", "/people/shy"), w.post("gp", "/people", map[string][]string{"family": {"shy"}, "day": {"1"}, "month": {"1"}, "year": {"1990"}, "by": {"name"}})} {
		w.wants(a, 200, "Protected: not shown")
		if strings.Contains(a.text, "Refuge-Canary") || strings.Contains(a.text, "ZZ9 9ZZ") {
			t.Error("the protected address is shown")
		}
	}
}

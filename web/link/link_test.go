package link_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"joinery/care/notice"
	"joinery/care/workflow"
	"joinery/fhir"
	"joinery/leaks"
	"joinery/record"
	"joinery/record/access"
	"joinery/record/search"
	"joinery/web"
	"joinery/web/link"
)

// charity is a charity that has only e-mail, and the server that its link leads to.
type charity struct {
	testing.TB
	rec    *record.Record
	now    time.Time
	server *web.Server
	log    bytes.Buffer
	path   string // of the link
	task   fhir.ID
	mails  []*notice.Message
}

func (c *charity) Send(_ context.Context, m *notice.Message) error {
	c.mails = append(c.mails, m)
	return nil
}

const known = `
{"resourceType":"Organization","id":"gp","name":"Elm Practice"}
{"resourceType":"Organization","id":"hub","name":"Network hub"}
{"resourceType":"Organization","id":"charity","name":"A charity"}
{"resourceType":"HealthcareService","id":"hub-s","active":true,"name":"Front door","providedBy":{"reference":"Organization/hub"},"characteristic":[{"coding":[{"system":"urn:joinery:role","code":"hub"}]}]}
{"resourceType":"HealthcareService","id":"charity-s","active":true,"name":"Befriending","providedBy":{"reference":"Organization/charity"},"telecom":[{"system":"email","value":"hello@charity.example"}],"characteristic":[{"coding":[{"system":"urn:joinery:referrer","code":"person"},{"system":"urn:joinery:referrer","code":"professional"},{"system":"urn:joinery:referrer","code":"service"}]}],"referralMethod":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/service-referral-method","code":"semail"}]}]}
{"resourceType":"Consent","id":"agreement","status":"active","scope":{"text":"x"},"category":[{"text":"x"}],"policyRule":{"text":"x"},"provision":{"type":"permit","purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"}],"actor":[{"role":{"text":"party"},"reference":{"reference":"Organization/gp"}},{"role":{"text":"party"},"reference":{"reference":"Organization/charity"}}]}}
{"resourceType":"Patient","id":"amina","name":[{"given":["Amina"],"family":"Ashgrove"}],"birthDate":"1941-03-05","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000000"}],"address":[{"line":["12 HIDDENROAD"],"city":"London","postalCode":"SE15 4HD"}],"telecom":[{"system":"phone","value":"07700 900123"}],"extension":[{"url":"https://joinery.example/fhir/StructureDefinition/accessible-information","valueCodeableConcept":{"coding":[{"system":"http://snomed.info/sct","code":"957331000000109"}]}}]}
{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/amina"},"code":{"text":"HIDDENCONDITION"}}
{"resourceType":"Flag","id":"f","status":"active","code":{"coding":[{"system":"urn:joinery:contact","code":"no-text"}]},"subject":{"reference":"Patient/amina"}}
{"resourceType":"Patient","id":"bea","name":[{"given":["HIDDENBEA"]}]}
`

// newCharity has Amina referred to the charity, by the practice or by herself.
func newCharity(t *testing.T, requester string) *charity {
	t.Helper()
	c := &charity{TB: t, now: time.Date(2026, 2, 3, 9, 10, 0, 0, time.UTC)}
	rec, err := record.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "r.db"), record.Options{Log: leaks.Log(), Clock: c.clock, Rand: rand.NewChaCha8([32]byte{1}), Readers: 2, StateDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rec.Close() })
	c.rec = rec
	c.store(known)
	box, err := notice.New(t.Context(), rec.As(c.operator()), notice.Options{
		Log:   leaks.Log(),
		Clock: c.clock, Letters: c, Mail: c, Sender: "Network", Contact: "020 7946 0100", Links: "https://record.example/link/", As: rec.As, Rand: rand.NewChaCha8([32]byte{2}),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, patient := range []fhir.ID{"bea", "amina"} { // Bea is the charity's, too: no link of another opens her
		who := requester
		if patient == "bea" {
			who = "Organization/gp"
		}
		r, err := workflow.Of(rec.As(c.operator()), c.clock).Refer(t.Context(), workflow.Asking{Patient: patient, Service: "charity-s", Requester: who, Reason: "Lonely <since> the winter", Note: "Likes gardens"})
		if err != nil {
			t.Fatal(err)
		}
		c.task = r.Task
		for busy := true; busy; {
			if busy, err = box.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, m := range c.mails {
		if found := regexp.MustCompile(`/link/\S+`).FindString(strings.Join(m.Words, "\n")); found != "" {
			c.path = found // the last: Amina's
		}
	}
	c.server = web.New(web.Options{Log: slog.New(slog.NewJSONHandler(leaks.Keep(&c.log), nil)), Clock: c.clock, Rand: rand.NewChaCha8([32]byte{})})
	link.Register(c.server, notice.NewLinks(rec.As(c.operator()), rec.As, c.clock), c.clock)
	return c
}

func (c *charity) clock() time.Time { return c.now }

func (c *charity) operator() access.Subject {
	scopes, err := access.ParseScopes("system/*.cruds label/*")
	if err != nil {
		c.Fatal(err)
	}
	s, err := access.NewSystem(access.Who{Client: "joinery", Operator: "olga", Scopes: scopes})
	if err != nil {
		c.Fatal(err)
	}
	return s
}

func (c *charity) store(lines string) {
	c.Helper()
	var ops []record.Op
	for line := range strings.Lines(strings.TrimSpace(lines)) {
		doc, err := fhir.Parse([]byte(line))
		if err != nil {
			c.Fatal(err)
		}
		ops = append(ops, record.Op{Kind: record.Update, Type: doc.Root().Get("resourceType").Text(), ID: fhir.ID(doc.Root().Get("id").Text()), Body: doc})
	}
	if _, err := c.rec.As(c.operator()).Transact(c.Context(), ops); err != nil {
		c.Fatal(err)
	}
}

// ask sends a request, with names and values of headers in turn.
func (c *charity) ask(method, path, form string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(c.Context(), method, path, strings.NewReader(form))
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	c.server.ServeHTTP(w, r)
	return w
}

var asJSON = []string{"Accept", "application/json"}

// brief opens the link as a program.
func (c *charity) brief(form string) (int, map[string]any) {
	c.Helper()
	w := c.ask("POST", c.path, form, asJSON...)
	var out map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		c.Fatalf("%v: %s", err, w.Body)
	}
	return w.Code, out
}

func (c *charity) state() string {
	c.Helper()
	r, err := workflow.Of(c.rec.As(c.operator()), c.clock).Referral(c.Context(), c.task)
	if err != nil {
		c.Fatal(err)
	}
	return string(r.State)
}

// TestToFollowALinkDisclosesNothing: programs that look through e-mail do it.
func TestToFollowALinkDisclosesNothing(t *testing.T) {
	c := newCharity(t, "Organization/gp")
	real, none := c.ask("GET", c.path, ""), c.ask("GET", "/link/nothing", "")
	if real.Code != 200 || none.Code != 200 || real.Body.String() != none.Body.String() || strings.Contains(real.Body.String(), "Amina") {
		t.Errorf("a link that works and one that does not look different before they are opened: %d %d", real.Code, none.Code)
	}
	for range 50 {
		c.ask("GET", c.path, "")
		c.ask("HEAD", c.path, "")
	}
	if _, b := c.brief(""); b["uses_left"] != 19.0 {
		t.Errorf("to look at it spent uses: %v are left", b["uses_left"])
	}
}

func TestWhatALinkShows(t *testing.T) {
	c := newCharity(t, "Organization/gp")
	w := c.ask("POST", c.path, "")
	page := w.Body.String()
	if w.Code != 200 {
		t.Fatalf("%d %s", w.Code, page)
	}
	for _, want := range []string{"Amina Ashgrove", "<dd>84</dd>", "<dd>SE15</dd>", "07700 900123", "Lonely &lt;since&gt; the winter", "Likes gardens", "Elm Practice", "large-print", "Do not send them text messages", "Yes, we take them on", "What should Elm Practice do", "and 19 more times"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not show %q:\n%s", want, page)
		}
	}
	for _, not := range []string{"HIDDENROAD", "4HD", "HIDDENCONDITION", "HIDDENBEA", "9990000000", "1941-03-05", "<script", "http"} {
		if strings.Contains(page, not) {
			t.Errorf("the page has %q", not)
		}
	}
	if strings.Contains(page[:strings.Index(page, "<body>")], "Amina") || strings.Contains(page[:strings.Index(page, "<body>")], "Befriending") {
		t.Error("the title tells of the referral")
	}
	inline := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindStringSubmatch(page)
	sum := sha256.Sum256([]byte(inline[1]))
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
		"Referrer-Policy":         "no-referrer", "Cache-Control": "private, no-store", "X-Robots-Tag": "noindex, nofollow",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if secret := strings.TrimPrefix(c.path, "/link/"); strings.Contains(c.log.String(), secret) || strings.Contains(c.log.String(), "Amina") {
		t.Errorf("the log has what it must not have: %s", c.log.String())
	}
}

// TestYesAndNo: decided from the version that was seen, once, in the name of the
// service.
func TestYesAndNo(t *testing.T) {
	c := newCharity(t, "Organization/gp")
	_, b := c.brief("")
	form := func(pairs ...string) string {
		v := url.Values{}
		for i := 0; i+1 < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return v.Encode()
	}
	version := b["version"].(string)
	if w := c.ask("POST", c.path, form("do", "decline", "version", version, "reason", "no-room")); w.Code != 400 || !strings.Contains(w.Body.String(), "Nobody is turned away without somebody who takes them on") || c.state() != "sent" {
		t.Errorf("no, with nobody who has her: %d, %s", w.Code, c.state())
	}
	if code, b := c.brief(form("do", "book", "version", version)); code != 400 || c.state() != "sent" {
		t.Errorf("a move that no link lets make: %d %v", code, b)
	}
	if code, b := c.brief(form("do", "accept", "version", version)); code != 200 || b["state"] != "accepted" || c.state() != "accepted" {
		t.Errorf("yes: %d %v, %s", code, b, c.state())
	}
	if code, b := c.brief(form("do", "decline", "version", version, "reason", "no-room", "says", "See her")); code != 409 || b["problem"] == "" || c.state() != "accepted" {
		t.Errorf("no, from a page that is old: %d %v, %s", code, b, c.state())
	}
	_, b = c.brief("")
	if code, b := c.brief(form("do", "decline", "version", b["version"].(string), "reason", "no-room", "says", "See her")); code != 200 || b["state"] != "declined" || c.state() != "declined" {
		t.Errorf("no: %d %v, %s", code, b, c.state())
	}
	if code, _ := c.brief(""); code != 404 {
		t.Errorf("after no, the link still shows her: %d", code)
	}
	c.audited("By an e-mailed link: Befriending, of Organization/charity")
}

// audited holds the audit to a name, which says for which organisation.
func (c *charity) audited(name string) {
	c.Helper()
	q, err := search.Parse("AuditEvent", []search.Pair{{Name: "patient", Value: "Patient/amina"}, {Name: "_count", Value: "1000"}}, search.Options{Strict: true, Now: c.now})
	if err != nil {
		c.Fatal(err)
	}
	page, err := c.rec.As(c.operator()).Search(c.Context(), q)
	if err != nil {
		c.Fatal(err)
	}
	changes, reads := 0, 0
	for i := range page.Entries {
		text := string(page.Entries[i].Version.JSON())
		if strings.Contains(text, name) {
			if strings.Contains(text, `"code":"transaction"`) {
				changes++
			} else {
				reads++
			}
		}
	}
	if changes < 2 || reads < 3 {
		c.Errorf("the audit has %d changes and %d looks by %q, of %d in all", changes, reads, name, len(page.Entries))
	}
}

// TestAPersonsOwnReferral cannot be given back to them: a hub takes them on.
func TestAPersonsOwnReferral(t *testing.T) {
	c := newCharity(t, "Patient/amina")
	page := c.ask("POST", c.path, "").Body.String()
	if !strings.Contains(page, `<option value="hub-s">Front door</option>`) || strings.Contains(page, "<textarea") {
		t.Fatalf("there is no hub to choose:\n%s", page)
	}
	_, b := c.brief("")
	if code, _ := c.brief(url.Values{"do": {"decline"}, "version": {b["version"].(string)}, "reason": {"no-room"}, "service": {"hub-s"}}.Encode()); code != 200 || c.state() != "declined" {
		t.Errorf("declined to the hub: %d, %s", code, c.state())
	}
}

// TestLinksThatDoNotWorkLookTheSame: unknown, revoked, run out, used up, and that of
// somebody whom the service does not see any more.
func TestLinksThatDoNotWorkLookTheSame(t *testing.T) {
	answer := func(c *charity, path string) string {
		w := c.ask("POST", path, "")
		h := w.Header().Clone()
		h.Del("X-Request-Id")
		var b bytes.Buffer
		_ = h.Write(&b)
		return http.StatusText(w.Code) + b.String() + w.Body.String()
	}
	want := answer(newCharity(t, "Organization/gp"), "/link/"+strings.Repeat("A", 43))
	if !strings.HasPrefix(want, "Not Found") {
		t.Fatalf("one that never was: %.200s", want)
	}
	for what, end := range map[string]func(*charity){
		"has run out": func(c *charity) { c.now = c.now.Add(8 * 24 * time.Hour) },
		"was used up": func(c *charity) {
			for range 20 {
				c.brief("")
			}
		},
		"was revoked": func(c *charity) {
			desk := notice.At(c.rec.As(c.operator()), c.clock)
			all, _, err := desk.List(c.Context(), notice.List{Patient: "amina"})
			if err != nil {
				c.Fatal(err)
			}
			for _, n := range all {
				if n.Link != nil {
					if _, err := desk.Stop(c.Context(), n.ID); err != nil {
						c.Fatal(err)
					}
				}
			}
		},
		"is of somebody who is gone": func(c *charity) {
			if _, err := workflow.Of(c.rec.As(c.operator()), c.clock).Move(c.Context(), c.task, workflow.Making{Move: "cancel", Reason: "helped"}); err != nil {
				c.Fatal(err)
			}
		},
		"is of a service that no agreement binds": func(c *charity) {
			c.store(strings.Replace(strings.Split(known, "\n")[6], `"active"`, `"inactive"`, 1))
		},
	} {
		c := newCharity(t, "Organization/gp")
		end(c)
		if got := answer(c, c.path); got != want {
			t.Errorf("a link that %s looks otherwise than one that never was:\n%.300s", what, got)
		}
	}
}

// TestWhoTriesManyIsRefused for a while; another is not.
func TestWhoTriesManyIsRefused(t *testing.T) {
	c := newCharity(t, "Organization/gp")
	codes := map[int]int{}
	for range 70 {
		codes[c.ask("POST", "/link/"+strings.Repeat("B", 43), "").Code]++
	}
	if codes[404] != 60 || codes[429] != 10 {
		t.Errorf("of 70 tries: %v, want 60 not found, 10 refused", codes)
	}
	if w := c.ask("POST", c.path, ""); w.Code != 429 || w.Header().Get("Retry-After") == "" {
		t.Errorf("a link that works, from the same address: %d", w.Code)
	}
	r := httptest.NewRequestWithContext(t.Context(), "POST", c.path, nil)
	r.RemoteAddr = "192.0.2.77:1"
	w := httptest.NewRecorder()
	if c.server.ServeHTTP(w, r); w.Code != 200 {
		t.Errorf("from another address: %d", w.Code)
	}
	c.now = c.now.Add(10 * time.Minute)
	if w := c.ask("POST", c.path, ""); w.Code != 200 {
		t.Errorf("ten minutes later: %d", w.Code)
	}
}

// TestAnotherSiteCannotSend a decision in somebody's name.
func TestAnotherSiteCannotSend(t *testing.T) {
	c := newCharity(t, "Organization/gp")
	for _, h := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}} {
		if w := c.ask("POST", c.path, "do=accept", h...); w.Code != 403 || c.state() != "sent" {
			t.Errorf("%v: %d, %s", h, w.Code, c.state())
		}
	}
	if w := c.ask("POST", c.path, strings.Repeat("x", 20<<10)); w.Code != 413 {
		t.Errorf("a form that is too large: %d", w.Code)
	}
	for _, method := range []string{"PUT", "DELETE", "PATCH"} {
		if w := c.ask(method, c.path, ""); w.Code < 400 {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
}

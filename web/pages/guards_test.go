package pages

import (
	"maps"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"joinery/fhir"
	"joinery/record"
)

// other is a second browser at the same pages.
func (g *gate) other() *gate {
	return &gate{world: g.world, pages: g.pages, secure: g.secure, cookies: map[string]*http.Cookie{}}
}

// TestAnEmergencyIsForTheScreen: under broken glass one person is read on the screen,
// for an hour, by this session alone: nothing is printed, pasted or written, nobody
// else is seen, and no reason serves twice. It is told to them and to who answers for
// privacy.
func TestAnEmergencyIsForTheScreen(t *testing.T) {
	g := newGate(t, false)
	g.store(`{"resourceType":"Patient","id":"second","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000026"}],"name":[{"family":"Second-Canary"}],"birthDate":"1960-03-03"}
{"resourceType":"Condition","id":"theirs","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]},"clinicalStatus":{"coding":[{"code":"active"}]},"code":{"text":"Sealed-Canary"},"subject":{"reference":"Patient/nobody"}}`)
	told := g.account("gray", gp)
	g.enters(told, "/")
	reason := "Found unconscious in the street"
	glass := func(nhs, day, month, year, why string) answer {
		return g.send("/emergency", "nhs", nhs, "day", day, "month", month, "year", year, "reason", why, "code", g.code(told))
	}
	if a := glass("9990000018", "2", "2", "1950", reason); a.Code != 303 {
		t.Fatalf("breaking the glass = %d %s", a.Code, plainly(a.text))
	}
	seen := []string{"", "/timeline", "/plan", "/refer"}
	for _, below := range seen {
		a := g.visit("/people/nobody" + below)
		g.wants(a, 200, "HIDDEN-CANARY", `class="jy-glass"`)
		if strings.Contains(a.text, "Sealed-Canary") {
			t.Errorf("%s shows what is sealed", below)
		}
	}
	for _, below := range []string{"/letter", "/text"} {
		if a := g.visit("/people/nobody" + below); a.Code != 403 || strings.Contains(strings.ToUpper(a.text), "CANARY") {
			t.Errorf("%s hands out what is for the screen: %d %s", below, a.Code, plainly(a.text))
		}
	}
	sheet, err := os.ReadFile("own/joinery.css")
	if err != nil || !strings.Contains(string(sheet), "@media print { .jy-glass main, .jy-glass header { display: none; } }") {
		t.Error("a page under broken glass prints")
	}
	plan := g.visit("/people/nobody/plan").filledBy(t, "what", "note")
	plan.Set("text", "Written in an emergency")
	if a := g.browse(http.MethodPost, "/people/nobody/plan", plan); a.Code < 400 {
		t.Errorf("something is written under broken glass: %d", a.Code)
	}
	// Nobody else, no other session, and the reason is of this person alone.
	g.wants(g.visit("/people/second"), 404)
	beside := g.other()
	if a := beside.send("/sign-in", "name", "gray", "password", "four plain garden words", "code", g.code(told)); a.Code != 303 {
		t.Fatalf("a second browser = %d", a.Code)
	}
	g.wants(beside.visit("/people/nobody"), 404)
	g.wants(glass("9990000026", "3", "3", "1960", strings.ToUpper(reason)+" "), 400, "You gave this reason before")
	g.wants(glass("9990000026", "3", "3", "1960", "short"), 400, "at least 10 characters")
	g.wants(g.visit("/people/second"), 404)

	// Whoever answers for privacy reads of it, and so does the person.
	privacy := g.other()
	privacy.enters(g.account("pia", record.Grant{Role: "governance", Display: "Pia Privacy"}), "/")
	g.wants(privacy.visit("/admin/alerts"), 200, "Dr Ann Gray", reason, "Patient/nobody")
	person := g.other()
	person.enters(g.account("nobody", record.Grant{Role: "patient", Display: "N", Patient: "nobody"}), "/")
	g.wants(person.visit("/me/looked"), 200, "Looked in an emergency", reason)

	for range 7 {
		g.now = g.now.Add(10 * time.Minute)
		_ = g.visit("/")
	}
	for _, below := range append(seen, "/letter", "/text") {
		if a := g.visit("/people/nobody" + below); a.Code != 404 {
			t.Errorf("an hour later %s = %d, want 404", below, a.Code)
		}
	}
}

// TestLooksAtOneselfAreFlagged: staff who look at themselves, at who lives with them,
// or at a colleague, are not stopped; who answers for privacy is told.
func TestLooksAtOneselfAreFlagged(t *testing.T) {
	g := newGate(t, false)
	g.store(`{"resourceType":"Patient","id":"spouse","name":[{"family":"Amin-Canary","given":["Omar"]}],"address":[{"line":["1 Elm Street"],"city":"Elmgreen","postalCode":"ZZ1 1ZZ"}],"generalPractitioner":[{"reference":"Organization/gp"}]}
{"resourceType":"Patient","id":"stranger","name":[{"family":"Stranger"}],"address":[{"line":["9 Oak Street"],"postalCode":"ZZ2 2ZZ"}],"generalPractitioner":[{"reference":"Organization/gp"}]}`)
	g.account("colleague", record.Grant{Role: "staff", Display: "Dr Bare", Purpose: "TREAT", Practitioner: "bare", Organization: "gp", Self: "bare"})
	myself := gp
	myself.Self = "amina"
	g.enters(g.account("gray", myself), "/")
	for _, id := range []string{"amina", "spouse", "bare", "stranger"} {
		g.wants(g.visit("/people/"+id), 200)
	}
	privacy := g.other()
	privacy.enters(g.account("pia", record.Grant{Role: "governance", Display: "Pia Privacy"}), "/")
	a := privacy.visit("/admin/alerts")
	g.wants(a, 200, "Patient/amina", "it is their own record", "Patient/spouse", "the person has the same address", "Patient/bare", "the person works for the same organisation")
	if strings.Contains(a.text, "Patient/stranger") || strings.Contains(a.text, "Canary") {
		t.Error("the alerts hold a look that is nothing special, or a name")
	}
}

// TestTwoBrowsers: each has a session of its own. Signing out ends one; a new password
// ends all others. A code is taken once, and no page is kept by a browser.
func TestTwoBrowsers(t *testing.T) {
	g := newGate(t, false)
	told := g.account("gray", gp)
	g.enters(told, "/")
	second, third := g.other(), g.other()
	code := g.code(told)
	for _, b := range []*gate{second, third} {
		if a := b.send("/sign-in", "name", "gray", "password", "four plain garden words", "code", code); (a.Code == 303) != (b == second) {
			t.Errorf("a code that was used before: %d", a.Code)
		}
	}
	if a := third.send("/sign-in", "name", "gray", "password", "four plain garden words", "code", g.code(told)); a.Code != 303 {
		t.Fatalf("the third browser = %d", a.Code)
	}
	for _, b := range []*gate{g, second, third} {
		a := b.visit("/people/amina")
		g.wants(a, 200, "AMIN-CANARY")
		if a.Header().Get("Cache-Control") != "private, no-store" || a.Header().Get("ETag")+a.Header().Get("Last-Modified") != "" || a.Header().Get("Vary") == "" {
			t.Errorf("the page may be kept: %v", a.Header())
		}
	}
	if second.cookies["session"].Value == third.cookies["session"].Value {
		t.Error("two browsers have one session")
	}
	kept := maps.Clone(second.cookies)
	_ = second.send("/sign-out")
	second.cookies = kept
	for _, path := range []string{"/people/amina", "/people/amina/text", "/work"} {
		if a := second.visit(path); a.Code != 303 || a.Body.Len() > 0 {
			t.Errorf("after signing out, with the cookie of before, %s = %d %s", path, a.Code, a.text)
		}
	}
	if a := second.send("/people/amina/plan", "person", "amina", "what", "note", "text", "x"); a.Code != 401 {
		t.Errorf("after signing out a form = %d", a.Code)
	}
	g.wants(third.visit("/people/amina"), 200)
	if a := g.send("/password", "old", "four plain garden words", "fresh", "five plain garden words too", "again", "five plain garden words too"); a.Code != 303 {
		t.Fatalf("a new password = %d %s", a.Code, plainly(a.text))
	}
	g.wants(g.visit("/people/amina"), 200)
	if a := third.visit("/people/amina"); a.Code != 303 {
		t.Errorf("with a session from before the new password = %d", a.Code)
	}
	// What one browser was shown is no answer to another, whatever it says it has.
	a := g.world.do("", http.MethodGet, "/people/amina", nil, "If-None-Match", `*, W/"1"`, "If-Modified-Since", "Fri, 31 Dec 2100 23:59:59 GMT")
	if a.Code != 303 || a.Body.Len() > 0 {
		t.Errorf("nobody, who says to have the page = %d", a.Code)
	}
}

// TestRightsEndWithTheNextRequest: whatever a right rests on, once it is gone every
// page of the person is gone, and a form that was open does nothing.
func TestRightsEndWithTheNextRequest(t *testing.T) {
	line := func(in, id string) string {
		for l := range strings.Lines(in) {
			if strings.Contains(l, `"id":"`+id+`"`) {
				return l
			}
		}
		t.Fatalf("no resource is called %s", id)
		return ""
	}
	for what, ends := range map[string]func(*gate){
		"the agreement":    func(g *gate) { g.store(strings.Replace(line(foundations, "agreement"), `"active"`, `"inactive"`, 1)) },
		"the registration": func(g *gate) { g.moves(line(someone, "amina"), line(someone, "t1")) },
		"the role": func(g *gate) {
			g.must(g.rec.As(g.operator()).ChangeRights(t.Context(), "gray", record.Grant{Role: "lead", Display: "Dr Ann Gray"}))
		},
		"the organisation": func(g *gate) {
			elsewhere := gp
			elsewhere.Organization, elsewhere.Practitioner = "charity", "far"
			g.must(g.rec.As(g.operator()).ChangeRights(t.Context(), "gray", elsewhere))
		},
		"the account": func(g *gate) { g.must(g.rec.As(g.operator()).DisableAccount(t.Context(), "gray")) },
	} {
		g := newGate(t, false)
		g.enters(g.account("gray", gp), "/")
		paths := []string{"/people/amina", "/people/amina/timeline", "/people/amina/plan", "/people/amina/refer", "/people/amina/letter", "/people/amina/text"}
		for _, path := range paths {
			g.wants(g.visit(path), 200)
		}
		form := g.visit("/people/amina/plan").filledBy(t, "what", "note")
		form.Set("text", "Too-Late-Canary")
		ends(g)
		for _, path := range paths {
			if a := g.visit(path); a.Code != 404 && a.Code != 403 && a.Code != 303 || strings.Contains(strings.ToUpper(a.text), "CANARY") {
				t.Errorf("without %s, %s = %d", what, path, a.Code)
			}
		}
		if a := g.browse(http.MethodPost, "/people/amina/plan", form); a.Code < 400 {
			t.Errorf("without %s, a form that was open = %d", what, a.Code)
		}
		found := g.send("/people", "number", "9990000042", "by", "number")
		if strings.Contains(found.text, "/people/amina") {
			t.Errorf("without %s the person is found", what)
		}
	}
}

// must fails the test where something could not be done.
func (g *gate) must(err error) {
	g.Helper()
	if err != nil {
		g.Fatal(err)
	}
}

// moves registers somebody elsewhere, and has their care team end.
func (g *gate) moves(person, team string) {
	g.store(strings.Replace(person, `"generalPractitioner":[{"reference":"Organization/gp"},{"reference":"Practitioner/gray"}]`, `"generalPractitioner":[{"reference":"Organization/charity"}]`, 1))
	g.store(strings.Replace(team, `"active"`, `"inactive"`, 1))
}

// TestACarerDoesNotSeeWhatIsKeptFromThem: an entry that the person keeps from carers
// stands on none of their pages, in a session of a carer too, and what is opened ends
// with the next request.
func TestACarerDoesNotSeeWhatIsKeptFromThem(t *testing.T) {
	g := newGate(t, false)
	const kept = `"meta":{"security":[{"system":"urn:joinery:label","code":"not-for-carers"}]},`
	opens := func(until string) {
		g.store(`{"resourceType":"Consent","id":"consent-carer","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"category":[{"text":"carer"}],"policyRule":{"text":"carer"},"patient":{"reference":"Patient/amina"},"provision":{"type":"permit",` + until + `"actor":[{"role":{"text":"carer"},"reference":{"reference":"RelatedPerson/carer"}}],"class":[` +
			strings.Join(classes("Patient", "Condition", "Observation", "MedicationRequest", "AllergyIntolerance", "CarePlan", "Goal", "Task", "ServiceRequest", "Appointment", "Encounter", "Procedure", "Immunization"), ",") + `]}}`)
	}
	opens("")
	g.store(`{"resourceType":"Condition","id":"k1",` + kept + `"clinicalStatus":{"coding":[{"code":"active"}]},"code":{"text":"Kept-Canary"},"subject":{"reference":"Patient/amina"}}
{"resourceType":"Observation","id":"k2",` + kept + `"status":"final","code":{"text":"Kept-Canary"},"subject":{"reference":"Patient/amina"},"effectiveDateTime":"2025-03-02","valueQuantity":{"value":1,"unit":"Kept-Canary"}}
{"resourceType":"MedicationRequest","id":"k3",` + kept + `"status":"active","intent":"order","medicationCodeableConcept":{"text":"Kept-Canary"},"subject":{"reference":"Patient/amina"}}
{"resourceType":"Goal","id":"k4",` + kept + `"lifecycleStatus":"active","description":{"text":"Kept-Canary"},"subject":{"reference":"Patient/amina"}}
{"resourceType":"CarePlan","id":"k5",` + kept + `"status":"active","intent":"plan","title":"Kept-Canary","subject":{"reference":"Patient/amina"}}
{"resourceType":"Encounter","id":"k6",` + kept + `"status":"finished","class":{"code":"AMB"},"type":[{"text":"Kept-Canary"}],"subject":{"reference":"Patient/amina"},"period":{"start":"2025-12-02T10:00:00Z"}}
{"resourceType":"Appointment","id":"k7",` + kept + `"status":"booked","description":"Kept-Canary","start":"2026-03-09T14:30:00Z","end":"2026-03-09T15:00:00Z","participant":[{"status":"accepted","actor":{"reference":"Patient/amina"}}]}`)
	carer, person := g.other(), g.other()
	carer.enters(g.account("yusuf", record.Grant{Role: "carer", Display: "Yusuf", RelatedPersons: []fhir.ID{"carer"}}), "/")
	person.enters(g.account("amina", record.Grant{Role: "patient", Display: "Amina", Patient: "amina"}), "/")
	shown := map[string]int{}
	for _, path := range []string{"/me", "/me/record", "/me/plan"} {
		a := carer.visit(path)
		g.wants(a, 200, "acting for")
		if strings.Contains(a.text, "Kept-Canary") || strings.Contains(a.text, "Sealed-Canary") {
			t.Errorf("%s shows a carer what is kept from them", path)
		}
		shown[path] = strings.Count(person.visit(path).text, "Kept-Canary")
	}
	if shown["/me"] == 0 || shown["/me/record"] < 4 || shown["/me/plan"] == 0 {
		t.Errorf("the person does not see what they keep from carers: %v", shown)
	}
	g.wants(carer.visit("/me/record"), 200, "Type 2 diabetes mellitus")
	opens(`"period":{"end":"2026-02-01"},`)
	g.wants(carer.visit("/me/record"), 404)
	g.wants(carer.visit("/me"), 200, "Nobody&#39;s record is open to you")
	// A carer passes nothing on.
	for _, path := range []string{"/me/sharing", "/me/looked"} {
		g.wants(carer.visit(path), 403)
	}
}

// classes are kinds of resources as a Consent names them.
func classes(types ...string) []string {
	var out []string
	for _, typ := range types {
		out = append(out, `{"system":"http://hl7.org/fhir/resource-types","code":"`+typ+`"}`)
	}
	return out
}

// TestPlacesInALog: what a page of looks begins before says nothing of anyone, and is
// of no use to another: their own looks are all that anybody gets.
func TestPlacesInALog(t *testing.T) {
	w := newWorld(t)
	w.people["bare"] = Visitor{w.people["patient"].Subject, record.Grant{Role: "patient", Patient: "bare"}}
	for range 3 {
		w.wants(w.get("gp", "/people/amina"), 200)
		w.now = w.now.Add(time.Hour)
	}
	for _, before := range []string{"0", "-1", "999999999", "x", "1'--", strings.Repeat("9", 40)} {
		a := w.get("patient", "/me/looked?before="+before)
		if a.Code != 200 && a.Code != 400 {
			t.Errorf("before %q = %d: %s", before, a.Code, plainly(a.text))
		}
		if a := w.get("privacy", "/admin/alerts?before="+before); a.Code != 200 && a.Code != 400 {
			t.Errorf("alerts before %q = %d", before, a.Code)
		}
	}
	// A grant of another's id, with the subject of oneself, opens nothing.
	if a := w.get("bare", "/me/looked"); a.Code == 200 && strings.Contains(a.text, "Dr Ann Gray") {
		t.Error("looks at somebody else are told")
	}
}

// TestNothingOfTheMachineIsServed: no page, file or tool of development lies open.
func TestNothingOfTheMachineIsServed(t *testing.T) {
	w := newWorld(t)
	for _, as := range []string{"", "gp", "admin"} {
		for _, path := range []string{
			"/debug/pprof/", "/debug/vars", "/metrics", "/.git/HEAD", "/.env", "/backup.zip", "/record.db", "/_config", "/admin/config", "/server-status",
			"/assets/", "/assets/../routes.go", "/templates/frame.html", "/people/../admin", "/admin/..;/audit", "/people/amina/../nobody", "/PEOPLE/amina", "//people/amina",
		} {
			if a := w.get(as, path); a.Code != 404 || strings.Contains(strings.ToUpper(a.text), "CANARY") {
				t.Errorf("%s as %q = %d", path, as, a.Code)
			}
		}
		for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodTrace, "PROPFIND"} {
			a := w.do(as, method, "/people/amina", nil, "X-HTTP-Method-Override", "GET")
			if a.Code < 400 || strings.Contains(strings.ToUpper(a.text), "CANARY") {
				t.Errorf("%s /people/amina as %q = %d", method, as, a.Code)
			}
		}
	}
	w.wants(w.get("gp", "/people/amina"), 200)
}

// TestTheButtonToGoBack: after signing out, the browser has no page of anyone to go
// back to.
func TestTheButtonToGoBack(t *testing.T) {
	g := newGate(t, false)
	g.enters(g.account("gray", gp), "/")
	b := newBrowser(t, g.world)
	b.open("/", 1280)
	b.script(`document.cookie = "session=` + g.cookies["session"].Value + `; path=/"`)
	for _, path := range []string{"/people/amina", "/people/amina/timeline"} {
		b.open(path, 1280)
		b.loaded("AMIN-CANARY")
	}
	b.click(".jy-header__out button")
	b.loaded("Sign in")
	for range 3 {
		b.script(`history.back()`)
		time.Sleep(300 * time.Millisecond) // a page that is shown again says so to nobody
		b.loaded("Sign in")
		if text := b.scriptText(`document.documentElement.outerHTML`); strings.Contains(strings.ToUpper(text), "CANARY") {
			t.Error("the button to go back shows somebody after signing out")
		}
	}
}

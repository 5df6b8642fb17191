package pages

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"joinery/care/applied"
	"joinery/care/model"
	"joinery/care/workflow"
	"joinery/definitions"
	"joinery/fhir"
	"joinery/packs"
	"joinery/record"
	"joinery/record/access"
	"joinery/timeline"
)

// inForce puts a shipped model in force, provided by the community team.
func (w *world) inForce(id string) *model.Model {
	w.Helper()
	files, _ := packs.Pack(id)
	m, problems := model.Read("packs/"+id, files, definitions.Shipped())
	if len(problems) > 0 {
		w.Fatal(problems)
	}
	day, _ := timeline.DayOf(w.now)
	if _, err := applied.Apply(w.Context(), w.rec.As(w.operator()), applied.Application{Model: m, From: day, Provider: "Organization/team", Why: "A try", At: w.now}); err != nil {
		w.Fatal(err)
	}
	return m
}

// invites has a model find somebody, and the hub invite them.
func (w *world) invites(m *model.Model, p string) *workflow.Now {
	w.Helper()
	for _, c := range m.Eligible {
		if c.Meets == nil {
			continue
		}
		w.store(strings.NewReplacer("PERSON", p, "DEF", c.Meets.ID, "HASH", c.Meets.Hash).Replace(`{"resourceType":"RiskAssessment","id":"ra-PERSON-DEF","meta":{"security":[{"system":"urn:joinery:label","code":"finding"}]},"status":"final","method":{"coding":[{"system":"urn:joinery:version","code":"HASH"}]},"code":{"coding":[{"system":"urn:joinery:definition","code":"DEF"},{"system":"urn:joinery:place","code":"DEF"}]},"subject":{"reference":"Patient/PERSON"},"occurrencePeriod":{"start":"2026-02-01"}}`))
	}
	now, err := w.operatorFlow().Invite(w.Context(), m.ID, fhir.ID(p), "Organization/hub")
	if err != nil {
		w.Fatal(err)
	}
	return now
}

func (w *world) operatorFlow() *workflow.Flow { return workflow.Of(w.rec.As(w.operator()), w.clock) }

// referred refers somebody to the community team.
func (w *world) referred(p string) *workflow.Referral {
	w.Helper()
	r, err := w.operatorFlow().Refer(w.Context(), workflow.Asking{Patient: fhir.ID(p), Service: "team-s", Requester: "Organization/gp", Reason: "Cannot go out"})
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// filled is the form of a page whose action is a path, with its hidden fields.
func (a answer) filled(t testing.TB, action string, fields ...string) url.Values {
	t.Helper()
	_, form, ok := strings.Cut(a.text, `action="`+action+`"`)
	if !ok {
		t.Fatalf("no form goes to %s: %s", action, plainly(a.text))
	}
	form, _, _ = strings.Cut(form, "</form>")
	out := hiddenFields(form)
	for i := 0; i+1 < len(fields); i += 2 {
		out.Set(fields[i], fields[i+1])
	}
	return out
}

// A resident sees what is next, what they are invited to, how referrals stand.
func TestMyCare(t *testing.T) {
	w := newWorld(t)
	empty := w.get("patient", "/me")
	w.wants(empty, 200, "Hello, Amina", "Nothing is planned", "No referral is under way", "ring 999", "111")
	m := w.inForce("escape-pain")
	w.invites(m, "amina")
	w.referred("amina")
	w.store(`{"resourceType":"Appointment","id":"ap1","status":"booked","description":"Eye clinic","start":"2026-03-09T14:30:00Z","end":"2026-03-09T15:00:00Z","participant":[{"status":"accepted","actor":{"reference":"Patient/amina"}},{"status":"accepted","actor":{"display":"Elm eye clinic"}}]}`)
	a := w.get("patient", "/me")
	w.wants(a, 200, "You are invited", m.Title, "Eye clinic", "9 March 2026", "2:30pm", "Elm eye clinic", "Community team", "They have not looked at it yet", "expected by", "Ask Elm Practice")
	if strings.Contains(a.text, "14-Aug") {
		t.Error("a date is written as clinicians write it")
	}
}

// TestSayingYesAndNo: an invitation is answered on its page, once, from the version
// that was seen.
func TestSayingYesAndNo(t *testing.T) {
	w := newWorld(t)
	m := w.inForce("escape-pain")
	invited := w.invites(m, "amina")
	path := "/me/invitations/" + string(invited.Task)
	a := w.get("patient", path)
	w.wants(a, 200, "If your hip or knee has hurt", "Network hub invites you", "The person agrees to take part", "unreviewed", "Leisure centre", "Community hall", "I am not well enough")
	w.wants(w.post("patient", path, a.filled(t, path, "answer", "yes")), 400, "Error: An invitation", "Choose where you would like to go", `href="#service"`)
	w.wants(w.post("patient", path, a.filled(t, path, "answer", "no")), 400, "Choose why not")
	other := a.filled(t, path, "answer", "yes", "service", "model-escape-pain-leisure-centre")
	other.Set("person", "bare")
	w.wants(w.post("patient", path, other), 409, "This has changed")
	w.wants(w.post("patient", path, a.filled(t, path, "answer", "yes", "service", "charity-s")), 400, "not one of the model")
	if done := w.post("patient", path, a.filled(t, path, "answer", "yes", "service", "model-escape-pain-leisure-centre")); done.Code != 303 || done.Header().Get("Location") != path {
		t.Fatalf("yes = %d %s", done.Code, plainly(done.text))
	}
	w.wants(w.get("patient", path), 200, "You said yes")
	w.wants(w.get("patient", "/me"), 200, "Leisure centre", "It has been sent")
	w.wants(w.post("patient", path, a.filled(t, path, "answer", "no", "reason", "not-now")), 409)
	if strings.Contains(w.get("patient", "/me").text, "You are invited") {
		t.Error("what was answered is still an invitation")
	}
}

// TestMyReferral: a referral's page says how it stands, and its moves are made there.
func TestMyReferral(t *testing.T) {
	w := newWorld(t)
	r := w.referred("amina")
	path := "/me/referrals/" + string(r.Task)
	a := w.get("patient", path)
	w.wants(a, 200, "Community team", "expected by", "If you get worse", "What has happened", "It was sent", "Withdraw this referral")
	w.wants(w.post("patient", path, a.filled(t, path, "move", "cancel")), 400, "Choose why")
	w.now = w.now.Add(time.Hour)
	if _, err := w.operatorFlow().Do(t.Context(), r.Task, workflow.Making{Move: "accept"}); err != nil {
		t.Fatal(err)
	}
	w.wants(w.post("patient", path, a.filled(t, path, "move", "cancel", "reason", "helped")), 409, "it is now accepted")
	a = w.get("patient", path)
	w.wants(a, 200, "They have said yes")
	if done := w.post("patient", path, a.filled(t, path, "move", "cancel", "reason", "helped")); done.Code != 303 {
		t.Fatalf("withdrawn = %d %s", done.Code, plainly(done.text))
	}
	w.wants(w.get("patient", path), 200, "It was withdrawn")
	w.wants(w.get("patient", "/me"), 200, "1 referral is over")
}

// TestMyPlanAndRecord: one's own words first, plain words beside what was written.
func TestMyPlanAndRecord(t *testing.T) {
	w := newWorld(t)
	w.wants(w.get("patient", "/me/plan"), 200, "I want to walk to the mosque on Fridays", "Diabetes care plan", "Feet looked at each year", "1 January 2025")
	plan := w.get("patient", "/me/plan")
	w.wants(w.post("patient", "/me/plan", plan.filled(t, "/me/plan")), 400, "Error: ", "Write what matters to you")
	if done := w.post("patient", "/me/plan", plan.filled(t, "/me/plan", "says", "I want to sleep in my own bed")); done.Code != 303 {
		t.Fatalf("said = %d %s", done.Code, plainly(done.text))
	}
	w.wants(w.get("patient", "/me/plan"), 200, "I want to sleep in my own bed", "3 February 2026")
	a := w.get("patient", "/me/record")
	w.wants(a, 200, "Type 2 diabetes mellitus", "too much sugar in the blood", "1 March 2010", "Metformin 500 mg tablets", "1 tablet twice a day", "Allergy to penicillin", "Anaphylaxis",
		"Penicillin makes you ill", "No vaccination is recorded", "1 earlier", "Chest infection", "No doctor or nurse has checked these plain words")
	// A code without plain words is shown as it was written, and not guessed at.
	w.wants(a, 200, "HbA1c</strong>: 52 mmol/mol<span")
}

// TestWhoActsForMe: who may see what until when is told, and can be ended at once.
func TestWhoActsForMe(t *testing.T) {
	w := newWorld(t)
	w.wants(w.get("carer", "/me"), 200, "You are acting for", "Amina Hodan Amin-Canary", "If they get worse", "If their life may be in danger")
	a := w.get("patient", "/me/sharing")
	w.wants(a, 200, "Yusuf Amin (Son)", "name and address", "referrals, and may refer", "Without an end", "/me/sharing/consent-carer")
	path := "/me/sharing/consent-carer"
	ask := w.get("patient", path)
	w.wants(ask, 200, "Stop Yusuf Amin (Son) from seeing your record?")
	stale := ask.filled(t, path)
	stale.Set("version", `W/"0"`)
	w.wants(w.post("patient", path, stale), 409)
	if done := w.post("patient", path, ask.filled(t, path)); done.Code != 303 {
		t.Fatalf("ended = %d %s", done.Code, plainly(done.text))
	}
	w.wants(w.get("patient", "/me/sharing"), 200, "Nobody acts for you", "No longer", "3 February 2026")
	w.wants(w.get("carer", "/me"), 200, "Nobody&#39;s record is open to you")
	w.wants(w.get("carer", "/me/record"), 404)
	w.wants(w.get("patient", path), 404)
	w.wants(w.post("patient", path, ask.filled(t, path)), 404)
}

// TestACarerSeesOnlyWhatIsOpen: the carer may see referrals and nothing clinical.
func TestACarerSeesOnlyWhatIsOpen(t *testing.T) {
	w := newWorld(t)
	r := w.referred("amina")
	w.store(`{"resourceType":"Patient","id":"ben","name":[{"family":"Ben-Canary"}]}`)
	other := w.referredElsewhere("ben")
	for _, path := range []string{"/me", "/me/plan", "/me/record", "/me/referrals/" + string(r.Task), "/me?for=amina"} {
		a := w.get("carer", path)
		w.wants(a, 200, "You are acting for")
		for _, canary := range []string{"diabetes", "Metformin", "mosque", "penicillin", "Sealed-Canary", "Ben-Canary", "52 mmol"} {
			if strings.Contains(a.text, canary) {
				t.Errorf("%s shows a carer %q", path, canary)
			}
		}
	}
	for _, path := range []string{"/me?for=ben", "/me/record?for=ben", "/me/referrals/" + string(other.Task), "/me/sharing", "/me/sharing/consent-carer"} {
		a := w.get("carer", path)
		if a.Code != 404 && a.Code != 403 || strings.Contains(a.text, "Canary") {
			t.Errorf("%s = %d to a carer", path, a.Code)
		}
	}
	// The person is another than the form was made for: nothing is done.
	path := "/me/referrals/" + string(r.Task)
	form := w.get("carer", path).filled(t, path, "move", "cancel", "reason", "helped")
	form.Set("person", "ben")
	if a := w.post("carer", path, form); a.Code != 404 && a.Code != 409 {
		t.Errorf("a form for another person = %d", a.Code)
	}
	w.wants(w.get("patient", path), 200, "They have not looked at it yet")
}

// referredElsewhere refers somebody who is nobody's here.
func (w *world) referredElsewhere(p string) *workflow.Referral { return w.referred(p) }

func TestPlainWordsAreOfKnownCodes(t *testing.T) {
	all, err := readGlossaries()
	if err != nil {
		t.Fatal(err)
	}
	known := codesOfTheTree(t)
	for code, says := range all[english].says {
		if !strings.Contains(known, code) {
			t.Errorf("%s (%s) is no code that a definition or the synthetic people have", code, says)
		}
		if len(strings.Fields(says)) > 28 {
			t.Errorf("%s: %d words are too many to be plain: %s", code, len(strings.Fields(says)), says)
		}
	}
	for language, g := range all {
		for code := range all[english].says {
			if g.says[code] == "" {
				t.Errorf("%s has no words for %s", language, code)
			}
		}
		if len(g.says) != len(all[english].says) {
			t.Errorf("%s has words for %d codes, English for %d", language, len(g.says), len(all[english].says))
		}
	}
	for _, broken := range []string{"", "1 | a", "1 | a | b\n1 | c | d\nreviewed-by | nobody", "1 || b\nreviewed-by | nobody"} {
		if _, err := readGlossary(broken); err == nil {
			t.Errorf("%q is no glossary, and was read", broken)
		}
	}
}

// codesOfTheTree is the text of everything here that names codes.
func codesOfTheTree(t *testing.T) string {
	t.Helper()
	return filesText(t, "../../definitions/codes/*.yaml", "../../source/synth/*.go")
}

// filesText is the text of all files of some patterns, each of which must have some.
func filesText(t *testing.T, patterns ...string) string {
	t.Helper()
	var b strings.Builder
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no files: %s, %v", pattern, err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			b.Write(data)
		}
	}
	return b.String()
}

// TestMyPagesInABrowser looks at the pages of a resident and a carer at both widths,
// with text at twice its size and wider apart, and in Arabic; and goes the ways that
// only a browser can.
func TestMyPagesInABrowser(t *testing.T) {
	w := newWorld(t)
	b := newBrowser(t, w)
	visits := w.myPages()
	for _, v := range visits {
		b.see(v.as, v.path, 1280)
		b.enlarged(v.path)
		b.see(v.as, v.path, 320)
		b.spaced(v.path)
	}
	t.Run("what is wrong gets the focus", func(t *testing.T) {
		b.enter("patient")
		b.open("/me/plan", 320)
		b.tabTo("Add it to my plan")
		b.press("\r")
		b.wantsProblem()
	})
	t.Run("the order of the keyboard", func(t *testing.T) {
		b.open("/me/sharing/consent-carer", 320)
		for _, want := range []string{"Skip to main content", "Joinery", "Sign out", "My care", "My plan", "My record", "Who looked", "Who acts for me", "Leave this page quickly", "Back to who acts for me", "Yes, end it now"} {
			b.press("\t")
			if at := b.focused(); !strings.HasSuffix(strings.TrimSpace(at), want) {
				t.Errorf("the next stop is %q, want %q", at, want)
			}
		}
	})
	t.Run("colours of the system", func(t *testing.T) {
		b.media("screen", "forced-colors", "active")
		b.see("patient", "/me", 320)
		b.media("", "", "")
	})
	t.Run("on paper", func(t *testing.T) {
		b.open("/me/record", 1280)
		b.media("print", "", "")
		if shown := b.scriptText(`[...document.querySelectorAll('.jy-header,.jy-footer,form,.jy-query,.jy-paper')].filter(e=>e.getClientRects().length).map(e=>e.className).join(' ')`); shown != "" {
			t.Errorf("on paper there is %s", shown)
		}
		if whose := b.scriptText(`document.querySelector('.jy-whose').innerText`); !strings.Contains(whose, "14 August 1941") || !strings.Contains(whose, "999 000 0042") {
			t.Errorf("on paper it is not said whose record it is: %q", whose)
		}
		b.media("", "", "")
	})
	t.Run("left at once", func(t *testing.T) {
		b.open("/me/plan", 320)
		for range 3 {
			b.press(kb.Shift)
		}
		b.loaded("Empty page")
		b.scripts(false)
		b.open("/me/plan", 320)
		b.click(".jy-leave__press")
		b.loaded("Empty page")
		b.scripts(true)
	})
	b.enter("nobody")
	b.open("/", 320)
	b.click(`button[value="ar"]`)
	b.loaded("رعايتك متصلة")
	for _, v := range visits {
		b.see(v.as, v.path, 320)
		if os.Getenv("JOINERY_PICTURES") != "" {
			b.see(v.as, v.path, 1280)
		}
	}
}

// enlarged shows the page with its text at twice the size: nothing scrolls sideways.
func (b *browser) enlarged(path string) {
	b.Helper()
	b.script(`{ const all=[...document.querySelectorAll('body *')].map(e=>[e,parseFloat(getComputedStyle(e).fontSize)]); for (const [e,size] of all) e.style.fontSize=(2*size)+'px' }`)
	if wide := b.sideways(); wide > 0 {
		b.Errorf("%s with text at twice the size scrolls sideways by %d pixels", path, wide)
	}
}

// spaced shows the page with its text wider apart, as WCAG 1.4.12 has it.
func (b *browser) spaced(path string) {
	b.Helper()
	b.script(`for (const e of document.querySelectorAll('body *')) { e.style.lineHeight='1.5'; e.style.letterSpacing='0.12em'; e.style.wordSpacing='0.16em' }`)
	if wide := b.sideways(); wide > 0 {
		b.Errorf("%s with text wider apart scrolls sideways by %d pixels", path, wide)
	}
}

// seenBy is a page, and who looks at it.
type seenBy struct{ as, path string }

// sweep looks at pages at both widths; each must be there for whoever looks.
func (b *browser) sweep(visits []seenBy) {
	b.Helper()
	for _, v := range visits {
		for _, width := range []int64{1280, 320} {
			b.see(v.as, v.path, width)
			if h := value(b, chromedp.Evaluate[string]("document.querySelector('h1').textContent")); h == "Page not found" || h == "This is not for you" {
				b.Errorf("%s as %s is %q", v.path, v.as, h)
			}
		}
	}
}

// TestLeavingQuickly: every page of /me can be left at once; the session is over,
// and where it leads speaks of nothing.
func TestLeavingQuickly(t *testing.T) {
	w := newSite(t, &Site{Organisation: "Elmgreen Community Trust", Help: "Ring us", Exit: "https://weather.example/"})
	for _, v := range w.myPages() {
		w.wants(w.get(v.as, v.path), 200, `action="/leave"`, "Leave this page quickly")
	}
	if strings.Contains(w.get("gp", "/people/amina").text, `action="/leave"`) {
		t.Error("a page of staff has the way to leave quickly")
	}
	a := w.post("patient", "/leave", nil)
	if a.Code != 303 || a.Header().Get("Location") != "/left" {
		t.Errorf("leaving = %d to %s", a.Code, a.Header().Get("Location"))
	}
	left := w.get("", "/left")
	w.wants(left, 200, "<title>Empty page</title>")
	if left.Header().Get("Refresh") != "0; url=https://weather.example/" {
		t.Errorf("it goes on to %q", left.Header().Get("Refresh"))
	}
	for _, tells := range []string{"Joinery", "Elmgreen", "care", "record", "Ring us", "<header", "<footer"} {
		if strings.Contains(plainly(left.text)+left.text[strings.Index(left.text, "<body"):], tells) {
			t.Errorf("the page that is left to speaks of %q", tells)
		}
	}
}

// TestSayingThatAnEntryIsWrong: what a person says of an entry stands in their record
// and is found by whoever looks after them; the entry itself stays as it is.
func TestSayingThatAnEntryIsWrong(t *testing.T) {
	w := newWorld(t)
	w.wants(w.get("patient", "/me/record"), 200, `href="/me/record/Condition/c1"`, "Is this wrong?")
	if strings.Contains(w.get("carer", "/me/record").text, "Is this wrong?") {
		t.Error("a carer is offered to say what is wrong, which the record does not let them")
	}
	path := "/me/record/Condition/c1"
	a := w.get("patient", path)
	w.wants(a, 200, "Type 2 diabetes mellitus", "goes to Elm Practice", "What happens next")
	w.wants(w.post("patient", path, a.filled(t, path)), 400, "<title>Error: ", "Choose what you want to say", "Write what you want to say", `href="#what"`, `href="#says"`)
	stale := a.filled(t, path, "what", "wrong", "says", "x")
	stale.Set("version", `W/"0"`)
	w.wants(w.post("patient", path, stale), 409)
	other := a.filled(t, path, "what", "wrong", "says", "x")
	other.Set("person", "bare")
	w.wants(w.post("patient", path, other), 409)
	if done := w.post("patient", path, a.filled(t, path, "what", "wrong", "says", "I have never had diabetes")); done.Code != 303 {
		t.Fatalf("said = %d %s", done.Code, plainly(done.text))
	}
	w.wants(w.get("patient", "/me/record"), 200, "You said that this is wrong:", "I have never had diabetes", "3 February 2026", "Type 2 diabetes mellitus")
	w.wants(w.get("gp", "/people/amina/timeline"), 200, "Says that an entry of their record is wrong")
	for _, path := range []string{"/me/record/Patient/amina", "/me/record/Condition/none", "/me/record/Task/x", "/me/record/Consent/consent-carer"} {
		w.wants(w.get("patient", path), 404)
	}
	w.wants(w.get("carer", path), 403)
}

// TestOneLineADay: what one person did on one day is one line, whatever they saw;
// another day, another person and an emergency are lines of their own.
func TestOneLineADay(t *testing.T) {
	at := func(day, hour int) time.Time { return time.Date(2026, 2, day, hour, 0, 0, 0, time.UTC) }
	v := &lookedView{Looks: []lookLine{
		{Who: "Dr Gray", Organisation: "Elm Practice", At: at(3, 16), Kind: "looked", Purpose: "TREAT", What: []string{"results"}},
		{Who: "Nurse Obi", Organisation: "Community team", At: at(3, 15), Kind: "looked", Purpose: "TREAT"},
		{Who: "Dr Gray", Organisation: "Elm Practice", At: at(3, 14), Kind: "emergency", Purpose: "BTG", Reason: "Fell"},
		{Who: "Dr Gray", Organisation: "Elm Practice", At: at(3, 9), Kind: "looked", Purpose: "TREAT", What: []string{"allergies", "results"}},
		{Who: "Dr Gray", Organisation: "Elm Practice", At: at(2, 9), Kind: "looked", Purpose: "TREAT"},
	}}
	v.foldDays()
	if len(v.Looks) != 4 {
		t.Fatalf("%d lines, want 4", len(v.Looks))
	}
	if one := v.Looks[0]; !one.Since.Equal(at(3, 9)) || !one.At.Equal(at(3, 16)) || strings.Join(one.What, " ") != "allergies results" {
		t.Errorf("the first line is from %v to %v of %v", one.Since, one.At, one.What)
	}
}

// TestHowFarAwayADayIs: in words, by the days of London.
func TestHowFarAwayADayIs(t *testing.T) {
	w := newWorld(t)
	for _, l := range []struct{ language, day, want string }{
		{"en", "2026-02-02", ""},
		{"en", "2026-02-03", "today"},
		{"en", "2026-02-04", "tomorrow"},
		{"en", "2026-02-05", "in 2 days"},
		{"en", "2026-02-17", "in about 2 weeks"},
		{"en", "2026-06-03", "in about 4 months"},
		{"ar", "2026-02-05", "بعد يومين"},
		{"ar", "2026-02-14", "بعد 11 يوماً"},
	} {
		c := &call{pages: w.pages, tongue: w.pages.screens.tongues[0]}
		if l.language == "ar" {
			c.tongue = w.pages.screens.tongues[1]
		}
		at, err := time.Parse(time.DateOnly, l.day)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.fromToday(at); got != l.want {
			t.Errorf("%s in %s is %q, want %q", l.day, l.language, got, l.want)
		}
	}
}

// TestLeavingEndsTheSession: whoever opens the browser afterwards sees nothing.
func TestLeavingEndsTheSession(t *testing.T) {
	g := newGate(t, false)
	g.enters(g.account("amina@elm.example", record.Grant{Role: "patient", Display: "Amina", Purpose: access.PatientRequest, Patient: "amina"}), "/me")
	g.wants(g.visit("/me/record"), 200, "Type 2 diabetes mellitus")
	before := g.cookies["session"]
	if a := g.send("/leave"); a.Code != 303 || a.Header().Get("Location") != "/left" {
		t.Fatalf("leaving = %d to %s", a.Code, a.Header().Get("Location"))
	}
	g.cookies["session"] = before // as if the browser had kept it
	if a := g.visit("/me/record"); a.Code != 303 || strings.Contains(a.text, "diabetes") {
		t.Errorf("after leaving, the record = %d", a.Code)
	}
}

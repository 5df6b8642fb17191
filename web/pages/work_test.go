package pages

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"joinery/care/workflow"
)

// referAmina has the practice refer Amina to the community team, by the page.
func (w *world) referAmina(more url.Values) answer {
	w.Helper()
	form := w.get("gp", "/people/amina/refer?service=team-s")
	w.wants(form, 200, "Community team", "For people who cannot leave home")
	v := hiddenFields(form.text)
	v.Set("reason", "Fell at home, not hurt")
	v.Set("priority", "urgent")
	v.Set("agreed", "yes")
	for name, values := range more {
		v[name] = values
		if len(values) == 0 {
			delete(v, name)
		}
	}
	return w.post("gp", "/people/amina/refer", v)
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]*)">`)

// hiddenFields are those of the last form on a page, without the language's.
func hiddenFields(text string) url.Values {
	v := url.Values{}
	main, _, _ := strings.Cut(text, "<footer")
	for _, m := range hiddenField.FindAllStringSubmatch(main, -1) {
		v.Add(m[1], strings.NewReplacer("&#34;", `"`, "&amp;", "&").Replace(m[2]))
	}
	return v
}

// formOf are the fields of the form that makes a move, as the page has it.
func (w *world) formOf(page answer, move string) url.Values {
	w.Helper()
	_, after, ok := strings.Cut(page.text, `name="move" value="`+move+`"`)
	before := strings.LastIndex(page.text[:len(page.text)-len(after)], "<form")
	if !ok || before < 0 {
		w.Fatalf("the page has no form for %s: %s", move, plainly(page.text))
	}
	return hiddenFields(page.text[before : len(page.text)-len(after)+len(after[:strings.Index(after, "</form>")])])
}

func task(t testing.TB, a answer) string {
	t.Helper()
	to := a.Header().Get("Location")
	if a.Code != 303 || !strings.HasPrefix(to, "/referrals/") {
		t.Fatalf("answer = %d to %q, want 303 to a referral: %s", a.Code, to, plainly(a.text))
	}
	path, _, _ := strings.Cut(to, "?")
	return path
}

// TestAReferralFromPageToPage is the way of a referral by pages alone: referred,
// on the team's list, claimed, moved, and back at the practice on the summary.
func TestAReferralFromPageToPage(t *testing.T) {
	w := newWorld(t)
	if a := w.get("nurse", "/people/amina"); a.Code != 404 {
		t.Fatalf("before the referral the team sees the person: %d", a.Code)
	}
	room := task(t, w.referAmina(nil))
	w.wants(w.get("gp", room), 200, "Sent, not looked at yet", "Elm Practice", "Community team", "urgent", "Withdraw")
	list := w.get("nurse", "/work")
	w.wants(list, 200, "AMIN-CANARY, Amina Hodan", "999 000 0042", "1 open task", "due first", "Accept", "Needs in writing", "everything open", "for the first time")
	w.wants(w.get("nurse", "/people/amina"), 200, "Known allergies", "Community team")

	v := hiddenFields(list.text)
	v.Set("do", "claim")
	if a := w.post("nurse", "/work/"+strings.TrimPrefix(room, "/referrals/")+"/claim", v); a.Code != 303 {
		t.Fatalf("claim = %d %s", a.Code, plainly(a.text))
	}
	w.wants(w.get("nurse", "/work?list=mine"), 200, "Yours", "Give it back", "1 open task")
	if a := w.post("nurse", "/work/"+strings.TrimPrefix(room, "/referrals/")+"/claim", v); a.Code != 409 {
		t.Errorf("claiming from an old page = %d, want 409", a.Code)
	}

	w.move("nurse", room, "receive", nil)
	w.move("nurse", room, "accept", nil)
	book := w.formOf(w.get("nurse", room), "book")
	wrong := w.post("nurse", room, with(book, "day", "31", "month", "2", "year", "2026", "clock", "10:30"))
	w.wants(wrong, 422, "Error: ", "There is a problem", "Enter a day, a month, a year and a time")
	w.move("nurse", room, "book", url.Values{"day": {"10"}, "month": {"2"}, "year": {"2026"}, "clock": {"10:30"}})
	w.now = w.now.Add(7 * 24 * time.Hour)
	w.move("nurse", room, "start", nil)
	page := w.get("gp", room)
	w.wants(page, 200, "Under way", "Begin: first contact", "Nurse Obi")
	w.wants(w.get("gp", "/people/amina"), 200, "Community team", "under way", room)
	if strings.Contains(w.log.String(), "Amin") {
		t.Error("the log names the person")
	}
}

func (w *world) move(as, room, move string, more url.Values) {
	w.Helper()
	v := w.formOf(w.get(as, room), move)
	for name, values := range more {
		v[name] = values
	}
	if a := w.post(as, room, v); a.Code != 303 {
		w.Fatalf("%s = %d: %s", move, a.Code, plainly(a.text))
	}
}

func with(v url.Values, more ...string) url.Values {
	out := url.Values{}
	for name, values := range v {
		out[name] = values
	}
	for i := 0; i+1 < len(more); i += 2 {
		out.Set(more[i], more[i+1])
	}
	return out
}

// TestFormsAreBoundToPersonAndVersion: a form of another person, an old one and one
// without either do nothing.
func TestFormsAreBoundToPersonAndVersion(t *testing.T) {
	w := newWorld(t)
	room := task(t, w.referAmina(nil))
	form := w.formOf(w.get("nurse", room), "receive")
	for name, wrong := range map[string]struct {
		v      url.Values
		status int
	}{
		"another person":  {with(form, "person", "bare"), 409},
		"another version": {with(form, "version", `W/"9"`), 409},
		"no person":       {with(form, "person", ""), 400},
		"no version":      {with(form, "version", ""), 400},
		"a field more":    {with(form, "owner", "Organization/charity"), 400},
	} {
		a := w.post("nurse", room, wrong.v)
		if a.Code != wrong.status {
			t.Errorf("%s = %d, want %d: %s", name, a.Code, wrong.status, plainly(a.text))
		}
	}
	w.wants(w.get("nurse", room), 200, "Sent, not looked at yet")
	w.move("nurse", room, "receive", nil)
	if a := w.post("nurse", room, form); a.Code != 409 {
		t.Errorf("the same form twice = %d, want 409", a.Code)
	}
	if a := w.post("elsewhere", room, form); a.Code != 404 {
		t.Errorf("a move by who has nothing to do with it = %d, want 404", a.Code)
	}
	refer := hiddenFields(w.get("gp", "/people/amina/refer?service=team-s").text)
	if a := w.post("gp", "/people/bare/refer", with(refer, "reason", "x", "priority", "routine", "agreed", "yes")); a.Code != 409 {
		t.Errorf("a referral form of another person = %d, want 409", a.Code)
	}
}

// TestReferring: what is missing is asked for, an open referral is shown before
// another is sent, and the same form sent twice is one referral.
func TestReferring(t *testing.T) {
	w := newWorld(t)
	a := w.referAmina(url.Values{"reason": {""}, "agreed": nil})
	w.wants(a, 422, "Error: ", "Say what help is needed", "Say whether the person agrees", `href="#reason"`, `aria-describedby="reason-hint reason-error"`)
	first := task(t, w.referAmina(url.Values{"key": {"one"}}))
	again := w.referAmina(url.Values{"key": {"one"}})
	w.wants(again, 422, "Look at the open referral first", first)
	sure := task(t, w.referAmina(url.Values{"key": {"one"}, "again": {"yes"}}))
	if sure != first {
		t.Errorf("the same form sent twice made %s and %s, want one referral", first, sure)
	}
	look := w.referAmina(url.Values{"key": {"two"}, "again": {"yes"}, "do": {"check"}})
	w.wants(look, 200, "Check your answers before you send", "Nothing has been sent yet", "Fell at home, not hurt", "Yes, and they know", "Open already")
	back := hiddenFields(look.text)
	w.wants(w.post("gp", "/people/amina/refer", with(back, "do", "change")), 200, "Fell at home, not hurt</textarea>", "What this service asks")
	if other := task(t, w.post("gp", "/people/amina/refer", with(back, "do", "send"))); other == first {
		t.Error("another referral, said to be one, was not made")
	}
	if a := w.get("gp", "/people/amina/refer?service=no-such"); a.Code != 404 {
		t.Errorf("a service that is none = %d, want 404", a.Code)
	}
}

func TestTheWorklistSaysWhatItShows(t *testing.T) {
	w := newWorld(t)
	for range 12 {
		_, err := w.flow("gp").Refer(w.Context(), workflow.Asking{Patient: "amina", Service: "team-s", Requester: "Organization/gp", Reason: "again"})
		if err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(time.Minute)
	}
	w.wants(w.get("nurse", "/work"), 200, "12 open tasks", "Rows 1 to 10", "11 to 12", "page=2", `value="due first" selected`)
	w.wants(w.get("nurse", "/work?page=2"), 200, "Rows 11 to 12", "1 to 10")
	w.wants(w.get("nurse", "/work?size=25&sort=newest+first"), 200, "Rows 1 to 12", "newest first", `value="25" selected`)
	w.wants(w.get("nurse", "/work?late=yes"), 200, "There is nothing to do here", "late ones only")
	w.now = w.now.Add(48 * time.Hour)
	w.wants(w.get("nurse", "/work?late=yes"), 200, "12 of them late", "late by")
	w.wants(w.get("nurse", "/work?list=HealthcareService/charity-s"), 200, "all your lists") // another's list is no list of theirs
	if a := w.get("elsewhere", "/work"); strings.Contains(a.text, "Canary") {
		t.Error("another organisation's worklist shows the person")
	}
}

// TestWhatChanged: what moved since the last visit is at the top.
func TestWhatChanged(t *testing.T) {
	w := newWorld(t)
	look := func() answer { return w.get("nurse", "/work") }
	w.wants(look(), 200, "for the first time")
	w.now = w.now.Add(time.Hour)
	task(t, w.referAmina(nil))
	w.now = w.now.Add(time.Minute)
	w.wants(look(), 200, "Changed since you last looked", "Community team")
	w.now = w.now.Add(time.Hour)
	w.wants(look(), 200, "Nothing has changed since you last looked")
}

func (w *world) flow(as string) *workflow.Flow {
	return workflow.Of(w.rec.As(w.people[as].Subject), w.clock)
}

// TestFinding: by number and by name, with those who are alike marked, and nothing
// of it in an address.
func TestFinding(t *testing.T) {
	w := newWorld(t)
	w.store(`{"resourceType":"Patient","id":"twin","name":[{"family":"Amin-Canary","given":["Amal"]}],"birthDate":"1941-08-14","gender":"female","generalPractitioner":[{"reference":"Organization/gp"}]}
{"resourceType":"Patient","id":"slip","name":[{"family":"Amin-Canary","given":["Amina"]}],"birthDate":"1941-08-19","generalPractitioner":[{"reference":"Organization/gp"}]}`)
	number := func(n string) answer { return w.post("gp", "/people", url.Values{"number": {n}, "by": {"number"}}) }
	w.wants(number("999 000 0042"), 200, "1 person found", "AMIN-CANARY, Amina Hodan", "/people/amina")
	w.wants(number("999-000-0018"), 200, "Nobody was found")
	w.wants(number("\u00a0999\u20110000\u00a0042\t"), 200, "1 person found", "/people/amina") // as it comes out of a letter
	w.wants(number("999 000 0041"), 422, "Error: ", "not a valid NHS number", `href="#number"`, "one that is like it", "one digit of the NHS number", "/people/amina")
	w.wants(number("999 000 0402"), 422, "two digits of the NHS number are the other way round", "/people/amina")
	if a := number("999 000 0081"); a.Code != 422 || strings.Contains(a.text, "Hidden") {
		t.Errorf("a number like that of somebody hidden = %d: %s", a.Code, plainly(a.text))
	}
	w.wants(number("12"), 422, "10 digits")
	name := w.post("gp", "/people", url.Values{"family": {"amin-canary"}, "given": {"Amina"}, "day": {"14"}, "month": {"8"}, "year": {"1941"}, "postcode": {"zz11zz"}, "by": {"name"}})
	w.wants(name, 200, "3 people found", "these people are alike", "Not as you typed it", "the day of birth", "the given name")
	if first := strings.Index(name.text, "/people/amina"); first < 0 || first > strings.Index(name.text, "/people/twin") || first > strings.Index(name.text, "/people/slip") {
		t.Error("who is just as typed does not stand first")
	}
	by := func(family, given, day, month, year, code string) answer {
		return w.post("gp", "/people", url.Values{"family": {family}, "given": {given}, "day": {day}, "month": {month}, "year": {year}, "postcode": {code}, "by": {"name"}})
	}
	w.wants(by("Amina", "Amin-Canary", "14", "8", "1941", ""), 200, "/people/amina", "given name and family name are the other way round")
	w.wants(by("Amin-Canary", "", "13", "8", "1941", ""), 200, "/people/amina", "the day of birth")
	w.wants(by("Amin-Canary", "", "14", "8", "1951", ""), 200, "/people/amina", "the year of birth")
	w.wants(by("Amin-Canary", "Amina", "", "", "", "zz11zz"), 200, "1 person found", "/people/amina")
	w.store(`{"resourceType":"Patient","id":"turned","name":[{"family":"Turner"}],"birthDate":"1960-03-07","generalPractitioner":[{"reference":"Organization/gp"}]}
{"resourceType":"Patient","id":"shy","meta":{"security":[{"system":"urn:joinery:label","code":"protected-address"}]},"name":[{"family":"Shy","given":["Ann"]}],"birthDate":"1990-01-01","address":[{"line":["Refuge-Canary"],"postalCode":"ZZ9 9ZZ"}],"generalPractitioner":[{"reference":"Organization/gp"}]}`)
	w.wants(by("Turner", "", "3", "7", "1960", ""), 200, "/people/turned", "day and month of birth are the other way round")
	if a := by("Shy", "Ann", "", "", "", "ZZ9 9ZZ"); strings.Contains(a.text, "/people/shy") {
		t.Error("a protected address finds who lives there")
	}
	w.wants(w.post("gp", "/people", url.Values{"family": {""}, "day": {"31"}, "month": {"2"}, "year": {"1941"}, "by": {"name"}}), 422, "Enter the family name", "Enter a day")
	if a := w.get("gp", "/people?family=amin-canary"); strings.Contains(a.text, "/people/amina") {
		t.Error("a search by address finds somebody")
	}
	if strings.Contains(w.log.String(), "9990000042") || strings.Contains(strings.ToLower(w.log.String()), "canary") {
		t.Error("the log holds what was looked for")
	}
}

func TestTimelineAndLetter(t *testing.T) {
	w := newWorld(t)
	all := w.get("gp", "/people/amina/timeline")
	w.wants(all, 200, "Consultation at the practice", "December 2025", "Elm Practice", "HbA1c", "58 mmol/mol", "Chest infection")
	only := w.get("gp", "/people/amina/timeline?kind=Contact")
	w.wants(only, 200, "Consultation at the practice", "1 entry")
	if strings.Contains(plainly(only.text), "HbA1c") {
		t.Error("a filtered timeline shows the rest")
	}
	w.wants(w.get("gp", "/people/amina/timeline?from=Nobody"), 200, "0 entries", "Nothing here")
	w.wants(w.get("gp", "/people/amina/letter"), 200, `data-copy="plain"`, "in the format they need", "large font", "NHS No. 999 000 0042", "readonly", "Summary from the shared record", "SEVERE: Allergy to penicillin", "Dr Ann Gray", "Metformin")
	text := w.get("gp", "/people/amina/text")
	w.wants(text, 200, "AMIN-CANARY, Amina Hodan (Mrs)", "NHS No. 999 000 0042", "KNOWN ALLERGIES", "- SEVERE: Allergy to penicillin: Anaphylaxis", "PROBLEMS")
	if typ := text.Header().Get("Content-Type"); typ != "text/plain; charset=utf-8" || strings.Contains(text.text, "Sealed-Canary") {
		t.Errorf("the text is %s and holds what is sealed: %v", typ, strings.Contains(text.text, "Sealed-Canary"))
	}
}

package pages

import (
	"net/url"
	"strings"
	"testing"
)

// TestCandidates: whom a model found is shown to its finder with the reasons,
// invited once, or not with a reason that is said; nobody else sees them.
func TestCandidates(t *testing.T) {
	w := newWorld(t)
	w.walks("amina", "bare")
	w.wants(w.get("finder", "/candidates"), 200, "/candidates/walks")
	list := w.get("finder", "/candidates/walks")
	w.wants(list, 200, "2 people were found", "AMIN-CANARY, Amina Hodan", "020 7946 0123", "fell in the past year (2025-11-20 Condition fall)", "Found since 01-Feb-2026", "You judge")
	for _, hidden := range []string{"9990000042", "999 000 0042", "1941", "penicillin", "diabetes"} {
		if strings.Contains(list.text, hidden) {
			t.Errorf("the finder sees %s", hidden)
		}
	}
	if a := w.get("finder", "/candidates/no-such-model"); a.Code != 404 {
		t.Errorf("a model that is none = %d, want 404", a.Code)
	}
	say := func(person, do, why string) answer {
		return w.post("finder", "/candidates/walks", url.Values{"person": {person}, "do": {do}, "why": {why}})
	}
	w.wants(say("bare", "pass", ""), 422, "Error: ", "Say why this person is not invited")
	if a := say("bare", "pass", "In hospital now"); a.Code != 303 {
		t.Errorf("not inviting = %d: %s", a.Code, plainly(a.text))
	}
	if a := say("amina", "invite", ""); a.Code != 303 {
		t.Fatalf("inviting = %d: %s", a.Code, plainly(a.text))
	}
	if a := say("amina", "invite", ""); a.Code != 409 {
		t.Errorf("inviting twice = %d, want 409", a.Code)
	}
	if a := say("nobody", "invite", ""); a.Code != 409 && a.Code != 404 {
		t.Errorf("inviting whom nobody found = %d", a.Code)
	}
	w.wants(w.get("finder", "/candidates/walks?done=invited"), 200, "Nobody is found", "on the list of those to be asked")
	work := w.get("finder", "/work")
	w.wants(work, 200, "AMIN-CANARY", "Ask the person", "invited, and has not answered")
	if strings.Contains(work.text, "/people/amina") {
		t.Error("the finder is led to a page that is not for them")
	}
	at := strings.Index(work.text, `href="/referrals/`) + len(`href="`)
	room := work.text[at : at+strings.Index(work.text[at:], `"`)]
	page := w.get("finder", room)
	w.wants(page, 200, "Note that they say yes", "Note that they say no", "020 7946 0123")
	_, service, _ := strings.Cut(page.text, `<option value="model-walks-`)
	service, _, _ = strings.Cut(service, `"`)
	w.move("finder", room, "agree", url.Values{"service": {"model-walks-" + service}, "says": {"On the telephone, to take part"}})
}

// TestCriteriaAreAsked: what the model of a service asks is on the page; what the
// record says already is shown with what it rests on, and the rest must be said.
func TestCriteriaAreAsked(t *testing.T) {
	w := newWorld(t)
	w.walks("amina")
	services := w.get("gp", "/people/amina/refer")
	at := strings.Index(services.text, `<option value="model-walks-`)
	if at < 0 {
		t.Fatalf("the model's service is not offered: %s", plainly(services.text))
	}
	id := services.text[at+len(`<option value="`):]
	id = id[:strings.Index(id, `"`)]
	form := w.get("gp", "/people/amina/refer?service="+id)
	w.wants(form, 200, "Yes, this holds", "fell in the past year 2025-11-20 Condition fall")
	v := hiddenFields(form.text)
	v.Set("reason", "Wants to walk again")
	v.Set("priority", "routine")
	v.Set("agreed", "yes")
	w.wants(w.post("gp", "/people/amina/refer", v), 422, "Say for each what holds")
}

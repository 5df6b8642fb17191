package pages

import (
	"net/url"
	"testing"
)

// TestThePlan: what is said stands in the plan and on the summary, the person's own
// words first; what is missing is asked for; a form of another person writes nothing.
func TestThePlan(t *testing.T) {
	w := newWorld(t)
	w.wants(w.get("gp", "/people/amina/plan"), 200, "Nothing is written for when things get worse", "This person is in no model of care")
	say := func(v url.Values) answer {
		v.Set("person", "amina")
		return w.post("gp", "/people/amina/plan", v)
	}
	if a := say(url.Values{"what": {"words"}, "text": {"My cat must be fed"}}); a.Code != 303 {
		t.Fatalf("words = %d: %s", a.Code, plainly(a.text))
	}
	if a := say(url.Values{"what": {"worse"}, "text": {"Ring my son first"}, "by": {"person"}}); a.Code != 303 {
		t.Fatalf("worse = %d: %s", a.Code, plainly(a.text))
	}
	if a := say(url.Values{"what": {"action"}, "text": {"Look at the stairs"}, "owner": {"us"}, "day": {"10"}, "month": {"2"}, "year": {"2026"}}); a.Code != 303 {
		t.Fatalf("action = %d: %s", a.Code, plainly(a.text))
	}
	w.wants(w.get("gp", "/people/amina/plan?done=yes"), 200, "It is in the plan", "My cat must be fed", "written down by Dr Ann Gray", "Ring my son first", "The person", "Look at the stairs", "Elm Practice")
	w.wants(w.get("gp", "/people/amina/plan"), 200, "No day is set")
	w.wants(say(url.Values{"what": {"review"}}), 422, "by which day", `href="#review-due-day"`)
	if a := say(url.Values{"what": {"review"}, "day": {"1"}, "month": {"3"}, "year": {"2026"}}); a.Code != 303 {
		t.Fatalf("review = %d: %s", a.Code, plainly(a.text))
	}
	w.wants(w.get("gp", "/people/amina/plan"), 200, "To be looked at again by 01-Mar-2026", "What changed in this plan", "Begun", "Put in:", "What matters to me, in the person&#39;s words: My cat must be fed", "What to do if things get worse: Ring my son first")
	w.wants(w.get("gp", "/people/amina"), 200, "My cat must be fed", "If this person gets very ill", "Ring my son first")
	w.wants(w.get("gp", "/people/amina/text"), 200, "- My cat must be fed")
	w.wants(say(url.Values{"what": {"words"}, "text": {" "}}), 422, "Error: ", "Say it in words", `href="#words-text"`)
	w.wants(say(url.Values{"what": {"action"}, "text": {"x"}, "owner": {"us"}}), 422, "by which day")
	if a := w.post("gp", "/people/bare/plan", url.Values{"person": {"amina"}, "what": {"words"}, "text": {"x"}}); a.Code != 409 {
		t.Errorf("a form of another person = %d, want 409", a.Code)
	}
	if a := w.post("nurse", "/people/amina/plan", url.Values{"person": {"amina"}, "what": {"words"}, "text": {"x"}}); a.Code != 404 {
		t.Errorf("by who has nothing to do with the person = %d, want 404", a.Code)
	}
}

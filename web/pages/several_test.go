package pages

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

var chosenBox = regexp.MustCompile(`name="task" type="checkbox" value="([^"]+)"`)

// boxes are the tasks that can be chosen on a worklist.
func boxes(text string) []string {
	var out []string
	for _, m := range chosenBox.FindAllStringSubmatch(text, -1) {
		out = append(out, strings.ReplaceAll(m[1], "&#34;", `"`))
	}
	return out
}

// TestSeveralAtOnce: each of several tasks is decided by itself, for the person and
// from the version that was seen, and its line says what became of it.
func TestSeveralAtOnce(t *testing.T) {
	w := newWorld(t)
	var rooms []string
	for _, key := range []string{"one", "two", "three"} {
		rooms = append(rooms, task(t, w.referAmina(url.Values{"key": {key}, "again": {"yes"}})))
		w.now = w.now.Add(time.Minute)
	}
	w.move("nurse", rooms[2], "receive", nil)
	w.move("nurse", rooms[2], "accept", nil)
	list := w.get("nurse", "/work")
	w.wants(list, 200, "Referrals: take up", "Referrals: send on to another service", "With those that are chosen")
	chosen := boxes(list.text)
	if len(chosen) != 3 {
		t.Fatalf("%d tasks can be chosen, want 3: %v", len(chosen), chosen)
	}
	send := func(as string, v url.Values) answer { return w.post(as, "/work", v) }

	asked := send("nurse", url.Values{"task": chosen, "do": {"referral receive"}, "back": {"/work"}})
	w.wants(asked, 200, "2 can be done", "Cannot be done", "The others stay as they are", "It is accepted")
	w.wants(w.get("nurse", rooms[0]), 200, "Sent, not looked at yet") // nothing is done yet
	w.move("nurse", rooms[1], "receive", nil)                         // meanwhile somebody does one of them
	done := send("nurse", url.Values{"task": boxesOf(asked.text), "do": {"referral receive"}, "sure": {"yes"}, "back": {"/work"}})
	w.wants(done, 200, "1 is done", "1 is not, and stays as it is", "This has changed since you opened the list", "Being looked at")
	w.wants(w.get("nurse", rooms[0]), 200, "Being looked at")

	fresh := boxes(w.get("nurse", "/work").text)
	missing := send("nurse", url.Values{"task": fresh, "do": {"referral reroute"}, "sure": {"yes"}, "back": {"/work"}})
	w.wants(missing, 422, "Error: ", "Choose why", "Choose a service", `href="#reason"`)
	claimed := send("nurse", url.Values{"task": fresh, "do": {"claim"}, "back": {"/work"}})
	w.wants(claimed, 200, "3 are done")
	w.wants(w.get("nurse", "/work?list=mine"), 200, "3 open tasks")

	for name, wrong := range map[string]struct {
		as     string
		v      url.Values
		status int
		says   string
	}{
		"nothing chosen":    {"nurse", url.Values{"do": {"claim"}}, 400, "Choose the tasks"},
		"no such thing":     {"nurse", url.Values{"task": fresh, "do": {"referral complete"}}, 400, "Choose what is to be done"},
		"a field of theirs": {"nurse", url.Values{"task": fresh, "do": {"claim"}, "owner": {"x"}}, 400, "does not ask for"},
		"another's tasks":   {"elsewhere", url.Values{"task": fresh, "do": {"claim"}}, 200, "Not done"},
	} {
		a := send(wrong.as, wrong.v)
		if a.Code != wrong.status || !strings.Contains(a.text, wrong.says) {
			t.Errorf("%s = %d: %s; want %d and %q", name, a.Code, plainly(a.text), wrong.status, wrong.says)
		}
		if wrong.as == "elsewhere" && strings.Contains(a.text, "Community team") {
			t.Errorf("%s tells what the tasks are about: %s", name, plainly(a.text))
		}
	}
}

// TestSeveralAreBoundToTheirPersons: a line that was about another person does
// nothing, and keeps no other back.
func TestSeveralAreBoundToTheirPersons(t *testing.T) {
	w := newWorld(t)
	task(t, w.referAmina(url.Values{"key": {"one"}}))
	task(t, w.referAmina(url.Values{"key": {"two"}, "again": {"yes"}}))
	chosen := boxes(w.get("nurse", "/work").text)
	chosen[0] = strings.Replace(chosen[0], " amina ", " bare ", 1)
	done := w.post("nurse", "/work", url.Values{"task": chosen, "do": {"claim"}, "back": {"/work"}})
	w.wants(done, 200, "1 is done", "This line was about another person than the task is now")
	if strings.Contains(done.text, "BARE") {
		t.Error("the answer names a person whom the form named and no task is about")
	}
	w.wants(w.get("nurse", "/work?list=mine"), 200, "1 open task")
}

// boxesOf are the tasks that a page which asks once more sends on.
func boxesOf(text string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`type="hidden" name="task" value="([^"]+)"`).FindAllStringSubmatch(text, -1) {
		out = append(out, strings.ReplaceAll(m[1], "&#34;", `"`))
	}
	return out
}

// TestFiltersAreKept: the filters of last time are there again and said, the order
// is not; and what came to its end today stays in sight.
func TestFiltersAreKept(t *testing.T) {
	w := newWorld(t)
	task(t, w.referAmina(nil))
	first := w.get("nurse", "/work?kind=question&late=yes&sort=newest+first")
	cookie := ""
	for _, c := range first.Result().Cookies() {
		if strings.HasSuffix(c.Name, filtersCookie) {
			cookie = c.Name + "=" + c.Value
		}
	}
	if cookie == "" || strings.Contains(cookie, "sort") {
		t.Fatalf("the cookie is %q, want the filters without the order", cookie)
	}
	w.wants(w.get("nurse", "/work", "Cookie", cookie), 200, "questions to us", "late ones only", "due first.", "These are your filters of last time", "Show everything")
	all := w.get("nurse", "/work?list=", "Cookie", cookie)
	w.wants(all, 200, "everything open", "1 open task", "0 came to their end today")
	w.wants(w.get("gp", "/work"), 200, "0 came to their end today")
	v := url.Values{"person": {"amina"}, "what": {"action"}, "text": {"Look at the stairs"}, "owner": {"us"}, "day": {"10"}, "month": {"2"}, "year": {"2026"}}
	if a := w.post("gp", "/people/amina/plan", v); a.Code != 303 {
		t.Fatalf("an action = %d: %s", a.Code, plainly(a.text))
	}
	at := regexp.MustCompile(`/referrals/[^"?]+`).FindString(w.get("gp", "/work").text)
	w.now = w.now.Add(time.Hour)
	w.move("gp", at, "done", nil)
	w.wants(w.get("gp", "/work"), 200, "1 came to its end today", "Changed since you last looked", "Look at the stairs", "AMIN-CANARY, Amina Hodan", "done")
	w.now = w.now.Add(24 * time.Hour)
	w.wants(w.get("gp", "/work"), 200, "0 came to their end today")
}

package pages

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"joinery/fhir"
)

// TestFieldsThatAFormDoesNotHave: every form of the table refuses what it did not
// ask for, be it a role, an owner or whatever else a handler might once read.
func TestFieldsThatAFormDoesNotHave(t *testing.T) {
	w := newWorld(t)
	room := strings.TrimPrefix(task(t, w.referAmina(nil)), "/referrals/")
	invited := string(w.invites(w.inForce("escape-pain"), "amina").Task)
	g := newGate(t, false)
	g.enters(g.account("gray", gp), "/")
	sent := map[string]bool{}
	for _, f := range []struct{ as, pattern, path, more string }{
		{"", "/language", "", ""},
		{"", signInPath, "", ""},
		{"", passwordPath, "", ""},
		{"", "/password/codes", "", ""},
		{"", "/password/sessions", "", ""},
		{"", sessionPath, "", ""},
		{"gp", "/emergency", "", ""},
		{"nurse", "/work/{task}/claim", room, ""},
		{"nurse", "/work", "", "task=" + room + "+amina+x"},
		{"gp", "/people", "", ""},
		{"gp", "/people/{id}/plan", "amina", ""},
		{"gp", "/people/{id}/refer", "amina", "service=team-s"},
		{"nurse", "/referrals/{task}", room, ""},
		{"finder", "/candidates/{model}", "escape-pain", ""},
		{"patient", "/me/tasks/{task}", room, ""},
		{"patient", "/me/invitations/{task}", invited, ""},
		{"patient", "/me/referrals/{task}", room, ""},
		{"patient", "/me/plan", "", ""},
		{"patient", "/me/record/{type}/{id}", "Condition/c1", ""},
		{"gp", "/launch/{token}", "x", ""},
		{"gp", "/launch", "", ""},
		{"patient", "/me/sharing/{id}", "consent-carer", ""},
		{"lead", "/models/{id}/apply", "falls-response-car", ""},
		{"admin", "/admin/agreements", "", ""},
		{"admin", "/admin/agreements/{id}", "agreement", ""},
		{"admin", "/admin/directory/{kind}/{id}", "organisation/gp", ""},
		{"admin", "/admin/accounts", "", ""},
		{"admin", "/admin/tokens", "", ""},
		{"privacy", "/admin/audit", "", ""},
		{"privacy", "/admin/why", "", ""},
	} {
		sent[f.pattern] = true
		form, err := url.ParseQuery(f.more)
		if err != nil {
			t.Fatal(err)
		}
		form.Set("role", "system")
		if f.pattern == "/admin/accounts" { // it asks for a role
			form = url.Values{"scope": {"system/*.cruds"}}
		}
		path := inPath.ReplaceAllString(strings.NewReplacer("{kind}/{id}", "{id}", "{type}/{id}", "{id}").Replace(f.pattern), f.path)
		a := w.post(f.as, path, form)
		if f.pattern == sessionPath || f.pattern == "/emergency" || strings.HasPrefix(f.pattern, passwordPath) { // for who has a session
			a = g.browse(http.MethodPost, path, form)
		}
		if a.Code != 400 || !strings.Contains(a.text, "a field that this page does not") {
			t.Errorf("%s as %s takes a field that it does not have: %d %s", path, f.as, a.Code, plainly(a.text))
		}
	}
	sent["/leave"] = true                // as the next
	sent["/sign-out"] = true             // it reads none, and must not fail
	sent["/models/{id}/rollback"] = true // it needs two versions, and checks as apply does
	for _, rt := range table() {
		if rt.method == http.MethodPost && !sent[rt.path] {
			t.Errorf("POST %s is not tried: add it above", rt.path)
		}
	}
}

// fifty sends the same form fifty times at once, and counts the answers.
func (w *world) fifty(as, path string, form url.Values) map[int]int {
	got := map[int]int{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			code := w.post(as, path, form).Code
			mu.Lock()
			defer mu.Unlock()
			got[code]++
		})
	}
	all.Wait()
	return got
}

// TestFiftySubmits: what is sent fifty times at once is done once; whoever else sent
// it is told that it is done, or how things are now.
func TestFiftySubmits(t *testing.T) {
	w := newWorld(t)
	w.inForce("escape-pain")
	once := func(what string, got map[int]int, done int, refused ...int) {
		t.Helper()
		sum := got[done] + got[http.StatusServiceUnavailable] // too much was asked at once
		for _, code := range refused {
			sum += got[code]
		}
		if sum != 50 || got[done] < 1 || len(refused) > 0 && refused[0] != 0 && got[done] != 1 {
			t.Errorf("%s, fifty times: %v", what, got)
		}
	}

	refer := with(hiddenFields(w.get("gp", "/people/amina/refer?service=team-s").text), "reason", "Fell at home", "priority", "urgent", "agreed", "yes")
	once("a referral", w.fifty("gp", "/people/amina/refer", refer), 303, 0, 422) // or told that it is there
	list := w.get("nurse", "/work")
	w.wants(list, 200, "1 open task")
	id := hrefOf(t, list, "/referrals/")
	once("a claim", w.fifty("nurse", "/work/"+id+"/claim", with(hiddenFields(list.text), "do", "claim")), 303, 409)
	once("a move", w.fifty("nurse", "/referrals/"+id, w.formOf(w.get("nurse", "/referrals/"+id), "receive")), 303, 0, 409) // or told how it is, having been made
	if r, err := w.flow("nurse").Referral(t.Context(), fhir.ID(id)); err != nil || len(r.History) != 2 {
		t.Errorf("after it was sent and received its history is %v, %v", r.History, err)
	}

	m := shipped()["escape-pain"]
	path := "/me/invitations/" + string(w.invites(m, "amina").Task)
	yes := w.get("patient", path).filled(t, path, "answer", "yes", "service", "model-escape-pain-leisure-centre")
	once("an answer", w.fifty("patient", path, yes), 303, 409)
	if n := strings.Count(w.get("patient", "/me").text, `href="/me/referrals/`); n != 2 {
		t.Errorf("%d referrals after one and an invitation taken, want 2", n)
	}

	goal := with(w.get("gp", "/people/amina/plan").filledBy(t, "what", "goal"), "text", "To climb the stairs")
	once("a goal", w.fifty("gp", "/people/amina/plan", goal), 303, 0, 409)
	words := w.get("patient", "/me/plan").filled(t, "/me/plan", "says", "To sleep in my bed")
	once("one's own words", w.fifty("patient", "/me/plan", words), 303, 0, 409)
	plan := now(w)
	for _, said := range []string{"To climb the stairs", "To sleep in my bed"} {
		if n := strings.Count(plan, said); n != 1 {
			t.Errorf("%q stands %d times in the plan, want once", said, n)
		}
	}
	// What is said anew from another page is said again.
	again := with(w.get("gp", "/people/amina/plan").filledBy(t, "what", "goal"), "text", "To climb the stairs")
	if a := w.post("gp", "/people/amina/plan", again); a.Code != 303 || strings.Count(now(w), "To climb the stairs") != 2 {
		t.Errorf("a goal that is said anew is not written: %d", a.Code)
	}

	end := "/me/sharing/consent-carer"
	once("an end of sharing", w.fifty("patient", end, w.get("patient", end).filled(t, end)), 303, 404, 409, 412)

	agree := w.get("admin", "/admin/agreements").filled(t, "/admin/agreements", "title", "Elm and the team once")
	agree["party"], agree["purpose"] = []string{"Organization/gp", "Organization/team"}, []string{"TREAT"}
	once("an agreement", w.fifty("admin", "/admin/agreements", agree), 303, 0)
	if n := strings.Count(w.get("admin", "/admin/agreements").text, "Elm and the team once"); n != 1 {
		t.Errorf("the agreement was started %d times, want once", n)
	}
}

// now is what stands in Amina's plan, without how it came to be.
func now(w *world) string {
	text, _, _ := strings.Cut(w.get("gp", "/people/amina/plan").text, `id="changes"`)
	return text
}

// hrefOf returns what follows a prefix in the first link that has it.
func hrefOf(t testing.TB, a answer, prefix string) string {
	t.Helper()
	_, after, ok := strings.Cut(a.text, `href="`+prefix)
	if !ok {
		t.Fatalf("no link leads to %s: %s", prefix, plainly(a.text))
	}
	id, _, _ := strings.Cut(after, `"`)
	id, _, _ = strings.Cut(id, "?")
	return id
}

// filledBy are the hidden fields of the form on a page that has one of a value.
func (a answer) filledBy(t testing.TB, name, value string) url.Values {
	t.Helper()
	for _, form := range strings.Split(a.text, "<form")[1:] {
		form, _, _ = strings.Cut(form, "</form>")
		if strings.Contains(form, `name="`+name+`" value="`+value+`"`) {
			return hiddenFields(form)
		}
	}
	t.Fatalf("no form has %s %s: %s", name, value, plainly(a.text))
	return nil
}

// TestFormsOfSomebodyElse: in two tabs, or by the button to go back, a form that was
// made for one person is never done to another, nor one made from what has changed.
func TestFormsOfSomebodyElse(t *testing.T) {
	w := newWorld(t)
	room := task(t, w.referAmina(nil))
	id := strings.TrimPrefix(room, "/referrals/")
	invite := "/me/invitations/" + string(w.invites(w.inForce("escape-pain"), "amina").Task)
	mine := "/me/referrals/" + id
	before := w.get("gp", "/people/amina/plan").text
	for what, f := range map[string]struct {
		as, path string
		form     url.Values
	}{
		"a claim":             {"nurse", "/work/" + id + "/claim", with(hiddenFields(w.get("nurse", "/work").text), "do", "claim")},
		"a move":              {"nurse", room, w.formOf(w.get("nurse", room), "receive")},
		"a saying":            {"gp", "/people/amina/plan", with(w.get("gp", "/people/amina/plan").filledBy(t, "what", "note"), "text", "Wrong-Canary")},
		"a referral":          {"gp", "/people/amina/refer", with(hiddenFields(w.get("gp", "/people/amina/refer?service=charity-s").text), "reason", "Wrong-Canary")},
		"one's own words":     {"patient", "/me/plan", w.get("patient", "/me/plan").filled(t, "/me/plan", "says", "Wrong-Canary")},
		"an answer":           {"patient", invite, w.get("patient", invite).filled(t, invite, "answer", "yes", "service", "model-escape-pain-leisure-centre")},
		"one's own referral":  {"patient", mine, w.get("patient", mine).filled(t, mine, "move", "cancel", "reason", "helped")},
		"a carer's referral":  {"carer", mine, w.get("carer", mine).filled(t, mine, "move", "cancel", "reason", "helped")},
		"a task that is done": {"patient", "/me/tasks/" + id, url.Values{"person": {"amina"}}},
	} {
		for _, other := range []string{"bare", "nobody", ""} {
			a := w.post(f.as, f.path, with(f.form, "person", other))
			if a.Code != 409 && a.Code != 404 && (a.Code != 400 || other != "") || strings.Contains(a.text, "Hidden-Canary") {
				t.Errorf("%s for %q = %d %s, want it refused", what, other, a.Code, plainly(a.text))
			}
		}
		if f.form.Get("version") == "" {
			continue
		}
		if a := w.post(f.as, f.path, with(f.form, "version", `W/"99"`)); a.Code != 409 && a.Code != 412 {
			t.Errorf("%s from another version = %d %s, want it refused", what, a.Code, plainly(a.text))
		}
		if a := w.post(f.as, f.path, with(f.form, "version", "")); a.Code != 400 && a.Code != 409 {
			t.Errorf("%s from no version = %d %s, want it refused", what, a.Code, plainly(a.text))
		}
	}
	w.wants(w.get("nurse", room), 200, "Sent, not looked at yet", `name="do" value="claim"`)
	w.wants(w.get("patient", invite), 200, "I am not well enough")
	if after := w.get("gp", "/people/amina/plan").text; strings.Contains(after, "Wrong-Canary") || strings.Count(after, "<li>") != strings.Count(before, "<li>") {
		t.Error("something was written in the plan")
	}
	// What is of another kind, or another's, has no page of one's own.
	for _, path := range []string{"/me/invitations/" + id, strings.Replace(invite, "invitations", "referrals", 1), "/me/sharing/agreement", "/me/sharing/no-such"} {
		w.wants(w.get("patient", path), 404)
	}
	// An administrator ends agreements of organisations, and nothing that a person said.
	if a := w.post("admin", "/admin/agreements/consent-carer", url.Values{"version": {`W/"1"`}}); a.Code != 404 {
		t.Errorf("an administrator ends what a person opened: %d", a.Code)
	}
	w.wants(w.get("patient", "/me/sharing"), 200, "Yusuf Amin")
}

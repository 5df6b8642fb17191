package pages

import (
	"strings"
	"testing"
	"time"

	"joinery/record"
	"joinery/record/access"
)

// TestWhoLookedAtMyRecord: the person reads who looked, for what, and when.
func TestWhoLookedAtMyRecord(t *testing.T) {
	w := newWorld(t)
	w.wants(w.get("patient", "/me/looked"), 200, "Who looked at my record")
	w.wants(w.get("gp", "/people/amina"), 200)
	w.now = w.now.Add(time.Minute)
	a := w.get("patient", "/me/looked")
	w.wants(a, 200, "Dr Ann Gray", "To treat you or look after you", "Looked at", "3 February 2026")
	w.wants(w.get("carer", "/me/looked"), 403)
}

// TestAgreementsStartAndEndAtOnce: the nurse sees Amina from the moment that her
// team and the practice agree, and no longer from the moment that it ends.
func TestAgreementsStartAndEndAtOnce(t *testing.T) {
	w := newWorld(t)
	a := w.get("admin", "/admin/agreements")
	w.wants(a, 200, "sharing agreement", "Elm Practice", "treating and looking after people")
	w.wants(w.get("gp", "/people/amina"), 200)
	end := "/admin/agreements/agreement"
	stale := a.filled(t, end)
	stale.Set("version", `W/"0"`)
	w.wants(w.post("admin", end, stale), 409)
	if done := w.post("admin", end, a.filled(t, end)); done.Code != 303 {
		t.Fatalf("ended = %d %s", done.Code, plainly(done.text))
	}
	w.wants(w.get("gp", "/people/amina"), 404)
	a = w.get("admin", "/admin/agreements")
	w.wants(a, 200, "No agreement is in force", "No longer in force")
	start := "/admin/agreements"
	w.wants(w.post("admin", start, a.filled(t, start, "title", "", "day", "31", "month", "2", "year", "2026")), 400, "Say what it is called", "at least two organisations", "at least one purpose", "Enter a day that there is")
	form := a.filled(t, start, "title", "Elm and the team")
	form["party"], form["purpose"] = []string{"Organization/gp", "Organization/team"}, []string{"TREAT"}
	if done := w.post("admin", start, form); done.Code != 303 {
		t.Fatalf("started = %d %s", done.Code, plainly(done.text))
	}
	w.wants(w.get("gp", "/people/amina"), 200)
	w.wants(w.get("admin", "/admin/agreements"), 200, "Elm and the team", "Community team, Elm Practice")
}

// TestAccountsAndTokens: accounts are made, told once, reset and disabled; tokens
// are listed and revoked.
func TestAccountsAndTokens(t *testing.T) {
	w := newWorld(t)
	path := "/admin/accounts"
	w.wants(w.get("admin", path), 200, "There is no account")
	form := w.get("admin", path).filled(t, path, "do", "make", "name", "ann@elm.example", "display", "Dr Ann Gray", "role", "staff", "practitioner", "gray", "organisation", "gp")
	made := w.post("admin", path, form)
	w.wants(made, 200, "To be handed over now", "ann@elm.example", "Recovery codes")
	w.wants(w.post("admin", path, form), 400, "Error: Accounts")
	list := w.get("admin", path)
	w.wants(list, 200, "ann@elm.example", "Dr Ann Gray", "The password is to be changed")
	if strings.Contains(list.text, "To be handed over now") {
		t.Error("a password is told twice")
	}
	disable := list.filled(t, path, "do", "disable")
	if done := w.post("admin", path, disable); done.Code != 303 {
		t.Fatalf("disabled = %d %s", done.Code, plainly(done.text))
	}
	w.wants(w.get("admin", path), 200, "Disabled")
	if _, err := w.rec.As(w.operator()).CreateToken(t.Context(), "laboratory", record.Grant{Scope: "system/Observation.c"}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	a := w.get("admin", "/admin/tokens")
	w.wants(a, 200, "laboratory", "system/Observation.c")
	if done := w.post("admin", "/admin/tokens", a.filled(t, "/admin/tokens")); done.Code != 303 {
		t.Fatalf("revoked = %d %s", done.Code, plainly(done.text))
	}
	w.wants(w.get("admin", "/admin/tokens"), 200, "Revoked")
}

// TestTheDirectory: an administrator finds an organisation, sees what hangs on it,
// adds and changes its entries from the version that they saw, and ends one, which
// stays.
func TestTheDirectory(t *testing.T) {
	w := newWorld(t)
	w.inForce("escape-pain")
	w.store(`{"resourceType":"Location","id":"hall","status":"active","name":"Elm hall","position":{"longitude":-0.050,"latitude":51.4500},"managingOrganization":{"reference":"Organization/gp"},"address":{"city":"Elmgreen"}}
{"resourceType":"PractitionerRole","id":"gray-r","active":true,"practitioner":{"reference":"Practitioner/gray"},"organization":{"reference":"Organization/gp"},"code":[{"coding":[{"system":"http://snomed.info/sct","code":"62247001","display":"General practitioner"}]}]}`)
	if _, err := w.rec.As(w.operator()).CreateToken(t.Context(), "elm-feed", record.Grant{Role: "staff", Purpose: access.Treatment, Practitioner: "gray", Organization: "gp"}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	w.wants(w.get("admin", "/admin/organisations"), 200, "Elm Practice", "A charity")
	found := w.get("admin", "/admin/organisations?find=elm")
	w.wants(found, 200, "Elm Practice")
	if strings.Contains(found.text, "A charity") {
		t.Error("an organisation is found by words that it does not have")
	}
	w.wants(w.get("admin", "/admin/organisations?find=nothing"), 200, "No organisation has these words")
	w.wants(w.get("admin", "/admin/organisations/gp"), 200, "Elm hall", "Dr Ann Gray", "General practitioner", "sharing agreement", "Nobody signs in for it", "elm-feed")
	w.wants(w.get("admin", "/admin/organisations/team"), 200, "Of a model of care", "Community team")
	w.wants(w.get("admin", "/admin/organisations/no-such"), 404)

	path := "/admin/directory/place/hall"
	form := w.get("admin", path)
	w.wants(form, 200, "Change a place", `value="Elm hall"`)
	w.wants(w.post("admin", path, form.filled(t, path, "do", "keep", "name", "", "town", "", "postcode", "", "phone", "")), 400, "Error: ", "Enter its name")
	stale := form.filled(t, path, "do", "keep", "name", "Stale hall", "town", "", "postcode", "", "phone", "")
	if done := w.post("admin", path, form.filled(t, path, "do", "keep", "name", "New hall", "town", "", "postcode", "SE1 1AA", "phone", "020 7946 0001")); done.Code != 303 || done.Header().Get("Location") != "/admin/organisations/gp" {
		t.Fatalf("kept = %d %s", done.Code, plainly(done.text))
	}
	w.wants(w.post("admin", path, stale), 409, "Somebody changed this since you opened it")
	kept, err := w.rec.As(w.operator()).Read(t.Context(), "Location", "hall")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{`"New hall"`, `"postalCode":"SE1 1AA"`, `"longitude":-0.050`, `51.4500`, `"020 7946 0001"`} {
		if !strings.Contains(string(kept.JSON()), text) {
			t.Errorf("kept is %s, without %s", kept.JSON(), text)
		}
	}
	if strings.Contains(string(kept.JSON()), "Elmgreen") || strings.Contains(string(kept.JSON()), "Stale") {
		t.Errorf("kept is %s", kept.JSON())
	}
	form = w.get("admin", path)
	for _, as := range []string{"gp", "lead", "privacy", "patient"} {
		w.wants(w.get(as, path), 403)
		w.wants(w.post(as, path, form.filled(t, path, "do", "end")), 403)
	}
	if done := w.post("admin", path, form.filled(t, path, "do", "end")); done.Code != 303 {
		t.Fatalf("ended = %d %s", done.Code, plainly(done.text))
	}
	w.wants(w.get("admin", "/admin/organisations/gp"), 200, "New hall", "Ended")
	form = w.get("admin", path)
	w.wants(form, 200, "It can begin again")
	if done := w.post("admin", path, form.filled(t, path, "do", "begin")); done.Code != 303 {
		t.Fatalf("begun = %d %s", done.Code, plainly(done.text))
	}
}

// TestTheDirectoryGrows: organisations, services and people with their roles are
// added; a service of a model is not changed here; and what is no kind, no version
// or no field of the form is refused.
func TestTheDirectoryGrows(t *testing.T) {
	w := newWorld(t)
	w.inForce("escape-pain")
	path := "/admin/directory/organisation/new"
	form := w.get("admin", path)
	w.wants(form, 200, "Add an organisation", "Voluntary sector")
	done := w.post("admin", path, form.filled(t, path, "do", "keep", "name", "Larkfield <b>Surgery</b>", "kind", "prov", "phone", "", "email", "desk@larkfield.example"))
	if done.Code != 303 {
		t.Fatalf("added = %d %s", done.Code, plainly(done.text))
	}
	of := done.Header().Get("Location")
	w.wants(w.get("admin", of), 200, "Larkfield &lt;b&gt;Surgery", "Provides care", "desk@larkfield.example", "It is bound by no agreement")
	id := strings.TrimPrefix(of, "/admin/organisations/")
	path = "/admin/directory/role/new?of=" + id
	form = w.get("admin", path)
	w.wants(w.post("admin", path, form.filled(t, path, "do", "keep", "prefix", "", "given", "Rose", "family", "", "role", "Practice nurse", "phone", "")), 400, "Enter their last name")
	if done = w.post("admin", path, form.filled(t, path, "do", "keep", "prefix", "Sister", "given", "Rose", "family", "Bell", "role", "Practice nurse", "phone", "")); done.Code != 303 || done.Header().Get("Location") != of {
		t.Fatalf("added = %d %s", done.Code, plainly(done.text))
	}
	path = "/admin/directory/service/new?of=" + id
	form = w.get("admin", path)
	if done = w.post("admin", path, form.filled(t, path, "do", "keep", "name", "Leg clinic", "says", "For legs", "phone", "", "email", "")); done.Code != 303 {
		t.Fatalf("added = %d %s", done.Code, plainly(done.text))
	}
	w.wants(w.get("admin", of), 200, "Sister Rose Bell", "Practice nurse", "Leg clinic")

	locked := "/admin/directory/service/model-escape-pain-leisure-centre"
	w.wants(w.get("admin", locked), 200, "it changes when the model is put in force anew")
	found, err := w.rec.As(w.operator()).Read(t.Context(), "HealthcareService", "model-escape-pain-leisure-centre")
	if err != nil {
		t.Fatal(err)
	}
	w.wants(w.post("admin", locked, map[string][]string{"version": {found.ETag()}, "do": {"end"}}), 400, "put in force anew")
	for path, status := range map[string]int{
		"/admin/directory/patient/amina": 404, "/admin/directory/place/no-such": 404, "/admin/directory/place/new": 404, "/admin/directory/place/new?of=no-such": 404, "/admin/directory/organisation/gp": 200,
	} {
		w.wants(w.get("admin", path), status)
	}
	org := "/admin/directory/organisation/gp"
	w.wants(w.post("admin", org, map[string][]string{"version": {""}, "do": {"end"}}), 409)
	form = w.get("admin", org)
	w.wants(w.post("admin", org, form.filled(t, org, "do", "keep", "name", "x", "kind", "invented", "phone", "", "email", "")), 400, "Choose a kind")
	w.wants(w.post("admin", org, form.filled(t, org, "do", "delete")), 400)
	w.wants(w.post("admin", org, form.filled(t, org, "do", "end", "meta", "x")), 400)
}

// TestTheAuditAndWhy: who answers for privacy finds who asked for what, what was
// refused, and who could see something by which rule; and no entry of anyone.
func TestTheAuditAndWhy(t *testing.T) {
	w := newWorld(t)
	w.wants(w.get("gp", "/people/amina"), 200)
	w.wants(w.get("elsewhere", "/people/nobody"), 404)
	path := "/admin/audit"
	form := w.get("privacy", path).filled(t, path, "person", "amina", "outcome", "any")
	a := w.post("privacy", path, form)
	w.wants(a, 200, "Dr Ann Gray", "Patient/amina", "staff/treat")
	form.Set("person", "")
	form.Set("outcome", "refused")
	w.wants(w.post("privacy", path, form), 200, "Dr Far", "Refused")
	form.Set("person", "not an id")
	w.wants(w.post("privacy", path, form), 400, "Enter the id of a Patient")
	w.wants(w.get("privacy", "/admin/alerts"), 200, "There is nothing to be looked at")
	if _, err := w.rec.As(w.people["admin"].Subject).CreateAccount(t.Context(), record.NewAccount{Name: "ann@elm.example", Grant: record.Grant{Role: "staff", Practitioner: "gray", Organization: "gp", Purpose: access.Treatment, Display: "Dr Ann Gray"}}); err != nil {
		t.Fatal(err)
	}
	ask := "/admin/why"
	page := w.get("privacy", ask)
	w.wants(w.post("privacy", ask, page.filled(t, ask, "account", "ann@elm.example", "type", "Condition", "id", "c1")), 200, "Yes, they could see it now", "they are in the care team", "staff/treat")
	for _, id := range []string{"sealed", "no-such"} {
		w.wants(w.post("privacy", ask, page.filled(t, ask, "account", "ann@elm.example", "type", "Condition", "id", id)), 200, "No, they could not see it now")
	}
	w.wants(w.post("privacy", ask, page.filled(t, ask, "account", "who@elm.example", "type", "Condition", "id", "c1")), 400, "Error: ")
	w.wants(w.post("privacy", ask, page.filled(t, ask, "account", "ann@elm.example", "type", "Nothing", "id", "c1")), 400)
	for _, path := range []string{path, ask, "/admin/alerts", "/admin"} {
		for _, as := range []string{"gp", "lead", "patient", "analyst"} {
			w.wants(w.get(as, path), 403)
		}
	}
}

// TestRefusedImports: an administrator reads what imports refused, by reason, what was
// mended since, and takes it away as a file in which nothing is a formula.
func TestRefusedImports(t *testing.T) {
	w := newWorld(t)
	w.wants(w.get("admin", "/admin/refused"), 200, "No import has refused anything")
	w.refuses(1000)
	w.refuses(2000)
	list := w.get("admin", "/admin/refused")
	w.wants(list, 200, "olga", "3 refused", "1 mended since", "2 × Patient.birthDate: This is no day.")
	if strings.Index(list.text, "/admin/refused/2000") > strings.Index(list.text, "/admin/refused/1000") {
		t.Error("the newest run is not first")
	}
	w.wants(w.get("admin", "/admin/refused/1000"), 200, "patients.ndjson, line 7", "Not mended", "Mended", "=cmd()")
	file := w.get("admin", "/admin/refused/1000/csv")
	w.wants(file, 200, "file,line,entry,reason,mended", "patients.ndjson,7,0,Patient.birthDate: This is no day.,\n", "'=cmd()", "2026-02-03T09:10:00Z")
	if h := file.Header(); !strings.HasPrefix(h.Get("Content-Type"), "text/csv") || !strings.Contains(h.Get("Content-Disposition"), "attachment") {
		t.Errorf("the file comes as %v", h)
	}
	w.wants(w.get("admin", "/admin/refused/3000"), 404)
	for _, path := range []string{"/admin/refused", "/admin/refused/1000", "/admin/refused/1000/csv"} {
		for _, as := range []string{"gp", "lead", "privacy", "patient", "analyst"} {
			w.wants(w.get(as, path), 403)
		}
	}
}

// refuses is a run of an import that refused three lines, of which the last has been
// taken since.
func (w *world) refuses(run int64) {
	w.Helper()
	v := w.rec.As(w.operator())
	of := func(line int, reason string) record.Refusal {
		return record.Refusal{Place: []byte{byte(run)}, File: "patients.ndjson", Line: line, Reason: reason}
	}
	if err := v.KeepRefusals(w.Context(), run, w.now, []record.Refusal{of(7, "Patient.birthDate: This is no day."), of(8, "=cmd()"), of(9, "Patient.birthDate: This is no day.")}); err != nil {
		w.Fatal(err)
	}
	if err := v.MendRefusals(w.Context(), []byte{byte(run)}, func(r record.Refusal) bool { return r.Line == 9 }); err != nil {
		w.Fatal(err)
	}
}

// TestAdminInABrowser looks at the pages of those who keep the record.
func TestAdminInABrowser(t *testing.T) {
	w := newWorld(t)
	b := newBrowser(t, w)
	w.refuses(1000)
	w.wants(w.get("gp", "/people/amina"), 200)
	if _, err := w.rec.As(w.people["admin"].Subject).CreateAccount(t.Context(), record.NewAccount{Name: "ann@elm.example", Grant: record.Grant{Role: "staff", Practitioner: "gray", Organization: "gp", Purpose: access.Treatment, Display: "Dr Ann Gray"}}); err != nil {
		t.Fatal(err)
	}
	b.sweep([]seenBy{
		{"patient", "/me/looked"},
		{"admin", "/admin"},
		{"admin", "/admin/agreements"},
		{"admin", "/admin/accounts"},
		{"admin", "/admin/organisations"},
		{"admin", "/admin/organisations/team"},
		{"admin", "/admin/refused"},
		{"admin", "/admin/refused/1000"},
		{"admin", "/admin/directory/organisation/gp"},
		{"admin", "/admin/tokens"},
		{"privacy", "/admin/audit"},
		{"privacy", "/admin/alerts"},
		{"privacy", "/admin/why"},
	})
}

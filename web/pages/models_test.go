package pages

import (
	"context"
	"strings"
	"testing"

	"joinery/care/model/plan"
	"joinery/care/workflow"
	"joinery/fhir"
	"joinery/record"
	"joinery/timeline"
)

// A network lead sees which models are in force, what each says, how it goes as
// counts, and nobody's row.
func TestModelsInForce(t *testing.T) {
	w := newWorld(t)
	w.wants(w.get("lead", "/models"), 200, "No model of care is in force", "ESCAPE-pain", "Unreviewed")
	m := w.inForce("escape-pain")
	w.wants(w.get("lead", "/models"), 200, "In South east London", m.Title, "1.0.0", "2026-02-03")
	for range 9 {
		w.referredTo("amina", "model-escape-pain-leisure-centre")
	}
	a := w.get("lead", "/models/escape-pain")
	w.wants(a, 200, "unreviewed: no clinician has put their name to this model", "is in force in South east London", "From found to completed", "Referred, by whichever way", "10", "Leisure centre", "60", "fewer than 5", "Somebody answers within two working days", "A try", "olga", "Twelve classes in six weeks")
	for _, canary := range []string{"Canary", "CANARY", "amina", "Amina", "999 000"} {
		if strings.Contains(a.text, canary) {
			t.Errorf("a network lead sees %q", canary)
		}
	}
	staff := w.get("gp", "/models/escape-pain")
	w.wants(staff, 200, "unreviewed", "Twelve classes in six weeks", "Leisure centre")
	if strings.Contains(staff.text, "From found to completed") || strings.Contains(staff.text, "/apply") {
		t.Error("staff are shown a funnel, or what they may not do")
	}
	w.wants(w.get("lead", "/models/no-such"), 404)
	w.wants(w.get("lead", "/models/falls-response-car"), 200, "is not in force")
}

// referredTo refers somebody to a service, again and again: each counts.
func (w *world) referredTo(p, service string) {
	w.Helper()
	if _, err := w.operatorFlow().Refer(w.Context(), workflow.Asking{Patient: fhir.ID(p), Service: fhir.ID(service), Requester: "Organization/gp", Reason: "Pain"}); err != nil {
		w.Fatal(err)
	}
}

// TestSmallNumbersAreNotTold: from 1 to 7 people are a star, in the figure, in its
// table and in what is drawn.
func TestSmallNumbersAreNotTold(t *testing.T) {
	w := newWorld(t)
	m := w.inForce("escape-pain")
	c := &call{pages: w.pages, tongue: w.pages.screens.tongues[0]}
	v := c.funnelView(m, &workflow.Funnel{
		Candidates: 3, Invited: 42, Agreed: 23, Referred: 7, Began: 1, Reasons: map[string]int{"refuse: it is too far": 2, "declined: no room": 12},
		Outcomes: map[string]int{"Stopped coming": 4}, Clocks: map[string]workflow.Share{"answered": {Of: 3, All: 40}, "first-class": {Of: 30, All: 41}},
	})
	text := string(v.Figure)
	for _, told := range []string{">45<", ">40<", ">25<", "1 to 7", "no room: 10"} {
		if !strings.Contains(text, told) {
			t.Errorf("the figure lacks %s: %s", told, plainly(text))
		}
	}
	for _, exact := range []string{">42<", ">23<", ">7<", ">3<", ">1<", "too far: 2", "no room: 12"} {
		if strings.Contains(text, exact) {
			t.Errorf("the figure tells %s", exact)
		}
	}
	if v.Outcomes[0].Told != "*" || v.Clocks[0].Told != "*" || v.Clocks[1].Told != "75%" || !v.Clocks[1].Short || v.Clocks[1].Of != "40" {
		t.Errorf("outcomes %+v, clocks %+v", v.Outcomes, v.Clocks)
	}
}

// TestAModelIsPutInForceWithConfirmation: what was filled in is shown before it is
// done; it is done once, from the version that was seen, and audited in the lead's
// name.
func TestAModelIsPutInForceWithConfirmation(t *testing.T) {
	w := newWorld(t)
	path := "/models/escape-pain/apply"
	form := w.get("lead", path)
	w.wants(form, 200, "Put version 1.0.0 in force", "unreviewed", "Community team", "Elm Practice")
	bad := w.post("lead", path, form.filled(t, path, "day", "31", "month", "2", "year", "2026"))
	w.wants(bad, 400, "Error: ", "Choose who provides it", "Enter a day, today or later", "Say why", `href="#from-day"`)
	fields := []string{"provider", "Organization/team", "day", "4", "month", "2", "year", "2026", "why", "Board of 3 February"}
	check := w.post("lead", path, form.filled(t, path, fields...))
	w.wants(check, 200, "Check before you put it in force", "Community team", "04-Feb-2026", "Board of 3 February", "Lena Lead")
	w.wants(w.get("lead", "/models"), 200, "No model of care is in force")
	sure := check.filled(t, path, "sure", "yes")
	stale := check.filled(t, path, "sure", "yes")
	stale.Set("hash", "0")
	w.wants(w.post("lead", path, stale), 409, "This has changed")
	for _, as := range []string{"gp", "analyst", "patient"} {
		if a := w.post(as, path, sure); a.Code != 403 {
			t.Errorf("%s puts a model in force = %d", as, a.Code)
		}
	}
	if done := w.post("lead", path, sure); done.Code != 303 || done.Header().Get("Location") != "/models/escape-pain" {
		t.Fatalf("done = %d %s", done.Code, plainly(done.text))
	}
	w.wants(w.get("lead", "/models/escape-pain"), 200, "Board of 3 February", "Lena Lead")
	w.wants(w.post("lead", path, sure), 400, "in force then already")
	w.now = w.now.AddDate(0, 0, 2)
	w.wants(w.get("lead", path), 409, "in force already")
}

// TestThePlanOfAModel: it is asked for a month's end in the lead's name, and shown
// with its warnings and marks first.
func TestThePlanOfAModel(t *testing.T) {
	w := newWorld(t)
	w.wants(w.get("lead", "/models/escape-pain/plan"), 503)
	var asked plan.Question
	w.pages.Plan = func(ctx context.Context, v *record.View, q plan.Question) (*plan.Plan, error) {
		if _, err := v.AskAll(ctx, "plan"); err != nil {
			return nil, err
		}
		asked = q
		set, err := new(timeline.Builder).Set()
		if err != nil {
			return nil, err
		}
		return plan.Make(ctx, set, q, 1)
	}
	a := w.get("lead", "/models/escape-pain/plan")
	w.wants(a, 200, "Plan: ESCAPE-pain", "unreviewed", "Eligible: 0", "31 January 2026", "Work, hours a week", "£")
	if asked.On.String() != "2026-01-31" || asked.Exact {
		t.Errorf("asked %+v", asked)
	}
	w.wants(w.get("lead", "/models/escape-pain/plan?on=2025-12-31"), 200, "from 2025-12-31")
	w.wants(w.get("lead", "/models/escape-pain/plan?on=2026-02-03"), 400)
	w.wants(w.get("gp", "/models/escape-pain/plan"), 403)
}

// TestTheLivingPicture: every layer and tile is drawn, an untouched one says so, and
// counts of people are not told when they are few.
func TestTheLivingPicture(t *testing.T) {
	w := newWorld(t)
	a := w.get("gp", "/system")
	w.wants(a, 200, "Resilient communities", "Local care networks", "a. Stable", "c. Multiple and complex", "Maternity", "Estates", "Not yet")
	if n := strings.Count(a.text, `class="jy-tile`); n < 15 {
		t.Errorf("%d tiles, want at least 15", n)
	}
	w.inForce("escape-pain")
	for i := range 7 {
		w.store(`{"resourceType":"RiskAssessment","id":"ra-` + string(rune('a'+i)) + `","meta":{"security":[{"system":"urn:joinery:label","code":"finding"}],"tag":[{"system":"urn:joinery:place","code":"long-term-conditions.b-complex"}]},"status":"final","subject":{"reference":"Patient/amina"}}`)
	}
	w.store(`{"resourceType":"RiskAssessment","id":"ra-few","meta":{"tag":[{"system":"urn:joinery:place","code":"long-term-conditions.a-stable"}]},"status":"final","subject":{"reference":"Patient/amina"}}`)
	w.now = w.now.Add(countsHold)
	for _, as := range []string{"gp", "lead"} {
		w.wants(w.get(as, "/system"), 200, "1 model of care in force", "b, complex: <strong>5</strong>")
		w.wants(w.get(as, "/system/complex"), 200, "ESCAPE-pain", "b, complex", "things to know about this definition")
		w.wants(w.get(as, "/system/stable"), 200, "fewer than 5", "High blood pressure, treated to target")
		w.wants(w.get(as, "/system/cancer"), 200, "Not yet")
		w.wants(w.get(as, "/system/nothing"), 404)
	}
}

func TestBrokenPictures(t *testing.T) {
	for _, broken := range []string{
		"", "source: x\nlayers:\n  - layer: a\n", "source: x\nlayer: y",
		"source: x\nlayers:\n  - {layer: a, title: b, says: c, tiles: [{tile: d, title: e, says: f, source: g, models: [nothing]}]}",
		"source: x\nlayers:\n  - {layer: a, title: b, says: c, tiles: [{tile: d, title: e, says: f, source: g, found: [nothing]}]}",
		"source: x\nlayers:\n  - {layer: a, title: b, says: c, tiles: [{tile: d, title: e, says: f, source: g}, {tile: d, title: e, says: f, source: g}]}",
	} {
		if _, err := readPicture("p.yaml", []byte(broken)); err == nil {
			t.Errorf("%q is no picture, and was read", broken)
		}
	}
}

// TestModelsInABrowser looks at the picture and the pages of models.
func TestModelsInABrowser(t *testing.T) {
	w := newWorld(t)
	b := newBrowser(t, w)
	w.inForce("escape-pain")
	for range 9 {
		w.referredTo("amina", "model-escape-pain-leisure-centre")
	}
	w.pages.Plan = func(ctx context.Context, _ *record.View, q plan.Question) (*plan.Plan, error) {
		set, err := new(timeline.Builder).Set()
		if err != nil {
			return nil, err
		}
		return plan.Make(ctx, set, q, 1)
	}
	b.sweep([]seenBy{
		{"gp", "/system"},
		{"lead", "/system/complex"},
		{"lead", "/models"},
		{"lead", "/models/escape-pain"},
		{"lead", "/models/escape-pain/changes"},
		{"lead", "/models/escape-pain/plan"},
		{"lead", "/models/falls-response-car/apply"},
	})
}

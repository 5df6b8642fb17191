package pages

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"joinery/care/applied"
	"joinery/care/model"
	"joinery/care/model/plan"
	"joinery/care/workflow"
	"joinery/definitions"
	"joinery/fhir"
	"joinery/packs"
	"joinery/record"
	"joinery/source/synth"
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

// applyLocal puts a local version of escape-pain in force in some boroughs.
func (w *world) applyLocal(provider string, areas ...string) {
	w.Helper()
	files, _ := packs.Pack("escape-pain")
	for i := range files {
		files[i].Data = []byte(strings.NewReplacer("version: 1.0.0\n", "version: 1.0.1\n", "owner: Musculoskeletal lead", "owner: Another lead").Replace(string(files[i].Data)))
	}
	m, problems := model.Read("escape-pain", files, definitions.Shipped())
	if len(problems) > 0 {
		w.Fatal(problems)
	}
	if _, err := applied.Apply(w.Context(), w.rec.As(w.operator()), applied.Application{Model: m, Areas: areas, From: day("2026-02-01"), Provider: provider, Why: "A local one", At: w.now}); err != nil {
		w.Fatal(err)
	}
}

func day(text string) timeline.Day {
	d, err := timeline.ParseDay(text)
	if err != nil {
		panic(err)
	}
	return d
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
	fields := form.filled(t, path, "provider", "Organization/team", "day", "4", "month", "2", "year", "2026", "why", "Board of 3 February")
	fields["area"] = []string{"E09000004", "E09000006", "E09000011", "E09000022", "E09000023", "E09000028"}
	check := w.post("lead", path, fields)
	w.wants(check, 200, "Check before you put it in force", "Community team", "04-Feb-2026", "Board of 3 February", "Lena Lead", "Bexley, Bromley, Greenwich, Lambeth, Lewisham, Southwark", "No other version is in force there")
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
	w.wants(w.post("lead", path, sure), 409, "Nothing was done")
	w.now = w.now.AddDate(0, 0, 2)
	w.wants(w.get("lead", path), 409, "in force already")
}

// TestAVersionIsTriedInSomeAreas: a version holds in the boroughs that were chosen
// and nowhere else; where another holds, what differs is shown before it is done; and
// by the same confirmation the lead goes back to the earlier one, from the decisions
// that they saw.
func TestAVersionIsTriedInSomeAreas(t *testing.T) {
	w := newWorld(t)
	w.applyLocal("Organization/team", "E09000004", "E09000011") // a local version in Bexley and Greenwich
	local := w.get("lead", "/models/escape-pain")
	w.wants(local, 200, "Where it is in force", "Bexley", "1.0.1", "Bromley")
	path := "/models/escape-pain/apply"
	form := w.get("lead", path)
	w.wants(form, 200, "In force now", "Bexley: 1.0.1", "Southwark: none")
	w.wants(w.post("lead", path, form.filled(t, path, "provider", "Organization/team", "day", "3", "month", "2", "year", "2026", "why", "Pilot")), 400, "Choose at least one area")
	fields := form.filled(t, path, "provider", "Organization/team", "day", "3", "month", "2", "year", "2026", "why", "Pilot")
	fields["area"] = []string{"E09000004"}
	check := w.post("lead", path, fields)
	w.wants(check, 200, "<dd class=\"nhsuk-summary-list__value\">Bexley</dd>", "What changes: from version 1.0.1 to version 1.0.0 (Bexley)", "owner")
	fields["area"] = []string{"E09000001"}
	w.wants(w.post("lead", path, fields), 400, "Choose at least one area")
	if done := w.post("lead", path, check.filled(t, path, "sure", "yes")); done.Code != 303 {
		t.Fatalf("done = %d %s", done.Code, plainly(done.text))
	}
	s, err := applied.Status(t.Context(), w.rec.As(w.operator()), "escape-pain")
	if err != nil {
		t.Fatal(err)
	}
	today := day("2026-02-03")
	if in := []string{versionOf(s.In("E09000004", today)), versionOf(s.In("E09000011", today)), s.In("E09000006", today)}; !slices.Equal(in, []string{"1.0.0", "1.0.1", ""}) {
		t.Fatalf("in Bexley, Greenwich, Bromley hold %q", in)
	}

	path = "/models/escape-pain/rollback"
	form = w.get("lead", path)
	w.wants(form, 200, "Go back to an earlier version", "1.0.1", "Bexley, Greenwich", "A local one")
	w.wants(w.post("lead", path, form.filled(t, path, "to", short(s.In("E09000011", today)), "area", "E09000004", "day", "3", "month", "2", "year", "2026", "why", "")), 400, "Error: ", "Say why")
	w.wants(w.post("lead", path, form.filled(t, path, "why", "x", "to", "000000000000", "area", "E09000004", "day", "3", "month", "2", "year", "2026")), 400, "Choose a version")
	local = w.post("lead", path, form.filled(t, path, "why", "It did not work", "to", short(s.In("E09000011", today)), "area", "E09000004", "day", "3", "month", "2", "year", "2026"))
	w.wants(local, 200, "Check before you go back", "Bexley", "It did not work", "What changes: from version 1.0.0 to version 1.0.1")
	w.wants(w.get("lead", "/models/escape-pain"), 200, "Version 1.0.0 is in force")
	sure := local.filled(t, path, "sure", "yes")
	stale := local.filled(t, path, "sure", "yes")
	stale.Set("seen", `W/"1"`)
	w.wants(w.post("lead", path, stale), 409, "Nothing was done")
	for _, as := range []string{"gp", "analyst", "patient", "admin"} {
		if a := w.post(as, path, sure); a.Code != 403 {
			t.Errorf("%s goes back = %d", as, a.Code)
		}
	}
	if done := w.post("lead", path, sure); done.Code != 303 {
		t.Fatalf("gone back = %d %s", done.Code, plainly(done.text))
	}
	w.wants(w.post("lead", path, sure), 409)
	w.wants(w.get("lead", "/models/escape-pain"), 200, "It did not work", "Lena Lead", "Version 1.0.1 from 2026-02-03</strong>, Bexley")
	if trail := w.post("privacy", "/admin/audit", map[string][]string{"person": {""}, "who": {""}, "outcome": {"any"}, "day": {""}, "month": {""}, "year": {""}}); !strings.Contains(trail.text, "PlanDefinition/model-escape-pain") || !strings.Contains(trail.text, "Lena Lead") {
		t.Errorf("the audit does not say who went back: %s", plainly(trail.text))
	}
	w.wants(w.get("lead", "/models/falls-response-car/rollback"), 400, "no earlier version")
}

// TestMeasuresAreShownAsTheyMayBeTold: shares of rounded counts with both of them,
// means of eight or more, and in words where there is nothing to tell.
func TestMeasuresAreShownAsTheyMayBeTold(t *testing.T) {
	hoped := 10.0
	w := newWorld(t)
	words := w.pages.screens.tongues[0].drawn
	for _, c := range []struct {
		of   workflow.Measured
		want measureLine
	}{
		{workflow.Measured{Share: true, Of: 33, All: 41, Better: "higher"}, measureLine{State: "told", Value: "88%", Of: "35", All: "40"}},
		{workflow.Measured{Share: true, Of: 3, All: 41, Better: "higher"}, measureLine{State: "withheld", Of: "*", All: "40"}},
		{workflow.Measured{Share: true, Of: 0, All: 6}, measureLine{State: "withheld", Of: "0", All: "*"}},
		{workflow.Measured{Mean: 4.26, People: 8, Hoped: &hoped, Better: "higher", Once: 9}, measureLine{State: "told", Value: "4.3", All: "10", Once: "10", Short: true}},
		{workflow.Measured{Mean: 4.26, People: 7}, measureLine{State: "withheld", All: "*"}},
		{workflow.Measured{Once: 12}, measureLine{State: "once", Once: "10"}},
		{workflow.Measured{}, measureLine{State: "nobody"}},
	} {
		var got measureLine
		if got.fill(&c.of, words); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%+v is shown as %+v, want %+v", c.of, got, c.want)
		}
	}
	w.inForce("escape-pain")
	w.wants(w.get("lead", "/models/escape-pain"), 200, "Nobody has been found, invited or referred yet", "Change of pain", "Nobody yet", "No clock has been decided yet", "What might get worse", "Hoped for")
}

// TestWaitsAgainstTargets: how long half of them waited, how many clocks were missed
// and how many are late now, as they may be told.
func TestWaitsAgainstTargets(t *testing.T) {
	w := newWorld(t)
	m := w.inForce("escape-pain")
	c := &call{pages: w.pages, tongue: w.pages.screens.tongues[0]}
	waits := make([]time.Duration, 20)
	for i := range waits {
		waits[i] = time.Duration(i+1) * 24 * time.Hour
	}
	id := "escape-pain/first-class"
	row := c.keptClock(m, id, &workflow.Funnel{Clocks: map[string]workflow.Share{id: {Of: 12, All: 20}}, Waits: map[string][]time.Duration{id: waits}, Late: map[string]int{id: 3}}, c.drawn("model"))
	if row.Half != "10 days" || row.Told != "50%" || row.Of != "20" || row.Missed != "10" || row.Late != "*" || row.Within != "6 weeks" || !row.Short && row.Target != "" {
		t.Errorf("the row is %+v", row)
	}
	row = c.keptClock(m, id, &workflow.Funnel{Clocks: map[string]workflow.Share{id: {Of: 2, All: 7}}, Waits: map[string][]time.Duration{id: waits[:7]}}, c.drawn("model"))
	if row.Half != "" || row.Told != "*" || row.Missed != "*" {
		t.Errorf("of few the row is %+v", row)
	}
	for d, want := range map[time.Duration]string{time.Minute: "1 minute", 40 * time.Minute: "40 minutes", 3 * time.Hour: "3 hours", 60 * time.Hour: "3 days"} {
		if got := c.lasted(d); got != want {
			t.Errorf("%s is told as %q, want %q", d, got, want)
		}
	}
}

// TestAFunnelOfWithheldNumbers says in the drawing that they are withheld, and draws
// no lengths.
func TestAFunnelOfWithheldNumbers(t *testing.T) {
	w := newWorld(t)
	m := w.inForce("escape-pain")
	c := &call{pages: w.pages, tongue: w.pages.screens.tongues[0]}
	text := string(c.funnelView(m, &workflow.Funnel{Candidates: 3, Invited: 2, Agreed: 2, Referred: 7, Began: 1, Completed: 1}).Figure)
	drawing := text[strings.Index(text, "<svg"):strings.Index(text, "</svg>")]
	if !strings.Contains(drawing, "are withheld") {
		t.Errorf("the drawing is bare: %s", drawing)
	}
	if n := strings.Count(drawing, `width="64"`); n != 6 {
		t.Errorf("%d places of what is withheld, want 6 of one length: %s", n, drawing)
	}
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

// district are synthetic people, to plan for.
func district(t *testing.T) *timeline.Set {
	t.Helper()
	until := time.Date(2026, time.January, 31, 0, 0, 0, 0, time.UTC)
	d, err := synth.Open(synth.Options{Seed: 1, Until: synth.Day(until.Unix() / 86400)})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := d.Write(t.Context(), synth.Set{People: 2_000, Format: synth.Timeline, Dir: dir, Workers: 2}); err != nil {
		t.Fatal(err)
	}
	set, _, err := timeline.Load(t.Context(), dir, 2)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

var sheet = regexp.MustCompile(`/Type\s*/Page\b[^s]`)

// TestThePlanIsOneSheet: for a board, the plan of each shipped model prints on one
// sheet of A4, with its figures, its marks and its warnings.
func TestThePlanIsOneSheet(t *testing.T) {
	w := newWorld(t)
	b := newBrowser(t, w)
	set := district(t)
	w.pages.Plan = func(ctx context.Context, _ *record.View, q plan.Question) (*plan.Plan, error) {
		return plan.Make(ctx, set, q, 2)
	}
	b.enter("lead")
	for _, id := range packs.IDs() {
		b.open("/models/"+id+"/plan", 1280)
		b.media("print", "", "")
		if hidden := b.scriptText(`[...document.querySelectorAll('.jy-board > *, .jy-board h2, .jy-printed svg, .jy-board-groups')].filter(e => !e.closest('.chart-wide') && !e.checkVisibility()).map(e => e.textContent).join('; ')`); hidden != "" {
			t.Errorf("%s: a board does not see %s", id, hidden)
		}
		if n := b.scriptText(`String(document.querySelectorAll('.jy-printed').length)`); n != "2" {
			t.Errorf("%s: %s figures are printed, want the waiting list and one more", id, n)
		}
		b.media("", "", "")
		pdf := b.pdf()
		if n := len(sheet.FindAll(pdf, -1)); n != 1 {
			t.Errorf("the plan of %s prints on %d sheets, want 1", id, n)
		}
		if dir := os.Getenv("JOINERY_PICTURES"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, "plan-"+id+".pdf"), pdf, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
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
		w.wants(w.get(as, "/system/stable"), 200, "or fewer than 5", "--find long-term-conditions", "High blood pressure, treated to target")
		w.wants(w.get(as, "/system/cancer"), 200, "Not yet")
		w.wants(w.get(as, "/system/nothing"), 404)
	}
}

// TestTheNetworks: each network of the directory is listed with its practices and
// with how many people are registered there, to the nearest 5.
func TestTheNetworks(t *testing.T) {
	w := newWorld(t)
	var all strings.Builder
	for _, network := range []string{"north", "south"} {
		all.WriteString(`{"resourceType":"Organization","id":"` + network + `","name":"` + network + ` network","type":[{"coding":[{"system":"` + organizationTypes + `","code":"ntwk"}]}]}` + "\n")
	}
	all.WriteString(`{"resourceType":"Organization","id":"oak","name":"Oak Practice","partOf":{"reference":"Organization/north"}}` + "\n")
	for i := range 11 {
		all.WriteString(`{"resourceType":"Patient","id":"oak-` + string(rune('a'+i)) + `","generalPractitioner":[{"reference":"Organization/oak"}]}` + "\n")
	}
	w.store(all.String())
	for _, as := range []string{"gp", "lead"} {
		a := w.get(as, "/system/networks")
		w.wants(a, 200, "2 networks", "north network", "south network", "No practice is in the directory")
		if row := plainly(a.text); !strings.Contains(row, "north network Practices: 1 People registered with them: 10 ") {
			t.Errorf("the row of the network is not there: %s", row)
		}
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
	w.applyLocal("Organization/team", "E09000004")
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
		{"lead", "/system/networks"},
		{"lead", "/models"},
		{"lead", "/models/escape-pain"},
		{"lead", "/models/escape-pain/changes"},
		{"lead", "/models/escape-pain/plan"},
		{"lead", "/models/falls-response-car/apply"},
		{"lead", "/models/escape-pain/rollback"},
	})
}

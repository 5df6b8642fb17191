package workflow_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"joinery/care/applied"
	"joinery/care/model"
	"joinery/care/workflow"
	"joinery/definitions"
	"joinery/fault"
	"joinery/packs"
	"joinery/record/access"
)

// pack reads a model that is shipped, under another name and changed as pairs of
// texts say.
func pack(t testing.TB, id, as string, changes ...string) *model.Model {
	t.Helper()
	files, ok := packs.Pack(id)
	if !ok {
		t.Fatalf("%s is not shipped", id)
	}
	for i := range files {
		if files[i].Name != "model.yaml" {
			continue
		}
		text := strings.Replace(string(files[i].Data), "model: "+id+"\n", "model: "+as+"\n", 1)
		for k := 0; k+1 < len(changes); k += 2 {
			if !strings.Contains(text, changes[k]) {
				t.Fatalf("the model does not say %q", changes[k])
			}
			text = strings.Replace(text, changes[k], changes[k+1], 1)
		}
		files[i].Data = []byte(text)
	}
	m, problems := model.Read(as, files, definitions.Shipped())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return m
}

// applyAt puts a model in force that an organisation provides.
func (w *world) applyAt(m *model.Model, provider string) {
	w.Helper()
	_, err := applied.Apply(w.Context(), w.rec.As(w.operator()), applied.Application{Model: m, From: day("2026-02-01"), Provider: provider, Why: "The board", At: w.now})
	if err != nil {
		w.Fatal(err)
	}
}

// begin brings somebody into a model.
func (w *world) begin(s access.Subject, a workflow.Asking) *workflow.Referral {
	w.Helper()
	return w.do(s, w.do(s, w.refer(a), workflow.Making{Move: "accept"}), workflow.Making{Move: "start"})
}

func (w *world) say(s access.Subject, what workflow.Saying) *workflow.Plan {
	w.Helper()
	p, err := w.as(s).Say(w.Context(), "amina", what)
	if err != nil {
		w.Fatal(err)
	}
	return p
}

// TestOnePlanThePersonFirst: what the person says stands first and is theirs,
// whoever writes it down; nothing that was said is lost; and what is to be done has
// an owner and a day.
func TestOnePlanThePersonFirst(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		gp, self := w.staff("gp"), w.self("amina")
		w.say(gp, workflow.Saying{What: workflow.SayWords, Text: "I want to see my garden again"})
		w.pass(time.Hour)
		w.say(self, workflow.Saying{What: workflow.SayWords, Text: " And my sister "})
		w.say(gp, workflow.Saying{What: workflow.SayWords, Text: "She likes company", By: "RelatedPerson/carer"})
		w.say(gp, workflow.Saying{What: workflow.SayWorse, Text: "If the leg swells: ring us the same day"})
		w.say(gp, workflow.Saying{What: workflow.SayNote, Text: "The key is with the neighbour"})
		w.say(self, workflow.Saying{What: workflow.SayGoal, Text: "Walk to the shop", Measure: "metres", Target: "400", Due: "2026-05-01"})
		w.say(gp, workflow.Saying{What: workflow.SayAction, Text: "Ask for a rail", Owner: "Organization/gp", Due: "2026-02-10"})
		p := w.say(self, workflow.Saying{What: workflow.SayAction, Text: "Walk every day", Owner: "Patient/amina", Due: "2026-02-05"})
		var words []string
		for _, s := range p.Words {
			words = append(words, s.Text+"|"+s.By+"|"+s.Written)
		}
		if want := []string{"And my sister|Patient/amina|", "She likes company|RelatedPerson/carer|Nurse of gp", "I want to see my garden again|Patient/amina|Nurse of gp"}; !slices.Equal(words, want) {
			t.Errorf("the person's words are %q, want %q", words, want)
		}
		if len(p.Worse) != 1 || p.Worse[0].By != "Nurse of gp" || len(p.Notes) != 1 {
			t.Errorf("if things get worse: %+v; notes %+v", p.Worse, p.Notes)
		}
		if len(p.Goals) != 1 || p.Goals[0].By != "Patient/amina" || p.Goals[0].Target != "400" || p.Goals[0].Due != "2026-05-01" {
			t.Errorf("the goals are %+v", p.Goals)
		}
		if len(p.Actions) != 2 || p.Actions[0].Owner != "Patient/amina" || p.Actions[1].Says != "Ask for a rail" || p.Actions[0].Due.Format(time.DateOnly) != "2026-02-05" {
			t.Fatalf("to be done: %+v", p.Actions)
		}
		if n := w.counted("CarePlan?patient=Patient/amina"); n != 1 {
			t.Errorf("there are %d plans", n)
		}
		if now, err := w.as(self).Do(t.Context(), p.Actions[0].Task, workflow.Making{Move: "done", Outcome: "Every morning"}); err != nil || now.State != "done" {
			t.Errorf("the person does what is theirs: %v", err)
		}
		for _, c := range []struct {
			s    access.Subject
			what workflow.Saying
			kind fault.Kind
		}{
			{gp, workflow.Saying{What: "wish", Text: "x"}, fault.Invalid},
			{gp, workflow.Saying{What: workflow.SayNote, Text: " "}, fault.Invalid},
			{gp, workflow.Saying{What: workflow.SayWords, Text: "x", By: "Patient/bashir"}, fault.Invalid},
			{gp, workflow.Saying{What: workflow.SayAction, Text: "x", Owner: "Organization/gp"}, fault.Invalid},
			{gp, workflow.Saying{What: workflow.SayAction, Text: "x", Owner: "Group/x", Due: "2026-02-10"}, fault.Invalid},
			{gp, workflow.Saying{What: workflow.SayGoal, Text: "x", Due: "soon"}, fault.Invalid},
			{w.staff("team"), workflow.Saying{What: workflow.SayNote, Text: "x"}, fault.NotFound},
			{w.self("bashir"), workflow.Saying{What: workflow.SayNote, Text: "x"}, fault.NotFound},
		} {
			if _, err := w.as(c.s).Say(t.Context(), "amina", c.what); fault.KindOf(err) != c.kind {
				t.Errorf("%+v: %v, want %v", c.what, err, c.kind)
			}
		}
		if _, err := w.as(w.staff("team")).Plan(t.Context(), "amina"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a service that has nothing to do with her sees the plan: %v", err)
		}
		w.plain(t, p)
	})
}

// plain: the plan is not written past the workflow.
func (w *world) plain(t *testing.T, p *workflow.Plan) {
	t.Helper()
	if got := w.read("CarePlan", p.ID); access.Labels(got)&access.Workflow == 0 || got.Get("subject").Get("reference").Text() != "Patient/amina" {
		t.Error("the plan is not the workflow's")
	}
}

// TestManyWriteAtOnce: of what several say at one moment nothing is lost, and there
// is one plan.
func TestManyWriteAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		var all sync.WaitGroup
		for _, text := range []string{"one", "two", "three"} {
			all.Go(func() {
				if _, err := w.as(w.staff("gp")).Say(t.Context(), "amina", workflow.Saying{What: workflow.SayNote, Text: text}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		p, err := w.as(w.staff("gp")).Plan(t.Context(), "amina")
		if err != nil || len(p.Notes) != 3 || w.counted("CarePlan?patient=Patient/amina") != 1 {
			t.Errorf("of three notes there are %+v (%v)", p, err)
		}
	})
}

const painService, restService = "model-escape-pain-leisure-centre", "model-rest-weeks-leisure-centre"

// TestWhatTwoModelsAskIsDecidedByPeople: what does not go together is found as the
// second model begins, is on the lists of both services, is shown in the plan with
// what to do, and stays there with what was decided.
func TestWhatTwoModelsAskIsDecidedByPeople(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.applyAt(pack(t, "escape-pain", "escape-pain"), "Organization/team")
		w.applyAt(pack(t, "escape-pain", "rest-weeks",
			"    kinds: [strength-exercise, group-session]\n", "    kinds: [rest]\n    conflicts with: [strength-exercise]\n",
			"title: ESCAPE-pain, classes for painful hips and knees", "title: Weeks of rest"), "Organization/charity")
		team, charity := w.staff("team"), w.staff("charity")
		w.begin(team, workflow.Asking{Service: painService})
		p, err := w.as(team).Plan(t.Context(), "amina")
		if err != nil || len(p.Conflicts) != 0 || len(p.Parts) != 1 || len(p.Goals) != 2 || p.Goals[0].Target == "" {
			t.Fatalf("in one model: %+v, %v", p, err)
		}
		rest := w.begin(charity, workflow.Asking{Service: restService})
		p, err = w.as(team).Plan(t.Context(), "amina")
		if err != nil || len(p.Conflicts) != 1 {
			t.Fatalf("in two models: %+v, %v", p.Conflicts, err)
		}
		c := p.Conflicts[0]
		if c.Key != "contradiction rest-weeks/class escape-pain/class" || c.Owner != "Organization/charity" || c.Decided != "" || c.Do == "" {
			t.Errorf("the conflict is %+v", c)
		}
		for s, service := range map[string]string{"team": painService, "charity": restService} {
			l, err := w.as(w.staff(s)).Worklist(t.Context(), workflow.List{Of: "HealthcareService/" + service, Kind: workflow.KindConflict})
			if err != nil || len(l.Items) != 1 || l.Items[0].Task != c.Task || !strings.Contains(l.Items[0].About, "Weeks of rest") {
				t.Errorf("the list of %s has %+v (%v)", service, l, err)
			}
		}
		if p, err := w.as(w.self("amina")).Plan(t.Context(), "amina"); err != nil || len(p.Conflicts) != 1 {
			t.Errorf("the person sees %+v (%v)", p, err)
		}
		if _, err := w.as(team).Do(t.Context(), c.Task, workflow.Making{Move: "done", Outcome: "x"}); fault.KindOf(err) != fault.Denied {
			t.Errorf("somebody else decided: %v", err)
		}
		if _, err := w.as(charity).Do(t.Context(), c.Task, workflow.Making{Move: "done", Outcome: "Rest for two weeks, then classes; she knows"}); err != nil {
			t.Fatal(err)
		}
		if p, err = w.as(team).Plan(t.Context(), "amina"); err != nil || len(p.Conflicts) != 1 || p.Conflicts[0].Decided != "Rest for two weeks, then classes; she knows" {
			t.Errorf("after it was decided: %+v, %v", p.Conflicts, err)
		}
		w.do(charity, rest, workflow.Making{Move: "complete", Outcome: "completed"})
		if p, err = w.as(team).Plan(t.Context(), "amina"); err != nil || len(p.Conflicts) != 0 || len(p.Parts) != 2 || p.Parts[1].Status != "completed" || p.Goals[2].Status != "completed" {
			t.Errorf("after one model ended: %+v, %v", p, err)
		}
	})
}

// TestVisitsAtOneTime are found when the second is planned.
func TestVisitsAtOneTime(t *testing.T) {
	w := newWorld(t, "sqlite:"+inMemory(t)+"/w.db")
	w.applyAt(pack(t, "escape-pain", "escape-pain"), "Organization/team")
	w.apply(car(t, "4", "10"))
	team, falls := w.staff("team"), w.staff("falls")
	w.begin(team, workflow.Asking{Service: painService})
	w.begin(falls, workflow.Asking{Service: carService})
	first := func(s access.Subject, service string) workflow.Item {
		l, err := w.as(s).Worklist(t.Context(), workflow.List{Of: "HealthcareService/" + service, Kind: workflow.KindActivity})
		if err != nil || len(l.Items) == 0 {
			t.Fatal(err)
		}
		return l.Items[0]
	}
	talk, visit := first(team, painService), first(falls, carService)
	at := w.now.Add(30 * time.Minute)
	if _, err := w.as(team).Do(t.Context(), talk.Task, workflow.Making{Move: "plan"}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("planned for no time: %v", err)
	}
	now, err := w.as(team).Do(t.Context(), talk.Task, workflow.Making{Move: "plan", When: at.Add(10 * time.Minute), Version: talk.ETag})
	if err != nil || now.State != "todo" {
		t.Fatal(err)
	}
	if p, err := w.as(team).Plan(t.Context(), "amina"); err != nil || len(p.Conflicts) != 0 || !p.Actions[0].Planned.Equal(at.Add(10*time.Minute)) {
		t.Errorf("one visit is planned: %+v, %v", p, err)
	}
	if _, err := w.as(falls).Do(t.Context(), visit.Task, workflow.Making{Move: "plan", When: at}); err != nil {
		t.Fatal(err)
	}
	p, err := w.as(falls).Plan(t.Context(), "amina")
	if err != nil || len(p.Conflicts) != 1 || p.Conflicts[0].Task == "" || !strings.HasPrefix(p.Conflicts[0].Key, "same time ") {
		t.Fatalf("two visits at one time: %+v, %v", p.Conflicts, err)
	}
	if _, err := w.as(falls).Do(t.Context(), visit.Task, workflow.Making{Move: "plan", When: at.Add(2 * time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if p, err = w.as(falls).Plan(t.Context(), "amina"); err != nil || len(p.Conflicts) != 0 {
		t.Errorf("after one was moved: %+v, %v", p.Conflicts, err)
	}
}

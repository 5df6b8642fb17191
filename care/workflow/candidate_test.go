package workflow_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"joinery/care/applied"
	"joinery/care/model"
	"joinery/care/workflow"
	"joinery/criteria/language"
	"joinery/definitions"
	"joinery/fault"
	"joinery/fhir"
	"joinery/record/access"
)

// walks is the model that joinery model new makes: it seeks people out.
func walks(t testing.TB) *model.Model {
	t.Helper()
	m, problems := model.Read("walks", model.Starter("walks"), definitions.Shipped())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return m
}

// finds has the record say that a definition found somebody, as care/finding does.
func (w *world) finds(p fhir.ID, d *language.Definition) {
	w.Helper()
	w.store(strings.NewReplacer("PERSON", string(p), "DEF", d.ID, "HASH", d.Hash).Replace(`{"resourceType":"RiskAssessment","id":"ra-PERSON","meta":{"security":[{"system":"urn:joinery:label","code":"finding"}]},"status":"final","method":{"coding":[{"system":"urn:joinery:version","code":"HASH"}]},"code":{"coding":[{"system":"urn:joinery:definition","code":"DEF"},{"system":"urn:joinery:place","code":"DEF"}]},"subject":{"reference":"Patient/PERSON"},"occurrencePeriod":{"start":"2026-02-01"},"prediction":[{"outcome":{"text":"fell in the past year"},"rationale":"2025-11-20 Condition fall"}]}`))
}

// TestFromFoundToAgreed: who was found is a candidate with the reasons, is asked
// once, says yes and is referred with their consent, and says no with a reason that
// is counted.
func TestFromFoundToAgreed(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		m := walks(t)
		if _, err := applied.Apply(t.Context(), w.rec.As(w.operator()), applied.Application{Model: m, From: day("2026-02-01"), Provider: "Organization/team", Why: "A try", At: w.now}); err != nil {
			t.Fatal(err)
		}
		ben, cat := w.person(), w.person()
		for _, p := range []fhir.ID{"amina", ben, cat} {
			w.finds(p, m.Eligible[0].Meets)
		}
		finder := w.as(w.finder())
		list, err := finder.Candidates(t.Context(), "walks")
		if err != nil || len(list) != 3 {
			t.Fatalf("candidates: %+v, %v", list, err)
		}
		if c := list[0]; c.Patient != "amina" || c.Since != "2026-02-01" || !slices.Equal(c.Reasons, []string{"fell in the past year (2025-11-20 Condition fall)"}) || len(c.Judge) != 2 {
			t.Errorf("the first candidate is %+v", c)
		}
		if _, err := w.as(w.staff("gp")).Invite(t.Context(), "walks", "amina", "Organization/gp"); fault.KindOf(err) != fault.Denied {
			t.Errorf("staff invited: %v", err)
		}
		if _, err := finder.Invite(t.Context(), "walks", "amina", "Organization/gp"); fault.KindOf(err) != fault.Denied {
			t.Errorf("a case-finder invited for another organisation: %v", err)
		}
		if _, err := finder.Invite(t.Context(), "walks", "bashir", "Organization/hub"); fault.KindOf(err) != fault.Conflict {
			t.Errorf("somebody was invited whom nobody found: %v", err)
		}
		invited, err := finder.Invite(t.Context(), "walks", "amina", "Organization/hub")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := finder.Invite(t.Context(), "walks", "amina", "Organization/hub"); fault.KindOf(err) != fault.Conflict {
			t.Errorf("somebody was invited twice: %v", err)
		}
		second, err := finder.Invite(t.Context(), "walks", ben, "Organization/hub")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := finder.Pass(t.Context(), "walks", cat, "Organization/hub", ""); fault.KindOf(err) != fault.Invalid {
			t.Errorf("passed over without a reason: %v", err)
		}
		if _, err := finder.Pass(t.Context(), "walks", cat, "Organization/hub", "In hospital now"); err != nil {
			t.Error(err)
		}
		if list, err := finder.Candidates(t.Context(), "walks"); err != nil || len(list) != 0 {
			t.Errorf("after all were asked there are candidates: %v, %v", list, err)
		}
		w.pass(24 * time.Hour)
		site := fhir.ID("model-walks-" + m.Sites[0].ID)
		if _, err := finder.Do(t.Context(), invited.Task, workflow.Making{Move: "agree", Service: site}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("agreed without a word of how: %v", err)
		}
		agree := workflow.Making{Move: "agree", Service: site, Says: "By phone, on her own", Version: invited.ETag}
		for range 2 { // sent twice it is one referral
			if now, err := finder.Do(t.Context(), invited.Task, agree); err != nil || now.State != "agreed" {
				t.Fatalf("agree: %+v, %v", now, err)
			}
		}
		team, err := w.as(w.staff("team")).Worklist(t.Context(), workflow.List{Of: "HealthcareService/" + string(site)})
		if err != nil || len(team.Items) != 1 || team.Items[0].Patient != "amina" {
			t.Fatalf("the team's list: %+v, %v", team, err)
		}
		r, err := w.as(w.staff("team")).Referral(t.Context(), team.Items[0].Task)
		if err != nil || r.ModelName != m.Name() {
			t.Errorf("the referral: %+v, %v", r, err)
		}
		if request := string(w.read("ServiceRequest", r.Request).Raw()); !strings.Contains(request, "By phone, on her own") {
			t.Error("the consent is not kept")
		}
		if _, err := finder.Do(t.Context(), second.Task, workflow.Making{Move: "refuse"}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("refused without a reason: %v", err)
		}
		if _, err := finder.Do(t.Context(), second.Task, workflow.Making{Move: "refuse", Reason: "too-far"}); err != nil {
			t.Error(err)
		}
		w.funnel(t)
	})
}

func (w *world) funnel(t *testing.T) {
	t.Helper()
	f, err := w.as(w.operator()).Funnel(t.Context(), "walks")
	if err != nil {
		t.Fatal(err)
	}
	if f.Candidates != 0 || f.Invited != 2 || f.Passed != 1 || f.Agreed != 1 || f.Referred != 1 || f.Began != 0 {
		t.Errorf("the funnel is %+v", f)
	}
	if f.Reasons["refuse: it is too far, or at the wrong time"] != 1 || f.Reasons["not invited: In hospital now"] != 1 {
		t.Errorf("the reasons are %v", f.Reasons)
	}
}

func TestWhoSeeksNobodyHasNoCandidates(t *testing.T) {
	w := newWorld(t, "sqlite:"+inMemory(t)+"/w.db")
	w.apply(car(t, "4", "10"))
	if _, err := w.as(w.operator()).Candidates(t.Context(), "falls-response-car"); fault.KindOf(err) != fault.Invalid || !strings.Contains(fault.MessageOf(err), "nobody is sought out beforehand") {
		t.Errorf("candidates of a model that seeks nobody out: %v", err)
	}
	if _, err := w.as(w.operator()).Candidates(t.Context(), "nothing"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("candidates of a model that is not in force: %v", err)
	}
}

// TestThePersonAnswers: whoever is invited says yes or no by themselves, and so does
// a carer where the person's consent opens it; to the model's own services, whoever
// else may refer there, and to no other.
func TestThePersonAnswers(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		m := walks(t)
		if _, err := applied.Apply(t.Context(), w.rec.As(w.operator()), applied.Application{Model: m, From: day("2026-02-01"), Provider: "Organization/team", Why: "A try", At: w.now}); err != nil {
			t.Fatal(err)
		}
		ben := w.person()
		invited := map[fhir.ID]*workflow.Now{}
		for _, p := range []fhir.ID{"amina", ben} {
			w.finds(p, m.Eligible[0].Meets)
			now, err := w.as(w.finder()).Invite(t.Context(), "walks", p, "Organization/hub")
			if err != nil {
				t.Fatal(err)
			}
			invited[p] = now
		}
		site := fhir.ID("model-walks-" + m.Sites[0].ID)
		yes := workflow.Making{Move: "agree", Service: site, Says: "By herself, on a page", Version: invited["amina"].ETag}
		if _, err := w.as(w.self(ben)).Do(t.Context(), invited["amina"].Task, yes); fault.KindOf(err) != fault.NotFound {
			t.Errorf("somebody answered another person's invitation: %v", err)
		}
		elsewhere := yes
		elsewhere.Service = "charity-s"
		if _, err := w.as(w.self("amina")).Do(t.Context(), invited["amina"].Task, elsewhere); fault.KindOf(err) != fault.Invalid {
			t.Errorf("an invitation opened the door of another service: %v", err)
		}
		seer := w.subject(access.NewCarer(access.Who{}, "seer"))
		if _, err := w.as(seer).Do(t.Context(), invited["amina"].Task, yes); err == nil {
			t.Error("a carer who may only see answered")
		}
		who := w.carer()
		now, err := w.as(who).Now(t.Context(), invited["amina"].Task)
		if err != nil || len(now.Moves) != 2 {
			t.Fatalf("what a carer can do: %+v, %v", now, err)
		}
		if now, err = w.as(w.self("amina")).Do(t.Context(), invited["amina"].Task, yes); err != nil || now.State != "agreed" {
			t.Fatalf("she says yes: %+v, %v", now, err)
		}
		if now, err = w.as(w.self(ben)).Do(t.Context(), invited[ben].Task, workflow.Making{Move: "refuse", Reason: "not-now", Version: invited[ben].ETag}); err != nil || now.State != "refused" {
			t.Fatalf("he says no: %+v, %v", now, err)
		}
		mine, err := w.as(w.self("amina")).Worklist(t.Context(), workflow.List{Patient: "amina", Kind: workflow.KindReferral})
		if err != nil || len(mine.Items) != 1 || mine.Items[0].State != "sent" {
			t.Fatalf("her referrals: %+v, %v", mine, err)
		}
		r, err := w.as(w.staff("team")).Referral(t.Context(), mine.Items[0].Task)
		if err != nil || r.Requester != "Organization/hub" || r.History[0].By != workflow.Person {
			t.Errorf("the team sees %+v, %v", r, err)
		}
	})
}

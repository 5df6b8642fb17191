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
	"joinery/care/workflow/clock"
	"joinery/definitions"
	"joinery/fault"
	"joinery/packs"
	"joinery/timeline"
)

const carService = "model-falls-response-car-car-one"

// car is the falls response car, with as many places, and as many beginning in a
// week, as are asked for.
func car(t testing.TB, atOnce, starts string) *model.Model {
	t.Helper()
	files, ok := packs.Pack("falls-response-car")
	if !ok {
		t.Fatal("the falls response car is not shipped")
	}
	for i := range files {
		if files[i].Name == "model.yaml" {
			files[i].Data = []byte(strings.Replace(strings.Replace(strings.Replace(string(files[i].Data), "at one time: 30", "at one time: "+atOnce, 1), "starts a week: 26", "starts a week: "+starts, 1), "may be: 10 to 80", "may be: 1 to 80", 1))
		}
	}
	m, problems := model.Read("falls-response-car", files, definitions.Shipped())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return m
}

func day(text string) timeline.Day {
	d, err := timeline.ParseDay(text)
	if err != nil {
		panic(err)
	}
	return d
}

// apply puts a model in force from the first of February.
func (w *world) apply(m *model.Model) {
	w.Helper()
	_, err := applied.Apply(w.Context(), w.rec.As(w.operator()), applied.Application{Model: m, From: day("2026-02-01"), Provider: "Organization/falls", Why: "The board of 20 January", At: w.now})
	if err != nil {
		w.Fatal(err)
	}
}

func titles(l *workflow.Worklist) (out []string) {
	for i := range l.Items {
		if l.Items[i].Kind == workflow.KindActivity {
			about, _, _ := strings.Cut(l.Items[i].About, ":")
			out = append(out, about)
		}
	}
	slices.Sort(out)
	return out
}

// TestSomebodyIsInAModel: from the call to the end, by the model's own version:
// plan, team, tasks one at a time, clocks; and all of it ends with it.
func TestSomebodyIsInAModel(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		m := car(t, "4", "10")
		w.apply(m)
		falls := w.staff("falls")
		r := w.refer(workflow.Asking{Service: carService})
		if r.Model != "falls-response-car" || r.ModelName != m.Name() {
			t.Fatalf("the referral holds to %q, want %q", r.ModelName, m.Name())
		}
		if c := reading(t, r, "falls-response-car/with-the-person"); !c.Due.Equal(w.now.Add(time.Hour)) {
			t.Errorf("the car is due %s, want an hour after %s", c.Due, w.now)
		}
		r = w.do(falls, r, workflow.Making{Move: "accept"})
		w.pass(40 * time.Minute)
		r = w.do(falls, r, workflow.Making{Move: "start"})
		if c := reading(t, r, "falls-response-car/with-the-person"); c.State != clock.Met {
			t.Errorf("the car came after 40 minutes: %s", c.State)
		}
		list := func() *workflow.Worklist {
			l, err := w.as(falls).Worklist(t.Context(), workflow.List{Of: "HealthcareService/" + carService, Kind: workflow.KindActivity})
			if err != nil {
				t.Fatal(err)
			}
			return l
		}
		if got := titles(list()); !slices.Equal(got, []string{"Visit by both, lift and look"}) {
			t.Fatalf("to be done at first: %v", got)
		}
		visit := list().Items[0]
		if want := w.now.Add(20 * time.Minute); !visit.Due.Equal(want) {
			t.Errorf("the visit is due %s, want an hour after the referral: %s", visit.Due, want)
		}
		if _, err := w.as(falls).Do(t.Context(), visit.Task, workflow.Making{Move: "done", Outcome: "Up again, no injury", Version: visit.ETag}); err != nil {
			t.Fatal(err)
		}
		if got := titles(list()); !slices.Equal(got, []string{"Arrange what is needed, and tell the practice", "Ring two days later"}) {
			t.Errorf("to be done after the visit: %v", got)
		}
		if _, err := w.as(falls).Do(t.Context(), visit.Task, workflow.Making{Move: "done", Outcome: "Up again, no injury", Version: visit.ETag}); err != nil {
			t.Errorf("the same, sent twice: %v", err)
		}
		if got := titles(list()); len(got) != 2 {
			t.Errorf("sent twice it made tasks twice: %v", got)
		}
		if got := w.counted("CarePlan?patient=Patient/amina"); got != 2 {
			t.Errorf("there are %d plans, want the person's one and the model's part", got)
		}
		if got := w.counted("CareTeam?patient=Patient/amina&status=active"); got != 2 {
			t.Errorf("there are %d teams, want the onlookers' and the model's", got)
		}
		r = w.do(falls, r, workflow.Making{Move: "complete", Outcome: "kept-home"})
		if got := titles(list()); len(got) != 0 {
			t.Errorf("after the end there is still to be done: %v", got)
		}
		if got := w.counted("CareTeam?patient=Patient/amina&status=active"); got != 1 {
			t.Errorf("after the end %d teams are active, want the onlookers' alone", got)
		}
		if got := w.counted("CarePlan?patient=Patient/amina&status=active"); got != 1 {
			t.Errorf("after the end %d plans are active, want the person's one", got)
		}
		if _, err := w.rec.As(falls).Read(t.Context(), "Patient", "amina"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("after the end the car still sees the person: %v", err)
		}
		if last := r.History[len(r.History)-1]; last.Move != "end" {
			t.Errorf("history ends with %s", last.Move)
		}
		r = w.refer(workflow.Asking{Service: carService})
		w.do(falls, w.do(falls, r, workflow.Making{Move: "accept"}), workflow.Making{Move: "start"})
		if got := w.counted("CarePlan?patient=Patient/amina"); got != 3 {
			t.Errorf("in the model again there are %d plans, want the one and two parts", got)
		}
	})
}

// TestCapacityIsKept: nobody begins for whom there is no place, and who waits
// begins when one is free.
func TestCapacityIsKept(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.apply(car(t, "2", "10"))
		falls := w.staff("falls")
		var all []*workflow.Referral
		for range 3 {
			r := w.refer(workflow.Asking{Patient: w.person(), Service: carService})
			all = append(all, w.do(falls, r, workflow.Making{Move: "accept"}))
		}
		for _, r := range all[:2] {
			w.do(falls, r, workflow.Making{Move: "start"})
		}
		_, err := w.as(falls).Do(t.Context(), all[2].Task, workflow.Making{Move: "start"})
		if fault.KindOf(err) != fault.Conflict || !strings.Contains(fault.MessageOf(err), "There is no room: 2 of 2 places are taken") {
			t.Fatalf("a third began: %v", err)
		}
		waiting := w.do(falls, all[2], workflow.Making{Move: "wait", Priority: "urgent"})
		w.do(falls, all[0], workflow.Making{Move: "complete", Outcome: "kept-home"})
		w.do(falls, waiting, workflow.Making{Move: "start"})
	})
}

// TestSoManyBeginInAWeek: when as many began as the model says, the next begin a
// week later.
func TestSoManyBeginInAWeek(t *testing.T) {
	w := newWorld(t, "sqlite:"+inMemory(t)+"/w.db")
	w.apply(car(t, "9", "1"))
	falls := w.staff("falls")
	w.do(falls, w.do(falls, w.refer(workflow.Asking{Patient: w.person(), Service: carService}), workflow.Making{Move: "accept"}), workflow.Making{Move: "start"})
	next := w.do(falls, w.refer(workflow.Asking{Patient: w.person(), Service: carService}), workflow.Making{Move: "accept"})
	if _, err := w.as(falls).Do(t.Context(), next.Task, workflow.Making{Move: "start"}); fault.KindOf(err) != fault.Conflict || !strings.Contains(fault.MessageOf(err), "no room this week: 1 people began") {
		t.Errorf("a second began in a week of one: %v", err)
	}
	w.pass(8 * 24 * time.Hour)
	w.do(falls, next, workflow.Making{Move: "start"})
}

// TestManyAtOnceDoNotPassOnePlace: those who begin at the same moment are counted
// one after the other.
func TestManyAtOnceDoNotPassOnePlace(t *testing.T) {
	w := newWorld(t, "sqlite:"+inMemory(t)+"/w.db")
	w.apply(car(t, "3", "10"))
	falls := w.staff("falls")
	began := make([]bool, 8)
	var all sync.WaitGroup
	for i := range began {
		r := w.do(falls, w.refer(workflow.Asking{Patient: w.person(), Service: carService}), workflow.Making{Move: "accept"})
		all.Go(func() {
			_, err := w.as(falls).Do(t.Context(), r.Task, workflow.Making{Move: "start"})
			began[i] = err == nil
			if err != nil && fault.KindOf(err) != fault.Conflict {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := len(slices.DeleteFunc(began, func(b bool) bool { return !b })); n != 3 {
		t.Errorf("%d began, and there are 3 places", n)
	}
}

// TestWhoIsInStaysOnTheirVersion: a new version holds for who comes from its day
// on; a rollback is one more decision.
func TestWhoIsInStaysOnTheirVersion(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		desk := w.rec.As(w.operator())
		old, fresh := car(t, "4", "10"), car(t, "9", "10")
		w.apply(old)
		r := w.refer(workflow.Asking{Service: carService})
		if _, err := applied.Apply(t.Context(), desk, applied.Application{Model: fresh, From: day("2026-02-10"), Provider: "Organization/falls", Why: "Two cars", At: w.now}); err != nil {
			t.Fatal(err)
		}
		if m, err := applied.Find(t.Context(), desk, "falls-response-car", day("2026-02-09")); err != nil || m.Name() != old.Name() {
			t.Errorf("the day before the new version is in force: %v", err)
		}
		w.pass(8 * 24 * time.Hour)
		if later := w.refer(workflow.Asking{Patient: w.person(), Service: carService}); later.ModelName != fresh.Name() {
			t.Errorf("who comes later holds to %s", later.ModelName)
		}
		if still := w.do(w.staff("falls"), r, workflow.Making{Move: "accept"}); still.ModelName != old.Name() {
			t.Errorf("who was in holds to %s now", still.ModelName)
		}
		s, err := applied.Rollback(t.Context(), desk, applied.Reversal{ID: "falls-response-car", From: day("2026-02-12"), Why: "It did not work", At: w.now})
		if err != nil || s.On(day("2026-02-11")) != fresh.Name() || s.On(day("2026-02-12")) != old.Name() || len(s.Decisions) != 3 {
			t.Errorf("after the rollback: %+v, %v", s, err)
		}
		if _, err := applied.Apply(t.Context(), w.rec.As(w.staff("falls")), applied.Application{Model: old, From: day("2026-03-01"), Provider: "Organization/falls", Why: "x", At: w.now}); fault.KindOf(err) != fault.Denied {
			t.Errorf("staff put a model in force: %v", err)
		}
		if _, err := applied.Apply(t.Context(), desk, applied.Application{Model: old, From: day("2026-03-01"), Provider: "Organization/falls", At: w.now}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("put in force without a reason: %v", err)
		}
		if _, err := applied.Apply(t.Context(), desk, applied.Application{Model: old, From: day("2026-03-01"), Provider: "Organization/falls", Why: "again", At: w.now}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("the same version was put in force twice: %v", err)
		}
		if _, err := applied.Status(t.Context(), desk, "nothing"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("status of a model that nobody applied: %v", err)
		}
	})
}

func TestMomentsOfModelsAreKindsOfEvent(t *testing.T) {
	for _, moment := range model.Moments {
		if !slices.Contains(clock.Kinds(), clock.Kind(moment)) {
			t.Errorf("a model may say %q, which no clock knows", moment)
		}
	}
}

// TestAModelsHoursAreKept: a call in the evening is due in the morning, and stays so
// when the referral is read again.
func TestAModelsHoursAreKept(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.apply(car(t, "4", "10"))
		w.now = time.Date(2026, 2, 3, 18, 30, 0, 0, time.UTC)
		r := w.refer(workflow.Asking{Service: carService})
		want := time.Date(2026, 2, 4, 7, 30, 0, 0, time.UTC)
		if c := reading(t, r, "falls-response-car/with-the-person"); !c.Due.Equal(want) {
			t.Errorf("a call at half past six is due %s, want %s", c.Due, want)
		}
		w.pass(13 * time.Hour)
		again, err := w.as(w.staff("falls")).Referral(t.Context(), r.Task)
		if err != nil {
			t.Fatal(err)
		}
		if c := reading(t, again, "falls-response-car/with-the-person"); !c.Due.Equal(want) || c.State != clock.Running {
			t.Errorf("read again it is %s, due %s", c.State, c.Due)
		}
	})
}

// TestHoursAreReadAlike: what a model may write as hours, clocks read as the same.
func TestHoursAreReadAlike(t *testing.T) {
	for _, text := range []string{"07:00 to 19:00 every day", "09:00 to 17:00 working days", "09:00 to 17:00 Monday to Friday", "10:00 to 14:00 Saturday and Sunday", "22:00 to 24:00 Friday to Monday"} {
		m := pack(t, "falls-response-car", "hours", "during: 07:00 to 19:00 every day", "during: "+text)
		of := m.Standard("with-the-person").During
		h, err := clock.ParseDuring(text)
		if err != nil || h.From != of.From || h.To != of.To || h.Days != of.Days || h.Working != of.Working {
			t.Errorf("%q: a model reads %+v, a clock %+v (%v)", text, of, h, err)
		}
	}
}

// TestSentOnItHoldsToTheNextModel: at a service of no model a referral holds to
// none, and nobody is enrolled in the one before; at a service of another it holds
// to that one; what it was held to goes on from when it was asked for.
func TestSentOnItHoldsToTheNextModel(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.apply(car(t, "4", "10"))
		pain := pack(t, "escape-pain", "escape-pain")
		w.applyAt(pain, "Organization/charity")
		falls, team, charity := w.staff("falls"), w.staff("team"), w.staff("charity")
		start := w.now
		r := w.refer(workflow.Asking{Service: carService})
		w.pass(10 * time.Minute)
		r = w.do(falls, r, workflow.Making{Move: "reroute", Reason: "unsuitable", Service: "team-s"})
		if r.Model != "" || r.ModelName != "" || r.Site != "" {
			t.Errorf("at a service of no model it holds to %q at %q", r.ModelName, r.Site)
		}
		if c := reading(t, r, "falls-response-car/with-the-person"); !c.Start.Equal(start) || c.State != clock.Running {
			t.Errorf("the call's clock is %s since %s", c.State, c.Start)
		}
		gone := w.do(team, r, workflow.Making{Move: "reroute", Reason: "unsuitable", Service: painService})
		if gone.ModelName != pain.Name() || gone.Site != "Location/"+painService {
			t.Errorf("at the classes it holds to %q at %q", gone.ModelName, gone.Site)
		}
		if c := reading(t, gone, "escape-pain/answered"); !c.Start.Equal(start) {
			t.Errorf("the classes' clock began %s, want when it was asked for: %s", c.Start, start)
		}
		if now := w.do(charity, w.do(charity, gone, workflow.Making{Move: "accept"}), workflow.Making{Move: "start"}); now.History[len(now.History)-1].Says != pain.Name() {
			t.Errorf("enrolled in %q", now.History[len(now.History)-1].Says)
		}
		other := w.do(falls, w.refer(workflow.Asking{Patient: w.person(), Service: carService}), workflow.Making{Move: "decline", Reason: "no-room", Service: "team-s"})
		w.do(team, w.do(team, other, workflow.Making{Move: "accept"}), workflow.Making{Move: "start"})
		if n := w.counted("CarePlan?patient=Patient/" + string(other.Patient)); n != 0 {
			t.Errorf("at a service of no model somebody was enrolled: %d plans", n)
		}
	})
}

// TestALaterVersionHoldsFromAHub: what a hub passes on holds to the version that was
// in force when it was asked for.
func TestALaterVersionHoldsFromAHub(t *testing.T) {
	w := newWorld(t, "sqlite:"+inMemory(t)+"/w.db")
	old := car(t, "4", "10")
	w.apply(old)
	r := w.refer(workflow.Asking{Service: carService, Via: "hub-s"})
	if r.ModelName != "" || r.Model != "falls-response-car" {
		t.Errorf("at the hub it holds to %q", r.ModelName)
	}
	if _, err := applied.Apply(t.Context(), w.rec.As(w.operator()), applied.Application{Model: car(t, "9", "10"), From: day("2026-02-04"), Provider: "Organization/falls", Why: "Two cars", At: w.now}); err != nil {
		t.Fatal(err)
	}
	w.pass(48 * time.Hour)
	if r = w.do(w.staff("hub"), r, workflow.Making{Move: "forward"}); r.ModelName != old.Name() {
		t.Errorf("passed on it holds to %q, want %q", r.ModelName, old.Name())
	}
}

// TestASitesList: what is to be done at a site is found by it, activities included.
func TestASitesList(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.applyAt(pack(t, "escape-pain", "escape-pain"), "Organization/team")
		team := w.staff("team")
		w.begin(team, workflow.Asking{Service: painService})
		w.begin(team, workflow.Asking{Patient: w.person(), Service: "model-escape-pain-community-hall"})
		l, err := w.as(team).Worklist(t.Context(), workflow.List{Site: "Location/" + painService})
		if err != nil || len(l.Items) != 3 {
			t.Fatalf("at the site there are %+v (%v), want the referral and two activities", l, err)
		}
		for i := range l.Items {
			if l.Items[i].Site != "Location/"+painService {
				t.Errorf("an item is at %q", l.Items[i].Site)
			}
		}
		if l, err := w.as(team).Worklist(t.Context(), workflow.List{Of: "HealthcareService/" + painService, Site: "Location/model-escape-pain-community-hall"}); err != nil || len(l.Items) != 0 {
			t.Errorf("of one service at the other's site: %+v (%v)", l, err)
		}
	})
}

// TestVersionsByArea: a version may hold in some boroughs and another in others, at
// once and later in more; each has its services, whoever comes holds to that of the
// service's borough, and a rollback goes back where it is asked to.
func TestVersionsByArea(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		desk := w.rec.As(w.operator())
		old, fresh := car(t, "4", "10"), car(t, "9", "10")
		const bexley, greenwich, bromley = "E09000004", "E09000011", "E09000006"
		apply := func(m *model.Model, from string, areas ...string) (*applied.Standing, error) {
			return applied.Apply(t.Context(), desk, applied.Application{Model: m, From: day(from), Areas: areas, Provider: "Organization/falls", Why: "The board", At: w.now})
		}
		if _, err := apply(old, "2026-02-01", bexley, greenwich, bexley); err != nil {
			t.Fatal(err)
		}
		s, err := apply(fresh, "2026-02-01", greenwich)
		if err != nil {
			t.Fatal(err)
		}
		other := carService + "-e09000011"
		if !slices.Equal(s.Services, []string{carService, other}) || !slices.Equal(s.Areas(), []string{bexley, greenwich}) {
			t.Errorf("the services are %v in %v", s.Services, s.Areas())
		}
		if s.In(bexley, day("2026-02-03")) != old.Name() || s.In(greenwich, day("2026-02-03")) != fresh.Name() || s.In(bromley, day("2026-02-03")) != "" || len(s.Versions(day("2026-02-03"))) != 2 {
			t.Errorf("in force are %v", s.Versions(day("2026-02-03")))
		}
		here := w.refer(workflow.Asking{Service: carService})
		there := w.refer(workflow.Asking{Patient: w.person(), Service: "model-falls-response-car-car-one-e09000011"})
		if here.ModelName != old.Name() || there.ModelName != fresh.Name() {
			t.Errorf("in Bexley it holds to %s, in Greenwich to %s", here.ModelName, there.ModelName)
		}
		if s, err = apply(old, "2026-02-02", bromley); err != nil || s.In(bromley, day("2026-02-03")) != old.Name() || len(s.Services) != 3 {
			t.Errorf("later in one more: %+v, %v", s, err)
		}
		for _, c := range []struct {
			m     *model.Model
			areas []string
			say   string
		}{
			{old, []string{bexley}, "in force then already"},
			{old, []string{"Bexley"}, "code of a borough"},
			{old, []string{"E09000001"}, "The model is not for E09000001"},
		} {
			if _, err := apply(c.m, "2026-02-02", c.areas...); fault.KindOf(err) != fault.Invalid || !strings.Contains(fault.MessageOf(err), c.say) {
				t.Errorf("%v: %v, want a refusal that says %q", c.areas, err, c.say)
			}
		}
		if _, err := applied.Rollback(t.Context(), desk, applied.Reversal{ID: "falls-response-car", Areas: []string{bromley}, From: day("2026-02-05"), Why: "No", At: w.now}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("rolled back where nothing was before: %v", err)
		}
		s, err = applied.Rollback(t.Context(), desk, applied.Reversal{ID: "falls-response-car", Areas: []string{greenwich}, From: day("2026-02-05"), Why: "It did not work", At: w.now})
		if err != nil || s.In(greenwich, day("2026-02-04")) != fresh.Name() || s.In(greenwich, day("2026-02-05")) != old.Name() || len(s.Services) != 3 {
			t.Errorf("after the rollback: %+v, %v", s, err)
		}
		was, stale := s.ETag(), "W/\"1\""
		for _, c := range []struct {
			to    string
			area  string
			seen  *string
			kind  fault.Kind
			after string
		}{
			{fresh.Name(), greenwich, &stale, fault.Conflict, ""},
			{old.Name(), greenwich, &was, fault.Invalid, ""},
			{fresh.Name(), bexley, &was, fault.Invalid, ""}, // it never was there
			{fresh.Name(), greenwich, &was, 0, fresh.Name()},
		} {
			s, err := applied.Rollback(t.Context(), desk, applied.Reversal{ID: "falls-response-car", To: c.to, Areas: []string{c.area}, From: day("2026-02-06"), Why: "Again", At: w.now, Seen: c.seen})
			if c.after == "" && fault.KindOf(err) != c.kind || c.after != "" && (err != nil || s.In(c.area, day("2026-02-06")) != c.after) {
				t.Errorf("back to %s in %s: %v, want %v", c.to, c.area, err, c.kind)
			}
		}
		if s, err = apply(fresh, "2026-02-06", bexley, greenwich, bromley); err != nil || len(s.Versions(day("2026-02-06"))) != 1 {
			t.Errorf("one version for all again: %v, %v", s, err)
		}
		if _, err := w.as(w.operator()).Refer(t.Context(), workflow.Asking{Patient: "amina", Service: "model-falls-response-car-car-one-e09000006", Requester: "Organization/gp", Reason: "Fell"}); fault.KindOf(err) != fault.Invalid || !strings.Contains(fault.MessageOf(err), "closed") {
			t.Errorf("a service that another took over takes people: %v", err)
		}
	})
}

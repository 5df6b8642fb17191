package workflow_test

import (
	"slices"
	"strings"
	"testing"

	"joinery/care/workflow"
	"joinery/fault"
	"joinery/record/access"
)

func tables() map[string]*workflow.Table {
	return map[string]*workflow.Table{"referrals": workflow.Referrals(), "tasks": workflow.Tasks(), "invites": workflow.Invites()}
}

// TestNoDeadEnds: from every state that is not over one can come to one that is,
// and every state can be come to from the first.
func TestNoDeadEnds(t *testing.T) {
	for name, table := range tables() {
		reach := func(from workflow.State) map[workflow.State]bool {
			seen := map[workflow.State]bool{from: true}
			for again := true; again; {
				again = false
				for _, m := range table.Moves {
					for _, s := range m.From {
						if seen[s] && !seen[m.To] {
							seen[m.To], again = true, true
						}
					}
				}
			}
			return seen
		}
		first := reach(table.States[0].State)
		for _, s := range table.States {
			if !first[s.State] && s.State != "passed" { // who is not invited comes there at once
				t.Errorf("%s: nothing leads to %s", name, s.State)
			}
			over := false
			for to := range reach(s.State) {
				over = over || table.Standing(to).Over()
			}
			if !over {
				t.Errorf("%s: from %s nothing is ever over", name, s.State)
			}
			if moves := table.Legal(s.State, workflow.Sides()...); s.Over() != (len(moves) == 0) {
				t.Errorf("%s: %s is over = %v, and has %d moves", name, s.State, s.Over(), len(moves))
			}
		}
	}
}

// TestNoStateWithoutAnOwner: whoever's turn it is can do something; and where it
// goes on with another, every move that leads there says with whom.
func TestNoStateWithoutAnOwner(t *testing.T) {
	for name, table := range tables() {
		for _, s := range table.States {
			if s.Over() {
				continue
			}
			if len(table.Legal(s.State, s.Turn)) == 0 {
				t.Errorf("%s: in %s it is the turn of the %s, who can do nothing", name, s.State, s.Turn)
			}
		}
		for _, m := range table.Moves {
			if table.Standing(m.To).Turn != "onward" {
				continue
			}
			if !slices.Contains(m.Needs, workflow.NeedOnward) && !slices.Contains(m.Needs, workflow.NeedService) {
				t.Errorf("%s: %s gives somebody away to nobody", name, m.Name)
			}
		}
		for _, r := range table.Reasons {
			if r.Title == "" || len(r.Of) == 0 {
				t.Errorf("%s: the reason %s is of nothing", name, r.Code)
			}
		}
	}
}

// TestOnlyThePersonsWishEndsIt: what a service can do by itself either helps or
// names who takes the person on; the rest is for reasons that are the person's.
func TestOnlyThePersonsWishEndsIt(t *testing.T) {
	theirs := []string{"asked-to", "said-no", "moved", "died", "helped"}
	table := workflow.Referrals()
	for _, m := range table.Moves {
		if s := table.Standing(m.To); s.Turn != "nobody" || m.To == "completed" || !slices.Contains(m.By, workflow.Receiver) {
			continue
		}
		for _, r := range table.ReasonsOf(m.Name) {
			if !slices.Contains(theirs, r.Code) {
				t.Errorf("a receiver may %s because %s, and nobody has the person then", m.Name, r.Title)
			}
		}
	}
}

// player is somebody who tries every move.
type player struct {
	name    string
	subject access.Subject
	sides   []workflow.Side // in the table's words, written here a second time
	blind   bool            // to whom the referral is not there
}

func (w *world) players(r *workflow.Referral, at string, hub bool) []player {
	receiver := []workflow.Side{workflow.Receiver}
	operator := []workflow.Side{workflow.Operator}
	if hub {
		receiver, operator = append(receiver, workflow.Hub), append(operator, workflow.Hub)
	}
	return []player{
		{"operator", w.operator(), operator, false},
		{"the practice that asked", w.staff("gp"), []workflow.Side{workflow.Referrer}, false},
		{"the service that has it", w.staff(at), receiver, false},
		{"the person", w.self(r.Patient), []workflow.Side{workflow.Person}, false},
		{"their carer", w.carer(), []workflow.Side{workflow.Carer}, false},
		{"a case-finder", w.finder(), []workflow.Side{workflow.Finder}, false},
		{"somebody of the care team", w.onlooker(), nil, false},
		{"a service that has nothing to do with it", w.staff("team"), nil, true},
	}
}

// bring makes a referral and brings it into a state, by the shortest way.
func (w *world) bring(t *testing.T, to workflow.State, a workflow.Asking) *workflow.Referral {
	table := workflow.Referrals()
	way := map[workflow.State][]string{"draft": {}}
	for queue := []workflow.State{"draft"}; len(queue) > 0; queue = queue[1:] {
		for _, m := range table.Legal(queue[0], workflow.Operator) {
			if _, known := way[m.To]; !known {
				way[m.To] = append(slices.Clone(way[queue[0]]), m.Name)
				queue = append(queue, m.To)
			}
		}
	}
	a.Draft, a.Finding, a.Patient = true, true, w.person()
	r := w.refer(a)
	task := r.Task
	for _, name := range way[to] {
		if _, err := w.as(w.operator()).Do(t.Context(), task, w.full(table, name)); err != nil {
			t.Fatalf("on the way to %s: %s: %v", to, name, err)
		}
	}
	r, err := w.as(w.operator()).Referral(t.Context(), task)
	if err != nil {
		t.Fatal(err)
	}
	if r.State != to {
		t.Fatalf("brought to %s, want %s", r.State, to)
	}
	return r
}

// TestEveryMove has everyone try every move from every state, of a referral that
// a hub has and of one that the service has that was meant: what the table
// allows is done and leaves the resources as it says, all else is refused and
// changes nothing.
func TestEveryMove(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		for _, kind := range []struct {
			a   workflow.Asking
			at  string
			hub bool
		}{{workflow.Asking{Service: "falls-s"}, "falls", false}, {workflow.Asking{Service: "falls-s", Via: "hub-s"}, "hub", true}} {
			for _, s := range workflow.Referrals().States {
				w.tryAll(t, s, kind.a, kind.at, kind.hub)
			}
		}
	})
}

func (w *world) tryAll(t *testing.T, s *workflow.Standing, a workflow.Asking, at string, hub bool) {
	table := workflow.Referrals()
	r := w.bring(t, s.State, a)
	for i := range w.players(r, at, hub) {
		for j, m := range table.Moves {
			p := w.players(r, at, hub)[i]
			sees := w.sees(&p, s)
			legal := sees && slices.Contains(m.From, s.State) && slices.ContainsFunc(p.sides, func(side workflow.Side) bool { return slices.Contains(m.By, side) })
			if !legal && w.part > 0 && (i+j)%w.part != 0 {
				continue
			}
			now, err := w.as(p.subject).Do(t.Context(), r.Task, w.full(table, m.Name))
			switch kind := fault.KindOf(err); {
			case legal && err != nil:
				t.Errorf("%s from %s by %s: %v", m.Name, s.State, p.name, err)
			case legal:
				w.stands(t, r, m, now)
				r = w.bring(t, s.State, a)
			case err == nil:
				t.Errorf("%s from %s by %s was made", m.Name, s.State, p.name)
				r = w.bring(t, s.State, a)
			case !sees && kind != fault.NotFound, sees && kind != fault.Denied && kind != fault.Conflict:
				t.Errorf("%s from %s by %s is refused with %v: %v", m.Name, s.State, p.name, kind, err)
			}
		}
		p := w.players(r, at, hub)[i]
		w.offered(t, r, p, s, w.sees(&p, s))
	}
	if after, err := w.as(w.operator()).Referral(t.Context(), r.Task); err != nil || after.ETag != r.ETag {
		t.Errorf("what was refused in %s changed something: %v", s.State, err)
	}
}

// sees reports whether the referral is there for somebody: for a service not yet
// in a draft, and no longer once it is over.
func (w *world) sees(p *player, s *workflow.Standing) bool {
	return !p.blind && (p.name != "the service that has it" || s.State != "draft" && !s.Over())
}

// offered checks that what somebody is offered is what the table says.
func (w *world) offered(t *testing.T, r *workflow.Referral, p player, s *workflow.Standing, sees bool) {
	now, err := w.as(p.subject).Now(t.Context(), r.Task)
	if !sees {
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s sees the referral in %s: %v", p.name, s.State, err)
		}
		return
	}
	if err != nil {
		t.Errorf("%s asks how it stands in %s: %v", p.name, s.State, err)
		return
	}
	want := workflow.Referrals().Legal(s.State, p.sides...)
	if !slices.Equal(now.Moves, want) {
		t.Errorf("%s is offered %d moves in %s, want %d", p.name, len(now.Moves), s.State, len(want))
	}
}

// stands checks the resources after a legal move.
func (w *world) stands(t *testing.T, r *workflow.Referral, m *workflow.Move, now *workflow.Now) {
	t.Helper()
	to := workflow.Referrals().Standing(m.To)
	task := w.read("Task", r.Task)
	if got := task.Get("status").Text(); got != to.Task {
		t.Errorf("after %s the Task is %s, want %s", m.Name, got, to.Task)
	}
	request := w.read("ServiceRequest", r.Request)
	wantRequest := to.Request
	if wantRequest == "" {
		wantRequest = "active"
	}
	if got := request.Get("status").Text(); got != wantRequest {
		t.Errorf("after %s the ServiceRequest is %s, want %s", m.Name, got, wantRequest)
	}
	open := 0
	for tag := range task.Get("meta").Get("tag").Items() {
		if tag.Get("system").Is(workflow.OpenTag) {
			open++
		}
	}
	if want := !to.Over(); (open == 1) != want {
		t.Errorf("after %s the Task is on %d lists, over = %v", m.Name, open, to.Over())
	}
	if access.Labels(task)&access.Workflow == 0 || access.Labels(request)&access.Workflow == 0 {
		t.Errorf("after %s the mark of the workflow is gone", m.Name)
	}
	if to.Turn == "onward" {
		if now.Task == r.Task || now.Referral.State != "sent" || now.Referral.Service != "charity-s" {
			t.Errorf("after %s it is %s with %s, want sent to charity-s", m.Name, now.Referral.State, now.Referral.Service)
		}
	}
	w.episodes(t, r, m, to)
}

// episodes checks that just the service that has the person has an open episode.
func (w *world) episodes(t *testing.T, r *workflow.Referral, m *workflow.Move, to *workflow.Standing) {
	t.Helper()
	for _, organisation := range []string{"falls", "hub", "charity"} {
		_, err := w.rec.As(w.staff(organisation)).Read(t.Context(), "Task", r.Task)
		sees := err == nil
		want := strings.HasSuffix(r.Organization, "/"+organisation) && !to.Over()
		if organisation == "charity" && to.Turn == "onward" {
			want = true
		}
		if sees != want && organisation != "charity" {
			t.Errorf("after %s %s sees the referral = %v, want %v (%v)", m.Name, organisation, sees, want, err)
		}
	}
}

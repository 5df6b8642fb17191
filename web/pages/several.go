package pages

import (
	"net/http"
	"slices"
	"strings"

	"joinery/care/workflow"
	"joinery/fault"
	"joinery/fhir"
)

// Several tasks of a worklist are claimed, given back or moved at once. Each is
// decided by itself, for the person and from the version that whoever chose it saw;
// what became of it is a line of the answer. A move is asked for twice: first the
// page says which of them can make it. What is decided about one person alone, as
// how a visit went or why a referral ends, is for the page of each.
var (
	manyMoves = map[string][]string{
		workflow.KindReferral: {"receive", "accept", "wait", "reroute"},
		workflow.KindActivity: {"begin", "drop"},
		workflow.KindAction:   {"begin", "drop"},
	}
	manyClaims = []string{"claim", "give-back"}
)

// mostChosen is how many may be chosen at once: as many as a page has rows.
var mostChosen = slices.Max(sizes)

// chosenTask is a task as whoever chose it saw it.
type chosenTask struct {
	Task    fhir.ID
	Person  fhir.ID
	Version string
}

func (t chosenTask) String() string { return string(t.Task) + " " + string(t.Person) + " " + t.Version }

// severalView is what became of several tasks, or what can become of them.
type severalView struct {
	Do      string // of the form: "claim", or a kind and a move of its table
	Title   string // of what is done, in words
	Lines   []severalLine
	Sure    bool // it was done: lines say what became of each
	Can     int  // that can be done, or were
	Reason  *Choice
	Service *Choice
	Says    Area
	Back    string
}

// severalLine is one of them.
type severalLine struct {
	Chosen, Name, About string
	Task                fhir.ID
	OK                  bool
	Says                string // how it stands, or why it cannot
}

// bulk are the things that can be done with several of some rows.
func (c *call) bulk(rows []workRow) Choice {
	say := c.tongue.text
	out := Choice{Field: Field{ID: "do", Name: "do", Label: say("work.several-do")}}
	if len(rows) < 2 {
		return out
	}
	for _, do := range manyClaims {
		out.Options = append(out.Options, Option{Value: do, Text: say("work." + do)})
	}
	for _, kind := range []string{workflow.KindReferral, workflow.KindActivity, workflow.KindAction} {
		for _, name := range manyMoves[kind] {
			m := tableOf(kind).Move(name)
			if slices.ContainsFunc(rows, func(r workRow) bool { return r.Kind == kind && slices.Contains(m.From, r.State) }) {
				out.Options = append(out.Options, Option{Value: kind + " " + name, Text: say("work.kind-"+kind) + ": " + m.Title})
			}
		}
	}
	return out
}

// tableOf is the table of the moves of a kind of task.
func tableOf(kind string) *workflow.Table {
	switch kind {
	case workflow.KindReferral:
		return workflow.Referrals()
	case workflow.KindInvite:
		return workflow.Invites()
	}
	return workflow.Tasks()
}

// several answers POST /work.
func (c *call) several() (*page, error) {
	chosen, err := c.chosen()
	if err != nil {
		return nil, err
	}
	if err := c.only("do", "sure", "reason", "service", "says", "back"); err != nil {
		return nil, err
	}
	v := &severalView{Do: c.field("do"), Back: local(c.field("back"))}
	c.back = v.Back
	if slices.Contains(manyClaims, v.Do) {
		v.Title, v.Sure = c.tongue.text("work."+v.Do), true
		return c.lines(v, chosen, c.claimOne)
	}
	kind, name, _ := strings.Cut(v.Do, " ")
	if !slices.Contains(manyMoves[kind], name) {
		return nil, fault.New(fault.Invalid, "Choose what is to be done with them: claim them, give them back, or one of the moves that the list offers.")
	}
	table := tableOf(kind)
	move := table.Move(name)
	v.Title = upper(move.Title)
	if err := c.severalFields(v, table, move); err != nil {
		return nil, err
	}
	wrong := v.wrong(c)
	v.Sure = c.field("sure") == "yes" && len(wrong) == 0
	do := func(one chosenTask, now *workflow.Now) (*workflow.Now, error) {
		return c.moveOne(one, now, kind, move, v.Sure)
	}
	p, err := c.lines(v, chosen, do)
	if err == nil && c.field("sure") == "yes" && len(wrong) > 0 {
		p.errors, p.status = wrong, http.StatusUnprocessableEntity
	}
	return p, err
}

// chosen reads the tasks that were chosen, and takes them out of the form.
func (c *call) chosen() ([]chosenTask, error) {
	var out []chosenTask
	for _, text := range c.sent["task"] {
		parts := strings.SplitN(text, " ", 3)
		if len(parts) != 3 || !fhir.ID(parts[0]).Valid() {
			return nil, fault.New(fault.Invalid, "The form does not say which tasks are meant. Load the page again.")
		}
		out = append(out, chosenTask{fhir.ID(parts[0]), fhir.ID(parts[1]), parts[2]})
	}
	delete(c.sent, "task")
	c.back = local(c.field("back"))
	switch {
	case len(out) == 0:
		return nil, fault.New(fault.Invalid, "Choose the tasks that are meant: each has a box to tick.")
	case len(out) > mostChosen:
		return nil, fault.New(fault.Invalid, "More tasks were chosen than a page holds. Choose fewer.")
	}
	return out, nil
}

// severalFields are what a move needs beside the tasks.
func (c *call) severalFields(v *severalView, table *workflow.Table, move *workflow.Move) error {
	say := c.tongue.text
	v.Says = Area{Field: Field{ID: "says", Name: "says", Label: say("referral.says"), Value: c.field("says")}, Rows: 2}
	if slices.Contains(move.Needs, workflow.NeedReason) {
		v.Reason = &Choice{Field: Field{ID: "reason", Name: "reason", Label: say("referral.reason")}, Options: []Option{{}}}
		for _, r := range table.ReasonsOf(move.Name) {
			v.Reason.Options = append(v.Reason.Options, Option{Value: r.Code, Text: upper(r.Title), Chosen: r.Code == c.field("reason")})
		}
	}
	if !slices.Contains(move.Needs, workflow.NeedService) {
		return nil
	}
	services, err := c.onwardServices()
	if err != nil {
		return err
	}
	services.Options[0].Text = ""
	for i := range services.Options {
		services.Options[i].Chosen = services.Options[i].Value == c.field("service")
	}
	services.Field = Field{ID: "service", Name: "service", Label: say("referral.service")}
	v.Service = services
	return nil
}

// wrong says what is not filled in.
func (v *severalView) wrong(c *call) []mistake {
	var out []mistake
	for _, need := range []struct {
		of  *Choice
		key string
	}{{v.Reason, "referral.need-reason"}, {v.Service, "refer.need-service"}} {
		if need.of != nil && need.of.chosen() == "" {
			says := c.tongue.text(need.key)
			if c.field("sure") == "yes" {
				need.of.Error = says
			}
			out = append(out, mistake{need.of.ID, says})
		}
	}
	return out
}

// lines does something with each task and says what became of it. What goes wrong
// with one keeps no other back.
func (c *call) lines(v *severalView, chosen []chosenTask, do func(chosenTask, *workflow.Now) (*workflow.Now, error)) (*page, error) {
	var ids []fhir.ID
	for _, one := range chosen {
		ids = append(ids, one.Person)
	}
	about, err := c.people(ids)
	if err != nil {
		return nil, err
	}
	for _, one := range chosen {
		line := severalLine{Chosen: one.String(), Task: one.Task}
		now, err := c.asSeen(one)
		if now != nil { // otherwise nothing of it is told
			line.About, line.Says = now.About, upper(now.Title)
			if s := about[now.Patient]; s != nil {
				b := s.banner()
				line.Name = strings.TrimSuffix(b.Family+", "+b.Given, ", ")
			}
		}
		if err == nil {
			now, err = do(one, now)
		}
		if line.OK = err == nil; line.OK {
			v.Can++
			line.Says = upper(now.Title)
		} else {
			line.Says = fault.MessageOf(err)
		}
		v.Lines = append(v.Lines, line)
	}
	return &page{name: "several", view: v}, nil
}

// asSeen reads a task, and refuses one that is not as whoever chose it saw it.
func (c *call) asSeen(one chosenTask) (*workflow.Now, error) {
	now, err := c.flow().Now(c.ctx, one.Task)
	switch {
	case err != nil:
		return nil, err //nolint:wrapcheck // it is fit to be shown
	case now.Patient != one.Person:
		return nil, fault.New(fault.Conflict, "This line was about another person than the task is now, so nothing was done. Look at it again.")
	case now.ETag != one.Version:
		return now, fault.New(fault.Conflict, "This has changed since you opened the list: it is now "+now.Title+". Nothing was done with it. Look at it again.")
	}
	return now, nil
}

func (c *call) claimOne(one chosenTask, _ *workflow.Now) (*workflow.Now, error) {
	who := c.practitioner()
	if c.field("do") == "give-back" {
		who = ""
	}
	return c.flow().Claim(c.ctx, one.Task, who, one.Version) //nolint:wrapcheck // it is fit to be shown
}

// moveOne makes the move of one task, or says whether it could.
func (c *call) moveOne(one chosenTask, now *workflow.Now, kind string, move *workflow.Move, sure bool) (*workflow.Now, error) {
	switch {
	case now.Kind != kind:
		return nil, fault.New(fault.Invalid, "This is another kind of task: it is not done so.")
	case !slices.ContainsFunc(now.Moves, func(m *workflow.Move) bool { return m.Name == move.Name }):
		return nil, fault.New(fault.Conflict, "It is "+now.Title+": from there this cannot be done, or not by you.")
	case !sure:
		return now, nil
	}
	return c.flow().Do(c.ctx, one.Task, workflow.Making{ //nolint:wrapcheck // it is fit to be shown
		Move: move.Name, Version: one.Version, Reason: c.field("reason"), Service: fhir.ID(c.field("service")), Says: c.field("says"),
	})
}

// Left is how many it could not be done with.
func (v *severalView) Left() int { return len(v.Lines) - v.Can }

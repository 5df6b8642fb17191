package pages

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"joinery/care/directory"
	"joinery/care/workflow"
	"joinery/care/workflow/clock"
	"joinery/fault"
	"joinery/fhir"
	"joinery/record/search"
)

// referralView is the room of a referral or a task: how it stands, its clocks, what
// can be done with it now, and what has happened.
type referralView struct {
	Banner  banner
	Limited bool // whoever looks sees a name and how to reach them, and no more
	Now     *workflow.Now
	Rows    []Row
	Clocks  []clockLine
	Moves   []moveForm
	History []historyLine
	Done    bool
	Claim   string // what can be done with it: "claim", "give-back"
}

// moveForm is one move that can be made, with what it needs.
type moveForm struct {
	Name, Title string
	Open        bool // it was sent, and something is missing
	Reason      *Choice
	Service     *Choice
	Back        *Area
	Says        *Area
	When        *Date
	Clock       *Input
	Outcome     *Input
}

type historyLine struct {
	At        time.Time
	What, Who string
	Reason    string
	Says      string
}

// referral answers GET /referrals/{task}.
func (c *call) referral() (*page, error) {
	task, err := c.id("task")
	if err != nil {
		return nil, err
	}
	now, err := c.flow().Now(c.ctx, task)
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	if now.Task != task { // a question leads to the referral that waits for its answer
		return &page{to: "/referrals/" + string(now.Task)}, nil
	}
	v, err := c.room(now)
	if err != nil {
		return nil, err
	}
	v.Done = c.asked.Get("done") == "yes"
	return c.roomPage(v), nil
}

func (c *call) roomPage(v *referralView) *page {
	p := &page{name: "referral", view: v}
	if v.Now.Kind != workflow.KindReferral {
		p.title = "referral.task"
	}
	return p
}

// room gathers what a task's page shows.
func (c *call) room(now *workflow.Now) (*referralView, error) {
	s, err := c.gather(now.Patient, "AllergyIntolerance")
	if err != nil {
		return nil, err
	}
	v := &referralView{Banner: s.banner(), Now: now, Limited: !slices.Contains(staff, c.role())}
	names := map[string]string{}
	wanted := map[string][]string{}
	refs := []string{now.Owner}
	if now.Referral != nil {
		refs = append(refs, now.Referral.Requester)
	}
	for _, ref := range refs {
		if typ, id, ok := strings.Cut(ref, "/"); ok && typ == "Organization" {
			wanted[typ] = append(wanted[typ], id)
		}
	}
	if !v.Limited {
		if err := c.lookUp(names, wanted); err != nil {
			return nil, err
		}
	}
	v.rows(c, names)
	if err := c.moves(v); err != nil {
		return nil, err
	}
	switch me := c.practitioner(); {
	case me == "" || len(now.Moves) == 0:
	case now.Claimed == "":
		v.Claim = "claim"
	case now.Claimed == me:
		v.Claim = "give-back"
	}
	return v, nil
}

// rows say how it stands.
func (v *referralView) rows(c *call, names map[string]string) {
	say, now := c.tongue.text, v.Now
	named := func(ref string) string {
		if name := names[ref]; name != "" {
			return name
		}
		switch typ, _, _ := strings.Cut(ref, "/"); typ {
		case "Patient":
			return say("referral.by-person")
		case "RelatedPerson":
			return say("referral.by-carer")
		}
		return say("referral.another")
	}
	v.Rows = append(v.Rows, Row{Key: say("referral.state"), Value: upper(now.Title)}, Row{Key: say("referral.about"), Value: now.About})
	if r := now.Referral; r != nil {
		with := r.ServiceName
		if owner := named(r.Organization); owner != with {
			with += ", " + owner
		}
		v.Rows = append(v.Rows, Row{Key: say("referral.from"), Value: named(r.Requester)}, Row{Key: say("referral.now-with"), Value: with})
		if t := workflow.Referrals().Standing(r.State); t != nil {
			v.Rows = append(v.Rows, Row{Key: say("referral.turn"), Value: say("referral.turn-" + string(t.Turn))})
		}
		if r.Priority != "" {
			v.Rows = append(v.Rows, Row{Key: say("referral.priority"), Value: upper(r.Priority)})
		}
		for i := range r.Clocks {
			v.Clocks = append(v.Clocks, clockOf(&r.Clocks[i], c.now()))
		}
		for _, step := range slices.Backward(r.History) {
			v.History = append(v.History, historyOf(step))
		}
	} else {
		v.Rows = append(v.Rows, Row{Key: say("referral.now-with"), Value: named(now.Owner)})
	}
	who := say("referral.unclaimed")
	switch {
	case now.Claimed != "" && now.Claimed == c.practitioner():
		who = say("referral.you")
	case now.Claimed != "":
		who = say("referral.another")
	}
	due := say("referral.no-due")
	if !now.Due.IsZero() {
		due = shortMoment(now.Due)
	}
	v.Rows = append(v.Rows, Row{Key: say("referral.claimed"), Value: who}, Row{Key: say("referral.due"), Value: due})
	if now.Place != nil {
		v.Rows = append(v.Rows, Row{Key: say("referral.place"), Value: strings.Join(now.Place.Say(), " ")})
	}
}

// clockLine is a clock and how it stands.
type clockLine struct {
	Says  Tag
	Until time.Time // when it runs out, of one that is open
	Title string
}

func clockOf(r *clock.Reading, now time.Time) clockLine {
	l := clockLine{Says: Tag{Text: upper(r.State.String())}, Title: r.Standard.Title}
	switch r.State {
	case clock.Running, clock.Soon:
		l.Until = r.Due
		l.Says.Text = span(r.Due.Sub(now)) + " left"
		if r.State == clock.Soon {
			l.Says.Colour = "yellow"
		}
	case clock.Late:
		l.Until, l.Says = r.Due, Tag{"Late by " + span(now.Sub(r.Due)), "red"}
	case clock.Passed:
		l.Says.Colour = "red"
	case clock.Met:
		l.Says.Colour = "green"
	case clock.NotStarted, clock.Closed:
		l.Says.Colour = "grey"
	}
	return l
}

func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// historyOf says a step in words.
func historyOf(s workflow.Step) historyLine {
	h := historyLine{At: s.At, What: s.Move, Who: s.Who, Says: s.Says}
	if h.Who == "" {
		h.Who = "the " + string(s.By)
	}
	if m := workflow.Referrals().Move(s.Move); m != nil {
		h.What = m.Title
	}
	h.What = upper(h.What)
	for _, r := range workflow.Referrals().Reasons {
		if r.Code == s.Reason {
			h.Reason = r.Title
		}
	}
	return h
}

// moves are the forms of what can be done now.
func (c *call) moves(v *referralView) error {
	table := workflow.Tasks()
	switch v.Now.Kind {
	case workflow.KindReferral:
		table = workflow.Referrals()
	case workflow.KindInvite:
		table = workflow.Invites()
	}
	say := c.tongue.text
	var services *Choice
	for _, m := range v.Now.Moves {
		sent := c.field("move") == m.Name
		value := func(name string) string {
			if sent {
				return c.field(name)
			}
			return ""
		}
		f := moveForm{Name: m.Name, Title: upper(m.Title), Open: sent}
		field := func(name string) Field {
			return Field{ID: m.Name + "-" + name, Name: name, Label: say("referral." + name), Value: value(name)}
		}
		for _, need := range m.Needs {
			switch need {
			case workflow.NeedReason:
				f.Reason = &Choice{Field: field("reason"), Options: []Option{{}}}
				for _, r := range table.ReasonsOf(m.Name) {
					f.Reason.Options = append(f.Reason.Options, Option{Value: r.Code, Text: upper(r.Title), Chosen: r.Code == value("reason")})
				}
			case workflow.NeedOnward, workflow.NeedService:
				if services == nil {
					var err error
					if services, err = c.onwardServices(); err != nil {
						return err
					}
				}
				f.Service = &Choice{Field: field("service"), Options: slices.Clone(services.Options)}
				for i := range f.Service.Options {
					f.Service.Options[i].Chosen = f.Service.Options[i].Value == value("service")
				}
				if need == workflow.NeedOnward && v.Now.Kind == workflow.KindReferral {
					f.Back = &Area{Field: field("back"), Rows: 2}
				}
			case workflow.NeedQuestion, workflow.NeedAnswer:
				f.Says = &Area{Field: field("says"), Rows: 3}
				f.Says.Label = say("referral." + string(need))
			case workflow.NeedWhen:
				f.When = &Date{Field: field("when"), Day: value("day"), Month: value("month"), Year: value("year"), Words: [3]string{say("find.day"), say("find.month"), say("find.year")}}
				f.When.Hint = say("referral.when-hint")
				f.Clock = &Input{Field: field("clock"), Width: "5"}
			case workflow.NeedOutcome:
				f.Outcome = &Input{Field: field("outcome")}
			}
		}
		if f.Says == nil {
			f.Says = &Area{Field: field("says"), Rows: 2}
		}
		v.Moves = append(v.Moves, f)
	}
	return nil
}

// onwardServices are those that take people whom another service sends.
func (c *call) onwardServices() (*Choice, error) {
	all, err := directory.All(c.ctx, c.view, []search.Pair{{Name: "active", Value: "true"}, {Name: "_sort", Value: "name"}}, search.Options{Strict: true, Now: c.now()})
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what it was doing
	}
	out := &Choice{Options: []Option{{Text: c.tongue.text("referral.service-none")}}}
	for _, s := range all {
		if s.Usable() == nil && (s.Takes(directory.FromService) || s.Takes(directory.FromProfessional)) {
			out.Options = append(out.Options, Option{Value: string(s.ID), Text: strings.TrimSuffix(s.Name, " (synthetic)")})
		}
	}
	return out, nil
}

// moved answers POST /referrals/{task}: makes a move, for the person and from the
// version that its form shows.
func (c *call) moved() (*page, error) {
	task, err := c.id("task")
	if err != nil {
		return nil, err
	}
	if err := c.only("person", "version", "move", "reason", "service", "back", "says", "day", "month", "year", "clock", "outcome"); err != nil {
		return nil, err
	}
	now, err := c.bound(task, "/referrals/"+string(task))
	if err != nil {
		return nil, err
	}
	m := workflow.Making{
		Move: c.field("move"), Version: c.field("version"), Reason: c.field("reason"), Says: c.field("says"), Service: fhir.ID(c.field("service")),
		Back: c.field("back"), Outcome: c.field("outcome"),
	}
	if c.field("day")+c.field("month")+c.field("year")+c.field("clock") != "" {
		when, ok := c.booked()
		if !ok {
			return c.again(now, c.tongue.text("referral.need-when"), m.Move+"-when-day")
		}
		m.When = when
	}
	made, err := c.flow().Do(c.ctx, task, m)
	switch {
	case fault.KindOf(err) == fault.Invalid && err != nil:
		return c.again(now, fault.MessageOf(err), "move-"+m.Move)
	case err != nil:
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	return &page{to: "/referrals/" + string(made.Task) + "?done=yes"}, nil
}

// again shows the room once more, with what is missing.
func (c *call) again(now *workflow.Now, says, field string) (*page, error) {
	v, err := c.room(now)
	if err != nil {
		return nil, err
	}
	p := c.roomPage(v)
	p.errors, p.status = []mistake{{field, says}}, http.StatusUnprocessableEntity
	return p, nil
}

// booked reads a day and a time, of the clock in London.
func (c *call) booked() (time.Time, bool) {
	day, ok := dayOf(c.field("day"), c.field("month"), c.field("year"))
	at, err := time.Parse("15:04", c.field("clock"))
	if !ok || err != nil {
		return time.Time{}, false
	}
	return time.Date(day.Year(), day.Month(), day.Day(), at.Hour(), at.Minute(), 0, 0, clock.London), true
}

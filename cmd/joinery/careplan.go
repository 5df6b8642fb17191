package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"joinery/care/workflow"
	"joinery/care/workflow/clock"
	"joinery/fhir"
)

// careplanCommand groups what is done with people's care plans.
type careplanCommand struct {
	Show   careplanShow   `cmd:"" help:"Show a person's care plan: their own words first, then what does not go together, goals, actions."`
	Say    careplanSay    `cmd:"" help:"Write down what matters to the person, in their own words."`
	Worse  careplanWorse  `cmd:"" help:"Write down what to do if things get worse, and whom to ring."`
	Note   careplanNote   `cmd:"" help:"Write down whatever else is to be known."`
	Goal   careplanGoal   `cmd:"" help:"Write down something that the person wants to reach."`
	Action careplanAction `cmd:"" help:"Write down something to do, with who does it and by when."`
}

type careplanShow struct {
	Person string `required:"" help:"Id of the Patient." placeholder:"ID"`
}

// Help is shown by joinery careplan show --help.
func (careplanShow) Help() string {
	return `The person has one plan, with a part for each model of care that they are in. Where two models ask for what does not go together, it says so, what to do about it, and what was decided.

    joinery careplan show --person p1 --purpose TREAT`
}

// saying is what a desk is told to put into a plan.
type saying struct {
	Patient fhir.ID         `json:"patient"`
	Saying  workflow.Saying `json:"saying"`
}

// Run is the command.
func (c *careplanShow) Run(ctx context.Context, a *app) error {
	return a.plan(ctx, "/careplan/show", saying{Patient: personID(c.Person)})
}

func personID(text string) fhir.ID { return fhir.ID(strings.TrimPrefix(text, "Patient/")) }

func (a *app) plan(ctx context.Context, path string, what saying) error {
	var p workflow.Plan
	if err := a.tell(ctx, "careplan", path, what, &p); err != nil {
		return err
	}
	if a.flags.JSON {
		return a.printJSON(p)
	}
	printPlan(a.out, &p)
	return nil
}

type careplanSay struct {
	Person string `required:"" help:"Id of the Patient." placeholder:"ID"`
	Words  string `arg:"" help:"What they say."`
	By     string `help:"Who says it for them, if not the person: RelatedPerson/ID." placeholder:"WHO"`
}

// Help is shown by joinery careplan say --help.
func (careplanSay) Help() string {
	return `The words are the person's, and the plan says who wrote them down. What they said before stays beneath.

    joinery careplan say --person p1 "I want to see my garden again" --purpose TREAT`
}

// Run is the command.
func (c *careplanSay) Run(ctx context.Context, a *app) error {
	return a.plan(ctx, "/careplan/say", saying{personID(c.Person), workflow.Saying{What: workflow.SayWords, Text: c.Words, By: c.By}})
}

type careplanWorse struct {
	Person string `required:"" help:"Id of the Patient." placeholder:"ID"`
	Words  string `arg:"" help:"What to do, and whom to ring."`
}

// Help is shown by joinery careplan worse --help.
func (careplanWorse) Help() string {
	return `    joinery careplan worse --person p1 "If the leg swells: ring the practice the same day; at night 111" --purpose TREAT`
}

// Run is the command.
func (c *careplanWorse) Run(ctx context.Context, a *app) error {
	return a.plan(ctx, "/careplan/say", saying{personID(c.Person), workflow.Saying{What: workflow.SayWorse, Text: c.Words}})
}

type careplanNote struct {
	Person string `required:"" help:"Id of the Patient." placeholder:"ID"`
	Words  string `arg:"" help:"What is to be known."`
}

// Help is shown by joinery careplan note --help.
func (careplanNote) Help() string {
	return `    joinery careplan note --person p1 "The key is with the neighbour at number 4" --purpose TREAT`
}

// Run is the command.
func (c *careplanNote) Run(ctx context.Context, a *app) error {
	return a.plan(ctx, "/careplan/say", saying{personID(c.Person), workflow.Saying{What: workflow.SayNote, Text: c.Words}})
}

type careplanGoal struct {
	Person  string `required:"" help:"Id of the Patient." placeholder:"ID"`
	Words   string `arg:"" help:"What is to be reached."`
	Measure string `help:"What tells whether it is." placeholder:"TEXT"`
	Target  string `help:"How far." placeholder:"TEXT"`
	Due     string `help:"By which day." placeholder:"DATE"`
}

// Help is shown by joinery careplan goal --help.
func (careplanGoal) Help() string {
	return `    joinery careplan goal --person p1 "Walk to the shop" --measure "metres on one's own" --target 400 --due 2026-05-01 --purpose TREAT`
}

// Run is the command.
func (c *careplanGoal) Run(ctx context.Context, a *app) error {
	return a.plan(ctx, "/careplan/say", saying{personID(c.Person), workflow.Saying{What: workflow.SayGoal, Text: c.Words, By: "Patient/" + string(personID(c.Person)), Measure: c.Measure, Target: c.Target, Due: c.Due}})
}

type careplanAction struct {
	Person string `required:"" help:"Id of the Patient." placeholder:"ID"`
	Words  string `arg:"" help:"What is to be done."`
	Owner  string `required:"" help:"Who does it: Organization/ID, or Patient/ID for the person themselves." placeholder:"WHO"`
	Due    string `required:"" help:"By which day." placeholder:"DATE"`
}

// Help is shown by joinery careplan action --help.
func (careplanAction) Help() string {
	return `It is on the owner's list until it is done: joinery task done TASK.

    joinery careplan action --person p1 "Ask for a rail in the bathroom" --owner Organization/team --due 2026-03-01 --purpose TREAT`
}

// Run is the command.
func (c *careplanAction) Run(ctx context.Context, a *app) error {
	return a.plan(ctx, "/careplan/say", saying{personID(c.Person), workflow.Saying{What: workflow.SayAction, Text: c.Words, Owner: c.Owner, Due: c.Due}})
}

func (d *desk) careplanShow(_ http.ResponseWriter, r *http.Request) (any, error) {
	var of saying
	flow, err := d.flow(r, &of)
	if err != nil {
		return nil, err
	}
	return flow.Plan(r.Context(), of.Patient) //nolint:wrapcheck // it is fit to be shown
}

func (d *desk) careplanSay(_ http.ResponseWriter, r *http.Request) (any, error) {
	var of saying
	flow, err := d.flow(r, &of)
	if err != nil {
		return nil, err
	}
	return flow.Say(r.Context(), of.Patient, of.Saying) //nolint:wrapcheck // it is fit to be shown
}

func day(t time.Time) string { return t.In(clock.London).Format(time.DateOnly) }

// printPlan prints a plan as it is read: the person first.
func printPlan(out io.Writer, p *workflow.Plan) {
	for _, list := range []struct {
		title string
		of    []workflow.Said
	}{{"What matters to me", p.Words}, {"If things get worse", p.Worse}} {
		fmt.Fprintln(out, list.title)
		for _, s := range list.of {
			fmt.Fprintf(out, "  “%s” (%s)\n", s.Text, saidBy(&s))
		}
		if len(list.of) == 0 {
			fmt.Fprintln(out, "  nobody has written it down yet")
		}
	}
	printConflicts(out, p)
	if len(p.Goals) > 0 {
		fmt.Fprintln(out, "Goals")
	}
	for _, g := range p.Goals {
		line := "  " + g.Says
		for _, part := range []struct{ word, says string }{{": ", g.Target}, {", by ", g.Due}, {" (", g.By}} {
			if part.says != "" {
				line += part.word + part.says
			}
		}
		if g.By != "" {
			line += ")"
		}
		if g.Status != "active" {
			line += ", " + g.Status
		}
		fmt.Fprintln(out, line)
	}
	if len(p.Actions) > 0 {
		fmt.Fprintln(out, "To be done")
	}
	for i := range p.Actions {
		fmt.Fprintln(out, actionLine(&p.Actions[i]))
	}
	for _, part := range p.Parts {
		until := ""
		if !part.To.IsZero() {
			until = " until " + day(part.To)
		}
		fmt.Fprintf(out, "Part: %s, %s, from %s%s\n", part.Title, part.Status, day(part.From), until)
	}
	for i := range p.Notes {
		fmt.Fprintf(out, "Note: %s (%s)\n", p.Notes[i].Text, saidBy(&p.Notes[i]))
	}
}

func printConflicts(out io.Writer, p *workflow.Plan) {
	if len(p.Conflicts) > 0 {
		fmt.Fprintln(out, "What does not go together")
	}
	for _, c := range p.Conflicts {
		fmt.Fprintf(out, "  ! %s\n", c.Says)
		switch {
		case c.Decided != "":
			fmt.Fprintf(out, "    decided: %s (Task/%s)\n", c.Decided, c.Task)
		case c.Task != "":
			fmt.Fprintf(out, "    %s\n    to be decided by %s: joinery task done %s --outcome …\n", c.Do, c.Owner, c.Task)
		default:
			fmt.Fprintf(out, "    %s\n", c.Do)
		}
	}
}

func saidBy(s *workflow.Said) string {
	by := s.By
	if s.Written != "" {
		by += ", written down by " + s.Written
	}
	return by + ", " + day(s.At)
}

func actionLine(a *workflow.PlanAction) string {
	when := "no day is set"
	switch {
	case !a.Planned.IsZero():
		when = "planned for " + a.Planned.In(clock.London).Format("2006-01-02 15:04")
	case !a.Due.IsZero():
		when = "by " + day(a.Due)
	}
	if a.Late {
		when += ", LATE"
	}
	line := fmt.Sprintf("  %s: %s, %s  Task/%s", a.Says, a.Owner, when, a.Task)
	if a.Claimed != "" {
		line += "  " + a.Claimed
	}
	return line
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"joinery/care/workflow"
	"joinery/care/workflow/clock"
	"joinery/fault"
	"joinery/fhir"
)

// referralCommand groups what is done with referrals at the desk.
type referralCommand struct {
	Create referralCreate `cmd:"" help:"Refer somebody to a service, for whoever asked."`
	List   referralList   `cmd:"" help:"List the open referrals of a service, an organisation or a person."`
	Show   referralShow   `cmd:"" help:"Show how a referral stands, its clocks, and what can be done."`
	Move   referralMove   `cmd:"" help:"Make a move of a referral, for whoever rang."`
}

type referralCreate struct {
	Patient   string   `required:"" help:"Id of the Patient." placeholder:"ID"`
	Service   string   `required:"" help:"Id of the HealthcareService that is meant." placeholder:"ID"`
	From      string   `required:"" help:"Who asks: Organization/ID, Patient/ID or RelatedPerson/ID." placeholder:"WHO"`
	Reason    string   `required:"" help:"What help is needed, in words." placeholder:"TEXT"`
	Via       string   `help:"Id of a hub that takes it in first." placeholder:"ID"`
	Priority  string   `help:"How urgent it is: routine, urgent, asap, stat." default:"routine" placeholder:"HOW"`
	Note      string   `help:"What else is to be known." placeholder:"TEXT"`
	Standard  []string `help:"A response standard that it is held to, beside those that the service names." placeholder:"ID"`
	Key       string   `help:"Makes it come once: what is sent again under the same key is the same referral." placeholder:"KEY"`
	SaveDraft bool     `name:"draft" help:"Write it, and send it later with: joinery referral move TASK send."`
}

// Help is shown by joinery referral create --help.
func (referralCreate) Help() string {
	return `The service sees the person from then on. The command acts for whoever asked; the audit names the operator, so --purpose is needed.

    joinery referral create --patient p1 --service falls-car --from Organization/elm --reason "Fell at home, not hurt" --purpose TREAT`
}

// standing is how a desk tells of a task.
type standing struct {
	Task    fhir.ID   `json:"task"`
	Kind    string    `json:"kind"`
	State   string    `json:"state"`
	Title   string    `json:"title"`
	About   string    `json:"about"`
	Patient fhir.ID   `json:"patient"`
	Owner   string    `json:"owner"`
	Claimed string    `json:"claimed,omitempty"`
	Due     time.Time `json:"due,omitzero"`
	Clocks  []string  `json:"clocks,omitempty"`
	Place   []string  `json:"place,omitempty"` // in the line, in words
	Moves   []offered `json:"moves,omitempty"`
	Version string    `json:"version"`
}

// offered is a move that may be made.
type offered struct {
	Name  string   `json:"name"`
	Title string   `json:"title"`
	Needs []string `json:"needs,omitempty"`
}

// Run is the command.
func (c *referralCreate) Run(ctx context.Context, a *app) error {
	return a.stands(ctx, "referral", "/referral/create", workflow.Asking{
		Key: c.Key, Patient: fhir.ID(c.Patient), Service: fhir.ID(c.Service), Via: fhir.ID(c.Via), Requester: c.From,
		Reason: c.Reason, Note: c.Note, Priority: c.Priority, Standards: c.Standard, Draft: c.SaveDraft,
	})
}

// stands asks a desk to do something with a task, and prints how it stands then.
func (a *app) stands(ctx context.Context, command, path string, what any) error {
	var s standing
	if err := a.tell(ctx, command, path, what, &s); err != nil {
		return err
	}
	if a.flags.JSON {
		return a.printJSON(s)
	}
	s.print(a.out)
	return nil
}

// tell sends something to the desk and reads its answer.
func (a *app) tell(ctx context.Context, command, path string, what, answer any) error {
	desk, err := a.reach(ctx, command, "")
	if err != nil {
		return err
	}
	defer desk.close()
	body, err := json.Marshal(what)
	if err != nil {
		return fmt.Errorf("ask the desk: %w", err)
	}
	return desk.do(ctx, http.MethodPost, path, url.Values{}, body, answer)
}

func (s *standing) print(out io.Writer) {
	fmt.Fprintf(out, "Task/%s: %s, for Patient/%s, with %s: %s\n", s.Task, s.About, s.Patient, s.Owner, s.Title)
	for _, line := range slices.Concat(s.Clocks, s.Place) {
		fmt.Fprintf(out, "  %s\n", line)
	}
	if len(s.Moves) > 0 {
		var names []string
		for _, m := range s.Moves {
			name := m.Name
			if len(m.Needs) > 0 {
				name += " (" + strings.Join(m.Needs, ", ") + ")"
			}
			names = append(names, name)
		}
		fmt.Fprintf(out, "  can: %s\n", strings.Join(names, "; "))
	}
}

// listFlags say which tasks are wanted.
type listFlags struct {
	Service      string `help:"Of this HealthcareService." placeholder:"ID" xor:"of"`
	Organisation string `help:"Of this Organization: questions to it, and people who came back to it." placeholder:"ID" xor:"of"`
	By           string `help:"What this Practitioner does." placeholder:"ID"`
	Patient      string `help:"Of this Patient." placeholder:"ID"`
	Site         string `help:"At this Location." placeholder:"ID"`
	Model        string `help:"Of this model of care." placeholder:"ID"`
	Since        string `help:"Changed since this moment, such as the one that the last list ended with." placeholder:"TIME"`
	Sort         string `help:"How: due first, most urgent first, longest waiting first, newest first, last changed first, waiting order." default:"due first" placeholder:"HOW"`
}

func (l *listFlags) list(kind string) (workflow.List, error) {
	q := workflow.List{Patient: fhir.ID(l.Patient), Model: l.Model, Kind: kind, Sort: workflow.Order(l.Sort)}
	for _, f := range []struct {
		into        *string
		prefix, val string
	}{
		{&q.Of, "HealthcareService/", l.Service}, {&q.Of, "Organization/", l.Organisation}, {&q.By, "Practitioner/", l.By}, {&q.Site, "Location/", l.Site},
	} {
		if f.val != "" {
			*f.into = f.prefix + strings.TrimPrefix(f.val, f.prefix)
		}
	}
	if l.Since != "" {
		at, err := time.Parse(time.RFC3339, l.Since)
		if err != nil {
			return q, misuse{fault.New(fault.Invalid, "--since is a moment with its zone, such as 2026-02-03T09:10:00Z.")}
		}
		q.Since = at
	}
	return q, nil
}

type referralList struct {
	listFlags
}

// Help is shown by joinery referral list --help.
func (referralList) Help() string {
	return `Who is first stands first: by what is due, unless --sort says otherwise.

    joinery referral list --service falls-car --purpose TREAT
    joinery referral list --patient p1 --sort "newest first" --purpose TREAT
    joinery referral list --service model-escape-pain-leisure-centre --sort "waiting order" --purpose TREAT`
}

// Run is the command.
func (c *referralList) Run(ctx context.Context, a *app) error {
	return a.list(ctx, "referral", &c.listFlags, workflow.KindReferral)
}

func (a *app) list(ctx context.Context, command string, l *listFlags, kind string) error {
	q, err := l.list(kind)
	if err != nil {
		return err
	}
	var w workflow.Worklist
	if err := a.tell(ctx, command, "/task/list", q, &w); err != nil {
		return err
	}
	if a.flags.JSON {
		return a.printJSON(w)
	}
	for i := range w.Items {
		fmt.Fprintln(a.out, itemLine(&w.Items[i]))
	}
	switch {
	case len(w.Items) == 0:
		fmt.Fprintln(a.out, "Nothing is open.")
	case w.More:
		fmt.Fprintln(a.out, "There are more than are listed: narrow the list.")
	}
	return nil
}

// itemLine is a line of a worklist.
func itemLine(i *workflow.Item) string {
	due := "no time set     "
	if !i.Due.IsZero() {
		due = i.Due.In(clock.London).Format("2006-01-02 15:04")
	}
	late := "    "
	if i.Late {
		late = "LATE"
	}
	if i.Place > 0 {
		late = fmt.Sprintf("%4d", i.Place)
	}
	line := fmt.Sprintf("%s %s  %-8s %-9s Patient/%s  %s  Task/%s", late, due, i.Priority, i.State, i.Patient, i.About, i.Task)
	if i.Claimed != "" {
		line += "  " + i.Claimed
	}
	if i.Next {
		line += "  a place is free"
	}
	return line
}

type referralShow struct {
	Task string `arg:"" help:"Id of the Task."`
}

// Help is shown by joinery referral show --help.
func (referralShow) Help() string {
	return `Where the referral is, how its clocks stand, which moves can be made now; and of who waits for a place, where they are in the line and why.

    joinery referral show 0190… --purpose TREAT`
}

// Run is the command.
func (c *referralShow) Run(ctx context.Context, a *app) error {
	return a.stands(ctx, "referral", "/task/show", named1{taskID(c.Task)})
}

// named1 names a task to a desk.
type named1 struct {
	Task fhir.ID `json:"task"`
}

func taskID(text string) fhir.ID { return fhir.ID(strings.TrimPrefix(text, "Task/")) }

type referralMove struct {
	Task    string `arg:"" help:"Id of the Task."`
	Move    string `arg:"" help:"The move, as joinery referral show lists them: accept, decline, book …"`
	Reason  string `help:"Why: one of the reasons of the move." placeholder:"CODE"`
	Says    string `help:"In words: the question, the answer, or what is to be said." placeholder:"TEXT"`
	Service string `help:"Id of the service that it goes on to, or that takes the person on." placeholder:"ID"`
	Back    string `help:"What the referrer's organisation is to do, which takes the person on." placeholder:"TEXT"`
	When    string `help:"For when it is booked, such as 2026-02-03T09:10:00Z." placeholder:"TIME"`
	Outcome string `help:"How it ended." placeholder:"TEXT"`
	Urgency string `name:"priority" help:"Of a wait: how urgent it is now: routine, urgent, asap, stat." placeholder:"HOW"`
	Before  string `name:"exception" help:"By which exception of the model the person goes before others who wait." placeholder:"ID"`
	Seen    string `name:"version" help:"The version that the move is made from, so that it comes once." placeholder:"ETAG"`
}

// Help is shown by joinery referral move --help.
func (referralMove) Help() string {
	return `What moves there are, from where and by whom, is in docs/referrals.md. Nobody can be declined without a service that takes them on, or a task for the organisation that asked.

    joinery referral move 0190… decline --reason no-room --service team --purpose TREAT`
}

// doing is a move as a desk is told of it.
type doing struct {
	Task   fhir.ID         `json:"task"`
	Making workflow.Making `json:"making"`
}

// Run is the command.
func (c *referralMove) Run(ctx context.Context, a *app) error {
	m := workflow.Making{Move: c.Move, Version: c.Seen, Reason: c.Reason, Says: c.Says, Service: fhir.ID(c.Service), Back: c.Back, Outcome: c.Outcome, Priority: c.Urgency, Exception: c.Before}
	if c.When != "" {
		at, err := time.Parse(time.RFC3339, c.When)
		if err != nil {
			return misuse{fault.New(fault.Invalid, "--when is a moment with its zone, such as 2026-02-03T09:10:00Z.")}
		}
		m.When = at
	}
	return a.stands(ctx, "referral", "/task/move", doing{taskID(c.Task), m})
}

// taskCommand groups what is done with tasks at the desk.
type taskCommand struct {
	List taskList `cmd:"" help:"List open tasks of every kind."`
	Plan taskPlan `cmd:"" help:"Note for when a task is planned."`
	Done taskDone `cmd:"" help:"Note that a task was done."`
}

type taskList struct {
	listFlags
	Kind string `help:"Only of this kind: referral, question, onward, invite, activity, action, conflict." placeholder:"KIND"`
}

// Help is shown by joinery task list --help.
func (taskList) Help() string {
	return `What is to be done: referrals to look at, questions, people to take on, activities of models.

    joinery task list --service falls-car --kind activity --purpose TREAT
    joinery task list --organisation elm --since 2026-02-03T09:10:00Z --purpose TREAT`
}

// Run is the command.
func (c *taskList) Run(ctx context.Context, a *app) error {
	return a.list(ctx, "task", &c.listFlags, c.Kind)
}

type taskPlan struct {
	Task string `arg:"" help:"Id of the Task."`
	When string `arg:"" help:"For when, such as 2026-02-03T09:10:00Z." placeholder:"TIME"`
	Seen string `name:"version" help:"The version that it is planned from, so that it comes once." placeholder:"ETAG"`
}

// Help is shown by joinery task plan --help.
func (taskPlan) Help() string {
	return `Visits of two models at one time are found, and are on the lists of both until it is decided which one moves.

    joinery task plan 0190… 2026-02-03T09:10:00Z --purpose TREAT`
}

// Run is the command.
func (c *taskPlan) Run(ctx context.Context, a *app) error {
	at, err := time.Parse(time.RFC3339, c.When)
	if err != nil {
		return misuse{fault.New(fault.Invalid, "When is a moment with its zone, such as 2026-02-03T09:10:00Z.")}
	}
	return a.stands(ctx, "task", "/task/move", doing{taskID(c.Task), workflow.Making{Move: "plan", When: at, Version: c.Seen}})
}

type taskDone struct {
	Task    string            `arg:"" help:"Id of the Task."`
	Outcome string            `help:"What came of it." placeholder:"TEXT"`
	Answer  map[string]string `help:"What was answered, if the task asks questionnaires: QUESTIONNAIRE/QUESTION=ANSWER, once for each question." placeholder:"QUESTION=ANSWER" mapsep:"none"`
	Seen    string            `name:"version" help:"The version that it is done from, so that it comes once." placeholder:"ETAG"`
}

// Help is shown by joinery task done --help.
func (taskDone) Help() string {
	return `The next of a recurring activity appears when this one is done.

    joinery task done 0190… --outcome "Up again, no injury" --purpose TREAT
    joinery task done 0190… --answer k-hoos-pain/total=40 --answer k-hoos-function/total=45 --purpose TREAT`
}

// Run is the command.
func (c *taskDone) Run(ctx context.Context, a *app) error {
	return a.stands(ctx, "task", "/task/move", doing{taskID(c.Task), workflow.Making{Move: "done", Outcome: c.Outcome, Answers: c.Answer, Version: c.Seen}})
}

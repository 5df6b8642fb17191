package workflow_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"joinery/care/workflow"
	"joinery/care/workflow/clock"
)

var update = flag.Bool("update", false, "write docs/referrals.md anew")

// TestPage holds docs/referrals.md to the tables that the program runs by.
func TestPage(t *testing.T) {
	const file = "../../docs/referrals.md"
	got := page()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("docs/referrals.md is not what the tables say: go test ./care/workflow -run TestPage -update")
	}
}

func page() string {
	var b strings.Builder
	b.WriteString(`# Referrals, tasks and clocks

For whoever runs a service. This page is written from the tables that the program runs by (` + "`care/workflow/referrals.txt`, `tasks.txt`, `clock/standards.yaml`" + `): change those, run their tests, and make the page again with ` + "`go test ./care/workflow -run TestPage -update`" + `.

A referral is asked for by a practice, a hospital, the person themselves or their carer; it may go by a hub. Each service that has it sees the person as long as it has them. Nobody is turned away without somebody who takes them on.
`)
	for _, part := range []struct {
		title string
		table *workflow.Table
	}{{"A referral", workflow.Referrals()}, {"A task", workflow.Tasks()}, {"Somebody whom a model found", workflow.Invites()}} {
		fmt.Fprintf(&b, "\n## %s\n\n| state | is | whose turn |\n|---|---|---|\n", part.title)
		for _, s := range part.table.States {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", s.State, s.Title, turn(s.Turn))
		}
		b.WriteString("\n| move | is | from | to | by | needs |\n|---|---|---|---|---|---|\n")
		for _, m := range part.table.Moves {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", m.Name, m.Title, words(m.From), m.To, words(m.By), words(m.Needs))
		}
		b.WriteString("\n| reason | is | of |\n|---|---|---|\n")
		for _, r := range part.table.Reasons {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", r.Code, r.Title, strings.Join(r.Of, ", "))
		}
	}
	b.WriteString("\nThe operator is whoever works at the desk (`joinery referral move`, `joinery task done`) for somebody who rang; the audit names them.\n")
	b.WriteString(waitingList)
	b.WriteString("\n## Clocks\n\nA clock is worked out from what happened each time it is looked at. A referral that is sent on keeps its start. Hours are elapsed time; days end with a day in London; working days know the bank holidays of England. A model may say during which hours a standard of its own holds: outside them its clock stands still, so that a call at night is due in the morning.\n\n| standard | is | begins with | is met by | ends without | within | source, and what is not verified |\n|---|---|---|---|---|---|---|\n")
	for _, s := range clock.Shipped() {
		note := s.Source
		if s.Note != "" {
			note += ". " + s.Note
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s | %s |\n", s.ID, s.Title, words(s.Starts), words(s.Stops), words(s.Closes), s.Within, note)
	}
	b.WriteString(cases)
	return b.String()
}

// waitingList explains the line for places.
const waitingList = `
## The waiting list

At a service of a model of care there are so many places. Who is accepted and finds none goes on the waiting list (` + "`wait`" + `, with a priority). A place that comes free goes to who is first by the order that the model says, such as priority and then the longest wait; the wait counts from when help was asked for first, at whichever service. Whoever has a date that has come is before all others.

- ` + "`joinery referral list --service ID --sort \"waiting order\"`" + ` shows the line, and for whom a place is free. ` + "`joinery referral show TASK`" + ` and ` + "`$actions`" + ` say of one person the place, and how many are ahead by which rule; the person sees it too. Nobody is told who the others are.
- ` + "`start`" + ` and ` + "`book`" + ` are refused to whoever would pass others, unless the model names an exception that holds (` + "`--exception`" + `); it is kept with the referral.
- Who cannot take a place now is left out of the line until a date (` + "`defer`" + `), with a reason. Their wait counts on, and they stand where they would have stood.
- Need that has become more urgent is said with ` + "`wait --priority`" + `.

No more people begin than there are places at one time and in seven days, whoever asks and on whichever node.
`

// cases explains the sentences of care/workflow/script.
const cases = `
## Cases

A case of a model (` + "`packs/ID/cases/week.txt`" + `) says over time who does what and what must be so then. ` + "`go test ./cmd/joinery -run TestCasesOfModels`" + ` plays it against the real server, twice, with stops midway, on PostgreSQL, and with the server killed in the midst of requests, and wants the same record each time. Before the cases stand the names:

    person Amina is Patient/amina
    service the falls car is HealthcareService/model-falls-response-car-car-one
    role the falls nurse is staff of Organization/falls at HealthcareService/model-falls-response-car-car-one
    role Ben's daughter is the carer RelatedPerson/daughter
    role Amina herself is the person Patient/amina

Then what happens, in order, in London's time; ", and is refused" at the end says that it must be:

    case: a fall
    at 2026-02-03 09:10, the practice refers Amina to the falls car because "Fell at home"
    at 2026-02-03 09:10, the practice refers Amina to the falls car by way of the front door because "Fell at home"
    at 2026-02-03 09:12, the falls nurse accepts Amina's referral
    at 2026-02-03 09:15, the falls nurse declines Amina's referral because no-room to the community team
    at 2026-02-03 09:15, the falls nurse declines Amina's referral because no-room to the referrer saying "See her today"
    at 2026-02-03 09:20, the falls nurse asks Amina's referral saying "Can she stand?"
    at 2026-02-03 09:30, the falls nurse books Amina's referral for 2026-02-04 10:00
    at 2026-02-03 10:40, the falls nurse does "Visit by both" for Amina with outcome "Up again"
    at 2026-02-03 10:45, the falls nurse does "Ring two days later" for Amina answering "after-the-visit/listened=mostly; after-the-visit/safe=completely; after-the-visit/next=a little"
    at 2026-02-03 10:50, the falls nurse fails "Ring two days later" for Amina because unreached
    at 2026-02-03 10:55, the falls nurse waits Amina's referral as urgent
    at 2026-02-03 10:56, the falls nurse starts Amina's referral by the exception worse
    at 2026-02-03 11:00, the falls nurse completes Amina's referral with outcome "Stayed at home"

And what must be so:

    expect Amina's referral is active at the falls car
    expect the falls nurse can accept Amina's referral
    expect the falls nurse cannot complete Amina's referral
    expect with-the-person of Amina's referral is met
    expect the list of the falls nurse has "Visit by both" for Amina
    expect the list of the falls nurse has not "Visit by both" for Amina
    expect Amina's place in the line is 1 of 3
    expect the falls nurse sees Amina
    expect the falls nurse does not see Amina
    expect a letter to Amina that says "can help you"
    expect no letter to Amina that says "cannot help"
    expect a letter to Ben's daughter about Ben that says "This is a copy"
`

func turn(s workflow.Side) string {
	switch s {
	case "nobody":
		return "nobody's: it is over"
	case "onward":
		return "of who took it over"
	}
	return "the " + string(s)
}

func words[T ~string](list []T) string {
	var out []string
	for _, one := range list {
		out = append(out, string(one))
	}
	return strings.Join(out, ", ")
}

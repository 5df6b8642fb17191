package script

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"joinery/care/workflow/clock"
	"joinery/fhir"
)

// Stage is where a case is carried out: a server, and the time that it takes it to
// be.
type Stage struct {
	// Ask sends a request as a role, or as an operator who sees all when role is
	// nil, and returns the status and the body. body is a Parameters resource, or
	// empty; version goes along as If-Match when it is not empty.
	Ask func(role *Role, method, path, body, version string) (status int, answer []byte)
	// Set makes it a moment.
	Set func(time.Time)
	// Settle lets whatever follows from what was done go on for a little: letters
	// are sent after the move that they tell of.
	Settle func()
}

// Run is a case under way.
type Run struct {
	Book  *Book
	Case  *Case
	Stage Stage
	Next  int // the step that comes next
	tasks map[string]string
	last  func() // sends what was last done again, as it was
}

// Start begins a case.
func Start(b *Book, c *Case, s Stage) *Run {
	return &Run{Book: b, Case: c, Stage: s, tasks: map[string]string{}}
}

// Step carries out the next step, and returns what is not as the case says, empty
// when all is well. done is true after the last.
func (r *Run) Step() (wrong string, done bool) {
	s := &r.Case.Steps[r.Next]
	r.Next++
	if !s.Expect {
		r.Stage.Set(s.At)
	}
	said := r.carry(s)
	if said != "" {
		said = fmt.Sprintf("line %d: %s", s.Line, said)
	}
	return said, r.Next == len(r.Case.Steps)
}

// Again sends what was last done once more: whoever was cut off before the answer
// would.
func (r *Run) Again() {
	if r.last != nil {
		r.last()
	}
}

func (r *Run) carry(s *Step) string {
	switch role := r.Book.Roles[s.Role]; s.Do {
	case "refer":
		return r.refer(s, role)
	case "do":
		return r.do(s, role)
	case "is":
		return r.is(s)
	case "can":
		return r.can(s, role)
	case "clock":
		return r.clock(s)
	case "list":
		return r.list(s, role)
	case "letter":
		return r.letter(s, role)
	case "place":
		return r.place(s)
	case "sees":
		status, _ := r.Stage.Ask(role, "GET", "/fhir/"+r.Book.People[s.Person], "", "")
		if (status == 200) == s.Not {
			return fmt.Sprintf("%s asks for %s and is answered %d", s.Role, s.Person, status)
		}
		return ""
	default:
		return r.move(s, role)
	}
}

// params writes a Parameters resource of names and values in turn; empty values
// are left out.
func params(pairs ...string) string {
	var b strings.Builder
	b.WriteString(`{"resourceType":"Parameters","parameter":[`)
	first := true
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		if !first {
			b.WriteByte(',')
		}
		first = false
		b.WriteString(`{"name":`)
		b.Write(fhir.AppendQuoted(nil, pairs[i]))
		b.WriteString(`,"valueString":`)
		b.Write(fhir.AppendQuoted(nil, pairs[i+1]))
		b.WriteByte('}')
	}
	b.WriteString("]}")
	return b.String()
}

func (r *Run) refer(s *Step, role *Role) string {
	requester := role.Organisation
	if requester == "" {
		requester = role.Who
	}
	body := params("patient", r.Book.People[s.Person], "service", r.Book.Services[s.Service], "via", r.Book.Services[s.Reason], "requester", requester,
		"reason", s.Says, "key", fmt.Sprintf("%s, line %d", r.Case.Name, s.Line))
	return r.send(s, role, "/fhir/ServiceRequest/$refer", body, "")
}

// send makes something happen, and keeps where the person's referral is then.
func (r *Run) send(s *Step, role *Role, path, body, version string) string {
	status, answer := r.Stage.Ask(role, "POST", path, body, version)
	r.last = func() { r.Stage.Ask(role, "POST", path, body, version) }
	switch {
	case s.Refused && status < 400:
		return fmt.Sprintf("it was to be refused and was answered %d", status)
	case s.Refused:
		return ""
	case status >= 300:
		return fmt.Sprintf("it is refused with %d: %s", status, text(answer))
	}
	if s.Do != "do" {
		r.tasks[s.Person] = value(parameter(answer, "task"))
	}
	return ""
}

func (r *Run) move(s *Step, role *Role) string {
	task, wrong := r.task(s.Person)
	if wrong != "" {
		return wrong
	}
	says, back, service := s.Says, "", r.Book.Services[s.Service]
	if s.Service == "the referrer" {
		says, back = "", s.Says
	}
	when := ""
	if s.State != "" {
		at, err := time.ParseInLocation("2006-01-02 15:04", s.State, clock.London)
		if err != nil {
			return err.Error()
		}
		when = at.UTC().Format(time.RFC3339)
	}
	_, now := r.Stage.Ask(nil, "GET", "/fhir/"+task+"/$actions", "", "")
	version := value(parameter(now, "version"))
	return r.send(s, role, "/fhir/"+task+"/$move", params("move", s.Do, "reason", s.Reason, "says", says, "back", back, "service", service, "outcome", s.Outcome, "when", when, "priority", s.How, "exception", s.Before), version)
}

func (r *Run) task(person string) (task, wrong string) {
	if task = r.tasks[person]; task == "" {
		return "", person + " has not been referred"
	}
	return task, ""
}

// item returns the parts of the line of a role's list that is of a person and
// begins as said.
func (r *Run) item(s *Step, role *Role) map[string]string {
	for _, of := range []string{role.Service, role.Organisation, role.Who} {
		if of == "" {
			continue
		}
		_, answer := r.Stage.Ask(role, "GET", "/fhir/Task/$worklist?of="+url.QueryEscape(of), "", "")
		for _, p := range parameters(answer, "item") {
			parts := map[string]string{}
			for part := range p.Get("part").Items() {
				parts[part.Get("name").Text()] = value(part)
			}
			if parts["patient"] == r.Book.People[s.Person] && strings.HasPrefix(parts["about"], s.Task) {
				return parts
			}
		}
	}
	return nil
}

func (r *Run) do(s *Step, role *Role) string {
	item := r.item(s, role)
	if item == nil {
		if s.Refused {
			return ""
		}
		return fmt.Sprintf("%s has no task %q for %s", s.Role, s.Task, s.Person)
	}
	pairs := []string{"move", "done", "outcome", s.Outcome}
	if s.Reason != "" {
		pairs = []string{"move", "fail", "reason", s.Reason}
	}
	for answer := range strings.SplitSeq(s.Says, "; ") {
		pairs = append(pairs, "answer", answer)
	}
	return r.send(s, role, "/fhir/"+item["task"]+"/$move", params(pairs...), item["version"])
}

func (r *Run) list(s *Step, role *Role) string {
	if item := r.item(s, role); (item != nil) == s.Not {
		return fmt.Sprintf("the list of %s has %q for %s = %v", s.Role, s.Task, s.Person, item != nil)
	}
	return ""
}

// patience is how often a letter is looked for.
const patience = 100

// letter looks for a letter that was sent to somebody, or to their carer.
func (r *Run) letter(s *Step, role *Role) string {
	patient := r.Book.People[s.Person]
	to := patient
	if role != nil {
		to = role.Who
	}
	for try := 0; ; try++ {
		r.Stage.Settle()
		_, answer := r.Stage.Ask(nil, "GET", "/fhir/Communication?subject="+url.QueryEscape(patient)+"&medium=MAILWRIT&status=completed&_count=1000", "", "")
		switch there := written(answer, to, s.Says); {
		case there && s.Not:
			return fmt.Sprintf("there is a letter to %s about %s that says %q", to, s.Person, s.Says)
		case there || s.Not:
			return ""
		case try == patience:
			return fmt.Sprintf("there is no letter to %s about %s that says %q", to, s.Person, s.Says)
		}
	}
}

// written reports whether a Bundle has a letter to somebody in which something
// stands.
func written(bundle []byte, to, says string) bool {
	doc, err := fhir.Parse(bundle)
	if err != nil {
		return false
	}
	for e := range doc.Root().Get("entry").Items() {
		letter := e.Get("resource")
		if !letter.At("recipient", "reference").Is(to) {
			continue
		}
		for p := range letter.Get("payload").Items() {
			if strings.Contains(p.Get("contentString").Text(), says) {
				return true
			}
		}
	}
	return false
}

func (r *Run) is(s *Step) string {
	task, wrong := r.task(s.Person)
	if wrong != "" {
		return wrong
	}
	_, answer := r.Stage.Ask(nil, "GET", "/fhir/"+task+"/$actions", "", "")
	if got := value(parameter(answer, "state")); got != s.State {
		return fmt.Sprintf("%s's referral is %s, want %s", s.Person, got, s.State)
	}
	if about := value(parameter(answer, "about")); s.Service != "" {
		_, service := r.Stage.Ask(nil, "GET", "/fhir/"+r.Book.Services[s.Service], "", "")
		if doc, err := fhir.Parse(service); err != nil || !doc.Root().Get("name").Is(about) {
			return fmt.Sprintf("%s's referral is at %q, want %s", s.Person, about, s.Service)
		}
	}
	return ""
}

func (r *Run) can(s *Step, role *Role) string {
	task, wrong := r.task(s.Person)
	if wrong != "" {
		return wrong
	}
	_, answer := r.Stage.Ask(role, "GET", "/fhir/"+task+"/$actions", "", "")
	can := false
	for _, m := range parameters(answer, "move") {
		for part := range m.Get("part").Items() {
			can = can || part.Get("name").Is("name") && part.Get("valueCode").Is(s.State)
		}
	}
	if can == s.Not {
		return fmt.Sprintf("%s can %s = %v", s.Role, s.State, can)
	}
	return ""
}

func (r *Run) clock(s *Step) string {
	task, wrong := r.task(s.Person)
	if wrong != "" {
		return wrong
	}
	_, answer := r.Stage.Ask(nil, "GET", "/fhir/"+task+"/$actions", "", "")
	for _, c := range parameters(answer, "clock") {
		parts := map[string]string{}
		for part := range c.Get("part").Items() {
			parts[part.Get("name").Text()] = value(part)
		}
		if id := parts["standard"]; id == s.Clock || strings.HasSuffix(id, "/"+s.Clock) {
			if parts["state"] != s.State {
				return fmt.Sprintf("%s is %s (%s), want %s", s.Clock, parts["state"], parts["says"], s.State)
			}
			return ""
		}
	}
	return fmt.Sprintf("the referral is not held to %s", s.Clock)
}

// place compares where somebody is in the line for a place.
func (r *Run) place(s *Step) string {
	task, wrong := r.task(s.Person)
	if wrong != "" {
		return wrong
	}
	_, answer := r.Stage.Ask(nil, "GET", "/fhir/"+task+"/$actions", "", "")
	parts := map[string]string{}
	for part := range parameter(answer, "place").Get("part").Items() {
		parts[part.Get("name").Text()] = value(part)
	}
	if got := parts["number"] + " of " + parts["of"]; got != s.State {
		return fmt.Sprintf("%s's place in the line is %s, want %s", s.Person, got, s.State)
	}
	return ""
}

func parameters(answer []byte, name string) (out []fhir.Value) {
	doc, err := fhir.Parse(answer)
	if err != nil {
		return nil
	}
	for p := range doc.Root().Get("parameter").Items() {
		if p.Get("name").Is(name) {
			out = append(out, p)
		}
	}
	return out
}

func parameter(answer []byte, name string) fhir.Value {
	for _, p := range parameters(answer, name) {
		return p
	}
	return fhir.Value{}
}

// value returns what a parameter says: its text, or what it refers to.
func value(p fhir.Value) string {
	for name, v := range p.Members() {
		if strings.HasPrefix(name, "value") {
			return v.Text() + v.Get("reference").Text()
		}
	}
	return ""
}

// text returns what an OperationOutcome says.
func text(answer []byte) string {
	doc, err := fhir.Parse(answer)
	if err != nil {
		return ""
	}
	return doc.Root().At("issue", "details", "text").Text()
}

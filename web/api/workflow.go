package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"joinery/care/workflow"
	"joinery/fault"
	"joinery/fhir"
	"joinery/web"
)

// The operations of the workflow: what can be done with a referral or a task, and
// the doing of it. They answer with a Parameters resource that says how it stands
// and which moves the caller may make next.

type (
	opParameters struct {
		ResourceType string    `json:"resourceType"`
		Parameter    []opValue `json:"parameter"`
	}
	opValue struct {
		Name      string    `json:"name"`
		Code      string    `json:"valueCode,omitempty"`
		Text      string    `json:"valueString,omitempty"`
		URL       string    `json:"valueUrl,omitempty"`
		Instant   string    `json:"valueInstant,omitempty"`
		Boolean   *bool     `json:"valueBoolean,omitempty"`
		Integer   *int      `json:"valueInteger,omitempty"`
		Reference *opRef    `json:"valueReference,omitempty"`
		Coding    *opCoding `json:"valueCoding,omitempty"`
		Part      []opValue `json:"part,omitempty"`
	}
	opRef struct {
		Reference string `json:"reference"`
	}
	opCoding struct {
		Code    string `json:"code"`
		Display string `json:"display"`
	}
)

func (c *call) flow() *workflow.Flow { return workflow.Of(c.view, c.api.clock) }

// workflowOf refuses an operation at a type that does not have it.
func (c *call) workflowOf(typ string, names ...string) error {
	if c.typ != typ {
		return &unknownAddress{"This operation is there for a " + typ + "."}
	}
	if c.r.Method == http.MethodPost {
		if err := c.parameters(); err != nil {
			return err
		}
	}
	return c.only(names...)
}

// refer answers POST ServiceRequest/$refer.
func (c *call) refer() (*reply, error) {
	err := c.workflowOf("ServiceRequest", "key", "patient", "service", "via", "requester", "reason", "note", "priority", "standard", "draft")
	if err != nil {
		return nil, err
	}
	a := workflow.Asking{
		Key: c.param("key"), Patient: c.idIn("patient", "Patient/"), Service: c.idIn("service", "HealthcareService/"), Via: c.idIn("via", "HealthcareService/"),
		Requester: c.param("requester"), Reason: c.param("reason"), Note: c.param("note"), Priority: c.param("priority"), Draft: c.param("draft") == "true",
	}
	for standard := range strings.SplitSeq(c.param("standard"), ",") {
		if standard != "" {
			a.Standards = append(a.Standards, standard)
		}
	}
	r, err := c.flow().Refer(c.ctx, a)
	if err != nil {
		return nil, err
	}
	now := c.flow().Stands(r)
	c.w.Header().Set("Location", c.api.base+"/Task/"+string(r.Task))
	return c.stands(http.StatusCreated, now)
}

// idIn returns the id in a parameter that is an id, or a reference to a type.
func (c *call) idIn(name, prefix string) fhir.ID {
	return fhir.ID(strings.TrimPrefix(c.param(name), prefix))
}

// actions answers GET Task/{id}/$actions.
func (c *call) actions() (*reply, error) {
	if err := c.workflowOf("Task"); err != nil {
		return nil, err
	}
	now, err := c.flow().Now(c.ctx, c.id)
	if err != nil {
		return nil, err
	}
	return c.stands(http.StatusOK, now)
}

var movesWith = []string{"move", "reason", "says", "service", "back", "when", "outcome", "priority", "exception", "answer"}

// move answers POST Task/{id}/$move.
func (c *call) move() (*reply, error) {
	if err := c.workflowOf("Task", movesWith...); err != nil {
		return nil, err
	}
	m, err := c.making()
	if err != nil {
		return nil, err
	}
	now, err := c.flow().Do(c.ctx, c.id, m)
	if err != nil {
		return nil, err
	}
	return c.stands(http.StatusOK, now)
}

func (c *call) making() (workflow.Making, error) {
	m := workflow.Making{
		Move: c.param("move"), Version: c.r.Header.Get("If-Match"), Reason: c.param("reason"), Says: c.param("says"),
		Service: c.idIn("service", "HealthcareService/"), Back: c.param("back"), Outcome: c.param("outcome"), Priority: c.param("priority"), Exception: c.param("exception"),
	}
	for _, p := range c.params {
		if p.Name != "answer" {
			continue
		}
		question, answer, ok := strings.Cut(p.Value, "=")
		if !ok {
			return m, fault.New(fault.Invalid, "An answer is written as questionnaire/question=answer.")
		}
		if m.Answers == nil {
			m.Answers = map[string]string{}
		}
		m.Answers[question] = answer
	}
	var err error
	m.When, err = c.instant("when")
	return m, err
}

// moveAll answers POST Task/$move: one move of several tasks, or of none.
func (c *call) moveAll() (*reply, error) {
	if err := c.workflowOf("Task", append([]string{"task"}, movesWith...)...); err != nil {
		return nil, err
	}
	m, err := c.making()
	if err != nil {
		return nil, err
	}
	var ids []fhir.ID
	for _, p := range c.params {
		if p.Name == "task" {
			ids = append(ids, fhir.ID(strings.TrimPrefix(p.Value, "Task/")))
		}
	}
	if len(ids) == 0 || len(ids) > maxMoves {
		return nil, fault.New(fault.Invalid, fmt.Sprintf("Name the tasks, from 1 to %d.", maxMoves))
	}
	done, outcomes := c.flow().DoAll(c.ctx, ids, m)
	out := []opValue{{Name: "done", Boolean: &done}}
	for _, o := range outcomes {
		parts := []opValue{{Name: "task", Reference: &opRef{"Task/" + string(o.Task)}}}
		if o.Err != nil {
			say := fault.MessageOf(hide(o.Err))
			if say == "" {
				return nil, o.Err
			}
			parts = append(parts, opValue{Name: "refused", Text: say})
		} else {
			parts = append(parts, opValue{Name: "state", Code: string(o.Now.State)})
		}
		out = append(out, opValue{Name: "outcome", Part: parts})
	}
	return body(http.StatusOK, out)
}

// maxMoves is how many tasks are moved at once.
const maxMoves = 100

// claim answers POST Task/{id}/$claim: take a task on, give it back, hand it over.
func (c *call) claim() (*reply, error) {
	if err := c.workflowOf("Task", "by", "over"); err != nil {
		return nil, err
	}
	do := c.flow().Claim
	if c.param("over") == "true" {
		do = c.flow().HandOver
	}
	now, err := do(c.ctx, c.id, c.param("by"), c.r.Header.Get("If-Match"))
	if err != nil {
		return nil, err
	}
	return c.stands(http.StatusOK, now)
}

// worklist answers GET Task/$worklist.
func (c *call) worklist() (*reply, error) {
	if err := c.workflowOf("Task", "of", "by", "site", "model", "kind", "patient", "since", "sort"); err != nil {
		return nil, err
	}
	l := workflow.List{
		Of: c.param("of"), By: c.param("by"), Site: c.param("site"), Model: c.param("model"), Kind: c.param("kind"),
		Patient: c.idIn("patient", "Patient/"), Sort: workflow.Order(c.param("sort")),
	}
	var err error
	if l.Since, err = c.instant("since"); err != nil {
		return nil, err
	}
	list, err := c.flow().Worklist(c.ctx, l)
	if err != nil {
		return nil, err
	}
	web.Of(c.r).Count = len(list.Items)
	out := []opValue{{Name: "at", Instant: moment(list.At)}, {Name: "more", Boolean: &list.More}}
	for i := range list.Items {
		out = append(out, opValue{Name: "item", Part: itemParts(&list.Items[i])})
	}
	return body(http.StatusOK, out)
}

func itemParts(i *workflow.Item) []opValue {
	parts := []opValue{
		{Name: "task", Reference: &opRef{"Task/" + string(i.Task)}},
		{Name: "kind", Code: i.Kind},
		{Name: "state", Code: string(i.State)},
		{Name: "title", Text: i.Title},
		{Name: "about", Text: i.About},
		{Name: "patient", Reference: &opRef{"Patient/" + string(i.Patient)}},
		{Name: "owner", Reference: &opRef{i.Owner}},
		{Name: "written", Instant: moment(i.Written)},
		{Name: "changed", Instant: moment(i.Changed)},
		{Name: "late", Boolean: &i.Late},
		{Name: "version", Text: i.ETag},
	}
	for _, p := range []opValue{
		{Name: "priority", Code: i.Priority},
		{Name: "model", Code: i.Model},
		{Name: "due", Instant: moment(i.Due)},
		{Name: "claimed", Reference: refOf(i.Claimed)},
		{Name: "site", Reference: refOf(i.Site)},
	} {
		if p.Code != "" || p.Instant != "" || p.Reference != nil {
			parts = append(parts, p)
		}
	}
	return parts
}

func refOf(reference string) *opRef {
	if reference == "" {
		return nil
	}
	return &opRef{reference}
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// stands answers how a task stands and what the caller may do.
func (c *call) stands(status int, n *workflow.Now) (*reply, error) {
	c.w.Header()["Etag"] = []string{n.ETag}
	out := []opValue{
		{Name: "task", Reference: &opRef{"Task/" + string(n.Task)}},
		{Name: "kind", Code: n.Kind},
		{Name: "state", Code: string(n.State)},
		{Name: "title", Text: n.Title},
		{Name: "about", Text: n.About},
		{Name: "patient", Reference: &opRef{"Patient/" + string(n.Patient)}},
		{Name: "owner", Reference: &opRef{n.Owner}},
		{Name: "version", Text: n.ETag},
	}
	if n.Claimed != "" {
		out = append(out, opValue{Name: "claimed", Reference: &opRef{n.Claimed}})
	}
	if !n.Due.IsZero() {
		out = append(out, opValue{Name: "due", Instant: moment(n.Due)})
	}
	if r := n.Referral; r != nil {
		out = append(out, opValue{Name: "request", Reference: &opRef{"ServiceRequest/" + string(r.Request)}})
		now := c.api.clock()
		for i := range r.Clocks {
			k := &r.Clocks[i]
			out = append(out, opValue{Name: "clock", Part: []opValue{
				{Name: "standard", Code: k.Standard.ID}, {Name: "title", Text: k.Standard.Title}, {Name: "state", Text: k.State.String()}, {Name: "says", Text: k.Say(now)},
			}})
		}
	}
	if n.Place != nil {
		out = append(out, placeValue(n.Place))
	}
	for _, m := range n.Moves {
		out = append(out, moveValue(n, m))
	}
	return body(status, out)
}

// placeValue says where somebody is in the line for a place, and why.
func placeValue(p *workflow.Place) opValue {
	next := p.Next()
	parts := []opValue{{Name: "number", Integer: &p.Number}, {Name: "of", Integer: &p.Of}, {Name: "next", Boolean: &next}}
	if p.Free >= 0 {
		parts = append(parts, opValue{Name: "free", Integer: &p.Free})
	}
	for i := range p.Ahead {
		a := &p.Ahead[i]
		parts = append(parts, opValue{Name: "ahead", Part: []opValue{{Name: "rule", Text: a.Rule}, {Name: "of", Text: a.Of}, {Name: "people", Integer: &a.People}}})
	}
	for _, e := range p.Exceptions {
		parts = append(parts, opValue{Name: "exception", Coding: &opCoding{e.ID, e.Says}})
	}
	for _, say := range p.Say() {
		parts = append(parts, opValue{Name: "says", Text: say})
	}
	return opValue{Name: "place", Part: parts}
}

func moveValue(n *workflow.Now, m *workflow.Move) opValue {
	parts := []opValue{{Name: "name", Code: m.Name}, {Name: "title", Text: m.Title}, {Name: "leads-to", Code: string(m.To)}}
	for _, need := range m.Needs {
		parts = append(parts, opValue{Name: "needs", Code: string(need)})
	}
	table := workflow.Tasks()
	switch n.Kind {
	case workflow.KindReferral:
		table = workflow.Referrals()
	case workflow.KindInvite:
		table = workflow.Invites()
	}
	for _, r := range table.ReasonsOf(m.Name) {
		parts = append(parts, opValue{Name: "reason", Coding: &opCoding{r.Code, r.Title}})
	}
	return opValue{Name: "move", Part: parts}
}

func body(status int, values []opValue) (*reply, error) {
	out, err := json.Marshal(opParameters{"Parameters", values})
	if err != nil {
		return nil, fmt.Errorf("write an answer: %w", err)
	}
	return &reply{status: status, body: out}, nil
}

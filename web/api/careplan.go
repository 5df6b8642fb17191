package api

import (
	"net/http"

	"joinery/care/workflow"
	"joinery/fhir"
	"joinery/web"
)

// plan answers GET Patient/{id}/$plan: the person's care plan, their own words
// first.
func (c *call) plan() (*reply, error) {
	if err := c.workflowOf("Patient"); err != nil {
		return nil, err
	}
	p, err := c.flow().Plan(c.ctx, c.id)
	if err != nil {
		return nil, err
	}
	return c.planned(p)
}

// planSay answers POST Patient/{id}/$plan-say: something is put into the plan.
func (c *call) planSay() (*reply, error) {
	if err := c.workflowOf("Patient", "what", "text", "by", "owner", "due", "measure", "target"); err != nil {
		return nil, err
	}
	p, err := c.flow().Say(c.ctx, c.id, workflow.Saying{
		What: c.param("what"), Text: c.param("text"), By: c.param("by"), Owner: c.param("owner"), Due: c.param("due"),
		Measure: c.param("measure"), Target: c.param("target"),
	})
	if err != nil {
		return nil, err
	}
	return c.planned(p)
}

// planned writes a plan as Parameters, in the order in which it is read.
func (c *call) planned(p *workflow.Plan) (*reply, error) {
	if p.Version != "" {
		c.w.Header()["Etag"] = []string{p.Version}
	}
	web.Of(c.r).Count = 1
	out := []opValue{{Name: "patient", Reference: &opRef{"Patient/" + string(p.Patient)}}, {Name: "at", Instant: moment(p.At)}}
	if p.ID != "" {
		out = append(out, opValue{Name: "plan", Reference: &opRef{"CarePlan/" + string(p.ID)}})
	}
	for _, list := range []struct {
		name string
		of   []workflow.Said
	}{{"words", p.Words}, {"worse", p.Worse}, {"note", p.Notes}} {
		for _, s := range list.of {
			out = append(out, opValue{Name: list.name, Part: some(opValue{Name: "text", Text: s.Text}, opValue{Name: "by", Text: s.By}, opValue{Name: "written-by", Text: s.Written}, opValue{Name: "at", Instant: moment(s.At)})})
		}
	}
	for i := range p.Conflicts {
		out = append(out, conflictValue(&p.Conflicts[i]))
	}
	for _, g := range p.Goals {
		out = append(out, opValue{Name: "goal", Part: some(
			opValue{Name: "goal", Reference: &opRef{"Goal/" + string(g.Goal)}}, opValue{Name: "says", Text: g.Says}, opValue{Name: "status", Code: g.Status}, opValue{Name: "by", Text: g.By},
			opValue{Name: "measure", Text: g.Measure}, opValue{Name: "target", Text: g.Target}, opValue{Name: "due", Text: g.Due})})
	}
	for i := range p.Actions {
		a := &p.Actions[i]
		out = append(out, opValue{Name: "action", Part: some(
			taskValue(a.Task), opValue{Name: "says", Text: a.Says}, opValue{Name: "owner", Reference: refOf(a.Owner)}, opValue{Name: "claimed", Reference: refOf(a.Claimed)},
			opValue{Name: "model", Code: a.Model}, opValue{Name: "title", Text: a.Title}, opValue{Name: "due", Instant: moment(a.Due)}, opValue{Name: "planned", Instant: moment(a.Planned)}, opValue{Name: "late", Boolean: &a.Late})})
	}
	for _, one := range p.Parts {
		out = append(out, opValue{Name: "part", Part: some(
			opValue{Name: "plan", Reference: &opRef{"CarePlan/" + string(one.Plan)}}, opValue{Name: "title", Text: one.Title}, opValue{Name: "model", Text: one.Model}, opValue{Name: "says", Text: one.Says},
			opValue{Name: "status", Code: one.Status}, opValue{Name: "from", Instant: moment(one.From)}, opValue{Name: "to", Instant: moment(one.To)})})
	}
	return body(http.StatusOK, out)
}

func conflictValue(k *workflow.PlanConflict) opValue {
	return opValue{Name: "conflict", Part: some(
		opValue{Name: "key", Text: k.Key}, opValue{Name: "says", Text: k.Says}, opValue{Name: "do", Text: k.Do}, opValue{Name: "on", Instant: moment(k.On)},
		taskValue(k.Task), opValue{Name: "owner", Reference: refOf(k.Owner)}, opValue{Name: "decided", Text: k.Decided})}
}

func taskValue(id fhir.ID) opValue {
	if id == "" {
		return opValue{Name: "task"}
	}
	return opValue{Name: "task", Reference: &opRef{"Task/" + string(id)}}
}

// some leaves out what says nothing.
func some(parts ...opValue) []opValue {
	var out []opValue
	for _, p := range parts {
		if p.Code != "" || p.Text != "" || p.Instant != "" || p.Reference != nil || p.Boolean != nil {
			out = append(out, p)
		}
	}
	return out
}

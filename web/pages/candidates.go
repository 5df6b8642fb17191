package pages

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"joinery/care/workflow"
	"joinery/fault"
	"joinery/fhir"
)

// candidatesView are the people whom a model found, with why, to be invited or not.
type candidatesView struct {
	Models []Link
	Model  string // id; empty: a model is to be chosen
	Title  string
	Found  []candidateRow
	Total  int
	Shown  int // how many are shown, when that is not all
	Done   string
}

type candidateRow struct {
	workflow.Candidate
	Name, Phone string
	From        time.Time // since when all of it holds
	Why         Input
}

const shownCandidates = 25

// candidates answers GET /candidates and GET /candidates/{model}.
func (c *call) candidates() (*page, error) {
	v := &candidatesView{Model: c.r.PathValue("model")}
	if done := c.asked.Get("done"); done == "invited" || done == "passed" {
		v.Done = "candidates." + done
	}
	if v.Model != "" {
		return c.candidatesOf(v)
	}
	found, err := c.search("PlanDefinition", "status", "active", "_sort", "title", "_count", "200")
	if err != nil {
		return nil, err
	}
	for i := range found.Entries {
		id, ours := strings.CutPrefix(string(found.Entries[i].Version.ID), "model-")
		doc, err := found.Entries[i].Version.Doc()
		if err != nil {
			return nil, fmt.Errorf("models that seek people out: %w", err)
		}
		if ours {
			v.Models = append(v.Models, Link{"/candidates/" + id, doc.Root().Get("title").Text()})
		}
	}
	return &page{name: "candidates", view: v}, nil
}

func (c *call) candidatesOf(v *candidatesView) (*page, error) {
	all, err := c.flow().Candidates(c.ctx, v.Model)
	if fault.KindOf(err) == fault.Invalid && err != nil {
		return nil, errAbsent // a model that seeks nobody out has no such page
	}
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	v.Total = len(all)
	if len(all) > shownCandidates {
		all, v.Shown = all[:shownCandidates], shownCandidates
	}
	var ids []fhir.ID
	for _, one := range all {
		ids = append(ids, one.Patient)
	}
	about, err := c.people(ids)
	if err != nil {
		return nil, err
	}
	for i, one := range all {
		row := candidateRow{Candidate: one, Why: Input{Field: Field{ID: fmt.Sprintf("why-%d", i), Name: "why", Label: c.tongue.text("candidates.pass-why")}}}
		row.From, _ = moment(one.Since)
		if s := about[one.Patient]; s != nil {
			b := s.banner()
			row.Name, row.Phone = strings.TrimSuffix(b.Family+", "+b.Given, ", "), strings.Join(b.Phone, ", ")
		}
		v.Found = append(v.Found, row)
	}
	return &page{name: "candidates", view: v}, nil
}

// decide answers POST /candidates/{model}: somebody is invited, or not, and why.
func (c *call) decide() (*page, error) {
	model := c.r.PathValue("model")
	c.back = "/candidates"
	if err := c.only("person", "do", "why"); err != nil {
		return nil, err
	}
	person := fhir.ID(c.field("person"))
	if !person.Valid() {
		return nil, fault.New(fault.Invalid, "The form does not say whom it is about. Load the page again.")
	}
	var err error
	do := c.field("do")
	switch do {
	case "invite":
		_, err = c.flow().Invite(c.ctx, model, person, c.organisation())
	case "pass":
		_, err = c.flow().Pass(c.ctx, model, person, c.organisation(), c.field("why"))
	default:
		err = fault.New(fault.Invalid, "A person is invited or not.")
	}
	if fault.KindOf(err) == fault.Invalid && err != nil && do == "pass" {
		p, again := c.candidatesOf(&candidatesView{Model: model})
		if again != nil {
			return nil, again
		}
		field := ""
		for i := range p.view.(*candidatesView).Found {
			if row := &p.view.(*candidatesView).Found[i]; row.Patient == person {
				row.Why.Error, field = fault.MessageOf(err), row.Why.ID
			}
		}
		p.errors, p.status = []mistake{{field, fault.MessageOf(err)}}, http.StatusUnprocessableEntity
		return p, nil
	}
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	return &page{to: "/candidates/" + model + "?done=" + map[string]string{"invite": "invited", "pass": "passed"}[do]}, nil
}

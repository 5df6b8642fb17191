package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"

	"joinery/care/applied"
	"joinery/care/model"
	"joinery/care/model/plan"
	"joinery/criteria"
	"joinery/criteria/language"
	"joinery/fault"
	"joinery/record"
	"joinery/record/access"
	"joinery/timeline"
	"joinery/written"
)

type modelPlan struct {
	Models     []string `arg:"" name:"path" help:"Folders of models, or ids of shipped ones."`
	Area       []string `help:"Codes of boroughs in place of the models' own areas, or everywhere." placeholder:"CODE,…"`
	From       string   `help:"From when (default: today)." placeholder:"DATE"`
	Weeks      int      `help:"How many weeks ahead." default:"52"`
	Population string   `help:"Where the people are: a folder of the flat form, or a file of people (.txt); default: in the record." placeholder:"WHERE" type:"path"`
	Beside     []string `help:"Models that run already: how many people they have in common with these." placeholder:"PATH,…"`
	Was        []string `help:"Versions in force, to say what would change (default: those in force in the record)." placeholder:"PATH,…"`
	Exact      bool     `help:"Show small numbers, and all others exactly; for those who treat these people."`
}

// Help is shown by joinery model plan --help.
func (modelPlan) Help() string {
	return `Who is eligible now, by area and group; from eligible to completed in a year; places against need and the waiting list; work by role and week; cost; whether an effect could be seen; people in common with other models. It changes nothing. Of the record, who does not treat these people asks for the last day of a month, and the counts are held to those told before. The text is a page for each model; --json has every week.

    joinery model plan escape-pain --population district --from 2026-02-01
    joinery model plan winter-walks --population district --area E09000011
    joinery model plan escape-pain-2 --was escape-pain --beside living-well-network`
}

// Run is the command.
func (c *modelPlan) Run(ctx context.Context, a *app) error {
	q, err := c.question(a)
	if err != nil {
		return err
	}
	var p *plan.Plan
	if c.Population == "" {
		p = &plan.Plan{}
		err = c.askRecord(ctx, a, &q, p)
	} else {
		p, err = c.askPopulation(ctx, a, q)
	}
	if err != nil {
		return err
	}
	if a.flags.JSON {
		return a.printJSON(p)
	}
	fmt.Fprint(a.out, p.Text())
	return nil
}

func (c *modelPlan) question(a *app) (plan.Question, error) {
	q := plan.Question{Areas: c.Area, Weeks: c.Weeks, Exact: c.Exact}
	if c.Weeks < 1 || c.Weeks > 520 {
		return q, misuse{fault.New(fault.Invalid, "--weeks is from 1 to 520.")}
	}
	var err error
	if q.On, err = (&asked{On: c.From}).day(a); err != nil {
		return q, err
	}
	for _, list := range []struct {
		args []string
		into *[]*model.Model
	}{{c.Models, &q.Models}, {c.Beside, &q.Beside}, {c.Was, &q.Was}} {
		for _, arg := range list.args {
			m, err := readPack(arg)
			if err != nil {
				return q, err
			}
			*list.into = append(*list.into, m)
		}
	}
	return q, nil
}

// askPopulation plans for the people of files.
func (c *modelPlan) askPopulation(ctx context.Context, a *app, q plan.Question) (*plan.Plan, error) {
	lib := &language.Library{}
	if len(q.Models) > 0 {
		lib = q.Models[0].Definitions
	}
	people, err := (&asked{Population: c.Population}).people(ctx, lib)
	if err != nil {
		return nil, err
	}
	if c.Exact {
		if err := people.may(a, "An exact count"); err != nil {
			return nil, err
		}
	}
	return plan.Make(ctx, people.Set, q, runtime.GOMAXPROCS(0)) //nolint:wrapcheck // it is fit to be shown
}

// planQuestion is what is asked of the record: models as the bytes that they are
// known by.
type planQuestion struct {
	Models []json.RawMessage `json:"models"`
	Beside []json.RawMessage `json:"beside,omitempty"`
	Was    []json.RawMessage `json:"was,omitempty"`
	On     timeline.Day      `json:"on"`
	Areas  []string          `json:"areas,omitempty"`
	Weeks  int               `json:"weeks"`
	Exact  bool              `json:"exact,omitempty"`
}

// askRecord plans for the people of the record.
func (c *modelPlan) askRecord(ctx context.Context, a *app, q *plan.Question, out *plan.Plan) error {
	desk, err := a.reach(ctx, "model", access.Operations)
	if err != nil {
		return err
	}
	defer desk.close()
	sent := planQuestion{On: q.On, Areas: q.Areas, Weeks: q.Weeks, Exact: q.Exact}
	for _, list := range []struct {
		of   []*model.Model
		into *[]json.RawMessage
	}{{q.Models, &sent.Models}, {q.Beside, &sent.Beside}, {q.Was, &sent.Was}} {
		for _, m := range list.of {
			*list.into = append(*list.into, m.Canonical())
		}
	}
	body, err := json.Marshal(sent)
	if err != nil {
		return fmt.Errorf("ask the record: %w", err)
	}
	return desk.do(ctx, http.MethodPost, "/model/plan", url.Values{}, body, out)
}

// read takes a question up again.
func (s *planQuestion) read(r *http.Request) (plan.Question, error) {
	data, err := readWhole(r)
	if err != nil {
		return plan.Question{}, err
	}
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(s); err != nil {
		return plan.Question{}, fault.Wrap(fault.Invalid, "A question about models cannot be read: are both programs of one version?", err)
	}
	q := plan.Question{On: s.On, Areas: s.Areas, Weeks: min(s.Weeks, 520), Exact: s.Exact}
	for _, list := range []struct {
		from []json.RawMessage
		into *[]*model.Model
	}{{s.Models, &q.Models}, {s.Beside, &q.Beside}, {s.Was, &q.Was}} {
		for _, raw := range list.from {
			m, err := model.ReadCanonical(raw)
			if err != nil {
				return q, err //nolint:wrapcheck // it is fit to be shown
			}
			*list.into = append(*list.into, m)
		}
	}
	return q, nil
}

// says is the question as the audit keeps it.
func planSays(q *plan.Question) string {
	var names []string
	for _, m := range q.Models {
		names = append(names, fmt.Sprintf("%s|%s|%.12s", m.ID, m.Version, m.Hash))
	}
	text := "plan=" + strings.Join(names, ",") + "&on=" + q.On.String()
	if len(q.Areas) > 0 {
		text += "&area=" + strings.Join(q.Areas, ",")
	}
	if q.Exact {
		text += "&exact=true"
	}
	return text
}

// modelPlan plans models for everybody in the record. The question is decided
// and audited before the answer is worked out.
func (d *desk) modelPlan(_ http.ResponseWriter, r *http.Request) (any, error) {
	view, err := d.view(r)
	if err != nil {
		return nil, err
	}
	var s planQuestion
	q, err := s.read(r)
	if err != nil {
		return nil, err
	}
	return d.plan(r.Context(), view, q)
}

// plan plans models for everybody in the record, for a view of it.
func (d *desk) plan(ctx context.Context, view *record.View, q plan.Question) (*plan.Plan, error) {
	var err error
	if q.Exact {
		err = treats(string(view.Subject().Purpose()), "An exact count")
	} else {
		err = criteria.Releasable(q.On)
	}
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	if err := inForce(ctx, view, &q); err != nil {
		return nil, err
	}
	if err := beside(ctx, view, &q); err != nil {
		return nil, err
	}
	at, err := view.AskAll(ctx, planSays(&q))
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	keeper, err := d.timelines(ctx, at)
	if err != nil {
		return nil, err
	}
	set, err := keeper.Set()
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what it was doing
	}
	if !q.Exact {
		for _, of := range q.Models {
			counts, err := d.planCounts(ctx, set, &q, of)
			if err != nil {
				return nil, err
			}
			q.Released = append(q.Released, counts)
		}
		if q.Common, err = d.planCommon(ctx, set, &q); err != nil {
			return nil, err
		}
	}
	return plan.Make(ctx, set, q, runtime.GOMAXPROCS(0)) //nolint:wrapcheck // it is fit to be shown
}

// inForce adds to a question the versions of its models that are in force, where
// it names none.
func inForce(ctx context.Context, view *record.View, q *plan.Question) error {
	if len(q.Was) > 0 {
		return nil
	}
	for _, m := range q.Models {
		was, err := applied.Find(ctx, view, m.ID, q.On)
		switch {
		case fault.KindOf(err) == fault.NotFound:
		case err != nil:
			return err //nolint:wrapcheck // it is fit to be shown
		default:
			q.Was = append(q.Was, was)
		}
	}
	return nil
}

// beside adds to a question the models that run already, where it names none.
func beside(ctx context.Context, view *record.View, q *plan.Question) error {
	if len(q.Beside) > 0 {
		return nil
	}
	running, err := applied.Running(ctx, view, q.On)
	if err != nil {
		return err //nolint:wrapcheck // it is fit to be shown
	}
	for _, m := range running {
		if !slices.ContainsFunc(q.Models, func(of *model.Model) bool { return of.ID == m.ID || of.Base != nil && of.Base.ID == m.ID }) {
			q.Beside = append(q.Beside, m)
		}
	}
	return nil
}

// planCommon counts the people that the models have in common with each other and
// with those that run, held to all that was told before: each two of them, and for
// two models how many are eligible for either. nil when there is one model alone.
func (d *desk) planCommon(ctx context.Context, set *timeline.Set, q *plan.Question) (*plan.Overlap, error) {
	all := slices.Concat(q.Models, q.Beside)
	if len(all) < 2 {
		return nil, nil
	}
	out := &plan.Overlap{}
	count := func(a, b *model.Model, either bool) (string, error) {
		id, files, ok := a.Shared(q.AreasOf(a), b, q.AreasOf(b), either)
		if !ok {
			return plan.NotTold, nil
		}
		return d.released(ctx, set, q.On, id, files)
	}
	for i, a := range all {
		for j, b := range all {
			if j <= i || i >= len(q.Models) {
				continue
			}
			n, err := count(a, b, false)
			if err != nil {
				return nil, err
			}
			out.Pairs = append(out.Pairs, plan.Common{A: a.ID, B: b.ID, Runs: j >= len(q.Models), People: n})
		}
	}
	var err error
	if len(all) == 2 {
		out.Once, err = count(all[0], all[1], true)
	}
	return out, err
}

// released counts whom one definition finds, held to all that was told before.
func (d *desk) released(ctx context.Context, set *timeline.Set, on timeline.Day, id string, files []written.File) (string, error) {
	lib, problems := language.Load(files, nil)
	if len(problems) > 0 {
		return "", fmt.Errorf("people in common: %w", problems)
	}
	all, err := d.releases(ctx, set, []*language.Definition{lib.Definitions[id]}, &question{Files: files, IDs: []string{id}, On: on})
	if err != nil {
		return "", err
	}
	return all[0].Total.Met, nil
}

// planCounts counts whom a model is for, held to all that was told before.
func (d *desk) planCounts(ctx context.Context, set *timeline.Set, q *plan.Question, of *model.Model) (plan.Counts, error) {
	id, files := of.Who(q.AreasOf(of))
	lib, problems := language.Load(files, nil)
	if len(problems) > 0 {
		return plan.Counts{}, fmt.Errorf("whom %s is for: %w", of.ID, problems)
	}
	var out plan.Counts
	ds := []*language.Definition{lib.Definitions[id]}
	for i, by := range append([]criteria.Grouping{0}, plan.Groupings...) {
		asked := question{Files: files, IDs: []string{id}, On: q.On}
		if i > 0 {
			asked.By = []string{by.String()}
		}
		reports, err := d.releases(ctx, set, ds, &asked)
		if err != nil {
			return out, err
		}
		r := reports[0]
		if i == 0 {
			out.Eligible = r.Total.Met
			for _, s := range r.Attrition {
				out.Steps = append(out.Steps, plan.Step{Says: s.Says, Left: s.Left})
			}
			continue
		}
		g := plan.Groups{By: by.String()}
		for _, row := range r.Rows {
			g.Rows = append(g.Rows, plan.Group{Name: row.Group[0], People: row.Met})
		}
		out.Groups = append(out.Groups, g)
	}
	return out, nil
}

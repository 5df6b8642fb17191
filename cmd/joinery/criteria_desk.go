package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"

	"joinery/criteria"
	"joinery/criteria/language"
	"joinery/definitions"
	"joinery/fault"
	"joinery/fhir"
	"joinery/record/access"
	"joinery/timeline"
)

// question is what is asked of the record by definitions: what is shipped, by
// its id, and files as they are, with the ids of what is asked.
type question struct {
	Files  []language.File `json:"files,omitempty"`
	IDs    []string        `json:"ids"`
	On     timeline.Day    `json:"on"`
	By     []string        `json:"by,omitempty"`
	Exact  bool            `json:"exact,omitempty"`
	Person fhir.ID         `json:"person,omitempty"`
}

// asking makes a question about definitions that were read here: of files that
// are in use, their bytes go along.
func asking(ds []*language.Definition, own []language.File) question {
	q := question{Files: own}
	for _, d := range ds {
		q.IDs = append(q.IDs, d.ID)
	}
	return q
}

// ask asks the record, which is the population when none is said.
func (a *app) ask(ctx context.Context, path string, q question, out any) error {
	desk, err := a.reach(ctx, "criteria", access.Operations)
	if err != nil {
		return err
	}
	defer desk.close()
	body, err := json.Marshal(q)
	if err != nil {
		return fmt.Errorf("ask the record: %w", err)
	}
	return desk.do(ctx, http.MethodPost, path, url.Values{}, body, out)
}

// read takes a question up again, with the definitions that it names.
func (q *question) read(r *http.Request) ([]*language.Definition, error) {
	data, err := readWhole(r)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(q); err != nil {
		return nil, fault.Wrap(fault.Invalid, "A question about definitions cannot be read: are both programs of one version?", err)
	}
	lib, problems := language.Load(q.Files, definitions.Shipped())
	if len(problems) > 0 {
		return nil, problems
	}
	ds, err := definitionsOf(lib, q.IDs)
	if err == nil && len(ds) == 0 {
		err = fault.New(fault.Invalid, "A question must name a definition.")
	}
	return ds, err
}

// says is the question as the audit keeps it.
func (q *question) says(ds []*language.Definition) string {
	var parts []string
	for _, d := range ds {
		parts = append(parts, fmt.Sprintf("%s|%s|%.12s", d.ID, d.Version, d.Hash))
	}
	text := "definitions=" + strings.Join(parts, ",") + "&on=" + q.On.String()
	if len(q.By) > 0 {
		text += "&by=" + strings.Join(q.By, ",")
	}
	if q.Exact {
		text += "&exact=true"
	}
	return text
}

// criteriaRun asks definitions of everybody in the record. The question is
// decided and audited before the answer is worked out.
func (d *desk) criteriaRun(_ http.ResponseWriter, r *http.Request) (any, error) {
	view, err := d.view(r)
	if err != nil {
		return nil, err
	}
	var q question
	ds, err := q.read(r)
	if err != nil {
		return nil, err
	}
	if err := q.mayAsk(view.Subject().Purpose(), ds); err != nil {
		return nil, err
	}
	at, err := view.AskAll(r.Context(), q.says(ds))
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	keeper, err := d.timelines(r.Context(), at)
	if err != nil {
		return nil, err
	}
	set, err := keeper.Set()
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what it was doing
	}
	if q.Exact {
		return reports(r.Context(), set, ds, &q)
	}
	return d.releases(r.Context(), set, ds, &q)
}

// mayAsk refuses exact counts to who does not treat people, and questions off the
// grid to who may not see them.
func (q *question) mayAsk(purpose access.Purpose, ds []*language.Definition) error {
	if q.Exact {
		return treats(string(purpose), "An exact count")
	}
	for _, d := range ds {
		by, err := groupings(q.By, d)
		if err != nil {
			return err
		}
		if err := criteria.Releasable(q.On, by...); err != nil {
			return err //nolint:wrapcheck // it is fit to be shown
		}
	}
	return nil
}

// releases runs definitions over everybody, and holds what is told to all that
// was told before.
func (d *desk) releases(ctx context.Context, set *timeline.Set, ds []*language.Definition, q *question) ([]criteria.Report, error) {
	d.told.mu.Lock()
	defer d.told.mu.Unlock()
	before, err := d.told.before(q.On)
	if err != nil {
		return nil, err
	}
	earlier, err := criteria.Compile(before...).Run(ctx, set, q.On, runtime.GOMAXPROCS(0))
	if err != nil {
		return nil, err //nolint:wrapcheck // the context's
	}
	results, err := criteria.Compile(ds...).Run(ctx, set, q.On, runtime.GOMAXPROCS(0))
	if err != nil {
		return nil, err //nolint:wrapcheck // the context's
	}
	if err := d.told.keep(q, ds, before); err != nil {
		return nil, err
	}
	var out []criteria.Report
	for _, r := range results.Definitions {
		by, err := groupings(q.By, r.Definition)
		if err != nil {
			return nil, err
		}
		out = append(out, r.Release(earlier.Definitions, by...))
		earlier.Definitions = append(earlier.Definitions, r)
	}
	return out, nil
}

// reports runs definitions over everybody.
func reports(ctx context.Context, set *timeline.Set, ds []*language.Definition, q *question) ([]criteria.Report, error) {
	results, err := criteria.Compile(ds...).Run(ctx, set, q.On, runtime.GOMAXPROCS(0))
	if err != nil {
		return nil, err //nolint:wrapcheck // the context's
	}
	by := make([][]criteria.Grouping, len(results.Definitions))
	for i, r := range results.Definitions {
		if by[i], err = groupings(q.By, r.Definition); err != nil {
			return nil, err
		}
	}
	out := make([]criteria.Report, len(results.Definitions))
	var counting sync.WaitGroup
	for i, r := range results.Definitions {
		counting.Go(func() { out[i] = r.Report(q.Exact, by[i]...) })
	}
	counting.Wait()
	return out, nil
}

// criteriaExplain says why one person in the record has an answer. It is a read
// of that person.
func (d *desk) criteriaExplain(_ http.ResponseWriter, r *http.Request) (any, error) {
	view, err := d.view(r)
	if err != nil {
		return nil, err
	}
	var q question
	ds, err := q.read(r)
	if err != nil {
		return nil, err
	}
	if err := treats(string(view.Subject().Purpose()), "One person's explanation"); err != nil {
		return nil, err
	}
	keys, at, err := view.AskOne(r.Context(), q.Person, q.says(ds))
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	keeper, err := d.timelines(r.Context(), at)
	if err != nil {
		return nil, err
	}
	person, ok := keeper.Person(keys[0]) // all who are one are known by the lowest
	if !ok {
		return nil, noSuchPerson(q.Person)
	}
	return criteria.Compile(ds[0]).Explain(person.Alone(), 0, q.On), nil
}

func noSuchPerson(id fhir.ID) error {
	return fault.New(fault.NotFound, fmt.Sprintf("There is no person with the id %q in this population.", id))
}

// treats refuses what discloses people's data for no purpose, or small numbers
// for one that has no need of them.
func treats(purpose, what string) error {
	if p := access.Purpose(strings.ToUpper(purpose)); p == access.Treatment || p == access.EmergencyTreatment {
		return nil
	}
	return fault.New(fault.Denied, what+" is for those who treat these people: say so with --purpose TREAT.")
}

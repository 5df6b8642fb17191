package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"joinery/care/applied"
	"joinery/care/model"
	"joinery/fault"
	"joinery/timeline"
)

type modelApply struct {
	Pack     string   `arg:"" help:"The folder of a model, or the id of one that is shipped."`
	Provider string   `required:"" help:"Who provides it: Organization/ID." placeholder:"WHO"`
	Area     []string `help:"Codes of the boroughs in which it holds (default: all that the model is for)." placeholder:"CODE,…"`
	Since    string   `name:"from" help:"The day from which it holds (default: today)." placeholder:"DATE"`
	Why      string   `required:"" help:"Why, and who decided it; it is kept with the model." placeholder:"TEXT"`
}

// Help is shown by joinery model apply --help.
func (modelApply) Help() string {
	return `The model's bytes and hash go into the record, and every node runs by them from that day on. Whoever is in a former version stays on it. Each of its sites becomes a service that people can be referred to, model-ID-SITE. A version may hold in some boroughs and another in others; later it may hold in more. Where they differ, boroughs have services of their own.

    joinery model apply falls-response-car --provider Organization/falls --why "Urgent care board, 20 January" --purpose HOPERAT
    joinery model apply escape-pain-2 --area E09000004,E09000011 --provider Organization/classes --why "Board, 3 March" --purpose HOPERAT`
}

// application is what a desk is told.
type application struct {
	Model    []byte   `json:"model"` // canonical
	Areas    []string `json:"areas,omitempty"`
	ID       string   `json:"id,omitempty"`
	Provider string   `json:"provider,omitempty"`
	From     string   `json:"from"`
	Why      string   `json:"why"`
}

// Run is the command.
func (c *modelApply) Run(ctx context.Context, a *app) error {
	m, err := readPack(c.Pack)
	if err != nil {
		return err
	}
	return a.decided(ctx, "/model/apply", application{Model: m.Canonical(), Areas: c.Area, Provider: c.Provider, From: c.Since, Why: c.Why})
}

func (a *app) decided(ctx context.Context, path string, what any) error {
	var s applied.Standing
	if err := a.tell(ctx, "model", path, what, &s); err != nil {
		return err
	}
	if a.flags.JSON {
		return a.printJSON(s)
	}
	today, _ := timeline.DayOf(a.clock())
	printStanding(a.out, &s, today)
	return nil
}

func printStanding(out io.Writer, s *applied.Standing, today timeline.Day) {
	fmt.Fprintf(out, "%s: %s, in %s\n", s.ID, s.Title, s.Area)
	for i, d := range s.Decisions {
		id, rest, _ := strings.Cut(d.Name, "|")
		version, hash, _ := strings.Cut(rest, "|")
		fmt.Fprintf(out, "  from %s  %s %s (hash %.12s), decided by %s: %s%s\n", d.From, id, version, hash, d.By, d.Why, inForceIn(s, i, today))
	}
	for _, id := range s.Services {
		fmt.Fprintf(out, "  HealthcareService/%s\n", id)
	}
}

// inForceIn says where a decision is the one that holds on a day; empty: nowhere.
func inForceIn(s *applied.Standing, i int, day timeline.Day) string {
	d := s.Decisions[i]
	later := func(area string) bool {
		return slices.ContainsFunc(s.Decisions[i+1:], func(other applied.Decision) bool {
			return other.From <= day && (len(other.Areas) == 0 || slices.Contains(other.Areas, area))
		})
	}
	var where []string
	for _, area := range d.Areas {
		if !later(area) {
			where = append(where, area)
		}
	}
	switch {
	case d.From > day, len(d.Areas) > 0 && len(where) == 0, len(d.Areas) == 0 && later(""):
		return ""
	case len(where) == 0:
		return "  in force"
	}
	return "  in force in " + strings.Join(where, ", ")
}

type modelRollback struct {
	ID    string   `arg:"" help:"The id of the model."`
	Area  []string `help:"Codes of the boroughs in which to go back (default: those of the last decision)." placeholder:"CODE,…"`
	Since string   `name:"from" help:"The day from which the earlier version holds again (default: today)." placeholder:"DATE"`
	Why   string   `required:"" help:"Why, and who decided it." placeholder:"TEXT"`
}

// Help is shown by joinery model rollback --help.
func (modelRollback) Help() string {
	return `The version before it holds again. Whoever is in the later version stays on it; the decision stands in the record beside the others.

    joinery model rollback falls-response-car --why "Urgent care board, 3 March" --purpose HOPERAT`
}

// Run is the command.
func (c *modelRollback) Run(ctx context.Context, a *app) error {
	return a.decided(ctx, "/model/rollback", application{ID: c.ID, Areas: c.Area, From: c.Since, Why: c.Why})
}

type modelStatus struct {
	ID string `arg:"" help:"The id of the model."`
}

// Help is shown by joinery model status --help.
func (modelStatus) Help() string {
	return `Every decision about the model: which version, from when, who decided it and why.

    joinery model status falls-response-car --purpose HOPERAT`
}

// Run is the command.
func (c *modelStatus) Run(ctx context.Context, a *app) error {
	return a.decided(ctx, "/model/status", application{ID: c.ID})
}

// day reads a day that a command says, today when it says none.
func (d *desk) day(text string) (timeline.Day, error) {
	if text == "" {
		today, _ := timeline.DayOf(d.clock())
		return today, nil
	}
	day, err := timeline.ParseDay(text)
	if err != nil {
		return 0, fault.New(fault.Invalid, "A day is written as 2026-02-01.")
	}
	return day, nil
}

func (d *desk) modelApply(_ http.ResponseWriter, r *http.Request) (any, error) {
	return d.decide(r, func(a *application, from timeline.Day, now time.Time) (*applied.Standing, error) {
		view, err := d.view(r)
		if err != nil {
			return nil, err
		}
		m, err := model.ReadCanonical(a.Model)
		if err != nil {
			return nil, err //nolint:wrapcheck // it is fit to be shown
		}
		return applied.Apply(r.Context(), view, applied.Application{Model: m, Areas: a.Areas, From: from, Provider: a.Provider, Why: a.Why, At: now})
	})
}

func (d *desk) modelRollback(_ http.ResponseWriter, r *http.Request) (any, error) {
	return d.decide(r, func(a *application, from timeline.Day, now time.Time) (*applied.Standing, error) {
		view, err := d.view(r)
		if err != nil {
			return nil, err
		}
		return applied.Rollback(r.Context(), view, applied.Reversal{ID: a.ID, Areas: a.Areas, From: from, Why: a.Why, At: now})
	})
}

func (d *desk) modelStatus(_ http.ResponseWriter, r *http.Request) (any, error) {
	return d.decide(r, func(a *application, _ timeline.Day, _ time.Time) (*applied.Standing, error) {
		view, err := d.view(r)
		if err != nil {
			return nil, err
		}
		return applied.Status(r.Context(), view, a.ID)
	})
}

func (d *desk) decide(r *http.Request, do func(*application, timeline.Day, time.Time) (*applied.Standing, error)) (any, error) {
	var a application
	if _, err := d.flow(r, &a); err != nil {
		return nil, err
	}
	from, err := d.day(a.From)
	if err != nil {
		return nil, err
	}
	return do(&a, from, d.clock())
}

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"joinery/care/applied"
	"joinery/care/model"
	"joinery/fault"
	"joinery/timeline"
)

type modelApply struct {
	Pack     string `arg:"" help:"The folder of a model, or the id of one that is shipped."`
	Provider string `required:"" help:"Who provides it: Organization/ID." placeholder:"WHO"`
	Since    string `name:"from" help:"The day from which it holds (default: today)." placeholder:"DATE"`
	Why      string `required:"" help:"Why, and who decided it; it is kept with the model." placeholder:"TEXT"`
}

// Help is shown by joinery model apply --help.
func (modelApply) Help() string {
	return `The model's bytes and hash go into the record, and every node runs by them from that day on. Whoever is in a former version stays on it. Each of its sites becomes a service that people can be referred to, model-ID-SITE.

    joinery model apply falls-response-car --provider Organization/falls --why "Urgent care board, 20 January" --purpose HOPERAT`
}

// application is what a desk is told.
type application struct {
	Model    []byte `json:"model"` // canonical
	ID       string `json:"id,omitempty"`
	Provider string `json:"provider,omitempty"`
	From     string `json:"from"`
	Why      string `json:"why"`
}

// Run is the command.
func (c *modelApply) Run(ctx context.Context, a *app) error {
	m, err := readPack(c.Pack)
	if err != nil {
		return err
	}
	return a.decided(ctx, "/model/apply", application{Model: m.Canonical(), Provider: c.Provider, From: c.Since, Why: c.Why})
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
	now := s.On(today)
	fmt.Fprintf(out, "%s: %s, in %s\n", s.ID, s.Title, s.Area)
	for i, d := range s.Decisions {
		id, rest, _ := strings.Cut(d.Name, "|")
		version, hash, _ := strings.Cut(rest, "|")
		state := ""
		if d.Name == now && lastFrom(s, i, today) {
			state = "  in force"
		}
		fmt.Fprintf(out, "  from %s  %s %s (hash %.12s), decided by %s: %s%s\n", d.From, id, version, hash, d.By, d.Why, state)
	}
	for _, id := range s.Services {
		fmt.Fprintf(out, "  HealthcareService/%s\n", id)
	}
}

// lastFrom reports whether a decision is the one that holds on a day.
func lastFrom(s *applied.Standing, i int, day timeline.Day) bool {
	for j, d := range s.Decisions {
		if j > i && d.From <= day {
			return false
		}
	}
	return s.Decisions[i].From <= day
}

type modelRollback struct {
	ID    string `arg:"" help:"The id of the model."`
	Since string `name:"from" help:"The day from which the earlier version holds again (default: today)." placeholder:"DATE"`
	Why   string `required:"" help:"Why, and who decided it." placeholder:"TEXT"`
}

// Help is shown by joinery model rollback --help.
func (modelRollback) Help() string {
	return `The version before it holds again. Whoever is in the later version stays on it; the decision stands in the record beside the others.

    joinery model rollback falls-response-car --why "Urgent care board, 3 March" --purpose HOPERAT`
}

// Run is the command.
func (c *modelRollback) Run(ctx context.Context, a *app) error {
	return a.decided(ctx, "/model/rollback", application{ID: c.ID, From: c.Since, Why: c.Why})
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
		return applied.Apply(r.Context(), view, applied.Application{Model: m, From: from, Provider: a.Provider, Why: a.Why, At: now})
	})
}

func (d *desk) modelRollback(_ http.ResponseWriter, r *http.Request) (any, error) {
	return d.decide(r, func(a *application, from timeline.Day, now time.Time) (*applied.Standing, error) {
		view, err := d.view(r)
		if err != nil {
			return nil, err
		}
		return applied.Rollback(r.Context(), view, a.ID, from, a.Why, now)
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

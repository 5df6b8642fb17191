package main

import (
	"context"
	"fmt"
	"runtime"
	"text/tabwriter"

	"joinery/fault"
	"joinery/source/synth"
)

type synthReport struct {
	district
	People int64 `help:"How many people to measure. The fewer, the more is put down to chance." default:"100000"`
	All    bool  `help:"List every figure, not only those that are missed."`
}

// Help is shown by joinery synth report --help.
func (synthReport) Help() string {
	return `Invents people, counts them, and puts each count beside the published figure it was made by: target, made, difference, tolerance, source. A figure is met when the difference is within its tolerance, uncertain when chance may explain the rest with so few people, and missed otherwise. What is made without any published figure is listed as such.

Exits with 3 when a figure is missed.

    joinery synth report
    joinery synth report --all --people 1000000
    joinery synth report --json | jq '.Findings[] | select(.Verdict == "missed")'`
}

// Run is the command.
func (c *synthReport) Run(ctx context.Context, a *app) error {
	d, err := c.open()
	if err != nil {
		return err
	}
	if c.People < 1 || c.People > synth.MostPeople {
		return misuse{fault.New(fault.Invalid, fmt.Sprintf("--people is from 1 to %d.", synth.MostPeople))}
	}
	bar := a.counter(c.People, "people")
	r, err := d.Measure(ctx, c.People, runtime.GOMAXPROCS(0), bar.add)
	bar.done()
	if err != nil {
		return err //nolint:wrapcheck // it is the context's
	}
	if a.flags.JSON {
		err = a.printJSON(r)
	} else {
		err = c.print(a, r)
	}
	if err == nil && !r.Green() {
		return &outcome{exitRefused, "a figure is missed"}
	}
	return err
}

func (c *synthReport) print(a *app, r *synth.Report) error {
	counts := map[synth.Verdict]int{}
	title := ""
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	for _, f := range r.Findings {
		counts[f.Verdict]++
		if !c.All && f.Verdict != synth.Missed {
			continue
		}
		if f.Title != title {
			title = f.Title
			fmt.Fprintf(w, "\n%s, in %s\nSource: %s\n", f.Title, f.Unit, f.Source)
			fmt.Fprintln(w, "\ttarget\tmade\tdifference\ttolerance\tchance\tverdict")
		}
		fmt.Fprintf(w, "%s\t%.3g\t%.3g\t%+.2g\t%.2g\t%.2g\t%s\n", f.Name, f.Target, f.Made, f.Difference, f.Tolerance, f.Noise, f.Verdict)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("print the report: %w", err)
	}
	fmt.Fprintln(a.out, "\nMade without a published figure")
	for _, u := range r.Uncalibrated {
		fmt.Fprintf(a.out, "  %s: %s\n", u.What, u.Why)
	}
	fmt.Fprintf(a.out, "\n%d people of seed %d, %d figures: %d met, %d uncertain with so few people, %d missed, %d unseen.\n",
		r.People, r.Seed, len(r.Findings), counts[synth.Met], counts[synth.MetByLuck], counts[synth.Missed], counts[synth.Unseen])
	return nil
}

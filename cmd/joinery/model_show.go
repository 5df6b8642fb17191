package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"joinery/care/model"
)

type modelShow struct {
	Model string `arg:"" help:"A folder, or the id of a shipped model."`
}

// Help is shown by joinery model show --help.
func (modelShow) Help() string {
	return `    joinery model show escape-pain`
}

// Run is the command.
func (c *modelShow) Run(a *app) error {
	m, err := readPack(c.Model)
	if err != nil {
		return err
	}
	if a.flags.JSON {
		return a.printJSON(modelPage{lineOf(m), m.Residents, m.Purpose, m.Sources})
	}
	printModel(a.out, m)
	return nil
}

// modelPage is a model as scripts are told of it.
type modelPage struct {
	modelLine
	Residents string   `json:"residents"`
	Purpose   string   `json:"purpose"`
	Sources   []string `json:"sources"`
}

// printModel shows a model on a page, marks first.
func printModel(w io.Writer, m *model.Model) {
	fmt.Fprintf(w, "%s (%s %s, hash %.12s)\n", m.Title, m.ID, m.Version, m.Hash)
	for _, mark := range m.Marks() {
		fmt.Fprintf(w, "  %s\n", mark)
	}
	if m.Base != nil {
		fmt.Fprintf(w, "  a local copy of %s %s (hash %.12s)\n", m.Base.ID, m.Base.Version, m.Base.Hash)
		for _, s := range m.Set {
			fmt.Fprintf(w, "  sets %s to %s (was %s)\n", s.Parameter, s.Value, s.Was)
		}
	}
	fmt.Fprintf(w, "\n%s\n\nFor residents: %s\n\nArea: %s. Layer: %s. Owner: %s. To be looked at again by %s.\n", m.Purpose, m.Residents, m.Area.Name, m.Layer, m.Owner, m.Review)
	printPeople(w, m)
	printWork(w, m)
	printLearning(w, m)
}

func printPeople(w io.Writer, m *model.Model) {
	fmt.Fprintln(w, "\nFor whom")
	for _, c := range m.Eligible {
		fmt.Fprintf(w, "  in:  %s%s\n", c.Says, howKnown(c))
	}
	for _, c := range m.Exclusions {
		fmt.Fprintf(w, "  out: %s%s\n", c.Says, howKnown(c))
	}
	fmt.Fprintln(w, "\nHow people come")
	if m.Candidates.Not != "" {
		fmt.Fprintf(w, "  nobody is sought out: %s\n", m.Candidates.Not)
	} else {
		fmt.Fprintf(w, "  people who are found are invited by %s\n", joined(m.Candidates.Invited))
	}
	for _, r := range m.Referrers {
		fmt.Fprintf(w, "  %s: by %s\n", r.Title, joined(r.By))
	}
	if m.NoSelf != "" {
		fmt.Fprintf(w, "  nobody can refer themselves: %s\n", m.NoSelf)
	}
	fmt.Fprintf(w, "  consent: %s\n", m.Consent)
}

func howKnown(c model.Criterion) string {
	if c.Meets != nil {
		return " (" + c.Meets.ID + ")"
	}
	return " (judged by: " + c.Judged + ")"
}

func joined[T ~string](all []T) string {
	var words []string
	for _, x := range all {
		words = append(words, string(x))
	}
	return strings.Join(words, ", ")
}

func printWork(w io.Writer, m *model.Model) {
	fmt.Fprintln(w, "\nWho does what")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, a := range m.Activities {
		due := ""
		if a.Due != nil {
			due = fmt.Sprintf(", within %s of the %s", a.Due.Within, a.Due.Of)
		}
		fmt.Fprintf(t, "  %s\t%s%s\t%d minutes, %s\t%s\n", a.Title, a.When, due, a.Minutes, a.Place, strings.Join(a.By, " and "))
	}
	_ = t.Flush()
	if m.Length == nil {
		fmt.Fprintln(w, "  without a limit of time")
	} else {
		fmt.Fprintf(w, "  at most %s; at the end: %s\n", m.Length.Is, m.Length.AtEnd)
	}
	for _, s := range m.Standards {
		fmt.Fprintf(w, "  standard: %s (for %s)\n", s.Says, percent(s.Target))
	}
	for _, s := range m.Sites {
		fmt.Fprintf(w, "  %s: %d may begin in a week; open %s\n", s.Title, s.Starts, s.Open)
	}
	for _, e := range m.Waiting.Exceptions {
		fmt.Fprintf(w, "  goes before others: %s (%s)\n", e.Says, e.ID)
	}
	for _, l := range m.Limits {
		fmt.Fprintf(w, "  at most %d a %s of %s, of all models together: %s\n", l.Most, l.Each, strings.Join(l.Kinds, ", "), l.Says)
	}
	fmt.Fprintf(w, "  waiting: %s first; at most %s; meanwhile: %s\n", strings.Join(m.Waiting.Order, ", then "), m.Waiting.AtMost, m.Waiting.Meanwhile)
}

func percent(share float64) string { return fmt.Sprintf("%.0f%%", share*100) }

func printLearning(w io.Writer, m *model.Model) {
	fmt.Fprintln(w, "\nHow one will know")
	for _, g := range m.Goals {
		fmt.Fprintf(w, "  goal: %s: %s\n", g.Says, g.Target)
	}
	for _, x := range m.Measures {
		fmt.Fprintf(w, "  %s: %s (%s is better)\n", x.Aspect, x.Title, x.Better)
	}
	for _, e := range m.Evidence {
		fmt.Fprintf(w, "  known: %s (%s, %s): %s\n", e.Study, e.Strength, e.Result, e.Found)
	}
	if m.NoNull != "" {
		fmt.Fprintf(w, "  no null results: %s\n", m.NoNull)
	}
	for _, s := range m.Stops {
		fmt.Fprintf(w, "  stop: %s (%s decides)\n", s.Says, s.Decides)
	}
	fmt.Fprintln(w, "\nIt says on")
	for _, s := range m.Says {
		if s.Not != "" {
			fmt.Fprintf(w, "  %s: nothing, since %s\n", s.On, s.Not)
		} else {
			fmt.Fprintf(w, "  %s: %s\n", s.On, s.Is)
		}
	}
	fmt.Fprintln(w, "\nWhat could harm, and what holds it back")
	for _, h := range m.Hazards {
		fmt.Fprintf(w, "  %s (%s, %s): %s\n", h.What, h.Severity, h.Likelihood, strings.Join(h.Controls, "; "))
	}
	for _, p := range m.Parameters {
		fmt.Fprintf(w, "  a place may set %s: %s\n", p.ID, p.Says)
	}
}

package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"joinery/criteria"
)

func sortStrings(s []string) { slices.Sort(s) }

func sortedNames[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// printReport shows what a definition says of everybody, as a table.
func printReport(w io.Writer, r *criteria.Report, attrition bool) {
	fmt.Fprintf(w, "%s (%s %s, hash %.12s) on %s\n", r.Title, r.Definition, r.Version, r.Hash, r.On)
	for _, m := range r.Marks {
		fmt.Fprintf(w, "  %s\n", m)
	}
	if !r.Exact {
		fmt.Fprintln(w, "  counts from 1 to 7 are shown as *, others to the nearest 5")
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	if attrition {
		for _, s := range r.Attrition {
			fmt.Fprintf(t, "%s\t  %s\n", s.Left, s.Says)
		}
		_ = t.Flush()
		t = tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	}
	columns := columnsOf(r)
	for _, by := range r.By {
		fmt.Fprintf(t, "%s\t", by)
	}
	if len(r.By) == 0 {
		fmt.Fprint(t, "\t")
	}
	for _, c := range columns {
		fmt.Fprintf(t, "%s\t", c.name)
	}
	fmt.Fprintln(t)
	for i := range r.Rows {
		for _, g := range r.Rows[i].Group {
			fmt.Fprintf(t, "%s\t", cmp.Or(g, "not known"))
		}
		printRow(t, columns, &r.Rows[i])
	}
	fmt.Fprint(t, "everybody\t"+strings.Repeat("\t", max(len(r.By)-1, 0)))
	printRow(t, columns, &r.Total)
	_ = t.Flush()
}

func printRow(w io.Writer, columns []column, row *criteria.Row) {
	for _, c := range columns {
		fmt.Fprintf(w, "%s\t", cmp.Or(c.of(row), "-"))
	}
	fmt.Fprintln(w)
}

// column is a column of a report.
type column struct {
	name string
	of   func(*criteria.Row) string
}

// columnsOf returns the columns that say something of a kind of definition.
func columnsOf(r *criteria.Report) []column {
	met := column{"met", func(row *criteria.Row) string { return row.Met }}
	gap := column{"gap", func(row *criteria.Row) string { return row.Gap }}
	out := []column{{"population", func(row *criteria.Row) string { return row.Population }}}
	switch {
	case len(r.Parts) > 0:
		for i, name := range r.Parts {
			out = append(out, column{name, func(row *criteria.Row) string { return row.Parts[i] }})
		}
		gap.name = "none"
		out = append(out, gap)
	case r.Kind == "group":
		met.name = "in it"
		out = append(out, met)
	case r.Kind == "rate":
		met.name = "counted"
		out = append(out, met)
	case r.Kind == "continuous":
		met.name, gap.name = "with a value", "without"
		out = append(out, met, gap)
	case r.Kind == "time to event":
		met.name, gap.name = "came", "waiting"
		out = append(out, met, gap)
	default:
		out = append(out, met, gap)
	}
	out = append(out,
		column{"excluded", func(row *criteria.Row) string { return row.Excluded }},
		column{"unknown", func(row *criteria.Row) string { return row.Unknown }})
	if r.Measure != "" {
		out = append(out, column{r.Measure, func(row *criteria.Row) string { return row.Value }})
	}
	return out
}

// printExplanation shows why one person has an answer, as a tree.
func printExplanation(w io.Writer, e *criteria.Explanation) {
	fmt.Fprintf(w, "%s (%s %s, hash %.12s)\n", e.Title, e.Definition, e.Version, e.Hash)
	for _, m := range e.Marks {
		fmt.Fprintf(w, "  %s\n", m)
	}
	fmt.Fprintf(w, "%s on %s: %s", e.Person, e.On, strings.ToUpper(e.Answer.String()))
	if e.Why != "" {
		fmt.Fprintf(w, " (%s)", e.Why)
	}
	fmt.Fprintln(w)
	if e.Figure != nil {
		fmt.Fprintf(w, "counts as %v", e.Figure.Amount)
		if e.Figure.Over > 0 {
			fmt.Fprintf(w, " in %.3f", e.Figure.Over)
		}
		fmt.Fprintln(w)
	}
	role := ""
	for i := range e.Questions {
		q := &e.Questions[i]
		if q.Role != role {
			fmt.Fprintf(w, "\n%s\n", q.Role)
			role = q.Role
		}
		if q.Reason != "" {
			fmt.Fprintf(w, "  %s:\n", q.Reason)
		}
		printTree(w, &q.Tree, 1)
	}
	fmt.Fprintln(w)
	if e.Next == nil {
		fmt.Fprintln(w, "If nothing else happens, this does not change in the next 20 years.")
		return
	}
	fmt.Fprintf(w, "If nothing else happens, this changes on %s to %s", e.Next.On, e.Next.To.Answer)
	if e.NextWhy != "" {
		fmt.Fprintf(w, " (%s)", e.NextWhy)
	}
	fmt.Fprintln(w, ".")
}

func printTree(w io.Writer, t *criteria.Tree, depth int) {
	indent := strings.Repeat("  ", depth)
	fmt.Fprintf(w, "%s%-4s%s", indent, t.Holds, t.Says)
	if t.Number != "" {
		fmt.Fprintf(w, ": %s", t.Number)
	}
	if t.Points != nil {
		fmt.Fprintf(w, " [%s]", points(*t.Points))
	}
	if t.Missing != "" {
		fmt.Fprintf(w, " (%s)", t.Missing)
	}
	fmt.Fprintln(w)
	for i := range t.Found {
		fmt.Fprintf(w, "%s      %s\n", indent, firedLine(&t.Found[i]))
	}
	for i := range t.Of {
		printTree(w, &t.Of[i], depth+1)
	}
}

func points(n float64) string {
	if n == 1 {
		return "1 point"
	}
	return fmt.Sprintf("%v points", n)
}

func firedLine(f *criteria.Fired) string {
	parts := []string{f.Date, f.Kind}
	for _, s := range []string{f.Code, strings.TrimSpace(f.Value + " " + f.Unit), f.Status} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if f.Organisation != "" {
		parts = append(parts, "at "+f.Organisation)
	}
	if f.Source != "" {
		parts = append(parts, "from "+f.Source)
	}
	if f.Note != "" {
		parts = append(parts, "("+f.Note+")")
	}
	return strings.Join(parts, "  ")
}

// Package export writes definitions for other engines: as CQL, and as the FHIR
// resources that carry it.
//
// The CQL is one library for a definition and all that it meets, written so that
// an engine needs nothing beside it: events.cql reads a patient's resources as
// events, with every conversion spelled out and no FHIRHelpers; queries say
// "return all" wherever two equal things are two. It is the same meaning a third
// time, in a language that others run, and so also the independent check of the
// first two.
//
// # Where it stops
//
// CQL answers for one patient: sums, means and medians over people are left to
// who reads the Measure. A network hangs on the practice's Organization, which an
// engine must have beside the patient. Units are converted from those that
// commonly stand for one quantity; summer time is exact since 1961.
package export

import (
	_ "embed"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"joinery/criteria/language"
	"joinery/fault"
)

//go:embed events.cql
var events string

// Base is the canonical address under which exported resources are named.
const Base = "https://joinery.example/fhir"

// ValueSet returns the canonical address of a code set.
func ValueSet(s *language.CodeSet) string { return Base + "/ValueSet/" + s.ID }

// CQL returns a definition as a CQL library. The parameter On is the index date,
// and its expression "Answer" one of the five answers in words. Beside it stand,
// where the definition has them and null where the person has none: "Reason", of
// who is excluded; "Segment", its name; "Score", unless it is unknown; "Value",
// of a continuous measure; "Counted" and "Over", of a rate; "Days", of a time to
// an event; "By practice" and its like, where results are grouped. The fault is
// Unsupported where CQL cannot say it.
func CQL(d *language.Definition) (string, error) {
	w := newWriter()
	answer := w.definition(d)
	if w.err != nil {
		return "", w.err
	}
	var b strings.Builder
	for _, line := range strings.Split("definition "+d.ID+", "+d.Title+"; hash "+d.Hash+"\n"+strings.Join(d.Marks(), "\n"), "\n") {
		b.WriteString("// " + line + "\n")
	}
	fmt.Fprintf(&b, "library %s version '%s'\n\nusing FHIR version '4.0.1'\n\n", name(d.ID), d.Version)
	for _, id := range sorted(w.sets) {
		fmt.Fprintf(&b, "valueset %s: '%s'\n", quoted(id), ValueSet(w.sets[id]))
	}
	b.WriteString("\nparameter \"On\" Date\n\ncontext Patient\n\n" + events + "\n")
	b.WriteString(everything())
	for _, unit := range sorted(w.units) {
		b.WriteString(conversion(unit))
	}
	b.WriteString(person)
	b.WriteString(w.b.String())
	fmt.Fprintf(&b, "\ndefine \"Answer\": %s\n", quoted(answer))
	for _, o := range outputs(d) {
		fmt.Fprintf(&b, "\ndefine %s:\n  if %s then %s else null\n", quoted(o.name), o.when, quoted(d.ID+": "+o.of))
	}
	for _, g := range d.GroupBy {
		fmt.Fprintf(&b, "\ndefine %s:\n  %s\n", grouped(g), groups[g])
	}
	return b.String(), nil
}

// output is an expression that a library offers beside its answer.
type output struct{ name, typ, of, when string }

func outputs(d *language.Definition) []output {
	var out []output
	if len(d.Exclusions)+len(d.Exceptions) > 0 {
		out = append(out, output{"Reason", "string", "reason", `"Answer" = 'excluded'`})
	}
	if d.Points != nil {
		out = append(out, output{"Score", "decimal", "score", `"Answer" in { 'met', 'gap' }`})
	}
	switch d.Kind {
	case language.Segments:
		out = append(out, output{"Segment", "string", "segment", met})
	case language.Continuous:
		out = append(out, output{"Value", "decimal", "value", met})
	case language.Rate:
		out = append(out, output{"Counted", "decimal", "counted", met}, output{"Over", "decimal", "over", met})
	case language.TimeToEvent:
		out = append(out, output{"Days", "integer", "days", `"Answer" in { 'met', 'gap' }`})
	case language.Group, language.Proportion:
	}
	return out
}

// name returns an id as CQL's identifiers have it.
func name(id string) string { return strings.ReplaceAll(id, "-", "_") }

func quoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"` }

func text(s string) string { return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'" }

func decimal(x float64) string {
	s := strconv.FormatFloat(x, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	if x < 0 {
		return "(" + s + ")"
	}
	return s
}

func period(p language.Period) string { return fmt.Sprintf("%d %s", p.N, p.Unit) }

// writer gathers what a definition is made of, each named once.
type writer struct {
	b      strings.Builder
	events map[string]string // the names of lists of events, by what they say
	named  map[string]bool   // first and last of lists
	scores map[*language.Score]string
	terms  map[language.Expr]string
	units  map[string]bool
	sets   map[string]*language.CodeSet
	done   map[*language.Definition]string
	err    error
}

func newWriter() *writer {
	return &writer{
		events: map[string]string{}, named: map[string]bool{}, scores: map[*language.Score]string{}, terms: map[language.Expr]string{},
		units: map[string]bool{}, sets: map[string]*language.CodeSet{}, done: map[*language.Definition]string{},
	}
}

func (w *writer) unsupported(what string) string {
	if w.err == nil {
		w.err = fault.New(fault.Unsupported, what)
	}
	return "null"
}

// define writes a named expression.
func (w *writer) define(name, expression string) string {
	fmt.Fprintf(&w.b, "\ndefine %s:\n  %s\n", quoted(name), expression)
	return name
}

// expr writes a condition; unknown is null, as in CQL's own logic.
func (w *writer) expr(x language.Expr) string {
	switch x := x.(type) {
	case *language.All:
		return w.joined(x.Of, " and ")
	case *language.Any:
		return w.joined(x.Of, " or ")
	case *language.Not:
		return "(not " + w.expr(x.Of) + ")"
	case *language.AtLeast:
		return fmt.Sprintf("\"At Least\"(%d, { %s })", x.N, strings.Join(w.exprs(x.Of), ", "))
	case *language.Score:
		return w.within(x, x.Is)
	case *language.Needing:
		return "(if " + w.expr(x.Needs) + " is true then " + w.expr(x.Of) + " else null)"
	case *language.Meets:
		return w.meets(x)
	case *language.Events:
		return w.condition(x)
	case *language.Change:
		return fmt.Sprintf("Coalesce(%s, false)", spanOf(x.Value, w.change(x)))
	}
	return w.ofPerson(x)
}

func (w *writer) exprs(of []language.Expr) []string {
	var parts []string
	for _, x := range of {
		parts = append(parts, w.expr(x))
	}
	return parts
}

func (w *writer) joined(of []language.Expr, with string) string {
	return "(" + strings.Join(w.exprs(of), with) + ")"
}

func (w *writer) meets(x *language.Meets) string {
	if x.Definition != nil {
		answer := quoted(w.definition(x.Definition))
		return fmt.Sprintf("(if %s = 'unknown' then null else %s = 'met')", answer, answer)
	}
	n, ok := w.terms[x.Term]
	if !ok {
		n = fmt.Sprintf("term %d: %s", len(w.terms)+1, x.Name)
		w.terms[x.Term] = n
		w.define(n, w.expr(x.Term))
	}
	return quoted(n)
}

// within writes whether a score lies in a span; unknown terms make two sums.
func (w *writer) within(s *language.Score, is *language.Span) string {
	l, h := w.score(s)
	return fmt.Sprintf("(case when %s and %s then true when %s = %s or %s then false else null end)", spanOf(is, l), spanOf(is, h), l, h, apart(is, l, h))
}

// score writes the lowest and the highest sum that what is known allows.
func (w *writer) score(s *language.Score) (low, high string) {
	n, ok := w.scores[s]
	if !ok {
		n = fmt.Sprintf("score %d", len(w.scores)+1)
		w.scores[s] = n
		var terms []string
		for _, t := range s.Terms {
			terms = append(terms, fmt.Sprintf("Tuple { holds: %s, points: %s }", w.expr(t.When), decimal(t.Points)))
		}
		w.define(n, "{\n    "+strings.Join(terms, ",\n    ")+"\n  }")
		w.define(n+", lowest", `"Lowest"(`+quoted(n)+")")
		w.define(n+", highest", `"Highest"(`+quoted(n)+")")
	}
	return quoted(n + ", lowest"), quoted(n + ", highest")
}

// spanOf writes that a number lies in a span.
func spanOf(s *language.Span, x string) string {
	var parts []string
	switch {
	case math.IsInf(s.Low, -1):
	case s.LowIn:
		parts = append(parts, x+" >= "+decimal(s.Low))
	default:
		parts = append(parts, x+" > "+decimal(s.Low))
	}
	switch {
	case math.IsInf(s.High, 1):
	case s.HighIn:
		parts = append(parts, x+" <= "+decimal(s.High))
	default:
		parts = append(parts, x+" < "+decimal(s.High))
	}
	return "(" + strings.Join(parts, " and ") + ")"
}

// apart writes that no number from low to high lies in a span.
func apart(s *language.Span, low, high string) string {
	var parts []string
	if !math.IsInf(s.High, 1) {
		parts = append(parts, low+map[bool]string{true: " > ", false: " >= "}[s.HighIn]+decimal(s.High))
	}
	if !math.IsInf(s.Low, -1) {
		parts = append(parts, high+map[bool]string{true: " < ", false: " <= "}[s.LowIn]+decimal(s.Low))
	}
	return "(" + strings.Join(parts, " or ") + ")"
}

func sorted[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

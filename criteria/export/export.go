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
// What CQL cannot say, or FHIR does not tell of one patient alone, is refused
// with the reason: networks (they hang on another resource), rates and times to
// an event. Units are converted from those that commonly stand for one quantity;
// summer time is that since 1996.
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

// CQL returns a definition as a CQL library. Its expression "Answer" is one of
// the five answers in words, and of segments "Segment" the name; the parameter
// On is the index date. The fault is Unsupported where CQL cannot say it.
func CQL(d *language.Definition) (string, error) {
	w := &writer{events: map[string]int{}, terms: map[language.Expr]string{}, units: map[string]bool{}, sets: map[string]*language.CodeSet{}, done: map[*language.Definition]string{}}
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
	return b.String(), nil
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
	events map[string]int // conditions on events, by what they say
	terms  map[language.Expr]string
	units  map[string]bool
	sets   map[string]*language.CodeSet
	done   map[*language.Definition]string
	err    error
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

// definition writes a definition, and returns the name of its answer.
func (w *writer) definition(d *language.Definition) string {
	if n, ok := w.done[d]; ok {
		return n
	}
	if d.Kind == language.Rate || d.Kind == language.TimeToEvent {
		w.unsupported(fmt.Sprintf("A %s cannot be exported as CQL yet: %s.", d.Kind, d.ID))
	}
	var whens []string
	when := func(condition, answer string) {
		whens = append(whens, fmt.Sprintf("when %s then '%s'", condition, answer))
	}
	if !d.IncludeDied {
		when(`not "Living"`, "not applicable")
	} else {
		when(`not "Born"`, "not applicable")
	}
	if d.Population != nil {
		population := quoted(w.define(d.ID+": population", w.expr(d.Population)))
		when(population+" is false", "not applicable")
		when(population+" is null", "unknown")
	}
	if len(d.Exclusions) > 0 {
		excluded := quoted(w.define(d.ID+": excluded", w.reasons(d.Exclusions, " or ")))
		when(excluded+" is true", "excluded")
		when(excluded+" is null", "unknown")
	}
	if len(d.Needs) > 0 {
		when("not Coalesce("+quoted(w.define(d.ID+": known", w.reasons(d.Needs, " and ")))+", false)", "unknown")
	}
	otherwise := w.finish(d, when)
	answer := w.define(d.ID+": answer", "case\n    "+strings.Join(whens, "\n    ")+"\n    else '"+otherwise+"'\n  end")
	w.done[d] = answer
	return answer
}

// finish writes what the kind of definition asks, and returns the last answer.
func (w *writer) finish(d *language.Definition, when func(condition, answer string)) string {
	switch d.Kind {
	case language.Proportion:
		numerator := quoted(w.define(d.ID+": numerator", w.expr(d.Numerator)))
		when(numerator+" is true", "met")
		when(numerator+" is null", "unknown")
		if len(d.Exceptions) > 0 {
			excused := quoted(w.define(d.ID+": excused", w.reasons(d.Exceptions, " or ")))
			when(excused+" is true", "excluded")
			when(excused+" is null", "unknown")
		}
		return "gap"
	case language.Continuous:
		value := quoted(w.define(d.ID+": value", w.figure(d.Value)))
		when(value+" is null", "gap")
	case language.Segments:
		segment := quoted(w.define(d.ID+": segment", w.segment(d)))
		when(segment+" is null", "gap")
		when(segment+" = ''", "unknown")
	case language.Group, language.Rate, language.TimeToEvent:
	}
	return "met"
}

func (w *writer) reasons(of []language.Reason, with string) string {
	var parts []string
	for _, r := range of {
		parts = append(parts, w.expr(r.When))
	}
	return strings.Join(parts, with)
}

// segment writes the name of the first segment that holds, null for none and ”
// where that is unknown.
func (w *writer) segment(d *language.Definition) string {
	var b strings.Builder
	b.WriteString("case")
	for _, p := range d.Parts {
		condition := ""
		if p.When != nil {
			condition = quoted(w.define(d.ID+": "+p.Name, w.expr(p.When)))
		} else {
			condition = w.within(d.Points, p.Is)
		}
		fmt.Fprintf(&b, "\n    when %s is true then %s\n    when %s is null then ''", condition, text(p.Name), condition)
	}
	b.WriteString("\n    else null\n  end")
	return b.String()
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
	var low, high []string
	for _, t := range s.Terms {
		when := w.expr(t.When)
		sum := func(perhaps float64) string {
			return fmt.Sprintf("(case when %s is true then %s when %s is null then %s else 0.0 end)", when, decimal(t.Points), when, decimal(perhaps))
		}
		low, high = append(low, sum(min(t.Points, 0))), append(high, sum(max(t.Points, 0)))
	}
	n := fmt.Sprintf("score %d", len(w.terms)+len(w.events)+w.b.Len())
	l, h := quoted(w.define(n+", low", strings.Join(low, "\n    + "))), quoted(w.define(n+", high", strings.Join(high, "\n    + ")))
	return fmt.Sprintf("(case when %s and %s then true when %s = %s or %s then false else null end)", spanOf(is, l), spanOf(is, h), l, h, apart(is, l, h))
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

package export

import (
	"fmt"
	"strings"

	"joinery/criteria/language"
)

// definition writes a definition, and returns the name of its answer.
func (w *writer) definition(d *language.Definition) string {
	if n, ok := w.done[d]; ok {
		return n
	}
	a := &answer{}
	if d.IncludeDied {
		a.when(`not "Born"`, "not applicable")
	} else {
		a.when(`not "Living"`, "not applicable")
	}
	w.population(d, a)
	var reasons []string
	if len(d.Exclusions) > 0 {
		var excluded string
		excluded, reasons = w.reasons(d, "exclusion", d.Exclusions)
		a.when(excluded+" is true", "excluded")
		a.when(excluded+" is null", "unknown")
	}
	if len(d.Needs) > 0 {
		var known []string
		for _, n := range d.Needs {
			known = append(known, "Coalesce("+w.expr(n.When)+", false)")
		}
		a.when("not ("+strings.Join(known, " and ")+")", "unknown")
	}
	a.otherwise = "met"
	reasons = append(reasons, w.finish(d, a)...)
	if len(reasons) > 0 {
		w.define(d.ID+": reason", "case\n    "+strings.Join(reasons, "\n    ")+"\n    else null\n  end")
	}
	name := w.define(d.ID+": answer", a.String())
	w.done[d] = name
	return name
}

// answer is the case that decides between the five, in the order of the
// language.
type answer struct {
	whens     []string
	otherwise string
}

func (a *answer) when(condition, then string) {
	a.whens = append(a.whens, fmt.Sprintf("when %s then '%s'", condition, then))
}

func (a *answer) String() string {
	return "case\n    " + strings.Join(a.whens, "\n    ") + "\n    else '" + a.otherwise + "'\n  end"
}

func (w *writer) population(d *language.Definition, a *answer) {
	population := ""
	if d.Population != nil {
		population = quoted(w.define(d.ID+": population", w.expr(d.Population)))
		a.when(population+" is false", "not applicable")
	}
	if d.Kind == language.TimeToEvent {
		start, _ := w.wait(d)
		a.when(start+" is null", "not applicable")
	}
	if population != "" {
		a.when(population+" is null", "unknown")
	}
}

// reasons writes exclusions or exceptions. It returns whether one holds, and for
// each a case that gives its reason.
func (w *writer) reasons(d *language.Definition, what string, of []language.Reason) (holds string, cases []string) {
	var each []string
	for i, r := range of {
		one := quoted(w.define(fmt.Sprintf("%s: %s %d", d.ID, what, i+1), w.expr(r.When)))
		each = append(each, one)
		cases = append(cases, fmt.Sprintf("when %s is true then %s", one, text(r.Says)))
	}
	return "(" + strings.Join(each, " or ") + ")", cases
}

// finish writes what the kind of definition asks; of exceptions it returns cases
// that give their reasons.
func (w *writer) finish(d *language.Definition, a *answer) (cases []string) {
	switch d.Kind {
	case language.Group:
	case language.Proportion:
		numerator := quoted(w.define(d.ID+": numerator", w.expr(d.Numerator)))
		a.when(numerator+" is true", "met")
		a.when(numerator+" is null", "unknown")
		if len(d.Exceptions) > 0 {
			var excused string
			excused, cases = w.reasons(d, "exception", d.Exceptions)
			a.when(excused+" is true", "excluded")
			a.when(excused+" is null", "unknown")
		}
		a.otherwise = "gap"
	case language.Rate:
		w.rate(d)
	case language.Continuous:
		value := quoted(w.define(d.ID+": value", w.figure(d.Value)))
		missing := "gap"
		if _, ok := d.Value.(*language.Score); ok {
			missing = "unknown" // a score always has a sum, if perhaps not one that is known
		}
		a.when(value+" is null", missing)
	case language.TimeToEvent:
		start, event := w.wait(d)
		w.define(d.ID+": days", fmt.Sprintf(`difference in days between %s and
    Coalesce(%s, Min({ "On", if "Death Day" < %s then %s else "Death Day" }))`, start, event, start, start))
		a.when(event+" is null", "gap")
	case language.Segments:
		segment := quoted(w.define(d.ID+": segment", w.segment(d)))
		a.when(segment+" is null", "gap")
		a.when(segment+" = ''", "unknown")
		if d.Points != nil {
			w.define(d.ID+": score", w.figure(d.Points))
		}
	}
	return cases
}

// segment writes the name of the first segment that holds, null for none and ”
// where that is unknown.
func (w *writer) segment(d *language.Definition) string {
	var b strings.Builder
	b.WriteString("case")
	for i, p := range d.Parts {
		condition := ""
		if p.When != nil {
			condition = w.expr(p.When)
		} else {
			condition = w.within(d.Points, p.Is)
		}
		one := quoted(w.define(fmt.Sprintf("%s: segment %d, %s", d.ID, i+1, p.Name), condition))
		fmt.Fprintf(&b, "\n    when %s is true then %s\n    when %s is null then ''", one, text(p.Name), one)
	}
	b.WriteString("\n    else null\n  end")
	return b.String()
}

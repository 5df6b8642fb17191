package export

import (
	"fmt"
	"math"
	"strings"

	"joinery/criteria/language"
)

// units are those from which values are converted.
var units = []string{
	"1", "{score}", "%", "mm[Hg]", "kPa", "Pa", "kg", "g", "mg", "ug", "[lb_av]", "[oz_av]", "[stone_av]", "m", "cm", "mm", "[in_i]", "[ft_i]", "kg/m2",
	"mmol/mol", "mmol/L", "umol/L", "nmol/L", "mol/L", "mg/mmol", "g/L", "g/dL", "mg/dL", "mg/L", "ug/L", "mL/min", "mL/min/{1.73_m2}", "/min", "{beats}/min", "Cel", "[degF]", "10*9/L", "U/L", "[iU]/L",
}

func inUnit(unit string) string {
	if unit == "" {
		unit = "1"
	}
	return quoted("In " + unit)
}

// conversion writes the function that turns values into a unit, null where that
// would be a guess.
func conversion(unit string) string {
	if unit == "" {
		unit = "1"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\ndefine function %s(value Decimal, unit String):\n  case unit\n", inUnit(unit))
	written := map[string]bool{}
	for _, from := range append([]string{unit}, units...) {
		c, ok := language.Convert(from, unit)
		if !ok || written[from] {
			continue
		}
		written[from] = true
		switch {
		case c.Scale == 1 && c.Offset == 0:
			fmt.Fprintf(&b, "    when %s then value\n", text(from))
		default:
			fmt.Fprintf(&b, "    when %s then value * %s + %s\n", text(from), decimal(c.Scale), decimal(c.Offset))
		}
	}
	b.WriteString("    else null\n  end\n")
	return b.String()
}

// unitOf returns the unit in which a condition reads values, and whether only
// events with such a value are found.
func unitOf(e *language.Events) string {
	switch {
	case e.Value != nil && e.Value.Unit != "":
		return e.Value.Unit
	case e.Codes != nil:
		return e.Codes.Unit
	}
	return ""
}

// list writes the events that a condition finds, and returns the name.
func (w *writer) list(e *language.Events, valued bool) string {
	conditions := w.filters(e)
	unit := unitOf(e)
	value := inUnit(unit) + "(E.value, E.unit)"
	if valued || e.Value != nil {
		w.units[unit] = true
		conditions = append(conditions, value+" is not null")
	}
	switch each := e.Op == language.Has || e.Op == language.Count; {
	case e.Answer != nil && each:
		conditions = append(conditions, w.answer(e.Answer, "E"))
	case e.Answer != nil:
		conditions = append(conditions, "(exists E.answers or E.answered is not null)")
	case e.Value != nil && each:
		conditions = append(conditions, in(e.Value, value, "E.comparator"))
	}
	expression := w.those(e.Codes) + " E\n    where " + strings.Join(conditions, "\n      and ") + "\n    return all E"
	n, ok := w.events[expression]
	if !ok {
		n = fmt.Sprintf("events %d: %s", len(w.events)+1, e.Name())
		w.events[expression] = n
		w.define(n, expression)
	}
	return n
}

// filters writes what an event must be and when, its value apart.
func (w *writer) filters(e *language.Events) []string {
	out := w.what(e)
	if e.Ongoing {
		out = append(out, `(E.ended is null or E.ended > "On")`)
	}
	day, latest := dated(e.Dated, "E")
	out = append(out, latest+` <= "On"`)
	return append(out, w.window(e, day, latest)...)
}

// what writes what an event must be, its code, dates and value apart.
func (w *writer) what(e *language.Events) []string {
	var out []string
	for _, in := range []struct {
		element string
		words   []string
	}{{"kind", e.Kinds}, {"class", e.Classes}, {"status", e.Statuses}} {
		if len(in.words) > 0 {
			out = append(out, fmt.Sprintf("E.%s in { %s }", in.element, texts(in.words)))
		}
	}
	if len(e.Statuses) == 0 {
		out = append(out, fmt.Sprintf("not (E.status in { %s })", texts(language.NeverHappened)))
	}
	return out
}

func texts(words []string) string {
	var out []string
	for _, word := range words {
		out = append(out, text(word))
	}
	return strings.Join(out, ", ")
}

func dated(by language.Dating, e string) (day, latest string) {
	switch by {
	case language.ByEnd:
		return e + ".ended", e + ".ended"
	case language.ByRecord:
		return e + ".entered", e + ".entered"
	case language.ByStart:
	}
	return e + ".begins", e + ".latest"
}

// those writes the events of a code set, and returns what they are called. An
// engine looks up each code that the person has once, not once for every event.
func (w *writer) those(s *language.CodeSet) string {
	if s == nil {
		return `"Events"`
	}
	n := "those of " + s.ID
	if w.named[n] {
		return quoted(n)
	}
	w.named[n] = true
	var some, each []string
	words := wordsIn(s, "W")
	if len(words) < len(s.Codes) {
		w.sets[s.ID] = s
		codes := quoted(w.define("codes of "+s.ID, fmt.Sprintf(`"Codes" C where C in %s return all C.system + '|' + C.code`, quoted(s.ID))))
		some, each = append(some, "exists "+codes), append(each, "exists (E.codes C where C.system + '|' + C.code in "+codes+" return all 1)")
	}
	if len(words) > 0 {
		said := quoted(w.define("words of "+s.ID, `"Words" W where `+strings.Join(words, "\n    or ")+" return all W"))
		some, each = append(some, "exists "+said), append(each, "Coalesce(E.words in "+said+", false)")
	}
	w.define(n, fmt.Sprintf("if %s then (\"Events\" E where %s return all E) else null", strings.Join(some, " or "), strings.Join(each, " or ")))
	return quoted(n)
}

// wordsIn writes, for each of the words in a code set, that a text is so.
func wordsIn(s *language.CodeSet, words string) []string {
	var parts []string
	for _, c := range s.Codes {
		switch {
		case c.System != "":
		case c.Begins:
			parts = append(parts, fmt.Sprintf("StartsWith(%s, %s)", words, text(c.Code)))
		default:
			parts = append(parts, fmt.Sprintf("%s = %s", words, text(c.Code)))
		}
	}
	return parts
}

// codes writes that one event is in a code set.
func (w *writer) codes(s *language.CodeSet, e string) string {
	return w.oneOf(s, e+".codes", e+".words")
}

// answer writes that what one event's value is, as a concept, is in a code set.
func (w *writer) answer(s *language.CodeSet, e string) string {
	return w.oneOf(s, e+".answers", "Lower("+e+".answered)")
}

// oneOf writes that some of the codes are in a code set, or the words.
func (w *writer) oneOf(s *language.CodeSet, codes, said string) string {
	var parts []string
	words := wordsIn(s, said)
	if len(words) < len(s.Codes) {
		w.sets[s.ID] = s
		parts = append(parts, fmt.Sprintf("exists (%s C where C in %s return all 1)", codes, quoted(s.ID)))
	}
	if len(words) > 0 {
		parts = append(parts, "Coalesce("+strings.Join(words, " or ")+", false)")
	}
	return "(" + strings.Join(parts, " or ") + ")"
}

// window writes the days in which events are looked for; null, and so none,
// where an anchor is not there.
func (w *writer) window(e *language.Events, day, latest string) []string {
	win := e.Window
	on := func(p language.Period) string { return `"On" - ` + period(p) }
	switch win.Kind {
	case language.Ever:
	case language.Within:
		return []string{day + " >= " + on(win.Length) + " + 1 day"}
	case language.Between:
		return []string{day + " >= " + on(win.Length) + " + 1 day", latest + " <= " + on(win.Until)}
	case language.EndsAgo:
		return []string{latest + " <= " + on(win.Until)}
	case language.Dates:
		out := []string{day + " >= @" + win.From.String()}
		if win.To != 0 {
			out = append(out, latest+" <= @"+win.To.String())
		}
		return out
	case language.WithinAfter, language.WithinBefore, language.BetweenBefore, language.Since, language.BeforeAnchor, language.BetweenAnchors:
		return w.anchored(win, day, latest)
	}
	return nil
}

func (w *writer) anchored(win language.Window, day, latest string) []string {
	first, last, event := w.anchor(win.Anchor)
	var out []string
	switch win.Kind {
	case language.WithinAfter:
		out = []string{day + " >= " + last, latest + " <= " + first + " + " + period(win.Length)}
	case language.WithinBefore:
		out = []string{day + " >= " + last + " - " + period(win.Length), latest + " <= " + first}
	case language.BetweenBefore:
		out = []string{day + " >= " + last + " - " + period(win.Length), latest + " <= " + first + " - " + period(win.Until)}
	case language.Since:
		out = []string{day + " >= " + last}
	case language.BeforeAnchor:
		out = []string{latest + " < " + first}
	case language.BetweenAnchors:
		end, _, _ := w.anchor(win.Last)
		out = []string{day + " >= " + last, latest + " < " + end}
	case language.Ever, language.Within, language.Between, language.EndsAgo, language.Dates:
	}
	if event != "" {
		out = append(out, "E !~ "+event)
	}
	return out
}

// anchor writes the first and last day that an anchor may mean, and its event.
func (w *writer) anchor(a *language.Anchor) (first, last, event string) {
	if a.Events == nil {
		reached := fmt.Sprintf(`"Reached"("Birth Day", "Birth Day" + %s)`, period(a.Age))
		return reached, reached, ""
	}
	event = w.pick(a.Events, false) + ".event"
	first, last = dated(a.Events.Dated, event)
	return first, last, event
}

// pick writes the first or last event of a condition, and its place in the order.
// Dates are sorted as texts: cql-execution takes no two dates for equal there.
func (w *writer) pick(e *language.Events, valued bool) string {
	list := w.list(e, valued)
	name := e.Op.String() + " of " + list
	if w.named[name] {
		return quoted(name)
	}
	w.named[name] = true
	by, _ := dated(e.Dated, "E")
	pick := map[bool]string{true: "Last", false: "First"}[e.Op == language.Last]
	w.define(name, fmt.Sprintf(`%s(%s E
    return all Tuple {
      event: E, by: ToString(%s), place: "Order"(E.begins, E.moment, E.kind, E.codes, E.words, E.class, E.status, E.unit, E.comparator, E.answers, E.answered), valued: if E.value is null then 0 else 1,
      value: Coalesce(E.value, 0.0), ended: Coalesce(ToString(E.ended), ''), entered: ToString(E.entered)
    }
    sort by by, place, valued, value, ended, entered)`, pick, quoted(list), by))
	return quoted(name)
}

// condition writes a condition on events.
func (w *writer) condition(e *language.Events) string {
	switch e.Op {
	case language.Has:
		return "(exists " + quoted(w.list(e, false)) + ")" // (is true) binds closer than exists
	case language.Count:
		return spanOf(e.Is, w.counted(e))
	case language.First, language.Last:
	}
	pick := w.pick(e, false) + ".event"
	parts := []string{pick + " is not null"}
	if e.Value != nil {
		parts = append(parts, "Coalesce("+in(e.Value, inUnit(unitOf(e))+"("+pick+".value, "+pick+".unit)", pick+".comparator")+", false)")
	}
	if e.Answer != nil {
		parts = append(parts, "Coalesce("+w.answer(e.Answer, pick)+", false)")
	}
	if e.Was != nil {
		parts = append(parts, "Coalesce("+w.codes(e.Was, pick)+", false)")
	}
	return "(" + strings.Join(parts, " and ") + ")"
}

func (w *writer) counted(e *language.Events) string {
	list := quoted(w.list(e, false))
	switch {
	case e.Concepts:
		return "Count(" + list + ` E return distinct "Concept"(E.codes, E.words))`
	case !e.Days:
		return "Count(" + list + " E return all 1)"
	}
	day, _ := dated(e.Dated, "E")
	return "Count(" + list + " E return distinct " + day + ")"
}

// in writes that a value, of which only a bound may be known, lies in a span.
func in(s *language.Span, value, comparator string) string {
	parts := []string{fmt.Sprintf("(%s = '' and %s)", comparator, spanOf(s, value))}
	if math.IsInf(s.Low, -1) {
		within := map[bool]string{true: " <= ", false: " < "}[s.HighIn]
		parts = append(parts, fmt.Sprintf("(%s = '<' and %s <= %s)", comparator, value, decimal(s.High)), fmt.Sprintf("(%s = '<=' and %s%s%s)", comparator, value, within, decimal(s.High)))
	}
	if math.IsInf(s.High, 1) {
		within := map[bool]string{true: " >= ", false: " > "}[s.LowIn]
		parts = append(parts, fmt.Sprintf("(%s = '>' and %s >= %s)", comparator, value, decimal(s.Low)), fmt.Sprintf("(%s = '>=' and %s%s%s)", comparator, value, within, decimal(s.Low)))
	}
	return "(" + strings.Join(parts, " or ") + ")"
}

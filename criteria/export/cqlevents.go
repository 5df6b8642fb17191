package export

import (
	"fmt"
	"math"
	"strings"

	"joinery/criteria/language"
)

// kind says how a resource type becomes an event: CQL expressions of the
// resource X.
type kind struct {
	name, start, ended, recorded, status, class, concept string
	is                                                   string // what must hold for it to be one
}

func dateOf(element string) string {
	return fmt.Sprintf("Coalesce((X.%s as FHIR.dateTime).value, (X.%s as FHIR.Period).\"start\".value)", element, element)
}

func endOf(element string) string { return fmt.Sprintf("(X.%s as FHIR.Period).\"end\".value", element) }

const coded, concepts = "X.status.value", "X.clinicalStatus.coding[0].code.value"

// kinds are the resource types that are read, as package timeline reads them.
var kinds = []kind{
	{"AllergyIntolerance", "Coalesce(" + dateOf("onset") + ", X.recordedDate.value)", "null", "X.recordedDate.value", concepts, "null", "X.code", `"Is So"(X.verificationStatus)`},
	{"CarePlan", `Coalesce(X.period."start".value, X.created.value)`, `X.period."end".value`, "X.created.value", coded, "null", "X.category[0]", ""},
	{"Condition", "Coalesce(" + dateOf("onset") + ", X.recordedDate.value)", "Coalesce((X.abatement as FHIR.dateTime).value, " + endOf("abatement") + ")", "X.recordedDate.value", concepts, "null", "X.code", `"Is So"(X.verificationStatus)`},
	{"DiagnosticReport", "Coalesce(" + dateOf("effective") + ", X.issued.value)", "null", "X.issued.value", coded, "null", "X.code", ""},
	{"Encounter", `X.period."start".value`, `X.period."end".value`, "null", coded, "X.class.code.value", "X.type[0]", ""},
	{"Flag", `X.period."start".value`, `X.period."end".value`, "null", coded, "null", "X.code", ""},
	{"Immunization", "Coalesce((X.occurrence as FHIR.dateTime).value, X.recorded.value)", "null", "X.recorded.value", coded, "null", "X.vaccineCode", ""},
	{"MedicationRequest", "X.authoredOn.value", `X.dispenseRequest.validityPeriod."end".value`, "null", coded, "null", "(X.medication as FHIR.CodeableConcept)", ""},
	{"MedicationStatement", "Coalesce(" + dateOf("effective") + ", X.dateAsserted.value)", endOf("effective"), "X.dateAsserted.value", coded, "null", "(X.medication as FHIR.CodeableConcept)", ""},
	{"Procedure", dateOf("performed"), endOf("performed"), "null", coded, "null", "X.code", ""},
	{"RiskAssessment", dateOf("occurrence"), endOf("occurrence"), "null", coded, "null", "X.code", ""},
	{"ServiceRequest", "Coalesce(X.authoredOn.value, " + dateOf("occurrence") + ")", "null", "null", coded, "null", "X.code", ""},
}

// everything writes the list of all events of the patient.
func everything() string {
	observed := "Coalesce(" + dateOf("effective") + ", X.issued.value)"
	parts := []string{
		fmt.Sprintf(`([Observation] X where Coalesce(X.status.value, '') != 'entered-in-error'
      return all "Event"('Observation', X.id.value, %s, X.meta.lastUpdated.value, %s, X.issued.value, X.status.value, null, X.code,
        "Amount"(X.value as Choice<FHIR.Quantity, FHIR.integer>), Coalesce((X.value as FHIR.Quantity).code.value, (X.value as FHIR.Quantity).unit.value), (X.value as FHIR.Quantity).comparator.value))`, observed, endOf("effective")),
		fmt.Sprintf(`(flatten ([Observation] X where Coalesce(X.status.value, '') != 'entered-in-error'
      return all (X.component P
        return all "Event"('Observation', X.id.value, %s, X.meta.lastUpdated.value, %s, X.issued.value, X.status.value, null, P.code,
          "Amount"(P.value as Choice<FHIR.Quantity, FHIR.integer>), Coalesce((P.value as FHIR.Quantity).code.value, (P.value as FHIR.Quantity).unit.value), (P.value as FHIR.Quantity).comparator.value))))`, observed, endOf("effective")),
	}
	for _, k := range kinds {
		is := "Coalesce(" + k.status + ", '') != 'entered-in-error'"
		if k.is != "" {
			is += " and " + k.is
		}
		parts = append(parts, fmt.Sprintf("([%s] X where %s\n      return all \"Event\"('%s', X.id.value, %s, X.meta.lastUpdated.value, %s, %s, %s, %s, %s, null, null, null))",
			k.name, is, k.name, k.start, k.ended, k.recorded, k.status, k.class, k.concept))
	}
	return "\ndefine \"Events\":\n  flatten {\n    " + strings.Join(parts, ",\n    ") + "\n  }\n"
}

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
	if e.Value != nil && (e.Op == language.Has || e.Op == language.Count) {
		conditions = append(conditions, in(e.Value, value, "E.comparator"))
	}
	expression := "\"Events\" E\n    where " + strings.Join(conditions, "\n      and ") + "\n    return all E"
	n, ok := w.events[expression]
	if !ok {
		n = len(w.events) + 1
		w.events[expression] = n
		w.define(fmt.Sprintf("events %d: %s", n, e.Name()), expression)
	}
	return fmt.Sprintf("events %d: %s", n, e.Name())
}

// filters writes what an event must be, its value apart.
func (w *writer) filters(e *language.Events) []string {
	var out []string
	if e.Codes != nil {
		out = append(out, w.codes(e.Codes, "E"))
	}
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
	if e.Ongoing {
		out = append(out, `(E.ended is null or E.ended > "On")`)
	}
	day, latest := dated(e.Dated, "E")
	out = append(out, latest+` <= "On"`)
	return append(out, w.window(e, day, latest)...)
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

// codes writes that an event is in a code set.
func (w *writer) codes(s *language.CodeSet, e string) string {
	var parts []string
	coded := false
	for _, c := range s.Codes {
		switch {
		case c.System != "":
			coded = true
		case c.Begins:
			parts = append(parts, fmt.Sprintf("Coalesce(StartsWith(%s.words, %s), false)", e, text(c.Code)))
		default:
			parts = append(parts, fmt.Sprintf("Coalesce(%s.words = %s, false)", e, text(c.Code)))
		}
	}
	if coded {
		w.sets[s.ID] = s
		parts = append(parts, fmt.Sprintf("exists (%s.codes C where C in %s return all 1)", e, quoted(s.ID)))
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
	pick := w.pick(a.Events, false)
	first, last = dated(a.Events.Dated, pick)
	return first, last, pick
}

// pick writes the first or last event of a condition.
func (w *writer) pick(e *language.Events, valued bool) string {
	list := w.list(e, valued)
	name := "first of " + list
	if e.Op == language.Last {
		name = "last of " + list
	}
	if _, ok := w.events[name]; !ok {
		w.events[name] = 0
		by := map[language.Dating]string{language.ByStart: "begins", language.ByEnd: "ended", language.ByRecord: "entered"}[e.Dated]
		w.define(name, fmt.Sprintf("%s(%s E return all E sort by %s, begins, moment, kind, value)", map[bool]string{true: "Last", false: "First"}[e.Op == language.Last], quoted(list), by))
	}
	return quoted(name)
}

// condition writes a condition on events.
func (w *writer) condition(e *language.Events) string {
	switch e.Op {
	case language.Has:
		return "exists " + quoted(w.list(e, false))
	case language.Count:
		return spanOf(e.Is, w.counted(e))
	case language.First, language.Last:
	}
	pick := w.pick(e, false)
	parts := []string{pick + " is not null"}
	if e.Value != nil {
		parts = append(parts, "Coalesce("+in(e.Value, inUnit(unitOf(e))+"("+pick+".value, "+pick+".unit)", pick+".comparator")+", false)")
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

// change writes the later value less the earlier.
func (w *writer) change(x *language.Change) string {
	from, to := w.pick(x.From, true), w.pick(x.To, true)
	unit := x.From.Codes.Unit
	if x.Value != nil && x.Value.Unit != "" {
		unit = x.Value.Unit
	}
	w.units[unit] = true
	of := func(e string) string { return inUnit(unit) + "(" + e + ".value, " + e + ".unit)" }
	return fmt.Sprintf("(if %s ~ %s or %s.comparator != '' or %s.comparator != '' or %s.begins > %s.begins then null else %s - %s)", from, to, from, to, from, to, of(to), of(from))
}

// figure writes what a continuous measure takes of a person.
func (w *writer) figure(x language.Expr) string {
	switch x := x.(type) {
	case *language.Change:
		return w.change(x)
	case *language.Events:
		if x.Op == language.Count {
			return "ToDecimal(" + w.counted(x) + ")"
		}
		unit := unitOf(x)
		w.units[unit] = true
		pick := w.pick(x, false)
		return fmt.Sprintf("(if %s.comparator = '' then %s(%s.value, %s.unit) else null)", pick, inUnit(unit), pick, pick)
	}
	return w.unsupported("A continuous measure of a score cannot be exported as CQL yet.")
}

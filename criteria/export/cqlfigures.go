package export

import (
	"fmt"
	"strings"

	"joinery/criteria/language"
)

// change writes the later value less the earlier, in the unit that is asked for.
func (w *writer) change(x *language.Change) string {
	from, to := w.pick(x.From, true), w.pick(x.To, true)
	unit := x.From.Codes.Unit
	if x.Value != nil && x.Value.Unit != "" {
		unit = x.Value.Unit
	}
	w.units[unit] = true
	of := func(e string) string { return inUnit(unit) + "(" + e + ".event.value, " + e + ".event.unit)" }
	return fmt.Sprintf(`(if %[1]s.event.comparator = '' and %[2]s.event.comparator = '' and "Follows"(%[1]s.place, %[1]s.value, %[2]s.place, %[2]s.value)
    then %[4]s - %[3]s else null)`, from, to, of(from), of(to))
}

// figure writes what a continuous measure takes of a person.
func (w *writer) figure(x language.Expr) string {
	switch x := x.(type) {
	case *language.Change:
		return w.change(x)
	case *language.Score:
		low, high := w.score(x)
		return fmt.Sprintf("(if %s = %s then %s else null)", low, high, low)
	case *language.Events:
		if x.Op == language.Count {
			return "ToDecimal(" + w.counted(x) + ")"
		}
		unit := unitOf(x)
		w.units[unit] = true
		pick := w.pick(x, false) + ".event"
		return fmt.Sprintf("(if %s.comparator = '' then %s(%s.value, %s.unit) else null)", pick, inUnit(unit), pick, pick)
	}
	return w.unsupported(fmt.Sprintf("%T yields no number.", x))
}

// rate writes what a person adds to a rate: how much is counted, and over how
// many years or bed days.
func (w *writer) rate(d *language.Definition) {
	w.define(d.ID+": counted", w.amount(d.Count))
	if d.BedDays != nil {
		w.define(d.ID+": over", w.stays(d.BedDays))
		return
	}
	w.define(d.ID+": over", fmt.Sprintf("\"Years\"(\"On\" - %s + 1 day)", period(d.Over)))
}

func (w *writer) amount(x language.Expr) string {
	switch x := x.(type) {
	case *language.Events:
		return "ToDecimal(" + w.counted(x) + ")"
	case *language.Stays:
		return w.stays(x)
	}
	return w.unsupported(fmt.Sprintf("%T cannot be counted.", x))
}

// stays writes the midnights of stays that lie in their window; a stay that has
// not ended by the index date lasts until then.
func (w *writer) stays(x *language.Stays) string {
	first, last := direct(x.Events.Window)
	return fmt.Sprintf(`Coalesce(Sum(%s E
    where E.begins is not null
      and %s
    return all ToDecimal(Max({ 0,
      difference in days between Max({ E.begins, %s }) and Min({ E.ended, "On", %s + 1 day }) }))), 0.0)`,
		w.those(x.Events.Codes), strings.Join(w.what(x.Events), "\n      and "), first, last)
}

// direct writes the first and the last day of a window that hangs on the index
// date alone.
func direct(win language.Window) (first, last string) {
	ago := func(p language.Period) string { return "\"On\" - " + period(p) }
	switch win.Kind {
	case language.Within:
		return ago(win.Length) + " + 1 day", `"On"`
	case language.Between:
		return ago(win.Length) + " + 1 day", ago(win.Until)
	case language.EndsAgo:
		return "@0001-01-01", ago(win.Until)
	case language.Dates:
		if last = `"On"`; win.To != 0 {
			last = fmt.Sprintf("Min({ \"On\", @%s })", win.To)
		}
		return "@" + win.From.String(), last
	case language.Ever, language.WithinAfter, language.WithinBefore, language.BetweenBefore, language.Since, language.BeforeAnchor, language.BetweenAnchors:
	}
	return "@0001-01-01", `"On"`
}

// wait writes the first days of the start and of the event, null where there is
// none.
func (w *writer) wait(d *language.Definition) (start, event string) {
	start, _ = dated(d.Start.Events.Dated, w.pick(d.Start.Events, false)+".event")
	event, _ = dated(d.End.Dated, w.pick(d.End, false)+".event")
	return start, event
}

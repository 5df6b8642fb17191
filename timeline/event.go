package timeline

import (
	"cmp"
	"slices"
	"strings"
)

// What says what an event is, as far as many events share it.
type What struct {
	Kind       string // FHIR resource type
	Class      string // of an Encounter: its class, such as EMER
	Status     string // clinical status of a Condition or AllergyIntolerance; otherwise the resource's status
	Unit       string // UCUM code of the value
	Comparator string // of the value: <, <=, >= or >; empty: it is exactly that
	Codes      []Code // all codings of the one concept, in order, without repetition
	Answer     []Code // of an Observation whose value is a concept: the same of that
}

// Code is a coding; one without a system is the concept's text.
type Code struct{ System, Code string }

// Compare orders codings.
func (c Code) Compare(d Code) int {
	return cmp.Or(strings.Compare(c.System, d.System), strings.Compare(c.Code, d.Code))
}

// Compare orders Whats.
func (w What) Compare(x What) int {
	return cmp.Or(
		strings.Compare(w.Kind, x.Kind), slices.CompareFunc(w.Codes, x.Codes, Code.Compare),
		strings.Compare(w.Class, x.Class), strings.Compare(w.Status, x.Status),
		strings.Compare(w.Unit, x.Unit), strings.Compare(w.Comparator, x.Comparator), slices.CompareFunc(w.Answer, x.Answer, Code.Compare),
	)
}

// How precisely an event's day is known, where Events.Minute gives no minute.
// Their order is that of events on one day.
const (
	YearOnly  int16 = -3 // an unknown day of the year that begins with Day
	MonthOnly int16 = -2 // an unknown day of the month that begins with Day
	DayOnly   int16 = -1 // an unknown minute of the day
)

// Event is one event with all that is known of it.
type Event struct {
	What
	Day          Day
	Minute       int16   // of the day; or DayOnly, MonthOnly, YearOnly
	End          Day     // last day of what lasted; NoDay: none known
	Recorded     Day     // when it was entered; NoDay: as Day
	HasValue     bool    // whether Value is one
	Value        float64 // in Unit
	Organisation string  // id of the Organization where it happened
	Source       string  // the record's resource that it is from, such as Condition/c1; empty from flat files
}

// Latest returns the last day on which the event may have been.
func (e *Event) Latest() Day { return latest(e.Day, e.Minute) }

// compare is the order of one person's events. Nothing in it depends on how or
// when they came.
func (e *Event) compare(f *Event) int {
	if e.Day != f.Day { // nearly always; all else is costly to compare
		return cmp.Compare(e.Day, f.Day)
	}
	return cmp.Or(
		cmp.Compare(e.Minute, f.Minute), e.What.Compare(f.What),
		compareBool(e.HasValue, f.HasValue), cmp.Compare(e.Value, f.Value),
		cmp.Compare(e.End, f.End), cmp.Compare(e.Recorded, f.Recorded),
		strings.Compare(e.Organisation, f.Organisation), strings.Compare(e.Source, f.Source),
	)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// Events are one person's events in order: a view into a Set. The slices are all
// of one length and must not be changed.
type Events struct {
	What         []uint32 // numbers in Set.Whats
	Day          []Day    // effective day, or the first day of a partial date
	Minute       []int16  // of the day; negative: DayOnly, MonthOnly, YearOnly
	Organisation []uint16 // numbers in Set.Organisations

	set   *Set
	part  *part
	first int
}

// Len returns how many events there are.
func (e *Events) Len() int { return len(e.What) }

// Latest returns the last day on which event i may have been: later than its Day
// only when that is known to the month or the year.
func (e *Events) Latest(i int) Day { return latest(e.Day[i], e.Minute[i]) }

// Value returns the value of event i, in the unit that its What names.
func (e *Events) Value(i int) (v float64, ok bool) { return e.part.value.at(e.first + i) }

// End returns the last day of event i, if one is known.
func (e *Events) End(i int) (d Day, ok bool) { return e.part.end.at(e.first + i) }

// Recorded returns the day on which event i was entered.
func (e *Events) Recorded(i int) Day {
	if d, ok := e.part.recorded.at(e.first + i); ok {
		return d
	}
	return e.Day[i]
}

// Source returns the record's resource that event i is from, such as
// Condition/c1; empty in a Set from flat files.
func (e *Events) Source(i int) string { return string(e.part.source.at(e.first + i)) }

// Event returns event i with all that is known of it.
func (e *Events) Event(i int) Event {
	out := Event{
		What: e.set.whats[e.What[i]], Day: e.Day[i], Minute: e.Minute[i],
		Organisation: e.set.orgs[e.Organisation[i]], Source: e.Source(i),
	}
	out.Value, out.HasValue = e.Value(i)
	out.End, _ = e.End(i)
	out.Recorded, _ = e.part.recorded.at(e.first + i)
	return out
}

// All returns all events with all that is known of them.
func (e *Events) All() []Event {
	out := make([]Event, e.Len())
	for i := range out {
		out[i] = e.Event(i)
	}
	return out
}

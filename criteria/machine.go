package criteria

import (
	"cmp"
	"math"
	"slices"

	"joinery/criteria/language"
	"joinery/timeline"
)

// machine asks a Program of one person after another, on one day. It is what
// the pass over everybody and the explanation of one person both run; it is for
// one goroutine.
type machine struct {
	*binding
	on     timeline.Day
	low    []timeline.Day // of each direct leaf's window
	high   []timeline.Day
	person timeline.Person
	events timeline.Events
	born   timeline.Day
	turn   uint32 // numbers the people, so that nothing need be wiped
	found  []finding
	memo   []remembered // of terms
	seen   []remembered // of plans
	ages   [4]age       // by unit
}

// age is how old the person of a turn is.
type age struct {
	turn uint32
	is   float64
}

// age returns how many whole units old the machine's person is, who has a day of
// birth.
func (m *machine) age(unit language.Unit) float64 {
	a := &m.ages[unit]
	if a.turn != m.turn {
		*a = age{m.turn, float64(language.WholeAge(m.born, m.on, unit))}
	}
	return a.is
}

// finding is what a leaf has found of the person of a turn.
type finding struct {
	turn  uint32
	count int32
	first int32 // the events that are first and last, -1 for none
	last  int32
	day   timeline.Day // of the last one counted, where days are counted
}

type remembered struct {
	turn    uint32
	holds   truth
	outcome Outcome
}

func (b *binding) machine(on timeline.Day) *machine {
	m := &machine{
		binding: b,
		low:     make([]timeline.Day, len(b.program.leaves)), high: make([]timeline.Day, len(b.program.leaves)),
		found: make([]finding, len(b.program.leaves)),
		memo:  make([]remembered, b.program.terms), seen: make([]remembered, len(b.program.plans)),
	}
	m.moveTo(on)
	return m
}

// moveTo moves the index date.
func (m *machine) moveTo(on timeline.Day) {
	m.on = on
	for i, l := range m.program.leaves {
		if l.direct {
			m.low[i], m.high[i] = direct(l.events.Window, on)
		}
	}
}

// direct returns the first and last day of a window that hangs on the index
// date alone.
func direct(w language.Window, on timeline.Day) (low, high timeline.Day) {
	switch w.Kind {
	case language.Within:
		return w.Length.Before(on) + 1, on
	case language.Between:
		return w.Length.Before(on) + 1, min(w.Until.Before(on), on)
	case language.EndsAgo:
		return timeline.DayMin, w.Until.Before(on)
	case language.Dates:
		if w.To == timeline.NoDay {
			return w.From, on
		}
		return w.From, min(w.To, on)
	case language.Ever, language.WithinAfter, language.WithinBefore, language.BetweenBefore, language.Since, language.BeforeAnchor, language.BetweenAnchors:
	}
	return timeline.DayMin, on
}

// ask goes through a person's events once, for every direct leaf.
func (m *machine) ask(p timeline.Person) {
	m.turn++
	m.person, m.events, m.born = p, p.Events(), p.Born()
	for i, what := range m.events.What {
		for k, end := m.first[what], m.direct[what]; k < end; k++ {
			r := &m.refs[k]
			if r.plain && m.events.Minute[i] >= timeline.DayOnly {
				m.plain(r.leaf, i)
				continue
			}
			l := m.program.leaves[r.leaf]
			if day, ok := m.takes(l, r, i, m.low[r.leaf], m.high[r.leaf]); ok {
				m.note(l, i, day)
			}
		}
	}
}

// plain is takes and note for an event whose day is known, by a leaf that looks
// at nothing else: most are.
func (m *machine) plain(leaf uint32, i int) {
	day := m.events.Day[i]
	if day < m.low[leaf] || day > m.high[leaf] || day == timeline.NoDay {
		return
	}
	f := &m.found[leaf]
	if f.turn != m.turn {
		*f = finding{turn: m.turn, count: 1, first: int32(i), last: int32(i), day: day}
		return
	}
	f.count, f.last, f.day = f.count+1, int32(i), day
}

// takes reports whether a leaf whose What fits takes event i: its date lies in
// the window for certain, and so does its value where one is wanted. day is
// what it is dated by.
func (m *machine) takes(l *leaf, r *ref, i int, low, high timeline.Day) (day timeline.Day, ok bool) {
	e := l.events
	day, latest, ok := m.dated(e.Dated, i)
	if !ok || day < low || latest > high {
		return day, false
	}
	if e.Ongoing {
		if end, ended := m.events.End(i); ended && end <= m.on {
			return day, false
		}
	}
	if !l.valued {
		return day, true
	}
	v, ok := m.events.Value(i)
	if !ok {
		return day, false
	}
	return day, !l.each || in(e.Value, r.convert.Of(v), r.comparator)
}

// dated returns the first and the last day that an event's date may mean.
func (m *machine) dated(by language.Dating, i int) (day, latest timeline.Day, ok bool) {
	switch by {
	case language.ByStart:
		day = m.events.Day[i]
		if m.events.Minute[i] >= timeline.DayOnly {
			return day, day, day != timeline.NoDay
		}
		latest = m.events.Latest(i)
		if recorded := m.events.Recorded(i); recorded > day {
			latest = min(latest, recorded) // nothing is entered before it happens
		}
		return day, latest, day != timeline.NoDay
	case language.ByEnd:
		day, ok = m.events.End(i)
		return day, day, ok
	case language.ByRecord:
		day = m.events.Recorded(i)
		return day, day, day != timeline.NoDay
	}
	return 0, 0, false
}

// in reports whether a value lies in a span for certain: what is only known to
// be under 5 is under 140, and is not at least 3.
func in(s *language.Span, v float64, comparator byte) bool {
	switch comparator {
	case '<', 'l':
		return math.IsInf(s.Low, -1) && (v < s.High || v == s.High && (s.HighIn || comparator == '<'))
	case '>', 'g':
		return math.IsInf(s.High, 1) && (v > s.Low || v == s.Low && (s.LowIn || comparator == '>'))
	}
	return s.Has(v)
}

// note adds an event to what a leaf has found.
func (m *machine) note(l *leaf, i int, day timeline.Day) {
	f := &m.found[l.at]
	if f.turn != m.turn {
		*f = finding{turn: m.turn, count: 1, first: int32(i), last: int32(i), day: day}
		return
	}
	if !l.events.Days || day != f.day {
		f.count++
	}
	f.day = day
	if l.events.Dated == language.ByStart {
		f.last = int32(i)
		return
	}
	if d, _, _ := m.dated(l.events.Dated, int(f.first)); day < d {
		f.first = int32(i)
	}
	if d, _, _ := m.dated(l.events.Dated, int(f.last)); day >= d {
		f.last = int32(i)
	}
}

// finding returns what a leaf has found; a leaf whose window hangs on another
// event is only looked into now.
func (m *machine) finding(l *leaf) finding {
	if f := m.found[l.at]; f.turn == m.turn {
		return f
	}
	m.found[l.at] = finding{turn: m.turn, first: -1, last: -1}
	if !l.direct {
		m.seek(l)
	}
	return m.found[l.at]
}

// seek goes through the events for one leaf.
func (m *machine) seek(l *leaf) {
	low, high, apart := m.window(l)
	if low > high {
		return
	}
	m.found[l.at].turn = 0
	var days []timeline.Day
	var concepts []uint32
	m.each(l, func(i int, r *ref) {
		if i == apart {
			return
		}
		if day, ok := m.takes(l, r, i, low, high); ok {
			m.note(l, i, day)
			days = append(days, day)
			if l.events.Concepts {
				concepts = append(concepts, m.concept[m.events.What[i]])
			}
		}
	})
	f := &m.found[l.at]
	if f.turn != m.turn {
		*f = finding{turn: m.turn, first: -1, last: -1}
		return
	}
	switch {
	case l.events.Days:
		f.count = different(days)
	case l.events.Concepts:
		f.count = different(concepts)
	}
}

// different returns how many of some things differ; it orders them.
func different[T cmp.Ordered](of []T) int32 {
	slices.Sort(of)
	return int32(len(slices.Compact(of)))
}

// each calls f with every event whose What fits a leaf.
func (m *machine) each(l *leaf, f func(i int, r *ref)) {
	for i, what := range m.events.What {
		refs := m.of(what)
		for k := range refs {
			if int(refs[k].leaf) == l.at {
				f(i, &refs[k])
			}
		}
	}
}

// window returns the first and last day of a leaf's window for the person, and
// the event that it hangs on, which is no event of its own window.
func (m *machine) window(l *leaf) (low, high timeline.Day, apart int) {
	w := l.events.Window
	if w.Anchor == nil {
		low, high = direct(w, m.on)
		return low, high, -1
	}
	day, latest, apart, ok := m.anchor(w.Anchor, l.anchor)
	if !ok {
		return 1, 0, -1
	}
	low, high = timeline.DayMin, m.on
	switch w.Kind {
	case language.WithinAfter:
		low, high = latest, w.Length.After(day)
	case language.WithinBefore:
		low, high = w.Length.Before(latest), day
	case language.BetweenBefore:
		low, high = w.Length.Before(latest), w.Until.Before(day)
	case language.Since:
		low = latest
	case language.BeforeAnchor:
		high = day - 1
	case language.BetweenAnchors:
		end, _, _, ok := m.anchor(w.Last, l.last)
		if !ok {
			return 1, 0, -1
		}
		low, high = latest, end-1
	case language.Ever, language.Within, language.Between, language.EndsAgo, language.Dates:
	}
	return low, min(high, m.on), apart
}

// anchor returns the first and last day that an anchor may mean, and the event.
func (m *machine) anchor(a *language.Anchor, l *leaf) (day, latest timeline.Day, event int, ok bool) {
	if l == nil {
		if m.born == timeline.NoDay {
			return 0, 0, -1, false
		}
		day = a.Age.Reached(m.born)
		return day, day, -1, true
	}
	event = m.picked(l, a.Events.Op)
	if event < 0 {
		return 0, 0, -1, false
	}
	day, latest, ok = m.dated(a.Events.Dated, event)
	return day, latest, event, ok
}

// picked returns the first or last event that a leaf has found, -1 for none.
func (m *machine) picked(l *leaf, op language.EventOp) int {
	f := m.finding(l)
	if op == language.First {
		return int(f.first)
	}
	return int(f.last)
}

// value returns the value of an event in a leaf's unit; ok is false when it has
// none, or only a bound.
func (m *machine) value(l *leaf, i int) (v float64, comparator byte, ok bool) {
	v, ok = m.events.Value(i)
	if !ok {
		return 0, 0, false
	}
	for _, r := range m.of(m.events.What[i]) {
		if int(r.leaf) == l.at && r.convert.Scale != 0 {
			return r.convert.Of(v), r.comparator, true
		}
	}
	return 0, 0, false
}

package timeline

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"joinery/fault"
)

var eventColumns = []tableColumn{
	{name: "person", kinds: "INT64"},
	{name: "kind", kinds: "BYTE_ARRAY"},
	{name: "system", kinds: "BYTE_ARRAY", optional: true},
	{name: "code", kinds: "BYTE_ARRAY"},
	{name: "class", kinds: "BYTE_ARRAY", optional: true},
	{name: "status", kinds: "BYTE_ARRAY", optional: true},
	{name: "at", kinds: "INT64"},
	{name: "precision", kinds: "BYTE_ARRAY"},
	{name: "until", kinds: "INT64", optional: true},
	{name: "recorded", kinds: "INT64", optional: true},
	{name: "value", kinds: "DOUBLE", optional: true},
	{name: "unit", kinds: "BYTE_ARRAY", optional: true},
	{name: "comparator", kinds: "BYTE_ARRAY", optional: true},
	{name: "answer_system", kinds: "BYTE_ARRAY", optional: true},
	{name: "answer", kinds: "BYTE_ARRAY", optional: true},
	{name: "organisation", kinds: "BYTE_ARRAY", optional: true},
}

// maxStretch is how many rows are decoded at once, whatever the row groups are.
const maxStretch = 1 << 19

// eventLoad reads events.parquet into the events of a part whose people are
// known. Stretches of rows are decoded side by side and appended in their order,
// so that the memory beside the Set is that of a few stretches.
type eventLoad struct {
	t      *table
	people *part
	d      *dictionaries
	tail   []Event // of the last person appended, who may go on in the next stretch
	row    int     // that person
}

func newEventLoad(t *table, people *part, d *dictionaries) *eventLoad {
	n := int(t.file.NumRows())
	people.first = make([]uint32, 0, len(people.key)+1)
	people.what = make([]uint32, 0, n)
	people.day = make([]Day, 0, n)
	people.minute = make([]int16, 0, n)
	people.org = make([]uint16, 0, n)
	people.value.expect(n)
	people.end.expect(n)
	people.recorded.expect(n)
	return &eventLoad{t: t, people: people, d: d, row: -1}
}

func (l *eventLoad) run(ctx context.Context, workers int) error {
	if l.t.file.NumRows() > math.MaxUint32 {
		return fault.New(fault.TooLarge, "The set has more events than can be numbered.")
	}
	var workersDone sync.WaitGroup
	defer workersDone.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stretches := l.stretches()
	decoded := make([]chan *batch, len(stretches))
	for i := range decoded {
		decoded[i] = make(chan *batch, 1)
	}
	free := make(chan *batch, workers+1)
	for range workers + 1 {
		free <- &batch{}
	}
	var next atomic.Int64
	for range workers {
		workersDone.Go(func() {
			for {
				select {
				case b := <-free: // before a stretch is taken, so that the first one wanted never waits for a batch
					i := int(next.Add(1)) - 1
					if i >= len(stretches) {
						return
					}
					b.err = b.decode(l, stretches[i])
					decoded[i] <- b
				case <-ctx.Done():
					return
				}
			}
		})
	}
	for i := range stretches {
		select {
		case b := <-decoded[i]:
			if b.err != nil {
				return b.err
			}
			if err := l.append(b); err != nil {
				return err
			}
			if i == 0 {
				l.expect(len(stretches))
			}
			free <- b
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return l.finish()
}

// expect makes room for as many values as the first of so many stretches lets
// expect, since growing by copies would take as long as all else.
func (l *eventLoad) expect(stretches int) {
	times := stretches + stretches/20
	l.people.value.values = slices.Grow(l.people.value.values, times*len(l.people.value.values))
	l.people.end.values = slices.Grow(l.people.end.values, times*len(l.people.end.values))
	l.people.recorded.values = slices.Grow(l.people.recorded.values, times*len(l.people.recorded.values))
}

func (l *eventLoad) stretches() []stretch {
	var out []stretch
	first := int64(0)
	for _, g := range l.t.file.RowGroups() {
		for from := int64(0); from < g.NumRows(); from += maxStretch {
			out = append(out, stretch{group: g, from: from, to: min(from+maxStretch, g.NumRows()), first: first + from})
		}
		first += g.NumRows()
	}
	return out
}

// append appends a batch. What the last person of a batch has is held back until
// it is known not to go on.
func (l *eventLoad) append(b *batch) error {
	for i, w := range b.whats {
		b.globalWhat[i] = l.d.whats.number(w)
	}
	for i, o := range b.orgs {
		b.globalOrg[i] = l.d.orgs.number(o)
	}
	if len(l.d.orgs.list) > math.MaxUint16 {
		return tooManyOrganisations
	}
	for i, s := range b.spans {
		if s.row == l.row || i == len(b.spans)-1 {
			if s.row != l.row {
				l.flush()
			}
			if s.row < l.row {
				return l.disorder(b.first + int64(s.from))
			}
			l.row = s.row
			for j := s.from; j < s.to; j++ {
				l.tail = append(l.tail, b.event(j))
			}
			continue
		}
		if s.row < l.row {
			return l.disorder(b.first + int64(s.from))
		}
		l.flush()
		l.people.open(s.row)
		l.row = s.row
		b.appendSpan(l.people, s)
	}
	return nil
}

func (l *eventLoad) disorder(row int64) error {
	return invalid("%s must have the events of each person together, people in ascending order; row %d is out of it.", l.t.name, row+1)
}

// flush appends what was held back.
func (l *eventLoad) flush() {
	if len(l.tail) == 0 {
		return
	}
	l.people.open(l.row)
	slices.SortFunc(l.tail, func(e, f Event) int { return e.compare(&f) })
	for i := range l.tail {
		l.people.addEvent(l.d, &l.tail[i])
	}
	l.tail = l.tail[:0]
}

// finish puts the dictionaries in order.
func (l *eventLoad) finish() error {
	l.flush()
	p := l.people
	p.open(len(p.key))
	now := l.d.whats.sort()
	for i, n := range p.what {
		p.what[i] = now[n]
	}
	now = l.d.orgs.sort()
	for i, n := range p.org {
		p.org[i] = uint16(now[n])
	}
	return nil
}

// open notes that the events appended from now on are those of a row.
func (p *part) open(row int) {
	for len(p.first) <= row {
		p.first = append(p.first, uint32(len(p.what)))
	}
}

// batch is a stretch of events, decoded.
type batch struct {
	stretch
	err   error
	spans []span

	what          []uint32 // numbers in whats, whose order is that of their content
	whats         []What
	org           []uint32 // numbers in orgs, likewise
	orgs          []string
	day, end, rec []Day
	minute        []int16
	value         []float64
	has           []bool

	globalWhat, globalOrg []uint32

	// For decoding, kept so as not to be made anew.
	moments []int64
	word    words
	order   []int
	direct  []uint32
}

// span is where in a batch the events of a person are; row is the person's.
type span struct{ row, from, to int }

// decode reads a stretch and puts each person's events in order.
func (b *batch) decode(l *eventLoad, s stretch) (err error) {
	defer l.t.refuse(&err)
	b.stretch = s
	n := int(s.to - s.from)
	b.moments = sized(b.moments, n)
	b.what, b.org = sized(b.what, n), sized(b.org, n)
	b.day, b.end, b.rec, b.minute = sized(b.day, n), sized(b.end, n), sized(b.rec, n), sized(b.minute, n)
	b.value, b.has = sized(b.value, n), sized(b.has, n)
	b.order = sized(b.order, n)
	for _, step := range []func(*eventLoad) error{b.people, b.kinds, b.places, b.times, b.values} {
		if err := step(l); err != nil {
			return err
		}
	}
	b.sort()
	return nil
}

// people finds whose the events are.
func (b *batch) people(l *eventLoad) error {
	if err := l.t.ints(b.stretch, "person", b.moments); err != nil {
		return err
	}
	b.spans = b.spans[:0]
	keys := l.people.key
	row := -1
	for i, key := range b.moments {
		if row >= 0 && keys[row] == key {
			b.spans[len(b.spans)-1].to = i + 1
			continue
		}
		switch {
		case row >= 0 && keys[row] > key:
			return l.disorder(b.first + int64(i))
		case row < 0:
			row, _ = slices.BinarySearch(keys, key)
		default:
			for row < len(keys) && keys[row] < key {
				row++
			}
		}
		if row >= len(keys) || keys[row] != key {
			return b.refuse(l, i, "is of a person who is not in people.parquet")
		}
		b.spans = append(b.spans, span{row: row, from: i, to: i + 1})
	}
	return nil
}

func (b *batch) refuse(l *eventLoad, i int, why string) error {
	return invalid("Row %d of %s %s.", b.first+int64(i)+1, l.t.name, why)
}

// kinds finds what the events are: each column in turn is paired with what those
// before it said.
func (b *batch) kinds(l *eventLoad) error {
	b.whats = append(b.whats[:0], What{})
	clear(b.what)
	for _, c := range []struct {
		column string
		set    func(*What, string)
	}{
		{"kind", func(w *What, s string) { w.Kind = s }},
		{"class", func(w *What, s string) { w.Class = s }},
		{"status", func(w *What, s string) { w.Status = s }},
		{"comparator", func(w *What, s string) { w.Comparator = s }},
		{"unit", func(w *What, s string) { w.Unit = s }},
		{"system", func(w *What, s string) { w.Codes = []Code{{System: s}} }},
		{"code", func(w *What, s string) {
			if w.Codes = []Code{{System: w.Codes[0].System, Code: s}}; w.Codes[0] == (Code{}) {
				w.Codes = nil
			}
		}},
		{"answer_system", func(w *What, s string) { w.Answer = []Code{{System: s}} }},
		{"answer", func(w *What, s string) {
			if w.Answer = []Code{{System: w.Answer[0].System, Code: s}}; w.Answer[0] == (Code{}) {
				w.Answer = nil
			}
		}},
	} {
		if err := l.t.strings(b.stretch, c.column, &b.word); err != nil {
			return err
		}
		b.pair(c.set)
	}
	for i, w := range b.whats {
		if w.Kind == "" || !comparators[w.Comparator] {
			return b.refuse(l, slices.Index(b.what, uint32(i)), "has no kind, or a comparator that is none")
		}
	}
	now := sortNumbers(&b.whats, What.Compare)
	for i, n := range b.what {
		b.what[i] = now[n]
	}
	b.globalWhat = sized(b.globalWhat, len(b.whats))
	return nil
}

var comparators = map[string]bool{"": true, "<": true, "<=": true, ">=": true, ">": true}

// maxDirect is the largest table of pairs; more are looked up in a map.
const maxDirect = 1 << 22

// pair makes, of each What so far and the word of its row, one What.
func (b *batch) pair(set func(*What, string)) {
	old := b.whats
	b.whats = nil
	columns := uint64(len(b.word.list))
	add := func(what, word uint32) uint32 {
		w := old[what]
		set(&w, b.word.list[word])
		b.whats = append(b.whats, w)
		return uint32(len(b.whats)) // one more than its number: 0 is none
	}
	if size := uint64(len(old)) * columns; size <= maxDirect {
		b.direct = sized(b.direct, int(size))
		clear(b.direct)
		for i, what := range b.what {
			at := &b.direct[uint64(what)*columns+uint64(b.word.number[i])]
			if *at == 0 {
				*at = add(what, b.word.number[i])
			}
			b.what[i] = *at - 1
		}
		return
	}
	pairs := map[uint64]uint32{}
	for i, what := range b.what {
		key := uint64(what)*columns + uint64(b.word.number[i])
		n, ok := pairs[key]
		if !ok {
			n = add(what, b.word.number[i])
			pairs[key] = n
		}
		b.what[i] = n - 1
	}
}

// places finds where the events happened.
func (b *batch) places(l *eventLoad) error {
	if err := l.t.strings(b.stretch, "organisation", &b.word); err != nil {
		return err
	}
	b.orgs = append(b.orgs[:0], b.word.list...)
	now := sortNumbers(&b.orgs, func(a, b string) int { return cmp.Compare(a, b) })
	for i, n := range b.word.number {
		b.org[i] = now[n]
	}
	b.globalOrg = sized(b.globalOrg, len(b.orgs))
	return nil
}

// times reads when the events were, ended and were recorded.
func (b *batch) times(l *eventLoad) error {
	if err := l.t.strings(b.stretch, "precision", &b.word); err != nil {
		return err
	}
	precision := make([]int16, len(b.word.list))
	for i, s := range b.word.list {
		precision[i] = precisionOf(s)
	}
	if err := l.moments("at", b); err != nil {
		return err
	}
	for i, at := range b.moments {
		p := precision[b.word.number[i]]
		day, minute, ok := effective(at, p)
		if !ok {
			return b.refuse(l, i, "has no date and precision that can be used")
		}
		b.day[i], b.minute[i] = day, minute
	}
	for column, days := range map[string][]Day{"until": b.end, "recorded": b.rec} {
		if err := l.moments(column, b); err != nil {
			return err
		}
		for i, at := range b.moments {
			if days[i] = NoDay; at == noInt {
				continue
			}
			day, _ := civil(at)
			if day < DayMin || day > DayMax {
				return b.refuse(l, i, "has a date out of range under "+column)
			}
			days[i] = day
		}
	}
	return nil
}

// How precisely a flat file says that a day is known, and that it does not say.
const (
	instant   int16 = 0
	imprecise int16 = -4
)

func precisionOf(s string) int16 {
	switch s {
	case "instant":
		return instant
	case "day":
		return DayOnly
	case "month":
		return MonthOnly
	case "year":
		return YearOnly
	}
	return imprecise
}

// effective returns the day and minute of an event from seconds since 1970 and
// their precision.
func effective(unix int64, precision int16) (day Day, minute int16, ok bool) {
	if unix == noInt || precision == imprecise {
		return NoDay, 0, false
	}
	if precision == instant {
		d, m := civil(unix)
		return d, int16(m), d >= DayMin && d <= DayMax
	}
	if day, ok = dayOfUnix(floor(unix, secondsOfDay)); !ok {
		return NoDay, 0, false
	}
	year, month, _ := day.Date()
	switch precision {
	case YearOnly:
		day = Date(year, 1, 1)
	case MonthOnly:
		day = Date(year, month, 1)
	}
	return day, precision, true
}

// moments reads a column of moments into the batch, as seconds since 1970.
func (l *eventLoad) moments(column string, b *batch) error {
	if err := l.t.ints(b.stretch, column, b.moments); err != nil {
		return err
	}
	at, ok := l.t.index[column]
	if !ok {
		return nil
	}
	unit, err := unitsPerSecond(l.t.file.Schema().Fields()[at])
	if err != nil {
		return err
	}
	for i, t := range b.moments {
		if t != noInt {
			b.moments[i] = floor(t, unit)
		}
	}
	return nil
}

func unitsPerSecond(f parquet.Field) (int64, error) {
	if t := f.Type().LogicalType(); t != nil {
		if stamp, ok := t.Value.(*format.TimestampType); ok && stamp.IsAdjustedToUTC && stamp.Unit.Value != nil {
			return int64(time.Second / stamp.Unit.Value.Duration()), nil
		}
	}
	return 0, invalid("Column %q must be a TIMESTAMP in UTC; it is %s.", f.Name(), f.Type())
}

// values reads what was measured.
func (b *batch) values(l *eventLoad) error {
	if err := l.t.doubles(b.stretch, "value", b.value, b.has); err != nil {
		return err
	}
	for i, v := range b.value {
		if b.has[i] && (math.IsNaN(v) || math.IsInf(v, 0)) {
			return b.refuse(l, i, "has a value that is not a number")
		}
		if !b.has[i] {
			b.value[i] = 0
		}
	}
	return nil
}

// sort puts the events of each person in order.
func (b *batch) sort() {
	for i := range b.order {
		b.order[i] = i
	}
	for i := range b.rec {
		if b.rec[i] == b.day[i] {
			b.rec[i] = NoDay
		}
	}
	for _, s := range b.spans {
		if order := b.order[s.from:s.to]; !slices.IsSortedFunc(order, b.compare) {
			slices.SortFunc(order, b.compare)
		}
	}
}

// compare is Event.compare, on rows.
func (b *batch) compare(i, j int) int {
	if c := cmp.Compare(b.day[i], b.day[j]); c != 0 {
		return c
	}
	if c := cmp.Compare(b.minute[i], b.minute[j]); c != 0 {
		return c
	}
	if c := cmp.Compare(b.what[i], b.what[j]); c != 0 {
		return c
	}
	return cmp.Or(
		compareBool(b.has[i], b.has[j]), cmp.Compare(b.value[i], b.value[j]), cmp.Compare(b.end[i], b.end[j]),
		cmp.Compare(b.rec[i], b.rec[j]), cmp.Compare(b.org[i], b.org[j]),
	)
}

// event returns the i-th row as it came.
func (b *batch) event(i int) Event {
	return Event{
		What: b.whats[b.what[i]], Day: b.day[i], Minute: b.minute[i], End: b.end[i], Recorded: b.rec[i],
		HasValue: b.has[i], Value: b.value[i], Organisation: b.orgs[b.org[i]],
	}
}

// appendSpan appends the events of one person, in order.
func (b *batch) appendSpan(p *part, s span) {
	at := len(p.what)
	for k, i := range b.order[s.from:s.to] {
		p.what = append(p.what, b.globalWhat[b.what[i]])
		p.day = append(p.day, b.day[i])
		p.minute = append(p.minute, b.minute[i])
		p.org = append(p.org, uint16(b.globalOrg[b.org[i]]))
		p.value.add(at+k, b.value[i], b.has[i])
		p.end.add(at+k, b.end[i], b.end[i] != NoDay)
		p.recorded.add(at+k, b.rec[i], b.rec[i] != NoDay)
	}
}

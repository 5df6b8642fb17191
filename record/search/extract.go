package search

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"
	"sync"

	"joinery/fhir"
	"joinery/fhir/codes"
	"joinery/fhir/r4"
)

// Extract appends the keys by which a resource of a type is found to dst and
// returns it; dst may be nil. _lastUpdated makes no key, since the store knows
// it, and _id only that by which references find the resource, see Own.
//
// res must be a resource that r4.Validate accepts; of one that it would not,
// what cannot be understood makes no key.
func Extract(dst Keys, typ string, res fhir.Value) Keys {
	t := tableOf(typ)
	if t == nil {
		return dst
	}
	w := walkers.Get().(*walker)
	defer walkers.Put(w)
	w.root = res
	w.begin()
	w.own(typ, res)
	w.visit(t.root, res)
	dst = w.finish(dst)
	w.root = fhir.Value{}
	return dst
}

var walkers = sync.Pool{New: func() any { return &walker{systems: map[string]uint32{}, codes: map[string]uint64{}} }}

// item is one value as a search compares it, whole: a record keeps less of it.
type item struct {
	kind      kind
	leaf      *leaf
	code      []byte // of a token or logical reference; what identifies a reference or uri; a text
	system    []byte // of a token; the base of an away reference
	low, high int64
	amount    amount
	common    bool       // a code of many: its hash is worth remembering
	source    fhir.Value // what it was made of
}

// walker goes over a resource once. It either writes the records of all slots,
// or, when it matches, asks one clause about the values of its slots.
type walker struct {
	root    fhir.Value
	systems map[string]uint32 // hashes of systems that were met before
	out     []byte            // records as they are met
	ends    []span            // of each record in out
	scratch []byte
	inner   []span // of a composite's records
	amounts []measured
	codes   map[string]uint64 // hashes of codes that were met before
	group   Keys
	it      item

	ask      func(*item) // when matching: told each value, and nothing is written
	asked    []uint8     // … of these slots
	refersTo string      // … and references only to this type
}

type span struct{ start, end int }

// measured is a quantity that was understood before, for composites look at it
// again.
type measured struct {
	start  int
	typ    string
	amount amount
}

func (w *walker) begin() {
	w.out, w.ends, w.amounts = w.out[:0], w.ends[:0], w.amounts[:0]
	if len(w.systems) > 256 {
		clear(w.systems)
	}
	if len(w.codes) > 2048 {
		clear(w.codes)
	}
}

// finish appends the records in order, each once. A text that is cut counts
// before its whole like, which is of no consequence.
func (w *walker) finish(dst Keys) Keys {
	ends := w.ends
	for i := 1; i < len(ends); i++ { // few and nearly in order: insertion is fastest
		for j := i; j > 0 && w.before(ends[j], ends[j-1]); j-- {
			ends[j], ends[j-1] = ends[j-1], ends[j]
		}
	}
	for i, e := range ends {
		if i > 0 && bytes.Equal(w.out[e.start:e.end], w.out[ends[i-1].start:ends[i-1].end]) {
			continue
		}
		dst = append(dst, w.out[e.start:e.end]...)
	}
	return dst
}

func (w *walker) before(a, b span) bool {
	x, y := w.out[a.start:a.end], w.out[b.start:b.end]
	if x[0] != y[0] {
		return x[0] < y[0]
	}
	return bytes.Compare(x, y) < 0
}

// own writes what references to the resource are found by, in slot 0.
func (w *walker) own(typ string, res fhir.Value) {
	id := res.Get("id").TextBytes()
	if len(id) == 0 {
		return
	}
	w.scratch = append(append(append(w.scratch[:0], typ...), '/'), id...)
	w.out = binary.BigEndian.AppendUint64(append(w.out, 0, byte(kindLocal)), hashBytes(w.scratch))
	w.ends = append(w.ends, span{0, len(w.out)})
}

func (w *walker) visit(n *node, v fhir.Value) {
	for i := range n.leaves {
		w.leaf(&n.leaves[i], v)
	}
	if n.named == nil {
		for _, k := range n.kids {
			w.enter(k, v, v.Get(k.member))
		}
		return
	}
	for name, m := range v.Fields() {
		for _, k := range n.named[string(name)] {
			w.enter(k, v, m)
		}
	}
	for _, k := range n.named[deceased] { // calculated, be there what may
		w.enter(k, v, fhir.Value{})
	}
}

// deceased is the member that truth stands under; no resource has it.
const deceased = "deceased"

// enter visits what a member of v holds.
func (w *walker) enter(k *kid, v, m fhir.Value) {
	switch m.Kind() {
	case fhir.None:
		if k.member == deceased && len(k.leaves) == 1 && k.leaves[0].typ == truth {
			w.truth(&k.leaves[0], v)
		}
	case fhir.Null:
	case fhir.Array:
		at := 0
		for e := range m.Items() {
			if (k.index < 0 || k.index == at) && e.Kind() != fhir.Null && k.admits(e) {
				w.visit(k.node, e)
			}
			at++
		}
	default:
		if k.admits(m) {
			w.visit(k.node, m)
		}
	}
}

func (s *step) admits(v fhir.Value) bool {
	return s.where == "" || v.Get(s.where).Is(s.is)
}

func (w *walker) leaf(l *leaf, v fhir.Value) {
	if w.ask != nil && !bytes.Contains(w.asked, []byte{l.slot}) {
		return
	}
	switch l.kind {
	case r4.Token:
		w.token(l, v)
	case r4.String:
		w.put(l, item{kind: kindText, code: v.TextBytes(), source: v})
	case r4.Date:
		w.date(l, v)
	case r4.Number:
		w.number(l, v)
	case r4.Quantity:
		w.quantity(l, v)
	case r4.Reference:
		w.reference(l, v)
	case r4.URI:
		w.put(l, item{kind: kindURI, code: v.TextBytes(), source: v})
		if url, _, versioned := bytes.Cut(v.TextBytes(), []byte("|")); versioned && l.typ == "canonical" {
			w.put(l, item{kind: kindURI, code: url, source: v})
		}
	case r4.Composite:
		w.composite(l, v)
	case r4.Special: // never planted
	}
}

// truth is Patient.deceased.exists() and Patient.deceased != false.
func (w *walker) truth(l *leaf, patient fhir.Value) {
	if w.ask != nil && !bytes.Contains(w.asked, []byte{l.slot}) {
		return
	}
	dead := "false"
	if patient.Get("deceasedBoolean").IsTrue() || patient.Get("deceasedDateTime").Exists() {
		dead = "true"
	}
	w.put(l, item{kind: kindTokenImplied, code: []byte(dead), source: patient})
}

func (w *walker) token(l *leaf, v fhir.Value) {
	switch l.typ {
	case "CodeableConcept":
		some := false
		if w.ask != nil { // for its text
			w.present(l, v)
		}
		for c := range v.Get("coding").Items() {
			w.coding(l, c)
			some = true
		}
		if !some {
			w.present(l, v)
		}
	case "Coding":
		w.coding(l, v)
	case "Identifier", "ContactPoint":
		w.coded(l, item{kind: kindToken, source: v}, v.Get("value"), v.Get("system"))
	case "code", "boolean":
		w.put(l, item{kind: kindTokenImplied, code: v.TextBytes(), source: v, common: true})
	default:
		w.put(l, item{kind: kindTokenBare, code: v.TextBytes(), source: v})
	}
}

func (w *walker) coding(l *leaf, v fhir.Value) {
	if v.Kind() == fhir.Object {
		w.coded(l, item{kind: kindToken, source: v, common: true}, v.Get("code"), v.Get("system"))
	}
}

// coded puts a token of the item's kind, or its bare form, which stands next to
// it.
func (w *walker) coded(l *leaf, it item, code, system fhir.Value) {
	switch {
	case code.Kind() != fhir.String && system.Kind() != fhir.String:
		w.present(l, it.source)
		return
	case system.Kind() != fhir.String:
		it.kind++
	default:
		it.system = system.TextBytes()
	}
	it.code = code.TextBytes()
	w.put(l, it)
}

// present notes that there is a value, for :missing.
func (w *walker) present(l *leaf, v fhir.Value) { w.put(l, item{kind: kindPresent, source: v}) }

func (w *walker) date(l *leaf, v fhir.Value) {
	var low, high int64
	var ok bool
	switch l.typ {
	case "Period":
		low, high, ok = bounds(v)
	case "Timing":
		low, high, ok = timing(v)
	default:
		low, high, ok = period(v.TextBytes())
	}
	if !ok {
		w.present(l, v)
		return
	}
	w.put(l, item{kind: kindSpan, low: low, high: high, source: v})
}

// bounds returns a Period's first moment and end; what is absent is open.
func bounds(v fhir.Value) (low, high int64, ok bool) {
	low, high = beginning, forever
	if start := v.Get("start"); start.Kind() == fhir.String {
		if low, _, ok = period(start.TextBytes()); !ok {
			return 0, 0, false
		}
	}
	if end := v.Get("end"); end.Kind() == fhir.String {
		if _, high, ok = period(end.TextBytes()); !ok {
			return 0, 0, false
		}
	}
	return low, high, low != beginning || high != forever
}

// timing returns the outer limits of a Timing.
func timing(v fhir.Value) (low, high int64, ok bool) {
	low, high = forever, beginning
	for e := range v.Get("event").Items() {
		if first, last, good := period(e.TextBytes()); good {
			low, high, ok = min(low, first), max(high, last), true
		}
	}
	if first, last, good := bounds(v.Get("repeat").Get("boundsPeriod")); good {
		low, high, ok = min(low, first), max(high, last), true
	}
	return low, high, ok
}

func (w *walker) number(l *leaf, v fhir.Value) {
	low, ok := decimal(v)
	high := low
	if l.typ == "Range" {
		low, high, ok = rangeOf(v)
	}
	if !ok {
		w.present(l, v)
		return
	}
	w.put(l, item{kind: kindNumbers, amount: amount{low: low, high: high}, source: v})
}

func decimal(v fhir.Value) (float64, bool) {
	if v.Kind() != fhir.Number {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(v.TextBytes()), 64)
	return f, err == nil
}

func rangeOf(v fhir.Value) (low, high float64, ok bool) {
	low, lowOK := decimal(v.Get("low").Get("value"))
	high, highOK := decimal(v.Get("high").Get("value"))
	if !lowOK {
		low = math.Inf(-1)
	}
	if !highOK {
		high = math.Inf(1)
	}
	return low, high, lowOK || highOK
}

func (w *walker) quantity(l *leaf, v fhir.Value) {
	it := item{kind: kindQuantity, source: v}
	start, _ := v.Span()
	for i := range w.amounts {
		if m := &w.amounts[i]; m.start == start && m.typ == l.typ {
			it.amount = m.amount
			w.put(l, it)
			return
		}
	}
	var ok bool
	unit := v
	switch l.typ {
	case "Range":
		it.amount.low, it.amount.high, ok = rangeOf(v)
		if unit = v.Get("low"); !unit.Exists() {
			unit = v.Get("high")
		}
	case "SampledData":
		it.amount.low, it.amount.high, ok = samples(v)
		unit = v.Get("origin")
	case "Money":
		it.amount.low, ok = decimal(v.Get("value"))
		it.amount.high = it.amount.low
	default:
		it.amount.low, ok = decimal(v.Get("value"))
		it.amount.high = it.amount.low
		if c := v.Get("comparator"); c.Kind() == fhir.String && ok {
			if c.TextBytes()[0] == '<' {
				it.amount.low = math.Inf(-1)
			} else {
				it.amount.high = math.Inf(1)
			}
		}
	}
	if !ok {
		w.present(l, v)
		return
	}
	text, code, system := unit.Get("unit").TextBytes(), unit.Get("code").TextBytes(), unit.Get("system").TextBytes()
	if l.typ == "Money" {
		code, system = v.Get("currency").TextBytes(), []byte("urn:iso:std:iso:4217")
	}
	it.amount.measure(w, text, code, system)
	w.amounts = append(w.amounts, measured{start, l.typ, it.amount})
	w.put(l, it)
}

// ucum is the system of units that can be converted.
const ucum = "http://unitsofmeasure.org"

// measure fills in the unit and, where it can be converted, the canonical form.
func (a *amount) measure(w *walker, unit, code, system []byte) {
	if len(unit) > 0 {
		a.unit = w.short(unit)
	}
	if len(code) > 0 {
		a.code = w.short(code)
	}
	if len(system) > 0 {
		a.system = w.short(system)
	}
	if string(system) != ucum || len(code) == 0 {
		return
	}
	low, base, ok := canonical(a.low, string(code))
	if !ok {
		return
	}
	a.canonical, a.canonicalLow, a.canonicalH, a.base = true, low, low, w.short([]byte(base))
	if a.high != a.low {
		a.canonicalH, _, _ = canonical(a.high, string(code))
	}
}

// canonical converts to canonical units; what is infinite stays so.
func canonical(value float64, code string) (float64, string, bool) {
	if math.IsInf(value, 0) {
		_, base, ok := codes.Canonical("1", code)
		return value, base, ok
	}
	return codes.Canonical(strconv.FormatFloat(value, 'g', -1, 64), code)
}

// samples returns the least and greatest of a SampledData's values.
func samples(v fhir.Value) (low, high float64, ok bool) {
	origin, ok := decimal(v.Get("origin").Get("value"))
	if !ok {
		return 0, 0, false
	}
	factor, ok := decimal(v.Get("factor"))
	if !ok {
		factor = 1
	}
	low, high = math.Inf(1), math.Inf(-1)
	for field := range bytes.FieldsSeq(v.Get("data").TextBytes()) {
		if f, err := strconv.ParseFloat(string(field), 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
			low, high = min(low, origin+f*factor), max(high, origin+f*factor)
		}
	}
	return low, high, low <= high
}

// short returns the four-byte hash of a system or unit, 0 only for none.
func (w *walker) short(text []byte) uint32 {
	if h, ok := w.systems[string(text)]; ok {
		return h
	}
	h := max(hashShort(text), 1)
	w.systems[string(text)] = h
	return h
}

// composite writes a group for each combination that has all components.
func (w *walker) composite(l *leaf, v fhir.Value) {
	if w.ask != nil {
		if w.hasAll(l, v) {
			w.put(l, item{kind: kindGroup, source: v})
		}
		return
	}
	outer := w.ends
	w.ends = w.inner[:0]
	start := len(w.out)
	complete := true
	for i := len(l.parts) - 1; i >= 0 && complete; i-- { // values are more often missing than codes
		before := len(w.ends)
		w.visit(l.parts[i], v)
		w.visit(l.tops[i], w.root)
		complete = len(w.ends) > before
	}
	inner := w.finish(w.group[:0])
	w.group, w.inner = inner, w.ends
	w.out, w.ends = w.out[:start], outer
	if !complete || len(inner) > math.MaxUint16 {
		return
	}
	w.out = append(w.out, l.slot, byte(kindGroup))
	w.out = binary.BigEndian.AppendUint16(w.out, uint16(len(inner)))
	w.out = append(w.out, inner...)
	w.ends = append(w.ends, span{start, len(w.out)})
}

// hasAll reports whether a composite has all its components, when matching.
func (w *walker) hasAll(l *leaf, v fhir.Value) bool {
	ask, asked := w.ask, w.asked
	defer func() { w.ask, w.asked = ask, asked }()
	for i := range l.parts {
		some := false
		w.asked = []uint8{uint8(i + 1)}
		w.ask = func(*item) { some = true }
		w.visit(l.parts[i], v)
		w.visit(l.tops[i], w.root)
		if !some {
			return false
		}
	}
	return true
}

// put writes an item's record, or tells the clause that is matched of it.
func (w *walker) put(l *leaf, it item) {
	w.it = it // where it lives on: w is on the heap anyway
	w.it.leaf = l
	if w.ask != nil {
		w.ask(&w.it)
		return
	}
	start := len(w.out)
	w.out = append(w.out, l.slot, 0)
	w.record(&w.it)
	w.out[start+1] = byte(w.it.kind)
	w.ends = append(w.ends, span{start, len(w.out)})
}

// record appends an item's payload, and settles its kind.
func (w *walker) record(it *item) {
	switch it.kind {
	case kindToken, kindLogical:
		w.out = binary.BigEndian.AppendUint64(w.out, w.codeHash(it))
		w.out = binary.BigEndian.AppendUint32(w.out, w.short(it.system))
	case kindTokenBare, kindTokenImplied, kindLogicalBare:
		w.out = binary.BigEndian.AppendUint64(w.out, w.codeHash(it))
	case kindText:
		w.scratch = appendNormal(w.scratch[:0], it.code)
		text, shortened := cut(w.scratch)
		if shortened {
			it.kind = kindTextCut
		}
		w.out = append(w.out, byte(len(text)))
		w.out = append(w.out, text...)
	case kindSpan:
		w.out = binary.BigEndian.AppendUint64(w.out, uint64(it.low))
		switch it.high - it.low {
		case 1:
			it.kind = kindInstant
		case 1000:
			it.kind = kindSecond
		default:
			w.out = binary.BigEndian.AppendUint64(w.out, uint64(it.high))
		}
	case kindNumbers:
		w.out = appendFloat(w.out, it.amount.low)
		if it.amount.low == it.amount.high {
			it.kind = kindNumber
			return
		}
		w.out = appendFloat(w.out, it.amount.high)
	case kindQuantity:
		at := len(w.out)
		w.out = it.amount.append(append(w.out, 0))
		w.out[at] = byte(len(w.out) - at - 1)
	case kindLocal, kindURI:
		w.out = binary.BigEndian.AppendUint64(w.out, hashBytes(it.code))
	case kindAway:
		w.out = binary.BigEndian.AppendUint64(w.out, hashBytes(it.code))
		w.out = binary.BigEndian.AppendUint32(w.out, w.short(it.system))
	default: // present has none; group is written where it is made
	}
}

// codeHash returns the hash of a token's folded code.
func (w *walker) codeHash(it *item) uint64 {
	if it.common {
		if h, ok := w.codes[string(it.code)]; ok {
			return h
		}
	}
	w.scratch = appendFolded(w.scratch[:0], it.code)
	h := hashBytes(w.scratch)
	if it.common {
		w.codes[string(it.code)] = h
	}
	return h
}

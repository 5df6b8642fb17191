package search

import (
	"bytes"
	"encoding/binary"
	"slices"
	"time"

	"joinery/fhir"
	"joinery/fhir/r4"
)

// reader is a reference parameter by which other resources are reached.
type reader struct {
	typ   string
	slots []uint8
	base  []byte // our own
	baseH uint32
}

func (p *parser) reader(typ string, in *indexed) reader {
	return reader{typ: typ, slots: in.slots, base: []byte(p.opts.Base), baseH: p.base}
}

// Refers appends to dst the Hash of each local resource that a resource with
// these keys refers to by the parameter: "Type/id" hashed.
func (r *reader) Refers(dst []uint64, k Keys) []uint64 {
	for _, slot := range r.slots {
		for rest := k.slot(slot); ; {
			at, after, ok := rest.next()
			if !ok || at.slot != slot {
				break
			}
			rest = after
			if at.kind == kindLocal || at.kind == kindAway && r.baseH != 0 && binary.BigEndian.Uint32(at.data[8:]) == r.baseH {
				dst = append(dst, binary.BigEndian.Uint64(at.data))
			}
		}
	}
	return dst
}

// RangesTo returns the pieces of the global index where every resource of the
// parameter's type has a row that refers by it to one of the hashes.
func (r *reader) RangesTo(hashes []uint64) []Range {
	number, _ := r4.TypeNumber(r.typ)
	out := make([]Range, 0, len(r.slots)*len(hashes))
	for _, slot := range r.slots {
		for _, hash := range hashes {
			out = append(out, Range{slotOf(number, slot), coarseHash(hash), coarseHash(hash)})
		}
	}
	return out
}

// Place is a resource of ours that a reference names.
type Place struct {
	Type string
	ID   fhir.ID
}

// Targets returns the local resources that a whole resource refers to by the
// include's parameter, as far as they are of the type wanted.
func (i *Include) Targets(res fhir.Value) []Place { return i.places(i.Source, i.Target, res) }

// Targets returns the local resources that a whole resource refers to by the
// parameter.
func (h *Has) Targets(res fhir.Value) []Place { return h.places(h.Type, "", res) }

func (r *reader) places(typ, target string, res fhir.Value) []Place {
	t := tableOf(typ)
	if t == nil {
		return nil
	}
	var out []Place
	w := &walker{root: res, systems: map[string]uint32{}, asked: r.slots}
	w.ask = func(it *item) {
		if it.kind != kindLocal && !(it.kind == kindAway && len(r.base) > 0 && bytes.Equal(it.system, r.base)) {
			return
		}
		typ, id, _ := bytes.Cut(it.code, []byte("/"))
		at := Place{string(typ), fhir.ID(id)}
		if (target == "" || target == at.Type) && !slices.Contains(out, at) {
			out = append(out, at)
		}
	}
	w.visit(t.root, res)
	return out
}

// Clause returns the include as a condition: its Refers and RangesTo are those
// of the include's parameter.
func (i *Include) Clause() *Clause {
	return &Clause{Type: i.Source, Param: i.Param, reader: i.reader}
}

// careDates are the parameters that say when care was given, the first that a
// type has being the one.
var careDates = []string{"date", "period", "effective-time", "onset-date", "occurrence", "authoredon", "authored", "event-date", "sent", "created", "started", "recorded-date", "issued", "start-date"}

// During reports whether a resource of a type is of care in the time from start
// to end, either of which may be the zero time; end is not included. What has no
// date is.
func During(typ string, res fhir.Value, start, end time.Time) bool {
	t := tableOf(typ)
	if t == nil {
		return false
	}
	for _, code := range careDates {
		in := t.params[code]
		if in == nil || in.Type != r4.Date {
			continue
		}
		some, within := false, false
		w := &walker{root: res, systems: map[string]uint32{}, asked: in.slots}
		w.ask = func(it *item) {
			if it.kind == kindSpan {
				some = true
				within = within || (start.IsZero() || it.high > start.UnixMilli()) && (end.IsZero() || it.low < end.UnixMilli())
			}
		}
		w.visit(t.root, res)
		if some {
			return within
		}
	}
	return true
}

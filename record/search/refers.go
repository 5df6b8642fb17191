package search

import (
	"bytes"
	"encoding/binary"
	"slices"

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
func (i *Include) Targets(res fhir.Value) []Place {
	t := tableOf(i.Source)
	if t == nil {
		return nil
	}
	var out []Place
	w := &walker{root: res, systems: map[string]uint32{}, asked: i.slots}
	w.ask = func(it *item) {
		if it.kind != kindLocal && !(it.kind == kindAway && len(i.base) > 0 && bytes.Equal(it.system, i.base)) {
			return
		}
		typ, id, _ := bytes.Cut(it.code, []byte("/"))
		at := Place{string(typ), fhir.ID(id)}
		if (i.Target == "" || i.Target == at.Type) && !slices.Contains(out, at) {
			out = append(out, at)
		}
	}
	w.visit(t.root, res)
	return out
}

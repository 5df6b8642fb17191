package search

import (
	"bytes"

	"joinery/fhir"
	"joinery/fhir/r4"
)

// place is what a reference points to. A local one has the identity "Type/id".
// One away has a base: that of another server, or a sign of what sort of
// identity it is.
type place struct {
	base     []byte // nil when it is local
	identity []byte
	typ      string // resource type, when the reference shows it
}

// Bases of what is not at a server.
var (
	urnBase   = []byte("urn:")
	otherBase = []byte("*")
)

// readReference understands the text of a reference; a version in it is left
// out, for a reference to a version is one to the resource. ok is false for
// nothing and for a reference to a contained resource.
func readReference(text []byte) (p place, ok bool) {
	if len(text) == 0 || text[0] == '#' {
		return place{}, false
	}
	if bytes.HasPrefix(text, urnBase) {
		return place{base: urnBase, identity: bytes.ToLower(text)}, true
	}
	whole := text
	for len(text) > 1 && text[len(text)-1] == '/' {
		text = text[:len(text)-1]
	}
	if i := bytes.LastIndex(text, []byte("/_history")); i > 0 && bytes.Count(text[i:], []byte("/")) <= 2 {
		text = text[:i]
	}
	slash := bytes.LastIndexByte(text, '/')
	if slash < 1 || !fhir.ID(text[slash+1:]).Valid() {
		return place{base: otherBase, identity: whole}, true
	}
	start := bytes.LastIndexByte(text[:slash], '/') + 1
	number, known := r4.TypeNumber(string(text[start:slash]))
	switch {
	case !known:
		return place{base: otherBase, identity: whole}, true
	case start == 0, start == 1: // Patient/1; /Patient/1
		return place{identity: text[start:], typ: r4.TypeName(number)}, true
	}
	return place{base: text[:start-1], identity: text[start:], typ: r4.TypeName(number)}, true
}

// reference puts what a Reference, a canonical or a resource within a Bundle
// points to.
func (w *walker) reference(l *leaf, v fhir.Value) {
	switch l.typ {
	case "Reference":
		w.literal(l, v)
	case "Resource":
		typ, id := v.Get("resourceType").TextBytes(), v.Get("id").TextBytes()
		if len(typ) == 0 || len(id) == 0 {
			w.present(l, v)
			return
		}
		identity := append(append(append(make([]byte, 0, len(typ)+1+len(id)), typ...), '/'), id...)
		w.put(l, item{kind: kindLocal, code: identity, source: v})
	default:
		w.canonical(l, v)
	}
}

func (w *walker) literal(l *leaf, v fhir.Value) {
	text, identifier := v.Get("reference").TextBytes(), v.Get("identifier")
	if w.ask != nil && w.refersTo != "" {
		typ := w.typeOf(v)
		if typ != w.refersTo && (typ != "" || len(text) > 0) {
			return
		}
	}
	if identifier.Kind() == fhir.Object {
		w.coded(l, item{kind: kindLogical, source: v}, identifier.Get("value"), identifier.Get("system"))
	}
	p, ok := readReference(text)
	switch {
	case !ok && identifier.Kind() != fhir.Object:
		w.present(l, v)
	case ok:
		w.place(l, p, v)
	}
}

func (w *walker) place(l *leaf, p place, source fhir.Value) {
	if p.base == nil {
		w.put(l, item{kind: kindLocal, code: p.identity, source: source})
		return
	}
	w.put(l, item{kind: kindAway, code: p.identity, system: p.base, source: source})
}

// canonical puts a canonical URL, and with its version once more.
func (w *walker) canonical(l *leaf, v fhir.Value) {
	text, _, _ := bytes.Cut(v.TextBytes(), []byte("#"))
	url, _, versioned := bytes.Cut(text, []byte("|"))
	p, ok := readReference(url)
	if !ok {
		w.present(l, v)
		return
	}
	w.place(l, p, v)
	if versioned {
		w.put(l, item{kind: kindAway, code: text, system: otherBase, source: v})
	}
}

// typeOf returns the type of what a Reference refers to, as far as it can be
// told without looking there.
func (w *walker) typeOf(v fhir.Value) string {
	text := v.Get("reference").TextBytes()
	if len(text) > 1 && text[0] == '#' {
		for c := range w.root.Get("contained").Items() {
			if c.Get("id").Is(string(text[1:])) {
				return c.Get("resourceType").Text()
			}
		}
		return ""
	}
	if p, ok := readReference(text); ok && p.typ != "" {
		return p.typ
	}
	return v.Get("type").Text()
}

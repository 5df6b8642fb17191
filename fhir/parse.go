package fhir

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
)

// MaxDepth is how deep JSON may be nested. The deepest resource of the
// specification's examples stays under 20.
const MaxDepth = 100

// MaxBytes is how long a document may be: offsets are 32 bits wide, and no face
// takes bodies near it.
const MaxBytes = 1 << 30

// Parse checks that data is one well-formed JSON value (RFC 8259, UTF-8, no
// duplicate names, no nesting over MaxDepth) and indexes it. The Doc keeps
// data, which must not change afterwards.
//
// The error is an *Invalid that lists every duplicate name (up to 100), or the
// first fault of syntax, with its place.
func Parse(data []byte) (*Doc, error) {
	if len(data) > MaxBytes {
		return nil, &Invalid{[]Issue{{Fatal, "too-long", "", "The document is too long."}}}
	}
	scratch := nodePool.Get().(*[]node)
	s := scanner{data: data, nodes: (*scratch)[:0]}
	defer func() {
		if cap(s.nodes) <= maxPooled {
			*scratch = s.nodes
			nodePool.Put(scratch)
		}
	}()
	end := blank(data, 0)
	if end == len(data) {
		return nil, malformed("The document is empty; it must be one JSON value.")
	}
	if end = s.value(end); end >= 0 {
		if end = blank(data, end); end < len(data) {
			s.fail(end, "there is something after the end")
		}
	}
	if s.say != "" {
		return nil, s.malformed()
	}
	doc := &Doc{data: data, nodes: slices.Clone(s.nodes)}
	if len(s.doubled) > 0 {
		return nil, doubled(doc, s.doubled)
	}
	return doc, nil
}

// nodePool keeps room to index in, since how many values a document has is known
// only at its end; the Doc gets a copy of the right size.
var nodePool = sync.Pool{New: func() any { return new([]node) }}

// maxPooled is how many nodes a slice may hold to be kept: 1 MB of them.
const maxPooled = 1 << 16

func malformed(say string) error {
	return &Invalid{[]Issue{{Fatal, "structure", "", say}}}
}

// malformed refuses the document for its first fault of syntax.
func (s *scanner) malformed() error {
	switch {
	case s.say == tooDeep:
		return malformed(fmt.Sprintf("The JSON is nested more than %d levels deep.", MaxDepth))
	case s.failed >= len(s.data):
		return malformed("The document is not well-formed JSON: it ends too early.")
	}
	line, column := position(s.data, s.failed)
	return malformed(fmt.Sprintf("The document is not well-formed JSON at line %d, column %d: %s.", line, column, s.say))
}

func position(data []byte, offset int) (line, column int) {
	before := data[:offset]
	return 1 + bytes.Count(before, []byte("\n")), offset - bytes.LastIndexByte(before, '\n')
}

// maxDoubled is how many repeated names Parse lists.
const maxDoubled = 100

// doubled refuses the document for its repeated names.
func doubled(doc *Doc, values []uint32) error {
	e := &Invalid{}
	for _, at := range values {
		where := Value{doc, at}.Where()
		e.Issues = append(e.Issues, Issue{Error, "structure", where, "This name is there twice in one object; keep one."})
	}
	return e
}

// few is how many members an object may have for comparing each with each to
// be cheaper than a map.
const few = 12

// duplicates notes the members of the object at a node that repeat a name.
func (s *scanner) duplicates(at uint32) {
	doc := &Doc{data: s.data, nodes: s.nodes}
	object := Value{doc, at}
	if object.Len() > few {
		seen := make(map[string]bool, object.Len())
		for name, v := range object.Members() {
			if seen[name] && len(s.doubled) < maxDoubled {
				s.doubled = append(s.doubled, v.at)
			}
			seen[name] = true
		}
		return
	}
	nodes := s.nodes
	for i := at + 1; i < object.node().next; i = nodes[i+1].next {
		for j := at + 1; j < i; j = nodes[j+1].next {
			if doc.sameName(&nodes[i], &nodes[j]) && len(s.doubled) < maxDoubled {
				s.doubled = append(s.doubled, i+1)
				break
			}
		}
	}
}

func (d *Doc) sameName(a, b *node) bool {
	if !a.escaped && !b.escaped {
		return bytes.Equal(d.data[a.start:a.end], d.data[b.start:b.end])
	}
	return text(d.data[a.start:a.end], a.escaped) == text(d.data[b.start:b.end], b.escaped)
}

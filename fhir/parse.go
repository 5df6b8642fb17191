package fhir

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
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
// The error is an *Invalid that lists every duplicate name, or the first fault
// of syntax, with its place.
func Parse(data []byte) (*Doc, error) {
	if len(data) > MaxBytes {
		return nil, &Invalid{[]Issue{{Fatal, "too-long", "", "The document is too long."}}}
	}
	if depth(data) > MaxDepth {
		return nil, &Invalid{[]Issue{{Fatal, "structure", "", fmt.Sprintf("The JSON is nested more than %d levels deep.", MaxDepth)}}}
	}
	// The checker would stop at the first duplicate name; the indexer lists all.
	if err := wellFormed(data); err != nil {
		return nil, err
	}
	ix := indexer{doc: &Doc{data: data, nodes: make([]node, 0, len(data)/16+8)}}
	ix.value(0)
	if len(ix.doubled) > 0 {
		return nil, ix.invalid()
	}
	return ix.doc, nil
}

// depth returns the greatest nesting of data, well-formed or not, so that
// nothing recursive meets input that is too deep.
func depth(data []byte) int {
	now, most := 0, 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '{', '[':
			now++
			most = max(most, now)
		case '}', ']':
			now--
		case '"':
			end := closing(data, i)
			if end < 0 {
				return most
			}
			i = end
		}
	}
	return most
}

// closing returns the index of the quote that closes the string opened at i, or
// -1 when none does.
func closing(data []byte, i int) int {
	for i++; i < len(data); i++ {
		switch data[i] {
		case '"':
			return i
		case '\\':
			i++
		}
	}
	return -1
}

func wellFormed(data []byte) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(data), jsontext.AllowDuplicateNames(true))
	err := dec.SkipValue()
	if err == nil {
		err = trailing(data, int(dec.InputOffset()))
		if err == nil {
			return nil
		}
	}
	say := "The document is not well-formed JSON"
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		line, column := position(data, int(syntax.ByteOffset))
		say = fmt.Sprintf("The document is not well-formed JSON at line %d, column %d: %v.", line, column, syntax.Err)
	} else if len(bytes.TrimSpace(data)) == 0 {
		say = "The document is empty; it must be one JSON value."
	} else {
		say += ": it ends too early."
	}
	return &Invalid{[]Issue{{Fatal, "structure", "", say}}}
}

func trailing(data []byte, from int) error {
	for i := from; i < len(data); i++ {
		switch data[i] {
		case ' ', '\t', '\r', '\n':
		default:
			return &jsontext.SyntacticError{ByteOffset: int64(i), Err: errors.New("there is something after the end")}
		}
	}
	return nil
}

func position(data []byte, offset int) (line, column int) {
	offset = min(max(offset, 0), len(data))
	before := data[:offset]
	return 1 + bytes.Count(before, []byte("\n")), offset - bytes.LastIndexByte(before, '\n')
}

// indexer walks well-formed JSON and records where each value lies.
type indexer struct {
	doc     *Doc
	doubled []uint32 // values whose name was there before
}

// value records the value that starts at or after i, and returns where it ends.
func (ix *indexer) value(i int) int {
	data := ix.doc.data
	i = blank(data, i)
	at := len(ix.doc.nodes)
	ix.doc.nodes = append(ix.doc.nodes, node{start: uint32(i)})
	var kind Kind
	end, escaped := i, false
	switch data[i] {
	case '{':
		kind, end = Object, ix.object(i)
	case '[':
		kind, end = Array, ix.array(i)
	case '"':
		kind = String
		end, escaped = str(data, i)
	case 't':
		kind, end = Bool, i+4
	case 'f':
		kind, end = Bool, i+5
	case 'n':
		kind, end = Null, i+4
	default:
		kind, end = Number, number(data, i)
	}
	n := &ix.doc.nodes[at]
	n.kind, n.escaped, n.end, n.next = kind, escaped, uint32(end), uint32(len(ix.doc.nodes))
	if kind == Object {
		ix.duplicates(uint32(at))
	}
	return end
}

func (ix *indexer) object(i int) int {
	data := ix.doc.data
	i = blank(data, i+1)
	for data[i] != '}' {
		if data[i] == ',' {
			i = blank(data, i+1)
		}
		end, escaped := str(data, i)
		next := uint32(len(ix.doc.nodes) + 1)
		ix.doc.nodes = append(ix.doc.nodes, node{start: uint32(i), end: uint32(end), next: next, kind: key, escaped: escaped})
		i = blank(data, end) + 1 // the colon
		i = blank(data, ix.value(i))
	}
	return i + 1
}

func (ix *indexer) array(i int) int {
	data := ix.doc.data
	i = blank(data, i+1)
	for data[i] != ']' {
		if data[i] == ',' {
			i++
		}
		i = blank(data, ix.value(i))
	}
	return i + 1
}

// few is how many members an object may have for comparing each with each to
// be cheaper than a map.
const few = 12

// duplicates notes the members of the object at a node that repeat a name.
func (ix *indexer) duplicates(at uint32) {
	object := Value{ix.doc, at}
	if object.Len() > few {
		seen := make(map[string]bool, object.Len())
		for name, v := range object.Members() {
			if seen[name] {
				ix.doubled = append(ix.doubled, v.at)
			}
			seen[name] = true
		}
		return
	}
	nodes := ix.doc.nodes
	for i := at + 1; i < object.node().next; i = nodes[i+1].next {
		for j := at + 1; j < i; j = nodes[j+1].next {
			if ix.doc.sameName(&nodes[i], &nodes[j]) {
				ix.doubled = append(ix.doubled, i+1)
				break
			}
		}
	}
}

// invalid refuses the document for its repeated names.
func (ix *indexer) invalid() error {
	e := &Invalid{}
	for _, at := range ix.doubled {
		where := Value{ix.doc, at}.Where()
		e.Issues = append(e.Issues, Issue{Error, "structure", where, "This name is there twice in one object; keep one."})
	}
	return e
}

func (d *Doc) sameName(a, b *node) bool {
	if !a.escaped && !b.escaped {
		return bytes.Equal(d.data[a.start:a.end], d.data[b.start:b.end])
	}
	return text(d.data[a.start:a.end], a.escaped) == text(d.data[b.start:b.end], b.escaped)
}

// blank returns the first index at or after i that is not white space.
func blank(data []byte, i int) int {
	for i < len(data) && (data[i] == ' ' || data[i] == '\n' || data[i] == '\t' || data[i] == '\r') {
		i++
	}
	return i
}

// str returns where the string that opens at i ends, and whether a backslash is
// in it.
func str(data []byte, i int) (end int, escaped bool) {
	for i++; data[i] != '"'; i++ {
		if data[i] == '\\' {
			escaped = true
			i++
		}
	}
	return i + 1, escaped
}

func number(data []byte, i int) int {
	for i < len(data) {
		switch c := data[i]; {
		case c >= '0' && c <= '9', c == '-', c == '+', c == '.', c == 'e', c == 'E':
			i++
		default:
			return i
		}
	}
	return i
}

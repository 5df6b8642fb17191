package fhir

import (
	"bytes"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Kind is what a JSON value is.
type Kind uint8

// Kinds of JSON value. None is the kind of a Value that is not there.
const (
	None Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object

	key // the name of a member; never the kind of a Value that callers hold
)

// Doc is a piece of JSON and the index of its values.
type Doc struct {
	data  []byte
	nodes []node
}

// node is one value or member name. Values stand in document order, so a
// container's content follows it, up to next.
type node struct {
	start, end uint32 // where its bytes lie, quotes included
	next       uint32 // the node after it and all that is in it
	kind       Kind
	escaped    bool // a string or name with a backslash in it
}

// Bytes returns the JSON as it came, which the caller must not change.
func (d *Doc) Bytes() []byte { return d.data }

// Root returns the outermost value.
func (d *Doc) Root() Value {
	if d == nil || len(d.nodes) == 0 {
		return Value{}
	}
	return Value{d, 0}
}

// Value is one value of a Doc. The zero Value is one that is not there: it has
// the kind None, no members and no text, so that a path can be followed without
// asking at each step.
type Value struct {
	doc *Doc
	at  uint32
}

func (v Value) node() *node { return &v.doc.nodes[v.at] }

// Kind returns what the value is, None when it is not there.
func (v Value) Kind() Kind {
	if v.doc == nil {
		return None
	}
	return v.node().kind
}

// Exists reports whether the value is there, be it null.
func (v Value) Exists() bool { return v.doc != nil }

// Doc returns the document that the value is part of.
func (v Value) Doc() *Doc { return v.doc }

// Span returns where the value's bytes lie in its document.
func (v Value) Span() (start, end int) {
	if v.doc == nil {
		return 0, 0
	}
	n := v.node()
	return int(n.start), int(n.end)
}

// Raw returns the value's bytes as they came, which the caller must not change.
func (v Value) Raw() []byte {
	if v.doc == nil {
		return nil
	}
	n := v.node()
	return v.doc.data[n.start:n.end:n.end]
}

// Text returns a string's decoded content, a number's digits as written, and
// "true" or "false"; of anything else the empty string.
func (v Value) Text() string {
	switch v.Kind() {
	case String:
		n := v.node()
		return text(v.doc.data[n.start:n.end], n.escaped)
	case Number, Bool:
		return string(v.Raw())
	}
	return ""
}

// TextBytes is Text without copying where there is nothing to decode. The
// caller must not change the bytes.
func (v Value) TextBytes() []byte {
	switch v.Kind() {
	case String:
		n := v.node()
		if !n.escaped {
			return v.doc.data[n.start+1 : n.end-1]
		}
		return []byte(text(v.doc.data[n.start:n.end], true))
	case Number, Bool:
		return v.Raw()
	}
	return nil
}

// Is reports whether the value is a string with just this content.
func (v Value) Is(s string) bool {
	if v.Kind() != String {
		return false
	}
	n := v.node()
	if n.escaped {
		return text(v.doc.data[n.start:n.end], true) == s
	}
	return string(v.doc.data[n.start+1:n.end-1]) == s
}

// IsTrue reports whether the value is the boolean true.
func (v Value) IsTrue() bool { return v.Kind() == Bool && v.doc.data[v.node().start] == 't' }

// Get returns the member of an object, or a Value that is not there.
func (v Value) Get(name string) Value {
	if v.Kind() != Object {
		return Value{}
	}
	end := v.node().next
	for i := v.at + 1; i < end; {
		k := &v.doc.nodes[i]
		if v.doc.named(k, name) {
			return Value{v.doc, i + 1}
		}
		i = v.doc.nodes[i+1].next
	}
	return Value{}
}

// At follows member names, taking the first element of an array on the way.
func (v Value) At(names ...string) Value {
	for _, name := range names {
		v = v.Get(name)
		if v.Kind() == Array {
			v = v.Item(0)
		}
	}
	return v
}

// Members yields an object's members in order.
func (v Value) Members() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		if v.Kind() != Object {
			return
		}
		end := v.node().next
		for i := v.at + 1; i < end; {
			k := &v.doc.nodes[i]
			if !yield(text(v.doc.data[k.start:k.end], k.escaped), Value{v.doc, i + 1}) {
				return
			}
			i = v.doc.nodes[i+1].next
		}
	}
}

// Fields is Members with the names as bytes, which the caller must not change:
// they are not copied where there is nothing to decode.
func (v Value) Fields() iter.Seq2[[]byte, Value] {
	return func(yield func([]byte, Value) bool) {
		if v.Kind() != Object {
			return
		}
		end := v.node().next
		for i := v.at + 1; i < end; {
			k := &v.doc.nodes[i]
			name := v.doc.data[k.start+1 : k.end-1]
			if k.escaped {
				name = []byte(text(v.doc.data[k.start:k.end], true))
			}
			if !yield(name, Value{v.doc, i + 1}) {
				return
			}
			i = v.doc.nodes[i+1].next
		}
	}
}

// Items yields an array's elements in order; a value that is there and is no
// array yields itself, so that callers need not ask which of the two it is.
func (v Value) Items() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		switch v.Kind() {
		case None:
		case Array:
			end := v.node().next
			for i := v.at + 1; i < end; i = v.doc.nodes[i].next {
				if !yield(Value{v.doc, i}) {
					return
				}
			}
		default:
			yield(v)
		}
	}
}

// Item returns the i-th element of an array, or a Value that is not there.
func (v Value) Item(i int) Value {
	if v.Kind() != Array {
		return Value{}
	}
	end := v.node().next
	for at := v.at + 1; at < end; at = v.doc.nodes[at].next {
		if i == 0 {
			return Value{v.doc, at}
		}
		i--
	}
	return Value{}
}

// Len returns the number of elements of an array or members of an object.
func (v Value) Len() int {
	n := 0
	switch v.Kind() {
	case Array:
		for i := v.at + 1; i < v.node().next; i = v.doc.nodes[i].next {
			n++
		}
	case Object:
		for i := v.at + 1; i < v.node().next; i = v.doc.nodes[i+1].next {
			n++
		}
	}
	return n
}

// Where returns the value's place in its document as a FHIRPath location, such
// as Patient.name[0].given[1]. It starts with the resource type of the root, if
// that has one.
func (v Value) Where() string {
	if v.doc == nil {
		return ""
	}
	var b strings.Builder
	at := v.doc.Root()
	b.WriteString(at.Get("resourceType").Text())
	for at.at != v.at {
		switch at.Kind() {
		case Object:
			for name, member := range at.Members() {
				if v.at < member.node().next {
					if b.Len() > 0 {
						b.WriteByte('.')
					}
					b.WriteString(name)
					at = member
					break
				}
			}
		case Array:
			i := 0
			for item := range at.Items() {
				if v.at < item.node().next {
					fmt.Fprintf(&b, "[%d]", i)
					at = item
					break
				}
				i++
			}
		default:
			return b.String() // cannot be: only containers hold values
		}
	}
	return b.String()
}

// named reports whether a member's name, at k, is name.
func (d *Doc) named(k *node, name string) bool {
	if k.escaped {
		return text(d.data[k.start:k.end], true) == name
	}
	return int(k.end-k.start) == len(name)+2 && string(d.data[k.start+1:k.end-1]) == name
}

// text decodes a JSON string, quotes included, whose syntax was checked.
func text(quoted []byte, escaped bool) string {
	inner := quoted[1 : len(quoted)-1]
	if !escaped {
		return string(inner)
	}
	out := make([]byte, 0, len(inner))
	for {
		i := bytes.IndexByte(inner, '\\')
		if i < 0 {
			return string(append(out, inner...))
		}
		out = append(out, inner[:i]...)
		c := inner[i+1]
		inner = inner[i+2:]
		switch c {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r := hex4(inner)
			inner = inner[4:]
			if r >= 0xD800 && r < 0xDC00 && len(inner) >= 6 { // the checker leaves only whole pairs
				r = (r-0xD800)<<10 | (hex4(inner[2:]) - 0xDC00) + 0x10000
				inner = inner[6:]
			}
			out = utf8.AppendRune(out, r)
		default: // quote, backslash, slash
			out = append(out, c)
		}
	}
}

func hex4(b []byte) rune {
	n, err := strconv.ParseUint(string(b[:4]), 16, 32)
	if err != nil {
		return utf8.RuneError // cannot be: the syntax was checked
	}
	return rune(n)
}

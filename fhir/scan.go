package fhir

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// scanner checks JSON and indexes it in one pass. Its methods take the index of
// a value's first byte and return that after its last, or -1 once something is
// wrong.
type scanner struct {
	data    []byte
	nodes   []node
	depth   int
	doubled []uint32 // values whose name was there before
	failed  int      // where the fault of syntax is
	say     string   // and what it is; empty while there is none
}

const (
	tooDeep  = "it is nested too deep"
	endsHere = "it ends too early"
)

func (s *scanner) fail(at int, say string) int {
	s.failed, s.say = at, say
	return -1
}

func (s *scanner) value(i int) int {
	if i >= len(s.data) {
		return s.fail(i, endsHere)
	}
	var n node
	var end int
	switch c := s.data[i]; c {
	case '"':
		n.kind = String
		end, n.escaped = s.str(i)
	case '{':
		return s.object(i)
	case '[':
		return s.array(i)
	case 't':
		n.kind, end = Bool, s.literal(i, "true")
	case 'f':
		n.kind, end = Bool, s.literal(i, "false")
	case 'n':
		n.kind, end = Null, s.literal(i, "null")
	default:
		n.kind, end = Number, s.number(i)
	}
	if end < 0 {
		return -1
	}
	n.start, n.end, n.next = uint32(i), uint32(end), uint32(len(s.nodes)+1)
	s.nodes = append(s.nodes, n)
	return end
}

func (s *scanner) literal(i int, want string) int {
	if len(s.data)-i < len(want) {
		return s.fail(len(s.data), endsHere)
	}
	if string(s.data[i:i+len(want)]) != want {
		return s.fail(i, "a value must be a string, number, object, array, true, false or null")
	}
	return i + len(want)
}

// open records a container that starts at i and returns its node's index.
func (s *scanner) open(i int, kind Kind) (at int, ok bool) {
	if s.depth++; s.depth > MaxDepth {
		s.fail(i, tooDeep)
		return 0, false
	}
	at = len(s.nodes)
	s.nodes = append(s.nodes, node{start: uint32(i), kind: kind})
	return at, true
}

// close completes a container that ends before end.
func (s *scanner) close(at, end int) int {
	s.depth--
	n := &s.nodes[at]
	n.end, n.next = uint32(end), uint32(len(s.nodes))
	return end
}

func (s *scanner) array(i int) int {
	at, ok := s.open(i, Array)
	if !ok {
		return -1
	}
	i = blank(s.data, i+1)
	if i < len(s.data) && s.data[i] == ']' {
		return s.close(at, i+1)
	}
	for {
		if i = s.value(i); i < 0 {
			return -1
		}
		i = blank(s.data, i)
		switch {
		case i >= len(s.data):
			return s.fail(i, endsHere)
		case s.data[i] == ']':
			return s.close(at, i+1)
		case s.data[i] != ',':
			return s.fail(i, "after an element of an array there must be a comma or ]")
		}
		i = blank(s.data, i+1)
	}
}

func (s *scanner) object(i int) int {
	at, ok := s.open(i, Object)
	if !ok {
		return -1
	}
	i = blank(s.data, i+1)
	if i < len(s.data) && s.data[i] == '}' {
		return s.close(at, i+1)
	}
	var names uint64 // a bit for each name met, by its hash
	doubtful := false
	for {
		if i >= len(s.data) {
			return s.fail(i, endsHere)
		}
		if s.data[i] != '"' {
			return s.fail(i, "a name must be a string in double quotes")
		}
		end, escaped := s.str(i)
		if end < 0 {
			return -1
		}
		bit := uint64(1) << (nameHash(s.data[i+1:end-1]) & 63)
		doubtful = doubtful || escaped || names&bit != 0
		names |= bit
		s.nodes = append(s.nodes, node{start: uint32(i), end: uint32(end), next: uint32(len(s.nodes) + 1), kind: key, escaped: escaped})
		i = blank(s.data, end)
		if i >= len(s.data) {
			return s.fail(i, endsHere)
		}
		if s.data[i] != ':' {
			return s.fail(i, "after a name there must be a colon")
		}
		if i = s.value(blank(s.data, i+1)); i < 0 {
			return -1
		}
		i = blank(s.data, i)
		switch {
		case i >= len(s.data):
			return s.fail(i, endsHere)
		case s.data[i] == '}':
			s.close(at, i+1)
			if doubtful {
				s.duplicates(uint32(at))
			}
			return i + 1
		case s.data[i] != ',':
			return s.fail(i, "after a member of an object there must be a comma or }")
		}
		i = blank(s.data, i+1)
	}
}

// nameHash spreads names over 64 bits, so that a name met for the first time is
// mostly known to be so without comparing it with the others.
func nameHash(name []byte) uint64 {
	var h uint64
	switch n := len(name); {
	case n >= 8:
		h = binary.LittleEndian.Uint64(name) ^ bits.RotateLeft64(binary.LittleEndian.Uint64(name[n-8:]), 23)
	case n >= 4:
		h = uint64(binary.LittleEndian.Uint32(name)) | uint64(binary.LittleEndian.Uint32(name[n-4:]))<<32
	case n > 0:
		h = uint64(name[0]) | uint64(name[n/2])<<8 | uint64(name[n-1])<<16
	}
	h = (h ^ uint64(len(name))) * 0x9E3779B97F4A7C15
	return h >> 58
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// unplain has the high bit set in each byte of w that is a quote, a backslash, a
// control character or not ASCII; above the first such byte it may err.
func unplain(w uint64) uint64 {
	quote := w ^ '"'*ones
	slash := w ^ '\\'*ones
	return ((quote-ones)&^quote | (slash-ones)&^slash | (w-' '*ones)&^w | w) & highs
}

// str reads the string that opens at i, and tells whether a backslash is in it.
func (s *scanner) str(i int) (end int, escaped bool) {
	data, from, ascii := s.data, i, true
	i++
	for {
		for i+8 <= len(data) {
			if bad := unplain(binary.LittleEndian.Uint64(data[i:])); bad != 0 {
				i += bits.TrailingZeros64(bad) >> 3
				break
			}
			i += 8
		}
		if i >= len(data) {
			return s.fail(i, endsHere), false
		}
		switch c := data[i]; {
		case c == '"':
			if !ascii && !utf8.Valid(data[from+1:i]) {
				return s.fail(from, "a string is not UTF-8"), false
			}
			return i + 1, escaped
		case c == '\\':
			escaped = true
			if i = s.escape(i); i < 0 {
				return -1, false
			}
		case c < ' ':
			return s.fail(i, "a control character in a string must be written as an escape, such as \\n"), false
		case c >= utf8.RuneSelf:
			ascii = false
			i++
		default:
			i++
		}
	}
}

// escape reads the escape at i.
func (s *scanner) escape(i int) int {
	data := s.data
	if i+1 >= len(data) {
		return s.fail(len(data), endsHere)
	}
	switch data[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
	default:
		return s.fail(i, "there is no such escape in JSON")
	}
	r, ok := hexRune(data, i)
	if !ok {
		return s.fail(i, "after \\u there must be four hexadecimal digits")
	}
	if r < 0xD800 || r > 0xDFFF {
		return i + 6
	}
	if low, ok := hexRune(data, i+6); r < 0xDC00 && ok && low >= 0xDC00 && low <= 0xDFFF {
		return i + 12
	}
	return s.fail(i, "half of a surrogate pair stands alone")
}

// hexRune reads \uXXXX at i.
func hexRune(data []byte, i int) (rune, bool) {
	if i+6 > len(data) || data[i] != '\\' || data[i+1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range data[i+2 : i+6] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

func (s *scanner) number(i int) int {
	data, from := s.data, i
	if data[i] == '-' {
		i++
	}
	whole := digits(data, i)
	switch {
	case whole == 0 && i == from:
		return s.fail(from, "a value must be a string, number, object, array, true, false or null")
	case whole == 0:
		return s.fail(i, "a number must have a digit here")
	case whole > 1 && data[i] == '0':
		return s.fail(i, "a number may not begin with 0")
	}
	i += whole
	if i < len(data) && data[i] == '.' {
		n := digits(data, i+1)
		if n == 0 {
			return s.fail(i+1, "a number must have a digit here")
		}
		i += 1 + n
	}
	if i < len(data) && data[i]|0x20 == 'e' {
		i++
		if i < len(data) && (data[i] == '+' || data[i] == '-') {
			i++
		}
		n := digits(data, i)
		if n == 0 {
			return s.fail(i, "a number must have a digit here")
		}
		i += n
	}
	return i
}

// digits returns how many digits there are from i on.
func digits(data []byte, i int) int {
	n := 0
	for i+n < len(data) && data[i+n]-'0' <= 9 {
		n++
	}
	return n
}

// blank returns the first index at or after i that is not white space.
func blank(data []byte, i int) int {
	for i < len(data) && data[i] <= ' ' {
		switch data[i] {
		case ' ':
			for i+8 <= len(data) && binary.LittleEndian.Uint64(data[i:]) == ' '*ones {
				i += 8
			}
			for i < len(data) && data[i] == ' ' {
				i++
			}
		case '\n', '\r', '\t':
			i++
		default:
			return i
		}
	}
	return i
}

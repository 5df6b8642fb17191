package bundle

import "bytes"

// valueEnd returns the index after the JSON value that starts at or after i,
// white space skipped, and whether data holds the whole of it. It counts
// brackets and skips strings and checks nothing else: what it delimits is
// parsed strictly afterwards.
func valueEnd(data []byte, i int) (start, end int, ok bool) {
	i = skipSpace(data, i)
	start = i
	if i == len(data) {
		return start, i, false
	}
	switch data[i] {
	case '"':
		end, ok = stringEnd(data, i)
		return start, end, ok
	case '{', '[':
	default: // a number, true, false, null
		for i < len(data) && !isSpace(data[i]) && data[i] != ',' && data[i] != '}' && data[i] != ']' {
			i++
		}
		return start, i, i > start
	}
	depth := 0
	for i < len(data) {
		switch sign[data[i]] {
		case opens:
			depth++
		case closes:
			if depth--; depth == 0 {
				return start, i + 1, true
			}
		case quotes:
			if i, ok = stringEnd(data, i); !ok {
				return start, len(data), false
			}
			continue
		}
		i++
	}
	return start, len(data), false
}

// sign says which bytes mean something outside a string.
var sign = [256]byte{'{': opens, '[': opens, '}': closes, ']': closes, '"': quotes}

const (
	opens = 1 + iota
	closes
	quotes
)

// stringEnd returns the index after the string that starts at i.
func stringEnd(data []byte, i int) (int, bool) {
	for i++; ; i++ {
		n := bytes.IndexByte(data[i:], '"')
		if n < 0 {
			return len(data), false
		}
		i += n
		escapes := 0
		for data[i-1-escapes] == '\\' { // ends at the opening quote at the latest
			escapes++
		}
		if escapes%2 == 0 {
			return i + 1, true
		}
	}
}

func skipSpace(data []byte, i int) int {
	for i < len(data) && isSpace(data[i]) {
		i++
	}
	return i
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

// members goes over the object that starts at i. For each member visit is told
// the raw name and where the value starts, and returns where it ends, or a
// negative number to stop. The result is the index after the object, negative
// when it was stopped or is not an object.
func members(data []byte, i int, visit func(name []byte, at int) int) int {
	return list(data, i, '{', '}', func(at int) int {
		_, end, ok := valueEnd(data, at)
		if !ok || data[at] != '"' {
			return -1
		}
		colon := skipSpace(data, end)
		if colon == len(data) || data[colon] != ':' {
			return -1
		}
		return visit(data[at:end], skipSpace(data, colon+1))
	})
}

// elements is members for an array.
func elements(data []byte, i int, visit func(at int) int) int {
	return list(data, i, '[', ']', visit)
}

func list(data []byte, i int, open, shut byte, visit func(at int) int) int {
	if i == len(data) || data[i] != open {
		return -1
	}
	if i = skipSpace(data, i+1); i < len(data) && data[i] == shut {
		return i + 1
	}
	for i < len(data) {
		if i = visit(i); i < 0 {
			return -1
		}
		if i = skipSpace(data, i); i == len(data) {
			return -1
		}
		switch data[i] {
		case shut:
			return i + 1
		case ',':
			i = skipSpace(data, i+1)
		default:
			return -1
		}
	}
	return -1
}

// over returns where the value at i ends, negative when it does not.
func over(data []byte, i int) int {
	if _, end, ok := valueEnd(data, i); ok {
		return end
	}
	return -1
}

package bundle

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
		switch data[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return start, i + 1, true
			}
		case '"':
			if i, ok = stringEnd(data, i); !ok {
				return start, len(data), false
			}
			continue
		}
		i++
	}
	return start, len(data), false
}

// stringEnd returns the index after the string that starts at i.
func stringEnd(data []byte, i int) (int, bool) {
	for i++; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1, true
		}
	}
	return len(data), false
}

func skipSpace(data []byte, i int) int {
	for i < len(data) && isSpace(data[i]) {
		i++
	}
	return i
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

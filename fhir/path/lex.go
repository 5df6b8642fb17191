package path

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// tokenKind is what a token is.
type tokenKind uint8

const (
	end        tokenKind = iota
	name                 // an identifier or keyword, as written
	quotedName           // an identifier between back-ticks, decoded
	text                 // a string, decoded
	number               // digits, with a point or not
	instant              // a date, dateTime or time, without its @
	variable             // $this, $index, $total, without the $
	symbol               // an operator or bracket
)

type token struct {
	kind tokenKind
	text string
	at   int // where it starts, in bytes
}

// lexer cuts an expression into tokens.
type lexer struct {
	in string
	at int
}

// tokens returns all tokens of an expression, the last of kind end.
func tokens(in string) ([]token, error) {
	lx := lexer{in: in}
	out := make([]token, 0, len(in)/4+2)
	for {
		t, err := lx.next()
		if err != nil {
			return nil, err
		}
		out = append(out, t)
		if t.kind == end {
			return out, nil
		}
	}
}

func (lx *lexer) next() (token, error) {
	if err := lx.skip(); err != nil {
		return token{}, err
	}
	start := lx.at
	if start >= len(lx.in) {
		return token{kind: end, at: start}, nil
	}
	switch c := lx.in[start]; {
	case isLetter(c):
		lx.at += span(lx.in[start:], isWord)
		return token{name, lx.in[start:lx.at], start}, nil
	case isDigit(c):
		return lx.number(), nil
	case c == '\'':
		s, err := lx.quoted('\'')
		return token{text, s, start}, err
	case c == '`':
		s, err := lx.quoted('`')
		return token{quotedName, s, start}, err
	case c == '@':
		return lx.instant()
	case c == '$':
		n := span(lx.in[start+1:], isWord)
		lx.at += 1 + n
		return token{variable, lx.in[start+1 : lx.at], start}, nil
	}
	for _, s := range symbols {
		if strings.HasPrefix(lx.in[start:], s) {
			lx.at += len(s)
			return token{symbol, s, start}, nil
		}
	}
	return token{}, syntax(start, "this character has no meaning here")
}

// symbols are longest first.
var symbols = []string{
	"!=", "!~", "<=", ">=",
	"(", ")", "[", "]", "{", "}", ".", ",", "+", "-", "*", "/", "&", "|", "=", "~", "<", ">", "%",
}

// skip passes over white space and comments.
func (lx *lexer) skip() error {
	for lx.at < len(lx.in) {
		rest := lx.in[lx.at:]
		switch {
		case strings.IndexByte(" \t\r\n", rest[0]) >= 0:
			lx.at++
		case strings.HasPrefix(rest, "//"):
			n := strings.IndexByte(rest, '\n')
			if n < 0 {
				n = len(rest)
			}
			lx.at += n
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest[2:], "*/")
			if n < 0 {
				return syntax(lx.at, "a comment starts and does not end; close it with */")
			}
			lx.at += n + 4
		default:
			return nil
		}
	}
	return nil
}

func (lx *lexer) number() token {
	start := lx.at
	lx.at += span(lx.in[lx.at:], isDigit)
	// A point is part of the number only before a digit: 1.toString() calls.
	if lx.at+1 < len(lx.in) && lx.in[lx.at] == '.' && isDigit(lx.in[lx.at+1]) {
		lx.at++
		lx.at += span(lx.in[lx.at:], isDigit)
	}
	return token{number, lx.in[start:lx.at], start}
}

// instant reads what follows an @: a date, a dateTime (with T) or a time (from
// T). Whether its numbers make sense is for the parser.
func (lx *lexer) instant() (token, error) {
	start := lx.at
	lx.at++
	digits := func(n int) bool {
		rest := lx.in[lx.at:]
		if len(rest) < n || span(rest[:n], isDigit) < n {
			return false
		}
		lx.at += n
		return true
	}
	after := func(lead string, n int) bool { // lead and n digits, or nothing
		was := lx.at
		if strings.HasPrefix(lx.in[lx.at:], lead) {
			lx.at += len(lead)
			if digits(n) {
				return true
			}
		}
		lx.at = was
		return false
	}
	clock := func() bool {
		if !digits(2) {
			return false
		}
		if !after(":", 2) { // minutes
			return true
		}
		if after(":", 2) && after(".", 1) {
			lx.at += span(lx.in[lx.at:], isDigit)
		}
		return true
	}
	whole := func() (token, error) { return token{instant, lx.in[start+1 : lx.at], start}, nil }
	if after("T", 0) {
		if !clock() {
			return token{}, syntax(start, "a time is written @T14:30:00")
		}
		return whole()
	}
	if !digits(4) {
		return token{}, syntax(start, "a date is written @2024-01-31, a time @T14:30:00")
	}
	if after("-", 2) {
		after("-", 2)
	}
	if !after("T", 0) || !clock() {
		return whole()
	}
	if after("Z", 0) {
		return whole()
	}
	if was := lx.at; after("+", 2) || after("-", 2) {
		if !after(":", 2) {
			lx.at = was
		}
	}
	return whole()
}

// quoted reads to the closing quote, and decodes what is between.
func (lx *lexer) quoted(quote byte) (string, error) {
	start := lx.at
	lx.at++
	var b strings.Builder
	for lx.at < len(lx.in) {
		switch c := lx.in[lx.at]; c {
		case quote:
			lx.at++
			return b.String(), nil
		case '\\':
			r, err := lx.escape()
			if err != nil {
				return "", err
			}
			b.WriteRune(r)
		default:
			b.WriteByte(c)
			lx.at++
		}
	}
	return "", syntax(start, "a quote is opened and not closed")
}

// escape reads one escape, \uXXXX\uXXXX where two make one character.
func (lx *lexer) escape() (rune, error) {
	start := lx.at
	lx.at++
	if lx.at >= len(lx.in) {
		return 0, syntax(start, "a backslash ends the expression")
	}
	c := lx.in[lx.at]
	lx.at++
	switch c {
	case '\'', '"', '`', '\\', '/':
		return rune(c), nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		r, ok := hex4(lx.in[lx.at:])
		if !ok {
			return 0, syntax(start, `\u is followed by four hexadecimal digits`)
		}
		lx.at += 4
		if utf16.IsSurrogate(r) {
			if low, ok := hex4(strings.TrimPrefix(lx.in[lx.at:], `\u`)); ok && strings.HasPrefix(lx.in[lx.at:], `\u`) {
				if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
					lx.at += 6
					return both, nil
				}
			}
			return 0, syntax(start, `half a character: a surrogate stands alone`)
		}
		return r, nil
	}
	return 0, syntax(start, `the escapes are \' \" \`+"`"+` \\ \/ \f \n \r \t and \u with four digits`)
}

func hex4(s string) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(s[:4], 16, 32)
	return rune(n), err == nil
}

func span(s string, in func(byte) bool) int {
	for i := range len(s) {
		if !in(s[i]) {
			return i
		}
	}
	return len(s)
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isWord(c byte) bool   { return isLetter(c) || isDigit(c) }

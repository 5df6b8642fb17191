package search

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// appendNormal appends text as string searches compare it: in lower case,
// without accents and punctuation, each run of white space one space, none at
// the ends. The letters of Latin alphabets that no accent makes, such as ø and
// ß, become what people type for them.
func appendNormal(dst, text []byte) []byte {
	start := len(dst)
	space := false
	for i, c := range text {
		switch {
		case c >= utf8.RuneSelf:
			return appendNormalRunes(dst, start, space, text[i:])
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', symbols[c]:
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c <= ' ':
			space = true
			continue
		default: // punctuation and controls
			continue
		}
		if space && len(dst) > start {
			dst = append(dst, ' ')
		}
		space = false
		dst = append(dst, c)
	}
	return dst
}

// symbols are the ASCII characters that are neither letters, digits nor
// punctuation.
var symbols = [utf8.RuneSelf]bool{'$': true, '+': true, '<': true, '=': true, '>': true, '^': true, '`': true, '|': true, '~': true}

func appendNormalRunes(dst []byte, start int, space bool, text []byte) []byte {
	for _, r := range string(norm.NFKD.Bytes(text)) {
		switch {
		case unicode.Is(unicode.Mn, r), unicode.IsPunct(r):
			continue
		case unicode.IsSpace(r):
			space = true
			continue
		case unicode.IsControl(r):
			continue
		}
		if space && len(dst) > start {
			dst = append(dst, ' ')
		}
		space = false
		r = unicode.ToLower(r)
		if plain, ok := letters[r]; ok {
			dst = append(dst, plain...)
			continue
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

var letters = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'đ': "d", 'ð': "d", 'ħ': "h",
	'ı': "i", 'ł': "l", 'ŋ': "ng", 'þ': "th", 'ŧ': "t", 'ʻ': "", 'ʼ': "", 'ς': "σ",
}

// appendFolded appends a token as tokens compare: without regard to case, which
// R4 asks for where a code system does not say otherwise (section 3.1.1.4.10).
func appendFolded(dst, code []byte) []byte {
	for i, c := range code {
		switch {
		case c >= utf8.RuneSelf:
			for _, r := range string(code[i:]) {
				dst = utf8.AppendRune(dst, unicode.ToLower(r))
			}
			return dst
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// cut shortens a normalised text to what is kept as a key.
func cut(text []byte) (kept []byte, shortened bool) {
	if len(text) <= maxText {
		return text, false
	}
	end := maxText
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end], true
}

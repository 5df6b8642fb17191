package r4

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// narrative returns what is wrong with the XHTML of a narrative, or nothing: it
// must be one well-formed <div> in the XHTML namespace, of the elements and
// attributes that R4 allows (txt-1), with something in it to see (txt-2), and
// must not run or load anything hidden.
//
// The first fault is enough, since what follows one in XML is guesswork.
//
// Source: https://hl7.org/fhir/R4/narrative.html#xhtml
func narrative(text []byte) string {
	s := xhtml{text: bytes.TrimSpace(text)}
	if !bytes.HasPrefix(s.text, []byte("<div")) {
		return "Narrative must be XHTML in one <div>."
	}
	for s.at < len(s.text) && s.fault == "" {
		if s.text[s.at] == '<' {
			s.markup()
			continue
		}
		if len(s.open) == 0 {
			return "There is something outside of the narrative's <div>."
		}
		s.characters()
	}
	switch {
	case s.fault != "":
		return s.fault
	case len(s.open) > 0:
		return "In the narrative, <" + s.open[len(s.open)-1] + "> is not closed."
	case !s.visible:
		return "The narrative is empty: it must have text or an image."
	}
	return ""
}

// xhtml reads the text of a narrative.
type xhtml struct {
	text    []byte
	at      int
	open    []string // elements not closed yet
	closed  bool     // the outermost element
	visible bool
	fault   string
}

func (s *xhtml) fail(say string) { s.fault = "In the narrative, " + say + "." }

// characters reads text up to the next tag.
func (s *xhtml) characters() {
	end := bytes.IndexByte(s.text[s.at:], '<')
	if end < 0 {
		end = len(s.text) - s.at
	}
	text := s.text[s.at : s.at+end]
	s.at += end
	if bytes.Contains(text, []byte("]]>")) {
		s.fail("]]> must be written ]]&gt;")
		return
	}
	if decoded, ok := s.decode(text); ok && !s.visible {
		s.visible = len(bytes.TrimSpace(decoded)) > 0
	}
}

// decode checks the characters of text or of an attribute and replaces
// references such as &amp; in them.
func (s *xhtml) decode(text []byte) ([]byte, bool) {
	for _, c := range text {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			s.fail("there is a control character")
			return nil, false
		}
	}
	if bytes.IndexByte(text, '&') < 0 {
		return text, true
	}
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		i := bytes.IndexByte(text, '&')
		if i < 0 {
			return append(out, text...), true
		}
		out = append(out, text[:i]...)
		text = text[i:]
		end := bytes.IndexByte(text, ';')
		if end < 0 || end > 12 {
			s.fail("& must be written &amp;")
			return nil, false
		}
		r, ok := entity(string(text[1:end]))
		if !ok {
			s.fail("there is a reference (&…;) that XML does not know; write the character itself")
			return nil, false
		}
		out = append(out, string(r)...)
		text = text[end+1:]
	}
	return out, true
}

// entity returns the character of a reference: XML's five names or a number.
func entity(name string) (rune, bool) {
	switch name {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	digits, numeric := strings.CutPrefix(name, "#")
	if !numeric {
		return 0, false
	}
	base := 10
	if hex, ok := strings.CutPrefix(digits, "x"); ok {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 21)
	r := rune(n)
	valid := r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r < 0xD800 || r >= 0xE000 && r <= 0x10FFFF && r != 0xFFFE && r != 0xFFFF
	return r, err == nil && valid
}

// markup reads a tag or comment.
func (s *xhtml) markup() {
	rest := s.text[s.at:]
	switch {
	case bytes.HasPrefix(rest, []byte("<!--")):
		end := bytes.Index(rest[4:], []byte("--"))
		if end < 0 || len(rest) < 4+end+3 || rest[4+end+2] != '>' {
			s.fail("a comment is not closed by -->, or has -- in it")
			return
		}
		s.at += 4 + end + 3
	case bytes.HasPrefix(rest, []byte("<!")), bytes.HasPrefix(rest, []byte("<?")):
		s.fail("there may be no declarations, sections or processing instructions")
	case bytes.HasPrefix(rest, []byte("</")):
		s.endTag(rest)
	default:
		s.startTag(rest)
	}
}

func (s *xhtml) endTag(rest []byte) {
	end := bytes.IndexByte(rest, '>')
	if end < 0 {
		s.fail("a tag is not closed by >")
		return
	}
	name := strings.TrimRight(string(rest[2:end]), " \t\r\n")
	if len(s.open) == 0 || s.open[len(s.open)-1] != name {
		s.fail("a closing tag does not match the element it closes")
		return
	}
	s.open = s.open[:len(s.open)-1]
	s.closed = len(s.open) == 0
	s.at += end + 1
}

func (s *xhtml) startTag(rest []byte) {
	n := nameLen(rest[1:])
	name := string(rest[1 : 1+n])
	switch {
	case s.closed:
		s.fault = "There is something outside of the narrative's <div>."
		return
	case n == 0:
		s.fail("< must be written &lt;")
		return
	case !allowedElements[name] && isName([]byte(name)):
		s.fail("the element <" + name + "> is not allowed")
		return
	case !allowedElements[name]:
		s.fail("there is an element that is not allowed")
		return
	}
	i, attributes := s.attributes(rest, 1+n, name)
	if s.fault != "" || !s.namespaced(attributes) {
		return
	}
	s.visible = s.visible || name == "img"
	if rest[i] == '/' {
		s.closed = len(s.open) == 0
		s.at += i + 2
		return
	}
	s.open = append(s.open, name)
	if len(s.open) > maxNesting {
		s.fail("elements are nested too deep")
	}
	s.at += i + 1
}

// attributes reads a tag's attributes and returns where its closing > or />
// stands.
func (s *xhtml) attributes(rest []byte, i int, element string) (end int, names []string) {
	for {
		from := i
		for i < len(rest) && isBlank(rest[i]) {
			i++
		}
		switch {
		case i >= len(rest):
			s.fail("a tag is not closed by >")
			return i, names
		case rest[i] == '>', rest[i] == '/' && i+1 < len(rest) && rest[i+1] == '>':
			return i, names
		case i == from:
			s.fail("there must be a space before an attribute")
			return i, names
		}
		var name string
		if i, name = s.attribute(rest, i, element); s.fault != "" {
			return i, names
		}
		if slices.Contains(names, name) {
			s.fail("an attribute is there twice in one tag")
			return i, names
		}
		names = append(names, name)
	}
}

// maxNesting is how deep elements may be nested in a narrative.
const maxNesting = 100

// namespaced reports whether the outermost tag, if it is that, has the
// namespace among its attributes.
func (s *xhtml) namespaced(attributes []string) bool {
	if len(s.open) > 0 {
		return true
	}
	if slices.Contains(attributes, "xmlns") {
		return true
	}
	s.fail(`the outer element must be <div xmlns="http://www.w3.org/1999/xhtml">`)
	return false
}

// attribute reads name="value" at i and returns the end and the name.
func (s *xhtml) attribute(rest []byte, i int, element string) (end int, name string) {
	n := nameLen(rest[i:])
	name = string(rest[i : i+n])
	i += n
	for i < len(rest) && isBlank(rest[i]) {
		i++
	}
	if n == 0 || i >= len(rest) || rest[i] != '=' {
		s.fail("an attribute must be written name=\"value\"")
		return i, name
	}
	i++
	for i < len(rest) && isBlank(rest[i]) {
		i++
	}
	if i >= len(rest) || rest[i] != '"' && rest[i] != '\'' {
		s.fail("an attribute's value must be in quotes")
		return i, name
	}
	length := bytes.IndexByte(rest[i+1:], rest[i])
	if length < 0 {
		s.fail("an attribute's closing quote is missing")
		return i, name
	}
	raw := rest[i+1 : i+1+length]
	if bytes.IndexByte(raw, '<') >= 0 {
		s.fail("< in an attribute must be written &lt;")
		return i, name
	}
	if value, ok := s.decode(raw); ok {
		s.permit(element, name, string(value))
	}
	return i + 1 + length + 1, name
}

func nameLen(t []byte) int {
	n := 0
	for n < len(t) {
		c := t[n]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || n > 0 && (isDigit(c) || c == ':' || c == '-' || c == '_' || c == '.') {
			n++
			continue
		}
		break
	}
	return n
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

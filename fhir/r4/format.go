package r4

import (
	"bytes"
	"unicode/utf8"

	"joinery/fhir"
)

// maxString is how many bytes a string may have: R4's 1 MB.
const maxString = 1 << 20

// primitive checks a primitive's JSON type and format, and its code.
func (w *walker) primitive(e *Elem, v fhir.Value) {
	p := e.of.primitive
	f := &formats[p]
	if v.Kind() != f.kind {
		w.fault("structure", "This must be "+f.must+", not "+kindName(v.Kind())+".")
		return
	}
	if f.kind == fhir.Bool {
		return
	}
	text := v.TextBytes()
	switch {
	case len(text) == 0:
		w.fault("value", "A string may not be empty; leave the element out.")
	case !f.ok(text):
		w.fault("value", "This must be "+f.must+".")
	case p == pXHTML:
		if fault := narrative(text); fault != "" {
			w.fault("invalid", fault)
		}
	case e.set != nil && !e.set.HasCode(text):
		w.fault("code-invalid", "This code is not one of those that may stand here: "+choices(e.set)+".")
	}
}

// format is how JSON writes a primitive.
type format struct {
	kind fhir.Kind
	must string // "This must be …"
	ok   func(text []byte) bool
}

// formats are the primitives' formats, by primitive.
//
// Source: https://hl7.org/fhir/R4/datatypes.html#primitive; dates are held to
// the calendar besides.
var formats = [...]format{
	pBase64Binary: {fhir.String, "base64 text", isBase64},
	pBoolean:      {fhir.Bool, "true or false, without quotes", nil},
	pCanonical:    {fhir.String, "the canonical URL of a definition, without spaces", isURI},
	pCode:         {fhir.String, "a code: no spaces at its ends, nor two together", isCode},
	pDate:         {fhir.String, "a date such as 1951-06-04, 1951-06 or 1951", isDate},
	pDateTime:     {fhir.String, "a date, or a date and time with its zone, such as 2015-02-07T13:28:17+01:00", isDateTime},
	pDecimal:      {fhir.Number, "a number, without quotes, of at most 64 characters and between 1e-300 and 1e300", isDecimal},
	pID:           {fhir.String, "an id: 1 to 64 letters, digits, hyphens and dots", isID},
	pInstant:      {fhir.String, "an instant to the second or finer with its zone, such as 2015-02-07T13:28:17.239+02:00", isInstant},
	pInteger:      {fhir.Number, "a whole number of at most 32 bits, without quotes or decimal point", func(t []byte) bool { return isInteger(t, -1<<31) }},
	pMarkdown:     {fhir.String, "text without control characters, at most 1 MB", isText},
	pOID:          {fhir.String, "an OID such as urn:oid:1.2.3.4.5", isOID},
	pPositiveInt:  {fhir.Number, "a whole number from 1 to 2147483647, without quotes", func(t []byte) bool { return isInteger(t, 1) }},
	pString:       {fhir.String, "text without control characters, at most 1 MB, not only spaces", isText},
	pTime:         {fhir.String, "a time of day such as 13:28:17", isTime},
	pUnsignedInt:  {fhir.Number, "a whole number from 0 to 2147483647, without quotes", func(t []byte) bool { return isInteger(t, 0) }},
	pURI:          {fhir.String, "a URI, without spaces", isURI},
	pURL:          {fhir.String, "a URL, without spaces", isURI},
	pUUID:         {fhir.String, "a UUID such as urn:uuid:c757873d-ec9a-4326-a141-556f43239520, in small letters", isUUID},
	pXHTML:        {fhir.String, "XHTML", func([]byte) bool { return true }},
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isID(t []byte) bool { return len(t) <= 64 && fhir.ID(t).Valid() }

// isText reports whether a string has something to read in it and no control
// characters but tab and line ends.
func isText(t []byte) bool {
	if len(t) > maxString {
		return false
	}
	black := false
	for _, c := range t {
		if c > ' ' {
			black = true
		} else if c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return false
		}
	}
	return black && !(t[0] >= utf8.RuneSelf && len(bytes.TrimSpace(t)) == 0)
}

func isCode(t []byte) bool {
	blank := true // before here
	for _, c := range t {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			return false
		}
		now := c <= ' '
		if now && blank {
			return false
		}
		blank = now
	}
	return !blank
}

func isURI(t []byte) bool {
	for _, c := range t {
		if c <= ' ' || c == 0x7F {
			return false
		}
	}
	return true
}

// isInteger reports whether a JSON number is a whole one from least up to what
// 32 bits hold.
func isInteger(t []byte, least int64) bool {
	digits, negative := bytes.CutPrefix(t, []byte("-"))
	if len(digits) > 10 || negative && digits[0] == '0' {
		return false
	}
	n := int64(0)
	for _, c := range digits {
		if !isDigit(c) {
			return false
		}
		n = n*10 + int64(c-'0')
	}
	if negative {
		n = -n
	}
	return n >= least && n <= 1<<31-1
}

// isDecimal reports whether a JSON number is one that can be reckoned with: R4
// sets no bound, but a million digits or a power of a billion is an attack.
func isDecimal(t []byte) bool {
	if len(t) > 64 {
		return false
	}
	i := bytes.IndexAny(t, "eE")
	if i < 0 {
		return true
	}
	power := t[i+1:]
	if power[0] == '+' || power[0] == '-' {
		power = power[1:]
	}
	power = bytes.TrimLeft(power, "0")
	return len(power) < 3 || len(power) == 3 && string(power) <= "300"
}

func isBase64(t []byte) bool {
	n, padding := 0, 0
	for _, c := range t {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', isDigit(c), c == '+', c == '/':
			if padding > 0 {
				return false
			}
			n++
		case c == '=':
			padding++
			n++
		case c == ' ', c == '\n', c == '\r', c == '\t':
		default:
			return false
		}
	}
	return n > 0 && n%4 == 0 && padding <= 2
}

func isOID(t []byte) bool {
	t, ok := bytes.CutPrefix(t, []byte("urn:oid:"))
	if !ok || len(t) < 3 || t[0] < '0' || t[0] > '2' {
		return false
	}
	arcs := 0
	for arc := range bytes.SplitSeq(t, []byte(".")) {
		if len(arc) == 0 || len(arc) > 1 && arc[0] == '0' || arcs == 0 && len(arc) > 1 {
			return false
		}
		for _, c := range arc {
			if !isDigit(c) {
				return false
			}
		}
		arcs++
	}
	return arcs > 1
}

func isUUID(t []byte) bool { return hasUUID(t, false) }

// hasUUID reports whether t is urn:uuid: and a UUID, in small letters unless
// capitals may be in it too.
func hasUUID(t []byte, capitals bool) bool {
	t, ok := bytes.CutPrefix(t, []byte("urn:uuid:"))
	if !ok || len(t) != 36 {
		return false
	}
	for i, c := range t {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !isDigit(c) && (c < 'a' || c > 'f') && (!capitals || c < 'A' || c > 'F') {
				return false
			}
		}
	}
	return true
}

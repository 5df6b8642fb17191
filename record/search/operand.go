package search

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"net/url"
	"strconv"
	"strings"

	"joinery/fhir"
	"joinery/fhir/codes"
	"joinery/fhir/r4"
)

// prefix is how a date, number or quantity must compare.
type prefix uint8

const (
	equal prefix = iota
	notEqual
	less
	lessOrEqual
	greater
	greaterOrEqual
	startsAfter
	endsBefore
	about
)

var prefixes = []string{"eq", "ne", "lt", "le", "gt", "ge", "sa", "eb", "ap"}

func cutPrefix(value string) (prefix, string) {
	for i, name := range prefixes {
		if rest, ok := strings.CutPrefix(value, name); ok {
			return prefix(i), strings.TrimSpace(rest)
		}
	}
	return equal, value
}

// unitOperand is the unit of a quantity that is searched for.
type unitOperand struct {
	given     bool
	code      []byte
	system    []byte
	hash      uint32
	systemH   uint32 // 0: any
	canonical bool   // the bounds in canonical units follow, where candidates are
	converts  bool   // … and matches: R4 converts only what names the system UCUM
	base      uint32
	value     float64
	from, to  float64
}

// operand reads one value. What it cannot read it says in words.
func (p *parser) operand(in *indexed, m Modifier, value, narrowTo string) (o operand, say string) {
	switch m {
	case Text:
		return textOperand(value)
	case OfType:
		return ofTypeOperand(value)
	case Identifier:
		return tokenOperand(in, value)
	case NoModifier, Missing, Not, Exact, Contains, Above, Below:
	}
	switch in.Type {
	case r4.Token:
		if in.Code == "_id" {
			o.raw = []byte(unescape(value))
			return o, ""
		}
		return tokenOperand(in, value)
	case r4.String:
		return textOperand(value)
	case r4.Date:
		return p.dateOperand(value)
	case r4.Number:
		return numberOperand(value)
	case r4.Quantity:
		return quantityOperand(value)
	case r4.Reference:
		return p.referenceOperand(in, value, narrowTo)
	case r4.URI:
		o.code = []byte(unescape(value))
		o.hash = hashBytes(o.code)
		return o, ""
	case r4.Composite:
		return p.compositeOperand(in, value)
	case r4.Special:
	}
	return o, "it cannot be searched by."
}

func textOperand(value string) (o operand, say string) {
	o.raw = []byte(unescape(value))
	o.text = appendNormal(nil, o.raw)
	if len(o.text) == 0 {
		return o, "its value has neither letters nor digits to compare."
	}
	return o, ""
}

// tokenOperand reads code, system|code, |code or system|.
func tokenOperand(in *indexed, value string) (o operand, say string) {
	fields, _ := split(value, '|')
	switch len(fields) {
	case 1:
		o.anySystem = true
	case 2:
		o.system = []byte(unescape(strings.TrimSpace(fields[0])))
	default:
		return o, `it must be code, system|code, |code or system|; a bar within a value is written \|.`
	}
	code := unescape(strings.TrimSpace(fields[len(fields)-1]))
	if code == "" && len(o.system) == 0 {
		return o, "it names neither a code nor a system."
	}
	if len(o.system) > 0 {
		o.systemH = shortHash(o.system)
		for _, set := range in.sets {
			if has, known := codes.InValueSet(set, string(o.system), code); has || !known {
				o.implied = true
			}
		}
	}
	if code != "" {
		o.code = appendFolded(nil, []byte(code))
		o.hash = hashBytes(o.code)
	}
	return o, ""
}

// ofTypeOperand reads system|code|value: an identifier and the code of its type.
func ofTypeOperand(value string) (o operand, say string) {
	fields, _ := split(value, '|')
	if len(fields) != 3 || fields[1] == "" || fields[2] == "" {
		return o, "with :of-type it must be system|code|value: the identifier's type and its value."
	}
	o.kindIn = []byte(unescape(fields[0]))
	o.kindCode = appendFolded(nil, []byte(unescape(fields[1])))
	o.code = appendFolded(nil, []byte(unescape(fields[2])))
	o.hash, o.anySystem = hashBytes(o.code), true
	return o, ""
}

// shortHash is the hash of a system, base or unit: never 0, which is for none.
func shortHash(text []byte) uint32 { return max(hashShort(text), 1) }

func (p *parser) dateOperand(value string) (o operand, say string) {
	var text string
	o.prefix, text = cutPrefix(value)
	var ok bool
	if o.low, o.high, ok = period([]byte(text)); !ok {
		return o, "it must be a date such as 2024, 2024-05, 2024-05-17 or 2024-05-17T09:30:00Z, after eq, ne, lt, le, gt, ge, sa, eb, ap or nothing."
	}
	if o.prefix == about { // R4: a tenth of the time between now and the date
		now := p.opts.Now.UnixMilli()
		margin := max(now-o.high, o.low-now, 0) / 10
		o.low, o.high = o.low-margin, o.high+margin
	}
	return o, ""
}

func numberOperand(value string) (o operand, say string) {
	var text string
	o.prefix, text = cutPrefix(value)
	var ok bool
	if o.value, o.from, o.to, ok = precision(text); !ok {
		return o, "it must be a number such as 5, 0.25 or 1.5e-3, after eq, ne, lt, le, gt, ge, sa, eb, ap or nothing."
	}
	o.approximate()
	return o, ""
}

// approximate widens the bounds of "about" to a tenth of the value.
func (o *operand) approximate() {
	if o.prefix == about {
		margin := math.Abs(o.value) / 10
		o.from, o.to = min(o.from, o.value-margin), max(o.to, o.value+margin)
	}
}

// precision reads a number and the range that its digits stand for: 100 is
// [99.5, 100.5). R4 takes 1e2 for [95, 105): one digit more than is written.
func precision(text string) (value, from, to float64, ok bool) {
	mantissa, exponent, scaled := strings.Cut(strings.ToLower(text), "e")
	if len(mantissa) > 40 || len(exponent) > 4 {
		return 0, 0, 0, false
	}
	digits := strings.TrimLeft(mantissa, "+-")
	whole, fraction, pointed := strings.Cut(digits, ".")
	if len(mantissa)-len(digits) > 1 || whole == "" || pointed && fraction == "" || strings.Trim(whole+fraction, "0123456789") != "" {
		return 0, 0, 0, false
	}
	scale := 0
	if scaled {
		var err error
		if scale, err = strconv.Atoi(exponent); err != nil || scale > 300 || scale < -300 {
			return 0, 0, 0, false
		}
	}
	coefficient, _ := new(big.Int).SetString(whole+fraction, 10)
	if mantissa[0] == '-' {
		coefficient.Neg(coefficient)
	}
	last := scale - len(fraction) // the power of ten of the last digit
	coefficient.Mul(coefficient, big.NewInt(100))
	half := int64(50)
	if scale > 0 && fraction == "" {
		half = 5
	}
	at := func(delta int64) float64 {
		n := new(big.Int).Add(coefficient, big.NewInt(delta))
		f, _ := strconv.ParseFloat(n.String()+"e"+strconv.Itoa(last-2), 64)
		return f
	}
	value, from, to = at(0), at(-half), at(half)
	return value, from, to, !math.IsInf(value, 0)
}

// quantityOperand reads number or number|system|unit.
func quantityOperand(value string) (o operand, say string) {
	fields, _ := split(value, '|')
	if o, say = numberOperand(strings.TrimSpace(fields[0])); say != "" {
		return o, say
	}
	switch {
	case len(fields) == 1:
		return o, ""
	case len(fields) != 3 || fields[2] == "":
		return o, "it must be number or number|system|unit, as in 5.4|http://unitsofmeasure.org|mg; the system may be empty."
	}
	u := &o.unit
	u.given = true
	u.system, u.code = []byte(unescape(strings.TrimSpace(fields[1]))), []byte(unescape(strings.TrimSpace(fields[2])))
	u.hash = shortHash(u.code)
	if len(u.system) > 0 {
		u.systemH = shortHash(u.system)
	}
	if len(u.system) > 0 && string(u.system) != ucum {
		return o, ""
	}
	v, base, ok := canonical(o.value, string(u.code))
	from, _, fromOK := canonical(o.from, string(u.code))
	to, _, toOK := canonical(o.to, string(u.code))
	if ok && fromOK && toOK {
		if from > to {
			from, to = to, from
		}
		u.converts = len(u.system) > 0
		u.canonical, u.base, u.value, u.from, u.to = true, shortHash([]byte(base)), v, from, to
	}
	return o, ""
}

// referenceOperand reads Type/id, id, a URL or a urn.
func (p *parser) referenceOperand(in *indexed, value, narrowTo string) (o operand, say string) {
	text := unescape(value)
	if strings.IndexByte(text, '%') >= 0 {
		if plain, err := url.PathUnescape(text); err == nil {
			text = plain
		}
	}
	if fhir.ID(text).Valid() {
		types := in.Targets
		switch {
		case narrowTo != "":
			types = []string{narrowTo}
		case in.refersTo != "":
			types = []string{in.refersTo}
		case types == nil:
			types = r4.Types()
		}
		for _, typ := range types {
			p.aim(&o, target{typ: typ, text: []byte(typ + "/" + text), home: true})
		}
		if narrowTo == "" && in.refersTo == "" { // a uri or canonical may look like an id
			p.aim(&o, target{text: []byte(text), at: otherBase})
		}
		return o, ""
	}
	at, ok := readReference([]byte(text))
	if !ok {
		return o, "it must be Type/id, an id or a URL; what is contained in a resource cannot be searched by."
	}
	t := target{text: at.identity, at: at.base, typ: at.typ}
	if t.at == nil || p.opts.Base != "" && bytes.Equal(t.at, []byte(p.opts.Base)) {
		t.at, t.home = nil, true
	}
	want := narrowTo
	if want == "" {
		want = in.refersTo
	}
	switch {
	case narrowTo != "" && t.typ != "" && t.typ != narrowTo:
		return o, "the type in its value is not the one after the colon."
	case want != "" && t.typ != want:
		return o, "" // known not to be of the type: it finds nothing
	}
	p.aim(&o, t)
	return o, ""
}

// aim adds a resource that a reference may be to.
func (p *parser) aim(o *operand, t target) {
	t.hash = hashBytes(t.text)
	if t.home {
		t.at, t.base = []byte(p.opts.Base), p.base
	} else {
		t.base = shortHash(t.at)
	}
	o.targets = append(o.targets, t)
}

// compositeOperand reads a value for each component, joined by dollar signs.
func (p *parser) compositeOperand(in *indexed, value string) (o operand, say string) {
	fields, _ := split(value, '$')
	if len(fields) != len(in.parts) {
		return o, fmt.Sprintf("it must have %d values joined by dollar signs.", len(in.parts))
	}
	for i, part := range in.parts {
		text := strings.TrimSpace(fields[i])
		if text == "" {
			return o, "one of its joined values is empty."
		}
		one, say := p.operand(part, NoModifier, text, "")
		if say != "" {
			return o, fmt.Sprintf("its value %d: %s", i+1, say)
		}
		o.parts = append(o.parts, one)
	}
	return o, ""
}

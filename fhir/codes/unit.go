package codes

import (
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/iimos/ucum"
)

// maxUnit is how long a unit's code may be; longer ones are no units that
// anyone measures in, and cost time.
const maxUnit = 64

// IsUnit reports whether a code is a UCUM unit.
func IsUnit(code string) bool {
	if len(code) > maxUnit {
		return false
	}
	_, err := ucum.Parse([]byte(code))
	return err == nil
}

// Canonical returns a quantity in base units, so that quantities of one kind
// compare however they were written: 1.5 mg/dL is 15 of the base g.m-3.
//
// value is a decimal as JSON writes it. The bases are metre (m), gram (g),
// second (s), mole (mol), kelvin (K), radian (rad), candela (cd), coulomb (C),
// and each unit that converts to no other, such as [iU] and [pH]; base is "1"
// for plain numbers.
// Annotations such as {beats} count for nothing. The mole is kept as a base
// although UCUM makes it a number, so that 1 mmol is never a count.
//
// ok is false when value is not a decimal of a reasonable size, when the unit
// is not UCUM, and when it is not proportional to a base, such as decibels.
// Temperatures on their own scales (Cel, [degF],
// [degRe]) become kelvin; in a product with others they have no meaning.
func Canonical(value, unit string) (v float64, base string, ok bool) {
	m, ok := lookup(unit)
	if !ok {
		return 0, "", false
	}
	number, ok := parseDecimal(value)
	if !ok {
		return 0, "", false
	}
	number.Mul(number, m.factor)
	if m.offset != nil {
		number.Add(number, m.offset)
	}
	v, _ = number.Float64()
	return v, m.base, !math.IsInf(v, 0)
}

// measure is what a unit's code stands for: value × factor + offset of a base.
type measure struct {
	factor, offset *big.Rat
	base           string
	ok             bool
}

// units remembers what codes stand for. When there are too many it starts
// afresh, since input can make up any number of codes.
var units struct {
	known sync.Map // code → measure
	count atomic.Int32
}

const maxKnown = 4096

func lookup(code string) (measure, bool) {
	if m, ok := units.known.Load(code); ok {
		return m.(measure), m.(measure).ok
	}
	m := resolve(code)
	if units.count.Add(1) > maxKnown {
		units.known.Clear()
		units.count.Store(1)
	}
	units.known.Store(strings.Clone(code), m)
	return m, m.ok
}

// parseDecimal reads a JSON number exactly, unless it is so long or so large
// that only an attack would send it.
func parseDecimal(s string) (*big.Rat, bool) {
	if len(s) == 0 || len(s) > 64 {
		return nil, false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && !strings.ContainsRune("+-.eE", rune(c)) {
			return nil, false
		}
	}
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		if exponent, err := strconv.Atoi(s[i+1:]); err != nil || exponent < -400 || exponent > 400 {
			return nil, false
		}
	}
	return new(big.Rat).SetString(s)
}

// offsets are the temperature scales whose zero is not that of kelvin, as
// scale and offset in fractions.
var offsets = map[string][4]int64{
	"Cel":     {1, 1, 5463, 20},
	"[degF]":  {5, 9, 45967, 180},
	"[degRe]": {5, 4, 5463, 20},
}

// resolve works out what a code stands for.
func resolve(code string) measure {
	if code == "" || len(code) > maxUnit || !IsUnit(code) {
		return measure{}
	}
	bare := code
	if i := strings.IndexByte(code, '{'); i > 0 {
		bare = code[:i]
	}
	if o, ok := offsets[bare]; ok {
		return measure{factor: big.NewRat(o[0], o[1]), offset: big.NewRat(o[2], o[3]), base: "K", ok: true}
	}
	p := product{factor: big.NewRat(1, 1), dims: dimension{}}
	if rest, ok := p.term(code, 1); !ok || rest != "" || p.factor.Sign() == 0 {
		return measure{}
	}
	return measure{factor: p.factor, base: p.dims.String(), ok: true}
}

// product gathers the factors of a unit expression.
type product struct {
	factor *big.Rat
	dims   dimension
}

// term reads components joined by '.' and '/', up to a closing bracket or the
// end, and returns what is left. IsUnit has approved the syntax.
func (p *product) term(s string, sign int) (string, bool) {
	power := sign
	if strings.HasPrefix(s, "/") {
		power, s = -sign, s[1:]
	}
	for {
		var ok bool
		if strings.HasPrefix(s, "(") {
			if s, ok = p.term(s[1:], power); !ok || !strings.HasPrefix(s, ")") {
				return s, false
			}
			s = s[1:]
		} else if s, ok = p.component(s, power); !ok {
			return s, false
		}
		switch {
		case strings.HasPrefix(s, "."):
			power = sign
		case strings.HasPrefix(s, "/"):
			power = -sign
		default:
			return s, true
		}
		s = s[1:]
	}
}

// component reads a number or a unit with its exponent and annotation.
func (p *product) component(s string, power int) (string, bool) {
	symbol := s[:symbolEnd(s)]
	s = s[len(symbol):]
	exponent := 1
	if n := exponentEnd(s); n > 0 {
		var err error
		if exponent, err = strconv.Atoi(s[:n]); err != nil || exponent == 0 {
			return s, false
		}
		s = s[n:]
	}
	if strings.HasPrefix(s, "{") {
		end := strings.IndexByte(s, '}')
		if end < 0 {
			return s, false
		}
		s = s[end+1:]
	}
	if symbol == "" {
		return s, true // only an annotation
	}
	a, ok := atom(symbol)
	if !ok {
		return s, false
	}
	power *= exponent
	for range max(power, -power) {
		if power > 0 {
			p.factor.Mul(p.factor, a.factor)
		} else {
			p.factor.Quo(p.factor, a.factor)
		}
	}
	for unit, n := range a.dims {
		p.dims[unit] += n * power
	}
	return s, true
}

// symbolEnd returns how long the symbol, or the number, at the start of s is.
func symbolEnd(s string) int {
	digits := 0
	for digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
		digits++
	}
	i := digits
	for i < len(s) && !strings.ContainsRune("./(){}+-0123456789", rune(s[i])) {
		if s[i] == '[' {
			end := strings.IndexByte(s[i:], ']')
			if end < 0 {
				return len(s)
			}
			i += end
		}
		i++
	}
	return i // a number when no symbol follows the digits
}

func exponentEnd(s string) int {
	i := 0
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return i
}

// dimension is the powers of base units.
type dimension map[string]int

// bases orders base units in a dimension's text; arbitrary units follow.
var bases = []string{"g", "mol", "m", "s", "K", "rad", "cd", "C"}

func (d dimension) String() string {
	var parts []string
	write := func(unit string) {
		switch n := d[unit]; n {
		case 0:
		case 1:
			parts = append(parts, unit)
		default:
			parts = append(parts, unit+strconv.Itoa(n))
		}
	}
	for _, unit := range bases {
		write(unit)
	}
	var others []string
	for unit := range d {
		if !slices.Contains(bases, unit) {
			others = append(others, unit)
		}
	}
	slices.Sort(others)
	for _, unit := range others {
		write(unit)
	}
	if len(parts) == 0 {
		return "1"
	}
	return strings.Join(parts, ".")
}

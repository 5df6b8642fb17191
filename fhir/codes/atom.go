package codes

import (
	"math/big"
	"strings"

	"github.com/iimos/ucum"
)

// atom returns what a unit's symbol, prefix included, is in base units.
//
// The library knows every symbol but not what it measures: it only converts
// from one unit to another. So each symbol is tried against one unit of each
// kind of quantity that UCUM's symbols measure.
func atom(symbol string) (product, bool) {
	if n, ok := new(big.Rat).SetString(symbol); ok && strings.Trim(symbol, "0123456789") == "" {
		return product{factor: n, dims: dimension{}}, n.Sign() > 0
	}
	if a, ok := amount(symbol); ok {
		return a, true
	}
	if a, ok := arbitraryUnit(symbol); ok {
		return a, true
	}
	for _, k := range quantities {
		if factor, ok := ratio(symbol, k.probe); ok {
			return product{factor: factor.Mul(factor, k.times), dims: k.dims}, true
		}
	}
	if i := strings.IndexByte(symbol, '['); i >= 0 { // one that the library cannot convert: compared as it is
		if factor, ok := ratio(symbol, symbol[i:]); ok {
			return product{factor: factor, dims: dimension{symbol[i:]: 1}}, true
		}
	}
	return product{}, false
}

// ratio returns how many of a unit another is, if the one is proportional to
// the other.
func ratio(from, to string) (*big.Rat, bool) {
	a, err := ucum.Parse([]byte(from))
	if err != nil {
		return nil, false
	}
	b, err := ucum.Parse([]byte(to))
	if err != nil {
		return nil, false
	}
	conv, err := ucum.NewPairConverter(a, b)
	if err != nil {
		return nil, false
	}
	one, two := convert(conv, 1), convert(conv, 2)
	if one == nil || two == nil || two.Cmp(new(big.Rat).Add(one, one)) != 0 || one.Sign() <= 0 {
		return nil, false // a special unit: logarithms, other zeros
	}
	return one, true
}

// convert returns n of one unit in the other, nil when there is no such number:
// of the logarithm of a huge number (a yottabel) the library panics.
func convert(conv ucum.PairConverter, n int64) (out *big.Rat) {
	defer func() {
		if recover() != nil {
			out = nil
		}
	}()
	return conv.ConvBigRat(big.NewRat(n, 1))
}

// amounts are the units of amount of substance, which the library, as UCUM
// does, takes for numbers: per mole or mole per second, and how much of it.
var amounts = []struct {
	symbol string
	per    *big.Rat
	dims   dimension
}{
	{"mol", big.NewRat(1, 1), dimension{"mol": 1}},
	{"eq", big.NewRat(1, 1), dimension{"mol": 1}},
	{"osm", big.NewRat(1, 1), dimension{"mol": 1}},
	{"kat", big.NewRat(1, 1), dimension{"mol": 1, "s": -1}},
	{"U", big.NewRat(1, 60_000_000), dimension{"mol": 1, "s": -1}},
}

var prefixes = map[string]*big.Rat{}

func init() { // a table, computed: powers of ten
	for prefix, power := range map[string]int64{
		"Y": 24, "Z": 21, "E": 18, "P": 15, "T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "da": 1, "": 0,
		"d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18, "z": -21, "y": -24,
	} {
		n := new(big.Int).Exp(big.NewInt(10), big.NewInt(max(power, -power)), nil)
		prefixes[prefix] = new(big.Rat).SetInt(n)
		if power < 0 {
			prefixes[prefix].Inv(prefixes[prefix])
		}
	}
}

func amount(symbol string) (product, bool) {
	for _, a := range amounts {
		prefix, ok := strings.CutSuffix(symbol, a.symbol)
		if times := prefixes[prefix]; ok && times != nil {
			return product{factor: new(big.Rat).Mul(a.per, times), dims: a.dims}, true
		}
	}
	return product{}, false
}

// arbitrary are symbols of units that are defined by a procedure and convert to
// nothing else, besides those that end in 'U]. The library takes them for
// numbers.
var arbitrary = map[string]bool{
	"[iU]": true, "[CCID_50]": true, "[TCID_50]": true, "[EID_50]": true, "[PFU]": true, "[FFU]": true,
	"[CFU]": true, "[IR]": true, "[BAU]": true, "[AU]": true, "[PNU]": true, "[Lf]": true, "[FEU]": true,
	"[ELU]": true, "[EU]": true, "[hp_X]": true, "[hp_C]": true, "[hp_M]": true, "[hp_Q]": true,
	"[kp_X]": true, "[kp_C]": true, "[kp_M]": true, "[kp_Q]": true, "[mg_eq]": true,
}

// arbitraryUnit returns a unit that is a base of its own, with a prefix or
// without.
func arbitraryUnit(symbol string) (product, bool) {
	i := strings.IndexByte(symbol, '[')
	if i < 0 {
		return product{}, false
	}
	times, unit := prefixes[symbol[:i]], symbol[i:]
	if unit == "[IU]" {
		unit = "[iU]" // the same unit under two symbols
	}
	if times == nil || !arbitrary[unit] && !strings.HasSuffix(unit, "'U]") {
		return product{}, false
	}
	return product{factor: times, dims: dimension{unit: 1}}, true
}

// quantities has a unit for each kind of quantity that symbols measure: how
// many of the base units of dims it is.
var quantities = []struct {
	probe string
	times *big.Rat
	dims  dimension
}{
	{"1", big.NewRat(1, 1), dimension{}},
	{"g", big.NewRat(1, 1), dimension{"g": 1}},
	{"m", big.NewRat(1, 1), dimension{"m": 1}},
	{"s", big.NewRat(1, 1), dimension{"s": 1}},
	{"m3", big.NewRat(1, 1), dimension{"m": 3}},
	{"m2", big.NewRat(1, 1), dimension{"m": 2}},
	{"Pa", big.NewRat(1000, 1), dimension{"g": 1, "m": -1, "s": -2}},
	{"J", big.NewRat(1000, 1), dimension{"g": 1, "m": 2, "s": -2}},
	{"N", big.NewRat(1000, 1), dimension{"g": 1, "m": 1, "s": -2}},
	{"W", big.NewRat(1000, 1), dimension{"g": 1, "m": 2, "s": -3}},
	{"Hz", big.NewRat(1, 1), dimension{"s": -1}},
	{"K", big.NewRat(1, 1), dimension{"K": 1}},
	{"rad", big.NewRat(1, 1), dimension{"rad": 1}},
	{"sr", big.NewRat(1, 1), dimension{"rad": 2}},
	{"cd", big.NewRat(1, 1), dimension{"cd": 1}},
	{"C", big.NewRat(1, 1), dimension{"C": 1}},
	{"A", big.NewRat(1, 1), dimension{"C": 1, "s": -1}},
	{"V", big.NewRat(1000, 1), dimension{"g": 1, "m": 2, "s": -2, "C": -1}},
	{"F", big.NewRat(1, 1000), dimension{"C": 2, "s": 2, "g": -1, "m": -2}},
	{"Ohm", big.NewRat(1000, 1), dimension{"g": 1, "m": 2, "s": -1, "C": -2}},
	{"S", big.NewRat(1, 1000), dimension{"C": 2, "s": 1, "g": -1, "m": -2}},
	{"H", big.NewRat(1000, 1), dimension{"g": 1, "m": 2, "C": -2}},
	{"Wb", big.NewRat(1000, 1), dimension{"g": 1, "m": 2, "s": -1, "C": -1}},
	{"T", big.NewRat(1000, 1), dimension{"g": 1, "s": -1, "C": -1}},
	{"Gy", big.NewRat(1, 1), dimension{"m": 2, "s": -2}},
	{"RAD", big.NewRat(1, 100), dimension{"m": 2, "s": -2}},
	{"R", big.NewRat(258, 1_000_000_000), dimension{"C": 1, "g": -1}},
	{"m/s", big.NewRat(1, 1), dimension{"m": 1, "s": -1}},
	{"m/s2", big.NewRat(1, 1), dimension{"m": 1, "s": -2}},
	{"m2/s", big.NewRat(1, 1), dimension{"m": 2, "s": -1}},
	{"Pa.s", big.NewRat(1000, 1), dimension{"g": 1, "m": -1, "s": -1}},
	{"m-1", big.NewRat(1, 1), dimension{"m": -1}},
	{"lm", big.NewRat(1, 1), dimension{"cd": 1, "rad": 2}},
	{"lx", big.NewRat(1, 1), dimension{"cd": 1, "rad": 2, "m": -2}},
	{"cd/m2", big.NewRat(1, 1), dimension{"cd": 1, "m": -2}},
	{"By", big.NewRat(8, 1), dimension{}},
}

package r4

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// ParamType is the type of a search parameter.
type ParamType uint8

// Types of search parameter.
const (
	Token ParamType = iota + 1
	String
	Date
	Number
	Quantity
	Reference
	URI
	Composite
	Special
)

var paramTypes = []string{"", "token", "string", "date", "number", "quantity", "reference", "uri", "composite", "special"}

func (t ParamType) String() string {
	if int(t) < len(paramTypes) {
		return paramTypes[t]
	}
	return ""
}

// Param is a search parameter of one resource type.
type Param struct {
	Number     uint16 // of the code, among all codes in alphabetical order, from 1: never changes, may be stored
	Code       string // such as "birthdate"
	URL        string // canonical URL of the definition
	Type       ParamType
	Base       string      // the type it is of; "Resource" for those of every type
	Expression string      // FHIRPath, only the part that concerns the type
	Targets    []string    // types that a reference may be to; nil: any
	Components []Component // of a composite
}

// Component is a part of a composite search parameter.
type Component struct {
	Definition *Param
	Expression string // FHIRPath, relative to what the composite's Expression gives
}

type searchTables struct {
	byType  map[string][]*Param // sorted by code
	byCode  map[string]map[string]*Param
	patient map[string][]string
	codes   []string // all codes, alphabetical
}

//go:embed search.txt
var searchText string

var loadSearch = sync.OnceValue(func() *searchTables {
	t, err := readSearch(searchText, Types())
	if err != nil {
		panic("fhir/r4: search.txt is damaged: " + err.Error()) // the generator's fault, found by every test
	}
	return t
})

// SearchParams returns the search parameters of a resource type in the order of
// their codes, those of every type such as _id among them; of "Resource", only
// the latter.
func SearchParams(typ string) []*Param { return loadSearch().byType[typ] }

// SearchParam returns the parameter that a type has under a code.
func SearchParam(typ, code string) (*Param, bool) {
	p, ok := loadSearch().byCode[typ][code]
	return p, ok
}

// ParamCode returns the code that has a number, or the empty string.
func ParamCode(number uint16) string {
	codes := loadSearch().codes
	if number < 1 || int(number) > len(codes) {
		return ""
	}
	return codes[number-1]
}

// Compartment returns the codes of the parameters by which a type is in the
// patient compartment; nil when it is not in it. A Patient is in its own as
// well as by what is returned.
func Compartment(typ string) []string { return loadSearch().patient[typ] }

// readSearch reads search.txt.
func readSearch(text string, types []string) (*searchTables, error) {
	t := &searchTables{byType: map[string][]*Param{}, byCode: map[string]map[string]*Param{}, patient: map[string][]string{}}
	urls := map[string]string{} // of a component, the code of its definition
	parts := map[*Param][][2]string{}
	var at *Param
	for n, line := range numbered(text) {
		fields := strings.Fields(line)
		switch {
		case fields[0] == "param" && len(fields) == 5:
			kind := slices.Index(paramTypes, fields[3])
			if kind < 1 {
				return nil, fmt.Errorf("line %d: %s is not a type of parameter", n, fields[3])
			}
			at = &Param{Base: fields[1], Code: fields[2], Type: ParamType(kind), URL: parameterURL + fields[4]}
			urls[fields[4]] = at.Code
			t.byType[at.Base] = append(t.byType[at.Base], at)
		case fields[0] == "patient":
			t.patient[fields[1]] = fields[2:]
		case fields[0] == "=":
			at.Expression = strings.TrimPrefix(line, "\t= ")
		case fields[0] == ">":
			at.Targets = fields[1:]
		case fields[0] == "+":
			definition, expression, _ := strings.Cut(strings.TrimPrefix(line, "\t+ "), " ")
			parts[at] = append(parts[at], [2]string{definition, expression})
		default:
			return nil, fmt.Errorf("line %d: not understood", n)
		}
	}
	t.number()
	t.share(types)
	for p, list := range parts {
		for _, part := range list {
			definition := t.byCode[p.Base][urls[part[0]]]
			if definition == nil {
				return nil, fmt.Errorf("%s of %s: there is no component %s", p.Code, p.Base, part[0])
			}
			p.Components = append(p.Components, Component{Definition: definition, Expression: part[1]})
		}
	}
	return t, nil
}

const parameterURL = "http://hl7.org/fhir/SearchParameter/"

// number gives every code its number.
func (t *searchTables) number() {
	numbers := map[string]uint16{}
	for _, params := range t.byType {
		for _, p := range params {
			numbers[p.Code] = 0
		}
	}
	for code := range numbers {
		t.codes = append(t.codes, code)
	}
	slices.Sort(t.codes)
	for i, code := range t.codes {
		numbers[code] = uint16(i + 1)
	}
	for _, params := range t.byType {
		for _, p := range params {
			p.Number = numbers[p.Code]
		}
	}
}

// share gives every type the parameters that all types have.
func (t *searchTables) share(types []string) {
	common := t.byType["Resource"]
	for _, typ := range append([]string{"Resource"}, types...) {
		params := t.byType[typ]
		if typ != "Resource" {
			params = append(slices.Clone(common), params...)
		}
		slices.SortFunc(params, func(a, b *Param) int { return strings.Compare(a.Code, b.Code) })
		t.byType[typ] = params
		t.byCode[typ] = make(map[string]*Param, len(params))
		for _, p := range params {
			t.byCode[typ][p.Code] = p
		}
	}
}

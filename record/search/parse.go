package search

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"joinery/fhir"
	"joinery/fhir/r4"
)

// Parse reads the parameters of a search for resources of a type; an empty type
// asks for every type. The error is a *fhir.Invalid that lists every fault.
func Parse(typ string, params []Pair, opts Options) (*Query, error) {
	p := newParser(typ, opts)
	if typ != "" && tableOf(typ) == nil {
		p.refuse("not-supported", "R4 has no resource type of that name.")
		return nil, p.done()
	}
	p.read(params)
	return p.query, p.done()
}

// ParseCompartment reads the parameters of a search within a patient's
// compartment; an empty type asks for every type in it.
func ParseCompartment(compartment string, id fhir.ID, typ string, params []Pair, opts Options) (*Query, error) {
	p := newParser(typ, opts)
	switch {
	case compartment != "Patient":
		p.refuse("not-supported", "Of the compartments only Patient's can be searched.")
	case !id.Valid():
		p.refuse("value", "The patient's id is not a FHIR id.")
	case typ != "" && tableOf(typ) == nil:
		p.refuse("not-supported", "R4 has no resource type of that name.")
	case typ != "" && typ != "Patient" && r4.Compartment(typ) == nil:
		p.refuse("not-supported", fmt.Sprintf("%s is not in the compartment of Patient.", typ))
	}
	if len(p.issues) > 0 {
		return nil, p.done()
	}
	p.query.Compartment = &Compartment{Type: compartment, ID: id}
	p.read(params)
	return p.query, p.done()
}

type parser struct {
	query  *Query
	opts   Options
	base   uint32
	issues []fhir.Issue
	once   map[string]bool // parameters that may be there once, and were
	values int
	links  int
}

func newParser(typ string, opts Options) *parser {
	opts.Base = strings.TrimSuffix(opts.Base, "/")
	p := &parser{query: &Query{Type: typ, Count: DefaultCount, Asked: opts}, opts: opts, once: map[string]bool{}}
	if opts.Base != "" {
		p.base = shortHash([]byte(opts.Base))
	}
	return p
}

func (p *parser) done() error {
	if len(p.issues) == 0 {
		return nil
	}
	return &fhir.Invalid{Issues: p.issues}
}

func (p *parser) refuse(code, say string) {
	p.issues = append(p.issues, fhir.Issue{Severity: fhir.Error, Code: code, Say: say})
}

// refuseIn refuses a parameter, naming it.
func (p *parser) refuseIn(name, code, say string) {
	p.refuse(code, fmt.Sprintf("Search parameter %s: %s", shown(name), say))
}

// shown returns a parameter's name as it may be repeated: names are ours or
// close to it, and what is not is not repeated.
func shown(name string) string {
	if len(name) > 100 {
		return "(a very long name)"
	}
	for _, c := range []byte(name) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_-:.", c) >= 0 {
			continue
		}
		return "(a name with characters that no parameter has)"
	}
	return `"` + name + `"`
}

// unsupported are parameters of R4 that we do not do, and why or what instead.
var unsupported = map[string]string{
	"_text":          "searching the narrative is not done here.",
	"_content":       "searching the whole text is not done here.",
	"_list":          "lists cannot be searched by; ask for the List and read its entries.",
	"_query":         "there are no named queries.",
	"_filter":        "filter expressions are not done here; use parameters.",
	"_contained":     "contained resources are not found by themselves.",
	"_containedType": "contained resources are not found by themselves.",
	"_score":         "matches have no score.",
	"_graph":         "graphs are not done here; use _include.",
	"near":           "distances are not searched here.",
}

func (p *parser) read(params []Pair) {
	if len(params) > maxClauses {
		p.refuse("too-costly", fmt.Sprintf("There are %d parameters; at most %d are taken.", len(params), maxClauses))
		return
	}
	for _, at := range params {
		if at.Name == "_type" {
			p.types(at)
		}
	}
	for _, at := range params {
		switch at.Name {
		case "_format", "_pretty": // of the answer's form, not the search
		case "_type":
			p.query.given = append(p.query.given, at)
		default:
			if p.result(at) || p.condition(at) {
				p.query.given = append(p.query.given, at)
			}
		}
	}
	if p.query.Summary == SummaryText && len(p.query.Include)+len(p.query.RevInclude) > 0 {
		p.refuseIn("_summary", "invalid", "text cannot be asked for together with _include or _revinclude.")
	}
	if p.query.Summary != SummaryFalse && p.query.Elements != nil {
		p.refuseIn("_elements", "invalid", "it cannot be combined with _summary.")
	}
}

// types reads _type.
func (p *parser) types(at Pair) {
	if p.query.Type != "" {
		p.refuseIn("_type", "invalid", "it is only for searches over every type; this one is over "+p.query.Type+".")
		return
	}
	if p.again("_type") {
		return
	}
	for typ := range strings.SplitSeq(at.Value, ",") {
		typ = strings.TrimSpace(typ)
		if _, ok := r4.TypeNumber(typ); !ok {
			p.refuseIn("_type", "value", "it names something that is not a resource type.")
			return
		}
		if !slices.Contains(p.query.Types, typ) {
			p.query.Types = append(p.query.Types, typ)
		}
	}
}

// again reports, and refuses, the second of a parameter that may be there once.
func (p *parser) again(name string) bool {
	if p.once[name] {
		p.refuseIn(name, "invalid", "it may be given only once.")
		return true
	}
	p.once[name] = true
	return false
}

// result reads a parameter that shapes the answer. It reports whether the name
// is one of those.
func (p *parser) result(at Pair) bool {
	name, modifier, modified := strings.Cut(at.Name, ":")
	value := strings.TrimSpace(at.Value)
	switch name {
	case "_include", "_revinclude":
		p.include(at, name, modifier, modified)
		return true
	case "_sort", "_count", "_total", "_summary", "_elements":
	default:
		return false
	}
	switch {
	case modified:
		p.refuseIn(at.Name, "not-supported", "it has no modifiers.")
	case value == "":
		p.refuseIn(name, "value", "it has no value.")
	case p.again(name):
	case name == "_sort":
		p.sort(value)
	case name == "_count":
		p.count(value)
	case name == "_elements":
		p.elements(value)
	case name == "_total":
		mode, ok := map[string]TotalMode{"none": TotalNone, "estimate": TotalEstimate, "accurate": TotalAccurate}[value]
		if !ok {
			p.refuseIn(name, "value", "it must be none, estimate or accurate.")
		}
		p.query.Total = mode
	case name == "_summary":
		mode, ok := map[string]SummaryMode{"true": SummaryTrue, "text": SummaryText, "data": SummaryData, "count": SummaryCount, "false": SummaryFalse}[value]
		if !ok {
			p.refuseIn(name, "value", "it must be true, text, data, count or false.")
		}
		if p.query.Summary != SummaryCount {
			p.query.Summary = mode
		}
	}
	return true
}

func (p *parser) count(value string) {
	for _, c := range []byte(value) {
		if c < '0' || c > '9' {
			p.refuseIn("_count", "value", "it must be a whole number, 0 or more.")
			return
		}
	}
	n, err := strconv.Atoi(value)
	if err != nil || n > MaxCount {
		n = MaxCount
	}
	if n == 0 { // R4: the same as _summary=count
		p.query.Summary = SummaryCount
		return
	}
	p.query.Count = n
}

func (p *parser) elements(value string) {
	for name := range strings.SplitSeq(value, ",") {
		name = strings.TrimSpace(name)
		if p.query.Type != "" {
			if _, ok := r4.Child(p.query.Type, name); !ok {
				p.refuseIn("_elements", "value", p.query.Type+" has no element of one of the names given; they must be of the top level.")
				return
			}
		}
		if name == "" {
			p.refuseIn("_elements", "value", "one of its names is empty.")
			return
		}
		if !slices.Contains(p.query.Elements, name) {
			p.query.Elements = append(p.query.Elements, name)
		}
	}
}

func (p *parser) sort(value string) {
	for name := range strings.SplitSeq(value, ",") {
		name, descending := strings.CutPrefix(strings.TrimSpace(name), "-")
		in := p.param(p.query.Type, name)
		switch {
		case in == nil || unsupported[name] != "":
			p.refuseIn("_sort", "value", "it names a parameter that "+p.what(p.query.Type)+" cannot be sorted by: "+shown(name)+".")
			return
		case in.Type == r4.Composite || in.Type == r4.Special:
			p.refuseIn("_sort", "not-supported", "nothing can be sorted by "+shown(name)+".")
			return
		}
		p.query.Sort = append(p.query.Sort, SortKey{Param: in.Param, Descending: descending, slots: in.slots, typ: p.query.Type})
	}
	if len(p.query.Sort) > maxSort {
		p.refuseIn("_sort", "too-costly", fmt.Sprintf("at most %d orders are taken.", maxSort))
	}
}

func (p *parser) what(typ string) string {
	if typ == "" {
		return "a search over several types"
	}
	return typ
}

// include reads _include and _revinclude: Source:param or Source:param:Target.
func (p *parser) include(at Pair, name, modifier string, modified bool) {
	fields := strings.Split(strings.TrimSpace(at.Value), ":")
	switch {
	case modified && modifier != "iterate":
		p.refuseIn(at.Name, "not-supported", "its only modifier is :iterate.")
		return
	case slices.Contains(fields, "*"):
		p.refuseIn(at.Name, "not-supported", "everything cannot be included; name the type and the parameter, as in Observation:subject.")
		return
	case len(fields) < 2 || len(fields) > 3:
		p.refuseIn(at.Name, "value", "it must be Type:parameter or Type:parameter:Target, as in Observation:subject.")
		return
	}
	in := p.param(fields[0], fields[1])
	if tableOf(fields[0]) == nil || in == nil || in.Type != r4.Reference {
		p.refuseIn(at.Name, "value", "there is no parameter of type reference by that name; it must be Type:parameter, as in Observation:subject.")
		return
	}
	inc := Include{Source: fields[0], Param: in.Param, Iterate: modified, reader: p.reader(fields[0], in)}
	if len(fields) == 3 && fields[2] != "" {
		inc.Target = fields[2]
		if _, ok := r4.TypeNumber(inc.Target); !ok || !in.mayTarget(inc.Target) {
			p.refuseIn(at.Name, "value", "the parameter does not refer to the target type given.")
			return
		}
	} else {
		inc.Target = in.refersTo
	}
	if name == "_include" && !inc.Iterate && p.query.Type != "" && inc.Source != p.query.Type {
		p.refuseIn(at.Name, "value", "the search is for "+p.query.Type+", so only its references can be included, or those of what is included with :iterate.")
		return
	}
	list := &p.query.Include
	if name == "_revinclude" {
		list = &p.query.RevInclude
	}
	if len(*list) == 20 {
		p.refuseIn(at.Name, "too-costly", "at most 20 are taken.")
		return
	}
	*list = append(*list, inc)
}

// param returns a type's parameter, or nil; of every type, what all have.
func (p *parser) param(typ, code string) *indexed {
	if typ == "" {
		typ = "Basic" // any type has those that all have, in the same slots
		if _, ok := r4.SearchParam("Resource", code); !ok {
			return nil
		}
	}
	t := tableOf(typ)
	if t == nil {
		return nil
	}
	return t.params[code]
}

// mayTarget reports whether a reference parameter may refer to a type.
func (in *indexed) mayTarget(typ string) bool {
	if in.refersTo != "" {
		return in.refersTo == typ
	}
	return in.Targets == nil || slices.Contains(in.Targets, typ)
}

// ParseCondition reads what follows the question mark of a conditional
// reference, create, update or delete, such as identifier=x|1. Only conditions
// may be there, at least one, and all must be known.
func ParseCondition(typ, raw string, now time.Time) (*Query, error) {
	pairs, err := Pairs(raw)
	if err != nil {
		return nil, err
	}
	q, err := Parse(typ, pairs, Options{Strict: true, Now: now})
	if err != nil {
		return nil, err
	}
	if typ == "" || len(q.Where) == 0 || len(q.Where) != len(q.given) {
		return nil, &fhir.Invalid{Issues: []fhir.Issue{{Severity: fhir.Error, Code: "invalid", Say: "A condition must consist of search parameters that say which resource is meant, and nothing else."}}}
	}
	return q, nil
}

// Pairs reads URL parameters in the order in which they stand.
func Pairs(raw string) ([]Pair, error) {
	var out []Pair
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, nameErr := url.QueryUnescape(name)
		value, valueErr := url.QueryUnescape(value)
		if nameErr != nil || valueErr != nil || !utf8.ValidString(name) || !utf8.ValidString(value) || strings.IndexByte(value, 0) >= 0 {
			return nil, &fhir.Invalid{Issues: []fhir.Issue{{Severity: fhir.Error, Code: "invalid", Say: "The search parameters are not encoded as a URL's: write %25 for a percent sign, and use UTF-8."}}}
		}
		out = append(out, Pair{name, value})
	}
	return out, nil
}

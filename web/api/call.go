package api

import (
	"context"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"joinery/fault"
	"joinery/fhir"
	"joinery/fhir/r4"
	"joinery/record"
	"joinery/record/access"
	"joinery/record/search"
	"joinery/source/bundle"
	"joinery/web"
)

// call is one interaction under way.
type call struct {
	api    *API
	ctx    context.Context
	r      *http.Request
	w      http.ResponseWriter
	within *within // the batch it is an entry of, or nil
	view   *record.View

	typ    string // of the address; empty for the whole system
	id     fhir.ID
	params []search.Pair // of the address, without what negotiate took

	pretty  bool
	lenient bool
	returns string // minimal, representation or OperationOutcome; empty when not said
	shape   shape  // what of each resource to show
	ignored []string
}

// within is what the entry of a batch has instead of a request of its own.
type within struct {
	view  *record.View
	entry bundle.Request
}

type withinKey struct{}

// read takes the address's parameters and the preferences.
func (c *call) read() error {
	var err error
	if c.r.URL.RawQuery != "" {
		if c.params, err = pairs(c.r.URL.RawQuery, nil); err != nil {
			return err
		}
	}
	for _, line := range c.r.Header["Prefer"] {
		for preference := range strings.SplitSeq(line, ",") {
			preference, _, _ = strings.Cut(preference, ";")
			name, value, _ := strings.Cut(strings.TrimSpace(preference), "=")
			value = strings.Trim(value, `" `)
			switch {
			case strings.EqualFold(name, "handling"):
				c.lenient = strings.EqualFold(value, "lenient")
			case strings.EqualFold(name, "return"):
				c.returns = value
			}
		}
	}
	return nil
}

// identify finds out who asks.
func (c *call) identify() error {
	if c.within != nil {
		c.view = c.within.view
		return nil
	}
	values := c.r.Header["Authorization"]
	if len(values) != 1 || len(values[0]) < 8 || !strings.EqualFold(values[0][:7], "Bearer ") {
		return fault.New(fault.Unidentified, "Say who asks: send the header Authorization: Bearer with a token of this server.")
	}
	e := web.Of(c.r)
	subject, err := c.api.rec.Subject(c.ctx, values[0][7:], access.Who{Request: e.ID, Source: e.Source})
	if err != nil {
		return err
	}
	c.view = c.api.rec.As(subject)
	e.Client = web.Mark(subject.Who().Client)
	return nil
}

// negotiate settles the form of the answer and takes its parameters out of
// c.params: JSON is the only one.
func (c *call) negotiate() error {
	if c.within == nil && !accepts(c.r.Header["Accept"]) && !named(c.params, "_format") {
		return notAcceptable()
	}
	if len(c.params) == 0 {
		return nil
	}
	rest := c.params[:0]
	for _, p := range c.params {
		switch p.Name {
		case "_format":
			if !jsonType(p.Value) && p.Value != "json" {
				return notAcceptable()
			}
		case "_pretty":
			c.pretty = p.Value == "true"
		default:
			rest = append(rest, p)
		}
	}
	c.params = rest
	return nil
}

func named(params []search.Pair, name string) bool {
	for _, p := range params {
		if p.Name == name {
			return true
		}
	}
	return false
}

func notAcceptable() error {
	return &web.Refusal{Status: http.StatusNotAcceptable, Code: "not-supported", Message: "Answers are given as JSON only: ask for application/fhir+json."}
}

// accepts reports whether an Accept header allows JSON.
func accepts(lines []string) bool {
	if len(lines) == 0 {
		return true
	}
	for _, line := range lines {
		if line == "" || line == "*/*" || line == "application/fhir+json" {
			return true
		}
		for part := range strings.SplitSeq(line, ",") {
			typ, params, err := mime.ParseMediaType(part)
			if err != nil || params["q"] == "0" {
				continue
			}
			if v := params["fhirversion"]; v != "" && v != "4.0" {
				continue
			}
			if typ == "*/*" || typ == "application/*" || jsonType(typ) {
				return true
			}
		}
	}
	return false
}

// jsonType reports whether a media type is JSON, FHIR's or plain.
func jsonType(s string) bool {
	typ, params, err := mime.ParseMediaType(strings.ReplaceAll(s, " ", "+")) // a plus in a query that was not escaped
	if err != nil || params["fhirversion"] != "" && params["fhirversion"] != "4.0" {
		return false
	}
	switch typ {
	case "application/fhir+json", "application/json", "text/json":
		return true
	}
	return false
}

// locate reads the type and id of the address.
func (c *call) locate() error {
	c.typ = c.r.PathValue("type")
	if c.typ == "" {
		return nil
	}
	if _, ok := r4.TypeNumber(c.typ); !ok {
		return &unknownAddress{"There is no resource type of this name in FHIR R4. Names are written as in Patient."}
	}
	web.Of(c.r).Type = c.typ
	if id := c.r.PathValue("id"); id != "" {
		c.id = fhir.ID(id)
		if !c.id.Valid() {
			return fault.New(fault.NotFound, missing)
		}
	}
	return nil
}

// only refuses parameters that an interaction does not have, or notes them when
// the caller would rather have an answer.
func (c *call) only(names ...string) error {
	var issues []fhir.Issue
next:
	for _, p := range c.params {
		for _, name := range names {
			if p.Name == name {
				continue next
			}
		}
		if c.lenient {
			c.ignored = append(c.ignored, p.Name)
			continue
		}
		say := "This interaction has no such parameter."
		if len(names) > 0 {
			say += " It has " + strings.Join(names, ", ") + "."
		}
		issues = append(issues, fhir.Issue{Severity: fhir.Error, Code: "not-supported", Where: "http." + parameterName(p.Name), Say: say})
	}
	if len(issues) > 0 {
		return &fhir.Invalid{Issues: issues}
	}
	return nil
}

// parameterName returns the name of a parameter if it looks like one, so that
// what was put in its place by mistake is not repeated.
func parameterName(s string) string {
	if len(s) > 64 {
		return "parameter"
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.', c == ':':
		default:
			return "parameter"
		}
	}
	return s
}

// param returns the value of a parameter that may be there once.
func (c *call) param(name string) string {
	for _, p := range c.params {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}

// pairs reads a query in the order it was written.
func pairs(raw string, into []search.Pair) ([]search.Pair, error) {
	for raw != "" {
		var one string
		one, raw, _ = strings.Cut(raw, "&")
		if one == "" {
			continue
		}
		name, value, _ := strings.Cut(one, "=")
		name, err := url.QueryUnescape(name)
		if err == nil {
			value, err = url.QueryUnescape(value)
		}
		if err != nil || !plainText(name) || !plainText(value) {
			return nil, fault.New(fault.Invalid, "The parameters are not well encoded: write them as UTF-8, percent-encoded, without control characters.")
		}
		if len(into) == maxPairs {
			return nil, &web.Refusal{Status: http.StatusBadRequest, Code: "too-costly", Message: "There are more parameters than we take at once."}
		}
		into = append(into, search.Pair{Name: name, Value: value})
	}
	return into, nil
}

func plainText(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' {
			return false
		}
	}
	return utf8.ValidString(s)
}

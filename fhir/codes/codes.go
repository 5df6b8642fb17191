// Package codes knows the codes that FHIR R4 elements must keep to, and the
// units of measure.
//
// The value sets are those of required bindings, in valuesets.txt, which
// fhir/r4/internal/gen writes from the published definitions; they are read once
// and shared. Other terminologies (SNOMED CT, LOINC) are not here: a system that
// is not known is never said to be wrong.
//
// Units follow UCUM (https://ucum.org). Everything is safe for concurrent use.
package codes

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

// Set is a value set.
type Set struct {
	url     string
	systems []system
	codes   map[string]bool // of all systems
	rules   []func(code string) bool
}

type system struct {
	url   string
	codes map[string]bool
	rule  func(code string) bool // for a system whose codes a grammar makes
}

//go:embed valuesets.txt
var valueSetsText string

var load = sync.OnceValue(func() map[string]*Set { return read(valueSetsText) })

// Lookup returns the value set of a URL, if it is one that R4 elements must
// keep to.
func Lookup(url string) (*Set, bool) {
	s, ok := load()[url]
	return s, ok
}

// InValueSet reports whether a code of a system is in the value set of a URL.
// An empty system stands for any, as in an element of type code. known is false
// when we do not have the value set.
func InValueSet(url, system, code string) (in, known bool) {
	s, ok := Lookup(url)
	return ok && s.Has(system, code), ok
}

// URL returns the URL of the value set.
func (s *Set) URL() string { return s.url }

// Has reports whether a code of a system is in the set; an empty system stands
// for any.
func (s *Set) Has(system, code string) bool {
	if system == "" {
		return s.codes[code] || slices.ContainsFunc(s.rules, func(ok func(string) bool) bool { return ok(code) })
	}
	for _, in := range s.systems {
		if in.url == system {
			return in.codes[code] || in.rule != nil && in.rule(code)
		}
	}
	return false
}

// HasCode is Has for any system and a code in bytes, without copying it.
func (s *Set) HasCode(code []byte) bool {
	return s.codes[string(code)] || len(s.rules) > 0 && s.Has("", string(code))
}

// Codes returns the codes of the set in alphabetical order, as far as they can
// be listed, for telling a person what would be right.
func (s *Set) Codes() []string {
	out := make([]string, 0, len(s.codes))
	for code := range s.codes {
		out = append(out, code)
	}
	slices.Sort(out)
	return out
}

// rules are the systems whose codes are not listed.
var rules = map[string]func(string) bool{
	"urn:ietf:bcp:13":           isMediaType,
	"http://unitsofmeasure.org": IsUnit,
}

func read(text string) map[string]*Set {
	sets := map[string]*Set{}
	var at *Set
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0:
		case fields[0] == "set":
			at = &Set{url: fields[1], codes: map[string]bool{}}
			if !strings.Contains(at.url, ":") {
				at.url = "http://hl7.org/fhir/ValueSet/" + at.url
			}
			sets[at.url] = at
		case fields[0] == "system":
			in := system{url: fields[1], codes: map[string]bool{}}
			for _, code := range fields[2:] {
				if code == "*" && rules[in.url] != nil {
					in.rule = rules[in.url]
					at.rules = append(at.rules, in.rule)
					continue
				}
				in.codes[code], at.codes[code] = true, true
			}
			at.systems = append(at.systems, in)
		}
	}
	return sets
}

// isMediaType reports whether a code has the form of a media type (RFC 2045,
// 6838), with or without parameters. FHIR uses codes without a subtype in
// places, such as "xml", and they are let through as codes of their own.
func isMediaType(code string) bool {
	for _, c := range []byte(code) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return code != ""
}

package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/currency"
)

type codeSystem struct {
	URL     string    `json:"url"`
	Content string    `json:"content"`
	Concept []concept `json:"concept"`
}

type concept struct {
	Code    string    `json:"code"`
	Concept []concept `json:"concept"`
}

type valueSet struct {
	URL     string `json:"url"`
	Compose struct {
		Include []include `json:"include"`
		Exclude []include `json:"exclude"`
	} `json:"compose"`
}

type include struct {
	System   string    `json:"system"`
	Concept  []concept `json:"concept"`
	Filter   []any     `json:"filter"`
	ValueSet []string  `json:"valueSet"`
}

// ruled are the systems whose codes a grammar or a long list makes: fhir/codes
// knows them by name.
var ruled = map[string]bool{
	"urn:ietf:bcp:13":           true,
	"http://unitsofmeasure.org": true,
}

// valueSets writes the codes of every value set that an element must keep to.
func (d *definitions) valueSets() ([]byte, error) {
	var out bytes.Buffer
	out.WriteString(`#
# "set name" opens a value set, "system url codes" gives its codes of a system (* for all, by its own rules).
# "unknown name" is a value set that elements must keep to and the definitions lack.
`)
	d.codeSystems["urn:iso:std:iso:4217"] = &codeSystem{Content: "complete", Concept: currencies()}
	for _, url := range sortedKeys(d.required) {
		name := strings.TrimPrefix(url, valueSets)
		if d.sets[url] == nil {
			fmt.Fprintf(&out, "unknown %s\n", name)
			continue
		}
		systems, err := d.expand(url)
		if err != nil {
			return nil, fmt.Errorf("value set %s: %w", url, err)
		}
		fmt.Fprintf(&out, "set %s\n", name)
		for _, system := range sortedKeys(systems) {
			codes := systems[system]
			slices.Sort(codes)
			for _, code := range codes {
				if code == "" || strings.ContainsAny(code, " \t\n") {
					return nil, fmt.Errorf("value set %s: the code %q would break the table", url, code)
				}
			}
			fmt.Fprintf(&out, "\tsystem %s %s\n", system, strings.Join(slices.Compact(codes), " "))
		}
	}
	return out.Bytes(), nil
}

// expand returns a value set's codes by system.
func (d *definitions) expand(url string) (map[string][]string, error) {
	set := d.sets[url]
	if set == nil {
		return nil, fmt.Errorf("it is not among the definitions")
	}
	if len(set.Compose.Exclude) > 0 {
		return nil, fmt.Errorf("exclusions are not understood")
	}
	systems := map[string][]string{}
	for _, in := range set.Compose.Include {
		switch {
		case len(in.Filter) > 0:
			return nil, fmt.Errorf("filters are not understood")
		case len(in.ValueSet) > 0:
			for _, other := range in.ValueSet {
				other, _, _ = strings.Cut(other, "|")
				more, err := d.expand(other)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", other, err)
				}
				for system, codes := range more {
					systems[system] = append(systems[system], codes...)
				}
			}
		case len(in.Concept) > 0:
			systems[in.System] = append(systems[in.System], flat(in.Concept)...)
		case ruled[in.System]:
			systems[in.System] = append(systems[in.System], "*")
		default:
			system := d.codeSystems[in.System]
			if system == nil || system.Content != "complete" {
				return nil, fmt.Errorf("the codes of %s are not known", in.System)
			}
			systems[in.System] = append(systems[in.System], flat(system.Concept)...)
		}
	}
	return systems, nil
}

func flat(concepts []concept) []string {
	var codes []string
	for _, c := range concepts {
		codes = append(codes, c.Code)
		codes = append(codes, flat(c.Concept)...)
	}
	return codes
}

// currencies returns the codes of ISO 4217, past ones too: a claim may be old.
func currencies() []concept {
	var out []concept
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			for c := 'A'; c <= 'Z'; c++ {
				code := string([]rune{a, b, c})
				if _, err := currency.ParseISO(code); err == nil {
					out = append(out, concept{Code: code})
				}
			}
		}
	}
	return out
}

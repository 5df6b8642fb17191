package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

type searchParameter struct {
	URL        string      `json:"url"`
	Code       string      `json:"code"`
	Type       string      `json:"type"`
	Base       []string    `json:"base"`
	Expression string      `json:"expression"`
	Target     []string    `json:"target"`
	Component  []component `json:"component"`
}

type component struct {
	Definition string `json:"definition"`
	Expression string `json:"expression"`
}

// member is a type of the patient compartment, and the parameters by which.
type member struct {
	Code  string   `json:"code"`
	Param []string `json:"param"`
}

// nearlyAll is how many targets a parameter must list to be one that refers to
// anything; the lists then name every type and cost a third of the table.
const nearlyAll = 130

const parameters = "http://hl7.org/fhir/SearchParameter/"

// search writes a block for each parameter of each type, and the compartment.
func (d *definitions) search() ([]byte, error) {
	var out bytes.Buffer
	out.WriteString(`#
# "param Type code kind url" opens a parameter: its expression follows after "=", what it may refer to
# after ">" (absent: anything), and the definition and expression of each component of a composite after "+".
# "patient Type codes" says by which parameters a type is in the patient compartment.
`)
	byType := map[string][]searchParameter{}
	for _, p := range d.params {
		if p.Expression == "" { // _text, _content and _query are the server's own affair
			continue
		}
		for _, base := range p.Base {
			byType[base] = append(byType[base], p)
		}
	}
	for _, base := range sortedKeys(byType) {
		params := byType[base]
		slices.SortFunc(params, func(a, b searchParameter) int { return strings.Compare(a.Code, b.Code) })
		for i, p := range params {
			if i > 0 && params[i-1].Code == p.Code {
				return nil, fmt.Errorf("%s has two parameters %s", base, p.Code)
			}
			expression, err := only(base, p)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(&out, "param %s %s %s %s\n\t= %s\n", base, p.Code, p.Type, strings.TrimPrefix(p.URL, parameters), expression)
			if len(p.Target) > 0 && len(p.Target) < nearlyAll {
				fmt.Fprintf(&out, "\t> %s\n", strings.Join(p.Target, " "))
			}
			for _, c := range p.Component {
				fmt.Fprintf(&out, "\t+ %s %s\n", strings.TrimPrefix(c.Definition, parameters), c.Expression)
			}
		}
	}
	for _, m := range d.compartment {
		if len(m.Param) > 0 {
			fmt.Fprintf(&out, "patient %s %s\n", m.Code, strings.Join(m.Param, " "))
		}
	}
	return out.Bytes(), nil
}

// only returns the alternatives of a parameter's expression that concern a type.
func only(typ string, p searchParameter) (string, error) {
	expression := p.Expression
	if right, ok := expressions[p.URL]; ok {
		expression = right
	}
	var kept []string
	for _, alternative := range alternatives(expression) {
		path := strings.TrimLeft(alternative, "( ")
		if path == typ || strings.HasPrefix(path, typ+".") {
			kept = append(kept, alternative)
		}
	}
	if len(kept) == 0 {
		return "", fmt.Errorf("parameter %s has no expression for %s", p.URL, typ)
	}
	return strings.Join(kept, " | "), nil
}

// alternatives splits an expression at the bars outside of brackets.
func alternatives(expression string) []string {
	var out []string
	depth, from := 0, 0
	for i, c := range expression {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == '|' && depth == 0:
			out = append(out, strings.TrimSpace(expression[from:i]))
			from = i + 1
		}
	}
	return append(out, strings.TrimSpace(expression[from:]))
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

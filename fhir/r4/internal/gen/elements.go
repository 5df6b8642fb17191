package main

import (
	"bytes"
	"fmt"
	"strings"
)

type structure struct {
	ID             string `json:"id"`
	Kind           string `json:"kind"`
	Abstract       bool   `json:"abstract"`
	Derivation     string `json:"derivation"`
	BaseDefinition string `json:"baseDefinition"`
	FHIRVersion    string `json:"fhirVersion"`
	Snapshot       struct {
		Element []element `json:"element"`
	} `json:"snapshot"`
}

type element struct {
	Path string `json:"path"`
	Min  int    `json:"min"`
	Max  string `json:"max"`
	Base struct {
		Path string `json:"path"`
	} `json:"base"`
	ContentReference string        `json:"contentReference"`
	Type             []elementType `json:"type"`
	IsSummary        bool          `json:"isSummary"`
	IsModifier       bool          `json:"isModifier"`
	Binding          struct {
		Strength string `json:"strength"`
		ValueSet string `json:"valueSet"`
	} `json:"binding"`
}

type elementType struct {
	Code          string   `json:"code"`
	Profile       []string `json:"profile"`
	TargetProfile []string `json:"targetProfile"`
	Extension     []struct {
		URL      string `json:"url"`
		ValueURL string `json:"valueUrl"`
	} `json:"extension"`
}

const (
	profiles    = "http://hl7.org/fhir/StructureDefinition/"
	valueSets   = "http://hl7.org/fhir/ValueSet/"
	systemTypes = "http://hl7.org/fhirpath/System."
)

// elements writes a line for each type, "kind Name < Base", followed by a line
// for each element that the type does not have from its base. The header of the
// table says how these read.
func (d *definitions) elements() ([]byte, error) {
	var out bytes.Buffer
	out.WriteString(`#
# "kind Name < Base" opens a type; a "part" is an element with elements of its own.
# An element is: name, cardinality, flags (s in summaries, m modifies the meaning, - none),
# types separated by commas, and =value set when its codes must come from that.
# Reference(A|B) says what may be referred to; Quantity~ is a quantity without comparator.
`)
	for _, s := range d.types {
		if !s.isR4() {
			continue
		}
		base := strings.TrimPrefix(s.BaseDefinition, profiles)
		if s.Kind == "primitive-type" {
			fmt.Fprintf(&out, "primitive %s < %s\n", s.ID, base)
			continue
		}
		kind := map[string]string{"resource": "resource", "complex-type": "type"}[s.Kind]
		if s.Abstract {
			kind = "abstract"
		}
		if base == "" {
			base = "-"
		}
		if err := d.structure(&out, s, kind, base); err != nil {
			return nil, fmt.Errorf("type %s: %w", s.ID, err)
		}
	}
	return out.Bytes(), nil
}

// isR4 reports whether the type is one of R4 4.0.1: neither a profile, nor a
// model, nor from another release.
func (s structure) isR4() bool {
	return s.Derivation != "constraint" && s.Kind != "logical" && s.FHIRVersion == "4.0.1"
}

func (d *definitions) structure(out *bytes.Buffer, s structure, kind, base string) error {
	elements := corrected(s.ID, s.Snapshot.Element)
	hasParts := map[string]bool{}
	for _, e := range elements {
		if parent, _, nested := cutLast(e.Path); nested {
			hasParts[parent] = true
		}
	}
	fmt.Fprintf(out, "%s %s < %s\n", kind, s.ID, base)
	parents := []string{s.ID}
	for _, e := range elements {
		if hasParts[e.Path] && e.Path != s.ID {
			parents = append(parents, e.Path)
		}
	}
	for i, parent := range parents {
		if i > 0 {
			fmt.Fprintf(out, "part %s < %s\n", parent, partBase(elements, parent))
		}
		for _, e := range elements {
			over, _, nested := cutLast(e.Path)
			if !nested || over != parent || e.Base.Path != e.Path {
				continue
			}
			line, err := d.line(e, hasParts[e.Path])
			if err != nil {
				return fmt.Errorf("element %s: %w", e.Path, err)
			}
			out.WriteString(line)
		}
	}
	return nil
}

// partBase returns what the element at path is: BackboneElement or Element.
func partBase(elements []element, path string) string {
	for _, e := range elements {
		if e.Path == path {
			return e.Type[0].Code
		}
	}
	return ""
}

func (d *definitions) line(e element, hasParts bool) (string, error) {
	_, name, _ := cutLast(e.Path)
	flags := ""
	if e.IsSummary {
		flags += "s"
	}
	if e.IsModifier {
		flags += "m"
	}
	if flags == "" {
		flags = "-"
	}
	types, err := typesOf(e, hasParts)
	if err != nil {
		return "", err
	}
	line := fmt.Sprintf("\t%s %d..%s %s %s", name, e.Min, e.Max, flags, strings.Join(types, ","))
	if e.Binding.Strength == "required" {
		url, _, _ := strings.Cut(e.Binding.ValueSet, "|")
		d.required[url] = true
		line += " =" + strings.TrimPrefix(url, valueSets)
	}
	return line + "\n", nil
}

func typesOf(e element, hasParts bool) ([]string, error) {
	if e.ContentReference != "" {
		return []string{strings.TrimPrefix(e.ContentReference, "#")}, nil
	}
	if hasParts {
		return []string{e.Path}, nil
	}
	if e.Path == "Resource.id" { // the definitions say string, for XML's sake
		return []string{"id"}, nil
	}
	var types []string
	for _, t := range e.Type {
		name := t.Code
		if strings.HasPrefix(name, systemTypes) {
			name = "string"
			for _, x := range t.Extension {
				if x.ValueURL != "" {
					name = x.ValueURL
				}
			}
		}
		for _, p := range t.Profile {
			if name != "Quantity" || p != profiles+"SimpleQuantity" {
				return nil, fmt.Errorf("profile %s is not understood", p)
			}
			name = "Quantity~"
		}
		if len(t.TargetProfile) > 0 {
			var targets []string
			for _, p := range t.TargetProfile {
				targets = append(targets, strings.TrimPrefix(p, profiles))
			}
			name += "(" + strings.Join(targets, "|") + ")"
		}
		types = append(types, name)
	}
	if len(types) == 0 {
		return nil, fmt.Errorf("it has no type")
	}
	return types, nil
}

func cutLast(path string) (before, after string, found bool) {
	i := strings.LastIndexByte(path, '.')
	if i < 0 {
		return "", path, false
	}
	return path[:i], path[i+1:], true
}

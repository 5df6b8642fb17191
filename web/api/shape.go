package api

import (
	"slices"
	"strings"

	"joinery/fhir"
	"joinery/fhir/r4"
	"joinery/record"
	"joinery/record/search"
)

// shape says how much of each resource to show: _summary and _elements.
// The zero shape shows all.
type shape struct {
	mode     string // _summary: true, text or data; empty for all
	elements []string
}

func shapeOf(q *search.Query) shape {
	s := shape{elements: q.Elements}
	switch q.Summary {
	case search.SummaryTrue:
		s.mode = "true"
	case search.SummaryText:
		s.mode = "text"
	case search.SummaryData:
		s.mode = "data"
	default: // all of it, or only how many there are
	}
	return s
}

// shaped reads _summary and _elements for an interaction that has no others.
func (c *call) shaped() error {
	if len(c.params) == 0 {
		return nil
	}
	if err := c.only("_summary", "_elements"); err != nil {
		return err
	}
	switch mode := c.param("_summary"); mode {
	case "", "false":
	case "true", "text", "data":
		c.shape.mode = mode
	default:
		return issue("value", "http._summary", "Of one resource, _summary is true, text, data or false.")
	}
	for name := range strings.SplitSeq(c.param("_elements"), ",") {
		if name == "" {
			continue
		}
		if _, ok := r4.Child(c.typ, name); !ok {
			return issue("value", "http._elements", "A "+c.typ+" has no element of one of these names. Elements are named as in identifier,name.")
		}
		c.shape.elements = append(c.shape.elements, name)
	}
	return nil
}

// append appends a version in this shape.
func (s shape) append(dst []byte, v *record.Version) ([]byte, error) {
	if s.mode == "" && len(s.elements) == 0 {
		return v.AppendJSON(dst), nil
	}
	doc, err := fhir.Parse(v.JSON())
	if err != nil {
		return nil, err
	}
	return s.object(dst, v.Type, doc.Root(), true), nil
}

// object appends what the shape shows of an object of a type.
func (s shape) object(dst []byte, typ string, v fhir.Value, top bool) []byte {
	dst = append(dst, '{')
	first := true
	for name, member := range v.Members() {
		show, deep := s.shows(typ, name, top)
		if !show {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(fhir.AppendQuoted(dst, name), ':')
		switch {
		case top && name == "meta":
			dst = subsetted(dst, member)
		case deep != "" && member.Kind() == fhir.Array:
			dst = append(dst, '[')
			for i := range member.Len() {
				if i > 0 {
					dst = append(dst, ',')
				}
				dst = s.object(dst, deep, member.Item(i), false)
			}
			dst = append(dst, ']')
		case deep != "":
			dst = s.object(dst, deep, member, false)
		default:
			dst = append(dst, member.Raw()...)
		}
	}
	return append(dst, '}')
}

// shows reports whether the shape shows a member of a type, and the type to go
// into when only parts of it are shown.
func (s shape) shows(typ, name string, top bool) (show bool, deep string) {
	name = strings.TrimPrefix(name, "_")
	if top {
		switch name {
		case "resourceType", "id", "meta":
			return true, ""
		case "text":
			if s.mode == "text" {
				return true, ""
			}
		}
	}
	e, ok := r4.Child(typ, name)
	if !ok {
		return false, ""
	}
	switch {
	case len(s.elements) > 0:
		// What is necessary, and what changes the meaning of the rest, stays.
		return e.Min > 0 || e.Modifier || slices.Contains(s.elements, e.Name) || slices.Contains(s.elements, name), ""
	case s.mode == "data":
		return !top || name != "text", ""
	case s.mode == "text":
		return e.Min > 0, ""
	}
	if !e.Summary && e.Min == 0 {
		return false, ""
	}
	if len(e.Types) == 1 && r4.KindOf(e.Types[0]) == r4.Part {
		return true, e.Types[0]
	}
	return true, ""
}

// partial is the tag of a resource that is not shown whole: nobody must store
// it back.
const partial = `{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}`

// subsetted appends a resource's meta with the tag that says so.
func subsetted(dst []byte, meta fhir.Value) []byte {
	raw := meta.Raw()
	if tags := meta.Get("tag"); tags.Kind() == fhir.Array {
		start, _ := meta.Span()
		_, end := tags.Span()
		cut := end - 1 - start // before the array closes
		dst = append(dst, raw[:cut]...)
		if tags.Len() > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, partial...)
		return append(dst, raw[cut:]...)
	}
	dst = append(dst, raw[:len(raw)-1]...)
	if meta.Len() > 0 {
		dst = append(dst, ',')
	}
	return append(append(append(dst, `"tag":[`...), partial...), "]}"...)
}

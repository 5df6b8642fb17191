package path_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"joinery/fhir/r4"
)

// element is an element of XML as it was read.
type element struct {
	name     string
	space    string
	attrs    map[string]string
	children []*element
	inner    string // the text of XHTML, tags included
}

const xhtmlSpace = "http://www.w3.org/1999/xhtml"

// fromXML turns a resource in FHIR's XML into its JSON.
func fromXML(t testing.TB, in []byte) []byte {
	t.Helper()
	return resourceJSON(t, readXML(t, in))
}

func resourceJSON(t testing.TB, e *element) []byte {
	t.Helper()
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(resourceOf(e)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func readXML(t testing.TB, in []byte) *element {
	t.Helper()
	in = bytes.ReplaceAll(in, []byte("\r\n"), []byte("\n")) // as XML has it
	d := xml.NewDecoder(bytes.NewReader(in))
	var open []*element
	var root *element
	for {
		before := d.InputOffset()
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return root
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := &element{name: token.Name.Local, space: token.Name.Space, attrs: map[string]string{}}
			for _, a := range token.Attr {
				e.attrs[a.Name.Local] = a.Value
			}
			if len(open) > 0 {
				up := open[len(open)-1]
				up.children = append(up.children, e)
			} else {
				root = e
			}
			if e.space == xhtmlSpace {
				if err := d.Skip(); err != nil {
					t.Fatal(err)
				}
				e.inner = string(in[before:d.InputOffset()])
				continue
			}
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		}
	}
}

func resourceOf(e *element) map[string]any {
	out := map[string]any{"resourceType": e.name}
	fill(out, e, e.name)
	return out
}

// fill puts the children of an element of a type into an object.
func fill(out map[string]any, e *element, typ string) {
	for _, name := range []string{"id", "url"} {
		if s, ok := e.attrs[name]; ok {
			out[name] = s
		}
	}
	for _, c := range e.children {
		child, ok := r4.Child(typ, c.name)
		if !ok {
			continue
		}
		value, under := c.value(child.Types[0])
		if child.Max > 1 {
			list, _ := out[c.name].([]any)
			twin, _ := out["_"+c.name].([]any)
			if under != nil {
				for len(twin) < len(list) {
					twin = append(twin, nil)
				}
				out["_"+c.name] = append(twin, under)
			}
			out[c.name] = append(list, value)
			continue
		}
		if value != nil {
			out[c.name] = value
		}
		if under != nil {
			out["_"+c.name] = under
		}
	}
}

// value returns what JSON has for an element of a type, and for a primitive its
// twin with an underscore.
func (e *element) value(typ string) (value, under any) {
	switch {
	case e.space == xhtmlSpace:
		return e.inner, nil
	case typ == "Resource":
		return resourceOf(e.children[0]), nil
	case r4.KindOf(typ) != r4.Primitive:
		out := map[string]any{}
		fill(out, e, typ)
		return out, nil
	}
	rest := map[string]any{}
	fill(rest, &element{attrs: map[string]string{}, children: e.children}, "Element")
	if id, ok := e.attrs["id"]; ok {
		rest["id"] = id
	}
	if len(rest) > 0 {
		under = rest
	}
	s, ok := e.attrs["value"]
	if !ok {
		return nil, under
	}
	switch {
	case typ == "boolean", typ == "decimal", r4.Is(typ, "integer"):
		return json.RawMessage(strings.TrimSpace(s)), under
	}
	return s, under
}

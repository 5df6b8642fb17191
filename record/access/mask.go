package access

import (
	"slices"
	"strings"

	"joinery/fhir"
	"joinery/fhir/r4"
)

// Mask is what a role does not see of a type: either named elements, always or
// only on resources with some label, or everything but what is kept. What is
// masked is not searched either.
type Mask struct {
	typ  int
	hide []string // the path of an element below the type
	keep []string // the only elements seen
	When Label    // 0: always
}

// subsetted marks a resource that lacks something of what is stored, so that
// nobody takes it for the whole or writes it back.
const subsetted = `{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}`

// withheld stands where an object would be left empty.
const withheld = `{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"masked"}]}`

// maskOf returns the masks that concern a type, on a resource with labels.
func (f *Filter) maskOf(typ int, labels Label) []*Mask {
	var out []*Mask
	for _, m := range f.masks {
		if m.typ == typ && (m.When == 0 || m.When&labels&^f.subject.clearance(f.action) != 0) {
			out = append(out, m)
		}
	}
	return out
}

// Masks reports whether the subject sees resources of a type only in part, when
// they have the labels.
func (f *Filter) Masks(typ int, labels Label) bool { return len(f.maskOf(typ, labels)) > 0 }

// Mask returns the JSON of a resource as the subject may see it: without what
// is masked for its type, and then marked SUBSETTED in meta.security. With an
// element go its extensions (_birthDate), and with any the narrative, contained
// resources and extensions of the whole, which may repeat it. When nothing is
// masked it returns the bytes of doc itself.
func (f *Filter) Mask(doc *fhir.Doc, labels Label) []byte {
	res := doc.Root()
	typ, _ := r4.TypeNumber(res.Get("resourceType").Text())
	masks := f.maskOf(typ, labels)
	if len(masks) == 0 {
		return doc.Bytes()
	}
	h := hiding{data: doc.Bytes()}
	h.resource(res, masks)
	return fhir.Splice(h.data, h.edits)
}

// hiding gathers the edits that take elements out of a resource.
type hiding struct {
	data  []byte
	edits []fhir.Edit
}

// resource takes out of a resource what its masks withhold.
func (h *hiding) resource(res fhir.Value, masks []*Mask) {
	typ := res.Get("resourceType").Text()
	kept := func(name string) bool {
		switch name {
		case "resourceType", "id", "meta":
			return true
		case "text", "contained", "extension":
			return false
		}
		name = strings.TrimPrefix(name, "_")
		if e, ok := r4.Child(typ, name); ok {
			name = e.Name // value, for valueQuantity
		}
		for _, m := range masks {
			if m.keep != nil && !slices.Contains(m.keep, name) || len(m.hide) == 1 && m.hide[0] == name {
				return false
			}
		}
		return true
	}
	trimMeta := false
	for _, m := range masks {
		trimMeta = trimMeta || m.keep != nil
		if len(m.hide) > 1 && kept(m.hide[0]) {
			for item := range res.Get(m.hide[0]).Items() {
				h.below(item, m.hide[1:], masks, m.hide[:1])
			}
		}
	}
	h.members(res, kept, h.mark(res.Get("meta"), trimMeta))
}

// below takes an element out of what lies on its path.
func (h *hiding) below(v fhir.Value, path []string, masks []*Mask, above []string) {
	if len(path) > 1 {
		for item := range v.Get(path[0]).Items() {
			h.below(item, path[1:], masks, append(slices.Clip(above), path[0]))
		}
		return
	}
	for _, m := range masks { // the first mask of the same parent takes out all its children at once
		if n := len(m.hide) - 1; n == len(above) && slices.Equal(m.hide[:n], above) {
			if m.hide[n] != path[0] {
				return
			}
			break
		}
	}
	h.members(v, func(name string) bool {
		name = strings.TrimPrefix(name, "_")
		for _, m := range masks {
			if n := len(m.hide) - 1; n == len(above) && slices.Equal(m.hide[:n], above) && m.hide[n] == name {
				return false
			}
		}
		return true
	}, "")
}

// members takes out of an object the members that are not kept, and puts one
// more at its end when there is one.
func (h *hiding) members(v fhir.Value, kept func(string) bool, more string) {
	start, end := v.Span()
	if v.Kind() != fhir.Object {
		return
	}
	last, any := start+1, false // where the member before ends; whether one was kept
	for name, member := range v.Members() {
		_, to := member.Span()
		switch {
		case kept(name):
			any = true
		case any:
			h.edits = append(h.edits, fhir.Edit{Start: last, End: to})
		default:
			to = h.pastComma(to)
			h.edits = append(h.edits, fhir.Edit{Start: last, End: to})
		}
		last = to
	}
	switch {
	case !any && more == "" && last > start+1:
		h.edits = slices.DeleteFunc(h.edits, func(e fhir.Edit) bool { return e.Start >= start && e.End <= end })
		h.edits = append(h.edits, fhir.Edit{Start: start, End: end, New: []byte(withheld)})
	case more != "":
		h.edits = append(h.edits, fhir.Edit{Start: end - 1, End: end - 1, New: []byte("," + more)}) // a resource keeps its type
	}
}

// pastComma returns the place after the comma that follows, if one does.
func (h *hiding) pastComma(at int) int {
	for i := at; i < len(h.data); i++ {
		switch h.data[i] {
		case ' ', '\t', '\r', '\n':
		case ',':
			return i + 1
		default:
			return at
		}
	}
	return at
}

// mark puts SUBSETTED into meta.security. It returns the whole member when there
// is no meta. When trimmed, meta keeps only its version and instant.
func (h *hiding) mark(meta fhir.Value, trimmed bool) string {
	if meta.Kind() != fhir.Object {
		return `"meta":{"security":[` + subsetted + `]}`
	}
	security := meta.Get("security")
	start, end := security.Span()
	switch {
	case trimmed:
		h.members(meta, func(name string) bool { return name == "versionId" || name == "lastUpdated" }, "")
		from, to := meta.Span()
		if meta.Get("versionId").Exists() || meta.Get("lastUpdated").Exists() {
			h.edits = append(h.edits, fhir.Edit{Start: to - 1, End: to - 1, New: []byte(`,"security":[` + subsetted + `]`)})
			break
		}
		h.edits = slices.DeleteFunc(h.edits, func(e fhir.Edit) bool { return e.Start >= from && e.End <= to })
		h.edits = append(h.edits, fhir.Edit{Start: from, End: to, New: []byte(`{"security":[` + subsetted + `]}`)})
	case security.Kind() == fhir.Array && security.Len() > 0:
		h.edits = append(h.edits, fhir.Edit{Start: end - 1, End: end - 1, New: []byte("," + subsetted)})
	case security.Exists():
		h.edits = append(h.edits, fhir.Edit{Start: start, End: end, New: []byte("[" + subsetted + "]")})
	default:
		_, to := meta.Span()
		comma := ","
		if meta.Len() == 0 {
			comma = ""
		}
		h.edits = append(h.edits, fhir.Edit{Start: to - 1, End: to - 1, New: []byte(comma + `"security":[` + subsetted + `]`)})
	}
	return ""
}

// Barred returns the labels of the resources of a type that a search parameter
// must not find, because what it looks at is masked on them: 0 when it may find
// all, and ^0 when it may find none. What is barred acts as absent, for a
// condition, for :missing and :not, for a chain, for _has, for an include and
// for the order.
func (f *Filter) Barred(typ int, code string) Label {
	var l Label
	for _, m := range f.masks {
		if m.typ != typ || !m.touches(code) {
			continue
		}
		if m.When == 0 {
			return ^Label(0)
		}
		l |= m.When &^ f.subject.clearance(f.action)
	}
	return l
}

// touches reports whether a search parameter looks at what is masked.
func (m *Mask) touches(code string) bool {
	if code == "_id" || code == "_lastUpdated" {
		return false
	}
	typ := r4.TypeName(m.typ)
	p, ok := r4.SearchParam(typ, code)
	if !ok {
		return true // _text, _content and the like look at everything
	}
	return m.touchesParam(typ, p)
}

func (m *Mask) touchesParam(typ string, p *r4.Param) bool {
	paths := elementPaths(typ, p.Expression)
	for _, path := range paths {
		if m.touchesPath(path) {
			return true
		}
	}
	for _, c := range p.Components {
		if m.touchesParam(typ, c.Definition) {
			return true
		}
		for _, path := range elementPaths("", c.Expression) {
			if m.touchesPath(path) {
				return true
			}
		}
	}
	return len(paths) == 0 && len(p.Components) == 0 // it cannot be told what it looks at
}

func (m *Mask) touchesPath(path []string) bool {
	if m.keep != nil {
		return path[0] != "id" && !slices.Contains(m.keep, path[0])
	}
	if path[0] == "text" || path[0] == "contained" || path[0] == "extension" {
		return true
	}
	n := min(len(path), len(m.hide))
	return slices.Equal(path[:n], m.hide[:n])
}

// elementPaths returns the paths of the elements that an expression looks at: the
// names that follow the type's, up to a function. With no type every path of
// names is one.
func elementPaths(typ, expression string) [][]string {
	var out [][]string
	for word := range strings.FieldsFuncSeq(expression, func(r rune) bool {
		return r != '.' && r != '(' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) {
		for part := range strings.SplitSeq(word, "(") {
			names := strings.Split(strings.Trim(part, "."), ".")
			if typ != "" {
				if names[0] != typ && names[0] != "Resource" && names[0] != "DomainResource" {
					continue
				}
				names = names[1:]
			}
			names = slices.DeleteFunc(names, func(n string) bool {
				return n == "" || n == "where" || n == "as" || n == "exists" || n == "resolve" || n == "is"
			})
			if len(names) > 0 {
				out = append(out, names)
			}
		}
	}
	return out
}

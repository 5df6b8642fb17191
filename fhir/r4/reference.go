package r4

import (
	"bytes"
	"slices"
	"strings"

	"joinery/fhir"
)

// reference checks a Reference beyond its elements: what its text points to,
// and whether such a thing may stand there.
func (w *walker) reference(e *Elem, v fhir.Value) {
	if v.Kind() != fhir.Object {
		return
	}
	text := v.Get("reference")
	typ := v.Get("type")
	if typ.Kind() == fhir.String && KindOf(typ.Text()) != Resource && !strings.Contains(typ.Text(), ":") {
		w.faultIn("type", "value", "This must be a resource type of FHIR R4."+didYouMean(typ.Text(), Types()))
	}
	if !text.Exists() {
		if typ.Exists() && v.Len() == 1 {
			w.fault("structure", "A reference must have a reference, an identifier or a display.")
		}
		return
	}
	if text.Kind() != fhir.String {
		return // noted already
	}
	to, ok := w.pointsTo(text.TextBytes())
	switch {
	case !ok:
		w.faultIn("reference", "value", "This must be a reference such as Patient/123, an absolute URL, urn:uuid:…, or # and the id of a contained resource.")
	case strings.HasPrefix(to, "#"):
		w.faultIn("reference", "not-found", "No contained resource has this id.")
	case to == "":
	case e.Targets != nil && !slices.Contains(e.Targets, to):
		w.faultIn("reference", "value", "This may refer to "+listed(e.Targets)+", not to "+to+".")
	case typ.Kind() == fhir.String && typ.Text() != to && KindOf(typ.Text()) == Resource:
		w.faultIn("type", "value", "This must be "+to+", which the reference is to.")
	}
}

// pointsTo returns the type that a reference's text points to, empty when it
// does not show it, or "#" when it points to a contained resource that is not
// there; ok is false when the text is no reference.
func (w *walker) pointsTo(t []byte) (typ string, ok bool) {
	if !isURI(t) || len(t) == 0 {
		return "", len(t) == 0 // empty text has been noted
	}
	switch {
	case t[0] == '#':
		return w.fragment(string(t[1:]))
	case bytes.HasPrefix(t, []byte("urn:uuid:")):
		return "", hasUUID(t, true)
	case bytes.HasPrefix(t, []byte("urn:oid:")):
		return "", isOID(t)
	}
	if i := bytes.IndexByte(t, '?'); i > 0 && w.batch && bytes.IndexByte(t[:i], '/') < 0 {
		return string(t[:i]), KindOf(string(t[:i])) == Resource
	}
	rest, absolute := cutScheme(t)
	if absolute {
		return restfulType(rest), len(rest) > 0
	}
	name, id, _ := bytes.Cut(t, []byte("/"))
	at := load().types[string(name)]
	if at == nil || at.kind != Resource {
		return "", false
	}
	id, version, versioned := bytes.Cut(id, []byte("/_history/"))
	return at.name, isID(id) && (!versioned || isID(version))
}

// cutScheme cuts "scheme:" off an absolute URI.
func cutScheme(t []byte) (rest []byte, absolute bool) {
	for i, c := range t {
		switch {
		case c == ':' && i > 0:
			return t[i+1:], true
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', i > 0 && (isDigit(c) || c == '+' || c == '-' || c == '.'):
		default:
			return t, false
		}
	}
	return t, false
}

// restfulType returns the type in a URL that ends as those of a FHIR server do,
// …/Type/id or …/Type/id/_history/version, and otherwise the empty string.
func restfulType(t []byte) string {
	if i := bytes.LastIndex(t, []byte("/_history/")); i >= 0 {
		t = t[:i]
	}
	i := bytes.LastIndexByte(t, '/')
	if i < 0 || !isID(t[i+1:]) {
		return ""
	}
	t = t[:i]
	i = bytes.LastIndexByte(t, '/')
	if at := load().types[string(t[i+1:])]; i > 0 && at != nil && at.kind == Resource {
		return at.name
	}
	return ""
}

// fragment finds the contained resource of an id; no id stands for the resource
// around the contained one that refers.
func (w *walker) fragment(id string) (typ string, ok bool) {
	if id == "" {
		return w.container.Get("resourceType").Text(), w.contained
	}
	if w.ids == nil {
		w.ids = map[string]string{}
		for c := range w.container.Get("contained").Items() {
			w.ids[c.Get("id").Text()] = c.Get("resourceType").Text()
		}
	}
	if typ, ok := w.ids[id]; ok {
		return typ, true
	}
	return "#", true
}

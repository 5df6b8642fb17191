package record

import (
	"bytes"
	"strings"

	"joinery/fhir"
)

// A transaction's entries name each other by fullUrl, and may name what is
// already stored by a search ("Patient?identifier=…"). Before anything is
// stored each such name becomes the literal reference it stands for.

func isURN(reference string) bool {
	return strings.HasPrefix(reference, "urn:uuid:") || strings.HasPrefix(reference, "urn:oid:")
}

// conditional reports whether a reference is a search, as in
// Patient?identifier=….
func conditional(reference string) bool {
	typ, query, ok := strings.Cut(reference, "?")
	return ok && query != "" && typ != "" && !strings.ContainsAny(typ, "/:")
}

// mayHavePlaceholders is a quick look that spares most resources the walk.
func mayHavePlaceholders(doc *fhir.Doc) bool {
	data := doc.Bytes()
	return bytes.Contains(data, []byte("urn:")) || bytes.IndexByte(data, '?') >= 0
}

// eachReference calls visit for every place in a resource where a reference
// may stand: Reference.reference, and elements of the types uri, url and
// canonical in extensions.
func eachReference(v fhir.Value, visit func(fhir.Value)) {
	switch v.Kind() {
	case fhir.Object:
		for name, member := range v.Members() {
			if member.Kind() == fhir.String {
				switch name {
				case "reference", "valueUri", "valueUrl", "valueUuid", "valueOid", "valueCanonical":
					visit(member)
				}
				continue
			}
			eachReference(member, visit)
		}
	case fhir.Array:
		for item := range v.Items() {
			eachReference(item, visit)
		}
	}
}

// literal returns the edits that make every reference of a resource that stands
// for something else the text that becomes gives for it. Links in the narrative
// to entries of the transaction follow.
func literal(doc *fhir.Doc, becomes func(reference string) (string, bool)) []fhir.Edit {
	var edits []fhir.Edit
	replace := func(v fhir.Value, to string) {
		start, end := v.Span()
		edits = append(edits, fhir.Edit{Start: start, End: end, New: fhir.AppendQuoted(nil, to)})
	}
	eachReference(doc.Root(), func(v fhir.Value) {
		if to, ok := becomes(v.Text()); ok {
			replace(v, to)
		}
	})
	if div := doc.Root().At("text", "div"); div.Exists() && bytes.Contains(div.Raw(), []byte("urn:")) {
		was := div.Text()
		if to := relink(was, becomes); to != was {
			replace(div, to)
		}
	}
	return edits
}

// relink replaces quoted urn: links in a narrative.
func relink(div string, becomes func(string) (string, bool)) string {
	var out strings.Builder
	for {
		i := strings.Index(div, `"urn:`)
		if i < 0 {
			break
		}
		end := strings.IndexByte(div[i+1:], '"')
		if end < 0 {
			break
		}
		link := div[i+1 : i+1+end]
		out.WriteString(div[:i+1])
		if to, ok := becomes(link); ok {
			link = to
		}
		out.WriteString(link)
		div = div[i+1+end:]
	}
	if out.Len() == 0 {
		return div
	}
	out.WriteString(div)
	return out.String()
}

// Package bundle reads FHIR JSON as it is handed over in files and bodies:
// Bundles, single resources, NDJSON, folders of them, and any of these in gzip
// or zip.
//
// Files is the reader of files. It holds no more than one piece at a time,
// writes nothing anywhere (so a member's name in an archive is only a label),
// and stops what unpacks to more than it should.
//
// Open takes a Bundle apart. The skeleton (type, fullUrl, request) and each
// entry's resource are parsed strictly, but each byte only once: a scan that
// only counts brackets finds the resources first. Where a fault lies is said as
// a path from the Bundle.
//
// What an entry's request asks for is decided by whoever executes it.
package bundle

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"joinery/fault"
	"joinery/fhir"
)

// Type is the Bundle's type, a code of http://hl7.org/fhir/bundle-type.
type Type string

// The types of Bundle that can be taken in.
const (
	Transaction Type = "transaction" // all or nothing, as each entry's request says
	Batch       Type = "batch"       // each entry for itself, as its request says
	Collection  Type = "collection"  // resources, without requests
	SearchSet   Type = "searchset"   // resources that another server found
)

// Bundle is a Bundle taken apart.
type Bundle struct {
	Type    Type
	Entries []Entry
}

// Entry is one entry of a Bundle.
type Entry struct {
	FullURL     string // what other entries call it by, as in urn:uuid:…
	Method      string // GET, POST, PUT, PATCH, DELETE, HEAD; "" without a request
	URL         string // relative to the base: Patient, Patient/1, Patient?identifier=…
	IfMatch     string
	IfNoneMatch string
	IfModified  string
	IfNoneExist string // a search, for a conditional create
	SearchMode  string // of a searchset: match, include, outcome
	Resource    *fhir.Doc
}

// Where returns the FHIRPath location of the i-th entry (from 0).
func Where(i int) string { return "Bundle.entry[" + strconv.Itoa(i) + "]" }

// IsBundle reports whether data looks like a Bundle: an object whose
// resourceType is Bundle. It parses nothing.
func IsBundle(data []byte) bool {
	found := false
	members(data, skipSpace(data, 0), func(name []byte, at int) int {
		if string(name) == `"resourceType"` {
			found = bytes.HasPrefix(data[at:], []byte(`"Bundle"`))
			return -1
		}
		return over(data, at)
	})
	return found
}

// Open takes a Bundle apart and parses every resource in it. At most maxEntries
// entries are taken.
//
// The error is a *fhir.Invalid that lists what is wrong in the skeleton or, when
// that is in order, in every resource that is not well-formed JSON; a fault of
// kind TooLarge when there are too many entries.
func Open(data []byte, maxEntries int) (*Bundle, error) {
	skeleton, resources := split(data)
	doc, err := fhir.Parse(skeleton)
	if err != nil {
		if _, whole := fhir.Parse(data); whole != nil {
			err = whole // it says where in what was sent
		}
		return nil, err
	}
	root := doc.Root()
	if !root.Get("resourceType").Is("Bundle") {
		return nil, invalid("structure", "resourceType", "This is not a Bundle.")
	}
	entries := root.Get("entry")
	if k := entries.Kind(); k != fhir.None && k != fhir.Array {
		return nil, invalid("structure", "Bundle.entry", "This must be an array of entries.")
	}
	if entries.Len() > maxEntries {
		return nil, fault.New(fault.TooLarge, fmt.Sprintf(
			"The bundle has %d entries; at most %d are taken at once. Send it in parts.", entries.Len(), maxEntries))
	}
	b := &Bundle{Type: Type(root.Get("type").Text())}
	bad := fhir.Invalid{Issues: unknown(nil, "Bundle", "Bundle", root)}
	i := 0
	for e := range entries.Items() {
		b.Entries = append(b.Entries, entry(e, i, resources, &bad))
		i++
	}
	if len(bad.Issues) > 0 {
		return nil, &bad
	}
	return b, nil
}

// entry reads one entry of the skeleton, and parses the resource that the
// number in its place stands for.
func entry(e fhir.Value, i int, resources [][]byte, bad *fhir.Invalid) Entry {
	request := e.Get("request")
	out := Entry{
		FullURL:     e.Get("fullUrl").Text(),
		Method:      request.Get("method").Text(),
		URL:         request.Get("url").Text(),
		IfMatch:     request.Get("ifMatch").Text(),
		IfNoneMatch: request.Get("ifNoneMatch").Text(),
		IfModified:  request.Get("ifModifiedSince").Text(),
		IfNoneExist: request.Get("ifNoneExist").Text(),
		SearchMode:  e.At("search", "mode").Text(),
	}
	if e.Kind() != fhir.Object {
		bad.Issues = append(bad.Issues, fhir.Issue{Severity: fhir.Error, Code: "structure", Where: Where(i), Say: "An entry must be an object."})
		return out
	}
	resource := e.Get("resource")
	if !resource.Exists() {
		return out
	}
	raw := resource.Raw() // an object here is one that split left alone
	if n, err := strconv.Atoi(resource.Text()); err == nil && n < len(resources) {
		raw = resources[n]
	}
	if raw[0] != '{' {
		bad.Issues = append(bad.Issues, fhir.Issue{Severity: fhir.Error, Code: "structure", Where: Where(i) + ".resource", Say: "A resource must be an object."})
		return out
	}
	var err error
	out.Resource, err = fhir.Parse(raw)
	if err != nil {
		bad.Issues = append(bad.Issues, Under(Where(i)+".resource", err)...)
	}
	return out
}

// Under returns the issues of an error about a part of a Bundle with their
// places said from the Bundle: Patient.birthDate under Bundle.entry[2].resource
// becomes Bundle.entry[2].resource.birthDate.
func Under(where string, err error) []fhir.Issue {
	var of *fhir.Invalid
	if !errors.As(err, &of) {
		return []fhir.Issue{{Severity: fhir.Error, Code: "processing", Where: where, Say: fault.MessageOf(err)}}
	}
	issues := make([]fhir.Issue, len(of.Issues))
	for i, issue := range of.Issues {
		rest := issue.Where
		if dot := bytes.IndexByte([]byte(rest), '.'); dot >= 0 {
			rest = rest[dot:]
		} else {
			rest = ""
		}
		issue.Where = where + rest
		issues[i] = issue
	}
	return issues
}

// split returns the Bundle with a number in the place of each entry's resource
// that is an object, and the bytes of the resources by that number. A resource
// that is anything else is put out of the way by a string. A Bundle whose
// member names are written with escapes, which nobody does in earnest, comes
// back as it is.
func split(data []byte) (skeleton []byte, resources [][]byte) {
	skeleton = make([]byte, 0, 4096)
	from, escaped := 0, false
	cut := func(at, end int, with string) {
		skeleton = append(append(skeleton, data[from:at]...), with...)
		from = end
	}
	resource := func(name []byte, at int) int {
		end := over(data, at)
		escaped = escaped || bytes.IndexByte(name, '\\') >= 0
		switch {
		case end < 0 || string(name) != `"resource"`:
		case data[at] == '{':
			cut(at, end, strconv.Itoa(len(resources)))
			resources = append(resources, data[at:end])
		default:
			cut(at, end, `"not an object"`)
		}
		return end
	}
	entry := func(at int) int {
		if data[at] == '{' {
			return members(data, at, resource)
		}
		return over(data, at)
	}
	members(data, skipSpace(data, 0), func(name []byte, at int) int {
		escaped = escaped || bytes.IndexByte(name, '\\') >= 0
		if string(name) == `"entry"` && at < len(data) && data[at] == '[' {
			return elements(data, at, entry)
		}
		return over(data, at)
	})
	if escaped {
		return data, nil
	}
	return append(skeleton, data[from:]...), resources
}

func invalid(code, where, say string) error {
	return &fhir.Invalid{Issues: []fhir.Issue{{Severity: fhir.Error, Code: code, Where: where, Say: say}}}
}

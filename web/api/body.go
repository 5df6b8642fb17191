package api

import (
	"encoding/base64"
	"mime"
	"net/http"

	"joinery/fault"
	"joinery/fhir"
	"joinery/fhir/path"
	"joinery/record/search"
	"joinery/web"
)

const jsonPatch = "application/json-patch+json"

// media returns the media type of the body, and whether it is in UTF-8 and of
// the version of FHIR that is spoken here.
func (c *call) media() (string, bool) {
	typ, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil {
		return "", false
	}
	charset, version := params["charset"], params["fhirversion"]
	return typ, (charset == "" || charset == "utf-8" || charset == "UTF-8") && (version == "" || version == "4.0")
}

func wrongMedia(say string) error {
	return &web.Refusal{Status: http.StatusUnsupportedMediaType, Code: "not-supported", Message: say}
}

// bytes reads a FHIR body.
func (c *call) bytes() ([]byte, error) {
	if typ, ok := c.media(); !ok || !jsonType(typ) {
		return nil, wrongMedia("Bodies are taken as JSON only: send them with Content-Type: application/fhir+json.")
	}
	return c.api.server.Body(c.w, c.r, maxBody)
}

// resource reads a resource from the body, of a type when one is named.
func (c *call) resource(typ string) (*fhir.Doc, error) {
	doc, err := c.document()
	if err != nil {
		return nil, err
	}
	return doc, typed(doc, typ)
}

// typed checks that a document is a resource of a type; of any, when typ is
// empty.
func typed(doc *fhir.Doc, typ string) error {
	got := doc.Root().Get("resourceType")
	switch {
	case doc.Root().Kind() != fhir.Object:
		return issue("structure", "", "The body must be one resource: a JSON object.")
	case got.Kind() != fhir.String:
		return issue("required", "resourceType", "The body must say its resourceType.")
	case typ != "" && !got.Is(typ):
		return issue("value", "resourceType", "The body must be a "+typ+", as the address says.")
	}
	return nil
}

func (c *call) document() (*fhir.Doc, error) {
	if c.within != nil {
		if c.within.entry.Resource == nil {
			return nil, issue("required", "", "A resource is needed.")
		}
		return c.within.entry.Resource, nil
	}
	body, err := c.bytes()
	if err != nil {
		return nil, err
	}
	return fhir.Parse(body)
}

func issue(code, where, say string) error {
	return &fhir.Invalid{Issues: []fhir.Issue{{Severity: fhir.Error, Code: code, Where: where, Say: say}}}
}

// patching reads a patch from the body: what it makes of a resource.
func (c *call) patching() (func(*fhir.Doc) ([]byte, error), error) {
	if c.within != nil {
		return patchOf(c.within.entry.Resource)
	}
	typ, ok := c.media()
	switch {
	case ok && typ == jsonPatch:
		body, err := c.api.server.Body(c.w, c.r, maxBody)
		if err != nil {
			return nil, err
		}
		return byJSONPatch(body)
	case ok && jsonType(typ):
		doc, err := c.resource("")
		if err != nil {
			return nil, err
		}
		return patchOf(doc)
	}
	c.w.Header().Set("Accept-Patch", jsonPatch+", application/fhir+json")
	return nil, wrongMedia("A patch is JSON Patch (Content-Type: application/json-patch+json) or FHIRPath Patch (a Parameters resource as application/fhir+json).")
}

func byJSONPatch(patch []byte) (func(*fhir.Doc) ([]byte, error), error) {
	// Whether it is a patch at all is known before anything is looked up.
	if _, err := fhir.Parse(patch); err != nil {
		return nil, err
	}
	return func(doc *fhir.Doc) ([]byte, error) { return fhir.PatchJSON(doc, patch) }, nil
}

// patchOf reads a patch from a resource: Parameters is a FHIRPath Patch, and a
// Binary holds a JSON Patch, as in the entries of a bundle.
func patchOf(doc *fhir.Doc) (func(*fhir.Doc) ([]byte, error), error) {
	root := doc.Root()
	switch root.Get("resourceType").Text() {
	case "Parameters":
		return func(of *fhir.Doc) ([]byte, error) { return path.Patch(of, root) }, nil
	case "Binary":
		if root.Get("contentType").Text() != jsonPatch {
			return nil, issue("not-supported", "Binary.contentType", "The Binary must hold "+jsonPatch+".")
		}
		patch, err := base64.StdEncoding.DecodeString(root.Get("data").Text())
		if err != nil {
			return nil, issue("value", "Binary.data", "This is not base64.")
		}
		return byJSONPatch(patch)
	}
	return nil, issue("structure", "resourceType", "A patch is a Parameters resource, or in a bundle also a Binary with a JSON Patch.")
}

// form reads parameters sent by form, after those of the address.
func (c *call) form() error {
	if c.within != nil {
		return fault.New(fault.Unsupported, "In a bundle, search with GET.")
	}
	if typ, ok := c.media(); !ok || typ != "application/x-www-form-urlencoded" {
		return wrongMedia("Search parameters are sent with Content-Type: application/x-www-form-urlencoded.")
	}
	body, err := c.api.server.Body(c.w, c.r, maxForm)
	if err != nil {
		return err
	}
	if c.params, err = pairs(string(body), c.params); err != nil {
		return err
	}
	return c.negotiate()
}

// query reads a search of a type from parameters.
func (c *call) query(typ string, params []search.Pair) (*search.Query, error) {
	return search.Parse(typ, params, c.searching())
}

func (c *call) searching() search.Options {
	return search.Options{Strict: !c.lenient, Now: c.api.clock(), Base: c.api.base}
}

// condition reads the search that a conditional interaction hangs on: strictly,
// since to overlook a part of it would touch other resources.
func (c *call) condition(typ, raw string) (*search.Query, error) {
	params, err := pairs(raw, nil)
	if err != nil {
		return nil, err
	}
	return c.conditionOf(typ, params)
}

func (c *call) conditionOf(typ string, params []search.Pair) (*search.Query, error) {
	options := c.searching()
	options.Strict = true
	q, err := search.Parse(typ, params, options)
	if err != nil {
		return nil, err
	}
	if len(q.Where) == 0 {
		return nil, issue("required", "", "A conditional interaction needs a search, as in identifier=https://example.org|123.")
	}
	return q, nil
}

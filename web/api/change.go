package api

import (
	"net/http"
	"strings"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
	"joinery/web"
)

// create answers POST {type}.
func (c *call) create() (*reply, error) {
	if err := c.only(); err != nil {
		return nil, err
	}
	doc, err := c.resource(c.typ)
	if err != nil {
		return nil, err
	}
	op := record.Op{Kind: record.Create, Type: c.typ, Body: doc}
	if condition := c.r.Header["If-None-Exist"]; len(condition) > 0 {
		raw := strings.TrimPrefix(strings.Join(condition, "&"), "?")
		if op.IfNoneExist, err = c.condition(c.typ, raw); err != nil {
			return nil, err
		}
	}
	return c.change(op)
}

// unkept are headers by which a client counts on something that we do not do.
// To pass them over would store what it did not mean to be stored.
var unkept = []struct{ header, say string }{
	{"Idempotency-Key", "Idempotency-Key is not supported. To be able to send a create again safely, give the resource an identifier and send If-None-Exist with it."},
	{"If-Unmodified-Since", "If-Unmodified-Since is not supported on changes. Send If-Match with the ETag of the version you looked at."},
	{"If-None-Match", "If-None-Match is not supported on changes. To create only what is not there yet, send a POST with If-None-Exist."},
	{"Content-Range", "A part of a resource cannot be put in its place. Send all of it, or a PATCH."},
}

// counts refuses a change that comes with a header which would not be kept.
func (c *call) counts(rt *route) error {
	refuse := func(say string) error {
		return &web.Refusal{Status: http.StatusBadRequest, Code: "not-supported", Message: say + " Nothing was stored."}
	}
	for _, u := range unkept {
		if len(c.r.Header[u.header]) > 0 {
			return refuse(u.say)
		}
	}
	if rt.interaction == "create" || rt.interaction == "transaction" {
		if len(c.r.Header["If-Match"]) > 0 {
			return refuse("If-Match is for changes of what is there, not for creates and bundles.")
		}
	}
	if rt.interaction != "create" && len(c.r.Header["If-None-Exist"]) > 0 {
		return refuse("If-None-Exist is for creates. To change what a search finds, put the search in the address.")
	}
	return nil
}

// update answers PUT {type}/{id}.
func (c *call) update() (*reply, error) {
	if err := c.only(); err != nil {
		return nil, err
	}
	doc, err := c.resource(c.typ)
	if err != nil {
		return nil, err
	}
	if err := sameID(doc, c.id); err != nil {
		return nil, err
	}
	return c.change(record.Op{Kind: record.Update, Type: c.typ, ID: c.id, Body: doc})
}

// sameID checks that a body says the id of the address.
func sameID(doc *fhir.Doc, id fhir.ID) error {
	switch got := doc.Root().Get("id"); {
	case !got.Exists():
		return issue("required", "id", "The body must say the id that the address says.")
	case !got.Is(string(id)):
		return issue("value", "id", "The body's id must be the one that the address says.")
	}
	return nil
}

// patch answers PATCH {type}/{id}.
func (c *call) patch() (*reply, error) {
	if err := c.only(); err != nil {
		return nil, err
	}
	patch, err := c.patching()
	if err != nil {
		return nil, err
	}
	return c.change(record.Op{Kind: record.Patch, Type: c.typ, ID: c.id, Patch: patch})
}

// remove answers DELETE {type}/{id}.
func (c *call) remove() (*reply, error) {
	if err := c.only(); err != nil {
		return nil, err
	}
	return c.change(record.Op{Kind: record.Delete, Type: c.typ, ID: c.id})
}

// updateWhere answers PUT {type}?….
func (c *call) updateWhere() (*reply, error) {
	doc, err := c.resource(c.typ)
	if err != nil {
		return nil, err
	}
	where, err := c.conditionOf(c.typ, c.params)
	if err != nil {
		return nil, err
	}
	return c.change(record.Op{Kind: record.Update, Type: c.typ, Where: where, Body: doc})
}

// patchWhere answers PATCH {type}?….
func (c *call) patchWhere() (*reply, error) {
	patch, err := c.patching()
	if err != nil {
		return nil, err
	}
	where, err := c.conditionOf(c.typ, c.params)
	if err != nil {
		return nil, err
	}
	return c.change(record.Op{Kind: record.Patch, Type: c.typ, Where: where, Patch: patch})
}

// removeWhere answers DELETE {type}?….
func (c *call) removeWhere() (*reply, error) {
	where, err := c.conditionOf(c.typ, c.params)
	if err != nil {
		return nil, err
	}
	return c.change(record.Op{Kind: record.Delete, Type: c.typ, Where: where})
}

// change carries out one operation.
func (c *call) change(op record.Op) (*reply, error) {
	if op.Kind != record.Create {
		op.IfMatch = c.r.Header.Get("If-Match")
		if err := c.api.guard(op); err != nil {
			return nil, err
		}
	}
	results, err := c.view.Transact(c.ctx, []record.Op{op})
	if err != nil {
		return nil, err
	}
	return changed(op, results[0]), nil
}

// guard refuses to change a resource of a guarded type for who does not say
// which version they looked at: another's change would be lost unseen.
func (a *API) guard(op record.Op) error {
	if op.IfMatch != "" || !a.guarded[op.Type] {
		return nil
	}
	return &web.Refusal{
		Status: http.StatusPreconditionRequired, Code: "conflict",
		Message: "To change a " + op.Type + ", say which version you looked at: send If-Match with its ETag.",
	}
}

// changed is the reply to a change.
func changed(op record.Op, result record.Result) *reply {
	v := result.Version
	switch {
	case result.Created:
		return &reply{status: http.StatusCreated, version: &v, made: true}
	case v.Deleted:
		return &reply{status: http.StatusNoContent, version: &v, bare: true}
	case op.Kind == record.Delete: // there was nothing to delete
		return &reply{status: http.StatusNoContent, bare: true}
	}
	return &reply{status: http.StatusOK, version: &v, made: true}
}

// validateType answers POST {type}/$validate.
func (c *call) validateType() (*reply, error) { return c.validate(false) }

// validateInstance answers POST and GET {type}/{id}/$validate.
func (c *call) validateInstance() (*reply, error) { return c.validate(true) }

func (c *call) validate(instance bool) (*reply, error) {
	if err := c.only("mode", "profile"); err != nil {
		return nil, err
	}
	mode, profile := c.param("mode"), c.param("profile")
	var doc *fhir.Doc
	if c.r.Method == http.MethodPost {
		var err error
		if doc, err = c.document(); err != nil {
			return c.validated(err)
		}
		if root := doc.Root(); root.Get("resourceType").Is("Parameters") && c.typ != "Parameters" {
			if doc, mode, profile, err = unwrap(root, mode, profile); err != nil {
				return nil, err
			}
		}
	}
	if profile != "" {
		return nil, fault.New(fault.Unsupported, "Resources are checked against FHIR R4 itself; profiles are not supported. Leave profile out.")
	}
	switch mode {
	case "", "create", "update", "delete":
	default:
		return nil, issue("value", "mode", "The mode must be create, update or delete.")
	}
	if instance {
		stored, err := c.view.Read(c.ctx, c.typ, c.id)
		if err != nil {
			return nil, err
		}
		if doc == nil {
			if doc, err = fhir.Parse(stored.JSON()); err != nil {
				return nil, err
			}
		}
	}
	switch {
	case doc == nil && mode == "delete":
		return nil, issue("value", "mode", "Deleting is checked for one resource: use "+c.typ+"/[id]/$validate.")
	case doc == nil:
		return nil, issue("required", "resource", "There is no resource to validate.")
	}
	err := typed(doc, c.typ)
	if err == nil && instance && mode != "create" {
		err = sameID(doc, c.id)
	}
	if err == nil {
		err = c.view.Validate(c.ctx, c.typ, doc)
	}
	return c.validated(err)
}

// unwrap takes the resource and the mode out of the operation's Parameters.
func unwrap(parameters fhir.Value, mode, profile string) (*fhir.Doc, string, string, error) {
	var doc *fhir.Doc
	for p := range parameters.Get("parameter").Items() {
		switch p.Get("name").Text() {
		case "resource":
			if !p.Get("resource").Exists() {
				return nil, "", "", issue("required", "resource", "The parameter resource must hold a resource.")
			}
			var err error
			if doc, err = fhir.Parse(p.Get("resource").Raw()); err != nil {
				return nil, "", "", err
			}
		case "mode":
			mode = p.Get("valueCode").Text()
		case "profile":
			profile = p.Get("valueUri").Text() + p.Get("valueCanonical").Text()
		default:
			return nil, "", "", issue("not-supported", "Parameters.parameter", "$validate has the parameters resource, mode and profile.")
		}
	}
	return doc, mode, profile, nil
}

// validated says what a check found: that there are faults is what was asked
// for, so the answer is 200.
func (c *call) validated(err error) (*reply, error) {
	if err == nil {
		return &reply{status: http.StatusOK, body: fhir.Outcome([]fhir.Issue{{
			Severity: fhir.Information, Code: "informational",
			Say: "No fault was found. Constraints that FHIR writes in FHIRPath were not all checked.",
		}})}, nil
	}
	if fault.KindOf(err) != fault.Invalid || web.Status(err) != http.StatusBadRequest {
		return nil, err
	}
	return &reply{status: http.StatusOK, body: fhir.Outcome(web.Issues(err, ""))}, nil
}

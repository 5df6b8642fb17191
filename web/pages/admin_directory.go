package pages

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
)

// The entries of the directory that an administrator keeps: organisations, their
// places, services and the roles of their people. An entry is written as a whole,
// from the version that was seen; what this page does not ask for stays as it was.
// None is deleted: it ends, and can begin again.

// entryKind is a kind of entry.
type entryKind struct {
	typ    string
	of     string // the element that says which organisation it is of; empty: it is one
	fields []entryField
}

// entryField is one thing that is asked for.
type entryField struct {
	name     string
	required bool
	fresh    bool     // asked for when the entry is new, and not again
	choose   []string // codes of which one is chosen; their words are texts
	read     func(entry map[string]any) string
	write    func(entry map[string]any, value string)
}

const organizationTypes = "http://terminology.hl7.org/CodeSystem/organization-type"

// entryKinds are the kinds, by their names in addresses.
var entryKinds = map[string]*entryKind{
	"organisation": {typ: "Organization", fields: []entryField{
		member("name", true, "name"),
		{name: "kind", choose: []string{"prov", "ntwk", "dept", "team", "other", "govt"}, read: readKind, write: writeKind},
		contactBy("phone"), contactBy("email"),
	}},
	"place": {typ: "Location", of: "managingOrganization", fields: []entryField{
		member("name", true, "name"), member("town", false, "address", "city"), member("postcode", false, "address", "postalCode"), contactBy("phone"),
	}},
	"service": {typ: "HealthcareService", of: "providedBy", fields: []entryField{
		member("name", true, "name"), member("says", false, "comment"), contactBy("phone"), contactBy("email"),
	}},
	"role": {typ: "PractitionerRole", of: "organization", fields: []entryField{
		{name: "prefix", fresh: true},
		{name: "given", fresh: true, required: true},
		{name: "family", fresh: true, required: true},
		{name: "role", required: true, read: readRole, write: writeRole},
		contactBy("phone"),
	}},
}

// member is a text at a path of an entry.
func member(name string, required bool, path ...string) entryField {
	last := path[len(path)-1]
	inner := func(entry map[string]any, make bool) map[string]any {
		for _, step := range path[:len(path)-1] {
			next, ok := entry[step].(map[string]any)
			if !ok {
				if next = map[string]any{}; make {
					entry[step] = next
				}
			}
			entry = next
		}
		return entry
	}
	return entryField{
		name: name, required: required,
		read: func(entry map[string]any) string { return textOf(inner(entry, false)[last]) },
		write: func(entry map[string]any, value string) {
			if value != "" {
				inner(entry, true)[last] = value
				return
			}
			held := inner(entry, false)
			if delete(held, last); len(held) == 0 && len(path) > 1 {
				delete(entry, path[0])
			}
		},
	}
}

// contactBy is how an entry is reached: the first of its telecom of a system.
func contactBy(system string) entryField {
	first := func(entry map[string]any) int {
		all, _ := entry["telecom"].([]any)
		return slices.IndexFunc(all, func(x any) bool { one, _ := x.(map[string]any); return one["system"] == system })
	}
	return entryField{
		name: system,
		read: func(entry map[string]any) string {
			if i := first(entry); i >= 0 {
				return textOf(entry["telecom"].([]any)[i].(map[string]any)["value"])
			}
			return ""
		},
		write: func(entry map[string]any, value string) {
			all, _ := entry["telecom"].([]any)
			i := first(entry)
			switch {
			case i >= 0 && value == "":
				all = slices.Delete(all, i, i+1)
			case i >= 0:
				all[i].(map[string]any)["value"] = value
			case value != "":
				all = append(all, map[string]any{"system": system, "value": value})
			}
			if entry["telecom"] = all; len(all) == 0 {
				delete(entry, "telecom")
			}
		},
	}
}

func textOf(x any) string {
	s, _ := x.(string)
	return s
}

// firstConcept returns the first concept of a list, and its first coding.
func firstConcept(entry map[string]any, list string) (concept, coding map[string]any) {
	all, _ := entry[list].([]any)
	if len(all) == 0 {
		return nil, nil
	}
	concept, _ = all[0].(map[string]any)
	if codings, _ := concept["coding"].([]any); len(codings) > 0 {
		coding, _ = codings[0].(map[string]any)
	}
	return concept, coding
}

func readKind(entry map[string]any) string {
	if _, coding := firstConcept(entry, "type"); coding["system"] == organizationTypes {
		return textOf(coding["code"])
	}
	return ""
}

// writeKind says what an organisation is. Where it says the same already, its own
// words stay.
func writeKind(entry map[string]any, code string) {
	switch {
	case code == readKind(entry):
	case code == "":
		delete(entry, "type")
	default:
		entry["type"] = []any{map[string]any{"coding": []any{map[string]any{"system": organizationTypes, "code": code}}}}
	}
}

func readRole(entry map[string]any) string {
	concept, coding := firstConcept(entry, "code")
	if text := textOf(concept["text"]); text != "" {
		return text
	}
	return textOf(coding["display"])
}

// writeRole says in words what somebody is; a code that said something else goes.
func writeRole(entry map[string]any, value string) {
	if value != readRole(entry) {
		entry["code"] = []any{map[string]any{"text": value}}
	}
}

// over reports whether an entry has ended, and end ends it or begins it again.
func (k *entryKind) over(entry map[string]any) bool {
	if k.typ == "Location" {
		return entry["status"] != nil && entry["status"] != "active"
	}
	return entry["active"] == false
}

func (k *entryKind) end(entry map[string]any, ended bool) {
	switch {
	case k.typ == "Location" && ended:
		entry["status"] = "inactive"
	case k.typ == "Location":
		entry["status"] = "active"
	default:
		entry["active"] = !ended
	}
}

// entryView is the form of an entry.
type entryView struct {
	Kind, ID, ETag string // ID and ETag are empty of a new one
	Of, OfName     string // the organisation that it is of
	Name           string
	Fields         []entryInput
	Ended          bool
	Locked         bool // it is a model's: written when the model is put in force
}

// entryInput is a field of the form: a line, or a choice.
type entryInput struct {
	Input
	Choice *Choice
}

// entryAsked returns what the address is of: the kind, and the entry as it is, or,
// for the id "new", an empty one of the organisation that the address names.
func (c *call) entryAsked() (*entryKind, map[string]any, *entryView, error) {
	kind := entryKinds[c.r.PathValue("kind")]
	id, err := c.id("id")
	if kind == nil || err != nil {
		return nil, nil, nil, errAbsent
	}
	v := &entryView{Kind: c.r.PathValue("kind")}
	entry := map[string]any{"resourceType": kind.typ}
	if id == "new" {
		if kind.of != "" {
			v.Of = "Organization/" + c.asked.Get("of")
			entry[kind.of] = map[string]any{"reference": v.Of}
		}
	} else {
		found, err := c.view.Read(c.ctx, kind.typ, id)
		if err != nil {
			return nil, nil, nil, err //nolint:wrapcheck // it is fit to be shown
		}
		if entry, err = wholeOf(found.JSON()); err != nil {
			return nil, nil, nil, err
		}
		v.ID, v.ETag, v.Ended, v.Locked = string(id), found.ETag(), kind.over(entry), ofModel(entry)
		if of, ok := entry[kind.of].(map[string]any); ok {
			v.Of = textOf(of["reference"])
		}
	}
	if v.Of != "" {
		of, err := c.view.Read(c.ctx, "Organization", fhir.ID(strings.TrimPrefix(v.Of, "Organization/")))
		if err != nil {
			return nil, nil, nil, err //nolint:wrapcheck // it is fit to be shown
		}
		doc, err := of.Doc()
		if err != nil {
			return nil, nil, nil, fmt.Errorf("read an organisation: %w", err)
		}
		v.OfName = nameOf(doc.Root())
	}
	return kind, entry, v, nil
}

// wholeOf reads a resource with its numbers as they were written.
func wholeOf(data []byte) (map[string]any, error) {
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.UseNumber()
	entry := map[string]any{}
	if err := d.Decode(&entry); err != nil {
		return nil, fmt.Errorf("read an entry of the directory: %w", err)
	}
	delete(entry, "meta")
	return entry, nil
}

// ofModel reports whether an entry is a service of a model of care.
func ofModel(entry map[string]any) bool {
	all, _ := entry["characteristic"].([]any)
	for _, x := range all {
		concept, _ := x.(map[string]any)
		codings, _ := concept["coding"].([]any)
		for _, y := range codings {
			if coding, _ := y.(map[string]any); coding["system"] == "urn:joinery:model" {
				return true
			}
		}
	}
	return false
}

// entry answers GET /admin/directory/{kind}/{id}.
func (c *call) entry() (*page, error) {
	kind, entry, v, err := c.entryAsked()
	if err != nil {
		return nil, err
	}
	c.entryFields(kind, v, func(f *entryField) string {
		if f.read == nil {
			return ""
		}
		return f.read(entry)
	})
	return &page{name: "entry", view: v}, nil
}

// entryFields makes the fields of the form.
func (c *call) entryFields(kind *entryKind, v *entryView, value func(*entryField) string) {
	v.Name = value(&kind.fields[0])
	for i := range kind.fields {
		f := &kind.fields[i]
		if f.fresh && v.ID != "" {
			continue
		}
		field := Field{ID: f.name, Name: f.name, Label: c.word("entry.field-" + f.name), Value: value(f), Size: "s"}
		in := entryInput{Input: Input{Field: field, Autocomplete: "off"}}
		if f.choose != nil {
			in.Choice = &Choice{Field: field, Options: []Option{{Text: c.word("entry.unsaid"), Chosen: field.Value == ""}}}
			for _, code := range f.choose {
				in.Choice.Options = append(in.Choice.Options, Option{Value: code, Text: c.word("entry.kind-" + code), Chosen: field.Value == code})
			}
			if field.Value != "" && !slices.Contains(f.choose, field.Value) {
				in.Choice.Options = append(in.Choice.Options, Option{Value: field.Value, Text: field.Value, Chosen: true})
			}
		}
		v.Fields = append(v.Fields, in)
	}
}

// keepEntry answers POST /admin/directory/{kind}/{id}: it writes the entry as it was
// filled in, ends it, or begins it again.
func (c *call) keepEntry() (*page, error) {
	kind, entry, v, err := c.entryAsked()
	if err != nil {
		return nil, err
	}
	c.back = "/admin/organisations"
	names := []string{"version", "do"}
	for i := range kind.fields {
		if f := &kind.fields[i]; !f.fresh || v.ID == "" {
			names = append(names, f.name)
		}
	}
	if err := c.only(names...); err != nil {
		return nil, err
	}
	switch {
	case c.field("version") != v.ETag:
		return nil, fault.New(fault.Conflict, "Somebody changed this since you opened it, so nothing was done. Open it again and look at what it says now.")
	case v.Locked:
		return nil, fault.New(fault.Invalid, "This is a service of a model of care: it changes when the model is put in force anew.")
	}
	switch do := c.field("do"); {
	case do == "keep":
		if wrong := c.fillEntry(kind, entry, v); len(wrong) > 0 {
			return &page{status: http.StatusBadRequest, name: "entry", view: v, errors: wrong}, nil
		}
	case do == "end" && v.ID != "" && !v.Ended, do == "begin" && v.Ended:
		kind.end(entry, do == "end")
	default:
		return nil, fault.New(fault.Invalid, "An entry is kept, ended, or begun again.")
	}
	return c.writeEntry(kind, entry, v)
}

// fillEntry puts what was filled in into the entry, and says what is wrong with it.
func (c *call) fillEntry(kind *entryKind, entry map[string]any, v *entryView) []mistake {
	c.entryFields(kind, v, func(f *entryField) string { return c.field(f.name) })
	var wrong []mistake
	for i := range v.Fields {
		in := &v.Fields[i]
		f := kind.fields[slices.IndexFunc(kind.fields, func(f entryField) bool { return f.name == in.Name })]
		if f.required && in.Value == "" {
			in.Error = c.word("entry.lacks-" + f.name)
		}
		if in.Choice != nil && !slices.Contains(f.choose, in.Value) && in.Value != "" && in.Value != f.read(entry) {
			in.Error = c.word("entry.lacks-" + f.name)
			in.Choice.Error = in.Error
		}
		if in.Error != "" {
			wrong = append(wrong, mistake{in.ID, in.Error})
		} else if f.write != nil {
			f.write(entry, in.Value)
		}
	}
	return wrong
}

// writeEntry stores an entry, and with a new role the person who has it.
func (c *call) writeEntry(kind *entryKind, entry map[string]any, v *entryView) (*page, error) {
	var ops []record.Op
	op := record.Op{Kind: record.Update, Type: kind.typ, ID: fhir.ID(v.ID), IfMatch: v.ETag}
	if v.ID == "" {
		op = record.Op{Kind: record.Create, Type: kind.typ, FullURL: "urn:uuid:0d6c9f0a-30a7-4d3b-9df6-7e2f7c1f8a01"}
		if kind.end(entry, false); kind.typ == "PractitionerRole" {
			person := "urn:uuid:0d6c9f0a-30a7-4d3b-9df6-7e2f7c1f8a02"
			name := map[string]any{"family": c.field("family"), "given": []any{c.field("given")}}
			if prefix := c.field("prefix"); prefix != "" {
				name["prefix"] = []any{prefix}
			}
			body, err := parsed(map[string]any{"resourceType": "Practitioner", "active": true, "name": []any{name}})
			if err != nil {
				return nil, err
			}
			ops = append(ops, record.Op{Kind: record.Create, Type: "Practitioner", FullURL: person, Body: body})
			entry["practitioner"] = map[string]any{"reference": person}
		}
	}
	var err error
	if op.Body, err = parsed(entry); err != nil {
		return nil, err
	}
	done, err := c.view.Transact(c.ctx, append(ops, op))
	if err != nil {
		return nil, fmt.Errorf("keep an entry of the directory: %w", err)
	}
	to := strings.TrimPrefix(v.Of, "Organization/")
	if kind.of == "" {
		to = string(done[len(done)-1].Version.ID)
	}
	return &page{to: "/admin/organisations/" + to}, nil
}

func parsed(entry map[string]any) (*fhir.Doc, error) {
	body, err := json.Marshal(entry)
	if err != nil {
		return nil, fmt.Errorf("write an entry of the directory: %w", err)
	}
	doc, err := fhir.Parse(body)
	if err != nil {
		return nil, fmt.Errorf("write an entry of the directory: %w", err)
	}
	return doc, nil
}

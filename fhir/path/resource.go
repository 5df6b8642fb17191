package path

import (
	"errors"
	"strings"

	"joinery/fault"
	"joinery/fhir"
	"joinery/fhir/codes"
	"joinery/fhir/r4"
)

var fhirFunctions = map[string]*function{
	"extension":      {least: 1, do: extension},
	"hasValue":       {gives: aBoolean, do: hasValue},
	"getValue":       {do: getValue},
	"resolve":        {do: resolve},
	"memberOf":       {least: 1, gives: aBoolean, do: memberOf},
	"conformsTo":     {least: 1, gives: aBoolean, do: conformsTo},
	"htmlChecks":     {gives: aBoolean, do: htmlChecks},
	"checkModifiers": {most: many, gives: likeInput, do: checkModifiers},

	"elementDefinition": {do: unsupported},
	"slice":             {least: 2, do: unsupported},
	"subsumes":          {least: 1, gives: aBoolean, do: unsupported},
	"subsumedBy":        {least: 1, gives: aBoolean, do: unsupported},

	"now":       {do: now(dateTime)},
	"today":     {do: now(date)},
	"timeOfDay": {do: now(clock)},
}

func now(as kind) func(*run, *call, []Item, []Item) ([]Item, error) {
	return func(r *run, c *call, _, out []Item) ([]Item, error) {
		if r.env.Now.IsZero() {
			return out, problem("%s() has no meaning here: the time is not given.", c.name)
		}
		m := momentOf(r.env.Now)
		m.kind = as
		switch as {
		case date:
			m.prec = toDay
			m.cut()
		case clock:
			m.zoned, m.offset = false, 0
			m.year, m.month, m.day = 1, 1, 1
		}
		return append(out, momentItem(m)), nil
	}
}

// unsupported is for functions that need profiles or terminologies which we do
// not hold.
func unsupported(_ *run, c *call, _, out []Item) ([]Item, error) {
	return out, fault.New(fault.Unsupported, "FHIRPath: "+c.name+"() is not supported.")
}

func extension(r *run, c *call, in, out []Item) ([]Item, error) {
	url, ok, err := r.text(c, 0)
	if err != nil || !ok {
		return out, err
	}
	from := len(out)
	for i := range in {
		out = r.children(&in[i], "extension", out)
	}
	if err := r.spend(len(out) - from); err != nil {
		return out, err
	}
	kept := out[:from]
	for i := from; i < len(out); i++ {
		if out[i].val.Get("url").Is(url) {
			kept = append(kept, out[i])
		}
	}
	return kept, nil
}

// hasValue tells whether the input is one primitive that has a value, not only
// extensions.
func hasValue(_ *run, _ *call, in, out []Item) ([]Item, error) {
	return append(out, booleanItem(len(in) == 1 && valued(&in[0]))), nil
}

func valued(i *Item) bool {
	if i.kind != node {
		return i.kind != typeInfo
	}
	return i.typ != nil && i.typ.primitive() && i.val.Kind() > fhir.Null
}

func getValue(_ *run, _ *call, in, out []Item) ([]Item, error) {
	if len(in) != 1 || !valued(&in[0]) {
		return out, nil
	}
	return append(out, in[0].system()), nil
}

// memberOf gives nothing for a value set that we do not have.
func memberOf(r *run, c *call, in, out []Item) ([]Item, error) {
	url, ok, err := r.text(c, 0)
	if err != nil || !ok || len(in) != 1 {
		return out, err
	}
	url, _, _ = strings.Cut(url, "|")
	if _, known := codes.Lookup(url); !known {
		return out, nil
	}
	i := &in[0]
	is := false
	has := func(coding fhir.Value) bool {
		in, _ := codes.InValueSet(url, coding.Get("system").Text(), coding.Get("code").Text())
		return in && coding.Get("system").Exists()
	}
	switch i.Type() {
	case "Coding":
		is = has(i.val)
	case "CodeableConcept":
		for coding := range i.val.Get("coding").Items() {
			is = is || has(coding)
		}
	default:
		s := i.system()
		if s.kind != stringy {
			return out, problem("memberOf() is for codes, not %s.", s.Type())
		}
		is, _ = codes.InValueSet(url, "", s.data.(string))
	}
	return append(out, booleanItem(is)), r.spend(10)
}

// conformsTo knows the profiles that R4's types are themselves.
func conformsTo(r *run, c *call, in, out []Item) ([]Item, error) {
	url, ok, err := r.text(c, 0)
	if err != nil || !ok || len(in) != 1 {
		return out, err
	}
	name, ours := strings.CutPrefix(url, "http://hl7.org/fhir/StructureDefinition/")
	t := typeNamed(name)
	if !ours || t == nil {
		return out, problem("conformsTo() does not know this profile.")
	}
	i := &in[0]
	is := i.kind == node && i.typ.is(t)
	if doc := i.val.Doc(); is && i.val == doc.Root() && i.typ.made == r4.Resource {
		var invalid *fhir.Invalid
		is = !errors.As(r4.Validate(doc), &invalid)
		err = r.spend(len(doc.Bytes()) / 16)
	}
	return append(out, booleanItem(is)), err
}

// checkModifiers refuses what has a modifier extension other than those named.
func checkModifiers(r *run, c *call, in, out []Item) ([]Item, error) {
	understood := map[string]bool{}
	for n := range c.args {
		url, _, err := r.text(c, n)
		if err != nil {
			return out, err
		}
		understood[url] = true
	}
	for i := range in {
		for e := range in[i].val.Get("modifierExtension").Items() {
			if !understood[e.Get("url").Text()] {
				return out, problem("there is a modifier extension that the expression does not know.")
			}
		}
	}
	return append(out, in...), nil
}

func resolve(r *run, _ *call, in, out []Item) ([]Item, error) {
	for i := range in {
		ref, ok := reference(&in[i])
		if !ok {
			continue
		}
		v, err := r.find(&in[i], ref)
		if err != nil {
			return out, err
		}
		if typeOf(v) != nil {
			out = append(out, Resource(v))
		}
	}
	return out, nil
}

// reference returns where a Reference, or a uri or canonical, points.
func reference(i *Item) (string, bool) {
	if i.kind == stringy {
		return i.data.(string), true
	}
	v := i.val
	if v.Kind() == fhir.Object {
		v = v.Get("reference")
	}
	return v.Text(), v.Kind() == fhir.String
}

// find follows a reference: into the same resource, the same Bundle, and then
// wherever the environment looks.
func (r *run) find(from *Item, ref string) (fhir.Value, error) {
	if err := r.spend(20); err != nil {
		return fhir.Value{}, err
	}
	at := from.val
	if !at.Exists() {
		at = r.resource()
	}
	if id, ok := strings.CutPrefix(ref, "#"); ok {
		whole := container(at)
		if id == "" {
			return whole, nil
		}
		for v := range whole.Get("contained").Items() {
			if v.Get("id").Is(id) {
				return v, nil
			}
		}
		return fhir.Value{}, nil
	}
	if root := at.Doc().Root(); root.Get("resourceType").Is("Bundle") {
		n := 0
		for entry := range root.Get("entry").Items() {
			n++
			if entry.Get("fullUrl").Is(ref) || isResource(entry.Get("resource"), ref) {
				return entry.Get("resource"), r.spend(n)
			}
		}
		if err := r.spend(n); err != nil {
			return fhir.Value{}, err
		}
	}
	if r.env.Resolve == nil {
		return fhir.Value{}, nil
	}
	v, _ := r.env.Resolve(ref)
	return v, nil
}

// container returns the resource that a value is in: that of the document or,
// in a Bundle, of the entry. What is contained is not a container.
func container(v fhir.Value) fhir.Value {
	root := v.Doc().Root()
	for root.Get("resourceType").Is("Bundle") {
		inner := fhir.Value{}
		for entry := range root.Get("entry").Items() {
			if whole := entry.Get("resource"); whole.Exists() && within(whole, v) {
				inner = whole
				break
			}
		}
		if !inner.Exists() {
			break
		}
		root = inner
	}
	return root
}

// isResource reports whether "Type/id" names the resource.
func isResource(v fhir.Value, ref string) bool {
	typ, id, ok := strings.Cut(ref, "/")
	return ok && v.Get("resourceType").Is(typ) && v.Get("id").Is(id)
}

// refers is "resolve() is T". A reference says the type of what it points to,
// so that need not be found; where it can be, its own word counts.
type refers struct {
	to  *call
	typ typeName
}

func (e *refers) eval(r *run, out []Item) ([]Item, error) {
	in := r.this
	if e.to.target != nil {
		buf, err := e.to.target.eval(r, r.buffer())
		defer r.done(buf)
		if err != nil {
			return out, err
		}
		in = buf
	}
	if len(in) > 1 {
		return out, problem("is takes one value and was given several.")
	}
	if len(in) == 0 {
		return out, nil
	}
	t, err := r.referred(&in[0])
	if err != nil || t == nil {
		return out, err
	}
	return append(out, booleanItem(t.is(e.typ.fhir))), nil
}

// referred returns the type of what an item points to, nil when it is not known.
func (r *run) referred(i *Item) (*Type, error) {
	if t := typeNamed(i.val.Get("type").Text()); t != nil && t.made == r4.Resource {
		return t, nil
	}
	ref, ok := reference(i)
	if !ok {
		return nil, nil
	}
	if t := targetType(ref); t != nil {
		return t, nil
	}
	v, err := r.find(i, ref)
	return typeOf(v), err
}

// targetType reads the type from a reference such as Patient/1,
// http://server/fhir/Patient/1/_history/2 or Patient?identifier=1.
func targetType(ref string) *Type {
	if strings.HasPrefix(ref, "#") || strings.HasPrefix(ref, "urn:") {
		return nil
	}
	ref, _, conditional := strings.Cut(ref, "?")
	parts := strings.Split(ref, "/")
	if n := len(parts); n > 3 && parts[n-2] == "_history" {
		parts = parts[:n-2]
	}
	at := len(parts) - 2
	if conditional {
		at = len(parts) - 1
	}
	if at < 0 {
		return nil
	}
	if t := typeNamed(parts[at]); t != nil && t.made == r4.Resource {
		return t
	}
	return nil
}

// htmlChecks reports whether a narrative keeps to FHIR's rules for XHTML, which
// r4 checks in whole resources only.
func htmlChecks(r *run, _ *call, in, out []Item) ([]Item, error) {
	if len(in) != 1 || in[0].val.Kind() != fhir.String {
		return append(out, booleanItem(false)), nil
	}
	div := in[0].val.Raw()
	doc, err := fhir.Parse([]byte(`{"resourceType":"Basic","text":{"status":"generated","div":` + string(div) + `},"code":{"text":"-"}}`))
	if err != nil {
		return append(out, booleanItem(false)), nil
	}
	return append(out, booleanItem(r4.Validate(doc) == nil)), r.spend(len(div) / 8)
}

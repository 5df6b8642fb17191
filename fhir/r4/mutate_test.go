package r4

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"joinery/fhir"
)

// spot is an element in a sound document.
type spot struct {
	where  string // FHIRPath
	member string // the JSON member that holds it
	elem   *Elem
	parent fhir.Value // the object it is in
	whole  fhir.Value // the member's value: the array when it repeats
	value  fhir.Value // this one
	typ    string
}

// typePlace is where a wrong resourceType is found: the path of the outermost
// resource has no name then.
func (s spot) typePlace() string {
	if !s.parent.Exists() {
		return "resourceType"
	}
	return s.where + ".resourceType"
}

// spots lists the elements of a resource, by a walk of its own.
func spots(v fhir.Value, typ, where string) []spot {
	var out []spot
	for name, member := range v.Members() {
		e, ok := Child(typ, name)
		if !ok {
			continue // resourceType, or the twin of a primitive
		}
		i := 0
		for value := range member.Items() {
			s := spot{where: where + "." + e.Name, member: name, elem: e, parent: v, whole: member, value: value, typ: e.Types[0]}
			if member.Kind() == fhir.Array {
				s.where += fmt.Sprintf("[%d]", i)
			}
			i++
			if s.typ == "Resource" {
				s.typ = value.Get("resourceType").Text()
			}
			out = append(out, s)
			out = append(out, spots(value, s.typ, s.where)...)
		}
	}
	return out
}

// plant is a fault planted in a document: where it must be found.
type plant struct {
	edits []fhir.Edit
	where string
}

// mutation plants one kind of fault at a spot, if it can.
type mutation struct {
	name  string
	plant func(s spot) (plant, bool)
}

func replace(v fhir.Value, with string) []fhir.Edit {
	start, end := v.Span()
	return []fhir.Edit{{Start: start, End: end, New: []byte(with)}}
}

// add puts a member first into an object.
func add(object fhir.Value, member string) []fhir.Edit {
	start, _ := object.Span()
	if object.Len() > 0 {
		member += ","
	}
	return []fhir.Edit{{Start: start + 1, End: start + 1, New: []byte(member)}}
}

// remove takes a member out of its object.
func remove(name string, value fhir.Value) []fhir.Edit {
	data := value.Doc().Bytes()
	start, end := value.Span()
	start = bytes.LastIndex(data[:start], []byte(`"`+name+`"`))
	for end < len(data) && strings.IndexByte(" \n\r\t", data[end]) >= 0 {
		end++
	}
	if data[end] == ',' {
		end++
	} else {
		start = max(bytes.LastIndexByte(data[:start], ','), bytes.LastIndexByte(data[:start], '{')+1)
	}
	return []fhir.Edit{{Start: start, End: end}}
}

// put replaces primitives of the types with something wrong.
func put(with string, types ...string) func(s spot) (plant, bool) {
	return func(s spot) (plant, bool) {
		for _, t := range types {
			if s.typ == t && s.value.Kind() != fhir.Null {
				return plant{replace(s.value, with), s.where}, true
			}
		}
		return plant{}, false
	}
}

// object plants in elements that are objects of a FHIR type.
func inObject(plantIn func(s spot) plant) func(s spot) (plant, bool) {
	return func(s spot) (plant, bool) {
		if s.value.Kind() != fhir.Object {
			return plant{}, false
		}
		return plantIn(s), true
	}
}

func isPrimitive(s spot) bool { return KindOf(s.typ) == Primitive && s.value.Kind() != fhir.Null }

var strings1 = []string{"string", "code", "uri", "id", "date", "dateTime", "instant", "markdown", "canonical", "url"}

var mutations = []mutation{
	{"unknown element", inObject(func(s spot) plant { return plant{add(s.value, `"zzUnknown":1`), s.where + ".zzUnknown"} })},
	{"unknown twin", inObject(func(s spot) plant { return plant{add(s.value, `"_zzUnknown":{"id":"a"}`), s.where + "._zzUnknown"} })},
	{"element in capitals", inObject(func(s spot) plant { return plant{add(s.value, `"ID":"a"`), s.where + ".ID"} })},
	{"twin of a complex element", func(s spot) (plant, bool) {
		e, ok := Child(s.typ, "extension")
		return plant{add(s.value, `"_extension":[]`), s.where + "._extension"}, ok && e != nil && s.value.Kind() == fhir.Object
	}},
	{"string where an object goes", inObject(func(s spot) plant { return plant{replace(s.value, `"text"`), s.where} })},
	{"empty object", func(s spot) (plant, bool) {
		return plant{replace(s.value, `{}`), s.where}, s.value.Kind() == fhir.Object && KindOf(s.typ) != Resource
	}},
	{"only an id", func(s spot) (plant, bool) {
		return plant{replace(s.value, `{"id":"a"}`), s.where}, s.value.Kind() == fhir.Object && KindOf(s.typ) != Resource
	}},
	{"null", func(s spot) (plant, bool) {
		return plant{replace(s.value, "null"), s.where}, s.value.Kind() != fhir.Null
	}},
	{"object where a primitive goes", func(s spot) (plant, bool) {
		return plant{replace(s.value, `{"value":"x"}`), s.where}, isPrimitive(s)
	}},
	{"number where a string goes", put(`17`, strings1...)},
	{"true where a string goes", put(`true`, strings1...)},
	{"number as a string", put(`"1.5"`, "decimal")},
	{"whole number as a string", put(`"1"`, "integer", "positiveInt", "unsignedInt")},
	{"fraction where a whole number goes", put(`1.0`, "integer", "positiveInt", "unsignedInt")},
	{"number too large", put(`2147483648`, "integer", "positiveInt", "unsignedInt")},
	{"negative number", put(`-1`, "positiveInt", "unsignedInt")},
	{"boolean as a string", put(`"true"`, "boolean")},
	{"boolean as a number", put(`1`, "boolean")},
	{"empty string", put(`""`, append(strings1, "base64Binary", "xhtml", "time")...)},
	{"blank string", put(`"  "`, strings1...)},
	{"control character", put(`"a\u0007b"`, strings1...)},
	{"day that is not", put(`"2023-02-29"`, "date", "dateTime")},
	{"date in English order", put(`"28/02/1970"`, "date", "dateTime", "instant")},
	{"month of one digit", put(`"1970-2-28"`, "date", "dateTime", "instant")},
	{"time without zone", put(`"2024-01-01T10:00:00"`, "dateTime", "instant")},
	{"time without seconds", put(`"2024-01-01T10:00Z"`, "dateTime", "instant")},
	{"zone that is not", put(`"2024-01-01T10:00:00+15:00"`, "dateTime", "instant")},
	{"hour 24", put(`"2024-01-01T24:00:00Z"`, "dateTime", "instant")},
	{"date where an instant goes", put(`"2024-01-01"`, "instant")},
	{"time where a date goes", put(`"2024-01-01T10:00:00Z"`, "date")},
	{"time of day without seconds", put(`"08:00"`, "time")},
	{"URI with a space", put(`"http://example.org/a b"`, "uri", "url", "canonical")},
	{"code with a space at the end", put(`"final "`, "code")},
	{"id with an underscore", put(`"a_b"`, "id")},
	{"id too long", put(`"`+strings.Repeat("a", 65)+`"`, "id")},
	{"base64 cut short", put(`"SGVsbG8"`, "base64Binary")},
	{"script", put(`"<div xmlns=\"http://www.w3.org/1999/xhtml\"><script>x</script></div>"`, "xhtml")},
	{"narrative not closed", put(`"<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>x</div>"`, "xhtml")},
	{"code that is none", func(s spot) (plant, bool) {
		return plant{replace(s.value, `"zz-none"`), s.where}, s.typ == "code" && s.elem.set != nil && len(s.elem.set.Codes()) > 0
	}},
	{"code in capitals", func(s spot) (plant, bool) {
		up := strings.ToUpper(string(s.value.Raw()))
		return plant{replace(s.value, up), s.where}, s.typ == "code" && s.elem.set != nil && len(s.elem.set.Codes()) > 0 && up != string(s.value.Raw())
	}},
	{"required element missing", func(s spot) (plant, bool) {
		where := s.where
		if s.elem.Max > 1 {
			where = where[:strings.LastIndexByte(where, '[')]
		}
		return plant{remove(s.member, s.whole), where}, s.elem.Min > 0 && s.parent.Len() > 1 && !s.parent.Get("_"+s.member).Exists()
	}},
	{"one as an array", func(s spot) (plant, bool) {
		return plant{replace(s.value, "["+string(s.value.Raw())+"]"), s.where}, s.elem.Max == 1
	}},
	{"two where one goes", func(s spot) (plant, bool) {
		return plant{replace(s.value, "["+string(s.value.Raw())+","+string(s.value.Raw())+"]"), s.where}, s.elem.Max == 1
	}},
	{"many without an array", func(s spot) (plant, bool) {
		return plant{replace(s.whole, string(s.value.Raw())), s.where[:strings.LastIndexByte(s.where, '[')+1]}, s.elem.Max > 1 && s.whole.Len() == 1
	}},
	{"empty array", func(s spot) (plant, bool) {
		return plant{replace(s.whole, "[]"), s.where[:strings.LastIndexByte(s.where, '[')+1]}, s.elem.Max > 1 && !s.parent.Get("_"+s.member).Exists()
	}},
	{"null in an array", func(s spot) (plant, bool) {
		start, _ := s.whole.Span()
		edit := []fhir.Edit{{Start: start + 1, End: start + 1, New: []byte("null,")}}
		return plant{edit, s.where[:strings.LastIndexByte(s.where, '[')+1] + "0]"}, s.elem.Max > 1 && !s.parent.Get("_"+s.member).Exists()
	}},
	{"twin longer than its array", func(s spot) (plant, bool) {
		twin := `"_` + s.member + `":[` + strings.Repeat("null,", s.whole.Len()) + `{"extension":[{"url":"http://x","valueCode":"y"}]},{"id":"z"}]`
		return plant{add(s.parent, twin), s.where[:strings.LastIndexByte(s.where, '[')+1]}, s.elem.Max > 1 && isPrimitive(s) && !s.parent.Get("_"+s.member).Exists()
	}},
	{"twin that is no object", func(s spot) (plant, bool) {
		return plant{add(s.parent, `"_`+s.member+`":"x"`), s.where}, s.elem.Max == 1 && isPrimitive(s) && !s.parent.Get("_"+s.member).Exists()
	}},
	{"twin with only an id and no value", func(s spot) (plant, bool) {
		edits := append(remove(s.member, s.whole), add(s.parent, `"_`+s.member+`":{"id":"z"}`)...)
		return plant{edits, s.where}, s.elem.Max == 1 && isPrimitive(s) && s.parent.Len() > 1 && !s.parent.Get("_"+s.member).Exists() && !s.elem.Choice
	}},
	{"two choices", func(s spot) (plant, bool) {
		if s.elem.whole == nil {
			return plant{}, false
		}
		for _, c := range s.elem.whole.choices {
			if c != s.elem {
				return plant{add(s.parent, `"`+c.Member+`":"x"`), s.where}, true
			}
		}
		return plant{}, false
	}},
	{"choice without its type", func(s spot) (plant, bool) {
		return plant{add(s.parent, `"`+s.elem.Name+`":"x"`), s.where}, s.elem.Choice
	}},
	{"duplicate name", func(s spot) (plant, bool) {
		return plant{add(s.parent, `"`+s.member+`":`+string(s.whole.Raw())), s.whole.Where()}, true
	}},
	{"modifier extension", func(s spot) (plant, bool) {
		_, ok := Child(s.typ, "modifierExtension")
		return plant{add(s.value, `"modifierExtension":[{"url":"http://x","valueBoolean":true}]`), s.where + ".modifierExtension"}, ok && s.value.Kind() == fhir.Object
	}},
	{"extension without url", inObject(func(s spot) plant {
		return plant{add(s.value, `"extension":[{"valueCode":"x"}]`), s.where + ".extension[0].url"}
	})},
	{"extension with value and extensions", func(s spot) (plant, bool) {
		bad := `"extension":[{"url":"http://x","valueCode":"x","extension":[{"url":"y","valueCode":"z"}]}]`
		_, ok := Child(s.typ, "extension")
		return plant{add(s.value, bad), s.where + ".extension[0]"}, ok && s.value.Kind() == fhir.Object && !s.value.Get("extension").Exists() && s.typ != "Extension"
	}},
	{"extension of a type that is not", inObject(func(s spot) plant {
		return plant{add(s.value, `"extension":[{"url":"http://x","valueFancy":"x"}]`), s.where + ".extension[0].valueFancy"}
	})},
	{"nested too deep", func(s spot) (plant, bool) {
		deep := strings.Repeat(`{"url":"x","extension":[`, 60) + `{"url":"y","valueCode":"z"}` + strings.Repeat(`]}`, 60)
		return plant{add(s.value, `"extension":[`+deep+`]`), ""}, s.value.Kind() == fhir.Object && !s.value.Get("extension").Exists()
	}},
	{"reference to a type that is not", reference("Nowhere/1")},
	{"reference without a type", reference("123")},
	{"reference with a bad id", reference("Patient/a_b")},
	{"reference to nothing contained", reference("#zz-nothing")},
	{"reference of a bad UUID", reference("urn:uuid:123")},
	{"reference with a space", reference("Patient/1 2")},
	{"reference to a type that may not stand there", func(s spot) (plant, bool) {
		if s.typ != "Reference" || s.elem.Targets == nil || !s.value.Get("reference").Exists() {
			return plant{}, false
		}
		return plant{replace(s.value.Get("reference"), `"TestScript/1"`), s.where + ".reference"}, true
	}},
	{"resource of a type that is not", func(s spot) (plant, bool) {
		name := s.value.Get("resourceType")
		return plant{replace(name, `"Pateint"`), s.typePlace()}, name.Exists()
	}},
	{"resource without a type", func(s spot) (plant, bool) {
		name := s.value.Get("resourceType")
		if !name.Exists() {
			return plant{}, false
		}
		return plant{remove("resourceType", name), s.typePlace()}, true
	}},
	{"contained in contained", func(s spot) (plant, bool) {
		return plant{add(s.value, `"contained":[{"resourceType":"Basic","id":"x","code":{"text":"x"}}]`), s.where + ".contained"}, s.elem.Name == "contained"
	}},
	{"contained with a version", func(s spot) (plant, bool) {
		return plant{add(s.value, `"meta":{"versionId":"1"}`), s.where + ".meta.versionId"}, s.elem.Name == "contained"
	}},
}

func reference(to string) func(s spot) (plant, bool) {
	return func(s spot) (plant, bool) {
		text := s.value.Get("reference")
		if s.typ != "Reference" || !text.Exists() {
			return plant{}, false
		}
		return plant{replace(text, `"`+to+`"`), s.where + ".reference"}, true
	}
}

// perDocument is how often each kind of fault is planted in one document.
const perDocument = 4

// TestEveryPlantedFaultIsFound plants faults in sound documents, one at a time,
// and wants each found where it is.
func TestEveryPlantedFaultIsFound(t *testing.T) {
	files, err := filepath.Glob("testdata/sound/*.json")
	if err != nil || len(files) < 5 {
		t.Fatalf("the sound documents are missing: %v %v", files, err)
	}
	planted := map[string]int{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		plantIn(t, filepath.Base(file), data, planted)
	}
	for _, m := range mutations {
		if planted[m.name] == 0 {
			t.Errorf("no fault was planted of the kind: %s", m.name)
		}
	}
	checkPlanted(t, planted, 1000)
}

// TestEveryPlantedFaultIsFoundInExamples does so in examples of the
// specification.
func TestEveryPlantedFaultIsFoundInExamples(t *testing.T) {
	planted := map[string]int{}
	list := refused(t)
	for i, f := range examples(t) {
		if i%12 == 0 && list[f.Name] == "" && f.UncompressedSize64 < 20_000 {
			plantIn(t, f.Name, content(t, f), planted)
		}
	}
	checkPlanted(t, planted, 5000)
}

func checkPlanted(t *testing.T, planted map[string]int, least int) {
	total := 0
	for _, m := range mutations {
		total += planted[m.name]
	}
	if total < least {
		t.Errorf("%d faults were planted, want at least %d", total, least)
	}
	t.Logf("%d faults of %d kinds were planted", total, len(mutations))
}

func plantIn(t *testing.T, name string, data []byte, planted map[string]int) {
	doc, err := fhir.Parse(data)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if err := Validate(doc); err != nil {
		t.Fatalf("%s is not sound: %v", name, err)
	}
	root := doc.Root()
	typ := root.Get("resourceType").Text()
	all := append([]spot{{where: typ, elem: &Elem{}, value: root, typ: typ}}, spots(root, typ, typ)...)
	for _, m := range mutations {
		var fit []plant
		for i, s := range all {
			if i == 0 && !rootable[m.name] {
				continue
			}
			if p, ok := m.plant(s); ok {
				fit = append(fit, p)
			}
		}
		for i, p := range fit {
			if stride := max(len(fit)/perDocument, 1); i%stride != 0 {
				continue
			}
			planted[m.name]++
			mutant := fhir.Splice(data, p.edits)
			if got := places(mutant); !found(got, p.where) {
				t.Errorf("%s: %s at %s is not found; faults are at %q", name, m.name, p.where, got)
			}
		}
	}
}

// rootable are the faults that can be planted in the outermost object.
var rootable = map[string]bool{
	"unknown element": true, "modifier extension": true, "element in capitals": true, "nested too deep": true,
	"resource of a type that is not": true, "resource without a type": true,
}

// places returns where a document is found at fault.
func places(data []byte) []string {
	doc, err := fhir.Parse(data)
	if err == nil {
		err = Validate(doc)
	}
	var out []string
	for _, issue := range issuesOf(err) {
		out = append(out, issue.Where)
	}
	return out
}

// found reports whether a fault was found at a place. One that ends in "[" is of
// the whole array: at the element, or in one of its items.
func found(places []string, where string) bool {
	for _, p := range places {
		if p == where || strings.HasSuffix(where, "[") && (p == strings.TrimSuffix(where, "[") || strings.HasPrefix(p, where)) {
			return true
		}
	}
	return false
}

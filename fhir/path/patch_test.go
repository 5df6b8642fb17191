package path_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"joinery/fault"
	"joinery/fhir"
	"joinery/fhir/path"
)

func TestPatchCases(t *testing.T) {
	root := readXML(t, zipped(t, cases, "r4/patch/fhir-patch-tests.xml"))
	n := 0
	for _, c := range root.children {
		part := map[string]*element{}
		for _, p := range c.children {
			part[p.name] = p
		}
		n++
		t.Run(c.attrs["name"], func(t *testing.T) {
			in, diff := parsed(t, resourceJSON(t, part["input"].children[0])), parsed(t, resourceJSON(t, part["diff"].children[0]))
			got, err := path.Patch(in, diff.Root())
			if part["error"] != nil {
				var invalid *fhir.Invalid
				if !errors.As(err, &invalid) {
					t.Errorf("Patch = %s, %v, want an *fhir.Invalid: %s", got, err, part["error"].attrs["msg"])
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := parsed(t, resourceJSON(t, part["output"].children[0]))
			if !fhir.Equal(parsed(t, blanks(got)).Root(), parsed(t, blanks(want.Bytes())).Root()) {
				t.Errorf("Patch =\n%s, want\n%s", blanks(got), blanks(want.Bytes()))
			}
		})
	}
	if n < 30 {
		t.Errorf("%d cases, want the 30 and more of the suite", n)
	}
}

// blanks squeezes white space, which in the suite's narratives is that of its
// own layout.
func blanks(b []byte) []byte {
	s := strings.ReplaceAll(string(b), `\n`, " ")
	s = strings.Join(strings.Fields(s), " ")
	return []byte(strings.NewReplacer("> <", "><", "> ", ">", " <", "<", "&quot;", `\"`).Replace(s))
}

func parsed(t testing.TB, b []byte) *fhir.Doc {
	t.Helper()
	doc, err := fhir.Parse(b)
	if err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	return doc
}

// op writes an operation from parts "name=JSON members".
func op(parts ...string) string {
	var b strings.Builder
	for n, p := range parts {
		name, rest, _ := strings.Cut(p, "=")
		if n > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"name":"` + name + `",` + rest + `}`)
	}
	return `{"name":"operation","part":[` + b.String() + `]}`
}

func patchOf(ops ...string) string {
	return `{"resourceType":"Parameters","parameter":[` + strings.Join(ops, ",") + `]}`
}

const patient = `{"resourceType":"Patient","id":"p","multipleBirthInteger":2,` +
	`"_birthDate":{"extension":[{"url":"http://e/x","valueCode":"unknown"}]},` +
	`"name":[{"given":["A",null,"C"],"_given":[null,{"id":"g"}]},{"family":"F"}],` +
	`"contact":[{"gender":"male"}], "extension":[{"url":"http://e/n","valueDecimal":1.50}]}`

func TestPatch(t *testing.T) {
	for _, c := range []struct {
		name, patch, want string // want: the part that changes, or after ! the place and words of the refusal
	}{
		{
			"delete keeps the twin of a list aligned",
			op(`type="valueCode":"delete"`, `path="valueString":"Patient.name[0].given[0]"`),
			`"name":[{"given":[null,"C"],"_given":[{"id":"g"},null]},{"family":"F"}]`,
		},
		{
			"move takes the twin along",
			op(`type="valueCode":"move"`, `path="valueString":"name[0].given"`, `source="valueInteger":1`, `destination="valueInteger":2`),
			`"given":["A","C",null],"_given":[null,null,{"id":"g"}]`,
		},
		{
			"replace of a choice takes the other type's member",
			op(`type="valueCode":"replace"`, `path="valueString":"Patient.multipleBirth"`, `value="valueBoolean":true`),
			`"multipleBirthBoolean":true`,
		},
		{
			"add names a choice without its type",
			op(`type="valueCode":"add"`, `path="valueString":"Patient"`, `name="valueString":"deceased"`, `value="valueDateTime":"2020"`),
			`"deceasedDateTime":"2020"`,
		},
		{
			"add to the extensions of a primitive without value",
			op(`type="valueCode":"add"`, `path="valueString":"Patient.birthDate"`, `name="valueString":"extension"`, `value="part":[{"name":"url","valueUri":"http://e/y"},{"name":"value","valueString":"y"}]`),
			`"_birthDate":{"extension":[{"url":"http://e/x","valueCode":"unknown"},{"url":"http://e/y","valueString":"y"}]}`,
		},
		{
			"delete of the last extension takes the twin away",
			op(`type="valueCode":"delete"`, `path="valueString":"Patient.birthDate.extension"`),
			`"multipleBirthInteger":2,"name"`,
		},
		{
			"delete of the last element takes the object away",
			op(`type="valueCode":"delete"`, `path="valueString":"Patient.contact[0].gender"`),
			`{"family":"F"}],"extension"`,
		},
		{
			"a type without a name is given in parts",
			op(`type="valueCode":"insert"`, `path="valueString":"Patient.contact"`, `index="valueInteger":0`,
				`value="part":[{"name":"telecom","valueContactPoint":{"value":"1"}},{"name":"telecom","valueContactPoint":{"value":"2"}},{"name":"gender","valueCode":"female"}]`),
			`"contact":[{"telecom":[{"value":"1"},{"value":"2"}],"gender":"female"},{"gender":"male"}]`,
		},
		{
			"numbers keep their digits",
			op(`type="valueCode":"add"`, `path="valueString":"Patient"`, `name="valueString":"extension"`, `value="part":[{"name":"url","valueUri":"http://e/m"},{"name":"value","valueDecimal":2.50}]`),
			`"valueDecimal":1.50},{"url":"http://e/m","valueDecimal":2.50}]`,
		},
		{
			"insert into a list that is not there",
			op(`type="valueCode":"insert"`, `path="valueString":"Patient.identifier"`, `index="valueInteger":0`, `value="valueIdentifier":{"value":"1"}`),
			`"identifier":[{"value":"1"}]`,
		},
		{
			"delete of nothing is done",
			op(`type="valueCode":"delete"`, `path="valueString":"Patient.gender"`),
			`"id":"p"`,
		},
		{
			"a contained resource is added whole",
			op(`type="valueCode":"add"`, `path="valueString":"Patient"`, `name="valueString":"contained"`, `value="resource":{"resourceType":"Basic","id":"b"}`),
			`"contained":[{"resourceType":"Basic","id":"b"}]`,
		},
		{"an unknown operation", op(`type="valueCode":"drop"`, `path="valueString":"Patient.gender"`), `!parameter[0]: The type of an operation is`},
		{"no path", op(`type="valueCode":"delete"`), `!needs the part "path"`},
		{"a bad path", op(`type="valueCode":"delete"`, `path="valueString":"Patient..x"`), `!part[1]: FHIRPath: at character 9`},
		{"an element that does not exist", op(`type="valueCode":"delete"`, `path="valueString":"Patient.nome"`), `!no element nome`},
		{"too many", op(`type="valueCode":"delete"`, `path="valueString":"Patient.name"`), `!leads to 2`},
		{"add of what is there", op(`type="valueCode":"add"`, `path="valueString":"Patient"`, `name="valueString":"multipleBirth"`, `value="valueBoolean":true`), `!there already`},
		{"an index beyond the end", op(`type="valueCode":"insert"`, `path="valueString":"Patient.name"`, `index="valueInteger":3`, `value="valueHumanName":{"text":"x"}`), `!from 0 to 2`},
		{"a wrong type", op(`type="valueCode":"replace"`, `path="valueString":"Patient.id"`, `value="valueInteger":1`), `!it is id`},
		{"the resource itself", op(`type="valueCode":"delete"`, `path="valueString":"Patient"`), `!an element of the resource`},
		{"a value that is none", op(`type="valueCode":"delete"`, `path="valueString":"1"`), `!an element of the resource`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := path.Patch(parsed(t, []byte(patient)), parsed(t, []byte(patchOf(c.patch))).Root())
			if say, refused := strings.CutPrefix(c.want, "!"); refused {
				if err == nil || !strings.Contains(err.Error(), say) || fault.KindOf(err) != fault.Invalid {
					t.Errorf("Patch = %s, %v, want an error that says %q", got, err, say)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(got), c.want) {
				t.Errorf("Patch =\n%s, want it to have\n%s", got, c.want)
			}
			parsed(t, got)
		})
	}
}

func TestPatchIsAllOrNothing(t *testing.T) {
	in := parsed(t, []byte(patient))
	got, err := path.Patch(in, parsed(t, []byte(patchOf(
		op(`type="valueCode":"delete"`, `path="valueString":"Patient.name[0]"`),
		op(`type="valueCode":"delete"`, `path="valueString":"Patient.nome"`),
	))).Root())
	if err == nil || got != nil {
		t.Errorf("Patch = %s, %v, want nothing but an error", got, err)
	}
	if string(in.Bytes()) != patient {
		t.Error("Patch changed its input")
	}
}

func TestPatchIsBounded(t *testing.T) {
	for name, ops := range map[string][]string{
		"operations": slices.Repeat([]string{op(`type="valueCode":"delete"`, `path="valueString":"Patient.gender"`)}, path.MaxOperations+1),
		"work":       slices.Repeat([]string{op(`type="valueCode":"delete"`, `path="valueString":"Patient.name.where(1.repeatAll(iif($this < 99999, $this + 1, {})).count() = 0)"`)}, 200),
		"one path":   {op(`type="valueCode":"delete"`, `path="valueString":"Patient.name.where(1.repeatAll($this).exists())"`)},
	} {
		_, err := path.Patch(parsed(t, []byte(patient)), parsed(t, []byte(patchOf(ops...))).Root())
		if fault.KindOf(err) != fault.TooLarge {
			t.Errorf("%s: Patch gives %v, want that it costs too much", name, err)
		}
	}
}

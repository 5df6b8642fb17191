package path_test

import (
	"testing"

	"joinery/fhir"
	"joinery/fhir/path"
)

func FuzzCompileEval(f *testing.F) {
	for _, s := range []string{
		`name.given.first()`, `Patient.name.where(use = 'official').family | name.text`, `birthDate <= today() - 18 years`,
		`(1 | 2 | 3).aggregate($this + $total, 0)`, `'a\u0041'.replaceMatches('(a)', '$1b').lower()`, `1.587.lowBoundary(2)`,
		`4 'g' ~ 4040 'mg'`, `@2014-01-01T08:05-05:00.highBoundary(17)`, `descendants().repeat(extension).ofType(string)`,
		`iif($this is Patient, %resource.id, {})`, `name.sort(-family, given.first())`, `managingOrganization.resolve() is Organization`,
		`2.5.power(2) / 0 + 16.log(2) mod 3 div 1`, `contact.all(name.exists() implies name.family.exists() xor true)`,
		`defineVariable('a', 1).select(%a)`, `'%41'.escape('json').encode('hex')`, `10 days + @T10:00`, `1 'cm' * 2 'm'`,
	} {
		f.Add(s)
	}
	doc, err := fhir.Parse([]byte(benchPatient))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := path.Compile(s)
		if err != nil {
			return
		}
		env := &path.Env{Now: now, Steps: 20_000}
		got, err := e.Eval(env, doc.Root())
		if err != nil {
			return
		}
		again, err := e.Eval(env, doc.Root())
		if err != nil || len(again) != len(got) {
			t.Fatalf("%s gives %v, and then %v, %v", s, got, again, err)
		}
		for n, i := range got {
			if i.String() != again[n].String() {
				t.Fatalf("%s gives %v, and then %v", s, got, again)
			}
			i.Type()
			i.Text()
		}
	})
}

func FuzzPatch(f *testing.F) {
	f.Add(`Patient.name[0].given[1]`, `given`, `delete`, `"valueString":"x"`, 0)
	f.Add(`Patient.contact`, ``, `insert`, `"part":[{"name":"gender","valueCode":"male"}]`, 1)
	f.Add(`Patient.birthDate`, `extension`, `add`, `"part":[{"name":"url","valueUri":"u"}]`, 0)
	f.Add(`name`, ``, `move`, ``, 1)
	f.Add(`Patient.multipleBirth`, ``, `replace`, `"valueBoolean":true`, 1)
	doc, err := fhir.Parse([]byte(patient))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, where, name, kind, value string, at int) {
		parts := `{"name":"type","valueCode":` + quoted(kind) + `},{"name":"path","valueString":` + quoted(where) +
			`},{"name":"name","valueString":` + quoted(name) + `},{"name":"index","valueInteger":1},{"name":"source","valueInteger":` +
			string(rune('0'+at&1)) + `},{"name":"destination","valueInteger":0}`
		if value != "" {
			parts += `,{"name":"value",` + value + `}`
		}
		patch, err := fhir.Parse([]byte(`{"resourceType":"Parameters","parameter":[{"name":"operation","part":[` + parts + `]}]}`))
		if err != nil {
			return
		}
		got, err := path.Patch(doc, patch.Root())
		if err != nil {
			return
		}
		after, err := fhir.Parse(got)
		if err != nil {
			t.Fatalf("Patch made %s: %v", got, err)
		}
		if !after.Root().Get("resourceType").Is("Patient") {
			t.Fatalf("Patch lost the type: %s", got)
		}
	})
}

func quoted(s string) string { return string(fhir.AppendQuoted(nil, s)) }

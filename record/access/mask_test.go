package access

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"joinery/fhir"
	"joinery/fhir/r4"
)

// maskedBy returns the filter of the public under a policy with masks alone.
func maskedBy(t testing.TB, masks string) *Filter {
	t.Helper()
	p, err := ReadPolicy(fstest.MapFS{"a.policy": {Data: []byte("role public\n" + masks)}})
	if err != nil {
		t.Fatal(err)
	}
	return p.Filter(must[Subject](t)(NewPublic(Who{})), Read, noon)
}

func TestMask(t *testing.T) {
	const sub = `{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}`
	for _, c := range []struct {
		name, masks, in string
		labels          Label
		want            string
	}{
		{"nothing of the type", "hide Observation.note", `{"resourceType":"Patient"}`, 0, `{"resourceType":"Patient"}`},
		{
			"an element", "hide Patient.address",
			`{"resourceType":"Patient","id":"1","meta":{"versionId":"1"},"address":[{"city":"X"}],"gender":"male"}`, 0,
			`{"resourceType":"Patient","id":"1","meta":{"versionId":"1","security":[` + sub + `]},"gender":"male"}`,
		},
		{
			"the first and the last", "hide Patient.address Patient.gender",
			`{ "address" : [{"city":"X"}] , "resourceType":"Patient", "gender":"male" }`, 0,
			`{"resourceType":"Patient","meta":{"security":[` + sub + `]}}`,
		},
		{
			"with its extensions, the narrative and what is contained", "hide Patient.birthDate",
			`{"resourceType":"Patient","text":{"status":"generated","div":"<div>1980</div>"},"contained":[{"resourceType":"Basic"}],"extension":[{"url":"x"}],"birthDate":"1980-01-01","_birthDate":{"id":"b"},"active":true}`, 0,
			`{"resourceType":"Patient","active":true,"meta":{"security":[` + sub + `]}}`,
		},
		{
			"only when labelled, and it is not", "hide Patient.address when protected-address",
			`{"resourceType":"Patient","address":[{"city":"X"}]}`, HIV,
			`{"resourceType":"Patient","address":[{"city":"X"}]}`,
		},
		{
			"only when labelled, and it is", "hide Patient.address when protected-address",
			`{"resourceType":"Patient","meta":{"security":[{"code":"a"}]},"address":[{"city":"X"}]}`, HIV | Address,
			`{"resourceType":"Patient","meta":{"security":[{"code":"a"},` + sub + `]}}`,
		},
		{
			"within", "hide Patient.contact.address Patient.contact.telecom",
			`{"resourceType":"Patient","meta":{},"contact":[{"name":{"text":"N"},"address":{"city":"X"},"telecom":[{"value":"1"}]},{"telecom":[{"value":"1"}],"address":{"city":"Y"}},{"name":{"text":"M"}}]}`, 0,
			`{"resourceType":"Patient","meta":{"security":[` + sub + `]},"contact":[{"name":{"text":"N"}},{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"masked"}]},{"name":{"text":"M"}}]}`,
		},
		{
			"all but", "keep Patient name telecom",
			`{"resourceType":"Patient","id":"1","meta":{"source":"x","versionId":"2","security":[{"code":"a"}],"lastUpdated":"2026-01-01T00:00:00Z"},"identifier":[{"value":"9"}],"name":[{"text":"N"}],"_gender":{"id":"g"},"telecom":[{"value":"1"}],"birthDate":"1980"}`, 0,
			`{"resourceType":"Patient","id":"1","meta":{"versionId":"2","lastUpdated":"2026-01-01T00:00:00Z","security":[` + sub + `]},"name":[{"text":"N"}],"telecom":[{"value":"1"}]}`,
		},
		{
			"all but, of a meta with nothing to keep", "keep Patient name",
			`{"resourceType":"Patient","meta":{"source":"x"},"name":[{"text":"N"}]}`, 0,
			`{"resourceType":"Patient","meta":{"security":[` + sub + `]},"name":[{"text":"N"}]}`,
		},
		{
			"all but a choice", "keep Observation status code value",
			`{"resourceType":"Observation","meta":{},"status":"final","code":{"text":"c"},"valueQuantity":{"value":1.0},"effectiveDateTime":"2026"}`, 0,
			`{"resourceType":"Observation","meta":{"security":[` + sub + `]},"status":"final","code":{"text":"c"},"valueQuantity":{"value":1.0}}`,
		},
	} {
		f := maskedBy(t, c.masks)
		doc := parse(t, c.in)
		got := f.Mask(doc, c.labels)
		if !fhir.Equal(parse(t, string(got)).Root(), parse(t, c.want).Root()) {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
		typ, _ := r4.TypeNumber(doc.Root().Get("resourceType").Text())
		if masked := f.Masks(typ, c.labels); masked != (c.in != c.want) {
			t.Errorf("%s: Masks = %v", c.name, masked)
		}
	}
}

func TestWhatCannotBeMaskedIsRefused(t *testing.T) {
	for _, masks := range []string{"hide Observation.status", "keep Observation code", "hide Observation.component.code", "hide Patient.deceasedBoolean"} {
		if _, err := ReadPolicy(fstest.MapFS{"a.policy": {Data: []byte("role public\n" + masks)}}); err == nil {
			t.Errorf("%s: ReadPolicy = nil error, want a refusal", masks)
		}
	}
}

// TestMaskLeavesNothingOfWhatItTakes masks random parts of random patients: what
// comes out is JSON, has no canary of what was masked, and all of the others.
func TestMaskLeavesNothingOfWhatItTakes(t *testing.T) {
	members := map[string]string{
		"active": `true`, "gender": `"male"`, "birthDate": `"1980-canary-birthDate"`, "_birthDate": `{"id":"canary-birthDate"}`,
		"address": `[{"city":"canary-address"},{"line":["canary-address",null]}]`, "name": `[{"text":"canary-name \" \\ ] }"}]`,
		"contact": `[{"address":{"city":"canary-contact.address"}},{"name":{"text":"canary-contact.name"},"address":{"city":"canary-contact.address"}}]`,
		"telecom": `[{"value":"canary-telecom"}]`, "meta": `{"versionId":"1"}`, "id": `"x"`, "identifier": `[{"value":"canary-identifier"}]`,
	}
	paths := []string{"birthDate", "address", "name", "contact.address", "contact.name", "telecom", "identifier"}
	rapid.Check(t, func(t *rapid.T) {
		hidden := rapid.SliceOfNDistinct(rapid.SampledFrom(paths), 1, 4, rapid.ID).Draw(t, "hidden")
		masks := "role public\n"
		for _, h := range hidden {
			masks += "hide Patient." + h + "\n"
		}
		p, err := ReadPolicy(fstest.MapFS{"a.policy": {Data: []byte(masks)}})
		if err != nil {
			t.Fatal(err)
		}
		who, err := NewPublic(Who{})
		if err != nil {
			t.Fatal(err)
		}
		names := rapid.Permutation([]string{"active", "gender", "birthDate", "_birthDate", "address", "name", "contact", "telecom", "meta", "id", "identifier", "resourceType"}).Draw(t, "order")
		spaces := rapid.SampledFrom([]string{"", " ", "\n\t"})
		var b strings.Builder
		b.WriteString("{" + spaces.Draw(t, "s"))
		for i, name := range names {
			if i > 0 {
				b.WriteString(spaces.Draw(t, "s") + "," + spaces.Draw(t, "s"))
			}
			value := members[name]
			if name == "resourceType" {
				value = `"Patient"`
			}
			b.WriteString(`"` + name + `"` + spaces.Draw(t, "s") + ":" + spaces.Draw(t, "s") + value)
		}
		b.WriteString(spaces.Draw(t, "s") + "}")
		doc, err := fhir.Parse([]byte(b.String()))
		if err != nil {
			t.Fatal(err)
		}
		got := p.Filter(who, Read, noon).Mask(doc, 0)
		out, err := fhir.Parse(got)
		if err != nil {
			t.Fatalf("%s\n%v", got, err)
		}
		for _, path := range paths {
			want := true
			for _, h := range hidden {
				want = want && h != path
			}
			if has := strings.Contains(string(got), "canary-"+path+`"`) || strings.Contains(string(got), "canary-"+path+" "); has != want {
				t.Fatalf("canary of %s there: %v, want %v\n%s", path, has, want, got)
			}
		}
		if !strings.Contains(out.Root().Get("meta").Get("security").At().Item(0).Get("code").Text(), "SUBSETTED") {
			t.Fatalf("not marked as a part: %s", got)
		}
	})
}

func TestBarred(t *testing.T) {
	f := maskedBy(t, "hide Patient.address when protected-address\nhide Patient.birthDate\nhide Patient.name.family\nhide Observation.component.interpretation\nkeep RiskAssessment status subject occurrence")
	for _, c := range []struct {
		typ, code string
		want      Label
	}{
		{"Patient", "address", Address},
		{"Patient", "address-postalcode", Address},
		{"Patient", "birthdate", ^Label(0)},
		{"Patient", "family", ^Label(0)},
		{"Patient", "name", ^Label(0)},
		{"Patient", "given", 0},
		{"Patient", "gender", 0},
		{"Patient", "_id", 0},
		{"Patient", "_lastUpdated", 0},
		{"Patient", "_tag", 0},
		{"Patient", "_text", ^Label(0)},
		{"Patient", "nothing", ^Label(0)},
		{"Observation", "code", 0},
		{"RiskAssessment", "subject", 0},
		{"RiskAssessment", "patient", 0},
		{"RiskAssessment", "date", 0},
		{"RiskAssessment", "risk", ^Label(0)},
		{"RiskAssessment", "performer", ^Label(0)},
		{"RiskAssessment", "_security", ^Label(0)},
		{"Condition", "code", 0},
	} {
		n, _ := r4.TypeNumber(c.typ)
		if got := f.Barred(n, c.code); got != c.want {
			t.Errorf("Barred(%s, %s) = %x, want %x", c.typ, c.code, uint64(got), uint64(c.want))
		}
	}
}

func TestElementPaths(t *testing.T) {
	for _, c := range []struct {
		typ, expression string
		want            [][]string
	}{
		{"Patient", "Patient.address.country | Person.address.country", [][]string{{"address", "country"}}},
		{"Observation", "(Observation.value as Quantity) | (Observation.value as SampledData)", [][]string{{"value"}, {"value"}}},
		{"Patient", "Patient.telecom.where(system='email')", [][]string{{"telecom"}}},
		{"Patient", "Patient.deceased.exists() and Patient.deceased != false", [][]string{{"deceased"}, {"deceased"}}},
		{"Patient", "Resource.meta.tag", [][]string{{"meta", "tag"}}},
		{"", "value.as(Quantity)", [][]string{{"value"}, {"Quantity"}}},
	} {
		if diff := cmp.Diff(c.want, elementPaths(c.typ, c.expression)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.expression, diff)
		}
	}
}

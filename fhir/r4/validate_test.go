package r4

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"joinery/bench/processor"
	"joinery/fhir"
)

func validate(t *testing.T, s string) []fhir.Issue {
	t.Helper()
	doc, err := fhir.Parse([]byte(s))
	if err != nil {
		t.Fatalf("Parse(%s): %v", s, err)
	}
	return issuesOf(Validate(doc))
}

// TestFaultsAreSaidSoThatOneCanAct holds the words of refusals.
func TestFaultsAreSaidSoThatOneCanAct(t *testing.T) {
	in := `{
		"resourceType": "Patient",
		"id": "a_b",
		"brithDate": "1970-02-28",
		"gender": "F",
		"active": "true",
		"deceasedBoolean": false,
		"deceasedDateTime": "2023-02-29",
		"name": {"family": ""},
		"contact": [{}],
		"_telecom": [],
		"multipleBirth": 2,
		"Ada Lovelace": 1,
		"link": [{"other": {"reference": "Practitioner/1"}}]
	}`
	want := []string{
		"Patient.id: This must be an id: 1 to 64 letters, digits, hyphens and dots.",
		"Patient.brithDate: Patient has no element of this name. Did you mean birthDate?",
		"Patient.gender: This code is not one of those that may stand here: female, male, other or unknown.",
		"Patient.active: This must be true or false, without quotes, not a string.",
		"Patient.deceased: There may be only one of deceasedBoolean and deceasedDateTime; leave one out.",
		"Patient.name: This may be there several times, so it must be a JSON array, even of one.",
		"Patient.contact[0]: An object may not be empty; leave it out.",
		"Patient._telecom: Only a primitive has a twin with an underscore; put the extension into telecom itself.",
		"Patient.multipleBirth: Patient has no element of this name. Write it with its type: multipleBirthBoolean or multipleBirthInteger.",
		"Patient.?: Patient has no element of this name.",
		"Patient.link[0].other.reference: This may refer to Patient or RelatedPerson, not to Practitioner.",
		"Patient.link[0].type: This is missing, and must be there: refer, replaced-by, replaces or seealso.",
	}
	var got []string
	for _, i := range validate(t, in) {
		got = append(got, i.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func TestValidateAccepts(t *testing.T) {
	for _, in := range []string{
		`{"resourceType":"Patient"}`,
		`{"resourceType":"Patient","birthDate":"1970"}`,
		`{"resourceType":"Patient","deceasedDateTime":"2016-12-31T23:59:60Z"}`,
		`{"resourceType":"Patient","deceasedDateTime":"2024-02-29T00:00:00.123456789+14:00"}`,
		`{"resourceType":"Patient","_gender":{"extension":[{"url":"http://x","valueCode":"y"}]}}`,
		`{"resourceType":"Patient","_deceasedBoolean":{"id":"x"},"deceasedBoolean":true}`,
		`{"resourceType":"Patient","contact":[{"id":"x","gender":"male"}]}`,
		`{"resourceType":"Patient","generalPractitioner":[{"reference":"http://example.org/x"},{"reference":"https://example.org/fhir/Organization/1/_history/2"},{"reference":"urn:oid:1.2.3"},{"display":"x"},{"type":"http://example.org/logical","display":"x"}]}`,
		`{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.50E-3,"extension":[{"url":"http://x","valueDecimal":-0.0}]}}`,
		`{"resourceType":"Observation","status":"final","code":{"text":"é"},"valueString":"\u00e9\n"}`,
		`{"resourceType":"Binary","contentType":"x/y","data":"SGVs\nbG8="}`,
		`{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"DELETE","url":"Patient?x=y"}}]}`,
	} {
		if issues := validate(t, in); issues != nil {
			t.Errorf("%s is refused: %v", in, issues)
		}
	}
}

func TestConditionalReferencesOnlyInTransactions(t *testing.T) {
	entry := `{"resourceType":"Bundle","type":"%s","entry":[{"resource":{"resourceType":"Account","status":"active","subject":[{"reference":"Patient?identifier=a|b"}]}}]}`
	if issues := validate(t, strings.Replace(entry, "%s", "transaction", 1)); issues != nil {
		t.Errorf("in a transaction: %v", issues)
	}
	if issues := validate(t, strings.Replace(entry, "%s", "collection", 1)); len(issues) != 1 {
		t.Errorf("in a collection: %v, want one fault", issues)
	}
}

// TestFaultsDoNotRepeatWhatWasSent: a refusal is logged and shown, and what was
// sent may identify a person.
func TestFaultsDoNotRepeatWhatWasSent(t *testing.T) {
	const secret = "Zebedee"
	for _, in := range []string{
		`{"resourceType":"` + secret + `"}`,
		`{"resourceType":"Patient","gender":"` + secret + `","birthDate":"` + secret + `","active":"` + secret + `","id":"` + secret + `!"}`,
		`{"resourceType":"Patient","name":"` + secret + `","generalPractitioner":[{"reference":"` + secret + `","type":"` + secret + `"}]}`,
		`{"resourceType":"Patient","` + secret + ` Smith":1,"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><a href=\"javascript:` + secret + `\">x</a></div>"}}`,
	} {
		issues := validate(t, in)
		if len(issues) == 0 {
			t.Errorf("%s is accepted", in)
		}
		for _, i := range issues {
			if strings.Contains(i.String(), secret) {
				t.Errorf("%q repeats what was sent", i)
			}
		}
	}
}

// TestHostileInputCostsLittle: time grows with the length of the input, however
// it is made.
func TestHostileInputCostsLittle(t *testing.T) {
	const n = 100_000
	many := func(s string) string { return strings.Repeat(s+",", n-1) + s }
	for name, in := range map[string]string{
		"faults":     `{"resourceType":"Patient","name":[` + many(`{}`) + `]}`,
		"gaps":       `{"resourceType":"Patient","name":[{"given":[` + many(`null`) + `],"_given":[` + many(`{"extension":[{"url":"x","valueCode":"y"}]}`) + `]}]}`,
		"fragments":  `{"resourceType":"List","status":"current","mode":"working","contained":[` + many(`{"resourceType":"Basic","id":"a","code":{"text":"x"}}`) + `],"entry":[` + many(`{"item":{"reference":"#b"}}`) + `]}`,
		"unknown":    `{"resourceType":"Patient",` + strings.TrimSuffix(numberedMembers(n), ",") + `}`,
		"narratives": `{"resourceType":"Patient","text":{"status":"generated","div":"` + strings.ReplaceAll(div, `"`, `\"`) + strings.Repeat("<b>x</b>&amp;", n) + `</div>"}}`,
	} {
		start := processor.Time()
		issues := validate(t, in)
		if len(issues) > 1 && (len(issues) != maxIssues+1 || issues[maxIssues].Code != "too-costly") {
			t.Errorf("%s: %d faults are listed, want %d and one that says there are more", name, len(issues), maxIssues)
		}
		if took := processor.Time() - start; took > 3*time.Second {
			t.Errorf("%s: it took %v", name, took)
		}
	}
}

func numberedMembers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"x%d":1,`, i)
	}
	return b.String()
}

func TestFormats(t *testing.T) {
	for _, c := range []struct {
		p        primitive
		yes, no  string // separated by spaces
		quotedNo []string
	}{
		{p: pDate, yes: "2024 2024-02 2024-02-29 1900-01-01 2000-02-29", no: "0000 24 2024- 2024-13 2024-00 2024-02-30 1900-02-29 2024-2-01 2024-02-29Z 20240229 2024/02/29 ２０２４"},
		{p: pDateTime, yes: "2024 2024-02-29 2024-02-29T23:59:59Z 2024-02-29T00:00:00.1-13:59", no: "2024-02-29T 2024-02-29T24:00:00Z 2024-02-29T00:00Z 2024-02-29T00:00:00 2024-02-29T00:00:00.Z 2024-02-29T00:00:00+14:01 2024-02-29T00:00:00z 2024-02T00:00:00Z 2024-02-29t00:00:00Z 2024-02-29T00:00:61Z 2024-02-29T00:00:00+0100"},
		{p: pInstant, yes: "2024-02-29T23:59:59Z 2024-02-29T00:00:00.000001+01:00", no: "2024-02-29 2024 2024-02-29T23:59Z"},
		{p: pTime, yes: "00:00:00 23:59:60 12:30:00.5", no: "24:00:00 12:30 12:30:00Z 12:30:00. 1:30:00"},
		{p: pOID, yes: "urn:oid:1.2.3 urn:oid:2.16.840.1.113883 urn:oid:0.0", no: "1.2.3 urn:oid:3.1 urn:oid:1 urn:oid:1.02 urn:oid:1..2 urn:oid:1.2. urn:oid:10.2"},
		{p: pUUID, yes: "urn:uuid:c757873d-ec9a-4326-a141-556f43239520", no: "c757873d-ec9a-4326-a141-556f43239520 urn:uuid:C757873D-EC9A-4326-A141-556F43239520 urn:uuid:c757873dec9a4326a141556f43239520"},
		{p: pBase64Binary, yes: "SGVsbG8= SGVsbA== SGVs", no: "SGVsbG8 S=Vs SGV* ==== A=== SGVsbG8=SGVs"},
		{p: pInteger, yes: "0 -1 2147483647 -2147483648", no: "-0 2147483648 -2147483649 1.0 1e3 99999999999999999999"},
		{p: pDecimal, yes: "0 -0.0 1.50 1E-3 1e+300 1e-0300 0.000000000000000001", no: "1e301 1e-301 1e999999 1e99999999999999999999 " + strings.Repeat("9", 65)},
		{p: pPositiveInt, yes: "1 2147483647", no: "0 -1 2147483648"},
		{p: pUnsignedInt, yes: "0 2147483647", no: "-1 2147483648"},
		{p: pCode, yes: "a a-b", quotedNo: []string{" a", "a ", "a  b", "a\t\tb", "\x01"}},
		{p: pString, yes: "a é", quotedNo: []string{" ", "\t\n", "\u00a0", "a\x00", "\x1b"}},
		{p: pURI, yes: "http://x urn:a #b /c x", quotedNo: []string{"a b", "a\nb", "\x7f"}},
		{p: pID, yes: "a A-1.b", no: "a_b a/b é " + strings.Repeat("a", 65)},
	} {
		f := formats[c.p]
		for s := range strings.FieldsSeq(c.yes) {
			if !f.ok([]byte(s)) {
				t.Errorf("primitive %d refuses %q", c.p, s)
			}
		}
		for _, s := range append(strings.Fields(c.no), c.quotedNo...) {
			if f.ok([]byte(s)) {
				t.Errorf("primitive %d accepts %q", c.p, s)
			}
		}
	}
	if isText([]byte(strings.Repeat("a", maxString+1))) || !isText([]byte(strings.Repeat("a", maxString))) {
		t.Error("the limit of a string is not 1 MB")
	}
}

// FuzzValidate: no input makes Validate panic, and what it finds it can say.
func FuzzValidate(f *testing.F) {
	for _, s := range []string{
		`{"resourceType":"Patient","name":[{"given":["a",null],"_given":[null,{"id":"x"}]}],"deceasedBoolean":true,"_deceasedDateTime":{}}`,
		`{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Basic","contained":[{"id":"a"}],"subject":{"reference":"#a"}}}]}`,
		`{"resourceType":"Observation","text":{"status":"generated","div":"<div xmlns='http://www.w3.org/1999/xhtml'><a href=\"x:y\" style='a'>&amp;</a><!-- --></div>"}}`,
		`{"resourceType":"Parameters","parameter":[{"name":"x","valueDate":"2024-02-30","resource":{}}]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := fhir.Parse(data)
		if err != nil {
			return
		}
		err = Validate(doc)
		if err == nil && doc.Root().Get("resourceType").Text() == "" {
			t.Error("something without a type is accepted")
		}
		for _, i := range issuesOf(err) {
			if i.Say == "" || i.Code == "" {
				t.Errorf("an issue says nothing: %+v", i)
			}
		}
		_ = fmt.Sprint(err)
	})
}

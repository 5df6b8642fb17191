package access

import (
	"testing"

	"joinery/fhir"
)

func parse(t testing.TB, text string) *fhir.Doc {
	t.Helper()
	return must[*fhir.Doc](t)(fhir.Parse([]byte(text)))
}

func TestLabels(t *testing.T) {
	lab := Category("Observation", "", "laboratory")
	for _, c := range []struct {
		name, json string
		want       Label
	}{
		{"nothing said", `{"resourceType":"Observation"}`, 0},
		{"normal", `{"resourceType":"Observation","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"N"}]}}`, 0},
		{"restricted", `{"resourceType":"Observation","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"}]}}`, Restricted},
		{"very restricted, and HIV", `{"resourceType":"Observation","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"V"},{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]}}`, VeryRestrict | HIV},
		{"a sensitivity without a label of its own", `{"resourceType":"Observation","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"CEL"}]}}`, OtherSensitive},
		{"an obligation", `{"resourceType":"Observation","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"ENCRYPT"}]}}`, 0},
		{"ours", `{"resourceType":"Patient","meta":{"security":[{"system":"urn:joinery:label","code":"protected-address"},{"system":"urn:joinery:label","code":"not-for-carers"}]}}`, Address | NoProxy},
		{"ours, misspelt", `{"resourceType":"Patient","meta":{"security":[{"system":"urn:joinery:label","code":"protected-adress"}]}}`, OtherSensitive},
		{"someone else's", `{"resourceType":"Patient","meta":{"security":[{"system":"urn:other","code":"HIV"}]}}`, 0},
		{"written with escapes", `{"resourceType":"Patient","meta":{"security":[{"system":"urn:joinery:label","code":"ado\u0070tion"}]}}`, Adoption},
		{"a document", `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Condition","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"STD"}]}}}]}`, SexualDisease},
		{"contained", `{"resourceType":"List","contained":[{"resourceType":"Condition","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"STD"}]}}]}`, SexualDisease},

		{"a diagnosis by SNOMED CT", `{"resourceType":"Condition","code":{"coding":[{"system":"http://snomed.info/sct","code":"86406008"}]}}`, HIV},
		{"the code first", `{"resourceType":"Condition","code":{"coding":[{"code" :
			"86406008","system":"http://snomed.info/sct"}]}}`, HIV},
		{"the code with escapes", `{"resourceType":"Condition","code":{"coding":[{"c\u006fde":"864060\u00308","system":"http://snomed.info/sct"}]}}`, HIV},
		{"a diagnosis by ICD-10", `{"resourceType":"Condition","code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10","code":"B20.7"}]}}`, HIV},
		{"the last of a range", `{"resourceType":"Condition","code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10","code":"A64"}]}}`, SexualDisease},
		{"after a range", `{"resourceType":"Condition","code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10","code":"A65"}]}}`, 0},
		{"the code in another system", `{"resourceType":"Condition","code":{"coding":[{"system":"urn:other","code":"86406008"}]}}`, 0},
		{"deep in a claim", `{"resourceType":"Claim","diagnosis":[{"diagnosisCodeableConcept":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10","code":"T74.1"}]}}]}`, Abuse},
		{"in what is contained", `{"resourceType":"Encounter","contained":[{"resourceType":"Condition","code":{"coding":[{"system":"http://loinc.org","code":"25836-8"}]}}]}`, HIV},
		{"depression", `{"resourceType":"Condition","code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10","code":"F32"}]}}`, 0},

		{"a category", `{"resourceType":"Observation","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}]}`, lab},
		{"a category of another system", `{"resourceType":"Observation","category":[{"coding":[{"system":"urn:other","code":"laboratory"}]}]}`, 0},
		{"a category of no system", `{"resourceType":"Observation","category":[{"coding":[{"code":"laboratory"}]}]}`, 0},
		{"a category of another type", `{"resourceType":"Condition","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}]}`, 0},

		{"one patient, twice", `{"resourceType":"Observation","subject":{"reference":"Patient/1"},"performer":[{"reference":"Patient/1/_history/2"}]}`, 0},
		{"two patients", `{"resourceType":"Observation","subject":{"reference":"Patient/1"},"performer":[{"reference":"Patient/2"}]}`, Shared},
		{"two patients, one by an address", `{"resourceType":"Observation","subject":{"reference":"Patient/1"},"performer":[{"reference":"http://here/fhir/Patient/2"}]}`, Shared},
		{"two patients, with escapes", `{"resourceType":"Observation","subject":{"reference":"P\u0061tient/1"},"performer":[{"reference":"Patient\/2"}]}`, Shared},
		{"a patient with a link", `{"resourceType":"Patient","link":[{"other":{"reference":"Patient/1"}},{"other":{"reference":"Patient/2"}}]}`, 0},
		{"not a patient", `{"resourceType":"Observation","subject":{"reference":"Patient/1"},"performer":[{"reference":"OutPatient/2"}]}`, 0},
	} {
		if got := Labels(parse(t, c.json).Root()); got != c.want {
			t.Errorf("%s: Labels = %s (%x), want %s (%x)", c.name, got, uint64(got), c.want, uint64(c.want))
		}
	}
}

func TestLabelsHaveOneNameEach(t *testing.T) {
	var all Label
	for _, n := range labelNames {
		if all&n.label != 0 || n.label&(n.label-1) != 0 || n.label&Categories != 0 {
			t.Errorf("%s has the bits %x, which are taken or not one", n.name, uint64(n.label))
		}
		all |= n.label
		if got, ok := LabelNamed(n.name); !ok || got != n.label || got.String() != n.name {
			t.Errorf("LabelNamed(%q) = %x, %v", n.name, uint64(got), ok)
		}
	}
	if all>>63 != 0 {
		t.Error("a label does not fit a signed column")
	}
	for typ, list := range categoriesOf {
		if len(list) > 32 {
			t.Errorf("%s has %d categories, and there is room for 32", typ, len(list))
		}
	}
}

// TestSensitivityCodesAreAll holds our list of sensitivity codes to the
// published v3-ActCode, so that none is missed.
func TestSensitivityCodesAreAll(t *testing.T) {
	for _, code := range []string{
		"ETH", "GDIS", "HIV", "MST", "SCA", "SDV", "SEX", "SPI", "BH", "COGN", "DVD", "EMOTDIS", "MH", "PSY", "PSYTHPN", "SUD", "ETHUD",
		"OPIOIDUD", "STD", "TBOO", "VIO", "SICKLE", "DEMO", "DOB", "GENDER", "LIVARG", "MARST", "RACE", "REL", "B", "EMPL", "LOCIS", "SSP",
		"ADOL", "CEL", "DIA", "DRGIS", "EMP", "PDS", "PHY", "PRS",
	} {
		if sensitivityCodes[code]&Sensitive == 0 {
			t.Errorf("the sensitivity %s has no label", code)
		}
	}
}

func BenchmarkLabels(b *testing.B) {
	res := parse(b, `{"resourceType":"Observation","id":"x","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"Vital signs"}]}],
		"code":{"coding":[{"system":"http://loinc.org","code":"8302-2","display":"Body Height"}],"text":"Body Height"},"subject":{"reference":"Patient/1"},
		"encounter":{"reference":"Encounter/2"},"effectiveDateTime":"2020-01-01T10:00:00Z","issued":"2020-01-01T10:00:00.000Z",
		"valueQuantity":{"value":170.1,"unit":"cm","system":"http://unitsofmeasure.org","code":"cm"}}`).Root()
	for b.Loop() {
		Labels(res)
	}
}

package source_test

import (
	"strings"
	"testing"

	"joinery/fhir"
	"joinery/source"
)

// TestARefusalIsPlain: where it stood and why, and nothing of what was sent.
func TestARefusalIsPlain(t *testing.T) {
	for _, c := range []struct {
		from, code, where, say string
		file, reason           string
	}{
		{"/home/ada/Ada_Lovelace_19150810.json", "value", "Patient.birthDate", `"1915-13-10" is no day.`, "…_…_….json", "Patient.birthDate: … is no day."},
		{`C:\in\export-07.zip!patient part 2.ndjson`, "structure", "Patient.adaLovelace", "There is no element of this name here.", "export-07.zip!patient part 2.ndjson", "Patient: There is no element of this name here."},
		{"-", "", "", `Patient/ada-9990000018 refers to Patient?identifier=x|9990000018, which is not there.`, "-", "Patient/… refers to Patient/… which is not there."},
		{"p1.json", "", "Bundle.entry[3].resource.name of Ada", "Write to ada@example.org or ring 02079460000.", "….json", "Bundle.entry[3].resource: Write to … or ring …"},
		{"a.json", "", "", `It says "Ada \"Countess\" Lovelace" and "Ada`, "….json", "It says … and …"},
		{"a.json", "", "", strings.Repeat("long ", 100), "….json", strings.Repeat("long ", 59) + "long…"},
	} {
		got := source.Refusal{From: c.from, Line: 3, Issues: []fhir.Issue{{Code: c.code, Where: c.where, Say: c.say}}}.Plain()
		if got.File != c.file || got.Reason != c.reason || got.Line != 3 {
			t.Errorf("%q of %s is %q of %s, want %q of %s", c.say, c.from, got.Reason, got.File, c.reason, c.file)
		}
	}
}

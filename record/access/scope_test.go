package access

import (
	"strings"
	"testing"

	"joinery/fault"
)

func TestScopesAreReadAndWritten(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"system/*.cruds", "system/*.cruds"},
		{"system/Patient.rs", "system/Patient.rs"},
		{"  system/Patient.rs   system/Observation.c ", "system/Patient.rs system/Observation.c"},
		{"system/Patient.read", "system/Patient.rs"},
		{"system/Patient.write", "system/Patient.cud"},
		{"user/*.*", "user/*.cruds"},
		{"patient/Observation.rs?category=laboratory", "patient/Observation.rs?category=laboratory"},
		{
			"patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|vital-signs,laboratory",
			"patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|vital-signs,laboratory",
		},
		{"system/Condition.rs label/HIV label/third-party", "system/Condition.rs label/HIV label/third-party"},
		{"system/Condition.rs label/*", "system/Condition.rs label/*"},
	} {
		s, err := ParseScopes(c.in)
		if err != nil {
			t.Errorf("ParseScopes(%q): %v", c.in, err)
			continue
		}
		if got := s.String(); got != c.want {
			t.Errorf("ParseScopes(%q) = %q, want %q", c.in, got, c.want)
		}
		again, err := ParseScopes(s.String())
		if err != nil || again.String() != s.String() {
			t.Errorf("ParseScopes(%q) does not come back: %q, %v", s, again, err)
		}
	}
}

func TestScopesThatCannotBeGrantedAreRefused(t *testing.T) {
	for _, c := range []struct{ in, says string }{
		{"", "no scope"},
		{"  ", "no scope"},
		{"openid", "must begin with"},
		{"launch/patient", "must begin with"},
		{"systems/Patient.rs", "must begin with"},
		{"system/Patient", "must end with rights"},
		{"system/Patients.rs", "no resource type"},
		{"system/patient.rs", "no resource type"},
		{"system/Bundle/x.rs", "no resource type"},
		{"system/Patient.", "letters of cruds"},
		{"system/Patient.sr", "letters of cruds"},
		{"system/Patient.rr", "letters of cruds"},
		{"system/Patient.x", "letters of cruds"},
		{"system/Patient.reads", "letters of cruds"},
		{"system/Patient.rs?gender=male", "one parameter category"},
		{"system/Patient.rs?category=x", "only Condition, DiagnosticReport, DocumentReference, Observation"},
		{"system/*.rs?category=laboratory", "only Condition"},
		{"system/Observation.rs?category=secret", "cannot be granted by itself"},
		{"system/Observation.rs?category=laboratory,secret", "cannot be granted by itself"},
		{"system/Observation.rs?category=urn:other|laboratory", "cannot be granted by itself"},
		{"system/Observation.rs?category=|laboratory", "leave the bar out"},
		{"system/Observation.rs?category=laboratory&category=exam", "one parameter category"},
		{"system/Observation.rs?category=laboratory&code=x", "one parameter category"},
		{"system/Observation.rs?", "one parameter category"},
		{"system/Observation.rs?category=%zz", "not well-formed"},
		{"label/colour", "the labels are"},
		{"label/shared", "the labels are"},
		{"system/Patient.rs system/Nothing.rs", `"system/Nothing.rs"`},
	} {
		_, err := ParseScopes(c.in)
		if err == nil {
			t.Errorf("ParseScopes(%q) = nil error, want a refusal", c.in)
			continue
		}
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(fault.MessageOf(err), c.says) {
			t.Errorf("ParseScopes(%q) = %v %q, want Invalid that says %q", c.in, fault.KindOf(err), fault.MessageOf(err), c.says)
		}
	}
}

func TestALongScopeIsNotRepeatedWhole(t *testing.T) {
	_, err := ParseScopes(strings.Repeat("x", 10_000))
	if n := len(fault.MessageOf(err)); n > 400 {
		t.Errorf("the refusal has %d bytes, want at most 400", n)
	}
}

func FuzzParseScopes(f *testing.F) {
	for _, s := range []string{
		"system/*.cruds", "system/Patient.read user/*.write", "patient/Observation.rs?category=laboratory,exam", "label/* label/HIV",
		"system/Condition.rs?category=http://terminology.hl7.org/CodeSystem/condition-category|problem-list-item",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseScopes(text)
		if err != nil {
			return
		}
		again, err := ParseScopes(s.String())
		if err != nil || again.String() != s.String() {
			t.Errorf("ParseScopes(%q) = %q does not come back: %q, %v", text, s, again, err)
		}
		for _, a := range Actions() {
			one, two := s.reach(a), again.reach(a)
			if one.types != two.types || len(one.narrowed) != len(two.narrowed) || s.cleared(a) != again.cleared(a) {
				t.Errorf("ParseScopes(%q): %s means another thing when written", text, a)
			}
		}
	})
}

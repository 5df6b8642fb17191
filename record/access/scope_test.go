package access

import (
	"strings"
	"testing"
	"time"

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
		{"launch", "launch"},
		{"launch system/Task.rs label/HIV launch", "system/Task.rs label/HIV launch"},
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
		{"Launch", "must begin with"},
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

// TestOnlyLaunchLaunches: no other scope brings that right along, and it brings no
// other.
func TestOnlyLaunchLaunches(t *testing.T) {
	for text, want := range map[string]bool{"system/*.cruds label/*": false, "system/Patient.rs": false, "launch": true, "system/Patient.rs launch": true} {
		s, err := ParseScopes(text)
		if err != nil {
			t.Fatal(err)
		}
		if s.Launches() != want {
			t.Errorf("%s launches: %v, want %v", text, s.Launches(), want)
		}
	}
	s := system(t, "launch")
	for _, a := range Actions() {
		for _, typ := range Shipped().Filter(s, a, time.Time{}).Types() {
			t.Errorf("a system that may only launch may %s type %d", a, typ)
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
		"system/*.cruds", "system/Patient.read user/*.write", "patient/Observation.rs?category=laboratory,exam", "label/* label/HIV launch",
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
			if one.types != two.types || len(one.narrowed) != len(two.narrowed) || s.cleared(a) != again.cleared(a) || s.Launches() != again.Launches() {
				t.Errorf("ParseScopes(%q): %s means another thing when written", text, a)
			}
		}
	})
}

package fhir

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplice(t *testing.T) {
	edit := func(start, end int, s string) Edit { return Edit{start, end, []byte(s)} }
	for _, c := range []struct {
		name  string
		edits []Edit
		want  string
	}{
		{"nothing", nil, "abcdef"},
		{"replace", []Edit{edit(1, 3, "XYZ")}, "aXYZdef"},
		{"insert at both ends", []Edit{edit(0, 0, "<"), edit(6, 6, ">")}, "<abcdef>"},
		{"out of order", []Edit{edit(4, 5, ""), edit(0, 1, "A")}, "Abcdf"},
		{"two at one place", []Edit{edit(2, 2, "1"), edit(2, 2, "2")}, "ab12cdef"},
		{"insert before what is replaced", []Edit{edit(2, 4, "X"), edit(2, 2, "<")}, "ab<Xef"},
		{"all", []Edit{edit(0, 6, "")}, ""},
	} {
		if got := string(Splice([]byte("abcdef"), c.edits)); got != c.want {
			t.Errorf("%s: Splice = %q, want %q", c.name, got, c.want)
		}
	}
}

func TestEqual(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{`{"a":1,"b":[null,true]}`, ` { "b" : [ null , true ] , "\u0061" : 1 } `, true},
		{`"\u00e9"`, `"é"`, true},
		{`1.0`, `1.00`, false},
		{`1`, `"1"`, false},
		{`[1,2]`, `[2,1]`, false},
		{`[1]`, `[1,1]`, false},
		{`{"a":null}`, `{"b":null}`, false},
		{`{"a":1}`, `{"a":1,"b":2}`, false},
		{`true`, `false`, false},
		{`{}`, `[]`, false},
	} {
		if got := Equal(parse(t, c.a), parse(t, c.b)); got != c.want {
			t.Errorf("Equal(%s, %s) = %v, want %v", c.a, c.b, got, c.want)
		}
	}
	if !Equal(Value{}, Value{}) || Equal(Value{}, parse(t, "null")) {
		t.Error("a value that is not there equals only another such")
	}
}

func TestAppendQuoted(t *testing.T) {
	for in, want := range map[string]string{
		"plain é":  `x"plain é"`,
		"a\"b\\\n": `x"a\"b\\\n"`,
		"bad\xff.": "x\"bad\uFFFD.\"",
	} {
		if got := string(AppendQuoted([]byte("x"), in)); got != want {
			t.Errorf("AppendQuoted(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestOutcome(t *testing.T) {
	got := string(Outcome([]Issue{
		{Error, "value", "Patient.birthDate", `Not a "date".`},
		{Warning, "informational", "", "Something."},
	}))
	want := `{"resourceType":"OperationOutcome","issue":[` +
		`{"severity":"error","code":"value","details":{"text":"Not a \"date\"."},"expression":["Patient.birthDate"]},` +
		`{"severity":"warning","code":"informational","details":{"text":"Something."}}]}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Outcome (-want +got):\n%s", diff)
	}
	if v := parse(t, string(Outcome(nil))); v.At("issue", "severity").Text() != "information" {
		t.Errorf("Outcome without issues = %s", v.Raw())
	}
}

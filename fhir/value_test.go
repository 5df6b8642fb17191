package fhir

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

func parse(t *testing.T, s string) Value {
	t.Helper()
	d, err := Parse([]byte(s))
	if err != nil {
		t.Fatalf("Parse(%s): %v", s, err)
	}
	return d.Root()
}

func TestValuesKeepWhatCameIn(t *testing.T) {
	v := parse(t, ` { "resourceType":"X", "n" : 1.50E-3, "s":"a\u00e9\ud83d\ude00\n\"", "a":[null,{"b":true},"x"] , "\u0065":"e" } `)
	if got := v.Get("n").Text(); got != "1.50E-3" {
		t.Errorf("number = %s, want its digits as written", got)
	}
	if got, want := v.Get("s").Text(), "aé😀\n\""; got != want {
		t.Errorf("string = %q, want %q", got, want)
	}
	if !v.Get("s").Is("aé😀\n\"") {
		t.Error("Is does not decode")
	}
	a := v.Get("a")
	if a.Len() != 3 || a.Item(0).Kind() != Null || !a.Item(1).Get("b").IsTrue() || a.Item(2).Text() != "x" {
		t.Errorf("array = %s", a.Raw())
	}
	if a.Item(3).Exists() || v.Get("zz").Exists() || v.At("a", "b", "c").Exists() {
		t.Error("something is there that is not")
	}
	if got := v.Get("e").Text(); got != "e" {
		t.Errorf("member with an escaped name = %q", got)
	}
	if got := a.Item(1).Get("b").Where(); got != "X.a[1].b" {
		t.Errorf("Where = %s, want X.a[1].b", got)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ name, in, say string }{
		{"nothing", "  ", "empty"},
		{"a cut", `{"a":1`, "well-formed"},
		{"trailing data", `{"a":1} x`, "line 1, column 9"},
		{"a second value", `{} {}`, "after the end"},
		{"a byte order mark", "\ufeff{}", "well-formed"},
		{"a lone surrogate", `{"a":"\ud800"}`, "well-formed"},
		{"bad UTF-8", "{\"a\":\"\xff\"}", "well-formed"},
		{"overlong UTF-8", "{\"a\":\"\xc0\xaf\"}", "well-formed"},
		{"NaN", `{"a":NaN}`, "well-formed"},
		{"a leading zero", `{"a":01}`, "well-formed"},
		{"a duplicate", `{"resourceType":"P","a":[{"b":1,"b":2}]}`, "P.a[0].b: This name is there twice"},
		{"a duplicate by escape", `{"id":1,"\u0069d":2}`, "twice"},
		{"a duplicate among many", `{"a":0,"b":0,"c":0,"d":0,"e":0,"f":0,"g":0,"h":0,"i":0,"j":0,"k":0,"l":0,"m":0,"n":0,"a":0}`, "twice"},
		{"depth", strings.Repeat("[", 101) + strings.Repeat("]", 101), "100 levels"},
		{"depth without end", strings.Repeat(`{"a":`, 1_000_000), "100 levels"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse([]byte(c.in))
			var invalid *Invalid
			if !errors.As(err, &invalid) {
				t.Fatalf("Parse = %v, want an *Invalid", err)
			}
			if !strings.Contains(err.Error(), c.say) {
				t.Errorf("error = %q, want it to say %q", err, c.say)
			}
		})
	}
	if _, err := Parse([]byte(strings.Repeat("[", 100) + strings.Repeat("]", 100))); err != nil {
		t.Errorf("depth 100 is refused: %v", err)
	}
}

func TestParseListsEveryDuplicate(t *testing.T) {
	_, err := Parse([]byte(`{"a":1,"a":2,"b":{"c":1,"c":2}}`))
	var invalid *Invalid
	if !errors.As(err, &invalid) || len(invalid.Issues) != 2 {
		t.Errorf("error = %v, want two issues", err)
	}
}

// wellFormed asks another reader whether data is JSON without duplicate names.
func wellFormed(data []byte) bool {
	dec := jsontext.NewDecoder(bytes.NewReader(data))
	if err := dec.SkipValue(); err != nil {
		return false
	}
	_, err := dec.ReadToken()
	return err == io.EOF
}

func TestParseAgreesWithAnotherReader(t *testing.T) {
	for _, in := range []string{
		`0`, `-0`, `00`, `-`, `-a`, `1.`, `.1`, `1.e1`, `1e`, `1e+`, `1E-07`, `0e0`, `0.0`, `+1`, `1 2`, `0x1`, `Infinity`,
		`true`, `True`, `tru`, `trueish`, `nul`, `null `, `false]`, "\v1", "\x001", "1\x00", "\u00a01",
		`"`, `"a`, `"\"`, `"\`, `"\x"`, `"\u12"`, `"\u12G4"`, `"\ud800"`, `"\udc00"`, `"\ud800\u0041"`, `"\ud800\udc00"`, `"\udc00\ud800"`, `"\ud800x"`,
		"\"a\nb\"", "\"a\tb\"", "\"\x7f\"", "\"\xc3\xa9\"", "\"\xc3\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"12345678\xff\"", "\"1234567\x1f\"",
		`[`, `[]`, `[1`, `[1,`, `[1,]`, `[,1]`, `[1 2]`, `[1}`, `]`, `[[],{}]`,
		`{`, `{}`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{,}`, `{a:1}`, `{"a" 1}`, `{"a":1 "b":2}`, `{"a":1]`, `{1:1}`, `}`,
		`{"a":1,"b":2,"a":3}`, `{"a":1,"\u0061":2}`, `{"":1,"":2}`, `{"":1,"a":{"":2}}`, `{"abcdefgh1":1,"abcdefgh2":2}`, ` [ 1 , { "a" : "b" } ] `,
	} {
		_, err := Parse([]byte(in))
		if want := wellFormed([]byte(in)); (err == nil) != want {
			t.Errorf("Parse(%q) = %v, and the other reader says %v", in, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.50,null,"x\u0041"],"b":{}}`, `[]`, `"\ud83d\ude00"`, `{"a":1,"a":2}`, ` -0.1e+9 `} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Parse(data)
		if want := wellFormed(data); (err == nil) != want && !strings.Contains(fmt.Sprint(err), "levels deep") {
			t.Fatalf("Parse = %v, and another reader says %v", err, want)
		}
		if err != nil {
			return
		}
		var walk func(v Value)
		walk = func(v Value) {
			v.Text()
			v.Where()
			for _, m := range v.Members() {
				walk(m)
			}
			if v.Kind() == Array {
				for i := range v.Items() {
					walk(i)
				}
			}
		}
		walk(d.Root())
		if start, end := d.Root().Span(); strings.TrimSpace(string(data)) != string(data[start:end]) {
			t.Errorf("the root is %q of %q", data[start:end], data)
		}
	})
}

func BenchmarkParseSmall(b *testing.B) {
	data := []byte(`{"resourceType":"Observation","id":"x","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8302-2","display":"Body Height"}],"text":"Body Height"},"subject":{"reference":"Patient/1"},"effectiveDateTime":"2010-01-01T10:00:00+00:00","valueQuantity":{"value":170.25,"unit":"cm","system":"http://unitsofmeasure.org","code":"cm"}}`)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	one := `{"resourceType":"Observation","id":"x","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8302-2","display":"Body Height"}],"text":"Body Height"},"subject":{"reference":"Patient/1"},"effectiveDateTime":"2010-01-01T10:00:00+00:00","valueQuantity":{"value":170.25,"unit":"cm","system":"http://unitsofmeasure.org","code":"cm"}},`
	data := []byte("[" + strings.TrimSuffix(strings.Repeat(one, 1000), ",") + "]")
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Parse(data); err != nil {
			b.Fatal(err)
		}
	}
}

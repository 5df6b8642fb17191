package fhir

import (
	"archive/zip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"joinery/bench/processor"
)

// shared opens a zip file of the reference data beside the module, and skips
// the test when it is not there, which CI does not allow.
func shared(t *testing.T, name string) *zip.Reader {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	archive, err := zip.OpenReader(filepath.Join(dir, "..", "shared", "data", name))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the reference data is missing: %v", err)
		}
		t.Skipf("the reference data is missing: %v", err)
	}
	t.Cleanup(func() { archive.Close() })
	return &archive.Reader
}

// TestPatchJSONOfficial runs HL7's cases, which hold the examples of RFC 6902.
func TestPatchJSONOfficial(t *testing.T) {
	f, err := shared(t, "suites/fhir-test-cases-r4.zip").Open("r4/patch/json-patch-tests.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	cases := parse(t, string(data))
	if cases.Len() < 15 {
		t.Fatalf("there are only %d cases", cases.Len())
	}
	for c := range cases.Items() {
		name := c.Get("comment").Text()
		doc, err := Parse(c.Get("doc").Raw())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := PatchJSON(doc, c.Get("patch").Raw())
		switch expected := c.Get("expected"); {
		case expected.Exists() && err != nil:
			t.Errorf("%s: %v", name, err)
		case expected.Exists() && !Equal(parse(t, string(got)), expected):
			t.Errorf("%s: got %s, want %s", name, got, expected.Raw())
		case !expected.Exists() && err == nil:
			t.Errorf("%s: got %s, want an error: %s", name, got, c.Get("error").Text())
		}
	}
}

func TestPatchJSON(t *testing.T) {
	const doc = `{"resourceType":"Patient","n":1.50,"a":[1, 2,3],"o":{"x/y":{"~":0}},"e":"\u00e9"}`
	for _, c := range []struct{ name, patch, want string }{
		{"nothing", `[]`, doc},
		{"what is not touched keeps its bytes", `[{"op":"remove","path":"/o"}]`, `{"resourceType":"Patient","n":1.50,"a":[1, 2,3],"e":"\u00e9"}`},
		{"escapes", `[{"op":"replace","path":"/o/x~1y/~0","value":7}]`, `{"resourceType":"Patient","n":1.50,"a":[1, 2,3],"o":{"x/y":{"~":7}},"e":"\u00e9"}`},
		{"the end of an array", `[{"op":"add","path":"/a/-","value":4},{"op":"add","path":"/a/0","value":0},{"op":"add","path":"/a/5","value":5}]`, `{"resourceType":"Patient","n":1.50,"a":[0,1,2,3,4,5],"o":{"x/y":{"~":0}},"e":"\u00e9"}`},
		{"add over what is there", `[{"op":"add","path":"/n","value":null}]`, `{"resourceType":"Patient","n":null,"a":[1, 2,3],"o":{"x/y":{"~":0}},"e":"\u00e9"}`},
		{"move within an array", `[{"op":"move","from":"/a/0","path":"/a/2"}]`, `{"resourceType":"Patient","n":1.50,"a":[2,3,1],"o":{"x/y":{"~":0}},"e":"\u00e9"}`},
		{"move to itself", `[{"op":"move","from":"/a","path":"/a"}]`, doc},
		{"a copy is its own", `[{"op":"copy","from":"/o","path":"/p"},{"op":"remove","path":"/p/x~1y/~0"},{"op":"remove","path":"/a"},{"op":"remove","path":"/e"},{"op":"remove","path":"/n"}]`, `{"resourceType":"Patient","o":{"x/y":{"~":0}},"p":{"x/y":{}}}`},
		{"copy into itself", `[{"op":"copy","from":"","path":"/o/x~1y/c"},{"op":"replace","path":"/o/x~1y/c","value":1}]`, `{"resourceType":"Patient","n":1.50,"a":[1, 2,3],"o":{"x/y":{"~":0,"c":1}},"e":"\u00e9"}`},
		{"tests hold by value", `[{"op":"test","path":"/n","value":15e-1},{"op":"test","path":"/e","value":"é"},{"op":"test","path":"/o","value":{"x\/y":{"~":-0.0}}},{"op":"test","path":"/a","value":[1,2.0,3]}]`, doc},
		{"tests see changes", `[{"op":"add","path":"/a/0","value":{"y":1,"z":2}},{"op":"test","path":"/a","value":[{"z":2,"y":1},1,2,3]},{"op":"remove","path":"/a/0/y"},{"op":"test","path":"/a/0","value":{"z":2}},{"op":"remove","path":"/a/0"}]`, `{"resourceType":"Patient","n":1.50,"a":[1,2,3],"o":{"x/y":{"~":0}},"e":"\u00e9"}`},
		{"the whole", `[{"op":"replace","path":"","value":[1]},{"op":"add","path":"/-","value":2}]`, `[1,2]`},
		{"unknown members are ignored", `[{"op":"test","path":"/n","value":1.5,"why":"x"}]`, doc},
	} {
		d, err := Parse([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		got, err := PatchJSON(d, []byte(c.patch))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if diff := cmp.Diff(c.want, string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if string(d.Bytes()) != doc {
			t.Fatalf("%s: the document itself was changed", c.name)
		}
	}
}

func TestPatchJSONRefuses(t *testing.T) {
	for _, c := range []struct{ patch, say string }{
		{`{}`, "array of operations"},
		{`[`, "well-formed"},
		{`[{"op":"add","op":"add","path":"/a","value":1}]`, "twice"},
		{`[1,{"op":"spam","path":"/a"}]`, "Operation 1 of the patch must be an object."},
		{`[1,{"op":"spam","path":"/a"}]`, "Operation 2 of the patch must have an op"},
		{`[{"op":"add","path":"/a"}]`, "must have a value"},
		{`[{"op":"add","value":1}]`, "must have a path"},
		{`[{"op":"add","path":"a","value":1}]`, "JSON Pointer"},
		{`[{"op":"add","path":"/a~2","value":1}]`, "JSON Pointer"},
		{`[{"op":"add","path":"/a~","value":1}]`, "JSON Pointer"},
		{`[{"op":"move","path":"/a"}]`, "must have a from"},
		{`[{"op":"move","from":"/o","path":"/o/x"}]`, "into itself"},
		{`[{"op":"remove","path":"/zz"}]`, "Operation 1 of the patch (remove): there is nothing at its path."},
		{`[{"op":"remove","path":"/a/3"}]`, "nothing"},
		{`[{"op":"remove","path":"/a/-"}]`, "nothing"},
		{`[{"op":"remove","path":"/a/01"}]`, "nothing"},
		{`[{"op":"remove","path":"/n/x"}]`, "nothing"},
		{`[{"op":"remove","path":""}]`, "whole document"},
		{`[{"op":"replace","path":"/zz","value":1}]`, "nothing"},
		{`[{"op":"add","path":"/a/4","value":1}]`, "beyond"},
		{`[{"op":"add","path":"/a/x","value":1}]`, "beyond"},
		{`[{"op":"add","path":"/n/x","value":1}]`, "nothing"},
		{`[{"op":"test","path":"/n","value":"1"}]`, "not the one"},
		{`[{"op":"test","path":"/n","value":10}]`, "not the one"},
		{`[{"op":"test","path":"/a","value":[1,2]}]`, "not the one"},
		{`[{"op":"copy","from":"/zz","path":"/y"}]`, "nothing"},
		{`[` + strings.Repeat(`{"op":"test","path":"/n","value":1},`, maxOperations) + `{"op":"test","path":"/n","value":1}]`, "at most"},
		{`[{"op":"add","path":"/a/0","value":"` + strings.Repeat("x", 10_000) + `"},` + strings.Repeat(`{"op":"copy","from":"/a","path":"/a/-"},`, 40) + `{"op":"test","path":"/n","value":1}]`, "copies too much"},
		{`[` + strings.Repeat(`{"op":"copy","from":"","path":"/o"},`, 120) + `{"op":"remove","path":"/a"}]`, "too deep"},
	} {
		d, err := Parse([]byte(`{"n":1,"a":[1,2,3],"o":{"x":1}}`))
		if err != nil {
			t.Fatal(err)
		}
		got, err := PatchJSON(d, []byte(c.patch))
		if err == nil || !strings.Contains(err.Error(), c.say) {
			t.Errorf("PatchJSON(%.80s) = %.80s, %.200v; want an error that says %q", c.patch, got, err, c.say)
		}
	}
}

func TestPatchJSONIsQuick(t *testing.T) {
	items := strings.Repeat(`{"a":1},`, 200_000) + `1`
	d, err := Parse([]byte(`{"list":[` + items + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	var patch strings.Builder
	for i := range maxOperations / 2 {
		fmt.Fprintf(&patch, `{"op":"add","path":"/list/0","value":%d},{"op":"test","path":"/list/0","value":%d},`, i, i)
	}
	start := processor.Time()
	if _, err := PatchJSON(d, []byte(`[`+strings.TrimSuffix(patch.String(), ",")+`]`)); err != nil {
		t.Error(err)
	}
	if took := processor.Time() - start; took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

func FuzzPatchJSON(f *testing.F) {
	for _, p := range []string{
		`[{"op":"add","path":"/a/-","value":1},{"op":"move","from":"/a/0","path":"/b"},{"op":"copy","from":"","path":"/c"}]`,
		`[{"op":"test","path":"/a~1b~0","value":1e0},{"op":"remove","path":"/a"},{"op":"replace","path":"","value":{}}]`,
	} {
		f.Add([]byte(`{"a":[1,{"b":null}],"a/b~":1}`), []byte(p))
	}
	f.Fuzz(func(t *testing.T, data, patch []byte) {
		doc, err := Parse(data)
		if err != nil {
			return
		}
		before := string(data)
		got, err := PatchJSON(doc, patch)
		if string(data) != before {
			t.Fatal("the document itself was changed")
		}
		if err != nil {
			return
		}
		if _, err := Parse(got); err != nil && !strings.Contains(err.Error(), "levels deep") {
			t.Errorf("the result is not well-formed: %v", err)
		}
	})
}

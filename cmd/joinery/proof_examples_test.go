package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestProofExamples sends every example of the R4 specification to the API. It
// is taken and comes back with equal JSON, or it is on the list of those that
// break a rule of ours.
func TestProofExamples(t *testing.T) {
	z, err := zip.OpenReader(shared(t, "fhir/r4-examples.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	refused := refusedExamples(t)
	db := sqliteDB(t)
	s := serve(t, db)
	token := admin(t, db)
	taken := 0
	for _, f := range z.File {
		name := filepath.Base(f.Name)
		if !strings.HasSuffix(name, ".json") {
			continue
		}
		data := readZipped(t, f)
		var head struct{ ResourceType string }
		if err := json.Unmarshal(data, &head); err != nil || head.ResourceType == "" {
			continue // not a resource
		}
		a, err := s.do(token, "POST", "/fhir/"+head.ResourceType, data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		reason, listed := refused[name]
		switch {
		case a.status == 201 && listed:
			t.Errorf("%s was taken, but is listed as refused because %q", name, reason)
		case a.status == 201:
			taken++
			back := s.must(200, token, "GET", "/fhir/"+named(t, a.body), nil)
			if err := sameResource(data, back.body); err != "" {
				t.Errorf("%s came back changed: %s", name, err)
			}
		case !listed:
			t.Errorf("%s was refused with %d and is not on the list: %s", name, a.status, diagnostics(a.body))
		case a.status < 400 || a.status >= 500:
			t.Errorf("%s, which breaks a rule, was answered with %d", name, a.status)
		case !strings.Contains(string(a.body), "OperationOutcome"):
			t.Errorf("%s was refused without an OperationOutcome: %.200s", name, a.body)
		}
	}
	if taken < 600 {
		t.Errorf("%d examples were taken, want most of 742", taken)
	}
	t.Logf("%d examples taken, %d on the list of the refused", taken, len(refused))
}

// refusedExamples reads the lists of examples that break a rule of ours: those
// that are not sound, and those that the record does not take from outside.
func refusedExamples(t *testing.T) map[string]string {
	t.Helper()
	list := map[string]string{}
	for _, file := range []string{"../../fhir/r4/testdata/refused.txt", "testdata/refused.txt"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			line = strings.TrimSpace(line)
			if name, reason, ok := strings.Cut(line, "\t"); ok && line[0] != '#' {
				list[name] = reason
			}
		}
	}
	return list
}

func readZipped(t *testing.T, f *zip.File) []byte {
	t.Helper()
	r, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// sameResource compares two resources as JSON, numbers by their digits, but for
// the id and the version, which the server gives.
func sameResource(sent, got []byte) string {
	a, b := decoded(sent), decoded(got)
	for _, r := range []map[string]any{a, b} {
		delete(r, "id")
		if meta, ok := r["meta"].(map[string]any); ok {
			delete(meta, "versionId")
			delete(meta, "lastUpdated")
			if len(meta) == 0 {
				delete(r, "meta")
			}
		}
	}
	for name := range a {
		if !reflect.DeepEqual(a[name], b[name]) {
			return name + " differs"
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			return name + " was added"
		}
	}
	return ""
}

func decoded(data []byte) map[string]any {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var m map[string]any
	d.Decode(&m)
	return m
}

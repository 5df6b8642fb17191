package main

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"joinery/record"
	"joinery/record/access"
)

// TestRefusalsAreKeptInTheRecord: what an import refused is kept there with where it
// stood and why, and nothing of what was sent; and a later run that takes it mends it.
func TestRefusalsAreKeptInTheRecord(t *testing.T) {
	clock := func() time.Time { return time.Date(2026, 2, 3, 9, 0, 0, 0, time.UTC) }
	rec, err := record.Open(context.Background(), "sqlite:"+filepath.Join(t.TempDir(), "r.db"), record.Options{Clock: clock, Rand: rand.Reader, Readers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer rec.Close()
	d := newDesk(rec, clock, nil, nil)
	sent := func(path, run, from, line, form, body string) {
		t.Helper()
		r := httptest.NewRequest(http.MethodPost, path+"?"+url.Values{"from": {from}, "line": {line}, "form": {form}, "run": {run}}.Encode(), strings.NewReader(body))
		r.Header.Set(operatorHeader, "olga")
		r.Header.Set(commandHeader, "import")
		r.Header.Set(purposeHeader, string(access.Operations))
		out := httptest.NewRecorder()
		if d.ServeHTTP(out, r); out.Code != 200 {
			t.Fatalf("%s %s = %d %s", path, from, out.Code, out.Body)
		}
	}
	const from = "/home/Canary/Canary_19410814.ndjson"
	good := `{"resourceType":"Organization","id":"o1","name":"Elm"}`
	bad := []string{
		`{"resourceType":"Patient","id":"canary-1","birthDate":"Canary"}`,
		`{"resourceType":"Patient","id":"canary-2","canaryName":"Canary"}`,
		`{"resourceType":"Patient","id":"canary-3","gender":"Canary","gender":"Canary"}`,
		`{"resourceType":"Patient","id":"canary-4","generalPractitioner":[{"reference":"Canary/9990000042"}]}`,
		`{"resourceType":"Canary","id":"canary-5"}`,
		`{"resourceType":"Patient","id":"Canary 5"}`,
		`{"Canary`,
		`{"resourceType":"Patient","id":"canary-6","modifierExtension":[{"url":"Canary","valueString":"Canary"}]}`,
		`{"resourceType":"Patient","id":"canary-7","deceasedBoolean":"Canary"}`,
		`{"resourceType":"Observation","id":"canary-8","status":"Canary","code":{"text":"Canary"},"valueQuantity":{"value":"9990000042"}}`,
	}
	sent("/import", "1000", from, "1", "1", good+"\n"+strings.Join(bad, "\n")+"\n")
	sent("/import", "1000", "Canary.json", "0", "0", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"PUT","url":"Patient?identifier=Canary"},"resource":{"resourceType":"Patient","name":[{"family":"Canary"}]}},{"request":{"method":"GET","url":"Patient/canary-9"}}]}`)
	sent("/import/refused", "1000", "", "", "", `[{"from":"Canary.zip","issues":[{"severity":"error","code":"processing","say":"This file cannot be read: \"Canary\"."}]}]`)
	admin, err := access.NewAdministrator(access.Who{Client: "a", Name: "Adam"})
	if err != nil {
		t.Fatal(err)
	}
	runs, err := rec.As(admin).Refused(t.Context())
	if err != nil || len(runs) != 1 {
		t.Fatalf("runs = %+v, %v", runs, err)
	}
	run := runs[0]
	if run.ID != 1000 || run.Who != "olga" || run.Refused < len(bad)+2 || len(run.Refusals) != run.Refused {
		t.Errorf("the run is %+v", run)
	}
	for _, r := range run.Refusals {
		if text := strings.ToLower(r.File + " " + r.Reason); strings.Contains(text, "canary") || strings.Contains(text, "999") || strings.Contains(text, "1941") {
			t.Errorf("kept is %q of %s, line %d: something of what was sent", r.Reason, r.File, r.Line)
		}
		if r.Reason == "" || !r.Mended.IsZero() {
			t.Errorf("kept is %+v", r)
		}
	}
	sent("/import", "2000", from, "1", "1", good+"\n"+`{"resourceType":"Organization","id":"o2","name":"Oak"}`+"\n"+bad[1]+"\n")
	if runs, err = rec.As(admin).Refused(t.Context()); err != nil || len(runs) != 2 {
		t.Fatalf("runs = %+v, %v", runs, err)
	}
	for _, r := range runs[1].Refusals {
		if taken := r.Line == 2; taken == r.Mended.IsZero() {
			t.Errorf("line %d, entry %d of %s is mended %v", r.Line, r.Entry, r.File, r.Mended)
		}
	}
	staff, err := access.NewPatient(access.Who{Client: "p"}, "amina")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []access.Subject{staff} {
		if _, err := rec.As(s).Refused(t.Context()); err == nil {
			t.Error("a patient reads what imports refused")
		}
		if err := rec.As(s).KeepRefusals(t.Context(), 1, clock(), []record.Refusal{{}}); err == nil {
			t.Error("a patient writes what imports refused")
		}
	}
}

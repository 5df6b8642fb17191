package source_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"joinery/fault"
	"joinery/fhir"
	"joinery/source"
)

func TestRefusalsKeepWhatWasRefused(t *testing.T) {
	for _, raw := range []string{`{"resourceType":"Patient"}`, `{"broken`, "\xff\x00", ""} {
		r := source.Refuse("a.ndjson", &fhir.Invalid{Issues: []fhir.Issue{
			{Severity: fhir.Error, Code: "value", Where: "Patient.birthDate", Say: "No such day."},
			{Severity: fhir.Error, Code: "required", Where: "Patient.link", Say: "Missing."},
		}}, []byte(raw))
		r.Line = 7
		data, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var back source.Refusal
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatal(err)
		}
		if string(back.Raw) != raw || cmp.Diff(r.Issues, back.Issues) != "" || back.Place() != "a.ndjson, line 7" {
			t.Errorf("%q came back as %+v", raw, back)
		}
		if got, want := back.Reason(), "Patient.birthDate: No such day. (and 1 more)"; got != want {
			t.Errorf("Reason = %q, want %q", got, want)
		}
	}
}

func TestARefusalShowsOnlyWhatIsFitToShow(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{errors.New("disk of Ada Example"), "a fault on our side"},
		{fault.Wrap(fault.TooLarge, "Send it in parts.", errors.New("Ada")), "Send it in parts."},
	} {
		got := source.Refuse("x", c.err, nil).Reason()
		if !strings.Contains(got, c.want) || strings.Contains(got, "Ada") {
			t.Errorf("the reason of %v = %q, want %q without the cause", c.err, got, c.want)
		}
	}
}

func TestTheSameBytesHaveTheSameReceipt(t *testing.T) {
	if !bytes.Equal(source.Receipt([]byte("a")), source.Receipt([]byte("a"))) || bytes.Equal(source.Receipt([]byte("a")), source.Receipt([]byte("b"))) {
		t.Error("receipts do not follow the bytes")
	}
}

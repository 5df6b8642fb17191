package api

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
	"joinery/record/search"
	"joinery/source/bundle"
)

// Guards that no request reaches today, since what stands before or behind them
// answers alike. Each is asked by itself, so that it holds when those change.

func TestABundleInABundleIsRefusedBeforeItIsRead(t *testing.T) {
	c := &call{within: &within{}, r: httptest.NewRequest("POST", "/fhir", strings.NewReader("not JSON"))}
	if _, err := c.bundle(); fault.KindOf(err) != fault.Unsupported {
		t.Errorf("bundle() in a bundle = %v, want Unsupported", err)
	}
}

func TestWhatATransactionSaysOfAnEntry(t *testing.T) {
	requests := []bundle.Request{{Entry: &bundle.Entry{}, Index: 4}}
	at := func(err error) error { return &record.OpError{Index: 0, Err: err} }
	broken := at(errors.New("disk I/O error"))
	if got := entryOf(broken, requests); got != broken { //nolint:errorlint // it is to be the same, not like it
		t.Errorf("a failure of ours becomes %v, want it as it was", got)
	}
	got := entryOf(at(fault.New(fault.NotFound, "There is no Patient of this id.")), requests)
	if fault.KindOf(got) != fault.NotFound || fault.MessageOf(got) != missing {
		t.Errorf("what is not there becomes %q, want %q: which entry it was would tell that it is there", fault.MessageOf(got), missing)
	}
	got = entryOf(at(fault.New(fault.Conflict, "Somebody was faster.")), requests)
	if want := "Bundle.entry[4]: Somebody was faster."; fault.KindOf(got) != fault.Conflict || fault.MessageOf(got) != want {
		t.Errorf("a conflict becomes %q, want %q", fault.MessageOf(got), want)
	}
}

func TestAConditionOfATransactionNeedsASearch(t *testing.T) {
	for _, q := range []bundle.Request{
		{Entry: &bundle.Entry{Method: "DELETE"}, Type: "Patient", Query: "_count=1"},
		{Entry: &bundle.Entry{Method: "PUT"}, Type: "Patient", Query: "_sort=family"},
		{Entry: &bundle.Entry{Method: "POST", IfNoneExist: "?_count=1"}, Type: "Patient"},
		{Entry: &bundle.Entry{Method: "POST", IfNoneExist: "&"}, Type: "Patient"},
	} {
		_, err := Ops([]bundle.Request{q}, search.Options{})
		var invalid *fhir.Invalid
		if !errors.As(err, &invalid) || invalid.Issues[0].Code != "required" {
			t.Errorf("%s by %q%q = %v, want it refused for the search that is missing", q.Method, q.Query, q.IfNoneExist, err)
		}
	}
}

func TestAHandleThatIsNoneIsNotLookedUp(t *testing.T) {
	for _, handle := range []string{"", strings.Repeat("A", 260)} {
		c := &call{params: []search.Pair{pair("handle", handle)}} // without a view: to look it up would panic
		if _, err := c.next(); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a handle of %d characters = %v, want NotFound", len(handle), err)
		}
	}
}

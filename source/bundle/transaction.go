package bundle

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"joinery/fhir"
	"joinery/fhir/r4"
)

// Request is what an entry of a transaction or batch asks for: its address
// taken apart.
type Request struct {
	*Entry
	Index int     // of the entry, from 0
	Type  string  // the resource type addressed; empty for the whole system
	ID    fhir.ID // the resource addressed; empty for a type
	Rest  string  // what follows in the path: _history/2, _search, $everything; mostly empty
	Query string  // what follows the question mark, as it came
}

// rank is FHIR's order of processing (http.html#trules): deletes, creates,
// updates and patches, reads. A method that is not FHIR's has no rank.
var rank = map[string]int{
	http.MethodDelete: 1,
	http.MethodPost:   2,
	http.MethodPut:    3,
	http.MethodPatch:  3,
	http.MethodGet:    4,
	http.MethodHead:   4,
}

// Requests returns what the entries of a transaction or batch ask for, in
// FHIR's order of processing: deletes, creates, updates and patches, reads, and
// among these as they stand in the Bundle. Absolute addresses under base, when
// base is not empty, are taken as relative to it.
//
// The error is an *fhir.Invalid with all that is wrong with the requests, each
// at its entry. Two entries of a transaction that are about one resource, or
// have one fullUrl, are wrong; the entries of a batch do not know of each other.
func (b *Bundle) Requests(base string) ([]Request, error) {
	if b.Type != Transaction && b.Type != Batch {
		return nil, invalid("value", "Bundle.type", "Only a transaction or a batch can be processed.")
	}
	var bad fhir.Invalid
	requests := make([]Request, len(b.Entries))
	for i := range b.Entries {
		requests[i] = Request{Entry: &b.Entries[i], Index: i}
		bad.Issues = append(bad.Issues, requests[i].parse(base)...)
	}
	if b.Type == Transaction {
		bad.Issues = append(bad.Issues, clashes(requests)...)
	}
	if len(bad.Issues) > 0 {
		return nil, &bad
	}
	slices.SortStableFunc(requests, func(x, y Request) int { return cmp.Compare(rank[x.Method], rank[y.Method]) })
	return requests, nil
}

// parse takes the address apart and checks what can be checked of the request
// alone.
func (q *Request) parse(base string) []fhir.Issue {
	var issues []fhir.Issue
	refuse := func(code, where, say string) {
		issues = append(issues, fhir.Issue{Severity: fhir.Error, Code: code, Where: Where(q.Index) + where, Say: say})
	}
	if q.Method == "" && q.URL == "" {
		refuse("required", ".request", "Each entry needs a request with a method and a url.")
		return issues
	}
	if rank[q.Method] == 0 {
		refuse("code-invalid", ".request.method", "The method must be GET, HEAD, POST, PUT, PATCH or DELETE.")
		return issues
	}
	if !q.address(base) {
		refuse("value", ".request.url", "The url must be relative to the base, as in Patient, Patient/123 or Patient?identifier=….")
		return issues
	}
	reads := q.Method == http.MethodGet || q.Method == http.MethodHead
	body := q.Method == http.MethodPut || q.Method == http.MethodPatch || q.Method == http.MethodPost && q.Rest == ""
	switch {
	case body && q.Resource == nil:
		refuse("required", ".resource", "An entry with this method needs a resource.")
	case !body && q.Resource != nil && q.Method != http.MethodPost:
		refuse("structure", ".resource", "An entry with this method has no resource.")
	case q.Method == http.MethodPost && q.Rest == "" && (q.Type == "" || q.ID != "" || q.Query != ""):
		refuse("value", ".request.url", "The url of a POST is a resource type, as in Patient; the server gives the id.")
	case body && q.Method != http.MethodPatch && !q.Resource.Root().Get("resourceType").Is(q.Type):
		refuse("value", ".resource.resourceType", "The resource must be of the type that request.url names.")
	case q.Method == http.MethodPut && q.ID != "" && !q.Resource.Root().Get("id").Is(string(q.ID)):
		refuse("value", ".resource.id", "The resource's id must be the one that request.url names.")
	case q.Method != http.MethodPost && !reads && (q.Type == "" || q.Rest != "" || (q.ID == "") == (q.Query == "")):
		refuse("value", ".request.url", "The url must name one resource, as in Patient/123 or Patient?identifier=….")
	case q.IfNoneExist != "" && (q.Method != http.MethodPost || q.Rest != ""):
		refuse("structure", ".request.ifNoneExist", "Only a create can have ifNoneExist.")
	case q.IfMatch != "" && (q.Method == http.MethodPost || reads):
		refuse("structure", ".request.ifMatch", "Only an update, patch or delete can have ifMatch.")
	case (q.IfNoneMatch != "" || q.IfModified != "") && !reads:
		refuse("structure", ".request", "Only a read can have ifNoneMatch or ifModifiedSince.")
	}
	return issues
}

// address takes the url apart; it reports whether the url has a form that there
// is.
func (q *Request) address(base string) bool {
	rest := q.URL
	if base != "" {
		if after, ok := strings.CutPrefix(rest, base); ok && (after == "" || after[0] == '/' || after[0] == '?') {
			rest = after
		}
	}
	rest = strings.TrimPrefix(rest, "/")
	rest, q.Query, _ = strings.Cut(rest, "?")
	if strings.ContainsAny(rest, ":#%\\ ") || strings.Contains(rest, "//") || strings.HasSuffix(rest, "/") || strings.Contains("/"+rest+"/", "/../") || strings.Contains("/"+rest+"/", "/./") {
		return false
	}
	first, after, _ := strings.Cut(rest, "/")
	if first == "" {
		return true
	}
	if _, known := r4.TypeNumber(first); !known {
		q.Rest = rest // _history, metadata, $operation; or nothing that there is
		return special(first) || first == "metadata"
	}
	q.Type = first
	if after == "" {
		return true
	}
	second, after, _ := strings.Cut(after, "/")
	if special(second) {
		q.Rest = strings.TrimSuffix(second+"/"+after, "/")
		return true
	}
	q.ID, q.Rest = fhir.ID(second), after
	return q.ID.Valid()
}

func special(segment string) bool {
	return strings.HasPrefix(segment, "_") || strings.HasPrefix(segment, "$")
}

// clashes finds entries of a transaction that stand for one thing.
func clashes(requests []Request) []fhir.Issue {
	var issues []fhir.Issue
	urls, changed := map[string]bool{}, map[string]bool{}
	for _, q := range requests {
		if q.FullURL != "" && q.Method != http.MethodGet && q.Method != http.MethodHead {
			if urls[q.FullURL] {
				issues = append(issues, fhir.Issue{
					Severity: fhir.Error, Code: "duplicate", Where: Where(q.Index) + ".fullUrl",
					Say: "Another entry has this fullUrl, so that a reference to it would have two meanings.",
				})
			}
			urls[q.FullURL] = true
		}
		switch q.Method {
		case http.MethodPut, http.MethodPatch, http.MethodDelete:
			if q.ID == "" {
				continue
			}
			what := q.Type + "/" + string(q.ID)
			if changed[what] {
				issues = append(issues, fhir.Issue{
					Severity: fhir.Error, Code: "duplicate", Where: Where(q.Index) + ".request.url",
					Say: "Another entry changes this resource too. A transaction may change a resource once.",
				})
			}
			changed[what] = true
		}
	}
	return issues
}

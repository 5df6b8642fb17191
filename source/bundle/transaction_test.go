package bundle

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"joinery/fhir"
)

const base = "https://joinery.example/fhir"

func open(t testing.TB, typ Type, entries ...string) *Bundle {
	t.Helper()
	b, err := Open([]byte(`{"resourceType":"Bundle","type":"`+string(typ)+`","entry":[`+strings.Join(entries, ",")+`]}`), 5000)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// ask is an entry that has only a request.
func ask(method, url string) string {
	return `{"request":{"method":"` + method + `","url":"` + url + `"}}`
}

// send is an entry with a resource.
func send(method, url, resource string) string {
	return `{"resource":` + resource + `,"request":{"method":"` + method + `","url":"` + url + `"}}`
}

func TestRequestsComeInFHIRsOrder(t *testing.T) {
	b := open(
		t, Transaction,
		ask("GET", "Patient?name=x"),
		send("PUT", "Patient/a", `{"resourceType":"Patient","id":"a"}`),
		send("POST", "Patient", `{"resourceType":"Patient"}`),
		ask("DELETE", "Patient/b"),
		send("PATCH", "Patient/c", `{"resourceType":"Parameters"}`),
		ask("HEAD", "Patient/d"),
		send("POST", "Observation", `{"resourceType":"Observation"}`),
	)
	requests, err := b.Requests(base)
	if err != nil {
		t.Fatal(err)
	}
	var got []int
	for _, q := range requests {
		got = append(got, q.Index)
	}
	if diff := cmp.Diff([]int{3, 2, 6, 1, 4, 0, 5}, got); diff != "" {
		t.Errorf("order of entries (-want +got):\n%s", diff)
	}
}

func TestAddresses(t *testing.T) {
	type parts struct {
		Type        string
		ID          fhir.ID
		Rest, Query string
	}
	for url, want := range map[string]parts{
		"Patient":                              {Type: "Patient"},
		"/Patient":                             {Type: "Patient"},
		"Patient/1":                            {Type: "Patient", ID: "1"},
		"Patient/1?_summary=true":              {Type: "Patient", ID: "1", Query: "_summary=true"},
		base + "/Patient/1":                    {Type: "Patient", ID: "1"},
		"Patient?identifier=https://x.org|1%2": {Type: "Patient", Query: "identifier=https://x.org|1%2"},
		"?_id=1":                               {Query: "_id=1"},
		base + "?_id=1":                        {Query: "_id=1"},
		"_history?_count=2":                    {Rest: "_history", Query: "_count=2"},
		"metadata":                             {Rest: "metadata"},
		"Patient/_history":                     {Type: "Patient", Rest: "_history"},
		"Patient/1/_history/2":                 {Type: "Patient", ID: "1", Rest: "_history/2"},
		"Patient/1/$everything":                {Type: "Patient", ID: "1", Rest: "$everything"},
		"Patient/1/Observation?code=1":         {Type: "Patient", ID: "1", Rest: "Observation", Query: "code=1"},
	} {
		requests, err := open(t, Batch, ask("GET", url)).Requests(base)
		if err != nil {
			t.Errorf("Requests(%s): %v", url, err)
			continue
		}
		q := requests[0]
		if got := (parts{q.Type, q.ID, q.Rest, q.Query}); got != want {
			t.Errorf("Requests(%s) = %+v, want %+v", url, got, want)
		}
	}
}

func TestRequestsRefuse(t *testing.T) {
	patient := `{"resourceType":"Patient"}`
	for _, c := range []struct{ name, entry, where string }{
		{"no request", `{"resource":` + patient + `}`, ".request"},
		{"a made-up method", ask("TRACE", "Patient/1"), ".request.method"},
		{"another server", ask("GET", "https://elsewhere.example/fhir/Patient/1"), ".request.url"},
		{"a base that only begins alike", ask("GET", base+"2/Patient/1"), ".request.url"},
		{"an urn", ask("DELETE", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"), ".request.url"},
		{"an encoded slash", ask("GET", "Patient%2F1"), ".request.url"},
		{"a path upwards", ask("GET", "Patient/../metadata"), ".request.url"},
		{"a slash at the end", ask("GET", "Patient/1/"), ".request.url"},
		{"two slashes", ask("GET", "Patient//1"), ".request.url"},
		{"an unknown type", ask("GET", "Person2/1"), ".request.url"},
		{"a bad id", ask("GET", "Patient/a_b"), ".request.url"},
		{"a create with an id", send("POST", "Patient/1", patient), ".request.url"},
		{"a create without a resource", ask("POST", "Patient"), ".resource"},
		{"an update without a resource", ask("PUT", "Patient/1"), ".resource"},
		{"a delete with a resource", send("DELETE", "Patient/1", patient), ".resource"},
		{"another type", send("POST", "Observation", patient), ".resource.resourceType"},
		{"another id", send("PUT", "Patient/1", `{"resourceType":"Patient","id":"2"}`), ".resource.id"},
		{"no id", send("PUT", "Patient/1", patient), ".resource.id"},
		{"delete all", ask("DELETE", "Patient"), ".request.url"},
		{"update of one by a search", send("PUT", "Patient/1?name=x", `{"resourceType":"Patient","id":"1"}`), ".request.url"},
		{"a batch in a batch", send("POST", "", `{"resourceType":"Bundle"}`), ".request.url"},
		{"a condition where none can be", `{"resource":{"resourceType":"Patient","id":"1"},"request":{"method":"PUT","url":"Patient/1","ifNoneExist":"name=x"}}`, ".request.ifNoneExist"},
		{"a version where none can be", `{"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient","ifMatch":"W/\"1\""}}`, ".request.ifMatch"},
		{"a condition of reads", `{"request":{"method":"DELETE","url":"Patient/1","ifNoneMatch":"*"}}`, ".request"},
	} {
		_, err := open(t, Batch, ask("GET", "Patient/1"), c.entry).Requests(base)
		var invalid *fhir.Invalid
		if !errors.As(err, &invalid) || len(invalid.Issues) != 1 || invalid.Issues[0].Where != "Bundle.entry[1]"+c.where {
			t.Errorf("%s: Requests = %v, want one issue at Bundle.entry[1]%s", c.name, err, c.where)
		}
	}
}

func TestClashesInATransaction(t *testing.T) {
	put := send("PUT", "Patient/a", `{"resourceType":"Patient","id":"a"}`)
	named := `{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}}`
	for _, c := range []struct {
		name    string
		entries []string
		where   string
	}{
		{"two changes of one resource", []string{put, ask("DELETE", "Patient/a")}, "Bundle.entry[1].request.url"},
		{"one fullUrl for two", []string{named, named}, "Bundle.entry[1].fullUrl"},
	} {
		_, err := open(t, Transaction, c.entries...).Requests(base)
		var invalid *fhir.Invalid
		if !errors.As(err, &invalid) || invalid.Issues[0].Where != c.where {
			t.Errorf("%s: Requests = %v, want an issue at %s", c.name, err, c.where)
		}
		if _, err := open(t, Batch, c.entries...).Requests(base); err != nil {
			t.Errorf("%s in a batch: %v, want no error", c.name, err)
		}
	}
	for _, typ := range []Type{Collection, SearchSet, "history", ""} {
		if _, err := open(t, typ, put).Requests(base); err == nil {
			t.Errorf("a Bundle of the type %q was processed", typ)
		}
	}
}

func TestOpenPassesNothingOver(t *testing.T) {
	_, err := Open([]byte(`{"resourceType":"Bundle","type":"batch","nonsense":1,"_type":{"id":"a"},"link":[{"relation":"self","url":"x"}],"entry":[
		{"link":[{"relation":"x","url":"y","more":1}],"modifierExtension":[],"request":{"method":"GET","url":"Patient","iffMatch":"1"}},
		{"resource":{"resourceType":"Patient","nonsense":1},"response":{"status":"200"},"search":{"mode":"match","rank":1}}]}`), 10)
	var invalid *fhir.Invalid
	if !errors.As(err, &invalid) {
		t.Fatalf("Open = %v, want issues", err)
	}
	var got []string
	for _, i := range invalid.Issues {
		got = append(got, i.Where)
	}
	want := []string{"Bundle.nonsense", "Bundle.entry[0].link[0].more", "Bundle.entry[0].modifierExtension", "Bundle.entry[0].request.iffMatch", "Bundle.entry[1].search.rank"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("issues at (-want +got):\n%s", diff)
	}
	_, err = Open([]byte("{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{\n\n\n}}],\n}"), 10)
	if err == nil || !strings.Contains(err.Error(), "line 5") {
		t.Errorf("Open = %v, want the line of what was sent", err)
	}
}

func FuzzRequests(f *testing.F) {
	f.Add("GET", "Patient/1?x=y", "transaction")
	f.Add("POST", "Patient", "batch")
	f.Add("PUT", base+"/Patient/1/_history/2", "batch")
	f.Add("DELETE", "//?#%2F", "transaction")
	f.Fuzz(func(t *testing.T, method, url, typ string) {
		resource, err := fhir.Parse([]byte(`{"resourceType":"Patient","id":"1"}`))
		if err != nil {
			t.Fatal(err)
		}
		b := &Bundle{Type: Type(typ), Entries: []Entry{{Method: method, URL: url, Resource: resource}, {Method: method, URL: url}}}
		requests, err := b.Requests(base)
		if err != nil {
			var invalid *fhir.Invalid
			if !errors.As(err, &invalid) || len(invalid.Issues) == 0 {
				t.Errorf("Requests(%q, %q) = %v, want issues", method, url, err)
			}
			return
		}
		for _, q := range requests {
			if q.ID != "" && (!q.ID.Valid() || q.Type == "") {
				t.Errorf("Requests(%q, %q) gives type %q and id %q", method, url, q.Type, q.ID)
			}
		}
	})
}

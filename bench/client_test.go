package main

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestTheClientReadsAnswersOfEveryShape(t *testing.T) {
	big := strings.Repeat("0123456789", 20_000)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/chunked":
			for i := 0; i < len(big); i += 50_000 {
				io.WriteString(w, big[i:i+50_000])
				w.(http.Flusher).Flush()
			}
		case "/empty":
			w.WriteHeader(http.StatusNoContent)
		case "/close":
			w.Header().Set("Connection", "close")
			io.WriteString(w, "bye")
		default:
			io.Copy(w, r.Body)
			io.WriteString(w, r.Header.Get("Authorization"))
		}
	}))
	defer s.Close()
	c := newClient(strings.TrimPrefix(s.URL, "http://"), "secret")
	defer c.close()
	for range 2 {
		for path, want := range map[string]string{"/chunked": big, "/empty": "", "/close": "bye", "/echo": "askedBearer secret"} {
			method, body := "GET", []byte(nil)
			if path == "/echo" {
				method, body = "POST", []byte("asked")
			}
			_, got, err := c.do(method, path, body)
			if err != nil || string(got) != want {
				t.Errorf("%s: %d bytes, %v; want %d", path, len(got), err, len(want))
			}
		}
	}
}

func TestWrongAnswersAreFound(t *testing.T) {
	at := func(n int) time.Time { return time.Unix(int64(n), 0) }
	all := []observation{{id: "O/1", when: at(5)}, {id: "O/2", when: at(5)}, {id: "O/3", when: at(4)}, {id: "O/4", when: at(1)}}
	for _, c := range []struct {
		got   string
		count int
		right bool
	}{
		{"O/1 O/2 O/3 O/4", 50, true},
		{"O/2 O/1", 2, true}, // of one instant
		{"O/2", 1, true},
		{"O/1 O/3", 2, false}, // not the newest two
		{"O/3 O/1 O/2 O/4", 50, false},
		{"O/1 O/1", 2, false},
		{"O/1 O/2 O/3", 50, false},
		{"O/1 O/2 O/3 O/9", 50, false},
	} {
		err := newest(strings.Fields(c.got), all, c.count)
		if (err == nil) != c.right || err != nil && !errors.Is(err, errWrong) {
			t.Errorf("newest(%s, %d) = %v, want right %v", c.got, c.count, err, c.right)
		}
	}
	if err := same("x", []string{"a", "b", "b"}, []string{"b", "a"}); err != nil {
		t.Errorf("same sets differ: %v", err)
	}
	for _, got := range []string{"", "a", "a b c", "a c"} {
		if err := same("x", strings.Fields(got), []string{"a", "b"}); err == nil {
			t.Errorf("%q is taken for a, b", got)
		}
	}
}

func TestASearchsetIsReadByItsNames(t *testing.T) {
	body := `{"resourceType":"Bundle","type":"searchset","total":7,"link":[{"relation":"self","url":"x"},{"relation":"next","url":"y"}],"entry":[` +
		`{"fullUrl":"http://h/fhir/Observation/1","resource":{"resourceType":"Observation","id":"1"},"search":{"mode":"match"}},` +
		`{"fullUrl": "http://h/fhir/Encounter/2","resource":{"resourceType":"Encounter","id":"2"},"search":{"mode":"include"}}]}`
	f, err := readFound([]byte(body), "Observation", true)
	if err != nil || len(f.matches) != 1 || f.matches[0] != "Observation/1" || len(f.includes) != 1 || f.includes[0] != "Encounter/2" || f.total != 7 || !f.next {
		t.Errorf("got %+v, %v", f, err)
	}
	if _, err := readFound([]byte(body[:len(body)-1]), "Observation", true); err == nil {
		t.Error("half an answer is taken for one")
	}
	got, err := locations([]byte(`{"entry":[{"response":{"status":"201","location":"http://h/fhir/Patient/1/_history/1"}},{"response":{"location": "Observation/2/_history/1"}}]}`))
	if err != nil || len(got) != 2 || got[0] != "Patient/1" || got[1] != "Observation/2" {
		t.Errorf("locations: %v, %v", got, err)
	}
}

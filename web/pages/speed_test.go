package pages

import (
	"context"
	"crypto/rand"
	"flag"
	"io"
	"log/slog"
	chance "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"joinery/fhir"
	"joinery/leaks"
	"joinery/record"
	"joinery/record/access"
	"joinery/record/search"
	"joinery/web"
)

var speed = flag.String("speed", "", "measure pages over this database, as joinery demo makes it")

const (
	rate = 30 // pages a second, whether those before were answered or not
	runs = 20 * time.Second
)

// TestSpeed asks for a practice's pages, 30 a second, for 20 seconds each, and prints
// how long they took. It is a measurement, run on a quiet machine:
//
//	joinery demo --db sqlite:/tmp/d.db --people 20000
//	go test ./web/pages -run TestSpeed -speed sqlite:/tmp/d.db -v
func TestSpeed(t *testing.T) {
	if *speed == "" {
		t.Skip("a measurement: name a database with -speed")
	}
	rec, err := record.Open(context.Background(), *speed, record.Options{Log: leaks.Log(), Clock: time.Now, Rand: rand.Reader, StateDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer rec.Close()
	w := &world{TB: t, rec: rec, log: &lines{}}
	who, people := w.practice()
	w.server = web.New(web.Options{Log: slog.New(web.NewLogHandler(leaks.Keep(io.Discard), slog.LevelError)), Clock: time.Now, Rand: rand.Reader})
	if _, err := New(w.server, rec, Options{Clock: time.Now, Who: func(*http.Request) (Visitor, error) { return who, nil }, SignIn: "/sign-in"}); err != nil {
		t.Fatal(err)
	}
	pick := func(n int) person { return people[n%len(people)] }
	for _, one := range []struct {
		name  string
		limit time.Duration
		ask   func(n int) *http.Request
	}{
		{"summary", 80 * time.Millisecond, func(n int) *http.Request { return httptest.NewRequest("GET", "/people/"+pick(n).id, nil) }},
		{"worklist", 80 * time.Millisecond, func(int) *http.Request { return httptest.NewRequest("GET", "/work", nil) }},
		{"search by name", 100 * time.Millisecond, func(n int) *http.Request {
			p := pick(n)
			day := strings.Split(p.born, "-")
			return form("/people", url.Values{"family": {p.family}, "year": {day[0]}, "month": {day[1]}, "day": {day[2]}, "by": {"name"}})
		}},
		{"search by number", 100 * time.Millisecond, func(n int) *http.Request {
			return form("/people", url.Values{"number": {pick(n).number}, "by": {"number"}})
		}},
	} {
		took, failed := w.load(one.ask)
		slices.Sort(took)
		p := func(share float64) time.Duration {
			return took[min(len(took)-1, int(share*float64(len(took))))].Round(100 * time.Microsecond)
		}
		t.Logf("%-18s %d a second, %d pages: half within %v, 99 of 100 within %v (wanted %v), the longest %v; %d failed",
			one.name, rate, len(took), p(0.5), p(0.99), one.limit, took[len(took)-1].Round(100*time.Microsecond), failed)
		if failed > 0 {
			t.Errorf("%s: %d pages failed", one.name, failed)
		}
	}
}

type person struct{ id, family, born, number string }

// practice returns somebody of a practice, and the people registered there.
func (w *world) practice() (Visitor, []person) {
	w.Helper()
	desk := w.rec.As(w.operator())
	ask := func(v *record.View, typ string, params ...string) record.Page {
		q, err := search.Parse(typ, pairs(params), search.Options{Strict: true})
		if err != nil {
			w.Fatal(err)
		}
		page, err := v.Search(w.Context(), q)
		if err != nil {
			w.Fatal(err)
		}
		return page
	}
	org := fhir.ID("")
	for _, e := range ask(desk, "Patient", "_count", "50").Entries {
		doc, err := e.Version.Doc()
		if err != nil {
			w.Fatal(err)
		}
		if id, ok := strings.CutPrefix(doc.Root().At("generalPractitioner", "reference").Text(), "Organization/"); ok {
			org = fhir.ID(id)
			break
		}
	}
	s, err := access.NewStaff(access.Who{Client: "speed", Name: "Speed", Purpose: access.Treatment}, access.Member{Practitioner: "speed", Organization: org})
	if err != nil {
		w.Fatal(err)
	}
	var people []person
	for _, e := range ask(w.rec.As(s), "Patient", "_count", "1000", "identifier", nhsNumberSystem+"|").Entries {
		doc, err := e.Version.Doc()
		if err != nil {
			w.Fatal(err)
		}
		sheaf := &sheaf{patient: doc.Root(), id: e.Version.ID, readAt: time.Now()}
		b := sheaf.banner()
		people = append(people, person{string(e.Version.ID), b.Family, b.Born.Format(time.DateOnly), b.Number})
	}
	if len(people) == 0 {
		w.Fatal("nobody is registered at the practice: is this a demonstration's database?")
	}
	return Visitor{s, record.Grant{Role: "staff", Practitioner: "speed", Organization: org}}, people
}

func form(path string, v url.Values) *http.Request {
	r := httptest.NewRequest("POST", path, strings.NewReader(v.Encode()))
	r.Header.Set("Content-Type", formType)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return r
}

// load asks at the rate, whether those before were answered or not, and returns how
// long each took and how many failed.
func (w *world) load(ask func(n int) *http.Request) (took []time.Duration, failed int) {
	var mu sync.Mutex
	var all sync.WaitGroup
	dice := chance.New(chance.NewPCG(1, 2))
	tick := time.NewTicker(time.Second / rate)
	defer tick.Stop()
	for began := time.Now(); time.Since(began) < runs; <-tick.C {
		r := ask(dice.IntN(1 << 20))
		all.Go(func() {
			at := time.Now()
			out := httptest.NewRecorder()
			w.server.ServeHTTP(out, r)
			mu.Lock()
			defer mu.Unlock()
			took = append(took, time.Since(at))
			if out.Code != http.StatusOK {
				failed++
			}
		})
	}
	all.Wait()
	return took, failed
}

package main

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestProofNodes runs two servers on one PostgreSQL. To their clients they must
// be one.
func TestProofNodes(t *testing.T) {
	db := postgresDB(t)
	one, two := serve(t, db), serve(t, db)
	key := admin(t, db)
	nodes := []*server{one, two}
	prove := func(name string, run func(t *testing.T)) {
		t.Run(name, func(t *testing.T) {
			one.t, two.t = t, t
			run(t)
		})
		one.t, two.t = t, t
	}

	prove("what one takes the other has", func(t *testing.T) {
		for i := range 20 {
			name := nodes[i%2].create(key, `{"resourceType":"Patient","name":[{"family":"Twonode"}]}`)
			nodes[1-i%2].must(200, key, "GET", "/fhir/"+name, nil)
			hits, _, _ := nodes[1-i%2].all(key, "Patient?_id="+strings.TrimPrefix(name, "Patient/"))
			if len(hits) != 1 {
				t.Fatalf("the other node finds %d Patients by the id of a new one", len(hits))
			}
		}
	})

	prove("ids are given once and nothing is lost when both write", func(t *testing.T) {
		patient := one.create(key, `{"resourceType":"Patient","name":[{"family":"Bothwrite"}]}`)
		var mu sync.Mutex
		made := map[string]int{}
		var group sync.WaitGroup
		const writers, each = 6, 25
		for w := range writers {
			group.Go(func() {
				for i := range each {
					body := fmt.Sprintf(`{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"urn:proof","code":"both"}]},"subject":{"reference":%q},"valueInteger":%d}`, patient, i)
					a, err := nodes[w%2].do(key, "POST", "/fhir/Observation", []byte(body))
					if err != nil || a.status != 201 {
						t.Errorf("writer %d: status %d, %v\n%.300s", w, a.status, err, a.body)
						return
					}
					mu.Lock()
					made[named(t, a.body)]++
					mu.Unlock()
				}
			})
		}
		group.Wait()
		if len(made) != writers*each {
			t.Errorf("%d ids for %d creates", len(made), writers*each)
		}
		for i, n := range nodes {
			hits, _, total := n.all(key, "Observation?code=urn:proof%7Cboth&_count=20&_total=accurate")
			if len(hits) != writers*each || total == nil || *total != writers*each {
				t.Errorf("node %d finds %d, total %v; want %d", i, len(hits), deref(total), writers*each)
			}
		}
	})

	prove("a page opened on one goes on on the other, as of one moment", func(t *testing.T) {
		first := readBundle(t, one.must(200, key, "GET", "/fhir/Observation?code=urn:proof%7Cboth&_count=30", nil).body)
		for range 10 {
			two.create(key, `{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"urn:proof","code":"both"}]}}`)
		}
		seen := map[string]bool{}
		for page, at := 0, first; ; page++ {
			for _, e := range at.Entry {
				name := named(t, e.Resource)
				if seen[name] {
					t.Errorf("%s comes twice", name)
				}
				seen[name] = true
			}
			if at.next() == "" {
				break
			}
			at = readBundle(t, nodes[1-page%2].must(200, key, "GET", path(at.next()), nil).body)
		}
		if len(seen) != 150 {
			t.Errorf("the pages of one search hold %d, want the 150 of its moment", len(seen))
		}
	})

	prove("of two updates with one If-Match one wins", func(t *testing.T) {
		for round := range 10 {
			a := one.must(201, key, "POST", "/fhir/Patient", []byte(`{"resourceType":"Patient","name":[{"family":"Race"}]}`))
			name, tag := named(t, a.body), a.header.Get("ETag")
			id := strings.TrimPrefix(name, "Patient/")
			status := make([]int, 2)
			var group sync.WaitGroup
			for i, n := range nodes {
				group.Go(func() {
					body := fmt.Sprintf(`{"resourceType":"Patient","id":%q,"name":[{"family":"Race%d"}]}`, id, i)
					a, err := n.do(key, "PUT", "/fhir/"+name, []byte(body), "If-Match", tag)
					if err != nil {
						t.Errorf("node %d: %v", i, err)
					}
					status[i] = a.status
				})
			}
			group.Wait()
			won, lost := 0, 0
			for _, code := range status {
				switch code {
				case 200:
					won++
				case 409, 412:
					lost++
				}
			}
			if won != 1 || lost != 1 {
				t.Errorf("round %d: statuses %v, want one 200 and one 409 or 412", round, status)
			}
		}
	})

	prove("a conditional create on both makes one", func(t *testing.T) {
		for round := range 10 {
			var group sync.WaitGroup
			for i, n := range nodes {
				group.Go(func() {
					body := fmt.Sprintf(`{"resourceType":"Organization","identifier":[{"system":"urn:proof","value":"once-%d"}],"name":"Once"}`, round)
					a, err := n.do(key, "POST", "/fhir/Organization", []byte(body), "If-None-Exist", fmt.Sprintf("identifier=urn:proof%%7Conce-%d", round))
					if err != nil || a.status != 200 && a.status != 201 && a.status != 409 && a.status != 412 {
						t.Errorf("node %d: status %d, %v\n%.300s", i, a.status, err, a.body)
					}
				})
			}
			group.Wait()
			if hits, _, _ := one.all(key, fmt.Sprintf("Organization?identifier=urn:proof%%7Conce-%d", round)); len(hits) != 1 {
				t.Errorf("round %d: %d were made", round, len(hits))
			}
		}
	})

	prove("a revoked token is refused by both within a second", func(t *testing.T) {
		other := token(t, db, "--name", "proof revoked", "--scope", "system/*.rs")
		for _, n := range nodes {
			n.within(t, time.Second, 200, other, "a new token")
		}
		if out, errs, err := run(t, db, "token", "revoke", "proof revoked"); err != nil {
			t.Fatalf("token revoke: %v\n%s%s", err, out, errs)
		}
		began := time.Now()
		for _, n := range nodes {
			n.within(t, time.Second-time.Since(began), 401, other, "a revoked token")
		}
		t.Logf("refused everywhere after %v", time.Since(began).Round(time.Millisecond))
	})

	prove("one goes on when the other is killed", func(t *testing.T) {
		one.kill()
		name := two.create(key, `{"resourceType":"Patient","name":[{"family":"Alone"}]}`)
		if err := one.start(); err != nil {
			t.Fatal(err)
		}
		one.must(200, key, "GET", "/fhir/"+name, nil)
	})

	for _, n := range nodes {
		if err := n.stop(); err != nil {
			t.Error(err)
		}
	}
	if out, err := verify(t, db); err != nil {
		t.Errorf("verify of what two nodes wrote: %v\n%s", err, out)
	}
}

// within waits until requests with a token are answered with a status: at the
// latest one that is sent after the limit.
func (s *server) within(t *testing.T, limit time.Duration, status int, token, what string) {
	t.Helper()
	began := time.Now()
	for {
		late := time.Since(began) > limit
		a, err := s.do(token, "GET", "/fhir/Patient?_count=1", nil)
		if err == nil && a.status == status {
			return
		}
		if late {
			t.Fatalf("%s is answered with %d after %v, want %d (%v)", what, a.status, time.Since(began), status, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

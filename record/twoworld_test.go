package record_test

import (
	"flag"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"joinery/fhir"
	"joinery/record/access"
)

var (
	long     = flag.Bool("long", false, "ask 10,000 requests of each seat")
	oneWorld = flag.Uint64("world", 0, "ask only of the pair of worlds with this number")
)

// seat is someone who asks, and what they may see: written here a second time,
// in words of this test, so that a mistake in the policy is not copied.
type seat struct {
	name    string
	subject func() (access.Subject, error)
	sees    func(facts) bool
	needs   []string // Patients whom they must be able to see, for anything to be told
	counts  bool     // they may only count
	// vary changes what is masked for the seat in a resource that it sees.
	vary func(maker, facts, content)
}

func directory(f facts, types ...string) bool {
	return len(f.persons) == 0 && f.of(types...) && !f.sensitiveBut()
}

func seats(t *testing.T) []*seat {
	scopes := func(text string) access.Who {
		s, err := access.ParseScopes(text)
		if err != nil {
			t.Fatal(err)
		}
		return access.Who{Client: "app", Scopes: s}
	}
	services := []string{"Organization", "Location", "HealthcareService"}
	people := append(slices.Clone(services), "Practitioner")
	return []*seat{
		{
			name: "system/Observation.cruds", subject: func() (access.Subject, error) { return access.NewSystem(scopes("system/Observation.cruds")) },
			sees: func(f facts) bool { return f.of("Observation") && !f.sensitiveBut() },
		},
		{
			name: "system/Observation.rs?category=laboratory label/HIV",
			subject: func() (access.Subject, error) {
				return access.NewSystem(scopes("system/Observation.rs?category=laboratory system/Encounter.crus system/Patient.rs label/HIV"))
			},
			sees: func(f facts) bool {
				return (f.of("Observation") && f.lab || f.of("Encounter", "Patient")) && !f.sensitiveBut("HIV")
			},
		},
		{
			name: "patient", needs: []string{"p1"}, subject: func() (access.Subject, error) { return access.NewPatient(access.Who{}, "p1") },
			sees: func(f facts) bool {
				return f.about("p1") && !f.marked("TBOO", "third-party") && !f.shared || directory(f, people...)
			},
		},
		{
			name: "carer", needs: []string{"p1"}, subject: func() (access.Subject, error) { return access.NewCarer(access.Who{}, "carer") },
			sees: func(f facts) bool {
				return f.about("p1") && f.of("Patient", "Observation", "Encounter") && !f.sensitiveBut() && !f.marked("not-for-carers") && !f.shared ||
					directory(f, people...)
			},
		},
		{
			name: "staff", needs: []string{"p1", "p4"},
			subject: func() (access.Subject, error) {
				return access.NewStaff(access.Who{Purpose: access.Treatment}, access.Member{Practitioner: "d1", Organization: "a"})
			},
			sees: func(f facts) bool {
				return (f.about("p1") || f.about("p4")) && !f.sensitiveBut("protected-address") || directory(f, people...)
			},
			vary: varyAddress,
		},
		{
			name: "casefinder", needs: []string{"p1", "p4"},
			subject: func() (access.Subject, error) {
				return access.NewCaseFinder(access.Who{}, access.Finder{Organization: "a", Groups: []fhir.ID{"found"}})
			},
			sees: func(f facts) bool {
				return (f.about("p1") || f.about("p4")) && !f.sensitiveBut() && !f.shared && (f.of("Patient") || f.of("RiskAssessment") && f.marked("finding"))
			},
			vary: varyAllBut,
		},
		{
			name: "analyst", counts: true, subject: func() (access.Subject, error) { return access.NewAnalyst(access.Who{}) },
			sees: func(f facts) bool { return len(f.persons) > 0 && !f.sensitiveBut() },
		},
		{
			name: "public", subject: func() (access.Subject, error) { return access.NewPublic(access.Who{}) },
			sees: func(f facts) bool { return directory(f, services...) },
		},
	}
}

// varyAddress changes where someone with a protected address lives.
func varyAddress(m maker, f facts, c content) {
	if !f.marked("protected-address") {
		return
	}
	switch f.typ {
	case "Patient":
		c["address"] = []content{{"city": pick(m, cities...), "postalCode": pick(m, codes...)}}
		c["contact"] = []content{{"name": c["contact"].([]content)[0]["name"], "address": content{"city": pick(m, cities...)}}}
	case "RelatedPerson":
		c["address"] = []content{{"city": pick(m, cities...)}}
		c["telecom"] = []content{{"system": "phone", "value": pick(m, codes...)}}
	}
}

// varyAllBut changes what a case-finder does not see.
func varyAllBut(m maker, f facts, c content) {
	switch f.typ {
	case "Patient":
		m.vary(c)
		c["meta"].(content)["tag"] = []content{{"system": "urn:t", "code": pick(m, codes...)}}
	case "RiskAssessment":
		c["performer"], c["encounter"] = m.reference("Practitioner"), m.reference("Encounter")
		c["identifier"] = []content{{"system": "urn:i", "value": pick(m, codes...)}}
	}
}

// TestTwoWorlds asks the same random requests of two records that differ only in
// what the subject may not see, in presence, values, references, marks and
// history, and wants every answer alike, byte for byte. So nothing of what is
// hidden reaches a read, a count, an order, a page, a chain, _has, an include, a
// history, $everything, a condition of a write or a refusal.
func TestTwoWorlds(t *testing.T) {
	episodes, requests := 8, 300
	if *long {
		episodes, requests = 40, 260
	}
	if testing.Short() {
		episodes = 1
	}
	for _, s := range seats(t) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			tally := &tally{}
			for seed := uint64(1); seed <= uint64(episodes); seed++ {
				if *oneWorld == 0 || *oneWorld == seed {
					episode(t, s, seed, requests, tally)
				}
				if t.Failed() {
					return
				}
			}
			tally.check(t, s)
		})
	}
}

// tally counts what was answered, so that a test which asks for nothing that is
// there does not pass for one that proves something.
type tally struct{ asked, told, refused, differ int }

// episode makes a pair of worlds and asks of both.
func episode(t *testing.T, s *seat, seed uint64, requests int, sum *tally) {
	t.Helper()
	m := maker{rand.New(rand.NewPCG(seed, uint64(len(s.name))))}
	itemsA, itemsB, ways := worlds(m, s)
	a, b := newWorld(t, seed, itemsA), newWorld(t, seed, itemsB)
	subject, err := s.subject()
	if err != nil {
		t.Fatal(err)
	}
	all := loader(t)
	for i := range requests {
		at := beginning.Add(2*time.Hour + time.Duration(i)*time.Minute).UnixMilli()
		a.now.Store(at)
		b.now.Store(at)
		if m.chance(25) {
			inA, inB := ways.change(m, s)
			a.store(t, a.As(all), inA, 0)
			b.store(t, b.As(all), inB, 0)
		}
		a.now.Store(at + 5000)
		b.now.Store(at + 5000)
		r := m.request()
		if s.vary != nil && m.chance(25) {
			r = m.ofMasked()
		}
		if s.counts && m.chance(70) {
			r = m.counts()
		}
		got, want := r.do(b, subject), r.do(a, subject)
		if strings.Contains(want, "INTERNAL") {
			t.Errorf("world %d, request %d: %s\nfails: %s", seed, i, r.say, want)
			return
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("world %d, request %d: %s\nis answered differently where only hidden things differ (-one +other):\n%s", seed, i, r.say, diff)
			return
		}
		sum.asked++
		switch {
		case strings.Contains(want, "denied:") || strings.Contains(want, "not found:") || strings.Contains(want, "invalid:"):
			sum.refused++
		case strings.Contains(want, "resourceType") || strings.Contains(want, "total "):
			sum.told++
		}
	}
	for range 20 { // at the end, for a loader's pages would use up chance unequally
		if r := m.searches("Observation"); r.do(a, all) != r.do(b, all) {
			sum.differ++
		}
	}
}

func (c *tally) check(t *testing.T, s *seat) {
	t.Helper()
	t.Logf("%s: %d asked, %d told something, %d refused; the worlds differed for a loader %d times", s.name, c.asked, c.told, c.refused, c.differ)
	if c.told*50 < c.asked {
		t.Errorf("only %d of %d requests told anything: this proves too little", c.told, c.asked)
	}
	if c.differ == 0 {
		t.Error("the worlds never differed for who sees everything: this proves nothing")
	}
}

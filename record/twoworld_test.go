package record_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"joinery/fhir"
	"joinery/record"
	"joinery/record/access"
	"joinery/record/store/storetest"
)

var (
	long     = flag.Bool("long", false, "ask 10,000 requests of each seat")
	oneWorld = flag.Int("world", 0, "ask only of the pair of worlds with this number")
)

// seat is someone who asks, and what they may see: written here a second time,
// in words of this test, so that a mistake in the policy is not copied.
type seat struct {
	name    string
	subject func() (access.Subject, error)
	grant   record.Grant // the same, of a token
	sees    func(facts) bool
	needs   []string // Patients whom they must be able to see, for anything to be told
	counts  bool     // they may only count
	often   string   // a mark that much has, where the seat sees less because of it
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
	const narrowed = "system/Observation.rs?category=laboratory system/Encounter.crus system/Patient.rs label/HIV"
	people := append(slices.Clone(services), "Practitioner")
	return []*seat{
		{
			name: "system/Observation.cruds", subject: func() (access.Subject, error) { return access.NewSystem(scopes("system/Observation.cruds")) },
			grant: record.Grant{Scope: "system/Observation.cruds"},
			sees:  func(f facts) bool { return f.of("Observation") && !f.sensitiveBut() },
		},
		{
			name: "system/Observation.rs?category=laboratory label/HIV",
			subject: func() (access.Subject, error) {
				return access.NewSystem(scopes(narrowed))
			},
			grant: record.Grant{Scope: narrowed},
			sees: func(f facts) bool {
				return (f.of("Observation") && f.lab || f.of("Encounter", "Patient")) && !f.sensitiveBut("HIV")
			},
		},
		{
			name: "patient", needs: []string{"p1"}, subject: func() (access.Subject, error) { return access.NewPatient(access.Who{}, "p1") },
			grant: record.Grant{Role: "patient", Patient: "p1"},
			sees: func(f facts) bool {
				return f.about("p1") && !f.marked("TBOO", "third-party") && !f.shared || directory(f, people...)
			},
		},
		{
			name: "carer", needs: []string{"p1"}, subject: func() (access.Subject, error) { return access.NewCarer(access.Who{}, "carer") },
			grant: record.Grant{Role: "carer", RelatedPersons: []fhir.ID{"carer"}},
			sees: func(f facts) bool {
				return f.about("p1") && f.of("Patient", "Observation", "Encounter") && !f.sensitiveBut() && !f.marked("not-for-carers") && !f.shared ||
					directory(f, people...)
			},
		},
		{
			name: "staff", needs: []string{"p1", "p4"}, often: "protected-address",
			subject: func() (access.Subject, error) {
				return access.NewStaff(access.Who{Purpose: access.Treatment}, access.Member{Practitioner: "d1", Organization: "a"})
			},
			grant: record.Grant{Role: "staff", Purpose: access.Treatment, Practitioner: "d1", Organization: "a"},
			sees: func(f facts) bool {
				return (f.about("p1") || f.about("p4")) && !f.sensitiveBut("protected-address") || directory(f, people...)
			},
			vary: varyAddress,
		},
		{
			name: "casefinder", needs: []string{"p1", "p4"}, often: "finding",
			subject: func() (access.Subject, error) {
				return access.NewCaseFinder(access.Who{}, access.Finder{Organization: "a", Groups: []fhir.ID{"found"}})
			},
			grant: record.Grant{Role: "casefinder", Organization: "a", Groups: []fhir.ID{"found"}},
			sees: func(f facts) bool {
				return (f.about("p1") || f.about("p4")) && !f.sensitiveBut() && !f.shared && (f.of("Patient") || f.of("RiskAssessment") && f.marked("finding")) ||
					directory(f, "HealthcareService")
			},
			vary: varyAllBut,
		},
		{
			name: "analyst", counts: true, subject: func() (access.Subject, error) { return access.NewAnalyst(access.Who{}) },
			grant: record.Grant{Role: "analyst"},
			sees:  func(f facts) bool { return len(f.persons) > 0 && !f.sensitiveBut() },
		},
		{
			name: "lead", counts: true, subject: func() (access.Subject, error) { return access.NewLead(access.Who{}) },
			grant: record.Grant{Role: "lead"},
			sees:  func(f facts) bool { return len(f.persons) > 0 && !f.sensitiveBut() || directory(f, people...) },
		},
		{
			name: "governance", subject: func() (access.Subject, error) { return access.NewGovernance(access.Who{}) },
			grant: record.Grant{Role: "governance"},
			sees:  func(f facts) bool { return directory(f, "Organization", "Practitioner") },
		},
		{
			name: "administrator", subject: func() (access.Subject, error) { return access.NewAdministrator(access.Who{}) },
			grant: record.Grant{Role: "administrator"},
			sees:  func(f facts) bool { return directory(f, people...) },
		},
		{
			name: "public", subject: func() (access.Subject, error) { return access.NewPublic(access.Who{}) },
			grant: record.Grant{Role: "public"},
			sees:  func(f facts) bool { return directory(f, services...) },
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

// level is where the two worlds are asked: of which database, whether a View or
// the server over it, and how much.
type level struct {
	database        func(*testing.T) string
	http            bool
	pairs, requests int
	longPairs       int // with -long
	longRequests    int
}

// TestTwoWorlds asks the same random requests of two records that differ only in
// what the subject may not see, in presence, values, references, marks and
// history, and wants every answer alike, byte for byte. So nothing of what is
// hidden reaches a read, a count, an order, a page, a chain, _has, an include, a
// history, $everything, a condition of a write or a refusal.
func TestTwoWorlds(t *testing.T) {
	twoWorlds(t, level{database: inMemory, pairs: 5, requests: 400, longPairs: 40, longRequests: 400})
}

// TestTwoWorldsOverHTTP asks them of the server with a token, in the forms that
// HTTP has for them, and wants status and every header alike too.
func TestTwoWorldsOverHTTP(t *testing.T) {
	twoWorlds(t, level{database: inMemory, http: true, pairs: 2, requests: 400, longPairs: 40, longRequests: 400})
}

// TestTwoWorldsOnPostgreSQL asks in both ways there. Making a world takes longer
// than on SQLite, so each is asked more.
func TestTwoWorldsOnPostgreSQL(t *testing.T) {
	l := level{database: func(t *testing.T) string { return storetest.Postgres(t) }, pairs: 1, requests: 80, longPairs: 20, longRequests: 700}
	if *long {
		t.Run("View", func(t *testing.T) { twoWorlds(t, l) })
	}
	l.http = true // over a View
	t.Run("HTTP", func(t *testing.T) { twoWorlds(t, l) })
}

// twoWorlds asks at a level as each seat.
func twoWorlds(t *testing.T, l level) {
	switch {
	case *long:
		l.pairs, l.requests = l.longPairs, l.longRequests
	case testing.Short():
		l.pairs = 1
	}
	for _, s := range seats(t) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			tally := &tally{}
			for seed := 1; seed <= l.pairs; seed++ {
				if *oneWorld == 0 || *oneWorld == seed {
					episode(t, l, s, uint64(seed), tally)
				}
				if t.Failed() {
					return
				}
			}
			tally.check(t, s)
		})
	}
}

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	storetest.StopPostgres()
	os.Exit(code)
}

// tally counts what was answered, so that a test which asks for nothing that is
// there does not pass for one that proves something.
type tally struct{ asked, told, refused, differ int }

// pair is two worlds and what one seat asks of them.
type pair struct {
	maker
	level   level
	seat    *seat
	a, b    *world
	ways    *ways
	subject access.Subject
	all     access.Subject
	seed    uint64
	minutes int
	*tally
}

// episode makes a pair of worlds and asks of both.
func episode(t *testing.T, l level, s *seat, seed uint64, sum *tally) {
	t.Helper()
	p := &pair{maker: maker{rand.New(rand.NewPCG(seed, uint64(len(s.name))))}, level: l, seat: s, seed: seed, tally: sum, all: loader(t)}
	var itemsA, itemsB []item
	itemsA, itemsB, p.ways = worlds(p.maker, s)
	p.a, p.b = newWorld(t, l, s, seed, itemsA), newWorld(t, l, s, seed, itemsB)
	var err error
	if p.subject, err = s.subject(); err != nil {
		t.Fatal(err)
	}
	for p.minutes < l.requests && !t.Failed() {
		if p.chance(25) {
			p.change(t)
		}
		switch {
		case p.chance(12):
			p.pages(t)
		case s.vary != nil && p.chance(25):
			p.ask(t, p.ofMasked())
		case s.counts && p.chance(70):
			p.ask(t, p.counts())
		default:
			p.ask(t, p.request())
		}
	}
	for range 60 { // at the end, for a loader's pages would use up chance unequally
		if r := p.searches(pick(p.maker, typeNames()...)); r.do(p.a, p.all) != r.do(p.b, p.all) {
			sum.differ++
		}
	}
}

// tick moves both clocks to the next moment.
func (p *pair) tick() {
	p.minutes++
	at := beginning.Add(2*time.Hour + time.Duration(p.minutes)*time.Minute).UnixMilli()
	p.a.now.Store(at)
	p.b.now.Store(at)
}

// change lets a loader change something in each world.
func (p *pair) change(t *testing.T) {
	t.Helper()
	p.tick()
	inA, inB := p.ways.change(p.maker, p.seat)
	p.a.store(t, p.a.As(p.all), inA, 0)
	p.b.store(t, p.b.As(p.all), inB, 0)
}

// pages asks for a first page and, while the worlds change, for those after it.
func (p *pair) pages(t *testing.T) {
	t.Helper()
	p.ask(t, p.firstPage())
	for range 4 {
		if t.Failed() || p.a.next == "" {
			return
		}
		for range p.IntN(4) {
			p.change(t)
		}
		p.ask(t, nextPage())
	}
}

// ask asks the same of both worlds.
func (p *pair) ask(t *testing.T, r request) {
	t.Helper()
	p.tick()
	var want, got string
	if p.level.http {
		r.wire = p.dress(r.wire)
		r.say = fmt.Sprintf("%s %s %v %s", r.wire.method, r.wire.path, r.wire.header, r.wire.body)
		want, got = p.a.over(r.wire), p.b.over(r.wire)
	} else {
		want, got = r.do(p.a, p.subject), r.do(p.b, p.subject)
	}
	refused, told, fails := meant(want)
	if fails {
		t.Errorf("world %d, request %d: %s\nfails: %s", p.seed, p.minutes, r.say, want)
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("world %d, request %d: %s\nis answered differently where only hidden things differ (-one +other):\n%s", p.seed, p.minutes, r.say, diff)
		return
	}
	p.asked++
	switch {
	case refused:
		p.refused++
	case told:
		p.told++
	}
}

// meant says what an answer comes to: of a View, or over HTTP, where it begins
// with the status.
func meant(answer string) (refused, told, fails bool) {
	status, _, _ := strings.Cut(answer, "\n")
	if code, err := strconv.Atoi(status); err == nil {
		has := strings.Contains(answer, `"total":`) || strings.Contains(answer, `"entry":`) || strings.Contains(answer, "\nEtag ")
		return code/100 == 4, code/100 == 2 && has, code/100 == 5
	}
	refused = strings.Contains(answer, "denied:") || strings.Contains(answer, "not found:") || strings.Contains(answer, "invalid:")
	told = strings.Contains(answer, "resourceType") || strings.Contains(answer, "total ")
	return refused, told, strings.Contains(answer, "INTERNAL")
}

func (c *tally) check(t *testing.T, s *seat) {
	t.Helper()
	t.Logf("%s: %d asked, %d told something, %d refused; the worlds differed for a loader %d times", s.name, c.asked, c.told, c.refused, c.differ)
	if c.told*60 < c.asked {
		t.Errorf("only %d of %d requests told anything: this proves too little", c.told, c.asked)
	}
	if c.differ == 0 {
		t.Error("the worlds never differed for who sees everything: this proves nothing")
	}
}

package workflow_test

import (
	"context"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"joinery/care/workflow"
	"joinery/fhir"
	"joinery/leaks"
	"joinery/record"
	"joinery/record/access"
	"joinery/record/search"
	"joinery/record/store/storetest"
)

var long = flag.Bool("long", false, "try everything on PostgreSQL too")

func TestMain(m *testing.M) {
	code := m.Run()
	storetest.StopPostgres()
	os.Exit(code)
}

// world is a record of a few people and services, and a clock.
type world struct {
	testing.TB
	rec    *record.Record
	now    time.Time
	people int
	part   int // only one in so many of what is refused is tried; 0: everything
}

func onBoth(t *testing.T, do func(*testing.T, *world)) {
	t.Run("sqlite", func(t *testing.T) { do(t, newWorld(t, "sqlite:"+filepath.Join(inMemory(t), "w.db"))) })
	t.Run("postgres", func(t *testing.T) {
		w := newWorld(t, storetest.Postgres(t))
		if !*long {
			w.part = 11
		}
		do(t, w)
	})
}

// inMemory is a folder, in memory where there is a file system for it.
func inMemory(t testing.TB) string {
	if dir, err := os.MkdirTemp("/dev/shm", "joinery-workflow-"); err == nil {
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		return dir
	}
	return t.TempDir()
}

func newWorld(t testing.TB, url string) *world {
	t.Helper()
	w := &world{TB: t, now: time.Date(2026, 2, 3, 9, 10, 0, 0, time.UTC)}
	rec, err := record.Open(context.Background(), url, record.Options{Log: leaks.Log(), Clock: w.clock, Rand: rand.NewChaCha8([32]byte{7}), Readers: 2, StateDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	w.rec = rec
	t.Cleanup(func() { _ = rec.Close() })
	w.store(foundations)
	w.store(someone)
	return w
}

func (w *world) clock() time.Time { return w.now }

func (w *world) pass(d time.Duration) { w.now = w.now.Add(d) }

// store puts resources in, one a line.
func (w *world) store(lines string) {
	w.Helper()
	var ops []record.Op
	for line := range strings.Lines(lines) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		doc, err := fhir.Parse([]byte(line))
		if err != nil {
			w.Fatalf("%v in %s", err, line)
		}
		ops = append(ops, record.Op{Kind: record.Update, Type: doc.Root().Get("resourceType").Text(), ID: fhir.ID(doc.Root().Get("id").Text()), Body: doc})
	}
	if _, err := w.rec.As(w.operator()).Transact(w.Context(), ops); err != nil {
		w.Fatal(err)
	}
}

// person makes somebody like Amina: registered at the practice, with a carer and
// a care team, found by a model.
func (w *world) person() fhir.ID {
	w.Helper()
	w.people++
	id := "p" + strconv.Itoa(w.people)
	w.store(strings.ReplaceAll(someone, "amina", id))
	return fhir.ID(id)
}

// someone is what the record says of Amina.
const someone = `
{"resourceType":"Patient","id":"amina","name":[{"family":"Amin"}],"generalPractitioner":[{"reference":"Organization/gp"}]}
{"resourceType":"Consent","id":"carer-of-amina","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"category":[{"text":"carer"}],"policyRule":{"text":"carer"},"patient":{"reference":"Patient/amina"},"provision":{"type":"permit","actor":[{"role":{"text":"carer"},"reference":{"reference":"RelatedPerson/carer"}}],"class":[{"system":"http://hl7.org/fhir/resource-types","code":"ServiceRequest"},{"system":"http://hl7.org/fhir/resource-types","code":"Task"},{"system":"http://hl7.org/fhir/resource-types","code":"EpisodeOfCare"}]}}
{"resourceType":"Consent","id":"seer-of-amina","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"category":[{"text":"carer"}],"policyRule":{"text":"carer"},"patient":{"reference":"Patient/amina"},"provision":{"type":"permit","actor":[{"role":{"text":"carer"},"reference":{"reference":"RelatedPerson/seer"}}],"class":[{"system":"http://hl7.org/fhir/resource-types","code":"Observation"},{"system":"http://hl7.org/fhir/resource-types","code":"Task"}]}}
{"resourceType":"Group","id":"found-amina","active":true,"type":"person","actual":true,"characteristic":[{"code":{"coding":[{"system":"urn:joinery:finding","code":"found-in"}]},"valueReference":{"reference":"Group/found"},"exclude":false}],"member":[{"entity":{"reference":"Patient/amina"}}]}
{"resourceType":"CareTeam","id":"team-of-amina","status":"active","subject":{"reference":"Patient/amina"},"participant":[{"member":{"reference":"Practitioner/onlooker"}}]}
`

// foundations: Amina is registered at the practice gp, has a carer, and a model
// found her; Bashir is registered nowhere and known to nobody.
const foundations = `
{"resourceType":"Organization","id":"gp","name":"Elm Practice"}
{"resourceType":"Organization","id":"hub","name":"Network hub"}
{"resourceType":"Organization","id":"falls","name":"Falls car provider"}
{"resourceType":"Organization","id":"team","name":"Community team"}
{"resourceType":"Organization","id":"charity","name":"A charity"}
{"resourceType":"Location","id":"north","name":"North site"}
{"resourceType":"HealthcareService","id":"hub-s","active":true,"name":"Network front door","providedBy":{"reference":"Organization/hub"},"characteristic":[{"coding":[{"system":"urn:joinery:role","code":"hub"}]},{"coding":[{"system":"urn:joinery:referrer","code":"person"},{"system":"urn:joinery:referrer","code":"carer"},{"system":"urn:joinery:referrer","code":"professional"},{"system":"urn:joinery:referrer","code":"service"}]}]}
{"resourceType":"HealthcareService","id":"falls-s","active":true,"name":"Falls car","providedBy":{"reference":"Organization/falls"},"characteristic":[{"coding":[{"system":"urn:joinery:standard","code":"falls-response"}]}]}
{"resourceType":"HealthcareService","id":"team-s","active":true,"name":"Community team","providedBy":{"reference":"Organization/team"},"characteristic":[{"coding":[{"system":"urn:joinery:referrer","code":"person"},{"system":"urn:joinery:referrer","code":"carer"},{"system":"urn:joinery:referrer","code":"professional"},{"system":"urn:joinery:referrer","code":"service"}]}]}
{"resourceType":"HealthcareService","id":"charity-s","active":true,"name":"Befriending","providedBy":{"reference":"Organization/charity"}}
{"resourceType":"HealthcareService","id":"shut-s","active":false,"name":"A service that closed","providedBy":{"reference":"Organization/charity"}}
{"resourceType":"HealthcareService","id":"nobodys-s","active":true,"name":"A service of nobody"}
{"resourceType":"Consent","id":"agreement","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"treatment"}]},"category":[{"text":"sharing agreement"}],"policyRule":{"text":"sharing agreement"},"provision":{"type":"permit","purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"},{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"POPHLTH"}],"actor":[{"role":{"text":"party"},"reference":{"reference":"Organization/gp"}},{"role":{"text":"party"},"reference":{"reference":"Organization/hub"}},{"role":{"text":"party"},"reference":{"reference":"Organization/falls"}},{"role":{"text":"party"},"reference":{"reference":"Organization/team"}},{"role":{"text":"party"},"reference":{"reference":"Organization/charity"}}]}}
{"resourceType":"Patient","id":"bashir","name":[{"family":"Bashir"}]}
{"resourceType":"RelatedPerson","id":"carer","patient":{"reference":"Patient/amina"}}
`

func (w *world) subject(s access.Subject, err error) access.Subject {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
	return s
}

func (w *world) operator() access.Subject {
	scopes, err := access.ParseScopes("system/*.cruds label/*")
	if err != nil {
		w.Fatal(err)
	}
	return w.subject(access.NewSystem(access.Who{Client: "joinery", Operator: "olga", Scopes: scopes}))
}

// staff of an organisation, by whose name they go.
func (w *world) staff(organisation string) access.Subject {
	return w.subject(access.NewStaff(access.Who{Client: "desk", Name: "Nurse of " + organisation, Purpose: access.Treatment},
		access.Member{Practitioner: fhir.ID("n-" + organisation), Organization: fhir.ID(organisation)}))
}

func (w *world) self(id fhir.ID) access.Subject {
	return w.subject(access.NewPatient(access.Who{}, id))
}

func (w *world) carer() access.Subject { return w.subject(access.NewCarer(access.Who{}, "carer")) }

func (w *world) finder() access.Subject {
	return w.subject(access.NewCaseFinder(access.Who{Name: "Finder"}, access.Finder{Organization: "hub", Groups: []fhir.ID{"found"}}))
}

// onlooker has to do with Amina, and is on no side of her referrals.
func (w *world) onlooker() access.Subject {
	return w.subject(access.NewStaff(access.Who{Name: "Onlooker", Purpose: access.Treatment}, access.Member{Practitioner: "onlooker", Organization: "charity"}))
}

func (w *world) as(s access.Subject) *workflow.Flow { return workflow.Of(w.rec.As(s), w.clock) }

// refer makes a referral of Amina by the operator, in the practice's name.
func (w *world) refer(a workflow.Asking) *workflow.Referral {
	w.Helper()
	if a.Patient == "" {
		a.Patient = "amina"
	}
	if a.Service == "" {
		a.Service = "falls-s"
	}
	if a.Requester == "" {
		a.Requester = "Organization/gp"
	}
	if a.Reason == "" {
		a.Reason = "Fell at home, not hurt"
	}
	r, err := w.as(w.operator()).Refer(w.Context(), a)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// do makes a move that must succeed.
func (w *world) do(s access.Subject, r *workflow.Referral, m workflow.Making) *workflow.Referral {
	w.Helper()
	now, err := w.as(s).Do(w.Context(), r.Task, m)
	if err != nil {
		w.Fatalf("%s from %s: %v", m.Move, r.State, err)
	}
	return now.Referral
}

// read reads a resource with all its versions' rights of an operator.
func (w *world) read(typ string, id fhir.ID) fhir.Value {
	w.Helper()
	v, err := w.rec.As(w.operator()).Read(w.Context(), typ, id)
	if err != nil {
		w.Fatal(err)
	}
	doc, err := v.Doc()
	if err != nil {
		w.Fatal(err)
	}
	return doc.Root()
}

// full gives a move all that it could need.
func (w *world) full(table *workflow.Table, name string) workflow.Making {
	m := workflow.Making{Move: name}
	for _, n := range table.Move(name).Needs {
		switch n {
		case workflow.NeedReason:
			m.Reason = table.ReasonsOf(name)[0].Code
		case workflow.NeedOnward, workflow.NeedService:
			m.Service = "charity-s"
		case workflow.NeedQuestion, workflow.NeedAnswer:
			m.Says = "Does she live alone?"
		case workflow.NeedWhen:
			m.When = w.now.Add(48 * time.Hour)
		case workflow.NeedOutcome:
			m.Outcome = "Stayed at home"
		default:
			w.Fatalf("the test does not know what the need %s is", n)
		}
	}
	return m
}

// counted returns how many resources a search finds, for an operator.
func (w *world) counted(query string) int {
	w.Helper()
	typ, rest, _ := strings.Cut(query, "?")
	var pairs []search.Pair
	for part := range strings.SplitSeq(rest, "&") {
		name, value, _ := strings.Cut(part, "=")
		pairs = append(pairs, search.Pair{Name: name, Value: value})
	}
	q, err := search.Parse(typ, append(pairs, search.Pair{Name: "_count", Value: "1000"}), search.Options{Strict: true})
	if err != nil {
		w.Fatal(err)
	}
	page, err := w.rec.As(w.operator()).Search(w.Context(), q)
	if err != nil {
		w.Fatal(err)
	}
	return len(page.Entries)
}

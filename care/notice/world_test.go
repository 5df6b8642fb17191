package notice_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"joinery/care/notice"
	"joinery/care/workflow"
	"joinery/fhir"
	"joinery/leaks"
	"joinery/record"
	"joinery/record/access"
	"joinery/record/store/storetest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	storetest.StopPostgres()
	os.Exit(code)
}

// world is a record of a few people and services, a clock, and an outbox.
type world struct {
	testing.TB
	rec     *record.Record
	mu      sync.Mutex
	now     time.Time
	letters *post
	mail    *post
	texts   *post
	box     *notice.Outbox
}

// post is a Sender that keeps what it was given, and fails as it is told.
type post struct {
	mu   sync.Mutex
	sent []*notice.Message
	fail func(*notice.Message) error
}

var errDown = errors.New("nobody answers")

func (p *post) Send(_ context.Context, m *notice.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail != nil {
		if err := p.fail(m); err != nil {
			return err
		}
	}
	p.sent = append(p.sent, m)
	return nil
}

// to returns what was sent to an address, or in letters to a name.
func (p *post) to(whom string) (out []*notice.Message) {
	for _, m := range p.sent {
		if m.To == whom || m.Letter != nil && len(m.Letter.Address) > 0 && m.Letter.Address[0] == whom {
			out = append(out, m)
		}
	}
	return out
}

func onBoth(t *testing.T, do func(*testing.T, *world)) {
	t.Run("sqlite", func(t *testing.T) { do(t, newWorld(t, "sqlite:"+filepath.Join(t.TempDir(), "w.db"))) })
	t.Run("postgres", func(t *testing.T) { do(t, newWorld(t, storetest.Postgres(t))) })
}

func onSQLite(t *testing.T) *world {
	t.Helper()
	return newWorld(t, "sqlite:"+filepath.Join(t.TempDir(), "w.db"))
}

func newWorld(t testing.TB, url string) *world {
	t.Helper()
	w := &world{TB: t, now: time.Date(2026, 2, 3, 9, 10, 0, 0, time.UTC), letters: &post{}, mail: &post{}, texts: &post{}}
	rec, err := record.Open(context.Background(), url, record.Options{Log: leaks.Log(), Clock: w.clock, Rand: rand.NewChaCha8([32]byte{7}), Readers: 2, StateDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	w.rec = rec
	t.Cleanup(func() { _ = rec.Close() })
	w.store(foundations)
	w.box = w.outbox(nil)
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	w.now = w.now.Add(d)
	w.mu.Unlock()
}

// outbox makes an Outbox, with other options where change makes them.
func (w *world) outbox(change func(*notice.Options)) *notice.Outbox {
	w.Helper()
	o := notice.Options{
		Clock: w.clock, Log: leaks.Log(), Letters: w.letters, Mail: w.mail, Texts: w.texts, Sender: "District care network", Contact: "020 7946 0100",
		Links: "https://record.example/link/", As: w.rec.As, Rand: rand.NewChaCha8([32]byte{9}),
	}
	if change != nil {
		change(&o)
	}
	box, err := notice.New(w.Context(), w.rec.As(w.itself()), o)
	if err != nil {
		w.Fatal(err)
	}
	return box
}

// settle lets the outbox do all that there is to do now.
func (w *world) settle() {
	w.Helper()
	for range 100 {
		busy, err := w.box.Step(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		if !busy {
			return
		}
	}
	w.Fatal("the outbox does not come to rest")
}

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
	if _, err := w.rec.As(w.itself()).Transact(w.Context(), ops); err != nil {
		w.Fatal(err)
	}
}

const foundations = `
{"resourceType":"Organization","id":"gp","name":"Elm Practice"}
{"resourceType":"Organization","id":"told","name":"Oak Practice","contact":[{"purpose":{"coding":[{"system":"urn:joinery:contact-purpose","code":"notices"}]},"telecom":[{"system":"email","value":"notices@oak.example"}]}]}
{"resourceType":"Organization","id":"falls","name":"Falls car provider"}
{"resourceType":"Organization","id":"team","name":"Community team"}
{"resourceType":"Organization","id":"charity","name":"A charity"}
{"resourceType":"Organization","id":"unbound","name":"A charity without an agreement"}
{"resourceType":"Location","id":"north","name":"North Hall","address":{"line":["1 High Street"],"city":"London","postalCode":"ZZ1 1ZZ"}}
{"resourceType":"HealthcareService","id":"falls-s","active":true,"name":"Falls car","providedBy":{"reference":"Organization/falls"},"telecom":[{"system":"phone","value":"020 7946 0201"}],"location":[{"reference":"Location/north"}],"characteristic":[{"coding":[{"system":"urn:joinery:referrer","code":"person"},{"system":"urn:joinery:referrer","code":"carer"},{"system":"urn:joinery:referrer","code":"professional"},{"system":"urn:joinery:referrer","code":"service"}]}]}
{"resourceType":"HealthcareService","id":"team-s","active":true,"name":"Walking group","providedBy":{"reference":"Organization/team"},"telecom":[{"system":"phone","value":"020 7946 0202"}]}
{"resourceType":"HealthcareService","id":"charity-s","active":true,"name":"Befriending","providedBy":{"reference":"Organization/charity"},"telecom":[{"system":"email","value":"hello@charity.example"}],"referralMethod":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/service-referral-method","code":"semail"}]}]}
{"resourceType":"HealthcareService","id":"unbound-s","active":true,"name":"Baking","providedBy":{"reference":"Organization/unbound"},"telecom":[{"system":"email","value":"hello@unbound.example"}],"referralMethod":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/service-referral-method","code":"semail"}]}]}
{"resourceType":"Consent","id":"agreement","status":"active","scope":{"text":"x"},"category":[{"text":"x"}],"policyRule":{"text":"x"},"provision":{"type":"permit","purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"}],"actor":[{"role":{"text":"party"},"reference":{"reference":"Organization/gp"}},{"role":{"text":"party"},"reference":{"reference":"Organization/told"}},{"role":{"text":"party"},"reference":{"reference":"Organization/falls"}},{"role":{"text":"party"},"reference":{"reference":"Organization/team"}},{"role":{"text":"party"},"reference":{"reference":"Organization/charity"}}]}}
`

// somebody puts a Patient in: what their resource says beside a name, an address, a
// mobile and an e-mail address; %ID stands for their id.
func (w *world) somebody(id, more string) {
	w.Helper()
	if !strings.Contains(more, `"name"`) {
		more += `,"name":[{"use":"official","given":["Amina"],"family":"Of-` + id + `"}]`
	}
	if !strings.Contains(more, `"address"`) {
		more += `,"address":[{"use":"home","line":["12 Elm Road"],"city":"London","postalCode":"ZZ9 9ZZ"}]`
	}
	if !strings.Contains(more, `"telecom"`) {
		more += `,"telecom":[{"system":"phone","use":"mobile","value":"07700 900123"},{"system":"email","value":"` + id + `@example.com"}]`
	}
	w.store(`{"resourceType":"Patient","id":"` + id + `","generalPractitioner":[{"reference":"Organization/gp"}]` + strings.ReplaceAll(more, "%ID", id) + `}`)
}

func (w *world) subject(s access.Subject, err error) access.Subject {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// itself is the program, and the operator at its desk.
func (w *world) itself() access.Subject {
	scopes, err := access.ParseScopes("system/*.cruds label/*")
	if err != nil {
		w.Fatal(err)
	}
	return w.subject(access.NewSystem(access.Who{Client: "joinery", Operator: "olga", Scopes: scopes}))
}

func (w *world) flow() *workflow.Flow { return workflow.Of(w.rec.As(w.itself()), w.clock) }

func (w *world) desk() *notice.Desk { return notice.At(w.rec.As(w.itself()), w.clock) }

// refer makes a referral by the operator.
func (w *world) refer(a workflow.Asking) *workflow.Referral {
	w.Helper()
	if a.Service == "" {
		a.Service = "falls-s"
	}
	if a.Requester == "" {
		a.Requester = "Organization/gp"
	}
	if a.Reason == "" {
		a.Reason = "Fell at home, not hurt"
	}
	r, err := w.flow().Refer(w.Context(), a)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

func (w *world) do(r *workflow.Referral, m workflow.Making) *workflow.Referral {
	w.Helper()
	w.pass(time.Minute)
	r, err := w.flow().Move(w.Context(), r.Task, m)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// all returns every notice in the record, by when it was last changed.
func (w *world) all() []*notice.Notice {
	w.Helper()
	list, more, err := w.desk().List(w.Context(), notice.List{})
	if err != nil || more {
		w.Fatal(err, more)
	}
	return list
}

// of returns the notices about a person.
func (w *world) of(patient string) []*notice.Notice {
	w.Helper()
	list, _, err := w.desk().List(w.Context(), notice.List{Patient: fhir.ID(patient)})
	if err != nil {
		w.Fatal(err)
	}
	return list
}

// only returns the notice about a person by a text, of which there must be one.
func (w *world) only(patient, text string, m notice.Medium) *notice.Notice {
	w.Helper()
	var found []*notice.Notice
	for _, n := range w.of(patient) {
		if n.Text == text && n.Medium == m && !strings.HasPrefix(n.To, "RelatedPerson/") {
			found = append(found, n)
		}
	}
	if len(found) != 1 {
		w.Fatalf("of %s there are %d notices %s by %s, want one: %+v", patient, len(found), text, m, w.of(patient))
	}
	return found[0]
}

func patient(id string) fhir.ID { return fhir.ID(id) }

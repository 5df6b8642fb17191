package main

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"joinery/care/applied"
	"joinery/care/model"
	"joinery/care/notice"
	"joinery/care/workflow/script"
	"joinery/definitions"
	"joinery/fhir"
	"joinery/leaks"
	"joinery/packs"
	"joinery/record"
	"joinery/record/access"
	"joinery/record/search"
	"joinery/timeline"
	"joinery/web"
	"joinery/web/api"
)

// theatre is the real server over a real record, in which cases are played.
type theatre struct {
	*testing.T
	url    string
	mu     sync.Mutex
	now    time.Time
	rec    *record.Record
	server *web.Server
	box    *notice.Outbox
	tokens map[string]string
}

func (th *theatre) clock() time.Time {
	th.mu.Lock()
	defer th.mu.Unlock()
	return th.now
}

// open starts the server, again after it was stopped.
func (th *theatre) open() {
	th.Helper()
	rec, err := record.Open(th.Context(), th.url, record.Options{Log: leaks.Log(), Clock: th.clock, Rand: rand.NewChaCha8([32]byte{byte(len(th.tokens))}), StateDir: th.TempDir()})
	if err != nil {
		th.Fatal(err)
	}
	th.rec = rec
	th.server = web.New(web.Options{Log: leaks.Log(), Clock: time.Now, Rand: rand.NewChaCha8([32]byte{})})
	if _, err := api.New(th.server, rec, api.Options{Base: "https://joinery.example/fhir", Clock: th.clock, Version: "test"}); err != nil {
		th.Fatal(err)
	}
	folder, err := notice.NewFolder(th.TempDir())
	if err != nil {
		th.Fatal(err)
	}
	itself, err := itself("notices", access.Operations)
	if err != nil {
		th.Fatal(err)
	}
	if th.box, err = notice.New(th.Context(), rec.As(itself), notice.Options{Clock: th.clock, Log: leaks.Log(), Letters: folder, Sender: "Care network", Contact: "020 7946 0100"}); err != nil {
		th.Fatal(err)
	}
}

// settle lets the letters be sent that are to be sent now.
func (th *theatre) settle() {
	th.Helper()
	for busy := true; busy; {
		var err error
		if busy, err = th.box.Step(th.Context()); err != nil {
			th.Fatal(err)
		}
	}
}

func (th *theatre) close() {
	if err := th.box.Close(th.Context()); err != nil {
		th.Error(err)
	}
	if err := th.rec.Close(); err != nil {
		th.Error(err)
	}
}

func (th *theatre) desk() *record.View {
	th.Helper()
	scopes, err := access.ParseScopes(everything)
	if err != nil {
		th.Fatal(err)
	}
	s, err := access.NewSystem(access.Who{Client: "desk", Operator: "test", Purpose: access.Treatment, Scopes: scopes})
	if err != nil {
		th.Fatal(err)
	}
	return th.rec.As(s)
}

// stock puts in who the case is about, all that their rights rest on, and the model.
func (th *theatre) stock(b *script.Book, m *model.Model) {
	th.Helper()
	var ops []record.Op
	put := func(typ, id, text string) {
		doc, err := fhir.Parse([]byte(`{"resourceType":"` + typ + `","id":"` + id + `",` + text + `}`))
		if err != nil {
			th.Fatal(err)
		}
		ops = append(ops, record.Op{Kind: record.Update, Type: typ, ID: fhir.ID(id), Body: doc})
	}
	provider, known := sides(b)
	var actors []string
	for _, reference := range slices.Concat(known, []string{provider, "Organization/team"}) {
		put("Organization", strings.TrimPrefix(reference, "Organization/"), `"name":"`+reference+`"`)
		actors = append(actors, `{"role":{"text":"party"},"reference":{"reference":"`+reference+`"}}`)
	}
	const consent = `"status":"active","scope":{"text":"x"},"category":[{"text":"x"}],"policyRule":{"text":"x"},`
	put("Consent", "agreement", consent+`"provision":{"type":"permit","purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"}],"actor":[`+strings.Join(actors, ",")+`]}`)
	put("HealthcareService", "team-s", `"name":"Community team","providedBy":{"reference":"Organization/team"}`)
	for _, person := range slices.Sorted(maps0(b.People)) {
		id := strings.TrimPrefix(person, "Patient/")
		put("Patient", id, `"name":[{"given":["`+id+`"]}],"address":[{"line":["1 Elm Road"],"city":"London"}],"generalPractitioner":[{"reference":"`+strings.Join(known, `"},{"reference":"`)+`"}]`)
		put("RelatedPerson", "of-"+id, `"patient":{"reference":"`+person+`"}`)
		put("Consent", "carer-"+id, consent+`"patient":{"reference":"`+person+`"},"provision":{"type":"permit","actor":[{"role":{"text":"carer"},"reference":{"reference":"RelatedPerson/daughter"}}]}`)
	}
	for name, r := range b.Roles { // "Ben's daughter" is his
		if person := b.People[strings.Split(name, "'s ")[0]]; r.Kind == "carer" {
			put("RelatedPerson", strings.TrimPrefix(r.Who, "RelatedPerson/"), `"patient":{"reference":"`+person+`"},"address":[{"line":["2 Elm Road"],"city":"London"}]`)
		}
	}
	if _, err := th.desk().Transact(th.Context(), ops); err != nil {
		th.Fatal(err)
	}
	from, _ := timeline.ParseDay("2026-01-01")
	if _, err := applied.Apply(th.Context(), th.desk(), applied.Application{Model: m, From: from, Provider: provider, Why: "The case", At: th.clock()}); err != nil {
		th.Fatal(err)
	}
	th.grant("", record.Grant{Scope: "system/*.cruds"})
	for _, name := range slices.Sorted(maps1(b.Roles)) {
		r := b.Roles[name]
		_, who, _ := strings.Cut(r.Who, "/")
		_, organisation, _ := strings.Cut(r.Organisation, "/")
		switch r.Kind {
		case "staff":
			th.grant(name, record.Grant{Role: "staff", Purpose: "TREAT", Display: name, Practitioner: fhir.ID("at-" + organisation), Organization: fhir.ID(organisation)})
		case "person":
			th.grant(name, record.Grant{Role: "patient", Patient: fhir.ID(who)})
		case "carer":
			th.grant(name, record.Grant{Role: "carer", RelatedPersons: []fhir.ID{fhir.ID(who)}})
		default:
			th.Fatalf("nobody plays %s", r.Kind)
		}
	}
}

// sides returns who provides the model of a book, and the organisations that know
// the people before: those of roles that are at no service.
func sides(b *script.Book) (provider string, known []string) {
	for _, name := range slices.Sorted(maps1(b.Roles)) {
		r := b.Roles[name]
		switch {
		case r.Kind != "staff":
		case r.Service == "":
			known = append(known, r.Organisation)
		case strings.HasPrefix(r.Service, "HealthcareService/model-"):
			provider = r.Organisation
		}
	}
	return provider, slices.Compact(known)
}

func maps0(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}

func maps1(m map[string]*script.Role) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func (th *theatre) grant(name string, g record.Grant) {
	th.Helper()
	token, err := th.desk().CreateToken(th.Context(), "role "+name, g, time.Time{})
	if err != nil {
		th.Fatal(err)
	}
	th.tokens[name] = token
}

// stage is how a case asks the server.
func (th *theatre) stage() script.Stage {
	return script.Stage{
		Settle: th.settle,
		Set: func(at time.Time) {
			th.settle() // before the time is another
			th.mu.Lock()
			th.now = at
			th.mu.Unlock()
		},
		Ask: func(role *script.Role, method, path, body, version string) (int, []byte) {
			name := ""
			if role != nil {
				name = role.Name
			}
			r := httptest.NewRequestWithContext(th.Context(), method, path, strings.NewReader(body))
			if body == "" {
				r.Body, r.ContentLength = http.NoBody, 0
			} else {
				r.Header.Set("Content-Type", "application/fhir+json")
			}
			r.Header.Set("Authorization", "Bearer "+th.tokens[name])
			if version != "" {
				r.Header.Set("If-Match", version)
			}
			w := httptest.NewRecorder()
			th.server.ServeHTTP(w, r)
			return w.Code, w.Body.Bytes()
		},
	}
}

var uuids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)

// sending is what a notice says of when it was sent, and after how many versions.
var sending = regexp.MustCompile(`"versionId":"[0-9]+"|"lastUpdated":"[^"]*"|"sent":"[^"]*"`)

// left returns what the record holds after a case, with the ids that the server
// gave numbered as they come; loosely, without when a letter left.
func (th *theatre) left(loosely bool) string {
	th.Helper()
	var lines []string
	for _, typ := range []string{"ServiceRequest", "Task", "EpisodeOfCare", "CarePlan", "CareTeam", "Communication"} {
		q, err := search.Parse(typ, []search.Pair{{Name: "_count", Value: "1000"}}, search.Options{Strict: true})
		if err != nil {
			th.Fatal(err)
		}
		page, err := th.desk().Search(th.Context(), q)
		if err != nil {
			th.Fatal(err)
		}
		for i := range page.Entries {
			line := string(page.Entries[i].Version.JSON())
			if loosely && typ == "Communication" {
				line = sending.ReplaceAllString(line, "")
			}
			lines = append(lines, line)
		}
	}
	slices.SortFunc(lines, func(a, b string) int {
		return strings.Compare(uuids.ReplaceAllString(a, ""), uuids.ReplaceAllString(b, ""))
	})
	seen := map[string]string{}
	return uuids.ReplaceAllStringFunc(strings.Join(lines, "\n"), func(id string) string {
		if seen[id] == "" {
			seen[id] = fmt.Sprintf("#%d", len(seen)+1)
		}
		return seen[id]
	})
}

// casting is what is played.
type casting struct {
	book  *script.Book
	story *script.Case
	model *model.Model
}

// newTheatre opens a record with all that a case needs.
func newTheatre(t *testing.T, url string, p casting) *theatre {
	t.Helper()
	th := &theatre{T: t, url: url, now: time.Date(2026, 1, 1, 8, 0, 0, 0, time.UTC), tokens: map[string]string{}}
	th.open()
	th.stock(p.book, p.model)
	return th
}

// inFile is the address of a new database in a file.
func inFile(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "case.db") }

// play plays a case; stop is after which step the server is stopped and what was
// done last is sent again, 0 for never. It returns what the record holds then, and
// the same loosely.
func play(t *testing.T, url string, p casting, stop int) (exactly, loosely string) {
	t.Helper()
	b, c := p.book, p.story
	th := newTheatre(t, url, p)
	defer func() { th.close() }()
	run := script.Start(b, c, th.stage())
	for done := false; !done; {
		var wrong string
		if wrong, done = run.Step(); wrong != "" {
			t.Errorf("%s: %s", c.Name, wrong)
		}
		if run.Next == stop {
			th.close()
			th.open()
			run.Again()
		}
	}
	th.settle()
	return th.left(false), th.left(true)
}

// castings returns every week of the models that are shipped, by a name.
func castings(t *testing.T) (names []string, all map[string]casting) {
	t.Helper()
	all = map[string]casting{}
	for _, id := range packs.IDs() {
		files, _ := packs.Pack(id)
		m, problems := model.Read(id, files, definitions.Shipped())
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		found, err := fs.Glob(packs.Files, id+"/cases/week*.txt")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range found {
			text, err := packs.Files.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			b, err := script.Read(name, string(text))
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range b.Cases {
				called := id + "/" + c.Name
				names, all[called] = append(names, called), casting{b, c, m}
			}
		}
	}
	if len(names) == 0 {
		t.Fatal("there is no case")
	}
	return names, all
}

// TestCasesOfModels plays the weeks of the models that are shipped against the real
// server; each twice, which leaves the same, and once more with stops midway, which
// leaves the same too. On PostgreSQL, and killed midway, one of them is played, all
// with -long.
func TestCasesOfModels(t *testing.T) {
	names, all := castings(t)
	for i, name := range names {
		p := all[name]
		t.Run(name, func(t *testing.T) {
			once, loosely := play(t, inFile(t), p, 0)
			if again, _ := play(t, inFile(t), p, 0); again != once {
				t.Error("the same week left another record")
			}
			for _, stop := range []int{len(p.story.Steps) / 3, len(p.story.Steps) / 2} {
				if stopped, _ := play(t, inFile(t), p, stop); stopped != once {
					t.Errorf("stopped after step %d and gone on with, it left another record", stop)
				}
			}
			for _, word := range []string{"urn:joinery:move", `"status":"completed","category":[{"coding":[{"system":"urn:joinery:notice-text"`} {
				if !strings.Contains(once, word) {
					t.Errorf("what is left has no %s", word)
				}
			}
			if !*long && i > 0 {
				return
			}
			t.Run("PostgreSQL", func(t *testing.T) {
				if there, _ := play(t, postgresDB(t), p, len(p.story.Steps)/2); there != once {
					t.Error("on PostgreSQL it left another record")
				}
			})
			t.Run("killed", func(t *testing.T) { playKilled(t, "sqlite:"+filepath.Join(folder(t), "k.db"), p, loosely) })
			if *long {
				t.Run("killed on PostgreSQL", func(t *testing.T) { playKilled(t, postgresDB(t), p, loosely) })
			}
		})
	}
}

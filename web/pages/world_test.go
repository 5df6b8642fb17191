package pages

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"joinery/care/applied"
	"joinery/care/model"
	"joinery/definitions"
	"joinery/fault"
	"joinery/fhir"
	"joinery/leaks"
	"joinery/record"
	"joinery/record/access"
	"joinery/timeline"
	"joinery/web"
)

// world is a server of pages over a small record, with somebody of each role who
// can sign in by a header.
type world struct {
	testing.TB
	server *web.Server
	rec    *record.Record
	pages  *Pages
	log    *lines
	now    time.Time
	people map[string]Visitor
}

// lines is a log that a test can read while the server writes it.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newWorld(t testing.TB) *world {
	return newSite(t, &Site{NotHere: []string{"the council's social care records"}})
}

func newSite(t testing.TB, site *Site) *world {
	t.Helper()
	w := &world{TB: t, now: time.Date(2026, 2, 3, 9, 10, 0, 0, time.UTC), log: &lines{}}
	rec, err := record.Open(context.Background(), "sqlite:"+filepath.Join(t.TempDir(), "w.db"), record.Options{Log: leaks.Log(), Clock: w.clock, Rand: rand.Reader, Readers: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rec.Close() })
	w.rec = rec
	w.server = web.New(web.Options{Log: slog.New(web.NewLogHandler(leaks.Keep(w.log), slog.LevelInfo)), Clock: time.Now, Rand: rand.Reader})
	w.people = cast()
	if w.pages, err = New(w.server, rec, Options{Clock: w.clock, Who: w.who, SignIn: "/sign-in", Site: site}); err != nil {
		t.Fatal(err)
	}
	w.server.Handle("GET /testing/as/{who}", http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		http.SetCookie(out, &http.Cookie{Name: "as", Value: r.PathValue("who"), Path: "/"})
		out.Header().Set("Content-Security-Policy", "default-src 'none'; img-src data:")
		out.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(out, "<!doctype html><link rel=icon href=data:,><title>in</title>")
	}))
	w.store(foundations)
	w.store(someone)
	return w
}

func (w *world) clock() time.Time { return w.now }

// who is whoever a cookie names: sign-in itself is tested where it is.
func (w *world) who(r *http.Request) (Visitor, error) {
	cookie, err := r.Cookie("as")
	if err != nil {
		return Visitor{}, fault.New(fault.Unidentified, "Nobody.")
	}
	v, ok := w.people[cookie.Value]
	if !ok {
		return Visitor{}, fault.New(fault.Unidentified, "Nobody.")
	}
	return v, nil
}

// cast is somebody of each role.
func cast() map[string]Visitor {
	must := func(s access.Subject, err error) access.Subject {
		if err != nil {
			panic(err)
		}
		return s
	}
	staff := func(name, practitioner, organisation string) Visitor {
		return Visitor{
			must(access.NewStaff(access.Who{Client: "session-" + practitioner, Name: name, Purpose: access.Treatment}, access.Member{Practitioner: fhir.ID(practitioner), Organization: fhir.ID(organisation)})),
			record.Grant{Role: "staff", Practitioner: fhir.ID(practitioner), Organization: fhir.ID(organisation)},
		}
	}
	return map[string]Visitor{
		"gp":        staff("Dr Ann Gray", "gray", "gp"),
		"nurse":     staff("Nurse Obi", "obi", "team"),
		"elsewhere": staff("Dr Far", "far", "charity"),
		"patient":   {must(access.NewPatient(access.Who{Client: "session-amina", Name: "Amina"}, "amina")), record.Grant{Role: "patient", Patient: "amina"}},
		"carer":     {must(access.NewCarer(access.Who{Client: "session-carer", Name: "Yusuf"}, "carer")), record.Grant{Role: "carer", RelatedPersons: []fhir.ID{"carer"}}},
		"finder":    {must(access.NewCaseFinder(access.Who{Client: "session-finder", Name: "Finder"}, access.Finder{Organization: "hub", Groups: []fhir.ID{"found"}})), record.Grant{Role: "casefinder", Organization: "hub", Groups: []fhir.ID{"found"}}},
		"admin":     {must(access.NewAdministrator(access.Who{Client: "session-admin", Name: "Adam Keeper"})), record.Grant{Role: "administrator"}},
		"privacy":   {must(access.NewGovernance(access.Who{Client: "session-privacy", Name: "Pia Privacy"})), record.Grant{Role: "governance"}},
		"lead":      {must(access.NewLead(access.Who{Client: "session-lead", Name: "Lena Lead"})), record.Grant{Role: "lead"}},
		"analyst":   {must(access.NewAnalyst(access.Who{Client: "session-analyst", Name: "Analyst"})), record.Grant{Role: "analyst"}},
	}
}

// operator is at the desk.
func (w *world) operator() access.Subject {
	scopes, err := access.ParseScopes("system/*.cruds label/*")
	if err != nil {
		w.Fatal(err)
	}
	s, err := access.NewSystem(access.Who{Client: "joinery", Operator: "olga", Scopes: scopes})
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// store puts resources in, one a line.
func (w *world) store(text string) {
	w.Helper()
	var ops []record.Op
	for line := range strings.Lines(text) {
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

// walks puts the model in force that joinery model new makes, and has it find
// people: it seeks them out.
func (w *world) walks(found ...string) {
	w.Helper()
	m, problems := model.Read("walks", model.Starter("walks"), definitions.Shipped())
	if len(problems) > 0 {
		w.Fatal(problems)
	}
	from, _ := timeline.DayOf(w.now.AddDate(0, 0, -2))
	if _, err := applied.Apply(w.Context(), w.rec.As(w.operator()), applied.Application{Model: m, From: from, Provider: "Organization/team", Why: "A try", At: w.now}); err != nil {
		w.Fatal(err)
	}
	d := m.Eligible[0].Meets
	for _, p := range found {
		w.store(strings.NewReplacer("PERSON", p, "DEF", d.ID, "HASH", d.Hash).Replace(`{"resourceType":"RiskAssessment","id":"ra-PERSON","meta":{"security":[{"system":"urn:joinery:label","code":"finding"}]},"status":"final","method":{"coding":[{"system":"urn:joinery:version","code":"HASH"}]},"code":{"coding":[{"system":"urn:joinery:definition","code":"DEF"},{"system":"urn:joinery:place","code":"DEF"}]},"subject":{"reference":"Patient/PERSON"},"occurrencePeriod":{"start":"2026-02-01"},"prediction":[{"outcome":{"text":"fell in the past year"},"rationale":"2025-11-20 Condition fall"}]}`))
	}
}

// answer is what came back.
type answer struct {
	*httptest.ResponseRecorder
	text string
}

// get asks for a page as somebody; "" is nobody.
func (w *world) get(as, path string, headers ...string) answer {
	w.Helper()
	return w.do(as, http.MethodGet, path, nil, headers...)
}

// post sends a form.
func (w *world) post(as, path string, form url.Values, headers ...string) answer {
	w.Helper()
	return w.do(as, http.MethodPost, path, strings.NewReader(form.Encode()), headers...)
}

func (w *world) do(as, method, path string, body io.Reader, headers ...string) answer {
	r := httptest.NewRequest(method, path, body)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", formType)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if as != "" {
		r.AddCookie(&http.Cookie{Name: "as", Value: as})
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	out := httptest.NewRecorder()
	w.server.ServeHTTP(out, r)
	return answer{out, out.Body.String()}
}

// wants fails the test where a page lacks texts.
func (w *world) wants(a answer, status int, texts ...string) {
	w.Helper()
	if a.Code != status {
		w.Fatalf("status = %d, want %d: %s\n%s", a.Code, status, plainly(a.text), w.failures())
	}
	for _, text := range texts {
		if !strings.Contains(a.text, text) {
			w.Errorf("the page lacks %q: %s", text, plainly(a.text))
		}
	}
}

// failures are the lines of the log that tell of one of ours.
func (w *world) failures() string {
	var out []string
	for line := range strings.Lines(w.log.String()) {
		if strings.Contains(line, `"ERROR"`) {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}

var markup = regexp.MustCompile(`(?s)<(head|script|style).*?</(head|script|style)>|<[^>]*>`)

// plainly is a page without its markup.
func plainly(text string) string {
	return strings.Join(strings.Fields(markup.ReplaceAllString(text, " ")), " ")
}

// foundations: the practice, a hub, a team and a charity, bound by an agreement.
const foundations = `
{"resourceType":"Organization","id":"gp","name":"Elm Practice"}
{"resourceType":"Organization","id":"hub","name":"Network hub"}
{"resourceType":"Organization","id":"team","name":"Community team"}
{"resourceType":"Organization","id":"charity","name":"A charity"}
{"resourceType":"Practitioner","id":"gray","name":[{"family":"Gray","given":["Ann"],"prefix":["Dr"]}]}
{"resourceType":"HealthcareService","id":"team-s","active":true,"name":"Community team","eligibility":[{"comment":"For people who cannot leave home"}],"providedBy":{"reference":"Organization/team"},"characteristic":[{"coding":[{"system":"urn:joinery:standard","code":"falls-response"}]},{"coding":[{"system":"urn:joinery:referrer","code":"person"},{"system":"urn:joinery:referrer","code":"carer"},{"system":"urn:joinery:referrer","code":"professional"},{"system":"urn:joinery:referrer","code":"service"}]}]}
{"resourceType":"HealthcareService","id":"charity-s","active":true,"name":"Befriending","providedBy":{"reference":"Organization/charity"}}
{"resourceType":"Consent","id":"agreement","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"treatment"}]},"category":[{"text":"sharing agreement"}],"policyRule":{"text":"sharing agreement"},"provision":{"type":"permit","purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"},{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"POPHLTH"}],"actor":[{"role":{"text":"party"},"reference":{"reference":"Organization/gp"}},{"role":{"text":"party"},"reference":{"reference":"Organization/hub"}},{"role":{"text":"party"},"reference":{"reference":"Organization/team"}},{"role":{"text":"party"},"reference":{"reference":"Organization/charity"}}]}}
{"resourceType":"Patient","id":"nobody","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000018"}],"name":[{"family":"Hidden-Canary"}],"birthDate":"1950-02-02"}
{"resourceType":"Group","id":"found-some","active":true,"type":"person","actual":true,"characteristic":[{"code":{"coding":[{"system":"urn:joinery:finding","code":"found-in"}]},"valueReference":{"reference":"Group/found"},"exclude":false}],"member":[{"entity":{"reference":"Patient/amina"}},{"entity":{"reference":"Patient/bare"}}]}
{"resourceType":"Patient","id":"bare","name":[{"family":"Bare"}],"generalPractitioner":[{"reference":"Organization/gp"}]}
`

// someone is Amina, registered at the practice, with a carer whom she lets see
// her name, address and referrals, and with something marked as sensitive.
const someone = `
{"resourceType":"Patient","id":"amina","extension":[{"url":"https://joinery.example/fhir/StructureDefinition/accessible-information","valueCodeableConcept":{"coding":[{"system":"http://snomed.info/sct","code":"1","display":"Requires written information in large font"}]}},{"url":"https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSCommunication","extension":[{"url":"language","valueCodeableConcept":{"coding":[{"code":"so"}]}},{"url":"interpreterRequired","valueBoolean":true}]}],"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000042"}],"name":[{"use":"official","family":"Amin-Canary","given":["Amina","Hodan"],"prefix":["Mrs"]},{"use":"nickname","given":["Mina"]}],"gender":"female","birthDate":"1941-08-14","telecom":[{"system":"phone","value":"020 7946 0123"}],"address":[{"line":["1 Elm Street"],"city":"Elmgreen","postalCode":"ZZ1 1ZZ"}],"generalPractitioner":[{"reference":"Organization/gp"},{"reference":"Practitioner/gray"}]}
{"resourceType":"AllergyIntolerance","id":"a1","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"active"}]},"verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-verification","code":"confirmed"}]},"criticality":"high","code":{"coding":[{"system":"http://snomed.info/sct","code":"91936005","display":"Allergy to penicillin"}]},"patient":{"reference":"Patient/amina"},"recordedDate":"2001-05-06","recorder":{"reference":"Practitioner/gray"},"reaction":[{"manifestation":[{"text":"Anaphylaxis"}],"severity":"severe"}]}
{"resourceType":"Condition","id":"c1","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},"code":{"coding":[{"system":"http://snomed.info/sct","code":"44054006","display":"Type 2 diabetes mellitus"}]},"subject":{"reference":"Patient/amina"},"onsetDateTime":"2010-03-01","recorder":{"reference":"Practitioner/gray"}}
{"resourceType":"Condition","id":"c2","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"resolved"}]},"code":{"text":"Chest infection"},"subject":{"reference":"Patient/amina"},"onsetDateTime":"2019-01-05","abatementDateTime":"2019-01-20"}
{"resourceType":"Condition","id":"sealed","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"PSY"}]},"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},"code":{"text":"Sealed-Canary"},"subject":{"reference":"Patient/amina"}}
{"resourceType":"MedicationRequest","id":"m1","status":"active","intent":"order","medicationCodeableConcept":{"text":"Metformin 500 mg tablets"},"subject":{"reference":"Patient/amina"},"authoredOn":"2010-03-15","requester":{"reference":"Practitioner/gray"},"dosageInstruction":[{"text":"1 tablet twice a day"}]}
{"resourceType":"Observation","id":"o1","status":"final","code":{"coding":[{"system":"http://snomed.info/sct","code":"1","display":"HbA1c"}]},"subject":{"reference":"Patient/amina"},"effectiveDateTime":"2024-03-01","valueQuantity":{"value":58,"unit":"mmol/mol"},"performer":[{"reference":"Organization/gp"}]}
{"resourceType":"Observation","id":"o2","status":"final","code":{"coding":[{"system":"http://snomed.info/sct","code":"1","display":"HbA1c"}]},"subject":{"reference":"Patient/amina"},"effectiveDateTime":"2025-03-01","valueQuantity":{"value":52,"unit":"mmol/mol"},"performer":[{"reference":"Organization/gp"}]}
{"resourceType":"Observation","id":"o3","status":"final","code":{"text":"Blood pressure"},"subject":{"reference":"Patient/amina"},"effectiveDateTime":"2025-04-01","component":[{"code":{"text":"s"},"valueQuantity":{"value":142,"unit":"mm[Hg]"}},{"code":{"text":"d"},"valueQuantity":{"value":81,"unit":"mm[Hg]"}}]}
{"resourceType":"Flag","id":"f1","status":"active","code":{"text":"Key safe at the front door"},"subject":{"reference":"Patient/amina"},"author":{"reference":"Organization/team"},"period":{"start":"2025-01-02"}}
{"resourceType":"CareTeam","id":"t1","status":"active","name":"Diabetes team","subject":{"reference":"Patient/amina"},"participant":[{"member":{"reference":"Practitioner/gray"}}],"period":{"start":"2020-01-01"}}
{"resourceType":"CarePlan","id":"p1","status":"active","intent":"plan","title":"Diabetes care plan","description":"Feet looked at each year","subject":{"reference":"Patient/amina"},"author":{"reference":"Organization/gp"},"period":{"start":"2025-01-01"}}
{"resourceType":"Goal","id":"g1","lifecycleStatus":"active","description":{"text":"I want to walk to the mosque on Fridays"},"subject":{"reference":"Patient/amina"},"startDate":"2025-01-01"}
{"resourceType":"Encounter","id":"e1","status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"},"type":[{"text":"Consultation at the practice"}],"subject":{"reference":"Patient/amina"},"period":{"start":"2025-12-01T10:00:00Z","end":"2025-12-01T10:12:00Z"},"serviceProvider":{"reference":"Organization/gp"}}
{"resourceType":"RelatedPerson","id":"carer","active":true,"patient":{"reference":"Patient/amina"},"relationship":[{"text":"Son"}],"name":[{"family":"Amin","given":["Yusuf"]}],"telecom":[{"system":"phone","value":"020 7946 0456"}]}
{"resourceType":"Consent","id":"consent-carer","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"category":[{"text":"carer"}],"policyRule":{"text":"carer"},"patient":{"reference":"Patient/amina"},"provision":{"type":"permit","actor":[{"role":{"text":"carer"},"reference":{"reference":"RelatedPerson/carer"}}],"class":[{"system":"http://hl7.org/fhir/resource-types","code":"Patient"},{"system":"http://hl7.org/fhir/resource-types","code":"ServiceRequest"},{"system":"http://hl7.org/fhir/resource-types","code":"Task"},{"system":"http://hl7.org/fhir/resource-types","code":"EpisodeOfCare"}]}}
`

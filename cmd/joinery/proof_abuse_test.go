package main

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// The cases of knowledge/trust.md, section 2, that concern a store and its API,
// asked of the built program by actors who hold tokens. Every resource that
// someone may not see carries a canary, a word that stands nowhere else. Two
// rules hold over all cases: nobody ever gets a byte of a canary that is hidden
// from them, in a body or in a header, and none stands in the server's log.

// actor is somebody with a token, and the canaries that they may see.
type actor struct {
	name, token string
	sees        []string
}

// stage is a small world with actors in it.
type stage struct {
	*server
	admin              string
	p1, p2, c1         *actor // patients without relation; a carer of the first, for observations
	d1, d2             *actor // clinicians: one in the care team of the first patient, one of nobody's
	s1, a1             *actor // a system that may read observations; an analyst
	x                  *actor // nobody
	team, consent      string // names of what gives d1 and c1 their rights
	patient1, patient2 string
	ofP1, ofP2         map[string]string // names by type: Observation, Condition, Encounter
	sealed             string            // P1's Condition with HIV
	linked             string            // P1's Observation that was derived from P2's
	mu                 sync.Mutex
	leaks              []string
}

var canary = regexp.MustCompile(`CANARY-[A-Z0-9-]+`)

// see asks as an actor and looks for canaries in what comes back.
func (w *stage) see(a *actor, method, path string, body []byte, headers ...string) answer {
	w.t.Helper()
	got, err := w.do(a.token, method, path, body, headers...)
	if err != nil {
		w.t.Fatalf("%s %s as %s: %v", method, path, a.name, err)
	}
	w.sweep(a, method+" "+path, string(body)+path, got)
	if got.status >= 500 && got.status != http.StatusServiceUnavailable {
		w.t.Errorf("%s %s as %s: status %d\n%.300s", method, path, a.name, got.status, got.body)
	}
	return got
}

// sweep notes every canary in an answer that the actor may not see. What they
// said themselves may come back to them.
func (w *stage) sweep(a *actor, request, said string, got answer) {
	var head strings.Builder
	if err := got.header.Write(&head); err != nil {
		w.t.Fatal(err)
	}
	for _, found := range canary.FindAllString(head.String()+string(got.body), -1) {
		if !slices.Contains(a.sees, found) && !strings.Contains(said, found) {
			w.mu.Lock()
			w.leaks = append(w.leaks, fmt.Sprintf("%s got %s by %s (status %d)", a.name, found, request, got.status))
			w.mu.Unlock()
		}
	}
}

// setStage builds the world through the API, as any feed would.
func setStage(t *testing.T) *stage {
	db := sqliteDB(t)
	w := &stage{server: serve(t, db), admin: admin(t, db), ofP1: map[string]string{}, ofP2: map[string]string{}}
	add := func(format string, a ...any) string { t.Helper(); return w.create(w.admin, fmt.Sprintf(format, a...)) }

	orgA, orgB := add(`{"resourceType":"Organization","name":"A"}`), add(`{"resourceType":"Organization","name":"B"}`)
	doc1, doc2 := add(`{"resourceType":"Practitioner","name":[{"family":"One"}]}`), add(`{"resourceType":"Practitioner","name":[{"family":"Two"}]}`)
	add(`{"resourceType":"Consent","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"category":[{"coding":[{"system":"http://loinc.org","code":"59284-0"}]}],"policyRule":{"text":"sharing agreement"},"provision":{"type":"permit","actor":[{"role":{"text":"party"},"reference":{"reference":%q}},{"role":{"text":"party"},"reference":{"reference":%q}}],"purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"}]}}`, orgA, orgB)
	for n, of := range map[string]map[string]string{"P1": w.ofP1, "P2": w.ofP2} {
		of["Patient"] = add(`{"resourceType":"Patient","name":[{"family":"CANARY-%s-NAME"}],"birthDate":"1980-01-02"}`, n)
		of["Observation"] = add(`{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"urn:proof","code":"common"}],"text":"CANARY-%s-OBSERVATION"},"subject":{"reference":%q},"effectiveDateTime":"2020-02-0%s"}`, n, of["Patient"], n[1:])
		of["Condition"] = add(`{"resourceType":"Condition","code":{"coding":[{"system":"urn:proof","code":"plain"}],"text":"CANARY-%s-CONDITION"},"subject":{"reference":%q}}`, n, of["Patient"])
		of["Encounter"] = add(`{"resourceType":"Encounter","status":"finished","class":{"code":"AMB"},"subject":{"reference":%q},"type":[{"text":"CANARY-%s-ENCOUNTER"}]}`, of["Patient"], n)
	}
	w.patient1, w.patient2 = w.ofP1["Patient"], w.ofP2["Patient"]
	w.sealed = add(`{"resourceType":"Condition","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]},"code":{"coding":[{"system":"http://snomed.info/sct","code":"86406008"}],"text":"CANARY-P1-SEALED"},"subject":{"reference":%q},"encounter":{"reference":%q}}`, w.patient1, w.ofP1["Encounter"])
	w.linked = add(`{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"urn:proof","code":"linked"}],"text":"CANARY-P1-LINKED"},"subject":{"reference":%q},"derivedFrom":[{"reference":%q}]}`, w.patient1, w.ofP2["Observation"])
	w.team = add(`{"resourceType":"CareTeam","status":"active","subject":{"reference":%q},"participant":[{"member":{"reference":%q}}]}`, w.patient1, doc1)
	related := add(`{"resourceType":"RelatedPerson","patient":{"reference":%q},"name":[{"family":"Carer"}]}`, w.patient1)
	w.consent = add(`{"resourceType":"Consent","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"category":[{"coding":[{"system":"http://loinc.org","code":"59284-0"}]}],"policyRule":{"text":"own wish"},"patient":{"reference":%q},"provision":{"type":"permit","actor":[{"role":{"text":"carer"},"reference":{"reference":%q}}],"class":[{"system":"http://hl7.org/fhir/resource-types","code":"Observation"}]}}`, w.patient1, related)

	all1 := []string{"CANARY-P1-NAME", "CANARY-P1-OBSERVATION", "CANARY-P1-CONDITION", "CANARY-P1-ENCOUNTER", "CANARY-P1-LINKED"}
	id := func(name string) string { return name[strings.IndexByte(name, '/')+1:] }
	who := func(name string, sees []string, args ...string) *actor {
		t.Helper()
		return &actor{name, token(t, db, append([]string{"--name", "proof " + name}, args...)...), sees}
	}
	w.p1 = who("P1", append([]string{"CANARY-P1-SEALED"}, all1...), "--role", "patient", "--patient", id(w.patient1), "--scope", "patient/*.cruds")
	w.p2 = who("P2", []string{"CANARY-P2-NAME", "CANARY-P2-OBSERVATION", "CANARY-P2-CONDITION", "CANARY-P2-ENCOUNTER"}, "--role", "patient", "--patient", id(w.patient2), "--scope", "patient/*.cruds")
	w.c1 = who("C1", []string{"CANARY-P1-OBSERVATION", "CANARY-P1-LINKED"}, "--role", "carer", "--related", id(related), "--scope", "patient/*.rs")
	w.d1 = who("D1", all1, "--role", "staff", "--practitioner", id(doc1), "--organisation", id(orgA), "--use", "TREAT", "--scope", "user/*.cruds")
	w.d2 = who("D2", nil, "--role", "staff", "--practitioner", id(doc2), "--organisation", id(orgB), "--use", "TREAT", "--scope", "user/*.cruds")
	w.s1 = who("S1", []string{"CANARY-P1-OBSERVATION", "CANARY-P1-LINKED", "CANARY-P2-OBSERVATION"}, "--scope", "system/Observation.rs")
	w.a1 = who("A1", nil, "--role", "analyst", "--use", "PUBHLTH", "--scope", "user/*.s")
	w.x = &actor{name: "X"}
	return w
}

func TestProofAbuse(t *testing.T) {
	w := setStage(t)
	slow := startSlow(w)
	for _, c := range []struct {
		name string
		run  func(w *stage)
	}{
		{"1 reading what is another's", (*stage).readAnothers},
		{"3 writing what is another's", (*stage).writeAnothers},
		{"5 creating for another", (*stage).createForAnother},
		{"6 an include of what is hidden", (*stage).includeHidden},
		{"7 includes of everything, in circles", (*stage).includeEverything},
		{"8 _has over what is hidden", (*stage).hasHidden},
		{"9 chains over what is hidden", (*stage).chainHidden},
		{"11 counts and orders", (*stage).countHidden},
		{"12 masked elements", (*stage).masked},
		{"15 other spellings of a reference", (*stage).spellings},
		{"17 pages of another", (*stage).pages},
		{"18 caches", (*stage).caches},
		{"19 versions from before", (*stage).versionsBefore},
		{"21 bundles", (*stage).bundles},
		{"23 references to what is hidden", (*stage).substitute},
		{"25 operations", (*stage).operations},
		{"47 a carer beyond their limits", (*stage).carer},
		{"52 an analyst", (*stage).analyst},
		{"60 tokens", (*stage).tokens},
		{"64 the trail by the API", (*stage).trail},
		{"75 spoofed headers", (*stage).spoofed},
		{"82 a right that ends", (*stage).rightEnds},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			c.run(w)
		})
	}
	w.t = t
	for _, c := range []struct {
		name string
		run  func(w *stage)
	}{
		{"33 nesting", (*stage).nesting},
		{"34 doubtful JSON", (*stage).doubtful},
		{"35 size", (*stage).size},
		{"36 compression", (*stage).bombs},
		{"38 cost", (*stage).cost},
		{"39 injection", (*stage).injection},
		{"40 script in narrative", (*stage).script},
		{"67 canaries in faults", (*stage).faults},
		{"69 the same update fifty times", (*stage).race},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			c.run(w)
		})
	}
	w.t = t
	t.Run("76 slow clients", func(t *testing.T) { slow.check(t) })
	if len(w.leaks) > 0 {
		t.Errorf("%d canaries got out:\n%s", len(w.leaks), strings.Join(w.leaks[:min(20, len(w.leaks))], "\n"))
	}
	log, err := os.ReadFile(w.log)
	if err != nil {
		t.Fatal(err)
	}
	if found := canary.FindAllString(string(log), -1); len(found) > 0 {
		t.Errorf("the log has %d canaries, such as %s", len(found), found[0])
	}
	if a := w.must(200, w.admin, "GET", "/fhir/metadata", nil); len(a.body) == 0 {
		t.Error("the server is not well after all this")
	}
}

const absentID = "01890000-0000-7000-8000-000000000000"

// uniform asks for a hidden resource and for one that is not there, and
// compares the answers byte for byte, ids and dates aside.
func (w *stage) uniform(a *actor, method, hidden, suffix string, body []byte, headers ...string) {
	w.t.Helper()
	typ, id, _ := strings.Cut(hidden, "/")
	clean := func(got answer) string {
		var head strings.Builder
		for _, name := range []string{"Date", "X-Request-Id"} {
			got.header.Del(name)
		}
		if err := got.header.Write(&head); err != nil {
			w.t.Fatal(err)
		}
		return fmt.Sprintf("%d\n%s\n%s", got.status, head.String(), got.body)
	}
	for _, b := range [][]byte{body} {
		one := clean(w.see(a, method, "/fhir/"+hidden+suffix, b, headers...))
		two := clean(w.see(a, method, "/fhir/"+typ+"/"+absentID+suffix, []byte(strings.ReplaceAll(string(b), id, absentID)), headers...))
		one = strings.ReplaceAll(one, id, absentID)
		if one != two {
			w.t.Errorf("%s %s%s as %s: hidden and absent differ:\n%.400s\n--- absent:\n%.400s", method, hidden, suffix, a.name, one, two)
		}
		if status := strings.SplitN(one, "\n", 2)[0]; status != "404" && status != "403" && !strings.HasPrefix(suffix, "?") {
			w.t.Errorf("%s %s%s as %s: status %s, want 404", method, hidden, suffix, a.name, status)
		}
	}
}

func (w *stage) readAnothers() {
	for _, a := range []*actor{w.p1, w.c1, w.d1, w.d2} {
		for _, name := range w.ofP2 {
			for _, suffix := range []string{"", "/_history", "/_history/1"} {
				w.uniform(a, "GET", name, suffix, nil)
			}
		}
		w.uniform(a, "GET", w.patient2, "/$everything", nil)
		w.sameBundle(a, "GET", "/fhir/"+w.patient2+"/Observation", "/fhir/Patient/"+absentID+"/Observation")
	}
	for _, a := range []*actor{w.p2, w.c1, w.d1, w.d2} {
		w.uniform(a, "GET", w.sealed, "", nil)
	}
	w.must(200, w.p1.token, "GET", "/fhir/"+w.ofP1["Observation"], nil)
	w.must(200, w.d1.token, "GET", "/fhir/"+w.ofP1["Condition"], nil)
	events, _, _ := w.all(w.admin, "AuditEvent?entity="+w.patient2+"&outcome=4,8,12")
	if len(events) == 0 {
		w.t.Error("refused reads of the second patient are not in the audit")
	}
}

// sameBundle compares what two addresses answer, ids and dates aside.
func (w *stage) sameBundle(a *actor, method, hidden, absent string) {
	w.t.Helper()
	one, two := w.see(a, method, hidden, nil), w.see(a, method, absent, nil)
	if one.status != two.status {
		w.t.Errorf("%s %s as %s: status %d, and %d for what is not there", method, hidden, a.name, one.status, two.status)
	}
	if one.status != 200 {
		return
	}
	if got := readBundle(w.t, one.body); len(got.Entry) > 0 {
		w.t.Errorf("%s %s as %s: %d entries", method, hidden, a.name, len(got.Entry))
	}
}

func (w *stage) writeAnothers() {
	for _, a := range []*actor{w.p1, w.c1, w.d1, w.d2, w.s1} {
		for typ, name := range w.ofP2 {
			if a == w.s1 && typ == "Observation" {
				continue // they may read it; that they may not write is told
			}
			id := name[len(typ)+1:]
			body := map[string]string{
				"Patient":     `{"resourceType":"Patient","id":"%s","name":[{"family":"taken"}]}`,
				"Observation": `{"resourceType":"Observation","id":"%s","status":"final","code":{"text":"taken"},"subject":{"reference":"` + w.patient1 + `"}}`,
				"Condition":   `{"resourceType":"Condition","id":"%s","code":{"text":"taken"},"subject":{"reference":"` + w.patient1 + `"}}`,
				"Encounter":   `{"resourceType":"Encounter","id":"%s","status":"finished","class":{"code":"AMB"},"subject":{"reference":"` + w.patient1 + `"}}`,
			}[typ]
			w.uniform(a, "PUT", name, "", fmt.Appendf(nil, body, id))
			w.uniform(a, "PATCH", name, "", []byte(`[{"op":"replace","path":"/id","value":"x"}]`), "Content-Type", "application/json-patch+json")
			w.uniform(a, "DELETE", name, "", nil)
		}
	}
	for typ, name := range w.ofP2 {
		got := w.must(200, w.admin, "GET", "/fhir/"+name, nil)
		if !strings.Contains(string(got.body), `"versionId":"1"`) || !strings.Contains(string(got.body), "CANARY-P2-") {
			w.t.Errorf("the second patient's %s was changed: %.300s", typ, got.body)
		}
	}
}

func (w *stage) createForAnother() {
	before, _, _ := w.all(w.admin, "Observation?_count=100")
	for _, a := range []*actor{w.p1, w.c1, w.d1, w.d2, w.s1} {
		body := `{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"%s"}}`
		hidden := w.see(a, "POST", "/fhir/Observation", fmt.Appendf(nil, body, w.patient2))
		absent := w.see(a, "POST", "/fhir/Observation", fmt.Appendf(nil, body, "Patient/"+absentID))
		if hidden.status != 403 || absent.status != hidden.status {
			w.t.Errorf("POST an Observation of the second patient as %s: status %d, of nobody's patient %d, want 403 for both", a.name, hidden.status, absent.status)
		}
		if one, two := strings.ReplaceAll(string(hidden.body), w.patient2, "it"), strings.ReplaceAll(string(absent.body), "Patient/"+absentID, "it"); one != two {
			w.t.Errorf("as %s the refusals differ:\n%s\n%s", a.name, one, two)
		}
	}
	if after, _, _ := w.all(w.admin, "Observation?_count=100"); len(after) != len(before) {
		w.t.Errorf("%d Observations before, %d after", len(before), len(after))
	}
}

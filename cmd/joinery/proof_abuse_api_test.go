package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

func (w *stage) versionsBefore() {
	a := w.must(201, w.admin, "POST", "/fhir/Condition", fmt.Appendf(nil, `{"resourceType":"Condition","code":{"text":"CANARY-BEFORE"},"subject":{"reference":%q}}`, w.patient1))
	name := named(w.t, a.body)
	id := strings.TrimPrefix(name, "Condition/")
	w.d1.sees = append(w.d1.sees, "CANARY-BEFORE")
	w.must(200, w.d1.token, "GET", "/fhir/"+name+"/_history/1", nil)
	w.d1.sees = w.d1.sees[:len(w.d1.sees)-1]
	w.must(200, w.admin, "PUT", "/fhir/"+name, fmt.Appendf(nil, `{"resourceType":"Condition","id":%q,"meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"SDV"}]},"code":{"text":"CANARY-BEFORE"},"subject":{"reference":%q}}`, id, w.patient1))
	for _, suffix := range []string{"", "/_history", "/_history/1", "/_history/2"} {
		w.uniform(w.d1, "GET", name, suffix, nil)
	}
	for _, at := range []string{"/fhir/Condition/_history", "/fhir/_history", "/fhir/" + w.patient1 + "/$everything", "/fhir/Condition?subject=" + w.patient1} {
		w.see(w.d1, "GET", at, nil) // the sweep finds a leak
	}
}

func (w *stage) bundles() {
	batch := fmt.Sprintf(`{"resourceType":"Bundle","type":"batch","entry":[
		{"request":{"method":"GET","url":%q}},{"request":{"method":"GET","url":"Patient/%s"}},{"request":{"method":"GET","url":%q}},
		{"request":{"method":"GET","url":"Observation?patient=%s"}},{"request":{"method":"GET","url":"%s/$everything"}},
		{"request":{"method":"DELETE","url":%q}},{"request":{"method":"GET","url":"%s/_history"}}]}`,
		w.patient2, absentID, w.patient1, w.patient2, w.patient2, w.patient2, w.patient2)
	for _, a := range []*actor{w.p1, w.d1} {
		got := w.see(a, "POST", "/fhir", []byte(batch))
		if got.status != 200 {
			w.t.Fatalf("a batch as %s: status %d\n%.300s", a.name, got.status, got.body)
		}
		b := readBundle(w.t, got.body)
		if len(b.Entry) != 7 {
			w.t.Fatalf("7 entries asked, %d answered", len(b.Entry))
		}
		if one, two := b.Entry[0].Response.Status[:3], b.Entry[1].Response.Status[:3]; one != "404" || two != one {
			w.t.Errorf("as %s a hidden read in a batch gives %s, an absent one %s", a.name, one, two)
		}
		if got := b.Entry[2].Response.Status[:3]; got != "200" {
			w.t.Errorf("as %s the own read in a batch gives %s", a.name, got)
		}
	}
	transaction := fmt.Sprintf(`{"resourceType":"Bundle","type":"transaction","entry":[
		{"resource":{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"urn:proof","code":"half"}]},"subject":{"reference":%q}},"request":{"method":"POST","url":"Observation"}},
		{"resource":{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"urn:proof","code":"half"}]},"subject":{"reference":%q}},"request":{"method":"POST","url":"Observation"}}]}`,
		w.patient1, w.patient2)
	for _, a := range []*actor{w.p1, w.d1} {
		if got := w.see(a, "POST", "/fhir", []byte(transaction)); got.status < 400 || got.status >= 500 {
			w.t.Errorf("a transaction that reaches into another's record as %s: status %d", a.name, got.status)
		}
	}
	if hits, _, _ := w.all(w.admin, "Observation?code=urn:proof%7Chalf"); len(hits) > 0 {
		w.t.Errorf("a refused transaction left %v", hits)
	}
}

func (w *stage) substitute() {
	for _, full := range []string{"http://" + w.address + "/fhir/" + w.patient2, w.patient2, "urn:uuid:" + strings.TrimPrefix(w.patient2, "Patient/")} {
		body := fmt.Sprintf(`{"resourceType":"Bundle","type":"transaction","entry":[
			{"fullUrl":%q,"resource":{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"urn:proof","code":"swapped"}]},"subject":{"reference":%q}},"request":{"method":"POST","url":"Observation"}},
			{"resource":{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"urn:proof","code":"swapped"}]},"subject":{"reference":%q}},"request":{"method":"POST","url":"Observation"}}]}`,
			full, w.patient1, full)
		w.see(w.p1, "POST", "/fhir", []byte(body))
	}
	hits, _, _ := w.all(w.admin, "Observation?code=urn:proof%7Cswapped&patient="+w.patient2)
	if len(hits) > 0 {
		w.t.Errorf("by a substituted reference %v got into the second patient's record", hits)
	}
}

func (w *stage) operations() {
	for _, a := range []*actor{w.p1, w.c1, w.d1, w.s1, w.a1, w.x} {
		for _, at := range []string{
			"/fhir/$export", "/fhir/Patient/$export", "/fhir/Group/1/$export", "/fhir/Patient/$match", "/fhir/$graphql?query={PatientList{id}}",
			"/fhir/ValueSet/$expand", "/fhir/CodeSystem/$lookup?code=1", "/fhir/" + w.patient2 + "/$graph", "/fhir/DocumentReference/$docref?patient=" + w.patient2,
			"/fhir/Observation/$lastn?patient=" + w.patient2, "/fhir/$meta", "/fhir/" + w.patient2 + "/$meta", "/fhir/$reindex", "/fhir/$nothing",
			"/debug/pprof/", "/debug/vars", "/metrics", "/.git/config", "/_config", "/admin", "/admin/accounts", "/admin/audit", "/fhir/../etc/passwd", "/joinery.db",
		} {
			for _, method := range []string{"GET", "POST"} {
				got := w.see(a, method, at, nil)
				page := method == "GET" && strings.HasPrefix(at, "/admin") // a token opens no page
				if page && got.status == http.StatusSeeOther && strings.HasPrefix(got.header.Get("Location"), "/sign-in") && len(got.body) == 0 {
					continue
				}
				if page || got.status < 400 || got.status >= 500 {
					w.t.Errorf("%s %s as %s: status %d", method, at, a.name, got.status)
				}
			}
		}
		if a == w.x {
			for _, at := range []string{"/fhir/Patient", "/fhir/Observation?code=x", "/fhir/" + w.patient1, "/fhir/_history", "/fhir/Organization", "/fhir/" + w.patient1 + "/$everything"} {
				if got := w.see(a, "GET", at, nil); got.status != 401 {
					w.t.Errorf("GET %s without a token: status %d, want 401", at, got.status)
				}
			}
		}
	}
}

func (w *stage) tokens() {
	good := w.p1.token
	for name, header := range map[string]string{
		"none": "", "empty": "Bearer ", "another": "Bearer " + strings.Repeat("A", len(good)), "cut": "Bearer " + good[:len(good)-1],
		"longer": "Bearer " + good + "A", "other case": "Bearer " + strings.ToUpper(good), "basic": "Basic " + good, "no scheme": good,
		"alg none": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.", "two": "Bearer " + good + ", Bearer " + good, "SQL": "Bearer ' OR 1=1--", "nul": "Bearer " + good + "%00",
	} {
		req, err := http.NewRequest("GET", "http://"+w.address+"/fhir/"+w.patient1, nil)
		if err != nil {
			w.t.Fatal(err)
		}
		if header != "" {
			req.Header.Set("Authorization", header)
		}
		resp, err := w.client.Do(req)
		if err != nil {
			w.t.Errorf("%s: %v", name, err)
			continue
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 401 && resp.StatusCode != 400 {
			w.t.Errorf("with the token %q: status %d, want 401", name, resp.StatusCode)
		}
		if strings.Contains(string(body), "CANARY") || strings.Contains(string(body), good) {
			w.t.Errorf("with the token %q the answer tells too much: %.200s", name, body)
		}
	}
	if got := w.see(w.x, "GET", "/fhir/"+w.patient1+"?access_token="+url.QueryEscape(good), nil); got.status != 401 {
		w.t.Errorf("a token in the address: status %d, want 401", got.status)
	}
	if log, err := os.ReadFile(w.log); err != nil || strings.Contains(string(log), good) {
		w.t.Errorf("the log holds a token, or cannot be read: %v", err)
	}
}

func (w *stage) trail() {
	hits, _, _ := w.all(w.admin, "AuditEvent?_count=5&_sort=-date")
	if len(hits) == 0 {
		w.t.Fatal("there is no audit to attack")
	}
	event := w.must(200, w.admin, "GET", "/fhir/"+hits[0], nil).body
	for _, method := range []string{"PUT", "PATCH", "DELETE"} {
		body := event
		if method == "DELETE" {
			body = nil
		}
		got, err := w.do(w.admin, method, "/fhir/"+hits[0], body)
		if err != nil || got.status < 400 || got.status >= 500 {
			w.t.Errorf("%s of an AuditEvent by the administrator: status %d, %v", method, got.status, err)
		}
	}
	for _, a := range []*actor{w.d1, w.d2, w.c1, w.s1, w.a1} {
		if got := w.see(a, "GET", "/fhir/"+hits[0], nil); got.status == 200 {
			w.t.Errorf("%s reads the trail", a.name)
		}
	}
	if again := w.must(200, w.admin, "GET", "/fhir/"+hits[0], nil).body; !bytes.Equal(again, event) {
		w.t.Error("an AuditEvent changed")
	}
}

func (w *stage) spoofed() {
	for _, headers := range [][]string{
		{"X-Patient-Id", w.patient2},
		{"X-Forwarded-For", "127.0.0.1"},
		{"X-Forwarded-Host", "evil.example"},
		{"X-Forwarded-User", "admin"},
		{"X-Original-URL", "/fhir/" + w.patient2},
		{"X-HTTP-Method-Override", "DELETE"},
		{"Forwarded", "host=evil.example"},
		{"X-Joinery-Operator", "root"},
	} {
		w.uniform(w.p1, "GET", w.patient2, "", nil, headers...)
		got := w.see(w.p1, "GET", "/fhir/Observation?code=urn:proof%7Ccommon", nil, headers...)
		if got.status != 200 || strings.Contains(string(got.body), "evil.example") {
			w.t.Errorf("%s is believed: status %d, %.200s", headers[0], got.status, got.body)
		}
	}
	for _, at := range []string{"/about", "/tokens", "/count", "/export", "/fhir/tokens"} {
		for _, method := range []string{"GET", "POST", "DELETE"} {
			got := w.see(w.x, method, at, nil, "X-Joinery-Operator", "root", "X-Joinery-Command", "token")
			if got.status < 400 || got.status >= 500 {
				w.t.Errorf("%s %s, which is for the local socket alone: status %d by the network", method, at, got.status)
			}
		}
	}
}

func (w *stage) rightEnds() {
	first := readBundle(w.t, w.see(w.d1, "GET", "/fhir/Observation?code=urn:proof%7Cpaged&_count=10", nil).body)
	body := w.must(200, w.admin, "GET", "/fhir/"+w.team, nil).body
	w.must(200, w.admin, "PUT", "/fhir/"+w.team, []byte(strings.Replace(string(body), `"status":"active"`, `"status":"inactive"`, 1)))
	began := time.Now()
	for {
		late := time.Since(began) > time.Second
		got := w.see(w.d1, "GET", "/fhir/"+w.ofP1["Observation"], nil)
		if got.status == 404 {
			break
		}
		if late {
			w.t.Fatalf("a second after the care team ended D1 still reads: status %d", got.status)
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.d1.sees = nil
	if next := path(first.next()); next != "" {
		if got := w.see(w.d1, "GET", next, nil); got.status == 200 {
			if b := readBundle(w.t, got.body); len(b.Entry) > 0 {
				w.t.Errorf("a page opened before the right ended still gives %d entries", len(b.Entry))
			}
		}
	}
	w.finds(w.d1, "Observation?code=urn:proof%7Ccommon")
	for _, suffix := range []string{"", "/_history", "/_history/1"} {
		w.uniform(w.d1, "GET", w.ofP1["Observation"], suffix, nil)
	}
}

// refused sends a body as the administrator, who has every right, so that only
// the body can be at fault.
func (w *stage) refused(what, method, at string, body []byte, within time.Duration, headers ...string) {
	w.t.Helper()
	began := w.worked()
	got, err := w.do(w.admin, method, at, body, headers...)
	if err != nil {
		if errors := err.Error(); strings.Contains(errors, "broken pipe") || strings.Contains(errors, "connection reset") {
			return // the server hung up on it, which is as good
		}
		w.t.Errorf("%s: %v", what, err)
		return
	}
	if got.status < 400 || got.status >= 500 {
		w.t.Errorf("%s: status %d, want a refusal\n%.200s", what, got.status, got.body)
	}
	if !strings.Contains(string(got.body), "OperationOutcome") {
		w.t.Errorf("%s is refused without an OperationOutcome: %.200s", what, got.body)
	}
	if took := w.worked() - began; took > within {
		w.t.Errorf("%s was refused after %v of work, want %v at most", what, took, within)
	}
}

func (w *stage) nesting() {
	for _, n := range []int{101, 10_000, 1_000_000} {
		w.refused(fmt.Sprintf("%d arrays deep", n), "POST", "/fhir/Basic", []byte(`{"resourceType":"Basic","code":`+strings.Repeat("[", n)+strings.Repeat("]", n)+`}`), 2*time.Second)
		deep := `{"resourceType":"Basic","code":{"text":"x"},` + strings.Repeat(`"extension":[{"url":"u",`, n) + `"valueString":"x"` + strings.Repeat("}]", n) + "}"
		w.refused(fmt.Sprintf("%d extensions deep", n), "POST", "/fhir/Basic", []byte(deep), 3*time.Second)
	}
}

func (w *stage) doubtful() {
	for _, body := range []string{
		`{"resourceType":"Patient","active":true,"active":false}`, `{"resourceType":"Patient","ACTIVE":true}`, `{"ResourceType":"Patient"}`,
		`{"resourceType":"Patient","__proto__":{"active":true}}`, `{"resourceType":"Patient","multipleBirthInteger":NaN}`,
		`{"resourceType":"Patient","multipleBirthInteger":1e999999}`, `{"resourceType":"Patient","multipleBirthInteger":` + strings.Repeat("9", 1000000) + `}`,
		"{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"\xc0\xaf\"}]}", `{"resourceType":"Patient","name":[{"family":"\ud800"}]}`,
		"\xef\xbb\xbf" + `{"resourceType":"Patient"}`, `{"resourceType":"Patient"} {"resourceType":"Patient"}`, `{"resourceType":"Patient"}]`,
		`{"resourceType":"Patient",}`, `{'resourceType':'Patient'}`, `{"resourceType":"Patient","name":[]}`, `{"resourceType":"Patient","name":[{}]}`,
		`{"resourceType":"Patient","gender":""}`, `{"resourceType":"Patient","modifierExtension":[{"url":"urn:x","valueBoolean":true}]}`,
		`{"resourceType":"Observation"}`, `[]`, `null`, ``, `"Patient"`, `{"resourceType":"Patient","role":"admin","verified":true}`,
		"{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"a\x00b\"}]}",
	} {
		w.refused(fmt.Sprintf("%.60q", body), "POST", "/fhir/Patient", []byte(body), 2*time.Second)
	}
	w.refused("a resource of another type", "POST", "/fhir/Observation", []byte(`{"resourceType":"Patient"}`), time.Second)
	w.refused("no FHIR at all", "POST", "/fhir/Patient", []byte(`<Patient xmlns="http://hl7.org/fhir"/>`), time.Second, "Content-Type", "application/fhir+xml")
	w.refused("an entity", "POST", "/fhir/Patient", []byte(`<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><Patient>&e;</Patient>`), time.Second, "Content-Type", "application/xml")
}

func (w *stage) size() {
	big := append([]byte(`{"resourceType":"Basic","code":{"text":"`), bytes.Repeat([]byte("x"), 55<<20)...)
	w.refused("55 MB", "POST", "/fhir/Basic", append(big, `"}}`...), 10*time.Second)
	var b strings.Builder
	b.WriteString(`{"resourceType":"Bundle","type":"batch","entry":[`)
	for i := range 5001 {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"request":{"method":"GET","url":"Patient/x"}}`)
	}
	b.WriteString(`]}`)
	w.refused("5,001 entries", "POST", "/fhir", []byte(b.String()), 5*time.Second)
	if got, err := w.do(w.admin, "GET", "/fhir/metadata", nil, "X-Long", strings.Repeat("x", 2<<20)); err == nil && got.status != 431 && got.status != 400 {
		w.t.Errorf("2 MB of headers: status %d, want 431", got.status)
	}
	conn := w.raw("POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + w.admin + "\r\nContent-Type: application/fhir+json\r\nContent-Length: 1000000000\r\n\r\n{")
	defer conn.Close()
	if status := readStatus(conn, 5*time.Second); status != 413 && status != 400 {
		w.t.Errorf("a declared gigabyte: status %d, want 413 at once", status)
	}
	if peak := status(w.cmd.Process.Pid, "VmHWM:"); peak > 900 {
		w.t.Errorf("the server took %d MB at its most", peak)
	}
}

// raw opens a connection and sends bytes as they are.
func (w *stage) raw(text string) net.Conn {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.address)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := io.WriteString(conn, text); err != nil {
		w.t.Fatal(err)
	}
	return conn
}

// readStatus reads the status line of an answer; 0 when none comes.
func readStatus(conn net.Conn, within time.Duration) int {
	conn.SetReadDeadline(time.Now().Add(within))
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || len(line) < 12 {
		return 0
	}
	n, _ := strconv.Atoi(line[9:12])
	return n
}

// status reads a line of a process's status, in megabytes.
func status(pid int, which string) int {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, after, ok := strings.Cut(string(data), which)
	if !ok {
		return 0
	}
	n, _ := strconv.Atoi(strings.Fields(after)[0])
	return n / 1024
}

// bombs sends what is small and unfolds to much. There are two caps, and for each
// a body that only it stops.
func (w *stage) bombs() {
	before := status(w.cmd.Process.Pid, "VmHWM:")
	w.tooLarge("a gigabyte in a megabyte of gzip", packed(1<<30, 0), "unfolds to more than 100 times")
	w.tooLarge("40 MB, which are taken, in 100 KB of gzip", packed(40<<20, 0), "unfolds to more than 100 times")
	w.tooLarge("60 MB in 6 MB of gzip", packed(60<<20, 10), "larger than the 50 MB")
	w.refused("an unknown encoding", "POST", "/fhir/Basic", []byte("x"), time.Second, "Content-Encoding", "br")
	w.refused("broken gzip", "POST", "/fhir/Basic", []byte("\x1f\x8bxxxxxxxx"), time.Second, "Content-Encoding", "gzip")
	if after := status(w.cmd.Process.Pid, "VmHWM:"); after > before+300 {
		w.t.Errorf("gzip bombs took %d MB", after-before)
	}
}

// packed is a resource of about size bytes as gzip, which makes it noise times
// smaller; as small as it can when noise is 0.
func packed(size, noise int) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(`{"resourceType":"Basic","code":{"text":"`))
	block, chance := bytes.Repeat([]byte("0"), 1<<20), rand.NewChaCha8([32]byte{})
	for ; size > 0; size -= len(block) {
		if noise > 0 {
			random := block[:len(block)/noise]
			_, _ = chance.Read(random)
			for i := range random {
				random[i] |= 0x80 // no quote among it, and eight bits to pack into one
			}
		}
		z.Write(block)
	}
	z.Write([]byte(`"}}`))
	z.Close()
	return b.Bytes()
}

// tooLarge holds that a packed body is refused for a reason, before it is read
// as JSON.
func (w *stage) tooLarge(what string, body []byte, say string) {
	w.t.Helper()
	w.refused(what, "POST", "/fhir/Basic", body, 10*time.Second, "Content-Encoding", "gzip")
	a, err := w.do(w.admin, "POST", "/fhir/Basic", body, "Content-Encoding", "gzip")
	if err != nil { // it hung up before all was sent
		w.t.Logf("%s: %v", what, err)
		return
	}
	if a.status != http.StatusRequestEntityTooLarge || !strings.Contains(string(a.body), say) {
		w.t.Errorf("%s: status %d, want 413 and %q\n%.300s", what, a.status, say, a.body)
	}
}

func (w *stage) cost() {
	chain := strings.Repeat("derived-from:Observation.", 5) + "code=x"
	var has []string
	for range 200 {
		has = append(has, "_has:Observation:patient:code=x")
	}
	long := strings.TrimSuffix(strings.Repeat("urn:a%7Cb,", 10_000), ",")
	for what, query := range map[string]string{
		"10,000 values":      "Observation?code=" + long,
		"a long chain":       "Observation?" + chain,
		"200 _has":           "Patient?" + strings.Join(has, "&"),
		"a page of 10⁹":      "Observation?_count=1000000000",
		"contains one":       "Patient?name:contains=a",
		"nested _has":        "Patient?" + strings.Repeat("_has:Observation:patient:derived-from:", 1) + "x",
		"a negative page":    "Observation?_count=-1",
		"a chain of 100":     "Observation?" + strings.Repeat("derived-from:Observation.", 100) + "code=x",
		"sorts by 100 names": "Patient?_sort=" + strings.TrimSuffix(strings.Repeat("family,-given,", 50), ","),
	} {
		began := w.worked()
		typ, form, _ := strings.Cut(query, "?")
		got, err := w.do(w.admin, "POST", "/fhir/"+typ+"/_search", []byte(form), "Content-Type", "application/x-www-form-urlencoded")
		if err != nil {
			w.t.Errorf("%s: %v", what, err)
			continue
		}
		if got.status >= 500 && got.status != 503 {
			w.t.Errorf("%s: status %d\n%.200s", what, got.status, got.body)
		}
		if took := w.worked() - began; took > 12*time.Second {
			w.t.Errorf("%s took %v", what, took)
		}
	}
}

func (w *stage) injection() {
	for _, evil := range []string{`' OR 1=1--`, `"; DROP TABLE res;--`, `1); SELECT 1;--`, `\`, `%`, `_`, `$.a[*]`, `{{7*7}}`, "\x00", "\u202e", strings.Repeat("'", 3000)} {
		for _, query := range []string{"family=%s", "_sort=%s", "identifier=%s|%s", "code=%s", "_id=%s", "birthdate=%s", "_elements=%s", "_include=%s", "%s=x", "_has:Observation:patient:%s=x", "_security=%s"} {
			at := "/fhir/Patient?" + strings.ReplaceAll(query, "%s", url.QueryEscape(evil))
			got := w.see(w.d2, "GET", at, nil)
			if got.status == 200 {
				if b := readBundle(w.t, got.body); len(b.Entry) > 0 && !strings.Contains(query, "_elements") {
					w.t.Errorf("%s finds %d Patients for D2, who sees none", at, len(b.Entry))
				}
			}
		}
		if got := w.see(w.d2, "GET", "/fhir/Patient/"+url.PathEscape(evil), nil); got.status == 200 {
			w.t.Errorf("reading %q: status 200", evil)
		}
	}
	if hits, _, _ := w.all(w.admin, "Patient?_count=50"); len(hits) < 2 {
		w.t.Error("Patients are gone")
	}
}

func (w *stage) script() {
	for _, div := range []string{
		`<script>alert(1)</script>`, `<p onclick=\"x()\">a</p>`, `<a href=\"javascript:alert(1)\">a</a>`, `<a href=\" \tjavascript:alert(1)\">a</a>`,
		`<a href=\"data:text/html,x\">a</a>`, `<svg onload=\"x()\"/>`, `<img src=\"http://evil.example/x.png\" onerror=\"x()\"/>`, `<iframe src=\"http://evil.example\"/>`,
		`<meta http-equiv=\"refresh\" content=\"0\"/>`, `<form action=\"http://evil.example\"><input/></form>`, `<object data=\"x\"/>`, `<math><a/></math>`,
	} {
		w.refused("a narrative with "+div, "POST", "/fhir/Patient", []byte(`{"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">`+div+`</div>"}}`), time.Second)
	}
}

// faults makes every kind of refusal with a canary in it; the log is swept when
// all is done.
func (w *stage) faults() {
	const c = "CANARY-LOGGED"
	for _, at := range []string{"/fhir/Patient/" + c, "/fhir/" + c, "/fhir/Patient?family=" + c, "/fhir/Patient?" + c + "=1", "/fhir/Patient?birthdate=" + c, "/fhir/Observation?code=" + c + "&_sort=" + c, "/" + c, "/fhir/_page?" + c, "/fhir/Patient/" + c + "/_history/" + c} {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "PATCH", c} {
			if _, err := w.do(w.admin, method, at, []byte(`{"resourceType":"Patient","name":[{"family":"`+c+`"}],"`+c+`":1}`), "X-Request-Id", c, "If-Match", c, "Prefer", c, "User-Agent", c); err != nil {
				w.t.Errorf("%s %s: %v", method, at, err)
			}
		}
	}
	if _, err := w.do("CANARY-LOGGED", "GET", "/fhir/Patient", nil); err != nil {
		w.t.Error(err)
	}
}

func (w *stage) race() {
	a := w.must(201, w.admin, "POST", "/fhir/Patient", []byte(`{"resourceType":"Patient","name":[{"family":"Once"}]}`))
	name, tag := named(w.t, a.body), a.header.Get("ETag")
	statuses := make([]int, 50)
	var group sync.WaitGroup
	for i := range statuses {
		group.Go(func() {
			body := fmt.Sprintf(`{"resourceType":"Patient","id":%q,"name":[{"family":"Once%d"}]}`, strings.TrimPrefix(name, "Patient/"), i)
			got, err := w.do(w.admin, "PUT", "/fhir/"+name, []byte(body), "If-Match", tag)
			if err == nil {
				statuses[i] = got.status
			}
		})
	}
	group.Wait()
	won := 0
	for _, code := range statuses {
		switch code {
		case 200:
			won++
		case 409, 412:
		default:
			w.t.Errorf("status %d, want 200 once, else 409 or 412", code)
		}
	}
	if won != 1 {
		w.t.Errorf("%d of 50 updates with one If-Match won", won)
	}
}

// slow are connections that send a byte now and then.
type slow struct {
	w      *stage
	closed chan time.Duration
	n      int
}

// startSlow opens connections that never finish their headers, and some that
// never finish their body; they go on while the other cases run.
func startSlow(w *stage) *slow {
	s := &slow{w: w, n: 40, closed: make(chan time.Duration, 40)}
	for i := range s.n {
		text := "GET /fhir/metadata HTTP/1.1\r\nHost: x\r\n"
		if i%4 == 0 {
			text = "POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + w.admin + "\r\nContent-Type: application/fhir+json\r\nContent-Length: 100000\r\n\r\n{"
		}
		conn := w.raw(text)
		go func() {
			defer conn.Close()
			began := time.Now()
			go func() {
				for {
					time.Sleep(500 * time.Millisecond)
					if _, err := io.WriteString(conn, "X"); err != nil {
						return
					}
				}
			}()
			io.Copy(io.Discard, conn) // until the server hangs up
			s.closed <- time.Since(began)
		}()
	}
	return s
}

func (s *slow) check(t *testing.T) {
	deadline := time.After(45 * time.Second)
	longest := time.Duration(0)
	for i := range s.n {
		select {
		case took := <-s.closed:
			longest = max(longest, took)
		case <-deadline:
			t.Fatalf("%d of %d slow connections are still open", s.n-i, s.n)
		}
	}
	if longest > 35*time.Second {
		t.Errorf("a slow connection was kept for %v", longest)
	}
	t.Logf("slow connections were closed after %v at most", longest.Round(time.Second))
}

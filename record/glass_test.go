package record_test

import (
	"strings"
	"testing"
	"time"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record"
	"joinery/record/access"
	"joinery/record/credential"
	"joinery/record/search"
)

// put stores a resource by the desk.
func (h *house) put(typ, id, members string) {
	h.Helper()
	doc, err := fhir.Parse([]byte(`{"resourceType":"` + typ + `","id":"` + id + `",` + members + `}`))
	if err == nil {
		_, err = h.desk().Transact(h.ctx(), []record.Op{{Kind: record.Update, Type: typ, ID: fhir.ID(id), Body: doc}})
	}
	if err != nil {
		h.Fatalf("store %s/%s: %v", typ, id, err)
	}
}

const agreed = `"scope":{"text":"s"},"category":[{"text":"c"}],"policyRule":{"text":"r"},"provision":{"type":"permit","purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"}],"actor":[{"role":{"text":"p"},"reference":{"reference":"Organization/o1"}},{"role":{"text":"p"},"reference":{"reference":"Organization/o2"}}]}`

// street has people whom Nurse Ash has nothing to do with, and an agreement that
// binds her organisation.
func (h *house) street() {
	h.put("Organization", "o1", `"name":"Surgery One"`)
	h.put("Organization", "o2", `"name":"Surgery Two"`)
	h.put("Consent", "agreement", `"status":"active",`+agreed)
	h.put("Patient", "p1", `"name":[{"family":"Stranger"}],"birthDate":"1950-02-03","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9000000009"}]`)
	h.put("Patient", "p2", `"name":[{"family":"Other"}]`)
	h.put("Observation", "x1", `"status":"final","code":{"text":"pulse"},"subject":{"reference":"Patient/p1"}`)
	h.put("Observation", "x2", `"meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]},"status":"final","code":{"text":"sealed"},"subject":{"reference":"Patient/p1"}`)
	h.put("Observation", "x3", `"status":"final","code":{"text":"pulse"},"subject":{"reference":"Patient/p2"}`)
}

func (h *house) reads(s access.Subject, typ, id string) bool {
	h.Helper()
	_, err := h.other().As(s).Read(h.ctx(), typ, fhir.ID(id))
	if err != nil && fault.KindOf(err) != fault.NotFound {
		h.Errorf("%s/%s: %v", typ, id, err)
	}
	return err == nil
}

func (h *house) find(s access.Subject, typ string, pairs ...string) []string {
	h.Helper()
	var params []search.Pair
	for i := 0; i < len(pairs); i += 2 {
		params = append(params, search.Pair{Name: pairs[i], Value: pairs[i+1]})
	}
	q, err := search.Parse(typ, params, search.Options{Strict: true, Now: h.clock()})
	if err != nil {
		h.Fatal(err)
	}
	page, err := h.rec().As(s).Search(h.ctx(), q)
	if err != nil {
		h.Fatal(err)
	}
	var out []string
	for _, e := range page.Entries {
		out = append(out, string(e.Version.JSON()))
	}
	return out
}

func TestBreakGlass(t *testing.T) {
	onBoth(t, func(h *house) {
		h.street()
		cleared := nurse
		cleared.Cleared = []string{"HIV"}
		told := h.account("ash", cleared)
		in := h.signIn(told)
		const reason = "Found unconscious in the street"
		ask := func(b record.BreakGlass) (record.Session, error) {
			return h.rec().BreakGlass(h.ctx(), in.Secret, b, h.from("192.0.2.1"))
		}
		if h.reads(in.Session.Subject, "Patient", "p1") {
			h.Fatal("she sees the stranger before")
		}
		next := func() string { h.goOn(credential.Step); return h.code(told) }

		_, err := ask(record.BreakGlass{Patient: "p1", Code: next()})
		h.wantKind("without a reason", err, fault.Invalid)
		_, err = ask(record.BreakGlass{Patient: "p1", Reason: "  too   short", Code: next()}) // nine characters and blanks
		h.wantKind("a short reason", err, fault.Invalid)
		_, err = ask(record.BreakGlass{Patient: "p1", Reason: "         x", Code: next()})
		h.wantKind("a reason of blanks", err, fault.Invalid)
		_, err = ask(record.BreakGlass{Patient: "p1", Reason: reason})
		h.wantKind("without a code", err, fault.Unidentified)
		_, err = ask(record.BreakGlass{Patient: "p1", Reason: reason, Code: told.Recovery[0]})
		h.wantKind("with a recovery code", err, fault.Unidentified)
		_, err = ask(record.BreakGlass{Patient: "nobody", Reason: reason, Code: next()})
		h.wantKind("for nobody", err, fault.NotFound)
		_, err = ask(record.BreakGlass{NHSNumber: "9000000009", Born: "1950-02-04", Reason: reason, Code: next()})
		h.wantKind("for another date of birth", err, fault.NotFound)
		h.goOn(time.Minute)

		s, err := ask(record.BreakGlass{NHSNumber: "900 000 0009", Born: "1950-02-03", Reason: reason, Code: next()})
		if err != nil {
			h.Fatal(err)
		}
		again, err := h.other().Session(h.ctx(), in.Secret, h.from("192.0.2.1"))
		if err != nil || again.Glass == nil || s.Glass == nil || again.Glass.Patient != "p1" || !again.Glass.Until.Equal(s.Glass.Until) {
			h.Fatalf("the session has no broken glass on the other node: %+v, %v", again.Glass, err)
		}
		broken := again.For("p1")
		for what, want := range map[string]bool{"Patient/p1": true, "Observation/x1": true, "Observation/x2": false, "Patient/p2": false, "Observation/x3": false} {
			typ, id, _ := strings.Cut(what, "/")
			if h.reads(broken, typ, id) != want {
				h.Errorf("through broken glass, %s is seen: %t", what, !want)
			}
		}
		if other := again.For("p2"); h.reads(other, "Patient", "p2") || other.Purpose() != access.Treatment {
			h.Error("the glass was broken for another too")
		}
		_, err = h.rec().As(broken).Everything(h.ctx(), "p1", record.EverythingQuery{})
		h.wantKind("an export", err, fault.Denied)
		doc, err := fhir.Parse([]byte(`{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p1"}}`))
		if err != nil {
			h.Fatal(err)
		}
		_, err = h.rec().As(broken).Transact(h.ctx(), []record.Op{{Kind: record.Create, Type: "Observation", Body: doc}})
		h.wantKind("a write", err, fault.Denied)
		_, err = ask(record.BreakGlass{Patient: "p2", Reason: strings.ToUpper(reason), Code: next()})
		h.wantKind("the same reason for another", err, fault.Invalid)

		// The person is told, and finds it in the audit of their record.
		person, err := access.NewPatient(access.Who{}, "p1")
		if err != nil {
			h.Fatal(err)
		}
		letters := h.find(person, "Communication", "category", record.NoticeSystem+"|"+record.BrokenGlass)
		if len(letters) != 1 || !strings.Contains(letters[0], "Nurse Ash looked at your record in an emergency") || !strings.Contains(letters[0], reason) {
			h.Errorf("the person is told: %s", letters)
		}
		seen := strings.Join(h.find(person, "AuditEvent", "patient", "Patient/p1", "_count", "100"), "\n")
		if !strings.Contains(seen, `"break-glass"`) || !strings.Contains(seen, "The glass was broken: "+reason) {
			h.Errorf("the audit of the person does not say it: %s", seen)
		}
		// The staff of others cannot change what the person is told.
		h.goOn(access.GlassHolds - 2*time.Minute)
		in2, err := h.other().Session(h.ctx(), in.Secret, h.from(""))
		if fault.KindOf(err) != fault.Unidentified {
			h.Errorf("left alone for most of an hour the session holds: %+v", in2)
		}
		in = h.signIn(told)
		if in.Session.Glass != nil {
			h.Error("broken glass came along to another session")
		}
	})
}

// TestBrokenGlassMendsItself: it holds for its hour, however busy the session.
func TestBrokenGlassMendsItself(t *testing.T) {
	onBoth(t, func(h *house) {
		h.street()
		told := h.account("ash", nurse)
		in := h.signIn(told)
		h.goOn(credential.Step)
		if _, err := h.rec().BreakGlass(h.ctx(), in.Secret, record.BreakGlass{Patient: "p1", Reason: "Found unconscious in the street", Code: h.code(told)}, h.from("")); err != nil {
			h.Fatal(err)
		}
		began := h.clock()
		for h.clock().Sub(began) < 2*access.GlassHolds {
			s, err := h.rec().Session(h.ctx(), in.Secret, h.from(""))
			if err != nil {
				h.Fatal(err)
			}
			if want := h.clock().Sub(began) < access.GlassHolds; (s.Glass != nil) != want || h.reads(s.For("p1"), "Patient", "p1") != want {
				h.Fatalf("after %v the glass is broken: %t", h.clock().Sub(began), !want)
			}
			h.goOn(10 * time.Minute)
		}
	})
}

// TestAgreementsEndAtOnce: an agreement that ends closes what was open under it,
// in sessions and in broken glass, on every node, with the next request.
func TestAgreementsEndAtOnce(t *testing.T) {
	onBoth(t, func(h *house) {
		h.street()
		h.put("CareTeam", "t2", `"status":"active","subject":{"reference":"Patient/p2"},"participant":[{"member":{"reference":"Practitioner/n1"}}]`)
		told := h.account("ash", nurse)
		in := h.signIn(told)
		h.goOn(credential.Step)
		s, err := h.rec().BreakGlass(h.ctx(), in.Secret, record.BreakGlass{Patient: "p1", Reason: "Found unconscious in the street", Code: h.code(told)}, h.from(""))
		if err != nil {
			h.Fatal(err)
		}
		for what, status := range map[string]string{"ends": "inactive", "takes effect": "active"} {
			h.put("Consent", "agreement", `"status":"`+status+`",`+agreed)
			want := status == "active"
			if h.reads(s.Subject, "Patient", "p2") != want || h.reads(s.For("p1"), "Patient", "p1") != want {
				h.Errorf("the agreement %s, and what rests on it does not", what)
			}
		}
		h.put("Consent", "agreement", `"status":"inactive",`+agreed)
		h.goOn(credential.Step)
		_, err = h.rec().BreakGlass(h.ctx(), in.Secret, record.BreakGlass{Patient: "p2", Reason: "Found unconscious at the station", Code: h.code(told)}, h.from(""))
		h.wantKind("broken glass without an agreement", err, fault.Denied)
	})
}

package notice_test

import (
	"strings"
	"testing"
	"time"

	"joinery/care/notice"
	"joinery/care/workflow"
)

// TestWhoIsNotWrittenTo: each for a reason that somebody reads, and none by any
// other way that would harm them.
func TestWhoIsNotWrittenTo(t *testing.T) {
	flag := func(id, code string) string {
		return `{"resourceType":"Flag","id":"flag-` + id + `","status":"active","code":{"coding":[{"system":"urn:joinery:contact","code":"` + code + `"}]},"subject":{"reference":"Patient/` + id + `"}}`
	}
	for _, c := range []struct {
		id, more, beside string
		reason           string
		byHand           bool
		texts, mail      int // what goes instead
	}{
		{id: "dead", more: `,"deceasedDateTime":"2026-01-02"`, reason: notice.Died},
		{id: "gone", more: `,"deceasedBoolean":true`, reason: notice.Died},
		{id: "protected", more: `,"meta":{"security":[{"system":"urn:joinery:label","code":"protected-address"}]}`, reason: notice.Protected, byHand: true},
		{id: "restricted", more: `,"meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"}]}`},
		{id: "no-post", beside: "no-post", reason: notice.NotWanted, texts: 1},
		{id: "no-contact", beside: "no-contact", reason: notice.NotWanted, byHand: true},
		{id: "seen", beside: "no-text"}, // somebody else sees her telephone: the letter goes, no text
		{id: "homeless", more: `,"address":[{"use":"home","city":"London","postalCode":"ZZ9 9ZZ"}]`, reason: notice.NoWay, texts: 1},
		{id: "moved", more: `,"address":[{"use":"old","line":["1 Old Road"]},{"use":"home","line":["2 Past Road"],"period":{"end":"2025-12-31"}}]`, reason: notice.NoWay, texts: 1},
		{id: "mailed", more: `,"address":[],"telecom":[{"system":"email","value":"mailed@example.com"}]`, reason: notice.NoWay, mail: 1},
		{id: "nowhere", more: `,"address":[],"telecom":[]`, reason: notice.NoWay, byHand: true},
		{id: "child", more: `,"birthDate":"2015-05-05","address":[]`, reason: notice.NoWay, byHand: true},
	} {
		t.Run(c.id, func(t *testing.T) {
			w := onSQLite(t)
			more := strings.ReplaceAll(c.more, `,"address":[]`, `,"address":[{"use":"old","line":["x"]}]`)
			w.somebody(c.id, strings.ReplaceAll(more, `,"telecom":[]`, `,"telecom":[{"system":"fax","value":"1"}]`))
			if c.beside != "" {
				w.store(flag(c.id, c.beside))
			}
			r := w.refer(workflow.Asking{Patient: patient(c.id)})
			w.do(r, workflow.Making{Move: "accept"})
			w.settle()
			letter := w.only(c.id, "accepted", notice.Letter)
			if want := map[bool]notice.Status{true: notice.NotDone, false: notice.Completed}[c.reason != ""]; letter.Status != want || letter.Reason != c.reason || letter.ByHand != c.byHand {
				t.Errorf("the letter is %s, %q, by hand %v; want %s, %q, by hand %v", letter.Status, letter.Reason, letter.ByHand, want, c.reason, c.byHand)
			}
			if c.reason != "" && letter.Why() == "" {
				t.Errorf("nobody can read why: %q", letter.Reason)
			}
			if n := len(w.letters.sent); (n == 0) != (c.reason != "") {
				t.Errorf("%d letters left", n)
			}
			if len(w.texts.sent) != c.texts*2 || len(w.mail.sent) != c.mail*2 { // of the referral, and of its being accepted
				t.Errorf("%d texts and %d e-mails left, want %d and %d", len(w.texts.sent), len(w.mail.sent), c.texts*2, c.mail*2)
			}
		})
	}
}

// TestWhatChangesBeforeItIsSent: whether somebody may be written to, and where they
// live, is looked at when a letter leaves, not when it was written.
func TestWhatChangesBeforeItIsSent(t *testing.T) {
	w := onSQLite(t)
	w.letters.fail = func(*notice.Message) error { return errDown }
	for _, id := range []string{"moves", "dies", "hides", "closes"} {
		w.somebody(id, "")
		r := w.refer(workflow.Asking{Patient: patient(id)})
		if id == "closes" {
			w.settle()
			w.do(r, workflow.Making{Move: "close", Reason: "died"})
		}
	}
	w.settle()
	w.letters.fail = nil
	w.somebody("moves", `,"address":[{"use":"home","line":["99 New Road"]}]`)
	w.somebody("dies", `,"deceasedBoolean":true`)
	w.somebody("hides", `,"meta":{"security":[{"system":"urn:joinery:label","code":"protected-address"}]}`)
	w.pass(10 * time.Minute)
	w.settle()
	if len(w.letters.sent) != 1 || strings.Join(w.letters.sent[0].Letter.Address, "\n") != "Amina Of-moves\n99 New Road" {
		t.Errorf("sent: %+v, want the one letter to the new address", w.letters.sent)
	}
	for id, reason := range map[string]string{"dies": notice.Died, "hides": notice.Protected, "closes": notice.Died} {
		if n := w.only(id, "referred", notice.Letter); n.Status != notice.NotDone || n.Reason != reason {
			t.Errorf("the letter of %s is %s, %q; want not done, %q", id, n.Status, n.Reason, reason)
		}
	}
}

// TestWhatThePersonMustNotRead is told by somebody, and carers get no copy of what
// is kept from them.
func TestWhatThePersonMustNotRead(t *testing.T) {
	for label, want := range map[string]struct {
		person notice.Status
		copies int
	}{
		"third-party":     {notice.NotDone, 0},
		"TBOO":            {notice.NotDone, 0},
		"not-for-carers":  {notice.Completed, 0},
		"safeguarding":    {notice.Completed, 0},
		"workflow":        {notice.Completed, 1},
		"no-carers, flag": {notice.Completed, 0},
	} {
		t.Run(label, func(t *testing.T) {
			w := onSQLite(t)
			w.somebody("amina", "")
			w.store(carers)
			if label == "no-carers, flag" {
				w.store(`{"resourceType":"Flag","id":"f","status":"active","code":{"coding":[{"system":"urn:joinery:contact","code":"not-carers"}]},"subject":{"reference":"Patient/amina"}}`)
			}
			security := `{"system":"urn:joinery:label","code":"workflow"},{"system":"urn:joinery:label","code":"` + label + `"}`
			switch label {
			case "workflow", "no-carers, flag":
				security = `{"system":"urn:joinery:label","code":"workflow"}`
			case "TBOO":
				security = strings.Replace(security, `"urn:joinery:label","code":"TBOO"`, `"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"TBOO"`, 1)
			}
			w.store(`{"resourceType":"ServiceRequest","id":"r","meta":{"security":[` + security + `]},"extension":[{"url":"urn:joinery:move","extension":[{"url":"do","valueCode":"accept"},{"url":"at","valueInstant":"2026-02-03T09:00:00Z"},{"url":"by","valueCode":"receiver"},{"url":"service","valueReference":{"reference":"HealthcareService/falls-s"}}]}],"status":"active","intent":"order","subject":{"reference":"Patient/amina"},"requester":{"reference":"Organization/gp"}}`)
			w.settle()
			n := w.only("amina", "accepted", notice.Letter)
			if n.Status != want.person || n.Status == notice.NotDone && (n.Reason != notice.NotByLetter || !n.ByHand) {
				t.Errorf("the letter is %s, %q, by hand %v", n.Status, n.Reason, n.ByHand)
			}
			if got := len(w.letters.to("Sami Son")); got != want.copies {
				t.Errorf("%d copies, want %d", got, want.copies)
			}
		})
	}
}

// TestHowSomebodyReads: the format and the language of a letter are those that the
// district records.
func TestHowSomebodyReads(t *testing.T) {
	need := func(code string) string {
		return `,"extension":[{"url":"https://joinery.example/fhir/StructureDefinition/accessible-information","valueCodeableConcept":{"coding":[{"system":"http://snomed.info/sct","code":"` + code + `"}]}}]`
	}
	speaks := func(code string, interpreter string) string {
		return `,"extension":[{"url":"https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSCommunication","extension":[{"url":"language","valueCodeableConcept":{"coding":[{"system":"https://fhir.hl7.org.uk/CodeSystem/UKCore-HumanLanguage","code":"` + code + `"}]}},{"url":"interpreterRequired","valueBoolean":` + interpreter + `}]}],"communication":[{"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"` + code + `"}]},"preferred":true}]`
	}
	for _, c := range []struct {
		id, more string
		format   notice.Format
		says     []string
		not      []string
	}{
		{id: "plain", format: notice.Standard, says: []string{"Dear Amina", "large print, easy read, braille"}, not: []string{"interpreter", "in English"}},
		{id: "large", more: need("957331000000109"), format: notice.Large, says: []string{"has looked at what you need and has said yes"}},
		{id: "easy", more: need("796161000000101"), format: notice.EasyRead, says: []string{"They said yes."}, not: []string{"has looked at what you need"}},
		{id: "braille", more: need("936661000000109"), format: notice.Braille, says: []string{"has said yes"}},
		{id: "audio", more: need("936601000000105"), format: notice.Audio},
		{id: "sign", more: need("204331000000107"), format: notice.Standard, says: []string{"British Sign Language"}},
		{id: "gujarati", more: speaks("gu", "true"), format: notice.Standard, says: []string{"This letter is in English. We do not have it in Gujarati (ગુજરાતી) yet.", `say "Gujarati (ગુજરાતી)"`, "interpreter for Gujarati"}},
		{id: "polish", more: speaks("pl", "false"), format: notice.Standard, says: []string{"in Polish (polski) yet"}, not: []string{"interpreter"}},
		{id: "baby", more: `,"birthDate":"2020-01-01"`, format: notice.Standard, says: []string{"To the parent or guardian of Amina Of-baby", "Hello,"}, not: []string{"Dear"}},
		{id: "teenager", more: `,"birthDate":"2011-01-01"`, format: notice.Standard, says: []string{"Dear Amina"}, not: []string{"parent"}},
	} {
		t.Run(c.id, func(t *testing.T) {
			w := onSQLite(t)
			w.somebody(c.id, c.more)
			w.do(w.refer(workflow.Asking{Patient: patient(c.id)}), workflow.Making{Move: "accept"})
			w.settle()
			n := w.only(c.id, "accepted", notice.Letter)
			text := strings.Join(n.Words, "\n")
			if to, _, _ := strings.Cut(w.letters.sent[0].Letter.Address[0], " Amina"); (to == "To the parent or guardian of") != (c.id == "baby") {
				t.Errorf("it is addressed to %q", w.letters.sent[0].Letter.Address[0])
			}
			if n.Format != c.format || n.Status != notice.Completed {
				t.Errorf("the letter is %s, %s", n.Format, n.Status)
			}
			for _, want := range c.says {
				if !strings.Contains(text, want) {
					t.Errorf("it does not say %q:\n%s", want, text)
				}
			}
			for _, not := range c.not {
				if strings.Contains(text, not) {
					t.Errorf("it says %q:\n%s", not, text)
				}
			}
		})
	}
}

// TestWhatIsSaidToThem: who wants to be told by voice is on a list until somebody
// did it.
func TestWhatIsSaidToThem(t *testing.T) {
	w := onSQLite(t)
	w.somebody("voice", `,"extension":[{"url":"https://joinery.example/fhir/StructureDefinition/accessible-information","valueCodeableConcept":{"coding":[{"system":"http://snomed.info/sct","code":"367741000000102"}]}}]`)
	w.refer(workflow.Asking{Patient: "voice"})
	w.settle()
	n := w.only("voice", "referred", notice.Spoken)
	if n.Status != notice.Preparation || !n.ByHand || len(w.letters.sent)+len(w.texts.sent)+len(w.mail.sent) != 0 {
		t.Fatalf("it is %s, by hand %v, and something left", n.Status, n.ByHand)
	}
	if _, err := w.desk().Told(w.Context(), n.ID, "Rang her at ten"); err != nil {
		t.Fatal(err)
	}
	w.settle()
	if n = w.only("voice", "referred", notice.Spoken); n.Status != notice.Completed || n.ByHand || n.Told != "Rang her at ten" {
		t.Errorf("after she was told it is %s, by hand %v", n.Status, n.ByHand)
	}
}

// TestCopiesEndWithThePerson: carers get none of somebody who has died meanwhile, or
// who does not let them see any more.
func TestCopiesEndWithThePerson(t *testing.T) {
	for what, change := range map[string]func(*world){
		"dies":     func(w *world) { w.somebody("amina", `,"deceasedBoolean":true`) },
		"shuts it": func(w *world) { w.store(strings.Replace(strings.Split(carers, "\n")[3], `"active"`, `"inactive"`, 1)) },
		"says no now": func(w *world) {
			w.store(`{"resourceType":"Flag","id":"f","status":"active","code":{"coding":[{"system":"urn:joinery:contact","code":"not-carers"}]},"subject":{"reference":"Patient/amina"}}`)
		},
	} {
		w := onSQLite(t)
		w.somebody("amina", "")
		w.store(carers)
		w.letters.fail = func(*notice.Message) error { return errDown }
		w.refer(workflow.Asking{Patient: "amina"})
		w.settle()
		w.letters.fail = nil
		change(w)
		w.pass(10 * time.Minute)
		w.settle()
		if n := len(w.letters.to("Sami Son")); n != 0 {
			t.Errorf("she %s, and her son gets %d copies", what, n)
		}
		if n := len(w.letters.to("Amina Of-amina")); (n == 1) != (what != "dies") {
			t.Errorf("she %s, and gets %d letters herself", what, n)
		}
	}
}

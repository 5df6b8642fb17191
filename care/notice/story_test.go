package notice_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"joinery/care/notice"
	"joinery/care/workflow"
)

const carers = `
{"resourceType":"RelatedPerson","id":"son","patient":{"reference":"Patient/amina"},"name":[{"given":["Sami"],"family":"Son"}],"address":[{"line":["3 Oak Road"],"city":"London"}]}
{"resourceType":"RelatedPerson","id":"friend","patient":{"reference":"Patient/amina"},"name":[{"given":["Fred"],"family":"Friend"}],"address":[{"line":["4 Oak Road"],"city":"London"}]}
{"resourceType":"Consent","id":"of-son","status":"active","scope":{"text":"x"},"category":[{"text":"x"}],"policyRule":{"text":"x"},"patient":{"reference":"Patient/amina"},"provision":{"type":"permit","actor":[{"role":{"text":"carer"},"reference":{"reference":"RelatedPerson/son"}}],"class":[{"system":"http://hl7.org/fhir/resource-types","code":"ServiceRequest"}]}}
{"resourceType":"Consent","id":"of-friend","status":"active","scope":{"text":"x"},"category":[{"text":"x"}],"policyRule":{"text":"x"},"patient":{"reference":"Patient/amina"},"provision":{"type":"permit","actor":[{"role":{"text":"carer"},"reference":{"reference":"RelatedPerson/friend"}}],"class":[{"system":"http://hl7.org/fhir/resource-types","code":"Observation"}]}}
`

// TestAStory follows Amina from being referred to the end, in letters.
func TestAStory(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.somebody("amina", "")
		w.store(carers)
		r := w.refer(workflow.Asking{Patient: "amina"})
		w.settle()
		r = w.do(r, workflow.Making{Move: "accept"})
		w.settle()
		r = w.do(r, workflow.Making{Move: "book", When: time.Date(2026, 7, 6, 9, 30, 0, 0, time.UTC)})
		w.settle()
		r = w.do(r, workflow.Making{Move: "start"})
		r = w.do(r, workflow.Making{Move: "complete", Outcome: "Stayed at home"})
		w.settle()

		var headings []string
		for _, m := range w.letters.to("Amina Of-amina") {
			headings = append(headings, m.Words[0])
		}
		if want := []string{
			"You have been referred to Falls car", "Falls car can help you", "Your appointment with Falls car", "Your time with Falls car has come to an end",
		}; !slices.Equal(headings, want) {
			t.Errorf("Amina's letters are %q, want %q", headings, want)
		}
		booked := strings.Join(w.only("amina", "booked", notice.Letter).Words, "\n")
		for _, want := range []string{"Dear Amina Of-amina,", "When: Monday 6 July 2026 at 10:30", "Where: North Hall, 1 High Street, London, ZZ1 1ZZ", "ring 020 7946 0201", "020 7946 0100"} {
			if !strings.Contains(booked, want) {
				t.Errorf("the letter of the appointment does not say %q:\n%s", want, booked)
			}
		}
		if sent := w.letters.to("Sami Son"); len(sent) != 4 || !strings.Contains(words(sent[0]), "Dear Sami Son,\nThis is a copy. Amina Of-amina lets you know") {
			t.Errorf("her son, whom she lets see referrals, got %d letters: %+v", len(sent), sent)
		}
		if sent := w.letters.to("Fred Friend"); len(sent) != 0 {
			t.Errorf("her friend, whom she lets see measurements alone, got %d letters", len(sent))
		}
		if len(w.texts.sent) != 1 || w.texts.sent[0].To != "+447700900123" || !strings.Contains(words(w.texts.sent[0]), "There is a letter for you") {
			t.Errorf("texts: %+v, want one, of the appointment", w.texts.sent)
		}
		if len(w.mail.sent) != 0 {
			t.Errorf("who has a mobile gets no e-mail: %+v", w.mail.sent)
		}
		for _, n := range w.all() {
			if n.Status != notice.Completed || n.ByHand || n.Sent.IsZero() {
				t.Errorf("a notice was left as %s: %+v", n.Status, n)
			}
		}
		if r.State != "completed" {
			t.Errorf("the referral is %s", r.State)
		}
	})
}

func words(m *notice.Message) string { return strings.Join(m.Words, "\n") }

// TestDeclined: who is declined reads who has them now, and is told once.
func TestDeclined(t *testing.T) {
	w := onSQLite(t)
	w.somebody("amina", "")
	r := w.refer(workflow.Asking{Patient: "amina"})
	r = w.do(r, workflow.Making{Move: "decline", Reason: "no-room", Service: "team-s"})
	w.settle()
	sent := w.letters.to("Amina Of-amina")
	if len(sent) != 2 || !strings.Contains(words(sent[1]), "Falls car cannot help you with this. You have not been forgotten: Walking group has been asked to take you on") || !strings.Contains(words(sent[1]), "ring 020 7946 0202") {
		t.Fatalf("she got %d letters; the last: %s", len(sent), words(sent[len(sent)-1]))
	}
	w.do(r, workflow.Making{Move: "decline", Reason: "unsuitable", Back: "See her at the practice"})
	w.settle()
	if sent = w.letters.to("Amina Of-amina"); len(sent) != 3 || !strings.Contains(words(sent[2]), "You have not been forgotten: whoever asked for you has you") {
		t.Fatalf("she got %d letters; the last: %s", len(sent), words(sent[len(sent)-1]))
	}
}

// TestAQuestion goes to whoever asked: the person by letter, an organisation that
// names a contact by e-mail, another not at all.
func TestAQuestion(t *testing.T) {
	w := onSQLite(t)
	for _, id := range []string{"self", "by-gp", "by-oak"} {
		w.somebody(id, "")
	}
	for _, a := range []workflow.Asking{{Patient: "self", Requester: "Patient/self"}, {Patient: "by-gp"}, {Patient: "by-oak", Requester: "Organization/told"}} {
		r := w.refer(a)
		r = w.do(r, workflow.Making{Move: "receive"})
		w.do(r, workflow.Making{Move: "ask", Says: "Do the stairs have a rail?"})
	}
	w.settle()
	if got := w.only("self", "requested", notice.Letter).Words[0]; got != "Falls car has what you asked for" {
		t.Errorf("who asked for themselves reads %q", got)
	}
	if got := strings.Join(w.only("self", "question", notice.Letter).Words, "\n"); !strings.Contains(got, "Do the stairs have a rail?") {
		t.Errorf("the question is not in the letter:\n%s", got)
	}
	if n := w.only("by-oak", "question", notice.Email); n.To != "Organization/told" || n.Status != notice.Completed {
		t.Errorf("the organisation's e-mail: %+v", n)
	}
	if sent := w.mail.to("notices@oak.example"); len(sent) != 1 || strings.Contains(words(sent[0]), "stairs") {
		t.Errorf("the practice with a contact got %+v", sent)
	}
	for _, n := range w.of("by-gp") {
		if n.Text == "question" {
			t.Errorf("a practice without a contact is told by its list alone: %+v", n)
		}
	}
}

// TestAnInvitation is told as well, by the Task that it is.
func TestAnInvitation(t *testing.T) {
	w := onSQLite(t)
	w.somebody("amina", "")
	w.store(`{"resourceType":"Task","id":"invitation","meta":{"security":[{"system":"urn:joinery:label","code":"workflow"}]},"extension":[{"url":"urn:joinery:move","extension":[{"url":"do","valueCode":"invite"},{"url":"at","valueInstant":"2026-02-03T09:00:00Z"},{"url":"by","valueCode":"finder"}]}],"status":"requested","intent":"order","code":{"coding":[{"system":"urn:joinery:task","code":"invite"},{"system":"urn:joinery:model","code":"escape-pain"}],"text":"ESCAPE-pain"},"for":{"reference":"Patient/amina"},"owner":{"reference":"Organization/team"}}`)
	w.settle()
	if n := w.only("amina", "invited", notice.Letter); n.Words[0] != "ESCAPE-pain: would you like to take part?" || n.Status != notice.Completed {
		t.Errorf("the invitation: %+v", n)
	}
}

// TestOnTheListStill: who is on a waiting list is not told so again when their place
// is looked at anew; who comes back to it is.
func TestOnTheListStill(t *testing.T) {
	w := onSQLite(t)
	w.somebody("amina", "")
	r := w.do(w.refer(workflow.Asking{Patient: "amina"}), workflow.Making{Move: "accept"})
	r = w.do(r, workflow.Making{Move: "wait"})
	r = w.do(r, workflow.Making{Move: "wait", Priority: "urgent"})
	r = w.do(r, workflow.Making{Move: "book", When: w.clock().Add(48 * time.Hour)})
	w.do(r, workflow.Making{Move: "wait"})
	w.settle()
	n := 0
	for _, m := range w.letters.sent {
		if strings.HasPrefix(m.Words[0], "You are on the waiting list") {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d letters say that she is on the list, want 2", n)
	}
}

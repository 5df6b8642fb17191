package notice_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"joinery/care/notice"
	"joinery/care/workflow"
)

// canaries stand in everything that must not leave by e-mail or as a text.
var canaries = []string{"CANARYNAME", "CANARYSERVICE", "CANARYONWARD", "CANARYREASON", "CANARYNOTE", "CANARYQUESTION", "CANARYMODEL", "9990000000", "1941-03-05", "CANARYROAD"}

// TestNoCanaryLeaves moves somebody by every move that there is, with a canary in
// all that is said of them, and looks at every byte that leaves over real
// connections to a mail server and a port of text messages.
func TestNoCanaryLeaves(t *testing.T) {
	mails, texts := newMailServer(t, &mailServer{}), newTextsPort(t, nil)
	w := onSQLite(t)
	mail, err := notice.NewMail(notice.MailOptions{Server: "smtp://" + mails.address, From: "Care network <letters@network.example>"})
	if err != nil {
		t.Fatal(err)
	}
	port, err := notice.NewTexts(texts.URL, "key")
	if err != nil {
		t.Fatal(err)
	}
	w.store(strings.NewReplacer("Befriending", "CANARYSERVICE clinic", "A charity", "CANARYSERVICE trust", "Walking group", "CANARYONWARD").Replace(foundations))
	who := func(id string) string {
		return `,"name":[{"given":["CANARYNAME"],"family":"CANARYNAME"}],"birthDate":"1941-03-05","identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000000"}],"address":[{"line":["CANARYROAD"]}],"telecom":[` + id + `]`
	}
	w.somebody("texted", who(`{"system":"phone","value":"07700 900123"}`))
	w.somebody("mailed", who(`{"system":"email","value":"mailed@example.com"}`))
	both := func(do func(*notice.Options)) { w.box = w.outbox(do) }
	both(func(o *notice.Options) { o.Mail, o.Texts = mail, port })
	for _, id := range []string{"texted", "mailed"} {
		ask := workflow.Asking{Patient: patient(id), Service: "charity-s", Requester: "Organization/told", Reason: "CANARYREASON", Note: "CANARYNOTE"}
		r := w.refer(ask)
		w.settle()
		r = w.do(r, workflow.Making{Move: "receive"})
		r = w.do(r, workflow.Making{Move: "ask", Says: "CANARYQUESTION"})
		r = w.do(r, workflow.Making{Move: "answer", Says: "CANARYNOTE"})
		r = w.do(r, workflow.Making{Move: "accept"})
		r = w.do(r, workflow.Making{Move: "book", When: w.clock().Add(48 * time.Hour)})
		r = w.do(r, workflow.Making{Move: "missed"})
		w.do(r, workflow.Making{Move: "decline", Reason: "unsuitable", Back: "CANARYNOTE"})
		r = w.refer(ask)
		w.settle()
		w.do(r, workflow.Making{Move: "decline", Reason: "unsuitable", Service: "team-s"})
		w.store(`{"resourceType":"Task","id":"inv-` + id + `","meta":{"security":[{"system":"urn:joinery:label","code":"workflow"}]},"extension":[{"url":"urn:joinery:move","extension":[{"url":"do","valueCode":"invite"},{"url":"at","valueInstant":"2026-02-03T09:00:00Z"},{"url":"by","valueCode":"finder"}]}],"status":"requested","intent":"order","code":{"coding":[{"system":"urn:joinery:task","code":"invite"}],"text":"CANARYMODEL"},"for":{"reference":"Patient/` + id + `"},"owner":{"reference":"Organization/team"}}`)
	}
	w.settle()
	wire := append(bytes.Clone(mails.received()), texts.received()...)
	for _, c := range canaries {
		if bytes.Contains(bytes.ToUpper(wire), []byte(c)) {
			t.Errorf("%s left by e-mail or as a text", c)
		}
	}
	if mails.count() < 8 || texts.count() < 2 {
		t.Errorf("%d e-mails and %d texts left: too few for this to prove anything", mails.count(), texts.count())
	}
	all := fmt.Sprint(w.letters.sent[0].Words, w.letters.sent[len(w.letters.sent)-1].Words)
	if !strings.Contains(all, "CANARYSERVICE") {
		t.Error("the canaries are not even in the letters, so that this proves nothing")
	}
	for _, n := range w.all() {
		if n.Status != notice.Completed {
			t.Errorf("a notice is %s: %s %s %s", n.Status, n.Text, n.Reason, n.Problem)
		}
	}
}

// TestWhatWouldTellDoesNotLeave: the sender's name is the operator's to choose, and
// stands in every e-mail and text. One that tells what is treated keeps them back.
func TestWhatWouldTellDoesNotLeave(t *testing.T) {
	w := onSQLite(t)
	w.somebody("amina", "")
	w.box = w.outbox(func(o *notice.Options) { o.Sender = "Falls car" })
	r := w.do(w.refer(workflow.Asking{Patient: "amina"}), workflow.Making{Move: "accept"})
	w.do(r, workflow.Making{Move: "book", When: w.clock().Add(48 * time.Hour)})
	w.settle()
	if len(w.texts.sent) != 0 {
		t.Errorf("a text left that names the service: %q", w.texts.sent[0].Words)
	}
	if n := w.only("amina", "coming", notice.Text); n.Status != notice.NotDone || n.Reason != notice.Unsafe || !n.ByHand {
		t.Errorf("it is %s, %q, by hand %v", n.Status, n.Reason, n.ByHand)
	}
	if len(w.letters.sent) != 3 {
		t.Errorf("%d letters left, want 3", len(w.letters.sent))
	}
}

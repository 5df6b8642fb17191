package notice_test

import (
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"joinery/care/notice"
	"joinery/care/workflow"
	"joinery/fault"
	"joinery/record/access"
)

var linkInMail = regexp.MustCompile(`https://record\.example/link/([A-Za-z0-9_-]{43})`)

// linked refers somebody to the charity and returns the secret that it is sent.
func (w *world) linked(id string) (*workflow.Referral, string) {
	w.Helper()
	w.somebody(id, "")
	before := len(w.mail.sent)
	r := w.refer(workflow.Asking{Patient: patient(id), Service: "charity-s"})
	w.settle()
	if len(w.mail.sent) != before+1 || w.mail.sent[before].To != "hello@charity.example" {
		w.Fatalf("the charity got %d e-mails", len(w.mail.sent)-before)
	}
	m := linkInMail.FindStringSubmatch(words(w.mail.sent[before]))
	if m == nil {
		w.Fatalf("there is no link in the e-mail: %s", words(w.mail.sent[before]))
	}
	return r, m[1]
}

func (w *world) links() *notice.Links {
	return notice.NewLinks(w.rec.As(w.itself()), w.rec.As, w.clock)
}

// TestALink: what it opens, for how long, how often.
func TestALink(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		r, secret := w.linked("amina")
		open, err := w.links().Open(t.Context(), secret, access.Who{})
		if err != nil {
			t.Fatal(err)
		}
		if open.Task != r.Task || open.Patient != "amina" || open.Service.Name != "Befriending" || open.Uses != 19 {
			t.Errorf("it opens %+v", open)
		}
		if s := open.View.Subject(); !s.Is("Organization/charity") || s.Role() != access.Staff || s.Purpose() != access.Treatment || s.Who().Name != "By an e-mailed link: Befriending, of Organization/charity" {
			t.Errorf("who acts is %+v", s.Who())
		}
		got, moves, err := workflow.Of(open.View, w.clock).Actions(t.Context(), open.Task)
		if err != nil || got.State != "sent" || len(moves) == 0 {
			t.Fatalf("by it, %+v, %v, %v", got, moves, err)
		}
		for _, n := range w.all() {
			if strings.Contains(strings.Join(n.Words, " "), secret) {
				t.Error("the secret is in the record")
			}
		}
		for range 19 {
			if _, err := w.links().Open(t.Context(), secret, access.Who{}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.links().Open(t.Context(), secret, access.Who{}); fault.KindOf(err) != fault.NotFound {
			t.Errorf("used 20 times, it opens again: %v", err)
		}
	})
}

// TestLinksThatDoNotOpen say one and the same.
func TestLinksThatDoNotOpen(t *testing.T) {
	w := onSQLite(t)
	said := map[string]bool{}
	closed := func(what, secret string) {
		t.Helper()
		_, err := w.links().Open(t.Context(), secret, access.Who{})
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("a link that %s opens: %v", what, err)
			return
		}
		said[fault.MessageOf(err)] = true
	}
	_, revoked := w.linked("amina")
	if _, err := w.desk().Stop(t.Context(), w.only("amina", "link", notice.Email).ID); err != nil {
		t.Fatal(err)
	}
	_, late := w.linked("bea")
	closed("was revoked", revoked)
	closed("never was", strings.Repeat("A", 43))
	closed("is empty", "")
	closed("is long", strings.Repeat("A", 100_000))
	w.pass(7*24*time.Hour - time.Second)
	if _, err := w.links().Open(t.Context(), late, access.Who{}); err != nil {
		t.Errorf("a second before it runs out: %v", err)
	}
	w.pass(time.Second)
	closed("has run out", late)
	if len(said) != 1 {
		t.Errorf("they say %d different things: %v", len(said), said)
	}
}

// TestALinkOpensNothingToWhomNobodySharesWith: no agreement, no link; somebody sees
// why.
func TestALinkOpensNothingToWhomNobodySharesWith(t *testing.T) {
	w := onSQLite(t)
	w.somebody("amina", "")
	w.refer(workflow.Asking{Patient: "amina", Service: "unbound-s"})
	w.settle()
	if n := w.only("amina", "link", notice.Email); n.Status != notice.NotDone || n.Reason != notice.Unbound || !n.ByHand || len(w.mail.sent) != 0 {
		t.Errorf("it is %s, %q; %d e-mails", n.Status, n.Reason, len(w.mail.sent))
	}
}

// TestEachTryHasItsOwnSecret: the e-mail may have arrived each time, so each works.
func TestEachTryHasItsOwnSecret(t *testing.T) {
	w := onSQLite(t)
	var secrets []string
	w.mail.fail = func(m *notice.Message) error {
		secrets = append(secrets, linkInMail.FindStringSubmatch(words(m))[1])
		if len(secrets) == 1 {
			return errDown // it arrived, and the answer was lost
		}
		return nil
	}
	w.somebody("amina", "")
	w.refer(workflow.Asking{Patient: "amina", Service: "charity-s"})
	w.settle()
	w.pass(2 * time.Minute)
	w.settle()
	if len(secrets) != 2 || secrets[0] == secrets[1] {
		t.Fatalf("the secrets are %q", secrets)
	}
	for _, s := range secrets {
		if _, err := w.links().Open(t.Context(), s, access.Who{}); err != nil {
			t.Error(err)
		}
	}
}

// TestManyOpenAtOnce: uses are not lost.
func TestManyOpenAtOnce(t *testing.T) {
	w := onSQLite(t)
	_, secret := w.linked("amina")
	var group sync.WaitGroup
	var mu sync.Mutex
	opened := 0
	for range 40 {
		group.Go(func() {
			if _, err := w.links().Open(t.Context(), secret, access.Who{}); err == nil {
				mu.Lock()
				opened++
				mu.Unlock()
			}
		})
	}
	group.Wait()
	left := w.only("amina", "link", notice.Email).Link.Uses
	if opened == 0 || opened+left != 20 {
		t.Errorf("opened %d times, %d uses are left, of 20", opened, left)
	}
}

package record_test

import (
	"bytes"
	"context"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"joinery/fault"
	"joinery/record"
	"joinery/record/access"
)

const strangersNumber, knownNumber, nobodysNumber = "9000000009", "9990000042", "9990000050"

// surgery is a street in which Nurse Ash knows one person, and two share a number.
func (h *house) surgery() (ash record.SignedIn, system *record.View) {
	h.street()
	h.put("Patient", "known", `"generalPractitioner":[{"reference":"Organization/o1"}],"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"`+knownNumber+`"}]`)
	return h.signIn(h.account("ash", nurse)), h.system("system/Patient.rs launch")
}

// system is another system, as its token stands for it.
func (h *house) system(scopes string) *record.View {
	h.Helper()
	parsed, err := access.ParseScopes(scopes)
	if err != nil {
		h.Fatal(err)
	}
	s, err := access.NewSystem(access.Who{Client: "elm system", Name: "Elm system", Scopes: parsed})
	if err != nil {
		h.Fatal(err)
	}
	return h.rec().As(s)
}

func (h *house) link(system *record.View, asked record.Launch) string {
	h.Helper()
	made, err := system.Launch(h.ctx(), asked)
	if err != nil {
		h.Fatal(err)
	}
	if !made.Until.Equal(h.clock().Add(time.Minute)) || len(made.Secret) < 40 {
		h.Errorf("the link %q holds until %v", made.Secret, made.Until)
	}
	return made.Secret
}

func (h *house) opens(as record.SignedIn, secret string) (string, error) {
	id, err := h.other().As(as.Session.Subject).OpenLaunch(h.ctx(), secret)
	return string(id), err
}

func TestALaunchOpensOnce(t *testing.T) {
	onBoth(t, func(h *house) {
		ash, system := h.surgery()
		secret := h.link(system, record.Launch{NHSNumber: knownNumber})
		if id, err := h.opens(ash, secret); err != nil || id != "known" {
			t.Errorf("the link opens %q, %v", id, err)
		}
		_, err := h.opens(ash, secret)
		h.wantKind("a second time", err, fault.Gone)

		late := h.link(system, record.Launch{NHSNumber: knownNumber})
		h.goOn(time.Minute)
		_, err = h.opens(ash, late)
		h.wantKind("a minute later", err, fault.Gone)
		for what, tampered := range map[string]string{"nothing": "", "another": "jnl_" + strings.Repeat("A", 43), "its end": late[:len(late)-1] + "!", "longer": late + "A"} {
			_, err = h.opens(ash, tampered)
			h.wantKind(what, err, fault.Gone)
		}
	})
}

func TestOfManyWhoFollowALaunchOneHasIt(t *testing.T) {
	onBoth(t, func(h *house) {
		ash, system := h.surgery()
		secret := h.link(system, record.Launch{NHSNumber: knownNumber})
		var opened atomic.Int64
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				if _, err := h.nodes[i%len(h.nodes)].As(ash.Session.Subject).OpenLaunch(context.Background(), secret); err == nil {
					opened.Add(1)
				}
			})
		}
		all.Wait()
		if opened.Load() != 1 {
			t.Errorf("%d opened it, want 1", opened.Load())
		}
	})
}

// TestALaunchShowsNobodyMore: whoever follows it sees what they see anyway, and who
// made it learns nothing by making it.
func TestALaunchShowsNobodyMore(t *testing.T) {
	onBoth(t, func(h *house) {
		ash, system := h.surgery()
		texts := map[string]bool{}
		for what, number := range map[string]string{"a stranger": strangersNumber, "nobody": nobodysNumber} {
			_, err := h.opens(ash, h.link(system, record.Launch{NHSNumber: number}))
			h.wantKind(what, err, fault.NotFound)
			texts[fault.MessageOf(err)] = true
		}
		if len(texts) != 1 {
			t.Errorf("it is said in %d ways: %v", len(texts), texts)
		}
		for what, asked := range map[string]record.Launch{
			"a wrong check digit": {NHSNumber: "9990000043"}, "nine digits": {NHSNumber: "999000004"}, "blanks": {NHSNumber: "999 000 0042"}, "nothing": {},
			"two for whom": {NHSNumber: knownNumber, Account: "ash", Issuer: "i", Subject: "s"}, "half of whom": {NHSNumber: knownNumber, Subject: "s"},
		} {
			_, err := system.Launch(h.ctx(), asked)
			h.wantKind(what, err, fault.Invalid)
		}

		for _, id := range []string{"twin-a", "twin-b"} {
			h.put("Patient", id, `"generalPractitioner":[{"reference":"Organization/o1"}],"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000034"}]`)
		}
		_, err := h.opens(ash, h.link(system, record.Launch{NHSNumber: "9990000034"}))
		h.wantKind("two of one number", err, fault.Conflict)
		h.put("Patient", "twin-b", `"identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"9990000034"}]`)
		if id, err := h.opens(ash, h.link(system, record.Launch{NHSNumber: "9990000034"})); id != "twin-a" || err != nil {
			t.Errorf("of two, one of whom she does not see: %q, %v", id, err)
		}
	})
}

func TestWhoMakesLaunches(t *testing.T) {
	onBoth(t, func(h *house) {
		ash, _ := h.surgery()
		for what, v := range map[string]*record.View{
			"a system that may do everything else": h.system("system/*.cruds label/*"), "staff": h.rec().As(ash.Session.Subject), "the operator": h.desk(),
		} {
			_, err := v.Launch(h.ctx(), record.Launch{NHSNumber: knownNumber})
			h.wantKind(what, err, fault.Denied)
		}
		alone := h.system("launch")
		if id, err := h.opens(ash, h.link(alone, record.Launch{NHSNumber: knownNumber})); id != "known" || err != nil {
			t.Errorf("the link of a system that may do nothing else opens %q, %v", id, err)
		}
		_, err := alone.Read(h.ctx(), "Patient", "known")
		h.wantKind("and it reads", err, fault.NotFound)
	})
}

func TestALaunchForOne(t *testing.T) {
	onBoth(t, func(h *house) {
		ash, system := h.surgery()
		bea := h.signIn(h.account("bea", record.Grant{Role: "staff", Display: "Nurse Bea", Purpose: access.Treatment, Practitioner: "n2", Organization: "o1"}))
		if err := h.desk().LinkAccount(h.ctx(), "ash", "https://trust.example", "s1"); err != nil {
			t.Fatal(err)
		}
		for _, asked := range []record.Launch{
			{NHSNumber: knownNumber, Account: " ASH "}, {NHSNumber: knownNumber, Issuer: "https://trust.example", Subject: "s1"},
		} {
			if id, err := h.opens(ash, h.link(system, asked)); id != "known" || err != nil {
				t.Errorf("%+v opens to her %q, %v", asked, id, err)
			}
			secret := h.link(system, asked)
			_, err := h.opens(bea, secret)
			h.wantKind("to another", err, fault.Gone)
			_, err = h.opens(ash, secret)
			h.wantKind("after another tried it", err, fault.Gone)
		}
		// Whom nobody knows is not told to the system, and opens to nobody.
		for _, asked := range []record.Launch{
			{NHSNumber: knownNumber, Account: "nobody"}, {NHSNumber: knownNumber, Issuer: "https://trust.example", Subject: "s2"},
		} {
			_, err := h.opens(ash, h.link(system, asked))
			h.wantKind("for nobody", err, fault.Gone)
		}
	})
}

func TestALaunchWaitsForASignIn(t *testing.T) {
	onBoth(t, func(h *house) {
		ash, system := h.surgery()
		secret := h.link(system, record.Launch{NHSNumber: knownNumber})
		held, err := h.other().HoldLaunch(h.ctx(), secret)
		if err != nil || held == secret {
			t.Fatalf("held as %q, %v", held, err)
		}
		_, err = h.opens(ash, secret)
		h.wantKind("the link itself, once it is held", err, fault.Gone)
		h.goOn(5*time.Minute - time.Second)
		if id, err := h.opens(ash, held); id != "known" || err != nil {
			t.Errorf("before five minutes it opens %q, %v", id, err)
		}

		held, err = h.rec().HoldLaunch(h.ctx(), h.link(system, record.Launch{NHSNumber: knownNumber}))
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.rec().HoldLaunch(h.ctx(), held)
		h.wantKind("to hold it for longer", err, fault.Gone)
		held, err = h.rec().HoldLaunch(h.ctx(), h.link(system, record.Launch{NHSNumber: knownNumber}))
		if err != nil {
			t.Fatal(err)
		}
		h.goOn(5 * time.Minute)
		_, err = h.opens(ash, held)
		h.wantKind("after five minutes", err, fault.Gone)
	})
}

// TestALaunchIsAudited: by whom it was made, who followed it, and to whom; and the
// person reads of who looked, not of the link.
func TestALaunchIsAudited(t *testing.T) {
	onBoth(t, func(h *house) {
		ash, system := h.surgery()
		secret := h.link(system, record.Launch{NHSNumber: knownNumber, Account: "ash"})
		if _, err := h.opens(ash, secret); err != nil {
			t.Fatal(err)
		}
		_, _ = h.opens(ash, secret)
		_, _ = h.opens(ash, h.link(system, record.Launch{NHSNumber: strangersNumber}))
		made := h.find(h.operator(), "AuditEvent", "subtype", "launch-link")
		if len(made) != 2 || strings.Contains(made[0]+made[1], "Patient/") || !strings.Contains(made[0]+made[1], `"elm system, link `) {
			t.Errorf("that links were made: %v", made)
		}
		opened := h.find(h.operator(), "AuditEvent", "subtype", "launch", "patient", "known")
		if len(opened) != 1 || !strings.Contains(opened[0], `"elm system, link `) || !strings.Contains(opened[0], "Nurse Ash") || !strings.Contains(opened[0], `"account ash"`) {
			t.Errorf("that it was opened: %v", opened)
		}
		all := h.find(h.operator(), "AuditEvent", "subtype", "launch")
		if len(all) != 3 || strings.Contains(strings.Join(all, ""), knownNumber) || strings.Contains(strings.Join(all, ""), secret) {
			t.Errorf("in all %d: %v", len(all), all)
		}
		self, err := access.NewPatient(access.Who{Client: "app"}, "known")
		if err != nil {
			t.Fatal(err)
		}
		looks, err := h.rec().As(self).WhoLooked(h.ctx(), "known", record.WhoLookedQuery{})
		if err != nil {
			t.Fatal(err)
		}
		var who []string
		for _, l := range looks.Looks {
			if l.Program != "joinery test" { // which stored her
				who = append(who, l.Name)
			}
		}
		if strings.Join(who, ", ") != "Nurse Ash" {
			t.Errorf("the person reads of %v", who)
		}
	})
}

// TestLaunchesAreUnreadable in the database, followed or not.
func TestLaunchesAreUnreadable(t *testing.T) {
	file := t.TempDir() + "/record.db"
	h := newHouse(t, 1, "sqlite:"+file)
	system := h.system("launch")
	secret := h.link(system, record.Launch{NHSNumber: nobodysNumber, Account: "ash"})
	if err := h.rec().Close(); err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(kept, []byte("elm system, link ")) {
		t.Error("the audit of the link is not where it is looked for")
	}
	for _, s := range []string{nobodysNumber, secret} {
		if bytes.Contains(kept, []byte(s)) {
			t.Errorf("%s can be read in the file", s)
		}
	}
}

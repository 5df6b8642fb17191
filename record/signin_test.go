package record_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"joinery/fault"
	"joinery/fhir"
	"joinery/leaks"
	"joinery/record"
	"joinery/record/access"
	"joinery/record/credential"
	"joinery/record/search"
	"joinery/record/store/storetest"
)

// house is a record with accounts, on one node or two.
type house struct {
	*testing.T
	nodes []*record.Record
	now   atomic.Int64
}

// onBoth runs a test on SQLite, and on two nodes of one PostgreSQL.
func onBoth(t *testing.T, test func(*house)) {
	t.Run("SQLite", func(t *testing.T) { test(newHouse(t, 1, "sqlite:"+filepath.Join(t.TempDir(), "record.db"))) })
	t.Run("PostgreSQL", func(t *testing.T) { test(newHouse(t, 2, storetest.Postgres(t))) })
}

func newHouse(t *testing.T, nodes int, url string) *house {
	h := &house{T: t}
	h.now.Store(beginning.UnixMilli())
	state := t.TempDir() // one folder has the key; a reserve each is not what is tested here
	for range nodes {
		rec, err := record.Open(context.Background(), url, record.Options{
			Log: leaks.Log(), Clock: h.clock, Rand: rand.Reader, Readers: 2, StateDir: state, Passwords: credential.Cost{Memory: 64, Passes: 1, Threads: 1},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = rec.Close() })
		h.nodes = append(h.nodes, rec)
	}
	return h
}

func (h *house) clock() time.Time         { return time.UnixMilli(h.now.Load()).UTC() }
func (h *house) goOn(d time.Duration)     { h.now.Add(d.Milliseconds()) }
func (h *house) ctx() context.Context     { return context.Background() }
func (h *house) rec() *record.Record      { return h.nodes[0] }
func (h *house) other() *record.Record    { return h.nodes[len(h.nodes)-1] }
func (h *house) desk() *record.View       { return h.rec().As(h.operator()) }
func (h *house) from(a string) access.Who { return access.Who{Request: "r1", Source: a} }

func (h *house) operator() access.Subject {
	h.Helper()
	scopes, err := access.ParseScopes("system/*.cruds label/*")
	if err != nil {
		h.Fatal(err)
	}
	s, err := access.NewSystem(access.Who{Client: "joinery test", Name: "op", Operator: "op", Purpose: access.Administration, Scopes: scopes})
	if err != nil {
		h.Fatal(err)
	}
	return s
}

var (
	nurse    = record.Grant{Role: "staff", Display: "Nurse Ash", Purpose: access.Treatment, Practitioner: "n1", Organization: "o1"}
	resident = record.Grant{Role: "patient", Display: "Ada", Patient: "p1"}
)

// account makes an account whose first password was changed already.
func (h *house) account(name string, g record.Grant) record.Handover {
	h.Helper()
	told, err := h.desk().CreateAccount(h.ctx(), record.NewAccount{Name: name, Grant: g, WithoutCodes: g.Role == "patient"})
	if err != nil {
		h.Fatal(err)
	}
	in, err := h.rec().SignIn(h.ctx(), record.SignIn{Name: name, Password: told.Password, Code: h.code(told), From: h.from("192.0.2.1")})
	if err != nil {
		h.Fatalf("the first sign-in of %s: %v", name, err)
	}
	const chosen = "four plain garden words"
	if _, err := h.rec().ChangePassword(h.ctx(), in.Secret, told.Password, chosen, h.from("192.0.2.1")); err != nil {
		h.Fatal(err)
	}
	told.Password = chosen
	h.goOn(credential.Step * 2)
	return told
}

// code is the one-time code of now.
func (h *house) code(told record.Handover) string {
	h.Helper()
	if told.Secret == "" {
		return ""
	}
	c, err := credential.Code(told.Secret, h.clock())
	if err != nil {
		h.Fatal(err)
	}
	return c
}

// signIn signs in, with the next code.
func (h *house) signIn(told record.Handover) record.SignedIn {
	h.Helper()
	h.goOn(credential.Step)
	in, err := h.rec().SignIn(h.ctx(), record.SignIn{Name: told.Name, Password: told.Password, Code: h.code(told), From: h.from("192.0.2.1")})
	if err != nil {
		h.Fatalf("sign in as %s: %v", told.Name, err)
	}
	return in
}

// holds reports whether a session holds, on every node.
func (h *house) holds(what string, in record.SignedIn, want bool) {
	h.Helper()
	for i, n := range h.nodes {
		s, err := n.Session(h.ctx(), in.Secret, h.from("192.0.2.1"))
		switch {
		case want && (err != nil || s.Subject.Role() == access.Nobody):
			h.Errorf("%s: on node %d the session is %v, %v, want it to hold", what, i, s.Subject.Role(), err)
		case !want && fault.KindOf(err) != fault.Unidentified:
			h.Errorf("%s: on node %d the session holds (%v)", what, i, err)
		}
	}
}

func (h *house) wantKind(what string, err error, kind fault.Kind) {
	h.Helper()
	if err == nil || fault.KindOf(err) != kind {
		h.Errorf("%s: %v, want the kind %v", what, err, kind)
	}
}

// trail is what the audit says of an interaction: outcome, what, by whom.
func (h *house) trail(interaction string) []string {
	h.Helper()
	q, err := search.Parse("AuditEvent", []search.Pair{{Name: "subtype", Value: interaction}, {Name: "_count", Value: "100"}}, search.Options{Strict: true, Now: h.clock()})
	if err != nil {
		h.Fatal(err)
	}
	page, err := h.desk().Search(h.ctx(), q)
	if err != nil {
		h.Fatal(err)
	}
	var out []string
	for _, e := range page.Entries {
		doc, err := e.Version.Doc()
		if err != nil {
			h.Fatal(err)
		}
		r := doc.Root()
		out = append(out, strings.Join(strings.Fields(r.Get("outcome").Text()+" "+r.Get("outcomeDesc").Text()+" "+r.At("entity", "what", "display").Text()+" by "+r.At("agent", "who", "display").Text()), " "))
	}
	return out
}

func TestSignIn(t *testing.T) {
	onBoth(t, func(h *house) {
		told, err := h.desk().CreateAccount(h.ctx(), record.NewAccount{Name: " Ash@Example.ORG ", Grant: nurse})
		if err != nil {
			h.Fatal(err)
		}
		if told.Name != "ash@example.org" || len(told.Recovery) != 10 || told.Secret == "" || !strings.Contains(told.Address, "secret="+told.Secret) {
			h.Errorf("handed over: %+v", told)
		}
		_, err = h.desk().CreateAccount(h.ctx(), record.NewAccount{Name: "ASH@example.org", Grant: nurse})
		h.wantKind("the same name again", err, fault.Conflict)
		in, err := h.other().SignIn(h.ctx(), record.SignIn{Name: "ash@EXAMPLE.org", Password: told.Password, Code: h.code(told), From: h.from("192.0.2.1:999")})
		if err != nil {
			h.Fatal(err)
		}
		// Before the password is changed there is a session, and it may do nothing.
		s, err := h.rec().Session(h.ctx(), in.Secret, h.from("192.0.2.1"))
		if err != nil || !s.MustChange || s.Subject.Role() != access.Nobody || s.Account != "ash@example.org" || s.From != "192.0.2.1" {
			h.Errorf("the first session: %+v, %v", s, err)
		}
		_, err = h.rec().ChangePassword(h.ctx(), in.Secret, "not the old one", "four plain garden words", h.from(""))
		h.wantKind("a change with another's password", err, fault.Unidentified)
		_, err = h.rec().ChangePassword(h.ctx(), in.Secret, told.Password, "short", h.from(""))
		h.wantKind("a change to a short password", err, fault.Invalid)
		_, err = h.rec().ChangePassword(h.ctx(), in.Secret, told.Password, told.Password, h.from(""))
		h.wantKind("a change to the same password", err, fault.Invalid)
		next, err := h.rec().ChangePassword(h.ctx(), in.Secret, told.Password, "four plain garden words", h.from(""))
		if err != nil {
			h.Fatal(err)
		}
		h.holds("after the change, the session before", in, false)
		h.holds("after the change, the new session", next, true)
		s, err = h.other().Session(h.ctx(), next.Secret, h.from("192.0.2.1"))
		if err != nil || s.Resident || s.Subject.Role() != access.Staff || s.Subject.Purpose() != access.Treatment || !s.Subject.Is("Practitioner/n1") || s.Subject.Who().Name != "Nurse Ash" {
			h.Errorf("the session: %+v, %v", s, err)
		}
		h.goOn(time.Minute)
		_, err = h.rec().SignIn(h.ctx(), record.SignIn{Name: "ash@example.org", Password: told.Password, Code: h.code(told)})
		h.wantKind("the first password again", err, fault.Unidentified)
		want := []string{"4 the password is wrong ash@example.org by public", "0 ash@example.org by account ash@example.org", "0 ash@example.org by account ash@example.org"}
		if diff := cmp.Diff(want, h.trail("110122")); diff != "" { // newest first
			h.Errorf("the audit of sign-ins:\n%s", diff)
		}
	})
}

// TestSignInsLookAlike: the answer does not tell whether there is such an account,
// nor what was wrong, and takes as long.
func TestSignInsLookAlike(t *testing.T) {
	onBoth(t, func(h *house) {
		told := h.account("ash", nurse)
		gone := h.account("gone", nurse)
		if err := h.desk().DisableAccount(h.ctx(), "gone"); err != nil {
			h.Fatal(err)
		}
		h.goOn(time.Minute)
		right := h.code(told)
		wrong := "000000"
		if right == wrong {
			wrong = "000001"
		}
		said := map[string]bool{}
		for what, s := range map[string]record.SignIn{
			"no such name":   {Name: "nobody", Password: told.Password, Code: right},
			"wrong password": {Name: "ash", Password: "other plain garden words", Code: right},
			"wrong code":     {Name: "ash", Password: told.Password, Code: wrong},
			"no code":        {Name: "ash", Password: told.Password},
			"disabled":       {Name: "gone", Password: gone.Password, Code: h.code(gone)},
			"nothing":        {},
		} {
			s.From = h.from("192.0.2.2")
			_, err := h.rec().SignIn(h.ctx(), s)
			h.wantKind(what, err, fault.Unidentified)
			said[fault.MessageOf(err)] = true
		}
		if len(said) != 1 {
			h.Errorf("failures are told apart: %v", said)
		}
		if h.signIn(told); !h.Failed() {
			return
		}
	})
}

// TestCodesAreTakenOnce: a one-time code in its window, a recovery code ever; also
// when many try at once, on several nodes.
func TestCodesAreTakenOnce(t *testing.T) {
	onBoth(t, func(h *house) {
		told := h.account("ash", nurse)
		for _, code := range []string{h.code(told), told.Recovery[3]} {
			var in atomic.Int64
			var wg sync.WaitGroup
			for i := range 6 {
				wg.Go(func() {
					_, err := h.nodes[i%len(h.nodes)].SignIn(h.ctx(), record.SignIn{Name: "ash", Password: told.Password, Code: code, From: h.from("192.0.2." + string(rune('1'+i)))})
					if err == nil {
						in.Add(1)
					}
				})
			}
			wg.Wait()
			if in.Load() != 1 {
				h.Errorf("the code %s was taken %d times", code, in.Load())
			}
		}
		// One of an earlier step is refused after a later one, though its time is not over.
		h.goOn(7 * time.Hour) // all failures are forgotten
		early := h.code(told)
		h.goOn(credential.Step)
		h.signInNow(told)
		_, err := h.rec().SignIn(h.ctx(), record.SignIn{Name: "ash", Password: told.Password, Code: early, From: h.from("192.0.2.9")})
		h.wantKind("an earlier code", err, fault.Unidentified)
		accounts, err := h.desk().Accounts(h.ctx())
		if err != nil || len(accounts) != 1 || accounts[0].Recovery != 9 || !accounts[0].Codes || accounts[0].MustChange {
			h.Errorf("accounts: %+v, %v", accounts, err)
		}
	})
}

func (h *house) signInNow(told record.Handover) record.SignedIn {
	h.Helper()
	in, err := h.rec().SignIn(h.ctx(), record.SignIn{Name: told.Name, Password: told.Password, Code: h.code(told), From: h.from("192.0.2.1")})
	if err != nil {
		h.Fatalf("sign in as %s: %v", told.Name, err)
	}
	return in
}

// TestSessionsEnd is all that ends a session.
func TestSessionsEnd(t *testing.T) {
	onBoth(t, func(h *house) {
		ash, ada := h.account("ash", nurse), h.account("ada", resident)

		for _, c := range []struct {
			told record.Handover
			idle time.Duration
		}{{ash, 15 * time.Minute}, {ada, 30 * time.Minute}} {
			in := h.signIn(c.told)
			h.goOn(c.idle - time.Second)
			h.holds("just before its idle time", in, true)
			h.goOn(c.idle - time.Second)
			h.holds("used in between", in, true)
			h.goOn(c.idle)
			h.holds("left alone", in, false)

			in = h.signIn(c.told)
			for began := h.clock(); h.clock().Sub(began) < 12*time.Hour-10*time.Minute; h.goOn(10 * time.Minute) {
				if _, err := h.rec().Session(h.ctx(), in.Secret, h.from("")); err != nil {
					h.Fatalf("in use, after %v: %v", h.clock().Sub(began), err)
				}
			}
			h.goOn(10 * time.Minute)
			h.holds("after 12 hours", in, false)
		}

		one, two, three := h.signIn(ash), h.signIn(ash), h.signIn(ash)
		if one.Secret == two.Secret || one.Session.ID == two.Session.ID {
			h.Error("two sign-ins share a session")
		}
		list, err := h.other().Sessions(h.ctx(), two.Secret, h.from(""))
		if err != nil || len(list) != 3 {
			h.Fatalf("sessions: %+v, %v", list, err)
		}
		if err := h.rec().EndSession(h.ctx(), two.Secret, one.Session.ID, h.from("")); err != nil {
			h.Fatal(err)
		}
		h.holds("ended from elsewhere", one, false)
		h.wantKind("another's session", h.rec().EndSession(h.ctx(), h.signIn(ada).Secret, two.Session.ID, h.from("")), fault.NotFound)
		if err := h.rec().SignOut(h.ctx(), two.Secret, h.from("")); err != nil {
			h.Fatal(err)
		}
		h.holds("signed out", two, false)
		h.holds("the third", three, true)
		if err := h.rec().SignOut(h.ctx(), two.Secret, h.from("")); err != nil {
			h.Errorf("signed out again: %v", err)
		}

		for what, ends := range map[string]func() error{
			"disabled": func() error { return h.desk().DisableAccount(h.ctx(), "ash") },
			"other rights": func() error {
				g := nurse
				g.Organization = "o2"
				return h.desk().ChangeRights(h.ctx(), "ash", g)
			},
			"reset": func() error { _, err := h.desk().ResetAccount(h.ctx(), "ash"); return err },
		} {
			told, err := h.desk().ResetAccount(h.ctx(), "ash")
			if err != nil {
				h.Fatal(err)
			}
			in := h.signIn(told)
			in, err = h.rec().ChangePassword(h.ctx(), in.Secret, told.Password, "four plain garden words", h.from(""))
			if err != nil {
				h.Fatal(err)
			}
			h.holds("before it is "+what, in, true)
			if err := ends(); err != nil {
				h.Fatalf("%s: %v", what, err)
			}
			h.holds(what, in, false)
		}
		for _, bad := range []string{"", "x", "jns_", ash.Password} {
			if _, err := h.rec().Session(h.ctx(), bad, h.from("")); fault.KindOf(err) != fault.Unidentified {
				h.Errorf("a session of %q: %v", bad, err)
			}
		}
	})
}

// TestGuessingIsSlow: each failure from one place makes the next wait longer, and
// none of it keeps the holder from signing in where they have before.
func TestGuessingIsSlow(t *testing.T) {
	onBoth(t, func(h *house) {
		told := h.account("ash", nurse)
		in := h.signIn(told)
		guess := func(name, from, device string) error {
			_, err := h.rec().SignIn(h.ctx(), record.SignIn{Name: name, Password: "guessed password", Code: "123456", Device: device, From: h.from(from)})
			return err
		}
		// From one address: three at once, then longer and longer.
		waited := time.Duration(0)
		for i := range 12 {
			for {
				err := guess("ash", "198.51.100.1", "")
				var wait *record.Wait
				if errors.As(err, &wait) {
					h.goOn(wait.For + time.Millisecond)
					waited += wait.For
					continue
				}
				h.wantKind("a guess", err, fault.Unidentified)
				break
			}
			if i == 2 && waited > 0 {
				h.Errorf("three failures already wait for %v", waited)
			}
		}
		if waited < 4*time.Minute {
			h.Errorf("twelve guesses took %v", waited)
		}
		// What is tried while one must wait does not make it longer.
		h.wantKind("too soon", guess("ash", "198.51.100.1", ""), fault.TooMany)
		// A name that is nobody's is as slow.
		for range 4 {
			_ = guess("nobody at all", "198.51.100.7", "")
		}
		h.wantKind("a name that is nobody's", guess("nobody at all", "198.51.100.7", ""), fault.TooMany)
		// From ever other addresses: the name waits, never longer than a minute.
		slow := 0
		for i := range 40 {
			if fault.KindOf(guess("ash", fmt.Sprintf("203.0.113.%d", i), "")) == fault.TooMany {
				slow++
			}
		}
		if slow < 20 {
			h.Errorf("of 40 guesses from as many addresses %d had to wait", slow)
		}
		h.wantKind("its holder on a new device", guess("ash", "192.0.2.50", ""), fault.TooMany)
		// Its holder, on the device of before, waits for nobody.
		done, err := h.rec().SignIn(h.ctx(), record.SignIn{Name: "ash", Password: told.Password, Code: h.code(told), Device: in.Device, From: h.from("198.51.100.1")})
		if err != nil || done.Device != in.Device {
			h.Errorf("the holder on a known device: %v", err)
		}
		h.goOn(time.Minute + time.Second)
		h.signIn(told) // and elsewhere after a minute at most
		// A device helps the account that it is of, and is slow too.
		for range 4 {
			_ = guess("ash", "192.0.2.77", in.Device)
		}
		h.wantKind("guesses on a known device", guess("ash", "192.0.2.77", in.Device), fault.TooMany)
		for range 4 {
			_ = guess("bob", "192.0.2.78", in.Device)
		}
		h.wantKind("another's device", guess("bob", "192.0.2.78", in.Device), fault.TooMany)
		h.wantKind("a damaged device", guess("bob", "192.0.2.78", in.Device[1:]), fault.TooMany)
	})
}

// TestSprayingIsSlow: many names from one address.
func TestSprayingIsSlow(t *testing.T) {
	onBoth(t, func(h *house) {
		slow := 0
		for i := range 130 {
			_, err := h.rec().SignIn(h.ctx(), record.SignIn{Name: fmt.Sprint("name", i), Password: "spring2026spring", From: h.from(fmt.Sprintf("[2001:db8::%x]:4000", i))})
			if fault.KindOf(err) == fault.TooMany {
				slow++
			}
		}
		if slow < 28 {
			h.Errorf("of 130 names from one network %d had to wait", slow)
		}
		told := h.account("ash", nurse)
		if h.signIn(told); h.Failed() {
			h.Error("somebody from elsewhere had to wait for them")
		}
	})
}

// TestManyAtOnceAreNoMoreThanOneByOne: guesses are counted before they are made.
func TestManyAtOnceAreNoMoreThanOneByOne(t *testing.T) {
	onBoth(t, func(h *house) {
		h.account("ash", nurse)
		var tried atomic.Int64
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				_, err := h.nodes[i%len(h.nodes)].SignIn(h.ctx(), record.SignIn{Name: "ash", Password: "guessed password", Code: "123456", From: h.from("198.51.100.1")})
				if fault.KindOf(err) == fault.Unidentified {
					tried.Add(1)
				}
			})
		}
		wg.Wait()
		if tried.Load() != 4 { // three, and the one that makes the next wait
			h.Errorf("of 20 guesses at once %d were looked at", tried.Load())
		}
	})
}

func TestWhoKeepsAccounts(t *testing.T) {
	onBoth(t, func(h *house) {
		told := h.account("ash", nurse)
		in := h.signIn(told)
		v := h.rec().As(in.Session.Subject)
		_, err := v.CreateAccount(h.ctx(), record.NewAccount{Name: "mallory", Grant: nurse})
		h.wantKind("staff make an account", err, fault.Denied)
		_, err = v.Accounts(h.ctx())
		h.wantKind("staff list accounts", err, fault.Denied)
		h.wantKind("staff disable an account", v.DisableAccount(h.ctx(), "ash"), fault.Denied)
		_, err = v.ResetAccount(h.ctx(), "ash")
		h.wantKind("staff reset an account", err, fault.Denied)
		h.wantKind("staff change rights", v.ChangeRights(h.ctx(), "ash", nurse), fault.Denied)
		h.wantKind("staff link", v.LinkAccount(h.ctx(), "ash", "https://issuer", "s"), fault.Denied)

		boss := h.account("boss", record.Grant{Role: "administrator", Display: "Boss"})
		v = h.rec().As(h.signIn(boss).Session.Subject)
		if _, err := v.CreateAccount(h.ctx(), record.NewAccount{Name: "new", Grant: nurse}); err != nil {
			h.Errorf("an administrator makes an account: %v", err)
		}
		h.wantKind("an administrator gives themselves rights", v.ChangeRights(h.ctx(), " BOSS", nurse), fault.Denied)
		h.wantKind("an administrator links themselves", v.LinkAccount(h.ctx(), "boss", "https://issuer", "s"), fault.Denied)
		_, err = v.CreateToken(h.ctx(), "t", record.Grant{Scope: "system/*.rs"}, time.Time{})
		h.wantKind("an administrator makes a token", err, fault.Denied)
		if tokens, err := v.Tokens(h.ctx()); err != nil || len(tokens) != 0 {
			h.Errorf("an administrator lists tokens: %v, %v", tokens, err)
		}
		h.wantKind("an administrator ends a token that is not there", v.RevokeToken(h.ctx(), "t"), fault.NotFound)

		for what, n := range map[string]record.NewAccount{
			"no name":             {Grant: nurse},
			"a role of programs":  {Name: "prog", Grant: record.Grant{Role: "system"}},
			"no role":             {Name: "prog"},
			"scopes":              {Name: "prog", Grant: record.Grant{Role: "patient", Patient: "p1", Scope: "patient/*.rs"}},
			"staff without codes": {Name: "prog", Grant: nurse, WithoutCodes: true},
			"a short password":    {Name: "prog", Grant: nurse, Password: "short"},
			"an unusable name":    {Name: "a/b", Grant: nurse},
		} {
			if _, err := h.desk().CreateAccount(h.ctx(), n); err == nil {
				h.Errorf("%s: an account was made", what)
			}
		}
		h.wantKind("nobody is disabled", h.desk().DisableAccount(h.ctx(), "nobody"), fault.NotFound)
	})
}

func TestLinkedSignIn(t *testing.T) {
	onBoth(t, func(h *house) {
		h.account("ash", nurse)
		h.account("bob", nurse)
		if err := h.desk().LinkAccount(h.ctx(), "Ash", "https://issuer.example", "s-1"); err != nil {
			h.Fatal(err)
		}
		h.wantKind("linked twice", h.desk().LinkAccount(h.ctx(), "bob", "https://issuer.example", "s-1"), fault.Conflict)
		in, err := h.other().SignInLinked(h.ctx(), "https://issuer.example", "s-1", h.from("192.0.2.1"))
		if err != nil || in.Session.Account != "ash" {
			h.Errorf("linked sign-in: %+v, %v", in.Session, err)
		}
		for _, c := range [][2]string{{"https://issuer.example", "s-2"}, {"https://other.example", "s-1"}, {"https://issuer.example\" \"s", "1"}} {
			_, err := h.rec().SignInLinked(h.ctx(), c[0], c[1], h.from("192.0.2.1"))
			h.wantKind(c[0]+" "+c[1], err, fault.Unidentified)
		}
		if err := h.desk().DisableAccount(h.ctx(), "ash"); err != nil {
			h.Fatal(err)
		}
		h.holds("after it was disabled", in, false)
		_, err = h.rec().SignInLinked(h.ctx(), "https://issuer.example", "s-1", h.from("192.0.2.1"))
		h.wantKind("a disabled account", err, fault.Unidentified)
	})
}

// TestDemoAccountsWorkAmongInventedPeopleAlone.
func TestDemoAccountsWorkAmongInventedPeopleAlone(t *testing.T) {
	onBoth(t, func(h *house) {
		const secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
		told, err := h.desk().CreateAccount(h.ctx(), record.NewAccount{Name: "try.nurse", Grant: nurse, Password: "demonstration only", Demo: true, Secret: secret})
		if err != nil {
			h.Fatal(err)
		}
		put := func(id, tags string) {
			doc, err := fhir.Parse([]byte(`{"resourceType":"Patient","id":"` + id + `","meta":{"tag":[` + tags + `]}}`))
			if err == nil {
				_, err = h.desk().Transact(h.ctx(), []record.Op{{Kind: record.Update, Type: "Patient", ID: fhir.ID(id), Body: doc}})
			}
			if err != nil {
				h.Fatal(err)
			}
		}
		put("p1", `{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"HTEST"}`)
		in := h.signIn(told)
		h.holds("among invented people", in, true)
		_, err = h.rec().ChangePassword(h.ctx(), in.Secret, told.Password, "four plain garden words", h.from(""))
		h.wantKind("its password is changed", err, fault.Conflict)
		put("p2", "{\"system\":\"urn:t\",\"code\":\"other\"}")
		h.goOn(time.Minute)
		_, err = h.rec().SignIn(h.ctx(), record.SignIn{Name: "try.nurse", Password: told.Password, Code: h.code(told), From: h.from("192.0.2.1")})
		h.wantKind("among real people", err, fault.Unidentified)
	})
}

// TestTheDatabaseAloneMakesNoCode: a copy of the database without the key's file
// signs nobody in, and a node with another key says so.
func TestTheDatabaseAloneMakesNoCode(t *testing.T) {
	url := storetest.Postgres(t)
	h := newHouse(t, 1, url)
	told := h.account("ash", nurse)
	stranger := newHouse(t, 1, url)
	stranger.now.Store(h.now.Load() + 60_000)
	_, err := stranger.rec().SignIn(h.ctx(), record.SignIn{Name: "ash", Password: told.Password, Code: stranger.code(told), From: h.from("192.0.2.1")})
	h.wantKind("without the key", err, fault.Unavailable)
}

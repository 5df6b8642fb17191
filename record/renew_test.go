package record_test

import (
	"testing"

	"joinery/fault"
	"joinery/record"
	"joinery/record/credential"
)

func TestRecoveryCodesAreRenewed(t *testing.T) {
	onBoth(t, func(h *house) {
		told := h.account("ash", nurse)
		in := h.signIn(told)
		renew := func(password, code string) ([]string, error) {
			return h.rec().RenewRecovery(h.ctx(), in.Secret, password, code, h.from("192.0.2.1"))
		}
		next := func() string { h.goOn(credential.Step); return h.code(told) }
		_, err := renew("not the password at all", next())
		h.wantKind("by another password", err, fault.Unidentified)
		_, err = renew(told.Password, "")
		h.wantKind("without a code", err, fault.Unidentified)
		_, err = renew(told.Password, told.Recovery[0])
		h.wantKind("by a recovery code", err, fault.Unidentified)
		fresh, err := renew(told.Password, next())
		if err != nil || len(fresh) != 10 {
			t.Fatalf("renewed: %v, %v", fresh, err)
		}
		h.holds("having renewed, the session", in, true)
		by := func(code string) error {
			_, err := h.other().SignIn(h.ctx(), record.SignIn{Name: "ash", Password: told.Password, Code: code, From: h.from("192.0.2.7")})
			return err
		}
		if err := by(fresh[3]); err != nil {
			t.Errorf("by a new code: %v", err)
		}
		h.wantKind("by the same again", by(fresh[3]), fault.Unidentified)
		h.wantKind("by an old code", by(told.Recovery[1]), fault.Unidentified)
		if s, err := h.rec().Session(h.ctx(), in.Secret, h.from("")); err != nil || !s.Codes || s.Recovery != 9 {
			t.Errorf("%d codes are left, %v", s.Recovery, err)
		}
		if got := h.trail("recovery-renew"); len(got) != 1 {
			t.Errorf("the audit says %v", got)
		}

		// Who found the screen unlocked cannot try for long.
		for range 3 {
			_, _ = renew("guess guess guess", next())
		}
		_, _ = renew("guess guess guess", next())
		_, err = renew(told.Password, h.code(told))
		h.wantKind("after many tries", err, fault.TooMany)

		ada := h.signIn(h.account("ada", resident))
		_, err = h.rec().RenewRecovery(h.ctx(), ada.Secret, "four plain garden words", "", h.from(""))
		h.wantKind("without one-time codes", err, fault.Denied)
	})
}

func TestSignedOutEverywhere(t *testing.T) {
	onBoth(t, func(h *house) {
		told := h.account("ash", nurse)
		one, two := h.signIn(told), h.signIn(told)
		other := h.signIn(h.account("ada", resident))
		if err := h.rec().SignOutEverywhere(h.ctx(), one.Secret, h.from("")); err != nil {
			t.Fatal(err)
		}
		h.holds("this one", one, false)
		h.holds("that one", two, false)
		h.holds("another's", other, true)
		h.wantKind("again", h.rec().SignOutEverywhere(h.ctx(), one.Secret, h.from("")), fault.Unidentified)
	})
}

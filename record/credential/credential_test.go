package credential

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"strings"
	"sync"
	"testing"
	"time"

	"joinery/fault"
)

// cheap is a cost that tests can pay.
var cheap = Cost{Memory: 64, Passes: 1, Threads: 1}

func TestPasswords(t *testing.T) {
	ctx := context.Background()
	h := NewHasher(cheap, rand.Reader)
	hash, err := h.Hash(ctx, "four plain garden words")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(hash, "garden") || !strings.HasPrefix(hash, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Errorf("hash = %s", hash)
	}
	again, err := h.Hash(ctx, "four plain garden words")
	if err != nil || again == hash {
		t.Errorf("two hashes of one password are alike, or %v", err)
	}
	for _, c := range []struct {
		password, hash string
		right          bool
	}{
		{"four plain garden words", hash, true},
		{"four plain garden word", hash, false},
		{"", hash, false},
		{"", "", false}, // nobody's
		{"four plain garden words", "", false},
	} {
		right, outdated, err := h.Check(ctx, c.password, c.hash)
		if err != nil || right != c.right || outdated {
			t.Errorf("Check(%q, %q) = %t, %t, %v", c.password, c.hash, right, outdated, err)
		}
	}
	dearer := NewHasher(Cost{Memory: 128, Passes: 1, Threads: 1}, rand.Reader)
	if right, outdated, err := dearer.Check(ctx, "four plain garden words", hash); !right || !outdated || err != nil {
		t.Errorf("a hash of another cost: %t, %t, %v, want it right and to be made again", right, outdated, err)
	}
	for _, damaged := range []string{"x", hash[1:], strings.Replace(hash, "m=64", "m=no", 1), strings.Replace(hash, "t=1", "t=0", 1), hash[:len(hash)-4], strings.Replace(hash, "argon2id", "argon2i", 1)} {
		if right, _, err := h.Check(ctx, "four plain garden words", damaged); err == nil || right {
			t.Errorf("Check with the hash %q = %t, %v", damaged, right, err)
		}
	}
}

// TestPasswordsHowTheyAreTyped: a letter may be one character or two.
func TestPasswordsHowTheyAreTyped(t *testing.T) {
	h := NewHasher(cheap, rand.Reader)
	hash, err := h.Hash(context.Background(), "caf\u00e9 by the station")
	if err != nil {
		t.Fatal(err)
	}
	if right, _, err := h.Check(context.Background(), "cafe\u0301 by the station", hash); !right || err != nil {
		t.Errorf("the same password as another keyboard types it: %t, %v", right, err)
	}
}

// TestHashingIsBounded: however many sign in, few hash at once, and who comes when
// the queue is full is told so.
func TestHashingIsBounded(t *testing.T) {
	h := NewHasher(cheap, rand.Reader)
	for range hashing { // they take long
		h.turn <- struct{}{}
	}
	for range queue - 1 {
		h.waiting <- struct{}{}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := h.Hash(ctx, "the last that may wait"); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("one whose request ended: %v", err)
		}
	})
	for len(h.waiting) < queue {
		time.Sleep(time.Millisecond)
	}
	if _, err := h.Hash(context.Background(), "one too many"); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("one too many: %v, want a refusal", err)
	}
	cancel()
	wg.Wait()
	if len(h.turn) != hashing || len(h.waiting) != queue-1 {
		t.Errorf("who gave up still holds a place: %d %d", len(h.turn), len(h.waiting))
	}
}

func TestAcceptable(t *testing.T) {
	for password, ok := range map[string]bool{
		"elevenchars":                   false,
		"twelve chars":                  true,
		"aaaaaaaaaaaaaa":                false,
		"abcdabcdabcd":                  false,
		"i am ADA.lovelace":             false,
		"ещё одно слово":                true,
		strings.Repeat("abcdefgh", 33):  false,
		"bad \xff bytes in a long word": false,
	} {
		if err := Acceptable(password, "ada.lovelace"); (err == nil) != ok {
			t.Errorf("Acceptable(%q) = %v", password, err)
		} else if err != nil && fault.KindOf(err) != fault.Invalid {
			t.Errorf("Acceptable(%q) is of the kind %v", password, fault.KindOf(err))
		}
	}
}

// TestCodesOfTheStandard holds codes to RFC 6238, appendix B (the last six of its
// eight digits).
func TestCodesOfTheStandard(t *testing.T) {
	secret := base32.StdEncoding.EncodeToString([]byte("12345678901234567890"))
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		got, err := Code(secret, time.Unix(at, 0))
		if err != nil || got != want {
			t.Errorf("code at %d = %s, %v, want %s", at, got, err, want)
		}
	}
}

func TestCheck(t *testing.T) {
	secret, err := NewSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1_800_000_015, 0)
	for ago, right := range map[time.Duration]bool{-2 * Step: false, -Step: true, 0: true, Step: true, 2 * Step: false} {
		code, err := Code(secret, now.Add(ago))
		if err != nil {
			t.Fatal(err)
		}
		step, got, err := Check(secret, code[:3]+" "+code[3:], now)
		if err != nil || got != right || right && step != stepOf(now.Add(ago)) {
			t.Errorf("a code of %v from now: step %d, %t, %v", ago, step, got, err)
		}
	}
	if _, right, _ := Check(secret, "", now); right {
		t.Error("no code is right")
	}
}

func TestSealedSecrets(t *testing.T) {
	key := make([]byte, 32)
	sealed, err := Seal(key, "ada", "SECRET", rand.Reader)
	if err != nil || strings.Contains(string(sealed), "SECRET") {
		t.Fatalf("Seal = %q, %v", sealed, err)
	}
	if got, err := Open(key, "ada", sealed); got != "SECRET" || err != nil {
		t.Errorf("Open = %q, %v", got, err)
	}
	if _, err := Open(key, "bob", sealed); err == nil {
		t.Error("another account's secret can be opened")
	}
	if _, err := Open(append(key[:31:31], 1), "ada", sealed); err == nil {
		t.Error("another key opens it")
	}
	for _, damaged := range [][]byte{nil, sealed[:5], append(sealed[:len(sealed)-1:len(sealed)-1], 0, 0)} {
		if _, err := Open(key, "ada", damaged); err == nil {
			t.Errorf("%q can be opened", damaged)
		}
	}
}

func TestRecoveryCodes(t *testing.T) {
	codes, hashes, err := RecoveryCodes(rand.Reader, 10)
	if err != nil || len(codes) != 10 {
		t.Fatal(codes, err)
	}
	seen := map[string]bool{}
	for i, c := range codes {
		if seen[c] || len(c) != 19 {
			t.Errorf("code %s", c)
		}
		seen[c] = true
		if string(RecoveryHash(" "+strings.ToUpper(strings.ReplaceAll(c, "-", " ")))) != string(hashes[i]) {
			t.Errorf("%s typed in another way is another", c)
		}
	}
}

// Package credential is what somebody proves with who they are: passwords,
// one-time codes, and the codes for when the phone is lost. It makes and checks
// them, and keeps nothing: what is stored and counted is record's.
//
// A password is kept as an Argon2id hash (RFC 9106) with its salt and parameters
// in the usual form $argon2id$v=19$m=…,t=…,p=…$salt$hash, so that later versions
// can ask more and still check what is there. Hashing takes memory on purpose,
// so a Hasher lets few at a time do it, and refuses when too many wait.
//
// A one-time code is that of RFC 6238 (six digits, 30 seconds, SHA-1, which every
// authenticator app knows). Check returns the step that a code is of: whoever
// calls notes it, so that no code is taken twice.
//
// Trade-offs: passkeys withstand what codes do not, a page that pretends to be
// ours. They need scripts, and come later beside these.
package credential

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"joinery/fault"
)

// Cost is what hashing a password takes.
type Cost struct {
	Memory  uint32 // KiB
	Passes  uint32
	Threads uint8
}

// Usual is the cost of new hashes: RFC 9106's second recommendation, on one
// thread, since others want to sign in too.
var Usual = Cost{Memory: 64 << 10, Passes: 3, Threads: 1}

// Hasher hashes and checks passwords, few at a time. It is safe for concurrent
// use.
type Hasher struct {
	cost    Cost
	rand    io.Reader
	turn    chan struct{} // one for each that may hash at once
	waiting chan struct{} // one for each that waits or hashes
	nobody  string        // a hash of no password, for names that are nobody's
}

// hashing is how many hash at once, and queue how many may be there in all: some
// 130 MB, and a wait of a few seconds for the last.
const (
	hashing = 2
	queue   = 64
)

const (
	saltSize = 16
	hashSize = 32
)

// NewHasher returns a Hasher of a cost, with salts from rand.
func NewHasher(c Cost, random io.Reader) *Hasher {
	h := &Hasher{cost: c, rand: random, turn: make(chan struct{}, hashing), waiting: make(chan struct{}, queue)}
	h.nobody = encode(c, make([]byte, saltSize), make([]byte, hashSize))
	return h
}

// Hash returns the hash of a new password. The fault is Unavailable when too many
// wait for theirs.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltSize)
	if _, err := io.ReadFull(h.rand, salt); err != nil {
		return "", fmt.Errorf("make a salt: %w", err)
	}
	sum, err := h.derive(ctx, h.cost, password, salt)
	if err != nil {
		return "", err
	}
	return encode(h.cost, salt, sum), nil
}

// Check reports whether a password is the one that was hashed, and whether its
// hash is of another cost than new ones are, so that it should be made again. An
// empty hash is nobody's: it takes as long as any, and no password is right.
func (h *Hasher) Check(ctx context.Context, password, hash string) (right, outdated bool, err error) {
	known := hash != ""
	if !known {
		hash = h.nobody
	}
	cost, salt, want, err := decode(hash)
	if err != nil {
		return false, false, err
	}
	got, err := h.derive(ctx, cost, password, salt)
	if err != nil {
		return false, false, err
	}
	same := subtle.ConstantTimeCompare(got, want) == 1
	return same && known, cost != h.cost, nil
}

var errBusy = fault.New(fault.Unavailable, "Many people are signing in at this moment. Wait a few seconds and try again.")

func (h *Hasher) derive(ctx context.Context, c Cost, password string, salt []byte) ([]byte, error) {
	select {
	case h.waiting <- struct{}{}:
		defer func() { <-h.waiting }()
	default:
		return nil, errBusy
	}
	select {
	case h.turn <- struct{}{}:
		defer func() { <-h.turn }()
	case <-ctx.Done():
		return nil, fault.Wrap(fault.Unavailable, errBusy.FaultMessage(), ctx.Err())
	}
	return argon2.IDKey([]byte(norm.NFKC.String(password)), salt, c.Passes, c.Memory, c.Threads, hashSize), nil
}

func encode(c Cost, salt, sum []byte) string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.Memory, c.Passes, c.Threads, b64(salt), b64(sum))
}

var errHash = errors.New("this is no hash of a password that we made")

func decode(hash string) (c Cost, salt, sum []byte, err error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Passes, &c.Threads); err != nil || c.Passes < 1 || c.Threads < 1 {
		return c, nil, nil, errHash
	}
	salt, err = base64.RawStdEncoding.DecodeString(parts[4])
	if err == nil {
		sum, err = base64.RawStdEncoding.DecodeString(parts[5])
	}
	if err != nil || len(sum) != hashSize {
		return c, nil, nil, errHash
	}
	return c, salt, sum, nil
}

// Length of a password, in characters. There is no other rule but that it is not
// much the same character, nor the name: rules of composition make people choose
// worse ones (NIST SP 800-63B, section 5.1.1).
const (
	ShortestPassword = 12
	longestPassword  = 256
	fewestDifferent  = 5
)

// Acceptable says what is wrong with a password that somebody chose for an
// account of a name, nil when nothing.
func Acceptable(password, name string) error {
	n := utf8.RuneCountInString(password)
	different := map[rune]bool{}
	for _, c := range password {
		different[c] = true
	}
	switch {
	case !utf8.ValidString(password):
		return fault.New(fault.Invalid, "This password has bytes that are no characters.")
	case n < ShortestPassword:
		return fault.New(fault.Invalid, fmt.Sprintf("A password has at least %d characters. Three or four words that have nothing to do with each other are easy to remember.", ShortestPassword))
	case n > longestPassword:
		return fault.New(fault.Invalid, fmt.Sprintf("A password has at most %d characters.", longestPassword))
	case len(different) < fewestDifferent:
		return fault.New(fault.Invalid, fmt.Sprintf("A password has at least %d different characters.", fewestDifferent))
	case len(name) >= 3 && strings.Contains(strings.ToLower(password), strings.ToLower(name)):
		return fault.New(fault.Invalid, "A password does not contain the name that you sign in with.")
	}
	return nil
}

// letters are those of made passwords and codes: none that is taken for another.
const letters = "abcdefghjkmnpqrstuvwxyz23456789"

// Made returns groups of four random letters, joined by hyphens: about 5 bits a
// letter.
func Made(random io.Reader, groups int) (string, error) {
	var b strings.Builder
	one := make([]byte, 1)
	for i := 0; i < groups*4; {
		if _, err := io.ReadFull(random, one); err != nil {
			return "", fmt.Errorf("make a code: %w", err)
		}
		if int(one[0]) >= 256/len(letters)*len(letters) { // else some letters would come more often
			continue
		}
		if i > 0 && i%4 == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(letters[int(one[0])%len(letters)])
		i++
	}
	return b.String(), nil
}

// RecoveryCodes returns codes, each of which can stand once for a one-time code,
// and their hashes. They have some 79 bits each, so a plain hash is enough.
func RecoveryCodes(random io.Reader, n int) (codes []string, hashes [][]byte, err error) {
	for range n {
		code, err := Made(random, 4)
		if err != nil {
			return nil, nil, err
		}
		codes = append(codes, code)
		hashes = append(hashes, RecoveryHash(code))
	}
	return codes, hashes, nil
}

// RecoveryHash returns the hash of a recovery code, however it was typed.
func RecoveryHash(code string) []byte {
	plain := strings.Map(func(r rune) rune {
		if strings.ContainsRune(letters, r) {
			return r
		}
		return -1
	}, strings.ToLower(code))
	sum := sha256.Sum256([]byte("joinery recovery\x00" + plain))
	return sum[:]
}

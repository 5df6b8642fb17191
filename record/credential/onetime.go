package credential

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

// Step is how long a one-time code is shown.
const Step = 30 * time.Second

// around is how many steps before and after that of now a code may be of: clocks
// differ, and people type.
const around = 1

// secretSize is what RFC 4226, section 4, recommends.
const secretSize = 20

var base32Plain = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewSecret returns the secret of a new series of one-time codes, as
// authenticator apps take it.
func NewSecret(random io.Reader) (string, error) {
	b := make([]byte, secretSize)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("make a secret: %w", err)
	}
	return base32Plain.EncodeToString(b), nil
}

// Address returns the address by which an authenticator app takes a secret.
func Address(secret, account string) string {
	q := url.Values{"secret": {secret}, "issuer": {"Joinery"}}
	return (&url.URL{Scheme: "otpauth", Host: "totp", Path: "/Joinery:" + account, RawQuery: q.Encode()}).String()
}

// Code returns the one-time code of a secret at a moment.
func Code(secret string, at time.Time) (string, error) {
	code, err := hotp.GenerateCodeCustom(secret, uint64(stepOf(at)), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		return "", fmt.Errorf("work out a one-time code: %w", err)
	}
	return code, nil
}

func stepOf(at time.Time) int64 { return at.Unix() / int64(Step/time.Second) }

// Check returns the step that a code is of, around a moment, and false when it is
// of none. It looks at all of them, however soon one is right.
func Check(secret, code string, at time.Time) (step int64, right bool, err error) {
	code = strings.Join(strings.Fields(code), "")
	for i := int64(-around); i <= around; i++ {
		want, err := Code(secret, at.Add(time.Duration(i)*Step))
		if err != nil {
			return 0, false, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step, right = stepOf(at)+i, true
		}
	}
	return step, right, nil
}

// Seal encrypts a secret with a key of 32 bytes, for the account of a name: put
// into another's it cannot be opened.
func Seal(key []byte, account, secret string, random io.Reader) ([]byte, error) {
	box, err := boxOf(key)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, box.NonceSize())
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, fmt.Errorf("encrypt a secret: %w", err)
	}
	return box.Seal(nonce, nonce, []byte(secret), []byte(account)), nil
}

// Open returns what Seal encrypted.
func Open(key []byte, account string, sealed []byte) (string, error) {
	box, err := boxOf(key)
	if err != nil {
		return "", err
	}
	if len(sealed) < box.NonceSize() {
		return "", errors.New("an encrypted secret is damaged")
	}
	plain, err := box.Open(nil, sealed[:box.NonceSize()], sealed[box.NonceSize():], []byte(account))
	if err != nil {
		return "", fmt.Errorf("decrypt a secret: %w", err)
	}
	return string(plain), nil
}

func boxOf(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("take the key of the accounts: %w", err)
	}
	box, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("take the key of the accounts: %w", err)
	}
	return box, nil
}

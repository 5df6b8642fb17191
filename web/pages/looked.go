package pages

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"time"
)

// What is new to somebody is what came since they looked last. When that was, their
// own browser keeps: for each page a few bytes of a hash of who looks at what, and
// two times, of the visit before and of this one. A visit lasts half an hour, so
// that what is new does not go away by loading the page again. On another machine,
// everything counts as looked at for the first time.

const (
	lookedCookie = "looked"
	lookedAt     = 40 // pages that are remembered, the latest
	lookedBytes  = 8 + 4 + 4
	visit        = 30 * time.Minute
)

// look returns when whoever asks looked at a page before this visit, the zero time
// when never, and remembers that they look now.
func (c *call) look(what string) time.Time {
	now := c.now().Unix()
	sum := sha256.Sum256([]byte(c.practitioner() + " " + what))
	key := binary.BigEndian.Uint64(sum[:8])
	var kept []byte
	if cookie, err := c.r.Cookie(lookedCookie); err == nil {
		kept, _ = base64.RawURLEncoding.DecodeString(cookie.Value) // what is no such thing is no memory
	}
	var before, last int64
	rest := make([]byte, 0, len(kept)+lookedBytes)
	for ; len(kept) >= lookedBytes; kept = kept[lookedBytes:] {
		if binary.BigEndian.Uint64(kept) == key {
			before, last = int64(binary.BigEndian.Uint32(kept[8:])), int64(binary.BigEndian.Uint32(kept[12:]))
			continue
		}
		rest = append(rest, kept[:lookedBytes]...)
	}
	if last > now {
		before, last = 0, 0 // no browser of ours
	}
	if now-last > int64(visit/time.Second) {
		before = last
	}
	mine := binary.BigEndian.AppendUint64(nil, key)
	mine = binary.BigEndian.AppendUint32(mine, uint32(before)) //nolint:gosec // seconds since 1970, until 2106
	mine = binary.BigEndian.AppendUint32(mine, uint32(now))    //nolint:gosec // likewise
	rest = append(mine, rest...)
	http.SetCookie(c.w, &http.Cookie{
		Name: lookedCookie, Value: base64.RawURLEncoding.EncodeToString(rest[:min(len(rest), lookedAt*lookedBytes)]), Path: "/", MaxAge: 90 * 24 * 3600,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: c.secure(),
	})
	if before == 0 {
		return time.Time{}
	}
	return time.Unix(before, 0)
}

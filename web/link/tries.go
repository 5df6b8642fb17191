package link

import (
	"sync"
	"time"
)

// Links that do not work are counted by the address that tries them: after allowed
// of them within window, it is refused for the rest of it. A secret has 256 bits, so
// that nobody finds one by trying; this keeps those who try from keeping the record
// busy. Behind a proxy that is not trusted (web.Options.Proxies) all come from its
// address, which is why allowed is no small number.
const (
	window     = 10 * time.Minute
	allowed    = 60
	remembered = 10_000 // addresses; beyond, counting begins anew
)

type tries struct {
	now func() time.Time
	mu  sync.Mutex
	of  map[string]*failures
}

type failures struct {
	since time.Time
	n     int
}

func newTries(now func() time.Time) *tries { return &tries{now: now, of: map[string]*failures{}} }

// may reports whether an address may try.
func (t *tries) may(source string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.of[source]
	return f == nil || f.n < allowed || t.now().Sub(f.since) >= window
}

// failed counts a link that does not work.
func (t *tries) failed(source string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.of[source]
	if f == nil || t.now().Sub(f.since) >= window {
		if len(t.of) >= remembered {
			clear(t.of)
		}
		f = &failures{since: t.now()}
		t.of[source] = f
	}
	f.n++
}

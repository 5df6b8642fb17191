package record

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"joinery/record/access"
	"joinery/record/store"
)

// A visit goes on while no more than half an hour lies between two looks, so that
// what is new does not go away by loading the page again; looks are noted so far
// apart.
const (
	visitLasts = 30 * time.Minute
	visitNoted = 5 * time.Minute
)

// Visit returns when whoever asks ended their visit of something before this one,
// the zero time when there was none, and notes that they are there now: on any
// computer, for it is the account that is remembered. what is the caller's name of
// it, such as Patient/x; no more than hashes of both is kept. It tells nothing of
// anybody else, so it is not audited; reads are, by themselves.
func (v *View) Visit(ctx context.Context, what string) (before time.Time, err error) {
	if v.subject.Role() == access.Nobody {
		return time.Time{}, nil
	}
	w := v.subject.Who()
	who := sha256.Sum256(fmt.Appendf(nil, "%s|%q|%q|%q", v.subject.Role(), w.Client, w.Name, w.Operator))
	at := sha256.Sum256([]byte(what))
	return v.rec.store.Visit(ctx, store.Visit{Who: who[:16], What: at[:16], At: v.rec.clock(), Lasts: visitLasts, Noted: visitNoted})
}

package store

import (
	"context"
	"errors"
	"sync"
	"time"

	"joinery/fault"
)

// How much is committed together. Larger groups raise the time that the slowest
// waits, not the rate.
const (
	groupTx   = 64
	groupRows = 5000
)

// item is something that waits to be written.
type item struct {
	tx   *Tx
	ctx  context.Context
	done chan struct{}
	out  Committed
	err  error
}

func (it *item) finish(err error) {
	it.err = err
	close(it.done)
}

// small reports whether the item changes nothing, and so goes first.
func (it *item) small() bool { return len(it.tx.Changes) == 0 && it.tx.Check == nil }

// writer takes what waits and commits it in groups.
type writer struct {
	s    *Store
	wake chan struct{}
	quit chan struct{}
	end  sync.WaitGroup

	mu       sync.Mutex
	smalls   []*item
	bigs     []*item
	closed   bool
	doubtful error // set while it is unknown what is on disk

	state state // of the goroutine alone
}

func newWriter(s *Store) *writer {
	w := &writer{s: s, wake: make(chan struct{}, 1), quit: make(chan struct{})}
	w.end.Add(1)
	go w.run()
	return w
}

// submit hands something to the writer and waits until it is on disk.
func (w *writer) submit(ctx context.Context, tx *Tx) (Committed, error) {
	it := &item{tx: tx, ctx: ctx, done: make(chan struct{})}
	w.mu.Lock()
	switch {
	case w.closed:
		w.mu.Unlock()
		return Committed{}, fault.New(fault.Unavailable, "The record is shutting down.")
	case w.doubtful != nil:
		err := w.doubtful
		w.mu.Unlock()
		return Committed{}, fault.Wrap(fault.Unavailable, "The record cannot write to its disk.", err)
	}
	if it.small() {
		w.smalls = append(w.smalls, it)
	} else {
		w.bigs = append(w.bigs, it)
	}
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
	select {
	case <-it.done:
		return it.out, it.err
	case <-ctx.Done():
	}
	// Who gave up must still not be told that nothing happened when it may have.
	if w.withdraw(it) {
		return Committed{}, timedOut(ctx.Err())
	}
	<-it.done
	return it.out, it.err
}

// withdraw takes back an item that the writer has not begun with.
func (w *writer) withdraw(it *item) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, queue := range []*[]*item{&w.smalls, &w.bigs} {
		for i, other := range *queue {
			if other == it {
				*queue = append((*queue)[:i:i], (*queue)[i+1:]...)
				return true
			}
		}
	}
	return false
}

// takeSmalls returns all that only audits.
func (w *writer) takeSmalls() []*item {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.smalls
	w.smalls = nil
	return out
}

// takeBig returns the next transaction. With others in the group already, one
// that waits behind it does not hold up what only audits.
func (w *writer) takeBig(had, rows int) *item {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.bigs) == 0 || had >= groupTx {
		return nil
	}
	next := w.bigs[0]
	if had > 0 && (rows+len(next.tx.Changes) > groupRows || len(w.smalls) > 0 && rows >= patience) {
		return nil
	}
	w.bigs = w.bigs[1:]
	return next
}

// patience is how many changes an audit waits for before the group is closed
// for its sake.
const patience = 256

func (w *writer) run() {
	defer w.end.Done()
	for {
		select {
		case <-w.wake:
		case <-w.quit:
			w.drain()
			return
		}
		for w.round() {
		}
	}
}

// round commits one group, and reports whether there was one.
func (w *writer) round() bool {
	w.mu.Lock()
	waiting := len(w.smalls) + len(w.bigs)
	w.mu.Unlock()
	if waiting == 0 {
		return false
	}
	g := &group{w: w, s: w.s, ctx: w.s.ctx}
	err := w.s.db.write(g.ctx, g.run)
	if err == nil {
		w.state = g.state
		g.settle(nil)
		return true
	}
	w.state = state{} // numbers were given that are not taken
	var doubt *inDoubt
	switch {
	case errors.As(err, &doubt):
		g.settle(err)
		w.mendUntil(err)
	case len(g.items) > 1 && fault.KindOf(err) != fault.Unavailable:
		w.one(g.items)
	default:
		g.settle(err)
	}
	return true
}

func timedOut(err error) error {
	return fault.Wrap(fault.Unavailable, "This took too long, and nothing was stored.", err)
}

// one commits items one by one, so that whichever cannot be written fails
// alone.
func (w *writer) one(items []*item) {
	for _, it := range items {
		if it.err != nil { // refused
			it.finish(it.err)
			continue
		}
		it.out = Committed{}
		g := &group{w: w, s: w.s, ctx: w.s.ctx, only: it}
		err := w.s.db.write(g.ctx, g.run)
		if err != nil {
			w.state = state{}
			g.settle(err)
			continue
		}
		w.state = g.state
		g.settle(nil)
	}
}

// mendUntil refuses everything until the database is safe again.
func (w *writer) mendUntil(cause error) {
	w.mu.Lock()
	w.doubtful = cause
	waiting := append(w.smalls, w.bigs...)
	w.smalls, w.bigs = nil, nil
	w.mu.Unlock()
	for _, it := range waiting {
		it.finish(fault.Wrap(fault.Unavailable, "The record cannot write to its disk.", cause))
	}
	w.s.log.Error("the disk failed while committing; the database is being opened again", "error", cause)
	for pause := time.Second / 4; ; pause = min(2*pause, 10*time.Second) {
		err := w.s.db.mend(w.s.ctx)
		if err == nil {
			break
		}
		w.s.log.Error("the database cannot be opened again", "error", err)
		select {
		case <-time.After(pause):
		case <-w.quit:
			return
		}
	}
	w.mu.Lock()
	w.doubtful = nil
	w.mu.Unlock()
	w.s.log.Info("the database is safe again")
}

// drain refuses what waits when the store closes.
func (w *writer) drain() {
	w.mu.Lock()
	waiting := append(w.smalls, w.bigs...)
	w.smalls, w.bigs = nil, nil
	w.mu.Unlock()
	for _, it := range waiting {
		it.finish(fault.New(fault.Unavailable, "The record is shutting down."))
	}
}

// close ends the goroutine after the group in progress.
func (w *writer) close() {
	w.mu.Lock()
	was := w.closed
	w.closed = true
	w.mu.Unlock()
	if !was {
		close(w.quit)
	}
	w.end.Wait()
}

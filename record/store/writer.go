package store

import (
	"context"
	"errors"
	"log/slog"
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
func (it *item) small() bool { return len(it.tx.Changes)+len(it.tx.Apart) == 0 && it.tx.Check == nil }

// writer takes what waits and commits it in groups. On SQLite one goroutine
// does; on PostgreSQL another does for what only audits, which need not wait for
// the lock under which t is given.
type writer struct {
	s     *Store
	lanes []*lane
	quit  chan struct{}
	end   sync.WaitGroup

	mu       sync.Mutex
	smalls   []*item
	bigs     []*item
	closed   bool
	doubtful error // set while it is unknown what is on disk
}

// lane is one goroutine of a writer.
type lane struct {
	w            *writer
	smalls, bigs bool // what it takes
	wake         chan struct{}
	state        state // of the goroutine alone
	batches      *batches
}

func newWriter(s *Store) *writer {
	w := &writer{s: s, quit: make(chan struct{})}
	if s.owner {
		w.lanes = []*lane{{w: w, smalls: true, bigs: true}}
	} else {
		w.lanes = []*lane{{w: w, smalls: true}, {w: w, bigs: true}}
	}
	for _, l := range w.lanes {
		l.wake = make(chan struct{}, 1)
		w.end.Add(1)
		go l.run()
	}
	return w
}

// submit hands something to the writer and waits until it is on disk.
func (w *writer) submit(ctx context.Context, tx *Tx) (Committed, error) {
	it := &item{tx: tx, ctx: ctx, done: make(chan struct{})}
	small := it.small()
	w.mu.Lock()
	if err := w.refuses(); err != nil {
		w.mu.Unlock()
		if small {
			return Committed{}, w.s.reserve.keep(tx, err)
		}
		return Committed{}, err
	}
	if small {
		w.smalls = append(w.smalls, it)
	} else {
		w.bigs = append(w.bigs, it)
	}
	w.mu.Unlock()
	for _, l := range w.lanes {
		if small && l.smalls || !small && l.bigs {
			select {
			case l.wake <- struct{}{}:
			default:
			}
		}
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

// refuses returns why nothing can be written now.
func (w *writer) refuses() error {
	switch {
	case w.closed:
		return fault.New(fault.Unavailable, "The record is shutting down.")
	case w.doubtful != nil:
		return fault.Wrap(fault.Unavailable, "The record cannot write to its disk.", w.doubtful)
	}
	return nil
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

func (l *lane) run() {
	defer l.w.end.Done()
	for {
		select {
		case <-l.wake:
		case <-l.w.quit:
			l.w.drain()
			return
		}
		for l.round() {
		}
	}
}

// take returns what is committed next.
func (l *lane) take() []*item {
	var items []*item
	if l.smalls {
		items = l.w.takeSmalls()
	}
	rows := 0
	for n := 0; l.bigs; n++ {
		it := l.w.takeBig(n, rows)
		if it == nil {
			break
		}
		rows += len(it.tx.Changes)
		items = append(items, it)
	}
	return items
}

// round commits one group, and reports whether there was one.
func (l *lane) round() bool {
	items := l.take()
	if len(items) == 0 {
		return false
	}
	g := &group{lane: l, s: l.w.s, ctx: l.w.s.ctx, items: items, open: l.smalls}
	err := l.write(g)
	var doubt *inDoubt
	switch {
	case err == nil:
		g.settle(nil)
	case errors.As(err, &doubt):
		g.settle(err)
		l.w.mendUntil(err)
	case len(g.items) > 1 && fault.KindOf(err) != fault.Unavailable:
		l.oneByOne(g.items)
	default:
		g.settle(err)
	}
	return true
}

// write commits a group. What the reserve keeps goes in front.
func (l *lane) write(g *group) error {
	for l.smalls {
		g.kept = l.w.s.reserve.kept()
		if len(g.kept) <= keptAtOnce {
			break
		}
		first := &group{lane: l, s: g.s, ctx: g.ctx, kept: g.kept[:keptAtOnce]} // nobody answers who would come along
		if err := l.commit(first); err != nil {
			return err
		}
	}
	return l.commit(g)
}

// keptAtOnce is how much of the reserve goes into one commit. While the disk is
// full each try at it fails, so a try must not cost more the longer that lasts.
const keptAtOnce = 32

func (l *lane) commit(g *group) error {
	if err := g.commit(); err != nil {
		l.state = state{} // numbers were given that are not taken
		return err
	}
	l.state = g.state
	if len(g.kept) > 0 {
		l.w.s.reserve.clear(g.kept)
	}
	return nil
}

// oneByOne commits items alone, so that whichever cannot be written harms no
// other.
func (l *lane) oneByOne(items []*item) {
	for _, it := range items {
		g := &group{lane: l, s: l.w.s, ctx: l.w.s.ctx, items: []*item{it}}
		err := l.write(g)
		g.settle(err)
		var doubt *inDoubt
		if errors.As(err, &doubt) {
			l.w.mendUntil(err)
		}
	}
}

func timedOut(err error) error {
	return fault.Wrap(fault.Unavailable, "This took too long, and nothing was stored.", err)
}

// mendUntil refuses everything until the database is safe again.
func (w *writer) mendUntil(cause error) {
	w.mu.Lock()
	w.doubtful = cause
	waiting := append(w.smalls, w.bigs...)
	w.smalls, w.bigs = nil, nil
	w.mu.Unlock()
	for _, it := range waiting {
		w.s.settle(it, fault.Wrap(fault.Unavailable, "The record cannot write to its disk.", cause))
	}
	w.s.log.Error("the disk failed while committing; the database is being opened again", slog.Any("error", cause))
	for pause := time.Second / 4; ; pause = min(2*pause, 10*time.Second) {
		err := w.s.db.mend(w.s.ctx)
		if err == nil {
			break
		}
		w.s.log.Error("the database cannot be opened again", slog.Any("error", err))
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

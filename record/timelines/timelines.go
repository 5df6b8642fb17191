// Package timelines keeps everyone's timelines as the record goes on.
//
//	k, err := timelines.Open(ctx, rec.As(system), timelines.Options{Path: "timelines.set", Name: "timelines"})
//	err = k.Run(ctx, time.Tick(200*time.Millisecond), func(ctx context.Context, changed []int64) error { … })
//	set, err := k.Set()
//
// A Keeper follows the record's log under a name and a lease. What changed is
// read as it is now and replaces what came of it before, so that dealing with a
// change twice does no harm. Deleted, corrected and entered-in-error resources
// leave by the same way as others come. Persons who are one in the record are
// one person here, known by the lowest of their keys, with the profile of the
// lowest whose Patient is there and was not replaced by another.
//
// The timelines are kept in a file with the place of the log up to which they
// go; a start reads it and deals with what changed since. The file can be thrown
// away at any time: what is built anew from the same record is the same, byte
// for byte.
//
// Trade-offs: a change of a Patient reads everything of that person again, since
// it may join persons or part them; any other change reads only itself.
package timelines

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"joinery/fault"
	"joinery/record"
	"joinery/timeline"
)

// Options say how timelines are kept.
type Options struct {
	Path  string        // file that keeps them from one start to the next
	Name  string        // under which the log is followed: one a file
	Lease time.Duration // how long a keeper that fell silent keeps others waiting; a minute when 0
	Log   *slog.Logger  // nil: nothing is said
}

// Keeper keeps timelines. Set, Person and Wait may be called by any number of
// goroutines; all else is for one.
type Keeper struct {
	opts     Options
	follower *record.Follower
	live     *timeline.Live
	at       record.Position
	since    int             // transactions since the file was written
	wrote    time.Time       // the tick at which Run last wrote it, or began
	group    map[int64]int64 // of persons who are one with others: the lowest of their keys
	untold   []int64         // keys that changed before Run could tell of them
	place    gate
	saving   *saving // nil: nothing is being saved meanwhile
}

// gate lets goroutines wait until the log is dealt with up to a place.
type gate struct {
	mu    sync.Mutex
	at    record.Position
	moved chan struct{} // closed when at moves on; nil: nobody waits
}

func (g *gate) open(at record.Position) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.at = at
	if g.moved != nil {
		close(g.moved)
		g.moved = nil
	}
}

// closed returns what is closed when it is worth to look again, nil when the
// place is reached.
func (g *gate) closed(at record.Position) <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.at >= at {
		return nil
	}
	if g.moved == nil {
		g.moved = make(chan struct{})
	}
	return g.moved
}

// Wait waits until everything up to a place of the log is in the timelines. The
// error is the context's, when it ends first.
func (k *Keeper) Wait(ctx context.Context, at record.Position) error {
	for {
		moved := k.place.closed(at)
		if moved == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err() //nolint:wrapcheck // the caller's own
		case <-moved:
		}
	}
}

// note is what the file says of itself.
type note struct {
	At     record.Position
	Groups [][2]int64 // person and group, in order
}

// Open takes the lease, reads the file, or builds the timelines from the record
// when there is none that is whole and of this record, and brings them up to
// now. The fault is Unavailable while another keeper has the name.
func Open(ctx context.Context, v *record.View, o Options) (*Keeper, error) {
	if o.Lease == 0 {
		o.Lease = time.Minute
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	f, err := v.Follow(ctx, o.Name, o.Lease)
	if err != nil {
		return nil, fmt.Errorf("keep timelines: %w", err)
	}
	k := &Keeper{opts: o, follower: f, group: map[int64]int64{}}
	if err := k.start(ctx); err != nil {
		return nil, fmt.Errorf("keep timelines: %w", err)
	}
	return k, nil
}

func (k *Keeper) start(ctx context.Context) error {
	done, newest, err := k.follower.Begin(ctx)
	if err != nil {
		return err
	}
	if err := k.read(done); err != nil {
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, timeline.ErrStale) {
			return err
		}
		k.opts.Log.InfoContext(ctx, "the timelines are built from the record")
		if err := k.build(ctx, newest); err != nil {
			return err
		}
		if err := k.Save(ctx); err != nil {
			return err
		}
		k.opts.Log.InfoContext(ctx, "the timelines are built", slog.Int("people", k.live.Begun()))
		return nil
	}
	if err := k.practices(ctx); err != nil {
		return err
	}
	k.place.open(k.at)
	for k.at < newest {
		changed, err := k.Step(ctx)
		if err != nil {
			return err
		}
		k.untold = append(k.untold, changed...)
	}
	return nil
}

// read takes up the file, if it goes just up to where the log says that all is
// done: otherwise it is another record's, or that of a copy of it.
func (k *Keeper) read(done record.Position) error {
	set, said, err := timeline.ReadSet(k.opts.Path)
	if err != nil {
		return err
	}
	var n note
	if err := json.Unmarshal(said, &n); err != nil || n.At != done || done == 0 {
		return timeline.ErrStale
	}
	for _, g := range n.Groups {
		k.group[g[0]] = g[1]
	}
	k.at, k.live = n.At, timeline.NewLive(set)
	return nil
}

// practices learns of which network each practice is a part.
func (k *Keeper) practices(ctx context.Context) error {
	held, err := k.follower.Nobodys(ctx, "Organization")
	if err != nil {
		return err
	}
	for i := range held {
		doc, err := held[i].Doc()
		if err != nil {
			return err
		}
		k.live.Practice(timeline.NetworkOf(doc.Root()))
	}
	return nil
}

// Set returns everyone's timelines as far as changes were dealt with.
func (k *Keeper) Set() (*timeline.Set, error) { return k.live.Set() }

// Person returns one person's, by key.
func (k *Keeper) Person(key int64) (timeline.Person, bool) { return k.live.Person(key) }

// At returns the place of the log up to which the timelines go.
func (k *Keeper) At() record.Position { return k.at }

// Save writes the file and notes in the record that all up to here is done.
func (k *Keeper) Save(ctx context.Context) error {
	if err := k.saved(ctx, true); err != nil {
		return err
	}
	k.beginSaving()
	return k.saved(ctx, true)
}

// saving is the file being written, while the log is followed on.
type saving struct {
	at     record.Position
	since  int // transactions that were not in the file before
	frozen *timeline.Frozen
	done   chan struct{} // closed when it is written, or failed
	set    *timeline.Set // from then on
	err    error         // likewise
}

// beginSaving begins to make one set of everyone as they are now, and to write
// it.
func (k *Keeper) beginSaving() {
	s := &saving{at: k.at, since: k.since, frozen: k.live.Freeze(), done: make(chan struct{})}
	n := note{At: k.at}
	for _, p := range slices.Sorted(maps.Keys(k.group)) {
		n.Groups = append(n.Groups, [2]int64{p, k.group[p]})
	}
	k.saving = s
	go func() {
		defer close(s.done)
		s.err = s.write(k.opts.Path, &n)
	}()
}

func (s *saving) write(path string, n *note) (err error) {
	said, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("keep timelines: %w", err)
	}
	if s.set, err = s.frozen.Compact(); err != nil {
		return fmt.Errorf("keep timelines: %w", err)
	}
	if err := s.set.Save(path, said); err != nil {
		return fmt.Errorf("keep timelines: %w", err)
	}
	return nil
}

// written is closed when there is something to take up, nil when nothing is
// being written.
func (k *Keeper) written() <-chan struct{} {
	if k.saving == nil {
		return nil
	}
	return k.saving.done
}

// saved takes up what was written, if it is done or is to be waited for, and
// notes so in the record.
func (k *Keeper) saved(ctx context.Context, wait bool) error {
	s := k.saving
	if s == nil {
		return nil
	}
	if !wait {
		select {
		case <-s.done:
		default:
			return nil
		}
	}
	<-s.done
	if s.err != nil {
		k.saving = nil
		return s.err
	}
	if err := k.live.Take(s.frozen, s.set); err != nil {
		return fmt.Errorf("keep timelines: %w", err)
	}
	if err := k.follower.Done(ctx, s.at); err != nil {
		return fmt.Errorf("keep timelines: %w", err)
	}
	k.saving = nil // not before: what was interrupted is taken up by Close
	k.since -= s.since
	return nil
}

// Close writes the file if anything changed, and lets another keeper have the
// name.
func (k *Keeper) Close(ctx context.Context) error {
	err := k.saved(ctx, true)
	if err == nil && k.since > 0 {
		err = k.Save(ctx)
	}
	return errors.Join(err, k.follower.Release(ctx))
}

// The file is written again after so many transactions, or when one person in
// five changed, whichever is first: so much a start has to do over again. But
// not twice within a time: to write and sync it holds up the record's own disk.
// The log is followed on meanwhile.
const (
	maxSince  = 100_000
	minToSave = 2_000
	saveEvery = 30 * time.Second
)

func (k *Keeper) worthSaving(now time.Time) bool {
	return now.Sub(k.wrote) >= saveEvery &&
		(k.since > maxSince || k.since > minToSave && k.live.Changed() > k.live.Begun()/5)
}

// Run deals with what changes, at each tick, until the context ends; then it
// returns nil. do, which may be nil, is told the keys of those whose timelines
// changed, were made or are no more, none when the tick brought nothing; first,
// of those that changed before Run began. It ends everything with its error.
func (k *Keeper) Run(ctx context.Context, tick <-chan time.Time, do func(ctx context.Context, changed []int64) error) error {
	for {
		var now time.Time
		select {
		case <-ctx.Done():
			return nil
		case now = <-tick:
		case <-k.written():
			now = k.wrote
		}
		if k.wrote.IsZero() {
			k.wrote = now
		}
		for more := true; more; {
			var err error
			if more, err = k.advance(ctx, now, do); ctx.Err() != nil {
				return nil
			}
			if err != nil {
				return err
			}
		}
	}
}

// advance deals with the next changes and tells do of them; more says that there
// were any. It takes up a file that was written, and begins another when that is
// worth it.
func (k *Keeper) advance(ctx context.Context, now time.Time, do func(ctx context.Context, changed []int64) error) (more bool, err error) {
	from := k.at
	changed, err := k.Step(ctx)
	if err != nil {
		return false, err
	}
	if len(k.untold) > 0 {
		changed, k.untold = append(k.untold, changed...), nil
		slices.Sort(changed)
		changed = slices.Compact(changed)
	}
	if do != nil {
		if err := do(ctx, changed); err != nil {
			return false, err
		}
	}
	if err := k.saved(ctx, false); err != nil {
		return false, err
	}
	if k.saving == nil && k.worthSaving(now) {
		k.wrote = now
		k.beginSaving()
	}
	return k.at > from, nil
}

// IsTaken reports whether an error says that another keeper has the name.
func IsTaken(err error) bool { return fault.KindOf(err) == fault.Unavailable }

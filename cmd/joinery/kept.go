package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"joinery/care/finding"
	"joinery/fault"
	"joinery/record"
	"joinery/record/access"
	"joinery/record/timelines"
)

// How often a server looks for changes to bring into the timelines, how long it
// waits after a failure, how soon another may take over from a process that was
// killed, and how long a question waits for timelines that are being made.
const (
	followPace    = 100 * time.Millisecond
	followPause   = time.Second
	followLease   = 10 * time.Second
	longestToMake = time.Minute
)

// answering gives the record's timelines as far as a place of the log at least.
type answering func(ctx context.Context, at record.Position) (*timelines.Keeper, error)

// timelinesOptions say where the timelines of the record are kept. A SQLite file
// has one owner, and so one file of timelines. On PostgreSQL each server has its
// own in its state folder, by a name that is made once; commands beside it have
// another.
func (a *app) timelinesOptions(log *slog.Logger, alone bool) (timelines.Options, error) {
	o := timelines.Options{Name: "timelines", Lease: followLease, Log: log}
	if file, ok := sqlitePath(a.flags.DB); ok {
		o.Path = file + ".timelines"
		return o, nil
	}
	o.Path = filepath.Join(a.flags.State, "timelines")
	if alone {
		o.Path += "-commands"
	}
	named := o.Path + ".name"
	name, err := os.ReadFile(named)
	if errors.Is(err, fs.ErrNotExist) {
		var b [8]byte
		_, _ = rand.Read(b[:]) // it never fails
		name = []byte("timelines " + hex.EncodeToString(b[:]) + "\n")
		err = os.WriteFile(named, name, 0o600)
	}
	if err != nil {
		return o, fault.Wrap(fault.Unavailable, "The state folder cannot be used for timelines.", err)
	}
	o.Name = strings.TrimSpace(string(name))
	return o, nil
}

// openTimelines opens the timelines of a record, waiting for the lease of a
// process that was killed.
func openTimelines(ctx context.Context, rec *record.Record, o timelines.Options) (*timelines.Keeper, error) {
	subject, err := itself("timelines", access.Operations)
	if err != nil {
		return nil, err
	}
	for wait := 2 * followLease / followPause; ; wait-- {
		k, err := timelines.Open(ctx, rec.As(subject), o)
		if wait == 0 || !timelines.IsTaken(err) {
			return k, err //nolint:wrapcheck // it says what it was doing
		}
		if err := pause(ctx, followPause); err != nil {
			return nil, err
		}
	}
}

// itself is the program as a subject of the record.
func itself(part string, purpose access.Purpose) (access.Subject, error) {
	scopes, err := access.ParseScopes(everything)
	if err != nil {
		return access.Subject{}, err //nolint:wrapcheck // it cannot be
	}
	return access.NewSystem(access.Who{Client: "joinery " + part, Purpose: purpose, Scopes: scopes}) //nolint:wrapcheck // it cannot be
}

// pause waits, unless the context ends first.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // the caller's own
	case <-time.After(d):
		return nil
	}
}

// once opens the timelines for a command that has the record to itself, when it
// first asks. What it returns closes them again.
func (a *app) once(rec *record.Record, log *slog.Logger) (answering, func(context.Context) error) {
	var k *timelines.Keeper
	ask := func(ctx context.Context, at record.Position) (*timelines.Keeper, error) {
		if k == nil {
			o, err := a.timelinesOptions(log, true)
			if err != nil {
				return nil, err
			}
			if k, err = openTimelines(ctx, rec, o); err != nil {
				return nil, err
			}
		}
		return k, k.Wait(ctx, at) //nolint:wrapcheck // the caller's own
	}
	closing := func(ctx context.Context) error {
		if k == nil {
			return nil
		}
		return k.Close(ctx) //nolint:wrapcheck // it says what it was doing
	}
	return ask, closing
}

// following keeps the record's timelines up while a server runs.
type following struct {
	open func(context.Context) (*timelines.Keeper, error)
	do   func(context.Context, *timelines.Keeper, []int64) error // at each tick; nil: nothing
	log  *slog.Logger

	mu    sync.Mutex
	now   *timelines.Keeper // nil while there are none
	there chan struct{}     // closed while there are
	ticks chan struct{}     // closed when what is done at a tick has been, and made anew
}

// follow begins to keep the timelines of a record. What it returns ends that.
func (a *app) follow(ctx context.Context, rec *record.Record, log *slog.Logger, do func(context.Context, *timelines.Keeper, []int64) error) (*following, func(), error) {
	o, err := a.timelinesOptions(log, false)
	if err != nil {
		return nil, nil, err
	}
	f := &following{do: do, log: log, there: make(chan struct{}), ticks: make(chan struct{})}
	f.open = func(ctx context.Context) (*timelines.Keeper, error) { return openTimelines(ctx, rec, o) }
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { f.run(ctx) })
	return f, func() { stop(); running.Wait() }, nil
}

// find returns what finds people by definitions at each tick, nil when there are
// none, and what ends that.
func (a *app) find(ctx context.Context, rec *record.Record, log *slog.Logger, args []string) (do func(context.Context, *timelines.Keeper, []int64) error, stop func(), err error) {
	if len(args) == 0 {
		return nil, func() {}, nil
	}
	_, ds, err := library(args)
	if err != nil {
		return nil, nil, err
	}
	subject, err := itself("finding", access.PopulationHealth)
	if err != nil {
		return nil, nil, err
	}
	f, err := finding.New(ctx, rec.As(subject), finding.Options{Definitions: ds, Clock: a.clock, Lease: followLease, Log: log})
	if err != nil {
		return nil, nil, err //nolint:wrapcheck // it is fit to be shown
	}
	do = func(ctx context.Context, k *timelines.Keeper, changed []int64) error {
		if err := f.Find(ctx, k, changed); err != nil && ctx.Err() == nil {
			log.ErrorContext(ctx, "who was found is not written", slog.Any("error", err))
			_ = pause(ctx, followPause) // the next tick tries again
		}
		return nil
	}
	return do, func() {
		if err := f.Close(context.WithoutCancel(ctx)); err != nil {
			log.ErrorContext(ctx, "finding was not handed over", slog.Any("error", err))
		}
	}, nil
}

// run keeps timelines until the context ends, and begins again after a failure.
func (f *following) run(ctx context.Context) {
	for ctx.Err() == nil {
		err := f.keep(ctx)
		if ctx.Err() != nil {
			return
		}
		f.log.ErrorContext(ctx, "the timelines are not kept up", slog.Any("error", err))
		_ = pause(ctx, followPause) // the loop asks whether it ended
	}
}

func (f *following) keep(ctx context.Context) error {
	k, err := f.open(ctx)
	if err != nil {
		return err
	}
	f.set(k)
	tick := time.NewTicker(followPace)
	defer tick.Stop()
	var do func(context.Context, []int64) error
	if f.do != nil {
		do = func(ctx context.Context, changed []int64) error {
			defer f.ticked()
			return f.do(ctx, k, changed)
		}
	}
	err = k.Run(ctx, tick.C, do)
	f.set(nil)
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), longestToMake)
	defer cancel()
	if closing := k.Close(limit); closing != nil {
		err = errors.Join(err, closing)
		f.log.ErrorContext(ctx, "the timelines were not kept for the next start", slog.Any("error", closing))
	}
	return err
}

func (f *following) set(k *timelines.Keeper) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now = k; k == nil {
		f.there = make(chan struct{})
	} else {
		close(f.there)
	}
}

// answer is an answering.
func (f *following) answer(ctx context.Context, at record.Position) (*timelines.Keeper, error) {
	limit, cancel := context.WithTimeout(ctx, longestToMake)
	defer cancel()
	for {
		f.mu.Lock()
		k, there := f.now, f.there
		f.mu.Unlock()
		if k != nil {
			if err := k.Wait(limit, at); err != nil {
				return nil, notYet(ctx, err)
			}
			return k, nil
		}
		select {
		case <-limit.Done():
			return nil, notYet(ctx, limit.Err())
		case <-there:
		}
	}
}

// ticked says that what is done at a tick has been.
func (f *following) ticked() {
	f.mu.Lock()
	defer f.mu.Unlock()
	close(f.ticks)
	f.ticks = make(chan struct{})
}

// settled waits until the log has been followed to a place at least, and whatever
// is done at a tick has been done with that.
func (f *following) settled(ctx context.Context, at record.Position) error {
	if _, err := f.answer(ctx, at); err != nil {
		return err
	}
	for range 2 { // one may be under way that began before
		f.mu.Lock()
		tick := f.ticks
		f.mu.Unlock()
		select {
		case <-ctx.Done():
			return ctx.Err() //nolint:wrapcheck // the caller's own
		case <-tick:
		}
	}
	return nil
}

// notYet says why there are no timelines to ask, unless whoever asked is gone.
func notYet(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("wait for timelines: %w", err)
	}
	return fault.Wrap(fault.Unavailable, "The timelines of the record are still being made, or cannot be kept up; the server's log says which. Ask again in a minute.", err)
}

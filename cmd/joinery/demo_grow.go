package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"sync"
	"time"

	"joinery/fault"
	"joinery/record"
	"joinery/record/access"
	"joinery/source"
	"joinery/source/synth"
)

// demonstration is a record of invented people, which can grow. Its people come
// in by the door of any import, block after block: that the first of a block is
// there says that the blocks before it are whole.
type demonstration struct {
	desk     *reached
	district *synth.District
}

// openDemonstration finds out whether the record can hold a demonstration of a
// seed. Conflict: it holds other people.
func openDemonstration(ctx context.Context, desk *reached, seed uint64) (*demonstration, error) {
	f := district{Seed: seed, Until: demoUntil}
	invented, err := f.open()
	if err != nil {
		return nil, err
	}
	d := &demonstration{desk, invented}
	others, err := desk.countPatients(ctx, "_tag:not", synth.Tag)
	if err != nil {
		return nil, err
	}
	if others > 0 {
		return nil, fault.New(fault.Conflict, "The record holds people who are not from a demonstration, and invented ones must not come among them. Use another --db.")
	}
	begun, err := d.has(ctx, 0)
	if err != nil || !begun {
		return d, err
	}
	first, err := invented.Person(0)
	if err != nil {
		return nil, fmt.Errorf("invent the first person: %w", err)
	}
	if same, err := desk.countPatients(ctx, "identifier", first.NHSNumber); err != nil || same == 1 {
		return d, err
	}
	return nil, fault.New(fault.Conflict, "The record holds a demonstration of another seed. Use its --seed, or another --db.")
}

// demoUntil is the last day of the lives of a demonstration.
const demoUntil = "2026-01-31"

// has tells whether the first person of a block is in the record.
func (d *demonstration) has(ctx context.Context, block int64) (bool, error) {
	n, err := d.desk.countPatients(ctx, "_id", "sel-"+strconv.FormatInt(block*synth.BlockSize, 10))
	return n > 0, err
}

// begun returns how many of so many blocks have been begun.
func (d *demonstration) begun(ctx context.Context, blocks int64) (int64, error) {
	var failed error
	n := sort.Search(int(blocks), func(block int) bool {
		has, err := d.has(ctx, int64(block))
		if err != nil {
			failed = err
		}
		return !has
	})
	return int64(n), failed
}

// grow takes people into the record until there are so many, with so many
// transactions at a time. What was taken before is passed over. progress is
// told of people.
func (d *demonstration) grow(ctx context.Context, people int64, jobs int, progress func(int64)) (taken, error) {
	sum := taken{Types: map[string]int{}}
	blocks := (people + synth.BlockSize - 1) / synth.BlockSize
	block, err := d.begun(ctx, blocks)
	if err != nil {
		return sum, err
	}
	if block == 0 {
		if err := d.take(ctx, d.district.Directory(), 1, &sum); err != nil {
			return sum, err
		}
	}
	block = max(0, block-1) // the last that was begun may lack some
	progress(block * synth.BlockSize)
	for ; block < blocks; block++ {
		part := d.district.Block(block)
		part = part[:min(int64(len(part)), people-block*synth.BlockSize)]
		if err := d.take(ctx, d.district.Bundles(synth.Records(part)), jobs, &sum); err != nil {
			return sum, err
		}
		progress(int64(len(part)))
	}
	return sum, nil
}

// take has the desk take transactions: the first, by which the block is known to
// have begun, and then the others, several at a time.
func (d *demonstration) take(ctx context.Context, bundles []synth.Bundle, jobs int, sum *taken) error {
	if err := d.post(ctx, bundles[0], sum, &sync.Mutex{}); err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	work := make(chan synth.Bundle)
	var wait sync.WaitGroup
	var mu sync.Mutex
	for range jobs {
		wait.Go(func() {
			for b := range work {
				if err := d.post(ctx, b, sum, &mu); err != nil {
					stop(err)
				}
			}
		})
	}
	for _, b := range bundles[1:] {
		select {
		case work <- b:
		case <-ctx.Done():
		}
	}
	close(work)
	wait.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// post has the desk take one transaction, and adds up under mu.
func (d *demonstration) post(ctx context.Context, b synth.Bundle, sum *taken, mu *sync.Mutex) error {
	var t taken
	q := url.Values{"from": {"demo " + b.Name}, "form": {strconv.Itoa(int(source.JSON))}}
	if err := d.desk.do(ctx, http.MethodPost, "/import", q, b.JSON, &t); err != nil {
		return fmt.Errorf("make the demonstration's %s: %w", b.Name, err)
	}
	if len(t.Refused) > 0 {
		return fmt.Errorf("make the demonstration's %s: %s", b.Name, t.Refused[0].Reason())
	}
	mu.Lock()
	defer mu.Unlock()
	sum.add(t)
	return nil
}

// fill grows the demonstration with a bar to look at.
func (d *demonstration) fill(ctx context.Context, a *app, people int64) (taken, error) {
	if people < 1 || people > synth.MostPeople {
		return taken{}, misuse{fault.New(fault.Invalid, fmt.Sprintf("A demonstration has from 1 to %d people.", synth.MostPeople))}
	}
	bar := a.counter(people, "people")
	defer bar.done()
	return d.grow(ctx, people, 4, bar.add)
}

// firstPeople is with how many people a demonstration begins.
const firstPeople = 2000

// demonstrate makes the demonstration of a server, prints its tokens, and lets it
// grow in the background to so many people. What it returns ends that.
func (a *app) demonstrate(ctx context.Context, rec *record.Record, log *slog.Logger, listen string, people int64) (func(), error) {
	desk := a.through(rec, "demo", access.Operations, nil)
	d, err := openDemonstration(ctx, desk, 1)
	if fault.KindOf(err) == fault.Conflict {
		log.InfoContext(ctx, "no demonstration is made", slog.Any("error", err))
		return func() {}, nil
	}
	if err != nil {
		return nil, err
	}
	first := min(people, firstPeople)
	sum, err := d.fill(ctx, a, first)
	if err != nil {
		return nil, err
	}
	const period = 24 * time.Hour
	personas, err := d.seats(ctx, a, first, period)
	if err != nil {
		return nil, err
	}
	a.printDemo(listen, period, first, sum, personas)
	ctx, stop := context.WithCancel(ctx)
	var wait sync.WaitGroup
	wait.Go(func() { d.growAndSay(ctx, log, people) })
	return func() {
		stop()
		wait.Wait()
	}, nil
}

// growAndSay grows by one transaction at a time, so that requests go before, and
// logs how far it is.
func (d *demonstration) growAndSay(ctx context.Context, log *slog.Logger, people int64) {
	var now int64
	_, err := d.grow(ctx, people, 1, func(more int64) {
		before := now
		if now += more; before > 0 && (before/2000 < now/2000 || now == people) {
			log.InfoContext(ctx, "the demonstration grows", slog.Int64("count", now))
		}
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		log.ErrorContext(ctx, "the demonstration stopped growing; the next start goes on", slog.Any("error", err))
	}
}

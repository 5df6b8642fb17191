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

	"joinery/care/workflow/clock"
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
	fresh    bool // nobody of it was there before
}

// openDemonstration finds out whether the record can hold a demonstration of a
// seed. Its people's lives end on the day before it is begun: now, unless the
// record says when it was. Conflict: it holds other people.
func openDemonstration(ctx context.Context, desk *reached, seed uint64, now time.Time) (*demonstration, error) {
	others, err := desk.countPatients(ctx, "_tag:not", synth.Tag)
	if err != nil {
		return nil, err
	}
	if others > 0 {
		return nil, fault.New(fault.Conflict, "The record holds people who are not from a demonstration, and invented ones must not come among them. Use another --db.")
	}
	var since string
	if err := desk.do(ctx, http.MethodGet, "/demonstration", nil, nil, &since); err != nil {
		return nil, err
	}
	until := dayBefore(now)
	if since != "" {
		day, err := time.Parse(time.DateOnly, since)
		if err != nil {
			return nil, fmt.Errorf("read since when the demonstration's lives are told: %w", err)
		}
		until = dayBefore(day.AddDate(toldYears, 0, 1))
	}
	invented, err := synth.Open(synth.Options{Seed: seed, Until: until})
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	d := &demonstration{desk: desk, district: invented, fresh: since == ""}
	if d.fresh {
		return d, nil
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

// toldYears is for how many years before their end lives are told in full, as
// synth.District.Since says.
const toldYears = 5

// demonstration answers with the day since which the lives of the demonstration in
// the record are told in full, which is since when its organisations agreed to
// share; empty: there is none.
func (d *desk) demonstration(_ http.ResponseWriter, r *http.Request) (any, error) {
	view, err := d.view(r)
	if err != nil {
		return nil, err
	}
	made, err := view.VRead(r.Context(), "Consent", "sel-agreement", 1)
	if fault.KindOf(err) == fault.NotFound {
		return "", nil
	}
	if err != nil {
		return nil, err //nolint:wrapcheck // it is fit to be shown
	}
	doc, err := made.Doc()
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what it was doing
	}
	return doc.Root().At("provision", "period", "start").Text(), nil
}

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

// demonstrate makes the demonstration of a server, plays its last weeks, prints its
// tokens, and lets it grow in the background to so many people. Where the database
// is new, the clock stood at the beginning of the weeks from when it was opened: a
// record's times never go back. What it returns
// ends that.
func (a *app) demonstrate(ctx context.Context, rec *record.Record, log *slog.Logger, listen string, c *serveCommand, ends time.Time, kept *following) (func(), error) {
	defer a.stage.end()
	desk := a.through(rec, "demo", access.Operations, nil)
	d, err := openDemonstration(ctx, desk, 1, weeksBefore(ends))
	if fault.KindOf(err) == fault.Conflict {
		log.InfoContext(ctx, "no demonstration is made", slog.Any("error", err))
		return func() {}, nil
	}
	if err != nil {
		return nil, err
	}
	if d.fresh {
		a.stage.begin(weeksBefore(ends))
	}
	first := min(c.Demo, firstPeople)
	sum, err := d.fill(ctx, a, first)
	if err != nil {
		return nil, err
	}
	if d.fresh {
		played, err := d.play(ctx, rec, first, a.stage, ends, kept)
		if err != nil {
			return nil, err
		}
		played.said(ctx, log)
	}
	a.stage.end()
	const period = 24 * time.Hour
	personas, err := d.seats(ctx, a, first, period)
	if err != nil {
		return nil, err
	}
	a.printDemo(listen, period, first, sum, personas)
	ctx, stop := context.WithCancel(ctx)
	var wait sync.WaitGroup
	wait.Go(func() { d.growAndSay(ctx, log, c.Demo) })
	return func() {
		stop()
		wait.Wait()
	}, nil
}

// weeksBefore is when the weeks begin that end then.
func weeksBefore(ends time.Time) time.Time { return ends.AddDate(0, 0, -7*playedWeeks) }

// demoEnds returns the moment up to which a demonstration is played.
func (c *serveCommand) demoEnds(now time.Time) (time.Time, error) {
	if c.DemoDay == "" {
		return now, nil
	}
	day, err := time.ParseInLocation(time.DateOnly, c.DemoDay, clock.London)
	if err != nil || day.After(now) {
		return now, misuse{fault.New(fault.Invalid, "--demo-day is a day that has been, as in 2026-03-02.")}
	}
	return day.Add(15 * time.Hour), nil
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

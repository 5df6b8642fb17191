package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"sync"
	"time"
)

// Sizes of a load: how many attendances a second decide whether somebody is
// found, how many people those are in turn, how many connections write, and how
// often it is looked whether somebody is found.
const (
	probesASecond = 20
	onTheBrink    = 400
	writers       = 32
	lookEvery     = 10 * time.Millisecond
	giveUp        = time.Minute
	mixedUpTo     = 500 // changes a second; more are creates alone
)

// walker is a person at one attendance less than it takes to be found, who then
// comes in and goes out again.
type walker struct {
	person    *resident
	in        bool
	encounter string // of the attendance that decides
	at        time.Time
}

// brink brings people to where one attendance more decides.
func (l *live) brink(ctx context.Context) ([]*walker, error) {
	c := newClient(l.server.address, l.admin)
	defer c.close()
	var out []*walker
	for _, p := range l.people.people {
		n, living := l.people.count(p, time.Now())
		if !living || n >= counted[probe] || len(p.patients) > 1 {
			continue
		}
		for ; n < counted[probe]-1; n++ {
			if _, err := l.attend(c, p, time.Now().AddDate(0, -1-n, 0)); err != nil {
				return nil, err
			}
		}
		if out = append(out, &walker{person: p}); len(out) == onTheBrink {
			break
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("nobody of the district can be brought to the brink")
	}
	return out, l.settled(ctx, time.Minute)
}

// attend records an attendance at an emergency department.
func (l *live) attend(c *client, p *resident, at time.Time) (id string, err error) {
	if id, err = post(c, "Encounter", []byte(attendance(p, "", "finished", at))); err == nil {
		l.created.Add(1)
		l.people.attended(p, id, at, true)
	}
	return id, err
}

func attendance(p *resident, id, status string, at time.Time) string {
	if id != "" {
		id = `"id":"` + id + `",`
	}
	return fmt.Sprintf(`{"resourceType":"Encounter",%s"status":"%s","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"EMER"},"subject":{"reference":"Patient/%s"},"period":{"start":"%s","end":"%s"}}`,
		id, status, p.patients[0], at.UTC().Format(time.RFC3339), at.Add(time.Hour).UTC().Format(time.RFC3339))
}

// turn brings a person in, or takes them out by correcting what brought them in.
func (l *live) turn(c *client, w *walker) (err error) {
	if !w.in {
		w.at = time.Now().Add(-2 * time.Hour)
		w.encounter, err = l.attend(c, w.person, w.at)
	} else {
		var status int
		var answer []byte
		status, answer, err = c.do("PUT", "/fhir/Encounter/"+w.encounter, []byte(attendance(w.person, w.encounter, "entered-in-error", w.at)))
		if err == nil {
			err = expect(status, 200, answer)
		}
		if err == nil {
			l.people.attended(w.person, w.encounter, w.at, false)
		}
	}
	w.in = !w.in
	return err
}

// found waits until the record says where a person is.
func (l *live) found(ctx context.Context, c *client, w *walker) error {
	query := "actual=true&member=Patient/" + w.person.patients[0] + "&code=" + url.QueryEscape("urn:joinery:place|"+probe)
	for began := time.Now(); ; time.Sleep(lookEvery) {
		f, err := search(c, "Group", query, false)
		if err != nil {
			return err
		}
		if (len(f.matches) > 0) == w.in {
			return nil
		}
		if ctx.Err() != nil || time.Since(began) > giveUp {
			return wrong("after %v Patient/%s is still not where an acknowledged change puts them", giveUp, w.person.patients[0])
		}
	}
}

// seen is a change that decided: when it was acknowledged, counted from the
// start, and how long after that it could be read who is found.
type seen struct{ at, late time.Duration }

// run is a load under way.
type run struct {
	*live
	rate    int
	start   time.Time
	ready   chan *walker
	looking chan *client // connections to look with

	mu     sync.Mutex
	writes []time.Duration
	seen   []seen
	wrong  int
	why    string
}

// load writes so many changes a second, one by one, whether or not the server
// keeps up, and measures how late those are found whom they decide.
func (l *live) load(ctx context.Context, rate int, walkers []*walker) error {
	r := &run{live: l, rate: rate, ready: make(chan *walker, len(walkers)), looking: make(chan *client, 4*writers)}
	for _, w := range walkers {
		r.ready <- w
	}
	for range cap(r.looking) {
		c := newClient(l.server.address, l.admin)
		defer c.close()
		r.looking <- c
	}
	before := l.use()
	r.start = time.Now()
	looks := r.write(ctx)
	wall := time.Since(r.start)
	f := livePhase{Name: fmt.Sprintf("%s changes a second, one by one", number(float64(rate))), Resources: l.resources(), Seconds: wall.Seconds(), Rate: float64(len(r.writes)) / wall.Seconds()}
	f.used(l.bench, before, wall)
	looks.Wait()
	r.sum(&f, wall)
	if err := l.settled(ctx, 2*time.Minute); err != nil {
		f.Wrong, f.Why = f.Wrong+1, err.Error()
	}
	l.compare(ctx, &f)
	l.report(f)
	return nil
}

// write hands changes out at their times until the time is over. What it returns
// waits for those who look.
func (r *run) write(ctx context.Context) *sync.WaitGroup {
	due := make(chan int)
	var writing, looks sync.WaitGroup
	for n := range writers {
		rng := rand.New(rand.NewPCG(r.seed, uint64(n+r.rate)))
		writing.Go(func() {
			c := newClient(r.server.address, r.admin)
			defer c.close()
			for i := range due {
				r.change(ctx, c, rng, i, &looks)
			}
		})
	}
	for i := 0; ctx.Err() == nil; i++ {
		at := r.start.Add(time.Duration(i) * time.Second / time.Duration(r.rate))
		if at.Sub(r.start) >= r.plan.long || time.Since(r.start) >= r.plan.long+10*time.Second {
			break
		}
		time.Sleep(time.Until(at))
		due <- i
	}
	close(due)
	writing.Wait()
	return &looks
}

// change makes the i-th change: one that decides, or another.
func (r *run) change(ctx context.Context, c *client, rng *rand.Rand, i int, looks *sync.WaitGroup) {
	var w *walker
	if i%(r.rate/probesASecond) == 0 {
		select {
		case w = <-r.ready:
		default: // all are still being looked for
		}
	}
	var err error
	if w != nil {
		err = r.turn(c, w)
	} else {
		err = r.others.change(r.live, c, rng, i, r.rate > mixedUpTo)
	}
	took, acknowledged := c.took, time.Now()
	r.mu.Lock()
	r.writes = append(r.writes, took)
	r.mu.Unlock()
	if r.note(err); w == nil || err != nil {
		return
	}
	looks.Go(func() {
		look := <-r.looking
		err := r.found(ctx, look, w)
		late := time.Since(acknowledged)
		r.looking <- look
		if r.note(err); err == nil {
			r.mu.Lock()
			r.seen = append(r.seen, seen{acknowledged.Sub(r.start), late})
			r.mu.Unlock()
			r.ready <- w
		}
	})
}

func (r *run) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		return
	}
	if r.wrong++; r.why == "" {
		r.why = err.Error()
	}
}

// sum works out what was measured.
func (r *run) sum(f *livePhase, wall time.Duration) {
	f.Wrong, f.Why, f.Found = r.wrong, r.why, len(r.seen)
	slices.Sort(r.writes)
	f.Write50, f.Write99 = percentile(r.writes, 50), percentile(r.writes, 99)
	var all, first, last []time.Duration
	for _, s := range r.seen {
		all = append(all, s.late)
		switch {
		case s.at < wall/4:
			first = append(first, s.late)
		case s.at > wall*3/4:
			last = append(last, s.late)
		}
	}
	for _, some := range [][]time.Duration{all, first, last} {
		slices.Sort(some)
	}
	f.Late50, f.Late99, f.LateMost = percentile(all, 50), percentile(all, 99), percentile(all, 100)
	f.First50, f.Last50 = percentile(first, 50), percentile(last, 50)
}

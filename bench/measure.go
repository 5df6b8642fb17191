package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// line is one line of the result: what was done, how fast, and whether the
// answers were right.
type line struct {
	Name        string  `json:"name"`
	Backend     string  `json:"backend"`
	Resources   int     `json:"resources"` // in the database at the start
	Connections int     `json:"connections"`
	Count       int     `json:"count"` // requests, or resources where Unit says so
	Unit        string  `json:"unit"`
	Rate        float64 `json:"rate"` // Unit a second
	P50         float64 `json:"p50_ms"`
	P99         float64 `json:"p99_ms"`
	Checked     int     `json:"checked"` // answers compared with what they must be
	Wrong       int     `json:"wrong"`
	FirstWrong  string  `json:"first_wrong,omitempty"`
	RSS         float64 `json:"rss_mb"`
	ServerCPU   float64 `json:"server_cores"` // processor time of the server, and of PostgreSQL
	ClientCPU   float64 `json:"client_cores"`
	OtherCPU    float64 `json:"other_cores"` // taken meanwhile by everything else on the machine
	Audit       string  `json:"audit"`
	Gate, Goal  float64 `json:",omitempty"`
}

// errWrong is an answer that is not what it must be.
var errWrong = errors.New("wrong answer")

func wrong(format string, a ...any) error {
	return fmt.Errorf("%w: %s", errWrong, fmt.Sprintf(format, a...))
}

// work does one request as connection number worker and says how many units it
// did and whether its answer was compared. An error that is errWrong is counted;
// any other ends the measurement.
type work func(c *client, worker int) (units int, checked bool, err error)

// sample is what one connection saw.
type sample struct {
	took           []time.Duration
	units          int
	checked, wrong int
	first          string
	err            error
}

// measure runs do at so many connections, first unmeasured for warm, then for
// the given time, or until it says errDone.
func (b *bench) measure(ctx context.Context, name, unit, token string, connections int, warm, long time.Duration, do work) (line, error) {
	clients := make([]*client, connections)
	for i := range clients {
		clients[i] = newClient(b.server.address, token)
		defer clients[i].close()
	}
	if warm > 0 {
		for _, s := range b.during(ctx, clients, warm, do) {
			if s.err != nil && !errors.Is(s.err, errDone) {
				return line{}, fmt.Errorf("%s, warming up: %w", name, s.err)
			}
		}
	}
	l := line{Name: name, Unit: unit, Backend: b.backend, Connections: connections, Audit: b.audit, Resources: b.resources}
	before := b.use()
	start := time.Now()
	samples := b.during(ctx, clients, long, do)
	wall := time.Since(start)
	l.RSS, l.ServerCPU, l.ClientCPU, l.OtherCPU = b.use().since(before, wall)
	var took []time.Duration
	for _, s := range samples {
		if s.err != nil && !errors.Is(s.err, errDone) {
			return l, fmt.Errorf("%s: %w", name, s.err)
		}
		took = append(took, s.took...)
		l.Count += s.units
		l.Checked += s.checked
		l.Wrong += s.wrong
		if l.FirstWrong == "" {
			l.FirstWrong = s.first
		}
	}
	l.Rate = float64(l.Count) / wall.Seconds()
	slices.Sort(took)
	l.P50, l.P99 = percentile(took, 50), percentile(took, 99)
	b.report(l)
	return l, nil
}

// errDone ends a measurement that has a fixed amount of work.
var errDone = errors.New("no work left")

// during runs do on every client until the time is over; long 0 means until
// errDone.
func (b *bench) during(ctx context.Context, clients []*client, long time.Duration, do work) []sample {
	samples := make([]sample, len(clients))
	var group sync.WaitGroup
	end := time.Now().Add(long)
	for i, c := range clients {
		group.Go(func() {
			s := &samples[i]
			for ctx.Err() == nil && (long == 0 || time.Now().Before(end)) {
				units, checked, err := do(c, i)
				if err != nil && !errors.Is(err, errWrong) {
					s.err = err
					return
				}
				s.took = append(s.took, c.took)
				s.units += units
				if checked {
					s.checked++
				}
				if err != nil {
					s.wrong++
					if s.first == "" {
						s.first = err.Error()
					}
				}
			}
			s.err = ctx.Err()
		})
	}
	group.Wait()
	return samples
}

// percentile gives milliseconds of a sorted sample.
func percentile(sorted []time.Duration, p int) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[min(len(sorted)*p/100, len(sorted)-1)].Microseconds()) / 1000
}

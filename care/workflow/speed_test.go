package workflow_test

import (
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"joinery/care/workflow"
	"joinery/fhir"
	"joinery/record"
	"joinery/record/access"
)

var speed = flag.Bool("speed", false, "measure moves and worklists: a machine that is otherwise quiet is needed")

// quantiles says how long things took.
func quantiles(took []time.Duration) string {
	slices.Sort(took)
	at := func(q float64) time.Duration {
		return took[min(len(took)-1, int(q*float64(len(took))))].Round(10 * time.Microsecond)
	}
	return fmt.Sprintf("%d: median %s, p95 %s, p99 %s, most %s", len(took), at(0.5), at(0.95), at(0.99), took[len(took)-1].Round(10*time.Microsecond))
}

// TestSpeed measures moves at 50 a
// second, and a worklist of 200 from 50,000 open tasks. It asserts nothing but that
// all of it was done; make bench-workflow runs it.
func TestSpeed(t *testing.T) {
	if !*speed {
		t.Skip("run with -speed, on a quiet machine")
	}
	w := newWorld(t, "sqlite:"+filepath.Join(t.TempDir(), "speed.db"))
	const services, each = 250, 200
	w.many(services, each)
	t.Log("moves at 50 a second, " + quantiles(w.moves(t, 20*time.Second)))
	nurse := w.subject(access.NewStaff(access.Who{Name: "Nurse", Purpose: access.Treatment}, access.Member{Practitioner: "n", Organization: "falls"}))
	var took []time.Duration
	for i := range 200 {
		from := time.Now()
		l, err := w.as(nurse).Worklist(t.Context(), workflow.List{Of: fmt.Sprintf("HealthcareService/s%d", i%services)})
		if err != nil || len(l.Items) != each {
			t.Fatalf("a worklist of %d (%v), want %d", len(l.Items), err, each)
		}
		took = append(took, time.Since(from))
	}
	t.Log("worklists of 200 from 50,000 open tasks, " + quantiles(took))
}

// moves makes moves at 50 a second and returns how long each took.
func (w *world) moves(t *testing.T, during time.Duration) []time.Duration {
	var all []*workflow.Referral
	for range int(during.Seconds()*50) / 3 {
		all = append(all, w.refer(workflow.Asking{Patient: "p0"}))
	}
	var mu sync.Mutex
	var took []time.Duration
	var running sync.WaitGroup
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	falls := w.staff("falls")
	for _, move := range []string{"receive", "accept", "start"} {
		for _, r := range all {
			<-tick.C
			running.Go(func() {
				from := time.Now()
				if _, err := w.as(falls).Do(t.Context(), r.Task, workflow.Making{Move: move}); err != nil {
					t.Error(err)
				}
				mu.Lock()
				took = append(took, time.Since(from))
				mu.Unlock()
			})
		}
		running.Wait()
	}
	return took
}

// many stores open tasks of many services, of as many people as tasks.
func (w *world) many(services, each int) {
	w.Helper()
	put := func(text string) record.Op {
		doc, err := fhir.Parse([]byte(text))
		if err != nil {
			w.Fatal(err)
		}
		return record.Op{Kind: record.Update, Type: doc.Root().Get("resourceType").Text(), ID: fhir.ID(doc.Root().Get("id").Text()), Body: doc}
	}
	for s := range services {
		var ops []record.Op
		for i := range each {
			id := fmt.Sprint(s*each + i)
			ops = append(ops,
				put(`{"resourceType":"Patient","id":"p`+id+`","generalPractitioner":[{"reference":"Organization/gp"}]}`),
				put(`{"resourceType":"EpisodeOfCare","id":"e`+id+`","status":"planned","patient":{"reference":"Patient/p`+id+`"},"managingOrganization":{"reference":"Organization/falls"}}`),
				put(strings.NewReplacer("ID", id, "SERVICE", fmt.Sprintf("s%d", s)).Replace(`{"resourceType":"Task","id":"tID","meta":{"security":[{"system":"urn:joinery:label","code":"workflow"}],"tag":[{"system":"urn:joinery:open","code":"HealthcareService/SERVICE"}]},"status":"requested","businessStatus":{"coding":[{"system":"urn:joinery:referral-state","code":"sent"}]},"intent":"order","priority":"routine","code":{"coding":[{"system":"urn:joinery:task","code":"referral"}],"text":"A service"},"for":{"reference":"Patient/pID"},"authoredOn":"2026-02-01T09:00:00Z","lastModified":"2026-02-01T09:00:00Z","owner":{"reference":"Organization/falls"},"restriction":{"period":{"end":"2026-02-04T09:00:00Z"}}}`)))
		}
		if _, err := w.rec.As(w.operator()).Transact(w.Context(), ops); err != nil {
			w.Fatal(err)
		}
	}
}

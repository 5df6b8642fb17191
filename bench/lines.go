package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"
)

// The goals of issue 2, SQLite and PostgreSQL: gate, goal.
var goals = map[string][4]float64{
	lineTransactions: {12000, 25000, 8000, 20000},
	lineImport:       {20000, 40000, 12000, 30000},
	lineCreates:      {2500, 4500, 2000, 4000},
	lineReads64:      {12000, 20000, 6000, 12000},
	lineReads8:       {6000, 10000, 6000, 12000},
	lineNewest:       {3000, 6000, 2500, 5000},
	lineInclude:      {2000, 4000, 1500, 3000},
	lineNames:        {1500, 3000, 1000, 2500},
	lineChain:        {1500, 3000, 1000, 2000},
	lineCount:        {50, 150, 50, 100},
	lineEverything:   {300, 700, 200, 400},
	lineDisk:         {750, 600, 2500, 1200},
	lineStart:        {1000, 1000, 1000, 1000},
	lineMemory:       {300, 300, 150, 150},
}

const (
	lineTransactions = "Synthea transactions"
	lineImport       = "joinery import"
	lineCreates      = "single creates"
	lineReads64      = "reads by id, 64 connections"
	lineReads8       = "reads by id, 8 connections"
	lineNewest       = "Observation?patient&code, newest 50"
	lineInclude      = "the same with _include"
	lineNames        = "Patient?family&given, restricted"
	lineChain        = "Observation?patient.family, 50 rows"
	lineCount        = "exact count, restricted"
	lineEverything   = "$everything of about 300"
	lineDisk         = "disk, bytes a resource"
	lineStart        = "start, ms"
	lineMemory       = "memory, the most since the start, MB"
)

// expect fails for any status but the one wanted.
func expect(status, want int, body []byte) error {
	if status != want {
		return wrong("status %d, want %d: %.300s", status, want, body)
	}
	return nil
}

// transactions sends bundles at 8 connections until the database holds upTo
// resources of Synthea, and learns what they made.
func (b *bench) transactions(ctx context.Context, upTo int) (line, error) {
	var next, done atomic.Int64
	done.Store(int64(len(b.known.ids)))
	next.Store(int64(b.replays))
	l, err := b.measure(ctx, lineTransactions, "resources", b.admin, 8, 0, 0, func(c *client, _ int) (int, bool, error) {
		if done.Load() >= int64(upTo) {
			return 0, false, errDone
		}
		n := int(next.Add(1) - 1)
		r := b.bundles[n%len(b.bundles)].replay(b.seed, n)
		done.Add(int64(len(r.bundle.entries)))
		status, body, err := c.do("POST", "/fhir", r.body)
		if err != nil {
			return 0, false, err
		}
		if err := expect(status, 200, body); err != nil {
			return 0, true, fmt.Errorf("%s, replay %d: %w", r.bundle.name, n, err)
		}
		if err := b.known.learn(r, body); err != nil {
			return 0, true, err
		}
		return len(r.bundle.entries), true, nil
	})
	b.replays = int(next.Load())
	b.resources += l.Count
	return l, err
}

// enrol adds the large population, unmeasured by any goal.
func (b *bench) enrol(ctx context.Context, n int) error {
	b.people = population(b.seed, n)
	c := newClient(b.server.address, b.admin)
	defer c.close()
	for i := range practices {
		id, err := b.create(c, "Organization", fmt.Sprintf(`{"resourceType":"Organization","name":"Bench practice %d"}`, i))
		if err != nil {
			return err
		}
		b.practice = append(b.practice, id)
	}
	b.peopleIDs = make([]string, n)
	const each = 100
	var next atomic.Int64
	l, err := b.measure(ctx, "enrolling the large population", "resources", b.admin, 8, 0, 0, func(c *client, _ int) (int, bool, error) {
		from := int(next.Add(each)) - each
		if from >= n {
			return 0, false, errDone
		}
		to := min(from+each, n)
		status, body, err := c.do("POST", "/fhir", enrolment(b.people, from, to, b.practice))
		if err == nil {
			err = expect(status, 200, body)
		}
		if err != nil {
			return 0, true, err
		}
		at, err := locations(body)
		if err != nil || len(at) != 2*(to-from) {
			return 0, true, wrong("%d locations, want %d: %v", len(at), 2*(to-from), err)
		}
		for i := from; i < to; i++ {
			b.peopleIDs[i] = at[2*(i-from)]
		}
		return 2 * (to - from), true, nil
	})
	if err == nil && l.Wrong > 0 {
		err = fmt.Errorf("the large population was not taken whole: %s", l.FirstWrong)
	}
	b.resources += l.Count
	return err
}

// firstID is the id of the resource that an answer is.
func firstID(body []byte) (string, error) {
	_, after, ok := bytes.Cut(body, []byte(`"id":`))
	if !ok {
		return "", wrong("no id in %.200s", body)
	}
	after = bytes.TrimLeft(after, ` "`)
	return string(after[:max(0, bytes.IndexByte(after, '"'))]), nil
}

// random is one connection's own stream of choices.
func (b *bench) random(n int) []*rand.Rand {
	all := make([]*rand.Rand, n)
	for i := range all {
		all[i] = rand.New(rand.NewPCG(b.seed+7, uint64(i)))
	}
	return all
}

// timed measures do at n connections for as long as the mode says.
func (b *bench) timed(ctx context.Context, name, token string, n int, do func(c *client, rng *rand.Rand, whole bool) error) error {
	rngs := b.random(n)
	asked := make([]int, n)
	_, err := b.measure(ctx, name, "requests", token, n, b.warm, b.long, func(c *client, worker int) (int, bool, error) {
		asked[worker]++
		return 1, true, do(c, rngs[worker], asked[worker]%64 == 1)
	})
	return err
}

// search asks and reads the answer.
func search(c *client, typ, query string, whole bool) (found, error) {
	status, body, err := c.get("/fhir/" + typ + "?" + query)
	if err != nil {
		return found{}, err
	}
	if err := expect(status, 200, body); err != nil {
		return found{}, err
	}
	return readFound(body, typ, whole)
}

func (b *bench) reads(ctx context.Context, name string, n int) error {
	return b.timed(ctx, name, b.admin, n, func(c *client, rng *rand.Rand, _ bool) error {
		name := b.known.ids[rng.IntN(len(b.known.ids))]
		status, body, err := c.get("/fhir/" + name)
		if err != nil {
			return err
		}
		if err := expect(status, 200, body); err != nil {
			return err
		}
		typ, id, _ := strings.Cut(name, "/")
		if head := body[:min(len(body), 200)]; !bytes.Contains(head, []byte(id)) || !bytes.Contains(head, []byte(typ)) {
			return wrong("asked for %s, got %.100s", name, head)
		}
		return nil
	})
}

func (b *bench) newest(ctx context.Context, include bool) error {
	name, more := lineNewest, ""
	if include {
		name, more = lineInclude, "&_include=Observation:encounter"
	}
	return b.timed(ctx, name, b.admin, 8, func(c *client, rng *rand.Rand, whole bool) error {
		p := &b.known.patients[rng.IntN(len(b.known.patients))]
		code := p.codes[rng.IntN(len(p.codes))]
		f, err := search(c, "Observation", "patient="+p.id+"&code="+code+"&_sort=-date&_count=50"+more, whole)
		if err != nil {
			return err
		}
		all := p.byCode[code]
		if err := newest(f.matches, all, 50); err != nil {
			return err
		}
		if !include {
			return same("includes", f.includes, nil)
		}
		encounter := map[string]string{}
		for _, o := range all {
			encounter[o.id] = o.encounter
		}
		var want []string
		for _, id := range f.matches {
			if e := encounter[id]; e != "" {
				want = append(want, e)
			}
		}
		return same("includes", f.includes, want)
	})
}

func (b *bench) names(ctx context.Context) error {
	seen := b.seen()
	return b.timed(ctx, lineNames, b.staff, 8, func(c *client, rng *rand.Rand, whole bool) error {
		p := b.people[seen[rng.IntN(len(seen))]]
		family, given := narrowed(p.Family), strings.ToLower(p.Given[:min(3, len(p.Given))])
		f, err := search(c, "Patient", "family="+family+"&given="+given+"&_count=50", whole)
		if err != nil {
			return err
		}
		return same("Patient?family="+family+"&given="+given, f.matches, b.named[family+" "+given])
	})
}

// seen are the numbers of the people that the staff subject may see: those of
// the first practice.
func (b *bench) seen() []int {
	var all []int
	b.named = map[string][]string{}
	for i, p := range b.people {
		if p.Practice != 0 {
			continue
		}
		all = append(all, i)
		family, given := strings.ToLower(p.Family), strings.ToLower(p.Given)
		key := narrowed(family) + " " + given[:min(3, len(given))]
		b.named[key] = append(b.named[key], b.peopleIDs[i])
	}
	return all
}

func (b *bench) chain(ctx context.Context) error {
	return b.timed(ctx, lineChain, b.admin, 8, func(c *client, rng *rand.Rand, whole bool) error {
		p := &b.known.patients[rng.IntN(len(b.known.patients))]
		f, err := search(c, "Observation", "patient.family="+p.familyNarrowed+"&_count=50", whole)
		if err != nil {
			return err
		}
		all, own := 0, b.known.family[p.familyNarrowed]
		for _, i := range own {
			all += len(b.known.patients[i].observations)
		}
		others := b.familyOfPeople[p.familyNarrowed]
		if want := min(50, all+others); len(f.matches) != want {
			return wrong("patient.family=%s: %d hits, want %d", p.familyNarrowed, len(f.matches), want)
		}
		strange := 0
	hits:
		for _, id := range f.matches {
			for _, i := range own {
				if b.known.patients[i].observations[id] {
					continue hits
				}
			}
			strange++
		}
		if strange > others {
			return wrong("patient.family=%s: %d hits of other people", p.familyNarrowed, strange)
		}
		return nil
	})
}

func (b *bench) count(ctx context.Context) error {
	want := map[string]int{}
	for _, p := range b.people {
		if p.Practice == 0 {
			want[p.Code]++
		}
	}
	return b.timed(ctx, lineCount, b.staff, 8, func(c *client, rng *rand.Rand, whole bool) error {
		code := measured[rng.IntN(len(measured))]
		f, err := search(c, "Observation", "code="+code+"&_summary=count", whole)
		if err != nil {
			return err
		}
		if f.total != want[code] {
			return wrong("Observation?code=%s for the practice: total %d, want %d", code, f.total, want[code])
		}
		return nil
	})
}

func (b *bench) everything(ctx context.Context) error {
	var fit []int
	for i, p := range b.known.patients {
		if n := len(p.everything); n >= 200 && n <= 400 {
			fit = append(fit, i)
		}
	}
	if len(fit) == 0 {
		return fmt.Errorf("no person has about 300 resources")
	}
	return b.timed(ctx, lineEverything, b.admin, 8, func(c *client, rng *rand.Rand, whole bool) error {
		p := &b.known.patients[fit[rng.IntN(len(fit))]]
		status, body, err := c.get("/fhir/Patient/" + p.id + "/$everything?_count=1000")
		if err != nil {
			return err
		}
		if err := expect(status, 200, body); err != nil {
			return err
		}
		f, err := readFound(body, "", whole)
		if err != nil {
			return err
		}
		got := 0
		for _, id := range append(f.matches, f.includes...) {
			switch {
			case p.everything[id]:
				got++
			case !strings.HasPrefix(id, "Organization/") && !strings.HasPrefix(id, "Practitioner/"):
				return wrong("$everything gives %s, which is not theirs", id)
			}
		}
		if got != len(p.everything) {
			return wrong("$everything gives %d of %d", got, len(p.everything))
		}
		return nil
	})
}

// creates sends single Observations of people at random, then asks how many
// there are.
func (b *bench) creates(ctx context.Context) error {
	rngs := b.random(64)
	_, err := b.measure(ctx, lineCreates, "requests", b.admin, 64, b.warm, b.long, func(c *client, worker int) (int, bool, error) {
		rng := rngs[worker]
		to := rng.IntN(len(b.known.patients))
		status, answer, err := c.do("POST", "/fhir/Observation", single(b.known.patients[to].id, rng))
		if err != nil {
			return 0, false, err
		}
		if err := expect(status, 201, answer); err != nil {
			return 0, true, err
		}
		id, err := firstID(answer)
		if err != nil {
			return 0, true, err
		}
		b.known.add(to, "Observation/"+id)
		return 1, true, nil
	})
	if err != nil {
		return err
	}
	b.resources += b.known.created - b.created
	b.created = b.known.created
	c := newClient(b.server.address, b.admin)
	defer c.close()
	f, err := search(c, "Observation", "code="+singleCode+"&_summary=count", true)
	if err != nil {
		return err
	}
	if f.total != b.created {
		last := &b.lines[len(b.lines)-1]
		last.Wrong++
		last.FirstWrong = fmt.Sprintf("%d creates were acknowledged, and the server counts %d", b.created, f.total)
	}
	return nil
}

const singleCode = "bench-1"

// single is an Observation such as a device would send.
func single(patient string, rng *rand.Rand) []byte {
	when := time.Date(2012+rng.IntN(8), time.Month(1+rng.IntN(12)), 1+rng.IntN(28), rng.IntN(24), rng.IntN(60), 0, 0, time.UTC)
	return fmt.Appendf(nil, `{"resourceType":"Observation","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"vital-signs"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"%s","display":"Bench"}],"text":"Bench"},"subject":{"reference":"Patient/%s"},"effectiveDateTime":"%s","issued":"%s","valueQuantity":{"value":%d.%d,"unit":"kg","system":"http://unitsofmeasure.org","code":"kg"}}`,
		singleCode, patient, when.Format(time.RFC3339), when.Format("2006-01-02T15:04:05.000Z07:00"), 40+rng.IntN(80), rng.IntN(10))
}

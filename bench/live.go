package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"joinery/bench/cluster"
)

// livePlan measures how soon what happens to people is found: make live.
type livePlan struct {
	people   int // of the district
	long     time.Duration
	rates    string // changes a second, with commas between
	backends []string
	binary   string
	dir, out string
	write    bool
}

// livePhase is one line of the table: a step, or a load and how late people were
// found under it.
type livePhase struct {
	Backend   string  `json:"backend"`
	Name      string  `json:"name"`
	Resources int     `json:"resources"`
	Seconds   float64 `json:"seconds"`
	Rate      float64 `json:"rate,omitempty"` // changes a second that were acknowledged
	Write50   float64 `json:"write_p50_ms,omitempty"`
	Write99   float64 `json:"write_p99_ms,omitempty"`
	Found     int     `json:"found,omitempty"` // people who came in or went out
	Late50    float64 `json:"late_p50_ms,omitempty"`
	Late99    float64 `json:"late_p99_ms,omitempty"`
	LateMost  float64 `json:"late_most_ms,omitempty"`
	First50   float64 `json:"late_first_quarter_p50_ms,omitempty"`
	Last50    float64 `json:"late_last_quarter_p50_ms,omitempty"`
	Checked   int     `json:"checked,omitempty"` // people and places compared at the end
	Wrong     int     `json:"wrong,omitempty"`
	Why       string  `json:"why,omitempty"` // the first that is wrong
	Server    float64 `json:"server_cores,omitempty"`
	Client    float64 `json:"client_cores,omitempty"`
	Others    float64 `json:"other_cores,omitempty"`
	MB        float64 `json:"server_mb,omitempty"`
}

// live is one back end being measured.
type live struct {
	*bench
	plan    livePlan
	folder  string // of the district
	people  *residents
	others  *others
	ids     []string // of the definitions
	held    int      // resources of the district
	created atomic.Int64
	phases  []livePhase
}

func (p livePlan) run(ctx context.Context) error {
	if _, err := os.Stat(p.binary); err != nil {
		return fmt.Errorf("there is no joinery to measure; make build makes it: %w", err)
	}
	ids, err := shippedDefinitions("definitions")
	if err != nil {
		return err
	}
	if p.dir == "" {
		if p.dir, err = os.MkdirTemp("", "joinery-live-"); err != nil {
			return err
		}
		defer os.RemoveAll(p.dir)
	}
	var all []livePhase
	var failed []error
	for _, backend := range p.backends {
		phases, err := p.measure(ctx, backend, ids)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", backend, err))
		}
		for _, f := range phases {
			if f.Wrong > 0 {
				failed = append(failed, fmt.Errorf("%s, %s: %d wrong, the first: %s", backend, f.Name, f.Wrong, f.Why))
			}
		}
		all = append(all, phases...)
	}
	text := fmt.Sprintf("Measured %s on %s; %s.\n\n%s", time.Now().UTC().Format("2 January 2006 15:04 UTC"), machine(), version(p.binary), liveTable(all))
	fmt.Print("\n", text)
	if data, err := json.MarshalIndent(all, "", "  "); err == nil {
		failed = append(failed, os.WriteFile(p.out, append(data, '\n'), 0o644))
	}
	if p.write {
		failed = append(failed, between("docs/performance.md", liveBegin, liveEnd, text))
	}
	return errors.Join(failed...)
}

// shippedDefinitions returns the ids of all definitions that are shipped.
func shippedDefinitions(folder string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("there are no definitions in %s: run it from the root of the project", folder)
	}
	var ids []string
	for _, f := range files {
		ids = append(ids, strings.TrimSuffix(filepath.Base(f), ".yaml"))
	}
	return ids, err
}

// measure takes one back end from an empty record to a busy server.
func (p livePlan) measure(ctx context.Context, backend string, ids []string) (phases []livePhase, err error) {
	dir := filepath.Join(p.dir, backend)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	s := &server{binary: p.binary, log: filepath.Join(dir, "serve.log"), db: "sqlite:" + filepath.Join(dir, "live.db")}
	if backend == "postgres" {
		if s.cluster, err = cluster.New(ctx); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, s.cluster.Stop()) }()
		if s.db, err = s.cluster.Create(ctx, "live"); err != nil {
			return nil, err
		}
		s.env = []string{"JOINERY_STATE=" + dir}
	}
	l := &live{bench: &bench{backend: backend, audit: "on", seed: 4, server: s}, plan: p, folder: filepath.Join(dir, "district"), ids: ids}
	err = l.all(ctx)
	return l.phases, err
}

func (l *live) all(ctx context.Context) (err error) {
	if err := l.fill(ctx); err != nil {
		return err
	}
	if err := l.timelines(ctx); err != nil {
		return err
	}
	if l.admin, err = l.server.token(ctx, "--name", "live", "--scope", "system/*.cruds"); err != nil {
		return err
	}
	l.server.args = []string{"--find", strings.Join(l.ids, ",")}
	if _, err := l.server.start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.server.stop()) }()
	began := time.Now()
	if err := l.settled(ctx, 10*time.Minute); err != nil {
		return err
	}
	first := livePhase{Name: fmt.Sprintf("everybody found for the first time, %d definitions", len(l.ids)), Seconds: time.Since(began).Seconds()}
	l.compare(ctx, &first)
	l.report(first)
	ready, err := l.brink(ctx)
	if err != nil {
		return err
	}
	for _, text := range strings.Split(l.plan.rates, ",") {
		rate, err := strconv.Atoi(text)
		if err != nil || rate < probesASecond {
			return fmt.Errorf("-rates %q: each must be a number of %d or more", l.plan.rates, probesASecond)
		}
		if err := l.load(ctx, rate, ready); err != nil {
			return err
		}
	}
	return nil
}

// resources returns how many resources were put in: what is found of people
// comes to that.
func (l *live) resources() int { return l.held + int(l.created.Load()) }

// fill makes the district and imports it.
func (l *live) fill(ctx context.Context) error {
	yesterday := time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	if out, err := l.tool(ctx, "synth", "--people", fmt.Sprint(l.plan.people), "--until", yesterday, "--out", l.folder); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	var about struct{ Resources int }
	data, err := os.ReadFile(filepath.Join(l.folder, "about.json"))
	if err == nil {
		err = json.Unmarshal(data, &about)
	}
	if err == nil {
		l.people, err = readDistrict(filepath.Join(l.folder, "data"))
	}
	if err == nil {
		l.others, err = readOthers(filepath.Join(l.folder, "data"))
	}
	if err != nil {
		return err
	}
	began, before := time.Now(), l.use()
	if _, err := l.server.command(ctx, "import", filepath.Join(l.folder, "data")); err != nil {
		return err
	}
	l.held = about.Resources
	f := livePhase{Name: fmt.Sprintf("import of %s invented people", number(float64(l.plan.people))), Seconds: time.Since(began).Seconds()}
	f.used(l.bench, before, time.Since(began))
	l.report(f)
	return os.RemoveAll(l.folder)
}

// tool runs a command that needs no record.
func (l *live) tool(ctx context.Context, args ...string) (string, error) {
	return (&server{binary: l.server.binary, db: "sqlite:" + filepath.Join(filepath.Dir(l.folder), "none.db")}).command(ctx, args...)
}

// timelines asks the record by a command of its own, which first must make all
// timelines, and asks again, which must not.
func (l *live) timelines(ctx context.Context) error {
	for _, name := range []string{"timelines from nothing, and a question asked of them", "the same after a stop"} {
		began, before := time.Now(), l.use()
		if _, err := l.server.command(ctx, "criteria", "run", l.ids[0]); err != nil {
			return err
		}
		f := livePhase{Name: name, Seconds: time.Since(began).Seconds()}
		f.used(l.bench, before, time.Since(began))
		l.report(f)
	}
	return nil
}

// used notes what a step took of the processors.
func (f *livePhase) used(b *bench, before usage, wall time.Duration) {
	f.MB, f.Server, f.Client, f.Others = b.use().since(before, wall)
}

func (l *live) report(f livePhase) {
	f.Backend, f.Resources = l.backend, cmp.Or(f.Resources, l.resources())
	l.phases = append(l.phases, f)
	fmt.Printf("%-8s %9d  %-55s %7.1f s", f.Backend, f.Resources, f.Name, f.Seconds)
	if f.Rate > 0 {
		fmt.Printf("  %.0f/s, write p50 %.1f p99 %.1f ms; %d found: p50 %.0f p99 %.0f most %.0f ms, quarters %.0f … %.0f",
			f.Rate, f.Write50, f.Write99, f.Found, f.Late50, f.Late99, f.LateMost, f.First50, f.Last50)
	}
	fmt.Printf("  checked %d wrong %d  cores %.1f+%.1f, others %.1f  %.0f MB\n", f.Checked, f.Wrong, f.Server, f.Client, f.Others, f.MB)
	if f.Why != "" {
		fmt.Printf("         WRONG: %s\n", f.Why)
	}
}

const liveBegin, liveEnd = "<!-- live: begin, written by make live -->", "<!-- live: end -->"

// liveTable is what was measured, for people.
func liveTable(all []livePhase) string {
	var b strings.Builder
	b.WriteString("| | resources held | took, s | changes/s | write p50 / p99, ms | came in or went out | found after p50 / p99 / most, ms | first and last quarter, p50 ms | checked / wrong | cores server + client, others | server MB |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, f := range all {
		rate, write, found, late, quarters, checked := "", "", "", "", "", ""
		if f.Rate > 0 {
			rate, write, found = number(f.Rate), fmt.Sprintf("%.1f / %.1f", f.Write50, f.Write99), number(float64(f.Found))
			late, quarters = fmt.Sprintf("%.0f / %.0f / %.0f", f.Late50, f.Late99, f.LateMost), fmt.Sprintf("%.0f, %.0f", f.First50, f.Last50)
		}
		if f.Checked > 0 {
			checked = fmt.Sprintf("%s / %d", number(float64(f.Checked)), f.Wrong)
		}
		fmt.Fprintf(&b, "| %s: %s | %s | %.1f | %s | %s | %s | %s | %s | %s | %.1f + %.1f, %.1f | %.0f |\n",
			map[string]string{"sqlite": "SQLite", "postgres": "PostgreSQL"}[f.Backend], f.Name, number(float64(f.Resources)), f.Seconds,
			rate, write, found, late, quarters, checked, f.Server, f.Client, f.Others, f.MB)
	}
	return b.String()
}

// Bench measures a running joinery as its users meet it: `joinery serve` in a
// process of its own on loopback, with tokens and audit on, asked over HTTP by
// a lean client here. Every answer is compared with what was put in, so that a
// fast wrong answer is not counted as fast.
//
//	go run ./bench            all of it, about 20 minutes
//	go run ./bench -quick     a small database and short runs, 3 minutes
//	go run ./bench -quick -only chain -against old/joinery
//	                          one line by two programs in turn, on one database
//	go run ./bench -live      how soon what happens to people is found, 6 minutes
//
// It writes bench.json and, with -write, the tables of docs/performance.md.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"joinery/bench/cluster"
)

// bench is one back end being measured.
type bench struct {
	backend, audit string
	seed           uint64
	warm, long     time.Duration
	bundles        []*bundle
	server         *server
	admin, staff   string // tokens

	known          known
	replays        int
	resources      int
	created        int // by single creates
	people         []person
	peopleIDs      []string // "Patient/id"
	practice       []string
	named          map[string][]string
	familyOfPeople map[string]int
	lines          []line
}

// plan is how large and how long.
type plan struct {
	name          string
	resources     []int // sizes at which every line is measured
	people        int
	warm, long    time.Duration
	importReplays int
	backends      []string
	audits        []string
	binary, dir   string
	against       string
	data, out     string
	write         bool
	only          string
}

func main() {
	p := plan{name: "full", resources: []int{35_000, 200_000}, people: 100_000, warm: 3 * time.Second, long: 8 * time.Second, importReplays: 360}
	quick := flag.Bool("quick", false, "a small database and short runs, 3 minutes in all")
	backends := flag.String("backend", "sqlite,postgres", "what to measure: sqlite, postgres or both")
	audits := flag.String("audit", "on,off", "measure with audit on, off or both; off only on a database made for it")
	flag.StringVar(&p.binary, "binary", "bin/joinery", "the joinery to measure")
	flag.StringVar(&p.against, "against", "", "another joinery: each line is measured with both in turn, twice, on the same database")
	flag.StringVar(&p.dir, "dir", "", "where to keep the databases; empty is a folder that is removed afterwards")
	flag.StringVar(&p.data, "data", "../shared/data/synthea/r4-transaction-bundles-120.zip", "the Synthea bundles")
	flag.StringVar(&p.out, "out", "bench.json", "the file for the figures")
	flag.BoolVar(&p.write, "write", false, "write the tables into docs/performance.md")
	flag.StringVar(&p.only, "only", "", "measure only the lines whose name contains this")
	long := flag.Duration("long", 0, "how long each line is measured; 0 is 8s, or 2s with -quick")
	people := flag.Int("people", 0, "how many people the large population has; 0 is 100000, or 10000 with -quick")
	isLive := flag.Bool("live", false, "measure instead how soon what happens to people is found, by all shipped definitions")
	district := flag.Int("district", 2000, "with -live, how many people there are")
	rates := flag.String("rates", "200,1000", "with -live, how many changes a second, one load after another")
	flag.Parse()
	if *quick {
		p.name, p.resources, p.people = "quick", []int{35_000}, 10_000
		p.warm, p.long, p.importReplays = 500*time.Millisecond, 2*time.Second, 120
	}
	p.long, p.people = cmp.Or(*long, p.long), cmp.Or(*people, p.people)
	p.backends, p.audits = strings.Split(*backends, ","), strings.Split(*audits, ",")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	run := p.run
	if *isLive {
		run = livePlan{people: *district, long: cmp.Or(*long, time.Minute), rates: *rates, backends: p.backends, binary: p.binary, dir: p.dir, out: p.out, write: p.write}.run
	}
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures every back end and writes what came out.
func (p plan) run(ctx context.Context) error {
	if _, err := os.Stat(p.binary); err != nil {
		return fmt.Errorf("there is no joinery to measure; make build makes it: %w", err)
	}
	bundles, err := synthea(p.data)
	if err != nil {
		return err
	}
	if p.dir == "" {
		if p.dir, err = os.MkdirTemp("", "joinery-bench-"); err != nil {
			return err
		}
		defer os.RemoveAll(p.dir)
	}
	out := result{When: time.Now().UTC().Format("2 January 2006 15:04 UTC"), Machine: machine(), Mode: p.name, Version: version(p.binary)}
	var failed []error
	for _, backend := range p.backends {
		lines, err := p.measure(ctx, backend, bundles)
		out.Lines = append(out.Lines, lines...)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", backend, err))
		}
	}
	failed = append(failed, out.writeJSON(p.out))
	if p.write {
		failed = append(failed, between("docs/performance.md", figuresBegin, figuresEnd, out.markdown()))
	}
	for _, l := range out.Lines {
		if l.Wrong > 0 {
			failed = append(failed, fmt.Errorf("%s, %s: %d wrong answers, the first: %s", l.Backend, l.Name, l.Wrong, l.FirstWrong))
		}
	}
	fmt.Print("\n", out.markdown())
	return errors.Join(failed...)
}

// measure runs everything on one back end, with a fresh database for each of:
// import, the lines with audit, the lines without.
func (p plan) measure(ctx context.Context, backend string, bundles []*bundle) (lines []line, err error) {
	dir := filepath.Join(p.dir, backend)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var c *cluster.Cluster
	if backend == "postgres" {
		if c, err = cluster.New(ctx); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, c.Stop()) }()
	}
	database := func(name string) (*server, error) {
		s := &server{binary: p.binary, cluster: c, log: filepath.Join(dir, name+".log"), db: "sqlite:" + filepath.Join(dir, name+".db")}
		if c != nil {
			s.db, err = c.Create(ctx, name)
		}
		return s, err
	}
	for _, audit := range p.audits {
		name := "lines"
		if audit == "off" {
			name = "lines_without_audit"
		}
		s, err := database(name)
		if err != nil {
			return lines, err
		}
		b := &bench{backend: backend, audit: audit, seed: 2, warm: p.warm, long: p.long, bundles: bundles, server: s}
		if audit == "off" {
			s.env = []string{"JOINERY_BENCH_WITHOUT_AUDIT=1"}
		}
		err = p.lines(ctx, b)
		lines = append(lines, b.lines...)
		if err != nil {
			return lines, fmt.Errorf("audit %s: %w", audit, err)
		}
	}
	if !p.wants(lineImport) || !slices.Contains(p.audits, "on") {
		return lines, nil
	}
	s, err := database("imported")
	if err != nil {
		return lines, err
	}
	b := &bench{backend: backend, audit: "on", seed: 3, bundles: bundles, server: s}
	err = b.imports(ctx, dir, p.importReplays)
	return append(lines, b.lines...), err
}

func (p plan) wants(name string) bool { return strings.Contains(name, p.only) }

// lines measures the table, at each size.
func (p plan) lines(ctx context.Context, b *bench) (err error) {
	if b.admin, err = b.server.token(ctx, "--name", "bench", "--scope", "system/*.cruds"); err != nil {
		return err
	}
	if _, err := b.server.start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.server.stop()) }()
	sizes := p.resources
	if b.audit == "off" {
		sizes = sizes[:1]
	}
	for _, size := range sizes {
		if _, err := b.transactions(ctx, size); err != nil {
			return err
		}
		if err := b.settle(ctx); err != nil {
			return err
		}
		if b.audit == "on" {
			if err := p.restart(ctx, b); err != nil {
				return err
			}
		}
		if err := p.searches(ctx, b); err != nil {
			return err
		}
	}
	if b.audit == "off" {
		return nil
	}
	b.figure(lineMemory, "MB", rss(b.server.cmd.Process.Pid, "VmHWM:"))
	return p.restricted(ctx, b)
}

// settle lets PostgreSQL do now what it would otherwise do in the middle of a
// measurement.
func (b *bench) settle(ctx context.Context) error {
	if b.server.cluster == nil {
		return nil
	}
	if _, err := b.server.cluster.Query(ctx, b.server.db, "VACUUM (ANALYZE)", "CHECKPOINT"); err != nil {
		return err
	}
	time.Sleep(time.Second)
	return nil
}

// searches measures the lines that need only Synthea's people.
func (p plan) searches(ctx context.Context, b *bench) error {
	for _, do := range []struct {
		name string
		run  func() error
	}{
		{lineReads8, func() error { return b.reads(ctx, lineReads8, 8) }},
		{lineReads64, func() error { return b.reads(ctx, lineReads64, 64) }},
		{lineNewest, func() error { return b.newest(ctx, false) }},
		{lineInclude, func() error { return b.newest(ctx, true) }},
		{lineChain, func() error { return b.chain(ctx) }},
		{lineEverything, func() error { return b.everything(ctx) }},
		{lineCreates, func() error { return b.creates(ctx) }},
	} {
		if !p.wants(do.name) {
			continue
		}
		if err := p.turns(ctx, b, do.run); err != nil {
			return err
		}
	}
	return nil
}

// turns measures a line; against another program, with each in turn, so that
// what else the machine does meets both alike.
func (p plan) turns(ctx context.Context, b *bench, run func() error) error {
	if p.against == "" {
		return run()
	}
	for _, binary := range []string{p.binary, p.against, p.binary, p.against} {
		if err := b.server.stop(); err != nil {
			return fmt.Errorf("stopping the server: %w", err)
		}
		b.server.binary = binary
		if _, err := b.server.start(ctx); err != nil {
			return err
		}
		fmt.Println("with", binary)
		if err := run(); err != nil {
			return err
		}
	}
	return nil
}

// restart measures disk and start with what is held now.
func (p plan) restart(ctx context.Context, b *bench) error {
	b.figure("memory, the most while loading, MB", "MB", rss(b.server.cmd.Process.Pid, "VmHWM:"))
	if err := b.server.stop(); err != nil {
		return fmt.Errorf("stopping the server: %w", err)
	}
	if err := b.settle(ctx); err != nil {
		return err
	}
	if err := b.disk(ctx); err != nil {
		return err
	}
	took, err := b.server.start(ctx)
	if err != nil {
		return err
	}
	b.figure(lineStart, "ms", float64(took.Milliseconds()))
	return nil
}

// disk measures what a resource takes, with the server stopped.
func (b *bench) disk(ctx context.Context) error {
	size, err := b.server.disk(ctx)
	if err != nil {
		return err
	}
	b.figure(lineDisk, "bytes", float64(size)/float64(b.resources))
	return nil
}

// figure reports one number that is not a rate.
func (b *bench) figure(name, unit string, value float64) {
	b.report(line{Name: name, Unit: unit, Backend: b.backend, Audit: b.audit, Resources: b.resources, Rate: value})
}

// restricted adds the large population and measures what a subject who sees
// one practice of it can do.
func (p plan) restricted(ctx context.Context, b *bench) (err error) {
	if !p.wants(lineNames) && !p.wants(lineCount) {
		return nil
	}
	if err := b.enrol(ctx, p.people); err != nil {
		return err
	}
	b.familyOfPeople = map[string]int{}
	for _, one := range b.people {
		b.familyOfPeople[narrowed(one.Family)]++
	}
	if err := b.settle(ctx); err != nil {
		return err
	}
	if b.staff, err = b.staffToken(ctx); err != nil {
		return err
	}
	for _, do := range []struct {
		name string
		run  func(context.Context) error
	}{{lineNames, b.names}, {lineCount, b.count}, {lineChain, b.chain}} {
		if !p.wants(do.name) {
			continue
		}
		if err := p.turns(ctx, b, func() error { return do.run(ctx) }); err != nil {
			return err
		}
	}
	return nil
}

// staffToken makes a token for someone who works at the first practice, and the
// agreement to share without which staff see nothing.
func (b *bench) staffToken(ctx context.Context) (string, error) {
	c := newClient(b.server.address, b.admin)
	defer c.close()
	agreement := fmt.Sprintf(`{"resourceType":"Consent","status":"active","scope":{"text":"sharing"},"category":[{"text":"sharing agreement"}],"policyRule":{"text":"bench"},"provision":{"type":"permit","actor":[{"role":{"text":"party"},"reference":{"reference":"Organization/%s"}},{"role":{"text":"party"},"reference":{"reference":"Organization/%s"}}],"purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"}]}}`, b.practice[0], b.practice[1])
	if _, err := b.create(c, "Consent", agreement); err != nil {
		return "", err
	}
	clinician, err := b.create(c, "Practitioner", `{"resourceType":"Practitioner","name":[{"family":"Bench"}]}`)
	if err != nil {
		return "", err
	}
	return b.server.token(ctx, "--name", "bench staff", "--scope", "user/*.rs", "--role", "staff",
		"--practitioner", clinician, "--organisation", b.practice[0], "--use", "TREAT")
}

// create stores one resource and gives its id.
func (b *bench) create(c *client, typ, body string) (string, error) {
	b.resources++
	return post(c, typ, []byte(body))
}

// post is create, uncounted.
func post(c *client, typ string, body []byte) (string, error) {
	status, answer, err := c.do("POST", "/fhir/"+typ, body)
	if err == nil {
		err = expect(status, 201, answer)
	}
	if err != nil {
		return "", fmt.Errorf("making a %s: %w", typ, err)
	}
	return firstID(answer)
}

// imports measures `joinery import` of replays written to files.
func (b *bench) imports(ctx context.Context, dir string, replays int) error {
	folder := filepath.Join(dir, "bundles")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	count := 0
	for n := range replays {
		r := b.bundles[n%len(b.bundles)].replay(b.seed, n)
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%05d.json", n)), r.body, 0o644); err != nil {
			return err
		}
		count += len(r.bundle.entries)
	}
	before := b.use()
	start := time.Now()
	out, err := b.server.command(ctx, "import", folder)
	wall := time.Since(start)
	if err != nil {
		return err
	}
	l := line{Name: lineImport, Unit: "resources", Backend: b.backend, Audit: b.audit, Count: count, Rate: float64(count) / wall.Seconds(), Checked: 1}
	// The import is a child that has ended, so its time counts as the client's.
	_, l.ServerCPU, l.ClientCPU, l.OtherCPU = b.use().since(before, wall)
	if b.admin, err = b.server.token(ctx, "--name", "bench", "--scope", "system/*.rs"); err != nil {
		return err
	}
	if _, err := b.server.start(ctx); err != nil {
		return err
	}
	got, err := b.countAll(ctx)
	if err == nil && got != count {
		l.Wrong, l.FirstWrong = 1, fmt.Sprintf("%d resources were imported, and the server counts %d; import said %.200s", count, got, out)
	}
	b.resources = count
	b.report(l)
	return errors.Join(err, b.server.stop(), b.disk(ctx))
}

// countAll asks the server how many resources of Synthea's types it holds.
func (b *bench) countAll(ctx context.Context) (int, error) {
	c := newClient(b.server.address, b.admin)
	defer c.close()
	sum := 0
	types := map[string]bool{}
	for _, one := range b.bundles {
		for _, e := range one.entries {
			types[e.typ] = true
		}
	}
	for typ := range types {
		f, err := search(c, typ, "_summary=count", true)
		if err != nil {
			return 0, err
		}
		sum += f.total
	}
	return sum, nil
}

// machine says what this runs on.
func machine() string {
	data, _ := os.ReadFile("/proc/cpuinfo")
	model := "unknown processor"
	if _, after, ok := strings.Cut(string(data), "model name"); ok {
		model, _, _ = strings.Cut(strings.TrimLeft(after, "\t: "), "\n")
	}
	load, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(load), " ")
	return fmt.Sprintf("%d cores (%s), %s, %s, load %s at the start", runtime.NumCPU(), model, runtime.GOOS, runtime.Version(), first)
}

func version(binary string) string {
	out, err := exec.Command(binary, "version").Output()
	if err != nil {
		return "joinery of unknown version"
	}
	first, _, _ := strings.Cut(string(out), "\n")
	return first
}

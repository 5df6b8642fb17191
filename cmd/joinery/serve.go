package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"joinery/fault"
	"joinery/record"
	"joinery/web"
	"joinery/web/api"
	"joinery/web/pages"
)

type serveCommand struct {
	Listen       string   `help:"Address to listen on." default:"127.0.0.1:8080" placeholder:"HOST:PORT" env:"JOINERY_LISTEN"`
	Base         string   `help:"The address that clients use, when it is another one, as behind a proxy." placeholder:"URL" env:"JOINERY_BASE"`
	TrustedProxy string   `help:"Addresses or networks of your own proxies in front of this, with commas between them: what they say in X-Forwarded-For of where a request comes from is believed." placeholder:"CIDR,…" env:"JOINERY_TRUSTED_PROXY"`
	Find         []string `help:"Keep in the record whom these definitions find, as RiskAssessments and Groups: ids of shipped ones, or files. Whoever others found leaves." placeholder:"DEF,…" env:"JOINERY_FIND"`
	Site         string   `help:"Whose pages these are: a YAML file with a name, colours and a logo (docs/pages.md)." placeholder:"FILE" env:"JOINERY_SITE"`
	SignIn       string   `name:"sign-in" help:"A file that says by which outside provider of OpenID Connect people sign in." placeholder:"FILE" env:"JOINERY_SIGN_IN" type:"existingfile"`
	noticeFlags
	Demo    int64  `help:"Make a demonstration of invented people, print tokens for it, and let it grow to so many while serving. Nothing happens in a record that holds anyone else." placeholder:"PEOPLE"`
	DemoDay string `help:"The day up to which a new demonstration's six weeks of care are played (default: today)." placeholder:"DATE"`
}

// Help is shown by joinery serve --help.
func (serveCommand) Help() string {
	return `Serves pages at / and FHIR R4 at /fhir until it is told to stop (Ctrl-C or SIGTERM); then requests under way are finished first. Everything under /fhir but /fhir/metadata needs a token: see joinery token create.

It speaks plain HTTP. Beyond this machine, put a proxy with TLS in front, say its address with --base, and with --trusted-proxy where it asks from, so that failed sign-ins are counted by who tries and not by the proxy.

While it runs it owns a SQLite file; other commands on the same --db go through it. On PostgreSQL any number may run side by side.

With --letters, people are told of what was decided about them, as docs/notices.md says.

With --find, people whom a definition finds are written to the record with the reasons, within a second of the change that decides it, and on the day when time alone does.

    joinery serve
    joinery serve --letters letters --contact "020 7946 0100, or hello@network.example"
    joinery serve --find health-1000,falls.yaml
    joinery serve --db postgres://joinery@db/joinery --listen 0.0.0.0:8080 --base https://record.example/fhir --trusted-proxy 10.0.0.5`
}

// Run is the command. To be told to stop is no failure, however early it comes.
func (c *serveCommand) Run(ctx context.Context, a *app) error {
	err := c.serve(ctx, a)
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

func (c *serveCommand) serve(ctx context.Context, a *app) error {
	if err := checkSetting("listen", c.Listen); err != nil {
		return misuse{err}
	}
	if err := checkSetting("base", c.Base); err != nil {
		return misuse{err}
	}
	proxies, err := trustedProxies(c.TrustedProxy)
	if err != nil {
		return misuse{err}
	}
	log := slog.New(web.NewLogHandler(a.err, slog.LevelInfo))
	ends, err := c.setStage(a)
	if err != nil {
		return err
	}
	if path, ok := sqlitePath(a.flags.DB); ok && socketDialer(path) != nil {
		return fault.New(fault.Conflict, "Another joinery serve has this database open. A SQLite file has one owner; stop that one first, or use PostgreSQL.")
	}
	rec, err := a.openWith(ctx, log)
	if err != nil {
		return err
	}
	defer rec.Close()
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fault.Wrap(fault.Unavailable, fmt.Sprintf("Cannot listen on %s: is something else there already?", c.Listen), err)
	}
	base := c.Base
	if base == "" {
		base = "http://" + l.Addr().String() + "/fhir"
	}
	// Deadlines of connections are of the clock of the machine.
	server := web.New(web.Options{Log: log, Clock: time.Now /* of deadlines */, Rand: rand.Reader, Ready: rec.Ready, Proxies: proxies})
	if _, err := api.New(server, rec, api.Options{Base: base, Clock: a.clock, Version: version}); err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	if err := a.openLinks(server, rec); err != nil {
		return err
	}
	find, stopFinding, err := a.find(ctx, rec, log, c.finds())
	if err != nil {
		return err
	}
	defer stopFinding()
	kept, stopFollowing, err := a.follow(ctx, rec, log, find)
	if err != nil {
		return err
	}
	defer stopFollowing()
	stopNotices, err := a.notify(ctx, rec, log, base, &c.noticeFlags)
	if err != nil {
		return err
	}
	defer stopNotices()
	desk := newDesk(rec, a.clock, kept.answer, &told{path: a.toldPath()})
	if err := a.showPages(server, rec, desk, base, c); err != nil {
		return err
	}
	closeDesk, err := a.openDesk(ctx, desk, log)
	if err != nil {
		return err
	}
	defer closeDesk()
	if c.Demo > 0 {
		stop, err := a.demonstrate(ctx, rec, log, l.Addr().String(), c, ends, kept)
		if err != nil {
			return err
		}
		defer stop()
	}
	log.InfoContext(ctx, "serving", slog.String("address", base), slog.String("version", version))
	return server.Serve(ctx, l) //nolint:wrapcheck // it is fit to be shown
}

// setStage has the clock of a demonstration, which stands at the beginning of its
// weeks when the database is new, and returns when they end.
func (c *serveCommand) setStage(a *app) (ends time.Time, err error) {
	if c.Demo <= 0 {
		return ends, nil
	}
	if ends, err = c.demoEnds(a.clock()); err != nil {
		return ends, err
	}
	a.stage = &playClock{real: a.clock}
	a.clock = a.stage.now
	if path, ok := sqlitePath(a.flags.DB); ok {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			a.stage.begin(weeksBefore(ends))
		}
	}
	return ends, nil
}

// finds are the definitions by which people are found: where none are named, a
// demonstration has that of its models.
func (c *serveCommand) finds() []string {
	if c.Demo > 0 && len(c.Find) == 0 {
		return []string{foundFor}
	}
	return c.Find
}

// showPages puts the pages behind the server. Cookies are kept to encrypted
// connections unless the address says that clients use none.
func (a *app) showPages(server *web.Server, rec *record.Record, desk *desk, base string, c *serveCommand) error {
	o := pages.Options{Clock: a.clock, Secure: strings.HasPrefix(base, "https://"), Plan: desk.plan, Measure: desk.toldMeasure}
	var err error
	if c.Site != "" {
		if o.Site, err = pages.ReadSite(c.Site); err != nil {
			return err //nolint:wrapcheck // it is fit to be shown
		}
	}
	if c.SignIn != "" {
		if o.Provider, err = pages.ReadProvider(c.SignIn); err != nil {
			return err //nolint:wrapcheck // it is fit to be shown
		}
		o.Provider.Base = strings.TrimSuffix(base, "/fhir")
	}
	if _, err := pages.New(server, rec, o); err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// openDesk lets other commands reach the record by the local socket, when it is
// in a SQLite file. What it returns closes it again.
func (a *app) openDesk(ctx context.Context, desk *desk, log *slog.Logger) (func(), error) {
	file, ok := sqlitePath(a.flags.DB)
	if !ok {
		return func() {}, nil
	}
	path := socketPath(file)
	// The record is ours, so a socket that lies here is of a process that is gone.
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Wrap(fault.Unavailable, fmt.Sprintf("The socket %s of an earlier run cannot be removed.", path), err)
	}
	// By the umask that main sets, nobody else can connect from the first moment.
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", path)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, fmt.Sprintf("The socket %s cannot be made, by which other commands reach this one. Its path may be at most 107 characters long.", path), err)
	}
	server := &http.Server{Handler: desk, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.ErrorContext(ctx, "the local socket stopped", slog.Any("error", err))
		}
	}()
	return func() {
		// A command under way gets as long to finish as a request does.
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
		defer cancel()
		if server.Shutdown(limit) != nil {
			_ = server.Close() // it was told, and did not finish
		}
	}, nil
}

// open opens the record for this command alone.
func (a *app) open(ctx context.Context) (*record.Record, error) {
	return a.openWith(ctx, slog.New(web.NewLogHandler(a.err, slog.LevelWarn)))
}

func (a *app) openWith(ctx context.Context, log *slog.Logger) (*record.Record, error) {
	if err := checkSetting("db", a.flags.DB); err != nil {
		return nil, misuse{err}
	}
	silent, err := a.withoutAudit(log)
	if err != nil {
		return nil, err
	}
	rec, err := record.Open(ctx, a.flags.DB, record.Options{
		Clock: a.clock, Rand: rand.Reader, Log: log, StateDir: a.flags.State, Holder: "joinery " + a.command, NoAudit: silent,
	})
	if err != nil {
		return nil, fmt.Errorf("open the record: %w", err)
	}
	return rec, nil
}

// withoutAudit reports whether the audit is to be left out, to measure what it
// costs. Only a database that is named for it can be opened so: no setting
// takes the audit from a record that is in use.
func (a *app) withoutAudit(log *slog.Logger) (bool, error) {
	if os.Getenv("JOINERY_BENCH_WITHOUT_AUDIT") != "1" {
		return false, nil
	}
	if !strings.Contains(a.flags.DB, "without_audit") {
		return false, fault.New(fault.Denied, "JOINERY_BENCH_WITHOUT_AUDIT is set, and leaves out the audit to measure what it costs. It is taken only for a database with without_audit in its name.")
	}
	log.Warn("the audit is left out")
	return true, nil
}

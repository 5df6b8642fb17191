// Command joinery is the one binary: it imports, serves, exports, checks and
// demonstrates a shared care record.
//
// Here are flags, configuration and wiring, and nothing else. Every command that
// touches the record speaks to a desk (desk.go): the desk of this process, when
// it can open the database itself, or that of the `joinery serve` that owns the
// SQLite file, by its local socket. So a command does the same either way, is
// decided like any request, and is audited with its operator and purpose.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // Europe/London is needed where no zone files are

	"github.com/alecthomas/kong"

	"joinery/fault"
	"joinery/fhir"
	"joinery/record/store"
)

// version is set by the linker.
var version = "unversioned"

func main() { os.Exit(start(os.Stderr, time.Now)) }

// start carries out the command line of the process and returns the exit code.
func start(stderr io.Writer, clock func() time.Time) int {
	syscall.Umask(0o077) // whatever we write may hold people's data
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	a := &app{in: os.Stdin, out: os.Stdout, err: stderr, clock: clock}
	return a.run(ctx, os.Args[1:])
}

// app is what a run of the program has to work with.
type app struct {
	in       io.Reader
	out, err io.Writer
	clock    func() time.Time
	stage    *playClock // the clock, where it can be set back: of a server with a demonstration
	flags    *flags     // the global ones, as given
	command  string     // its name, such as "import"
}

// run carries out the command that args name and returns the exit code.
func (a *app) run(ctx context.Context, args []string) int {
	var c commands
	a.flags = &c.flags
	left := -1
	parser, config, err := newParser(&c, kong.BindTo(ctx, (*context.Context)(nil)), kong.Writers(a.out, a.err), kong.Exit(func(code int) {
		left = code
		panic(exited{})
	}))
	if err != nil {
		return a.fail(err)
	}
	var parsed *kong.Context
	helped := func() (done bool) {
		defer func() {
			if p := recover(); p != nil {
				if _, ok := p.(exited); !ok {
					panic(p)
				}
				done = true
			}
		}()
		if err = config.find(args); err == nil {
			parsed, err = parser.Parse(args)
		}
		return false
	}()
	if helped {
		return left // after --help
	}
	if err != nil {
		return a.misused(err)
	}
	a.command, _, _ = strings.Cut(parsed.Command(), " ")
	err = parsed.Run(a, config)
	if err != nil && ctx.Err() != nil {
		err = fault.Wrap(fault.Unavailable, "Stopped before it was done. What was finished is kept; run it again to go on.", err)
	}
	return a.fail(err)
}

// exited is thrown where kong would exit the process.
type exited struct{}

// misused says what is wrong with the command line or the configuration.
func (a *app) misused(err error) int {
	message := err.Error()
	if m := fault.MessageOf(err); m != "" {
		message = m
	}
	fmt.Fprintf(a.err, "joinery: %s\n", message)
	fmt.Fprintln(a.err, "Try joinery --help, or joinery COMMAND --help.")
	return exitUsage
}

// fail says what went wrong and returns the exit code.
func (a *app) fail(err error) int {
	if err == nil {
		return 0
	}
	var done *outcome
	if errors.As(err, &done) { // already said
		return done.code
	}
	var wrong misuse
	if errors.As(err, &wrong) {
		return a.misused(wrong)
	}
	var bad *store.Damaged
	if errors.As(err, &bad) { // so much that it could not be opened
		fmt.Fprintf(a.err, "joinery: %v\n", bad)
		return exitDamaged
	}
	message := fault.MessageOf(err)
	if message == "" {
		message = "Something went wrong on our side: " + err.Error()
	}
	fmt.Fprintf(a.err, "joinery: %s\n", message)
	var invalid *fhir.Invalid
	if errors.As(err, &invalid) && len(invalid.Issues) > 1 {
		for _, i := range invalid.Issues {
			fmt.Fprintf(a.err, "  %s\n", i)
		}
	}
	return exitCode(fault.KindOf(err))
}

package main

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// update rewrites what the tests expect.
var update = flag.Bool("update", false, "rewrite golden files and scripts")

// waitFor waits until a file is there: waitfor FILE.
func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: waitfor FILE")
	}
	for range 200 {
		if exists(ts.MkAbs(args[0])) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("%s did not appear within 10 seconds", args[0])
}

// until runs a command again and again until it prints what a pattern matches:
// until PATTERN COMMAND ARGS…
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until PATTERN COMMAND ARGS...")
	}
	pattern, err := regexp.Compile(args[0])
	ts.Check(err)
	for range 100 {
		ts.Check(ts.Exec(args[1], args[2:]...))
		if pattern.MatchString(ts.ReadFile("stdout")) {
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
	ts.Fatalf("%s did not print %s within 20 seconds", args[1], args[0])
}

// endsWith runs a command and checks its exit code: status CODE COMMAND ARGS…
func endsWith(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status CODE COMMAND ARGS...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("%s ended with status %d, want %d", args[1], got, want)
	}
}

// private checks that only the owner may touch a file: private FILE.
func private(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: private FILE")
	}
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		ts.Fatalf("%s has the mode %o: others may use it", args[0], mode)
	}
}

// flip changes one bit in the middle of a file: flip FILE.
func flip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: flip FILE")
	}
	path := ts.MkAbs(args[0])
	data, err := os.ReadFile(path)
	ts.Check(err)
	data[len(data)/2] ^= 1
	ts.Check(os.WriteFile(path, data, 0o600))
}

// firstTask puts the id of the first open task of a service or an organisation
// into $TASK, of a kind when one is named: firstTask [--kind KIND] --service|--organisation ID.
func firstTask(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: firstTask --service ID")
	}
	ts.Check(ts.Exec("joinery", append([]string{"task", "list", "--purpose", "TREAT", "--json"}, args...)...))
	found := regexp.MustCompile(`"Task": "([^"]+)"`).FindStringSubmatch(ts.ReadFile("stdout"))
	if found == nil {
		ts.Fatalf("nothing is open there")
	}
	ts.Setenv("TASK", found[1])
}

// firstNotice puts the id of the first notice of a list into $NOTICE: firstNotice
// FLAGS of joinery notice list.
func firstNotice(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: firstNotice --by-hand")
	}
	ts.Check(ts.Exec("joinery", append([]string{"notice", "list", "--purpose", "TREAT", "--json"}, args...)...))
	found := regexp.MustCompile(`"id": "([^"]+)"`).FindStringSubmatch(ts.ReadFile("stdout"))
	if found == nil {
		ts.Fatalf("there is no such notice")
	}
	ts.Setenv("NOTICE", found[1])
}

// Package leaks searches what a run of all tests leaves in logs, and on the
// standard error of commands, for anything of the people whom the tests invent:
// their names, NHS numbers, telephone numbers, e-mail addresses, streets,
// postcodes and birth dates.
//
// A test that makes a logger gives it Keep or Log, which also write to a folder
// that the environment names. After the run, TestNothingOfAnyoneIsLogged reads the
// folder: CONTRIBUTING says how.
//
// # What counts as a find
//
// Everybody of the population that the demonstration grows to, and everybody
// whom a test writes down, is looked for in every line. What a line holds that
// stands in the source word for word is not of anyone: the keys of attributes,
// the message, a phrase of an error. "May" is found in the log, though the
// error "it may be tried again" is not, and would be if the name stood in the
// place of a verb of its format. So a rule that spares ordinary words cannot
// spare a name that was put among them.
//
// # Trade-offs
//
// What is logged by nobody's test is not searched: the reviewed list of all that
// the program gives to its log (testdata/said.txt) is held to the source, so that
// an attribute is not added unseen. Only tests import the package.
package leaks

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
)

// Folder is the variable of the environment that names the folder where logs are
// kept. Where it is empty, none are.
const Folder = "LEAKS_FOLDER"

// Keep returns a writer that writes to w, and to the folder as well, into one file
// of this process below the name of its package. It is safe for concurrent use
// when w is.
func Keep(w io.Writer) io.Writer {
	f, err := kept()
	if err != nil {
		panic(err) // a log that cannot be searched must not look like one that was
	}
	if f == nil {
		return w
	}
	return io.MultiWriter(w, f)
}

// Log returns a logger that says everything, withholds nothing, and whose lines
// are kept, for what takes a logger and has none of its own in a test.
func Log() *slog.Logger {
	return slog.New(slog.NewJSONHandler(Keep(io.Discard), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// kept opens the file of this process, nil when logs are not kept.
var kept = sync.OnceValues(func() (*os.File, error) {
	folder := os.Getenv(Folder)
	if folder == "" {
		return nil, nil //nolint:nilnil // no folder, no file
	}
	info, _ := debug.ReadBuildInfo() // a test's always has it
	pkg := strings.TrimPrefix(strings.TrimSuffix(info.Path, ".test"), info.Main.Path+"/")
	dir := filepath.Join(folder, filepath.FromSlash(pkg))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(filepath.Join(dir, strconv.Itoa(os.Getpid())+".log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
})

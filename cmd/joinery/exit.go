package main

//go:generate go test -run TestConfigurationPage . -update

import "joinery/fault"

// Exit codes beside those of the kinds of failure.
const (
	exitUsage   = 2  // the command line or the configuration is wrong
	exitRefused = 3  // an import took what it could and refused some
	exitDamaged = 10 // verify found damage
)

// exits says, for every kind of failure, with which code the program exits and
// what that means to a script. docs/configuration.md has the table.
var exits = map[fault.Kind]struct {
	code int
	says string
}{
	fault.Internal:     {1, "a fault on our side; the message says which"},
	fault.Invalid:      {exitRefused, "the input breaks a rule, or some of an import was refused"},
	fault.TooLarge:     {exitRefused, ""},
	fault.NotFound:     {4, "there is no such thing"},
	fault.Gone:         {4, ""},
	fault.Conflict:     {5, "it is in the way of something: changed meanwhile, or there already"},
	fault.Precondition: {5, ""},
	fault.Unidentified: {6, "not allowed"},
	fault.Denied:       {6, ""},
	fault.TooMany:      {7, "not now; try again later"},
	fault.Unavailable:  {7, ""},
	fault.Unsupported:  {8, "not supported"},
}

// exitCode returns the exit code of a kind of failure.
func exitCode(k fault.Kind) int {
	if e, ok := exits[k]; ok {
		return e.code
	}
	return 1
}

// outcome ends a command with a code after it has said all there is to say.
type outcome struct {
	code int
	says string
}

func (o *outcome) Error() string { return o.says }

// misuse is a mistake on the command line or in the configuration that shows
// only once the command runs.
type misuse struct{ error }

func (m misuse) Unwrap() error { return m.error }

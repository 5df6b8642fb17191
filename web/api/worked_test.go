package api_test

import (
	"syscall"
	"testing"
	"time"
)

// worked is how long this process has had a processor. Unlike the time of day it
// does not depend on what else the machine does, so limits can be held to it.
func worked(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
